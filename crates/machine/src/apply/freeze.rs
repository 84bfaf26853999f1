//! Placing and lifting freezes, and letting them run out.
//!
//! Which freeze follows from which decline is decided where the decline is; here only how one is placed, who
//! may lift it, and that a lift ends only its own.

use crate::account::FREEZES_MAX;
use crate::cause::Cause;
use crate::command::{LiftFreeze, PlaceFreeze};
use crate::freeze::{Ending, Exit, Freeze, Ground, Lifter, Owner, PlacedBy, Scope};
use crate::ids::FreezeId;
use crate::machine::Machine;
use crate::outcome::{Outcome, Refusal, Subject};
use crate::policy::plan;
use crate::time::{DAY_MS, Timestamp};
use crate::transaction::State;

/// Most holds and freezes ended by one sweep, so that none waits long for it.
const SWEEP_MAX: usize = 1000;

impl Machine {
    pub(crate) fn place_freeze(&mut self, place: &PlaceFreeze, at: Timestamp) -> Result<FreezeId, Refusal> {
        let standing = self.freezes_on(&place.scope)?;
        let same = standing.iter().filter_map(|id| self.freezes.get(id)).find(|freeze| {
            freeze.scope == place.scope && freeze.cause == place.cause && freeze.placed_by == place.by
                && freeze.holds_at(at)
        });
        if let Some(same) = same {
            return Ok(same.id);
        }
        if standing.len() >= FREEZES_MAX {
            return Err(Refusal::TooMany(Subject::Freeze));
        }
        if place.evidence.is_some_and(|number| number.0 > self.next_number()) {
            return Err(Refusal::NotFound(Subject::Transaction));
        }
        if place.expires_at.is_some_and(|end| end <= at) {
            return Err(Refusal::OutOfRange(Subject::Expiry));
        }
        let planned = plan(place.cause);
        let (Some(reach), Some(exit)) =
            (place.reach.or(planned.map(|p| p.reach)), place.exit.or(planned.map(|p| p.exit)))
        else {
            return Err(Refusal::OutOfRange(Subject::Freeze));
        };
        // An authority's freeze ends only by that authority, whatever was asked.
        let exit = match place.by {
            PlacedBy::Authority(_) => Exit::AuthorityOnly,
            PlacedBy::Rule { .. } | PlacedBy::Model(_) | PlacedBy::Machine | PlacedBy::Holder | PlacedBy::Agent(_) => {
                exit
            }
        };
        if let Exit::Review { approvers } = exit
            && !(1..=2).contains(&approvers)
        {
            return Err(Refusal::OutOfRange(Subject::Freeze));
        }
        let id = FreezeId(self.next_freeze);
        let freeze = Freeze {
            id,
            scope: place.scope,
            reach,
            cause: place.cause,
            evidence: place.evidence,
            placed_by: place.by,
            placed_at: at,
            expires_at: place.expires_at.or(planned.and_then(|p| p.expires_ms).map(|ms| at.plus(ms))),
            next_at: at.plus(planned.map_or(DAY_MS, |p| p.next_ms)),
            owner: planned.map_or(Owner::Service, |p| p.owner),
            exit,
            allowance: place.allowance,
            approvals: Vec::new(),
            ending: Ending::Active,
        };

        // Nothing above this line changes anything; nothing below it can fail.
        self.next_freeze += 1;
        if let Some(end) = freeze.expires_at {
            self.freezes_due.insert((end, id));
        }
        if let Some(list) = self.freezes_on_mut(&place.scope) {
            list.push(id);
        }
        self.freezes.insert(id, freeze);
        self.fold(id.0);
        Ok(id)
    }

    pub(crate) fn lift_freeze(&mut self, lift: &LiftFreeze, at: Timestamp) -> Result<Outcome, Refusal> {
        let freeze = self.freezes.get_mut(&lift.freeze).ok_or(Refusal::NotFound(Subject::Freeze))?;
        if !freeze.holds_at(at) {
            return Err(Refusal::AlreadyEnded);
        }
        let need = approvals_needed(freeze, lift)?;
        let (Lifter::Agent(actor) | Lifter::Authority(actor)) = lift.by else {
            self.end_freeze(lift.freeze, Ending::Lifted { at, by: lift.by, ground: lift.ground });
            return Ok(Outcome::Lifted(lift.freeze));
        };
        let placed_it = match freeze.placed_by {
            PlacedBy::Agent(placer) => placer == actor,
            PlacedBy::Rule { .. }
            | PlacedBy::Model(_)
            | PlacedBy::Machine
            | PlacedBy::Holder
            | PlacedBy::Authority(_) => false,
        };
        if placed_it || freeze.approvals.contains(&actor) {
            return Err(Refusal::SamePerson);
        }

        // Nothing above this line changes anything; nothing below it can fail.
        freeze.approvals.push(actor);
        let have = freeze.approvals.len() as u8;
        if have < need {
            self.fold(u64::from(have));
            return Ok(Outcome::LiftApproved { freeze: lift.freeze, have, need });
        }
        self.end_freeze(lift.freeze, Ending::Lifted { at, by: lift.by, ground: lift.ground });
        Ok(Outcome::Lifted(lift.freeze))
    }

