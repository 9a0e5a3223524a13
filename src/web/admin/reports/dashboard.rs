//! `/accounts/{id}/dashboard`: key figures, a chart of one of them, and the first rows of every table.

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::reports::dashboard::{Kpi as Totals, Point as Counted};
use crate::app::reports::events::TopEvent;
use crate::app::reports::parameters;
use crate::app::reports::{self, Dashboard};
use crate::domain::event::EventNumber;
use crate::domain::period::Zone;
use crate::domain::question::Dimension;
use crate::web::admin::reports::report_page::{self, Bars, signed};
use crate::web::admin::reports::series_chart::{self, Series};
use crate::web::admin::reports::{devices, pages, sources};
use crate::web::drawing::chart::{Chart, Unit};
use crate::web::part::anonymous::Anonymous;
use crate::web::part::delta::Delta;
use crate::web::part::empty::{Action, Empty};
use crate::web::part::filters::FilterBar;
use crate::web::part::icon::Icon;
use crate::web::part::kpi::{Kpi, KpiRow};
use crate::web::part::missing::Missing;
use crate::web::part::panel::{Head, Panel, Row};
use crate::web::part::period::PeriodBar;
use crate::web::part::suspected::Suspected;
use crate::web::paths::{self, Report};
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, ReportParams};
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::Texts;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/dashboard", get_or_head().to(show));
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let params = report_page::ask(&request, &access, Report::Dashboard, &["metric"]).await?;
    let metric = Metric::read(query::first(&report_page::pairs(&request)?, "metric"))?;
    let (app, id) = (&access.state.app, access.account.id());
    let found = reports::dashboard(app, id, &params.query).await?;
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => {
            let file = access.csv_file(mark, report_page::file_name(&params));
            export::csv(file, &COLUMNS, found.series.into_iter().map(|point| cells(&point)))
        }
        Format::Html if params.from_form => Ok(respond::see_other(&params.url.href())),
        Format::Html => {
            let layout =
                report_page::layout(&access, &params, Section::Dashboard, |t| t.frame.nav.dashboard)?;
            let waits = report_page::first_hit(&access).await?.is_none();
            let account =
                AccountFormat { zone: &access.account.zone, currency: &access.account.settings().currency };
            respond::page(&page(layout, &params, &account, metric, &found, waits))
        }
    }
}

/// Columns of the CSV, in the order of `cells`: the series of the chart.
const COLUMNS: [&str; 6] = ["at", "visitors", "sessions", "page_views", "completions", "revenue"];

fn cells(point: &Counted) -> Vec<String> {
    let Counted { visitors, sessions, page_views, completions, .. } = *point;
    let counts = [visitors, sessions, page_views, completions].map(|n| n.to_string());
    [point.at.clone()].into_iter().chain(counts).chain([point.revenue.clone()]).collect()
}

/// The account settings that decide how numbers and times are written.
pub(crate) struct AccountFormat<'a> {
    pub zone: &'a Zone,
    pub currency: &'a str,
}

/// Countries shown: about as many rows as the devices panel beside it has.
const COUNTRIES_SHOWN: usize = 6;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Metric {
    #[default]
    Visitors,
    Sessions,
    PageViews,
    Completions,
    Revenue,
}

impl Metric {
    const ALL: [Self; 5] =
        [Self::Visitors, Self::Sessions, Self::PageViews, Self::Completions, Self::Revenue];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Visitors => "visitors",
            Self::Sessions => "sessions",
            Self::PageViews => "page_views",
            Self::Completions => "completions",
            Self::Revenue => "revenue",
        }
    }

    fn read(word: Option<&str>) -> Result<Self, reports::Error> {
        parameters::choose(word, "metric", &Self::ALL.map(|metric| (metric.as_str(), metric)))
    }

    const fn label(self, t: &'static Texts) -> &'static str {
        match self {
            Self::Visitors => t.report.kpi.visitors,
            Self::Sessions => t.report.kpi.sessions,
            Self::PageViews => t.report.kpi.page_views,
            Self::Completions => t.report.kpi.completions,
            Self::Revenue => t.report.kpi.revenue,
        }
    }

    fn unit(self, account: &AccountFormat<'_>) -> Unit {
        if self == Self::Revenue { Unit::Money(account.currency.to_owned()) } else { Unit::Count }
    }

    fn total(self, figures: &Totals) -> i64 {
        match self {
            Self::Visitors => signed(figures.visitors),
            Self::Sessions => signed(figures.sessions),
            Self::PageViews => signed(figures.page_views),
            Self::Completions => signed(figures.completions),
            Self::Revenue => figures.revenue_minor,
        }
    }

    fn of(self, point: &Counted) -> i64 {
        match self {
            Self::Visitors => signed(point.visitors),
            Self::Sessions => signed(point.sessions),
            Self::PageViews => signed(point.page_views),
            Self::Completions => signed(point.completions),
            Self::Revenue => point.revenue_minor,
        }
    }
}

#[derive(Template)]
#[template(path = "dashboard/show.html")]
pub(crate) struct Page {
    layout: Layout,
    period: PeriodBar,
    filters: FilterBar,
    missing: Option<Missing>,
    kpis: KpiRow,
    chart: Chart,
    panels: Vec<Panel>,
    /// Number of hits from bots that are not counted.
    bots: Option<String>,
    suspected: Option<Suspected>,
    anonymous: Option<Anonymous>,
    /// Shown instead of the report until the first page view is counted.
    empty: Option<Empty>,
}

