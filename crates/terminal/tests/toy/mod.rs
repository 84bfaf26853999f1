//! A host of a few lines for the terminal's tests: it approves what it is told to, and lies on request.
//!
//! It has no books, no rules and no part of the product's host.

#![allow(dead_code, reason = "each test file uses its own part of the toy")]

use cardcrypto::cipher::Tdes;
use cardcrypto::emv::cryptogram::arpc_method_1;
use cardcrypto::emv::keys::{CardSequence, MasterKeyOption, card_master_key, pboc_session_key};
use cardcrypto::key::TdesKey;
use cardcrypto::mac::UnionPayEcbMac;
use cardcrypto::{Pan, Pin};
use iso8583::tlv::{self, Tag};
use iso8583::{Builder, Message, Mti, UNIONPAY_POS};
use terminal::{CardInHand, Chip, LocalTime, Moment, Pos, PosSettings};

pub const TMK: &str = "C4F6E5A15B356D435BBC61E2ACFF6A42";
/// PIK 0123456789ABCDEFFEDCBA9876543210, MAK 5CBE7E38A146FD5C, TDK 89ABCDEF0123456776543210FEDCBA98 under the TMK, each
/// with its check value.
pub const KEYS_004: &str = "17ABC6704D3F6EE4D428292FD3334F0D08D7B4FB\
                            742558EC8FA12F8400000000000000005212F4C1\
                            FA33574C78E9138317B5EA57E3678584EB7A8DF9";
pub const MAK: &str = "5CBE7E38A146FD5C";
pub const ISSUER_KEY: &str = "0123456789ABCDEFFEDCBA9876543210";
pub const PAN: &str = "6225880212345675";
pub const TRACK2: &str = "6225880212345675=30122010000012300000";

