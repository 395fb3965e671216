//! Workbooks: cells as they are shown, shared strings, pictures, hidden columns and hostile files.

use formats::{Answer, Form, xlsx};
use proptest::prelude::*;

use super::{BANK_XLSX, number, options, package, question, says, text};

#[test]
fn a_workbook_is_read_as_it_is_shown() {
    let bank = xlsx::read("bank.xlsx", BANK_XLSX).unwrap();
    assert_eq!(bank.questions.len(), 9, "{bank:#?}");
    let places: Vec<(Option<&str>, Option<u32>, Option<&str>)> = bank
        .refused
        .iter()
        .map(|remark| (remark.place.sheet.as_deref(), remark.place.line, remark.place.id.as_deref()))
        .collect();
    assert_eq!(places, [(Some("Algebra"), Some(8), Some("q-5")), (Some("Algebra"), Some(14), Some("q-10"))]);
    assert!(
        says(&bank.refused, &["points", "formula without a stored value", "equation", "$x^{2}=4$"]),
        "{:#?}",
        bank.refused
    );
    assert!(says(&bank.refused, &["\"D\" names no option; there are A, B"]), "{:#?}", bank.refused);

    let first = question(&bank, "007");
    assert_eq!(first.stem, "What is x^{2} for x = 3, with a_{1} = 0?");
    assert_eq!(options(first), (vec!["6", "9", "None"], vec!["9"]));
    assert_eq!(first.parts[0].points, Some(0.5));
    let second = question(&bank, "1234567890123456");
    assert_eq!(options(second), (vec!["40%", "50%", "25%"], vec!["40%"]));
    let third = question(&bank, "q-3");
    assert_eq!(options(third).0[0], "3/4");
    assert_eq!(options(third).0[2], "1/3");
    assert!(says(&bank.warnings, &["option B", "probably 3/4"]), "{:#?}", bank.warnings);
    for id in ["007", "1234567890123456", "q-3"] {
        assert_eq!(question(&bank, id).topic.as_deref(), Some("Powers"));
    }
    assert_eq!(options(question(&bank, "q-4")).0, ["=2x+1", "-3x", "+x"]);
    assert!(bank.warnings.iter().any(|remark| remark.place.line == Some(9) && remark.text.contains("hidden")));
    assert_eq!(question(&bank, "q-7").stem, "Two lines:\nfirst $y < x$,\nsecond $y = \\sqrt{x}$");
    assert_eq!(options(question(&bank, "q-7")), (vec!["yes", "NULL", "N/A"], vec!["N/A"]));
    let Answer::Accepted(list) = &question(&bank, "q-8").parts[0].answer else { panic!() };
    assert_eq!(list[0].unit.as_deref(), Some("m/s\u{b2}"));
    assert!(matches!(&list[0].form, Form::Number { value, .. } if value.as_str() == "9.81"));
    assert_eq!(options(question(&bank, "q-9")), (vec!["True", "False"], vec!["True"]));
    assert_eq!(options(question(&bank, "q-11")), (vec!["\u{3c0}", "2\u{3c0}"], vec!["\u{3c0}"]));

    let skipped: Vec<&str> = bank.skipped.iter().filter_map(|remark| remark.place.sheet.as_deref()).collect();
    assert!(skipped.contains(&"key") && skipped.contains(&"Sheet3"), "{:#?}", bank.skipped);
    assert!(says(&bank.skipped, &["above the header", "Questions of the spring midterm"]), "{:#?}", bank.skipped);
    assert_eq!(
        bank.exams.iter().map(|exam| exam.title.as_str()).collect::<Vec<_>>(),
        ["2024 spring midterm", "2019 fall final"]
    );
}

/// A workbook of one sheet with these rows; `more` follows them.
fn workbook(rows: &str, more: &str, others: &[(&str, &str)]) -> Vec<u8> {
    let sheet = format!(
        "<worksheet xmlns:r=\"r\"><cols><col min=\"4\" max=\"4\" hidden=\"1\"/></cols><sheetData>{rows}</sheetData>{more}</worksheet>"
    );
    let mut members = vec![
        (
            "xl/workbook.xml",
            "<workbook xmlns:r=\"r\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"a\"/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<Relationships><Relationship Id=\"a\" Type=\"x/worksheet\" Target=\"worksheets/s.xml\"/></Relationships>",
        ),
        ("xl/worksheets/s.xml", sheet.as_str()),
        (
            "xl/styles.xml",
            "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"16\"/><xf numFmtId=\"13\"/></cellXfs></styleSheet>",
        ),
        (
            "xl/sharedStrings.xml",
            "<sst><si><t>question</t></si><si><t>answer</t></si><si><r><t>10</t></r><r><rPr><vertAlign val=\"superscript\"/></rPr><t>-</t></r>\
             <r><rPr><b/><vertAlign val=\"superscript\"/></rPr><t>3</t></r><rPh><t>no</t></rPh></si><si><r><rPr><rFont val=\"Symbol\"/></rPr><t>p</t></r></si>\
             <si><t>a_x000D_\nb_x005F_</t></si></sst>",
        ),
    ];
    members.extend(others);
    package(&members)
}

