"""Section 7: organisations, devices, threshold acts, the trust anchor and forks, folded over the events of a bundle in log order."""

from dataclasses import dataclass, field

from . import anchor as anchors
from . import ed25519, envelope
from .body import KINDS
from .cbor import Refused
from .permission import may_say

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


@dataclass
class Proposal:
    event: object
    consents: set = field(default_factory=set)
    in_effect: bool = False


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

    def _is_admitted(self, event, device):
        if device.org != event.iss or (event.epoch, event.seq) > device.last:
            return False
        if event.epoch > device.closed:
            return device.closed < 0 or device.may_reopen or event.kind != "epoch"
        return False

    def _is_in_force(self, event, device):
        if (event.device == self.sequencer) != (event.kind == "map_head"):
            return False
        if self.organisations[event.iss].suspended or not may_say(self, event, device):
            return False
        if event.kind == "approve":
            return not self.is_at_hand(event.body["ref"]) or self._approve(self.proposals[event.body["ref"]], event)
        if not self._is_possible(event):
            return False
        if not self._is_threshold_act(event):
            self._apply(event)
            return True
        proposal = self.proposals[event.id] = Proposal(event, {event.device})
        if self._is_agreed(proposal):
            proposal.in_effect = True
            self._apply(event)
        return True

    # Threshold acts

    def _is_threshold_act(self, event):
        who = KINDS[event.kind][0]
        return who == "governor" or (who == "steward" and event.body["org"] == self.authority)

    def _approve(self, proposal, event):
        if proposal.in_effect or event.device in proposal.consents:
            return False
        consents = proposal.consents | {event.device}
        if self._is_agreed(Proposal(proposal.event, consents)):
            act = proposal.event
            if not may_say(self, act, self.devices[act.device]) or not self._is_possible(act):
                return False
            proposal.in_effect = True
            self._apply(act)
        proposal.consents = consents
        return True

    def _is_agreed(self, proposal):
        consents = {key for key in proposal.consents if not self.devices[key].revoked}
        if len(consents & self._administrators(self.authority)) < self.threshold:
            return False
        if proposal.event.kind != "anchor" or self.anchor is None:
            return True
        said = {self.devices[key].org.lower(): 0 for key in consents if self.devices[key].administrator}
        return self.anchor.policy.since(said, self.anchor.validators) is not None

    def _administrators(self, org):
        return {
            key for key, device in self.devices.items() if device.org == org and device.administrator and not device.revoked
        }

    # What an event presupposes of the roster, beyond who says it

    def _is_possible(self, event):
        body, org = event.body, event.body.get("org")
        enrolled = self.organisations.get(org)
        if enrolled is None and org is not None:
            return ("organisation", org) not in self.subjects
        match event.kind:
            case "suspend":
                return org != self.authority and not enrolled.suspended
            case "readmit":
                return enrolled.suspended
            case "device" | "peer":
                return self._is_new_key(body["key"])
            case "revoke" | "allow_epoch":
                return self._is_device_of(org, body["key"])
            case "replace":
                return self._is_device_of(org, body["old"]) and self._is_new_key(body["key"])
            case "unpeer":
                return self.peers.get(body["key"]) == org
            case "threshold":
                return 1 <= body["count"] <= len(self._administrators(self.authority))
            case "anchor":
                return self._anchor_of(body["text"]) is not None
            case "conflict":
                return self._is_fork(event)
        return True

    def _is_new_key(self, key):
        return key not in self.taken_keys and ed25519.is_key(key)

    def _is_device_of(self, org, key):
        return key in self.devices and self.devices[key].org == org and key != self.sequencer

    def _anchor_of(self, text):
        try:
            anchor = anchors.parse(text)
        except Refused:
            return None
        return anchor if anchor.ledger == self.ledger else None

    def _is_fork(self, event):
        try:
            other = envelope.parse(event.body["envelope"])
        except Refused:
            return False
        device = self.devices.get(other.device)
        if other.iss != event.body["org"] or not other.signature_holds(self.ledger):
            return False
        if device is not None and device.closed >= other.epoch:
            return False
        logged = self.in_force.get(event.body["ref"]) or self.void.get(event.body["ref"])
        if logged is None:
            return not self.is_at_hand(event.body["ref"])
        place = (other.device, other.iss, other.epoch, other.seq)
        same_place = place == (logged.device, logged.iss, logged.epoch, logged.seq)
        return same_place and other.to_be_signed(self.ledger) != logged.to_be_signed(self.ledger)

    # Effects

    def _apply(self, event):
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
                self.anchor = self._anchor_of(body["text"])
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
