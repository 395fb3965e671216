//! LaTeX of the class `exam`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Written;
use super::html::{Mark, formula, mark};
use super::listing::label;
use super::lost::{Lost, best};
use super::tex_signs;
use crate::ours::{letter, parts_with_options, shown};
use crate::{Accepted, Answer, Bank, Choice, Exam, Figure, Form, Part, Question, Remark, Tolerance};

/// Writes a bank.
#[must_use]
pub fn exam_tex(bank: &Bank, with_answers: bool) -> Written {
    let mut written = Written::default();
    let mut body = String::new();
    let mut topic = String::new();
    for (position, question) in (1..).zip(&bank.questions) {
        let own = question.topic.as_deref().unwrap_or_default();
        if own != topic {
            let _ = write!(body, "\\fullwidth{{\\section*{{{}}}}}\n\n", line(own));
            own.clone_into(&mut topic);
        }
        let mut lost = Lost::new(&question.place, &mut written.lost);
        lost.say_if(
            question.number != Some(position),
            "The class numbers the questions of a file from 1; the number on the exam is left out.",
        );
        Writer { out: &mut body, question, with_answers, lost: &mut lost }.question();
    }
    let mut head = String::new();
    match bank.exams.as_slice() {
        [exam] => push_title(&mut head, exam),
        [] => {}
        exams => written.lost.push(Remark {
            place: crate::Place::default(),
            text: format!("A file of LaTeX has one exam; the titles of {} exams are left out.", exams.len()),
        }),
    }
    let signs: BTreeSet<char> = body.chars().chain(head.chars()).filter(|sign| !sign.is_ascii()).collect();
    let (declarations, unknown) = tex_signs::declarations(&signs);
    if !unknown.is_empty() {
        let text = format!("pdflatex has no sign for {unknown}; each is shown as a box.");
        written.lost.push(Remark { place: crate::Place::default(), text });
    }
    let macros: String = bank.macros.iter().map(|(name, body)| macro_definition(name, body)).collect();
    let options = if with_answers { "addpoints,answers" } else { "addpoints" };
    written.bytes = format!(
        "\\documentclass[{options}]{{exam}}\n\
         \\usepackage[utf8]{{inputenc}}\n\\usepackage[T1]{{fontenc}}\n\\usepackage{{textcomp,amsmath,amssymb,graphicx}}\n\
         {declarations}{macros}{head}\\begin{{document}}\n\
         \\begin{{center}}\nPoints: \\numpoints\n\\end{{center}}\n\n\
         \\begin{{questions}}\n\n{body}\\end{{questions}}\n\\end{{document}}\n"
    )
    .into_bytes();
    written
}

/// The definition of a macro, whether or not LaTeX has one of this name.
fn macro_definition(name: &str, body: &str) -> String {
    let arguments = (1..=9).rev().find(|number| body.contains(&format!("#{number}"))).unwrap_or(0);
    let count = if arguments == 0 { String::new() } else { format!("[{arguments}]") };
    let name = name.trim_start_matches('\\');
    format!("\\providecommand{{\\{name}}}{{}}\\renewcommand{{\\{name}}}{count}{{{body}}}\n")
}

fn push_title(head: &mut String, exam: &Exam) {
    let year = exam.year.map(|year| year.to_string());
    let words = [exam.semester.as_deref(), year.as_deref(), exam.kind.as_deref()];
    let date: Vec<&str> = words.into_iter().flatten().collect();
    let _ = write!(head, "\\title{{{}}}\n\\date{{{}}}\n", line(&exam.title), line(&date.join(" ")));
}

struct Writer<'a, 'b> {
    out: &'a mut String,
    question: &'a Question,
    with_answers: bool,
    lost: &'a mut Lost<'b>,
}

