use async_trait::async_trait;

use super::{
    SqlValue, Statement, Step,
    adapter::SqlAdapter,
    rows::Reader,
    values::{digest, maybe_digest, text, time},
};
use crate::{
    adapter::{Act, TokenAdapter},
    clock::Timestamp,
    error::{Error, Result},
    id::UserId,
    model::OneTimeToken,
    secret::Digest,
};

#[async_trait]
impl TokenAdapter for SqlAdapter {
    async fn commit(&self, acts: &[Act]) -> Result<()> {
        self.commit_acts(acts).await
    }

    async fn count_try(
        &self,
        id: &str,
        browser: Option<&Digest>,
        max: u32,
        now: Timestamp,
    ) -> Result<Option<OneTimeToken>> {
        let queries = self.queries();
        let values = vec![
            text(id),
            SqlValue::Integer(max.into()),
            time(now),
            maybe_digest(browser),
        ];
        // Until it is committed, the row is this one's alone: what is read is what was counted.
        let count = Step::any(Statement::new(&queries.count_try, values));
        let read = Step::any(Statement::new(&queries.get_token, vec![text(id)]));
        let outcomes = self.write(vec![count, read]).await.map_err(Error::update_failed)?;
        let [counted, found] = <[_; 2]>::try_from(outcomes).map_err(|_| Error::update_failed("a step is missing"))?;
        if counted.affected == 0 {
            return Ok(None);
        }
        let row = found.rows.into_iter().next();
        row.map(|row| Reader::new(row).token()).transpose()
    }

    async fn get_token_by_link(&self, link: &Digest) -> Result<Option<OneTimeToken>> {
        let rows = self.read(&self.queries().get_token_by_link, vec![digest(link)]).await?;
        let row = rows.into_iter().next();
        row.map(|row| Reader::new(row).token()).transpose()
    }

    async fn get_tokens_by_address(&self, sent_to: &str) -> Result<Vec<OneTimeToken>> {
        let rows = self
            .read(&self.queries().get_tokens_of_address, vec![text(sent_to)])
            .await?;
        rows.into_iter().map(|row| Reader::new(row).token()).collect()
    }

    async fn get_tokens_by_user_id(&self, user_id: &UserId) -> Result<Vec<OneTimeToken>> {
        let rows = self
            .read(&self.queries().get_tokens_of_user, vec![text(user_id.as_str())])
            .await?;
        rows.into_iter().map(|row| Reader::new(row).token()).collect()
    }

    async fn delete_expired_tokens(&self, now: Timestamp) -> Result<u64> {
        self.sweep(&self.queries().delete_expired_tokens, now).await
    }
}
