//! Which questions of a course a student has unlocked: one bit for each question of the course's bank. The sets of the last
//! courses are part of the profile, so that a purchase reads no item for each unlocked question.
//!
//! A set only helps to choose. The items of progress are the truth: the transaction of a purchase refuses to sell an
//! unlocked question as a new one, whatever a set says. A set that misses a question leads to such a refusal, after which
//! the items are read and the set is built again. So a set may be lost or out of date at any time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::domain::catalog::{Bank, Course};
use crate::domain::id::{CourseId, QuestionId};

/// Maximum bytes of the last course's set, before Base64. With it, a profile stays below 4 KB, which is one read unit.
const LAST_BYTES_MAX: usize = 2_500;
/// Maximum bytes of all sets if there are several. With them, a profile stays below 1 KB, which is one write unit.
const TOGETHER_BYTES_MAX: usize = 300;
/// Maximum number of courses.
const COURSES_MAX: usize = 4;

/// First byte of a packed set: a bit for each question follows.
const BITS: u8 = 0;
/// First byte of a packed set: for each seen question the number of unseen ones before it follows, in LEB128.
const GAPS: u8 = 1;

/// A set of questions, by their places in the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenSet {
    bits: Vec<u8>,
    questions: usize,
}

impl SeenSet {
    /// No question of a bank of this size.
    #[must_use]
    pub fn none(questions: usize) -> Self {
        Self { bits: vec![0; questions.div_ceil(8)], questions }
    }

    /// The questions of `bank` that `is_seen` selects.
    #[must_use]
    pub fn of(bank: &Bank, is_seen: impl Fn(&QuestionId) -> bool) -> Self {
        let mut set = Self::none(bank.questions.len());
        for (place, question) in bank.questions.iter().enumerate() {
            if is_seen(&question.meta.id) {
                set.insert(place);
            }
        }
        set
    }

    /// Whether the question at this place was seen.
    #[must_use]
    pub fn contains(&self, place: usize) -> bool {
        self.bits.get(place / 8).is_some_and(|byte| byte & (1 << (place % 8)) != 0)
    }

    /// Adds the question at this place. A place outside the bank is ignored.
    pub fn insert(&mut self, place: usize) {
        if let Some(byte) = self.bits.get_mut(place / 8).filter(|_| place < self.questions) {
            *byte |= 1 << (place % 8);
        }
    }

    /// The shorter of both forms.
    fn pack(&self) -> Vec<u8> {
        let mut gaps = vec![GAPS];
        let mut unseen = 0_usize;
        for place in 0..self.questions {
            if !self.contains(place) {
                unseen += 1;
                continue;
            }
            while unseen >= 0x80 {
                gaps.push(unseen.to_le_bytes()[0] | 0x80);
                unseen >>= 7;
            }
            gaps.push(unseen.to_le_bytes()[0]);
            unseen = 0;
            if gaps.len() > self.bits.len() {
                return std::iter::once(BITS).chain(self.bits.iter().copied()).collect();
            }
        }
        gaps
    }

    /// Reads a packed set of a bank of this size. `None` if it is of another size or form.
    fn unpack(packed: &[u8], questions: usize) -> Option<Self> {
        let mut set = Self::none(questions);
        match packed.split_first()? {
            (&BITS, bits) if bits.len() == set.bits.len() => set.bits.copy_from_slice(bits),
            (&GAPS, gaps) => {
                let (mut place, mut gap, mut shift) = (0_usize, 0_usize, 0_u32);
                for byte in gaps {
                    gap |= usize::from(byte & 0x7f).checked_shl(shift)?;
                    shift += 7;
                    if byte & 0x80 == 0 {
                        place = place.checked_add(gap).filter(|place| *place < questions)?;
                        set.insert(place);
                        (place, gap, shift) = (place + 1, 0, 0);
                    }
                }
            }
            _ => return None,
        }
        Some(set)
    }
}

/// The packed set of a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenInCourse {
    course_id: CourseId,
    /// Digest of the bank to which the places refer. After an import that changes the course, the set is void.
    bank: String,
    /// In Base64.
    set: String,
}

impl SeenInCourse {
    /// Packs the set of a course.
    #[must_use]
    pub fn new(course: &Course, set: &SeenSet) -> Self {
        let set = STANDARD_NO_PAD.encode(set.pack());
        Self { course_id: course.id.clone(), bank: course.bank.clone(), set }
    }

    /// Bytes before Base64.
    fn bytes(&self) -> usize {
        self.set.len() / 4 * 3
    }
}

/// The sets of the courses in which a student bought last, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeenQuestions(Vec<SeenInCourse>);

