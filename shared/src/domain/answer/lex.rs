//! Text to tokens: plain text, LaTeX and Unicode in one pass.
//!
//! Delimiters and spacing of LaTeX disappear. A run of letters stays one word, because only the context tells a unit or
//! prose from a product of variables: `split.rs` takes it apart later.

use super::choices::Choices;
use super::prose::{period, repeating};
use super::rational::Rational;
use super::symbols::{command, superscript, symbol, vulgar_fraction};
use super::token::{Bracket, Kind, Number, Relation, Side, Token};
use super::{MAX_TOKENS, Unreadable};

/// How deep `\text{}` may stand in `\text{}`.
const MAX_TEXT_DEPTH: u32 = 4;
/// Largest exponent of ten in scientific notation: beyond it nothing is finite.
const MAX_DECIMAL_EXPONENT: i32 = 400;

/// Tokens of a text, and the choices that were open.
///
/// # Errors
/// When something in it is not part of the grammar, or there is too much of it.
pub(super) fn tokens(text: &str, reading: Choices, open: &mut Choices) -> Result<Vec<Token>, Unreadable> {
    let text: Vec<char> = text.chars().collect();
    let mut lexer = Lexer {
        text: &text,
        at: 0,
        depth: 0,
        matrices: 0,
        text_depth: 0,
        spaced: false,
        tokens: Vec::new(),
        reading,
        open,
    };
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a [char],
    at: usize,
    /// Open brackets, groups aside.
    depth: usize,
    /// Open matrices, in which `&` and `\\` part the entries.
    matrices: usize,
    text_depth: u32,
    spaced: bool,
    tokens: Vec<Token>,
    reading: Choices,
    open: &'a mut Choices,
}

