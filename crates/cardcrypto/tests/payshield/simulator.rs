//! A payShield-style module of our own: TCP, framed commands, answers by the published formats, and on
//! request the bad manners of networks and devices.
//!
//! Nothing of the client under test is used here: commands are read and answers written a second time, by
//! hand.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cardcrypto::cipher::{BlockCipher, Tdes};
use cardcrypto::cvv::{Cvv, Expiry, ServiceCode};
use cardcrypto::dukpt::{Direction, tdes};
use cardcrypto::emv::cryptogram::{ArpcAsk, Cryptogram};
use cardcrypto::emv::keys::CardSequence;
use cardcrypto::emv::{MasterKeyOption, Profile};
use cardcrypto::hsm::{CardData, EncryptedPin, MacAlgorithm, SoftHsm, WorkingKey};
use cardcrypto::key::{AesKey, Key, KeyAlgorithm, TdesKey};
use cardcrypto::keyblock::{Header, KeyBlock, ProtectionKey, Version};
use cardcrypto::mac::Padding;
use cardcrypto::pin_block::{PinBlock, PinBlockError, PinFormat};
use cardcrypto::pin_verification::{Ibm3624, PinOffset, Pvv};
use cardcrypto::{
    Exportability, Hsm, HsmError, KeyAttributes, KeyHandle, KeyMode, KeyStatus, KeyUsage, Pan, Pin,
    SystemEntropy,
};

/// Characters of the message header.
pub const HEADER: usize = 4;

/// What the module does with one command.
#[derive(Clone, Debug)]
pub enum Manner {
    /// Says nothing for so long, then answers.
    Slow(Duration),
    /// Answers byte by byte, so far apart.
    Drip(Duration),
    /// Sends these bytes as they are.
    Garbage(Vec<u8>),
    /// Answers with another header.
    OtherHeader,
    /// Sends half of the answer and hangs up.
    Half,
    /// Hangs up without a word.
    Hangup,
    /// Refuses with this code.
    Refuse([u8; 2]),
    /// Answers another command.
    OtherCode,
}

type Manners = Arc<Mutex<VecDeque<Manner>>>;

/// The module, listening.
pub struct Simulator {
    pub address: SocketAddr,
    pub desk: Arc<Desk>,
    manners: Manners,
    connections: Arc<AtomicUsize>,
}

impl Simulator {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (desk, manners) = (Arc::new(Desk::new()), Manners::default());
        let connections = Arc::new(AtomicUsize::new(0));
        let (at_desk, with, counted) = (desk.clone(), manners.clone(), connections.clone());
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                let (desk, manners) = (at_desk.clone(), with.clone());
                std::thread::spawn(move || serve(connection, &desk, &manners));
            }
        });
        Self { address, desk, manners, connections }
    }

    /// The next commands are met in these ways, one each.
    pub fn behave(&self, manners: impl IntoIterator<Item = Manner>) {
        self.manners.lock().unwrap().extend(manners);
    }

    /// Connections made so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Whatever goes wrong with a connection ends it.
fn serve(mut connection: TcpStream, desk: &Desk, manners: &Manners) -> Option<()> {
    loop {
        let mut length = [0; 2];
        connection.read_exact(&mut length).ok()?;
        let mut body = vec![0; usize::from(u16::from_be_bytes(length))];
        connection.read_exact(&mut body).ok()?;
        let (header, command) = body.split_at_checked(HEADER)?;
        let manner = manners.lock().unwrap().pop_front();
        let mut header = header.to_vec();
        let mut answer = desk.answer(command);
        match &manner {
            Some(Manner::Slow(wait)) => std::thread::sleep(*wait),
            Some(Manner::OtherHeader) => header.reverse(),
            Some(Manner::Hangup) => return None,
            Some(Manner::Refuse(code)) => answer = [&answer[..2], code].concat(),
            Some(Manner::OtherCode) => answer[1] += 1,
            Some(Manner::Garbage(bytes)) => {
                connection.write_all(bytes).ok()?;
                continue;
            }
            Some(Manner::Drip(_) | Manner::Half) | None => {}
        }
        let body = [header, answer].concat();
        let frame = [&(body.len() as u16).to_be_bytes()[..], &body].concat();
        match manner {
            Some(Manner::Drip(apart)) => {
                for byte in frame {
                    connection.write_all(&[byte]).ok()?;
                    std::thread::sleep(apart);
                }
            }
            Some(Manner::Half) => {
                connection.write_all(&frame[..frame.len() / 2]).ok()?;
                return None;
            }
            Some(_) | None => connection.write_all(&frame).ok()?,
        }
    }
}

