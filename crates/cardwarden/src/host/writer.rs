//! The writing thread: one record after the other made durable. A second thread beside it gets the next
//! segment ready, so that no record waits for a file to be filled with zeros.
//!
//! Nothing here knows what a record says.

use super::Wake;
use journal::{AppendError, Draft, Files, Journal, Preparation, Prepared, Seq, Snapshot};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::Duration;

/// How long the thread waits for a record before it looks after segments.
const IDLE: Duration = Duration::from_millis(50);

/// Records before this one, and before the snapshot's, are no longer needed.
pub(super) struct Trim {
    pub oldest: Snapshot,
    pub from: Seq,
}

/// Runs until no more records can come.
///
/// # Errors
/// Why the journal could not be closed in good order.
pub(super) fn run(
    mut journal: Journal<Files>,
    records: &Receiver<Draft>,
    inbox: &Sender<Wake>,
    trims: &Receiver<Trim>,
) -> Result<(), String> {
    let (due, todo) = channel::<Preparation<Files>>();
    let (done, back) = channel();
    let preparing = std::thread::Builder::new()
        .name("segments".to_owned())
        .spawn(move || {
            while let Ok(mut preparation) = todo.recv() {
                // A failure is kept in the preparation: the journal learns of it when it comes back.
                while matches!(preparation.step(), Ok(Prepared::More)) {}
                if done.send(preparation).is_err() {
                    break;
                }
            }
        })
        .map_err(|error| format!("no thread to prepare segments: {error}"))?;
    loop {
        match records.recv_timeout(IDLE) {
            Ok(draft) => {
                if !append(&mut journal, draft, inbox, &back) {
                    break;
                }
            }
            Err(RecvTimeoutError::Timeout) => trim(&mut journal, trims),
            Err(RecvTimeoutError::Disconnected) => break,
        }
        while let Ok(preparation) = back.try_recv() {
            journal.give_preparation(preparation);
        }
        if let Some(preparation) = journal.take_preparation() {
            // The other thread lives as long as this channel.
            let _ = due.send(preparation);
        }
    }
    drop(due);
    let panicked = preparing.join().is_err();
    while let Ok(preparation) = back.try_recv() {
        journal.give_preparation(preparation);
    }
    if journal.is_stopped() || panicked {
        return Ok(());
    }
    journal.close().map_err(|error| format!("the journal's closing mark: {error}"))
}

/// Appends one record and says so. Where the next segment is not ready yet it is waited for.
fn append(
    journal: &mut Journal<Files>,
    mut draft: Draft,
    inbox: &Sender<Wake>,
    back: &Receiver<Preparation<Files>>,
) -> bool {
    loop {
        match journal.append_draft(&mut draft) {
            Ok(seq) => return inbox.send(Wake::Durable(seq.0, draft)).is_ok(),
            Err(AppendError::Unprepared) => match back.recv() {
                Ok(preparation) => journal.give_preparation(preparation),
                Err(_) => return false,
            },
            Err(error) => {
                let _ = inbox.send(Wake::Failed(format!("a record could not be made durable: {error}")));
                return false;
            }
        }
    }
}

/// Gives up records that nobody needs any more.
fn trim(journal: &mut Journal<Files>, trims: &Receiver<Trim>) {
    match trims.try_recv() {
        Ok(trim) => journal.retire(&trim.oldest, trim.from),
        Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
    }
}
