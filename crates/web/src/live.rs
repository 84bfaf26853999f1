//! What happens, as it happens: durable events made into news, a tally of the last minute, freezes in force.
//!
//! One task reads the host's events; everybody else reads what it made of them. Nothing here asks for changes.

use crate::case::{Case, FreezeCase, Row};
use crate::history::History;
use crate::port::{Event, Host};
use crate::settings::Settings;
use machine::Machine;
use machine::command::{Command, House};
use machine::freeze::Freeze;
use machine::ids::{AccountId, CardId, FreezeId, MerchantId, TransactionId};
use machine::outcome::Outcome;
use machine::time::{Timestamp, Zone};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// News kept for those who come back after a break.
const NEWS_KEPT: usize = 2048;
/// Seconds the tally goes back.
pub const TALLY_SECONDS: usize = 60;
/// Records copied by one look at the machine, so that no sale waits long for it.
const COPIED_AT_ONCE: u64 = 2048;
/// Cards and merchants whose names are kept at hand.
const NAMES_MAX: usize = 100_000;
/// How often freezes are looked at that may have run out meanwhile.
const TICK: Duration = Duration::from_secs(1);

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// A decision.
    Decision(Box<Case>),
    /// A freeze was placed.
    Frozen(FreezeCase),
    /// Its lift was approved and waits for others.
    LiftApproved(FreezeCase),
    /// It was lifted or ran out.
    Ended(FreezeCase),
    /// The house says otherwise what it can do.
    House(House),
    /// The host was faster than its reader: some of what happened is history without having been news.
    Missed,
}

/// News with its place in the order.
#[derive(Clone, Debug)]
pub struct Item {
    /// Rises by one.
    pub seq: u64,
    /// When it became durable.
    pub at: Timestamp,
    /// What.
    pub news: Arc<News>,
}

/// A second's decisions.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Second {
    /// The second, since 1970.
    pub second: i64,
    /// Approved or accepted.
    pub approved: u32,
    /// Declined.
    pub declined: u32,
}

/// What the last minute was like.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Seconds in which something was decided, oldest first.
    pub seconds: VecDeque<Second>,
}

impl Tally {
    fn count(&mut self, row: &Row) {
        let second = row.answer.at.0.div_euclid(1000);
        if self.seconds.back().is_none_or(|last| last.second < second) {
            self.seconds.push_back(Second { second, ..Second::default() });
            while self.seconds.len() > TALLY_SECONDS {
                self.seconds.pop_front();
            }
        }
        if let Some(last) = self.seconds.back_mut() {
            match row.answer.approved() {
                true => last.approved = last.approved.saturating_add(1),
                false => last.declined = last.declined.saturating_add(1),
            }
        }
    }

    /// Decisions within the last `seconds` whole seconds before `now`: approved, declined.
    #[must_use]
    pub fn within(&self, now: Timestamp, seconds: i64) -> (u64, u64) {
        let this = now.0.div_euclid(1000);
        let recent = self.seconds.iter().filter(|s| s.second < this && s.second >= this - seconds);
        recent.fold((0, 0), |(yes, no), s| (yes + u64::from(s.approved), no + u64::from(s.declined)))
    }
}

/// What the pages say of a card beside its decisions.
#[derive(Clone, Copy)]
struct CardName {
    last4: [u8; 4],
    zone: Zone,
    account: AccountId,
}

/// Everything the one task makes, behind one lock held for moments.
struct Made {
    history: History,
    news: VecDeque<Item>,
    seq: u64,
    tally: Tally,
    freezes: BTreeMap<FreezeId, FreezeCase>,
    house: House,
    filled: bool,
}

/// The live side of the site.
pub struct Live {
    made: Mutex<Made>,
    sender: Mutex<Option<broadcast::Sender<Item>>>,
    epoch: i64,
}

impl Live {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(settings: &Settings, since: Timestamp) -> Live {
        Live {
            made: Mutex::new(Made {
                history: History::new(settings.history_max),
                news: VecDeque::new(),
                seq: 0,
                tally: Tally::default(),
                freezes: BTreeMap::new(),
                house: House::Open,
                filled: false,
            }),
            sender: Mutex::new(Some(broadcast::channel(NEWS_KEPT).0)),
            epoch: since.0,
        }
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the history.
    pub fn history<T>(&self, read: impl FnOnce(&History) -> T) -> T {
        read(&self.made().history)
    }

    /// Whether the past has been read, so that a search finds all that is kept.
    #[must_use]
    pub fn filled(&self) -> bool {
        self.made().filled
    }

    /// The last minute.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.made().tally.clone()
    }

