use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::JsonObject;

/// What a server said beyond the members that are typed. `Debug` shows names only: a value may be a token of a kind this
/// version does not know.
///
/// ```
/// use auth_core::client::GoTrueUser;
///
/// let user: GoTrueUser = serde_json::from_str(r#"{"id":"1","factors":[]}"#).unwrap();
/// assert_eq!(user.extra.get("factors"), Some(&serde_json::json!([])));
/// assert_eq!(format!("{:?}", user.extra), r#"["factors"]"#);
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extra(JsonObject);

impl Extra {
    /// A member.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All members.
    pub fn as_object(&self) -> &JsonObject {
        &self.0
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}
