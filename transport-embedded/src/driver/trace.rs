//! Debug output: what the driver does, without any text of the carrier, the payer or the configuration.

/// A step of the driver. It holds numbers and kinds only, so that nothing secret can stand in it (I12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(not(feature = "defmt"), allow(dead_code, reason = "only debug output reads it"))]
pub enum Step {
    /// A record was written, or was not.
    Persisted(bool),
    /// A record was taken up.
    TakenUp,
    /// A charge was put away.
    PutAway,
    /// A connection was opened, or was not.
    Dialled(bool),
    /// A request goes out: its service and its length.
    Sending(caas_core::profile::Service, usize),
    /// An answer came: its HTTP status.
    Answered(u16),
    /// There is no answer.
    Lost(caas_core::charge::Sent),
    /// A notification was taken, or was not.
    Notified(bool),
}

/// Puts a step out.
#[cfg(feature = "defmt")]
pub fn trace(step: Step) {
    defmt::debug!("caas: {}", step);
}

/// Nobody listens.
#[cfg(not(feature = "defmt"))]
pub fn trace(_: Step) {}
