//! `/accounts/{id}/settings/export`: downloads all events of an account.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Bytes, ServiceConfig, post, resource};
use askama::Template;
use futures_util::stream::try_unfold;

use crate::app::export::{Download, DownloadError, Format, Wanted};
use crate::domain::account::AccountId;
use crate::domain::period::parse_day;
use crate::domain::user::Role;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::request::form::{AccountForm, Fields};
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::Texts;

const FROM: &str = "from";
const TO: &str = "to";
const FORMAT: &str = "format";
const CSV: &str = "csv";
const NDJSON: &str = "ndjson";

pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/export")
            .route(get_or_head().to(show))
            .route(post().to(download)),
    );
}

/// What the form says, as it was typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    from: String,
    to: String,
    format: String,
    /// Begin CSV with a byte order mark, as the tables of reports do. Programs send `bom=0`.
    has_mark: bool,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wrong {
    from: Option<&'static str>,
    to: Option<&'static str>,
}

impl Typed {
    fn of(fields: &Fields) -> Self {
        let text = |name| fields.text(name).to_owned();
        Self { from: text(FROM), to: text(TO), format: text(FORMAT), has_mark: fields.text("bom") != "0" }
    }

    fn parse(&self, t: &'static Texts) -> Result<Wanted, Wrong> {
        let day = |text: &str| match text {
            "" => Ok(None),
            text => parse_day(text).map(Some).ok_or(t.export.not_a_day),
        };
        let (first, last) = match (day(&self.from), day(&self.to)) {
            (Ok(first), Ok(last)) => (first, last),
            (first, last) => return Err(Wrong { from: first.err(), to: last.err() }),
        };
        let format = match self.format.as_str() {
            NDJSON => Format::Ndjson,
            _ => Format::Csv { mark: self.has_mark },
        };
        let wanted = Wanted { first, last, format };
        if wanted.is_reversed() {
            return Err(Wrong { from: None, to: Some(t.export.reversed) });
        }
        Ok(wanted)
    }
}

#[derive(Template)]
#[template(path = "export/show.html")]
pub(crate) struct Page {
    layout: Layout,
    nav: SettingsNav,
    id: AccountId,
    fields: Vec<Field>,
    has_errors: bool,
}

pub(crate) fn page(layout: Layout, nav: SettingsNav, typed: &Typed, wrong: Wrong) -> Page {
    let t = layout.t;
    let texts = &t.export;
    let choice = |value: &str, label: &str, hint: &str| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        hint: Some(hint.to_owned()),
    };
    let formats =
        vec![choice(CSV, texts.csv, texts.csv_hint), choice(NDJSON, texts.ndjson, texts.ndjson_hint)];
    let day = |name, label, value: &str, error: Option<&str>| {
        Field::new(t, name, label, Kind::Date).value(value).error(error.map(str::to_owned))
    };
    Page {
        id: layout.account_id(),
        nav,
        fields: vec![
            day(FROM, texts.from, &typed.from, wrong.from),
            day(TO, texts.to, &typed.to, wrong.to).hint(texts.days_hint),
            Field::new(t, FORMAT, texts.format, Kind::Radio(formats))
                .value(if typed.format == NDJSON { NDJSON } else { CSV })
                .required(),
        ],
        has_errors: wrong != Wrong::default(),
        layout,
    }
}

fn page_of(member: &Member, typed: &Typed, wrong: Wrong) -> Page {
    let layout = member.layout(member.t().access.settings.export, Section::Settings, "");
    page(layout, SettingsNav::over(member, Tab::Export), typed, wrong)
}

async fn show(member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    respond::page(&page_of(&member, &Typed::default(), Wrong::default()))
}

async fn download(form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let typed = Typed::of(&fields);
    let wanted = match typed.parse(member.t()) {
        Ok(wanted) => wanted,
        Err(wrong) => return respond::form(true, &page_of(&member, &typed, wrong)),
    };
    let account = member.account_id();
    let download = Download::start(member.app(), member.actor(), account, wanted).await?;
    let parts = try_unfold(download, async |mut download| {
        let part = download.next().await.inspect_err(|error| {
            // The browser sees a download that broke off. Only the log can say why.
            tracing::error!(%error, "a download of events broke off");
        })?;
        Ok::<_, DownloadError>(part.map(|part| (Bytes::from(part), download)))
    });
    Ok(HttpResponse::Ok()
        .content_type(wanted.format.content_type())
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", wanted.file_name(account)),
        ))
        .streaming(Box::pin(parts)))
}
