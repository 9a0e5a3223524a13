//! Hands what libFuzzer makes up to the target `selector`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| guestlog_fuzz::picked_element(data));
