//! What a student's request must answer, and what it does to the account.

use serde_json::Value;
use shared::domain::credits::EntryType;
use tests::Answer;

use super::account::{Account, Kept, Unlocked, Wrong};
use super::steps::{MIDTERM_QUESTIONS, QUESTIONS, Request};

const DAY: i64 = 86_400;
/// The question with letters, and the right one.
const CHOICE: (&str, &str) = ("alg-q2", "B");

/// A request as sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) request: Request,
    pub(super) key: Option<String>,
}

macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(format!($($why)+));
        }
    };
}

pub(super) fn problem(answer: &Answer, status: u16, code: &str) -> Result<(), Wrong> {
    let is_it = answer.status == status && answer.body["code"] == code;
    ensure!(is_it, "expected {status} {code}, not {} {}", answer.status, answer.body);
    Ok(())
}

fn expect(body: &Value, name: &str, value: impl Into<Value>) -> Result<(), Wrong> {
    let value = value.into();
    ensure!(body[name] == value, "`{name}` should be {value}: {body}");
    Ok(())
}

impl Account {
    fn unlock(&mut self, question: &str, is_solved: bool, now: i64) {
        let locked = Unlocked { seen_at: now, is_solved: false, attempts: 0, right: 0 };
        let unlocked = self.stored.unlocked.entry(question.to_owned()).or_insert(locked);
        unlocked.seen_at = now;
        unlocked.is_solved |= is_solved;
    }

    /// Checks the answer to a request that found this account, and takes over what it did. `before` is the account
    /// before all requests of the same time; none when there was only this one.
    pub(super) fn follow(
        &mut self,
        sent: &Sent,
        answer: &Answer,
        now: i64,
        before: Option<&Self>,
    ) -> Result<(), Wrong> {
        let kept = sent.key.as_ref().and_then(|key| self.kept.get(key)).filter(|kept| now < kept.until);
        if let Some(kept) = kept {
            if kept.request != sent.request {
                return problem(answer, 422, "idempotency_key_reused")
                    .or_else(|wrong| self.refused_unread(sent, answer, before).ok_or(wrong));
            }
            ensure!(answer.status == 200 && answer.body == kept.answer, "not as before: {}", answer.body);
            return Ok(());
        }
        if let Request::Submit { question, .. } | Request::Solution(question) = &sent.request
            && !self.stored.unlocked.contains_key(*question)
        {
            return problem(answer, 409, "not_started");
        }
        let is_done = match &sent.request {
            Request::Practice { topics, difficulty, count } => {
                let fits = |topic: &str, rated: Option<u8>| {
                    (topics.is_empty() || topics.contains(&topic)) && (difficulty.is_none() || rated == *difficulty)
                };
                let count = count.unwrap_or(3);
                self.deliver(fits, count, |delivered| delivered, answer, now, before.is_none())?
            }
            Request::Bundle { topic, count } => {
                let fits = |of: &str, _| topic.is_none_or(|topic| topic == of);
                self.deliver(fits, count.unwrap_or(3), |_| 1, answer, now, before.is_none())?
            }
            Request::Start(question) => self.start(question, answer, now, before)?,
            Request::Midterm => {
                let is_done = self.deliver(|_, _| true, MIDTERM_QUESTIONS, |_| 3, answer, now, false)?;
                if let Some(entry) = self.stored.ledger.last_mut().filter(|_| is_done) {
                    entry.0 = EntryType::Midterm;
                }
                is_done
            }
            Request::Analysis => self.analysis(answer, now)?,
            Request::Solution(question) => {
                ensure!(answer.status == 200 && answer.body["answer"].is_string(), "no solution: {}", answer.body);
                self.stored.unlocked.get_mut(*question).unwrap().is_solved = true;
                false
            }
            Request::Submit { question, answer: typed, was_correct } => {
                self.submit(question, *typed, *was_correct, answer)?
            }
        };
        if let Some(key) = sent.key.as_ref().filter(|_| is_done) {
            let kept = Kept { request: sent.request.clone(), answer: answer.body.clone(), until: now + DAY };
            self.kept.insert(key.clone(), kept);
        }
        Ok(())
    }

    /// A submission reads the record of its key and the question at the same time. So it may miss the record of a request at
    /// the same time, and see the question that this request unlocked. What it then refuses has no effect.
    fn refused_unread(&self, sent: &Sent, answer: &Answer, before: Option<&Self>) -> Option<()> {
        let Request::Submit { question, answer: typed, was_correct } = &sent.request else { return None };
        let is_new = before.is_some_and(|before| sent.key.as_ref().is_some_and(|key| !before.kept.contains_key(key)));
        let is_refused = self.clone().submit(question, *typed, *was_correct, answer) == Ok(false);
        (is_new && is_refused && self.stored.unlocked.contains_key(*question)).then_some(())
    }

