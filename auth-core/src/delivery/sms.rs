use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::DeliveryError;
use crate::id::UserId;

/// Where text messages go. As [`Mailer`](super::Mailer).
///
/// A text message is a weak factor: numbers are taken over at the provider's counter, and messages are read on the way.
#[async_trait]
pub trait SmsSender: Send + Sync + 'static {
    /// Hands a text message over. `Ok` when somebody else answers for it from now on.
    ///
    /// # Errors
    /// [`DeliveryError`]; a temporary one is tried again.
    async fn send(&self, sms: &Sms) -> Result<(), DeliveryError>;

    /// What `sms_provider` of `GET /settings` says, to anybody. Default `custom`.
    fn name(&self) -> &str {
        "custom"
    }
}

#[async_trait]
impl<S: SmsSender + ?Sized> SmsSender for Arc<S> {
    fn name(&self) -> &str {
        self.as_ref().name()
    }

    async fn send(&self, sms: &Sms) -> Result<(), DeliveryError> {
        self.as_ref().send(sms).await
    }
}

/// A text message, ready to be sent.
///
/// ```
/// let sms = auth_core::Sms::new("m1", "15551234567", "Your code is 123456");
/// assert_eq!(sms.to_e164(), "+15551234567");
/// assert!(!format!("{sms:?}").contains("123456,"));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sms {
    /// The same for every attempt, so that whoever gets it twice can tell.
    pub id: String,
    /// The number as it is stored: E.164 without the plus sign.
    pub to: String,
    /// The text.
    pub text: String,
    /// The code in it, for those who write their own text.
    pub code: Option<String>,
    /// What it is about: the name of its template.
    pub kind: &'static str,
    /// To whom it goes, where that is known.
    pub user_id: Option<UserId>,
}

impl Sms {
    /// A text message, for the tests of a sender.
    pub fn new(id: impl Into<String>, to: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            to: to.into(),
            text: text.into(),
            code: None,
            kind: "test",
            user_id: None,
        }
    }

    /// The number with its plus sign (E.164).
    pub fn to_e164(&self) -> String {
        format!("+{}", self.to.trim_start_matches('+'))
    }
}

/// The text holds the code.
impl fmt::Debug for Sms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sms")
            .field("id", &self.id)
            .field("to", &self.to)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{ConsoleMailer, MemorySms};

    struct Own;

    #[async_trait]
    impl SmsSender for Own {
        async fn send(&self, _sms: &Sms) -> Result<(), DeliveryError> {
            Ok(())
        }
    }

    #[test]
    fn each_sender_says_who_it_is() {
        let senders: [(Arc<dyn SmsSender>, &str); 3] = [
            (Arc::new(ConsoleMailer), "console"),
            (Arc::new(MemorySms::default()), "memory"),
            (Arc::new(Own), "custom"),
        ];
        for (sender, name) in senders {
            assert_eq!(sender.name(), name);
            assert_eq!(Arc::new(sender).name(), name);
        }
    }
}
