//! MathML to LaTeX.

use std::fmt::Write as _;

use crate::formulas::{self, Formula};
use crate::markup::Element;

/// The formula in an element `math`.
pub(crate) fn formula(math: &Element) -> Formula {
    let is_display = math.attribute("display") == Some("block") || math.attribute("mode") == Some("display");
    let latex = annotation(math).or_else(|| math.attribute("alttext").map(str::to_owned));
    let latex = latex.unwrap_or_else(|| row(math));
    let latex = formulas::clean(&latex);
    // Exporters put the style of the whole into the annotation.
    let latex = latex
        .strip_prefix("{\\displaystyle ")
        .and_then(|inner| inner.strip_suffix('}'))
        .filter(|inner| is_balanced(inner))
        .map_or(latex.clone(), |inner| inner.trim().to_owned());
    Formula { latex, is_display }
}

fn is_balanced(latex: &str) -> bool {
    let mut depth = 0_i32;
    latex.bytes().all(|byte| {
        depth += i32::from(byte == b'{') - i32::from(byte == b'}');
        depth >= 0
    })
}

/// The LaTeX that an exporter put beside the formula.
fn annotation(math: &Element) -> Option<String> {
    let semantics = math.elements().find(|element| element.name == "semantics")?;
    let annotation = semantics.elements().find(|element| {
        element.name == "annotation"
            && element.attribute("encoding").is_some_and(|encoding| {
                let encoding = encoding.to_ascii_lowercase();
                encoding == "latex" || encoding == "tex" || encoding.contains("x-tex") || encoding.contains("x-latex")
            })
    })?;
    Some(annotation.text()).filter(|latex| !latex.trim().is_empty())
}

fn push(out: &mut String, latex: &str) {
    // A command ends before a letter.
    let letters = out.bytes().rev().take(32).take_while(u8::is_ascii_alphabetic).count();
    let ends_with_command = letters > 0 && out.as_bytes()[..out.len() - letters].ends_with(b"\\");
    if ends_with_command && latex.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out.push(' ');
    }
    out.push_str(latex);
}

fn group(element: &Element) -> String {
    format!("{{{}}}", latex(element))
}

/// An argument of a script: braces unless it is one character.
fn base(element: &Element) -> String {
    let latex = latex(element);
    let is_command = latex.starts_with('\\') && latex[1..].bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_fenced = latex.starts_with("\\left") && latex.matches("\\left").count() == 1;
    if latex.chars().count() == 1 || is_command || is_fenced || latex.bytes().all(|byte| byte.is_ascii_digit()) {
        if latex.is_empty() { "{}".to_owned() } else { latex }
    } else {
        format!("{{{latex}}}")
    }
}

/// All children, one after the other.
fn row(element: &Element) -> String {
    let children: Vec<&Element> = element.elements().collect();
    if children.is_empty() {
        return token(element.text().trim());
    }
    let mut out = String::new();
    let mut open_fences = 0;
    for (index, child) in children.iter().enumerate() {
        if child.name == "mo" {
            let text = child.text();
            let text = text.trim();
            if is_opening(text) && fence_end(&children, index).is_some_and(|end| is_tall(&children[index + 1..end])) {
                push(&mut out, &format!("\\left{}", fence(text)));
                open_fences += 1;
                continue;
            }
            if open_fences > 0 && is_closing(text) && matching_open(&children, index) {
                push(&mut out, &format!("\\right{}", fence(text)));
                open_fences -= 1;
                continue;
            }
        }
        push(&mut out, &latex(child));
    }
    for _ in 0..open_fences {
        push(&mut out, "\\right.");
    }
    out
}

fn is_opening(text: &str) -> bool {
    matches!(text, "(" | "[" | "{" | "⟨" | "⌊" | "⌈")
}

fn is_closing(text: &str) -> bool {
    matches!(text, ")" | "]" | "}" | "⟩" | "⌋" | "⌉")
}

fn fence(text: &str) -> &str {
    match text {
        "{" => "\\{",
        "}" => "\\}",
        "⟨" => "\\langle ",
        "⟩" => "\\rangle ",
        "⌊" => "\\lfloor ",
        "⌋" => "\\rfloor ",
        "⌈" => "\\lceil ",
        "⌉" => "\\rceil ",
        "‖" | "∥" => "\\| ",
        "" => ".",
        other => other,
    }
}

