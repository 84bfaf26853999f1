//! `replay`: the whole journal applied again from its first record, every answer and trail proven.

use super::{Stop, say};
use journal::{Reader, Seq};
use lexopt::prelude::*;
use machine::Machine;
use machine::policy::Policy;
use shard::Replay;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Runs `replay DIR [--until N]`.
///
/// # Errors
/// The first record that comes to another answer.
pub fn run(mut arguments: lexopt::Parser) -> Result<(), Stop> {
    let mut folder: Option<PathBuf> = None;
    let mut until = u64::MAX;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("until") => until = arguments.value()?.parse()?,
            Value(path) if folder.is_none() => folder = Some(path.into()),
            other @ (Short(_) | Long(_) | Value(_)) => return Err(other.unexpected().into()),
        }
    }
    let folder = folder.ok_or_else(|| Stop::usage("the folder of the journal is missing"))?;
    let begun = Instant::now();
    let (machine, last, commands) = replayed(&folder, until)?;
    let seconds = begun.elapsed().as_secs_f64();
    let audit =
        machine.audit().map_err(|why| Stop::failed(format!("the state does not hold together: {why}")))?;
    say!("records       {last}");
    say!("commands      {commands}, every answer as stored ({seconds:.2} s)");
    say!("accounts      {}", audit.accounts);
    say!("open holds    {}", audit.holds);
    say!("freezes       {} in force", audit.freezes);
    say!("state digest  {}", super::iso::to_hex(&machine.digest()).to_lowercase());
    Ok(())
}

/// The machine as the journal in `folder` leaves it.
///
/// # Errors
/// As `run`.
pub fn machine_of(folder: &Path) -> Result<Machine, Stop> {
    replayed(folder, u64::MAX).map(|(machine, _, _)| machine)
}

/// The machine after record `until`, the last record applied, and the number of commands.
fn replayed(folder: &Path, until: u64) -> Result<(Machine, u64, u64), Stop> {
    let reader = Reader::open(folder).map_err(Stop::failed)?;
    if reader.first() > Seq(1) {
        return Err(Stop::failed(format!(
            "the journal begins with record {}: what came before was given up",
            reader.first().0
        )));
    }
    let mut replay = Replay::from(Machine::new(Policy::DEFAULT));
    let mut last = 0;
    for record in reader.records(Seq(1)).map_err(Stop::failed)? {
        let record = record.map_err(Stop::failed)?;
        if record.seq.0 > until {
            break;
        }
        replay
            .record(&record.body)
            .map_err(|diverged| Stop::failed(format!("record {}: {diverged}", record.seq.0)))?;
        last = record.seq.0;
    }
    let commands = replay.commands();
    Ok((replay.into_machine(), last, commands))
}