impl Writer<'_, '_> {
    fn question(&mut self) {
        self.say_lost();
        let question = self.question;
        if let Some(id) = &question.place.id {
            let _ = writeln!(self.out, "% {}", id.replace(['\n', '\r'], " "));
        }
        let parts = parts_with_options(question);
        let expanded =
            question.parts.iter().any(|part| matches!(part.answer, Answer::Matching { .. } | Answer::Ordering(_)));
        self.lost.say_if(expanded, "The class has no matching and no ordering; each pair and each place is a part.");
        let are_gaps = !parts.is_empty() && parts.iter().all(|part| part.is_gap && Self::is_fillin(&part.answer));
        if are_gaps {
            return self.gaps(&parts);
        }
        match parts.as_slice() {
            [] => self.single(&Part::default()),
            [only] if !only.is_gap && only.text.is_empty() => self.single(only),
            parts => self.parts(parts),
        }
    }

    fn say_lost(&mut self) {
        let question = self.question;
        let mut fields = Vec::new();
        for (name, is_there) in [
            ("category", question.category.is_some()),
            ("techniques", !question.techniques.is_empty()),
            ("tags", !question.tags.is_empty()),
            ("difficulty", question.difficulty.is_some()),
            ("minutes", question.minutes.is_some()),
            ("hints", question.parts.iter().any(|part| part.hint.is_some())),
        ] {
            if is_there {
                fields.push(name);
            }
        }
        fields.extend(question.extra.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "bonus_points"));
        if !fields.is_empty() {
            self.lost
                .say(format!("The class has no place for these fields; they are left out: {}.", fields.join(", ")));
        }
        self.lost.say_if(
            !question.figures.is_empty(),
            "Pictures are named and not included; their files must lie beside the file.",
        );
    }

    fn is_fillin(answer: &Answer) -> bool {
        matches!(answer, Answer::Open | Answer::Accepted(_))
    }

    fn text(&self, text: &str) -> String {
        tex(text, &mut |mark| match mark {
            Mark::Figure(number) => {
                let figure = self.question.figures.get(number.checked_sub(1)?)?;
                Some(format!("\\includegraphics[width=0.5\\textwidth]{{{}}}", file_name(figure, number)))
            }
            Mark::Gap(_) => None,
        })
    }

    /// `\question[2]` or `\bonuspart`, with what follows on its line.
    fn begin(&mut self, name: &str, points: Option<f64>, text: &str) {
        let bracket = points.map_or_else(String::new, |points| {
            let (shown, is_exact) = half_points(points);
            self.lost.say_if(!is_exact, "The class counts in half points; points are rounded to them.");
            format!("[{shown}]")
        });
        // A bracket in the text is no number of points.
        let guard = if text.starts_with('[') && bracket.is_empty() { "{}" } else { "" };
        let _ = writeln!(self.out, "\\{name}{bracket}{guard} {text}");
    }

    fn begin_question(&mut self, points: Option<f64>, text: &str) {
        let bonus = if self.question.is_bonus { "bonus" } else { "" };
        match &self.question.title {
            Some(title) => {
                let name = format!("{bonus}titledquestion{{{}}}", line(title));
                self.begin(&name, points, text);
            }
            None => self.begin(&format!("{bonus}question"), points, text),
        }
    }

    fn solution(&mut self, texts: &[&str]) {
        let texts: Vec<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
        if self.with_answers && !texts.is_empty() {
            let text = self.text(&texts.join("\n"));
            let guard = if text.starts_with('[') { "{}" } else { "" };
            let _ = writeln!(self.out, "\\begin{{solution}}\n{guard}{text}\n\\end{{solution}}");
        }
    }

    /// The solution of a part, with what its options and answers say to the student.
    fn own_solution(part: &Part) -> Vec<String> {
        let mut lines: Vec<String> = part.solution.iter().cloned().collect();
        match &part.answer {
            Answer::Choice { options, .. } => {
                let said =
                    options.iter().enumerate().filter_map(|(index, option)| Some((index, option.feedback.as_ref()?)));
                lines.extend(said.map(|(index, text)| format!("{}: {text}", letter(index))));
            }
            Answer::Accepted(list) => {
                lines.extend(list.iter().filter_map(|one| Some(format!("{}: {}", shown(one), one.feedback.as_ref()?))));
            }
            _ => {}
        }
        lines
    }

    fn single(&mut self, part: &Part) {
        let text = self.text(&self.question.stem);
        self.begin_question(part.points, &text);
        self.other_figures();
        self.answer(&part.answer);
        let own = Self::own_solution(part);
        let mut solutions = vec![self.question.solution.as_deref().unwrap_or_default()];
        solutions.extend(own.iter().map(String::as_str));
        self.solution(&solutions);
        self.out.push('\n');
    }

    fn gaps(&mut self, parts: &[Part]) {
        let question = self.question;
        let pointed: Vec<f64> = parts.iter().filter_map(|part| part.points).collect();
        let sum: f64 = pointed.iter().sum();
        let are_equal = pointed.len() == parts.len() && pointed.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-9);
        self.lost.say_if(!pointed.is_empty() && !are_equal, "Gaps have equal points in the class; here they differ.");
        let fillins: Vec<String> = parts.iter().map(|part| self.fillin(part)).collect();
        let mut seen = vec![false; parts.len()];
        let mut text = tex(&question.stem, &mut |mark| match mark {
            Mark::Gap(number) => {
                let index = number.checked_sub(1)?;
                *seen.get_mut(index)? = true;
                fillins.get(index).cloned()
            }
            Mark::Figure(number) => {
                let figure = question.figures.get(number.checked_sub(1)?)?;
                Some(format!("\\includegraphics[width=0.5\\textwidth]{{{}}}", file_name(figure, number)))
            }
        });
        for (fillin, _) in fillins.iter().zip(&seen).filter(|(_, is_seen)| !**is_seen) {
            let _ = write!(text, " {fillin}");
        }
        self.begin_question((!pointed.is_empty()).then_some(sum), &text);
        self.other_figures();
        let own: Vec<String> = parts.iter().flat_map(Self::own_solution).collect();
        let mut solutions = vec![question.solution.as_deref().unwrap_or_default()];
        solutions.extend(own.iter().map(String::as_str));
        self.solution(&solutions);
        self.out.push('\n');
    }

    fn fillin(&mut self, part: &Part) -> String {
        match &part.answer {
            Answer::Accepted(list) if self.with_answers => format!("\\fillin[{}]{{}}", self.key(list)),
            _ => "\\fillin{}".to_owned(),
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        let question = self.question;
        self.lost.say_if(parts.iter().any(|part| part.is_gap), "A gap with options is a part of its own.");
        let text = self.text(&question.stem);
        self.begin_question(None, &text);
        self.other_figures();
        self.solution(&[question.solution.as_deref().unwrap_or_default()]);
        self.out.push_str("\\begin{parts}\n");
        let bonus = self.bonus_part(parts);
        for (index, part) in parts.iter().enumerate() {
            let text = match part.text.as_str() {
                "" if part.is_gap => format!("Gap {}", index + 1),
                "" => label(index),
                text => self.text(text),
            };
            let is_bonus = question.is_bonus || bonus == Some(index);
            self.begin(if is_bonus { "bonuspart" } else { "part" }, part.points, &text);
            self.answer(&part.answer);
            let own = Self::own_solution(part);
            let own: Vec<&str> = own.iter().map(String::as_str).collect();
            self.solution(&own);
        }
        self.out.push_str("\\end{parts}\n\n");
    }

    /// The part that is a bonus, where the question as a whole is none.
    fn bonus_part(&mut self, parts: &[Part]) -> Option<usize> {
        let (_, points) = self.question.extra.iter().find(|(name, _)| name == "bonus_points")?;
        let points: f64 = points.parse().ok()?;
        let mut same = (0..parts.len()).filter(|index| parts[*index].points == Some(points));
        let found = same.next().filter(|_| same.next().is_none());
        self.lost.say_if(found.is_none(), "It is not known which parts are a bonus; all of them count.");
        found
    }

    fn other_figures(&mut self) {
        let question = self.question;
        for (index, figure) in question.figures.iter().enumerate() {
            let mark = format!("[figure {}]", index + 1);
            let has = |text: &str| text.contains(&mark);
            let is_shown = has(&question.stem)
                || question.solution.as_deref().is_some_and(has)
                || question.parts.iter().any(|part| has(&part.text) || part.solution.as_deref().is_some_and(has))
                || question.parts.iter().any(|part| matches!(&part.answer, Answer::Choice { options, .. } if options.iter().any(|one| has(&one.text))));
            if !is_shown {
                let name = file_name(figure, index + 1);
                let _ = write!(self.out, "\n\\includegraphics[width=0.5\\textwidth]{{{name}}}\n");
            }
        }
    }

    fn answer(&mut self, answer: &Answer) {
        match answer {
            Answer::Accepted(list) if self.with_answers => {
                let key = self.key(list);
                let _ = writeln!(self.out, "\\answerline[{key}]");
            }
            Answer::Accepted(_) => self.out.push_str("\\answerline\n"),
            Answer::Choice { options, several, weighted } => self.choice(options, *several, *weighted),
            Answer::Open | Answer::Matching { .. } | Answer::Ordering(_) => {}
        }
    }

    fn choice(&mut self, options: &[Choice], several: bool, weighted: bool) {
        self.lost.say_if(weighted, "The class has no weights of options; they are left out.");
        let name = if several { "checkboxes" } else { "choices" };
        let _ = writeln!(self.out, "\\begin{{{name}}}");
        for option in options {
            let text = if option.text.is_empty() { "(empty)".to_owned() } else { self.text(&option.text) };
            let guard = if text.starts_with('[') { "{}" } else { "" };
            let command = if self.with_answers && option.is_right { "CorrectChoice" } else { "choice" };
            let _ = writeln!(self.out, "  \\{command} {guard}{text}");
        }
        let _ = writeln!(self.out, "\\end{{{name}}}");
    }

    /// The answer to show.
    fn key(&mut self, list: &[Accepted]) -> String {
        self.lost.say_if(list.len() > 1, "The class has one answer; further accepted answers are left out.");
        for one in list {
            let is_rule = match &one.form {
                Form::Text { match_case, has_wildcards, .. } => *match_case || *has_wildcards,
                Form::Number { tolerance, .. } => *tolerance != Tolerance::Unsaid,
                Form::Range { .. } => true,
            };
            self.lost
                .say_if(is_rule, "The class has no tolerance, range, pattern or case of answers; they are left out.");
            self.lost
                .say_if(one.fraction < 1.0, "The class has no answers that are worth less; the share is left out.");
        }
        let text = best(list).map(shown).unwrap_or_default();
        self.lost.say_if(text.contains('\n'), "The answer has several lines; they are one.");
        let text = line(&text);
        if text.contains(['[', ']']) { format!("{{{text}}}") } else { text }
    }
}

