//! Reads random texts or answers for so many seconds and counts what came of them.
//!
//! ```text
//! cargo run --release -p shared --example fuzz -- texts|answers SECONDS [SEED]
//! ```
//!
//! It ends with an error at the first text whose markup is not safe, and at the first answer that is not right for itself,
//! has two verdicts or takes longer than [`LONGEST_CHECK`]. A panic ends it, too.

use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};

use fastrand::Rng;
use shared::domain::answer::{CheckResult, Rules, check, preview};
use shared::domain::text::{Drawings, Formula, ShownFigure, html, html_of_line, parse};

/// Longest time of a check, whatever the answers are. The bound of a check is a number of steps; this is far above what they
/// take.
const LONGEST_CHECK: Duration = Duration::from_millis(50);
/// What is slow is repeated, because another process may have interrupted it.
const REPETITIONS: u32 = 5;

/// Answers of all kinds, from the tests.
const TABLES: [&str; 3] = [
    include_str!("../src/domain/answer/pairs.tsv"),
    include_str!("../src/domain/answer/kinds.tsv"),
    include_str!("../src/domain/answer/teacher.tsv"),
];
/// Pieces of answers.
const ANSWER: &str = r"x y n e i I C π pi 1 2 12 0 .5 3.14 1,000 0,5 1e5 2e-1 ½ + - ++ +- ± * / ^ ** _ ! % ° ( ) [ ] { } \{ \} | \left| \right| \left( \right) \frac \frac12 \frac{1}{2} \sqrt \sqrt[3]{x} \binom{5}{2} \sin \sin^n \ln \log_2 log( log(8,2) \tan^{-1} sin cos( exp max( Max( nCr( nPr(5,2) nthroot( atan2( round( Barg( arg( Re \sum_{k=1}^{9} \int_0^1 dx \prod = < > <= ≤ ≠ \in ∈ ∋ ⊂ \supset \cup ∪ U \setminus \infty oo or and , ; : \ldots ... \overline{3} \boxed{ \boxed{4} \text{ \text{and} \quad \mathrm{ \begin{pmatrix} \end{pmatrix} & \\ [[1,2],[3,4]] ∠ABC angle segment \approx ≈ $ $$ \( \) \[ \] \$ € m cm kg/m^3 \qty{5}{\metre} Omega Ω \mu_0 μ0 the answer is therefore we find that not 10-12 2:3 10:30 1815-06-18 June 18th O(n) f(x) P(A) A∩B H_2O \ce{CO2} 101_2 0xFF （ ） ＋ true no diverges SQL é 日 \ ' ~";
/// Pieces of texts.
const TEXT: &str = r#"$ $$ \( \) \[ \] \ \\ { } [ ] \begin{align} \end{align} \begin{equation} \end{equation} \begin{itemize} \begin{enumerate} \end{itemize} \end{enumerate} \item \begin{tabular}{cc} \begin{tabular}{ \end{tabular} & \hline \begin{verbatim} \end{verbatim} \begin{ \end{ \begin{center} \textbf{ \emph{ \underline{ \bf \frac{1}{2} \alpha \unknown \text{ \verb| | ``` `` ` '' ' " < > <script> <!-- &amp; ~ - -- --- ** * _ - 1. a) (b) |a|b| |---|---| [figure_1] [gap_2] [figure \' \c{ \"o \multicolumn{2}{c}{ \label{ \ref{ \href{javascript:x}{ \url{ % \% # é 𝑥 日 word 5 $5 5$ \ce{H2O} \SI{5}{\metre} \includegraphics[ \includegraphics{a} \vspace{ \footnote{ \section{ x^2 = , . ; : ( )"#;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, seconds, seed @ ..] = arguments.as_slice() else {
        return Err("usage: fuzz texts|answers SECONDS [SEED]".into());
    };
    let end = Instant::now() + Duration::from_secs(seconds.parse()?);
    let mut random = Rng::with_seed(seed.first().map_or(Ok(1), |seed| seed.parse())?);
    let report = match what.as_str() {
        "texts" => texts(&mut random, end)?,
        "answers" => answers(&mut random, end)?,
        other => return Err(format!("{other}: must be texts or answers").into()),
    };
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// Pieces in a row: mostly a few, at times many.
fn soup(random: &mut Rng, pieces: &[&str]) -> String {
    let length = if random.usize(..50) == 0 { random.usize(..600) } else { random.usize(..25) };
    let piece = |random: &mut Rng| match random.usize(..40) {
        0 => random.char(..).to_string(),
        1 => "\n".to_owned(),
        2..=12 => " ".to_owned(),
        _ => pieces
            .get(random.usize(..pieces.len()))
            .copied()
            .unwrap_or_default()
            .replace("e_", "e ")
            .replace("p_", "p "),
    };
    (0..length).map(|_| piece(random)).collect()
}

