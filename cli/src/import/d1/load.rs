//! Loads a dump into a database in memory, row by row, and reads its tables back.
//!
//! A dump is not trusted. Only two kinds of statements are run: `CREATE TABLE` of known tables, and `INSERT … VALUES`
//! into them. An authorizer refuses everything else that these could reach (files, queries, functions not listed).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use rusqlite::functions::FunctionFlags;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, Error};

use super::ImportMessages;
use super::schema::{self, D1Table, SESSIONS, TABLES};
use super::statements::{self, Insert, Statement};
use super::unistr::unistr;
use super::values::Row;

/// Maximum bytes of a dump. It is held in memory, as text and as tables.
pub(super) const DUMP_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Maximum bytes of one value: `replace` in a dump could expand a small value to a large one.
const VALUE_BYTES_MAX: i32 = 16 * 1024 * 1024;
/// Allowed functions: those that dumps use to write values, and those used in defaults, checks and generated columns.
const FUNCTIONS: &str = "abs char coalesce current_date current_time current_timestamp date datetime glob hex ifnull \
    iif instr json json_array_length json_extract json_type json_valid julianday length like lower ltrim max min \
    nullif randomblob replace round rtrim strftime substr time trim typeof unistr unixepoch upper";

/// The rows of the tables in a dump.
pub(super) struct Tables {
    rows: BTreeMap<&'static str, Vec<Row>>,
    /// Number of rows by table, including refused ones.
    pub read: BTreeMap<&'static str, usize>,
}

impl Tables {
    /// Takes the rows of a table, in the order of the dump.
    pub(super) fn take(&mut self, table: &str) -> Vec<Row> {
        self.rows.remove(table).unwrap_or_default()
    }
}

/// Loads `dump`.
///
/// # Errors
/// When it is too large or holds none of the known tables.
pub(super) fn load(dump: &str, findings: &mut ImportMessages) -> anyhow::Result<Tables> {
    let bytes = dump.len();
    ensure!(bytes <= DUMP_BYTES_MAX, "the dump has {bytes} bytes; at most {DUMP_BYTES_MAX} are read");
    let mut loader = Loader {
        database: open()?,
        read: BTreeMap::new(),
        described: BTreeSet::new(),
        undescribed: BTreeSet::new(),
        left_out: BTreeMap::new(),
        findings,
    };
    let mut last = "";
    for sql in statements::statements(dump.trim_start_matches('\u{feff}')) {
        loader.run(sql);
        last = sql;
    }
    // Rows of a table that is imported in part are hard to add later, to accounts above all.
    ensure!(
        !(dump.ends_with(last) && statements::is_cut(last)),
        "the dump was cut off: its last statement is not complete. Nothing is imported. Export the database again, and \
         compare the size of the file when you copy it"
    );
    loader.finish()
}

fn open() -> anyhow::Result<Connection> {
    let database = Connection::open_in_memory().context("cannot open a database in memory")?;
    // Constraints are off: our own rules report an invalid value with its row.
    database.execute_batch("PRAGMA ignore_check_constraints=ON; PRAGMA foreign_keys=OFF;")?;
    database.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    database.create_scalar_function("unistr", 1, flags, |arguments| {
        let text: Option<String> = arguments.get(0)?;
        text.map(|text| unistr(&text).map_err(|error| Error::UserFunctionError(error.into()))).transpose()
    })?;
    database.authorizer(Some(authorize));
    Ok(database)
}

fn authorize(context: AuthContext<'_>) -> Authorization {
    let is_allowed = match context.action {
        AuthAction::CreateTable { .. }
        | AuthAction::CreateIndex { .. }
        | AuthAction::Insert { .. }
        | AuthAction::Read { .. }
        | AuthAction::Transaction { .. } => true,
        AuthAction::Update { table_name, .. } => table_name == "sqlite_master",
        AuthAction::Function { function_name } => {
            FUNCTIONS.split(' ').any(|function| function.eq_ignore_ascii_case(function_name))
        }
        _ => false,
    };
    if is_allowed { Authorization::Allow } else { Authorization::Deny }
}