/// An error code.
type Code = [u8; 2];
const BAD_FIELD: Code = *b"15";

fn code_of(error: HsmError) -> Code {
    match error {
        HsmError::PinBlock(PinBlockError::PinLength) => *b"24",
        HsmError::PinBlock(_) => *b"20",
        HsmError::WrongUsage => *b"A6",
        HsmError::WrongMode => *b"A8",
        HsmError::WrongAlgorithm => *b"27",
        HsmError::KeyBlock(_) => *b"A4",
        HsmError::NotExportable => *b"AA",
        HsmError::Input(_) | HsmError::KeySerialNumber => BAD_FIELD,
        HsmError::Unsupported => *b"68",
        HsmError::UnknownKey
        | HsmError::KeyExpired
        | HsmError::KeyRetired
        | HsmError::Chip(_)
        | HsmError::Full
        | HsmError::NoEntropy
        | HsmError::Unreachable
        | HsmError::Refused(_) => *b"41",
    }
}

/// What reads a command and works on it: the software module behind the formats.
pub struct Desk {
    soft: SoftHsm,
    master: AesKey,
    master_handle: KeyHandle,
}

/// A key that came with a command.
struct Brought {
    handle: KeyHandle,
    key: Key,
}

/// The fields of a command, and the keys that came in them.
struct Fields<'a> {
    desk: &'a Desk,
    left: &'a [u8],
    brought: Vec<KeyHandle>,
}

impl Drop for Fields<'_> {
    fn drop(&mut self) {
        for handle in self.brought.drain(..) {
            self.desk.soft.forget(handle).unwrap();
        }
    }
}

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Code> {
        let (taken, left) = self.left.split_at_checked(count).ok_or(*b"15")?;
        self.left = left;
        Ok(taken)
    }

    fn text(&mut self, count: usize) -> Result<&'a str, Code> {
        std::str::from_utf8(self.take(count)?).map_err(|_| BAD_FIELD)
    }

    fn literal(&mut self, text: &str) -> Result<(), Code> {
        if self.take(text.len())? == text.as_bytes() { Ok(()) } else { Err(BAD_FIELD) }
    }

    fn hex(&mut self, bytes: usize) -> Result<Vec<u8>, Code> {
        let text = self.text(bytes * 2)?;
        (0..bytes)
            .map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).map_err(|_| BAD_FIELD))
            .collect()
    }

    fn number(&mut self, digits: usize) -> Result<usize, Code> {
        self.text(digits)?.parse().map_err(|_| BAD_FIELD)
    }

    /// A length in hexadecimal, and so many bytes.
    fn counted(&mut self, digits: usize) -> Result<&'a [u8], Code> {
        let length = usize::from_str_radix(self.text(digits)?, 16).map_err(|_| BAD_FIELD)?;
        self.take(length)
    }

    fn block(&mut self, scheme: &str) -> Result<&'a str, Code> {
        self.literal(scheme)?;
        let length = std::str::from_utf8(self.left.get(1..5).ok_or(BAD_FIELD)?).map_err(|_| BAD_FIELD)?;
        self.text(length.parse().map_err(|_| BAD_FIELD)?)
    }

    fn key(&mut self) -> Result<Brought, Code> {
        let block = self.block("S")?.replacen('1', "D", 1);
        let handle = self.desk.soft.import_key(self.desk.master_handle, &block, None).map_err(code_of)?;
        self.brought.push(handle);
        let master = ProtectionKey::Aes(self.desk.master.clone());
        let key = KeyBlock::unwrap(&master, &block).and_then(|block| block.key()).map_err(|_| *b"A4")?;
        Ok(Brought { handle, key })
    }

    /// The account number: what a card number has without its check digit, which nothing here needs.
    fn account(&mut self) -> Result<Pan, Code> {
        Pan::parse(&format!("{}0", self.text(12)?)).map_err(|_| *b"22")
    }

    fn format(&mut self) -> Result<PinFormat, Code> {
        match self.text(2)? {
            "01" => Ok(PinFormat::Iso0),
            "05" => Ok(PinFormat::Iso1),
            "47" => Ok(PinFormat::Iso3),
            _ => Err(*b"23"),
        }
    }

    fn serial_number(&mut self) -> Result<tdes::Ksn, Code> {
        self.literal("A05")?;
        Ok(tdes::Ksn::new(self.hex(10)?.try_into().map_err(|_| BAD_FIELD)?))
    }

    fn end(&self) -> Result<(), Code> {
        if self.left.is_empty() { Ok(()) } else { Err(BAD_FIELD) }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn code_of_format(format: PinFormat) -> &'static str {
    match format {
        PinFormat::Iso1 => "05",
        PinFormat::Iso3 => "47",
        PinFormat::Iso0 | PinFormat::Iso2 | PinFormat::Iso4 | PinFormat::UnionPayNoPan => "01",
    }
}

