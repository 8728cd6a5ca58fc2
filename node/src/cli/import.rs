//! `node import`: files of drafts or signed events, through the same door as everything else.
//!
//! Nothing is imported twice: signed events have an identity, and a draft with the same organisation, time and
//! body as an event that this node has signed before is that event.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::encode::Value;
use ledger_core::ids::{EventId, OrgId};
use ledger_core::sign::{ENVELOPE_MAX_BYTES, Envelope, event_id};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::{CommandError, Exit};
use crate::config::Config;
use crate::draft::{Proposal, UniqueJson};
use crate::files::{FileError, survey};
use crate::folder::{Folder, LockError};
use crate::ledger::{DraftRequest, EventStatus, Ledger, LedgerError, OpenError, Submitted, spawn};

/// Lines that become durable together.
const CHUNK_LINES: usize = 1_000;
/// Longest line: a draft with all its openings.
const LINE_BYTES_MAX: u64 = 512 * 1024;
/// Refusals that are told one by one; a wrong file has thousands.
const TOLD_MAX: usize = 50;

#[derive(Args)]
#[command(after_long_help = "\
Nút phải đang dừng; muốn nạp vào nút đang chạy thì gửi qua API (docs/api.md). (Stop the node first.)

Ba loại tệp (three kinds of files):
  - mỗi dòng một việc chưa ký (a draft a line):
      {\"org\":\"ORG-01\",\"occurred\":\"2026-10-12T06:10:00+07:00\",\"body\":{\"kind\":\"harvest\",…}}
  - mỗi dòng một sự kiện đã ký (an envelope a line):  {\"envelope\":\"d284…\"}
  - tệp writer.seg hoặc pending.seg của nút khác (another node's segment file)

Ví dụ (examples):
  node import vu-mua.jsonl
  node import --org SO enrol.jsonl      (kết nạp một đơn vị; xem tệp trước khi nạp)
  node import /media/usb/writer.seg
Dừng giữa chừng thì chạy lại: việc đã có được trả lời \"Đã ghi rồi\". (Run it again after an interruption.)")]
pub struct ImportArgs {
    /// Tệp cần nạp (the file)
    file: PathBuf,
    /// Đơn vị ghi các việc không nêu "org" (who records drafts that name nobody)
    #[arg(long, value_name = "MÃ")]
    org: Option<String>,
}

/// One thing to bring in.
enum Item {
    Draft(OrgId, Box<Proposal>),
    Envelope(Vec<u8>),
}

/// What became of the lines so far.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    lines: usize,
    saved: usize,
    known: usize,
    refused: usize,
}

pub async fn import(folder: Folder, args: &ImportArgs) -> Result<Exit, CommandError> {
    let malformed = |e: ledger_core::ids::IdError| {
        CommandError::new(Exit::Usage, "--org phải như ORG-01.", e.to_string())
    };
    let org = args.org.as_deref().map(OrgId::new).transpose();
    let org = org.map_err(malformed)?;
    let config = Config::read(folder.clone())?;
    let (ledger, _) = spawn(folder.clone(), config.options())
        .await
        .map_err(|e| match e {
            OpenError::Lock(LockError::Held(_)) => CommandError::new(
                Exit::NoFolder,
                "Nút đang chạy. Dừng nút rồi nạp, hoặc gửi qua API của nút (docs/api.md).",
                "the node is running: stop it, or use its API",
            ),
            other => other.into(),
        })?;
    let imported = import_file(&ledger, &folder, &args.file, org).await;
    ledger.stop().await;
    let tally = imported?;
    println!(
        "Xong: {} dòng – {} mới lưu, {} đã ghi rồi, {} bị từ chối.",
        tally.lines, tally.saved, tally.known, tally.refused
    );
    println!(
        "({} lines: {} saved, {} known, {} refused)",
        tally.lines, tally.saved, tally.known, tally.refused
    );
    Ok(if tally.refused == 0 {
        Exit::Done
    } else {
        Exit::Refused
    })
}

