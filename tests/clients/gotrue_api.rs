//! Our own client against our own server: what one sends is what the other reads.

use std::time::Duration;

use auth_core::{
    AuthCookieReply, CookieOptions,
    client::{
        AdminUserAttributes, GenerateLink, GoTrueApi, LinkKind, OtpKind, OtpOptions, SignUpOptions, UserAttributes,
        VerifyOtp,
    },
};
use auth_tests::PASSWORD;

use crate::served::{Framework, Served};

#[tokio::test]
async fn our_client_drives_axum() {
    walk(Framework::Axum).await;
}

#[tokio::test]
async fn our_client_drives_actix() {
    walk(Framework::Actix).await;
}

async fn walk(framework: Framework) {
    let served = Served::start(framework).await;
    let api = GoTrueApi::new(served.url()).unwrap();
    let email = "ada@example.com";

    let name = serde_json::json!({ "name": "Ada" }).as_object().unwrap().clone();
    let signed_up = api
        .sign_up_with_email(email, PASSWORD, SignUpOptions::default().data(name))
        .await
        .unwrap();
    assert!(signed_up.session().is_none());
    assert!(signed_up.user().unwrap().confirmation_sent_at.is_some());
    let refused = api.sign_in_with_email(email, PASSWORD, None).await.unwrap_err();
    assert_eq!((refused.status(), refused.code()), (400, Some("email_not_confirmed")));
    let code = code_to(&served, 1).await;
    let confirmed = api
        .verify_otp(VerifyOtp::email(email, code, OtpKind::Signup))
        .await
        .unwrap();
    assert!(confirmed.session().is_some());

    let session = api.sign_in_with_email(email, PASSWORD, None).await.unwrap();
    let session = api
        .refresh_access_token(session.refresh_token.unwrap().expose())
        .await
        .unwrap();
    let jwt = session.access_token.expose();
    let user = api.get_user(jwt).await.unwrap();
    assert_eq!(
        (user.email.as_deref(), &user.user_metadata["name"]),
        (Some(email), &"Ada".into())
    );
    assert!(user.is_confirmed());
    assert_eq!(user.identities[0].provider, "email");
    let changes = serde_json::json!({ "name": "Grace" }).as_object().unwrap().clone();
    let changed = api
        .update_user(jwt, UserAttributes::default().data(changes))
        .await
        .unwrap();
    assert_eq!(changed.user_metadata["name"], "Grace");

    by_cookie(&api, &session).await;

    api.send_magic_link_email("bob@example.com", OtpOptions::default())
        .await
        .unwrap();
    let code = code_to(&served, 2).await;
    let link = VerifyOtp::email("bob@example.com", code, OtpKind::Email);
    let bob = api.verify_otp(link).await.unwrap();
    assert_eq!(bob.user().unwrap().email.as_deref(), Some("bob@example.com"));
    api.send_magic_link_email("nobody@example.com", OtpOptions::default().create_user(false))
        .await
        .unwrap();

    recovery(&api, &served).await;
    by_phone(&api, &served).await;
    // What is no call: a place for a browser to go to, on this server.
    let there = api.get_url_for_provider("github", Some("https://app.example.com/in"), Some("gist"));
    let query = "provider=github&redirect_to=https%3A%2F%2Fapp.example.com%2Fin&scopes=gist";
    assert_eq!(there, format!("{}/authorize?{query}", served.url()));

    let admin = api
        .clone()
        .header("Authorization", &format!("Bearer {}", served.service_token()))
        .unwrap();
    let guest = admin
        .invite_user_by_email("eve@example.com", SignUpOptions::default())
        .await
        .unwrap();
    assert!(guest.invited_at.is_some());
    let refused = api
        .invite_user_by_email("mal@example.com", SignUpOptions::default())
        .await
        .unwrap_err();
    assert_eq!(refused.status(), 401);

    administration(&admin, &served.service_token()).await;

    api.sign_out(jwt).await.unwrap();
    let gone = api.get_user(jwt).await.unwrap_err();
    assert!([401, 403].contains(&gone.status()), "{gone:?}");
}

async fn recovery(api: &GoTrueApi, served: &Served) {
    let email = "bob@example.com";
    for known_or_not in [email, "nobody@example.com"] {
        let answer = api.reset_password_for_email(known_or_not, None).await.unwrap();
        assert!(answer.is_empty(), "{answer:?}");
    }
    let code = code_to(served, 3).await;
    let verified = api
        .verify_otp(VerifyOtp::email(email, code, OtpKind::Recovery))
        .await
        .unwrap();
    let session = verified.session().unwrap();
    let changes = UserAttributes::default().password("another long password");
    api.update_user(session.access_token.expose(), changes).await.unwrap();
    api.sign_in_with_email(email, "another long password", None)
        .await
        .unwrap();
}

