//! Every route of the page and of the API under `/sim/`, in one table. `openapi.json` describes the same ones;
//! a test compares the two both ways.

use crate::admin::{self, Call, Wrong};
use crate::page::{self, File};
use serde_json::Value;

/// One route. A part of the path in braces takes any text.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) work: Work,
}

/// What is done for a route.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    Json(fn(&Call<'_>) -> Result<Value, Wrong>),
    File(&'static File),
    /// The live events.
    Events,
    /// Runs a scenario, which waits.
    Scenario,
}

const fn get(path: &'static str, work: fn(&Call<'_>) -> Result<Value, Wrong>) -> Route {
    Route { method: "GET", path, work: Work::Json(work) }
}

const fn post(path: &'static str, work: fn(&Call<'_>) -> Result<Value, Wrong>) -> Route {
    Route { method: "POST", path, work: Work::Json(work) }
}

const fn put(path: &'static str, work: fn(&Call<'_>) -> Result<Value, Wrong>) -> Route {
    Route { method: "PUT", path, work: Work::Json(work) }
}

const fn delete(path: &'static str, work: fn(&Call<'_>) -> Result<Value, Wrong>) -> Route {
    Route { method: "DELETE", path, work: Work::Json(work) }
}

const fn file(path: &'static str, file: &'static File) -> Route {
    Route { method: "GET", path, work: Work::File(file) }
}

pub(crate) const ROUTES: &[Route] = &[
    file("/", &page::HTML),
    file("/sim/page.css", &page::CSS),
    file("/sim/page.js", &page::JS),
    file("/sim/icon.svg", &page::ICON),
    file("/sim/openapi.json", &page::OPENAPI),
    Route { method: "GET", path: "/sim/events", work: Work::Events },
    Route { method: "POST", path: "/sim/scenario", work: Work::Scenario },
    get("/sim/health", admin::views::health),
    get("/sim/state", admin::views::state),
    get("/sim/ledger", admin::views::ledger),
    get("/sim/prompts", admin::views::prompts),
    get("/sim/payments", admin::views::payments),
    get("/sim/log", admin::views::log),
    post("/sim/log/{id}/resend", admin::resend::resend),
    get("/sim/charges", admin::views::charges),
    post("/sim/prompts/{reference}/{act}", admin::phone::answer_prompt),
    post("/sim/pay", admin::phone::pay),
    post("/sim/fail", admin::phone::fail),
    post("/sim/notifications", admin::phone::send_notification),
    post("/sim/notifications/{reference}/repeat", admin::phone::repeat_notification),
    post("/sim/notifications/{reference}/forge", admin::phone::forge_notification),
    post("/sim/clock", admin::settings::forward),
    get("/sim/settings", admin::settings::get),
    put("/sim/settings", admin::settings::put),
    post("/sim/reset", admin::settings::reset),
    post("/sim/fault", admin::faults::add),
    get("/sim/faults", admin::faults::list),
    post("/sim/faults", admin::faults::add),
    put("/sim/faults", admin::faults::replace),
    delete("/sim/faults", admin::faults::clear),
    delete("/sim/faults/{number}", admin::faults::remove),
    put("/sim/services/{service}/status-code", admin::faults::set_status_code),
    delete("/sim/services/{service}/status-code", admin::faults::clear_status_code),
    get("/sim/subscribers", admin::subscribers::list),
    put("/sim/subscribers/{id}", admin::subscribers::set),
];

/// What a request asks for.
pub(crate) enum Found {
    /// The work, and what stood in the path's braces.
    Work(Work, Vec<String>),
    /// The path is known, by other methods.
    OtherMethods(String),
    Nothing,
}

/// Finds the route of a request.
pub(crate) fn find(method: &str, path: &str) -> Found {
    let mut methods = Vec::new();
    for route in ROUTES {
        if let Some(parameters) = parameters(route.path, path) {
            if route.method == method {
                return Found::Work(route.work, parameters);
            }
            methods.push(route.method);
        }
    }
    if methods.is_empty() { Found::Nothing } else { Found::OtherMethods(methods.join(", ")) }
}

/// What stands at a template's braces, if the path has its form.
fn parameters(template: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut found = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(found),
            (Some(name), Some(text)) if name.starts_with('{') && !text.is_empty() => {
                found.push(percent_decoded(text));
            }
            (Some(name), Some(text)) if name == text => {}
            _ => return None,
        }
    }
}

/// `%3Cimg%3E` as `<img>`; an escape that is none stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some((&byte, after)) = rest.split_first() {
        let escape = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match escape.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(meant) if byte == b'%' => {
                decoded.push(meant);
                rest = &after[2..];
            }
            _ => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_take_one_part_decoded_and_nothing_else() {
        assert_eq!(parameters("/a/{b}/c", "/a/%3Ci%3E/c"), Some(vec!["<i>".to_owned()]));
        assert_eq!(parameters("/a/{b}/c", "/a//c"), None);
        assert_eq!(parameters("/a/{b}", "/a/b/c"), None);
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%e0%b7"), "%zz\u{fffd}");
    }

    #[test]
    fn no_route_hides_another() {
        for route in ROUTES {
            let path = route.path.replace(['{', '}'], "");
            match find(route.method, &path) {
                Found::Work(..) => {}
                Found::OtherMethods(_) | Found::Nothing => panic!("{} {}", route.method, route.path),
            }
        }
        assert!(matches!(find("DELETE", "/sim/ledger"), Found::OtherMethods(methods) if methods == "GET"));
        assert!(matches!(find("GET", "/sim/nothing"), Found::Nothing));
    }

    #[test]
    fn the_served_description_and_the_table_have_the_same_routes() {
        let described: serde_json::Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
        let mut described: Vec<String> = described["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        let mut routed: Vec<String> =
            ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
        described.sort();
        routed.sort();
        assert_eq!(described, routed);
    }

    #[test]
    fn the_description_names_the_parameters_of_its_paths_and_only_parts_that_exist() {
        let text = include_str!("../openapi.json");
        let described: serde_json::Value = serde_json::from_str(text).unwrap();
        for (path, methods) in described["paths"].as_object().unwrap() {
            let wanted: Vec<&str> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            for (method, operation) in methods.as_object().unwrap() {
                let named = operation["parameters"].as_array().cloned().unwrap_or_default();
                let named: Vec<&str> = named.iter().filter_map(|one| one["name"].as_str()).collect();
                assert_eq!(named, wanted, "{method} {path}");
                assert!(operation["summary"].is_string() && operation["responses"]["200"].is_object());
            }
        }
        for part in text.split("\"#/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(described.pointer(&format!("/{part}")).is_some(), "{part}");
        }
    }
}
