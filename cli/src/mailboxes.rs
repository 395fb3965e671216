//! Reports accounts that share one mailbox in two spellings. `import` and `verify` use it. Both accounts can still sign
//! in.

use std::collections::BTreeMap;

use shared::app::App;
use shared::domain::account::Email;
use shared::domain::account::mailbox::Mailbox;
use shared::domain::account::profile::Profile;
use shared::domain::id::UserId;
use shared::store::{ImportedAccount, StoreError};

/// Sets each account's email to its normal form. Accounts that share a mailbox keep their spellings, since only one of
/// them could have the normal form; they are reported.
///
/// # Errors
/// When storage fails.
pub async fn settle(app: &App, accounts: &mut [ImportedAccount]) -> Result<Vec<String>, StoreError> {
    let mut by_mailbox: BTreeMap<Email, Vec<usize>> = BTreeMap::new();
    for (index, account) in accounts.iter().enumerate() {
        by_mailbox.entry(normal(&account.profile.email)).or_default().push(index);
    }
    let mut notes = Vec::new();
    for (normal, indexes) in by_mailbox {
        if let [only] = indexes.as_slice() {
            let profile = &mut accounts[*only].profile;
            if profile.email == normal {
                continue;
            }
            // A stored account may have the normal form already.
            match app.store.credential(&normal).await? {
                Some(other) if other.user_id != profile.id => notes.push(one_mailbox(&[other.user_id, profile.id])),
                _ => profile.email = normal,
            }
        } else {
            let users: Vec<UserId> = indexes.iter().map(|index| accounts[*index].profile.id).collect();
            notes.push(one_mailbox(&users));
        }
    }
    Ok(notes)
}

fn normal(email: &Email) -> Email {
    Mailbox::of(email.clone()).normal().clone()
}

/// The message about users who share a mailbox. It shows ids, since emails should not appear in logs.
fn one_mailbox(users: &[UserId]) -> String {
    let users: Vec<String> = users.iter().map(ToString::to_string).collect();
    format!("users {} have one mailbox in different spellings; each signs in with its own", users.join(" and "))
}

/// Accounts that are not stored under the normal form of their email. They are few, so they are kept in memory.
#[derive(Debug, Default)]
pub struct Spellings(BTreeMap<Email, Vec<UserId>>);

impl Spellings {
    /// Records a stored account.
    pub fn see(&mut self, profile: &Profile) {
        let normal = normal(&profile.email);
        if profile.email != normal {
            self.0.entry(normal).or_default().push(profile.id);
        }
    }

    /// A message for each mailbox with more than one account.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn pairs(self, app: &App) -> Result<Vec<String>, StoreError> {
        let mut notes = Vec::new();
        for (normal, mut users) in self.0 {
            users.extend(app.store.credential(&normal).await?.map(|credential| credential.user_id));
            users.sort();
            if users.len() > 1 {
                notes.push(one_mailbox(&users));
            }
        }
        Ok(notes)
    }
}
