//! Who may say what, cell by cell: every kind, said by an organisation of every role, by an administrator's and a recorder's
//! device, about its own things and about somebody else's.

use ledger_core::body::{
    Body, Category, CodeType, Commune, Embedded, Fix, Lives, LongText, LotUse, Mark, Number,
    Outcome, Output, PlaceType, Point, Publication, Rights, Role, Sealable, Text, Valid,
};
use ledger_core::ids::{EventId, Hash};
use ledger_core::kind::{KINDS, Kind};
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::roster::VoidReason;
use ledger_core::time::Date;

use crate::world::*;

/// Written from the words of `docs/formats.md` section 7, not from the program's table. Columns are the roles, each of an
/// organisation with that role alone; the last is the authority's own organisation.
///
/// `x` may always; `o` about its own things only; `a` with an administrator's device only; `A` with an administrator's device
/// and about its own only; `s` with an administrator's device and about others only; `.` never.
const MATRIX: &str = "
kind          auditor authority carrier certifier laboratory marketplace node_host packer processor producer product_owner retailer SO
season_start  .       .         .       .         .          .           .         .      .         o        .             .        .
stock         .       .         .       .         .          .           .         .      .         o        .             .        .
fertilise     .       .         .       .         .          .           .         .      .         o        .             .        .
spray         .       .         .       .         .          .           .         .      .         o        .             .        .
treat         .       .         .       .         .          .           .         .      .         o        .             .        .
feed          .       .         .       .         .          .           .         .      .         o        .             .        .
bag           .       .         .       .         .          .           .         .      .         o        .             .        .
sensor        .       .         .       .         .          .           .         .      .         o        .             .        .
harvest       .       .         .       .         .          .           .         .      .         o        .             .        .
check         x       x         .       x         .          .           .         o      o         o        .             .        x
ship          .       .         .       .         .          x           .         x      x         x        .             x        .
transport     .       .         x       .         .          .           .         .      .         .        .             .        .
receive       .       .         .       .         .          x           .         x      x         x        .             x        .
grade         .       .         .       .         .          .           .         x      x         x        .             .        .
merge         .       .         .       .         .          .           .         x      x         x        .             .        .
split         .       .         .       .         .          .           .         x      x         x        .             .        .
process       .       .         .       .         .          .           .         x      x         x        .             .        .
treatment     .       .         .       .         .          .           .         x      x         x        .             .        .
lab_sample    .       x         .       .         x          .           .         x      x         x        .             .        x
lab_result    .       .         .       .         x          .           .         .      .         .        .             .        .
quarantine    .       x         .       .         .          .           .         .      .         .        .             .        x
pack          .       .         .       .         .          .           .         x      x         x        .             .        .
label         .       .         .       .         .          .           .         x      x         x        .             .        .
load          .       .         .       .         .          .           .         x      x         x        .             .        .
store         .       .         .       .         .          x           .         x      x         x        .             x        .
list          .       .         .       .         .          x           .         x      x         x        .             x        .
sell          .       .         .       .         .          x           .         x      x         x        .             x        .
sold_out      .       .         .       .         .          x           .         x      x         x        .             x        .
hold          o       x         o       o         o          o           o         o      o         o        o             o        x
release       .       x         .       .         .          .           .         .      .         .        .             .        x
recall        o       x         o       o         o          o           o         o      o         o        o             o        x
recall_lift   o       x         o       o         o          o           o         o      o         o        o             o        x
destroy       o       x         o       o         o          o           o         o      o         o        o             o        x
correct       o       o         o       o         o          o           o         o      o         o        o             o        o
report        .       x         .       .         .          x           .         .      .         .        .             x        x
place         x       x         x       x         x          x           x         x      x         x        x             x        x
product       x       x         x       x         x          x           x         x      x         x        x             x        x
certificate   o       o         o       o         o          o           o         o      o         o        o             o        o
place_code    .       x         .       .         .          .           .         .      .         .        .             .        x
permit        o       o         o       o         o          o           o         o      o         o        o             o        o
same_as       o       o         o       o         o          o           o         o      o         o        o             o        o
rating        .       x         .       .         .          .           .         .      .         .        .             .        x
delegate      o       o         o       o         o          o           o         o      o         o        o             o        o
undelegate    o       o         o       o         o          o           o         o      o         o        o             o        o
bind          .       .         .       .         .          .           .         x      x         x        .             .        .
org           .       .         .       .         .          .           .         .      .         .        .             .        a
suspend       .       .         .       .         .          .           .         .      .         .        .             .        s
readmit       .       .         .       .         .          .           .         .      .         .        .             .        s
grant         .       .         .       .         .          .           .         .      .         .        .             .        a
withdraw      .       .         .       .         .          .           .         .      .         .        .             .        a
device        A       A         A       A         A          A           A         A      A         A        A             A        a
revoke        A       A         A       A         A          A           A         A      A         A        A             A        a
replace       A       A         A       A         A          A           A         A      A         A        A             A        a
allow_epoch   A       A         A       A         A          A           A         A      A         A        A             A        a
conflict      x       x         x       x         x          x           x         x      x         x        x             x        x
peer          A       A         A       A         A          A           A         A      A         A        A             A        a
unpeer        A       A         A       A         A          A           A         A      A         A        A             A        a
anchor        .       .         .       .         .          .           .         .      .         .        .             .        a
threshold     .       .         .       .         .          .           .         .      .         .        .             .        a
publish       .       .         .       .         .          .           .         .      .         .        .             .        a
approve       .       .         .       .         .          .           .         .      .         .        .             .        a
erase         o       x         o       o         o          o           o         o      o         o        o             o        x
epoch         x       x         x       x         x          x           x         x      x         x        x             x        x
map_head      .       .         .       .         .          .           .         .      .         .        .             .        .
";