async fn by_phone(api: &GoTrueApi, served: &Served) {
    let (number, stranger) = ("15551234567", "15557654321");
    let name = serde_json::json!({ "name": "Ada" }).as_object().unwrap().clone();
    let signed_up = api
        .sign_up_with_phone("+1 555 123 4567", PASSWORD, Some(name))
        .await
        .unwrap();
    assert!(signed_up.session().is_none());
    assert_eq!(signed_up.user().unwrap().user_metadata["name"], "Ada");
    let refused = api.sign_in_with_phone(number, PASSWORD).await.unwrap_err();
    assert_eq!((refused.status(), refused.code()), (400, Some("phone_not_confirmed")));
    let code = digits(&served.letterbox.text_to(number).await);
    let verified = api.verify_mobile_otp(number, code, None).await.unwrap();
    assert!(verified.user().unwrap().phone_confirmed_at.is_some());
    let session = api.sign_in_with_phone(number, PASSWORD).await.unwrap();
    let user = api.get_user(session.access_token.expose()).await.unwrap();
    assert_eq!(user.phone.as_deref(), Some(number));

    // GC10: an unknown number gets an account, unless nobody is to be made.
    served.letterbox.forget_texts();
    for (number, options) in [
        (stranger, OtpOptions::default()),
        (number, OtpOptions::default().create_user(false)),
    ] {
        let answer = api.send_mobile_otp(number, options).await.unwrap();
        assert!(answer.is_empty(), "{answer:?}");
        let code = digits(&served.letterbox.text_to(number).await);
        let wrong = if code == "123456" { "654321" } else { "123456" };
        let refused = api.verify_mobile_otp(number, wrong, None).await.unwrap_err();
        assert_eq!((refused.status(), refused.code()), (403, Some("otp_expired")));
        let verified = api.verify_mobile_otp(number, code, None).await.unwrap();
        assert!(verified.session().is_some());
        assert_eq!(verified.user().unwrap().phone.as_deref(), Some(number));
    }
}

async fn administration(admin: &GoTrueApi, jwt: &str) {
    let given = AdminUserAttributes::default()
        .email("grace@example.com")
        .password(PASSWORD)
        .email_confirm(true);
    let made = admin.create_user(jwt, given).await.unwrap();
    assert!(made.is_confirmed());
    admin
        .sign_in_with_email("grace@example.com", PASSWORD, None)
        .await
        .unwrap();
    let page = admin.list_users(jwt, 1, 1).await.unwrap();
    assert_eq!((page.users.len(), page.next_page), (1, Some(2)));
    assert!(page.total.unwrap() > 1 && page.last_page.unwrap() > 1);

    let ban = AdminUserAttributes::default().ban(Some(Duration::from_secs(3_600)));
    let banned = admin.update_user_by_id(jwt, &made.id, ban).await.unwrap();
    assert!(banned.banned_until.is_some());
    let refused = admin
        .sign_in_with_email("grace@example.com", PASSWORD, None)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Some("user_banned"));
    let lifted = AdminUserAttributes::default().ban(None);
    admin.update_user_by_id(jwt, &made.id, lifted).await.unwrap();
    assert!(
        admin
            .get_user_by_id(jwt, &made.id)
            .await
            .unwrap()
            .banned_until
            .is_none()
    );

    let wanted = GenerateLink::new(LinkKind::Recovery, "grace@example.com");
    let link = admin.generate_link(wanted).await.unwrap();
    assert_eq!(link.user.id, made.id);
    let token = link.hashed_token.unwrap();
    let opened = VerifyOtp::token_hash(token, OtpKind::Recovery);
    assert!(admin.verify_otp(opened).await.unwrap().session().is_some());

    admin.delete_user(&made.id, jwt).await.unwrap();
    let gone = admin.get_user_by_id(jwt, &made.id).await.unwrap_err();
    assert_eq!((gone.status(), gone.code()), (404, Some("user_not_found")));
}

/// The cookies that one request is given are those that the next one is known by, until they are taken away.
async fn by_cookie(api: &GoTrueApi, session: &auth_core::client::GoTrueSession) {
    let api = api.clone().cookie_options(CookieOptions::two_cookies());
    let request = |cookies: &str| {
        let request = http::Request::post("/api/cookie")
            .header("host", "app.example.com")
            .header("cookie", cookies);
        request.body(()).unwrap().into_parts().0
    };
    let body = serde_json::json!({
        "event": "SIGNED_IN",
        "session": {
            "access_token": session.access_token.expose(),
            "refresh_token": session.refresh_token.as_ref().unwrap().expose(),
        },
    });
    let reply = api.set_auth_cookie(&request(""), body.to_string().as_bytes()).unwrap();
    assert_eq!(reply.status(), 200);
    let held = pairs(&reply);
    assert_eq!(held.len(), 2);
    let found = api.get_user_by_cookie(&request(&held.join("; "))).await.unwrap();
    assert_eq!(found.user.email.as_deref(), Some("ada@example.com"));
    assert_eq!(found.token.expose(), session.access_token.expose());

    let reply = api
        .delete_auth_cookie(&request(&held.join("; ")), Some("/bye"))
        .unwrap();
    assert_eq!(reply.status(), 307);
    let names = |pairs: &[String]| -> Vec<String> {
        let names = pairs.iter().map(|pair| pair.split('=').next().unwrap().to_owned());
        names.collect()
    };
    assert_eq!(names(&pairs(&reply)), names(&held));
    for cookie in reply.effects().cookies() {
        assert!(cookie.to_str().unwrap().contains("; Max-Age=0;"), "{cookie:?}");
    }
    let nobody = api.get_user_by_cookie(&request("")).await.unwrap_err();
    assert_eq!(nobody.message(), "No cookie found!");
}

/// What a browser would keep: names and values.
fn pairs(reply: &AuthCookieReply) -> Vec<String> {
    let cookies = reply.effects().cookies().iter();
    cookies
        .map(|cookie| cookie.to_str().unwrap().split("; ").next().unwrap().to_owned())
        .collect()
}

/// The code in the mail that came as number `count`.
async fn code_to(served: &Served, count: usize) -> String {
    let mails = served.letterbox.mails.wait_for(count).await;
    digits(&mails[count - 1].text())
}

fn digits(text: &str) -> String {
    let mut words = text.split(|character: char| !character.is_ascii_digit());
    words.find(|word| word.len() == 6).expect("a code is in it").to_owned()
}
