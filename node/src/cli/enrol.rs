//! What a member asks the authority to record about it: drafts that the authority reads, changes where it must,
//! and brings in with `node import --org`.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use ledger_core::body::{Body, Lives, Number, Rights, Role, Sealable};
use ledger_core::ids::{Hash, OrgId};
use ledger_core::kind::Kind;
use ledger_core::time::Timestamp;

use super::{CommandError, Exit};
use crate::draft::Proposal;
use crate::fault::{Faults, Step};
use crate::files::atomic_replace;
use crate::folder::Folder;
use crate::ledger::DraftRequest;
use crate::setup::{PublicKeys, public_keys};

/// The file in the member's folder.
const FILE: &str = "enrol.jsonl";

/// Writes the file once; a second call changes nothing, so that it can be brought in twice without harm.
pub(super) fn write(
    folder: &Folder,
    organisations: &[OrgId],
    name: &str,
    roles: &[String],
) -> Result<PathBuf, CommandError> {
    let path = folder.root().join(FILE);
    if !path.exists() {
        let roles = parse_roles(roles)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = Timestamp::vietnam(now.map_or(0, |since| since.as_secs()) as i64);
        let bodies = bodies(organisations, name, &roles, &public_keys(folder, None)?);
        let lines: Vec<String> = bodies.into_iter().map(|body| line(body, now)).collect();
        atomic_replace(
            &path,
            lines.concat().as_bytes(),
            Step::Setup,
            &Faults::none(),
        )?;
    }
    Ok(path)
}

fn parse_roles(words: &[String]) -> Result<Vec<Role>, CommandError> {
    let parse = |word: &String| {
        let unknown = || {
            let vi = format!(
                "Không có vai trò \"{word}\". Dùng: producer, processor, packer, carrier, retailer, laboratory, …"
            );
            CommandError::new(Exit::Usage, vi, format!("unknown role {word}"))
        };
        Role::from_word(word).ok_or_else(unknown)
    };
    let mut roles: Vec<Role> = words.iter().map(parse).collect::<Result<_, _>>()?;
    roles.sort_by_key(|role| role.word());
    roles.dedup();
    Ok(roles)
}

fn bodies(organisations: &[OrgId], name: &str, roles: &[Role], keys: &PublicKeys) -> Vec<Body> {
    let mut bodies = Vec::new();
    for org in organisations {
        let name = if name.is_empty() { org.as_str() } else { name };
        bodies.push(Body {
            id: Some(Number(org.to_string())),
            name: Some(Sealable::Text(name.to_owned())),
            roles: Some(roles.to_vec()),
            ..Body::new(Kind::Org)
        });
    }
    for (org, key) in &keys.devices {
        bodies.push(Body {
            org: Some(org.clone()),
            key: Some(Hash(key.to_bytes())),
            lives: Some(Lives::Own),
            // The first device of an organisation enrols its others, and consents to trust anchors.
            rights: Some(Rights::Administrator),
            ..Body::new(Kind::Device)
        });
    }
    // The machine itself speaks for the first of its organisations.
    if let (Some(peer), Some(org)) = (&keys.peer, organisations.first()) {
        bodies.push(Body {
            org: Some(org.clone()),
            key: Some(Hash(peer.to_bytes())),
            ..Body::new(Kind::Peer)
        });
    }
    bodies
}

fn line(body: Body, occurred: Timestamp) -> String {
    let request = DraftRequest {
        occurred,
        signed: None,
        body,
    };
    let proposal = Proposal {
        request,
        openings: Vec::new(),
        override_reason: None,
    };
    proposal.to_json().to_string() + "\n"
}
