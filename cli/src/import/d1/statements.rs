//! Splits a dump into statements without running any: where each ends, its table and its rows. Only statements of the
//! kinds in [`Statement`] are ever run.

use std::iter::Peekable;

/// A statement of a dump.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Statement<'a> {
    /// `CREATE TABLE …`.
    CreateTable {
        table: String,
        /// The text of the statement.
        sql: &'a str,
    },
    /// `INSERT INTO … VALUES …`.
    Insert(Insert<'a>),
    /// Statements without rows that start, end or structure a dump: pragmas, transactions, indexes, triggers, views.
    Housekeeping,
    /// Any other statement, by its first word.
    Other(String),
}

/// Rows for a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Insert<'a> {
    pub table: String,
    /// The columns, if the statement lists them.
    pub columns: Option<Vec<String>>,
    /// Each row as `(value, …)`.
    pub rows: Vec<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SqlTokenKind {
    Word,
    Identifier,
    Text,
    Symbol,
}

#[derive(Debug, Clone, Copy)]
struct SqlToken<'a> {
    kind: SqlTokenKind,
    text: &'a str,
    start: usize,
}

impl SqlToken<'_> {
    fn is(&self, text: &str) -> bool {
        matches!(self.kind, SqlTokenKind::Word | SqlTokenKind::Symbol) && self.text.eq_ignore_ascii_case(text)
    }

    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The name in a name token.
    fn name(&self) -> Option<String> {
        let inside = || self.text.get(1..self.text.len() - 1).unwrap_or_default();
        match self.kind {
            SqlTokenKind::Word => Some(self.text.to_owned()),
            SqlTokenKind::Identifier | SqlTokenKind::Text => Some(match self.text.as_bytes() {
                [b'"', ..] => inside().replace("\"\"", "\""),
                [b'`', ..] => inside().replace("``", "`"),
                [b'\'', ..] => inside().replace("''", "'"),
                _ => inside().to_owned(),
            }),
            SqlTokenKind::Symbol => None,
        }
    }
}

/// The tokens of SQL: words, texts and signs. Comments and white space are skipped.
#[derive(Debug, Clone)]
struct Tokens<'a> {
    sql: &'a str,
    at: usize,
}

fn tokens(sql: &str) -> Peekable<Tokens<'_>> {
    Tokens { sql, at: 0 }.peekable()
}

impl Tokens<'_> {
    /// Skips comments and white space.
    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.sql[self.at..];
            let blank = rest.len() - rest.trim_start().len();
            let length = match rest.get(blank..blank + 2) {
                Some("--") => rest[blank..].find('\n').map(|end| blank + end),
                Some("/*") => rest[blank..].find("*/").map(|end| blank + end + 2),
                _ if blank > 0 => Some(blank),
                _ => return,
            };
            self.at += length.unwrap_or(rest.len());
        }
    }
}

/// Bytes of the quoted text at the start of `rest`; the whole rest if it is not closed.
fn quoted(rest: &str, close: char) -> usize {
    let mut at = 1;
    while let Some(found) = rest[at..].find(close) {
        at += found + 1;
        if close == ']' || !rest[at..].starts_with(close) {
            return at;
        }
        at += 1;
    }
    rest.len()
}

impl<'a> Iterator for Tokens<'a> {
    type Item = SqlToken<'a>;

    fn next(&mut self) -> Option<SqlToken<'a>> {
        self.skip_blanks();
        let rest = &self.sql[self.at..];
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let (kind, length) = match rest.chars().next()? {
            '\'' => (SqlTokenKind::Text, quoted(rest, '\'')),
            '[' => (SqlTokenKind::Identifier, quoted(rest, ']')),
            quote @ ('"' | '`') => (SqlTokenKind::Identifier, quoted(rest, quote)),
            first if is_word(first) => (SqlTokenKind::Word, rest.find(|c| !is_word(c)).unwrap_or(rest.len())),
            sign => (SqlTokenKind::Symbol, sign.len_utf8()),
        };
        let token = SqlToken { kind, text: &rest[..length], start: self.at };
        self.at += length;
        Some(token)
    }
}

/// The statements of a dump, without semicolons. A trigger is one statement, although its body contains semicolons.
pub(super) fn statements(dump: &str) -> impl Iterator<Item = &str> {
    let mut tokens = tokens(dump);
    std::iter::from_fn(move || {
        let first = *tokens.peek()?;
        let mut head: Vec<SqlToken> = Vec::new();
        // At most two tokens since the last semicolon in a trigger's body.
        let mut since: Vec<SqlToken> = Vec::new();
        for token in tokens.by_ref() {
            let is_trigger = head.first().is_some_and(|word| word.is("CREATE"))
                && head.iter().any(|word| word.is("TRIGGER"))
                && !head.get(1).is_some_and(|word| word.is("TABLE"));
            if token.is(";") {
                let is_over = matches!(&since[..], [word] if word.is("END"));
                if !is_trigger || is_over {
                    return Some(&dump[first.start..token.start]);
                }
                since.clear();
                continue;
            }
            if head.len() < 3 {
                head.push(token);
            }
            if is_trigger && since.len() < 2 {
                since.push(token);
            }
        }
        Some(&dump[first.start..])
    })
    .filter(|statement| !statement.is_empty())
}

