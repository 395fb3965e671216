//! Reads year, semester and type of an exam from its name, such as `2021 fall midterm` or `final_WS2019-20.tex`.

/// What a name says of an exam.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ExamName {
    pub(super) year: Option<i32>,
    pub(super) semester: Option<String>,
    pub(super) kind: Option<String>,
}

const SEMESTERS: [(&str, &[&str]); 4] = [
    ("fall", &["fall", "autumn", "ws", "wise", "winterterm", "wintersemester", "michaelmas", "herbst"]),
    ("winter", &["winter", "january", "hilary"]),
    ("spring", &["spring", "ss", "sose", "sommersemester", "trinity", "lent"]),
    ("summer", &["summer", "sommer"]),
];
const KINDS: [(&str, &[&str]); 8] = [
    ("midterm", &["midterm", "mid", "midsem", "prelim", "zwischenklausur"]),
    ("final", &["final", "endterm", "endsem", "klausur", "abschlussklausur", "finals"]),
    ("quiz", &["quiz", "quizzes"]),
    ("test", &["test"]),
    ("makeup", &["makeup", "resit", "supplementary", "nachklausur"]),
    ("practice", &["practice", "mock", "sample"]),
    ("homework", &["homework", "hw", "assignment", "pset"]),
    ("exam", &["exam", "examination"]),
];
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

/// Reads a name. What it does not say stays empty.
pub(super) fn read(name: &str) -> ExamName {
    let lower = name.to_lowercase();
    let mut words = Vec::new();
    // A digit after a letter begins a word, and the other way round: `ws2019`.
    let mut word = String::new();
    for character in lower.chars() {
        let joins = word.chars().next_back().is_some_and(|last| last.is_alphabetic() == character.is_alphabetic());
        if !character.is_alphanumeric() || !joins {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if character.is_alphanumeric() {
            word.push(character);
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    let year = words.iter().filter(|word| word.len() == 4).find_map(|word| word.parse().ok().filter(|year| YEARS.contains(year)));
    let named = |table: &[(&str, &[&str])]| {
        table.iter().find(|(_, names)| words.iter().any(|word| names.contains(&word.as_str()))).map(|(name, _)| (*name).to_owned())
    };
    let mut kind = named(&KINDS);
    // `midterm 2` is another exam than `midterm 1`.
    if let Some(base) = &mut kind
        && let Some(at) = words.iter().position(|word| KINDS.iter().any(|(name, names)| name == base && names.contains(&word.as_str())))
        && let Some(number) = words.get(at + 1).filter(|word| word.len() <= 2 && word.chars().all(|c| c.is_ascii_digit()))
    {
        base.push(' ');
        base.push_str(number);
    }
    ExamName { year, semester: named(&SEMESTERS), kind }
}

impl ExamName {
    /// What `self` says, and where it says nothing, what `other` says.
    pub(super) fn or(self, other: Self) -> Self {
        Self { year: self.year.or(other.year), semester: self.semester.or(other.semester), kind: self.kind.or(other.kind) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_say_which_exam_it_is() {
        for (name, year, semester, kind) in [
            ("2021 fall midterm", Some(2021), Some("fall"), Some("midterm")),
            ("midterm-2021-fall.tex", Some(2021), Some("fall"), Some("midterm")),
            ("Final_Spring2019.gift", Some(2019), Some("spring"), Some("final")),
            ("WS2019-20 Klausur.xml", Some(2019), Some("fall"), Some("final")),
            ("Midterm 2, Summer 2020", Some(2020), Some("summer"), Some("midterm 2")),
            ("bank.csv", None, None, None),
            ("q1-12345.xml", None, None, None),
            ("MATH101 exam 1998", Some(1998), None, Some("exam")),
        ] {
            let expected =
                ExamName { year, semester: semester.map(str::to_owned), kind: kind.map(str::to_owned) };
            assert_eq!(read(name), expected, "{name}");
        }
    }
}
