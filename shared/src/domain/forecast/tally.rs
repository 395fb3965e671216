//! Exams as counts, in an order that does not depend on the order of the input.

use super::PastExam;

/// Number of questions per topic on an exam.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ExamCounts {
    pub(super) time: f64,
    /// Topics on it and their questions, by topic.
    pub(super) counts: Vec<(usize, u32)>,
    pub(super) questions: u32,
}

impl ExamCounts {
    fn of(exam: &PastExam) -> Option<Self> {
        let highest = exam.topics.iter().max().filter(|_| exam.time.is_finite())?;
        let mut by_topic = vec![0_u32; highest + 1];
        for topic in &exam.topics {
            by_topic[*topic] += 1;
        }
        let counts: Vec<_> = by_topic.into_iter().enumerate().filter(|(_, count)| *count > 0).collect();
        let questions = counts.iter().map(|(_, count)| count).sum();
        Some(Self { time: exam.time, counts, questions })
    }

    /// The year, without a fraction.
    pub(super) fn year(&self) -> f64 {
        self.time.floor()
    }

    /// Whether the topic is on it.
    pub(super) fn has(&self, topic: usize) -> bool {
        self.counts.binary_search_by_key(&topic, |(topic, _)| *topic).is_ok()
    }
}

/// The exams by time, and then by content, so that the input order does not matter.
pub(super) fn in_time(exams: &[PastExam]) -> Vec<ExamCounts> {
    let mut tallies: Vec<ExamCounts> = exams.iter().filter_map(ExamCounts::of).collect();
    tallies.sort_by(|a, b| a.time.total_cmp(&b.time).then_with(|| a.counts.cmp(&b.counts)));
    tallies
}

/// The tallies of years before `now`; `tallies` is sorted by time.
pub(super) fn before(tallies: &[ExamCounts], now: f64) -> &[ExamCounts] {
    let end = tallies.partition_point(|tally| tally.year() < now.floor());
    &tallies[..end]
}

/// Splits `tallies`, sorted by time, by year.
pub(super) fn by_year(tallies: &[ExamCounts]) -> impl Iterator<Item = &[ExamCounts]> {
    tallies.chunk_by(|a, b| a.year().total_cmp(&b.year()).is_eq())
}

/// Splits the exams of a year by time; exams of one time have the same prediction.
pub(super) fn by_time(year: &[ExamCounts]) -> impl Iterator<Item = &[ExamCounts]> {
    year.chunk_by(|a, b| a.time.total_cmp(&b.time).is_eq())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exam(time: f64, topics: &[usize]) -> PastExam {
        PastExam { time, topics: topics.to_vec() }
    }

    #[test]
    fn questions_are_counted_by_topic() {
        let tallies = in_time(&[exam(2020.0, &[4, 1, 4, 4])]);
        assert_eq!(tallies, [ExamCounts { time: 2020.0, counts: vec![(1, 1), (4, 3)], questions: 4 }]);
        assert!(tallies[0].has(4) && !tallies[0].has(2));
    }

    #[test]
    fn empty_exams_and_times_that_are_no_number_are_left_out() {
        let exams = [exam(2020.0, &[]), exam(f64::NAN, &[1]), exam(f64::INFINITY, &[1])];
        assert_eq!(in_time(&exams), []);
    }

    #[test]
    fn exams_of_one_year_are_split_together() {
        let tallies = in_time(&[exam(2021.7, &[0]), exam(2020.5, &[0]), exam(2021.2, &[0]), exam(2021.2, &[1])]);
        assert_eq!(before(&tallies, 2021.9).len(), 1);
        assert_eq!(before(&tallies, 2022.0).len(), 4);
        assert_eq!(before(&tallies, 2020.9).len(), 0);
        assert_eq!(by_year(&tallies).map(<[_]>::len).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(by_time(&tallies[1..]).map(<[_]>::len).collect::<Vec<_>>(), [2, 1]);
    }
}
