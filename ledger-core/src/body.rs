//! The body of an event: a kind and its fields, each with its one type (`docs/formats.md` sections 5 and 6).

use std::collections::BTreeMap;

use crate::code::{Gln, Gtin, PrintedCode, Sscc};
use crate::encode::Value;
use crate::ids::{Hash, LotId, OrgId, PlaceId, ProductId, is_number};
use crate::kind::Kind;
use crate::quantity::{Quantity, Unit};
use crate::sign::ENVELOPE_MAX_BYTES;
use crate::time::{Date, Timestamp};

/// Longest text of a field, in bytes.
pub const TEXT_MAX: usize = 512;
/// Longest policy text of an anchor event, in bytes.
pub const LONG_TEXT_MAX: usize = 8_192;
/// Longest array of a field.
pub const ARRAY_MAX: usize = 64;
/// Most facts of one event.
pub const FACTS_MAX: usize = 32;
/// Longest name of a fact, in bytes.
pub const FACT_NAME_MAX: usize = 64;
/// Longest waiting period: ten years, beyond any label's.
pub const WAIT_DAYS_MAX: u64 = 3_650;

/// A body that the format does not allow. Whoever made the event is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not a map with a text `kind`.
    #[error("the body is not a map with a kind")]
    NotABody,
    /// A kind that this version does not know.
    #[error("unknown kind \"{0}\"")]
    UnknownKind(String),
    /// A field that this kind may not have.
    #[error("{kind} has no field \"{field}\"")]
    NotAllowed {
        /// The kind.
        kind: &'static str,
        /// The field's name, at most 64 characters.
        field: String,
    },
    /// A demand of the table that is not met, such as `field!` or `lots|ref`.
    #[error("{kind} needs {demand}")]
    Missing {
        /// The kind.
        kind: &'static str,
        /// The demand as it stands in the table.
        demand: &'static str,
    },
    /// A field whose value has another form than section 6 says.
    #[error("field \"{0}\" is not of its form")]
    Form(&'static str),
    /// Both `facts` and `sealed`.
    #[error("other facts are either public or sealed, not both")]
    FactsTwice,
}

/// A value that stands in clear, or as the commitment of an opening that is kept outside the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sealable {
    /// In clear.
    Text(String),
    /// Committed; the audience is the public.
    Commitment(Hash),
}

/// Who is entitled to the opening of `sealed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Audience {
    Partners,
    Authority,
}

/// The other facts of an event that is not public, as one commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Who may see the opening.
    pub audience: Audience,
    /// The commitment.
    pub commitment: Hash,
}

/// A lot, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotUse {
    /// The lot.
    pub lot: LotId,
    /// The amount, where it is known.
    pub qty: Option<Quantity>,
}

/// A lot that comes into being.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its number; the lot is (signer's organisation, number).
    pub no: String,
    /// Who owns it.
    pub owner: OrgId,
    /// How much.
    pub qty: Quantity,
    /// The finished product, if it is one.
    pub product: Option<ProductId>,
    /// Date of production or harvest.
    pub made: Option<Date>,
    /// Last good day.
    pub expires: Option<Date>,
    /// Content of one unit, where `qty` counts units.
    pub net: Option<Quantity>,
}

/// Which field of an earlier event a correction replaces, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Fix {
    Qty(Quantity),
    Occurred(Timestamp),
    OutputQty(usize, Quantity),
    OutputMade(usize, Date),
    OutputExpires(usize, Date),
    OutputWithdrawn(usize),
    InputQty(usize, Quantity),
    LotQty(usize, Quantity),
    Loss(Quantity),
    Added(Quantity),
    Count(u64),
    WaitDays(u64),
    Ingredient(Text),
    Result(Outcome),
    Began(Timestamp),
    Fact(String, Text),
}

/// A commune: its code means nothing without the date of the list it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commune {
    /// The code.
    pub code: String,
    /// The date of the code list.
    pub as_of: Date,
    /// The name in that list.
    pub name: String,
}

