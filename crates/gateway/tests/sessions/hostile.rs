//! What no honest terminal sends: cut, flipped, split, flooded, half open. An answer or a closed connection, and
//! never a panic, unbounded memory or someone else's delay.

use crate::pos::Fields;
use crate::script::{check_in, frames};
use crate::world::{World, card, track_of};
use expect_test::expect;
use gateway::{Hangup, LinkId, LinkKind, Output, Settings};
use iso8583::UNIONPAY_POS;
use machine::cause::Cause;

const T1: LinkId = LinkId(1);
const T2: LinkId = LinkId(2);

/// Signed in on both terminals, and the frame of a sale with everything in it.
fn with_a_sale(world: &mut World) -> Vec<u8> {
    check_in(
        world,
        expect![[r#"
        sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        sign-in T2 -> 0810 00 rrn 261122100000 (no mac)
    "#]],
    );
    sale(world, "T1", 1)
}

fn sale(world: &mut World, terminal: &str, stan: u32) -> Vec<u8> {
    let pos = world.terminals.get_mut(terminal).unwrap();
    let fields = Fields::from([
        (3, "000000".into()),
        (4, "000000000100".into()),
        (11, format!("{:06}", stan + 100)),
        (22, "051".into()),
        (23, "001".into()),
        (25, "00".into()),
        (26, "12".into()),
        (35, track_of(card("B"), true)),
        (49, "156".into()),
        (52, pos.pin_block("123456", card("B").pan, cardcrypto::pin_block::PinFormat::Iso0)),
        (53, "2600000000000000".into()),
        (55, crate::script::chip_data(card("B").pan, 100, stan as u16, false)),
        (60, format!("22{:06}00060", pos.batch)),
    ]);
    pos.request(0x0200, &fields, true)
}

fn reconnect(world: &mut World, link: LinkId) {
    world.gateway.closed(link);
    world.gateway.connected(link, LinkKind::UnionPayPos, world.now);
}

fn approved(answer: &[u8]) -> bool {
    frames(answer).iter().any(|frame| {
        let message = UNIONPAY_POS.decode(&frame[2..]).expect("an answer that can be read");
        message.text(39).as_deref() == Some("00")
    })
}

#[test]
fn every_truncation_of_a_sale() {
    let mut world = World::new();
    let whole = with_a_sale(&mut world);
    for length in 0..whole.len() - 2 {
        // With the length the frame claims to have, and with the length it was cut to.
        let mut cut = whole[..length + 2].to_vec();
        assert!(world.exchange(T1, &cut).is_empty(), "{length}: half a frame is no frame");
        reconnect(&mut world, T1);
        cut[..2].copy_from_slice(&(length as u16).to_be_bytes());
        assert!(!approved(&world.exchange(T1, &cut)), "{length}");
        reconnect(&mut world, T1);
    }
    let answered = world.gateway.counters().refused(Cause::FormatError);
    assert!(answered > 100, "{answered}: what goes wrong behind the terminal's number is answered 30");
    assert!(approved(&world.exchange(T1, &whole)));
}

#[test]
fn every_flipped_bit_of_a_sale() {
    let mut world = World::new();
    let whole = with_a_sale(&mut world);
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 0x80 >> (bit % 8);
        let answer = world.exchange(T1, &flipped);
        // Length, transport address and header are under no code.
        assert!(bit / 8 < 2 + 11 || !approved(&answer), "bit {bit} changed nothing");
        reconnect(&mut world, T1);
        if bit % 64 == 0 {
            world.tick(1000);
        }
    }
}

#[test]
fn a_stream_split_anywhere_says_the_same() {
    let mut world = World::new();
    let whole = with_a_sale(&mut world);
    let answer = world.exchange(T1, &whole);
    assert!(approved(&answer));
    for at in 0..=whole.len() {
        reconnect(&mut world, T1);
        let mut heard = world.exchange(T1, &whole[..at]);
        heard.extend(world.exchange(T1, &whole[at..]));
        assert_eq!(heard, answer, "split at {at}");
    }
    reconnect(&mut world, T1);
    let mut heard = Vec::new();
    for byte in [&whole[..], &whole[..]].concat() {
        heard.extend(world.exchange(T1, &[byte]));
    }
    assert_eq!(heard, [&answer[..], &answer[..]].concat());
    reconnect(&mut world, T1);
    assert_eq!(world.exchange(T1, &[&whole[..], &whole[..]].concat()), [&answer[..], &answer[..]].concat());
}

#[test]
fn thrown_bytes() {
    let mut world = World::new();
    let whole = with_a_sale(&mut world);
    let mut dice = 0x5EED_u64;
    let mut roll = move || {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) as usize
    };
    for _ in 0..3000 {
        let mut bytes = whole.clone();
        for _ in 0..1 + roll() % 12 {
            let at = roll() % bytes.len();
            bytes[at] = roll() as u8;
        }
        let length = (bytes.len() - 2) as u16;
        if roll() % 4 != 0 {
            bytes[..2].copy_from_slice(&length.to_be_bytes());
        }
        assert!(!approved(&world.exchange(T1, &bytes)) || bytes[13..] == whole[13..]);
        reconnect(&mut world, T1);
    }
}

