#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

#[cfg(test)]
extern crate std;

mod bytes;
pub mod caps;
pub mod charge;
pub mod checksum;
pub mod credentials;
pub mod id;
pub mod id_generator;
pub mod money;
pub mod profile;
pub mod status_code;
pub mod till;
pub mod time;
mod utf8;
pub mod wire;
