//! The real SDKs of the providers, for tests: a Python environment and a folder of npm packages, made once per target
//! folder under `target/sdk/`, and made anew when `requirements.txt` or `package-lock.json` changes. `scripts/every`
//! holds what all SDKs are put through alike; see `every_sdk`.
//!
//! Where Python 3.11 or Node 20 is missing, or nothing can be installed, a test says `SKIPPED: ..` and passes, unless
//! `TOLLGATE_REQUIRE_SDKS=1`: then it fails.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

const REQUIREMENTS: &str = include_str!("requirements.txt");
const PACKAGE: &str = include_str!("package.json");
const PACKAGE_LOCK: &str = include_str!("package-lock.json");

/// The longest that a script may take.
const SCRIPT_LIMIT: Duration = Duration::from_secs(120);
/// The longest that an installation may take.
const INSTALL_LIMIT: Duration = Duration::from_secs(400);

/// What a finished program left behind.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) succeeded: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Fails the test with all that the program said, unless it succeeded.
    #[track_caller]
    pub(crate) fn expect_success(&self) {
        assert!(self.succeeded, "the script failed\n{}\n{}", self.stdout, self.stderr);
    }
}

/// A file of the folder `scripts` beside this module.
pub(crate) fn script(name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bins/tollgate/tests/sdk/scripts");
    here.join(name)
}

/// Runs a Python script where the SDKs are installed. None: skipped, and said so.
///
/// The environment is the caller's plus `env`; proxies are switched off for loopback.
pub(crate) fn python(script: &Path, args: &[&str], env: &[(&str, &str)]) -> Option<Output> {
    let environment = available(python_environment())?;
    let mut command = Command::new(environment.join(PYTHON_IN_VENV));
    // What a script imports from its own folder leaves nothing there.
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(script).args(args);
    Some(run(&mut command, env, SCRIPT_LIMIT).unwrap())
}

/// Runs a Node script where the packages are installed. None: skipped, and said so.
pub(crate) fn node(script: &Path, args: &[&str], env: &[(&str, &str)]) -> Option<Output> {
    static COPIES: AtomicU32 = AtomicU32::new(0);
    let environment = available(node_environment())?;
    // A module finds packages by its own place, and its neighbours beside it: so its folder is run from there.
    let nth = COPIES.fetch_add(1, Ordering::Relaxed);
    let folder = environment.join(format!("run-{}-{nth}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    for neighbour in script.parent().unwrap().read_dir().unwrap() {
        let path = neighbour.unwrap().path();
        if path.is_file() {
            fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
    }
    let copy = folder.join(script.file_name().unwrap());
    let output = run(Command::new("node").arg(copy).args(args), env, SCRIPT_LIMIT);
    fs::remove_dir_all(&folder).unwrap();
    Some(output.unwrap())
}

fn available(environment: Result<PathBuf, String>) -> Option<PathBuf> {
    match environment {
        Ok(path) => Some(path),
        Err(reason) if std::env::var("TOLLGATE_REQUIRE_SDKS").is_ok_and(|required| required == "1") => {
            panic!("the SDKs are required, but {reason}")
        }
        Err(reason) => {
            println!("SKIPPED: {reason}");
            None
        }
    }
}

const PYTHON_IN_VENV: &str = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };

fn python_environment() -> Result<PathBuf, String> {
    made_once("python", REQUIREMENTS, |folder| {
        let python = newest_python()?;
        install(Command::new(python).args(["-m", "venv", "--clear"]).arg(folder))?;
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, REQUIREMENTS).map_err(|error| error.to_string())?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        install(Command::new(folder.join(PYTHON_IN_VENV)).args(pip).arg(&requirements))
    })
}

fn newest_python() -> Result<&'static str, String> {
    let is_new_enough = |name: &&str| {
        let check = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";
        run(Command::new(name).args(["-c", check]), &[], INSTALL_LIMIT).is_ok_and(|output| output.succeeded)
    };
    let names = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"];
    names
        .into_iter()
        .find(is_new_enough)
        .ok_or_else(|| "there is no Python 3.11 or newer with venv and pip".to_owned())
}

fn node_environment() -> Result<PathBuf, String> {
    npm_environment("node", PACKAGE, PACKAGE_LOCK)
}

/// Installs other npm packages, once. None: skipped, and said so.
pub(crate) fn npm_packages(name: &str, package: &str, package_lock: &str) -> Option<PathBuf> {
    available(npm_environment(name, package, package_lock))
}

fn npm_environment(name: &str, package: &str, package_lock: &str) -> Result<PathBuf, String> {
    made_once(name, package_lock, |folder| {
        let check = "process.exit(Number(process.versions.node.split('.')[0]) >= 20 ? 0 : 1)";
        let node = run(Command::new("node").args(["-e", check]), &[], INSTALL_LIMIT);
        if !node.is_ok_and(|output| output.succeeded) {
            return Err("there is no Node 20 or newer".to_owned());
        }
        let write = |name, text| fs::write(folder.join(name), text).map_err(|error| error.to_string());
        write("package.json", package)?;
        write("package-lock.json", package_lock)?;
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        install(
            Command::new(npm).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder),
        )
    })
}

/// Makes an environment unless its stamp says that it is there. Other processes wait for the first to finish.
fn made_once(
    name: &str,
    stamp: &str,
    make: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("sdk");
    let folder = root.join(name);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let lock = File::create(root.join(format!("{name}.lock"))).map_err(|error| error.to_string())?;
    // Released when the file is closed, also if this process dies.
    lock.lock().map_err(|error| error.to_string())?;
    let stamp_file = folder.join("installed");
    if fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp) {
        return Ok(folder);
    }
    make(&folder)?;
    fs::write(&stamp_file, stamp).map_err(|error| error.to_string())?;
    Ok(folder)
}

fn install(command: &mut Command) -> Result<(), String> {
    let output = run(command, &[], INSTALL_LIMIT)?;
    if output.succeeded {
        Ok(())
    } else {
        Err(format!("an installation failed: {command:?}\n{}", output.stderr))
    }
}

/// Runs a program to its end, or to the limit of a script.
pub(crate) fn program(command: &mut Command, env: &[(&str, &str)]) -> Output {
    run(command, env, SCRIPT_LIMIT).unwrap()
}

/// Runs a program to its end, or to the limit.
fn run(command: &mut Command, env: &[(&str, &str)], limit: Duration) -> Result<Output, String> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("no_proxy", "127.0.0.1,localhost")
        .envs(env.iter().copied());
    let mut child =
        command.spawn().map_err(|error| format!("{:?} cannot be run: {error}", command.get_program()))?;
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    let deadline = Instant::now() + limit;
    let succeeded = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status.success(),
            None if Instant::now() > deadline => {
                child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
                break false;
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    Ok(Output { succeeded, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() })
}

fn read_all(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What could be read is all there is to show.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
