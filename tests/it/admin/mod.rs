//! The admin pages: what all templates, colours and scripts keep to.

mod colours;
mod script;
mod templates;
