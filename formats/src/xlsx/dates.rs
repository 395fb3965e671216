//! Dates of spreadsheets: days since 1900 or 1904, shown by a format. In a question they are rarely dates: a spreadsheet turns
//! `3/4` that is typed by hand into the fourth of March or the third of April.

use std::fmt::Write as _;

use super::display::Token;
use crate::table::{Cell, Value};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// A day and a time of it.
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    weekday: usize,
    /// Seconds since midnight.
    seconds: i64,
}

/// The moment of a serial number. `None` if no spreadsheet has it.
fn moment(serial: f64, has_1904_dates: bool) -> Option<Moment> {
    if !(0.0..2_958_466.0).contains(&serial) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked above")]
    let total = (serial * 86_400.0).round() as i64;
    let (days, seconds) = (total.div_euclid(86_400), total.rem_euclid(86_400));
    // 1900-01-01 is day 1, and the day 60 is a 29 February 1900 that never was. Days are counted from 1970-01-01 here.
    let days = if has_1904_dates { days - 24_107 } else { days - if days < 60 { 25_568 } else { 25_569 } };
    let (year, month, day) = civil(days);
    let weekday = usize::try_from(days.rem_euclid(7)).ok()?;
    Some(Moment { year, month, day, weekday, seconds })
}

/// Year, month and day of a number of days since 1970-01-01, by the algorithm of Howard Hinnant.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The cell of a date.
pub(super) fn cell(serial: f64, section: &[Token], has_1904_dates: bool) -> Option<Cell> {
    let moment = moment(serial, has_1904_dates)?;
    let text = shown(&moment, section);
    let has = |letter: char| section.iter().any(|token| matches!(token, Token::Date(known, _) if *known == letter));
    let has_time = has('h') || has('s');
    let has_day = has('d') || has('y') || (has('m') && !has_time);
    let Moment { year, month, day, seconds, .. } = moment;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let why = if has_day {
        let typed =
            if has('d') { format!("{month}/{day} (or {day}/{month})") } else { format!("{month}/{:02}", year % 100) };
        format!("the date {year}-{month:02}-{day:02}, probably {typed} typed by hand")
    } else {
        format!("the time {hours}:{minutes:02}, which may be a ratio typed by hand")
    };
    Some(Cell { text, value: Value::Date(why), ..Cell::default() })
}

fn shown(moment: &Moment, section: &[Token]) -> String {
    let mut text = String::new();
    let has_half_days = section.contains(&Token::HalfDay);
    let letters: Vec<(usize, char)> = section
        .iter()
        .enumerate()
        .filter_map(|(at, token)| if let Token::Date(letter, _) = token { Some((at, *letter)) } else { None })
        .collect();
    for (at, token) in section.iter().enumerate() {
        let nearest = letters.iter().position(|(place, _)| *place == at);
        // `m` is minutes after hours or before seconds.
        let is_minutes = nearest.is_some_and(|index| {
            index > 0 && letters[index - 1].1 == 'h' || letters.get(index + 1).is_some_and(|(_, next)| *next == 's')
        });
        let hours = moment.seconds / 3600;
        let (number, count) = match token {
            Token::Literal(literal) => {
                text.push_str(literal);
                continue;
            }
            Token::Slash => {
                text.push('/');
                continue;
            }
            Token::Point => {
                text.push('.');
                continue;
            }
            Token::Comma => {
                text.push(',');
                continue;
            }
            Token::Digit(_) => {
                text.push('0');
                continue;
            }
            Token::HalfDay => {
                text.push_str(if hours < 12 { "AM" } else { "PM" });
                continue;
            }
            Token::Percent | Token::Exponent | Token::General => continue,
            Token::Date('y', count) => (if *count > 2 { moment.year } else { moment.year % 100 }, 2),
            Token::Date('m', count) if is_minutes => (moment.seconds / 60 % 60, *count),
            Token::Date('m', count @ 3..) => {
                let name =
                    usize::try_from(moment.month - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
                text.push_str(if *count == 3 { &name[..3] } else { name });
                continue;
            }
            Token::Date('m', count) => (moment.month, *count),
            Token::Date('d', count @ 3..) => {
                let name = WEEKDAYS[moment.weekday % 7];
                text.push_str(if *count == 3 { &name[..3] } else { name });
                continue;
            }
            Token::Date('d', count) => (moment.day, *count),
            Token::Date('h', count) => (if has_half_days { (hours + 11) % 12 + 1 } else { hours }, *count),
            Token::Date(_, count) => (moment.seconds % 60, *count),
        };
        let width = count.min(2);
        // Writing to a string cannot fail.
        let _ = write!(text, "{number:0width$}");
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::display;
    use crate::table::Value;

    #[test]
    fn dates_are_shown_and_suspected() {
        for (raw, code, text, guess) in [
            ("45355", "d/m", "4/3", "2024-03-04, probably 3/4 (or 4/3)"),
            ("45355", "d-mmm", "4-Mar", "probably 3/4"),
            ("45352", "mmm-yy", "Mar-24", "probably 3/24"),
            ("1", "yyyy-mm-dd", "1900-01-01", "1900-01-01"),
            ("61", "yyyy-mm-dd", "1900-03-01", "1900-03-01"),
            ("0.39583333333333331", "h:mm", "9:30", "the time 9:30"),
            ("0.5", "h:mm AM/PM", "12:00 PM", "the time 12:00"),
            ("45355.5", "yyyy-mm-dd hh:mm:ss", "2024-03-04 12:00:00", "2024-03-04"),
        ] {
            let cell = display::cell(raw, code, false);
            assert_eq!(cell.text, text, "{code}");
            assert!(matches!(&cell.value, Value::Date(why) if why.contains(guess)), "{:?}", cell.value);
        }
        assert_eq!(display::cell("43893", "yyyy-mm-dd", true).text, "2024-03-04");
        assert_eq!(display::cell("1e12", "d/m", false).text, "1000000000000");
    }
}