impl SeenQuestions {
    /// Whether no course has a set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The set of a course whose bank has this many questions. `None` if it is not known.
    #[must_use]
    pub fn of(&self, course: &Course, questions: usize) -> Option<SeenSet> {
        let is_it = |one: &&SeenInCourse| one.course_id == course.id && one.bank == course.bank && !one.bank.is_empty();
        let packed = self.0.iter().find(is_it)?;
        SeenSet::unpack(&STANDARD_NO_PAD.decode(&packed.set).ok()?, questions)
    }

    /// Replaces the set of its course and makes it the first one. Sets that have no more room are forgotten.
    #[must_use]
    pub fn with(&self, newest: &SeenInCourse) -> Self {
        let others = self.0.iter().filter(|one| one.course_id != newest.course_id).cloned();
        let mut sets: Vec<SeenInCourse> = Vec::from_iter((newest.bytes() <= LAST_BYTES_MAX).then(|| newest.clone()));
        let mut bytes: usize = sets.iter().map(SeenInCourse::bytes).sum();
        for other in others.take(COURSES_MAX - 1) {
            bytes += other.bytes();
            if bytes <= TOGETHER_BYTES_MAX {
                sets.push(other);
            }
        }
        Self(sets)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn course(id: &str, bank: &str) -> Course {
        serde_json::from_value(json!({
            "id": id, "name": id, "description": null, "exam_count": 0,
            "stats": {"exams": 0, "questions": 0, "topics": 0}, "is_active": true,
            "created_at": "2026-01-01T00:00:00Z", "catalog_version": 1, "bank": bank,
        }))
        .unwrap()
    }

    fn set(questions: usize, places: impl IntoIterator<Item = usize>) -> SeenSet {
        let mut set = SeenSet::none(questions);
        for place in places {
            set.insert(place);
        }
        set
    }

    #[test]
    fn a_set_takes_the_shorter_form() {
        assert_eq!(set(1_000, [3, 200]).pack(), [GAPS, 3, 0xC4, 0x01]);
        assert_eq!(set(100_000, []).pack(), [GAPS]);
        let half = set(1_000, (0..1_000).step_by(2)).pack();
        assert_eq!((half[0], half.len()), (BITS, 126));
    }

    #[test]
    fn a_set_of_another_bank_or_form_is_unknown() {
        let course = course("c", "digest");
        let seen = SeenQuestions::default().with(&SeenInCourse::new(&course, &set(90, [7, 80])));
        assert_eq!(seen.of(&course, 90), Some(set(90, [7, 80])));
        let other = Course { bank: "newer".to_owned(), ..course.clone() };
        assert_eq!((seen.of(&other, 90), seen.of(&course, 20)), (None, None));
        for packed in [
            &[][..],
            &[BITS, 1, 2],
            &[7],
            &[GAPS, 90],
            &[GAPS, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
        ] {
            assert_eq!(SeenSet::unpack(packed, 90), None, "{packed:?}");
        }
    }

    #[test]
    fn sets_without_room_are_forgotten() {
        let full = |id: &str, questions: usize| {
            SeenInCourse::new(&course(id, "digest"), &set(questions, (0..questions).step_by(2)))
        };
        let known =
            |seen: &SeenQuestions| -> Vec<String> { seen.0.iter().map(|one| one.course_id.to_string()).collect() };
        let mut seen = SeenQuestions::default();
        for id in ["a", "b", "c", "b"] {
            seen = seen.with(&full(id, 1_000));
        }
        assert_eq!(known(&seen), ["b", "c"]);
        assert_eq!(known(&seen.with(&full("d", 16_000))), ["d"]);
        // Too many for a profile: only this course is unknown.
        assert_eq!(known(&seen.with(&full("b", 40_000))), ["c"]);
        let many = (0..9).fold(SeenQuestions::default(), |seen, id| seen.with(&full(&id.to_string(), 8)));
        assert_eq!(known(&many), ["8", "7", "6", "5"]);
    }

    proptest! {
        #[test]
        fn a_packed_set_is_read_unchanged(
            questions in 0..3_000_usize,
            places in prop::collection::vec(0..3_000_usize, 0..400),
            is_dense: bool,
        ) {
            let mut before = set(questions, places);
            if is_dense {
                for place in (0..questions).step_by(3) {
                    before.insert(place);
                }
            }
            let packed = before.pack();
            prop_assert!(packed.len() <= 1 + questions.div_ceil(8));
            prop_assert_eq!(SeenSet::unpack(&packed, questions), Some(before));
        }
    }
}