fn operator_text(element: &Element) -> Option<String> {
    (element.name == "mo").then(|| element.text().trim().to_owned())
}

/// The index of the fence that closes the one at `open`; for a brace before a table, the end of the row.
fn fence_end(children: &[&Element], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, child) in children.iter().enumerate().skip(open).take(200) {
        let Some(text) = operator_text(child) else { continue };
        if is_opening(&text) {
            depth += 1;
        } else if is_closing(&text) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(index);
            }
        }
    }
    let is_cases = children.get(open + 1).is_some_and(|next| holds(next, "mtable"));
    (is_cases && children.len() == open + 2).then_some(children.len())
}

fn matching_open(children: &[&Element], close: usize) -> bool {
    (close.saturating_sub(200)..close).any(|open| {
        operator_text(children[open]).is_some_and(|text| is_opening(&text))
            && fence_end(children, open) == Some(close)
            && is_tall(&children[open + 1..close])
    })
}

fn is_tall(children: &[&Element]) -> bool {
    children.iter().any(|child| ["mfrac", "mtable", "munderover"].iter().any(|name| holds(child, name)))
}

fn holds(element: &Element, name: &str) -> bool {
    element.name == name || element.elements().any(|child| holds(child, name))
}

fn latex(element: &Element) -> String {
    let children: Vec<&Element> = element.elements().collect();
    let child = |index: usize| children.get(index).map_or_else(String::new, |child| latex(child));
    let braces = |index: usize| format!("{{{}}}", child(index));
    match element.name.as_str() {
        "mi" => identifier(element),
        "mn" => {
            let text = element.text();
            let number = token(text.trim());
            variant(element, &number).unwrap_or(number)
        }
        "mo" => operator(element.text().trim()),
        "mtext" | "ms" => text_command(&element.text()),
        "mspace" => if element.attribute("linebreak") == Some("newline") { "\\\\ " } else { "\\," }.to_owned(),
        "mfrac" => {
            if element.attribute("linethickness").is_some_and(|width| width.trim().trim_end_matches("px") == "0") {
                format!("\\genfrac{{}}{{}}{{0pt}}{{}}{}{}", braces(0), braces(1))
            } else {
                format!("\\frac{}{}", braces(0), braces(1))
            }
        }
        "msqrt" => format!("\\sqrt{{{}}}", row(element)),
        "mroot" => format!("\\sqrt[{}]{}", child(1), braces(0)),
        "msup" | "msub" if children.len() >= 2 => {
            let sign = if element.name == "msup" { '^' } else { '_' };
            format!("{}{sign}{}", base(children[0]), script(children[1]))
        }
        "msubsup" if children.len() >= 3 => {
            format!("{}_{}^{}", base(children[0]), script(children[1]), script(children[2]))
        }
        "munder" | "mover" | "munderover" if children.len() >= 2 => under_over(element, &children),
        "mmultiscripts" => multiscripts(&children),
        "mtable" => table(&children),
        "mfenced" => fenced(element, &children),
        "menclose" => enclosed(element),
        "mphantom" => format!("\\phantom{{{}}}", row(element)),
        "annotation" | "annotation-xml" | "mprescripts" | "none" | "malignmark" | "maligngroup" | "mglyph" => {
            String::new()
        }
        "semantics" | "maction" => child(0),
        _ => row(element),
    }
}

fn script(element: &Element) -> String {
    // Primes are superscripts by themselves.
    match element.text().trim() {
        "′" | "'" => "{\\prime}".to_owned(),
        "″" => "{\\prime\\prime}".to_owned(),
        _ => group(element),
    }
}

