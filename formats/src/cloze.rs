//! Gaps in a text, as Moodle writes embedded answers: `{2:SHORTANSWER:=Newton~%50%Isaac}`.

use std::fmt::Write as _;
use std::ops::Range;

use crate::accepted_forms::{numeric_form, share, short_answer_form};
use crate::reading::OPTIONS_MAX;
use crate::{Accepted, Answer, Choice, Part};

/// The longest gap, in bytes.
const GAP_BYTES_MAX: usize = 32 << 10;

/// A text whose gaps were taken out.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Cloze {
    /// With `[gap 1]` in the place of the first gap.
    pub(crate) text: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) warnings: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Choice { several: bool },
    Short { match_case: bool },
    Numerical,
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "MULTICHOICE" | "MC" | "MULTICHOICE_S" | "MCS" | "MULTICHOICE_V" | "MCV" | "MULTICHOICE_VS" | "MCVS"
        | "MULTICHOICE_H" | "MCH" | "MULTICHOICE_HS" | "MCHS" => Kind::Choice { several: false },
        "MULTIRESPONSE" | "MR" | "MULTIRESPONSE_S" | "MRS" | "MULTIRESPONSE_H" | "MRH" | "MULTIRESPONSE_HS"
        | "MRHS" => Kind::Choice { several: true },
        "SHORTANSWER" | "SA" | "MW" => Kind::Short { match_case: false },
        "SHORTANSWER_C" | "SAC" | "MWC" => Kind::Short { match_case: true },
        "NUMERICAL" | "NM" => Kind::Numerical,
        _ => return None,
    })
}

struct Gap {
    kind: Kind,
    points: f64,
    alternatives: Range<usize>,
    end: usize,
}

/// Whether the text inside braces begins as a gap does.
pub(crate) fn begins_gap(inside: &str) -> bool {
    head(inside).is_some()
}

/// Kind, points and length of `2:SHORTANSWER:`.
fn head(inside: &str) -> Option<(Kind, f64, usize)> {
    let start = inside.len() - inside.trim_start().len();
    let text = &inside[start..];
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 6 {
        return None;
    }
    let after = text[digits..].strip_prefix(':')?;
    let length = after.bytes().take(24).position(|byte| byte == b':')?;
    let name = after[..length].trim().to_ascii_uppercase();
    let points = if digits == 0 { 1.0 } else { text[..digits].parse().ok()? };
    Some((kind(&name)?, points, start + digits + length + 2))
}

