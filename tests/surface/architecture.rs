//! Which module may use which, as drawn in the manual's `architecture` page.

use super::acceptance::{root, sources};

/// What a room may use, besides itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("error", &["id"]),
    ("clock", &[]),
    ("entropy", &["error"]),
    ("id", &["error"]),
    ("secret", &["clock", "error", "entropy", "id"]),
    ("model", &["error", "clock", "id", "secret"]),
    ("adapter", &["error", "clock", "id", "secret", "model"]),
    ("adapters", &["error", "clock", "id", "secret", "model", "adapter"]),
    ("email", &["error"]),
    ("password", &["error", "id", "secret", "entropy", "config", "delivery"]),
    ("captcha", &["config", "delivery", "error", "secret"]),
    ("config", &["adapter", "secret", "flows", "limit"]),
    (
        "delivery",
        &[
            "adapter", "clock", "config", "email", "entropy", "error", "event", "id", "model", "secret",
        ],
    ),
    ("phone", &["error"]),
    ("address", &["email", "error", "id", "phone"]),
    ("event", &["clock", "id", "model", "request"]),
    ("proof", &["clock", "id", "model"]),
    (
        "limit",
        &["address", "auth", "config", "error", "event", "id", "model", "request"],
    ),
    (
        "request",
        &[
            "auth", "config", "clock", "error", "event", "flows", "id", "model", "secret",
        ],
    ),
    ("client", &["clock", "config", "flows", "model", "request", "secret"]),
    (
        "http",
        &[
            "address", "auth", "clock", "entropy", "error", "event", "flows", "id", "model", "request", "secret",
        ],
    ),
    (
        "flows",
        &[
            "adapter", "address", "auth", "clock", "config", "delivery", "email", "entropy", "error", "event", "http",
            "id", "model", "password", "proof", "request", "secret",
        ],
    ),
];

#[test]
fn nobody_uses_what_is_not_drawn() {
    let core = root().join("auth-core/src");
    for (path, text) in sources(&core) {
        let relative = path.strip_prefix(&core).unwrap();
        let room = relative.components().next().unwrap().as_os_str().to_str().unwrap();
        let room = room.strip_suffix(".rs").unwrap_or(room);
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            assert!(
                ["auth", "builder", "lib", "manual", "testing"].contains(&room),
                "{room} is not drawn: {}",
                path.display()
            );
            continue;
        };
        let code = text.split("#[cfg(test)]").next().unwrap();
        let is_test = |part: std::path::Component<'_>| {
            matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs" | "fault_tests"))
        };
        if relative.components().any(is_test) || room == "request" && relative.ends_with("fuzz.rs") {
            continue;
        }
        for used in used_rooms(code) {
            assert!(
                used == room || allowed.contains(&used.as_str()),
                "{room} uses {used}: {}",
                path.display()
            );
        }
    }
}

/// The first names behind `crate::` in `use` lines.
fn used_rooms(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for import in code.split("\nuse crate::").skip(1) {
        let import = import.split(';').next().unwrap();
        if let Some(group) = import.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => rooms.push(std::mem::take(&mut name)),
                    _ if depth == 0 => name.push(character),
                    _ => {}
                }
            }
            rooms.push(name);
        } else {
            rooms.push(import.to_owned());
        }
    }
    rooms
        .iter()
        .map(|name| name.trim().split("::").next().unwrap_or_default().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn files_are_small_and_doors_say_what_they_are() {
    for crate_name in ["auth-core", "auth-axum", "auth-actix"] {
        for (path, text) in sources(&root().join(crate_name).join("src")) {
            let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
            let lines = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//") && !line.trim().is_empty());
            let is_suite = path
                .components()
                .any(|part| part.as_os_str() == "conformance" || part.as_os_str() == "tests.rs");
            assert!(is_suite || lines.count() <= 400, "{} has grown", path.display());
            if path.file_name().is_some_and(|name| name == "mod.rs") {
                assert!(text.starts_with("//!"), "{} does not say what it is", path.display());
            }
        }
    }
}

#[test]
fn only_two_files_ask_the_system_and_nothing_is_allowed_quietly() {
    for crate_name in ["auth-core", "auth-axum", "auth-actix"] {
        for (path, text) in sources(&root().join(crate_name).join("src")) {
            let name = path.file_name().unwrap().to_str().unwrap();
            for call in ["SystemTime::now(", "now_utc(", "getrandom::"] {
                let may = ["clock.rs", "entropy.rs"].contains(&name);
                assert!(may || !text.contains(call), "{} calls {call}", path.display());
            }
            assert!(!text.contains("#[allow("), "{} allows quietly", path.display());
            for mark in ["todo!(", "unimplemented!(", "TODO", "FIXME"] {
                assert!(!text.contains(mark), "{} is unfinished", path.display());
            }
        }
    }
}

/// So that nothing is remembered of a session that ended.
#[test]
fn sessions_leave_the_store_in_one_place() {
    let core = root().join("auth-core/src");
    for (path, text) in sources(&core) {
        let relative = path.strip_prefix(&core).unwrap();
        let is_store = ["adapter", "adapters", "testing"]
            .iter()
            .any(|room| relative.starts_with(room));
        if is_store || relative.ends_with("flows/sessions/ending.rs") {
            continue;
        }
        let code: String = text.split_whitespace().collect();
        for ends in ["delete_session", "delete_expired_sessions", "delete_user"] {
            assert!(
                !code.contains(&format!("adapter.{ends}")),
                "{} ends sessions by itself",
                path.display()
            );
        }
    }
}

/// The system's, that is. AWS-LC, behind the feature `aws-lc`, is compiled in under names of its own.
#[test]
fn nothing_drags_in_openssl() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for banned in ["openssl", "openssl-sys", "native-tls"] {
        assert!(!lock.contains(&format!("name = \"{banned}\"")), "{banned}");
    }
}
