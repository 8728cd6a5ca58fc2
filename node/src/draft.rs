//! Drafts as JSON: what a program writes to have something recorded, and the same read back.
//!
//! In scope: JSON ⇄ [`Value`] ⇄ [`Body`], strictly and within limits; every error names the field and what to
//! do about it. Out of scope: whether the event may be recorded (the door), and who may ask (the console).
//!
//! The form is that of `docs/formats.md` section 6, with three spellings that JSON lacks: bytes are
//! `{"$hex": "…"}`, moments are RFC 3339 text, and numbers are whole (`[18505, 1, "KGM"]` is 1.850,5 kg).
//! A body goes one way only: what is read here is exactly what [`Proposal::to_json`] would write, after NFC.

use std::fmt;

use ledger_core::body::{Body, BodyError, Facts, TEXT_MAX};
use ledger_core::commitment::{OPENING_MAX_BYTES, Opening};
use ledger_core::encode::{DEPTH_MAX, INT_MAX, ITEMS_MAX, Value, is_clean_text};
use ledger_core::time::Timestamp;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json, json};
use unicode_normalization::UnicodeNormalization;

use crate::ledger::DraftRequest;

/// Most openings of one draft: five fields can be sealed, `facts` and the exact place come on top.
pub const OPENINGS_MAX: usize = 16;
/// The fact under which the reason for overriding a question is signed with the event.
pub const OVERRIDE_FACT: &str = "lý do vẫn ghi";

/// Something that somebody wants recorded, with what belongs to it but stays outside the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// What is to be signed.
    pub request: DraftRequest,
    /// Openings of the commitments in the body, as their exact bytes.
    pub openings: Vec<Vec<u8>>,
    /// Why it shall be recorded although the questions before signing speak against it. Signed with the event.
    pub override_reason: Option<String>,
}

/// A draft that cannot be read. Whoever wrote it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message_en}")]
pub struct DraftError {
    /// A stable code for machines.
    pub code: &'static str,
    /// Where: `body.outputs[0].qty`.
    pub field: String,
    /// What is wrong and what to do.
    pub message_vi: String,
    /// The same in English.
    pub message_en: String,
}

impl DraftError {
    /// An error at a field.
    pub fn new(
        code: &'static str,
        field: impl Into<String>,
        vi: impl Into<String>,
        en: impl Into<String>,
    ) -> DraftError {
        DraftError {
            code,
            field: field.into(),
            message_vi: vi.into(),
            message_en: en.into(),
        }
    }
}

impl Proposal {
    /// Reads a draft. `sample` says whether the ledger is a demonstration, which replays history and so may
    /// state the device's clock.
    ///
    /// # Errors
    /// [`DraftError`] naming the field.
    pub fn from_json(json: &Json, sample: bool) -> Result<Proposal, DraftError> {
        let draft = json.as_object().ok_or_else(not_a_draft)?;
        let known = ["occurred", "signed", "body", "openings", "override_reason"];
        if let Some(key) = draft.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(unknown_field(
                &shortened(key),
                "occurred, signed, body, openings, override_reason",
            ));
        }
        let signed = draft
            .get("signed")
            .map(|time| read_time("signed", time))
            .transpose()?;
        if signed.is_some() && !sample {
            return Err(DraftError::new(
                "KHONG_DUOC_DAT_GIO_KY",
                "signed",
                "Chỉ sổ mẫu mới cho đặt giờ ký (\"signed\"). Bỏ mục này; máy tự lấy giờ của mình.",
                "only a demonstration may state the time of signing; leave \"signed\" out",
            ));
        }
        let occurred = draft.get("occurred").ok_or_else(|| missing("occurred"))?;
        let mut body = read_body(draft.get("body").ok_or_else(|| missing("body"))?)?;
        let openings = draft
            .get("openings")
            .map_or(Ok(Vec::new()), |list| read_openings(list, &body))?;
        let override_reason = draft.get("override_reason").map(read_reason).transpose()?;
        if let Some(reason) = &override_reason {
            note_override(&mut body, reason)?;
        }
        let request = DraftRequest {
            occurred: read_time("occurred", occurred)?,
            signed,
            body,
        };
        Ok(Proposal {
            request,
            openings,
            override_reason,
        })
    }

    /// Writes the draft as [`Proposal::from_json`] reads it.
    pub fn to_json(&self) -> Json {
        let mut draft = Map::new();
        draft.insert("occurred".into(), json!(self.request.occurred.to_string()));
        draft.extend(
            self.request
                .signed
                .map(|time| ("signed".into(), json!(time.to_string()))),
        );
        draft.insert("body".into(), body_to_json(&self.request.body));
        if !self.openings.is_empty() {
            draft.insert(
                "openings".into(),
                self.openings.iter().map(|bytes| hex_json(bytes)).collect(),
            );
        }
        draft.extend(
            self.override_reason
                .as_ref()
                .map(|reason| ("override_reason".into(), json!(reason))),
        );
        Json::Object(draft)
    }
}

