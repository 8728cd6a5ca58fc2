//! What can stand in an event: for each field of `docs/formats.md` section 6 values that it takes, and the story of
//! two lots that the small ledger tells.

use ledger_core::encode::Value;
use ledger_core::kind::KindRow;

use super::{AUTHORITY, FARM, PACK, Party, SHOP, genesis, party};
use crate::choices::Choices;

/// `[a, b]` of two texts: a lot, a place, a product.
fn pair(a: &str, b: &str) -> Value {
    Value::Array(vec![Value::text(a), Value::text(b)])
}

/// A lot with its quantity, as in `lots` and `inputs`.
fn lot(org: &str, number: &str, qty: Value) -> Value {
    Value::Array(vec![pair(org, number), qty])
}

/// So many of a unit.
pub fn qty(n: i64, scale: i64, unit: &str) -> Value {
    Value::Array(vec![Value::Int(n), Value::Int(scale), Value::text(unit)])
}

/// A date.
fn date(text: &str) -> Value {
    Value::text(text)
}

fn output(no: &str, owner: &str, qty: Value) -> Value {
    Value::map([
        ("no", Value::text(no)),
        ("owner", Value::text(owner)),
        ("qty", qty),
    ])
}

fn finished(no: &str, owner: &str, amount: Value) -> Value {
    Value::map([
        ("no", Value::text(no)),
        ("owner", Value::text(owner)),
        ("qty", amount),
        ("product", pair("FARM", "P1")),
        ("made", date("2025-10-09")),
        ("expires", date("2026-10-09")),
        ("net", qty(500, 3, "KGM")),
    ])
}

fn array<const N: usize>(items: [Value; N]) -> Value {
    Value::Array(items.to_vec())
}

fn texts<const N: usize>(words: [&str; N]) -> Vec<Value> {
    words.into_iter().map(Value::text).collect()
}

/// The opening whose commitment stands in the story.
pub fn opening() -> Vec<u8> {
    array([
        Value::text("name"),
        Value::bytes(&[7; 32]),
        Value::text("Vườn ông Ba"),
    ])
    .encode()
}

fn commitment() -> Value {
    Value::bytes(&ledger_core::commitment::commit(&opening()).0)
}

