//! Who takes part, and with what: organisations, their devices, places, products, certificates, codes and ratings.

use ledger_core::body::{Body, CodeType, Commune, LongText, Number, Point, Sealable, Text, Valid};
use ledger_core::encode::Value;
use ledger_core::ids::{DeviceKey, Hash, OrgId, PlaceId, ProductId};
use ledger_core::kind::Kind;
use ledger_core::time::Date;

use super::csv::{At, Degrees};
use super::rows::{Certificate, Organisation, Place, Product, Rating};
use super::step::{Sealer, Step};
use super::{Enrolment, REGISTERED, Readers, Sample, SampleError};

/// The list of communes in force since the merger of provinces.
const COMMUNES_AS_OF: Date = Date {
    year: 2025,
    month: 7,
    day: 1,
};
/// A public point says which hamlet, not which house: 0.01 degree, about a kilometre.
const PUBLIC_POINT_E7: i64 = 100_000;
/// Producers without a barcode are shown by these.
const WITHOUT_GTIN: [&str; 2] = ["PR-12", "PR-13"];
/// Who prints labels for somebody else's products, and for which.
const DELEGATION: (&str, &str, [&str; 2]) = ("ORG-01", "ORG-08", ["PR-01", "PR-03"]);

fn text(text: &str) -> Option<Text> {
    Some(Text(text.to_owned()))
}

fn commune(code: &str, name: &str) -> Option<Commune> {
    let (code, name) = (code.to_owned(), name.to_owned());
    let as_of = COMMUNES_AS_OF;
    Some(Commune { code, as_of, name })
}

/// A registration by its holder or by the authority.
fn registration(what: &str, id: &str, org: &OrgId, body: Body) -> Step {
    Step::plain(format!("REG:{what}:{id}"), org, REGISTERED, body)
}

impl Sample {
    /// The authority admits every organisation.
    pub(super) fn organisation_steps(
        &self,
        sealer: &mut Sealer<'_>,
    ) -> Result<Vec<Step>, SampleError> {
        let authority = self.authority();
        let step = |org: &Organisation| {
            let body = organisation(org, sealer);
            let mut step = registration("org", org.id.as_str(), authority, body);
            step.openings = sealer.take();
            step.checked(org.at)
        };
        self.files.organisations.iter().map(step).collect()
    }

    /// Holders register places, products and certificates; the authority adds codes and ratings; the owner of two
    /// products lets the packing house label them.
    pub(super) fn registration_steps(
        &self,
        sealer: &mut Sealer<'_>,
    ) -> Result<Vec<Step>, SampleError> {
        let mut steps = Vec::new();
        for row in &self.files.places {
            steps.push(self.place_step(row, sealer)?);
        }
        for row in &self.files.products {
            steps.push(self.product_step(row)?);
        }
        for row in &self.files.places {
            steps.extend(self.certificate_step(row)?);
        }
        for row in &self.files.places {
            steps.extend(self.code_steps(row)?);
        }
        for row in &self.files.organisations {
            steps.extend(self.packing_house_step(row)?);
        }
        for row in &self.files.products {
            steps.extend(self.rating_step(row)?);
        }
        steps.push(self.delegation_step()?);
        Ok(steps)
    }

    fn place_step(&self, row: &Place, sealer: &mut Sealer<'_>) -> Result<Step, SampleError> {
        let is_household = self.organisation(&row.org, row.at)?.is_household();
        let body = place(row, is_household, sealer);
        let mut step = registration("place", &row.id, &row.org, body);
        step.openings = sealer.take();
        step.checked(row.at)
    }

    fn product_step(&self, row: &Product) -> Result<Step, SampleError> {
        let sources = row.source_place_ids.iter();
        let sources = sources.map(|id| self.known_place(id, row.at, "source_place_ids"));
        let sources: Vec<PlaceId> = sources.collect::<Result<_, _>>()?;
        let body = Body {
            id: Some(Number(row.id.clone())),
            name: Some(Sealable::Text(row.name.clone())),
            name_en: text(&row.name_en),
            group: row.group.as_deref().and_then(text),
            gtin: self.gtin(row),
            unit: text(&row.unit),
            net: text(&row.net_content),
            shelf: text(&row.shelf_life),
            storage: text(&row.storage),
            origin: text(&row.origin),
            gi: row.geographical_indication.as_deref().and_then(text),
            sources: Some(sources),
            picture: self.pictures.get(&row.id).map(|picture| picture.hash),
            ..Body::new(Kind::Product)
        };
        registration("product", &row.id, &row.owner, body).checked(row.at)
    }

