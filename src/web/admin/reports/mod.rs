//! Pages that show figures of visits.

pub mod dashboard;
pub mod devices;
pub mod live;
pub mod pages;
pub mod report;
pub mod sources;
pub mod table;
