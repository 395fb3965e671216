//! The answers of each type of question.

use std::fmt::Write as _;

use super::{Item, cloze};
use crate::{
    Accepted, Answer, Choice, Form, Part, Question, Tolerance,
    write::{html::escaped, listing},
};

/// The type of a question in Moodle.
pub(super) enum Kind {
    Essay,
    /// The gaps, each in the form in which it stands in the text.
    Cloze(Vec<String>),
    TrueFalse,
    Choice,
    Short,
    Numerical,
    Matching,
    Ordering,
}

impl Kind {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Essay => "essay",
            Self::Cloze(_) => "cloze",
            Self::TrueFalse => "truefalse",
            Self::Choice => "multichoice",
            Self::Short => "shortanswer",
            Self::Numerical => "numerical",
            Self::Matching => "matching",
            Self::Ordering => "ordering",
        }
    }
}

/// Whether a question has no key, so that an essay says all of it.
pub(super) fn is_open(question: &Question) -> bool {
    matches!(question.parts.as_slice(), [part] if part.answer == Answer::Open)
}

/// The type that says most of a question.
pub(super) fn kind(question: &Question) -> Kind {
    let [part] = question.parts.as_slice() else { return parts(question) };
    if part.is_gap {
        return parts(question);
    }
    match &part.answer {
        Answer::Accepted(list) if is_numerical(list) => Kind::Numerical,
        Answer::Accepted(list) if list.iter().any(|one| one.fraction >= 1.0 && typed(one).is_some()) => Kind::Short,
        Answer::Choice { options, several: false, .. } if is_true_or_false(options) => Kind::TrueFalse,
        Answer::Choice { options, .. } if options.iter().any(|one| one.is_right) && options.len() > 1 => Kind::Choice,
        Answer::Matching { .. } => Kind::Matching,
        Answer::Ordering(texts) if texts.len() > 1 => Kind::Ordering,
        Answer::Open | Answer::Accepted(_) | Answer::Choice { .. } | Answer::Ordering(_) => Kind::Essay,
    }
}

/// What Moodle does not show of a question.
pub(super) fn lost(question: &Question, kind: &Kind) -> Option<&'static str> {
    let has_bounds =
        |one: &Accepted| !matches!(&one.form, Form::Text { .. } | Form::Number { tolerance: Tolerance::Unsaid, .. });
    match (kind, question.parts.first().map(|part| &part.answer)) {
        (Kind::Essay, _) if !is_open(question) => {
            Some("Moodle has no type for this question and shows an essay. Our import takes the question back.")
        }
        (Kind::Short, Some(Answer::Accepted(list))) if list.iter().any(has_bounds) => {
            Some("Moodle accepts no ranges and tolerances beside texts. Our import takes them back.")
        }
        _ => None,
    }
}

fn parts(question: &Question) -> Kind {
    cloze::gaps(question).map_or(Kind::Essay, Kind::Cloze)
}

/// Whether all answers are intervals. Moodle needs one that is worth all points.
pub(super) fn is_numerical(list: &[Accepted]) -> bool {
    let unit = list.first().and_then(|one| one.unit.as_ref());
    list.iter().all(|one| listing::interval(one).is_some() && one.unit.as_ref() == unit)
        && list.iter().any(|one| one.fraction >= 1.0)
}

fn is_true_or_false(options: &[Choice]) -> bool {
    matches!(options, [yes, no] if yes.text == "True" && no.text == "False" && yes.is_right != no.is_right
        && yes.weight.is_none() && no.weight.is_none())
}

/// An accepted answer as a student types it. A star that is no wildcard has a backslash.
pub(super) fn typed(accepted: &Accepted) -> Option<String> {
    let unit = accepted.unit.as_ref().map_or_else(String::new, |unit| format!(" {unit}"));
    match &accepted.form {
        Form::Text { text, has_wildcards: true, .. } => Some(text.clone()),
        Form::Text { text, .. } => Some(text.replace('*', "\\*")),
        Form::Number { value, .. } => Some(format!("{value}{unit}")),
        Form::Range { .. } => None,
    }
}

/// Whether letter case counts in any of the answers.
pub(super) fn is_case_sensitive(list: &[Accepted]) -> bool {
    list.iter().any(|one| matches!(one.form, Form::Text { match_case: true, .. }))
}

/// A share as Moodle writes it: 33.33333.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.5}", share * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// The share of each option in percent.
pub(super) fn shares(options: &[Choice], several: bool, weighted: bool) -> Vec<String> {
    let right = options.iter().filter(|one| one.is_right).count().max(1);
    let each = 1.0 / f64::from(u32::try_from(right).unwrap_or(u32::MAX));
    // Moodle wants the positive shares of several options to be 100 in sum.
    let sum: f64 = options.iter().filter_map(|one| one.weight).filter(|weight| *weight > 0.0).sum();
    let scale = if several && sum > 0.0 && (sum - 1.0).abs() > 1e-6 { 1.0 / sum } else { 1.0 };
    let share = |one: &Choice| match (one.weight.filter(|_| weighted), one.is_right, several) {
        (Some(weight), _, _) => (weight * scale).clamp(-1.0, 1.0),
        (None, true, true) => each,
        (None, true, false) => 1.0,
        // Who ticks everything gets nothing.
        (None, false, true) => -1.0,
        (None, false, false) => 0.0,
    };
    options.iter().map(|one| percent(share(one))).collect()
}

