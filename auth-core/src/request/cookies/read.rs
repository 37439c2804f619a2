use std::borrow::Cow;

use http::header::COOKIE;
use memchr::memmem;

use crate::request::RequestView;

/// What the `Cookie` fields say of one name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CookieReading {
    Missing,
    One(String),
    /// The name is there with different values: one of them is not ours, and nobody can tell which.
    Conflict,
}

/// Looks for one exact name in every `Cookie` field (HTTP/2 may split them), without parsing the others.
///
/// Values are taken as they are but for surrounding quotes; ours need no percent-decoding.
pub(crate) fn read_cookie(name: &str, view: &dyn RequestView) -> CookieReading {
    let mut reading = CookieReading::Missing;
    view.each_header(&COOKIE, &mut |field| {
        for value in values(name.as_bytes(), field) {
            let value = unquoted(value.trim_ascii());
            let value = std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed);
            match &reading {
                CookieReading::Missing => reading = CookieReading::One(value.into_owned()),
                CookieReading::One(first) if *first == value => {}
                _ => reading = CookieReading::Conflict,
            }
        }
    });
    reading
}

/// The values of a name in a field: finds `name=` and looks at what stands around it, which is quicker than to take
/// every cookie of others apart.
fn values<'a>(name: &'a [u8], field: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    memmem::find_iter(field, name).filter_map(move |start| {
        let before = field[..start].trim_ascii_end();
        let begins = before.is_empty() || before.ends_with(b";");
        let rest = field[start + name.len()..].strip_prefix(b"=")?;
        let value = memchr::memchr(b';', rest).map_or(rest, |end| &rest[..end]);
        begins.then_some(value)
    })
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
        read_cookie("__Host-auth_session", &parts)
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
