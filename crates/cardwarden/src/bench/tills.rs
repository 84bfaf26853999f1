//! Terminals and cards that can pay: virtual ones, which make the real bytes before the clock runs.
//!
//! Each card belongs to one terminal, so that its chip's counter rises in the order of what is sent. No socket here.

use super::world::{Known, TERMINALS, acceptor, digits};
use crate::clock;
use crate::keys::{self, Keys, invented_key, terminal_label};
use cardcrypto::cvv::{Expiry as PrintedExpiry, ServiceCode};
use cardcrypto::hsm::CardData;
use cardcrypto::key::TdesKey;
use cardcrypto::{Hsm, Pan, Pin};
use machine::time::Zone;
use sim::dice::Dice;
use terminal::{CardInHand, Chip, Entry, KeySet, LocalTime, Moment, Pos, PosSettings, Tender};

/// Seed of the invented bank's keys.
const SEED: u64 = 1;
/// The range its cards are in.
const PREFIX: &str = "621626";
/// As printed: the month of [`super::world::EXPIRY`].
const EXPIRY: &str = "3012";
/// Cards with a chip, and as many without, at each terminal.
const CARDS_OF_A_TILL: usize = 4;
/// The PIN of every card.
const PIN: &str = "123456";

/// How people pay.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By stripe: MAC, PIN and the verification value on the track are checked.
    Stripe,
    /// By chip: MAC, PIN, the value on the chip's track and the cryptogram are checked, and the chip is answered.
    Chip,
}

/// A terminal and the cards that come to it.
pub struct Till {
    /// The terminal.
    pub pos: Pos,
    stripes: Vec<CardInHand>,
    chips: Vec<CardInHand>,
    turn: usize,
}

/// All terminals, the keys of the host they belong to, and what the bank knows of the cards.
pub struct Tills {
    /// The terminals.
    pub tills: Vec<Till>,
    /// The host's keys.
    pub keys: Keys,
    /// The cards.
    pub known: Vec<Known>,
    pin: Pin,
    dice: Dice,
}

fn text(error: &dyn std::fmt::Display) -> String {
    error.to_string()
}

impl Tills {
    /// So many of the terminals of the invented bank.
    ///
    /// # Errors
    /// If a key, card or terminal cannot be made.
    pub fn new(count: usize) -> Result<Tills, String> {
        let acceptors: Vec<_> = (0..TERMINALS).map(acceptor).collect();
        let keys = Keys::of(&keys::invented(SEED, &acceptors, &[PREFIX])).map_err(|error| text(&error))?;
        let issuer =
            invented_key(SEED, &format!("imk-ac/{PREFIX}/pboc")).ok_or("there is no key for chips")?;
        let issuer = TdesKey::new(issuer.key.expose()).map_err(|error| text(&error))?;
        let (mut tills, mut known) = (Vec::new(), Vec::new());
        for acceptor in &acceptors[..count] {
            let tmk = invented_key(SEED, &terminal_label(*acceptor)).ok_or("a terminal has no key")?;
            let tmk = TdesKey::new(tmk.key.expose()).map_err(|error| text(&error))?;
            let settings =
                PosSettings::new(&acceptor.merchant.to_string(), &acceptor.terminal.to_string(), tmk);
            let pos = Pos::new(settings).map_err(|error| text(&error))?;
            let (mut stripes, mut chips) = (Vec::new(), Vec::new());
            for _ in 0..CARDS_OF_A_TILL {
                for how in [How::Stripe, How::Chip] {
                    let (in_hand, card) = card(&keys, known.len(), how, &issuer)?;
                    known.push(card);
                    if how == How::Chip { &mut chips } else { &mut stripes }.push(in_hand);
                }
            }
            tills.push(Till { pos, stripes, chips, turn: 0 });
        }
        let pin = Pin::parse(PIN).map_err(|error| text(&error))?;
        Ok(Tills { tills, keys, known, pin, dice: Dice::of(SEED, "tills") })
    }

    /// The frame of a sign-in, framed for TCP.
    ///
    /// # Errors
    /// If the terminal waits for something else.
    pub fn sign_in(&mut self, till: usize) -> Result<Vec<u8>, String> {
        let frame = self.tills[till].pos.sign_in(KeySet::Double).map_err(|error| text(&error))?;
        Ok(Pos::framed(&frame))
    }