    /// Practice and bundle. A balance that does not reach, or no fitting question, moves nothing.
    fn deliver(
        &mut self,
        fits: impl Fn(&str, Option<u8>) -> bool,
        count: usize,
        price: impl Fn(i64) -> i64,
        answer: &Answer,
        now: i64,
        is_alone: bool,
    ) -> Result<bool, Wrong> {
        let fitting: Vec<&str> =
            QUESTIONS.iter().filter(|(_, topic, rated)| fits(topic, *rated)).map(|q| q.0).collect();
        if fitting.is_empty() {
            return problem(answer, 404, "no_questions").map(|()| false);
        }
        let length = count.min(fitting.len());
        let price = price(i64::try_from(length).unwrap());
        if !self.paid(price, answer, now)? {
            return Ok(false);
        }
        let questions = answer.body["questions"].as_array().ok_or("no questions")?;
        let ids: Vec<&str> = questions.iter().filter_map(|question| question["id"].as_str()).collect();
        ensure!(ids.len() == length, "{length} questions should come: {ids:?}");
        ensure!(ids.iter().all(|id| fitting.contains(id)), "{ids:?} should be of {fitting:?}");
        ensure!((1..length).all(|i| !ids[..i].contains(&ids[i])), "{ids:?} should differ");
        let is_open = |question: &Value| question["locked"] == false && question["answer"].is_string();
        ensure!(questions.iter().all(is_open), "all should be open: {}", answer.body);

        let seen_at = |id: &&str| self.stored.unlocked.get(*id).map(|unlocked| unlocked.seen_at);
        let unseen = |ids: &[&str]| ids.iter().filter(|id| seen_at(id).is_none()).count();
        ensure!(unseen(&ids) == length.min(unseen(&fitting)), "unseen ones should come first: {ids:?}");
        // Of requests at once, one may deliver again what another has just seen to: both began before.
        let newest = ids.iter().filter_map(seen_at).max();
        let mut left = fitting.iter().filter(|id| !ids.contains(id)).filter_map(seen_at);
        ensure!(!is_alone || left.all(|seen| Some(seen) >= newest), "an older one should have come: {ids:?}");
        for id in ids {
            self.unlock(id, true, now);
        }
        Ok(true)
    }

    /// Whether the price was paid; the answer must say the same.
    fn paid(&mut self, price: i64, answer: &Answer, now: i64) -> Result<bool, Wrong> {
        if !self.pay(price, EntryType::QuestionView, now) {
            problem(answer, 402, "insufficient_credits")?;
            expect(&answer.body, "credits_needed", price)?;
            expect(&answer.body, "credits_available", self.available(now))?;
            return Ok(false);
        }
        ensure!(answer.status == 200, "should succeed: {} {}", answer.status, answer.body);
        let (_, amount, after) = self.stored.ledger[self.stored.ledger.len() - 1];
        expect(&answer.body, "credits_deducted", -amount)?;
        expect(&answer.body, "credits", after)?;
        Ok(true)
    }

    /// An analysis: bought once, free from then on.
    fn analysis(&mut self, answer: &Answer, now: i64) -> Result<bool, Wrong> {
        let price = if self.owns_analysis { 0 } else { 2 };
        if price > 0 && !self.pay(price, EntryType::AnalysisView, now) {
            return problem(answer, 402, "insufficient_credits").map(|()| false);
        }
        ensure!(answer.status == 200, "should succeed: {} {}", answer.status, answer.body);
        let amount = if price > 0 { self.stored.ledger[self.stored.ledger.len() - 1].1 } else { 0 };
        self.owns_analysis = true;
        expect(&answer.body, "credits_deducted", -amount).map(|()| false)
    }

    /// A start. One that is free moves nothing, but its key is kept.
    fn start(&mut self, id: &str, answer: &Answer, now: i64, before: Option<&Self>) -> Result<bool, Wrong> {
        let is_unlocked = self.stored.unlocked.contains_key(id);
        if is_unlocked {
            // A request reads balance and question at once but not as one: the balance may be one of just before.
            let mut balances = vec![self.available(now)];
            if let Some(before) = before {
                balances.push(before.available(now));
                balances.extend(self.stored.ledger[before.stored.ledger.len()..].iter().map(|entry| entry.2));
                // Or the question may be: locked still, and the last credit gone for it.
                if !before.stored.unlocked.contains_key(id) && balances.contains(&0) && answer.status == 402 {
                    return problem(answer, 402, "insufficient_credits").map(|()| false);
                }
            }
            ensure!(answer.status == 200, "should succeed: {} {}", answer.status, answer.body);
            expect(&answer.body, "credits_deducted", 0)?;
            let said = answer.body["credits"].as_i64();
            ensure!(said.is_some_and(|said| balances.contains(&said)), "{said:?} should be of {balances:?}");
        } else if !self.paid(1, answer, now)? {
            return Ok(false);
        }
        let question = &answer.body["question"];
        expect(question, "id", id)?;
        expect(question, "locked", false)?;
        expect(question, "answer", Value::Null)?;
        if !is_unlocked {
            self.unlock(id, false, now);
        }
        Ok(true)
    }

    fn submit(
        &mut self,
        id: &str,
        typed: Option<&str>,
        was_correct: Option<bool>,
        answer: &Answer,
    ) -> Result<bool, Wrong> {
        let by_letter = typed.filter(|_| id == CHOICE.0).map(|letter| letter == CHOICE.1);
        let Some(correct) = by_letter.or(was_correct) else {
            return problem(answer, 422, "invalid_field").map(|()| false);
        };
        let unlocked = self.stored.unlocked.get_mut(id).ok_or("locked")?;
        unlocked.attempts += 1;
        unlocked.right += u32::from(correct);
        unlocked.is_solved = true;
        ensure!(answer.status == 200, "should be marked: {} {}", answer.status, answer.body);
        expect(&answer.body, "correct", correct)?;
        expect(&answer.body, "graded_by", if by_letter.is_some() { "options" } else { "self" })?;
        expect(&answer.body, "attempts", unlocked.attempts)?;
        let rate = f64::from(unlocked.right) / f64::from(unlocked.attempts);
        let said = answer.body["accuracy_rate"].as_f64();
        ensure!(said.is_some_and(|said| (said - rate).abs() < 0.005_001), "{said:?} should be {rate}");
        Ok(true)
    }
}