fn answers(random: &mut Rng, end: Instant) -> Result<String, String> {
    let pieces: Vec<&str> = ANSWER.split(' ').collect();
    let lines = TABLES.iter().flat_map(|table| table.lines()).filter(|line| !line.starts_with('#'));
    let written: Vec<&str> = lines.flat_map(|line| line.split('\t').skip(1).take(2)).collect();
    let (mut checks, mut counts, mut readable) = (0_u64, [0_u64; 3], 0_u64);
    let mut slowest = (Duration::ZERO, String::new());
    while Instant::now() < end {
        let one = |random: &mut Rng| {
            let known = written.get(random.usize(..written.len())).copied().unwrap_or_default();
            match random.usize(..3) {
                0 => soup(random, &pieces),
                1 => mangled(random, known),
                _ => known.to_owned(),
            }
        };
        let expected = one(random);
        let given = if random.usize(..3) == 0 { mangled(random, &expected) } else { one(random) };
        let rules = rules(random);
        readable += u64::from(preview(&given, &rules).is_ok());
        let start = Instant::now();
        let verdict = check(&expected, &given, &rules);
        let mut time = start.elapsed();
        if time > slowest.0 {
            for _ in 0..REPETITIONS {
                let start = Instant::now();
                if check(&expected, &given, &rules) != verdict {
                    return Err(format!("two verdicts: {expected:?} | {given:?} | {rules:?}"));
                }
                time = time.min(start.elapsed());
            }
        }
        if time > LONGEST_CHECK {
            return Err(format!("{time:?}: {expected:?} | {given:?} | {rules:?}"));
        }
        if time > slowest.0 {
            slowest = (time, format!("{expected} | {given}"));
        }
        if given.chars().any(|next| !next.is_whitespace() && next != '$')
            && given.len() <= 1000
            && check(&given, &given, &rules) != CheckResult::Right
        {
            return Err(format!("not right for itself: {given:?}"));
        }
        checks += 2;
        match verdict {
            CheckResult::Right => counts[0] += 1,
            CheckResult::Wrong => counts[1] += 1,
            CheckResult::Undecided => counts[2] += 1,
        }
    }
    let [right, wrong, undecided] = counts;
    Ok(format!(
        "{checks} checks, of different answers {right} right, {wrong} wrong, {undecided} undecided; {readable} previews; slowest {:?}: {:.200}",
        slowest.0, slowest.1
    ))
}

/// A text with a few characters removed, doubled or moved.
fn mangled(random: &mut Rng, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..random.usize(1..4) {
        if letters.is_empty() {
            break;
        }
        let at = random.usize(..letters.len());
        match random.usize(..3) {
            0 => {
                letters.remove(at);
            }
            1 => letters.extend_from_within(at..=at),
            _ => {
                let other = random.usize(..letters.len());
                letters.swap(at, other);
            }
        }
    }
    letters.into_iter().collect()
}

