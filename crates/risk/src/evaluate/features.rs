//! What may be known of a transaction at the moment it is made: the features of the reference task.
//!
//! Labels enter only through [`Memory::label`], when they arrive, never when the transaction happened. No
//! model and no metric here.
//!
//! All values are integers: cents, seconds, counts, thousandths (ratios), parts per million (shares).

use std::collections::VecDeque;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::model::{Encoding, MISSING, Schema};

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// One transaction of the reference task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub id: u64,
    /// Seconds since midnight of the epoch day. Never falling from row to row.
    pub at: i64,
    /// Who paid.
    pub customer: u64,
    /// Where.
    pub terminal: u64,
    /// How much, in cents.
    pub amount: i64,
    /// What became known later.
    pub fraud: bool,
    /// Which of the simulation's scenarios; never a feature.
    pub scenario: u8,
}

/// Features in order. The first 15 are the published ones.
pub const NAMES: [&str; 51] = [
    "amount_cents",
    "weekend",
    "night",
    "customer_count_1d",
    "customer_mean_1d",
    "customer_count_7d",
    "customer_mean_7d",
    "customer_count_30d",
    "customer_mean_30d",
    "terminal_count_1d",
    "terminal_fraud_rate_1d",
    "terminal_count_7d",
    "terminal_fraud_rate_7d",
    "terminal_count_30d",
    "terminal_fraud_rate_30d",
    // Ratios to the holder's own habit.
    "amount_over_mean_1d",
    "amount_over_mean_7d",
    "amount_over_mean_30d",
    "amount_over_trusted_mean",
    "amount_over_median",
    "amount_over_max",
    "trusted_mean_cents",
    "trusted_count",
    "deviations_from_trusted_mean",
    // The holder's last weeks, not yet labelled.
    "largest_ratio_7d",
    "second_ratio_7d",
    "largest_ratio_14d",
    "second_ratio_14d",
    "large_count_7d",
    "large_count_14d",
    "seconds_since_large",
    "seconds_since_first_large_14d",
    "plain_since_first_large",
    "mean_ratio_7d",
    "mean_ratio_3d",
    "seconds_since_last",
    "hour",
    // The terminal, as far as labels have arrived.
    "terminal_fraud_rate_14d",
    "terminal_frauds_14d",
    "terminal_frauds_28d",
    "terminal_run",
    "terminal_run_age",
    "terminal_run_last",
    "terminal_plain_frauds_21d",
    "terminal_first_plain_fraud_age",
    "terminal_last_plain_fraud_age",
    "terminal_genuine_since_fraud",
    "terminal_genuine_since_first_plain",
    "terminal_last_label_age",
    "terminal_recent_count_7d",
    "terminal_mean_cents",
];

/// The schema of these features.
pub fn schema() -> Schema {
    Schema { encoding: Encoding::Integer, features: NAMES.iter().map(|name| (*name).to_owned()).collect() }
}

/// An amount of this many thousandths of the holder's trusted mean is large.
const LARGE: i64 = 2_300;

/// Longest window, in seconds; what is older is forgotten.
const HORIZON: i64 = 30 * DAY;

/// Events of one entity with running sums over some windows.
#[derive(Clone, Debug)]
struct Rolling<const N: usize> {
    /// (time, what is summed).
    events: VecDeque<(i64, i64)>,
    /// Events dropped from the front, so that positions keep their meaning.
    dropped: usize,
    /// Of each window, shortest first: position of its oldest event, and the sum.
    windows: [(usize, i64); N],
}

impl<const N: usize> Default for Rolling<N> {
    fn default() -> Self {
        Self { events: VecDeque::new(), dropped: 0, windows: [(0, 0); N] }
    }
}

impl<const N: usize> Rolling<N> {
    fn push(&mut self, at: i64, value: i64) {
        self.events.push_back((at, value));
        for window in &mut self.windows {
            window.1 += value;
        }
    }

