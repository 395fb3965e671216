//! Draws random formulas for so many seconds and counts what came of them: `fuzz_formulas 60 [seed]`.

use std::io::Write as _;
use std::time::{Duration, Instant};

use rendering::{Renderer, is_safe};

/// Pieces that make formulas of all kinds, good and bad.
const PIECES: &str = r"{ } [ ] ( ) | $ & \\ ^ _ ' ~ # #1 % , . ; < > 1 2.5 x y A é 日 α \{ \} \| \, \! \% \# \frac \sqrt \left \right \left( \right) \left| \right| \middle| \begin{matrix} \end{matrix} \begin{array}{c|r} \end{array} \begin{align} \end{align} \begin{cases} \end{cases} \hline \sum \limits \int \sin \lim \text \text{a} \mathbf \mathbb{R} \boldsymbol \operatorname \hat \overline \underbrace \xrightarrow \boxed \cancel \color{red} \bf \rm \displaystyle \large \tag{1} \ce{ \ce{H2O->} \pu{ \pu{1m} \SI \qty \num{ \ang \unit{\kilo \dv \abs \def\a \a \newcommand{\a}[1]{ \verb| \char \big \Big( \rule{1em}{1em} \raisebox{1em} \smash \phantom \mathrel \not \stackrel \substack{ \binom \choose \over \textcolor{red} \mathllap \phase \overparen \begin{CD} \end{CD} @>>> @VVV \middle \bra \ket \set \nicefrac \vec \bar \dot \prime \mathop \nolimits \mod \pmod \tiny \kern1em \hspace{1em} \cr \newline \bgroup \egroup \begingroup \endgroup";
/// What is slow is repeated, because another process may have interrupted it.
const REPETITIONS: u32 = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().unwrap_or_default().parse()?;
    let mut seed: u64 = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    let pieces: Vec<&str> = PIECES.split(' ').collect();
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap_or(0) % below
    };
    let renderer = Renderer::default();
    let (mut drawn, mut refused, mut slowest) = (0_u64, 0_u64, (Duration::ZERO, String::new()));
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        let length = if random(50) == 0 { random(1_500) } else { random(25) };
        let latex: String = (0..length)
            .map(|_| [pieces[random(pieces.len())], if random(3) == 0 { " " } else { "" }].concat())
            .collect();
        let is_display = random(2) == 0;
        let start = Instant::now();
        match renderer.formula(&latex, is_display) {
            Ok(html) if is_safe(&html) => drawn += 1,
            Ok(html) => return Err(format!("not safe: {latex}\n{html}").into()),
            Err(_) => refused += 1,
        }
        let mut time = start.elapsed();
        if time > slowest.0 {
            for _ in 0..REPETITIONS {
                let start = Instant::now();
                let _ = renderer.formula(&latex, is_display);
                time = time.min(start.elapsed());
            }
        }
        if time > slowest.0 {
            slowest = (time, latex);
        }
    }
    let (time, latex) = slowest;
    writeln!(
        std::io::stdout(),
        "{drawn} drawn, {refused} refused, slowest {time:?} for {} characters: {latex:.200}",
        latex.len()
    )?;
    Ok(())
}
