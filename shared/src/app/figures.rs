//! Addresses of figures in responses.

use super::App;
use crate::domain::questions::figure_address::FigureKey;
use crate::domain::questions::view::QuestionView;

impl App {
    /// The key that signs addresses of figures; `None` if none is configured or it cannot be fetched, which is logged. Then
    /// questions are shown without addresses, because what a student paid for must not fail with them.
    pub async fn figure_key(&self) -> Option<FigureKey> {
        let source = self.config.figure_key.as_ref()?;
        match self.stripe.secret_of(source).await {
            Ok(secret) => {
                let key = FigureKey::new(secret.reveal());
                if key.is_none() {
                    tracing::error!("the key of figures is shorter than {} bytes", FigureKey::BYTES_MIN);
                }
                key
            }
            Err(error) => {
                tracing::error!(%error, "the key of figures cannot be fetched");
                None
            }
        }
    }

    /// Adds the addresses of the figures to questions that the student may see.
    pub async fn sign_figures(&self, questions: &mut [QuestionView]) {
        if questions.iter().all(|question| question.figures.is_empty()) {
            return;
        }
        let Some(key) = self.figure_key().await else { return };
        for figure in questions.iter_mut().flat_map(|question| &mut question.figures) {
            figure.url = key.address(&figure.digest);
        }
    }

    /// The same for one question.
    pub async fn with_signed_figures(&self, mut question: QuestionView) -> QuestionView {
        self.sign_figures(std::slice::from_mut(&mut question)).await;
        question
    }
}
