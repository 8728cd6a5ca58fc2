// Quantities [n, scale, unit] without floats (docs/formats.md section 5), values as they stand after
// corrections, and the mass balance. Mirrors quantity.rs, value.rs and mass.rs.

import { createdLots, idName } from "./event.js";

const SCALE_MAX = 6;
const TOLERANCE_PERCENT = 2n; // scales and moisture

/** The amount in millionths of its unit: exact, and comparable within one unit. */
export const micros = ([n, scale]) => BigInt(n) * 10n ** BigInt(SCALE_MAX - scale);

/** The same amount of the same unit. */
export const sameQuantity = (a, b) => a[2] === b[2] && micros(a) === micros(b);

/** Digits as people here write them: 1.846,5 */
export function showNumber([n, scale], thousands = ".", comma = ",") {
  const digits = String(n).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale).replace(/\B(?=(\d{3})+$)/g, thousands);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  return scale > 0 && fraction !== "" ? whole + comma + fraction : whole;
}

// ---- corrections: the first value stays on the page; computing uses the last ----

/** The corrections of an event, in log order: [path, value]. */
export function fixesOf(event, events) {
  return events.filter(({ kind, refKey }) => kind === "correct" && refKey === event.key).map(({ body }) => body.fix);
}

/** A field of a lot's output as it stands now: `qty`, `made` or `expires`. */
export function corrected({ event, n, output }, field, events) {
  const fixes = fixesOf(event, events).filter(([path]) => path === `outputs/${n}/${field}`);
  return fixes.length > 0 ? fixes.at(-1)[1] : output[field];
}

// ---- mass balance: no more comes out than went in, with stated losses and 2 % ----

const MEASURED = ["KGM", "LTR"];

/** Whether more came out of one of the lots, or of a step that made them, than went in. */
export function massExceeded(family) {
  return (
    family.created.some(({ event }) => stepExceeded(family, event)) ||
    family.lots.some((lot) => usesExceeded(family, lot))
  );
}

/** Whether a step gave more than it took. A stated loss may be part of the amount that was taken or lie beside it, so
 *  it is held against the whole of the lots that were taken from. */
function stepExceeded(family, event) {
  const { inputs = [], loss, added } = event.body;
  const taken = sum(inputs.map(([lot, qty]) => amount(family, lot, qty)));
  const output = sum(createdLots(event).map((lot) => wholeOf(family, lot)));
  if (!taken || !output || taken.unit !== output.unit) return false;
  const stated = (qty) => (qty && qty[2] === taken.unit ? micros(qty) : 0n);
  const sources = new Map(inputs.map(([lot]) => [idName(lot), lot]));
  const whole = sum([...sources.values()].map((lot) => wholeOf(family, lot)));
  const atHand = whole?.unit === taken.unit && whole.micros > taken.micros ? whole.micros : taken.micros;
  return exceeds(output.micros, taken.micros + stated(added)) || exceeds(output.micros + stated(loss), atHand + stated(added));
}

/** Whether more of a lot was used up or destroyed than there was. */
function usesExceeded(family, lot) {
  const whole = wholeOf(family, lot);
  const gone = sum(family.events.flatMap((event) => goneOf(event, lot)).map((qty) => amount(family, lot, qty)));
  return Boolean(whole && gone) && whole.unit === gone.unit && exceeds(gone.micros, whole.micros);
}

/** The quantities of a lot that an event uses up or destroys. How much was destroyed is not always weighed; an unknown
 *  amount proves nothing. */
function goneOf({ kind, body: { inputs = [], lots = [] } }, lot) {
  const destroyed = kind === "destroy" ? lots.filter(([, qty]) => qty !== null) : [];
  return [...inputs, ...destroyed].filter(([id]) => idName(id) === idName(lot)).map(([, qty]) => qty);
}

const exceeds = (out, within) => out * 100n > within * (100n + TOLERANCE_PERCENT);

/** How much a lot was when it came into being, as corrected. */
function wholeOf(family, lot) {
  const creation = family.creations.get(lot);
  return creation ? amount(family, lot, corrected(creation, "qty", family.events)) : null;
}

/** The sum, if there is one, every amount is known and all are in one unit. */
function sum(amounts) {
  if (amounts.length === 0 || amounts.some((a) => a === null || a.unit !== amounts[0].unit)) return null;
  return { unit: amounts[0].unit, micros: amounts.reduce((total, a) => total + a.micros, 0n) };
}

/** A quantity as mass or volume: as it stands, or by the content of one unit of that lot. */
function amount(family, lot, qty) {
  if (!qty) return null;
  if (MEASURED.includes(qty[2])) return { unit: qty[2], micros: micros(qty) };
  const net = family.creations.get(lot)?.output.net;
  if (!net || !MEASURED.includes(net[2])) return null;
  return { unit: net[2], micros: (micros(qty) * micros(net)) / 1_000_000n };
}