/// First and last day, inclusive; open where absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Valid {
    /// First day.
    pub from: Option<Date>,
    /// Last day.
    pub until: Option<Date>,
}

impl Valid {
    /// Whether it holds on a day, first and last day included.
    pub fn holds_on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

/// First and last day of a recall, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
}

/// Latitude and longitude in 1e-7 degree (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// North.
    pub latitude_e7: i64,
    /// East.
    pub longitude_e7: i64,
}

/// Last event of a revoked device that is vouched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainPlace {
    /// The epoch.
    pub epoch: u64,
    /// The sequence number in it.
    pub seq: u64,
}

/// Serial numbers of single units, from first to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serials {
    /// The first number.
    pub first: u64,
    /// The last number.
    pub last: u64,
}

/// The bytes of another envelope, kept as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded(pub Vec<u8>);

/// Text of the one-line kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub String);

/// Text of the long kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongText(pub String);

/// The mark `true`; its absence is the other answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark;

/// The id of a registration: a place's or product's number, or an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(pub String);

/// A closed set of words that a field may have.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)] // docs/formats.md section 6 says each
        pub enum $name { $($variant),* }

        impl $name {
            /// Every word, in the order of the specification.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// The word as it stands in events.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }

            /// The variant of a word.
            pub fn from_word(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|variant| variant.word() == word)
            }
        }

        impl FieldType for $name {
            fn from_value(value: &Value) -> Option<Self> {
                $name::from_word(value.as_text()?)
            }
            fn to_value(&self) -> Value {
                Value::text(self.word())
            }
        }
    )*};
}

words! {
    /// What a check or test found.
    Outcome { Pass "pass", Fail "fail" }
    /// How an entry was made.
    Entry { Phone "phone", PhoneOffline "phone_offline", Pc "pc", Sheet "sheet", Sensor "sensor", Api "api" }
    /// What a buyer reports.
    Category { Smell "smell", Taste "taste", Packaging "packaging", ForeignBody "foreign_body", Counterfeit "counterfeit", Other "other" }
    /// What a place is.
    PlaceType {
        Plot "plot", Pond "pond", Barn "barn", Collection "collection", Preparation "preparation", Workshop "workshop",
        PackingHouse "packing_house", Laboratory "laboratory", Office "office", Depot "depot", Shop "shop",
    }
    /// Which register a place's code belongs to.
    CodeType { GrowingDomestic "growing_domestic", GrowingExport "growing_export", Pond "pond", PackingHouse "packing_house" }
    /// Where a device's key lives.
    Lives { Own "own", Hosted "hosted", Phone "phone", Api "api" }
    /// What a device may do for its organisation.
    Rights { Administrator "administrator", Recorder "recorder" }
    /// What the authority publishes for everybody.
    Publication { Page "page", CodeList "code_list", PesticideList "pesticide_list" }
    /// What an organisation may do.
    Role {
        Auditor "auditor", Authority "authority", Carrier "carrier", Certifier "certifier", Laboratory "laboratory",
        Marketplace "marketplace", NodeHost "node_host", Packer "packer", Processor "processor", Producer "producer",
        ProductOwner "product_owner", Retailer "retailer",
    }
}

impl PlaceType {
    /// Whether things grow there.
    pub fn is_growing(self) -> bool {
        matches!(self, PlaceType::Plot | PlaceType::Pond | PlaceType::Barn)
    }
}

/// A field's type: its one CBOR form.
trait FieldType: Sized {
    fn from_value(value: &Value) -> Option<Self>;
    fn to_value(&self) -> Value;
}

macro_rules! field_types {
    ($($type:ty: |$value:ident| $from:expr, |$this:ident| $to:expr;)*) => {$(
        impl FieldType for $type {
            fn from_value($value: &Value) -> Option<Self> { $from }
            fn to_value(&self) -> Value { let $this = self; $to }
        }
    )*};
}

fn pair(value: &Value) -> Option<(&Value, &Value)> {
    match value.as_array()? {
        [a, b] => Some((a, b)),
        _ => None,
    }
}

