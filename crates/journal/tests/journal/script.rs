//! The journal as a talk: what is asked, what is answered.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use journal::{
    AppendError, Faults, Hash, Journal, Lasts, MemoryDisk, Newest, Prepared, ReadError, Reader, Seq, Spent,
};

use crate::life::options;

struct Talk {
    disk: MemoryDisk,
    journal: Option<Journal<MemoryDisk>>,
}

/// Runs the script and writes each line's answer behind it.
fn check(expect: &Expect) {
    let mut talk = Talk { disk: MemoryDisk::new(), journal: None };
    let mut seen = String::new();
    for line in expect.data().lines() {
        let asked = line.split("->").next().unwrap_or_default().trim();
        if asked.is_empty() {
            continue;
        }
        let answer = talk.answer(&asked.split_whitespace().collect::<Vec<_>>());
        writeln!(seen, "{asked:<26} -> {answer}").unwrap();
    }
    expect.assert_eq(&seen);
}

fn shown(error: impl std::fmt::Display) -> String {
    format!("refused: {error}")
}

impl Talk {
    fn answer(&mut self, words: &[&str]) -> String {
        let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
        match *words.first().unwrap_or(&"") {
            "open" => self.open(),
            "crash" => {
                self.journal = None;
                self.disk = self.disk.after_crash(Lasts::Nothing);
                "gone".to_owned()
            }
            "space" => {
                self.disk.set_faults(Faults { capacity: Some(number(1)), ..Faults::default() });
                "as told".to_owned()
            }
            "flip" => {
                let at = usize::try_from(number(2)).unwrap();
                self.disk.damage(words[1], |bytes| bytes[at] ^= 1);
                "as told".to_owned()
            }
            "verify" => match Reader::over(self.disk.clone()).and_then(|reader| reader.verify()) {
                Ok(report) => format!(
                    "{} segments, {} ready, records {} to {}, {} snapshots{}{}",
                    report.segments,
                    report.vacant,
                    report.first,
                    report.head.seq,
                    report.snapshots.len(),
                    if report.closed { ", closed" } else { "" },
                    report.damaged_snapshots.iter().map(|fault| format!("; {fault}")).collect::<String>()
                ),
                Err(error) => shown(error),
            },
            "close" => match self.journal.take().map(Journal::close) {
                Some(Ok(())) => "closed".to_owned(),
                Some(Err(error)) => shown(error),
                None => "none is open".to_owned(),
            },
            word => match &mut self.journal {
                Some(journal) => ask(journal, word, number(1), number(2)),
                None => "none is open".to_owned(),
            },
        }
    }

    fn open(&mut self) -> String {
        match Journal::open(self.disk.clone(), options(Spent::Recycled)) {
            Ok((journal, recovered)) => {
                self.journal = Some(journal);
                let made = if recovered.created { "made" } else { "found" };
                let closed = if recovered.closed { ", closed" } else { "" };
                let cut = recovered.tail_cut.map(|cut| format!("; {cut}")).unwrap_or_default();
                format!("{made}, {} to {}{closed}{cut}", recovered.first, recovered.head.seq)
            }
            Err(error) => shown(error),
        }
    }
}

