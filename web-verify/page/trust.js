// Threshold acts and the trust anchor in effect (docs/formats.md section 7). Mirrors roster/proposal.rs and roster/trust.rs.
// An act is {event, consents: set of device keys, settled}.

import { Malformed, hex } from "./cbor.js";
import { membersOf, parseAnchor } from "./checkpoint.js";
import { whoMaySay } from "./event.js";

/** Whether what is said is a proposal until enough have agreed. */
export function isThresholdAct({ kind, body }, authority) {
  const who = whoMaySay(kind);
  return who === "governor" || (who === "steward" && body.org === authority);
}

/** The anchor that a text holds, when it is one of this ledger. */
export function anchorOf(text, ledgerId) {
  try {
    const anchor = parseAnchor(text);
    return hex(anchor.ledger) === ledgerId ? anchor : null;
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

/** A validator's organisation by its name in the policy. */
const policyName = (org) => org.toLowerCase();

/** Whether an organisation is one of the anchor's validators. */
export const isValidator = (anchor, org) => anchor !== null && membersOf(anchor.policy, anchor.validators).includes(policyName(org));

/** Whether the validators agree, as many as their group's own rule asks; the first anchor has nobody before it to ask. */
export function validatorsAgree(anchor, orgs) {
  if (anchor === null) return true;
  const names = new Set(orgs.map(policyName));
  const agrees = (name) => {
    const group = anchor.policy.groups.get(name);
    return group ? group.members.filter(agrees).length >= group.k : names.has(name);
  };
  return agrees(anchor.validators);
}
