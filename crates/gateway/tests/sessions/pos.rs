//! A terminal small enough to be read at a glance: makes requests, checks and shows answers.
//!
//! It shares nothing with the gateway but the standard.

use cardcrypto::cipher::{BlockCipher, Tdes};
use cardcrypto::key::{Key, TdesKey};
use cardcrypto::mac::UnionPayEcbMac;
use cardcrypto::pin_block::{PinBlock, PinFormat};
use cardcrypto::sign_in::{SignInLayout, WorkingKeyRole};
use cardcrypto::track::encrypt_packed;
use cardcrypto::{Pan, Pin, SystemEntropy, Track2};
use iso8583::{Builder, Message, Mti, Tpdu, UNIONPAY_POS};
use std::collections::BTreeMap;

pub const MERCHANT: &str = "898510154110283";

pub struct Keys {
    pub pin: Tdes,
    pub double: bool,
    pub mac: Tdes,
    pub track: Option<Tdes>,
}

pub struct Pos {
    pub merchant: String,
    pub terminal: String,
    pub master: TdesKey,
    pub keys: Option<Keys>,
    pub batch: u32,
    pub stan: u32,
    /// DE37, DE38, DE15 and DE4 of what was approved, by STAN.
    pub done: BTreeMap<u32, Done>,
    pub last_request: Vec<u8>,
    pub last_answer: Vec<u8>,
}

#[derive(Clone, Default)]
pub struct Done {
    pub rrn: String,
    pub code: String,
    pub date: String,
    pub amount: u64,
}

pub type Fields = BTreeMap<u8, String>;

impl Pos {
    pub fn new(terminal: &str, master: TdesKey) -> Pos {
        Pos {
            merchant: MERCHANT.to_owned(),
            terminal: terminal.to_owned(),
            master,
            keys: None,
            batch: 1,
            stan: 0,
            done: BTreeMap::new(),
            last_request: Vec::new(),
            last_answer: Vec::new(),
        }
    }

    /// A request, framed. Bytes of DE55 and DE62 are hexadecimal; DE64 is made where there are keys and `mac`.
    pub fn request(&mut self, mti: u16, fields: &Fields, mac: bool) -> Vec<u8> {
        let mut builder = Builder::new(&UNIONPAY_POS, Mti::new(mti));
        builder.tpdu(Tpdu([0x60, 0x00, 0x03, 0x00, 0x07]));
        builder.put_text(41, &self.terminal).unwrap();
        builder.put_text(42, &self.merchant).unwrap();
        for (number, text) in fields {
            builder.put_text(*number, text).unwrap_or_else(|why| panic!("{number} {text}: {why}"));
        }
        let message = match (&self.keys, mac) {
            (Some(keys), true) => {
                builder.finish_with_mac(|data| UnionPayEcbMac::over(&keys.mac, data).field()).unwrap()
            }
            _ => builder.finish().unwrap(),
        };
        let mut framed = Vec::new();
        UNIONPAY_POS.framing().frame(message, &mut framed).unwrap();
        self.last_request = framed.clone();
        framed
    }

    pub fn pin_block(&self, pin: &str, pan: &str, format: PinFormat) -> String {
        let block =
            PinBlock::encode(format, &Pin::parse(pin).unwrap(), &Pan::parse(pan).unwrap(), &SystemEntropy);
        let keys = self.keys.as_ref().unwrap();
        hex(&keys.pin.encrypt(*block.unwrap().expose()))
    }

    pub fn enciphered_track(&self, track: &str) -> String {
        let track = Track2::parse(track).unwrap();
        let mut packed = track.packed();
        encrypt_packed(self.keys.as_ref().unwrap().track.as_ref().unwrap(), &mut packed).unwrap();
        let mut text: String = packed.iter().map(|byte| format!("{byte:02X}")).collect();
        text.truncate(track.expose().len());
        text
    }

    /// Takes the working keys out of field 62.
    pub fn take_keys(&mut self, layout: SignInLayout, field: &[u8]) {
        let master = Tdes::new(&self.master);
        let mut opened = BTreeMap::new();
        for sealed in layout.split(field).unwrap() {
            let Key::Tdes(key) = layout.open(&master, &sealed).unwrap() else { panic!("no DES key") };
            opened.insert(sealed.role as u8, key);
        }
        let key = |role: WorkingKeyRole| opened.get(&(role as u8)).map(Tdes::new);
        self.keys = Some(Keys {
            pin: key(WorkingKeyRole::Pin).unwrap(),
            double: layout != SignInLayout::Single,
            mac: key(WorkingKeyRole::Mac).unwrap(),
            track: key(WorkingKeyRole::Track),
        });
    }

    /// What a terminal would see of an answer: code, numbers, remark, balance, what the header asks for, and
    /// whether its MAC is right.
    pub fn show(&mut self, framed: &[u8]) -> String {
        self.last_answer = framed.to_vec();
        let message = UNIONPAY_POS.decode(&framed[2..]).expect("an answer that can be read");
        let text = |number: u8| message.text(number).map(|text| text.into_owned());
        let mut said = format!("{} {}", message.mti(), text(39).unwrap_or("--".into()));
        if let Some(rrn) = text(37) {
            said += &format!(" rrn {}", rrn.trim_start_matches('0'));
        }
        if let Some(code) = text(38) {
            said += &format!(" auth {code}");
        }
        if let Some(totals) = text(48).filter(|text| text.len() == 62) {
            said += &format!(" result {}{}", &totals[30..31], &totals[61..62]);
        }
        if let Some(balance) = text(54) {
            said += &format!(" balance {balance}");
        }
        if let Some(chip) = text(55) {
            said += &format!(" chip {chip}");
        }
        if let Some(remark) = text(63).filter(|text| text.len() > 3) {
            said += &format!(" {:?}", &remark[3..]);
        }
        if message.header()[2] & 0x0F == 3 {
            said += " please sign in";
        }
        self.remember(&message);
        said + self.judge(&message)
    }

    fn remember(&mut self, message: &Message<'_>) {
        let text = |number: u8| message.text(number).map(|text| text.into_owned()).unwrap_or_default();
        if text(39) == "00" && message.has(38) {
            let stan = message.number(11).unwrap() as u32;
            let amount = message.number(4).unwrap_or(0);
            let done = Done { rrn: text(37), code: text(38), date: text(15), amount };
            self.done.insert(stan, done);
        }
    }

    fn judge(&self, message: &Message<'_>) -> &'static str {
        let Some(code) = message.binary::<8>(64) else { return " (no mac)" };
        let Some(keys) = &self.keys else { return " (mac of whom?)" };
        let right = UnionPayEcbMac::over(&keys.mac, message.mac_input()).field() == code;
        if right { "" } else { " (WRONG MAC)" }
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
