use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    Auth, Secret,
    adapters::MemoryAdapter,
    http::{openapi::openapi, route},
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
