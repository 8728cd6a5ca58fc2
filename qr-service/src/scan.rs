//! Scans and typed codes: from an address to a page.
//!
//! In scope: parsing the **raw** path (a lot may hold `%2F`), redirects, which status a page has. Out of scope: HTML
//! ([`crate::pages`]).
//!
//! `/01/…` and `/t/…` answer by the rules of a GS1 resolver: 307 to the page, 400 for what is malformed, 404 for what is
//! well formed and leads nowhere. A known product with an unknown lot is answered at the nearest level that exists: a 307
//! to the page, which says that there is no such lot and is itself a 404.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use ledger_core::code::{Gtin, PathError, PrintedCode, ScanTarget, ShortCode};
use serde::Deserialize;

use crate::embed;
use crate::pages::{self, Page};
use crate::service::{Service, Unavailable};

/// Where pages for people stand; behind it the path of the code.
pub const PAGE_ROOT: &str = "/xem";
/// Longest text looked at that somebody typed or pasted: an address with a long query fits.
pub const TYPED_MAX_BYTES: usize = 1_024;
/// How soon a phone may ask again when nothing can be said now.
const RETRY_AFTER_SECONDS: &str = "5";

/// Why a code was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misread {
    /// A short code that was mistyped.
    #[error("{}", pages::MISTYPED)]
    Short,
    /// No code at all.
    #[error("not a code of ours nor a GS1 Digital Link")]
    Malformed,
    /// Good GS1, but not answered here.
    #[error("good GS1, but only products and lots are answered here")]
    Unsupported,
}

impl From<PathError> for Misread {
    fn from(error: PathError) -> Misread {
        match error {
            PathError::Short(_) => Misread::Short,
            error if error.is_unsupported() => Misread::Unsupported,
            _ => Misread::Malformed,
        }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = (self.status, Html(self.html)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(
                header::RETRY_AFTER,
                HeaderValue::from_static(RETRY_AFTER_SECONDS),
            );
        }
        response
    }
}

impl IntoResponse for Misread {
    fn into_response(self) -> Response {
        match self {
            Misread::Short => pages::mistyped(""),
            Misread::Malformed => pages::malformed(),
            Misread::Unsupported => pages::unsupported(),
        }
        .into_response()
    }
}

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        if let Unavailable::Broken(why) = &self {
            tracing::error!("{why}");
        }
        pages::unavailable(&self).into_response()
    }
}

/// Reads the path of a scan. One trailing slash is forgiven, as resolvers do.
pub fn read_path(raw_path: &str) -> Result<ScanTarget, Misread> {
    let path = raw_path
        .strip_suffix('/')
        .filter(|path| !path.is_empty())
        .unwrap_or(raw_path);
    Ok(ScanTarget::from_url_path(path)?)
}

/// Reads what somebody typed or pasted: a short code, a GTIN, the text of a code, or the whole address.
///
/// # Errors
/// [`Misread`]; anything that could be a short code is one that was mistyped.
pub fn read_typed(text: &str) -> Result<ScanTarget, Misread> {
    let text = text.trim();
    if text.len() > TYPED_MAX_BYTES {
        return Err(Misread::Malformed);
    }
    if let Some((_, rest)) = text.split_once("://") {
        let path = rest.find('/').map_or("/", |at| &rest[at..]);
        let path = path.split(['?', '#']).next().unwrap_or(path);
        return read_path(path.strip_prefix(PAGE_ROOT).unwrap_or(path));
    }
    if let Ok(code) = PrintedCode::from_canonical(text) {
        return Ok(ScanTarget::Code(code));
    }
    if text.contains('/') {
        return read_path(&format!("/{}", text.trim_start_matches('/')));
    }
    // Nine letters are a short code; a number of this length on goods is a GTIN.
    if text.len() >= 12
        && text.bytes().all(|b| b.is_ascii_digit())
        && let Ok(gtin) = text.parse::<Gtin>()
    {
        return Ok(ScanTarget::Product(gtin));
    }
    text.parse::<ShortCode>()
        .map(|code| ScanTarget::Code(PrintedCode::Own(code)))
        .map_err(|_| Misread::Short)
}

/// Redirects to a page, query and all.
fn to_page(target: &ScanTarget, query: Option<&str>, status: StatusCode) -> Response {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let location = format!("{PAGE_ROOT}{}{query}", target.url_path());
    (status, [(header::LOCATION, location)]).into_response()
}

/// `/`
pub async fn home(State(service): State<Arc<Service>>) -> Page {
    pages::home(
        service.is_sample().await,
        &service.config().anchor.hash().to_string(),
    )
}

/// The query of `/tim`.
#[derive(Debug, Deserialize)]
pub struct Typed {
    ma: String,
}

/// `/tim?ma=…`: what was typed, to its page.
pub async fn find(query: Result<Query<Typed>, QueryRejection>) -> Response {
    let Ok(Query(typed)) = query else {
        return Misread::Malformed.into_response();
    };
    match read_typed(&typed.ma) {
        Ok(target) => to_page(&target, None, StatusCode::SEE_OTHER),
        Err(Misread::Short) => pages::mistyped(&typed.ma).into_response(),
        Err(misread) => misread.into_response(),
    }
}

