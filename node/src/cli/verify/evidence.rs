//! Evidence: whether an accusation holds.

use ledger_core::anchor::Anchor;
use ledger_core::evidence::Evidence;
use serde_json::json;

use super::super::CommandError;
use super::report::Report;
use super::unreadable;

pub(super) fn judge(bytes: &[u8], anchor: &Anchor) -> Result<Report, CommandError> {
    let evidence = Evidence::decode(bytes).map_err(unreadable)?;
    let judgement = evidence.check(anchor);
    let mut report = Report::new("evidence");
    report.state(&judgement.statements, |_| true);
    report.fact("evidence", json!(judgement.kind));
    report.fact("holds", json!(judgement.holds()));
    let (accused_vi, accused_en) = accused(judgement.kind);
    report.say(match judgement.holds() {
        true => format!("Lời tố cáo ĐỨNG VỮNG: {accused_vi}. (The accusation holds: {accused_en}.)"),
        false => "Lời tố cáo KHÔNG đứng vững: xem các điều chưa chứng minh. (The accusation does not hold.)".to_owned(),
    });
    Ok(report)
}

fn accused(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "heads" => (
            "khóa của sổ đã ký hai bản sổ trái nhau",
            "the log's key signed two logs that contradict each other",
        ),
        "fork" => (
            "một máy đã ký hai việc khác nhau dưới cùng một số thứ tự",
            "a device signed two different things under one number",
        ),
        "map_head" => (
            "máy xếp sổ đã ký một mục lục giấu việc có trong sổ",
            "the sequencer signed a map head that hides an event of its log",
        ),
        _ => (
            "máy xếp sổ đã không ghi một việc mà nhiều đơn vị cho biết đã thấy",
            "the sequencer did not log an event that members state they saw",
        ),
    }
}
