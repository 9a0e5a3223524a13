//! Hands what libFuzzer makes up to the target `segment`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| guestlog_fuzz::segment(data));