/// What an organisation has that others may talk about.
struct Things {
    id: String,
    recall: Hash,
    delegation: Hash,
    registration: Hash,
    proposal: Hash,
    /// Two envelopes at one place of its `-old` device, the first one logged.
    fork: (Hash, Vec<u8>),
}

const SECRET: Hash = Hash([7; 32]);

/// The organisation with a role, and the names of its devices.
fn member(role: &str) -> String {
    match role {
        "SO" => "SO".into(),
        role => format!("X-{}", role.to_uppercase().replace('_', "-")),
    }
}

fn admin(id: &str) -> String {
    if id == "SO" {
        OFFICERS[0].into()
    } else {
        format!("{id}-admin")
    }
}

fn things(ledger: &mut Ledger, id: &str) -> Things {
    let old = format!("{id}-old");
    ledger.enrol(id, &old, None);
    ledger.govern(keyed(Kind::Peer, id, &format!("{id}-peer")));
    let recall = Body {
        lots: lots(id),
        ..Body::new(Kind::Recall)
    };
    let delegation = Body {
        to: Some(org("SO")),
        products: Some(vec![product(id)]),
        ..Body::new(Kind::Delegate)
    };
    let registration = Body {
        name: Some(Sealable::Commitment(SECRET)),
        ..body(Kind::Product, None, id)
    };
    let link = ledger.replica.next_link(&device(&old));
    let first = ledger.in_force(&old, Body::new(Kind::Epoch)).event;
    let second = ledger.sign_at(&old, registration.clone(), link);
    Things {
        id: id.into(),
        recall: ledger.in_force(&admin(id), recall).event.id().0,
        delegation: ledger.in_force(&admin(id), delegation).event.id().0,
        registration: ledger.in_force(&admin(id), registration).event.id().0,
        proposal: ledger
            .in_force(OFFICERS[1], admission("LATER", &[Role::Packer]))
            .event
            .id()
            .0,
        fork: (first.id().0, second.bytes().to_vec()),
    }
}

fn kilos() -> Option<Quantity> {
    Some(Quantity::new(5, 0, Unit::Kilogram).unwrap())
}

fn text(value: &str) -> Option<Text> {
    Some(Text(value.into()))
}

fn lots(id: &str) -> Option<Vec<LotUse>> {
    let lot = lot(id, "L-1");
    Some(vec![LotUse { lot, qty: None }])
}

