//! Seen receipts: a member's device states that it saw an event, and when (`docs/formats.md` section 17).
//!
//! In scope: making and checking one. Out of scope: whose device it is, and what follows from several
//! ([`crate::evidence`]). A receipt is what its signer says, no more: nobody can prove what reached whom.

use ed25519_dalek::SigningKey;

use crate::encode::Value;
use crate::ids::{DeviceKey, EventId, Hash, LedgerId, OrgId};
use crate::key::PublicKey;
use crate::sign::cose::{Form, Parts};
use crate::time::Timestamp;

/// A receipt has some 200 bytes; the organisation's name is the only part that varies.
pub const RECEIPT_MAX_BYTES: usize = 512;
/// How a receipt is wrapped.
const FORM: Form = Form {
    content_type: "ocop/seen",
    aad_line: b"ocop-seen/v1\n",
};

/// A receipt whose signature holds for the ledger it was checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    bytes: Vec<u8>,
    device: DeviceKey,
    iss: OrgId,
    event: EventId,
    seen: Timestamp,
}

/// Bytes that are no receipt of this ledger. The sender is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not of the form of section 17.
    #[error("not a receipt of this format")]
    Form,
    /// The key is none, or the signature does not hold for this ledger.
    #[error("the receipt's signature does not hold")]
    Signature,
}

impl Receipt {
    /// States that a device saw an event, by its own clock.
    pub fn sign(
        event: EventId,
        seen: Timestamp,
        key: &SigningKey,
        ledger: &LedgerId,
        iss: &OrgId,
    ) -> Receipt {
        let payload = Value::map([
            ("v", Value::Int(1)),
            ("event", Value::bytes(event.0.as_bytes())),
            ("seen", seen.to_value()),
        ]);
        Receipt {
            bytes: FORM.sign(key, ledger, iss, &payload.encode()),
            device: DeviceKey(PublicKey::of(key).to_bytes()),
            iss: iss.clone(),
            event,
            seen,
        }
    }

    /// Reads a receipt and checks its signature for a ledger.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn verify(bytes: &[u8], ledger: &LedgerId) -> Result<Receipt, ReceiptError> {
        if bytes.len() > RECEIPT_MAX_BYTES {
            return Err(ReceiptError::Form);
        }
        let parts = FORM.read(bytes).ok_or(ReceiptError::Form)?;
        let (event, seen) = read_payload(&parts.payload).ok_or(ReceiptError::Form)?;
        let key = PublicKey::from_bytes(&parts.device.0).map_err(|_| ReceiptError::Signature)?;
        let message = FORM.sig_structure(&parts.protected, ledger, &parts.payload);
        key.verify(&message, &parts.signature)
            .map_err(|_| ReceiptError::Signature)?;
        let Parts { device, iss, .. } = parts;
        Ok(Receipt {
            bytes: bytes.to_vec(),
            device,
            iss,
            event,
            seen,
        })
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The device that signed.
    pub fn device(&self) -> DeviceKey {
        self.device
    }

    /// The organisation that it speaks for.
    pub fn iss(&self) -> &OrgId {
        &self.iss
    }

    /// The event that was seen.
    pub fn event(&self) -> EventId {
        self.event
    }

    /// When, by the device's clock.
    pub fn seen(&self) -> Timestamp {
        self.seen
    }
}

fn read_payload(bytes: &[u8]) -> Option<(EventId, Timestamp)> {
    let value = Value::decode(bytes).ok()?;
    let whole = value.as_map()?.len() == 3 && value.get("v")?.as_uint() == Some(1);
    let event = EventId(Hash(value.get("event")?.as_bytes32()?));
    let seen = Timestamp::from_value(value.get("seen")?).ok()?;
    whole.then_some((event, seen))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::body::Body;
    use crate::chain::Link;
    use crate::kind::Kind;
    use crate::sign::{Draft, Envelope};

    const LEDGER: LedgerId = LedgerId(Hash([7; 32]));

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[3; 32])
    }

    fn receipt() -> Receipt {
        let seen = Timestamp::vietnam(1_792_378_800);
        let org = OrgId::new("ORG-01").unwrap();
        Receipt::sign(EventId(Hash([9; 32])), seen, &key(), &LEDGER, &org)
    }

    #[test]
    fn a_receipt_comes_back_as_it_was_signed() {
        let receipt = receipt();
        assert_eq!(Receipt::verify(receipt.bytes(), &LEDGER), Ok(receipt));
    }

    #[test]
    fn it_holds_for_its_ledger_and_its_bytes_only() {
        let receipt = receipt();
        let other = LedgerId(Hash([8; 32]));
        assert_eq!(
            Receipt::verify(receipt.bytes(), &other),
            Err(ReceiptError::Signature)
        );
        for bit in 0..receipt.bytes().len() * 8 {
            let mut changed = receipt.bytes().to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(Receipt::verify(&changed, &LEDGER).is_err(), "bit {bit}");
        }
        let longer = [receipt.bytes(), &[0]].concat();
        assert_eq!(Receipt::verify(&longer, &LEDGER), Err(ReceiptError::Form));
    }

    #[test]
    fn an_event_is_no_receipt_and_a_receipt_no_event() {
        let org = OrgId::new("ORG-01").unwrap();
        let time = Timestamp::vietnam(1_792_378_800);
        let draft = Draft {
            occurred: time,
            signed: time,
            body: Body::new(Kind::Epoch),
        };
        let event = draft.sign(&key(), &LEDGER, &org, Link::first(&LEDGER));
        assert_eq!(
            Receipt::verify(event.bytes(), &LEDGER),
            Err(ReceiptError::Form)
        );
        assert!(Envelope::parse(receipt().bytes()).is_err());
    }
}
