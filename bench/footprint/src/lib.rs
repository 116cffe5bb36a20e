//! What the images of the footprint share: a machine that measures itself, a peer that the compiler cannot see through,
//! and the sale that is measured. `README.md` says what is measured and how.

#![no_std]

pub mod desk;
pub mod flash;
pub mod hostile;
pub mod link;
pub mod machine;
pub mod meter;
pub mod peer;
#[cfg(feature = "rivals")]
pub mod rival;
pub mod scripts;
pub mod seller;
pub mod time;
