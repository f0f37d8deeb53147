//! Idle connections, by host.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ::http::Uri;
use bytes::Bytes;
use dashmap::DashMap;
use http_body_util::Full;
use hyper::client::conn::http2;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::exchange::Connection;

/// The connections to all hosts.
#[derive(Debug)]
pub(crate) struct Pool {
    hosts: DashMap<String, Arc<Host>>,
    idle_timeout: Duration,
    max_connections_per_host: usize,
}

/// The connections to one host.
pub(crate) struct Host {
    /// The one given back last is used first: the others may grow old and be closed.
    idle: Mutex<Vec<Idle>>,
    /// The HTTP/2 connection, if the host speaks that. It carries many calls.
    pub(crate) shared: Mutex<Option<http2::SendRequest<Full<Bytes>>>>,
    room: Arc<Semaphore>,
    idle_timeout: Duration,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("room", &self.room.available_permits()).finish_non_exhaustive()
    }
}

struct Idle {
    connection: Connection,
    since: Instant,
}

/// The right to have one connection to a host.
#[derive(Debug)]
pub(crate) struct Lease {
    host: Arc<Host>,
    _room: OwnedSemaphorePermit,
}

impl Lease {
    /// Puts a connection back whose answer is complete.
    pub(crate) fn give_back(self, connection: Connection) {
        let mut idle = self.host.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        idle.push(Idle { connection, since: now });
        // The oldest is at the front. Looking at it here, under traffic, needs no task that sweeps; without traffic
        // the few that are left are closed by the other side.
        let oldest_is_old =
            idle.first().is_some_and(|oldest| now.duration_since(oldest.since) >= self.host.idle_timeout);
        let old = oldest_is_old.then(|| idle.remove(0));
        drop(idle);
        drop(old);
    }
}

impl Pool {
    pub(crate) fn new(idle_timeout: Duration, max_connections_per_host: usize) -> Self {
        Self { hosts: DashMap::new(), idle_timeout, max_connections_per_host }
    }

    /// Returns the connections to the host of `uri`.
    pub(crate) fn host(&self, uri: &Uri) -> Arc<Host> {
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let secure = uri.scheme_str() == Some("https");
        // The scheme is told apart by one character, so that the usual case needs no new text.
        if !secure && let Some(host) = self.hosts.get(authority) {
            return host.clone();
        }
        let name = if secure { format!("{authority}/s") } else { authority.to_owned() };
        let entry = self.hosts.entry(name).or_insert_with(|| {
            Arc::new(Host {
                idle: Mutex::default(),
                shared: Mutex::default(),
                room: Arc::new(Semaphore::new(self.max_connections_per_host)),
                idle_timeout: self.idle_timeout,
            })
        });
        entry.clone()
    }
}

impl Host {
    /// Waits for room for a connection. `None`: never, the gateway is ending.
    pub(crate) async fn lease(self: &Arc<Self>) -> Option<Lease> {
        let room = self.room.clone().acquire_owned().await.ok()?;
        Some(Lease { host: self.clone(), _room: room })
    }

    /// Takes an idle connection that can still be used. Those that cannot are closed.
    pub(crate) fn take_idle(&self) -> Option<Connection> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            let mut connection = idle.connection;
            if idle.since.elapsed() < self.idle_timeout && connection.is_usable() {
                return Some(connection);
            }
        }
    }
}
