// How long one vector takes, cold and warm, in a worker that has done nothing before.

import { verify } from "/page/verify.js";
import { bundleOf, median } from "./checks.mjs";

const WARM_RUNS = 15;

async function millis(bytes, { anchor, now }) {
  const started = performance.now();
  await verify(bytes, anchor, now);
  return performance.now() - started;
}

addEventListener("message", async ({ data: vector }) => {
  const bytes = bundleOf(vector);
  const cold = await millis(bytes, vector);
  const warm = [];
  while (warm.length < WARM_RUNS) warm.push(await millis(bytes, vector));
  postMessage({ bytes: bytes.length, cold, warm: median(warm) });
});