    /// What the house says it can do.
    #[must_use]
    pub fn house(&self) -> House {
        self.made().house
    }

    /// Freezes in force, newest first, at most `limit`; and how many there are.
    #[must_use]
    pub fn frozen(&self, limit: usize) -> (Vec<FreezeCase>, usize) {
        let made = self.made();
        (made.freezes.values().rev().take(limit).cloned().collect(), made.freezes.len())
    }

    /// The newest decisions, newest first.
    #[must_use]
    pub fn newest(&self, limit: usize) -> Vec<Case> {
        let made = self.made();
        let decisions = made.news.iter().rev().filter_map(|item| match item.news.as_ref() {
            News::Decision(case) => Some(Case::clone(case)),
            News::Frozen(_) | News::LiftApproved(_) | News::Ended(_) | News::House(_) | News::Missed => None,
        });
        decisions.take(limit).collect()
    }

    /// The id of an item, for those who come back.
    #[must_use]
    pub fn id(&self, seq: u64) -> String {
        format!("{}-{seq}", self.epoch)
    }

    /// Listens: what was missed since `last` (by its id), as far as it is kept, whether more than that was
    /// missed, and all from now on. None when nothing will come any more.
    #[must_use]
    pub fn listen(&self, last: Option<&str>) -> Option<(Vec<Item>, bool, broadcast::Receiver<Item>)> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = sender.as_ref()?.subscribe();
        let Some(last) = last else { return Some((Vec::new(), false, receiver)) };
        let made = self.made();
        let seen = last.split_once('-').and_then(|(epoch, seq)| {
            let seq: u64 = seq.parse().ok()?;
            (epoch.parse() == Ok(self.epoch) && seq <= made.seq).then_some(seq)
        });
        let oldest = made.news.front().map_or(made.seq + 1, |item| item.seq);
        let after = seen.unwrap_or(0);
        let gap = seen.is_none_or(|seen| seen + 1 < oldest);
        // What comes in after subscribing is dropped below by its number, so nothing is told twice.
        let missed = made.news.iter().filter(|item| seen.is_some() && item.seq > after).cloned().collect();
        Some((missed, gap, receiver))
    }

    fn publish(&self, at: Timestamp, news: News) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let mut made = self.made();
        made.seq += 1;
        let item = Item { seq: made.seq, at, news: Arc::new(news) };
        if made.news.len() >= NEWS_KEPT {
            made.news.pop_front();
        }
        made.news.push_back(item.clone());
        if let Some(sender) = sender.as_ref() {
            // Nobody listening is no error.
            let _ = sender.send(item);
        }
    }

    fn close(&self) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Reads the host's events until there are no more.
pub async fn run(host: Arc<dyn Host>, live: Arc<Live>) {
    let mut events = host.events();
    let mut reader =
        Reader { host, live, names: HashMap::new(), merchants: HashMap::new(), night: 0, freezes_seen: 0 };
    reader.fill().await;
    loop {
        match tokio::time::timeout(TICK, events.recv()).await {
            Err(_) => reader.freezes_due().await,
            Ok(Ok(batch)) => reader.batch(&batch).await,
            Ok(Err(RecvError::Lagged(_))) => reader.fell_behind().await,
            Ok(Err(RecvError::Closed)) => break,
        }
    }
    reader.live.close();
}

/// The one task that makes news.
struct Reader {
    host: Arc<dyn Host>,
    live: Arc<Live>,
    names: HashMap<CardId, CardName>,
    merchants: HashMap<MerchantId, String>,
    /// First hour of the day by the bank's policy.
    night: u8,
    /// The highest freeze seen.
    freezes_seen: u64,
}

