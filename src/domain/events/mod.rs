//! Custom events: their definition, the code that reports them, and picking an element on a page.

pub mod event;
pub mod install;
pub mod pick;
