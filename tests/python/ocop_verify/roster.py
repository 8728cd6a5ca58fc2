"""Section 7: organisations, devices, the trust anchor and forks, folded over the events of a bundle in log order."""

import copy
from dataclasses import dataclass, field

from . import envelope, permission, presupposed, threshold

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
    forked: set = field(default_factory=set)  # epochs of which a conflict is recorded
    open: int = 0  # the newest epoch that was seen
    closed: int = -1  # the newest epoch that takes no more events
    may_reopen: bool = False

    def may_consent(self):
        return self.administrator and not self.revoked


class Roster:
    """What a bundle shows of the roster.

    What it need not show is taken to be in order, because the map lists no void event: that an organisation which is only
    named is enrolled, who was given a lot whose list is not there, and some of the events that a `ref` names.
    """

    def __init__(self, genesis, subjects=None):
        """Of a part of the log with these complete lists, or of a whole log."""
        self.ledger, self.authority, self.sequencer = genesis.ledger, genesis.authority, genesis.sequencer
        self.threshold, self.anchor = genesis.threshold, None
        self.organisations = {genesis.authority: Organisation({"authority"})}
        self.devices = {key: Device(genesis.authority, True) for key in genesis.devices}
        self.devices[genesis.sequencer] = Device(genesis.authority, False)
        self.peers, self.taken_keys = {}, set(self.devices)
        self.proposals, self.in_force, self.void, self.owners = {}, {}, {}, {}
        self.subjects, self.is_whole = subjects or set(), subjects is None

    def take(self, event):
        """None for an event that is in force at its place, and takes effect; else the code of section 8 that says why not."""
        fault = self.refusal(event)
        if fault is None:
            self.devices[event.device].open = event.epoch
            fault = self._void_because(event)
        if fault is None:
            self.in_force[event.id] = event
            for output in event.body.get("outputs", []):
                self.owners.setdefault((event.iss, output["no"]), set()).add(output["owner"])
        else:
            self.void[event.id] = event
        return fault

    def fault(self, event):
        """What `take` would answer, without any effect."""
        return copy.deepcopy(self).take(event)

    def refusal(self, event):
        """Why an event cannot enter the log, as far as the roster knows; its place in the chain is another question."""
        device = self.devices.get(event.device)
        if device is None or device.org != event.iss:
            return "KHOA_LA"
        if (event.epoch, event.seq) > device.last:
            return "MAY_DA_KHOA"
        if event.epoch <= device.closed:
            return "SAI_NOI_TIEP"
        if device.forked and event.kind == "epoch" and not device.may_reopen:
            return "CHUA_CHO_MO_SO"
        return None

    def shows(self, *subject):
        """Whether what concerns a subject must be among the events."""
        return self.is_whole or subject in self.subjects

    def has_role(self, org, *roles):
        return org in self.organisations and not self.organisations[org].roles.isdisjoint(roles)

    def is_lot_of(self, lot, org):
        """Whether an organisation created a lot, or was given it."""
        return org == lot[0] or org in self.owners.get(lot, ()) or not self.shows("lot", *lot)

    def suspended(self):
        return {id for id, organisation in self.organisations.items() if organisation.suspended}

    def validators(self):
        """Names of the witnesses in the validators' group of the anchor in effect."""
        return self.anchor.policy.members(self.anchor.validators) if self.anchor else set()

    def administrators(self, org):
        """The devices that can consent for an organisation now."""
        return {key for key, device in self.devices.items() if device.org == org and device.may_consent()}

    def _void_because(self, event):
        device = self.devices[event.device]
        if event.iss in self.suspended():
            return "DANG_TAM_DUNG"
        fault = permission.fault(self, event, device)
        if fault is None and event.kind == "approve":
            return threshold.approve(self, event)
        fault = fault or presupposed.fault(self, event)
        if fault is None and threshold.is_threshold_act(self, event):
            threshold.propose(self, event)
        elif fault is None:
            self.apply(event)
        return fault

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
                self.anchor = presupposed.anchor_of(self, body["text"])
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
            device.forked.add(other.epoch)
            device.closed, device.may_reopen = max(device.open, other.epoch), False
