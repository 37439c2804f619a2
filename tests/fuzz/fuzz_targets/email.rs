#![no_main]

libfuzzer_sys::fuzz_target!(|address: &str| {
    if let Ok(once) = auth_core::canonical_email(address) {
        assert_eq!(auth_core::canonical_email(&once).ok().as_ref(), Some(&once));
    }
});