impl Desk {
    fn new() -> Self {
        let (soft, master) = (SoftHsm::new(Box::new(SystemEntropy)), AesKey::new(&[0x5A; 32]).unwrap());
        let usage = KeyAttributes::new(KeyUsage::KeyBlockProtection, KeyAlgorithm::Aes256, KeyMode::Both);
        let master_handle = soft.load(None, usage, KeyStatus::Active, Key::Aes(master.clone())).unwrap();
        Self { soft, master, master_handle }
    }

    /// A key under the local master key, as a host keeps it.
    pub fn under_master(&self, attributes: &KeyAttributes, key: &[u8]) -> String {
        let master = ProtectionKey::Aes(self.master.clone());
        let header = Header::of(Version::D, attributes);
        format!("S{}", KeyBlock::wrap(&master, &header, key, &SystemEntropy).unwrap().replacen('D', "1", 1))
    }

    fn answer(&self, command: &[u8]) -> Vec<u8> {
        let Some((code, left)) = command.split_first_chunk::<2>() else { return b"ZZ15".to_vec() };
        let mut fields = Fields { desk: self, left, brought: Vec::new() };
        let done = self.run(code, &mut fields).and_then(|answer| fields.end().map(|()| answer));
        let front = [code[0], code[1] + 1];
        match done {
            Ok(answer) => [&front[..], b"00", &answer].concat(),
            Err(error) => [front, error].concat(),
        }
    }

    fn run(&self, code: &Code, fields: &mut Fields<'_>) -> Result<Vec<u8>, Code> {
        match code {
            b"B2" => Ok(fields.counted(4)?.to_vec()),
            b"NC" => Ok(b"26860447010816611234-5678".to_vec()),
            b"N0" => Ok(vec![0xA7; fields.number(3)?]),
            b"EC" | b"GQ" | b"EA" | b"GO" => self.verify_pin(code, fields),
            b"JE" => {
                let key = fields.key()?.handle;
                let block = fields.hex(8)?;
                let (format, pan) = (fields.format()?, fields.account()?);
                Ok(self.enclose(&self.clear(key.into(), format, &block, &pan)?, &pan))
            }
            b"DG" | b"DE" => self.make_reference(code, fields),
            b"CC" | b"G0" => self.translate(code, fields),
            b"KQ" => self.cryptogram(fields),
            b"CW" | b"CY" => self.card_value(code, fields),
            b"M6" | b"M8" => self.mac(code, fields),
            b"A0" | b"A6" | b"A8" | b"BU" => self.keys(code, fields),
            _ => Err(*b"68"),
        }
    }

