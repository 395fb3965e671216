//! Decides which stored question a question of a file is, so that a corrected file updates it in place.
//!
//! A question is matched by the id that its source gives, which may be our own in a file that we exported, then by its text, then by its title and place among the questions
//! of that title in the file, then by a similar text in the same file. Each stored question is matched at most once.

use std::collections::{HashMap, HashSet};

/// Texts with at least this share of common word pairs are versions of one question.
const SIMILAR: f64 = 0.6;
/// Two candidates whose shares differ by less than this cannot be told apart.
const MARGIN: f64 = 0.1;
/// A question with the id of another file is the same only if the texts have this share in common.
const SIMILAR_ELSEWHERE: f64 = 0.3;

/// Bytes of the digest of answers.
pub(super) const ANSWERS_BYTES: usize = 16;

/// What identifies a question across imports. It is stored with the question.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(super) struct Provenance {
    /// Name of the file, without folders.
    pub(super) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sheet: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<u32>,
    /// The id that the source gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    /// Place among the questions of this title in the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) occurrence: Option<u32>,
    /// Digest of the normalised text.
    pub(super) digest: String,
}

/// A stored question, or one of a file, as far as matching needs it.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) provenance: Provenance,
    /// The id in the course: of a stored question, and of a question in a catalogue file of this very course.
    pub(super) own_id: Option<String>,
    /// Normalised text (`normalised`).
    pub(super) text: String,
    /// A digest of what is asked for: the answer and the options of the question and its parts. The same text with other options is
    /// another question, unless it stands in the same file.
    pub(super) answers: [u8; ANSWERS_BYTES],
}

/// Which stored question it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    /// None: it is new.
    New,
    /// The stored question with this index.
    Stored(usize),
    /// One of several, the likeliest first.
    Ambiguous(Vec<usize>),
}

/// The text without what does not tell questions apart: case, white space, punctuation at word ends.
pub(super) fn normalised(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.trim_matches(['.', ',', ';', ':', '?', '!']).to_lowercase());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Matches the questions of files with the stored ones.
pub(super) fn matched(files: &[Candidate], stored: &[Candidate]) -> Vec<Match> {
    let mut result = vec![Match::New; files.len()];
    let mut taken = HashSet::new();
    let mut claim = |result: &mut Vec<Match>, question: usize, found: usize| {
        if result[question] == Match::New && taken.insert(found) {
            result[question] = Match::Stored(found);
        }
    };
    let mut by_own_id: HashMap<&str, usize> = HashMap::new();
    let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_digest: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_title: HashMap<(&str, &str, u32), Vec<usize>> = HashMap::new();
    for (index, candidate) in stored.iter().enumerate() {
        let source = &candidate.provenance;
        if let Some(id) = &candidate.own_id {
            by_own_id.insert(id, index);
        }
        if let Some(id) = &source.id {
            by_id.entry(id).or_default().push(index);
        }
        by_digest.entry(&source.digest).or_default().push(index);
        if let (Some(title), Some(occurrence)) = (&source.title, source.occurrence) {
            by_title.entry((&source.file, title, occurrence)).or_default().push(index);
        }
    }
    for (question, candidate) in files.iter().enumerate() {
        if let Some(index) = candidate.own_id.as_deref().and_then(|id| by_own_id.get(id)) {
            claim(&mut result, question, *index);
        }
    }
    for (question, candidate) in files.iter().enumerate() {
        let Some(id) = candidate.provenance.id.as_deref() else { continue };
        let found = by_id.get(id).map(Vec::as_slice).unwrap_or_default();
        let here = found.iter().find(|index| stored[**index].provenance.file == candidate.provenance.file);
        let elsewhere =
            || found.iter().find(|index| similarity(&candidate.text, &stored[**index].text) >= SIMILAR_ELSEWHERE);
        // A file that we exported has our ids.
        let own = by_own_id.get(id);
        let own = || own.filter(|index| similarity(&candidate.text, &stored[**index].text) >= SIMILAR_ELSEWHERE);
        if let Some(index) = here.or_else(own).or_else(elsewhere) {
            claim(&mut result, question, *index);
        }
    }
    // Texts that occur once in the course, then those that occur several times, each with its own.
    for (question, candidate) in files.iter().enumerate() {
        let source = &candidate.provenance;
        let found = by_digest.get(source.digest.as_str()).map(Vec::as_slice).unwrap_or_default();
        let same_file = found.iter().filter(|index| stored[**index].provenance.file == source.file);
        let elsewhere = found.iter().filter(|index| stored[**index].answers == candidate.answers);
        for index in same_file.chain(elsewhere) {
            // Two ids of one source are two questions.
            let is_other = source.id.is_some()
                && stored[*index].provenance.id.is_some()
                && source.id != stored[*index].provenance.id;
            if !is_other {
                claim(&mut result, question, *index);
            }
        }
    }
    for (question, candidate) in files.iter().enumerate() {
        let source = &candidate.provenance;
        if source.id.is_some() {
            continue;
        }
        if let (Some(title), Some(occurrence)) = (&source.title, source.occurrence)
            && let Some([index]) = by_title.get(&(source.file.as_str(), title.as_str(), occurrence)).map(Vec::as_slice)
        {
            claim(&mut result, question, *index);
        }
    }
    near(files, stored, &mut result, &taken);
    result
}