fn under_over(element: &Element, children: &[&Element]) -> String {
    let main = latex(children[0]);
    let mark = children[1].text();
    let mark = mark.trim();
    let accent = match (element.name.as_str(), mark) {
        ("mover", "¯" | "‾" | "_" | "―" | "\u{305}" | "\u{304}") => Some("\\overline"),
        ("mover", "^" | "ˆ" | "\u{302}") => Some(if main.chars().count() > 1 { "\\widehat" } else { "\\hat" }),
        ("mover", "~" | "˜" | "\u{303}") => Some(if main.chars().count() > 1 { "\\widetilde" } else { "\\tilde" }),
        ("mover", "→" | "⃗" | "⟶" | "⇀") => {
            Some(if main.chars().count() > 1 { "\\overrightarrow" } else { "\\vec" })
        }
        ("mover", "˙" | "." | "\u{307}") => Some("\\dot"),
        ("mover", "¨" | ".." | "\u{308}") => Some("\\ddot"),
        ("mover", "⏞") => Some("\\overbrace"),
        ("munder", "⏟") => Some("\\underbrace"),
        ("munder", "_" | "¯" | "‾" | "\u{332}" | "―") => Some("\\underline"),
        _ => None,
    };
    if let Some(accent) = accent {
        return format!("{accent}{{{main}}}");
    }
    let takes_limits = matches!(
        main.trim(),
        "\\sum"
            | "\\prod"
            | "\\coprod"
            | "\\bigcup"
            | "\\bigcap"
            | "\\int"
            | "\\oint"
            | "\\iint"
            | "\\lim"
            | "\\max"
            | "\\min"
            | "\\sup"
            | "\\inf"
            | "\\limsup"
            | "\\liminf"
            | "\\bigoplus"
            | "\\bigotimes"
            | "\\bigvee"
            | "\\bigwedge"
    ) || main.starts_with("\\underbrace")
        || main.starts_with("\\overbrace");
    let first = group(children[1]);
    match (element.name.as_str(), takes_limits) {
        ("munder", true) => format!("{main}_{first}"),
        ("mover", true) => format!("{main}^{first}"),
        ("munder", false) => format!("\\underset{first}{{{main}}}"),
        ("mover", false) => format!("\\overset{first}{{{main}}}"),
        (_, true) => format!("{main}_{first}^{}", children.get(2).map_or("{}".to_owned(), |over| group(over))),
        (_, false) => {
            let over = children.get(2).map_or("{}".to_owned(), |over| group(over));
            format!("\\overset{over}{{\\underset{first}{{{main}}}}}")
        }
    }
}

fn multiscripts(children: &[&Element]) -> String {
    let Some((first, scripts)) = children.split_first() else { return String::new() };
    let split = scripts.iter().position(|child| child.name == "mprescripts").unwrap_or(scripts.len());
    let write = |scripts: &[&Element]| {
        let mut out = String::new();
        for pair in scripts.chunks(2) {
            for (sign, script) in ["_", "^"].iter().zip(pair) {
                let inner = latex(script);
                if !inner.is_empty() {
                    let _ = write!(out, "{sign}{{{inner}}}");
                }
            }
        }
        out
    };
    let before = write(scripts.get(split + 1..).unwrap_or_default());
    let after = write(&scripts[..split]);
    if before.is_empty() { format!("{}{after}", base(first)) } else { format!("{{}}{before}{}{after}", base(first)) }
}

fn table(rows: &[&Element]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let skip = usize::from(row.name == "mlabeledtr");
            let cells: Vec<String> = row.elements().skip(skip).map(self::row).collect();
            cells.join(" & ")
        })
        .collect();
    format!("\\begin{{matrix}} {} \\end{{matrix}}", rows.join(" \\\\ "))
}

fn fenced(element: &Element, children: &[&Element]) -> String {
    let open = element.attribute("open").unwrap_or("(").trim();
    let close = element.attribute("close").unwrap_or(")").trim();
    let separators: Vec<char> =
        element.attribute("separators").unwrap_or(",").chars().filter(|c| !c.is_whitespace()).collect();
    let mut inner = String::new();
    for (index, child) in children.iter().enumerate() {
        if index > 0
            && let Some(separator) = separators.get(index - 1).or(separators.last())
        {
            inner.push_str(&operator(&separator.to_string()));
        }
        push(&mut inner, &latex(child));
    }
    format!("\\left{}{inner}\\right{}", fence(open), fence(close))
}

fn enclosed(element: &Element) -> String {
    let inner = row(element);
    let notation = element.attribute("notation").unwrap_or("longdiv");
    let command = match notation.split_whitespace().next().unwrap_or_default() {
        "radical" => "\\sqrt",
        "box" | "roundedbox" | "circle" => "\\boxed",
        "updiagonalstrike" | "horizontalstrike" => "\\cancel",
        "downdiagonalstrike" => "\\bcancel",
        "top" => "\\overline",
        "bottom" => "\\underline",
        _ => return inner,
    };
    format!("{command}{{{inner}}}")
}

