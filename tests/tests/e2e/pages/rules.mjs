// The rules of docs/rules.md that no story of the sample shows, on small made-up histories: the twin of
// tests/tests/rules.rs. Events in force stand here as the page's parser gives them; nothing is signed.

const [GROWER, LABORATORY, AUTHORITY] = ["ORG-04", "ORG-09", "ORG-10"];
const FIELD = [GROWER, "PL-07A"];
const TODAY = "2026-10-19";
const HELD = "DANG_TAM_GIU";
const LATE = "NHAP_TRE";
const EXCEEDED = "VUOT_KHOI_LUONG";

const lotOf = (no) => [GROWER, no];
const kg = (tenths) => [tenths, 1, "KGM"];
const noon = (day) => [Date.parse(`${day}T12:00:00+07:00`) / 1000, 420];
const made = (no, tenths) => [{ no, owner: GROWER, qty: kg(tenths) }];
const harvest = (no, tenths = 1000) => ({ kind: "harvest", field: FIELD, outputs: made(no, tenths) });
const spray = (days) => ({ kind: "spray", field: FIELD, ingredient: "A", wait_days: days });
const about = (kind, no, more = {}) => ({ kind, lots: [[lotOf(no), null]], ...more });
const process = ([from, taken], [to, given], more = {}) => ({
  kind: "process",
  inputs: [[lotOf(from), kg(taken)]],
  outputs: made(to, given),
  ...more,
});
const recallOfField = (first, last) => ({ kind: "recall", target_place: FIELD, period: [first, last] });
const failed = (more) => ({ kind: "lab_result", result: "fail", ...more });

/** A field of 5 ha with its growing-area code, and what is said of it. */
class Story {
  constructor({ trace }) {
    this.trace = trace;
    this.events = [];
    this.say(GROWER, "2025-03-01", { kind: "place", id: FIELD[1], type: "plot", area: [5, 0, "HAR"] });
    this.say(AUTHORITY, "2025-03-01", { kind: "place_code", target_place: FIELD, code_type: "growing_domestic" });
  }

  /** Logs a body; gives the event's key, to refer to. */
  say(iss, day, body, signed = day) {
    const index = this.events.length + 1;
    const key = `event ${index}`;
    const times = { occurred: noon(day), signed: noon(signed) };
    this.events.push({ index, key, iss, kind: body.kind, body, refKey: body.ref ?? null, ...times });
    return key;
  }

  notices = (no) => this.trace(this.events, lotOf(no), TODAY).notices;
}

/** One check for each rule: {name, shows, run}. */
export function ruleChecks(history) {
  return Object.entries(RULES).map(([shows, tell]) => ({
    name: "rule",
    shows,
    run() {
      const faults = [];
      const story = () => new Story(history);
      const expect = (said, notices, why = "") => {
        if (said.join() !== notices.join()) faults.push(`${why}: expected [${notices}], said [${said}]`);
      };
      tell(story, expect);
      return faults;
    },
  }));
}

