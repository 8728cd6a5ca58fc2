// How organisations, places, products, quantities and values are called on the page, from events in force.
// The last registration counts. Out of scope: which of them are shown (view.js).

import { hex } from "./cbor.js";
import { idName } from "./event.js";
import { showNumber } from "./quantity.js";
import { showDate, showTime } from "./time.js";
import { fill } from "./words.js";

export class Names {
  /** @param result as verify.js gives it; @param words of one language */
  constructor(result, words) {
    this.words = words;
    this.privates = result.privates;
    this.authority = result.authority;
    // As admitted: an admission that waits for the consent of other officers names nobody yet.
    this.orgs = new Map([...result.orgs].map(([id, { body }]) => [id, body]));
    this.places = new Map();
    this.products = new Map();
    for (const { kind, iss, body } of result.events) {
      if (kind === "place") this.places.set(idName([iss, body.id]), body);
      if (kind === "product") this.products.set(idName([iss, body.id]), body);
      // The same product under a later barcode number.
      const same = kind === "same_as" && this.products.get(idName(body.product));
      if (same) this.products.set(idName(body.product), { ...same, gtin: body.gtin });
    }
  }

  /** A text, or what was opened of a commitment; null when it is withheld. */
  text(value) {
    return value instanceof Uint8Array ? (this.privates.get(hex(value))?.value ?? null) : (value ?? null);
  }

  isErased = (value) => value instanceof Uint8Array && this.privates.get(hex(value))?.state === "erased";

  /** A name, or that it is not published, or that it was erased. */
  named(value, id) {
    const { sealedName, erasedName } = this.words;
    return this.text(value) ?? fill(this.isErased(value) ? erasedName : sealedName, { id });
  }

  org(id) {
    const body = this.orgs.get(id);
    if (!body) return id === this.authority.org ? this.authority.name : id;
    if (this.words.lang === "en" && body.name_en) return body.name_en;
    return this.named(body.name, id);
  }

  place(id) {
    const body = this.places.get(idName(id));
    return body ? this.named(body.name, id[1]) : id[1];
  }

  /** Whether the place is registered among what was checked; a bare number tells a shopper nothing. */
  knows = (id) => this.places.has(idName(id));

  /** A fact as it was signed, with times as people here write them. */
  fact = (text) => text.replace(/\b(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d)\b/g, "$4 $3/$2/$1");

  commune = (body) => body?.commune?.[2] ?? null;

  product(id) {
    const body = this.products.get(idName(id));
    if (!body) return idName(id);
    return this.words.lang === "en" && body.name_en ? body.name_en : (this.text(body.name) ?? idName(id));
  }

  quantity = (qty) => `${showNumber(qty, this.words.thousands, this.words.comma)} ${this.words.units[qty[2]]}`;

  count = (n) => showNumber([n, 0], this.words.thousands);

  /** A subject such as ["lot", "ORG-01", "A1"] for the independent check. */
  subject = (subject) => subject.join(" ");

  /** A value of a corrected field, by the path of the correction. */
  value(path, value) {
    const { marks } = this.words;
    const field = path.startsWith("facts/") ? "facts" : path.split("/").at(-1);
    if (["qty", "loss", "added"].includes(field)) return this.quantity(value);
    if (["made", "expires"].includes(field)) return showDate(value);
    if (["occurred", "began"].includes(field)) return showTime(value);
    if (field === "result") return marks[value];
    return typeof value === "number" ? this.count(value) : value;
  }

  /** 10,41 from 1e-7 degrees, rounded to what the public may know. */
  degrees = (e7) => (e7 / 1e7).toFixed(2).replace(".", this.words.comma);
}
