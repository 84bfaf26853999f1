//! Placing and lifting freezes, and letting them run out.
//!
//! Which freeze follows from which decline is decided where the decline is; here only how one is placed, who
//! may lift it, and that a lift ends only its own.

use crate::account::FREEZES_MAX;
use crate::cause::Cause;
use crate::command::{LiftFreeze, PlaceFreeze};
use crate::freeze::{Ending, Exit, Freeze, Ground, Lifter, Owner, PlacedBy, Reach, Scope};
use crate::ids::FreezeId;
use crate::machine::Machine;
use crate::outcome::{Outcome, Refusal, Subject};
use crate::policy::plan;
use crate::time::{DAY_MS, Timestamp};
use crate::transaction::State;

/// Most holds and freezes ended by one sweep, so that none waits long for it.
const SWEEP_MAX: usize = 1000;

/// What a wish to freeze comes to.
enum Drafted {
    /// The same freeze stands already.
    Standing(FreezeId),
    /// A new one.
    New(Freeze),
}

impl Machine {
    pub(crate) fn place_freeze(&mut self, place: &PlaceFreeze, at: Timestamp) -> Result<FreezeId, Refusal> {
        let freeze = match self.draft_freeze(place, at)? {
            Drafted::Standing(id) => return Ok(id),
            Drafted::New(freeze) => freeze,
        };

        // Nothing above this line changes anything; nothing below it can fail.
        let id = freeze.id;
        let listed = self.freezes_on_mut(&place.scope).map(|list| list.clone()).unwrap_or_default();
        self.end_run_out(&listed, at);
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

    /// The number of the freeze that `place` would lead to.
    pub(crate) fn foreseen(&self, place: &PlaceFreeze, at: Timestamp) -> Option<FreezeId> {
        self.draft_freeze(place, at).ok().map(|drafted| match drafted {
            Drafted::Standing(id) => id,
            Drafted::New(freeze) => freeze.id,
        })
    }

    /// The freeze as it would stand, with everything the policy adds to what was asked.
    fn draft_freeze(&self, place: &PlaceFreeze, at: Timestamp) -> Result<Drafted, Refusal> {
        let listed = self.freezes_on(&place.scope)?;
        let planned = plan(place.cause);
        let on_pin = matches!(place.scope, Scope::Pin(_));
        let reach = if on_pin { Some(Reach::PinUse) } else { place.reach.or(planned.map(|p| p.reach)) };
        let exit = place.exit.or(planned.map(|p| p.exit));
        let (Some(reach), Some(exit)) = (reach, exit) else {
            return Err(Refusal::OutOfRange(Subject::Freeze));
        };
        // An authority's freeze ends only by that authority, whatever was asked.
        let by_authority = matches!(place.by, PlacedBy::Authority(_));
        let exit = if by_authority { Exit::AuthorityOnly } else { exit };
        let usual_end = |from: Timestamp| planned.and_then(|p| p.expires_ms).map(|ms| from.plus(ms));
        let expires_at = place.expires_at.or(usual_end(at));
        let same = self.holding(listed, at).find(|freeze| {
            let end = place.expires_at.or(usual_end(freeze.placed_at));
            let what = (freeze.scope, freeze.cause, freeze.placed_by) == (place.scope, place.cause, place.by);
            let how = (freeze.reach, freeze.exit, freeze.expires_at) == (reach, exit, end);
            what && how && freeze.allowance == place.allowance
        });
        // Two orders of an authority are two freezes, whoever enters them.
        if let Some(same) = same.filter(|_| !by_authority) {
            return Ok(Drafted::Standing(same.id));
        }
        // The machine's own protection, a loss and an authority find room where people's freezes no longer do.
        let must_fit = by_authority
            || place.by == PlacedBy::Machine
            || matches!(place.cause, Cause::CardLost | Cause::CardStolen);
        let most = if must_fit { 2 * FREEZES_MAX } else { FREEZES_MAX };
        if self.holding(listed, at).count() >= most {
            return Err(Refusal::TooMany(Subject::Freeze));
        }
        // Only the machine knows of a transaction that is just being decided.
        let known = self.next_number() + u64::from(place.by == PlacedBy::Machine);
        if place.evidence.is_some_and(|number| number.0 >= known) {
            return Err(Refusal::NotFound(Subject::Transaction));
        }
        let never_ends = exit == Exit::Expires && expires_at.is_none();
        if never_ends || place.expires_at.is_some_and(|end| end <= at) {
            return Err(Refusal::OutOfRange(Subject::Expiry));
        }
        if let Exit::Review { approvers } = exit
            && !(1..=2).contains(&approvers)
        {
            return Err(Refusal::OutOfRange(Subject::Freeze));
        }
        Ok(Drafted::New(Freeze {
            id: FreezeId(self.next_freeze),
            scope: place.scope,
            reach,
            cause: place.cause,
            evidence: place.evidence,
            placed_by: place.by,
            placed_at: at,
            expires_at,
            next_at: at.plus(planned.map_or(DAY_MS, |p| p.next_ms)),
            owner: planned.map_or(Owner::Service, |p| p.owner),
            exit,
            allowance: place.allowance,
            approvals: Vec::new(),
            ending: Ending::Active,
        }))
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

    /// Ends one freeze and no other. What led to it is dealt with, and does not count again.
    pub(crate) fn end_freeze(&mut self, id: FreezeId, ending: Ending) {
        let Some(freeze) = self.freezes.get_mut(&id) else { return };
        freeze.ending = ending;
        let (scope, cause) = (freeze.scope, freeze.cause);
        if let Some(end) = freeze.expires_at {
            self.freezes_due.remove(&(end, id));
        }
        if let Some(list) = self.freezes_on_mut(&scope) {
            list.retain(|other| *other != id);
        }
        let lifted = matches!(ending, Ending::Lifted { .. });
        match scope {
            Scope::Pin(card) => {
                let slot = self.card_slots.at(&card).filter(|_| cause == Cause::PinTriesExceeded);
                if let Some(slot) = slot {
                    self.cards[slot as usize].tries = 0;
                }
            }
            Scope::Card(card) => {
                let slot = self.card_slots.at(&card).filter(|_| lifted && cause == Cause::CardTesting);
                if let Some(slot) = slot {
                    let card = &mut self.cards[slot as usize];
                    card.attempts = [0; crate::account::ATTEMPTS_KEPT];
                    card.refusals = [0; crate::account::ATTEMPTS_KEPT];
                }
            }
            Scope::Terminal(acceptor) => {
                if let Some(slot) = self.terminal_slots.at(&acceptor) {
                    self.terminals[slot as usize].faults = 0;
                }
            }
            Scope::Account(_) | Scope::Merchant(_) => {}
        }
        self.fold(id.0.wrapping_neg());
    }

    /// Lets what ran out by `at` end: holds of the card's account, freezes of both.
    pub(crate) fn run_out(&mut self, card: u32, at: Timestamp) {
        let account = self.cards[card as usize].account;
        self.expire_holds(account, at);
        let on_card = self.cards[card as usize].freezes.clone();
        let on_account = self.accounts[account as usize].freezes.clone();
        // Nearly all have none, and a clone of nothing asks for no memory.
        self.end_run_out(&on_card, at);
        self.end_run_out(&on_account, at);
    }

    /// Ends those of `listed` that ran out.
    fn end_run_out(&mut self, listed: &[FreezeId], at: Timestamp) {
        for id in listed {
            if self.freezes.get(id).is_some_and(|freeze| !freeze.holds_at(at)) {
                self.end_freeze(*id, Ending::Expired { at });
            }
        }
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
                    captured => State::Captured { captured, amount: hold.amount },
                };
            }
            released += 1;
        }
        released
    }

    /// The freezes in force on what `scope` names.
    pub(crate) fn freezes_on(&self, scope: &Scope) -> Result<&[FreezeId], Refusal> {
        Ok(match scope {
            Scope::Pin(card) | Scope::Card(card) => {
                &self.card(*card).ok_or(Refusal::NotFound(Subject::Card))?.freezes
            }
            Scope::Account(account) => {
                &self.account(*account).ok_or(Refusal::NotFound(Subject::Account))?.freezes
            }
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
        (Exit::Replacement, Lifter::Agent(_)) if lift.ground == Ground::FalsePositive && !gone_for_good => {
            Ok(1)
        }
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
