//! The single list of routes. Routers are built from it; tests check `template.yaml`, the watch configuration,
//! `events/` and the authorisation table against it.

use axum::http::Method;

use crate::domain::limits::LimitedAction;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteAccess {
    /// No authentication.
    Open,
    /// A valid session is required.
    SignedIn,
}

/// One operation of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The function that serves the route; also the name of its binary.
    pub function: &'static str,
    /// The name of the handler and of its file.
    pub operation: &'static str,
    /// HTTP method. GET also serves HEAD.
    pub method: Method,
    /// Path, with parameters in braces.
    pub path: &'static str,
    pub access: RouteAccess,
    /// Rate-limit policies.
    pub limits: &'static [LimitedAction],
}

const fn open(function: &'static str, operation: &'static str, method: Method, path: &'static str) -> Route {
    Route { function, operation, method, path, access: RouteAccess::Open, limits: &[LimitedAction::OpenRead] }
}

const fn signed_in(function: &'static str, operation: &'static str, method: Method, path: &'static str) -> Route {
    Route { function, operation, method, path, access: RouteAccess::SignedIn, limits: &[LimitedAction::SignedIn] }
}

impl Route {
    /// Returns the route with the given rate-limit policies.
    const fn limited(mut self, limits: &'static [LimitedAction]) -> Self {
        self.limits = limits;
        self
    }
}

const BY_LOGIN: &[LimitedAction] = &[LimitedAction::LoginAddress, LimitedAction::LoginEmail];
const BY_REGISTRATION: &[LimitedAction] = &[LimitedAction::RegisterAddress, LimitedAction::RegisterEmail];
const BY_PASSWORD: &[LimitedAction] = &[LimitedAction::SignedIn, LimitedAction::Password];
const BY_EMAIL_CHANGE: &[LimitedAction] =
    &[LimitedAction::SignedIn, LimitedAction::Password, LimitedAction::EmailChange, LimitedAction::EmailChangeAddress];
const BY_RESEND: &[LimitedAction] = &[LimitedAction::SignedIn, LimitedAction::Resend];
const BY_LINK: &[LimitedAction] = &[LimitedAction::LinkAddress];
const BY_CHALLENGE: &[LimitedAction] = &[LimitedAction::LinkAddress, LimitedAction::FactorCode];
const BY_CODE: &[LimitedAction] = &[LimitedAction::SignedIn, LimitedAction::FactorCode];
const BY_PASSWORD_AND_CODE: &[LimitedAction] =
    &[LimitedAction::SignedIn, LimitedAction::Password, LimitedAction::FactorCode];
const BY_RESET: &[LimitedAction] = &[LimitedAction::ResetAddress, LimitedAction::ResetEmail];
const BY_CONTACT: &[LimitedAction] = &[LimitedAction::Contact];
const BY_EXPORT: &[LimitedAction] = &[LimitedAction::SignedIn, LimitedAction::Export];
const BY_ANALYSIS: &[LimitedAction] = &[LimitedAction::SignedIn, LimitedAction::Analysis];
const BY_REPORT: &[LimitedAction] = &[LimitedAction::SignedIn, LimitedAction::Report];
const BY_REDEMPTION: &[LimitedAction] = &[LimitedAction::SignedIn, LimitedAction::Redeem];
const BY_SPEND: &[LimitedAction] = &[LimitedAction::SignedIn, LimitedAction::Spend];
const BY_PAYMENT: &[LimitedAction] = &[LimitedAction::SignedIn, LimitedAction::Payment];

/// Names of the Lambda functions.
pub const FUNCTIONS: [&str; 11] = [
    "analysis",
    "assessment",
    "auth",
    "courses",
    "credits",
    "mailer",
    "marking",
    "midterm",
    "questions",
    "topics",
    "webhooks",
];

/// The function without a route: the table's stream, a schedule and SNS call it.
pub const MAILER: &str = "mailer";

