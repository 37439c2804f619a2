//! What the library does for honest people.

mod admin;
mod admin_events;
mod admin_links;
mod auth_cookie;
mod auth_request;
mod configuration;
mod forms;
mod keys;
mod password;
mod service;
mod session_cookie;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;
mod stores;
mod token_endings;
mod token_modes;
mod token_requests;
mod token_tabs;
mod tokens;
mod user;
mod users;
