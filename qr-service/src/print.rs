//! Codes and labels of lots and products that are in the ledger. Labels before logging are the node's business.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use ledger_core::code::{PrintedCode, ScanTarget, ShortCode};
use ledger_core::lot::LotState;
use ledger_core::verify::StateLine;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::label::{Label, LabelError, Layout, print_page};
use crate::pages::{self, org_name};
use crate::proofs::Answer;
use crate::qr::{Qr, QrError};
use crate::routes::POLICY;
use crate::scan::{Misread, read_path};
use crate::service::{Service, Unavailable};

/// Scale of a PNG unless asked otherwise: legible on a screen, 3 cm on paper at 300 dots an inch.
const SCALE_DEFAULT: u32 = 8;
/// Short codes tried for one label; a lot has one, unless somebody binds for mischief.
const SHORT_CODES_TRIED_MAX: usize = 8;

/// Why nothing is printed.
#[derive(Debug)]
pub enum PrintError {
    /// The address is no code.
    Misread(Misread),
    /// It is one, but leads nowhere: no QR codes for goods that are not in the ledger.
    Unknown,
    /// The lot has nothing that may be printed on new goods.
    NotForSale,
    /// The lot has no short code, or what the law wants on a label is not in the ledger.
    Lacking(&'static str),
    /// A query that asks for the impossible.
    Asked(String),
    /// Nothing can be said now.
    Unavailable(Unavailable),
}

impl From<Misread> for PrintError {
    fn from(error: Misread) -> PrintError {
        PrintError::Misread(error)
    }
}

impl From<Unavailable> for PrintError {
    fn from(error: Unavailable) -> PrintError {
        PrintError::Unavailable(error)
    }
}

impl From<LabelError> for PrintError {
    fn from(error: LabelError) -> PrintError {
        PrintError::Asked(error.to_string())
    }
}

impl From<QrError> for PrintError {
    fn from(error: QrError) -> PrintError {
        PrintError::Asked(error.to_string())
    }
}

impl IntoResponse for PrintError {
    fn into_response(self) -> Response {
        let plain = |status, text: String| (status, text).into_response();
        match self {
            PrintError::Misread(misread) => misread.into_response(),
            PrintError::Unknown => plain(StatusCode::NOT_FOUND, format!("{}.", pages::UNKNOWN)),
            PrintError::NotForSale => plain(
                StatusCode::CONFLICT,
                "Lô này đang thu hồi, tạm giữ, hết hạn hoặc chưa xác nhận được: không in tem."
                    .to_owned(),
            ),
            PrintError::Lacking(what) => {
                plain(StatusCode::CONFLICT, format!("Chưa in được tem: {what}."))
            }
            PrintError::Asked(why) => {
                plain(StatusCode::BAD_REQUEST, format!("Không in được: {why}."))
            }
            PrintError::Unavailable(why) => why.into_response(),
        }
    }
}

/// The query of `/qr/…`.
#[derive(Debug, Deserialize)]
pub struct QrAsked {
    scale: Option<u32>,
}

/// `/qr/01/…/10/….svg`, `.png?scale=`, `/qr/t/….svg`, `/qr/01/….svg`
pub async fn qr(
    State(service): State<Arc<Service>>,
    uri: Uri,
    query: Result<Query<QrAsked>, QueryRejection>,
) -> Result<Response, PrintError> {
    let Query(asked) = query.map_err(|_| PrintError::Asked("scale".to_owned()))?;
    let path = uri.path().strip_prefix("/qr").unwrap_or_default();
    let (path, is_png) = match (path.strip_suffix(".png"), path.strip_suffix(".svg")) {
        (Some(path), _) => (path, true),
        (None, Some(path)) => (path, false),
        (None, None) => return Err(Misread::Malformed.into()),
    };
    let target = read_path(path)?;
    let is_known = match &target {
        ScanTarget::Product(gtin) => !service.products(*gtin).await?.products.is_empty(),
        ScanTarget::Code(code) => service.answer(code).await?.is_known(),
    };
    if !is_known {
        return Err(PrintError::Unknown);
    }
    let code = Qr::encode(&service.config().public_url.of(&target.url_path()))?;
    let (content_type, bytes) = match is_png {
        true => ("image/png", code.png(asked.scale.unwrap_or(SCALE_DEFAULT))?),
        false => (
            "image/svg+xml",
            code.svg(&pages::qr_title(&target)).into_bytes(),
        ),
    };
    Ok((
        [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, "public, max-age=3600"),
        ],
        bytes,
    )
        .into_response())
}

