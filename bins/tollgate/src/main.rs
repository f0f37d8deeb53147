//! The `tollgate` command: command line, configuration file and signals. All else lives in the crates below.

mod bill;
mod calls;
mod check;
mod configuration;
mod demo;
mod output;
mod period;
mod serve;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

// The system's allocator returns large blocks at once and takes them back page by page, for every large prompt again;
// and keeps small ones for ever after a burst.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// One gate in front of every LLM provider: one bill, one audit log, one place to govern.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, propagate_version = true)]
struct Cli {
    /// The configuration file. Default: ./tollgate.toml, where there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON for programs instead of tables for people.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway.
    Serve(serve::Arguments),
    /// Show the gateway at work: simulated providers on loopback, mixed traffic with faults, then the bill.
    Demo(demo::Arguments),
    /// Validate the configuration and say what it means.
    Check,
    /// Look at recorded calls.
    Calls(calls::Arguments),
    /// Sum up recorded calls: by provider, model, key, team, user or day.
    Bill(bill::Arguments),
}

fn main() -> ExitCode {
    // Two crypto providers in one tree panic at their first use; so this one is named before anything else.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = Cli::parse();
    let result = match &cli.command {
        Command::Serve(arguments) => serve::run(cli.config.as_deref(), arguments),
        Command::Demo(arguments) => demo::run(arguments, cli.json),
        Command::Check => check::run(cli.config.as_deref(), cli.json),
        Command::Calls(arguments) => calls::run(cli.config.as_deref(), arguments, cli.json),
        Command::Bill(arguments) => bill::run(cli.config.as_deref(), arguments, cli.json),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::report(&error),
    }
}
