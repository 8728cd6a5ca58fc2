"""cbor2 and pycose read our envelopes: canonical CBOR, and COSE_Sign1 whose signature covers the external data."""

import json
import sys
from pathlib import Path

import cbor2
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import Sign1Message
from say import Referee

folder = Path(sys.argv[1]) / "envelopes"
referee = Referee("cbor2 and pycose")
about = json.loads((folder / "about.json").read_text())
key, aad = bytes.fromhex(about["key"]), bytes.fromhex(about["external_aad"])
envelopes = [path.read_bytes() for path in sorted(folder.glob("*.cbor"))]


@referee.asks("cbor2: envelope, protected header and payload are canonical CBOR")
def canonical():
    for envelope in envelopes:
        tagged = cbor2.loads(envelope)
        protected, unprotected, payload, signature = tagged.value
        whole = cbor2.dumps(tagged, canonical=True) == envelope
        parts = all(cbor2.dumps(cbor2.loads(part), canonical=True) == part for part in (protected, payload))
        header = cbor2.loads(protected)
        if (tagged.tag, unprotected, len(signature)) != (18, {}, 64) or not whole or not parts:
            return False
        if set(header) != {1, 3, 4, 15} or header[4] != key or header[15] != {1: "FARM"}:
            return False
    return len(envelopes) > 0


def holds(envelope, external_aad):
    message = Sign1Message.decode(envelope)
    message.key = OKPKey(crv=Ed25519, x=key)
    message.external_aad = external_aad
    return message.verify_signature()


@referee.asks("pycose: every signature holds")
def signatures():
    return all(holds(envelope, aad) for envelope in envelopes)


@referee.asks("pycose: none holds for another ledger, nor with a changed byte in the payload")
def changed():
    def other(envelope):
        at = envelope.index(b"ocop/event") + 80
        return envelope[:at] + bytes([envelope[at] ^ 1]) + envelope[at + 1 :]

    elsewhere = aad[:-1] + bytes([aad[-1] ^ 1])
    return not any(holds(envelope, elsewhere) or holds(other(envelope), aad) for envelope in envelopes)


referee.done()
