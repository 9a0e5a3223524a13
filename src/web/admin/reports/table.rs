//! The shared page of the reports that consist of one table: pages, sources, devices, countries.

use askama::Template;

use crate::app::reports::anonymous::AnonymousTotals;
use crate::domain::question::Dimension;
use crate::web::admin::reports::report_page::{self, Bars};
use crate::web::drawing::map::Map;
use crate::web::part::anonymous::Anonymous;
use crate::web::part::empty::{Action, Empty};
use crate::web::part::filters::FilterBar;
use crate::web::part::missing::Missing;
use crate::web::part::panel::{Head, Panel, Row, SearchAll, Tab};
use crate::web::part::period::PeriodBar;
use crate::web::part::suspected::Suspected;
use crate::web::paths;
use crate::web::request::query::ReportParams;
use crate::web::response::page::Layout;
use crate::web::text::Texts;

#[derive(Template)]
#[template(path = "table/show.html")]
pub(crate) struct TablePage {
    layout: Layout,
    period: PeriodBar,
    filters: FilterBar,
    missing: Option<Missing>,
    suspected: Option<Suspected>,
    panel: Panel,
    /// What the table does not include.
    anonymous: Option<Anonymous>,
    /// Drawn above the table.
    pub map: Option<Map>,
    /// Shown instead of the map.
    pub hint: Option<Empty>,
    /// What has to be known to read the table; below it.
    pub note: Option<&'static str>,
}

/// The contents of the page.
pub(crate) struct TableContents<'a> {
    /// The element's `id`.
    pub id: &'static str,
    pub title: &'a str,
    pub tabs: Vec<Tab>,
    /// Heading of the column of names.
    pub head: &'a str,
    /// The dimension in which to search when not all rows are on the page. `None` when the stored values differ
    /// from the labels, because a search would not find what people see.
    pub searched: Option<Dimension>,
    pub number_heads: Vec<Head>,
    pub rows: Vec<Row>,
    /// The text shown while there are no rows.
    pub nothing: &'a str,
    pub total: u64,
    pub next: Option<&'a str>,
    /// Included page views of suspected robots.
    pub suspected_page_views: u64,
    /// Days that could not be read.
    pub damaged: &'a [String],
}

/// What to do about a table without rows.
fn remedy(t: &Texts, params: &ReportParams) -> Action {
    if params.url.filters.is_empty() {
        let href = paths::settings(params.url.account, "tracking-code");
        return Action { label: t.live.empty_action.to_owned(), href };
    }
    Action { label: t.report.clear_filters.to_owned(), href: params.url.without_filters().href() }
}

impl TablePage {
    /// Adds the line about page views without consent.
    pub(crate) fn add_anonymous(&mut self, params: &ReportParams, counted: Option<AnonymousTotals>) {
        self.anonymous = Anonymous::of(self.layout.t, &params.url, counted);
    }

    pub(crate) fn of(layout: Layout, params: &ReportParams, shown: TableContents<'_>) -> Self {
        let t = layout.t;
        let Bars { period, filters } = Bars::over(&layout, params);
        let panel = Panel {
            alone: true,
            tabs: shown.tabs,
            number_heads: shown.number_heads,
            empty: Panel::nothing(t, shown.nothing, !params.url.filters.is_empty()),
            remedy: Some(remedy(t, params)),
            searchable: shown.rows.len() > 1,
            export: (!shown.rows.is_empty()).then(|| params.url.clone()),
            pager: report_page::pager(t, params, shown.rows.len(), shown.total, shown.next),
            rows: shown.rows,
            ..Panel::new(t, shown.id, shown.title, shown.head)
        };
        let search_all = panel.pager.as_ref().zip(shown.searched);
        let search_all = search_all.map(|(_, dimension)| SearchAll { url: params.url.clone(), dimension });
        let panel = Panel { search_all, ..panel };
        let missing = Missing::of(t, shown.damaged);
        let suspected = Suspected::page_views(t, &params.url, shown.suspected_page_views);
        Self {
            layout,
            period,
            filters,
            missing,
            suspected,
            panel,
            anonymous: None,
            map: None,
            hint: None,
            note: None,
        }
    }
}
