//! The Merkle tree against others: the known answers of Certificate Transparency, and `ct-merkle` as an oracle.
//! (Against the definitions of RFC 6962 themselves it is held in `src/merkle/tests.rs`.)
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use ledger_core::ids::{Hash, LeafIndex, TreeSize};
use ledger_core::merkle::{
    MemoryTree, consistency_proof, empty_root, inclusion_proof, leaf_hash, root_at,
    verify_consistency, verify_inclusion,
};
use proptest::prelude::*;
use sha2::Sha256;

/// The leaves of Certificate Transparency's own tests.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

/// The roots of the first 1 to 8 of them.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Leaf, size, audit path.
const PATHS: [(u64, u64, &[&str]); 4] = [
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        3,
        &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    ),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

/// Old size, new size, consistency proof.
const GROWTHS: [(u64, u64, &[&str]); 4] = [
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

fn known_tree() -> MemoryTree {
    LEAVES
        .iter()
        .map(|leaf| leaf_hash(&hex::decode(leaf).unwrap()))
        .collect()
}

fn hashes(texts: &[&str]) -> Vec<Hash> {
    texts
        .iter()
        .map(|text| Hash(hex::decode(text).unwrap().try_into().unwrap()))
        .collect()
}

#[test]
fn the_known_roots() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(empty_root().to_string(), empty);
    let tree = known_tree();
    for (size, root) in (1..).zip(ROOTS) {
        assert_eq!(
            root_at(&tree, TreeSize(size)).unwrap().to_string(),
            root,
            "size {size}"
        );
    }
}

#[test]
fn the_known_proofs() {
    let tree = known_tree();
    let root = |size: u64| root_at(&tree, TreeSize(size)).unwrap();
    for (leaf, size, path) in PATHS {
        let (index, size) = (LeafIndex(leaf), TreeSize(size));
        let path = hashes(path);
        assert_eq!(
            inclusion_proof(&tree, index, size),
            Ok(path.clone()),
            "{leaf} in {size}"
        );
        let leaf = tree.leaves()[leaf as usize];
        assert_eq!(
            verify_inclusion(&leaf, index, size, &root(size.0), &path),
            Ok(())
        );
    }
    for (old, new, proof) in GROWTHS {
        let proof = hashes(proof);
        assert_eq!(
            consistency_proof(&tree, TreeSize(old), TreeSize(new)),
            Ok(proof.clone()),
            "{old} to {new}"
        );
        let checked =
            verify_consistency(TreeSize(old), TreeSize(new), &root(old), &root(new), &proof);
        assert_eq!(checked, Ok(()));
    }
}

/// The same leaves in both trees.
fn both(size: u64) -> (MemoryTree, MemoryBackedTree<Sha256, Vec<u8>>) {
    let (mut ours, mut theirs) = (MemoryTree::new(), MemoryBackedTree::new());
    for index in 0..size {
        let entry = index.to_be_bytes().to_vec();
        ours.append(leaf_hash(&entry));
        theirs.push(entry);
    }
    (ours, theirs)
}

fn bytes(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| hash.0).collect()
}

fn their_root(root: Hash, size: u64) -> RootHash<Sha256> {
    RootHash::new(root.0.into(), size)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn roots_and_proofs_are_those_of_ct_merkle(size in 1u64..700, at in 0u64..700, old in 1u64..700) {
        let (at, old) = (at % size, 1 + old % size);
        let (ours, theirs) = both(size);
        prop_assert_eq!(ours.root().0.to_vec(), theirs.root().as_bytes().to_vec());

        let path = inclusion_proof(&ours, LeafIndex(at), TreeSize(size)).unwrap();
        let their_path = theirs.prove_inclusion(at as usize);
        prop_assert_eq!(bytes(&path), their_path.as_bytes());
        let growth = consistency_proof(&ours, TreeSize(old), TreeSize(size)).unwrap();
        let their_growth = theirs.prove_consistency((size - old) as usize);
        prop_assert_eq!(bytes(&growth), their_growth.as_bytes());
    }

    /// Each refuses what the other refuses: the right proof for other numbers, and a changed proof for the right ones.
    #[test]
    fn both_accept_the_same_proofs(
        size in 1u64..200,
        at in 0u64..200,
        old in 1u64..200,
        claimed in (0u64..200, 1u64..200),
        flip in prop::option::of((0usize..8, 0usize..256)),
    ) {
        let (at, old) = (at % size, 1 + old % size);
        let (ours, theirs) = both(size);
        let root = ours.root();

        let mut path = inclusion_proof(&ours, LeafIndex(at), TreeSize(size)).unwrap();
        change(&mut path, flip);
        let (index, claimed_size) = claimed;
        let entry = index.to_be_bytes();
        let we = verify_inclusion(&leaf_hash(&entry), LeafIndex(index), TreeSize(claimed_size), &root, &path).is_ok();
        let proof = InclusionProof::try_from_bytes(bytes(&path)).unwrap();
        let they = their_root(root, claimed_size).verify_inclusion(&entry.to_vec(), index, &proof).is_ok();
        prop_assert_eq!(we, they, "leaf {} in {}", index, claimed_size);
        prop_assert!(theirs.root().verify_inclusion(&at.to_be_bytes().to_vec(), at, &theirs.prove_inclusion(at as usize)).is_ok());

        let mut growth = consistency_proof(&ours, TreeSize(old), TreeSize(size)).unwrap();
        change(&mut growth, flip);
        let old_root = root_at(&ours, TreeSize(old)).unwrap();
        for from in [old, 1 + index] {
            let we = verify_consistency(TreeSize(from), TreeSize(size), &old_root, &root, &growth).is_ok();
            let proof = ConsistencyProof::try_from_bytes(bytes(&growth)).unwrap();
            let they = their_root(root, size).verify_consistency(&their_root(old_root, from), &proof).is_ok();
            prop_assert_eq!(we, they, "{} to {}", from, size);
        }
    }
}

fn change(proof: &mut [Hash], flip: Option<(usize, usize)>) {
    if let (Some((which, bit)), false) = (flip, proof.is_empty()) {
        let which = which % proof.len();
        proof[which].0[bit / 8] ^= 1 << (bit % 8);
    }
}