    /// The PIN of a block, by way of a key that this desk knows.
    fn clear(&self, from: WorkingKey, format: PinFormat, block: &[u8], pan: &Pan) -> Result<Pin, Code> {
        let (handle, cipher) = self.own_key();
        let pin = EncryptedPin { key: from, format, block, pan };
        let moved = self.soft.translate_pin(&pin, handle.into(), PinFormat::Iso0);
        self.soft.forget(handle).unwrap();
        let clear = cipher.decrypt(moved.map_err(code_of)?.bytes().try_into().unwrap());
        PinBlock::new(clear).decode(PinFormat::Iso0, pan).map_err(|error| code_of(error.into()))
    }

    fn own_key(&self) -> (KeyHandle, Tdes) {
        let key = TdesKey::new(&[0x31; 16]).unwrap();
        let usage = KeyAttributes::new(KeyUsage::PinEncryption, KeyAlgorithm::TdesDouble, KeyMode::Both);
        let handle = self.soft.load(None, usage, KeyStatus::Active, Key::Tdes(key.clone())).unwrap();
        (handle, Tdes::new(&key))
    }

    /// A PIN under the local master key: its length, and its digits moved by a stream bound to the account.
    fn enclose(&self, pin: &Pin, pan: &Pan) -> Vec<u8> {
        let stream = self.stream(pan);
        let moved = pin.expose().iter().zip(stream).map(|(digit, by)| b'0' + (digit + by % 10) % 10);
        [format!("{:X}", pin.expose().len()).into_bytes(), moved.collect()].concat()
    }

    fn disclose(&self, text: &[u8], pan: &Pan) -> Result<Pin, Code> {
        let (length, digits) = text.split_first().ok_or(*b"14")?;
        if format!("{:X}", digits.len()).as_bytes() != [*length] || !digits.iter().all(u8::is_ascii_digit) {
            return Err(*b"14");
        }
        let moved = digits.iter().zip(self.stream(pan)).map(|(digit, by)| (digit - b'0' + 10 - by % 10) % 10);
        Pin::from_values(&moved.collect::<Vec<u8>>()).map_err(|_| *b"14")
    }

    fn stream(&self, pan: &Pan) -> [u8; 16] {
        let cipher = cardcrypto::cipher::Aes::new(&self.master);
        cardcrypto::mac::cmac(&cipher, &[pan.expose().as_bytes()])
    }

    fn verify_pin(&self, code: &Code, fields: &mut Fields<'_>) -> Result<Vec<u8>, Code> {
        let dukpt = code[0] == b'G';
        if dukpt {
            fields.literal("0")?;
        }
        let (from, pvk) = (fields.key()?, fields.key()?);
        let key = if dukpt {
            let ksn = fields.serial_number()?;
            WorkingKey::DukptTdes { base: from.handle, ksn, direction: Direction::Request }
        } else {
            from.handle.into()
        };
        if code == b"EA" {
            fields.literal("12")?;
        }
        let block = fields.hex(8)?;
        let format = fields.format()?;
        if matches!(code, b"EC" | b"GQ") {
            let pan = fields.account()?;
            let index = fields.number(1)? as u8;
            let pvv = Pvv::parse(fields.text(4)?).ok_or(BAD_FIELD)?;
            let pin = EncryptedPin { key, format, block: &block, pan: &pan };
            let verdict = self.soft.verify_pin_pvv(&pin, pvk.handle, index, &pvv).map_err(code_of)?;
            return if verdict.is_right() { Ok(Vec::new()) } else { Err(*b"01") };
        }
        let check = fields.number(2)?;
        let pan = fields.account()?;
        let (rule, validated) = rule(fields, &pan)?;
        let offset = fields.text(12)?.trim_end_matches('F');
        let offset = PinOffset::parse(offset).map_err(|_| BAD_FIELD)?;
        let Key::Tdes(pvk) = &pvk.key else { return Err(*b"27") };
        let right = rule.pin(&Tdes::new(pvk), &validated, &offset).map_err(|_| BAD_FIELD)?;
        let given = self.clear(key, format, &block, &pan)?;
        let same = given.expose() == right.expose() && given.expose().len() == check;
        if same { Ok(Vec::new()) } else { Err(*b"01") }
    }

