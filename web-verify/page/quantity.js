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

function stepExceeded(family, event) {
  const { inputs = [], loss, added } = event.body;
  const input = sum(inputs.map(([lot, qty]) => amount(family, lot, qty)));
  const output = sum(createdLots(event).map((lot) => amount(family, lot, quantityOf(family, lot))));
  if (!input || !output || input.unit !== output.unit) return false;
  const same = (qty) => (qty && qty[2] === input.unit ? micros(qty) : 0n);
  return exceeds(output.micros + same(loss), input.micros + same(added));
}

function usesExceeded(family, lot) {
  const whole = amount(family, lot, quantityOf(family, lot));
  const uses = family.events.flatMap(({ body }) => body.inputs ?? []).filter(([id]) => idName(id) === idName(lot));
  const used = sum(uses.map(([, qty]) => amount(family, lot, qty)));
  return Boolean(whole && used) && whole.unit === used.unit && exceeds(used.micros, whole.micros);
}

const exceeds = (out, within) => out * 100n > within * (100n + TOLERANCE_PERCENT);

function quantityOf(family, lot) {
  const creation = family.creations.get(lot);
  return creation ? corrected(creation, "qty", family.events) : null;
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
