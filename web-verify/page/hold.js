// Holds and recalls: what they name, what lifts them (docs/rules.md). Mirrors hold.rs.

import { createdLots, idName } from "./event.js";
import { placeOf } from "./family.js";
import { corrected, fixesOf, micros } from "./quantity.js";
import { dayOf, daysDate } from "./time.js";

const PLOT_YIELD_MAX = 20_000n; // kg per hectare at one picking: more than any orchard or field yields
const POND_YIELD_MAX = 400_000n;
const TREATMENT_MEMORY_DAYS = 366;

/** What holds or recalls the family: {recalls: [event], held: [event], lifted: [event]}, causes as events. */
export function holding(family) {
  const causes = causesOf(family);
  const releases = family.events.filter(({ kind }) => kind === "release");
  const isLifted = (cause) => releases.some((event) => event.index > cause.since && names(family, event, cause.lot));
  return {
    recalls: recallsOf(family),
    held: causes.filter((cause) => !isLifted(cause)),
    lifted: causes.filter(isLifted),
  };
}

/** Recalls in force that name a member of the family. */
function recallsOf(family) {
  const lifted = new Set(family.events.filter(({ kind }) => kind === "recall_lift").map((event) => event.refKey));
  return family.events.filter(
    (event) => event.kind === "recall" && !lifted.has(event.key) && family.lots.some((lot) => names(family, event, lot)),
  );
}

/** Whether a hold, release or recall names a lot: itself, its product, the place it arose at (in the period, if
 *  one is given), its owner or creator. */
function names(family, { body }, lot) {
  if ((body.lots ?? []).some(([id]) => idName(id) === idName(lot))) return true;
  const creation = family.creations.get(lot);
  if (!creation) return false;
  const { product, owner } = creation.output;
  const byProduct = body.product && product && idName(body.product) === idName(product);
  const byOrg = body.org !== undefined && (body.org === lot[0] || body.org === owner);
  return Boolean(byProduct || byOrg || namesPlace(family, body, creation));
}

/** The place where the lot arose and, where a period is given, a day in it. The first logged day counts as well as every
 *  corrected one, so that no correction slips out of a recall. */
function namesPlace({ events }, { target_place: target, period }, creation) {
  const place = placeOf(creation);
  if (!target || !place || idName(target) !== idName(place)) return false;
  const fixed = fixesOf(creation.event, events).filter(([path]) => path === "occurred");
  const days = [creation.event.occurred, ...fixed.map(([, time]) => time)].map((time) => daysDate(dayOf(time)));
  return !period || days.some((day) => period[0] <= day && day <= period[1]);
}

/** What puts members of the family on hold: {lot, since (leaf), event, why}. */
function causesOf(family) {
  const causes = [];
  for (const event of family.events) {
    const failedTest = event.kind === "lab_result" && event.body.result === "fail";
    if (event.kind !== "hold" && !failedTest) continue;
    const why = failedTest ? "failed_test" : "hold";
    const says = naming(family, event);
    for (const lot of family.lots) if (names(family, says, lot)) causes.push({ lot, since: event.index, event, why });
  }
  const harvests = new Set(family.created.map(({ event }) => event).filter(({ kind }) => kind === "harvest"));
  for (const harvest of harvests) causes.push(...harvestCauses(family, harvest));
  return causes;
}

/** The event that says what is held: a result without lots is about those of the sampling it refers to. */
function naming({ events }, event) {
  if (event.kind !== "lab_result" || event.body.lots) return event;
  return events.find(({ key }) => key === event.refKey) ?? event;
}

/** A harvest before the waiting days were over, or of more than its place can bear. */
function harvestCauses(family, harvest) {
  const picked = dayOf(harvest.occurred);
  const early = treatments(family.events, harvest)
    .filter((event) => picked < dayOf(event.occurred) + event.body.wait_days)
    .map((event) => ({ since: Math.max(event.index, harvest.index), event, why: "early_harvest" }));
  const tooMuch = isImplausible(family, harvest) ? [{ since: harvest.index, event: harvest, why: "too_much" }] : [];
  const lots = createdLots(harvest).filter((lot) => family.has(lot));
  return [...early, ...tooMuch].flatMap((cause) => lots.map((lot) => ({ lot, ...cause })));
}

/** Sprays and medicines that count for a harvest, whenever they were logged: at the same place, not after it, at
 *  most a year back. */
export function treatments(events, harvest) {
  const { field } = harvest.body;
  if (!field) return [];
  return events.filter((event) => {
    if (event.kind !== "spray" && event.kind !== "treat") return false;
    const age = dayOf(harvest.occurred) - dayOf(event.occurred);
    return idName(event.body.field) === idName(field) && age >= 0 && age <= TREATMENT_MEMORY_DAYS;
  });
}

function isImplausible(family, harvest) {
  const place = harvest.body.field && family.places.get(idName(harvest.body.field));
  if (!place?.area) return false;
  const most = place.type === "pond" ? POND_YIELD_MAX : PLOT_YIELD_MAX;
  const quantities = createdLots(harvest).map((lot) => corrected(family.creations.get(lot), "qty", family.events));
  const weight = quantities.filter((qty) => qty[2] === "KGM").reduce((total, qty) => total + micros(qty), 0n);
  return weight > micros(place.area) * most;
}
