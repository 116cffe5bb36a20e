//! What carrier and payer do in a sale, per profile. The compiler does not see it: images read it through `black_box`.

use caas_core::charge::{Carrier, Input};
use caas_core::credentials::Credentials;
use caas_core::id::IdError;
use caas_core::profile::{self, Profile, Service};
use caas_core::status_code::{Class, CodeRow};

/// The profiles, each with a sale that goes well.
pub const SALES: [(&str, &Script); 3] = [("mobitel", &MOBITEL), ("ideamart", &IDEAMART), ("dialog", &DIALOG)];

/// A sale: what the host is configured with, what the peer answers, what else happens.
#[derive(Clone, Copy)]
pub struct Script {
    /// The carrier.
    pub profile: &'static Profile<'static>,
    /// The Host header.
    pub host: &'static str,
    /// Puts what proves the host to the carrier where a charge takes it from.
    pub prove: fn(&mut Credentials) -> Result<(), IdError>,
    /// Name of the instrument; `None`: the profile's first.
    pub instrument: Option<&'static str>,
    /// HTTP answers, in turn.
    pub answers: &'static [&'static Answer],
    /// What happens at each wait, in turn.
    pub happens: &'static [Happens],
}

/// A whole HTTP answer.
pub struct Answer {
    /// Head and body.
    pub http: &'static [u8],
    /// Where the body begins.
    head: usize,
}

/// Something that happens while a charge waits.
#[derive(Clone, Copy)]
pub enum Happens {
    /// A notification comes.
    Notification(&'static [u8]),
    /// Something else: the time of the wait comes, somebody presses a button.
    Input(fn() -> Input<'static>),
}

/// The time of the wait comes.
pub const TICK: Happens = Happens::Input(|| Input::Tick);

impl Script {
    /// Who is charged through, once the host's secrets are where a charge takes them from; `None` if they are not as a
    /// charge takes them.
    pub fn carrier<'c>(&self, credentials: &'c mut Credentials) -> Option<Carrier<'c>> {
        (self.prove)(credentials).ok()?;
        Some(Carrier { profile: self.profile, credentials, endpoint: self.profile.endpoint })
    }
}

impl Answer {
    const fn new(http: &'static [u8]) -> Self {
        let mut head = 4;
        while !matches!(http.split_at(head).0, [.., b'\r', b'\n', b'\r', b'\n']) {
            head += 1;
        }
        Answer { http, head }
    }

    /// The body alone.
    pub fn body(&self) -> &'static [u8] {
        self.http.get(self.head..).unwrap_or(&[])
    }
}

/// An answer with this body; its length is given too, and a test of the build compares them.
macro_rules! answer {
    ($length:literal, $body:literal) => {{
        const _: () = assert!($body.len() == $length, "the length given is not the body's");
        &Answer::new(
            concat!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ",
                $length,
                "\r\nConnection: keep-alive\r\n\r\n",
                $body
            )
            .as_bytes(),
        )
    }};
}

/// Values that a Mobitel contract could name. The real ones are documented nowhere.
const STATUSES: &[CodeRow<'static>] = &[
    CodeRow { service: Some(Service::ChargeRequest), code: "1000", class: Class::Pending },
    CodeRow { service: Some(Service::ChargeRequest), code: "1004", class: Class::DeclinedUser },
    CodeRow { service: Some(Service::ChargeRequest), code: "1008", class: Class::HandsetBusy },
    CodeRow { service: Some(Service::Confirm), code: "1001", class: Class::Ok },
    CodeRow { service: Some(Service::Confirm), code: "1002", class: Class::NotApproved },
    CodeRow { service: Some(Service::Confirm), code: "1003", class: Class::DeclinedUser },
];

static MOBITEL_PROFILE: Profile<'static> = profile::mobitel(STATUSES);
static IDEAMART_PROFILE: Profile<'static> = profile::ideamart();
static DIALOG_PROFILE: Profile<'static> = profile::dialog();

