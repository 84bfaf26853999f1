//! From the fields of a host's message to the command it asks.
//!
//! Nothing is decided about money here; what is refused here could not be asked.

use crate::card::{StatedCard, entry_of};
use crate::chip::Proof;
use crate::edge::Edge;
use crate::evidence::NamedCard;
use crate::settings::HostProfile;
use cardcrypto::Track2;
use cardcrypto::hsm::EncryptedPin;
use iso8583::Message;
use iso8583::original::{OriginalData, ReplacementAmounts};
use iso8583::tlv::Tlv;
use machine::cause::Cause;
use machine::command::{
    Authorize, Checks, Command, Entry, Follow, Original, PinCheck, Place, Purpose, Reverse,
};
use machine::ids::{Acceptor, ApprovalCode, MerchantId, Origin, TerminalId};
use machine::money::{Currency, Money};
use machine::time::Timestamp;
use zeroize::Zeroizing;

/// What a message comes to: the command, and what the chip proved.
pub(super) type Asked = (Command, Option<Box<Proof>>);

/// The message's own number: acquirer (DE32, or the link's), forwarder (DE33), STAN, transmission date and time.
/// None where STAN or time is missing.
pub(super) fn origin_of(message: &Message<'_>, profile: &HostProfile) -> Option<Origin> {
    Some(Origin::Host {
        acquirer: message.number(32).unwrap_or(profile.acquirer),
        forwarder: message.number(33).unwrap_or(0),
        stan: u32::try_from(message.number(11)?).ok()?,
        transmitted: u32::try_from(message.number(7)?).ok()?,
    })
}

/// The command of a message, by its class and the first two digits of its processing code (ISO 8583:1987).
pub(super) fn command(
    edge: &mut Edge,
    profile: &HostProfile,
    message: &Message<'_>,
    origin: Origin,
    now: Timestamp,
) -> Result<Asked, Cause> {
    let mti = message.mti();
    let advice = mti.function() == 2;
    let kind = message.number(3).map(|code| code / 10_000);
    let context = Context { profile, message, origin, advice, now };
    match (mti.class(), kind) {
        (4, _) => context.reverse(edge),
        (1 | 2, None) => Err(Cause::FormatError),
        (1, Some(0 | 3)) => context.authorize(edge, Purpose::PreAuthorization),
        // A financial message about an earlier authorization completes it.
        (2, Some(0)) if context.completes()? => context.follow(edge, Purpose::Completion),
        (2, Some(0)) => context.authorize(edge, Purpose::Sale),
        (2, Some(2)) => context.follow(edge, Purpose::Void),
        (2, Some(20)) => context.follow(edge, Purpose::Refund),
        (1, Some(20)) => context.follow(edge, Purpose::PreAuthorizationCancel),
        (1 | 2, Some(30 | 31)) if !advice => context.authorize(edge, Purpose::BalanceInquiry),
        (_, _) => Err(Cause::NotSupported),
    }
}

/// A message and what is known around it.
struct Context<'a, 'm> {
    profile: &'m HostProfile,
    message: &'m Message<'a>,
    origin: Origin,
    advice: bool,
    now: Timestamp,
}

impl Context<'_, '_> {
    fn authorize(&self, edge: &mut Edge, purpose: Purpose) -> Result<Asked, Cause> {
        let inquiry = purpose == Purpose::BalanceInquiry;
        let amount = if inquiry { Money::zero(self.currency(edge)?) } else { self.amount(edge)? };
        let stated = self.stated_card()?.ok_or(Cause::FormatError)?;
        let named = edge.name_card(&stated.pan)?;
        let entry = self.entry(&stated, &named)?.ok_or(Cause::FormatError)?;
        let (mut checks, mut proof) = (Checks::NONE, None);
        if !self.advice {
            checks.pin = self.pin(edge, &stated, &named)?;
            let octets = self.message.octets(55);
            let tlv = octets.as_deref().map(|bytes| Tlv::new(bytes, self.message.dialect().private_tags()));
            let chip = edge.check_chip(tlv, self.message.number(23), amount.minor, &stated)?;
            (checks.chip, proof) = (chip.check, chip.proof);
            checks.value = edge.check_value(&stated, entry)?;
        }
        let ask = Authorize {
            origin: self.origin,
            purpose,
            card: named.id,
            amount,
            entry,
            place: self.place(),
            expiry: stated.expiry,
            checks,
            advice: self.advice,
            answer_by: (!self.advice).then(|| self.now.plus(self.profile.answer_ms)),
        };
        Ok((Command::Authorize(ask), proof))
    }

    fn follow(&self, edge: &mut Edge, purpose: Purpose) -> Result<Asked, Cause> {
        let approval = || {
            let code = self.message.text(38).and_then(|text| text.trim().parse().ok());
            code.map(|code: u32| Original::Approval(ApprovalCode(code)))
        };
        let of_hold = matches!(purpose, Purpose::Completion | Purpose::PreAuthorizationCancel);
        let original = match self.original()? {
            Some((_, original)) => original,
            None if of_hold => approval().ok_or(Cause::FormatError)?,
            None => return Err(Cause::FormatError),
        };
        let stated = self.stated_card()?;
        let (mut card, mut entry, mut checks) = (None, Entry::OnFile, Checks::NONE);
        if let Some(stated) = &stated {
            let named = edge.name_card(&stated.pan)?;
            card = Some(named.id);
            entry = self.entry(stated, &named)?.unwrap_or(Entry::OnFile);
            if !self.advice {
                checks.pin = self.pin(edge, stated, &named)?;
            }
        }
        let ask = Follow {
            origin: self.origin,
            purpose,
            original,
            card,
            amount: self.amount(edge)?,
            entry,
            place: self.place(),
            checks,
            advice: self.advice,
            last: true,
        };
        Ok((Command::Follow(ask), None))
    }

