//! What can be said: one kind per business fact, with the fields it must and may have and who may say it
//! (`docs/formats.md` sections 6 and 7). This table is the specification's table; a test holds them together.

/// Who may say something; the words of `docs/formats.md` section 7, decided by [`crate::roster`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // section 7 says each
pub enum Who {
    Producer,
    Maker,
    Trader,
    Carrier,
    Laboratory,
    Authority,
    Inspector,
    Sampler,
    Keeper,
    Author,
    Issuer,
    Reporter,
    Member,
    Holder,
    Governor,
    Steward,
    Approver,
    Sequencer,
}

/// One row of the table.
#[derive(Debug)]
pub struct KindRow {
    /// The kind.
    pub kind: Kind,
    /// Its name in the body.
    pub name: &'static str,
    /// Its fields: `a!` must be there, `a` may, `a|b` at least one of them.
    pub fields: &'static str,
    /// Who may say it.
    pub who: Who,
    /// Its word on Vietnamese screens.
    pub vi: &'static str,
    /// Its word on English screens.
    pub en: &'static str,
}

/// Fields that every kind but the map head may have.
pub const COMMON_FIELDS: &str = "entry facts sealed";

macro_rules! kinds {
    ($($kind:ident $name:literal $fields:literal $who:ident $vi:literal $en:literal;)*) => {
        /// One business or governance fact.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)] // the table says each
        pub enum Kind { $($kind,)* }

        /// The table.
        pub const KINDS: &[KindRow] = &[
            $(KindRow { kind: Kind::$kind, name: $name, fields: $fields, who: Who::$who, vi: $vi, en: $en },)*
        ];
    };
}

kinds! {
    SeasonStart "season_start" "field!" Producer "Bắt đầu vụ" "Season begins";
    Stock "stock" "field! qty" Producer "Thả giống" "Stocking";
    Fertilise "fertilise" "field! qty" Producer "Bón phân" "Fertilising";
    Spray "spray" "field! ingredient! wait_days!" Producer "Phun thuốc" "Spraying";
    Treat "treat" "field! ingredient! wait_days!" Producer "Dùng thuốc thú y" "Veterinary treatment";
    Feed "feed" "field! qty" Producer "Cho ăn" "Feeding";
    Bag "bag" "field! qty" Producer "Bao trái" "Bagging fruit";
    Sensor "sensor" "field!" Producer "Số đo cảm biến" "Sensor reading";
    Check "check" "result! field|place|lots" Inspector "Kiểm tra" "Check";
    Harvest "harvest" "field! outputs! began" Producer "Thu hoạch" "Harvest";
    Ship "ship" "lots! to! place qty" Trader "Xuất hàng" "Dispatch";
    Transport "transport" "lots! to place qty" Carrier "Vận chuyển" "Transport";
    Receive "receive" "place! lots|inputs|outputs from qty" Trader "Nhận hàng" "Receipt";
    Grade "grade" "lots|inputs outputs place qty loss" Maker "Phân loại" "Grading";
    Merge "merge" "inputs! outputs! place loss added" Maker "Gộp lô" "Merging";
    Split "split" "inputs! outputs! place loss" Maker "Tách lô" "Splitting";
    Process "process" "lots|inputs outputs place qty loss added" Maker "Chế biến" "Processing";
    Treatment "treatment" "lots|inputs outputs place qty loss" Maker "Xử lý sau thu hoạch" "Post-harvest treatment";
    LabSample "lab_sample" "field|lots place lab qty" Sampler "Lấy mẫu kiểm nghiệm" "Sampling";
    LabResult "lab_result" "result! lots|ref place" Laboratory "Kết quả kiểm nghiệm" "Test result";
    Quarantine "quarantine" "lots! result! place qty area_code" Authority "Kiểm dịch thực vật" "Plant quarantine";
    Pack "pack" "inputs! outputs! place loss added area_code" Maker "Đóng gói" "Packing";
    Label "label" "lots! count serials place old_label label_address" Maker "Dán tem QR" "Labelling";
    Load "load" "inputs! outputs! sscc! place area_code" Maker "Xếp hàng lên xe" "Loading";
    Store "store" "lots! place qty" Trader "Nhập kho" "Storing";
    List "list" "lots! place qty" Trader "Đăng bán trên sàn" "Listing";
    Sell "sell" "lots! to place qty" Trader "Bán" "Sale";
    SoldOut "sold_out" "lots! place qty" Trader "Bán hết" "Sold out";
    Hold "hold" "lots|product|target_place|org place qty reason" Keeper "Tạm giữ" "Hold";
    Release "release" "lots|product|target_place|org place qty reason ref" Authority "Cho lưu thông lại" "Release";
    Recall "recall" "lots|product|target_place|org period place qty reason" Keeper "Thu hồi" "Recall";
    RecallLift "recall_lift" "ref! reason" Issuer "Thôi thu hồi" "Recall lifted";
    Destroy "destroy" "lots! place reason" Keeper "Tiêu hủy" "Destruction";
    Correct "correct" "ref! fix! place reason" Author "Đính chính" "Correction";
    Report "report" "lots! category!" Reporter "Phản ánh của người mua" "Buyer's report";
    Place "place" "id! name! type! commune! point! exact area crop variety season gln old_address" Member "Đăng ký địa điểm" "Place registered";
    Product "product" "id! name! unit! name_en group gtin net shelf storage origin gi sources picture" Member "Đăng ký sản phẩm" "Product registered";
    Certificate "certificate" "target_place|product|org standard! number! valid" Holder "Giấy chứng nhận" "Certificate";
    PlaceCode "place_code" "target_place! code_type! code! valid" Authority "Cấp mã số" "Code issued";
    Permit "permit" "target_place! code! lots! to! qty" Holder "Cho dùng mã số vùng trồng" "Growing-area code lent";
    SameAs "same_as" "product! gtin!" Holder "Gắn mã vạch cho sản phẩm" "Barcode given to product";
    Rating "rating" "product! stars! decision! valid!" Authority "Phân hạng OCOP" "OCOP rating";
    Delegate "delegate" "to! products!" Holder "Ủy quyền" "Delegation";
    Undelegate "undelegate" "ref! reason" Author "Thôi ủy quyền" "Delegation ended";
    Bind "bind" "lot! codes!" Maker "Gắn mã cho lô" "Code bound to lot";
    Org "org" "id! name! roles! name_en form legal commune address old_address tax gln" Governor "Kết nạp đơn vị" "Organisation admitted";
    Suspend "suspend" "org! reason!" Governor "Tạm dừng đơn vị" "Organisation suspended";
    Readmit "readmit" "org! reason" Governor "Cho đơn vị hoạt động lại" "Organisation readmitted";
    Grant "grant" "org! roles!" Governor "Giao vai trò" "Roles granted";
    Withdraw "withdraw" "org! roles! reason" Governor "Rút vai trò" "Roles withdrawn";
    Device "device" "org! key! where! rights host" Steward "Cấp quyền cho máy" "Device enrolled";
    Revoke "revoke" "org! key! last reason" Steward "Khóa máy" "Device revoked";
    Replace "replace" "org! key! old! where! last rights host" Steward "Thay máy" "Device replaced";
    AllowEpoch "allow_epoch" "org! key!" Steward "Cho máy mở sổ mới" "New epoch allowed";
    Conflict "conflict" "ref! org! envelope!" Member "Ghi nhận hai bản mâu thuẫn" "Conflict recorded";
    Peer "peer" "org! key!" Steward "Kết nối máy của đơn vị" "Peer enrolled";
    Unpeer "unpeer" "org! key!" Steward "Ngắt máy của đơn vị" "Peer removed";
    Anchor "anchor" "text!" Governor "Công bố mốc tin cậy" "Trust anchor";
    Threshold "threshold" "count!" Governor "Đổi số người phải đồng ý" "Threshold changed";
    Publish "publish" "what! number! hash!" Governor "Công bố danh mục" "List published";
    Approve "approve" "ref!" Approver "Đồng ý" "Approval";
    Erase "erase" "ref! commitment! reason" Issuer "Xóa phần riêng tư" "Private part erased";
    Epoch "epoch" "" Member "Mở sổ máy mới" "Epoch opened";
    MapHead "map_head" "size! root!" Sequencer "Chốt mục lục" "Map head";
}