/// `waits`: the account has not counted a page view yet.
pub(crate) fn page(
    layout: Layout,
    params: &ReportParams,
    account: &AccountFormat<'_>,
    metric: Metric,
    found: &Dashboard,
    waits: bool,
) -> Page {
    let t = layout.t;
    let Bars { period, filters } = Bars::over(&layout, params);
    let until = period.until.as_deref();
    let cards = Metric::ALL
        .into_iter()
        .map(|one| card(t, params, (one, account), one == metric, found, until))
        .collect();
    let bots = (found.bots > 0).then(|| t.table.bots_left_out.of(signed(found.bots), &t.number));
    let empty = waits.then(|| Empty {
        icon: Icon::Dashboard,
        title: t.table.waiting_title.to_owned(),
        what: t.table.waiting.to_owned(),
        action: Some(Action {
            label: t.table.waiting_action.to_owned(),
            href: paths::settings(params.url.account, "tracking-code"),
        }),
    });
    Page {
        missing: Missing::of(t, &found.damaged),
        kpis: KpiRow { t, cards },
        chart: chart(t, params, account, metric, found),
        panels: panels(t, params, found),
        layout,
        period,
        filters,
        suspected: Suspected::page_views(t, &params.url, found.suspected_page_views),
        anonymous: Anonymous::of(t, &params.url, found.anonymous),
        bots,
        empty,
    }
}

/// `until`: the time at which the comparison ends while the period is still running.
fn card(
    t: &'static Texts,
    params: &ReportParams,
    (metric, account): (Metric, &AccountFormat<'_>),
    charted: bool,
    found: &Dashboard,
    until: Option<&str>,
) -> Kpi {
    let now = metric.total(&found.kpi);
    let before = found.compare.as_ref().map(|compare| metric.total(&compare.kpi));
    let unit = metric.unit(account);
    let days = params.url.compared_days();
    Kpi {
        label: metric.label(t).to_owned(),
        value: unit.figure(&t.number, now),
        exact: unit.text(&t.number, now),
        change: before.map(|before| Delta::since(t, now, before, days, until)),
        spark: series_chart::sparkline(
            params,
            found.series.iter().map(|point| (metric.of(point), point.unfinished)),
        ),
        href: match metric {
            Metric::Visitors => params.url.without("metric").href(),
            _ => params.url.with("metric", metric.as_str()).href(),
        },
        charted,
    }
}

fn chart(
    t: &'static Texts,
    params: &ReportParams,
    account: &AccountFormat<'_>,
    metric: Metric,
    found: &Dashboard,
) -> Chart {
    let values = |points: &[Counted]| points.iter().map(|point| metric.of(point)).collect();
    let series = Series {
        values: values(&found.series),
        compared: found.compare.as_ref().map(|compare| values(&compare.series)),
        unfinished: found.series.last().is_some_and(|point| point.unfinished),
    };
    series_chart::chart(t, params, account.zone, (metric.label(t), metric.unit(account)), &series)
}

fn panels(t: &'static Texts, params: &ReportParams, found: &Dashboard) -> Vec<Panel> {
    let url = params.url.without("metric");
    let kept = &params.url;
    let texts = &t.table;
    let kpi = &t.report.kpi;
    let panel =
        |id: &'static str, title: &str, head: (&str, &str), will: &str, rows: Vec<Row>, more: String| Panel {
            number_heads: vec![Head::plain(kpi.visitors), Head::plain(head.1)],
            empty: Panel::nothing(t, will, !url.filters.is_empty()),
            more: (!rows.is_empty()).then_some(more),
            rows,
            ..Panel::new(t, id, title, head.0)
        };
    let all = |report| url.to(report).href();
    let source_rows = sources::rows(t, kept, &found.sources.rows);
    let page_rows = pages::rows(t, kept, Dimension::Page, &found.pages.rows);
    let device_rows = devices::rows(t, kept, Dimension::Device, &found.devices.rows);
    let mut country_rows = devices::rows(t, kept, Dimension::Country, &found.countries.rows);
    country_rows.truncate(COUNTRIES_SHOWN);
    let by_source = url.to(Report::Sources).with("by", "source").href();
    let will = &t.report.nothing;
    let heads = |name| (name, kpi.sessions);
    let mut panels = vec![
        panel("sources", texts.sources, heads(texts.source), will.sources, source_rows, by_source),
        panel("pages", texts.pages, (texts.page, kpi.page_views), will.pages, page_rows, all(Report::Pages)),
        panel("devices", texts.devices, heads(texts.device), will.devices, device_rows, all(Report::Devices)),
        panel(
            "countries",
            texts.countries,
            heads(texts.country),
            will.countries,
            country_rows,
            all(Report::Countries),
        ),
    ];
    // The panel appears once there is an event.
    if !found.events.rows.is_empty() {
        let mut events = panel(
            "events",
            t.frame.nav.events,
            heads(t.events.list.event),
            "",
            event_rows(t, kept, &found.events.rows),
            all(Report::Events),
        );
        events.number_heads = vec![Head::plain(t.events.completions)];
        panels.insert(2, events);
    }
    panels
}

/// Rows of the events panel. Each links to its event.
fn event_rows(t: &Texts, url: &paths::ReportUrl, rows: &[TopEvent]) -> Vec<Row> {
    let most = rows.iter().map(|row| row.completions).max();
    let row = |row: &TopEvent| Row {
        name: row.name.clone(),
        detail: None,
        href: EventNumber::parse(&row.id).map(|number| url.to(Report::Event(number)).href()),
        bar: report_page::bar(row.completions, most),
        numbers: vec![report_page::count(t, row.completions).into()],
    };
    rows.iter().map(row).collect()
}
