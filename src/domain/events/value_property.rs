//! The property of a completion that is its value. Behavioural events often bring their money in a property
//! (`revenue`, `total`, or `price` and `quantity`), not in the value of the call.

use crate::domain::contact::PROPERTY_NAME_MAX;
use crate::domain::money::{self, MINOR_MAX};

/// Names that usually hold money. A completion with one of them suggests to use it.
const USUAL: [&str; 4] = ["revenue", "total", "amount", "value"];
/// Longest text of two names, characters.
pub const VALUE_PROPERTY_MAX: usize = 2 * PROPERTY_NAME_MAX + 3;
const PRICE: &str = "price";
const QUANTITY: &str = "quantity";
/// Decimal places of a quantity that are read.
const QUANTITY_DIGITS: u32 = 6;

/// What a completion is worth by its properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has no such property.
    Nothing,
    Minor(i64),
    /// The property is no amount in the currency of the account.
    Unreadable,
}

/// The name of a property, or two names whose product is meant: `price * quantity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueProperty {
    name: String,
    times: Option<String>,
}

impl ValueProperty {
    /// Reads what a user typed; `None` for a name that no property can have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = |text: &str| {
            let text = text.trim();
            let fits = !text.is_empty()
                && text.chars().count() <= PROPERTY_NAME_MAX
                && !text.chars().any(|c| c.is_control() || c == '*' || c == '×');
            fits.then(|| text.to_owned())
        };
        match text.split_once(['*', '×']) {
            Some((price, quantity)) => Some(Self { name: name(price)?, times: Some(name(quantity)?) }),
            None => Some(Self { name: name(text)?, times: None }),
        }
    }

    /// The properties that usually hold money, if a completion has them.
    #[must_use]
    pub fn suggest<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        let find = |wanted: &str| names.clone().find(|name| name.eq_ignore_ascii_case(wanted));
        let one = |name: &str| Self { name: name.to_owned(), times: None };
        let product = || {
            let (price, quantity) = (find(PRICE)?, find(QUANTITY)?);
            Some(Self { times: Some(quantity.to_owned()), ..one(price) })
        };
        USUAL.iter().find_map(|usual| find(usual)).map(one).or_else(product)
    }

    /// The value that the properties of a completion give.
    #[must_use]
    pub fn value(&self, properties: &[(String, String)], currency: &str) -> Found {
        let find = |wanted: &str| {
            let found = properties.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.as_str()).filter(|value| !value.trim().is_empty())
        };
        let Some(amount) = find(&self.name) else { return Found::Nothing };
        let Some(minor) = money::read(amount, currency) else { return Found::Unreadable };
        match self.times.as_deref().and_then(find) {
            Some(quantity) => multiply(minor, quantity).map_or(Found::Unreadable, Found::Minor),
            None => Found::Minor(minor),
        }
    }
}

/// Rounded half away from zero; `None` when the quantity is no number, or the product too large.
fn multiply(minor: i64, quantity: &str) -> Option<i64> {
    let unit = 10_i128.pow(QUANTITY_DIGITS);
    let product = i128::from(minor) * i128::from(money::parse(quantity, QUANTITY_DIGITS)?);
    let rounded = (product.abs() + unit / 2) / unit * product.signum();
    i64::try_from(rounded).ok().filter(|minor| minor.abs() <= MINOR_MAX)
}

impl std::fmt::Display for ValueProperty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.times {
            Some(times) => write!(f, "{} * {times}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(of: &str, properties: &[(&str, &str)]) -> Found {
        let properties: Vec<_> =
            properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ValueProperty::parse(of).unwrap().value(&properties, "EUR")
    }

    #[test]
    fn a_property_or_the_product_of_two_is_the_value() {
        let sale = [("price", "19,99 €"), ("Quantity", "3"), ("note", "hi"), ("empty", " ")];
        for (of, expected) in [
            ("price", Found::Minor(1999)),
            ("PRICE", Found::Minor(1999)),
            ("price * quantity", Found::Minor(5997)),
            ("price×quantity", Found::Minor(5997)),
            ("price * none", Found::Minor(1999)),
            ("none * price", Found::Nothing),
            ("none", Found::Nothing),
            ("empty", Found::Nothing),
            ("note", Found::Unreadable),
            ("price * note", Found::Unreadable),
        ] {
            assert_eq!(value(of, &sale), expected, "{of}");
        }
        assert_eq!(value("p*q", &[("p", "-0.05"), ("q", "0.5")]), Found::Minor(-3));
        assert_eq!(value("p*q", &[("p", "10000000000"), ("q", "1")]), Found::Minor(MINOR_MAX));
        assert_eq!(value("p*q", &[("p", "10000000000"), ("q", "1.01")]), Found::Unreadable);
    }

    #[test]
    fn a_name_is_read_at_the_limit_and_refused_one_past_it() {
        let long = |n: usize| "é".repeat(n);
        assert!(ValueProperty::parse(&long(PROPERTY_NAME_MAX)).is_some());
        for bad in [&*long(PROPERTY_NAME_MAX + 1), "", " ", "a *", "* a", "a * b * c", "a\u{1}"] {
            assert_eq!(ValueProperty::parse(bad), None, "{bad:?}");
        }
        for good in ["revenue", "price * quantity"] {
            assert_eq!(ValueProperty::parse(good).unwrap().to_string(), good);
        }
    }

    #[test]
    fn usual_names_of_money_are_suggested() {
        let suggest = |names: &[&str]| ValueProperty::suggest(names.iter().copied()).map(|of| of.to_string());
        assert_eq!(suggest(&["plan", "Total", "value"]).as_deref(), Some("Total"));
        assert_eq!(suggest(&["price", "quantity"]).as_deref(), Some("price * quantity"));
        assert_eq!(suggest(&["price", "plan"]), None);
        assert_eq!(suggest(&[]), None);
    }
}
