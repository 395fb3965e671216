//! Changes of the address and the name of an account.
//!
//! A new address waits in the profile until a link confirms it. The confirmation moves the credential. The former address
//! is reserved for as long as the change can be undone: nobody else may register it meanwhile.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Store;
use super::accounts::{Credential, is_condition_failed};
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item, number, text};
use super::dynamodb::transact::{ActionOutcome, TransactionResult};
use super::keys::{self, Key};
use crate::domain::account::mailbox::Mailbox;
use crate::domain::account::password::PasswordHash;
use crate::domain::account::profile::{DatedEmail, Profile};
use crate::domain::account::{Email, Name};
use crate::domain::credits::held::HeldGrants;
use crate::domain::id::UserId;
use crate::domain::mail::Mail;
use crate::domain::mail::token::{LinkPurpose, LinkToken};
use crate::domain::random::Random;

/// Stands in the place of a credential while the change of an address can be undone. It signs nobody in.
#[derive(Debug, Serialize, Deserialize)]
struct ReservedEmail {
    user_id: UserId,
    /// In epoch seconds. DynamoDB's TTL deletes it some time later, so writers must compare.
    expires_at: i64,
}

impl Entity for ReservedEmail {
    const NAME: &'static str = "ReservedEmail";
}

/// Condition: no account has the address, and it is not reserved.
const IS_FREE: &str = "attribute_not_exists(pk) OR (entity = :reserved AND expires_at <= :now)";

/// What a request does to the address.
#[derive(Debug, Clone, Copy)]
pub enum AddressRequest<'a> {
    /// Nothing.
    Keep,
    /// It withdraws an earlier request.
    Withdraw,
    /// It asks for this one, by this mail.
    Ask(&'a DatedEmail, &'a Mail),
}

/// Result of a confirmation or an undoing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailChange {
    /// The address was changed.
    Done,
    /// Another account has the address by now.
    Taken,
    /// The address holds grants: give them to the account first.
    Held,
    /// The token was used or replaced meanwhile.
    TokenGone,
    /// The account changed meanwhile: read again.
    Outdated,
}

/// What stands under an address.
pub(super) enum AddressState {
    /// An account has it.
    Account(Credential),
    /// An account left it and can take it back until then.
    Reserved(Timestamp),
    /// No account has it, and it holds grants.
    Held(HeldGrants),
    /// It was reserved.
    Free,
}

/// Reads what stands under an address.
pub(super) fn address_state(item: Item, now: Timestamp) -> Result<AddressState, StoreError> {
    let entity = item::entity_of(&item);
    if entity == ReservedEmail::NAME {
        let ReservedEmail { expires_at, .. } = item::read(item)?;
        let until = Timestamp::from_second(expires_at).map_err(|error| StoreError::corrupt("ReservedEmail", error))?;
        Ok(if until <= now { AddressState::Free } else { AddressState::Reserved(until) })
    } else if entity == HeldGrants::NAME {
        item::read(item).map(AddressState::Held)
    } else {
        item::read(item).map(AddressState::Account)
    }
}

/// Reads a credential; `None` for an address that is only reserved, or only holds grants.
pub(super) fn credential_in(item: Item) -> Result<Option<Credential>, StoreError> {
    // Whether a reservation has expired makes no difference.
    match address_state(item, Timestamp::MIN)? {
        AddressState::Account(credential) => Ok(Some(credential)),
        AddressState::Reserved(_) | AddressState::Held(_) | AddressState::Free => Ok(None),
    }
}

