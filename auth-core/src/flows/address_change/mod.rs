//! Another address or number for an account: it counts when it is proven, and until then the old one does.
//!
//! Against a session left open somewhere (a change of address needs a fresh proof, and the owner of the old address has to
//! agree or is at least told), against learning who is here (a taken address is answered like a free one).

mod pending;
mod service;

pub use pending::PendingChange;
pub(crate) use service::{NEW_EMAIL, exists, has_agreed, in_need_of_both, leads_to, with_agreement};
