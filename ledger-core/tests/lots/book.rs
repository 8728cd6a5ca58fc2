//! A book of events, written down day by day, and short words for what is said in it.

use ed25519_dalek::SigningKey;
use ledger_core::body::{
    Body, CodeType, Fix, LotUse, Number, Outcome, Output, Period, PlaceType, Sealable, Text, Valid,
};
use ledger_core::chain::Link;
use ledger_core::family::Fact;
use ledger_core::ids::{EventId, Hash, LeafIndex, LedgerId, LotId, OrgId, PlaceId, ProductId};
use ledger_core::kind::Kind;
use ledger_core::lot::LotHistory;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::sign::{Draft, SignedEvent};
use ledger_core::time::{Date, Timestamp};

pub const GROWER: &str = "HTX";
pub const PACKER: &str = "NHA-DONG-GOI";
pub const AUTHORITY: &str = "SO";
pub const LABORATORY: &str = "KIEM-NGHIEM";
pub const TODAY: &str = "2026-10-19";

/// Events in force, in log order.
#[derive(Default)]
pub struct Book {
    events: Vec<SignedEvent>,
}

impl Book {
    /// Says something on the day it happened.
    pub fn say(&mut self, who: &str, day: &str, body: Body) -> EventId {
        self.say_later(who, day, day, body)
    }

    /// Says something that happened on another day than it is signed.
    pub fn say_later(&mut self, who: &str, day: &str, signed: &str, body: Body) -> EventId {
        self.write(who, noon(day), noon(signed), body)
    }

    pub fn write(
        &mut self,
        who: &str,
        occurred: Timestamp,
        signed: Timestamp,
        body: Body,
    ) -> EventId {
        let seq = self.events.len() as u64;
        let prev = Hash([0; 32]);
        let draft = Draft {
            occurred,
            signed,
            body,
        };
        let key = SigningKey::from_bytes(&[7; 32]);
        let link = Link {
            epoch: 0,
            seq,
            prev,
        };
        let event = draft.sign(&key, &LedgerId(Hash([1; 32])), &org(who), link);
        let id = event.id();
        self.events.push(event);
        id
    }

    pub fn facts(&self) -> Vec<Fact<'_>> {
        let fact = |(index, event)| Fact {
            index: LeafIndex(index as u64),
            event,
        };
        self.events.iter().enumerate().map(fact).collect()
    }

    pub fn history(&self, no: &str) -> LotHistory {
        LotHistory::trace(&self.facts(), &lot(no), date(TODAY))
    }

    /// The codes of the notices of a lot of the grower.
    pub fn notices(&self, no: &str) -> Vec<&'static str> {
        let notices = self.history(no).notices;
        notices.iter().map(|notice| notice.code()).collect()
    }
}

pub fn org(id: &str) -> OrgId {
    OrgId::new(id).unwrap()
}

pub fn field() -> PlaceId {
    PlaceId::new(org(GROWER), "VUON").unwrap()
}

pub fn lot(no: &str) -> LotId {
    LotId::new(org(GROWER), no).unwrap()
}

pub fn lot_of(who: &str, no: &str) -> LotId {
    LotId::new(org(who), no).unwrap()
}

pub fn product() -> ProductId {
    ProductId::new(org(GROWER), "SP").unwrap()
}

pub fn kg(amount: u64) -> Quantity {
    Quantity::new(amount, 0, Unit::Kilogram).unwrap()
}

pub fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

pub fn noon(day: &str) -> Timestamp {
    Timestamp::parse(&format!("{day}T12:00+07:00")).unwrap()
}

/// The day so many days after the first of May.
pub fn may(day: i64) -> String {
    Date::from_days(date("2026-05-01").days() + day).to_string()
}

pub fn used(no: &str, amount: Option<u64>) -> LotUse {
    LotUse {
        lot: lot(no),
        qty: amount.map(kg),
    }
}

pub fn output(no: &str, amount: u64) -> Output {
    Output {
        no: no.to_owned(),
        owner: org(GROWER),
        qty: kg(amount),
        product: None,
        made: None,
        expires: None,
        net: None,
    }
}

pub fn harvest(no: &str, amount: u64) -> Body {
    Body {
        field: Some(field()),
        outputs: Some(vec![output(no, amount)]),
        ..Body::new(Kind::Harvest)
    }
}

pub fn spray(days: u64) -> Body {
    Body {
        field: Some(field()),
        ingredient: Some(Text("Hoạt chất A".to_owned())),
        wait_days: Some(days),
        ..Body::new(Kind::Spray)
    }
}

pub fn step(kind: Kind, from: &[(&str, u64)], to: &[(&str, u64)]) -> Body {
    let inputs = from.iter().map(|(no, amount)| used(no, Some(*amount)));
    let outputs = to.iter().map(|(no, amount)| output(no, *amount));
    Body {
        inputs: Some(inputs.collect()),
        outputs: Some(outputs.collect()),
        ..Body::new(kind)
    }
}

pub fn about(kind: Kind, no: &str, amount: Option<u64>) -> Body {
    Body {
        lots: Some(vec![used(no, amount)]),
        ..Body::new(kind)
    }
}

pub fn test(no: &str, result: Outcome) -> Body {
    Body {
        result: Some(result),
        ..about(Kind::LabResult, no, None)
    }
}

pub fn correct(what: EventId, fix: Fix) -> Body {
    Body {
        reference: Some(what.0),
        fix: Some(fix),
        ..Body::new(Kind::Correct)
    }
}

pub fn recall_of_field(first: &str, last: &str) -> Body {
    Body {
        target_place: Some(field()),
        period: Some(Period {
            first: date(first),
            last: date(last),
        }),
        ..Body::new(Kind::Recall)
    }
}

/// Registers the grower's field with an area in hectares.
pub fn registration(place_type: PlaceType, hectares: u64) -> Body {
    Body {
        id: Some(Number("VUON".to_owned())),
        name: Some(Sealable::Text("Vườn".to_owned())),
        place_type: Some(place_type),
        area: Some(Quantity::new(hectares, 0, Unit::Hectare).unwrap()),
        ..Body::new(Kind::Place)
    }
}

pub fn valid(from: Option<&str>, until: Option<&str>) -> Valid {
    Valid {
        from: from.map(date),
        until: until.map(date),
    }
}

/// The authority's entry of a code of the grower's field.
pub fn code(code_type: CodeType, code: &str, valid: Option<Valid>) -> Body {
    Body {
        target_place: Some(field()),
        code_type: Some(code_type),
        code: Some(Text(code.to_owned())),
        valid,
        ..Body::new(Kind::PlaceCode)
    }
}
