// Times [seconds, offset in minutes] and dates "YYYY-MM-DD" (docs/formats.md section 4). Mirrors time.rs.
// No clock here: the present is always an argument.

export const DAY_SECONDS = 86400;
const VIETNAM_OFFSET = 420;

/** Days since 1970-01-01 of a date text; null when it is none, or outside 1900…2199. */
export function dateDays(text) {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match) return null;
  const [year, month, day] = match.slice(1).map(Number);
  const days = Date.UTC(year, month - 1, day) / (DAY_SECONDS * 1000);
  return year >= 1900 && year < 2200 && daysDate(days) === text ? days : null;
}

/** The date text so many days after 1970-01-01. */
export const daysDate = (days) => new Date(days * DAY_SECONDS * 1000).toISOString().slice(0, 10);

/** Days since 1970-01-01 of a time's date, in its own offset. */
export const dayOf = ([seconds, offset]) => Math.floor((seconds + offset * 60) / DAY_SECONDS);

/** Year of a time in its own offset; NaN when no calendar reaches there. */
export const yearOf = (time) => new Date(dayOf(time) * DAY_SECONDS * 1000).getUTCFullYear();

/** A moment as seen in Vietnam. */
export const vietnam = (seconds) => [seconds, VIETNAM_OFFSET];

/** 12/10/2026 */
export function showDate(text) {
  const [year, month, day] = text.split("-");
  return `${day}/${month}/${year}`;
}

/** 12/10/2026 of a time. */
export const showDay = (time) => showDate(daysDate(dayOf(time)));

/** 06:10 12/10/2026, in the offset that the person saw. */
export function showTime(time) {
  const minutes = Math.floor((time[0] + time[1] * 60) / 60) % 1440;
  const two = (n) => String(n).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)} ${showDay(time)}`;
}
