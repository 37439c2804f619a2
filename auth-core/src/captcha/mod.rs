//! Riddles that tell people from programs: a widget of somebody else's on the page, and a question to them about what it gave.
//!
//! Against programs that try passwords, sign up and ask for mails from many addresses at once: limits per client do not see that
//! it is one. What a program is refused for has cost nobody anything: no hash, no mail, none of an account's attempts.
//!
//! ```
//! # #[cfg(feature = "reqwest")] {
//! use std::time::Duration;
//! use auth_core::{Auth, CaptchaCheck, ReqwestClient, Secret, SiteVerify, adapters::MemoryAdapter};
//!
//! # let secret_key = Secret::new("0x4AAA");
//! let turnstile = SiteVerify::turnstile(ReqwestClient::new(Duration::from_secs(10))?, secret_key)?;
//! let auth = Auth::builder(MemoryAdapter::default())
//!     .secret(Secret::random()?)
//!     .base_url("https://example.com")
//!     .captcha(CaptchaCheck::new(turnstile))
//!     .build()?;
//! # let _ = auth;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It does not show anything: the widget stands on your page. And it does not take the place of limits: people are paid to solve
//! riddles.

mod check;
mod site_verify;

pub use check::{Captcha, CaptchaAnswer, CaptchaCheck};
pub use site_verify::SiteVerify;
