// SHA-256, and Ed25519 held to the strict rules of docs/formats.md section 3.
// Scope: bytes in, yes or no out. Out of scope: who may sign what (roster.js).
//
// Ed25519 is always WebCrypto: no home-made curve arithmetic. SHA-256 is written here: a bundle needs some hundreds
// of small hashes, most of which wait for another, so that digest() of WebCrypto would make every parser asynchronous
// and gain nothing (1,000 hashes in Chromium: 15 to 29 ms here, 15 to 75 ms there).

import { concat, hex, Malformed, unhex } from "./cbor.js";

/** This browser cannot check signatures. `why` is "insecure" (no HTTPS) or "unsupported" (no Ed25519). */
export class CannotCheck extends Error {
  constructor(why) {
    super(why);
    this.why = why;
  }
}

// ---- SHA-256 (FIPS 180-4) ----

const primes = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
const fraction = (x) => Math.floor((x - Math.floor(x)) * 2 ** 32);
const START = primes.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
const ROUND = Int32Array.from(primes, (p) => fraction(Math.cbrt(p)));
const schedule = new Int32Array(64);

export function sha256(...parts) {
  const message = pad(parts.length === 1 ? parts[0] : concat(...parts));
  const state = Int32Array.from(START);
  const view = new DataView(message.buffer);
  for (let at = 0; at < message.length; at += 64) compress(state, view, at);
  const out = new Uint8Array(32);
  const outView = new DataView(out.buffer);
  state.forEach((word, i) => outView.setInt32(4 * i, word));
  return out;
}

function pad(message) {
  const padded = new Uint8Array(((message.length + 72) >> 6) << 6);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(padded.length - 4, message.length << 3);
  return padded;
}

function compress(state, view, at) {
  const w = schedule;
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15];
    const y = w[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
  // Plain indexes: taking eight values apart through an iterator would cost more than the rounds.
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i] + w[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a; // an Int32Array wraps by itself
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

// ---- Ed25519 ----

const P = unhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"); // field, little-endian
const L = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"); // order of the base point

/** y of the points whose order divides 8 (Wycheproof, speccheck); with either sign bit. */
const SMALL_ORDER = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/** a < b, both 32 bytes little-endian. */
function less(a, b) {
  for (let i = 31; i >= 0; i--) if (a[i] !== b[i]) return a[i] < b[i];
  return false;
}

/** A point every verifier reads alike: y reduced, not of small order. x = 0 with the sign set is of small order. */
export function isSoundPoint(bytes) {
  if (bytes.length !== 32) return false;
  const y = Uint8Array.from(bytes);
  y[31] &= 0x7f;
  return less(y, P) && !SMALL_ORDER.has(hex(y));
}

/** Chromium takes small-order keys and R (measured), so they are refused here, and S ≥ L once more. */
function isSoundSignature(signature) {
  return signature.length === 64 && isSoundPoint(signature.subarray(0, 32)) && less(signature.subarray(32), L);
}

/**
 * Checks many signatures side by side; each key is imported once.
 * @param {{key: Uint8Array, message: Uint8Array, signature: Uint8Array}[]} jobs
 * @returns {Promise<boolean[]>}
 * @throws CannotCheck when the browser has no Ed25519 or the page no secure context
 */
export async function verifyAll(jobs) {
  const subtle = await usableSubtle();
  const keys = new Map();
  return Promise.all(
    jobs.map(async ({ key, message, signature }) => {
      const name = hex(key);
      if (!keys.has(name)) keys.set(name, isSoundPoint(key) ? importKey(subtle, key) : null);
      if (!isSoundSignature(signature)) return false;
      const imported = await keys.get(name);
      return imported !== null && subtle.verify("Ed25519", imported, signature, message);
    }),
  );
}

/** Bytes that are no point of the curve may fail at import; that is a bad key, not a poor browser. */
const importKey = (subtle, key) => subtle.importKey("raw", key, "Ed25519", false, ["verify"]).catch(() => null);

// A known good answer (RFC 8032 section 7.1, test 1): tells "no Ed25519 here" from "bad key".
const TEST_KEY = unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
const TEST_SIGNATURE = unhex(
  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
);

let usable = null;

/**
 * Asks once whether this browser can check signatures.
 * @throws CannotCheck saying why not
 */
export const assertCanCheck = async () => void (await usableSubtle());

async function usableSubtle() {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) throw new CannotCheck(globalThis.isSecureContext === false ? "insecure" : "unsupported");
  usable ??= probe(subtle);
  if (!(await usable)) throw new CannotCheck("unsupported");
  return subtle;
}

async function probe(subtle) {
  try {
    const key = await subtle.importKey("raw", TEST_KEY, "Ed25519", false, ["verify"]);
    return await subtle.verify("Ed25519", key, TEST_SIGNATURE, new Uint8Array());
  } catch {
    return false;
  }
}

// ---- base64 (RFC 4648 section 4, padded, canonical) ----

export function unbase64(text) {
  let binary;
  try {
    binary = atob(text);
  } catch {
    throw new Malformed("not base64");
  }
  if (btoa(binary) !== text) throw new Malformed("not canonical base64");
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
