use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::{
    Components, Content, HttpMethod, Info, License, OpenApi, OpenApiBuilder, Paths, PathsBuilder, Ref, Required,
    Response, ResponseBuilder, Responses, ResponsesBuilder, SecurityRequirement, Server,
    path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem},
    request_body::{RequestBody, RequestBodyBuilder},
    schema::{ObjectBuilder, Schema},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use super::{
    Answer, Caller, Member, RouteDoc,
    schemas::{member_schema, schemas},
};
use crate::{
    auth::Auth,
    error::{Error, ErrorKind, Result},
    http::{reply::is_about_tokens, route, told::told},
};

/// The document for this handle.
///
/// # Errors
/// Never, as long as every route has its record; a test sees to that.
pub(crate) fn openapi(auth: &Auth) -> Result<Value> {
    serde_json::to_value(document(auth)).map_err(|error| Error::with_source(ErrorKind::Unknown, error))
}

fn document(auth: &Auth) -> OpenApi {
    let mut info = Info::new("auth", env!("CARGO_PKG_VERSION"));
    info.description = Some(env!("CARGO_PKG_DESCRIPTION").to_owned());
    info.license = Some(License::new(env!("CARGO_PKG_LICENSE")));
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new(address(auth))]))
        .paths(paths(auth))
        .components(Some(components(auth)))
        .build()
}

/// Where the paths begin; a lone slash before them would be one too many.
fn address(auth: &Auth) -> String {
    match auth.mount() {
        "" => auth.origin(),
        path => path.to_owned(),
    }
}

fn components(auth: &Auth) -> Components {
    let mut components = Components::new();
    components.schemas.extend(schemas());
    let cookie = match &auth.inner.tokens {
        Some(strategy) => strategy.cookies.access.name(),
        None => auth.inner.cookies.name(),
    };
    components.add_security_scheme(
        "cookie",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie))),
    );
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
    );
    components
}

fn paths(auth: &Auth) -> Paths {
    let mut items: BTreeMap<String, PathItem> = BTreeMap::new();
    for doc in route::docs() {
        let (method, path) = doc.route;
        let Some(method) = http_method(method) else {
            continue;
        };
        let item = PathItem::new(method, operation(auth, doc));
        items
            .entry(named_path(path, doc.path))
            .or_default()
            .merge_operations(item);
    }
    let mut paths = PathsBuilder::new();
    for (path, item) in items {
        paths = paths.path(path, item);
    }
    paths.build()
}

