use serde_json::{Value, json};

use super::{
    attributes::AdminUserAttributes,
    go_duration,
    link_request::{GenerateLink, LinkKind},
    paging::{Page, with_total},
    shapes::{action_and_class, audit_shape, event_shape, kind_of_action},
    user_list::UserPage,
};
use crate::{
    address::Address,
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    flows::password::routes::declared_attributes,
    http::{Call, Reply, routes, session_listing, user_answer},
    id::{SessionId, UserId},
    model::{EventQuery, EventRecord, User, UserQuery},
};

routes! {
    "GET" "/admin/users" => list_users,
    "POST" "/admin/users" => create_user,
    "GET" "/admin/users/{}" => get_user,
    "PUT" "/admin/users/{}" => update_user,
    "DELETE" "/admin/users/{}" => delete_user,
    "GET" "/admin/users/{}/sessions" => list_sessions,
    "DELETE" "/admin/users/{}/sessions" => end_sessions,
    "POST" "/admin/generate_link" => generate_link,
    "GET" "/admin/events" => list_events,
    "GET" "/admin/audit" => audit,
}

async fn list_users(call: Call) -> Result<Reply> {
    call.require_admin().await?;
    let page = Page::read(&call)?;
    let filter = call.query("filter")?.map(|text| text.trim().to_lowercase());
    let place = call.query("after")?;
    let query = UserQuery {
        filter: filter.filter(|text| !text.is_empty()),
        oldest_first: is_oldest_first(call.query("sort")?.unwrap_or_default())?,
        after: place.filter(|place| !place.is_empty()).map(read_place).transpose()?,
        offset: if place.is_some() { 0 } else { page.offset() },
        limit: page.size(),
    };
    let found = find_users(&call, &query).await?;
    let mut users = Vec::with_capacity(found.users.len());
    for user in &found.users {
        users.push(user_answer(&call.auth, user).await?);
    }
    let reply = Reply::ok(json!({ "users": users, "aud": call.auth.inner.config.audience }));
    if place.is_none() {
        return Ok(page.describe(reply, &call, "/admin/users", found.total));
    }
    let last = found.users.last().filter(|_| page.is_full(found.users.len()));
    let next = last.map(place_of);
    let reply = page.describe_next(reply, &call, "/admin/users", "after", next.as_deref());
    Ok(with_total(reply, found.total))
}

/// Where a user stands in the list: the moment, and the id of those who share it.
fn place_of(user: &User) -> String {
    format!("{}.{}", user.created_at.as_unix_ms(), user.id.as_str())
}

fn read_place(place: &str) -> Result<(Timestamp, UserId)> {
    let read = |place: &str| {
        let (moment, id) = place.split_once('.')?;
        Some((Timestamp::from_unix_ms(moment.parse().ok()?), UserId::from(id)))
    };
    read(place).ok_or_else(|| {
        Error::from(ErrorKind::ValidationFailed)
            .detail("Bad Pagination Parameters: `after` is what the `Link` of a page says, or empty to begin with.")
    })
}

/// A whole address means its owner, and nobody whose address contains it.
async fn find_users(call: &Call, query: &UserQuery) -> Result<UserPage> {
    let Some(address) = query.filter.as_deref().and_then(|filter| Address::email(filter).ok()) else {
        return call.auth.list_users(query).await;
    };
    let owner = call.auth.user_at(&address).await?.map(|(_, user)| user);
    Ok(UserPage {
        total: owner.is_some().into(),
        users: owner
            .into_iter()
            .filter(|user| query.offset == 0 && query.goes_on_to(user))
            .collect(),
    })
}

fn is_oldest_first(sort: &str) -> Result<bool> {
    match sort.split_whitespace().collect::<Vec<_>>().as_slice() {
        [] | ["created_at"] | ["created_at", "desc"] => Ok(false),
        ["created_at", "asc"] => Ok(true),
        _ => Err(Error::from(ErrorKind::ValidationFailed)
            .detail("Bad Sort Parameters: `sort` is `created_at asc` or `created_at desc`.")),
    }
}

async fn create_user(mut call: Call) -> Result<Reply> {
    let administrator = call.require_admin().await?;
    let mut given = AdminUserAttributes::read(&mut call)?;
    if let Some(id) = call.body.text("id")?.filter(|id| !id.is_empty()) {
        given = given.id(id);
    }
    let client = administrator.client(&call);
    let user = call.auth.make_account(given, &client).await?;
    Ok(Reply::ok(user_answer(&call.auth, &user).await?))
}

async fn get_user(call: Call) -> Result<Reply> {
    call.require_admin().await?;
    let user = call.auth.inner.adapter.get_user(&call.user_id()).await?;
    let user = user.ok_or(ErrorKind::UserNotFound)?;
    Ok(Reply::ok(user_answer(&call.auth, &user).await?))
}