    fn certificate_step(&self, row: &Place) -> Result<Option<Step>, SampleError> {
        let Some(certificate) = &row.certificate else {
            return Ok(None);
        };
        let place = self.known_place(&row.id, row.at, "place_id")?;
        let body = certificate_body(place, certificate);
        let step = registration("certificate", &row.id, &row.org, body);
        step.checked(row.at).map(Some)
    }

    fn code_steps(&self, row: &Place) -> Result<Vec<Step>, SampleError> {
        let codes = [
            (CodeType::GrowingDomestic, &row.growing_code_domestic),
            (CodeType::GrowingExport, &row.growing_code_export),
            (CodeType::Pond, &row.pond_code),
        ];
        let issued = codes
            .into_iter()
            .filter_map(|(code_type, code)| Some((code_type, code.as_deref()?)));
        let step = |(code_type, code)| self.code_step(&row.id, code_type, code, row.at);
        issued.map(step).collect()
    }

    /// The packing-house code stands with the organisation; it is that of its packing house.
    fn packing_house_step(&self, row: &Organisation) -> Result<Option<Step>, SampleError> {
        let Some(code) = &row.packing_house_code else {
            return Ok(None);
        };
        let packing_house = |place: &&Place| {
            place.org == row.id && place.place_type == ledger_core::body::PlaceType::PackingHouse
        };
        let place = self.files.places.iter().find(packing_house);
        let place = place.ok_or_else(|| row.at.fault("org_id", "it has no packing house"))?;
        self.code_step(&place.id, CodeType::PackingHouse, code, row.at)
            .map(Some)
    }

    fn code_step(
        &self,
        place_id: &str,
        code_type: CodeType,
        code: &str,
        at: At,
    ) -> Result<Step, SampleError> {
        let body = Body {
            target_place: Some(self.known_place(place_id, at, "place_id")?),
            code_type: Some(code_type),
            code: text(code),
            ..Body::new(Kind::PlaceCode)
        };
        let id = format!("{place_id}:{}", code_type.word());
        registration("code", &id, self.authority(), body).checked(at)
    }

    fn rating_step(&self, row: &Product) -> Result<Option<Step>, SampleError> {
        let Some(rating) = &row.rating else {
            return Ok(None);
        };
        let product = self.known_product(&row.id, row.at, "product_id")?;
        let body = rating_body(product, rating);
        let step = registration("rating", &row.id, self.authority(), body);
        step.checked(row.at).map(Some)
    }

    fn delegation_step(&self) -> Result<Step, SampleError> {
        let (owner, packer, products) = DELEGATION;
        let row = |id: &OrgId| id.as_str() == owner;
        let row = self.files.organisations.iter().find(|org| row(&org.id));
        let row = row.ok_or(SampleError::Missing(owner))?;
        let product = |id: &&str| self.known_product(id, row.at, "org_id");
        let products: Vec<ProductId> = products.iter().map(product).collect::<Result<_, _>>()?;
        let body = Body {
            to: Some(OrgId::new(packer).map_err(|error| row.at.fault("org_id", error))?),
            products: Some(products),
            ..Body::new(Kind::Delegate)
        };
        registration("delegate", packer, &row.id, body).checked(row.at)
    }

    /// The product's barcode, where the demonstration gives it one.
    pub(super) fn gtin(&self, row: &Product) -> Option<ledger_core::code::Gtin> {
        (!WITHOUT_GTIN.contains(&row.id.as_str())).then_some(row.gtin)
    }

    /// The authority enrols a device. Keys exist only when a demonstration is made, so the caller brings them.
    pub fn device_step(&self, enrolment: &Enrolment, key: DeviceKey) -> Step {
        let body = Body {
            org: Some(enrolment.org.clone()),
            key: Some(Hash(key.0)),
            lives: Some(enrolment.lives),
            host: enrolment.host.clone(),
            ..Body::new(Kind::Device)
        };
        let id = format!("{}:{key}", enrolment.org);
        registration("device", &id, self.authority(), body)
    }

