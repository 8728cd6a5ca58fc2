// What the page shows, as plain data: texts in reading order, no DOM. main.js only builds elements from it.
// In scope: choice and order of facts, words. Out of scope: what is true (verify.js).

import { hex } from "./cbor.js";
import { idName } from "./event.js";
import { placeOf } from "./family.js";
import { milestones } from "./milestones.js";
import { Names } from "./names.js";
import { isNeeded } from "./statement.js";
import { dayOf, daysDate, showDate, showDay, showTime, vietnam } from "./time.js";
import { fill } from "./words.js";

/** Failures whose sentence does not say yet that what stands below is the server's. */
const SAY_WHOSE = new Set(["offline", "server", "malformed"]);

/** States that tell no more than a word and a sentence. */
export function plainView(words, state, values = {}) {
  const [word, sentence] = words.states[state];
  const more = SAY_WHOSE.has(state) ? [words.serverBelow] : [];
  if (values.why) more.push(fill(words.errorCode, values));
  return { state: { name: state, word, sentence: fill(sentence, values), more } };
}

/** The view of a verified bundle; `millis` is how long the check took. */
export function viewOf(result, words, millis) {
  const names = new Names(result, words);
  const history = isThisLot(result) ? result.history : null;
  const lot = history ? lotView(result, names, history) : {};
  return {
    band: result.sample ? fill(words.band, { date: showDate(result.sample) }) : "",
    state: stateView(result, names, history),
    ...lot,
    check: checkView(result, names, lot.milestones, millis),
  };
}

/** Another ledger's or another code's lot is not shown at all. */
function isThisLot({ statements }) {
  const of = (name) => statements.find((statement) => statement.name === name);
  return of("ledger").state === "proven" && of("code").state !== "contradicted";
}

const clock = (seconds) => (seconds === null ? "" : showTime(vietnam(seconds)));

// ---- the state line ----

function stateView(result, names, history) {
  const { words } = names;
  const [word, sentence] = words.states[result.state];
  const creation = history?.creation;
  const expires = creation && history.family.corrections.output(creation, "expires");
  const values = {
    org: creation ? names.org(creation.output.owner) : "",
    time: clock(result.asOf),
    expires: expires ? showDate(expires) : "",
    why: result.state === "unconfirmed" ? whyUnconfirmed(result, words) : "",
    code: codeText(result.code, words),
  };
  return { name: result.state, word, sentence: fill(sentence, values), more: moreOfState(result, words, history) };
}

function whyUnconfirmed({ statements }, words) {
  const lacking = lackingOf(statements);
  if (lacking.some(({ state }) => state === "contradicted")) return words.unconfirmedWhy.contradicted;
  const known = ["witnessed", "fresh"].find((name) => lacking.some((statement) => statement.name === name));
  return words.unconfirmedWhy[known ?? "other"];
}

/** Reasons of a recall or hold, and what must be said when not all is proven. */
function moreOfState({ state, statements }, words, history) {
  const warns = state === "recalled" || state === "held";
  if (!history || !warns) return [];
  const causes = state === "recalled" ? history.holding.recalls : history.holding.held.map(({ event }) => event);
  const reasons = [...new Set(causes.map(({ body }) => body.reason).filter(Boolean))];
  const doubts = lackingOf(statements);
  const doubt = doubts.some(({ state: proof }) => proof === "contradicted") ? words.alsoContradicted : words.alsoUnconfirmed;
  return [...reasons.map((reason) => fill(words.reason, { reason })), ...(doubts.length > 0 ? [doubt] : [])];
}

/** What a confirmed state needs and is not proven. */
const lackingOf = (statements) => statements.filter(({ name, state }) => isNeeded(name) && state !== "proven");

