//! The answer of `node verify`, for people and for programs (`docs/api.md`).

use std::fmt::Write;

use ledger_core::anchor::Anchor;
use ledger_core::time::Timestamp;
use ledger_core::verify::words::{Stated, Words, detail};
use ledger_core::verify::{Finding, Proof};
use serde_json::{Map, Value as Json, json};

use super::super::Exit;

/// One statement, ready to be said.
struct Line {
    name: &'static str,
    words: Words,
    proof: Proof,
    detail: &'static str,
    by: Vec<String>,
    as_of: Option<u64>,
    /// Whether the exit code hangs on it.
    is_needed: bool,
}

/// Everything that is said about one file.
pub(super) struct Report {
    kind: &'static str,
    lines: Vec<Line>,
    /// What a program reads besides; in the order of the specification.
    facts: Map<String, Json>,
    /// What people read besides: Vietnamese first.
    said: Vec<String>,
}

impl Report {
    pub(super) fn new(kind: &'static str) -> Report {
        Report {
            kind,
            lines: Vec::new(),
            facts: Map::new(),
            said: Vec::new(),
        }
    }

    /// The statements; those that `is_needed` does not name do not count for the exit code.
    pub(super) fn state<S: Stated>(
        &mut self,
        findings: &[Finding<S>],
        is_needed: impl Fn(S) -> bool,
    ) {
        self.lines.extend(findings.iter().map(|finding| Line {
            name: finding.statement.name(),
            words: finding.statement.words(),
            proof: finding.proof,
            detail: finding.detail,
            by: finding.by.clone(),
            as_of: finding.as_of,
            is_needed: is_needed(finding.statement),
        }));
    }

    /// A fact for programs.
    pub(super) fn fact(&mut self, name: &str, value: Json) {
        self.facts.insert(name.to_owned(), value);
    }

    /// A sentence for people.
    pub(super) fn say(&mut self, sentence: impl Into<String>) {
        self.said.push(sentence.into());
    }

    /// The worst of what is needed.
    fn verdict(&self) -> Proof {
        let needed = self.lines.iter().filter(|line| line.is_needed);
        needed.map(|line| line.proof).max().unwrap_or(Proof::Proven)
    }

    pub(super) fn exit(&self) -> Exit {
        match self.verdict() {
            Proof::Proven => Exit::Done,
            Proof::NotProven => Exit::Refused,
            Proof::Contradicted => Exit::Contradicted,
        }
    }

    pub(super) fn to_json(&self, anchor: &Anchor) -> Json {
        let statement = |line: &Line| {
            json!({
                "name": line.name,
                "state": line.proof.word(),
                "detail": line.detail,
                "by": line.by,
                "as_of": line.as_of.map(time),
                "vi": line.words.vi,
                "en": line.words.en,
            })
        };
        let mut answer = json!({
            "kind": self.kind,
            "verdict": self.verdict().word(),
            "anchor": anchor.hash().to_string(),
            "ledger": anchor.ledger().to_string(),
            "statements": self.lines.iter().map(statement).collect::<Vec<_>>(),
        });
        for (name, value) in &self.facts {
            answer[name] = value.clone();
        }
        answer
    }

    pub(super) fn to_text(&self, anchor: &Anchor) -> String {
        let mut text = format!("Mốc tin cậy (SHA-256 of the anchor): {}\n", anchor.hash());
        for line in &self.lines {
            let mark = match line.proof {
                Proof::Proven => "đã chứng minh  ",
                Proof::NotProven => "CHƯA chứng minh",
                Proof::Contradicted => "BỊ MÂU THUẪN   ",
            };
            let (words, name) = (line.words, line.name);
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{mark}  {} ({name}: {})", words.vi, words.en);
            if let Some(why) = detail(line.detail) {
                let _ = writeln!(text, "                 – {} ({})", why.vi, why.en);
            }
            if !line.by.is_empty() {
                let _ = writeln!(text, "                 · {}", line.by.join(" "));
            }
        }
        for sentence in &self.said {
            text.push_str(sentence);
            text.push('\n');
        }
        text
    }
}

/// A moment as people and programs read it.
pub(super) fn time(seconds: u64) -> String {
    Timestamp::vietnam(i64::try_from(seconds).unwrap_or(i64::MAX)).to_string()
}
