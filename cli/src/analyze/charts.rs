//! The charts of an analysis, as SVG. Each is drawn for a width in pixels, so that its text stays readable on a phone.

use std::collections::BTreeMap;
use std::error::Error;

use anyhow::{Result, anyhow};
use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use shared::domain::analysis::Analysis;

use super::tables::{percent, topic_names};

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const FONT: &str = "system-ui, sans-serif";
/// Font size: line height as the library counts it; letters have four fifths of it.
const FONT_PIXELS: i32 = 16;
/// Mean width of a letter at this size.
const LETTER_PIXELS: i32 = 7;
const BAR_PIXELS: i32 = 26;
/// Below this chart width, names are above their bars instead of left of them.
const STACKED_BELOW_PIXELS: i32 = 500;
const NAME_PIXELS: i32 = 20;
/// Height of the labels above or below the rows.
const AXIS_PIXELS: i32 = 24;
/// Margin of a chart.
const MARGIN_PIXELS: i32 = 8;
/// Smallest width of a cell with a number, and of a label beside another.
const NUMBER_PIXELS: i32 = 20;
const YEAR_PIXELS: i32 = 40;

const INK: RGBColor = RGBColor(34, 40, 49);
const FAINT: RGBColor = RGBColor(222, 226, 232);
const EMPTY: RGBColor = RGBColor(245, 247, 250);
const ACCENT: RGBColor = RGBColor(28, 84, 168);
const EASY: RGBColor = RGBColor(122, 178, 120);
const MEDIUM: RGBColor = RGBColor(236, 190, 92);
const HARD: RGBColor = RGBColor(205, 100, 88);

/// Questions of each topic in each year; the darker, the more.
pub(super) fn heat_map(analysis: &Analysis, width: u32) -> Result<String> {
    let names = topic_names(analysis);
    let mut years: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (column, exam) in analysis.year_trends.exams.iter().enumerate() {
        years.entry(exam.year).or_default().push(column);
    }
    let in_year = |counts: &[u32], columns: &[usize]| columns.iter().map(|column| counts[*column]).sum::<u32>();
    // The most frequent topic first, as in the table.
    let by_id: BTreeMap<_, _> = analysis.year_trends.topics.iter().map(|row| (&row.topic_id, row)).collect();
    let rows = analysis.topic_distribution.iter().filter_map(|topic| by_id.get(&topic.topic_id));
    let rows: Vec<(&str, Vec<u32>)> = rows
        .map(|row| (names[&row.topic_id], years.values().map(|columns| in_year(&row.counts, columns)).collect()))
        .collect();
    let most = rows.iter().flat_map(|(_, counts)| counts).copied().max().unwrap_or(0).max(1);
    draw(width, rows.len(), true, |canvas, frame| {
        let cell = (frame.right - frame.left) / pixels(years.len()).max(1);
        let label_every = (YEAR_PIXELS + cell - 1) / cell.max(1);
        for (column, year) in (0..).zip(years.keys()) {
            if column % label_every == 0 {
                text(
                    canvas,
                    year.to_string(),
                    (frame.left + column * cell + cell / 2, frame.axis()),
                    HPos::Center,
                    INK,
                )?;
            }
        }
        for (row, (name, counts)) in (0..).zip(&rows) {
            frame.name(canvas, row, name)?;
            for (column, count) in (0..).zip(counts) {
                let x = frame.left + column * cell;
                let (top, bottom) = frame.row(row);
                let share = f64::from(*count) / f64::from(most);
                rectangle(canvas, [(x, top), (x + cell - 2, bottom)], shade(share))?;
                if *count > 0 && cell >= NUMBER_PIXELS {
                    let ink = if share > 0.5 { WHITE } else { INK };
                    text(canvas, count.to_string(), (x + cell / 2 - 1, frame.middle(row)), HPos::Center, ink)?;
                }
            }
        }
        Ok(())
    })
}

/// Probability of each topic on the next exam, with its interval; most likely first.
pub(super) fn forecast(analysis: &Analysis, width: u32) -> Result<String> {
    let names = topic_names(analysis);
    let mut topics: Vec<_> = analysis.forecast.iter().collect();
    topics.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    draw(width, topics.len(), true, |canvas, frame| {
        for tenth in [0, 5, 10] {
            let x = frame.at(f64::from(tenth) / 10.0);
            line(canvas, [(x, frame.top), (x, frame.bottom)], FAINT, 1)?;
            // The last label ends at the edge of the chart.
            let (x, anchor) =
                if tenth == 10 { (frame.right + 2 * MARGIN_PIXELS, HPos::Right) } else { (x, HPos::Center) };
            text(canvas, format!("{} %", tenth * 10), (x, frame.axis()), anchor, INK)?;
        }
        for (row, topic) in (0..).zip(topics) {
            frame.name(canvas, row, names[&topic.topic_id])?;
            let y = frame.middle(row);
            let [low, high] = topic.interval;
            line(canvas, [(frame.at(low), y), (frame.at(high), y)], ACCENT.mix(0.45), 3)?;
            let dot = Circle::new((frame.at(topic.probability), y), 5, ShapeStyle::from(&ACCENT).filled());
            canvas.draw(&dot)?;
        }
        Ok(())
    })
}

