//! `caas listen`: takes the carrier's notifications until Ctrl-C.

use crate::arguments::Listen;
use crate::desk;
use crate::exit::{Exit, Stop};
use crate::place::Place;
use crate::tell::Tell;

/// Takes notifications. A charge that another process drives learns of them through the journal; one that is settled is
/// changed here.
pub async fn listen(arguments: &Listen) -> Result<Exit, Stop> {
    let Place { carrier, site } = Place::find(&arguments.place, None)?;
    let tell = Tell { json: arguments.place.json, simulated: site.simulated };
    let address = site.configuration.listener.address.unwrap_or(arguments.listen);
    let desk = desk::for_charges(&site, carrier, 1)?;
    let listener = desk::listen(&desk, address, &site.configuration, site.simulated).await?;
    // The token stays out of the terminal's history, except for a simulator, whose token was made for it just now.
    let url = if site.simulated { listener.url().reveal() } else { format!("{:?}", listener.url()) };
    if tell.json {
        tell.line(
            &serde_json::json!({"event": "listening", "url": url, "simulated": site.simulated}).to_string(),
        );
    } else {
        tell.line(&format!("taking notifications at {url}"));
        tell.line("TLS is terminated in front of this. Ctrl-C ends it.");
    }
    // Only a failure to wait for Ctrl-C ends this early.
    tokio::signal::ctrl_c().await.map_err(Stop::broken)?;
    listener.shutdown().await;
    Ok(Exit::Done)
}
