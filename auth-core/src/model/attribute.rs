use std::collections::BTreeMap;

use serde::{Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
};

/// A column of the application's own on users or sessions.
///
/// ```
/// use auth_core::Attribute;
///
/// let username = Attribute::text("username").unique().editable();
/// assert_eq!(username.name(), "username");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    name: String,
    kind: AttributeKind,
    unique: bool,
    editable: bool,
}

impl Attribute {
    /// How many characters a unique text may have; of JSON, as it is written. Every database has an index for as many.
    pub const LONGEST_UNIQUE: usize = 512;

    /// A column of text.
    pub fn text(name: impl Into<String>) -> Self {
        Self::new(name, AttributeKind::Text)
    }

    /// A column of 64-bit integers.
    pub fn integer(name: impl Into<String>) -> Self {
        Self::new(name, AttributeKind::Integer)
    }

    /// A column of 64-bit floating point numbers.
    pub fn real(name: impl Into<String>) -> Self {
        Self::new(name, AttributeKind::Real)
    }

    /// A column of truth values.
    pub fn boolean(name: impl Into<String>) -> Self {
        Self::new(name, AttributeKind::Boolean)
    }

    /// A column of moments (Unix milliseconds).
    pub fn timestamp(name: impl Into<String>) -> Self {
        Self::new(name, AttributeKind::Timestamp)
    }

    /// A column of JSON documents.
    pub fn json(name: impl Into<String>) -> Self {
        Self::new(name, AttributeKind::Json)
    }

    fn new(name: impl Into<String>, kind: AttributeKind) -> Self {
        Self {
            name: name.into(),
            kind,
            unique: false,
            editable: false,
        }
    }

    /// No two rows may hold the same value; a clash is [`ErrorKind::DuplicateUserData`]. Nulls never clash. Text and JSON have
    /// [512 characters](Self::LONGEST_UNIQUE) at most, as indexes are bounded; longer is [`ErrorKind::ValidationFailed`].
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// The user may set it, at sign-up and through `PUT /user`. Without this only the application can.
    #[must_use]
    pub fn editable(mut self) -> Self {
        self.editable = true;
        self
    }

    /// The column's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the column holds.
    pub fn kind(&self) -> AttributeKind {
        self.kind
    }

    /// Whether values must differ.
    pub fn is_unique(&self) -> bool {
        self.unique
    }

    /// Whether a value is short enough: what is unique stands in an index.
    pub(crate) fn has_room_for(&self, value: &AttributeValue) -> bool {
        let is_short = |text: &str| text.chars().take(Self::LONGEST_UNIQUE + 1).count() <= Self::LONGEST_UNIQUE;
        !self.unique
            || match value {
                AttributeValue::Text(text) => is_short(text),
                AttributeValue::Json(json) => is_short(&json.to_string()),
                _ => true,
            }
    }

    /// Whether the user may set it.
    pub fn is_editable(&self) -> bool {
        self.editable
    }
}

/// What an [`Attribute`] holds; every kind may also be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a new kind is a change for every store")]
pub enum AttributeKind {
    /// `true` or `false`.
    Boolean,
    /// A 64-bit integer.
    Integer,
    /// A JSON document.
    Json,
    /// A 64-bit floating point number.
    Real,
    /// Text.
    Text,
    /// A moment.
    Timestamp,
}

/// One value of an attribute.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a new kind is a change for every store")]
pub enum AttributeValue {
    /// A truth value.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A JSON document.
    Json(Value),
    /// No value.
    Null,
    /// A floating point number.
    Real(f64),
    /// Text.
    Text(String),
    /// A moment.
    Timestamp(Timestamp),
}

impl AttributeValue {
    /// Reads a JSON value as this kind of attribute.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when the value is of another kind.
    pub fn from_json(kind: AttributeKind, value: Value) -> Result<Self> {
        match (kind, value) {
            (_, Value::Null) => Some(Self::Null),
            (AttributeKind::Boolean, Value::Bool(value)) => Some(Self::Boolean(value)),
            (AttributeKind::Integer, Value::Number(number)) => number.as_i64().map(Self::Integer),
            (AttributeKind::Json, value) => Some(Self::Json(value)),
            (AttributeKind::Real, Value::Number(number)) => number.as_f64().map(Self::Real),
            (AttributeKind::Text, Value::String(text)) => Some(Self::Text(text)),
            (AttributeKind::Timestamp, Value::Number(number)) => {
                number.as_i64().map(|ms| Self::Timestamp(Timestamp::from_unix_ms(ms)))
            }
            _ => None,
        }
        .ok_or_else(|| Error::from(ErrorKind::ValidationFailed).detail("An attribute has a value of another type."))
    }

