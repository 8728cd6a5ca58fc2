// Bundle + anchor + present → a list of statements (docs/formats.md section 13). Never a bare boolean.
//
// In scope: what the bytes prove. Out of scope: words for people, the clock, the network.
// The second implementation of ledger-core/src/verify.rs; both run ledger-core/vectors/.

import { hex } from "./cbor.js";
import { parseBundle } from "./bundle.js";
import { membersOf, parseAnchor } from "./checkpoint.js";
import { complete } from "./complete.js";
import { idName, parseGenesis } from "./event.js";
import { Creations, resolve } from "./family.js";
import { trace } from "./history.js";
import { isIncluded, leafHash } from "./merkle.js";
import { openings } from "./openings.js";
import { Roster } from "./roster.js";
import { readSigned } from "./signed.js";
import { STATEMENTS, contradicted, hangsOnHead, isNeeded, lacking, proven, provenIf } from "./statement.js";
import { dayOf, daysDate, vietnam } from "./time.js";

/** A head from the future is only a wrong clock, up to this much. */
const CLOCK_SKEW_SECONDS = 300;

/**
 * Checks a bundle.
 * @param {Uint8Array} bytes the bundle
 * @param {string} anchorText the trust anchor that this phone pins
 * @param {number} now seconds since 1970 by the verifier's own clock
 * @param {string} [askedCode] the code that was scanned; a bundle for another one is contradicted
 * @returns statements: [{name, state, detail, by, asOf}]; state: "recalled", "held", "expired", "recorded",
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
  const suspension = (org) => run.roster.orgs.get(org)?.suspended ?? null;
  run.history = binding.lot && trace(run.events, binding.lot, businessDate(genesis, now), creations, suspension);
  const answers = {
    ledger: ledger(run),
    checkpoint: run.note ? proven("", [run.note.origin]) : contradicted(run.noteFault),
    witnessed: witnessed(run),
    fresh: fresh(run),
    map_head: mapHead(run),
    complete: complete(run, headRoot(run), creations),
    signatures: run.badEvents.length > 0 ? contradicted("bad_signature", run.badEvents) : proven(`${run.signed.length}`),
    members,
    order: order(run),
    code: code(run, binding),
    ancestry: ancestry(run),
    handover: handover(run),
    openings: openings(run),
  };
  const statements = STATEMENTS.map((name) => ({ name, ...answers[name], asOf: hangsOnHead(name) ? run.asOf : null }));
  return { statements, state: stateLine(run, statements, binding), ...shown(run, binding) };
}

/** The business date of a ledger at a moment: the sample's, or today in Vietnam. */
export const businessDate = (genesis, now) => genesis.sample ?? daysDate(dayOf(vietnam(now)));

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

// ---- members and order ----

/** Replays membership over the events at hand; leaves those in force in run.events. */
function foldMembers(run) {
  const lots = run.bundle.subjects.map(({ subject }) => subject).filter(([kind]) => kind === "lot");
  run.roster = new Roster(run.genesis, new Set(lots.map(([, ...lot]) => idName(lot))));
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
  const { anchor, genesis, bundle, history, asOf, reached, roster, events, privates, times } = run;
  const validators = new Set(membersOf(anchor.policy, anchor.validators));
  const witnesses = [...times].map(([name, { renewed }]) => ({ name, time: renewed, validator: validators.has(name) }));
  return {
    code: bundle.code,
    lot,
    history,
    asOf,
    reached,
    witnesses,
    witnessCount: anchor.policy.witnesses.size,
    anchorHash: hex(anchor.sha256),
    ledgerId: hex(anchor.ledger),
    ledgerName: genesis.name,
    authority: genesis.authority,
    sample: genesis.sample ?? null,
    size: run.note?.size ?? null,
    devices: roster.devices,
    orgs: roster.orgs,
    events,
    privates,
  };
}
