//! Who reads a seed finds what it describes: in the manual's table, and by the search of the documentation.

use super::acceptance::{root, sources};

/// What the issue asks for, as `Type::name` here.
const ASKED_FOR: [&str; 22] = [
    "Auth::create_session",
    "Auth::validate_access_token",
    "Auth::refresh_session",
    "Auth::validate_refresh_token",
    "Auth::get_access_token_user",
    "Auth::invalidate_session",
    "Auth::invalidate_refresh_token",
    "Auth::get_session_data",
    "Auth::update_session_data",
    "Auth::revoke_session",
    "Auth::revoke_sessions",
    "Auth::revoke_all_sessions_for_user",
    "Auth::get_all_session_handles_for_user",
    "Auth::update_session_payload",
    "AuthRequest::require_session",
    "Session::user_id",
    "Session::payload",
    "Session::handle",
    "Session::expires",
    "AuthRequest::revoke",
    "AuthRequest::data",
    "AuthRequest::update_data",
];

/// GoTrue's, as they are called here. One story of the flows calls them all, so that there are such functions.
const OF_GOTRUE: [&str; 15] = [
    "sign_up_with_email",
    "sign_in_with_email",
    "sign_up_with_phone",
    "sign_in_with_phone",
    "send_magic_link_email",
    "send_mobile_otp",
    "verify_mobile_otp",
    "invite_user_by_email",
    "reset_password_for_email",
    "refresh_access_token",
    "sign_out",
    "update_user",
    "delete_user",
    "get_user",
    "generate_link",
];

#[test]
fn every_function_of_gotrues_seed_is_there_found_by_its_name_and_called() {
    let code: Vec<String> = sources(&root().join("auth-core/src/flows"))
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    let story = std::fs::read_to_string(root().join("tests/flows/seed_functions.rs")).unwrap();
    for name in OF_GOTRUE {
        let is_there = |text: &String| text.contains(&format!("pub async fn {name}("));
        assert!(code.iter().any(is_there), "{name} is not there");
        let alias = format!("#[doc(alias = \"{}\")]", in_the_seed(name));
        assert!(code.iter().any(|text| text.contains(&alias)), "{name} is not found");
        assert!(story.contains(&format!(".{name}(")), "nobody calls {name}");
    }
}

/// `verifyMobileOTP`, for `verify_mobile_otp`.
fn in_the_seed(name: &str) -> String {
    let mut words = name.split('_');
    let mut written = words.next().unwrap().to_owned();
    for word in words {
        match word {
            "otp" => written.push_str("OTP"),
            word => {
                written.push_str(&word[..1].to_uppercase());
                written.push_str(&word[1..]);
            }
        }
    }
    written
}

#[test]
fn every_function_of_the_token_seeds_is_in_the_table_and_found_by_its_name() {
    let page = std::fs::read_to_string(root().join("auth-core/src/manual/tokens.md")).unwrap();
    let table = page.split("# The seeds' names").nth(1).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').collect())
        .collect();
    for name in ASKED_FOR {
        assert!(
            rows.iter().any(|row| row[2].contains(&format!("[`{name}`]"))),
            "{name} is not in the table"
        );
    }
    // That the links lead somewhere, rustdoc checks; that the seed's names do, this.
    let code: Vec<String> = sources(&root().join("auth-core/src"))
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    for row in rows {
        let described = row[1].split('`').skip(1).step_by(2);
        for seed in described.filter(|name| !name.contains("req, ") && !name.contains("res, ")) {
            let name = seed.trim_start_matches("session.").split('(').next().unwrap();
            let alias = format!("#[doc(alias = \"{name}\")]");
            assert!(code.iter().any(|text| text.contains(&alias)), "{name} leads nowhere");
        }
    }
}
