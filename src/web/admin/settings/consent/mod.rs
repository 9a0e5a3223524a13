//! The settings of consent, below `/accounts/{id}/settings/consent`.

pub mod outside_banners;

pub use outside_banners::routes;
