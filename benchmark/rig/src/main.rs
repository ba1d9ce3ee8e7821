//! The benchmark rig: generates sites, runs the sink, and measures processes.
//!
//! It shares no code with the engine, which is measured against it.

mod floor;
mod measure;
mod network;
mod objects;
mod page;
mod sink;
mod site;
mod tally;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

/// Sites, a sink for them, and the floor.
#[derive(Parser)]
enum Command {
    /// Writes a synthetic build.
    Site(site::Options),
    /// Takes bulk requests or objects, counts them, and stores nothing.
    Sink(sink::Options),
    /// Reads every artifact and sends as many bytes as asked for, without encoding anything.
    Floor(floor::Options),
    /// Runs a program and prints what it took.
    Measure(measure::Options),
}

/// What every command may fail with: it is printed and that is all.
type BoxError = Box<dyn Error + Send + Sync>;

#[expect(clippy::print_stderr, reason = "a program for the command line")]
fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Site(options) => site::write(&options),
        Command::Sink(options) => sink::run(options),
        Command::Floor(options) => floor::run(&options),
        Command::Measure(options) => measure::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seed-rig: {error}");
            ExitCode::FAILURE
        }
    }
}
