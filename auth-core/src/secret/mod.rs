//! The types of what a client can hold and of what we keep of it.
//!
//! They exist so that a secret cannot be printed, compared with `==` or stored by mistake: `Debug` is redacted,
//! there is no `Display`, and adapters only ever see a [`Digest`] or a [`HashedPassword`].

mod captcha_token;
mod digest;
mod hashed_password;
mod one_time;
mod password;
mod refresh_token;
mod seal;
mod server;
mod token;
mod wire_token;

pub use captcha_token::CaptchaToken;
pub use digest::Digest;
pub use hashed_password::HashedPassword;
pub(crate) use one_time::{LinkSecret, OneTimeCode};
pub use password::Password;
pub(crate) use refresh_token::Generation;
pub use refresh_token::RefreshToken;
pub(crate) use seal::{open, seal};
pub use server::Secret;
pub use token::SessionToken;
pub use wire_token::WireToken;
