// Members, devices and what has taken effect (docs/formats.md section 7): a fold over events in log order. Mirrors
// roster.rs. Who may say what stands in may.js, threshold acts in trust.js. Out of scope: signatures (crypto.js), business
// rules (history.js).
//
// A bundle is a part of the log: a lot whose list it does not hold may belong to anybody, and who is named need not be
// among its organisations.

import { equal, hex } from "./cbor.js";
import { isSoundPoint } from "./crypto.js";
import { idName } from "./event.js";
import { maySay, refersWell } from "./may.js";
import { anchorOf, isThresholdAct, isValidator, validatorsAgree } from "./trust.js";

export class Roster {
  /**
   * @param genesis as event.js reads it
   * @param {Set<string> | null} lots those whose complete lists the fold will see, of a bundle; null for a whole log
   */
  constructor(genesis, lots = null) {
    const { org, devices, threshold } = genesis.authority;
    this.isWhole = lots === null;
    this.sees = (lot) => lots === null || lots.has(lot);
    this.ledger = hex(genesis.id);
    this.authority = org;
    this.sequencer = hex(genesis.sequencer);
    this.threshold = threshold;
    this.anchor = null; // the one in effect
    this.orgs = new Map([[org, { roles: new Set(["authority"]), suspended: null, body: undefined }]]);
    this.devices = new Map();
    this.peers = new Map(); // key → organisation, null once it was removed
    this.given = new Set(); // lot and owner, where who created it named another
    this.acts = new Map(); // threshold acts by event id
    this.known = new Map(); // every event by its id, with `inForce`
    for (const key of devices) this.enrol(hex(key), { org, where: "own", rights: "administrator" });
    this.enrol(this.sequencer, { org, where: "own" });
  }

  /** Why the device may not sign for the organisation here, or null when it may. */
  memberFault({ device: key, iss, epoch, seq }) {
    const device = this.devices.get(key);
    if (!device) return "not_enrolled";
    if (device.org !== iss) return "other_org";
    const last = device.revoked?.last;
    const vouched = !device.revoked || (last && (epoch < last[0] || (epoch === last[0] && seq <= last[1])));
    return vouched ? null : "revoked";
  }

  /** Takes an event in at its place: why it is void there (a code of section 8), or null when it is in force. */
  take(event) {
    const fault = this.voidReason(event);
    this.known.set(event.key, { ...event, inForce: fault === null });
    if (fault !== null) return fault;
    if (event.kind === "approve") this.consent(event.refKey, event.device);
    else if (isThresholdAct(event, this.authority)) {
      this.acts.set(event.key, { event, consents: new Set(), settled: false });
      this.consent(event.key, event.device);
    } else this.apply(event);
    return null;
  }

  // ---- whether it is in force ----

  voidReason(event) {
    const referred = this.known.get(event.refKey);
    if (this.orgs.get(event.iss)?.suspended) return "DANG_TAM_DUNG";
    if (!refersWell(this, event, referred)) return "KHONG_THAY_VIEC_GOC";
    if (!maySay(this, event, referred)) return "KHONG_CO_QUYEN";
    return event.kind === "approve" ? this.consentFault(event) : this.actFault(event, referred);
  }

  /** Whether what is said is possible now; asked again when a threshold act takes effect. */
  actFault(event, referred = null) {
    return this.orgFault(event) ?? this.keyFault(event) ?? this.ruleFault(event) ?? this.forkFault(event, referred);
  }

  orgFault({ kind, body: { org } }) {
    if (org === undefined) return null;
    const named = this.orgs.get(org);
    if (!named && this.isWhole) return "DON_VI_CHUA_KET_NAP";
    if (kind === "suspend" && org === this.authority) return "KHONG_CO_QUYEN";
    const same = (kind === "suspend" && named?.suspended) || (kind === "readmit" && !named?.suspended);
    return same ? "KHONG_DOI_GI" : null;
  }

  keyFault({ kind, body }) {
    const ours = (key) => this.devices.get(hex(key))?.org === body.org;
    const revocable = (key) => ours(key) && hex(key) !== this.sequencer;
    const fits = {
      device: () => this.isFree(body.key),
      peer: () => this.isFree(body.key),
      revoke: () => revocable(body.key),
      replace: () => this.isFree(body.key) && revocable(body.old),
      allow_epoch: () => ours(body.key),
      unpeer: () => this.peers.get(hex(body.key)) === body.org,
    };
    return fits[kind]?.() === false ? "KHOA_KHONG_DUNG_DUOC" : null;
  }

  /** One key, one role: a key enters once and never again. */
  isFree = (key) => isSoundPoint(key) && !this.devices.has(hex(key)) && !this.peers.has(hex(key));

