//! The notification route: from a request's parts to an answer, with any HTTP server.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use super::content_type::is_json;
use super::handler::NotificationHandler;
use super::live_tokens::LiveTokens;
use super::notification_url::NotificationUrl;
use super::path_token::PathToken;
use super::rate_limit::RateLimit;
use super::route_answer::RouteAnswer;
use super::settings::{RouteError, RouteSettings};

/// The notification route without a server: give it the parts of each request, write what it answers.
///
/// Needs a tokio runtime to run in, because a handler runs in a task of its own.
///
/// What a server of your own must still do: bound the head and body it reads, put deadlines on both, bound its
/// connections, and keep the path out of its access log, which ends in the token.
///
/// ```
/// use caas_transport_std::{NotificationRoute, PathToken, RouteSettings, Taken};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = RouteSettings::new(PathToken::new("0123456789abcdef")?);
/// let route = NotificationRoute::new(settings, |_body| async { Taken::Acknowledge(b"{}".to_vec()) })?;
///
/// let json = [("Content-Type", "application/json")];
/// let answer = route.answer("POST", "/notifications/0123456789abcdef", &json, b"{}".to_vec()).await;
/// assert_eq!(answer.status, 200);
/// let answer = route.answer("POST", "/notifications/guess", &json, b"{}".to_vec()).await;
/// assert_eq!(answer.status, 404);
/// # Ok(())
/// # }
/// ```
pub struct NotificationRoute {
    settings: RouteSettings,
    path_start: String,
    tokens: LiveTokens,
    rate: RateLimit,
    handler: Arc<dyn NotificationHandler>,
    /// One receiver per running handler.
    running: watch::Sender<()>,
}

impl fmt::Debug for NotificationRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotificationRoute").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl NotificationRoute {
    /// Makes a route.
    ///
    /// # Errors
    /// [`RouteError`] names the setting that cannot work.
    pub fn new(settings: RouteSettings, handler: impl NotificationHandler) -> Result<Self, RouteError> {
        settings.check()?;
        Ok(NotificationRoute {
            path_start: format!("/{}/", settings.prefix),
            tokens: LiveTokens::new(settings.token.clone(), settings.previous_token.clone()),
            rate: RateLimit::new(settings.max_per_second, Instant::now()),
            handler: Arc::new(handler),
            running: watch::Sender::new(()),
            settings,
        })
    }

    /// Answers one request. `path` may carry a query, which is ignored. Header names may be in any case. All
    /// failures are answers.
    ///
    /// | status | when |
    /// |---|---|
    /// | 200 | the handler said acknowledge or refuse |
    /// | 404 | another path, or a wrong token; nothing tells them apart |
    /// | 405 | not POST |
    /// | 413 | the body is above the limit |
    /// | 415 | not JSON, or with a Content-Encoding |
    /// | 429 | too many per second; the handler did not see it |
    /// | 503 | the handler said try later, took too long or panicked; never S1000 |
    ///
    /// # Dropping the future
    /// Once the handler has begun it runs to its end; only the answer is lost, and the carrier sends again.
    pub async fn answer(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> RouteAnswer {
        let header = |name: &str| {
            let found = headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
            found.map(|(_, value)| *value)
        };
        if let Err(refusal) = self.admit(method, path, header("content-type"), header("content-encoding")) {
            return refusal;
        }
        if body.len() > self.settings.max_body_bytes {
            return RouteAnswer::body_too_large();
        }
        self.take(body, ()).await
    }

    /// Makes `next` the current token; the one before stays valid until [`retire_previous`] or the next rotation.
    ///
    /// [`retire_previous`]: NotificationRoute::retire_previous
    pub fn rotate_token(&self, next: PathToken) {
        self.tokens.rotate(next);
    }

    /// Ends the validity of the token before the current one.
    pub fn retire_previous(&self) {
        self.tokens.retire_previous();
    }

    /// The URL with the current token under a public base URL such as `https://kiosk.example`. The base is taken
    /// as it is, without slashes at its end; an empty one gives the path alone.
    pub fn url(&self, public_base: &str) -> NotificationUrl {
        let open = format!("{}{}", public_base.trim_end_matches('/'), self.path_start);
        NotificationUrl::new(open, self.tokens.current().reveal())
    }

    /// Waits until no handler runs. Unbounded: put your own time-out around it. Dropping the future is harmless.
    pub async fn handlers_finished(&self) {
        self.running.closed().await;
    }

    /// Decides by the head alone whether the body is worth reading. An unknown path and a wrong token take the
    /// same way through the comparison.
    pub(super) fn admit(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        content_encoding: Option<&str>,
    ) -> Result<(), RouteAnswer> {
        let path = path.split('?').next().unwrap_or_default();
        let (known_path, candidate) = match path.strip_prefix(self.path_start.as_str()) {
            Some(candidate) => (true, candidate),
            None => (false, path),
        };
        let token_right = bool::from(self.tokens.any_matches(candidate.as_bytes()));
        if !(known_path && token_right) {
            return Err(RouteAnswer::not_found());
        }
        if method != "POST" {
            return Err(RouteAnswer::method_not_allowed());
        }
        if !is_json(content_type) || content_encoding.is_some_and(|it| !it.eq_ignore_ascii_case("identity")) {
            return Err(RouteAnswer::not_json());
        }
        if !self.rate.admits(Instant::now()) {
            return Err(RouteAnswer::too_many());
        }
        Ok(())
    }

    /// Runs the handler in a task of its own and waits for it. `held` is dropped when the handler has ended.
    pub(super) async fn take(&self, body: Vec<u8>, held: impl Any + Send) -> RouteAnswer {
        let handler = Arc::clone(&self.handler);
        let running = self.running.subscribe();
        let task = tokio::spawn(async move {
            let _until_the_end = (running, held);
            handler.take(body).await
        });
        match tokio::time::timeout(self.settings.handler_timeout, task).await {
            Ok(Ok(taken)) => RouteAnswer::of(taken),
            // It panicked, or its time is over: nobody said durable.
            Ok(Err(_)) | Err(_) => RouteAnswer::try_later(),
        }
    }

    pub(super) fn max_body_bytes(&self) -> usize {
        self.settings.max_body_bytes
    }
}
