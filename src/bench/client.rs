//! A connection that sends one request after another and waits for each answer.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) struct Answer {
    pub(super) status: u16,
    /// Status line and headers.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

pub(super) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    host: SocketAddr,
    cookie: String,
}

impl Client {
    /// `cookie` is sent with every request.
    pub(super) async fn connect(address: SocketAddr, cookie: String) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new(), host: address, cookie })
    }

    /// Requests a page. An answer other than 200 is an error.
    pub(super) async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n", self.host, self.cookie);
        self.stream.write_all(request.as_bytes()).await?;
        let answer = read_answer(&mut self.stream, &mut self.buffer).await?;
        if answer.status != 200 {
            bail!("{path} was answered with {}", answer.status);
        }
        Ok(answer)
    }
}

/// Reads one answer that has a `Content-Length`.
pub(super) async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<Answer> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        let Some(end) = buffer.windows(4).position(|part| part == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).into_owned();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).context("no status")?;
        let length: usize = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse().ok())
            .unwrap_or(0);
        while buffer.len() < end + 4 + length {
            if stream.read_buf(buffer).await? == 0 {
                bail!("the server closed the connection");
            }
        }
        let body = buffer.get(end + 4..).unwrap_or_default().to_vec();
        return Ok(Answer { status, head, body });
    }
}
