//! Line breaks and other control characters on their way into headers and logs.

use bytes::Bytes;
use http::{HeaderValue, Request};

use crate::{App, stories};

stories![no_input_becomes_a_header, a_user_agent_cannot_write_log_lines,];

async fn no_input_becomes_a_header(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    for input in [
        "%0d%0aX-Evil:%201",
        "%0aX-Evil:%201",
        "\u{2028}X-Evil: 1",
        "%E5%98%8A%E5%98%8DX-Evil:1",
    ] {
        for body in [
            format!("redirect_to=/{input}"),
            format!("email={input}&password={input}"),
            format!("_method={input}"),
            format!("data[{input}]={input}"),
        ] {
            for path in [
                "/api/auth/logout",
                "/api/auth/token?grant_type=password",
                "/api/auth/user",
            ] {
                let answer = ada.copy().form(path, &body).await;
                assert!(answer.headers.get("x-evil").is_none(), "{path} {body}");
                assert!(answer.headers.values().all(|value| !value.as_bytes().contains(&b'\n')));
            }
        }
        let answer = ada
            .post(
                &format!("/api/auth/logout?scope={}", input.replace('\u{2028}', "")).replace(' ', ""),
                serde_json::json!({}),
            )
            .await;
        assert!(answer.headers.get("x-evil").is_none());
    }
}

async fn a_user_agent_cannot_write_log_lines(app: App) {
    app.signed_up("ada@example.com").await;
    let body = r#"{"email":"ada@example.com","password":"correct horse battery"}"#;
    let mut request = Request::post("/api/auth/token?grant_type=password")
        .header("content-type", "application/json")
        .body(Bytes::from(body))
        .unwrap();
    let agent = HeaderValue::from_bytes(b"Evil\tBrowser \x80\xff \xe2\x80\xa8").unwrap();
    request.headers_mut().insert("user-agent", agent);
    assert_eq!(app.script().send_as_is(request).await.status(), 200);
    let events = app.events.events();
    let agent = events.last().unwrap().client.user_agent.clone().unwrap();
    assert!(agent.starts_with("Evil Browser"), "{agent:?}");
    assert!(agent.chars().all(|character| !character.is_control()));
}
