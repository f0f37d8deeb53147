//! A provider that answers at once, and whatever the model's name asks for.

use std::{
    collections::HashMap,
    io::{self, Write},
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::BytesMut;
use clap::Parser;
use memchr::memmem;
use tokio::net::{TcpSocket, TcpStream};
use tollgate_benches::{
    answer::{Answer, Format},
    http1::Connection,
    shape::Shape,
    text::Writer,
};

/// An upstream that costs next to nothing and answers in the shape that the model's name asks for.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen. Port 0 takes a free one; the address is printed.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// All of the slow streams may connect at once.
const BACKLOG: u32 = 4_096;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let Arguments { listen } = Arguments::parse();
    let socket = if listen.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(listen)?;
    let listener = socket.listen(BACKLOG)?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        // A connection that breaks is the caller's to notice: it counts its answers.
        tokio::spawn(async move { drop(serve(stream).await) });
    }
}

/// Each connection's texts differ from all others'.
static SEED: AtomicU64 = AtomicU64::new(1);

async fn serve(stream: TcpStream) -> io::Result<()> {
    let mut connection = Connection::new(stream)?;
    let mut writer = Writer::new(SEED.fetch_add(1, Ordering::Relaxed));
    let mut answers: HashMap<(Format, Shape), Answer> = HashMap::new();
    let mut body = BytesMut::new();
    while let Some(head) = connection.read_head().await? {
        connection.read_body(head.length, &mut body).await?;
        let format = head.line.split(' ').nth(1).and_then(Format::of_path);
        let (Some(format), Some(shape)) = (format, shape(&body)) else {
            connection.write(NOT_FOUND).await?;
            continue;
        };
        let answer = answers.entry((format, shape)).or_insert_with(|| Answer::new(format, shape));
        for (index, piece) in answer.next_pieces(&mut writer).enumerate() {
            if index > 0 {
                tokio::time::sleep(shape.gap).await;
            }
            connection.write(piece).await?;
        }
    }
    Ok(())
}

const NOT_FOUND: &[u8] =
    b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 56\r\n\r\n\
    {\"error\":{\"message\":\"no such path or model\",\"code\":404}}";

fn shape(body: &[u8]) -> Option<Shape> {
    let start = memmem::find(body, b"\"model\":\"")? + "\"model\":\"".len();
    let end = memchr::memchr(b'"', &body[start..])?;
    std::str::from_utf8(&body[start..start + end]).ok()?.parse().ok()
}
