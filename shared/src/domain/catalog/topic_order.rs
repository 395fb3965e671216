//! The order in which a reader expects the topics of a course.

use super::{Bank, Topic};

/// A piece of a text: digits, or other characters in lower case. Numbers come before words.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    /// How many digits there are without leading zeros, and these: so numbers of any length are in order of their values.
    Number(usize, String),
    Word(String),
}

impl Bank {
    /// The topics in order of the numbers in their ids, if each id ends with one, as `ch2` before `ch10`; otherwise in order of
    /// their names. Numbers in names are in order of their values, too.
    #[must_use]
    pub fn topics_in_order(&self) -> Vec<&Topic> {
        let is_numbered = |topic: &&Topic| topic.id.as_str().ends_with(|last: char| last.is_ascii_digit());
        let by_number = self.topics.iter().all(|topic| is_numbered(&topic));
        let mut topics: Vec<&Topic> = self.topics.iter().collect();
        topics.sort_by_cached_key(|topic| pieces(if by_number { topic.id.as_str() } else { &topic.name }));
        topics
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let characters: Vec<char> = text.trim().chars().collect();
    let runs = characters.chunk_by(|one, next| one.is_ascii_digit() == next.is_ascii_digit());
    runs.map(|run| {
        if run[0].is_ascii_digit() {
            let digits: String = run.iter().skip_while(|digit| **digit == '0').collect();
            Piece::Number(digits.len(), digits)
        } else {
            Piece::Word(run.iter().flat_map(|character| character.to_lowercase()).collect())
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn in_order(topics: &[(&str, &str)]) -> Vec<String> {
        let topic = |(id, name): &(&str, &str)| {
            let row = json!({
                "id": id, "course_id": "c", "name": name, "slug": id, "category": "k", "difficulty": null,
                "total_appearances": 0, "question_count": 0,
            });
            serde_json::from_value::<Topic>(row).unwrap()
        };
        let bank = Bank { topics: topics.iter().map(topic).collect(), ..Bank::default() };
        bank.topics_in_order().into_iter().map(|topic| topic.id.to_string()).collect()
    }

    #[test]
    fn numbered_topics_are_in_order_of_their_numbers() {
        assert_eq!(in_order(&[("29", "A"), ("3", "B"), ("30", "C")]), ["3", "29", "30"]);
        assert_eq!(in_order(&[("ch10", "A"), ("ch2", "B"), ("ch02.5", "C")]), ["ch2", "ch02.5", "ch10"]);
        let long = "123456789012345678901234567890";
        assert_eq!(in_order(&[(long, "A"), ("9", "B"), ("010", "C")]), ["9", "010", long]);
    }

    #[test]
    fn other_topics_are_in_order_of_their_names() {
        let topics = [("b", "sets"), ("a", "Unit 10"), ("c", "unit 2"), ("d1", "2. Limits"), ("e2", "Groups")];
        assert_eq!(in_order(&topics), ["d1", "e2", "b", "c", "a"]);
        assert_eq!(in_order(&[("x", "Equal"), ("y", "equal"), ("z", "")]), ["z", "x", "y"]);
        assert!(in_order(&[]).is_empty());
    }
}
