// The history of one lot: where it comes from, its state, and what must be said besides (docs/rules.md).
// Mirrors lot.rs. In scope: business rules over events in force. Out of scope: whether the events are genuine and
// complete (verify.js), and the clock: the business date is an argument.
//
// A breach never refuses an event here: a ledger that refuses the truth makes people write it elsewhere.

import { Creations, handovers, placeOf } from "./family.js";
import { idName, lotsOf } from "./event.js";
import { holding, treatments } from "./hold.js";
import { corrected, massExceeded, sameQuantity } from "./quantity.js";
import { DAY_SECONDS } from "./time.js";

const LATE_SECONDS = DAY_SECONDS;

/** The lot and its ancestors, with what the notices are decided from. */
function familyOf(events, creations, lot, ancestors) {
  const lots = [...ancestors, lot];
  const members = new Set(lots.map(idName));
  const places = new Map();
  for (const { kind, iss, body } of events) if (kind === "place") places.set(idName([iss, body.id]), body);
  return {
    events,
    creations,
    lot,
    lots,
    places, // as last registered
    has: (id) => members.has(idName(id)),
    created: lots.map((id) => creations.get(id)).filter((creation) => creation !== undefined),
  };
}

/** The creations of those that were made from nothing. */
const rootsOf = (family) => family.created.filter(({ event }) => event.body.inputs === undefined);

const namesTheLot = (family, { body }) => (body.lots ?? []).some(([id]) => idName(id) === idName(family.lot));

/**
 * Tells the history of a lot from events in force, in log order.
 * @param {string} today the business date, YYYY-MM-DD
 */
export function trace(events, lot, today, creations = new Creations(events)) {
  const { lots: ancestors, fault } = creations.ancestors(lot);
  const family = familyOf(events, creations, lot, ancestors);
  const held = holding(family);
  const rating = ratingOf(family, today);
  const notices = noticesOf(family, held, rating, today);
  return {
    lot,
    creation: creations.get(lot) ?? null,
    ancestors: ancestors.sort(inOrder),
    fault,
    family,
    holding: held,
    rating: rating?.valid ?? null,
    sources: distinct(rootsOf(family).map(placeOf)).sort(inOrder),
    organisations: [...new Set(family.created.map(({ output }) => output.owner))].sort(),
    handovers: handovers(family.lots, events).sort((a, b) => inOrder([...a.lot, a.receiver], [...b.lot, b.receiver])),
    notices,
    state: stateOf(notices),
    today,
  };
}

const distinct = (ids) => [...new Map(ids.filter(Boolean).map((id) => [idName(id), id])).values()];

/** Ids in the order of their parts, as Rust has them. */
function inOrder(a, b) {
  const at = a.findIndex((part, i) => part !== b[i]);
  return at < 0 ? 0 : a[at] < b[at] ? -1 : 1;
}

/** The state line: the first that applies. */
function stateOf(notices) {
  if (notices.includes("DA_THU_HOI")) return "recalled";
  if (notices.includes("DANG_TAM_GIU")) return "held";
  return notices.includes("HET_HAN_SU_DUNG") ? "expired" : "recorded";
}

/** Every notice that applies, in the order of the page. */
function noticesOf(family, { recalls, held, lifted }, rating, today) {
  const recalled = recalls.length > 0;
  const answers = {
    DA_THU_HOI: recalled,
    DANG_TAM_GIU: held.length > 0 && !recalled,
    TUNG_TAM_GIU: lifted.length > 0 && held.length === 0 && !recalled,
    CO_DINH_CHINH: isCorrected(family),
    NHAP_TRE: isEnteredLate(family),
    CHUA_PHAN_HANG_OCOP: rating?.none === true,
    OCOP_HET_HAN: rating?.expired === true,
    THIEU_MA_VUNG_TRONG: lacksGrowingAreaCode(family),
    DIA_CHI_NHAN_CU: family.events.some((e) => e.kind === "label" && namesTheLot(family, e) && e.body.old_label),
    VUOT_KHOI_LUONG: massExceeded(family),
    DA_BAN_HET: family.events.some((e) => e.kind === "sold_out" && namesTheLot(family, e)),
    DA_XUAT_KHAU: isExported(family),
    HET_HAN_SU_DUNG: isExpired(family, today),
  };
  return Object.keys(answers).filter((notice) => answers[notice]);
}

