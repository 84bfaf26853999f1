//! The issuer's and the acquirer's registers: accounts, cards, merchants, terminals, and faults of terminals.
//!
//! No money moves here but what `fund` brings in.

use crate::acceptance::{MERCHANT_NAME_BYTES_MAX, Merchant, Terminal, TerminalStanding};
use crate::account::{ATTEMPTS_KEPT, Account, Card, Hits, Usage};
use crate::cause::{Cause, CauseSet};
use crate::command::{
    AccountKind, CardStanding, EnrollMerchant, Entry, IssueCard, Limits, OpenAccount, PinReference, Place,
    PlaceFreeze, Purpose, Switches,
};
use crate::freeze::{Ending, Exit, Freeze, Ground, Lifter, PlacedBy, Reach, Scope};
use crate::ids::{Acceptor, AccountId, CardId, FreezeId, Origin, TransactionId};
use crate::ledger::Book;
use crate::machine::{AMOUNT_MAX, Machine};
use crate::money::{Currency, Money};
use crate::outcome::{Answer, Facts, Outcome, Refusal, Subject, Verdict};
use crate::time::{Timestamp, Zone};
use crate::transaction::{State, Transaction};

/// Most cards of one account.
const CARDS_MAX: usize = 64;
/// Most money that may ever come in, minor units of one currency: a tenth of what a book can hold.
const FUNDED_MAX: u64 = i64::MAX as u64 / 10;

impl Machine {
    pub(crate) fn open_account(&mut self, open: &OpenAccount) -> Result<(), Refusal> {
        if self.account_slots.has(&open.account) {
            return Err(Refusal::Exists(Subject::Account));
        }
        check_limits(&open.limits)?;
        check_zone(open.zone)?;
        if let AccountKind::Credit { line } = open.kind
            && !(0..=AMOUNT_MAX).contains(&line)
        {
            return Err(Refusal::OutOfRange(Subject::Amount));
        }

        // Nothing above this line changes anything; nothing below it can fail.
        self.account_slots.put(open.account, self.accounts.len() as u32);
        self.accounts.push(Account {
            id: open.account,
            kind: open.kind,
            currency: open.currency,
            zone: open.zone,
            closed: false,
            limits: open.limits,
            balance: 0,
            held: 0,
            usage: Usage::default(),
            holds: Vec::new(),
            freezes: Vec::new(),
            cards: Vec::new(),
        });
        self.fold(open.account.0);
        Ok(())
    }

    pub(crate) fn close_account(&mut self, id: AccountId, at: Timestamp) -> Result<(), Refusal> {
        let slot = self.account_slots.at(&id).ok_or(Refusal::NotFound(Subject::Account))?;
        self.expire_holds(slot, at);
        let account = &mut self.accounts[slot as usize];
        if account.balance != 0 || account.held != 0 {
            return Err(Refusal::NotEmpty);
        }
        account.closed = true;
        self.fold(id.0);
        Ok(())
    }

    pub(crate) fn fund(&mut self, id: AccountId, amount: Money, at: Timestamp) -> Result<(), Refusal> {
        let slot = self.account_slots.at(&id).ok_or(Refusal::NotFound(Subject::Account))?;
        let account = &self.accounts[slot as usize];
        if account.currency != amount.currency {
            return Err(Refusal::WrongCurrency);
        }
        if account.closed {
            return Err(Refusal::StandingForbids);
        }
        // All money there is came in here: what the books can hold is bounded once and for all.
        let in_all = self.ledger.balance(Book::Funding, amount.currency).unsigned_abs();
        let too_rich = account.balance.saturating_add(amount.minor) > 1000 * AMOUNT_MAX
            || in_all.saturating_add(amount.minor.unsigned_abs()) > FUNDED_MAX;
        if !(1..=AMOUNT_MAX).contains(&amount.minor) || too_rich {
            return Err(Refusal::OutOfRange(Subject::Amount));
        }
        let shut = account.freezes.iter().filter_map(|id| self.freezes.get(id));
        if shut.into_iter().any(|freeze| freeze.reach == Reach::All && freeze.holds_at(at)) {
            return Err(Refusal::FrozenAll);
        }
        self.post(slot, Book::Funding, amount.minor);
        Ok(())
    }

