//! Details of the report pages: charts, search, filters, bars.

use crate::harness::browser::plain;

use super::reports::Fixture;

/// A partial interval is not drawn as a fall.
#[actix_web::test]
async fn a_month_that_the_period_cuts_is_told_from_whole_ones() {
    let fixture = Fixture::new().await;
    fixture.view("a", "https://site.test/", "").await;
    fixture.json("dashboard").await;
    let page =
        async |query: &str| fixture.reader.get(&fixture.path(&format!("dashboard?{query}"))).await.body;
    let html = page("period=12mo").await;
    let text = plain(&html);
    assert!(html.contains("legend-open\">Partial month"), "{html}");
    assert!(text.contains("19 Nov – 30 Nov 2025 Partial month 0 Dec 2025 0"), "{text}");
    assert!(text.contains("Oct 2026 0 1 Nov – 18 Nov 2026 In progress 1"), "{text}");
    let html = page("period=custom&from=2026-01-01&to=2026-10-31").await;
    assert!(!html.contains("Partial month") && !html.contains("In progress"), "{html}");
    let html = page("period=28d").await;
    assert!(!html.contains("Partial month") && html.contains("In progress"), "{html}");
}

/// Every row filters, also rows of the next page.
#[actix_web::test]
async fn a_search_looks_at_the_rows_of_every_page() {
    let fixture = Fixture::new().await;
    for path in ["", "pricing", "pricing/all"] {
        fixture.view("a", &format!("https://site.test/{path}"), "").await;
    }
    fixture.json("dashboard").await;
    let html = fixture.reader.get(&fixture.path("pages?period=7d&limit=1")).await.body;
    let form = html.split_once("role=\"search\"").unwrap().1.split_once("</form>").unwrap().0;
    for kept in ["name=\"period\" value=\"7d\"", "value=\"page\"", "value=\"contains\""] {
        assert!(form.contains(kept), "{kept} in {form}");
    }
    let sent = fixture.path("pages?period=7d&dimension=page&operator=contains&value=pricing");
    assert_eq!(
        fixture.reader.get(&sent).await.location(),
        fixture.path("pages?period=7d&filter=page:contains:pricing")
    );
    // All rows are on the page, so the script hides rows and nothing is sent.
    let html = fixture.reader.get(&fixture.path("pages?period=7d")).await.body;
    assert!(html.contains("data-search") && !html.contains("role=\"search\""), "{html}");
}

/// A filter accepts the label that a row shows.
#[actix_web::test]
async fn the_filter_form_takes_names_and_chips_show_them() {
    let fixture = Fixture::new().await;
    let sent = fixture.path("pages?period=7d&dimension=source&operator=is&value=Organic+search");
    let plain_address = fixture.path("pages?period=7d&filter=source:is:ORGANIC_SEARCH");
    assert_eq!(fixture.reader.get(&sent).await.location(), plain_address);
    let typed = plain_address.to_lowercase();
    for address in [&plain_address, &typed] {
        let html = plain(&fixture.reader.get(address).await.body);
        assert!(html.contains("Source is Organic search"), "{address}: {html}");
    }
}

/// The first row has the longest bar.
#[actix_web::test]
async fn bars_show_what_their_table_is_sorted_by() {
    let fixture = Fixture::new().await;
    for (visitor, path) in [("a", "few"), ("b", "few"), ("c", "many"), ("c", "many"), ("c", "many")] {
        fixture.view(visitor, &format!("https://site.test/{path}"), "").await;
    }
    fixture.json("dashboard").await;
    for (sort, widths) in [("visitors", ["100.00%", "50.00%"]), ("page_views", ["100.00%", "66.67%"])] {
        let html = fixture.reader.get(&fixture.path(&format!("pages?sort={sort}"))).await.body;
        let bars = html.split("<rect width=\"").skip(1).filter_map(|rest| rest.split('"').next());
        assert_eq!(bars.collect::<Vec<_>>(), widths, "{sort}");
    }
}
