//! The reference's freezes: the table of the design, who may lift, and what a lift gives back.

use super::{Brake, Reference, Said, done};
use machine::cause::Cause;
use machine::command::{CardStanding, LiftFreeze, PlaceFreeze};
use machine::freeze::{Exit, Ground, Lifter, PlacedBy, Reach, Scope};
use machine::ids::CardId;
use machine::time::{HOUR_MS, Timestamp};
use std::collections::BTreeSet;

/// Reach, way out and hours of a freeze for a cause, as the design's table has them.
fn usual(cause: Cause) -> Option<(Reach, Exit, Option<i64>)> {
    let row = |reach, exit| Some((reach, exit, None));
    match cause {
        Cause::PinTriesExceeded => row(Reach::PinUse, Exit::HolderConfirms),
        Cause::CardTesting => Some((Reach::NewDebits, Exit::HolderConfirms, Some(72))),
        Cause::CryptogramFailed | Cause::CounterReplayed | Cause::CardLost | Cause::CardStolen => {
            row(Reach::All, Exit::Replacement)
        }
        Cause::FraudScore => row(Reach::NewDebits, Exit::Review { approvers: 2 }),
        Cause::FrozenByHolder => row(Reach::NewDebits, Exit::HolderLifts),
        Cause::FrozenByBank | Cause::MerchantFrozen => row(Reach::NewDebits, Exit::Review { approvers: 1 }),
        Cause::FrozenByAuthority => row(Reach::All, Exit::AuthorityOnly),
        Cause::MacError | Cause::PinFormatError | Cause::TerminalFrozen => row(Reach::All, Exit::SignIn),
        _ => None,
    }
}

impl Reference {
    pub(super) fn holds(&self, brake: &Brake) -> bool {
        !brake.lifted && brake.ends.is_none_or(|end| self.now < end)
    }

    /// The freezes in force on exactly this.
    pub(super) fn brakes_on(&self, on: impl Fn(&Scope) -> bool) -> impl Iterator<Item = (usize, &Brake)> {
        self.brakes.iter().enumerate().filter(move |(_, brake)| on(&brake.scope) && self.holds(brake))
    }

    pub(super) fn place(&mut self, place: &PlaceFreeze) -> Said {
        let known = match place.scope {
            Scope::Pin(card) | Scope::Card(card) => self.cards.contains_key(&card),
            Scope::Account(account) => self.accounts.contains_key(&account),
            Scope::Terminal(acceptor) => self.tills.contains_key(&acceptor),
            Scope::Merchant(merchant) => self.merchants.contains(&merchant),
        };
        let usual = usual(place.cause);
        let reach = match place.scope {
            Scope::Pin(_) => Some(Reach::PinUse),
            _ => place.reach.or(usual.map(|(reach, ..)| reach)),
        };
        let exit = match place.by {
            PlacedBy::Authority(_) => Some(Exit::AuthorityOnly),
            _ => place.exit.or(usual.map(|(_, exit, _)| exit)),
        };
        let (true, Some(reach), Some(exit)) = (known, reach, exit) else { return Said::Refused };
        if place.expires_at.is_some_and(|end| end <= self.now) {
            return Said::Refused;
        }
        let after =
            |from: Timestamp| usual.and_then(|(.., hours)| hours).map(|hours| from.plus(hours * HOUR_MS));
        let ends = place.expires_at.or(after(self.now));
        let same = self.brakes_on(|scope| *scope == place.scope).find(|(_, brake)| {
            brake.cause == place.cause
                && brake.by == place.by
                && brake.reach == reach
                && brake.exit == exit
                && brake.allowance == place.allowance
                && brake.ends == place.expires_at.or(after(brake.placed))
                && !matches!(place.by, PlacedBy::Authority(_))
        });
        if let Some((place, _)) = same {
            return Said::Frozen(place as u64 + 1);
        }
        self.tidy();
        self.brakes.push(Brake {
            scope: place.scope,
            reach,
            cause: place.cause,
            by: place.by,
            placed: self.now,
            ends,
            exit,
            allowance: place.allowance,
            approvals: BTreeSet::new(),
            lifted: false,
            seen: false,
        });
        Said::Frozen(self.brakes.len() as u64)
    }

    /// The house's own freeze.
    pub(super) fn own(&mut self, scope: Scope, cause: Cause) {
        let (by, none) = (PlacedBy::Machine, None);
        let said = self.place(&PlaceFreeze {
            scope,
            reach: None,
            cause,
            evidence: none,
            by,
            expires_at: None,
            exit: None,
            allowance: None,
        });
        assert!(matches!(said, Said::Frozen(_)), "the house's own freezes always find their place");
    }

