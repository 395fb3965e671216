//! The compressed question bank of a course. An import first stores the bank under a digest of its content, and only
//! then references the digest in the course. So a reader of the course always finds the matching, complete bank, even
//! on a lagging replica, and loads it with one query.

use std::io::{self, ErrorKind, Write};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item, number};
use super::dynamodb::packed::{deflate, unpack, with_body};
use super::keys::{self, EXPIRES_AT};
use crate::domain::catalog::{Bank, Course};
use crate::domain::id::CourseId;
use crate::domain::time::plus_seconds;

/// Maximum stored bytes of a part; a DynamoDB item is limited to 400 KB.
const PART_BYTES_MAX: usize = 300_000;
/// Maximum bytes of a part's JSON; bounds the memory for reading it.
const PART_JSON_BYTES_MAX: usize = 2_000_000;
const DIGEST_BYTES: usize = 16;
/// How long a bank is kept after its course references another one.
const RETIRED_SECONDS: i64 = 24 * 60 * 60;

/// The item of a part. Its whole content is compressed.
#[derive(Serialize, Deserialize)]
pub(super) struct BankPart {}

/// A bank in its stored form.
pub(super) struct PackedBank {
    /// Digest of the bank's content.
    pub(super) digest: String,
    parts: Vec<Vec<u8>>,
}

impl Entity for BankPart {
    const NAME: &'static str = "Bank";
}

impl PackedBank {
    /// Compresses a bank. Halves it until every part is small enough.
    pub(super) fn of(bank: Bank) -> Result<Self, StoreError> {
        let mut parts = Vec::new();
        let mut digest = Sha256::new();
        let mut left = vec![bank];
        while let Some(bank) = left.pop() {
            if let Some(json) = json_of(&bank)? {
                let packed = deflate(&json).map_err(|error| StoreError::corrupt("Bank", error))?;
                if packed.len() <= PART_BYTES_MAX {
                    digest.update(&json);
                    parts.push(packed);
                    continue;
                }
            }
            let (first, second) = bank.halves();
            if second == Bank::default() {
                return Err(StoreError::corrupt("Bank", "a row is larger than an item may be"));
            }
            left.extend([second, first]);
        }
        Ok(Self { digest: hex::encode(&digest.finalize()[..DIGEST_BYTES]), parts })
    }

    fn items(self, course: &CourseId) -> Result<Vec<Item>, StoreError> {
        let parts = self.parts.into_iter().enumerate();
        let item = |(number, packed)| {
            let key = keys::bank_part(course, &self.digest, number);
            Ok(with_body(item::write(&key, &BankPart {})?, packed))
        };
        parts.map(item).collect()
    }
}

/// The JSON of a part; `None` if it is too long for one.
fn json_of(bank: &Bank) -> Result<Option<Vec<u8>>, StoreError> {
    let mut json = Bounded(Vec::new());
    match serde_json::to_writer(&mut json, bank) {
        Ok(()) => Ok(Some(json.0)),
        Err(error) if error.io_error_kind() == Some(ErrorKind::FileTooLarge) => Ok(None),
        Err(error) => Err(StoreError::corrupt("Bank", error)),
    }
}

/// Takes no more than [`PART_JSON_BYTES_MAX`].
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > PART_JSON_BYTES_MAX {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Store {
    /// Loads the bank of a course.
    pub(super) async fn load_bank(&self, course: &Course) -> Result<Bank, StoreError> {
        let bank = self.read_bank(course, false).await?;
        if bank.stats() == course.stats {
            return Ok(bank);
        }
        // The replica does not have the bank yet: read consistently.
        let bank = self.read_bank(course, true).await?;
        if bank.stats() == course.stats {
            return Ok(bank);
        }
        Err(StoreError::corrupt("Bank", format!("that of {} is not whole: import the course again", course.id)))
    }

    /// Reads the stored bank of a course.
    pub(super) async fn read_bank(&self, course: &Course, consistent: bool) -> Result<Bank, StoreError> {
        let pk = keys::course_partition(&course.id);
        let prefix = keys::bank_parts(&course.bank);
        let parts = self.query_pages(&pk, &prefix, consistent, |mut item| unpack(&mut item, "Bank")).await?;
        Ok(parts.into_iter().fold(Bank::default(), Bank::and))
    }

    /// Stores a bank before its course references it.
    pub(super) async fn publish_bank(&self, course: &CourseId, bank: PackedBank) -> Result<(), StoreError> {
        self.put_missing(&bank.items(course)?).await
    }

    /// Sets a TTL on a bank that is no longer referenced. Deletion is delayed, because processes cache courses.
    pub(super) async fn retire_bank(&self, course: &Course, now: Timestamp) -> Result<(), StoreError> {
        let present: Option<Course> = self.get(&keys::course(&course.id), true).await?.map(item::read).transpose()?;
        if present.is_some_and(|present| present.bank == course.bank) {
            return Ok(());
        }
        let pk = keys::course_partition(&course.id);
        let mut items = self.query(&pk, &keys::bank_parts(&course.bank), true).await?;
        // Keep an earlier expiry.
        items.retain(|item| !item.contains_key(EXPIRES_AT));
        for item in &mut items {
            item.insert(EXPIRES_AT.to_owned(), number(plus_seconds(now, RETIRED_SECONDS).as_second()));
        }
        self.put_all(items).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::catalog::QuestionSummary;

    fn bank(questions: u32) -> Bank {
        let mut random = fastrand::Rng::with_seed(1);
        let mut preview = || std::iter::repeat_with(|| random.alphanumeric()).take(100).collect::<String>();
        let question = |number| -> QuestionSummary {
            let question = json!({
                "id": format!("q{number:06}"), "topic_id": "t", "course_id": "c", "techniques": [], "is_generated": false,
                "created_at": "2026-03-01T12:00:00Z", "preview": preview(), "source_points": 1.0 / f64::from(number + 1),
            });
            serde_json::from_value(question).unwrap()
        };
        Bank { questions: (0..questions).map(question).collect(), ..Bank::default() }
    }

    fn read(items: Vec<Item>) -> Bank {
        let parts = items.into_iter().map(|mut item| unpack::<Bank>(&mut item, "Bank").unwrap());
        parts.fold(Bank::default(), Bank::and)
    }

    #[test]
    fn a_bank_of_any_size_round_trips() {
        let course = CourseId::try_from("c").unwrap();
        for (questions, parts) in [(0, 1), (1, 1), (9_000, 4)] {
            let packed = PackedBank::of(bank(questions)).unwrap();
            let items = packed.items(&course).unwrap();
            assert_eq!(items.len(), parts);
            assert_eq!(read(items), bank(questions));
        }
    }

    #[test]
    fn a_digest_is_of_the_content() {
        let digest = |questions| PackedBank::of(bank(questions)).unwrap().digest;
        assert_eq!(digest(2), digest(2));
        assert_ne!(digest(2), digest(3));
    }

    #[test]
    fn a_row_too_large_for_an_item_is_refused() {
        let mut bank = bank(1);
        bank.questions[0].preview = "x".repeat(PART_JSON_BYTES_MAX);
        assert!(PackedBank::of(bank).is_err());
    }
}