async fn import_file(
    ledger: &Ledger,
    folder: &Folder,
    path: &Path,
    org: Option<OrgId>,
) -> Result<Tally, CommandError> {
    let mut import = Import {
        ledger,
        org,
        sample: is_sample(ledger).await?,
        signed: signed_before(folder)?,
        tally: Tally::default(),
    };
    let mut chunk: Vec<(usize, Item)> = Vec::new();
    if is_segment(path)? {
        let mut envelopes = Vec::new();
        let tail = survey(path, |_, bytes| envelopes.push(bytes.to_vec()))?;
        for (n, envelope) in (1..).zip(envelopes) {
            chunk.push((n, Item::Envelope(envelope)));
            import.if_full(&mut chunk).await?;
        }
        if let Some(tail) = tail {
            eprintln!(
                "Tệp kết thúc dở ở mục {} (byte {}): {}",
                tail.record, tail.offset, tail.what
            );
            import.tally.refused += 1;
        }
    } else {
        let error = |e| FileError::io("read", path, e);
        let mut reader = BufReader::new(File::open(path).map_err(error)?);
        for n in 1.. {
            let mut line = Vec::new();
            let read = reader
                .by_ref()
                .take(LINE_BYTES_MAX + 1)
                .read_until(b'\n', &mut line)
                .map_err(error)?;
            if read == 0 {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            match parse(&line, import.sample, import.org.as_ref()) {
                Ok(item) => chunk.push((n, item)),
                Err(why) => import.refuse(n, &why),
            }
            import.if_full(&mut chunk).await?;
        }
    }
    import.bring_in(chunk).await?;
    Ok(import.tally)
}

async fn is_sample(ledger: &Ledger) -> Result<bool, LedgerError> {
    ledger
        .handle()
        .try_read(|replica| replica.genesis().sample.is_some())
        .await
}

/// JSON begins with a brace; a record begins with a length below 2^24.
fn is_segment(path: &Path) -> Result<bool, FileError> {
    let mut first = [0];
    let read = File::open(path)
        .and_then(|mut file| file.read(&mut first))
        .map_err(|e| FileError::io("read", path, e))?;
    Ok(read == 1 && first[0] == 0)
}

/// What this node has signed, by what it says.
fn signed_before(folder: &Folder) -> Result<HashSet<[u8; 32]>, FileError> {
    let mut signed = HashSet::new();
    survey(&folder.writer(), |_, bytes| {
        if let Ok(envelope) = Envelope::parse(bytes) {
            let draft = &envelope.payload().draft;
            signed.insert(says(
                envelope.iss(),
                &draft.occurred.to_value(),
                &draft.body.to_value(),
            ));
        }
    })?;
    Ok(signed)
}

fn says(org: &OrgId, occurred: &Value, body: &Value) -> [u8; 32] {
    Sha256::digest(Value::Array(vec![Value::text(org), occurred.clone(), body.clone()]).encode())
        .into()
}

fn parse(line: &[u8], sample: bool, unnamed: Option<&OrgId>) -> Result<Item, String> {
    if line.len() as u64 > LINE_BYTES_MAX {
        return Err("dòng quá dài (the line is too long)".into());
    }
    let UniqueJson(json) =
        serde_json::from_slice(line).map_err(|e| format!("không phải JSON (not JSON): {e}"))?;
    let Json::Object(mut object) = json else {
        return Err("không phải một nhóm {…} (not an object)".into());
    };
    if let Some(envelope) = object.remove("envelope") {
        let bytes = envelope.as_str().and_then(|text| hex::decode(text).ok());
        let bytes = bytes.filter(|bytes| bytes.len() <= ENVELOPE_MAX_BYTES && object.is_empty());
        return bytes
            .map(Item::Envelope)
            .ok_or_else(|| "\"envelope\" phải là chữ số hệ 16 (must be hex, and alone)".into());
    }
    let named = object.remove("org");
    let org = match &named {
        Some(org) => org.as_str().and_then(|org| OrgId::new(org).ok()),
        None => unnamed.cloned(),
    };
    let org = org.ok_or("thiếu \"org\" đúng dạng, ví dụ \"ORG-01\" (no \"org\", and no --org)")?;
    let proposal = Proposal::from_json(&Json::Object(object), sample)
        .map_err(|e| format!("{}: {} ({e})", e.field, e.message_vi))?;
    Ok(Item::Draft(org, Box::new(proposal)))
}

struct Import<'l> {
    ledger: &'l Ledger,
    /// Who records drafts that name nobody.
    org: Option<OrgId>,
    sample: bool,
    signed: HashSet<[u8; 32]>,
    tally: Tally,
}

