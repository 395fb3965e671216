//! Aiken: a stem, options with letters, and a line with the answer.

use crate::reading::{Figures, OPTIONS_MAX, place, remark};
use crate::{Answer, Bank, Choice, FormatError, Part, Question, decode, text};

/// Reads a file.
pub fn read(file: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
    let decoded = decode(bytes)?;
    let mut bank = Bank::default();
    bank.warnings.extend(decoded.warning.map(|warning| remark(file, 1, warning)));
    let mut draft = Draft::default();
    for (index, line) in decoded.text.lines().enumerate() {
        let number = index + 1;
        let line = line.trim();
        if line.is_empty() {
            draft.blank();
        } else if let Some(answer) = labelled(line, &["answer", "answers"]).filter(|_| !draft.stem.is_empty()) {
            let question = draft.finish(file, answer, &mut bank);
            match question {
                Ok(question) => bank.questions.push(question),
                Err(reason) => bank.refused.push(remark(file, draft.line, reason)),
            }
            draft = Draft { is_after_answer: true, ..Draft::default() };
        } else if let Some(feedback) = labelled(line, &["feedback", "explanation"]).filter(|_| draft.is_after_answer) {
            if let Some(question) = bank.questions.last_mut() {
                let feedback = text::plain_to_text(feedback);
                question.solution =
                    Some(question.solution.take().map_or(feedback.clone(), |old| format!("{old}\n{feedback}")));
            }
        } else {
            if draft.has_ended() && option(line, draft.options.len()).is_none() {
                bank.refused.push(remark(file, draft.line, "The question has no line `ANSWER:`."));
                draft = Draft::default();
            }
            draft.line(line, number);
        }
    }
    if !draft.stem.is_empty() {
        bank.refused.push(remark(file, draft.line, "The question has no line `ANSWER:`."));
    }
    Ok(bank)
}

/// What follows a label such as `ANSWER:`, in any case.
fn labelled<'a>(line: &'a str, labels: &[&str]) -> Option<&'a str> {
    let (label, rest) = line.split_once(':')?;
    labels.iter().any(|known| label.trim().eq_ignore_ascii_case(known)).then(|| rest.trim())
}

/// The text of the option that comes next, such as `A. text`, `b) text` or `(C) text`.
fn option(line: &str, index: usize) -> Option<&str> {
    let line = line.strip_prefix('(').unwrap_or(line);
    let mut characters = line.chars();
    let letter = characters.next()?.to_ascii_uppercase();
    let expected = u8::try_from(index)
        .ok()
        .filter(|index| usize::from(*index) < OPTIONS_MAX)
        .map(|index| char::from(b'A' + index));
    let sign = characters.next()?;
    let rest = characters.as_str();
    let is_label = matches!(sign, '.' | ')') && (rest.is_empty() || rest.starts_with(char::is_whitespace));
    (Some(letter) == expected && is_label).then(|| rest.trim())
}

#[derive(Default)]
struct Draft {
    /// Line of the first text.
    line: usize,
    stem: Vec<String>,
    options: Vec<Vec<String>>,
    /// The lines of the options as they are written.
    option_lines: Vec<String>,
    had_blank: bool,
    is_after_answer: bool,
}

impl Draft {
    fn blank(&mut self) {
        self.had_blank = true;
        if self.options.is_empty() && self.stem.last().is_some_and(|line| !line.is_empty()) {
            self.stem.push(String::new());
        }
    }

    /// Whether there are options, and an empty line after them.
    fn has_ended(&self) -> bool {
        self.options.len() > 1 && self.had_blank
    }

