//! What people do at the terminal: sign in and out, take payments, follow them up.
//!
//! What the terminal owes on its own account is in `dues`.

use cardcrypto::Pin;

use crate::batch::{LogEntry, Original, Settled};
use crate::card::{CardInHand, Entry};
use crate::fault::{CardFault, PosError};
use crate::kernel::{self, ChipSale, Occasion, packed};
use crate::keys::WorkingKeys;
use crate::message::Draft;
use crate::moment::Moment;
use crate::pos::{CardWork, Pos, Tender, What};
use crate::reversal::StoredReversal;
use crate::settings::{KeySet, PinForm};
use crate::transaction::{CompletionBy, Kind};

/// Twelve digits.
const AMOUNT_MAX: u64 = 999_999_999_999;

impl Pos {
    /// Signs in and asks for working keys (0800).
    ///
    /// # Errors
    /// [`PosError::AwaitingAnswer`].
    pub fn sign_in(&mut self, keys: KeySet) -> Result<Vec<u8>, PosError> {
        self.free()?;
        let mut draft = self.request("0800");
        draft.text(60, &self.field_60("00", keys.code())).text(63, &format!("{} ", self.settings.operator));
        let frame = self.send(draft, What::SignIn(keys), false)?;
        self.spend_stan();
        Ok(frame)
    }

    /// Signs out (0820, 60.3 = 002).
    ///
    /// # Errors
    /// [`PosError::AwaitingAnswer`].
    pub fn sign_out(&mut self) -> Result<Vec<u8>, PosError> {
        self.network("002", What::SignOut)
    }

    /// Asks whether the host is there (0820, 60.3 = 301).
    ///
    /// # Errors
    /// [`PosError::AwaitingAnswer`].
    pub fn echo(&mut self) -> Result<Vec<u8>, PosError> {
        self.network("301", What::Echo)
    }

    fn network(&mut self, code: &str, what: What) -> Result<Vec<u8>, PosError> {
        self.free()?;
        let mut draft = self.request("0820");
        draft.text(60, &self.field_60("00", code));
        let frame = self.send(draft, what, false)?;
        self.spend_stan();
        Ok(frame)
    }

    /// A sale of `amount` minor units.
    ///
    /// # Errors
    /// [`PosError::NotSignedIn`], [`PosError::AwaitingAnswer`], [`PosError::ReversalDue`], [`PosError::Amount`], what
    /// is wrong with the card ([`PosError::Card`]), [`PosError::NoTrackKey`]. Nothing was sent then.
    pub fn sale(&mut self, tender: Tender<'_>, amount: u64) -> Result<Vec<u8>, PosError> {
        self.transact(Kind::Sale, tender, amount, None)
    }

    /// How much is there.
    ///
    /// # Errors
    /// As [`Pos::sale`].
    pub fn balance(&mut self, tender: Tender<'_>) -> Result<Vec<u8>, PosError> {
        self.transact(Kind::BalanceInquiry, tender, 0, None)
    }

    /// Holds `amount` minor units.
    ///
    /// # Errors
    /// As [`Pos::sale`].
    pub fn pre_authorize(&mut self, tender: Tender<'_>, amount: u64) -> Result<Vec<u8>, PosError> {
        self.transact(Kind::PreAuthorization, tender, amount, None)
    }

    /// Voids a sale of this batch, whole.
    ///
    /// # Errors
    /// As [`Pos::sale`].
    pub fn void(&mut self, tender: Tender<'_>, original: &Original) -> Result<Vec<u8>, PosError> {
        self.transact(Kind::SaleVoid, tender, original.amount, Some(original))
    }

    /// Gives back `amount` of an earlier sale.
    ///
    /// # Errors
    /// As [`Pos::sale`].
    pub fn refund(
        &mut self,
        tender: Tender<'_>,
        original: &Original,
        amount: u64,
    ) -> Result<Vec<u8>, PosError> {
        self.transact(Kind::Refund, tender, amount, Some(original))
    }

    /// Cancels a pre-authorization.
    ///
    /// # Errors
    /// As [`Pos::sale`].
    pub fn cancel(&mut self, tender: Tender<'_>, original: &Original) -> Result<Vec<u8>, PosError> {
        self.transact(Kind::PreAuthorizationCancel, tender, original.amount, Some(original))
    }

