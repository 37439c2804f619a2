#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| auth_core::fuzz::client(bytes));
