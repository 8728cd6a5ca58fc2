// Runs every check by the page's own modules and shows what came out. The server gives the page under /page/, the
// vectors under /vectors/, and the list of their file names as /vectors/index.json.

import * as cbor from "/page/cbor.js";
import * as checkpoint from "/page/checkpoint.js";
import * as crypto from "/page/crypto.js";
import * as event from "/page/event.js";
import * as history from "/page/history.js";
import * as map from "/page/map.js";
import * as merkle from "/page/merkle.js";
import * as roster from "/page/roster.js";
import * as signed from "/page/signed.js";
import * as verify from "/page/verify.js";
import { goldenChecks, isStory, runAll, vectorChecks } from "./checks.mjs";
import { doorChecks } from "./doors.mjs";
import { formChecks } from "./forms.mjs";
import { ruleChecks } from "./rules.mjs";

const page = { cbor, checkpoint, crypto, event, map, merkle, roster, signed, verify };
const byId = (id) => document.getElementById(id);

function element(tag, ...children) {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
}

async function json(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
  return response.json();
}

/** {cold, warm} of one vector, in a worker of its own: its modules are read and compiled anew, as on a first scan. */
function timesOf(vector) {
  return new Promise((resolve, reject) => {
    const worker = new Worker("timing.mjs", { type: "module" });
    worker.onmessage = ({ data }) => {
      worker.terminate();
      resolve(data);
    };
    worker.onerror = (error) => reject(new Error(`timing: ${error.message}`));
    worker.postMessage(vector);
  });
}

async function showTimes(vectors) {
  for (const vector of vectors.filter(isStory)) {
    const { bytes, cold, warm } = await timesOf(vector);
    const cells = [bytes, cold.toFixed(1), warm.toFixed(1)].map((text) => element("td", text));
    const head = element("th", vector.name);
    head.scope = "row";
    byId("times").append(element("tr", head, ...cells));
  }
}

function showResult({ name, shows, faults }) {
  byId("results").append(element("li", `${faults.length === 0 ? "passed" : "FAILED"}: ${name} (${shows})`));
  for (const fault of faults) byId("failures").append(element("li", `${name} (${shows}): ${fault}`));
}

async function run() {
  const names = await json("/vectors/index.json");
  const vectors = await Promise.all(names.map((name) => json(`/vectors/${name}`)));
  await showTimes(vectors);
  const checks = [...vectorChecks(page, vectors), ...doorChecks(page, vectors), ...formChecks(page, vectors), ...goldenChecks(page), ...ruleChecks(history)];
  const results = await runAll(checks);
  results.forEach(showResult);
  const failed = results.filter(({ faults }) => faults.length > 0).length;
  return `${results.length - failed} passed, ${failed} failed`;
}

byId("status").textContent = await run().catch((error) => `broken: ${error.message}`);