impl Kind {
    /// The row of the table.
    pub fn row(self) -> &'static KindRow {
        // Rows stand in the order of the variants; the test below holds this.
        &KINDS[self as usize]
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Kind> {
        KINDS
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.kind)
    }

    /// Its name in the body.
    pub fn name(self) -> &'static str {
        self.row().name
    }
}

impl KindRow {
    /// Whether a field may stand in this kind.
    pub fn allows(&self, field: &str) -> bool {
        let common =
            self.kind != Kind::MapHead && COMMON_FIELDS.split(' ').any(|name| name == field);
        common
            || self
                .fields
                .split([' ', '|'])
                .any(|name| name.trim_end_matches('!') == field)
    }

    /// The first demand of this kind that the fields at hand do not meet, as it stands in the table.
    pub fn unmet<'a>(&self, has: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.fields
            .split(' ')
            .find(|demand| match demand.strip_suffix('!') {
                Some(field) => !has(field),
                None => demand.contains('|') && !demand.split('|').any(&has),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_variants() {
        for (index, row) in KINDS.iter().enumerate() {
            assert_eq!(row.kind as usize, index);
            assert_eq!(Kind::from_name(row.name), Some(row.kind));
        }
    }

    /// The table of `docs/formats.md` section 6, as this file would write it.
    fn documented() -> String {
        let line = |row: &KindRow| {
            let fields: Vec<String> = row
                .fields
                .split_terminator(' ')
                .map(|f| format!("`{}`", f.replace('|', "\\|")))
                .collect();
            let who = format!("{:?}", row.who).to_lowercase();
            format!("| `{}` | {} | {who} |", row.name, fields.join(" ")).replace("|  |", "| |")
        };
        KINDS.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_specification_has_this_table() {
        let formats = include_str!("../../docs/formats.md");
        assert!(
            formats.contains(&documented()),
            "docs/formats.md section 6 should read:\n{}",
            documented()
        );
    }
}