impl Item<'_> {
    pub(super) fn answers(&self, out: &mut String, kind: &Kind, with_answers: bool) {
        let Some(part) = self.question.parts.first() else { return };
        match (kind, &part.answer) {
            (Kind::Essay, _) => {
                out.push_str("<responseformat>editor</responseformat>\n<responserequired>1</responserequired>\n");
                out.push_str("<responsefieldlines>15</responsefieldlines>\n<attachments>0</attachments>\n");
                let key = listing::key(self.question);
                if with_answers && !key.is_empty() {
                    self.rich(out, "graderinfo", "", &key);
                }
            }
            (Kind::TrueFalse, Answer::Choice { options, .. }) => {
                for option in options {
                    let share = if option.is_right { "100" } else { "0" };
                    let text = option.text.to_lowercase();
                    let _ = write!(out, "<answer fraction=\"{share}\" format=\"plain_text\"><text>{text}</text>");
                    self.end_answer(out, option.feedback.as_ref());
                }
            }
            (Kind::Choice, Answer::Choice { options, several, weighted }) => {
                self.choice(out, options, *several, *weighted);
            }
            (Kind::Short, Answer::Accepted(list)) => {
                let usecase = u8::from(is_case_sensitive(list));
                let _ = writeln!(out, "<usecase>{usecase}</usecase>");
                for one in list {
                    if let Some(text) = typed(one) {
                        let share = percent(one.fraction);
                        let text = escaped(&text);
                        let _ = write!(out, "<answer fraction=\"{share}\" format=\"plain_text\"><text>{text}</text>");
                        self.end_answer(out, one.feedback.as_ref());
                    }
                }
            }
            (Kind::Numerical, Answer::Accepted(list)) => self.numerical(out, list),
            (Kind::Matching, Answer::Matching { pairs, distractors }) => {
                out.push_str("<shuffleanswers>true</shuffleanswers>\n");
                let pairs = pairs.iter().map(|(left, right)| (left.as_str(), right));
                for (left, right) in pairs.chain(distractors.iter().map(|right| ("", right))) {
                    out.push_str("<subquestion format=\"html\">");
                    self.inner(out, left, &|_| None);
                    out.push_str("<answer>");
                    self.inner(out, right, &|_| None);
                    out.push_str("</answer></subquestion>\n");
                }
            }
            (Kind::Ordering, Answer::Ordering(texts)) => {
                out.push_str("<layouttype>VERTICAL</layouttype>\n<selecttype>ALL</selecttype>\n");
                for (index, text) in texts.iter().enumerate() {
                    let _ = write!(out, "<answer fraction=\"{}\" format=\"html\">", index + 1);
                    self.inner(out, text, &|_| None);
                    out.push_str("</answer>\n");
                }
            }
            _ => {}
        }
    }

    /// The feedback of an answer, and the end of the answer.
    fn end_answer(&self, out: &mut String, feedback: Option<&String>) {
        if let Some(feedback) = feedback {
            self.rich(out, "feedback", "", feedback);
        }
        out.push_str("</answer>\n");
    }

    fn choice(&self, out: &mut String, options: &[Choice], several: bool, weighted: bool) {
        let shuffle = !self.question.extra.iter().any(|(name, value)| name == "shuffle" && value == "no");
        let _ = writeln!(out, "<single>{}</single>\n<shuffleanswers>{shuffle}</shuffleanswers>", !several);
        out.push_str("<answernumbering>ABCD</answernumbering>\n");
        for (option, share) in options.iter().zip(shares(options, several, weighted)) {
            let _ = write!(out, "<answer fraction=\"{share}\" format=\"html\">");
            self.inner(out, &option.text, &|_| None);
            self.end_answer(out, option.feedback.as_ref());
        }
    }

    fn numerical(&self, out: &mut String, list: &[Accepted]) {
        for one in list {
            let Some((value, tolerance)) = listing::interval(one) else { continue };
            let share = percent(one.fraction);
            let _ = write!(
                out,
                "<answer fraction=\"{share}\" format=\"plain_text\"><text>{value}</text><tolerance>{tolerance}</tolerance>"
            );
            self.end_answer(out, one.feedback.as_ref());
        }
        if let Some(unit) = list.first().and_then(|one| one.unit.as_ref()) {
            let name = escaped(unit);
            let _ =
                writeln!(out, "<units><unit><multiplier>1</multiplier><unit_name>{name}</unit_name></unit></units>");
            // A unit may be left out, as ours does.
            out.push_str("<unitgradingtype>0</unitgradingtype>\n<showunits>0</showunits>\n");
        }
    }
}

/// Whether the text of an accepted answer needs a field that a gap of a text has.
pub(super) fn is_gap_answer(part: &Part) -> bool {
    matches!(part.answer, Answer::Accepted(_) | Answer::Choice { .. })
}
