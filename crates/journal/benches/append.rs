//! Appending against the bare disk: the same bytes, the same kind of file, turn by turn in one run.
//!
//! The ratios are the result; the times of a shared machine are not. `cargo bench -p journal --bench append --
//! [FOLDER] [ROUNDS]`; the folder should be on the disk a journal would be on.
//!
//! Three ways, interleaved write by write:
//! - device: one O_DIRECT|O_DSYNC write of the record's blocks into a preallocated, zero-filled file;
//! - append: [`Journal::append`], checksum and hashes included, on one thread;
//! - sealed: [`Journal::append_draft`] of drafts another thread filled and sealed, as a shard does while the record
//!   before is being made durable.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use journal::{Access, BLOCK_BYTES, Disk, Draft, Files, HEADER_BYTES, Journal, JournalId, Options};

const RECORD_BYTES: usize = 200;
const BATCHES: [usize; 5] = [1, 32, 256, 1024, 4096];
/// Bytes each way writes for one batch size, at most.
const BYTES_MAX: usize = 192 << 20;

struct Times(Vec<Duration>);

impl Times {
    fn at(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index into a few thousand times"
        )]
        let index = (share * (sorted.len() - 1) as f64) as usize;
        sorted[index]
    }

    fn sum(&self) -> f64 {
        self.0.iter().sum::<Duration>().as_secs_f64()
    }
}

/// An aligned buffer, from a plain vector.
fn aligned(bytes: usize) -> (Vec<u8>, usize) {
    let store = vec![0x5A; bytes + BLOCK_BYTES];
    let start = store.as_ptr().addr().next_multiple_of(BLOCK_BYTES) - store.as_ptr().addr();
    (store, start)
}

fn fill(draft: &mut Draft, bytes: usize) {
    draft.clear();
    for record in 0..bytes / RECORD_BYTES {
        draft.extend(&[u8::try_from(record % 251).unwrap_or(0); RECORD_BYTES]);
    }
    draft.seal();
}

fn measure(folder: &std::path::Path, batch: usize, rounds: usize) -> [Times; 3] {
    let bytes = batch * RECORD_BYTES;
    let span = (HEADER_BYTES + bytes).next_multiple_of(BLOCK_BYTES);
    let rounds = rounds.min(BYTES_MAX / span);
    let _ = std::fs::remove_dir_all(folder);

    let device = Files::create(&folder.join("device")).expect("the folder can be written");
    let room = (rounds * span).next_multiple_of(1 << 20);
    let file = device.create("raw", 0).expect("a file can be made");
    let (mut zeros, start) = aligned(1 << 20);
    zeros.fill(0);
    for offset in (0..room).step_by(1 << 20) {
        device.write_at(&file, offset as u64, &zeros[start..start + (1 << 20)]).expect("there is space");
    }
    device.sync(&file).expect("the disk works");
    drop(file);
    let raw = device.open("raw", Access::Durable).expect("it was just made");

    let open = |name: &str| {
        let disk = Files::create(&folder.join(name)).expect("the folder can be written");
        let options = Options { segment_bytes: 64 << 20, ..Options::new(JournalId([1; 16])) };
        Journal::open(disk, options).expect("an empty folder opens").0
    };
    let (mut whole, mut drafted) = (open("whole"), open("drafted"));

    let (to_sealer, empty) = std::sync::mpsc::sync_channel::<Draft>(2);
    let (to_writer, sealed) = std::sync::mpsc::sync_channel::<Draft>(2);
    let sealer = std::thread::spawn(move || {
        for mut draft in empty {
            fill(&mut draft, bytes);
            if to_writer.send(draft).is_err() {
                return;
            }
        }
    });
    to_sealer.send(Draft::new()).expect("the sealer lives");
    to_sealer.send(Draft::new()).expect("the sealer lives");

    let body: Vec<u8> = (0..bytes).map(|n| u8::try_from(n % 251).unwrap_or(0)).collect();
    let (blocks, start) = aligned(span);
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..rounds {
        // What is done between records by a host: not measured, for it has its own time.
        for journal in [&mut whole, &mut drafted] {
            while journal.prepare().expect("there is space") == journal::Prepared::More {}
        }
        let mut draft = sealed.recv().expect("the sealer lives");
        // Turn about, so that no way always comes after the same other.
        for way in 0..3 {
            let way = (way + round) % 3;
            let begun = Instant::now();
            match way {
                0 => device
                    .write_durable(&raw, (round * span) as u64, &blocks[start..start + span])
                    .expect("the disk works"),
                1 => drop(whole.append(&body).expect("the disk works")),
                _ => drop(drafted.append_draft(&mut draft).expect("the disk works")),
            }
            times[way].push(begun.elapsed());
        }
        to_sealer.send(draft).expect("the sealer lives");
    }
    drop(to_sealer);
    drop(sealed);
    sealer.join().expect("the sealer does not panic");
    let _ = std::fs::remove_dir_all(folder);
    times.map(Times)
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
fn main() {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let base = words.next().map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let rounds = words.next().and_then(|word| word.parse().ok()).unwrap_or(2_000);
    println!(
        "records of {RECORD_BYTES} bytes; ratio = time of the bare device / time of the journal, same bytes"
    );
    println!(
        "{:>5} {:>8} {:>6} | {:>20} | {:>20} {:>11} | {:>20} {:>11}",
        "batch",
        "bytes",
        "rounds",
        "device p50 / p99 us",
        "append p50 / p99 us",
        "sum  p50",
        "sealed p50 / p99 us",
        "sum  p50"
    );
    for batch in BATCHES {
        let [device, append, sealed] = measure(&base.join("append-bench"), batch, rounds);
        let show = |times: &Times| {
            format!(
                "{:>9.0} / {:>8.0}",
                times.at(0.5).as_secs_f64() * 1e6,
                times.at(0.99).as_secs_f64() * 1e6
            )
        };
        let ratio = |times: &Times| {
            let middle = device.at(0.5).as_secs_f64() / times.at(0.5).as_secs_f64();
            format!("{:>5.2} {middle:>5.2}", device.sum() / times.sum())
        };
        println!(
            "{batch:>5} {:>8} {:>6} | {} | {} {} | {} {}",
            batch * RECORD_BYTES,
            device.0.len(),
            show(&device),
            show(&append),
            ratio(&append),
            show(&sealed),
            ratio(&sealed)
        );
    }
}
