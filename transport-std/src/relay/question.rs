//! What a terminal asks: read strictly, since a wrong guess here would take a payment off the list.

use std::time::Duration;

use super::answer::LONGEST_WAIT;
use super::store::Said;

/// Where the relay is.
const PATH_START: &str = "/relay/";
/// Hexadecimal digits of a proof.
const PROOF_DIGITS: usize = 8;

/// What a terminal asks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Question {
    Next { after: u32, wait: Duration },
    Acknowledge { number: u32, proof: u32, said: Said },
}

/// The terminal and the query of a path; `None` for another path.
pub(super) fn split_target(target: &str) -> Option<(&str, &str)> {
    let rest = target.strip_prefix(PATH_START)?;
    let (terminal, query) = rest.split_once('?').unwrap_or((rest, ""));
    let plain = !terminal.is_empty() && terminal.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then_some((terminal, query))
}

/// `after=` and `wait=`, each at most once, and nothing else.
pub(super) fn pull(query: &str) -> Option<Question> {
    let (mut after, mut wait) = (None, None);
    for (name, value) in parameters(query) {
        let place = match name {
            "after" => &mut after,
            "wait" => &mut wait,
            _ => return None,
        };
        if place.replace(decimal(value)?).is_some() {
            return None;
        }
    }
    let wait = Duration::from_secs(wait.unwrap_or(0).into());
    (wait <= LONGEST_WAIT).then_some(Question::Next { after: after.unwrap_or(0), wait })
}

/// `taken=` or `set-aside=`, one of them once, and nothing else.
pub(super) fn acknowledgement(query: &str) -> Option<Question> {
    let (name, value) = query.split_once('=')?;
    let said = match name {
        "taken" => Said::Taken,
        "set-aside" => Said::SetAside,
        _ => return None,
    };
    let (number, proof) = value.split_once('-')?;
    let hexadecimal = proof.len() == PROOF_DIGITS && proof.bytes().all(|digit| digit.is_ascii_hexdigit());
    let proof = u32::from_str_radix(proof, 16).ok().filter(|_| hexadecimal)?;
    Some(Question::Acknowledge { number: decimal(number)?, proof, said })
}

fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let all = if query.is_empty() { None } else { Some(query.split('&')) };
    all.into_iter().flatten().map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
}

/// Digits only: no sign, no space.
fn decimal(text: &str) -> Option<u32> {
    if text.bytes().all(|digit| digit.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_has_a_number_and_a_wait_or_neither() {
        let next = |after, wait| Some(Question::Next { after, wait: Duration::from_secs(wait) });
        assert_eq!(pull(""), next(0, 0));
        assert_eq!(pull("after=7"), next(7, 0));
        assert_eq!(pull("wait=30&after=4294967295"), next(u32::MAX, 30));
        for bad in [
            "after",
            "after=",
            "after=-1",
            "after=+1",
            "after= 1",
            "after=1 ",
            "after=0x1",
            "after=4294967296",
            "after=1&after=1",
            "wait=31",
            "wait=30&wait=30",
            "after=1&",
            "&",
            "=",
            "before=1",
            "after=1;wait=1",
            "after=1%20",
            "AFTER=1",
            "after=１",
        ] {
            assert_eq!(pull(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn an_acknowledgement_names_one_notification_wholly() {
        let said = |said| Some(Question::Acknowledge { number: 17, proof: 0x0a1b_2c3d, said });
        assert_eq!(acknowledgement("taken=17-0a1b2c3d"), said(Said::Taken));
        assert_eq!(acknowledgement("set-aside=17-0A1B2C3D"), said(Said::SetAside));
        for bad in [
            "",
            "taken",
            "taken=",
            "taken=17",
            "taken=17-",
            "taken=17-0a1b2c3",
            "taken=17-0a1b2c3d0",
            "taken=17-+a1b2c3d",
            "taken=17-0a1b2c3g",
            "taken=-0a1b2c3d",
            "taken=+17-0a1b2c3d",
            "taken=17-0a1b2c3d&taken=18-0a1b2c3d",
            "taken=4294967296-0a1b2c3d",
            "after=17-0a1b2c3d",
        ] {
            assert_eq!(acknowledgement(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_path_names_a_terminal() {
        assert_eq!(split_target("/relay/K042?after=1?"), Some(("K042", "after=1?")));
        assert_eq!(split_target("/relay/K042"), Some(("K042", "")));
        for bad in [
            "",
            "/",
            "/relay",
            "/relay/",
            "/relay/?after=1",
            "/relay/K/1",
            "/relay/K%20",
            "/relay/../K",
            "//relay/K",
        ] {
            assert_eq!(split_target(bad), None, "{bad:?}");
        }
    }
}
