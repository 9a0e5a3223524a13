//! The settings pages about consent, below `/accounts/{id}/settings/consent`.

pub mod counting;
