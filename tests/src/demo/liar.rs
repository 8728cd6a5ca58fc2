//! A dishonest copy of the verification service, for showing that the phone is not deceived: it hides the recall and
//! the failed test of story S09 and passes everything else on.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use ledger_core::body::Outcome;
use ledger_core::bundle::Bundle;
use ledger_core::kind::Kind;
use ledger_core::sign::Envelope;
use tokio::net::TcpListener;

use super::Fault;
use super::layout::Layout;

/// Starts it within this process.
///
/// # Errors
/// When its port is taken.
pub async fn start(layout: &Layout) -> Result<String, Fault> {
    let listener = TcpListener::bind(("127.0.0.1", layout.liar_port())).await?;
    let honest = format!("http://{}", layout.qr_listen());
    let app = Router::new().fallback(pass_on).with_state(honest);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::warn!(%error, "the dishonest copy has stopped");
        }
    });
    Ok(format!("http://localhost:{}", layout.liar_port()))
}

async fn pass_on(State(honest): State<String>, request: Request) -> Response {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned();
    match fetch(&honest, &path).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn fetch(honest: &str, path: &str) -> Result<Response, Fault> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let answer = client.get(format!("{honest}{path}")).send().await?;
    let mut response = Response::builder().status(answer.status().as_u16());
    for name in ["content-type", "location", "content-security-policy"] {
        if let Some(value) = answer.headers().get(name) {
            response = response.header(name, value.as_bytes());
        }
    }
    let is_bundle = answer
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes() == b"application/cbor");
    let bytes = answer.bytes().await?;
    let bytes = if is_bundle {
        without_the_bad_news(&bytes)?
    } else {
        bytes.to_vec()
    };
    Ok(response.body(Body::from(bytes))?)
}

/// Takes recalls and failed tests out of the events and out of every list.
fn without_the_bad_news(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut bundle = Bundle::decode(bytes)?;
    let is_bad = |bytes: &[u8]| {
        Envelope::parse(bytes).is_ok_and(|envelope| {
            let body = &envelope.payload().draft.body;
            body.kind == Kind::Recall || body.result == Some(Outcome::Fail)
        })
    };
    let hidden: Vec<_> = bundle
        .events
        .iter()
        .filter(|(_, bytes)| is_bad(bytes))
        .map(|(index, _)| *index)
        .collect();
    bundle.events.retain(|(index, _)| !hidden.contains(index));
    bundle
        .subjects
        .iter_mut()
        .for_each(|(_, list)| list.retain(|index| !hidden.contains(index)));
    Ok(bundle.encode())
}
