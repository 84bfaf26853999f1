//! What other hosts ask and hear.

use crate::world::{MORNING, World, ZAK, card};
use cardcrypto::cipher::Tdes;
use cardcrypto::key::TdesKey;
use cardcrypto::mac::{Padding, retail_mac};
use expect_test::{Expect, expect};
use gateway::{HostMac, HostProfile, LinkId, LinkKind};
use iso8583::original::{OriginalData, ReplacementAmounts};
use iso8583::{Builder, Dialect, Framing, ISO87_BINARY, LengthPrefix, Mti, TPDU_BYTES};
use machine::time::Timestamp;
use std::fmt::Write;

const HOST: LinkId = LinkId(70);

struct Peer {
    dialect: &'static Dialect,
    framing: Framing,
    mac: bool,
    last: (Vec<u8>, Vec<u8>),
}

impl Peer {
    fn code(&self, data: &[u8]) -> [u8; 8] {
        retail_mac(&Tdes::new(&TdesKey::new(&ZAK).unwrap()), Padding::Zeros, data)
    }

    fn frame(&self, message: &[u8]) -> Vec<u8> {
        let address = [0x60, 0x12, 0x34, 0x56, 0x78];
        let mut framed = Vec::new();
        let addressed = [&address[..], message].concat();
        self.framing.frame(if self.framing.tpdu { &addressed } else { message }, &mut framed).unwrap();
        framed
    }

    /// `0200 A 12.34 stan 5 90=0200:4`: message type, card, amount, STAN, then fields. Of DE90 the type and STAN of
    /// the original are said, of DE95 the amount that remains.
    fn request(&self, words: &[&str]) -> Vec<u8> {
        let mti = Mti::parse(words[0]).unwrap();
        let mut builder = Builder::new(self.dialect, mti);
        let mut put = |number: u8, text: &str| {
            builder.put_text(number, text).unwrap_or_else(|why| panic!("{number} {text}: {why}"));
        };
        let stan = words.iter().position(|word| *word == "stan").map_or("1", |at| words[at + 1]);
        put(7, "1122020000");
        put(11, &format!("{stan:0>6}"));
        if mti.class() != 8 {
            put(3, "000000");
            put(12, "100000");
            put(13, "1122");
            put(18, "5411");
            put(22, "012");
            put(25, "00");
            put(32, "48020000");
            put(37, &format!("1122100000{stan:0>2}"));
            put(41, "00000077");
            put(42, "ELSEWHERE");
            put(49, "156");
        }
        if let Some(name) = words.get(1).filter(|word| ["A", "B", "C"].contains(word)) {
            put(2, card(name).pan);
            put(14, "3012");
            let (yuan, fen) = words[2].split_once('.').unwrap();
            put(4, &format!("{:0>10}{fen}", yuan));
        }
        let mut removed = Vec::new();
        for word in &words[1..] {
            let Some((number, value)) = word.split_once('=') else { continue };
            let number: u8 = number.parse().unwrap();
            match (number, value) {
                (_, "-") => removed.push(number),
                (90, value) => {
                    let (mti, stan) = value.split_once(':').unwrap();
                    let original = OriginalData {
                        mti: Mti::parse(mti).unwrap(),
                        stan: stan.parse().unwrap(),
                        transmitted: 1_122_020_000,
                        acquirer: 48_020_000,
                        forwarder: 0,
                    };
                    put(90, &original.digits().unwrap());
                }
                (95, value) => {
                    let transaction = value.parse().unwrap();
                    let amounts = ReplacementAmounts {
                        transaction,
                        settlement: 0,
                        transaction_fee: None,
                        settlement_fee: None,
                    };
                    put(95, &amounts.text().unwrap());
                }
                (number, value) => put(number, value),
            }
        }
        for number in removed {
            builder.remove(number);
        }
        let coded = self.mac && mti.class() != 8;
        let mut message = match coded {
            true => builder.finish_with_mac(|data| self.code(data)).unwrap().to_vec(),
            false => builder.finish().unwrap().to_vec(),
        };
        if words.contains(&"spoilt") {
            let last = message.len() - 1;
            message[last] = if message[last] == b'0' { b'1' } else { b'0' };
        }
        self.frame(&message)
    }