    /// The authority enrols the libp2p key of an organisation's node.
    pub fn peer_step(&self, org: &OrgId, key: [u8; 32]) -> Step {
        let body = Body {
            org: Some(org.clone()),
            key: Some(Hash(key)),
            ..Body::new(Kind::Peer)
        };
        let id = format!("{org}:{}", Hash(key));
        registration("peer", &id, self.authority(), body)
    }

    /// The authority publishes the text of the trust anchor.
    pub fn anchor_step(&self, anchor: &str) -> Step {
        let body = Body {
            text: Some(LongText(anchor.to_owned())),
            ..Body::new(Kind::Anchor)
        };
        registration("anchor", "1", self.authority(), body)
    }
}

/// What is known of a household in English, and its location number, would undo its commitments.
fn organisation(row: &Organisation, sealer: &mut Sealer<'_>) -> Body {
    let personal = row.is_household();
    Body {
        id: Some(Number(row.id.to_string())),
        name: Some(sealer.text(personal, "name", &row.name)),
        roles: Some(row.roles.clone()),
        name_en: text(&row.name_en).filter(|_| !personal),
        form: text(row.form),
        legal: text(row.legal),
        commune: commune(&row.commune_code, &row.commune_name),
        address: Some(sealer.text(personal, "address", &row.address)),
        old_address: Some(sealer.text(personal, "old_address", &row.old_address)),
        tax: Some(sealer.text(personal, "tax", &row.tax_code)),
        gln: Some(row.gln).filter(|_| !personal),
        ..Body::new(Kind::Org)
    }
}

fn place(row: &Place, personal: bool, sealer: &mut Sealer<'_>) -> Body {
    let exact = sealer.commit(Readers::Authority, "exact", exact(row));
    Body {
        id: Some(Number(row.id.clone())),
        name: Some(sealer.text(personal, "name", &row.name)),
        place_type: Some(row.place_type),
        commune: commune(&row.commune_code, &row.commune_name),
        point: Some(Point {
            latitude_e7: rounded(row.latitude),
            longitude_e7: rounded(row.longitude),
        }),
        exact: Some(exact),
        area: Some(row.area),
        crop: row.crop.as_deref().and_then(text),
        variety: row.variety.as_deref().and_then(text),
        season: row.season.as_deref().and_then(text),
        gln: row.gln.filter(|_| !personal),
        old_address: Some(sealer.text(personal, "old_address", &row.old_address)),
        ..Body::new(Kind::Place)
    }
}

/// `{point: [latitude, longitude], outline: [[latitude, longitude], …]}` in 1e-7 degree.
fn exact(row: &Place) -> Value {
    let point = |latitude: Degrees, longitude: Degrees| {
        Value::Array(vec![Value::Int(latitude.0), Value::Int(longitude.0)])
    };
    let mut exact = vec![("point", point(row.latitude, row.longitude))];
    if let Some(outline) = &row.outline {
        let corner = |(longitude, latitude): &(Degrees, Degrees)| point(*latitude, *longitude);
        let corners = outline.0.iter().map(corner).collect();
        exact.push(("outline", Value::Array(corners)));
    }
    Value::map(exact)
}

fn rounded(degrees: Degrees) -> i64 {
    (degrees.0 + PUBLIC_POINT_E7 / 2).div_euclid(PUBLIC_POINT_E7) * PUBLIC_POINT_E7
}

fn certificate_body(place: PlaceId, certificate: &Certificate) -> Body {
    let valid = |until: Date| Valid {
        from: None,
        until: Some(until),
    };
    Body {
        target_place: Some(place),
        standard: text(&certificate.standard),
        number: text(&certificate.number),
        valid: certificate.valid_to.map(valid),
        ..Body::new(Kind::Certificate)
    }
}

fn rating_body(product: ProductId, rating: &Rating) -> Body {
    Body {
        product: Some(product),
        stars: Some(rating.stars),
        decision: text(&rating.decision),
        valid: Some(Valid {
            from: Some(rating.valid_from),
            until: Some(rating.valid_to),
        }),
        ..Body::new(Kind::Rating)
    }
}
