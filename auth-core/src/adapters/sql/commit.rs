//! Acts as steps of one write, and what it means when one of them fails.

use super::{
    SqlError, Statement, Step,
    adapter::{SqlAdapter, update_error},
    users::{key_error, user_error},
    values::{digest, hash, key_values, message_values, text, time, token_values, user_values},
};
use crate::{
    adapter::Act,
    error::{Error, ErrorKind, Result},
    model::KeyRecord,
};

/// A step, and what its failure means.
type Part = (Step, fn(SqlError) -> Error);

impl SqlAdapter {
    pub(super) async fn commit_acts(&self, acts: &[Act]) -> Result<()> {
        let mut parts = Vec::with_capacity(acts.len());
        for act in acts {
            self.push_parts(act, &mut parts)?;
        }
        if parts.is_empty() {
            return Ok(());
        }
        let (steps, meanings): (Vec<Step>, Vec<_>) = parts.into_iter().unzip();
        let Err(error) = self.write(steps).await else {
            return Ok(());
        };
        Err(match meanings.get(error.step) {
            Some(meaning) => meaning(error),
            None => Error::update_failed(error),
        })
    }

    fn push_parts(&self, act: &Act, parts: &mut Vec<Part>) -> Result<()> {
        let queries = self.queries();
        match act {
            Act::SetUser(user, key) => {
                let values = user_values(user, queries.schema.user_attributes())?;
                let insert = Statement::new(&queries.insert_user, values);
                parts.push((Step::any(insert), user_error));
                parts.extend(key.iter().map(|key| self.insertion(key)));
            }
            Act::UpdateUser(user_id, patch) => {
                // Without a change, the user must be there all the same. Only writes say how many rows they are about.
                let touch = || Statement::new(&queries.touch_user, vec![text(user_id.as_str())]);
                let update = self.user_update(user_id.as_str(), patch)?;
                parts.push((Step::some(update.unwrap_or_else(touch)), user_error));
            }
            Act::SetKey(key) => parts.push(self.insertion(key)),
            Act::RenameKey(user_id, key_id, new_id, now) => {
                parts.push((self.renaming(user_id, key_id, new_id, *now), key_error));
            }
            Act::SetPassword(key_id, password, now) => {
                let values = vec![hash(password.as_ref()), time(*now), text(key_id.as_str())];
                let update = Statement::new(&queries.set_key_password, values);
                parts.push((Step::some(update), key_error));
            }
            Act::DeleteOtherKeys(user_id, kept) => {
                let mut values = vec![text(user_id.as_str())];
                values.extend(kept.iter().map(|key_id| text(key_id.as_str())));
                let sql = match kept {
                    Some(_) => &queries.delete_other_keys,
                    None => &queries.delete_keys_of_user,
                };
                parts.push((Step::any(Statement::new(sql, values)), key_error));
            }
            Act::SetToken(token) => {
                let set = Statement::new(&queries.set_token, token_values(token)?);
                parts.push((Step::any(set), token_error));
            }
            Act::TakeToken(id, link) => {
                let take = Statement::new(&queries.take_token, vec![text(id), digest(link)]);
                parts.push((Step::some(take), token_error));
            }
            Act::DeleteTokens(user_id) => {
                let delete = Statement::new(&queries.delete_tokens_of_user, vec![text(user_id.as_str())]);
                parts.push((Step::any(delete), token_error));
            }
            Act::Send(message) => {
                let insert = Statement::new(&queries.insert_message, message_values(message));
                parts.push((Step::any(insert), message_error));
            }
        }
        Ok(())
    }

    fn insertion(&self, key: &KeyRecord) -> Part {
        let insert = Statement::new(&self.queries().insert_key, key_values(key));
        (Step::any(insert), key_error)
    }
}

fn token_error(error: SqlError) -> Error {
    update_error(error, ErrorKind::DatabaseUpdateFailed, ErrorKind::OtpExpired)
}

fn message_error(error: SqlError) -> Error {
    update_error(error, ErrorKind::DatabaseUpdateFailed, ErrorKind::DatabaseUpdateFailed)
}