    fn make_reference(&self, code: &Code, fields: &mut Fields<'_>) -> Result<Vec<u8>, Code> {
        let pvk = fields.key()?;
        let behind = if code == b"DG" { 12 + 1 } else { 2 + 12 + 16 + 12 };
        let pin = fields.take(fields.left.len().checked_sub(behind).ok_or(BAD_FIELD)?)?;
        if code == b"DG" {
            let pan = fields.account()?;
            let index = fields.number(1)? as u8;
            let (handle, cipher) = self.own_key();
            let clear = PinBlock::encode(PinFormat::Iso0, &self.disclose(pin, &pan)?, &pan, &SystemEntropy);
            let block = cipher.encrypt(*clear.map_err(|_| *b"14")?.expose());
            let pin = EncryptedPin { key: handle.into(), format: PinFormat::Iso0, block: &block, pan: &pan };
            let pvv = self.soft.generate_pvv(&pin, pvk.handle, index);
            self.soft.forget(handle).unwrap();
            return Ok(pvv.map_err(code_of)?.expose().to_vec());
        }
        let check = fields.number(2)?;
        let pan = fields.account()?;
        let (rule, validated) = rule(fields, &pan)?;
        let Key::Tdes(pvk) = &pvk.key else { return Err(*b"27") };
        let pin = self.disclose(pin, &pan)?;
        if pin.expose().len() < check {
            return Err(*b"24");
        }
        let offset = rule.offset(&Tdes::new(pvk), &validated, &pin).map_err(|_| BAD_FIELD)?;
        let digits: String =
            offset.expose().iter().take(check).map(|digit| char::from(b'0' + digit)).collect();
        Ok(format!("{digits:F<12}").into_bytes())
    }

    fn translate(&self, code: &Code, fields: &mut Fields<'_>) -> Result<Vec<u8>, Code> {
        let (from, to) = (fields.key()?, fields.key()?);
        let key = if code == b"G0" {
            let ksn = fields.serial_number()?;
            WorkingKey::DukptTdes { base: from.handle, ksn, direction: Direction::Request }
        } else {
            fields.literal("12")?;
            from.handle.into()
        };
        let block = fields.hex(8)?;
        let (format, wanted) = (fields.format()?, fields.format()?);
        let pan = fields.account()?;
        let pin = EncryptedPin { key, format, block: &block, pan: &pan };
        let moved = self.soft.translate_pin(&pin, to.handle.into(), wanted).map_err(code_of)?;
        let digits = self.clear(key, format, &block, &pan)?.expose().len();
        Ok(format!("{digits:02}{}{}", hex(moved.bytes()), code_of_format(wanted)).into_bytes())
    }