    fn show(&self, framed: &[u8]) -> String {
        let mut left = framed;
        let mut deframer = iso8583::Deframer::new(self.framing, 16 * 1024);
        let frame = deframer.next(&mut left).unwrap().expect("a whole frame").to_vec();
        let bytes = if self.framing.tpdu { &frame[TPDU_BYTES..] } else { &frame[..] };
        if self.framing.tpdu {
            assert_eq!(frame[..TPDU_BYTES], [0x60, 0x56, 0x78, 0x12, 0x34], "source and destination swapped");
        }
        let message = self.dialect.decode(bytes).expect("an answer that can be read");
        let mut said = message.mti().to_string();
        for number in
            message.numbers().filter(|number| ![2, 3, 7, 11, 12, 13, 25, 32, 41, 42, 49].contains(number))
        {
            if number == 64 || number == 128 {
                let right = self.code(message.mac_input()) == message.binary::<8>(number).unwrap();
                said += if right { "" } else { " WRONG MAC" };
            } else {
                write!(said, " {number}={}", message.text(number).unwrap()).unwrap();
            }
        }
        said
    }
}

fn check_host(world: &mut World, profile: HostProfile, expect: Expect) {
    let mac = !matches!(profile.mac, HostMac::None);
    let mut peer =
        Peer { dialect: profile.dialect, framing: profile.framing, mac, last: (Vec::new(), Vec::new()) };
    world.gateway.connected(HOST, LinkKind::Iso87Host(profile), world.now);
    let script = expect.data().to_owned();
    let mut said = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let asked = line.split("->").next().unwrap().trim();
        let words: Vec<&str> = asked.split_whitespace().collect();
        let bytes = match words[0] {
            "#" => Vec::new(),
            "again" => peer.last.0.clone(),
            _ => peer.request(&words),
        };
        if bytes.is_empty() {
            writeln!(said, "{asked}").unwrap();
            continue;
        }
        let answer = world.exchange(HOST, &bytes);
        let shown = if answer.is_empty() { "nothing".to_owned() } else { peer.show(&answer) };
        let same = match words[0] == "again" {
            true if answer == peer.last.1 => "; same bytes",
            true => "; OTHER BYTES",
            false => "",
        };
        writeln!(said, "{asked} -> {shown}{same}").unwrap();
        peer.last = (bytes, answer);
    }
    expect.assert_eq(&said);
}

