//! Signatures that are forged, stolen from somebody else, or sent where they do not belong.

use guestlog::app::access::{Actor, identity_keys};
use guestlog::base::random::SeededRandom;
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::identity_key::IdentityKey;
use serde_json::json;

use super::{ADA, ADAS_ID, BOB, MALLORY, PAGE, World, new_key};
use crate::harness::site::with;

#[actix_web::test]
async fn a_guessed_signature_identifies_nobody() {
    let mut world = World::new().await;
    let guessed = IdentityKey::new(&SeededRandom::new(99)).sign(ADA);
    let guesses = ["0", "true", &"0".repeat(64), &"f".repeat(64), &guessed, &"00".repeat(600), "null", "\0"];
    for (n, guess) in guesses.iter().enumerate() {
        let answer =
            world.identify(&format!("m{n}"), json!({"email": ADA, "hmac": guess, "plan": "none"})).await;
        assert_eq!((answer.status, answer.reason()), (204, "wrong_signature"), "{guess}");
    }
    world.assert_unharmed(&[]).await;
    assert_eq!(world.site.count(Reason::WrongSignature), guesses.len() as u64);
    assert_eq!(world.contact_of("m0"), None, "the view is kept, and is nobody's");
    assert_eq!(
        world.site.ask::<i64>("select count(*) from event_unpacked where kind = 1"),
        2 + guesses.len() as i64
    );
    let live = world.site.app.live.list(world.site.account, 0, 20);
    assert!(live.iter().filter(|hit| hit.reason == Reason::WrongSignature).count() == guesses.len());
}

