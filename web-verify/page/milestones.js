// The milestones of a lot, as plain data: which events, in which order, with which lines. No DOM.

import { idName, lotsOf } from "./event.js";
import { fixesOf } from "./quantity.js";
import { DAY_SECONDS, showDay, showTime } from "./time.js";
import { fill } from "./words.js";

const MAIN = 5; // a shopper reads five, not forty
const SEASON_SECONDS = 366 * DAY_SECONDS;

/** How much a kind tells a shopper; warnings are always among the main ones. Kinds not named here are not shown. */
const WEIGHT = {
  recall: 100, hold: 100, release: 100, recall_lift: 100, destroy: 100,
  harvest: 90, pack: 85, lab_result: 80, quarantine: 78, process: 75, treatment: 72, stock: 65, receive: 60,
  merge: 58, split: 56, ship: 55, load: 50, label: 48, sold_out: 45, list: 40, check: 38, season_start: 35,
  spray: 33, treat: 33, grade: 30, transport: 28, store: 25, bag: 20, fertilise: 18, feed: 18, lab_sample: 15, correct: 10,
};

/** {heading, main: [milestone], rest: [milestone], more} in the order in which things happened. */
export function milestones(result, names, history) {
  const { words } = names;
  const events = relevant(history).sort(byTime);
  const ranked = [...events].sort((a, b) => WEIGHT[b.kind] - WEIGHT[a.kind] || byTime(b, a));
  const main = new Set(ranked.filter((event, i) => i < MAIN || WEIGHT[event.kind] >= 100));
  const show = (event) => milestone(event, result, names, history);
  const rest = events.filter((event) => !main.has(event));
  return {
    heading: words.headings.milestones,
    main: events.filter((event) => main.has(event)).map(show),
    rest: rest.map(show),
    more: fill(words.headings.more, { n: rest.length }),
  };
}

const byTime = (a, b) => a.occurred[0] - b.occurred[0] || a.index - b.index;

/** Events about the family's lots, work on its fields in the season, and whatever holds or recalls it. */
function relevant({ family }) {
  const harvests = family.created.map(({ event }) => event).filter(({ kind }) => kind === "harvest");
  const ids = new Set();
  return family.events.filter((event) => {
    if (!(event.kind in WEIGHT)) return false;
    const about =
      WEIGHT[event.kind] >= 100 ||
      lotsOf(event).some(family.has) ||
      ids.has(event.refKey) ||
      harvests.some((harvest) => isOfSeason(event, harvest, family.events));
    if (about) ids.add(event.key);
    return about;
  });
}

/** Work on the harvest's field after the harvest before it, at most a year back. */
function isOfSeason({ body, occurred }, harvest, events) {
  if (!body.field || idName(body.field) !== idName(harvest.body.field)) return false;
  const age = harvest.occurred[0] - occurred[0];
  const between = (e) =>
    e.kind === "harvest" &&
    idName(e.body.field) === idName(body.field) &&
    e.occurred[0] > occurred[0] &&
    e.occurred[0] < harvest.occurred[0];
  return age >= 0 && age <= SEASON_SECONDS && !events.some(between);
}

function milestone(event, result, names, history) {
  const { words } = names;
  const { body, kind } = event;
  const place = body.field ?? body.place;
  return {
    kind,
    date: showDay(event.occurred),
    time: showTime(event.occurred),
    title: words.kinds[kind],
    who: [names.org(event.iss), place && names.knows(place) ? names.place(place) : null].filter(Boolean).join(" · "),
    lines: [...amounts(event, names, history), ...told(event, names), ...facts(event, names)],
    marks: marks(event, result, names, history),
    warns: kind === "recall" || kind === "hold" || body.result === "fail",
  };
}

/** What came out, or how much it was about; the first value stays visible beside a correction. */
function amounts({ key, body, kind, iss, refKey }, names, history) {
  const { words } = names;
  const fixes = fixesOf({ key }, history.family.events);
  const fixed = (path) => fixes.filter(([p]) => p === path).at(-1)?.[1];
  const show = (qty, path) => {
    const now = fixed(path);
    return now ? fill(words.marks.corrected, { old: names.quantity(qty), new: names.quantity(now) }) : names.quantity(qty);
  };
  if (kind === "correct") return [correction(body, names)];
  if (body.outputs) {
    const ours = body.outputs.map((output, n) => ({ output, n })).filter(({ output }) => history.family.has([iss, output.no]));
    const shown = ours.length > 0 ? ours : body.outputs.map((output, n) => ({ output, n }));
    return shown.map(({ output, n }) => `${fill(words.marks.lotNo, { lot: output.no })}: ${show(output.qty, `outputs/${n}/qty`)}`);
  }
  if (body.qty) return [show(body.qty, "qty")];
  const named = (body.lots ?? []).filter(([lot, qty]) => qty !== null && history.family.has(lot));
  return named.map(([lot, qty]) => `${fill(words.marks.lotNo, { lot: lot[1] })}: ${names.quantity(qty)}`);
}

function correction({ fix: [path, value] }, names) {
  const { words } = names;
  return fill(words.marks.correctedField, { field: words.fixes[path.split("/").at(-1)], new: names.value(value) });
}

/** Fields that stand in the clear. */
function told({ body }, names) {
  const { marks } = names.words;
  const lines = [
    body.ingredient && fill(marks.wait, { ingredient: body.ingredient, days: body.wait_days }),
    body.result && marks[body.result],
    body.to && fill(marks.to, { org: names.org(body.to) }),
    body.loss && fill(marks.loss, { qty: names.quantity(body.loss) }),
    body.added && fill(marks.added, { qty: names.quantity(body.added) }),
    body.count !== undefined && fill(marks.count, { n: names.count(body.count) }),
    body.sscc && fill(marks.sscc, { sscc: body.sscc }),
    body.reason && fill(names.words.reason, { reason: body.reason }),
  ];
  return lines.filter(Boolean);
}

/** The other facts: public, opened, or only the word for whom they are. */
function facts({ body }, names) {
  const shown = body.facts ?? (body.sealed && names.text(body.sealed[1]));
  if (shown) return Object.entries(shown).map(([name, text]) => `${name}: ${names.fact(text)}`);
  return [];
}

/** Small remarks beside a milestone. */
function marks(event, result, names, history) {
  const { words } = names;
  const device = result.devices.get(event.device);
  const days = Math.floor((event.signed[0] - event.occurred[0]) / DAY_SECONDS);
  const sealed = event.body.sealed;
  const silent = history.handovers.some(
    ({ lot, receiver, confirmed }) =>
      !confirmed && receiver === event.iss && [...(event.body.inputs ?? []), ...(event.body.lots ?? [])].some(([id]) => idName(id) === idName(lot)),
  );
  return [
    silent && (event.kind === "receive" || event.body.outputs) ? words.marks.giverSilent : null,
    device?.host ? fill(words.marks.hosted, { host: names.org(device.host) }) : null,
    days >= 1 ? fill(words.marks.late, { n: days }) : null,
    sealed && names.text(sealed[1]) === null ? words.marks[sealed[0]] : null,
  ].filter(Boolean);
}
