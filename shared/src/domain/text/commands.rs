//! Commands of LaTeX in running text.

use super::dollars::formula_at;
use super::parse::{DEPTH_MAX, Reader, characters, group, line, option};
use super::symbols::{accented, character, ends_line, is_silent, is_silent_with_argument};
use super::{Block, Inline, Style};

impl Reader {
    /// Reads the command at the start of `rest`, and returns its bytes.
    pub(super) fn command(&mut self, rest: &str) -> usize {
        let Some(next) = rest[1..].chars().next() else {
            self.text("\\");
            return 1;
        };
        match next {
            '$' | '%' | '&' | '#' | '_' | '{' | '}' | ')' | ']' => {
                self.text(&rest[1..2]);
                2
            }
            '\\' => self.line_break(rest),
            ' ' | '\n' | '\t' => {
                self.text(" ");
                2
            }
            ',' | ':' | ';' | '>' => {
                self.text("\u{2009}");
                2
            }
            '!' | '/' | '-' | '@' => 2,
            '(' | '[' => {
                let close = if next == '(' { "\\)" } else { "\\]" };
                if let Some(formula) = self.has_after(close, rest).then(|| formula_at(rest)).flatten() {
                    self.formula(formula.latex, formula.is_display);
                    return formula.length;
                }
                self.text(&rest[1..2]);
                2
            }
            '\'' | '`' | '^' | '"' | '~' | '=' | '.' => self.accent(&rest[1..2], rest, 2),
            letter if letter.is_ascii_alphabetic() => self.named(rest),
            other => {
                self.text("\\");
                self.text(other.encode_utf8(&mut [0; 4]));
                1 + other.len_utf8()
            }
        }
    }

    /// `\\`, `\\*` and `\\[2pt]`.
    fn line_break(&mut self, rest: &str) -> usize {
        let after = rest[2..].strip_prefix('*').unwrap_or(&rest[2..]);
        let is_length = |inside: &str| inside.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
        let space = option(after).filter(|inside| is_length(inside)).map_or(0, |inside| inside.len() + 2);
        self.push(Inline::LineBreak);
        rest.len() - after.len() + space
    }

    fn accent(&mut self, accent: &str, rest: &str, length: usize) -> usize {
        let after = &rest[length..];
        if let Some(inside) = group(after) {
            if let Some(letter) = accented(accent, inside) {
                self.text(&letter);
            } else {
                self.nested(inside, self.depth + 1);
            }
            return length + inside.len() + 2;
        }
        let letter = if after.starts_with("\\i") || after.starts_with("\\j") { &after[..2] } else { first(after) };
        if let Some(composed) = accented(accent, letter) {
            self.text(&composed);
            return length + letter.len();
        }
        self.text(accent);
        length
    }

