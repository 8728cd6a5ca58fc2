// Growing places: their codes and permits, their certificates, what they can bear (docs/rules.md, "Growing-area code",
// "Yearly yield"). Mirrors lot/area_code.rs, lot/certificate.rs and lot/yields.rs.

import { idName } from "./event.js";
import { placeOf } from "./family.js";
import { micros } from "./quantity.js";
import { dayOf, daysDate, yearOf } from "./time.js";

const PLOT_YIELD_MAX = 20_000n; // kg per hectare at one picking: more than any orchard or field yields
const POND_YIELD_MAX = 400_000n;
const YEARLY_YIELD_MAX = { plot: 120_000n, pond: 800_000n }; // three crops of watermelon give about 100 t

/** First and last day included. */
export const holdsOn = ([from, until], day) => (from === null || from <= day) && (until === null || day <= until);

/** Whether an event is work on a harvest's field that a bundle holds: of the year of the harvest or the year before. */
export function isFieldWork(harvest, event) {
  const { field } = harvest.body;
  const age = yearOf(harvest.occurred) - yearOf(event.occurred);
  return Boolean(field && event.body.field) && idName(event.body.field) === idName(field) && (age === 0 || age === 1);
}

// ---- yields ----

/** Whether a harvest is of more than its place can bear at one time. */
export function pickingIsImplausible(family, harvest) {
  const place = family.placeAt(harvest.body.field);
  if (!place?.area) return false;
  return weightOf(family, harvest) > micros(place.area) * (place.type === "pond" ? POND_YIELD_MAX : PLOT_YIELD_MAX);
}

/** Whether a year's harvests of a place that the family comes from are more than it can bear. */
export function yearIsImplausible(family) {
  const harvests = family.created.map(({ event }) => event).filter(({ kind }) => kind === "harvest");
  return harvests.some((harvest) => {
    const place = family.placeAt(harvest.body.field);
    const most = place?.area && YEARLY_YIELD_MAX[place.type];
    return most ? yearWeight(family, harvest) > micros(place.area) * most : false;
  });
}

function yearWeight(family, harvest) {
  const ofYear = (e) => e.kind === "harvest" && isFieldWork(harvest, e) && yearOf(e.occurred) === yearOf(harvest.occurred);
  return family.events.filter(ofYear).reduce((total, e) => total + weightOf(family, e), 0n);
}

/** The weight of what a harvest brought, in millionths of a kilogram. */
function weightOf({ creations, corrections }, harvest) {
  const quantities = creations.madeBy(harvest).map((creation) => corrections.output(creation, "qty"));
  return quantities.filter((qty) => qty[2] === "KGM").reduce((total, qty) => total + micros(qty), 0n);
}

// ---- certificates ----

/** Whether a standard of a place was over when a member of the family arose there. */
export function certificateWasOver(family) {
  return family.created.some((creation) => {
    const place = placeOf(creation);
    if (!place) return false;
    const day = daysDate(dayOf(family.corrections.occurred(creation.event)));
    const ofPlace = family.events.filter(
      ({ kind, body }) => kind === "certificate" && body.target_place && idName(body.target_place) === idName(place),
    );
    const isOver = ({ body: { valid } }) => valid !== undefined && valid[1] !== null && valid[1] < day;
    return ofPlace.some(({ body }) => ofPlace.filter((other) => other.body.standard === body.standard).every(isOver));
  });
}

// ---- codes ----

/** Material from a plot that has no growing-area code. */
export function lacksGrowingAreaCode(family) {
  const hasCode = (place) => codesOf(family, place).some(({ body }) => body.code_type === "growing_domestic");
  return family.sources.some((place) => family.placeAt(place)?.type === "plot" && !hasCode(place));
}

const codesOf = ({ placeCodes }, place) => placeCodes.filter(({ body }) => idName(body.target_place) === idName(place));

/** Goods under the code of a place where they did not grow. */
export const areaCodeIsOfElsewhere = (family) => codeUses(family).some(({ places }) => places.length === 0);

/** Goods under somebody else's code, without permission. */
export function lacksPermit(family) {
  const permits = family.events.filter(({ kind }) => kind === "permit");
  return codeUses(family).some((use) => {
    const isOwn = use.places.some(([org]) => org === use.user);
    return use.places.length > 0 && !isOwn && !permits.some(({ body }) => isPermitted(body, use));
  });
}

/** Lots of the family that go under a code: {members and places: of the lot's own family, those for which the code is in
 *  force; code, user}. */
function codeUses(family) {
  const origins = new Map(); // lot → its own family, asked for once
  const originOf = (lot) => {
    if (!origins.has(idName(lot))) origins.set(idName(lot), family.originOf(lot));
    return origins.get(idName(lot));
  };
  return family.events
    .filter(({ body }) => body.area_code !== undefined)
    .flatMap((event) => {
      const { lots = [], inputs = [], area_code: code } = event.body;
      const day = daysDate(dayOf(family.corrections.occurred(event)));
      const named = [...lots, ...inputs].map(([lot]) => lot).filter(family.has);
      return named.map((lot) => {
        const { members, sources } = originOf(lot);
        const user = event.kind === "quarantine" ? (family.creations.told(lot)?.output.owner ?? lot[0]) : event.iss;
        return { members, code, user, places: sources.filter((place) => isInForce(family, place, code, day)) };
      });
    });
}

/** Whether a code of a place is in force on a day; of several entries of one code the last counts. */
function isInForce(family, place, code, day) {
  const last = codesOf(family, place).findLast(({ body }) => body.code_type !== "packing_house" && body.code === code);
  return last !== undefined && (last.body.valid === undefined || holdsOn(last.body.valid, day));
}

/** A permit of one of the places' holders for the lot or an ancestor of it. */
function isPermitted(body, { members, code, user, places }) {
  const isOfPlace = places.some((place) => idName(place) === idName(body.target_place));
  return isOfPlace && body.code === code && body.to === user && body.lots.some(([lot]) => members.has(idName(lot)));
}
