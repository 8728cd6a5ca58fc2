// The milestones of a lot, as plain data: which events, in which order, with which lines. No DOM.

import { idName, lotsOf } from "./event.js";
import { DAY_SECONDS, showDay, showTime } from "./time.js";
import { fill } from "./words.js";

const MAIN = 5; // a shopper reads five, not forty
const SEASON_SECONDS = 366 * DAY_SECONDS;

/** How much a kind tells a shopper; warnings are always among the main ones. Kinds not named here are not shown. */
const WEIGHT = {
  recall: 100, hold: 100, release: 100, recall_lift: 100, destroy: 100,
  harvest: 90, pack: 85, lab_result: 80, quarantine: 78, process: 75, treatment: 72, stock: 65, receive: 60,
  merge: 58, split: 56, ship: 55, load: 50, label: 48, sold_out: 45, sell: 42, list: 40, check: 38, permit: 36, season_start: 35,
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
    signed: showTime(event.signed),
    at: event.occurred[0],
    title: words.kinds[kind],
    who: [names.org(event.iss), place && names.knows(place) ? names.place(place) : null].filter(Boolean).join(" · "),
    lines: [...amounts(event, names, history), ...told(event, names, history), ...facts(event, names, history)],
    marks: marks(event, result, names, history),
    warns: kind === "recall" || kind === "hold" || body.result === "fail",
  };
}

/** A value as first recorded, beside the last one where it was corrected. */
function now({ corrections }, names, event, path, stated) {
  const { marks } = names.words;
  const last = corrections.last(event, path);
  const show = (value) => names.value(path, value);
  if (last === undefined) return stated === undefined || stated === null ? null : show(stated);
  if (stated === undefined || stated === null) return show(last);
  return fill(marks.corrected, { old: show(stated), new: show(last) });
}

/** The same within a sentence. */
function within({ corrections }, names, event, path) {
  const stated = event.body[path];
  const last = corrections.last(event, path) ?? stated;
  if (last === undefined) return null;
  const isFirst = stated === undefined || stated === last;
  return names.value(path, last) + (isFirst ? "" : ` (${fill(names.words.marks.first, { old: names.value(path, stated) })})`);
}

/** What came out, or how much it was about. */
function amounts(event, names, { family }) {
  const { words } = names;
  const { body, kind, iss } = event;
  const show = (path, stated) => now(family, names, event, path, stated);
  const ofLot = (lot, text) => `${fill(words.marks.lotNo, { lot })}: ${text}`;
  if (kind === "correct") return [correction(body, names)];
  if (body.outputs) {
    const all = body.outputs.map((output, n) => ({ output, n }));
    const ours = all.filter(({ output }) => family.isReached([iss, output.no]));
    return (ours.length > 0 ? ours : all).map(({ output, n }) => {
      const withdrawn = family.corrections.isWithdrawn(event, n) ? ` (${words.marks.withdrawn})` : "";
      return ofLot(output.no, show(`outputs/${n}/qty`, output.qty) + withdrawn);
    });
  }
  if (body.qty) return [show("qty", body.qty)];
  const named = (body.lots ?? []).map(([lot, qty], n) => ({ lot, text: family.has(lot) ? show(`lots/${n}/qty`, qty) : null }));
  return named.filter(({ text }) => text !== null).map(({ lot, text }) => ofLot(lot[1], text));
}

function correction({ fix: [path, value] }, names) {
  const { words } = names;
  if (/^outputs\/\d+$/.test(path)) return words.marks.withdrawn;
  const [, fact] = /^facts\/(.+)$/s.exec(path) ?? [];
  return fill(words.marks.correctedField, { field: fact ?? words.fixes[path.split("/").at(-1)], new: names.value(path, value) });
}

/** Fields that stand in the clear. */
function told(event, names, { family }) {
  const { body } = event;
  const { marks } = names.words;
  const show = (path) => within(family, names, event, path);
  const line = (mark, values) => (Object.values(values).some((value) => value === null) ? null : fill(mark, values));
  const lines = [
    line(marks.began, { time: show("began") }),
    line(marks.wait, { ingredient: show("ingredient"), days: show("wait_days") }),
    show("result"),
    body.to && fill(marks.to, { org: names.org(body.to) }),
    line(marks.loss, { qty: show("loss") }),
    line(marks.added, { qty: show("added") }),
    line(marks.count, { n: show("count") }),
    body.serials && fill(marks.serials, { first: names.count(body.serials[0]), last: names.count(body.serials[1]) }),
    body.sscc && fill(marks.sscc, { sscc: body.sscc }),
    (body.area_code || event.kind === "permit") && fill(marks.areaCode, { code: body.area_code ?? body.code }),
    body.reason && fill(names.words.reason, { reason: body.reason }),
  ];
  return lines.filter(Boolean);
}

/** The other facts, public or opened. */
function facts(event, names, { family }) {
  const { body } = event;
  const shown = body.facts ?? (body.sealed && names.text(body.sealed[1])) ?? {};
  const corrected = family.corrections.fixes(event).map(({ path }) => /^facts\/(.+)$/s.exec(path)?.[1]).filter(Boolean);
  const all = [...new Set([...Object.keys(shown), ...corrected])];
  return all.map((name) => `${name}: ${names.fact(now(family, names, event, `facts/${name}`, shown[name]))}`);
}

/** Where the signing device's key lives, when that is not the organisation's own machine, and what became of the device. */
function deviceMarks({ where, host, revoked, forks }, names) {
  const { marks } = names.words;
  return [
    host ? fill(marks.hosted, { host: names.org(host) }) : (marks.where[where] ?? null),
    revoked && (revoked.replaced ? marks.replacedLater : marks.revokedLater),
    forks.size > 0 ? marks.forked : null,
  ];
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
    ...(device ? deviceMarks(device, names) : []),
    days >= 1 ? fill(words.marks.late, { n: days }) : null,
    history.family.corrections.last(event, "occurred") ? now(history.family, names, event, "occurred", event.occurred) : null,
    sealed && names.text(sealed[1]) === null ? words.marks[names.isErased(sealed[1]) ? "erased" : sealed[0]] : null,
  ].filter(Boolean);
}