    fn cryptogram(&self, fields: &mut Fields<'_>) -> Result<Vec<u8>, Code> {
        let answered = fields.number(1)? == 1;
        let scheme = fields.number(1)?;
        let issuer = fields.key()?;
        let card = hex(fields.take(8)?);
        let (pan, sequence) = card.split_at(14);
        let pan = Pan::parse(pan).map_err(|_| *b"22")?;
        let sequence = CardSequence::new(sequence.parse().map_err(|_| BAD_FIELD)?).map_err(|_| BAD_FIELD)?;
        let array = |bytes: &[u8]| <[u8; 2]>::try_from(bytes).map_err(|_| BAD_FIELD);
        let atc = array(fields.take(2)?)?;
        let unpredictable = fields.take(4)?.try_into().map_err(|_| BAD_FIELD)?;
        let data = fields.counted(2)?;
        fields.literal(";")?;
        let arqc = fields.take(8)?.try_into().map_err(|_| BAD_FIELD)?;
        let (profile, data) = match scheme {
            0 => (Profile::VisaCvn10, data),
            1 => (Profile::MastercardCvn16, without_padding(data).ok_or(*b"80")?),
            _ => return Err(BAD_FIELD),
        };
        let master_key = MasterKeyOption::A;
        let cryptogram =
            Cryptogram { profile, master_key, pan: &pan, sequence, atc, unpredictable, data, arqc };
        if !answered {
            let verdict = self.soft.verify_arqc(issuer.handle, &cryptogram).map_err(code_of)?;
            return if verdict.is_right() { Ok(Vec::new()) } else { Err(*b"01") };
        }
        let ask = ArpcAsk::Code(array(fields.take(2)?)?);
        let arpc = self.soft.answer_arqc(issuer.handle, &cryptogram, &ask).map_err(code_of)?;
        Ok(arpc.ok_or(*b"01")?.bytes().to_vec())
    }

    fn card_value(&self, code: &Code, fields: &mut Fields<'_>) -> Result<Vec<u8>, Code> {
        let cvk = fields.key()?.handle;
        let given = if code == b"CY" { Some(Cvv::parse(fields.text(3)?).ok_or(BAD_FIELD)?) } else { None };
        let digits = fields.left.iter().position(|byte| *byte == b';').ok_or(BAD_FIELD)?;
        let pan = Pan::parse(fields.text(digits)?).map_err(|_| *b"22")?;
        fields.literal(";")?;
        let expiry = Expiry::parse(fields.text(4)?).ok_or(BAD_FIELD)?;
        let service_code = ServiceCode::parse(fields.text(3)?).ok_or(BAD_FIELD)?;
        let card = CardData { pan: &pan, expiry, service_code };
        let Some(given) = given else {
            return Ok(self.soft.generate_cvv(cvk, &card).map_err(code_of)?.expose().to_vec());
        };
        let verdict = self.soft.verify_cvv(cvk, &card, &given).map_err(code_of)?;
        if verdict.is_right() { Ok(Vec::new()) } else { Err(*b"01") }
    }

    fn mac(&self, code: &Code, fields: &mut Fields<'_>) -> Result<Vec<u8>, Code> {
        fields.literal("00")?;
        let bytes = 4 + 4 * fields.number(1)?;
        let method = fields.text(1)?;
        let padding = Padding::ALL.get(fields.number(1)?.wrapping_sub(1)).copied().ok_or(BAD_FIELD)?;
        let algorithm = match method {
            "1" => MacAlgorithm::Cbc { padding },
            "3" => MacAlgorithm::Retail { padding },
            _ => return Err(*b"05"),
        };
        fields.literal("FFF")?;
        let key: WorkingKey = fields.key()?.handle.into();
        let data = fields.counted(4)?;
        if code == b"M6" {
            let made = self.soft.make_mac(key, algorithm, data).map_err(code_of)?;
            return Ok(hex(&made.bytes()[..bytes]).into_bytes());
        }
        let given = fields.hex(bytes)?;
        let verdict = self.soft.verify_mac(key, algorithm, data, &given).map_err(code_of)?;
        if verdict.is_right() { Ok(Vec::new()) } else { Err(*b"01") }
    }

