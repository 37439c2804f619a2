use std::time::Duration;

use http::{HeaderMap, Method, header::LINK};
use serde::Deserialize;
use url::Url;

use super::{
    ApiError, Extra, GoTrueApi, GoTrueUser,
    request::{Request, component},
    wire::or_default,
};
use crate::{model::JsonObject, secret::Password};

/// What an administrator says about a user.
///
/// ```
/// use auth_core::client::AdminUserAttributes;
///
/// let attributes = AdminUserAttributes::default().email("ada@example.com").email_confirm(true).role("editor");
/// # let _ = attributes;
/// ```
#[derive(Debug, Default)]
pub struct AdminUserAttributes {
    members: JsonObject,
    password: Option<Password>,
}

impl AdminUserAttributes {
    /// The address.
    #[must_use]
    pub fn email(self, email: impl Into<String>) -> Self {
        self.member("email", email.into())
    }

    /// The phone number.
    #[must_use]
    pub fn phone(self, phone: impl Into<String>) -> Self {
        self.member("phone", phone.into())
    }

    /// The password.
    #[must_use]
    pub fn password(mut self, password: impl Into<Password>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Whether the address counts as proven.
    #[must_use]
    pub fn email_confirm(self, confirmed: bool) -> Self {
        self.member("email_confirm", confirmed)
    }

    /// Whether the number counts as proven.
    #[must_use]
    pub fn phone_confirm(self, confirmed: bool) -> Self {
        self.member("phone_confirm", confirmed)
    }

    /// What the user says.
    #[must_use]
    pub fn user_metadata(self, metadata: JsonObject) -> Self {
        self.member("user_metadata", metadata)
    }

    /// What the application says.
    #[must_use]
    pub fn app_metadata(self, metadata: JsonObject) -> Self {
        self.member("app_metadata", metadata)
    }

    /// What the user may do, in a word.
    #[must_use]
    pub fn role(self, role: impl Into<String>) -> Self {
        self.member("role", role.into())
    }

    /// For how long the user may not sign in; none lifts a ban.
    #[must_use]
    pub fn ban(self, duration: Option<Duration>) -> Self {
        let duration = duration.map_or("none".to_owned(), |duration| format!("{}s", duration.as_secs()));
        self.member("ban_duration", duration)
    }

    fn member(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    fn into_body(self) -> JsonObject {
        let mut body = self.members;
        if let Some(password) = self.password {
            body.insert("password".to_owned(), password.expose().into());
        }
        body
    }
}

/// A page of users.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct UserPage {
    /// The users.
    #[serde(default, deserialize_with = "or_default")]
    pub users: Vec<GoTrueUser>,
    /// How many there are on all pages, if the server counts them.
    #[serde(skip)]
    pub total: Option<u64>,
    /// The number of the page after this one.
    #[serde(skip)]
    pub next_page: Option<u32>,
    /// The number of the last page.
    #[serde(skip)]
    pub last_page: Option<u32>,
    /// Whatever else the server said.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Administration: `jwt` is a token with the role `service_role`, or of a user who may.
impl GoTrueApi {
    /// Creates a user; no mail is sent.
    ///
    /// # Errors
    /// What the server refuses, and a server that does not answer.
    #[doc(alias = "createUser")]
    pub async fn create_user(&self, jwt: &str, attributes: AdminUserAttributes) -> Result<GoTrueUser, ApiError> {
        let request = Request::post("/admin/users").jwt(jwt).body(attributes.into_body());
        self.ask(request).await
    }

    /// A page of users; the first is number 1.
    ///
    /// ```no_run
    /// # async fn example(api: auth_core::client::GoTrueApi, jwt: &str) -> Result<(), auth_core::client::ApiError> {
    /// let mut number = Some(1);
    /// while let Some(page) = number {
    ///     let page = api.list_users(jwt, page, 100).await?;
    ///     for user in &page.users {
    ///         println!("{}", user.id);
    ///     }
    ///     number = page.next_page;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`GoTrueApi::create_user`].
    #[doc(alias = "listUsers")]
    pub async fn list_users(&self, jwt: &str, page: u32, per_page: u32) -> Result<UserPage, ApiError> {
        let request = Request::get("/admin/users")
            .jwt(jwt)
            .query("page", Some(&page.to_string()))
            .query("per_page", Some(&per_page.to_string()));
        let answer = self.send(request).await?;
        let mut users: UserPage = answer.read()?;
        users.total = text(&answer.headers, "x-total-count").and_then(|total| total.parse().ok());
        users.next_page = linked_page(&answer.headers, "next");
        users.last_page = linked_page(&answer.headers, "last");
        Ok(users)
    }

    /// A user.
    ///
    /// # Errors
    /// As [`GoTrueApi::create_user`]; 404 for an unknown one.
    #[doc(alias = "getUserById")]
    pub async fn get_user_by_id(&self, jwt: &str, uid: &str) -> Result<GoTrueUser, ApiError> {
        self.ask(Request::get(user_path(uid)).jwt(jwt)).await
    }

    /// Changes a user, at once and unasked.
    ///
    /// # Errors
    /// As [`GoTrueApi::get_user_by_id`].
    #[doc(alias = "updateUserById")]
    pub async fn update_user_by_id(
        &self,
        jwt: &str,
        uid: &str,
        attributes: AdminUserAttributes,
    ) -> Result<GoTrueUser, ApiError> {
        let request = Request::new(Method::PUT, user_path(uid))
            .jwt(jwt)
            .body(attributes.into_body());
        self.ask(request).await
    }

    /// Deletes a user.
    ///
    /// # Errors
    /// As [`GoTrueApi::get_user_by_id`].
    #[doc(alias = "deleteUser")]
    pub async fn delete_user(&self, uid: &str, jwt: &str) -> Result<JsonObject, ApiError> {
        let request = Request::new(Method::DELETE, user_path(uid))
            .jwt(jwt)
            .body(JsonObject::new());
        self.tell(request).await
    }
}

fn user_path(uid: &str) -> String {
    format!("/admin/users/{}", component(uid))
}

/// RFC 8288: `<…?page=2>; rel="next", <…?page=9>; rel="last"`.
fn linked_page(headers: &HeaderMap, relation: &str) -> Option<u32> {
    let links = text(headers, LINK.as_str())?;
    let link = links
        .split(',')
        .find(|link| link.contains(&format!("rel=\"{relation}\"")))?;
    let target = link.split_once('<')?.1.split_once('>')?.0;
    // It may be relative.
    let target = Url::parse("http://server/").ok()?.join(target).ok()?;
    let page = target.query_pairs().find(|(name, _)| name == "page")?.1.parse();
    page.ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
