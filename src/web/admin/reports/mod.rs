//! The report pages: dashboard, live view, and the tables of pages, sources, devices and countries.

pub mod anonymous;
pub mod dashboard;
pub mod devices;
pub mod live;
pub mod pages;
pub mod report_page;
pub mod series_chart;
pub mod sources;
pub mod table;