/// Points as the class counts them, and whether they are the same.
fn half_points(points: f64) -> (String, bool) {
    let halves = (points * 2.0).round().max(0.0);
    let is_exact = (points * 2.0 - halves).abs() < 1e-6;
    let whole = (halves / 2.0).floor();
    let has_half = halves % 2.0 > 0.5;
    let shown = match (whole > 0.0, has_half) {
        (true, true) => format!("{whole}\\half"),
        (false, true) => "\\half".to_owned(),
        (_, false) => whole.to_string(),
    };
    (shown, is_exact)
}

/// The file of a picture, with letters that LaTeX takes in a name.
fn file_name(figure: &Figure, number: usize) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-' | '/' | ' ');
    if !figure.source.trim().is_empty() && figure.source.chars().all(is_plain) {
        return figure.source.clone();
    }
    let kind = match figure.bytes.as_deref() {
        Some([0x89, b'P', ..]) => "png",
        Some([0xff, 0xd8, ..]) => "jpg",
        Some(_) => "svg",
        None => figure.source.rsplit_once('.').map_or("png", |(_, kind)| {
            if kind.len() < 5 && kind.chars().all(|c| c.is_ascii_alphanumeric()) { kind } else { "png" }
        }),
    };
    format!("figure-{number}.{kind}")
}

