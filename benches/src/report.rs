//! What was measured, as a table for people and as JSON for programs.

use std::{fmt, io};

use comfy_table::{Cell, CellAlignment, Table, presets::NOTHING};
use serde::Serialize;

use crate::{children::Running, process::Memory};

/// Figures of one proxy in one scenario: medians over the rounds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Figures {
    /// Processor time of one call, records included, in microseconds.
    pub cpu_us: f64,
    /// What the proxy adds for half of the calls, in microseconds.
    pub added_p50_us: f64,
    /// What the proxy adds for 99 of 100 calls, in microseconds.
    pub added_p99_us: f64,
    /// Answers a second with the proxy on one processor and its surroundings on another.
    pub calls_per_second: f64,
    /// The share of its processor that the proxy used meanwhile.
    pub busy: f64,
    /// Wrong or missing answers.
    pub faults: u64,
}

/// One scenario.
#[derive(Debug, Serialize)]
pub struct Row {
    /// What was asked.
    pub scenario: String,
    /// The bare proxy's.
    pub floor: Figures,
    /// The gateway's, if there is one.
    pub gateway: Option<Figures>,
    /// The gateway's processor time by the floor's.
    pub cpu_ratio: Option<f64>,
    /// The smallest and the largest such ratio of two neighbouring rounds.
    pub cpu_ratio_range: Option<(f64, f64)>,
    /// The most it may be.
    pub limit: f64,
}

/// Many streams held open at once.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Slow {
    /// Streams that were complete.
    pub complete: u64,
    /// Streams that were not.
    pub faults: u64,
    /// Memory before the first, in MiB.
    pub before_mib: f64,
    /// The most memory while they were open, in MiB.
    pub open_mib: f64,
    /// Memory after the last, in MiB.
    pub after_mib: f64,
    /// Memory for one open stream, in KiB.
    pub kib_per_stream: f64,
    /// Processor time of one stream, in microseconds.
    pub cpu_us: f64,
}

/// A proxy that was measured by itself.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Process {
    /// From the start of the process to the first answer, in milliseconds.
    pub start_ms: f64,
    /// Memory after all scenarios, in MiB.
    pub resident_mib: f64,
    /// The most memory in all scenarios, in MiB.
    pub peak_mib: f64,
    /// [`crate::scenario::SLOW_STREAMS`] at once.
    pub slow: Slow,
}

impl Process {
    /// Notes how much memory it has taken so far.
    ///
    /// # Errors
    /// It has ended.
    pub fn remember(&mut self, running: &Running) -> io::Result<()> {
        let memory = Memory::of(running.pid())?;
        self.resident_mib = memory.resident_kib as f64 / 1_024.0;
        self.peak_mib = memory.peak_kib as f64 / 1_024.0;
        Ok(())
    }
}

/// Everything.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// How it was measured: processors, pinning, rounds.
    pub setting: String,
    /// One row a scenario.
    pub rows: Vec<Row>,
    /// The bare proxy.
    pub floor: Process,
    /// The gateway, if there is one.
    pub gateway: Option<Process>,
    /// Calls that the gateway answered, and calls that it recorded.
    pub recorded: Option<(u64, u64)>,
    /// What was promised and not kept, or went wrong.
    pub missed: Vec<String>,
}

impl Report {
    /// Compares every figure with what was promised.
    pub fn judge(&mut self, slow_limit_mib: f64, start_limit_ms: f64) {
        let mut missed = Vec::new();
        for row in &self.rows {
            let faults = row.floor.faults + row.gateway.map_or(0, |gateway| gateway.faults);
            if faults > 0 {
                missed.push(format!("{}: {faults} wrong answers", row.scenario));
            }
            if let Some(ratio) = row.cpu_ratio.filter(|ratio| *ratio > row.limit) {
                missed.push(format!("{}: CPU {ratio:.2} x the floor, limit {:.1}", row.scenario, row.limit));
            }
        }
        for (name, process) in [("floor", Some(self.floor)), ("gateway", self.gateway)] {
            let Some(process) = process else { continue };
            if process.slow.faults > 0 {
                missed.push(format!("{name}: {} slow streams were not complete", process.slow.faults));
            }
        }
        if let Some(gateway) = self.gateway {
            if gateway.slow.open_mib > slow_limit_mib {
                missed.push(format!(
                    "slow streams: {:.0} MiB, limit {slow_limit_mib:.0}",
                    gateway.slow.open_mib
                ));
            }
            if gateway.start_ms > start_limit_ms {
                missed.push(format!("start: {:.1} ms, limit {start_limit_ms:.0}", gateway.start_ms));
            }
        }
        if let Some((answered, recorded)) = self.recorded.filter(|(answered, recorded)| answered != recorded)
        {
            missed.push(format!("{answered} calls answered, {recorded} recorded"));
        }
        self.missed.extend(missed);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.setting)?;
        writeln!(f, "{}\n", self.scenarios())?;
        writeln!(f, "{}\n", self.processes())?;
        if let Some((answered, recorded)) = self.recorded {
            writeln!(f, "{answered} calls answered by the gateway, {recorded} recorded")?;
        }
        match self.missed.as_slice() {
            [] if self.gateway.is_some() => writeln!(f, "every limit was kept"),
            missed => missed.iter().try_for_each(|missed| writeln!(f, "MISSED  {missed}")),
        }
    }
}