struct Loader<'a> {
    database: Connection,
    read: BTreeMap<&'static str, usize>,
    /// Known tables that have a `CREATE TABLE`.
    described: BTreeSet<&'static str>,
    /// Known tables that have rows but no `CREATE TABLE`.
    undescribed: BTreeSet<&'static str>,
    /// Skipped content, with the number of statements or rows.
    left_out: BTreeMap<LeftOut, usize>,
    findings: &'a mut ImportMessages,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum LeftOut {
    /// Rows of an unknown table.
    Table(String),
    /// Statements of an unknown kind.
    Statement(String),
}

impl Loader<'_> {
    fn run(&mut self, sql: &str) {
        match statements::read(sql) {
            Statement::Housekeeping => {}
            Statement::Other(word) => *self.left_out.entry(LeftOut::Statement(word)).or_default() += 1,
            Statement::CreateTable { table: name, sql } => match schema::table(&name) {
                Some(table) => {
                    self.described.insert(table.name);
                    self.create(table, sql);
                }
                None => self.leave_out(&name, 0),
            },
            Statement::Insert(insert) => match schema::table(&insert.table) {
                Some(table) => self.insert(table, &insert),
                None => self.leave_out(&insert.table, insert.rows.len()),
            },
        }
    }

    fn leave_out(&mut self, table: &str, rows: usize) {
        if !schema::is_internal(table) {
            *self.left_out.entry(LeftOut::Table(table.to_owned())).or_default() += rows;
        }
    }

    /// Creates a table as described in the dump.
    fn create(&mut self, table: &'static D1Table, sql: &str) {
        if self.read.contains_key(table.name) {
            return;
        }
        match self.database.execute(sql, []) {
            Ok(_) => {
                self.read.insert(table.name, 0);
            }
            Err(error) => {
                let reason = message(&error);
                self.findings.note(format!("{}: its CREATE TABLE was passed over: {reason}", table.name));
            }
        }
    }

    /// Inserts row by row, so that a bad row does not stop the others. `OR IGNORE` and similar clauses are ignored, so
    /// that every lost row is reported.
    fn insert(&mut self, table: &'static D1Table, insert: &Insert<'_>) {
        if !self.described.contains(table.name) {
            self.undescribed.insert(table.name);
            return;
        }
        if !self.read.contains_key(table.name) {
            self.create_plain(table, insert);
        }
        let columns = insert.columns.as_ref().map(|columns| format!(" ({})", identifiers(columns))).unwrap_or_default();
        let id_position = insert
            .columns
            .as_ref()
            .and_then(|columns| columns.iter().position(|column| column.eq_ignore_ascii_case("id")));
        for row in &insert.rows {
            *self.read.entry(table.name).or_default() += 1;
            let sql = format!("INSERT INTO {}{columns} VALUES {row}", table.name);
            if let Err(error) = self.database.execute(&sql, []) {
                let id = statements::value_at(row, id_position.unwrap_or(0)).unwrap_or_else(|| "?".to_owned());
                self.findings.refuse(table.name, id, message(&error));
            }
        }
    }

    /// Creates a table whose description could not be run: with the known columns and those in its rows, without
    /// constraints.
    fn create_plain(&mut self, table: &'static D1Table, insert: &Insert<'_>) {
        let mut columns: Vec<String> = table.columns.iter().map(|column| (*column).to_owned()).collect();
        for column in insert.columns.iter().flatten() {
            if !columns.iter().any(|known| known.eq_ignore_ascii_case(column)) {
                columns.push(column.clone());
            }
        }
        self.create(table, &format!("CREATE TABLE {} ({})", table.name, identifiers(&columns)));
    }

    fn finish(self) -> anyhow::Result<Tables> {
        if !self.undescribed.is_empty() {
            let names = self.undescribed.into_iter().collect::<Vec<_>>().join(", ");
            bail!(
                "the dump has rows of {names} without CREATE TABLE, so which value belongs to which column is not known. \
                 Nothing is imported. Export the schema too: `wrangler d1 export` without --no-schema, or `.dump` of \
                 sqlite3 without --data-only"
            );
        }
        for (what, count) in &self.left_out {
            self.findings.note(match what {
                LeftOut::Table(table) if schema::is_cache(table) => {
                    format!("{table}: {count} left out: a cache of courses, which is computed anew")
                }
                LeftOut::Table(table) => format!("{table}: {count} left out: no such table is imported"),
                LeftOut::Statement(word) => {
                    format!("{count} × {word} left out: only CREATE TABLE and INSERT … VALUES are read")
                }
            });
        }
        if self.read.is_empty() {
            let names = TABLES.map(|table| table.name).join(", ");
            bail!("the dump holds none of the tables {names}: is it an SQL dump of the D1 database?");
        }
        self.database.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
        let mut rows = BTreeMap::new();
        for table in self.read.keys().copied().filter(|table| *table != SESSIONS) {
            rows.insert(table, read_rows(&self.database, table).with_context(|| format!("cannot read {table}"))?);
        }
        Ok(Tables { rows, read: self.read })
    }
}

