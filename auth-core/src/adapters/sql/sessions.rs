use std::time::Duration;

use async_trait::async_trait;

use super::{
    SqlValue, Statement, Step,
    adapter::{SqlAdapter, update_error},
    rows::Reader,
    values::{digest, json, session_values, text, time},
};
use crate::{
    adapter::{AttemptAdapter, SessionAdapter},
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    id::{SessionId, UserId},
    model::{AttemptCount, AttemptSubject, SessionPatch, SessionRecord, SessionRotation},
    secret::Digest,
};

#[async_trait]
impl SessionAdapter for SqlAdapter {
    async fn get_session(&self, session_id: &SessionId) -> Result<Option<SessionRecord>> {
        let queries = self.queries();
        let row = self.read_one(&queries.get_session, session_id.as_str()).await?;
        row.map(|mut row| row.session(queries.schema.session_attributes()))
            .transpose()
    }

    async fn get_sessions_by_user_id(&self, user_id: &UserId) -> Result<Vec<SessionRecord>> {
        let queries = self.queries();
        let rows = self
            .read(&queries.get_sessions_of_user, vec![text(user_id.as_str())])
            .await?;
        rows.into_iter()
            .map(|row| Reader::new(row).session(queries.schema.session_attributes()))
            .collect()
    }

    async fn set_session(&self, session: &SessionRecord) -> Result<()> {
        let queries = self.queries();
        let values = session_values(session, queries.schema.session_attributes())?;
        let step = Step::any(Statement::new(&queries.insert_session, values));
        let written = self.write(vec![step]).await;
        written
            .map(drop)
            .map_err(|error| update_error(error, ErrorKind::DatabaseUpdateFailed, ErrorKind::DatabaseUpdateFailed))
    }

    async fn update_session(&self, session_id: &SessionId, patch: &SessionPatch) -> Result<()> {
        let mut columns: Vec<(&str, SqlValue)> = Vec::new();
        let mut set = |name, value: Option<SqlValue>| columns.extend(value.map(|value| (name, value)));
        set("active_expires", patch.active_expires.map(time));
        set("idle_expires", patch.idle_expires.map(time));
        set("payload", patch.payload.as_ref().map(json).transpose()?);
        set("data", patch.data.as_ref().map(json).transpose()?);
        set("aal", patch.aal.map(|level| SqlValue::Integer(level.into())));
        set("amr", patch.amr.as_ref().map(json).transpose()?);
        set("last_seen", patch.last_seen.map(time));
        set("updated_at", patch.updated_at.map(time));
        let declared = self.queries().schema.session_attributes();
        Self::push_attributes(&mut columns, &patch.attributes, declared)?;
        let Some(update) = self.update(&self.tables.session, session_id.as_str(), columns) else {
            return match self.get_session(session_id).await? {
                Some(_) => Ok(()),
                None => Err(ErrorKind::InvalidSessionId.into()),
            };
        };
        let written = self.write(vec![Step::some(update)]).await;
        written
            .map(drop)
            .map_err(|error| update_error(error, ErrorKind::DatabaseUpdateFailed, ErrorKind::InvalidSessionId))
    }

    async fn rotate_session(
        &self,
        session_id: &SessionId,
        expected: &Digest,
        rotation: &SessionRotation,
    ) -> Result<bool> {
        let queries = self.queries();
        let mut values = vec![
            digest(&rotation.secret_digest),
            time(rotation.secret_issued_at),
            time(rotation.active_expires),
            time(rotation.idle_expires),
            time(rotation.last_seen),
            text(session_id.as_str()),
            digest(expected),
        ];
        if rotation.keeps_previous {
            return Ok(self.execute(&queries.replace_secret, values).await? > 0);
        }
        values.push(time(rotation.previous_expires));
        Ok(self.execute(&queries.rotate_session, values).await? > 0)
    }

    async fn delete_session(&self, session_id: &SessionId) -> Result<bool> {
        let values = vec![text(session_id.as_str())];
        Ok(self.execute(&self.queries().delete_session, values).await? > 0)
    }

    async fn delete_sessions_by_user_id(&self, user_id: &UserId, except: Option<&SessionId>) -> Result<()> {
        let queries = self.queries();
        let mut values = vec![text(user_id.as_str())];
        let sql = match except {
            Some(except) => {
                values.push(text(except.as_str()));
                &queries.delete_other_sessions
            }
            None => &queries.delete_sessions_of_user,
        };
        self.execute(sql, values).await.map(drop)
    }

    async fn delete_expired_sessions(&self, user_id: Option<&UserId>, now: Timestamp) -> Result<u64> {
        let queries = self.queries();
        match user_id {
            Some(user_id) => {
                let values = vec![text(user_id.as_str()), time(now)];
                self.execute(&queries.delete_expired_of_user, values).await
            }
            None => {
                let idle = self.sweep(&queries.delete_idle, now).await?;
                Ok(idle + self.sweep(&queries.delete_ended, now).await?)
            }
        }
    }

    async fn delete_session_if_dead(&self, session_id: &SessionId, now: Timestamp) -> Result<()> {
        let values = vec![text(session_id.as_str()), time(now)];
        self.execute(&self.queries().delete_session_if_dead, values)
            .await
            .map(drop)
    }
}

#[async_trait]
impl AttemptAdapter for SqlAdapter {
    async fn count_attempt(
        &self,
        subject: &AttemptSubject,
        action: &str,
        window: Duration,
        now: Timestamp,
    ) -> Result<AttemptCount> {
        let values = vec![text(subject.as_str()), text(action), time(now + window), time(now)];
        let statements = self.queries().count_attempt.iter();
        let steps = statements
            .map(|sql| Step::any(Statement::new(sql, values.clone())))
            .collect();
        let outcomes = self.write(steps).await.map_err(Error::update_failed)?;
        let row = outcomes.into_iter().flat_map(|outcome| outcome.rows).next();
        let mut row = Reader::new(row.ok_or_else(|| Error::update_failed("an attempt was not counted"))?);
        Ok(AttemptCount {
            count: u32::try_from(row.integer()?).unwrap_or(u32::MAX),
            window_ends: row.time()?,
        })
    }

    async fn clear_attempts(&self, subject: &AttemptSubject, action: &str) -> Result<()> {
        let values = vec![text(subject.as_str()), text(action)];
        self.execute(&self.queries().clear_attempts, values).await.map(drop)
    }

    async fn delete_expired_attempts(&self, now: Timestamp) -> Result<u64> {
        self.sweep(&self.queries().delete_expired_attempts, now).await
    }
}
