//! Streams taken apart into frames, however they are cut.

mod known;

use iso8583::{Deframer, FRAME_BYTES_MAX, Framing, LengthPrefix, Malformed, Part, Tpdu, Why, strip_frame};
use known::{Dice, frames::frames, unhex};

const BINARY: Framing = Framing { length: LengthPrefix::Binary2, tpdu: false };
const DIGITS: Framing = Framing { length: LengthPrefix::Ascii4, tpdu: false };

fn wrong(why: Why) -> Malformed {
    Malformed { field: Part::Length, offset: 0, why }
}

#[test]
fn frames_come_out_whole_however_the_stream_is_cut() {
    for seed in 1..=300 {
        let mut dice = Dice(seed);
        let framing = *dice.pick(&[BINARY, DIGITS]);
        let sent: Vec<Vec<u8>> =
            (0..8).map(|_| frames().nth(dice.up_to(7)).expect("seven frames").2).collect();
        let mut stream = Vec::new();
        for message in &sent {
            framing.frame(message, &mut stream).expect("a frame");
            if framing == DIGITS && dice.up_to(2) == 0 {
                stream.extend_from_slice(b"0000");
            }
        }
        let mut deframer = Deframer::new(framing, 2048);
        let mut got = Vec::new();
        let mut rest = &stream[..];
        while !rest.is_empty() {
            let (mut piece, later) = rest.split_at(1 + dice.up_to(rest.len().min(400)));
            rest = later;
            while let Some(frame) =
                deframer.next(&mut piece).unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"))
            {
                got.push(frame.to_vec());
            }
            assert!(piece.is_empty());
            assert!(deframer.gathered() < 2048 + 4);
        }
        assert_eq!(got, sent, "seed {seed}");
        assert_eq!(deframer.gathered(), 0);
    }
}

#[test]
fn a_frame_that_is_whole_is_not_copied() {
    let (_, _, message) = frames().nth(1).expect("a frame");
    let mut stream = Vec::new();
    BINARY.frame(&message, &mut stream).expect("a frame");
    let mut input = &stream[..];
    let mut deframer = Deframer::new(BINARY, 2048);
    let frame = deframer.next(&mut input).expect("holds").expect("whole");
    assert!(std::ptr::eq(frame.as_ptr(), stream[2..].as_ptr()));
}

#[test]
fn lengths_no_frame_has_end_the_stream() {
    for (framing, stream, why) in [
        (BINARY, &b"\x08\x01"[..], Why::TooLong { max: 2048, found: 2049 }),
        (BINARY, b"\x00\x00", Why::TooShort { min: 10, found: 0 }),
        (BINARY, b"\x00\x09", Why::TooShort { min: 10, found: 9 }),
        (DIGITS, b"2049", Why::TooLong { max: 2048, found: 2049 }),
        (DIGITS, b"0009", Why::TooShort { min: 10, found: 9 }),
        (Framing { tpdu: true, ..BINARY }, b"\x00\x0E", Why::TooShort { min: 15, found: 14 }),
    ] {
        let mut deframer = Deframer::new(framing, 2048);
        // Byte by byte, so that nothing but the length is ever gathered.
        let mut first = &stream[..1];
        assert_eq!(deframer.next(&mut first), Ok(None));
        let mut rest = &stream[1..];
        assert_eq!(deframer.next(&mut rest), Err(wrong(why)));
        assert_eq!(deframer.next(&mut &[0; 64][..]), Err(wrong(why)), "and it stays so");
    }
    let mut deframer = Deframer::new(DIGITS, 2048);
    assert_eq!(
        deframer.next(&mut &b"00x2"[..]),
        Err(Malformed { field: Part::Length, offset: 2, why: Why::NotDigit })
    );
    let mut out = Vec::new();
    let long = vec![0; FRAME_BYTES_MAX + 1];
    assert!(BINARY.frame(&long, &mut out).is_err());
    assert!(DIGITS.frame(&long[..10_000], &mut out).is_err());
    assert!(BINARY.frame(&[], &mut out).is_err());
    assert!(out.is_empty());
}

#[test]
fn a_length_in_front_is_taken_off_only_where_it_fits() {
    let (_, dialect, message) = frames().nth(6).expect("a packed frame");
    let mut framed = Vec::new();
    for framing in [BINARY, DIGITS] {
        framed.clear();
        framing.frame(&message, &mut framed).expect("a frame");
        assert_eq!(strip_frame(&framed), message);
        assert_eq!(dialect.decode_framed(&framed).expect("holds").bytes(), message);
    }
    assert_eq!(strip_frame(&message), message);
    assert_eq!(strip_frame(&message[..3]), &message[..3]);
    // A bare packed message of 514 bytes begins with what looks like its length: 0200.
    let mut builder = iso8583::Builder::new(dialect, iso8583::Mti::new(0x0200));
    builder.put_text(60, &"x".repeat(502)).expect("text");
    let bare = builder.finish().expect("fits").to_vec();
    assert_eq!(bare.len(), 514);
    assert_eq!(strip_frame(&bare).len(), 512);
    assert_eq!(dialect.decode_framed(&bare).expect("read as it is").bytes().len(), 514);
}

#[test]
fn an_answer_goes_back_where_the_question_came_from() {
    let bytes = unhex("60000312340800");
    let (tpdu, rest) = Tpdu::split(&bytes).expect("an address");
    assert_eq!(tpdu.swapped(), Tpdu([0x60, 0x12, 0x34, 0x00, 0x03]));
    assert_eq!(rest, [0x08, 0x00]);
    assert_eq!(Tpdu::split(&[0x60]).map_err(|malformed| malformed.field), Err(Part::Tpdu));
}
