//! The values this simulator answers with where a carrier documents none, and the credentials it knows.
//!
//! Mobitel documents no status value at all. The `MOBITEL_*` values are the simulator's own: distinct, so
//! that a test sees which one came, and public, so that a configuration can name them.

/// The charge request was taken and the payer is asked.
pub const MOBITEL_ACCEPTED: &str = "1000";
/// The payer consented and the money was taken.
pub const MOBITEL_APPROVED: &str = "1001";
/// The payer has not consented (yet, or before the prompt expired).
pub const MOBITEL_NOT_APPROVED: &str = "1002";
/// The payer declined.
pub const MOBITEL_DECLINED: &str = "1003";
/// The payer's balance does not cover the amount.
pub const MOBITEL_INSUFFICIENT_BALANCE: &str = "1004";
/// Confirm named a reference which nobody was given.
pub const MOBITEL_UNKNOWN_REFERENCE: &str = "1005";
/// An earlier confirm took the money.
pub const MOBITEL_ALREADY_CONFIRMED: &str = "1006";
/// The payer entered a wrong PIN.
pub const MOBITEL_WRONG_PIN: &str = "1007";
/// The payer's handset is in another session.
pub const MOBITEL_HANDSET_BUSY: &str = "1008";

/// The application of the seeds' first sample.
pub const APPLICATION_ID: &str = "APP_000018";
/// Its password.
pub const PASSWORD: &str = "95904999aa8edb0c038b3295fdd271de";
/// The value of `x-ibm-client-id` that Mobitel's gateway takes.
pub const CLIENT_ID: &str = "simulator-client-id";
/// The eZ Cash agent PIN of the seeds.
pub const EZCASH_AGENT_PIN: &str = "4444";
/// The eZ Cash agent alias of the seeds.
pub const EZCASH_AGENT_ALIAS: &str = "VC_0000";

/// Every application the seeds' samples name, with its password: the documents' samples run as they are
/// printed.
pub const APPLICATIONS: [(&str, &str); 4] = [
    (APPLICATION_ID, PASSWORD),
    ("APP_000017", PASSWORD),
    ("APP_003483", "10d78f7aba804398e5a6157028f52264"),
    ("APP_003360", "ed3e96aca9ad2be1d22731bb0e8420c3"),
];

/// What chance starts from where no seed is given: two runs see the same faults.
pub const SEED: u64 = 1;
/// Every payment instrument by name and type; a subscriber seen for the first time has both.
pub const INSTRUMENTS: [(&str, &str); 2] = [("Mobile Account", "SYNC"), ("Dialog-Ezcash", "ASYNC")];

/// The port of the vendor's own simulator.
pub const PORT: u16 = 7000;
/// The balance of a subscriber seen for the first time, in minor units: 1000.00.
pub const BALANCE: u64 = 100_000;
/// The account type of a subscriber seen for the first time.
pub const ACCOUNT_TYPE: &str = "Pre Paid";
/// The account status of a subscriber seen for the first time; any other status refuses to be charged.
pub const ACCOUNT_STATUS: &str = "Active";
