//! What a person means by a text that is typed into the filter form. Bars divide values there, `%7C` stands for a bar, and
//! `(none)` for nothing; but a text that reports show is meant as it stands, whatever is in it.

use super::Error;
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::question::{Dimension, Filter, Operator};

/// The filter that a typed text asks for. Reads the store only for a text that could be meant in two ways.
///
/// # Errors
/// `Invalid` when it asks for too much.
pub async fn meant(
    app: &App,
    account: AccountId,
    (dimension, operator): (Dimension, Operator),
    text: &str,
) -> Result<Filter, Error> {
    let text = text.trim();
    let as_it_stands = Filter { dimension, operator, values: vec![text.to_owned()] };
    let divided = Filter::parse(&format!("{}:{}:{text}", dimension.as_str(), operator.as_str()));
    if divided.as_ref().is_ok_and(|divided| *divided == as_it_stands) || text.is_empty() {
        return Ok(divided?);
    }
    let sought = Filter { operator: operator.positive(), ..as_it_stands.clone() };
    let scanner = std::sync::Arc::clone(&app.store.scanner);
    let is_shown =
        app.store.read(move |conn| Ok::<_, Error>(scanner.has_text(conn, account, &sought)?)).await?;
    if is_shown { Ok(as_it_stands) } else { Ok(divided?) }
}

/// All texts of a dimension that an account has.
///
/// # Errors
/// The store's.
pub async fn texts(app: &App, account: AccountId, dimension: Dimension) -> Result<Vec<String>, Error> {
    let scanner = std::sync::Arc::clone(&app.store.scanner);
    app.store.read(move |conn| Ok(scanner.list_texts(conn, account, dimension)?)).await
}