/// Classifies a statement.
pub(super) fn read(sql: &str) -> Statement<'_> {
    let mut tokens = tokens(sql);
    let Some(first) = tokens.next() else { return Statement::Housekeeping };
    let known = first.kind == SqlTokenKind::Word;
    match first.text.to_ascii_uppercase().as_str() {
        "CREATE" if known => create_table(sql, &mut tokens).unwrap_or(Statement::Housekeeping),
        "INSERT" | "REPLACE" if known => match insert(sql, &mut tokens) {
            Some(insert) => Statement::Insert(insert),
            None => Statement::Other(first.text.to_ascii_uppercase()),
        },
        "PRAGMA" | "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" | "ANALYZE" | "DROP" => {
            Statement::Housekeeping
        }
        "DELETE" if deletes_sequence(&mut tokens) => Statement::Housekeeping,
        word => Statement::Other(word.chars().take(20).collect()),
    }
}

/// Whether the statement at the end of a dump is a part of one: the dump was cut off in it. Only the last semicolon may
/// be missing.
pub(super) fn is_cut(sql: &str) -> bool {
    let mut depth = 0_usize;
    let (mut has_brackets, mut has_values) = (false, false);
    let mut first = None;
    let mut last = None;
    for token in tokens(sql) {
        if token.is("(") {
            depth += 1;
            has_brackets = true;
        } else if token.is(")") {
            depth = depth.saturating_sub(1);
        } else if token.is("SELECT") {
            return false;
        }
        has_values |= token.is("VALUES");
        first.get_or_insert(token);
        last = Some(token);
    }
    let (Some(first), Some(last)) = (first, last) else { return false };
    let begins = |word: &str| {
        first.kind == SqlTokenKind::Word
            && word.get(..first.text.len()).is_some_and(|part| part.eq_ignore_ascii_case(first.text))
    };
    if begins("INSERT") || begins("REPLACE") {
        depth > 0 || !has_values || !last.is(")")
    } else {
        begins("CREATE") && (depth > 0 || !has_brackets)
    }
}

fn deletes_sequence(tokens: &mut Peekable<Tokens<'_>>) -> bool {
    tokens.next_if(|token| token.is("FROM")).is_some()
        && name(tokens).is_some_and(|table| super::schema::is_internal(&table))
}

fn create_table<'a>(sql: &'a str, tokens: &mut Peekable<Tokens<'a>>) -> Option<Statement<'a>> {
    tokens.next_if(|token| token.is("TABLE"))?;
    if tokens.next_if(|token| token.is("IF")).is_some() {
        tokens.next_if(|token| token.is("NOT"))?;
        tokens.next_if(|token| token.is("EXISTS"))?;
    }
    Some(Statement::CreateTable { table: name(tokens)?, sql })
}

fn insert<'a>(sql: &'a str, tokens: &mut Peekable<Tokens<'a>>) -> Option<Insert<'a>> {
    if tokens.next_if(|token| token.is("OR")).is_some() {
        tokens.next()?;
    }
    tokens.next_if(|token| token.is("INTO"))?;
    let table = name(tokens)?;
    let columns = if tokens.peek()?.is("(") { Some(column_names(tokens)) } else { None };
    tokens.next_if(|token| token.is("VALUES"))?;
    let mut rows = Vec::new();
    while let Some(open) = tokens.next_if(|token| token.is("(")) {
        rows.push(&sql[open.start..end_of_row(tokens).unwrap_or(sql.len())]);
        tokens.next_if(|token| token.is(","));
    }
    Some(Insert { table, columns, rows })
}

/// Reads a name, without a database name before a dot.
fn name(tokens: &mut Peekable<Tokens<'_>>) -> Option<String> {
    let name = tokens.next()?.name()?;
    if tokens.next_if(|token| token.is(".")).is_some() { tokens.next()?.name() } else { Some(name) }
}

fn column_names(tokens: &mut Peekable<Tokens<'_>>) -> Vec<String> {
    let inside = tokens.by_ref().take_while(|token| !token.is(")"));
    inside.filter_map(|token| token.name()).collect()
}

/// The end of the row whose `(` was just read; `None` if the dump ends within it.
fn end_of_row(tokens: &mut Peekable<Tokens<'_>>) -> Option<usize> {
    let mut depth = 1;
    for token in tokens.by_ref() {
        if token.is("(") {
            depth += 1;
        } else if token.is(")") {
            depth -= 1;
        }
        if depth == 0 {
            return Some(token.end());
        }
    }
    None
}