impl Reader {
    async fn look<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Machine, Timestamp) -> T + Send + 'static,
    ) -> Option<T> {
        let answer = self.host.look(Box::new(|machine, at| Box::new(question(machine, at)))).await.ok()?;
        answer.downcast().ok().map(|answer| *answer)
    }

    /// Reads the past, newest part first, and keeps it oldest first.
    async fn fill(&mut self) {
        if let Some((house, night)) =
            self.look(|machine, _| (machine.house(), machine.policy().night_to_hour)).await
        {
            self.live.made().house = house;
            self.night = night;
        }
        self.catch_up().await;
        self.look_at_freezes(false).await;
        self.live.made().filled = true;
    }

    /// Reads from the machine what was not heard in time.
    async fn fell_behind(&mut self) {
        self.live.publish(self.host.now(), News::Missed);
        if let Some(house) = self.look(|machine, _| machine.house()).await {
            self.live.made().house = house;
            self.live.publish(self.host.now(), News::House(house));
        }
        self.look_at_freezes(true).await;
        self.catch_up().await;
    }

    /// Takes in all remembered decisions newer than those known. They are history, not news, but the newest
    /// few of them are shown.
    async fn catch_up(&mut self) {
        let (known, max) = {
            let made = self.live.made();
            (made.history.newest(), made.history.max() as u64)
        };
        let Some(newest) = self.newest().await else { return };
        let lowest = (known + 1).max((newest + 1).saturating_sub(max));
        let mut from = lowest;
        while from <= newest {
            let to = newest.min(from + COPIED_AT_ONCE - 1);
            let copied = self
                .look(move |machine, _| {
                    let stored = (from..=to).filter_map(|number| machine.transaction(TransactionId(number)));
                    stored.map(Row::of).collect::<Vec<Row>>()
                })
                .await;
            let Some(rows) = copied else { return };
            let shown = newest.saturating_sub(SHOWN_OF_THE_PAST);
            self.take(rows.into_iter().map(|row| (row, row.number().0 > shown)).collect()).await;
            from = to + 1;
        }
    }

    async fn newest(&self) -> Option<u64> {
        self.look(|machine, _| machine.transactions().next().map_or(0, |newest| newest.answer.number.0)).await
    }

    async fn batch(&mut self, batch: &[Event]) {
        let mut freezes_changed = false;
        let mut rows = Vec::new();
        let mut house = None;
        for event in batch {
            let command = bare(&event.command);
            freezes_changed |= self.may_change_freezes(command, &event.outcome);
            if let (Command::SetHouse(new), Outcome::Done) = (command, &event.outcome) {
                house = Some((event.at, *new));
            }
            if let Command::SetZone { .. } = command {
                self.names.clear();
            }
            if let Some(row) = Row::of_event(&event.command, &event.outcome) {
                rows.push((row, true));
            } else if let Outcome::Noted { number, .. } = event.outcome {
                // A fault is recorded without an answer: it is read back from the machine.
                let read = self.look(move |machine, _| machine.transaction(number).map(Row::of)).await;
                rows.extend(read.flatten().map(|row| (row, true)));
            }
        }
        if freezes_changed {
            self.look_at_freezes(true).await;
        }
        let expected = self.live.made().history.newest() + 1;
        if rows.first().is_some_and(|(row, _)| row.number().0 > expected) {
            self.catch_up().await;
        }
        self.take(rows).await;
        if let Some((at, house)) = house {
            self.live.made().house = house;
            self.live.publish(at, News::House(house));
        }
    }

    /// Takes decisions in and tells of those that are new and to be shown.
    async fn take(&mut self, rows: Vec<(Row, bool)>) {
        let shown: Vec<Row> = {
            let mut made = self.live.made();
            let mut shown = Vec::new();
            for (row, show) in rows {
                let number = row.number();
                if made.history.take(row) && show {
                    made.tally.count(&row);
                    shown.extend(made.history.find(number).copied());
                }
            }
            shown
        };
        self.learn_names(&shown).await;
        for row in shown {
            let case = self.case(row);
            self.live.publish(row.answer.at, News::Decision(Box::new(case)));
        }
    }

    /// Looks up cards and merchants that were not met before, all at once.
    async fn learn_names(&mut self, rows: &[Row]) {
        if self.names.len() > NAMES_MAX {
            self.names.clear();
        }
        if self.merchants.len() > NAMES_MAX {
            self.merchants.clear();
        }
        let merchant_of = |row: &Row| row.place.as_ref().map(|place| crate::twin::place::acceptor(place).0);
        let cards: Vec<CardId> =
            rows.iter().filter_map(|row| row.card).filter(|card| !self.names.contains_key(card)).collect();
        let merchants: Vec<MerchantId> =
            rows.iter().filter_map(merchant_of).filter(|id| !self.merchants.contains_key(id)).collect();
        if cards.is_empty() && merchants.is_empty() {
            return;
        }
        let learnt = self
            .look(move |machine, _| {
                let named = |id: &CardId| {
                    let card = machine.card(*id)?;
                    let account = machine.accounts().get(card.account as usize)?;
                    Some((*id, CardName { last4: card.last4, zone: account.zone, account: account.id }))
                };
                let called = |id: &MerchantId| Some((*id, machine.merchant(*id)?.name.clone()));
                let cards: Vec<_> = cards.iter().filter_map(named).collect();
                let merchants: Vec<_> = merchants.iter().filter_map(called).collect();
                (cards, merchants)
            })
            .await;
        if let Some((cards, merchants)) = learnt {
            self.names.extend(cards);
            self.merchants.extend(merchants);
        }
    }

    fn case(&self, row: Row) -> Case {
        let name = row.card.and_then(|card| self.names.get(&card));
        let merchant = row.place.as_ref().and_then(|place| {
            let (merchant, _) = crate::twin::place::acceptor(place);
            self.merchants.get(&merchant).cloned()
        });
        let freeze = row.answer.facts.freeze;
        let made = self.live.made();
        Case {
            row,
            state: None,
            reversed_by: None,
            account: name.map(|name| name.account),
            last4: name.map(|name| name.last4),
            merchant,
            zone: name.map_or(Zone::CHINA, |name| name.zone),
            freeze: freeze.and_then(|id| made.freezes.get(&id)).map(|case| case.freeze.clone()),
            night_to_hour: self.night,
        }
    }

    /// Whether freezes in force may be others after this.
    fn may_change_freezes(&self, command: &Command, outcome: &Outcome) -> bool {
        let by_outcome = match outcome {
            Outcome::Decided(answer) => answer.facts.freeze.is_some_and(|id| id.0 > self.freezes_seen),
            Outcome::Noted { placed, .. } => placed.is_some(),
            Outcome::Frozen(_)
            | Outcome::Lifted(_)
            | Outcome::LiftApproved { .. }
            | Outcome::SignedIn { .. } => true,
            Outcome::Swept { freezes, .. } => *freezes > 0,
            Outcome::Repeated(_) | Outcome::Done | Outcome::Settled { .. } | Outcome::Refused(_) => false,
        };
        by_outcome
            || matches!(
                command,
                Command::SetPin { .. } | Command::IssueCard(_) | Command::SetCardStanding { .. }
            )
    }

    /// Looks again when one of those in force should have run out by now.
    async fn freezes_due(&mut self) {
        let now = self.host.now();
        let due = self.live.made().freezes.values().any(|case| !case.freeze.holds_at(now));
        if due {
            self.look_at_freezes(true).await;
        }
    }

    /// Compares the freezes known with those of the machine, and tells what changed.
    async fn look_at_freezes(&mut self, tell: bool) {
        let known: Vec<(FreezeId, usize)> = {
            let made = self.live.made();
            made.freezes.iter().map(|(id, case)| (*id, case.freeze.approvals.len())).collect()
        };
        let changed = self
            .look(move |machine, at| {
                let changed = |freeze: &Freeze, approvals: usize| {
                    !freeze.holds_at(at) || freeze.approvals.len() != approvals
                };
                let seen =
                    known.iter().filter_map(|(id, approvals)| Some((machine.freeze(*id)?, *approvals)));
                seen.filter(|(freeze, approvals)| changed(freeze, *approvals))
                    .map(|(freeze, _)| (FreezeCase::gather(machine, freeze), freeze.holds_at(at)))
                    .collect::<Vec<_>>()
            })
            .await
            .unwrap_or_default();
        let now = self.host.now();
        for (case, holds) in changed {
            {
                let mut made = self.live.made();
                match holds {
                    true => made.freezes.insert(case.freeze.id, case.clone()),
                    false => made.freezes.remove(&case.freeze.id),
                };
            }
            self.live.publish(now, if holds { News::LiftApproved(case) } else { News::Ended(case) });
        }
        self.new_freezes(tell).await;
    }

    /// Takes in freezes with higher numbers than those seen.
    async fn new_freezes(&mut self, tell: bool) {
        loop {
            let from = self.freezes_seen + 1;
            let copied = self
                .look(move |machine, at| {
                    let newest = machine.freezes().next().map_or(0, |freeze| freeze.id.0);
                    let to = newest.min(from + COPIED_AT_ONCE - 1);
                    let freezes = (from..=to).filter_map(|id| machine.freeze(FreezeId(id)));
                    let held = freezes.filter(|freeze| freeze.holds_at(at));
                    (held.map(|freeze| FreezeCase::gather(machine, freeze)).collect::<Vec<_>>(), to, newest)
                })
                .await;
            let Some((cases, to, newest)) = copied else { return };
            self.freezes_seen = self.freezes_seen.max(to);
            for case in cases {
                self.live.made().freezes.insert(case.freeze.id, case.clone());
                if tell {
                    self.live.publish(case.freeze.placed_at, News::Frozen(case));
                }
            }
            if to >= newest {
                return;
            }
        }
    }
}

/// Decisions of before the start that are shown as the newest.
const SHOWN_OF_THE_PAST: u64 = 60;

/// The command itself, without its idempotency key.
fn bare(command: &Command) -> &Command {
    if let Command::Keyed { command, .. } = command { command } else { command }
}