fn text_command(text: &str) -> String {
    let text: Vec<&str> = text.split_whitespace().collect();
    if text.is_empty() {
        return "\\ ".to_owned();
    }
    let escaped: String = text
        .join(" ")
        .chars()
        .flat_map(|c| match c {
            '\\' => "\\textbackslash ".chars().collect::<Vec<_>>(),
            '{' | '}' | '$' | '%' | '#' | '&' | '_' => vec!['\\', c],
            _ => vec![c],
        })
        .collect();
    format!("\\text{{{escaped}}}")
}

const FUNCTIONS: [&str; 33] = [
    "arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "coth", "csc", "deg", "det", "dim", "exp", "gcd", "hom",
    "inf", "ker", "lg", "lim", "liminf", "limsup", "ln", "log", "max", "min", "sec", "sin", "sinh", "sup", "tan",
    "tanh", "Pr", "mod",
];

fn identifier(element: &Element) -> String {
    let text = element.text();
    let text = text.trim();
    if text == "mod" {
        return "\\bmod ".to_owned();
    }
    if FUNCTIONS.contains(&text) {
        return format!("\\{text} ");
    }
    let inner = token(text);
    if let Some(styled) = variant(element, &inner) {
        return styled;
    }
    let is_word = text.chars().count() > 1 && text.chars().all(char::is_alphanumeric);
    if is_word { format!("\\mathrm{{{inner}}}") } else { inner }
}

fn variant(element: &Element, inner: &str) -> Option<String> {
    let command = match element.attribute("mathvariant")? {
        "bold" | "bold-italic" => "\\mathbf",
        "double-struck" => "\\mathbb",
        "script" | "bold-script" => "\\mathcal",
        "fraktur" | "bold-fraktur" => "\\mathfrak",
        "sans-serif" => "\\mathsf",
        "monospace" => "\\mathtt",
        "normal" if inner.len() == 1 => "\\mathrm",
        _ => return None,
    };
    Some(format!("{command}{{{inner}}}"))
}

fn operator(text: &str) -> String {
    match text {
        "{" => "\\{".to_owned(),
        "}" => "\\}".to_owned(),
        "lim" | "max" | "min" | "sup" | "inf" | "sin" | "cos" | "tan" | "log" | "ln" | "exp" | "det" => {
            format!("\\{text} ")
        }
        ":=" | "==" | "!=" | "<=" | ">=" | "->" => match text {
            "!=" => "\\ne ".to_owned(),
            "<=" => "\\le ".to_owned(),
            ">=" => "\\ge ".to_owned(),
            "->" => "\\to ".to_owned(),
            other => other.to_owned(),
        },
        _ => token(text),
    }
}

/// Characters as LaTeX.
fn token(text: &str) -> String {
    let mut out = String::new();
    for next in text.chars() {
        match character(next) {
            Some("") => {}
            Some(command) => {
                push(&mut out, command);
                if command.starts_with('\\') && command.ends_with(|c: char| c.is_ascii_alphabetic()) {
                    out.push(' ');
                }
            }
            None => out.push(next),
        }
    }
    // One blank after a command is for the letter that follows; the caller adds it.
    if out.matches('\\').count() == 1 && out.starts_with('\\') { out.trim_end().to_owned() } else { out }
}

