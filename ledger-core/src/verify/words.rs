//! What each statement and each reason says to people, Vietnamese and English. The page has its own, shorter ones.

use crate::evidence::Claim;
use crate::export::LogStatement;

use super::Statement;

/// One thing said twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Vietnamese.
    pub vi: &'static str,
    /// English.
    pub en: &'static str,
}

const fn words(vi: &'static str, en: &'static str) -> Words {
    Words { vi, en }
}

/// Something that is proven, not proven or contradicted.
pub trait Stated: Copy {
    /// Its name in the specification.
    fn name(self) -> &'static str;
    /// What is stated.
    fn words(self) -> Words;
}

impl Stated for Statement {
    fn name(self) -> &'static str {
        Statement::name(self)
    }

    fn words(self) -> Words {
        match self {
            Statement::Ledger => words("Hồ sơ thuộc đúng sổ này", "the record is of this ledger"),
            Statement::Checkpoint => words("Bản chốt do sổ ký", "the log signed the checkpoint"),
            Statement::Witnessed => words(
                "Đủ đơn vị cùng xác nhận bản chốt",
                "the quorum confirmed it",
            ),
            Statement::Fresh => words("Bản chốt chưa quá cũ", "it is not too old"),
            Statement::MapHead => words("Mục lục thuộc đúng bản chốt", "the map belongs to it"),
            Statement::Complete => words("Không việc nào bị giấu", "nothing was left out"),
            Statement::Signatures => words("Mọi chữ ký đúng", "every signature holds"),
            Statement::Members => words(
                "Người ký là thành viên và được phép ghi",
                "the signers were members and allowed to",
            ),
            Statement::Order => words("Thứ tự ghi của mỗi máy đúng", "each device's numbers rise"),
            Statement::Code => words("Mã tem đúng của lô này", "the code belongs to this lot"),
            Statement::Ancestry => words("Đủ các lô nguồn", "all source lots are known"),
            Statement::Handover => words(
                "Bên giao đã xác nhận từng lần giao",
                "every giver confirmed",
            ),
            Statement::Openings => words("Phần kèm theo khớp cam kết", "what is opened matches"),
        }
    }
}

impl Stated for LogStatement {
    fn name(self) -> &'static str {
        LogStatement::name(self)
    }

    fn words(self) -> Words {
        match self {
            LogStatement::Ledger => words("Tệp là của đúng sổ này", "the file is of this ledger"),
            LogStatement::Checkpoint => Statement::Checkpoint.words(),
            LogStatement::Witnessed => Statement::Witnessed.words(),
            LogStatement::Fresh => Statement::Fresh.words(),
            LogStatement::Root => words(
                "Các mục đúng là những gì sổ đã ký",
                "the leaves are what the log signed",
            ),
            LogStatement::Admitted => {
                words("Mọi mục đều được phép vào sổ", "every leaf passed the door")
            }
            LogStatement::MapHeads => words(
                "Mọi mục lục đúng với các mục trước nó",
                "every map head follows from the leaves before it",
            ),
        }
    }
}

impl Stated for Claim {
    fn name(self) -> &'static str {
        Claim::name(self)
    }

    fn words(self) -> Words {
        match self {
            Claim::Signed => words(
                "Chữ ký đúng, thuộc đúng sổ này",
                "the signatures hold for this ledger",
            ),
            Claim::Contradiction => words(
                "Hai bản chốt không thể cùng là của một sổ",
                "the two heads cannot both be of one log",
            ),
            Claim::SamePlace => words("Cùng một máy, cùng một số thứ tự", "one device, one number"),
            Claim::Different => words("Hai việc nói khác nhau", "the two say different things"),
            Claim::Member => words(
                "Máy đã được cấp quyền cho thành viên",
                "the device was enrolled for a member",
            ),
            Claim::Lists => words(
                "Danh sách đúng như mục lục mà máy xếp sổ đã ký",
                "the lists are what the sequencer's map head says",
            ),
            Claim::Witnessed => Statement::Witnessed.words(),
            Claim::Logged => words(
                "Việc nằm trong sổ, trước mục lục",
                "the event stands in the log before the map head",
            ),
            Claim::InForce => words(
                "Việc có hiệu lực nên phải có trong danh sách",
                "the event is in force, so it must be listed",
            ),
            Claim::Missing => words(
                "Không danh sách nào của việc đó có nó",
                "no list of its subjects has it",
            ),
            Claim::Next => words(
                "Việc nối đúng sau việc trước của máy",
                "the event was next in its device's chain",
            ),
            Claim::Seen => words(
                "Thành viên cho biết đã thấy việc này",
                "members state that they saw it",
            ),
            Claim::Late => words(
                "Bản chốt muộn hơn lúc thấy, đủ khoảng cách đã nêu",
                "the head is later than that by the stated delay",
            ),
        }
    }
}

