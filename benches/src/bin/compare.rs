//! The one command: floor and gateway take turns, and the table says what the gateway costs.

use std::{
    ffi::OsString,
    fs,
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use clap::Parser;
use tempfile::TempDir;
use tollgate_benches::{
    children::{self, Pinning, Running, beside},
    process::{Cpu, Memory},
    report::{Figures, Process, Report, Row, Slow, median},
    scenario::{self, Measured, SLOW, SLOW_LIMIT_MIB, SLOW_STREAMS, START_LIMIT_MS, Scenario},
};

/// Measures what the gateway costs, as a ratio to a bare reverse proxy in the same run.
#[derive(Debug, Parser)]
struct Arguments {
    /// The gateway's program. Default: built, and found beside this one.
    #[arg(long, value_name = "FILE")]
    gateway: Option<PathBuf>,
    /// Measures the floor alone.
    #[arg(long, conflicts_with = "gateway")]
    floor_only: bool,
    /// Fewer scenarios, calls and rounds: under a minute.
    #[arg(long)]
    quick: bool,
    /// Only the scenarios whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Takes the programs as they are, without building them.
    #[arg(long)]
    no_build: bool,
    /// Prints JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Ends with an error if a limit is missed, not only if something is wrong.
    #[arg(long)]
    strict: bool,
}

/// No scenario begins after this; what was not measured is said.
const TIME_LIMIT: Duration = Duration::from_secs(270);
/// The first calls fill pools, caches and page tables.
const WARM_UP_CALLS: usize = 400;
/// One client at a time: what the proxy adds, not what a queue adds.
const LATENCY_CALLS: usize = 600;
/// The gateway's key: checking it is a part of every call.
const KEY: &str = "bench";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(report) => print(&arguments, &report).unwrap_or(ExitCode::FAILURE),
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(arguments: &Arguments, report: &Report) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(report)?)?;
    } else {
        write!(out, "{report}")?;
    }
    let faults =
        report.rows.iter().any(|row| row.floor.faults + row.gateway.map_or(0, |gateway| gateway.faults) > 0);
    let failed = faults || arguments.strict && !report.missed.is_empty();
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn run(arguments: &Arguments) -> io::Result<Report> {
    if cfg!(debug_assertions) {
        return Err(io::Error::other("a debug build says nothing about speed: cargo run --release"));
    }
    let with_gateway = !arguments.floor_only;
    if !arguments.no_build {
        build(with_gateway && arguments.gateway.is_none())?;
    }
    let gateway = match (&arguments.gateway, with_gateway) {
        (Some(program), _) => Some(program.clone()),
        (None, true) => Some(beside("tollgate")?),
        (None, false) => None,
    };
    let bench = Bench::new(arguments.quick, gateway)?;
    bench.measure(arguments.only.as_deref())
}

/// `cargo run` builds only this program: the others are built here, in the same profile.
fn build(with_gateway: bool) -> io::Result<()> {
    // Not started by cargo: then the programs are there already, or their absence is told.
    let Some(cargo) = std::env::var_os("CARGO") else { return Ok(()) };
    let own = std::env::current_exe()?;
    let profile = own.parent().and_then(Path::file_name).unwrap_or_default().to_owned();
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--bins", "--package", "tollgate-benches", "--profile"]).arg(profile);
    if with_gateway {
        command.args(["--package", "tollgate-cli"]);
    }
    // Standard output is for the table.
    let status = command.current_dir(env!("CARGO_MANIFEST_DIR")).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("the programs could not be built")) }
}

/// Everything that runs during the measurement.
struct Bench {
    quick: bool,
    pinning: Pinning,
    floor: PathBuf,
    load: PathBuf,
    gateway: Option<PathBuf>,
    upstream: Running,
    folder: TempDir,
    start: Instant,
}

/// A proxy under measurement.
struct Subject {
    name: &'static str,
    running: Running,
    /// One entry a round.
    rounds: Vec<Round>,
}

/// What one round showed.
struct Round {
    cpu_us: f64,
    busy: f64,
    loaded: Measured,
    alone: Measured,
}

