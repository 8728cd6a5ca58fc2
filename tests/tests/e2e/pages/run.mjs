// The checks of vectors.html without a browser: node tests/tests/e2e/pages/run.mjs
// Node's WebCrypto is another one than Chromium's, so this is a quick look and not the test.

import { readdirSync, readFileSync } from "node:fs";

import * as cbor from "../../../../web-verify/page/cbor.js";
import * as checkpoint from "../../../../web-verify/page/checkpoint.js";
import * as crypto from "../../../../web-verify/page/crypto.js";
import * as event from "../../../../web-verify/page/event.js";
import * as history from "../../../../web-verify/page/history.js";
import * as map from "../../../../web-verify/page/map.js";
import * as merkle from "../../../../web-verify/page/merkle.js";
import * as roster from "../../../../web-verify/page/roster.js";
import * as signed from "../../../../web-verify/page/signed.js";
import * as verify from "../../../../web-verify/page/verify.js";
import { goldenChecks, runAll, vectorChecks } from "./checks.mjs";
import { doorChecks } from "./doors.mjs";
import { formChecks } from "./forms.mjs";
import { ruleChecks } from "./rules.mjs";

const folder = new URL("../../../../ledger-core/vectors/", import.meta.url);
const vectors = readdirSync(folder).map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")));
const page = { cbor, checkpoint, crypto, event, map, merkle, roster, signed, verify };
const results = await runAll([...vectorChecks(page, vectors), ...doorChecks(page, vectors), ...formChecks(page, vectors), ...goldenChecks(page), ...ruleChecks(history)]);
const failed = results.filter(({ faults }) => faults.length > 0);
for (const { name, shows, faults } of failed) console.log(`${name} (${shows})\n  ${faults.join("\n  ")}`);
console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
