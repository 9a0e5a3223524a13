//! A range of addresses, as in `10.0.0.0/8`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// An address, and how many of its leading bits count. IPv4 ranges that are written as IPv6 (`::ffff:…`) are kept as
/// IPv4. Bits after the prefix are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    first: IpAddr,
    prefix: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address or range (such as 10.0.0.0/8 or 2001:db8::1)")]
pub struct NotARange;

const V4_BITS: u8 = 32;
const V6_BITS: u8 = 128;
/// The IPv4 address begins after this many bits of `::ffff:0:0/96`.
const MAPPED_BITS: u8 = V6_BITS - V4_BITS;

impl Cidr {
    /// Returns `None` when the prefix is longer than the address.
    #[must_use]
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let (address, prefix) = match (address, address.to_canonical()) {
            (IpAddr::V6(_), v4 @ IpAddr::V4(_)) if prefix >= MAPPED_BITS => (v4, prefix - MAPPED_BITS),
            _ => (address, prefix),
        };
        let first = match address {
            IpAddr::V4(v4) if prefix <= V4_BITS => {
                let mask = u32::MAX.checked_shl(u32::from(V4_BITS - prefix)).unwrap_or(0);
                IpAddr::V4((u32::from(v4) & mask).into())
            }
            IpAddr::V6(v6) if prefix <= V6_BITS => {
                let mask = u128::MAX.checked_shl(u32::from(V6_BITS - prefix)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask))
            }
            _ => return None,
        };
        Some(Self { first, prefix })
    }

    /// Whether every address of its kind is inside.
    #[must_use]
    pub const fn covers_all(self) -> bool {
        self.prefix == 0
    }

    /// The address, when there is only one inside.
    #[must_use]
    pub const fn single(self) -> Option<IpAddr> {
        let bits = if self.first.is_ipv4() { V4_BITS } else { V6_BITS };
        if self.prefix == bits { Some(self.first) } else { None }
    }

    /// An IPv4 address in IPv6 form (`::ffff:10.0.0.1`) counts as IPv4.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4()
            && Self::new(address, self.prefix).is_some_and(|range| range.first == self.first)
    }
}

impl FromStr for Cidr {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotARange)?;
        let prefix = match prefix {
            None => {
                if address.is_ipv4() {
                    V4_BITS
                } else {
                    V6_BITS
                }
            }
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| NotARange)?
            }
            Some(_) => return Err(NotARange),
        };
        Self::new(address, prefix).ok_or(NotARange)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_hold_their_first_and_last_address_and_no_more() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]),
            ("192.0.2.1", ["192.0.2.1", "::ffff:192.0.2.1"], ["192.0.2.0", "192.0.2.2"]),
            ("2001:db8::/33", ["2001:db8::", "2001:db8:7fff:ffff::1"], ["2001:db8:8000::", "2001:db7::"]),
            ("::ffff:10.1.0.0/112", ["10.1.0.0", "10.1.255.255"], ["10.0.255.255", "10.2.0.0"]),
            ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::1", "2001:db8::1"]),
            ("::/0", ["::1", "ffff::"], ["192.0.2.1", "::ffff:192.0.2.1"]),
        ] {
            assert!(inside.iter().all(|a| range(text).contains(ip(a))), "{text}");
            assert!(outside.iter().all(|a| !range(text).contains(ip(a))), "{text}");
        }
    }

    #[test]
    fn bits_behind_the_prefix_are_dropped() {
        assert_eq!(range("10.9.8.7/8"), range("10.0.0.0/8"));
        assert_eq!(range("10.9.8.7/8").to_string(), "10.0.0.0/8");
    }

    #[test]
    fn a_prefix_one_past_the_address_is_refused() {
        assert!("10.0.0.0/32".parse::<Cidr>().is_ok());
        assert!("::1/128".parse::<Cidr>().is_ok());
        for bad in
            ["10.0.0.0/33", "::1/129", "", "/8", "10.0.0.0/", "10.0.0.0/+8", "10.0.0/8", "localhost", "*"]
        {
            assert_eq!(bad.parse::<Cidr>(), Err(NotARange), "{bad}");
        }
    }
}