fn scoped<T>(
    value: &Value,
    new: impl Fn(OrgId, &str) -> Result<T, crate::ids::IdError>,
) -> Option<T> {
    let (org, number) = pair(value)?;
    new(OrgId::from_value(org)?, number.as_text()?).ok()
}

fn two(a: Value, b: Value) -> Value {
    Value::Array(vec![a, b])
}

fn optional(value: Option<Value>) -> Value {
    value.unwrap_or(Value::Null)
}

fn date_or_null(value: &Value) -> Option<Option<Date>> {
    if *value == Value::Null {
        Some(None)
    } else {
        Date::from_value(value).map(Some)
    }
}

fn short_text(value: &Value, max: usize) -> Option<&str> {
    value
        .as_text()
        .filter(|text| !text.trim().is_empty() && text.len() <= max)
}

field_types! {
    OrgId: |v| OrgId::new(v.as_text()?).ok(), |s| Value::text(s);
    PlaceId: |v| scoped(v, PlaceId::new), |s| two(s.org.to_value(), Value::text(s.number()));
    ProductId: |v| scoped(v, ProductId::new), |s| two(s.org.to_value(), Value::text(s.number()));
    LotId: |v| scoped(v, LotId::new), |s| two(s.org.to_value(), Value::text(s.number()));
    Hash: |v| v.as_bytes32().map(Hash), |s| Value::bytes(&s.0);
    Quantity: |v| Quantity::from_value(v).ok(), |s| (*s).to_value();
    Date: |v| Date::parse(v.as_text()?).ok(), |s| Value::text(s);
    u64: |v| v.as_uint(), |s| Value::uint(*s);
    Mark: |v| (*v == Value::Bool(true)).then_some(Mark), |_s| Value::Bool(true);
    Text: |v| short_text(v, TEXT_MAX).map(|t| Text(t.to_owned())), |s| Value::text(&s.0);
    LongText: |v| short_text(v, LONG_TEXT_MAX).map(|t| LongText(t.to_owned())), |s| Value::text(&s.0);
    Number: |v| short_text(v, crate::ids::NUMBER_MAX).map(|t| Number(t.to_owned())), |s| Value::text(&s.0);
    Gtin: |v| v.as_text().filter(|t| t.len() == 14).and_then(|t| t.parse().ok()), |s| Value::text(s);
    Gln: |v| v.as_text()?.parse().ok(), |s| Value::text(s);
    Sscc: |v| v.as_text()?.parse().ok(), |s| Value::text(s);
    PrintedCode: |v| PrintedCode::from_canonical(v.as_text()?).ok(), |s| Value::text(s.canonical());
    Sealable: |v| match v {
            Value::Bytes(_) => v.as_bytes32().map(|h| Sealable::Commitment(Hash(h))),
            _ => short_text(v, TEXT_MAX).map(|t| Sealable::Text(t.to_owned())),
        }, |s| match s { Sealable::Text(t) => Value::text(t), Sealable::Commitment(h) => h.to_value() };
    Audience: |v| match v.as_text()? { "partners" => Some(Audience::Partners), "authority" => Some(Audience::Authority), _ => None },
        |s| Value::text(match s { Audience::Partners => "partners", Audience::Authority => "authority" });
    Sealed: |v| { let (a, c) = pair(v)?; Some(Sealed { audience: Audience::from_value(a)?, commitment: Hash::from_value(c)? }) },
        |s| two(s.audience.to_value(), s.commitment.to_value());
    LotUse: |v| {
            let (lot, qty) = pair(v)?;
            let qty = if *qty == Value::Null { None } else { Some(Quantity::from_value(qty).ok()?) };
            Some(LotUse { lot: LotId::from_value(lot)?, qty })
        }, |s| two(s.lot.to_value(), optional(s.qty.map(Quantity::to_value)));
    Commune: |v| match v.as_array()? {
            [code, as_of, name] => Some(Commune {
                code: short_text(code, 10)?.to_owned(), as_of: Date::from_value(as_of)?, name: short_text(name, TEXT_MAX)?.to_owned() }),
            _ => None,
        }, |s| Value::Array(vec![Value::text(&s.code), s.as_of.to_value(), Value::text(&s.name)]);
    Valid: |v| { let (a, b) = pair(v)?; Some(Valid { from: date_or_null(a)?, until: date_or_null(b)? }) },
        |s| two(optional(s.from.map(|d| d.to_value())), optional(s.until.map(|d| d.to_value())));
    Period: |v| { let (a, b) = pair(v)?; Some(Period { first: Date::from_value(a)?, last: Date::from_value(b)? }) },
        |s| two(s.first.to_value(), s.last.to_value());
    Point: |v| {
            let (lat, lon) = pair(v)?;
            let (lat, lon) = (lat.as_int()?, lon.as_int()?);
            (lat.abs() <= 900_000_000 && lon.abs() <= 1_800_000_000).then_some(Point { latitude_e7: lat, longitude_e7: lon })
        }, |s| two(Value::Int(s.latitude_e7), Value::Int(s.longitude_e7));
    ChainPlace: |v| { let (e, q) = pair(v)?; Some(ChainPlace { epoch: e.as_uint()?, seq: q.as_uint()? }) },
        |s| two(Value::uint(s.epoch), Value::uint(s.seq));
    Timestamp: |v| Timestamp::from_value(v).ok(), |s| (*s).to_value();
    Serials: |v| { let (a, b) = pair(v)?; Some(Serials { first: a.as_uint()?, last: b.as_uint()? }) },
        |s| two(Value::uint(s.first), Value::uint(s.last));
    Embedded: |v| v.as_bytes().filter(|b| !b.is_empty() && b.len() <= ENVELOPE_MAX_BYTES).map(|b| Embedded(b.to_vec())),
        |s| Value::bytes(&s.0);
    Facts: |v| Facts::read(v), |s| Value::map(s.0.iter().map(|(k, t)| (k.clone(), Value::text(t))));
    Output: |v| Output::read(v), |s| s.write();
    Fix: |v| { let (path, value) = pair(v)?; Fix::read(path.as_text()?, value) },
        |s| { let (path, value) = s.write(); two(Value::text(path), value) };
}