pub fn bytes(hex: &str) -> Vec<u8> {
    let hex: String = hex.split_whitespace().collect();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

pub fn key(hex: &str) -> TdesKey {
    TdesKey::new(&bytes(hex)).unwrap()
}

pub fn moment(second: u8) -> Moment {
    Moment { at: LocalTime::new((24, 11, 22), (10, 11, second)).unwrap(), nonce: 0x1122_3344 }
}

pub fn pin() -> Pin {
    Pin::parse("123456").unwrap()
}

/// An invented card with stripe, chip and contactless interface.
pub fn card() -> CardInHand {
    let pan = Pan::parse(PAN).unwrap();
    let chip = Chip::of_issuer(&key(ISSUER_KEY), &pan, 1);
    CardInHand::striped(pan, "3012", TRACK2).unwrap().with_chip(chip, 1)
}

pub fn settings() -> PosSettings {
    PosSettings {
        merchant_name: "街角小店".to_owned(),
        ..PosSettings::new("898510154110283", "00000001", key(TMK))
    }
}

/// A terminal that has signed in.
pub fn signed_in(settings: PosSettings) -> Pos {
    let mut pos = Pos::new(settings).unwrap();
    let request = pos.sign_in(terminal::KeySet::DoubleWithTrack).unwrap();
    pos.receive(&answer(&request, "00", "")).unwrap();
    pos
}

fn mac(data: &[u8]) -> [u8; 8] {
    UnionPayEcbMac::over(&Tdes::new(&key(MAK)), data).field()
}

/// An answer to a request, with that code. `lies` are words: `wrong-mac`, `no-mac`, `other-stan`, `other-terminal`,
/// `other-mti`, `other-address`, `other-amount`, `wrong-check`, `no-code`, `arpc`, `bad-arpc`, `bad-tlv`, `script`, `visa`,
/// `part` (approves half), `unequal` (settlement).
pub fn answer(request: &[u8], code: &str, lies: &str) -> Vec<u8> {
    let lies: Vec<&str> = lies.split_whitespace().collect();
    let lie = |word: &str| lies.contains(&word);
    let asked = UNIONPAY_POS.decode(request).unwrap();
    let mti =
        Mti::from_packed(asked.mti().packed() + if lie("other-mti") { 0x0110 } else { 0x0010 }).unwrap();
    let mut reply = Builder::reply_to(&asked, mti);
    if lie("other-address") {
        reply.tpdu(asked.tpdu().unwrap());
    }
    for number in [2, 3, 11, 25, 41, 42, 49, 60] {
        reply.echo(&asked, number).unwrap();
    }
    if asked.mti() != Mti::new(0x0820) {
        reply.echo(&asked, 4).unwrap();
    }
    let stan = asked.number(11).unwrap();
    if lie("other-stan") {
        reply.put_number(11, stan + 1).unwrap();
    }
    if lie("other-terminal") {
        reply.put_text(41, "99999999").unwrap();
    }
    let amount = asked.number(4).unwrap_or(0);
    if lie("other-amount") {
        reply.put_number(4, amount + 1).unwrap();
    }
    if lie("part") {
        reply.put_number(4, amount / 2).unwrap();
    }
    reply.put_text(12, "101112").unwrap().put_text(13, "1122").unwrap();
    if !lie("no-code") {
        reply.put_text(39, code).unwrap();
    }
    reply.put_text(37, &format!("112210{stan:06}")).unwrap();
    put_by_type(&mut reply, &asked, code, &lies);
    finish(&mut reply, &asked, &lies)
}

/// What only some answers have.
fn put_by_type(reply: &mut Builder, asked: &Message<'_>, code: &str, lies: &[&str]) {
    let lie = |word: &str| lies.contains(&word);
    match asked.mti().packed() {
        0x0800 if code == "00" => {
            let set = asked.text(60).unwrap()[8..11].to_owned();
            let mut keys = bytes(KEYS_004);
            if set == "003" {
                keys.truncate(40);
            }
            if lie("wrong-check") {
                keys[16] ^= 1;
            }
            reply.put_bytes(62, &keys).unwrap();
        }
        0x0500 => {
            let mut totals = asked.text(48).unwrap().into_owned();
            totals.replace_range(30..31, if lie("unequal") { "2" } else { "1" });
            totals.replace_range(61..62, "1");
            reply.put_text(48, &totals).unwrap();
        }
        0x0100 | 0x0200 | 0x0220 if code == "00" || code == "10" => {
            let stan = asked.number(11).unwrap();
            reply.put_text(15, "1122").unwrap();
            reply.put_text(38, &format!("A{:05}", stan % 100_000)).unwrap();
            reply.put_text(44, "01020000   48020000   ").unwrap();
            reply.put_text(63, if lie("visa") { "VIS" } else { "CUP" }).unwrap();
            if let Some(data) = chip_answer(asked, lies) {
                reply.put_bytes(55, &data).unwrap();
            }
            if asked.text(3).as_deref() == Some("310000") {
                reply.put_text(54, "1002156C000000123456").unwrap();
            }
        }
        _ => {}
    }
}

/// DE55 of an answer: 91 with the issuer's cryptogram, and a script where wanted.
fn chip_answer(asked: &Message<'_>, lies: &[&str]) -> Option<Vec<u8>> {
    let lie = |word: &str| lies.contains(&word);
    let mut data = Vec::new();
    if lie("bad-tlv") {
        return Some(vec![0x91, 0x7F, 0x00]);
    }
    if lie("arpc") || lie("bad-arpc") {
        let chip = asked.tlv(55)?;
        let counter: [u8; 2] = chip.find(Tag(0x9F36))?.try_into().unwrap();
        let arqc: [u8; 8] = chip.find(Tag(0x9F26))?.try_into().unwrap();
        let pan = Pan::parse(&asked.text(2)?).unwrap();
        let sequence = CardSequence::new(asked.number(23)? as u8).unwrap();
        let issuer = Tdes::new(&key(ISSUER_KEY));
        let card = card_master_key(&issuer, MasterKeyOption::A, &pan, sequence);
        let session = pboc_session_key(&Tdes::new(&card), counter);
        let mut value = arpc_method_1(&Tdes::new(&session), arqc, *b"00").to_vec();
        value.extend_from_slice(b"00");
        if lie("bad-arpc") {
            value[0] ^= 1;
        }
        tlv::write(Tag(0x91), &value, &mut data);
    }
    if lie("script") {
        tlv::write_around(Tag(0x72), &mut data, |out| tlv::write(Tag(0x86), &[0x84, 0x24, 0, 0, 0], out));
    }
    (!data.is_empty()).then_some(data)
}

fn finish(reply: &mut Builder, asked: &Message<'_>, lies: &[&str]) -> Vec<u8> {
    if !asked.has(64) || lies.contains(&"no-mac") {
        return reply.finish().unwrap().to_vec();
    }
    let mut frame = reply.finish_with_mac(mac).unwrap().to_vec();
    if lies.contains(&"wrong-mac") {
        let last = frame.len() - 1;
        frame[last] ^= 1;
    }
    frame
}

/// Whether the MAC of a request holds.
pub fn mac_holds(request: &[u8]) -> bool {
    let asked = UNIONPAY_POS.decode(request).unwrap();
    asked.binary::<8>(64) == Some(mac(asked.mac_input()))
}
