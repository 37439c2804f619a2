//! An account without any address, for somebody who wants to look around first; it becomes a real one when an address or
//! number is set and proven.

mod service;
