//! A bundle: the record of one printed code.

use ledger_core::anchor::Anchor;
use ledger_core::tlog_proof::TlogProof;
use ledger_core::verify::{LotTimes, StateLine, Statement, Verdict, verify};
use serde_json::json;

use super::super::CommandError;
use super::report::{Report, time};
use super::unreadable;

pub(super) fn judge(
    bytes: &[u8],
    proofs: &[Vec<u8>],
    anchor: &Anchor,
    now: u64,
) -> Result<Report, CommandError> {
    let mut verdict = verify(bytes, anchor, now).map_err(unreadable)?;
    for proof in proofs {
        let proof = TlogProof::parse(proof).map_err(unreadable)?;
        for lot in &mut verdict.times {
            lot.improve(&proof, anchor);
        }
    }
    Ok(report(&verdict))
}

fn report(verdict: &Verdict) -> Report {
    let mut report = Report::new("bundle");
    report.state(&verdict.statements, Statement::is_needed);
    if let Some(as_of) = verdict.as_of {
        report.say(format!("Tính đến (as of): {}", time(as_of)));
    }
    report.fact("as_of", json!(verdict.as_of.map(time)));
    if let Some(lot) = &verdict.lot {
        report.say(format!("Lô (lot): {lot}"));
    }
    report.fact("lot", json!(verdict.lot.as_ref().map(ToString::to_string)));
    for times in &verdict.times {
        report.say(told(times));
    }
    let lots = verdict.times.iter().map(|times| {
        json!({
            "lot": times.lot.to_string(),
            "event": times.event.to_string(),
            "index": times.index.0,
            "claimed": times.claimed.to_string(),
            "signed": times.signed.to_string(),
            "witnessed": times.witnessed.map(time),
        })
    });
    report.fact("lots", lots.collect());
    let notices = verdict.history.iter().flat_map(|history| &history.notices);
    let notices = notices
        .inspect(|notice| report.say(format!("Lưu ý (notice): {} ({})", notice.vi(), notice.en())));
    let notices: Vec<_> = notices.map(|notice| notice.code()).collect();
    report.fact("notices", json!(notices));
    for (commitment, part) in &verdict.privates {
        report.say(format!(
            "Phần riêng tư (private part) {commitment}: {}",
            part.word()
        ));
    }
    let privates = verdict.privates.iter();
    let privates = privates
        .map(|(hash, part)| json!({ "commitment": hash.to_string(), "state": part.word() }));
    report.fact("privates", privates.collect());
    let word = verdict.state.word();
    report.fact("state", json!(word));
    report.say(format!(
        "Kết luận (state): {} ({word})",
        state(verdict.state)
    ));
    report
}

fn told(times: &LotTimes) -> String {
    let witnessed = times.witnessed.map_or_else(
        || "chưa có ai xác nhận (witnessed by nobody yet)".to_owned(),
        |at| {
            format!(
                "được xác nhận chậm nhất lúc (witnessed no later than) {}",
                time(at)
            )
        },
    );
    format!(
        "  {}: khai lúc (claimed) {}, {witnessed}; việc {} ở mục {}",
        times.lot, times.claimed, times.event, times.index
    )
}

fn state(state: StateLine) -> &'static str {
    match state.word() {
        "recorded" => "Có hồ sơ nguồn gốc",
        "recalled" => "Thu hồi",
        "held" => "Tạm giữ",
        "expired" => "Hết hạn sử dụng",
        "unknown_code" => "Tem chưa kích hoạt hoặc không có mã này",
        _ => "Chưa xác nhận được. Đây không phải là kết luận về sản phẩm",
    }
}