    pub(super) fn lift(&mut self, lift: &LiftFreeze) -> Said {
        let Some(place) = (lift.freeze.0 as usize).checked_sub(1).filter(|place| *place < self.brakes.len())
        else {
            return Said::Refused;
        };
        let brake = &self.brakes[place];
        if !self.holds(brake) {
            return Said::Refused;
        }
        let reviewed = [Ground::Reviewed, Ground::FalsePositive].contains(&lift.ground);
        let proven = lift.ground == Ground::IdentityProven;
        let lost = [Cause::CardLost, Cause::CardStolen].contains(&brake.cause);
        let (who, needed) = match (brake.exit, lift.by) {
            (Exit::HolderConfirms, Lifter::Holder) if lift.ground == Ground::HolderConfirmed => (None, 0),
            (Exit::HolderLifts, Lifter::Holder) if lift.ground == Ground::HolderAsked => (None, 0),
            (Exit::HolderConfirms | Exit::Expires, Lifter::Agent(who)) if reviewed || proven => {
                (Some(who), 1)
            }
            (Exit::HolderLifts, Lifter::Agent(who)) if proven => (Some(who), 1),
            (Exit::Review { approvers }, Lifter::Agent(who)) if reviewed => (Some(who), approvers),
            (Exit::SignIn, Lifter::Agent(who)) if reviewed => (Some(who), 1),
            (Exit::Replacement, Lifter::Agent(who)) if lift.ground == Ground::FalsePositive && !lost => {
                (Some(who), 1)
            }
            (Exit::AuthorityOnly, Lifter::Authority(who)) if lift.ground == Ground::AuthorityReleased => {
                (Some(who), 2)
            }
            _ => return Said::Refused,
        };
        if let Some(who) = who {
            let brake = &mut self.brakes[place];
            if brake.by == PlacedBy::Agent(who) || !brake.approvals.insert(who) {
                return Said::Refused;
            }
            let have = brake.approvals.len() as u8;
            if have < needed {
                return Said::Approvals(have, needed);
            }
        }
        self.end(place);
        Said::Lifted(lift.freeze.0)
    }

    /// A freeze ends by someone's doing: what led to it is dealt with.
    pub(super) fn end(&mut self, place: usize) {
        let brake = &mut self.brakes[place];
        brake.lifted = true;
        let (scope, cause) = (brake.scope, brake.cause);
        match (scope, cause) {
            (Scope::Pin(card), Cause::PinTriesExceeded) => {
                self.cards.entry(card).and_modify(|card| card.wrong_in_row = 0);
            }
            (Scope::Card(card), Cause::CardTesting) => {
                self.cards.entry(card).and_modify(|card| {
                    card.attempts.clear();
                    card.refusals.clear();
                });
            }
            (Scope::Terminal(acceptor), _) => {
                self.tills.entry(acceptor).and_modify(|till| till.faults.clear());
            }
            _ => {}
        }
    }

    /// PIN freezes that ran out have given their tries back.
    pub(super) fn tidy(&mut self) {
        for place in 0..self.brakes.len() {
            let brake = &self.brakes[place];
            if brake.lifted || brake.seen || self.holds(brake) {
                continue;
            }
            self.brakes[place].seen = true;
            match (self.brakes[place].scope, self.brakes[place].cause) {
                (Scope::Pin(card), Cause::PinTriesExceeded) => {
                    self.cards.entry(card).and_modify(|card| card.wrong_in_row = 0);
                }
                (Scope::Terminal(acceptor), _) => {
                    self.tills.entry(acceptor).and_modify(|till| till.faults.clear());
                }
                _ => {}
            }
        }
    }

    pub(super) fn new_pin(&mut self, id: CardId) -> Said {
        let Some(card) = self.cards.get_mut(&id) else { return Said::Refused };
        card.has_pin = true;
        card.wrong_in_row = 0;
        for place in 0..self.brakes.len() {
            let brake = &self.brakes[place];
            let others = matches!(brake.exit, Exit::AuthorityOnly | Exit::Review { .. });
            if brake.scope == Scope::Pin(id) && !others && self.holds(brake) {
                self.end(place);
            }
        }
        Said::Done
    }

    pub(super) fn set_standing(&mut self, id: CardId, standing: CardStanding) -> Said {
        let Some(card) = self.cards.get(&id) else { return Said::Refused };
        let cause = match (card.standing, standing) {
            (CardStanding::Inactive | CardStanding::Active, CardStanding::Active) => None,
            (CardStanding::Inactive | CardStanding::Active, CardStanding::Lost) => Some(Cause::CardLost),
            (CardStanding::Inactive | CardStanding::Active | CardStanding::Lost, CardStanding::Stolen) => {
                Some(Cause::CardStolen)
            }
            (was, is) => return done(was == is && matches!(was, CardStanding::Lost | CardStanding::Stolen)),
        };
        if let Some(cause) = cause {
            let by = PlacedBy::Holder;
            self.place(&PlaceFreeze {
                scope: Scope::Card(id),
                reach: None,
                cause,
                evidence: None,
                by,
                expires_at: None,
                exit: None,
                allowance: None,
            });
        }
        self.cards.entry(id).and_modify(|card| card.standing = standing);
        Said::Done
    }

    /// A replaced card's freezes: those of others go to the new card, the rest ends.
    pub(super) fn hand_over(&mut self, old: CardId, new: CardId) {
        for place in 0..self.brakes.len() {
            let brake = &self.brakes[place];
            let here = brake.scope == Scope::Card(old) || brake.scope == Scope::Pin(old);
            if !here || !self.holds(brake) {
                continue;
            }
            let others = matches!(brake.exit, Exit::AuthorityOnly | Exit::Review { .. } | Exit::Expires);
            if others && brake.scope == Scope::Card(old) {
                self.brakes[place].scope = Scope::Card(new);
            } else {
                self.end(place);
            }
        }
    }
}
