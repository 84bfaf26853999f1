//! Scripts: what terminals do, line by line, and what they see.
//!
//! `sale T1 A 12.34 pin 123456 -> 0210 00 rrn 1 auth 659348`. The right-hand side is written by the test.

use crate::pos::{Fields, Pos, hex};
use crate::world::{IMK, World, card, track_of};
use cardcrypto::Pan;
use cardcrypto::cipher::Tdes;
use cardcrypto::emv::Profile;
use cardcrypto::emv::cryptogram::{CardKeys, ChipData, Cryptogram, IssuerKey};
use cardcrypto::emv::keys::CardSequence;
use cardcrypto::key::TdesKey;
use cardcrypto::pin_block::PinFormat;
use cardcrypto::sign_in::SignInLayout;
use cardcrypto::{Hsm, KeyStatus};
use expect_test::Expect;
use iso8583::UNIONPAY_POS;
use std::fmt::Write;

/// Runs a script and compares it with itself and its answers.
pub fn check(expect: Expect) {
    check_in(&mut World::new(), expect);
}

pub fn check_in(world: &mut World, expect: Expect) {
    let script = expect.data().to_owned();
    let mut said = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let asked = line.split("->").next().unwrap().trim();
        let answer = if asked.starts_with('#') { String::new() } else { run(world, asked) };
        let gap = if answer.is_empty() { "" } else { " -> " };
        writeln!(said, "{asked}{gap}{answer}").unwrap();
    }
    expect.assert_eq(&said);
}

fn minor(text: &str) -> u64 {
    let (yuan, fen) = text.split_once('.').expect("an amount with two decimals");
    yuan.parse::<u64>().unwrap() * 100 + fen.parse::<u64>().unwrap()
}

/// The words of a line, by name: `stan 3`, `pin 1234`; a word alone is its own name.
struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn at(&self, place: usize) -> &'a str {
        self.0.get(place).copied().unwrap_or("")
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(&word)
    }

    fn after(&self, word: &str) -> Option<&'a str> {
        let place = self.0.iter().position(|known| *known == word)?;
        self.0.get(place + 1).copied()
    }
}

fn run(world: &mut World, line: &str) -> String {
    let words = Words(line.split_whitespace().collect());
    match words.at(0) {
        "wait" => {
            let seconds: i64 = words.at(1).trim_end_matches('s').parse().unwrap();
            world.tick(seconds * 1000);
            String::new()
        }
        "restart" => {
            world.restart();
            String::new()
        }
        "module" => {
            let status = if words.at(1) == "down" { KeyStatus::Retired } else { KeyStatus::Active };
            world.hsm.set_status(world.pvk, status).unwrap();
            String::new()
        }
        "shard" => {
            world.slow = words.at(1) == "slow";
            world.drain();
            shown_late(world)
        }
        "kept" => format!("{:?}", world.kept),
        "faults" => world.machine.transactions().filter(|t| t.origin.is_some()).count().to_string(),
        _ => at_terminal(world, &words),
    }
}

/// What a terminal sees of answers that come late.
fn shown_late(world: &mut World) -> String {
    let mut said = Vec::new();
    for name in ["T1", "T2", "T9"] {
        let bytes = world.sent.remove(&world.link_of(name)).unwrap_or_default();
        let pos = world.terminals.get_mut(name).unwrap();
        said.extend(frames(&bytes).iter().map(|frame| format!("{name}: {}", pos.show(frame))));
    }
    said.join("; ")
}

pub fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut left = bytes;
    let mut frames = Vec::new();
    while left.len() > 2 {
        let length = 2 + usize::from(u16::from_be_bytes([left[0], left[1]]));
        frames.push(left[..length].to_vec());
        left = &left[length..];
    }
    frames
}

