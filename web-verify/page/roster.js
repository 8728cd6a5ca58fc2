// Who is a member and who may say what (docs/formats.md section 7): a fold over the events of a bundle in
// log order. Mirrors roster.rs. Out of scope: signatures (crypto.js), business rules (history.js).
//
// A bundle is a part of the log: a lot whose creation it does not hold may belong to anybody, and an event referred
// to that it does not hold is vouched for by the map, unless permission hangs on it.

import { idName, lotsOf, whoMaySay } from "./event.js";
import { hex } from "./cbor.js";
import { isSoundPoint } from "./crypto.js";

const MAKERS = ["producer", "processor", "packer"];
const TRADERS = [...MAKERS, "retailer", "marketplace"];

/** Section 7 as one table: `s` says what is known about the signer and the event. */
const WHO = {
  producer: (s) => s.has("producer") && s.own(s.body.field),
  maker: (s) => s.has(...MAKERS),
  trader: (s) => s.has(...TRADERS),
  carrier: (s) => s.has("carrier"),
  laboratory: (s) => s.has("laboratory"),
  authority: (s) => s.has("authority"),
  inspector: (s) =>
    s.has("authority", "auditor", "certifier") || (s.has(...MAKERS) && s.own(s.body.field) && s.own(s.body.place)),
  sampler: (s) => s.has(...MAKERS, "laboratory", "authority"),
  keeper: (s) => s.has("authority") || (s.ownsLots() && s.holdsTargets()),
  author: (s) => s.isAuthor(),
  issuer: (s) => s.refers() && (s.isAuthor() || s.has("authority")),
  reporter: (s) => s.has("retailer", "marketplace", "authority"),
  member: (s) => s.isMember(),
  holder: (s) => s.isMember() && s.holdsTargets(),
  sequencer: () => true, // that only the sequencer says it, and nothing else, is decided before
};

export class Roster {
  /** @param genesis as event.js reads it */
  constructor(genesis) {
    const authority = genesis.authority.org;
    this.authority = authority;
    this.sequencer = hex(genesis.sequencer);
    this.orgs = new Map([[authority, new Set(["authority"])]]);
    this.devices = new Map();
    this.peers = new Set();
    this.owners = new Map(); // lot → owner, as its first creation says
    this.inForce = new Map(); // event id → event
    for (const key of [...genesis.authority.devices, genesis.sequencer]) {
      this.devices.set(hex(key), { org: authority, where: "own", host: null, last: null });
    }
  }

  /** Why the device may not sign for the organisation here, or null when it may. */
  memberFault(event) {
    const device = this.devices.get(event.device);
    if (!device) return "not_enrolled";
    if (device.org !== event.iss) return "other_org";
    const { last } = device;
    const past = last && (event.epoch > last[0] || (event.epoch === last[0] && event.seq > last[1]));
    return past ? "revoked" : null;
  }

  /** Whether the event is in force at this place. */
  mayBeSaid(event) {
    if ((event.device === this.sequencer) !== (event.kind === "map_head")) return false;
    return this.keyIsFree(event) && WHO[whoMaySay(event.kind)](this.signer(event));
  }

  signer(event) {
    const { body, iss } = event;
    const roles = this.orgs.get(iss);
    const own = (id) => id === undefined || id[0] === iss;
    return {
      body,
      own,
      isMember: () => roles !== undefined,
      has: (...wanted) => roles !== undefined && wanted.some((role) => roles.has(role)),
      ownsLots: () => lotsOf(event).every((lot) => lot[0] === iss || (this.owners.get(idName(lot)) ?? iss) === iss),
      holdsTargets: () =>
        roles !== undefined &&
        own(body.product) &&
        own(body.target_place) &&
        (body.products ?? []).every(own) &&
        (body.org === undefined || body.org === iss),
      refers: () => this.inForce.has(event.refKey),
      isAuthor: () => this.inForce.get(event.refKey)?.iss === iss,
    };
  }

  /** One key, one role: a key enters once, for an organisation that is a member. */
  keyIsFree({ kind, body }) {
    if (kind !== "device" && kind !== "peer") return true;
    const key = hex(body.key);
    return this.orgs.has(body.org) && isSoundPoint(body.key) && !this.devices.has(key) && !this.peers.has(key);
  }

  /** Takes in an event in force. */
  apply(event) {
    const { kind, body } = event;
    this.inForce.set(event.key, event);
    if (kind === "org") this.orgs.set(body.id, new Set([...body.roles, ...(body.id === this.authority ? ["authority"] : [])]));
    if (kind === "device") {
      this.devices.set(hex(body.key), { org: body.org, where: body.where, host: body.host ?? null, last: null });
    }
    if (kind === "peer") this.peers.add(hex(body.key));
    if (kind === "revoke" && this.devices.has(hex(body.key))) this.devices.get(hex(body.key)).last = body.last;
    for (const { no, owner } of body.outputs ?? []) {
      const lot = idName([event.iss, no]);
      if (!this.owners.has(lot)) this.owners.set(lot, owner);
    }
  }
}