fn gap_at(text: &str, open: usize) -> Option<Gap> {
    let inside = &text[open + 1..];
    let (kind, points, length) = head(inside)?;
    let start = open + 1 + length;
    let mut depth = 0_usize;
    // Braces of a formula, `\{`. Moodle wants `\}` for each closing brace: then it ends the pair of a plain `{`.
    let mut escaped = 0_usize;
    let mut at = start;
    let bytes = text.as_bytes();
    let last = bytes.len().min(start + GAP_BYTES_MAX);
    while at < last {
        match bytes[at] {
            b'\\' => {
                match bytes.get(at + 1) {
                    Some(b'{') => escaped += 1,
                    Some(b'}') if escaped > 0 => escaped -= 1,
                    Some(b'}') => depth = depth.saturating_sub(1),
                    _ => {}
                }
                at += 1;
            }
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(Gap { kind, points, alternatives: start..at, end: at + 1 }),
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Takes the gaps out of a text. `convert` turns the source of an alternative or a feedback into text.
pub(crate) fn take_gaps(text: &str, convert: &mut impl FnMut(&str) -> String) -> Cloze {
    let mut out = Cloze::default();
    let mut from = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('{') {
        let open = at + found;
        at = open + 1;
        let Some(gap) = gap_at(text, open) else { continue };
        out.text.push_str(&text[from..open]);
        let number = out.parts.len() + 1;
        let _ = write!(out.text, "[gap {number}]");
        let (answer, warnings) = answer(gap.kind, &text[gap.alternatives], convert);
        out.warnings.extend(warnings.into_iter().map(|warning| format!("Gap {number}: {warning}")));
        out.parts.push(Part { is_gap: true, answer, points: Some(gap.points), ..Part::default() });
        at = gap.end;
        from = at;
    }
    out.text.push_str(&text[from..]);
    out
}

struct Alternative {
    /// From -1 to 1.
    fraction: f64,
    /// Before conversion.
    source: String,
    feedback: Option<String>,
}

fn answer(kind: Kind, source: &str, convert: &mut impl FnMut(&str) -> String) -> (Answer, Vec<String>) {
    let mut warnings = Vec::new();
    let mut alternatives: Vec<Alternative> = Vec::new();
    for piece in split(source, b'~') {
        let piece = piece.trim();
        let (fraction, rest) = fraction(piece);
        let mut fields = split(rest, b'#').into_iter();
        let source = fields.next().unwrap_or_default().trim().to_owned();
        let feedback = fields.next().map(|feedback| convert(feedback.trim())).filter(|text| !text.is_empty());
        if !source.is_empty() {
            alternatives.push(Alternative { fraction, source, feedback });
        }
    }
    if alternatives.iter().all(|alternative| alternative.fraction <= 0.0)
        && let [only] = alternatives.as_mut_slice()
    {
        only.fraction = 1.0;
        warnings.push(format!("`{}` has no `=`; it was taken as right.", only.source));
    }
    if !alternatives.iter().any(|alternative| alternative.fraction > 0.0) {
        warnings.push("no answer is right; the student marks it.".to_owned());
        return (Answer::Open, warnings);
    }
    match kind {
        Kind::Choice { several } => {
            if alternatives.len() > OPTIONS_MAX {
                warnings.push(format!("only the first {OPTIONS_MAX} options are kept."));
                alternatives.truncate(OPTIONS_MAX);
            }
            let weighted = alternatives.iter().any(|one| one.fraction.abs() < 1.0 && one.fraction != 0.0);
            let best = alternatives.iter().map(|one| one.fraction).fold(0.0, f64::max);
            let options = alternatives
                .into_iter()
                .map(|one| Choice {
                    text: convert(&one.source),
                    is_right: if several { one.fraction > 0.0 } else { one.fraction > 0.0 && one.fraction >= best },
                    weight: weighted.then_some(one.fraction),
                    feedback: one.feedback,
                })
                .collect();
            (Answer::Choice { options, several, weighted }, warnings)
        }
        Kind::Short { .. } | Kind::Numerical => {
            let mut accepted = Vec::new();
            for one in alternatives.into_iter().filter(|one| one.fraction > 0.0) {
                let text = convert(&one.source);
                let (form, unit) = if let Kind::Short { match_case } = kind {
                    (Some(short_answer_form(&text, match_case)), None)
                } else {
                    numeric_form(&text)
                };
                let Some(form) = form else {
                    warnings.push(format!("`{text}` is no number; it was left out."));
                    continue;
                };
                accepted.push(Accepted { form, fraction: one.fraction, unit, feedback: one.feedback });
            }
            // The answer to show is the best one.
            accepted.sort_by(|a, b| b.fraction.total_cmp(&a.fraction));
            if accepted.is_empty() { (Answer::Open, warnings) } else { (Answer::Accepted(accepted), warnings) }
        }
    }
}

/// The fraction before an alternative, and the rest.
fn fraction(piece: &str) -> (f64, &str) {
    if let Some(rest) = piece.strip_prefix('=') {
        return (1.0, rest);
    }
    if let Some(rest) = piece.strip_prefix('%')
        && let Some((percent, rest)) = rest.split_once('%')
        && let Some(share) = share(percent)
    {
        return (share, rest);
    }
    (0.0, piece)
}

/// Splits at a separator that has no backslash and is no part of an entity such as `&#39;`.
fn split(text: &str, separator: u8) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < bytes.len() {
        if bytes[at] == b'\\' {
            at += 2;
            continue;
        }
        if bytes[at] == separator && !(separator == b'#' && at > 0 && bytes[at - 1] == b'&') {
            pieces.push(&text[from..at]);
            from = at + 1;
        }
        at += 1;
    }
    pieces.push(&text[from..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decimal, Form, Tolerance};

    fn taken(text: &str) -> Cloze {
        take_gaps(text, &mut |source| source.replace("\\}", "}").replace("\\~", "~"))
    }

    #[test]
    fn gaps_have_points_and_answers() {
        let cloze = taken(
            "Ice {1:NUMERICAL:=0:0.1} °C, {3:NM:%100%100:1~%50%90:5#near} °C {:SA:=Newton#yes~isaac~%50%*newton*}.",
        );
        assert_eq!(cloze.text, "Ice [gap 1] °C, [gap 2] °C [gap 3].");
        assert_eq!(cloze.parts.iter().map(|part| part.points).collect::<Vec<_>>(), [Some(1.0), Some(3.0), Some(1.0)]);
        let Answer::Accepted(second) = &cloze.parts[1].answer else { panic!() };
        assert_eq!(
            second[0].form,
            Form::Number {
                value: Decimal::parse("100").unwrap(),
                tolerance: Tolerance::Absolute(Decimal::parse("1").unwrap())
            }
        );
        assert_eq!((second[1].fraction, second[1].feedback.as_deref()), (0.5, Some("near")));
        let Answer::Accepted(third) = &cloze.parts[2].answer else { panic!() };
        assert_eq!(third.len(), 2);
        assert_eq!(third[1].form, Form::Text { text: "*newton*".into(), match_case: false, has_wildcards: true });
    }

    #[test]
    fn every_kind_has_its_aliases() {
        for (name, expected) in [
            ("MCV", Kind::Choice { several: false }),
            ("MULTICHOICE_HS", Kind::Choice { several: false }),
            ("MRH", Kind::Choice { several: true }),
            ("MULTIRESPONSE", Kind::Choice { several: true }),
            ("MW", Kind::Short { match_case: false }),
            ("SAC", Kind::Short { match_case: true }),
            ("NM", Kind::Numerical),
        ] {
            assert_eq!(kind(name), Some(expected), "{name}");
        }
        assert_eq!(taken("{1:REGEXP:=a} {x} {a:b:c}").parts, []);
    }

    #[test]
    fn an_equals_sign_inside_an_alternative_is_text() {
        let cloze = taken("{1:mc:x=1~=x=2#yes, \\} it is~%-50%$\\frac{1}{2}$}!");
        assert_eq!(cloze.text, "[gap 1]!");
        let Answer::Choice { options, several: false, weighted: true } = &cloze.parts[0].answer else { panic!() };
        let texts: Vec<_> =
            options.iter().map(|option| (option.text.as_str(), option.is_right, option.weight)).collect();
        assert_eq!(texts, [("x=1", false, Some(0.0)), ("x=2", true, Some(1.0)), ("$\\frac{1}{2}$", false, Some(-0.5))]);
        assert_eq!(options[1].feedback.as_deref(), Some("yes, } it is"));
    }

    #[test]
    fn braces_of_formulas_end_no_gap() {
        for (source, text) in [
            (r"{1:SA:=\frac{1\}{2\}} and", r"\frac{1}{2}"),
            (r"{1:SA:=\frac{\{1\}}{2}} and", r"\frac{\{1}}{2}"),
            (r"{1:SA:=\left\{ x} and", r"\left\{ x"),
        ] {
            let cloze = taken(source);
            assert_eq!(cloze.text, "[gap 1] and", "{source}");
            let Answer::Accepted(list) = &cloze.parts[0].answer else { panic!() };
            assert_eq!(list[0].form, Form::Text { text: text.into(), match_case: false, has_wildcards: false });
        }
    }

    #[test]
    fn gaps_without_a_right_answer_are_reported() {
        assert_eq!(taken("{1:SA:Berlin}").warnings, ["Gap 1: `Berlin` has no `=`; it was taken as right."]);
        assert_eq!(taken("{1:MC:a~b}").parts[0].answer, Answer::Open);
        assert_eq!(taken("{1:NM:=abc}").warnings, ["Gap 1: `abc` is no number; it was left out."]);
        assert_eq!(taken("never closed {1:NM:=1").parts, []);
    }
}
