//! `docs/security.md` against OWASP ASVS 5.0 and against the tests that it names.

use std::collections::BTreeMap;

use crate::architecture::read;

/// The requirements of level 1 and 2 of each section of the chapters that are mapped, and which of them are of level 1.
const SECTIONS: [(&str, &[u8], &[u8]); 46] = [
    ("2.1", &[1, 2, 3], &[1]),
    ("2.2", &[1, 2, 3], &[1, 2]),
    ("2.3", &[1, 2, 3, 4], &[1]),
    ("2.4", &[1], &[]),
    ("4.1", &[1, 2, 3], &[1]),
    ("4.2", &[1], &[]),
    ("4.3", &[1, 2], &[]),
    ("4.4", &[1, 2, 3, 4], &[1]),
    ("6.1", &[1, 2, 3], &[1]),
    ("6.2", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("6.3", &[1, 2, 3, 4], &[1, 2]),
    ("6.4", &[1, 2, 3, 4], &[1, 2]),
    ("6.5", &[1, 2, 3, 4, 5], &[]),
    ("6.6", &[1, 2, 3], &[]),
    ("6.8", &[1, 2, 3, 4], &[]),
    ("7.1", &[1, 2, 3], &[]),
    ("7.2", &[1, 2, 3, 4], &[1, 2, 3, 4]),
    ("7.3", &[1, 2], &[]),
    ("7.4", &[1, 2, 3, 4, 5], &[1, 2]),
    ("7.5", &[1, 2], &[]),
    ("7.6", &[1, 2], &[]),
    ("8.1", &[1, 2], &[1]),
    ("8.2", &[1, 2, 3], &[1, 2]),
    ("8.3", &[1], &[1]),
    ("8.4", &[1], &[]),
    ("11.1", &[1, 2], &[]),
    ("11.2", &[1, 2, 3], &[]),
    ("11.3", &[1, 2, 3], &[1, 2]),
    ("11.4", &[1, 2, 3, 4], &[1]),
    ("11.5", &[1], &[]),
    ("11.6", &[1], &[]),
    ("13.1", &[1], &[]),
    ("13.2", &[1, 2, 3, 4, 5], &[]),
    ("13.3", &[1, 2], &[]),
    ("13.4", &[1, 2, 3, 4, 5], &[1]),
    ("14.1", &[1, 2], &[]),
    ("14.2", &[1, 2, 3, 4], &[1]),
    ("14.3", &[1, 2, 3], &[1]),
    ("15.1", &[1, 2, 3], &[1]),
    ("15.2", &[1, 2, 3], &[1]),
    ("15.3", &[1, 2, 3, 4, 5, 6, 7], &[1]),
    ("16.1", &[1], &[]),
    ("16.2", &[1, 2, 3, 4, 5], &[]),
    ("16.3", &[1, 2, 3, 4], &[]),
    ("16.4", &[1, 2, 3], &[]),
    ("16.5", &[1, 2, 3], &[]),
];

/// The prefix of a row without a test, and the minimum length of its reason.
const REASONS: [&str; 3] = ["Not applicable: ", "By design: ", "Open: "];
const REASON_CHARS_MIN: usize = 20;

/// A row of the document.
struct Row {
    level: String,
    evidence: String,
}

fn rows(document: &str) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    for line in document.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit()) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [id, level, asked, evidence] = cells[..] else { panic!("{line}: not four cells") };
        assert!(!asked.is_empty(), "{line}");
        let row = Row { level: level.to_owned(), evidence: evidence.to_owned() };
        assert!(rows.insert(id.to_owned(), row).is_none(), "{id} twice");
    }
    rows
}

fn required() -> BTreeMap<String, String> {
    let mut required = BTreeMap::new();
    for (section, numbers, of_level_1) in &SECTIONS {
        for number in *numbers {
            let level = if of_level_1.contains(number) { "1" } else { "2" };
            required.insert(format!("{section}.{number}"), level.to_owned());
        }
    }
    required
}

/// The error in a row's evidence, if any.
fn complaint(evidence: &str) -> Option<String> {
    let names: Vec<&str> = evidence.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    if let Some(unknown) = names.iter().find(|name| !is_test(name)) {
        return Some(format!("no test `{unknown}`"));
    }
    let reason = REASONS.iter().find_map(|reason| evidence.strip_prefix(reason));
    match reason {
        Some(reason) if reason.chars().count() < REASON_CHARS_MIN => Some("a reason that says nothing".to_owned()),
        None if names.is_empty() => Some("neither a test nor a reason".to_owned()),
        _ => None,
    }
}

/// Whether a test with this name exists: `module::name` in this folder, or a source file and the name.
fn is_test(name: &str) -> bool {
    let Some((place, function)) = name.split_once("::") else { return false };
    let has_extension = std::path::Path::new(place).extension().is_some();
    let file = if has_extension { place.to_owned() } else { format!("tests/it/{place}.rs") };
    let Ok(source) = std::fs::read_to_string(crate::architecture::root().join(file)) else { return false };
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let declared = [format!("fn {function}("), format!("async fn {function}(")];
    lines.windows(2).any(|pair| {
        let is_attribute = pair[0].starts_with("#[test]") || pair[0].starts_with("#[tokio::test");
        is_attribute && declared.iter().any(|declared| pair[1].starts_with(declared.as_str()))
    })
}

#[test]
fn every_requirement_names_an_existing_test_or_a_reason() {
    let document = read("docs/security.md");
    let rows = rows(&document);
    let levels: BTreeMap<String, String> = rows.iter().map(|(id, row)| (id.clone(), row.level.clone())).collect();
    assert_eq!(levels, required());
    let complaints: Vec<String> =
        rows.iter().filter_map(|(id, row)| Some(format!("{id}: {}", complaint(&row.evidence)?))).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn the_check_finds_what_is_missing() {
    assert!(is_test("security::the_check_finds_what_is_missing"));
    for wrong in ["security::rows", "security::nothing", "nowhere::at_all", "shared/src/config/mod.rs::origin"] {
        assert!(!is_test(wrong), "{wrong}");
    }
    for (evidence, is_wrong) in [
        ("", true),
        ("because", true),
        ("Not applicable: no.", true),
        ("`security::nothing`", true),
        ("By design: `security::nothing` would show it, were it there", true),
        ("Not applicable: there is no such thing here.", false),
        ("`security::the_check_finds_what_is_missing`", false),
    ] {
        assert_eq!(complaint(evidence).is_some(), is_wrong, "{evidence}");
    }
}
