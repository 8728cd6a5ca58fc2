//! What a page says of a lot besides its milestones: stable codes with a sentence in Vietnamese and English.

/// A notice. The order of the variants is the order on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the table says each
pub enum Notice {
    Recalled,
    OnHold,
    WasOnHold,
    CreatedTwice,
    Suspended,
    Forked,
    Corrected,
    EnteredLate,
    NotRated,
    RatingExpired,
    CertificateExpired,
    NoGrowingAreaCode,
    AreaCodeOfElsewhere,
    AreaCodeNotPermitted,
    YearlyYieldHigh,
    OldAddressOnLabel,
    TooManyLabels,
    MassExceeded,
    SoldOut,
    Exported,
    Expired,
}

const NOTICES: [(Notice, &str, &str, &str); 21] = [
    (
        Notice::Recalled,
        "DA_THU_HOI",
        "Lô này đang bị thu hồi. Không sử dụng. Mang trả nơi mua.",
        "This lot is recalled. Do not use it. Take it back.",
    ),
    (
        Notice::OnHold,
        "DANG_TAM_GIU",
        "Lô này đang tạm giữ, chờ cơ quan quản lý cho lưu thông lại.",
        "This lot is on hold until the authority releases it.",
    ),
    (
        Notice::WasOnHold,
        "TUNG_TAM_GIU",
        "Lô này từng bị tạm giữ, đã được cho lưu thông lại.",
        "This lot was on hold and has been released.",
    ),
    (
        Notice::CreatedTwice,
        "TAO_HAI_LAN",
        "Có lô được khai tạo ra hai lần, chờ đơn vị đính chính.",
        "A lot was declared twice; its maker has to correct that.",
    ),
    (
        Notice::Suspended,
        "DON_VI_TAM_DUNG",
        "Có đơn vị làm ra lô này đang bị tạm dừng.",
        "An organisation that made this lot is suspended.",
    ),
    (
        Notice::Forked,
        "HAI_BAN_KHAC_NHAU",
        "Có việc của lô này mà máy ghi đã ký hai bản khác nhau.",
        "Of something about this lot the device signed two different versions.",
    ),
    (
        Notice::Corrected,
        "CO_DINH_CHINH",
        "Có đính chính; số ghi lần đầu vẫn còn.",
        "Something was corrected; the first value is kept.",
    ),
    (
        Notice::EnteredLate,
        "NHAP_TRE",
        "Có việc được ghi vào sổ trễ hơn 24 giờ.",
        "Something was entered more than 24 hours late.",
    ),
    (
        Notice::NotRated,
        "CHUA_PHAN_HANG_OCOP",
        "Sản phẩm chưa phân hạng OCOP.",
        "The product has no OCOP rating.",
    ),
    (
        Notice::RatingExpired,
        "OCOP_HET_HAN",
        "Giấy chứng nhận OCOP của sản phẩm đã hết hạn.",
        "The product's OCOP rating has expired.",
    ),
    (
        Notice::CertificateExpired,
        "CHUNG_NHAN_HET_HAN",
        "Giấy chứng nhận của nơi làm ra đã hết hạn trước ngày làm ra.",
        "A certificate of the place was over before the goods arose there.",
    ),
    (
        Notice::NoGrowingAreaCode,
        "THIEU_MA_VUNG_TRONG",
        "Có nguyên liệu từ vườn chưa có mã số vùng trồng.",
        "Some material comes from a plot without a growing-area code.",
    ),
    (
        Notice::AreaCodeOfElsewhere,
        "MA_VUNG_TRONG_KHAC",
        "Mã số vùng trồng ghi khi xuất hàng không phải của nơi trồng lô này.",
        "The goods went under the growing-area code of a place where they did not grow.",
    ),
    (
        Notice::AreaCodeNotPermitted,
        "MA_VUNG_TRONG_CHUA_PHEP",
        "Mã số vùng trồng là của đơn vị khác, chưa thấy đơn vị đó cho phép.",
        "The goods went under another organisation's growing-area code without its permission.",
    ),
    (
        Notice::YearlyYieldHigh,
        "SAN_LUONG_NAM_CAO",
        "Sản lượng cả năm của nơi trồng, nuôi cao hơn mức có thể có.",
        "The place is said to have yielded more in a year than it can.",
    ),
    (
        Notice::OldAddressOnLabel,
        "DIA_CHI_NHAN_CU",
        "Nhãn in địa chỉ cũ, trước ngày 01/07/2025.",
        "The label bears an address from before 1 July 2025.",
    ),
    (
        Notice::TooManyLabels,
        "VUOT_SO_TEM",
        "Số tem nhiều hơn số lượng của lô.",
        "There are more labels than units of this lot.",
    ),
    (
        Notice::MassExceeded,
        "VUOT_KHOI_LUONG",
        "Khối lượng ra nhiều hơn khối lượng vào.",
        "More came out than went in.",
    ),
    (Notice::SoldOut, "DA_BAN_HET", "Đã bán hết.", "Sold out."),
    (
        Notice::Exported,
        "DA_XUAT_KHAU",
        "Đã xuất khẩu.",
        "Exported.",
    ),
    (
        Notice::Expired,
        "HET_HAN_SU_DUNG",
        "Đã hết hạn sử dụng.",
        "Past its expiry date.",
    ),
];

impl Notice {
    fn row(self) -> &'static (Notice, &'static str, &'static str, &'static str) {
        &NOTICES[self as usize]
    }

    /// The stable code.
    pub fn code(self) -> &'static str {
        self.row().1
    }

    /// The Vietnamese sentence.
    pub fn vi(self) -> &'static str {
        self.row().2
    }

    /// The English sentence.
    pub fn en(self) -> &'static str {
        self.row().3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_variants() {
        for (index, row) in NOTICES.iter().enumerate() {
            assert_eq!(row.0 as usize, index);
        }
    }

    #[test]
    fn the_rules_list_them_in_this_order() {
        let rules = include_str!("../../docs/rules.md");
        let section = rules.split("## ").find(|text| text.starts_with("Notices"));
        let rows = section.unwrap_or_default().lines();
        let codes = rows.filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
        let codes: Vec<&str> = codes.filter(|code| *code != "notice").collect();
        assert_eq!(codes, NOTICES.map(|row| row.1));
    }

    #[test]
    fn the_page_says_the_same() {
        let vi = include_str!("../../web-verify/page/words.js");
        let en = include_str!("../../web-verify/page/words-en.js");
        for (_, code, in_vietnamese, in_english) in NOTICES {
            assert!(
                vi.contains(&format!("{code}: \"{in_vietnamese}\"")),
                "{code}"
            );
            assert!(en.contains(&format!("{code}: \"{in_english}\"")), "{code}");
        }
    }
}
