//! The tables of the old database: `spec/backend.md`, and the planned `question_options`.

/// A table that is read.
#[derive(Debug)]
pub(super) struct D1Table {
    pub name: &'static str,
    /// Columns that are read, or known and ignored.
    pub columns: &'static [&'static str],
}

pub(super) const COURSES: &str = "courses";
pub(super) const EXAMS: &str = "exams";
pub(super) const TOPICS: &str = "topics";
pub(super) const PATTERNS: &str = "question_patterns";
pub(super) const QUESTIONS: &str = "questions";
pub(super) const OPTIONS: &str = "question_options";
pub(super) const USERS: &str = "users";
pub(super) const TRANSACTIONS: &str = "credit_transactions";
pub(super) const SESSIONS: &str = "sessions";
pub(super) const PROGRESS: &str = "user_progress";
pub(super) const ENROLLMENTS: &str = "user_courses";

/// All tables that are read.
pub(super) const TABLES: [D1Table; 11] = [
    D1Table { name: COURSES, columns: &["id", "name", "description", "exam_count", "is_active", "created_at"] },
    D1Table {
        name: EXAMS,
        columns: &[
            "id",
            "course_id",
            "year",
            "semester",
            "exam_type",
            "total_points",
            "exam_date",
            "upload_date",
            "processed",
        ],
    },
    D1Table {
        name: TOPICS,
        columns: &[
            "id",
            "course_id",
            "name",
            "slug",
            "category",
            "difficulty",
            "frequency_score",
            "avg_points",
            "total_appearances",
        ],
    },
    D1Table {
        name: PATTERNS,
        columns: &[
            "id",
            "course_id",
            "topic_id",
            "name",
            "techniques",
            "canonical_form",
            "appearance_count",
            "appearance_rate",
            "first_seen_year",
            "last_seen_year",
            "example_question_id",
            "created_at",
            "updated_at",
        ],
    },
    D1Table {
        name: QUESTIONS,
        columns: &[
            "id",
            "exam_id",
            "topic_id",
            "course_id",
            "pattern_id",
            "techniques",
            "question_text",
            "solution_steps",
            "answer",
            "difficulty",
            "difficulty_reason",
            "frequency_score",
            "estimated_time",
            "source_exam_year",
            "source_exam_type",
            "source_question_number",
            "source_points",
            "is_generated",
            "created_at",
        ],
    },
    D1Table { name: OPTIONS, columns: &["id", "question_id", "letter", "text", "is_correct"] },
    D1Table {
        name: USERS,
        columns: &[
            "id",
            "name",
            "email",
            "password_hash",
            "credits",
            "plan",
            "monthly_credits",
            "credits_reset_at",
            "stripe_customer_id",
            "stripe_subscription_id",
            "created_at",
            "updated_at",
            "has_unlimited",
            "unlimited_until",
        ],
    },
    D1Table {
        name: TRANSACTIONS,
        columns: &["id", "user_id", "amount", "type", "description", "stripe_payment_intent_id", "created_at"],
    },
    D1Table { name: SESSIONS, columns: &["id", "user_id", "expires_at", "created_at"] },
    D1Table {
        name: PROGRESS,
        columns: &[
            "id",
            "user_id",
            "question_id",
            "unlocked_at",
            "completed",
            "is_correct",
            "attempts",
            "time_spent",
            "created_at",
            "updated_at",
        ],
    },
    D1Table { name: ENROLLMENTS, columns: &["id", "user_id", "course_id", "enrolled_at", "created_at"] },
];

/// Finds a table by name, ignoring letter case as SQL does.
pub(super) fn table(name: &str) -> Option<&'static D1Table> {
    TABLES.iter().find(|table| table.name.eq_ignore_ascii_case(name))
}

/// Whether the table is a cache of the old service, which is computed again here.
pub(super) fn is_cache(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().as_str(), "exam_analysis" | "analysis_cache")
}

/// Whether the table is internal to the database or its tools, without user data.
pub(super) fn is_internal(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("sqlite_") || name.starts_with("_cf_") || name == "d1_migrations"
}
