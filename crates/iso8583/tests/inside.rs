//! The parts inside fields and header, both ways, and what is refused of them.

mod known;

use iso8583::cups::CupsHeader;
use iso8583::original::{OriginalData, OriginalElements, ReplacementAmounts, Sign};
use iso8583::unionpay::{De44, De53, De60, De61, De63, Side, Totals};
use iso8583::{Builder, CUPS, Malformed, Mti, Part, Why};

fn wrong(field: u8, offset: usize, why: Why) -> Malformed {
    Malformed { field: Part::Field(field), offset, why }
}

#[test]
fn field_60_is_read_as_far_as_it_goes() {
    let full = De60 {
        kind: 22,
        batch: 1,
        network: 3,
        capability: Some(6),
        chip: Some(1),
        partial: Some(0),
        account: Some(501),
    };
    for (digits, parsed) in [
        ("22000001003", De60 { capability: None, chip: None, partial: None, account: None, ..full }),
        ("220000010036", De60 { chip: None, partial: None, account: None, ..full }),
        ("22000001003610", De60 { account: None, ..full }),
        ("22000001003610501", full),
    ] {
        assert_eq!(De60::parse(digits), Ok(parsed), "{digits}");
        assert_eq!(&*parsed.digits().expect("fits"), digits);
    }
    assert_eq!(De60::parse("22000001"), Err(wrong(60, 8, Why::Short { need: 3, have: 0 })));
    assert_eq!(De60::parse("2200000100361050"), Err(wrong(60, 14, Why::Short { need: 3, have: 2 })));
    assert_eq!(De60::parse("220000010036105011"), Err(wrong(60, 17, Why::Trailing { bytes: 1 })));
    assert_eq!(De60::parse("2200000x003"), Err(wrong(60, 7, Why::NotDigit)));
    assert_eq!(De60::parse("22商0001003").map_err(|malformed| malformed.field), Err(Part::Field(60)));
    let too_long = De60 { batch: 1_000_000, ..full };
    assert_eq!(too_long.digits().map(|_| ()), Err(wrong(60, 2, Why::TooLong { max: 6, found: 7 })));
}

#[test]
fn fields_61_53_48_44_and_63_go_both_ways() {
    let original = De61 { batch: 1, stan: 42, date: Some(1231), authorized_by: None, authorizer: None };
    assert_eq!(De61::parse("0000010000421231"), Ok(original));
    assert_eq!(&*original.digits().expect("fits"), "0000010000421231");
    let full = De61 { authorized_by: Some(1), authorizer: Some(48_020_000), ..original };
    assert_eq!(De61::parse("00000100004212310100048020000"), Ok(full));
    assert_eq!(&*full.digits().expect("fits"), "00000100004212310100048020000");
    assert_eq!(De61::parse("00000100004"), Err(wrong(61, 6, Why::Short { need: 6, have: 5 })));

    let keys = De53 { pin_format: 2, algorithm: 6, track: 1 };
    assert_eq!(De53::parse("2610000000000000"), Ok(keys));
    assert_eq!(&*keys.digits().expect("fits"), "2610000000000000");
    assert_eq!(De53::parse("261"), Err(wrong(53, 3, Why::Short { need: 13, have: 0 })));

    let totals = Totals {
        domestic: Side { debits: 12_345, debit_count: 3, credits: 100, credit_count: 1, result: 1 },
        foreign: Side { result: 2, ..Side::default() },
    };
    let digits = "00000001234500300000000010000110000000000000000000000000000002";
    assert_eq!(digits.len(), 62);
    assert_eq!(Totals::parse(digits), Ok(totals));
    assert_eq!(&*totals.digits().expect("fits"), digits);
    assert_eq!(Totals::parse(&digits[1..]), Err(wrong(48, 61, Why::Short { need: 1, have: 0 })));

    let ends = De44 { issuer: "01020000", acquirer: "48020000" };
    assert_eq!(ends.text(), "01020000   48020000   ");
    assert_eq!(De44::parse(&ends.text()), Ok(ends));
    assert_eq!(De63::parse("CUP您好"), Ok(De63 { first: "CUP", text: "您好" }));
    assert_eq!(De63::parse("01"), Err(wrong(63, 0, Why::Short { need: 3, have: 2 })));
}

