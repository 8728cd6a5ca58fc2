// The page on the buyer's phone: fetches, lets verify.js decide, and builds elements. The only module with DOM.
// Every exception ends in a state line that says so; nothing here can make a page look confirmed.

import { hex, Malformed } from "./cbor.js";
import { assertCanCheck, CannotCheck, sha256 } from "./crypto.js";
import { isCode } from "./event.js";
import { verify } from "./verify.js";
import { plainView, viewOf } from "./view.js";
import { words as vietnamese } from "./words.js";

const FETCH_TIMEOUT_MS = 20_000; // longer than a bundle takes on weak 3G
const PICTURE_BYTES_MAX = 512 * 1024;

const wantsEnglish = new URLSearchParams(location.search).get("lang") === "en";
let words = vietnamese;

/** The network failed: no verdict at all. */
class Offline extends Error {}
/** The server answered, but not with what was asked. */
class Refused extends Error {
  constructor(status) {
    super(`status ${status}`);
    this.status = status;
  }
}

// ---- elements ----

/** An element with attributes and children; null children are left out. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function icon(name, className = "icon") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

const byId = (id) => document.getElementById(id);

const STATE_ICONS = { recorded: "recorded", recalled: "recalled", held: "held", expired: "expired", unknown_code: "unknown" };

function showState({ name, word, sentence, more = [] }, isTitle = false) {
  const state = byId("state");
  state.dataset.state = name;
  const lines = [sentence, ...more].filter((line) => line !== "").map((line) => h("p", { class: "sentence" }, line));
  state.replaceChildren(icon(STATE_ICONS[name] ?? "neutral"), h(isTitle ? "h1" : "p", { class: "word" }, word), ...lines);
}

// ---- sections ----

const section = (id, heading, ...children) =>
  h("section", { "aria-labelledby": `h-${id}`, class: id }, h("h2", { id: `h-${id}` }, heading), ...children);

const rowsOf = (rows, className) =>
  h("dl", { class: className }, rows.map(({ label, value, mark }) => h("div", null, h("dt", null, label), h("dd", null, value, mark ? h("span", { class: "mark warn" }, mark) : null))));

function headSection(view) {
  const frame = h("div", { class: "picture", role: "img", "aria-label": view.picture.none }, view.picture.none);
  if (view.picture.hash) loadPicture(frame, view.picture);
  const star = view.star && h("p", { class: "star" }, Array.from({ length: view.star.n }, () => icon("star", "star-icon")), h("span", null, view.star.text));
  return h("header", { class: "product" }, frame, h("div", null, h("h1", null, view.title), star), rowsOf(view.rows, "rows"));
}

function milestoneItem({ kind, date, title, who, lines, marks, warns }) {
  return h(
    "li",
    { class: warns ? "warns" : null, "data-kind": kind },
    h("p", { class: "when" }, date),
    h("h3", null, title),
    h("p", { class: "who" }, who),
    lines.map((line) => h("p", { class: "line" }, line)),
    marks.length > 0 ? h("p", { class: "marks" }, marks.map((mark) => h("span", { class: "mark" }, mark))) : null,
  );
}

function milestoneSection({ heading, main, rest, more }) {
  const list = (items) => h("ol", { class: "line-of-time" }, items.map(milestoneItem));
  const others = rest.length > 0 ? h("details", null, h("summary", null, more), list(rest)) : null;
  return section("milestones", heading, list(main), others);
}

function certificateSection({ heading, items, none }) {
  if (items.length === 0) return section("certificates", heading, h("p", { class: "quiet" }, none));
  const item = ({ title, lines, mark, by, over }) =>
    h(
      "li",
      { class: over ? "over" : null },
      h("h3", null, title),
      lines.map((line) => h("p", null, line)),
      mark ? h("p", { class: "marks" }, h("span", { class: "mark" }, by ? `${mark}: ${by}` : mark)) : null,
    );
  return section("certificates", heading, h("ul", null, items.map(item)));
}

const PROOF_ICONS = { proven: "yes", not_proven: "neutral", contradicted: "no" };

function checkSection({ heading, intro, honest, statements, privates, times, technicalHeading, technical, anchorNote }) {
  const item = ({ name, state, word, title, text }) =>
    h(
      "li",
      { class: state, "data-statement": name, "data-proof": state },
      icon(PROOF_ICONS[state]),
      h("div", null, h("p", { class: "title" }, title), h("p", { class: "why" }, h("strong", null, word), text ? ` – ${text}` : "")),
    );
  return section(
    "check",
    heading,
    h("p", null, intro),
    h("ul", { class: "statements" }, statements.map(item)),
    privates ? h("p", { class: "privates" }, privates) : null,
    h("p", { class: "quiet" }, honest),
    times && h("details", { class: "times" }, h("summary", null, times.heading), h("p", null, times.note), rowsOf(times.rows, "claimed")),
    h("details", null, h("summary", null, technicalHeading), rowsOf(technical, "technical"), h("p", { class: "quiet" }, anchorNote)),
  );
}

function noticeSection({ heading, items }) {
  if (items.length === 0) return null;
  return section("notices", heading, h("ul", null, items.map((text) => h("li", null, text))));
}

function show(view) {
  showState(view.state, !view.title); // a page without product still has a title
  byId("band").textContent = view.band;
  const lot = view.title
    ? [
        headSection(view),
        noticeSection(view.notices),
        milestoneSection(view.milestones),
        certificateSection(view.certificates),
        view.product.rows.length > 0 ? section("more", view.product.heading, rowsOf(view.product.rows, "rows")) : null,
      ]
    : [];
  byId("content").replaceChildren(...lot.filter(Boolean), checkSection(view.check));
  if (view.title) document.title = `${view.title} – ${view.state.word}`;
}

/** The phone could not decide: what the server said stays below, marked as the server's. */
function showPlain(state, values, retry) {
  showState(plainView(words, state, values).state);
  if (!retry) return;
  const button = h("button", { type: "button" }, words.retry);
  button.addEventListener("click", run);
  byId("state").append(button);
}

