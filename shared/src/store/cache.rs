//! In-memory cache of table data, with its limits.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache as MemoryCache;

use super::questions::KeptQuestion;
use super::studies::Kept;
use crate::domain::analysis::Analysis;
use crate::domain::catalog::{Bank, Course};
use crate::domain::id::{CourseId, QuestionId};

/// Maximum question summaries, over all courses: about 150 MB.
const SUMMARIES_MAX: u64 = 120_000;
/// Maximum questions whose course is cached.
const COURSES_OF_QUESTIONS_MAX: usize = 50_000;
/// Maximum bytes of complete questions: some 4,000 of an exam.
const QUESTION_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Expected number of complete questions; sizes the cache's tables.
const QUESTIONS_EXPECTED: usize = 1_000;
/// Maximum analyses: about 100 KB each.
const ANALYSES_MAX: usize = 32;
/// Maximum calibrations: about 60 bytes per question.
const CALIBRATIONS_MAX: usize = 32;
/// Maximum courses. Entries of past minutes stay until the cache needs the space.
const COURSES_MAX: usize = 256;
/// Expected number of banks; sizes the cache's tables.
const BANKS_EXPECTED: usize = 32;

/// The cache. An import increments `catalog_version`, which is part of the keys, so an entry never becomes stale, only
/// unused.
pub(super) struct Cache {
    /// Courses by the minute in which they were read, all or a single one. So the version is checked once per minute.
    pub(super) all_courses: MemoryCache<Minute, Arc<Vec<Course>>>,
    pub(super) one_course: MemoryCache<(CourseId, Minute), Arc<Course>>,
    pub(super) banks: MemoryCache<(CourseId, u64), Arc<Bank>, BySummaries>,
    /// The course of a question, which never changes. Needed because progress is stored by course.
    pub(super) courses: MemoryCache<QuestionId, CourseId>,
    /// Complete questions, by the version of their course.
    pub(super) whole: MemoryCache<(QuestionId, u64), KeptQuestion, ByBytes>,
    pub(super) calibrations: MemoryCache<CourseId, Kept>,
    pub(super) analyses: MemoryCache<(CourseId, u64), Arc<Analysis>>,
}

/// Minutes since 1970, by the clock of requests.
pub(super) type Minute = i64;

impl Default for Cache {
    fn default() -> Self {
        Self {
            all_courses: MemoryCache::new(1),
            one_course: MemoryCache::new(COURSES_MAX),
            banks: MemoryCache::with_weighter(BANKS_EXPECTED, SUMMARIES_MAX, BySummaries),
            courses: MemoryCache::new(COURSES_OF_QUESTIONS_MAX),
            whole: MemoryCache::with_weighter(QUESTIONS_EXPECTED, QUESTION_BYTES_MAX, ByBytes),
            calibrations: MemoryCache::new(CALIBRATIONS_MAX),
            analyses: MemoryCache::new(ANALYSES_MAX),
        }
    }
}

#[derive(Clone)]
pub(super) struct BySummaries;

impl Weighter<(CourseId, u64), Arc<Bank>> for BySummaries {
    fn weight(&self, _: &(CourseId, u64), bank: &Arc<Bank>) -> u64 {
        (bank.questions.len() + bank.retired.len()).max(1) as u64
    }
}

#[derive(Clone)]
pub(super) struct ByBytes;

impl Weighter<(QuestionId, u64), KeptQuestion> for ByBytes {
    fn weight(&self, _: &(QuestionId, u64), kept: &KeptQuestion) -> u64 {
        kept.bytes.max(1)
    }
}
