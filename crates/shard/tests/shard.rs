//! The shard as its host sees it: what goes in, which records come out, and when answers may leave.

use expect_test::{Expect, expect};
use machine::Machine;
use machine::command::{AccountKind, Command, House, Limits, OpenAccount};
use machine::ids::AccountId;
use machine::money::{Currency, Money};
use machine::outcome::Outcome;
use machine::policy::Policy;
use machine::time::{Timestamp, Zone};
use shard::{Answered, BATCH_COMMANDS_MAX, Diverged, FLIGHTS_MAX, Record, Replay, Shard, WAITING_MAX};
use std::fmt::Write;

const AT: Timestamp = Timestamp(1_773_108_000_000);

fn open(place: u64) -> Command {
    Command::OpenAccount(OpenAccount {
        account: AccountId(place),
        kind: AccountKind::Debit,
        currency: Currency::CNY,
        zone: Zone::CHINA,
        limits: Limits::NONE,
    })
}

fn fund(place: u64, minor: i64) -> Command {
    Command::Fund { account: AccountId(place), amount: Money::new(minor, Currency::CNY) }
}

/// Runs a script: `open N`, `fund N minor`, `look`, `batch`, `durable`, `failed`, `answers`.
fn check(script: Expect) {
    let mut shard: Shard<u32> = Shard::new(Machine::new(Policy::DEFAULT));
    let (mut ticket, mut told, mut records) = (0, String::new(), Vec::new());
    for line in script.data().trim().lines() {
        let ask = line.split("->").next().unwrap_or_default().trim();
        let words: Vec<&str> = ask.split(' ').collect();
        let number = |place: usize| words[place].parse::<u64>().expect("a number");
        ticket += 1;
        let answer = match words[0] {
            "open" => {
                shard.submit(ticket, open(number(1)));
                format!("ticket {ticket}")
            }
            "fund" => {
                shard.submit(ticket, fund(number(1), number(2) as i64));
                format!("ticket {ticket}")
            }
            "look" => {
                let look = |machine: &Machine, _| -> Box<dyn std::any::Any + Send> {
                    Box::new(machine.accounts().iter().map(|account| account.balance).sum::<i64>())
                };
                shard.look(ticket, Box::new(look));
                format!("ticket {ticket}")
            }
            "batch" => {
                let mut body = Vec::new();
                let has_work = shard.has_work();
                match shard.batch(AT, &mut body) {
                    true => {
                        let record = Record::decode(&body).expect("what was just written");
                        records.push(body);
                        format!("record {} of {}", records.len(), record.entries.len())
                    }
                    false => format!("no record{}", if has_work { "" } else { ", nothing to do" }),
                }
            }
            "durable" => {
                shard.durable();
                String::new()
            }
            "failed" => {
                shard.failed();
                String::new()
            }
            "answers" => {
                let mut answers = Vec::new();
                while let Some(answer) = shard.next_answer() {
                    answers.push(match answer {
                        Answered::Outcome { ticket, outcome: Outcome::Done, .. } => format!("{ticket} done"),
                        Answered::Outcome { ticket, .. } => format!("{ticket} refused by the machine"),
                        Answered::Seen { ticket, seen } => {
                            format!("{ticket} saw {}", seen.downcast_ref::<i64>().expect("a sum"))
                        }
                        Answered::Refused { ticket, cause } => format!("{ticket} refused: {}", cause.slug()),
                        Answered::Unknown { ticket } => format!("{ticket} unknown"),
                    });
                }
                if answers.is_empty() { "none".to_owned() } else { answers.join(", ") }
            }
            other => panic!("nobody understands {other}"),
        };
        let arrow = if answer.is_empty() { "" } else { "-> " };
        writeln!(told, "{}", format!("{ask:<12} {arrow}{answer}").trim_end()).expect("into a string");
    }
    script.assert_eq(&told);
}

