//! A file of questions, and what was read of it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use formats::{Bank, Exam, Format, Remark};
use serde_json::Value;

use super::exams::filled;
use super::{catalogue, exam_option};

/// Largest file, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A file, or the folder of a package.
pub struct Paper {
    /// Its name, without folders.
    pub(super) name: String,
    /// The exam that an option or the file's name says.
    pub(super) exam: Exam,
    /// What is said of it beside what reading it says.
    pub(super) notes: Vec<Remark>,
    source: Source,
    format: Option<Format>,
    /// Taken when its questions are added to a course: they take several times as much memory as the file.
    content: Option<Content>,
}

enum Source {
    File(Vec<u8>),
    Folder(BTreeMap<String, Vec<u8>>),
}

/// What was read of a paper.
pub(super) struct Content {
    pub(super) format: &'static str,
    pub(super) bank: Bank,
    /// The file itself, if it is a catalogue file. Its rows have columns that a bank has no place for.
    pub(super) catalogue: Option<Value>,
}

impl Paper {
    /// Reads a file by its content, as `import` does. `exam` is the name of its exam, if its own name says nothing.
    ///
    /// # Errors
    /// When the file is refused as a whole, or `exam` has no year or type.
    pub fn of(name: &str, bytes: &[u8], exam: Option<&str>) -> Result<Self> {
        Self::new(name.to_owned(), Source::File(bytes.to_vec()), None, &exam_option(exam)?)
    }

    /// Reads a file or the folder of a package.
    pub(super) fn open(path: &Path, format: Option<Format>, option: &Exam) -> Result<Self> {
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let source = if path.is_dir() {
            Source::Folder(folder(path)?)
        } else {
            let file = std::fs::File::open(path).context("cannot be read")?;
            let mut bytes = Vec::new();
            file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).context("cannot be read")?;
            ensure!(bytes.len() as u64 <= FILE_BYTES_MAX, "is larger than {} MiB", FILE_BYTES_MAX / 1024 / 1024);
            Source::File(bytes)
        };
        Self::new(name, source, format, option)
    }

    fn new(name: String, source: Source, format: Option<Format>, option: &Exam) -> Result<Self> {
        let exam = filled(option.clone(), formats::exam_of_title(&name));
        let content = Some(read(&name, &source, format)?);
        Ok(Self { name, exam, notes: Vec::new(), source, format, content })
    }

    #[cfg(test)]
    pub(super) fn holding(name: &str, bank: Bank) -> Self {
        let content = Some(Content { format: "qti", bank, catalogue: None });
        let source = Source::File(Vec::new());
        Self { name: name.to_owned(), exam: Exam::default(), notes: Vec::new(), source, format: None, content }
    }

    /// Whether the file names exams.
    pub(super) fn names_exams(&self) -> bool {
        self.content.as_ref().is_some_and(|content| !content.bank.exams.is_empty())
    }

    /// What was read of the file. It is read again the second time.
    pub(super) fn take(&mut self) -> Result<Content> {
        match self.content.take() {
            Some(content) => Ok(content),
            None => read(&self.name, &self.source, self.format),
        }
    }
}

fn read(name: &str, source: &Source, format: Option<Format>) -> Result<Content> {
    let (read, catalogue) = match source {
        Source::File(bytes) => {
            let read = formats::read(name, bytes, format)?;
            let catalogue = catalogue::document(read.format, bytes)?;
            (read, catalogue)
        }
        Source::Folder(files) => (formats::read_folder(name, files.clone())?, None),
    };
    Ok(Content { format: read.format.name(), bank: read.bank, catalogue })
}

/// The files of a folder by their paths. Links are not followed.
fn folder(root: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    let mut bytes = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).context("cannot be read")? {
            let entry = entry.context("cannot be read")?;
            let kind = entry.file_type().context("cannot be read")?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                bytes += entry.metadata().context("cannot be read")?.len();
                ensure!(bytes <= FILE_BYTES_MAX, "is larger than {} MiB", FILE_BYTES_MAX / 1024 / 1024);
                let path = entry.path();
                let inner = path.strip_prefix(root).unwrap_or(&path);
                let names: Vec<_> = inner.components().map(|part| part.as_os_str().to_string_lossy()).collect();
                files.insert(names.join("/"), std::fs::read(&path).context("cannot be read")?);
            }
        }
    }
    Ok(files)
}
