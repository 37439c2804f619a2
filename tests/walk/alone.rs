//! One process, one person, from signing up to leaving.

use serde_json::Value;

use super::{Browser, Mails, Place, Running, Which, http::Received, keeper::keep_tokens, on_every_place};

on_every_place![axum_opaque, axum_tokens, actix_opaque, actix_tokens,];

async fn axum_opaque(place: &Place) {
    walk(Which::Axum, place, "opaque").await;
}

async fn axum_tokens(place: &Place) {
    walk(Which::Axum, place, "tokens").await;
}

async fn actix_opaque(place: &Place) {
    walk(Which::Actix, place, "opaque").await;
}

async fn actix_tokens(place: &Place) {
    walk(Which::Actix, place, "tokens").await;
}

/// Sign up → mail → notes → forgot password → code → another address → devices → out → delete; and more people, who come by phone
/// and by invitation.
async fn walk(which: Which, place: &Place, strategy: &str) {
    let mails = Mails::new();
    let [mail, folder] = mails.arguments();
    let server = Running::start_on(
        which,
        place,
        &[
            "--strategy",
            strategy,
            &mail,
            &folder,
            "--sms",
            "console",
            "--admin",
            "grace@example.com",
        ],
    )
    .await;
    let ada = Browser::new(server.address());

    sign_up(&ada, &mails).await;
    keep_notes(&ada).await;
    forget_the_password(&ada, &mails, place).await;
    sign_in_with_a_code(&ada, &mails, place).await;
    change_the_address(&ada, &mails).await;
    let user_id = me(&ada).await["id"].as_str().unwrap().to_owned();
    use_two_devices(&ada, &Browser::new(server.address()), place, &user_id, strategy).await;
    sign_out(&ada).await;
    leave(&ada, &mails, place).await;
    assert_eq!(place.count("note").await, 0);
    assert_eq!(place.count_sessions(&user_id).await, 0);
    sign_up_by_number(&Browser::new(server.address()), &server, place).await;
    sign_in_by_number(&Browser::new(server.address()), &server).await;
    place.forget_attempts().await;
    let grace = Browser::new(server.address());
    choose_a_password(&grace, &mails, "grace@example.com", "Choose a new password").await;
    invite(&grace, &Browser::new(server.address()), &mails).await;
    if strategy == "tokens" {
        keep_tokens(server.address(), &mails, place).await;
    }
    server.stop().await;
}

async fn sign_up(ada: &Browser, mails: &Mails) {
    let page = ada.get("/").await;
    assert!(page.body.contains("Sign up"), "{page:?}");
    assert_eq!(ada.get("/me").await.status, 401);
    let refused = ada
        .form("/api/auth/signup", "email=ada%40example.com&password=short")
        .await;
    assert_eq!(refused.status, 303);
    assert!(location(&refused).contains("error_code=weak_password"));
    let page = ada.get("/sign-up?error_code=weak_password").await;
    assert!(page.body.contains("too easy to guess"));

    let account = "email=ada%40example.com&password=correct+horse+battery";
    let typed = [("email", "ada@example.com"), ("password", "correct horse battery")];
    let answer = ada.submit("/sign-up", "/api/auth/signup", &typed).await;
    assert_eq!(location(&answer), "/check-mail?for=sign-up&email=ada%40example.com");
    let page = ada.get(location(&answer)).await;
    assert!(
        page.body.contains("Check your mail") && page.body.contains("ada@example.com"),
        "{page:?}"
    );
    assert_eq!(ada.get("/me").await.status, 401);
    let early = ada.form("/api/auth/token?grant_type=password", account).await;
    assert_eq!(location(&early), "/sign-in?error_code=email_not_confirmed");
    assert!(ada.get(location(&early)).await.body.contains("confirm your address"));
    let again = ada.submit(location(&answer), "/api/auth/resend", &[]).await;
    assert!(location(&again).starts_with(location(&answer)), "{again:?}");
    let page = ada.get(location(&again)).await;
    assert!(page.body.contains("on its way already. Try again in"), "{page:?}");

    let mail = mails.next("ada@example.com", "Confirm").await;
    assert_eq!(location(&ada.follow(mail.path()).await), "/");
    assert_eq!(me(ada).await["email"], "ada@example.com");
    let twice = ada.follow(mail.path()).await;
    assert!(location(&twice).starts_with("/?error="), "{twice:?}");
    let page = ada.get(location(&twice)).await;
    assert!(page.body.contains("was used before"), "{page:?}");
}

