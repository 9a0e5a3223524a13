//! A connection as the framework sees it: a stream that hands requests over one at a time, reads nothing while an answer
//! waits to be taken, and ends when the registry cuts it off.
//!
//! Without it the framework reads up to 128 KiB ahead and makes a request of every few bytes of it, which takes a hundred
//! times the memory; and it never ends a connection whose client takes nothing.

use std::cell::{Cell, RefCell};
use std::io::{Error, ErrorKind, Result};
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_web::rt::net::{ActixStream, Ready, TcpStream};
use actix_web::web::BytesMut;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::head::{Body, HeadScanner};
use super::registry::{Connection, Connections, Phase};

/// Bytes read at a time. No more than these are kept of what a client sends ahead.
const READ: usize = 8 * 1024;
/// A client that sends requests ahead gets this many answers at once, and then one each `AHEAD_PAUSE`: no browser and
/// no proxy does so, and a thousand that do would keep everybody waiting.
const AHEAD_FREE: u32 = 4;
const AHEAD_PAUSE: Duration = Duration::from_millis(500);
/// Bytes of a body of unknown length that are handed over at a time: other requests may follow it.
const PIECE: usize = 1024;

/// What the next bytes of the client are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// A part of a head.
    Head,
    /// So many bytes of a body.
    Body(u64),
    /// Chunks of a body; only the framework knows where they end.
    Chunks,
    /// A later request. It is not read before this one is answered.
    Later,
}

/// What a stream shares with the requests that come through it.
pub(in crate::server) struct Slot {
    connections: Arc<Connections>,
    connection: Arc<Connection>,
    next: Cell<Next>,
    /// The head of a request was handed over, and its answer is not ready.
    is_open: Cell<bool>,
    /// A handler has the request.
    is_handled: Cell<bool>,
    /// Wakes the task of the stream once more may be read.
    reader: RefCell<Option<Waker>>,
}

impl Slot {
    /// `None` when there is no room for this address.
    pub(in crate::server) fn enter(
        connections: &Arc<Connections>,
        address: Option<IpAddr>,
    ) -> Option<Rc<Self>> {
        let connection = connections.enter(address)?;
        Some(Rc::new(Self {
            connections: Arc::clone(connections),
            connection,
            next: Cell::new(Next::Head),
            is_open: Cell::new(false),
            is_handled: Cell::new(false),
            reader: RefCell::default(),
        }))
    }

    /// A handler gets the request.
    pub(super) fn begin(&self) {
        self.is_handled.set(true);
        self.enter_phase();
    }

    /// All chunks of the request were read.
    pub(super) fn end_chunks(&self) {
        if self.next.get() == Next::Chunks {
            self.next.set(Next::Later);
            self.enter_phase();
        }
    }

    /// The framework has the whole answer.
    pub(super) fn end(&self) {
        self.is_open.set(false);
        self.is_handled.set(false);
        if matches!(self.next.get(), Next::Later | Next::Chunks) {
            self.next.set(Next::Head);
        }
        self.enter_phase();
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    fn enter_phase(&self) {
        let phase = match self.next.get() {
            Next::Body(_) | Next::Chunks => Phase::Body,
            Next::Head if !self.is_open.get() => Phase::Idle,
            _ if self.is_handled.get() => Phase::Working,
            _ => Phase::Head,
        };
        self.connections.begin(&self.connection, phase);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.connections.leave(&self.connection);
    }
}

/// The stream of a connection.
pub(in crate::server) struct GuardedStream<T> {
    io: T,
    pub(in crate::server) slot: Rc<Slot>,
    head: HeadScanner,
    /// Bytes that came and were not handed over yet.
    ahead: BytesMut,
    /// Requests in a row that were sent before the answer to the one before them.
    sent_ahead: u32,
    pause: Option<Pin<Box<Sleep>>>,
    /// Something has been read.
    has_begun: bool,
    /// The client does not take what was written.
    is_blocked: bool,
    /// The framework must look at the last piece before it gets the next.
    is_paused: bool,
    /// The task that is woken when the connection is cut off.
    task: Option<Waker>,
    /// How to look at what came without reading it. `None` when the stream may hold bytes itself, as TLS does.
    look: Option<Look<T>>,
}

/// Both tell whether anything came.
struct Look<T> {
    /// As far as the runtime knows, which wakes the task later.
    poll: fn(&T, &mut Context<'_>) -> Poll<Result<()>>,
    /// Asks the system, because a busy runtime learns it late.
    now: fn(&T) -> bool,
}

impl GuardedStream<TcpStream> {
    /// For a stream that holds no bytes itself.
    pub(in crate::server) fn of_socket(io: TcpStream, slot: Rc<Slot>) -> Self {
        // The function of `ActixStream` with this name forgets the task when it answers that nothing came.
        let look = Look { poll: TcpStream::poll_read_ready, now: has_bytes };
        Self { look: Some(look), ..Self::new(io, slot) }
    }
}

/// Whether bytes wait in the system to be read.
fn has_bytes(io: &TcpStream) -> bool {
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    recv(io, &mut [0; 1], flags).is_ok_and(|(_, count)| count > 0)
}

impl<T> GuardedStream<T> {
    pub(in crate::server) fn new(io: T, slot: Rc<Slot>) -> Self {
        let (head, ahead) = (HeadScanner::default(), BytesMut::new());
        Self {
            io,
            slot,
            head,
            ahead,
            sent_ahead: 0,
            pause: None,
            has_begun: false,
            is_blocked: false,
            is_paused: false,
            task: None,
            look: None,
        }
    }