const HEADER: &str = "<row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c></row>";

#[test]
fn shared_strings_and_cells_without_names_are_read() {
    let rows = format!(
        "{HEADER}<row><c t=\"s\"><v>2</v></c><c t=\"s\"><v>3</v></c></row><row r=\"9\"><c r=\"A9\" t=\"s\"><v>4</v></c>\
         <c r=\"B9\" s=\"2\"><v>0.75</v></c></row><row><c t=\"str\"><f>A1</f><v>q</v></c><c><v>0.30000000000000004</v></c></row>"
    );
    let bank = xlsx::read("t.xlsx", &workbook(&rows, "", &[])).unwrap();
    assert_eq!(bank.questions[0].stem, "10^{-3}");
    assert_eq!(bank.questions[0].parts[0].answer, text("\u{3c0}"));
    assert_eq!((bank.questions[1].stem.as_str(), bank.questions[1].place.line), ("a\nb_", Some(9)));
    assert_eq!(bank.questions[1].parts[0].answer, text("3/4"));
    assert_eq!((&bank.questions[2].parts[0].answer, bank.questions[2].place.line), (&number("0.3"), Some(10)));
}

#[test]
fn values_that_a_workbook_lost_are_refused_by_name() {
    let row = |cell: &str| format!("{HEADER}<row r=\"5\"><c r=\"A5\" t=\"str\"><v>q?</v></c>{cell}</row>");
    for (cell, words) in [
        ("<c r=\"B5\"><f>1+1</f></c>", "formula without a stored value"),
        ("<c r=\"B5\" t=\"e\"><v>#REF!</v></c>", "#REF!"),
        ("<c r=\"B5\" t=\"e\" vm=\"1\"><v>#VALUE!</v></c>", "picture within the cell"),
        ("<c r=\"B5\" t=\"s\"><v>99</v></c>", "missing in the file"),
    ] {
        let bank = xlsx::read("t.xlsx", &workbook(&row(cell), "", &[])).unwrap();
        assert!(says(&bank.refused, &[words]), "{cell}: {bank:#?}");
        assert_eq!(bank.refused[0].place.line, Some(5));
    }
    let bank = xlsx::read("t.xlsx", &workbook(&row("<c r=\"B5\" s=\"1\"><v>45355</v></c>"), "", &[])).unwrap();
    assert!(says(&bank.warnings, &["The answer is the date 2024-03-04, probably 3/4"]), "{bank:#?}");
}

#[test]
fn pictures_and_equations_come_along() {
    let anchor = |column: u32, row: u32, inner: &str| {
        format!(
            "<twoCellAnchor><from><col>{column}</col><row>{row}</row></from><to><col>9</col><row>{row}</row><rowOff>9</rowOff></to>{inner}</twoCellAnchor>"
        )
    };
    let picture = "<pic><nvPicPr><cNvPr descr=\"a graph\"/></nvPicPr><blipFill><blip r:embed=\"p\"/></blipFill></pic>";
    let equation = "<sp><txBody><p><r><t>Solve </t></r><m><oMath><f><num><r><t>1</t></r></num><den><r><t>x</t></r></den></f></oMath></m></p></txBody></sp>";
    let drawing = format!(
        "<wsDr xmlns:r=\"r\">{}{}{}</wsDr>",
        anchor(7, 1, picture),
        anchor(0, 2, equation),
        anchor(0, 90, picture)
    );
    let rows = format!(
        "{HEADER}<row r=\"2\"><c r=\"A2\" t=\"str\"><v>Which?</v></c><c r=\"B2\"><v>1</v></c></row><row r=\"3\"><c r=\"B3\"><v>2</v></c></row>"
    );
    let others = [
        (
            "xl/worksheets/_rels/s.xml.rels",
            "<Relationships><Relationship Id=\"d\" Type=\"x/drawing\" Target=\"../drawings/d.xml\"/></Relationships>",
        ),
        ("xl/drawings/d.xml", drawing.as_str()),
        (
            "xl/drawings/_rels/d.xml.rels",
            "<Relationships><Relationship Id=\"p\" Type=\"x/image\" Target=\"../media/i.png\"/></Relationships>",
        ),
        ("xl/media/i.png", "PNG"),
    ];
    let bank = xlsx::read("t.xlsx", &workbook(&rows, "<drawing r:id=\"d\"/>", &others)).unwrap();
    let first = &bank.questions[0];
    assert_eq!(first.stem, "Which?\n[figure 1]");
    assert_eq!(first.figures[0].bytes.as_deref(), Some(&b"PNG"[..]));
    assert_eq!(first.figures[0].alt.as_deref(), Some("a graph"));
    assert_eq!(bank.questions[1].stem, "Solve $\\frac{1}{x}$");
    assert!(says(&bank.warnings, &["equation in a text box over A3", "column question"]), "{:#?}", bank.warnings);
    assert!(says(&bank.warnings, &["beside no question"]));
}

