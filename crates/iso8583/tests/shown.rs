//! What people are shown: everything where they ask for it, and nothing that must not be seen where they do not.

mod known;

use expect_test::{Expect, expect};
use iso8583::tlv::{Tag, write};
use iso8583::{Builder, CUPS, Dialect, ISO87_ASCII, Mask, Mti, UNIONPAY_POS, describe};
use known::frames::frames;

fn check(bytes: &[u8], dialect: &'static Dialect, mask: Mask, shown: Expect) {
    let message = dialect.decode(bytes).expect("decodes");
    let mut page = String::new();
    describe(&message, &mut page, mask).expect("a string takes everything");
    shown.assert_eq(&page);
}

fn sale() -> Vec<u8> {
    frames().nth(4).expect("a sale").2
}

#[test]
fn a_sale_is_masked_by_the_table() {
    check(
        &sale(),
        &UNIONPAY_POS,
        Mask::Ends,
        expect![[r#"
        dialect  unionpay-pos
        tpdu     6000030000
        header   603100000000
        mti      0200
        bitmap   702406C020C09A11
           2  primary account number                    622588******5675
           3  processing code                           000000
           4  amount, transaction                       000000012345
          11  system trace audit number                 000002
          14  date, expiration                          3012
          22  point of service entry mode               0510
          23  card sequence number                      0001
          25  point of service condition code           00
          26  point of service PIN capture code         06
          35  track 2 data                              622588******5675*********************
          41  card acceptor terminal identification     00000001
          42  card acceptor identification code         898510154110283
          49  currency code, transaction                156
          52  personal identification number data       ****************
          53  security related control information      2600000000000000
          55  integrated circuit card data              9F2608AABBCCDDEEFF00119F2701809F100807010103A02002019F3704112233449F36020001950500800480009A032411229C01009F02060000000123455F2A02015682027C009F1A0201569F03060000000000009F3303E0E1C89F34034203009F3501229F1E0830303030303030318408A0000003330101029F090200209F410400000002
              9F26    application cryptogram              AABBCCDDEEFF0011
              9F27    cryptogram information data         80
              9F10    issuer application data             07010103A0200201
              9F37    unpredictable number                11223344
              9F36    application transaction counter     0001
              95      terminal verification results       0080048000
              9A      transaction date                    241122
              9C      transaction type                    00
              9F02    amount, authorized                  000000012345
              5F2A    transaction currency code           0156
              82      application interchange profile     7C00
              9F1A    terminal country code               0156
              9F03    amount, other                       000000000000
              9F33    terminal capabilities               E0E1C8
              9F34    cardholder verification results     420300
              9F35    terminal type                       22
              9F1E    interface device serial number      3030303030303031
              84      dedicated file name                 A000000333010102
              9F09    application version, terminal       0020
              9F41    transaction sequence counter        00000002
          60  transaction type, batch and terminal      22000001000500
          64  message authentication code               4134423243314430
    "#]],
    );
}

#[test]
fn a_sale_is_shown_whole_to_those_who_ask() {
    check(
        &sale(),
        &UNIONPAY_POS,
        Mask::Unmasked,
        expect![[r#"
        dialect  unionpay-pos
        tpdu     6000030000
        header   603100000000
        mti      0200
        bitmap   702406C020C09A11
           2  primary account number                    6225880212345675
           3  processing code                           000000
           4  amount, transaction                       000000012345
          11  system trace audit number                 000002
          14  date, expiration                          3012
          22  point of service entry mode               0510
          23  card sequence number                      0001
          25  point of service condition code           00
          26  point of service PIN capture code         06
          35  track 2 data                              6225880212345675D30122010000012300000
          41  card acceptor terminal identification     00000001
          42  card acceptor identification code         898510154110283
          49  currency code, transaction                156
          52  personal identification number data       0123456789ABCDEF
          53  security related control information      2600000000000000
          55  integrated circuit card data              9F2608AABBCCDDEEFF00119F2701809F100807010103A02002019F3704112233449F36020001950500800480009A032411229C01009F02060000000123455F2A02015682027C009F1A0201569F03060000000000009F3303E0E1C89F34034203009F3501229F1E0830303030303030318408A0000003330101029F090200209F410400000002
              9F26    application cryptogram              AABBCCDDEEFF0011
              9F27    cryptogram information data         80
              9F10    issuer application data             07010103A0200201
              9F37    unpredictable number                11223344
              9F36    application transaction counter     0001
              95      terminal verification results       0080048000
              9A      transaction date                    241122
              9C      transaction type                    00
              9F02    amount, authorized                  000000012345
              5F2A    transaction currency code           0156
              82      application interchange profile     7C00
              9F1A    terminal country code               0156
              9F03    amount, other                       000000000000
              9F33    terminal capabilities               E0E1C8
              9F34    cardholder verification results     420300
              9F35    terminal type                       22
              9F1E    interface device serial number      3030303030303031
              84      dedicated file name                 A000000333010102
              9F09    application version, terminal       0020
              9F41    transaction sequence counter        00000002
          60  transaction type, batch and terminal      22000001000500
          64  message authentication code               4134423243314430
    "#]],
    );
}

#[test]
fn chip_data_shows_tags_and_hides_what_tells_of_the_card() {
    let mut chip = Vec::new();
    for (tag, value) in [
        (0x5A, &[0x62, 0x25, 0x88, 0x02, 0x12, 0x34, 0x56, 0x75][..]),
        (0x57, &[0x62, 0x25, 0x88, 0x02, 0x12, 0x34, 0x56, 0x75, 0xD3, 0x01, 0x22]),
        (0x5F20, b"WEI/LI"),
        (0x9F26, &[0xAA; 8]),
        (0x9F61, b"110101199003070000"),
        (0xDF_8102, &[0x55; 3]),
        (0x70, &[0x5A, 0x03, 0x62, 0x25, 0x88, 0x95, 0x01, 0x80]),
    ] {
        write(Tag(tag), value, &mut chip);
    }
    let mut builder = Builder::new(&UNIONPAY_POS, Mti::new(0x0200));
    builder.put_bytes(55, &chip).expect("bytes");
    let bytes = builder.finish().expect("fits").to_vec();
    check(
        &bytes,
        &UNIONPAY_POS,
        Mask::Ends,
        expect![[r#"
        dialect  unionpay-pos
        tpdu     6000000000
        header   603100000000
        mti      0200
        bitmap   0000000000000200
          55  integrated circuit card data              5A08622588******5675570B**********************5F2006************9F2608AAAAAAAAAAAAAAAA9F6112************************************DF810203******70085A03******950180
              5A      primary account number              622588******5675
              57      track 2 equivalent data             **********************
              5F20    cardholder name                     ************
              9F26    application cryptogram              AAAAAAAAAAAAAAAA
              9F61    holder's document number            ************************************
              DF8102                                      ******
              70      record template
                5A      primary account number              ******
                95      terminal verification results       80
    "#]],
    );
    let message = UNIONPAY_POS.decode(&bytes).expect("decodes");
    let masked: Vec<_> = message.entries().map(|entry| entry.masked().into_owned()).collect();
    expect!["5A08622588******5675570B**********************5F2006************9F2608AAAAAAAAAAAAAAAA9F6112************************************DF810203******70085A03******950180"].assert_eq(&masked.join("\n"));

    // What does not hold is hidden whole.
    builder.put_bytes(55, &chip[..20]).expect("bytes");
    let bytes = builder.finish().expect("fits").to_vec();
    check(
        &bytes,
        &UNIONPAY_POS,
        Mask::Ends,
        expect![[r#"
        dialect  unionpay-pos
        tpdu     6000000000
        header   603100000000
        mti      0200
        bitmap   0000000000000200
          55  integrated circuit card data              ****************************************
              5A      primary account number              622588******5675
              TLV element at byte 12: 11 bytes needed, 8 left
    "#]],
    );
}

#[test]
fn pay_codes_and_card_numbers_are_hidden_in_free_text() {
    let check = |number: u8, text: &str, masked: &str| {
        let mut builder = Builder::new(&ISO87_ASCII, Mti::new(0x0200));
        builder.put_text(number, text).expect(text);
        let bytes = builder.finish().expect("fits").to_vec();
        let message = ISO87_ASCII.decode(&bytes).expect("decodes");
        let entry = message.entries().next().expect("a field");
        assert_eq!(entry.text(), text);
        assert_eq!(entry.masked(), masked);
        assert_eq!(entry.shown(Mask::Unmasked), text);
    };
    check(62, "A3018134567890123456789 ok", "A********************** ok");
    check(59, "code 6225880212345675.", "code ****************.");
    check(63, "ref 123456789012", "ref 123456789012");
    check(2, "6225880212345675", "622588******5675");
    check(2, "622588021234", "************");
    check(2, "6225880212345", "622588***2345");
    check(35, "6225880212345675=30122010000012300000", "622588******5675*********************");
    check(35, "6225880212345675", "****************");
    check(36, "=6225880212345675", "*****************");
    check(45, "B6225880212345675^WEI/LI^3012", &"*".repeat(29));
    check(52, "0123456789ABCDEF", &"*".repeat(16));
    check(102, "6222021234567890123", "622202*********0123");
    check(41, "00000001", "00000001");
    check(64, "0123456789ABCDEF", "0123456789ABCDEF");
}

/// Whatever stands in a message, its card number is nowhere in what people are shown unasked.
#[test]
fn a_card_number_is_seen_nowhere_unasked() {
    const CARD: &str = "6225880212345675";
    for dialect in Dialect::ALL {
        let mti = Mti::from_packed(u16::from(dialect.version()) << 12 | 0x0200).expect("digits");
        let mut builder = Builder::new(dialect, mti);
        let mut put = 0;
        for number in [2, 34, 35, 36, 44, 45, 46, 47, 48, 55, 57, 58, 59, 61, 62, 63, 102, 103, 104, 120] {
            let Some(field) = dialect.field(number) else { continue };
            if matches!((dialect.name(), number), ("unionpay-pos" | "unionpay-pos-wide", 61)) {
                // Groups of batch and trace numbers, which hold no card number.
                continue;
            }
            let text = match number {
                35 | 36 => format!("{CARD}=3012"),
                55 => format!("5A08{CARD}"),
                _ => CARD.to_owned(),
            };
            if builder.put_text(number, &text).is_ok() {
                assert!(field.length.max() > 0);
                put += 1;
            }
        }
        assert!(put >= 10, "{}", dialect.name());
        let bytes = builder.finish().expect("fits").to_vec();
        let message = dialect.decode(&bytes).expect("decodes");
        let mut page = String::new();
        describe(&message, &mut page, Mask::Ends).expect("a string takes everything");
        for entry in message.entries() {
            page.push_str(&entry.masked());
        }
        page.push_str(&format!("{message:?} {builder:?} {:?}", message.entries().collect::<Vec<_>>()));
        for seen in [CARD, "36323235383830323132333435363735"] {
            assert!(!page.contains(seen), "{}: {page}", dialect.name());
        }
    }
    assert_eq!(CUPS.name(), "cups");
}
