//! Tables of very many groups in two readings. The first counts everything but visitors, and instead of them how
//! often a session came to a group, which is never less. Then the visitors are counted of the groups that can be
//! among the shown ones; when the counts do not tell for certain which these are, of all.

use std::cmp::Reverse;

use super::ask::{Answer, Ask, Bounds, Cursor, Grouping, Measure, Table, Top};
use crate::store::dictionary::SEPARATOR;
use crate::store::error::Error;

/// An answer, and which of its tables have no visitors yet.
pub(super) struct Unfinished {
    pub answer: Answer,
    pub left: Vec<bool>,
}

/// Is it one table's beginning? Its further pages go on after a figure that must be exact.
pub(super) const fn can_be_left(grouping: &Grouping) -> bool {
    matches!(grouping, Grouping::By(_, Top { after: None, .. }))
}

/// The table from which the shown one is chosen.
pub(super) fn wider(grouping: &Grouping, bounds: &Bounds) -> Grouping {
    match grouping {
        Grouping::By(key, top) if is_by_visitors(top) => {
            Grouping::By(*key, Top { limit: candidates(top, bounds) + 1, ..*top })
        }
        other => other.clone(),
    }
}

const fn candidates(top: &Top, bounds: &Bounds) -> usize {
    top.limit.saturating_mul(bounds.candidates)
}

/// Answers a question with `read`, whose second argument says whether it may leave visitors out.
pub(super) fn run(
    ask: &Ask<'_>,
    read: impl Fn(&Ask<'_>, bool) -> Result<Unfinished, Error>,
) -> Result<Answer, Error> {
    let Unfinished { mut answer, left } = read(ask, true)?;
    let left: Vec<usize> = (0..).zip(left).filter_map(|(place, left)| left.then_some(place)).collect();
    let of = |place: usize| ask.groupings.get(place);
    let mut groupings = Vec::with_capacity(left.len());
    for place in &left {
        if let (Some(Grouping::By(key, top)), Some(table)) = (of(*place), answer.tables.get(*place)) {
            let shown = if is_by_visitors(top) { candidates(top, &ask.bounds) } else { top.limit };
            groupings.push(Grouping::These(*key, table.codes.iter().take(shown).copied().collect()));
        }
    }
    if groupings.is_empty() {
        return Ok(answer);
    }
    let counted = read(&Ask { groupings: &groupings, engaged: false, ..ask.clone() }, false)?.answer;
    answer.passes += counted.passes;
    let mut uncertain = Vec::new();
    for (place, exact) in left.into_iter().zip(counted.tables) {
        let (Some(Grouping::By(_, top)), Some(table)) = (of(place), answer.tables.get_mut(place)) else {
            continue;
        };
        if !finish(table, &exact, top) {
            uncertain.push(place);
        }
    }
    let groupings: Vec<Grouping> = uncertain.iter().filter_map(|place| of(*place)).cloned().collect();
    if !groupings.is_empty() {
        let counted = read(&Ask { groupings: &groupings, ..ask.clone() }, false)?.answer;
        answer.passes += counted.passes;
        for (place, exact) in uncertain.into_iter().zip(counted.tables) {
            if let Some(table) = answer.tables.get_mut(place) {
                *table = exact;
            }
        }
    }
    Ok(answer)
}

const fn is_by_visitors(top: &Top) -> bool {
    matches!(top.by, Measure::Visitors)
}

/// Puts the visitors of the first groups into their table; when these decide which groups are shown, says whether it
/// is certain that no other group has as many.
fn finish(table: &mut Table, exact: &Table, top: &Top) -> bool {
    // no group that was not counted has more than the next one's sessions
    let most_of_others = table.rows.get(exact.rows.len()).map(|row| row.figures.visitors);
    table.rows.truncate(exact.rows.len());
    for (row, exact) in table.rows.iter_mut().zip(&exact.rows) {
        row.figures.visitors = exact.figures.visitors;
    }
    if !is_by_visitors(top) {
        return true;
    }
    let mut rows: Vec<_> =
        std::mem::take(&mut table.rows).into_iter().zip(std::mem::take(&mut table.codes)).collect();
    rows.sort_by_cached_key(|(row, _)| {
        (Reverse(row.figures.visitors), row.name.join(SEPARATOR.encode_utf8(&mut [0; 4])))
    });
    rows.truncate(top.limit);
    let fewest = rows.last().map_or(0, |(row, _)| row.figures.visitors);
    (table.rows, table.codes) = rows.into_iter().unzip();
    let has_more = table.total > table.rows.len() as u64;
    table.next = table
        .rows
        .last()
        .zip(table.codes.last())
        .filter(|_| has_more)
        .map(|(row, code)| Cursor { value: row.figures.get(Measure::Visitors), code: *code });
    most_of_others.is_none_or(|most| fewest > most)
}