/// Puts the reason for an override among the facts, so that it is signed.
///
/// # Errors
/// [`DraftError`] when the body's facts are sealed or already full.
pub fn note_override(body: &mut Body, reason: &str) -> Result<(), DraftError> {
    if body.sealed.is_some() {
        return Err(DraftError::new(
            "LY_DO_KHONG_GHI_DUOC",
            "override_reason",
            "Việc có các mục giữ kín thì không ghi kèm lý do được. Bỏ mục \"sealed\" hoặc sửa theo câu hỏi.",
            "a reason cannot stand beside sealed facts",
        ));
    }
    let facts = &mut body.facts.get_or_insert_with(Facts::default).0;
    facts.insert(OVERRIDE_FACT.into(), reason.to_owned());
    if facts.len() > ledger_core::body::FACTS_MAX {
        return Err(form_error(
            "body.facts",
            "tối đa 32 mục, kể cả lý do",
            "at most 32 facts, the reason included",
        ));
    }
    Ok(())
}

/// A body as JSON.
pub fn body_to_json(body: &Body) -> Json {
    let mut json = value_to_json(&body.to_value());
    if let Some(ledger_core::body::Fix::Occurred(time)) = &body.fix {
        json["fix"] = json!(["occurred", time.to_string()]);
    }
    json
}

/// Reads and checks a body.
///
/// # Errors
/// [`DraftError`] naming the field.
pub fn read_body(json: &Json) -> Result<Body, DraftError> {
    let mut reader = Reader {
        items_left: ITEMS_MAX,
    };
    let mut value = reader.value("body", json, 0)?;
    if let Value::Map(entries) = &mut value {
        for (key, field) in entries.iter_mut().filter(|(key, _)| key == "fix") {
            with_moment(&format!("body.{key}"), field)?;
        }
    }
    Body::from_value(&value).map_err(|error| body_error(&error))
}

/// `["occurred", "2026-10-12T06:10:00+07:00"]` → `["occurred", [seconds, offset]]`.
fn with_moment(field: &str, fix: &mut Value) -> Result<(), DraftError> {
    if let Value::Array(items) = fix
        && let [Value::Text(path), time @ Value::Text(_)] = items.as_mut_slice()
        && path == "occurred"
    {
        let text = time.as_text().unwrap_or_default();
        *time = Timestamp::parse(text)
            .map_err(|_| time_error(&format!("{field}[1]")))?
            .to_value();
    }
    Ok(())
}

fn read_time(field: &'static str, json: &Json) -> Result<Timestamp, DraftError> {
    json.as_str()
        .and_then(|text| Timestamp::parse(text).ok())
        .ok_or_else(|| time_error(field))
}

fn read_reason(json: &Json) -> Result<String, DraftError> {
    let reason: String = json.as_str().unwrap_or_default().trim().nfc().collect();
    if reason.is_empty() || reason.len() > TEXT_MAX || !is_clean_text(&reason) {
        return Err(form_error(
            "override_reason",
            "ghi lý do bằng chữ, 1 đến 512 byte, không có ký tự điều khiển",
            "a reason is text of 1 to 512 bytes without control characters",
        ));
    }
    Ok(reason)
}

