//! The past of the demonstration, written straight into a new journal, and the test card.
//!
//! The lives themselves are `sim`'s; here they get cards that the invented bank's keys know.

use crate::clock;
use crate::host::Recovery;
use crate::keys::{self, Keys, invented_key, terminal_label};
use cardcrypto::cipher::Tdes;
use cardcrypto::cvv::{Expiry as PrintedExpiry, ServiceCode};
use cardcrypto::emv::MasterKeyOption;
use cardcrypto::emv::keys::{CardSequence, card_master_key};
use cardcrypto::hsm::CardData;
use cardcrypto::{Hsm, Pan};
use machine::command::{AccountKind, Command, EnrollMerchant, IssueCard, Limits, OpenAccount, PinReference};
use machine::ids::{Acceptor, AccountId, CardId};
use machine::money::{Currency, Money};
use machine::time::{Expiry, Timestamp, Zone};
use shard::Shard;
use sim::history::{Hidden, history};
use sim::population::Population;
use std::path::Path;

/// The ranges the invented bank issues cards in.
pub const PREFIXES: [&str; 2] = ["621626", "622588"];
/// Days of past.
const DAYS: u32 = 30;
/// The merchant and terminal that are there for whoever wants to try.
const TEST_MERCHANT: &str = "898510154110283";
const TEST_TERMINAL: &str = "00000001";
const TEST_ACCOUNT: AccountId = AccountId(9_000_001);

/// A card for whoever wants to try.
pub struct TestCard {
    /// Its number.
    pub number: String,
    /// `YYMM`.
    pub expiry: &'static str,
    /// Its PIN.
    pub pin: &'static str,
    /// Its track 2.
    pub track2: String,
    id: CardId,
}

impl TestCard {
    /// The body of a question whether it would work now.
    pub fn dry_run(&self) -> String {
        format!(
            r#"{{"card":"{}","merchant":"{TEST_MERCHANT}","amount":{{"minor":12345,"currency":"CNY"}}}}"#,
            self.id
        )
    }
}

/// All terminals of the street, and the one to try.
pub fn acceptors(population: &Population) -> Vec<Acceptor> {
    let shops = population.shops.iter().enumerate();
    let all = shops.flat_map(|(shop, is)| (0..is.terminals.len()).map(move |terminal| (shop, terminal)));
    let mut all: Vec<Acceptor> =
        all.map(|(shop, terminal)| sim::history::acceptor(population, shop, terminal)).collect();
    all.extend(test_acceptor());
    all
}

fn test_acceptor() -> Option<Acceptor> {
    Some(Acceptor { merchant: TEST_MERCHANT.parse().ok()?, terminal: TEST_TERMINAL.parse().ok()? })
}

/// Lives the past of a new journal: each command at its own time, one record a time.
///
/// # Errors
/// If the journal cannot be written.
pub fn live(recovery: &mut Recovery, population: &Population, seed: u64, keys: &Keys) -> Result<(), String> {
    let hidden = Hidden {
        card_id: &|number| {
            keys::token(keys.hsm.as_ref(), &keys.ring, number).map_or(CardId([0; 16]), |token| token.card)
        },
        pin_reference: &|number, pin| {
            let made = keys::pin_reference(&keys.hsm, &keys.ring, number, pin);
            made.unwrap_or(PinReference { key_index: 1, pvv: *b"0000" })
        },
    };
    let until = clock::now();
    let past = history(population, seed, until, DAYS, &hidden);
    let mut commands = past.commands;
    let begins = commands.first().map_or(until, |(at, _)| *at);
    commands.splice(0..0, trial(seed, keys)?.into_iter().map(|command| (begins, command)));
    write(recovery, &commands)
}

fn write(recovery: &mut Recovery, commands: &[(Timestamp, Command)]) -> Result<(), String> {
    let machine =
        std::mem::replace(&mut recovery.machine, machine::Machine::new(machine::policy::Policy::DEFAULT));
    let mut shard: Shard<()> = Shard::new(machine);
    let mut body = Vec::new();
    for same_time in commands.chunk_by(|a, b| a.0 == b.0) {
        for (at, command) in same_time {
            shard.submit((), command.clone());
            if shard.waiting() < shard::BATCH_COMMANDS_MAX
                && !std::ptr::eq(command, &same_time[same_time.len() - 1].1)
            {
                continue;
            }
            body.clear();
            if shard.batch(*at, &mut body) {
                recovery.journal.append(&body).map_err(|error| error.to_string())?;
                shard.durable();
            }
        }
        while shard.next_answer().is_some() {}
    }
    recovery.machine = shard.into_machine();
    recovery.machine.audit()?;
    Ok(())
}

