//! The host between the carrier and the machine: it takes notifications, and the machine pulls them.

use caas_simulator::Simulator;
use caas_transport_std::{
    Listener, ListenerSettings, PathToken, Relay, RelayServer, RelayServerSettings, RelayTerminal, Taken,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The machine's name at the relay: the prefix of the ids that it makes.
const TERMINAL: &str = "VM1";

/// A running relay.
pub struct RelayHost {
    relay: Relay,
    token: String,
    port: u16,
    _listener: Listener,
    _server: RelayServer,
    _runtime: Runtime,
    _folder: TempDir,
}

impl RelayHost {
    /// Starts a relay, and lets the carrier notify it.
    pub fn start(carrier: &Simulator) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let relay = Relay::open(folder.path().join("relay.db")).unwrap();
        let token = PathToken::generate().unwrap();
        let shown = token.reveal().to_owned();
        relay.register(RelayTerminal::new(TERMINAL, token)).unwrap();
        let intake = relay.in_front_of(|_body| async { Taken::TryLater });
        let (listener, server) = runtime.block_on(async {
            let any = "127.0.0.1:0".parse().unwrap();
            let settings = ListenerSettings::new(PathToken::generate().unwrap());
            let listener = Listener::bind(any, settings, intake).await.unwrap();
            let server = RelayServer::bind(any, RelayServerSettings::default(), relay.clone()).await.unwrap();
            (listener, server)
        });
        let url = listener.route().url(&format!("http://{}", listener.local_addr()));
        carrier.set_notify_url(&url.reveal());
        let port = server.local_addr().port();
        Self {
            relay,
            token: shown,
            port,
            _listener: listener,
            _server: server,
            _runtime: runtime,
            _folder: folder,
        }
    }

    /// The words of the machine's command line that lead to it.
    pub fn words(&self) -> [String; 2] {
        [format!("relay={}", self.port), format!("token={}", self.token)]
    }

    /// The machine's token, which no output may hold.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Notifications that the machine has not acknowledged, and those that it could not take.
    pub fn not_taken(&self) -> (usize, usize) {
        (self.relay.waiting().unwrap().len(), self.relay.set_aside(100).unwrap().len())
    }
}