/// A text on one line.
fn line(text: &str) -> String {
    tex(&text.replace('\n', " "), &mut |_| None)
}

/// A text as LaTeX. `instead` returns what stands for a mark.
fn tex(text: &str, instead: &mut dyn FnMut(Mark) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        match next {
            '\\' if rest.starts_with("\\$") => {
                out.push_str("\\$");
                length = 2;
            }
            '$' => match formula(rest).and_then(|(latex, is_display, end)| Some((math(latex)?, is_display, end))) {
                Some((latex, is_display, end)) => {
                    let (open, close) = if is_display { ("\\[", "\\]") } else { ("$", "$") };
                    let _ = write!(out, "{open}{latex}{close}");
                    length = end;
                    if is_display && rest[end..].starts_with('\n') {
                        out.push('\n');
                        length += 1;
                    }
                }
                None => out.push_str("\\$"),
            },
            '[' => match mark(rest).and_then(|(mark, end)| Some((instead(mark)?, end))) {
                Some((shown, end)) => {
                    out.push_str(&shown);
                    length = end;
                }
                None => out.push('['),
            },
            '^' | '_' => match script(rest) {
                Some(inner) => {
                    let name = if next == '^' { "textsuperscript" } else { "textsubscript" };
                    let _ = write!(out, "\\{name}{{{}}}", tex(inner, instead));
                    length = inner.len() + 3;
                }
                None => push_letter(&mut out, next),
            },
            '\n' => {
                // A display formula ends its line by itself.
                out.push_str(if out.ends_with('\n') { "" } else { "\n\n" });
            }
            // Blanks that count.
            ' ' if rest[1..].starts_with(' ') || out.is_empty() || out.ends_with(['\n', '~', ' ']) => out.push('~'),
            _ => push_letter(&mut out, next),
        }
        rest = &rest[length..];
    }
    out
}