// ---- pictures: shown only when they are what was signed ----

const PICTURE_TYPES = [
  ["image/png", /^89504e470d0a1a0a/],
  ["image/jpeg", /^ffd8ff/],
  ["image/webp", /^52494646.{8}57454250/],
];

async function loadPicture(frame, { hash, alt }) {
  try {
    const bytes = await get(`/blob/${hash}`, PICTURE_BYTES_MAX);
    const type = PICTURE_TYPES.find(([, magic]) => magic.test(hex(bytes.subarray(0, 12))))?.[0];
    if (!type || hex(sha256(bytes)) !== hash) return;
    const image = h("img", { src: URL.createObjectURL(new Blob([bytes], { type })), alt, width: 112, height: 112 });
    frame.removeAttribute("role");
    frame.removeAttribute("aria-label");
    frame.replaceChildren(image);
  } catch {
    // No picture is no fault of the record: the frame keeps saying that there is none.
  }
}

// ---- network ----

async function get(url, most) {
  let response;
  let bytes;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), credentials: "omit" });
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch {
    throw new Offline();
  }
  if (!response.ok) throw response.status === 502 || response.status === 504 ? new Offline() : new Refused(response.status);
  if (bytes.length > most) throw new Malformed("too large");
  return bytes;
}

/** The code in the address, so that a server cannot answer for another one; null for other addresses. */
function codeOfAddress() {
  const gs1 = /^(?:\/xem)?\/01\/(\d{14})\/10\/([^/]+)$/.exec(location.pathname);
  const own = /^(?:\/xem)?\/t\/([^/]+)$/.exec(location.pathname);
  try {
    const code = gs1 ? `01/${gs1[1]}/10/${decodeURIComponent(gs1[2])}` : own ? `t/${decodeURIComponent(own[1])}` : "";
    return isCode(code) ? code : null;
  } catch {
    return null;
  }
}

function scannedCode() {
  const code = codeOfAddress() ?? document.querySelector('meta[name="ocop-code"]').content;
  if (!isCode(code)) throw new Malformed("code");
  return code;
}

// ---- the run ----

async function run() {
  showPlain("checking");
  byId("main").setAttribute("aria-busy", "true");
  try {
    await check();
  } catch (error) {
    showFailure(error);
  }
  byId("main").removeAttribute("aria-busy");
}

async function check() {
  await assertCanCheck(); // first: an old browser must not be told that the network failed
  const code = scannedCode();
  const [bundle, anchor] = await Promise.all([
    get(`/bundle?code=${encodeURIComponent(code)}`, 1 << 20),
    get("/anchor", 1 << 15),
  ]);
  const started = performance.now();
  const result = await verify(bundle, new TextDecoder().decode(anchor), Math.floor(Date.now() / 1000), code);
  show(viewOf(result, words, performance.now() - started));
}

function showFailure(error) {
  if (error instanceof CannotCheck) showPlain(error.why, {}, false);
  else if (error instanceof Offline) showPlain("offline", {}, true);
  else if (error instanceof Refused) showPlain("server", { status: String(error.status) }, true);
  else showPlain("malformed", { why: error.message }, true);
}

function offerLanguage() {
  const link = byId("other-language");
  link.href = words.other.lang === "vi" ? location.pathname : `${location.pathname}?lang=${words.other.lang}`;
  link.lang = words.other.lang;
  link.textContent = words.other.label;
  link.hidden = false;
}

async function start() {
  if (wantsEnglish) words = await import("./words-en.js").then((module) => module.words, () => vietnamese);
  document.documentElement.lang = words.lang;
  offerLanguage();
  await run();
}

start();
