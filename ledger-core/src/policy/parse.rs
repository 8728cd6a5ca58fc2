//! Reading a tlog-policy line by line.

use super::{
    Definition, MAX_POLICY_GROUPS, MAX_POLICY_LOGS, MAX_POLICY_WITNESSES, PolicyFault, PolicyLog,
    Quorum, Rule,
};
use crate::decimal::parse_decimal;
use crate::vkey::{ForeignKey, KeyId, KeyName, SignatureType, Verifier, VkeyError};

/// What was read so far.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) logs: Vec<PolicyLog>,
    pub(super) foreign_logs: Vec<ForeignKey>,
    pub(super) definitions: Vec<Definition>,
    pub(super) quorum: Option<Quorum>,
}

impl Reader {
    pub(super) fn read_line(&mut self, line: &str) -> Result<(), PolicyFault> {
        let line = line.strip_suffix('\n').ok_or(PolicyFault::Unfinished)?;
        if line.chars().any(|c| c.is_ascii_control() && c != '\t') {
            return Err(PolicyFault::Characters);
        }
        let words: Vec<&str> = line
            .split([' ', '\t'])
            .filter(|word| !word.is_empty())
            .collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", vkey] => self.read_log(vkey, None),
            ["log", vkey, url] => self.read_log(vkey, Some(url)),
            ["witness", name, vkey] => self.read_witness(name, vkey, None),
            ["witness", name, vkey, url] => self.read_witness(name, vkey, Some(url)),
            ["group", name, threshold, members @ ..] if !members.is_empty() => {
                self.read_group(name, threshold, members)
            }
            ["quorum", name] => self.read_quorum(name),
            _ => Err(PolicyFault::Line),
        }
    }

    fn read_log(&mut self, vkey: &str, url: Option<&str>) -> Result<(), PolicyFault> {
        check_room(self.logs.len() + self.foreign_logs.len(), MAX_POLICY_LOGS)?;
        match self.read_key(vkey, SignatureType::Ed25519)? {
            Key::Own(verifier) => self.logs.push(PolicyLog {
                verifier: *verifier,
                url: url.map(str::to_owned),
            }),
            Key::Foreign(key) => self.foreign_logs.push(*key),
        }
        Ok(())
    }

    fn read_witness(
        &mut self,
        name: &str,
        vkey: &str,
        url: Option<&str>,
    ) -> Result<(), PolicyFault> {
        check_room(
            self.count(|rule| !matches!(rule, Rule::Group { .. })),
            MAX_POLICY_WITNESSES,
        )?;
        let rule = match self.read_key(vkey, SignatureType::CosignatureV1)? {
            Key::Own(verifier) => Rule::Witness {
                verifier,
                url: url.map(str::to_owned),
            },
            Key::Foreign(key) => Rule::Foreign { key },
        };
        self.define(name, rule)
    }

    fn read_group(
        &mut self,
        name: &str,
        threshold: &str,
        names: &[&str],
    ) -> Result<(), PolicyFault> {
        check_room(
            self.count(|rule| matches!(rule, Rule::Group { .. })),
            MAX_POLICY_GROUPS,
        )?;
        let mut members = Vec::new();
        for name in names {
            let member = self.find(name)?;
            if members.contains(&member) || self.is_member(member) {
                return Err(PolicyFault::MemberTwice((*name).to_owned()));
            }
            members.push(member);
        }
        let threshold = parse_threshold(threshold, members.len())
            .ok_or_else(|| PolicyFault::Threshold(threshold.to_owned()))?;
        self.define(name, Rule::Group { threshold, members })
    }

    fn read_quorum(&mut self, name: &str) -> Result<(), PolicyFault> {
        if self.quorum.is_some() {
            return Err(PolicyFault::SecondQuorum);
        }
        let quorum = if name == "none" {
            Quorum::None
        } else {
            Quorum::Of(self.find(name)?)
        };
        self.quorum = Some(quorum);
        Ok(())
    }

    fn read_key(&self, vkey: &str, kind: SignatureType) -> Result<Key, PolicyFault> {
        let key = match vkey.parse::<Verifier>() {
            Ok(verifier) if verifier.kind() != kind => return Err(PolicyFault::KeyType),
            Ok(verifier) => Key::Own(Box::new(verifier)),
            // Only its own parser knows whether it is a good one.
            Err(VkeyError::UnsupportedType(_)) => Key::Foreign(Box::new(vkey.parse()?)),
            Err(fault) => return Err(fault.into()),
        };
        if self.marks().any(|known| known.is_same(&key.mark())) {
            Err(PolicyFault::DuplicateKey)
        } else {
            Ok(key)
        }
    }

    /// What tells the keys that were read so far.
    fn marks(&self) -> impl Iterator<Item = Mark<'_>> {
        let logs = self.logs.iter().map(|log| Mark::of(&log.verifier));
        let foreign_logs = self.foreign_logs.iter().map(Mark::of_foreign);
        let witnesses = self
            .definitions
            .iter()
            .filter_map(|definition| match &definition.rule {
                Rule::Witness { verifier, .. } => Some(Mark::of(verifier)),
                Rule::Foreign { key } => Some(Mark::of_foreign(key)),
                Rule::Group { .. } => None,
            });
        logs.chain(foreign_logs).chain(witnesses)
    }

    fn define(&mut self, name: &str, rule: Rule) -> Result<(), PolicyFault> {
        if name == "none" || self.find(name).is_ok() {
            return Err(PolicyFault::NameTaken(name.to_owned()));
        }
        self.definitions.push(Definition {
            name: name.to_owned(),
            rule,
        });
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, PolicyFault> {
        let place = self
            .definitions
            .iter()
            .position(|definition| definition.name == name);
        place.ok_or_else(|| PolicyFault::UnknownName(name.to_owned()))
    }

    fn is_member(&self, place: usize) -> bool {
        let holds = |rule: &Rule| match rule {
            Rule::Group { members, .. } => members.contains(&place),
            Rule::Witness { .. } | Rule::Foreign { .. } => false,
        };
        self.count(holds) > 0
    }

    fn count(&self, holds: impl Fn(&Rule) -> bool) -> usize {
        self.definitions
            .iter()
            .filter(|definition| holds(&definition.rule))
            .count()
    }
}

