//! Signed events: envelopes for readers of COSE and CBOR.

use std::path::Path;

use ed25519_dalek::SigningKey;
use ledger_core::body::Body;
use ledger_core::chain::Link;
use ledger_core::encode::Value;
use ledger_core::ids::{Hash, LedgerId, OrgId};
use ledger_core::key::PublicKey;
use ledger_core::sign::Draft;
use ledger_core::time::Timestamp;
use serde_json::json;

use crate::Outcome;
use crate::log::write;

/// Bodies of some length and nesting, as `docs/formats.md` section 6 writes them.
fn bodies() -> [Value; 3] {
    let text = |text: &str| Value::text(text);
    let pair = |a: &str, b: &str| Value::Array(vec![text(a), text(b)]);
    let kilos = |n| Value::Array(vec![Value::Int(n), Value::Int(1), text("KGM")]);
    let output = Value::map([
        ("no", text("L1")),
        ("owner", text("FARM")),
        ("qty", kilos(18_465)),
    ]);
    let facts = Value::map([
        ("thời tiết", text("nắng")),
        ("note", text(&"dài ".repeat(60))),
    ]);
    [
        Value::map([("kind", text("epoch"))]),
        Value::map([
            ("kind", text("harvest")),
            ("field", pair("FARM", "PL-01")),
            ("outputs", Value::Array(vec![output])),
            ("facts", facts),
        ]),
        Value::map([
            ("kind", text("spray")),
            ("field", pair("FARM", "PL-01")),
            ("ingredient", text("abamectin")),
            ("wait_days", Value::Int(300)),
        ]),
    ]
}

/// Writes each as a file, and what its signature covers besides.
pub fn export(folder: &Path) -> Outcome {
    let key = SigningKey::from_bytes(&[5; 32]);
    let ledger = LedgerId(Hash([9; 32]));
    let mut link = Link::first(&ledger);
    for (number, body) in bodies().into_iter().enumerate() {
        let draft = Draft {
            occurred: Timestamp::vietnam(1_760_000_000),
            signed: Timestamp::vietnam(1_760_000_060),
            body: Body::from_value(&body)?,
        };
        let event = draft.sign(&key, &ledger, &OrgId::new("FARM")?, link);
        link = event.link().after(event.id());
        write(folder, &format!("envelopes/{number}.cbor"), event.bytes())?;
    }
    let aad = [b"ocop-event/v1\n".as_slice(), &ledger.0.0].concat();
    let about = json!({"key": hex::encode(PublicKey::of(&key).to_bytes()), "external_aad": hex::encode(aad)});
    write(folder, "envelopes/about.json", about.to_string())
}
