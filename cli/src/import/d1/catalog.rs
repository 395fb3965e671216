//! Converts courses with their exams, topics, patterns, questions and options to drafts.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::Value as Json;
use shared::domain::catalog::answer_key::named_options;
use shared::domain::catalog::check::ROW_BYTES_MAX;
use shared::domain::catalog::draft::{
    CatalogDraft, CourseDraft, ExamDraft, PatternDraft, QuestionDraft, TopicDraft, Warning,
};
use shared::domain::catalog::line_breaks::with_real_line_breaks;
use shared::domain::catalog::{ExtraColumns, QuestionOption};
use shared::domain::id::{CourseId, ExamId, QuestionId};
use shared::domain::questions::view::NEEDED_TO_ANSWER;

use super::super::fields::{nearest, slips_allowed};
use super::ImportMessages;
use super::load::Tables;
use super::schema::{self, COURSES, D1Table, EXAMS, OPTIONS, PATTERNS, QUESTIONS, TOPICS};
use super::texts::{solution_steps, techniques};
use super::values::{Row, RowError};

/// Extra column that keeps the original of a question number that is not an integer.
const QUESTION_NUMBER: &str = "question_number";
/// Column in which a course may name extra columns that are shown with its questions.
const SHOWN_WITH_QUESTION: &str = "shown_with_question";
/// Known column names of tables of options.
const OPTION_COLUMNS: [&str; 7] = ["id", "question_id", "letter", "option_letter", "text", "option_text", "is_correct"];

/// Drafts of all courses, in the order of the dump.
pub(super) fn catalogs(tables: &mut Tables, findings: &mut ImportMessages) -> Vec<CatalogDraft> {
    let mut catalogs = Catalogs::default();
    each(tables, COURSES, findings, |row, _| catalogs.add(course(row)?));
    each(tables, EXAMS, findings, |row, _| {
        let exam = exam(row)?;
        catalogs.of(row)?.exams.push(exam);
        Ok(())
    });
    each(tables, TOPICS, findings, |row, _| {
        let topic = topic(row)?;
        catalogs.of(row)?.topics.push(topic);
        Ok(())
    });
    each(tables, PATTERNS, findings, |row, _| {
        let pattern = pattern(row)?;
        catalogs.of(row)?.patterns.push(pattern);
        Ok(())
    });
    let mut options: HashMap<QuestionId, Vec<OptionRow>> = HashMap::new();
    each(tables, OPTIONS, findings, |row, _| {
        let option = option(row)?;
        options.entry(row.id("question_id")?).or_default().push(option);
        Ok(())
    });
    each(tables, QUESTIONS, findings, |row, notes| {
        let catalog = catalogs.of(row)?;
        let mut question = question(row, notes)?;
        drop_unknown_exam(&mut question, catalog, notes);
        let own = options.remove(&question.id).unwrap_or_default();
        question.options = with_flags(own, &question.answer);
        catalog.questions.push(question);
        Ok(())
    });
    let mut homeless: Vec<(QuestionId, Vec<OptionRow>)> = options.into_iter().collect();
    homeless.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (question, options) in homeless {
        for option in options {
            findings.refuse(OPTIONS, option.label, format!("its question {:?} is not imported", question.as_str()));
        }
    }
    catalogs.drafts
}

/// Converts the rows of a table one by one. A row that cannot be converted is refused, and its notes are dropped.
fn each(
    tables: &mut Tables,
    table: &'static str,
    findings: &mut ImportMessages,
    mut take: impl FnMut(&Row, &mut Vec<String>) -> Result<(), RowError>,
) {
    let rows = tables.take(table);
    if let Some(row) = rows.first() {
        note_columns(table, row, findings);
    }
    for row in rows {
        let mut notes = Vec::new();
        match take(&row, &mut notes) {
            Ok(()) => findings.note_row(table, &row.label(), notes),
            Err(reason) => findings.refuse(table, label(table, &row), reason),
        }
    }
}

