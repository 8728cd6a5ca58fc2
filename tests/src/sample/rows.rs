//! The rows of the sample's files: every cell already of its type.

use std::path::Path;

use ledger_core::body::{Entry, Lives, PlaceType, Role};
use ledger_core::code::{Gln, Gtin, ShortCode};
use ledger_core::ids::OrgId;
use ledger_core::kind::Kind;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::time::{Date, Timestamp};

use super::SampleError;
use super::csv::{At, BatchUse, Decimal, Degrees, Outline, Record, SampleRole, rows};
use super::facts::FactList;

/// An organisation: `organisations.csv`.
#[derive(Debug)]
pub(super) struct Organisation {
    pub(super) at: At,
    pub(super) id: OrgId,
    pub(super) name: String,
    pub(super) name_en: String,
    /// The form as people say it: `hợp tác xã`.
    pub(super) form: &'static str,
    pub(super) legal: &'static str,
    pub(super) roles: Vec<Role>,
    pub(super) tax_code: String,
    pub(super) gln: Gln,
    pub(super) commune_code: String,
    pub(super) commune_name: String,
    pub(super) address: String,
    pub(super) old_address: String,
    pub(super) lives: Lives,
    pub(super) host: Option<OrgId>,
    pub(super) packing_house_code: Option<String>,
}

const HOUSEHOLD: &str = "hộ kinh doanh";

const FORMS: [(&str, &str); 9] = [
    ("hop_tac_xa", "hợp tác xã"),
    ("hoi_quan", "hội quán"),
    ("ho_kinh_doanh", HOUSEHOLD),
    ("doanh_nghiep", "doanh nghiệp"),
    ("co_so_dong_goi", "cơ sở đóng gói"),
    ("phong_kiem_nghiem", "phòng kiểm nghiệm"),
    ("co_quan_quan_ly", "cơ quan quản lý"),
    ("van_chuyen", "đơn vị vận chuyển"),
    ("ban_le_san", "bán lẻ và sàn bán hàng"),
];

const LEGAL_FORMS: [(&str, &str); 6] = [
    ("hop_tac_xa", "hợp tác xã"),
    ("to_hop_tac", "tổ hợp tác"),
    ("ho_kinh_doanh", HOUSEHOLD),
    ("cong_ty_tnhh", "công ty trách nhiệm hữu hạn"),
    ("don_vi_su_nghiep", "đơn vị sự nghiệp"),
    ("co_quan_nha_nuoc", "cơ quan nhà nước"),
];

const NODE_MODES: [(&str, (Lives, Option<&str>)); 3] = [
    ("own_node", (Lives::Own, None)),
    ("hosted_by_ORG-10", (Lives::Hosted, Some("ORG-10"))),
    ("api_client", (Lives::Api, None)),
];

impl Organisation {
    /// Whether its name and address are those of a person.
    pub(super) fn is_household(&self) -> bool {
        self.form == HOUSEHOLD
    }

    fn read(record: &Record<'_>) -> Result<Organisation, SampleError> {
        let (lives, host) = record.pick("node_mode", &NODE_MODES)?;
        let host = host.map(OrgId::new).transpose();
        let roles = record.list::<SampleRole>("network_roles", ';')?;
        let mut roles: Vec<Role> = roles.into_iter().filter_map(|role| role.0).collect();
        roles.sort_by_key(|role| role.word());
        roles.dedup();
        Ok(Organisation {
            at: record.at,
            id: record.get("org_id")?,
            name: record.get("name_vi")?,
            name_en: record.get("name_en")?,
            form: record.pick("org_type", &FORMS)?,
            legal: record.pick("legal_form", &LEGAL_FORMS)?,
            roles,
            tax_code: record.get("tax_code_fictional")?,
            gln: record.get("gln")?,
            commune_code: record.get("commune_code")?,
            commune_name: record.get("commune_name")?,
            address: record.get("address_vi")?,
            old_address: record.get("address_before_2025_07_01")?,
            lives,
            host: host.map_err(|error| record.at.fault("node_mode", error))?,
            packing_house_code: record.get("packing_house_code_fictional")?,
        })
    }
}

