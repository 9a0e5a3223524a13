//! The binary: hands its arguments to `cli` and returns the exit code.

/// The allocator of the whole program, of SQLite as well. Each password check takes 19 MB for a moment, and a flood of
/// requests much more; this one gives such memory back within seconds. It is set up in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    guestlog::cli::run()
}
