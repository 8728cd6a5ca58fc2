// Lots and where they come from: creation, ancestors, the code that leads to a lot, hand-overs
// (docs/formats.md sections 12 and 13). Mirrors family.rs. Works on events in force, in log order; each has
// `index`, its leaf.

import { createdLots, idName } from "./event.js";
import { Corrections } from "./value.js";

export const ANCESTORS_MAX = 1024;

/** @typedef {{event: object, n: number, output: object, withdrawn: boolean}} Creation the event, which of its outputs, that
 *  output, and whether a correction says that it was declared by mistake */

/** Where a lot came into being, or undefined. */
export const placeOf = ({ event }) => event.body.field ?? event.body.place;

const inputsOf = ({ event }) => (event.body.inputs ?? []).map(([lot]) => lot);

/** Every creation among some events, and what was corrected since. */
export class Creations {
  constructor(events) {
    this.corrections = new Corrections(events);
    this.byLot = new Map();
    for (const event of events) {
      createdLots(event).forEach((lot, n) => {
        const name = idName(lot);
        if (!this.byLot.has(name)) this.byLot.set(name, []);
        this.byLot.get(name).push(this.creation(event, n));
      });
    }
  }

  creation = (event, n) => ({ event, n, output: event.body.outputs[n], withdrawn: this.corrections.isWithdrawn(event, n) });

  /** Every creation of a lot, in log order, those withdrawn included. */
  stated = (lot) => this.byLot.get(idName(lot)) ?? [];

  /** The creations of a lot that are in effect, in log order: one, unless something is wrong. */
  inEffect = (lot) => this.stated(lot).filter(({ withdrawn }) => !withdrawn);

  /** Where a lot is created: the first creation in effect, or undefined. */
  get = (lot) => this.stated(lot).find(({ withdrawn }) => !withdrawn);

  /** The same; of a lot all of whose creations are withdrawn, the first. */
  told = (lot) => this.get(lot) ?? this.stated(lot)[0];

  /** What an event brings into being, without what was withdrawn. */
  madeBy = (event) => createdLots(event).map((_, n) => this.creation(event, n)).filter(({ withdrawn }) => !withdrawn);

  /** The lots that a lot was made from. */
  parents(lot) {
    const creation = this.get(lot);
    return creation ? inputsOf(creation) : [];
  }

  /**
   * The lot and every lot that it was ever said to be made from, to a fixed point.
   * @returns {{lots: string[][], isWhole: boolean}} at most ANCESTORS_MAX besides the lot itself, and whether that was enough
   */
  reach(lot) {
    const found = new Map([[idName(lot), lot]]);
    const open = [lot];
    while (open.length > 0) {
      for (const parent of this.stated(open.pop()).flatMap(inputsOf)) {
        if (found.has(idName(parent))) continue;
        if (found.size > ANCESTORS_MAX) return { lots: [...found.values()], isWhole: false };
        found.set(idName(parent), parent);
        open.push(parent);
      }
    }
    return { lots: [...found.values()], isWhole: true };
  }

  /** The lot and its ancestors, as far as they lie within its reach. */
  family(lot, reach) {
    const reached = new Set(reach.map(idName));
    const found = new Map([[idName(lot), lot]]);
    const open = [lot];
    while (open.length > 0) {
      for (const parent of this.parents(open.pop())) {
        if (found.has(idName(parent)) || !reached.has(idName(parent))) continue;
        found.set(idName(parent), parent);
        open.push(parent);
      }
    }
    return [...found.values()];
  }

  /**
   * The ancestors of a lot, to a fixed point; known ones even when some are not.
   * @returns {{lots: string[][], fault: null | {why: string, lot?: string[]}}} lots in the order of their ids
   */
  ancestors(lot) {
    const { lots: reach, isWhole } = this.reach(lot);
    const lots = this.family(lot, reach).filter((member) => member !== lot).sort(inOrder);
    const members = [...lots, lot];
    const tooMany = isWhole ? null : { why: "too_many" };
    const fault = tooMany ?? members.map((member) => this.faultAt(member)).find(Boolean) ?? this.cycle(members);
    return { lots, fault: fault ?? null };
  }

