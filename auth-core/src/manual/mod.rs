//! The manual: why things are as they are. The how is with each item.
//!
//! - [`architecture`]: which room is where, and who may ask whom.
//! - [`sessions`]: the life of a session, and the table that [`AuthRequest`](crate::AuthRequest) follows.
//! - [`tokens`]: the other strategy: access tokens, refresh tokens, parents and children, keys.
//! - [`stores`]: which store, how big, what it promises when it fails, backups, several nodes, caches.
//! - [`flows`]: a page for each way in: what it does, its calls, what it stands up to, its settings.
//! - [`delivery`]: who sends mails and text messages, what they say, what the outbox promises.
//! - [`admin`]: who administrates, and what they can do.
//! - [`server`]: the library as a program, for applications in other languages.
//! - [`captcha`]: riddles that tell people from programs, and when they are asked for.
//! - [`forms`]: pages without scripts: what a form says, where it leads.
//! - [`threats`]: each attack, the construction that answers it, the test that shows it; and what is not ours.
//! - [`defaults`]: each default with its reason.
//! - [`write_an_adapter`]: a store of your own.
//! - [`acceptance`]: the rows of the acceptance list, and where each is tested.
//! - [`decisions`]: what was decided, and why.

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("sessions.md")]
pub mod sessions {}

#[doc = include_str!("tokens.md")]
pub mod tokens {}

#[doc = include_str!("stores.md")]
pub mod stores {}

/// One page for each way of signing in or looking after an account.
pub mod flows {
    #[doc = include_str!("flows/address_change.md")]
    pub mod address_change {}

    #[doc = include_str!("flows/anonymous.md")]
    pub mod anonymous {}

    #[doc = include_str!("flows/auth_cookie.md")]
    pub mod auth_cookie {}

    #[doc = include_str!("flows/confirmation.md")]
    pub mod confirmation {}

    #[doc = include_str!("flows/invite.md")]
    pub mod invite {}

    #[doc = include_str!("flows/magic_link.md")]
    pub mod magic_link {}

    #[doc = include_str!("flows/phone.md")]
    pub mod phone {}

    #[doc = include_str!("flows/reauthentication.md")]
    pub mod reauthentication {}

    #[doc = include_str!("flows/recovery.md")]
    pub mod recovery {}

    #[doc = include_str!("flows/verify.md")]
    pub mod verify {}
}

#[doc = include_str!("delivery.md")]
pub mod delivery {}

#[doc = include_str!("admin.md")]
pub mod admin {}

#[doc = include_str!("server.md")]
pub mod server {}

#[doc = include_str!("captcha.md")]
pub mod captcha {}

#[doc = include_str!("forms.md")]
pub mod forms {}

#[doc = include_str!("threats.md")]
pub mod threats {}

#[doc = include_str!("defaults.md")]
pub mod defaults {}

// Its example runs the suite.
#[cfg_attr(feature = "testing", doc = include_str!("write_an_adapter.md"))]
#[cfg_attr(
    not(feature = "testing"),
    doc = "A store of your own; the page needs the feature `testing`."
)]
pub mod write_an_adapter {}

#[doc = include_str!("acceptance.md")]
pub mod acceptance {}

/// What was decided, and why; short, numbered, for good.
pub mod decisions {
    #[doc = include_str!("decisions/0001-batches-under-the-waist.md")]
    pub mod d0001 {}

    #[doc = include_str!("decisions/0002-error-codes-of-three-lineages.md")]
    pub mod d0002 {}

    #[doc = include_str!("decisions/0003-host-is-never-read.md")]
    pub mod d0003 {}

    #[doc = include_str!("decisions/0004-bearer-sessions-are-extended.md")]
    pub mod d0004 {}

    #[doc = include_str!("decisions/0005-forms-name-their-method.md")]
    pub mod d0005 {}

    #[doc = include_str!("decisions/0006-passwords-nfc-eight-characters.md")]
    pub mod d0006 {}

    #[doc = include_str!("decisions/0007-addresses-are-lower-case.md")]
    pub mod d0007 {}

    #[doc = include_str!("decisions/0008-rows-that-are-not-ours.md")]
    pub mod d0008 {}

    #[doc = include_str!("decisions/0009-reads-where-they-are-asked.md")]
    pub mod d0009 {}

    #[doc = include_str!("decisions/0010-jws-over-primitives.md")]
    pub mod d0010 {}

    #[doc = include_str!("decisions/0011-siblings-by-time.md")]
    pub mod d0011 {}

    #[doc = include_str!("decisions/0012-what-tokens-leave-out.md")]
    pub mod d0012 {}

    #[doc = include_str!("decisions/0013-two-back-ends-for-es256.md")]
    pub mod d0013 {}

    #[doc = include_str!("decisions/0014-redis-one-key-per-script.md")]
    pub mod d0014 {}

    #[doc = include_str!("decisions/0015-two-sessions-two-names.md")]
    pub mod d0015 {}

    #[doc = include_str!("decisions/0016-an-outbox-not-a-request.md")]
    pub mod d0016 {}

    #[doc = include_str!("decisions/0017-drivers-and-what-they-cost.md")]
    pub mod d0017 {}

    #[doc = include_str!("decisions/0018-passwords-that-administrators-set.md")]
    pub mod d0018 {}

    #[doc = include_str!("decisions/0019-gotrue-rows-met-in-another-way.md")]
    pub mod d0019 {}

    #[doc = include_str!("decisions/0020-what-a-first-proof-sweeps-away.md")]
    pub mod d0020 {}

    #[doc = include_str!("decisions/0021-tokens-that-others-sign.md")]
    pub mod d0021 {}

    #[doc = include_str!("decisions/0022-rows-in-memory-are-shared.md")]
    pub mod d0022 {}

    #[doc = include_str!("decisions/0023-what-ends-a-session.md")]
    pub mod d0023 {}
}