/// Why something is not proven: the sentence of a [`super::Finding::detail`].
pub fn detail(word: &str) -> Option<Words> {
    let said = match word {
        "absent" => words(
            "Mã này không có trong mục lục.",
            "the code is not in the map",
        ),
        "bad_line" => words(
            "Một chữ ký trên bản chốt sai.",
            "a signature on the checkpoint is wrong",
        ),
        "bad_proof" => words(
            "Đường chứng minh không dẫn tới bản chốt lớn hơn.",
            "the proof does not lead to the larger head",
        ),
        "bad_receipt" => words(
            "Có giấy báo đã thấy không đúng dạng hoặc sai chữ ký.",
            "a receipt is malformed or badly signed",
        ),
        "bad_signature" => words(
            "Chữ ký sai hoặc nội dung đã bị sửa.",
            "a signature is wrong, or the bytes were changed",
        ),
        "cannot_tell" => words(
            "Loại việc này có hiệu lực hay không còn tùy danh sách khác; xem cả sổ.",
            "for this kind it hangs on other lists; replay the whole log",
        ),
        "clock_behind" => words(
            "Bản chốt có giờ sau giờ máy này. Xem lại đồng hồ.",
            "the head is later than this clock",
        ),
        "consistent" => words(
            "Bản nhỏ là phần đầu của bản lớn: không mâu thuẫn.",
            "the smaller head is the beginning of the larger: no contradiction",
        ),
        "created_twice" => words("Có lô được tạo hai lần.", "a lot is created twice"),
        "cycle" => words("Lô lại là nguồn của chính nó.", "a lot comes from itself"),
        "event_twice" => words("Một việc được đưa hai lần.", "an event is given twice"),
        "giver_silent" => words(
            "Bên giao chưa ký xác nhận giao.",
            "the giver has not signed the hand-over",
        ),
        "left_out" => words(
            "Một danh sách cần có không được đưa.",
            "a list that is needed was left out",
        ),
        "list_differs" => words(
            "Danh sách bị bớt, thêm hoặc đổi.",
            "a list was shortened, lengthened or changed",
        ),
        "listed" => words("Việc có trong danh sách.", "the event is listed"),
        "malformed" => words("Việc ghi không đúng dạng.", "an envelope is malformed"),
        "malformed_note" => words("Bản chốt không đúng dạng.", "the checkpoint is malformed"),
        "no_age" => words(
            "Chưa đủ xác nhận nên không biết mới hay cũ.",
            "without a quorum the age is not known",
        ),
        "no_checkpoint" => words(
            "Không có bản chốt dùng được.",
            "there is no usable checkpoint",
        ),
        "no_commitment" => words(
            "Có nội dung mở kèm không khớp mã nào.",
            "an opening matches no commitment",
        ),
        "no_lists" => words("Không có danh sách dùng được.", "there are no usable lists"),
        "no_lot" => words("Không có lô để xét.", "there is no lot to judge"),
        "no_map_head" => words(
            "Không có mục lục dùng được, hoặc sổ không kết thúc bằng mục lục.",
            "there is no usable map head, or the log does not end with one",
        ),
        "no_membership" => words(
            "Tệp không cho biết khóa là của ai; chỉ biết một khóa đã ký hai việc khác nhau.",
            "the file does not show whose key it is: only that a key signed two things",
        ),
        "no_predecessor" => words(
            "Tệp không cho thấy việc trước của máy đã vào sổ.",
            "it is not shown that the event before it was logged",
        ),
        "no_quorum_asked" => words(
            "Mốc tin cậy không yêu cầu ai xác nhận.",
            "the trust anchor asks for no witness",
        ),
        "no_receipts" => words(
            "Không có giấy báo đã thấy dùng được.",
            "there are no usable receipts",
        ),
        "not_about" => words(
            "Một việc bị xếp vào danh sách không phải của nó.",
            "an event stands in a list that it does not belong to",
        ),
        "not_by_log" => words(
            "Khóa của sổ chưa ký bản chốt.",
            "the log's key has not signed the checkpoint",
        ),
        "not_by_sequencer" => words(
            "Mục lục không do máy xếp sổ ký.",
            "the map head is not signed by the sequencer",
        ),
        "not_created" => words(
            "Có lô nguồn chưa thấy ai tạo ra.",
            "no event creates a source lot",
        ),
        "not_enrolled" => words(
            "Máy ký không phải của thành viên.",
            "the signing device is no member's",
        ),
        "not_in_log" => words(
            "Việc không nằm ở chỗ đó trong sổ đã ký.",
            "it does not stand there in the signed log",
        ),
        "not_last_leaf" => words(
            "Mục lục không phải là mục cuối của bản chốt.",
            "the map head is not the last leaf of the checkpoint",
        ),
        "not_permitted" => words(
            "Đơn vị không có quyền ghi việc này.",
            "the organisation may not say this",
        ),
        "not_rising" => words(
            "Số thứ tự của một máy ký không tăng dần.",
            "the numbers of a signing device do not rise",
        ),
        "not_signed" => words(
            "Chưa xét được vì chữ ký không đúng.",
            "nothing follows from bytes that are not signed",
        ),
        "other_code" => words(
            "Hồ sơ là của mã khác.",
            "the record is that of another code",
        ),
        "other_event" => words(
            "Có giấy báo về một việc khác.",
            "a receipt is about another event",
        ),
        "other_ledger" => words("Dữ liệu của một sổ khác.", "this is another ledger's data"),
        "other_map" => words(
            "Mục lục đã ký không đúng với các việc.",
            "the signed map root is not what follows from the events",
        ),
        "other_org" => words(
            "Máy thuộc đơn vị khác.",
            "the device is another organisation's",
        ),
        "other_place" => words(
            "Hai việc không cùng máy hoặc không cùng số thứ tự.",
            "the two are of two devices or two numbers",
        ),
        "other_root" => words(
            "Các mục không dẫn tới gốc mà sổ đã ký.",
            "the leaves do not lead to the root that the log signed",
        ),
        "other_size" => words(
            "Số mục không đúng như bản chốt, hoặc tệp bị cắt.",
            "there are not as many leaves as the checkpoint says",
        ),
        "overtaken" => words(
            "Chuỗi của máy đã đi tiếp hoặc đã khóa mà không có việc này.",
            "the device's chain went on, or was closed, without it",
        ),
        "pending" => words(
            "Mã đã gắn nhưng chủ sản phẩm chưa đồng ý.",
            "the code is bound, but the product's owner has not agreed",
        ),
        "refused" => words(
            "Có mục trái quy tắc vào sổ.",
            "a leaf should have been refused at the door",
        ),
        "revoked" => words("Máy ký đã bị khóa.", "the signing device was revoked"),
        "same_statement" => words(
            "Cùng một nội dung, chỉ khác chữ ký: không phải hai việc.",
            "one statement under two signatures: not two events",
        ),
        "too_early" => words(
            "Bản chốt chưa đủ muộn sau lúc thấy việc.",
            "the head is not late enough after the receipts",
        ),
        "too_few" => words("Chưa đủ đơn vị.", "too few organisations"),
        "too_many" => words("Quá nhiều lô nguồn.", "too many source lots"),
        "too_old" => words(
            "Bản chốt quá cũ; có thể đã có tin mới hơn.",
            "the head is too old; there may be later news",
        ),
        "unlisted" => words(
            "Có việc không nằm trong danh sách nào.",
            "an event stands in no list",
        ),
        _ => return None,
    };
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word that this crate's verifiers write as a reason.
    #[test]
    fn every_reason_has_its_sentence() {
        let sources = [
            include_str!("head.rs"),
            include_str!("lot.rs"),
            include_str!("members.rs"),
            include_str!("openings.rs"),
            include_str!("complete.rs"),
            include_str!("../lists.rs"),
            include_str!("../export.rs"),
            include_str!("../evidence/excerpt.rs"),
            include_str!("../evidence/fork.rs"),
            include_str!("../evidence/heads.rs"),
            include_str!("../evidence/map_head.rs"),
            include_str!("../evidence/standing.rs"),
            include_str!("../evidence/withheld.rs"),
        ];
        let is_reason = |text: &&str| {
            text.contains('_') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        let mut found = 0;
        for source in sources {
            for text in source.split('"').skip(1).step_by(2).filter(is_reason) {
                let is_name = ["map_head", "map_heads"].contains(&text);
                assert!(is_name || detail(text).is_some(), "{text} has no sentence");
                found += 1;
            }
        }
        assert!(found > 60, "{found}");
    }
}