/// The text between the braces after `^` or `_`, if it has neither braces nor formulas.
fn script(text: &str) -> Option<&str> {
    let inside = text[1..].strip_prefix('{')?;
    let inner = &inside[..inside.find('}')?];
    (!inner.is_empty() && inner.trim() == inner && !inner.contains(['{', '\\', '$', '\n', '['])).then_some(inner)
}

fn push_letter(out: &mut String, next: char) {
    // Two of these are another sign.
    if matches!(next, '-' | '\'' | '<' | '>' | ',') && out.ends_with(next) {
        out.push_str("{}");
    }
    match next {
        '\\' => out.push_str("\\textbackslash{}"),
        '~' => out.push_str("\\textasciitilde{}"),
        '^' => out.push_str("\\textasciicircum{}"),
        '`' => out.push_str("\\textasciigrave{}"),
        '{' | '}' | '#' | '%' | '&' | '_' => out.extend(['\\', next]),
        '\0'..='\u{1f}' | '\u{7f}' => out.push(' '),
        _ => out.push(next),
    }
}

/// A formula that LaTeX can read: its braces are balanced, and `%` and `#` have a backslash.
fn math(latex: &str) -> Option<String> {
    let mut out = String::with_capacity(latex.len());
    let mut depth = 0_usize;
    let mut letters = latex.chars();
    while let Some(next) = letters.next() {
        match next {
            '\\' => {
                out.push('\\');
                out.push(letters.next().unwrap_or(' '));
                continue;
            }
            '{' => depth += 1,
            '}' => depth = depth.checked_sub(1)?,
            '%' | '#' => out.push('\\'),
            _ => {}
        }
        out.push(if next.is_control() { ' ' } else { next });
    }
    (depth == 0).then_some(out)
}