impl Report {
    fn scenarios(&self) -> Table {
        let mut table =
            table(&["", "CPU us/call", "", "", "", "added p50 us", "", "added p99 us", "", "calls/s", ""]);
        table.add_row(right(&[
            "scenario", "floor", "gateway", "ratio", "limit", "floor", "gw", "floor", "gw", "floor", "gw",
        ]));
        for row in &self.rows {
            let gateway = |number: fn(&Figures) -> f64, digits: usize| {
                row.gateway
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), |figures| format!("{:.digits$}", number(figures)))
            };
            let ratio = row.cpu_ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
            table.add_row(right(&[
                row.scenario.clone(),
                format!("{:.1}", row.floor.cpu_us),
                gateway(|figures| figures.cpu_us, 1),
                ratio,
                format!("{:.1}", row.limit),
                format!("{:.0}", row.floor.added_p50_us),
                gateway(|figures| figures.added_p50_us, 0),
                format!("{:.0}", row.floor.added_p99_us),
                gateway(|figures| figures.added_p99_us, 0),
                format!("{:.0}", row.floor.calls_per_second),
                gateway(|figures| figures.calls_per_second, 0),
            ]));
        }
        table
    }

    fn processes(&self) -> Table {
        let mut table = table(&["", "floor", "gateway", "ratio"]);
        let mut row = |name: &str, figure: fn(&Process) -> f64| {
            let floor = figure(&self.floor);
            let (gateway, ratio) = match &self.gateway {
                None => ("-".to_owned(), "-".to_owned()),
                Some(gateway) => {
                    (format!("{:.1}", figure(gateway)), format!("{:.2}", figure(gateway) / floor))
                }
            };
            table.add_row(right(&[name.to_owned(), format!("{floor:.1}"), gateway, ratio]));
        };
        row("start to first answer, ms", |process| process.start_ms);
        row("RSS after all scenarios, MiB", |process| process.resident_mib);
        row("peak RSS in all scenarios, MiB", |process| process.peak_mib);
        row("slow streams that were complete", |process| process.slow.complete as f64);
        row("  RSS before, MiB", |process| process.slow.before_mib);
        row("  RSS while open, MiB", |process| process.slow.open_mib);
        row("  RSS after, MiB", |process| process.slow.after_mib);
        row("  KiB for one open stream", |process| process.slow.kib_per_stream);
        row("  CPU us/stream", |process| process.slow.cpu_us);
        table
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    table
}

/// Names to the left, figures to the right.
fn right<const N: usize>(cells: &[impl ToString; N]) -> Vec<Cell> {
    let mut cells: Vec<_> =
        cells.iter().map(|cell| Cell::new(cell.to_string()).set_alignment(CellAlignment::Right)).collect();
    if let Some(name) = cells.first_mut() {
        *name = name.clone().set_alignment(CellAlignment::Left);
    }
    cells
}

/// The middle one, or the mean of the two in the middle. Of nothing: 0.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[odd / 2],
        even => f64::midpoint(values[even / 2 - 1], values[even / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![]), 0.0);
        assert_eq!(median(vec![3.0, 1.0, 100.0]), 3.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 100.0]), 3.0);
    }

    #[test]
    fn what_is_missed_is_said() {
        let row = Row {
            scenario: "s".to_owned(),
            floor: Figures::default(),
            gateway: Some(Figures { faults: 2, ..Figures::default() }),
            cpu_ratio: Some(2.5),
            cpu_ratio_range: None,
            limit: 2.0,
        };
        let gateway = Process { start_ms: 60.0, ..Process::default() };
        let mut report =
            Report { rows: vec![row], gateway: Some(gateway), recorded: Some((2, 1)), ..Report::default() };
        report.judge(120.0, 50.0);
        assert_eq!(report.missed.len(), 4);
        assert!(report.to_string().contains("MISSED  s: CPU 2.50 x the floor, limit 2.0"));
    }
}
