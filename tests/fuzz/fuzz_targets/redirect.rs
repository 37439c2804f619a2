#![no_main]

libfuzzer_sys::fuzz_target!(|target: &str| auth_core::fuzz::redirect(target));