    fn line(&mut self, line: &str, number: usize) {
        self.is_after_answer = false;
        self.had_blank = false;
        if self.stem.is_empty() {
            self.line = number;
            self.stem.push(line.to_owned());
            return;
        }
        if let Some(text) = option(line, self.options.len()) {
            self.options.push(vec![text.to_owned()]);
            self.option_lines.push(line.to_owned());
        } else if let Some(text) = option(line, 0).filter(|_| !self.options.is_empty()) {
            // The options begin again: what looked like options was text, such as `A. Turing`.
            self.stem.append(&mut self.option_lines);
            self.options = vec![vec![text.to_owned()]];
            self.option_lines.push(line.to_owned());
        } else if let Some(option) = self.options.last_mut() {
            option.push(line.to_owned());
            self.option_lines.push(line.to_owned());
        } else {
            self.stem.push(line.to_owned());
        }
    }

    fn finish(&self, file: &str, answer: &str, bank: &mut Bank) -> Result<Question, String> {
        let mut figures = Figures::default();
        let mut convert = |source: &str| {
            if text::is_html(source) {
                figures.html(&source.replace('\n', "<br>"))
            } else {
                text::plain_to_text(source)
            }
        };
        let stem = convert(self.stem.join("\n").trim());
        let texts: Vec<String> = self.options.iter().map(|lines| convert(&lines.join("\n"))).collect();
        if texts.len() < 2 {
            return Err(format!("The question has {} options; it needs two or more.", texts.len()));
        }
        if let Some(empty) = texts.iter().position(String::is_empty) {
            return Err(format!("The option {} is empty.", letter(empty)));
        }
        let right = right_options(answer, &texts)?;
        let options = texts
            .into_iter()
            .enumerate()
            .map(|(index, text)| Choice { text, is_right: right.contains(&index), weight: None, feedback: None })
            .collect();
        let answer = Answer::Choice { options, several: right.len() > 1, weighted: false };
        bank.warnings.extend(figures.warnings.iter().map(|warning| remark(file, self.line, warning.as_str())));
        for figure in &figures.list {
            bank.warnings.push(remark(file, self.line, format!("The picture {} is not in the file.", figure.source)));
        }
        Ok(Question {
            place: place(file, self.line),
            stem,
            parts: vec![Part { answer, ..Part::default() }],
            figures: figures.list,
            ..Question::default()
        })
    }
}

fn letter(index: usize) -> char {
    u8::try_from(index).ok().and_then(|index| b'A'.checked_add(index)).map_or('?', char::from)
}

