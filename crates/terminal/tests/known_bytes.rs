//! Bytes made by another implementation (pyiso8583 4.0.1 with a specification of the UnionPay layout), made again here.
//!
//! What differs on each run or key, a cryptogram, a PIN block, a MAC, is replaced before the comparison, and only that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod toy;

use iso8583::tlv::{self, Tag};
use iso8583::{Builder, Tpdu, UNIONPAY_POS, UNIONPAY_POS_WIDE};
use terminal::{Entry, KeySet, Pos, PosSettings, Tender};
use toy::{bytes, card, hex, key, moment, pin, settings};

const SIGN_IN: &str = "003E600003000060310000000008000020000000C0001200000130303030303030313839383531303135343131\
    30323833000011000000010030000003303120";

const PURCHASE: &str = "600003000060310000000002007024\
    06C020C09A1100166225880212345675000000000000012345000002301205100001000600376225880212345675D301220100000123000000\
    30303030303030313839383531303135343131303238333135360123456789ABCDEF26000000000000000001349F2608AABBCCDDEEFF00119F\
    2701809F100807010103A02002019F3704112233449F36020001950500800480009A032411229C01009F02060000000123455F2A0201568202\
    7C009F1A0201569F03060000000000009F3303E0E1C89F34034203009F3501229F1E0830303030303030318408A0000003330101029F090200\
    209F410400000002000014220000010005004134423243314430";

fn vector_settings() -> PosSettings {
    // The two frames write a byte for each digit of a length.
    PosSettings { capability: 5, dialect: &UNIONPAY_POS_WIDE, ..settings() }
}

#[test]
fn the_sign_in_is_the_known_one() {
    let mut pos = Pos::new(vector_settings()).unwrap();
    let frame = pos.sign_in(KeySet::Double).unwrap();
    assert_eq!(hex(&Pos::framed(&frame)), hex(&bytes(SIGN_IN)));
}

#[test]
fn the_purchase_is_the_known_one() {
    let mut pos = toy::signed_in(vector_settings());
    let mut card = card();
    card.chip.as_mut().unwrap().verification_results = [0x03, 0xA0, 0x20, 0x02];
    let tender = Tender { card: &mut card, entry: Entry::Insert, pin: Some(&pin()), moment: moment(0) };
    let frame = pos.sale(tender, 12_345).unwrap();
    assert!(toy::mac_holds(&frame));

    let made = UNIONPAY_POS_WIDE.decode(&frame).unwrap();
    let mut builder = Builder::new(&UNIONPAY_POS_WIDE, made.mti());
    builder.tpdu(Tpdu(pos.settings().tpdu)).header(&pos.settings().header).unwrap();
    for number in made.numbers() {
        builder.echo(&made, number).unwrap();
    }
    let mut chip = Vec::new();
    for element in made.tlv(55).unwrap() {
        let element = element.unwrap();
        let cryptogram = bytes("AABBCCDDEEFF0011");
        let value = if element.tag == Tag(0x9F26) { &cryptogram } else { element.value };
        tlv::write(element.tag, value, &mut chip);
    }
    builder.put_bytes(55, &chip).unwrap();
    builder.put_bytes(52, &bytes("0123456789ABCDEF")).unwrap();
    builder.put_bytes(64, b"A4B2C1D0").unwrap();
    assert_eq!(hex(builder.finish().unwrap()), hex(&bytes(PURCHASE)));
}

/// The PIN block is format 0 under the PIK, and under a single-length one with a single-length key.
#[test]
fn the_pin_travels_in_its_block() {
    use cardcrypto::Pan;
    use cardcrypto::cipher::{BlockCipher, Tdes};
    use cardcrypto::pin_block::{PinBlock, PinFormat};
    let check = |settings: PosSettings, format: PinFormat, security: &str| {
        let mut pos = toy::signed_in(settings);
        let mut card = card();
        let tender = Tender { card: &mut card, entry: Entry::Tap, pin: Some(&pin()), moment: moment(0) };
        let frame = pos.sale(tender, 1).unwrap();
        let made = UNIONPAY_POS.decode(&frame).unwrap();
        let pik = Tdes::new(&key("0123456789ABCDEFFEDCBA9876543210"));
        let clear = PinBlock::new(pik.decrypt(made.binary(52).unwrap()));
        assert!(clear.decode(format, &Pan::parse(toy::PAN).unwrap()).unwrap() == pin());
        assert_eq!(made.text(53).unwrap(), security);
    };
    check(settings(), PinFormat::Iso0, "2600000000000000");
    let without =
        PosSettings { pin_form: terminal::PinForm::WithoutPan, tracks_encrypted: true, ..settings() };
    check(without, PinFormat::UnionPayNoPan, "1610000000000000");
}

/// An encrypted track is the known one, and its length stays that of the clear one.
#[test]
fn the_track_travels_encrypted() {
    let mut pos = toy::signed_in(PosSettings { tracks_encrypted: true, ..settings() });
    let mut card = card();
    let tender = Tender { card: &mut card, entry: Entry::Insert, pin: None, moment: moment(0) };
    let frame = pos.sale(tender, 1).unwrap();
    let made = UNIONPAY_POS.decode(&frame).unwrap();
    assert_eq!(made.text(35).unwrap(), "6225880212345675D30131478A6EBB0E28E70");
    assert_eq!(made.text(53).unwrap(), "0610000000000000");
}
