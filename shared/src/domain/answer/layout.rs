//! How an expression is set: as MathML and as plain text.

/// A part of a formula.
#[derive(Debug, Clone)]
pub(super) enum Layout {
    Number(String),
    Name(String),
    Operator(String),
    /// The sign of a negative number.
    Minus,
    Text(String),
    Row(Vec<Layout>),
    /// `{0}/{1}`; the text has brackets where they are needed.
    Fraction(Box<Layout>, Box<Layout>),
    Power(Box<Layout>, Box<Layout>),
    Index(Box<Layout>, Box<Layout>),
    Root(Box<Layout>),
    /// The root with an index: the index, and what stands under the sign.
    IndexedRoot(Box<Layout>, Box<Layout>),
    /// In brackets.
    Fenced(&'static str, Box<Layout>, &'static str),
    /// A sign with what stands below and above it.
    Limits(String, Box<Layout>, Box<Layout>),
    Table(Vec<Vec<Layout>>),
}

impl Layout {
    pub(super) fn operator(text: &str) -> Self {
        Self::Operator(text.to_owned())
    }

    /// The formula as a MathML element.
    pub(super) fn to_mathml(&self) -> String {
        let mut out = String::from("<math xmlns=\"http://www.w3.org/1998/Math/MathML\">");
        self.mathml(&mut out);
        out.push_str("</math>");
        out
    }

    fn mathml(&self, out: &mut String) {
        match self {
            Self::Number(text) => leaf("mn", text, out),
            Self::Name(text) => leaf("mi", text, out),
            Self::Operator(text) => leaf("mo", text, out),
            Self::Minus => leaf("mo", "−", out),
            Self::Text(text) => leaf("mtext", text, out),
            Self::Row(parts) => element("mrow", parts, out),
            Self::Fraction(above, below) => element("mfrac", [above.as_ref(), below.as_ref()], out),
            Self::Power(base, exponent) => element("msup", [base.as_ref(), exponent.as_ref()], out),
            Self::Index(base, index) => element("msub", [base.as_ref(), index.as_ref()], out),
            Self::Root(under) => element("msqrt", [under.as_ref()], out),
            Self::IndexedRoot(index, under) => element("mroot", [under.as_ref(), index.as_ref()], out),
            Self::Fenced(open, inner, close) => {
                element("mrow", [&Self::operator(open), inner.as_ref(), &Self::operator(close)], out);
            }
            Self::Limits(sign, below, above) => {
                element("munderover", [&Self::operator(sign), below.as_ref(), above.as_ref()], out);
            }
            Self::Table(rows) => {
                out.push_str("<mtable>");
                for row in rows {
                    out.push_str("<mtr>");
                    for cell in row {
                        element("mtd", [cell], out);
                    }
                    out.push_str("</mtr>");
                }
                out.push_str("</mtable>");
            }
        }
    }

    /// The formula as text of one line.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Number(text) | Self::Name(text) | Self::Text(text) => text.clone(),
            Self::Operator(text) => match text.as_str() {
                "," | ";" => format!("{text} "),
                "=" | "≠" | "<" | "≤" | "+" | "−" | "∪" | "∈" | ":" => format!(" {text} "),
                _ => text.clone(),
            },
            Self::Minus => "−".to_owned(),
            Self::Row(parts) => {
                // On one line, 1/2⋅x would be read in two ways.
                let product = parts.iter().any(|part| matches!(part, Self::Operator(sign) if sign == "⋅"));
                let text = |part: &Self| match part {
                    Self::Fraction(..) if product => part.operand(),
                    part => part.to_text(),
                };
                parts.iter().map(text).collect()
            }
            Self::Fraction(above, below) => format!("{}/{}", above.operand(), below.operand()),
            Self::Power(base, exponent) => format!("{}^{}", base.to_text(), exponent.operand()),
            Self::Index(base, index) => format!("{}_{}", base.to_text(), index.to_text()),
            Self::Root(under) => format!("√{}", under.operand()),
            Self::IndexedRoot(index, under) => format!("root {} of {}", index.operand(), under.operand()),
            Self::Fenced(open, inner, close) => format!("{open}{}{close}", inner.to_text()),
            Self::Limits(sign, below, above) => {
                format!("{sign}[{} to {}] ", below.to_text(), above.to_text())
            }
            Self::Table(rows) => {
                let row = |row: &Vec<Self>| row.iter().map(Self::to_text).collect::<Vec<_>>().join(", ");
                rows.iter().map(row).collect::<Vec<_>>().join("; ")
            }
        }
    }

    /// The text, in brackets unless it is one part.
    fn operand(&self) -> String {
        match self {
            Self::Number(_) | Self::Name(_) | Self::Fenced(..) | Self::Index(..) | Self::Root(_) => self.to_text(),
            Self::Row(parts) => match parts.as_slice() {
                [only] => only.operand(),
                [Self::Name(_), Self::Fenced("(", ..)] => self.to_text(),
                _ => format!("({})", self.to_text()),
            },
            _ => format!("({})", self.to_text()),
        }
    }
}

fn element<'a>(name: &str, children: impl IntoIterator<Item = &'a Layout>, out: &mut String) {
    out.extend(["<", name, ">"]);
    for child in children {
        child.mathml(out);
    }
    out.extend(["</", name, ">"]);
}

fn leaf(name: &str, text: &str, out: &mut String) {
    out.extend(["<", name, ">"]);
    for next in text.chars() {
        match next {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(next),
        }
    }
    out.extend(["</", name, ">"]);
}
