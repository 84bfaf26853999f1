//! Figures and choices of the edge, each with its default and its limits.
//!
//! No key and no terminal here: those are in the key ring and the directory.

use cardcrypto::KeyHandle;
use cardcrypto::pin_block::PinFormat;
use iso8583::{Dialect, Framing, ISO87_ASCII, ISO87_ASCII_HEX, ISO87_BINARY, ISO87_EBCDIC, UNIONPAY_POS};
use machine::money::Currency;
use machine::time::{MINUTE_MS, Zone};

/// Figures and choices of the edge. Times in milliseconds.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How the terminals write messages: `unionpay-pos`, or its variant in which lengths take a byte for each digit.
    pub terminal_dialect: &'static Dialect,
    /// Civil time of the terminals: DE12, DE13 and DE15 of their answers.
    pub zone: Zone,
    /// The one currency that terminals may ask in, DE49.
    pub currency: Currency,
    /// Ourselves as acquirer, DE32: written with at least eight digits, at most eleven.
    pub acquirer: u64,
    /// Ourselves as issuer, DE44: likewise.
    pub issuer: u64,
    /// Card organisation in DE63.1: three characters.
    pub organisation: [u8; 3],
    /// After so long the terminal no longer waits for a decision; 1 to 600,000.
    pub answer_ms: i64,
    /// So long the working keys before the last sign-in are honoured.
    pub key_overlap_ms: i64,
    /// Frames of one connection whose answers are waited for, 1 to 4096; more of them wait unread.
    pub frames_in_flight_max: u32,
    /// Bytes of one connection that wait to be read behind those, at least one frame.
    pub bytes_waiting_max: usize,
    /// Bytes handed out for one connection and not yet written to it: more, and it is a slow reader.
    pub bytes_unwritten_max: usize,
    /// A connection that says nothing for so long is closed.
    pub idle_ms: i64,
    /// Refused frames in a row, without one good one, until a connection is closed, 1 to 255.
    pub strikes_max: u8,
    /// Faults of one terminal that are recorded without delay; after them one each `fault_ms`.
    pub faults_burst: u8,
    /// See `faults_burst`.
    pub fault_ms: i64,
    /// Terminals whose working keys are kept ready.
    pub terminals_ready_max: usize,
    /// A sign-out must carry a MAC. Acquirers differ: most terminals send none.
    pub sign_out_needs_mac: bool,
    /// Batch settlement and upload must carry a MAC. Acquirers differ: most terminals send none. One that is there
    /// is checked in any case.
    pub settlement_needs_mac: bool,
    /// Uploads of signatures.
    pub signatures: SignatureLimits,
}

impl Settings {
    /// The shipped settings: China, renminbi, UnionPay.
    #[must_use]
    pub fn china() -> Settings {
        Settings {
            terminal_dialect: &UNIONPAY_POS,
            zone: Zone::CHINA,
            currency: Currency::CNY,
            acquirer: 48_020_000,
            issuer: 1_020_000,
            organisation: *b"CUP",
            answer_ms: 50_000,
            key_overlap_ms: 2 * MINUTE_MS,
            frames_in_flight_max: 64,
            bytes_waiting_max: 32 * 1024,
            bytes_unwritten_max: 256 * 1024,
            idle_ms: 10 * MINUTE_MS,
            strikes_max: 16,
            faults_burst: 10,
            fault_ms: 1000,
            terminals_ready_max: 20_000,
            sign_out_needs_mac: false,
            settlement_needs_mac: false,
            signatures: SignatureLimits::DEFAULT,
        }
    }
}

/// How much of unfinished signature uploads is kept.
#[derive(Clone, Copy, Debug)]
pub struct SignatureLimits {
    /// Bytes of one image.
    pub image_bytes_max: usize,
    /// Uploads in parts under way at once, over all terminals.
    pub uploads_max: usize,
    /// Bytes of all of them.
    pub bytes_max: usize,
    /// An upload whose next part does not come for so long is dropped; or taken for whole, where its parts did not
    /// say which of them is the last.
    pub part_ms: i64,
}

impl SignatureLimits {
    /// Nine parts of 999 bytes make an image (DE62 is `LLL`); a thousand of them at once.
    pub const DEFAULT: SignatureLimits = SignatureLimits {
        image_bytes_max: 16 * 1024,
        uploads_max: 1000,
        bytes_max: 4 * 1024 * 1024,
        part_ms: 2 * MINUTE_MS,
    };
}

/// Another host that sends us transactions by ISO 8583:1987.
#[derive(Clone, Debug)]
pub struct HostProfile {
    /// How it writes messages: one of the 1987 dialects.
    pub dialect: &'static Dialect,
    /// Whether each message may be in any of the 1987 dialects, as its first bytes say; `dialect` where they do
    /// not. For test systems that many tools talk to.
    pub any_dialect: bool,
    /// How frames stand on the connection.
    pub framing: Framing,
    /// Its acquiring institution, used where a message has no DE32.
    pub acquirer: u64,
    /// The country of its acceptors where a message has no DE19, ISO 3166-1 numeric.
    pub country: u16,
    /// After so long, in milliseconds, it no longer waits for a decision.
    pub answer_ms: i64,
    /// Whether it must sign on (0800, DE70 001) before anything else.
    pub sign_on: bool,
    /// The code over its messages, and the key for it.
    pub mac: HostMac,
    /// The key its PIN blocks are under, if it sends any.
    pub pin: Option<(KeyHandle, PinFormat)>,
}

impl HostProfile {
    /// The dialect of a message.
    pub(crate) fn dialect_of(&self, message: &[u8]) -> &'static Dialect {
        const BITMAP_HEX: std::ops::Range<usize> = 4..20;
        match message.first() {
            Some(_) if !self.any_dialect => self.dialect,
            Some(b'0')
                if message.get(BITMAP_HEX).is_some_and(|map| map.iter().all(u8::is_ascii_hexdigit)) =>
            {
                &ISO87_ASCII_HEX
            }
            Some(b'0') => &ISO87_ASCII,
            // An EBCDIC zero.
            Some(0xF0) => &ISO87_EBCDIC,
            // The packed beginning of 0100 to 0820.
            Some(0x01..=0x08) => &ISO87_BINARY,
            Some(_) | None => self.dialect,
        }
    }
}

/// The code over the messages of a host link, DE64 or DE128.
#[derive(Clone, Copy, Debug)]
pub enum HostMac {
    /// None: the link is protected otherwise.
    None,
    /// ISO 9797-1 algorithm 3, padding 1.
    Retail(KeyHandle),
    /// ISO 9797-1 algorithm 1, padding 1 (Q/CUP 006.4).
    Cbc(KeyHandle),
}