async fn keep_notes(ada: &Browser) {
    let note = ada.form("/notes", "text=%3Cb%3Ebuy+milk%3C%2Fb%3E").await;
    assert_eq!(note.status, 303);
    let page = ada.get("/").await;
    assert!(page.body.contains("&lt;b&gt;buy milk"), "{page:?}");
    assert_eq!(ada.form("/notes", "text=wash+up").await.status, 303);
    let page = ada.get("/").await;
    let (_, rest) = page.body.split_once("/notes/").unwrap();
    let wash_up = rest.split_once("/delete").unwrap().0;
    assert!(page.body.find("wash up") < page.body.find("buy milk"), "newest first");
    assert_eq!(ada.form(&format!("/notes/{wash_up}/delete"), "").await.status, 303);
    assert!(!ada.get("/").await.body.contains("wash up"));
    let evil = ada.form_of_another_site("/notes", "text=spam").await;
    assert_eq!(evil.status, 403);
    assert!(!ada.get("/").await.body.contains("spam"));
}

async fn forget_the_password(ada: &Browser, mails: &Mails, place: &Place) {
    ada.form("/api/auth/logout", "redirect_to=%2F").await;
    place.forget_attempts().await;
    let page = ada.get("/new-password").await;
    assert!(page.body.contains("no good any more"), "{page:?}");
    let typed = [("email", "ada@example.com")];
    let answer = ada.submit("/forgot-password", "/api/auth/recover", &typed).await;
    assert_eq!(location(&answer), "/check-mail?for=recovery&email=ada%40example.com");
    let mail = mails.next("ada@example.com", "Choose a new password").await;
    assert_eq!(location(&ada.follow(mail.path()).await), "/new-password");
    let typed = [("password", "a new long password")];
    let chosen = ada.submit("/new-password", "/api/auth/user", &typed).await;
    assert_eq!(location(&chosen), "/?done=password");
    assert!(
        ada.get("/?done=password")
            .await
            .body
            .contains("Your password is changed")
    );
    mails.next("ada@example.com", "Your password at").await;

    let old = [("email", "ada@example.com"), ("password", "correct horse battery")];
    let sign_in = "/api/auth/token?grant_type=password";
    let refused = ada.submit("/sign-in", sign_in, &old).await;
    assert_eq!(location(&refused), "/sign-in?error_code=invalid_credentials");
}

async fn sign_in_with_a_code(ada: &Browser, mails: &Mails, place: &Place) {
    ada.form("/api/auth/logout", "redirect_to=%2F").await;
    place.forget_attempts().await;
    let page = ada.get("/sign-in/code?redirect_to=%2Faccount").await;
    assert!(page.body.contains("Sign in with a link or code"), "{page:?}");
    let typed = [("email", "ada@example.com")];
    let answer = ada
        .submit("/sign-in/code?redirect_to=%2Faccount", "/api/auth/otp", &typed)
        .await;
    let waiting = location(&answer).to_owned();
    assert_eq!(
        waiting,
        "/check-mail?for=sign-in&redirect_to=%2Faccount&email=ada%40example.com"
    );
    let mail = mails.next("ada@example.com", "Sign in").await;
    let typed = |code: &str| format!("type=email&email=ada%40example.com&token={code}&redirect_to=%2Faccount");
    let right = mail.code();
    let wrong = if right == "123456" { "654321" } else { "123456" };
    let refused = ada.form("/api/auth/verify", &typed(wrong)).await;
    assert!(location(&refused).contains("error_code=otp_expired"), "{refused:?}");
    // Somebody who has talked her into reading it out has another browser.
    let thief = ada.with_another_jar();
    let refused = thief.form("/api/auth/verify", &typed(right)).await;
    assert!(location(&refused).contains("error_code=otp_expired"), "{refused:?}");
    let answer = ada.submit(&waiting, "/api/auth/verify", &[("token", right)]).await;
    assert_eq!(location(&answer), "/account");
    assert_eq!(me(ada).await["email"], "ada@example.com");
}

