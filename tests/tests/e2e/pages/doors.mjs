// Vectors of type `log`: what the page's modules make of each envelope that knocks. The page reads bundles and never
// stands at the door, so the place in a chain is not its business (section 13); form, signature, membership and permission
// are, and a bundle in which one of these fails is contradicted.

/** What the page says, for each code of section 8 that it can know of. */
const PAGE_SAYS = {
  QUA_DAI: ["malformed"],
  SAI_DANG: ["malformed"],
  CHU_KY_SAI: ["bad_signature"],
  KHOA_LA: ["not_enrolled", "other_org"],
  MAY_DA_KHOA: ["revoked"],
};

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** One check for each log. */
export const doorChecks = (page, vectors) => vectors.filter(({ type }) => type === "log").map((vector) => ({ ...vector, run: () => knock(page, vector) }));

async function knock(page, { genesis: leaf, steps }) {
  const genesis = page.event.parseGenesis(bytesOf(leaf));
  const roster = new page.roster.Roster(genesis);
  const seen = new Set();
  const faults = [];
  let index = 1;
  for (const [n, { who, envelope, answer, code = null }] of steps.entries()) {
    const said = await answerOf(page, { genesis, roster, seen }, bytesOf(envelope), index, answer);
    const expected = answer === "refused" ? (PAGE_SAYS[code] ?? ["not_asked"]) : [code ?? answer];
    if (!expected.includes(said)) faults.push(`step ${n} of ${who}: expected ${expected.join(" or ")}, said ${said}`);
    if (answer === "logged" || answer === "void") index++;
  }
  return faults;
}

/** A word for what becomes of an envelope; those that take a place are taken into the roster. */
async function answerOf(page, { genesis, roster, seen }, envelope, index, answer) {
  const event = read(page, envelope);
  if (event === null) return "malformed";
  const embedded = event.kind === "conflict" ? read(page, event.body.envelope) : null;
  const [holds, other] = await page.crypto.verifyAll([event, embedded ?? event].map((one) => jobOf(page, one, genesis.id)));
  // The door looks the device up before it checks the signature.
  const member = roster.memberFault(event);
  if (member === "not_enrolled") return member;
  if (!holds) return "bad_signature";
  if (member !== null) return member;
  const words = page.cbor.hex(page.event.signedBytes(event, genesis.id));
  if (seen.has(words)) return "duplicate";
  if (answer === "refused") return "not_asked";
  seen.add(words);
  return roster.take({ ...event, index, other: embedded && other ? embedded : null }) ?? "logged";
}

function read({ event, cbor }, bytes) {
  try {
    return event.parseEnvelope(bytes);
  } catch (error) {
    if (error instanceof cbor.Malformed) return null;
    throw error;
  }
}

const jobOf = ({ event: { signedBytes } }, event, ledgerId) => ({ key: event.kid, message: signedBytes(event, ledgerId), signature: event.signature });
