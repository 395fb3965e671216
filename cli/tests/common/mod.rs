//! The tool as a process, and its servers.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Environment variable for an endpoint other than AWS.
pub(crate) const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";
/// The last address that `serve` prints when it starts.
pub(crate) const SERVED: &str = "in a browser: the API";

/// The tool, without this test's environment variables for databases.
pub(crate) fn pastpaper(arguments: &[&str]) -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_pastpaper")), arguments)
}

/// The tool, started by a shell line that contains its command as `"$@"`.
pub(crate) fn pastpaper_by(shell: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", shell, "sh", env!("CARGO_BIN_EXE_pastpaper")]);
    clean(command, arguments)
}

fn clean(mut command: Command, arguments: &[&str]) -> Command {
    for name in [ENDPOINT, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "TABLE_NAME", "STAGE"] {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// Exit code, standard output, standard error.
pub(crate) fn outcome(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The output of a command that must succeed.
pub(crate) fn success(command: &mut Command) -> String {
    let (code, printed, error) = outcome(command);
    assert_eq!(code, Some(0), "{printed}{error}");
    printed
}

/// The error output of a command that must fail.
pub(crate) fn refusal(command: &mut Command) -> String {
    let (code, printed, error) = outcome(command);
    assert!(code.is_some_and(|code| code != 0) && printed.is_empty(), "{code:?} {printed}");
    error
}

/// A running `serve` or `db`.
pub(crate) struct Server {
    process: Child,
    lines: BufReader<ChildStdout>,
    /// Output until it was ready.
    pub(crate) printed: String,
    /// The environment variables for its database, if it has a port.
    pub(crate) variables: Vec<(String, String)>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// `pastpaper db` on a free port.
    pub(crate) fn db(options: &[&str]) -> Self {
        Self::start(pastpaper(&["db", "--port", "0"]).args(options), "export ")
    }

    /// `pastpaper serve` on a free port.
    pub(crate) fn serve(options: &[&str]) -> Self {
        Self::start(pastpaper(&["serve", "--port", "0"]).args(options), SERVED)
    }

    /// Starts a command that is ready when it prints a line with this text.
    pub(crate) fn start(command: &mut Command, ready: &str) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        let mut server = Self { process, lines, printed: String::new(), variables: Vec::new() };
        loop {
            let mut line = String::new();
            if server.lines.read_line(&mut line).unwrap() == 0 {
                let printed = server.printed.clone();
                panic!("it ended: {printed}{:?}", server.end());
            }
            server.printed += &line;
            if let Some(exported) = line.strip_prefix("export ") {
                let pairs = exported.split_whitespace().filter_map(|pair| pair.split_once('='));
                server.variables = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            }
            if line.contains(ready) {
                return server;
            }
        }
    }

    /// The tool on its database, through the port.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = pastpaper(arguments);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The output of a command on its database, through the port.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        success(&mut self.command(arguments))
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The address of the API, such as `127.0.0.1:8787`.
    pub(crate) fn address(&self) -> String {
        let line = self.printed.lines().find_map(|line| line.strip_prefix("Listening on http://")).unwrap();
        line.split(' ').next().unwrap().to_owned()
    }

    /// The address of the database port.
    pub(crate) fn database_address(&self) -> String {
        let (_, url) = self.variables.iter().find(|(name, _)| name == ENDPOINT).unwrap();
        url.strip_prefix("http://").unwrap().to_owned()
    }

    /// Sends a signal, such as `-TERM`.
    pub(crate) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.id().to_string()]).status().unwrap().success());
    }

    /// Waits until it has ended: remaining output, exit code, error output.
    pub(crate) fn end(mut self) -> (String, Option<i32>, String) {
        let (mut rest, mut error) = (String::new(), String::new());
        self.lines.read_to_string(&mut rest).unwrap();
        self.process.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        (rest, self.process.wait().unwrap().code(), error)
    }
}
