//! Tables and pages of people: contacts, their properties and companies, visitors, the lists contacts are in, and the forms
//! they submit.

pub mod analytics;
pub mod companies;
pub mod company_timeline;
pub mod contact;
pub mod contacts;
pub mod forms;
pub mod kept;
pub mod lists;
pub mod merges;
pub mod person;
pub mod properties;
pub mod timeline_filter;
pub mod visitor;