/// Easy, medium and hard as parts of one bar.
pub(super) fn difficulty(analysis: &Analysis, width: u32) -> Result<String> {
    let mix = analysis.difficulty_distribution;
    let parts = [("easy", mix.easy, EASY), ("medium", mix.medium, MEDIUM), ("hard", mix.hard, HARD)];
    draw(width, 1, false, |canvas, frame| {
        let (top, bottom) = frame.row(0);
        let mut from = 0.0;
        for (name, share, color) in parts {
            let to = from + share / 100.0;
            rectangle(canvas, [(frame.at(from), top), (frame.at(to), bottom)], color)?;
            let middle = frame.at(f64::midpoint(from, to));
            let label = format!("{name} {}", percent(share / 100.0));
            if frame.at(to) - frame.at(from) >= pixels(label.len()) * LETTER_PIXELS {
                text(canvas, label, (middle, frame.middle(0)), HPos::Center, INK)?;
            }
            from = to;
        }
        Ok(())
    })
}

/// Vertical layout of a chart's rows.
#[derive(Clone, Copy)]
struct Frame {
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
    /// Distance from a row's top to its bar: the height of a name above the bar.
    name_height: i32,
}

impl Frame {
    fn new(width: i32, rows: i32, has_names: bool) -> Self {
        let is_stacked = width < STACKED_BELOW_PIXELS || !has_names;
        let name_height = if is_stacked && has_names { NAME_PIXELS } else { 0 };
        let top = if has_names { AXIS_PIXELS } else { 0 };
        Self {
            left: if is_stacked { 2 * MARGIN_PIXELS } else { width * 38 / 100 },
            right: width - 2 * MARGIN_PIXELS,
            top,
            bottom: top + rows * (name_height + BAR_PIXELS),
            name_height,
        }
    }

    /// Upper and lower edge of a row's bar.
    fn row(self, row: i32) -> (i32, i32) {
        let bottom = self.top + (row + 1) * (self.name_height + BAR_PIXELS);
        (bottom - BAR_PIXELS + 1, bottom - 1)
    }

    fn middle(self, row: i32) -> i32 {
        let (top, bottom) = self.row(row);
        i32::midpoint(top, bottom)
    }

    /// Position of the labels above the rows.
    fn axis(self) -> i32 {
        self.top - AXIS_PIXELS / 2
    }

    /// Horizontal position of a share of the width.
    fn at(self, share: f64) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "a place on a page")]
        let offset = (f64::from(self.right - self.left) * share.clamp(0.0, 1.0)).round() as i32;
        self.left + offset
    }

    /// A row's name: above its bar, or left of it, shortened to fit.
    fn name(self, canvas: &Canvas<'_>, row: i32, name: &str) -> Drawn {
        let (room, at, anchor) = if self.name_height > 0 {
            let at = (self.left, self.row(row).0 - self.name_height / 2);
            (self.right - self.left, at, HPos::Left)
        } else {
            (self.left - 2 * MARGIN_PIXELS, (self.left - MARGIN_PIXELS, self.middle(row)), HPos::Right)
        };
        let letters = usize::try_from(room / LETTER_PIXELS).unwrap_or(1);
        let short = if name.chars().count() > letters {
            name.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
        } else {
            name.to_owned()
        };
        text(canvas, short, at, anchor, INK)
    }
}

type Drawn = std::result::Result<(), Box<dyn Error + Send + Sync>>;

fn draw(
    width: u32,
    rows: usize,
    has_names: bool,
    content: impl FnOnce(&Canvas<'_>, &Frame) -> Drawn,
) -> Result<String> {
    let frame = Frame::new(i32::try_from(width)?, pixels(rows), has_names);
    let mut svg = String::new();
    {
        let size = (width, u32::try_from(frame.bottom + MARGIN_PIXELS)?);
        let canvas = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        content(&canvas, &frame).map_err(|error| anyhow!("cannot draw a chart: {error}"))?;
        canvas.present()?;
    }
    Ok(svg)
}

fn text(canvas: &Canvas<'_>, text: String, at: (i32, i32), anchor: HPos, color: RGBColor) -> Drawn {
    let style = TextStyle::from((FONT, FONT_PIXELS)).pos(Pos::new(anchor, VPos::Center)).color(&color);
    Ok(canvas.draw(&Text::new(text, at, style))?)
}

fn rectangle(canvas: &Canvas<'_>, corners: [(i32, i32); 2], color: RGBColor) -> Drawn {
    Ok(canvas.draw(&Rectangle::new(corners, ShapeStyle::from(&color).filled()))?)
}

fn line(canvas: &Canvas<'_>, ends: [(i32, i32); 2], color: impl Color, stroke: u32) -> Drawn {
    let style = ShapeStyle { color: color.to_rgba(), filled: false, stroke_width: stroke };
    Ok(canvas.draw(&PathElement::new(ends.to_vec(), style))?)
}

/// Scales from a faint to a full colour.
fn shade(share: f64) -> RGBColor {
    let mixed = |from: u8, to: u8| {
        let value = f64::from(from) + (f64::from(to) - f64::from(from)) * share;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
        let byte = value.round() as u8;
        byte
    };
    RGBColor(mixed(EMPTY.0, ACCENT.0), mixed(EMPTY.1, ACCENT.1), mixed(EMPTY.2, ACCENT.2))
}

fn pixels(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
