//! Custom events: their definition, the code that fires them, picking their element.

pub mod event;
pub mod install;
pub mod pick;