impl Bench {
    fn new(quick: bool, gateway: Option<PathBuf>) -> io::Result<Self> {
        let pinning = Pinning::find();
        Ok(Self {
            quick,
            pinning,
            floor: beside("floor")?,
            load: beside("load")?,
            gateway,
            upstream: Running::upstream(pinning, &beside("upstream")?)?,
            folder: tempfile::tempdir()?,
            start: Instant::now(),
        })
    }

    fn measure(&self, only: Option<&str>) -> io::Result<Report> {
        let mut report = Report { setting: self.setting(), ..Report::default() };
        report.floor.start_ms = self.start_ms(&|| self.start_floor())?;
        let mut floor = Subject::new("floor", self.start_floor()?);
        let mut gateway = match &self.gateway {
            None => None,
            Some(program) => {
                let process = Process {
                    start_ms: self.start_ms(&|| self.start_gateway(program, "starts"))?,
                    ..Process::default()
                };
                report.gateway = Some(process);
                Some(Subject::new("gateway", self.start_gateway(program, "scenarios")?))
            }
        };
        let mut answered = 0;
        for scenario in self.scenarios(only) {
            if self.start.elapsed() > TIME_LIMIT {
                report.missed.push(format!("{}: not measured, the time was up", scenario.name()));
                continue;
            }
            let row = self.row(&scenario, &mut floor, gateway.as_mut(), &mut answered)?;
            report.rows.push(row);
        }
        report.floor.remember(&floor.running)?;
        floor.running.end()?;
        if let (Some(process), Some(subject)) = (&mut report.gateway, gateway) {
            process.remember(&subject.running)?;
            subject.running.end()?;
            report.recorded = self.recorded()?.map(|recorded| (answered, recorded));
        }
        if only.is_none_or(|only| "slow streams".contains(only)) {
            report.floor.slow = self.slow(self.start_floor()?)?;
            if let (Some(process), Some(program)) = (&mut report.gateway, &self.gateway) {
                process.slow = self.slow(self.start_gateway(program, "slow")?)?;
            }
        }
        report.judge(SLOW_LIMIT_MIB, START_LIMIT_MS);
        Ok(report)
    }

    fn setting(&self) -> String {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let pinned = match self.pinning.possible {
            true => "the proxy pinned to one, load and upstream to another",
            false => "NOT PINNED (no taskset, or only one processor): figures are rough",
        };
        let rounds = self.rounds(false);
        format!(
            "{processors} processors, {pinned}; medians of {rounds} rounds, streams of {}",
            self.rounds(true)
        )
    }

    fn scenarios(&self, only: Option<&str>) -> Vec<Scenario> {
        let mut scenarios = scenario::all();
        scenarios.retain(|scenario| match only {
            Some(only) => scenario.name().contains(only),
            None => scenario.quick || !self.quick,
        });
        scenarios
    }

    /// Streams take longer, and vary less.
    fn rounds(&self, stream: bool) -> usize {
        match (self.quick, stream) {
            (true, _) => 2,
            (false, true) => 3,
            (false, false) => 5,
        }
    }

    fn start_floor(&self) -> io::Result<Running> {
        Running::proxy(self.pinning, &self.floor, |address| {
            vec![format!("--listen={address}").into(), format!("--upstream={}", self.upstream.address).into()]
        })
    }

    /// Starts the gateway as it runs in production: a key to check, prices to count with, everything kept.
    fn start_gateway(&self, program: &Path, data: &str) -> io::Result<Running> {
        let config = self.folder.path().join(format!("{data}.toml"));
        fs::write(&config, self.config(data))?;
        Running::proxy(self.pinning, program, |address| {
            let mut arguments: Vec<OsString> = vec!["serve".into(), "--config".into(), config.into()];
            arguments.push(format!("--listen={address}").into());
            arguments
        })
    }

