use proptest::prelude::*;

use super::*;

/// Draws formulas as `<math>`, or `<math display="block">`, around their source.
struct Sources(Vec<(Formula, String)>);

impl Drawings for Sources {
    fn formula(&self, formula: &Formula) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == formula).map(|(_, drawn)| drawn.as_str())
    }

    fn figure(&self, number: usize) -> Option<ShownFigure<'_>> {
        let figure = ShownFigure { address: "/api/figures/1?a=1&b=2", description: "A \"circle\"", size: Some((2, 3)) };
        (number == 1).then_some(figure)
    }
}

fn shown(text: &str) -> String {
    let text = parse(text);
    let draw = |formula: &&Formula| {
        let display = if formula.is_display { " display" } else { "" };
        let latex =
            formula.latex.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        ((*formula).clone(), format!("<math{display}>{latex}</math>"))
    };
    html(&text, &Sources(text.formulas().iter().map(draw).collect()))
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(&shown(text), expected, "{text}");
    }
}

#[test]
fn formulas_stand_between_four_kinds_of_delimiters() {
    check(&[
        ("Evaluate $x^2$.", "<p>Evaluate <math>x^2</math>.</p>"),
        (r"\(x\) and \[y\]", "<p><math>x</math> and <math display>y</math></p>"),
        ("$$\nx = 1\n$$", "<p><math display>x = 1</math></p>"),
        ("If $ x + 1 = 2 $ then", "<p>If <math>x + 1 = 2</math> then</p>"),
        ("Let $ n $ be", "<p>Let <math>n</math> be</p>"),
        (r"$\text{if $x$ is even}$ done", r"<p><math>\text{if $x$ is even}</math> done</p>"),
        (r"$\$5$", r"<p><math>\$5</math></p>"),
        (r"$\frac{1}{$", r"<p><math>\frac{1}{</math></p>"),
        ("the triangle $ABC$ and $sin x$", "<p>the triangle <math>ABC</math> and <math>sin x</math></p>"),
        ("$x$$y$", "<p><math>x</math><math>y</math></p>"),
    ]);
}

#[test]
fn dollars_may_be_prices() {
    for text in [
        "It costs $5.",
        "between $5 and $10",
        "It pays $3, sells for $4 each",
        "a $5-$10 range",
        "$5 million, or US$ 3",
        "from $1,000 to $2,500 a year",
        "$20/hour for $x hours",
        "Cost: $",
        "$$",
        "A bond of $100 pays $5 a year and costs $95 today.",
    ] {
        assert_eq!(shown(text), format!("<p>{text}</p>"));
    }
    check(&[
        (r"It costs \$5 and $p = 3$", "<p>It costs $5 and <math>p = 3</math></p>"),
        ("It costs $5 and $p = 3$ more", "<p>It costs $5 and <math>p = 3</math> more</p>"),
        ("$5$ apples", "<p><math>5</math> apples</p>"),
        ("The price $p$ is $20.", "<p>The price <math>p</math> is $20.</p>"),
    ]);
}

#[test]
fn environments_outside_dollars_are_formulas() {
    check(&[
        (r"Solve \begin{equation}\label{a} x=1 \end{equation} now", "<p>Solve <math display>x=1</math> now</p>"),
        (
            "\\begin{align*}\na &= b \\\\\n c &= d \\nonumber \\\\\n\\end{align*}",
            "<p><math display>\\begin{aligned}\na &amp;= b \\\\\n c &amp;= d\\end{aligned}</math></p>",
        ),
        (
            r"\begin{eqnarray} a & = & b \end{eqnarray}",
            r"<p><math display>\begin{array}{rcl} a &amp; = &amp; b\end{array}</math></p>",
        ),
        (r"\begin{gather}x\end{gather}", r"<p><math display>\begin{gathered}x\end{gathered}</math></p>"),
        (r"\begin{multline}x\\y\end{multline}", r"<p><math display>\begin{gathered}x\\y\end{gathered}</math></p>"),
        (r"\begin{pmatrix}1&2\end{pmatrix}", r"<p><math display>\begin{pmatrix}1&amp;2\end{pmatrix}</math></p>"),
    ]);
}