fn at_terminal(world: &mut World, words: &Words<'_>) -> String {
    let name = words.at(1).to_owned();
    let link = world.link_of(&name);
    let mut pos = world.terminals.remove(&name).expect("a terminal");
    let (bytes, layout) = compose(&mut pos, words);
    world.terminals.insert(name.clone(), pos);
    let before = world.terminals[&name].last_answer.clone();
    let answer = world.exchange(link, &bytes);
    let pos = world.terminals.get_mut(&name).unwrap();
    let mut said: Vec<String> =
        std::mem::take(&mut world.hung_up).into_iter().map(|why| format!("closed {why}")).collect();
    for frame in frames(&answer) {
        if let Some(layout) = layout {
            sign_in_keys(pos, layout, &frame);
        }
        said.push(pos.show(&frame));
        if words.at(0) == "again" {
            said.push(if frame == before { "same bytes".into() } else { "OTHER BYTES".into() });
        }
    }
    if said.is_empty() { "nothing".to_owned() } else { said.join("; ") }
}

fn sign_in_keys(pos: &mut Pos, layout: SignInLayout, frame: &[u8]) {
    let message = UNIONPAY_POS.decode(&frame[2..]).unwrap();
    if let Some(field) = message.raw(62) {
        pos.take_keys(layout, field);
        pos.batch = message.text(60).unwrap()[2..8].parse().unwrap();
    }
}

/// The bytes of what the words say.
fn compose(pos: &mut Pos, words: &Words<'_>) -> (Vec<u8>, Option<SignInLayout>) {
    let mut fields = Fields::new();
    let mut stan = || {
        pos.stan += 1;
        pos.stan
    };
    let act = words.at(0);
    let batch = |pos: &Pos| format!("{:06}", pos.batch);
    match act {
        "again" => return (pos.last_request.clone(), None),
        "sign-in" => {
            fields.insert(11, format!("{:06}", stan()));
            let code = words.after("keys").unwrap_or("003");
            fields.insert(60, format!("00{}{code}", batch(pos)));
            fields.insert(63, "01 ".into());
            let layout = SignInLayout::of_network_code(code);
            return (pos.request(0x0800, &fields, false), layout);
        }
        "sign-out" | "echo" => {
            fields.insert(11, format!("{:06}", stan()));
            let code = if act == "echo" { "301" } else { "002" };
            fields.insert(60, format!("00{}{code}", batch(pos)));
            return (pos.request(0x0820, &fields, false), None);
        }
        _ => {}
    }
    let (mti, processing, condition, kind) = transaction(act, words);
    let number = match (words.after("stan"), act) {
        (Some(number), _) => number.parse().unwrap(),
        (None, "reverse" | "sign") => pos.stan,
        (None, _) => stan(),
    };
    fields.insert(11, format!("{number:06}"));
    fields.insert(
        60,
        format!("{kind}{}{}", words.after("batch").map_or(batch(pos), |b| format!("{b:0>6}")), "00050"),
    );
    if let Some(processing) = processing {
        fields.insert(3, processing.into());
        fields.insert(25, condition.into());
        fields.insert(49, words.after("currency").unwrap_or("156").into());
    }
    special(pos, words, &mut fields);
    if let Some(name) = words.0.get(2).filter(|name| ["A", "B", "C"].contains(name)) {
        let amount = words.at(3);
        if amount.contains('.') {
            fields.insert(4, format!("{:012}", minor(amount)));
        }
        put_card(pos, words, name, &mut fields);
    }
    put_original(pos, words, &mut fields);
    for (place, word) in words.0.iter().enumerate() {
        if let Some((field, value)) = word.split_once('=') {
            assert!(place > 0);
            match value {
                "-" => fields.remove(&field.parse().unwrap()),
                _ => fields.insert(field.parse().unwrap(), value.replace('_', " ")),
            };
        }
    }
    let mac = !words.has("bare");
    let mut bytes = pos.request(mti, &fields, mac);
    if words.has("spoilt") {
        let last = bytes.len() - 1;
        bytes[last] = if bytes[last] == b'0' { b'1' } else { b'0' };
        pos.last_request = bytes.clone();
    }
    (bytes, None)
}

