//! Merging contacts on the pages, as an editor does it without script, and who sees what of it.

use guestlog::base::clock::MINUTE;
use guestlog::domain::user::Role;
use serde_json::json;

use crate::harness::browser::plain;

use super::events::Fixture;

/// Ada and Bob, each with a browser and a purchase, and Cyn.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.create("Custom JavaScript", "Sale", &[]).await;
    for (browser, city) in [("ada", "Ghent"), ("bob", "Mons"), ("cyn", "Ghent")] {
        let said = json!({"email": format!("{browser}@example.test"), "city": city});
        fixture.view(browser, "/", json!({"i": said})).await;
        fixture.fire(browser, "Sale", json!("10")).await;
        fixture.site.clock.advance(40 * MINUTE);
    }
    fixture.json("contacts").await;
    fixture
}

#[actix_web::test]
async fn an_editor_sees_what_a_merge_joins_merges_and_undoes_it() {
    let fixture = fixture().await;
    let page = fixture.text("contacts/1").await;
    assert!(page.contains("Merge with another contact") && !page.contains("Merged contacts"), "{page}");
    let preview = fixture.text("contacts/1/merge?with=BOB@example.test").await;
    for part in [
        "ada@example.test stays",
        "bob@example.test becomes part of ada@example.test",
        "Browsers 1 1 2",
        "Events 1 1 2",
        "Revenue €10.00 €10.00 €20.00",
        "Different properties Properties Kept Not kept city Ghent Mons",
        "Keep the other contact instead",
    ] {
        assert!(preview.contains(part), "{part} in {preview}");
    }
    let merged = fixture.editor.press("Merge contacts", &[]).await;
    assert_eq!(merged.location(), fixture.path("contacts/1"));
    let shown = plain(&fixture.editor.follow(&merged).await.body);
    assert!(shown.contains("The contacts are merged"), "{shown}");
    assert!(shown.contains("Merge bob@example.test · Contact #2 became part of this contact"), "{shown}");
    assert!(shown.contains("by editor@site.test"), "{shown}");
    let data = fixture.json("contacts/2").await;
    assert_eq!((&data["id"], &data["completions"], &data["page_views"]), (&json!(1), &json!(2), &json!(2)));
    let merge = &data["timeline"][0];
    assert_eq!((&merge["kind"], &merge["contact_id"]), (&json!("merge"), &json!(2)));
    assert_eq!(data["merged"][0]["email"], "bob@example.test");
    assert_eq!(data["visitors"].as_array().unwrap().len(), 2, "browsers, and not what stands for programs");
    let csv = fixture.get("contacts/1?format=csv").await.body;
    assert!(csv.contains(",merge,"), "{csv}");

    fixture.get("contacts/1").await;
    let undone = fixture.editor.press("Undo the merge of bob@example.test · Contact #2", &[]).await;
    let shown = plain(&fixture.editor.follow(&undone).await.body);
    assert!(shown.contains("The merge is undone") && !shown.contains("Merged contacts"), "{shown}");
    assert_eq!(fixture.json("contacts/2").await["id"], 2);
    // Pressed once more in an old tab.
    let csrf = fixture.editor.csrf();
    let again =
        fixture.editor.post(&fixture.path("contacts/1/undo-merge"), &[("csrf", &csrf), ("alias", "2")]).await;
    assert_eq!(again.status, 400);
    assert!(plain(&again.body).contains("This merge is already undone"), "{}", again.body);
}

#[actix_web::test]
async fn what_cannot_be_merged_is_refused_beside_the_field_and_stays_typed() {
    let fixture = fixture().await;
    let at = |rest: &str| fixture.path(rest);
    fixture.get("contacts/1/merge?with=2").await;
    fixture.editor.press("Merge contacts", &[]).await;
    for (typed, says) in [
        ("", "Enter an email or a number."),
        ("nobody@example.test", "No contact has this email or number."),
        ("Bob", "No contact has this email or number."),
        ("99", "No contact has this email or number."),
        ("1", "This is the contact itself, or one that is part of it already."),
        ("2", "This is the contact itself"),
        ("bob@example.test", "This is the contact itself"),
    ] {
        let page = fixture.editor.get(&at(&format!("contacts/1/merge?with={typed}"))).await;
        assert_eq!(page.status, 422, "{typed}");
        assert!(plain(&page.body).contains(says), "{typed}: {}", plain(&page.body));
        assert!(page.body.contains(&format!("value=\"{typed}\"")), "{typed}");
        // What somebody sends without the page is refused the same way.
        let csrf = fixture.editor.csrf();
        let sent = fixture.editor.post(&at("contacts/1/merge"), &[("csrf", &csrf), ("with", typed)]).await;
        assert!([422, 404].contains(&sent.status), "{typed}: {}", sent.status);
    }
    assert_eq!(fixture.get("contacts/1/merge").await.status, 200);
    assert_eq!(fixture.editor.get(&at("contacts/99/merge")).await.status, 404);
    // A contact that came with another one goes back with it.
    fixture.get("contacts/3/merge?with=%231").await;
    fixture.editor.press("Merge contacts", &[]).await;
    let page = fixture.get("contacts/3").await;
    assert!(plain(&page.body).contains("Came with contact #1"), "{}", plain(&page.body));
    assert_eq!(page.body.matches("name=\"alias\"").count(), 1);
    let csrf = fixture.editor.csrf();
    let sent = fixture.editor.post(&at("contacts/3/undo-merge"), &[("csrf", &csrf), ("alias", "2")]).await;
    assert!(
        plain(&sent.body).contains("This contact came with contact #1. Undo that merge first."),
        "{}",
        sent.body
    );
}

/// rules.md 28
#[actix_web::test]
async fn a_viewer_sees_merges_without_emails_and_buttons() {
    let fixture = fixture().await;
    fixture.get("contacts/1/merge?with=2").await;
    fixture.editor.press("Merge contacts", &[]).await;
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    let page = viewer.get(&fixture.path("contacts/1")).await.body;
    let text = plain(&page);
    assert!(text.contains("Merged contacts b…@example.test · Contact #2"), "{text}");
    for hidden in ["bob@example.test", "editor@site.test", "Merge with another contact", "undo-merge"] {
        assert!(!page.contains(hidden), "{hidden} in {page}");
    }
    let data = viewer.get(&fixture.path("contacts/1?format=json")).await.json();
    assert_eq!(data["merged"][0]["email"], "b…@example.test");
}

/// The timeline shows each merge on one of its pages.
#[actix_web::test]
async fn a_merge_stands_between_the_sessions_before_and_after_it() {
    let fixture = fixture().await;
    fixture.get("contacts/1/merge?with=2").await;
    fixture.editor.press("Merge contacts", &[]).await;
    for n in 0..3 {
        fixture.site.clock.advance(40 * MINUTE);
        fixture.view("ada", &format!("/{n}"), json!({})).await;
    }
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = fixture.json(&format!("contacts/1?limit=1{after}")).await;
        let kinds = page["timeline"].as_array().unwrap().iter().map(|moment| moment["kind"].clone());
        found.push(kinds.collect::<Vec<_>>());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let view = json!("page_view");
    assert_eq!(found[..3], [vec![view.clone()], vec![view.clone()], vec![view]]);
    assert_eq!(found[3][0], "merge", "{found:?}");
    assert_eq!(found.iter().flatten().filter(|kind| *kind == "merge").count(), 1);
    let text = fixture.text("contacts/1").await;
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
    assert!(place("site.test/0") < place("became part of this contact"), "{text}");
}
