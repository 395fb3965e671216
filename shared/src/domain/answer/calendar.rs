//! Dates and times of day, which look like sums, quotients and ratios of numbers but are none.

use super::CheckResult;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Date {
    year: u32,
    month: u32,
    day: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TimeOfDay {
    hour: u32,
    minute: u32,
    second: u32,
    /// Whether the text says am or pm.
    has_half: bool,
}

/// Compares two texts if one of them is a date or a time of day. `None`: neither is.
pub(super) fn compare(expected: &str, given: &str) -> Option<CheckResult> {
    let bare = |text: &str| text.trim_matches(['$', ' ']).to_owned();
    let (expected, given) = (&bare(expected), &bare(given));
    match (date(expected), date(given)) {
        (Some(expected), Some(given)) if expected == given => return Some(CheckResult::Right),
        (Some(_), Some(_)) => return Some(CheckResult::Wrong),
        (Some(_), None) | (None, Some(_)) => return Some(CheckResult::Undecided),
        (None, None) => {}
    }
    match (time_of_day(expected), time_of_day(given)) {
        (Some(a), Some(b)) => {
            let same = (a.hour, a.minute, a.second) == (b.hour, b.minute, b.second);
            let afternoon = a.has_half != b.has_half && a.hour.max(b.hour) > 12;
            // Without am or pm, 1:10 may also be a ratio, and 10:30 the evening.
            let ratio = a.hour * b.minute == b.hour * a.minute;
            Some(match (same, a.has_half && b.has_half) {
                (true, _) if !afternoon || a.hour == b.hour => CheckResult::Right,
                (false, true) => CheckResult::Wrong,
                (false, false) if !ratio && a.hour % 12 != b.hour % 12 => CheckResult::Wrong,
                _ => CheckResult::Undecided,
            })
        }
        (Some(time), None) if time.has_half => Some(CheckResult::Undecided),
        (None, Some(time)) if time.has_half => Some(CheckResult::Undecided),
        _ => None,
    }
}

/// A date with a year of four digits: `1815-06-18`, `18 June 1815`, `June 18th, 1815`, `6/18/1815`. A date of which it
/// is unknown whether the day or the month comes first is none, unless both are the same number.
fn date(text: &str) -> Option<Date> {
    let text = text.trim().trim_end_matches('.').replace(['–', '−', '‑'], "-");
    let numeric: Vec<&str> = text.split(['-', '/', '.']).collect();
    if let [first, second, third] = numeric.as_slice() {
        let separators: Vec<char> = text.chars().filter(|next| matches!(next, '-' | '/' | '.')).collect();
        if separators.first() == separators.last() {
            if let (Some(year), Some(month), Some(day)) =
                (digits(first, 4), one_or_two_digits(second), one_or_two_digits(third))
            {
                return Date { year, month, day }.checked();
            }
            if let (Some(first), Some(second), Some(year)) =
                (one_or_two_digits(first), one_or_two_digits(second), digits(third, 4))
            {
                return match (first > 12, second > 12) {
                    (true, false) => Date { year, month: second, day: first }.checked(),
                    (false, true) => Date { year, month: first, day: second }.checked(),
                    _ if first == second => Date { year, month: first, day: first }.checked(),
                    _ => None,
                };
            }
        }
    }
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty() && *word != "of").collect();
    let ([first, second, third] | ["the", first, second, third]) = words.as_slice() else { return None };
    let year = digits(third, 4)?;
    match (month(first), month(second)) {
        (Some(month), None) => Date { year, month, day: ordinal(second)? }.checked(),
        (None, Some(month)) => Date { year, month, day: ordinal(first)? }.checked(),
        _ => None,
    }
}

impl Date {
    fn checked(self) -> Option<Self> {
        ((1..=12).contains(&self.month) && (1..=31).contains(&self.day)).then_some(self)
    }
}

fn digits(text: &str, count: usize) -> Option<u32> {
    let all = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

fn one_or_two_digits(text: &str) -> Option<u32> {
    digits(text, 1).or_else(|| digits(text, 2))
}

fn ordinal(text: &str) -> Option<u32> {
    one_or_two_digits(["st", "nd", "rd", "th"].into_iter().find_map(|ending| text.strip_suffix(ending)).unwrap_or(text))
}

fn month(text: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let text = text.trim_end_matches('.').to_ascii_lowercase();
    let is_it = |month: &str| {
        text == month || (text.len() == 3 && month.starts_with(&text)) || text == "sept" && month == "september"
    };
    let index = MONTHS.iter().position(|month| is_it(month))?;
    u32::try_from(index + 1).ok()
}

/// A time of day: `10:30`, `10:30 am`, `22:30:15`.
fn time_of_day(text: &str) -> Option<TimeOfDay> {
    let text = text.trim().trim_end_matches('.').to_ascii_lowercase().replace("a.m", "am").replace("p.m", "pm");
    let (time, half) = match text.strip_suffix("am").or_else(|| text.strip_suffix("pm")) {
        Some(time) => (time.trim_end(), Some(text.ends_with("pm"))),
        None => (text.as_str(), None),
    };
    let parts: Vec<&str> = time.split(':').collect();
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] => (one_or_two_digits(hour)?, digits(minute, 2)?, 0),
        [hour, minute, second] => (one_or_two_digits(hour)?, digits(minute, 2)?, digits(second, 2)?),
        [hour] if half.is_some() => (one_or_two_digits(hour)?, 0, 0),
        _ => return None,
    };
    let hour = match half {
        Some(_) if hour > 12 || hour == 0 => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
        None => hour,
    };
    (hour < 24 && minute < 60 && second < 60).then_some(TimeOfDay { hour, minute, second, has_half: half.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_compared_by_day_month_and_year() {
        for text in ["1815-06-18", "18 June 1815", "June 18, 1815", "June 18th, 1815", "6/18/1815", "18.06.1815"] {
            assert_eq!(compare("1815-06-18", text), Some(CheckResult::Right), "{text}");
        }
        for text in ["1815-06-19", "18 July 1815", "June 18, 1816"] {
            assert_eq!(compare("1815-06-18", text), Some(CheckResult::Wrong), "{text}");
        }
        // The day or the month may come first; a year is not a date.
        for text in ["6/7/1815", "1815", "1791"] {
            assert_eq!(compare("1815-06-18", text), Some(CheckResult::Undecided), "{text}");
        }
        assert_eq!(compare("3-2", "1"), None);
        assert_eq!(compare("1.2.3", "1.2.3"), None);
    }

    #[test]
    fn times_are_no_ratios() {
        assert_eq!(compare("10:30", "10:30 am"), Some(CheckResult::Right));
        assert_eq!(compare("22:30", "10:30 pm"), Some(CheckResult::Right));
        assert_eq!(compare("10:30", "10:30 pm"), Some(CheckResult::Undecided));
        assert_eq!(compare("10:30 am", "10:30 pm"), Some(CheckResult::Wrong));
        assert_eq!(compare("1:10", "2:20"), Some(CheckResult::Undecided));
        assert_eq!(compare("$12:00$", "$1:00$"), Some(CheckResult::Undecided));
        assert_eq!(compare("2:3", "4:6"), None);
    }
}
