use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    Auth, Secret,
    adapters::MemoryAdapter,
    http::{
        openapi::{RouteDoc, openapi},
        route,
    },
};

fn document() -> Value {
    let auth = Auth::builder(MemoryAdapter::default())
        .secret(Secret::random().unwrap())
        .base_url("https://example.com")
        .build()
        .unwrap();
    openapi(&auth).unwrap()
}

#[test]
fn every_route_has_one_record_and_every_record_a_route() {
    let routes: Vec<_> = route::all().map(|route| (route.method, route.path)).collect();
    let docs: Vec<_> = route::docs().map(|doc| doc.route).collect();
    for route in &routes {
        assert_eq!(
            docs.iter().filter(|doc| *doc == route).count(),
            1,
            "{route:?} in its flow's docs.rs"
        );
    }
    for doc in &docs {
        assert!(routes.contains(doc), "{doc:?} is no route");
    }
}

#[test]
fn every_record_is_complete() {
    let mut names = BTreeSet::new();
    for doc in route::docs() {
        assert!(names.insert(doc.name), "{} twice", doc.name);
        assert!(doc.summary.ends_with('.') && doc.summary.len() > 10, "{}", doc.name);
        assert!(!doc.answers.is_empty(), "{} answers nothing", doc.name);
        assert_eq!(doc.path.len(), doc.route.1.matches("{}").count(), "{}", doc.name);
        for member in doc.path.iter().chain(doc.query).chain(doc.body) {
            assert!(member.about.ends_with('.'), "{}: {}", doc.name, member.name);
        }
        assert!(doc.body.is_empty() || doc.route.0 != "GET", "{} has a body", doc.name);
    }
}

/// The members that a flow's routes read, by the literals in their source.
fn members_read(source: &str) -> BTreeSet<&str> {
    const READING: [&str; 10] = [
        "body.text(\"",
        "body.object(\"",
        "body.flag(\"",
        "body.take_password(\"",
        "call.address(\"",
        "call.query(\"",
        "call.asked(",
        "call.asked_for_another(",
        "check_captcha(",
        "check_channel(",
    ];
    let mut members = BTreeSet::new();
    for reading in READING {
        for (at, _) in source.match_indices(reading) {
            let rest = &source[at + reading.len()..];
            match reading {
                "call.asked(" => members.extend(["code_challenge", "code_challenge_method", "redirect_to"]),
                "call.asked_for_another(" => members.extend(["redirect_to"]),
                "check_captcha(" => members.extend(["gotrue_meta_security"]),
                "check_channel(" => members.extend(["channel"]),
                _ => members.extend(rest.split('"').next()),
            }
        }
    }
    members
}

/// Of each flow: what no route of it documents, no generated client sends and no fuzzer tries.
#[test]
fn every_member_that_a_flow_reads_is_in_its_record() {
    let flows = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/flows");
    let mut flows_seen = 0;
    for flow in std::fs::read_dir(flows).unwrap() {
        let path = flow.unwrap().path().join("routes.rs");
        let Ok(source) = std::fs::read_to_string(&path) else {
            continue;
        };
        flows_seen += 1;
        // Three flows have a part in the one route for tokens.
        let is_of_flow = |doc: &&RouteDoc| {
            let (method, path) = doc.route;
            path == "/token" || source.contains(&format!("\"{method}\" \"{path}\""))
        };
        let docs: Vec<_> = route::docs().filter(is_of_flow).collect();
        let documented: BTreeSet<_> = docs
            .iter()
            .flat_map(|doc| doc.path.iter().chain(doc.query).chain(doc.body))
            .map(|member| member.name)
            .collect();
        let read = members_read(&source);
        // Read to be refused.
        let missing = read.difference(&documented).filter(|member| **member != "app_metadata");
        let missing: Vec<_> = missing.copied().collect();
        assert_eq!(missing, [""; 0], "{}", path.display());
    }
    assert!(flows_seen > 8, "{flows_seen}");
}

/// Whoever reads a target in the query has looked for it in the body before.
#[test]
fn a_target_is_described_wherever_it_is_read() {
    let document = document();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let Some(operation) = operations.get("post") else {
            continue;
        };
        let members = |media: &str| &operation["requestBody"]["content"][media]["schema"]["properties"];
        let form = members("application/x-www-form-urlencoded");
        let query = operation["parameters"].as_array().unwrap();
        for target in ["redirect_to", "pending_to"] {
            let in_query = query.iter().any(|parameter| parameter["name"] == target);
            assert_eq!(form.get(target).is_some(), in_query, "{path}: {target}");
        }
        assert!(form.get("redirect_to").is_some(), "{path}");
        assert!(members("application/json").get("pending_to").is_none(), "{path}");
    }
    for path in [
        "/signup",
        "/magiclink",
        "/otp",
        "/recover",
        "/resend",
        "/invite",
        "/user",
    ] {
        let method = if path == "/user" { "put" } else { "post" };
        let body = &document["paths"][path][method]["requestBody"]["content"]["application/json"];
        assert!(body["schema"]["properties"].get("redirect_to").is_some(), "{path}");
    }
}

#[test]
fn the_document_lists_exactly_the_routes() {
    let document = document();
    let mut listed = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path: Vec<_> = path
            .split('/')
            .map(|segment| if segment.starts_with('{') { "{}" } else { segment })
            .collect();
        for method in item.as_object().unwrap().keys() {
            listed.insert((method.to_uppercase(), path.join("/")));
        }
    }
    let routes: BTreeSet<_> = route::all()
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(listed, routes);
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            Value::Object(members) => members.iter().for_each(|(name, value)| match value {
                Value::String(target) if name == "$ref" => drop(found.insert(target.clone())),
                value => references(value, found),
            }),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{reference}");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(
            found.contains(&format!("#/components/schemas/{name}")),
            "nobody answers {name}"
        );
    }
}

#[test]
fn the_document_says_which_cookie_and_where() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], "/api/auth");
    assert_eq!(
        document["components"]["securitySchemes"]["cookie"]["name"],
        "__Host-auth_session"
    );
    let end = &document["paths"]["/sessions/{id}"]["delete"];
    assert_eq!(end["parameters"][0]["name"], "id");
    assert_eq!(end["responses"]["404"]["description"], "`session_not_found`");
}
