//! Where the stories of lots happen: the sample's organisations and places, and short words for what they say.

use ledger_core::body::{
    Body, CodeType, Commune, Embedded, Fix, LotUse, Number, Outcome, Output, Period, PlaceType,
    Point, Sealable, Serials, Text, Valid,
};
use ledger_core::bundle::Bundle;
use ledger_core::code::PrintedCode;
use ledger_core::ids::{EventId, LotId, OrgId, PlaceId, ProductId};
use ledger_core::kind::Kind;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::sign::Draft;
use ledger_core::time::{Date, Timestamp};

use super::super::base::{COSIGNED, NOW};
use super::super::{BundleCase, Fault};
use crate::inprocess::{InProcess, device_key, sample_folder};
use crate::sample::Sample;

pub(super) const GROWER: &str = "ORG-04";
pub(super) const PACKER: &str = "ORG-08";
pub(super) const LABORATORY: &str = "ORG-09";
pub(super) const AUTHORITY: &str = "ORG-10";
/// What the buyer scans leads to this lot.
pub(super) const LOT: &str = "LOT";

/// What happens, or why it could not.
pub(super) type Told = Result<(), Fault>;

/// A ledger in which everything of the sample is registered and nothing has happened yet.
pub(super) struct Stage {
    pub(super) ledger: InProcess,
    code: PrintedCode,
    bound: bool,
}

impl Stage {
    pub(super) fn begin() -> Result<Stage, Fault> {
        let sample = Sample::load(&sample_folder())?;
        let mut codes = sample.codes("B-0706").into_iter();
        let code = codes.find(|code| code.canonical().starts_with("t/"));
        Ok(Stage {
            ledger: InProcess::with_registrations(&sample)?,
            code: code.ok_or("the sample has a short code")?,
            bound: false,
        })
    }

    /// Says something on the day it happened; it must be in force.
    pub(super) fn say(&mut self, who: &str, day: &str, body: Body) -> Result<EventId, Fault> {
        self.say_later(who, day, day, body)
    }

    pub(super) fn say_later(
        &mut self,
        who: &str,
        day: &str,
        signed: &str,
        body: Body,
    ) -> Result<EventId, Fault> {
        let (occurred, signed) = (noon(day), noon(signed));
        let draft = Draft {
            occurred,
            signed,
            body,
        };
        let logged = self.ledger.log(&org(who), draft)?;
        match logged.void {
            Some(reason) => Err(reason.into()),
            None => Ok(logged.event.id()),
        }
    }

    /// Another field of the grower: 1 ha.
    pub(super) fn new_field(&mut self, code: Option<&str>) -> Told {
        let commune = Commune {
            code: "30000".to_owned(),
            as_of: date("2025-07-01"),
            name: "Xã Mẫu".to_owned(),
        };
        let body = Body {
            id: Some(Number(new_field().number().to_owned())),
            name: Some(Sealable::Text("Vườn mới".to_owned())),
            place_type: Some(PlaceType::Plot),
            commune: Some(commune),
            point: Some(Point {
                latitude_e7: 104_000_000,
                longitude_e7: 1_057_000_000,
            }),
            area: Some(right(Quantity::new(1, 0, Unit::Hectare))),
            ..Body::new(Kind::Place)
        };
        self.say(GROWER, "2026-01-01", body)?;
        match code {
            Some(code) => self.code_of_new_field(code, None),
            None => Ok(()),
        }
    }

    pub(super) fn code_of_new_field(&mut self, code: &str, valid: Option<Valid>) -> Told {
        let body = Body {
            target_place: Some(new_field()),
            code_type: Some(CodeType::GrowingDomestic),
            code: Some(Text(code.to_owned())),
            valid,
            ..Body::new(Kind::PlaceCode)
        };
        self.say(AUTHORITY, "2026-01-01", body).map(drop)
    }

    /// A product of the grower that has no rating yet.
    pub(super) fn product(&mut self, gtin: Option<&str>) -> Told {
        let body = Body {
            id: Some(Number(product().number().to_owned())),
            name: Some(Sealable::Text("Sản phẩm mới".to_owned())),
            unit: Some(Text("kg".to_owned())),
            gtin: gtin.map(str::parse).transpose()?,
            ..Body::new(Kind::Product)
        };
        self.say(GROWER, "2026-01-01", body).map(drop)
    }

    pub(super) fn rate(&mut self, from: &str) -> Told {
        let body = Body {
            product: Some(product()),
            stars: Some(4),
            decision: Some(Text("MAU-QD".to_owned())),
            valid: Some(Valid {
                from: Some(date(from)),
                until: None,
            }),
            ..Body::new(Kind::Rating)
        };
        self.say(AUTHORITY, "2026-01-01", body).map(drop)
    }

    /// The lot as so many boxes.
    pub(super) fn boxes(&mut self, count: u64) -> Told {
        self.say(GROWER, "2026-05-01", harvest("RAW", 1_000))?;
        let mut pack = step(Kind::Pack, &[("RAW", 1_000)], &[(LOT, 0)]);
        for output in pack.outputs.iter_mut().flatten() {
            output.qty = Quantity::new(count, 0, Unit::Box)?;
        }
        self.say(GROWER, "2026-05-02", pack).map(drop)
    }

    /// Binds the code; without it the last thing that happens.
    pub(super) fn bind(&mut self) -> Told {
        let binding = Body {
            lot: Some(lot(LOT)),
            codes: Some(vec![self.code.clone()]),
            ..Body::new(Kind::Bind)
        };
        self.bound = true;
        self.say(GROWER, "2026-06-30", binding).map(drop)
    }