/// Values that a field takes. `earlier` are ids of earlier events.
pub fn samples(field: &str, earlier: &[[u8; 32]]) -> Vec<Value> {
    let kilos = |n| qty(n, 0, "KGM");
    let keys = || {
        [4u8, 5, 6, 7, 8, 9]
            .map(|seed| Value::bytes(&party(seed, "").public()))
            .to_vec()
    };
    match field {
        "field" | "place" | "target_place" => {
            vec![
                pair("FARM", "PL-01"),
                pair("PACK", "W-1"),
                pair("SHOP", "S-1"),
            ]
        }
        "lots" | "inputs" => vec![
            array([lot("FARM", "L1", kilos(100))]),
            array([
                lot("PACK", "B1", qty(40, 0, "XBX")),
                lot("PACK", "B2", Value::Null),
            ]),
            array([
                lot("FARM", "L1", qty(1_000_000_000_000, 0, "KGM")),
                lot("FARM", "L2", kilos(0)),
            ]),
            array([
                lot("SHOP", "B1", Value::Null),
                lot("FARM", "L3", qty(1, 6, "LTR")),
            ]),
        ],
        "outputs" => vec![
            array([output("L1", "FARM", kilos(500))]),
            array([
                finished("B1", "FARM", qty(40, 0, "XBX")),
                finished("B2", "FARM", qty(60, 0, "XBX")),
            ]),
            array([
                output("L2", "FARM", qty(1_000_000_000_000, 0, "KGM")),
                output("L3", "SHOP", kilos(1)),
            ]),
            array([
                output("B1", "PACK", qty(1, 6, "KGM")),
                output("L1", "PACK", qty(0, 0, "KGM")),
            ]),
        ],
        "qty" | "loss" | "added" => vec![
            kilos(5),
            qty(1_000_000_000_000, 0, "KGM"),
            qty(1, 6, "XBX"),
            kilos(0),
        ],
        "area" => vec![qty(12, 1, "HAR"), qty(1, 6, "HAR")],
        "to" | "from" | "lab" | "org" | "host" => texts(["FARM", "PACK", "SHOP", "SO", "NEW"]),
        "wait_days" => vec![Value::Int(7), Value::Int(0), Value::Int(3650)],
        "count" => vec![Value::Int(40), Value::Int(1), Value::Int(0)],
        "began" => vec![array([Value::Int(1_759_990_000), Value::Int(420)])],
        "serials" => vec![array([Value::Int(1), Value::Int(40)])],
        "result" => texts(["pass", "fail"]),
        "old_label" => vec![Value::Bool(true)],
        "label_address" | "name" | "address" | "tax" | "old_address" => {
            vec![Value::text("Ấp 1, xã Mỹ Hiệp"), commitment()]
        }
        "sscc" => vec![
            Value::text("389300000000000010"),
            Value::text("000000000000000000"),
        ],
        "product" => vec![pair("FARM", "P1"), pair("PACK", "P2")],
        "products" => vec![
            array([pair("FARM", "P1")]),
            array([pair("PACK", "P2"), pair("FARM", "P1")]),
        ],
        "period" | "valid" => vec![array([date("2025-01-01"), date("2025-12-31")])],
        "ref" => earlier.iter().map(|id| Value::bytes(id)).collect(),
        "fix" => vec![
            array([Value::text("outputs/0/qty"), kilos(450)]),
            array([Value::text("outputs/1/expires"), date("2025-11-01")]),
            array([Value::text("qty"), kilos(1)]),
            array([
                Value::text("occurred"),
                array([Value::Int(1_759_000_000), Value::Int(0)]),
            ]),
            array([Value::text("outputs/0"), Value::Null]),
            array([
                Value::text("inputs/0/qty"),
                qty(1_000_000_000_000, 0, "KGM"),
            ]),
            array([Value::text("wait_days"), Value::Int(3650)]),
            array([Value::text("facts/note"), Value::text("sửa")]),
        ],
        "category" => texts(["smell", "other"]),
        "entry" => texts(["phone", "phone_offline"]),
        "facts" => vec![Value::map([("note", Value::text("ghi chú"))])],
        "sealed" => vec![array([Value::text("partners"), commitment()])],
        "id" => texts(["PL-01", "P1", "NEW", "FARM"]),
        "type" => texts(["plot", "workshop", "pond"]),
        "commune" => vec![array([
            Value::text("30043"),
            date("2025-07-01"),
            Value::text("Mỹ Hiệp"),
        ])],
        "point" => vec![array([Value::Int(104_500_000), Value::Int(1_056_000_000)])],
        "exact" | "picture" | "commitment" | "hash" | "root" => {
            vec![commitment(), Value::bytes(&[9; 32])]
        }
        "gln" => texts(["2082600000008"]),
        "gtin" => texts(["02082600000015"]),
        "sources" => vec![array([pair("FARM", "PL-01")])],
        "code_type" => texts(["growing_domestic", "packing_house"]),
        "stars" => vec![Value::Int(4), Value::Int(3)],
        "codes" => vec![
            Value::Array(texts(["01/02082600000015/10/B1"])),
            Value::Array(texts([
                "01/02082600000015/10/B2",
                "01/02082600000015/10/B9",
            ])),
        ],
        "lot" => vec![pair("PACK", "B1"), pair("PACK", "B2"), pair("FARM", "L1")],
        "roles" => vec![
            Value::Array(texts(["producer"])),
            Value::Array(texts(["packer", "producer", "retailer"])),
            Value::Array(texts(["authority"])),
        ],
        "key" | "old" => keys(),
        "where" => texts(["own", "hosted"]),
        "last" => vec![
            array([Value::Int(0), Value::Int(1)]),
            array([Value::Int(0), Value::Int(0)]),
        ],
        "rights" => texts(["administrator", "recorder"]),
        "envelope" => vec![Value::bytes(&genesis())],
        "what" => texts(["page", "pesticide_list"]),
        "size" => vec![Value::Int(1), Value::Int(5)],
        _ => texts(["chữ", "02"]),
    }
}

/// A body of a kind: its required fields, some of the others, now and then one that does not belong.
pub fn body_of(row: &KindRow, earlier: &[[u8; 32]], choices: &mut Choices<'_>) -> Value {
    let mut entries = vec![("kind", Value::text(row.name))];
    let demands = row
        .fields
        .split_terminator(' ')
        .chain(["entry", "facts", "sealed"]);
    for (at, demand) in demands.enumerate() {
        let names: Vec<&str> = demand.trim_end_matches('!').split('|').collect();
        let needed = demand.ends_with('!') || demand.contains('|');
        let name = *choices.pick(&names);
        let values = samples(name, earlier);
        let left_out = if needed {
            choices.rarely(64)
        } else {
            at > 0 && !choices.rarely(2)
        };
        if !left_out && !values.is_empty() {
            entries.push((name, choices.pick(&values).clone()));
        }
    }
    if choices.rarely(64) {
        entries.push(("text", Value::Int(i64::from(choices.byte()))));
    }
    Value::map(entries)
}