/// Every opening must open something that the body commits to: whatever else is not ours to keep.
fn read_openings(json: &Json, body: &Body) -> Result<Vec<Vec<u8>>, DraftError> {
    let list = json
        .as_array()
        .filter(|list| list.len() <= OPENINGS_MAX)
        .ok_or_else(|| {
            form_error(
                "openings",
                "là một danh sách, tối đa 16 mục {\"$hex\": …}",
                "a list of at most 16 {\"$hex\": …}",
            )
        })?;
    let mut openings = Vec::new();
    for (index, item) in list.iter().enumerate() {
        let field = format!("openings[{index}]");
        let bytes = match (Reader { items_left: 1 }).value(&field, item, 0)? {
            Value::Bytes(bytes) if bytes.len() <= OPENING_MAX_BYTES => bytes,
            _ => {
                return Err(form_error(
                    &field,
                    "ghi {\"$hex\": \"…\"}, tối đa 16.384 byte",
                    "{\"$hex\": …} of at most 16384 bytes",
                ));
            }
        };
        let opening = Opening::decode(&bytes).map_err(|_| {
            form_error(
                &field,
                "không phải bản mở [đường dẫn, muối, giá trị]; lập lại theo docs/formats.md mục 5",
                "not an opening (docs/formats.md section 5)",
            )
        })?;
        if !body.commitments().any(|hash| hash == opening.commitment()) {
            return Err(form_error(
                &field,
                "không khớp cam kết nào trong \"body\"; gửi đúng bản mở của việc này",
                "opens no commitment of the body",
            ));
        }
        openings.push(bytes);
    }
    Ok(openings)
}

/// JSON → [`Value`], within the limits of canonical CBOR.
struct Reader {
    items_left: usize,
}

impl Reader {
    fn value(&mut self, field: &str, json: &Json, depth: usize) -> Result<Value, DraftError> {
        if depth > DEPTH_MAX || self.items_left == 0 {
            return Err(form_error(
                field,
                "quá nhiều mục hoặc lồng quá sâu; chia thành nhiều việc",
                "too many items or nested too deep",
            ));
        }
        self.items_left -= 1;
        match json {
            Json::Null => Ok(Value::Null),
            Json::Bool(flag) => Ok(Value::Bool(*flag)),
            Json::Number(number) => {
                let whole = number
                    .as_i64()
                    .filter(|n| n.unsigned_abs() <= INT_MAX.unsigned_abs());
                whole.map(Value::Int).ok_or_else(|| number_error(field))
            }
            Json::String(text) => self.text(field, text).map(Value::Text),
            Json::Array(items) => {
                let each = items.iter().enumerate();
                each.map(|(i, item)| self.value(&format!("{field}[{i}]"), item, depth + 1))
                    .collect::<Result<_, _>>()
                    .map(Value::Array)
            }
            Json::Object(entries) if entries.keys().any(|key| key.starts_with('$')) => {
                read_hex(field, entries)
            }
            Json::Object(entries) => {
                let mut read = Vec::new();
                for (key, item) in entries {
                    let name = self.text(field, key)?;
                    if read.iter().any(|(known, _)| *known == name) {
                        return Err(form_error(
                            field,
                            "có hai mục cùng tên",
                            "two entries of one name",
                        ));
                    }
                    read.push((
                        name,
                        self.value(&format!("{field}.{}", shortened(key)), item, depth + 1)?,
                    ));
                }
                Ok(Value::map(read))
            }
        }
    }

    /// Text as typed, but NFC.
    fn text(&self, field: &str, text: &str) -> Result<String, DraftError> {
        let text: String = text.nfc().collect();
        if is_clean_text(&text) {
            Ok(text)
        } else {
            Err(form_error(
                field,
                "có ký tự điều khiển; bỏ các ký tự đó rồi gửi lại",
                "text has control characters",
            ))
        }
    }
}

fn read_hex(field: &str, entries: &Map<String, Json>) -> Result<Value, DraftError> {
    let hexed = entries
        .get("$hex")
        .and_then(Json::as_str)
        .filter(|_| entries.len() == 1);
    let lower = |text: &&str| !text.bytes().any(|b| b.is_ascii_uppercase());
    hexed
        .filter(lower)
        .and_then(|text| hex::decode(text).ok())
        .map(Value::Bytes)
        .ok_or_else(|| {
            form_error(
                field,
                "byte ghi là {\"$hex\": \"…\"}, chữ thường, số ký tự chẵn",
                "bytes are {\"$hex\": …} in lower case and nothing else",
            )
        })
}