/// An account, a card, a shop and a terminal for whoever wants to try.
fn trial(seed: u64, keys: &Keys) -> Result<Vec<Command>, String> {
    let acceptor = test_acceptor().ok_or("the test terminal has no name")?;
    let issue = |card: TestCard, chip: bool| -> Result<Command, String> {
        let pin =
            keys::pin_reference(&keys.hsm, &keys.ring, &card.number, card.pin).map_err(|error| error.why)?;
        let token = keys::token(keys.hsm.as_ref(), &keys.ring, &card.number).map_err(|error| error.why)?;
        Ok(Command::IssueCard(IssueCard {
            card: token.card,
            account: TEST_ACCOUNT,
            last4: token.last4,
            expiry: Expiry { year: 30, month: 12 },
            active: true,
            chip,
            pin: Some(pin),
            replaces: None,
        }))
    };
    let limits = Limits { single: 2_000_000, daily: 10_000_000, monthly: 100_000_000, daily_count: 10_000 };
    let cny = Currency::CNY;
    Ok(vec![
        Command::OpenAccount(OpenAccount {
            account: TEST_ACCOUNT,
            kind: AccountKind::Debit,
            currency: cny,
            zone: Zone::CHINA,
            limits,
        }),
        Command::Fund { account: TEST_ACCOUNT, amount: Money::new(50_000_000, cny) },
        issue(test_card(seed, keys)?, false)?,
        issue(test_chip_card(seed, keys)?, true)?,
        Command::EnrollMerchant(EnrollMerchant {
            merchant: acceptor.merchant,
            name: "试用商店 Trial shop".to_owned(),
            mcc: 5999,
            country: 156,
        }),
        Command::EnrollTerminal(acceptor),
    ])
}

/// The test card, with a stripe only: the same for the same seed.
///
/// # Errors
/// If the security module does not make its verification value.
pub fn test_card(seed: u64, keys: &Keys) -> Result<TestCard, String> {
    trial_card(21_234_567 + seed % 1_000_000, "120", keys)
}

/// Another one, with a chip.
///
/// # Errors
/// As [`test_card`].
pub fn test_chip_card(seed: u64, keys: &Keys) -> Result<TestCard, String> {
    trial_card(31_234_567 + seed % 1_000_000, "220", keys)
}

fn trial_card(serial: u64, service_code: &str, keys: &Keys) -> Result<TestCard, String> {
    let (expiry, pin) = ("3012", "123456");
    let payload = format!("622588{serial:09}");
    let digit = cardcrypto::pan::luhn_check_digit(&payload).ok_or("the test card has no check digit")?;
    let number = format!("{payload}{digit}");
    let track2 = track2(keys, &number, expiry, service_code, pin)?;
    let id = keys::token(keys.hsm.as_ref(), &keys.ring, &number).map_err(|error| error.why)?.card;
    Ok(TestCard { number, expiry, pin, track2, id })
}

/// Track 2 as the invented bank writes it: number, expiry, service code, PVKI and PVV, verification value.
///
/// # Errors
/// If number or PIN are malformed, or the module does not answer.
pub fn track2(
    keys: &Keys,
    number: &str,
    expiry: &str,
    service_code: &str,
    pin: &str,
) -> Result<String, String> {
    let pan = Pan::parse(number).map_err(|error| error.to_string())?;
    let reference = keys::pin_reference(&keys.hsm, &keys.ring, number, pin).map_err(|error| error.why)?;
    let range = keys.ring.issuers.iter().find(|range| number.starts_with(&range.prefix));
    let value = range.and_then(|range| range.value).ok_or("the range has no verification key")?;
    let printed = PrintedExpiry::parse(expiry).ok_or("the expiry is not YYMM")?;
    let code = ServiceCode::parse(service_code).ok_or("the service code is not three digits")?;
    let data = CardData { pan: &pan, expiry: printed, service_code: code };
    let cvv = keys.hsm.generate_cvv(value.key, &data).map_err(|error| error.to_string())?;
    let text = |digits: &[u8]| digits.iter().map(|&digit| digit as char).collect::<String>();
    let (index, pvv, cvv) = (reference.key_index, text(&reference.pvv), text(cvv.expose()));
    Ok(format!("{number}D{expiry}{service_code}{index}{pvv}{cvv}00"))
}

