//! Links from a response to the next request, for readers and for tests that follow sequences.

use serde_json::{Map, Value, json};

/// Operation, name of the link, linked operation, its parameter, and the position of its value in the response.
const LINKS: [(&str, &str, &str, &str, &str); 14] = [
    ("list_courses", "first_course", "show_course", "path.id", "$response.body#/courses/0/id"),
    (
        "list_courses",
        "questions_of_first_course",
        "browse_questions",
        "query.course_id",
        "$response.body#/courses/0/id",
    ),
    ("list_courses", "analysis_of_first_course", "show_analysis", "path.id", "$response.body#/courses/0/id"),
    ("show_course", "exams", "list_exams", "path.id", "$response.body#/course/id"),
    ("show_course", "stats", "show_stats", "path.id", "$response.body#/course/id"),
    ("show_course", "enroll", "enroll", "path.id", "$response.body#/course/id"),
    ("show_course", "topics", "list_topics", "path.id", "$response.body#/course/id"),
    ("browse_questions", "first_question", "show_question", "path.id", "$response.body#/questions/0/id"),
    ("browse_questions", "start_first_question", "start_question", "path.id", "$response.body#/questions/0/id"),
    ("start_question", "submit", "submit_answer", "path.id", "$response.body#/question/id"),
    ("start_question", "solution", "unlock_solution", "path.id", "$response.body#/question/id"),
    ("practice_questions", "solution", "unlock_solution", "path.id", "$response.body#/questions/0/id"),
    ("generate_midterm", "midterm", "show_midterm", "path.id", "$response.body#/midterm_id"),
    ("list_midterms", "first_midterm", "show_midterm", "path.id", "$response.body#/midterms/0/midterm_id"),
];

/// Adds an operation's links to its successful response.
pub(super) fn add(operation: &str, responses: &mut Map<String, Value>) {
    let Some(answer) = responses.get_mut("200") else { return };
    for (_, name, leads_to, parameter, place) in LINKS.iter().filter(|(from, ..)| *from == operation) {
        answer["links"][*name] = json!({"operationId": leads_to, "parameters": {*parameter: place}});
    }
}
