//! The budget of `docs/performance.md`: the cost of each route. These numbers are stored only in that document.

use std::fmt::Write;

use crate::architecture::{read, root};

const DOCUMENT: &str = "docs/performance.md";
const BEGIN: &str = "<!-- budget: `WRITE_BUDGET=1 cargo test -p tests --test it -- round_trips::` writes it -->\n";
const END: &str = "<!-- end of budget -->";

/// On demand in us-east-1, standard class, since 2024-11-01 (<https://aws.amazon.com/dynamodb/pricing/on-demand/>): dollars for
/// a million read and for a million write units.
const DOLLARS_READ: f64 = 0.125;
const DOLLARS_WRITE: f64 = 0.625;

/// What one request costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    pub(crate) round_trips: usize,
    pub(crate) calls: usize,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
}

/// A route in a situation: in a process that has just started, and in a warm one.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) operation: String,
    pub(crate) situation: String,
    pub(crate) cold: Cost,
    pub(crate) warm: Cost,
}

impl Cost {
    /// Dollars per million requests.
    pub(crate) fn dollars(self) -> f64 {
        self.read_units * DOLLARS_READ + self.write_units * DOLLARS_WRITE
    }

    fn cells(self) -> String {
        format!("{} | {} | {} | {}", self.round_trips, self.calls, self.read_units, self.write_units)
    }

    fn parse(costs: &[&str]) -> Self {
        let [round_trips, calls, read_units, write_units] = costs else { panic!("{costs:?}") };
        Self {
            round_trips: round_trips.parse().unwrap(),
            calls: calls.parse().unwrap(),
            read_units: read_units.parse().unwrap(),
            write_units: write_units.parse().unwrap(),
        }
    }
}

impl Row {
    /// `operation (situation)`, or the operation alone.
    pub(crate) fn name(&self) -> String {
        format!("{} ({})", self.operation, self.situation).replace(" ()", "")
    }

    fn parse(line: &str) -> Self {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (name, costs) = cells.split_first().unwrap();
        let (operation, situation) = name.split_once(" (").unwrap_or((name, ")"));
        let row = Self {
            operation: operation.to_owned(),
            situation: situation.trim_end_matches(')').to_owned(),
            cold: Cost::parse(&costs[..4]),
            warm: Cost::parse(&costs[4..8]),
        };
        assert_eq!(costs[8], format!("{:.2}", row.warm.dollars()), "{name}: the price of what it costs warm");
        row
    }
}

/// The table as committed.
pub(crate) fn committed() -> Vec<Row> {
    let document = read(DOCUMENT);
    let (_, after) = document.split_once(BEGIN).unwrap();
    let (table, _) = after.split_once(END).unwrap();
    table.lines().filter(|line| line.starts_with('|')).skip(2).map(Row::parse).collect()
}

/// Replaces the committed rows by `rows`.
pub(crate) fn write(rows: &[Row]) {
    let document = read(DOCUMENT);
    let (before, after) = document.split_once(BEGIN).unwrap();
    let (_, after) = after.split_once(END).unwrap();
    let mut table = "| route (situation) | cold: trips | calls | read | write | warm: trips | calls | read | write | $ per million, warm |\n\
                     |---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for row in rows {
        let (cold, warm) = (row.cold.cells(), row.warm.cells());
        writeln!(table, "| {} | {cold} | {warm} | {:.2} |", row.name(), row.warm.dollars()).unwrap();
    }
    std::fs::write(root().join(DOCUMENT), format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
}
