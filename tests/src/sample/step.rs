//! One event to be signed: its body, and the openings of what it commits to.

use std::collections::HashMap;

use ledger_core::body::{Audience, Body, Sealable, Sealed};
use ledger_core::commitment::{Opening, SALT_BYTES};
use ledger_core::encode::Value;
use ledger_core::ids::{EventId, Hash, OrgId};
use ledger_core::time::Timestamp;

use super::csv::At;
use super::{Readers, SampleError};

/// An event to be signed by an organisation.
#[derive(Clone, Debug)]
pub struct Step {
    /// What the sample calls it: `E-0101`, `BIND:B-0105`, `REG:place:PL-01`.
    pub key: String,
    /// Who signs.
    pub org: OrgId,
    /// When it happened.
    pub occurred: Timestamp,
    /// The device's clock when it signs.
    pub signed: Timestamp,
    /// What is said, but for `ref`.
    pub body: BodyTemplate,
    /// Key of the step that `ref` names.
    pub reference: Option<String>,
    /// What is kept outside the log.
    pub openings: Vec<KeptOpening>,
}

/// A body whose `ref` is filled in once the event it names is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyTemplate(Body);

/// The opening of a commitment, and who may have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptOpening {
    /// Who may have it.
    pub readers: Readers,
    /// The opening.
    pub opening: Opening,
}

/// A step whose `ref` is not recorded yet: steps were taken out of order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{step} refers to {reference}, which is not recorded yet")]
pub struct NotRecorded {
    /// The step.
    pub step: String,
    /// The step it refers to.
    pub reference: String,
}

impl Step {
    /// The body, given the ids of the steps that were recorded before.
    ///
    /// # Errors
    /// [`NotRecorded`] when the step that `ref` names is not among them.
    pub fn body(&self, ids: &HashMap<String, EventId>) -> Result<Body, NotRecorded> {
        let mut body = self.body.0.clone();
        if let Some(reference) = &self.reference {
            let id = ids.get(reference).ok_or_else(|| NotRecorded {
                step: self.key.clone(),
                reference: reference.clone(),
            })?;
            body.reference = Some(id.0);
        }
        Ok(body)
    }

    /// Whether it registers something, before anything happens.
    pub fn is_registration(&self) -> bool {
        self.key.starts_with("REG:")
    }

    /// A step without `ref` and openings, which happens when it is signed.
    pub(super) fn plain(key: String, org: &OrgId, signed: Timestamp, body: Body) -> Step {
        Step {
            key,
            org: org.clone(),
            occurred: signed,
            signed,
            body: BodyTemplate(body),
            reference: None,
            openings: Vec::new(),
        }
    }

    /// The step, if every node would take its body.
    pub(super) fn checked(self, at: At) -> Result<Step, SampleError> {
        let mut body = self.body.0.clone();
        body.reference = self.reference.as_ref().map(|_| Hash::ZERO);
        let fault = |what: String| at.fault(&self.key, what);
        let value = Value::decode(&body.to_value().encode()).map_err(|e| fault(e.to_string()))?;
        match Body::from_value(&value) {
            Ok(read) if read == body => Ok(self),
            Ok(_) => Err(fault("the body reads as another one".to_owned())),
            Err(error) => Err(fault(error.to_string())),
        }
    }
}

/// Commits to values and keeps their openings.
pub(super) struct Sealer<'s> {
    salt: &'s mut dyn FnMut() -> [u8; SALT_BYTES],
    kept: Vec<KeptOpening>,
}

impl<'s> Sealer<'s> {
    pub(super) fn new(salt: &'s mut dyn FnMut() -> [u8; SALT_BYTES]) -> Sealer<'s> {
        let kept = Vec::new();
        Sealer { salt, kept }
    }

    /// Commits to a value.
    pub(super) fn commit(&mut self, readers: Readers, path: &str, value: Value) -> Hash {
        let (path, salt) = (path.to_owned(), (self.salt)());
        let opening = Opening { path, salt, value };
        let commitment = opening.commitment();
        self.kept.push(KeptOpening { readers, opening });
        commitment
    }

    /// A text, committed to when it tells who or where a person is.
    pub(super) fn text(&mut self, is_personal: bool, path: &str, text: &str) -> Sealable {
        if is_personal {
            Sealable::Commitment(self.commit(Readers::Public, path, Value::text(text)))
        } else {
            Sealable::Text(text.to_owned())
        }
    }

    /// The other facts of an event, for those who may read them.
    pub(super) fn facts(&mut self, audience: Audience, value: Value) -> Sealed {
        let readers = match audience {
            Audience::Partners => Readers::Partners,
            Audience::Authority => Readers::Authority,
        };
        let commitment = self.commit(readers, "facts", value);
        Sealed {
            audience,
            commitment,
        }
    }

    /// The openings since the last time.
    pub(super) fn take(&mut self) -> Vec<KeptOpening> {
        std::mem::take(&mut self.kept)
    }
}