fn value_to_json(value: &Value) -> Json {
    match value {
        Value::Int(n) => json!(n),
        Value::Bytes(bytes) => hex_json(bytes),
        Value::Text(text) => json!(text),
        Value::Array(items) => items.iter().map(value_to_json).collect(),
        Value::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), value_to_json(value)))
                .collect(),
        ),
        Value::Bool(flag) => json!(flag),
        Value::Null => Json::Null,
    }
}

fn hex_json(bytes: &[u8]) -> Json {
    json!({ "$hex": hex::encode(bytes) })
}

fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}

// ---------------------------------------------------------------------------------------------
// Errors in words

fn form_error(field: &str, vi: &str, en: &str) -> DraftError {
    DraftError::new("SAI_DANG", field, format!("Mục \"{field}\": {vi}."), en)
}

fn not_a_draft() -> DraftError {
    DraftError::new(
        "SAI_DANG",
        "",
        "Mỗi việc là một nhóm {\"occurred\", \"body\", …}. Xem docs/api.md.",
        "a draft is an object",
    )
}

fn missing(field: &'static str) -> DraftError {
    DraftError::new(
        "THIEU_MUC",
        field,
        format!("Thiếu mục \"{field}\". Thêm mục này rồi gửi lại."),
        format!("\"{field}\" is missing"),
    )
}

fn unknown_field(field: &str, known: &str) -> DraftError {
    DraftError::new(
        "MUC_LA",
        field,
        format!("Không có mục \"{field}\". Các mục dùng được: {known}."),
        format!("unknown field; known are {known}"),
    )
}

fn time_error(field: &str) -> DraftError {
    form_error(
        field,
        "ghi giờ như 2026-10-12T06:10:00+07:00",
        "a time is RFC 3339 with its offset: 2026-10-12T06:10:00+07:00",
    )
}

fn number_error(field: &str) -> DraftError {
    form_error(
        field,
        "chỉ dùng số nguyên; khối lượng 1.850,5 kg ghi [18505, 1, \"KGM\"]",
        "numbers are whole; 1850.5 kg is [18505, 1, \"KGM\"]",
    )
}

/// What the format finds wrong with a body.
fn body_error(error: &BodyError) -> DraftError {
    let en = error.to_string();
    match error {
        BodyError::NotABody => DraftError::new(
            "THIEU_MUC",
            "body.kind",
            "Thiếu mục \"kind\" (loại việc) trong \"body\".",
            en,
        ),
        BodyError::UnknownKind(kind) => DraftError::new(
            "LOAI_VIEC_LA",
            "body.kind",
            format!("Không có loại việc \"{kind}\". Xem các loại ở docs/formats.md mục 6."),
            en,
        ),
        BodyError::NotAllowed { kind, field } => DraftError::new(
            "MUC_LA",
            format!("body.{field}"),
            format!(
                "Việc \"{kind}\" không có mục \"{field}\". Bỏ mục này hoặc xem docs/formats.md mục 6."
            ),
            en,
        ),
        BodyError::Missing { kind, demand } => DraftError::new(
            "THIEU_MUC",
            format!("body.{}", demand.trim_end_matches('!')),
            format!(
                "Việc \"{kind}\" thiếu mục \"{}\". Thêm mục này rồi gửi lại.",
                demand.trim_end_matches('!').replace('|', "\" hoặc \"")
            ),
            en,
        ),
        BodyError::Form(field) => form_error(&format!("body.{field}"), form_of(field), &en),
        BodyError::FactsTwice => form_error(
            "body.facts",
            "không dùng cùng lúc với \"sealed\"; giữ một trong hai",
            &en,
        ),
    }
}

