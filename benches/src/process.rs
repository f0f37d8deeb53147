//! What a process has used, as the system counts it.

use std::{
    fs, io,
    thread::sleep,
    time::{Duration, Instant},
};

/// The clock tick of `/proc/PID/stat`, which is the same on every Linux that Rust runs on.
const TICK: Duration = Duration::from_millis(10);
/// Processor time that two ticks could be off by.
const TICKS_OFF: Duration = Duration::from_millis(30);

/// Memory of a process, in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Now.
    pub resident_kib: u64,
    /// The most it ever had.
    pub peak_kib: u64,
}

/// Processor time of all threads of a process, in user space and in the system.
#[derive(Debug, Clone, Copy)]
pub struct Cpu {
    /// To the nanosecond, of the threads that live.
    living: Duration,
    /// To the tick, of those that have ended too.
    all: Duration,
}

impl Cpu {
    /// Reads it.
    ///
    /// # Errors
    /// The process has ended.
    pub fn of(pid: u32) -> io::Result<Self> {
        let mut living = Duration::ZERO;
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            // A thread may end between the listing and the reading.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
            living += Duration::from_nanos(nanos.unwrap_or_default());
        }
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name, in parentheses, may hold spaces.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u32 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
        Ok(Self { living, all: TICK * ticks })
    }

    /// What was used since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let living = self.living.saturating_sub(earlier.living);
        let all = self.all.saturating_sub(earlier.all);
        // Threads that ended meanwhile took their exact times with them.
        if all > living + TICKS_OFF { all } else { living }
    }

    /// Waits until the process has come to rest, so that work put off until after the answer is counted.
    ///
    /// # Errors
    /// The process has ended.
    pub fn at_rest(pid: u32) -> io::Result<Self> {
        let deadline = Instant::now() + Duration::from_secs(3);
        let mut before = Self::of(pid)?;
        loop {
            sleep(Duration::from_millis(120));
            let now = Self::of(pid)?;
            if now.since(before) < Duration::from_micros(500) || Instant::now() > deadline {
                return Ok(now);
            }
            before = now;
        }
    }
}

impl Memory {
    /// Reads it.
    ///
    /// # Errors
    /// The process has ended.
    pub fn of(pid: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name| {
            let line = status.lines().find_map(|line: &str| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next())
                .and_then(|kib| kib.parse().ok())
                .unwrap_or_default()
        };
        Ok(Self { resident_kib: field("VmRSS:"), peak_kib: field("VmHWM:") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_counted_also_that_of_threads_that_ended() {
        let pid = std::process::id();
        let before = Cpu::of(pid).unwrap();
        std::thread::spawn(|| {
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(200) {
                std::hint::black_box(0);
            }
        })
        .join()
        .unwrap();
        let used = Cpu::of(pid).unwrap().since(before);
        // On a busy machine the thread may have got little of its time, but not nothing.
        assert!(used > Duration::from_millis(10), "{used:?}");
        let memory = Memory::of(pid).unwrap();
        assert!(memory.resident_kib > 100 && memory.peak_kib >= memory.resident_kib);
    }
}
