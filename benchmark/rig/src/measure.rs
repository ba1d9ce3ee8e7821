//! Measures wall time, CPU time and peak memory of a process as the operating system counts them.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use wait4::Wait4;

use crate::BoxError;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where the figures go.
    #[arg(long)]
    out: PathBuf,
    /// What to run.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Runs a program to its end.
pub(crate) fn run(options: &Options) -> Result<(), BoxError> {
    let (program, arguments) = options.command.split_first().ok_or("no command")?;
    let started = Instant::now();
    let mut child = Command::new(program).args(arguments).spawn()?;
    let waited = child.wait4()?;
    let seconds = started.elapsed().as_secs_f64();
    let figures = serde_json::json!({
        "seconds": seconds,
        "userSeconds": waited.rusage.utime.as_secs_f64(),
        "systemSeconds": waited.rusage.stime.as_secs_f64(),
        "peakBytes": waited.rusage.maxrss,
        "exitCode": waited.status.code(),
    });
    std::fs::write(&options.out, figures.to_string())?;
    Ok(())
}
