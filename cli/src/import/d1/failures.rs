//! SQLite's errors about a row or a table, in words for an operator.

use rusqlite::Error;

use super::load::VALUE_BYTES_MAX;

/// What is wrong. The statement is left out, since it may contain a password hash.
pub(super) fn message(error: &Error) -> String {
    let message = match error {
        Error::SqlInputError { msg, .. } => msg.clone(),
        Error::SqliteFailure(_, Some(message)) => message.clone(),
        error => error.to_string(),
    };
    in_words(&message).unwrap_or(message)
}

fn in_words(message: &str) -> Option<String> {
    let after = |start: &str| message.strip_prefix(start);
    if let Some(column) = after("NOT NULL constraint failed: ") {
        return Some(format!("{} is missing", column_of(column)));
    }
    if let Some(columns) = after("UNIQUE constraint failed: ") {
        let columns: Vec<&str> = columns.split(", ").map(column_of).collect();
        return Some(format!("another row has this {}", columns.join(" and ")));
    }
    if let Some((value, column)) = after("cannot store ").and_then(|rest| rest.split_once(" value in ")) {
        let (wanted, column) = column.split_once(" column ")?;
        return Some(format!("{} is of the type {value}, {wanted} is wanted", column_of(column)));
    }
    if let Some((column, kind)) = after("unknown datatype for ").and_then(|rest| rest.split_once(": ")) {
        let kind = kind.trim_matches('"');
        return Some(format!("the type {kind} of {} is none that a STRICT table may have", column_of(column)));
    }
    if let Some((_, counts)) = after("table ").and_then(|rest| rest.split_once(" has ")) {
        if let Some((columns, values)) = counts.split_once(" columns but ") {
            let values = values.split(' ').next()?;
            return Some(format!("it has {values} values, and the table has {columns} columns"));
        }
        if let Some(column) = counts.strip_prefix("no column named ") {
            return Some(format!("the table has no column {column}"));
        }
    }
    if let Some((values, columns)) = message.split_once(" values for ") {
        let columns = columns.strip_suffix(" columns")?;
        return Some(format!("it has {values} values for {columns} columns"));
    }
    if message.starts_with("not authorized") || after("no such function: ").is_some() {
        return Some("it does more than write plain values, which an import does not run".to_owned());
    }
    match message {
        "string or blob too big" => Some(format!("a value is larger than {VALUE_BYTES_MAX} bytes")),
        "datatype mismatch" => Some("a value has another type than its column".to_owned()),
        _ => None,
    }
}

/// The column's name without the table's.
fn column_of(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, column)| column)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn every_refusal_of_a_row_is_in_plain_words() {
        let database = Connection::open_in_memory().unwrap();
        let tables = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT, UNIQUE (a, b));
            CREATE TABLE s (n INTEGER) STRICT; INSERT INTO t VALUES (1, 'x', 'y');";
        database.execute_batch(tables).unwrap();
        for (sql, said) in [
            ("INSERT INTO t VALUES (2, NULL, 'y')", "a is missing"),
            ("INSERT INTO t VALUES (1, 'z', 'y')", "another row has this id"),
            ("INSERT INTO t VALUES (2, 'x', 'y')", "another row has this a and b"),
            ("INSERT INTO t VALUES (2, 'x')", "it has 2 values, and the table has 3 columns"),
            ("INSERT INTO t (id, a) VALUES (2, 'x', 'y')", "it has 3 values for 2 columns"),
            ("INSERT INTO t (id, c) VALUES (2, 'x')", "the table has no column c"),
            ("INSERT INTO t VALUES ('one', 'x', 'z')", "a value has another type than its column"),
            ("INSERT INTO s VALUES ('one')", "n is of the type TEXT, INTEGER is wanted"),
            (
                "INSERT INTO s VALUES (nonsense(1))",
                "it does more than write plain values, which an import does not run",
            ),
            ("CREATE TABLE u (c BOOLEAN) STRICT", "the type BOOLEAN of c is none that a STRICT table may have"),
        ] {
            assert_eq!(message(&database.execute(sql, []).unwrap_err()), said, "{sql}");
        }
    }
}