    /// Drops what is not after `now - length`, window by window; `lengths` are ascending.
    fn expire(&mut self, now: i64, lengths: [i64; N]) {
        for (window, length) in self.windows.iter_mut().zip(lengths) {
            while let Some(event) = self.events.get(window.0 - self.dropped)
                && event.0 <= now - length
            {
                window.0 += 1;
                window.1 -= event.1;
            }
        }
        let oldest = self.windows.iter().map(|window| window.0).min().unwrap_or(0);
        while self.dropped < oldest {
            self.events.pop_front();
            self.dropped += 1;
        }
    }

    fn count(&self, window: usize) -> i64 {
        (self.dropped + self.events.len() - self.windows[window].0) as i64
    }

    fn sum(&self, window: usize) -> i64 {
        self.windows[window].1
    }
}

/// What is known of a customer.
#[derive(Clone, Debug, Default)]
struct Customer {
    recent: Rolling<3>,
    /// Amounts whose labels arrived as genuine.
    trusted_sum: i64,
    trusted_squares: i128,
    trusted_count: i64,
    trusted_max: i64,
    /// All amounts, sorted, without those known as fraud.
    amounts: Vec<i64>,
    last: Option<i64>,
}

/// What is known of a terminal.
#[derive(Clone, Debug, Default)]
struct Terminal {
    unlabelled: Rolling<1>,
    labelled: Rolling<5>,
    /// Frauds in a row, the newest labels last; when the first and the last of them happened.
    run: i64,
    run_first: i64,
    run_last: i64,
    /// Frauds whose amounts were usual for their holder: (time, genuine labels since).
    plain: VecDeque<(i64, i64)>,
    genuine_since_fraud: Option<i64>,
    last_label: Option<i64>,
    amount_sum: i64,
    amount_count: i64,
}

/// A transaction that waits for its label.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    at: i64,
    customer: u32,
    terminal: u32,
    amount: i64,
    /// Whether the amount alone would have been suspicious.
    large: bool,
    fraud: bool,
}

/// All that is known so far. Rows go in by time; labels arrive `delay` seconds after their transaction.
pub struct Memory {
    delay: i64,
    first_weekday: i64,
    customers: Vec<Customer>,
    terminals: Vec<Terminal>,
    customer_numbers: HashMap<u64, u32, FxBuildHasher>,
    terminal_numbers: HashMap<u64, u32, FxBuildHasher>,
    waiting: VecDeque<Waiting>,
    ratios: Vec<(i64, i64)>,
}

const CUSTOMER_WINDOWS: [i64; 3] = [DAY, 7 * DAY, HORIZON];
const LABEL_WINDOWS: [i64; 5] = [DAY, 7 * DAY, 14 * DAY, 28 * DAY, HORIZON];

impl Memory {
    /// Knows nothing yet. `delay` in seconds; `first_weekday` of day 0, Monday being 0.
    pub fn new(delay: i64, first_weekday: i64) -> Self {
        Self {
            delay,
            first_weekday,
            customers: Vec::new(),
            terminals: Vec::new(),
            customer_numbers: HashMap::default(),
            terminal_numbers: HashMap::default(),
            waiting: VecDeque::new(),
            ratios: Vec::new(),
        }
    }

