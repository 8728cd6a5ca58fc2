//! Peers and addresses as configuration files spell them.
//!
//! Scope: `/ip4/…/tcp/…/p2p/<peer id>`, the peer id of a key and back, and names looked up when dialled.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ledger_core::sync::PeerKey;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId, identity};

use super::NetError;

/// Bytes of a protobuf-encoded Ed25519 key before the key itself; a peer id of such a key holds it whole.
const IDENTITY_MULTIHASH: u64 = 0;
/// Most addresses that a name may stand for: the rest is ignored.
const RESOLVED_MAX: usize = 8;

/// The peer id of a node's public key, as it stands at the end of an address.
///
/// # Errors
/// [`NetError::Key`] when the bytes are no Ed25519 public key.
pub fn peer_id_of(key: &PeerKey) -> Result<String, NetError> {
    Ok(to_peer_id(key)?.to_string())
}

/// The public key in a peer id.
///
/// # Errors
/// [`NetError::PeerId`] when the text is no peer id of an Ed25519 key.
pub fn public_key_of_peer(peer_id: &str) -> Result<PeerKey, NetError> {
    let parsed: Option<PeerId> = peer_id.parse().ok();
    parsed
        .and_then(|id| to_peer_key(&id))
        .ok_or_else(|| NetError::PeerId(peer_id.to_owned()))
}

/// The public key of the node whose secret seed this is.
///
/// # Errors
/// [`NetError::Key`] never in practice: any 32 bytes are a seed.
pub fn public_key_of_seed(seed: &[u8; 32]) -> Result<PeerKey, NetError> {
    let key = keypair(seed)?.public().try_into_ed25519();
    key.map(|key| PeerKey(key.to_bytes()))
        .map_err(|_| NetError::Key)
}

pub(super) fn keypair(seed: &[u8; 32]) -> Result<identity::Keypair, NetError> {
    // libp2p wipes the copy that it is given.
    identity::Keypair::ed25519_from_bytes(*seed).map_err(|_| NetError::Key)
}

pub(super) fn to_peer_id(key: &PeerKey) -> Result<PeerId, NetError> {
    let key = identity::ed25519::PublicKey::try_from_bytes(&key.0).map_err(|_| NetError::Key)?;
    Ok(identity::PublicKey::from(key).to_peer_id())
}

pub(super) fn to_peer_key(id: &PeerId) -> Option<PeerKey> {
    let multihash = id.as_ref();
    if multihash.code() != IDENTITY_MULTIHASH {
        return None;
    }
    let key = identity::PublicKey::try_decode_protobuf(multihash.digest()).ok()?;
    let key = key.try_into_ed25519().ok()?;
    Some(PeerKey(key.to_bytes()))
}

/// Reads the addresses to listen on.
pub(super) fn parse_listen(texts: &[String]) -> Result<Vec<Multiaddr>, NetError> {
    let parse = |text: &String| text.parse().map_err(|_| NetError::Address(text.clone()));
    texts.iter().map(parse).collect()
}

/// Reads the addresses of peers, which must name the peer, and groups them by it.
pub(super) fn parse_peers(texts: &[String]) -> Result<BTreeMap<PeerKey, Vec<Multiaddr>>, NetError> {
    let mut peers: BTreeMap<PeerKey, Vec<Multiaddr>> = BTreeMap::new();
    for text in texts {
        let wrong = || NetError::Address(text.clone());
        let mut address: Multiaddr = text.parse().map_err(|_| wrong())?;
        let Some(Protocol::P2p(id)) = address.pop() else {
            return Err(wrong());
        };
        let key = to_peer_key(&id).ok_or_else(wrong)?;
        peers.entry(key).or_default().push(address);
    }
    Ok(peers)
}

/// Replaces names by the addresses they stand for now: libp2p's own resolver is a large dependency, and the
/// system's knows the local network's names too.
pub(super) async fn resolve(addresses: Vec<Multiaddr>) -> Vec<Multiaddr> {
    let mut resolved = Vec::new();
    for address in addresses {
        let name = address.iter().next().and_then(|first| name_of(&first));
        match name {
            None => resolved.push(address),
            Some(name) => {
                let found = tokio::net::lookup_host((name.as_str(), 0)).await;
                let ips = found.into_iter().flatten().map(|socket| socket.ip());
                let with_ip = ips.filter_map(|ip| replace_host(&address, ip));
                resolved.extend(with_ip.take(RESOLVED_MAX));
            }
        }
    }
    resolved
}

fn name_of(first: &Protocol<'_>) -> Option<String> {
    match first {
        Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => Some(name.to_string()),
        _ => None,
    }
}

fn replace_host(address: &Multiaddr, ip: IpAddr) -> Option<Multiaddr> {
    let fits = match address.iter().next()? {
        Protocol::Dns4(_) => ip.is_ipv4(),
        Protocol::Dns6(_) => ip.is_ipv6(),
        _ => true,
    };
    fits.then(|| address.replace(0, |_| Some(Protocol::from(ip))))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_peer_id_are_the_same_thing() {
        let key = public_key_of_seed(&[7; 32]).expect("a seed");
        let id = peer_id_of(&key).expect("a key");
        assert!(id.starts_with("12D3KooW"), "{id}");
        assert_eq!(public_key_of_peer(&id).expect("a peer id"), key);
        let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        assert_eq!(secret.verifying_key().to_bytes(), key.0);
    }

    #[test]
    fn what_is_no_peer_id_of_an_ed25519_key_is_refused() {
        for text in [
            "",
            "12D3KooW",
            "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
        ] {
            assert!(public_key_of_peer(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_of_one_peer_are_grouped_and_must_name_it() {
        let id = |seed| peer_id_of(&public_key_of_seed(&[seed; 32]).expect("seed")).expect("key");
        let text = |seed, port| format!("/ip4/127.0.0.1/tcp/{port}/p2p/{}", id(seed));
        let peers = parse_peers(&[text(1, 1), text(2, 2), text(1, 3)]).expect("addresses");
        assert_eq!(peers.len(), 2);
        assert_eq!(peers.values().map(Vec::len).sum::<usize>(), 3);
        for wrong in ["/ip4/127.0.0.1/tcp/1", "127.0.0.1:1", ""] {
            assert!(parse_peers(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn names_are_looked_up() {
        let address: Multiaddr = "/dns4/localhost/tcp/4001".parse().expect("an address");
        let resolved = resolve(vec![address]).await;
        assert_eq!(
            resolved,
            ["/ip4/127.0.0.1/tcp/4001".parse().expect("an address")]
        );
    }
}
