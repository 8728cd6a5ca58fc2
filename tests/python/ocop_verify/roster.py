"""Section 7: organisations, devices, the trust anchor and forks, folded over the events of a bundle in log order."""

from dataclasses import dataclass

from . import envelope, threshold
from .permission import may_say
from .presupposed import anchor_of, is_possible

NOTHING_MORE = (-1, -1)
EVERYTHING = (2**53, 0)


@dataclass
class Organisation:
    roles: set
    suspended: bool = False


@dataclass
class Device:
    org: str
    administrator: bool
    last: tuple = EVERYTHING  # the last (epoch, seq) that is vouched for
    revoked: bool = False
    closed: int = -1  # the epoch in which it forked
    may_reopen: bool = False

    def may_consent(self):
        return self.administrator and not self.revoked


class Roster:
    """What a bundle shows of the roster.

    What it does not show (the event that a `ref` names, an organisation or lot whose list it has not) is taken to be
    in order: the validators signed that the event is listed, and void events are listed nowhere.
    """

    def __init__(self, genesis, subjects, event_ids):
        self.ledger, self.authority, self.sequencer = genesis.ledger, genesis.authority, genesis.sequencer
        self.threshold, self.anchor = genesis.threshold, None
        self.organisations = {genesis.authority: Organisation({"authority"})}
        self.devices = {key: Device(genesis.authority, True) for key in genesis.devices}
        self.devices[genesis.sequencer] = Device(genesis.authority, False)
        self.peers, self.taken_keys = {}, set(self.devices)
        self.proposals, self.in_force, self.void, self.owners = {}, {}, {}, {}
        self.subjects, self.event_ids = subjects, event_ids

    def take(self, event):
        """Whether the event is in force at its place. If it is, it takes effect."""
        device = self.devices.get(event.device)
        good = device is not None and self._is_admitted(event, device) and self._is_in_force(event, device)
        (self.in_force if good else self.void)[event.id] = event
        if good:
            for output in event.body.get("outputs", []):
                self.owners.setdefault((event.iss, output["no"]), output["owner"])
        return good

    def is_at_hand(self, event_id):
        return event_id in self.event_ids

    def has_role(self, org, *roles):
        return org in self.organisations and not self.organisations[org].roles.isdisjoint(roles)

    def is_lot_of(self, lot, org):
        if lot in self.owners:
            return org in (lot[0], self.owners[lot])
        return ("lot", *lot) not in self.subjects

    def suspended(self):
        return {id for id, organisation in self.organisations.items() if organisation.suspended}

    def validators(self):
        """Names of the witnesses in the validators' group of the anchor in effect."""
        return self.anchor.policy.members(self.anchor.validators) if self.anchor else set()

    def administrators(self, org):
        """The devices that can consent for an organisation now."""
        return {key for key, device in self.devices.items() if device.org == org and device.may_consent()}

    def _is_admitted(self, event, device):
        if device.org != event.iss or (event.epoch, event.seq) > device.last:
            return False
        if event.epoch > device.closed:
            return device.closed < 0 or device.may_reopen or event.kind != "epoch"
        return False

    def _is_in_force(self, event, device):
        if (event.device == self.sequencer) != (event.kind == "map_head"):
            return False
        if event.iss in self.suspended() or not may_say(self, event, device):
            return False
        if event.kind == "approve":
            return threshold.approve(self, event)
        if not is_possible(self, event):
            return False
        if threshold.is_threshold_act(self, event):
            threshold.propose(self, event)
        else:
            self.apply(event)
        return True

    def apply(self, event):
        body, org = event.body, event.body.get("org")
        match event.kind:
            case "org":
                old = self.organisations.get(body["id"], Organisation(set()))
                self.organisations[body["id"]] = Organisation(set(body["roles"]), old.suspended)
            case "suspend" | "readmit" if org in self.organisations:
                self.organisations[org].suspended = event.kind == "suspend"
            case "grant" if org in self.organisations:
                self.organisations[org].roles |= set(body["roles"])
            case "withdraw" if org in self.organisations:
                self.organisations[org].roles -= set(body["roles"])
            case "device":
                self._enrol(body)
            case "revoke" if body["key"] in self.devices:
                self._revoke(body["key"], body)
            case "replace":
                if body["old"] in self.devices:
                    self._revoke(body["old"], body)
                self._enrol(body)
            case "peer":
                self.peers[body["key"]] = org
                self.taken_keys.add(body["key"])
            case "unpeer":
                self.peers.pop(body["key"], None)
            case "allow_epoch" if body["key"] in self.devices:
                self.devices[body["key"]].may_reopen = True
            case "threshold":
                self.threshold = body["count"]
            case "anchor":
                self.anchor = anchor_of(self, body["text"])
            case "conflict":
                self._close(envelope.parse(body["envelope"]))
        self.organisations[self.authority].roles.add("authority")

    def _enrol(self, body):
        self.taken_keys.add(body["key"])
        self.devices[body["key"]] = Device(body["org"], body.get("rights") == "administrator")

    def _revoke(self, key, body):
        self.devices[key].revoked = True
        self.devices[key].last = tuple(body.get("last", NOTHING_MORE))

    def _close(self, other):
        if other.device in self.devices:
            device = self.devices[other.device]
            device.closed, device.may_reopen = max(device.closed, other.epoch), False
