// Everything that one phone needs for one code (docs/formats.md section 12): reading it, and which subjects
// must be in it. Mirrors bundle.rs. Out of scope: whether any of it is true (verify.js).

import { decode, must } from "./cbor.js";
import { isCode, isSubject, subjectName } from "./event.js";
import { placeOf, resolve } from "./family.js";
import { yearOf } from "./time.js";

export const BUNDLE_BYTES_MAX = 1 << 20;
/** A bundle is no signed statement; it may hold as many values as fit in its bytes with room for ids. */
const BUNDLE_ITEMS_MAX = 1 << 16;

const isBytes = (v) => v instanceof Uint8Array;
const isIndex = (v) => Number.isSafeInteger(v) && v >= 0;

/**
 * Reads a bundle, strictly.
 * @returns {{code, genesis, checkpoint, head: {index, envelope, proof}, subjects: [{subject, indexes}],
 *   events: [{index, envelope}], map, openings}}
 */
export function parseBundle(bytes) {
  must(bytes.length <= BUNDLE_BYTES_MAX, "the bundle is too large");
  const b = decode(bytes, BUNDLE_ITEMS_MAX);
  const keys = "format code genesis checkpoint head subjects events map openings".split(" ");
  must(b !== null && typeof b === "object" && b.format === "ocop-bundle/v1", "not a bundle");
  must(Object.keys(b).length === keys.length && keys.every((key) => key in b), "unknown or missing fields");
  must(isCode(b.code) && isBytes(b.genesis) && typeof b.checkpoint === "string" && isBytes(b.map), "malformed bundle");
  must(Array.isArray(b.openings) && b.openings.every(isBytes), "malformed openings");
  const { code, genesis, checkpoint, map, openings } = b;
  const events = parseEvents(b.events);
  return { code, genesis, checkpoint, head: parseHead(b.head), subjects: parseSubjects(b.subjects), events, map, openings };
}

function parseHead(head) {
  must(Array.isArray(head) && head.length === 3, "malformed head");
  const [index, envelope, proof] = head;
  must(isIndex(index) && isBytes(envelope), "malformed head");
  must(Array.isArray(proof) && proof.every((h) => isBytes(h) && h.length === 32), "malformed head");
  return { index, envelope, proof };
}

function parseEvents(events) {
  must(Array.isArray(events), "malformed events");
  must(events.every((e) => Array.isArray(e) && e.length === 2 && isIndex(e[0]) && isBytes(e[1])), "malformed events");
  return events.map(([index, envelope]) => ({ index, envelope }));
}

function parseSubjects(subjects) {
  must(Array.isArray(subjects), "malformed subjects");
  return subjects.map((entry) => {
    must(Array.isArray(entry) && entry.length === 2 && isSubject(entry[0]), "malformed subject");
    const [subject, indexes] = entry;
    must(Array.isArray(indexes) && indexes.every(isIndex), "malformed list of a subject");
    return { subject, indexes };
  });
}

/**
 * The subjects that a bundle must hold, as far as its events tell.
 * @param {string} authority the authority's organisation
 * @param {object[]} events in force, in log order
 * @param {import("./family.js").Creations} creations among them
 * @returns {string[][]} each once
 */
export function wantedSubjects(code, authority, events, creations) {
  const wanted = [["code", code], ["ledger"], ["organisation", authority]];
  for (const event of events) wanted.push(["organisation", event.iss]);
  // Which binding took effect depends on the lot, its product and its delegations.
  for (const { kind, body } of events) {
    if (kind !== "bind" || !body.codes.includes(code)) continue;
    wanted.push(["lot", ...body.lot]);
    const product = creations.told(body.lot)?.output.product;
    if (product) wanted.push(["product", ...product]);
  }
  const { lot } = resolve(code, events, creations);
  if (lot) for (const member of creations.reach(lot).lots) wanted.push(...subjectsOfMember(creations, member));
  return [...new Map(wanted.map((subject) => [subjectName(subject), subject])).values()];
}

/** The lot itself, its creator; of every creation, those withdrawn included, the owner, product, field and place. */
function subjectsOfMember(creations, lot) {
  const wanted = [["lot", ...lot], ["organisation", lot[0]]];
  for (const creation of creations.stated(lot)) {
    const { event, output } = creation;
    wanted.push(["organisation", output.owner]);
    if (output.product) wanted.push(["product", ...output.product]);
    if (placeOf(creation)) wanted.push(["place", ...placeOf(creation)]);
    const year = yearOf(event.occurred);
    if (event.body.field) wanted.push(["field", ...event.body.field, year], ["field", ...event.body.field, year - 1]);
  }
  return wanted;
}