/// A place: `places.csv`.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) at: At,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) place_type: PlaceType,
    pub(super) org: OrgId,
    pub(super) commune_code: String,
    pub(super) commune_name: String,
    pub(super) old_address: String,
    pub(super) latitude: Degrees,
    pub(super) longitude: Degrees,
    pub(super) area: Quantity,
    pub(super) outline: Option<Outline>,
    pub(super) crop: Option<String>,
    pub(super) variety: Option<String>,
    pub(super) season: Option<String>,
    pub(super) certificate: Option<Certificate>,
    pub(super) growing_code_domestic: Option<String>,
    pub(super) growing_code_export: Option<String>,
    pub(super) pond_code: Option<String>,
    pub(super) gln: Option<Gln>,
}

/// The certificate of a place.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) standard: String,
    pub(super) number: String,
    pub(super) valid_to: Option<Date>,
}

const PLACE_TYPES: [(&str, PlaceType); 10] = [
    ("lo_trong", PlaceType::Plot),
    ("ao_nuoi", PlaceType::Pond),
    ("diem_thu_gom", PlaceType::Collection),
    ("nha_so_che", PlaceType::Preparation),
    ("xuong_che_bien", PlaceType::Workshop),
    ("co_so_dong_goi", PlaceType::PackingHouse),
    ("phong_kiem_nghiem", PlaceType::Laboratory),
    ("co_quan", PlaceType::Office),
    ("kho_trung_chuyen", PlaceType::Depot),
    ("cua_hang", PlaceType::Shop),
];

impl Place {
    fn read(record: &Record<'_>) -> Result<Place, SampleError> {
        let area: Decimal = record.get("area_ha")?;
        let area = area.in_unit(Unit::Hectare);
        Ok(Place {
            at: record.at,
            id: record.get("place_id")?,
            name: record.get("name_vi")?,
            place_type: record.pick("place_type", &PLACE_TYPES)?,
            org: record.get("org_id")?,
            commune_code: record.get("commune_code")?,
            commune_name: record.get("commune_name")?,
            old_address: old_address(record)?,
            latitude: record.get("latitude")?,
            longitude: record.get("longitude")?,
            area: area.map_err(|error| record.at.fault("area_ha", error))?,
            outline: record.get("boundary_wkt")?,
            crop: record.get("crop_vi")?,
            variety: record.get("variety_vi")?,
            season: record.get("season_vi")?,
            certificate: certificate(record)?,
            growing_code_domestic: record.get("growing_area_code_domestic_fictional")?,
            growing_code_export: record.get("growing_area_code_export_fictional")?,
            pond_code: record.get("pond_code_fictional")?,
            gln: record.get("gln")?,
        })
    }
}

/// Old commune, district and province, each with its code of that time.
fn old_address(record: &Record<'_>) -> Result<String, SampleError> {
    let commune: String = record.get("commune_name_before_2025_07_01")?;
    let code: String = record.get("commune_code_before_2025_07_01")?;
    let district: String = record.get("district_before_2025_07_01")?;
    let province: String = record.get("province_before_2025_07_01")?;
    Ok(format!("{commune} ({code}), {district}, {province}"))
}

fn certificate(record: &Record<'_>) -> Result<Option<Certificate>, SampleError> {
    let Some(standard) = record.get("standard")? else {
        return Ok(None);
    };
    Ok(Some(Certificate {
        standard,
        number: record.get("standard_cert_no_fictional")?,
        valid_to: record.get("standard_valid_to")?,
    }))
}

