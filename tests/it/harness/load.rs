//! Clients that behave as the tracking script does: an event id of its own for every hit, sent again with the
//! same id until it is answered, and a list of what was acknowledged.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use guestlog::base::clock::pause;
use guestlog::domain::account::AccountId;

/// Longest a client waits for an answer before it sends again.
const ANSWER: Duration = Duration::from_secs(10);
/// Rest before the same hits are sent again.
const AGAIN: Duration = Duration::from_millis(10);

#[derive(Default)]
struct Shared {
    /// `None` while there is no server.
    address: Mutex<Option<SocketAddr>>,
    acknowledged: Mutex<HashSet<String>>,
    /// Answers that mean: keep it, send it again.
    sent_back: AtomicU64,
    /// Of these, without the `Retry-After` they must have.
    rude: AtomicU64,
    /// Answers no client should ever get for sound hits.
    wrong: Mutex<Vec<String>>,
    stop: AtomicBool,
}

/// Clients under way.
pub(crate) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// `name` keeps ids of several loads apart.
    pub(crate) fn start(name: &str, account: AccountId, clients: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let client = |number: usize| {
            let shared = Arc::clone(&shared);
            let name = format!("{name}-{number}");
            std::thread::spawn(move || Client { shared, name, account, stream: None, number }.run())
        };
        let threads = (0..clients).map(client).collect();
        Self { shared, threads }
    }

    /// From now on hits go there.
    pub(crate) fn turn_to(&self, server: SocketAddr) {
        *self.shared.address.lock().unwrap() = Some(server);
    }

    pub(crate) fn acknowledged(&self) -> HashSet<String> {
        self.shared.acknowledged.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.shared.acknowledged.lock().unwrap().len()
    }

    pub(crate) fn sent_back(&self) -> u64 {
        self.shared.sent_back.load(Ordering::SeqCst)
    }

    /// Whether so many more are acknowledged in time.
    pub(crate) fn wait_for(&self, more: usize, longest: Duration) -> bool {
        let wanted = self.count() + more;
        for _ in 0..longest.as_millis() / 5 {
            if self.count() >= wanted {
                return true;
            }
            pause(Duration::from_millis(5));
        }
        self.count() >= wanted
    }

    /// Lets every client bring its last hits home; answers all ids, each of which is acknowledged now.
    pub(crate) fn finish(self) -> HashSet<String> {
        self.shared.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().unwrap();
        }
        let wrong = self.shared.wrong.lock().unwrap();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(self.shared.rude.load(Ordering::SeqCst), 0, "sent back without saying when to come again");
        self.shared.acknowledged.lock().unwrap().clone()
    }
}

struct Client {
    shared: Arc<Shared>,
    name: String,
    account: AccountId,
    stream: Option<BufReader<TcpStream>>,
    number: usize,
}

impl Client {
    fn run(mut self) {
        for round in 0.. {
            if self.shared.stop.load(Ordering::SeqCst) {
                return;
            }
            // Client 0 sends by image, odd ones singly, even ones in batches.
            let hits = if self.number == 0 || self.number % 2 == 1 { 1 } else { 1 + round % 40 };
            let ids: Vec<String> = (0..hits).map(|hit| format!("{}-{round}-{hit}", self.name)).collect();
            let request = self.request(round, &ids);
            while !self.send(&request) {
                pause(AGAIN);
            }
            self.shared.acknowledged.lock().unwrap().extend(ids);
        }
    }

    fn request(&self, round: u64, ids: &[String]) -> Vec<u8> {
        // A visitor looks at ten pages.
        let (account, visitor, page) = (self.account, format!("{}-{}", self.name, round / 10), round % 50);
        let head =
            "Host: a\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        if self.number == 0 {
            let id = &ids[0];
            let query = format!("k=1&a={account}&gl_id={id}&vi={visitor}&cc=15");
            let page = format!("pu=https%3A%2F%2Fexample.com%2F{page}");
            return format!("GET /__ptq.gif?{query}&{page} HTTP/1.1\r\n{head}\r\n\r\n").into_bytes();
        }
        let hits: Vec<String> = ids
            .iter()
            .map(|id| {
                format!(
                    "{{\"a\":{account},\"k\":1,\"id\":\"{id}\",\"vi\":\"{visitor}\",\"cc\":15,\
                     \"pu\":\"https://example.com/{page}\",\"t\":\"Page {page}\"}}"
                )
            })
            .collect();
        let body = format!("[{}]", hits.join(","));
        let length = body.len();
        format!("POST /collect HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
    }

    /// Whether the server acknowledged it.
    fn send(&mut self, request: &[u8]) -> bool {
        match self.exchange(request) {
            Some((200 | 204, head)) if head.contains("x-guestlog: stored") => true,
            Some((429 | 503, head)) => {
                self.shared.sent_back.fetch_add(1, Ordering::SeqCst);
                if !head.contains("retry-after: ") {
                    self.shared.rude.fetch_add(1, Ordering::SeqCst);
                }
                false
            }
            Some((_, head)) => {
                self.shared.wrong.lock().unwrap().push(head);
                // It would be dropped by the script; here the test fails by it.
                true
            }
            None => {
                self.stream = None;
                false
            }
        }
    }

    fn exchange(&mut self, request: &[u8]) -> Option<(u16, String)> {
        if self.stream.is_none() {
            let address = (*self.shared.address.lock().unwrap())?;
            let stream = TcpStream::connect_timeout(&address, ANSWER).ok()?;
            stream.set_nodelay(true).ok()?;
            stream.set_read_timeout(Some(ANSWER)).ok()?;
            self.stream = Some(BufReader::new(stream));
        }
        let stream = self.stream.as_mut()?;
        stream.get_mut().write_all(request).ok()?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).ok()?;
        Some((head.get(9..12)?.parse().ok()?, head))
    }
}