#[test]
fn hosts_name_the_message_they_mean() {
    let original = OriginalData {
        mti: Mti::new(0x0200),
        stan: 123,
        transmitted: 1_122_101_112,
        acquirer: 48_020_000,
        forwarder: 0,
    };
    let digits = "020000012311221011120004802000000000000000";
    assert_eq!(OriginalData::parse(digits), Ok(original));
    assert_eq!(&*original.digits().expect("fits"), digits);
    assert_eq!(OriginalData::parse(&digits[..41]), Err(wrong(90, 31, Why::Short { need: 11, have: 10 })));
    assert_eq!(OriginalData::parse("02x0"), Err(wrong(90, 2, Why::NotDigit)));

    let elements = OriginalElements {
        mti: Mti::new(0x1200),
        stan: 123,
        local: 251_231_235_959,
        acquirer: Some(48_020_000),
        acquirer_digits: 8,
    };
    let digits = "12000001232512312359590848020000";
    assert_eq!(OriginalElements::parse(digits), Ok(elements));
    assert_eq!(&*elements.digits().expect("fits"), digits);
    assert!(OriginalElements::parse(&digits[..22]).expect("no acquirer").acquirer.is_none());
    let long = digits.replace("0848020000", "12480200001234");
    assert_eq!(OriginalElements::parse(&long), Err(wrong(56, 24, Why::TooLong { max: 11, found: 12 })));

    let amounts = ReplacementAmounts {
        transaction: 5_000,
        settlement: 0,
        transaction_fee: Some((Sign::Debit, 25)),
        settlement_fee: None,
    };
    let text = "000000005000000000000000D00000025000000000";
    assert_eq!(ReplacementAmounts::parse(text), Ok(amounts));
    assert_eq!(amounts.text().expect("fits"), text);
    assert_eq!(ReplacementAmounts::parse(&text.replace('D', "X")), Err(wrong(95, 24, Why::NotSign)));
    let over = ReplacementAmounts { transaction_fee: Some((Sign::Credit, 100_000_000)), ..amounts };
    assert_eq!(over.text(), Err(wrong(95, 24, Why::TooLong { max: 8, found: 9 })));
}

#[test]
fn the_header_of_the_centre_goes_both_ways_and_is_checked() {
    let header = CupsHeader {
        destination: *b"00010344   ",
        source: *b"48020000   ",
        batch: 7,
        information: *b"12345678",
        user: 1,
        reserved: [0, 0, 1],
        ..CupsHeader::default()
    };
    assert_eq!(CupsHeader::decode(&header.encode()), Ok(header));
    let mut builder = Builder::new(&CUPS, Mti::new(0x0100));
    builder.header(&header.encode()).expect("46 bytes").put_text(2, "6225880212345675").expect("digits");
    builder.put_text(100, "48020000").expect("digits");
    let bytes = builder.finish().expect("fits").to_vec();
    let message = CUPS.decode(&bytes).expect("decodes");
    let read = CupsHeader::decode(message.header()).expect("a header");
    assert_eq!(read, CupsHeader { total: bytes.len() as u16, ..header });
    let mut reply = Builder::reply_to(&message, Mti::new(0x0110));
    let reply = reply.finish().expect("fits").to_vec();
    let turned = CupsHeader::decode(CUPS.decode(&reply).expect("decodes").header()).expect("a header");
    assert_eq!((turned.destination, turned.source), (header.source, header.destination));
    assert_eq!(turned, CupsHeader { total: reply.len() as u16, ..header.swapped() });

    let check = |at: usize, byte: u8, offset: usize, why: Why| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        assert_eq!(CUPS.decode(&bytes).map(|_| ()), Err(Malformed { field: Part::Header, offset, why }));
    };
    check(0, 45, 0, Why::NotConstant);
    check(3, b'x', 3, Why::NotDigit);
    check(2, b'9', 2, Why::LengthDiffers { stated: 9000 + bytes.len(), found: bytes.len() });
    check(45, b' ', 45, Why::NotDigit);
}

#[test]
fn message_types_know_their_answers() {
    let check = |packed: u16, answer: Option<u16>| {
        assert_eq!(Mti::new(packed).response().map(Mti::packed), answer, "{packed:04X}");
    };
    check(0x0200, Some(0x0210));
    check(0x0201, Some(0x0210));
    check(0x0421, Some(0x0430));
    check(0x0820, Some(0x0830));
    check(0x1204, Some(0x1214));
    check(0x0210, None);
    check(0x0430, None);
    check(0x0240, None);
    assert!(Mti::new(0x0401).is_repeat() && !Mti::new(0x0400).is_repeat());
    assert_eq!(Mti::from_packed(0x02A0), None);
    assert_eq!(Mti::parse("02x0").map_err(|malformed| malformed.offset), Err(2));
    assert!(Mti::parse("020").is_err());
}
