//! The CBOR formats. One property holds for all of them: whatever is read is written as exactly the same bytes.

use ledger_core::body::Body;
use ledger_core::bundle::Bundle;
use ledger_core::commitment::{Opening, commit};
use ledger_core::encode::Value;
use ledger_core::genesis::Genesis;
use ledger_core::ids::{Hash, LedgerId, TreeSize};
use ledger_core::kind::KINDS;
use ledger_core::sign::{Envelope, event_id};
use ledger_core::sync::message::{Hello, Log, Refusal, Request, Response, Submitted};

use crate::choices::Choices;
use crate::world::{AUTHORITY, CODES, body_of, samples, world};

pub(super) fn cbor(bytes: &[u8]) -> bool {
    let small = Value::decode(bytes);
    let large = Value::decode_large(bytes);
    if let Ok(value) = &large {
        assert_eq!(value.encode(), bytes);
    }
    if let Ok(value) = &small {
        assert_eq!(
            large.as_ref(),
            Ok(value),
            "the larger limit refuses nothing more"
        );
    }
    small.is_ok()
}

pub(super) fn cbors() -> Vec<Vec<u8>> {
    let everything = Value::Array(vec![
        Value::Int(0),
        Value::Int(-(1 << 53) + 1),
        Value::Int((1 << 53) - 1),
        Value::bytes(&[1; 300]),
        Value::text("dòng một\ndòng hai"),
        Value::Bool(true),
        Value::Bool(false),
        Value::Null,
        Value::map([
            ("a", Value::Int(23)),
            ("b", Value::Int(24)),
            ("aa", Value::Array(Vec::new())),
        ]),
    ]);
    let deep = (0..12).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    vec![
        everything.encode(),
        deep.encode(),
        Value::text("\u{1ea1}").encode(),
    ]
}

pub(super) fn genesis(bytes: &[u8]) -> bool {
    let read = Genesis::decode(bytes);
    if let Ok(genesis) = &read {
        assert_eq!(genesis.encode(), bytes);
    }
    read.is_ok()
}

pub(super) fn genesises() -> Vec<Vec<u8>> {
    vec![crate::world::genesis()]
}

/// The bytes as they are, and again as the payload of an envelope that is signed well: else nothing but the seeds
/// would come past the signature.
pub(super) fn envelope(bytes: &[u8]) -> bool {
    let ledger = world().ledger();
    let signed = crate::world::envelope(
        &AUTHORITY.key(),
        &AUTHORITY.public(),
        AUTHORITY.iss,
        &ledger,
        bytes,
    );
    [
        read_envelope(bytes, &ledger),
        read_envelope(&signed, &ledger),
    ]
    .contains(&true)
}

fn read_envelope(bytes: &[u8], ledger: &LedgerId) -> bool {
    let Ok(envelope) = Envelope::parse(bytes) else {
        return false;
    };
    assert_eq!(envelope.id(), event_id(bytes));
    let other = LedgerId(Hash([1; 32]));
    assert!(
        envelope.clone().verify(&other).is_err(),
        "signed for another ledger"
    );
    let body = envelope.payload().draft.body.clone();
    assert_eq!(Body::from_value(&body.to_value()), Ok(body));
    match envelope.verify(ledger) {
        Ok(event) => assert_eq!(event.bytes(), bytes),
        Err(_) => return false,
    }
    true
}

pub(super) fn envelopes() -> Vec<Vec<u8>> {
    let entries = &world().entries[1..];
    let payload = |entry: &Vec<u8>| {
        Value::decode(&entry[1..]).ok()?.as_array()?[2]
            .as_bytes()
            .map(<[u8]>::to_vec)
    };
    entries
        .iter()
        .filter_map(payload)
        .chain(entries.iter().cloned())
        .collect()
}

pub(super) fn body(bytes: &[u8]) -> bool {
    let Ok(value) = Value::decode(bytes) else {
        return false;
    };
    let Ok(body) = Body::from_value(&value) else {
        return false;
    };
    assert_eq!(body.to_value().encode(), bytes, "a body has one spelling");
    let public = body.public_commitments().count();
    assert!(public <= body.commitments().count());
    true
}

pub(super) fn bodies() -> Vec<Vec<u8>> {
    let full = |row| body_of(row, &[[1; 32]], &mut Choices::new(&[1; 64])).encode();
    let plain = |row| body_of(row, &[[1; 32]], &mut Choices::new(&[])).encode();
    KINDS
        .iter()
        .map(full)
        .chain(KINDS.iter().map(plain))
        .collect()
}

pub(super) fn bundle(bytes: &[u8]) -> bool {
    let read = Bundle::decode(bytes);
    if let Ok(bundle) = &read {
        assert_eq!(bundle.encode(), bytes);
    }
    read.is_ok()
}

pub(super) fn bundles() -> Vec<Vec<u8>> {
    CODES.map(|code| world().bundle(code, 1).encode()).to_vec()
}

pub(super) fn message(bytes: &[u8]) -> bool {
    let (request, response) = (Request::decode(bytes), Response::decode(bytes));
    if let Ok(request) = &request {
        assert_eq!(request.encode(), bytes);
    }
    if let Ok(response) = &response {
        assert_eq!(response.encode(), bytes);
    }
    request.is_ok() || response.is_ok()
}

pub(super) fn messages() -> Vec<Vec<u8>> {
    let world = world();
    let hello = Hello {
        ledger: world.ledger(),
        size: TreeSize(9),
        sequencer: true,
    };
    let note = Some(world.heads[0].note.clone());
    let requests = [
        Request::Hello(hello),
        Request::Submit {
            envelopes: world.entries[1..3].to_vec(),
        },
        Request::Follow {
            size: TreeSize(9),
            cosigned: TreeSize(0),
        },
        Request::Cosign {
            size: TreeSize(9),
            line: "\u{2014} n AAAAAAA=".to_owned(),
        },
        Request::Blob {
            hash: Hash([3; 32]),
        },
    ];
    let refused = Submitted::Refused("SAI_DANG".to_owned());
    let responses = [
        Response::Hello(hello),
        Response::Submitted {
            results: vec![Submitted::Logged, Submitted::Pending, refused],
        },
        Response::Log(Log {
            entries: world.entries[..3].to_vec(),
            checkpoint: note.clone(),
            cosigned: note,
        }),
        Response::Log(Log::default()),
        Response::Ok,
        Response::Blob {
            bytes: Some(vec![1; 40]),
        },
        Response::Blob { bytes: None },
        Response::Error(Refusal::OtherLedger(world.ledger())),
        Response::Error(Refusal::Busy),
    ];
    requests
        .iter()
        .map(Request::encode)
        .chain(responses.iter().map(Response::encode))
        .collect()
}

pub(super) fn opening(bytes: &[u8]) -> bool {
    let read = Opening::decode(bytes);
    if let Ok(opening) = &read {
        assert_eq!(opening.encode(), bytes);
        assert_eq!(opening.commitment(), commit(bytes));
    }
    read.is_ok()
}

pub(super) fn openings() -> Vec<Vec<u8>> {
    let facts = Opening {
        path: "facts".to_owned(),
        salt: [1; 32],
        value: samples("facts", &[])[0].clone(),
    };
    let name = Opening {
        path: "name".to_owned(),
        salt: [2; 32],
        value: Value::text("Nguyễn Văn Ba"),
    };
    vec![facts.encode(), name.encode()]
}
