//! Chip data against known answers, and the rules of reading and writing it.

mod known;

use std::collections::HashMap;

use iso8583::tlv::{DEPTH_MAX, Dol, PrivateTags, Tag, Tlv, write, write_around};
use iso8583::{Part, Why};
use known::{hex, unhex, vectors};
use serde_json::Value;

fn tag(text: &str) -> Tag {
    Tag(u32::from_str_radix(text, 16).expect("a tag"))
}

/// A tree as the vectors write it.
fn tree(tlv: Tlv<'_>) -> Value {
    let branches = tlv.map(|element| {
        let element = element.expect("an element");
        let inside =
            if element.is_constructed() { tree(element.inside()) } else { Value::String(hex(element.value)) };
        Value::Array(vec![Value::String(element.tag.to_string()), inside])
    });
    Value::Array(branches.collect())
}

fn write_tree(tree: &Value, out: &mut Vec<u8>) {
    for branch in tree.as_array().expect("a list") {
        let name = tag(branch[0].as_str().expect("a tag"));
        match branch[1].as_str() {
            Some(value) => write(name, &unhex(value), out),
            None => write_around(name, out, |out| write_tree(&branch[1], out)),
        }
    }
}

#[test]
fn known_strings_are_read_and_written() {
    let Some(vectors) = vectors("emv_tlv.json") else { return };
    let mut refused = 0;
    for vector in vectors["tlv"].as_array().expect("a list") {
        let bytes = unhex(vector["hex"].as_str().expect("hex"));
        let tlv = Tlv::new(&bytes, PrivateTags::Ber);
        if vector["expect"] == "error" {
            assert!(tlv.walk(&mut |_, _| {}).is_err(), "{}", vector["why"]);
            refused += 1;
            continue;
        }
        assert_eq!(tree(tlv), vector["tree"], "{}", vector["source"]);
        let mut written = Vec::new();
        write_tree(&vector["tree"], &mut written);
        assert_eq!(hex(&written), hex(&bytes), "{}", vector["source"]);
    }
    assert_eq!(refused, 3);
}

#[test]
fn known_object_lists_are_read_and_answered() {
    let Some(vectors) = vectors("emv_tlv.json") else { return };
    let mut built = 0;
    for vector in vectors["dol"].as_array().expect("a list") {
        let bytes = unhex(vector["dol"].as_str().expect("hex"));
        let dol = Dol::new(&bytes);
        if let Some(entries) = vector["entries"].as_array() {
            let read: Vec<_> = dol.clone().map(|entry| entry.expect("an entry")).collect();
            let known: Vec<_> = entries
                .iter()
                .map(|entry| {
                    (tag(entry[0].as_str().expect("a tag")), entry[1].as_u64().expect("a length") as u8)
                })
                .collect();
            assert_eq!(read, known);
        }
        if let Some(data) = vector["data"].as_object() {
            let values: HashMap<Tag, Vec<u8>> =
                data.iter().map(|(name, value)| (tag(name), unhex(value.as_str().expect("hex")))).collect();
            let mut out = Vec::new();
            dol.build(|tag| values.get(&tag).map(Vec::as_slice), &mut out).expect("a list that holds");
            assert_eq!(hex(&out), vector["built"]);
            built += 1;
        }
    }
    assert_eq!(built, 1);
}

