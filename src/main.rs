//! The binary: hands its arguments to `cli` and returns the exit code.

fn main() -> std::process::ExitCode {
    guestlog::cli::run()
}
