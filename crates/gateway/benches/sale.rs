//! A sale's way through the gateway: read, MAC checked, card hashed, PIN and cryptogram checked, asked; answered,
//! written, MAC made. The machine is not in it: its outcome is at hand.
//!
//! The bar of the product is 25 us with MAC and PIN.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

#[path = "../tests/sessions/pos.rs"]
mod pos;
#[path = "../tests/sessions/script.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod script;
#[path = "../tests/sessions/world.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod world;

use divan::Bencher;
use gateway::{LinkId, Output};
use machine::command::Command;
use machine::outcome::Outcome;
use pos::Fields;
use world::{World, card, track_of};

const T1: LinkId = LinkId(1);

fn main() {
    divan::main();
}

/// What a sale carries beside its MAC.
#[derive(Clone, Copy, Debug)]
enum With {
    Nothing,
    Pin,
    PinAndChip,
}

fn signed_in() -> World {
    let mut world = World::new();
    script::check_in(
        &mut world,
        expect_test::expect![[r#"
            sign-in T1 -> 0810 00 rrn 261122100000 (no mac)
        "#]],
    );
    world
}

fn sale(world: &mut World, with: With) -> Vec<u8> {
    let pos = world.terminals.get_mut("T1").expect("a terminal of the world");
    let (name, chip) = if matches!(with, With::PinAndChip) { ("B", true) } else { ("A", false) };
    let mut fields = Fields::from([
        (3, "000000".to_owned()),
        (4, "000000000100".to_owned()),
        (11, "000100".to_owned()),
        (22, if chip { "051" } else { "021" }.to_owned()),
        (25, "00".to_owned()),
        (35, track_of(card(name), chip)),
        (49, "156".to_owned()),
        (60, "2200000100060".to_owned()),
    ]);
    if !matches!(with, With::Nothing) {
        let block = pos.pin_block("123456", card(name).pan, cardcrypto::pin_block::PinFormat::Iso0);
        fields.extend([(26, "12".to_owned()), (52, block), (53, "2600000000000000".to_owned())]);
    }
    if chip {
        fields.extend([(23, "001".to_owned()), (55, script::chip_data(card(name).pan, 100, 1, false))]);
    }
    pos.request(0x0200, &fields, true)
}

/// The ask a frame leads to, and the bytes of its answer.
fn round(world: &mut World, frame: &[u8], outcome: Option<&(Command, Outcome)>) -> (Command, Vec<u8>) {
    world.gateway.receive(T1, frame, world.now);
    let Some(Output::Ask { ticket, command }) = world.gateway.poll() else { panic!("a sale is asked") };
    match outcome {
        Some((asked, outcome)) => world.gateway.answered(ticket, asked, outcome, world.now),
        None => {
            let outcome = world.machine.apply(&command, world.now);
            world.gateway.answered(ticket, &command, &outcome, world.now);
        }
    }
    let Some(Output::Send { bytes, .. }) = world.gateway.poll() else { panic!("a sale is answered") };
    world.gateway.written(T1, bytes.len(), world.now);
    (command, bytes)
}

#[divan::bench(args = [With::Nothing, With::Pin, With::PinAndChip])]
fn through_the_gateway(bencher: Bencher, with: With) {
    let mut world = signed_in();
    let frame = sale(&mut world, with);
    let (command, first) = round(&mut world, &frame, None);
    let outcome = world.machine.apply(&command, world.now);
    let answer = (command, outcome);
    assert_eq!(round(&mut world, &frame, Some(&answer)).1, first);
    bencher
        .counter(divan::counter::ItemsCount::new(1_u32))
        .bench_local(|| round(&mut world, &frame, Some(&answer)));
}
