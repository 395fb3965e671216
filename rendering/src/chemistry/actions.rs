//! What the machines do: they collect the parts of an entity and write them as LaTeX.

use std::fmt::Write as _;

use katex::types::ParseError;

use super::{Piece, characters, joined, patterns, run};
use crate::definitions::{error, spend};

/// The parts that were read and not yet written. The names are mhchem's.
#[derive(Debug, Default)]
struct Buffer {
    /// The amount before an entity.
    a: String,
    /// The superscript and the subscript on its left.
    b: String,
    p: String,
    /// The element.
    o: String,
    /// The subscript and the superscript on its right.
    q: String,
    d: String,
    d_type: Kind,
    /// The arrow, with the type and the content of the text above and below.
    r: String,
    rdt: String,
    rd: String,
    rqt: String,
    rq: String,
    rm: String,
    text: String,
    space_before: bool,
}

/// How the superscript on the right was written.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Kind {
    #[default]
    Plain,
    Charge,
    Oxidation,
}

/// A machine's memory.
pub(super) struct Reader {
    machine: String,
    depth: usize,
    buffer: Buffer,
    level: i32,
    begins_with_bond: bool,
}

type Pieces = Result<Vec<Piece>, ParseError>;

fn some(latex: impl Into<String>) -> Vec<Piece> {
    vec![Piece::new(latex)]
}

fn is(pattern: &str, text: &str) -> bool {
    patterns::find(pattern, text).ok().flatten().is_some_and(|found| found.rest.is_empty())
}

impl Reader {
    pub(super) fn new(machine: &str, depth: usize) -> Self {
        Self { machine: machine.to_owned(), depth, buffer: Buffer::default(), level: 0, begins_with_bond: false }
    }

    /// Performs an action on what a pattern matched.
    pub(super) fn act(
        &mut self,
        action: &str,
        option: &str,
        groups: &[String],
        output: &mut Vec<Piece>,
    ) -> Result<(), ParseError> {
        let pieces = self.pieces(action, option, groups)?;
        spend(pieces.iter().map(|piece| piece.latex.len()).sum(), 0)?;
        output.extend(pieces);
        Ok(())
    }

    fn go(&self, source: &str, machine: &str) -> Pieces {
        run(source, machine, self.depth + 1)
    }

    fn latex(&self, source: &str, machine: &str) -> Result<String, ParseError> {
        self.go(source, machine).map(|pieces| joined(&pieces))
    }

