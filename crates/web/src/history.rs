//! Decisions of the recent past, to be searched by number, card, or place, time and amount.
//!
//! A projection of what became durable: bounded, in memory, rebuilt at a start. No SQL, and no card number.

use crate::case::Row;
use crate::twin::decision::ResultWord;
use crate::twin::place::acceptor;
use machine::ids::{CardId, MerchantId, TerminalId, TransactionId};
use machine::money::Currency;
use machine::time::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Decisions one search looks at before it hands out a cursor to go on with.
pub const SCANNED_MAX: usize = 20_000;

/// The recent decisions, each about 400 bytes.
pub struct History {
    /// In order of their numbers.
    rows: VecDeque<Row>,
    by_card: HashMap<CardId, VecDeque<u64>>,
    by_merchant: HashMap<MerchantId, VecDeque<u64>>,
    max: usize,
}

/// What to search for; what is none does not matter.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Search {
    /// Only of this card.
    pub card: Option<CardId>,
    /// Only at this merchant.
    pub merchant: Option<MerchantId>,
    /// Only at this terminal.
    pub terminal: Option<TerminalId>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub to: Option<Timestamp>,
    /// Only of so many minor units.
    pub minor: Option<i64>,
    /// Only in this currency.
    pub currency: Option<Currency>,
    /// Only with this result.
    pub result: Option<ResultWord>,
    /// Only numbers below this one.
    pub before: Option<u64>,
}

/// What was found, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The decisions.
    pub rows: Vec<Row>,
    /// Search on below this number; none: that was all.
    pub next: Option<u64>,
}

impl History {
    /// An empty history of at most `max` decisions.
    #[must_use]
    pub fn new(max: usize) -> History {
        History {
            rows: VecDeque::new(),
            by_card: HashMap::new(),
            by_merchant: HashMap::new(),
            max: max.max(1),
        }
    }

    /// The number of the newest decision; 0 where there is none.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.rows.back().map_or(0, |row| row.number().0)
    }

    /// How many are kept at most.
    #[must_use]
    pub fn max(&self) -> usize {
        self.max
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes a decision in; one that is not newer than the newest is known already. Says whether it was new.
    pub fn take(&mut self, mut row: Row) -> bool {
        if row.number().0 <= self.newest() {
            return false;
        }
        if row.card.is_none() || row.place.is_none() {
            // A follow-up or reversal may know only its original.
            let original = row.answer.original.and_then(|number| self.find(number)).copied();
            row.card = row.card.or(original.and_then(|original| original.card));
            row.place = row.place.or(original.and_then(|original| original.place));
        }
        while self.rows.len() >= self.max {
            self.forget_oldest();
        }
        let number = row.number().0;
        if let Some(card) = row.card {
            self.by_card.entry(card).or_default().push_back(number);
        }
        if let Some(place) = &row.place {
            self.by_merchant.entry(acceptor(place).0).or_default().push_back(number);
        }
        self.rows.push_back(row);
        true
    }

    fn forget_oldest(&mut self) {
        let Some(row) = self.rows.pop_front() else { return };
        let number = row.number().0;
        if let Some(card) = row.card {
            drop_front(&mut self.by_card, &card, number);
        }
        if let Some(place) = &row.place {
            drop_front(&mut self.by_merchant, &acceptor(place).0, number);
        }
    }

    /// The decision of that number.
    #[must_use]
    pub fn find(&self, number: TransactionId) -> Option<&Row> {
        let place = self.rows.partition_point(|row| row.number() < number);
        self.rows.get(place).filter(|row| row.number() == number)
    }

    /// The newest decisions first, at most `limit`.
    #[must_use]
    pub fn search(&self, search: &Search, limit: usize) -> Found {
        let candidates: Box<dyn Iterator<Item = &Row>> = match (search.card, search.merchant) {
            (Some(card), _) => Box::new(self.listed(self.by_card.get(&card), search)),
            (None, Some(merchant)) => Box::new(self.listed(self.by_merchant.get(&merchant), search)),
            (None, None) => {
                let end = self.rows.partition_point(|row| !search.is_after(row));
                Box::new(self.rows.range(..end).rev())
            }
        };
        let mut rows: Vec<Row> = Vec::new();
        for (scanned, row) in candidates.enumerate() {
            if search.from.is_some_and(|from| row.answer.at < from) {
                break;
            }
            if rows.len() >= limit || scanned >= SCANNED_MAX {
                return Found { rows, next: Some(row.number().0 + 1) };
            }
            if search.matches(row) {
                rows.push(*row);
            }
        }
        Found { rows, next: None }
    }

    /// The rows of a list of numbers, newest first, from where the search begins.
    fn listed<'a>(
        &'a self,
        numbers: Option<&'a VecDeque<u64>>,
        search: &Search,
    ) -> impl Iterator<Item = &'a Row> + use<'a> {
        let search = *search;
        let row = |number: &u64| self.find(TransactionId(*number));
        let end = numbers.map_or(0, |numbers| {
            numbers.partition_point(|number| row(number).is_some_and(|row| !search.is_after(row)))
        });
        let numbers = numbers.into_iter().flat_map(move |numbers| numbers.range(..end).rev());
        numbers.filter_map(|number| self.find(TransactionId(*number)))
    }
}

impl Search {
    /// Whether `row` is newer than all that is searched for. Numbers and times rise together.
    fn is_after(&self, row: &Row) -> bool {
        self.before.is_some_and(|before| row.number().0 >= before)
            || self.to.is_some_and(|to| row.answer.at > to)
    }

    fn matches(&self, row: &Row) -> bool {
        let place = row.place.as_ref().map(acceptor);
        let amount = row.answer.amount;
        self.card.is_none_or(|card| row.card == Some(card))
            && self.merchant.is_none_or(|merchant| place.is_some_and(|place| place.0 == merchant))
            && self.terminal.is_none_or(|terminal| place.is_some_and(|place| place.1 == Some(terminal)))
            && self.minor.is_none_or(|minor| amount.minor == minor)
            && self.currency.is_none_or(|currency| amount.currency == currency)
            && self.result.is_none_or(|result| ResultWord::from(&row.answer.verdict) == result)
    }
}

/// Takes `number` off the front of a list, and the list away when it is empty.
fn drop_front<K: Eq + Hash>(lists: &mut HashMap<K, VecDeque<u64>>, key: &K, number: u64) {
    if let Some(list) = lists.get_mut(key) {
        if list.front() == Some(&number) {
            list.pop_front();
        }
        if list.is_empty() {
            lists.remove(key);
        }
    }
}