    /// An error when the connection is cut off. Otherwise the task is woken when it will be.
    fn check(&mut self, context: &Context<'_>) -> Result<()> {
        let connection = &self.slot.connection;
        if !self.task.as_ref().is_some_and(|task| task.will_wake(context.waker())) {
            connection.remember(context.waker());
            self.task = Some(context.waker().clone());
        }
        if connection.is_cut() { Err(Error::from(ErrorKind::ConnectionAborted)) } else { Ok(()) }
    }

    /// Whether the first request waits to be read. Later ones do not save a connection from being cut off: who sends request
    /// after request never would be.
    fn has_first_request(&self) -> bool {
        !self.has_begun && self.look.as_ref().is_some_and(|look| (look.now)(&self.io))
    }

    /// How many of the bytes that came the framework gets now.
    fn admit(&mut self, bytes: &[u8]) -> usize {
        let slot = &self.slot;
        let before = slot.next.get();
        let (admitted, next) = match before {
            Next::Head => match self.head.scan(bytes) {
                None => {
                    if self.head.is_within() && !slot.is_open.replace(true) {
                        slot.enter_phase();
                    }
                    (bytes.len(), Next::Head)
                }
                Some((end, body)) => {
                    slot.is_open.set(true);
                    let rest = bytes.len() - end;
                    match body {
                        Body::Chunked => (end + rest.min(PIECE), Next::Chunks),
                        Body::Length(length) => {
                            let with = length.min(rest as u64);
                            (end + with as usize, Next::Body(length - with))
                        }
                    }
                }
            },
            Next::Body(left) => {
                let with = left.min(bytes.len() as u64);
                (with as usize, Next::Body(left - with))
            }
            Next::Chunks => (bytes.len().min(PIECE), Next::Chunks),
            Next::Later => (0, Next::Later),
        };
        let next = match next {
            Next::Body(0) if slot.is_open.get() => Next::Later,
            // It was answered before all of it had come.
            Next::Body(0) => Next::Head,
            next => next,
        };
        slot.next.set(next);
        match (before, next) {
            (Next::Body(_), Next::Body(_)) | (Next::Chunks, Next::Chunks) => {
                slot.connections.progress(&slot.connection);
            }
            (before, next) if before != next => slot.enter_phase(),
            _ => {}
        }
        self.is_paused = next == Next::Chunks;
        admitted
    }

    /// Before a new request. Not ready while a client that sends ahead has to wait.
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.slot.next.get() != Next::Head || self.head.is_within() {
            return Poll::Ready(());
        }
        if self.ahead.is_empty() {
            self.sent_ahead = 0;
            return Poll::Ready(());
        }
        if self.pause.is_none() {
            self.sent_ahead = self.sent_ahead.saturating_add(1);
            if self.sent_ahead >= AHEAD_FREE {
                self.pause = Some(Box::pin(sleep(AHEAD_PAUSE)));
            }
        }
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        Poll::Ready(())
    }

    /// While an answer is due. What comes afterwards wakes the task; when something has come already, the end of the answer
    /// does.
    fn wait_for_turn(&self, context: &mut Context<'_>) {
        let mut is_later = || self.look.as_ref().is_none_or(|look| (look.poll)(&self.io, context).is_ready());
        if self.is_blocked || !self.ahead.is_empty() || is_later() {
            self.slot.reader.replace(Some(context.waker().clone()));
        }
    }

    fn block(&mut self, bytes: usize) {
        self.is_blocked = true;
        self.slot.connections.unread(&self.slot.connection, bytes);
    }