/// The options that an answer such as `A`, `b)`, `A, C` or the text of an option names.
fn right_options(answer: &str, texts: &[String]) -> Result<Vec<usize>, String> {
    let mut right = Vec::new();
    for word in answer.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '&' | '+')) {
        let word = word.trim_matches(['(', ')', '.', '[', ']']);
        if word.is_empty() || word.eq_ignore_ascii_case("and") {
            continue;
        }
        let is_text = texts.iter().any(|text| text.eq_ignore_ascii_case(answer));
        let index = match word.as_bytes() {
            [byte]
                if byte.is_ascii_alphabetic()
                    && (!is_text || usize::from(byte | 32) < usize::from(b'a') + texts.len()) =>
            {
                usize::from(byte.to_ascii_uppercase() - b'A')
            }
            _ => {
                let same = |text: &String| text.eq_ignore_ascii_case(answer);
                let found =
                    texts.iter().position(same).ok_or_else(|| format!("The answer `{answer}` is no option."))?;
                return Ok(vec![found]);
            }
        };
        if index >= texts.len() {
            return Err(format!("The answer names option {}, which is not there.", letter(index)));
        }
        if !right.contains(&index) {
            right.push(index);
        }
    }
    if right.is_empty() { Err("The line `ANSWER:` is empty.".to_owned()) } else { Ok(right) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(source: &str) -> Vec<(String, Vec<(String, bool)>)> {
        let bank = read("f.txt", source.as_bytes()).unwrap();
        assert_eq!(bank.refused, [], "{source}");
        bank.questions
            .into_iter()
            .map(|question| {
                let Answer::Choice { options, .. } = &question.parts[0].answer else { panic!() };
                let options = options.iter().map(|option| (option.text.clone(), option.is_right)).collect();
                (question.stem, options)
            })
            .collect()
    }

    fn options(list: &[(&str, bool)]) -> Vec<(String, bool)> {
        list.iter().map(|(text, is_right)| ((*text).to_owned(), *is_right)).collect()
    }

    #[test]
    fn labels_have_several_forms() {
        for source in [
            "What?\nA. x\nB. y\nANSWER: B",
            "What?\na) x\nb) y\nanswer : b)",
            "What?\n\n(A) x\n\n(B) y\n\nAnswer:(b)",
            "\u{feff}What?\r\nA. x\r\nB. y\r\nANSWER:B\r\n",
            "What?\nA. x\nB. y\nANSWER: y",
        ] {
            assert_eq!(taken(source), [("What?".to_owned(), options(&[("x", false), ("y", true)]))], "{source}");
        }
    }

    #[test]
    fn a_line_that_looks_like_an_option_may_be_text() {
        assert_eq!(taken("A. Turing proved what?\nA. x\nB. y\nANSWER: A")[0].0, "A. Turing proved what?");
        assert_eq!(
            taken("Who is he?\nA. Turing,\nof course.\nA. x\nB. y\nANSWER: A")[0].0,
            "Who is he?\nA. Turing,\nof course."
        );
        assert_eq!(taken("See\nC. elegans\nA. x\nB. y\nANSWER: A")[0].0, "See\nC. elegans");
        assert_eq!(taken("Answer: what is it?\nA. x\nB. y\nANSWER: A")[0].0, "Answer: what is it?");
    }

    #[test]
    fn texts_hold_formulas_lines_and_several_answers() {
        let found = taken("Is \\(a<b\\) for $5?\nA. one\nline two\nB. $x$\nC. z\nANSWER: A, C\nFEEDBACK: So it is.");
        assert_eq!(found[0].0, "Is $a<b$ for \\$5?");
        assert_eq!(found[0].1, options(&[("one\nline two", true), ("$x$", false), ("z", true)]));
        let bank = read("f", b"q\nA. x\nB. y\nANSWER: A\nEXPLANATION: Because.\n\nr\nA. x\nB. y\nANSWER: B").unwrap();
        assert_eq!(bank.questions[0].solution.as_deref(), Some("Because."));
        assert_eq!(bank.questions.len(), 2);
    }

    #[test]
    fn broken_questions_are_refused_with_their_line_and_stop_nothing_else() {
        for (broken, reason) in [
            ("q\nA. x\nB. y\nANSWER: C", "option C, which is not there"),
            ("q\nA. x\nB. y\nANSWER:", "is empty"),
            ("q\nA. x\nANSWER: A", "has 1 options"),
            ("q\nA. x\nB. y", "no line `ANSWER:`"),
            ("q\nA.\nB. y\nANSWER: B", "option A is empty"),
            ("q\nA. x\nB. y\nANSWER: maybe", "is no option"),
        ] {
            let bank = read("f", format!("\n{broken}\n\nGood?\nA. x\nB. y\nANSWER: A").as_bytes()).unwrap();
            assert_eq!(bank.questions.len(), 1, "{broken}");
            assert_eq!(bank.refused[0].place.line, Some(2), "{broken}");
            assert!(bank.refused[0].text.contains(reason), "{broken}: {:?}", bank.refused);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_lines_panic(lines in proptest::collection::vec(proptest::sample::select(vec![
            "A. x", "B) y", "(c) z", "ANSWER: A", "answer: b, c", "ANSWER:", "", "text", "A.", "é", "FEEDBACK: f", "$5 <b>",
        ]), 0..30)) {
            let bank = read("f", lines.join("\n").as_bytes()).unwrap();
            for question in bank.questions {
                proptest::prop_assert!(!question.stem.is_empty());
            }
        }
    }
}
