// The history of one lot: where it comes from, its state, and what must be said besides (docs/rules.md).
// Mirrors lot.rs. In scope: business rules over events in force. Out of scope: whether the events are genuine and
// complete (verify.js), and the clock: the business date is an argument.
//
// A breach never refuses an event here: a ledger that refuses the truth makes people write it elsewhere.

import { Creations, handovers, inOrder, placeOf } from "./family.js";
import { idName, lotsOf } from "./event.js";
import {
  areaCodeIsOfElsewhere,
  certificateWasOver,
  holdsOn,
  isFieldWork,
  lacksGrowingAreaCode,
  lacksPermit,
  yearIsImplausible,
} from "./growing.js";
import { holding, treatments } from "./hold.js";
import { areTooMany, hasOldAddress } from "./labels.js";
import { massExceeded } from "./mass.js";
import { sameQuantity } from "./quantity.js";
import { DAY_SECONDS } from "./time.js";

const LATE_SECONDS = DAY_SECONDS;

/** A lot with its ancestors and the events that tell of them: what every rule is decided from. Mirrors lot/members.rs. */
function familyOf(events, creations, lot) {
  const places = placesOf(events);
  const { lots: ancestors, fault } = creations.ancestors(lot);
  const lots = [...ancestors, lot];
  const members = new Set(lots.map(idName));
  const reach = creations.reach(lot).lots;
  const reached = new Set(reach.map(idName));
  const created = createdOf(creations, lots);
  return {
    events,
    creations,
    corrections: creations.corrections,
    lot,
    ancestors,
    fault,
    lots,
    reach, // the same, through every creation that was ever stated
    created,
    sources: distinct(rootsOf({ created }).map(placeOf)), // where the lots without inputs arose
    has: (id) => members.has(idName(id)),
    isReached: (id) => reached.has(idName(id)),
    isAboutLot: ({ body }) => (body.lots ?? []).some(([id]) => idName(id) === idName(lot)),
    placeCodes: events.filter(({ kind }) => kind === "place_code"),
    originOf: (id) => originOf(creations, id),
    placeAt: (id) => (id ? places.get(idName(id)) : undefined), // as last registered
  };
}

/** The names of a lot and its ancestors, and where the roots among them arose. */
function originOf(creations, lot) {
  const lots = creations.family(lot, creations.reach(lot).lots);
  const roots = rootsOf({ created: createdOf(creations, lots) });
  return { members: new Set(lots.map(idName)), sources: distinct(roots.map(placeOf)) };
}

function placesOf(events) {
  return new Map(events.filter(({ kind }) => kind === "place").map(({ iss, body }) => [idName([iss, body.id]), body]));
}

const createdOf = (creations, lots) => lots.map((lot) => creations.get(lot)).filter((creation) => creation !== undefined);

/** The creations of those that were made from nothing. */
const rootsOf = ({ created }) => created.filter(({ event }) => event.body.inputs === undefined);

/**
 * Tells the history of a lot from events in force, in log order.
 * @param {string} today the business date, YYYY-MM-DD
 * @param {(org: string) => object | null} suspension the event since which an organisation is suspended; that hangs on
 *   threshold acts, so the roster knows it and not the events of the lot
 */
export function trace(events, lot, today, creations = new Creations(events), suspension = () => null) {
  const family = familyOf(events, creations, lot);
  const held = holding(family);
  const rating = ratingOf(family, today);
  const suspended = suspendedOf(family, suspension);
  const notices = noticesOf(family, held, rating, suspended, today);
  return {
    lot,
    creation: creations.told(lot) ?? null,
    ancestors: family.ancestors,
    fault: family.fault,
    family,
    holding: held,
    rating: rating?.valid ?? null,
    suspended,
    sources: family.sources.sort(inOrder),
    organisations: [...new Set(family.created.map(({ output }) => output.owner))].sort(),
    handovers: handovers(family.lots, events).sort((a, b) => inOrder([...a.lot, a.receiver], [...b.lot, b.receiver])),
    notices,
    state: stateOf(notices),
    today,
  };
}

const distinct = (ids) => [...new Map(ids.filter(Boolean).map((id) => [idName(id), id])).values()];

/** The state line: the first that applies. */
function stateOf(notices) {
  if (notices.includes("DA_THU_HOI")) return "recalled";
  if (notices.includes("DANG_TAM_GIU")) return "held";
  return notices.includes("HET_HAN_SU_DUNG") ? "expired" : "recorded";
}

