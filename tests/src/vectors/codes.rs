//! Codes that lead nowhere, or elsewhere, and another ledger.

use ledger_core::anchor::Anchor;
use ledger_core::bundle::Bundle;
use ledger_core::code::PrintedCode;
use ledger_core::kind::Kind;

use super::base::NOW;
use super::bundle::{leave_out, position};
use super::{Base, BundleCase, Case, Fault, Story};

pub fn stories() -> Vec<Story> {
    vec![
        Story::new("unknown_code", "the code is proven to be absent", |base| {
            let absent = absent(base)?;
            base.case(&absent.encode(), NOW)
        }),
        Story::new(
            "hidden_code",
            "another code's absence shown for a bound code",
            |base| {
                let hidden = Bundle {
                    code: base.code("B-0105"),
                    ..absent(base)?
                };
                base.case(&hidden.encode(), NOW)
            },
        ),
        Story::new(
            "code_of_another_lot",
            "another code than the bundle was made for",
            |base| {
                let other = base.code("B-0304");
                base.changed("B-0105", |bundle| bundle.code = other)
            },
        ),
        Story::new(
            "emptied_code",
            "the code's list is emptied, its binding left out",
            |base| {
                base.changed("B-0105", |bundle| {
                    let bind = position(bundle, Kind::Bind);
                    leave_out(bundle, bind);
                })
            },
        ),
        Story::new(
            "other_ledger",
            "a genuine bundle of another ledger than the anchor's",
            |base| {
                let bundle = base.bundle("B-0105")?.encode();
                let anchor = anchor_of_another_ledger(base.anchor())?;
                Ok(Case::bundle(BundleCase::of(&bundle, &anchor, NOW)))
            },
        ),
    ]
}

/// The bundle of a code that nobody bound.
fn absent(base: &mut Base) -> Result<Bundle, Fault> {
    let unknown = PrintedCode::gs1("02082600000015".parse()?, "KHONGCO")?;
    Ok(base.ledger.bundle(&base.note, &unknown)?)
}

fn anchor_of_another_ledger(anchor: &Anchor) -> Result<Anchor, Fault> {
    let mut text = anchor.text().replacen("ledger ", "ledger 0", 1);
    let start = text.find("ledger 0").unwrap_or(0) + "ledger ".len();
    text.remove(start + 64);
    Ok(Anchor::parse(&text)?)
}
