//! What people do: an endless, seeded stream of payments at the shops of their street, and a fraud wave.
//!
//! Plain data, nothing of the machine or a protocol: who, where, when, how much, how, and whether the PIN was
//! right. Whether any of it is approved is not known here.

use crate::dice::Dice;
use crate::population::{Population, Trade, ZONE_MINUTES};
use std::collections::{BTreeMap, VecDeque};

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// Bought.
    Sale,
    /// An amount reserved.
    PreAuthorization,
    /// The reserved amount, or less, taken.
    Completion {
        /// Serial of the pre-authorization.
        of: u64,
    },
    /// A sale undone minutes later.
    Void {
        /// Serial of the sale.
        of: u64,
    },
    /// Money back, days later, all or part.
    Refund {
        /// Serial of the sale.
        of: u64,
    },
    /// The holder looks what is there.
    BalanceInquiry,
}

/// How the card gets in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// Chip inserted.
    Insert,
    /// Chip held to the reader.
    Tap,
    /// Stripe of a card without chip.
    Swipe,
    /// Stripe of a chip card.
    Fallback,
}

/// What is typed at the keypad.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pin {
    /// Nothing: none was asked for.
    None,
    /// The right one.
    Right,
    /// A wrong one.
    Wrong,
}

/// What is wrong with it, as the one who made it knows and nobody else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fraud {
    /// Small amounts in quick succession, to see whether the card works.
    Testing,
    /// PINs tried out.
    Guessing,
    /// A copied card whose chip cannot prove itself.
    Copy,
}

/// One thing somebody does at a till.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Visit {
    /// Number within its stream, from 1; those of a fraud wave begin at [`WAVE_SERIAL`].
    pub serial: u64,
    /// When, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Whose card, by place in the population.
    pub holder: usize,
    /// Which shop, by place in the population.
    pub shop: usize,
    /// Which of its terminals.
    pub terminal: usize,
    /// What.
    pub deed: Deed,
    /// How much, fen; 0 of an inquiry.
    pub amount: i64,
    /// How the card gets in.
    pub how: How,
    /// What is typed.
    pub pin: Pin,
    /// Whether it is not the holder.
    pub fraud: Option<Fraud>,
}

/// First serial of a fraud wave.
pub const WAVE_SERIAL: u64 = 1 << 32;
/// Taps up to this need no PIN, fen.
pub const TAP_MAX: i64 = 100_000;

/// How many of a day's payments fall into each hour, against the others: breakfast, lunch, the way home.
const HOURS: [u32; 24] =
    [2, 1, 1, 1, 1, 4, 14, 34, 30, 22, 24, 46, 62, 34, 22, 24, 30, 48, 66, 58, 42, 28, 14, 6];

/// An endless stream of visits in the order of their time. The same population, seed and beginning give the
/// same stream.
#[derive(Clone, Debug)]
pub struct Traffic {
    population: Population,
    dice: Dice,
    serial: u64,
    from_ms: i64,
    /// The next local day to be lived, days since 1970.
    day: i64,
    /// Lived days, and what follows from them later.
    ahead: BTreeMap<(i64, u64), Visit>,
    ready: VecDeque<Visit>,
}

impl Traffic {
    /// What happens from `from_ms` on.
    #[must_use]
    pub fn new(population: &Population, seed: u64, from_ms: i64) -> Traffic {
        Traffic {
            population: population.clone(),
            dice: Dice::of(seed, "traffic"),
            serial: 0,
            from_ms,
            day: local_day(from_ms),
            ahead: BTreeMap::new(),
            ready: VecDeque::new(),
        }
    }

    /// Everyone lives a day.
    fn live(&mut self) {
        let weekend = matches!((self.day + 3).rem_euclid(7), 5 | 6);
        for holder in 0..self.population.holders.len() {
            let habit = &self.population.holders[holder].habit;
            let mut visits = u64::from(habit.visits) * if weekend { 130 } else { 92 } / 100;
            while visits >= 1000 || self.dice.chance(visits) {
                self.go_shopping(holder);
                visits = visits.saturating_sub(1000);
                if visits == 0 {
                    break;
                }
            }
        }
        self.day += 1;
        let until = day_begins(self.day);
        while let Some(entry) = self.ahead.first_entry() {
            if entry.key().0 >= until {
                break;
            }
            let visit = entry.remove();
            if visit.at_ms >= self.from_ms {
                self.ready.push_back(visit);
            }
        }
    }