impl<T: FieldType> FieldType for Vec<T> {
    fn from_value(value: &Value) -> Option<Self> {
        let items = value.as_array()?;
        if items.is_empty() || items.len() > ARRAY_MAX {
            return None;
        }
        items.iter().map(T::from_value).collect()
    }

    fn to_value(&self) -> Value {
        Value::Array(self.iter().map(T::to_value).collect())
    }
}

/// Other facts: name → text.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Facts(pub BTreeMap<String, String>);

impl Facts {
    fn read(value: &Value) -> Option<Facts> {
        let entries = value.as_map()?;
        if entries.is_empty() || entries.len() > FACTS_MAX {
            return None;
        }
        let fact = |(name, text): &(String, Value)| {
            let name_fits = !name.is_empty() && name.len() <= FACT_NAME_MAX;
            name_fits.then_some((name.clone(), short_text(text, TEXT_MAX)?.to_owned()))
        };
        entries.iter().map(fact).collect::<Option<_>>().map(Facts)
    }
}

impl Output {
    fn read(value: &Value) -> Option<Output> {
        let mut seen = 0;
        let mut field = |name: &str| value.get(name).inspect(|_| seen += 1);
        let no = field("no")?.as_text()?.to_owned();
        let owner = OrgId::from_value(field("owner")?)?;
        LotId::new(owner.clone(), &no).ok()?;
        let output = Output {
            no,
            owner,
            qty: Quantity::from_value(field("qty")?).ok()?,
            product: field("product")
                .map(|v| ProductId::from_value(v).ok_or(()))
                .transpose()
                .ok()?,
            made: field("made")
                .map(|v| Date::from_value(v).ok_or(()))
                .transpose()
                .ok()?,
            expires: field("expires")
                .map(|v| Date::from_value(v).ok_or(()))
                .transpose()
                .ok()?,
            net: field("net").map(Quantity::from_value).transpose().ok()?,
        };
        (value.as_map()?.len() == seen).then_some(output)
    }

