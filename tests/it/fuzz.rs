//! The targets of `tests/fuzz` with their seeds, and with ten thousand changes of them each. What libFuzzer has found is
//! a seed.

use std::path::Path;

use guestlog::base::random::SeededRandom;

#[expect(unreachable_pub, reason = "the targets of cargo fuzz call them from outside")]
#[path = "../fuzz/targets.rs"]
mod targets;

use targets::TARGETS;

/// Changed seeds per target.
const CASES: u32 = 10_000;
/// The same for targets that open a database for each.
const SLOW_CASES: u32 = 300;
/// Pieces that readers look at.
const PIECES: [&[u8]; 14] = [
    b"%",
    b"%00",
    b"%ff",
    b"\"",
    b"\\",
    b"\\ud800",
    b"{",
    b"[",
    b"*",
    b":",
    b"\n",
    b"\xff\xfe",
    b"1e999",
    "\u{202e}".as_bytes(),
];

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// One to eight changes: a bit, a byte, a piece put in, a part taken out, repeated, or taken from another seed.
fn change(random: &SeededRandom, seeds: &[Vec<u8>]) -> Vec<u8> {
    let below = |count: usize| usize::try_from(random.next_u64() % count.max(1) as u64).unwrap();
    let mut data = seeds[below(seeds.len())].clone();
    for _ in 0..=below(8) {
        let (at, end) = (below(data.len() + 1), below(data.len() + 1));
        let (from, to) = (at.min(end), at.max(end));
        match below(6) {
            0 => data.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << below(8)),
            1 => data.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.next_u64() as u8),
            2 => drop(data.splice(at..at, PIECES[below(PIECES.len())].iter().copied())),
            3 => drop(data.drain(from..to)),
            4 => {
                let part = data[from..to.min(from + 64)].repeat(1 + below(20));
                drop(data.splice(at..at, part));
            }
            _ => {
                let other = &seeds[below(seeds.len())];
                let cut = below(other.len() + 1);
                drop(data.splice(from..to, other[cut..].iter().copied()));
            }
        }
        data.truncate(1 << 17);
    }
    data
}

#[test]
fn no_reader_of_bytes_from_outside_panics() {
    std::thread::scope(|scope| {
        for (name, target) in TARGETS {
            scope.spawn(move || {
                let seeds = seeds(name);
                assert!(!seeds.is_empty(), "{name} has no seed");
                seeds.iter().for_each(|seed| target(seed));
                let random = SeededRandom::new(name.len() as u64);
                let cases = if name == "backup" { SLOW_CASES } else { CASES };
                for case in 0..cases {
                    let data = change(&random, &seeds);
                    let outcome = std::panic::catch_unwind(|| target(&data));
                    assert!(outcome.is_ok(), "{name}, case {case}: {:?}", String::from_utf8_lossy(&data));
                }
            });
        }
    });
}
