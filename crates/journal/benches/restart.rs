//! What a restart costs: checking a large snapshot, opening a long journal, reading its records.
//!
//! `cargo bench -p journal --bench restart -- [FOLDER] [MEBIBYTES]`. The first pass reads the disk, the second the
//! page cache; the last line is hashing alone, which bounds them all.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use journal::{Draft, Files, Hash, Journal, JournalId, Options, Reader, Seq};

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a benchmark prints its result")]
fn main() {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let base = words.next().map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let mebibytes: usize = words.next().and_then(|word| word.parse().ok()).unwrap_or(512);
    let folder = base.join("restart-bench");
    let _ = std::fs::remove_dir_all(&folder);
    let bytes = mebibytes << 20;
    let timed = |what: &str, bytes: usize, run: &mut dyn FnMut()| {
        let begun = Instant::now();
        run();
        let seconds = begun.elapsed().as_secs_f64();
        println!("{what:<44} {:>8.1} ms {:>6.2} GB/s", seconds * 1e3, bytes as f64 / seconds / 1e9);
    };
    let open = || {
        let disk = Files::create(&folder).expect("the folder can be written");
        Journal::open(disk, Options::new(JournalId([1; 16]))).expect("the journal opens").0
    };

    let mut journal = open();
    let piece: Vec<u8> = (0..1 << 20).map(|n: usize| n.to_le_bytes()[1]).collect();
    timed("snapshot written", bytes, &mut || {
        let mut writer = journal.snapshots().begin(&journal.head(), Hash::NONE).expect("there is space");
        (0..mebibytes).for_each(|_| writer.write(&piece).expect("there is space"));
        writer.finish().expect("there is space");
    });
    for (body_bytes, bytes) in [(51_200, bytes), (3_000, bytes / 16)] {
        let mut draft = Draft::new();
        let before = journal.head().seq;
        timed(&format!("records of {body_bytes} bytes appended"), bytes / 4, &mut || {
            for _ in 0..bytes / 4 / body_bytes {
                draft.clear();
                draft.extend(&piece[..body_bytes]);
                journal.append_draft(&mut draft).expect("there is space");
            }
        });
        for pass in ["disk", "cache"] {
            timed(&format!("records of {body_bytes} bytes read, {pass}"), bytes / 4, &mut || {
                let records = journal.read(before.next()).expect("they are kept");
                assert!(records.map(|record| record.expect("they check").body.len()).sum::<usize>() > 0);
            });
        }
    }
    drop(journal);
    for pass in ["disk", "cache"] {
        timed(&format!("opened, {pass}"), bytes / 4 + bytes / 64, &mut || {
            assert!(open().head().seq > Seq(0))
        });
    }
    let reader = Reader::open(&folder).expect("the journal reads");
    for pass in ["disk", "cache"] {
        timed(&format!("snapshot checked, {pass}"), bytes, &mut || {
            assert!(reader.newest_snapshot().expect("it reads").snapshot.is_some());
        });
    }
    timed("hashing alone, by MiB", bytes, &mut || {
        (0..mebibytes).for_each(|_| {
            black_box(Hash::of(black_box(&piece)));
        });
    });
    let _ = std::fs::remove_dir_all(&folder);
}
