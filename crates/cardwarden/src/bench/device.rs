//! The journal against the bare disk: the same bytes into the same kind of file, write by write in turn.
//!
//! Three ways: one direct, synchronous write of a record's blocks into a preallocated file of zeros; `append`, with
//! checksums and hashes made in it; and the append of a record sealed beforehand, which is how the host does it: it
//! seals on the applying thread while the record before is being made durable.

use super::results::{Reading, Results};
use super::{Part, Plan};
use journal::{
    Access, BLOCK_BYTES, Disk, Draft, Files, HEADER_BYTES, Journal, JournalId, OpenFile, Options, Prepared,
};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Commands in a record.
const BATCHES: [usize; 4] = [1, 32, 256, 1024];
/// Bytes a command takes in it.
const COMMAND_BYTES: usize = 200;
/// Bytes of the bare file; it is written round and round.
const ROOM_BYTES: usize = 64 << 20;
/// Bytes each way writes in one reading, at most.
const BYTES_MAX: usize = 256 << 20;

/// Where the files are.
pub struct Device {
    folder: PathBuf,
}

/// The bare file.
struct Bare {
    disk: Files,
    file: OpenFile,
    store: Vec<u8>,
    start: usize,
    at: usize,
}

impl Bare {
    fn new(folder: &std::path::Path) -> Result<Bare, String> {
        const STEP: usize = 1 << 20;
        let text = |error: journal::DiskError| error.to_string();
        let disk = Files::create(folder).map_err(text)?;
        let store = vec![0; STEP + BLOCK_BYTES];
        let start = store.as_ptr().addr().next_multiple_of(BLOCK_BYTES) - store.as_ptr().addr();
        let file = disk.create("raw", 0).map_err(text)?;
        for offset in (0..ROOM_BYTES).step_by(STEP) {
            disk.write_at(&file, offset as u64, &store[start..start + STEP]).map_err(text)?;
        }
        disk.sync(&file).map_err(text)?;
        drop(file);
        let file = disk.open("raw", Access::Durable).map_err(text)?;
        let mut bare = Bare { disk, file, store, start, at: 0 };
        bare.store.fill(0x5A);
        Ok(bare)
    }

    fn write(&mut self, bytes: usize) -> Result<(), String> {
        if self.at + bytes > ROOM_BYTES {
            self.at = 0;
        }
        let blocks = &self.store[self.start..self.start + bytes];
        self.disk.write_durable(&self.file, self.at as u64, blocks).map_err(|error| error.to_string())?;
        self.at += bytes;
        Ok(())
    }
}

impl Device {
    pub fn new(plan: &Plan) -> Device {
        Device { folder: plan.folder.join("journal") }
    }

    /// Times of the three ways, write by write.
    fn measure(&self, batch: usize, seconds: f64) -> Result<[Vec<u64>; 3], String> {
        let body: Vec<u8> = (0..batch * COMMAND_BYTES).map(|n| (n % 251) as u8).collect();
        let span = (HEADER_BYTES + body.len()).next_multiple_of(BLOCK_BYTES);
        let mut bare = Bare::new(&self.folder.join("bare"))?;
        let open = |name: &str| {
            let disk = Files::create(&self.folder.join(name)).map_err(|error| error.to_string())?;
            Journal::open(disk, Options::new(JournalId([1; 16]))).map_err(|error| error.to_string())
        };
        let (mut whole, mut sealed) = (open("whole")?.0, open("sealed")?.0);
        let mut draft = Draft::new();
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        let (begun, length) = (Instant::now(), Duration::from_secs_f64(seconds));
        for round in 0..BYTES_MAX / span {
            if begun.elapsed() > length {
                break;
            }
            // What a thread beside does in a host: the next segment is got ready.
            for journal in [&mut whole, &mut sealed] {
                while journal.prepare().map_err(|error| error.to_string())? == Prepared::More {}
            }
            draft.clear();
            draft.extend(&body);
            draft.seal();
            // Turn about, so that no way always comes after the same other.
            for way in 0..3 {
                let way = (way + round) % 3;
                let before = Instant::now();
                match way {
                    0 => bare.write(span)?,
                    1 => drop(whole.append(&body).map_err(|error| error.to_string())?),
                    _ => drop(sealed.append_draft(&mut draft).map_err(|error| error.to_string())?),
                }
                times[way].push(before.elapsed().as_nanos() as u64);
            }
        }
        drop((whole, sealed, bare));
        std::fs::remove_dir_all(&self.folder).map_err(|error| error.to_string())?;
        Ok(times)
    }
}

impl Part for Device {
    fn turn(&mut self, plan: &Plan, results: &mut Results) -> Result<(), String> {
        for batch in BATCHES {
            let mut times = self.measure(batch, plan.seconds)?;
            let ways =
                [("bare", "the bare device"), ("append", "append"), ("sealed", "append, sealed beside")];
            for ((way, what), times) in ways.into_iter().zip(&mut times) {
                let sum = Duration::from_nanos(times.iter().sum());
                let reading = Reading::of_times(times).with_rate(times.len() * batch, sum);
                let what = format!("journal, {batch} x {COMMAND_BYTES} bytes a record: {what}");
                results.put(&format!("journal.{batch}.{way}"), &what, reading);
            }
        }
        Ok(())
    }

    fn end(self: Box<Self>) -> Result<(), String> {
        Ok(())
    }
}
