//! The real binary as a child process, on free ports and with a data folder of its own.
#![allow(dead_code, unreachable_pub, reason = "a module of several test programs; each uses its own part")]

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tollgate_telemetry::Store;

/// A gateway that serves. Ended, with its records written, when it is stopped or dropped.
pub struct GatewayProcess {
    child: Child,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    folder: TempDir,
}

impl GatewayProcess {
    /// Starts `tollgate serve` with this configuration; addresses and data folder are added.
    pub fn start(configuration: &str) -> Self {
        Self::start_with(configuration, |_| {})
    }

    /// The same, with something changed about how it is started.
    pub fn start_with(configuration: &str, change: impl FnOnce(&mut Command)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("tollgate.toml");
        let data = folder.path().join("data");
        let server =
            format!("[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\ndata = {data:?}\n");
        std::fs::write(&file, format!("{server}{configuration}")).expect("a temporary file can be written");
        let log = File::create(folder.path().join("log")).expect("a temporary file can be made");
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(["serve", "--config"]).arg(&file).stdout(Stdio::piped()).stderr(log);
        change(&mut command);
        let mut child = command.spawn().expect("the binary was built with this test");
        let (mut address, mut admin) = (None, None);
        let stdout = child.stdout.take().expect("standard output was asked for");
        let mut lines = BufReader::new(stdout).lines();
        while let Some(Ok(line)) = lines.next() {
            let url =
                |line: &str| line.split("http://").nth(1)?.split([':', '/', ' ']).nth(1).map(str::to_owned);
            let local = |port: String| format!("127.0.0.1:{port}").parse().ok();
            if line.trim_start().starts_with("admin ") {
                admin = url(&line).and_then(local);
            }
            if line.starts_with("Listening on") {
                address = url(&line).and_then(local);
                break;
            }
        }
        // Whatever it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let log = || std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        let address =
            address.unwrap_or_else(|| panic!("the gateway does not say where it listens: {}", log()));
        Self { child, address, admin: admin.expect("and where its admin address is"), folder }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn store(&self) -> Store {
        Store::new(&self.data())
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The file with what it logs.
    pub fn logs(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Sends SIGTERM and waits for the end. Returns the folder with the records.
    pub fn stop(self) -> (Store, TempDir) {
        self.terminate();
        self.ended()
    }

    /// Waits for the end, which must be a good one. Returns the folder with the records.
    pub fn ended(self) -> (Store, TempDir) {
        self.ended_with(0)
    }

    /// The same, with this exit code.
    pub fn ended_with(mut self, code: i32) -> (Store, TempDir) {
        let status = self.child.wait().expect("a child can be waited for");
        assert_eq!(status.code(), Some(code), "the gateway ended with {status}");
        let store = self.store();
        let folder =
            std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a temporary folder can be made"));
        (store, folder)
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let ended = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(ended.is_ok_and(|status| status.success()), "the gateway was there to be ended");
    }
}

impl Drop for GatewayProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A child that is ended, by its id, when dropped.
pub struct Ended(pub Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    listener.local_addr().expect("it is bound").port()
}

/// Waits until something accepts on the port.
pub fn wait_for_port(port: u16) {
    let until = Instant::now() + Duration::from_secs(30);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "nothing listens on port {port}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