  /** A number of officers that can be met, and the text of an anchor of this ledger. */
  ruleFault({ kind, body }) {
    const officers = this.officers();
    const gone = kind === "revoke" ? body.key : kind === "replace" ? body.old : null;
    const comes = kind === "replace" && body.org === this.authority && body.rights === "administrator";
    const left = gone ? officers.filter((key) => key !== hex(gone)).length + Number(comes) : officers.length;
    const fits =
      kind === "threshold" ? body.count >= 1 && body.count <= officers.length
      : kind === "anchor" ? anchorOf(body.text, this.ledger) !== null
      : gone === null || this.threshold <= left;
    return fits ? null : "MOC_TIN_CAY_SAI";
  }

  /** Two Sig_structures at one place of one device. `other` is the embedded event whose signature holds, or null. */
  forkFault({ kind, body, other }, referred) {
    if (kind !== "conflict") return null;
    const device = other && this.devices.get(other.device);
    if (!device || device.org !== body.org || other.device === this.sequencer) return "KHONG_MAU_THUAN";
    if (referred && !isFork(referred, other)) return "KHONG_MAU_THUAN";
    return device.forks.has(other.epoch) ? "KHONG_DOI_GI" : null;
  }

  // ---- threshold acts ----

  /** The authority's administrator devices that are not revoked. */
  officers() {
    const isOfficer = ([, { org, administrator, revoked }]) => org === this.authority && administrator && !revoked;
    return [...this.devices].filter(isOfficer).map(([key]) => key);
  }

  /** An administrator of the authority, or, for an anchor that follows another, of an organisation of the old validators. */
  mayConsent({ device: key, iss, refKey }) {
    const device = this.devices.get(key);
    if (!device?.administrator || device.revoked) return false;
    const act = this.acts.get(refKey);
    return iss === this.authority || (act?.event.kind === "anchor" && !act.settled && isValidator(this.anchor, iss));
  }

  /** An approval must add a consent, and what it completes must still be possible. */
  consentFault({ refKey, device }) {
    const act = this.acts.get(refKey);
    if (act.settled || act.consents.has(device)) return "KHONG_DOI_GI";
    return this.isEnough(act.event, [...act.consents, device]) ? this.actFault(act.event) : null;
  }

  consent(id, device) {
    const act = this.acts.get(id);
    act.consents.add(device);
    if (!this.isEnough(act.event, [...act.consents])) return;
    act.settled = true;
    this.apply(act.event);
  }

  isEnough({ kind }, consents) {
    const agreed = this.officers().filter((key) => consents.includes(key)).length >= this.threshold;
    const standing = consents.map((key) => this.devices.get(key)).filter(({ administrator, revoked }) => administrator && !revoked);
    return agreed && (kind !== "anchor" || validatorsAgree(this.anchor, standing.map(({ org }) => org)));
  }

  // ---- what takes effect ----

  apply(event) {
    const { kind, body } = event;
    const org = this.orgs.get(body.org);
    const effects = {
      org: () => this.admit(body),
      suspend: () => org && (org.suspended = event),
      readmit: () => org && (org.suspended = null),
      grant: () => body.roles.forEach((role) => org?.roles.add(role)),
      withdraw: () => body.roles.forEach((role) => this.keeps(body.org, role) || org?.roles.delete(role)),
      device: () => this.enrol(hex(body.key), body),
      revoke: () => this.revoke(body.key, event),
      replace: () => [this.revoke(body.old, event), this.enrol(hex(body.key), body)],
      conflict: () => this.devices.get(event.other.device).forks.add(event.other.epoch),
      peer: () => this.peers.set(hex(body.key), body.org),
      unpeer: () => this.peers.set(hex(body.key), null),
      anchor: () => (this.anchor = anchorOf(body.text, this.ledger)),
      threshold: () => (this.threshold = body.count),
    };
    effects[kind]?.();
    for (const { no, owner } of body.outputs ?? []) this.given.add(`${idName([event.iss, no])} ${owner}`);
  }

  /** The authority's organisation keeps its role whatever is said. */
  keeps = (org, role) => org === this.authority && role === "authority";

  /** Admits an organisation, or replaces its roles; that it is suspended (the event, or null) stays. */
  admit(body) {
    const kept = body.id === this.authority ? ["authority"] : [];
    const { suspended = null } = this.orgs.get(body.id) ?? {};
    this.orgs.set(body.id, { roles: new Set([...body.roles, ...kept]), suspended, body });
  }

  /** A device: revoked is null or {index, last}; `forks` are its epochs with a recorded fork. */
  enrol(key, { org, where, host = null, rights }) {
    this.devices.set(key, { org, where, host, administrator: rights === "administrator", revoked: null, forks: new Set() });
  }

  revoke(key, { index, kind, body }) {
    this.devices.get(hex(key)).revoked = { index, replaced: kind === "replace", last: body.last ?? null };
  }

  mayOwn(org, lot) {
    const name = idName(lot);
    return !this.sees(name) || this.given.has(`${name} ${org}`);
  }
}

/** Another signature over the same Sig_structure is no fork. */
function isFork(a, b) {
  const samePlace = a.device === b.device && a.epoch === b.epoch && a.seq === b.seq;
  return samePlace && !(equal(a.protected, b.protected) && equal(a.payload, b.payload));
}
