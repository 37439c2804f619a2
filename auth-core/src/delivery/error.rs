use std::{borrow::Cow, error::Error as StdError, fmt};

type Source = Box<dyn StdError + Send + Sync + 'static>;

/// Why a message was not handed over, and whether it is worth another try.
///
/// ```
/// use auth_core::DeliveryError;
///
/// let busy = DeliveryError::temporary("the server is busy");
/// assert!(!busy.is_permanent());
/// assert!(DeliveryError::permanent("there is no such mailbox").is_permanent());
/// ```
#[derive(Debug)]
pub struct DeliveryError {
    permanent: bool,
    sentence: Cow<'static, str>,
    source: Option<Source>,
}

impl DeliveryError {
    /// It may work later: it is tried again until the message is of no use any more. The sentence must not contain what is in
    /// the message.
    pub fn temporary(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self {
            permanent: false,
            sentence: sentence.into(),
            source: None,
        }
    }

    /// It will never work: the message is given up. The sentence must not contain what is in the message.
    pub fn permanent(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self {
            permanent: true,
            ..Self::temporary(sentence)
        }
    }

    /// The same with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether another try is useless.
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl StdError for DeliveryError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
