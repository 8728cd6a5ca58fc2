//! Keys, genesis, anchor and configuration of every node. Repeating it changes nothing but ports.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use ledger_core::anchor::MAX_AGE_DEFAULT_SECONDS;
use ledger_core::body::Lives;
use ledger_core::ids::{DeviceKey, OrgId};
use ledger_core::sync::PeerKey;
use ledger_core::time::Timestamp;
use ledger_core::vkey::KeyName;
use node::net::peer_id_of;
use node::setup::{NewLedger, NewMember, Witnessing, create_ledger, join, prepare_member};

use super::Fault;
use super::layout::Layout;
use crate::inprocess::{LEDGER_NAME, ORIGIN, QUORUM, validator_name};
use crate::sample::{BUSINESS_DATE, Sample, VALIDATORS};

/// The public keys that the department enrols.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys {
    /// Each organisation's device, wherever it lives; the API client's is added by the loader.
    pub devices: BTreeMap<OrgId, DeviceKey>,
    /// libp2p identities of the nodes.
    pub peers: BTreeMap<OrgId, [u8; 32]>,
    /// The trust anchor.
    pub anchor: String,
}

/// The organisations with a node of their own, the authority's not counted.
pub fn own_nodes(sample: &Sample) -> Vec<OrgId> {
    let own = sample
        .enrolments()
        .into_iter()
        .filter(|e| e.lives == Lives::Own && e.org != *sample.authority());
    own.map(|enrolment| enrolment.org).collect()
}

/// Makes or finds every folder.
///
/// # Errors
/// Whatever setting up a folder says.
pub fn prepare(layout: &Layout, sample: &Sample, public_url: &str) -> Result<PublicKeys, Fault> {
    let authority = sample.authority();
    let mut found = PublicKeys::default();
    let mut validators = Vec::new();
    for org in own_nodes(sample) {
        let validator = validator(&org)?;
        let member = NewMember {
            organisations: vec![org.clone()],
            validator: validator.clone(),
        };
        let keys = prepare_member(&layout.node(&org), &member).map_err(said)?;
        validators.extend(
            validator
                .zip(keys.validator.clone())
                .map(|(name, key)| (name.as_str().to_owned(), key)),
        );
        collect(&mut found, &org, keys);
    }
    let hosted = sample
        .enrolments()
        .into_iter()
        .filter(|e| e.lives == Lives::Hosted)
        .map(|e| e.org);
    let guests = NewMember {
        organisations: hosted.chain([authority.clone()]).collect(),
        validator: None,
    };
    let keys = prepare_member(&layout.node(authority), &guests).map_err(said)?;
    let peer_id = keys
        .peer
        .map(|key| peer_id_of(&PeerKey(key.to_bytes())))
        .transpose()?
        .unwrap_or_default();
    collect(&mut found, authority, keys);
    let dial = format!(
        "/ip4/127.0.0.1/tcp/{}/p2p/{peer_id}",
        layout.ports(authority).peer
    );
    for org in own_nodes(sample) {
        write_config(
            layout,
            &org,
            public_url,
            Some(&dial),
            validator(&org)?.as_ref(),
        )?;
    }
    write_config(layout, authority, public_url, None, None)?;
    let witnessing = Witnessing {
        validators,
        quorum: Some(QUORUM),
        max_age_seconds: MAX_AGE_DEFAULT_SECONDS,
    };
    let anchor =
        create_ledger(&layout.node(authority), &new_ledger(sample)?, &witnessing).map_err(said)?;
    let genesis = std::fs::read(layout.node(authority).genesis())?;
    for org in own_nodes(sample) {
        let validator = validator(&org)?;
        join(
            &layout.node(&org),
            org.as_str(),
            &genesis,
            anchor.text(),
            validator.as_ref(),
        )
        .map_err(said)?;
    }
    found.anchor = anchor.text().to_owned();
    Ok(found)
}

fn said(error: node::setup::SetupError) -> Fault {
    error.message_vi().into()
}

fn validator(org: &OrgId) -> Result<Option<KeyName>, Fault> {
    let validates = VALIDATORS.contains(&org.as_str());
    Ok(if validates {
        Some(validator_name(org.as_str())?)
    } else {
        None
    })
}

fn collect(found: &mut PublicKeys, org: &OrgId, keys: node::setup::PublicKeys) {
    found.devices.extend(
        keys.devices
            .into_iter()
            .map(|(org, key)| (org, DeviceKey(key.to_bytes()))),
    );
    found
        .peers
        .extend(keys.peer.map(|key| (org.clone(), key.to_bytes())));
}

fn new_ledger(sample: &Sample) -> Result<NewLedger, Fault> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(NewLedger {
        name: LEDGER_NAME.into(),
        origin: KeyName::new(ORIGIN)?,
        authority: sample.authority().clone(),
        authority_name: sample.authority_name().into(),
        created: Timestamp::vietnam(i64::try_from(now)?),
        sample: Some(BUSINESS_DATE),
    })
}

/// Written anew at every start: ports may be others than last time.
fn write_config(
    layout: &Layout,
    org: &OrgId,
    public_url: &str,
    dial: Option<&str>,
    validator: Option<&KeyName>,
) -> Result<(), Fault> {
    let ports = layout.ports(org);
    let role = if dial.is_none() {
        "sequencer"
    } else {
        "member"
    };
    let dial = dial.map_or_else(String::new, |address| format!("\"{address}\""));
    let validator = validator.map_or_else(String::new, |name| {
        format!("\n[validator]\nname = \"{name}\"\n")
    });
    let text = format!(
        "name = \"{org}\"\nrole = \"{role}\"\n\n[http]\nlisten = \"127.0.0.1:{}\"\n\n[console]\nlisten = \"127.0.0.1:{}\"\n\
         scan_url = \"{public_url}\"\n\n[peer]\nlisten = [\"/ip4/127.0.0.1/tcp/{}\"]\ndial = [{dial}]\n{validator}\n\
         [timing]\nbatch_ms = 100\n",
        ports.http, ports.console, ports.peer
    );
    Ok(std::fs::write(layout.node(org).config(), text)?)
}
