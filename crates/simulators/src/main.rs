//! Runs the simulated providers and prints where they listen, until it is interrupted.
//!
//! `cargo run -p tollgate-simulators -- [seed] [realistic]`

use std::io::{self, Write};

use tollgate_simulators::{FaultPlan, Options, Pace, Simulators, Vendor};

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let realistic = arguments.iter().any(|argument| argument == "realistic");
    let seed = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(0);
    let options = Options {
        seed,
        pace: if realistic { Pace::realistic() } else { Pace::Instant },
        faults: if realistic { FaultPlan::rough_day() } else { FaultPlan::none() },
        ..Options::default()
    };
    let simulators = Simulators::start(options).await?;
    let mut out = io::stdout();
    for vendor in Vendor::SERVED {
        writeln!(out, "{vendor:<10} {}", simulators.base_url(vendor))?;
    }
    out.flush()?;
    tokio::signal::ctrl_c().await?;
    simulators.stop().await;
    Ok(())
}
