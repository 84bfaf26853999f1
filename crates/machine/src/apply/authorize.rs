//! Sales, pre-authorizations and balance inquiries: decided, stored, answered.
//!
//! What is found against them is collected in `weigh`; here is what follows from it.

use super::weigh::Weighed;
use crate::account::{Hold, remember, within};
use crate::cause::{Cause, CauseSet, Family};
use crate::command::{Authorize, ChipCheck, Entry, PinCheck, Place, PlaceFreeze, Purpose};
use crate::freeze::{PlacedBy, Scope};
use crate::ids::{FreezeId, Origin, TransactionId};
use crate::ledger::Book;
use crate::machine::Machine;
use crate::outcome::{Answer, Exception, Facts, Outcome, Verdict};
use crate::time::Timestamp;
use crate::transaction::{Counted, State, Transaction};

impl Machine {
    pub(crate) fn authorize(&mut self, ask: &Authorize, at: Timestamp) -> Outcome {
        if let Some(stored) = self.stored(&ask.origin) {
            let same = stored.card == Some(ask.card)
                && stored.answer.amount == ask.amount
                && stored.purpose == ask.purpose;
            return match same {
                true => Outcome::Repeated(stored.answer),
                false => self.decline_unindexed(ask, at, Cause::DuplicateMismatch),
            };
        }
        if let Some(account) = self.card(ask.card).map(|card| card.account) {
            self.expire_holds(account, at);
        }
        let mut weighed = self.weigh(ask, at);
        let tombstone = self.tombstones.at(&ask.origin);
        if tombstone.is_some() {
            weighed.causes.insert(Cause::ReversedBefore);
        }
        let answer = match weighed.causes.is_empty() || (ask.advice && tombstone.is_none()) {
            true => self.approve(ask, &weighed, at),
            false => self.decline(ask, weighed, at),
        };
        if let (Some(reversal), Some(transaction)) = (tombstone, self.transaction_mut(answer.number)) {
            transaction.reversed_by = Some(TransactionId(reversal));
        }
        Outcome::Decided(answer)
    }

    /// The transaction remembered under `origin`.
    pub(crate) fn stored(&self, origin: &Origin) -> Option<&Transaction> {
        self.origins.at(origin).and_then(|number| self.transaction(TransactionId(number)))
    }

    fn approve(&mut self, ask: &Authorize, weighed: &Weighed, at: Timestamp) -> Answer {
        let number = TransactionId(self.next_number());
        let exception = weighed.causes.first().map(Exception::PostedDespite);
        let answer = Answer {
            number,
            at,
            verdict: Verdict::Approved(number.approval()),
            amount: ask.amount,
            facts: weighed.facts,
            original: None,
            exception,
        };
        let payee = weighed.payee.unwrap_or(Book::Suspense);
        let minor = ask.amount.minor;

        // Nothing above this line changes anything; nothing below it can fail.
        let state = match (ask.purpose, weighed.account) {
            (Purpose::Sale, Some(account)) => {
                self.post(account, payee, -minor);
                self.use_limits(account, at, minor, 1);
                State::Posted { net: minor, refunded: 0, released: 0 }
            }
            (Purpose::Sale, None) => {
                // An advice on a card nobody knows must be accepted: it waits in suspense.
                self.transfer(Book::Suspense, payee, ask.amount.currency, minor);
                State::Posted { net: minor, refunded: 0, released: 0 }
            }
            (Purpose::PreAuthorization, Some(account)) => {
                let card = weighed.card.unwrap_or(u32::MAX);
                let approval = number.approval();
                let expires_at = at.plus(self.policy.hold_ms);
                let hold = Hold {
                    number, approval, card, payee, amount: minor, open: minor, captured: 0, expires_at,
                };
                self.hold(account, hold);
                self.use_limits(account, at, minor, 1);
                State::Held
            }
            (
                Purpose::PreAuthorization
                | Purpose::BalanceInquiry
                | Purpose::Void
                | Purpose::Completion
                | Purpose::PreAuthorizationCancel
                | Purpose::CompletionCancel
                | Purpose::Refund
                | Purpose::Reversal
                | Purpose::Fault,
                _,
            ) => State::Idle,
        };
        if let Some(card) = weighed.card {
            self.card_served(card, ask, at);
        }
        let counted = match state {
            State::Posted { net, .. } => Some(Counted::Debit(net)),
            State::Idle
            | State::Held
            | State::Refunded { .. }
            | State::Undid
            | State::Undone { .. }
            | State::Captured { .. }
            | State::Expired
            | State::Reversed => None,
        };
        self.count(&ask.origin, counted, 1);
        self.record(transaction(ask, answer, state, counted, weighed.account.map(|a| self.accounts[a as usize].id)), true);
        answer
    }

    /// The card was served: tries and fallbacks begin again, the chip's counter rises.
    fn card_served(&mut self, slot: u32, ask: &Authorize, at: Timestamp) {
        let card = &mut self.cards[slot as usize];
        remember(&mut card.attempts, at);
        if ask.checks.pin == PinCheck::Right {
            card.tries = 0;
        }
        match ask.entry {
            Entry::Fallback => card.fallbacks = card.fallbacks.saturating_add(1),
            Entry::Chip => card.fallbacks = 0,
            Entry::Stripe | Entry::Contactless | Entry::Code | Entry::Manual | Entry::OnFile => {}
        }
        if let ChipCheck::Verified { counter } = ask.checks.chip {
            card.counter = Some(card.counter.map_or(counter, |seen| seen.max(counter)));
        }
        let folded = u64::from(card.tries) << 32 | u64::from(card.attempts[0]);
        self.fold(folded);
    }

