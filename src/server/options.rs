//! Turns the configuration into the plain options of the layers below, which do not know the configuration.

use crate::app::core;
use crate::config::{self, Config};
use crate::{geo, store, web};

/// The fewest reading connections when the configuration does not set them. Otherwise there is one more than cores: a
/// report of many days reads with two, and one is left for short reads.
const READERS_MIN: usize = 3;

pub(super) fn of_store(config: &Config) -> store::Options {
    store::Options {
        data_dir: config.server.data_dir.clone(),
        min_free: config.store.min_free,
        readers: match config.store.readers {
            0 => std::thread::available_parallelism()
                .map_or(READERS_MIN, |cores| (cores.get() + 1).max(READERS_MIN)),
            count => count,
        },
    }
}

pub(super) fn of_app(config: &Config) -> core::Options {
    core::Options {
        collector_per_address: config.limits.collector_per_address,
        api_per_token: config.limits.api_per_token,
        events: config.events.limit.into(),
        custom_js: config.events.custom_js,
        kept_months: config.retention.events_months,
        public_url: config.server.public_url.clone(),
    }
}

pub(super) fn of_web(config: &Config) -> web::request::options::Options {
    web::request::options::Options {
        public_url: config.server.public_url.clone(),
        apart_from: config.server.admin_listen.map(|_| {
            let scheme = if config.tls.files().is_some() { "https" } else { "http" };
            format!("{scheme}://{}", config.server.listen)
        }),
        own_tls: config.tls.files().is_some(),
        trusted_proxies: config.server.trusted_proxies.clone(),
        forwarding_header: config.server.forwarding_header,
        metrics_token: config.metrics.token.clone(),
    }
}

/// How the configured map files are read.
#[must_use]
pub fn of_maps(config: &Config) -> Vec<geo::MapOptions> {
    let maps = config.maps.iter();
    maps.map(|map| geo::MapOptions {
        path: map.path.clone(),
        kind: match map.kind {
            config::MapKind::Auto => geo::MapKind::Auto,
            config::MapKind::Country => geo::MapKind::Country,
            config::MapKind::Network => geo::MapKind::Network,
            config::MapKind::Company => geo::MapKind::Company,
        },
        places: map.places.iter().map(|(fact, place)| (of_fact(*fact), place.clone())).collect(),
    })
    .collect()
}

const fn of_fact(fact: config::Fact) -> geo::Fact {
    match fact {
        config::Fact::Asn => geo::Fact::Asn,
        config::Fact::AsName => geo::Fact::AsName,
        config::Fact::Org => geo::Fact::Org,
        config::Fact::Domain => geo::Fact::Domain,
        config::Fact::Country => geo::Fact::Country,
        config::Fact::Region => geo::Fact::Region,
        config::Fact::NetType => geo::Fact::NetType,
    }
}
