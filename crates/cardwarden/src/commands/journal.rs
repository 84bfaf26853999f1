//! `journal verify` and `journal dump`: is it whole, and what does it say.
//!
//! Reads only, and takes no lock: a live host's journal can be looked at.

use super::{Stop, say};
use journal::{Reader, Seq};
use lexopt::prelude::*;
use shard::Record;
use std::path::PathBuf;

/// Runs `journal …`.
///
/// # Errors
/// The first thing that does not check, by file and offset.
pub fn run(mut arguments: lexopt::Parser) -> Result<(), Stop> {
    let act: String = match arguments.next()? {
        Some(Value(act)) => act.string()?,
        Some(_) | None => return Err(Stop::usage("journal needs `verify` or `dump`")),
    };
    let mut folder: Option<PathBuf> = None;
    let mut from = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("from") => from = Some(Seq(arguments.value()?.parse()?)),
            Value(path) if folder.is_none() => folder = Some(path.into()),
            other @ (Short(_) | Long(_) | Value(_)) => return Err(other.unexpected().into()),
        }
    }
    let folder = folder.ok_or_else(|| Stop::usage("the folder of the journal is missing"))?;
    match act.as_str() {
        "verify" => verify(&folder),
        "dump" => dump(&folder, from),
        other => Err(Stop::usage(format!("journal cannot `{other}`; it can `verify` and `dump`"))),
    }
}

fn verify(folder: &std::path::Path) -> Result<(), Stop> {
    let report = journal::verify(folder).map_err(Stop::failed)?;
    say!("journal    {}", super::iso::to_hex(&report.id.0).to_lowercase());
    say!("records    {} (from {} to {})", report.records, report.first.0, report.head.seq.0);
    say!("segments   {} in use, {} ready", report.segments, report.vacant);
    say!("snapshots  {}", report.snapshots.len());
    say!(
        "closed     {}",
        if report.closed { "in good order" } else { "no: it is in use, or its host was stopped" }
    );
    if let Some(torn) = &report.torn {
        say!("torn tail  {torn}");
    }
    for fault in &report.damaged_snapshots {
        say!("damaged    {fault}");
    }
    match report.is_sound() {
        true => Ok(()),
        false => Err(Stop::failed("the records are whole; something beside them is not")),
    }
}

/// One line a command, as it can be read in a log: no card number, PIN or key is in there to be hidden.
fn dump(folder: &std::path::Path, from: Option<Seq>) -> Result<(), Stop> {
    let reader = Reader::open(folder).map_err(Stop::failed)?;
    for record in reader.records(from.unwrap_or(reader.first())).map_err(Stop::failed)? {
        let record = record.map_err(Stop::failed)?;
        let body = Record::decode(&record.body)
            .map_err(|malformed| Stop::failed(format!("record {}: {malformed}", record.seq.0)))?;
        for entry in &body.entries {
            say!("{} {} {:?} -> {:?}", record.seq.0, body.at.0, entry.command, entry.outcome);
        }
    }
    Ok(())
}