/// Reports which extra columns are stored, and which are not.
fn note_columns(table: &'static str, row: &Row, findings: &mut ImportMessages) {
    let (extra, fate) = match table {
        COURSES => (row.unknown_columns(&[columns_of(COURSES), &[SHOWN_WITH_QUESTION]].concat()), "left out"),
        OPTIONS => (row.unknown_columns(&OPTION_COLUMNS), "left out"),
        table => (row.unknown_columns(columns_of(table)), "kept"),
    };
    let known = if table == OPTIONS { &OPTION_COLUMNS } else { columns_of(table) };
    let shown: &[&str] = if table == QUESTIONS { &NEEDED_TO_ANSWER } else { &[] };
    let meant = |name: &str| {
        let columns = shown.iter().map(|column| (*column, *column, slips_allowed(column)));
        let known = known.iter().map(|known| (*known, *known, 2));
        nearest(name, known.chain(columns)).filter(|_| !shown.contains(&name))
    };
    let (nearly_known, extra): (Vec<&str>, Vec<&str>) = extra.into_iter().partition(|name| meant(name).is_some());
    for name in nearly_known {
        let text = format!("unknown column {name:?}: did you mean {:?}?", meant(name).unwrap_or_default());
        findings.warnings.push(Warning { table, id: String::new(), text });
    }
    if !extra.is_empty() {
        findings.note(format!("{table}: extra columns {fate}: {}", extra.join(", ")));
    }
}

fn columns_of(table: &str) -> &'static [&'static str] {
    schema::table(table).map_or(&[], |table| table.columns)
}

/// A row's name in messages. An option may have no id.
fn label(table: &str, row: &Row) -> String {
    if table == OPTIONS { option_label(row) } else { row.label() }
}

#[derive(Default)]
struct Catalogs {
    drafts: Vec<CatalogDraft>,
    by_course: HashMap<CourseId, usize>,
}

impl Catalogs {
    fn add(&mut self, course: CourseDraft) -> Result<(), RowError> {
        if self.by_course.contains_key(&course.id) {
            return Err("the id was used before".to_owned());
        }
        self.by_course.insert(course.id.clone(), self.drafts.len());
        let (exams, topics, patterns, questions) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        self.drafts.push(CatalogDraft { course, exams, topics, patterns, questions });
        Ok(())
    }

    /// The course that a row belongs to.
    fn of(&mut self, row: &Row) -> Result<&mut CatalogDraft, RowError> {
        let id: CourseId = row.id("course_id")?;
        let found = self.by_course.get(&id).and_then(|at| self.drafts.get_mut(*at));
        found.ok_or_else(|| format!("its course {:?} is not imported", id.as_str()))
    }
}

fn course(row: &Row) -> Result<CourseDraft, RowError> {
    let (name, description) = (row.required_text("name")?, row.text("description")?);
    let bytes = name.len() + description.as_deref().map_or(0, str::len);
    if bytes > ROW_BYTES_MAX {
        return Err(format!("name and description have {bytes} bytes; they have at most {ROW_BYTES_MAX}"));
    }
    Ok(CourseDraft {
        id: row.id("id")?,
        name,
        description,
        exam_count: row.small("exam_count")?,
        is_active: row.boolean("is_active")?.unwrap_or(true),
        created_at: row.timestamp("created_at")?,
        shown_with_question: row.text(SHOWN_WITH_QUESTION)?.as_deref().map(techniques).unwrap_or_default(),
        macros: BTreeMap::new(),
    })
}

fn exam(row: &Row) -> Result<ExamDraft, RowError> {
    Ok(ExamDraft {
        id: row.id("id")?,
        year: row.small("year")?.ok_or("year is missing")?,
        semester: row.text("semester")?,
        exam_type: row.required_text("exam_type")?,
        total_points: row.number("total_points")?,
        exam_date: row.timestamp("exam_date")?.map(Timestamp::as_second),
        upload_date: row.timestamp("upload_date")?.map(Timestamp::as_second),
        processed: row.boolean("processed")?.unwrap_or(false),
        extra: extra(row, EXAMS),
    })
}