    pub(crate) fn set_limits(&mut self, id: AccountId, limits: &Limits) -> Result<(), Refusal> {
        check_limits(limits)?;
        let slot = self.account_slots.at(&id).ok_or(Refusal::NotFound(Subject::Account))?;
        self.accounts[slot as usize].limits = *limits;
        self.fold(limits.daily as u64);
        Ok(())
    }

    pub(crate) fn set_zone(&mut self, id: AccountId, zone: Zone) -> Result<(), Refusal> {
        check_zone(zone)?;
        let slot = self.account_slots.at(&id).ok_or(Refusal::NotFound(Subject::Account))?;
        self.accounts[slot as usize].zone = zone;
        self.fold(zone.0 as u64);
        Ok(())
    }

    pub(crate) fn issue_card(&mut self, issue: &IssueCard, at: Timestamp) -> Result<(), Refusal> {
        let account = self.account_slots.at(&issue.account).ok_or(Refusal::NotFound(Subject::Account))?;
        if self.card_slots.has(&issue.card) {
            return Err(Refusal::Exists(Subject::Card));
        }
        if self.accounts[account as usize].closed {
            return Err(Refusal::StandingForbids);
        }
        if self.accounts[account as usize].cards.len() >= CARDS_MAX {
            return Err(Refusal::TooMany(Subject::Card));
        }
        if !(1..=12).contains(&issue.expiry.month) || issue.expiry.year > 99 {
            return Err(Refusal::OutOfRange(Subject::Expiry));
        }
        issue.pin.as_ref().map_or(Ok(()), check_pin)?;
        if !issue.last4.iter().all(u8::is_ascii_digit) {
            return Err(Refusal::OutOfRange(Subject::Card));
        }
        let old = issue.replaces.map(|old| self.card_slots.at(&old).ok_or(Refusal::NotFound(Subject::Card)));
        let old = old.transpose()?;
        if old.is_some_and(|old| self.cards[old as usize].account != account) {
            return Err(Refusal::NotFound(Subject::Card));
        }
        // A card is replaced once.
        if old.is_some_and(|old| matches!(self.cards[old as usize].standing, CardStanding::Replaced(_))) {
            return Err(Refusal::StandingForbids);
        }

        // Nothing above this line changes anything; nothing below it can fail.
        let slot = self.cards.len() as u32;
        self.card_slots.put(issue.card, slot);
        self.accounts[account as usize].cards.push(slot);
        self.cards.push(Card {
            id: issue.card,
            account,
            last4: issue.last4,
            expiry: issue.expiry,
            standing: if issue.active { CardStanding::Active } else { CardStanding::Inactive },
            chip: issue.chip,
            pin: issue.pin,
            switches: old.map_or(Switches::ON, |old| self.cards[old as usize].switches),
            tries: 0,
            fallbacks: 0,
            counter: None,
            attempts: [0; ATTEMPTS_KEPT],
            refusals: [0; ATTEMPTS_KEPT],
            hits: Hits::default(),
            freezes: Vec::new(),
        });
        if let Some(old) = old {
            self.cards[old as usize].standing = CardStanding::Replaced(issue.card);
            self.hand_over(old, slot, at);
        }
        self.fold(u64::from(slot));
        Ok(())
    }

    /// What a replacement does to the old card's freezes: it ends them, but for those that are not the holder's
    /// to shake off. They go with the holder to the new card.
    fn hand_over(&mut self, old: u32, new: u32, at: Timestamp) {
        let (from, to) = (self.cards[old as usize].id, self.cards[new as usize].id);
        for id in std::mem::take(&mut self.cards[old as usize].freezes) {
            let Some(freeze) = self.freezes.get_mut(&id) else { continue };
            let stays = match freeze.exit {
                Exit::AuthorityOnly | Exit::Review { .. } | Exit::Expires => freeze.holds_at(at),
                Exit::HolderConfirms | Exit::HolderLifts | Exit::Replacement | Exit::SignIn => false,
            };
            if stays && freeze.scope == Scope::Card(from) {
                freeze.scope = Scope::Card(to);
                self.cards[new as usize].freezes.push(id);
            } else if freeze.holds_at(at) {
                let ground = Ground::Replaced;
                self.end_freeze(id, Ending::Lifted { at, by: Lifter::Machine, ground });
            } else {
                self.end_freeze(id, Ending::Expired { at });
            }
        }
    }