#[test]
fn commands_of_text_set_it() {
    check(&[
        (r"\textbf{Note} \emph{this}", "<p><strong>Note</strong> <em>this</em></p>"),
        (r"{\bf Note} this", "<p><strong>Note</strong> this</p>"),
        (r"\textbf{a \emph{b $x$}}", "<p><strong>a <em>b <math>x</math></em></strong></p>"),
        (r"50\% of \{1, 2\} \& \#3 a\_b", "<p>50% of {1, 2} &amp; #3 a_b</p>"),
        ("300~K, Fig.~1, ~5 of them", "<p>300\u{a0}K, Fig.\u{a0}1, ~5 of them</p>"),
        (r"e.g.\ this", "<p>e.g. this</p>"),
        ("``yes'' and `no' f''(x)", "<p>“yes” and ‘no’ f''(x)</p>"),
        (r"a\\b\\[2pt]c", "<p>a<br>b<br>c</p>"),
        (
            r#"Schr\"odinger, na\"{\i}ve, \'Etale, fa\c{c}ade, \v{C}ech"#,
            "<p>Schrödinger, naïve, Étale, façade, Čech</p>",
        ),
        (r"and so on\ldots{} yes, 20\textdegree C", "<p>and so on… yes, 20°C</p>"),
        ("pages 3--5, a --- b, x-1, --help", "<p>pages 3–5, a — b, x-1, --help</p>"),
        (r"\texttt{a\_b} \verb|x^2\n|", r"<p><code>a_b</code> <code>x^2\n</code></p>"),
        (r"\noindent\large Hello\vspace{2cm}", "<p>Hello</p>"),
        (r"\href{https://a.org}{here}", "<p>here <code>https://a.org</code></p>"),
        (r"\textcolor{red}{hot}", "<p>hot</p>"),
        (
            r"is \underline{\hspace{3cm}}, \rule{2cm}{0.4pt} and \underline{\qquad\qquad}",
            "<p>is ________, ________ and ________</p>",
        ),
        (r"a\hspace{1cm}b\hspace{-2pt}c \rule{0pt}{3ex}d", "<p>a bc d</p>"),
        (r"\underline{not} \underline{}", "<p><u>not</u> <u></u></p>"),
        (r"from 22\,\textcelsius", "<p>from 22\u{2009}°C</p>"),
        (r"if $x\ \ $, $z\ $.", r"<p>if <math>x</math>, <math>z</math>.</p>"),
        (r"\unknown", r"<p><math>\unknown</math></p>"),
        (r"Find \frac{1}{2}x^2 and \alpha.", r"<p>Find <math>\frac{1}{2}x^2</math> and <math>\alpha</math>.</p>"),
        (
            r"\ce{H2O} boils at \SI{100}{\celsius}.",
            r"<p><math>\ce{H2O}</math> boils at <math>\SI{100}{\celsius}</math>.</p>",
        ),
        ("{1, 2} ∪ {3}", "<p>{1, 2} ∪ {3}</p>"),
        ("**Note** 2*3*4", "<p><strong>Note</strong> 2*3*4</p>"),
        ("use `x = 1` here", "<p>use <code>x = 1</code> here</p>"),
    ]);
}

