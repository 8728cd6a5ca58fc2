//! A policy applied to a checkpoint: who signed it, when, and whether that is enough.
//!
//! Scope: checking the note against the policy's keys, counting groups, the time a quorum was reached.
//! Out of scope: reading a clock. Whoever knows the time compares it with [`Times`].

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::cosignature::CosignatureTime;
use crate::note::{Note, NoteError};
use crate::policy::{Policy, PolicyLog, Quorum, Rule};
use crate::vkey::Verifier;

/// When a witness or group witnessed one checkpoint. The two differ only where a head was cosigned again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Times {
    /// The earliest time by which enough had cosigned: for k of n the k-th smallest time of the members,
    /// each counted from its first cosignature in the note. When an event *reached* the ledger.
    pub reached: CosignatureTime,
    /// The latest time since which enough have cosigned: for k of n the k-th largest time of the
    /// members, each counted at its last cosignature in the note. How *fresh* the head is: with nothing
    /// new to log, witnesses cosign the same head again.
    pub renewed: CosignatureTime,
}

/// How far a witness, a group or the quorum got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// `quorum none`: nothing was asked for, so nothing was shown.
    NotRequired,
    /// Enough cosigned.
    Reached(Times),
    /// Not enough did.
    NotReached {
        /// Members that did. For a witness 0.
        have: usize,
        /// Members that must. For a witness 1.
        need: usize,
    },
}

/// Why a note says nothing under a policy. Whoever wrote the note is at fault, or offers it to the wrong
/// reader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// The text is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// No log of the policy has this origin.
    #[error("the policy knows no log {0:?}")]
    UnknownLog(String),
    /// A known key's signature fails, or there is none.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Witnesses signed, but the log did not.
    #[error("the log itself has not signed")]
    NotSignedByLog,
}

/// A checkpoint that a known log signed, and who cosigned it. Nothing but [`Policy::evaluate`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation<'p> {
    policy: &'p Policy,
    checkpoint: Checkpoint,
    /// For each definition of the policy.
    standings: Vec<Standing>,
}

impl Policy {
    /// Checks a checkpoint's signatures: a log whose name is the origin must have signed, every known
    /// cosignature must hold, unknown lines are ignored. Whether the quorum is reached is for the caller
    /// to ask ([`Evaluation::quorum`]): a head without quorum is still worth showing as such.
    pub fn evaluate(&self, note: &Note) -> Result<Evaluation<'_>, EvaluationError> {
        let checkpoint = Checkpoint::of(note)?;
        let origin = checkpoint.origin();
        let logs: Vec<&Verifier> = self.logs().iter().map(PolicyLog::verifier).collect();
        let own: Vec<&Verifier> = logs
            .into_iter()
            .filter(|log| log.name().as_str() == origin)
            .collect();
        if own.is_empty() {
            return Err(EvaluationError::UnknownLog(origin.to_owned()));
        }
        let keys: Vec<&Verifier> = own
            .iter()
            .copied()
            .chain(self.witnesses().map(|(_, key)| key))
            .collect();
        let mut signed_by_log = false;
        let mut cosigned = Vec::new();
        for signature in note.verify(&keys)? {
            match signature.time() {
                Some(time) => cosigned.push((signature.verifier(), time)),
                None => signed_by_log = true,
            }
        }
        if !signed_by_log {
            return Err(EvaluationError::NotSignedByLog);
        }
        Ok(Evaluation {
            policy: self,
            checkpoint,
            standings: self.count(&cosigned),
        })
    }

    /// One pass suffices: a group's members are all defined before it.
    fn count(&self, cosigned: &[(&Verifier, CosignatureTime)]) -> Vec<Standing> {
        let mut standings: Vec<Standing> = Vec::with_capacity(self.definitions().len());
        for definition in self.definitions() {
            let standing = match definition.rule() {
                Rule::Witness { verifier, .. } => {
                    let own = cosigned.iter().filter(|(key, _)| *key == &**verifier);
                    witness_standing(own.map(|(_, time)| *time))
                }
                Rule::Foreign { .. } => witness_standing(std::iter::empty()),
                Rule::Group { threshold, members } => {
                    let members = members.iter().filter_map(|member| standings.get(*member));
                    group_standing(*threshold, members.filter_map(|member| member.times()))
                }
            };
            standings.push(standing);
        }
        standings
    }
}

