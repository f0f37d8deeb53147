//! The floor: a bare reverse proxy over hyper, which reads nothing and keeps nothing.

use std::{convert::Infallible, io::Write, net::SocketAddr};

use clap::Parser;
use http::{Request, Response, StatusCode, Uri, header, uri::Authority};
use http_body_util::{Either, Empty};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use tokio::net::TcpListener;

/// A bare reverse proxy: the least that a gateway can cost.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen. Port 0 takes a free one; the address is printed.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Whom to pass calls to.
    #[arg(long)]
    upstream: Authority,
}

fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    // As many threads as there are processors to run on: the same as the gateway takes.
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(arguments))
}

async fn serve(Arguments { listen, upstream }: Arguments) -> std::io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    writeln!(std::io::stdout(), "listening on {}", listener.local_addr()?)?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build(connector);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (client, upstream) = (client.clone(), upstream.clone());
        let service = service_fn(move |request| pass_on(client.clone(), upstream.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn pass_on(
    client: Client<HttpConnector, Incoming>,
    upstream: Authority,
    mut request: Request<Incoming>,
) -> Result<Response<Either<Incoming, Empty<Bytes>>>, Infallible> {
    if request.uri().path() == "/healthz" {
        return Ok(Response::new(Either::Right(Empty::new())));
    }
    let path = request.uri().path_and_query().cloned();
    let uri = Uri::builder()
        .scheme("http")
        .authority(upstream)
        .path_and_query(path.map_or_else(|| "/".into(), |path| path.to_string()));
    request.headers_mut().remove(header::HOST);
    let answer = match uri.build() {
        Ok(uri) => {
            *request.uri_mut() = uri;
            client.request(request).await.ok()
        }
        Err(_) => None,
    };
    Ok(answer.map_or_else(
        || {
            let mut response = Response::new(Either::Right(Empty::new()));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        },
        |response| response.map(Either::Left),
    ))
}
