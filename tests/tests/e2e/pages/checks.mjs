// What the page's modules are held to: the vectors that Rust holds too, and the golden values of the C2SP formats.
// Runs in a browser (vectors.mjs) and in Node (run.mjs); both hand in the modules. No DOM, no network.

export const isStory = ({ name }) => name.startsWith("story_");

/** A check: {name, shows, run}; `run` gives what differs, as lines of text, none when all is well. */

/** One check for each vector, and those that only a phone has: it knows which code was scanned. */
export function vectorChecks(page, vectors) {
  const bundles = vectors.filter(({ type }) => type === "bundle");
  const checks = bundles.map((vector) => ({ ...vector, run: () => checkOf(page, vector) }));
  const scanned = "01/08900000000000/10/KHAC";
  const asked = (name, state) => ({
    name: `${name}, another code was scanned`,
    shows: "a genuine bundle that answers for another code than the scanned one",
    run: () => otherCode(page, vectors.find((vector) => vector.name === name), scanned, state),
  });
  return [...checks, asked("story_b_0105", "unconfirmed"), asked("story_b_0904", "unconfirmed")];
}

export const bundleOf = ({ bundle }) => Uint8Array.from(atob(bundle), (letter) => letter.charCodeAt(0));

async function checkOf(page, vector) {
  let result;
  try {
    result = await page.verify.verify(bundleOf(vector), vector.anchor, vector.now, vector.asked);
  } catch (error) {
    if (!(error instanceof page.cbor.Malformed)) throw error;
    return differences(vector.expect, { refused: true });
  }
  const found = findings(result);
  return [
    ...differences(vector.expect, told(page, result)),
    ...Object.keys(vector.findings).flatMap((name) => difference(name, vector.findings[name], found[name])),
  ];
}

/** By whom, why not, as of when, and what became of private parts. */
function findings({ statements, asOf, reached, privates }) {
  const sorted = (entries) => Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    as_of: asOf,
    reached,
    why: sorted(statements.filter(({ state }) => state !== "proven").map(({ name, detail }) => [name, detail])),
    by: sorted(statements.filter(({ by }) => by.length > 0).map(({ name, by }) => [name, by.map(String)])),
    privates: sorted([...privates].map(([commitment, { state }]) => [commitment, state])),
  };
}

/** What the page says of a vector, in the words of the file. */
function told({ event }, result) {
  const { history, lot, state, statements } = result;
  const names = (ids) => (ids ?? []).map(event.idName);
  const step = ({ lot: taken, receiver, confirmed }) => [event.idName(taken), receiver, confirmed ? "confirmed" : "unconfirmed"];
  return {
    refused: false,
    state,
    statements: Object.fromEntries(statements.map((statement) => [statement.name, statement.state])),
    lot: lot && event.idName(lot),
    notices: history?.notices ?? [],
    ancestors: names(history?.ancestors),
    sources: names(history?.sources),
    organisations: history?.organisations ?? [],
    handovers: (history?.handovers ?? []).map(step),
  };
}

function differences(expected, said) {
  if (expected.refused !== said.refused) return [`refused: expected ${expected.refused}, said ${said.refused}`];
  if (expected.refused) return [];
  const { statements, ...others } = expected;
  const all = [...new Set([...Object.keys(statements), ...Object.keys(said.statements)])];
  return [
    ...all.flatMap((name) => difference(name, statements[name], said.statements[name])),
    ...Object.keys(others).flatMap((name) => difference(name, others[name], said[name])),
  ];
}

function difference(name, expected, said) {
  const [a, b] = [JSON.stringify(expected), JSON.stringify(said)];
  return a === b ? [] : [`${name}: expected ${a}, said ${b}`];
}

async function otherCode({ verify }, vector, code, state) {
  const result = await verify.verify(bundleOf(vector), vector.anchor, vector.now, code);
  const proof = result.statements.find(({ name }) => name === "code").state;
  return [...difference("state", state, result.state), ...difference("code", "contradicted", proof)];
}

// ---- golden values (test keys only): seeds of 32 bytes 0x01 and 0x02, entries `entry-0`, `entry-1`, … ----

const LOG_VKEY = "log.example/ocop+21ab5de0+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
const WITNESS_VKEY = "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
const COSIGNED = 1_700_000_000;

