// `complete`: nothing about the code was left out, and nothing put in. Mirrors verify/complete.rs.

import { wantedSubjects } from "./bundle.js";
import { hex } from "./cbor.js";
import { ownSubjects, subjectName } from "./event.js";
import { holds, mapKey, readProof } from "./map.js";
import { attempt, contradicted, lacking, proven } from "./statement.js";

/** Every list is whole under the map root that the head states, or null, every event is listed where it says, nothing wanted is missing. */
export function complete(run, root, creations) {
  const { bundle, genesis, events, ids } = run;
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
