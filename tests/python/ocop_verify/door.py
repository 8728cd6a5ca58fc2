"""Section 8: the door. What enters the log, replayed leaf by leaf."""

from . import envelope
from .cbor import Refused
from .roster import Roster

DUPLICATE = "duplicate"


class Door:
    """A whole log so far: its roster, and the last event of each device's chain."""

    def __init__(self, genesis):
        self.ledger = genesis.ledger
        self.roster = Roster(genesis)
        self.last = {}  # device → (epoch, seq, event id)
        self.signed = {}  # Sig_structure → event id

    def refusal(self, data):
        """`(None, event)` for what may be logged next, else `(code of the refusal or DUPLICATE, None)`."""
        if len(data) > envelope.MAX_CONFLICT:
            return "QUA_DAI", None
        try:
            event = envelope.parse(data)
        except envelope.TooLong:
            return "QUA_DAI", None
        except Refused:
            return "SAI_DANG", None
        fault = self.roster.refusal(event)
        if fault == "KHOA_LA":
            return fault, None
        if not event.signature_holds(self.ledger):
            return "CHU_KY_SAI", None
        if event.to_be_signed(self.ledger) in self.signed:
            return DUPLICATE, None
        return fault or self._misplaced(event), event

    def log(self, event):
        """Gives an admitted event its place: None where it is in force, else the code that says why it is void."""
        self.last[event.device] = (event.epoch, event.seq, event.id)
        self.signed[event.to_be_signed(self.ledger)] = event.id
        return self.roster.take(event)

    def _misplaced(self, event):
        epoch, seq, last = self.last.get(event.device, (0, -1, self.ledger))
        if event.epoch < epoch:
            return "SAI_NOI_TIEP"
        if event.epoch == epoch:
            if event.seq <= seq:
                return "TRUNG_SO_THU_TU"
            if event.seq > seq + 1:
                return "THIEU_VIEC_TRUOC"
        elif (event.epoch, event.seq) != (epoch + 1, 0):
            return "THIEU_VIEC_TRUOC"
        elif event.kind != "epoch":
            return "SAI_NOI_TIEP"
        return None if event.prev == last else "SAI_NOI_TIEP"
