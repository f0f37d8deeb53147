//! The programs under measurement: each pinned to a processor, each ended by whoever started it.

use std::{
    ffi::OsString,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::scenario::Measured;

/// Nothing under measurement takes longer to open its doors.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How long a program may take to end by itself when told to.
const END_LIMIT: Duration = Duration::from_secs(10);

/// The processors to use.
#[derive(Debug, Clone, Copy)]
pub struct Pinning {
    /// Whether programs can be pinned here at all.
    pub possible: bool,
}

/// A role that has a processor of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The proxy under measurement, on the first processor.
    Proxy,
    /// The load and the upstream, on the second.
    Surroundings,
}

impl Pinning {
    /// Looks whether there are two processors and `taskset`.
    #[must_use]
    pub fn find() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let works = Command::new("taskset").args(["-c", "0,1", "true"]).stderr(Stdio::null()).status();
        Self { possible: processors > 1 && works.is_ok_and(|status| status.success()) }
    }

    fn command(self, role: Role, program: &Path) -> Command {
        if !self.possible {
            return Command::new(program);
        }
        let mut command = Command::new("taskset");
        command.args(["-c", if role == Role::Proxy { "0" } else { "1" }]).arg(program);
        command
    }
}

/// A program that runs until this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to the first connection it took.
    pub until_listening: Duration,
}

impl Running {
    /// Its process id. `taskset` becomes the program it starts, so it is the program's own.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts a program that listens at the address it is given and answers `GET /healthz`.
    ///
    /// # Errors
    /// It cannot be started, ends at once, or never listens.
    pub fn proxy(
        pinning: Pinning,
        program: &Path,
        arguments: impl FnOnce(SocketAddr) -> Vec<OsString>,
    ) -> io::Result<Self> {
        let address = free_address()?;
        let mut command = pinning.command(Role::Proxy, program);
        command.args(arguments(address)).stdin(Stdio::null()).stdout(Stdio::null());
        let start = Instant::now();
        let mut running = Self { child: command.spawn()?, address, until_listening: Duration::ZERO };
        while !healthy(address) {
            if let Some(status) = running.child.try_wait()? {
                return Err(io::Error::other(format!("{} ended with {status}", program.display())));
            }
            if start.elapsed() > START_LIMIT {
                return Err(io::Error::other(format!("{} does not listen", program.display())));
            }
            sleep(Duration::from_micros(200));
        }
        running.until_listening = start.elapsed();
        Ok(running)
    }

    /// Starts the upstream, which tells its own address.
    ///
    /// # Errors
    /// It cannot be started or says nothing.
    pub fn upstream(pinning: Pinning, program: &Path) -> io::Result<Self> {
        let mut command = pinning.command(Role::Surroundings, program);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().rsplit(' ').next().and_then(|address| address.parse().ok());
        // In `Self` before it is looked at: whatever happens, the process is ended.
        let mut running =
            Self { child, address: ([127, 0, 0, 1], 0).into(), until_listening: Duration::ZERO };
        running.address = address.ok_or_else(|| io::Error::other("the upstream told no address"))?;
        Ok(running)
    }

    /// Tells it to end, and waits for that.
    ///
    /// # Errors
    /// It had to be killed.
    pub fn end(mut self) -> io::Result<()> {
        Command::new("kill").args(["-TERM", &self.pid().to_string()]).status()?;
        let deadline = Instant::now() + END_LIMIT;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                return Err(io::Error::other("it did not end when told to"));
            }
            sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended: then there is nothing to kill, and the system says so.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that was free a moment ago.
///
/// # Errors
/// The system has none.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

fn healthy(address: SocketAddr) -> bool {
    let ask = || -> io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(status.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

/// Runs the load to its end and reads what it measured. `meanwhile` is called about every 50 ms.
///
/// # Errors
/// It cannot be started or failed.
pub fn load(
    pinning: Pinning,
    program: &Path,
    arguments: &[String],
    mut meanwhile: impl FnMut(),
) -> io::Result<Measured> {
    let mut command = pinning.command(Role::Surroundings, program);
    let mut child = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    while child.try_wait()?.is_none() {
        meanwhile();
        sleep(Duration::from_millis(50));
    }
    let mut text = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut text)?;
    }
    serde_json::from_str(&text).map_err(|_| io::Error::other(format!("the load failed: {text}")))
}

/// Where the programs are: beside the one that runs.
///
/// # Errors
/// The system cannot tell.
pub fn beside(name: &str) -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.parent().unwrap_or_else(|| Path::new(".")).join(name))
}
