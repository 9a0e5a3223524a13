//! What visitors answered when they were asked for consent: the log, choice by choice, and the report.

pub mod log;
pub mod report;
