//! The Ideamart family: balance query, direct debit, list of payment instruments.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::executed_debit::ExecutedDebit;
use crate::fields::Fields;
use crate::settings::DuplicateAnswer;
use crate::state::State;
use crate::{
    Capture, CaptureSource, CarrierFamily, EzCashRequest, EzCashState, executed_debit, magic, money, preset,
    subscriber,
};

/// What every service of the family wants: a JSON object, known credentials, a subscriber.
pub(crate) fn admit<'a>(
    state: &mut State,
    fields: Option<&'a Fields>,
    now: u64,
) -> Result<Admitted<'a>, Answer> {
    let fields = fields.ok_or_else(|| refusal("E1312"))?;
    let application = fields.text(&["applicationId"]).ok_or_else(|| refusal("E1312"))?;
    let password = fields.text(&["password"]).ok_or_else(|| refusal("E1312"))?;
    if !state.settings.credentials.know(&application, &password) {
        return Err(refusal("E1313"));
    }
    if state.is_over_the_rate(&application, now) {
        return Err(refusal("E1318"));
    }
    let subscriber = subscriber::canonical(&fields.text(&["subscriberId"]).ok_or_else(|| refusal("E1312"))?);
    if subscriber.is_empty() {
        return Err(refusal("E1325"));
    }
    if !state.has_room_for(&subscriber) {
        return Err(Answer::full());
    }
    Ok(Admitted { fields, application, subscriber })
}

/// A request whose credentials are known.
pub(crate) struct Admitted<'a> {
    fields: &'a Fields,
    application: String,
    subscriber: String,
}

/// Tells the balance of a subscriber.
pub(crate) fn query_balance(state: &mut State, request: &Admitted<'_>) -> Answer {
    if let Some(refused) = unsupported_currency(request) {
        return refused;
    }
    let account = state.subscriber(&request.subscriber);
    let body = json!({
        "chargeableBalance": money::decimal(account.balance),
        "statusCode": "S1000",
        "statusDetail": "Success",
        "accountStatus": account.account_status,
        "accountType": account.account_type,
    });
    Answer::json(200, &body)
}

/// Lists the instruments of a subscriber.
pub(crate) fn list_instruments(state: &mut State, request: &Admitted<'_>) -> Answer {
    let wanted = request.fields.text(&["type"]).unwrap_or_default().to_ascii_uppercase();
    if !["", "ALL", "SYNC", "ASYNC"].contains(&wanted.as_str()) {
        return refusal("E1312");
    }
    let account = state.subscriber(&request.subscriber);
    let list: Vec<Value> = preset::INSTRUMENTS
        .iter()
        .filter(|(name, kind)| account.may_use(name) && ["", "ALL", kind].contains(&wanted.as_str()))
        .map(|(name, kind)| json!({ "name": name, "type": kind }))
        .collect();
    Answer::json(
        200,
        &json!({ "statusCode": "S1000", "statusDetail": "Success", "paymentInstrumentList": list }),
    )
}

/// Charges a subscriber, or asks for a payment at eZ Cash.
pub(crate) fn direct_debit(state: &mut State, request: &Admitted<'_>, now: u64) -> Answer {
    let debit = match Debit::read(request) {
        Ok(debit) => debit,
        Err(refused) => return refused,
    };
    let name = executed_debit::name(&request.application, &debit.external_id);
    let debits = &state.book.debits;
    if state.settings.deduplicates
        && let Some(earlier) = debits.place(&name).and_then(|place| debits.get(place))
    {
        return repeated(earlier, &debit, state.settings.duplicate_answer);
    }
    let account = state.subscriber(&debit.subscriber);
    if !account.is_active() {
        return refusal("E1317");
    }
    if !account.may_use(debit.instrument.name()) {
        return refusal("E1382");
    }
    let executed = match debit.instrument {
        Instrument::MobileAccount => charge(state, &debit, now),
        Instrument::EzCash => Ok(request_payment(state, &debit, now)),
    };
    match executed {
        Ok(answer) => {
            state.book.debits.push(ExecutedDebit {
                name,
                subscriber: debit.subscriber,
                amount: debit.amount,
                answer: String::from_utf8_lossy(&answer.body).into_owned(),
            });
            answer
        }
        Err(refused) => refused,
    }
}

/// A well-formed debit.
struct Debit {
    external_id: String,
    subscriber: String,
    amount: u64,
    currency: String,
    instrument: Instrument,
}

enum Instrument {
    MobileAccount,
    EzCash,
}

impl Debit {
    fn read(request: &Admitted<'_>) -> Result<Self, Answer> {
        let fields = request.fields;
        let external_id = fields.text(&["externalTrxId"]).ok_or_else(|| refusal("E1312"))?;
        if external_id.is_empty() || external_id.chars().count() > EXTERNAL_ID_CHARACTERS {
            return Err(refusal("E1312"));
        }
        let amount = fields.text(&["amount"]).ok_or_else(|| refusal("E1312"))?;
        let amount = money::parse(&amount).filter(|amount| *amount > 0).ok_or_else(|| refusal("E1606"))?;
        if let Some(refused) = unsupported_currency(request) {
            return Err(refused);
        }
        Ok(Self {
            external_id,
            subscriber: request.subscriber.clone(),
            amount,
            currency: fields.text(&["currency"]).unwrap_or_else(|| "LKR".to_owned()),
            instrument: Instrument::read(fields)?,
        })
    }
}

/// "String (32)" in every document.
const EXTERNAL_ID_CHARACTERS: usize = 32;