async fn update_user(mut call: Call) -> Result<Reply> {
    let administrator = call.require_admin().await?;
    let user_id = call.user_id();
    let given = AdminUserAttributes::read(&mut call)?;
    let own = administrator.session_of(&user_id);
    let client = administrator.client(&call);
    let user = call.auth.change_account(&user_id, given, own, &client).await?;
    Ok(Reply::ok(user_answer(&call.auth, &user).await?))
}

async fn delete_user(call: Call) -> Result<Reply> {
    let administrator = call.require_admin().await?;
    let (user_id, client) = (call.user_id(), administrator.client(&call));
    if call.body.flag("should_soft_delete")?.unwrap_or(false) {
        call.auth.give_up(&user_id, &client).await?;
        return Ok(Reply::ok(json!({})));
    }
    if call.auth.inner.adapter.get_user(&user_id).await?.is_none() {
        return Err(ErrorKind::UserNotFound.into());
    }
    call.auth.remove_user(&user_id, &client).await?;
    Ok(Reply::ok(json!({})))
}

async fn list_sessions(call: Call) -> Result<Reply> {
    let administrator = call.require_admin().await?;
    let user = call.auth.account(&call.user_id()).await?;
    let sessions = call.auth.get_all_user_sessions(&user.id).await?;
    let nobodys = SessionId::from("");
    let current = administrator.session_of(&user.id).unwrap_or(&nobodys);
    let listed: Vec<Value> = sessions
        .iter()
        .map(|session| session_listing(session, current))
        .collect();
    Ok(Reply::ok(json!({ "sessions": listed })))
}

async fn end_sessions(call: Call) -> Result<Reply> {
    let administrator = call.require_admin().await?;
    let user = call.auth.account(&call.user_id()).await?;
    let client = administrator.client(&call);
    call.auth.end_sessions(&user.id, None, &client).await?;
    Ok(Reply::ok(json!({})))
}

async fn generate_link(mut call: Call) -> Result<Reply> {
    let administrator = call.require_admin().await?;
    let kind = call.body.text("type")?.unwrap_or_default();
    let kind = LinkKind::from_word(kind).ok_or_else(|| {
        Error::from(ErrorKind::ValidationFailed).detail(format!("Invalid email action link type requested: {kind}"))
    })?;
    let password = call.body.take_password("password")?;
    let mut wanted = GenerateLink::new(kind, call.body.text("email")?.unwrap_or_default());
    wanted = wanted.data(call.body.object("data")?.cloned().unwrap_or_default());
    if let Some(password) = password {
        wanted = wanted.password(password);
    }
    if let Some(new) = call.body.text("new_email")? {
        wanted = wanted.new_email(new);
    }
    let asked = call.asked_for_another()?;
    let client = administrator.client(&call);
    let link = call.auth.make_link(wanted, &asked, &client).await?;
    let mut answer = user_answer(&call.auth, &link.user).await?;
    for (name, value) in [
        ("action_link", link.action_link.as_str()),
        ("email_otp", &link.email_otp),
        ("hashed_token", &link.hashed_token),
        ("verification_type", link.verification_type),
        ("redirect_to", &link.redirect_to),
    ] {
        answer[name] = Value::from(value);
    }
    Ok(Reply::ok(answer))
}

async fn list_events(call: Call) -> Result<Reply> {
    call.require_admin().await?;
    let query = EventQuery {
        user_id: call.query("user_id")?.filter(|id| !id.is_empty()).map(UserId::from),
        actor: call
            .query("actor")?
            .filter(|actor| !actor.is_empty())
            .map(str::to_owned),
        kind: call.query("kind")?.filter(|kind| !kind.is_empty()).map(str::to_owned),
        ..EventQuery::default()
    };
    let (page, events) = read_events(&call, query).await?;
    let oldest = events.last().filter(|_| page.is_full(events.len()));
    let reply = Reply::ok(json!({ "events": events.iter().map(event_shape).collect::<Vec<_>>() }));
    let before = oldest.map(|event| event.id.as_str());
    Ok(page.describe_next(reply, &call, "/admin/events", "before", before))
}

/// GoTrue's: `query=author:…`, `query=action:…`, `query=type:…`.
async fn audit(call: Call) -> Result<Reply> {
    call.require_admin().await?;
    let mut query = EventQuery::default();
    match call.query("query")?.unwrap_or_default().split_once(':') {
        Some(("author", author)) => query.actor = Some(author_of(&call, author).await?),
        Some(("action", action)) => query.kind = Some(kind_of_action(action).to_owned()),
        Some(("type", class)) => {
            let events = read_class(&call, class).await?;
            return Ok(Reply::ok(events.iter().map(audit_shape).collect()));
        }
        None if call.query("query")?.is_none_or(str::is_empty) => {}
        _ => {
            return Err(Error::from(ErrorKind::ValidationFailed)
                .detail("bad query: use `author:` with an id or an address, `action:` or `type:`"));
        }
    }
    let (_, events) = read_events(&call, query).await?;
    Ok(Reply::ok(events.iter().map(audit_shape).collect()))
}