const ROOTS = {
  0: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
  1: "QHZrIDNCkCb1PVRQJnmoOXBrR0H43K86i7pfQbX/4HU=",
  2: "LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=",
  3: "pkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs=",
  5: "GqaNMHSQWlgfhMu9D3U3lJBP2ARRvEwT5p2aU7xZUCw=",
  256: "+F9OrTQIBxC00egIMBVDqquBqgTeuIWZNQ3Cak8vWN4=",
  257: "kYsc7GTzF8duPPVcBTaEHAOe/wZ3LruIKM58F2Aotaw=",
  300: "rrsCfVw90Ihx7lJXemH8gxItDRQ1J5GUNjm9TBLTaUM=",
};

/** Inclusion of leaf 2 in the tree of 5, leaf side first. */
const PROOF_2_IN_5 = [
  "J0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=",
  "LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=",
  "GUu1otW9EOXRqm/V1CmAs1bK8dpiPNmYfEv6L4F3Htc=",
];

const NOTE = `log.example/ocop
5
${ROOTS[5]}

\u2014 log.example/ocop Iatd4CZPXZIs6wUXjePwDMLZYpMB9sALB9/nYkBeuU/cNSV+PsSkXOXxgbsBTit5MHq2vJrZ1cWDeiw16zOsm/GOOAE=
\u2014 witness.example/w1 3xwKNQAAAABlU/EA1CvcxdMBa8/AR8QYXrPAPJWDQY+a964dG7+R5cmxxI+94lbU1Vz0MrLidEZM5DDzCL89pioZeCXDWDHyT8oCAA==
`;

/** Notes that differ from the golden one by what the formats forbid. */
const BAD_NOTES = {
  "a size with a leading zero": NOTE.replace("\n5\n", "\n05\n"),
  "a size with a sign": NOTE.replace("\n5\n", "\n+5\n"),
  "a space behind the size": NOTE.replace("\n5\n", "\n5 \n"),
  "an extension line": NOTE.replace(`${ROOTS[5]}\n`, `${ROOTS[5]}\nmore\n`),
  "a carriage return": NOTE.replace("\n5\n", "\r\n5\n"),
  "a hyphen for the dash": NOTE.replaceAll("\u2014", "-"),
  "base64 that is not canonical": NOTE.replace("UCw=", "UCx="),
  "an empty line at the end": `${NOTE}\n`,
  "no line feed at the end": NOTE.slice(0, -1),
};

/** One check for each kind of golden value. */
export function goldenChecks(page) {
  const check = (name, shows, run) => ({ name, shows, run });
  return [
    check("golden vkeys", "keys of log and witness are read, and their IDs recomputed", () => vkeys(page)),
    check("golden note", "checkpoint and cosignature hold, and no changed byte does", () => note(page)),
    check("golden roots", "roots of the trees of golden entries", () => roots(page)),
    check("golden inclusion", "leaf 2 stands in the tree of 5, and nowhere else", () => inclusion(page)),
    check("ML-DSA-44 in a policy", "a witness that others can check is read, and never counts", () => foreignWitness(page)),
    check("forbidden notes", "what the formats forbid is refused", () => Object.keys(BAD_NOTES).flatMap((name) => forbidden(page, name))),
  ];
}

const isRefused = ({ cbor }, read) => {
  try {
    read();
    return false;
  } catch (error) {
    if (error instanceof cbor.Malformed) return true;
    throw error;
  }
};

function vkeys(page) {
  const { parseVkey, LOG_TYPE, COSIGNATURE_TYPE } = page.checkpoint;
  const [log, witness] = [parseVkey(LOG_VKEY), parseVkey(WITNESS_VKEY)];
  return [
    ...difference("log", ["log.example/ocop", "21ab5de0", LOG_TYPE], [log.name, log.id, log.type]),
    ...difference("witness", ["witness.example/w1", "df1c0a35", COSIGNATURE_TYPE], [witness.name, witness.id, witness.type]),
    ...difference("another ID", true, isRefused(page, () => parseVkey(LOG_VKEY.replace("21ab5de0", "21ab5de1")))),
    ...difference("another name", true, isRefused(page, () => parseVkey(LOG_VKEY.replace("/ocop", "/ocoq")))),
  ];
}

