//! How long decoding and building take: `cargo bench -p iso8583`.
//!
//! The bar: a UnionPay sale of some 250 bytes is decoded in 400 ns, without allocation.

#[path = "../tests/known/mod.rs"]
mod known;

use divan::{AllocProfiler, Bencher, black_box, counter::BytesCount};
use iso8583::{Builder, Dialect, Mti, Value};
use known::frames::frames;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// Place of a frame in the list of known ones.
const SIGN_IN: usize = 3;
const SALE: usize = 4;
const SALE_WIDE: usize = 2;
const ASCII: usize = 5;
const PACKED: usize = 6;

fn frame(at: usize) -> (&'static Dialect, Vec<u8>) {
    let (_, dialect, bytes) = frames().nth(at).expect("a known frame");
    (dialect, bytes)
}

#[divan::bench(args = [SALE, SALE_WIDE, SIGN_IN, ASCII, PACKED])]
fn decode(bencher: Bencher<'_, '_>, at: usize) {
    let (dialect, bytes) = frame(at);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| black_box(dialect.decode(black_box(&bytes)).expect("decodes")).bitmap());
}

#[divan::bench]
fn decode_and_read_a_sale(bencher: Bencher<'_, '_>) {
    let (dialect, bytes) = frame(SALE);
    bencher.bench_local(|| {
        let message = dialect.decode(black_box(&bytes)).expect("decodes");
        (
            message.number(4),
            message.number(11),
            message.digits(2).map(|digits| digits.len()),
            message.binary::<8>(52),
            message.raw(41).map(<[u8]>::len),
            message.digits(60).map(|digits| digits.len()),
        )
    });
}

#[divan::bench]
fn walk_chip_data(bencher: Bencher<'_, '_>) {
    let (dialect, bytes) = frame(SALE);
    let message = dialect.decode(&bytes).expect("decodes");
    bencher.bench_local(|| {
        message.tlv(55).expect("chip data").map(|element| element.expect("holds").tag.0).max()
    });
}

#[divan::bench]
fn build_a_sale(bencher: Bencher<'_, '_>) {
    let (dialect, bytes) = frame(SALE);
    let message = dialect.decode(&bytes).expect("decodes");
    let texts: Vec<_> =
        message.numbers().map(|number| (number, message.text(number).expect("there").into_owned())).collect();
    let mut builder = Builder::new(dialect, Mti::new(0x0200));
    bencher.bench_local(|| {
        builder.restart(Mti::new(0x0200));
        for (number, text) in &texts {
            builder.put(*number, Value::Text(text)).expect("its own text");
        }
        builder.finish_with_mac(|_| [0x31; 8]).expect("fits").len()
    });
}

#[divan::bench]
fn build_an_answer(bencher: Bencher<'_, '_>) {
    let (dialect, bytes) = frame(SALE);
    let message = dialect.decode(&bytes).expect("decodes");
    let mut builder = Builder::new(dialect, Mti::new(0x0210));
    bencher.bench_local(|| {
        builder.restart_reply(&message, Mti::new(0x0210));
        for number in [2, 3, 4, 11, 41, 42, 49, 60] {
            builder.echo(&message, number).expect("the same dialect");
        }
        builder.put_text(39, "00").expect("two characters");
        builder.finish_with_mac(|_| [0x31; 8]).expect("fits").len()
    });
}
