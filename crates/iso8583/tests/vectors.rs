//! The published frames: decoded to exactly their fields, and built back byte for byte.

mod known;

use iso8583::{Builder, Dialect, Mti, Tpdu};
use known::{hex, unhex, vectors};

/// The layouts of the vectors, as the dialects that read them.
fn dialect_of(id: &str) -> &'static Dialect {
    let name = match id {
        "pyiso8583-ascii" => "iso87-ascii-hex",
        "cup-0800-signin" | "cup-0200-purchase" => "unionpay-pos",
        "iso8583sim-ascii-binary" => "iso87-ascii",
        "iso8583sim-bcd" => "iso87-binary",
        other => panic!("no dialect is named for {other}"),
    };
    Dialect::by_name(name).expect("a dialect of that name")
}

#[test]
fn frames_decode_to_their_fields_and_back() {
    let Some(vectors) = vectors("iso8583_messages.json") else {
        return;
    };
    let mut checked = 0;
    for vector in vectors.as_array().unwrap() {
        let id = vector["id"].as_str().unwrap();
        let bytes = unhex(vector["hex"].as_str().unwrap());
        let held = known::frames::frames().find(|(name, _, _)| *name == id);
        assert_eq!(held.map(|(_, _, held)| held), Some(bytes.clone()), "{id} as it is held in the project");
        let dialect = dialect_of(id);
        let message = dialect.decode(&bytes).unwrap_or_else(|malformed| panic!("{id}: {malformed}"));
        // The frames of terminals write a byte for each digit of a length; decoding found that out.
        let dialect = message.dialect();
        assert!(dialect.name().starts_with(dialect_of(id).name()));
        let mut builder = Builder::new(dialect, Mti::new(0));
        for (key, value) in vector["fields"].as_object().unwrap() {
            let value = value.as_str().unwrap();
            match key.as_str() {
                "h" => {
                    let tpdu = message.tpdu().unwrap();
                    assert_eq!(hex(&tpdu.0) + &hex(message.header()), value, "{id} h");
                    let header = unhex(value);
                    builder.tpdu(Tpdu(header[..5].try_into().unwrap())).header(&header[5..]).unwrap();
                }
                "t" | "0" => {
                    assert_eq!(message.mti().to_string(), value, "{id} mti");
                    builder.restart(Mti::parse(value).unwrap());
                }
                "p" => assert_eq!(format!("{:016X}", message.bitmap() >> 64), value, "{id} bitmap"),
                number => {
                    let number = number.parse().unwrap();
                    assert_eq!(message.text(number).as_deref(), Some(value), "{id} field {number}");
                }
            }
        }
        let expected: Vec<u8> =
            vector["fields"].as_object().unwrap().keys().filter_map(|key| key.parse().ok()).collect();
        let mut expected: Vec<u8> = expected.into_iter().filter(|number| *number >= 2).collect();
        expected.sort_unstable();
        assert_eq!(message.numbers().collect::<Vec<_>>(), expected, "{id} numbers");

        // In descending order, to see that the order of putting is of no account.
        for number in expected.iter().rev() {
            let text = vector["fields"][number.to_string()].as_str().unwrap();
            builder.put_text(*number, text).unwrap();
        }
        assert_eq!(hex(builder.finish().unwrap()), hex(&bytes), "{id} built");

        if let Some(framed) = vector["framed_hex"].as_str() {
            let framed = unhex(framed);
            assert_eq!(iso8583::strip_frame(&framed), bytes, "{id} stripped");
            assert_eq!(dialect.decode_framed(&framed).unwrap().bytes(), bytes);
            let mut out = Vec::new();
            dialect.framing().frame(&bytes, &mut out).unwrap();
            assert_eq!(out, framed, "{id} framed");
        }
        assert_eq!(iso8583::strip_frame(&bytes), bytes, "{id} bare");
        checked += 1;
    }
    assert_eq!(checked, 5);
}
