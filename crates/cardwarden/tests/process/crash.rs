//! The real binary killed at every write of a scripted run, and at random instants: every answer that was
//! given is there afterwards, and given again byte for byte.

use crate::running::{Folder, Running, Till};
use std::path::Path;
use std::time::Duration;

/// A frame and the answer the terminal got to it.
struct Acknowledged {
    frame: Vec<u8>,
    answer: Vec<u8>,
}

/// Everything acknowledged is given again, byte for byte.
fn all_there(till: &mut Till, acknowledged: &[Acknowledged], when: &str) {
    for (place, said) in acknowledged.iter().enumerate() {
        let again =
            till.carry(&said.frame).unwrap_or_else(|| panic!("{when}: the host went away at repeat {place}"));
        assert!(again == said.answer, "{when}: repeat {place} is answered otherwise");
    }
}

fn sound(folder: &Path) {
    let data = folder.join("data");
    let data = data.to_str().unwrap();
    let (verified, text) = run(&["journal", "verify", data]);
    assert!(verified, "{text}");
    let (replayed, text) = run(&["replay", data]);
    assert!(replayed, "{text}");
}

/// Runs the binary to its end: whether it was content, and what it printed.
fn run(arguments: &[&str]) -> (bool, String) {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_cardwarden")).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
    }
}

/// Sells until the host goes away or the script ends. What was answered is kept; says whether the host lived.
fn script(till: &mut Till, acknowledged: &mut Vec<Acknowledged>, unanswered: &mut Option<Vec<u8>>) -> bool {
    const SALES: u64 = 12;
    for amount in 1..=SALES {
        let frame = till.sale_frame(amount * 100, None);
        let Some(answer) = till.carry(&frame) else {
            *unanswered = Some(frame);
            return false;
        };
        // A card used this often is told to slow down: an answer like any other.
        till.pos.receive(&answer).unwrap();
        acknowledged.push(Acknowledged { frame, answer });
    }
    true
}

#[test]
fn killed_at_every_write_of_a_run_nothing_that_was_answered_is_lost() {
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        return println!("skipped: no strace here");
    }
    let base = Folder::new("every-write");
    let first = Running::start(&base.0, &[]).expect("the host starts");
    let mut till = Till::new(&base.0.join("keys.json"));
    till.connect(&first);
    assert!(till.sign_in().unwrap().approved());
    assert!(first.stop());
    let seeded = base.0.join("data");

    for nth in 1..1000 {
        let folder = Folder::new("killed");
        copy(&seeded, &folder.0.join("data"));
        let inject = format!("inject=pwrite64:signal=KILL:when={nth}");
        let strace = ["strace", "-f", "-qq", "-e", "trace=pwrite64", "-e", &inject, "-o", "/dev/null"];
        let mut till = Till::copy_of(&till);
        let (mut acknowledged, mut unanswered) = (Vec::new(), None);
        let mut lived = false;
        if let Some(running) = Running::start(&folder.0, &strace) {
            till.connect(&running);
            // The closing mark is a write as well.
            lived = script(&mut till, &mut acknowledged, &mut unanswered) && running.stop();
        }
        let again = Running::start(&folder.0, &[])
            .unwrap_or_else(|| panic!("write {nth}: the host does not come back"));
        till.connect(&again);
        all_there(&mut till, &acknowledged, &format!("killed at write {nth}"));
        if let Some(frame) = unanswered {
            let answer = till.carry(&frame).expect("an answer to what was under way");
            till.pos.receive(&answer).unwrap_or_else(|why| panic!("killed at write {nth}: {why}"));
        }
        assert!(again.stop());
        sound(&folder.0);
        if lived {
            println!("killed at each of {} writes", nth - 1);
            assert!(nth > 12, "each sale is a write");
            return;
        }
    }
    panic!("the script never came to its end");
}

#[test]
fn killed_at_random_nothing_that_was_answered_is_lost() {
    let rounds: u32 =
        std::env::var("CARDWARDEN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    println!("seed {seed} (instants of kills cannot be repeated, the order of acts can)");
    let mut dice = seed | 1;
    let mut throw = move |below: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % below
    };
    let folder = Folder::new("random");
    let running = Running::start(&folder.0, &[]).expect("the host starts");
    let mut till = Till::new(&folder.0.join("keys.json"));
    till.connect(&running);
    assert!(till.sign_in().unwrap().approved());
    let mut running = Some(running);
    let mut all: Vec<Acknowledged> = Vec::new();
    let mut under_way: Option<Vec<u8>> = None;
    for round in 0..rounds {
        let host = match running.take() {
            Some(host) => host,
            None => Running::start(&folder.0, &[])
                .unwrap_or_else(|| panic!("round {round}: the host does not come back")),
        };
        till.connect(&host);
        let recent = all.len().saturating_sub(25);
        all_there(&mut till, &all[recent..], &format!("round {round}"));
        if let Some(frame) = under_way.take() {
            let answer = till.carry(&frame).expect("an answer to what was under way");
            till.pos.receive(&answer).unwrap();
            all.push(Acknowledged { frame, answer });
        }
        let id = host.child.id().to_string();
        let after = Duration::from_micros(throw(30_000));
        let killer = std::thread::spawn(move || {
            std::thread::sleep(after);
            let _ = std::process::Command::new("kill").args(["-KILL", &id]).status();
        });
        loop {
            let frame = till.sale_frame(1 + throw(500), None);
            match till.carry(&frame) {
                None => {
                    under_way = Some(frame);
                    break;
                }
                Some(answer) => {
                    // A card used this often is told to slow down: an answer like any other.
                    till.pos.receive(&answer).unwrap();
                    all.push(Acknowledged { frame, answer });
                }
            }
        }
        killer.join().unwrap();
        till.hang_up();
        host.kill();
    }
    println!("{rounds} kills, {} answers", all.len());
    let host = Running::start(&folder.0, &[]).expect("the host comes back");
    till.connect(&host);
    all_there(&mut till, &all, "at the end");
    assert!(host.stop());
    sound(&folder.0);
}