impl Store {
    /// The put of a credential, which fails if the address is not free. The failure has the item that is there.
    pub(super) fn put_free(&self, item: Item, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(IS_FREE)
            .expression_attribute_values(":reserved", text(ReservedEmail::NAME))
            .expression_attribute_values(":now", number(now.as_second()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A condition check for a transaction: the address under `key` is free.
    pub(super) fn check_free(&self, key: &Key, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .condition_expression(IS_FREE)
            .expression_attribute_values(":reserved", text(ReservedEmail::NAME))
            .expression_attribute_values(":now", number(now.as_second()))
            .build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Changes the name and the request for another address. Returns the profile after it; `None` if the account changed
    /// meanwhile.
    pub async fn change_profile(
        &self,
        profile: &Profile,
        name: Option<&Name>,
        address: AddressRequest<'_>,
        (now, random): (Timestamp, &Random),
    ) -> Result<Option<Profile>, StoreError> {
        let mut after = Profile { updated_at: now.max(profile.updated_at), ..profile.clone() };
        let mut update = of_address(profile, &profile.email);
        let (mut set, mut removed) = (CHANGED.to_owned(), Vec::new());
        if let Some(name) = name {
            after.name = name.clone();
            update = update.expression_attribute_names("#name", "name");
            match Option::<String>::from(name.clone()) {
                Some(name) => {
                    set += ", #name = :name";
                    update = update.expression_attribute_values(":name", text(name));
                }
                None => removed.push("#name"),
            }
        }
        let mut actions = Vec::new();
        match address {
            AddressRequest::Keep => {}
            AddressRequest::Withdraw => {
                after.new_email = None;
                removed.push("new_email");
            }
            AddressRequest::Ask(new, mail) => {
                after.new_email = Some(new.clone());
                set += ", new_email = :new_email";
                update = update.expression_attribute_values(":new_email", dated(new));
                actions.push(self.put_mail(mail)?);
            }
        }
        if !removed.is_empty() {
            set = format!("{set} REMOVE {}", removed.join(", "));
        }
        update = update.update_expression(set).expression_attribute_values(":now", text(after.updated_at.to_string()));
        actions.insert(0, self.update(update)?);
        let done = self.transact(actions, &random.uuid_v4().to_string()).await?;
        Ok(matches!(done, TransactionResult::Committed).then_some(after))
    }

    /// Gives the account the address that its link confirmed. The former one is reserved until `undo_until`; `notice`
    /// tells it.
    pub async fn confirm_email(
        &self,
        (profile, new): (&Profile, &Email),
        credential: Credential,
        token: &LinkToken,
        (notice, undo_until): (Option<&Mail>, i64),
        (now, random): (Timestamp, &Random),
    ) -> Result<EmailChange, StoreError> {
        let old = keys::credential(&profile.email);
        let former = DatedEmail { email: profile.email.clone(), until: undo_until };
        let account = of_address(profile, &profile.email)
            .update_expression(
                "SET email = :new, former_email = :former, customer_email_due = :yes, #version = #version + :one, \
                 updated_at = :now REMOVE new_email, email_unverified, mail_stopped",
            )
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":new", text(new.as_str()))
            .expression_attribute_values(":former", dated(&former))
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", text(now.max(profile.updated_at).to_string()));
        let reserved = ReservedEmail { user_id: profile.id, expires_at: undo_until };
        let leave = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::write(&old, &reserved)?))
            // A concurrent change of the password or of the factor must not be lost.
            .condition_expression(if credential.second_factor {
                "user_id = :user AND password_hash = :hash AND attribute_exists(second_factor)"
            } else {
                "user_id = :user AND password_hash = :hash AND attribute_not_exists(second_factor)"
            })
            .expression_attribute_values(":user", text(profile.id.to_string()))
            .expression_attribute_values(":hash", text(credential.password_hash.as_str()))
            .build()?;
        let mut actions = vec![
            self.use_token(token, LinkPurpose::ConfirmEmail, now)?,
            self.update(account)?,
            TransactWriteItem::builder().put(leave).build(),
            self.put_free(item::write(&keys::credential(new), &credential)?, now)?,
        ];
        for form in Mailbox::of(new.clone()).other_forms() {
            actions.push(self.check_free(&keys::credential(form), now)?);
        }
        let of_new = 3..actions.len();
        if let Some(notice) = notice {
            actions.push(self.put_mail(notice)?);
        }
        Ok(match self.transact(actions, &random.uuid_v4().to_string()).await? {
            TransactionResult::Committed => EmailChange::Done,
            TransactionResult::Refused(verdicts) => {
                let failed = |index: usize| matches!(verdicts.get(index), Some(ActionOutcome::ConditionFailed(_)));
                let holds = |verdict: &ActionOutcome| match verdict {
                    ActionOutcome::ConditionFailed(Some(found)) => item::entity_of(found) == HeldGrants::NAME,
                    _ => false,
                };
                if failed(0) {
                    EmailChange::TokenGone
                } else if failed(1) || failed(2) {
                    EmailChange::Outdated
                } else if verdicts.get(of_new.start).is_some_and(holds) {
                    EmailChange::Held
                } else if of_new.into_iter().any(failed) {
                    EmailChange::Taken
                } else {
                    EmailChange::Outdated
                }
            }
        })
    }

    /// Gives the account its former address back, and ends every session. No password works until one is set by the
    /// link in `mail`, because whoever changed the address knew the password.
    pub async fn undo_email(
        &self,
        (profile, former): (&Profile, &Email),
        token: &LinkToken,
        mail: &Mail,
        (now, random): (Timestamp, &Random),
    ) -> Result<EmailChange, StoreError> {
        let epoch = profile.state.session_epoch + 1;
        let credential = Credential {
            user_id: profile.id,
            password_hash: PasswordHash::unusable(),
            session_epoch: epoch,
            second_factor: profile.second_factor,
            sign_in_told_at: None,
            created_at: profile.created_at,
        };
        let account = of_address(profile, &profile.email)
            .update_expression(
                "SET email = :former, session_epoch = :next, customer_email_due = :yes, #version = #version + :one, \
                 updated_at = :now REMOVE former_email, new_email, email_unverified, mail_stopped",
            )
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":former", text(former.as_str()))
            .expression_attribute_values(":next", number(epoch))
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", text(now.max(profile.updated_at).to_string()));
        let leave = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(keys::credential(&profile.email).attributes()))
            .condition_expression("user_id = :user")
            .expression_attribute_values(":user", text(profile.id.to_string()))
            .build()?;
        let back = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::write(&keys::credential(former), &credential)?))
            .condition_expression("user_id = :user")
            .expression_attribute_values(":user", text(profile.id.to_string()))
            .build()?;
        let actions = vec![
            self.use_token(token, LinkPurpose::UndoEmail, now)?,
            self.update(account)?,
            TransactWriteItem::builder().delete(leave).build(),
            TransactWriteItem::builder().put(back).build(),
            self.put_mail(mail)?,
        ];
        Ok(match self.transact(actions, &random.uuid_v4().to_string()).await? {
            TransactionResult::Committed => EmailChange::Done,
            TransactionResult::Refused(verdicts) => match verdicts.first() {
                Some(ActionOutcome::ConditionFailed(_)) => EmailChange::TokenGone,
                _ => EmailChange::Outdated,
            },
        })
    }

    /// The deletion of the reservation of an account's former address, if there is one at `now`.
    pub(super) fn delete_reservation(
        &self,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let Some(former) = profile.former_email.as_ref().filter(|former| former.is_meant_at(now)) else {
            return Ok(None);
        };
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(keys::credential(&former.email).attributes()))
            .condition_expression("attribute_not_exists(pk) OR user_id = :user")
            .expression_attribute_values(":user", text(profile.id.to_string()))
            .build()?;
        Ok(Some(TransactWriteItem::builder().delete(delete).build()))
    }

    /// Notes that Stripe's customer has the address of this profile, unless the address changed since.
    pub async fn customer_email_is_set(&self, profile: &Profile) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .set_key(Some(keys::profile(profile.id).attributes()))
            .update_expression("REMOVE customer_email_due")
            .condition_expression("email = :email")
            .expression_attribute_values(":email", text(profile.email.as_str()));
        match self.update_item(update).await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failed(&error) => Ok(()),
            Err(error) => Err(StoreError::call("UpdateItem", &error)),
        }
    }

    /// The mark that a token is used. Its condition: it is the newest of its purpose, and was not used.
    pub(super) fn use_token(
        &self,
        token: &LinkToken,
        purpose: LinkPurpose,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let used = Update::builder()
            .set_key(Some(keys::link_token(token.user_id(), purpose).attributes()))
            .update_expression("SET used_at = :now")
            .condition_expression("token_hash = :hash AND attribute_not_exists(used_at)")
            .expression_attribute_values(":now", text(now.to_string()))
            .expression_attribute_values(":hash", text(token.hash().as_str()));
        self.update(used)
    }
}

/// An update of a profile. Its conditions: it has this address and the epoch that was read, and the account is not
/// being deleted.
fn of_address(profile: &Profile, email: &Email) -> UpdateBuilder {
    let epoch = profile.state.session_epoch;
    let of_epoch = if epoch == 0 {
        "(attribute_not_exists(session_epoch) OR session_epoch = :epoch)"
    } else {
        "session_epoch = :epoch"
    };
    Update::builder()
        .set_key(Some(keys::profile(profile.id).attributes()))
        .condition_expression(format!("email = :email AND attribute_not_exists(closing) AND {of_epoch}"))
        .expression_attribute_values(":email", text(email.as_str()))
        .expression_attribute_values(":epoch", number(epoch))
}

/// What every change of the name and of the request for another address sets. Not the version: nothing is decided on these,
/// and so a repeated request changes nothing more.
const CHANGED: &str = "SET updated_at = :now";

fn dated(email: &DatedEmail) -> AttributeValue {
    let members = [("email".to_owned(), text(email.email.as_str())), ("until".to_owned(), number(email.until))];
    AttributeValue::M(members.into_iter().collect())
}
