//! Hands what libFuzzer makes up to the target `stored_hit`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| guestlog_fuzz::stored_hit(data));