    /// The frame of a sale, framed for TCP. The terminal goes on as if the line had failed before it left, so that
    /// many can be made ahead; where it is the `last` it waits for the answer.
    ///
    /// # Errors
    /// If terminal or card refuse.
    pub fn sale(&mut self, till: usize, how: How, last: bool) -> Result<Vec<u8>, String> {
        let moment = Moment { at: local_time()?, nonce: self.dice.throw() as u32 };
        let amount = 100 + self.dice.below(50_000);
        let till = &mut self.tills[till];
        till.turn = (till.turn + 1) % CARDS_OF_A_TILL;
        let (card, entry) = match how {
            How::Stripe => (&mut till.stripes[till.turn], Entry::Swipe),
            How::Chip => (&mut till.chips[till.turn], Entry::Insert),
        };
        let tender = Tender { card, entry, pin: Some(&self.pin), moment };
        let frame = till.pos.sale(tender, amount).map_err(|error| text(&error))?;
        if !last {
            till.pos.connection_failed();
        }
        Ok(Pos::framed(&frame))
    }
}

/// A card, in hand and as the bank knows it.
fn card(keys: &Keys, number: usize, how: How, issuer: &TdesKey) -> Result<(CardInHand, Known), String> {
    let mut payload = [0; 15];
    payload[..PREFIX.len()].copy_from_slice(PREFIX.as_bytes());
    digits(number as u64, &mut payload[PREFIX.len()..]);
    let payload = std::str::from_utf8(&payload).map_err(|error| text(&error))?;
    let check = cardcrypto::pan::luhn_check_digit(payload).ok_or("a card number has no check digit")?;
    let number = format!("{payload}{check}");
    let pan = Pan::parse(&number).map_err(|error| text(&error))?;
    let token = keys::token(keys.hsm.as_ref(), &keys.ring, &number).map_err(|error| error.why)?;
    let pin = keys::pin_reference(&keys.hsm, &keys.ring, &number, PIN).map_err(|error| error.why)?;
    let pvv = std::str::from_utf8(&pin.pvv).map_err(|error| text(&error))?;
    let track = |service_code: &str, value: &str| {
        format!("{number}D{EXPIRY}{service_code}{}{pvv}{value}00", pin.key_index)
    };
    let chip = how == How::Chip;
    let service_code = if chip { "220" } else { "120" };
    let striped =
        CardInHand::striped(pan.clone(), EXPIRY, &track(service_code, &value(keys, &pan, service_code)?));
    let striped = striped.ok_or("a card has no track")?;
    let known = Known { id: token.card, last4: token.last4, pin, chip };
    if !chip {
        return Ok((striped, known));
    }
    // The chip's own track has the value made with service code 999 (iCVV).
    let on_chip = track(service_code, &value(keys, &pan, "999")?);
    let in_hand = striped.with_chip(Chip::of_issuer(issuer, &pan, 0), 0).with_chip_track2(&on_chip);
    Ok((in_hand.ok_or("a chip has no track")?, known))
}

/// The verification value for a service code.
fn value(keys: &Keys, pan: &Pan, service_code: &str) -> Result<String, String> {
    let range = keys.ring.issuers.iter().find(|range| pan.expose().starts_with(&range.prefix));
    let profile = range.and_then(|range| range.value).ok_or("the range has no verification key")?;
    let expiry = PrintedExpiry::parse(EXPIRY).ok_or("the expiry is not YYMM")?;
    let service_code = ServiceCode::parse(service_code).ok_or("the service code is not three digits")?;
    let data = CardData { pan, expiry, service_code };
    let value = keys.hsm.generate_cvv(profile.key, &data).map_err(|error| text(&error))?;
    Ok(value.expose().iter().map(|digit| *digit as char).collect())
}

fn local_time() -> Result<LocalTime, String> {
    let local = Zone::CHINA.local(clock::now());
    let date = ((local.year % 100) as u8, local.month, local.day_of_month);
    let second = (local.ms_of_day / 1000 % 60) as u8;
    LocalTime::new(date, (local.hour(), local.minute(), second))
        .ok_or_else(|| "the clock shows no time".to_owned())
}
