//! A million cards that do nothing: what they take in memory and on disk, and how long a restart takes.
//!
//! Each is measured in a process of its own, which tells its figures as one line of JSON.

use super::results::{Reading, Results};
use super::world::{Mix, Sales, append, found, nameless};
use super::{Part, Plan, surroundings};
use crate::commands::{Stop, say};
use crate::host;
use crate::system;
use gateway::Directory;
use journal::{Files, Hash, JournalId, SnapshotReader, SnapshotWriter};
use lexopt::ValueExt;
use machine::Machine;
use machine::command::Command;
use serde_json::{Value, json};
use sim::dice::Dice;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Accounts, with a card each.
const CARDS: usize = 1_000_000;
/// Sales after the snapshot, to be replayed.
const TAIL: usize = 250_000;
/// Commands in each of their records.
const TAIL_BATCH: usize = 256;
/// This very program, also where a newer build has taken its name meanwhile.
const THIS_PROGRAM: &str = "/proc/self/exe";
/// Times the restart is measured; the median counts.
const RESTARTS: usize = 3;

/// Where the bank of a million is.
pub struct Idle {
    folder: PathBuf,
    done: bool,
}

impl Idle {
    pub fn new(plan: &Plan) -> Idle {
        Idle { folder: plan.folder.join("idle"), done: false }
    }

    /// Runs one of the two in a process of its own.
    fn child(&self, what: &str) -> Result<Value, String> {
        let output = std::process::Command::new(THIS_PROGRAM)
            .args(["bench", "--child", what])
            .arg(&self.folder)
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
    }
}

impl Part for Idle {
    /// Once in a run: nothing else is compared with it.
    fn turn(&mut self, _plan: &Plan, results: &mut Results) -> Result<(), String> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(());
        }
        let grown = self.child("grow")?;
        let mut put = |key: &str, what: &str, unit, from: &Value| {
            let figure = from[key].as_f64().ok_or_else(|| format!("the child told no {key}"))?;
            results.put_figure(&format!("idle.{key}"), what, unit, Reading::figure(figure));
            Ok::<(), String>(())
        };
        put("card", "a million idle cards: the machine, resident, a card", "bytes", &grown)?;
        put("edge", "a million idle cards: the edge's directory, resident, a card", "bytes", &grown)?;
        put("both", "a million idle cards: both together, a card", "bytes", &grown)?;
        put("snapshot", "a million idle cards: snapshot", "MB", &grown)?;
        for _ in 0..RESTARTS {
            let restarted = self.child("restart")?;
            put(
                "snapshot_alone",
                "restart: snapshot read, checked, indexed, with its journal opened",
                "s",
                &restarted,
            )?;
            put("tail", "restart: 250,000 sales of the journal's tail replayed and proven", "s", &restarted)?;
            put("directory", "restart: the edge's directory", "s", &restarted)?;
            put("restart", "restart at a million cards: all of it", "s", &restarted)?;
        }
        Ok(())
    }

    fn end(self: Box<Self>) -> Result<(), String> {
        Ok(())
    }
}

/// Runs `bench --child grow|restart FOLDER`: one measurement in a process of its own.
///
/// # Errors
/// What could not be done.
pub fn child(arguments: &mut lexopt::Parser) -> Result<(), Stop> {
    let what = arguments.value()?.string()?;
    let folder = PathBuf::from(arguments.value()?);
    let told = match what.as_str() {
        "grow" => grow(&folder),
        "restart" => restart(&folder),
        other => return Err(Stop::usage(format!("there is no child `{other}`"))),
    };
    say!("{}", told.map_err(Stop::failed)?);
    Ok(())
}

/// Founds the bank, looks at its memory, writes its snapshot and a tail of sales behind it.
fn grow(folder: &Path) -> Result<Value, String> {
    let cards = nameless(CARDS, &mut Dice::of(1, "idle"));
    let before = surroundings::resident();
    let mut recovery = found(folder, &cards)?;
    let machine = surroundings::resident().saturating_sub(before);
    let directory = Directory::of(&recovery.machine);
    let both = surroundings::resident().saturating_sub(before);
    drop(directory);

    let digest = recovery.machine.digest();
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let snapshots = recovery.journal.snapshots();
    let writer = snapshots.begin(&recovery.journal.head(), Hash(digest)).map_err(|error| text(&error))?;
    let mut out = BufWriter::with_capacity(1 << 20, Sink { writer, bytes: 0 });
    recovery.machine.write_snapshot(&mut out).map_err(|error| text(&error))?;
    let Sink { writer, bytes } = out.into_inner().map_err(|error| text(&error))?;
    writer.finish().map_err(|error| text(&error))?;

    let mut sales = Sales::new(&cards, Mix::Life, 2);
    append(&mut recovery, (0..TAIL).map(|_| Command::Authorize(sales.next_sale())), TAIL_BATCH)?;
    recovery.journal.close().map_err(|error| text(&error))?;
    let share = |bytes: u64| bytes as f64 / CARDS as f64;
    Ok(json!({
        "card": share(machine),
        "edge": share(both.saturating_sub(machine)),
        "both": share(both),
        "snapshot": bytes as f64 / 1e6,
    }))
}

/// Opens the folder as a start does.
fn restart(folder: &Path) -> Result<Value, String> {
    let begun = Instant::now();
    let id = JournalId(system::random()?);
    let recovery = host::open(folder, id).map_err(|error| error.to_string())?;
    let opened = begun.elapsed().as_secs_f64();
    let directory = Directory::of(&recovery.machine);
    let all = begun.elapsed().as_secs_f64();
    std::hint::black_box(&directory);
    if recovery.replayed != TAIL as u64 {
        return Err(format!("{} sales were replayed", recovery.replayed));
    }
    // The same again without the records behind the snapshot says what of it is the snapshot.
    let alone = Instant::now();
    let newest = recovery.journal.newest_snapshot().map_err(|error| error.to_string())?;
    let snapshot = newest.snapshot.ok_or("there is no snapshot")?;
    let reader = recovery.journal.snapshots().read(&snapshot).map_err(|error| error.to_string())?;
    let machine =
        Machine::read_snapshot(&mut BufReader::with_capacity(1 << 20, Source { reader, rest: Vec::new() }));
    let machine = machine.map_err(|error| error.to_string())?;
    let alone = alone.elapsed().as_secs_f64();
    std::hint::black_box(&machine);
    Ok(json!({
        "snapshot_alone": alone,
        "tail": (opened - alone).max(0.0),
        "directory": all - opened,
        "restart": all,
    }))
}

/// A snapshot's checked pieces as a stream.
struct Source {
    reader: SnapshotReader<Files>,
    rest: Vec<u8>,
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            match self.reader.next_piece().map_err(io::Error::other)? {
                None => return Ok(0),
                Some(piece) => self.rest.extend(piece),
            }
        }
        let take = out.len().min(self.rest.len());
        out[..take].copy_from_slice(&self.rest[..take]);
        self.rest.drain(..take);
        Ok(take)
    }
}

/// A snapshot's writer as a stream that counts.
struct Sink {
    writer: SnapshotWriter<Files>,
    bytes: u64,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes).map_err(io::Error::other)?;
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
