//! Sales, pre-authorizations and balance inquiries: decided, stored, answered.
//!
//! What is found against them is collected in `weigh`; here is what follows from it.

use super::weigh::Weighed;
use crate::account::{Card, Hold, remember, within};
use crate::cause::{Cause, CauseSet, Family};
use crate::command::{Authorize, ChipCheck, Entry, PinCheck, Place, PlaceFreeze, Purpose};
use crate::freeze::{Freeze, PlacedBy, Scope};
use crate::ids::{FreezeId, Origin, TransactionId};
use crate::ledger::Book;
use crate::machine::{AMOUNT_MAX, Machine};
use crate::outcome::{Answer, Exception, Facts, Outcome, Verdict};
use crate::time::Timestamp;
use crate::transaction::{Counted, State, Transaction};

/// What is to come of an ask: found out without changing anything.
#[expect(clippy::large_enum_variant, reason = "made and taken apart on the spot, never kept")]
pub(crate) enum Judged {
    /// It was asked before: the stored answer.
    Before(Answer),
    /// The answer it gets.
    Now(Judgement),
}

/// An answer, and what stands behind it.
pub(crate) struct Judgement {
    pub answer: Answer,
    weighed: Weighed,
    /// The freeze that follows from it.
    freeze: Option<(Scope, Cause)>,
    /// The reversal that came before it.
    tombstone: Option<u64>,
    /// Whether it is found again by its origin: not where another message has that place.
    indexed: bool,
}

impl Machine {
    pub(crate) fn authorize(&mut self, ask: &Authorize, at: Timestamp) -> Outcome {
        let judgement = match self.judge(ask, at) {
            Judged::Before(answer) => return Outcome::Repeated(answer),
            Judged::Now(judgement) => judgement,
        };

        // Nothing above this line changes anything; nothing below it can fail.
        let (answer, tombstone) = (judgement.answer, judgement.tombstone);
        if let Some(card) = judgement.weighed.card {
            self.run_out(card, at);
        }
        match answer.approved() {
            true => self.approve(ask, &judgement, at),
            false => self.decline(ask, &judgement, at),
        }
        if let (Some(reversal), Some(transaction)) = (tombstone, self.transaction_mut(answer.number)) {
            transaction.reversed_by = Some(TransactionId(reversal));
        }
        Outcome::Decided(answer)
    }

    /// What `ask` is answered at `at`.
    pub(crate) fn judge(&self, ask: &Authorize, at: Timestamp) -> Judged {
        let number = TransactionId(self.next_number());
        let mut answer = Answer {
            number,
            at,
            verdict: Verdict::Approved(number.approval()),
            amount: ask.amount,
            facts: Facts::default(),
            original: None,
            exception: None,
        };
        if let Some(stored) = self.origins.at(&ask.origin).and_then(|number| self.remembered(number, at)) {
            let same = stored.card == Some(ask.card)
                && stored.answer.amount == ask.amount
                && stored.purpose == ask.purpose;
            if same {
                return Judged::Before(stored.answer);
            }
            // The first message under this origin keeps its answer, and its place.
            answer.verdict = Verdict::Declined(CauseSet::from_iter([Cause::DuplicateMismatch]));
            let weighed =
                Weighed { account: self.card(ask.card).map(|card| card.account), ..Weighed::nothing() };
            return Judged::Now(Judgement { answer, weighed, freeze: None, tombstone: None, indexed: false });
        }
        let mut weighed = self.weigh(ask, at);
        let tombstone = self.tombstones.at(&ask.origin);
        let tombstone = tombstone.filter(|number| self.remembered(*number, at).is_some());
        if tombstone.is_some() {
            weighed.causes.insert(Cause::ReversedBefore);
        }
        let mut freeze = None;
        let advised = ask.advice && tombstone.is_none() && can_be_posted(ask);
        if weighed.causes.is_empty() || advised {
            answer.exception = weighed.causes.first().map(Exception::PostedDespite);
            if self.counted_late(&ask.origin) && ask.purpose == Purpose::Sale {
                answer.exception = answer.exception.or(Some(Exception::AfterSettlement));
            }
        } else {
            weighed.facts.balance = None;
            freeze = self.consequence(&mut weighed, number, at);
            answer.verdict = Verdict::Declined(weighed.causes);
        }
        answer.facts = weighed.facts;
        Judged::Now(Judgement { answer, weighed, freeze, tombstone, indexed: true })
    }