#[actix_web::test]
async fn the_signature_of_ones_own_email_proves_no_other() {
    let mut world = World::new().await;
    let own = world.key.sign(MALLORY);
    for email in [ADA, BOB, &ADA.to_uppercase(), &format!(" {ADA} ")] {
        let answer = world.identify("mallory", json!({"email": email, "hmac": own})).await;
        assert_eq!(answer.reason(), "wrong_signature", "{email}");
    }
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn the_signature_of_another_account_proves_nothing_here() {
    let mut world = World::new().await;
    let theirs = world.other_key.sign(ADA);
    assert_eq!(
        world.identify("mallory", json!({"email": ADA, "hmac": theirs})).await.reason(),
        "wrong_signature"
    );
    // And a signature of this account says nothing in the other one.
    let ours = world.key.sign(ADA);
    let view = with(world.site.view("x", "mallory", "https://other.test/"), "a", world.other.0);
    let answer = world.collect(&with(view, "i", json!({"email": ADA, "hmac": ours}))).await;
    assert_eq!(answer.reason(), "wrong_signature");
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn a_signature_replayed_with_a_look_alike_address_proves_nothing() {
    let mut world = World::new().await;
    let right = world.key.sign(ADA);
    let alike = [
        ADA.replacen('a', "а", 1),
        ADA.replace("victim", "vіctim"),
        ADA.replace('@', "+x@"),
        ADA.replace("ada.", "ada"),
        format!("{ADA}."),
        ADA.replace("victim.test", "xn--vctim-2of.test"),
        ADA.replace('@', "\u{200b}@"),
        ADA.replace('.', "．"),
    ];
    for email in alike {
        let answer = world.identify("mallory", json!({"email": email, "hmac": right})).await;
        assert_eq!(answer.reason(), "wrong_signature", "{email}");
    }
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn the_signature_of_an_address_that_is_no_email_proves_nothing() {
    let mut world = World::new().await;
    // A site that signs whatever somebody registers as.
    for text in
        ["", " ", "ada", &format!("{ADA},{MALLORY}"), &format!("{MALLORY}\n{ADA}"), &format!("<{ADA}>")]
    {
        let signature = world.key.sign(text);
        let answer = world.identify("mallory", json!({"email": text, "hmac": signature})).await;
        assert_eq!(answer.reason(), "wrong_signature", "{text:?}");
    }
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn a_key_that_was_dropped_signs_nothing_any_more() {
    let mut world = World::new().await;
    let account = world.site.account;
    let leaked = world.key.clone();
    let fresh = new_key(&world.site, account).await;
    let say = |key: &IdentityKey| json!({"email": BOB, "hmac": key.sign(BOB)});
    assert_eq!(world.identify("bob2", say(&leaked)).await.reason(), "stored", "until it is dropped");
    identity_keys::drop_former(&world.site.app, Actor::Machine, account).await.unwrap();
    assert_eq!(world.identify("mallory", say(&leaked)).await.reason(), "wrong_signature");
    assert_eq!(world.identify("bob3", say(&fresh)).await.reason(), "stored");
    // Renewed twice, a key is gone without being dropped.
    new_key(&world.site, account).await;
    new_key(&world.site, account).await;
    assert_eq!(world.identify("mallory", say(&fresh)).await.reason(), "wrong_signature");
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn parameters_given_twice_do_not_mix_two_identities() {
    let mut world = World::new().await;
    let own = world.key.sign(MALLORY);
    let view = r#"{"a":1000001,"k":1,"cc":15,"vi":"mallory","pu":"https://example.com/","i":"#;
    for said in [
        format!(r#"{{"email":"{ADA}","email":"{MALLORY}","hmac":"{own}"}}"#),
        format!(r#"{{"Email":"{ADA}","email":"{MALLORY}","HMAC":"{own}"}}"#),
        format!(r#"{{"hmac":"x","email":"{MALLORY}","hmac":"{own}"}}"#),
        format!(r#"{{"email":["{MALLORY}","{ADA}"],"hmac":"{own}"}}"#),
        format!(r#""email={ADA}&email={MALLORY}&hmac={own}""#),
    ] {
        let body = format!("{view}{said}}}");
        let answer = world.call(crate::harness::site::post().set_payload(body.clone())).await;
        assert_eq!(answer.reason(), "wrong_signature", "{body}");
    }
    // A second identity in the same hit is not read.
    let body = format!(
        r#"{view}{{"email":"{MALLORY}","hmac":"{own}"}},"i":{{"email":"{ADA}","hmac":"{own}","plan":"none"}}}}"#
    );
    assert_eq!(world.call(crate::harness::site::post().set_payload(body)).await.reason(), "stored");
    world.assert_unharmed(&[MALLORY]).await;
}

#[actix_web::test]
async fn a_signature_in_another_place_verifies_nothing() {
    let mut world = World::new().await;
    let own = world.key.sign(ADA);
    // As a property of an event, as a field of the hit, inside another object, as a header: all of it stays asserted.
    let completion = world.site.completion("e1", "m1", "Sale", 5);
    let said = json!({"email": ADA, "plan": "none", "deep": {"hmac": own}});
    let hit = with(with(completion, "p", json!({"hmac": own})), "i", said);
    world
        .call(crate::harness::site::post().insert_header(("hmac", own.clone())).set_payload(hit.to_string()))
        .await;
    let view = with(
        with(world.site.view("e2", "m2", PAGE), "hmac", own.clone()),
        "i",
        json!({"email": BOB, "city": "x"}),
    );
    world.collect(&view).await;
    world.assert_unharmed(&[]).await;
    let asserted = "select name || '=' || value from contact_property where verified = 0 order by 1";
    assert_eq!(
        world.site.asks::<String>(asserted),
        [format!("deep.hmac={own}")],
        "a property of that name, and no proof"
    );
}

#[actix_web::test]
async fn a_wrong_signature_leaves_nothing_of_what_came_with_it() {
    let mut world = World::new().await;
    let said = json!({"email": MALLORY, "id": ADAS_ID, "hmac": "no", "firstname": "Mallory", "visitor": "adabrowser4471"});
    world.identify("mallory", said).await;
    world.assert_unharmed(&[]).await;
    let kept = "select count(*) from identification where external_id is not null or contact_id is not null";
    assert_eq!(world.site.ask::<i64>(kept), 2, "those from before");
}

#[actix_web::test]
async fn an_account_that_takes_signed_identities_only_believes_nobody_else() {
    let mut world = World::new().await;
    let account = world.site.account;
    identity_keys::set_signed_only(&world.site.app, Actor::Machine, account, true).await.unwrap();
    for said in [json!({"email": ADA}), json!({"email": MALLORY, "plan": "none"}), json!({"id": ADAS_ID})] {
        assert_eq!(world.identify("mallory", said).await.reason(), "unsigned_identity");
    }
    let pairs =
        [("a", "1000001"), ("k", "1"), ("vi", "mallory"), ("pu", PAGE), ("i", "email=new%40attacker.test")];
    assert_eq!(world.gif(&pairs).await.reason(), "unsigned_identity");
    let signed = json!({"email": BOB, "hmac": world.key.sign(BOB)});
    assert_eq!(world.identify("bob2", signed).await.reason(), "stored");
    world.assert_unharmed(&[]).await;
    assert_eq!((world.contact_of("mallory"), world.contact_of("bob2")), (None, Some(3)));
    assert_eq!(world.site.count(Reason::UnsignedIdentity), 4);
}
