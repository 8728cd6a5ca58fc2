//! `qr-service`: prints codes, answers scans. See `--help`.

use clap::Parser;
use qr_service::config::{Args, Config};
use tracing_subscriber::EnvFilter;

fn main() -> std::process::ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .init();
    match start(&Args::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn start(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::from_args(args)?;
    let runtime = tokio::runtime::Runtime::new()?;
    tracing::info!(
        "nghe ở http://{}, theo sổ của {}",
        config.listen,
        config.feed.as_str()
    );
    Ok(runtime.block_on(qr_service::run(config, interrupted()))?)
}

/// Ctrl-C, or the signal that a service manager sends.
async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