#[rustfmt::skip]
fn character(next: char) -> Option<&'static str> {
    Some(match next {
        '\u{2061}'..='\u{2064}' | '\u{200b}' | '\u{feff}' => "",
        '\u{a0}' | '\u{2003}' | '\u{2009}' | '\u{200a}' => "\\,",
        '−' | '–' | '‐' => "-", '×' => "\\times", '⋅' | '·' | '∙' => "\\cdot", '÷' => "\\div", '±' => "\\pm", '∓' => "\\mp",
        '∗' => "*", '∘' => "\\circ", '⊕' => "\\oplus", '⊗' => "\\otimes", '⊙' => "\\odot",
        '≤' | '⩽' => "\\le", '≥' | '⩾' => "\\ge", '≠' => "\\ne", '≈' => "\\approx", '≡' => "\\equiv", '≅' => "\\cong",
        '∼' | '~' => "\\sim", '≃' => "\\simeq", '∝' => "\\propto", '≪' => "\\ll", '≫' => "\\gg", '≺' => "\\prec", '≻' => "\\succ",
        '→' | '⟶' => "\\to", '←' => "\\leftarrow", '↔' => "\\leftrightarrow", '⇒' => "\\Rightarrow", '⟹' => "\\implies",
        '⇐' => "\\Leftarrow", '⇔' | '⟺' => "\\Leftrightarrow", '↦' => "\\mapsto", '↑' => "\\uparrow", '↓' => "\\downarrow",
        '∈' => "\\in", '∉' => "\\notin", '∋' => "\\ni", '⊂' => "\\subset", '⊆' => "\\subseteq", '⊃' => "\\supset",
        '⊇' => "\\supseteq", '∪' => "\\cup", '∩' => "\\cap", '∖' => "\\setminus", '∅' => "\\emptyset",
        '∀' => "\\forall", '∃' => "\\exists", '∄' => "\\nexists", '¬' => "\\neg", '∧' => "\\wedge", '∨' => "\\vee",
        '⊢' => "\\vdash", '⊨' => "\\models", '⊤' => "\\top", '⊥' => "\\perp", '∥' | '‖' => "\\parallel", '∣' => "\\mid",
        '∠' => "\\angle", '∴' => "\\therefore", '∵' => "\\because",
        '∑' => "\\sum", '∏' => "\\prod", '∐' => "\\coprod", '∫' => "\\int", '∬' => "\\iint", '∭' => "\\iiint", '∮' => "\\oint",
        '⋃' => "\\bigcup", '⋂' => "\\bigcap", '⋁' => "\\bigvee", '⋀' => "\\bigwedge", '⨁' => "\\bigoplus", '⨂' => "\\bigotimes",
        '√' => "\\surd", '∞' => "\\infty", '∂' => "\\partial", '∇' => "\\nabla", 'ℏ' => "\\hbar", 'ℓ' => "\\ell",
        'ℜ' => "\\Re", 'ℑ' => "\\Im", 'ℵ' => "\\aleph", '†' => "\\dagger", '′' => "'", '″' => "''",
        '…' => "\\ldots", '⋯' => "\\cdots", '⋮' => "\\vdots", '⋱' => "\\ddots", '°' => "^{\\circ}",
        '⟨' | '〈' => "\\langle", '⟩' | '〉' => "\\rangle", '⌊' => "\\lfloor", '⌋' => "\\rfloor", '⌈' => "\\lceil", '⌉' => "\\rceil",
        'ℝ' => "\\mathbb{R}", 'ℕ' => "\\mathbb{N}", 'ℤ' => "\\mathbb{Z}", 'ℚ' => "\\mathbb{Q}", 'ℂ' => "\\mathbb{C}",
        'ℙ' => "\\mathbb{P}", 'ℒ' => "\\mathcal{L}", 'ℱ' => "\\mathcal{F}", 'ℋ' => "\\mathcal{H}", 'ⅆ' => "d", 'ⅇ' => "e", 'ⅈ' => "i",
        'α' => "\\alpha", 'β' => "\\beta", 'γ' => "\\gamma", 'δ' => "\\delta", 'ε' => "\\varepsilon", 'ϵ' => "\\epsilon",
        'ζ' => "\\zeta", 'η' => "\\eta", 'θ' => "\\theta", 'ϑ' => "\\vartheta", 'ι' => "\\iota", 'κ' => "\\kappa",
        'λ' => "\\lambda", 'μ' | 'µ' => "\\mu", 'ν' => "\\nu", 'ξ' => "\\xi", 'π' => "\\pi", 'ρ' => "\\rho", 'σ' => "\\sigma",
        'ς' => "\\varsigma", 'τ' => "\\tau", 'υ' => "\\upsilon", 'φ' => "\\varphi", 'ϕ' => "\\phi", 'χ' => "\\chi", 'ψ' => "\\psi",
        'ω' => "\\omega", 'Γ' => "\\Gamma", 'Δ' | '∆' => "\\Delta", 'Θ' => "\\Theta", 'Λ' => "\\Lambda", 'Ξ' => "\\Xi", 'Π' => "\\Pi",
        'Σ' => "\\Sigma", 'Υ' => "\\Upsilon", 'Φ' => "\\Phi", 'Ψ' => "\\Psi", 'Ω' => "\\Omega",
        '%' => "\\%", '#' => "\\#", '&' => "\\&", '$' => "\\$", '_' => "\\_", '\\' => "\\backslash", '{' => "\\{", '}' => "\\}",
        '^' => "\\hat{}",
        _ => return None,
    })
}
