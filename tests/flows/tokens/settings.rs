use std::time::Duration;

use auth_core::{
    Algorithm, Auth, PublicKey, RefreshAt, Rotation, Secret, SigningKeys, Tokens, Transfer, adapters::MemoryAdapter,
};

use super::HOUR;

#[test]
fn settings_out_of_bounds_are_refused_by_name() {
    let build = |tokens: Tokens| {
        Auth::builder(MemoryAdapter::default())
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com")
            .sessions(tokens)
            .build()
            .map(drop)
            .map_err(|error| {
                error
                    .problems()
                    .iter()
                    .map(|problem| problem.option)
                    .collect::<Vec<_>>()
            })
    };
    let key = |kid: &str| {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        PublicKey::from_jwk(&format!(
            r#"{{ "kty": "OKP", "crv": "Ed25519", "kid": "{kid}", "x": "{x}" }}"#
        ))
        .unwrap()
    };
    let seconds = Duration::from_secs;
    let default = Tokens::default;
    let straggler = |time: u64| Rotation::ParentChild {
        straggler: seconds(time),
    };
    let at_endpoint = |path: &str| Tokens::default().refresh_at(RefreshAt::Endpoint).refresh_path(path);
    let unmarked = |refresh_at| {
        default()
            .names(auth_core::TokenNames::new("access", "refresh", None))
            .refresh_at(refresh_at)
    };
    let year = 8_760 * HOUR;
    for (tokens, expected) in [
        (default(), None),
        (
            default()
                .access_validity(seconds(10))
                .rotation(Rotation::Grace(seconds(0))),
            None,
        ),
        (default().access_validity(seconds(9)), Some("tokens.access_validity")),
        (
            default().access_validity(seconds(86_400_001)),
            Some("tokens.access_validity"),
        ),
        (default().access_validity(2_400 * HOUR), Some("tokens.access_validity")),
        (default().access_validity(seconds(10)).refresh_validity(HOUR), None),
        (default().refresh_validity(year), None),
        (default().refresh_validity(year + HOUR), Some("tokens.refresh_validity")),
        (
            default().access_validity(seconds(10)).refresh_validity(seconds(3_599)),
            Some("tokens.refresh_validity"),
        ),
        (default().key_interval(HOUR), None),
        (default().key_interval(720 * HOUR), None),
        (default().key_interval(seconds(3_599)), Some("tokens.key_interval")),
        (default().key_interval(721 * HOUR), Some("tokens.key_interval")),
        (at_endpoint("/api/auth/session/refresh"), None),
        (at_endpoint("/api"), None),
        (at_endpoint("/api/auth/session/refresh/"), Some("tokens.refresh_path")),
        (at_endpoint("/refresh"), Some("tokens.refresh_path")),
        (at_endpoint("/ap"), Some("tokens.refresh_path")),
        (at_endpoint("api"), Some("tokens.refresh_path")),
        (at_endpoint(""), Some("tokens.refresh_path")),
        (at_endpoint("/api; Domain=example.com"), Some("tokens.refresh_path")),
        (at_endpoint("/api\r\nx: y"), Some("tokens.refresh_path")),
        (default().refresh_path("/api"), Some("tokens.refresh_path")),
        (default().jitter(0.25), None),
        (default().jitter(0.26), Some("tokens.jitter")),
        (default().jitter(-0.1), Some("tokens.jitter")),
        (default().jitter(f64::NAN), Some("tokens.jitter")),
        (default().leeway(seconds(60)), None),
        (default().leeway(seconds(61)), Some("tokens.leeway")),
        (
            default().rotation(Rotation::Grace(seconds(301))),
            Some("tokens.rotation"),
        ),
        (default().rotation(straggler(300)), None),
        (default().rotation(straggler(301)), Some("tokens.rotation")),
        // No longer than the access token beside it lives.
        (default().access_validity(seconds(10)).rotation(straggler(10)), None),
        (
            default().access_validity(seconds(10)).rotation(straggler(11)),
            Some("tokens.rotation"),
        ),
        (default().session_expired_status(440), None),
        (
            default().session_expired_status(200),
            Some("tokens.session_expired_status"),
        ),
        (
            default().signing_keys(SigningKeys::fixed(Secret::new("short"))),
            Some("tokens.signing_keys"),
        ),
        (
            default().signing_keys(SigningKeys::shared(Secret::new("short"))),
            Some("tokens.signing_keys"),
        ),
        (
            default()
                .signing_keys(SigningKeys::shared(Secret::new(
                    "a secret of the tests, 32 bytes and more",
                )))
                .algorithm(Algorithm::EdDsa),
            Some("tokens.algorithm"),
        ),
        (default().verify_only(key("a")).verify_only(key("b")), None),
        (
            default().verify_only(key("a")).verify_only(key("a")),
            Some("tokens.verify_only"),
        ),
        // Nothing would tell an application's own routes that there is a session to be renewed elsewhere.
        (unmarked(RefreshAt::Endpoint), Some("tokens.names")),
        (unmarked(RefreshAt::Endpoint).refresh_path("/"), None),
        (unmarked(RefreshAt::Request), None),
        (unmarked(RefreshAt::Endpoint).transfer(Transfer::Header), None),
        (default().absolute_period(HOUR), Some("tokens.absolute_period")),
        (
            default().names(auth_core::TokenNames::new("same", "same", None)),
            Some("tokens.names"),
        ),
        (
            default().names(auth_core::TokenNames::new("a b", "refresh", None)),
            Some("cookie.name"),
        ),
    ] {
        match (build(tokens.clone()), expected) {
            (Ok(()), None) => {}
            (Err(options), Some(expected)) => assert!(options.contains(&expected), "{tokens:?}: {options:?}"),
            (result, _) => panic!("{tokens:?}: {result:?}"),
        }
    }
}
