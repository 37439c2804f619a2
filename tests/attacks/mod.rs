//! What the library does against dishonest people: one file for each attack, named for what it stops.

mod ambiguous_cookies;
mod attacker_chosen_session_id;
mod brute_force_in_parallel;
mod client_disconnects;
mod cross_site_request_forgery;
mod enumeration;
mod expired_session;
mod failing_store;
mod flood_of_sign_ins;
mod forged_access_tokens;
mod forged_token;
mod hash_parameter_bomb;
mod header_injection;
mod kill_during_sign_up;
mod leaked_secrets;
mod logout_race;
mod megabyte_password;
mod open_redirect;
mod other_peoples_sessions;
mod parallel_renewal;
mod privileged_members;
mod session_fixation;
mod spoofed_address;
mod sql_injection;
mod takeover_at_sign_up;
mod token_theft;