    fn pieces(&mut self, action: &str, option: &str, groups: &[String]) -> Pieces {
        let text = groups.first().map_or("", String::as_str);
        let second = groups.get(1).map_or("", String::as_str);
        match action {
            "a=" => self.buffer.a.push_str(text),
            "b=" => self.buffer.b.push_str(text),
            "p=" => self.buffer.p.push_str(text),
            "o=" => self.buffer.o.push_str(text),
            "q=" => self.buffer.q.push_str(text),
            "d=" => self.buffer.d.push_str(text),
            "rm=" => self.buffer.rm.push_str(text),
            "text=" => self.buffer.text.push_str(text),
            "r=" => text.clone_into(&mut self.buffer.r),
            "rdt=" => text.clone_into(&mut self.buffer.rdt),
            "rd=" => text.clone_into(&mut self.buffer.rd),
            "rqt=" => text.clone_into(&mut self.buffer.rqt),
            "rq=" => text.clone_into(&mut self.buffer.rq),
            "d= kv" => {
                text.clone_into(&mut self.buffer.d);
                self.buffer.d_type = Kind::Charge;
            }
            "sb=true" => self.buffer.space_before = true,
            "sb=false" => self.buffer.space_before = false,
            "beginsWithBond=true" => self.begins_with_bond = true,
            "beginsWithBond=false" => self.begins_with_bond = false,
            "parenthesisLevel++" => self.level += 1,
            "parenthesisLevel--" => self.level -= 1,
            "a to o" => self.buffer.o = std::mem::take(&mut self.buffer.a),
            "tight operator" => {
                let _ = write!(self.buffer.o, "{{{text}}}");
            }
            "^(-1)" => {
                let _ = write!(self.buffer.rm, "^{{{text}}}");
            }
            "insert" => return Ok(some(inserted(option, text))),
            "insert+p1" => {
                let escapes = option == "1st-level escape";
                return Ok(vec![Piece { latex: inserted(option, text), escapes }]);
            }
            "copy" => return Ok(some(text)),
            "rm" | "roman-numeral" => return Ok(some(format!("\\mathrm{{{text}}}"))),
            "text" => return self.go(text, "text"),
            "{text}" => return Ok(some(format!("{{{}}}", self.latex(text, "text")?))),
            "tex-math" | "tex-math tight" | "9,9" => return self.go(text, action),
            "ce" => return self.go(text, "ce"),
            "bond" => return Ok(some(bond(if option.is_empty() { text } else { option })?)),
            "1/2" => return fraction(text),
            "operator" => return Ok(some(operator(if option.is_empty() { text } else { option })?)),
            "state of aggregation" => {
                let space = if self.machine == "pq" { 1 } else { 2 };
                return Ok(some(format!("\\mskip{space}mu {}", self.latex(text, "o")?)));
            }
            "comma" if self.machine == "ce" => {
                let mark = text.trim_end();
                let space = if mark.len() < text.len() && self.level == 0 { 6 } else { 3 };
                return Ok(some(format!("{{{mark}}}\\mkern{space}mu ")));
            }
            "comma" => return Ok(some("{,}")),
            "color0-output" => return Ok(some(format!("\\color{{{text}}}"))),
            "color-output" => {
                let machine = self.machine.clone();
                return Ok(some(format!("{{\\color{{{text}}}{{{}}}}}", self.latex(second, &machine)?)));
            }
            "oxidation-output" => return Ok(some(format!("{{{}}}", self.latex(text, "oxidation")?))),
            "frac-output" => return self.both("\\frac", "", groups),
            "overset-output" => return self.both("\\overset", "", groups),
            "underset-output" => return self.both("\\underset", "", groups),
            "underbrace-output" => return self.both("\\underbrace", "_", groups),
            "o after d" => return self.element_after_charge(text),
            "charge or bond" => {
                if self.begins_with_bond {
                    let mut pieces = self.output("")?;
                    pieces.extend(some(bond("-")?));
                    return Ok(pieces);
                }
                text.clone_into(&mut self.buffer.d);
            }
            "- after o/d" => return self.hyphen(text, option == "true"),
            "space" => return Ok(some(if self.machine == "pu-2" { "\\mkern3mu " } else { "~" })),
            "cdot" => return Ok(some("\\mkern1mu{\\cdot}\\mkern1mu ")),
            "enumber" => return self.number(groups),
            "number^" => return self.power(groups),
            "output-0" | "output-o" => {
                return Ok(grouped(&std::mem::take(&mut self.buffer.text), action == "output-0"));
            }
            "output" => return self.output(option),
            _ => return Err(error("\\ce cannot be read")),
        }
        Ok(Vec::new())
    }

    /// Writes what was collected.
    fn output(&mut self, follows: &str) -> Pieces {
        match self.machine.as_str() {
            "ce" if self.buffer.r.is_empty() => self.entity(follows),
            "ce" => self.arrow(),
            "text" => match std::mem::take(&mut self.buffer.text) {
                text if text.is_empty() => Ok(Vec::new()),
                text if text.contains(['^', '_']) => {
                    Ok(some(format!("\\mathrm{{{}}}", text.replacen(' ', "~", 1).replacen('-', "\\text{-}", 1))))
                }
                text => Ok(some(format!("\\text{{{text}}}"))),
            },
            "pu" => self.quantity(),
            "pu-2" => match std::mem::take(&mut self.buffer.rm) {
                rm if rm.is_empty() => Ok(Vec::new()),
                rm => match inside_braces(&rm) {
                    Some(inside) => self.go(inside, "pu"),
                    None => Ok(some(format!("\\mathrm{{{rm}}}"))),
                },
            },
            _ => match std::mem::take(&mut self.buffer.o) {
                formula if formula.is_empty() => Ok(Vec::new()),
                formula => Ok(some(format!("{formula} "))),
            },
        }
    }