#[test]
fn a_partner_in_hexadecimal_with_codes() {
    let mut world = World::new();
    let profile = world.host_profile();
    check_host(
        &mut world,
        profile,
        expect![[r#"
            0200 A 10.00 -> 0210 4=000000001000 37=112210000001 39=58
            0800 70=301 -> 0810 39=00 70=301
            0800 70=001 -> 0810 39=00 70=001
            0800 70=999 -> 0810 39=40 70=999
            0200 A 10.00 -> 0210 4=000000001000 15=1122 37=112210000001 38=692317 39=00
            again -> 0210 4=000000001000 15=1122 37=112210000001 38=692317 39=00; same bytes
            0201 A 10.00 -> 0210 4=000000001000 15=1122 37=112210000001 38=692317 39=00
            0200 A 10.00 spoilt -> 0210 4=000000001000 37=112210000001 39=96
            0200 A 11.00 -> 0210 4=000000001100 15=1122 37=112210000001 39=94
            0200 C 10.00 stan 2 -> 0210 4=000000001000 15=1122 37=112210000002 39=14
            0200 A 10.00 stan 3 7=- -> 0210 4=000000001000 37=112210000003 39=30
            0200 A 10.00 stan 3 3=310000 -> 0210 4=000000001000 15=1122 37=112210000003 38=374273 39=00 54=0002156C000000999000
            0200 A 10.00 stan 4 3=010000 -> 0210 4=000000001000 37=112210000004 39=40
            0200 A 10.00 stan 5 49=840 -> 0210 4=000000001000 15=1122 37=112210000005 39=57
            0800 70=002 -> 0810 39=00 70=002
            0200 A 10.00 stan 6 -> 0210 4=000000001000 37=112210000006 39=58
        "#]],
    );
}

#[test]
fn reversals_by_de90() {
    let mut world = World::new();
    let profile = HostProfile { sign_on: false, ..world.host_profile() };
    check_host(
        &mut world,
        profile,
        expect![[r#"
            0200 A 100.00 stan 1 -> 0210 4=000000010000 15=1122 37=112210000001 38=692317 39=00
            0420 A 100.00 stan 2 90=0200:1 39=68 -> 0430 4=000000010000 15=1122 37=112210000002 39=00 90=020000000111220200000004802000000000000000
            again -> 0430 4=000000010000 15=1122 37=112210000002 39=00 90=020000000111220200000004802000000000000000; same bytes
            0421 A 100.00 stan 2 90=0200:1 -> 0430 4=000000010000 15=1122 37=112210000002 39=00 90=020000000111220200000004802000000000000000
            # In part: 40.00 remain, and what remains can be taken back as well.
            0200 A 100.00 stan 3 -> 0210 4=000000010000 15=1122 37=112210000003 38=533295 39=00
            0400 A 100.00 stan 4 90=0200:3 95=4000 -> 0410 4=000000010000 15=1122 37=112210000004 39=00 90=020000000311220200000004802000000000000000 95=000000004000000000000000000000000000000000
            0200 A 10.00 stan 5 3=310000 -> 0210 4=000000001000 15=1122 37=112210000005 38=374273 39=00 54=0002156C000000996000
            0400 A 100.00 stan 6 90=0200:3 -> 0410 4=000000010000 15=1122 37=112210000006 39=00 90=020000000311220200000004802000000000000000
            # Of what never arrived, and then it does.
            0420 A 5.00 stan 7 90=0200:8 -> 0430 4=000000000500 15=1122 37=112210000007 39=25 90=020000000811220200000004802000000000000000
            0200 A 5.00 stan 8 -> 0210 4=000000000500 15=1122 37=112210000008 39=22
            # Named by its own numbers.
            0200 A 5.00 stan 9 -> 0210 4=000000000500 15=1122 37=112210000009 38=056229 39=00
            0400 A 5.00 stan 9 -> 0410 4=000000000500 15=1122 37=112210000009 39=00
            0420 A 5.00 stan 10 90=0200:9 -> 0430 4=000000000500 15=1122 37=112210000010 39=00 90=020000000911220200000004802000000000000000
        "#]],
    );
}

#[test]
fn holds_completions_and_advices_in_packed_digits_behind_an_address() {
    let mut world = World::new();
    let profile = HostProfile {
        dialect: &ISO87_BINARY,
        framing: Framing { length: LengthPrefix::Ascii4, tpdu: true },
        mac: HostMac::None,
        sign_on: false,
        ..world.host_profile()
    };
    check_host(
        &mut world,
        profile,
        expect![[r#"
            0100 A 100.00 stan 1 -> 0110 4=000000010000 15=1122 37=112210000001 38=692317 39=00
            0220 A 90.00 stan 2 90=0100:1 -> 0230 4=000000009000 15=1122 37=112210000002 38=112806 39=00 90=010000000111220200000004802000000000000000
            0221 A 90.00 stan 2 90=0100:1 -> 0230 4=000000009000 15=1122 37=112210000002 38=112806 39=00 90=010000000111220200000004802000000000000000
            0220 A 20.00 stan 3 -> 0230 4=000000002000 15=1122 37=112210000003 38=533295 39=00
            0120 A 30.00 stan 4 -> 0130 4=000000003000 15=1122 37=112210000004 38=953784 39=00
            0200 A 20.00 stan 5 3=200000 90=0200:3 -> 0210 4=000000002000 15=1122 37=112210000005 38=374273 39=00 90=020000000311220200000004802000000000000000
            0200 A 20.00 stan 6 3=020000 -> 0210 4=000000002000 37=112210000006 39=30
            0100 A 1.00 stan 7 -> 0110 4=000000000100 15=1122 37=112210000007 38=794762 39=00
            0100 A 1.00 stan 8 3=200000 90=0100:7 -> 0110 4=000000000100 15=1122 37=112210000008 38=215251 39=00 90=010000000711220200000004802000000000000000
            0200 A 0.00 stan 9 3=310000 -> 0210 4=000000000000 15=1122 37=112210000009 38=635740 39=00 54=0002156C000000988000
        "#]],
    );
}

#[test]
fn a_repeat_is_not_refused_for_reasons_of_ours() {
    let mut world = World::new();
    let profile = HostProfile { sign_on: false, mac: HostMac::None, ..world.host_profile() };
    let peer = Peer {
        dialect: profile.dialect,
        framing: profile.framing,
        mac: false,
        last: (Vec::new(), Vec::new()),
    };
    world.gateway.connected(HOST, LinkKind::Iso87Host(profile), MORNING);
    world.slow = true;
    for (mti, answered) in [("0200", true), ("0201", false)] {
        let frame = peer.request(&[mti, "A", "1.00"]);
        world.exchange(HOST, &frame);
        let (ticket, _) = world.asked.pop_front().unwrap();
        world.gateway.refused(ticket, machine::cause::Cause::HostOverloaded, world.now);
        world.drain();
        assert_eq!(world.sent.remove(&HOST).is_some(), answered, "{mti}");
    }
    assert_eq!(world.now, Timestamp(MORNING.0));
}

#[test]
fn cut_and_flipped_messages_of_a_host() {
    let mut world = World::new();
    let profile = HostProfile { sign_on: false, ..world.host_profile() };
    let peer = Peer {
        dialect: profile.dialect,
        framing: profile.framing,
        mac: true,
        last: (Vec::new(), Vec::new()),
    };
    let frame = peer.request(&["0200", "A", "1.00"]);
    let body = frame.len() - 2;
    let mut send = |bytes: &[u8]| {
        world.gateway.closed(HOST);
        world.gateway.connected(HOST, LinkKind::Iso87Host(profile.clone()), world.now);
        world.exchange(HOST, bytes)
    };
    for length in 0..body {
        let mut cut = frame[..length + 2].to_vec();
        cut[..2].copy_from_slice(&(length as u16).to_be_bytes());
        let answer = send(&cut);
        assert!(answer.is_empty() || !peer.show(&answer).contains("39=00"), "{length}");
    }
    for bit in 16..frame.len() * 8 {
        let mut flipped = frame.clone();
        flipped[bit / 8] ^= 0x80 >> (bit % 8);
        let answer = send(&flipped);
        // Hexadecimal in small letters is the same code.
        let same = bit % 8 == 2 && bit / 8 >= frame.len() - 16;
        assert!(same || answer.is_empty() || !peer.show(&answer).contains("39=00"), "{bit}");
    }
    assert!(peer.show(&send(&frame)).contains("39=00"));
}

#[test]
fn a_link_that_takes_any_dialect_answers_in_the_one_it_was_asked_in() {
    use iso8583::{Builder, ISO87_ASCII, ISO87_ASCII_HEX, ISO87_BINARY, ISO87_EBCDIC, Mti};
    let mut world = World::new();
    let profile =
        HostProfile { sign_on: false, mac: HostMac::None, any_dialect: true, ..world.host_profile() };
    for dialect in [&ISO87_ASCII, &ISO87_ASCII_HEX, &ISO87_BINARY, &ISO87_EBCDIC] {
        let mut echo = Builder::new(dialect, Mti::parse("0800").unwrap());
        let fields = [(7, "1122101112"), (11, "000123"), (70, "301")];
        fields.iter().for_each(|(number, text)| {
            echo.put_text(*number, text).unwrap();
        });
        let mut framed = Vec::new();
        profile.framing.frame(echo.finish().unwrap(), &mut framed).unwrap();
        world.gateway.closed(HOST);
        world.gateway.connected(HOST, LinkKind::Iso87Host(profile.clone()), world.now);
        let answer = world.exchange(HOST, &framed);
        let answer =
            dialect.decode(&answer[2..]).unwrap_or_else(|error| panic!("{}: {error}", dialect.name()));
        assert_eq!(answer.text(39).as_deref(), Some("00"), "{}", dialect.name());
    }
}
