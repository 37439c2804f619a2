#![no_main]

use auth_core::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| fuzz::stored_hash(text));