    pub(crate) fn set_card_standing(
        &mut self,
        id: CardId,
        standing: CardStanding,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let slot = self.card_slots.at(&id).ok_or(Refusal::NotFound(Subject::Card))?;
        let frozen_for = match (self.cards[slot as usize].standing, standing) {
            (CardStanding::Inactive, CardStanding::Active) | (CardStanding::Active, CardStanding::Active) => {
                None
            }
            (CardStanding::Inactive | CardStanding::Active | CardStanding::Lost, CardStanding::Stolen) => {
                Some(Cause::CardStolen)
            }
            (CardStanding::Inactive | CardStanding::Active, CardStanding::Lost) => Some(Cause::CardLost),
            (CardStanding::Lost, CardStanding::Lost) | (CardStanding::Stolen, CardStanding::Stolen) => {
                return Ok(());
            }
            (
                CardStanding::Inactive
                | CardStanding::Active
                | CardStanding::Lost
                | CardStanding::Stolen
                | CardStanding::Replaced(_),
                CardStanding::Inactive
                | CardStanding::Active
                | CardStanding::Lost
                | CardStanding::Stolen
                | CardStanding::Replaced(_),
            ) => return Err(Refusal::StandingForbids),
        };
        if let Some(cause) = frozen_for {
            let place = PlaceFreeze {
                scope: Scope::Card(id),
                reach: None,
                cause,
                evidence: None,
                by: PlacedBy::Holder,
                expires_at: None,
                exit: None,
                allowance: None,
            };
            self.place_freeze(&place, at)?;
        }
        self.cards[slot as usize].standing = standing;
        self.fold(u64::from(slot));
        Ok(())
    }

    pub(crate) fn set_switches(&mut self, id: CardId, switches: Switches) -> Result<(), Refusal> {
        let slot = self.card_slots.at(&id).ok_or(Refusal::NotFound(Subject::Card))?;
        self.cards[slot as usize].switches = switches;
        self.fold(u64::from(slot));
        Ok(())
    }

    pub(crate) fn set_pin(&mut self, id: CardId, pin: PinReference, at: Timestamp) -> Result<(), Refusal> {
        check_pin(&pin)?;
        let slot = self.card_slots.at(&id).ok_or(Refusal::NotFound(Subject::Card))?;
        let card = &mut self.cards[slot as usize];
        card.pin = Some(pin);
        card.tries = 0;
        let on_pin: Vec<FreezeId> = card.freezes.clone();
        for freeze in on_pin {
            let ends = |freeze: &Freeze| {
                let by_others = matches!(freeze.exit, Exit::AuthorityOnly | Exit::Review { .. });
                freeze.scope == Scope::Pin(id) && !by_others
            };
            if self.freezes.get(&freeze).is_some_and(ends) {
                let ground = Ground::NewPin;
                self.end_freeze(freeze, Ending::Lifted { at, by: Lifter::Machine, ground });
            }
        }
        self.fold(u64::from(slot));
        Ok(())
    }

    pub(crate) fn enroll_merchant(&mut self, enroll: &EnrollMerchant) -> Result<(), Refusal> {
        if self.merchant_slots.has(&enroll.merchant) {
            return Err(Refusal::Exists(Subject::Merchant));
        }
        if enroll.name.is_empty() || enroll.name.len() > MERCHANT_NAME_BYTES_MAX {
            return Err(Refusal::OutOfRange(Subject::Name));
        }
        self.merchant_slots.put(enroll.merchant, self.merchants.len() as u32);
        self.merchants.push(Merchant {
            id: enroll.merchant,
            name: enroll.name.clone(),
            mcc: enroll.mcc,
            country: enroll.country,
            freezes: Vec::new(),
        });
        self.fold(self.merchants.len() as u64);
        Ok(())
    }

    pub(crate) fn enroll_terminal(&mut self, acceptor: Acceptor) -> Result<(), Refusal> {
        if self.terminal_slots.has(&acceptor) {
            return Err(Refusal::Exists(Subject::Terminal));
        }
        let merchant =
            self.merchant_slots.at(&acceptor.merchant).ok_or(Refusal::NotFound(Subject::Merchant))?;
        self.terminal_slots.put(acceptor, self.terminals.len() as u32);
        self.terminals.push(Terminal {
            id: acceptor,
            merchant,
            standing: TerminalStanding::Out,
            generation: 0,
            batch: 1,
            batches: Vec::new(),
            faults: 0,
            faults_since: Timestamp(0),
            freezes: Vec::new(),
        });
        self.fold(self.terminals.len() as u64);
        Ok(())
    }

