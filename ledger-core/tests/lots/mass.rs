//! Mass balance against a naive model: plain sums over a list of what was taken and given.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::body::Fix;
use ledger_core::kind::Kind;
use proptest::prelude::*;

use super::book::{AUTHORITY, Book, GROWER, about, correct, harvest, kg, may, step};

const EXCEEDED: &str = "VUOT_KHOI_LUONG";

#[test]
fn sales_use_up_a_lot_as_transformations_do() {
    let mut book = Book::default();
    book.say(GROWER, "2026-05-01", harvest("A", 100));
    book.say(
        GROWER,
        "2026-05-02",
        step(Kind::Process, &[("A", 60)], &[("B", 60)]),
    );
    book.say(GROWER, "2026-05-02", about(Kind::Sell, "A", Some(40)));
    book.say(GROWER, "2026-05-02", about(Kind::Sell, "A", None));
    assert!(
        book.notices("B").is_empty(),
        "what was not weighed proves nothing"
    );
    let sale = book.say(GROWER, "2026-05-03", about(Kind::Sell, "A", Some(3)));
    assert_eq!(book.notices("A"), [EXCEEDED]);
    assert_eq!(book.notices("B"), [EXCEEDED]);
    book.say(GROWER, "2026-05-04", correct(sale, Fix::LotQty(0, kg(2))));
    assert_eq!(book.notices("B"), ["CO_DINH_CHINH"]);
}

#[test]
fn every_amount_of_a_step_counts_as_corrected() {
    let fixes: [(Fix, bool); 4] = [
        (Fix::InputQty(0, kg(80)), false),
        (Fix::OutputQty(0, kg(50)), false),
        (Fix::Added(kg(30)), false),
        (Fix::Loss(kg(30)), true),
    ];
    for (fix, exceeded) in fixes {
        let mut book = Book::default();
        book.say(GROWER, "2026-05-01", harvest("A", 100));
        let id = book.say(
            GROWER,
            "2026-05-02",
            step(Kind::Process, &[("A", 50)], &[("B", 80)]),
        );
        assert_eq!(book.notices("B"), [EXCEEDED]);
        book.say(GROWER, "2026-05-03", correct(id, fix.clone()));
        assert_eq!(book.notices("B").contains(&EXCEEDED), exceeded, "{fix:?}");
    }
}

#[derive(Clone, Debug)]
enum Act {
    /// Kilograms of a new lot.
    Harvest(u64),
    /// Parts of earlier lots, what came out, a loss.
    Process(Vec<(usize, u64)>, u64, Option<u64>),
    /// So much of an earlier lot goes out of the world.
    Out(usize, Option<u64>, bool),
    /// Another quantity of an earlier lot.
    Correct(usize, u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let amount = 1u64..120;
    let act = prop_oneof![
        2 => amount.clone().prop_map(Act::Harvest),
        4 => (
            prop::collection::vec((any::<usize>(), amount.clone()), 1..3),
            amount.clone(),
            prop::option::of(1u64..40)
        )
            .prop_map(|(from, to, loss)| Act::Process(from, to, loss)),
        2 => (any::<usize>(), prop::option::of(amount.clone()), any::<bool>())
            .prop_map(|(lot, qty, sold)| Act::Out(lot, qty, sold)),
        1 => (any::<usize>(), amount).prop_map(|(lot, qty)| Act::Correct(lot, qty)),
    ];
    prop::collection::vec(act, 1..14)
}

/// What a clerk with a pocket calculator would write down.
#[derive(Default)]
struct Model {
    quantity: Vec<u64>,
    /// For each lot: what it was made of, the loss.
    made_of: Vec<(Vec<(usize, u64)>, u64)>,
    taken: BTreeMap<usize, u64>,
}

impl Model {
    fn family(&self, lot: usize) -> BTreeSet<usize> {
        let parents = self.made_of[lot].0.iter();
        let mut family: BTreeSet<usize> = parents.flat_map(|(lot, _)| self.family(*lot)).collect();
        family.insert(lot);
        family
    }

    fn is_exceeded(&self, lot: usize) -> bool {
        self.family(lot).into_iter().any(|member| {
            let more = |out: u64, within: u64| out * 100 > within * 102;
            let (from, loss) = &self.made_of[member];
            let input: u64 = from.iter().map(|(_, qty)| qty).sum();
            let sources: BTreeSet<usize> = from.iter().map(|(lot, _)| *lot).collect();
            let whole: u64 = sources.iter().map(|lot| self.quantity[*lot]).sum();
            let given = self.quantity[member];
            let step =
                !from.is_empty() && (more(given, input) || more(given + loss, whole.max(input)));
            let taken = self.taken.get(&member).copied().unwrap_or(0);
            step || more(taken, given)
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn random_families_balance_as_in_the_model(acts in acts()) {
        let (mut book, mut model, mut events) = (Book::default(), Model::default(), Vec::new());
        for act in acts {
            let lots = model.quantity.len();
            let name = |lot: usize| format!("L{lot}");
            match act {
                Act::Harvest(qty) => {
                    events.push(book.say(GROWER, &may(0), harvest(&name(lots), qty)));
                    model.quantity.push(qty);
                    model.made_of.push((Vec::new(), 0));
                }
                Act::Process(from, to, loss) if lots > 0 => {
                    let from: Vec<(usize, u64)> = from.iter().map(|(lot, qty)| (lot % lots, *qty)).collect();
                    let names: Vec<(String, u64)> = from.iter().map(|(lot, qty)| (name(*lot), *qty)).collect();
                    let inputs: Vec<(&str, u64)> = names.iter().map(|(no, qty)| (no.as_str(), *qty)).collect();
                    let body = ledger_core::body::Body {
                        loss: loss.map(kg),
                        ..step(Kind::Process, &inputs, &[(&name(lots), to)])
                    };
                    events.push(book.say(GROWER, &may(1), body));
                    for (lot, qty) in &from {
                        *model.taken.entry(*lot).or_default() += qty;
                    }
                    model.quantity.push(to);
                    model.made_of.push((from, loss.unwrap_or(0)));
                }
                Act::Out(lot, qty, sold) if lots > 0 => {
                    let kind = if sold { Kind::Sell } else { Kind::Destroy };
                    book.say(AUTHORITY, &may(2), about(kind, &name(lot % lots), qty));
                    *model.taken.entry(lot % lots).or_default() += qty.unwrap_or(0);
                }
                Act::Correct(lot, qty) if lots > 0 => {
                    book.say(GROWER, &may(3), correct(events[lot % lots], Fix::OutputQty(0, kg(qty))));
                    model.quantity[lot % lots] = qty;
                }
                _ => {}
            }
        }
        for lot in 0..model.quantity.len() {
            let exceeded = book.notices(&format!("L{lot}")).contains(&EXCEEDED);
            prop_assert_eq!(exceeded, model.is_exceeded(lot), "lot {}", lot);
        }
    }
}
