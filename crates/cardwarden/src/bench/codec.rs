//! A UnionPay sale without disk and socket: bytes to fields and fields to bytes; and the whole of gateway and machine.

use super::results::{Reading, Results};
use super::tills::{How, Tills};
use super::{Part, Plan, load, world};
use crate::clock;
use gateway::{Directory, Gateway, LinkId, LinkKind, Output};
use iso8583::{Builder, Message, Mti, UNIONPAY_POS, Value};
use machine::Machine;
use machine::time::Timestamp;
use std::hint::black_box;
use std::time::Instant;

/// Done between two looks at the clock.
const CHUNK: u32 = 64;
/// Fields an answer repeats.
const ECHOED: [u8; 10] = [2, 3, 4, 11, 14, 25, 41, 42, 49, 60];

/// Sales made ahead for one reading of a session.
const SALES: usize = 8_192;
const LINK: LinkId = LinkId(1);

/// A gateway, a machine and one terminal, with neither disk nor socket between them.
pub struct Codec {
    tills: Tills,
    gateway: Gateway,
    machine: Machine,
    stripe: Vec<u8>,
    chip: Vec<u8>,
}

impl Codec {
    pub fn new() -> Result<Codec, String> {
        let mut tills = Tills::new(1)?;
        let now = clock::now();
        let machine = world::machine(&tills.known, now)?;
        let (hsm, ring, directory) =
            (tills.keys.hsm.clone(), tills.keys.ring.clone(), Directory::of(&machine));
        let mut gateway = Gateway::new(hsm, ring, directory, gateway::Settings::china());
        gateway.connected(LINK, LinkKind::UnionPayPos, now);
        let sign_in = tills.sign_in(0)?;
        let mut codec = Codec { tills, gateway, machine, stripe: Vec::new(), chip: Vec::new() };
        let answer = codec.ask(&sign_in, now).ok_or("a sign-in is not answered")?;
        let reply = codec.tills.tills[0].pos.receive(iso8583::strip_frame(&answer));
        reply.map_err(|error| error.to_string())?;
        for (how, frame) in [(How::Stripe, &mut codec.stripe), (How::Chip, &mut codec.chip)] {
            *frame = iso8583::strip_frame(&codec.tills.sale(0, how, false)?).to_vec();
        }
        Ok(codec)
    }

    /// A frame's way through gateway and machine, and its answer.
    fn ask(&mut self, frame: &[u8], now: Timestamp) -> Option<Vec<u8>> {
        self.gateway.receive(LINK, frame, now);
        loop {
            match self.gateway.poll()? {
                Output::Ask { ticket, command } => {
                    let outcome = self.machine.apply(&command, now);
                    self.gateway.answered(ticket, &command, &outcome, now);
                }
                Output::Send { bytes, .. } => {
                    self.gateway.written(LINK, bytes.len(), now);
                    return Some(bytes);
                }
                Output::Hangup { .. } | Output::Keep { .. } => return None,
            }
        }
    }

    /// Sales by way of gateway and machine, one after the other.
    fn session(&mut self, how: How) -> Result<Reading, String> {
        let frames = (0..SALES).map(|_| self.tills.sale(0, how, false)).collect::<Result<Vec<_>, _>>()?;
        let (mut times, begun) = (Vec::with_capacity(SALES), Instant::now());
        let mut before = begun;
        for frame in &frames {
            // Attempts are remembered by the second. On the very beat of one a card that comes so thick would be
            // too frequent even under this policy; an odd millisecond is never on the beat.
            let at = Timestamp(clock::now().0 | 1);
            let answer = self.ask(frame, at).ok_or("a sale is not answered")?;
            let now = Instant::now();
            times.push(now.duration_since(before).as_nanos() as u64);
            let answer = decode(iso8583::strip_frame(&answer));
            if answer.text(39).as_deref() != Some("00") {
                return Err(format!("a sale was answered {:?}", answer.text(39)));
            }
            before = Instant::now();
        }
        Ok(Reading::of_times(&mut times))
    }
}

fn decode(bytes: &[u8]) -> Message<'_> {
    UNIONPAY_POS.decode(black_box(bytes)).expect("a frame of our own terminal")
}

impl Part for Codec {
    fn turn(&mut self, plan: &Plan, results: &mut Results) -> Result<(), String> {
        let seconds = plan.seconds * 0.1;
        for (name, frame) in [("stripe", &self.stripe), ("chip", &self.chip)] {
            let bytes = frame.len();
            let reading = load::chunks(seconds, CHUNK, || decode(frame).bitmap());
            results.put(
                &format!("codec.decode.{name}"),
                &format!("decode a sale by {name}, {bytes} bytes"),
                reading,
            );
            let message = decode(frame);
            let mut builder = Builder::new(&UNIONPAY_POS, Mti::new(0x0210));
            let reading = load::chunks(seconds, CHUNK, || {
                builder.restart_reply(&message, Mti::new(0x0210));
                for number in ECHOED {
                    builder.echo(&message, number).expect("the same dialect");
                }
                builder.put_text(39, "00").expect("two characters");
                builder.finish_with_mac(|_| [0x31; 8]).expect("an answer fits").len()
            });
            results.put(
                &format!("codec.answer.{name}"),
                &format!("encode the answer to a sale by {name}"),
                reading,
            );
            let texts: Vec<(u8, String)> = message
                .numbers()
                .filter(|number| *number != 64)
                .filter_map(|number| Some((number, message.text(number)?.into_owned())))
                .collect();
            let reading = load::chunks(seconds, CHUNK, || {
                builder.restart(Mti::new(0x0200));
                for (number, text) in &texts {
                    builder.put(*number, Value::Text(text)).expect("its own text");
                }
                builder.finish_with_mac(|_| [0x31; 8]).expect("its own fields").len()
            });
            results.put(
                &format!("codec.encode.{name}"),
                &format!("encode a sale by {name} from text"),
                reading,
            );
        }
        for (how, key, what) in [
            (
                How::Stripe,
                "codec.session.pin",
                "gateway and machine, in one thread: a sale with MAC, PIN, CVV",
            ),
            (
                How::Chip,
                "codec.session.chip",
                "gateway and machine, in one thread: the same and its cryptogram",
            ),
        ] {
            let reading = self.session(how)?;
            results.put(key, what, reading);
        }
        Ok(())
    }

    fn end(self: Box<Self>) -> Result<(), String> {
        Ok(())
    }
}
