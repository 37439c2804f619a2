use async_trait::async_trait;

use super::MemoryAdapter;
use crate::{
    adapter::{Act, TokenAdapter},
    clock::Timestamp,
    error::Result,
    id::UserId,
    model::OneTimeToken,
    secret::Digest,
};

#[async_trait]
impl TokenAdapter for MemoryAdapter {
    async fn commit(&self, acts: &[Act]) -> Result<()> {
        self.tables().commit(acts)
    }

    async fn count_try(
        &self,
        id: &str,
        browser: Option<&Digest>,
        max: u32,
        now: Timestamp,
    ) -> Result<Option<OneTimeToken>> {
        let mut tables = self.tables();
        let Some(token) = tables.tokens.get_mut(id) else {
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
        Ok(tables.tokens.values().find(|token| token.link_digest == *link).cloned())
    }

    async fn get_tokens_by_address(&self, sent_to: &str) -> Result<Vec<OneTimeToken>> {
        let tables = self.tables();
        let tokens = tables.tokens.values().filter(|token| token.sent_to == sent_to);
        Ok(tokens.cloned().collect())
    }

    async fn get_tokens_by_user_id(&self, user_id: &UserId) -> Result<Vec<OneTimeToken>> {
        let tables = self.tables();
        let tokens = tables.tokens.values().filter(|token| token.user_id == *user_id);
        Ok(tokens.cloned().collect())
    }

    async fn delete_expired_tokens(&self, now: Timestamp) -> Result<u64> {
        let mut tables = self.tables();
        let before = tables.tokens.len();
        tables.tokens.retain(|_, token| token.expires() >= now);
        Ok((before - tables.tokens.len()) as u64)
    }
}
