//! The formulas of a question as MathML, drawn when the question was imported.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dollars::is_prose;
use super::parse::trimmed_latex;
use super::{Block, Formula, Inline, Text, parse};

/// Drawn formulas. A formula that the renderer refused is missing, and is shown as code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnFormulas {
    /// Version of the renderer that drew them.
    pub renderer: u32,
    /// MathML by formula. It is safe markup.
    #[serde(with = "rows")]
    pub formulas: BTreeMap<Formula, String>,
}

impl DrawnFormulas {
    /// Bytes of all markup.
    #[must_use]
    pub fn markup_bytes(&self) -> usize {
        self.formulas.values().map(String::len).sum()
    }
}

/// Reads an answer. Many answers are LaTeX without dollars: such an answer is one formula.
#[must_use]
pub fn parse_answer(answer: &str) -> Text {
    let has_own_marks = ["$", "\\(", "\\["].iter().any(|mark| answer.contains(mark));
    if has_own_marks || !answer.contains(['\\', '^', '_']) || is_prose(answer) {
        return parse(answer);
    }
    let formula = Formula { latex: trimmed_latex(answer).to_owned(), is_display: false };
    Text { blocks: vec![Block::Paragraph(vec![Inline::Formula(formula)])] }
}

/// JSON has no keys of two members: a formula is a row of its LaTeX, whether it is displayed, and its markup.
mod rows {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Formula;

    pub(super) fn serialize<S: Serializer>(
        formulas: &BTreeMap<Formula, String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(formulas.iter().map(|(formula, markup)| (&formula.latex, formula.is_display, markup)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Formula, String>, D::Error> {
        let rows = Vec::<(String, bool, String)>::deserialize(deserializer)?;
        Ok(rows.into_iter().map(|(latex, is_display, markup)| (Formula { latex, is_display }, markup)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formulas(answer: &str) -> Vec<String> {
        parse_answer(answer).formulas().iter().map(|formula| formula.latex.clone()).collect()
    }

    #[test]
    fn an_answer_of_latex_is_one_formula() {
        for answer in [r"\frac{1}{3}", "x^2", "a_n = 2", r"50\%", r"\begin{pmatrix}1&2\end{pmatrix}"] {
            assert_eq!(formulas(answer), [answer]);
        }
        assert_eq!(formulas(r" \pi "), [r"\pi"]);
    }

    #[test]
    fn an_answer_with_its_own_marks_or_of_words_is_text() {
        for (answer, expected) in [
            ("$x^2$ and $y$", vec!["x^2", "y"]),
            (r"\(x\)", vec!["x"]),
            (r"It costs \$5", vec![]),
            ("converges", vec![]),
            (r"the series converges by \alpha", vec![r"\alpha"]),
        ] {
            assert_eq!(formulas(answer), expected, "{answer}");
        }
    }

    #[test]
    fn drawn_formulas_round_trip() {
        let formula = |latex: &str, is_display| Formula { latex: latex.to_owned(), is_display };
        let drawn = DrawnFormulas {
            renderer: 3,
            formulas: BTreeMap::from([
                (formula("x", false), "<math>1</math>".to_owned()),
                (formula("x", true), "<math>2</math>".to_owned()),
            ]),
        };
        let json = serde_json::to_string(&drawn).unwrap();
        assert_eq!(json, r#"{"renderer":3,"formulas":[["x",false,"<math>1</math>"],["x",true,"<math>2</math>"]]}"#);
        assert_eq!(serde_json::from_str::<DrawnFormulas>(&json).unwrap(), drawn);
    }
}
