"""Section 11: the trust anchor, and the C2SP tlog-policy in it."""

from dataclasses import dataclass, field

from . import note
from .cbor import Refused

MAX_AGE = 366 * 86_400  # seconds
MAX_ANCHOR, MAX_POLICY = 32_768, 196_608
MAX_LOGS, MAX_WITNESSES, MAX_GROUPS = 32, 64, 64


@dataclass
class Policy:
    logs: list = field(default_factory=list)
    witnesses: dict = field(default_factory=dict)  # name → vkey
    groups: dict = field(default_factory=dict)  # name → (k, members)
    quorum: str | None = None

    def known(self, line):
        """`(witness name or None for a log, key)` of the key that a signature line names, or None."""
        keys = [(None, key) for key in self.logs] + list(self.witnesses.items())
        own = ((name, key) for name, key in keys if key.type != note.FOREIGN_KEY)
        return next(((name, key) for name, key in own if (key.name, key.id) == (line.name, line.id)), None)

    def since(self, cosigned):
        """The latest time since which enough have cosigned; None where too few did, infinite for `quorum none`."""
        newest = {witness: -max(times) for witness, times in cosigned.items()}
        when = self.kth(newest, self.quorum)
        return None if when is None else -when

    def reached(self, cosigned):
        """The time at which enough had cosigned; None where too few did."""
        return self.kth({witness: min(times) for witness, times in cosigned.items()}, self.quorum)

    def kth(self, values, name):
        """Of the value of each witness that agrees, the k-th smallest of a group's members; None where too few agree."""
        if name == "none":
            return float("-inf")
        if name in self.witnesses:
            return values.get(name)
        k, members = self.groups[name]
        agreed = sorted(value for member in members if (value := self.kth(values, member)) is not None)
        return agreed[k - 1] if len(agreed) >= k else None

    def members(self, name):
        """The witnesses in a group and in its groups."""
        if name in self.witnesses:
            return {name}
        return {witness for member in self.groups[name][1] for witness in self.members(member)}


@dataclass(frozen=True)
class Anchor:
    ledger: bytes
    validators: str
    max_age: int
    policy: Policy

    def is_of(self, genesis):
        """Whether a genesis is this ledger's, and its log one of the policy's."""
        logs = {(key.name, key.key) for key in self.policy.logs}
        return genesis.ledger == self.ledger and (genesis.origin, genesis.log_key) in logs


def parse(text):
    if len(text.encode()) > MAX_ANCHOR:
        raise Refused("anchor: too long")
    head, separator, rest = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or len(lines) != 4 or lines[0] != "ocop-anchor/v1":
        raise Refused("anchor: head")
    values = []
    for line, word in zip(lines[1:], ("ledger", "validators", "max-age")):
        key, _, value = line.partition(" ")
        if key != word:
            raise Refused(f"anchor: {word}")
        values.append(value)
    ledger, validators, max_age = values
    if len(ledger) != 64 or set(ledger) - set("0123456789abcdef"):
        raise Refused("anchor: ledger")
    policy = parse_policy(rest)
    if validators not in policy.groups:
        raise Refused("anchor: validators")
    if not 0 < _decimal(max_age) <= MAX_AGE:
        raise Refused("anchor: max-age")
    return Anchor(bytes.fromhex(ledger), validators, _decimal(max_age), policy)


def parse_policy(text):
    if (
        len(text.encode()) > MAX_POLICY
        or any(ord(c) < 0x20 and c not in "\t\n" or ord(c) == 0x7F for c in text)
        or not text.endswith("\n")
    ):
        raise Refused("policy: characters")
    policy = Policy()
    for line in text.split("\n"):
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if words and not words[0].startswith("#"):
            _policy_line(policy, words)
    if policy.quorum is None:
        raise Refused("policy: no quorum")
    return policy


def _policy_line(policy, words):
    match words:
        case ["log", vkey, *url] if len(url) < 2:
            policy.logs.append(_new_key(policy, vkey, note.LOG_KEY))
        case ["witness", name, vkey, *url] if len(url) < 2:
            _new_name(policy, name)
            policy.witnesses[name] = _new_key(policy, vkey, note.COSIGNER_KEY)
        case ["group", name, k, *members] if members:
            _new_name(policy, name)
            k = {"any": 1, "all": len(members)}.get(k) or _decimal(k)
            taken = [m for _, others in policy.groups.values() for m in others]
            for member in members:
                if member not in policy.witnesses and member not in policy.groups or (taken + members).count(member) > 1:
                    raise Refused("policy: member")
            if not 1 <= k <= len(members):
                raise Refused("policy: threshold")
            policy.groups[name] = (k, members)
        case ["quorum", name] if policy.quorum is None:
            if name != "none" and name not in policy.witnesses and name not in policy.groups:
                raise Refused("policy: quorum")
            policy.quorum = name
        case _:
            raise Refused("policy: line")


def _new_key(policy, text, type):
    """A key of this type, or one of ML-DSA-44, which is tolerated and never used."""
    key = note.parse_vkey(text)
    others = policy.logs + list(policy.witnesses.values())
    if key.type not in (type, note.FOREIGN_KEY) or any(other.key == key.key for other in others):
        raise Refused("policy: key")
    if len(policy.logs) > MAX_LOGS or len(policy.witnesses) > MAX_WITNESSES:
        raise Refused("policy: too many")
    return key


def _new_name(policy, name):
    if name == "none" or name in policy.witnesses or name in policy.groups or len(policy.groups) >= MAX_GROUPS:
        raise Refused("policy: name")


def _decimal(text):
    if not (text.isascii() and text.isdigit()) or len(text) > 15 or str(int(text)) != text:
        raise Refused("not a decimal number")
    return int(text)
