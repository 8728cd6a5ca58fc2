// Labels of a lot: what stands on them, and not more of them than there are units (docs/rules.md, "Labels"). Mirrors
// lot/labels.rs.

import { exceeds } from "./mass.js";
import { isMeasure, micros } from "./quantity.js";

const ONE = 1_000_000n; // amounts are in millionths

/** An address from before the merger. */
export const hasOldAddress = (family) => family.events.some((event) => event.kind === "label" && family.isAboutLot(event) && event.body.old_label);

/** More labels than the lot has units. */
export function areTooMany(family) {
  const creation = family.creations.get(family.lot);
  const units = creation && unitsOf(family, creation);
  return units ? exceeds(labelsOf(family) * ONE, units.micros) : false;
}

/** One that names several lots cannot be told apart and counts for none. */
function labelsOf(family) {
  const told = family.events.filter((event) => event.kind === "label" && event.body.lots.length === 1 && family.isAboutLot(event));
  const size = ([first, last]) => BigInt(last) - BigInt(first) + 1n;
  const beside = told.map((event) => {
    const count = BigInt(family.corrections.field(event, "count") ?? 0);
    const numbered = event.body.serials ? size(event.body.serials) : 0n;
    return count > numbered ? count - numbered : 0n;
  });
  const ranges = told.map(({ body }) => body.serials).filter(Boolean);
  return beside.reduce((total, n) => total + n, distinct(ranges));
}

/** How many numbers lie in any of the ranges. */
function distinct(ranges) {
  let total = 0n;
  let next = 0n;
  for (const [first, last] of [...ranges].sort(([a], [b]) => a - b)) {
    const from = BigInt(first) > next ? BigInt(first) : next;
    const to = BigInt(last) + 1n;
    if (to <= from) continue;
    total += to - from;
    next = to;
  }
  return total;
}

/** How many units a lot has that could bear a label, {micros}; null where that is not known. */
function unitsOf({ corrections }, creation) {
  const qty = corrections.output(creation, "qty");
  const { net } = creation.output;
  if (!isMeasure(qty[2])) {
    const inner = net && !isMeasure(net[2]) ? (micros(qty) * micros(net)) / ONE : 0n;
    return { micros: micros(qty) + inner };
  }
  const fits = net && net[2] === qty[2] && micros(net) > 0n;
  return fits ? { micros: (micros(qty) * ONE) / micros(net) } : null;
}