/// Both addresses answer: the old one by its link, the new one by its code.
async fn change_the_address(ada: &Browser, mails: &Mails) {
    let typed = [
        ("email", "lovelace@example.com"),
        ("current_password", "a new long password"),
    ];
    assert_eq!(
        location(&ada.submit("/account", "/api/auth/user", &typed).await),
        "/account"
    );
    let page = ada.get("/account").await;
    for address in ["ada@example.com", "lovelace@example.com"] {
        assert!(page.body.contains(&format!("Code sent to {address}")), "{page:?}");
    }
    assert_eq!(me(ada).await["email"], "ada@example.com");

    let mail = mails.next("lovelace@example.com", "Confirm your new address").await;
    // Two forms ask for a code; hers is the one below the other.
    let typed = format!(
        "type=email_change&email=lovelace%40example.com&token={}&redirect_to=%2Faccount",
        mail.code()
    );
    assert_eq!(location(&ada.form("/api/auth/verify", &typed).await), "/account");
    let page = ada.get("/account").await;
    assert!(page.body.contains("Code sent to ada@example.com"), "{page:?}");
    assert!(!page.body.contains("Code sent to lovelace@example.com"), "{page:?}");
    assert_eq!(me(ada).await["email"], "ada@example.com");

    let mail = mails.next("ada@example.com", "is to change").await;
    assert_eq!(location(&ada.follow(mail.path()).await), "/account");
    assert_eq!(me(ada).await["email"], "lovelace@example.com");
    assert!(!ada.get("/account").await.body.contains("Code sent to"));
}

async fn use_two_devices(ada: &Browser, phone: &Browser, place: &Place, user_id: &str, strategy: &str) {
    let sign_in = "email=lovelace%40example.com&password=a+new+long+password&redirect_to=%2Faccount";
    let answer = phone.form("/api/auth/token?grant_type=password", sign_in).await;
    assert_eq!(location(&answer), "/account");
    let sessions: Value = serde_json::from_str(&ada.get("/api/auth/sessions").await.body).unwrap();
    let sessions = sessions["sessions"].as_array().unwrap().clone();
    assert_eq!(sessions.len(), 2);
    let page = ada.get("/account").await;
    assert_eq!(page.body.matches("Sign out this device").count(), 2);

    // A day later, as far as the database is concerned, or with the access token's time over: the next request renews.
    ada.lose("auth_mark");
    let before = ada.jar();
    match strategy {
        "opaque" => place.age_sessions(user_id).await,
        _ => ada.lose("auth_access"),
    }
    let renewed = ada.get("/me").await;
    assert_eq!(renewed.status, 200);
    let after = ada.jar();
    assert!(after.len() == before.len() && after.iter().all(|(name, value)| before[name] != *value));
    assert_eq!(ada.get("/me").await.status, 200);

    let other = sessions.iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/auth/sessions/{}", other["id"].as_str().unwrap());
    let ended = ada.form(&path, "_method=DELETE&redirect_to=%2Faccount").await;
    assert_eq!(location(&ended), "/account");
    assert_eq!(phone.get("/me").await.status, 401);

    let change = "_method=PUT&current_password=a+new+long+password&password=one+more+password&redirect_to=%2Faccount";
    assert_eq!(location(&ada.form("/api/auth/user", change).await), "/account");
    assert_eq!(ada.get("/me").await.status, 200);
}

