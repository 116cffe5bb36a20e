//! Which faults wait for which requests, and how often each strikes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::random::Random;
use crate::{Fault, NotificationFault, Service};

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Times {
    /// The next request.
    #[default]
    Once,
    /// The next so many requests.
    Next(u32),
    /// Until the faults are cleared.
    Always,
    /// So many requests of a thousand, by the seed, until the faults are cleared.
    PerMille(u16),
}

/// A fault, what it strikes, and how often. In JSON:
/// `{"service":"directDebit","fault":{"truncate":20},"times":2}`, with the service `notification` for one of a
/// notification; `times` is a number, `"always"` or `{"perMille":50}`, and 1 where it is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RuleText", into = "RuleText")]
pub enum FaultRule {
    /// Of a service.
    Service(Service, Fault, Times),
    /// Of the delivery of notifications.
    Notification(NotificationFault, Times),
}

/// Faults waiting, in the order they were set.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct FaultPlan {
    rules: Vec<(u64, FaultRule)>,
    /// How many rules were ever added: the last one's number.
    added: u64,
}

impl FaultPlan {
    /// More than anybody keeps in mind; each request looks at all of them.
    pub(crate) const MOST: usize = 200;

    pub(crate) fn add(&mut self, rule: FaultRule) -> u64 {
        self.added += 1;
        self.rules.push((self.added, rule));
        self.added
    }

    pub(crate) fn rules(&self) -> &[(u64, FaultRule)] {
        &self.rules
    }

    /// Whether there was a rule of this number.
    pub(crate) fn remove(&mut self, number: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|(own, _)| *own != number);
        self.rules.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn take(&mut self, service: Service, random: &mut Random) -> Option<Fault> {
        self.take_first(random, |rule| match rule {
            FaultRule::Service(of, fault, times) if *of == service => Some((fault.clone(), times)),
            _ => None,
        })
    }

    pub(crate) fn take_notification(&mut self, random: &mut Random) -> Option<NotificationFault> {
        self.take_first(random, |rule| match rule {
            FaultRule::Notification(fault, times) => Some((fault.clone(), times)),
            FaultRule::Service(..) => None,
        })
    }

    /// The first rule that `concerns` the occasion and strikes; one that is used up goes.
    fn take_first<F>(
        &mut self,
        random: &mut Random,
        concerns: impl Fn(&mut FaultRule) -> Option<(F, &mut Times)>,
    ) -> Option<F> {
        let mut struck = None;
        self.rules.retain_mut(|(_, rule)| {
            if struck.is_some() {
                return true;
            }
            let Some((fault, times)) = concerns(rule) else {
                return true;
            };
            let (strikes, stays) = times.strike(random);
            struck = strikes.then_some(fault);
            stays
        });
        struck
    }
}

impl Times {
    /// Whether it strikes now, and whether it may again.
    fn strike(&mut self, random: &mut Random) -> (bool, bool) {
        match self {
            Times::Always => (true, true),
            Times::PerMille(chance) => (random.strikes(*chance), true),
            Times::Once | Times::Next(1) => (true, false),
            Times::Next(0) => (false, false),
            Times::Next(left) => {
                *left -= 1;
                (true, true)
            }
        }
    }
}

impl TryFrom<Value> for Times {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let number = |value: &Value, most: u64| value.as_u64().filter(|number| *number <= most);
        if value == "always" {
            return Ok(Times::Always);
        }
        if let Some(chance) = number(&value["perMille"], 1_000) {
            // At most a thousand, which fits.
            return Ok(Times::PerMille(u16::try_from(chance).unwrap_or(1_000)));
        }
        match number(&value, u32::MAX.into()) {
            Some(1) => Ok(Times::Once),
            Some(times) => Ok(Times::Next(u32::try_from(times).unwrap_or(u32::MAX))),
            None => {
                Err(format!("times is {value}, and not a number, \"always\" or {{\"perMille\":0 to 1000}}"))
            }
        }
    }
}

impl From<Times> for Value {
    fn from(times: Times) -> Self {
        match times {
            Times::Once => Value::from(1),
            Times::Next(left) => Value::from(left),
            Times::Always => Value::from("always"),
            Times::PerMille(chance) => serde_json::json!({ "perMille": chance }),
        }
    }
}

/// A rule as it stands in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    service: Value,
    fault: Value,
    #[serde(default)]
    times: Times,
}

const NOTIFICATION: &str = "notification";

impl TryFrom<RuleText> for FaultRule {
    type Error = serde_json::Error;

    fn try_from(text: RuleText) -> Result<Self, serde_json::Error> {
        if text.service == NOTIFICATION {
            return Ok(FaultRule::Notification(serde_json::from_value(text.fault)?, text.times));
        }
        let service = serde_json::from_value(text.service)?;
        Ok(FaultRule::Service(service, serde_json::from_value(text.fault)?, text.times))
    }
}

impl From<FaultRule> for RuleText {
    fn from(rule: FaultRule) -> Self {
        let value = |written: Result<Value, serde_json::Error>| written.unwrap_or_default();
        match rule {
            FaultRule::Service(service, fault, times) => RuleText {
                service: value(serde_json::to_value(service)),
                fault: value(serde_json::to_value(fault)),
                times,
            },
            FaultRule::Notification(fault, times) => RuleText {
                service: Value::from(NOTIFICATION),
                fault: value(serde_json::to_value(fault)),
                times,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debit(fault: Fault, times: Times) -> FaultRule {
        FaultRule::Service(Service::DirectDebit, fault, times)
    }

    #[test]
    fn faults_of_one_service_strike_in_the_order_set_and_as_often_as_said() {
        let (mut plan, mut random) = (FaultPlan::default(), Random::from_seed(1));
        plan.add(debit(Fault::Garbage, Times::Next(2)));
        plan.add(debit(Fault::ResetConnection, Times::Next(0)));
        plan.add(debit(Fault::EmptyAnswer, Times::Once));
        let taken: Vec<_> = std::iter::from_fn(|| plan.take(Service::DirectDebit, &mut random)).collect();
        assert_eq!(taken, [Fault::Garbage, Fault::Garbage, Fault::EmptyAnswer]);
        assert!(plan.rules().is_empty());
        plan.add(debit(Fault::Garbage, Times::Always));
        assert_eq!(plan.take(Service::QueryBalance, &mut random), None);
    }

    #[test]
    fn where_chance_spares_a_request_the_next_rule_has_its_turn() {
        let (mut plan, mut random) = (FaultPlan::default(), Random::from_seed(1));
        plan.add(debit(Fault::Garbage, Times::PerMille(500)));
        plan.add(debit(Fault::EmptyAnswer, Times::Always));
        let garbage = (0..1_000)
            .filter(|_| plan.take(Service::DirectDebit, &mut random) == Some(Fault::Garbage))
            .count();
        assert!((400..600).contains(&garbage), "{garbage}");
    }

    #[test]
    fn a_rule_reads_back_from_what_it_is_written_as() {
        for rule in [
            debit(Fault::Truncate(7), Times::Once),
            debit(Fault::Status(503, "busy".into()), Times::PerMille(50)),
            FaultRule::Notification(NotificationFault::Drop, Times::Always),
            FaultRule::Notification(NotificationFault::Delay(5), Times::Next(3)),
        ] {
            let text = serde_json::to_string(&rule).unwrap();
            assert_eq!(serde_json::from_str::<FaultRule>(&text).unwrap(), rule, "{text}");
        }
        let wrong = r#"{"service":"directDebit","fault":"garbage","times":{"perMille":1001}}"#;
        assert!(serde_json::from_str::<FaultRule>(wrong).is_err());
    }
}
