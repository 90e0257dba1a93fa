//! `biotope serve`: a bundle over HTTP until Ctrl-C or SIGTERM.

use std::sync::Arc;

use anyhow::{Context, Result};
use biotope::bundle::{Bundle, Predictor};
use biotope_core::{Invalid, Table, config};
use biotope_serve::{Info, ServeConfig};
use console::style;
use tokio::signal::unix::{SignalKind, signal};

use super::house;
use crate::args::{Args, ServeArgs};
use crate::output;

/// Serves until it is told to stop.
pub(crate) fn serve(args: &Args, serve: &ServeArgs) -> Result<bool> {
    let bundle = biotope::stages::predict::open(&house(args)?, &serve.bundle)?;
    let config = configure(bundle.serve(), serve)?;
    let bundle = bundle.with_precision(serve.precision).map_err(biotope::Error::from)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the server's threads")?;
    runtime.block_on(async {
        let listener = biotope_serve::bind(&config.addr).await?;
        announce(&bundle, listener.local_addr()?, args.json);
        let info = Info::of(bundle.signature());
        biotope_serve::serve(Arc::new(bundle), info, config, listener, stop()).await?;
        Ok(true)
    })
}

/// Whether a recipe's `serve` section is one that the server takes.
pub(crate) fn check(section: &Table) -> Result<ServeConfig, Invalid> {
    config::from_table(section).map_err(|invalid| invalid.under("serve"))
}

/// The server's defaults, then what the bundle brings from its recipe, then the command line.
fn configure(section: &Table, serve: &ServeArgs) -> Result<ServeConfig> {
    let mut table = section.clone();
    for set in &serve.sets {
        let parsed: Result<Table, _> = set.parse();
        let quoted = || set.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().into()));
        match (parsed, quoted()) {
            (Ok(pairs), _) => table.extend(pairs),
            (Err(_), Some((key, value))) => drop(table.insert(key, value)),
            (Err(_), None) => {
                return Err(Invalid::new("--set", "must be KEY=VALUE", format!("{set:?}")).into());
            }
        }
    }
    let mut config = check(&table)?;
    config.allow_fetch &= !serve.no_fetch;
    if let Some(addr) = &serve.addr {
        config.addr.clone_from(addr);
    }
    Ok(config)
}

fn announce(bundle: &Bundle, addr: std::net::SocketAddr, json: bool) {
    let signature = bundle.signature();
    let own = bundle.serve();
    if json {
        let line =
            serde_json::json!({ "listening": addr.to_string(), "bundle": signature.name, "recipe": own });
        return output::line(&line.to_string());
    }
    let name = format!("{} version {} ({})", signature.name, signature.version, signature.model);
    output::line(&format!(
        "{} serves on {}",
        style(name).bold(),
        style(format!("http://{addr}")).cyan().underlined()
    ));
    if !own.is_empty() {
        let options: Vec<String> = own.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        output::line(&format!("  its recipe says: {}", options.join(", ")));
    }
    output::line("  /  /predict  /classify  /v2/models  /health  /info  /metrics        Ctrl-C stops");
}

/// Resolves at Ctrl-C or SIGTERM.
async fn stop() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