    /// DE90 names the message taken back; a host that sends none means the one with this message's own numbers.
    fn reverse(&self, edge: &mut Edge) -> Result<Asked, Cause> {
        let original = self.original()?.map_or(Original::Message(self.origin), |(_, original)| original);
        let amount = if self.message.has(4) { Some(self.amount(edge)?) } else { None };
        let remaining = match self.message.text(95) {
            None => None,
            Some(text) => {
                let amounts = ReplacementAmounts::parse(&text).map_err(|_| Cause::FormatError)?;
                let minor = amounts.transaction as i64;
                let currency = self.currency(edge)?;
                (minor > 0).then_some(Money::new(minor, currency))
            }
        };
        let stated = StatedCard::read(self.message.text(2).as_deref(), None, None)?;
        let card = stated.and_then(|stated| edge.name_card(&stated.pan).ok()).map(|named| named.id);
        let ask = Reverse { original, card, amount, remaining, place: Some(self.place()) };
        Ok((Command::Reverse(ask), None))
    }

    /// What DE90 names, and its message type.
    fn original(&self) -> Result<Option<(OriginalData, Original)>, Cause> {
        let Some(digits) = self.message.digits(90) else { return Ok(None) };
        let named = OriginalData::parse(&digits).map_err(|_| Cause::FormatError)?;
        let own = |stated: u64, own: u64| if stated == 0 { own } else { stated };
        let (acquirer, forwarder) = match self.origin {
            Origin::Host { acquirer, forwarder, .. } => (acquirer, forwarder),
            Origin::Terminal { .. } | Origin::Api(_) | Origin::House(_) => (0, 0),
        };
        let origin = Origin::Host {
            acquirer: own(named.acquirer, acquirer),
            forwarder: own(named.forwarder, forwarder),
            stan: named.stan,
            transmitted: u32::try_from(named.transmitted).map_err(|_| Cause::FormatError)?,
        };
        Ok(Some((named, Original::Message(origin))))
    }

    /// Whether a financial message is about an earlier authorization.
    fn completes(&self) -> Result<bool, Cause> {
        Ok(self.original()?.is_some_and(|(named, _)| named.mti.class() == 1))
    }

    fn amount(&self, edge: &Edge) -> Result<Money, Cause> {
        let minor = self.message.number(4).ok_or(Cause::FormatError)? as i64;
        Ok(Money::new(minor, self.currency(edge)?))
    }

    fn currency(&self, edge: &Edge) -> Result<Currency, Cause> {
        match self.message.text(49) {
            None => Ok(edge.settings.currency),
            Some(text) => text.parse().map(Currency).map_err(|_| Cause::FormatError),
        }
    }

    fn stated_card(&self) -> Result<Option<StatedCard>, Cause> {
        let mut number = Zeroizing::new([0; 19]);
        let number = self.message.copy_text(2, number.as_mut());
        let mut expiry = [0; 4];
        let expiry = self.message.copy_text(14, &mut expiry);
        let mut track = Zeroizing::new([0; 40]);
        let track = match self.message.copy_text(35, track.as_mut()) {
            Some(text) => Some(Track2::parse(text).map_err(|_| Cause::FormatError)?),
            None => None,
        };
        StatedCard::read(number, expiry, track)
    }

    fn entry(&self, stated: &StatedCard, named: &NamedCard) -> Result<Option<Entry>, Cause> {
        let Some(digits) = self.message.digits(22) else { return Ok(None) };
        let mode = digits.get(..2).and_then(|mode| mode.parse().ok()).ok_or(Cause::FormatError)?;
        let by_track = stated.track.as_ref().is_some_and(|track| track.service_code().has_chip());
        let chip = by_track || named.entry.is_some_and(|entry| entry.chip);
        entry_of(mode, chip).map(Some)
    }

    /// The PIN in DE52 under the link's key.
    fn pin(&self, edge: &Edge, stated: &StatedCard, named: &NamedCard) -> Result<PinCheck, Cause> {
        let Some(block) = self.message.binary::<8>(52) else { return Ok(PinCheck::Absent) };
        let (key, format) = self.profile.pin.ok_or(Cause::SecurityModuleDown)?;
        let pin = EncryptedPin { key: key.into(), format, block: &block, pan: &stated.pan };
        edge.check_pin(&pin, named.entry.as_ref())
    }

    /// At another acquirer's, whatever its acceptor calls itself.
    fn place(&self) -> Place {
        let mut acceptor = Acceptor { merchant: MerchantId([b' '; 15]), terminal: TerminalId([b' '; 8]) };
        // Of the fields' own widths; what is not there stays blank.
        let _ = self.message.copy_text(41, &mut acceptor.terminal.0);
        let _ = self.message.copy_text(42, &mut acceptor.merchant.0);
        let acquirer = match self.origin {
            Origin::Host { acquirer, .. } => acquirer,
            Origin::Terminal { .. } | Origin::Api(_) | Origin::House(_) => self.profile.acquirer,
        };
        let small = |number: Option<u64>| number.and_then(|number| u16::try_from(number).ok());
        let mcc = small(self.message.number(18)).unwrap_or(0);
        let country = small(self.message.number(19)).unwrap_or(self.profile.country);
        Place::Elsewhere { acquirer, acceptor, mcc, country }
    }
}