#[test]
fn hidden_columns_are_read_and_reported() {
    let rows = "<row><c t=\"str\"><v>question</v></c><c t=\"str\"><v>answer</v></c><c t=\"str\"><v>topic</v></c><c t=\"str\"><v>points</v></c></row>\
                <row><c t=\"str\"><v>q</v></c><c><v>1</v></c><c/><c><v>2</v></c></row>";
    let bank = xlsx::read("t.xlsx", &workbook(rows, "", &[])).unwrap();
    assert!(says(&bank.warnings, &["column \"points\" is hidden; it was read"]), "{bank:#?}");
    assert_eq!(bank.questions[0].parts[0].points, Some(2.0));
}

#[test]
fn hostile_workbooks_are_refused() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><worksheet><sheetData><row><c t=\"str\"><v>&b;</v></c></row></sheetData></worksheet>";
    let deep = format!("<worksheet>{}{}</worksheet>", "<a>".repeat(100_000), "</a>".repeat(100_000));
    for sheet in [bomb, deep.as_str()] {
        let members = [
            ("xl/workbook.xml", "<workbook xmlns:r=\"r\"><sheets><sheet name=\"S\" r:id=\"a\"/></sheets></workbook>"),
            (
                "xl/_rels/workbook.xml.rels",
                "<Relationships><Relationship Id=\"a\" Type=\"x/worksheet\" Target=\"s.xml\"/></Relationships>",
            ),
            ("xl/s.xml", sheet),
        ];
        let read = xlsx::read("t.xlsx", &package(&members));
        assert!(read.is_err() || read.is_ok_and(|bank| bank.questions.is_empty() && !bank.refused.is_empty()));
    }
    // A merged area of the whole sheet, and a cell in the last column.
    let rows = format!(
        "{HEADER}<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c><c r=\"A1048576\" t=\"str\"><v>q</v></c></row>"
    );
    let more =
        "<mergeCells><mergeCell ref=\"A1:XFD1048576\"/><mergeCell ref=\"B9:A1\"/><mergeCell ref=\"x\"/></mergeCells>";
    let bank = xlsx::read("t.xlsx", &workbook(&rows, more, &[])).unwrap();
    assert_eq!(bank.questions[0].place.line, Some(1_048_576));
}

proptest! {
    #[test]
    fn no_sheet_ends_the_reader(soup in prop::collection::vec(
        prop::sample::select(vec!["<row>", "</row>", "<row r=\"3\">", "<c t=\"s\">", "<c r=\"B2\" s=\"1\">", "</c>", "<v>", "</v>", "1", "45355", "<f>", "</f>", "<is><t>q</t></is>"]), 0..40
    )) {
        let _ = xlsx::read("x", &workbook(&format!("{HEADER}{}", soup.concat()), "", &[]));
    }

    #[test]
    fn any_number_under_any_format_is_shown(raw in "-?[0-9]{1,12}(\\.[0-9]{1,12})?(E[+-]?[0-9]{1,2})?", code in "[0#?.,%/EeyYmdhsAMP @;\\[\\]\"\\\\_*$()-]{0,16}") {
        let style = format!("<styleSheet><numFmts><numFmt numFmtId=\"200\" formatCode=\"{}\"/></numFmts><cellXfs><xf numFmtId=\"200\"/></cellXfs></styleSheet>", code.replace('"', "&quot;"));
        let rows = format!("{HEADER}<row><c t=\"str\"><v>q</v></c><c><v>{raw}</v></c></row>");
        let bytes = {
            let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
            package(&[
                ("xl/workbook.xml", "<workbook xmlns:r=\"r\"><sheets><sheet name=\"S\" r:id=\"a\"/></sheets></workbook>"),
                ("xl/_rels/workbook.xml.rels", "<Relationships><Relationship Id=\"a\" Type=\"x/worksheet\" Target=\"s.xml\"/></Relationships>"),
                ("xl/s.xml", &sheet),
                ("xl/styles.xml", &style),
                ("xl/sharedStrings.xml", "<sst><si><t>question</t></si><si><t>answer</t></si></sst>"),
            ])
        };
        let bank = xlsx::read("x", &bytes).unwrap();
        prop_assert_eq!(bank.questions.len(), 1);
    }
}
