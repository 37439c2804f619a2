use http::header::AUTHORIZATION;

use super::RequestView;

/// What the `Authorization` header says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BearerReading<'a> {
    Missing,
    /// A scheme that is not ours, or nothing behind it. Browsers send `Basic` by themselves, so it exempts from nothing.
    OtherScheme,
    Token(&'a str),
    /// The header is there more than once.
    Conflict,
}

/// Reads `Authorization: Bearer <token>`; the scheme's case does not matter (RFC 9110 §11.1).
pub(crate) fn read_bearer(view: &dyn RequestView) -> BearerReading<'_> {
    let mut reading = BearerReading::Missing;
    view.each_header(&AUTHORIZATION, &mut |value| {
        reading = match reading {
            BearerReading::Missing => read(value),
            _ => BearerReading::Conflict,
        };
    });
    reading
}

fn read(value: &[u8]) -> BearerReading<'_> {
    let token = std::str::from_utf8(value)
        .ok()
        .and_then(|value| value.trim().split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    match token {
        Some(token) if !token.is_empty() => BearerReading::Token(token),
        _ => BearerReading::OtherScheme,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bearer_scheme_gives_a_token() {
        for (header, expected) in [
            ("Bearer x", BearerReading::Token("x")),
            ("bearer   x ", BearerReading::Token("x")),
            ("BEARER a.b", BearerReading::Token("a.b")),
            ("Bearer", BearerReading::OtherScheme),
            ("Bearer ", BearerReading::OtherScheme),
            ("Bearerx", BearerReading::OtherScheme),
            ("Basic dTpw", BearerReading::OtherScheme),
            ("", BearerReading::OtherScheme),
        ] {
            assert_eq!(read(header.as_bytes()), expected, "{header:?}");
        }
        assert_eq!(read(b"\xff\xfe"), BearerReading::OtherScheme);
    }

    #[test]
    fn two_headers_are_a_conflict() {
        let (parts, ()) = http::Request::get("/")
            .header("authorization", "Bearer a")
            .header("authorization", "Bearer a")
            .body(())
            .unwrap()
            .into_parts();
        assert_eq!(read_bearer(&parts), BearerReading::Conflict);
    }
}