fn identifiers(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect::<Vec<_>>().join(", ")
}

fn read_rows(database: &Connection, table: &str) -> rusqlite::Result<Vec<Row>> {
    let mut statement = database.prepare(&format!("SELECT * FROM {table}"))?;
    let columns: Arc<[String]> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut rows = statement.query([])?;
    let mut read = Vec::new();
    while let Some(row) = rows.next()? {
        let values = (0..columns.len()).map(|at| row.get_ref(at).map(Row::value)).collect::<Result<_, _>>()?;
        read.push(Row::new(Arc::clone(&columns), values));
    }
    Ok(read)
}

/// SQLite's message without the statement, which may contain a password hash.
fn message(error: &Error) -> String {
    match error {
        Error::SqlInputError { msg, .. } => msg.clone(),
        Error::SqliteFailure(_, Some(message)) => message.clone(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, refused};
    use super::super::{Dump, read_dump};
    use super::*;

    fn courses(dump: &Dump) -> Vec<(&str, &str)> {
        dump.catalogs.iter().map(|catalog| (catalog.course.id.as_str(), catalog.course.name.as_str())).collect()
    }

    #[test]
    fn a_dump_that_was_cut_off_is_refused() {
        let whole = "CREATE TABLE courses (id TEXT, name TEXT);INSERT INTO courses (id,name) VALUES('c','C');";
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let first = whole.find("INSERT").unwrap();
        for end in 1..whole.len() {
            if end == first - 1 || end == first || end == whole.len() - 1 {
                continue;
            }
            let error = read_dump(&whole[..end], now).err().map(|error| format!("{error:#}")).unwrap_or_default();
            assert!(error.starts_with("the dump was cut off: "), "{:?}: {error}", &whole[..end]);
        }
        // Only the semicolon is missing.
        assert_eq!(courses(&read(whole.trim_end_matches(';'))), [("c", "C")]);
    }

    const COURSES: &str = "CREATE TABLE courses (id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT,
        exam_count INTEGER DEFAULT 0 CHECK (exam_count < 100), is_active BOOLEAN DEFAULT TRUE,
        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);";

    #[test]
    fn usual_dump_content_is_accepted() {
        let sql = format!(
            "\u{feff}PRAGMA defer_foreign_keys=TRUE;\r\nPRAGMA foreign_keys=OFF;\r\nBEGIN TRANSACTION;\r\n\
             CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;\r\n\
             INSERT INTO _cf_KV VALUES('a',x'00');\r\n\
             CREATE TABLE d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);\r\n\
             INSERT INTO d1_migrations VALUES(1,'0001_init.sql');\r\n{COURSES}\r\n\
             INSERT INTO \"courses\" (\"id\",\"name\") VALUES('c1','It''s 📐');\r\n\
             INSERT INTO courses VALUES('c2',replace('a\\nb','\\n',char(10)),unistr('x\\u000ay'),0,1,'2025-01-02');\r\n\
             CREATE TABLE sqlite_sequence(name,seq);\r\nDELETE FROM sqlite_sequence;\r\n\
             INSERT INTO sqlite_sequence VALUES('d1_migrations',1);\r\n\
             CREATE INDEX idx ON courses(name);\r\nANALYZE sqlite_schema;\r\n\
             CREATE TRIGGER t AFTER INSERT ON courses BEGIN INSERT INTO courses VALUES('c3','x',1,1,1,1); END;\r\n\
             CREATE VIEW v AS SELECT * FROM courses;\r\nCOMMIT;\r\n"
        );
        let dump = read(&sql);
        assert_eq!(courses(&dump), [("c1", "It's 📐"), ("c2", "a\nb")]);
        assert_eq!(dump.catalogs[1].course.description.as_deref(), Some("x\ny"));
        assert_eq!((refused(&dump), dump.notes), (vec![], vec![]));
        assert_eq!(dump.read, BTreeMap::from([("courses", 2)]));
    }

    #[test]
    fn a_bad_row_is_named_and_stops_no_other() {
        let sql = format!(
            "{COURSES}INSERT INTO courses (name, id) VALUES('One','c1'),(NULL,'c2'),('Three','c3'),('Again','c1');
             INSERT OR REPLACE INTO courses (id, name) VALUES('c1', 'Replaced');
             INSERT INTO courses VALUES('c5','Too few');
             INSERT INTO courses (id, name, exam_count) VALUES('c6', 'Checked later', 100);
             INSERT INTO courses (id, name) VALUES(nonsense('c7'), 'x');"
        );
        let dump = read(&sql);
        assert_eq!(courses(&dump), [("c1", "One"), ("c3", "Three"), ("c6", "Checked later")]);
        assert_eq!(dump.read["courses"], 8);
        let refused = refused(&dump);
        assert_eq!(refused[0], "courses c2: NOT NULL constraint failed: courses.name");
        assert_eq!(refused[1], "courses c1: UNIQUE constraint failed: courses.id");
        assert_eq!(refused[2], "courses c1: UNIQUE constraint failed: courses.id");
        assert_eq!(refused[3], "courses c5: table courses has 6 columns but 2 values were supplied");
        assert!(refused[4].starts_with("courses nonsense('c7'): "), "{}", refused[4]);
    }

    #[test]
    fn a_dump_of_data_alone_is_refused_as_a_whole() {
        for rows in [
            "INSERT INTO courses VALUES('c1','One',NULL,2,1,1735787045);",
            "INSERT INTO \"courses\" (\"name\",\"colour\",\"id\") VALUES('One','red','c1');",
        ] {
            let users =
                "CREATE TABLE users (id TEXT, email TEXT, password_hash TEXT); INSERT INTO users VALUES(1,2,3);";
            for sql in [rows.to_owned(), format!("{users}{rows}")] {
                let error = read_dump(&sql, jiff::Timestamp::UNIX_EPOCH).err().unwrap().to_string();
                assert!(error.starts_with("the dump has rows of courses without CREATE TABLE"), "{error}");
                assert!(error.contains("without --no-schema"), "{error}");
            }
        }
    }

    #[test]
    fn a_cache_of_courses_is_left_out() {
        let dump = read(
            "CREATE TABLE exam_analysis (course_id TEXT, body TEXT); INSERT INTO exam_analysis VALUES('c','{}');
             CREATE TABLE courses (id TEXT, name TEXT); INSERT INTO courses VALUES('c','C');",
        );
        assert_eq!(dump.notes, ["exam_analysis: 1 left out: a cache of courses, which is computed anew"]);
    }

    #[test]
    fn a_schema_may_have_rules_of_its_own() {
        let dump = read(
            "CREATE TABLE \"courses\" (colour TEXT DEFAULT (lower('RED')), id TEXT PRIMARY KEY CHECK (length(id) > 9),
                name TEXT CHECK (name LIKE 'x%' OR name GLOB 'x*'), is_active BOOLEAN CHECK (is_active IN (0, 1)),
                description TEXT CHECK (json_valid(description)), term_id TEXT REFERENCES terms(id)) STRICT;
             CREATE TABLE courses (id TEXT PRIMARY KEY, colour TEXT DEFAULT (lower('RED')), name TEXT NOT NULL
                CHECK (length(name) BETWEEN 1 AND 9 AND name LIKE 'x%' AND json_valid(name)), is_active BOOLEAN
                CHECK (is_active IN (0, 1)), initial TEXT GENERATED ALWAYS AS (substr(name, 1, 1)) VIRTUAL,
                term_id TEXT REFERENCES terms(id) ON DELETE CASCADE);
             INSERT INTO courses VALUES('c1', 'blue', 'One', 1, 't');",
        );
        assert_eq!(courses(&dump), [("c1", "One")]);
        assert_eq!(
            dump.notes,
            [
                "courses: its CREATE TABLE was passed over: unknown datatype for courses.is_active: \"BOOLEAN\"",
                "courses: extra columns left out: colour, initial, term_id",
            ]
        );
    }

    #[test]
    fn a_dump_can_only_insert_rows() {
        for value in [
            "(SELECT 1)",
            "load_extension('x')",
            "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n)",
            "zeroblob(1000000000)",
            "readfile('/etc/passwd')",
        ] {
            let sql = format!("INSERT INTO courses (id, name) VALUES('c1', {value}), ('c2', 'Two');");
            let dump = read(&sql);
            assert_eq!((courses(&dump), refused(&dump).len()), (vec![("c2", "Two")], 1), "{value}");
        }
        let dump = read(
            "ATTACH '/tmp/x.db' AS x; VACUUM INTO '/tmp/y.db'; CREATE TABLE courses AS SELECT 'c0' AS id, 'x' AS name;
             INSERT INTO courses SELECT 'c1', 'x'; UPDATE courses SET name = 'y';
             INSERT INTO courses (id, name) VALUES('c2', 'Two');",
        );
        assert_eq!(courses(&dump), [("c2", "Two")]);
        assert_eq!(
            dump.notes,
            [
                "courses: its CREATE TABLE was passed over: not authorized",
                "1 × ATTACH left out: only CREATE TABLE and INSERT … VALUES are read",
                "1 × INSERT left out: only CREATE TABLE and INSERT … VALUES are read",
                "1 × UPDATE left out: only CREATE TABLE and INSERT … VALUES are read",
                "1 × VACUUM left out: only CREATE TABLE and INSERT … VALUES are read",
            ]
        );
        assert!(!std::path::Path::new("/tmp/x.db").exists() && !std::path::Path::new("/tmp/y.db").exists());
    }

    #[test]
    fn a_value_that_grows_is_refused() {
        let a = "a".repeat(1000);
        let grown = format!("replace(replace('{a}','a','{a}'),'a','{a}')");
        let dump = read(&format!("INSERT INTO courses (id, name) VALUES('c1', {grown}), ('c2', 'Two');"));
        assert_eq!(courses(&dump), [("c2", "Two")]);
        assert_eq!(refused(&dump), ["courses c1: string or blob too big"]);
    }

    #[test]
    fn unknown_tables_are_said() {
        let dump = read(
            "CREATE TABLE user_badges (id); INSERT INTO user_badges VALUES(1),(2);
             INSERT INTO courses VALUES('c','C',0,0,0,0);",
        );
        assert_eq!(dump.notes, ["user_badges: 2 left out: no such table is imported"]);
    }

    #[test]
    fn a_foreign_dump_is_an_error() {
        for sql in ["", "<html>nothing; here</html>", "CREATE TABLE notes (id); INSERT INTO notes VALUES(1);"] {
            let error = read_dump(sql, jiff::Timestamp::UNIX_EPOCH).err().unwrap().to_string();
            assert!(error.starts_with("the dump holds none of the tables courses, exams"), "{error}");
        }
        let large = " ".repeat(DUMP_BYTES_MAX + 1);
        let error = read_dump(&large, jiff::Timestamp::UNIX_EPOCH).err().unwrap().to_string();
        assert_eq!(error, "the dump has 268435457 bytes; at most 268435456 are read");
    }
}
