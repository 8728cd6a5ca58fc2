//! `node prove`: files that others can check by themselves, made from this node's folder.
//!
//! In scope: what an operator types. Out of scope: reading the folder ([`stored`]), what goes into evidence
//! ([`accuse`]). The folder is only read, so the node may be running.

mod accuse;
mod ledger;
mod stored;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ledger_core::bundle;
use ledger_core::code::PrintedCode;
use ledger_core::ids::{EventId, Hash, OrgId};
use ledger_core::merkle::inclusion_proof;
use ledger_core::seen::Receipt;
use ledger_core::sign::Envelope;
use ledger_core::time::Timestamp;
use ledger_core::tlog_proof::TlogProof;

use super::verify::{read, unreadable};
use super::{CommandError, Exit};
use crate::fault::{Faults, Step};
use crate::files::atomic_replace;
use crate::folder::Folder;
use crate::keys::Keys;
use crate::ledger::read_trust;
use stored::{Stored, Upto};

/// A file with one envelope, receipt or note.
const SMALL_BYTES_MAX: u64 = 64 * 1024;

#[derive(Args)]
#[command(after_long_help = "\
Chỉ đọc thư mục dữ liệu; nút có thể đang chạy. (Only reads the folder; the node may be running.)
Ví dụ (examples):
  node prove bundle 't/23456789A' --out lo-hang.bundle        hồ sơ của một mã tem (the bundle of a code)
  node prove event 5f1c… --out viec.tlog-proof                một việc, theo bản chốt ngày sớm nhất có nó (first witnessed, to the day)
  node prove ledger --out so.ocop-ledger                      cả sổ (the whole ledger)
  node prove heads ban-1.txt ban-2.txt --out hai-ban.evidence hai bản chốt trái nhau (two heads)
  node prove fork viec-1.cose viec-2.cose --out fork.evidence hai việc cùng số thứ tự (two events at one place)
  node prove seen viec.cose --org ORG-01 --out thay.receipt   báo rằng đơn vị đã thấy một việc (a seen receipt)
  node prove withheld viec.cose a.receipt b.receipt --delay 86400 --out giu-lai.evidence
Người nhận kiểm bằng (check with): node verify TỆP --anchor anchor.txt")]
pub struct ProveArgs {
    #[command(subcommand)]
    what: What,
    /// Tệp kết quả (where to write)
    #[arg(long, short, global = true, value_name = "TỆP")]
    out: Option<PathBuf>,
}

#[derive(Subcommand)]
enum What {
    /// Hồ sơ của một mã tem (the bundle of a code)
    Bundle {
        /// Mã, ví dụ 01/08930000000012/10/LO-1 hoặc t/23456789A
        code: String,
    },
    /// Một việc nằm trong sổ, và chậm nhất từ khi nào (that an event stands in the log, and by when)
    Event {
        /// Mã việc: 64 chữ số hệ 16 (event id)
        id: String,
    },
    /// Cả sổ đến bản chốt đã xác nhận (the whole log up to the cosigned head)
    Ledger,
    /// Hai bản chốt trái nhau (two heads that contradict each other)
    Heads {
        /// Tệp bản chốt thứ nhất (a signed note)
        first: PathBuf,
        /// Tệp bản chốt thứ hai (another)
        second: PathBuf,
    },
    /// Hai việc của một máy ở cùng số thứ tự (two events at one place of a chain)
    Fork {
        /// Tệp việc thứ nhất (an envelope)
        first: PathBuf,
        /// Tệp việc thứ hai (another)
        second: PathBuf,
    },
    /// Báo rằng đơn vị đã thấy một việc (state that this organisation saw an event)
    Seen {
        /// Tệp việc (the envelope)
        envelope: PathBuf,
        /// Đơn vị ký (who states it)
        #[arg(long)]
        org: String,
    },
    /// Một việc nhiều đơn vị đã thấy mà không vào sổ (an event that was seen and never logged)
    Withheld {
        /// Tệp việc (the envelope)
        envelope: PathBuf,
        /// Các giấy báo đã thấy (seen receipts)
        #[arg(required = true)]
        receipts: Vec<PathBuf>,
        /// Bản chốt phải muộn hơn bao nhiêu giây (seconds by which the head is later)
        #[arg(long, default_value_t = 86_400)]
        delay: u64,
    },
}

