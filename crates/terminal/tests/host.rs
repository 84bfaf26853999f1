//! The virtual host in every packing of ISO 8583:1987: sale, repeats, reversal by DE90, echo.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod toy;

use std::fmt::Write as _;

use cardcrypto::Pan;
use expect_test::{Expect, expect};
use iso8583::{Builder, Dialect, ISO87_ASCII, ISO87_ASCII_HEX, ISO87_BINARY, ISO87_EBCDIC, ISO93_ASCII, Mti};
use terminal::{HostCard, HostPeer, HostSettings, PosError};
use toy::moment;

fn settings(dialect: &'static Dialect) -> HostSettings {
    HostSettings {
        dialect,
        acquirer: "48020000".to_owned(),
        terminal: "00000001".to_owned(),
        merchant: "898510154110283".to_owned(),
        category: "5411".to_owned(),
        currency: "156".to_owned(),
        first_stan: 999_999,
    }
}

fn card() -> HostCard {
    HostCard { pan: Pan::parse(toy::PAN).unwrap(), expiry: "3012".to_owned() }
}

/// What a request says.
fn said(dialect: &'static Dialect, frame: &[u8]) -> String {
    let message = dialect.decode(frame).unwrap();
    let mut said = message.mti().to_string();
    for number in message.numbers() {
        write!(said, " {number}={}", message.text(number).unwrap()).unwrap();
    }
    said
}

/// An answer that says the same, and a code.
fn answered(dialect: &'static Dialect, frame: &[u8], code: &str) -> Vec<u8> {
    let asked = dialect.decode(frame).unwrap();
    let mti = Mti::from_packed((asked.mti().packed() & 0xFFFE) + 0x10).unwrap();
    let mut reply = Builder::reply_to(&asked, mti);
    for number in asked.numbers().filter(|number| ![14, 18, 22, 39, 90].contains(number)) {
        reply.echo(&asked, number).unwrap();
    }
    reply.put_text(39, code).unwrap();
    if code == "00" && asked.has(2) {
        reply.put_text(38, "A00001").unwrap();
    }
    reply.finish().unwrap().to_vec()
}

fn check(dialect: &'static Dialect) -> String {
    let mut host = HostPeer::new(settings(dialect)).unwrap();
    let mut heard = String::new();
    let mut turn = |name: &str, host: &HostPeer, frame: &[u8], code: &str| {
        let reply = host.receive(&answered(dialect, frame, code)).unwrap();
        writeln!(heard, "{name}: {}", said(dialect, frame)).unwrap();
        writeln!(heard, "  -> {} {} {:?}", reply.mti, reply.code, reply.approval).unwrap();
    };
    let (sale, stan) = host.sale(&card(), 12_345, moment(0).at).unwrap();
    turn("sale", &host, &sale, "00");
    assert_eq!(host.resend(stan).unwrap(), sale);
    let repeat = host.repeat(stan).unwrap();
    turn("repeat", &host, &repeat, "00");
    let (reversal, second) = host.reverse(stan, moment(30).at).unwrap();
    turn("reversal", &host, &reversal, "00");
    let again = host.repeat(second).unwrap();
    turn("reversal again", &host, &again, "00");
    let (echo, _) = host.echo(moment(40).at).unwrap();
    turn("echo", &host, &echo, "00");

    let wrong = answered(dialect, &sale, "00");
    let mut other = Builder::reply_to(&dialect.decode(&wrong).unwrap(), Mti::new(0x0210));
    for number in dialect.decode(&wrong).unwrap().numbers() {
        other.echo(&dialect.decode(&wrong).unwrap(), number).unwrap();
    }
    other.put_number(4, 1).unwrap();
    assert_eq!(host.receive(other.finish().unwrap()).err(), Some(PosError::Contradicts(4)));
    other.put_number(4, 12_345).unwrap().put_text(41, "00000002").unwrap();
    assert_eq!(host.receive(other.finish().unwrap()).err(), Some(PosError::NotMine(41)));
    other.put_number(11, 77).unwrap();
    assert_eq!(host.receive(other.finish().unwrap()).err(), Some(PosError::NotMine(11)));
    assert_eq!(host.reverse(77, moment(0).at).err(), Some(PosError::NoSuchOriginal));
    heard
}

#[test]
fn every_packing_says_the_same() {
    let script: Expect = expect![[r#"
        sale: 0200 2=6225880212345675 3=000000 4=000000012345 7=1122101100 11=999999 12=101100 13=1122 14=3012 18=5411 22=012 25=00 32=48020000 37=112210999999 41=00000001 42=898510154110283 49=156
          -> 0210 00 Some("A00001")
        repeat: 0201 2=6225880212345675 3=000000 4=000000012345 7=1122101100 11=999999 12=101100 13=1122 14=3012 18=5411 22=012 25=00 32=48020000 37=112210999999 41=00000001 42=898510154110283 49=156
          -> 0210 00 Some("A00001")
        reversal: 0420 2=6225880212345675 3=000000 4=000000012345 7=1122101130 11=000001 12=101100 13=1122 14=3012 18=5411 22=012 25=00 32=48020000 37=112210999999 39=68 41=00000001 42=898510154110283 49=156 90=020099999911221011000004802000000000000000
          -> 0430 00 Some("A00001")
        reversal again: 0421 2=6225880212345675 3=000000 4=000000012345 7=1122101130 11=000001 12=101100 13=1122 14=3012 18=5411 22=012 25=00 32=48020000 37=112210999999 39=68 41=00000001 42=898510154110283 49=156 90=020099999911221011000004802000000000000000
          -> 0430 00 Some("A00001")
        echo: 0800 7=1122101140 11=000002 70=301
          -> 0810 00 None
    "#]];
    let first = check(&ISO87_ASCII);
    script.assert_eq(&first);
    for dialect in [&ISO87_ASCII_HEX, &ISO87_EBCDIC, &ISO87_BINARY] {
        assert_eq!(check(dialect), first, "{}", dialect.name());
    }
    let other = HostPeer::new(settings(&ISO93_ASCII));
    assert_eq!(other.err(), Some(PosError::Setting("dialect")));
}
