//! A draft before the form, and how situations are made.

use ledger_core::body::{Body, Facts, LotUse, Output};
use ledger_core::code::Gtin;
use ledger_core::family::Fact;
use ledger_core::form::{self, Known, Question};
use ledger_core::genesis::Genesis;
use ledger_core::ids::{DeviceKey, LeafIndex, LotId, OrgId, PlaceId};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::sign::Draft;
use ledger_core::time::Timestamp;
use tests::inprocess::{InProcess, device_key, fixed_salts, sample_folder};
use tests::sample::{BUSINESS_DATE, Sample};

/// A draft before the form, and the ledger as it stands.
pub struct Case {
    pub ledger: InProcess,
    pub org: OrgId,
    pub device: DeviceKey,
    pub draft: Draft,
}

impl Case {
    pub fn new(ledger: InProcess, org_id: &str, occurred: &str, body: Body) -> Case {
        let occurred = time(occurred);
        let signed = occurred;
        Case {
            ledger,
            org: org(org_id),
            device: device_of(&device_key(org_id)),
            draft: Draft {
                occurred,
                signed,
                body,
            },
        }
    }

    /// What the form asks, given nothing but the lists it says it needs.
    pub fn ask(&self) -> Vec<Question> {
        let event = |index: LeafIndex| {
            let logged = self
                .ledger
                .logged
                .iter()
                .find(|logged| logged.index == index);
            logged.map(|logged| logged.event.clone())
        };
        let events = form::gather(&self.ledger.replica, &self.draft, &self.org, event).unwrap();
        let gathered = self.ask_with(&form::facts_of(&events));
        assert_eq!(
            gathered,
            self.ask_with(&self.ledger.facts()),
            "the lists do not suffice"
        );
        gathered
    }

    pub fn ask_with(&self, facts: &[Fact<'_>]) -> Vec<Question> {
        let genesis: &Genesis = self.ledger.replica.genesis();
        let roster = self.ledger.replica.roster();
        let known = Known {
            facts,
            roster,
            genesis,
            device: self.device,
        };
        form::ask(
            &self.draft,
            &self.org,
            &known,
            self.draft.signed,
            BUSINESS_DATE,
        )
    }
}

pub fn sample() -> Sample {
    Sample::load(&sample_folder()).unwrap()
}

pub fn registered(sample: &Sample) -> InProcess {
    InProcess::with_registrations(sample).unwrap()
}

pub fn whole(sample: &Sample) -> InProcess {
    InProcess::with_sample(sample).unwrap()
}

/// The sample up to, and without, one of its steps.
pub fn before(sample: &Sample, key: &str) -> InProcess {
    let mut ledger = InProcess::with_members(sample).unwrap();
    let script = sample.script(fixed_salts("script")).unwrap();
    assert!(script.iter().any(|step| step.key == key), "no step {key}");
    for step in script.iter().take_while(|step| step.key != key) {
        ledger.record(step).unwrap();
    }
    ledger
}

pub fn org(id: &str) -> OrgId {
    OrgId::new(id).unwrap()
}

pub fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub fn device_of(key: &ed25519_dalek::SigningKey) -> DeviceKey {
    DeviceKey(PublicKey::of(key).to_bytes())
}

pub fn facts(facts: &[(&str, &str)]) -> Option<Facts> {
    let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    Some(Facts(facts.iter().map(own).collect()))
}

pub fn lots(lot: &LotId) -> Option<Vec<LotUse>> {
    Some(vec![LotUse {
        lot: lot.clone(),
        qty: None,
    }])
}

pub fn list(lot: &LotId) -> Body {
    Body {
        lots: lots(lot),
        ..Body::new(Kind::List)
    }
}

pub fn output(no: &str, owner: &str, qty: Quantity, net: Option<Quantity>) -> Output {
    let no = no.to_owned();
    Output {
        no,
        owner: org(owner),
        qty,
        product: None,
        made: None,
        expires: None,
        net,
    }
}

pub fn harvest(sample: &Sample, place: &str, no: &str, kilograms: &str) -> Body {
    let field: PlaceId = sample.place(place).unwrap();
    let qty = Quantity::parse(kilograms, Unit::Kilogram).unwrap();
    Body {
        outputs: Some(vec![output(no, field.org.as_str(), qty, None)]),
        field: Some(field),
        ..Body::new(Kind::Harvest)
    }
}

pub fn pack(lot: &LotId, kilograms: &str, cartons: &str) -> Body {
    let qty = Some(Quantity::parse(kilograms, Unit::Kilogram).unwrap());
    let cartons = Quantity::parse(cartons, Unit::Carton).unwrap();
    let net = Quantity::parse("5", Unit::Kilogram).ok();
    Body {
        inputs: Some(vec![LotUse {
            lot: lot.clone(),
            qty,
        }]),
        outputs: Some(vec![output("XCC-NEW", "ORG-01", cartons, net)]),
        ..Body::new(Kind::Pack)
    }
}

/// The product number that begins with these twelve digits.
pub fn with_check_digit(digits: &str) -> Gtin {
    let mut numbers = (0..10).filter_map(|last| format!("{digits}{last}").parse().ok());
    numbers.next().unwrap()
}