impl Import<'_> {
    fn refuse(&mut self, line: usize, why: &str) {
        (self.tally.lines, self.tally.refused) = (self.tally.lines + 1, self.tally.refused + 1);
        if self.tally.refused <= TOLD_MAX {
            eprintln!("dòng {line}: {why}");
        }
    }

    async fn if_full(&mut self, chunk: &mut Vec<(usize, Item)>) -> Result<(), CommandError> {
        if chunk.len() < CHUNK_LINES {
            return Ok(());
        }
        self.bring_in(std::mem::take(chunk)).await?;
        eprint!("\r{} dòng …", self.tally.lines);
        Ok(())
    }

    /// One kind after the other within the order of the file: an event may follow a draft of the same device.
    async fn bring_in(&mut self, chunk: Vec<(usize, Item)>) -> Result<(), CommandError> {
        let (mut drafts, mut envelopes) = (Vec::new(), Vec::new());
        for (line, item) in chunk {
            match item {
                Item::Draft(org, proposal) => {
                    self.submit(std::mem::take(&mut envelopes)).await?;
                    drafts.push((line, org, *proposal));
                }
                Item::Envelope(bytes) => {
                    self.record(std::mem::take(&mut drafts)).await?;
                    envelopes.push((line, bytes));
                }
            }
        }
        self.submit(envelopes).await?;
        self.record(drafts).await
    }

    async fn submit(&mut self, envelopes: Vec<(usize, Vec<u8>)>) -> Result<(), CommandError> {
        let (lines, envelopes): (Vec<usize>, Vec<Vec<u8>>) = envelopes.into_iter().unzip();
        if envelopes.is_empty() {
            return Ok(());
        }
        let handle = self.ledger.handle();
        let ids: Vec<EventId> = envelopes.iter().map(|bytes| event_id(bytes)).collect();
        let mut waiting = HashSet::new();
        for id in &ids {
            if handle.status(*id).await == EventStatus::Saved {
                waiting.insert(*id);
            }
        }
        for ((line, id), answer) in lines
            .into_iter()
            .zip(ids)
            .zip(handle.submit_all(envelopes).await)
        {
            match answer? {
                Submitted::Logged(_) => self.known(),
                Submitted::Pending if !waiting.insert(id) => self.known(),
                Submitted::Pending => self.saved(),
                Submitted::Refused { code, message_vi } => {
                    self.refuse(line, &format!("{message_vi} (mã {code})"))
                }
            }
        }
        Ok(())
    }

    async fn record(&mut self, drafts: Vec<(usize, OrgId, Proposal)>) -> Result<(), CommandError> {
        if drafts.is_empty() {
            return Ok(());
        }
        let handle = self.ledger.handle();
        let mut requests: Vec<(OrgId, DraftRequest)> = Vec::new();
        let mut lines = Vec::new();
        for (line, org, proposal) in drafts {
            let request = proposal.request;
            if !self.signed.insert(says(
                &org,
                &request.occurred.to_value(),
                &request.body.to_value(),
            )) {
                self.known();
                continue;
            }
            // Before the event that names them: an event whose openings are lost cannot be opened by anybody.
            for opening in proposal.openings {
                handle.put_blob(opening, true).await?;
            }
            lines.push(line);
            requests.push((org, request));
        }
        for (line, answer) in lines.into_iter().zip(handle.record_all(requests).await) {
            match answer {
                Ok(_) => self.saved(),
                Err(e)
                    if e.is_senders_fault()
                        || matches!(e, LedgerError::NoDevice(_) | LedgerError::LostTail(_)) =>
                {
                    self.refuse(line, &format!("{} (mã {})", e.message_vi(), e.code()));
                }
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    fn saved(&mut self) {
        (self.tally.lines, self.tally.saved) = (self.tally.lines + 1, self.tally.saved + 1);
    }

    fn known(&mut self) {
        (self.tally.lines, self.tally.known) = (self.tally.lines + 1, self.tally.known + 1);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::io::Write;

    use super::*;
    use crate::fixture::*;

    async fn bring(province: &Province, who: &str, lines: &[u8]) -> Tally {
        bring_for(province, who, lines, None).await
    }

    async fn bring_for(
        province: &Province,
        who: &str,
        lines: &[u8],
        unnamed: Option<&str>,
    ) -> Tally {
        let folder = province.folder(&org(who));
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(lines).unwrap();
        let options = province.options(&org(who), Default::default());
        let (ledger, _) = spawn(folder.clone(), options).await.unwrap();
        let tally = import_file(&ledger, &folder, file.path(), unnamed.map(org)).await;
        ledger.stop().await;
        tally.map_err(|e| e.en).unwrap()
    }

    fn line(n: usize) -> String {
        let request = hold("HTX-1", n);
        let proposal = Proposal {
            request: DraftRequest {
                signed: None,
                ..request
            },
            openings: vec![],
            override_reason: None,
        };
        let mut json = proposal.to_json();
        json["org"] = SO.into();
        json.to_string() + "\n"
    }

    fn tally(lines: usize, saved: usize, known: usize, refused: usize) -> Tally {
        Tally {
            lines,
            saved,
            known,
            refused,
        }
    }

    #[tokio::test]
    async fn drafts_are_recorded_once_however_often_the_file_is_brought() {
        let province = Province::new(1, None);
        drop(province.sequencer());
        let text: String = (0..600).map(line).collect();
        let half = &text.as_bytes()[..text.len() / 2];
        let cut = bring(&province, SO, half).await;
        assert_eq!(
            (cut.lines, cut.refused, cut.saved),
            (cut.saved + 1, 1, cut.lines - 1)
        );
        let whole = bring(&province, SO, text.as_bytes()).await;
        assert_eq!(whole, tally(600, 600 - cut.saved, cut.saved, 0));
        assert_eq!(
            bring(&province, SO, text.as_bytes()).await,
            tally(600, 0, 600, 0)
        );
    }

    #[tokio::test]
    async fn signed_events_of_another_node_come_as_a_segment_or_as_lines() {
        let province = Province::new(1, None);
        let mut so = province.sequencer();
        let mut htx = province.open("HTX-1");
        follow(&mut so, &mut htx, at(2)).unwrap();
        record(&mut htx, "HTX-1", 0..20);
        let envelopes = htx.pending();
        drop((so, htx));
        let segment = std::fs::read(province.folder(&org("HTX-1")).writer()).unwrap();
        assert_eq!(
            bring(&province, SO, &segment[..segment.len() - 5]).await,
            tally(19, 19, 0, 1)
        );
        assert_eq!(bring(&province, SO, &segment).await, tally(20, 1, 19, 0));
        let lines: String = envelopes
            .iter()
            .map(|e| format!("{{\"envelope\":\"{}\"}}\n", hex::encode(e)))
            .collect();
        assert_eq!(
            bring(&province, SO, lines.as_bytes()).await,
            tally(20, 0, 20, 0)
        );
    }

    #[tokio::test]
    async fn a_member_is_admitted_by_the_file_that_its_init_wrote() {
        let province = Province::new(1, None);
        let member = [org("HTX-1")];
        let folder = province.folder(&member[0]);
        let roles = ["producer".to_owned(), "packer".to_owned()];
        let written = super::super::enrol::write(&folder, &member, "HTX mẫu", &roles);
        let text = std::fs::read(written.map_err(|e| e.en).unwrap()).unwrap();
        assert_eq!(bring(&province, SO, &text).await, tally(3, 0, 0, 3));
        assert_eq!(
            bring_for(&province, SO, &text, Some(SO)).await,
            tally(3, 3, 0, 0)
        );
        let again = super::super::enrol::write(&folder, &member, "khác", &roles);
        let again = std::fs::read(again.map_err(|e| e.en).unwrap()).unwrap();
        assert_eq!(
            bring_for(&province, SO, &again, Some(SO)).await,
            tally(3, 0, 3, 0)
        );
        let mut so = province.open(SO);
        so.tick(at(1)).unwrap();
        let roster = so.replica().roster();
        assert_eq!(roster.org(&member[0]).unwrap().roles.len(), 2);
        assert_eq!(roster.devices().count(), 3);
        assert_eq!(roster.peers().count(), 1);
    }

    #[tokio::test]
    async fn bad_lines_are_refused_and_the_others_go_on() {
        let province = Province::new(1, None);
        drop(province.sequencer());
        let lines = [
            line(1),
            "not json\n".into(),
            "\n".into(),
            "{}\n".into(),
            "{\"envelope\":\"zz\"}\n".into(),
            "{\"envelope\":\"d284\"}\n".into(),
            line(2).replace("\"hold\"", "\"sing\""),
            line(2).replace("\"SO\"", "\"HTX-1\""),
            line(3),
        ];
        assert_eq!(
            bring(&province, SO, lines.concat().as_bytes()).await,
            tally(8, 2, 0, 6)
        );
    }
}