    fn decline(&mut self, ask: &Authorize, mut weighed: Weighed, at: Timestamp) -> Answer {
        let number = TransactionId(self.next_number());
        if let Some(slot) = weighed.card {
            self.feed(slot, number, &mut weighed, at);
        }
        let answer = declined(number, at, ask, weighed.causes, weighed.facts);
        let account = weighed.account.map(|slot| self.accounts[slot as usize].id);
        self.record(transaction(ask, answer, State::Idle, None, account), true);
        answer
    }

    /// Declines without taking the origin's place: the first message under it keeps its answer.
    fn decline_unindexed(&mut self, ask: &Authorize, at: Timestamp, cause: Cause) -> Outcome {
        let number = TransactionId(self.next_number());
        let answer = declined(number, at, ask, CauseSet::from_iter([cause]), Facts::default());
        let account = self.card(ask.card).map(|card| self.accounts[card.account as usize].id);
        self.record(transaction(ask, answer, State::Idle, None, account), false);
        Outcome::Decided(answer)
    }

    /// What a decline counts towards, and the freeze that may follow. System causes feed nothing.
    fn feed(&mut self, slot: u32, number: TransactionId, weighed: &mut Weighed, at: Timestamp) {
        let Some(cause) = weighed.causes.first() else { return };
        let entry = cause.entry();
        if entry.family == Family::System {
            return;
        }
        let policy = self.policy;
        let card = &mut self.cards[slot as usize];
        if entry.feeds.velocity {
            remember(&mut card.attempts, at);
        }
        let limit = [Cause::SingleLimit, Cause::DailyLimit, Cause::MonthlyLimit, Cause::DailyCount];
        let mut freeze = None;
        if cause == Cause::WrongPin {
            if let Some(placed) = self.wrong_pin(slot, number, at) {
                weighed.causes.insert(Cause::PinTriesExceeded);
                weighed.facts.freeze = Some(placed);
            }
            return;
        }
        if cause == Cause::TooFrequent {
            remember(&mut card.refusals, at);
            if within(&card.refusals, at, policy.burst_ms) >= policy.testing_max {
                weighed.causes.insert(Cause::CardTesting);
                freeze = Some((Scope::Card(card.id), Cause::CardTesting));
            }
        } else if cause == Cause::CryptogramFailed || cause == Cause::CounterReplayed {
            freeze = Some((Scope::Card(card.id), cause));
        } else if limit.contains(&cause) {
            card.hits.count_one(at, &policy);
        }
        let folded = u64::from(card.tries) << 32 | u64::from(card.attempts[0]);
        self.fold(folded);
        if let Some((scope, cause)) = freeze {
            weighed.facts.freeze = self.freeze_from(scope, cause, number, at).or(weighed.facts.freeze);
        }
    }

    /// Counts a wrong PIN; the last try freezes the PIN.
    pub(crate) fn wrong_pin(&mut self, slot: u32, number: TransactionId, at: Timestamp) -> Option<FreezeId> {
        let card = &mut self.cards[slot as usize];
        card.tries = card.tries.saturating_add(1);
        let (tries, scope) = (card.tries, Scope::Pin(card.id));
        self.fold(u64::from(tries));
        if tries < self.policy.pin_tries_max {
            return None;
        }
        self.freeze_from(scope, Cause::PinTriesExceeded, number, at)
    }

    /// The machine's own freeze, as the policy plans it for the cause.
    pub(crate) fn freeze_from(
        &mut self,
        scope: Scope,
        cause: Cause,
        evidence: TransactionId,
        at: Timestamp,
    ) -> Option<FreezeId> {
        let place = PlaceFreeze {
            scope,
            reach: None,
            cause,
            evidence: Some(evidence),
            by: PlacedBy::Machine,
            expires_at: None,
            exit: None,
            allowance: None,
        };
        self.place_freeze(&place, at).ok()
    }

    /// Uses, or with a negative sign gives back, limits of the account's day and month.
    pub(crate) fn use_limits(&mut self, account: u32, at: Timestamp, minor: i64, count: u32) {
        let record = &mut self.accounts[account as usize];
        let local = record.zone.local(at);
        let mut usage = record.usage.on(&local);
        usage.day_amount += minor;
        usage.month_amount += minor;
        usage.day_count = usage.day_count.saturating_add(count);
        record.usage = usage;
        self.fold(usage.day_amount as u64);
    }

    /// Gives back what a transaction of `used_at` used, where its day and month are still counted.
    pub(crate) fn give_back_limits(&mut self, account: u32, used_at: Timestamp, minor: i64, whole: bool) {
        let record = &mut self.accounts[account as usize];
        let local = record.zone.local(used_at);
        let usage = &mut record.usage;
        if usage.day == local.day {
            usage.day_amount = (usage.day_amount - minor).max(0);
            usage.day_count = usage.day_count.saturating_sub(u32::from(whole));
        }
        if usage.month == local.month_number() {
            usage.month_amount = (usage.month_amount - minor).max(0);
        }
        let folded = usage.day_amount as u64;
        self.fold(folded);
    }
}

fn declined(number: TransactionId, at: Timestamp, ask: &Authorize, causes: CauseSet, facts: Facts) -> Answer {
    let verdict = Verdict::Declined(causes);
    Answer { number, at, verdict, amount: ask.amount, facts, original: None, exception: None }
}

fn transaction(
    ask: &Authorize,
    answer: Answer,
    state: State,
    counted: Option<Counted>,
    account: Option<crate::ids::AccountId>,
) -> Transaction {
    Transaction {
        answer,
        origin: Some(ask.origin),
        purpose: ask.purpose,
        card: Some(ask.card),
        account,
        entry: ask.entry,
        place: Some(ask.place),
        state,
        reversed_by: None,
        counted: counted.filter(|_| matches!(ask.place, Place::Terminal(_))),
        signature: None,
    }
}