#[test]
fn a_flood_waits_in_its_own_connection() {
    let mut world = World::new();
    with_a_sale(&mut world);
    world.slow = true;
    let frame_of = |world: &mut World, stan| sale(world, "T1", stan);
    let burst: Vec<u8> = (1..=100).flat_map(|stan| frame_of(&mut world, stan)).collect();
    assert!(world.gateway.wants(T1));
    assert!(world.exchange(T1, &burst).is_empty());
    assert_eq!(world.asked.len(), 64, "no more than so many are asked at once");
    assert!(!world.gateway.wants(T1), "and nothing more is read");
    // Another terminal does not wait behind them.
    let other = sale(&mut world, "T2", 1);
    world.exchange(T2, &other);
    assert_eq!(world.asked.len(), 65);
    assert!(world.gateway.wants(T2));
    world.slow = false;
    world.drain();
    assert_eq!(frames(&world.sent.remove(&T1).unwrap()).len(), 100, "all are answered in the end");
    assert!(world.gateway.wants(T1));
    // Whoever writes on although nothing is read is cut off.
    world.slow = true;
    let burst: Vec<u8> = (101..=400).flat_map(|stan| frame_of(&mut world, stan)).collect();
    world.exchange(T1, &burst);
    assert_eq!(world.hung_up, ["1 flood"]);
    world.slow = false;
    world.drain();
    assert!(!world.sent.contains_key(&T1), "nothing is sent on a connection that is closed");
}

#[test]
fn a_reader_that_does_not_read() {
    let mut settings = Settings::china();
    settings.bytes_unwritten_max = 1000;
    let mut world = World::with(settings);
    let whole = with_a_sale(&mut world);
    // Answers pile up unwritten: first nothing more is read of it, ...
    let mut asks = Vec::new();
    let mut sent = 0;
    while world.gateway.wants(T1) {
        world.gateway.receive(T1, &whole, world.now);
        while let Some(output) = world.gateway.poll() {
            match output {
                Output::Send { bytes, .. } => sent += bytes.len(),
                Output::Ask { ticket, command } => world.decide(ticket, &command),
                Output::Hangup { .. } | Output::Keep { .. } => panic!("{output:?}"),
            }
        }
    }
    assert!((500..1000).contains(&sent), "{sent}");
    world.gateway.written(T1, sent, world.now);
    assert!(world.gateway.wants(T1), "... until some of it is written, ...");
    // ... and where what is under way alone is too much, it is closed.
    for stan in 2..20 {
        let frame = sale(&mut world, "T1", stan);
        world.gateway.receive(T1, &frame, world.now);
        asks.extend(std::iter::from_fn(|| world.gateway.poll()));
    }
    let mut hung_up = None;
    for output in asks {
        if let Output::Ask { ticket, command } = output {
            world.decide(ticket, &command);
        }
        while let Some(output) = world.gateway.poll() {
            if let Output::Hangup { why, .. } = output {
                hung_up = Some(why);
            }
        }
    }
    assert_eq!(hung_up, Some(Hangup::SlowReader));
}

#[test]
fn who_says_nothing_and_who_is_refused_again_and_again() {
    let mut world = World::new();
    let whole = with_a_sale(&mut world);
    world.tick(599_000);
    world.exchange(T2, &[]);
    let echo = {
        let pos = world.terminals.get_mut("T2").unwrap();
        pos.request(0x0820, &Fields::from([(11, "000900".into()), (60, "00000001301".into())]), false)
    };
    assert!(approved(&world.exchange(T2, &echo)));
    world.tick(1_000);
    assert_eq!(world.hung_up, ["1 idle", "3 idle"]);
    world.hung_up.clear();
    reconnect(&mut world, T1);
    // Garbage in frames: counted, and cut off.
    for count in 1..=16 {
        assert!(world.hung_up.is_empty(), "{count}");
        world.exchange(
            T1,
            &[
                0, 30, 0x60, 0, 3, 0, 7, 0x60, 0x31, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
                9, 9, 9, 9,
            ],
        );
    }
    assert_eq!(world.hung_up, ["1 strikes"]);
    assert_eq!(world.gateway.counters().hangups(Hangup::Strikes), 1);
    assert_eq!(world.gateway.counters().unreadable, 16);
    // A length that no frame has.
    reconnect(&mut world, T1);
    world.exchange(T1, &[0xFF, 0xFF, 0x60]);
    assert_eq!(world.hung_up, ["1 strikes", "1 framing"]);
    // What came before it was answered, and a new connection is as good as ever.
    reconnect(&mut world, T1);
    assert!(approved(&world.exchange(T1, &whole)));
}

#[test]
fn a_full_shard_and_a_disk_that_fails() {
    let mut world = World::new();
    let whole = with_a_sale(&mut world);
    world.slow = true;
    for cause in [Cause::HostOverloaded, Cause::StorageFailed] {
        world.exchange(T1, &whole);
        let (ticket, _) = world.asked.pop_front().unwrap();
        world.gateway.refused(ticket, cause, world.now);
        world.drain();
        let answer = world.sent.remove(&T1).unwrap();
        let message = UNIONPAY_POS.decode(&answer[2..]).unwrap();
        assert_eq!(message.text(39).as_deref(), Some("96"));
        // Its outcome, should it come after all, is nobody's any more.
        world.gateway.refused(ticket, cause, world.now);
        assert!(world.gateway.poll().is_none());
    }
    assert_eq!(world.gateway.counters().unanswered, 2);
    // An answer that never comes is given up, and its place is free again.
    world.exchange(T1, &whole);
    assert_eq!(world.asked.len(), 1);
    let (ticket, command) = world.asked.pop_front().unwrap();
    for _ in 0..8 {
        world.tick(50_000);
        world.gateway.receive(T1, &[], world.now);
    }
    assert_eq!(world.gateway.counters().unanswered, 3);
    world.decide(ticket, &command);
    assert!(world.gateway.poll().is_none(), "too late for anyone");
}
