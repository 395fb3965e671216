//! Charts as SVG in the page, without scripts. What a chart shows is also said in text beside it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use shared::domain::study::AttemptTotals;
use shared::domain::study::exam_points::ExamPoints;
use shared::domain::time::DAY_SECONDS;

/// Weeks in a row of the calendar: a quarter of a year.
const WEEKS_A_ROW: usize = 13;
/// Width and height of a week, and of the names of months above a row.
const WEEK_PIXELS: usize = 26;
const MONTH_PIXELS: usize = 16;
/// Colours from no answers to the most.
const SHADES: [&str; 5] = ["#eceff3", "#c5d7ee", "#8fb2dd", "#4f82c1", "#1c54a8"];

/// Shares from 0 to 1 on a line: the interval as a bar, and the value as a mark.
pub(crate) fn interval(value: f64, [low, high]: [f64; 2], label: &str) -> Markup {
    let [value, low, high] = [value, low, high].map(|share| 100.0 * share.clamp(0.0, 1.0));
    html! {
        svg.interval viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label=(label) {
            rect x="0" y="0" width="100" height="10" fill="#eceff3" {}
            @for quarter in [25, 50, 75] { rect x=(quarter) y="0" width=".3" height="10" fill="#b9c0ca" {} }
            rect x=(two_digits(low)) y="2.5" width=(two_digits((high - low).max(0.5))) height="5" fill="#8fb2dd" {}
            rect x=(two_digits((value - 0.6).clamp(0.0, 98.8))) y="0" width="1.2" height="10" fill="#123f80" {}
        }
    }
}

/// The points that the student can expect, of those of the exam.
pub(crate) fn points(points: &ExamPoints) -> Markup {
    let share = |amount: f64| amount / points.total.max(f64::MIN_POSITIVE);
    let [expected, total, low, high] =
        [points.expected, points.total, points.low, points.high].map(|one| amount(one, points.total));
    let label = format!("{expected} of {total} points expected, in eight of ten cases {low} to {high}");
    html! {
        div.points { (interval(share(points.expected), [share(points.low), share(points.high)], &label)) }
        p.scale aria-hidden="true" { span { "0" } span { (total) " points" } }
    }
}

/// Weeks, oldest first, each with its Monday in days since 1970; the darker, the more answers.
pub(crate) fn calendar(weeks: &[(i64, AttemptTotals)], label: &str) -> Markup {
    let most = weeks.iter().map(|(_, totals)| totals.attempts).max().unwrap_or(0).max(1);
    let row_height = WEEK_PIXELS + MONTH_PIXELS;
    let rows = weeks.len().div_ceil(WEEKS_A_ROW);
    html! {
        svg.calendar viewBox=(format!("0 0 {} {}", WEEKS_A_ROW * WEEK_PIXELS, rows * row_height)) role="img" aria-label=(label) {
            @for (index, (monday, totals)) in weeks.iter().enumerate() {
                @let (column, y) = (index % WEEKS_A_ROW, index / WEEKS_A_ROW * row_height);
                @let x = column * WEEK_PIXELS;
                @let next = weeks.get(index + 1).map(|(monday, _)| *monday);
                @if let Some(month) = month_above(*monday, column, next) {
                    text x=(x + 1) y=(y + MONTH_PIXELS - 4) { (month) }
                }
                rect x=(x + 1) y=(y + MONTH_PIXELS) width=(WEEK_PIXELS - 2) height=(WEEK_PIXELS - 2) rx="3" fill=(shade(totals.attempts, most)) {
                    title { "Week of " (date(*monday)) ": " (totals.attempts) " answers, " (totals.correct) " right" }
                }
            }
        }
    }
}

fn shade(attempts: u32, most: u32) -> &'static str {
    let place = (u64::from(attempts) * 4).div_ceil(u64::from(most));
    SHADES[usize::try_from(place).unwrap_or(0).min(SHADES.len() - 1)]
}

