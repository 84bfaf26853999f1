//! Another host: speaks ISO 8583:1987 in whichever packing it is given, as an acquirer that forwards to an issuer.
//!
//! No chip, no PIN, no MAC, no keys, and no memory but of what it sent.

use cardcrypto::Pan;
use iso8583::{Builder, Dialect, Malformed, Message, Mti, Value};

use crate::fault::PosError;
use crate::moment::LocalTime;

/// The settings of a host.
#[derive(Clone, Debug)]
pub struct HostSettings {
    /// Of version 1987.
    pub dialect: &'static Dialect,
    /// DE32: acquiring institution, at most 11 digits.
    pub acquirer: String,
    /// DE41, 8 characters.
    pub terminal: String,
    /// DE42, 15 characters.
    pub merchant: String,
    /// DE18, 4 digits.
    pub category: String,
    /// DE49, 3 digits.
    pub currency: String,
    /// The first STAN, 1 to 999999.
    pub first_stan: u32,
}

/// A card as another host knows it: number and expiry.
#[derive(Clone, Debug)]
pub struct HostCard {
    /// DE2.
    pub pan: Pan,
    /// DE14, `YYMM`.
    pub expiry: String,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostReply {
    /// Message type of the answer.
    pub mti: Mti,
    /// DE11.
    pub stan: u32,
    /// DE39.
    pub code: String,
    /// DE38.
    pub approval: Option<String>,
    /// DE37.
    pub rrn: Option<String>,
    /// DE4, minor units.
    pub amount: Option<u64>,
}

impl HostReply {
    /// Whether the code is an approval.
    pub fn approved(&self) -> bool {
        crate::reply::is_approval(&self.code)
    }
}

/// One message that was sent.
#[derive(Clone)]
struct Sent {
    stan: u32,
    mti: Mti,
    /// DE7.
    transmitted: String,
    frame: Vec<u8>,
    /// MTI and STAN come first; then what a reversal says again.
    fields: Vec<(u8, String)>,
}

/// A virtual host. Several messages may be under way.
#[derive(Clone)]
pub struct HostPeer {
    settings: HostSettings,
    next_stan: u32,
    sent: Vec<Sent>,
}

impl std::fmt::Debug for HostPeer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "HostPeer({} in {}, {} sent)",
            self.settings.acquirer,
            self.settings.dialect.name(),
            self.sent.len()
        )
    }
}

/// Network management: echo.
const ECHO: &str = "301";

impl HostPeer {
    /// A host that has sent nothing yet.
    ///
    /// # Errors
    /// [`PosError::Setting`] for a dialect of another version or a STAN out of range.
    pub fn new(settings: HostSettings) -> Result<Self, PosError> {
        if settings.dialect.version() != 0 {
            return Err(PosError::Setting("dialect"));
        }
        if !(1..=999_999).contains(&settings.first_stan) {
            return Err(PosError::Setting("first_stan"));
        }
        Ok(Self { next_stan: settings.first_stan, settings, sent: Vec::new() })
    }

    /// A sale (0200) of `amount` minor units: the frame, without a length in front, and its STAN.
    ///
    /// # Errors
    /// [`PosError::Malformed`], where a setting or the amount does not fit its field.
    pub fn sale(&mut self, card: &HostCard, amount: u64, at: LocalTime) -> Result<(Vec<u8>, u32), PosError> {
        let stan = self.next_stan;
        let fields = vec![
            (2, card.pan.expose().to_owned()),
            (3, "000000".to_owned()),
            (4, format!("{amount:012}")),
            (12, at.hhmmss()),
            (13, at.mmdd()),
            (14, card.expiry.clone()),
            (18, self.settings.category.clone()),
            (22, "012".to_owned()),
            (25, "00".to_owned()),
            (32, self.settings.acquirer.clone()),
            (37, format!("{}{}{stan:06}", at.mmdd(), &at.hhmmss()[..2])),
            (41, self.settings.terminal.clone()),
            (42, self.settings.merchant.clone()),
            (49, self.settings.currency.clone()),
        ];
        let frame = self.send(Mti::new(0x0200), at, fields)?;
        Ok((frame, stan))
    }

    /// Asks whether the other side is there (0800, DE70 = 301).
    ///
    /// # Errors
    /// As [`HostPeer::sale`].
    pub fn echo(&mut self, at: LocalTime) -> Result<(Vec<u8>, u32), PosError> {
        let stan = self.next_stan;
        let frame = self.send(Mti::new(0x0800), at, vec![(70, ECHO.to_owned())])?;
        Ok((frame, stan))
    }

