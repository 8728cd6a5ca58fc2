//! The column `facts_vi`: `key=value;key=value`, from which the plain fields of an event are taken one by one.

use ledger_core::body::Facts;

use super::csv::Cell;

/// Facts in the order of the file; what no field takes stays for `facts` or `sealed`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FactList(Vec<(String, String)>);

impl Cell for FactList {
    fn read(text: &str) -> Result<FactList, String> {
        let mut facts = FactList::default();
        for part in text.split(';') {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| format!("\"{part}\" is not key=value"))?;
            if name.is_empty() || value.is_empty() || facts.get(name).is_some() {
                return Err(format!("\"{part}\" is empty or said twice"));
            }
            facts.put(name, value);
        }
        Ok(facts)
    }
}

impl FactList {
    /// The value of a fact.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let fact = self.0.iter().find(|(known, _)| known == name);
        fact.map(|(_, value)| value.as_str())
    }

    /// Takes a fact out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(place).1)
    }

    /// Takes the first of several facts that is there.
    pub(super) fn take_any(&mut self, names: &[&str]) -> Option<(String, String)> {
        let (name, _) = self
            .0
            .iter()
            .find(|(known, _)| names.contains(&known.as_str()))?;
        let name = name.clone();
        self.take(&name).map(|value| (name, value))
    }

    /// Adds a fact.
    pub(super) fn put(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// What is left, as it stands in an event; nothing when nothing is left.
    pub(super) fn into_facts(self) -> Option<Facts> {
        let facts = Facts(self.0.into_iter().collect());
        (!facts.0.is_empty()).then_some(facts)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn facts_are_taken_once_and_the_rest_stays() {
        let mut facts = FactList::read("mã mẫu=M-1;kết quả=đạt, dưới mức").unwrap();
        assert_eq!(facts.take("kết quả").as_deref(), Some("đạt, dưới mức"));
        assert_eq!(facts.take("kết quả"), None);
        let rest = facts.into_facts().map(|facts| facts.0.len());
        assert_eq!(rest, Some(1));
        for text in ["", "a", "=b", "a=", "a=b;", "a=b;a=c"] {
            assert!(FactList::read(text).is_err(), "{text}");
        }
    }
}
