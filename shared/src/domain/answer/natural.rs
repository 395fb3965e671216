//! Tells whether `log` is the natural logarithm: it is where it stands in a power of e, or e stands in it.

use super::complex::any;
use super::names::{Constant, Function};
use super::parsed::Answer;
use super::tree::{Node, Operator};

/// Whether a logarithm and the number e undo each other somewhere in an answer.
pub(super) fn is_evident(answer: &Answer) -> bool {
    any(answer, &|node| {
        let mut found = false;
        node.visit(&mut |node| {
            found |= match node {
                Node::Call(Function::Ln, of) => has(of, &is_exponential),
                Node::Call(Function::Exp, exponent) => has(exponent, &is_logarithm),
                Node::Binary(Operator::Power, base, exponent) => is_e(base) && has(exponent, &is_logarithm),
                _ => false,
            };
        });
        found
    })
}

fn has(node: &Node, test: &dyn Fn(&Node) -> bool) -> bool {
    let mut found = false;
    node.visit(&mut |node| found |= test(node));
    found
}

fn is_e(node: &Node) -> bool {
    matches!(node, Node::Constant(Constant::E))
}

fn is_exponential(node: &Node) -> bool {
    is_e(node) || matches!(node, Node::Call(Function::Exp, _))
}

fn is_logarithm(node: &Node) -> bool {
    matches!(node, Node::Call(Function::Ln, _))
}
