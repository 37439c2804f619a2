//! Bodies: JSON, forms where a browser posts one, and nothing else.

use std::fmt;

use http::{HeaderMap, header::CONTENT_TYPE};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::{
    error::{Error, ErrorKind, Result},
    model::JsonObject,
    secret::Password,
};

/// The members of a body. Not printable: it may hold a password.
pub(crate) struct Body {
    members: JsonObject,
    format: BodyFormat,
}

/// How a body was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFormat {
    Empty,
    Form,
    Json,
    /// JSON that does not say it is: what clients of GoTrue's first generation send.
    UntypedJson,
}

impl BodyFormat {
    /// What the headers announce.
    ///
    /// # Errors
    /// [`ErrorKind::UnsupportedMediaType`] for everything that is neither JSON nor a form; untyped JSON only passes on
    /// a request without cookies, because a page of another site can make a browser send it.
    pub(crate) fn announced(headers: &HeaderMap) -> Result<Self> {
        let mut types = headers.get_all(CONTENT_TYPE).iter();
        let announced = types.next();
        if types.next().is_some() {
            return Err(ErrorKind::UnsupportedMediaType.into());
        }
        let essence = announced
            .map(|value| value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default())
            .unwrap_or_default()
            .trim_ascii()
            .to_ascii_lowercase();
        match essence.as_slice() {
            b"application/json" => Ok(Self::Json),
            b"application/x-www-form-urlencoded" => Ok(Self::Form),
            b"" | b"text/plain" if !headers.contains_key(http::header::COOKIE) => Ok(Self::UntypedJson),
            _ => Err(ErrorKind::UnsupportedMediaType.into()),
        }
    }
}

impl Body {
    /// Reads the members.
    ///
    /// # Errors
    /// [`ErrorKind::BadJson`] when the bytes are not what they claim to be, [`ErrorKind::ValidationFailed`] when a
    /// member is given twice.
    pub(crate) fn read(bytes: &[u8], format: BodyFormat) -> Result<Self> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self {
                members: JsonObject::new(),
                format: if format == BodyFormat::Form {
                    format
                } else {
                    BodyFormat::Empty
                },
            });
        }
        let members = match format {
            BodyFormat::Form => read_form(bytes)?,
            _ => read_json(bytes)?,
        };
        Ok(Self { members, format })
    }

    /// Whether a page posted it.
    pub(crate) fn is_form(&self) -> bool {
        self.format == BodyFormat::Form
    }

    pub(crate) fn format(&self) -> BodyFormat {
        self.format
    }

    /// A text; missing and null are `None`.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when it is something else.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(name, "text")),
        }
    }

    /// A password, taken out of the body.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when it is not text.
    pub(crate) fn take_password(&mut self, name: &str) -> Result<Option<Password>> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(Password::new(text))),
            Some(_) => Err(wrong_type(name, "text")),
        }
    }

    /// A yes or no; forms say it with `on`, `true` or `1`.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when it is something else.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if self.format == BodyFormat::Form => {
                Ok(Some(matches!(text.as_str(), "on" | "true" | "1")))
            }
            Some(_) => Err(wrong_type(name, "true or false")),
        }
    }

    /// An object; missing and null are `None`.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when it is something else.
    pub(crate) fn object(&self, name: &str) -> Result<Option<&JsonObject>> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(wrong_type(name, "an object")),
        }
    }
}

fn wrong_type(name: &str, expected: &str) -> Error {
    Error::from(ErrorKind::ValidationFailed).detail(format!("`{name}` must be {expected}."))
}

fn twice(name: &str) -> String {
    format!("`{name}` is given twice.")
}

/// A JSON object whose members are each given once.
fn read_json(bytes: &[u8]) -> Result<JsonObject> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = std::result::Result<JsonObject, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
            let mut members = JsonObject::new();
            let mut repeated = None;
            while let Some((name, value)) = map.next_entry::<String, Value>()? {
                if members.contains_key(&name) {
                    repeated = Some(twice(&name));
                }
                members.insert(name, value);
            }
            Ok(repeated.map_or(Ok(members), Err))
        }
    }

    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let members = (&mut deserializer)
        .deserialize_map(Members)
        .and_then(|members| deserializer.end().map(|()| members))
        // serde_json's message may quote what was sent; only its place is passed on.
        .map_err(|error| {
            Error::from(ErrorKind::BadJson).detail(format!(
                "Could not parse request body as JSON: line {}, column {}.",
                error.line(),
                error.column()
            ))
        })?;
    members.map_err(|sentence| Error::from(ErrorKind::ValidationFailed).detail(sentence))
}

