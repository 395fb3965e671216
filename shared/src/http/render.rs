//! `?render=html`: texts of questions as HTML beside the texts themselves.

use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::body::Body;
use crate::domain::questions::rendered::add_html;
use crate::domain::questions::view::QuestionView;
use crate::domain::schema::has_schema;

/// A form of texts beside the stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextFormat {
    /// HTML with MathML.
    Html,
}

// An empty parameter counts as absent, as in every query: HTML forms send empty fields.
has_schema!(
    TextFormat,
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("A form of texts beside the stored one; empty for none."))
        .enum_values(Some(["html", ""]))
);

/// The query of a route that returns questions.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RenderQuery {
    /// With `html`, questions have the members `question_html`, `solution_html`, `answer_html` and so on.
    pub render: Option<TextFormat>,
}

impl Body for RenderQuery {
    const REQUIRED: &'static [&'static str] = &[];
}

impl RenderQuery {
    /// Adds the requested form of their texts to questions.
    pub fn render(self, questions: &mut [QuestionView]) {
        if self.render.is_some() {
            add_html(questions);
        }
    }

    /// Adds the requested form of its texts to a question.
    #[must_use]
    pub fn rendered(self, mut question: QuestionView) -> QuestionView {
        self.render(std::slice::from_mut(&mut question));
        question
    }
}