fn topic(row: &Row) -> Result<TopicDraft, RowError> {
    Ok(TopicDraft {
        id: row.id("id")?,
        name: row.required_text("name")?,
        slug: row.filled_text("slug")?,
        category: row.required_text("category")?,
        difficulty: row.small("difficulty")?,
        frequency_score: row.number("frequency_score")?,
        avg_points: row.number("avg_points")?,
        total_appearances: row.small("total_appearances")?,
        extra: extra(row, TOPICS),
    })
}

fn pattern(row: &Row) -> Result<PatternDraft, RowError> {
    Ok(PatternDraft {
        id: row.id("id")?,
        topic_id: row.id("topic_id")?,
        name: row.required_text("name")?,
        techniques: row.text("techniques")?.as_deref().map(techniques).unwrap_or_default(),
        canonical_form: row.text("canonical_form")?,
        appearance_count: row.small("appearance_count")?,
        appearance_rate: row.number("appearance_rate")?,
        first_seen_year: row.year("first_seen_year")?,
        last_seen_year: row.year("last_seen_year")?,
        example_question_id: row.optional_id("example_question_id")?,
        extra: extra(row, PATTERNS),
    })
}

fn question(row: &Row, notes: &mut Vec<String>) -> Result<QuestionDraft, RowError> {
    let mut extra = extra(row, QUESTIONS);
    let solution = solution_steps(&row.required_text("solution_steps")?);
    if solution.is_broken_json {
        notes.push("solution_steps begins like JSON and is none: kept as text".to_owned());
    }
    Ok(QuestionDraft {
        id: row.id("id")?,
        exam_id: row.optional_id("exam_id")?,
        topic_id: row.id("topic_id")?,
        pattern_id: row.optional_id("pattern_id")?,
        techniques: row.text("techniques")?.as_deref().map(techniques).unwrap_or_default(),
        question_text: with_real_line_breaks(&row.required_text("question_text")?),
        solution_steps: solution.steps,
        answer: row.required_text("answer")?,
        difficulty: row.small("difficulty")?,
        difficulty_reason: row.text("difficulty_reason")?,
        frequency_score: row.number("frequency_score")?,
        estimated_time: row.number("estimated_time")?,
        source_exam_year: row.year("source_exam_year")?,
        source_exam_type: row.filled_text("source_exam_type")?,
        source_question_number: question_number(row, &mut extra, notes)?,
        source_points: row.number("source_points")?,
        is_generated: row.boolean("is_generated")?.unwrap_or(false),
        created_at: row.timestamp("created_at")?,
        options: Vec::new(),
        withheld: false,
        extra,
    })
}

/// The question number, if it is an integer. Any other, such as `3a`, is kept as an extra column.
fn question_number(row: &Row, extra: &mut ExtraColumns, notes: &mut Vec<String>) -> Result<Option<i64>, RowError> {
    const COLUMN: &str = "source_question_number";
    if let Ok(number) = row.integer(COLUMN) {
        return Ok(number);
    }
    let original = row.required_text(COLUMN)?;
    let kept = extra.entry(QUESTION_NUMBER).or_insert(Json::Null);
    if kept.is_null() {
        *kept = Json::from(original.as_str());
    }
    notes.push(format!("{COLUMN} {original:?} is not a whole number: null, with {QUESTION_NUMBER} {kept}"));
    Ok(None)
}

/// Like `ON DELETE SET NULL`.
fn drop_unknown_exam(question: &mut QuestionDraft, catalog: &CatalogDraft, notes: &mut Vec<String>) {
    let is_unknown = |id: &mut ExamId| !catalog.exams.iter().any(|exam| exam.id == *id);
    if let Some(exam) = question.exam_id.take_if(is_unknown) {
        notes.push(format!("its exam {:?} is not imported: kept without an exam", exam.as_str()));
    }
}