async fn sign_out(ada: &Browser) {
    let stolen = ada.jar();
    assert_eq!(location(&ada.form("/api/auth/logout", "redirect_to=%2F").await), "/");
    assert!(ada.jar().is_empty());
    assert_eq!(ada.get("/me").await.status, 401);
    ada.set_jar(stolen);
    assert_eq!(ada.get("/me").await.status, 401);
    let account = ada.navigate("/account").await;
    assert_eq!(location(&account), "/sign-in?redirect_to=%2Faccount");
    let again = "email=lovelace%40example.com&password=one+more+password&redirect_to=%2Faccount";
    let answer = ada.form("/api/auth/token?grant_type=password", again).await;
    assert_eq!(location(&answer), "/account");
}

/// Shows with a mailed code that it is she who leaves.
async fn leave(ada: &Browser, mails: &Mails, place: &Place) {
    place.forget_attempts().await;
    let asked = ada
        .form("/api/auth/reauthenticate", "redirect_to=%2Faccount%3Fconfirm%3Dcode")
        .await;
    assert_eq!(location(&asked), "/account?confirm=code");
    let page = ada.get("/account?confirm=code").await;
    assert!(page.body.contains("name=\"nonce\"") && !page.body.contains("name=\"current_password\""));
    let mail = mails.next("lovelace@example.com", "Your code").await;
    let gone = ada
        .form("/api/auth/user", &format!("_method=DELETE&nonce={}", mail.code()))
        .await;
    assert_eq!(location(&gone), "/");
    assert_eq!(ada.get("/me").await.status, 401);
}

/// With a password, and with nothing but the forms of the pages: the code is lost, sent again, and typed.
async fn sign_up_by_number(hopper: &Browser, server: &Running, place: &Place) {
    let account = [("phone", "+1 555 765 4321"), ("password", "correct horse battery")];
    let answer = hopper.submit("/sign-up", "/api/auth/signup", &account).await;
    let waiting = location(&answer).to_owned();
    assert_eq!(waiting, "/check-mail?for=sign-up&phone=%2B1+555+765+4321");
    let page = hopper.get(&waiting).await;
    assert!(page.body.contains("Check your phone"), "{page:?}");
    server.code_texted_to("+15557654321", 1).await;

    let sign_in = "/api/auth/token?grant_type=password";
    let early = hopper.submit("/sign-in", sign_in, &account).await;
    assert_eq!(location(&early), "/sign-in?error_code=phone_not_confirmed");
    let page = hopper.get(location(&early)).await;
    assert!(page.body.contains("confirm your number"), "{page:?}");
    let once_more = link_of(&page, "I need the code once more");
    for (page, typed) in [(once_more.as_str(), &account[..1]), (waiting.as_str(), &[])] {
        let again = hopper.submit(page, "/api/auth/resend", typed).await;
        let back = format!("{page}&error_code=over_sms_send_rate_limit&retry_after=");
        assert!(location(&again).starts_with(&back), "{again:?}");
        let page = hopper.get(location(&again)).await;
        let told = "A text message is on its way already. Try again in";
        assert!(page.body.contains(told), "{page:?}");
    }

    place.forget_attempts().await;
    let again = hopper.submit(&waiting, "/api/auth/resend", &[]).await;
    let waiting = location(&again).to_owned();
    let page = hopper.get(&waiting).await;
    assert!(page.body.contains("It is sent once more."), "{page:?}");
    assert!(page.body.contains("Check your phone"), "{page:?}");
    let code = server.code_texted_to("+15557654321", 2).await;
    let confirmed = hopper.submit(&waiting, "/api/auth/verify", &[("token", &code)]).await;
    assert_eq!(location(&confirmed), "/");
    let page = hopper.get("/account").await;
    assert!(page.body.contains("15557654321"), "{page:?}");
}