fn witness_standing(times: impl Iterator<Item = CosignatureTime> + Clone) -> Standing {
    match (times.clone().min(), times.max()) {
        (Some(reached), Some(renewed)) => Standing::Reached(Times { reached, renewed }),
        _ => Standing::NotReached { have: 0, need: 1 },
    }
}

fn group_standing(need: usize, members: impl Iterator<Item = Times>) -> Standing {
    let (mut reached, mut renewed): (Vec<_>, Vec<_>) =
        members.map(|times| (times.reached, times.renewed)).unzip();
    reached.sort_unstable();
    renewed.sort_unstable_by(|a, b| b.cmp(a));
    let kth = need.saturating_sub(1);
    match (reached.get(kth), renewed.get(kth)) {
        (Some(&reached), Some(&renewed)) => Standing::Reached(Times { reached, renewed }),
        _ => Standing::NotReached {
            have: reached.len(),
            need,
        },
    }
}

impl Standing {
    /// The times, where enough cosigned.
    pub fn times(&self) -> Option<Times> {
        match self {
            Standing::Reached(times) => Some(*times),
            Standing::NotRequired | Standing::NotReached { .. } => None,
        }
    }
}

impl<'p> Evaluation<'p> {
    /// What the log signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// How the policy's quorum stands.
    pub fn quorum(&self) -> Standing {
        match self.policy.quorum() {
            Quorum::None => Standing::NotRequired,
            Quorum::Of(place) => {
                let missing = Standing::NotReached { have: 0, need: 1 };
                self.standings.get(place).copied().unwrap_or(missing)
            }
        }
    }

    /// How one witness or group stands, by its name in the policy (such as the validators' group).
    /// `None` when the policy has no such name.
    pub fn standing(&self, name: &str) -> Option<Standing> {
        self.standings.get(self.policy.position(name)?).copied()
    }

