//! What the machine was provisioned with: words of the emulator's command line, `name=value`. A real machine has them in
//! memory of its own, written by whoever sets it up.

use caas_core::credentials::{Credentials, Secret};
use core::fmt::Write;
use heapless::String;

use crate::semihosting::{self, CommandLine};

/// Longest value of the Authorization header for the relay.
const AUTHORIZATION_MAX: usize = 80;
/// Longest endpoint: `http://10.0.2.2:65535`.
const ENDPOINT_MAX: usize = 24;

/// Where the carrier and the relay are, and what proves this machine to them.
pub struct Provisioned {
    /// The carrier's profile: `mobitel` or `dialog`.
    pub carrier: String<8>,
    /// The carrier's port on the host.
    pub port: u16,
    /// The carrier's base URL.
    pub endpoint: String<ENDPOINT_MAX>,
    /// What proves the machine to the carrier.
    pub credentials: Credentials,
    /// The relay's port on the host, if there is a relay.
    pub relay_port: Option<u16>,
    /// The relay's host, for the Host header.
    pub relay_host: String<ENDPOINT_MAX>,
    /// The Authorization header for the relay.
    pub relay_authorization: String<AUTHORIZATION_MAX>,
}

/// The word of this name is missing, or is not what it should be.
#[derive(Clone, Copy, Debug)]
pub struct Wrong(pub &'static str);

impl Provisioned {
    /// Reads the command line.
    pub fn read() -> Result<Self, Wrong> {
        let words = Words(semihosting::command_line());
        let port = words.port("port")?.ok_or(Wrong("port"))?;
        let relay_port = words.port("relay")?;
        let credentials = Credentials {
            client: words.secret("client")?,
            application: words.secret("application")?,
            password: words.secret("password")?,
            agent_pin: words.secret("pin")?,
            agent_alias: words.secret("alias")?,
        };
        let carrier = words.get("carrier").ok_or(Wrong("carrier"))?;
        Ok(Provisioned {
            carrier: String::try_from(carrier).map_err(|_| Wrong("carrier"))?,
            port,
            endpoint: text(format_args!("http://10.0.2.2:{port}"))?,
            credentials,
            relay_port,
            relay_host: text(format_args!("10.0.2.2:{}", relay_port.unwrap_or(0)))?,
            relay_authorization: text(format_args!("Bearer {}", words.get("token").unwrap_or("")))?,
        })
    }
}

struct Words(CommandLine);

impl Words {
    fn get(&self, name: &str) -> Option<&str> {
        let pairs = self.0.split(' ').filter_map(|word| word.split_once('='));
        pairs.into_iter().find(|pair| pair.0 == name).map(|pair| pair.1)
    }

    fn port(&self, name: &'static str) -> Result<Option<u16>, Wrong> {
        self.get(name).map(|port| port.parse().map_err(|_| Wrong(name))).transpose()
    }

    /// A secret that is not given is empty: which ones are needed depends on the carrier, and the core asks for those.
    fn secret(&self, name: &'static str) -> Result<Secret, Wrong> {
        self.get(name).map_or(Ok(Secret::default()), |text| Secret::new(text).map_err(|_| Wrong(name)))
    }
}

fn text<const N: usize>(arguments: core::fmt::Arguments<'_>) -> Result<String<N>, Wrong> {
    let mut text = String::new();
    text.write_fmt(arguments).map_err(|_| Wrong("token"))?;
    Ok(text)
}
