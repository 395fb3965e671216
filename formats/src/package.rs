//! Packages of files: a zip, or the files of a folder by their paths.
//!
//! A package is read as a whole, within bounds: hostile archives are refused before or while they are unpacked.

use std::{
    cell::Cell,
    collections::BTreeMap,
    io::{Cursor, Read},
};

use crate::FormatError;

/// The largest number of members of a package.
pub const MEMBERS_MAX: usize = 50_000;
/// The largest sum of the sizes of the unpacked members, in bytes.
pub const UNPACKED_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// How many times larger a member of more than [`RATIO_FREE_BYTES`] may become by unpacking. Deflate reaches 1,032; texts and
/// XML stay below 50.
const RATIO_MAX: u64 = 200;
const RATIO_FREE_BYTES: u64 = 1024 * 1024;
const PATH_BYTES_MAX: usize = 1024;

/// The files of a package by their normalised paths: separated by `/`, without `.` and `..`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    files: BTreeMap<String, Vec<u8>>,
    /// Paths in small letters. `None` if several files have this path.
    folded: BTreeMap<String, Option<String>>,
    /// Names without folders, in small letters. `None` if several files have this name.
    names: BTreeMap<String, Option<String>>,
    /// Members that were left out, with the reason.
    left_out: Vec<(String, &'static str)>,
}

impl Package {
    /// Whether the bytes begin as a zip does.
    #[must_use]
    pub fn is_zip(bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") || bytes.starts_with(b"PK\x07\x08")
    }

    /// Unpacks a zip.
    pub fn from_zip(bytes: &[u8]) -> Result<Self, FormatError> {
        Self::from_zip_within(bytes, UNPACKED_BYTES_MAX)
    }

    fn from_zip_within(bytes: &[u8], unpacked_max: u64) -> Result<Self, FormatError> {
        let unreadable = |error| FormatError(format!("The zip cannot be read: {error}."));
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
        if archive.len() > MEMBERS_MAX {
            return Err(FormatError(format!("The zip has more than {MEMBERS_MAX} files.")));
        }
        // Members that share their data unpack to many times the size of the archive.
        if archive.has_overlapping_files().map_err(unreadable)? {
            return Err(FormatError("Files of the zip overlap.".to_owned()));
        }
        let too_large = || FormatError(format!("The zip unpacks to more than {} MiB.", unpacked_max / 1024 / 1024));
        let mut package = Self::default();
        let mut room = unpacked_max;
        for index in 0..archive.len() {
            let name = archive.name_for_index(index).and_then(Result::ok).unwrap_or_default().into_owned();
            let mut member = match archive.by_index(index) {
                Ok(member) => member,
                Err(error) => {
                    package.left_out.push((shortened(&name), reason_of(&error)));
                    continue;
                }
            };
            if member.is_dir() {
                continue;
            }
            let Some(path) = normal_path("", &name) else {
                package.left_out.push((shortened(&name), "its path leaves the package"));
                continue;
            };
            if member.is_symlink() {
                package.left_out.push((path, "it is a symbolic link"));
                continue;
            }
            let packed = member.compressed_size();
            let bound = if packed <= RATIO_FREE_BYTES / RATIO_MAX {
                RATIO_FREE_BYTES
            } else {
                packed.saturating_mul(RATIO_MAX)
            };
            if member.size() > room {
                return Err(too_large());
            }
            // The size that the archive states may be wrong, so the bounds hold for what is unpacked.
            let limit = bound.min(room);
            let mut content = Vec::new();
            if member.by_ref().take(limit + 1).read_to_end(&mut content).is_err() {
                package.left_out.push((path, "its content is damaged"));
                continue;
            }
            let size = content.len() as u64;
            if size > room {
                return Err(too_large());
            }
            if size > bound {
                return Err(FormatError(format!("{path} unpacks to more than {RATIO_MAX} times its size in the zip.")));
            }
            room -= size;
            package.insert(path, content);
        }
        Ok(package)
    }

    /// A package of the files of a folder, by their paths in it.
    pub fn from_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, FormatError> {
        let mut package = Self::default();
        let mut room = UNPACKED_BYTES_MAX;
        for (count, (name, content)) in files.into_iter().enumerate() {
            if count >= MEMBERS_MAX {
                return Err(FormatError(format!("The folder has more than {MEMBERS_MAX} files.")));
            }
            room = room.checked_sub(content.len() as u64).ok_or_else(|| {
                FormatError(format!("The folder is larger than {} MiB.", UNPACKED_BYTES_MAX / 1024 / 1024))
            })?;
            match normal_path("", &name) {
                Some(path) => package.insert(path, content),
                None => package.left_out.push((shortened(&name), "its path leaves the package")),
            }
        }
        Ok(package)
    }