fn rules(random: &mut Rng) -> Rules {
    const COLUMNS: [&str; 8] = [
        "{}",
        r#"{"units":"convertible"}"#,
        r#"{"units_ignored":true}"#,
        r#"{"letters":"variables"}"#,
        r#"{"letters":"word"}"#,
        r#"{"integration":"required","domain":"positive"}"#,
        r#"{"domain":"integer","variables":["n","rate"]}"#,
        r#"{"relative_tolerance":0.01,"absolute_tolerance":0.001}"#,
    ];
    let column = COLUMNS.get(random.usize(..COLUMNS.len())).copied().unwrap_or_default();
    Rules { seed: random.u64(..), ..Rules::of_column(Some(&serde_json::Value::from(column))) }
}

/// Draws no formula and has one figure.
struct Nothing;

impl Drawings for Nothing {
    fn formula(&self, _: &Formula) -> Option<&str> {
        None
    }

    fn figure(&self, number: usize) -> Option<ShownFigure<'_>> {
        (number == 1).then_some(ShownFigure { address: "/f?a=1&b=\"", description: "<\">", size: Some((2, 3)) })
    }
}

fn texts(random: &mut Rng, end: Instant) -> Result<String, String> {
    let pieces: Vec<&str> = TEXT.split(' ').collect();
    let (mut count, mut formulas, mut slowest) = (0_u64, 0_u64, (Duration::ZERO, String::new()));
    while Instant::now() < end {
        let source = soup(random, &pieces);
        let start = Instant::now();
        let text = parse(&source);
        let markup = [html(&text, &Nothing), html_of_line(&text, &Nothing)];
        let mut time = start.elapsed();
        if time > slowest.0 {
            for _ in 0..REPETITIONS {
                let start = Instant::now();
                let _ = html(&parse(&source), &Nothing);
                time = time.min(start.elapsed());
            }
        }
        if time > slowest.0 {
            slowest = (time, source.clone());
        }
        for markup in &markup {
            if let Some(fault) = fault(markup) {
                return Err(format!("{fault}: {source:?}\n{markup}"));
            }
        }
        formulas += u64::try_from(text.formulas().len()).unwrap_or_default();
        count += 1;
    }
    Ok(format!(
        "{count} texts with {formulas} formulas; slowest {:?} for {} characters: {:.200}",
        slowest.0,
        slowest.1.len(),
        slowest.1
    ))
}

/// What is not safe in a markup: an unknown element or attribute, one that is not closed in its place, a raw character, a raw
/// command outside of code.
fn fault(markup: &str) -> Option<String> {
    const ELEMENTS: [&str; 18] = [
        "p", "ol", "ul", "li", "table", "tr", "td", "th", "pre", "code", "strong", "em", "u", "sup", "sub", "br",
        "img", "div",
    ];
    const KNOWN: [&str; 5] = ["colspan=\"", "src=\"", "alt=\"", "width=\"", "height=\""];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = markup;
    loop {
        let (text, after) = rest.split_once('<').unwrap_or((rest, ""));
        let is_code = open.iter().any(|name| matches!(*name, "code" | "pre"));
        let command = text.split('\\').skip(1).any(|tail| tail.starts_with(|next: char| next.is_ascii_alphabetic()));
        if text.contains(['>', '"']) || text.split('&').skip(1).any(|tail| !tail.contains(';')) {
            return Some("a raw character".to_owned());
        }
        if command && !is_code {
            return Some(format!("a raw command in {text:?}"));
        }
        if rest.len() == text.len() {
            break;
        }
        let Some((tag, after)) = after.split_once('>') else { return Some("an element without an end".to_owned()) };
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Some(format!("</{name}> is out of place"));
            }
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let known = attributes.split("\" ").filter(|attribute| !attribute.is_empty()).all(|attribute| {
            let is_list =
                name == "ol" && ["1", "a", "A", "i", "I"].iter().any(|kind| attribute == format!("type=\"{kind}\""));
            is_list || KNOWN.iter().any(|known| attribute.starts_with(known))
        });
        if !ELEMENTS.contains(&name) || !known {
            return Some(format!("<{tag}>"));
        }
        if !matches!(name, "br" | "img") {
            open.push(name);
        }
    }
    (!open.is_empty()).then(|| "an element is not closed".to_owned())
}