    /// An element with its amount and scripts. `follows` is `1` if something follows at once, `2` if that may have an amount.
    fn entity(&mut self, follows: &str) -> Pieces {
        let mut buffer = std::mem::take(&mut self.buffer);
        let empty =
            [&buffer.a, &buffer.b, &buffer.p, &buffer.o, &buffer.q, &buffer.d].iter().all(|part| part.is_empty());
        if empty && follows.is_empty() {
            return Ok(Vec::new());
        }
        let mut latex = String::new();
        if buffer.space_before {
            latex.push('~');
        }
        let bare = buffer.o.is_empty() && buffer.q.is_empty() && buffer.d.is_empty();
        if bare && buffer.b.is_empty() && buffer.p.is_empty() && follows != "2" {
            buffer.o = std::mem::take(&mut buffer.a);
        } else if bare && !(buffer.b.is_empty() && buffer.p.is_empty()) {
            buffer.o = std::mem::take(&mut buffer.a);
            buffer.d = std::mem::take(&mut buffer.b);
            buffer.q = std::mem::take(&mut buffer.p);
        } else if !buffer.o.is_empty() && buffer.d_type == Kind::Charge {
            if is("d-oxidation$", &buffer.d) {
                buffer.d_type = Kind::Oxidation;
            } else if buffer.q.is_empty() {
                buffer.d_type = Kind::Plain;
            }
        }
        let amount = self.latex(&buffer.a, "a")?;
        let (above, below) = (self.latex(&buffer.b, "bd")?, self.latex(&buffer.p, "pq")?);
        let element = self.latex(&buffer.o, "o")?;
        let subscript = self.latex(&buffer.q, "pq")?;
        let charge = self.latex(&buffer.d, if buffer.d_type == Kind::Oxidation { "oxidation" } else { "bd" })?;
        let signed = |text: String| if text.starts_with(['+', '-']) { format!("{{{text}}}") } else { text };
        if !amount.is_empty() {
            latex.push_str(&signed(amount));
            latex.push_str("\\,");
        }
        if !(above.is_empty() && below.is_empty()) {
            let _ = write!(
                latex,
                "{{\\vphantom{{X}}}}^{{\\hphantom{{{above}}}}}_{{\\hphantom{{{below}}}}}{{\\vphantom{{X}}}}^{{\\smash[t]{{\\vphantom{{2}}}}\\mathllap{{{above}}}}}_{{\\vphantom{{2}}\\mathllap{{\\smash[t]{{{below}}}}}}}"
            );
        }
        latex.push_str(&signed(element));
        let index = |latex: &mut String| {
            let _ = write!(latex, "_{{\\smash[t]{{{subscript}}}}}");
        };
        let (has_index, has_charge) = (!subscript.is_empty(), !charge.is_empty());
        let carrier = "{\\vphantom{X}}";
        match buffer.d_type {
            Kind::Charge => {
                if has_charge || has_index {
                    latex.push_str(carrier);
                }
                if has_charge {
                    let _ = write!(latex, "^{{{charge}}}");
                }
                if has_index {
                    index(&mut latex);
                }
            }
            Kind::Oxidation => {
                if has_charge {
                    let _ = write!(latex, "{carrier}^{{{charge}}}");
                }
                if has_index {
                    latex.push_str(carrier);
                    index(&mut latex);
                }
            }
            Kind::Plain => {
                if has_index {
                    latex.push_str(carrier);
                    index(&mut latex);
                }
                if has_charge {
                    let _ = write!(latex, "{carrier}^{{{charge}}}");
                }
            }
        }
        Ok(some(latex))
    }

    /// An arrow with what stands above and below it.
    fn arrow(&mut self) -> Pieces {
        let buffer = std::mem::take(&mut self.buffer);
        let label = |kind: &str, text: &str| match kind {
            "M" => self.latex(text, "tex-math"),
            "T" => Ok(format!("\\text{{{text}}}")),
            _ => self.latex(text, "ce"),
        };
        let above = label(&buffer.rdt, &buffer.rd)?;
        let below = label(&buffer.rqt, &buffer.rq)?;
        let arrow = match buffer.r.as_str() {
            "<-" => "xleftarrow",
            "<->" => "xleftrightarrow",
            "<-->" => "xrightleftarrows",
            "<=>" | "⇌" => "xrightleftharpoons",
            "<=>>" => "xrightequilibrium",
            "<<=>" => "xleftequilibrium",
            _ => "xrightarrow",
        };
        let below = if below.is_empty() { below } else { format!("[{{{below}}}]") };
        Ok(some(format!("\\{arrow}{below}{{{above}}}")))
    }