impl Instrument {
    fn name(&self) -> &'static str {
        match self {
            Instrument::MobileAccount => "Mobile Account",
            Instrument::EzCash => "Dialog-Ezcash",
        }
    }

    fn read(fields: &Fields) -> Result<Self, Answer> {
        let name = fields.text(&["paymentInstrument", "paymentInstrumentName"]);
        let name = name.unwrap_or_default().replace(' ', "").to_ascii_lowercase();
        match name.as_str() {
            "" | "mobileaccount" => Ok(Instrument::MobileAccount),
            "dialog-ezcash" if names_the_agent(fields) => Ok(Instrument::EzCash),
            "dialog-ezcash" => Err(refusal("E1312")),
            _ => Err(refusal("E1377")),
        }
    }
}

fn names_the_agent(fields: &Fields) -> bool {
    let filled = |extra: &Fields, name| extra.text(&[name]).is_some_and(|text| !text.is_empty());
    fields
        .object(&["additionalParams", "extra"])
        .is_some_and(|extra| filled(&extra, "ezcashAgentPin") && filled(&extra, "ezcashAgentAlias"))
}

/// Dialog's documents say LKR only; api.ideamart.io's own sample sends USD.
fn unsupported_currency(request: &Admitted<'_>) -> Option<Answer> {
    let currency = request.fields.text(&["currency"])?;
    (!["LKR", "USD"].contains(&currency.as_str())).then(|| refusal("E1380"))
}

fn repeated(earlier: &ExecutedDebit, debit: &Debit, how: DuplicateAnswer) -> Answer {
    let same = earlier.subscriber == debit.subscriber && earlier.amount == debit.amount;
    match how {
        DuplicateAnswer::Same if same => Answer::text(200, "application/json", &earlier.answer),
        _ => refusal("E1379"),
    }
}

fn charge(state: &mut State, debit: &Debit, now: u64) -> Result<Answer, Answer> {
    let internal_id = state.ids.internal();
    let time = state.local_time(now).basic();
    let account = state.subscriber(&debit.subscriber);
    let rest = account.balance.checked_sub(debit.amount);
    let Some(rest) =
        rest.filter(|_| !magic::has_no_balance(&state.settings, &debit.subscriber, debit.amount))
    else {
        return Err(charging_error(debit, &internal_id, &time));
    };
    state.subscriber(&debit.subscriber).balance = rest;
    state.record(Capture {
        serial: state.book.ledger.next_serial(),
        at: now,
        family: CarrierFamily::Ideamart,
        subscriber: debit.subscriber.clone(),
        amount: debit.amount,
        currency: debit.currency.clone(),
        external_id: Some(debit.external_id.clone()),
        reference: None,
        internal_id: Some(internal_id.clone()),
        source: CaptureSource::DirectDebit,
    });
    let body = json!({
        "statusCode": "S1000",
        "timeStamp": time,
        "shortDescription": "short Description",
        "statusDetail": "Success",
        "externalTrxId": debit.external_id,
        "longDescription": "Long Description",
        "internalTrxId": internal_id,
    });
    Ok(Answer::json(200, &body))
}

/// As the vendor's simulator answers, its spelling and its swapped descriptions included.
fn charging_error(debit: &Debit, internal_id: &str, time: &str) -> Answer {
    let body = json!({
        "timeStamp": time,
        "longDescription": "short Discription",
        "externalTrxId": debit.external_id,
        "statusDetail": "Charging Error",
        "shortDescription": "Long Discription",
        "internalTrxId": internal_id,
        "statusCode": "E1308",
    });
    Answer::json(200, &body)
}

fn request_payment(state: &mut State, debit: &Debit, now: u64) -> Answer {
    let amount_due = state.settings.amount_due.unwrap_or(debit.amount);
    let request = EzCashRequest {
        reference: state.ids.reference(),
        internal_id: state.ids.internal(),
        external_id: debit.external_id.clone(),
        subscriber: debit.subscriber.clone(),
        amount_due,
        paid: 0,
        currency: debit.currency.clone(),
        opened_at: now,
        state: EzCashState::Waiting,
    };
    let due = money::short(amount_due);
    let text =
        format!("Please dial #111# and authorize the transaction to complete the payment; Amount:Rs {due}");
    let body = json!({
        "statusCode": "P1003",
        "timeStamp": state.local_time(now).extended(),
        // The seeds' sample has these quotes inside the string.
        "shortDescription": format!("\"{text}\""),
        "externalTrxId": debit.external_id,
        "statusDetail": "Request successful. Payment notification pending from payment instrument",
        "longDescription": text,
        "amountDue": due,
        "internalTrxId": request.internal_id,
        "referenceId": request.reference,
    });
    state.open_ezcash(request);
    Answer::json(200, &body)
}

/// An application-level failure, which comes under HTTP 200.
fn refusal(code: &str) -> Answer {
    let detail = match code {
        "E1312" => "Invalid request",
        "E1313" => {
            "Authentication failure. There is no active application, or no active service \
             provider or given password in the request is invalid."
        }
        "E1317" => "MSISDN which is in the request is in invalid state.",
        "E1318" => "Transactions per second limit exceeded.",
        "E1325" => "Format of the address is invalid",
        "E1377" => "Invalid payment instrument name.",
        "E1379" => "Transaction has already completed.",
        "E1382" => "Payment Instrument is not allowed perform transactions.",
        "E1380" => "Transaction currency not supported.",
        _ => "Invalid charging amount",
    };
    Answer::json(200, &json!({ "statusCode": code, "statusDetail": detail }))
}
