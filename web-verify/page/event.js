// What can be said, and how it is signed: genesis, envelopes, payloads and the table of kinds and fields
// (docs/formats.md sections 2 to 6 and 9). Mirrors genesis.rs, sign.rs, kind.rs, body.rs and subject.rs.
// Out of scope: whether the signature holds (crypto.js), whether the signer may say it (roster.js).

import { bytesOfText, concat, decode, encode, equal, hex, must } from "./cbor.js";
import { isSoundPoint, sha256 } from "./crypto.js";
import { leafHash } from "./merkle.js";
import { dateDays, yearOf } from "./time.js";

export const ENVELOPE_BYTES_MAX = 16384;
/** The record of a conflict holds another envelope. */
export const LEAF_BYTES_MAX = 32768;
const GENESIS_BYTES_MAX = 4096;
const TEXT_MAX = 512;
const LONG_TEXT_MAX = 8192;
const ARRAY_MAX = 64;

// ---- section 6: kinds. `a!` must be there, `a` may, `a|b` at least one. Last: who may say it ----

const KINDS = new Map(
  `season_start|field!|producer
stock|field! qty|producer
fertilise|field! qty|producer
spray|field! ingredient! wait_days!|producer
treat|field! ingredient! wait_days!|producer
feed|field! qty|producer
bag|field! qty|producer
sensor|field!|producer
check|result! field/place/lots|inspector
harvest|field! outputs! began|producer
ship|lots! to! place qty|trader
transport|lots! to place qty|carrier
receive|place! lots/inputs/outputs from qty|trader
grade|lots/inputs outputs place qty loss|maker
merge|inputs! outputs! place loss added|maker
split|inputs! outputs! place loss|maker
process|lots/inputs outputs place qty loss added|maker
treatment|lots/inputs outputs place qty loss|maker
lab_sample|field/lots place lab qty|sampler
lab_result|result! lots/ref place|laboratory
quarantine|lots! result! place qty area_code|authority
pack|inputs! outputs! place loss added area_code|maker
label|lots! count serials place old_label label_address|maker
load|inputs! outputs! sscc! place area_code|maker
store|lots! place qty|trader
list|lots! place qty|trader
sell|lots! to place qty|trader
sold_out|lots! place qty|trader
hold|lots/product/target_place/org place qty reason|keeper
release|lots/product/target_place/org place qty reason ref|authority
recall|lots/product/target_place/org period place qty reason|keeper
recall_lift|ref! reason|issuer
destroy|lots! place reason|keeper
correct|ref! fix! place reason|author
report|lots! category!|reporter
place|id! name! type! commune! point! exact area crop variety season gln old_address|member
product|id! name! unit! name_en group gtin net shelf storage origin gi sources picture|member
certificate|target_place/product/org standard! number! valid|holder
place_code|target_place! code_type! code! valid|authority
permit|target_place! code! lots! to! qty|holder
same_as|product! gtin!|holder
rating|product! stars! decision! valid!|authority
delegate|to! products!|holder
undelegate|ref! reason|author
bind|lot! codes!|maker
org|id! name! roles! name_en form legal commune address old_address tax gln|governor
suspend|org! reason!|governor
readmit|org! reason|governor
grant|org! roles!|governor
withdraw|org! roles! reason|governor
device|org! key! where! rights host|steward
revoke|org! key! last reason|steward
replace|org! key! old! where! last rights host|steward
allow_epoch|org! key!|steward
conflict|ref! org! envelope!|member
peer|org! key!|steward
unpeer|org! key!|steward
anchor|text!|governor
threshold|count!|governor
publish|what! number! hash!|governor
approve|ref!|approver
erase|ref! commitment! reason|issuer
epoch||member
map_head|size! root!|sequencer`
    .split("\n")
    .map((row) => {
      const [kind, fields, who] = row.split("|");
      const demands = fields.split(" ").filter((field) => field !== "");
      const common = kind === "map_head" ? [] : ["entry", "facts", "sealed"];
      const allowed = new Set([...demands.flatMap((d) => d.replace("!", "").split("/")), ...common, "kind"]);
      const needed = demands.filter((d) => /[!/]/.test(d)).map((d) => d.replace("!", "").split("/"));
      return [kind, { allowed, needed, who }];
    }),
);

/** The word of section 7 that says who may say a kind. */
export const whoMaySay = (kind) => KINDS.get(kind).who;

