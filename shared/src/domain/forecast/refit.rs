//! The forecast computed directly from its formulas, refitted for every exam; the incremental sums must give the same
//! result.

use super::PastExam;
use super::beta::ln_gamma;
use super::experts::{EXPERTS, HALF_LIVES};

/// Topics, and by topic the probability that the mixture gives it at `now`.
pub(super) fn refit(exams: &[PastExam], now: f64) -> Vec<(usize, f64)> {
    let history = earlier(exams, now);
    let experts = experts(&history, now);
    let weights = weights(&history);
    let flat = 0.5_f64.powi(i32::try_from(history.len()).unwrap());
    let topics = seen(&history).into_iter().enumerate();
    topics
        .map(|(index, topic)| {
            let mixture: f64 = weights.iter().zip(&experts).map(|(weight, expert)| weight * expert[index]).sum();
            (topic, (1.0 - flat) * mixture + flat * 0.5)
        })
        .collect()
}

fn earlier(exams: &[PastExam], now: f64) -> Vec<PastExam> {
    exams.iter().filter(|exam| exam.time.floor() < now.floor()).cloned().collect()
}

fn seen(history: &[PastExam]) -> Vec<usize> {
    let mut topics: Vec<usize> = history.iter().flat_map(|exam| exam.topics.clone()).collect();
    topics.sort_unstable();
    topics.dedup();
    topics
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// The part of the next exam for topics never asked, as a share and in questions: the discounted questions.
pub(super) fn left(exams: &[PastExam], now: f64) -> [f64; 2] {
    let history = earlier(exams, now);
    let weights = &weights(&history)[..HALF_LIVES.len()];
    let mut left = [0.0; 2];
    for (h, expert) in HALF_LIVES.iter().zip(weights) {
        let sum =
            |of: &dyn Fn(&PastExam) -> f64| -> f64 { history.iter().map(|e| weight(*h, now, e.time) * of(e)).sum() };
        let asked = sum(&|exam| float(exam.topics.len()));
        let discounted: f64 = seen(&history).iter().map(|topic| 0.5 * weight(*h, now, first(&history, *topic))).sum();
        let share = expert / weights.iter().sum::<f64>() * discounted / (5.0 + asked);
        left[0] += share;
        left[1] += share * asked / sum(&|_| 1.0);
    }
    left
}

fn weight(half_life: f64, now: f64, time: f64) -> f64 {
    2.0_f64.powf(-(now - time) / half_life)
}

/// When a topic was asked first.
fn first(history: &[PastExam], topic: usize) -> f64 {
    history.iter().filter(|exam| exam.topics.contains(&topic)).map(|exam| exam.time).fold(f64::INFINITY, f64::min)
}

/// By expert, by topic.
fn experts(history: &[PastExam], now: f64) -> Vec<Vec<f64>> {
    let topics = seen(history);
    let count = |exam: &PastExam, topic: usize| float(exam.topics.iter().filter(|asked| **asked == topic).count());
    let on = |exam: &PastExam, topic: usize| if exam.topics.contains(&topic) { 1.0 } else { 0.0 };
    let sum = |h: f64, of: &dyn Fn(&PastExam) -> f64| -> f64 {
        history.iter().map(|exam| weight(h, now, exam.time) * of(exam)).sum()
    };
    let on_first = |h: f64, topic: usize| weight(h, now, first(history, topic));
    let counts = HALF_LIVES.iter().map(|h| {
        let asked = |topic: usize| sum(*h, &|exam| count(exam, topic)) - 0.5 * on_first(*h, topic);
        let alphas: Vec<f64> = topics.iter().map(|topic| 5.0 / float(topics.len()) + asked(*topic)).collect();
        let questions = sum(*h, &|exam| float(exam.topics.len()));
        let total = 5.0 + questions;
        let n = questions / sum(*h, &|_| 1.0);
        let absent = |alpha: &f64| {
            (ln_gamma(total - alpha + n) + ln_gamma(total) - ln_gamma(total - alpha) - ln_gamma(total + n)).exp()
        };
        alphas.iter().map(|alpha| 1.0 - absent(alpha)).collect()
    });
    let presence = HALF_LIVES.iter().map(|h| {
        let asked = |exam: &PastExam| topics.iter().map(|topic| on(exam, *topic)).sum::<f64>();
        let b = sum(*h, &asked) / (sum(*h, &|_| 1.0) * float(topics.len()));
        let with = |topic: usize| sum(*h, &|exam| on(exam, topic)) - 0.7 * on_first(*h, topic);
        topics.iter().map(|topic| (b + with(*topic)) / (1.0 + sum(*h, &|_| 1.0))).collect()
    });
    counts.chain(presence).chain([transitions(history)]).collect()
}

/// By topic, whether it comes after what the latest year had.
fn transitions(history: &[PastExam]) -> Vec<f64> {
    let mut years: Vec<f64> = history.iter().map(|exam| exam.time.floor()).collect();
    years.sort_by(f64::total_cmp);
    years.dedup();
    let share = |year: f64, topic: usize| {
        let exams: Vec<_> = history.iter().filter(|exam| exam.time.floor().total_cmp(&year).is_eq()).collect();
        let with = exams.iter().filter(|exam| exam.topics.contains(&topic)).count();
        float(with) / float(exams.len())
    };
    let [mut again, mut anew] = [[0.0; 2]; 2];
    for (place, pair) in years.windows(2).enumerate() {
        let weight = 0.9_f64.powf(float(years.len() - 2 - place));
        for topic in seen(&earlier(history, pair[1])) {
            let (before, now) = (share(pair[0], topic), share(pair[1], topic));
            again = [again[0] + weight * before * now, again[1] + weight * before];
            anew = [anew[0] + weight * (1.0 - before) * now, anew[1] + weight * (1.0 - before)];
        }
    }
    let [again, anew] = [again, anew].map(|[came, all]| (came + 1.0) / (all + 2.0));
    let latest = years.last().copied().unwrap_or_default();
    let comes = |topic| share(latest, topic) * again + (1.0 - share(latest, topic)) * anew;
    seen(history).into_iter().map(comes).collect()
}

fn weights(history: &[PastExam]) -> Vec<f64> {
    let mut log_weights = [0.0; EXPERTS];
    for exam in history {
        let before = earlier(history, exam.time);
        let later = float(history.iter().filter(|other| other.time > exam.time).count());
        let together = history.iter().filter(|other| other.time.total_cmp(&exam.time).is_eq()).count();
        // Among exams of one time, every order is equally likely.
        let discount = (0..together).map(|place| 0.9_f64.powf(later + float(place))).sum::<f64>() / float(together);
        for (log_weight, probabilities) in log_weights.iter_mut().zip(experts(&before, exam.time)) {
            let log_likelihoods = seen(&before).into_iter().zip(probabilities).map(|(topic, p)| {
                let p = if exam.topics.contains(&topic) { p } else { 1.0 - p };
                p.clamp(1e-6, 1.0 - 1e-6).ln()
            });
            *log_weight += discount * log_likelihoods.sum::<f64>();
        }
    }
    let eta = if history.len() < 10 { 0.25 } else { 1.0 };
    let best = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights = log_weights.map(|log_weight| (eta * (log_weight - best)).exp());
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}
