//! Custom events: their definition, the code that reports them, and picking an element on a page.

pub mod element_picker;
pub mod event;
pub mod snippet;
pub mod value_property;