/// An option whose question is not known yet.
struct OptionRow {
    label: String,
    letter: String,
    text: String,
    is_correct: Option<bool>,
}

/// Converts to the options of a question with this answer, which decides whether an option is correct if its row does
/// not.
fn with_flags(rows: Vec<OptionRow>, answer: &str) -> Vec<QuestionOption> {
    let flags: Vec<Option<bool>> = rows.iter().map(|row| row.is_correct).collect();
    let option = |row: OptionRow| QuestionOption { letter: row.letter, text: row.text, ..QuestionOption::default() };
    let mut options: Vec<QuestionOption> = rows.into_iter().map(option).collect();
    let named = named_options(answer, &options);
    for (option, flag) in options.iter_mut().zip(flags) {
        option.is_correct = flag.unwrap_or_else(|| named.contains(&option.letter.to_uppercase()));
    }
    options
}

fn option(row: &Row) -> Result<OptionRow, RowError> {
    let letter = row.filled_text("letter")?.or(row.filled_text("option_letter")?).ok_or("letter is missing")?;
    let text = row.text("text")?.or(row.text("option_text")?).ok_or("text is missing")?;
    Ok(OptionRow {
        label: option_label(row),
        letter: letter.trim().to_owned(),
        text: with_real_line_breaks(&text),
        is_correct: row.boolean("is_correct")?,
    })
}

fn option_label(row: &Row) -> String {
    let text = |column| row.text(column).ok().flatten();
    let letter = text("letter").or_else(|| text("option_letter"));
    let named = || Some(format!("{}/{}", text("question_id")?, letter.unwrap_or_default()));
    text("id").or_else(named).unwrap_or_else(|| row.label())
}

