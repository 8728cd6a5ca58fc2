//! The answer for a code: its bundle, and what this server's own check of that bundle says.
//!
//! In scope: building, checking with `ledger_core::verify` (the function that every auditor runs), remembering for as long
//! as the head stands. Out of scope: believing itself: a phone checks the same bytes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_core::anchor::Anchor;
use ledger_core::bundle::{Bundle, BundleError};
use ledger_core::code::{PrintedCode, ShortCode};
use ledger_core::genesis::{Genesis, GenesisError};
use ledger_core::ids::Hash;
use ledger_core::sign::Envelope;
use ledger_core::time::{Date, Timestamp};
use ledger_core::verify::{Verdict, business_date, verify};
use sha2::{Digest, Sha256};

use crate::story::{LotCard, OrgCard, ProductCard, Story};
use crate::view::Entry;

/// How long an answer is kept under one head. Freshness and openings change without a new head.
pub const ANSWER_KEPT: Duration = Duration::from_secs(60);
/// Most answers kept: more than a batch of the marketplaces asks for.
const ANSWERS_MAX: usize = 2_048;
/// Most bytes of bundles kept.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// What is answered for a code.
#[derive(Debug)]
pub struct Answer {
    /// The code.
    pub code: PrintedCode,
    /// The bundle's bytes.
    pub bundle: Vec<u8>,
    /// Names these bytes.
    pub etag: String,
    /// What this server's check says.
    pub verdict: Verdict,
    /// The business date.
    pub today: Date,
    /// Whether the ledger is a sample.
    pub is_sample: bool,
    /// The product, when the lot is a finished one.
    pub product: Option<ProductCard>,
    /// Its owner.
    pub owner: Option<OrgCard>,
    /// The lot.
    pub lot: Option<LotCard>,
    /// The short codes that somebody bound to it; whether they lead to it is for [`Answer::is_known`] of each to say.
    pub short_codes: Vec<ShortCode>,
    made: Instant,
}

/// Why a bundle made here does not hold: a fault of this server.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The verifier cannot read it.
    #[error("the bundle made here does not decode: {0}")]
    Bundle(#[from] BundleError),
    /// Nor the genesis.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
}

impl Answer {
    /// Checks a bundle that was built here, as a stranger would.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn check(bundle: &Bundle, anchor: &Anchor, now: u64) -> Result<Answer, AnswerError> {
        let bytes = bundle.encode();
        let verdict = verify(&bytes, anchor, now)?;
        let genesis = Genesis::decode(&bundle.genesis)?;
        let today = business_date(&genesis, now);
        let read = |(index, bytes): &(_, Vec<u8>)| {
            Some(Entry {
                index: *index,
                envelope: Envelope::parse(bytes).ok()?,
            })
        };
        let entries: Vec<Entry> = bundle.events.iter().filter_map(read).collect();
        let story = Story::new(
            &entries,
            &bundle.openings,
            verdict.registered.clone(),
            &genesis,
        );
        let history = verdict.history.as_ref();
        Ok(Answer {
            code: bundle.code.clone(),
            etag: format!("W/\"{}\"", hex::encode(&Sha256::digest(&bytes)[..16])),
            today,
            is_sample: genesis.sample.is_some(),
            product: history
                .and_then(|history| history.product.as_ref())
                .map(|id| story.product(id, today)),
            owner: history
                .and_then(|history| history.owner.as_ref())
                .map(|id| story.organisation(id)),
            lot: verdict.lot.as_ref().and_then(|id| story.lot(id)),
            short_codes: verdict
                .lot
                .as_ref()
                .map(|id| story.short_codes(id))
                .unwrap_or_default(),
            bundle: bytes,
            verdict,
            made: Instant::now(),
        })
    }

    /// Whether the code leads to a lot.
    pub fn is_known(&self) -> bool {
        self.verdict.lot.is_some()
    }

    /// Since when the quorum has stood by it.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.verdict
            .as_of
            .and_then(|seconds| i64::try_from(seconds).ok())
            .map(Timestamp::vietnam)
    }
}

/// Answers under one head.
#[derive(Default)]
pub struct Answers {
    /// SHA-256 of the note that they stand under.
    head: Option<Hash>,
    kept: HashMap<PrintedCode, Arc<Answer>>,
    order: VecDeque<PrintedCode>,
    bytes: usize,
}

impl Answers {
    /// The answer for a code under a head's note, if it is still good.
    pub fn get(&self, head: &Hash, code: &PrintedCode) -> Option<Arc<Answer>> {
        let answer = self.kept.get(code).filter(|_| self.head == Some(*head))?;
        (answer.made.elapsed() < ANSWER_KEPT).then(|| Arc::clone(answer))
    }

    /// Keeps an answer; those under another head go, and the oldest when there are too many.
    pub fn keep(&mut self, head: Hash, answer: &Arc<Answer>) {
        if self.head != Some(head) {
            *self = Answers {
                head: Some(head),
                ..Answers::default()
            };
        }
        self.drop_code(&answer.code);
        self.bytes += answer.bundle.len();
        self.order.push_back(answer.code.clone());
        self.kept.insert(answer.code.clone(), Arc::clone(answer));
        while self.kept.len() > ANSWERS_MAX || self.bytes > ANSWER_BYTES_MAX {
            let Some(oldest) = self.order.front().cloned() else {
                break;
            };
            self.drop_code(&oldest);
        }
    }

    fn drop_code(&mut self, code: &PrintedCode) {
        if let Some(old) = self.kept.remove(code) {
            self.bytes -= old.bundle.len();
            self.order.retain(|kept| kept != code);
        }
    }
}

/// The hash by which answers know their head: of the note, because a newer cosignature is a newer answer.
pub fn note_hash(note: &str) -> Hash {
    Hash(Sha256::digest(note).into())
}