/// The query of `/label/…`.
#[derive(Debug, Deserialize)]
pub struct LabelAsked {
    copies: Option<usize>,
    layout: Option<String>,
}

/// `/label/01/…/10/…?copies=&layout=a4|50x30`: a page to print.
pub async fn label(
    State(service): State<Arc<Service>>,
    uri: Uri,
    query: Result<Query<LabelAsked>, QueryRejection>,
) -> Result<Response, PrintError> {
    let Query(asked) = query.map_err(|_| PrintError::Asked("copies".to_owned()))?;
    let layout = match asked.layout.as_deref() {
        None | Some("a4") => Layout::A4Sheet,
        Some("50x30") => Layout::Thermal50x30,
        Some(other) => return Err(PrintError::Asked(format!("layout={other}"))),
    };
    let ScanTarget::Code(code) = read_path(uri.path().strip_prefix("/label").unwrap_or_default())?
    else {
        return Err(PrintError::Lacking(
            "tem đi theo lô, cần mã có số lô; sản phẩm chỉ có mã QR ở /qr/01/…",
        ));
    };
    let answer = service.answer(&code).await?;
    let label = label_of(&service, &answer).await?;
    let html = print_page(
        &label,
        asked.copies.unwrap_or(layout.labels_per_page()),
        layout,
    )?;
    Ok(with_own_style(html))
}

async fn label_of(service: &Arc<Service>, answer: &Answer) -> Result<Label, PrintError> {
    let lot = answer
        .lot
        .as_ref()
        .filter(|_| answer.is_known())
        .ok_or(PrintError::Unknown)?;
    if answer.verdict.state != StateLine::Lot(LotState::Recorded) {
        return Err(PrintError::NotForSale);
    }
    let product = answer
        .product
        .as_ref()
        .ok_or(PrintError::Lacking("lô này chưa phải thành phẩm"))?;
    let owner = answer
        .owner
        .as_ref()
        .ok_or(PrintError::Lacking("chưa có đơn vị"))?;
    let address = owner.address.clone().or(owner.commune.clone());
    Ok(Label {
        product_name: product
            .name
            .clone()
            .ok_or(PrintError::Lacking("chưa có tên sản phẩm"))?,
        organisation_name: org_name(owner),
        address: address.ok_or(PrintError::Lacking("chưa có địa chỉ đơn vị"))?,
        origin: product
            .origin
            .clone()
            .ok_or(PrintError::Lacking("chưa có xuất xứ"))?,
        lot_number: lot.id.number().to_owned(),
        produced_on: lot.made,
        expires_on: lot.expires,
        short_code: short_code(service, answer).await?,
        url: service.config().public_url.of(&answer.code.url_path()),
        net_content: product
            .net
            .clone()
            .ok_or(PrintError::Lacking("chưa có khối lượng tịnh"))?,
        sample: answer.is_sample,
    })
}

/// The short code that really leads to this lot: anybody can bind one badly.
async fn short_code(service: &Arc<Service>, answer: &Answer) -> Result<ShortCode, PrintError> {
    for short in answer.short_codes.iter().take(SHORT_CODES_TRIED_MAX) {
        let leads_to = service.answer(&PrintedCode::Own(*short)).await?;
        if leads_to.verdict.lot == answer.verdict.lot {
            return Ok(*short);
        }
    }
    Err(PrintError::Lacking("lô này chưa có mã tra cứu"))
}

/// The page brings its style along, so that it can be saved and printed offline. The policy allows exactly that text.
fn with_own_style(html: String) -> Response {
    let style = html
        .split_once("<style>")
        .and_then(|(_, rest)| rest.split_once("</style>"))
        .map_or("", |(style, _)| style);
    let hash = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        Sha256::digest(style),
    );
    let policy = POLICY.replace("style-src 'self'", &format!("style-src 'sha256-{hash}'"));
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
