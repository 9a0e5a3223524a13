//! Nothing acknowledged is lost or counted twice, whatever happens to the process, the disk or the machine.
//! QUICK leaves these loops out, RUN_SLOW makes them long.

mod audit;
mod disk;
mod inbox;
mod kills;
mod mount;
mod power;
mod sweep;

/// Loops of faults are left out of a quick run.
fn is_quick() -> bool {
    std::env::var_os("QUICK").is_some_and(|set| !set.is_empty())
}

fn is_slow() -> bool {
    std::env::var_os("RUN_SLOW").is_some_and(|set| !set.is_empty())
}