    fn go_shopping(&mut self, holder: usize) {
        let who = &self.population.holders[holder];
        let (draws, taps, slips, ease) =
            (who.habit.draws.clone(), who.habit.taps, who.habit.slips, who.habit.ease);
        let (chip, shop) = (who.card.chip, self.dice.weighted(&draws));
        let (trade, tills) = (self.population.shops[shop].trade, self.population.shops[shop].terminals.len());
        let amount = price(trade, ease, &mut self.dice);
        let how = match (chip, self.dice.chance(taps)) {
            (false, _) => How::Swipe,
            (true, true) if trade != Trade::GuestHouse => How::Tap,
            (true, true | false) if self.dice.chance(4) => How::Fallback,
            (true, true | false) => How::Insert,
        };
        let asked = how != How::Tap || amount > TAP_MAX;
        let mut visit = Visit {
            serial: 0,
            at_ms: self.hour_within(trade),
            holder,
            shop,
            terminal: self.dice.place(tills),
            deed: if trade == Trade::GuestHouse { Deed::PreAuthorization } else { Deed::Sale },
            amount,
            how,
            pin: if asked { Pin::Right } else { Pin::None },
            fraud: None,
        };
        if asked && self.dice.chance(20) {
            self.put(Visit {
                deed: Deed::BalanceInquiry,
                amount: 0,
                at_ms: visit.at_ms - MINUTE_MS,
                ..visit
            });
        }
        if asked && self.dice.chance(slips) {
            // Typed wrong, and again: seldom a third time.
            self.put(Visit { pin: Pin::Wrong, ..visit });
            visit.at_ms += self.dice.between(15_000, 40_000);
            if self.dice.chance(80) {
                self.put(Visit { pin: Pin::Wrong, ..visit });
                visit.at_ms += self.dice.between(20_000, 60_000);
            }
        }
        let of = self.put(visit);
        self.follow_up(of, visit);
    }

    /// What comes of a visit later: the guest leaves, the cashier mistyped, the goods come back.
    fn follow_up(&mut self, of: u64, visit: Visit) {
        let later = match visit.deed {
            Deed::PreAuthorization => {
                let nights = self.dice.between(1, 3);
                let at_ms = visit.at_ms + nights * DAY_MS - self.dice.between(0, 6) * HOUR_MS;
                let amount = visit.amount * self.dice.between(70, 110) / 100;
                Visit { deed: Deed::Completion { of }, at_ms, amount, ..visit }
            }
            Deed::Sale if self.dice.chance(8) => Visit {
                deed: Deed::Void { of },
                at_ms: visit.at_ms + self.dice.between(1, 5) * MINUTE_MS,
                ..visit
            },
            Deed::Sale if self.dice.chance(10) => {
                let at_ms =
                    visit.at_ms + self.dice.between(1, 6) * DAY_MS + self.dice.between(-60, 60) * MINUTE_MS;
                let amount = if self.dice.chance(600) { visit.amount } else { 1 + visit.amount / 2 };
                Visit { deed: Deed::Refund { of }, at_ms, amount, ..visit }
            }
            Deed::Sale
            | Deed::Completion { .. }
            | Deed::Void { .. }
            | Deed::Refund { .. }
            | Deed::BalanceInquiry => {
                return;
            }
        };
        self.put(Visit { pin: Pin::Right, ..later });
    }

    fn put(&mut self, visit: Visit) -> u64 {
        self.serial += 1;
        self.ahead.insert((visit.at_ms, self.serial), Visit { serial: self.serial, ..visit });
        self.serial
    }

    /// A moment of the day in which the shop is open.
    fn hour_within(&mut self, trade: Trade) -> i64 {
        let (opens, closes) = trade.hours();
        let open = &HOURS[usize::from(opens)..usize::from(closes)];
        let hour = i64::from(opens) + self.dice.weighted(open) as i64;
        day_begins(self.day) + hour * HOUR_MS + self.dice.between(0, HOUR_MS - 1)
    }
}

impl Iterator for Traffic {
    type Item = Visit;

    /// Never ends, while anyone ever goes out.
    fn next(&mut self) -> Option<Visit> {
        /// So many days without a visit, and there is nobody left.
        const QUIET_DAYS_MAX: u32 = 400;
        for _ in 0..QUIET_DAYS_MAX {
            if let Some(visit) = self.ready.pop_front() {
                return Some(visit);
            }
            self.live();
        }
        None
    }
}

