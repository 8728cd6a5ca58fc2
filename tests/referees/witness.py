"""witness-log, a C2SP witness by others, is asked what our code asks witnesses; its cosignatures must be ours, byte for byte."""

import json
import sys
import tempfile
from pathlib import Path

from say import Referee
from witness_log import WitnessService

folder = Path(sys.argv[1])
referee = Referee("witness-log")
TIME = 1_700_000_000
requests = json.loads((folder / "requests.json").read_text())
log_vkey = (folder / "log.vkey").read_text().strip()
origin = log_vkey.split("+")[0]


def service():
    state = Path(tempfile.mkdtemp()) / "state"
    WitnessService.create_state(str(state))
    witness = WitnessService.new("witness.example/w1", bytes([2] * 32), str(state))
    witness.add_log(origin, log_vkey)
    return witness


@referee.asks("vkey: it computes ours")
def vkey():
    return service().vkey() == (folder / "witness.vkey").read_text().strip()


def conversation():
    """(request, status, body) of the whole conversation with one witness."""
    witness = service()
    for request in requests:
        yield request, *witness.handle_add_checkpoint(request["body"], TIME)


@referee.asks("add-checkpoint: every status is the one our code gives")
def statuses():
    wrong = [(request["status"], status) for request, status, _ in conversation() if request["status"] != status]
    if wrong:
        raise AssertionError(f"(ours, its): {wrong}")
    return True


@referee.asks("add-checkpoint: its cosignatures are ours, byte for byte")
def cosignatures():
    given = [(request["line"], body) for request, status, body in conversation() if status == 200]
    return len(given) > 0 and all(ours == body for ours, body in given)


@referee.asks("add-checkpoint: a stale request is answered with the size it cosigned last")
def stale():
    given = [(request["last"], body) for request, status, body in conversation() if status == 409]
    return len(given) > 0 and all(body == f"{last}\n" for last, body in given)


@referee.asks("cosigns a head (our code reads it below)")
def sign():
    request, status, body = next(iter(conversation()))
    note = request["body"].split("\n\n", 1)[1]
    referee.answer(folder, note + body, [log_vkey, service().vkey()])
    return status == 200


referee.done()