/** A correction of any event that names the lot or an ancestor. */
function isCorrected(family) {
  const about = new Set(family.events.filter((event) => lotsOf(event).some(family.has)).map((event) => event.key));
  return family.events.some(({ kind, refKey }) => kind === "correct" && about.has(refKey));
}

const isLate = ({ signed, occurred }) => signed[0] - occurred[0] > LATE_SECONDS;
const MAKING = ["harvest", "process", "treatment", "pack"];

/** A step of making, labelling or treating that was signed more than a day after it happened. */
export function lateEvents(family) {
  const made = family.created.map(({ event }) => event).filter(({ kind }) => MAKING.includes(kind));
  const worked = family.events.filter(
    ({ kind, body }) => (MAKING.includes(kind) || kind === "label") && (body.lots ?? []).some(([lot]) => family.has(lot)),
  );
  const treated = rootsOf(family).flatMap(({ event }) => countedTreatments(family, event));
  return [...new Set([...made, ...worked, ...treated])].filter(isLate);
}

const isEnteredLate = (family) => lateEvents(family).length > 0;

/** Only treatments since the previous harvest at that place count as this harvest's. */
function countedTreatments({ events }, harvest) {
  if (!harvest.body.field) return [];
  const atField = ({ body }) => body.field && idName(body.field) === idName(harvest.body.field);
  const earlier = events.filter((e) => e.kind === "harvest" && atField(e) && e.index < harvest.index);
  const previous = earlier.at(-1)?.index ?? -1;
  return treatments(events, harvest).filter(({ index }) => index < harvest.index && index > previous);
}

/** The product's rating: {none}, {expired} or {valid: event}; null when the lot is no finished product. */
function ratingOf(family, today) {
  const product = family.creations.get(family.lot)?.output.product;
  if (!product) return null;
  const ratings = family.events.filter(({ kind, body }) => kind === "rating" && idName(body.product) === idName(product));
  if (ratings.length === 0) return { none: true };
  const current = ratings.filter(({ body }) => body.valid[1] === null || body.valid[1] >= today);
  if (current.length === 0) return { expired: true };
  // A star is shown only when it holds today, not when it will.
  return { valid: current.findLast(({ body }) => body.valid[0] === null || body.valid[0] <= today) ?? null };
}

function lacksGrowingAreaCode(family) {
  const hasCode = (place) =>
    family.events.some(
      ({ kind, body }) =>
        kind === "place_code" && idName(body.target_place) === idName(place) && body.code_type === "growing_domestic",
    );
  const isPlot = (place) => family.places.get(idName(place))?.type === "plot";
  return rootsOf(family).map(placeOf).some((place) => place && isPlot(place) && !hasCode(place));
}

/** Plant quarantine passed, then the whole lot loaded into a logistic unit. */
function isExported(family) {
  const passed = family.events.find((e) => e.kind === "quarantine" && namesTheLot(family, e) && e.body.result === "pass");
  const creation = family.creations.get(family.lot);
  if (!passed || !creation) return false;
  const whole = corrected(creation, "qty", family.events);
  const isWhole = ([lot, qty]) => idName(lot) === idName(family.lot) && (qty === null || sameQuantity(qty, whole));
  return family.events.some((e) => e.kind === "load" && e.index > passed.index && e.body.inputs.some(isWhole));
}

function isExpired(family, today) {
  const creation = family.creations.get(family.lot);
  const expires = creation && corrected(creation, "expires", family.events);
  return Boolean(expires) && expires < today;
}
