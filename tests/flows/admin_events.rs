//! What happened, as administrators read it.

use serde_json::{Value, json};

use super::admin::{administrator, service};
use crate::{App, PASSWORD, stories};

stories![
    events_are_read_newest_first_page_by_page,
    events_are_found_by_user_and_kind,
    audit_answers_gotrues_entries,
    events_that_are_not_kept_cannot_be_read,
    events_tell_no_secret,
    what_administrators_do_is_told_of_them,
];

async fn keeping(app: &App) -> App {
    app.beside(|builder| builder.keep_events(true)).await
}

fn kinds(answer: &Value) -> Vec<String> {
    let events = answer["events"].as_array().unwrap().iter();
    events.map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

/// One reads what one did.
async fn events_are_read_newest_first_page_by_page(app: App) {
    let app = keeping(&app).await;
    let admin = service(&app);
    for number in 0..5 {
        let body = json!({ "email": format!("u{number}@example.com") });
        assert_eq!(admin.post("/api/auth/admin/users", body).await.status(), 200);
        app.wait(std::time::Duration::from_millis(5));
    }
    let all = admin.get("/api/auth/admin/events").await.json();
    assert_eq!(kinds(&all), vec!["user_created"; 5]);
    let ids = all["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["id"].as_str().unwrap());
    assert!(ids.is_sorted_by(|one, next| one > next), "{all}");
    assert_eq!(all["events"][0]["reason"], "admin");
    let mut path = "/api/auth/admin/events?kind=user_created&per_page=2".to_owned();
    let mut read = Vec::new();
    loop {
        let answer = admin.get(&path).await;
        read.extend(answer.json()["events"].as_array().unwrap().clone());
        let Some(link) = answer.header("link") else { break };
        let next = link.strip_prefix("<https://app.example.com").unwrap();
        path = next.split('>').next().unwrap().to_owned();
    }
    assert_eq!(Value::from(read), all["events"]);
    let second = admin.get("/api/auth/admin/events?page=2&per_page=2").await.json();
    assert_eq!(second["events"][0], all["events"][2]);
    let far = admin.get("/api/auth/admin/events?page=1000&per_page=1000").await;
    assert_eq!(far.status(), 400);
}

async fn events_are_found_by_user_and_kind(app: App) {
    let app = keeping(&app).await;
    let admin = service(&app);
    let ada = app.signed_up("ada@example.com").await;
    app.signed_up("grace@example.com").await;
    let id = ada.get("/api/auth/user").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let hers = admin.get(&format!("/api/auth/admin/events?user_id={id}")).await.json();
    assert!(
        hers["events"]
            .as_array()
            .unwrap()
            .iter()
            .all(|event| event["user_id"] == id)
    );
    let path = format!("/api/auth/admin/events?user_id={id}&kind=authn_login_success");
    assert_eq!(kinds(&admin.get(&path).await.json()), ["authn_login_success"]);
    let nobodys = admin.get("/api/auth/admin/events?user_id=nobody").await.json();
    assert_eq!(nobodys, json!({ "events": [] }));
}

/// [C] Audit — GET `/admin/audit` pages entries newest first, filter by author/action/type.
async fn audit_answers_gotrues_entries(app: App) {
    let app = keeping(&app).await;
    let admin = service(&app);
    let ada = app.signed_up("ada@example.com").await;
    let user = ada.get("/api/auth/user").await.json();
    let entries = admin.get("/api/auth/admin/audit").await.json();
    let actions: Vec<&str> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["payload"]["action"].as_str().unwrap())
        .collect();
    assert!(
        actions.contains(&"login") && actions.contains(&"user_signedup"),
        "{actions:?}"
    );
    let entry = &entries[0];
    assert!(entry["id"].is_string() && entry["created_at"].is_string() && entry["ip_address"].is_string());
    assert_eq!(entry["payload"]["actor_id"], user["id"]);
    let logins = admin.get("/api/auth/admin/audit?query=action:login").await.json();
    assert_eq!(logins.as_array().unwrap().len(), 1);
    assert_eq!(logins[0]["payload"]["log_type"], "account");
    let hers = admin
        .get("/api/auth/admin/audit?query=author:ada@example.com")
        .await
        .json();
    assert_eq!(hers.as_array().unwrap().len(), entries.as_array().unwrap().len());
    let of_class = async |class: &str| {
        let answer = admin.get(&format!("/api/auth/admin/audit?query=type:{class}")).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        answer.json()
    };
    let all = entries.as_array().unwrap();
    for class in ["account", "team"] {
        let of_it = all.iter().filter(|entry| entry["payload"]["log_type"] == class);
        let of_it: Vec<&Value> = of_it.collect();
        assert!(!of_it.is_empty(), "{class}");
        assert_eq!(
            of_class(class).await.as_array().unwrap().iter().collect::<Vec<_>>(),
            of_it
        );
    }
    assert_eq!(of_class("factor").await, json!([]));
    let paged = admin.get("/api/auth/admin/audit?query=type:team&page=2").await.json();
    assert_eq!(paged, json!([]));
    let paged = admin.get("/api/auth/admin/audit?page=2&per_page=1").await.json();
    assert_eq!(paged[0], entries[1]);
    assert_eq!(admin.get("/api/auth/admin/audit?query=nonsense").await.status(), 400);
}

async fn events_that_are_not_kept_cannot_be_read(app: App) {
    let admin = service(&app);
    for path in ["/api/auth/admin/events", "/api/auth/admin/audit"] {
        let answer = admin.get(path).await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (404, "feature_disabled")
        );
        assert_eq!(app.script().get(path).await.status(), 401);
    }
}

