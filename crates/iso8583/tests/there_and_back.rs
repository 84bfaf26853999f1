//! Whatever is built decodes to what was put in, and is built again to the same bytes, in every dialect.

mod known;

use iso8583::{Align, Builder, Class, Coding, Dialect, Field, Length, Mti, Tpdu, UNIONPAY_POS};
use known::{Dice, hex, unhex};

/// A text that the field takes.
fn text(field: &Field, dice: &mut Dice, dialect: &Dialect) -> String {
    let max = usize::from(field.length.max()).min(40);
    let units = match field.length {
        Length::Fixed(units) => usize::from(units),
        Length::Ll(_) | Length::Lll(_) | Length::Llll(_) => dice.up_to(max + 1),
    };
    let mut from = |characters: &[u8], count: usize| -> String {
        (0..count).map(|_| char::from(*dice.pick(characters))).collect()
    };
    let digits = b"0123456789";
    match field.class {
        Class::N if field.filler_shown && units % 2 == 1 => match field.align {
            Align::Left => from(digits, units) + "0",
            Align::Right => String::from("0") + &from(digits, units),
        },
        Class::N => from(digits, units),
        Class::A => from(b"abcXYZ ", units),
        Class::An => from(b"abcXYZ 0189", units),
        Class::Ans if field.coding == Coding::Gbk && units > 4 => {
            let ascii = from(b"aZ09 !~=-", units - 4);
            format!("商户{ascii}")
        }
        Class::Ans => from(b"aZ09 !~=-^\\[]{}|", units),
        Class::Z => {
            let mut separators = digits.to_vec();
            separators.push(dialect.track_separator() as u8);
            from(&separators, units)
        }
        Class::Xn if units == 0 => String::new(),
        Class::Xn => from(b"CD", 1) + &from(digits, units - 1),
        Class::B | Class::Tlv => {
            let nibbles = if field.coding == Coding::Hex { units / 2 * 2 } else { units * 2 };
            from(b"0123456789ABCDEF", nibbles)
        }
    }
}

#[test]
fn what_is_put_in_comes_out_in_every_dialect() {
    for seed in 1..=400 {
        let mut dice = Dice(seed);
        for dialect in Dialect::ALL {
            let fields: Vec<&Field> = dialect.fields().collect();
            let mti = Mti::from_packed(u16::from(dialect.version()) << 12 | 0x0200).expect("digits");
            let mut builder = Builder::new(dialect, mti);
            builder.tpdu(Tpdu([0x60, 0, 3, 0x12, 0x34]));
            let mut put = std::collections::BTreeMap::new();
            for _ in 0..=dice.up_to(25) {
                let field = *dice.pick(&fields);
                let text = text(field, &mut dice, dialect);
                builder
                    .put_text(field.number, &text)
                    .unwrap_or_else(|wrong| panic!("seed {seed} {} {wrong}: {text}", dialect.name()));
                put.insert(field.number, text);
            }
            let bytes = builder.finish().expect("a message that fits").to_vec();
            let message = dialect
                .decode(&bytes)
                .unwrap_or_else(|wrong| panic!("seed {seed} {} {wrong}: {}", dialect.name(), hex(&bytes)));
            assert_eq!(message.dialect().name(), dialect.name(), "seed {seed}");
            assert_eq!(message.mti(), mti);
            assert_eq!(message.numbers().collect::<Vec<_>>(), put.keys().copied().collect::<Vec<_>>());
            let mut again = Builder::new(dialect, message.mti());
            let mut echoed = Builder::new(dialect, message.mti());
            if let Some(tpdu) = message.tpdu() {
                again.tpdu(tpdu);
                echoed.tpdu(tpdu);
            }
            again.header(message.header()).expect("a header of that length");
            echoed.header(message.header()).expect("a header of that length");
            for (number, text) in &put {
                let shown = message.text(*number).expect("a field that was put");
                assert_eq!(&shown, text, "seed {seed} {} field {number}", dialect.name());
                again.put_text(*number, &shown).expect("what is shown can be put");
                echoed.echo(&message, *number).expect("what is there can be echoed");
            }
            assert_eq!(hex(again.finish().expect("fits")), hex(&bytes), "seed {seed} {}", dialect.name());
            assert_eq!(hex(echoed.finish().expect("fits")), hex(&bytes), "seed {seed} {}", dialect.name());
        }
    }
}

#[test]
fn short_texts_and_separators_are_taken_as_people_write_them() {
    let built = |number: u8, text: &str| {
        let mut builder = Builder::new(&UNIONPAY_POS, Mti::new(0x0200));
        builder.put_text(number, text).expect(text);
        let bytes = builder.finish().expect("fits").to_vec();
        hex(UNIONPAY_POS.decode(&bytes).expect("decodes").raw(number).expect("there"))
    };
    assert_eq!(built(22, "051"), "0510");
    assert_eq!(built(22, "0510"), "0510");
    assert_eq!(built(23, "001"), "0001");
    assert_eq!(built(23, "0001"), "0001");
    assert_eq!(built(35, "6225=301"), "6225D301");
    assert_eq!(built(35, "6225D30"), "6225D300");
    assert_eq!(built(41, "A1"), "4131202020202020");
    assert_eq!(built(59, "中A"), "D6D041");
    assert_eq!(built(55, "9f3602000a"), "9F3602000A");
    let mut builder = Builder::new(&UNIONPAY_POS, Mti::new(0x0200));
    builder.put_number(22, 51).expect("digits").put_number(2, 62).expect("digits");
    let bytes = builder.finish().expect("fits").to_vec();
    let message = UNIONPAY_POS.decode(&bytes).expect("decodes");
    assert_eq!(message.text(22).as_deref(), Some("0510"));
    assert_eq!(
        (message.number(22), message.digits(22).as_deref().map(String::from)),
        (Some(51), Some("051".into()))
    );
    assert_eq!(message.number(2), Some(62));
    assert_eq!(
        format!("{message:?} {:?}", message.digits(2)),
        "Message(unionpay-pos 0200 [2, 22]) Some(Digits(2))"
    );
}

