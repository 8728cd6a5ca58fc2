// The verifiable map (docs/formats.md section 10): subject → complete list of its events. Mirrors map.rs.
// Scope: keys, list roots, and reading one proof for several keys. Out of scope: which subjects a code
// needs (bundle.js).

import { bytesOfText, concat, encode, equal, hex, must, u64 } from "./cbor.js";
import { sha256 } from "./crypto.js";
import { leafHash, rootOf } from "./merkle.js";

export const PROOF_BYTES_MAX = 1 << 20;
export const KEYS_MAX = 4096;
const DEPTH_MAX = 256;

const KEY_PREFIX = concat(bytesOfText("ocop-map/v1"), Uint8Array.of(0));
const LEAF = Uint8Array.of(2);
const NODE = Uint8Array.of(3);
const EMPTY = new Uint8Array(32);

/** The key of a subject such as ["lot", "ORG-01", "A1"]. */
export const mapKey = (subject) => sha256(KEY_PREFIX, encode(subject));

/** Root over the entries [leaf index, event id] in log order. */
export const listRoot = (entries) => rootOf(entries.map((entry) => leafHash(encode(entry))));

const bitAt = (key, depth) => (key[depth >> 3] >> (7 - (depth & 7))) & 1;

/**
 * Rebuilds the root from a proof.
 * @param {Uint8Array} bytes the proof
 * @param {Uint8Array[]} keys the asked keys
 * @returns {{root: Uint8Array, leaves: Map<string, {count: number, root: Uint8Array}>}} asked keys that are
 *   present, by hex; an asked key that is not in it is absent from the map
 */
export function readProof(bytes, keys) {
  must(bytes.length <= PROOF_BYTES_MAX && keys.length <= KEYS_MAX, "the map proof is too large");
  const proof = new Proof(bytes);
  const node = proof.node(0, keys, []);
  must(proof.at === bytes.length, "bytes follow the map proof");
  return { root: node.hash, leaves: proof.leaves };
}

class Proof {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
    this.leaves = new Map();
  }

  take(n) {
    must(n <= this.bytes.length - this.at, "the map proof ends too early");
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }

  /** One node; `keys` are the asked keys below it, `path` the bits that lead to it. One map and one set of
   *  keys have one proof: a subtree without an asked key is always cut, unless it is empty. */
  node(depth, keys, path) {
    const kind = this.take(1)[0];
    if (kind === 0) return { hash: EMPTY, leaves: 0 };
    if (kind === 3) return this.cut(keys);
    must(kind === 1 || kind === 2, "an unknown node in the map proof");
    must(keys.length > 0, "the map proof is not cut where no key was asked for");
    return kind === 1 ? this.leaf(keys, path) : this.inner(depth, keys, path);
  }

  cut(keys) {
    must(keys.length === 0, "the map proof is cut where a key was asked for");
    const hash = this.take(32);
    must(!equal(hash, EMPTY), "the map proof cuts an empty subtree");
    return { hash, leaves: 2 }; // two or more, or not known
  }

  leaf(keys, path) {
    const key = this.take(32);
    const count = this.take(8);
    const root = this.take(32);
    must(path.every((bit, depth) => bitAt(key, depth) === bit), "a map leaf in the wrong place");
    must(!count.every((byte) => byte === 0), "a map leaf with an empty list");
    const name = hex(key);
    if (keys.some((asked) => hex(asked) === name)) {
      this.leaves.set(name, { count: hex(count), root });
    }
    return { hash: sha256(LEAF, key, count, root), leaves: 1 };
  }

  inner(depth, keys, path) {
    must(depth < DEPTH_MAX, "the map proof is too deep");
    const side = (bit) => this.node(depth + 1, keys.filter((key) => bitAt(key, depth) === bit), [...path, bit]);
    const left = side(0);
    const right = side(1);
    // A subtree with one leaf is that leaf: another shape would let a key stand where nobody looks for it.
    must(left.leaves + right.leaves >= 2, "the map proof has a needless level");
    return { hash: sha256(NODE, left.hash, right.hash), leaves: 2 };
  }
}

/** Whether the asked list is what the map holds under the key; an empty list asks for absence. */
export function holds(leaves, key, entries) {
  const leaf = leaves.get(hex(key));
  if (entries.length === 0) return leaf === undefined;
  return leaf !== undefined && leaf.count === hex(u64(entries.length)) && hex(leaf.root) === hex(listRoot(entries));
}
