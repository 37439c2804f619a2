//! Several acts as one: what each row was before is remembered, and put back when a later act cannot be done.

use std::sync::Arc;

use super::adapter::Tables;
use crate::{
    adapter::Act,
    error::{Error, ErrorKind, Result},
    id::{KeyId, UserId},
    model::{KeyRecord, OneTimeToken, OutboxMessage, User},
};

impl Tables {
    /// Does all of it or nothing.
    pub(super) fn commit(&mut self, acts: &[Act]) -> Result<()> {
        let mut draft = Draft {
            tables: self,
            before: Vec::new(),
        };
        let done = acts.iter().try_for_each(|act| draft.act(act));
        if done.is_err() {
            draft.undo();
        }
        done
    }

    /// Puts a row where it belongs, or takes it away; answers what was there.
    fn put(&mut self, row: Row) -> Row {
        match row {
            Row::User(id, user) => {
                let was = match user {
                    Some(user) => self.users.insert(id.clone(), user),
                    None => self.users.remove(&id),
                };
                Row::User(id, was)
            }
            Row::Key(number, key) => {
                let was = self.keys.remove(&number);
                if let Some(was) = &was {
                    self.key_numbers.remove(&was.id);
                }
                if let Some(key) = key {
                    self.key_numbers.insert(key.id.clone(), number);
                    self.keys.insert(number, key);
                }
                Row::Key(number, was)
            }
            Row::Token(id, token) => {
                let was = match token {
                    Some(token) => self.tokens.insert(id.clone(), *token),
                    None => self.tokens.remove(&id),
                };
                Row::Token(id, was.map(Box::new))
            }
            Row::Message(id, message) => {
                let was = match message {
                    Some(message) => self.outbox.insert(id.clone(), message),
                    None => self.outbox.remove(&id),
                };
                Row::Message(id, was)
            }
        }
    }
}

/// A row of one of the tables, or the place of one.
enum Row {
    User(UserId, Option<Arc<User>>),
    Key(u64, Option<KeyRecord>),
    Token(String, Option<Box<OneTimeToken>>),
    Message(String, Option<OutboxMessage>),
}

/// Acts under way.
struct Draft<'a> {
    tables: &'a mut Tables,
    before: Vec<Row>,
}

impl Draft<'_> {
    fn act(&mut self, act: &Act) -> Result<()> {
        match act {
            Act::SetUser(user, key) => {
                self.tables.check_new(user)?;
                self.put(Row::User(user.id.clone(), Some(Arc::new((**user).clone()))));
                key.iter().try_for_each(|key| self.insert_key(key))?;
            }
            Act::UpdateUser(user_id, patch) => {
                let user = self.tables.patched(user_id, patch)?;
                self.put(Row::User(user_id.clone(), Some(Arc::new(user))));
            }
            Act::SetKey(key) => {
                self.tables.has_user(&key.user_id)?;
                self.insert_key(key)?;
            }
            Act::RenameKey(user_id, key_id, new_id, now) => {
                let (number, mut key) = self.key(key_id)?;
                if key.user_id != *user_id {
                    return Err(ErrorKind::InvalidKeyId.into());
                }
                if self.tables.key(new_id).is_some() {
                    return Err(ErrorKind::DuplicateKeyId.into());
                }
                key.id = new_id.clone();
                key.updated_at = *now;
                self.put(Row::Key(number, Some(key)));
            }
            Act::SetPassword(key_id, hash, now) => {
                let (number, mut key) = self.key(key_id)?;
                key.hashed_password.clone_from(hash);
                key.updated_at = *now;
                self.put(Row::Key(number, Some(key)));
            }
            Act::DeleteOtherKeys(user_id, kept) => {
                let keys = self.tables.keys.iter();
                let others = keys.filter(|(_, key)| key.user_id == *user_id && Some(&key.id) != kept.as_ref());
                let numbers: Vec<u64> = others.map(|(number, _)| *number).collect();
                for number in numbers {
                    self.put(Row::Key(number, None));
                }
            }
            Act::SetToken(token) => {
                self.tables.has_user(&token.user_id)?;
                let mut others = self.tables.tokens.values().filter(|other| other.id != token.id);
                if others.any(|other| other.link_digest == token.link_digest) {
                    return Err(Error::update_failed("a token with this link exists"));
                }
                self.put(Row::Token(token.id.clone(), Some(Box::new(token.clone()))));
            }
            Act::TakeToken(id, link) => {
                let token = self.tables.tokens.get(id);
                if token.is_none_or(|token| token.link_digest != *link) {
                    return Err(ErrorKind::OtpExpired.into());
                }
                self.put(Row::Token(id.clone(), None));
            }
            Act::DeleteTokens(user_id) => {
                let tokens = self.tables.tokens.values();
                let of_user = tokens.filter(|token| token.user_id == *user_id);
                let ids: Vec<String> = of_user.map(|token| token.id.clone()).collect();
                for id in ids {
                    self.put(Row::Token(id, None));
                }
            }
            Act::Send(message) => {
                if self.tables.outbox.contains_key(&message.id) {
                    return Err(Error::update_failed("a message with this id exists"));
                }
                self.put(Row::Message(message.id.clone(), Some(message.clone())));
            }
        }
        Ok(())
    }

    fn key(&self, id: &KeyId) -> Result<(u64, KeyRecord)> {
        let number = self.tables.key_numbers.get(id).copied();
        let number = number.ok_or(ErrorKind::InvalidKeyId)?;
        let key = self.tables.keys.get(&number).cloned();
        Ok((number, key.ok_or(ErrorKind::InvalidKeyId)?))
    }

    fn insert_key(&mut self, key: &KeyRecord) -> Result<()> {
        let number = self.tables.next_key_number(&key.id)?;
        self.put(Row::Key(number, Some(key.clone())));
        Ok(())
    }

    fn put(&mut self, row: Row) {
        let was = self.tables.put(row);
        self.before.push(was);
    }

    fn undo(self) {
        for row in self.before.into_iter().rev() {
            self.tables.put(row);
        }
    }
}