async function note({ checkpoint: { parseVkey, parseNote, parseCheckpoint, signatureJob }, crypto: { verifyAll, unbase64 }, cbor }) {
  const { text, lines } = parseNote(NOTE);
  const { origin, size, root } = parseCheckpoint(text);
  const jobs = [LOG_VKEY, WITNESS_VKEY].map((vkey, i) => signatureJob(lines[i], parseVkey(vkey), text));
  const changed = jobs.map((job) => ({ ...job, message: job.message.map((byte, i) => (i === 30 ? byte ^ 1 : byte)) }));
  return [
    ...difference("checkpoint", ["log.example/ocop", 5, cbor.hex(unbase64(ROOTS[5]))], [origin, size, cbor.hex(root)]),
    ...difference("time", COSIGNED, jobs[1].time),
    ...difference("signatures", [true, true], await verifyAll(jobs)),
    ...difference("signatures of another text", [false, false], await verifyAll(changed)),
  ];
}

const leaves = ({ merkle, cbor }, n) => Array.from({ length: n }, (_, i) => merkle.leafHash(cbor.bytesOfText(`entry-${i}`)));

function roots(page) {
  const { merkle, cbor, crypto } = page;
  return Object.entries(ROOTS).flatMap(([n, root]) =>
    difference(`root(${n})`, cbor.hex(crypto.unbase64(root)), cbor.hex(merkle.rootOf(leaves(page, Number(n))))),
  );
}

function inclusion(page) {
  const { isIncluded } = page.merkle;
  const hashes = leaves(page, 5);
  const root = page.crypto.unbase64(ROOTS[5]);
  const proof = PROOF_2_IN_5.map(page.crypto.unbase64);
  return [
    ...difference("leaf 2 of 5", true, isIncluded(hashes[2], 2, 5, proof, root)),
    ...difference("leaf 3", false, isIncluded(hashes[3], 2, 5, proof, root)),
    ...difference("place 3", false, isIncluded(hashes[2], 3, 5, proof, root)),
    ...difference("size 4", false, isIncluded(hashes[2], 2, 4, proof, root)),
    ...difference("a hash too few", false, isIncluded(hashes[2], 2, 5, proof.slice(0, -1), root)),
    ...difference("a hash too many", false, isIncluded(hashes[2], 2, 5, [...proof, proof[0]], root)),
    ...difference("beyond the tree", false, isIncluded(hashes[2], 5, 5, proof, root)),
  ];
}

function foreignWitness(page) {
  const { cbor, checkpoint, crypto } = page;
  const name = "w.example/mldsa";
  const raw = Uint8Array.from([6, ...new Uint8Array(1312)]);
  const id = cbor.hex(crypto.sha256(cbor.bytesOfText(`${name}\n`), raw).subarray(0, 4));
  const vkey = `${name}+${id}+${btoa(String.fromCharCode(...raw))}`;
  const text = `log ${LOG_VKEY}\nwitness w1 ${WITNESS_VKEY}\nwitness pq ${vkey}\ngroup g 2 w1 pq\nquorum g\n`;
  const policy = checkpoint.parsePolicy(text);
  const keys = checkpoint.checkableKeys(policy, "log.example/ocop").map((key) => key.name);
  return [
    ...difference("keys", ["log.example/ocop", "witness.example/w1"], keys),
    ...difference("quorum", null, checkpoint.quorumTimes(policy, "g", new Map([["w1", { reached: COSIGNED, renewed: COSIGNED }]]))),
    ...difference("twice", true, isRefused(page, () => checkpoint.parsePolicy(text.replace("witness w1", `log ${vkey}\nwitness w1`)))),
    ...difference("another ID", true, isRefused(page, () => checkpoint.parseVkey(vkey.replace(id, "00000000")))),
    ...difference("another length", true, isRefused(page, () => checkpoint.parseVkey(`w+${id}+BgAA`))),
  ];
}

function forbidden(page, name) {
  const { parseNote, parseCheckpoint } = page.checkpoint;
  return difference(name, true, isRefused(page, () => parseCheckpoint(parseNote(BAD_NOTES[name]).text)));
}

/** Runs checks one after the other: [{name, shows, faults}]. */
export async function runAll(checks) {
  const results = [];
  for (const { name, shows, run } of checks) {
    const faults = await Promise.resolve().then(run).catch((error) => [`threw ${error.stack ?? error}`]);
    results.push({ name, shows, faults });
  }
  return results;
}

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
