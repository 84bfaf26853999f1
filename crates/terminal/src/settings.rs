//! What an installer sets on the terminal: who it is, where it calls, how its acquirer wants the variable parts.
//!
//! No state of a day lives here.

use cardcrypto::key::TdesKey;
use iso8583::{Dialect, Header, UNIONPAY_POS};

/// Which working keys a sign-in asks for (DE60.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySet {
    /// 001: PIN key 8, MAC key 8.
    Single,
    /// 003: PIN key 16, MAC key 16 (or 8 and zeros).
    Double,
    /// 004: as 003, and a track key 16.
    DoubleWithTrack,
}

impl KeySet {
    /// DE60.3.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Single => "001",
            Self::Double => "003",
            Self::DoubleWithTrack => "004",
        }
    }
}

/// How a PIN is put into its block (first digit of DE53).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinForm {
    /// 1: without card number.
    WithoutPan,
    /// 2: ISO 9564-1 format 0, with card number.
    WithPan,
}

/// By which message signatures travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureRoute {
    /// 0820 with DE60.3 = 800, or 801 and 802 to 809 in parts.
    Network,
    /// 0920.
    Advice,
}

/// The settings of a terminal. All plain; [`crate::Pos::new`] refuses what does not fit its field.
#[derive(Clone, Debug)]
pub struct PosSettings {
    /// DE42, 15 characters.
    pub merchant: String,
    /// DE41, 8 characters.
    pub terminal: String,
    /// The shop's name on slips; written in GBK.
    pub merchant_name: String,
    /// Usually [`UNIONPAY_POS`]; [`iso8583::UNIONPAY_POS_WIDE`] where lengths take a byte for each digit.
    pub dialect: &'static Dialect,
    /// `60`, destination, source.
    pub tpdu: [u8; 5],
    /// Application class, software version, terminal state, processing request.
    pub header: [u8; 6],
    /// Terminal master key, unique to this terminal.
    pub tmk: TdesKey,
    /// DE63 of the sign-in: operator number, 2 characters.
    pub operator: String,
    /// DE49 and tag 5F2A, ISO 4217 numeric, 3 digits.
    pub currency: String,
    /// Tag 9F1A, ISO 3166 numeric, 3 digits.
    pub country: String,
    /// DE60.4: 5 chip, 6 chip and contactless.
    pub capability: u8,
    /// How PINs travel.
    pub pin_form: PinForm,
    /// Whether tracks travel under the track key. Needs a sign-in with [`KeySet::DoubleWithTrack`].
    pub tracks_encrypted: bool,
    /// How signatures travel.
    pub signature_route: SignatureRoute,
    /// Whether settlement and upload carry a MAC. Q/CUP 009.1 has none there; some acquirers want one.
    pub settlement_mac: bool,
    /// Whether an upload end (60.3 = 207) is sent even where totals were equal, as second generation centres want it.
    pub end_when_equal: bool,
    /// The batch until a sign-in says otherwise, 1 to 999999.
    pub batch: u32,
    /// The first STAN, 1 to 999999.
    pub first_stan: u32,
}

impl PosSettings {
    /// Settings as most terminals have them.
    pub fn new(merchant: &str, terminal: &str, tmk: TdesKey) -> Self {
        Self {
            merchant: merchant.to_owned(),
            terminal: terminal.to_owned(),
            merchant_name: String::new(),
            dialect: &UNIONPAY_POS,
            tpdu: [0x60, 0x00, 0x03, 0x00, 0x00],
            header: [0x60, 0x31, 0x00, 0x00, 0x00, 0x00],
            tmk,
            operator: "01".to_owned(),
            currency: "156".to_owned(),
            country: "156".to_owned(),
            capability: 6,
            pin_form: PinForm::WithPan,
            tracks_encrypted: false,
            signature_route: SignatureRoute::Network,
            settlement_mac: false,
            end_when_equal: true,
            batch: 1,
            first_stan: 1,
        }
    }

    /// The first setting that does not fit its field, by name.
    pub(crate) fn misfit(&self) -> Option<&'static str> {
        let printable = |text: &str| text.bytes().all(|byte| (0x20..0x7F).contains(&byte));
        let digits =
            |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        let checks = [
            ("dialect", self.dialect.header() == Header::UnionPay),
            ("merchant", self.merchant.len() == 15 && printable(&self.merchant)),
            ("terminal", self.terminal.len() == 8 && printable(&self.terminal)),
            ("operator", self.operator.len() == 2 && printable(&self.operator)),
            ("currency", digits(&self.currency, 3)),
            ("country", digits(&self.country, 3)),
            ("capability", self.capability <= 9),
            ("tmk", self.tmk.expose().len() == 16 || self.tmk.expose().len() == 24),
            ("batch", (1..=999_999).contains(&self.batch)),
            ("first_stan", (1..=999_999).contains(&self.first_stan)),
        ];
        checks.into_iter().find(|(_, fits)| !fits).map(|(name, _)| name)
    }
}
