// What was said under a commitment: withheld, opened, or erased (docs/formats.md sections 5 and 13). Mirrors
// verify/openings.rs.

import { bytesOfText, decode, hex, must } from "./cbor.js";
import { sha256 } from "./crypto.js";
import { commitmentsOf } from "./event.js";
import { attempt, contradicted, proven } from "./statement.js";

const COMMIT = bytesOfText("ocop-commit/v1");

/**
 * `openings`; leaves in run.privates what became of each commitment: commitment (hex) → {state, value}, the state being
 * "withheld", "opened" or "erased", the value null unless it is opened and of a form we show.
 */
export function openings(run) {
  const fields = new Map(run.signed.flatMap(commitmentsOf).map(([field, commitment]) => [hex(commitment), field]));
  run.privates = new Map([...fields.keys()].map((commitment) => [commitment, { state: "withheld", value: null }]));
  let strange = false; // one that matches nothing does not spoil the others
  for (const opening of run.bundle.openings) {
    const commitment = hex(sha256(COMMIT, opening));
    const field = fields.get(commitment);
    if (field) run.privates.set(commitment, { state: "opened", value: attempt(() => readOpening(opening, field)) });
    else strange = true;
  }
  // What was erased is not shown, even where somebody still hands out a copy. A commitment belongs to the first event that
  // holds it; who copies it erases nothing.
  const holderOf = (wanted) => run.events.find((event) => commitmentsOf(event).some(([, held]) => hex(held) === wanted))?.key;
  for (const { refKey, body } of run.events.filter(({ kind }) => kind === "erase")) {
    const commitment = hex(body.commitment);
    if (fields.has(commitment) && holderOf(commitment) === refKey) run.privates.set(commitment, { state: "erased", value: null });
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
