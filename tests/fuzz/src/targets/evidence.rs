//! Files that accuse somebody: nobody in our small ledger lied, so no bytes may prove that anybody did. (The liar with
//! the keys that it takes is met in `ledger-core/tests`.)

use ledger_core::evidence::{Evidence, Excerpt, Fork, Heads, MapHead, Withheld};
use ledger_core::ids::{LeafIndex, LedgerId, OrgId};
use ledger_core::merkle::{inclusion_proof, prefix_proof};
use ledger_core::placed::Placed;
use ledger_core::seen::Receipt;
use ledger_core::sign::event_id;
use ledger_core::time::Timestamp;

use crate::world::{CODES, FARM, PACK, Party, SHOP, World, world};

pub(super) fn run(bytes: &[u8]) -> bool {
    let Ok(evidence) = Evidence::decode(bytes) else {
        return false;
    };
    assert_eq!(evidence.encode(), bytes);
    let judgement = evidence.check(&world().anchor);
    assert_eq!(
        judgement,
        evidence.check(&world().anchor),
        "the same file proves the same"
    );
    assert!(
        !judgement.holds(),
        "an honest party stands accused: {judgement:?}"
    );
    true
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let world = world();
    let [old, new] = [0, 1].map(|at| &world.heads[at]);
    let sizes = (old.replica.size(), new.replica.size());
    let genesis = world.entries[0].clone();
    let lists = Excerpt::from(world.bundle(CODES[1], 1));
    let heads = Heads {
        notes: [old.note.clone(), new.note.clone()],
        proof: prefix_proof(new.replica.tree(), sizes.0, sizes.1).expect("it grew"),
    };
    let fork = Fork {
        genesis: genesis.clone(),
        envelopes: [world.entries[7].clone(), world.entries[8].clone()],
        lists: Some(lists.clone()),
    };
    let map_head = MapHead {
        genesis: genesis.clone(),
        lists: lists.clone(),
        event: placed(world, 11),
    };
    let logged = &world.entries[12];
    let withheld = Withheld {
        genesis,
        envelope: logged.clone(),
        prev: Some(placed(world, 11)),
        receipts: [FARM, PACK, SHOP]
            .map(|who| receipt_of(logged, who))
            .to_vec(),
        delay: 86_400,
        lists,
    };
    let all = [
        Evidence::Heads(heads),
        Evidence::Fork(fork.clone()),
        Evidence::Fork(Fork {
            lists: None,
            envelopes: [fork.envelopes[0].clone(), fork.envelopes[0].clone()],
            ..fork
        }),
        Evidence::MapHead(map_head),
        Evidence::Withheld(withheld),
    ];
    all.iter().map(Evidence::encode).collect()
}

fn placed(world: &World, index: usize) -> Placed {
    let replica = &world.heads[1].replica;
    let at = LeafIndex(index as u64);
    let proof = inclusion_proof(replica.tree(), at, replica.size()).expect("a leaf");
    Placed {
        index: at,
        envelope: world.entries[index].clone(),
        proof,
    }
}

/// An honest receipt, of the day the event was logged.
fn receipt_of(envelope: &[u8], who: Party) -> Vec<u8> {
    let org = OrgId::new(who.iss).expect("an organisation");
    let seen = Timestamp::vietnam(1_760_007_200);
    Receipt::sign(
        event_id(envelope),
        seen,
        &who.key(),
        &world().ledger(),
        &org,
    )
    .bytes()
    .to_vec()
}

pub(super) fn receipt(bytes: &[u8]) -> bool {
    let ledger = world().ledger();
    let Ok(receipt) = Receipt::verify(bytes, &ledger) else {
        return false;
    };
    assert_eq!(receipt.bytes(), bytes);
    assert!(
        receipts().iter().any(|honest| honest == bytes),
        "a receipt that nobody signed"
    );
    assert!(Receipt::verify(bytes, &LedgerId(ledger_core::ids::Hash([1; 32]))).is_err());
    true
}

pub(super) fn receipts() -> Vec<Vec<u8>> {
    [FARM, SHOP]
        .map(|who| receipt_of(&world().entries[8], who))
        .to_vec()
}