    /// Completes a pre-authorization with `amount`.
    ///
    /// # Errors
    /// As [`Pos::sale`].
    pub fn complete(
        &mut self,
        tender: Tender<'_>,
        original: &Original,
        amount: u64,
        by: CompletionBy,
    ) -> Result<Vec<u8>, PosError> {
        let kind = match by {
            CompletionBy::Request => Kind::Completion,
            CompletionBy::Advice => Kind::CompletionAdvice,
        };
        self.transact(kind, tender, amount, Some(original))
    }

    /// Cancels a completion that went as a request.
    ///
    /// # Errors
    /// As [`Pos::sale`].
    pub fn cancel_completion(
        &mut self,
        tender: Tender<'_>,
        original: &Original,
    ) -> Result<Vec<u8>, PosError> {
        self.transact(Kind::CompletionCancel, tender, original.amount, Some(original))
    }

    fn transact(
        &mut self,
        kind: Kind,
        tender: Tender<'_>,
        amount: u64,
        original: Option<&Original>,
    ) -> Result<Vec<u8>, PosError> {
        self.ready()?;
        if amount > AMOUNT_MAX || (amount == 0) != (kind == Kind::BalanceInquiry) {
            return Err(PosError::Amount);
        }
        let Tender { card, entry, pin, moment } = tender;
        self.admit(card, entry)?;

        let mut draft = self.card_request(kind, card, entry, pin, amount)?;
        if let Some(original) = original {
            put_original(&mut draft, kind, original);
        }
        let mut cryptogram = None;
        if kind.row().cryptogram && entry.is_chip() {
            let made = self.ask_chip(kind, card, amount, pin.is_some(), moment)?;
            draft.bytes(55, &made.data);
            // A card that was held to the reader is gone when the answer comes.
            cryptogram = (entry == Entry::Insert).then_some(made.cryptogram);
        }
        let chip_data = draft.bytes_of(55).map(<[u8]>::to_vec);
        let work = CardWork {
            follows: original.map(|original| (original.batch, original.stan)),
            cryptogram,
            issuer_must_prove: card.chip.as_ref().is_some_and(|chip| chip.issuer_must_prove),
            entry: LogEntry {
                kind,
                stan: self.next_stan,
                batch: self.batch,
                amount,
                pan: card.pan.clone(),
                entry,
                expiry: card.expiry.clone(),
                sequence: card.sequence,
                pin: pin.is_some(),
                approval: None,
                rrn: None,
                date: moment.at.mmdd(),
                time: moment.at.hhmmss(),
                at: moment.at,
                settlement_date: None,
                institutions: None,
                organisation: None,
                chip_data,
                settled: Settled::Stands,
            },
        };
        self.send_card(draft, work)
    }

    /// What every transaction with a card says: the card, the amount, how it got in, the PIN.
    fn card_request(
        &self,
        kind: Kind,
        card: &CardInHand,
        entry: Entry,
        pin: Option<&Pin>,
        amount: u64,
    ) -> Result<Draft, PosError> {
        let row = kind.row();
        let keys = self.keys.as_ref().ok_or(PosError::NotSignedIn)?;
        let mut draft = self.request(row.mti);
        draft
            .text(2, card.pan.expose())
            .text(3, row.processing)
            .text(14, &card.expiry)
            .text(25, row.condition);
        if amount > 0 {
            draft.text(4, &format!("{amount:012}"));
        }
        draft.text(22, &format!("{}{}0", entry.code(), if pin.is_some() { 1 } else { 2 }));
        if entry.is_chip() {
            draft.text(23, &format!("{:04}", card.sequence));
        }
        self.put_track(&mut draft, card, entry, keys)?;
        if let Some(pin) = pin {
            draft.text(26, if pin.expose().len() > 6 { "12" } else { "06" });
            draft.bytes(52, &keys.pin_block(self.settings.pin_form, pin, &card.pan));
        }
        self.put_security(&mut draft, pin.is_some(), keys);
        draft.text(49, &self.settings.currency);
        let condition = if entry == Entry::Fallback { 2 } else { 0 };
        let capability = self.settings.capability;
        draft.text(60, &format!("{}{capability}{condition}0", self.field_60(row.message_type, "000")));
        Ok(draft)
    }