/// The value at a position of a row, for a message.
pub(super) fn value_at(row: &str, position: usize) -> Option<String> {
    let mut depth = 0;
    let mut values_before = 0;
    let mut found: Option<(SqlToken, SqlToken)> = None;
    for token in tokens(row) {
        if token.is(")") {
            depth -= 1;
        }
        let is_inside = depth > 0;
        if depth == 1 && token.is(",") {
            values_before += 1;
        } else if is_inside && values_before == position {
            found = Some(found.map_or((token, token), |(first, _)| (first, token)));
        }
        if token.is("(") {
            depth += 1;
        }
    }
    let (first, last) = found?;
    if first.start == last.start
        && let Some(name) = first.name()
    {
        return Some(name);
    }
    Some(row[first.start..last.end()].chars().take(60).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(sql: &str) -> Vec<&str> {
        statements(sql).collect()
    }

    #[test]
    fn statements_end_at_semicolons_outside_of_texts_and_comments() {
        let sql = "-- one; comment\nBEGIN;\r\n/* ; */ INSERT INTO t VALUES('a;''b;',\"c;d\",[e;f],`g;`);;\nCOMMIT";
        assert_eq!(split(sql), ["BEGIN", "INSERT INTO t VALUES('a;''b;',\"c;d\",[e;f],`g;`)", "COMMIT"]);
        assert_eq!(split(" \n-- nothing"), Vec::<&str>::new());
    }

    #[test]
    fn a_trigger_is_one_statement() {
        let trigger = "CREATE TRIGGER a AFTER INSERT ON t BEGIN INSERT INTO users VALUES(1); \
                       SELECT CASE WHEN 1 THEN 2 END; END";
        assert_eq!(split(&format!("{trigger};SELECT 1;")), [trigger, "SELECT 1"]);
        assert_eq!(read(trigger), Statement::Housekeeping);
        assert_eq!(split("CREATE TABLE trigger(x); SELECT 1").len(), 2);
        assert_eq!(split("CREATE TEMP TRIGGER b INSERT ON t BEGIN SELECT 1; END; SELECT 1").len(), 2);
    }

    #[test]
    fn table_names_are_found_in_every_quoting() {
        for sql in [
            "CREATE TABLE users(id)",
            "create table if not exists \"users\" (id)",
            "CREATE TABLE main.users (id)",
            "CREATE TABLE [users] (id)",
            "CREATE TABLE `users` (id)",
            "CREATE /* x */ TABLE 'users' (id)",
        ] {
            assert_eq!(read(sql), Statement::CreateTable { table: "users".to_owned(), sql }, "{sql}");
        }
    }

    #[test]
    fn an_insert_is_its_rows() {
        let read = |sql| match read(sql) {
            Statement::Insert(insert) => insert,
            other => panic!("{other:?}"),
        };
        let insert = read("INSERT INTO \"t\" (\"Id\",name) VALUES ('a', replace('x\\n','\\n',char(10))), (1,')') ;");
        assert_eq!(insert.table, "t");
        assert_eq!(insert.columns, Some(vec!["Id".to_owned(), "name".to_owned()]));
        assert_eq!(insert.rows, ["('a', replace('x\\n','\\n',char(10)))", "(1,')')"]);
        let insert = read("insert or ignore into t values(1)");
        assert_eq!((insert.columns, insert.rows), (None, vec!["(1)"]));
        assert_eq!(read("INSERT INTO t VALUES('cut off").rows, ["('cut off"]);
    }

    #[test]
    fn other_statements_are_classified() {
        for sql in ["PRAGMA foreign_keys=OFF", "DELETE FROM sqlite_sequence", "CREATE INDEX i ON t(x)", "COMMIT"] {
            assert_eq!(read(sql), Statement::Housekeeping, "{sql}");
        }
        for (sql, word) in [
            ("ATTACH 'x.db' AS y", "ATTACH"),
            ("VACUUM INTO 'x.db'", "VACUUM"),
            ("UPDATE users SET credits = 9", "UPDATE"),
            ("DELETE FROM users", "DELETE"),
            ("INSERT INTO users SELECT * FROM x", "INSERT"),
            ("SELECT load_extension('x')", "SELECT"),
        ] {
            assert_eq!(read(sql), Statement::Other(word.to_owned()), "{sql}");
        }
    }

    #[test]
    fn a_value_is_found_by_its_position() {
        let row = "('it''s', replace('a,b',',','c'), -1.5, NULL)";
        assert_eq!(value_at(row, 0).as_deref(), Some("it's"));
        assert_eq!(value_at(row, 1).as_deref(), Some("replace('a,b',',','c')"));
        assert_eq!(value_at(row, 2).as_deref(), Some("-1.5"));
        assert_eq!(value_at(row, 3).as_deref(), Some("NULL"));
        assert_eq!(value_at(row, 4), None);
        assert_eq!(value_at("('cut", 0).as_deref(), Some("cu"));
    }
}