/// A product: `products.csv`.
#[derive(Debug)]
pub(super) struct Product {
    pub(super) at: At,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) name_en: String,
    pub(super) owner: OrgId,
    pub(super) group: Option<String>,
    pub(super) rating: Option<Rating>,
    pub(super) gtin: Gtin,
    pub(super) unit: String,
    pub(super) net_content: String,
    pub(super) shelf_life: String,
    pub(super) storage: String,
    pub(super) origin: String,
    pub(super) geographical_indication: Option<String>,
    pub(super) source_place_ids: Vec<String>,
}

/// The OCOP rating of a product.
#[derive(Debug)]
pub(super) struct Rating {
    pub(super) stars: u64,
    pub(super) decision: String,
    pub(super) valid_from: Date,
    pub(super) valid_to: Date,
}

impl Product {
    fn read(record: &Record<'_>) -> Result<Product, SampleError> {
        Ok(Product {
            at: record.at,
            id: record.get("product_id")?,
            name: record.get("name_vi")?,
            name_en: record.get("name_en")?,
            owner: record.get("owner_org_id")?,
            group: record.get("ocop_group_vi")?,
            rating: rating(record)?,
            gtin: record.get("gtin14_restricted")?,
            unit: record.get("unit_vi")?,
            net_content: record.get("net_content")?,
            shelf_life: record.get("shelf_life_vi")?,
            storage: record.get("storage_vi")?,
            origin: record.get("origin_vi")?,
            geographical_indication: record.get("geographical_indication_name")?,
            source_place_ids: record.list("source_place_ids", ';')?,
        })
    }
}

fn rating(record: &Record<'_>) -> Result<Option<Rating>, SampleError> {
    let Some(stars) = record.get("ocop_star")? else {
        return Ok(None);
    };
    Ok(Some(Rating {
        stars,
        decision: record.get("ocop_decision_fictional")?,
        valid_from: record.get("ocop_valid_from")?,
        valid_to: record.get("ocop_valid_to")?,
    }))
}

/// A batch, which is a lot: `batches.csv`.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) at: At,
    pub(super) id: String,
    pub(super) product_id: Option<String>,
    pub(super) owner: OrgId,
    pub(super) lot_number: String,
    pub(super) unit: Unit,
    pub(super) produced_on: Date,
    pub(super) expiry_on: Option<Date>,
    pub(super) short_code: Option<ShortCode>,
    pub(super) digital_link_path: Option<String>,
    pub(super) note: Option<String>,
}

impl Batch {
    fn read(record: &Record<'_>) -> Result<Batch, SampleError> {
        Ok(Batch {
            at: record.at,
            id: record.get("batch_id")?,
            product_id: record.get("product_id")?,
            owner: record.get("owner_org_id")?,
            lot_number: record.get("lot_number_ai10")?,
            unit: record.get("unit_vi")?,
            produced_on: record.get("produced_on")?,
            expiry_on: record.get("expiry_on")?,
            short_code: record.get("qr_short_code_fictional")?,
            digital_link_path: record.get("digital_link_path")?,
            note: record.get("note_vi")?,
        })
    }
}

/// Who may see the other facts of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Everybody.
    Public,
    /// Members of the network.
    Partners,
    /// The authority.
    Authority,
}

const VISIBILITIES: [(&str, Readers); 3] = [
    ("public", Readers::Public),
    ("partners", Readers::Partners),
    ("authority", Readers::Authority),
];

const ENTRY_MODES: [(&str, Entry); 6] = [
    ("dien_thoai", Entry::Phone),
    ("dien_thoai_ngoai_tuyen", Entry::PhoneOffline),
    ("may_tinh", Entry::Pc),
    ("nhap_tu_bang_tinh", Entry::Sheet),
    ("cam_bien", Entry::Sensor),
    ("api", Entry::Api),
];

/// Only a transformation uses up what it names as input.
const IS_TRANSFORMATION: [(&str, bool); 3] = [
    ("ObjectEvent", false),
    ("AggregationEvent", false),
    ("TransformationEvent", true),
];

