// Quantities [n, scale, unit] without floats (docs/formats.md section 5). Mirrors quantity.rs.

const SCALE_MAX = 6;

/** The amount in millionths of its unit: exact, and comparable within one unit. */
export const micros = ([n, scale]) => BigInt(n) * 10n ** BigInt(SCALE_MAX - scale);

/** The same amount of the same unit. */
export const sameQuantity = (a, b) => a[2] === b[2] && micros(a) === micros(b);

/** Whether a unit weighs or measures; the others count pieces. */
export const isMeasure = (unit) => unit === "KGM" || unit === "LTR";

/** Digits as people here write them: 1.846,5 */
export function showNumber([n, scale], thousands = ".", comma = ",") {
  const digits = String(n).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale).replace(/\B(?=(\d{3})+$)/g, thousands);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  return scale > 0 && fraction !== "" ? whole + comma + fraction : whole;
}