/// A form; `data[name]=value` is the member `name` of the object `data`.
fn read_form(bytes: &[u8]) -> Result<JsonObject> {
    const MAX_PAIRS: usize = 100;
    let mut members = JsonObject::new();
    for (index, (name, value)) in url::form_urlencoded::parse(bytes).enumerate() {
        if index >= MAX_PAIRS {
            return Err(Error::from(ErrorKind::ValidationFailed).detail("The form has too many members."));
        }
        if name.ends_with("[]") {
            return Err(Error::from(ErrorKind::ValidationFailed).detail("A form's member is one value, not a list."));
        }
        let nested = name
            .strip_suffix(']')
            .and_then(|name| name.split_once('['))
            .filter(|(outer, _)| !outer.is_empty());
        let repeated = match nested {
            Some((outer, inner)) => {
                let object = members.entry(outer).or_insert_with(|| Value::Object(JsonObject::new()));
                match object {
                    Value::Object(object) => object
                        .insert(inner.to_owned(), Value::from(value.into_owned()))
                        .is_some(),
                    _ => true,
                }
            }
            None => members
                .insert(name.clone().into_owned(), Value::from(value.into_owned()))
                .is_some(),
        };
        if repeated {
            return Err(Error::from(ErrorKind::ValidationFailed).detail(twice(&name)));
        }
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Result<Body> {
        Body::read(text.as_bytes(), BodyFormat::Json)
    }

    fn form(text: &str) -> Result<Body> {
        Body::read(text.as_bytes(), BodyFormat::Form)
    }

    fn kind<T>(result: Result<T>) -> ErrorKind {
        result.err().unwrap().kind()
    }

    #[test]
    fn a_form_has_a_hundred_members_at_most() {
        let of = |count: usize| (0..count).map(|number| format!("m{number}=x&")).collect::<String>();
        assert_eq!(
            form(of(100).trim_end_matches('&')).unwrap().text("m99").unwrap(),
            Some("x")
        );
        assert_eq!(kind(form(of(101).trim_end_matches('&'))), ErrorKind::ValidationFailed);
        // Those of one object count, too.
        let nested: String = (0..101).map(|number| format!("data[m{number}]=x&")).collect();
        assert_eq!(kind(form(nested.trim_end_matches('&'))), ErrorKind::ValidationFailed);
    }

    #[test]
    fn null_and_missing_are_the_same() {
        let body = json(r#"{"email":null}"#).unwrap();
        assert_eq!(body.text("email").unwrap(), None);
        assert_eq!(body.text("phone").unwrap(), None);
    }

    #[test]
    fn an_array_where_text_is_expected_is_refused() {
        assert_eq!(
            kind(json(r#"{"email":["a"]}"#).unwrap().text("email")),
            ErrorKind::ValidationFailed
        );
        assert_eq!(kind(form("email[]=a")), ErrorKind::ValidationFailed);
    }

    #[test]
    fn a_member_given_twice_is_refused() {
        assert_eq!(kind(json(r#"{"email":"a","email":"b"}"#)), ErrorKind::ValidationFailed);
        assert_eq!(kind(form("email=a&email=b")), ErrorKind::ValidationFailed);
        assert_eq!(kind(form("data[a]=1&data[a]=2")), ErrorKind::ValidationFailed);
        assert_eq!(kind(form("data=1&data[a]=2")), ErrorKind::ValidationFailed);
    }

    #[test]
    fn what_is_no_object_is_bad_json() {
        for text in ["[]", "1", "{", r#"{"a":1} x"#, "\u{0}"] {
            assert_eq!(kind(json(text)), ErrorKind::BadJson, "{text}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1_000), "]".repeat(1_000));
        assert_eq!(kind(json(&deep)), ErrorKind::BadJson);
    }

    #[test]
    fn an_error_never_quotes_the_body() {
        let error = json(r#"{"password":hunter2}"#).err().unwrap();
        assert!(!format!("{error:?}{error}").contains("hunter2"));
    }

    #[test]
    fn forms_nest_one_level() {
        let body = form("data[name]=Ada&remember=on").unwrap();
        assert_eq!(body.object("data").unwrap().unwrap()["name"], "Ada");
        assert_eq!(body.flag("remember").unwrap(), Some(true));
    }

    #[test]
    fn untyped_json_passes_only_without_cookies() {
        let mut headers = HeaderMap::new();
        assert!(BodyFormat::announced(&headers).is_ok());
        headers.insert(CONTENT_TYPE, "text/plain;charset=UTF-8".parse().unwrap());
        assert!(BodyFormat::announced(&headers).is_ok());
        headers.insert(http::header::COOKIE, "a=b".parse().unwrap());
        assert_eq!(kind(BodyFormat::announced(&headers)), ErrorKind::UnsupportedMediaType);
        headers.insert(CONTENT_TYPE, "multipart/form-data; boundary=x".parse().unwrap());
        assert_eq!(kind(BodyFormat::announced(&headers)), ErrorKind::UnsupportedMediaType);
        headers.insert(CONTENT_TYPE, "Application/JSON; charset=utf-8".parse().unwrap());
        assert!(BodyFormat::announced(&headers).is_ok());
    }
}
