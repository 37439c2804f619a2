//! One-time tokens, and acts of several parts: done to a copy of the tables, which takes their place when all parts are done.

use async_trait::async_trait;
use auth_core::{
    Digest, Error, ErrorKind, OneTimeToken, Result, Timestamp, UserId,
    adapter::{Act, TokenAdapter},
};

use crate::{Tables, VecAdapter};

impl Tables {
    fn act(&mut self, act: &Act) -> Result<()> {
        match act {
            Act::SetUser(user, key) => self.insert_user(user, key.as_ref())?,
            Act::UpdateUser(user_id, patch) => {
                let changed = self.patched(user_id, patch)?;
                self.replace(changed);
            }
            Act::SetKey(key) => self.insert_key_of_user(key)?,
            Act::RenameKey(user_id, key_id, new_id, now) => self.rename_key(user_id, key_id, new_id, *now)?,
            Act::SetPassword(key_id, hash, now) => {
                let key = self.keys.iter_mut().find(|key| key.id == *key_id);
                let key = key.ok_or(ErrorKind::InvalidKeyId)?;
                key.hashed_password.clone_from(hash);
                key.updated_at = *now;
            }
            Act::DeleteOtherKeys(user_id, kept) => {
                self.keys
                    .retain(|key| key.user_id != *user_id || Some(&key.id) == kept.as_ref());
            }
            Act::SetToken(token) => {
                if self.user(&token.user_id).is_none() {
                    return Err(ErrorKind::InvalidUserId.into());
                }
                self.tokens.retain(|other| other.id != token.id);
                if self.tokens.iter().any(|other| other.link_digest == token.link_digest) {
                    return Err(Error::update_failed("a token with this link exists"));
                }
                self.tokens.push(token.clone());
            }
            Act::TakeToken(id, link) => {
                let is_meant = |token: &OneTimeToken| token.id == *id && token.link_digest == *link;
                let position = self.tokens.iter().position(is_meant);
                self.tokens.swap_remove(position.ok_or(ErrorKind::OtpExpired)?);
            }
            Act::DeleteTokens(user_id) => self.tokens.retain(|token| token.user_id != *user_id),
            Act::Send(message) => {
                if self.messages.iter().any(|other| other.id == message.id) {
                    return Err(Error::update_failed("a message with this id exists"));
                }
                self.messages.push(message.clone());
            }
        }
        Ok(())
    }
}

#[async_trait]
impl TokenAdapter for VecAdapter {
    async fn commit(&self, acts: &[Act]) -> Result<()> {
        let mut tables = self.tables();
        let mut changed = tables.clone();
        acts.iter().try_for_each(|act| changed.act(act))?;
        *tables = changed;
        Ok(())
    }

    async fn count_try(
        &self,
        id: &str,
        browser: Option<&Digest>,
        max: u32,
        now: Timestamp,
    ) -> Result<Option<OneTimeToken>> {
        let mut tables = self.tables();
        let Some(token) = tables.tokens.iter_mut().find(|token| token.id == id) else {
            return Ok(None);
        };
        let is_here = token.browser_digest.is_none() || token.browser_digest.as_ref() == browser;
        if !is_here || now > token.code_expires || token.attempts >= max {
            return Ok(None);
        }
        token.attempts += 1;
        Ok(Some(token.clone()))
    }

    async fn get_token_by_link(&self, link: &Digest) -> Result<Option<OneTimeToken>> {
        let tables = self.tables();
        Ok(tables.tokens.iter().find(|token| token.link_digest == *link).cloned())
    }

    async fn get_tokens_by_address(&self, sent_to: &str) -> Result<Vec<OneTimeToken>> {
        let tables = self.tables();
        let sent = tables.tokens.iter().filter(|token| token.sent_to == sent_to);
        Ok(sent.cloned().collect())
    }

    async fn get_tokens_by_user_id(&self, user_id: &UserId) -> Result<Vec<OneTimeToken>> {
        let tables = self.tables();
        let own = tables.tokens.iter().filter(|token| token.user_id == *user_id);
        Ok(own.cloned().collect())
    }

    async fn delete_expired_tokens(&self, now: Timestamp) -> Result<u64> {
        let mut tables = self.tables();
        let before = tables.tokens.len();
        tables.tokens.retain(|token| token.expires() >= now);
        Ok((before - tables.tokens.len()) as u64)
    }
}
