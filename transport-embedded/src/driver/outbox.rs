//! Where the till puts what it wants: records, and requests before they go on the wire.

use core::ops::{Deref, DerefMut};

use caas_core::charge::BUFFER_MAX;
use zeroize::Zeroize;

/// A buffer that is overwritten when it is dropped, and whenever a request in it is decided: requests hold passwords.
pub struct Outbox<'m>(&'m mut [u8; BUFFER_MAX]);

impl<'m> Outbox<'m> {
    pub fn new(buffer: &'m mut [u8; BUFFER_MAX]) -> Self {
        Outbox(buffer)
    }

    /// Nothing that is in it is needed any more.
    pub fn overwrite(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for Outbox<'_> {
    fn drop(&mut self) {
        self.overwrite();
    }
}

impl Deref for Outbox<'_> {
    type Target = [u8; BUFFER_MAX];

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl DerefMut for Outbox<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, pending};
    use std::pin::pin;
    use std::task::{Context, Waker};
    use std::vec::Vec;

    use caas_core::charge::{Carrier, Order};
    use caas_core::credentials::{Credentials, Secret};
    use caas_core::id::{SaleId, Subscriber};
    use caas_core::money::Amount;
    use caas_core::profile;
    use caas_core::time::Instant;
    use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

    use super::super::{Buffers, Dial, Machine, MachineSettings, NoConnection};
    use crate::clock::Clock;
    use crate::journal::RamJournal;

    /// The agent's PIN: it stands at the end of a request, behind what a record may be written over.
    const PIN: &str = "open-sesame-quiet-zebra";

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Instant {
            Instant::from_millis(1)
        }

        async fn wait_until(&self, _: Instant) {
            pending().await
        }
    }

    /// What the carrier's side does with a request.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Does {
        NotConnect,
        NotTake,
        Hang,
        Refuse,
    }

    struct Network(Does);
    struct Socket(Does, &'static [u8]);

    impl Dial for Network {
        type Stream<'s> = Socket;

        async fn dial(&mut self) -> Result<Socket, NoConnection> {
            match self.0 {
                Does::NotConnect => Err(NoConnection::TimedOut),
                does => Ok(Socket(does, b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")),
            }
        }
    }

    impl ErrorType for Socket {
        type Error = ErrorKind;
    }

    impl Read for Socket {
        async fn read(&mut self, to: &mut [u8]) -> Result<usize, ErrorKind> {
            match self.1.split_first() {
                Some((first, rest)) => {
                    (to[0], self.1) = (*first, rest);
                    Ok(1)
                }
                None => pending().await,
            }
        }
    }

    impl Write for Socket {
        async fn write(&mut self, from: &[u8]) -> Result<usize, ErrorKind> {
            assert!(from.windows(PIN.len()).any(|part| part == PIN.as_bytes()), "the test tests nothing");
            match self.0 {
                Does::Hang => pending().await,
                Does::NotTake => Err(ErrorKind::ConnectionReset),
                _ => Ok(from.len()),
            }
        }

        async fn flush(&mut self) -> Result<(), ErrorKind> {
            Ok(())
        }
    }

    fn has_secret(bytes: &[u8]) -> bool {
        let parts: Vec<&[u8]> = PIN.as_bytes().windows(4).collect();
        bytes.windows(4).any(|four| parts.contains(&four))
    }

    /// However a request ends, and where the driver's future is dropped in the middle of it.
    #[test]
    fn no_secret_is_left_in_the_drivers_buffers() {
        for does in [Does::NotConnect, Does::NotTake, Does::Hang, Does::Refuse] {
            let secret = |text| Secret::new(text).unwrap();
            let credentials = Credentials {
                application: secret("APP_000018"),
                password: secret("x"),
                agent_pin: secret(PIN),
                agent_alias: secret("y"),
                ..Credentials::default()
            };
            let profile = profile::dialog();
            let carrier =
                Carrier { profile: &profile, credentials: &credentials, endpoint: profile.endpoint };
            let settings = MachineSettings { epoch: Some(1), ..MachineSettings::new("K042") };
            let mut machine: Machine<'_, 4, Still> = Machine::new(settings, carrier, Still).unwrap();
            let mut buffers: Buffers = Buffers::new();
            let (mut driver, counter) = machine.open(Network(does), RamJournal::<8>::new(), &mut buffers);
            let (sale, payer) = (SaleId::new("sale-1").unwrap(), Subscriber::new("94771234567").unwrap());
            {
                let mut run = pin!(driver.run());
                let mut context = Context::from_waker(Waker::noop());
                let mut is_ordered = false;
                for _ in 0..50 {
                    let _ = run.as_mut().poll(&mut context);
                    let mut order = Order::new(&sale, &payer, Amount::parse("5").unwrap());
                    order.instrument = Some(profile::DIALOG_EZCASH);
                    is_ordered = is_ordered || counter.start(&order).is_ok();
                    while pin!(counter.next()).poll(&mut context).is_ready() {}
                }
                assert!(is_ordered, "{does:?}");
            }
            // Nothing is dropped yet but the future: only one that hung in its request has one under way.
            assert!(does == Does::Hang || !has_secret(&driver.work.output[..]), "{does:?}");
            drop(driver);
            assert!(!has_secret(&buffers.output) && !has_secret(&buffers.wire), "{does:?}");
        }
    }
}
