//! What an operator should do next, in words: the most pressing thing first.

/// A disk with less room than this is as good as full: a day of work of a busy node.
const ROOM_BYTES_MIN: u64 = 256 * 1024 * 1024;

/// What the advice follows from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts<'a> {
    /// `serving`, `learning`, `halted` or `tampered`.
    pub health: &'a str,
    /// Events that wait for the log.
    pub pending: usize,
    /// Whether the newest head lacks its quorum.
    pub unwitnessed: bool,
    /// How old the newest cosignatures are, in seconds.
    pub age: Option<u64>,
    /// How old a head may be, in seconds.
    pub max_age: u64,
    /// Peers that are connected; none when this is not known.
    pub peers: Option<usize>,
    /// Whether this node gives events their places.
    pub sequencer: bool,
    /// Room on the disk, in bytes.
    pub room: Option<u64>,
}

/// Vietnamese and English.
pub(crate) fn advise(facts: &Facts<'_>) -> (String, String) {
    let say = |vi: &str, en: &str| (vi.to_owned(), en.to_owned());
    match facts.health {
        "tampered" => {
            return say(
                "dừng nút, chạy \"node fsck\", rồi khôi phục log.seg từ nút khác",
                "stop it, run \"node fsck\", restore log.seg from another node",
            );
        }
        "halted" => {
            return say(
                "đọc lý do ở trên và báo quản trị; bằng chứng (nếu có) ở thư mục evidence; nếu dữ liệu là bản cũ: dừng nút, chạy \"node relearn\"",
                "read the reason above and tell the operators; see the folder evidence; if the data is an old copy: stop the node, run \"node relearn\"",
            );
        }
        _ => {}
    }
    if let Some(room) = facts.room.filter(|room| *room < ROOM_BYTES_MIN) {
        let left = room / (1024 * 1024);
        return (
            format!("ổ đĩa chỉ còn {left} MiB: dọn chỗ ngay, khi đầy thì không ghi được việc mới"),
            format!("only {left} MiB of disk are left: make room now"),
        );
    }
    if facts.peers == Some(0) && !facts.sequencer {
        return say(
            "chưa nối được với nút nào: xem mạng và mục dial trong node.toml; việc vẫn lưu trên máy này",
            "no peer is connected: look at the network and at dial in node.toml; work is still saved here",
        );
    }
    if facts.health == "learning" {
        return say(
            "cứ để nút chạy và nối mạng; nút đang hỏi các nút khác xem khóa của mình đã ký tới đâu",
            "keep it running and connected; it is learning what its keys have signed",
        );
    }
    if let Some(age) = facts.age.filter(|age| *age > facts.max_age / 2) {
        let hours = age / 3600;
        return (
            format!(
                "xác nhận gần nhất đã {hours} giờ: xem các nút xác nhận có chạy và nối mạng không"
            ),
            format!(
                "the newest cosignatures are {hours} hours old: are the validators running and connected?"
            ),
        );
    }
    if facts.pending > 0 {
        let n = facts.pending;
        return (
            format!("{n} việc chờ vào sổ: cần nối được với nút của Sở; cứ để nút chạy"),
            format!("{n} events wait for the authority's node; keep it running"),
        );
    }
    if facts.unwitnessed {
        return say(
            "chờ các đơn vị xác nhận; không cần làm gì",
            "waiting for the validators; nothing to do",
        );
    }
    say("không có gì", "nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_names_the_most_pressing_thing() {
        let well = Facts {
            health: "serving",
            max_age: 172_800,
            age: Some(10),
            peers: Some(3),
            room: Some(u64::MAX),
            ..Facts::default()
        };
        let busy = Facts {
            pending: 5,
            unwitnessed: true,
            ..well
        };
        for (facts, word) in [
            (
                Facts {
                    health: "tampered",
                    room: Some(0),
                    ..busy
                },
                "fsck",
            ),
            (
                Facts {
                    health: "halted",
                    ..busy
                },
                "evidence",
            ),
            (
                Facts {
                    room: Some(9 * 1024 * 1024),
                    ..busy
                },
                "9 MiB",
            ),
            (
                Facts {
                    peers: Some(0),
                    ..busy
                },
                "dial",
            ),
            (
                Facts {
                    peers: Some(0),
                    sequencer: true,
                    ..well
                },
                "không có gì",
            ),
            (
                Facts {
                    health: "learning",
                    ..busy
                },
                "đã ký tới đâu",
            ),
            (
                Facts {
                    age: Some(100_000),
                    ..busy
                },
                "27 giờ",
            ),
            (busy, "5 việc"),
            (Facts { pending: 0, ..busy }, "chờ các đơn vị"),
            (well, "không có gì"),
        ] {
            let (advice, _) = advise(&facts);
            assert!(advice.contains(word), "{advice}");
        }
    }
}
