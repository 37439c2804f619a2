//! What the service says about itself: whether it lives, and what it offers. Nothing about any user.

pub(crate) mod docs;
pub(crate) mod routes;