fn extra(row: &Row, table: &str) -> ExtraColumns {
    schema::table(table).map(|table: &D1Table| row.extra(table)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::domain::catalog::check::refuse_bad_rows;

    use super::super::Dump;
    use super::super::tests::{read, refused};
    use super::*;

    const COURSE: &str = "INSERT INTO courses VALUES('c','C',NULL,0,1,NULL);
        INSERT INTO exams VALUES('e','c',2024,'fall','final',100,1733961600000,'2025-01-02','true');
        INSERT INTO topics VALUES('t','c','Series','','Calculus',3,'0.60',7,4);";

    fn question(columns: &str, values: &str) -> String {
        format!(
            "{COURSE}INSERT INTO questions (course_id,topic_id,question_text,solution_steps,answer{columns}) \
             VALUES('c','t','?','[\"!\"]','A'{values});"
        )
    }

    fn first(dump: &Dump) -> &QuestionDraft {
        &dump.catalogs[0].questions[0]
    }

    #[test]
    fn a_course_comes_whole() {
        let patterns = "INSERT INTO question_patterns VALUES('p','c','t','Ratio test','ratio, roots','\\sum a_n',2,\
            0.4,'2019',2024,'q','2025-01-02','2025-01-02');";
        let mut dump = read(&(question(",id,exam_id,pattern_id", ",'q','e','p'") + patterns));
        assert_eq!((refused(&dump), &dump.notes[..]), (vec![], &[][..]));
        let catalog = &dump.catalogs[0];
        assert_eq!((catalog.course.name.as_str(), catalog.course.is_active), ("C", true));
        let exam = &catalog.exams[0];
        assert_eq!((exam.exam_date, exam.upload_date), (Some(1_733_961_600), Some(1_735_776_000)));
        assert_eq!((exam.year, exam.total_points, exam.processed), (2024, Some(100.0), true));
        let topic = &catalog.topics[0];
        assert_eq!((&topic.slug, topic.frequency_score, topic.avg_points), (&None, Some(0.6), Some(7.0)));
        let pattern = &catalog.patterns[0];
        assert_eq!(
            (&pattern.techniques[..], pattern.first_seen_year),
            (&["ratio".to_owned(), "roots".to_owned()][..], Some(2019))
        );
        assert_eq!(pattern.example_question_id.as_ref().map(QuestionId::as_str), Some("q"));
        let question = first(&dump);
        assert_eq!((question.difficulty, question.solution_steps.len()), (None, 1));
        assert_eq!(refuse_bad_rows(&mut dump.catalogs[0]), []);
    }

    #[test]
    fn texts_get_real_line_breaks() {
        let sql = format!(
            "{COURSE}INSERT INTO questions (id,course_id,topic_id,question_text,solution_steps,answer,techniques) \
             VALUES('q','c','t','Let $a \\neq b$.\\nFind it.','One.\\nTwo.','42','[\"x\",\"y\"]');"
        );
        let dump = read(&sql);
        let question = first(&dump);
        assert_eq!(question.question_text, "Let $a \\neq b$.\nFind it.");
        assert_eq!(question.solution_steps, ["One.", "Two."]);
        assert_eq!(question.techniques, ["x", "y"]);
    }

    #[test]
    fn broken_json_is_said() {
        let sql = format!(
            "{COURSE}INSERT INTO questions (id,course_id,topic_id,question_text,solution_steps,answer) \
             VALUES('q','c','t','?','[\"$\\int$\"','0');"
        );
        assert_eq!(read(&sql).notes, ["questions q: solution_steps begins like JSON and is none: kept as text"]);
    }

    #[test]
    fn extra_columns_are_kept_and_reported() {
        let dump = read(&question(",id,section,subpartsJson", ",'q',NULL,'[{\"a\":1}]'"));
        assert_eq!(json!(first(&dump).extra), json!({"section": null, "subpartsJson": "[{\"a\":1}]"}));
        assert_eq!(dump.notes, ["questions: extra columns kept: section, subpartsJson"]);
    }

    #[test]
    fn a_mistyped_column_gives_a_warning() {
        let dump = read(&question(",id,sorce_points,section", ",'q',10,NULL"));
        let warnings: Vec<String> = dump.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, ["questions: unknown column \"sorce_points\": did you mean \"source_points\"?"]);
        assert_eq!(dump.notes, ["questions: extra columns kept: section"]);
    }

    #[test]
    fn a_column_that_is_nearly_one_shown_with_the_question_is_warned_of() {
        let dump = read(&question(",id,imgae,figure,Table", ",'q','i.png','f.png','t'"));
        let warnings: Vec<String> = dump.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            [
                "questions: unknown column \"imgae\": did you mean \"image\"?",
                "questions: unknown column \"Table\": did you mean \"table\"?"
            ]
        );
        assert_eq!(dump.notes, ["questions: extra columns kept: figure"]);
    }

    #[test]
    fn a_course_names_columns_that_are_shown_with_its_questions() {
        let dump =
            read("INSERT INTO courses (id,name,shown_with_question) VALUES('c','C','[\"map\"]'),('d','D','map, x');");
        let shown: Vec<_> = dump.catalogs.iter().map(|catalog| catalog.course.shown_with_question.clone()).collect();
        assert_eq!(shown, [vec!["map"], vec!["map", "x"]]);
        assert_eq!(dump.notes, Vec::<String>::new());
    }

    #[test]
    fn an_answer_of_several_letters_marks_those_options_correct() {
        let options = "INSERT INTO question_options VALUES('o1','q','A','x',NULL),('o2','q','B','y',NULL),\
            ('o3','q','C','z',NULL);";
        let sql = question(",id", ",'q'").replace("'A','q'", "'A, C','q'") + options;
        let dump = read(&sql);
        let correct: Vec<bool> = first(&dump).options.iter().map(|option| option.is_correct).collect();
        assert_eq!(correct, [true, false, true]);
    }

    #[test]
    fn a_non_integer_question_number_is_kept_in_an_extra_column() {
        let dump = read(&question(",id,source_question_number", ",'q','3a'"));
        let question = first(&dump);
        assert_eq!((question.source_question_number, json!(question.extra)), (None, json!({"question_number": "3a"})));
        assert_eq!(
            dump.notes,
            ["questions q: source_question_number \"3a\" is not a whole number: null, with question_number \"3a\""]
        );
        let dump = read(&self::question(",id,source_question_number,question_number", ",'q','3a','3 (a)'"));
        assert_eq!(json!(first(&dump).extra), json!({"question_number": "3 (a)"}));
        let dump = read(&self::question(",id,source_question_number", ",'q','3'"));
        assert_eq!(first(&dump).source_question_number, Some(3));
    }

    #[test]
    fn a_question_of_an_unknown_exam_is_kept_without_it() {
        let dump = read(&question(",id,exam_id", ",'q','e9'"));
        assert_eq!(first(&dump).exam_id, None);
        assert_eq!(dump.notes, ["questions q: its exam \"e9\" is not imported: kept without an exam"]);
    }

    #[test]
    fn rows_that_cannot_become_drafts_are_named() {
        let dump = read(
            "INSERT INTO courses VALUES('c','C',NULL,0,1,NULL),('c#','C',NULL,0,1,NULL),('c','Again',NULL,0,1,NULL);
             INSERT INTO exams (id,course_id,year,exam_type) VALUES('e1','c9',2024,'final'),('e2','c','soon','final'),\
                ('e3','c',2024,NULL);
             INSERT INTO topics (id,course_id,name,category,difficulty) VALUES('t1','c9','T','K',1),\
                ('t2','c','T','K',999);
             INSERT INTO question_patterns (id,course_id,topic_id,name) VALUES('p1','c9','t','P');
             INSERT INTO questions (id,course_id,topic_id,question_text,solution_steps,answer) \
                VALUES('q1','c9','t','?','!','A'),('q2','c',NULL,'?','!','A'),('q3','c','t',x'00','!','A'),\
                (NULL,'c','t','?','!','A');",
        );
        let unclean = "must be 1 to 128 bytes without control characters or '#'";
        assert_eq!(
            refused(&dump),
            [
                format!("courses c#: id \"c#\" {unclean}").as_str(),
                "courses c: the id was used before",
                "exams e1: its course \"c9\" is not imported",
                "exams e2: year \"soon\" is not a whole number",
                "exams e3: exam_type is missing",
                "topics t1: its course \"c9\" is not imported",
                "topics t2: difficulty 999 is out of bounds",
                "question_patterns p1: its course \"c9\" is not imported",
                "questions q1: its course \"c9\" is not imported",
                "questions q2: topic_id is missing",
                "questions q3: question_text is not a text",
                "questions (no id): id is missing",
            ]
        );
    }

    #[test]
    fn choices_join_their_question() {
        let options = "INSERT INTO question_options VALUES('o1','q','A','one\\ntwo',NULL),('o2','q','B','x',0),\
            ('o3','q9','A','x',1),('o4','q',NULL,'x',1);";
        let mut dump = read(&(question(",id", ",'q'") + options));
        let choices: Vec<_> =
            first(&dump).options.iter().map(|o| (o.letter.as_str(), o.text.as_str(), o.is_correct)).collect();
        assert_eq!(choices, [("A", "one\ntwo", true), ("B", "x", false)]);
        assert_eq!(
            refused(&dump),
            ["question_options o4: letter is missing", "question_options o3: its question \"q9\" is not imported"]
        );
        assert_eq!(refuse_bad_rows(&mut dump.catalogs[0]), []);

        let other = "INSERT INTO question_options (question_id,option_letter,option_text,is_correct,colour) \
            VALUES('q','A','x','TRUE','red'),('q9','B','x',1,NULL);";
        let dump = read(&(question(",id", ",'q'") + other));
        assert!(first(&dump).options[0].is_correct);
        assert_eq!(refused(&dump), ["question_options q9/B: its question \"q9\" is not imported"]);
        assert_eq!(dump.notes, ["question_options: extra columns left out: colour"]);
    }
}
