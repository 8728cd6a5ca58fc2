// Who may say what: the words of docs/formats.md section 7, each one line. Mirrors roster/may.rs and roster/reference.rs.
// Which word a kind needs stands in the table of event.js. Out of scope: what then takes effect (roster.js).

import { equal } from "./cbor.js";
import { commitmentsOf, idName, lotsOf, whoMaySay } from "./event.js";

const MAKERS = ["producer", "processor", "packer"];

/** `s` says what is known about the signer, `b` is the body. */
const WHO = {
  producer: (s, b) => s.has("producer") && s.own(b.field),
  maker: (s) => s.has(...MAKERS),
  trader: (s) => s.has(...MAKERS, "retailer", "marketplace"),
  carrier: (s) => s.has("carrier"),
  laboratory: (s) => s.has("laboratory"),
  authority: (s) => s.has("authority"),
  inspector: (s, b) => s.has("authority", "auditor", "certifier") || (s.has(...MAKERS) && s.own(b.field) && s.own(b.place)),
  sampler: (s) => s.has(...MAKERS, "laboratory", "authority"),
  keeper: (s) => s.has("authority") || (s.ownsLots() && s.holdsTargets()),
  author: (s) => s.isAuthor(),
  issuer: (s) => s.isAuthor() || s.has("authority"),
  reporter: (s) => s.has("retailer", "marketplace", "authority"),
  member: (s) => s.roles !== undefined,
  holder: (s) => s.holdsTargets(),
  governor: (s) => s.administers(s.authority),
  steward: (s, b) => s.administers(s.authority) || s.administers(b.org),
  approver: (s) => s.mayConsent(),
  sequencer: () => true,
};

/** Whether the device of an organisation may say this now; `referred` is the event that `ref` names, where it is at hand. */
export function maySay(roster, event, referred) {
  // The sequencer's device says map heads and nothing else, and nobody else says them.
  const inItsPlace = (event.device === roster.sequencer) === (event.kind === "map_head");
  return inItsPlace && WHO[whoMaySay(event.kind)](signer(roster, event, referred), event.body);
}

function signer(roster, event, referred) {
  const { body, iss } = event;
  const roles = roster.orgs.get(iss)?.roles;
  const device = roster.devices.get(event.device);
  const own = (id) => id === undefined || id[0] === iss;
  return {
    roles,
    own,
    authority: roster.authority,
    has: (...wanted) => wanted.some((role) => roles?.has(role)),
    isAuthor: () => referred?.iss === iss,
    ownsLots: () => lotsOf(event).every((lot) => lot[0] === iss || roster.mayOwn(iss, lot)),
    holdsTargets: () =>
      roles !== undefined &&
      own(body.product) &&
      own(body.target_place) &&
      (body.products ?? []).every(own) &&
      (body.org === undefined || body.org === iss),
    administers: (org) => device?.administrator === true && device.org === org,
    mayConsent: () => roster.mayConsent(event),
  };
}

// ---- references ----

const GOVERNS = new Set(["governor", "steward"]);

/** What a kind may refer to: `r` is the event in force, `b` the body. Any, for the kinds not named. */
const SUITS = {
  undelegate: (r) => r.kind === "delegate",
  recall_lift: (r) => r.kind === "recall",
  erase: (r, b) => commitmentsOf(r).some(([, commitment]) => equal(commitment, b.commitment)),
  correct: (r) => r.kind !== "correct" && !GOVERNS.has(whoMaySay(r.kind)),
};

/** Kinds whose permission or meaning hangs on the event they refer to. It shares all its subjects with them, so that it is
 *  at hand wherever they are. */
const HANGS = new Set(["approve", ...Object.keys(SUITS)]);

/** Whether `ref` is what the kind needs. What a bundle does not hold its map vouches for: only events in force are listed. */
export function refersWell(roster, { kind, body, refKey }, referred) {
  if (refKey === null) return true;
  if (!referred) return !roster.isWhole && !HANGS.has(kind);
  if (kind === "conflict") return true; // whether it is an end of a fork is asked there
  if (kind === "approve") return roster.acts.has(refKey);
  return referred.inForce && referred.kind !== "map_head" && (SUITS[kind]?.(referred, body) ?? true);
}
