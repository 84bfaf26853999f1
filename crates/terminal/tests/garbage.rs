//! Answers that were cut, flipped or made up: refused, never taken, never a panic.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![expect(clippy::print_stderr, reason = "a failed random test prints the command that repeats it")]

mod toy;

use iso8583::{ISO87_ASCII, ISO87_BINARY, UNIONPAY_POS};
use terminal::{Entry, HostPeer, HostSettings, KeySet, Pos, Tender};
use toy::{answer, card, moment, pin, settings, signed_in};

/// SplitMix64: small, and the same in ten years.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit as u64) as usize
    }
}

/// A sale that awaits its answer, and the answer.
fn waiting() -> (Pos, Vec<u8>) {
    let mut pos = signed_in(settings());
    let mut card = card();
    let tender = Tender { card: &mut card, entry: Entry::Insert, pin: Some(&pin()), moment: moment(0) };
    let request = pos.sale(tender, 12_345).unwrap();
    (pos, answer(&request, "00", "arpc script"))
}

#[test]
fn no_flipped_bit_is_taken_for_an_approval() {
    let (pos, good) = waiting();
    assert!(pos.clone().receive(&good).unwrap().approved());
    // Behind the transport address and the header, of which the MAC says nothing.
    for bit in 11 * 8..good.len() * 8 {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 0x80 >> (bit % 8);
        let mut pos = pos.clone();
        assert!(pos.receive(&flipped).is_err(), "bit {bit}");
        assert!(pos.log().is_empty(), "bit {bit}");
        // Either the right answer is still awaited, or the sale will be taken back.
        assert!(pos.is_waiting() || pos.reversal_due().unwrap().is_some(), "bit {bit}");
    }
}

#[test]
fn no_cut_answer_is_taken() {
    let (pos, good) = waiting();
    for length in 0..good.len() {
        let mut pos = pos.clone();
        assert!(pos.receive(&good[..length]).is_err(), "{length} bytes");
        assert!(pos.reversal_due().unwrap().is_some(), "{length} bytes");
    }
    let mut longer = good.clone();
    longer.push(0);
    assert!(pos.clone().receive(&longer).is_err());
}

#[test]
fn answers_out_of_the_dice() {
    let seed: u64 = std::env::var("TERMINAL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    eprintln!("again: TERMINAL_SEED={seed} cargo test -p terminal --test garbage answers_out_of_the_dice");
    let mut dice = Dice(seed);
    let (waiting, good) = waiting();
    let mut signing = Pos::new(settings()).unwrap();
    let request = signing.sign_in(KeySet::DoubleWithTrack).unwrap();
    let keys = answer(&request, "00", "");
    for _ in 0..20_000 {
        let (pos, good) = if dice.below(2) == 0 { (&waiting, &good) } else { (&signing, &keys) };
        let mut made = good.clone();
        for _ in 0..=dice.below(8) {
            let at = dice.below(made.len());
            match dice.below(3) {
                0 => made[at] = dice.roll() as u8,
                1 => {
                    made.remove(at);
                }
                _ => made.insert(at, dice.roll() as u8),
            }
        }
        let mut pos = pos.clone();
        let approved = pos.receive(&made).is_ok_and(|reply| reply.approved());
        // Addresses and headers are outside the MAC; a sign-in has none.
        assert!(!approved || pos.log().is_empty() || made[11..] == good[11..]);
    }
}

#[test]
fn a_host_hears_nonsense() {
    let mut dice = Dice(11);
    for dialect in [&ISO87_ASCII, &ISO87_BINARY] {
        let mut host = HostPeer::new(HostSettings {
            dialect,
            acquirer: "48020000".to_owned(),
            terminal: "00000001".to_owned(),
            merchant: "898510154110283".to_owned(),
            category: "5411".to_owned(),
            currency: "156".to_owned(),
            first_stan: 1,
        })
        .unwrap();
        let (frame, _) = host.echo(moment(0).at).unwrap();
        for _ in 0..5_000 {
            let mut made = frame.clone();
            let at = dice.below(made.len());
            made[at] = dice.roll() as u8;
            made.truncate(dice.below(made.len() + 1));
            assert!(host.receive(&made).is_err());
        }
    }
    assert!(UNIONPAY_POS.decode(&[]).is_err());
}
