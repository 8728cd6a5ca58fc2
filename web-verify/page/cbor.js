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
    // The head read last: major type, low bits of its first byte, argument.
    this.major = 0;
    this.info = 0;
    this.n = 0;
  }

  /** Moves past so many bytes; where they began. */
  skip(n) {
    must(n <= this.bytes.length - this.at, "the bytes end too early");
    this.at += n;
    return this.at - n;
  }

  /** Reads a head; the argument must be in its shortest form. */
  head() {
    const first = this.bytes[this.skip(1)];
    this.major = first >> 5;
    this.info = first & 0x1f;
    this.n = this.info;
    if (this.info < 24) return;
    must(this.info <= 27 && this.major < 6, "a type that this format does not use");
    const length = 1 << (this.info - 24);
    const start = this.skip(length);
    let n = 0;
    for (let i = start; i < start + length; i++) n = n * 256 + this.bytes[i]; // beyond 2^53 inexact, and refused
    must(n >= (length === 1 ? 24 : 2 ** (4 * length)), "not in shortest form");
    must(n <= INT_MAX, "a number is out of range");
    this.n = n;
  }

  value(depth) {
    must(depth <= DEPTH_MAX && this.items-- > 0, "nested too deep or too many items");
    this.head();
    const n = this.n;
    switch (this.major) {
      case 0:
        return n;
      case 1:
        must(n < INT_MAX, "a number is out of range");
        return -1 - n;
      case 2:
        return this.bytes.subarray(this.skip(n), this.at);
      case 3:
        return this.text(n);
      case 4:
        return this.array(n, depth);
      case 5:
        return this.map(n, depth);
      default:
        must(this.major === 7 && this.info >= 20 && this.info <= 22, "a type that this format does not use");
        return this.info === 22 ? null : this.info === 21;
    }
  }

  text(n) {
    const start = this.skip(n);
    // Most texts are short plain ASCII, which is clean NFC; a TextDecoder for each would cost more than the rest.
    let plain = n <= 64 ? "" : null;
    for (let i = start; plain !== null && i < this.at; i++) {
      const byte = this.bytes[i];
      plain = byte >= 0x20 && byte < 0x7f ? plain + String.fromCharCode(byte) : null;
    }
    return plain ?? cleanText(this.bytes.subarray(start, this.at));
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
      this.head();
      must(this.major === 3, "a map key is not text");
      const key = this.text(this.n);
      const encoded = this.bytes.subarray(start, this.at);
      must(last === null || before(last, encoded), "map keys are not unique and sorted");
      last = encoded;
      map[key] = this.value(depth + 1);
    }
    return map;
  }
}

function cleanText(bytes) {
  let text;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new Malformed("text is not UTF-8");
  }
  must(!CONTROL.test(text) && text.normalize("NFC") === text, "text is not clean NFC");
  return text;
}

/** Bytewise order. Encoded keys carry their length first, so the shorter key comes first. */
function before(a, b) {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i] < b[i];
  return a.length < b.length;
}

// ---- encoding ----

export function encode(value) {
  const writer = new Writer();
  writer.value(value);
  return writer.bytes.slice(0, writer.length);
}

class Writer {
  constructor() {
    this.bytes = new Uint8Array(128);
    this.length = 0;
  }

  put(bytes) {
    while (this.length + bytes.length > this.bytes.length) {
      const larger = new Uint8Array(2 * this.bytes.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  head(major, n) {
    const first = major << 5;
    if (n < 24) this.put([first | n]);
    else if (n < 2 ** 8) this.put([first | 24, n]);
    else if (n < 2 ** 16) this.put([first | 25, n >> 8, n & 0xff]);
    else if (n < 2 ** 32) this.put([first | 26, ...u64(n).subarray(4)]);
    else this.put([first | 27, ...u64(n)]);
  }

  value(value) {
    if (typeof value === "number") this.head(value < 0 ? 1 : 0, value < 0 ? -1 - value : value);
    else if (typeof value === "string") this.string(3, bytesOfText(value));
    else if (value instanceof Uint8Array) this.string(2, value);
    else if (Array.isArray(value)) {
      this.head(4, value.length);
      for (const item of value) this.value(item);
    } else if (value === false || value === true || value === null) this.put([value === null ? 0xf6 : value ? 0xf5 : 0xf4]);
    else this.map(value);
  }

  string(major, bytes) {
    this.head(major, bytes.length);
    this.put(bytes);
  }

  map(map) {
    const entries = Object.keys(map).map((key) => [encode(key), map[key]]);
    entries.sort(([a], [b]) => (before(a, b) ? -1 : 1));
    this.head(5, entries.length);
    for (const [key, value] of entries) {
      this.put(key);
      this.value(value);
    }
  }
}
