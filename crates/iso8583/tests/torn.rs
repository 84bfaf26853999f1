//! Bytes that do not hold: cut, flipped, made up. Nothing panics; everything is named with its place.

mod known;

use iso8583::{Builder, Dialect, Malformed, Mask, Message, Mti, Part, UNIONPAY_POS, Why, describe};
use known::{Dice, frames::frames, hex, unhex};

/// Reads everything a message has, as its users do.
fn read_all(message: &Message<'_>) {
    let mut shown = String::new();
    describe(message, &mut shown, Mask::Ends).expect("a string takes everything");
    describe(message, &mut shown, Mask::Unmasked).expect("a string takes everything");
    for number in 0..=255 {
        let text = message.text(number);
        assert_eq!(text.is_some(), message.has(number));
        let mut into = [0; 4096];
        assert_eq!(message.copy_text(number, &mut into), text.as_deref());
        let digits = message.digits(number);
        let value = message.number(number);
        if let (Some(digits), Some(value)) = (&digits, value) {
            assert_eq!(digits.trim_start_matches('0'), value.to_string().trim_start_matches('0'));
        }
        assert!(message.raw(number).is_none_or(|raw| raw.len() <= message.bytes().len()));
        let _ = (message.binary::<8>(number), message.octets(number), message.tlv(number));
    }
    assert!(message.mac_input().len() <= message.bytes().len());
}

fn named(malformed: Malformed, length: usize) {
    assert!(malformed.offset <= length, "{malformed}");
    assert!(!malformed.to_string().is_empty());
}

#[test]
fn every_truncation_is_refused_with_its_place() {
    for (name, dialect, bytes) in frames() {
        for cut in 0..bytes.len() {
            let malformed = dialect.decode(&bytes[..cut]).expect_err(name);
            named(malformed, cut);
        }
        let longer = [&bytes[..], &[0x30]].concat();
        let malformed = dialect.decode(&longer).expect_err(name);
        assert_eq!(
            (malformed.field, malformed.offset, malformed.why),
            (Part::End, bytes.len(), Why::Trailing { bytes: 1 }),
            "{name}"
        );
    }
}

#[test]
fn every_flipped_bit_decodes_or_is_named() {
    for (_, dialect, bytes) in frames() {
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            match dialect.decode(&flipped) {
                Ok(message) => read_all(&message),
                Err(malformed) => named(malformed, flipped.len()),
            }
        }
    }
}

#[test]
fn bytes_made_up_never_panic() {
    let mut dice = Dice(0xD1CE);
    for round in 0..60_000 {
        let dialect = *dice.pick(&Dialect::ALL);
        let (_, _, mut bytes) = frames().nth(round % 7).expect("seven frames");
        // A good frame with some bytes made up, sometimes cut, sometimes read as something else.
        for _ in 0..=dice.up_to(6) {
            let at = dice.up_to(bytes.len());
            bytes[at] = dice.next() as u8;
        }
        if dice.up_to(3) == 0 {
            bytes.truncate(dice.up_to(bytes.len() + 1));
        }
        match dialect.decode_framed(&bytes) {
            Ok(message) => read_all(&message),
            Err(malformed) => named(malformed, bytes.len()),
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_part_and_place() {
    let sale = known::frames::FRAMES[4].2;
    let check = |from: &str, to: &str, said: &str| {
        let sale: String = sale.split_whitespace().collect();
        let changed = sale.replacen(from, to, 1);
        assert_ne!(changed, sale, "{from} is there to be changed");
        let malformed = UNIONPAY_POS.decode(&unhex(&changed)).expect_err(said);
        assert_eq!(malformed.to_string(), said);
    };
    check("0200702406", "02A0702406", "message type at byte 12: not a digit");
    check("0200702406", "1200702406", "message type at byte 11: of another version of the standard");
    check("702406C020C09A11", "F02406C020C09A11", "bitmap at byte 13: not defined in this dialect");
    check("702406C020C09A11", "712406C020C09A11", "field 8 at byte 13: not defined in this dialect");
    check("1662258802", "2062258802", "field 2 at byte 21: at most 19 allowed, 20 found");
    check("1662258802", "1A62258802", "field 2 at byte 21: not a digit");
    check("1662258802", "166225880A", "field 2 at byte 25: not a digit");
    check("000000012345000002", "00000001234F000002", "field 4 at byte 38: not a digit");
    check("0000012300000030", "0000012300000530", "field 35 at byte 69: the filler nibble is not the filler");
    check(
        "3030303030303031",
        "3030303030300031",
        "field 41 at byte 76: not text in the dialect's character set",
    );
    check("313536", "312D36", "field 49 at byte 94: not a character of the field's class");
    check("01349F26", "09999F26", "field 55 at byte 114: 999 bytes needed, 151 left");
    check("00142200000100", "00312200000100", "field 60 at byte 248: at most 30 allowed, 31 found");
}

#[test]
fn what_cannot_be_read_cannot_be_built() {
    let check = |number: u8, text: &str, offset, why| {
        let mut builder = Builder::new(&UNIONPAY_POS, Mti::new(0x0200));
        let malformed = builder.put_text(number, text).expect_err(text);
        assert_eq!(malformed, Malformed { field: Part::Field(number), offset, why }, "{number} {text}");
        assert!(!builder.has(number));
    };
    check(8, "1", 0, Why::NotDefined);
    check(65, "1", 0, Why::NotDefined);
    check(2, "62258802123456751234", 0, Why::TooLong { max: 19, found: 20 });
    check(2, "62258x", 5, Why::NotDigit);
    check(3, "12345", 0, Why::TooShort { min: 6, found: 5 });
    check(22, "05101", 0, Why::TooLong { max: 3, found: 5 });
    check(35, "6225=30x", 7, Why::NotInClass);
    check(39, "0-", 1, Why::NotInClass);
    check(41, "a\u{1}", 1, Why::NotText);
    check(41, "toolongid", 0, Why::TooLong { max: 8, found: 9 });
    check(52, "0123", 0, Why::TooShort { min: 8, found: 2 });
    check(52, "0123456789ABCDEG", 15, Why::NotHex);
    check(55, "9F2", 0, Why::LengthDiffers { stated: 3, found: 4 });
    check(59, "ok \u{1F600}", 3, Why::NotText);
    let mut builder = Builder::new(&UNIONPAY_POS, Mti::new(0x1200));
    assert_eq!(builder.finish().map_err(|malformed| malformed.why), Err(Why::Version));
    let mut builder = Builder::new(&UNIONPAY_POS, Mti::new(0x0200));
    assert_eq!(builder.put_number(41, 1).map_err(|malformed| malformed.why).err(), Some(Why::WrongKind));
    assert_eq!(builder.header(&[0; 5]).map_err(|malformed| malformed.field).err(), Some(Part::Header));
    assert!(hex(builder.finish().expect("an empty message")).ends_with("02000000000000000000"));
}
