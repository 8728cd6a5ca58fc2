// Values as they stand after corrections (docs/rules.md, "Words": versions). Mirrors value.rs. The first value stays in
// the log and on the page; computing uses the last version, and what decides a hold or recall counts in every version.

import { dayOf } from "./time.js";

/** @typedef {{first: number, last: number, known: number}} Span days without a gap, and the leaf from which they are known */

/** Whether a day of a span lies between two days, both included. */
export const meets = (span, first, last) => span.first <= last && first <= span.last;

export class Corrections {
  constructor(events) {
    this.byEvent = new Map();
    for (const { kind, refKey, body, index } of events) {
      if (kind !== "correct") continue;
      const [path, value] = body.fix;
      this.byEvent.set(refKey, [...(this.byEvent.get(refKey) ?? []), { path, value, index }]);
    }
  }

  /** The corrections of an event, or of one of its fields, in log order: {path, value, index}. */
  fixes({ key }, path) {
    const all = this.byEvent.get(key) ?? [];
    return path === undefined ? all : all.filter((fix) => fix.path === path);
  }

  last = (event, path) => this.fixes(event, path).at(-1)?.value;

  /** Whether an output was declared by mistake. */
  isWithdrawn = (event, n) => this.fixes(event, `outputs/${n}`).length > 0;

  /** A field of an event as it stands now: `loss`, `added`, `count`, `result`. */
  field = (event, name) => this.last(event, name) ?? event.body[name];

  /** A field of a lot's output as it stands now: `qty`, `made` or `expires`. */
  output = ({ event, n, output }, field) => this.last(event, `outputs/${n}/${field}`) ?? output[field];

  /** The `inputs` or `lots` of an event with their amounts as they stand now: [lot, quantity or null]. */
  uses = (event, list) => (event.body[list] ?? []).map(([lot, qty], n) => [lot, this.last(event, `${list}/${n}/qty`) ?? qty]);

  occurred = (event) => this.last(event, "occurred") ?? event.occurred;

  /** The last leaf at which a test is said to have failed, or null. */
  failedAt(event) {
    const fixed = this.fixes(event, "result").findLast(({ value }) => value === "fail");
    return fixed?.index ?? (event.body.result === "fail" ? event.index : null);
  }

  /** The longest waiting period of all versions, and the leaf where it was first stated. */
  longestWait(event) {
    const stated = { value: event.body.wait_days, index: event.index };
    return [stated, ...this.fixes(event, "wait_days")].reduce((best, next) => (next.value > best.value ? next : best));
  }

  /** The days of a work, in every version: {@link Span}s. */
  days(event) {
    const versions = (name, stated) => [...(stated ? [{ value: stated, index: event.index }] : []), ...this.fixes(event, name)];
    const ends = versions("occurred", event.occurred);
    const begins = versions("began", event.body.began);
    const span = (a, b) => {
      const days = [dayOf(a.value), dayOf(b.value)];
      return { first: Math.min(...days), last: Math.max(...days), known: Math.max(a.index, b.index) };
    };
    return [...ends.map((end) => span(end, end)), ...begins.flatMap((begin) => ends.map((end) => span(begin, end)))];
  }
}
