#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(token) = auth_core::SessionToken::parse(text) {
        assert_eq!(token.expose().as_str(), text);
    }
});
