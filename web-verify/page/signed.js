// Reads note, head and events of a bundle, and keeps what is signed as it should be: all signatures side by side, then
// sorted out. Out of scope: what follows from it (verify.js).

import { COSIGNATURE_TYPE, LOG_TYPE, checkableKeys, parseCheckpoint, parseNote, quorumTimes, signatureJob } from "./checkpoint.js";
import { verifyAll } from "./crypto.js";
import { parseEnvelope, signedBytes } from "./event.js";
import { leafHash } from "./merkle.js";
import { attempt } from "./statement.js";

/** Reads note, head and events, and keeps those whose signatures hold: run.note, run.head, run.signed (log order);
 *  run.ids are the event ids by leaf, good or bad. */
export async function readSigned(run) {
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
export function readNote(text, policy) {
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
export function settleNote(run, note, bad) {
  const byLog = note?.lines.some(({ vkey }) => vkey.type === LOG_TYPE);
  run.noteFault = note === null ? "malformed_note" : bad.length > 0 ? "bad_line" : byLog ? null : "not_by_log";
  run.note = run.noteFault === null ? note : null;
  run.times = timesOf(run.note, run.anchor.policy);
  const times = run.note && quorumTimes(run.anchor.policy, run.anchor.policy.quorum, run.times);
  run.asOf = times?.renewed ?? null;
  run.reached = times?.reached ?? null;
}

/** Witness name in the policy, in its order → its first and its newest cosignature. */
function timesOf(note, policy) {
  const own = (key) => note?.lines.filter(({ vkey }) => vkey === key && vkey.type === COSIGNATURE_TYPE).map(({ job }) => job.time) ?? [];
  const found = [...policy.witnesses].map(([name, key]) => [name, own(key)]).filter(([, times]) => times.length > 0);
  return new Map(found.map(([name, times]) => [name, { reached: Math.min(...times), renewed: Math.max(...times) }]));
}