fn body<const N: usize>(kind: &str, fields: [(&'static str, Value); N]) -> Value {
    Value::map([("kind", Value::text(kind))].into_iter().chain(fields))
}

fn admission(id: &str, role: &str, who: Party) -> [(Party, Value); 2] {
    let roles = Value::Array(vec![Value::text(role)]);
    let org = body(
        "org",
        [
            ("id", Value::text(id)),
            ("name", Value::text(id)),
            ("roles", roles),
        ],
    );
    let key = Value::bytes(&who.public());
    let device = body(
        "device",
        [
            ("org", Value::text(id)),
            ("key", key),
            ("where", Value::text("own")),
        ],
    );
    [(AUTHORITY, org), (AUTHORITY, device)]
}

/// Who says what: up to the first head, and the recall behind it.
pub fn story() -> (Vec<(Party, Value)>, (Party, Value)) {
    let boxes = |n| qty(n, 0, "XBX");
    let kilos = |n| qty(n, 0, "KGM");
    let mut told: Vec<(Party, Value)> = Vec::new();
    told.extend(admission("FARM", "producer", FARM));
    told.extend(admission("PACK", "packer", PACK));
    told.extend(admission("SHOP", "retailer", SHOP));
    let commune = array([
        Value::text("30043"),
        date("2025-07-01"),
        Value::text("Mỹ Hiệp"),
    ]);
    let place = [
        ("id", Value::text("PL-01")),
        ("name", commitment()),
        ("type", Value::text("plot")),
        ("commune", commune),
        (
            "point",
            array([Value::Int(104_500_000), Value::Int(1_056_000_000)]),
        ),
    ];
    told.push((FARM, body("place", place)));
    let product = [
        ("id", Value::text("P1")),
        ("name", Value::text("Xoài cát Hòa Lộc")),
        ("unit", Value::text("hộp 0,5 kg")),
        ("gtin", Value::text("02082600000015")),
    ];
    told.push((FARM, body("product", product)));
    let delegate = [
        ("to", Value::text("PACK")),
        ("products", array([pair("FARM", "P1")])),
    ];
    told.push((FARM, body("delegate", delegate)));
    let spray = [
        ("field", pair("FARM", "PL-01")),
        ("ingredient", Value::text("abamectin")),
        ("wait_days", Value::Int(0)),
    ];
    told.push((FARM, body("spray", spray)));
    let harvest = [
        ("field", pair("FARM", "PL-01")),
        ("outputs", array([output("L1", "FARM", kilos(50))])),
    ];
    told.push((FARM, body("harvest", harvest)));
    let ship = [
        ("lots", array([lot("FARM", "L1", kilos(50))])),
        ("to", Value::text("PACK")),
    ];
    told.push((FARM, body("ship", ship)));
    let outputs = array([
        finished("B1", "FARM", boxes(40)),
        finished("B2", "FARM", boxes(60)),
    ]);
    let pack = [
        ("inputs", array([lot("FARM", "L1", kilos(50))])),
        ("outputs", outputs),
    ];
    told.push((PACK, body("pack", pack)));
    for number in ["B1", "B2"] {
        let codes = Value::Array(vec![Value::text(format!("01/02082600000015/10/{number}"))]);
        told.push((
            PACK,
            body("bind", [("lot", pair("PACK", number)), ("codes", codes)]),
        ));
    }
    let recall = [
        ("lots", array([lot("PACK", "B2", Value::Null)])),
        ("reason", Value::text("dư lượng")),
    ];
    (told, (AUTHORITY, body("recall", recall)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::body::Body;
    use ledger_core::kind::KINDS;

    #[test]
    fn there_is_a_good_value_for_every_field_of_every_kind() {
        for row in KINDS {
            let all = row
                .fields
                .split([' ', '|'])
                .map(|name| name.trim_end_matches('!'));
            for field in all.filter(|name| !name.is_empty()) {
                for value in samples(field, &[[1; 32]]) {
                    let mut entries = vec![("kind", Value::text(row.name)), (field, value.clone())];
                    let needed = row
                        .fields
                        .split_terminator(' ')
                        .filter(|demand| demand.ends_with('!') || demand.contains('|'));
                    for demand in needed {
                        let name = demand
                            .trim_end_matches('!')
                            .split('|')
                            .next()
                            .expect("split gives one");
                        if name != field {
                            entries.push((name, samples(name, &[[1; 32]])[0].clone()));
                        }
                    }
                    let body = Body::from_value(&Value::map(entries));
                    assert!(body.is_ok(), "{} {field} {value:?}: {body:?}", row.name);
                }
            }
        }
    }
}