    /// Takes a transaction in and, where `features` is given, says what was known of it. The current
    /// transaction counts in the customer's windows.
    pub fn observe(&mut self, row: &Row, features: Option<&mut Vec<i64>>) {
        self.labels_until(row.at - self.delay);
        let customer_at = number(&mut self.customer_numbers, &mut self.customers, row.customer);
        let terminal_at = number(&mut self.terminal_numbers, &mut self.terminals, row.terminal);
        let customer = &mut self.customers[customer_at as usize];
        let terminal = &mut self.terminals[terminal_at as usize];
        let ratio = customer.ratio(row.amount);
        customer.recent.push(row.at, row.amount);
        customer.recent.expire(row.at, CUSTOMER_WINDOWS);
        terminal.unlabelled.expire(row.at, [7 * DAY]);
        if let Some(features) = features {
            features.clear();
            let weekday = (self.first_weekday + row.at.div_euclid(DAY)).rem_euclid(7);
            let hour = row.at.rem_euclid(DAY) / 3_600;
            features.extend([row.amount, i64::from(weekday >= 5), i64::from(hour <= 6)]);
            for window in 0..3 {
                features.push(customer.recent.count(window));
                features.push(customer.recent.sum(window) / customer.recent.count(window).max(1));
            }
            terminal.labelled.expire(row.at - self.delay, LABEL_WINDOWS);
            for window in [0, 1, 4] {
                features.push(terminal.labelled.count(window));
                features.push(share(terminal.labelled.sum(window), terminal.labelled.count(window)));
            }
            customer.describe(row, ratio, &mut self.ratios, features);
            features.push(hour);
            terminal.describe(row.at, features);
        }
        terminal.unlabelled.push(row.at, 1);
        terminal.amount_sum += row.amount;
        terminal.amount_count += 1;
        customer.last = Some(row.at);
        let place = customer.amounts.partition_point(|&amount| amount <= row.amount);
        customer.amounts.insert(place, row.amount);
        self.waiting.push_back(Waiting {
            at: row.at,
            customer: customer_at,
            terminal: terminal_at,
            amount: row.amount,
            large: ratio.is_some_and(|ratio| ratio > LARGE),
            fraud: row.fraud,
        });
    }

    /// Lets all labels of transactions made until `then` arrive.
    fn labels_until(&mut self, then: i64) {
        while let Some(&waiting) = self.waiting.front()
            && waiting.at <= then
        {
            self.waiting.pop_front();
            self.label(&waiting);
        }
    }

    /// A label arrives.
    fn label(&mut self, waiting: &Waiting) {
        let customer = &mut self.customers[waiting.customer as usize];
        if waiting.fraud {
            if let Ok(place) = customer.amounts.binary_search(&waiting.amount) {
                customer.amounts.remove(place);
            }
        } else {
            customer.trusted_sum += waiting.amount;
            customer.trusted_squares += i128::from(waiting.amount) * i128::from(waiting.amount);
            customer.trusted_count += 1;
            customer.trusted_max = customer.trusted_max.max(waiting.amount);
        }
        self.terminals[waiting.terminal as usize].label(waiting);
    }
}

impl Customer {
    /// Thousandths of the mean of what is known as genuine.
    fn ratio(&self, amount: i64) -> Option<i64> {
        (self.trusted_sum > 0).then(|| amount * 1_000 * self.trusted_count / self.trusted_sum)
    }

    fn describe(&self, row: &Row, ratio: Option<i64>, ratios: &mut Vec<(i64, i64)>, features: &mut Vec<i64>) {
        for window in 0..3 {
            features.push(thousandths(row.amount * self.recent.count(window), self.recent.sum(window)));
        }
        let median = self.amounts.get(self.amounts.len() / 2).copied().unwrap_or(0);
        features.push(ratio.unwrap_or(MISSING));
        features.push(thousandths(row.amount, median));
        features.push(thousandths(row.amount, self.trusted_max));
        let mean = self.trusted_sum / self.trusted_count.max(1);
        features.push(if self.trusted_count > 0 { mean } else { MISSING });
        features.push(self.trusted_count);
        let squares = (self.trusted_squares / i128::from(self.trusted_count.max(1))) as i64;
        let deviation = (squares - mean * mean).max(0).isqrt();
        features.push(if self.trusted_count > 4 {
            thousandths(row.amount - mean, deviation)
        } else {
            MISSING
        });

        // The current transaction is the last of the recent ones; the past is what stands before it.
        ratios.clear();
        let past = self.recent.events.len().saturating_sub(1);
        ratios.extend(
            self.recent
                .events
                .iter()
                .take(past)
                .filter(|event| event.0 > row.at - 14 * DAY)
                .map(|event| (row.at - event.0, self.ratio(event.1).unwrap_or(1_000))),
        );
        for window in [7, 14] {
            let (mut first, mut second) = (MISSING, MISSING);
            for &(_, ratio) in ratios.iter().filter(|event| event.0 < window * DAY) {
                if ratio > first {
                    (first, second) = (ratio, first);
                } else {
                    second = second.max(ratio);
                }
            }
            features.extend([first, second]);
        }
        let large = |event: &&(i64, i64)| event.1 > LARGE;
        features.push(ratios.iter().filter(large).filter(|event| event.0 < 7 * DAY).count() as i64);
        features.push(ratios.iter().filter(large).count() as i64);
        features.push(ratios.iter().rev().find(large).map_or(MISSING, |event| event.0));
        let first = ratios.iter().position(|event| event.1 > LARGE);
        features.push(first.map_or(MISSING, |at| ratios[at].0));
        features.push(
            first.map_or(MISSING, |at| ratios[at..].iter().filter(|event| event.1 <= LARGE).count() as i64),
        );
        for window in [7, 3] {
            let (count, sum) = ratios
                .iter()
                .filter(|event| event.0 < window * DAY)
                .fold((0, 0), |(count, sum), event| (count + 1, sum + event.1));
            features.push(if count > 0 { sum / count } else { MISSING });
        }
        features.push(self.last.map_or(MISSING, |last| row.at - last));
    }
}

