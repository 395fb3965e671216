//! Tells whether an answer is about complex numbers.

use super::names::{Constant, Function};
use super::parsed::Answer;
use super::tree::{Node, Operator, Work};

/// Whether an answer has something that only complex numbers have: their parts, e^(ix), a value that is not real.
pub(super) fn is_evident(answer: &Answer) -> bool {
    any(answer, &|node| {
        let mut found = false;
        node.visit(&mut |node| {
            found |= match node {
                Node::Call(Function::Re | Function::Im | Function::Arg | Function::Conjugate, _) => true,
                Node::Binary(Operator::Power, base, exponent) => {
                    matches!(**base, Node::Constant(Constant::E)) && exponent.is_complex()
                }
                _ => false,
            };
        });
        let hidden = !node.is_complex() && node.variables().is_empty();
        found
            || hidden && {
                let value = node.value(&[], &Work::new(100));
                value.is_finite() && !value.is_real()
            }
    })
}

/// Whether the imaginary unit stands in an answer.
pub(super) fn has_unit(answer: &Answer) -> bool {
    any(answer, &Node::is_complex)
}

pub(super) fn any(answer: &Answer, test: &dyn Fn(&Node) -> bool) -> bool {
    match answer {
        Answer::Value(formula) => test(&formula.node),
        Answer::Equation { left, right } => test(&left.node) || test(&right.node),
        Answer::Many { items, .. } | Answer::Tuple { items, .. } => items.iter().any(|item| any(item, test)),
        _ => false,
    }
}