    /// The chip's cryptogram over this transaction.
    fn ask_chip(
        &self,
        kind: Kind,
        card: &mut CardInHand,
        amount: u64,
        pin_online: bool,
        moment: Moment,
    ) -> Result<ChipSale, PosError> {
        let occasion = Occasion {
            amount,
            kind: packed(&kind.row().processing[..2])[0],
            country: &self.settings.country,
            currency: &self.settings.currency,
            device: &self.settings.terminal,
            stan: self.next_stan,
            pin_online,
            moment,
        };
        kernel::go_online(card, &occasion).map_err(PosError::Card)
    }

    /// Stores the reversal, then gives the frame out.
    fn send_card(&mut self, draft: Draft, work: CardWork) -> Result<Vec<u8>, PosError> {
        let (kind, amount) = (work.entry.kind, work.entry.amount);
        let stored = kind.is_reversible().then(|| StoredReversal {
            kind,
            original: draft.clone(),
            stan: self.next_stan,
            batch: self.batch,
            amount,
            approval: None,
            reason: None,
            sends: 0,
        });
        let frame = self.send(draft, What::Card(Box::new(work)), true)?;
        self.reversal = stored;
        self.chip_failed = false;
        self.spend_stan();
        Ok(frame)
    }

    /// Whether the card can get in that way, as the terminal's rules and the card's state have it.
    fn admit(&mut self, card: &CardInHand, entry: Entry) -> Result<(), PosError> {
        let fault = match entry {
            Entry::Insert | Entry::Tap => match &card.chip {
                None => Some(CardFault::NoChip),
                Some(_) if entry == Entry::Tap && !card.contactless => Some(CardFault::NoContactless),
                Some(chip) if !chip.answers() => {
                    self.chip_failed |= entry == Entry::Insert;
                    Some(CardFault::ChipUnreadable)
                }
                Some(_) => None,
            },
            Entry::Swipe | Entry::Fallback if card.track2.is_none() => Some(CardFault::NoStripe),
            Entry::Swipe if card.stripe_names_chip() => Some(CardFault::ChipFirst),
            Entry::Fallback if !self.chip_failed => Some(CardFault::ChipFirst),
            Entry::Swipe | Entry::Fallback | Entry::Keyed => None,
        };
        fault.map_or(Ok(()), |fault| Err(PosError::Card(fault)))
    }

    /// DE35, under the track key where the settings want it.
    fn put_track(
        &self,
        draft: &mut Draft,
        card: &CardInHand,
        entry: Entry,
        keys: &WorkingKeys,
    ) -> Result<(), PosError> {
        let track = match entry {
            Entry::Insert | Entry::Tap => &card.chip_track2,
            Entry::Swipe | Entry::Fallback => &card.track2,
            Entry::Keyed => &None,
        };
        let Some(track) = track else { return Ok(()) };
        if !self.settings.tracks_encrypted {
            draft.text(35, track.expose());
            return Ok(());
        }
        let mut packed = track.packed();
        keys.encrypt_track(&mut packed)?;
        let text: String = packed.iter().map(|byte| format!("{byte:02X}")).collect();
        draft.text(35, &text[..track.expose().len()]);
        Ok(())
    }

    /// DE53, where a PIN or an encrypted track travels.
    fn put_security(&self, draft: &mut Draft, pin: bool, keys: &WorkingKeys) {
        let tracks = self.settings.tracks_encrypted && draft.text_of(35).is_some();
        if !pin && !tracks {
            return;
        }
        let form = match (pin, self.settings.pin_form) {
            (false, _) => 0,
            (true, PinForm::WithoutPan) => 1,
            (true, PinForm::WithPan) => 2,
        };
        let algorithm = if keys.pin_key_is_single() { 0 } else { 6 };
        draft.text(53, &format!("{form}{algorithm}{}{:013}", u8::from(tracks), 0));
    }
}

/// What a follow-up names of its original: DE61, and the answer's numbers as the kind wants them.
fn put_original(draft: &mut Draft, kind: Kind, original: &Original) {
    draft.text(61, &original.field_61());
    let by_rrn = matches!(kind, Kind::SaleVoid | Kind::Refund | Kind::CompletionCancel);
    if let Some(rrn) = original.rrn.as_deref().filter(|_| by_rrn) {
        draft.text(37, rrn);
    }
    if let Some(approval) = &original.approval {
        draft.text(38, approval);
    }
    if kind == Kind::Refund {
        // 63.1, card organisation: not known any more.
        draft.text(63, "000");
    }
}
