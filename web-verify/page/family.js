// Lots and where they come from: creation, ancestors, the code that leads to a lot, hand-overs
// (docs/formats.md sections 12 and 13). Mirrors family.rs. Works on events in force, in log order; each has
// `index`, its leaf.

import { createdLots, idName } from "./event.js";

export const ANCESTORS_MAX = 1024;

/** @typedef {{event: object, n: number, output: object}} Creation the event, which of its outputs, that output */

/** Where a lot came into being, or undefined. */
export const placeOf = ({ event }) => event.body.field ?? event.body.place;

export class Creations {
  constructor(events) {
    this.first = new Map();
    this.twice = new Set();
    for (const event of events) {
      createdLots(event).forEach((lot, n) => {
        const name = idName(lot);
        if (this.first.has(name)) this.twice.add(name);
        else this.first.set(name, { event, n, output: event.body.outputs[n] });
      });
    }
  }

  /** The first creation of a lot, or undefined. */
  get(lot) {
    return this.first.get(idName(lot));
  }

  /** The lots that a lot was made from. */
  parents(lot) {
    return (this.get(lot)?.event.body.inputs ?? []).map(([parent]) => parent);
  }

  /**
   * The ancestors of a lot, to a fixed point; known ones even when some are not.
   * @returns {{lots: string[][], fault: null | {why: string, lot?: string[]}}}
   */
  ancestors(lot) {
    const found = new Map();
    const open = [lot];
    let fault = null;
    while (open.length > 0) {
      const next = open.pop();
      fault ??= this.faultAt(next);
      for (const parent of this.parents(next)) {
        if (idName(parent) === idName(lot)) fault ??= { why: "cycle", lot };
        else if (!found.has(idName(parent))) {
          if (found.size >= ANCESTORS_MAX) return { lots: [...found.values()], fault: { why: "too_many" } };
          found.set(idName(parent), parent);
          open.push(parent);
        }
      }
    }
    const lots = [...found.values()];
    return { lots, fault: fault ?? this.cycle(lots) };
  }

  faultAt(lot) {
    if (!this.get(lot)) return { why: "not_created", lot };
    return this.twice.has(idName(lot)) ? { why: "created_twice", lot } : null;
  }

  /** Takes away, again and again, the lots none of whose parents are left; what remains runs in a circle. */
  cycle(lots) {
    let left = new Map(lots.map((lot) => [idName(lot), lot]));
    for (;;) {
      const stuck = [...left].filter(([, lot]) => this.parents(lot).some((parent) => left.has(idName(parent))));
      if (stuck.length === 0) return null;
      if (stuck.length === left.size) return { why: "cycle", lot: stuck[0][1] };
      left = new Map(stuck);
    }
  }
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
    const creation = creations.get(event.body.lot);
    const consent = creation && consentIndex(event, creation, events);
    if (consent === undefined || consent === null) continue;
    const since = Math.max(event.index, creation.event.index, consent);
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
  const delegation = events.find(
    ({ kind, iss, body }) =>
      kind === "delegate" && iss === product[0] && body.to === signer && body.products.some((p) => idName(p) === idName(product)),
  );
  return delegation?.index ?? null;
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
