//! The few pages the library shows itself: plain, with nothing in them that another site could reach.

use std::fmt::Write;

/// A page of ours.
#[derive(Debug)]
pub(crate) struct Page {
    html: String,
    /// Schemes of applications that a form of it may lead to in the end.
    schemes: Vec<String>,
}

impl Page {
    /// A page with this title; the body is HTML already.
    pub(crate) fn new(title: &str, body: &str) -> Self {
        // After the header's `no-referrer`; see `Reply::page`.
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"referrer\" content=\"same-origin\"><meta name=\"robots\" content=\"noindex\">\
             <style>{STYLE}</style></head><body><main>{body}</main></body></html>",
            Self::escape(title)
        );
        let schemes = Vec::new();
        Self { html, schemes }
    }

    /// What its form may lead to beside web pages: browsers hold redirects after it to `form-action` as well.
    pub(crate) fn leading_to(mut self, schemes: Vec<String>) -> Self {
        self.schemes = schemes;
        self
    }

    pub(crate) fn into_html(self) -> String {
        self.html
    }

    /// What may come along: nothing but this style and a form to ourselves.
    pub(crate) fn policy(&self) -> String {
        use base64::{Engine, engine::general_purpose::STANDARD};
        use sha2::{Digest, Sha256};
        let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        let applications: String = self.schemes.iter().map(|scheme| format!(" {scheme}:")).collect();
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self' https: http:{applications}; \
             frame-ancestors 'none'; base-uri 'none'"
        )
    }

    /// Text as HTML, for elements and quoted attributes.
    pub(crate) fn escape(text: &str) -> String {
        let mut escaped = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                '\'' => escaped.push_str("&#39;"),
                character if character.is_control() => {
                    let _ = write!(escaped, "&#{};", u32::from(character));
                }
                character => escaped.push(character),
            }
        }
        escaped
    }
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1c2430}\
main{box-sizing:border-box;width:calc(100% - 2rem);max-width:30rem;margin:12vh auto 0;padding:2rem;background:#fff;border-radius:.75rem;\
box-shadow:0 1px 3px rgba(0,0,0,.15)}h1{font-size:1.4rem;margin:0 0 .5rem}\
button{font:inherit;font-weight:600;width:100%;padding:.7rem 1rem;margin:1rem 0;border:0;border-radius:.5rem;\
background:#1f5fd0;color:#fff;cursor:pointer}.small{font-size:.85rem;color:#5b6573;margin:0}\
@media(prefers-color-scheme:dark){body{background:#14171c;color:#e7eaef}main{background:#1e232b}.small{color:#9aa4b2}}";
