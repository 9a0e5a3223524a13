//! What is wrong with a configuration, in words that help its author to correct it. It never holds a secret.

use std::fmt;

use serde::Serialize;

/// The most mistakes that are shown at once. A file of another kind would fill the screen.
pub const PROBLEMS_MAX: usize = 20;

/// One mistake: where it is, which key has it, what is wrong and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file as it was named, or the environment variable.
    pub place: String,
    /// The line, from 1 up; only in files.
    pub line: Option<usize>,
    /// `section.key`. It is `None` when the whole file is wrong, or when the variable already names the key.
    pub key: Option<String>,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ": {key}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Every mistake that was found, at least one. Each is shown on a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigError {
    pub problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) fn one(place: &str, line: Option<usize>, what: impl Into<String>) -> Self {
        Self { problems: vec![Problem { place: place.to_owned(), line, key: None, what: what.into() }] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().take(PROBLEMS_MAX).enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        match self.problems.len().saturating_sub(PROBLEMS_MAX) {
            0 => Ok(()),
            more => write!(f, "\n({more} more)"),
        }
    }
}

impl std::error::Error for ConfigError {}
