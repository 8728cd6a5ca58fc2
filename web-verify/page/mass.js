// Mass balance: no more comes out than went in, with stated losses and 2 % (docs/rules.md, "Mass"). Mirrors mass.rs.
// Every amount is its last version.

import { idName } from "./event.js";
import { isMeasure, micros } from "./quantity.js";

const TOLERANCE_PERCENT = 2n; // scales and moisture, spoiled labels
const WAYS_OUT = ["destroy", "sell"];

/** Whether more came out than went in, beyond the tolerance. */
export const exceeds = (out, within) => out * 100n > within * (100n + TOLERANCE_PERCENT);

/** Whether more came out of one of the lots, or of a step that made them, than went in. */
export function massExceeded(family) {
  const gone = goneOf(family);
  return (
    family.created.some(({ event }) => stepExceeded(family, event)) ||
    family.lots.some((lot) => usesExceeded(family, lot, gone.get(idName(lot)) ?? []))
  );
}

/** Whether a step gave more than it took. A stated loss may be part of the amount that was taken or lie beside it, so
 *  it is held against the whole of the lots that were taken from. */
function stepExceeded(family, event) {
  const { corrections } = family;
  const inputs = corrections.uses(event, "inputs");
  const taken = sum(inputs.map(([lot, qty]) => amount(family, lot, qty)));
  const output = sum(family.creations.madeBy(event).map((creation) => contentOf(family, creation)));
  if (!taken || !output || taken.unit !== output.unit) return false;
  const stated = (field) => {
    const qty = corrections.field(event, field);
    return qty && qty[2] === taken.unit ? micros(qty) : 0n;
  };
  const sources = new Map(inputs.map(([lot]) => [idName(lot), lot]));
  const whole = sum([...sources.values()].map((lot) => wholeOf(family, lot)));
  const atHand = whole?.unit === taken.unit && whole.micros > taken.micros ? whole.micros : taken.micros;
  const added = stated("added");
  return exceeds(output.micros, taken.micros + added) || exceeds(output.micros + stated("loss"), atHand + added);
}

/** Whether more of a lot was used up, sold or destroyed than there was. */
function usesExceeded(family, lot, quantities) {
  const whole = wholeOf(family, lot);
  const gone = sum(quantities.map((qty) => amount(family, lot, qty)));
  return Boolean(whole && gone) && whole.unit === gone.unit && exceeds(gone.micros, whole.micros);
}

/** The quantities of each lot (by its name) that events use up, sell or destroy. How much was sold or destroyed is not
 *  always weighed; an unknown amount proves nothing. */
function goneOf({ events, corrections }) {
  const gone = new Map();
  for (const event of events) {
    const out = WAYS_OUT.includes(event.kind) ? corrections.uses(event, "lots").filter(([, qty]) => qty !== null) : [];
    for (const [lot, qty] of [...corrections.uses(event, "inputs"), ...out]) {
      if (!gone.has(idName(lot))) gone.set(idName(lot), []);
      gone.get(idName(lot)).push(qty);
    }
  }
  return gone;
}

/** How much a lot was when it came into being. */
function wholeOf(family, lot) {
  const creation = family.creations.get(lot);
  return creation ? contentOf(family, creation) : null;
}

const contentOf = ({ corrections }, creation) => measured(corrections.output(creation, "qty"), creation.output.net);

/** The sum, if there is one, every amount is known and all are in one unit. */
function sum(amounts) {
  if (amounts.length === 0 || amounts.some((a) => a === null || a.unit !== amounts[0].unit)) return null;
  return { unit: amounts[0].unit, micros: amounts.reduce((total, a) => total + a.micros, 0n) };
}

/** A quantity of a lot as mass or volume. */
const amount = (family, lot, qty) => (qty ? measured(qty, family.creations.get(lot)?.output.net) : null);

/** A quantity as mass or volume: as it stands, or by the content of one unit. */
function measured(qty, net) {
  if (isMeasure(qty[2])) return { unit: qty[2], micros: micros(qty) };
  if (!net || !isMeasure(net[2])) return null;
  return { unit: net[2], micros: (micros(qty) * micros(net)) / 1_000_000n };
}
