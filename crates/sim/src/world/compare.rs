//! Whether machine and reference say the same, and stand the same.
//!
//! Both are strangers to each other: only what anyone can see from outside is compared.

use crate::reference::{Reference, Said, Sight};
use machine::Machine;
use machine::outcome::{Answer, Outcome, Verdict};
use machine::time::Timestamp;

/// Whether an outcome is what should have been said.
pub(super) fn same(outcome: &Outcome, said: &Said) -> bool {
    match (outcome, said) {
        (Outcome::Decided(answer), said) => decided(answer, said),
        (Outcome::Repeated(answer), Said::Again(before)) => decided(answer, before),
        (Outcome::Done, Said::Done) | (Outcome::Refused(_), Said::Refused) => true,
        (Outcome::Swept { .. }, Said::Swept) => true,
        (Outcome::SignedIn { generation, batch, .. }, Said::SignedIn(keys, number)) => {
            (generation, batch) == (keys, number)
        }
        (Outcome::Settled { totals, agree, .. }, Said::Settled(counted, equal)) => {
            (totals, agree) == (counted, equal)
        }
        (Outcome::Noted { placed, .. }, Said::Noted(frozen)) => placed.is_some() == *frozen,
        (Outcome::Frozen(freeze), Said::Frozen(number)) | (Outcome::Lifted(freeze), Said::Lifted(number)) => {
            freeze.0 == *number
        }
        (Outcome::LiftApproved { have, need, .. }, Said::Approvals(had, needed)) => {
            (have, need) == (had, needed)
        }
        _ => false,
    }
}

fn decided(answer: &Answer, said: &Said) -> bool {
    match (answer.verdict, said) {
        (Verdict::Approved(code), Said::Approved(number)) => {
            answer.number.0 == *number && code == answer.number.approval()
        }
        (Verdict::Accepted, Said::Accepted(number)) => answer.number.0 == *number,
        (Verdict::Declined(causes), Said::Declined(number, cause)) => {
            answer.number.0 == *number && causes.first() == Some(*cause)
        }
        _ => false,
    }
}

/// Holds the whole of the machine against the whole of the reference.
pub(super) fn compare(machine: &Machine, reference: &Reference, now: Timestamp) -> Result<(), String> {
    machine.audit()?;
    for account in machine.accounts() {
        let usage = account.usage.on(&account.zone.local(now));
        let seen = Sight {
            balance: i128::from(account.balance),
            available: i128::from(account.available(now)),
            today: (i128::from(usage.day_amount), usage.day_count),
            month: i128::from(usage.month_amount),
        };
        let due = reference.sight(account.id);
        if due != Some(seen) {
            return Err(format!("{} is {seen:?}, expected {due:?}", account.id));
        }
    }
    let mut in_force: Vec<_> = machine.freezes().filter(|freeze| freeze.holds_at(now)).collect();
    in_force.reverse();
    let seen: Vec<_> = in_force.iter().map(|freeze| (freeze.id.0, freeze.scope, freeze.cause)).collect();
    let due = reference.in_force();
    if seen != due {
        return Err(format!("freezes in force are {seen:?}, expected {due:?}"));
    }
    for terminal in machine.terminals() {
        let batches = terminal.batches.iter().map(|batch| (batch.number, batch.closed, batch.totals));
        let seen = Some((terminal.batch, batches.collect::<Vec<_>>()));
        let due = reference.batches(terminal.id);
        if seen != due {
            return Err(format!("batches of {:?} are {seen:?}, expected {due:?}", terminal.id));
        }
    }
    Ok(())
}
