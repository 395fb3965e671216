//! Which questions of a course a student has unlocked: one bit for each question of the course's bank. The sets of the last
//! courses are part of the profile, so that a purchase reads no item for each unlocked question.
//!
//! *Hints* are the sets of an account without deliveries. They only help to choose: the transaction of a purchase refuses to
//! sell a question that has an item of progress, and the items are read after such a refusal.
//!
//! *Exact* sets are those of an account with deliveries, whose questions have no items. Whatever unlocks a question of such
//! an account writes the profile on the condition of its version, and adds the question to the set of its course or removes
//! the set. So a set that was read with a version holds every question of its bank that is unlocked at that version. A
//! release that does not know deliveries cannot read a profile with exact sets.

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

    fn is_none(&self) -> bool {
        self.bits.iter().all(|byte| *byte == 0)
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

/// The unlocked questions of a course, by how they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlockedSet {
    delivered: SeenSet,
    single: SeenSet,
}

impl UnlockedSet {
    /// No question of a bank of this size.
    #[must_use]
    pub fn none(questions: usize) -> Self {
        Self { delivered: SeenSet::none(questions), single: SeenSet::none(questions) }
    }

    /// The questions of `bank` that deliveries name, and those that have only an item of progress.
    #[must_use]
    pub fn of(bank: &Bank, is_delivered: impl Fn(&QuestionId) -> bool, has_item: impl Fn(&QuestionId) -> bool) -> Self {
        let single = |id: &QuestionId| has_item(id) && !is_delivered(id);
        Self { delivered: SeenSet::of(bank, &is_delivered), single: SeenSet::of(bank, single) }
    }

    /// Whether the question at this place is unlocked.
    #[must_use]
    pub fn contains(&self, place: usize) -> bool {
        self.delivered.contains(place) || self.single.contains(place)
    }

    /// Whether a delivery names the question at this place.
    #[must_use]
    pub fn is_delivered(&self, place: usize) -> bool {
        self.delivered.contains(place)
    }

    /// The first place at which this set, read from a profile, is wrong: it misses an unlocked question of `stored`, which the
    /// table has, or says otherwise whether the question was delivered.
    #[must_use]
    pub fn first_fault(&self, stored: &Self) -> Option<usize> {
        let is_wrong = |place: &usize| {
            self.is_delivered(*place) != stored.is_delivered(*place)
                || (stored.contains(*place) && !self.contains(*place))
        };
        (0..self.delivered.questions).find(is_wrong)
    }

    fn with(mut self, added: &AddedQuestions) -> Self {
        added.delivered.iter().for_each(|place| self.delivered.insert(*place));
        added.single.iter().for_each(|place| self.single.insert(*place));
        self
    }

    /// All unlocked questions, however they are stored.
    fn all(&self) -> SeenSet {
        let bits = self.delivered.bits.iter().zip(&self.single.bits).map(|(one, other)| one | other).collect();
        SeenSet { bits, questions: self.delivered.questions }
    }
}

/// New questions of a purchase, by their places in the bank.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddedQuestions {
    /// Those in a delivery.
    pub delivered: Vec<usize>,
    /// Those with an item of progress each.
    pub single: Vec<usize>,
}

/// What a purchase of questions changes in the sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenChange {
    /// Nothing. The account has no exact sets, and each question of the purchase has an item, which must be new.
    Nothing,
    /// A hint becomes this set. The account has no exact sets.
    Hint(SeenInCourse),
    /// Questions are added to an exact set.
    Exact {
        course_id: CourseId,
        /// Digest of the bank from which they were chosen.
        bank: String,
        /// What was unlocked at the version of the profile that the choice read.
        before: UnlockedSet,
        added: AddedQuestions,
    },
    /// The set of this course is removed, because the place of a new question is not known.
    Forget(CourseId),
}

impl SeenChange {
    /// The change of a hint.
    #[must_use]
    pub fn hint(course: &Course, before: UnlockedSet, added: &AddedQuestions) -> Self {
        Self::Hint(SeenInCourse::hint(course, &before.with(added).all()))
    }
}

/// The packed set of a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenInCourse {
    course_id: CourseId,
    /// Digest of the bank to which the places refer. After an import that changes the course, the set is void.
    bank: String,
    /// In Base64. The delivered questions if the set is exact, and otherwise all.
    set: String,
    /// The questions of an exact set that have only an item of progress, in Base64. Empty if there are none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    single: String,
}

impl SeenInCourse {
    fn hint(course: &Course, set: &SeenSet) -> Self {
        let (course_id, bank) = (course.id.clone(), course.bank.clone());
        Self { course_id, bank, set: STANDARD_NO_PAD.encode(set.pack()), single: String::new() }
    }

    fn exact(course_id: CourseId, bank: String, set: &UnlockedSet) -> Self {
        let single = if set.single.is_none() { String::new() } else { STANDARD_NO_PAD.encode(set.single.pack()) };
        Self { course_id, bank, set: STANDARD_NO_PAD.encode(set.delivered.pack()), single }
    }