    fn both(&self, command: &str, between: &str, groups: &[String]) -> Pieces {
        let [first, second] = groups else { return Err(error("\\ce cannot be read")) };
        Ok(some(format!("{command}{{{}}}{between}{{{}}}", self.latex(first, "ce")?, self.latex(second, "ce")?)))
    }

    /// After a charge of digits alone comes another isotope.
    fn element_after_charge(&mut self, text: &str) -> Pieces {
        let isotope = is("digits", &self.buffer.d).then(|| std::mem::take(&mut self.buffer.d));
        let pieces = self.output("")?;
        if let Some(isotope) = isotope {
            self.buffer.b = isotope;
        }
        self.buffer.o.push_str(text);
        Ok(pieces)
    }

    /// A minus after an element or a charge: a hyphen, a charge or a bond.
    fn hyphen(&mut self, text: &str, after_charge: bool) -> Pieces {
        let element = self.buffer.o.clone();
        let orbital = is("orbital", &element);
        let latin = is("one lowercase latin letter $", &element);
        let begins_orbital = patterns::find("orbital", &element).ok().flatten().is_some();
        let follows = text == "-"
            && (orbital
                || latin
                || is("one lowercase greek letter $", &element)
                || is("$one lowercase latin letter$ $", &element));
        let buffer = &mut self.buffer;
        let alone = [&buffer.a, &buffer.b, &buffer.p, &buffer.d, &buffer.q].iter().all(|part| part.is_empty());
        if follows && alone && !begins_orbital && latin {
            buffer.o = format!("${element}$");
        }
        if follows {
            let mut pieces = self.output("")?;
            pieces.push(Piece::new("\\text{-}"));
            return Ok(pieces);
        }
        if after_charge && is("digits", &self.buffer.d) {
            self.buffer.d.push_str(text);
            return self.output("");
        }
        let mut pieces = self.output("")?;
        pieces.push(Piece::new(bond("-")?));
        Ok(pieces)
    }

    /// A number with its power of ten.
    fn number(&self, groups: &[String]) -> Pieces {
        let [sign, number, uncertainty, exponent, times, power] = groups else {
            return Err(error("\\pu cannot be read"));
        };
        let mut pieces = signed(sign);
        if !number.is_empty() {
            pieces.extend(self.go(number, "pu-9,9")?);
            if uncertainty.contains([',', '.']) {
                pieces.extend(self.go(uncertainty, "pu-9,9")?);
            } else if !uncertainty.is_empty() {
                pieces.push(Piece::new(uncertainty.clone()));
            }
            let mark = if times.is_empty() { exponent } else { times }.trim();
            if mark == "e" || mark.starts_with('*') {
                pieces.push(Piece::new("\\cdot "));
            } else if !mark.is_empty() {
                pieces.push(Piece::new("\\times "));
            }
        }
        if !exponent.is_empty() {
            pieces.push(Piece::new(format!("10^{{{power}}}")));
        }
        Ok(pieces)
    }

    fn power(&self, groups: &[String]) -> Pieces {
        let [sign, number, power] = groups else {
            return Err(error("\\pu cannot be read"));
        };
        let mut pieces = signed(sign);
        pieces.extend(self.go(number, "pu-9,9")?);
        pieces.push(Piece::new(format!("^{{{power}}}")));
        Ok(pieces)
    }

    /// Units, with a fraction or not.
    fn quantity(&mut self) -> Pieces {
        let buffer = std::mem::take(&mut self.buffer);
        let degrees = |text: &str| {
            let text = inside_braces(text).unwrap_or(text);
            ["°C", "^oC", "^{o}C", "°F", "^oF", "^{o}F"].iter().fold(text.to_owned(), |text, written| {
                text.replace(written, if written.ends_with('C') { "{}^{\\circ}C" } else { "{}^{\\circ}F" })
            })
        };
        let above = degrees(&buffer.d);
        if buffer.q.is_empty() {
            return self.go(&above, "pu-2");
        }
        let mut above = self.go(&above, "pu")?;
        let below = self.go(&degrees(&buffer.q), "pu")?;
        if buffer.o == "//" {
            let fraction = format!("\\frac{{{}}}{{{}}}", joined(&above), joined(&below));
            return Ok(some(format!(
                "\\mathchoice{{\\textstyle{fraction}}}{{{fraction}}}{{{fraction}}}{{{fraction}}}"
            )));
        }
        above.push(Piece::new(if above.len() > 1 || below.len() > 1 { "\\,/\\," } else { "/" }));
        above.extend(below);
        Ok(above)
    }
}

