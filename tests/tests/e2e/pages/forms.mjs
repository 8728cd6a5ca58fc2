// Vectors of type `form`: one text or byte string, read or refused by the page's own parsers. The page has no parser for
// tlog-proof files: buyers get bundles.

/** Form → reads `given` with the page's modules; throws Malformed for what it refuses; gives what is said, or null. */
const READERS = {
  cbor: ({ cbor }, { bytes }) => void cbor.decode(cbor.unhex(bytes)),
  genesis: ({ event, cbor }, { bytes }) => void event.parseGenesis(cbor.unhex(bytes)),
  code: ({ event, cbor }, { text }) => cbor.must(event.isCode(text), "not a code"),
  policy: ({ checkpoint }, { text }) => void checkpoint.parsePolicy(text),
  anchor: ({ checkpoint }, { text }) => void checkpoint.parseAnchor(text),
  checkpoint: noteSays,
  map_proof: mapSays,
};

async function noteSays({ checkpoint, signed, crypto, cbor }, given) {
  const policy = checkpoint.parsePolicy(given.policy);
  const note = signed.readNote(given.note, policy);
  const good = await crypto.verifyAll(note.lines.map(({ job }) => job));
  const run = { anchor: { policy } };
  signed.settleNote(run, note, note.lines.filter((_, i) => !good[i]));
  cbor.must(run.noteFault === null, run.noteFault);
  const { origin, size } = note;
  return { origin, size, by: [...run.times.keys()], quorum: run.asOf !== null, reached: run.reached, renewed: run.asOf };
}

function mapSays({ map, cbor }, given) {
  const keys = given.subjects.map(map.mapKey);
  const { root, leaves } = map.readProof(cbor.unhex(given.proof), keys);
  cbor.must(cbor.hex(root) === given.root, "another root");
  return keys.map((key) => parseInt(leaves.get(cbor.hex(key))?.count ?? "0", 16));
}

/** One check for each form that the page reads. */
export function formChecks(page, vectors) {
  const forms = vectors.filter(({ type, form }) => type === "form" && form in READERS);
  return forms.map((vector) => ({ ...vector, run: () => differenceOf(page, vector) }));
}

async function differenceOf(page, { form, given, refused, says = null }) {
  let said;
  try {
    said = (await READERS[form](page, given)) ?? null;
  } catch (error) {
    if (!(error instanceof page.cbor.Malformed)) throw error;
    return refused ? [] : [`refused: ${error.message}`];
  }
  if (refused) return ["not refused"];
  const [expected, found] = [inOrder(says), inOrder(said)];
  return says === null || expected === found ? [] : [`expected ${expected}, said ${found}`];
}

/** As text, with the keys of an object in order. */
const inOrder = (value) => JSON.stringify(Array.isArray(value) ? value : Object.entries(value ?? {}).sort());
