//! Which signatures hold: Wycheproof's cases, and the ones that verifiers disagree about, made here by hand.
//!
//! What this ledger accepts is what `verify_strict` of ed25519-dalek accepts, under keys that enrolment accepts. The
//! table below says for each kind of signature what three equations say of it:
//!
//! - *without cofactor*: `[S]B = R + [k]A`, points compared; what RFC 8032 allows and most programs compute
//! - *with cofactor*: `[8][S]B = [8]R + [8][k]A`, as RFC 8032 writes it, and as batches are checked
//! - *strict*: the first, and R and A not of small order, S below the order L, R in its only spelling
//!
//! and what we say: strict, and A in its only spelling and free of torsion. No row may be accepted here that a lenient
//! verifier refuses, or phones and nodes would part.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use curve25519_dalek::constants::{ED25519_BASEPOINT_TABLE, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use ledger_core::key::{KeyError, PublicKey};
use sha2::{Digest, Sha512};
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

/// How many cases the set must have, so that an emptied file does not pass.
const WYCHEPROOF_CASES_MIN: usize = 140;

#[test]
fn wycheproof_agrees() {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let mut cases = 0;
    for group in set.test_groups {
        let key = PublicKey::from_slice(&group.key.pk);
        for test in group.tests {
            let held = key.is_ok_and(|key| key.verify(&test.msg, &test.sig).is_ok());
            let want = test.result == TestResult::Valid;
            assert_eq!(held, want, "case {}: {}", test.tc_id, test.comment);
            assert_ne!(
                test.result,
                TestResult::Acceptable,
                "case {}: decide it here",
                test.tc_id
            );
            cases += 1;
        }
    }
    assert!(cases >= WYCHEPROOF_CASES_MIN, "{cases} cases");
}

/// A signature as it is sent, and what it was sent under.
struct Case {
    key: [u8; 32],
    message: Vec<u8>,
    r: [u8; 32],
    s: [u8; 32],
}

/// A row of the table.
struct Row {
    /// What is odd about it.
    name: &'static str,
    case: Case,
    without_cofactor: bool,
    with_cofactor: bool,
    strict: bool,
    /// What enrolment says of the key.
    key: Result<(), KeyError>,
}

const fn row(
    name: &'static str,
    case: Case,
    equations: [bool; 3],
    key: Result<(), KeyError>,
) -> Row {
    let [without_cofactor, with_cofactor, strict] = equations;
    Row {
        name,
        case,
        without_cofactor,
        with_cofactor,
        strict,
        key,
    }
}

fn table() -> Vec<Row> {
    use KeyError::{NotCanonical, SmallOrder, Torsion};
    let (no, yes) = (false, true);
    vec![
        //   what is odd                                     the signature               plain cofactor strict  the key
        row("nothing", signed(NONE, NONE, 0), [yes, yes, yes], Ok(())),
        row("R with torsion", signed(NONE, 1, 0), [no, yes, no], Ok(())),
        row(
            "R of order 2 more",
            signed(NONE, 4, 0),
            [no, yes, no],
            Ok(()),
        ),
        row(
            "A with torsion, k a multiple of 8",
            signed(1, NONE, 0),
            [yes, yes, yes],
            Err(Torsion),
        ),
        row(
            "A with torsion, k not",
            signed(1, NONE, 3),
            [no, yes, no],
            Err(Torsion),
        ),
        row(
            "A and R with torsion that cancels",
            signed(1, 5, 3),
            [yes, yes, yes],
            Err(Torsion),
        ),
        row(
            "A and R with torsion that does not",
            signed(1, 5, 2),
            [no, yes, no],
            Err(Torsion),
        ),
        row(
            "A with torsion of order 2",
            signed(4, NONE, 1),
            [no, yes, no],
            Err(Torsion),
        ),
        row(
            "A of order 8, k a multiple of 8",
            small_key(1, 0),
            [yes, yes, no],
            Err(SmallOrder),
        ),
        row(
            "A of order 8, k not",
            small_key(1, 1),
            [no, yes, no],
            Err(SmallOrder),
        ),
        row(
            "A the identity",
            small_key(0, 5),
            [yes, yes, no],
            Err(SmallOrder),
        ),
        row(
            "A and R of small order, S = 0",
            all_small(),
            [yes, yes, no],
            Err(SmallOrder),
        ),
        row("R the identity", small_nonce(0), [yes, yes, no], Ok(())),
        row("R of order 8", small_nonce(1), [no, yes, no], Ok(())),
        row(
            "S + L",
            with_s(signed(NONE, NONE, 0), plus_order),
            [no, no, no],
            Ok(()),
        ),
        row(
            "S + 8L",
            with_s(signed(NONE, NONE, 0), plus_eight_orders),
            [no, no, no],
            Ok(()),
        ),
        row(
            "S with its highest bit",
            with_s(signed(NONE, NONE, 0), highest_bit),
            [no, no, no],
            Ok(()),
        ),
        row(
            "A the identity, spelled p + 1",
            respelled_key(),
            [yes, yes, no],
            Err(NotCanonical),
        ),
        row(
            "A the identity, with a sign",
            negative_zero_key(),
            [yes, yes, no],
            Err(NotCanonical),
        ),
        row(
            "R the identity, spelled p + 1",
            respelled_nonce(),
            [yes, yes, no],
            Ok(()),
        ),
    ]
}