/// Matches what is left by similar texts within the same file.
fn near(files: &[Candidate], stored: &[Candidate], result: &mut [Match], taken: &HashSet<usize>) {
    let mut taken = taken.clone();
    let mut left: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, candidate) in stored.iter().enumerate().filter(|(index, _)| !taken.contains(index)) {
        left.entry(&candidate.provenance.file).or_default().push(index);
    }
    for (question, candidate) in files.iter().enumerate() {
        let source = &candidate.provenance;
        if result[question] != Match::New || source.id.is_some() {
            continue;
        }
        let Some(others) = left.get(source.file.as_str()) else { continue };
        let mut found: Vec<(f64, usize)> = others
            .iter()
            .filter(|index| !taken.contains(*index) && stored[**index].provenance.id.is_none())
            .map(|index| (similarity(&candidate.text, &stored[*index].text), *index))
            .filter(|(share, _)| *share >= SIMILAR)
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        match found.as_slice() {
            [] => {}
            [(best, _), (second, _), ..] if best - second < MARGIN => {
                result[question] = Match::Ambiguous(found.iter().map(|(_, index)| *index).collect());
            }
            [(_, index), ..] => {
                taken.insert(*index);
                result[question] = Match::Stored(*index);
            }
        }
    }
}

/// Share of common pairs of characters (Dice's coefficient of bigrams), from 0 to 1.
fn similarity(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let (a, b) = (pairs(a), pairs(b));
    let total: usize = a.values().chain(b.values()).sum();
    let common: usize = a.iter().map(|(pair, count)| (*count).min(b.get(pair).copied().unwrap_or(0))).sum();
    if total == 0 {
        0.0
    } else {
        2.0 * f64::from(u32::try_from(common).unwrap_or(u32::MAX)) / f64::from(u32::try_from(total).unwrap_or(u32::MAX))
    }
}