async fn events_tell_no_secret(app: App) {
    let app = keeping(&app).await;
    let admin = service(&app);
    let ada = app.signed_up("ada@example.com").await;
    app.browser().sign_in("ada@example.com", "a wrong password").await;
    let link = json!({ "type": "recovery", "email": "ada@example.com" });
    let link = admin.post("/api/auth/admin/generate_link", link).await.json();
    let read = admin.get("/api/auth/admin/events").await;
    let secrets = [ada.token().unwrap(), link["hashed_token"].as_str().unwrap().to_owned()];
    for secret in secrets
        .iter()
        .map(String::as_str)
        .chain([PASSWORD, "a wrong password", "ada@example.com"])
    {
        assert!(!read.text().contains(secret), "{secret}");
    }
    assert!(kinds(&read.json()).contains(&"admin_link_generated".to_owned()));
}

/// G6.12-08: of several administrators, which one.
async fn what_administrators_do_is_told_of_them(app: App) {
    let app = keeping(&app).await;
    let (root, root_id) = administrator(&app, "root@example.com").await;
    let (other, other_id) = administrator(&app, "other@example.com").await;
    let ada = app.signed_up("ada@example.com").await;
    let ada_id = ada.get("/api/auth/user").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/auth/admin/users/{ada_id}");
    assert_eq!(root.put(&path, json!({ "ban_duration": "1h" })).await.status(), 200);
    assert_eq!(other.delete(&format!("{path}/sessions"), json!({})).await.status(), 200);
    assert_eq!(other.delete(&path, json!({})).await.status(), 200);
    let program = service(&app);
    let made = program
        .post("/api/auth/admin/users", json!({ "email": "grace@example.com" }))
        .await;
    assert_eq!(made.status(), 200);

    let acts = async |actor: &str| {
        let path = format!("/api/auth/admin/events?actor={actor}&user_id={ada_id}");
        // Within a millisecond there is no order.
        let mut kinds = kinds(&program.get(&path).await.json());
        kinds.sort();
        kinds
    };
    assert!(acts(root_id.as_str()).await.contains(&"user_banned".to_owned()));
    assert_eq!(acts(other_id.as_str()).await, ["session_revoked", "user_deleted"]);
    assert!(acts(&ada_id).await.contains(&"user_created".to_owned()));
    let deleted = program
        .get("/api/auth/admin/audit?query=action:user_deleted")
        .await
        .json();
    assert_eq!(deleted[0]["payload"]["actor_id"], other_id.as_str());
    assert_eq!(deleted[0]["payload"]["traits"]["user_id"], ada_id.as_str());
    let hers = program
        .get("/api/auth/admin/audit?query=author:other@example.com")
        .await
        .json();
    assert!(hers.as_array().unwrap().contains(&deleted[0]), "{hers}");
    let of_programs = program
        .get("/api/auth/admin/audit?query=author:service_role")
        .await
        .json();
    assert_eq!(of_programs[0]["payload"]["traits"]["user_id"], made.json()["id"]);
}
