use std::borrow::Cow;

use http::header::COOKIE;

use crate::request::RequestView;

/// What the `Cookie` fields say of one name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CookieReading<T = String> {
    Missing,
    One(T),
    /// The name is there with different values: one of them is not ours, and nobody can tell which.
    Conflict,
}

/// Looks for one exact name in every `Cookie` field (HTTP/2 may split them), without parsing the others.
///
/// Values are taken as they are but for surrounding quotes; ours need no percent-decoding.
pub(crate) fn read_cookie<'a>(name: &str, view: &'a dyn RequestView) -> CookieReading<Cow<'a, str>> {
    let [reading] = read_cookies([name], view);
    reading
}

/// As [`read_cookie`], for several names in one pass.
pub(crate) fn read_cookies<'a, const N: usize>(
    names: [&str; N],
    view: &'a dyn RequestView,
) -> [CookieReading<Cow<'a, str>>; N] {
    let mut readings = [const { CookieReading::Missing }; N];
    view.each_header(&COOKIE, &mut |field| {
        for cookie in cookies(field) {
            for (name, reading) in names.iter().zip(&mut readings) {
                if let Some(value) = value_of(name, cookie) {
                    reading.add(value);
                }
            }
        }
    });
    readings
}

fn cookies(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(field);
    std::iter::from_fn(move || {
        let left = rest?;
        let end = memchr::memchr(b';', left);
        rest = end.map(|end| &left[end + 1..]);
        Some(end.map_or(left, |end| &left[..end]).trim_ascii_start())
    })
}

fn value_of<'a>(name: &str, cookie: &'a [u8]) -> Option<&'a [u8]> {
    let value = cookie.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
    Some(unquoted(value.trim_ascii()))
}

impl<'a> CookieReading<Cow<'a, str>> {
    fn add(&mut self, value: &'a [u8]) {
        let value = std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed);
        match self {
            Self::Missing => *self = Self::One(value),
            Self::One(first) if *first == value => {}
            _ => *self = Self::Conflict,
        }
    }

    /// The same, to be kept.
    pub(crate) fn into_owned(self) -> CookieReading {
        match self {
            Self::Missing => CookieReading::Missing,
            Self::One(value) => CookieReading::One(value.into_owned()),
            Self::Conflict => CookieReading::Conflict,
        }
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(fields: &[&[u8]]) -> CookieReading {
        let (mut parts, ()) = http::Request::get("/").body(()).unwrap().into_parts();
        for field in fields {
            parts.headers.append("cookie", HeaderValue::from_bytes(field).unwrap());
        }
        read_cookie("__Host-auth_session", &parts).into_owned()
    }

    fn one(value: &str) -> CookieReading {
        CookieReading::One(value.to_owned())
    }

    #[test]
    fn the_cookie_is_found_wherever_it_stands() {
        assert_eq!(read(&[]), CookieReading::Missing);
        assert_eq!(read(&[b"a=b; c"]), CookieReading::Missing);
        assert_eq!(read(&[b"__Host-auth_session=x"]), one("x"));
        assert_eq!(read(&[b"a=b;__Host-auth_session=\"x\" ;c=d"]), one("x"));
        assert_eq!(read(&[b"a=b", b"c=d; __Host-auth_session=x"]), one("x"));
        assert_eq!(read(&[b"__Host-auth_session="]), one(""));
    }

    #[test]
    fn only_the_exact_name_counts() {
        for field in [
            b"auth_session=x".as_slice(),
            b"__Secure-auth_session=x",
            b"__host-auth_session=x",
            b"__Host-auth_session2=x",
            b"x__Host-auth_session=x",
            b"__Host-auth_session",
            b"__Host-auth_session =x",
        ] {
            assert_eq!(read(&[field]), CookieReading::Missing, "{field:?}");
        }
    }

    #[test]
    fn equal_duplicates_are_one_and_different_ones_a_conflict_in_any_order() {
        assert_eq!(read(&[b"__Host-auth_session=x; __Host-auth_session=x"]), one("x"));
        assert_eq!(
            read(&[b"__Host-auth_session=x", b"__Host-auth_session=y"]),
            CookieReading::Conflict
        );
        assert_eq!(
            read(&[b"__Host-auth_session=y; __Host-auth_session=x; __Host-auth_session=y"]),
            CookieReading::Conflict
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_read_without_panic() {
        assert!(matches!(
            read(&[b"\xff\xfe=\x80; __Host-auth_session=\xff"]),
            CookieReading::One(_)
        ));
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_finds_what_was_written(
            before in "[ -:<-~]{0,40}",
            value in "[A-Za-z0-9._-]{0,80}",
            after in "[ -~]{0,40}",
        ) {
            prop_assume!(!before.contains("__Host-auth_session") && !after.contains("__Host-auth_session"));
            let field = format!("{before}; __Host-auth_session={value}; {after}");
            prop_assert_eq!(read(&[field.as_bytes()]), one(&value));
        }

        #[test]
        fn any_bytes_are_read_without_panic(field in proptest::collection::vec(0x20_u8.., 0..200)) {
            prop_assume!(!field.contains(&0x7f));
            let _ = read(&[&field]);
        }
    }
}