    fn config(&self, data: &str) -> String {
        let upstream = self.upstream.address;
        let mut models: Vec<_> = scenario::all().iter().map(Scenario::model).collect();
        models.push(format!("openai/{SLOW}"));
        models.sort_unstable();
        models.dedup();
        let priced = models.iter().map(|model| {
            format!("[catalog.\"{model}\"]\ninput_usd_per_million = 2\noutput_usd_per_million = 8\ncache_read_usd_per_million = 0.5\n")
        });
        format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\ndata = \"{}\"\ncapture_content = true\n\
             [providers.openai]\napi_key = \"bench\"\nbase_url = \"http://{upstream}/v1\"\n\
             [providers.anthropic]\napi_key = \"bench\"\nbase_url = \"http://{upstream}\"\n\
             [[keys]]\nname = \"bench\"\nsecret = \"{KEY}\"\nteam = \"bench\"\n{}",
            self.folder.path().join(data).display(),
            priced.collect::<String>(),
        )
    }

    /// From the start of the process to its first answer; the first time a folder is new, later it is not.
    fn start_ms(&self, start: &dyn Fn() -> io::Result<Running>) -> io::Result<f64> {
        let mut times = Vec::new();
        for _ in 0..5 {
            let running = start()?;
            times.push(running.until_listening.as_secs_f64() * 1e3);
            running.end()?;
        }
        Ok(median(times))
    }

    fn row(
        &self,
        scenario: &Scenario,
        floor: &mut Subject,
        mut gateway: Option<&mut Subject>,
        answered: &mut u64,
    ) -> io::Result<Row> {
        let direct = self.alone(scenario, self.upstream.address)?;
        for round in 0..self.rounds(scenario.shape.chunks.is_some()) {
            // The first round is preceded by calls that do not count.
            let warm_up = round == 0;
            self.round(scenario, floor, warm_up, round)?;
            if let Some(gateway) = &mut gateway {
                *answered += self.round(scenario, gateway, warm_up, round)?;
            }
        }
        let ratios = gateway.as_deref().map(|gateway| {
            let pairs = gateway.rounds.iter().zip(&floor.rounds);
            pairs.map(|(gateway, floor)| gateway.cpu_us / floor.cpu_us).collect::<Vec<_>>()
        });
        let floor = floor.figures(scenario, &direct);
        let gateway = gateway.map(|gateway| gateway.figures(scenario, &direct));
        Ok(Row {
            scenario: scenario.name(),
            floor,
            gateway,
            cpu_ratio: gateway.map(|gateway| gateway.cpu_us / floor.cpu_us),
            cpu_ratio_range: ratios.map(|ratios| {
                ratios
                    .iter()
                    .fold((f64::MAX, 0.0), |(least, most), ratio| (ratio.min(least), ratio.max(most)))
            }),
            limit: scenario.limit,
        })
    }

    /// Measures one proxy once, and says how many calls it answered.
    fn round(
        &self,
        scenario: &Scenario,
        subject: &mut Subject,
        warm_up: bool,
        round: usize,
    ) -> io::Result<u64> {
        self.progress(&format!("{}, round {}, {}", scenario.name(), round + 1, subject.name));
        let target = subject.running.address;
        let mut answered = 0;
        if warm_up {
            let calls = WARM_UP_CALLS.min(scenario.calls / 2);
            answered += self.call(&scenario.load(target, calls, scenario.clients, seed()))?.calls;
        }
        let calls = if self.quick { scenario.calls / 2 } else { scenario.calls };
        let before = Cpu::at_rest(subject.running.pid())?;
        let loaded = self.call(&scenario.load(target, calls, scenario.clients, seed()))?;
        let used = Cpu::at_rest(subject.running.pid())?.since(before).as_secs_f64();
        let alone = self.alone(scenario, target)?;
        answered += loaded.calls + alone.calls;
        subject.rounds.push(Round {
            cpu_us: used * 1e6 / loaded.calls.max(1) as f64,
            busy: used / loaded.seconds,
            loaded,
            alone,
        });
        Ok(answered)
    }

    fn call(&self, arguments: &[String]) -> io::Result<Measured> {
        children::load(self.pinning, &self.load, arguments, || {})
    }

    /// What one client sees that has the proxy for itself.
    fn alone(&self, scenario: &Scenario, target: SocketAddr) -> io::Result<Measured> {
        let calls = if self.quick { LATENCY_CALLS / 2 } else { LATENCY_CALLS };
        // A stream with pauses keeps nobody busy: then a few clients at once disturb each other little.
        let (calls, clients) = if scenario.shape.gap.is_zero() { (calls, 1) } else { (calls / 8, 8) };
        self.call(&scenario.load(target, calls, clients, seed()))
    }

    /// Holds many streams open at a proxy that has done nothing before, and looks at its memory.
    fn slow(&self, running: Running) -> io::Result<Slow> {
        self.progress(&format!("{SLOW_STREAMS} slow streams"));
        let pid = running.pid();
        let before = Memory::of(pid)?;
        let cpu = Cpu::at_rest(pid)?;
        let mut open = before;
        let arguments = [
            format!("--target={}", running.address),
            format!("--model=openai/{SLOW}"),
            format!("--calls={SLOW_STREAMS}"),
            format!("--clients={SLOW_STREAMS}"),
            "--ramp-ms=1000".to_owned(),
            format!("--seed={}", seed()),
        ];
        let measured = children::load(self.pinning, &self.load, &arguments, || {
            let now = Memory::of(pid).unwrap_or_default();
            if now.resident_kib > open.resident_kib {
                open = now;
            }
        })?;
        let used = Cpu::at_rest(pid)?.since(cpu).as_secs_f64();
        let after = Memory::of(pid)?;
        running.end()?;
        let mib = |kib: u64| kib as f64 / 1_024.0;
        Ok(Slow {
            complete: measured.calls,
            faults: measured.faults,
            before_mib: mib(before.resident_kib),
            open_mib: mib(open.resident_kib.max(after.peak_kib)),
            after_mib: mib(after.resident_kib),
            kib_per_stream: open.resident_kib.saturating_sub(before.resident_kib) as f64
                / SLOW_STREAMS as f64,
            cpu_us: used * 1e6 / measured.calls.max(1) as f64,
        })
    }

    /// Asks the gateway's own records how many calls there were.
    fn recorded(&self) -> io::Result<Option<u64>> {
        let Some(program) = &self.gateway else { return Ok(None) };
        let config = self.folder.path().join("scenarios.toml");
        let output = Command::new(program).args(["bill", "--json", "--config"]).arg(config).output()?;
        let bill: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        Ok(bill["total"]["calls"].as_u64())
    }

    /// One line that the next one replaces; on a terminal only.
    fn progress(&self, what: &str) {
        if io::stderr().is_terminal() {
            let seconds = self.start.elapsed().as_secs();
            let _ = write!(io::stderr(), "\r\x1b[K{seconds:>3} s  {what}\r");
        }
    }
}

