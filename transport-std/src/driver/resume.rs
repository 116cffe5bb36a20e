//! Charges that are in the journal already: taken up again after a restart, or asked for again.

use caas_core::charge::record::Damage;
use caas_core::charge::{AtBoot, Charge, Order, RecoverError};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Desk;
use super::carrier_access::CarrierAccess;
use super::charge_event::ChargeEvent;
use super::desk_error::DeskError;
use super::open_charge::{OpenCharge, Origin};
use super::outcome::Outcome;
use crate::journal::{ChargeRow, ChargeView, Filter, Lease, LeaseError};

/// What became of a charge that [`Desk::resume_all`] took up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// The caller's name for the sale.
    pub sale_id: String,
    /// Its end, or why it was not taken up. [`DeskError::DrivenElsewhere`] is no trouble: it has an owner.
    pub result: Result<Outcome, DeskError>,
}

impl Desk {
    /// Takes up every charge that is not settled and that nobody drives, and drives all of them to their end at the same
    /// time. Also applies notifications that wait for a charge that is settled. To be called when a program starts; sell
    /// meanwhile, from another task.
    ///
    /// Nobody is asked here: a release permit under [`ReleasePolicy::Ask`](crate::ReleasePolicy::Ask) is given back as
    /// failed, so that the money is a refund due. To decide each, use [`Desk::resume`].
    ///
    /// # Errors
    /// [`DeskError::Journal`] where the list cannot be read. What is wrong with one charge is in its [`Resumed`].
    ///
    /// # Dropping the future
    /// The charges stay in the journal as they are.
    pub async fn resume_all(
        &self,
        mut observer: impl FnMut(&ChargeView, &ChargeEvent),
    ) -> Result<Vec<Resumed>, DeskError> {
        self.apply_waiting().await?;
        let rows = self.on_disk(|journal| journal.list(Filter::Unsettled)).await??;
        let (events, mut told) = mpsc::unbounded_channel();
        let mut drives = JoinSet::new();
        for row in rows {
            let (desk, events) = (self.clone(), events.clone());
            drives.spawn(async move {
                let result = match desk.take_up(&row).await {
                    Ok(charge) => drive(charge, &events).await,
                    Err(error) => Err(error),
                };
                Resumed { sale_id: row.sale_id, result }
            });
        }
        drop(events);
        while let Some((view, event)) = told.recv().await {
            observer(&view, &event);
        }
        Ok(drives.join_all().await)
    }

    /// Takes up one charge, to be driven step by step.
    ///
    /// # Errors
    /// [`DeskError::UnknownSale`], [`DeskError::DrivenElsewhere`], [`DeskError::UnknownCarrier`] where the desk lacks the
    /// carrier of this charge, [`DeskError::Record`] where its records cannot be read.
    ///
    /// # Dropping the future
    /// The charge stays in the journal as it is.
    pub async fn resume(&self, sale: &str) -> Result<OpenCharge, DeskError> {
        let row = self.find(sale).await?.ok_or(DeskError::UnknownSale)?;
        if row.settled {
            let access = self.access(&row)?;
            let charge = self.peek(&row, &access).await?;
            return Ok(OpenCharge::ended(self, access, charge));
        }
        self.take_up(&row).await
    }

    /// The same sale again (R10): the same charge, if the order is the same (R11).
    pub(super) async fn go_on(&self, row: &ChargeRow, order: &Order<'_>) -> Result<OpenCharge, DeskError> {
        let access = self.access(row)?;
        let charge = self.peek(row, &access).await?;
        if !charge.is_for(access.profile(), order) {
            return Err(DeskError::SaleTaken);
        }
        if row.settled {
            return Ok(OpenCharge::ended(self, access, charge));
        }
        let (charge, lease) = self.claim(row, &access, AtBoot::Release).await?;
        Ok(OpenCharge::start(self, access, charge, lease, Origin::Wanted))
    }

    async fn take_up(&self, row: &ChargeRow) -> Result<OpenCharge, DeskError> {
        let access = self.access(row)?;
        let at_boot = self.inner.settings.at_boot;
        let (charge, lease) = self.claim(row, &access, at_boot).await?;
        let mut charge = OpenCharge::start(self, access, charge, lease, Origin::Resumed(at_boot));
        charge.give_up_uncharged();
        Ok(charge)
    }

    /// The charge of a row with the right to drive it. Its records are read after the lease is held.
    pub(super) async fn claim(
        &self,
        row: &ChargeRow,
        access: &CarrierAccess,
        at_boot: AtBoot,
    ) -> Result<(Charge, Lease), DeskError> {
        let (desk, access, charge_id) = (self.clone(), access.clone(), row.charge_id.clone());
        self.on_disk(move |journal| {
            let lease = journal.claim(&charge_id)?;
            let recovered = desk.recover(&access, &journal.records(&charge_id)?, at_boot);
            if let Err(DeskError::Record(RecoverError::Record(Damage::Damaged | Damage::NoMark))) = recovered
            {
                lease.give_up_damaged()?;
            }
            Ok((recovered?, lease))
        })
        .await?
    }

    /// The charge of a row, to look at.
    async fn peek(&self, row: &ChargeRow, access: &CarrierAccess) -> Result<Charge, DeskError> {
        let charge_id = row.charge_id.clone();
        let records = self.on_disk(move |journal| journal.records(&charge_id)).await??;
        self.recover(access, &records, AtBoot::Release)
    }

    /// The charge of its newest record that is whole. Where a newer one is damaged, what it said is unknown (R44).
    fn recover(
        &self,
        access: &CarrierAccess,
        records: &[Vec<u8>],
        at_boot: AtBoot,
    ) -> Result<Charge, DeskError> {
        let credentials = access.credentials();
        let carrier = access.carrier(&credentials);
        let now = self.inner.clock.now();
        let mut damage = Damage::NoMark;
        for (age, record) in records.iter().enumerate() {
            let recovered = match age {
                0 => Charge::recover(now, &carrier, record, at_boot),
                _ => Charge::recover_damaged(now, &carrier, record),
            };
            match recovered {
                Err(RecoverError::Record(found @ (Damage::NoMark | Damage::Damaged))) => damage = found,
                result => return result.map_err(DeskError::Record),
            }
        }
        Err(DeskError::Record(RecoverError::Record(damage)))
    }
}

async fn drive(
    charge: OpenCharge,
    events: &mpsc::UnboundedSender<(ChargeView, ChargeEvent)>,
) -> Result<Outcome, DeskError> {
    let mut charge = charge;
    while let Some(event) = charge.next().await? {
        match event {
            ChargeEvent::Release(permit) => charge.release_failed(permit)?,
            // Where nobody listens any more, the charge is driven all the same.
            event => drop(events.send((charge.view(), event))),
        }
    }
    Ok(charge.outcome())
}

impl From<LeaseError> for DeskError {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Held => DeskError::DrivenElsewhere,
            LeaseError::Lost => DeskError::LeaseLost,
            LeaseError::Journal(error) => DeskError::Journal(error),
        }
    }
}
