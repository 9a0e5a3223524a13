//! All open connections of a server: who holds them and for whom each waits. A connection that the server waits for can
//! be closed when others need its place, or when it has waited too long. One whose handler is at work is never closed.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use rustc_hash::FxHashMap;

use crate::app::state::rate_limit::sender_of;
use crate::base::cidr::Cidr;
use crate::base::clock::Clock;

/// A client that takes nothing of its answer, or sends nothing of its body, is cut off after this long.
pub(in crate::server) const STALL_TIME: Duration = Duration::from_secs(15);
/// The longest time for the head of a request.
pub(in crate::server) const HEADER_TIME: Duration = Duration::from_secs(5);
/// Of connections for which the server waits, those within a request stay this much longer than idle ones when there are too
/// many. Not for ever: a new idle one may be a visitor whose request comes in a moment.
const REQUEST_GRACE: Duration = Duration::from_secs(2);
/// Most bytes of answers that wait for clients, over all connections.
pub(in crate::server) const UNREAD_MAX: usize = 16 * 1024 * 1024;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) struct Limits {
    pub total: usize,
    /// Of one address, if it is no trusted proxy.
    pub per_address: usize,
}

impl Limits {
    /// Half of all connections may come from one address: a site behind a proxy that nobody declared trusted still works.
    pub(in crate::server) fn of(total: usize) -> Self {
        Self { total, per_address: (total / 2).max(1) }
    }

    /// From this many connections on, the ones that idle longest are closed.
    fn crowded(self) -> usize {
        self.total.saturating_sub(self.step())
    }

    /// Closing goes on until no more than these are left, so that it is not done again for each new connection.
    fn relieved(self) -> usize {
        self.crowded().saturating_sub(self.step())
    }

    /// How many are closed at a time. However few there may be, one idle connection makes room for another.
    fn step(self) -> usize {
        (self.total / 8).max(1)
    }
}

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// It was opened, and the server has not found out yet whether anything has come.
    New,
    /// Between two requests.
    Idle,
    /// A part of a head has come.
    Head,
    /// A part of a body has come.
    Body,
    /// The handler has all it needs.
    Working,
}

/// One open connection.
pub(in crate::server) struct Connection {
    id: u64,
    /// `None` for a trusted proxy.
    address: Option<u64>,
    phase: AtomicU8,
    /// When the phase began, and when a byte last came or went, milliseconds of the monotonic clock.
    since_ms: AtomicU64,
    progress_ms: AtomicU64,
    /// Bytes of an answer that the client does not take, and since when it has not taken all; 0 when it has.
    unread: AtomicUsize,
    unread_since_ms: AtomicU64,
    is_cut: AtomicBool,
    waker: AtomicWaker,
}

impl Connection {
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }

    /// The task to wake when the connection is cut.
    pub(super) fn remember(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::New,
            1 => Phase::Idle,
            2 => Phase::Head,
            3 => Phase::Body,
            _ => Phase::Working,
        }
    }

    fn is_unread(&self) -> bool {
        self.unread_since_ms.load(Ordering::Relaxed) != 0
    }

    /// Since when the server has waited for the client, when it does; within a request `REQUEST_GRACE` later. A new
    /// connection waits for the server, unless that is long ago.
    fn waits_since(&self, now_ms: u64) -> Option<u64> {
        let since_ms = self.since_ms.load(Ordering::Relaxed);
        let later = |since_ms: u64| Some(since_ms.saturating_add(REQUEST_GRACE.as_millis() as u64));
        match (self.is_unread(), self.phase()) {
            // The system holds a whole page for the client, so one that reads is never here.
            (true, _) => Some(self.unread_since_ms.load(Ordering::Relaxed)),
            (false, Phase::New) => {
                let is_long_ago = now_ms.saturating_sub(since_ms) >= HEADER_TIME.as_millis() as u64;
                is_long_ago.then_some(since_ms)
            }
            (false, Phase::Idle) => Some(since_ms),
            (false, Phase::Head | Phase::Body) => later(since_ms),
            (false, Phase::Working) => None,
        }
    }

    /// Whether the client has kept the server waiting for too long.
    fn is_stalled(&self, now_ms: u64) -> bool {
        let for_long = |of: &AtomicU64, limit: Duration| {
            now_ms.saturating_sub(of.load(Ordering::Relaxed)) >= limit.as_millis() as u64
        };
        match self.phase() {
            _ if self.is_unread() => for_long(&self.progress_ms, STALL_TIME),
            Phase::Head => for_long(&self.since_ms, HEADER_TIME),
            Phase::Body => for_long(&self.progress_ms, STALL_TIME),
            Phase::New | Phase::Idle | Phase::Working => false,
        }
    }

    /// False when it is cut already.
    fn cut(&self) -> bool {
        let is_first = !self.is_cut.swap(true, Ordering::Relaxed);
        self.waker.wake();
        is_first
    }
}

