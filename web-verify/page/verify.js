// Bundle + anchor + present → a list of statements (docs/formats.md section 13). Never a bare boolean.
//
// In scope: what the bytes prove. Out of scope: words for people, the clock, the network.
// The second implementation of ledger-core/src/verify.rs; both run ledger-core/vectors/.

import { bytesOfText, decode, hex, Malformed, must } from "./cbor.js";
import { parseBundle, wantedSubjects } from "./bundle.js";
import { COSIGNATURE_TYPE, LOG_TYPE, checkableKeys, membersOf, parseAnchor, parseCheckpoint, parseNote, quorumTime, signatureJob } from "./checkpoint.js";
import { sha256, verifyAll } from "./crypto.js";
import { commitmentsOf, ownSubjects, parseEnvelope, parseGenesis, signedBytes, subjectName } from "./event.js";
import { Creations, resolve } from "./family.js";
import { trace } from "./history.js";
import { holds, mapKey, readProof } from "./map.js";
import { isIncluded, leafHash } from "./merkle.js";
import { Roster } from "./roster.js";
import { dayOf, daysDate, vietnam } from "./time.js";

/** A head from the future is only a wrong clock, up to this much. */
const CLOCK_SKEW_SECONDS = 300;

export const STATEMENTS =
  "ledger checkpoint witnessed fresh map_head complete signatures members order code ancestry handover openings".split(" ");
/** Whether a confirmed state needs the statement. */
export const isNeeded = (name) => name !== "handover" && name !== "openings";

/**
 * Checks a bundle.
 * @param {Uint8Array} bytes the bundle
 * @param {string} anchorText the trust anchor that this phone pins
 * @param {number} now seconds since 1970 by the verifier's own clock
 * @param {string} [askedCode] the code that was scanned; a bundle for another one is contradicted
 * @returns statements: [{name, state, detail, by}]; state: "recalled", "held", "expired", "recorded",
 *   "unconfirmed" or "unknown_code"; lot and history when the code leads to a lot; and what a page shows besides
 * @throws {Malformed} when bundle, genesis or anchor are none at all; CannotCheck (crypto.js) when this browser cannot
 */
export async function verify(bytes, anchorText, now, askedCode = null) {
  const anchor = parseAnchor(anchorText);
  const bundle = parseBundle(bytes);
  const genesis = parseGenesis(bundle.genesis);
  const run = { anchor, bundle, genesis, now, askedCode: askedCode ?? bundle.code };
  await readSigned(run);
  const members = foldMembers(run);
  const creations = new Creations(run.events);
  const binding = resolve(bundle.code, run.events, creations);
  run.history = binding.lot && trace(run.events, binding.lot, businessDate(genesis, now), creations);
  const answers = {
    ledger: ledger(run),
    checkpoint: run.note ? proven(run.note.origin) : contradicted(run.noteFault),
    witnessed: witnessed(run),
    fresh: fresh(run),
    map_head: mapHead(run),
    complete: complete(run, creations),
    signatures: run.badEvents.length > 0 ? contradicted("bad_signature", run.badEvents) : proven(`${run.signed.length}`),
    members,
    order: order(run),
    code: code(run, binding),
    ancestry: ancestry(run),
    handover: handover(run),
    openings: openings(run),
  };
  const statements = STATEMENTS.map((name) => ({ name, ...answers[name] }));
  return { statements, state: stateLine(run, statements, binding), ...shown(run, binding) };
}

/** The business date of a ledger at a moment: the sample's, or today in Vietnam. */
export const businessDate = (genesis, now) => genesis.sample ?? daysDate(dayOf(vietnam(now)));

const proven = (detail = "", by = []) => ({ state: "proven", detail, by });
const lacking = (detail, by = []) => ({ state: "not_proven", detail, by });
const contradicted = (detail, by = []) => ({ state: "contradicted", detail, by });
const provenIf = (holds, detail) => (holds ? proven() : contradicted(detail));