#[test]
fn lists_tables_and_code_keep_their_shape() {
    check(&[
        (
            r"\begin{tabular}{cc} a\ & b \\ c\  & d \end{tabular}",
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>",
        ),
        (
            "\\begin{enumerate}\n\\item one\n\\item two $\\item$\n\\begin{itemize}\\item in\\end{itemize}\n\\end{enumerate}",
            "<ol><li>one</li><li><p>two <math>\\item</math></p><ul><li>in</li></ul></li></ol>",
        ),
        (r"\begin{enumerate}[label=(\alph*)]\item x\item y\end{enumerate}", "<ol type=\"a\"><li>x</li><li>y</li></ol>"),
        (r"\begin{enumerate}[leftmargin=*, label=\Roman*.]\item x\end{enumerate}", "<ol type=\"I\"><li>x</li></ol>"),
        (r"\begin{enumerate}[(i)]\item x\end{enumerate}", "<ol type=\"i\"><li>x</li></ol>"),
        (r"\begin{enumerate}[noitemsep]\item x\end{enumerate}", "<ol><li>x</li></ol>"),
        (
            r"\begin{enumerate}\item x \begin{enumerate}\item y\end{enumerate}\end{enumerate}",
            "<ol><li><p>x</p><ol type=\"a\"><li>y</li></ol></li></ol>",
        ),
        (
            r"\begin{itemize}\item x \begin{enumerate}\item y\end{enumerate}\end{itemize}",
            "<ul><li><p>x</p><ol><li>y</li></ol></li></ul>",
        ),
        (r"\begin{itemize}\item[Law] a\item b\end{itemize}", "<ul><li>Law a</li><li>b</li></ul>"),
        ("- one\n- two", "<ul><li>one</li><li>two</li></ul>"),
        ("1. one\n2. $x$\n3. y", "<ol><li>one</li><li><math>x</math></li><li>y</li></ol>"),
        ("- 5 is less", "<p>- 5 is less</p>"),
        ("2. second alone", "<p>2. second alone</p>"),
        (
            r"\begin{tabular}{|c|c|}\hline $x$ & y \\ \hline \multicolumn{2}{c}{both} \\ 1\,\& & {a & b} \end{tabular}",
            "<table><tr><td><math>x</math></td><td>y</td></tr><tr><td colspan=\"2\">both</td></tr><tr><td>1\u{2009}&amp;</td><td>{a &amp; b}</td></tr></table>",
        ),
        (
            "| a | b |\n|---|---|\n| $|x|$ | 2 |",
            "<table><tr><th>a</th><th>b</th></tr><tr><td><math>|x|</math></td><td>2</td></tr></table>",
        ),
        ("|x| = |y|", "<p>|x| = |y|</p>"),
        ("\\begin{verbatim}\nfor i in x:\n  y $\\alpha$\n\\end{verbatim}", "<pre>for i in x:\n  y $\\alpha$</pre>"),
        ("```python\nx = 1\n  y\n```\nthen", "<pre>x = 1\n  y</pre><p>then</p>"),
        ("\\begin{center}middle\\end{center}", "<p>middle</p>"),
        ("a\nb\n\nc", "<p>a</p><p>b</p><p>c</p>"),
    ]);
}

#[test]
fn figures_and_gaps_have_their_place() {
    check(&[
        (
            "See [figure 1] and [figure 2].",
            "<p>See <img src=\"/api/figures/1?a=1&amp;b=2\" alt=\"A &quot;circle&quot;\" width=\"2\" height=\"3\"> and [figure 2].</p>",
        ),
        ("It is [gap 1], not [gap 28].", "<p>It is ____ (a), not ____ (ab).</p>"),
        ("[0, 1) and [figure x]", "<p>[0, 1) and [figure x]</p>"),
    ]);
}

#[test]
fn what_never_ends_loses_nothing_else() {
    check(&[
        (r"\begin{align} x = 1", "<p>x = 1</p>"),
        (r"\[ x = 1", "<p>[ x = 1</p>"),
        (r"a \textbf{b", r"<p>a <math>\textbf</math>{b</p>"),
        ("$x = 1", "<p>$x = 1</p>"),
        ("a\\", "<p>a\\</p>"),
        ("<b>x</b> & y", "<p>&lt;b&gt;x&lt;/b&gt; &amp; y</p>"),
    ]);
}

/// Elements that a text may have, and their attributes.
const ALLOWED: [(&str, &[&str]); 20] = [
    ("p", &[]),
    ("ol", &["type"]),
    ("ul", &[]),
    ("li", &[]),
    ("table", &[]),
    ("tr", &[]),
    ("td", &["colspan"]),
    ("th", &["colspan"]),
    ("pre", &[]),
    ("code", &[]),
    ("strong", &[]),
    ("em", &[]),
    ("u", &[]),
    ("sup", &[]),
    ("sub", &[]),
    ("br", &[]),
    ("img", &["src", "alt", "width", "height"]),
    ("math", &["display"]),
    ("span", &[]),
    ("div", &[]),
];