/// An id or a role as it is; an address stands for whoever has it.
async fn author_of(call: &Call, author: &str) -> Result<String> {
    if author.contains('@')
        && let Ok(address) = Address::email(author)
        && let Some((user_id, _)) = call.auth.user_at(&address).await?
    {
        return Ok(user_id.to_string());
    }
    Ok(author.to_owned())
}

/// By page from the newest on, or from an event on.
async fn read_events(call: &Call, mut query: EventQuery) -> Result<(Page, Vec<EventRecord>)> {
    let (page, before) = event_page(call)?;
    query.before = before;
    query.limit = u32::try_from(page.end()).unwrap_or(u32::MAX);
    let events = page.of(call.auth.list_events(&query).await?);
    Ok((page, events))
}

/// The events of one of GoTrue's classes. A store finds one kind or all, so that all are read, the newest ten thousand at most;
/// `before` goes on from there.
async fn read_class(call: &Call, class: &str) -> Result<Vec<EventRecord>> {
    let (page, before) = event_page(call)?;
    let (mut found, mut read) = (Vec::new(), 0);
    let mut query = EventQuery {
        before,
        limit: AT_ONCE,
        ..EventQuery::default()
    };
    loop {
        let events = call.auth.list_events(&query).await?;
        let is_all = events.len() < AT_ONCE as usize;
        read += events.len() as u64;
        query.before = events.last().map(|event| event.id.clone());
        found.extend(
            events
                .into_iter()
                .filter(|event| action_and_class(&event.kind).1 == class),
        );
        if is_all || found.len() as u64 >= page.end() || read >= MOST_SKIPPED {
            found.truncate(usize::try_from(page.end()).unwrap_or(usize::MAX));
            return Ok(page.of(found));
        }
    }
}

/// Which events are asked for, and from which event on.
fn event_page(call: &Call) -> Result<(Page, Option<String>)> {
    let page = Page::read(call)?;
    if page.end() > MOST_SKIPPED {
        return Err(Error::from(ErrorKind::ValidationFailed)
            .detail("Bad Pagination Parameters: go on from an event with `before`; pages this far are not counted."));
    }
    let before = call.query("before")?.filter(|id| !id.is_empty());
    Ok((page, before.map(str::to_owned)))
}

/// Those skipped are read all the same.
const MOST_SKIPPED: u64 = 10_000;
const AT_ONCE: u32 = 1_000;

impl Call {
    /// The user that the path names.
    fn user_id(&self) -> UserId {
        UserId::from(self.parameters.first().map(String::as_str).unwrap_or_default())
    }
}

impl AdminUserAttributes {
    /// The members of a body, GoTrue's and `attributes`. Empty ones are none.
    fn read(call: &mut Call) -> Result<Self> {
        let password = call
            .body
            .take_password("password")?
            .filter(|password| !password.is_empty());
        let body = &call.body;
        let text = |name| Ok::<_, Error>(body.text(name)?.filter(|text| !text.is_empty()).map(str::to_owned));
        let mut given = Self {
            email: text("email")?,
            phone: text("phone")?,
            email_confirm: body.flag("email_confirm")?.unwrap_or(false),
            phone_confirm: body.flag("phone_confirm")?.unwrap_or(false),
            user_metadata: body.object("user_metadata")?.cloned().unwrap_or_default(),
            app_metadata: body.object("app_metadata")?.cloned().unwrap_or_default(),
            role: text("role")?,
            attributes: declared_attributes(call, |_| true)?,
            ..Self::default()
        };
        match (password, text("password_hash")?) {
            (Some(_), Some(_)) => {
                return Err(Error::from(ErrorKind::ValidationFailed)
                    .detail("Only a password or a password hash should be provided"));
            }
            (Some(password), None) => given = given.password(password),
            (None, Some(hash)) => given = given.password_hash(hash),
            (None, None) => {}
        }
        given.ban = match text("ban_duration")?.as_deref() {
            None => None,
            Some("none") => Some(None),
            Some(duration) => Some(Some(go_duration::parse(duration).ok_or_else(|| {
                Error::from(ErrorKind::ValidationFailed)
                    .detail("invalid format for ban duration: use `none` or something like `24h` or `1h30m`")
            })?)),
        };
        Ok(given)
    }
}
