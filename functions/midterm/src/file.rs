//! A midterm as a file in the format of other programs.

use std::collections::HashMap;

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use formats::write::{self, Written};
use formats::{Bank, Exam, ours};
use serde_json::{Map, Value, json};
use shared::app::App;
use shared::app::response_size::bytes_as_sent;
use shared::domain::catalog::figures::{FigureDigest, MediaType};
use shared::domain::midterm::Midterm;
use shared::domain::questions::view::QuestionView;
use shared::http::Problem;

use crate::negotiation::{QTI, TEX};
use crate::show_midterm::Course;

/// Maximum bytes of questions and images in a package. As base64, which Lambda wants for a zip, they have 6 MB at most.
const PACKAGE_BYTES_MAX: usize = 4_000_000;
/// Maximum characters of the course's id in the name of a file.
const NAME_CHARS_MAX: usize = 60;

/// LaTeX of the class `exam`. What the class cannot say is listed in comments at the beginning. Images are named only, since
/// LaTeX has them in files of their own.
pub(crate) fn tex(midterm: &Midterm<QuestionView>, course: &Course, with_answers: bool) -> Response {
    let Written { bytes, lost } = write::exam_tex(&bank(midterm, course, &HashMap::new()), with_answers);
    let mut head = String::new();
    for remark in lost {
        let id = remark.place.id.map_or_else(String::new, |id| format!("{id}: "));
        head.push_str("% ");
        head.extend(format!("{id}{}", remark.text).chars().map(|c| if c.is_control() { ' ' } else { c }));
        head.push('\n');
    }
    response(TEX, &name(midterm, with_answers, "tex"), [head.into_bytes(), bytes].concat())
}

/// A package of QTI 3 with the images.
pub(crate) async fn qti(
    app: &App,
    midterm: &Midterm<QuestionView>,
    course: &Course,
    with_answers: bool,
) -> Result<Response, Problem> {
    let mut images = HashMap::new();
    let mut room = PACKAGE_BYTES_MAX.saturating_sub(bytes_as_sent(&midterm.questions));
    for figure in midterm.questions.iter().flat_map(|question| &question.figures) {
        if images.contains_key(&figure.digest) {
            continue;
        }
        let Some(file) = app.store.figure(&figure.digest).await? else { continue };
        let Some(rest) = room.checked_sub(file.bytes.len()) else { break };
        room = rest;
        images.insert(figure.digest.clone(), STANDARD.encode(&file.bytes));
    }
    let Written { bytes, .. } = write::qti3(&bank(midterm, course, &images), with_answers);
    Ok(response(QTI, &name(midterm, with_answers, "zip"), bytes))
}

/// The midterm as an exam of its own.
fn bank(midterm: &Midterm<QuestionView>, course: &Course, images: &HashMap<FigureDigest, String>) -> Bank {
    let questions = (1..).zip(&midterm.questions).map(|(number, view)| {
        let row = row(view, images);
        let mut question = ours::question(&row, view.meta.topic_name.as_deref(), None);
        (question.exam, question.number) = (Some(0), Some(number));
        question
    });
    let title = format!("{}, practice midterm", course.name);
    Bank {
        exams: vec![Exam { title, ..Exam::default() }],
        questions: questions.collect(),
        macros: course.macros.clone(),
        ..Bank::default()
    }
}

/// What the student sees of a question, as a row of a catalogue file.
fn row(view: &QuestionView, images: &HashMap<FigureDigest, String>) -> Map<String, Value> {
    let mut row = match serde_json::to_value(view) {
        Ok(Value::Object(row)) => row,
        _ => Map::new(),
    };
    row.retain(|name, value| !value.is_null() && name != "version");
    // The text of the question has those of its parts in it.
    if let Some(stem) = row.remove("stem") {
        row.insert("question_text".to_owned(), stem);
    }
    let figures = view.figures.iter().map(|figure| {
        let name = figure.digest.as_str().get(..16).unwrap_or_default();
        let mut row =
            json!({"name": format!("{name}.{}", ending(figure.media_type)), "data": images.get(&figure.digest)});
        if let Some(alt) = &figure.alt {
            row["alt"] = json!(alt);
        }
        row
    });
    row.insert("figures".to_owned(), figures.collect());
    row
}

fn ending(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Png => "png",
        MediaType::Jpeg => "jpg",
        MediaType::Svg => "svg",
    }
}

/// A name of letters, digits, `-`, `_` and `.`, which needs no quotes and no escapes in any system.
fn name(midterm: &Midterm<QuestionView>, with_answers: bool, ending: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let course: String =
        midterm.course_id.as_str().chars().map(|c| if is_safe(c) { c } else { '-' }).take(NAME_CHARS_MAX).collect();
    let date = midterm.created_at.strftime("%Y-%m-%d");
    let answers = if with_answers { "-answers" } else { "" };
    format!("{}-midterm-{date}{answers}.{ending}", course.trim_matches('-'))
}

fn response(media_type: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .unwrap_or(HeaderValue::from_static("attachment"));
    let headers: [(HeaderName, HeaderValue); 2] =
        [(header::CONTENT_TYPE, HeaderValue::from_static(media_type)), (header::CONTENT_DISPOSITION, disposition)];
    (headers, bytes).into_response()
}
