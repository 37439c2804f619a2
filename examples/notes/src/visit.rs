use serde::Deserialize;

/// What a page's query says: where people come from, and what went wrong or right there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Visit {
    /// Where to go after signing in.
    pub redirect_to: Option<String>,
    /// Why the library refused a form or a link.
    pub error_code: Option<String>,
    /// Seconds after which it may be tried again.
    pub retry_after: Option<String>,
    /// The address a mail was sent to.
    pub email: Option<String>,
    /// The number a text message was sent to.
    pub phone: Option<String>,
    /// What was sent.
    #[serde(rename = "for")]
    pub sent: Option<String>,
    /// What was done.
    pub done: Option<String>,
    /// How it is shown who is asking: `code`, or with the password.
    pub confirm: Option<String>,
}

impl Visit {
    /// What a person is told of what went wrong.
    pub(crate) fn error(&self) -> Option<String> {
        let sentence = sentence(self.error_code.as_deref()?);
        let wait = self
            .retry_after
            .as_deref()
            .and_then(|seconds| seconds.parse::<u64>().ok());
        Some(match wait {
            Some(seconds) => format!("{sentence} Try again in {}.", duration(seconds)),
            None => sentence.to_owned(),
        })
    }

    /// What a person is told of what was done.
    pub(crate) fn notice(&self) -> Option<&'static str> {
        Some(match self.done.as_deref()? {
            "invited" => "The invitation is on its way.",
            "password" => "Your password is changed, and all other devices are signed out.",
            "sent" => "It is sent once more.",
            _ => return None,
        })
    }
}

/// A wait in words.
fn duration(seconds: u64) -> String {
    match seconds {
        0 | 1 => "a second".to_owned(),
        2..=119 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// What a person is told for an error code of the library. Whatever else may stand in a query is not repeated.
fn sentence(error_code: &str) -> &'static str {
    match error_code {
        "anonymous_provider_disabled" | "feature_disabled" | "otp_disabled" => "This is not offered here.",
        "bad_jwt" | "no_authorization" | "refresh_token_already_used" | "session_expired" | "session_not_found" => {
            "Please sign in first."
        }
        "captcha_failed" => "Please solve the riddle once more.",
        "current_password_invalid" | "current_password_required" => "The current password is missing or wrong.",
        "email_address_not_authorized" => "No mail is sent to this address here.",
        "email_exists" | "phone_exists" | "user_already_exists" => "There is an account with this address already.",
        "email_not_confirmed" => "Please confirm your address first, with the mail we have sent you.",
        "email_provider_disabled" => "Nobody signs in by e-mail here.",
        "flow_state_not_found" => "This took too long. Please begin again.",
        "invalid_credentials" => "Address or password is wrong.",
        "not_admin" => "Only administrators may do this.",
        "otp_expired" => "This link or code is wrong, too old, or was used before. Please ask for a new one.",
        "over_capacity" | "request_timeout" | "unexpected_failure" => {
            "Something went wrong on our side. Please try again."
        }
        "over_email_send_rate_limit" => "A mail is on its way already.",
        "over_request_rate_limit" => "These were too many attempts.",
        "over_sms_send_rate_limit" => "A text message is on its way already.",
        "phone_not_confirmed" => "Please confirm your number first, with the code we have sent you.",
        "phone_provider_disabled" => "Nobody signs in by phone here.",
        "reauthentication_needed" => {
            "Please confirm that it is you: with your password, with a code by mail, or by signing in again."
        }
        "reauthentication_not_valid" => "This code is wrong or too old. Please ask for a new one.",
        "same_password" => "The new password is the old one.",
        "signup_disabled" => "New accounts are not accepted now.",
        "user_banned" => "This account is closed for now.",
        "validation_failed" => "That does not look right. Please check what you typed.",
        "weak_password" => "This password is too easy to guess. Use at least eight characters that are not common.",
        _ => "That did not work.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_wait() {
        let visit = |seconds: &str| Visit {
            error_code: Some("over_email_send_rate_limit".to_owned()),
            retry_after: Some(seconds.to_owned()),
            ..Visit::default()
        };
        let told = |seconds| visit(seconds).error().unwrap();
        assert_eq!(told("42"), "A mail is on its way already. Try again in 42 seconds.");
        assert!(told("1").ends_with("in a second."));
        assert!(told("900").ends_with("in 15 minutes."));
        assert_eq!(told("<b>"), "A mail is on its way already.");
        assert_eq!(Visit::default().error(), None);
    }
}
