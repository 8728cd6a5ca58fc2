//! The tree against the definitions of RFC 6962, word for word.

use super::proof::split;
use super::*;
use crate::ids::LeafIndex;
use proptest::prelude::*;

/// MTH of RFC 6962 section 2.1, word for word.
fn model_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
            node_hash(&model_root(left), &model_root(right))
        }
    }
}

/// PATH of RFC 6962 section 2.1.1, word for word.
fn model_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len() as u64) as usize;
    let (left, right) = leaves.split_at(k);
    let (mut path, last) = if index < k {
        (model_path(index, left), model_root(right))
    } else {
        (model_path(index - k, right), model_root(left))
    };
    path.push(last);
    path
}

/// SUBPROOF of RFC 6962 section 2.1.2, word for word.
fn model_subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole {
            Vec::new()
        } else {
            vec![model_root(leaves)]
        };
    }
    let k = split(leaves.len() as u64) as usize;
    let (left, right) = leaves.split_at(k);
    let (mut path, last) = if old <= k {
        (model_subproof(old, left, whole), model_root(right))
    } else {
        (model_subproof(old - k, right, false), model_root(left))
    };
    path.push(last);
    path
}

fn leaves(size: usize) -> Vec<Hash> {
    (0..size)
        .map(|i| leaf_hash(format!("entry-{i}").as_bytes()))
        .collect()
}

fn index(value: usize) -> LeafIndex {
    LeafIndex(value as u64)
}

fn size(value: usize) -> TreeSize {
    TreeSize(value as u64)
}

#[test]
fn every_small_tree_agrees_with_the_model() {
    for n in 0..=33 {
        let leaves = leaves(n);
        let tree: MemoryTree = leaves.iter().copied().collect();
        let expected = model_root(&leaves);
        assert_eq!(root(&leaves), expected);
        assert_eq!(tree.root(), expected);
        assert_eq!(root_at(&tree, size(n)), Ok(expected));
        for m in 0..n {
            let path = inclusion_proof(&tree, index(m), size(n)).unwrap();
            assert_eq!(path, model_path(m, &leaves), "inclusion {m} in {n}");
            verify_inclusion(&leaves[m], index(m), size(n), &expected, &path).unwrap();
        }
        for m in 0..=n {
            let proof = consistency_proof(&tree, size(m), size(n)).unwrap();
            let model = if m == 0 {
                vec![]
            } else {
                model_subproof(m, &leaves, true)
            };
            assert_eq!(proof, model, "consistency {m} to {n}");
            let old_root = model_root(&leaves[..m]);
            verify_consistency(size(m), size(n), &old_root, &expected, &proof).unwrap();
        }
    }
}

#[test]
fn a_frontier_is_taken_up_where_it_was_left() {
    let leaves = leaves(40);
    let tree: MemoryTree = leaves.iter().copied().collect();
    for n in 0..40 {
        let mut frontier = Frontier::read(&tree, size(n)).unwrap();
        assert_eq!(frontier.size(), size(n));
        let again = Frontier::from_peaks(size(n), frontier.peaks().to_vec());
        assert_eq!(again.as_ref(), Some(&frontier));
        frontier.append(leaves[n]);
        assert_eq!(frontier.root(), model_root(&leaves[..=n]));
    }
    assert_eq!(Frontier::from_peaks(size(3), vec![Hash::ZERO]), None);
    assert_eq!(
        Frontier::from_peaks(TreeSize(1 << 63), vec![Hash::ZERO]),
        None
    );
}

#[test]
fn questions_outside_the_tree_are_refused() {
    let tree: MemoryTree = leaves(4).into_iter().collect();
    let nothing = inclusion_proof(&tree, index(4), size(4));
    assert_eq!(
        nothing,
        Err(ProofError::NoSuchLeaf {
            index: index(4),
            size: size(4)
        })
    );
    let shrinks = consistency_proof(&tree, size(3), size(2));
    assert_eq!(
        shrinks,
        Err(ProofError::Shrinks {
            old: size(3),
            new: size(2)
        })
    );
    assert!(matches!(
        inclusion_proof(&tree, index(0), size(5)),
        Err(ProofError::Read(_))
    ));
    for huge in [1 << 63, u64::MAX].map(TreeSize) {
        assert_eq!(
            inclusion_proof(&tree, index(0), huge),
            Err(ProofError::TooLarge(huge))
        );
        assert_eq!(
            consistency_proof(&tree, size(1), huge),
            Err(ProofError::TooLarge(huge))
        );
    }
}

#[test]
fn a_missing_or_spare_hash_fails_by_name() {
    let leaves = leaves(7);
    let tree: MemoryTree = leaves.iter().copied().collect();
    let root = tree.root();
    let path = inclusion_proof(&tree, index(2), size(7)).unwrap();
    let check = |path: &[Hash]| verify_inclusion(&leaves[2], index(2), size(7), &root, path);
    assert_eq!(check(&path[..2]), Err(BadProof::TooFewHashes));
    assert_eq!(
        check(&[path.clone(), vec![root]].concat()),
        Err(BadProof::TooManyHashes)
    );
    assert_eq!(
        verify_inclusion(&leaves[2], index(7), size(7), &root, &path),
        Err(BadProof::OutsideTree)
    );

    let old_root = model_root(&leaves[..3]);
    let proof = consistency_proof(&tree, size(3), size(7)).unwrap();
    let check = |proof: &[Hash]| verify_consistency(size(3), size(7), &old_root, &root, proof);
    assert_eq!(check(&[]), Err(BadProof::TooFewHashes));
    assert_eq!(check(&proof[..2]), Err(BadProof::TooFewHashes));
    assert_eq!(
        check(&[proof.clone(), vec![root]].concat()),
        Err(BadProof::TooManyHashes)
    );
}

