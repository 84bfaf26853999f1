//! The tables as people read them. `UPDATE_EXPECT=1` writes them anew; a change of a line is a change of the wire.

use std::fmt::Write;

use expect_test::expect_file;
use iso8583::{Coding, Dialect, Header};

fn table(dialect: &Dialect) -> String {
    let mut page = String::new();
    let mut line = |text: String| writeln!(page, "{text}").expect("a string takes everything");
    line(format!("dialect {}", dialect.name()));
    line(format!("version {}", dialect.version()));
    line(format!("tpdu {}", dialect.has_tpdu()));
    line(match dialect.header() {
        Header::None => "header none".into(),
        Header::UnionPay | Header::Cups => format!("header {} bytes", dialect.header().bytes()),
    });
    let coding = |coding: Coding| format!("{coding:?}").to_lowercase();
    line(format!("message type {}", coding(dialect.mti_coding())));
    let bits = if dialect.is_wide() { "64 or 128" } else { "64" };
    line(format!("bitmap {bits} bits, {}", coding(dialect.bitmap_coding())));
    line(format!("framing {:?}, tpdu {}", dialect.framing().length, dialect.framing().tpdu));
    for field in dialect.fields() {
        line(format!("{:>3}  {:<42}{field}", field.number, field.name));
    }
    page
}

#[test]
fn tables_are_as_written_down() {
    expect_file!["./tables/unionpay-pos.txt"].assert_eq(&table(&iso8583::UNIONPAY_POS));
    expect_file!["./tables/unionpay-pos-wide.txt"].assert_eq(&table(&iso8583::UNIONPAY_POS_WIDE));
    expect_file!["./tables/cups.txt"].assert_eq(&table(&iso8583::CUPS));
    expect_file!["./tables/iso87-ascii.txt"].assert_eq(&table(&iso8583::ISO87_ASCII));
    expect_file!["./tables/iso87-ascii-hex.txt"].assert_eq(&table(&iso8583::ISO87_ASCII_HEX));
    expect_file!["./tables/iso87-binary.txt"].assert_eq(&table(&iso8583::ISO87_BINARY));
    expect_file!["./tables/iso87-ebcdic.txt"].assert_eq(&table(&iso8583::ISO87_EBCDIC));
    expect_file!["./tables/iso93-ascii.txt"].assert_eq(&table(&iso8583::ISO93_ASCII));
    expect_file!["./tables/iso93-binary.txt"].assert_eq(&table(&iso8583::ISO93_BINARY));
    expect_file!["./tables/iso2003-binary.txt"].assert_eq(&table(&iso8583::ISO2003_BINARY));
}

#[test]
fn every_dialect_is_found_by_its_name_and_no_other() {
    for dialect in Dialect::ALL {
        assert!(std::ptr::eq(Dialect::by_name(dialect.name()).expect("its name"), dialect));
        assert!(dialect.fields().all(|field| dialect.field(field.number) == Some(field)));
        assert_eq!(dialect.field(65), None, "a third bitmap is not read");
        assert!([0, 1, 129, 255].iter().all(|number| dialect.field(*number).is_none()));
    }
    assert!(Dialect::by_name("ISO87-ASCII").is_none());
    assert!(Dialect::by_name("").is_none());
}
