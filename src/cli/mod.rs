//! The command line: arguments, answers on stdout, exit codes.

/// Runs the command the arguments name.
#[must_use]
pub fn run() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