/** A code as people can compare it with what is printed. */
function codeText(code, words) {
  const gs1 = /^01\/(\d+)\/10\/(.+)$/.exec(code);
  return gs1 ? fill(words.gs1Code, { gtin: gs1[1], lot: gs1[2] }) : code.replace(/^t\//, "");
}

// ---- the lot ----

function lotView(result, names, history) {
  const { words } = names;
  const { creation, lot } = history;
  const product = creation?.output.product;
  const body = product ? names.products.get(idName(product)) : undefined;
  const title = product ? names.product(product) : fill(words.unnamedProduct, { lot: lot[1] });
  return {
    title,
    picture: { hash: body?.picture ? hex(body.picture) : null, alt: fill(words.labels.picture, { name: title }), none: words.labels.noPicture },
    star: lackingOf(result.statements).length > 0 ? null : starOf(history, words),
    rows: mainRows(names, history),
    notices: { heading: words.headings.notices, items: noticesBeside(result.state, history).map((n) => noticeText(n, names, history)) },
    milestones: milestones(result, names, history),
    certificates: certificates(result, names, history),
    product: { heading: words.headings.product, rows: productRows(names, history, body) },
  };
}

/** What the state line says is not said twice. */
const SAID_BY_STATE = { recalled: "DA_THU_HOI", held: "DANG_TAM_GIU", expired: "HET_HAN_SU_DUNG" };
const noticesBeside = (state, { notices }) => notices.filter((notice) => notice !== SAID_BY_STATE[state]);

/** The sentence of a notice; of suspended organisations also which, and since when. */
function noticeText(notice, names, { suspended }) {
  const { words } = names;
  if (notice !== "DON_VI_TAM_DUNG") return words.notices[notice];
  const since = suspended.map(({ org, event }) => fill(words.marks.suspended, { org: names.org(org), date: showDay(event.signed) }));
  return [words.notices[notice], ...since].join(" ");
}

/** An output's field as it stands now, and as it was first recorded if that is another. */
function told({ creation, family }, field) {
  const now = creation && family.corrections.output(creation, field);
  const first = creation?.output[field];
  const isCorrected = first !== undefined && String(first) !== String(now);
  return { now: now ?? null, first: isCorrected ? first : null };
}

/** Producer and commune, origin, lot, harvest and expiry: what must be seen without scrolling. */
function mainRows(names, history) {
  const { words } = names;
  const { creation, lot } = history;
  const row = (label, value, mark = null) => (value ? [{ label: words.labels[label], value, mark }] : []);
  const owner = creation?.output.owner ?? lot[0];
  const commune = names.commune(names.orgs.get(owner)) ?? names.commune(names.places.get(idName(history.sources[0] ?? [])));
  const expires = told(history, "expires");
  return [
    ...row("producer", [names.org(owner), commune].filter(Boolean).join(", ")),
    ...originRow(names, history, row),
    ...row("lot", lot[1]),
    ...dateRow(names, history, row),
    ...row("expires", expires.now && showDate(expires.now), expires.first && fill(words.marks.first, { old: showDate(expires.first) })),
  ];
}

/** Where it was grown; borrowed origins show: "the giver has not confirmed" stands beside it. */
function originRow(names, history, row) {
  const { words } = names;
  const text = (place) => {
    const body = names.places.get(idName(place));
    return [names.place(place), names.commune(body)].filter(Boolean).join(", ");
  };
  const silent = history.handovers.some(({ confirmed }) => !confirmed);
  const grown = history.family.created.some(({ event }) => event.kind === "harvest");
  const value = history.sources.map(text).join("; ");
  return row(grown ? "origin" : "sourcePlace", value, silent ? words.marks.giverSilent : null);
}

/** The days of the harvests, and those first recorded where they were others; for goods without one the day of production. */
function dateRow(names, history, row) {
  const { family } = history;
  const harvests = family.created.map(({ event }) => event).filter(({ kind }) => kind === "harvest");
  const first = (text) => text && fill(names.words.marks.first, { old: text });
  if (harvests.length > 0) {
    const now = daysText(harvests.flatMap((event) => [family.corrections.field(event, "began"), family.corrections.occurred(event)]));
    const then = daysText(harvests.flatMap(({ body, occurred }) => [body.began, occurred]));
    return row("harvested", now, then === now ? null : first(then));
  }
  const made = told(history, "made");
  return row("made", made.now && showDate(made.now), made.first && first(showDate(made.first)));
}

/** The first and the last day of some times. */
function daysText(times) {
  const days = [...new Set(times.filter(Boolean).map(dayOf))].sort((a, b) => a - b).map(daysDate);
  return (days.length === 1 ? days : [days[0], days.at(-1)]).map(showDate).join(" – ");
}

function starOf({ rating }, words) {
  if (!rating) return null;
  const { stars, valid } = rating.body;
  const text = valid[1] === null ? words.ocop.validForever : words.ocop.valid;
  return { n: stars, text: fill(text, { n: stars, date: valid[1] ? showDate(valid[1]) : "" }) };
}

function productRows(names, history, body) {
  const { words } = names;
  const { creation, lot, sources } = history;
  const owner = names.orgs.get(creation?.output.owner ?? lot[0]);
  const shown = ({ now, first }, show) => {
    if (now === null) return null;
    return first === null ? show(now) : `${show(now)} (${fill(words.marks.first, { old: show(first) })})`;
  };
  const source = names.places.get(idName(sources[0] ?? []));
  const values = {
    made: shown(told(history, "made"), showDate),
    quantity: shown(told(history, "qty"), names.quantity),
    net: body?.net,
    shelf: body?.shelf,
    storage: body?.storage,
    productOrigin: body?.origin,
    gi: body?.gi,
    group: body?.group,
    gtin: body?.gtin,
    address: names.text(owner?.address),
    oldAddress: names.text(owner?.old_address),
    position: source && fill(words.rough, { lat: names.degrees(source.point[0]), lon: names.degrees(source.point[1]) }),
  };
  return Object.keys(values).filter((key) => values[key]).map((key) => ({ label: words.labels[key], value: values[key] }));
}

// ---- certificates ----

function certificates(result, names, history) {
  const { words } = names;
  const items = result.events.flatMap((event) => {
    if (event.kind === "rating") return [ratingItem(event, names, history)];
    if (event.kind === "certificate") return [certificateItem(event, names, history)];
    if (event.kind === "place_code") return [placeCodeItem(event, names, history)];
    return [];
  });
  return { heading: words.headings.certificates, items: items.filter(Boolean), none: words.marks.noCertificates };
}

function ratingItem({ iss, body }, names, { creation, today }) {
  if (!creation?.output.product || idName(body.product) !== idName(creation.output.product)) return null;
  const { words } = names;
  const { stars, valid, decision } = body;
  const over = valid[1] !== null && valid[1] < today;
  const title = fill(over ? words.ocop.expired : valid[1] ? words.ocop.valid : words.ocop.validForever, { n: stars, date: valid[1] ? showDate(valid[1]) : "" });
  return { title, lines: [fill(words.ocop.decision, { decision }), fill(words.marks.issued, { org: names.org(iss) })], over };
}

function certificateItem({ iss, body }, names, history) {
  const of = aboutLot(body, history);
  if (!of) return null;
  const { words } = names;
  const about = body.target_place ? names.place(body.target_place) : body.product ? names.product(body.product) : names.org(body.org);
  const { text, over } = validity(body.valid, words, history.today);
  return { title: `${body.standard} ${body.number}`, lines: [about, text], mark: words.marks.selfDeclared, by: names.org(iss), over };
}

function placeCodeItem({ iss, body }, names, history) {
  if (!history.family.created.some((creation) => placeOf(creation) && idName(placeOf(creation)) === idName(body.target_place))) return null;
  const { words } = names;
  const { text, over } = validity(body.valid, words, history.today);
  const lines = [names.place(body.target_place), fill(words.marks.issued, { org: names.org(iss) }), body.valid ? text : null];
  return { title: `${words.codeTypes[body.code_type]} ${body.code}`, lines: lines.filter(Boolean), over };
}

/** A certificate of the lot's product, of a place where the family arose, or of an owner of it. */
function aboutLot({ target_place: place, product, org }, { creation, family, organisations }) {
  if (product && creation?.output.product && idName(product) === idName(creation.output.product)) return true;
  if (place && family.created.some((c) => placeOf(c) && idName(placeOf(c)) === idName(place))) return true;
  return Boolean(org && organisations.includes(org));
}

function validity(valid, words, today) {
  const [from, until] = valid ?? [null, null];
  const over = until !== null && until < today;
  if (over) return { over, text: fill(words.marks.expired, { date: showDate(until) }) };
  if (from !== null && from > today) return { over, text: fill(words.marks.from, { date: showDate(from) }) };
  return { over, text: until === null ? words.marks.noEnd : fill(words.marks.until, { date: showDate(until) }) };
}

// ---- the independent check ----

function checkView(result, names, milestones, millis) {
  const { words } = names;
  const proven = result.statements.filter(({ state }) => state === "proven").length;
  const counts = { proven, all: result.statements.length };
  return {
    heading: words.headings.check,
    intro: fill(words.check.intro, counts),
    honest: words.check.honest,
    statements: result.statements.map((statement) => statementView(statement, result, names)),
    privates: privatesText(result, words),
    times: milestones ? timesView(result, words, milestones) : null,
    technicalHeading: words.headings.technical,
    technical: technicalRows(result, words, millis),
    anchorNote: words.check.technical.anchorNote,
  };
}

function statementView({ name, state, detail, by }, result, names) {
  const { words } = names;
  const [title, proof, nothing] = words.check.statements[name];
  const values = { detail, by: byText(name, by, names), time: clock(result.asOf), giver: names.org(by[0]), receiver: names.org(by[1]) };
  const said = detail === "0" ? (nothing ?? proof) : proof;
  const text = fill(state === "proven" ? said : (words.check.details[detail] ?? ""), values);
  return { name, state, word: words.check.proof[state], title, text };
}

/** Organisations by name; subjects, lots and leaves as they stand. */
function byText(name, by, names) {
  if (name === "members" || name === "code") return by.map((id) => names.org(id)).join("; ");
  return by.join(name === "complete" || name === "ancestry" ? " " : ", ");
}

/** How many private parts are withheld, opened or erased; "" when there are none. */
function privatesText({ privates }, { check }) {
  const states = [...privates.values()].map(({ state }) => state);
  const counts = Object.entries(check.privateStates).map(([state, text]) => [states.filter((s) => s === state).length, text]);
  const list = counts.filter(([n]) => n > 0).map(([n, text]) => fill(text, { n }));
  return list.length > 0 ? fill(check.privates, { list: list.join(", ") }) : "";
}

/** What is only claimed, and by when all of it was witnessed. */
function timesView({ reached }, { check: { times } }, { main, rest }) {
  const items = [...main, ...rest].sort((a, b) => a.at - b.at);
  return {
    heading: times.heading,
    note: reached === null ? times.notReached : fill(times.reached, { time: clock(reached) }),
    rows: items.map(({ title, time, signed }) => ({ label: title, value: fill(times.claimed, { occurred: time, signed }) })),
  };
}

function technicalRows(result, words, millis) {
  const t = words.check.technical;
  const signed = result.witnesses.map(({ name, time }) => `${name} (${clock(time)})`);
  const rows = [
    [t.asOf, clock(result.asOf)],
    [t.witnesses, signed.length > 0 ? `${fill(t.count, { n: signed.length, all: result.witnessCount })}: ${signed.join(", ")}` : ""],
    [t.ledger, result.ledgerId],
    [t.anchor, result.anchorHash],
    [t.size, result.size === null ? "" : String(result.size)],
    [t.code, result.code],
    [t.lot, result.lot ? result.lot.join(" / ") : ""],
    [t.events, String(result.events.length)],
    [t.time, fill(t.ms, { n: Math.round(millis) })],
  ];
  return rows.filter(([, value]) => value !== "").map(([label, value]) => ({ label, value }));
}