function attempt(read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

// ---- signatures: all of them side by side, then sorted out ----

/** Reads note, head and events, and keeps those whose signatures hold: run.note, run.head, run.signed (log order);
 *  run.ids are the event ids by leaf, good or bad. */
async function readSigned(run) {
  const { bundle, anchor } = run;
  run.ids = new Map(bundle.events.map(({ index, envelope }) => [index, leafHash(envelope)]));
  const read = ({ index, envelope }) => attempt(() => parseEnvelope(envelope, run.ids.get(index)));
  const parsed = bundle.events.map((entry) => ({ index: entry.index, event: read(entry) }));
  const head = attempt(() => parseEnvelope(bundle.head.envelope));
  const note = attempt(() => readNote(bundle.checkpoint, anchor.policy));
  const jobs = [];
  const ask = (job) => jobs.push(job) - 1;
  const askEvent = (event) => ask({ key: event.kid, message: signedBytes(event, anchor.ledger), signature: event.signature });
  const places = parsed.map(({ event }) => event && askEvent(event));
  const others = parsed.map(({ event }) => embedded(event));
  const otherPlaces = others.map((other) => other && askEvent(other));
  const headPlace = head && askEvent(head);
  const notePlaces = note?.lines.map(({ job }) => job && ask(job)) ?? [];

  const good = await verifyAll(jobs);
  const holdsAt = (place) => place !== null && good[place];
  const signed = new Map();
  run.badEvents = [];
  parsed.forEach(({ index, event }, i) => {
    const other = holdsAt(otherPlaces[i]) ? others[i] : null;
    if (holdsAt(places[i])) signed.set(index, { ...event, index, other });
    else run.badEvents.push(index);
  });
  run.signed = [...signed.values()].sort((a, b) => a.index - b.index);
  run.head = holdsAt(headPlace) ? head : null;
  settleNote(run, note, note?.lines.filter((_, i) => !holdsAt(notePlaces[i])) ?? []);
}

/** The other end of a fork that an event keeps. */
const embedded = (event) => (event?.kind === "conflict" ? attempt(() => parseEnvelope(event.body.envelope)) : null);

/** The note with the lines of keys that the policy knows; a line whose name and ID are unknown is ignored. */
function readNote(text, policy) {
  const note = parseNote(text);
  const checkpoint = parseCheckpoint(note.text);
  const keys = checkableKeys(policy, checkpoint.origin);
  const lines = [];
  for (const line of note.lines) {
    const vkey = keys.find(({ name, id }) => name === line.name && id === line.id);
    if (vkey) lines.push({ vkey, job: signatureJob(line, vkey, note.text) });
  }
  return { ...checkpoint, lines };
}

/** A known key's bad line refuses the whole note; the log must have signed. */
function settleNote(run, note, bad) {
  const byLog = note?.lines.some(({ vkey }) => vkey.type === LOG_TYPE);
  run.noteFault = note === null ? "malformed_note" : bad.length > 0 ? "bad_line" : byLog ? null : "not_by_log";
  run.note = run.noteFault === null ? note : null;
  run.times = new Map(); // witness name in the policy → its latest cosignature
  for (const { vkey, job } of run.note?.lines ?? []) {
    if (vkey.type !== COSIGNATURE_TYPE) continue;
    const [name] = [...run.anchor.policy.witnesses].find(([, key]) => key === vkey);
    run.times.set(name, Math.max(job.time, run.times.get(name) ?? 0));
  }
  run.asOf = run.note ? quorumTime(run.anchor.policy, run.anchor.policy.quorum, run.times) : null;
}

// ---- ledger, checkpoint, head ----

function ledger({ anchor, genesis }) {
  const isLog = ({ name, key }) => name === genesis.origin && hex(key) === hex(genesis.log_key);
  return provenIf(hex(genesis.id) === hex(anchor.ledger) && anchor.policy.logs.some(isLog), "other_ledger");
}

function witnessed({ note, asOf, times, anchor }) {
  const names = [...times.keys()];
  if (note === null) return lacking("no_checkpoint");
  if (anchor.policy.quorum === "none") return lacking("no_quorum_asked");
  return asOf === null ? lacking("too_few", names) : proven("", names);
}

function fresh({ asOf, now, anchor }) {
  if (asOf === null) return lacking("no_age");
  if (asOf > now + CLOCK_SKEW_SECONDS) return lacking("clock_behind");
  return now - asOf <= anchor.maxAge ? proven() : lacking("too_old");
}

/** The head is the checkpoint's last leaf, by the sequencer, and names its own index. */
function mapHead(run) {
  const { note, bundle } = run;
  if (note === null) return lacking("no_checkpoint");
  const { index, envelope, proof } = bundle.head;
  const isLast = index + 1 === note.size && isIncluded(leafHash(envelope), index, note.size, proof, note.root);
  if (!isLast) return contradicted("not_last_leaf");
  return provenIf(headRoot(run) !== null, "not_by_sequencer");
}

/** The map root that the head states, if it is the sequencer's and names its own index. */
function headRoot({ head, genesis, bundle }) {
  const own =
    head !== null &&
    head.device === hex(genesis.sequencer) &&
    head.iss === genesis.authority.org &&
    head.kind === "map_head" &&
    head.body.size === bundle.head.index;
  return own ? head.body.root : null;
}

// ---- the complete lists ----

/** Every list is whole under the map root, every event is listed where it says, nothing wanted is missing. */
function complete(run, creations) {
  const { bundle, genesis, events, ids } = run;
  const root = headRoot(run);
  if (root === null) return lacking("no_map_head");
  const keys = bundle.subjects.map(({ subject }) => mapKey(subject));
  const proof = attempt(() => readProof(bundle.map, keys));
  if (proof === null || hex(proof.root) !== hex(root)) return contradicted("other_map");
  if (ids.size !== bundle.events.length) return contradicted("event_twice");
  const byIndex = new Map(run.signed.map((event) => [event.index, event]));
  const byId = new Map(run.signed.map((event) => [event.key, event]));
  for (const [i, { subject, indexes }] of bundle.subjects.entries()) {
    if (!listHolds(indexes, ids, proof.leaves, keys[i])) return contradicted("list_differs", subject);
    if (!indexes.every((index) => isAbout(byIndex, byId, index, subject))) return contradicted("not_about", subject);
  }
  const listed = new Set(bundle.subjects.flatMap(({ indexes }) => indexes));
  if (listed.size !== ids.size || [...ids.keys()].some((index) => index >= bundle.head.index)) return contradicted("unlisted");
  const given = new Set(bundle.subjects.map(({ subject }) => subjectName(subject)));
  const wanted = wantedSubjects(bundle.code, genesis.authority.org, events, creations);
  const missing = wanted.find((subject) => !given.has(subjectName(subject)));
  return missing ? contradicted("left_out", missing) : proven(`${bundle.subjects.length}`);
}

function listHolds(indexes, ids, leaves, key) {
  const rises = indexes.every((index, i) => i === 0 || indexes[i - 1] < index);
  return rises && indexes.every((index) => ids.has(index)) && holds(leaves, key, indexes.map((index) => [index, ids.get(index)]));
}

/** Whether an event names a subject itself or through the event that it refers to. Events with bad signatures are the
 *  business of another statement; a reference that leads further, or out of the bundle, the map root vouches for. */
function isAbout(byIndex, byId, index, subject) {
  const event = byIndex.get(index);
  const names = (e) => ownSubjects(e).some((own) => subjectName(own) === subjectName(subject));
  if (!event || names(event)) return true;
  const referred = byId.get(event.refKey);
  return event.refKey !== null && (!referred || names(referred) || referred.refKey !== null);
}

// ---- members and order ----

/** Replays membership over the events at hand; leaves those in force in run.events. */
function foldMembers(run) {
  run.roster = new Roster(run.genesis);
  run.events = [];
  let answer = null;
  for (const event of run.signed) {
    const fault = run.roster.memberFault(event) ?? (run.roster.take(event) === null ? null : "not_permitted");
    if (fault === null) run.events.push(event);
    else answer = contradicted(fault, [event.iss]);
  }
  return answer ?? proven("", [...new Set(run.events.map(({ iss }) => iss))].sort());
}

function order({ signed }) {
  const last = new Map();
  for (const { device, epoch, seq } of signed) {
    const [e, s] = last.get(device) ?? [-1, -1];
    if (epoch < e || (epoch === e && seq <= s)) return contradicted("not_rising");
    last.set(device, [epoch, seq]);
  }
  return proven();
}

// ---- the lot ----

function code({ bundle, askedCode }, { lot, binding, pending }) {
  if (askedCode !== bundle.code) return contradicted("other_code");
  return lot ? proven("", [binding.iss]) : lacking(pending ? "pending" : "absent");
}

function ancestry({ history }) {
  if (!history) return lacking("no_lot");
  return history.fault ? lacking(history.fault.why, history.fault.lot ?? []) : proven(`${history.ancestors.length}`);
}

function handover({ history }) {
  if (!history) return lacking("no_lot");
  const step = history.handovers.find(({ confirmed }) => !confirmed);
  return step ? lacking("giver_silent", [step.lot[0], step.receiver]) : proven(`${history.handovers.length}`);
}

const COMMIT = bytesOfText("ocop-commit/v1");

/** Leaves in run.opened what was opened: commitment (hex) → value. */
function openings(run) {
  const fields = new Map(run.signed.flatMap(commitmentsOf).map(([field, commitment]) => [hex(commitment), field]));
  run.opened = new Map();
  let strange = false; // one that matches nothing does not spoil the others
  for (const opening of run.bundle.openings) {
    const commitment = hex(sha256(COMMIT, opening));
    const field = fields.get(commitment);
    const value = field && attempt(() => readOpening(opening, field));
    if (!field) strange = true;
    else if (value !== null) run.opened.set(commitment, value);
  }
  return strange ? contradicted("no_commitment") : proven(`${run.bundle.openings.length}`);
}

/** The value of an opening [path, salt, value] of the field it was committed in, if it is of a form we show. */
function readOpening(opening, field) {
  const parts = decode(opening);
  must(Array.isArray(parts) && parts.length === 3 && parts[0] === field, "an opening of another field");
  const [, , value] = parts;
  const isFacts = value !== null && typeof value === "object" && !Array.isArray(value) && Object.values(value).every((v) => typeof v === "string");
  must(field === "facts" ? isFacts : typeof value === "string", "an opening of another form");
  return value;
}

// ---- the answer ----

/** A validly signed recall or hold shows even when quorum or freshness is not proven; nothing else does. */
function stateLine({ history }, statements, { lot }) {
  const isProven = (name) => statements.find((s) => s.name === name).state === "proven";
  const isOtherCode = statements.find(({ name }) => name === "code").detail === "other_code";
  // A recall of another ledger, or of another code, says nothing about what was scanned.
  if (!isProven("ledger") || isOtherCode) return "unconfirmed";
  if (history && (history.state === "recalled" || history.state === "held")) return history.state;
  const lacks = STATEMENTS.filter((name) => isNeeded(name) && !isProven(name));
  if (history && lacks.length === 0) return history.state;
  return lot === null && lacks.every((name) => name === "code" || name === "ancestry") ? "unknown_code" : "unconfirmed";
}

/** What a page shows besides the statements. */
function shown(run, { lot }) {
  const { anchor, genesis, bundle, history, asOf, roster, events, opened, times } = run;
  const validators = new Set(membersOf(anchor.policy, anchor.validators));
  const witnesses = [...times].map(([name, time]) => ({ name, time, validator: validators.has(name) }));
  return {
    code: bundle.code,
    lot,
    history,
    asOf,
    witnesses,
    witnessCount: anchor.policy.witnesses.size,
    anchorHash: hex(anchor.sha256),
    ledgerId: hex(anchor.ledger),
    ledgerName: genesis.name,
    authority: genesis.authority,
    sample: genesis.sample ?? null,
    size: run.note?.size ?? null,
    devices: roster.devices,
    events,
    opened: opened ?? new Map(),
  };
}