#[test]
fn what_does_not_hold_is_named_with_its_place() {
    let check = |text: &str, private, offset, why| {
        let bytes = unhex(text);
        let malformed = Tlv::new(&bytes, private).walk(&mut |_, _| {}).expect_err(text);
        assert_eq!((malformed.field, malformed.offset, malformed.why), (Part::Tlv, offset, why), "{text}");
    };
    let short = |need, have| Why::Short { need, have };
    for (text, offset, why) in [
        ("9A032501", 2, short(3, 2)),
        ("9A0325010195", 6, short(1, 0)),
        ("9C01005F", 3, short(2, 1)),
        ("9C01001F818283840100", 3, Why::TooWide),
        ("9F0280000000", 2, Why::Indefinite),
        ("9F02850000000001", 2, Why::TooWide),
        ("9F0284FFFFFFFF00", 7, short(0xFFFF_FFFF, 1)),
        ("9F028200", 2, short(3, 2)),
        // The element inside claims more than the one around it holds.
        ("7003950501", 4, short(5, 1)),
        ("700770059F1A030840", 7, short(3, 2)),
    ] {
        check(text, PrivateTags::Ber, offset, why);
    }
    let mut nested = vec![];
    for _ in 0..=DEPTH_MAX {
        nested = {
            let mut around = Vec::new();
            write(Tag(0x70), &nested, &mut around);
            around
        };
    }
    check(&hex(&nested), PrivateTags::Ber, 2 * DEPTH_MAX, Why::TooDeep);
    let malformed = Dol::new(&unhex("9F02069F")).last().expect("an entry").expect_err("cut");
    assert_eq!((malformed.field, malformed.offset), (Part::Dol, 3));
    let malformed = Dol::new(&unhex("9F02")).last().expect("an entry").expect_err("cut");
    assert_eq!((malformed.field, malformed.offset), (Part::Dol, 2));
}

#[test]
fn private_tags_of_a_slip_are_primitive_where_the_dialect_says_so() {
    let mut slip = Vec::new();
    for (name, value) in
        [(0xFF00, "shop".as_bytes()), (0xFF2B, &[7, 1]), (0xFF80, &[0xFF, 0x01]), (0xFF70, &[1])]
    {
        write(Tag(name), value, &mut slip);
    }
    let mut seen = Vec::new();
    Tlv::new(&slip, PrivateTags::Primitive)
        .walk(&mut |depth, element| seen.push(format!("{depth} {element:?}")))
        .expect("a slip");
    assert_eq!(seen, ["0 FF00 [4 bytes]", "0 FF2B [2 bytes]", "0 FF80 [2 bytes]", "0 FF70 [1 bytes]"]);
    assert!(Tlv::new(&slip, PrivateTags::Ber).walk(&mut |_, _| {}).is_err(), "by BER they are constructed");
    assert_eq!(Tlv::new(&slip, PrivateTags::Primitive).find(Tag(0xFF70)), Some(&[1][..]));
}

#[test]
fn lengths_are_written_in_the_shortest_form_and_read_in_any() {
    for (length, head) in [
        (0, "5000"),
        (0x7F, "507F"),
        (0x80, "508180"),
        (0xFF, "5081FF"),
        (0x100, "50820100"),
        (0x1_0000, "5083010000"),
    ] {
        let value = vec![0xAB; length];
        let mut out = Vec::new();
        write(Tag(0x50), &value, &mut out);
        assert_eq!(hex(&out[..head.len() / 2]), head);
        let element = Tlv::new(&out, PrivateTags::Ber).next().expect("an element").expect("that holds");
        assert_eq!(element.value, value);
    }
    let bytes = unhex("000050840000000141009A03250101");
    let tlv = Tlv::new(&bytes, PrivateTags::Ber);
    assert_eq!(tlv.find(Tag(0x50)), Some(&b"A"[..]), "filler bytes are passed over");
    assert_eq!(tlv.find(Tag(0x9A)), Some(&unhex("250101")[..]));
    let three = unhex("DF81020155");
    assert_eq!(Tlv::new(&three, PrivateTags::Ber).find(Tag(0xDF_8102)), Some(&[0x55][..]));
}

#[test]
fn no_string_of_bytes_makes_reading_panic() {
    let mut dice = known::Dice(0x5EED);
    for _ in 0..200_000 {
        let bytes: Vec<u8> = (0..dice.up_to(24)).map(|_| dice.next() as u8).collect();
        for private in [PrivateTags::Ber, PrivateTags::Primitive] {
            let mut covered = 0;
            let walked = Tlv::new(&bytes, private).walk(&mut |depth, element| {
                assert!(element.value_offset + element.value.len() <= bytes.len());
                covered += usize::from(depth == 0) * element.value.len();
            });
            assert!(covered <= bytes.len());
            if let Err(malformed) = walked {
                assert!(malformed.offset <= bytes.len());
            }
        }
    }
}