fn signed(sign: &str) -> Vec<Piece> {
    match sign {
        "" => Vec::new(),
        "+-" | "+/-" => vec![Piece::new("\\pm ")],
        sign => vec![Piece::new(sign)],
    }
}

fn fraction(text: &str) -> Pieces {
    let Some((sign, numerator, denominator, variable)) = characters::fraction_parts(text) else {
        return Err(error("\\ce cannot be read"));
    };
    let fraction = format!("\\frac{{{numerator}}}{{{denominator}}}");
    let variable = if variable.is_empty() { String::new() } else { format!("{variable} ") };
    Ok(some(format!("{sign}\\mathchoice{{\\textstyle{fraction}}}{{{fraction}}}{{{fraction}}}{{{fraction}}}{variable}")))
}

fn inside_braces(text: &str) -> Option<&str> {
    let found = patterns::find("{(...)}", text).ok().flatten()?;
    found.rest.is_empty().then(|| &text[1..text.len() - 1])
}

/// Digits in groups of three, from the right before the decimal mark and from the left after it.
fn grouped(digits: &str, from_right: bool) -> Vec<Piece> {
    let characters: Vec<char> = digits.chars().collect();
    if characters.len() <= 4 {
        return vec![Piece::new(digits)];
    }
    let first = if from_right && !characters.len().is_multiple_of(3) { characters.len() % 3 } else { 3 };
    let (first, rest) = characters.split_at(first);
    let groups = std::iter::once(first).chain(rest.chunks(3)).map(|group| group.iter().collect::<String>());
    vec![Piece::new(groups.collect::<Vec<_>>().join("\\mkern2mu "))]
}

fn inserted(kind: &str, text: &str) -> String {
    match kind {
        "hyphen" => "\\text{-}".to_owned(),
        "ellipsis" => "\\ldots ".to_owned(),
        "addition compound" => "\\,{\\cdot}\\,".to_owned(),
        "commaDecimal" => "{,}".to_owned(),
        "circa" => "{\\sim}".to_owned(),
        "electron dot" => "\\mkern1mu \\bullet\\mkern1mu ".to_owned(),
        "KV x" => "{\\times}".to_owned(),
        "prime" => "\\prime ".to_owned(),
        "comma enumeration S" => format!("{{{text}}}\\mkern1mu "),
        _ => format!("{text} "),
    }
}

fn bond(kind: &str) -> Result<&'static str, ParseError> {
    Ok(match kind {
        "-" | "1" => "{-}",
        "=" | "2" => "{=}",
        "#" | "≡" | "3" => "{\\equiv}",
        "~" => "{\\tripledash}",
        "~-" => "{\\mathrlap{\\raisebox{-.1em}{$-$}}\\raisebox{.1em}{$\\tripledash$}}",
        "~=" | "~--" => "{\\mathrlap{\\raisebox{-.2em}{$-$}}\\mathrlap{\\raisebox{.2em}{$\\tripledash$}}-}",
        "-~-" => "{\\mathrlap{\\raisebox{-.2em}{$-$}}\\mathrlap{\\raisebox{.2em}{$-$}}\\tripledash}",
        "..." => "{{\\cdot}{\\cdot}{\\cdot}}",
        "...." => "{{\\cdot}{\\cdot}{\\cdot}{\\cdot}}",
        "->" => "{\\rightarrow}",
        "<-" => "{\\leftarrow}",
        "<" => "{<}",
        ">" => "{>}",
        _ => return Err(error("\\ce has an unknown bond")),
    })
}

fn operator(kind: &str) -> Result<&'static str, ParseError> {
    Ok(match kind {
        "+" => " {}+{} ",
        "-" => " {}-{} ",
        "=" => " {}={} ",
        "<" => " {}<{} ",
        ">" => " {}>{} ",
        "<<" => " {}\\ll{} ",
        ">>" => " {}\\gg{} ",
        "\\pm" => " {}\\pm{} ",
        "\\approx" | "$\\approx$" => " {}\\approx{} ",
        "v" | "(v)" => " \\downarrow{} ",
        "^" | "(^)" => " \\uparrow{} ",
        _ => return Err(error("\\ce has an unknown operator")),
    })
}