    /// Reads what was typed into a field of a form; an empty field says nothing.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when it is no value of this kind.
    pub(crate) fn from_form(kind: AttributeKind, typed: &str) -> Result<Option<Self>> {
        let refused = || Error::from(ErrorKind::ValidationFailed).detail("An attribute has a value of another type.");
        if typed.trim().is_empty() {
            return Ok(None);
        }
        if kind == AttributeKind::Text {
            return Ok(Some(Self::from(typed)));
        }
        let typed = typed.trim();
        let value = match kind {
            AttributeKind::Boolean => match typed {
                "on" | "true" | "1" => Some(Value::Bool(true)),
                "off" | "false" | "0" => Some(Value::Bool(false)),
                _ => None,
            },
            _ => serde_json::from_str(typed).ok(),
        };
        Self::from_json(kind, value.ok_or_else(refused)?).map(Some)
    }

    /// The value as JSON; moments are numbers of milliseconds.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Boolean(value) => Value::from(*value),
            Self::Integer(value) => Value::from(*value),
            Self::Json(value) => value.clone(),
            Self::Null => Value::Null,
            Self::Real(value) => Value::from(*value),
            Self::Text(value) => Value::from(value.as_str()),
            Self::Timestamp(value) => Value::from(value.as_unix_ms()),
        }
    }

    /// Whether the value fits the kind; null fits all.
    pub fn is_of(&self, kind: AttributeKind) -> bool {
        match self {
            Self::Boolean(_) => kind == AttributeKind::Boolean,
            Self::Integer(_) => kind == AttributeKind::Integer,
            Self::Json(_) => kind == AttributeKind::Json,
            Self::Null => true,
            Self::Real(_) => kind == AttributeKind::Real,
            Self::Text(_) => kind == AttributeKind::Text,
            Self::Timestamp(_) => kind == AttributeKind::Timestamp,
        }
    }
}

impl Serialize for AttributeValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

macro_rules! from_value {
    ($($from:ty => $variant:ident,)+) => {$(
        impl From<$from> for AttributeValue {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )+};
}

from_value! {
    &str => Text,
    String => Text,
    Timestamp => Timestamp,
    Value => Json,
    bool => Boolean,
    f64 => Real,
    i32 => Integer,
    i64 => Integer,
}

impl<T: Into<AttributeValue>> From<Option<T>> for AttributeValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The values of declared attributes, by name.
///
/// ```
/// use auth_core::Attributes;
///
/// let attributes = Attributes::new().with("username", "ada").with("visits", 3);
/// #[derive(serde::Deserialize)]
/// struct Profile { username: String, visits: i64 }
/// let profile: Profile = attributes.read()?;
/// assert_eq!((profile.username.as_str(), profile.visits), ("ada", 3));
/// # Ok::<(), auth_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Attributes(BTreeMap<String, AttributeValue>);

impl Attributes {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// These values and one more.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<AttributeValue>) -> Self {
        self.set(name, value);
        self
    }

    /// Sets one value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<AttributeValue>) {
        self.0.insert(name.into(), value.into());
    }

    /// One value, if it was given.
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.0.get(name)
    }

    /// The values in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AttributeValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Overwrites these values with the given ones; the others stay.
    pub fn merge(&mut self, given: &Self) {
        self.0
            .extend(given.0.iter().map(|(name, value)| (name.clone(), value.clone())));
    }

    /// Gives every declared attribute that has no value a null, as a store would.
    pub(crate) fn complete(&mut self, declared: &[Attribute]) {
        for attribute in declared {
            self.0.entry(attribute.name.clone()).or_insert(AttributeValue::Null);
        }
    }

    /// The values as a type of the application's.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when the type asks for something else than what is declared.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        let object = self
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_json()))
            .collect();
        serde_json::from_value(Value::Object(object))
            .map_err(|error| Error::with_source(ErrorKind::ValidationFailed, error))
    }
}

impl<N: Into<String>, V: Into<AttributeValue>> FromIterator<(N, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        Self(
            values
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}
