//! What a file of evidence states: the names of `docs/formats.md` section 16.

/// One statement of an accusation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// The accused signed this: both heads, both events, or the event that was withheld.
    Signed,
    /// The two heads cannot both be of one log.
    Contradiction,
    /// The two events stand at one place of one device's chain.
    SamePlace,
    /// The two events say different things: it is no second signature over one.
    Different,
    /// The device was enrolled for a member of this ledger.
    Member,
    /// The lists are what the sequencer's map head says, under a head that the log signed.
    Lists,
    /// The quorum confirmed that head.
    Witnessed,
    /// The event stands in the log before the map head.
    Logged,
    /// The event is not void, so the map must list it.
    InForce,
    /// The complete list of none of its subjects has it.
    Missing,
    /// The event was next in its device's chain, so nothing kept it from being logged.
    Next,
    /// Members state that they saw it.
    Seen,
    /// The head was confirmed later than that by the stated delay.
    Late,
}

impl Claim {
    /// Every claim.
    pub const ALL: [Claim; 13] = [
        Claim::Signed,
        Claim::Contradiction,
        Claim::SamePlace,
        Claim::Different,
        Claim::Member,
        Claim::Lists,
        Claim::Witnessed,
        Claim::Logged,
        Claim::InForce,
        Claim::Missing,
        Claim::Next,
        Claim::Seen,
        Claim::Late,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Claim::Signed => "signed",
            Claim::Contradiction => "contradiction",
            Claim::SamePlace => "same_place",
            Claim::Different => "different",
            Claim::Member => "member",
            Claim::Lists => "lists",
            Claim::Witnessed => "witnessed",
            Claim::Logged => "logged",
            Claim::InForce => "in_force",
            Claim::Missing => "missing",
            Claim::Next => "next",
            Claim::Seen => "seen",
            Claim::Late => "late",
        }
    }
}
