"""tlog-scales reads our tiles, heads and proofs, and signs a head with Ed25519 and ML-DSA-44 for our code to read."""

import json
import sys
from pathlib import Path

from say import Referee
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import MLDSA44CosignatureSigner, PlainEd25519Signer, Vkey
from tlog_scales.tlog import Checkpoint, ConsistencyProof, InclusionProof

folder = Path(sys.argv[1])
referee = Referee("tlog-scales")
log, witness = (Vkey.from_string((folder / f"{name}.vkey").read_text().strip()) for name in ("log", "witness"))
proofs = json.loads((folder / "proofs.json").read_text())


def heads():
    """(size, checkpoint) of every head."""
    for path in sorted((folder / "heads").iterdir(), key=lambda path: int(path.name)):
        yield int(path.name), Checkpoint.from_text(path.read_text())


def reader():
    tiles = TilesReader(LocalBackend(folder))
    tiles.get_checkpoint()
    return tiles


@referee.asks("vkeys: recomputed key IDs are ours")
def vkeys():
    return all(Vkey(key.name, None, key.sig_type, key.pubkey).serialize() == key.serialize() for key in (log, witness))


@referee.asks("heads: the log's signature and the cosignature hold")
def signatures():
    for size, head in heads():
        head.verify(log)
        head.verify(witness)
        if (head.size, len(head.signatures)) != (size, 2):
            return False
    return True


@referee.asks("heads: a changed one does not hold")
def changed():
    _, head = list(heads())[-1]
    other = Checkpoint(head.origin, head.size + 1, head.root_hash, head.signatures)
    for key in (log, witness):
        try:
            other.verify(key)
            return False
        except Exception as refusal:
            if type(refusal).__name__ != "InvalidSignature":
                raise
    return True


@referee.asks("tiles: they lead to the root of every head")
def roots():
    return all(head.root_hash == reader().mth(0, size) for size, head in heads())


@referee.asks("entry bundles: every entry is there and hashes to its leaf")
def entries():
    tiles = reader()
    return all(tiles.get_entry(i) == f"entry-{i}".encode() for i in range(300))


@referee.asks("inclusion proofs: ours are those it makes itself, and hold")
def inclusion():
    for ours in proofs["inclusion"]:
        path = [bytes.fromhex(node) for node in ours["path"]]
        if reader().get_inclusion_proof(ours["index"], ours["size"]).node_hashes != path:
            return False
        InclusionProof(ours["index"], ours["size"], path).check(bytes.fromhex(ours["leaf"]), bytes.fromhex(ours["root"]))
    return True


@referee.asks("consistency proofs: ours are those it makes itself, and hold")
def consistency():
    for ours in proofs["consistency"]:
        path = [bytes.fromhex(node) for node in ours["path"]]
        if reader().get_consistency_proof(ours["old"], ours["new"]).node_hashes != path:
            return False
        old_root, new_root = bytes.fromhex(ours["old_root"]), bytes.fromhex(ours["new_root"])
        ConsistencyProof(ours["old"], ours["new"], path).check(old_root, new_root)
    return True


@referee.asks("signs a head with Ed25519 and with ML-DSA-44 (our code reads it below)")
def sign():
    signers = [PlainEd25519Signer(log.name, bytes([1] * 32)), MLDSA44CosignatureSigner("pq.example/w2", bytes([3] * 32))]
    head = Checkpoint.make_signed(log.name, 5, next(head.root_hash for size, head in heads() if size == 5), signers)
    referee.answer(folder, head.serialize(), [signer.vkey.serialize() for signer in signers])
    return head.signatures[0].serialize() == (folder / "heads/5").read_text().split("\n")[4]


referee.done()
