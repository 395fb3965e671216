//! The outbox. A mail is put in the transaction of its cause; its sender claims it, and writes the outcome afterwards.
//!
//! The outbox has a few partitions of its own, so that a sender finds what is due without an index. The mails of one user
//! are in one of them, side by side.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use futures_util::future::try_join_all;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, number, text};
use super::dynamodb::plain::ConditionalPut;
use super::dynamodb::transact::{TransactionResult, fresh_token};
use super::keys::{self, Key, MAIL_PARTITIONS};
use super::link_tokens::StoredLinkToken;
use crate::domain::id::UserId;
use crate::domain::mail::token::LinkToken;
use crate::domain::mail::{Mail, PAUSE_SECONDS};

/// A mail with its place in the table.
#[derive(Debug, Clone)]
pub struct StoredMail {
    key: Key,
    pub mail: Mail,
}

/// What a sender of mail needs of a token: the text's hash is stored, and the address that it proves.
#[derive(Debug, Clone, Copy)]
pub struct NewLinkToken<'a> {
    pub token: &'a LinkToken,
    pub stored: &'a StoredLinkToken,
}

impl Store {
    /// The put of a mail, for the transaction of its cause.
    pub(super) fn put_mail(&self, mail: &Mail) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::write(&keys::mail(&mail.slot()), mail)?))
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Writes a mail that is its own cause. Returns `false`, and writes nothing, if one was asked for a moment ago.
    pub async fn ask_for_mail(&self, mail: &Mail) -> Result<bool, StoreError> {
        let item = item::write(&keys::mail(&mail.slot()), mail)?;
        let condition = "attribute_not_exists(pk) OR asked_at <= :before";
        let before = [(":before", number(mail.asked_at - PAUSE_SECONDS))];
        Ok(matches!(self.put_if(item, condition, &before).await?, ConditionalPut::Done))
    }

    /// All mails of the outbox, in the order in which they were asked for.
    pub async fn mails(&self) -> Result<Vec<StoredMail>, StoreError> {
        let partitions = (0..MAIL_PARTITIONS).map(|number| async move {
            let partition = keys::mail_partition(number);
            self.query_pages(&partition, "", true, stored).await
        });
        let mut mails: Vec<_> = try_join_all(partitions).await?.into_iter().flatten().collect();
        mails.sort_by_key(|stored: &StoredMail| (stored.mail.asked_at, stored.mail.id.0));
        Ok(mails)
    }

    /// The mail under a key of the table's stream; `None` if it is gone, or the key is that of something else.
    pub async fn mail_at(&self, (pk, sk): (&str, &str)) -> Result<Option<StoredMail>, StoreError> {
        if !(0..MAIL_PARTITIONS).any(|number| keys::mail_partition(number) == pk) {
            return Ok(None);
        }
        self.get(&Key::new(pk, sk), true).await?.map(stored).transpose()
    }

    /// The mails to a user.
    pub async fn mails_of(&self, user: UserId) -> Result<Vec<Mail>, StoreError> {
        let place = keys::mails_of(user);
        self.query_pages(&place.pk, &place.sk, true, item::read).await
    }

    /// Replaces a mail, unless it changed since it was read. Returns whether it was replaced.
    pub async fn change_mail(&self, before: &StoredMail, after: &Mail) -> Result<bool, StoreError> {
        let item = item::write(&before.key, after)?;
        let values = [(":id", text(before.mail.id.to_string())), (":revision", number(before.mail.revision))];
        Ok(matches!(self.put_if(item, UNCHANGED, &values).await?, ConditionalPut::Done))
    }

    /// Claims a mail and stores the token in its link, which replaces an older one. Returns `false` if the mail changed
    /// since it was read.
    pub async fn claim_mail(
        &self,
        before: &StoredMail,
        after: &Mail,
        token: Option<NewLinkToken<'_>>,
    ) -> Result<bool, StoreError> {
        let Some(NewLinkToken { token, stored }) = token else { return self.change_mail(before, after).await };
        let claim = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::write(&before.key, after)?))
            .condition_expression(UNCHANGED)
            .expression_attribute_values(":id", text(before.mail.id.to_string()))
            .expression_attribute_values(":revision", number(before.mail.revision))
            .build()?;
        let link = keys::link_token(token.user_id(), stored.purpose());
        let link = Put::builder().table_name(&self.table).set_item(Some(item::write(&link, stored)?)).build()?;
        let actions = vec![
            TransactWriteItem::builder().put(claim).build(),
            TransactWriteItem::builder().put(link).build(),
            // Nothing is written for an account that is being deleted.
            self.check_account_stays(token.user_id())?,
        ];
        Ok(matches!(self.transact(actions, &fresh_token()).await?, TransactionResult::Committed))
    }
}

impl StoredMail {
    /// The same place with a newer mail.
    #[must_use]
    pub fn with(&self, mail: Mail) -> Self {
        Self { key: self.key.clone(), mail }
    }
}

/// Condition: nobody changed the mail since it was read.
const UNCHANGED: &str = "id = :id AND revision = :revision";

fn stored(item: item::Item) -> Result<StoredMail, StoreError> {
    let key = item::key_of(&item).ok_or_else(|| StoreError::corrupt("Mail", "it has no key"))?;
    Ok(StoredMail { key, mail: item::read(item)? })
}
