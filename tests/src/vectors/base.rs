//! What most bundle stories start from: the whole sample under a head with the full quorum.

use ledger_core::anchor::Anchor;
use ledger_core::bundle::Bundle;
use ledger_core::code::PrintedCode;
use ledger_core::note::Note;

use crate::inprocess::{InProcess, sample_folder};
use crate::sample::Sample;

use super::{BundleCase, Case, Fault};

/// When the heads of the vectors are cosigned: 2026-10-19T10:00+07:00.
pub const COSIGNED: u64 = 1_792_378_800;
/// When the vectors are verified: an hour later.
pub const NOW: u64 = COSIGNED + 3_600;

/// A whole sample ledger with a head under the full quorum.
pub struct Base {
    /// The sample.
    pub sample: Sample,
    /// Its ledger.
    pub ledger: InProcess,
    /// The newest head, cosigned by every validator.
    pub note: Note,
}

impl Base {
    /// The same every time.
    ///
    /// # Errors
    /// When the sample or the core is at fault.
    pub fn new() -> Result<Base, Fault> {
        let sample = Sample::load(&sample_folder())?;
        let mut ledger = InProcess::with_sample(&sample)?;
        let note = ledger.publish(COSIGNED)?;
        Ok(Base {
            sample,
            ledger,
            note,
        })
    }

    /// The first printed code of a batch of the sample.
    pub fn code(&self, batch: &str) -> PrintedCode {
        self.sample
            .codes(batch)
            .into_iter()
            .next()
            .unwrap_or_else(|| unreachable!("{batch} has a code"))
    }

    /// The honest bundle of a batch.
    pub fn bundle(&mut self, batch: &str) -> Result<Bundle, Fault> {
        let code = self.code(batch);
        Ok(self.ledger.bundle(&self.note, &code)?)
    }

    /// The trust anchor.
    pub fn anchor(&self) -> &Anchor {
        self.ledger.anchor()
    }

    /// A bundle of these bytes, verified at that time (seconds since 1970).
    pub fn case(&self, bytes: &[u8], now: u64) -> Result<Case, Fault> {
        Ok(Case::bundle(BundleCase::of(bytes, self.anchor(), now)))
    }

    /// The honest bundle of a batch with something changed.
    pub fn changed(
        &mut self,
        batch: &str,
        change: impl FnOnce(&mut Bundle),
    ) -> Result<Case, Fault> {
        let mut bundle = self.bundle(batch)?;
        change(&mut bundle);
        self.case(&bundle.encode(), NOW)
    }
}
