//! The journal on a real folder: locks, durability of names, a reader beside the writer.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use journal::{
    Files, Hash, Journal, JournalId, OpenError, Options, Prepared, ReadError, Reader, Seq, Spent, verify,
};

/// A folder of its own beside the build, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Folder(path)
    }

    fn open(&self) -> Result<Journal<Files>, OpenError> {
        let options = Options { id: JournalId([3; 16]), segment_bytes: 64 << 10, spent: Spent::Recycled };
        Journal::open(Files::create(&self.0)?, options).map(|(journal, _)| journal)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn body(seq: u64) -> Vec<u8> {
    (0..seq * 977 % 9_000).map(|n| u8::try_from((n * 7 + seq) % 251).unwrap()).collect()
}

#[test]
fn what_is_appended_is_read_back_after_every_reopening() {
    let folder = Folder::new("reopened");
    for round in 0..5_u64 {
        let mut journal = folder.open().unwrap();
        for seq in round * 20 + 1..=round * 20 + 20 {
            assert_eq!(journal.append(&body(seq)), Ok(Seq(seq)));
            journal.prepare().unwrap();
        }
        let read: Vec<_> = journal.read(Seq(1)).unwrap().map(|record| record.unwrap().body).collect();
        assert_eq!(read, (1..=round * 20 + 20).map(body).collect::<Vec<_>>());
        if round % 2 == 0 {
            journal.close().unwrap();
        }
    }
    let report = verify(&folder.0).unwrap();
    assert_eq!((report.records, report.closed, report.torn), (100, true, None));
}

#[test]
fn plain_writes_and_direct_ones_make_the_same_journal() {
    let folder = Folder::new("buffered");
    let options = Options { id: JournalId([3; 16]), segment_bytes: 64 << 10, spent: Spent::Recycled };
    for round in 0..6_u64 {
        let files = Files::create(&folder.0).unwrap();
        let files = if round % 2 == 0 { files.buffered() } else { files };
        let mut journal = Journal::open(files, options).unwrap().0;
        for seq in round * 10 + 1..=round * 10 + 10 {
            assert_eq!(journal.append(&body(seq)), Ok(Seq(seq)));
        }
    }
    let read: Vec<_> =
        Reader::open(&folder.0).unwrap().records(Seq(1)).unwrap().map(|r| r.unwrap().body).collect();
    assert_eq!(read, (1..=60).map(body).collect::<Vec<_>>());
}

#[test]
fn all_of_it_can_be_moved_to_a_thread_of_its_own() {
    fn moves<T: Send + 'static>() {}
    moves::<Journal<Files>>();
    moves::<journal::Draft>();
    moves::<journal::Preparation<Files>>();
    moves::<journal::Snapshots<Files>>();
    moves::<journal::SnapshotWriter<Files>>();
    moves::<journal::Records<Files>>();
    moves::<Reader<Files>>();
}

#[test]
fn two_never_write_one_journal_and_readers_need_no_leave() {
    let folder = Folder::new("locked");
    let mut journal = folder.open().unwrap();
    journal.append(b"one").unwrap();
    assert_eq!(folder.open().err(), Some(OpenError::Busy));
    assert_eq!(verify(&folder.0).unwrap().records, 1);
    // The lock outlives the journal while snapshots may still be written.
    let snapshots = journal.snapshots();
    drop(journal);
    assert_eq!(folder.open().err(), Some(OpenError::Busy));
    drop(snapshots);
    assert_eq!(folder.open().unwrap().head().seq, Seq(1));
}

#[test]
fn reading_where_there_is_no_journal_makes_none() {
    let folder = Folder::new("absent");
    assert!(matches!(Reader::open(&folder.0), Err(ReadError::Disk(_))));
    std::fs::create_dir_all(&folder.0).unwrap();
    assert!(matches!(Reader::open(&folder.0), Err(ReadError::Disk(_))));
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn readers_beside_a_writer_see_only_whole_records_in_order() {
    let folder = Folder::new("beside");
    let mut journal = folder.open().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let (mut most, mut gone) = (0, 0);
            while !done.load(Ordering::Relaxed) {
                let reader = match Reader::open(&folder.0) {
                    Ok(reader) => reader,
                    Err(error) => panic!("{error}"),
                };
                let mut due = reader.first();
                let records = match reader.records(due) {
                    Ok(records) => records,
                    Err(ReadError::Gone { .. }) => {
                        gone += 1;
                        continue;
                    }
                    Err(error) => panic!("{error}"),
                };
                for record in records {
                    match record {
                        Ok(record) => {
                            assert_eq!((record.seq, record.body), (due, body(due.0)));
                            due = due.next();
                        }
                        // Retention was faster than the reader; that is said, and is no damage.
                        Err(ReadError::Gone { .. }) => {
                            gone += 1;
                            break;
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
                most = most.max(due.0 - 1);
            }
            (most, gone)
        });
        for seq in 1..=1_500 {
            journal.append(&body(seq)).unwrap();
            journal.prepare().unwrap();
            if seq % 100 == 0 {
                journal.put_snapshot(Hash::of(b""), &body(seq)).unwrap();
                journal.retain(2, Seq(u64::MAX)).unwrap();
            }
        }
        done.store(true, Ordering::Relaxed);
        let (most, gone) = reading.join().unwrap();
        assert!(most > 0, "the reader has to have read something ({gone} times too slow)");
    });
    assert!(journal.first() > Seq(1_000), "segments were recycled under the reader");
}

#[test]
fn the_next_segment_can_be_prepared_on_another_thread() {
    let folder = Folder::new("threads");
    let mut journal = folder.open().unwrap();
    let (to_worker, work) = std::sync::mpsc::channel::<journal::Preparation<Files>>();
    let (back, from_worker) = std::sync::mpsc::channel();
    let worker = std::thread::spawn(move || {
        for mut preparation in work {
            while preparation.step().unwrap() == Prepared::More {}
            back.send(preparation).unwrap();
        }
    });
    for seq in 1..=200 {
        if let Some(preparation) = journal.take_preparation() {
            to_worker.send(preparation).unwrap();
        }
        if let Ok(preparation) = from_worker.try_recv() {
            journal.give_preparation(preparation);
        }
        let appended = match journal.append(&body(seq)) {
            Err(journal::AppendError::Unprepared) => {
                journal.give_preparation(from_worker.recv().unwrap());
                journal.append(&body(seq))
            }
            other => other,
        };
        assert_eq!(appended, Ok(Seq(seq)));
    }
    drop(to_worker);
    worker.join().unwrap();
    assert_eq!(journal.read(Seq(1)).unwrap().filter(Result::is_ok).count(), 200);
}

#[test]
fn a_large_snapshot_is_written_beside_appends_and_streams_back() {
    let folder = Folder::new("snapshot");
    let mut journal = folder.open().unwrap();
    journal.append(b"one").unwrap();
    let (snapshots, head) = (journal.snapshots(), journal.head());
    let content: Vec<u8> = (0..5_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    let digest = Hash::of(&content);
    let expected = content.clone();
    let writing = std::thread::spawn(move || {
        let mut writer = snapshots.begin(&head, digest).unwrap();
        content.chunks(777_777).for_each(|run| writer.write(run).unwrap());
        writer.finish().unwrap()
    });
    for _ in 0..50 {
        journal.append(b"meanwhile").unwrap();
    }
    let snapshot = writing.join().unwrap();
    drop(journal);
    let journal = folder.open().unwrap();
    assert_eq!(journal.newest_snapshot().unwrap().snapshot, Some(snapshot));
    assert_eq!((snapshot.seq, snapshot.bytes), (Seq(1), 5_000_000));
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut journal.snapshots().read(&snapshot).unwrap(), &mut read).unwrap();
    assert_eq!(Hash::of(&read), digest);
    assert_eq!(read, expected);
}