async fn sign_in_by_number(grace: &Browser, server: &Running) {
    let page = grace.get("/sign-in/code").await;
    assert!(page.body.contains("Text me a code"), "{page:?}");
    let ask = "phone=%2B1+555+123+4567&redirect_to=%2Faccount&pending_to=%2Fcheck-mail%3Ffor%3Dsign-in";
    let answer = grace.form("/api/auth/otp", ask).await;
    let waiting = location(&answer).to_owned();
    assert!(waiting.starts_with("/check-mail?for=sign-in&phone="), "{waiting}");
    let page = grace.get(&waiting).await;
    assert!(page.body.contains("Check your phone"), "{page:?}");
    assert!(page.body.contains("name=\"type\" value=\"sms\""), "{page:?}");
    let code = server.code_texted_to("+15551234567", 1).await;
    let typed = format!("type=sms&phone=%2B15551234567&token={code}&redirect_to=%2Faccount");
    assert_eq!(location(&grace.form("/api/auth/verify", &typed).await), "/account");
    let page = grace.get("/account").await;
    assert!(page.body.contains("15551234567"), "{page:?}");

    // With a password from then on.
    let chosen = grace
        .submit("/account", "/api/auth/user", &[("password", "nobody guesses this")])
        .await;
    assert_eq!(location(&chosen), "/account?done=password");
    grace.form("/api/auth/logout", "redirect_to=%2F").await;
    let typed = [("phone", "+1 555 123 4567"), ("password", "nobody guesses this")];
    let signed_in = grace
        .submit("/sign-in", "/api/auth/token?grant_type=password", &typed)
        .await;
    assert_eq!(location(&signed_in), "/");
    assert_eq!(grace.get("/me").await.status, 200);
}

/// An administrator invites a guest, who invites nobody.
async fn invite(grace: &Browser, guest: &Browser, mails: &Mails) {
    assert!(grace.get("/account").await.body.contains("Invite somebody"));
    let typed = [("email", "guest@example.com")];
    let invited = grace.submit("/account", "/api/auth/invite", &typed).await;
    let page = grace.get(location(&invited)).await;
    assert!(page.body.contains("The invitation is on its way."), "{page:?}");
    choose_a_password(guest, mails, "guest@example.com", "invited").await;
    assert!(!guest.get("/account").await.body.contains("Invite somebody"));
    let refused = guest.form("/api/auth/invite", "email=friend%40example.com").await;
    assert!(location(&refused).contains("error_code=not_admin"), "{refused:?}");
}

/// Follows the link of a mail to the page for a new password.
async fn choose_a_password(browser: &Browser, mails: &Mails, email: &str, about: &str) {
    let mail = mails.next(email, about).await;
    assert_eq!(location(&browser.follow(mail.path()).await), "/new-password");
    let typed = [("password", "nobody guesses this")];
    let chosen = browser.submit("/new-password", "/api/auth/user", &typed).await;
    assert_eq!(location(&chosen), "/?done=password");
    assert_eq!(me(browser).await["email"], email);
}

async fn me(browser: &Browser) -> Value {
    let answer = browser.get("/me").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// Where the link with these words leads.
fn link_of(page: &Received, words: &str) -> String {
    let (before, _) = page.body.split_once(&format!("\">{words}</a>")).unwrap();
    let (_, target) = before.rsplit_once("href=\"").unwrap();
    target.replace("&amp;", "&")
}

/// Where a redirect leads; links are followed to full addresses of the application.
fn location(answer: &Received) -> &str {
    assert_eq!(answer.status, 303, "{answer:?}");
    let location = answer.header("location").unwrap();
    match location.strip_prefix("http://localhost:") {
        Some(rest) => &rest[rest.find('/').unwrap()..],
        None => location,
    }
}