/// The month of a week at the beginning of a row, and of the first week of each month. The year stands beside the first month of
/// a row that has room for it, which is two weeks wide.
fn month_above(monday: i64, column: usize, next: Option<i64>) -> Option<String> {
    let is_first = |monday: i64| day(monday).day() <= 7;
    let has_room = !next.is_some_and(is_first);
    let format = match column {
        0 if has_room => "%b %Y",
        1 if is_first(monday) => "%b %Y",
        0 => "%b",
        _ if is_first(monday) => "%b",
        _ => return None,
    };
    Some(day(monday).strftime(format).to_string())
}

/// A day as `2 March 2026`.
pub(crate) fn date(day_number: i64) -> String {
    day(day_number).strftime("%-d %B %Y").to_string()
}

fn day(day_number: i64) -> jiff::Zoned {
    let at = Timestamp::from_second(day_number.saturating_mul(DAY_SECONDS)).unwrap_or_default();
    at.to_zoned(TimeZone::UTC)
}

/// Points out of `total`: whole ones, with one decimal if there are few.
pub(crate) fn amount(points: f64, total: f64) -> String {
    let text = if total < 30.0 { format!("{points:.1}") } else { format!("{points:.0}") };
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// A share as `62 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn two_digits(number: f64) -> String {
    format!("{number:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_short() {
        for (points, total, shown) in
            [(0.0, 9.0, "0"), (7.25, 20.0, "7.2"), (9.96, 20.0, "10"), (54.5, 80.0, "54"), (7.25, 80.0, "7")]
        {
            assert_eq!(amount(points, total), shown, "{points}");
        }
        assert_eq!((percent(0.625), percent(1.0)), ("62 %".to_owned(), "100 %".to_owned()));
        assert_eq!((date(0), date(20_514)), ("1 January 1970".to_owned(), "2 March 2026".to_owned()));
    }

    #[test]
    fn shades_go_from_none_to_the_most() {
        let shades: Vec<_> = [0, 1, 10, 11, 20, 40].map(|attempts| shade(attempts, 40)).to_vec();
        assert_eq!(shades, [SHADES[0], SHADES[1], SHADES[1], SHADES[2], SHADES[2], SHADES[4]]);
        assert_eq!(shade(0, 1), SHADES[0]);
    }

    #[test]
    fn a_month_is_named_once() {
        let above = |monday: i64, column| month_above(monday, column, Some(monday + 7));
        // 2026-03-02 and 2026-03-09 are Mondays.
        assert_eq!(above(20_514, 4).as_deref(), Some("Mar"));
        assert_eq!((above(20_521, 5), above(20_521, 1)), (None, None));
        assert_eq!(above(20_521, 0).as_deref(), Some("Mar 2026"));
        assert_eq!(above(20_514, 2).as_deref(), Some("Mar"));
        assert_eq!(month_above(20_514, 12, None).as_deref(), Some("Mar"));
        assert_eq!(month_above(20_521, 0, None).as_deref(), Some("Mar 2026"));
        // The row begins in the last week of February: its name has one week, and March has the year.
        assert_eq!((above(20_507, 0).as_deref(), above(20_514, 1).as_deref()), (Some("Feb"), Some("Mar 2026")));
    }

    /// Whatever the first week, each month that begins in the calendar has its name.
    #[test]
    fn no_month_lacks_its_name() {
        for first in (20_514..20_514 + 7 * 53).step_by(7) {
            let weeks: Vec<_> = (0..52).map(|week| (first + 7 * week, AttemptTotals::default())).collect();
            let drawn = calendar(&weeks, "x").into_string();
            let names = drawn.matches("</text>").count();
            let months = weeks
                .iter()
                .enumerate()
                .filter(|(index, (monday, _))| index % WEEKS_A_ROW == 0 || day(*monday).day() <= 7);
            assert_eq!(names, months.count(), "{first}");
            let with_year = drawn.split("<text").filter(|text| text.split("</text>").next().unwrap().contains(" 202"));
            assert_eq!(with_year.count(), 4, "{first}: {drawn}");
        }
    }

    #[test]
    fn what_lies_outside_of_a_chart_is_cut() {
        let drawn = interval(1.4, [-0.5, 2.0], "x < y").into_string();
        assert!(drawn.contains(r#"aria-label="x &lt; y""#) && drawn.contains(r#"x="98.80""#), "{drawn}");
        assert!(drawn.contains(r#"x="0.00" y="2.5" width="100.00""#), "{drawn}");
    }
}
