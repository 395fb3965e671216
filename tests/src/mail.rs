//! The mail of a test: what would be sent, and senders that fail.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use shared::app::deliver_mail::Courier;
use shared::domain::account::Password;
use shared::domain::id::UserId;
use shared::domain::mail::delivery::DeliveryOutcome;
use shared::domain::mail::message::Message;
use shared::domain::mail::{Mail, MailKind, MailState};

use crate::{API_URL, PASSWORD, Person, TestApp};

/// Keeps what is sent, and answers as it was told to: first the outcomes of `answers`, then that all is accepted.
#[derive(Default)]
pub struct Post {
    sent: Mutex<Vec<Message>>,
    answers: Mutex<VecDeque<DeliveryOutcome>>,
}

impl Post {
    /// A courier with these outcomes for its first mails.
    #[must_use]
    pub fn answering(answers: impl IntoIterator<Item = DeliveryOutcome>) -> Self {
        Self { sent: Mutex::default(), answers: Mutex::new(answers.into_iter().collect()) }
    }

    /// What was sent since the last call, whatever was answered.
    pub fn take(&self) -> Vec<Message> {
        std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Courier for Post {
    async fn send(&self, message: &Message) -> DeliveryOutcome {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(message.clone());
        let next = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        next.unwrap_or(DeliveryOutcome::Accepted)
    }
}

/// Never finishes: the process is ended while it sends, before or after the server took the mail.
pub struct Killed {
    is_after: bool,
    server: Arc<Post>,
}

impl Courier for Killed {
    async fn send(&self, message: &Message) -> DeliveryOutcome {
        if self.is_after {
            let _ = self.server.send(message).await;
        }
        std::future::pending().await
    }
}

/// The token in a message's link.
#[must_use]
pub fn token_in(message: &Message) -> String {
    message.link.split_once("#token=").unwrap_or_else(|| panic!("no token: {}", message.link)).1.to_owned()
}

/// The token and the kind of notice in the header by which a mail program unsubscribes.
#[must_use]
pub fn unsubscription_in(message: &Message) -> Option<(String, String)> {
    let text = String::from_utf8(message.bytes.clone()).ok()?;
    let (head, _) = text.split_once("\r\n\r\n")?;
    let start = format!("List-Unsubscribe: <{API_URL}/api/auth/notices/unsubscribe?token=");
    let url = head.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix('>'))?;
    assert!(head.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{head}");
    let (token, kind) = url.split_once("&kind=")?;
    Some((token.to_owned(), kind.to_owned()))
}

impl TestApp {
    /// Delivers all mail that is due, and returns it.
    pub async fn mails(&self) -> Vec<Message> {
        let post = Post::default();
        let _ = self.app.deliver_due_mail(&post).await.unwrap();
        post.take()
    }

    /// Ends a delivery while it sends, as a crash does: before the server took the mail, or after that and before the outcome was
    /// written. Returns what the server took.
    pub async fn kill_sender<F: Future>(&self, is_after: bool, deliver: impl FnOnce(Killed) -> F) -> Vec<Message> {
        let server = Arc::new(Post::default());
        let mut delivery = Box::pin(deliver(Killed { is_after, server: Arc::clone(&server) }));
        let mut taken = Vec::new();
        for _ in 0..2_000 {
            tokio::select! {
                biased;
                _ = &mut delivery => panic!("the delivery ended"),
                () = tokio::task::yield_now() => {}
            }
            taken.extend(server.take());
            let mails = self.app.store.mails().await.unwrap();
            let is_claimed = mails.iter().any(|stored| stored.mail.state == MailState::Sending);
            if is_claimed && taken.len() == usize::from(is_after) {
                return taken;
            }
        }
        panic!("nothing was claimed, or nothing sent");
    }

    /// Delivers the mail to this person that is due, and returns the token in the newest.
    pub async fn token_for(&self, person: &Person) -> String {
        let post = Post::default();
        let (id, email) = (person.id.clone(), person.email.clone());
        let is_theirs = move |mail: &Mail| {
            mail.user_id.is_some_and(|user| user.to_string() == id)
                || mail.to.as_ref().is_some_and(|to| to.as_str() == email)
        };
        let _ = self.app.deliver_due_mail_if(&post, is_theirs).await.unwrap();
        let mails = post.take();
        let newest = mails.iter().rev().find(|mail| mail.to == person.email && mail.link.contains("#token="));
        token_in(newest.unwrap_or_else(|| panic!("no mail with a token to {}", person.email)))
    }

    /// Gives a person who was created without one the password of all test users.
    pub async fn give_password(&self, person: &Person) {
        let hash = self.app.hash_password(Password::from(PASSWORD.to_owned())).await.unwrap();
        self.set_hash(person, &hash).await;
    }

    /// Asks for another email for this person, who has the password of all test users, and returns the token of the mail.
    pub async fn confirm_token(&self, person: &Person, email: &str) -> String {
        let body = serde_json::json!({"email": email, "password": PASSWORD});
        let _ = person.patch("/api/auth/me", body).await.ok();
        self.token_of(person, MailKind::ConfirmEmail).await
    }

    /// Changes the email of this person, and returns the token that undoes it.
    pub async fn undo_token(&self, person: &Person, email: &str) -> String {
        let body = serde_json::json!({"token": self.confirm_token(person, email).await});
        let _ = self.anonymous().post("/api/auth/email/confirm", body).await.ok();
        self.token_of(person, MailKind::EmailChanged).await
    }

    async fn token_of(&self, person: &Person, kind: MailKind) -> String {
        let post = Post::default();
        let id = person.id.clone();
        let is_it = move |mail: &Mail| mail.kind == kind && mail.user_id.is_some_and(|user| user.to_string() == id);
        let _ = self.app.deliver_due_mail_if(&post, is_it).await.unwrap();
        token_in(post.take().last().unwrap_or_else(|| panic!("no mail {}", kind.as_str())))
    }

    /// Sends an optional notice to this person, and returns the token in its header.
    pub async fn unsubscribe_token(&self, person: &Person) -> String {
        let user = UserId(person.id.parse().unwrap());
        let profile = self.app.store.profile(user).await.unwrap().unwrap();
        let mail = self.app.mail_to(&profile, MailKind::PlanStarted).unwrap();
        assert!(self.app.store.ask_for_mail(&mail).await.unwrap());
        let post = Post::default();
        let _ = self.app.deliver_due_mail_if(&post, |due| due.id == mail.id).await.unwrap();
        let (token, _) = unsubscription_in(&post.take().remove(0)).unwrap();
        token
    }

    /// Asks for a new password for this person, and returns the token of the mail.
    pub async fn reset_token(&self, person: &Person) -> String {
        let body = serde_json::json!({"email": person.email});
        let _ = self.anonymous().post("/api/auth/forgot", body).await.ok();
        self.token_for(person).await
    }
}