// ---- section 5 and 6: forms of values ----

const isText = (v, max = TEXT_MAX) => typeof v === "string" && v.trim() !== "" && isWithin(v, max);
/** At most so many bytes; a unit of UTF-16 takes at most three, so short texts need no counting. */
const isWithin = (text, max) => text.length * 3 <= max || bytesOfText(text).length <= max;
const isUint = (v) => Number.isSafeInteger(v) && v >= 0;
const isInt = (v, limit) => Number.isSafeInteger(v) && Math.abs(v) <= limit;
const isHash = (v) => v instanceof Uint8Array && v.length === 32;
const isArray = (v, n) => Array.isArray(v) && v.length === n;
const matches = (pattern) => (v) => typeof v === "string" && pattern.test(v);
function oneOf(text) {
  const words = new Set(text.split(" "));
  return (v) => words.has(v);
}
const listOf = (form) => (v) => Array.isArray(v) && v.length > 0 && v.length <= ARRAY_MAX && v.every(form);
const or = (a, b) => (v) => a(v) || b(v);
const isNull = (v) => v === null;

const isOrg = matches(/^[A-Z][A-Z0-9-]{0,31}$/);
const isNumber = matches(/^[A-Z0-9-]{1,32}$/);
const isLotNumber = matches(/^[A-Za-z0-9!"%&'()*+,\-./_:;<=>?]{1,20}$/);
const isPlace = (v) => isArray(v, 2) && isOrg(v[0]) && isNumber(v[1]);
const isLot = (v) => isArray(v, 2) && isOrg(v[0]) && isLotNumber(v[1]);
const isDate = (v) => typeof v === "string" && dateDays(v) !== null;
const isDateOrNull = or(isDate, isNull);
const isSealable = or(isHash, (v) => isText(v));
const UNITS = oneOf("KGM LTR HAR H87 HEA XCT XBX XPK XBG XJR XBO");
const QUANTITY_MAX = 1e12;
const isQuantity = (v) => isArray(v, 3) && isUint(v[0]) && v[0] <= QUANTITY_MAX && isUint(v[1]) && v[1] <= 6 && UNITS(v[2]);
const isLotUse = (v) => isArray(v, 2) && isLot(v[0]) && (v[1] === null || isQuantity(v[1]));
const ROLES =
  "auditor authority carrier certifier laboratory marketplace node_host packer processor producer product_owner retailer";

/** [seconds, offset in minutes]; years 1900 to 2199 in that offset. */
function isTime(v) {
  if (!isArray(v, 2) || !isInt(v[0], 2 ** 52) || !isInt(v[1], 840)) return false;
  const year = yearOf(v);
  return year >= 1900 && year < 2200;
}

/** GS1 check digit, weights 3, 1, 3, 1 … from the right. */
function isGs1(length) {
  return (v) => {
    if (typeof v !== "string" || v.length !== length || !/^[0-9]+$/.test(v)) return false;
    const sum = [...v].reverse().reduce((total, digit, i) => total + Number(digit) * (i % 2 === 1 ? 3 : 1), 0);
    return sum % 10 === 0;
  };
}

const SHORT_CODE = "23456789ABCDEFGHJKLMNPQRSTVWXYZ";

/** Canonical text of a printed code. */
export function isCode(v) {
  if (typeof v !== "string") return false;
  const gs1 = /^01\/([0-9]{14})\/10\/(.+)$/.exec(v);
  if (gs1) return isGs1(14)(gs1[1]) && isLotNumber(gs1[2]) && !/^\.\.?$/.test(gs1[2]);
  const letters = /^t\/([2-9A-HJ-NP-TV-Z]{9})$/.exec(v)?.[1];
  if (!letters) return false;
  const sum = [...letters.slice(0, 8)].reduce((total, letter, i) => total + SHORT_CODE.indexOf(letter) * (i + 2), 0);
  return SHORT_CODE[sum % 31] === letters[8];
}

function isFacts(v) {
  if (!isMap(v)) return false;
  const entries = Object.entries(v);
  const fits = ([name, text]) => name !== "" && isWithin(name, 64) && isText(text);
  return entries.length > 0 && entries.length <= 32 && entries.every(fits);
}

const isMap = (v) => v !== null && typeof v === "object" && !Array.isArray(v) && !(v instanceof Uint8Array);

const OUTPUT = { no: isLotNumber, owner: isOrg, qty: isQuantity, product: isPlace, made: isDate, expires: isDate, net: isQuantity };

function isOutput(v) {
  return isMap(v) && Object.keys(v).every((key) => OUTPUT[key]?.(v[key])) && "no" in v && "owner" in v && "qty" in v;
}

const isWaitDays = (v) => isUint(v) && v <= 3650;
const isOutcome = oneOf("pass fail");

/** Path of a correction → form of the value. */
const FIXES = {
  qty: isQuantity,
  loss: isQuantity,
  added: isQuantity,
  occurred: isTime,
  began: isTime,
  count: isUint,
  wait_days: isWaitDays,
  ingredient: (v) => isText(v),
  result: isOutcome,
};
/** The same for the paths into a list, without the number in it. */
const FIXES_IN = {
  "outputs/": isNull,
  "outputs/qty": isQuantity,
  "outputs/made": isDate,
  "outputs/expires": isDate,
  "inputs/qty": isQuantity,
  "lots/qty": isQuantity,
};

function isFix(v) {
  if (!isArray(v, 2) || typeof v[0] !== "string") return false;
  if (Object.hasOwn(FIXES, v[0])) return FIXES[v[0]](v[1]);
  const fact = /^facts\/(.+)$/s.exec(v[0])?.[1];
  if (fact !== undefined) return isWithin(fact, 64) && isText(v[1]);
  const [, list, n, , field = ""] = /^([a-z]+)\/(0|[1-9][0-9]?)(\/([a-z]+))?$/.exec(v[0]) ?? [];
  const form = FIXES_IN[`${list}/${field}`];
  return form !== undefined && Number(n) < ARRAY_MAX && form(v[1]);
}

const isRoleList = listOf(oneOf(ROLES));
const isRoles = (v) => isRoleList(v) && v.every((role, i) => i === 0 || v[i - 1] < role);
const isPoint = (v) => isArray(v, 2) && isInt(v[0], 900_000_000) && isInt(v[1], 1_800_000_000);
const isCommune = (v) => isArray(v, 3) && isText(v[0], 10) && isDate(v[1]) && isText(v[2]);
const isPair = (form) => (v) => isArray(v, 2) && v.every(form);

/** Field → form of its value; `id` depends on the kind. */
const FIELDS = {
  field: isPlace,
  place: isPlace,
  target_place: isPlace,
  lots: listOf(isLotUse),
  inputs: listOf(isLotUse),
  outputs: listOf(isOutput),
  qty: isQuantity,
  loss: isQuantity,
  added: isQuantity,
  to: isOrg,
  from: isOrg,
  lab: isOrg,
  org: isOrg,
  host: isOrg,
  wait_days: isWaitDays,
  began: isTime,
  result: isOutcome,
  count: isUint,
  serials: (v) => isPair(isUint)(v) && v[0] <= v[1],
  old_label: (v) => v === true,
  sscc: isGs1(18),
  gln: isGs1(13),
  gtin: isGs1(14),
  product: isPlace,
  products: listOf(isPlace),
  sources: listOf(isPlace),
  period: (v) => isArray(v, 2) && v.every(isDate) && v[0] <= v[1],
  valid: isPair(isDateOrNull),
  ref: isHash,
  fix: isFix,
  category: oneOf("smell taste packaging foreign_body counterfeit other"),
  entry: oneOf("phone phone_offline pc sheet sensor api"),
  facts: isFacts,
  sealed: (v) => isArray(v, 2) && (v[0] === "partners" || v[0] === "authority") && isHash(v[1]),
  name: isSealable,
  address: isSealable,
  tax: isSealable,
  label_address: isSealable,
  old_address: isSealable,
  type: oneOf("plot pond barn collection preparation workshop packing_house laboratory office depot shop"),
  commune: isCommune,
  point: isPoint,
  exact: isHash,
  area: (v) => isQuantity(v) && v[2] === "HAR",
  picture: isHash,
  code_type: oneOf("growing_domestic growing_export pond packing_house"),
  stars: (v) => v === 3 || v === 4 || v === 5,
  codes: listOf(isCode),
  lot: isLot,
  roles: isRoles,
  key: isHash,
  where: oneOf("own hosted phone api"),
  old: isHash,
  last: isPair(isUint),
  rights: oneOf("administrator recorder"),
  envelope: (v) => v instanceof Uint8Array && v.length > 0 && v.length <= ENVELOPE_BYTES_MAX,
  commitment: isHash,
  what: oneOf("page code_list pesticide_list"),
  hash: isHash,
  text: (v) => isText(v, LONG_TEXT_MAX),
  size: isUint,
  root: isHash,
};

const TEXT_FIELDS =
  "ingredient reason name_en crop variety season group unit net shelf storage origin gi decision standard number form legal code area_code";
for (const name of TEXT_FIELDS.split(" ")) FIELDS[name] = (v) => isText(v);

function checkBody(body) {
  must(isMap(body) && typeof body.kind === "string", "the body is not a map with a kind");
  const row = KINDS.get(body.kind);
  must(row, "an unknown kind");
  for (const [name, value] of Object.entries(body)) {
    if (name === "kind") continue;
    must(row.allowed.has(name), `${body.kind} has no field ${name}`);
    const form = name === "id" ? (body.kind === "org" ? isOrg : isNumber) : FIELDS[name];
    must(form(value), `field ${name} is not of its form`);
  }
  must(row.needed.every((names) => names.some((name) => name in body)), `${body.kind} lacks a field`);
  must(!("facts" in body && "sealed" in body), "facts both public and sealed");
}

// ---- section 2: genesis ----

export function parseGenesis(bytes) {
  must(bytes.length <= GENESIS_BYTES_MAX, "the genesis is too long");
  const g = decode(bytes);
  must(isMap(g) && g.format === "ocop-genesis/v1", "not a genesis");
  const known = "format name origin log_key authority sequencer created sample".split(" ");
  must(Object.keys(g).every((key) => known.includes(key)), "unknown fields in the genesis");
  const a = g.authority;
  must(isMap(a) && Object.keys(a).length === 4 && isOrg(a.org) && typeof a.name === "string", "genesis: authority");
  const sound = (key) => isHash(key) && isSoundPoint(key);
  must(Array.isArray(a.devices) && a.devices.length > 0 && a.devices.length <= 16, "genesis: devices");
  must(a.devices.every(sound) && isUint(a.threshold) && a.threshold >= 1 && a.threshold <= a.devices.length && sound(g.log_key) && sound(g.sequencer), "genesis: keys");
  must(typeof g.name === "string" && typeof g.origin === "string" && isTime(g.created), "genesis: texts");
  must(g.sample === undefined || isDate(g.sample), "genesis: sample");
  return { ...g, id: sha256(bytes) };
}

// ---- sections 3 and 4: envelope and payload ----

const ENVELOPE_HEAD = Uint8Array.of(0xd2);
const KEY_HEAD = concat(Uint8Array.of(0xa4, 0x01, 0x27, 0x03), encode("ocop/event"), Uint8Array.of(0x04, 0x58, 0x20));
const ISS_HEAD = Uint8Array.of(0x0f, 0xa1, 0x01);
const AAD_LINE = bytesOfText("ocop-event/v1\n");

/**
 * Reads an envelope without checking its signature. `id` may be given where it is known.
 * @returns {{id, key (hex of the id), kid, device (hex of kid), iss, epoch, seq, prev, occurred, signed, kind, body,
 *   refKey (hex of body.ref, or null), protected, payload, signature}}
 */
export function parseEnvelope(bytes, id = leafHash(bytes)) {
  must(bytes.length <= LEAF_BYTES_MAX && equal(bytes.subarray(0, 1), ENVELOPE_HEAD), "not an envelope");
  const parts = decode(bytes.subarray(1));
  must(isArray(parts, 4), "not an envelope");
  const [head, unprotected, payload, signature] = parts;
  must([head, payload, signature].every((part) => part instanceof Uint8Array), "not an envelope");
  must(isMap(unprotected) && Object.keys(unprotected).length === 0 && signature.length === 64, "not an envelope");
  const said = parsePayload(payload);
  must(bytes.length <= ENVELOPE_BYTES_MAX || said.kind === "conflict", "the envelope is too long");
  return { id, key: hex(id), ...parseProtected(head), ...said, protected: head, payload, signature };
}

/** Exactly {1: -8, 3: "ocop/event", 4: kid, 15: {1: iss}}. */
function parseProtected(head) {
  const at = KEY_HEAD.length;
  const kid = head.subarray(at, at + 32);
  const iss = decode(head.subarray(at + 32 + ISS_HEAD.length));
  must(isOrg(iss) && equal(head, concat(KEY_HEAD, kid, ISS_HEAD, encode(iss))), "not the headers of an event");
  return { kid, device: hex(kid), iss };
}

function parsePayload(bytes) {
  const payload = decode(bytes);
  must(isMap(payload) && Object.keys(payload).length === 7 && payload.v === 1, "not a payload");
  const { epoch, seq, prev, occurred, signed, body } = payload;
  must(isUint(epoch) && isUint(seq) && isHash(prev) && isTime(occurred) && isTime(signed), "not a payload");
  checkBody(body);
  return { epoch, seq, prev, occurred, signed, body, kind: body.kind, refKey: body.ref ? hex(body.ref) : null };
}

/** What the signature covers: COSE Sig_structure with our external_aad. */
export function signedBytes(event, ledgerId) {
  return encode(["Signature1", event.protected, concat(AAD_LINE, ledgerId), event.payload]);
}

// ---- section 9: subjects ----

/** Commitments that stand in a body: [field, 32 bytes]. */
export function commitmentsOf({ body }) {
  const found = ["name", "address", "old_address", "tax", "label_address", "exact"]
    .filter((field) => body[field] instanceof Uint8Array)
    .map((field) => [field, body[field]]);
  return body.sealed ? [...found, ["facts", body.sealed[1]]] : found;
}

const NAMES_WIDE = new Set(["hold", "release", "recall", "certificate", "rating", "same_as", "place_code"]);
const NAMES_ORG = new Set(
  ("hold release recall certificate suspend readmit grant withdraw device revoke replace allow_epoch conflict peer " +
    "unpeer").split(" "),
);
const NAMES_LEDGER = new Set(["anchor", "threshold", "publish"]);

/** Lots that an event brings into being: [organisation, number]. */
export const createdLots = (event) => (event.body.outputs ?? []).map((output) => [event.iss, output.no]);

/** Every lot that an event names, those it creates included. */
export function lotsOf(event) {
  const { lots = [], inputs = [], lot } = event.body;
  const used = [...lots, ...inputs].map(([id]) => id);
  return [...used, ...createdLots(event), ...(lot ? [lot] : [])];
}

/** Subjects that an event names itself; those of the event it refers to come on top. */
export function ownSubjects(event) {
  const { kind, body, iss } = event;
  const subjects = lotsOf(event).map((lot) => [kind === "report" ? "report" : "lot", ...lot]);
  for (const code of body.codes ?? []) subjects.push(["code", code]);
  if (body.field) subjects.push([kind === "sensor" ? "sensor" : "field", ...body.field, yearOf(event.occurred)]);
  if (NAMES_WIDE.has(kind) && body.product) subjects.push(["product", ...body.product]);
  if (kind === "delegate") for (const product of body.products) subjects.push(["product", ...product]);
  if (NAMES_WIDE.has(kind) && body.target_place) subjects.push(["place", ...body.target_place]);
  if (NAMES_ORG.has(kind) && body.org) subjects.push(["organisation", body.org]);
  if (kind === "product" || kind === "place") subjects.push([kind, iss, body.id]);
  if (kind === "org") subjects.push(["organisation", body.id]);
  if (kind === "epoch") subjects.push(["organisation", iss]);
  if (NAMES_LEDGER.has(kind)) subjects.push(["ledger"]);
  return subjects;
}

const SUBJECTS = {
  lot: (ids) => isLot(ids),
  report: (ids) => isLot(ids),
  code: (ids) => ids.length === 1 && isCode(ids[0]),
  field: (ids) => ids.length === 3 && isPlace(ids.slice(0, 2)) && isInt(ids[2], 2 ** 31 - 1),
  sensor: (ids) => ids.length === 3 && isPlace(ids.slice(0, 2)) && isInt(ids[2], 2 ** 31 - 1),
  product: isPlace,
  place: isPlace,
  organisation: (ids) => ids.length === 1 && isOrg(ids[0]),
  ledger: (ids) => ids.length === 0,
};

export function isSubject(value) {
  return Array.isArray(value) && Object.hasOwn(SUBJECTS, value[0]) && SUBJECTS[value[0]](value.slice(1));
}

/** A subject as a key of a Map or Set. Ids hold no line feed. */
export const subjectName = (subject) => subject.join("\n");
/** A lot, place or product as a key of a Map or Set. */
export const idName = (id) => id.join("/");