fn pairs(text: &str) -> HashMap<(char, char), usize> {
    let mut pairs = HashMap::new();
    for pair in text.chars().zip(text.chars().skip(1)) {
        *pairs.entry(pair).or_default() += 1;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(file: &str, id: Option<&str>, title: Option<(&str, u32)>, text: &str) -> Candidate {
        let text = normalised(text);
        Candidate {
            provenance: Provenance {
                file: file.to_owned(),
                id: id.map(str::to_owned),
                title: title.map(|(title, _)| title.to_owned()),
                occurrence: title.map(|(_, occurrence)| occurrence),
                digest: text.clone(),
                ..Provenance::default()
            },
            own_id: None,
            text,
            answers: [0; ANSWERS_BYTES],
        }
    }

    #[test]
    fn our_own_id_decides_in_our_export() {
        let stored = |id: &str, text: &str| Candidate {
            own_id: Some(id.to_owned()),
            ..candidate("bank.gift", Some("7"), None, text)
        };
        let stored = [stored("c-1", "What is 2 + 2?"), stored("c-2", "Name the law of gravity.")];
        let exported = candidate("export.csv", Some("c-2"), None, "Name the law of gravity, and its author.");
        assert_eq!(matched(&[exported], &stored), [Match::Stored(1)]);
        // The same id by chance.
        assert_eq!(matched(&[candidate("other.csv", Some("c-2"), None, "Unlike both.")], &stored), [Match::New]);
        // A catalogue file of this course.
        let rewritten =
            Candidate { own_id: Some("c-2".to_owned()), ..candidate("c.json", Some("c-2"), None, "Unlike both.") };
        assert_eq!(matched(&[rewritten], &stored), [Match::Stored(1)]);
    }

    #[test]
    fn the_same_text_with_other_options_is_another_question_in_another_file() {
        let with = |file: &str, answers: &str| Candidate {
            answers: std::array::from_fn(|at| answers.as_bytes().get(at).copied().unwrap_or_default()),
            ..candidate(file, None, None, "Which of these is prime?")
        };
        let stored = [with("a", "4 5")];
        assert_eq!(matched(&[with("b", "6 7")], &stored), [Match::New]);
        assert_eq!(matched(&[with("b", "4 5")], &stored), [Match::Stored(0)]);
        assert_eq!(matched(&[with("a", "6 7")], &stored), [Match::Stored(0)]);
    }

    #[test]
    fn an_id_of_the_source_decides_within_its_file() {
        let stored = [
            candidate("a", Some("7"), None, "What is 2 + 2?"),
            candidate("b", Some("7"), None, "Name the law of gravity."),
        ];
        let file = [
            candidate("b", Some("7"), None, "Something entirely different."),
            candidate("c", Some("7"), None, "Unlike both."),
        ];
        assert_eq!(matched(&file, &stored), [Match::Stored(1), Match::New]);
        let renamed = [candidate("a-v2", Some("7"), None, "What is 2 + 2 then?")];
        assert_eq!(matched(&renamed, &stored), [Match::Stored(0)]);
    }

    #[test]
    fn two_questions_of_one_name_stay_two() {
        let stored = [
            candidate("a", None, Some(("Question 1", 1)), "How high is the tower in Pisa?"),
            candidate("a", None, Some(("Question 1", 2)), "Which gas do plants take up?"),
        ];
        assert_eq!(matched(&stored, &stored), [Match::Stored(0), Match::Stored(1)]);
        // The first was deleted: the other is known by its text, though it is now the first of its title.
        let shorter = [candidate("a", None, Some(("Question 1", 1)), "Which gas do plants take up?")];
        assert_eq!(matched(&shorter, &stored), [Match::Stored(1)]);
        // Both are corrected.
        let corrected = [
            candidate("a", None, Some(("Question 1", 1)), "What is the height of Pisa's tower?"),
            candidate("a", None, Some(("Question 1", 2)), "Name the gas that trees breathe in."),
        ];
        assert_eq!(matched(&corrected, &stored), [Match::Stored(0), Match::Stored(1)]);
    }

    #[test]
    fn a_corrected_text_is_known_by_its_similarity() {
        let stored = [
            candidate("a", None, None, "Evaluate the integral of x squared from 0 to 1."),
            candidate("a", None, None, "State the mean value theorem."),
        ];
        let file = [candidate("a", None, None, "Evaluate the integral of $x$ squared from 0 to 2.")];
        assert_eq!(matched(&file, &stored), [Match::Stored(0)]);
        let elsewhere = [candidate("b", None, None, "Evaluate the integral of $x$ squared from 0 to 2.")];
        assert_eq!(matched(&elsewhere, &stored), [Match::New]);
    }

    #[test]
    fn what_may_be_one_of_two_is_ambiguous() {
        let stored = [
            candidate("a", None, None, "Compute 12 times 7 by hand"),
            candidate("a", None, None, "Compute 12 times 9 by hand"),
        ];
        let file = [candidate("a", None, None, "Compute 12 times 8 by hand")];
        assert!(matches!(&matched(&file, &stored)[0], Match::Ambiguous(found) if found.len() == 2));
    }

    #[test]
    fn equal_texts_are_matched_one_by_one() {
        let stored = [candidate("a", None, None, "True or false?"), candidate("a", None, None, "True or false?")];
        assert_eq!(matched(&stored, &stored), [Match::Stored(0), Match::Stored(1)]);
    }
}