impl Lexer<'_> {
    fn run(&mut self) -> Result<(), Unreadable> {
        while let Some(next) = self.peek(0) {
            if self.tokens.len() > MAX_TOKENS {
                return Err(Unreadable::TooLong);
            }
            self.character(next)?;
        }
        Ok(())
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    fn push(&mut self, kind: Kind) {
        match kind {
            Kind::Open(bracket) if bracket != Bracket::Group => self.depth += 1,
            Kind::Close(bracket) if bracket != Bracket::Group => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.tokens.push(Token { kind, spaced: self.spaced });
        self.spaced = false;
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let taken: String = self.text.iter().skip(self.at).copied().take_while(|next| keep(*next)).collect();
        self.at += taken.chars().count();
        taken
    }

    fn skip(&mut self, expected: &[char]) -> bool {
        let found = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(expected));
        if found {
            self.at += expected.len();
        }
        found
    }

    fn character(&mut self, next: char) -> Result<(), Unreadable> {
        match next {
            '0'..='9' => return self.number(),
            '.' if self.peek(1).is_some_and(|digit| digit.is_ascii_digit()) => return self.number(),
            '.' if self.skip(&['.', '.', '.']) => {
                self.push(Kind::Ellipsis);
                return Ok(());
            }
            // A full stop.
            '.' if self.text.iter().skip(self.at).all(|rest| ".$})]\\ ".contains(*rest)) => {}
            'a'..='z' | 'A'..='Z' => {
                let text = self.take_while(|letter| letter.is_ascii_alphabetic());
                self.push(Kind::Word { text, explicit: self.text_depth > 0 });
                return Ok(());
            }
            '\\' => return self.command(),
            '&' if self.matrices > 0 => self.push(Kind::Cell),
            '€' | '£' | '¥' | '₹' => {
                let text = match next {
                    '€' => "EUR",
                    '£' => "GBP",
                    '¥' => "JPY",
                    _ => "INR",
                };
                self.push(Kind::Word { text: text.to_owned(), explicit: true });
            }
            'Ω' if self.follows_number() => self.push(Kind::Word { text: "ohm".to_owned(), explicit: true }),
            '~' | '$' | '\u{200b}' | '\u{2061}' | '\u{2062}' | '\u{feff}' => self.spaced |= next == '~',
            _ if next.is_whitespace() => self.spaced = true,
            _ if self.several_characters()? => return Ok(()),
            _ => {
                let kind = symbol(next).ok_or(Unreadable::Symbol)?;
                self.push(kind);
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Symbols of several characters, and characters which are several tokens.
    fn several_characters(&mut self) -> Result<bool, Unreadable> {
        const SPELLINGS: [(&str, Kind); 8] = [
            ("<=", Kind::Relation(Relation::LessEqual)),
            ("=<", Kind::Relation(Relation::LessEqual)),
            (">=", Kind::Relation(Relation::GreaterEqual)),
            ("<>", Kind::Relation(Relation::NotEqual)),
            ("!=", Kind::Relation(Relation::NotEqual)),
            ("==", Kind::Relation(Relation::Equal)),
            ("+/-", Kind::PlusMinus),
            ("**", Kind::Power),
        ];
        if self.peek(0) == Some('+') && matches!(self.peek(1), Some('-' | '−')) {
            return Ok(self.plus_minus());
        }
        for (spelling, kind) in SPELLINGS {
            if self.skip(&spelling.chars().collect::<Vec<_>>()) {
                self.push(kind);
                return Ok(true);
            }
        }
        let Some(next) = self.peek(0) else { return Ok(false) };
        if superscript(next).is_some() {
            let written = self.take_while(|next| superscript(next).is_some());
            let inside: Vec<char> = written.chars().filter_map(superscript).collect();
            self.push(Kind::Power);
            self.push(Kind::Open(Bracket::Group));
            self.nested_text(&inside, self.text_depth)?;
            self.push(Kind::Close(Bracket::Group));
            return Ok(true);
        }
        if let Some((numerator, denominator)) = vulgar_fraction(next) {
            self.at += 1;
            let fraction = Rational::new(numerator, denominator).ok_or(Unreadable::Number)?;
            self.push_fraction(fraction);
            return Ok(true);
        }
        Ok(false)
    }

    /// `+-` is ± where nothing stands before it. Between two operands it usually is a sum with a negative number.
    fn plus_minus(&mut self) -> bool {
        let operand = self.tokens.last().is_some_and(|before| {
            before.kind.closes() || matches!(before.kind, Kind::Number(_) | Kind::Word { .. } | Kind::Variable(_))
        });
        if operand {
            self.open.insert(Choices::PLUS_MINUS);
        }
        // After another sign, as in `x++-y`, each is a sign of its own.
        let signed = self.tokens.last().is_some_and(|before| {
            matches!(before.kind, Kind::Plus | Kind::Minus | Kind::Times | Kind::Divide | Kind::Power)
        });
        if signed || operand && !self.reading.has(Choices::PLUS_MINUS) {
            return false;
        }
        self.at += 2;
        self.push(Kind::PlusMinus);
        true
    }

    fn follows_number(&self) -> bool {
        matches!(self.tokens.last(), Some(Token { kind: Kind::Number(_), .. }))
    }

    /// `½`, added to the digits right before it.
    fn push_fraction(&mut self, fraction: Rational) {
        let mut exact = fraction;
        if let Some(Token { kind: Kind::Number(whole), .. }) = self.tokens.last()
            && !self.spaced
            && !whole.digits.is_empty()
            && let Some(sum) = whole.exact.and_then(|whole| whole.add(fraction))
        {
            exact = sum;
            self.spaced = self.tokens.pop().is_some_and(|token| token.spaced);
        }
        let number = Number { value: exact.to_f64(), exact: Some(exact), last_digit: None, digits: String::new() };
        self.push(Kind::Number(number));
    }

    /// Tokens of a text inside this one.
    fn nested_text(&mut self, inside: &[char], text_depth: u32) -> Result<(), Unreadable> {
        if text_depth > MAX_TEXT_DEPTH {
            return Err(Unreadable::TooDeep);
        }
        let mut inner = Lexer {
            text: inside,
            at: 0,
            depth: self.depth,
            matrices: self.matrices,
            text_depth,
            spaced: self.spaced,
            tokens: Vec::new(),
            reading: self.reading,
            open: self.open,
        };
        inner.run()?;
        let tokens = inner.tokens;
        self.tokens.extend(tokens);
        Ok(())
    }

    fn number(&mut self) -> Result<(), Unreadable> {
        let mut digits = self.take_while(|digit| digit.is_ascii_digit());
        let mut plain = true;
        let first = digits.len();
        while (1..=3).contains(&first) && !digits.starts_with('0') && self.skip_thousands_separator() {
            digits.push_str(&self.take_while(|digit| digit.is_ascii_digit()));
            plain = false;
        }
        let mut places = 0;
        if self.skip_decimal_point(plain) {
            let decimals = self.take_while(|digit| digit.is_ascii_digit());
            let end = self.at;
            if let Some(exact) = self.repeating_decimal(&digits, &decimals) {
                let number =
                    Number { value: exact.to_f64(), exact: Some(exact), last_digit: None, digits: String::new() };
                self.push(Kind::Number(number));
                return Ok(());
            }
            if self.at > end && decimals.len() < 4 {
                // `0.3...` does not say which digits follow.
                return Err(Unreadable::Number);
            }
            places = i32::try_from(decimals.len()).map_err(|_| Unreadable::Number)?;
            digits.push_str(&decimals);
            plain = false;
        }
        let exponent = self.decimal_exponent()?;
        plain &= exponent.is_none();
        let shift = exponent.unwrap_or(0) - places;
        let exact =
            digits.parse().ok().and_then(|whole| Rational::whole(whole).multiply(Rational::power_of_ten(shift)?));
        let value = match exact {
            Some(exact) => exact.to_f64(),
            None => format!("{digits}e{shift}").parse().map_err(|_| Unreadable::Number)?,
        };
        let fractional = shift < 0 && exact.is_none_or(|exact| exact.as_whole().is_none());
        let last_digit = fractional.then(|| 10f64.powi(shift));
        let digits = if plain { digits } else { String::new() };
        self.push(Kind::Number(Number { value, exact, last_digit, digits }));
        Ok(())
    }

    /// The fraction that a decimal is whose digits go on: `0.333...`, `0.\overline{3}`, `0.1\dot{6}`, `0.(3)`.
    fn repeating_decimal(&mut self, whole: &str, decimals: &str) -> Option<Rational> {
        let whole: i128 = whole.parse().ok()?;
        let start = self.at;
        for ellipsis in ["...", "…", "\\ldots", "\\dots", "\\cdots"] {
            if self.skip(&ellipsis.chars().collect::<Vec<_>>()) {
                // Without a period the dots say only that more digits follow.
                let (once, again) = period(decimals)?;
                return repeating(whole, once, again);
            }
        }
        let mut again = String::new();
        if self.skip(&['(']) {
            again = self.take_while(|digit| digit.is_ascii_digit());
            if again.is_empty() || !self.skip(&[')']) {
                again.clear();
            }
        } else {
            for mark in ["\\overline{", "\\bar{", "\\dot{"] {
                while self.skip(&mark.chars().collect::<Vec<_>>()) {
                    again.push_str(&self.take_while(|digit| digit.is_ascii_digit()));
                    if !self.skip(&['}']) {
                        again.clear();
                    }
                }
            }
        }
        if again.is_empty() {
            self.at = start;
            return None;
        }
        repeating(whole, decimals, &again)
    }

    /// Skips what may stand before each three digits of a large number: `,` `{,}` `\,` `,\!` or a space.
    fn skip_thousands_separator(&mut self) -> bool {
        const SEPARATORS: [&str; 10] = [",\\! ", ",\\!", "{,}", "\\,", "\\ ", ",", " ", "~", "\u{a0}", "\u{202f}"];
        for separator in SEPARATORS {
            let comma = separator == ",";
            let blank = separator == " ";
            let after_name = !self.spaced && matches!(self.tokens.last(), Some(Token { kind: Kind::Word { .. }, .. }));
            let separator: Vec<char> = separator.chars().collect();
            let rest = self.text.get(self.at..).unwrap_or_default();
            let digits = rest.iter().skip(separator.len()).take(4).take_while(|digit| digit.is_ascii_digit()).count();
            if digits != 3 || !rest.starts_with(&separator) || (comma && self.depth > 0) {
                continue;
            }
            if blank && (self.matrices > 0 || self.depth > 0 || self.follows_number() || after_name) {
                continue;
            }
            if blank {
                self.open.insert(Choices::SPACED_NUMBERS);
                if self.reading.has(Choices::SPACED_NUMBERS) {
                    continue;
                }
            }
            if comma {
                self.open.insert(Choices::THOUSANDS_ARE_A_LIST);
                if self.reading.has(Choices::THOUSANDS_ARE_A_LIST) {
                    continue;
                }
            }
            self.at += separator.len();
            return true;
        }
        false
    }

    fn skip_decimal_point(&mut self, plain: bool) -> bool {
        let digit = |ahead: usize| self.peek(ahead).is_some_and(|next| next.is_ascii_digit());
        match self.peek(0) {
            Some('.') if digit(1) => {}
            // `0.\overline{3}`
            Some('.') if self.begins_period() => {}
            Some(',') if digit(1) && self.depth == 0 && plain => {
                self.open.insert(Choices::DECIMAL_COMMA);
                if !self.reading.has(Choices::DECIMAL_COMMA) {
                    return false;
                }
            }
            Some('{') if self.peek(1) == Some(',') && self.peek(2) == Some('}') && digit(3) => self.at += 2,
            _ => return false,
        }
        self.at += 1;
        true
    }

    fn begins_period(&self) -> bool {
        ["\\overline{", "\\bar{", "\\dot{", "("].iter().any(|mark| {
            let rest = self.text.get(self.at + 1..).unwrap_or_default();
            let digit = rest.get(mark.len()).is_some_and(char::is_ascii_digit);
            digit && rest.iter().copied().zip(mark.chars()).all(|(found, wanted)| found == wanted)
        })
    }

    /// The exponent of scientific notation: `e5`, `E-3`.
    fn decimal_exponent(&mut self) -> Result<Option<i32>, Unreadable> {
        let Some(mark @ ('e' | 'E')) = self.peek(0) else { return Ok(None) };
        let signed = matches!(self.peek(1), Some('+' | '-' | '−'));
        if !self.peek(1 + usize::from(signed)).is_some_and(|digit| digit.is_ascii_digit()) {
            return Ok(None);
        }
        if mark == 'e' {
            self.open.insert(Choices::EULER);
            if self.reading.has(Choices::EULER) {
                return Ok(None);
            }
        }
        let negative = signed && self.peek(1) != Some('+');
        self.at += 1 + usize::from(signed);
        let digits = self.take_while(|digit| digit.is_ascii_digit());
        let exponent: i32 = digits.parse().map_err(|_| Unreadable::Number)?;
        if exponent > MAX_DECIMAL_EXPONENT {
            return Err(Unreadable::Number);
        }
        Ok(Some(if negative { -exponent } else { exponent }))
    }

    fn command(&mut self) -> Result<(), Unreadable> {
        self.at += 1;
        let name = self.take_while(|letter| letter.is_ascii_alphabetic());
        if name.is_empty() {
            return self.escaped();
        }
        match name.as_str() {
            "left" | "right" | "middle" => self.delimiter(&name),
            "big" | "Big" | "bigg" | "Bigg" | "bigl" | "bigr" | "Bigl" | "Bigr" | "biggl" | "biggr" | "Biggl"
            | "Biggr" | "boxed" | "fbox" | "displaystyle" | "textstyle" | "limits" | "nolimits" | "rm" => {}
            "hat" if self.is_unit_vector() => self.accented(),
            "vec" | "overrightarrow" | "boldsymbol" | "bm" | "mathcal" => self.accented(),
            "begin" | "end" => return self.environment(&name),
            "Omega" if self.follows_number() => self.push(Kind::Word { text: "ohm".to_owned(), explicit: true }),
            "quad" | "qquad" | "thinspace" | "space" => self.spaced = true,
            "text" | "textrm" | "textit" | "textbf" | "mathrm" | "mathit" | "mathbf" | "operatorname" | "mbox"
            | "textnormal" => return self.text_command(),
            "mathbb" => {
                let real = self.skip(&['{', 'R', '}']) || self.skip(&['R']) || self.skip(&[' ', 'R']);
                if !real {
                    return Err(Unreadable::Symbol);
                }
                self.push(Kind::Reals);
            }
            _ => {
                let kind = command(&name).ok_or(Unreadable::Symbol)?;
                self.push(kind);
            }
        }
        Ok(())
    }

    /// `\,`, `\{` and the like.
    fn escaped(&mut self) -> Result<(), Unreadable> {
        let next = self.peek(0).ok_or(Unreadable::Symbol)?;
        self.at += 1;
        match next {
            ',' | ';' | ':' | ' ' | '>' => self.spaced = true,
            '!' | '(' | ')' | '[' | ']' | '$' => {}
            '\\' if self.matrices > 0 => self.push(Kind::Row),
            '{' => self.push(Kind::Open(Bracket::Set)),
            '}' => self.push(Kind::Close(Bracket::Set)),
            '%' => self.push(Kind::Percent),
            '|' => self.push(Kind::Bar(Side::Either)),
            _ => return Err(Unreadable::Symbol),
        }
        Ok(())
    }

    /// A letter whose accent or typeface says nothing: `\vec{v}`, `\mathcal{O}`.
    fn accented(&mut self) {
        if let (Some('{'), Some(letter), Some('}')) = (self.peek(0), self.peek(1), self.peek(2))
            && letter.is_ascii_alphabetic()
        {
            self.at += 3;
            self.push(Kind::Word { text: letter.to_string(), explicit: false });
        }
    }

    /// `\hat{i}`, `\hat j`: a hat over another letter makes another variable of it.
    fn is_unit_vector(&self) -> bool {
        let mut rest = self.text.iter().skip(self.at).filter(|next| !matches!(next, ' ' | '{' | '\\'));
        matches!(rest.next(), Some('i' | 'j' | 'k'))
    }

    /// A matrix: `\begin{pmatrix}`, `\end{pmatrix}`.
    fn environment(&mut self, edge: &str) -> Result<(), Unreadable> {
        if !self.skip(&['{']) {
            return Err(Unreadable::Symbol);
        }
        let name = self.take_while(|next| next != '}');
        self.at += 1;
        if !matches!(name.as_str(), "matrix" | "pmatrix" | "bmatrix" | "Bmatrix" | "smallmatrix" | "array") {
            return Err(Unreadable::Symbol);
        }
        if edge == "begin" {
            if name == "array" && self.skip(&['{']) {
                self.take_while(|next| next != '}');
                self.at += 1;
            }
            self.matrices += 1;
            self.push(Kind::Open(Bracket::Matrix));
        } else {
            self.matrices = self.matrices.saturating_sub(1);
            self.push(Kind::Close(Bracket::Matrix));
        }
        Ok(())
    }

    /// What stands after `\left` or `\right`.
    fn delimiter(&mut self, name: &str) {
        self.take_while(char::is_whitespace);
        let side = match name {
            "left" => Side::Open,
            "right" => Side::Close,
            _ => Side::Either,
        };
        if self.skip(&['|']) || self.skip(&['\\', 'v', 'e', 'r', 't']) {
            self.push(Kind::Bar(side));
        } else {
            self.skip(&['.']);
        }
    }

    /// The content of `\text{}` or `\mathrm{}`.
    fn text_command(&mut self) -> Result<(), Unreadable> {
        self.take_while(char::is_whitespace);
        if !self.skip(&['{']) {
            return Err(Unreadable::Symbol);
        }
        let mut depth = 1_usize;
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|next| {
            match next {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let inside = rest.get(..length.ok_or(Unreadable::Brackets)?).unwrap_or_default();
        self.nested_text(inside, self.text_depth + 1)?;
        self.at += inside.len() + 1;
        Ok(())
    }
}
