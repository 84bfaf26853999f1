//! Snapshots, taken beside the running host: a second machine is brought forward from the journal and written
//! down. The applying thread never waits for it; the price is memory while it is taken.

use super::Gauges;
use super::recovery::{Pieces, Recovery};
use super::writer::Trim;
use journal::{Files, Hash, Head, Reader, Seq, Snapshots};
use machine::Machine;
use machine::policy::Policy;
use shard::Replay;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often it is looked whether a snapshot is due.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Snapshots kept: the newest, and one to fall back on.
const SNAPSHOTS_KEPT: usize = 2;

/// The thread that takes snapshots.
pub(super) struct Snapshotter {
    thread: JoinHandle<()>,
    stop: Sender<()>,
    trims: std::sync::Mutex<Option<Receiver<Trim>>>,
}

struct Taking {
    folder: PathBuf,
    snapshots: Snapshots<Files>,
    every: u64,
    keep: u64,
    last: u64,
    gauges: Arc<Gauges>,
    trims: Sender<Trim>,
}

impl Snapshotter {
    pub(super) fn start(
        recovery: &Recovery,
        settings: &super::Settings,
        gauges: Arc<Gauges>,
    ) -> io::Result<Snapshotter> {
        let (stop, stopped) = channel();
        let (trims, requests) = channel();
        let last = recovery.recovered.snapshots.last().map_or(0, |snapshot| snapshot.seq.0);
        let taking = Taking {
            folder: recovery.folder.clone(),
            snapshots: recovery.journal.snapshots(),
            every: settings.snapshot_records,
            keep: settings.keep_records,
            last,
            gauges,
            trims,
        };
        let thread =
            std::thread::Builder::new().name("snapshots".to_owned()).spawn(move || taking.run(&stopped))?;
        Ok(Snapshotter { thread, stop, trims: std::sync::Mutex::new(Some(requests)) })
    }

    /// What the writing thread is asked to give up. There is one taker.
    pub(super) fn trim_requests(&self) -> Receiver<Trim> {
        let taken = self.trims.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        taken.unwrap_or_else(|| channel().1)
    }

    pub(super) fn stop(self) {
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            tracing::error!("the snapshot thread panicked");
        }
    }
}

impl Taking {
    fn run(mut self, stopped: &Receiver<()>) {
        while matches!(stopped.recv_timeout(LOOK_EVERY), Err(RecvTimeoutError::Timeout)) {
            let head = self.gauges.head.load(Ordering::Acquire);
            if self.every > 0 && head >= self.last + self.every {
                // Whether it comes off or not, the next try is a whole interval away.
                self.last = head;
                match self.take(head) {
                    Ok(seq) => tracing::info!(seq, "a snapshot was taken"),
                    Err(error) => tracing::warn!(%error, "a snapshot could not be taken"),
                }
            }
        }
    }

    /// Brings a second machine to record `until` and writes it down.
    fn take(&self, until: u64) -> Result<u64, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let reader = Reader::open(&self.folder).map_err(|error| text(&error))?;
        let newest = reader.newest_snapshot().map_err(|error| text(&error))?.snapshot;
        let (machine, from) = match newest {
            None => (Machine::new(Policy::DEFAULT), Seq(1)),
            Some(snapshot) => {
                let pieces = reader.read_snapshot(&snapshot).map_err(|error| text(&error))?;
                let mut pieces = Pieces { reader: pieces, rest: Vec::new(), at: 0 };
                (Machine::read_snapshot(&mut pieces).map_err(|error| text(&error))?, snapshot.seq.next())
            }
        };
        let mut replay = Replay::from(machine);
        let mut head = None;
        for record in reader.records(from).map_err(|error| text(&error))? {
            let record = record.map_err(|error| text(&error))?;
            if record.seq.0 > until {
                break;
            }
            replay.record(&record.body).map_err(|error| text(&error))?;
            head = Some(Head { seq: record.seq, hash: record.hash, epoch: record.epoch });
        }
        let Some(head) = head else { return Ok(until) };
        let machine = replay.into_machine();
        let digest = machine.digest();
        let writer = self.snapshots.begin(&head, Hash(digest)).map_err(|error| text(&error))?;
        let mut out = BufWriter::with_capacity(1 << 20, Sink(writer));
        machine.write_snapshot(&mut out).map_err(|error| text(&error))?;
        let Sink(writer) = out.into_inner().map_err(|error| text(&error))?;
        writer.finish().map_err(|error| text(&error))?;
        let oldest = self.snapshots.retain(SNAPSHOTS_KEPT).map_err(|error| text(&error))?;
        if let (Some(oldest), true) = (oldest, self.keep > 0) {
            // The writing thread looks when it has a moment; a host that stops needs it no more.
            let _ = self.trims.send(Trim { oldest, from: Seq(head.seq.0.saturating_sub(self.keep)) });
        }
        Ok(head.seq.0)
    }
}

/// A snapshot's writer as a stream.
struct Sink(journal::SnapshotWriter<Files>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
