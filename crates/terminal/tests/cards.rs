//! Cards that are not what they seem, and what of a card is ever shown.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod toy;

use iso8583::UNIONPAY_POS;
use iso8583::tlv::Tag;
use terminal::{CardInHand, Entry, Parts, Pos, PosError, PosSettings, SignatureRoute, Tender};
use toy::{answer, bytes, card, moment, pin, settings, signed_in};

fn sale(pos: &mut Pos, card: &mut CardInHand, entry: Entry) -> Vec<u8> {
    pos.sale(Tender { card, entry, pin: Some(&pin()), moment: moment(0) }, 100).unwrap()
}

/// Tag 9F36 of a request, which was then answered.
fn counter(pos: &mut Pos, card: &mut CardInHand) -> u16 {
    let request = sale(pos, card, Entry::Insert);
    let reply = pos.receive(&answer(&request, "00", "arpc")).unwrap();
    assert_eq!(reply.issuer_authentic, Some(true));
    let message = UNIONPAY_POS.decode(&request).unwrap();
    let value: [u8; 2] = message.tlv(55).unwrap().find(Tag(0x9F36)).unwrap().try_into().unwrap();
    u16::from_be_bytes(value)
}

#[test]
fn a_clone_has_the_data_and_a_stale_counter() {
    let mut pos = signed_in(settings());
    let mut real = card();
    assert_eq!([counter(&mut pos, &mut real), counter(&mut pos, &mut real)], [1, 2]);
    let mut clone = real.cloned_at(0);
    assert_eq!(counter(&mut pos, &mut clone), 1);
    assert_eq!(counter(&mut pos, &mut real), 3);
    real.chip.as_mut().unwrap().advance(7);
    assert_eq!(counter(&mut pos, &mut real), 11);
}

/// The chip's track is not the stripe's where the issuer gave it another verification value.
#[test]
fn the_chip_has_a_track_of_its_own() {
    let mut pos = signed_in(settings());
    let own = "6225880212345675=30122010000099900000";
    let mut card = card().with_chip_track2(own).unwrap();
    let track = |frame: &[u8]| UNIONPAY_POS.decode(frame).unwrap().text(35).unwrap().into_owned();
    let inserted = sale(&mut pos, &mut card, Entry::Insert);
    assert_eq!(track(&inserted), own.replace('=', "D"));
    pos.receive(&answer(&inserted, "51", "")).unwrap();
    let mut copy = card.stripe_copy(Some("101")).unwrap();
    let swiped = sale(&mut pos, &mut copy, Entry::Swipe);
    assert_eq!(track(&swiped), "6225880212345675D30121010000012300000");
    assert!(!UNIONPAY_POS.decode(&swiped).unwrap().has(55));
}

#[test]
fn a_signature_travels_with_its_slip() {
    let mut pos = signed_in(PosSettings { signature_route: SignatureRoute::Advice, ..settings() });
    let mut card = card();
    let request = sale(&mut pos, &mut card, Entry::Insert);
    let stan = pos.receive(&answer(&request, "00", "arpc")).unwrap().stan;
    pos.upload_signature(stan, &[0xAB, 0xCD], Parts::One).unwrap();
    let frame = pos.signature_due().unwrap().unwrap();
    let message = UNIONPAY_POS.decode(&frame).unwrap();
    assert_eq!(message.mti().to_string(), "0920");
    assert_eq!(message.text(15).unwrap(), "1122");
    assert_eq!(message.octets(62).unwrap().as_ref(), [0xAB, 0xCD]);
    let slip = message.tlv(55).unwrap();
    let check =
        |tag: u32, hex: &str| assert_eq!(slip.find(Tag(tag)), Some(bytes(hex).as_slice()), "{tag:04X}");
    // 街角小店 and 消费 in GBK.
    check(0xFF00, "BDD6BDC7D0A1B5EA");
    check(0xFF01, "CFFBB7D1");
    check(0xFF05, "3012");
    check(0xFF06, "20241122101112");
    check(0xFF09, "435550");
    check(0xFF22, "A000000333010102");
    check(0xFF26, "11223344");
    check(0xFF2A, "0001");
    check(0xFF2F, "01");
}

#[test]
fn settings_that_do_not_fit_are_named() {
    let check = |spoil: fn(&mut PosSettings), name: &'static str| {
        let mut settings = settings();
        spoil(&mut settings);
        assert_eq!(Pos::new(settings).err(), Some(PosError::Setting(name)));
    };
    check(|settings| settings.merchant.push('1'), "merchant");
    check(|settings| settings.terminal = "终端".to_owned(), "terminal");
    check(|settings| settings.operator.clear(), "operator");
    check(|settings| settings.currency = "CNY".to_owned(), "currency");
    check(|settings| settings.capability = 10, "capability");
    check(|settings| settings.tmk = toy::key(toy::MAK), "tmk");
    check(|settings| settings.batch = 0, "batch");
    check(|settings| settings.first_stan = 1_000_000, "first_stan");
    check(|settings| settings.dialect = &iso8583::ISO87_BINARY, "dialect");
}

/// STANs go round, and a terminal tells nothing of what it holds.
#[test]
fn numbers_wrap_and_debug_shows_no_card() {
    let mut pos = signed_in(PosSettings { first_stan: 999_998, ..settings() });
    let mut card = card();
    for stan in [999_999, 1] {
        let request = sale(&mut pos, &mut card, Entry::Insert);
        let shown = format!("{pos:?} {card:?} {:?}", pos.settings());
        assert_eq!(pos.receive(&answer(&request, "00", "")).unwrap().stan, stan);
        for text in [shown, format!("{pos:?} {:?}", pos.log())] {
            for secret in ["2123456", "212345675", toy::TMK, toy::MAK, "[98, 37", "30122010000"] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
    }
}
