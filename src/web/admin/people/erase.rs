//! The section with which a visitor or a contact is erased. It says first what goes.

/// What the section says. The form is only shown after another click.
pub(crate) struct Erase {
    /// Of the section, and of the button that erases.
    pub title: &'static str,
    pub what: String,
    /// What is not erased.
    pub stays: &'static str,
    pub ask: &'static str,
    pub action: String,
}