const RULES = {
  "a harvest within the waiting days is held until the authority releases it"(begin, expect) {
    const story = begin();
    story.say(GROWER, "2026-05-01", spray(7));
    story.say(GROWER, "2026-05-07", harvest("EARLY"));
    story.say(GROWER, "2026-05-08", harvest("LATER"));
    story.say(GROWER, "2026-05-09", process(["EARLY", 1000], ["DRY", 500]));
    for (const no of ["EARLY", "DRY"]) expect(story.notices(no), [HELD], no);
    expect(story.notices("LATER"), [], "on the last day it is allowed");
    story.say(AUTHORITY, "2026-05-10", about("release", "EARLY"));
    for (const no of ["EARLY", "DRY"]) expect(story.notices(no), ["TUNG_TAM_GIU"], no);
  },

  "a release lifts only what was logged before it"(begin, expect) {
    const story = begin();
    story.say(GROWER, "2026-05-07", harvest("LOT"));
    story.say(AUTHORITY, "2026-05-08", about("release", "LOT"));
    expect(story.notices("LOT"), [], "nothing to lift");
    story.say(GROWER, "2026-05-01", spray(7), "2026-05-09");
    expect(story.notices("LOT"), [HELD, LATE], "the spray came to light after the release");
    story.say(AUTHORITY, "2026-05-10", about("release", "LOT"));
    expect(story.notices("LOT"), ["TUNG_TAM_GIU", LATE], "released again");
  },

  "a failed test holds the lot and what was made of it"(begin, expect) {
    const story = begin();
    story.say(GROWER, "2026-05-07", harvest("LOT"));
    story.say(GROWER, "2026-05-08", process(["LOT", 500], ["DRY", 250]));
    story.say(LABORATORY, "2026-05-09", about("lab_result", "DRY", { result: "pass" }));
    expect(story.notices("DRY"), [], "passed");
    story.say(LABORATORY, "2026-05-09", about("lab_result", "DRY", { result: "fail" }));
    expect(story.notices("LOT"), [], "an ancestor is not concerned");
    expect(story.notices("DRY"), [HELD], "failed");
    story.say(LABORATORY, "2026-05-10", about("lab_result", "LOT", { result: "fail" }));
    story.say(AUTHORITY, "2026-05-11", about("release", "DRY"));
    expect(story.notices("DRY"), [HELD], "its ancestor is held");
  },

  "a failed test without lot holds what was sampled"(begin, expect) {
    const story = begin();
    story.say(GROWER, "2026-05-07", harvest("LOT"));
    const ref = story.say(GROWER, "2026-05-08", about("lab_sample", "LOT"));
    story.say(LABORATORY, "2026-05-09", failed({ ref, result: "pass" }));
    expect(story.notices("LOT"), [], "passed");
    story.say(LABORATORY, "2026-05-09", failed({ ref }));
    expect(story.notices("LOT"), [HELD], "failed");
  },

  "a harvest beyond what the place can bear is held unless corrected"(begin, expect) {
    const story = begin();
    story.say(GROWER, "2026-05-07", harvest("MOST", 1_000_000));
    const ref = story.say(GROWER, "2026-05-08", harvest("LOT", 1_000_010));
    expect(story.notices("MOST"), [], "as much as it bears");
    expect(story.notices("LOT"), [HELD], "a kilogram more");
    story.say(GROWER, "2026-05-09", { kind: "correct", ref, fix: ["outputs/0/qty", kg(10_000)] });
    expect(story.notices("LOT"), ["CO_DINH_CHINH"], "corrected");
  },

  "a recall of a place takes every harvest of its days with what came of it"(begin, expect) {
    const story = begin();
    story.say(GROWER, "2026-05-01", harvest("FIRST"));
    story.say(GROWER, "2026-05-03", harvest("LAST"));
    story.say(GROWER, "2026-05-04", harvest("AFTER"));
    story.say(GROWER, "2026-06-01", process(["LAST", 1000], ["DRY", 500]));
    const ref = story.say(AUTHORITY, "2026-06-02", recallOfField("2026-05-01", "2026-05-03"));
    story.say(GROWER, "2026-05-02", harvest("LOGGED-LATER"));
    for (const no of ["FIRST", "LAST", "DRY", "LOGGED-LATER"]) expect(story.notices(no), ["DA_THU_HOI"], no);
    expect(story.notices("AFTER"), [], "AFTER");
    story.say(AUTHORITY, "2026-06-03", { kind: "recall_lift", ref });
    expect(story.notices("DRY"), [], "lifted");
  },

  "no correction of a date slips out of a recall"(begin, expect) {
    const story = begin();
    const inside = story.say(GROWER, "2026-05-03", harvest("INSIDE"));
    const outside = story.say(GROWER, "2026-05-09", harvest("OUTSIDE"));
    story.say(AUTHORITY, "2026-06-02", recallOfField("2026-05-01", "2026-05-03"));
    story.say(GROWER, "2026-06-03", { kind: "correct", ref: inside, fix: ["occurred", noon("2026-05-04")] });
    story.say(GROWER, "2026-06-03", { kind: "correct", ref: outside, fix: ["occurred", noon("2026-05-02")] });
    for (const no of ["INSIDE", "OUTSIDE"]) expect(story.notices(no), ["DA_THU_HOI", "CO_DINH_CHINH"], no);
  },

  "no more comes out than went in"(begin, expect) {
    const step = (taken, given, more, notices, why) => {
      const story = begin();
      story.say(GROWER, "2026-05-07", harvest("LOT", 1000));
      story.say(GROWER, "2026-05-08", process(["LOT", taken], ["OUT", given], more));
      expect(story.notices("OUT"), notices, why);
    };
    step(1000, 1020, {}, [], "two in a hundred are allowed");
    step(1000, 1021, {}, [EXCEEDED], "no more than that");
    step(1000, 1300, { added: kg(300) }, [], "salt was added");
    step(500, 600, {}, [EXCEEDED], "only half was taken");
    step(900, 800, { loss: kg(100) }, [], "a loss within what was taken");
    step(900, 900, { loss: kg(100) }, [], "a loss beside what was taken");
    step(900, 900, { loss: kg(130) }, [EXCEEDED], "a loss beyond the lot");
  },

  "no more is used or destroyed than there was"(begin, expect) {
    const story = begin();
    story.say(GROWER, "2026-05-07", harvest("LOT", 1000));
    story.say(GROWER, "2026-05-08", process(["LOT", 600], ["A", 600]));
    story.say(GROWER, "2026-05-08", process(["LOT", 400], ["B", 400]));
    story.say(GROWER, "2026-05-09", about("destroy", "LOT"));
    expect(story.notices("A"), [], "what was not weighed proves nothing");
    story.say(GROWER, "2026-05-10", { kind: "destroy", lots: [[lotOf("LOT"), kg(30)]] });
    for (const no of ["LOT", "A", "B"]) expect(story.notices(no), [EXCEEDED], no);
  },

  "a late spray is told of its own harvest only"(begin, expect) {
    const story = begin();
    story.say(GROWER, "2026-04-01", spray(0), "2026-04-03");
    story.say(GROWER, "2026-05-01", harvest("FIRST"));
    story.say(GROWER, "2026-06-01", harvest("SECOND"));
    expect(story.notices("FIRST"), ["NHAP_TRE"], "FIRST");
    expect(story.notices("SECOND"), [], "SECOND");
  },
};
