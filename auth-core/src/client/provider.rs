use super::{GoTrueApi, request::append};

impl GoTrueApi {
    /// Where a browser goes to sign in with a provider. Nothing is sent.
    ///
    /// ```
    /// use auth_core::client::GoTrueApi;
    ///
    /// let api = GoTrueApi::new("https://example.com/api/auth")?;
    /// assert_eq!(
    ///     api.get_url_for_provider("github", Some("https://example.com/?in"), Some("repo gist")),
    ///     "https://example.com/api/auth/authorize?provider=github\
    ///      &redirect_to=https%3A%2F%2Fexample.com%2F%3Fin&scopes=repo%20gist",
    /// );
    /// # Ok::<(), auth_core::ConfigError>(())
    /// ```
    #[doc(alias = "getUrlForProvider")]
    pub fn get_url_for_provider(&self, provider: &str, redirect_to: Option<&str>, scopes: Option<&str>) -> String {
        let mut query = String::new();
        append(&mut query, "provider", provider);
        for (name, value) in [("redirect_to", redirect_to), ("scopes", scopes)] {
            if let Some(value) = value {
                append(&mut query, name, value);
            }
        }
        format!("{}/authorize{query}", self.url())
    }
}
