// What is stated, and how far it is shown: the names of docs/formats.md section 13, the same in Rust and here. Mirrors
// verify/statement.rs.

import { Malformed } from "./cbor.js";

export const STATEMENTS =
  "ledger checkpoint witnessed fresh map_head complete signatures members order code ancestry handover openings".split(" ");
/** Whether a confirmed state needs the statement. */
export const isNeeded = (name) => name !== "handover" && name !== "openings";
/** Whether the statement speaks as of the head's quorum time; the others hold for the bytes at any time. */
export const hangsOnHead = (name) => !["ledger", "checkpoint", "signatures", "order", "openings"].includes(name);

/** `detail` is a stable word that says why not; of what is proven a number that a page may show. `by` are names of those who
 *  show it or are at fault: witnesses, organisations, leaf indexes or the parts of a subject. */
export const proven = (detail = "", by = []) => ({ state: "proven", detail, by });
export const lacking = (detail, by = []) => ({ state: "not_proven", detail, by });
export const contradicted = (detail, by = []) => ({ state: "contradicted", detail, by });
export const provenIf = (holds, detail) => (holds ? proven() : contradicted(detail));

/** Null for bytes of another form. */
export function attempt(read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}