    fn insert(&mut self, path: String, content: Vec<u8>) {
        if self.files.contains_key(&path) {
            self.left_out.push((path, "a file before it has the same path"));
            return;
        }
        let folded = path.to_lowercase();
        let name = folded.rsplit('/').next().unwrap_or_default().to_owned();
        for (index, key) in [(&mut self.folded, folded), (&mut self.names, name)] {
            index.entry(key).and_modify(|one| *one = None).or_insert_with(|| Some(path.clone()));
        }
        self.files.insert(path, content);
    }

    /// The content of a file by its normalised path. Letter case counts, but a path that fits only one file without it is taken.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.find(path).map(|(_, content)| content)
    }

    /// The path as the package spells it, and the content.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<(&str, &[u8])> {
        if let Some((path, content)) = self.files.get_key_value(path) {
            return Some((path, content));
        }
        let path = self.folded.get(&path.to_lowercase())?.as_ref()?;
        self.files.get_key_value(path).map(|(path, content)| (path.as_str(), content.as_slice()))
    }

    /// All files, ordered by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, content)| (path.as_str(), content.as_slice()))
    }

    /// Members that were left out, with the reason.
    pub fn left_out(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.left_out.iter().map(|(path, reason)| (path.as_str(), *reason))
    }

    /// The only file of this name, in any folder of the package.
    pub(crate) fn by_name(&self, name: &str) -> Option<&str> {
        self.names.get(&name.to_lowercase())?.as_deref()
    }
}

fn reason_of(error: &zip::result::ZipError) -> &'static str {
    match error {
        zip::result::ZipError::UnsupportedArchive(_) => "it is encrypted, or packed by an unknown method",
        _ => "its content is damaged",
    }
}

/// The pictures of a package, as often as questions show them, within a bound.
pub(crate) struct Pictures<'a> {
    pub(crate) package: &'a Package,
    room: Cell<u64>,
}

impl<'a> Pictures<'a> {
    pub(crate) fn new(package: &'a Package) -> Self {
        Self { package, room: Cell::new(UNPACKED_BYTES_MAX) }
    }

