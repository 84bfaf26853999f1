//! The past of a street, as the machine knows it at the end.

use expect_test::expect;
use machine::Machine;
use machine::cause::Cause;
use machine::command::{Command, PinReference};
use machine::ids::CardId;
use machine::outcome::Outcome;
use machine::policy::Policy;
use machine::time::Timestamp;
use sim::dice::Dice;
use sim::history::{Hidden, History, account_id, history};
use sim::population::Population;
use std::collections::BTreeMap;

/// Sunday, 23 November 2025, 15:00 at UTC+8.
const UNTIL: Timestamp = Timestamp(1_763_881_200_000);

fn past(population: &Population, until: Timestamp) -> History {
    let card_id = |number: &str| {
        let mut dice = Dice::of(1, number);
        let mut id = [0; 16];
        id.chunks_exact_mut(8).for_each(|half| half.copy_from_slice(&dice.throw().to_le_bytes()));
        CardId(id)
    };
    let pin_reference = |_: &str, pin: &str| PinReference {
        key_index: 1,
        pvv: *pin.as_bytes().first_chunk().expect("six digits"),
    };
    history(population, 7, until, 30, &Hidden { card_id: &card_id, pin_reference: &pin_reference })
}

#[test]
fn thirty_days_of_a_street_end_as_told() {
    let street = Population::street(7);
    let past = past(&street, UNTIL);
    let mut machine = Machine::new(Policy::DEFAULT);
    let mut told = BTreeMap::new();
    let mut causes: BTreeMap<&str, u32> = BTreeMap::new();
    for (at, command) in &past.commands {
        let outcome = machine.apply(command, *at);
        let word = match (&outcome, command) {
            (Outcome::Refused(refusal), _) => panic!("{command:?}: {refusal:?}"),
            (Outcome::Decided(answer), _) if answer.approved() => "approved",
            (Outcome::Decided(answer), _) => {
                *causes.entry(answer.cause().unwrap().slug()).or_default() += 1;
                "declined"
            }
            (Outcome::Settled { agree, .. }, _) => {
                assert!(agree);
                "settled"
            }
            (_, Command::Fund { .. }) => "funded",
            (_, _) => "other",
        };
        *told.entry(word).or_insert(0) += 1;
    }
    machine.audit().unwrap();
    assert!(past.commands.is_sorted_by_key(|(at, _)| *at) && past.commands.last().unwrap().0 <= UNTIL);
    expect![[r#"
        {
            "approved": 2691,
            "declined": 123,
            "funded": 64,
            "other": 342,
            "settled": 210,
        }
        {
            "daily_limit": 1,
            "frozen_by_risk": 4,
            "insufficient_funds": 85,
            "pin_tries_exceeded": 1,
            "too_frequent": 4,
            "wrong_pin": 28,
        }
    "#]]
    .assert_eq(&format!("{told:#?}\n{causes:#?}\n"));

    for frozen in past.frozen {
        assert!(machine.freeze(frozen.freeze).unwrap().holds_at(UNTIL), "{frozen:?}");
    }
    let frozen: Vec<Cause> = past.frozen.iter().map(|frozen| frozen.cause).collect();
    assert_eq!(frozen, [Cause::PinTriesExceeded, Cause::CardTesting, Cause::FrozenByBank]);
    let last = machine.transactions().next().unwrap();
    assert_eq!(last.answer.cause(), Some(Cause::DailyLimit));
    assert_eq!(last.account, Some(account_id(&street.holders[past.over_limit])));
    for till in &past.tills {
        assert_eq!(machine.terminal(till.acceptor).unwrap().batch, till.batch);
    }
}

#[test]
fn any_seed_and_any_hour_has_its_past() {
    for seed in 0..12 {
        let street = Population::street(seed);
        let past = past(&street, UNTIL.plus(seed as i64 * 2 * 3_600_000));
        assert_eq!(past.frozen[1].cause, Cause::CardTesting, "seed {seed}");
    }
}