/// `/01/…` and `/t/…`: the resolver.
pub async fn resolve(State(service): State<Arc<Service>>, uri: Uri) -> Result<Response, Response> {
    let target = read_path(uri.path()).map_err(IntoResponse::into_response)?;
    let exists = exists(&service, &target)
        .await
        .map_err(IntoResponse::into_response)?;
    if exists {
        return Ok(to_page(
            &target,
            uri.query(),
            StatusCode::TEMPORARY_REDIRECT,
        ));
    }
    page_of(&service, &target).await
}

/// Whether there is something to show at this level or, for a lot, at its product's.
async fn exists(service: &Arc<Service>, target: &ScanTarget) -> Result<bool, Unavailable> {
    let gtin = match target {
        ScanTarget::Product(gtin) => Some(*gtin),
        ScanTarget::Code(code) if service.is_bound(code).await? => return Ok(true),
        ScanTarget::Code(PrintedCode::Gs1 { gtin, .. }) => Some(*gtin),
        ScanTarget::Code(PrintedCode::Own(_)) => None,
    };
    match gtin {
        Some(gtin) => Ok(!service.products(gtin).await?.products.is_empty()),
        None => Ok(false),
    }
}

/// `/xem/…`: the buyer's page, the product's, or a file of theirs.
pub async fn page(State(service): State<Arc<Service>>, uri: Uri) -> Result<Response, Response> {
    if let Some(file) = file(uri.path()) {
        return Ok(file);
    }
    let path = uri.path().strip_prefix(PAGE_ROOT).unwrap_or_default();
    let target = read_path(path).map_err(IntoResponse::into_response)?;
    page_of(&service, &target).await
}

async fn page_of(service: &Arc<Service>, target: &ScanTarget) -> Result<Response, Response> {
    let page = match target {
        ScanTarget::Product(gtin) => product_page(service, *gtin).await,
        ScanTarget::Code(code) => lot_page(service, code).await,
    };
    page.map(|page| no_cache(page.into_response()))
        .map_err(IntoResponse::into_response)
}

async fn product_page(service: &Arc<Service>, gtin: Gtin) -> Result<Page, Unavailable> {
    let answer = service.products(gtin).await?;
    Ok(match answer.products.is_empty() {
        true => pages::unknown_product(&gtin.to_string(), answer.is_sample),
        false => pages::product(&answer),
    })
}

async fn lot_page(service: &Arc<Service>, code: &PrintedCode) -> Result<Page, Unavailable> {
    let answer = service.answer(code).await?;
    let same_gtin = match code {
        PrintedCode::Gs1 { gtin, .. } if !answer.is_known() => Some(service.products(*gtin).await?),
        _ => None,
    };
    Ok(pages::lot(&answer, same_gtin.as_ref()))
}

/// A recall must show at the next look.
fn no_cache(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// `/a/…`: our style sheet; every other address: a code of a kind that is not answered, or nothing.
pub async fn elsewhere(uri: Uri) -> Response {
    if let Some(file) = file(uri.path()) {
        return file;
    }
    match read_path(uri.path()) {
        Err(Misread::Unsupported) => pages::unsupported().into_response(),
        _ => pages::no_page().into_response(),
    }
}

fn file(path: &str) -> Option<Response> {
    let asset = embed::asset_at(path)?;
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Some((headers, asset.bytes).into_response())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_and_paste() {
        let gs1 = "/01/02082600000015/10/XCC261012A1";
        for (typed, path) in [
            ("38C5-7RHV2", "/t/38C57RHV2"),
            (" 38c5 7rhv2 ", "/t/38C57RHV2"),
            ("t/38C57RHV2", "/t/38C57RHV2"),
            ("https://txng.example/t/38C57RHV2?x=1", "/t/38C57RHV2"),
            ("https://txng.example/xem/t/38C57RHV2", "/t/38C57RHV2"),
            ("HTTPS://TXNG.EXAMPLE/01/02082600000015/10/XCC261012A1", gs1),
            ("01/02082600000015/10/XCC261012A1", gs1),
            ("/01/02082600000015/10/XCC261012A1/", gs1),
            ("02082600000015", "/01/02082600000015"),
            ("2082600000015", "/01/02082600000015"),
        ] {
            assert_eq!(
                read_typed(typed).map(|target| target.url_path()),
                Ok(path.to_owned()),
                "{typed}"
            );
        }
        for (typed, misread) in [
            ("38C5-7RHV3", Misread::Short),
            ("", Misread::Short),
            ("38C57RHV", Misread::Short),
            ("02082600000016", Misread::Short),
            ("/01/02082600000016", Misread::Malformed),
            ("https://txng.example", Misread::Malformed),
            ("/t/38C57RHV3", Misread::Short),
            ("/414/8930000000007", Misread::Unsupported),
        ] {
            assert_eq!(read_typed(typed), Err(misread), "{typed}");
        }
        assert_eq!(
            read_typed(&"A".repeat(TYPED_MAX_BYTES)),
            Err(Misread::Short)
        );
        assert_eq!(
            read_typed(&"A".repeat(TYPED_MAX_BYTES + 1)),
            Err(Misread::Malformed)
        );
    }
}
