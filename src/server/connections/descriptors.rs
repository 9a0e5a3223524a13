//! File descriptors: how many the process may have, and how many of them connections may take.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept free for files that are opened for a moment: backups, map files, sorting, new readers.
const RESERVE: usize = 12;
/// What a server needs beside its connections, and what each of its workers needs.
const OF_SERVER: usize = 6;
const OF_WORKER: usize = 4;
/// The fewest connections. With fewer descriptors than these need, connections wait for each other.
const CONNECTIONS_MIN: usize = 8;
/// What is counted as in use when that cannot be found out.
const IN_USE: usize = 40;

/// The most connections: each takes some 20 KB, and three times that when its client sends ahead and does not read.
const CONNECTIONS_MAX: usize = 1_200;

/// How many connections servers with so many workers in all may have. It raises the limit of the process as far as it
/// may, because service managers start processes with a low one. It is called when the store is open.
pub(in crate::server) fn connections(servers: usize, workers: usize) -> usize {
    let limit = raise_limit();
    let in_use = std::fs::read_dir("/proc/self/fd").map_or(IN_USE, Iterator::count);
    let others = in_use + servers * OF_SERVER + workers * OF_WORKER + RESERVE;
    let left = limit.saturating_sub(others);
    if left < CONNECTIONS_MIN {
        tracing::warn!(
            limit,
            "the limit of open files is so low that visitors may have to wait for each other"
        );
    }
    left.clamp(CONNECTIONS_MIN, CONNECTIONS_MAX)
}

fn raise_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    // `None` is no limit.
    current.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