    fn named(&mut self, rest: &str) -> usize {
        let letters = rest[1..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let name = &rest[1..=letters];
        let starred = usize::from(rest[1 + letters..].starts_with('*'));
        let length = 1 + letters + starred;
        let after = &rest[length..];
        if name == "begin" {
            return self.environment(rest);
        }
        if name == "end" {
            return length + group(after).map_or(0, |inside| inside.len() + 2);
        }
        if name == "verb" {
            return self.verbatim(rest, length);
        }
        if let Some(style) = declared(name) {
            // It holds until the line or the group ends.
            let end = after.find('\n').unwrap_or(after.len());
            let inside = line(after[..end].trim_start(), (self.depth + 1).min(DEPTH_MAX));
            if self.depth < DEPTH_MAX && !inside.is_empty() {
                match style {
                    Declared::Style(style) => self.push(Inline::Styled(style, inside)),
                    Declared::Code => self.push(Inline::Code(characters(&inside))),
                }
                return length + end;
            }
            return length;
        }
        if let Some(inside) = group(after.trim_start_matches(' ')).filter(|_| self.depth < DEPTH_MAX) {
            let whole = rest.len() - after.trim_start_matches(' ').len() + inside.len() + 2;
            if self.with_argument(name, inside) {
                return whole;
            }
            if is_silent_with_argument(name) {
                if matches!(name, "hspace" | "hskip" | "phantom" | "hphantom") && !inside.starts_with('-') {
                    self.text(" ");
                }
                return whole;
            }
            if name == "rule" {
                // A line to write on. Without a width it only holds the line open.
                if !is_zero(inside) {
                    self.text(BLANK);
                }
                return whole + group(&rest[whole..]).map_or(0, |height| height.len() + 2);
            }
            if matches!(name, "textcolor" | "colorbox" | "parbox" | "raisebox" | "href") {
                let second = group(&rest[whole..]);
                self.nested(second.unwrap_or_default(), self.depth + 1);
                if name == "href" {
                    self.text(" ");
                    self.push(Inline::Code(inside.to_owned()));
                }
                return whole + second.map_or(0, |second| second.len() + 2);
            }
        }
        if name == "includegraphics" {
            let size = option(after).map_or(0, |inside| inside.len() + 2);
            let file = group(&after[size..]);
            self.text("(figure ");
            self.push(Inline::Code(file.unwrap_or_default().to_owned()));
            self.text(")");
            return length + size + file.map_or(0, |file| file.len() + 2);
        }
        if let "c" | "v" | "u" | "H" | "r" | "k" | "d" | "b" = name {
            let spaces = after.len() - after.trim_start_matches(' ').len();
            if after[spaces..].starts_with(|c: char| c.is_alphabetic() || c == '{')
                && (spaces > 0 || after.starts_with('{'))
            {
                return self.accent(name, rest, length + spaces);
            }
        }
        if let Some(symbol) = character(name) {
            self.text(symbol);
            return length + spaces_after(after);
        }
        if is_silent(name) || is_silent_with_argument(name) {
            return length + spaces_after(after);
        }
        if ends_line(name) {
            self.end_line();
            return length + option(after).map_or(0, |inside| inside.len() + 2);
        }
        if name == "item" {
            self.end_line();
            self.text("• ");
            return length + spaces_after(after);
        }
        let run = formula_run(rest);
        self.formula(&rest[..run], false);
        run
    }

    /// Commands that set their argument. Returns `false` for other commands.
    fn with_argument(&mut self, name: &str, inside: &str) -> bool {
        let depth = self.depth + 1;
        if matches!(name, "underline" | "uline" | "ul") && is_gap(inside) {
            self.text(BLANK);
            return true;
        }
        let style = match name {
            "textbf" => Style::Strong,
            "emph" | "textit" | "textsl" => Style::Emphasis,
            "underline" | "uline" | "ul" => Style::Underline,
            "textsuperscript" => Style::Superscript,
            "textsubscript" => Style::Subscript,
            "texttt" | "lstinline" | "code" => {
                self.push(Inline::Code(characters(&line(inside, depth))));
                return true;
            }
            "url" | "path" => {
                self.push(Inline::Code(inside.to_owned()));
                return true;
            }
            "section" | "subsection" | "subsubsection" | "paragraph" | "caption" | "titledquestion" => {
                self.end_line();
                let inside = line(inside, depth);
                self.block(Block::Paragraph(vec![Inline::Styled(Style::Strong, inside)]));
                return true;
            }
            "footnote" => {
                self.text(" (");
                self.nested(inside, depth);
                self.text(")");
                return true;
            }
            "ref" | "eqref" | "cite" | "pageref" => {
                self.text("(");
                self.push(Inline::Code(inside.to_owned()));
                self.text(")");
                return true;
            }
            "fillin" => {
                self.text("________");
                return true;
            }
            "text" | "textrm" | "textsf" | "textsc" | "textup" | "textmd" | "textnormal" | "mbox" | "hbox" | "fbox"
            | "framebox" | "makebox" | "uppercase" | "lowercase" | "enquote" => {
                let (before, behind) = if name == "enquote" { ("“", "”") } else { ("", "") };
                self.text(before);
                self.nested(inside, depth);
                self.text(behind);
                return true;
            }
            _ => return false,
        };
        let inside = line(inside, depth);
        self.push(Inline::Styled(style, inside));
        true
    }

    /// `\verb|…|`.
    fn verbatim(&mut self, rest: &str, length: usize) -> usize {
        let mark = first(&rest[length..]);
        let inside = &rest[length + mark.len()..];
        let end =
            inside.find([mark.chars().next().unwrap_or('\n'), '\n']).filter(|end| inside[*end..].starts_with(mark));
        match end {
            Some(end) if !mark.is_empty() => {
                self.push(Inline::Code(inside[..end].to_owned()));
                length + end + 2 * mark.len()
            }
            _ => length,
        }
    }
}

/// Room for a word to fill in.
const BLANK: &str = "________";

/// Whether a text is nothing but space: `\hspace{3cm}`.
fn is_gap(text: &str) -> bool {
    let mut rest = text.trim_matches([' ', '~']);
    let mut found = rest.is_empty() && !text.is_empty();
    while let Some(command) = rest.strip_prefix('\\') {
        let letters = command.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (name, after) = command.split_at(letters);
        let after = after.strip_prefix('*').unwrap_or(after);
        let argument = match name {
            "hspace" | "hskip" | "phantom" | "hphantom" | "makebox" => group(after).map(|inside| inside.len() + 2),
            "quad" | "qquad" | "enspace" => Some(0),
            _ => None,
        };
        let Some(length) = argument else { return false };
        rest = after[length..].trim_matches([' ', '~']);
        found = true;
    }
    found && rest.is_empty()
}

/// Whether a length is 0.
fn is_zero(length: &str) -> bool {
    let number = length.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
    number.parse::<f64>().is_ok_and(|number| number == 0.0)
}

/// What a declaration such as `\bf` sets the rest of its group to.
enum Declared {
    Style(Style),
    Code,
}

fn declared(name: &str) -> Option<Declared> {
    match name {
        "bf" | "bfseries" | "boldmath" => Some(Declared::Style(Style::Strong)),
        "it" | "em" | "itshape" | "sl" | "slshape" => Some(Declared::Style(Style::Emphasis)),
        "tt" | "ttfamily" => Some(Declared::Code),
        _ => None,
    }
}

/// Whether the inside of a group begins with a declaration.
pub(super) fn is_declaration(inside: &str) -> bool {
    let Some(command) = inside.trim_start().strip_prefix('\\') else { return false };
    let letters = command.bytes().take_while(u8::is_ascii_alphabetic).count();
    let name = &command[..letters];
    declared(name).is_some() || is_silent(name) || matches!(name, "color" | "sc" | "scshape")
}

/// Bytes of a formula that stands in the text without dollars: a command with its arguments and what adjoins it.
fn formula_run(text: &str) -> usize {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let Some(next) = rest.chars().next() else { break };
        at += match next {
            '\\' => {
                let letters = rest[1..].bytes().take_while(u8::is_ascii_alphabetic).count();
                if letters == 0 {
                    let Some(symbol) =
                        rest[1..].chars().next().filter(|c| matches!(c, ',' | ';' | '{' | '}' | '|' | '!'))
                    else {
                        break;
                    };
                    1 + symbol.len_utf8()
                } else {
                    1 + letters
                }
            }
            '{' => match group(rest) {
                Some(inside) => inside.len() + 2,
                None => break,
            },
            '[' if at > 0 => match option(rest) {
                Some(inside) => inside.len() + 2,
                None => break,
            },
            '.' | ',' | ';' | ':' | '?' | '!' | ')' | '"' | '$' | '`' | '\'' => {
                // Within a formula, a digit or a letter follows.
                let is_inner = rest[1..].chars().next().is_some_and(char::is_alphanumeric) && next != '$';
                if !is_inner {
                    break;
                }
                next.len_utf8()
            }
            other if other.is_whitespace() => break,
            other => other.len_utf8(),
        };
    }
    at
}

fn first(text: &str) -> &str {
    &text[..text.chars().next().map_or(0, char::len_utf8)]
}

/// TeX skips the spaces after a command of letters.
fn spaces_after(text: &str) -> usize {
    let spaces = text.len() - text.trim_start_matches(' ').len();
    // `\ldots{} and` keeps its space.
    if text.starts_with("{}") { 2 } else { spaces.min(1) }
}
