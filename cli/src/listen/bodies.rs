//! Bodies that update their connection's seat as a request and its response progress.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::seats::Seat;
use super::too_slow;

/// A request body with a time limit. When it is complete, the connection counts as working.
pub(super) struct ReceivedBody {
    body: Body,
    time: Pin<Box<Sleep>>,
    seat: Arc<Seat>,
    is_late: Arc<AtomicBool>,
}

impl ReceivedBody {
    pub(super) fn new(body: Body, time: Duration, seat: Arc<Seat>, is_late: Arc<AtomicBool>) -> Self {
        if body.is_end_stream() {
            seat.begin_work();
        }
        Self { body, time: Box::pin(sleep(time)), seat, is_late }
    }
}

impl HttpBody for ReceivedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // Check the time before reading data, so that a client that keeps sending single bytes times out too.
        if self.time.as_mut().poll(cx).is_ready() {
            self.is_late.store(true, Ordering::Relaxed);
            return Poll::Ready(Some(Err(too_slow())));
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if self.body.is_end_stream() || matches!(frame, Poll::Ready(None)) {
            self.seat.begin_work();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response body. When it is complete, the connection counts as waiting.
pub(super) struct Sent {
    body: Body,
    seat: Arc<Seat>,
}

impl Sent {
    pub(super) fn new(body: Body, seat: Arc<Seat>) -> Self {
        Self { body, seat }
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.seat.end_work();
    }
}