#[test]
fn no_answer_leaves_before_its_record_is_durable() {
    check(expect![[r#"
        open 1       -> ticket 1
        fund 1 100   -> ticket 2
        answers      -> none
        batch        -> record 1 of 2
        answers      -> none
        durable
        answers      -> 1 done, 2 done
        batch        -> no record, nothing to do
    "#]]);
}

#[test]
fn the_next_batch_is_applied_while_a_record_is_under_way_and_waits_for_it() {
    check(expect![[r#"
        open 1       -> ticket 1
        batch        -> record 1 of 1
        fund 1 5     -> ticket 3
        batch        -> record 2 of 1
        fund 1 7     -> ticket 5
        batch        -> no record, nothing to do
        answers      -> none
        durable
        answers      -> 1 done
        batch        -> record 3 of 1
        durable
        answers      -> 3 done
        durable
        answers      -> 5 done
    "#]]);
}

#[test]
fn a_question_waits_for_what_it_saw() {
    check(expect![[r#"
        look         -> ticket 1
        batch        -> no record
        answers      -> 1 saw 0
        open 1       -> ticket 4
        fund 1 5     -> ticket 5
        look         -> ticket 6
        batch        -> record 1 of 2
        look         -> ticket 8
        batch        -> no record
        answers      -> none
        durable
        answers      -> 4 done, 5 done, 6 saw 5, 8 saw 5
        fund 1 5     -> ticket 13
        look         -> ticket 14
        batch        -> record 2 of 1
        failed
        answers      -> 13 unknown, 14 unknown
    "#]]);
}

#[test]
fn after_a_failure_nobody_is_told_what_nobody_knows() {
    check(expect![[r#"
        open 1       -> ticket 1
        batch        -> record 1 of 1
        fund 1 5     -> ticket 3
        batch        -> record 2 of 1
        open 2       -> ticket 5
        look         -> ticket 6
        failed
        answers      -> 1 unknown, 3 unknown, 5 refused: storage_failed, 6 refused: storage_failed
        open 3       -> ticket 9
        look         -> ticket 10
        batch        -> no record, nothing to do
        answers      -> 9 refused: storage_failed, 10 refused: storage_failed
    "#]]);
}

#[test]
fn too_many_are_refused_and_a_batch_has_its_bound() {
    let mut shard: Shard<usize> = Shard::new(Machine::new(Policy::DEFAULT));
    for ticket in 0..WAITING_MAX + 2 {
        shard.submit(ticket, Command::Sweep);
    }
    let mut overloaded = Vec::new();
    while let Some(answer) = shard.next_answer() {
        let Answered::Refused { ticket, cause } = answer else { panic!("only overload is answered at once") };
        assert_eq!(cause.slug(), "host_overloaded");
        overloaded.push(ticket);
    }
    assert_eq!(overloaded, [WAITING_MAX, WAITING_MAX + 1]);
    for flight in 0..=FLIGHTS_MAX {
        let mut body = Vec::new();
        assert_eq!(shard.batch(AT, &mut body), flight < FLIGHTS_MAX);
        assert!(body.len() <= journal::RECORD_BYTES_MAX);
    }
    assert_eq!(shard.waiting(), WAITING_MAX - FLIGHTS_MAX * BATCH_COMMANDS_MAX);
    shard.durable();
    assert_eq!(std::iter::from_fn(|| shard.next_answer()).count(), BATCH_COMMANDS_MAX);
}

#[test]
fn the_largest_commands_fill_a_batch_that_still_fits_a_record() {
    let mut shard: Shard<()> = Shard::new(Machine::new(Policy::DEFAULT));
    let keyed = |key: u64, command| Command::Keyed {
        key: [key as u8; 16],
        body: [(key >> 8) as u8; 16],
        command: Box::new(command),
    };
    for place in 0..BATCH_COMMANDS_MAX as u64 {
        shard.submit((), (0..29).fold(open(place), |inner, level| keyed(place * 31 + level, inner)));
    }
    let mut body = Vec::new();
    assert!(shard.batch(AT, &mut body));
    assert!(
        body.len() > 900 * BATCH_COMMANDS_MAX && body.len() <= journal::RECORD_BYTES_MAX,
        "{}",
        body.len()
    );
    let mut replay = Replay::from(Machine::new(Policy::DEFAULT));
    replay.record(&body).expect("replays");
}

#[test]
fn a_batch_appends_to_what_is_there_and_time_does_not_go_back() {
    let mut shard: Shard<()> = Shard::new(Machine::new(Policy::DEFAULT));
    let mut body = b"header".to_vec();
    shard.submit((), open(1));
    assert!(shard.batch(AT, &mut body) && body.starts_with(b"header"));
    assert_eq!(Record::decode(&body[6..]).expect("a record").at, AT);
    shard.submit((), open(2));
    let mut body = Vec::new();
    assert!(shard.batch(AT.plus(-5), &mut body));
    assert_eq!(Record::decode(&body).expect("a record").at, AT);
}

/// Three records of a shard and the machine after them.
fn recorded() -> (Vec<Vec<u8>>, Machine) {
    let mut shard: Shard<()> = Shard::new(Machine::new(Policy::DEFAULT));
    let mut bodies = Vec::new();
    for turn in 0..3 {
        shard.submit((), open(turn));
        shard.submit((), fund(turn, 100));
        shard.submit((), fund(99, 100));
        let mut body = Vec::new();
        assert!(shard.batch(AT.plus(turn as i64), &mut body));
        shard.durable();
        bodies.push(body);
    }
    (bodies, shard.into_machine())
}

#[test]
fn replay_proves_every_outcome_and_the_trail() {
    let (bodies, machine) = recorded();
    let mut replay = Replay::from(Machine::new(Policy::DEFAULT));
    for body in &bodies {
        replay.record(body).expect("replays");
    }
    assert_eq!((replay.commands(), replay.machine().digest()), (9, machine.digest()));

    let mut replay = Replay::from(Machine::new(Policy::DEFAULT));
    replay.record(&bodies[0]).expect("replays");
    // A record left out: its outcomes may well be the same, the trail is not.
    assert_eq!(replay.record(&bodies[2]), Err(Diverged::Trail));

    let mut replay = Replay::from(Machine::new(Policy::DEFAULT));
    assert_eq!(replay.record(&bodies[0]).map(|_| ()), Ok(()));
    assert_eq!(replay.record(&bodies[0]), Err(Diverged::Outcome { entry: 0 }));

    let mut other = Machine::new(Policy::DEFAULT);
    other.apply(&Command::SetHouse(House::IssuerDown), AT);
    other.apply(&open(7), AT);
    assert_eq!(Replay::from(other).record(&bodies[0]), Err(Diverged::Trail));
}

#[test]
fn damaged_bodies_are_refused_and_break_nothing() {
    let (bodies, _) = recorded();
    let body = &bodies[0];
    for end in 0..body.len() {
        let mut replay = Replay::from(Machine::new(Policy::DEFAULT));
        assert!(matches!(replay.record(&body[..end]), Err(Diverged::Malformed(_))), "cut at {end}");
    }
    let mut unnoticed = Vec::new();
    for place in 0..body.len() {
        for bit in 0..8 {
            let mut damaged = body.clone();
            damaged[place] ^= 1 << bit;
            if Replay::from(Machine::new(Policy::DEFAULT)).record(&damaged).is_ok() {
                unnoticed.push(place);
            }
        }
    }
    unnoticed.dedup();
    // Bytes whose change nothing but the journal's own checksum can tell: the time, and figures a machine only
    // keeps. Whatever changes an answer or moves money is noticed.
    assert!(unnoticed.len() < body.len() * 3 / 5, "{} of {}: {unnoticed:?}", unnoticed.len(), body.len());
    let mut longer = body.clone();
    longer.push(0);
    let refused = Record::decode(&longer).expect_err("goes on behind its end").to_string();
    expect!["entry 3 at byte 106: goes on behind its end"].assert_eq(&refused);
    let refused = Record::decode(&[9; 40]).expect_err("another version").to_string();
    expect!["entry 0 at byte 0: is of another version"].assert_eq(&refused);
    let mut many = body.clone();
    many[9..13].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(Record::decode(&many).is_err(), "a count of four thousand million asks for no memory");
}