    fn unpack(&self, questions: usize) -> Option<UnlockedSet> {
        let read = |packed: &str| SeenSet::unpack(&STANDARD_NO_PAD.decode(packed).ok()?, questions);
        let single = if self.single.is_empty() { SeenSet::none(questions) } else { read(&self.single)? };
        Some(UnlockedSet { delivered: read(&self.set)?, single })
    }

    /// Bytes before Base64.
    fn bytes(&self) -> usize {
        (self.set.len() + self.single.len()) / 4 * 3
    }
}

/// The sets of the courses in which a student bought last, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SeenQuestions {
    Hints(Vec<SeenInCourse>),
    Exact { exact: Vec<SeenInCourse> },
}

impl Default for SeenQuestions {
    fn default() -> Self {
        Self::Hints(Vec::new())
    }
}

impl SeenQuestions {
    /// Exact sets of no course: every purchase reads what is unlocked.
    pub const UNKNOWN: Self = Self::Exact { exact: Vec::new() };

    /// Whether nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Hints(sets) if sets.is_empty())
    }

    /// Whether the sets are exact.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        matches!(self, Self::Exact { .. })
    }

    /// The hint for a course whose bank has this many questions. `None` if it is not known.
    #[must_use]
    pub fn hint(&self, course: &Course, questions: usize) -> Option<UnlockedSet> {
        let Self::Hints(sets) = self else { return None };
        let all = find(sets, &course.id, &course.bank)?.unpack(questions)?.delivered;
        Some(UnlockedSet { delivered: SeenSet::none(questions), single: all })
    }

    /// The exact set of a course whose bank has this many questions. `None` if it is not known.
    #[must_use]
    pub fn exact(&self, course: &Course, questions: usize) -> Option<UnlockedSet> {
        self.exact_of(&course.id, &course.bank, questions)
    }

    /// Whether there is an exact set of this version of the course.
    #[must_use]
    pub fn has_exact(&self, course: &Course) -> bool {
        matches!(self, Self::Exact { exact } if find(exact, &course.id, &course.bank).is_some())
    }

    fn exact_of(&self, course: &CourseId, bank: &str, questions: usize) -> Option<UnlockedSet> {
        let Self::Exact { exact } = self else { return None };
        find(exact, course, bank)?.unpack(questions)
    }

    /// The sets after a purchase. `is_read` says that the choice was made on these sets, and not on those of an older version
    /// of the profile. `None` if it must be made again, because a chosen question may be unlocked by now.
    #[must_use]
    pub fn after(&self, change: &SeenChange, is_read: bool) -> Option<Self> {
        match change {
            SeenChange::Nothing => (!self.is_exact()).then(|| self.clone()),
            SeenChange::Hint(set) => match self {
                Self::Hints(sets) => Some(Self::Hints(with(sets, set))),
                Self::Exact { .. } => None,
            },
            SeenChange::Exact { course_id, bank, before, added } => {
                let before = if is_read {
                    before.clone()
                } else {
                    let newer = self.exact_of(course_id, bank, before.delivered.questions)?;
                    let mut places = added.delivered.iter().chain(&added.single);
                    if places.any(|place| newer.contains(*place)) {
                        return None;
                    }
                    newer
                };
                let set = SeenInCourse::exact(course_id.clone(), bank.clone(), &before.with(added));
                let others = if let Self::Exact { exact } = self { exact.as_slice() } else { &[] };
                Some(Self::Exact { exact: with(others, &set) })
            }
            SeenChange::Forget(course) => match self {
                Self::Exact { exact } if is_read => {
                    let others = exact.iter().filter(|one| one.course_id != *course).cloned();
                    Some(Self::Exact { exact: others.collect() })
                }
                _ => None,
            },
        }
    }
}

fn find<'a>(sets: &'a [SeenInCourse], course: &CourseId, bank: &str) -> Option<&'a SeenInCourse> {
    sets.iter().find(|one| one.course_id == *course && one.bank == bank && !bank.is_empty())
}