    fn write(&self) -> Value {
        let mut entries = vec![
            ("no", Value::text(&self.no)),
            ("owner", self.owner.to_value()),
            ("qty", self.qty.to_value()),
        ];
        entries.extend(self.product.as_ref().map(|p| ("product", p.to_value())));
        entries.extend(self.made.map(|d| ("made", d.to_value())));
        entries.extend(self.expires.map(|d| ("expires", d.to_value())));
        entries.extend(self.net.map(|q| ("net", q.to_value())));
        Value::map(entries)
    }
}

impl Fix {
    fn read(path: &str, value: &Value) -> Option<Fix> {
        let quantity = || Quantity::from_value(value).ok();
        match path {
            "qty" => quantity().map(Fix::Qty),
            "loss" => quantity().map(Fix::Loss),
            "added" => quantity().map(Fix::Added),
            "occurred" => Timestamp::from_value(value).ok().map(Fix::Occurred),
            "began" => Timestamp::from_value(value).ok().map(Fix::Began),
            "count" => value.as_uint().map(Fix::Count),
            "wait_days" => {
                let days = value.as_uint().filter(|days| *days <= WAIT_DAYS_MAX);
                days.map(Fix::WaitDays)
            }
            "ingredient" => Text::from_value(value).map(Fix::Ingredient),
            "result" => Outcome::from_value(value).map(Fix::Result),
            _ => Fix::read_inner(path, value),
        }
    }

    /// The paths that lead into a list or into the other facts.
    fn read_inner(path: &str, value: &Value) -> Option<Fix> {
        let (list, rest) = path.split_once('/')?;
        if list == "facts" {
            let fits = !rest.is_empty() && rest.len() <= FACT_NAME_MAX;
            return fits.then_some(Fix::Fact(rest.to_owned(), Text::from_value(value)?));
        }
        let (index, field) = rest.split_once('/').unwrap_or((rest, ""));
        let n: usize = index
            .parse()
            .ok()
            .filter(|n: &usize| *n < ARRAY_MAX && n.to_string() == index)?;
        let quantity = || Quantity::from_value(value).ok();
        match (list, field) {
            ("outputs", "qty") => quantity().map(|q| Fix::OutputQty(n, q)),
            ("outputs", "made") => Date::from_value(value).map(|d| Fix::OutputMade(n, d)),
            ("outputs", "expires") => Date::from_value(value).map(|d| Fix::OutputExpires(n, d)),
            ("outputs", "") if !rest.contains('/') => {
                (*value == Value::Null).then_some(Fix::OutputWithdrawn(n))
            }
            ("inputs", "qty") => quantity().map(|q| Fix::InputQty(n, q)),
            ("lots", "qty") => quantity().map(|q| Fix::LotQty(n, q)),
            _ => None,
        }
    }

    fn write(&self) -> (String, Value) {
        match self {
            Fix::Qty(q) => ("qty".into(), q.to_value()),
            Fix::Loss(q) => ("loss".into(), q.to_value()),
            Fix::Added(q) => ("added".into(), q.to_value()),
            Fix::Occurred(t) => ("occurred".into(), t.to_value()),
            Fix::Began(t) => ("began".into(), t.to_value()),
            Fix::Count(n) => ("count".into(), Value::uint(*n)),
            Fix::WaitDays(days) => ("wait_days".into(), Value::uint(*days)),
            Fix::Ingredient(text) => ("ingredient".into(), text.to_value()),
            Fix::Result(outcome) => ("result".into(), outcome.to_value()),
            Fix::OutputQty(n, q) => (format!("outputs/{n}/qty"), q.to_value()),
            Fix::OutputMade(n, d) => (format!("outputs/{n}/made"), d.to_value()),
            Fix::OutputExpires(n, d) => (format!("outputs/{n}/expires"), d.to_value()),
            Fix::OutputWithdrawn(n) => (format!("outputs/{n}"), Value::Null),
            Fix::InputQty(n, q) => (format!("inputs/{n}/qty"), q.to_value()),
            Fix::LotQty(n, q) => (format!("lots/{n}/qty"), q.to_value()),
            Fix::Fact(name, text) => (format!("facts/{name}"), text.to_value()),
        }
    }
}

