//! Invoices. An event contains only the first page of an invoice's lines.

use serde_json::Value;

use super::{Stripe, StripeError};
use crate::domain::payments::{Line, LinePage};

/// Lines per page; Stripe's maximum.
const PAGE_LINES: u32 = 100;
/// Maximum number of pages to read. An invoice has at most some hundred lines.
const PAGES_MAX: usize = 10;

impl Stripe {
    /// Reads all lines of an invoice that have a price, within the timeout of one call.
    ///
    /// # Errors
    /// If Stripe does not answer, refuses, or returns more pages than an invoice should have.
    pub async fn invoice_lines(&self, invoice: &str) -> Result<Vec<Line>, StripeError> {
        Self::in_time(self.read_lines(invoice)).await
    }

    async fn read_lines(&self, invoice: &str) -> Result<Vec<Line>, StripeError> {
        let mut lines = Vec::new();
        let mut after = String::new();
        for _ in 0..PAGES_MAX {
            let path = format!("/v1/invoices/{}/lines?limit={PAGE_LINES}{after}", super::customers::encoded(invoice));
            let page: Option<Value> = self.get_page(&path).await?;
            // The invoice exists, since the event says that it was paid: our key is of another account, or lacks the
            // permission.
            let page = page.ok_or_else(|| StripeError::Refused("404 for the lines of an invoice".to_owned()))?;
            let page = LinePage::parse(&page).map_err(|error| StripeError::Unreadable(error.to_string()))?;
            lines.extend(page.lines);
            match page.next {
                None => return Ok(lines),
                Some(last) => after = format!("&starting_after={}", super::customers::encoded(&last)),
            }
        }
        Err(StripeError::Unreadable(format!("an invoice has more than {PAGES_MAX} pages of lines")))
    }
}
