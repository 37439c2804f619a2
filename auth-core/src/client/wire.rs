//! How servers write what Rust has types for.

use serde::{Deserialize, Deserializer};

/// A missing member and `null` are the type's default.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Moments as RFC 3339; a missing one, `null` and the empty text are none.
pub(super) mod moment {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};

    use crate::clock::Timestamp;

    pub(in crate::client) fn serialize<S: Serializer>(
        moment: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        moment.map(Timestamp::to_rfc3339).serialize(serializer)
    }

    pub(in crate::client) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text: Option<String> = Option::deserialize(deserializer)?;
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let moment = OffsetDateTime::parse(&text, &Rfc3339).map_err(D::Error::custom)?;
        let ms = moment.unix_timestamp_nanos().div_euclid(1_000_000);
        Ok(i64::try_from(ms).ok().map(Timestamp::from_unix_ms))
    }
}