/** Owners and creators who are suspended: [{org, event}]. */
function suspendedOf({ lots, created }, suspension) {
  const orgs = new Set([...created.map(({ output }) => output.owner), ...lots.map(([org]) => org)]);
  return [...orgs].sort().map((org) => ({ org, event: suspension(org) })).filter(({ event }) => event);
}

/** Every notice that applies, in the order of the page. */
function noticesOf(family, { recalls, held, lifted }, rating, suspended, today) {
  const recalled = recalls.length > 0;
  const answers = {
    DA_THU_HOI: recalled,
    DANG_TAM_GIU: held.length > 0 && !recalled,
    TUNG_TAM_GIU: lifted.length > 0 && held.length === 0 && !recalled,
    TAO_HAI_LAN: family.lots.some((lot) => family.creations.inEffect(lot).length > 1),
    DON_VI_TAM_DUNG: suspended.length > 0,
    HAI_BAN_KHAC_NHAU: isReferredTo(family, "conflict"),
    CO_DINH_CHINH: isReferredTo(family, "correct"),
    NHAP_TRE: isEnteredLate(family),
    CHUA_PHAN_HANG_OCOP: rating?.none === true,
    OCOP_HET_HAN: rating?.expired === true,
    CHUNG_NHAN_HET_HAN: certificateWasOver(family),
    THIEU_MA_VUNG_TRONG: lacksGrowingAreaCode(family),
    MA_VUNG_TRONG_KHAC: areaCodeIsOfElsewhere(family),
    MA_VUNG_TRONG_CHUA_PHEP: lacksPermit(family),
    SAN_LUONG_NAM_CAO: yearIsImplausible(family),
    DIA_CHI_NHAN_CU: hasOldAddress(family),
    VUOT_SO_TEM: areTooMany(family),
    VUOT_KHOI_LUONG: massExceeded(family),
    DA_BAN_HET: family.events.some((e) => e.kind === "sold_out" && family.isAboutLot(e)),
    DA_XUAT_KHAU: isExported(family),
    HET_HAN_SU_DUNG: isExpired(family, today),
  };
  return Object.keys(answers).filter((notice) => answers[notice]);
}

/** Whether an event of a kind refers to one that names a member of the family. */
function isReferredTo(family, wanted) {
  const about = new Set(family.events.filter((event) => lotsOf(event).some(family.has)).map((event) => event.key));
  return family.events.some(({ kind, refKey }) => kind === wanted && about.has(refKey));
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

/** A treatment belongs to the harvest that it came before: by its place in the log, or, where it was logged after the
 *  harvest, by when it happened. */
function countedTreatments({ events }, harvest) {
  const others = events.filter((e) => e.kind === "harvest" && e !== harvest && isFieldWork(harvest, e));
  const loggedBefore = others.findLast(({ index }) => index < harvest.index)?.index ?? -1;
  const times = others.map(({ occurred }) => occurred[0]).filter((time) => time < harvest.occurred[0]);
  const happenedBefore = times.reduce((a, b) => Math.max(a, b), -Infinity);
  return treatments(events, harvest).filter(({ index, occurred }) =>
    index < harvest.index ? index > loggedBefore : occurred[0] > happenedBefore,
  );
}

/** The product's rating: {none}, {expired} or {valid: event}; null when the lot is no finished product. */
function ratingOf(family, today) {
  const product = family.creations.told(family.lot)?.output.product;
  if (!product) return null;
  const ratings = family.events.filter(({ kind, body }) => kind === "rating" && idName(body.product) === idName(product));
  const valid = ratings.findLast(({ body }) => holdsOn(body.valid, today));
  if (valid) return { valid };
  return ratings.some(({ body }) => body.valid[1] !== null && body.valid[1] < today) ? { expired: true } : { none: true };
}

/** Plant quarantine passed, then the whole lot loaded into a logistic unit. */
function isExported(family) {
  const { events, corrections } = family;
  const passes = (e) => e.kind === "quarantine" && family.isAboutLot(e) && corrections.field(e, "result") === "pass";
  const passed = events.find(passes);
  if (!passed) return false;
  const creation = family.creations.get(family.lot);
  const whole = creation && corrections.output(creation, "qty");
  const isWhole = ([lot, qty]) => idName(lot) === idName(family.lot) && (qty === null || (whole && sameQuantity(qty, whole)));
  return events.some((e) => e.kind === "load" && e.index > passed.index && corrections.uses(e, "inputs").some(isWhole));
}

function isExpired(family, today) {
  const creation = family.creations.get(family.lot);
  const expires = creation && family.corrections.output(creation, "expires");
  return Boolean(expires) && expires < today;
}
