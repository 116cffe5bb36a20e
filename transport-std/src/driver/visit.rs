//! A word to a charge by the name of its sale: to the task that drives it here, or to its record.

use caas_core::charge::Resolution;

use super::Desk;
use super::desk_error::DeskError;
use super::open_charge::{OpenCharge, Origin};
use super::registry::Wish;
use crate::journal::ChargeRow;

impl Desk {
    /// Ends a sale. Nothing that captures is sent any more; money that comes all the same is a refund due.
    ///
    /// # Errors
    /// [`DeskError::NotPossible`] where the sale is closed or its goods are being released;
    /// [`DeskError::DrivenElsewhere`] where another process drives the charge.
    ///
    /// # Dropping the future
    /// The command may have been taken; the journal says so.
    pub async fn cancel(&self, sale: &str) -> Result<ChargeRow, DeskError> {
        self.ask(sale, Wish::Cancel).await
    }

    /// Asks the payer again, for a charge that is driven by this desk.
    ///
    /// # Errors
    /// [`DeskError::TooEarly`] while the payer may still answer an earlier prompt (R18); else [`DeskError::NotPossible`].
    ///
    /// # Dropping the future
    /// As with [`Desk::cancel`].
    pub async fn retry(&self, sale: &str, accept_risk: bool) -> Result<ChargeRow, DeskError> {
        self.ask(sale, Wish::Retry { accept_risk }).await
    }

    /// Ends a review: a person looked, and this is what they found. `by` says who, 16 characters are kept. It also tells
    /// that what was due was paid back.
    ///
    /// # Errors
    /// [`DeskError::NotPossible`] where there is nothing to resolve or the finding contradicts the money received;
    /// [`DeskError::DrivenElsewhere`] where another process drives the charge.
    ///
    /// # Dropping the future
    /// As with [`Desk::cancel`].
    pub async fn resolve(
        &self,
        sale: &str,
        resolution: Resolution,
        by: &str,
    ) -> Result<ChargeRow, DeskError> {
        self.ask(sale, Wish::Resolve { resolution, by: by.to_owned() }).await
    }

    async fn ask(&self, sale: &str, wish: Wish) -> Result<ChargeRow, DeskError> {
        let row = self.find(sale).await?.ok_or(DeskError::UnknownSale)?;
        let answer = match self.inner.registry.ask(&row.charge_id, wish.clone()) {
            Some(answered) => answered.await.ok(),
            None => None,
        };
        match answer {
            Some(obeyed) => obeyed?,
            // Nobody drives it here, or it was put down meanwhile.
            None => self.visit(&row, Some(wish)).await?,
        }
        self.find(sale).await?.ok_or(DeskError::UnknownSale)
    }

    /// Takes the charge for a moment: gives it the wish and the notifications that wait for it, and keeps what follows.
    /// Nothing is sent.
    pub(super) async fn visit(&self, row: &ChargeRow, wish: Option<Wish>) -> Result<(), DeskError> {
        let access = self.access(row)?;
        let (charge, lease) = self.claim(row, &access, self.inner.settings.at_boot).await?;
        let mut charge = OpenCharge::start(self, access, charge, lease, Origin::Visited);
        if let Some(wish) = wish {
            charge.obey(wish.command())?;
        }
        let mut failure = None;
        while let Some(event) = charge.next().await? {
            if let super::ChargeEvent::StorageFailing(error) = event {
                failure = Some(error);
            }
        }
        match failure {
            Some(error) if !charge.charge().is_durable() => Err(DeskError::Journal(error)),
            _ => Ok(()),
        }
    }
}