/// Walks the elements: each is allowed with its attributes, and each is closed by its own end.
fn assert_safe(html: &str) {
    let mut open = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(!text.contains('>') && !text.contains('"'), "{html}");
        let end = rest[at..].find('>').expect("an element ends") + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let (_, allowed) = ALLOWED.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name}: {html}"));
        for attribute in attributes.split("\" ").filter(|attribute| !attribute.is_empty()) {
            let key = attribute.split('=').next().unwrap();
            assert!(allowed.contains(&key), "{attribute}: {html}");
        }
        if !matches!(name, "br" | "img") {
            open.push(name);
        }
    }
    assert!(open.is_empty() && !rest.contains('>'), "{html}");
}

/// Whether a command of LaTeX stands outside of formulas and code.
fn raw_command(html: &str) -> Option<String> {
    let mut outside = String::new();
    let mut rest = html;
    while let Some(at) = ["<math", "<code>", "<pre>"].iter().filter_map(|open| rest.find(open)).min() {
        outside.push_str(&rest[..at]);
        let close =
            ["</math>", "</code>", "</pre>"].iter().filter_map(|end| rest[at..].find(end).map(|p| p + end.len())).min();
        rest = &rest[at + close.unwrap()..];
    }
    outside.push_str(rest);
    let at = outside.find('\\')?;
    outside[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()).then(|| outside[at..].chars().take(20).collect())
}

const TOKENS: &[&str] = &[
    "$",
    "$$",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "\\",
    "\\\\",
    "{",
    "}",
    "[",
    "]",
    "\\begin{align}",
    "\\end{align}",
    "\\begin{itemize}",
    "\\end{itemize}",
    "\\item ",
    "\\begin{tabular}{cc}",
    "\\end{tabular}",
    "&",
    "\\begin{verbatim}",
    "\\end{verbatim}",
    "\\begin{",
    "\\end{",
    "\\textbf{",
    "\\bf ",
    "\\frac{1}{2}",
    "\\alpha",
    "\\unknown",
    "\\text{",
    "\\verb|",
    "|",
    "```",
    "``",
    "`",
    "''",
    "'",
    "\n",
    "\n\n",
    " ",
    "a",
    "word",
    "5",
    "<",
    ">",
    "<script>",
    "\"",
    "~",
    "-",
    "--",
    "---",
    "**",
    "- ",
    "1. ",
    "| a | b |",
    "|---|---|",
    "[figure 1]",
    "[gap 2]",
    "\\'",
    "\\c{",
    "\\multicolumn{2}{c}{",
    "\\label{",
    "\\href{",
    "%",
    "é",
    "𝑥",
    "\u{0}",
    "\r\n",
    "\\ce{H2O}",
    "\\includegraphics[",
    "\\vspace{",
    "x^2",
    "=",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_text_becomes_safe_markup(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..40)) {
        let html = shown(&tokens.concat());
        assert_safe(&html);
        prop_assert_eq!(raw_command(&html), None, "{}", html);
    }

    #[test]
    fn prose_without_marks_is_itself(text in "[a-zA-Z0-9 ,.;:!?()/+=]{0,80}") {
        let trimmed = text.trim();
        let expected = if trimmed.is_empty() { String::new() } else { format!("<p>{trimmed}</p>") };
        prop_assert_eq!(shown(&text), expected);
    }

    #[test]
    fn any_characters_are_read(text in "\\PC{0,200}") {
        assert_safe(&shown(&text));
    }
}

#[test]
fn a_long_text_of_unclosed_marks_is_read() {
    for mark in [
        "$",
        "$$",
        "\\(",
        "\\[",
        "{",
        "\\begin{a}",
        "\\begin{align}",
        "\\textbf{",
        "\\text{$",
        "$\\text{",
        "`",
        "**",
        "[",
    ] {
        let text = mark.repeat(65_536 / mark.len());
        assert_safe(&shown(&text));
    }
}
