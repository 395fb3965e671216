//! A catalogue file: the product's own format, as `samples/catalog.schema.json` describes it.

use std::collections::HashSet;

use serde_json::Value;

use crate::decode::decode;
use crate::{Bank, FormatError, Place, Remark, ours};

/// Reads a catalogue file.
///
/// # Errors
/// The file is no JSON, or has no list of questions.
pub fn read(file_name: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
    let decoded = decode(bytes)?;
    let text = decoded.text.trim_start_matches('\u{feff}');
    let document: Value =
        serde_json::from_str(text).map_err(|error| FormatError(format!("The file is no JSON: {error}.")))?;
    let Some(questions) = document["questions"].as_array() else {
        return Err(FormatError("The file has no list `questions`, so it is no catalogue file.".to_owned()));
    };
    let mut bank = ours::bank(&document);
    for question in &mut bank.questions {
        file_name.clone_into(&mut question.place.file);
    }
    let place = |id: Option<&Value>| Place {
        file: file_name.to_owned(),
        id: id.and_then(Value::as_str).map(str::to_owned),
        ..Place::default()
    };
    for (index, question) in questions.iter().enumerate().filter(|(_, question)| !question.is_object()) {
        let text = format!("questions[{index}] is no object but {question}.");
        bank.refused.push(Remark { place: place(None), text: text.chars().take(200).collect() });
    }
    for (list, column, what) in [("topics", "topic_id", "topic"), ("exams", "exam_id", "exam")] {
        let rows = document[list].as_array().into_iter().flatten();
        let known: HashSet<&str> = rows.filter_map(|row| row["id"].as_str()).collect();
        for question in questions {
            let named = question[column].as_str().filter(|id| !known.contains(id));
            bank.warnings.extend(named.map(|id| Remark {
                place: place(question.get("id")),
                text: format!("Its {what} {id:?} is not in the file and is left out."),
            }));
        }
    }
    Ok(bank)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
        "course": {"id": "c", "name": "C"},
        "exams": [{"id": "e", "year": 2021, "semester": "fall", "exam_type": "midterm"}],
        "topics": [{"id": "t", "name": "T", "category": "K"}],
        "questions": [
            {"id": "q1", "topic_id": "t", "exam_id": "e", "question_text": "1 + 1?", "answer": "2", "solution_steps": []},
            7,
            {"id": "q2", "topic_id": "x", "exam_id": "y", "question_text": "2 + 2?", "answer": "4", "solution_steps": []}
        ]
    }"#;

    #[test]
    fn questions_have_their_topics_and_exams() {
        let bank = read("c.json", FILE.as_bytes()).unwrap();
        let [first, second] = bank.questions.as_slice() else { panic!("{bank:?}") };
        assert_eq!((first.topic.as_deref(), first.category.as_deref(), first.exam), (Some("T"), Some("K"), Some(0)));
        assert_eq!((first.place.file.as_str(), first.place.id.as_deref()), ("c.json", Some("q1")));
        assert_eq!(bank.exams[0].title, "2021 fall midterm");
        assert_eq!((second.topic.as_deref(), second.exam), (None, None));
    }

    #[test]
    fn what_is_left_out_is_named() {
        let bank = read("c.json", FILE.as_bytes()).unwrap();
        let texts = |remarks: &[Remark]| remarks.iter().map(|remark| remark.text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&bank.refused), ["questions[1] is no object but 7."]);
        assert_eq!(
            texts(&bank.warnings),
            [
                "Its topic \"x\" is not in the file and is left out.",
                "Its exam \"y\" is not in the file and is left out."
            ]
        );
        assert!(read("c.json", b"{").unwrap_err().0.starts_with("The file is no JSON"));
        assert!(read("c.json", b"{}").unwrap_err().0.contains("no list `questions`"));
    }
}
