//! Hands what libFuzzer makes up to the target `url_rule`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| guestlog_fuzz::url_rule(data));