/// A key as a policy may have it.
enum Key {
    Own(Box<Verifier>),
    Foreign(Box<ForeignKey>),
}

impl Key {
    fn mark(&self) -> Mark<'_> {
        match self {
            Key::Own(verifier) => Mark::of(verifier),
            Key::Foreign(key) => Mark::of_foreign(key),
        }
    }
}

/// What no two keys of a policy may share: the public key, or name and ID.
struct Mark<'k> {
    key: &'k [u8],
    name: &'k KeyName,
    id: KeyId,
}

impl<'k> Mark<'k> {
    fn of(verifier: &'k Verifier) -> Mark<'k> {
        Mark {
            key: verifier.key().as_bytes(),
            name: verifier.name(),
            id: verifier.id(),
        }
    }

    fn of_foreign(key: &'k ForeignKey) -> Mark<'k> {
        Mark {
            key: key.key(),
            name: key.name(),
            id: key.id(),
        }
    }

    fn is_same(&self, other: &Mark<'_>) -> bool {
        self.key == other.key || (self.name == other.name && self.id == other.id)
    }
}

fn check_room(have: usize, limit: usize) -> Result<(), PolicyFault> {
    if have < limit {
        Ok(())
    } else {
        Err(PolicyFault::TooMany(limit))
    }
}

fn parse_threshold(text: &str, members: usize) -> Option<usize> {
    let threshold = match text {
        "any" => 1,
        "all" => members,
        number => usize::try_from(parse_decimal(number)?).ok()?,
    };
    (1..=members).contains(&threshold).then_some(threshold)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::cosignature::Cosigner;
    use crate::note::NoteSigner;
    use crate::policy::{MAX_POLICY_BYTES, Policy, PolicyError};
    use crate::vkey::tests::ml_dsa_vkey;
    use ed25519_dalek::SigningKey;

    fn log_vkey(seed: u8) -> String {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        NoteSigner::new(KeyName::new("log.example").unwrap(), &secret)
            .verifier()
            .to_string()
    }

    fn witness_vkey(seed: u8) -> String {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let name = KeyName::new(&format!("w.example/{seed}")).unwrap();
        Cosigner::new(name, &secret).verifier().to_string()
    }

    fn lines(lines: &[&str]) -> String {
        let filled: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let filled = filled
            .replace("LOG1", &log_vkey(1))
            .replace("LOG2", &log_vkey(2));
        (10..14).fold(filled, |text, n| {
            text.replace(&format!("KEY{n}"), &witness_vkey(n))
        })
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let text = lines(&[
            "# a comment, and an empty line",
            "",
            "\t log  LOG1\thttps://log.example/ ",
            "witness X1 KEY10",
            "witness X2 KEY11 https://x2.example/",
            "witness Đồng-Tháp KEY12",
            "  # indented",
            "group X 2 X1 X2",
            "group Y any Đồng-Tháp",
            "group both all X Y",
            "quorum both",
            "witness spare KEY13",
        ]);
        let policy = Policy::parse(&text).unwrap();
        assert_eq!(policy.text(), text);
        assert_eq!(policy.logs()[0].url(), Some("https://log.example/"));
        let names: Vec<_> = policy.witnesses().map(|(name, _)| name).collect();
        assert_eq!(names, ["X1", "X2", "Đồng-Tháp", "spare"]);
        assert_eq!(policy.group("X"), Some((2, vec!["X1", "X2"])));
        assert_eq!(policy.group("Y"), Some((1, vec!["Đồng-Tháp"])));
        assert_eq!(policy.group("both"), Some((2, vec!["X", "Y"])));
        assert_eq!(policy.group("X1"), None);
        assert_eq!(policy.group("nobody"), None);
        assert_eq!(
            Some(policy.quorum()),
            policy.position("both").map(Quorum::Of)
        );
        assert_eq!(
            Policy::parse("quorum none\n").unwrap().quorum(),
            Quorum::None
        );
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        use PolicyFault::*;
        let name = str::to_owned;
        let w = "witness a KEY10";
        for (text, line, fault) in [
            (lines(&[]), 1, NoQuorum),
            (lines(&["", "# nothing"]), 2, NoQuorum),
            ("quorum none".to_owned(), 1, Unfinished),
            (lines(&["quorum none\r"]), 1, Characters),
            (lines(&["quorum\u{b}none"]), 1, Characters),
            (lines(&["quorum\u{7f}none"]), 1, Characters),
            (lines(&["quorum none", "quorum none"]), 2, SecondQuorum),
            (lines(&["quorum none # why"]), 1, Line),
            (lines(&["quorum"]), 1, Line),
            (lines(&["Quorum none"]), 1, Line),
            (lines(&["quorum\u{a0}none"]), 1, Line),
            (lines(&["quorum a", w]), 1, UnknownName(name("a"))),
            (lines(&["log"]), 1, Line),
            (lines(&["log LOG1 url more"]), 1, Line),
            (lines(&["log KEY10"]), 1, KeyType),
            (
                lines(&["log x+00000000+AQ=="]),
                1,
                VkeyError::Key(crate::key::KeyError::Length(0)).into(),
            ),
            (lines(&["log LOG1", "log LOG1"]), 2, DuplicateKey),
            (lines(&["witness a LOG1"]), 1, KeyType),
            (lines(&["witness KEY10"]), 1, Line),
            (lines(&[w, "witness b KEY10"]), 2, DuplicateKey),
            (lines(&[w, "witness a KEY11"]), 2, NameTaken(name("a"))),
            (lines(&["witness none KEY10"]), 1, NameTaken(name("none"))),
            (lines(&[w, "group a any a"]), 2, NameTaken(name("a"))),
            (lines(&[w, "group g any"]), 2, Line),
            (lines(&[w, "group g any g"]), 2, UnknownName(name("g"))),
            (lines(&[w, "group g any b"]), 2, UnknownName(name("b"))),
            (
                lines(&[w, "group g any none"]),
                2,
                UnknownName(name("none")),
            ),
            (lines(&[w, "group g any a a"]), 2, MemberTwice(name("a"))),
            (
                lines(&[w, "group g any a", "group h any a"]),
                3,
                MemberTwice(name("a")),
            ),
            (lines(&[w, "group g 0 a"]), 2, Threshold(name("0"))),
            (lines(&[w, "group g 2 a"]), 2, Threshold(name("2"))),
            (lines(&[w, "group g 01 a"]), 2, Threshold(name("01"))),
            (lines(&[w, "group g +1 a"]), 2, Threshold(name("+1"))),
            (lines(&[w, "group g most a"]), 2, Threshold(name("most"))),
        ] {
            assert_eq!(
                Policy::parse(&text),
                Err(PolicyError { line, fault }),
                "{text:?}"
            );
        }
    }

    #[test]
    fn ml_dsa_keys_of_others_are_tolerated_and_held_to_their_form() {
        let (log, witness) = (ml_dsa_vkey("log.example"), ml_dsa_vkey("w.example/mldsa"));
        let text = lines(&[
            "log LOG1",
            &format!("log {log}"),
            "witness a KEY10",
            "quorum a",
        ]);
        let policy = Policy::parse(&text).unwrap();
        assert_eq!((policy.logs().len(), policy.foreign_logs().len()), (1, 1));
        let text = lines(&[
            "witness a KEY10",
            &format!("witness pq {witness}"),
            "group g any a pq",
            "quorum g",
        ]);
        let policy = Policy::parse(&text).unwrap();
        assert_eq!(
            policy.witnesses().count(),
            1,
            "only those that can be checked"
        );
        assert_eq!(policy.group("g"), Some((1, vec!["a", "pq"])));

        let fault = |text: &str| Policy::parse(text).unwrap_err().fault;
        let twice = format!("witness a {witness}\nwitness b {witness}\n");
        assert_eq!(fault(&twice), PolicyFault::DuplicateKey);
        let both = format!("log {log}\nwitness b {witness}\n");
        assert_eq!(fault(&both), PolicyFault::DuplicateKey);
        let other_id = witness.replacen(witness.split('+').nth(1).unwrap(), "00000000", 1);
        assert_eq!(
            fault(&format!("witness a {other_id}\n")),
            VkeyError::OtherId.into()
        );
        let ecdsa = "witness a w.example+00000000+AgAA\n";
        assert_eq!(fault(ecdsa), VkeyError::UnsupportedType(2).into());
    }

    #[test]
    fn names_are_bytes_and_nothing_is_normalised() {
        let text = lines(&[
            "witness K KEY10",
            "witness \u{212a} KEY11",
            "witness k KEY12",
            "group g all K \u{212a} k",
            "quorum g",
        ]);
        let policy = Policy::parse(&text).unwrap();
        assert_eq!(policy.group("g"), Some((3, vec!["K", "\u{212a}", "k"])));
    }

    #[test]
    fn one_key_has_one_role() {
        let secret = SigningKey::from_bytes(&[10; 32]);
        let log = NoteSigner::new(KeyName::new("log.example").unwrap(), &secret).verifier();
        let text = lines(&[&format!("log {log}"), "witness a KEY10", "quorum a"]);
        let error = PolicyError {
            line: 2,
            fault: PolicyFault::DuplicateKey,
        };
        assert_eq!(Policy::parse(&text), Err(error));
    }

    #[test]
    fn the_limits_hold_at_the_limit_and_one_past_it() {
        let many = |count: usize| -> String {
            let witness = |n| format!("witness w{n} {}\n", witness_vkey(n as u8 + 1));
            (0..count)
                .map(witness)
                .chain(["quorum none\n".to_owned()])
                .collect()
        };
        assert!(Policy::parse(&many(MAX_POLICY_WITNESSES)).is_ok());
        let past = Policy::parse(&many(MAX_POLICY_WITNESSES + 1)).unwrap_err();
        assert_eq!(past.fault, PolicyFault::TooMany(MAX_POLICY_WITNESSES));

        let groups = |count: usize| -> String {
            let group = |n| match n {
                0 => lines(&["witness g0 KEY10"]),
                _ => format!("group g{n} all g{}\n", n - 1),
            };
            (0..=count)
                .map(group)
                .chain(["quorum none\n".to_owned()])
                .collect()
        };
        assert!(Policy::parse(&groups(MAX_POLICY_GROUPS)).is_ok());
        assert!(Policy::parse(&groups(MAX_POLICY_GROUPS + 1)).is_err());

        let logs = |count: usize| -> String {
            let log = |n| format!("log {}\n", log_vkey(n as u8 + 1));
            (0..count)
                .map(log)
                .chain(["quorum none\n".to_owned()])
                .collect()
        };
        assert!(Policy::parse(&logs(MAX_POLICY_LOGS)).is_ok());
        assert!(Policy::parse(&logs(MAX_POLICY_LOGS + 1)).is_err());

        let padded = |size: usize| format!("{}quorum none\n", "\n".repeat(size - 12));
        assert!(Policy::parse(&padded(MAX_POLICY_BYTES)).is_ok());
        assert!(Policy::parse(&padded(MAX_POLICY_BYTES + 1)).is_err());
    }
}
