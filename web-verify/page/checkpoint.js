// C2SP texts: signed notes, checkpoints, cosignatures, tlog-policy, and our trust anchor around a policy
// (docs/formats.md section 11). Parsing and counting only; signatures are checked by the caller, many at once.

import { bytesOfText, equal, hex, must, unhex } from "./cbor.js";
import { isSoundPoint, sha256, unbase64 } from "./crypto.js";

export const NOTE_BYTES_MAX = 64 * 1024;
export const SIGNATURE_LINES_MAX = 128; // the log, 64 witnesses of a policy, and as many strangers
export const ANCHOR_BYTES_MAX = 32 * 1024;
const MAX_AGE_LIMIT = 366 * 86400; // an anchor that allows older heads protects nobody
const LOGS_MAX = 32;
const WITNESSES_MAX = 64;
const GROUPS_MAX = 64;
const NAME_MAX = 255;
const LINE_START = "\u2014 ";
export const LOG_TYPE = 1; // Ed25519 over the text
export const COSIGNATURE_TYPE = 4; // cosignature/v1
export const FOREIGN_TYPE = 6; // ML-DSA-44 cosignatures of others: read, never verified, so such a witness never counts
const FOREIGN_KEY_BYTES = 1312;

/** ASCII decimal without sign and leading zero. */
export function decimal(text) {
  must(/^(0|[1-9][0-9]{0,15})$/.test(text), "not a plain decimal number");
  const n = Number(text);
  must(Number.isSafeInteger(n), "a number is out of range");
  return n;
}

const isName = (name) => name !== "" && !/[\p{White_Space}+\u0000-\u001f]/u.test(name);

// ---- keys ----

/** `name+hex8+base64`: {name, id (hex), type, key}. The ID is recomputed. */
export function parseVkey(text) {
  const parts = text.split("+");
  const [name, id] = parts;
  must(parts.length >= 3 && isName(name) && bytesOfText(name).length <= NAME_MAX, "malformed vkey");
  const raw = unbase64(parts.slice(2).join("+"));
  if (raw[0] === FOREIGN_TYPE) {
    must(raw.length === 1 + FOREIGN_KEY_BYTES, "an ML-DSA-44 key of another length");
  } else {
    must(raw.length === 33 && (raw[0] === LOG_TYPE || raw[0] === COSIGNATURE_TYPE), "a key of unknown type");
    must(isSoundPoint(raw.subarray(1)), "a key that must not be trusted");
  }
  const computed = sha256(bytesOfText(name + "\n"), raw).subarray(0, 4);
  must(/^[0-9a-f]{8}$/.test(id) && equal(unhex(id), computed), "the key ID belongs to another key");
  return { name, id, type: raw[0], key: raw.subarray(1) };
}

// ---- notes and checkpoints ----

/** A signed note: {text, lines: [{name, id (hex), signature}]}. Nothing is verified. */
export function parseNote(note) {
  must(bytesOfText(note).length <= NOTE_BYTES_MAX && !/[\u0000-\u0009\u000b-\u001f]/.test(note), "malformed note");
  const end = note.lastIndexOf("\n\n");
  must(end >= 0 && note.endsWith("\n"), "malformed note");
  const lines = note.slice(end + 2, -1).split("\n");
  must(lines.length <= SIGNATURE_LINES_MAX, "too many signature lines");
  return { text: note.slice(0, end + 1), lines: lines.map(parseLine) };
}

function parseLine(line) {
  must(line.startsWith(LINE_START), "malformed signature line");
  const [name, base64, ...rest] = line.slice(LINE_START.length).split(" ");
  must(isName(name) && base64 !== undefined && rest.length === 0, "malformed signature line");
  const raw = unbase64(base64);
  must(raw.length > 4, "malformed signature line");
  return { name, id: hex(raw.subarray(0, 4)), signature: raw.subarray(4) };
}

/** The three lines of a checkpoint; extension lines are refused. */
export function parseCheckpoint(text) {
  const lines = text.split("\n");
  must(lines.length === 4 && lines[3] === "", "not origin, size and root");
  const [origin, size, root] = lines;
  must(origin !== "" && !/^\p{White_Space}|\p{White_Space}$/u.test(origin) && bytesOfText(origin).length <= NAME_MAX, "malformed origin");
  const hash = unbase64(root);
  must(hash.length === 32, "the root is not a hash");
  return { origin, size: decimal(size), root: hash };
}

/** What must hold for a line of this key: {key, message, signature}, and the time of a cosignature. */
export function signatureJob(line, vkey, text) {
  if (vkey.type === LOG_TYPE) return { key: vkey.key, message: bytesOfText(text), signature: line.signature, time: null };
  if (line.signature.length !== 72) return null;
  const view = new DataView(line.signature.buffer, line.signature.byteOffset, 8);
  const time = view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  if (time === 0 || !Number.isSafeInteger(time)) return null;
  const message = bytesOfText(`cosignature/v1\ntime ${time}\n${text}`);
  return { key: vkey.key, message, signature: line.signature.subarray(8), time };
}

