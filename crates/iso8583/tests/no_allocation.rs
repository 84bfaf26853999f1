//! Decoding takes no memory, nor does reading what a session reads of a message.

mod known;

use iso8583::tlv::Tag;
use iso8583::{Builder, Deframer, Framing, LengthPrefix, Mti, UNIONPAY_POS};
use known::frames::frames;

#[test]
fn decoding_and_reading_take_no_memory() {
    for (name, dialect, bytes) in frames() {
        let mut text = [0; 128];
        let counted = allocation_counter::measure(|| {
            let message = dialect.decode(&bytes).expect("decodes");
            for number in message.numbers() {
                let _ = (message.raw(number), message.number(number), message.digits(number));
                let _ = (message.copy_text(number, &mut text), message.binary::<8>(number));
            }
            let _ = (message.mti(), message.tpdu(), message.header(), message.mac_input());
            let _ = message.tlv(55).map(|tlv| (tlv.find(Tag(0x9F26)), tlv.clone().count()));
            assert!(dialect.decode(&bytes[1..]).is_err());
        });
        assert_eq!(counted.count_total, 0, "{name}");
    }
}

#[test]
fn a_builder_and_a_deframer_that_are_warm_take_no_memory() {
    let (_, _, bytes) = frames().nth(4).expect("a sale");
    let message = UNIONPAY_POS.decode(&bytes).expect("decodes");
    let mut builder = Builder::new(&UNIONPAY_POS, Mti::new(0x0210));
    let mut out = Vec::new();
    let mut answer = || {
        builder.restart_reply(&message, Mti::new(0x0210));
        for number in [2, 3, 4, 11, 41, 42, 49, 60] {
            builder.echo(&message, number).expect("the same dialect");
        }
        builder.put_text(39, "00").expect("two characters").put_number(12, 101_112).expect("n6");
        let bytes = builder.finish_with_mac(|_| [0x31; 8]).expect("fits");
        out.clear();
        UNIONPAY_POS.framing().frame(bytes, &mut out).expect("a frame");
    };
    answer();
    let counted = allocation_counter::measure(&mut answer);
    assert_eq!(counted.count_total, 0);

    let mut stream = Vec::new();
    UNIONPAY_POS.framing().frame(&bytes, &mut stream).expect("a frame");
    let mut deframer = Deframer::new(Framing { length: LengthPrefix::Binary2, tpdu: true }, 2048);
    let counted = allocation_counter::measure(|| {
        let mut input = &stream[..];
        assert!(deframer.next(&mut input).expect("holds").is_some());
    });
    assert_eq!(counted.count_total, 0);
}