#[derive(Default)]
struct Open {
    last_id: u64,
    all: FxHashMap<u64, Arc<Connection>>,
    of_address: FxHashMap<u64, usize>,
    /// How many of them are cut and have not left yet.
    closing: usize,
}

impl Open {
    fn cut(&mut self, which: &[Arc<Connection>]) {
        self.closing += which.iter().filter(|connection| connection.cut()).count();
    }

    /// Closes up to `count` connections for which the server waits, those first for which it has waited longest. Returns
    /// how many it closed, or is closing already.
    fn cut_oldest(&mut self, now_ms: u64, count: usize, is_meant: impl Fn(&Connection) -> bool) -> usize {
        let meant = self.all.values().filter(|connection| is_meant(connection));
        let (closing, open): (Vec<_>, Vec<_>) = meant.partition(|connection| connection.is_cut());
        let (closing, wanted) = (closing.len(), count.saturating_sub(closing.len()));
        let mut waiting: Vec<_> =
            open.into_iter().filter_map(|c| Some((c.waits_since(now_ms)?, c))).collect();
        if waiting.len() > wanted && wanted > 0 {
            waiting.select_nth_unstable_by_key(wanted - 1, |(since, _)| *since);
        }
        waiting.truncate(wanted);
        let oldest: Vec<_> = waiting.into_iter().map(|(_, connection)| Arc::clone(connection)).collect();
        self.cut(&oldest);
        closing + oldest.len()
    }
}

/// The open connections.
pub(in crate::server) struct Connections {
    clock: Arc<dyn Clock>,
    limits: Limits,
    trusted: Vec<Cidr>,
    open: Mutex<Open>,
    unread: AtomicUsize,
}

impl Connections {
    pub(in crate::server) fn new(clock: Arc<dyn Clock>, limits: Limits, trusted: Vec<Cidr>) -> Self {
        Self { clock, limits, trusted, open: Mutex::default(), unread: AtomicUsize::new(0) }
    }

    /// Enters a new connection, and closes idle ones when there are many. `None` when the address holds as many as it
    /// may and the server waits for none of them.
    pub(super) fn enter(&self, address: Option<IpAddr>) -> Option<Arc<Connection>> {
        let now_ms = self.now_ms();
        let address = address.filter(|address| !self.trusted.iter().any(|proxy| proxy.contains(*address)));
        let address = address.map(sender_of);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = address {
            let held = open.of_address.get(&address).copied().unwrap_or(0);
            if held >= self.limits.per_address {
                let spare = self.limits.per_address / 8 + 1;
                let of_address = |connection: &Connection| connection.address == Some(address);
                if open.cut_oldest(now_ms, spare, of_address) == 0 {
                    return None;
                }
            }
        }
        // Those that are closing make room already. Without this each new connection would look through all of them.
        if open.all.len().saturating_sub(open.closing) >= self.limits.crowded() {
            let count = open.all.len() - self.limits.relieved();
            open.cut_oldest(now_ms, count, |_| true);
        }
        open.last_id += 1;
        let connection = Arc::new(Connection {
            id: open.last_id,
            address,
            phase: AtomicU8::new(Phase::New as u8),
            since_ms: AtomicU64::new(now_ms),
            progress_ms: AtomicU64::new(now_ms),
            unread: AtomicUsize::new(0),
            unread_since_ms: AtomicU64::new(0),
            is_cut: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        });
        open.all.insert(connection.id, Arc::clone(&connection));
        if let Some(address) = address {
            *open.of_address.entry(address).or_default() += 1;
        }
        Some(connection)
    }

