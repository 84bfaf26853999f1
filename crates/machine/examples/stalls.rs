//! The longest single decisions of a long run: growing and tidying of tables must not stall what is decided.
//!
//! `cargo run --release -p machine --example stalls [-- DECISIONS]`

#![expect(clippy::print_stdout, reason = "this is what it is for")]

use machine::Machine;
use machine::command::{
    AccountKind, Authorize, Checks, Command, Entry, IssueCard, Limits, OpenAccount, Place, Purpose,
};
use machine::ids::{Acceptor, AccountId, CardId, Origin};
use machine::money::{Currency, Money};
use machine::policy::Policy;
use machine::time::{Expiry, Timestamp, Zone};
use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "a measurement, not a decision")]
fn now() -> Instant {
    Instant::now()
}

fn main() {
    let decisions: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(6_000_000);
    let at = Timestamp(1_773_108_000_000);
    let mut machine = Machine::new(Policy { burst_ms: 1, ..Policy::DEFAULT });
    let (account, card) = (AccountId(1), CardId([1; 16]));
    let (kind, currency, zone) = (AccountKind::Credit { line: 999_999_999_999 }, Currency::CNY, Zone::CHINA);
    machine.apply(
        &Command::OpenAccount(OpenAccount { account, kind, currency, zone, limits: Limits::NONE }),
        at,
    );
    machine.apply(
        &Command::IssueCard(IssueCard {
            card,
            account,
            last4: *b"1234",
            expiry: Expiry { year: 40, month: 12 },
            active: true,
            chip: true,
            pin: None,
            replaces: None,
        }),
        at,
    );
    let acceptor = Acceptor {
        merchant: "898310054110001".parse().expect("15 digits"),
        terminal: "00000001".parse().expect("8 digits"),
    };
    let place = Place::Elsewhere { acquirer: 48_021_000, acceptor, mcc: 5411, country: 156 };
    let mut longest: Vec<(u128, u64)> = Vec::new();
    for turn in 0..decisions {
        let (stan, transmitted) = ((turn % 1_000_000) as u32, (turn / 1_000_000) as u32);
        let ask = Command::Authorize(Authorize {
            origin: Origin::Host { acquirer: 48_021_000, forwarder: 0, stan, transmitted },
            purpose: Purpose::Sale,
            card,
            amount: Money::new(1, currency),
            entry: Entry::Chip,
            place,
            expiry: None,
            checks: Checks::NONE,
            advice: false,
            answer_by: None,
        });
        let begun = now();
        machine.apply(&ask, at.plus(turn as i64));
        longest.push((begun.elapsed().as_nanos() / 1000, turn));
        if longest.len() > 4096 {
            longest.sort_unstable_by(|a, b| b.cmp(a));
            longest.truncate(12);
        }
    }
    longest.sort_unstable_by(|a, b| b.cmp(a));
    for (us, turn) in longest.iter().take(12) {
        println!("{us:>8} us at decision {turn}");
    }
}