/// Replaces the set of its course and makes it the first one. Sets that have no more room are forgotten.
fn with(sets: &[SeenInCourse], newest: &SeenInCourse) -> Vec<SeenInCourse> {
    let others = sets.iter().filter(|one| one.course_id != newest.course_id).cloned();
    let mut sets: Vec<SeenInCourse> = Vec::from_iter((newest.bytes() <= LAST_BYTES_MAX).then(|| newest.clone()));
    let mut bytes: usize = sets.iter().map(SeenInCourse::bytes).sum();
    for other in others.take(COURSES_MAX - 1) {
        bytes += other.bytes();
        if bytes <= TOGETHER_BYTES_MAX {
            sets.push(other);
        }
    }
    sets
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
        let other = Course { bank: "newer".to_owned(), ..course.clone() };
        let hints = bought(&SeenQuestions::default(), &SeenChange::hint(&course, none(90), &added([7], [80])));
        let unlocked = UnlockedSet { delivered: SeenSet::none(90), single: set(90, [7, 80]) };
        assert_eq!((hints.hint(&course, 90), hints.exact(&course, 90)), (Some(unlocked), None));
        assert_eq!((hints.hint(&other, 90), hints.hint(&course, 20)), (None, None));
        let exact = bought(&hints, &exact(&course, 90, added([7], [80])));
        let unlocked = UnlockedSet { delivered: set(90, [7]), single: set(90, [80]) };
        assert_eq!((exact.exact(&course, 90), exact.hint(&course, 90)), (Some(unlocked), None));
        assert_eq!((exact.exact(&other, 90), exact.exact(&course, 20)), (None, None));
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

    fn none(questions: usize) -> UnlockedSet {
        UnlockedSet::none(questions)
    }

    fn added<const D: usize, const S: usize>(delivered: [usize; D], single: [usize; S]) -> AddedQuestions {
        AddedQuestions { delivered: delivered.to_vec(), single: single.to_vec() }
    }

    fn exact(course: &Course, questions: usize, added: AddedQuestions) -> SeenChange {
        let (course_id, bank) = (course.id.clone(), course.bank.clone());
        SeenChange::Exact { course_id, bank, before: none(questions), added }
    }

    /// The sets after a purchase that was chosen on them.
    fn bought(seen: &SeenQuestions, change: &SeenChange) -> SeenQuestions {
        seen.after(change, true).unwrap()
    }

    #[test]
    fn sets_without_room_are_forgotten() {
        let full = |id: &str, questions: usize| {
            let delivered = (0..questions).step_by(2).collect();
            exact(&course(id, "digest"), questions, AddedQuestions { delivered, single: Vec::new() })
        };
        let known = |seen: &SeenQuestions| -> Vec<String> {
            let SeenQuestions::Exact { exact } = seen else { panic!("{seen:?}") };
            exact.iter().map(|one| one.course_id.to_string()).collect()
        };
        let mut seen = SeenQuestions::default();
        for id in ["a", "b", "c", "b"] {
            seen = bought(&seen, &full(id, 1_000));
        }
        assert_eq!(known(&seen), ["b", "c"]);
        assert_eq!(known(&bought(&seen, &full("d", 16_000))), ["d"]);
        // Too many for a profile: only this course is unknown.
        assert_eq!(known(&bought(&seen, &full("b", 40_000))), ["c"]);
        let many = (0..9).fold(SeenQuestions::default(), |seen, id| bought(&seen, &full(&id.to_string(), 8)));
        assert_eq!(known(&many), ["8", "7", "6", "5"]);
        assert_eq!(known(&bought(&many, &SeenChange::Forget(CourseId::try_from("7").unwrap()))), ["8", "6", "5"]);
    }

    #[test]
    fn a_choice_stands_on_a_newer_profile_only_if_its_set_has_none_of_the_questions() {
        let (algebra, newer) = (course("a", "digest"), course("a", "newer"));
        let choice = exact(&algebra, 9, added([1, 2], [3]));
        let after = |change: &SeenChange| bought(&SeenQuestions::default(), change).after(&choice, false);
        let free = after(&exact(&algebra, 9, added([5], [6]))).unwrap();
        let both = UnlockedSet { delivered: set(9, [1, 2, 5]), single: set(9, [3, 6]) };
        assert_eq!(free.exact(&algebra, 9), Some(both));
        for taken in [added([2], []), added([], [2]), added([3], []), added([], [3])] {
            assert_eq!(after(&exact(&algebra, 9, taken)), None);
        }
        // Nothing is known of the bank from which the questions were chosen.
        assert_eq!(after(&exact(&newer, 9, added([5], []))), None);
        assert_eq!(after(&exact(&course("b", "digest"), 9, added([5], []))), None);
        assert_eq!(after(&SeenChange::hint(&algebra, none(9), &added([], []))), None);
        // Hints became exact sets since the choice: the purchase has an item for each question, and those of a delivery have none.
        let exact = free;
        for older in [SeenChange::Nothing, SeenChange::hint(&algebra, none(9), &added([], [7]))] {
            assert_eq!(exact.after(&older, false), None);
        }
        assert_eq!(exact.after(&SeenChange::Forget(algebra.id.clone()), false), None);
    }

    /// The check of the marker: a release that knows only lists of sets cannot read a profile with exact ones.
    #[test]
    fn exact_sets_are_no_list() {
        let change = exact(&course("a", "digest"), 9, added([1], [2]));
        for exact in [SeenQuestions::UNKNOWN, bought(&SeenQuestions::default(), &change)] {
            let stored = serde_json::to_value(&exact).unwrap();
            assert!(stored.is_object(), "{stored}");
            assert_eq!(serde_json::from_value::<SeenQuestions>(stored).unwrap(), exact);
        }
        let hints =
            bought(&SeenQuestions::default(), &SeenChange::hint(&course("a", "digest"), none(9), &added([], [1])));
        let stored = serde_json::to_value(&hints).unwrap();
        assert_eq!(stored, json!([{"course_id": "a", "bank": "digest", "set": "AQE"}]));
        assert_eq!(serde_json::from_value::<SeenQuestions>(stored).unwrap(), hints);
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
