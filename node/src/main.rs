//! The program `node`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    node::cli::main().await
}
