//! Cookies sent twice, split over fields, oversized, malformed or planted under another name.

use bytes::Bytes;
use http::{HeaderValue, Request};

use crate::{App, Client, stories};

stories![
    two_different_values_are_refused_in_any_order,
    equal_duplicates_and_split_fields_are_fine,
    an_unprefixed_cookie_is_not_ours,
    oversized_and_binary_cookies_are_survived,
];

async fn me(client: &Client, fields: &[Vec<u8>]) -> auth_tests::Answer {
    let mut request = Request::get("/me").body(Bytes::new()).unwrap();
    for field in fields {
        let field = HeaderValue::from_bytes(field).unwrap();
        request.headers_mut().append("cookie", field);
    }
    client.send_as_is(request).await
}

fn field(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

async fn two_different_values_are_refused_in_any_order(app: App) {
    let ada = app.signed_up("ada@example.com").await.token().unwrap();
    let eve = app.signed_up("eve@example.com").await.token().unwrap();
    app.store.forget_calls();
    let name = app.cookie_name();
    for (one, two) in [(&ada, &eve), (&eve, &ada)] {
        for fields in [
            vec![field(&format!("{name}={one}; {name}={two}"))],
            vec![field(&format!("{name}={one}")), field(&format!("{name}={two}"))],
        ] {
            let answer = me(&app.script(), &fields).await;
            assert_eq!(answer.status(), 401);
            assert_eq!(answer.set_cookies().len(), 1);
        }
    }
    assert_eq!(app.store.calls(), [""; 0]);
}

async fn equal_duplicates_and_split_fields_are_fine(app: App) {
    let ada = app.signed_up("ada@example.com").await.token().unwrap();
    let name = app.cookie_name();
    for fields in [
        vec![field(&format!("{name}={ada}; {name}={ada}"))],
        vec![field("a=b"), field(&format!("c=d; {name}={ada}")), field("e=f")],
        vec![field(&format!("a=b;{name}=\"{ada}\";;=;c"))],
    ] {
        assert_eq!(me(&app.script(), &fields).await.status(), 200);
    }
}

async fn an_unprefixed_cookie_is_not_ours(app: App) {
    let ada = app.signed_up("ada@example.com").await.token().unwrap();
    for name in [
        "auth_session",
        "__Secure-auth_session",
        "__host-auth_session",
        "__Host-auth_session2",
    ] {
        let answer = me(&app.script(), &[field(&format!("{name}={ada}"))]).await;
        assert_eq!((answer.status(), answer.set_cookies().len()), (401, 0), "{name}");
    }
    // Planted beside the real one, it changes nothing.
    let fields = [field(&format!("auth_session=planted; __Host-auth_session={ada}"))];
    assert_eq!(me(&app.script(), &fields).await.status(), 200);
}

async fn oversized_and_binary_cookies_are_survived(app: App) {
    let ada = app.signed_up("ada@example.com").await.token().unwrap();
    let name = app.cookie_name();
    let huge = "x".repeat(60_000);
    for (fields, status) in [
        (vec![field(&format!("a={huge}; {name}={ada}"))], 200),
        (vec![field(&format!("{name}={huge}"))], 401),
        (vec![vec![0xff; 200], field(&format!("{name}={ada}"))], 200),
        (vec![[name.as_bytes(), b"=\xff\xfe"].concat()], 401),
        (vec![field(&";".repeat(5_000))], 401),
        (vec![field(&format!("{name}={ada}x"))], 401),
    ] {
        assert_eq!(me(&app.script(), &fields).await.status(), status);
    }
}
