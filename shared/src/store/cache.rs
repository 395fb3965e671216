//! What a process keeps in memory of the table, and how much of it.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache as MemoryCache;

use super::studies::Kept;
use crate::domain::analysis::Analysis;
use crate::domain::catalog::{Bank, Course, Question};
use crate::domain::id::{CourseId, QuestionId};

/// Question summaries in memory, of all courses together: some 150 MB.
const SUMMARIES_MAX: u64 = 120_000;
/// Questions whose course is remembered.
const COURSES_OF_QUESTIONS_MAX: usize = 50_000;
/// Whole questions in memory.
const WHOLE_MAX: usize = 16;
/// Analyses in memory: some 100 KB each.
const ANALYSES_MAX: usize = 32;
/// Calibrations in memory: some 60 bytes a question.
const CALIBRATIONS_MAX: usize = 32;
/// Courses in memory, each with what it was a minute ago until the cache needs the room.
const COURSES_MAX: usize = 256;
/// Banks that are expected; the cache sizes its tables by it.
const BANKS_EXPECTED: usize = 32;

/// What is kept in memory. An import makes a new `catalog_version`, so an entry is never wrong, only unused.
pub(super) struct Cache {
    /// Courses as they were at the beginning of a minute, all of them or one: so a version is checked once a minute.
    pub(super) all_courses: MemoryCache<Minute, Arc<Vec<Course>>>,
    pub(super) one_course: MemoryCache<(CourseId, Minute), Arc<Course>>,
    pub(super) banks: MemoryCache<(CourseId, u64), Arc<Bank>, BySummaries>,
    /// A question never changes its course, and progress is kept by course.
    pub(super) courses: MemoryCache<QuestionId, CourseId>,
    /// Questions that everybody gets.
    pub(super) whole: MemoryCache<(QuestionId, u64), Arc<Question>>,
    pub(super) calibrations: MemoryCache<CourseId, Kept>,
    pub(super) analyses: MemoryCache<(CourseId, u64), Arc<Analysis>>,
}

/// A minute since 1970, by the clock of requests.
pub(super) type Minute = i64;

impl Default for Cache {
    fn default() -> Self {
        Self {
            all_courses: MemoryCache::new(1),
            one_course: MemoryCache::new(COURSES_MAX),
            banks: MemoryCache::with_weighter(BANKS_EXPECTED, SUMMARIES_MAX, BySummaries),
            courses: MemoryCache::new(COURSES_OF_QUESTIONS_MAX),
            whole: MemoryCache::new(WHOLE_MAX),
            calibrations: MemoryCache::new(CALIBRATIONS_MAX),
            analyses: MemoryCache::new(ANALYSES_MAX),
        }
    }
}

#[derive(Clone)]
pub(super) struct BySummaries;

impl Weighter<(CourseId, u64), Arc<Bank>> for BySummaries {
    fn weight(&self, _: &(CourseId, u64), bank: &Arc<Bank>) -> u64 {
        bank.questions.len().max(1) as u64
    }
}