#[test]
fn trees_of_one_size_and_the_empty_tree_need_an_empty_proof() {
    let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
    let check = |old, new, old_root, new_root, proof: &[Hash]| {
        verify_consistency(size(old), size(new), &old_root, &new_root, proof)
    };
    assert_eq!(check(1, 1, a, a, &[]), Ok(()));
    assert_eq!(check(1, 1, a, b, &[]), Err(BadProof::OtherRoot));
    assert_eq!(check(1, 1, a, a, &[a]), Err(BadProof::TooManyHashes));
    assert_eq!(check(0, 1, empty_root(), a, &[]), Ok(()));
    assert_eq!(check(0, 1, b, a, &[]), Err(BadProof::OtherRoot));
    assert_eq!(
        check(0, 1, empty_root(), a, &[a]),
        Err(BadProof::TooManyHashes)
    );
    assert_eq!(check(0, 0, a, a, &[]), Err(BadProof::OtherRoot));
    assert_eq!(check(2, 1, a, b, &[]), Err(BadProof::Shrinks));
}

#[test]
fn the_largest_numbers_do_no_harm() {
    let many = vec![Hash::ZERO; 70];
    for (low, high) in [(0, u64::MAX), (u64::MAX - 1, u64::MAX), (1 << 63, u64::MAX)] {
        let (low_size, high_size) = (TreeSize(low), TreeSize(high));
        for length in 0..many.len() {
            let proof = &many[..length];
            let (leaf, zero) = (Hash::ZERO, Hash::ZERO);
            let included = verify_inclusion(&leaf, LeafIndex(low), high_size, &zero, proof);
            assert!(included.is_err());
            let extended = verify_consistency(low_size, high_size, &zero, &zero, proof);
            assert!(extended.is_err());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn larger_trees_agree_with_the_model(n in 1usize..600, at in 0usize..600, old in 0usize..600) {
        let (at, old) = (at % n, old % (n + 1));
        let leaves = leaves(n);
        let tree: MemoryTree = leaves.iter().copied().collect();
        let path = inclusion_proof(&tree, index(at), size(n)).unwrap();
        prop_assert_eq!(&path, &model_path(at, &leaves));
        let proof = consistency_proof(&tree, size(old), size(n)).unwrap();
        let model = if old == 0 { vec![] } else { model_subproof(old, &leaves, true) };
        prop_assert_eq!(proof, model);
        prop_assert!(path.len() <= MAX_PROOF_HASHES);
    }

    #[test]
    fn a_changed_proof_never_holds(n in 2usize..80, at in 0usize..80, bit in 0usize..256, which in 0usize..8) {
        let at = at % n;
        let leaves = leaves(n);
        let tree: MemoryTree = leaves.iter().copied().collect();
        let mut path = inclusion_proof(&tree, index(at), size(n)).unwrap();
        let which = which % path.len();
        path[which].0[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify_inclusion(&leaves[at], index(at), size(n), &tree.root(), &path).is_err());
        path[which].0[bit / 8] ^= 1 << (bit % 8);
        for other in (0..n).filter(|other| *other != at) {
            prop_assert!(verify_inclusion(&leaves[at], index(other), size(n), &tree.root(), &path).is_err());
        }

        let old_root = model_root(&leaves[..at]);
        let mut proof = consistency_proof(&tree, size(at), size(n)).unwrap();
        if !proof.is_empty() {
            let which = which % proof.len();
            proof[which].0[bit / 8] ^= 1 << (bit % 8);
            let held = verify_consistency(size(at), size(n), &old_root, &tree.root(), &proof);
            prop_assert!(held.is_err());
        }
    }
}

#[test]
fn a_prefix_proof_tells_the_root_of_the_first_leaves() {
    let leaves = leaves(20);
    for new in 1..=leaves.len() {
        let tree: MemoryTree = leaves[..new].iter().copied().collect();
        for old in 1..=new {
            let (old, new) = (size(old), size(new));
            let proof = prefix_proof(&tree, old, new).unwrap();
            let told = |proof: &[Hash]| prefix_root(old, new, &tree.root(), proof);
            assert_eq!(told(&proof), Ok(model_root(&leaves[..old.0 as usize])));
            assert!(told(&[proof.clone(), vec![Hash::ZERO]].concat()).is_err());
            for at in 0..proof.len() {
                let mut changed = proof.clone();
                changed[at].0[0] ^= 1;
                assert_eq!(told(&changed), Err(BadProof::OtherRoot), "{old} of {new}");
                changed.remove(at);
                assert!(told(&changed).is_err(), "{old} of {new}");
            }
        }
    }
    let tree: MemoryTree = leaves.iter().copied().collect();
    let root = tree.root();
    assert!(prefix_proof(&tree, size(0), size(5)).is_err());
    assert_eq!(
        prefix_root(size(0), size(20), &root, &[]),
        Err(BadProof::Shrinks)
    );
    assert_eq!(
        prefix_root(size(21), size(20), &root, &[]),
        Err(BadProof::Shrinks)
    );
}