    /// The witnesses that cosigned: name in the policy, key, and when.
    pub fn cosigned_by(&self) -> impl Iterator<Item = (&'p str, &'p Verifier, Times)> {
        self.policy
            .definitions()
            .iter()
            .zip(&self.standings)
            .filter_map(|(definition, standing)| match definition.rule() {
                Rule::Witness { verifier, .. } => {
                    Some((definition.name(), &**verifier, standing.times()?))
                }
                Rule::Foreign { .. } | Rule::Group { .. } => None,
            })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::cosignature::Cosigner;
    use crate::ids::{Hash, TreeSize};
    use crate::note::{NoteSigner, SignatureLine};
    use crate::vkey::KeyName;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use ed25519_dalek::SigningKey;

    fn name(text: &str) -> KeyName {
        KeyName::new(text).unwrap()
    }

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    /// Witnesses 1 to 5 (seeds) as w1 … w5, and a log with seed 100.
    fn policy(rest: &str) -> Policy {
        let log = NoteSigner::new(name("log.example"), &key(100)).verifier();
        let mut text = format!("log {log}\n");
        for seed in 1..=5 {
            let witness = Cosigner::new(name(&format!("w.example/{seed}")), &key(seed)).verifier();
            text += &format!("witness w{seed} {witness}\n");
        }
        Policy::parse(&(text + rest)).unwrap()
    }

    fn head() -> Checkpoint {
        Checkpoint::new("log.example", TreeSize(7), Hash([3; 32])).unwrap()
    }

    fn signed(cosignatures: &[(u8, u64)]) -> Note {
        let note = head()
            .sign(&NoteSigner::new(name("log.example"), &key(100)))
            .unwrap();
        let line = |(seed, time): &(u8, u64)| {
            let time = CosignatureTime::new(*time).unwrap();
            Cosigner::new(name(&format!("w.example/{seed}")), &key(*seed)).cosign(&head(), time)
        };
        note.with_lines(&cosignatures.iter().map(line).collect::<Vec<_>>())
            .unwrap()
    }

    fn times(reached: u64, renewed: u64) -> Standing {
        let [reached, renewed] = [reached, renewed].map(|t| CosignatureTime::new(t).unwrap());
        Standing::Reached(Times { reached, renewed })
    }

    #[test]
    fn a_quorum_is_reached_at_the_kth_time() {
        let policy = policy("group g 3 w1 w2 w3 w4 w5\nquorum g\n");
        for (cosignatures, expected) in [
            (vec![], Standing::NotReached { have: 0, need: 3 }),
            (
                vec![(1, 10), (2, 20)],
                Standing::NotReached { have: 2, need: 3 },
            ),
            (
                vec![(1, 10), (1, 20), (1, 30)],
                Standing::NotReached { have: 1, need: 3 },
            ),
            (vec![(1, 10), (2, 20), (3, 30)], times(30, 10)),
            (vec![(5, 50), (1, 10), (4, 40), (2, 20)], times(40, 20)),
            (
                vec![(5, 50), (1, 10), (4, 40), (2, 20), (3, 30)],
                times(30, 30),
            ),
            // the same head cosigned again by three, by two
            (
                vec![(1, 10), (2, 20), (3, 30), (1, 110), (2, 120), (3, 130)],
                times(30, 110),
            ),
            (
                vec![(1, 10), (2, 20), (3, 30), (2, 120), (3, 130)],
                times(30, 10),
            ),
        ] {
            let note = signed(&cosignatures);
            let evaluation = policy.evaluate(&note).unwrap();
            assert_eq!(evaluation.quorum(), expected, "{cosignatures:?}");
            assert_eq!(evaluation.standing("g"), Some(expected));
        }
    }

    #[test]
    fn groups_of_groups_are_counted_inside_out() {
        let policy = policy("group v 2 w1 w2 w3\ngroup i any w4 w5\ngroup q all v i\nquorum q\n");
        let note = signed(&[(1, 10), (3, 30), (5, 20), (4, 25)]);
        let evaluation = policy.evaluate(&note).unwrap();
        assert_eq!(evaluation.standing("v"), Some(times(30, 10)));
        assert_eq!(evaluation.standing("i"), Some(times(20, 25)));
        assert_eq!(evaluation.quorum(), times(30, 10));
        assert_eq!(
            evaluation.standing("w2"),
            Some(Standing::NotReached { have: 0, need: 1 })
        );
        assert_eq!(evaluation.standing("nobody"), None);
        assert_eq!(evaluation.checkpoint(), &head());
        let who: Vec<_> = evaluation.cosigned_by().map(|(name, ..)| name).collect();
        assert_eq!(who, ["w1", "w3", "w4", "w5"]);

        let note = signed(&[(1, 10), (2, 20), (3, 30)]);
        let evaluation = policy.evaluate(&note).unwrap();
        assert_eq!(evaluation.standing("v"), Some(times(20, 20)));
        assert_eq!(
            evaluation.quorum(),
            Standing::NotReached { have: 1, need: 2 }
        );
    }

    #[test]
    fn witnesses_without_the_log_are_nothing() {
        let policy = policy("quorum w1\n");
        let full = signed(&[(1, 10)]);
        assert_eq!(policy.evaluate(&full).unwrap().quorum(), times(10, 10));
        let bare = Note::new(full.text().to_owned(), full.lines()[1..].to_vec()).unwrap();
        assert_eq!(policy.evaluate(&bare), Err(EvaluationError::NotSignedByLog));
    }

    #[test]
    fn strangers_are_ignored_and_forgeries_refuse_the_note() {
        let policy = policy("quorum none\n");
        let evaluation = signed(&[(9, 10)]);
        let evaluation = policy.evaluate(&evaluation).unwrap();
        assert_eq!(evaluation.quorum(), Standing::NotRequired);
        assert_eq!(evaluation.cosigned_by().count(), 0);

        let other = Checkpoint::new("log.example", TreeSize(8), Hash([3; 32])).unwrap();
        let time = CosignatureTime::new(5).unwrap();
        let forged = Cosigner::new(name("w.example/2"), &key(2)).cosign(&other, time);
        let note = signed(&[(1, 10)]).with_lines(&[forged]).unwrap();
        let refused = NoteError::BadSignature(name("w.example/2"));
        assert_eq!(policy.evaluate(&note), Err(EvaluationError::Note(refused)));
    }

    #[test]
    fn a_witness_that_signs_with_ml_dsa_never_counts_but_others_do() {
        let vkey = crate::vkey::tests::ml_dsa_vkey("w.example/mldsa");
        let line = format!("witness pq {vkey}\ngroup g 2 w1 w2 pq\nquorum g\n");
        let policy = policy(&line);
        // Its line in a note is a stranger's, and the note holds.
        let foreign = SignatureLine::parse(&format!(
            "\u{2014} w.example/mldsa {}",
            STANDARD.encode([vkey_id(&vkey).as_slice(), &[0; 8 + 2420]].concat())
        ));
        let note = signed(&[(1, 10)]).with_lines(&[foreign.unwrap()]).unwrap();
        let evaluation = policy.evaluate(&note).unwrap();
        let one_of_two = Standing::NotReached { have: 1, need: 2 };
        assert_eq!(evaluation.quorum(), one_of_two);
        let nobody = Standing::NotReached { have: 0, need: 1 };
        assert_eq!(evaluation.standing("pq"), Some(nobody));
        let note = signed(&[(1, 10), (2, 20)]);
        let evaluation = policy.evaluate(&note).unwrap();
        assert_eq!(evaluation.quorum(), times(20, 10));
        assert_eq!(evaluation.cosigned_by().count(), 2);
    }

    /// The key ID as a vkey writes it.
    fn vkey_id(vkey: &str) -> Vec<u8> {
        hex::decode(vkey.split('+').nth(1).unwrap()).unwrap()
    }

    #[test]
    fn a_log_that_signs_with_ml_dsa_too_is_known_by_its_other_key() {
        let vkey = crate::vkey::tests::ml_dsa_vkey("log.example");
        let both = policy(&format!("log {vkey}\nquorum w1\n"));
        assert_eq!(
            both.evaluate(&signed(&[(1, 10)])).unwrap().quorum(),
            times(10, 10)
        );
        let alone = Policy::parse(&format!("log {vkey}\nquorum none\n")).unwrap();
        let unknown = EvaluationError::UnknownLog("log.example".to_owned());
        assert_eq!(alone.evaluate(&signed(&[])), Err(unknown));
    }

    #[test]
    fn another_origin_and_another_text_are_refused() {
        let policy = policy("quorum none\n");
        let secret = key(100);
        let other = NoteSigner::new(name("other.example"), &secret);
        let note = Checkpoint::new("other.example", TreeSize(1), Hash::ZERO).unwrap();
        let note = note.sign(&other).unwrap();
        let unknown = EvaluationError::UnknownLog("other.example".to_owned());
        assert_eq!(policy.evaluate(&note), Err(unknown));
        let line = NoteSigner::new(name("log.example"), &key(100)).sign("hello\n");
        let note = Note::new("hello\n".to_owned(), vec![line]).unwrap();
        assert_eq!(policy.evaluate(&note), Err(CheckpointError::Shape.into()));
    }
}