    /// The path as the package spells it, and the content.
    pub(crate) fn get(&self, path: &str) -> Option<(String, Vec<u8>)> {
        let (path, content) = self.package.find(path)?;
        self.room.set(self.room.get().checked_sub(content.len() as u64)?);
        Some((path.to_owned(), content.to_vec()))
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(200).collect()
}

/// The path that `reference` names, seen from the file `base`. Backslashes separate too, `%20` is a blank, and a query and a
/// fragment do not count. `None` if the path leaves the package, is absolute outside it, or is empty.
pub(crate) fn resolve(base: &str, reference: &str) -> Option<String> {
    let reference = reference.trim();
    let end = reference.find(['?', '#']).unwrap_or(reference.len());
    let folder = base.rfind('/').map_or("", |at| &base[..at]);
    normal_path(folder, &percent_decoded(&reference[..end]))
}

/// Joins and normalises. The names of a zip are no addresses: nothing in them is decoded.
fn normal_path(folder: &str, name: &str) -> Option<String> {
    if name.len() + folder.len() > PATH_BYTES_MAX || name.contains('\0') {
        return None;
    }
    let name = name.replace('\\', "/");
    // `C:\file` is an absolute path, `http://host/file` an address.
    if name.split('/').next().is_some_and(|first| first.ends_with(':')) {
        return None;
    }
    let mut steps: Vec<&str> = if name.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for step in name.split('/') {
        match step {
            ".." => {
                steps.retain(|step| !step.is_empty());
                steps.pop()?;
            }
            step => steps.push(step),
        }
    }
    steps.retain(|step| !step.is_empty() && *step != ".");
    (!steps.is_empty()).then(|| steps.join("/"))
}

/// Decodes `%41`. What is no such code stays, and so does everything if the result is no UTF-8.
pub(crate) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = if bytes[at] == b'%' { digit(at + 1).zip(digit(at + 2)) } else { None };
        if let Some((high, low)) = code {
            decoded.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn a_reference_is_resolved_from_the_file_that_names_it() {
        for (base, reference, path) in [
            ("items/a.xml", "../img/slope%20one.svg", Some("img/slope one.svg")),
            ("items/a.xml", "..\\img\\b.png", Some("img/b.png")),
            ("a.xml", "./b.xml", Some("b.xml")),
            ("a/b/c.xml", "../../d.xml#part", Some("d.xml")),
            ("a/b.xml", "/c.xml", Some("c.xml")),
            ("a/b.xml", "c//d.png?verifier=1", Some("a/c/d.png")),
            ("a/b.xml", "../../c.xml", None),
            ("a/b.xml", "%2e%2e/%2e%2e/c.xml", None),
            ("a.xml", "C:\\secret.txt", None),
            ("a.xml", "https://example.org/a.png", None),
            ("a.xml", "", None),
            ("a.xml", "100%25.png", Some("100%.png")),
            ("a.xml", "100%.png", Some("100%.png")),
        ] {
            assert_eq!(resolve(base, reference).as_deref(), path, "{base} {reference}");
        }
    }

    #[test]
    fn members_outside_the_package_are_left_out_by_name() {
        let package =
            Package::from_zip(&zip_of(&[("../evil.xml", b"x"), ("a/./b.xml", b"y"), ("c\\d.xml", b"z")])).unwrap();
        assert_eq!(package.files().map(|(path, _)| path).collect::<Vec<_>>(), ["a/b.xml", "c/d.xml"]);
        assert_eq!(package.left_out().collect::<Vec<_>>(), [("../evil.xml", "its path leaves the package")]);
        let folder = Package::from_files([("../evil".to_owned(), vec![])]).unwrap();
        assert_eq!(folder.left_out().count(), 1);
    }

    #[test]
    fn a_zip_bomb_is_refused() {
        let bomb = zip_of(&[("zeros", &vec![0; 3 * 1024 * 1024])]);
        assert!(bomb.len() < 64 * 1024);
        let error = Package::from_zip(&bomb).unwrap_err();
        assert_eq!(error.0, "zeros unpacks to more than 200 times its size in the zip.");
    }

    #[test]
    fn the_sum_of_all_members_is_bounded() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let bytes = zip_of(&[("a", &text), ("b", &text), ("c", &text)]);
        assert!(Package::from_zip_within(&bytes, 1_200_000).is_ok());
        let error = Package::from_zip_within(&bytes, 1_100_000).unwrap_err();
        assert_eq!(error.0, "The zip unpacks to more than 1 MiB.");
    }

    #[test]
    fn too_many_members_are_refused() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for number in 0..=MEMBERS_MAX {
            writer.start_file(number.to_string(), SimpleFileOptions::default()).unwrap();
        }
        let error = Package::from_zip(&writer.finish().unwrap().into_inner()).unwrap_err();
        assert_eq!(error.0, "The zip has more than 50000 files.");
    }

    #[test]
    fn a_stated_size_that_is_too_small_does_not_lift_the_bound() {
        let mut bomb = zip_of(&[("zeros", &vec![0; 4 * 1024 * 1024])]);
        // Uncompressed size: at 22 in the local header, at 24 in the central directory.
        let central = bomb.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
        bomb[22..26].copy_from_slice(&10_u32.to_le_bytes());
        bomb[central + 24..central + 28].copy_from_slice(&10_u32.to_le_bytes());
        let package = Package::from_zip(&bomb);
        assert!(
            package.is_err() || package.is_ok_and(|package| package.get("zeros").is_none_or(|file| file.len() <= 10))
        );
    }

    #[test]
    fn letter_case_of_a_path_may_differ_if_only_one_file_fits() {
        let package = Package::from_zip(&zip_of(&[("Img/A.png", b"1"), ("b.xml", b"2"), ("B.xml", b"3")])).unwrap();
        assert_eq!(package.find("img/a.png"), Some(("Img/A.png", b"1".as_slice())));
        assert_eq!(package.get("b.xml"), Some(b"2".as_slice()));
        assert_eq!(package.get("B.XML"), None);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

        #[test]
        fn bytes_are_read_or_refused(bytes: Vec<u8>, at in 0_usize..400, value: u8) {
            drop(Package::from_zip(&bytes));
            let mut mutated = zip_of(&[("a.xml", b"<a/>"), ("b/c.png", b"0123456789")]);
            let at = at % mutated.len();
            mutated[at] = value;
            drop(Package::from_zip(&mutated));
        }
    }
}
