//! What a title such as `2024 spring midterm` or `Klausur WS 2023/24` says about an exam.

use crate::Exam;

/// Words of titles, and the season that they name.
const SEASONS: [(&str, &str); 18] = [
    ("spring", "spring"),
    ("summer", "summer"),
    ("fall", "fall"),
    ("autumn", "fall"),
    ("winter", "winter"),
    ("fr\u{fc}hjahr", "spring"),
    ("fr\u{fc}hling", "spring"),
    ("sommer", "summer"),
    ("herbst", "fall"),
    ("sommersemester", "summer"),
    ("wintersemester", "winter"),
    ("sose", "summer"),
    ("wise", "winter"),
    ("ss", "summer"),
    ("ws", "winter"),
    ("fs", "spring"),
    ("hs", "fall"),
    ("michaelmas", "fall"),
];

/// Words of titles, and the kind of exam that they name.
const KINDS: [(&str, &str); 18] = [
    ("midterm", "midterm"),
    ("midterms", "midterm"),
    ("mid", "midterm"),
    ("final", "final"),
    ("finals", "final"),
    ("quiz", "quiz"),
    ("test", "test"),
    ("exam", "exam"),
    ("resit", "resit"),
    ("retake", "resit"),
    ("homework", "homework"),
    ("zwischenklausur", "midterm"),
    ("probeklausur", "practice"),
    ("practice", "practice"),
    ("klausur", "final"),
    ("abschlussklausur", "final"),
    ("nachklausur", "resit"),
    ("zwischenpr\u{fc}fung", "midterm"),
];

/// The season that a word names.
pub(crate) fn season(word: &str) -> Option<&'static str> {
    SEASONS.iter().find(|(known, _)| *known == word).map(|(_, season)| *season)
}

/// The kind of exam that a word names.
pub(crate) fn kind(word: &str) -> Option<&'static str> {
    KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
}

/// Reads year, semester and kind from a title. What it does not say stays empty.
#[must_use]
pub fn exam_of_title(title: &str) -> Exam {
    let mut exam = Exam { title: title.trim().to_owned(), ..Exam::default() };
    let lower = without_count(title).0.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    for (index, word) in words.iter().enumerate() {
        let digits = word.trim_start_matches(|c: char| c.is_alphabetic());
        if let Ok(year) = digits.parse::<i32>()
            && digits.len() == 4
            && (1950..=2100).contains(&year)
        {
            exam.year = exam.year.or(Some(year));
        }
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        exam.semester = exam.semester.or_else(|| season(letters).map(str::to_owned));
        // `final exam` is a final: the more special word decides.
        if let (Some(found), true) = (
            kind(letters),
            exam.kind.as_deref().is_none_or(|kind| kind.starts_with("exam") || kind.starts_with("test")),
        ) {
            // `midterm 2` is another exam than `midterm 1`.
            let number =
                Some(&word[letters.len()..]).filter(|digits| !digits.is_empty()).or(words.get(index + 1).copied());
            let number = number.filter(|next| next.len() <= 2 && next.bytes().all(|byte| byte.is_ascii_digit()));
            exam.kind = Some(number.map_or_else(|| found.to_owned(), |number| format!("{found} {number}")));
        }
    }
    exam
}

/// Splits a title such as `2021 fall midterm (2)`, the second exam of a course with this name, into name and count.
#[must_use]
pub fn without_count(title: &str) -> (&str, Option<usize>) {
    let title = title.trim();
    let split = title.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    let count = split.and_then(|(name, digits)| Some((name, digits.parse::<usize>().ok().filter(|count| *count > 0)?)));
    count.map_or((title, None), |(name, count)| (name, Some(count)))
}

/// The title of an exam whose name `earlier` exams have already.
pub(crate) fn with_count(name: &str, earlier: usize) -> String {
    if earlier == 0 { name.to_owned() } else { format!("{name} ({})", earlier + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_in_parentheses_is_no_part_of_the_name() {
        assert_eq!(without_count("2021 fall midterm (2)"), ("2021 fall midterm", Some(2)));
        assert_eq!(exam_of_title("2021 fall midterm (2)").kind.as_deref(), Some("midterm"));
        for title in ["2021 fall midterm", "Midterm (make-up)", "(2)", "Midterm (0)", "Midterm(2)"] {
            assert_eq!(without_count(title), (title, None));
        }
        assert_eq!((with_count("Quiz", 0), with_count("Quiz", 2)), ("Quiz".to_owned(), "Quiz (3)".to_owned()));
    }

    #[test]
    fn titles_say_year_semester_and_kind() {
        for (title, year, semester, kind) in [
            ("2024 spring midterm", Some(2024), Some("spring"), Some("midterm")),
            ("Final Exam, Fall 2021", Some(2021), Some("fall"), Some("final")),
            ("Klausur WS2023/24", Some(2023), Some("winter"), Some("final")),
            ("Zwischenklausur Sommersemester 2022", Some(2022), Some("summer"), Some("midterm")),
            ("Midterm 2, Summer 2020", Some(2020), Some("summer"), Some("midterm 2")),
            ("midterm2-2020.gift", Some(2020), None, Some("midterm 2")),
            ("Chapter 3", None, None, None),
            ("", None, None, None),
        ] {
            let exam = exam_of_title(title);
            let found = (exam.year, exam.semester.as_deref(), exam.kind.as_deref());
            assert_eq!(found, (year, semester, kind), "{title}");
        }
    }
}
