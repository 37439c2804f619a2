//! Where a browser goes on after a form.

use url::form_urlencoded::{Serializer, parse};

use super::Body;
use crate::error::{Error, ErrorKind, Result};

/// What a form says about the page after it.
pub(super) struct Onward {
    /// After it was done; a link that is mailed leads there as well.
    pub(super) redirect_to: Option<String>,
    /// While a mail or text message is to be answered.
    pub(super) pending_to: Option<String>,
    /// To whom that was sent.
    address: Vec<(&'static str, String)>,
}

impl Onward {
    /// The body's word before the query's.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when a target is no text, or the query says two.
    pub(super) fn read(body: &Body, query: &[(String, String)]) -> Result<Self> {
        let target = |name: &str| {
            if let Some(target) = body.text(name)? {
                return Ok::<_, Error>(Some(target.to_owned()));
            }
            let mut named = query.iter().filter(|(key, _)| key == name);
            let first = named.next().map(|(_, value)| value.clone());
            match named.next() {
                Some(_) => Err(Error::from(ErrorKind::ValidationFailed).detail(format!("`{name}` is given twice."))),
                None => Ok(first),
            }
        };
        let mut address = Vec::new();
        for name in ["email", "phone"] {
            if let Ok(Some(typed)) = body.text(name)
                && !typed.is_empty()
            {
                address.push((name, typed.to_owned()));
            }
        }
        Ok(Self {
            redirect_to: target("redirect_to")?,
            pending_to: target("pending_to")?,
            address,
        })
    }

    /// The page that waits for the answer, told which address that is to come from: it can show it, and send it along with
    /// a code.
    pub(super) fn waiting_at(&self, target: &str) -> String {
        with_members(target, &["email", "phone"], &self.address)
    }
}

/// The page a form was refused on, with the reason, the seconds to wait where that helps, and what an error of ours is found by
/// in the log.
pub(super) fn refused_at(target: &str, error: &Error, error_id: Option<String>) -> String {
    let mut members = vec![("error_code", super::told::told(error.kind()).1.to_owned())];
    if let Some(wait) = error.retry_after() {
        members.push(("retry_after", super::reply::whole_seconds(wait).to_string()));
    }
    members.extend(error_id.map(|id| ("error_id", id)));
    with_members(target, &["error_code", "error_id", "retry_after"], &members)
}

/// Sets members of the query of a relative or absolute target, in the place of all `replaced`.
fn with_members(target: &str, replaced: &[&str], members: &[(&'static str, String)]) -> String {
    let (rest, fragment) = match target.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (target, None),
    };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let kept = parse(query.as_bytes()).filter(|(name, _)| !replaced.contains(&name.as_ref()));
    let query = Serializer::new(String::new())
        .extend_pairs(kept)
        .extend_pairs(members)
        .finish();
    let separator = if query.is_empty() { "" } else { "?" };
    match fragment {
        Some(fragment) => format!("{path}{separator}{query}#{fragment}"),
        None => format!("{path}{separator}{query}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{ErrorKind, http::body::BodyFormat};

    #[test]
    fn an_error_code_replaces_the_one_before_it() {
        let error = Error::from(ErrorKind::WeakPassword);
        assert_eq!(refused_at("/in", &error, None), "/in?error_code=weak_password");
        assert_eq!(
            refused_at("/in?x=1&error_code=b&error_id=7&retry_after=9#f", &error, None),
            "/in?x=1&error_code=weak_password#f"
        );
        let error = Error::from(ErrorKind::OverEmailSendRateLimit).retry_in(Duration::from_millis(1_001));
        assert_eq!(
            refused_at("/in", &error, None),
            "/in?error_code=over_email_send_rate_limit&retry_after=2"
        );
        assert_eq!(
            refused_at("/in?error_id=7", &ErrorKind::Unknown.into(), Some("a b".to_owned())),
            "/in?error_code=unexpected_failure&error_id=a+b"
        );
    }

    #[test]
    fn the_page_that_waits_is_told_the_address_of_this_form() {
        let read = |form: &str| Onward::read(&Body::read(form.as_bytes(), BodyFormat::Form).unwrap(), &[]).unwrap();
        let onward = read("email=a%2Bb%40example.com&phone=&pending_to=x");
        assert_eq!(onward.pending_to.as_deref(), Some("x"));
        assert_eq!(
            onward.waiting_at("/mail?for=in&email=old"),
            "/mail?for=in&email=a%2Bb%40example.com"
        );
        assert_eq!(read("").waiting_at("/mail"), "/mail");
    }
}
