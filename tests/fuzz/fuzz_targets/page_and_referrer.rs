//! Hands what libFuzzer makes up to the target `page_and_referrer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| guestlog_fuzz::page_and_referrer(data));
