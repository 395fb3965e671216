//! Signs that pdflatex does not know.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Signs and their commands in formulas.
#[rustfmt::skip]
const SIGNS: &[(char, &str)] = &[
    ('α', "\\alpha"), ('β', "\\beta"), ('γ', "\\gamma"), ('δ', "\\delta"), ('ε', "\\varepsilon"), ('ζ', "\\zeta"), ('η', "\\eta"),
    ('θ', "\\theta"), ('ι', "\\iota"), ('κ', "\\kappa"), ('λ', "\\lambda"), ('μ', "\\mu"), ('ν', "\\nu"), ('ξ', "\\xi"), ('π', "\\pi"),
    ('ρ', "\\rho"), ('σ', "\\sigma"), ('τ', "\\tau"), ('υ', "\\upsilon"), ('φ', "\\varphi"), ('χ', "\\chi"), ('ψ', "\\psi"), ('ω', "\\omega"),
    ('Γ', "\\Gamma"), ('Δ', "\\Delta"), ('Θ', "\\Theta"), ('Λ', "\\Lambda"), ('Ξ', "\\Xi"), ('Π', "\\Pi"), ('Σ', "\\Sigma"),
    ('Φ', "\\Phi"), ('Ψ', "\\Psi"), ('Ω', "\\Omega"), ('ℝ', "\\mathbb{R}"), ('ℕ', "\\mathbb{N}"), ('ℤ', "\\mathbb{Z}"), ('ℚ', "\\mathbb{Q}"),
    ('ℂ', "\\mathbb{C}"), ('≤', "\\leq"), ('≥', "\\geq"), ('≠', "\\neq"), ('≈', "\\approx"), ('≡', "\\equiv"), ('∼', "\\sim"), ('∝', "\\propto"),
    ('∞', "\\infty"), ('√', "\\surd"), ('∑', "\\sum"), ('∏', "\\prod"), ('∫', "\\int"), ('∂', "\\partial"), ('∇', "\\nabla"), ('−', "-"),
    ('→', "\\to"), ('←', "\\leftarrow"), ('↔', "\\leftrightarrow"), ('⇒', "\\Rightarrow"), ('⇐', "\\Leftarrow"), ('⇔', "\\Leftrightarrow"),
    ('↑', "\\uparrow"), ('↓', "\\downarrow"), ('↦', "\\mapsto"), ('⇌', "\\rightleftharpoons"), ('∈', "\\in"), ('∉', "\\notin"), ('⊂', "\\subset"), ('⊆', "\\subseteq"),
    ('∪', "\\cup"), ('∩', "\\cap"), ('∅', "\\emptyset"), ('∀', "\\forall"), ('∃', "\\exists"), ('∧', "\\wedge"), ('∨', "\\vee"), ('⋅', "\\cdot"),
    ('∘', "\\circ"), ('⊥', "\\perp"), ('∥', "\\parallel"), ('∠', "\\angle"), ('⟨', "\\langle"), ('⟩', "\\rangle"), ('′', "'"), ('″', "''"),
    ('⁰', "{}^0"), ('⁴', "{}^4"), ('⁵', "{}^5"), ('⁶', "{}^6"), ('⁷', "{}^7"), ('⁸', "{}^8"), ('⁹', "{}^9"), ('⁻', "{}^-"), ('⁺', "{}^+"), ('ⁿ', "{}^n"),
    ('₀', "{}_0"), ('₁', "{}_1"), ('₂', "{}_2"), ('₃', "{}_3"), ('₄', "{}_4"), ('₅', "{}_5"), ('₆', "{}_6"), ('₇', "{}_7"), ('₈', "{}_8"), ('₉', "{}_9"),
    ('✓', "\\checkmark"), ('□', "\\square"), ('★', "\\bigstar"), ('ϵ', "\\epsilon"), ('ϕ', "\\phi"), ('∆', "\\Delta"), ('‖', "\\|"), ('⋯', "\\cdots"),
];

/// Declarations for signs that pdflatex does not know, and the list of those that it cannot show.
pub(super) fn declarations(signs: &BTreeSet<char>) -> (String, String) {
    let mut out = String::new();
    let mut unknown = Vec::new();
    for sign in signs.iter().copied().filter(|sign| !is_known(*sign)) {
        let code = u32::from(sign);
        if let Some((_, command)) = SIGNS.iter().find(|(known, _)| *known == sign) {
            let _ = writeln!(out, "\\DeclareUnicodeCharacter{{{code:04X}}}{{\\ensuremath{{{command}}}}}");
        } else if matches!(code, 0x200b..=0x200f | 0x2060 | 0xfe00..=0xfe0f | 0xfeff | 0x80..=0x9f) {
            let _ = writeln!(out, "\\DeclareUnicodeCharacter{{{code:04X}}}{{}}");
        } else {
            let _ = writeln!(out, "\\DeclareUnicodeCharacter{{{code:04X}}}{{\\fbox{{\\tiny U+{code:04X}}}}}");
            unknown.push(format!("{sign} (U+{code:04X})"));
        }
    }
    // Other engines know all signs, and not this command.
    let out = if out.is_empty() { out } else { format!("\\ifdefined\\DeclareUnicodeCharacter\n{out}\\fi\n") };
    (out, unknown.join(", "))
}

/// Whether the encoding T1 has the sign, or LaTeX declares it.
fn is_known(sign: char) -> bool {
    matches!(sign, '\u{a0}'..='\u{17e}' | '\u{218}'..='\u{21b}')
        || "–—‘’‚“”„†‡•…‰‹›€™№ \u{2009}\u{202f}".contains(sign) && !matches!(sign, '\u{2009}' | '\u{202f}')
}