    pub(super) fn leave(&self, connection: &Connection) {
        self.all_read(connection);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.all.remove(&connection.id).is_some() && connection.is_cut() {
            open.closing -= 1;
        }
        if let Some(address) = connection.address
            && let Some(held) = open.of_address.get_mut(&address)
        {
            *held -= 1;
            if *held == 0 {
                open.of_address.remove(&address);
            }
        }
    }

    /// A connection that was cut off goes on after all.
    pub(super) fn spare(&self, connection: &Connection) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if connection.is_cut.swap(false, Ordering::Relaxed) {
            open.closing -= 1;
            self.begin(connection, Phase::New);
        }
    }

    /// Nothing has come yet on a new connection: now the server waits for it.
    pub(super) fn begin_to_wait(&self, connection: &Connection) {
        if connection.phase() == Phase::New {
            self.begin(connection, Phase::Idle);
        }
    }

    pub(super) fn begin(&self, connection: &Connection, phase: Phase) {
        let now_ms = self.now_ms();
        connection.phase.store(phase as u8, Ordering::Relaxed);
        connection.since_ms.store(now_ms, Ordering::Relaxed);
        connection.progress_ms.store(now_ms, Ordering::Relaxed);
    }

    /// A byte came or went.
    pub(super) fn progress(&self, connection: &Connection) {
        connection.progress_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// The client does not take these bytes now. When all such bytes are too many, the connections that have waited
    /// longest to be read are closed.
    pub(super) fn unread(&self, connection: &Connection, bytes: usize) {
        let before = connection.unread.swap(bytes, Ordering::Relaxed);
        if connection.unread_since_ms.load(Ordering::Relaxed) == 0 {
            connection.unread_since_ms.store(self.now_ms().max(1), Ordering::Relaxed);
            self.progress(connection);
        }
        let all = self.unread.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        self.unread.fetch_sub(before, Ordering::Relaxed);
        if all.saturating_sub(before) > UNREAD_MAX {
            self.cut_unread();
        }
    }

    /// The client has taken all bytes.
    pub(super) fn all_read(&self, connection: &Connection) {
        let before = connection.unread.swap(0, Ordering::Relaxed);
        connection.unread_since_ms.store(0, Ordering::Relaxed);
        self.unread.fetch_sub(before, Ordering::Relaxed);
    }

    /// Closes the connections whose clients have made the server wait for too long.
    pub(in crate::server) fn cut_stalled(&self) {
        let now_ms = self.now_ms();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let stalled = open.all.values().filter(|connection| connection.is_stalled(now_ms));
        let stalled: Vec<_> = stalled.map(Arc::clone).collect();
        open.cut(&stalled);
    }

    /// Closes those that have waited longest to be read, until a quarter of the room is free.
    fn cut_unread(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let unread = open.all.values().filter(|connection| connection.is_unread() && !connection.is_cut());
        let mut unread: Vec<_> = unread.map(Arc::clone).collect();
        unread.sort_unstable_by_key(|connection| connection.unread_since_ms.load(Ordering::Relaxed));
        let mut sum: usize = unread.iter().map(|connection| connection.unread.load(Ordering::Relaxed)).sum();
        let is_too_much = |connection: &Arc<Connection>| {
            let before = sum;
            sum = sum.saturating_sub(connection.unread.load(Ordering::Relaxed));
            before > UNREAD_MAX / 4 * 3
        };
        let cut: Vec<_> = unread.into_iter().take_while(is_too_much).collect();
        open.cut(&cut);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::{ManualClock, Millis, SECOND};

    const TOTAL: usize = 64;

    struct Server {
        clock: Arc<ManualClock>,
        connections: Connections,
        /// The connections whose tasks have not ended.
        open: Vec<Arc<Connection>>,
    }

    impl Server {
        fn new() -> Self {
            Self::of(TOTAL)
        }

        fn of(total: usize) -> Self {
            let clock = ManualClock::at(Millis(1));
            let proxy = "192.0.2.1/32".parse().unwrap();
            let connections = Connections::new(clock.clone(), Limits::of(total), vec![proxy]);
            Self { clock, connections, open: Vec::new() }
        }

        /// Opens a connection a millisecond later.
        fn enter(&mut self, address: &str) -> Option<Arc<Connection>> {
            self.clock.advance(1);
            let connection = self.connections.enter(Some(address.parse().unwrap()))?;
            self.connections.begin_to_wait(&connection);
            self.open.push(Arc::clone(&connection));
            Some(connection)
        }

        /// Opens a connection whose handler is at work.
        fn work(&mut self, address: &str) -> Option<Arc<Connection>> {
            let connection = self.enter(address)?;
            self.connections.begin(&connection, Phase::Working);
            Some(connection)
        }

        /// The tasks of connections that are cut off end.
        fn end_cut(&mut self) -> usize {
            let (cut, open): (Vec<_>, Vec<_>) = self.open.drain(..).partition(|c| c.is_cut());
            self.open = open;
            cut.iter().for_each(|connection| self.connections.leave(connection));
            cut.len()
        }
    }

    #[test]
    fn idle_connections_make_room_the_oldest_first() {
        let mut server = Server::new();
        let working = server.work("198.51.100.1").unwrap();
        let crowded = Limits::of(TOTAL).crowded();
        let idle: Vec<_> = (1..crowded).map(|n| server.enter(&format!("203.0.113.{n}")).unwrap()).collect();
        assert_eq!(server.end_cut(), 0, "at the limit");
        server.enter("203.0.113.99").unwrap();
        let cut = server.end_cut();
        assert_eq!(cut, crowded - Limits::of(TOTAL).relieved(), "one past the limit");
        assert!(idle[..cut].iter().all(|connection| connection.is_cut()), "the oldest");
        assert!(!working.is_cut());
        // Those within a request go when none is idle.
        server.open.iter().for_each(|connection| server.connections.begin(connection, Phase::Working));
        server.connections.begin(&idle[cut], Phase::Body);
        while server.open.len() < crowded {
            server.work("198.51.100.1").unwrap();
        }
        server.work("198.51.100.2").unwrap();
        assert!(idle[cut].is_cut());
        assert_eq!(server.end_cut(), 1, "none whose handler is at work");
    }

    /// A visitor connects while others hold almost all connections by requests that they never finish.
    #[test]
    fn requests_that_do_not_end_make_room_before_a_visitor_who_has_just_come() {
        let mut server = Server::new();
        let limits = Limits::of(TOTAL);
        let ages = [REQUEST_GRACE.as_millis() as i64, REQUEST_GRACE.as_millis() as i64 - TOTAL as i64];
        for (age, visitor_is_cut) in ages.into_iter().zip([false, true]) {
            for n in 1..limits.crowded() {
                let slow = server.enter(&format!("203.0.113.{n}")).unwrap();
                server.connections.begin(&slow, if n % 2 == 0 { Phase::Head } else { Phase::Body });
            }
            server.clock.advance(age);
            let visitor = server.enter("198.51.100.1").unwrap();
            server.enter("198.51.100.2").unwrap();
            assert_eq!(visitor.is_cut(), visitor_is_cut, "{age} ms");
            assert!(server.end_cut() > 0);
            server.open.drain(..).for_each(|connection| server.connections.leave(&connection));
        }
    }

    #[test]
    fn however_few_there_may_be_an_idle_one_makes_room() {
        for total in 1..20 {
            let mut server = Server::of(total);
            for n in 1..=total {
                server.enter(&format!("203.0.113.{n}")).unwrap();
                server.end_cut();
            }
            assert!(server.open.len() < total.max(2), "{total}: {} are open", server.open.len());
        }
    }

    /// A busy server may not have looked at it yet, although its request has come.
    #[test]
    fn a_new_connection_is_closed_only_when_nothing_has_come_for_long() {
        let server = Server::new();
        let enter =
            |n: usize| server.connections.enter(Some(format!("203.0.113.{n}").parse().unwrap())).unwrap();
        let new = enter(1);
        let limits = Limits::of(TOTAL);
        let others: Vec<_> = (2..limits.crowded() + 2).map(enter).collect();
        for other in &others {
            server.clock.advance(1);
            server.connections.begin_to_wait(other);
        }
        let _one_more = enter(250);
        assert!(!new.is_cut() && others[0].is_cut());
        server.clock.advance(HEADER_TIME.as_millis() as i64);
        others.iter().filter(|other| other.is_cut()).for_each(|other| server.connections.leave(other));
        for n in 200..200 + limits.step() {
            enter(n);
        }
        assert!(new.is_cut(), "it is the oldest, and has said nothing");
    }

    #[test]
    fn one_address_holds_half_of_all_and_a_trusted_proxy_any_number() {
        let mut server = Server::new();
        for n in 0..TOTAL / 2 {
            server.work("203.0.113.7").unwrap_or_else(|| panic!("{n}"));
        }
        assert!(server.enter("203.0.113.7").is_none(), "one past the limit");
        assert!(server.enter("203.0.113.8").is_some());
        server.connections.begin(&server.open[3], Phase::Idle);
        assert!(server.enter("203.0.113.7").is_some(), "its own idle one makes room");
        assert!(server.open[3].is_cut());
        assert_eq!(server.end_cut(), 1);

        let mut server = Server::new();
        for n in 0..TOTAL {
            server.work("192.0.2.1").unwrap_or_else(|| panic!("{n}"));
        }
        assert_eq!(server.end_cut(), 0);
    }

    #[test]
    fn a_client_that_makes_the_server_wait_is_cut_off() {
        let mut server = Server::new();
        let phases = [Phase::Idle, Phase::Head, Phase::Body, Phase::Working, Phase::Working];
        for phase in phases {
            let connection = server.enter("203.0.113.7").unwrap();
            server.connections.begin(&connection, phase);
        }
        let cut = |server: &Server, ms: i64| {
            server.clock.set(Millis(10 + ms));
            server.connections.cut_stalled();
            server.open.iter().map(|connection| connection.is_cut()).collect::<Vec<_>>()
        };
        server.clock.set(Millis(10));
        for connection in &server.open[..4] {
            server.connections.begin(connection, connection.phase());
        }
        server.connections.unread(&server.open[4], 1);
        assert_eq!(cut(&server, 5 * SECOND - 1), [false; 5]);
        assert_eq!(cut(&server, 5 * SECOND), [false, true, false, false, false], "a head");
        server.connections.progress(&server.open[2]);
        assert_eq!(cut(&server, 15 * SECOND - 1), [false, true, false, false, false]);
        assert_eq!(cut(&server, 15 * SECOND), [false, true, false, false, true], "an answer");
        assert_eq!(cut(&server, 20 * SECOND), [false, true, true, false, true], "a body");
    }

    #[test]
    fn answers_that_nobody_takes_are_bounded() {
        let mut server = Server::new();
        let each = UNREAD_MAX / 16;
        for n in 0..17 {
            server.work(&format!("203.0.113.{n}")).unwrap();
        }
        for connection in server.open.iter().take(16) {
            server.clock.advance(1);
            server.connections.unread(connection, each);
        }
        assert!(server.open.iter().all(|connection| !connection.is_cut()), "at the limit");
        // The first has taken something and still waits longest.
        server.connections.unread(&server.open[0], each - 1);
        server.connections.unread(&server.open[16], 2);
        let cut: Vec<_> = server.open.iter().map(|connection| connection.is_cut()).collect();
        assert_eq!(cut, (0..17).map(|n| n < 5).collect::<Vec<_>>(), "one past the limit");
        server.end_cut();
        assert_eq!(server.connections.unread.load(Ordering::Relaxed), 11 * each + 2);
        server.open.iter().for_each(|connection| server.connections.all_read(connection));
        assert_eq!(server.connections.unread.load(Ordering::Relaxed), 0);
        assert!(server.connections.open.lock().unwrap().of_address.len() <= server.open.len());
    }
}