/// The payer approves the prompt; a confirm finds out.
pub const MOBITEL: Script = Script {
    profile: &MOBITEL_PROFILE,
    host: "apphub.mobitel.lk",
    prove: |credentials| credentials.client.set("6fc036bd-5e87-3070-0006-6131aabbccdd"),
    instrument: None,
    answers: &[
        answer!(64, r#"{"reference":"320438941208291","message":"sent","status":"1000"}"#),
        answer!(65, r#"{"reference":"320438941208291","message":"later","status":"1002"}"#),
        answer!(62, r#"{"reference":"320438941208291","message":"ok","status":"1001"}"#),
    ],
    happens: &[TICK, TICK, TICK],
};

/// The carrier charges at once.
pub const IDEAMART: Script = Script {
    profile: &IDEAMART_PROFILE,
    host: "api.ideamart.io",
    prove: prove_application,
    instrument: None,
    answers: &[answer!(
        210,
        r#"{"statusCode":"S1000","timeStamp":"2012-07-30T12:48:10-0400","shortDescription":"Long Description","statusDetail":"Success","externalTrxId":"T1-1-1a","longDescription":"short Description","internalTrxId":"321"}"#
    )],
    happens: &[TICK],
};

/// eZ Cash: the payer dials and enters the reference; a notification says that it is paid.
pub const DIALOG: Script = Script {
    profile: &DIALOG_PROFILE,
    host: "api.dialog.lk",
    prove: |credentials| {
        prove_application(credentials)?;
        credentials.agent_pin.set("4444")?;
        credentials.agent_alias.set("VC_0000")
    },
    instrument: Some(profile::DIALOG_EZCASH),
    answers: &[answer!(
        365,
        r#"{"statusCode":"P1003","timeStamp":"2014-02-11T14:19:44.656+05:30","shortDescription":"Please dial #111#; Amount:Rs 5","externalTrxId":"T1-1-1a","statusDetail":"Request successful. Payment notification pending from payment instrument","longDescription":"Please dial #111# and authorize the transaction; Amount:Rs 5","amountDue":"5","internalTrxId":"914021114190001"}"#
    )],
    happens: &[Happens::Notification(
        br#"{"paidAmount":"5.00","externalTrxId":"T1-1-1a","internalTrxId":"914021114190001","referenceId":"17839448","totalAmount":"5","balanceDue":"0.00","currency":"LKR","statusCode":"S1000","statusDetail":"Request was Successfully processed, Due amount fully paid.","timeStamp":"08-Oct-2013 16:32"}"#
    )],
};

/// A notification of a quarter of the price under a reference, with ids at their longest.
macro_rules! quarter {
    ($reference:literal) => {
        Happens::Notification(concat!(
            r#"{"paidAmount":"1.25","externalTrxId":"T1-1234567890123456789012345678a","internalTrxId":"91402111419000100000000000000001","referenceId":""#,
            $reference,
            r#"","totalAmount":"1.25","balanceDue":"3.75","currency":"LKR","statusCode":"S1000","statusDetail":"Success"}"#
        ).as_bytes())
    };
}

/// As [`DIALOG`], with everything at its longest: ids, the text for the payer, four payments of a quarter, each told twice.
pub const FULL: Script = Script {
    answers: &[answer!(
        708,
        r#"{"statusCode":"P1003","timeStamp":"2014-02-11T14:19:44.656+05:30","shortDescription":"Please dial #111#","externalTrxId":"T1-1234567890123456789012345678a","statusDetail":"Request successful. Payment notification pending from payment instrument","longDescription":"Please dial #111# and authorize the transaction to complete the payment; Amount:Rs 5. Please dial #111# and authorize the transaction to complete the payment; Amount:Rs 5. Please dial #111# and authorize the transaction to complete the payment; Amount:Rs 5. Please dial #111# and authorize the transaction to complete th","amountDue":"5","internalTrxId":"91402111419000100000000000000001","requestCorrelator":"8801442233146169943053700500040"}"#
    )],
    happens: &[
        quarter!("REF00000000000000000000000000000"),
        quarter!("REF00000000000000000000000000000"),
        quarter!("REF10000000000000000000000000000"),
        quarter!("REF10000000000000000000000000000"),
        quarter!("REF20000000000000000000000000000"),
        quarter!("REF20000000000000000000000000000"),
        quarter!("REF30000000000000000000000000000"),
        quarter!("REF30000000000000000000000000000"),
    ],
    ..DIALOG
};

fn prove_application(credentials: &mut Credentials) -> Result<(), IdError> {
    credentials.application.set("APP_000018")?;
    credentials.password.set("95904999aa8edb0c038b3295fdd271de")
}
