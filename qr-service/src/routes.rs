//! The whole public surface, and the headers that every answer bears.
//!
//! Everything here is public and read-only: no cookie is set or read, nobody logs in, and requests are not logged, because
//! who looked at which label is nobody's business. So any origin may read any answer.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::compression::CompressionLayer;

use crate::api::{self, BATCH_BYTES_MAX};
use crate::service::Service;
use crate::{print, scan};

/// What pages may do. `blob:` is for the product's picture, which the page shows only after hashing it.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// On every answer, errors included.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        "Link, ETag, Location",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// Every address. HEAD is answered wherever GET is.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        // people
        .route("/", get(scan::home))
        .route("/tim", get(scan::find))
        .route("/xem/{*code}", get(scan::page))
        // labels: what is printed on goods leads here
        .route("/01/{*code}", get(scan::resolve))
        .route("/t/{*code}", get(scan::resolve))
        .route("/qr/{*code}", get(print::qr))
        .route("/label/{*code}", get(print::label))
        // phones
        .route("/bundle", get(api::bundle))
        .route("/anchor", get(api::anchor))
        .route("/genesis", get(api::genesis))
        .route("/blob/{hash}", get(api::blob))
        // marketplaces and monitors
        .route("/api/v1/status", get(api::status).post(api::statuses))
        .route("/health", get(api::health))
        .fallback(scan::elsewhere)
        .layer(DefaultBodyLimit::max(BATCH_BYTES_MAX))
        .layer(CompressionLayer::new().gzip(true))
        .layer(from_fn(common))
        .with_state(service)
}

/// Answers what a browser asks before a call from elsewhere, and puts the common headers on.
async fn common(request: Request, next: Next) -> Response {
    let mut response = match *request.method() {
        Method::OPTIONS => preflight(),
        _ => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

fn preflight() -> Response {
    let headers = [
        (header::ALLOW, "GET, HEAD, POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Content-Type, If-None-Match",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