/// Every route.
pub static ROUTES: [Route; 69] = [
    open("auth", "register", Method::POST, "/api/auth/register").limited(BY_REGISTRATION),
    open("auth", "login", Method::POST, "/api/auth/login").limited(BY_LOGIN),
    open("auth", "login_with_factor", Method::POST, "/api/auth/login/factor").limited(BY_CHALLENGE),
    open("auth", "verify_email", Method::POST, "/api/auth/verify").limited(BY_LINK),
    signed_in("auth", "resend_verification", Method::POST, "/api/auth/verify/resend").limited(BY_RESEND),
    open("auth", "forgot_password", Method::POST, "/api/auth/forgot").limited(BY_RESET),
    open("auth", "reset_password", Method::POST, "/api/auth/reset").limited(BY_LINK),
    open("auth", "send_message", Method::POST, "/api/contact").limited(BY_CONTACT),
    signed_in("auth", "logout", Method::POST, "/api/auth/logout"),
    signed_in("auth", "show_me", Method::GET, "/api/auth/me"),
    signed_in("auth", "update_me", Method::PATCH, "/api/auth/me").limited(BY_EMAIL_CHANGE),
    open("auth", "confirm_email", Method::POST, "/api/auth/email/confirm").limited(BY_LINK),
    open("auth", "undo_email_change", Method::POST, "/api/auth/email/undo").limited(BY_LINK),
    signed_in("auth", "show_notices", Method::GET, "/api/auth/notices"),
    signed_in("auth", "update_notices", Method::PATCH, "/api/auth/notices"),
    open("auth", "unsubscribe", Method::POST, "/api/auth/notices/unsubscribe").limited(BY_LINK),
    signed_in("auth", "list_sessions", Method::GET, "/api/auth/sessions"),
    signed_in("auth", "revoke_session", Method::DELETE, "/api/auth/sessions/{id}"),
    signed_in("auth", "change_password", Method::POST, "/api/auth/password").limited(BY_PASSWORD),
    signed_in("auth", "setup_factor", Method::POST, "/api/auth/factor").limited(BY_PASSWORD),
    signed_in("auth", "confirm_factor", Method::POST, "/api/auth/factor/confirm").limited(BY_CODE),
    signed_in("auth", "remove_factor", Method::DELETE, "/api/auth/factor").limited(BY_PASSWORD_AND_CODE),
    signed_in("auth", "export_account", Method::GET, "/api/auth/export").limited(BY_EXPORT),
    signed_in("auth", "delete_account", Method::DELETE, "/api/auth/account").limited(BY_PASSWORD),
    signed_in("credits", "show_balance", Method::GET, "/api/credits/balance"),
    signed_in("credits", "purchase_plan", Method::POST, "/api/credits/purchase").limited(BY_PAYMENT),
    signed_in("credits", "open_portal", Method::POST, "/api/credits/portal").limited(BY_PAYMENT),
    signed_in("credits", "redeem_voucher", Method::POST, "/api/credits/redeem").limited(BY_REDEMPTION),
    open("credits", "list_prices", Method::GET, "/api/prices"),
    signed_in("credits", "list_transactions", Method::GET, "/api/credits/transactions"),
    // Not limited: load balancers and monitors poll it, and it reads nothing.
    open("courses", "show_status", Method::GET, "/").limited(&[]),
    open("courses", "show_health", Method::GET, "/api/health").limited(&[]),
    signed_in("courses", "list_courses", Method::GET, "/api/courses"),
    signed_in("courses", "show_course", Method::GET, "/api/courses/{id}"),
    signed_in("courses", "list_exams", Method::GET, "/api/courses/{id}/exams"),
    signed_in("courses", "show_stats", Method::GET, "/api/courses/{id}/stats"),
    signed_in("courses", "enroll", Method::POST, "/api/courses/{id}/enroll"),
    signed_in("topics", "list_topics", Method::GET, "/api/courses/{id}/topics"),
    signed_in("topics", "show_topic", Method::GET, "/api/courses/{id}/topics/{topic_id}"),
    open("topics", "list_public_topics", Method::GET, "/api/courses/{id}/topics/public"),
    open("topics", "list_open_topics", Method::GET, "/api/topics"),
    open("topics", "show_public_topic", Method::GET, "/api/topics/{id}/public"),
    signed_in("analysis", "show_analysis", Method::GET, "/api/courses/{id}/analysis").limited(BY_ANALYSIS),
    signed_in("analysis", "show_detailed_analysis", Method::GET, "/api/courses/{id}/analysis-detailed")
        .limited(BY_ANALYSIS),
    signed_in("questions", "browse_questions", Method::GET, "/api/questions"),
    signed_in("questions", "list_course_questions", Method::GET, "/api/courses/{id}/questions"),
    signed_in("questions", "list_exam_questions", Method::GET, "/api/exams/{id}/questions"),
    open("questions", "list_public_questions", Method::GET, "/api/questions/public"),
    signed_in("questions", "show_question", Method::GET, "/api/questions/{id}"),
    signed_in("questions", "practice_questions", Method::POST, "/api/questions/practice").limited(BY_SPEND),
    signed_in("questions", "bundle_questions", Method::POST, "/api/questions/bundle").limited(BY_SPEND),
    signed_in("questions", "start_question", Method::POST, "/api/questions/{id}/start").limited(BY_SPEND),
    signed_in("questions", "unlock_solution", Method::POST, "/api/questions/{id}/solution"),
    signed_in("marking", "submit_answer", Method::POST, "/api/questions/{id}/submit"),
    signed_in("marking", "preview_answer", Method::GET, "/api/questions/{id}/preview-answer"),
    signed_in("questions", "report_question", Method::POST, "/api/questions/{id}/report").limited(BY_REPORT),
    signed_in("assessment", "find_weak_topics", Method::POST, "/api/assessment/weak-topics"),
    signed_in("assessment", "show_progress", Method::GET, "/api/assessment/progress"),
    signed_in("assessment", "show_review", Method::GET, "/api/assessment/review"),
    signed_in("midterm", "list_midterms", Method::GET, "/api/midterm"),
    open("midterm", "list_presets", Method::GET, "/api/midterm/presets"),
    signed_in("midterm", "show_midterm", Method::GET, "/api/midterm/{id}"),
    signed_in("midterm", "generate_midterm", Method::POST, "/api/midterm/generate").limited(BY_SPEND),
    signed_in("midterm", "start_midterm", Method::POST, "/api/midterm/{id}/start"),
    signed_in("marking", "submit_midterm", Method::POST, "/api/midterm/{id}/submit"),
    signed_in("midterm", "show_result", Method::GET, "/api/midterm/{id}/result"),
    open("questions", "show_figure", Method::GET, "/api/figures/{digest}"),
    open("questions", "feature_question", Method::GET, "/api/featured-question"),
    // Not limited: Stripe retries what is refused and sends events in bursts. The signature protects the route.
    open("webhooks", "receive_event", Method::POST, "/api/webhooks/stripe").limited(&[]),
];

/// The routes of one function.
pub fn of(function: &str) -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(move |route| route.function == function)
}

/// The route of a matched path. HEAD maps to GET.
pub(super) fn listed(method: &Method, path: &str) -> Option<&'static Route> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    ROUTES.iter().find(|route| route.path == path && route.method == *method)
}

/// The methods of a path.
pub(super) fn allowed_methods(path: &str) -> Vec<&'static str> {
    ROUTES.iter().filter(|route| route.path == path).map(|route| route.method.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_route_has_a_function_and_is_unique() {
        let places: HashSet<_> = ROUTES.iter().map(|route| (&route.method, route.path)).collect();
        let operations: HashSet<_> = ROUTES.iter().map(|route| route.operation).collect();
        assert_eq!((places.len(), operations.len()), (ROUTES.len(), ROUTES.len()));
        assert!(ROUTES.iter().all(|route| FUNCTIONS.contains(&route.function)));
    }
}
