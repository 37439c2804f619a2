use crate::{
    auth::Auth,
    error::Result,
    model::{User, UserQuery},
};

/// Some of the users, and how many there are.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UserPage {
    /// Those asked for.
    pub users: Vec<User>,
    /// How many there are of that kind, on all pages.
    pub total: u64,
}

impl Auth {
    /// The users, newest first unless asked otherwise.
    ///
    /// ```
    /// # use auth_core::{Auth, NewUser, Secret, UserQuery, adapters::MemoryAdapter};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
    /// # auth.create_user(NewUser::with_key("email", "ada@example.com")).await?;
    /// let query = UserQuery { filter: Some("ada@".to_owned()), limit: 50, ..UserQuery::default() };
    /// let page = auth.list_users(&query).await?;
    /// assert_eq!((page.users.len(), page.total), (1, 1));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed).
    #[doc(alias = "listUsers")]
    pub async fn list_users(&self, query: &UserQuery) -> Result<UserPage> {
        let users = self.inner.adapter.get_users(query).await?;
        let total = self.inner.adapter.count_users(query).await?;
        Ok(UserPage { users, total })
    }
}