pub fn prove(folder: &Folder, args: &ProveArgs) -> Result<Exit, CommandError> {
    let out = args
        .out
        .as_deref()
        .ok_or_else(|| CommandError::new(Exit::Usage, "Thiếu --out TỆP.", "--out is missing"))?;
    match &args.what {
        What::Bundle { code } => save(out, &bundle_of(folder, code)?),
        What::Event { id } => save(out, event(folder, &event_id(id)?)?.as_bytes()),
        What::Ledger => ledger::export(&Stored::open(folder, Upto::Cosigned)?, out),
        What::Heads { first, second } => {
            let notes = [first, second].map(|path| read(path, SMALL_BYTES_MAX));
            let [first, second] = notes;
            save(out, &accuse::heads(folder, &first?, &second?)?)
        }
        What::Fork { first, second } => {
            let (first, second) = (
                read(first, SMALL_BYTES_MAX)?,
                read(second, SMALL_BYTES_MAX)?,
            );
            save(out, &accuse::fork(folder, first, second)?)
        }
        What::Seen { envelope, org } => {
            save(out, &seen(folder, &read(envelope, SMALL_BYTES_MAX)?, org)?)
        }
        What::Withheld {
            envelope,
            receipts,
            delay,
        } => {
            let receipts = receipts.iter().map(|path| read(path, SMALL_BYTES_MAX));
            let receipts = receipts.collect::<Result<Vec<_>, _>>()?;
            let envelope = read(envelope, SMALL_BYTES_MAX)?;
            save(out, &accuse::withheld(folder, envelope, receipts, *delay)?)
        }
    }?;
    println!("Đã ghi (written): {}", out.display());
    Ok(Exit::Done)
}

fn save(out: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    Ok(atomic_replace(out, bytes, Step::Setup, &Faults::none())?)
}

/// What is asked for is not here.
fn missing(vi: &str, en: &str) -> CommandError {
    CommandError::new(Exit::Refused, vi, en)
}

fn event_id(text: &str) -> Result<EventId, CommandError> {
    let bytes = hex::decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    let hash = bytes.map(Hash).ok_or_else(|| {
        let vi = "Mã việc phải là 64 chữ số hệ 16.";
        CommandError::new(Exit::Usage, vi, "an event id has 64 hex digits")
    })?;
    Ok(EventId(hash))
}

fn bundle_of(folder: &Folder, code: &str) -> Result<Vec<u8>, CommandError> {
    let code = PrintedCode::from_canonical(code).map_err(|e| {
        let vi = "Mã phải như 01/08930000000012/10/LO-1 hoặc t/23456789A.";
        CommandError::new(Exit::Usage, vi, e.to_string())
    })?;
    let mut stored = Stored::open(folder, Upto::Cosigned)?;
    let (replica, source, note) = stored.parts();
    let bundle = bundle::build(replica, source, note, &code).map_err(stored::build_error)?;
    Ok(bundle.encode())
}

/// The proof against the earliest head at hand that covers the event: the first witnessed time, to the day.
fn event(folder: &Folder, id: &EventId) -> Result<String, CommandError> {
    let stored = Stored::open(folder, Upto::Cosigned)?;
    let index = stored.find(id)?;
    let note = stored.earliest_head_over(folder, index)?;
    let size = stored::checkpoint_of(&note)?.size();
    let path = inclusion_proof(stored.tree(), index, size)
        .map_err(|e| missing("Sổ ở đây không đủ.", &e.to_string()))?;
    let proof = TlogProof::new(Some(stored.entry(index)?), index, path, note);
    Ok(proof.map_err(unreadable)?.to_text())
}

fn seen(folder: &Folder, envelope: &[u8], org: &str) -> Result<Vec<u8>, CommandError> {
    let (_, anchor) = read_trust(folder)?;
    let event = Envelope::parse(envelope)
        .and_then(|envelope| envelope.verify(&anchor.ledger()))
        .map_err(unreadable)?;
    let usage = |vi: &str, en: &str| CommandError::new(Exit::Usage, vi, en);
    let org = OrgId::new(org).map_err(|e| usage("Mã đơn vị không đúng.", &e.to_string()))?;
    let keys = Keys::load(&folder.keys())
        .map_err(|e| CommandError::new(Exit::Failed, e.message_vi(), e.to_string()))?;
    let key = keys.device(&org).ok_or_else(|| {
        usage(
            "Thư mục này không có khóa của đơn vị đó.",
            "no key of this organisation is here",
        )
    })?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
    let receipt = Receipt::sign(
        event.id(),
        Timestamp::vietnam(now),
        key,
        &anchor.ledger(),
        &org,
    );
    Ok(receipt.bytes().to_vec())
}
