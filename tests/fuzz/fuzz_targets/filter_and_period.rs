//! Hands what libFuzzer makes up to the target `filter_and_period`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| guestlog_fuzz::filter_and_period(data));