/// The path with its segments' names: `/sessions/{}` is `/sessions/{id}`.
fn named_path(path: &str, names: &[Member]) -> String {
    let mut names = names.iter();
    path.split('/')
        .map(|segment| match segment {
            "{}" => format!("{{{}}}", names.next().map_or("unnamed", |member| member.name)),
            other => other.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn operation(auth: &Auth, doc: &RouteDoc) -> Operation {
    let tag = doc.route.1.split('/').nth(1).unwrap_or_default();
    let mut operation = OperationBuilder::new()
        .operation_id(Some(doc.name))
        .summary(Some(doc.summary))
        .tag(tag)
        .request_body(request_body(doc))
        .responses(responses(auth, doc));
    for (members, place) in [(doc.path, ParameterIn::Path), (doc.query, ParameterIn::Query)] {
        for member in members {
            operation = operation.parameter(parameter(member, &place));
        }
    }
    if takes_forms(doc) && !has(doc.query, "redirect_to") {
        operation = operation.parameter(parameter(&Member::FORM_REDIRECT_TO, &ParameterIn::Query));
    }
    let schemes: &[&str] = match doc.caller {
        Caller::Anybody => &[],
        Caller::Administrator | Caller::User => &["cookie", "bearer"],
    };
    for scheme in schemes {
        operation = operation.security(SecurityRequirement::new::<_, [&str; 0], &str>(*scheme, []));
    }
    operation.build()
}

fn parameter(member: &Member, place: &ParameterIn) -> Parameter {
    let is_path = *place == ParameterIn::Path;
    ParameterBuilder::new()
        .name(member.name)
        .parameter_in(place.clone())
        .required(required(member.required || is_path))
        .description(Some(member.about))
        .schema(Some(member_schema(member, false)))
        .build()
}

/// JSON everywhere; what a page's form can send, a form too, which says where the browser goes on.
fn request_body(doc: &RouteDoc) -> Option<RequestBody> {
    let mut of_forms: Vec<&Member> = doc.body.iter().collect();
    if !has(doc.body, "redirect_to") {
        of_forms.push(&Member::FORM_REDIRECT_TO);
    }
    of_forms.extend(doc.query.iter().filter(|member| member.name == "pending_to"));

    let mut body = RequestBodyBuilder::new();
    if !doc.body.is_empty() {
        body = body.content("application/json", Content::new(Some(object(doc.body.iter(), true))));
    }
    if takes_forms(doc) {
        body = body.content(FORM, Content::new(Some(object(of_forms.into_iter(), false))));
    } else if doc.body.is_empty() {
        return None;
    }
    let needed = doc.body.iter().any(|member| member.required);
    Some(body.required(Some(required(needed))).build())
}

fn object<'a>(members: impl Iterator<Item = &'a Member>, nullable: bool) -> Schema {
    let mut object = ObjectBuilder::new();
    for member in members {
        object = object.property(member.name, member_schema(member, nullable && !member.required));
        if member.required {
            object = object.required(member.name);
        }
    }
    object.build().into()
}

fn has(members: &[Member], name: &str) -> bool {
    members.iter().any(|member| member.name == name)
}

/// Whether a page's form is sent here as it is, without a `_method`.
fn takes_forms(doc: &RouteDoc) -> bool {
    doc.route.0 == "POST"
}

fn responses(auth: &Auth, doc: &RouteDoc) -> Responses {
    let mut responses: BTreeMap<u16, Response> = BTreeMap::new();
    for answer in doc.answers {
        let (status, response) = match answer {
            Answer::Json(schema) => (200, json_response("Done.", schema)),
            Answer::NoContent => (204, Response::new("Done.")),
            Answer::Page => (200, html_response()),
            Answer::SeeOther => (303, Response::new("On to `redirect_to`, with what came of it.")),
        };
        responses.insert(status, response);
    }
    if doc.route.0 != "GET" {
        let sentence = "A form was sent: on to `redirect_to` or `pending_to`, or back with an `error_code`.";
        responses.entry(303).or_insert_with(|| Response::new(sentence));
    }
    let mut words: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for kind in refusals(doc) {
        let (status, word, _) = told(kind);
        let words = words.entry(configured(auth, kind, status.as_u16())).or_default();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    for (status, words) in words {
        responses.insert(status, json_response(&format!("`{}`", words.join("`, `")), "Error"));
    }
    responses
        .into_iter()
        .fold(ResponsesBuilder::new(), |all, (status, response)| {
            all.response(status.to_string(), response)
        })
        .build()
}

/// The status of an error: what ends or renews a token session may have another.
fn configured(auth: &Auth, kind: ErrorKind, status: u16) -> u16 {
    match &auth.inner.tokens {
        Some(strategy) if is_about_tokens(kind) => strategy.config.expired_status,
        _ => status,
    }
}

/// What the route refuses itself, and what every route of its kind does.
fn refusals(doc: &RouteDoc) -> Vec<ErrorKind> {
    let mut kinds = doc.refusals.to_vec();
    kinds.extend([ErrorKind::DatabaseFetchFailed, ErrorKind::TimedOut, ErrorKind::Unknown]);
    if doc.route.0 != "GET" {
        kinds.extend([
            ErrorKind::BadJson,
            ErrorKind::InvalidRequest,
            ErrorKind::PayloadTooLarge,
            ErrorKind::UnsupportedMediaType,
            ErrorKind::ValidationFailed,
        ]);
    }
    if !doc.query.is_empty() {
        kinds.push(ErrorKind::ValidationFailed);
    }
    match doc.caller {
        Caller::Anybody => {}
        Caller::Administrator => {
            kinds.extend([
                // Of a page of another site, whatever the method.
                ErrorKind::InvalidRequest,
                ErrorKind::NotAdmin,
                ErrorKind::ReauthenticationNeeded,
            ]);
            kinds.extend(NOT_SIGNED_IN);
        }
        Caller::User => kinds.extend(NOT_SIGNED_IN),
    }
    kinds
}

fn json_response(description: &str, schema: &str) -> Response {
    ResponseBuilder::new()
        .description(description)
        .content("application/json", Content::new(Some(Ref::from_schema_name(schema))))
        .build()
}

fn html_response() -> Response {
    ResponseBuilder::new()
        .description("A page for people.")
        .content("text/html", Content::new(None::<Schema>))
        .build()
}

fn required(required: bool) -> Required {
    if required { Required::True } else { Required::False }
}

fn http_method(method: &str) -> Option<HttpMethod> {
    Some(match method {
        "DELETE" => HttpMethod::Delete,
        "GET" => HttpMethod::Get,
        "PATCH" => HttpMethod::Patch,
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        _ => return None,
    })
}

/// What is told to whoever is not, or no longer, signed in.
const NOT_SIGNED_IN: [ErrorKind; 8] = [
    ErrorKind::BadJwt,
    ErrorKind::InvalidSessionId,
    ErrorKind::InvalidUserId,
    ErrorKind::NotAuthenticated,
    ErrorKind::TokenTheft,
    ErrorKind::TryRefreshToken,
    ErrorKind::Unauthorised,
    ErrorKind::UserShutOut,
];

const FORM: &str = "application/x-www-form-urlencoded";