    fn keys(&self, code: &Code, fields: &mut Fields<'_>) -> Result<Vec<u8>, Code> {
        if code == b"A0" {
            fields.literal("0")?;
        }
        fields.literal("FFF")?;
        if code == b"A0" {
            fields.literal("S#")?;
            let attributes = asked_attributes(fields)?;
            let key = Key::generate(attributes.algorithm, &SystemEntropy).unwrap();
            return Ok(self.named(&attributes, &key).into_bytes());
        }
        let first = fields.key()?;
        match code {
            b"A6" => {
                let block = fields.block("R")?;
                fields.literal("S")?;
                let handle = self.soft.import_key(first.handle, block, None).map_err(code_of)?;
                self.soft.forget(handle).unwrap();
                let zone = ProtectionKey::try_from(&first.key).map_err(|_| *b"27")?;
                let opened = KeyBlock::unwrap(&zone, block).map_err(|_| *b"A4")?;
                let (attributes, key) = (opened.attributes().unwrap(), opened.key().unwrap());
                Ok(self.named(&attributes, &key).into_bytes())
            }
            b"A8" => {
                let key = fields.key()?;
                let value = key.key.check_value().to_string();
                match fields.text(1)? {
                    "R" => {
                        let block = self.soft.export_key(first.handle, key.handle).map_err(code_of)?;
                        Ok(format!("R{block}{value}").into_bytes())
                    }
                    scheme @ ("X" | "Y" | "Z") => {
                        let wrapped = self.soft.export_under(first.handle, key.handle).map_err(code_of)?;
                        let front = if scheme == "Z" { "" } else { scheme };
                        Ok(format!("{front}{}{value}", hex(wrapped.cryptogram())).into_bytes())
                    }
                    _ => Err(*b"26"),
                }
            }
            _ => {
                fields.literal("#0")?;
                Ok(format!("{}000000", hex(&first.key.check_value().bytes())).into_bytes())
            }
        }
    }

    fn named(&self, attributes: &KeyAttributes, key: &Key) -> String {
        format!("{}{}", self.under_master(attributes, key.expose()), key.check_value())
    }
}

/// What a new key is to be, behind the `#` of `A0`.
fn asked_attributes(fields: &mut Fields<'_>) -> Result<KeyAttributes, Code> {
    let usage = fields.take(2)?.try_into().ok().and_then(KeyUsage::of_code).ok_or(*b"A6")?;
    let algorithm = match fields.text(2)? {
        "DE" => KeyAlgorithm::TdesSingle,
        "T2" => KeyAlgorithm::TdesDouble,
        "T3" => KeyAlgorithm::TdesTriple,
        "A1" => KeyAlgorithm::Aes128,
        "A2" => KeyAlgorithm::Aes192,
        "A3" => KeyAlgorithm::Aes256,
        _ => return Err(*b"A7"),
    };
    let mode = KeyMode::of_code(fields.take(1)?[0]).ok_or(*b"A8")?;
    let version = fields.take(2)?.try_into().map_err(|_| *b"A9")?;
    let exportability = Exportability::of_code(fields.take(1)?[0]).ok_or(*b"AA")?;
    fields.literal("00")?;
    Ok(KeyAttributes { usage, algorithm, mode, exportability, version })
}

/// Conversion table and validation data, as a rule over a card number made of the data.
fn rule(fields: &mut Fields<'_>, account: &Pan) -> Result<(Ibm3624, Pan), Code> {
    let table = fields.text(16)?;
    let whole = fields.text(12)?.replacen('N', &account.expose()[7..12], 1);
    let digits: String = whole.chars().take_while(char::is_ascii_digit).collect();
    let fill = whole.chars().last().and_then(|character| character.to_digit(16)).ok_or(BAD_FIELD)?;
    let validated = Pan::parse(&format!("{digits:0<16}")).map_err(|_| BAD_FIELD)?;
    let rule = Ibm3624::new(table, 0, digits.len() as u8, fill as u8).map_err(|_| *b"25")?;
    if whole.len() == 16 { Ok((rule, validated)) } else { Err(BAD_FIELD) }
}

/// The data in front of one bit and its zeros, which the host adds for this scheme.
fn without_padding(data: &[u8]) -> Option<&[u8]> {
    let end = data.iter().rposition(|byte| *byte != 0)?;
    (data[end] == 0x80 && data.len().is_multiple_of(8) && data.len() - end <= 8).then(|| &data[..end])
}