/// A wave of fraud from `from_ms` on, about two minutes long: cards tried out, PINs guessed, copies used. The
/// same population, seed and beginning give the same wave.
#[must_use]
pub fn fraud_wave(population: &Population, seed: u64, from_ms: i64) -> Vec<Visit> {
    let mut dice = Dice::of(seed, "fraud wave");
    let mut victims: Vec<usize> =
        (0..population.holders.len()).filter(|&holder| population.holders[holder].card.chip).collect();
    dice.shuffle(&mut victims);
    let mut wave = Vec::new();
    for (turn, &holder) in victims.iter().take(5).enumerate() {
        let fraud = [Fraud::Testing, Fraud::Guessing, Fraud::Copy][turn % 3];
        let (shop, mut at_ms) = (dice.place(population.shops.len()), from_ms + dice.between(0, 60_000));
        let terminal = dice.place(population.shops[shop].terminals.len());
        let tries = match fraud {
            Fraud::Testing => 14,
            Fraud::Guessing => 4,
            Fraud::Copy => 2,
        };
        for _ in 0..tries {
            let (amount, how, pin) = match fraud {
                Fraud::Testing => (dice.between(100, 990), How::Tap, Pin::None),
                Fraud::Guessing => (dice.between(180_000, 480_000), How::Insert, Pin::Wrong),
                Fraud::Copy => (dice.between(90_000, 260_000), How::Insert, Pin::Right),
            };
            let fraud = Some(fraud);
            let deed = Deed::Sale;
            wave.push(Visit { serial: 0, at_ms, holder, shop, terminal, deed, amount, how, pin, fraud });
            at_ms += match fraud {
                Some(Fraud::Testing) => dice.between(2_000, 4_000),
                Some(Fraud::Guessing | Fraud::Copy) | None => dice.between(12_000, 25_000),
            };
        }
    }
    wave.sort_by_key(|visit| visit.at_ms);
    wave.iter_mut().zip(WAVE_SERIAL..).for_each(|(visit, serial)| visit.serial = serial);
    wave
}

/// What is paid: mostly towards the lower end, with the endings prices have.
fn price(trade: Trade, ease: i64, dice: &mut Dice) -> i64 {
    let (least, most) = trade.amounts();
    let throw = dice.between(0, 1000);
    let within = (most - least) * throw / 1000 * throw / 1000 * throw / 1000;
    let amount = (least + within) * ease / 100;
    let ending = *dice.pick(&[0, 0, 0, 50, 80, 90]);
    (amount / 100 * 100 + ending).max(100)
}

/// The local day of a moment, days since 1970.
fn local_day(at_ms: i64) -> i64 {
    (at_ms + i64::from(ZONE_MINUTES) * MINUTE_MS).div_euclid(DAY_MS)
}

/// The moment a local day begins.
fn day_begins(day: i64) -> i64 {
    day * DAY_MS - i64::from(ZONE_MINUTES) * MINUTE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM_MS: i64 = 1_763_769_600_000;

    fn month() -> Vec<Visit> {
        let street = Population::street(7);
        Traffic::new(&street, 7, FROM_MS).take_while(|visit| visit.at_ms < FROM_MS + 30 * DAY_MS).collect()
    }

    #[test]
    fn the_stream_is_in_order_and_the_same_again() {
        let visits = month();
        assert_eq!(visits, month());
        assert!(visits.is_sorted_by_key(|visit| visit.at_ms));
        assert!(visits[0].at_ms >= FROM_MS && (1_500..4_000).contains(&visits.len()), "{}", visits.len());
    }

    #[test]
    fn shops_are_visited_while_they_are_open_and_followed_up_in_time() {
        let visits = month();
        let street = Population::street(7);
        let mut amounts = BTreeMap::new();
        let mut deeds = [0; 6];
        for visit in &visits {
            let (opens, closes) = street.shops[visit.shop].trade.hours();
            let hour = (visit.at_ms - day_begins(local_day(visit.at_ms))) / HOUR_MS;
            match visit.deed {
                Deed::Sale | Deed::PreAuthorization => {
                    assert!((i64::from(opens)..=i64::from(closes)).contains(&hour), "{visit:?}");
                    amounts.insert(visit.serial, visit.amount);
                    deeds[0] += 1;
                }
                Deed::Completion { of } => {
                    assert!(visit.amount <= amounts[&of] * 115 / 100, "{visit:?}");
                    deeds[1] += 1;
                }
                Deed::Void { of } => {
                    assert_eq!(visit.amount, amounts[&of]);
                    deeds[2] += 1;
                }
                Deed::Refund { of } => {
                    assert!(visit.amount <= amounts[&of]);
                    deeds[3] += 1;
                }
                Deed::BalanceInquiry => deeds[4] += 1,
            }
            deeds[5] += usize::from(visit.pin == Pin::Wrong);
        }
        assert!(deeds.iter().all(|&count| count > 4), "{deeds:?}");
    }

    #[test]
    fn a_wave_tries_everything() {
        let street = Population::street(7);
        let wave = fraud_wave(&street, 1, FROM_MS);
        for fraud in [Fraud::Testing, Fraud::Guessing, Fraud::Copy] {
            assert!(wave.iter().any(|visit| visit.fraud == Some(fraud)));
        }
        assert!(wave.is_sorted_by_key(|visit| visit.at_ms) && wave[0].serial == WAVE_SERIAL);
        assert_eq!(wave, fraud_wave(&street, 1, FROM_MS));
    }
}
