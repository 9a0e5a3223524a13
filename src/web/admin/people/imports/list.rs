//! `/accounts/{id}/contacts/import`: uploading a CSV file of contacts, and the imports so far; and `…/contacts/export`, which
//! downloads all contacts as such a file.

use actix_web::dev::Payload as Body;
use actix_web::http::header;
use actix_web::web::{Bytes, Payload, ServiceConfig, post, resource};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use askama::Template;
use futures_util::stream::try_unfold;

use crate::app::export::contacts::ContactDownload;
use crate::app::people::import::file::FileError;
use crate::app::people::import::{self, Error, Upload};
use crate::domain::import::{COLUMNS_MAX, FILE_MAX, ROWS_MAX, WrongColumns};
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::store;
use crate::store::import::{Import, State};
use crate::web::admin::reports::report_page;
use crate::web::drawing::format;
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::upload;
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/contacts/import")
                .route(get_or_head().to(show))
                .route(post().to(take)),
        )
        .route("/accounts/{account}/contacts/export", post().to(download));
}

async fn show(member: Member) -> Result<HttpResponse, WebError> {
    answer(&member, None).await
}

async fn answer(member: &Member, error: Option<String>) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let imports = import::list(member.app(), member.account_id()).await?;
    let layout = member.layout(member.t().imports.title, Section::Contacts, "");
    let has_error = error.is_some();
    respond::form(has_error, &page(layout, &member.account.zone, &imports, error))
}

/// Why an upload ended.
enum Ended {
    Request(WebError),
    File(Error),
}

impl From<WebError> for Ended {
    fn from(error: WebError) -> Self {
        Self::Request(error)
    }
}

async fn take(request: HttpRequest, member: Member, payload: Payload) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let nothing = || Some(member.t().imports.wrong.nothing.to_owned());
    if !upload::is_upload(&request) {
        // A form without a file.
        let mut body: Body = payload.into_inner();
        AccountForm::from_request(&request, &mut body).await?;
        return answer(&member, nothing()).await;
    }
    let Some(mut uploaded) = upload::find(&request, payload, &member).await? else {
        return answer(&member, nothing()).await;
    };
    let (app, account) = (member.app(), member.account_id());
    let done = async {
        let mut file = Upload::start(app).map_err(Ended::File)?;
        uploaded.each(|part| file.write(part).map_err(Ended::File)).await?;
        import::create(app, member.actor(), account, file, &uploaded.name).await.map_err(Ended::File)
    };
    match done.await {
        Ok(id) => Ok(respond::see_other(&paths::import(account, id))),
        Err(Ended::Request(error)) => Err(error),
        Err(Ended::File(error)) => {
            let wrong = wrong(member.t(), error)?;
            answer(&member, Some(wrong)).await
        }
    }
}

/// The message for an error that the user can correct. Any other error is returned as a failure of the request.
pub(crate) fn wrong(t: &Texts, error: Error) -> Result<String, WebError> {
    let texts = &t.imports.wrong;
    let limit = |text, limit: u64| fill(text, &[("limit", &t.number.whole(report_page::signed(limit)))]);
    Ok(match error {
        Error::TooLarge => limit(texts.too_large, FILE_MAX / (1024 * 1024)),
        Error::NotNow => texts.not_now.to_owned(),
        Error::Columns(WrongColumns::NoKey) => texts.no_key.to_owned(),
        Error::Columns(WrongColumns::Twice(name)) => fill(texts.twice, &[("name", &name)]),
        Error::Columns(error) => error.to_string(),
        Error::File(FileError::NoText) => texts.no_text.to_owned(),
        Error::File(FileError::NoRows) => texts.no_rows.to_owned(),
        Error::File(FileError::ManyColumns(_)) => limit(texts.many_columns, COLUMNS_MAX as u64),
        Error::File(FileError::ManyRows) => limit(texts.many_rows, ROWS_MAX),
        Error::File(FileError::LongRow(line)) => fill(texts.long_row, &[("line", &line.to_string())]),
        Error::File(FileError::Io(error)) => return Err(WebError::internal(error)),
        Error::Access(error) => return Err(error.into()),
    })
}

pub(crate) fn state_of(t: &Texts, import: &Import) -> &'static str {
    let texts = &t.imports.state;
    match import.state {
        State::Uploaded => texts.uploaded,
        State::Checking => texts.checking,
        State::Checked => texts.checked,
        State::Running => texts.running,
        State::Done => texts.done,
        State::Stopped => texts.stopped,
    }
}

async fn download(form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let account = member.account_id();
    let has_mark = fields.text("bom") != "0";
    let download = ContactDownload::start(member.app(), member.actor(), account, has_mark).await?;
    let parts = try_unfold(download, async |mut download| {
        let part = download.next().await.inspect_err(|error| {
            // The browser sees a download that broke off. Only the log can say why.
            tracing::error!(%error, "a download of contacts broke off");
        })?;
        Ok::<_, store::Error>(part.map(|part| (Bytes::from(part), download)))
    });
    let name = format!("attachment; filename=\"all-contacts-{account}.csv\"");
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, name))
        .streaming(Box::pin(parts)))
}

struct Row {
    name: String,
    href: String,
    state: String,
    is_bad: bool,
    rows: String,
    created: String,
    changed: String,
    refused: String,
    when: String,
}

#[derive(Template)]
#[template(path = "contacts/imports.html")]
pub(crate) struct Page {
    layout: Layout,
    action: String,
    export: String,
    hint: String,
    error: Option<String>,
    rows: Vec<Row>,
}

pub(crate) fn page(layout: Layout, zone: &Zone, imports: &[Import], error: Option<String>) -> Page {
    let t = layout.t;
    let account = layout.account_id();
    let count = |n| report_page::count(t, n);
    let row = |import: &Import| Row {
        name: import.name.clone(),
        href: paths::import(account, import.id),
        state: state_of(t, import).to_owned(),
        is_bad: import.state == State::Stopped,
        rows: count(import.rows),
        created: count(import.tally.created),
        changed: count(import.tally.changed),
        refused: count(import.tally.refused),
        when: format::date_time(&t.number, zone, import.created),
    };
    let limits = [
        ("size", count(FILE_MAX / (1024 * 1024))),
        ("rows", count(ROWS_MAX)),
        ("columns", count(COLUMNS_MAX as u64)),
    ];
    let limits: Vec<(&str, &str)> = limits.iter().map(|(name, text)| (*name, text.as_str())).collect();
    Page {
        action: paths::imports(account),
        export: format!("{}/export", paths::contacts(account)),
        hint: fill(t.imports.file_hint, &limits),
        error,
        rows: imports.iter().map(row).collect(),
        layout,
    }
}