/// How a field is written (`docs/formats.md` sections 5 and 6).
fn form_of(field: &str) -> &'static str {
    match field {
        "qty" | "loss" | "added" | "area" => {
            "ghi [18505, 1, \"KGM\"] cho 1.850,5 kg; số nguyên, số chữ số lẻ, mã đơn vị"
        }
        "field" | "place" | "target_place" | "product" => {
            "ghi [\"ORG-01\", \"số\"], số gồm chữ hoa, chữ số và dấu gạch"
        }
        "lot" => "ghi [\"ORG-01\", \"số lô\"]",
        "lots" | "inputs" => {
            "là danh sách 1 đến 64 mục [[\"ORG-01\", \"số lô\"], khối lượng hoặc null]"
        }
        "outputs" => "là danh sách 1 đến 64 mục {\"no\", \"owner\", \"qty\", …}",
        "to" | "from" | "lab" | "org" | "host" => "ghi mã đơn vị như \"ORG-01\"",
        "valid" | "period" => "ghi [\"2026-01-01\", \"2026-12-31\"]",
        "ref" | "picture" | "exact" | "key" | "old" | "hash" | "commitment" | "root" => {
            "ghi {\"$hex\": \"64 chữ số\"}"
        }
        "facts" => "là nhóm {\"tên\": \"chữ\"}, tối đa 32 mục",
        "sources" | "products" | "codes" | "roles" => {
            "là danh sách đúng dạng, 1 đến 64 mục; \"roles\" xếp theo thứ tự chữ cái"
        }
        "fix" => "ghi [\"qty\", giá trị mới] hoặc [\"occurred\", \"giờ\"]",
        _ => "giá trị không đúng dạng; xem docs/formats.md mục 6",
    }
}

// ---------------------------------------------------------------------------------------------
// JSON that says each thing once

/// JSON in which no object names a key twice. The usual reader keeps the last of two without a word, and a
/// signature would then stand under what the writer may not have meant.
#[derive(Debug)]
pub struct UniqueJson(pub Json);

