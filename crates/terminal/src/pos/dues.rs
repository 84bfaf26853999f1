//! What the terminal owes without being asked: reversals, script results, signatures, settlement and its upload.
//!
//! The driver sends what is due before the next transaction, in this order.

use iso8583::tlv::{self, PrivateTags, Tag, Tlv};

use crate::batch::{LogEntry, PaperSlip};
use crate::fault::PosError;
use crate::message::Draft;
use crate::pos::{Pos, What};
use crate::settings::SignatureRoute;
use crate::settlement::{Upload, totals_field};
use crate::signature::{Parts, WaitingSignature, slip_data};

/// Tag DF31 of a script result: executed.
const SCRIPT_EXECUTED: [u8; 5] = [0x20, 0, 0, 0, 0];

impl Pos {
    /// The 0400 that is to be sent now, if one is: the same bytes each time, under the keys of the day.
    ///
    /// # Errors
    /// [`PosError::AwaitingAnswer`] or [`PosError::NotSignedIn`].
    pub fn reversal_due(&mut self) -> Result<Option<Vec<u8>>, PosError> {
        self.free()?;
        let Some(draft) = self.reversal.as_ref().and_then(|stored| stored.draft()) else {
            return Ok(None);
        };
        if !self.is_signed_in() {
            return Err(PosError::NotSignedIn);
        }
        let frame = self.send(draft, What::Reversal, true)?;
        if let Some(stored) = &mut self.reversal {
            stored.sends += 1;
        }
        Ok(Some(frame))
    }

    /// The result of an issuer script that is to be sent now (0620, 60.3 = 951), if there is one.
    ///
    /// # Errors
    /// As [`Pos::sale`].
    pub fn script_result_due(&mut self) -> Result<Option<Vec<u8>>, PosError> {
        let Some(script) = self.scripts.front() else {
            self.free()?;
            return Ok(None);
        };
        self.ready()?;
        let request = &script.request;
        let mut draft = self.request("0620");
        for number in [2, 3, 4, 22, 23, 49] {
            draft.same(number, request);
        }
        if let Some(rrn) = &script.rrn {
            draft.text(37, rrn);
        }
        if let Some(approval) = &script.approval {
            draft.text(38, approval);
        }
        draft.bytes(55, &script_data(request.bytes_of(55).unwrap_or_default()));
        let original_60 = request.text_of(60).unwrap_or_default();
        draft.text(60, &self.field_60(original_60.get(..2).unwrap_or("00"), "951"));
        draft.text(
            61,
            &format!("{:06}{}{}", script.batch, request.text_of(11).unwrap_or_default(), script.date),
        );
        let frame = self.send(draft, What::ScriptResult, true)?;
        self.spend_stan();
        Ok(Some(frame))
    }

    /// Takes the holder's signature under the transaction of that STAN; it is sent by [`Pos::signature_due`].
    ///
    /// # Errors
    /// [`PosError::NoSuchOriginal`] or [`PosError::SignatureSize`].
    pub fn upload_signature(&mut self, stan: u32, image: &[u8], parts: Parts) -> Result<(), PosError> {
        let signed = self.log.find(stan).is_some_and(|entry| entry.rrn.is_some());
        if !signed {
            return Err(PosError::NoSuchOriginal);
        }
        self.signatures.push_back(WaitingSignature::new(stan, image, parts)?);
        Ok(())
    }

    /// The signature, or the part of one, that is to be sent now, if there is one.
    ///
    /// # Errors
    /// As [`Pos::sale`].
    pub fn signature_due(&mut self) -> Result<Option<Vec<u8>>, PosError> {
        let Some(signature) = self.signatures.front() else {
            self.free()?;
            return Ok(None);
        };
        self.ready()?;
        let entry = self.log.find(signature.stan).ok_or(PosError::NoSuchOriginal)?;
        let (code, part) = signature.part();
        let draft = self.signature_draft(entry, &code, part);
        self.send(draft, What::Signature, true).map(Some)
    }