fn ask(journal: &mut Journal<MemoryDisk>, word: &str, number: u64, second: u64) -> String {
    match word {
        "append" => {
            let mut last = Ok(Seq(0));
            for _ in 0..second.max(1) {
                last = journal.append(&vec![1; usize::try_from(number).unwrap()]);
            }
            last.map_or_else(shown, |seq| format!("durable {seq}"))
        }
        "epoch" => {
            let epoch = u32::try_from(number).unwrap();
            journal.set_epoch(epoch).map_or_else(shown, |()| "from the next record on".to_owned())
        }
        "prepare" => loop {
            match journal.prepare() {
                Ok(Prepared::Ready) => return "ready".to_owned(),
                Ok(Prepared::More) => {}
                Err(error) => return shown(error),
            }
        },
        "read" => {
            let read: Result<Vec<_>, ReadError> =
                journal.read(Seq(number)).and_then(std::iter::Iterator::collect);
            read.map_or_else(shown, |records| {
                let list: Vec<_> =
                    records.iter().map(|r| format!("{}:{}@{}", r.seq, r.body.len(), r.epoch)).collect();
                list.join(" ")
            })
        }
        "snapshot" => journal
            .put_snapshot(Hash::NONE, &vec![2; usize::try_from(number).unwrap()])
            .map_or_else(shown, |snapshot| format!("of {} with {} bytes", snapshot.seq, snapshot.bytes)),
        "retain" => journal
            .retain(usize::try_from(number).unwrap(), Seq(u64::MAX))
            .map_or_else(shown, |()| format!("begins with {}", journal.first())),
        "newest" => journal.newest_snapshot().map_or_else(shown, |Newest { snapshot, damaged }| {
            let passed: String = damaged.iter().map(|fault| format!("; {fault}")).collect();
            snapshot.map_or("none".to_owned(), |snapshot| format!("of {}", snapshot.seq)) + &passed
        }),
        other => format!("{other} is not understood"),
    }
}

