//! The PHC string format: `$name$v=19$m=1,t=2,p=3$salt$hash`.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

/// The parts of a PHC string.
pub(super) struct Phc<'a> {
    pub(super) name: &'a str,
    pub(super) version: Option<u32>,
    parameters: Vec<(&'a str, &'a str)>,
    pub(super) salt: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

impl<'a> Phc<'a> {
    /// Reads a string of sane size.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > 1_024 {
            return None;
        }
        let mut fields = text.strip_prefix('$')?.split('$').peekable();
        let name = fields.next()?;
        let version = fields.peek().and_then(|field| field.strip_prefix("v=")?.parse().ok());
        if version.is_some() {
            fields.next();
        }
        let parameters = fields
            .next()?
            .split(',')
            .map(|pair| pair.split_once('='))
            .collect::<Option<Vec<_>>>()?;
        let salt = decode(fields.next()?)?;
        let hash = decode(fields.next()?)?;
        let is_whole = fields.next().is_none() && (8..=128).contains(&salt.len()) && (16..=128).contains(&hash.len());
        is_whole.then_some(Self {
            name,
            version,
            parameters,
            salt,
            hash,
        })
    }

    /// A parameter that must be a number.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.text(name)?.parse().ok()
    }

    /// A parameter as it is written.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let mut values = self.parameters.iter().filter(|(key, _)| *key == name);
        let (_, value) = values.next()?;
        values.next().is_none().then_some(*value)
    }
}

/// Bytes as PHC strings write them, padded or not.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// As PHC strings write bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}