    /// Ends one freeze and no other. A PIN that is free again has all its tries.
    pub(crate) fn end_freeze(&mut self, id: FreezeId, ending: Ending) {
        let Some(freeze) = self.freezes.get_mut(&id) else { return };
        freeze.ending = ending;
        let scope = freeze.scope;
        if let Some(end) = freeze.expires_at {
            self.freezes_due.remove(&(end, id));
        }
        if let Some(list) = self.freezes_on_mut(&scope) {
            list.retain(|other| *other != id);
        }
        match scope {
            Scope::Pin(card) => {
                if let Some(slot) = self.card_slots.at(&card) {
                    self.cards[slot as usize].tries = 0;
                }
            }
            Scope::Terminal(acceptor) => {
                if let Some(slot) = self.terminal_slots.at(&acceptor) {
                    self.terminals[slot as usize].faults = 0;
                }
            }
            Scope::Card(card) => {
                if let Some(slot) = self.card_slots.at(&card) {
                    // What led to the freeze is dealt with: it does not count again.
                    let card = &mut self.cards[slot as usize];
                    card.attempts = [0; crate::account::ATTEMPTS_KEPT];
                    card.refusals = [0; crate::account::ATTEMPTS_KEPT];
                }
            }
            Scope::Account(_) | Scope::Merchant(_) => {}
        }
        self.fold(id.0.wrapping_neg());
    }

    /// Ends holds and freezes that ran out by `at`, the longest overdue first, a bounded number of them.
    pub(crate) fn sweep(&mut self, at: Timestamp) -> Outcome {
        let (mut holds, mut freezes) = (0, 0);
        while let Some(&(due, _, account)) = self.holds_due.first() {
            if due > at || holds as usize >= SWEEP_MAX {
                break;
            }
            holds += self.expire_holds(account, at);
        }
        while let Some(&(due, id)) = self.freezes_due.first() {
            if due > at || freezes as usize >= SWEEP_MAX {
                break;
            }
            self.end_freeze(id, Ending::Expired { at });
            freezes += 1;
        }
        Outcome::Swept { holds, freezes }
    }

    /// Releases the holds of an account that ran out by `at`; says how many.
    pub(crate) fn expire_holds(&mut self, account: u32, at: Timestamp) -> u32 {
        let mut released = 0;
        while let Some(hold) =
            self.accounts[account as usize].holds.iter().find(|hold| hold.expires_at <= at).copied()
        {
            self.release(account, hold.number, hold.open, true);
            if let Some(transaction) = self.transaction_mut(hold.number) {
                transaction.state = match hold.captured {
                    0 => State::Expired,
                    captured => State::Captured { captured },
                };
            }
            released += 1;
        }
        released
    }

    /// The freezes in force on what `scope` names.
    fn freezes_on(&self, scope: &Scope) -> Result<&[FreezeId], Refusal> {
        Ok(match scope {
            Scope::Pin(card) | Scope::Card(card) => {
                &self.card(*card).ok_or(Refusal::NotFound(Subject::Card))?.freezes
            }
            Scope::Account(account) => &self.account(*account).ok_or(Refusal::NotFound(Subject::Account))?.freezes,
            Scope::Terminal(acceptor) => {
                &self.terminal(*acceptor).ok_or(Refusal::NotFound(Subject::Terminal))?.freezes
            }
            Scope::Merchant(merchant) => {
                &self.merchant(*merchant).ok_or(Refusal::NotFound(Subject::Merchant))?.freezes
            }
        })
    }

    fn freezes_on_mut(&mut self, scope: &Scope) -> Option<&mut Vec<FreezeId>> {
        Some(match scope {
            Scope::Pin(card) | Scope::Card(card) => {
                let slot = self.card_slots.at(card)?;
                &mut self.cards[slot as usize].freezes
            }
            Scope::Account(account) => {
                let slot = self.account_slots.at(account)?;
                &mut self.accounts[slot as usize].freezes
            }
            Scope::Terminal(acceptor) => {
                let slot = self.terminal_slots.at(acceptor)?;
                &mut self.terminals[slot as usize].freezes
            }
            Scope::Merchant(merchant) => {
                let slot = self.merchant_slots.at(merchant)?;
                &mut self.merchants[slot as usize].freezes
            }
        })
    }
}

/// How many approvals this way out needs from this kind of person on this ground; zero: at once.
fn approvals_needed(freeze: &Freeze, lift: &LiftFreeze) -> Result<u8, Refusal> {
    let reviewed = matches!(lift.ground, Ground::Reviewed | Ground::FalsePositive);
    let proven = matches!(lift.ground, Ground::IdentityProven);
    let gone_for_good = matches!(freeze.cause, Cause::CardLost | Cause::CardStolen);
    match (freeze.exit, lift.by) {
        (Exit::Expires, Lifter::Agent(_)) if reviewed || proven => Ok(1),
        (Exit::HolderConfirms, Lifter::Holder) if lift.ground == Ground::HolderConfirmed => Ok(0),
        (Exit::HolderConfirms, Lifter::Agent(_)) if reviewed || proven => Ok(1),
        (Exit::HolderLifts, Lifter::Holder) if lift.ground == Ground::HolderAsked => Ok(0),
        (Exit::HolderLifts, Lifter::Agent(_)) if proven => Ok(1),
        (Exit::Review { approvers }, Lifter::Agent(_)) if reviewed => Ok(approvers),
        (Exit::Replacement, Lifter::Agent(_)) if lift.ground == Ground::FalsePositive && !gone_for_good => Ok(1),
        (Exit::AuthorityOnly, Lifter::Authority(_)) if lift.ground == Ground::AuthorityReleased => Ok(2),
        (Exit::SignIn, Lifter::Agent(_)) if reviewed => Ok(1),
        (
            Exit::Expires
            | Exit::HolderConfirms
            | Exit::HolderLifts
            | Exit::Review { .. }
            | Exit::Replacement
            | Exit::AuthorityOnly
            | Exit::SignIn,
            Lifter::Machine | Lifter::Holder | Lifter::Agent(_) | Lifter::Authority(_),
        ) => Err(Refusal::ExitForbids),
    }
}
