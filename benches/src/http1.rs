//! As much HTTP/1.1 as a benchmark needs, on a bare socket: the measuring must not cost more than the measured.

use std::io;

use bytes::{Buf, BytesMut};
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Enough for a head and a small body; bodies of a known length get what they need.
const READ_BYTES: usize = 4 * 1024;
/// The most that is asked of the system in one read.
const MAX_READ_BYTES: usize = 256 * 1024;

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So many bytes.
    Known(usize),
    /// Chunks, the last one empty.
    Chunked,
}

/// The head of a message.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// The request line or the status line.
    pub line: String,
    /// The body's length. None given means none.
    pub length: Length,
}

impl Head {
    /// The status, if this is the head of an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.line.split(' ').nth(1)?.parse().ok()
    }

    fn parse(head: &[u8]) -> io::Result<Self> {
        let text = std::str::from_utf8(head).map_err(|_| invalid("a head that is not UTF-8"))?;
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let mut length = Length::Known(0);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                length = Length::Known(value.trim().parse().map_err(|_| invalid("a wrong content-length"))?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                length = Length::Chunked;
            }
        }
        Ok(Self { line, length })
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// One kept-alive connection, either side's.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    unread: BytesMut,
}

impl Connection {
    /// Takes over a connected socket.
    ///
    /// # Errors
    /// The socket cannot be set to send at once.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, unread: BytesMut::new() })
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Reads the next message's head. `None`: the other side has closed between two messages.
    ///
    /// # Errors
    /// The connection broke, or what came is no head.
    pub async fn read_head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(end) = memmem::find(&self.unread, b"\r\n\r\n") {
                let head = Head::parse(&self.unread[..end])?;
                self.unread.advance(end + 4);
                return Ok(Some(head));
            }
            if self.read(READ_BYTES).await? == 0 {
                return if self.unread.is_empty() { Ok(None) } else { Err(invalid("a head that was cut")) };
            }
        }
    }

    /// Waits until the body has begun, which tells the time to the first chunk.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn body_begins(&mut self) -> io::Result<()> {
        if self.unread.is_empty() && self.read(READ_BYTES).await? == 0 {
            return Err(invalid("no body"));
        }
        Ok(())
    }

    /// Reads a body to its end into `body`, which is emptied first.
    ///
    /// # Errors
    /// The connection broke, or the body was cut.
    pub async fn read_body(&mut self, length: Length, body: &mut BytesMut) -> io::Result<()> {
        body.clear();
        let Length::Known(bytes) = length else { return self.read_chunks(body).await };
        self.fill(bytes).await?;
        // No copy: the body is what was read.
        *body = self.unread.split_to(bytes);
        Ok(())
    }

    async fn read_chunks(&mut self, body: &mut BytesMut) -> io::Result<()> {
        loop {
            let line = loop {
                match memmem::find(&self.unread, b"\r\n") {
                    Some(end) => break end,
                    None => self.fill(self.unread.len() + 1).await?,
                }
            };
            let size = std::str::from_utf8(&self.unread[..line]).ok();
            let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
            let size = size.ok_or_else(|| invalid("a wrong chunk"))?;
            self.fill(line + 2 + size + 2).await?;
            body.extend_from_slice(&self.unread[line + 2..line + 2 + size]);
            self.unread.advance(line + 2 + size + 2);
            if size == 0 {
                return Ok(());
            }
        }
    }

    /// Reads until `bytes` are there.
    async fn fill(&mut self, bytes: usize) -> io::Result<()> {
        while self.unread.len() < bytes {
            let missing = bytes - self.unread.len();
            if self.read(missing.clamp(READ_BYTES, MAX_READ_BYTES)).await? == 0 {
                return Err(invalid("a body that was cut"));
            }
        }
        Ok(())
    }

    async fn read(&mut self, at_least: usize) -> io::Result<usize> {
        self.unread.reserve(at_least);
        self.stream.read_buf(&mut self.unread).await
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn connection(sent: &'static [u8]) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tokio::spawn(async move { peer.write_all(sent).await });
        Connection::new(listener.accept().await.unwrap().0).unwrap()
    }

    #[tokio::test]
    async fn messages_follow_each_other_with_either_length() {
        let mut connection = connection(
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 429 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nde\r\nA\r\n0123456789\r\n0\r\n\r\n",
        )
        .await;
        let mut body = BytesMut::new();
        let head = connection.read_head().await.unwrap().unwrap();
        assert_eq!((head.status(), head.length), (Some(200), Length::Known(3)));
        connection.read_body(head.length, &mut body).await.unwrap();
        assert_eq!(&body[..], b"abc");
        let head = connection.read_head().await.unwrap().unwrap();
        assert_eq!((head.status(), head.length), (Some(429), Length::Chunked));
        connection.read_body(head.length, &mut body).await.unwrap();
        assert_eq!(&body[..], b"de0123456789");
        assert_eq!(connection.read_head().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_cut_body_is_an_error() {
        for cut in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab"[..],
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nde\r\n",
        ] {
            let mut connection = connection(cut).await;
            let head = connection.read_head().await.unwrap().unwrap();
            assert!(connection.read_body(head.length, &mut BytesMut::new()).await.is_err());
        }
    }
}