macro_rules! fields {
    ($($name:ident $key:literal: $type:ty,)*) => {
        /// A kind and its fields. [`Body::from_value`] and [`Body::to_value`] are inverse to each other.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs)] // docs/formats.md section 6 says each
        pub struct Body {
            pub kind: Kind,
            $(pub $name: Option<$type>,)*
        }

        impl Body {
            /// A body without fields yet.
            pub fn new(kind: Kind) -> Body {
                Body { kind, $($name: None,)* }
            }

            fn set(&mut self, key: &str, value: &Value) -> Result<bool, BodyError> {
                match key {
                    $($key => self.$name = Some(<$type as FieldType>::from_value(value).ok_or(BodyError::Form($key))?),)*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            fn entries(&self) -> Vec<(&'static str, Value)> {
                let mut entries = Vec::new();
                $(entries.extend(self.$name.as_ref().map(|value| ($key, value.to_value())));)*
                entries
            }
        }
    };
}

fields! {
    field "field": PlaceId,
    place "place": PlaceId,
    lots "lots": Vec<LotUse>,
    inputs "inputs": Vec<LotUse>,
    outputs "outputs": Vec<Output>,
    qty "qty": Quantity,
    loss "loss": Quantity,
    added "added": Quantity,
    to "to": OrgId,
    from "from": OrgId,
    lab "lab": OrgId,
    org "org": OrgId,
    ingredient "ingredient": Text,
    wait_days "wait_days": u64,
    began "began": Timestamp,
    result "result": Outcome,
    count "count": u64,
    serials "serials": Serials,
    area_code "area_code": Text,
    old_label "old_label": Mark,
    label_address "label_address": Sealable,
    sscc "sscc": Sscc,
    reason "reason": Text,
    product "product": ProductId,
    target_place "target_place": PlaceId,
    period "period": Period,
    reference "ref": Hash,
    fix "fix": Fix,
    category "category": Category,
    entry "entry": Entry,
    facts "facts": Facts,
    sealed "sealed": Sealed,
    id "id": Number,
    name "name": Sealable,
    address "address": Sealable,
    tax "tax": Sealable,
    name_en "name_en": Text,
    crop "crop": Text,
    variety "variety": Text,
    season "season": Text,
    group "group": Text,
    unit "unit": Text,
    net "net": Text,
    shelf "shelf": Text,
    storage "storage": Text,
    origin "origin": Text,
    gi "gi": Text,
    decision "decision": Text,
    standard "standard": Text,
    number "number": Text,
    old_address "old_address": Sealable,
    form "form": Text,
    legal "legal": Text,
    place_type "type": PlaceType,
    commune "commune": Commune,
    point "point": Point,
    exact "exact": Hash,
    area "area": Quantity,
    gln "gln": Gln,
    gtin "gtin": Gtin,
    sources "sources": Vec<PlaceId>,
    picture "picture": Hash,
    code_type "code_type": CodeType,
    code "code": Text,
    stars "stars": u64,
    valid "valid": Valid,
    products "products": Vec<ProductId>,
    codes "codes": Vec<PrintedCode>,
    lot "lot": LotId,
    roles "roles": Vec<Role>,
    key "key": Hash,
    lives "where": Lives,
    host "host": OrgId,
    old "old": Hash,
    last "last": ChainPlace,
    rights "rights": Rights,
    envelope "envelope": Embedded,
    commitment "commitment": Hash,
    what "what": Publication,
    hash "hash": Hash,
    text "text": LongText,
    size "size": u64,
    root "root": Hash,
}

impl Body {
    /// Reads and checks a body.
    ///
    /// # Errors
    /// [`BodyError`] naming the field that is wrong, missing or not allowed.
    pub fn from_value(value: &Value) -> Result<Body, BodyError> {
        let entries = value.as_map().ok_or(BodyError::NotABody)?;
        let kind = value
            .get("kind")
            .and_then(Value::as_text)
            .ok_or(BodyError::NotABody)?;
        let kind = Kind::from_name(kind)
            .ok_or_else(|| BodyError::UnknownKind(kind.chars().take(64).collect()))?;
        let mut body = Body::new(kind);
        for (key, field) in entries.iter().filter(|(key, _)| key != "kind") {
            if !kind.row().allows(key) || !body.set(key, field)? {
                return Err(BodyError::NotAllowed {
                    kind: kind.name(),
                    field: key.chars().take(64).collect(),
                });
            }
        }
        if let Some(demand) = kind.row().unmet(|field| value.get(field).is_some()) {
            return Err(BodyError::Missing {
                kind: kind.name(),
                demand,
            });
        }
        body.check_values()?;
        Ok(body)
    }

    /// The CBOR form.
    pub fn to_value(&self) -> Value {
        let kind = ("kind", Value::text(self.kind.name()));
        Value::map(self.entries().into_iter().chain([kind]))
    }

    /// What the types of the fields do not say by themselves.
    fn check_values(&self) -> Result<(), BodyError> {
        let form = |ok: bool, field| {
            if ok {
                Ok(())
            } else {
                Err(BodyError::Form(field))
            }
        };
        if self.facts.is_some() && self.sealed.is_some() {
            return Err(BodyError::FactsTwice);
        }
        form(
            self.wait_days.is_none_or(|days| days <= WAIT_DAYS_MAX),
            "wait_days",
        )?;
        form(
            self.stars.is_none_or(|stars| (3..=5).contains(&stars)),
            "stars",
        )?;
        form(
            self.area.is_none_or(|area| area.unit() == Unit::Hectare),
            "area",
        )?;
        form(
            self.roles
                .as_ref()
                .is_none_or(|roles| roles.is_sorted_by(|a, b| a.word() < b.word())),
            "roles",
        )?;
        form(self.period.is_none_or(|p| p.first <= p.last), "period")?;
        form(self.serials.is_none_or(|s| s.first <= s.last), "serials")?;
        let id_fits = |id: &Number| match self.kind {
            Kind::Org => OrgId::new(&id.0).is_ok(),
            _ => is_number(&id.0),
        };
        form(self.id.as_ref().is_none_or(id_fits), "id")
    }

    /// The commitments in it, of whatever audience.
    pub fn commitments(&self) -> impl Iterator<Item = Hash> + '_ {
        self.committed_fields().map(|(_, commitment)| commitment)
    }

    /// The same with the path of each: the name of the field whose value it hides.
    pub fn committed_fields(&self) -> impl Iterator<Item = (&'static str, Hash)> + '_ {
        let sealable = [
            ("name", &self.name),
            ("address", &self.address),
            ("old_address", &self.old_address),
            ("tax", &self.tax),
            ("label_address", &self.label_address),
        ];
        let committed = sealable
            .into_iter()
            .filter_map(|(path, value)| match value {
                Some(Sealable::Commitment(hash)) => Some((path, *hash)),
                Some(Sealable::Text(_)) | None => None,
            });
        let sealed = self.sealed.as_ref().map(|sealed| sealed.commitment);
        committed
            .chain(sealed.map(|commitment| ("facts", commitment)))
            .chain(self.exact.map(|commitment| ("exact", commitment)))
    }

    /// The commitments whose audience is the public.
    pub fn public_commitments(&self) -> impl Iterator<Item = Hash> + '_ {
        let closed: Vec<Hash> = self
            .sealed
            .as_ref()
            .map(|sealed| sealed.commitment)
            .into_iter()
            .chain(self.exact)
            .collect();
        self.commitments()
            .filter(move |hash| !closed.contains(hash))
    }
}