impl Subject {
    fn new(name: &'static str, running: Running) -> Self {
        Self { name, running, rounds: Vec::new() }
    }

    /// The medians of the rounds, which are forgotten.
    fn figures(&mut self, scenario: &Scenario, direct: &Measured) -> Figures {
        let rounds = std::mem::take(&mut self.rounds);
        let of = |figure: &dyn Fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
        // A stream's length is the upstream's doing: what counts is when it begins.
        let latency = |measured: &Measured| match scenario.shape.chunks {
            None => (measured.p50_us, measured.p99_us),
            Some(_) => (measured.first_p50_us, measured.first_p99_us),
        };
        let (direct_p50, direct_p99) = latency(direct);
        Figures {
            cpu_us: of(&|round| round.cpu_us),
            added_p50_us: of(&|round| latency(&round.alone).0) - direct_p50,
            added_p99_us: of(&|round| latency(&round.alone).1) - direct_p99,
            calls_per_second: of(&|round| round.loaded.calls as f64 / round.loaded.seconds),
            busy: of(&|round| round.busy),
            faults: rounds.iter().map(|round| round.loaded.faults + round.alone.faults).sum(),
        }
    }
}

/// Texts that no other load of this machine has sent.
fn seed() -> u64 {
    std::time::UNIX_EPOCH
        .elapsed()
        .map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or_default() & 0xffff_ffff_ffff)
}
