//! Accounts that are one mailbox in two spellings: an import and `verify` name them, and both keep signing in.

use std::collections::BTreeMap;

use shared::app::App;
use shared::domain::account::Email;
use shared::domain::account::mailbox::Mailbox;
use shared::domain::account::profile::Profile;
use shared::domain::id::UserId;
use shared::store::{ImportedAccount, StoreError};

/// Gives each account the normal form of its email. Those that are one mailbox keep the spellings that they have, since
/// only one of them could have the normal form; they are named.
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
            // An account that is there already may have it.
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

/// The note about users whose emails are one mailbox: by their ids, since emails do not belong in a terminal's log.
fn one_mailbox(users: &[UserId]) -> String {
    let users: Vec<String> = users.iter().map(ToString::to_string).collect();
    format!("users {} have one mailbox in different spellings; each signs in with its own", users.join(" and "))
}

/// Accounts that are not stored under the normal form of their email: few, so they are kept.
#[derive(Debug, Default)]
pub struct Spellings(BTreeMap<Email, Vec<UserId>>);

impl Spellings {
    /// Takes note of a stored account.
    pub fn see(&mut self, profile: &Profile) {
        let normal = normal(&profile.email);
        if profile.email != normal {
            self.0.entry(normal).or_default().push(profile.id);
        }
    }

    /// A note for each mailbox that has more than one account.
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
