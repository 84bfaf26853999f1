//! What one sale costs the terminal: the chip's cryptogram, the PIN block, the message and its MAC.
//!
//! Load generators pay this for each request; it is no figure of the host.

use cardcrypto::key::TdesKey;
use cardcrypto::{Pan, Pin};
use terminal::{CardInHand, Chip, Entry, KeySet, LocalTime, Moment, Pos, PosSettings, Tender};

fn main() {
    divan::main();
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("our own digits");
    (0..text.len()).step_by(2).map(digit).collect()
}

fn key(text: &str) -> TdesKey {
    TdesKey::new(&hex(text)).expect("our own key")
}

/// A terminal that has signed in, by an answer made once with the keys of the tests.
fn signed_in() -> Pos {
    let settings = PosSettings::new("898510154110283", "00000001", key("C4F6E5A15B356D435BBC61E2ACFF6A42"));
    let mut pos = Pos::new(settings).expect("settings that fit");
    pos.sign_in(KeySet::Double).expect("nothing is awaited");
    let answer = "6000000003603100000000081000200000\
        02C00014000001303030303030303030313839383531303135343131303238330011000000010030004017ABC6704D3F6EE4\
        D428292FD3334F0D08D7B4FB742558EC8FA12F8400000000000000005212F4C1";
    pos.receive(&hex(answer)).expect("an answer that fits");
    pos
}

#[divan::bench(args = [Entry::Insert, Entry::Keyed])]
fn sale(bencher: divan::Bencher<'_, '_>, entry: Entry) {
    let pos = signed_in();
    let pan = Pan::parse("6225880212345675").expect("a card number");
    let chip = Chip::of_issuer(&key("0123456789ABCDEFFEDCBA9876543210"), &pan, 1);
    let card = CardInHand::striped(pan, "3012", "6225880212345675=30122010000012300000")
        .expect("a track of that card")
        .with_chip(chip, 1);
    let pin = Pin::parse("123456").expect("a PIN");
    let at = LocalTime::new((24, 11, 22), (10, 11, 12)).expect("a time");
    bencher.with_inputs(|| (pos.clone(), card.clone())).bench_values(|(mut pos, mut card)| {
        let tender = Tender { card: &mut card, entry, pin: Some(&pin), moment: Moment { at, nonce: 7 } };
        pos.sale(tender, 12_345)
    });
}