  faultAt(lot) {
    const creations = this.inEffect(lot).length;
    if (creations === 0) return { why: "not_created", lot };
    return creations > 1 ? { why: "created_twice", lot } : null;
  }

  /** Takes away, again and again, the lots none of whose parents are left; in what remains something runs in a circle. */
  cycle(lots) {
    let left = new Map(lots.map((lot) => [idName(lot), lot]));
    for (;;) {
      const stuck = [...left].filter(([, lot]) => this.parents(lot).some((parent) => left.has(idName(parent))));
      if (stuck.length === 0) return null;
      if (stuck.length === left.size) break;
      left = new Map(stuck);
    }
    return { why: "cycle", lot: [...left.values()].find((lot) => this.reachesItself(lot, left)) };
  }

  reachesItself(lot, within) {
    const seen = new Set();
    const open = this.parents(lot);
    while (open.length > 0) {
      const next = open.pop();
      const name = idName(next);
      if (name === idName(lot)) return true;
      if (!within.has(name) || seen.has(name)) continue;
      seen.add(name);
      open.push(...this.parents(next));
    }
    return false;
  }
}

/** Ids in the order of their parts, as Rust has them. */
export function inOrder(a, b) {
  const at = a.findIndex((part, i) => part !== b[i]);
  return at < 0 ? 0 : a[at] < b[at] ? -1 : 1;
}

/**
 * The lot that a code leads to: of the bindings that the product's owner signed or delegated, the one that took
 * effect first. A binding takes effect when it, the lot and the delegation are all logged, in whatever order.
 * @returns {{lot: string[] | null, binding: object | null, pending: boolean}} pending: bindings exist, none counts
 */
export function resolve(code, events, creations) {
  const bindings = events.filter((event) => event.kind === "bind" && event.body.codes.includes(code));
  let best = null;
  for (const event of bindings) {
    // The first creation, withdrawn or not: a code never moves because its lot was declared anew.
    const [created] = creations.stated(event.body.lot);
    const consent = created && consentIndex(event, creations.told(event.body.lot), events);
    if (consent === undefined || consent === null) continue;
    const since = Math.max(event.index, created.event.index, consent);
    if (best === null || since < best.since) best = { since, event };
  }
  return { lot: best?.event.body.lot ?? null, binding: best?.event ?? null, pending: best === null && bindings.length > 0 };
}

/** From which leaf on the one whose brand or goods it is agrees to a binding; null when nobody did. */
function consentIndex(binding, { event, output }, events) {
  const signer = binding.iss;
  const { product } = output;
  if (!product) return signer === event.iss || signer === output.owner ? binding.index : null;
  if (signer === product[0]) return binding.index;
  const delegates = ({ kind, iss, body }) =>
    kind === "delegate" && iss === product[0] && body.to === signer && body.products.some((p) => idName(p) === idName(product));
  const ended = ({ key }) => events.find(({ kind, refKey }) => kind === "undelegate" && refKey === key)?.index ?? Infinity;
  return events.find((other) => delegates(other) && binding.index < ended(other))?.index ?? null;
}

/**
 * Each step from one organisation to another within a family of lots.
 * @returns {{lot: string[], receiver: string, confirmed: boolean}[]} confirmed: its creator shipped it to the receiver
 */
export function handovers(lots, events) {
  const family = new Set(lots.map(idName));
  const steps = new Map();
  for (const event of events) {
    for (const lot of takenOver(event, family)) {
      if (lot[0] === event.iss || !family.has(idName(lot))) continue;
      const confirmed = events.some((other) => ships(other, lot, event.iss));
      steps.set(`${idName(lot)} ${event.iss}`, { lot, receiver: event.iss, confirmed });
    }
  }
  return [...steps.values()];
}

/** Lots that an event takes: those it receives, and those it makes a lot of this family from. */
function takenOver(event, family) {
  const { lots = [], inputs = [] } = event.body;
  const receives = event.kind === "receive";
  const makesFamily = createdLots(event).some((lot) => family.has(idName(lot)));
  return [...(receives ? lots : []), ...(receives || makesFamily ? inputs : [])].map(([lot]) => lot);
}

function ships({ kind, iss, body }, lot, receiver) {
  return kind === "ship" && iss === lot[0] && body.to === receiver && body.lots.some(([id]) => idName(id) === idName(lot));
}
