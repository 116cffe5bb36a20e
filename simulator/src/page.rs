//! The files of the page. They are part of the program: nothing is loaded from a network.

use crate::answer::Answer;

pub(crate) struct File {
    content_type: &'static str,
    text: &'static str,
}

pub(crate) const HTML: File =
    File { content_type: "text/html; charset=utf-8", text: include_str!("page/page.html") };
pub(crate) const CSS: File =
    File { content_type: "text/css; charset=utf-8", text: include_str!("page/page.css") };
pub(crate) const JS: File =
    File { content_type: "text/javascript; charset=utf-8", text: include_str!("page/page.js") };
pub(crate) const ICON: File =
    File { content_type: "image/svg+xml; charset=utf-8", text: include_str!("page/icon.svg") };
pub(crate) const OPENAPI: File =
    File { content_type: "application/json", text: include_str!("../openapi.json") };

/// What every answer of the page and its API tells the browser: only this page's own files, no other site's
/// frame around it, nothing kept.
pub(crate) const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

impl File {
    pub(crate) fn answer(&self) -> Answer {
        Answer::text(200, self.content_type, self.text)
    }
}