    /// Somebody keeps a second envelope of the grower's device for the place of its last one.
    pub(super) fn fork(&mut self) -> Told {
        let org = org(GROWER);
        let mut newest = self.ledger.logged.iter().rev().map(|logged| &logged.event);
        let last = newest.find(|event| *event.iss() == org);
        let last = last.ok_or("the grower has signed something")?;
        let other = Draft {
            occurred: last.occurred(),
            signed: last.signed(),
            body: harvest("ANOTHER", 1),
        };
        let ledger = self.ledger.replica.ledger_id();
        let other = other.sign(&device_key(GROWER), &ledger, &org, *last.link());
        let conflict = Body {
            org: Some(org),
            envelope: Some(Embedded(other.bytes().to_vec())),
            ..referring(Kind::Conflict, last.id())
        };
        self.say(AUTHORITY, "2026-07-01", conflict).map(drop)
    }

    /// Closes the log for now; what the buyer's phone gets.
    pub(super) fn publish(mut self, seconds: u64) -> Result<(Stage, Bundle), Fault> {
        let note = self.ledger.publish(seconds)?;
        let bundle = self.ledger.bundle(&note, &self.code)?;
        Ok((self, bundle))
    }

    /// The end of the story.
    pub(super) fn end(mut self) -> Result<BundleCase, Fault> {
        if !self.bound {
            self.bind()?;
        }
        let (stage, bundle) = self.publish(COSIGNED)?;
        Ok(BundleCase::of(&bundle.encode(), stage.ledger.anchor(), NOW))
    }
}

/// A value of this folder: written down right.
fn right<T, E>(value: Result<T, E>) -> T {
    value.unwrap_or_else(|_| unreachable!("the stories are written down right"))
}

pub(super) fn org(id: &str) -> OrgId {
    right(OrgId::new(id))
}

fn lot(no: &str) -> LotId {
    right(LotId::new(org(GROWER), no))
}

pub(super) fn field() -> PlaceId {
    right(PlaceId::new(org(GROWER), "PL-07A"))
}

pub(super) fn new_field() -> PlaceId {
    right(PlaceId::new(org(GROWER), "PL-MOI"))
}

pub(super) fn product() -> ProductId {
    right(ProductId::new(org(GROWER), "SP-MOI"))
}

pub(super) fn date(text: &str) -> Date {
    right(Date::parse(text))
}

pub(super) fn noon(day: &str) -> Timestamp {
    right(Timestamp::parse(&format!("{day}T12:00+07:00")))
}

pub(super) fn until(day: &str) -> Valid {
    Valid {
        from: None,
        until: Some(date(day)),
    }
}

pub(super) fn kg(amount: u64) -> Quantity {
    right(Quantity::new(amount, 0, Unit::Kilogram))
}

fn used(no: &str, amount: Option<u64>) -> LotUse {
    LotUse {
        lot: lot(no),
        qty: amount.map(kg),
    }
}

fn output(no: &str, amount: u64) -> Output {
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

pub(super) fn harvest(no: &str, amount: u64) -> Body {
    Body {
        field: Some(field()),
        outputs: Some(vec![output(no, amount)]),
        ..Body::new(Kind::Harvest)
    }
}

/// A work that began on an earlier day.
pub(super) fn long(body: Body, began: &str) -> Body {
    Body {
        began: Some(noon(began)),
        ..body
    }
}

pub(super) fn on_new_field(body: Body) -> Body {
    Body {
        field: Some(new_field()),
        ..body
    }
}

pub(super) fn of_product(mut body: Body) -> Body {
    for output in body.outputs.iter_mut().flatten() {
        output.product = Some(product());
    }
    body
}

pub(super) fn spray(days: u64) -> Body {
    Body {
        field: Some(field()),
        ingredient: Some(Text("Hoạt chất A (mẫu)".to_owned())),
        wait_days: Some(days),
        ..Body::new(Kind::Spray)
    }
}

pub(super) fn sampling_of_field() -> Body {
    Body {
        field: Some(field()),
        ..Body::new(Kind::LabSample)
    }
}

pub(super) fn step(kind: Kind, from: &[(&str, u64)], to: &[(&str, u64)]) -> Body {
    let inputs = from.iter().map(|(no, amount)| used(no, Some(*amount)));
    let outputs = to.iter().map(|(no, amount)| output(no, *amount));
    Body {
        inputs: Some(inputs.collect()),
        outputs: Some(outputs.collect()),
        ..Body::new(kind)
    }
}

/// The lot is packed under a growing-area code.
pub(super) fn pack_under(code: &str) -> Body {
    Body {
        area_code: Some(Text(code.to_owned())),
        ..step(Kind::Pack, &[(LOT, 100)], &[("OUT", 100)])
    }
}

pub(super) fn about(kind: Kind, no: &str, amount: Option<u64>) -> Body {
    Body {
        lots: Some(vec![used(no, amount)]),
        ..Body::new(kind)
    }
}

pub(super) fn label(count: Option<u64>, serials: Option<(u64, u64)>) -> Body {
    Body {
        count,
        serials: serials.map(|(first, last)| Serials { first, last }),
        ..about(Kind::Label, LOT, None)
    }
}

pub(super) fn referring(kind: Kind, what: EventId) -> Body {
    Body {
        reference: Some(what.0),
        ..Body::new(kind)
    }
}

pub(super) fn correct(what: EventId, fix: Fix) -> Body {
    Body {
        fix: Some(fix),
        ..referring(Kind::Correct, what)
    }
}

pub(super) fn test(body: Body, result: Outcome) -> Body {
    Body {
        result: Some(result),
        ..body
    }
}

pub(super) fn recall_of_field(first: &str, last: &str) -> Body {
    Body {
        target_place: Some(field()),
        period: Some(Period {
            first: date(first),
            last: date(last),
        }),
        ..Body::new(Kind::Recall)
    }
}