/// The track a chip of this stripe has: the same but for the value, which is made with service code 999 (iCVV).
///
/// # Errors
/// As [`track2`].
pub fn chip_track2(keys: &Keys, stripe: &str, pin: &str) -> Result<String, String> {
    /// Verification value and filler at the end of the invented bank's tracks.
    const TAIL: usize = 5;
    let (number, rest) = stripe.split_once('D').ok_or("the track has no separator")?;
    let expiry = rest.get(..4).ok_or("the track has no expiry")?;
    let on_chip = track2(keys, number, expiry, "999", pin)?;
    let tail = on_chip.get(on_chip.len() - TAIL..).ok_or("the track is too short")?;
    Ok(format!("{}{tail}", &stripe[..stripe.len() - TAIL]))
}

/// Writes what a terminal of someone else's needs to talk to the demonstration. All of it is invented.
///
/// # Errors
/// Why the file could not be written.
pub fn write_keys(
    path: &Path,
    seed: u64,
    card: &TestCard,
    keys: &Keys,
    addresses: &super::Addresses,
) -> Result<(), String> {
    let chip = test_chip_card(seed, keys)?;
    let pan = Pan::parse(&chip.number).map_err(|error| error.to_string())?;
    let issuer = Tdes::new(&chip_key(seed, &chip.number)?);
    let sequence = CardSequence::new(0).map_err(|error| error.to_string())?;
    let chip_key = card_master_key(&issuer, MasterKeyOption::A, &pan, sequence);
    let hex = crate::commands::iso::to_hex;
    let acceptor = test_acceptor().ok_or("the test terminal has no name")?;
    let tmk = invented_key(seed, &terminal_label(acceptor)).ok_or("the test terminal has no key")?;
    let content = serde_json::json!({
        "http": addresses.http.to_string(),
        "pos": addresses.pos.to_string(),
        "host": addresses.host.to_string(),
        "merchant": TEST_MERCHANT,
        "terminal": TEST_TERMINAL,
        "tmk": hex(tmk.key.expose()),
        "cards": [
            {"pan": card.number, "expiry": card.expiry, "pin": card.pin, "track2": card.track2},
            {
                "pan": chip.number, "expiry": chip.expiry, "pin": chip.pin, "track2": chip.track2,
                "chip_key": hex(chip_key.expose()), "chip_track2": chip_track2(keys, &chip.track2, chip.pin)?,
            },
        ],
    });
    // Whoever waits for the file finds it whole.
    let part = path.with_extension("part");
    std::fs::write(&part, format!("{content:#}\n"))
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// The clear master key of a terminal of the demonstration, for the virtual terminal.
///
/// # Errors
/// If the terminal is none of the demonstration's.
pub fn terminal_key(seed: u64, acceptor: Acceptor) -> Result<cardcrypto::key::TdesKey, String> {
    let stored = invented_key(seed, &terminal_label(acceptor)).ok_or("no key of that name")?;
    cardcrypto::key::TdesKey::new(stored.key.expose()).map_err(|error| error.to_string())
}

/// The clear chip master key of a range of the invented bank, for the virtual cards.
///
/// # Errors
/// If the range is none of the bank's.
pub fn chip_key(seed: u64, number: &str) -> Result<cardcrypto::key::TdesKey, String> {
    let prefix =
        PREFIXES.iter().find(|prefix| number.starts_with(*prefix)).ok_or("a card of another bank")?;
    let stored = invented_key(seed, &format!("imk-ac/{prefix}/pboc")).ok_or("no key of that name")?;
    cardcrypto::key::TdesKey::new(stored.key.expose()).map_err(|error| error.to_string())
}
