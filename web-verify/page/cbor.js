// Deterministic CBOR (RFC 8949 section 4.2.1, docs/formats.md section 1) and nothing else.
// In scope: the one encoding, and a decoder that accepts only what it would have written.
// Out of scope: what the values mean. Mirrors ledger-core/src/encode.rs.
//
// Values: integers are numbers, byte strings Uint8Array, texts strings, arrays arrays, maps objects
// without prototype (so a key such as "__proto__" is a key like any other), false, true, null.

export const INT_MAX = Number.MAX_SAFE_INTEGER; // 2^53 − 1
export const DEPTH_MAX = 12;
export const ITEMS_MAX = 4096; // enough for any body, few enough to decode in microseconds

const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;
const PLAIN = /^[ -~]*$/; // ASCII is NFC and clean: most texts skip the slow checks

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8Encoder = new TextEncoder();

export class Malformed extends Error {}

/** Refuses whatever is not so. Every parser of this page fails through here. */
export function must(condition, why) {
  if (!condition) throw new Malformed(why);
}

export const bytesOfText = (text) => utf8Encoder.encode(text);

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const equal = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hex(bytes) {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

export function unhex(text) {
  must(/^([0-9a-f]{2})*$/.test(text), "not lower-case hex");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** u64, big-endian. */
export function u64(n) {
  const out = new Uint8Array(8);
  const view = new DataView(out.buffer);
  view.setUint32(0, Math.floor(n / 2 ** 32));
  view.setUint32(4, n % 2 ** 32);
  return out;
}

// ---- decoding ----

/** Decodes all of the bytes. `items` is the most values that may stand in them. */
export function decode(bytes, items = ITEMS_MAX) {
  const reader = new Reader(bytes, items);
  const value = reader.value(0);
  must(reader.at === bytes.length, "bytes follow the value");
  return value;
}

class Reader {
  constructor(bytes, items) {
    this.bytes = bytes;
    this.at = 0;
    this.items = items;
  }

  take(n) {
    must(n <= this.bytes.length - this.at, "the bytes end too early");
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }

  /** Major type, argument and the low bits of the first byte; the argument in its shortest form. */
  head() {
    const first = this.take(1)[0];
    const major = first >> 5;
    const info = first & 0x1f;
    if (info < 24) return [major, info, info];
    must(info <= 27 && major < 6, "a type that this format does not use");
    const length = 1 << (info - 24);
    let n = 0;
    for (const byte of this.take(length)) n = n * 256 + byte; // beyond 2^53 inexact, and refused below
    must(n >= (length === 1 ? 24 : 2 ** (4 * length)), "not in shortest form");
    must(n <= INT_MAX, "a number is out of range");
    return [major, n, info];
  }

  value(depth) {
    must(depth <= DEPTH_MAX && this.items-- > 0, "nested too deep or too many items");
    const [major, n, info] = this.head();
    switch (major) {
      case 0:
        return n;
      case 1:
        must(n < INT_MAX, "a number is out of range");
        return -1 - n;
      case 2:
        return this.take(n);
      case 3:
        return this.text(n);
      case 4:
        return this.array(n, depth);
      case 5:
        return this.map(n, depth);
      default:
        must(major === 7 && info >= 20 && info <= 22, "a type that this format does not use");
        return info === 22 ? null : info === 21;
    }
  }

  text(n) {
    const bytes = this.take(n);
    let text;
    try {
      text = utf8.decode(bytes);
    } catch {
      throw new Malformed("text is not UTF-8");
    }
    must(PLAIN.test(text) || (!CONTROL.test(text) && text.normalize("NFC") === text), "text is not clean NFC");
    return text;
  }

  array(n, depth) {
    // Nothing is allocated by the announced length: each item must really be there.
    const items = [];
    for (let i = 0; i < n; i++) items.push(this.value(depth + 1));
    return items;
  }

  map(n, depth) {
    const map = Object.create(null);
    let last = null;
    for (let i = 0; i < n; i++) {
      const start = this.at;
      const [major, length] = this.head();
      must(major === 3, "a map key is not text");
      const key = this.text(length);
      const encoded = this.bytes.subarray(start, this.at);
      must(last === null || before(last, encoded), "map keys are not unique and sorted");
      last = encoded;
      map[key] = this.value(depth + 1);
    }
    return map;
  }
}

/** Bytewise order. Encoded keys carry their length first, so the shorter key comes first. */
function before(a, b) {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i] < b[i];
  return a.length < b.length;
}

// ---- encoding ----

export function encode(value) {
  const out = [];
  write(value, out);
  return Uint8Array.from(out);
}

function write(value, out) {
  if (typeof value === "number") head(out, value < 0 ? 1 : 0, value < 0 ? -1 - value : value);
  else if (typeof value === "string") writeText(value, out);
  else if (value instanceof Uint8Array) {
    head(out, 2, value.length);
    for (const byte of value) out.push(byte);
  } else if (Array.isArray(value)) {
    head(out, 4, value.length);
    value.forEach((item) => write(item, out));
  } else if (value === false || value === true || value === null) out.push(value === null ? 0xf6 : value ? 0xf5 : 0xf4);
  else writeMap(value, out);
}

function writeText(text, out) {
  const bytes = bytesOfText(text);
  head(out, 3, bytes.length);
  for (const byte of bytes) out.push(byte);
}

function writeMap(map, out) {
  const entries = Object.keys(map).map((key) => [encode(key), map[key]]);
  entries.sort(([a], [b]) => (before(a, b) ? -1 : 1));
  head(out, 5, entries.length);
  for (const [key, value] of entries) {
    for (const byte of key) out.push(byte);
    write(value, out);
  }
}

function head(out, major, n) {
  const first = major << 5;
  if (n < 24) return out.push(first | n);
  const length = n < 2 ** 8 ? 1 : n < 2 ** 16 ? 2 : n < 2 ** 32 ? 4 : 8;
  out.push(first | (24 + Math.log2(length)));
  for (let i = length - 1; i >= 0; i--) out.push(Math.floor(n / 2 ** (8 * i)) % 256);
}
