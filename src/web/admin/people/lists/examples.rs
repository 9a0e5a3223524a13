//! Ready-made lists to begin with. Each is meant to be changed: the pages of a cart, say, have other names on every site.

use crate::domain::list::{
    Comparison, Condition, Conditions, Group, Measure, MomentField, RowFilter, Time, Unit,
};
use crate::domain::question::{Dimension, Filter, Operator};
use crate::web::text::Texts;

/// The name of an example in a language.
pub(crate) type Name = fn(&Texts) -> &'static str;

/// The ready-made lists: the key in the address, and the name.
pub(crate) const READY: [(&str, Name); 5] = [
    ("recent", |t| t.lists.ready.recent),
    ("abandoned", |t| t.lists.ready.abandoned),
    ("revenue", |t| t.lists.ready.revenue),
    ("mobile", |t| t.lists.ready.mobile),
    ("away", |t| t.lists.ready.away),
];

/// The conditions of a ready-made list, to be changed as needed.
pub(crate) fn ready(key: &str) -> Option<Conditions> {
    let activity = |measure, filters: Vec<Filter>, is, number, within| Condition::Activity {
        measure,
        filters: filters.into_iter().map(RowFilter).collect(),
        is,
        number,
        within,
    };
    let day = Time::Last { amount: 24, unit: Unit::Hours };
    let (least, most) = (Comparison::AtLeast, Comparison::AtMost);
    let cart = |page: &str| Filter {
        dimension: Dimension::Page,
        operator: Operator::Contains,
        values: vec![page.to_owned()],
    };
    let mobile = |operator| Filter { operator, ..Filter::is(Dimension::Device, "mobile") };
    let all = match key {
        "recent" => vec![activity(
            Measure::PageViews,
            Vec::new(),
            least,
            1,
            Time::Last { amount: 7, unit: Unit::Days },
        )],
        "abandoned" => vec![
            activity(Measure::PageViews, vec![cart("/cart")], least, 1, day),
            activity(Measure::PageViews, vec![cart("/thanks")], most, 0, day),
        ],
        "revenue" => vec![activity(Measure::Value, Vec::new(), least, 100_000, Time::Ever)],
        "mobile" => vec![
            activity(Measure::PageViews, vec![mobile(Operator::Is)], least, 1, Time::Ever),
            activity(Measure::PageViews, vec![mobile(Operator::IsNot)], most, 0, Time::Ever),
        ],
        "away" => vec![Condition::Moment {
            field: MomentField::LastSeen,
            within: Time::Earlier { amount: 90, unit: Unit::Days },
        }],
        _ => return None,
    };
    Some(Conditions { any: vec![Group { all }] })
}
