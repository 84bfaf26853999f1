//! The pages and the API on a street that lives in memory: `cargo run -p web --example preview [PORT]`.
//!
//! No journal and no terminal: decisions come from seeded dice. For looking at pages, nothing else.

#[path = "../tests/bed/mod.rs"]
mod bed;

use bed::{Bed, SHOPS};
use machine::cause::Cause;
use machine::command::{Command, Entry, House, LiftFreeze, PinCheck, PlaceFreeze};
use machine::freeze::{Ground, Lifter, PlacedBy, Scope};
use machine::ids::AccountId;
use machine::time::Timestamp;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use web::Settings;
use web::port::Scene;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }
}

const CARDS: u64 = 160;

fn clock() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}

/// Freezes of several kinds, so that each way out can be looked at.
fn freeze_some(bed: &Bed) {
    let place = |scope, cause, by| {
        let plain = PlaceFreeze {
            scope,
            reach: None,
            cause,
            evidence: None,
            by,
            expires_at: None,
            exit: None,
            allowance: None,
        };
        bed.apply(Command::PlaceFreeze(plain))
    };
    let rule = PlacedBy::Rule { rule: 12, version: 3 };
    place(Scope::Account(AccountId(1003)), Cause::FraudScore, rule);
    place(Scope::Card(bed.card(7)), Cause::FrozenByHolder, PlacedBy::Holder);
    if let Ok(actor) = "zhao.lei".parse() {
        place(Scope::Account(AccountId(1011)), Cause::FrozenForLaundering, PlacedBy::Authority(actor));
        place(Scope::Account(AccountId(1012)), Cause::FrozenByBank, PlacedBy::Agent(actor));
    }
    for _ in 0..3 {
        bed.sale(bed.card(4), 2, 8_800, PinCheck::Wrong);
    }
    for _ in 0..12 {
        bed.sale(bed.card(5), 3, 100, PinCheck::Right);
    }
    if let Ok(actor) = "wang.min".parse() {
        let first = bed.read(|machine| machine.freezes().last().map(|freeze| freeze.id));
        if let Some(freeze) = first {
            let lift = LiftFreeze { freeze, by: Lifter::Agent(actor), ground: Ground::Reviewed };
            bed.apply(Command::LiftFreeze(lift));
        }
    }
}

fn sale(bed: &Bed, dice: &mut Dice) {
    let card = bed.card(dice.throw(CARDS));
    let shop = dice.throw(SHOPS.len() as u64) as usize;
    let usual = [900, 6_800, 12_600, 88_000, 23_800, 5_400][shop];
    let minor = (usual * (40 + dice.throw(160)) / 100) as i64;
    let (entry, pin) = match dice.throw(30) {
        0 => (Entry::Chip, PinCheck::Wrong),
        1..=9 => (Entry::Chip, PinCheck::Right),
        10 => (Entry::Stripe, PinCheck::Right),
        _ => (Entry::Contactless, PinCheck::Absent),
    };
    let pin = if minor > 100_000 && pin == PinCheck::Absent { PinCheck::Right } else { pin };
    bed.sale_by(card, shop, minor, entry, pin);
}

async fn live(bed: Arc<Bed>) {
    let mut dice = Dice(1);
    let mut quiet = 0;
    loop {
        bed.set_clock(clock());
        let scenes = std::mem::take(&mut *bed.played.lock().expect("is short"));
        for scene in scenes {
            match scene {
                Scene::FraudWave => {
                    for _ in 0..14 {
                        bed.sale(
                            bed.card(20 + dice.throw(3)),
                            3,
                            100 + dice.throw(900) as i64,
                            PinCheck::Right,
                        );
                    }
                }
                Scene::Outage => {
                    bed.apply(Command::SetHouse(House::IssuerDown));
                    quiet = 40;
                }
            }
        }
        if quiet > 0 {
            quiet -= 1;
            if quiet == 0 {
                bed.apply(Command::SetHouse(House::Open));
            }
        }
        sale(&bed, &mut dice);
        tokio::time::sleep(Duration::from_millis(120 + dice.throw(400))).await;
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8099);
    let bed = Bed::street(CARDS);
    bed.set_clock(clock());
    freeze_some(&bed);
    let settings = Settings { test_amounts: true, contact: Some("95000".to_owned()), ..Settings::demo() };
    let router = web::router(Arc::<Bed>::clone(&bed), settings);
    tokio::spawn(live(bed));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, router).await
}