impl Terminal {
    fn label(&mut self, waiting: &Waiting) {
        self.labelled.push(waiting.at, i64::from(waiting.fraud));
        self.last_label = Some(waiting.at);
        if waiting.fraud {
            if self.run == 0 {
                self.run_first = waiting.at;
            }
            self.run += 1;
            self.run_last = waiting.at;
            self.genuine_since_fraud = Some(0);
            if !waiting.large {
                self.plain.push_back((waiting.at, 0));
            }
        } else {
            self.run = 0;
            if let Some(since) = &mut self.genuine_since_fraud {
                *since += 1;
            }
            for fraud in &mut self.plain {
                fraud.1 += 1;
            }
        }
    }

    fn describe(&mut self, now: i64, features: &mut Vec<i64>) {
        while self.plain.front().is_some_and(|fraud| fraud.0 <= now - 35 * DAY) {
            self.plain.pop_front();
        }
        features.push(share(self.labelled.sum(2), self.labelled.count(2)));
        features.push(self.labelled.sum(2));
        features.push(self.labelled.sum(3));
        features.push(self.run);
        features.push(if self.run > 0 { now - self.run_first } else { MISSING });
        features.push(if self.run > 0 { now - self.run_last } else { MISSING });
        features.push(self.plain.iter().filter(|fraud| fraud.0 > now - 28 * DAY).count() as i64);
        features.push(self.plain.front().map_or(MISSING, |fraud| now - fraud.0));
        features.push(self.plain.back().map_or(MISSING, |fraud| now - fraud.0));
        features.push(self.genuine_since_fraud.unwrap_or(MISSING));
        features.push(self.plain.front().map_or(MISSING, |fraud| fraud.1));
        features.push(self.last_label.map_or(MISSING, |at| now - at));
        features.push(self.unlabelled.count(0));
        features.push(if self.amount_count > 0 { self.amount_sum / self.amount_count } else { MISSING });
    }
}

/// The dense number of a name, given when it is first seen.
fn number<T: Default>(numbers: &mut HashMap<u64, u32, FxBuildHasher>, known: &mut Vec<T>, name: u64) -> u32 {
    *numbers.entry(name).or_insert_with(|| {
        known.push(T::default());
        (known.len() - 1) as u32
    })
}

/// Parts per million, 0 of none.
fn share(part: i64, whole: i64) -> i64 {
    if whole > 0 { part * 1_000_000 / whole } else { 0 }
}

/// Thousandths; missing where there is nothing to divide by.
fn thousandths(part: i64, whole: i64) -> i64 {
    if whole > 0 { part.saturating_mul(1_000) / whole } else { MISSING }
}
