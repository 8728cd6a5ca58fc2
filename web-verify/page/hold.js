// Holds and recalls: what they name, what causes and lifts them (docs/rules.md, "Holds"). Mirrors hold.rs. They look at
// the reach of a lot, so that no correction slips out of them.

import { createdLots, idName } from "./event.js";
import { placeOf } from "./family.js";
import { isFieldWork, pickingIsImplausible } from "./growing.js";
import { dateDays, dayOf } from "./time.js";
import { meets } from "./value.js";

const TREATMENT_MEMORY_DAYS = 366;

/** What holds or recalls a lot or an ancestor: {recalls: [event], held: [cause], lifted: [cause]}. */
export function holding(family) {
  const causes = causesOf(family);
  const releases = family.events.filter(({ kind }) => kind === "release");
  const isLifted = (cause) => releases.some((event) => event.index > cause.since && names(family, event.body, cause.lot));
  return {
    recalls: recallsOf(family),
    held: causes.filter((cause) => !isLifted(cause)),
    lifted: causes.filter(isLifted),
  };
}

/** Recalls in force that name a lot of the reach. */
function recallsOf(family) {
  const lifted = new Set(family.events.filter(({ kind }) => kind === "recall_lift").map((event) => event.refKey));
  return family.events.filter(
    (event) => event.kind === "recall" && !lifted.has(event.key) && family.reach.some((lot) => names(family, event.body, lot)),
  );
}

// ---- names: every creation and every version counts ----

/** Whether a body names a lot: itself, its product, the place it arose at (in the period, if one is given), its owner or
 *  creator. */
function names({ creations, corrections }, body, lot) {
  if ((body.lots ?? []).some(([id]) => idName(id) === idName(lot)) || body.org === lot[0]) return true;
  return creations.stated(lot).some((creation) => {
    const { product, owner } = creation.output;
    const place = placeOf(creation);
    const byProduct = body.product && product && idName(body.product) === idName(product);
    const byPlace = body.target_place && place && idName(body.target_place) === idName(place);
    return byProduct || body.org === owner || (byPlace && isWithin(corrections, body.period, creation));
  });
}

function isWithin(corrections, period, { event }) {
  return !period || corrections.days(event).some((span) => meets(span, dateDays(period[0]), dateDays(period[1])));
}

// ---- causes: {lot, since (leaf), event, why} ----

/** Every cause that concerns the reach of a lot. */
function causesOf(family) {
  const caused = { hold: heldBy, lab_result: failedIn, harvest: harvestedIn };
  const causes = family.events.flatMap((event) => caused[event.kind]?.(family, event) ?? []);
  return [...causes, ...createdTwice(family)];
}

function heldBy(family, event) {
  const named = family.reach.filter((lot) => names(family, event.body, lot));
  return named.map((lot) => ({ lot, since: event.index, event, why: "hold" }));
}

/** A failed test: the lots that it names, else those that its sampling names, else the harvests of the sampled field. */
function failedIn(family, event) {
  const since = family.corrections.failedAt(event);
  if (since === null) return [];
  const sampling = event.body.lots ? undefined : family.events.find(({ key }) => key === event.refKey);
  const { kind, body } = sampling ?? event;
  const named = (body.lots ?? []).map(([lot]) => lot);
  const ofField = kind === "lab_sample" && !body.lots ? harvestedAfter(family, sampling) : [];
  const lots = [...named, ...ofField].filter(family.isReached);
  return lots.map((lot) => ({ lot, since, event, why: "failed_test" }));
}

/** What was harvested of a sampled field on the day of the sampling or in the year after it. */
function harvestedAfter(family, sampling) {
  const sampled = family.corrections.days(sampling);
  const follows = (span) => sampled.some((day) => meets(span, day.first, day.last + TREATMENT_MEMORY_DAYS));
  return family.events
    .filter((e) => e.kind === "harvest" && isFieldWork(e, sampling) && family.corrections.days(e).some(follows))
    .flatMap(createdLots);
}

/** A harvest before the waiting days were over, or of more than its place can bear. */
function harvestedIn(family, harvest) {
  const lots = createdLots(harvest).filter(family.isReached);
  if (lots.length === 0) return [];
  const tooMuch = pickingIsImplausible(family, harvest) ? [{ since: harvest.index, event: harvest, why: "too_much" }] : [];
  return [...earlyAfter(family, harvest), ...tooMuch].flatMap((cause) => lots.map((lot) => ({ lot, ...cause })));
}

/** The treatments within whose waiting days a harvest lies, in any version, each from the latest leaf that makes it so. */
function earlyAfter({ events, corrections }, harvest) {
  const picked = corrections.days(harvest);
  return events
    .filter((event) => isTreatment(event) && isFieldWork(harvest, event))
    .map((event) => {
      const { value, index } = corrections.longestWait(event);
      const wait = Math.min(value, TREATMENT_MEMORY_DAYS + 1); // further back than the memory nothing counts
      const pairs = corrections.days(event).flatMap((day) => picked.map((span) => ({ day, span })));
      const early = pairs.filter(({ day, span }) => wait > 0 && meets(span, day.first, day.last + wait - 1));
      const known = early.map(({ day, span }) => Math.max(day.known, span.known, index, harvest.index));
      return { since: known.reduce((a, b) => Math.max(a, b), -1), event, why: "early_harvest" };
    })
    .filter(({ since }) => since >= 0);
}

/** A member of the family that two creations in effect declare. */
function createdTwice({ lots, creations }) {
  const twice = lots.filter((lot) => creations.inEffect(lot).length > 1);
  return twice.map((lot) => {
    const { event } = creations.inEffect(lot).at(-1);
    return { lot, since: event.index, event, why: "created_twice" };
  });
}

const isTreatment = ({ kind }) => kind === "spray" || kind === "treat";

/** The sprays and medicines that count for a harvest by the days as first stated, whenever they were logged. */
export function treatments(events, harvest) {
  return events.filter((event) => {
    const age = dayOf(harvest.occurred) - dayOf(event.occurred);
    return isTreatment(event) && isFieldWork(harvest, event) && age >= 0 && age <= TREATMENT_MEMORY_DAYS;
  });
}