    pub(crate) fn sign_in(&mut self, acceptor: Acceptor, at: Timestamp) -> Result<Outcome, Refusal> {
        let slot = self.terminal_slots.at(&acceptor).ok_or(Refusal::NotFound(Subject::Terminal))?;
        let terminal = &mut self.terminals[slot as usize];

        // Nothing above this line changes anything; nothing below it can fail.
        terminal.generation += 1;
        terminal.standing = TerminalStanding::In { since: at };
        terminal.faults = 0;
        let (generation, batch) = (terminal.generation, terminal.batch);
        for id in terminal.freezes.clone() {
            if self.freezes.get(&id).is_some_and(|freeze| freeze.exit == Exit::SignIn) {
                let ground = Ground::SignedIn;
                self.end_freeze(id, Ending::Lifted { at, by: Lifter::Machine, ground });
            }
        }
        self.fold(u64::from(generation));
        Ok(Outcome::SignedIn { generation, batch, at })
    }

    pub(crate) fn sign_out(&mut self, acceptor: Acceptor) -> Result<(), Refusal> {
        let slot = self.terminal_slots.at(&acceptor).ok_or(Refusal::NotFound(Subject::Terminal))?;
        self.terminals[slot as usize].standing = TerminalStanding::Out;
        self.fold(u64::from(slot));
        Ok(())
    }

    /// Records a message that could not be taken. It feeds nothing but its terminal's count of key errors.
    pub(crate) fn fault(
        &mut self,
        acceptor: Option<Acceptor>,
        origin: Option<Origin>,
        cause: Cause,
        at: Timestamp,
    ) -> Outcome {
        // A repeat of what was decided before is answered as before, though nothing can be checked just now.
        if let (Cause::SecurityModuleDown, Some(stored)) =
            (cause, origin.as_ref().and_then(|origin| self.stored(origin)))
        {
            return Outcome::Repeated(stored.answer);
        }
        let number = TransactionId(self.next_number());
        let mut placed = None;
        let of_keys = cause == Cause::MacError || cause == Cause::PinFormatError;
        if let Some(slot) =
            acceptor.filter(|_| of_keys).and_then(|acceptor| self.terminal_slots.at(&acceptor))
        {
            let policy = self.policy;
            let terminal = &mut self.terminals[slot as usize];
            if terminal.faults == 0 || at.since(terminal.faults_since) > policy.fault_ms {
                terminal.faults_since = at;
                terminal.faults = 0;
            }
            terminal.faults = terminal.faults.saturating_add(1);
            if terminal.faults >= policy.fault_max {
                let scope = Scope::Terminal(terminal.id);
                placed = self.freeze_from(scope, cause, number, at);
            }
        }
        let answer = Answer {
            number,
            at,
            verdict: Verdict::Declined(CauseSet::from_iter([cause])),
            amount: Money::zero(Currency::CNY),
            facts: Facts { freeze: placed, ..Facts::default() },
            original: None,
            exception: None,
        };
        self.record(
            Transaction {
                answer,
                origin,
                purpose: Purpose::Fault,
                card: None,
                account: None,
                entry: Entry::OnFile,
                place: acceptor.map(Place::Terminal),
                state: State::Idle,
                reversed_by: None,
                counted: None,
                signature: None,
            },
            false,
        );
        Outcome::Noted { number, placed, at }
    }
}

fn check_limits(limits: &Limits) -> Result<(), Refusal> {
    match limits.single >= 0 && limits.daily >= 0 && limits.monthly >= 0 {
        true => Ok(()),
        false => Err(Refusal::OutOfRange(Subject::Limit)),
    }
}

fn check_zone(zone: Zone) -> Result<(), Refusal> {
    match zone.0.unsigned_abs() <= Zone::MINUTES_MAX.unsigned_abs() {
        true => Ok(()),
        false => Err(Refusal::OutOfRange(Subject::Zone)),
    }
}

fn check_pin(pin: &PinReference) -> Result<(), Refusal> {
    match (1..=6).contains(&pin.key_index) && pin.pvv.iter().all(u8::is_ascii_digit) {
        true => Ok(()),
        false => Err(Refusal::OutOfRange(Subject::Pin)),
    }
}
