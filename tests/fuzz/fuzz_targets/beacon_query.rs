//! Hands what libFuzzer makes up to the target `beacon_query`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| guestlog_fuzz::beacon_query(data));