/// Sets a field to something of an organisation.
fn set(body: &mut Body, field: &str, things: Option<&Things>, id: &str) {
    let days = Valid {
        from: None,
        until: Date::parse("2030-01-01").ok(),
    };
    match field {
        "field" => body.field = Some(place(id)),
        "place" => body.place = Some(place(id)),
        "lots" => body.lots = lots(id),
        "inputs" => body.inputs = lots(id),
        "outputs" => {
            body.outputs = Some(vec![Output {
                no: "L-9".into(),
                owner: org("SO"),
                qty: kilos().unwrap(),
                product: None,
                made: None,
                expires: None,
                net: None,
            }]);
        }
        "to" => body.to = Some(org("SO")),
        "org" => body.org = Some(org(id)),
        "ingredient" => body.ingredient = text("abamectin"),
        "wait_days" => body.wait_days = Some(7),
        "result" => body.result = Some(Outcome::Pass),
        "count" => body.count = Some(1),
        "sscc" => body.sscc = "893000000000000015".parse().ok(),
        "reason" => body.reason = text("thử"),
        "product" => body.product = Some(product(id)),
        "target_place" => body.target_place = Some(place(id)),
        "ref" => body.reference = things.map(|things| reference(body.kind, things)),
        "fix" => body.fix = kilos().map(Fix::Qty),
        "category" => body.category = Some(Category::Smell),
        "id" => body.id = Some(Number(if body.kind == Kind::Org { id } else { "1" }.into())),
        "name" => body.name = Some(Sealable::Text("tên".into())),
        "unit" => body.unit = text("kg"),
        "type" => body.place_type = Some(PlaceType::Plot),
        "commune" => {
            let as_of = Date::parse("2025-07-01").unwrap();
            body.commune = Some(Commune {
                code: "1".into(),
                as_of,
                name: "xã".into(),
            });
        }
        "point" => {
            body.point = Some(Point {
                latitude_e7: 0,
                longitude_e7: 0,
            })
        }
        "code_type" => body.code_type = Some(CodeType::Pond),
        "code" => body.code = text("VN-1"),
        "stars" => body.stars = Some(3),
        "decision" => body.decision = text("12/QĐ"),
        "standard" => body.standard = text("VietGAP"),
        "number" => body.number = text("1"),
        "valid" => body.valid = Some(days),
        "gtin" => body.gtin = "08930000000019".parse().ok(),
        "products" => body.products = Some(vec![product(id)]),
        "codes" => {
            let code = ledger_core::code::PrintedCode::from_canonical("01/08930000000019/10/L-1");
            body.codes = Some(vec![code.unwrap()]);
        }
        "lot" => body.lot = Some(lot(id, "L-1")),
        "roles" => body.roles = Some(vec![Role::Carrier]),
        "key" => body.key = Some(public(&key_name(body.kind, id))),
        "old" => body.old = Some(public(&format!("{id}-old"))),
        "where" => body.lives = Some(Lives::Own),
        "envelope" => body.envelope = things.map(|things| Embedded(things.fork.1.clone())),
        "commitment" => body.commitment = Some(SECRET),
        "what" => body.what = Some(Publication::Page),
        "hash" => body.hash = Some(Hash([9; 32])),
        "text" => body.text = Some(LongText(anchor_text())),
        "size" => body.size = Some(1),
        "root" => body.root = Some(Hash([0; 32])),
        "old_label" => body.old_label = Some(Mark),
        other => panic!("no value for {other}"),
    }
}

fn key_name(kind: Kind, id: &str) -> String {
    match kind {
        Kind::Unpeer => format!("{id}-peer"),
        Kind::Revoke | Kind::AllowEpoch => format!("{id}-old"),
        _ => "a new key".into(),
    }
}

fn reference(kind: Kind, things: &Things) -> Hash {
    match kind {
        Kind::RecallLift => things.recall,
        Kind::Undelegate => things.delegation,
        Kind::Approve => things.proposal,
        Kind::Conflict => things.fork.0,
        _ => things.registration,
    }
}

fn anchor_text() -> String {
    let ledger = ledger_core::genesis::ledger_id(&genesis(3, 2).encode());
    anchor(ledger, "all", &["x-packer"]).text().to_owned()
}