#[test]
fn terminals_may_fill_an_odd_field_with_f() {
    let bytes =
        unhex("600003000060310000000002004000000020000000051234 5F07 1234 D30F".replace(' ', "").as_str());
    let message = UNIONPAY_POS.decode(&bytes).expect("F fills on the right");
    assert_eq!(message.text(2).as_deref(), Some("12345"));
    assert_eq!(message.text(35).as_deref(), Some("1234D30"));
}

#[test]
fn a_code_goes_last_and_covers_everything_before_it() {
    for dialect in Dialect::ALL {
        let mti = Mti::from_packed(u16::from(dialect.version()) << 12 | 0x0800).expect("digits");
        for upper in [false, true] {
            if upper && !dialect.is_wide() {
                continue;
            }
            let mut builder = Builder::new(dialect, mti);
            builder.put_number(7, 1_231_235_959).expect("n10");
            if upper {
                builder.put_number(100, 48_020_000).expect("n..11");
            }
            let mut covered = Vec::new();
            let bytes = builder
                .finish_with_mac(|input| {
                    covered = input.to_vec();
                    *b"MACMACMA"
                })
                .expect("fits")
                .to_vec();
            let message = dialect.decode(&bytes).expect("decodes");
            let number = if upper { 128 } else { 64 };
            assert_eq!(message.binary(number), Some(*b"MACMACMA"), "{}", dialect.name());
            assert_eq!(message.mac_input(), covered, "{}", dialect.name());
            let stripped = bytes.len() - message.raw(number).expect("there").len();
            assert!(bytes[..stripped].ends_with(&covered));
            // A code that was put before does not stay.
            let once_more = builder.finish_with_mac(|_| *b"MACMACMA").expect("fits").to_vec();
            assert_eq!(once_more, bytes);
        }
    }
}

/// Single fields as another implementation writes them (iso8583sim 1.6.0, presets bcd, ebcdic, ascii-hex and
/// ascii-binary, each a 0200 of one field).
#[test]
fn single_fields_are_written_as_elsewhere() {
    let check = |dialect: &str, number: u8, text: &str, known: &str| {
        let dialect = Dialect::by_name(dialect).expect("a dialect of that name");
        let mut builder = Builder::new(dialect, Mti::new(0x0200));
        builder.put_text(number, text).expect(text);
        assert_eq!(hex(builder.finish().expect("fits")), known, "{} {number}", dialect.name());
        let bytes = unhex(known);
        let message = dialect.decode(&bytes).expect(known);
        assert_eq!(message.text(number).as_deref(), Some(text), "{} {number}", dialect.name());
    };
    check("iso87-binary", 2, "622588021234567", "02004000000000000000150622588021234567");
    check("iso87-binary", 32, "1234567", "020000000001000000000701234567");
    check("iso87-binary", 35, "622588021234567=3012", "0200000000002000000020622588021234567D3012");
    check("iso87-binary", 35, "6225880212345675=3012", "020000000000200000002106225880212345675D3012");
    check("iso87-binary", 55, "9F2608AABBCCDDEEFF0011", "0200000000000000020000119F2608AABBCCDDEEFF0011");
    check("iso87-binary", 60, "0123", "02000000000000000010000430313233");
    check("iso87-binary", 66, "1", "02008000000000000000400000000000000001");
    check("iso87-binary", 70, "301", "0200800000000000000004000000000000000301");
    check("iso87-ebcdic", 2, "622588021234567", "F0F2F0F04000000000000000F1F5F6F2F2F5F8F8F0F2F1F2F3F4F5F6F7");
    check("iso87-ebcdic", 36, "12345=67", "F0F2F0F00000000010000000F0F0F8F1F2F3F4F57EF6F7");
    check("iso87-ebcdic", 37, "ABC000000001", "F0F2F0F00000000008000000C1C2C3F0F0F0F0F0F0F0F0F1");
    check("iso87-ebcdic", 48, "hello", "F0F2F0F00000000000010000F0F0F58885939396");
    check("iso87-ebcdic", 52, "0123456789ABCDEF", "F0F2F0F000000000000010000123456789ABCDEF");
    check(
        "iso87-ascii-hex",
        55,
        "9F2608AABBCCDDEEFF0011",
        "303230303030303030303030303030303032303030323239463236303841414242434344444545464630303131",
    );
    check("iso87-ascii", 128, "0123456789ABCDEF", "30323030800000000000000000000000000000010123456789ABCDEF");
}