// ---- trust anchor and policy ----

/** The trust anchor: {ledger (bytes), validators, maxAge (seconds), policy, sha256 (bytes)}. */
export function parseAnchor(text) {
  const bytes = bytesOfText(text);
  must(bytes.length <= ANCHOR_BYTES_MAX, "the anchor is too large");
  const match = /^ocop-anchor\/v1\nledger ([0-9a-f]{64})\nvalidators ([^\n]+)\nmax-age ([0-9]+)\n\n/.exec(text);
  must(match, "malformed anchor");
  const policy = parsePolicy(text.slice(match[0].length));
  must(policy.groups.has(match[2]), "the group of validators is not in the policy");
  const maxAge = decimal(match[3]);
  must(maxAge >= 1 && maxAge <= MAX_AGE_LIMIT, "malformed anchor");
  return { ledger: unhex(match[1]), validators: match[2], maxAge, policy, sha256: sha256(bytes) };
}

/** The keys of a policy whose signatures can be checked here: of the logs of this origin, and of the witnesses. */
export function checkableKeys(policy, origin) {
  const keys = [...policy.logs.filter(({ name }) => name === origin), ...policy.witnesses.values()];
  return keys.filter(({ type }) => type !== FOREIGN_TYPE);
}

/** tlog-policy: {logs: [vkey], witnesses: Map name → vkey, groups: Map name → {k, members}, quorum}. */
export function parsePolicy(text) {
  must(text.endsWith("\n") && !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text), "malformed policy");
  const policy = { logs: [], witnesses: new Map(), groups: new Map(), quorum: null };
  const state = { policy, grouped: new Set(), keys: new Set() };
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.split(/[ \t]+/).filter((part) => part !== "");
    if (word === undefined || word.startsWith("#")) continue;
    must(Object.hasOwn(POLICY_LINES, word), "an unknown line in the policy");
    POLICY_LINES[word](state, rest);
  }
  must(policy.quorum !== null, "a policy without quorum");
  return policy;
}

const POLICY_LINES = {
  log({ policy, keys }, words) {
    must((words.length === 1 || words.length === 2) && policy.logs.length < LOGS_MAX, "malformed log line");
    policy.logs.push(newKey(words[0], LOG_TYPE, keys));
  },
  witness({ policy, keys }, words) {
    const few = policy.witnesses.size < WITNESSES_MAX;
    must((words.length === 2 || words.length === 3) && few, "malformed witness line");
    newName(policy, words[0]);
    policy.witnesses.set(words[0], newKey(words[1], COSIGNATURE_TYPE, keys));
  },
  group({ policy, grouped }, [name, threshold, ...members]) {
    must(members.length > 0 && policy.groups.size < GROUPS_MAX, "malformed group line");
    for (const member of members) {
      must(isDefined(policy, member) && !grouped.has(member), "a group member that is unknown or in a group already");
      grouped.add(member);
    }
    newName(policy, name);
    const k = threshold === "all" ? members.length : threshold === "any" ? 1 : decimal(threshold);
    must(k >= 1 && k <= members.length, "malformed threshold");
    policy.groups.set(name, { k, members });
  },
  quorum({ policy }, words) {
    must(words.length === 1 && policy.quorum === null, "malformed quorum line");
    must(words[0] === "none" || isDefined(policy, words[0]), "the quorum is not in the policy");
    policy.quorum = words[0];
  },
};

const isDefined = (policy, name) => policy.witnesses.has(name) || policy.groups.has(name);

function newName(policy, name) {
  must(name !== "none" && !isDefined(policy, name), "a name is given twice in the policy");
}

/** One key, one role: no key stands twice in a policy. */
function newKey(text, type, keys) {
  const vkey = parseVkey(text);
  must(vkey.type === type || vkey.type === FOREIGN_TYPE, "a key of the wrong type for this line");
  must(!keys.has(hex(vkey.key)), "a key that the policy already has");
  keys.add(hex(vkey.key));
  return vkey;
}

/**
 * When enough had cosigned, and since when enough have: for k of n the k-th smallest of the members' first times, and the
 * k-th largest of their newest. The two differ only where a head was cosigned again.
 * @param {Map<string, {reached: number, renewed: number}>} times witness name in the policy → its first and its newest
 *   cosignature
 * @returns {{reached: number, renewed: number} | null} null when there are fewer
 */
export function quorumTimes(policy, name, times) {
  const group = policy.groups.get(name);
  if (!group) return times.get(name) ?? null;
  const members = group.members.map((member) => quorumTimes(policy, member, times)).filter((time) => time !== null);
  if (members.length < group.k) return null;
  const sorted = (key) => members.map((member) => member[key]).sort((a, b) => a - b);
  return { reached: sorted("reached")[group.k - 1], renewed: sorted("renewed").at(-group.k) };
}

/** All witnesses below a name of the policy. */
export function membersOf(policy, name) {
  const group = policy.groups.get(name);
  return group ? group.members.flatMap((member) => membersOf(policy, member)) : [name];
}
