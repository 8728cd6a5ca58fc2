//! What the network tells the operator, Vietnamese first.

use std::time::Duration;

use ledger_core::ids::{Hash, LedgerId};
use ledger_core::sync::PeerKey;
use ledger_core::sync::follower::{Fault, Notice};
use libp2p::swarm::DialError;
use libp2p::{Multiaddr, PeerId};

use super::address::peer_id_of;
use crate::ledger::LedgerError;

/// A peer as its operator knows it: the id at the end of its address.
fn name(peer: &PeerKey) -> String {
    peer_id_of(peer).unwrap_or_else(|_| peer.to_string())
}

/// The 1st, 2nd, 4th, 8th … attempt is worth a line.
fn is_worth_a_line(attempt: u32) -> bool {
    attempt.is_power_of_two()
}

pub(super) fn other_ledger(peer: &PeerKey, ours: LedgerId, theirs: LedgerId) {
    tracing::error!(
        peer = %name(peer), %ours, %theirs,
        "hai nút giữ hai sổ khác nhau nên từ chối nhau: sổ của nút này là {ours}, sổ của nút kia là {theirs}. \
         Kiểm tra tệp khởi tạo sổ và địa chỉ nút trong cấu hình \
         (the two nodes keep different ledgers and refuse each other)"
    );
}

pub(super) fn stranger(peer: &PeerId, address: &Multiaddr) {
    tracing::warn!(
        %peer, %address,
        "đã ngắt một nút lạ hoặc đang bị tạm chặn: chỉ nối với nút đã ghi danh trong sổ hoặc có trong cấu hình \
         (refused a peer that is neither enrolled nor configured, or is kept out for now)"
    );
}

pub(super) fn gone(peer: &PeerId, had_greeted: bool, attempts: u32) {
    if had_greeted {
        tracing::info!(%peer, "mất kết nối, sẽ nối lại (connection lost, dialling again)");
    } else if is_worth_a_line(attempts) {
        tracing::warn!(
            %peer, attempts,
            "nút kia đóng kết nối trước khi chào: có thể nút này chưa được ghi danh ở đó, hoặc hai sổ khác nhau \
             (closed before greeting: this node may not be enrolled there)"
        );
    }
}

pub(super) fn dial_failed(peer: &PeerId, error: &DialError, attempts: u32) {
    if is_worth_a_line(attempts) {
        tracing::warn!(%peer, attempts, %error, "chưa nối được, sẽ thử lại (cannot connect yet, trying again)");
    }
}

pub(super) fn thrown_out(peer: &PeerKey, why: &str, pause: Duration) {
    tracing::warn!(
        peer = %name(peer), why, seconds = pause.as_secs(),
        "nút kia gửi dữ liệu sai hoặc quá nhiều, đã ngắt và tạm chặn (sent garbage or too much: disconnected and kept out)"
    );
}

pub(super) fn not_applied(error: &LedgerError, fault: Fault) {
    match fault {
        Fault::Peer => tracing::error!(
            %error,
            "đoạn sổ nhận về không khớp với sổ của nút này, đã bỏ (the received log does not continue ours: dropped)"
        ),
        Fault::Own => tracing::error!(
            %error,
            "không ghi được đoạn sổ nhận về, sẽ thử lại (cannot store the received log, trying again)"
        ),
    }
}

pub(super) fn notice(notice: &Notice) {
    match notice {
        Notice::EventRefused(id, code) => tracing::warn!(
            event = %id, code,
            "nút của Sở chưa nhận sự kiện này; sự kiện vẫn được giữ và sẽ gửi lại (the sequencer refused an own event; kept)"
        ),
        Notice::CosignatureNotTaken(size) => tracing::warn!(
            %size,
            "nút của Sở không nhận chữ ký xác nhận của nút này (the sequencer did not take our cosignature)"
        ),
        Notice::PeerIsAhead(peer, size) => tracing::error!(
            peer = %name(peer), %size,
            "nút kia có sổ dài hơn nút của Sở: dữ liệu ở đây có thể là bản sao lưu cũ, đừng ký tiếp \
             (a peer has more of the log than the sequencer: this may be an old backup)"
        ),
    }
}

pub(super) fn kept(hash: &Hash, kept: &Result<bool, LedgerError>) {
    match kept {
        Ok(true) => tracing::debug!(%hash, "đã nhận tệp (blob kept)"),
        Ok(false) => {
            tracing::debug!(%hash, "không sự kiện nào nhắc tới tệp này nữa (no event names the blob)")
        }
        Err(error) => tracing::warn!(%hash, %error, "không lưu được tệp nhận về (blob not kept)"),
    }
}