/// Message type, DE3, DE25 and 60.1 of an act.
fn transaction(act: &str, words: &Words<'_>) -> (u16, Option<&'static str>, &'static str, &'static str) {
    match act {
        "sale" => (0x0200, Some("000000"), "00", "22"),
        "balance" => (0x0200, Some("310000"), "00", "01"),
        "void" => (0x0200, Some("200000"), "00", "23"),
        "refund" => (0x0220, Some("200000"), "00", "25"),
        "hold" => (0x0100, Some("030000"), "06", "10"),
        "cancel" => (0x0100, Some("200000"), "06", "11"),
        "complete" if words.has("advice") => (0x0220, Some("000000"), "06", "24"),
        "complete" => (0x0200, Some("000000"), "06", "20"),
        "cancel-completion" => (0x0200, Some("200000"), "06", "21"),
        "offline" => (0x0220, Some("000000"), "00", "30"),
        "tip" => (0x0220, Some("000000"), "00", "34"),
        "reverse" => (0x0400, Some("000000"), "00", "22"),
        "script" => (0x0620, None, "00", "22"),
        "settle" => (0x0500, None, "00", "00"),
        "upload" | "close" => (0x0320, None, "00", "00"),
        "sign" if words.has("0920") => (0x0920, None, "00", "07"),
        "sign" => (0x0820, None, "00", "07"),
        other => panic!("no such act: {other}"),
    }
}

/// What settlement, signatures and scripts say.
fn special(pos: &Pos, words: &Words<'_>, fields: &mut Fields) {
    let batch = format!("{:06}", pos.batch);
    match words.at(0) {
        "settle" => {
            let side = |words: &Words<'_>| {
                let part = |name: &str| words.after(name).unwrap_or("0.00");
                let count = |name: &str| words.after(name).unwrap_or("0").parse::<u32>().unwrap();
                let (debits, credits) = (minor(part("debit")), minor(part("credit")));
                format!("{debits:012}{:03}{credits:012}{:03}0", count("debits"), count("credits"))
            };
            fields.insert(48, format!("{}{}", side(words), "0".repeat(31)));
            fields.insert(49, "156".into());
            fields.insert(60, format!("00{batch}201"));
        }
        "upload" => {
            let details: Vec<&str> = words.0[2..].to_vec();
            let mut field = format!("{:02}", details.len());
            for detail in details {
                let (stan, amount) = detail.split_once(':').unwrap();
                write!(field, "00{stan:0>6}{:0>20}{:012}", "6225880212345675", minor(amount)).unwrap();
            }
            fields.insert(48, field);
            fields.insert(60, format!("00{batch}201"));
        }
        "close" => {
            fields.insert(60, format!("00{batch}207"));
        }
        "script" => {
            let original: u32 = words.after("of").unwrap().parse().unwrap();
            fields.insert(55, if words.has("failed") { "DF310110" } else { "DF310120" }.into());
            fields.insert(60, format!("00{batch}951"));
            fields.insert(61, format!("{batch}{original:06}1122"));
        }
        "sign" => {
            let stan: u32 = fields[&11].parse().unwrap();
            let done = pos.done.get(&stan).cloned().unwrap_or_default();
            let part = words.after("part").unwrap_or("800");
            let flag = words.after("flag").unwrap_or("");
            fields.insert(60, format!("07{batch}{part}{flag}"));
            fields.insert(62, hex(words.after("image").unwrap_or("jbig").as_bytes()));
            if !done.rrn.is_empty() {
                fields.insert(4, format!("{:012}", done.amount));
                fields.insert(15, done.date);
                fields.insert(37, done.rrn);
            }
        }
        _ => {}
    }
}