impl<'de> Deserialize<'de> for UniqueJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<UniqueJson, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(UniqueJson)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated keys")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(json!(flag))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Json, E> {
        Ok(json!(n))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Json, E> {
        Ok(json!(n))
    }

    fn visit_f64<E>(self, n: f64) -> Result<Json, E> {
        Ok(json!(n))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(json!(text))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut read = Vec::new();
        while let Some(UniqueJson(item)) = items.next_element()? {
            read.push(item);
        }
        Ok(Json::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut read = Map::new();
        while let Some((key, UniqueJson(value))) = entries.next_entry::<String, UniqueJson>()? {
            if read.contains_key(&key) {
                return Err(de::Error::custom(format!(
                    "key \"{}\" stands twice",
                    shortened(&key)
                )));
            }
            read.insert(key, value);
        }
        Ok(Json::Object(read))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use ledger_core::ids::OrgId;

    fn harvest() -> Json {
        json!({
            "occurred": "2026-10-12T06:10:00+07:00",
            "body": {
                "kind": "harvest",
                "field": ["ORG-01", "PL-01"],
                "entry": "api",
                "facts": { "ghi chú": "hái sáng" },
                "outputs": [{ "no": "XCC-261012-A", "owner": "ORG-01", "qty": [18505, 1, "KGM"], "made": "2026-10-12" }],
            },
        })
    }

    fn with(path: &str, value: Json) -> Json {
        let mut json = harvest();
        *json.pointer_mut(path).unwrap() = value;
        json
    }

    #[test]
    fn a_harvest_reads_and_writes_back() {
        let proposal = Proposal::from_json(&harvest(), false).unwrap();
        let output = &proposal.request.body.outputs.as_ref().unwrap()[0];
        assert_eq!(output.qty.to_string(), "1.850,5 kg");
        assert_eq!(output.owner, OrgId::new("ORG-01").unwrap());
        assert_eq!(proposal.to_json(), harvest());
    }

    #[test]
    fn commitments_openings_and_moments_read_and_write_back() {
        let opening = Opening {
            path: "name".into(),
            salt: [7; 32],
            value: Value::text("Hộ mẫu"),
        };
        let json = json!({
            "occurred": "2026-10-12T06:10:00+07:00",
            "signed": "2026-10-12T06:11:00+07:00",
            "body": { "kind": "org", "id": "HO-1", "name": { "$hex": opening.commitment().to_string() }, "roles": ["producer"] },
            "openings": [{ "$hex": hex::encode(opening.encode()) }],
        });
        assert_eq!(Proposal::from_json(&json, true).unwrap().to_json(), json);
        assert_eq!(
            Proposal::from_json(&json, false).unwrap_err().code,
            "KHONG_DUOC_DAT_GIO_KY"
        );

        let fix = json!({
            "occurred": "2026-10-12T06:10:00+07:00",
            "body": { "kind": "correct", "ref": { "$hex": "ab".repeat(32) }, "fix": ["occurred", "2026-10-11T06:00:00+07:00"] },
        });
        assert_eq!(Proposal::from_json(&fix, false).unwrap().to_json(), fix);
    }

    #[test]
    fn an_override_is_signed_with_the_event() {
        let mut json = harvest();
        json["override_reason"] = json!("cân lại hai lần");
        let proposal = Proposal::from_json(&json, false).unwrap();
        assert_eq!(
            proposal.request.body.facts.unwrap().0[OVERRIDE_FACT],
            "cân lại hai lần"
        );
    }

    #[test]
    fn decomposed_text_becomes_nfc() {
        let json = with("/body/facts", json!({ "ghi chu\u{301}": "Ho\u{300}a" }));
        let facts = Proposal::from_json(&json, false)
            .unwrap()
            .request
            .body
            .facts
            .unwrap();
        assert_eq!(facts.0["ghi chú"], "Hòa");
    }

    #[test]
    fn errors_name_the_field() {
        let no_body = {
            let mut json = harvest();
            json.as_object_mut().unwrap().remove("body");
            json
        };
        let mut stranger = harvest();
        stranger["weather"] = json!("mưa");
        let mut opened = harvest();
        opened["openings"] = json!([{ "$hex": hex::encode(Opening { path: "name".into(), salt: [0; 32], value: Value::Null }.encode()) }]);
        let cases = [
            (json!([]), "SAI_DANG", ""),
            (no_body, "THIEU_MUC", "body"),
            (stranger, "MUC_LA", "weather"),
            (opened, "SAI_DANG", "openings[0]"),
            (
                with("/occurred", json!("12/10/2026")),
                "SAI_DANG",
                "occurred",
            ),
            (
                with("/body/kind", json!("plough")),
                "LOAI_VIEC_LA",
                "body.kind",
            ),
            (
                with("/body/outputs/0/qty/0", json!(1850.5)),
                "SAI_DANG",
                "body.outputs[0].qty[0]",
            ),
            (
                with("/body/outputs/0/qty/0", json!(9_007_199_254_740_992_i64)),
                "SAI_DANG",
                "body.outputs[0].qty[0]",
            ),
            (
                with("/body/outputs/0/owner", json!({ "$hex": "AB" })),
                "SAI_DANG",
                "body.outputs[0].owner",
            ),
            (
                with("/body/outputs/0/owner", json!({ "$date": "x" })),
                "SAI_DANG",
                "body.outputs[0].owner",
            ),
            (with("/body/outputs", json!([])), "SAI_DANG", "body.outputs"),
            (
                with("/body/facts", json!({ "a": "\u{7}" })),
                "SAI_DANG",
                "body.facts.a",
            ),
            (
                with("/body/field", json!([[[[[[[[[[[[[1]]]]]]]]]]]]])),
                "SAI_DANG",
                "body.field[0][0][0][0][0][0][0][0][0][0][0][0]",
            ),
        ];
        for (json, code, field) in cases {
            let error = Proposal::from_json(&json, false).unwrap_err();
            assert_eq!((error.code, error.field.as_str()), (code, field), "{json}");
            assert!(!error.message_vi.is_empty());
        }
    }

    #[test]
    fn a_key_may_stand_once() {
        assert!(serde_json::from_str::<UniqueJson>(r#"{"a":{"b":1,"b":2}}"#).is_err());
        let UniqueJson(json) =
            serde_json::from_str(r#"{"a":[1,-2,1.5,null,true,"x"],"b":{}}"#).unwrap();
        assert_eq!(json, json!({ "a": [1, -2, 1.5, null, true, "x"], "b": {} }));
    }
}