    fn signature_draft(&self, entry: &LogEntry, code: &str, part: &[u8]) -> Draft {
        let mti = match self.settings.signature_route {
            SignatureRoute::Network => "0820",
            SignatureRoute::Advice => "0920",
        };
        let mut draft = self.request(mti);
        draft
            .text(2, entry.pan.expose())
            .text(4, &format!("{:012}", entry.amount))
            .text(11, &format!("{:06}", entry.stan))
            .bytes(55, &slip_data(&self.settings, entry))
            .text(60, &format!("07{:06}{code}", entry.batch))
            .bytes(62, part);
        if let Some(date) = &entry.settlement_date {
            draft.text(15, date);
        }
        if let Some(rrn) = &entry.rrn {
            draft.text(37, rrn);
        }
        draft
    }

    /// Sends the totals of the batch (0500). The answer says whether they agree; then [`Pos::upload_due`].
    ///
    /// # Errors
    /// [`PosError::ReversalDue`] while one can still be sent, and as [`Pos::sale`].
    pub fn settle(&mut self) -> Result<Vec<u8>, PosError> {
        self.ready()?;
        let (domestic, foreign) = self.log.totals();
        let mut draft = self.request("0500");
        draft
            .text(48, &totals_field(domestic, foreign))
            .text(49, &self.settings.currency)
            .text(60, &self.field_60("00", "201"))
            .text(63, &format!("{} ", self.settings.operator));
        let frame = self.send(draft, What::Settlement, self.settings.settlement_mac)?;
        self.spend_stan();
        Ok(frame)
    }

    /// The next message of the batch upload (0320), if there is one. After the last one is accepted the batch is closed,
    /// the next one open, and a new sign-in needed.
    ///
    /// # Errors
    /// As [`Pos::sale`].
    pub fn upload_due(&mut self) -> Result<Option<Vec<u8>>, PosError> {
        let Some(upload) = self.settlement.as_ref().and_then(|settlement| settlement.next().cloned()) else {
            self.free()?;
            return Ok(None);
        };
        self.ready()?;
        let mut draft = self.request("0320");
        let code = match &upload {
            Upload::Details(field) => {
                draft.text(48, field);
                "201"
            }
            Upload::End { count, equal } => {
                draft.text(48, &format!("{count:04}"));
                if *equal { "207" } else { "202" }
            }
        };
        draft.text(60, &self.field_60("00", code));
        let frame = self.send(draft, What::Upload, self.settings.settlement_mac)?;
        self.spend_stan();
        Ok(Some(frame))
    }

    /// The batch is over: clear, next number, sign in again.
    pub(super) fn close_batch(&mut self) {
        self.settlement = None;
        self.log.clear();
        // What was not sent by now is signed on paper.
        let batch = self.batch;
        self.paper.extend(self.signatures.drain(..).map(|late| PaperSlip { batch, stan: late.stan }));
        self.batch = if self.batch == super::NUMBER_MAX { 1 } else { self.batch + 1 };
        self.signed_in = false;
    }
}

/// DE55 of a script result: what identifies the chip transaction, and DF31.
fn script_data(sent: &[u8]) -> Vec<u8> {
    let sent = Tlv::new(sent, PrivateTags::Primitive);
    let mut data = Vec::new();
    for tag in [0x9F33, 0x95, 0x9F37, 0x9F1E, 0x9F10, 0x9F26, 0x9F36, 0x82] {
        if let Some(value) = sent.find(Tag(tag)) {
            tlv::write(Tag(tag), value, &mut data);
        }
    }
    tlv::write(Tag(0xDF31), &SCRIPT_EXECUTED, &mut data);
    for tag in [0x9F1A, 0x9A] {
        if let Some(value) = sent.find(Tag(tag)) {
            tlv::write(Tag(tag), value, &mut data);
        }
    }
    data
}