fn put_card(pos: &Pos, words: &Words<'_>, name: &str, fields: &mut Fields) {
    let fixture = card(name);
    let way = ["chip", "tap", "typed", "code", "fallback"].into_iter().find(|way| words.has(way));
    let pin = words.after("pin");
    let second = if pin.is_some() { "1" } else { "2" };
    let mode = match way {
        Some("chip") => "05",
        Some("tap") => "07",
        Some("typed") => "01",
        Some("code") => "03",
        Some("fallback") => "80",
        _ => "02",
    };
    fields.insert(22, format!("{mode}{second}"));
    let image = matches!(way, Some("chip" | "tap"));
    if matches!(way, Some("typed" | "code")) {
        fields.insert(2, fixture.pan.into());
        fields.insert(14, "3012".into());
    } else if words.has("enciphered") {
        fields.insert(35, pos.enciphered_track(&track_of(fixture, image)));
        fields.insert(53, "0010000000000000".into());
    } else {
        fields.insert(35, track_of(fixture, image || words.has("skimmed")));
    }
    if let Some(pin) = pin {
        let double = pos.keys.as_ref().is_some_and(|keys| keys.double);
        let format = if words.has("unbound") { PinFormat::UnionPayNoPan } else { PinFormat::Iso0 };
        let block = match pin {
            "garbage" => "0123456789ABCDEF".to_owned(),
            pin => pos.pin_block(pin, fixture.pan, format),
        };
        fields.insert(26, "12".into());
        fields.insert(52, block);
        let how = if words.has("unbound") { '1' } else { '2' };
        let track = if words.has("enciphered") { '1' } else { '0' };
        fields.insert(53, format!("{how}{}{track}0000000000000", if double { '6' } else { '0' }));
    }
    if let Some(counter) = words.after("counter") {
        fields.insert(23, "001".into());
        let amount = fields.get(&4).map_or(0, |text| text.parse().unwrap());
        fields.insert(55, chip_data(fixture.pan, amount, counter.parse().unwrap(), words.has("forged")));
    }
}

/// DE55 of a chip of the issuer, with a right or a forged cryptogram.
pub fn chip_data(pan: &str, amount: u64, counter: u16, forged: bool) -> String {
    let issuer_data = [0x07, 0x01, 0x01, 0x03, 0xA0, 0xB8, 0x00, 0x01];
    let packed = format!("{amount:012}");
    let amount: Vec<u8> =
        (0..6).map(|at| u8::from_str_radix(&packed[at * 2..at * 2 + 2], 16).unwrap()).collect();
    let data = ChipData {
        amount: amount.try_into().unwrap(),
        other_amount: [0; 6],
        country: [1, 0x56],
        terminal_results: [0; 5],
        currency: [1, 0x56],
        date: [0x26, 0x11, 0x22],
        kind: 0,
        unpredictable: [0x11, 0x22, 0x33, 0x44],
        interchange_profile: [0x7C, 0],
        atc: counter.to_be_bytes(),
        issuer_data: &issuer_data,
    };
    let covered = data.covered(Profile::Pboc).unwrap();
    let pan = Pan::parse(pan).unwrap();
    let cryptogram = Cryptogram {
        profile: Profile::Pboc,
        master_key: Profile::Pboc.rules().master_key,
        pan: &pan,
        sequence: CardSequence::new(1).unwrap(),
        atc: data.atc,
        unpredictable: data.unpredictable,
        data: &covered,
        arqc: [0; 8],
    };
    let issuer = Tdes::new(&TdesKey::new(&IMK).unwrap());
    let mut arqc = CardKeys::derive(&IssuerKey::Tdes(&issuer), &cryptogram).unwrap().cryptogram(&covered);
    arqc[0] ^= u8::from(forged);
    format!(
        "9F2608{}9F2701809F1008{}9F3704112233449F3602{counter:04X}95050000000000\
         9A032611229C01009F0206{packed}5F2A02015682027C009F1A0201569F0306000000000000",
        hex(&arqc),
        hex(&issuer_data)
    )
}

/// DE37, 38 and 61 of what follows an earlier transaction: `of STAN`.
fn put_original(pos: &Pos, words: &Words<'_>, fields: &mut Fields) {
    if words.at(0) == "script" {
        return;
    }
    let Some(stan) = words.after("of").map(|stan| stan.parse::<u32>().unwrap()) else { return };
    let done = pos.done.get(&stan).cloned().unwrap_or_default();
    fields.insert(61, format!("{:06}{stan:06}1122", pos.batch));
    if !done.rrn.is_empty() {
        fields.insert(37, done.rrn);
        fields.insert(38, done.code);
    }
}