#[test]
fn records_go_in_and_come_out_again() {
    check(&expect![[r#"
        open                       -> made, 1 to 0
        read 1                     -> 
        append 5                   -> durable 1
        append 0                   -> durable 2
        epoch 3                    -> from the next record on
        append 9000                -> durable 3
        epoch 2                    -> refused: epoch 3 is already in force
        append 24448               -> durable 4
        append 24449               -> refused: a record of 24449 bytes, where 24448 are allowed
        append 1                   -> durable 5
        read 1                     -> 1:5@0 2:0@0 3:9000@3 4:24448@3 5:1@3
        read 3                     -> 3:9000@3 4:24448@3 5:1@3
        read 6                     -> 
        read 7                     -> 
        crash                      -> gone
        open                       -> found, 1 to 5
        read 4                     -> 4:24448@3 5:1@3
        verify                     -> 3 segments, 0 ready, records 1 to 5, 0 snapshots
        close                      -> closed
        open                       -> found, 1 to 5, closed
        close                      -> closed
        close                      -> none is open
    "#]]);
}

#[test]
fn old_records_go_when_snapshots_stand_for_them() {
    check(&expect![[r#"
        open                       -> made, 1 to 0
        append 3000 13             -> durable 13
        retain 1                   -> begins with 1
        snapshot 100               -> of 13 with 100 bytes
        append 3000 7              -> durable 20
        snapshot 200               -> of 20 with 200 bytes
        append 3000 7              -> durable 27
        retain 2                   -> begins with 13
        prepare                    -> ready
        verify                     -> 4 segments, 1 ready, records 7 to 27, 2 snapshots
        read 1                     -> refused: record 1 is no longer kept
        read 25                    -> 25:3000@0 26:3000@0 27:3000@0
        retain 1                   -> begins with 19
        prepare                    -> ready
        verify                     -> 4 segments, 1 ready, records 7 to 27, 1 snapshots
        newest                     -> of 20
        append 3000 30             -> durable 57
        verify                     -> 7 segments, 0 ready, records 19 to 57, 1 snapshots
        crash                      -> gone
        open                       -> found, 19 to 57
        newest                     -> of 20
        read 48                    -> 48:3000@0 49:3000@0 50:3000@0 51:3000@0 52:3000@0 53:3000@0 54:3000@0 55:3000@0 56:3000@0 57:3000@0
    "#]]);
}

#[test]
fn a_damaged_snapshot_is_passed_over_while_the_records_reach_back() {
    check(&expect![[r#"
        open                       -> made, 1 to 0
        append 3000 8              -> durable 8
        snapshot 10                -> of 8 with 10 bytes
        append 3000 8              -> durable 16
        snapshot 20                -> of 16 with 20 bytes
        append 10                  -> durable 17
        crash                      -> gone
        flip 00000000000000000016.snapshot 4100 -> as told
        open                       -> found, 1 to 17
        newest                     -> of 8; 00000000000000000016.snapshot at offset 4096, record 16: the snapshot's content does not check
        crash                      -> gone
        flip 00000000000000000016.snapshot 40 -> as told
        open                       -> found, 1 to 17
        newest                     -> of 8; 00000000000000000016.snapshot at offset 0: the snapshot's header does not check
        retain 1                   -> begins with 7
        prepare                    -> ready
        verify                     -> 2 segments, 1 ready, records 7 to 17, 1 snapshots; 00000000000000000016.snapshot at offset 0: the snapshot's header does not check
        crash                      -> gone
        flip 00000000000000000008.snapshot 8200 -> as told
        open                       -> found, 7 to 17
        newest                     -> refused: the journal is damaged: 00000000000000000016.snapshot at offset 0: the snapshot's header does not check
        retain 1                   -> refused: the journal is damaged: 00000000000000000008.snapshot at offset 8192, record 8: the snapshot's table of hashes does not check
        crash                      -> gone
        flip 00000000000000000008.snapshot 8 -> as told
        open                       -> refused: the journal is damaged and was left as it is: 0000000002.segment at offset 0: the journal begins with record 7 and no snapshot leads up to it
    "#]]);
}

#[test]
fn a_full_disk_is_said_and_waited_for() {
    check(&expect![[r#"
        open                       -> made, 1 to 0
        append 3000 4              -> durable 4
        space 40000                -> as told
        append 3000 2              -> durable 6
        append 3000                -> refused: no space left for the journal's next segment
        append 10                  -> refused: no space left for the journal's next segment
        snapshot 10                -> refused: writing 00000000000000000006.snapshot.part: no space left
        read 5                     -> 5:3000@0 6:3000@0
        prepare                    -> refused: creating 0000000002.segment.part: no space left
        space 400000               -> as told
        append 3000                -> durable 7
        verify                     -> 2 segments, 0 ready, records 1 to 7, 0 snapshots
        crash                      -> gone
        open                       -> found, 1 to 7
    "#]]);
}

#[test]
fn what_was_closed_proves_its_last_record() {
    check(&expect![[r#"
        open                       -> made, 1 to 0
        append 100 3               -> durable 3
        close                      -> closed
        flip 0000000001.segment 12500 -> as told
        open                       -> refused: the journal is damaged and was left as it is: 0000000001.segment at offset 12288, record 3: the body does not check, yet what follows (record 4) proves it was acknowledged
        flip 0000000001.segment 12500 -> as told
        open                       -> found, 1 to 3, closed
        append 100                 -> durable 4
        crash                      -> gone
        flip 0000000001.segment 16600 -> as told
        open                       -> found, 1 to 3; cut 0000000001.segment at offset 16384: the body of record 4 does not check; it had not been acknowledged
        append 100                 -> durable 4
        verify                     -> 1 segments, 0 ready, records 1 to 4, 0 snapshots
    "#]]);
}

#[test]
fn a_failed_journal_stays_stopped() {
    let disk = MemoryDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), options(Spent::Recycled)).unwrap();
    journal.append(b"one").unwrap();
    let failure = journal::Failure::Torn(journal::DiskCause::Failed(5));
    disk.set_faults(Faults { at: [(disk.calls(), failure)].into(), ..Faults::default() });
    let error = journal.append(b"two").err().unwrap();
    expect!["the journal failed and is stopped: writing 0000000001.segment: Input/output error (os error 5)"]
        .assert_eq(&error.to_string());
    let calls = disk.calls();
    for _ in 0..3 {
        assert_eq!(journal.append(b"three"), Err(AppendError::Stopped));
        assert_eq!(journal.prepare(), Ok(Prepared::Ready));
    }
    assert_eq!(disk.calls(), calls, "a stopped journal asks nothing more of its disk");
    assert_eq!(journal.read(Seq(1)).unwrap().count(), 1, "reading goes on");
    journal.close().unwrap();
}