    /// Takes a sale back (0420, a new STAN, DE90 naming the original, DE39 = 68: no answer in time).
    ///
    /// # Errors
    /// [`PosError::NoSuchOriginal`], and as [`HostPeer::sale`].
    pub fn reverse(&mut self, original: u32, at: LocalTime) -> Result<(Vec<u8>, u32), PosError> {
        let sent = self.find(original)?;
        let named = format!(
            "{}{:06}{}{:0>11}{:011}",
            sent.mti, sent.stan, sent.transmitted, self.settings.acquirer, 0
        );
        let mut fields = sent.fields.clone();
        fields.push((39, "68".to_owned()));
        fields.push((90, named));
        let stan = self.next_stan;
        let frame = self.send(Mti::new(0x0420), at, fields)?;
        Ok((frame, stan))
    }

    /// The same bytes again.
    ///
    /// # Errors
    /// [`PosError::NoSuchOriginal`].
    pub fn resend(&self, stan: u32) -> Result<Vec<u8>, PosError> {
        self.find(stan).map(|sent| sent.frame.clone())
    }

    /// The same message as a repeat: 0201, 0421, 0801.
    ///
    /// # Errors
    /// [`PosError::NoSuchOriginal`], and as [`HostPeer::sale`].
    pub fn repeat(&self, stan: u32) -> Result<Vec<u8>, PosError> {
        let sent = self.find(stan)?;
        let repeat = Mti::from_packed(sent.mti.packed() | 1).ok_or(PosError::NoSuchOriginal)?;
        let message = self.settings.dialect.decode(&sent.frame)?;
        let mut builder = Builder::new(self.settings.dialect, repeat);
        for number in message.numbers() {
            builder.echo(&message, number)?;
        }
        Ok(builder.finish()?.to_vec())
    }

    /// Takes an answer, without a length in front. Answers may come in any order and more than once.
    ///
    /// # Errors
    /// [`PosError::Malformed`]; [`PosError::NotMine`] where nothing of that type and STAN was sent, or the terminal or
    /// merchant differs; [`PosError::Contradicts`] where card or amount differ or DE39 is missing.
    pub fn receive(&self, frame: &[u8]) -> Result<HostReply, PosError> {
        let answer = self.settings.dialect.decode(frame)?;
        let stan = answer.number(11).ok_or(PosError::NotMine(11))? as u32;
        let asked = |sent: &&Sent| sent.stan == stan && answers(sent.mti, answer.mti());
        let sent = self.sent.iter().rev().find(asked).ok_or(PosError::NotMine(11))?;
        let code = text(&answer, 39).ok_or(PosError::Contradicts(39))?;
        let amount = answer.number(4);
        for (number, said) in &sent.fields {
            let differs = text(&answer, *number).is_some_and(|heard| heard.trim() != said.trim());
            match number {
                41 | 42 if differs => return Err(PosError::NotMine(*number)),
                4 if differs && code == "10" => {}
                2..=4 if differs => return Err(PosError::Contradicts(*number)),
                _ => {}
            }
        }
        Ok(HostReply {
            mti: answer.mti(),
            stan,
            code,
            approval: text(&answer, 38),
            rrn: text(&answer, 37),
            amount,
        })
    }

    fn find(&self, stan: u32) -> Result<&Sent, PosError> {
        self.sent.iter().rev().find(|sent| sent.stan == stan).ok_or(PosError::NoSuchOriginal)
    }

    fn send(&mut self, mti: Mti, at: LocalTime, fields: Vec<(u8, String)>) -> Result<Vec<u8>, PosError> {
        let transmitted = format!("{}{}", at.mmdd(), at.hhmmss());
        let stan = self.next_stan;
        let frame = write(self.settings.dialect, mti, stan, &transmitted, &fields)?;
        self.sent.push(Sent { stan, mti, transmitted, frame: frame.clone(), fields });
        self.next_stan = if stan == 999_999 { 1 } else { stan + 1 };
        Ok(frame)
    }
}

fn write(
    dialect: &'static Dialect,
    mti: Mti,
    stan: u32,
    transmitted: &str,
    fields: &[(u8, String)],
) -> Result<Vec<u8>, Malformed> {
    let mut builder = Builder::new(dialect, mti);
    builder.put(7, Value::Text(transmitted))?.put(11, Value::Number(u64::from(stan)))?;
    for (number, text) in fields {
        builder.put(*number, Value::Text(text))?;
    }
    Ok(builder.finish()?.to_vec())
}

/// Whether a message type answers another: 0210 a 0200 and a 0201, 0430 a 0420 and a 0421.
fn answers(request: Mti, answer: Mti) -> bool {
    let request = request.packed() & 0xFFFE;
    answer.packed() & 0xFFFE == request + 0x0010
}

fn text(message: &Message<'_>, number: u8) -> Option<String> {
    message.text(number).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