/// The least that a kind must have, about an organisation's things.
fn body(kind: Kind, things: Option<&Things>, id: &str) -> Body {
    let mut body = Body::new(kind);
    for demand in kind.row().fields.split_terminator(' ') {
        if let Some(field) = demand.strip_suffix('!') {
            set(&mut body, field, things, id);
        } else if let Some((first, _)) = demand.split_once('|') {
            set(&mut body, first, things, id);
        }
    }
    body
}

/// What a cell says: whether it is in force, by an administrator's device or not, about own things or not.
fn expected(cell: &str, administrator: bool, own: bool) -> bool {
    match cell {
        "x" => true,
        "o" => own,
        "a" => administrator,
        "A" => administrator && own,
        "s" => administrator && !own,
        "." => false,
        other => panic!("no such cell: {other}"),
    }
}

#[test]
fn every_cell_of_the_table_is_as_written() {
    let mut rows = MATRIX
        .trim()
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let roles: Vec<&str> = rows.next().unwrap()[1..].to_vec();
    let matrix: Vec<Vec<&str>> = rows.collect();
    assert_eq!(matrix.len(), KINDS.len(), "a row for each kind");

    let mut ledger = Ledger::new(3, 2);
    for role in &roles {
        let id = member(role);
        if *role != "SO" {
            ledger.admit(&id, &[Role::from_word(role).unwrap()], &[&admin(&id)]);
        }
        ledger.enrol(&id, &format!("{id}-recorder"), None);
    }
    ledger.admit("OTHER", &[Role::NodeHost], &["OTHER-admin"]);
    let foreign = things(&mut ledger, "OTHER");
    ledger.admit("SUSPENDED", &[Role::NodeHost], &[]);
    ledger.govern(Body {
        reason: text("thử"),
        ..about(Kind::Suspend, "SUSPENDED")
    });

    let mut cells = 0;
    for (column, role) in roles.iter().enumerate() {
        let id = member(role);
        let own = things(&mut ledger, &id);
        for row in &matrix {
            let kind = Kind::from_name(row[0]).unwrap();
            for (rights, about) in [
                (true, &own),
                (true, &foreign),
                (false, &own),
                (false, &foreign),
            ] {
                let target = match kind {
                    Kind::Readmit if about.id == foreign.id => "SUSPENDED",
                    _ => &about.id,
                };
                let signer = if rights {
                    admin(&id)
                } else {
                    format!("{id}-recorder")
                };
                let event = ledger.sign(&signer, body(kind, Some(about), target));
                let referred = event.body().reference.map(EventId);
                let referred = referred.and_then(|id| ledger.replica.referred(&id).unwrap());
                let weighed = ledger.replica.roster().weigh(&event, referred.as_ref());
                let expected = expected(row[column + 1], rights, about.id == own.id);
                let cell = format!("{} by {signer} about {target}", row[0]);
                assert_eq!(weighed.is_ok(), expected, "{cell}: {weighed:?}");
                cells += 1;
            }
        }
    }
    assert_eq!(cells, KINDS.len() * roles.len() * 4);

    for row in KINDS {
        let event = ledger.sign("sequencer", body(row.kind, Some(&foreign), "OTHER"));
        let referred = event.body().reference.map(EventId);
        let referred = referred.and_then(|id| ledger.replica.referred(&id).unwrap());
        let weighed = ledger.replica.roster().weigh(&event, referred.as_ref());
        let expected = match row.kind {
            Kind::MapHead => Ok(()),
            _ => Err(VoidReason::NotPermitted),
        };
        assert_eq!(weighed, expected, "{} by the sequencer", row.name);
    }
}

/// A device's rights are the administrator's only where the event that enrolled it says so.
#[test]
fn a_device_is_a_recorder_unless_it_is_said() {
    let mut ledger = Ledger::new(3, 2);
    ledger.admit("FARM", &[Role::Producer], &["FARM-admin", "farm-plain"]);
    let rights = |name: &str| {
        ledger
            .replica
            .roster()
            .device(&device(name))
            .unwrap()
            .rights
    };
    assert_eq!(rights("FARM-admin"), Rights::Administrator);
    assert_eq!(rights("farm-plain"), Rights::Recorder);
}