    fn unblock(&mut self, context: &Context<'_>) {
        if std::mem::take(&mut self.is_blocked) {
            self.slot.connections.all_read(&self.slot.connection);
            // Reading goes on.
            context.waker().wake_by_ref();
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for GuardedStream<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        if let Err(cut) = this.check(context) {
            if !this.has_first_request() {
                return Poll::Ready(Err(cut));
            }
            this.slot.connections.spare(&this.slot.connection);
        }
        if this.is_blocked || this.slot.next.get() == Next::Later {
            this.wait_for_turn(context);
            return Poll::Pending;
        }
        if std::mem::take(&mut this.is_paused) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        std::task::ready!(this.poll_turn(context));
        if this.ahead.is_empty() {
            let mut space = [MaybeUninit::uninit(); READ];
            let mut came = ReadBuf::uninit(&mut space);
            match Pin::new(&mut this.io).poll_read(context, &mut came) {
                Poll::Ready(read) => read?,
                Poll::Pending => {
                    this.slot.connections.begin_to_wait(&this.slot.connection);
                    return Poll::Pending;
                }
            }
            if came.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.has_begun = true;
            let room = came.filled().len().min(buf.remaining());
            let (first, rest) = came.filled().split_at(room);
            let admitted = this.admit(first);
            let (first, surplus) = first.split_at(admitted);
            buf.put_slice(first);
            this.ahead.extend_from_slice(surplus);
            this.ahead.extend_from_slice(rest);
        } else {
            let room = this.ahead.len().min(buf.remaining());
            let mut ahead = std::mem::take(&mut this.ahead);
            let admitted = this.admit(ahead.get(..room).unwrap_or_default());
            buf.put_slice(&ahead.split_to(admitted));
            this.ahead = ahead;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for GuardedStream<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        this.check(context)?;
        match Pin::new(&mut this.io).poll_write(context, buf) {
            Poll::Pending => {
                this.block(buf.len());
                Poll::Pending
            }
            Poll::Ready(Ok(count)) if count == buf.len() => {
                this.unblock(context);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Ok(count)) => {
                this.slot.connections.progress(&this.slot.connection);
                Poll::Ready(Ok(count))
            }
            failed => failed,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        this.check(context)?;
        match Pin::new(&mut this.io).poll_flush(context) {
            // TLS keeps some bytes itself.
            Poll::Pending => {
                this.block(0);
                Poll::Pending
            }
            Poll::Ready(result) => {
                this.unblock(context);
                Poll::Ready(result)
            }
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        this.check(context)?;
        Pin::new(&mut this.io).poll_shutdown(context)
    }
}

impl<T: ActixStream> ActixStream for GuardedStream<T> {
    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<Result<Ready>> {
        self.io.poll_read_ready(context)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<Result<Ready>> {
        self.io.poll_write_ready(context)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::task::noop_waker;
    use tokio::io::AsyncWriteExt;

    use super::super::registry::Limits;
    use super::*;
    use crate::base::clock::{ManualClock, Millis};

    /// The server is busy: a visitor has connected, and is cut off as idle before anybody has read the request.
    #[tokio::test]
    async fn a_connection_whose_request_has_come_is_not_cut_off() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        for sends in [true, false] {
            let connections =
                Arc::new(Connections::new(ManualClock::at(Millis(0)), Limits::of(1), Vec::new()));
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            let mut stream = GuardedStream::of_socket(server, Slot::enter(&connections, None).unwrap());
            let waker = noop_waker();
            let mut context = Context::from_waker(&waker);
            let mut space = [0; 1_024];
            let mut read = ReadBuf::new(&mut space);
            assert!(Pin::new(&mut stream).poll_read(&mut context, &mut read).is_pending(), "it is idle");
            let other = Slot::enter(&connections, None).unwrap();
            assert!(stream.slot.connection.is_cut(), "there is room for one");
            drop(other);
            if sends {
                client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            }
            let polled =
                std::future::poll_fn(|context| Pin::new(&mut stream).poll_read(context, &mut read)).await;
            assert_eq!((polled.is_ok(), !read.filled().is_empty()), (sends, sends));
            // Its second request does not save it again.
            let other = Slot::enter(&connections, None).unwrap();
            stream.slot.connections.begin(&stream.slot.connection, Phase::Idle);
            drop((other, Slot::enter(&connections, None).unwrap()));
            assert!(stream.slot.connection.is_cut());
            if sends {
                client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            }
            let polled =
                std::future::poll_fn(|context| Pin::new(&mut stream).poll_read(context, &mut read)).await;
            assert!(polled.is_err());
        }
    }

    #[tokio::test]
    async fn a_client_that_sends_ahead_gets_some_answers_at_once_and_not_one_more() {
        let connections = Arc::new(Connections::new(ManualClock::at(Millis(0)), Limits::of(10), Vec::new()));
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let mut stream = GuardedStream::new(server, Slot::enter(&connections, None).unwrap());
        let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut answered = async |count: u32| {
            client.write_all(&request.repeat(count as usize)).await.unwrap();
            let waker = noop_waker();
            let mut space = [0; 1_024];
            for n in 0..count {
                let mut read = ReadBuf::new(&mut space);
                let polled = Pin::new(&mut stream).poll_read(&mut Context::from_waker(&waker), &mut read);
                if polled.is_pending() {
                    return n;
                }
                assert_eq!(read.filled(), request);
                stream.slot.begin();
                stream.slot.end();
            }
            count
        };
        assert_eq!(answered(AHEAD_FREE).await, AHEAD_FREE, "all that are free");
        for _ in 0..20 {
            assert_eq!(answered(1).await, 1, "one that waits for each answer");
        }
        assert_eq!(answered(AHEAD_FREE + 1).await, AHEAD_FREE, "one past them waits");
    }
}
