//! A client without cookies, which keeps its tokens itself.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{Mails, Place, http::Received, send};

/// Sign up → code → me → refresh → another password → sign in → sign out → refused.
pub(super) async fn keep_tokens(address: SocketAddr, mails: &Mails, place: &Place) {
    place.forget_attempts().await;
    let post = async |path: &str, body: Value| {
        let headers = [("content-type", "application/json"), ("st-auth-mode", "header")];
        send(address, "POST", path, &headers, &body.to_string()).await.unwrap()
    };
    let account = json!({ "email": "charles@example.com", "password": "correct horse battery" });
    let answer = post("/api/auth/signup", account.clone()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let early = post("/api/auth/token?grant_type=password", account.clone()).await;
    assert_eq!(told(&early)["error_code"], "email_not_confirmed", "{early:?}");

    let mail = mails.next("charles@example.com", "Confirm").await;
    let proof = json!({ "type": "signup", "email": "charles@example.com", "token": mail.code() });
    let (access, refresh) = tokens(&post("/api/auth/verify", proof).await);
    assert_eq!(
        told(&get(address, "/me", &access).await)["email"],
        "charles@example.com"
    );
    assert_eq!(get(address, "/api/auth/user", &access).await.status, 200);

    let grant = async |refresh: &str| {
        let path = "/api/auth/token?grant_type=refresh_token";
        post(path, json!({ "refresh_token": refresh })).await
    };
    let (newer, refresh) = tokens(&grant(&refresh).await);
    assert_ne!(newer, access);
    assert_eq!(get(address, "/me", &newer).await.status, 200);

    // Its own tokens are replaced, and those from before are worth nothing to the library's routes.
    let change = json!({ "password": "a new long password", "current_password": "correct horse battery" });
    let bearer = format!("Bearer {newer}");
    let headers = [
        ("content-type", "application/json"),
        ("st-auth-mode", "header"),
        ("authorization", bearer.as_str()),
    ];
    let answer = send(address, "PUT", "/api/auth/user", &headers, &change.to_string()).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let changed = answer.header("st-access-token").unwrap();
    assert_eq!(get(address, "/api/auth/user", changed).await.status, 200);
    assert_ne!(get(address, "/api/auth/user", &newer).await.status, 200);
    assert_eq!(told(&grant(&refresh).await)["error_code"], "refresh_token_already_used");

    let account = json!({ "email": "charles@example.com", "password": "a new long password" });
    let (access, refresh) = tokens(&post("/api/auth/token?grant_type=password", account).await);
    let bearer = format!("Bearer {access}");
    let headers = [("authorization", bearer.as_str())];
    let out = send(address, "POST", "/api/auth/logout", &headers, "").await.unwrap();
    assert_eq!(out.status, 204, "{out:?}");
    let refused = grant(&refresh).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert_ne!(get(address, "/api/auth/user", &access).await.status, 200);
    assert_eq!(get(address, "/me", "nobody's token").await.status, 401);
}

async fn get(address: SocketAddr, path: &str, access: &str) -> Received {
    let bearer = format!("Bearer {access}");
    let headers = [("authorization", bearer.as_str())];
    send(address, "GET", path, &headers, "").await.unwrap()
}

fn told(answer: &Received) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

/// The access and the refresh token of an answer, in its body and nowhere else.
fn tokens(answer: &Received) -> (String, String) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("set-cookie"), None, "{answer:?}");
    let body = told(answer);
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}