    /// A transaction within the horizon, to the millisecond: those beyond it are forgotten a few at a time, and
    /// an answer must not hang on whether that was done already.
    fn remembered(&self, number: u64, at: Timestamp) -> Option<&Transaction> {
        let in_time = |stored: &&Transaction| stored.answer.at >= at.plus(-self.policy.remember_ms);
        let in_number = number + u64::from(self.policy.remember_max) >= self.next_number();
        self.transaction(TransactionId(number)).filter(|_| in_number).filter(in_time)
    }

    /// The transaction remembered under `origin`.
    pub(crate) fn stored(&self, origin: &Origin) -> Option<&Transaction> {
        self.origins.at(origin).and_then(|number| self.transaction(TransactionId(number)))
    }

    fn approve(&mut self, ask: &Authorize, judgement: &Judgement, at: Timestamp) {
        let Judgement { answer, weighed, .. } = judgement;
        let number = answer.number;
        let payee = weighed.payee.unwrap_or(Book::Suspense);
        let minor = ask.amount.minor;
        // What is of another currency was advised, and waits in suspense like what is of a card nobody knows.
        let account =
            weighed.account.filter(|slot| self.accounts[*slot as usize].currency == ask.amount.currency);
        let state = match (ask.purpose, account) {
            (Purpose::Sale, Some(account)) => {
                self.post(account, payee, -minor);
                self.use_limits(account, at, minor, 1);
                State::Posted { net: minor, refunded: 0, released: 0 }
            }
            (Purpose::Sale, None) => {
                self.transfer(Book::Suspense, payee, ask.amount.currency, minor);
                State::Posted { net: minor, refunded: 0, released: 0 }
            }
            (Purpose::PreAuthorization, Some(account)) => {
                let card = weighed.card.unwrap_or(u32::MAX);
                let approval = number.approval();
                let expires_at = at.plus(self.policy.hold_ms);
                let hold = Hold {
                    number,
                    approval,
                    card,
                    payee,
                    amount: minor,
                    open: minor,
                    captured: 0,
                    expires_at,
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
        let counted = match (ask.purpose, ask.place) {
            (Purpose::Sale, Place::Terminal(_)) => self.count(&ask.origin, Counted::Debit(minor)),
            (
                Purpose::Sale
                | Purpose::PreAuthorization
                | Purpose::BalanceInquiry
                | Purpose::Void
                | Purpose::Completion
                | Purpose::PreAuthorizationCancel
                | Purpose::CompletionCancel
                | Purpose::Refund
                | Purpose::Reversal
                | Purpose::Fault,
                Place::Terminal(_) | Place::Elsewhere { .. } | Place::Merchant(_),
            ) => None,
        };
        let account = account.map(|slot| self.accounts[slot as usize].id);
        self.record(transaction(ask, *answer, state, counted, account), true);
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
        let folded = u64::from(card.tries) << 32 | u64::from(card.attempts[0]);
        self.spend_cryptogram(slot, &ask.checks.chip);
        self.fold(folded);
    }

    /// A cryptogram that was verified is spent, whatever was decided: it does not pay a second time.
    fn spend_cryptogram(&mut self, slot: u32, chip: &ChipCheck) {
        let card = &mut self.cards[slot as usize];
        if let ChipCheck::Verified { counter } = *chip {
            card.counter = Some(card.counter.map_or(counter, |seen| seen.max(counter)));
        }
    }

    fn decline(&mut self, ask: &Authorize, judgement: &Judgement, at: Timestamp) {
        let Judgement { answer, weighed, indexed, .. } = judgement;
        if let Some(slot) = weighed.card {
            self.feed(slot, ask, judgement, at);
        }
        if let Some((scope, cause)) = judgement.freeze {
            let placed = self.freeze_from(scope, cause, answer.number, at);
            assert_eq!(placed, answer.facts.freeze, "the freeze that was foreseen is the one placed");
        }
        let account = weighed.account.map(|slot| self.accounts[slot as usize].id);
        self.record(transaction(ask, *answer, State::Idle, None, account), *indexed);
    }

    /// The freeze that follows from what was found, and what it adds to the answer.
    fn consequence(
        &self,
        weighed: &mut Weighed,
        number: TransactionId,
        at: Timestamp,
    ) -> Option<(Scope, Cause)> {
        let decisive = weighed.causes.first()?;
        if decisive != Cause::WrongPin {
            weighed.facts.tries_left = None;
        }
        let card = &self.cards[weighed.card? as usize];
        let cause = if decisive == Cause::WrongPin {
            (self.tries(card, at) + 1 >= self.policy.pin_tries_max).then_some(Cause::PinTriesExceeded)?
        } else if decisive == Cause::TooFrequent {
            let refused = within(&card.refusals, at, self.policy.burst_ms) + 1;
            (refused >= self.policy.testing_max).then_some(Cause::CardTesting)?
        } else {
            let forged = decisive == Cause::CryptogramFailed || decisive == Cause::CounterReplayed;
            forged.then_some(decisive)?
        };
        let scope = if cause == Cause::PinTriesExceeded { Scope::Pin(card.id) } else { Scope::Card(card.id) };
        weighed.causes.insert(cause);
        weighed.facts.freeze = self.foreseen(&own_freeze(scope, cause, number), at);
        Some((scope, cause))
    }

    /// What a decline counts towards. System causes feed nothing.
    fn feed(&mut self, slot: u32, ask: &Authorize, judgement: &Judgement, at: Timestamp) {
        let decisive = match judgement.freeze {
            // The last wrong PIN decides, though the freeze it leads to comes first in order.
            Some((Scope::Pin(_), _)) => Some(Cause::WrongPin),
            Some(_) | None => judgement.weighed.causes.first(),
        };
        let Some(cause) = decisive else { return };
        let entry = cause.entry();
        if entry.family == Family::System {
            return;
        }
        self.spend_cryptogram(slot, &ask.checks.chip);
        let policy = self.policy;
        let card = &mut self.cards[slot as usize];
        if entry.feeds.velocity {
            remember(&mut card.attempts, at);
        }
        let limit = [Cause::SingleLimit, Cause::DailyLimit, Cause::MonthlyLimit, Cause::DailyCount];
        if cause == Cause::WrongPin {
            card.tries = card.tries.saturating_add(1);
        } else if cause == Cause::TooFrequent {
            remember(&mut card.refusals, at);
        } else if limit.contains(&cause) {
            card.hits.count_one(at, &policy);
        }
        let folded = u64::from(card.tries) << 32 | u64::from(card.attempts[0]);
        self.fold(folded);
    }

    /// Wrong PINs in a row; those that led to a freeze which ran out since no longer count.
    pub(crate) fn tries(&self, card: &Card, at: Timestamp) -> u8 {
        let ran_out = |id| {
            self.freezes.get(id).is_some_and(|freeze: &Freeze| {
                freeze.scope == Scope::Pin(card.id)
                    && freeze.cause == Cause::PinTriesExceeded
                    && !freeze.holds_at(at)
            })
        };
        if card.freezes.iter().any(ran_out) { 0 } else { card.tries }
    }

    /// The machine's own freeze, as the policy plans it for the cause.
    pub(crate) fn freeze_from(
        &mut self,
        scope: Scope,
        cause: Cause,
        evidence: TransactionId,
        at: Timestamp,
    ) -> Option<FreezeId> {
        self.place_freeze(&own_freeze(scope, cause, evidence), at).ok()
    }

    /// Uses limits of the account's day and month.
    fn use_limits(&mut self, account: u32, at: Timestamp, minor: i64, count: u32) {
        let record = &mut self.accounts[account as usize];
        let local = record.zone.local(at);
        let mut usage = record.usage.on(&local);
        usage.day_amount += minor;
        usage.month_amount += minor;
        usage.day_count = usage.day_count.saturating_add(count);
        record.usage = usage;
        self.fold(usage.day_amount as u64);
    }

    /// Uses again what a transaction of `used_at` used and gave back, where its day and month are still counted.
    pub(crate) fn use_limits_again(&mut self, account: u32, used_at: Timestamp, minor: i64) {
        let record = &mut self.accounts[account as usize];
        let local = record.zone.local(used_at);
        let usage = &mut record.usage;
        if usage.day == local.day {
            usage.day_amount += minor;
            usage.day_count = usage.day_count.saturating_add(1);
        }
        if usage.month == local.month_number() {
            usage.month_amount += minor;
        }
        let folded = usage.day_amount as u64;
        self.fold(folded);
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

/// Whether it can be posted at all: an advice without a possible amount is no advice.
fn can_be_posted(ask: &Authorize) -> bool {
    match ask.purpose {
        Purpose::Sale | Purpose::PreAuthorization => (1..=AMOUNT_MAX).contains(&ask.amount.minor),
        Purpose::BalanceInquiry => true,
        Purpose::Void
        | Purpose::Completion
        | Purpose::PreAuthorizationCancel
        | Purpose::CompletionCancel
        | Purpose::Refund
        | Purpose::Reversal
        | Purpose::Fault => false,
    }
}

fn own_freeze(scope: Scope, cause: Cause, evidence: TransactionId) -> PlaceFreeze {
    PlaceFreeze {
        scope,
        reach: None,
        cause,
        evidence: Some(evidence),
        by: PlacedBy::Machine,
        expires_at: None,
        exit: None,
        allowance: None,
    }
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
        counted,
        signature: None,
    }
}
