//! What an author should look at, with reasons.

use super::statistics::ItemStatistics;

/// Answers below which nothing is concluded.
pub const ANSWERS_MIN: u32 = 30;
/// Facility from which an item is too easy, and below which it is too hard, if the whole interval says so.
const EASY: f64 = 0.9;
const HARD: f64 = 0.2;
/// Discrimination below which an item says little, if the whole interval says so.
const LOW_DISCRIMINATION: f64 = 0.2;
/// Share of the shown below which an option attracts nobody.
const BLANK_SHARE: f64 = 0.1;

/// A reason to look at an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flag {
    /// Fewer answers than needed for any other flag.
    TooFewAnswers { answers: u32 },
    /// Those who choose this option are better than those who choose the key.
    KeyMayBeWrong { option: String },
    /// Better students get it wrong more often.
    NegativeDiscrimination,
    /// It hardly tells better students from others.
    LowDiscrimination,
    /// All are right, or all are wrong, so that it tells nothing.
    NoVariance,
    /// Nearly all are right.
    TooEasy,
    /// Nearly all are wrong.
    TooHard,
    /// Nobody chose this option.
    UnusedOption { option: String },
    /// Many left it blank.
    OftenBlank,
}

impl Flag {
    /// The reason, in a sentence.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::TooFewAnswers { answers } => {
                format!("Too few answers to judge it: {answers}, and at least {ANSWERS_MIN} are needed.")
            }
            Self::KeyMayBeWrong { option } => format!(
                "The key may be wrong: students who choose {option} do better on other questions than those who choose the key."
            ),
            Self::NegativeDiscrimination => {
                "Students who are right do worse on other questions than those who are wrong.".to_owned()
            }
            Self::LowDiscrimination => "Being right says little about the other questions.".to_owned(),
            Self::NoVariance => "All answers are right, or all are wrong, so it tells nobody apart.".to_owned(),
            Self::TooEasy => "Nearly all students are right.".to_owned(),
            Self::TooHard => "Nearly all students are wrong.".to_owned(),
            Self::UnusedOption { option } => format!("Nobody chose {option}."),
            Self::OftenBlank => "Many students left it blank.".to_owned(),
        }
    }
}

/// The flags of an item, the gravest first. Each needs its 95 % interval to say so, and at least [`ANSWERS_MIN`] answers.
#[must_use]
pub fn flags(item: &ItemStatistics) -> Vec<Flag> {
    if item.shown < ANSWERS_MIN {
        return vec![Flag::TooFewAnswers { answers: item.shown }];
    }
    let mut found = Vec::new();
    // Of an item with a wrong key, the key's correlation is low and that of the right option high.
    let beats = |item: &ItemStatistics| {
        let key = item.item_rest?;
        let others = item.options.iter().filter(|option| !option.is_key);
        let surely =
            others.filter(|option| option.option_rest_interval.is_some_and(|interval| interval.low > key.max(0.0)));
        let best = surely.max_by(|a, b| a.option_rest.unwrap_or(-1.0).total_cmp(&b.option_rest.unwrap_or(-1.0)));
        best.map(|option| option.letters.clone())
    };
    if let Some(option) = beats(item) {
        found.push(Flag::KeyMayBeWrong { option });
    }
    match item.item_rest_interval {
        _ if item.right == 0 || item.right == item.shown => found.push(Flag::NoVariance),
        Some(interval) if interval.high < 0.0 => found.push(Flag::NegativeDiscrimination),
        Some(interval) if interval.high < LOW_DISCRIMINATION => found.push(Flag::LowDiscrimination),
        _ => {}
    }
    if item.facility_interval.low >= EASY {
        found.push(Flag::TooEasy);
    } else if item.facility_interval.high <= HARD {
        found.push(Flag::TooHard);
    }
    let unused = item.options.iter().filter(|option| option.chosen == 0 && !option.is_key);
    // Of an item that all get right, no other option is chosen.
    if item.right < item.shown {
        found.extend(unused.map(|option| Flag::UnusedOption { option: option.letters.clone() }));
    }
    if super::share_interval(item.blank, item.shown).low > BLANK_SHARE {
        found.push(Flag::OftenBlank);
    }
    found
}