#[test]
fn we_accept_what_verify_strict_accepts_under_keys_that_enrolment_accepts() {
    for Row {
        name,
        case,
        without_cofactor,
        with_cofactor,
        strict,
        key,
    } in table()
    {
        assert_eq!(
            case.holds(false),
            without_cofactor,
            "{name}: without cofactor"
        );
        assert_eq!(case.holds(true), with_cofactor, "{name}: with cofactor");
        assert_eq!(case.holds_strictly(), strict, "{name}: strict");
        let enrolled = PublicKey::from_bytes(&case.key);
        assert_eq!(enrolled.map(|_| ()), key, "{name}: the key");
        let ours = enrolled.is_ok_and(|key| key.verify(&case.message, &case.signature()).is_ok());
        assert_eq!(ours, strict && key.is_ok(), "{name}: ours");
        assert!(
            !ours || without_cofactor,
            "{name}: another verifier would refuse it"
        );
    }
}

#[test]
fn the_hand_made_signer_is_ed25519() {
    let case = signed(NONE, NONE, 0);
    let secret = SigningKey::from_bytes(&[3; 32]);
    let own = secret.sign(b"rice").to_bytes();
    let key = PublicKey::of(&secret);
    assert_eq!(key.verify(b"rice", &own), Ok(()));
    let other = PublicKey::from_bytes(&case.key).unwrap();
    assert_eq!(other.verify(&case.message, &case.signature()), Ok(()));
}

impl Case {
    fn signature(&self) -> [u8; 64] {
        [self.r, self.s].concat().try_into().unwrap()
    }

    fn k(&self) -> Scalar {
        challenge(&self.r, &self.key, &self.message)
    }

    /// The equation, on points; S as it stands, if it is below L.
    fn holds(&self, with_cofactor: bool) -> bool {
        let (a, r) = (point(&self.key), point(&self.r));
        let Some(s) = Scalar::from_canonical_bytes(self.s).into_option() else {
            return false;
        };
        let difference = ED25519_BASEPOINT_TABLE * &s - r - multiple(&self.k(), &a);
        if with_cofactor {
            difference.mul_by_cofactor().is_identity()
        } else {
            difference.is_identity()
        }
    }

    fn holds_strictly(&self) -> bool {
        let key = VerifyingKey::from_bytes(&self.key).unwrap();
        let signature = Signature::from_bytes(&self.signature());
        key.verify_strict(&self.message, &signature).is_ok()
    }
}

/// No torsion is added.
const NONE: usize = 0;

fn secret() -> Scalar {
    Scalar::from(0x0123_4567_89ab_cdef_u64)
}

fn nonce() -> Scalar {
    Scalar::from(0xfedc_ba98_7654_3210_u64)
}

fn base(scalar: &Scalar) -> EdwardsPoint {
    ED25519_BASEPOINT_TABLE * scalar
}

fn point(bytes: &[u8; 32]) -> EdwardsPoint {
    CompressedEdwardsY(*bytes).decompress().unwrap()
}

/// k as a plain number times a point that may have torsion, where scalars modulo L would lose it.
fn multiple(k: &Scalar, point: &EdwardsPoint) -> EdwardsPoint {
    k.to_bytes()
        .iter()
        .rev()
        .fold(EdwardsPoint::default(), |sum, byte| {
            (0..8).rev().fold(sum, |sum, bit| {
                let doubled = sum + sum;
                if byte >> bit & 1 == 1 {
                    doubled + point
                } else {
                    doubled
                }
            })
        })
}

fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash: [u8; 64] = Sha512::new()
        .chain_update(r)
        .chain_update(key)
        .chain_update(message)
        .finalize()
        .into();
    Scalar::from_bytes_mod_order_wide(&hash)
}

/// A message for which k has this remainder modulo 8, so that torsion cancels or does not.
fn message_for(r: &[u8; 32], key: &[u8; 32], remainder: u8) -> Vec<u8> {
    let fits = |message: &Vec<u8>| challenge(r, key, message).to_bytes()[0] & 7 == remainder;
    (0u32..)
        .map(|n| format!("rice {n}").into_bytes())
        .find(fits)
        .unwrap()
}

/// A = aB + torsion, R = rB + torsion, S = r + ka, with k as asked modulo 8.
fn signed(key_torsion: usize, nonce_torsion: usize, remainder: u8) -> Case {
    let key = (base(&secret()) + EIGHT_TORSION[key_torsion])
        .compress()
        .to_bytes();
    let r = (base(&nonce()) + EIGHT_TORSION[nonce_torsion])
        .compress()
        .to_bytes();
    let message = message_for(&r, &key, remainder);
    let s = nonce() + challenge(&r, &key, &message) * secret();
    Case {
        key,
        message,
        r,
        s: s.to_bytes(),
    }
}

/// A is of small order: S = r, and everybody can sign.
fn small_key(key_torsion: usize, remainder: u8) -> Case {
    let key = EIGHT_TORSION[key_torsion].compress().to_bytes();
    let r = base(&nonce()).compress().to_bytes();
    let message = message_for(&r, &key, remainder);
    Case {
        key,
        message,
        r,
        s: nonce().to_bytes(),
    }
}

/// S = 0 under points of small order: one signature for many messages.
fn all_small() -> Case {
    let key = EIGHT_TORSION[1].compress().to_bytes();
    let r = EIGHT_TORSION[0].compress().to_bytes();
    let message = message_for(&r, &key, 0);
    Case {
        key,
        message,
        r,
        s: Scalar::ZERO.to_bytes(),
    }
}

/// R is of small order: S = ka.
fn small_nonce(nonce_torsion: usize) -> Case {
    small_nonce_spelled(EIGHT_TORSION[nonce_torsion].compress().to_bytes())
}

fn small_nonce_spelled(r: [u8; 32]) -> Case {
    let key = base(&secret()).compress().to_bytes();
    let message = b"rice".to_vec();
    let s = challenge(&r, &key, &message) * secret();
    Case {
        key,
        message,
        r,
        s: s.to_bytes(),
    }
}

/// y = p + 1, which is y = 1 a second time: the identity.
fn respelled_identity() -> [u8; 32] {
    let mut bytes = [0xff; 32];
    (bytes[0], bytes[31]) = (0xee, 0x7f);
    bytes
}

fn respelled_nonce() -> Case {
    small_nonce_spelled(respelled_identity())
}

fn identity_key_spelled(key: [u8; 32]) -> Case {
    let r = base(&nonce()).compress().to_bytes();
    Case {
        key,
        message: b"rice".to_vec(),
        r,
        s: nonce().to_bytes(),
    }
}

fn respelled_key() -> Case {
    identity_key_spelled(respelled_identity())
}

/// x = 0 with the sign bit set.
fn negative_zero_key() -> Case {
    let mut key = EIGHT_TORSION[0].compress().to_bytes();
    key[31] |= 0x80;
    identity_key_spelled(key)
}

fn with_s(case: Case, change: fn([u8; 32]) -> [u8; 32]) -> Case {
    Case {
        s: change(case.s),
        ..case
    }
}

/// The order of the base point, little-endian.
fn order() -> [u8; 32] {
    let minus_one = (Scalar::ZERO - Scalar::ONE).to_bytes();
    sum(minus_one, Scalar::ONE.to_bytes())
}

fn sum(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let mut carry = 0;
    std::array::from_fn(|at| {
        carry += u16::from(a[at]) + u16::from(b[at]);
        let byte = (carry & 0xff) as u8;
        carry >>= 8;
        byte
    })
}

fn plus_order(s: [u8; 32]) -> [u8; 32] {
    sum(s, order())
}

fn plus_eight_orders(s: [u8; 32]) -> [u8; 32] {
    (0..8).fold(s, |s, _| sum(s, order()))
}

fn highest_bit(mut s: [u8; 32]) -> [u8; 32] {
    s[31] |= 0x80;
    s
}