/// Something that happened: `events.csv`.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) at: At,
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) is_transformation: bool,
    pub(super) org: OrgId,
    pub(super) actor_role: String,
    pub(super) place_id: String,
    pub(super) occurred_at: Timestamp,
    pub(super) recorded_at: Timestamp,
    pub(super) entry: Entry,
    pub(super) inputs: Vec<BatchUse>,
    pub(super) outputs: Vec<BatchUse>,
    pub(super) quantity: Option<Decimal>,
    pub(super) unit: Option<String>,
    pub(super) facts: FactList,
    pub(super) evidence: Option<String>,
    pub(super) readers: Readers,
    pub(super) corrects: Option<String>,
}

impl Event {
    fn read(record: &Record<'_>) -> Result<Event, SampleError> {
        Ok(Event {
            at: record.at,
            id: record.get("event_id")?,
            kind: record.get("event_type")?,
            is_transformation: record.pick("epcis_event_type", &IS_TRANSFORMATION)?,
            org: record.get("org_id")?,
            actor_role: record.get("actor_role_vi")?,
            place_id: record.get("place_id")?,
            occurred_at: record.get("occurred_at")?,
            recorded_at: record.get("recorded_at")?,
            entry: record.pick("entry_mode", &ENTRY_MODES)?,
            inputs: record.list("input_batches", '|')?,
            outputs: record.list("output_batches", '|')?,
            quantity: record.get("quantity")?,
            unit: record.get("unit_vi")?,
            facts: record.get::<Option<_>>("facts_vi")?.unwrap_or_default(),
            evidence: record.get("evidence_vi")?,
            readers: record.pick("visibility", &VISIBILITIES)?,
            corrects: record.get("corrects_event_id")?,
        })
    }
}

/// What a page must say on the day of the sample: `expectations.csv`. Everything by the ids of the sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The finished batch.
    pub batch_id: String,
    /// Its product.
    pub product_id: String,
    /// Recalled (`thu_hoi`), or neither recalled nor on hold (`hop_le`).
    pub recalled: bool,
    /// Codes of the notices, in the order of the page.
    pub notices: Vec<String>,
    /// Every ancestor.
    pub ancestors: Vec<String>,
    /// Where the root lots arose.
    pub source_places: Vec<String>,
    /// Owners of the lot and its ancestors.
    pub organisations: Vec<String>,
}

impl Expectation {
    fn read(record: &Record<'_>) -> Result<Expectation, SampleError> {
        let statuses = [("hop_le", false), ("thu_hoi", true)];
        Ok(Expectation {
            batch_id: record.get("batch_id")?,
            product_id: record.get("product_id")?,
            recalled: record.pick("expected_public_status_2026_10_19", &statuses)?,
            notices: record.list("expected_notices", ';')?,
            ancestors: record.list("expected_ancestor_batches", '|')?,
            source_places: record.list("expected_source_places", '|')?,
            organisations: record.list("expected_organisations", '|')?,
        })
    }
}

/// Every file, read.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) organisations: Vec<Organisation>,
    pub(super) places: Vec<Place>,
    pub(super) products: Vec<Product>,
    pub(super) batches: Vec<Batch>,
    /// In the order in which they reached the ledger.
    pub(super) events: Vec<Event>,
    pub(super) expectations: Vec<Expectation>,
}

impl Files {
    pub(super) fn read(folder: &Path) -> Result<Files, SampleError> {
        let mut events = rows(folder, "events.csv", Event::read)?;
        events.sort_by(|a, b| (a.recorded_at, &a.id).cmp(&(b.recorded_at, &b.id)));
        Ok(Files {
            organisations: rows(folder, "organisations.csv", Organisation::read)?,
            places: rows(folder, "places.csv", Place::read)?,
            products: rows(folder, "products.csv", Product::read)?,
            batches: rows(folder, "batches.csv", Batch::read)?,
            events,
            expectations: rows(folder, "expectations.csv", Expectation::read)?,
        })
    }
}
