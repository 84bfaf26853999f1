//! Writing a message: fields in any order, bytes in the order of the standard.
//!
//! A builder keeps its memory from one message to the next. What decoding would refuse cannot be built.

use crate::cups::HEADER_BYTES;
use crate::dialect::{Dialect, FIELD_NUMBER_MAX, Header};
use crate::field::Coding;
use crate::framing::{FRAME_BYTES_MAX, TPDU_BYTES, Tpdu};
use crate::malformed::{Malformed, Part, Why};
use crate::message::{Message, bit};
use crate::mti::Mti;
use crate::scan;
use crate::text::{self, Value};

/// Bytes of a message authentication code.
pub const MAC_BYTES: usize = 8;

/// A message being written.
#[derive(Clone)]
pub struct Builder {
    dialect: &'static Dialect,
    mti: Mti,
    tpdu: Tpdu,
    header: [u8; HEADER_BYTES],
    bitmap: u128,
    /// Fields as they go on the wire, in the order they were put.
    body: Vec<u8>,
    /// Start and end of each field in `body`; meaningful where the bit is set.
    places: [(u32, u32); FIELD_NUMBER_MAX + 1],
    out: Vec<u8>,
}

impl Builder {
    /// A message without fields, addressed to nobody (`6000000000`), with the plain header of the dialect.
    #[must_use]
    pub fn new(dialect: &'static Dialect, mti: Mti) -> Self {
        let mut header = [0; HEADER_BYTES];
        match dialect.header() {
            Header::None => {}
            // Financial application, version 31, nothing asked of the terminal.
            Header::UnionPay => header[..6].copy_from_slice(&[0x60, 0x31, 0, 0, 0, 0]),
            Header::Cups => header = crate::cups::CupsHeader::default().encode(),
        }
        Self {
            dialect,
            mti,
            tpdu: Tpdu([0x60, 0, 0, 0, 0]),
            header,
            bitmap: 0,
            body: Vec::new(),
            places: [(0, 0); FIELD_NUMBER_MAX + 1],
            out: Vec::new(),
        }
    }

    /// An answer to a message: its dialect, its transport address with source and destination swapped, its header
    /// as it came (of a centre's header: source and destination swapped). No fields yet; see [`Builder::echo`].
    #[must_use]
    pub fn reply_to(message: &Message<'_>, mti: Mti) -> Self {
        let mut builder = Self::new(message.dialect(), mti);
        builder.restart_reply(message, mti);
        builder
    }

    /// Forgets the fields and the type, and keeps the memory, the address and the header.
    pub fn restart(&mut self, mti: Mti) {
        self.mti = mti;
        self.bitmap = 0;
        self.body.clear();
    }

    /// Like [`Builder::reply_to`], in memory that is there already.
    pub fn restart_reply(&mut self, message: &Message<'_>, mti: Mti) {
        self.restart(mti);
        self.dialect = message.dialect();
        if let Some(tpdu) = message.tpdu() {
            self.tpdu = tpdu.swapped();
        }
        let header = message.header();
        self.header[..header.len()].copy_from_slice(header);
        match self.dialect.header() {
            Header::None | Header::UnionPay => {}
            Header::Cups => crate::cups::swap_ends(&mut self.header),
        }
    }

