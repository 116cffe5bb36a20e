//! A sale that is to be started.

use caas_core::id::SaleId;
use caas_core::id_generator::{ChargeId, IdGenerator, Mark};
use caas_core::till::{Started, TillRefused};

use super::happening::{Happening, News, NotStarted};
use super::state::Over;
use super::work::Work;
use crate::clock::Clock;
use crate::journal::{IdMark, Journal};

impl<const N: usize, C: Clock, J: Journal> Work<'_, '_, N, C, J> {
    /// Starts the sale that waits, or says why not. It waits in the machine's state until it is decided, so that it is
    /// decided again where the future was dropped; an id that was drawn for it is then left out.
    pub(super) async fn start_wanted(&mut self) -> bool {
        let machine = self.machine;
        let wanted = machine.with(None, |state| state.start.as_ref().map(|wanted| wanted.sale.clone()));
        let Some(sale) = wanted else { return false };
        let news = match self.permit(&sale).await {
            Ok(id) => self.start_now(id.as_ref()),
            Err(why) => News::NotStarted(why),
        };
        machine.with((), |state| state.start = None);
        machine.tell(Happening::Charge { sale, news });
        true
    }

    /// The id under which the sale may be started; none where the till has the sale.
    async fn permit(&mut self, sale: &SaleId) -> Result<Option<ChargeId>, NotStarted> {
        let machine = self.machine;
        if machine.with(false, |state| state.till.charge(sale).is_some()) {
            return Ok(None);
        }
        let pass = machine.with(Default::default(), |state| state.pass.clone());
        match self.journal.trouble {
            Some(trouble) if pass.over == Over::Everything => return Err(NotStarted::Journal(trouble)),
            _ if pass.over == Over::Everything => return Err(NotStarted::StillTakingUp),
            _ if pass.unreadable => return Err(NotStarted::UnreadableRecord),
            _ => {}
        }
        let known = self.ledger.find(&machine.clock, &mut self.output, sale).await;
        if known.map_err(NotStarted::Journal)?.is_some() {
            return Err(NotStarted::SaleKnown);
        }
        self.draw_id().await.map(Some)
    }

    /// An id whose mark is durable.
    async fn draw_id(&mut self) -> Result<ChargeId, NotStarted> {
        let machine = self.machine;
        let given = machine.with(None, |state| state.epoch);
        let mut ids = match self.ids.take().filter(|_| given.is_none()) {
            Some(ids) => ids,
            None => self.generator(given).await?,
        };
        let (id, mark) = ids.next_id().map_err(NotStarted::Ids)?;
        self.keep_mark(mark).await?;
        self.ids = Some(ids);
        machine.with((), |state| state.epoch = state.epoch.filter(|epoch| Some(*epoch) != given));
        Ok(id)
    }

    async fn generator(&mut self, given: Option<u32>) -> Result<IdGenerator, NotStarted> {
        let (clock, settings) = (&self.machine.clock, &self.machine.settings);
        let stored = match self.ledger.id_mark(clock).await.map_err(NotStarted::Journal)? {
            IdMark::None => None,
            IdMark::Known(mark) => Some(mark),
            // Nobody knows what was used. The settings' epoch was, mostly; and a given one that is not above it would make
            // way for it, with its ids, at the next boot.
            IdMark::Damaged if given <= settings.epoch => return Err(NotStarted::IdMarkDamaged),
            IdMark::Damaged => None,
        };
        let epoch = given.max(settings.epoch);
        IdGenerator::from_journal(settings.prefix, stored, epoch).map_err(NotStarted::Ids)
    }

    async fn keep_mark(&mut self, mark: Mark) -> Result<(), NotStarted> {
        let kept = self.ledger.persist_id_mark(&self.machine.clock, mark).await;
        kept.map_err(NotStarted::Journal)
    }

    fn start_now(&mut self, id: Option<&ChargeId>) -> News {
        let machine = self.machine;
        let (now, carrier) = (machine.now(), machine.carrier());
        machine.with(News::NotStarted(NotStarted::Cancelled), |state| {
            let Some(wanted) = state.start.take().filter(|wanted| !wanted.cancelled) else {
                return News::NotStarted(NotStarted::Cancelled);
            };
            let order = wanted.order();
            let started = match (id, state.till.charge(&wanted.sale)) {
                (_, Some(charge)) if charge.is_for(carrier.profile, &order) => Ok(Started::Before),
                (_, Some(_)) | (None, None) => Err(TillRefused::OtherOrder),
                (Some(id), None) => state.watching(now, |till| till.start(now, &carrier, &order, id)),
            };
            match started {
                Ok(started) => News::Started { again: started == Started::Before },
                Err(refused) => News::NotStarted(NotStarted::Till(refused)),
            }
        })
    }
}