    /// The dialect.
    #[must_use]
    pub const fn dialect(&self) -> &'static Dialect {
        self.dialect
    }

    /// Sets the transport address; without effect where the dialect has none.
    pub fn tpdu(&mut self, tpdu: Tpdu) -> &mut Self {
        self.tpdu = tpdu;
        self
    }

    /// Sets the header. The total length in a centre's header is set anew when the message is finished.
    ///
    /// # Errors
    /// [`Part::Header`], where the length is not the dialect's.
    pub fn header(&mut self, header: &[u8]) -> Result<&mut Self, Malformed> {
        let stated = self.dialect.header().bytes();
        if header.len() != stated {
            let why = Why::LengthDiffers { stated, found: header.len() };
            return Err(Malformed::new(Part::Header, 0, why));
        }
        self.header[..stated].copy_from_slice(header);
        Ok(self)
    }

    /// Puts a field, in place of one put before.
    ///
    /// # Errors
    /// [`Part::Field`] with the place in the value: not defined, too long, too short, not of its class.
    pub fn put(&mut self, number: u8, value: Value<'_>) -> Result<&mut Self, Malformed> {
        let part = Part::Field(number);
        let Some(field) = self.dialect.field(number) else {
            return Err(Malformed::new(part, 0, Why::NotDefined));
        };
        let start = self.body.len();
        match text::encode(field, value, &mut self.body) {
            Ok(()) => {
                self.place(number, start);
                Ok(self)
            }
            Err((offset, why)) => {
                self.body.truncate(start);
                Err(Malformed::new(part, offset, why))
            }
        }
    }

    /// Puts the text of a field, as [`Message::text`] shows it.
    ///
    /// # Errors
    /// As [`Builder::put`].
    pub fn put_text(&mut self, number: u8, text: &str) -> Result<&mut Self, Malformed> {
        self.put(number, Value::Text(text))
    }

    /// Puts a number into a field of digits.
    ///
    /// # Errors
    /// As [`Builder::put`].
    pub fn put_number(&mut self, number: u8, value: u64) -> Result<&mut Self, Malformed> {
        self.put(number, Value::Number(value))
    }

    /// Puts the bytes of a binary field.
    ///
    /// # Errors
    /// As [`Builder::put`].
    pub fn put_bytes(&mut self, number: u8, bytes: &[u8]) -> Result<&mut Self, Malformed> {
        self.put(number, Value::Bytes(bytes))
    }

    /// Puts a field as it stands in another message; nothing where it is not there.
    ///
    /// # Errors
    /// As [`Builder::put`], where the other message is of another dialect.
    pub fn echo(&mut self, message: &Message<'_>, number: u8) -> Result<&mut Self, Malformed> {
        if std::ptr::eq(message.dialect(), self.dialect) {
            if let Some(whole) = message.whole(number) {
                let start = self.body.len();
                self.body.extend_from_slice(whole);
                self.place(number, start);
            }
            return Ok(self);
        }
        if let Some(octets) = message.octets(number) {
            return self.put(number, Value::Bytes(&octets));
        }
        match message.text(number) {
            Some(text) => self.put(number, Value::Text(&text)),
            None => Ok(self),
        }
    }

    /// Takes a field out again.
    pub fn remove(&mut self, number: u8) -> &mut Self {
        if (2..=FIELD_NUMBER_MAX as u8).contains(&number) {
            self.bitmap &= !bit(number);
        }
        self
    }

    /// Whether a field was put.
    #[must_use]
    pub const fn has(&self, number: u8) -> bool {
        number >= 2 && number <= FIELD_NUMBER_MAX as u8 && self.bitmap & bit(number) != 0
    }

    /// The message, without a length in front (see [`crate::Framing::frame`]).
    ///
    /// # Errors
    /// [`Part::Mti`], where the type is of another version; [`Part::Length`], where it is longer than a frame.
    pub fn finish(&mut self) -> Result<&[u8], Malformed> {
        self.write()?;
        Ok(&self.out)
    }

    /// The message with a code over everything from the type to the last field before it, in field 64, or in 128
    /// where there are fields above 64.
    ///
    /// # Errors
    /// As [`Builder::finish`], and [`Part::Field`], where the dialect does not define the field.
    pub fn finish_with_mac(
        &mut self,
        make: impl FnOnce(&[u8]) -> [u8; MAC_BYTES],
    ) -> Result<&[u8], Malformed> {
        self.remove(64).remove(128);
        let upper = self.bitmap & (bit(64) - 1) != 0;
        let number = if upper { 128 } else { 64 };
        self.put(number, Value::Bytes(&[0; MAC_BYTES]))?;
        self.write()?;
        let in_hex = self.dialect.field(number).is_some_and(|field| field.coding == Coding::Hex);
        let mac_bytes = if in_hex { 2 * MAC_BYTES } else { MAC_BYTES };
        let end = self.out.len() - mac_bytes;
        let mac = make(&self.out[self.mti_at()..end]);
        self.out.truncate(end);
        if in_hex {
            for byte in mac {
                self.out.extend_from_slice(&[scan::hex_digit(byte >> 4), scan::hex_digit(byte)]);
            }
        } else {
            self.out.extend_from_slice(&mac);
        }
        Ok(&self.out)
    }

    fn place(&mut self, number: u8, start: usize) {
        self.bitmap |= bit(number);
        self.places[usize::from(number)] = (start as u32, self.body.len() as u32);
    }

    const fn mti_at(&self) -> usize {
        let tpdu = if self.dialect.has_tpdu() { TPDU_BYTES } else { 0 };
        tpdu + self.dialect.header().bytes()
    }

    fn write(&mut self) -> Result<(), Malformed> {
        if self.mti.version() != self.dialect.version() {
            return Err(Malformed::new(Part::Mti, 0, Why::Version));
        }
        let out = &mut self.out;
        out.clear();
        if self.dialect.has_tpdu() {
            out.extend_from_slice(&self.tpdu.0);
        }
        let header_at = out.len();
        out.extend_from_slice(&self.header[..self.dialect.header().bytes()]);
        write_mti(self.dialect, self.mti, out);
        let wide = self.bitmap & (bit(64) - 1) != 0;
        let bitmap = if wide { self.bitmap | bit(1) } else { self.bitmap };
        let bytes = bitmap.to_be_bytes();
        write_bitmap(self.dialect, &bytes[..if wide { 16 } else { 8 }], out);
        let mut left = self.bitmap;
        while left != 0 {
            let number = left.leading_zeros() as u8 + 1;
            left &= !bit(number);
            let (start, end) = self.places[usize::from(number)];
            out.extend_from_slice(&self.body[start as usize..end as usize]);
        }
        if out.len() > FRAME_BYTES_MAX {
            let why = Why::TooLong { max: FRAME_BYTES_MAX, found: out.len() };
            return Err(Malformed::new(Part::Length, 0, why));
        }
        match self.dialect.header() {
            Header::None | Header::UnionPay => Ok(()),
            Header::Cups => {
                let total = out.len();
                crate::cups::write_total(total, &mut out[header_at..])
            }
        }
    }
}

fn write_mti(dialect: &Dialect, mti: Mti, out: &mut Vec<u8>) {
    match dialect.mti_coding() {
        Coding::Bcd | Coding::Binary => out.extend_from_slice(&mti.packed().to_be_bytes()),
        Coding::Ascii | Coding::Gbk | Coding::Hex => out.extend_from_slice(&mti.digits()),
        // Digits of code page 037 are 0xF0 to 0xF9.
        Coding::Ebcdic => out.extend(mti.digits().map(|digit| 0xC0 | digit)),
    }
}

fn write_bitmap(dialect: &Dialect, bytes: &[u8], out: &mut Vec<u8>) {
    if dialect.bitmap_coding() == Coding::Hex {
        for byte in bytes {
            out.extend_from_slice(&[scan::hex_digit(byte >> 4), scan::hex_digit(*byte)]);
        }
    } else {
        out.extend_from_slice(bytes);
    }
}

impl std::fmt::Debug for Builder {
    /// The dialect and the type, never what was put.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Builder({} {})", self.dialect.name(), self.mti)
    }
}
