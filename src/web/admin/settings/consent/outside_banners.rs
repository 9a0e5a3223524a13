//! `/accounts/{id}/settings/consent/outside`: how a consent banner that a site has already tells Guestlog each answer. A test
//! runs the code of this page in a browser, with the banners themselves.

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::domain::account::AccountId;
use crate::domain::user::Role;
use crate::web::admin::settings::consent::consent_nav::Part;
use crate::web::admin::settings::consent::head::Head;
use crate::web::part::code_block::Code;
use crate::web::request::client;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::page::Layout;
use crate::web::response::respond;
use crate::web::text::{OutsideBanners, fill};

pub fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/settings/consent/outside", get_or_head().to(show));
}

/// What a site puts on its pages for one banner.
struct Recipe {
    name: &'static str,
    note: fn(&OutsideBanners) -> &'static str,
    /// The ids of the two pieces of code.
    ids: [&'static str; 2],
    code: &'static str,
    /// The tag of the script as this banner holds it back until analytics is allowed, with `{src}`.
    held_back: &'static str,
}

const RECIPES: [Recipe; 5] = [
    Recipe {
        name: "Cookiebot",
        note: |texts| texts.cookiebot,
        ids: ["recipe-cookiebot", "held-back-cookiebot"],
        code: "<script>
  window.disableHubSpotCookieBanner = true;
  window._hsp = window._hsp || [];
  (function () {
    function sendConsent() {
      window._hsp.push(['setHubSpotConsent', {
        analytics: Cookiebot.consent.statistics,
        advertisement: Cookiebot.consent.marketing,
        functionality: Cookiebot.consent.preferences
      }]);
    }
    window.addEventListener('CookiebotOnAccept', sendConsent);
    window.addEventListener('CookiebotOnDecline', sendConsent);
  })();
</script>",
        held_back: "<script type=\"text/plain\" data-cookieconsent=\"statistics\" id=\"hs-script-loader\" async defer src=\"{src}\"></script>",
    },
    Recipe {
        name: "OneTrust",
        note: |texts| texts.onetrust,
        ids: ["recipe-onetrust", "held-back-onetrust"],
        code: "<script>
  window.disableHubSpotCookieBanner = true;
  window._hsp = window._hsp || [];
  window.addEventListener('OneTrustGroupsUpdated', function (event) {
    if (!OneTrust.IsAlertBoxClosed()) return;
    window._hsp.push(['setHubSpotConsent', {
      analytics: event.detail.indexOf('C0002') >= 0,
      advertisement: event.detail.indexOf('C0004') >= 0,
      functionality: event.detail.indexOf('C0003') >= 0
    }]);
  });
</script>",
        held_back: "<script type=\"text/plain\" class=\"optanon-category-C0002\" id=\"hs-script-loader\" async defer src=\"{src}\"></script>",
    },
    Recipe {
        name: "CookieConsent (vanilla-cookieconsent 3)",
        note: |texts| texts.vanilla,
        ids: ["recipe-vanilla-cookieconsent", "held-back-vanilla-cookieconsent"],
        code: "<script>
  window.disableHubSpotCookieBanner = true;
  window._hsp = window._hsp || [];
  (function () {
    function sendConsent() {
      window._hsp.push(['setHubSpotConsent', {
        analytics: CookieConsent.acceptedCategory('analytics'),
        advertisement: CookieConsent.acceptedCategory('advertisement'),
        functionality: CookieConsent.acceptedCategory('functionality')
      }]);
    }
    window.addEventListener('cc:onConsent', sendConsent);
    window.addEventListener('cc:onChange', sendConsent);
  })();
</script>",
        held_back: "<script type=\"text/plain\" data-category=\"analytics\" id=\"hs-script-loader\" async defer src=\"{src}\"></script>",
    },
    Recipe {
        name: "Klaro 0.7",
        note: |texts| texts.klaro,
        ids: ["recipe-klaro", "held-back-klaro"],
        code: "<script>
  window.disableHubSpotCookieBanner = true;
  window._hsp = window._hsp || [];
  window.addEventListener('DOMContentLoaded', function () {
    var manager = klaro.getManager();
    function sendConsent() {
      if (!manager.confirmed) return;
      window._hsp.push(['setHubSpotConsent', {
        analytics: manager.getConsent('analytics'),
        advertisement: manager.getConsent('advertisement'),
        functionality: manager.getConsent('functionality')
      }]);
    }
    manager.watch({ update: function (_, event) { if (event === 'saveConsents') sendConsent(); } });
    sendConsent();
  });
</script>",
        held_back: "<script type=\"text/plain\" data-type=\"text/javascript\" data-name=\"analytics\" id=\"hs-script-loader\" async defer data-src=\"{src}\"></script>",
    },
    Recipe {
        name: "Orejime 3",
        note: |texts| texts.orejime,
        ids: ["recipe-orejime", "held-back-orejime"],
        code: "<script>
  window.disableHubSpotCookieBanner = true;
  window._hsp = window._hsp || [];
  document.addEventListener('orejime.loaded', function (event) {
    var manager = event.detail.manager;
    function sendConsent() {
      if (manager.isDirty()) return;
      window._hsp.push(['setHubSpotConsent', {
        analytics: manager.getConsent('analytics'),
        advertisement: manager.getConsent('advertisement'),
        functionality: manager.getConsent('functionality')
      }]);
    }
    manager.on('dirty', sendConsent);
    sendConsent();
  });
</script>",
        held_back: "<template data-purpose=\"analytics\"><script id=\"hs-script-loader\" async defer src=\"{src}\"></script></template>",
    },
];

/// For any other banner: what stands on each page, and the call with each answer.
const OTHER: &str = "<script>
  window.disableHubSpotCookieBanner = true;
  window._hsp = window._hsp || [];
</script>";
const CALL: &str = "window._hsp.push(['setHubSpotConsent', {
  analytics: true,
  advertisement: false,
  functionality: true
}]);";

/// A banner as the page shows it.
struct Shown {
    name: &'static str,
    note: &'static str,
    code: Code,
    held_back: Code,
}

#[derive(Template)]
#[template(path = "outside_banners/show.html")]
pub(crate) struct Page {
    layout: Layout,
    head: Head,
    banners: Vec<Shown>,
    other: Code,
    call: Code,
}

pub(crate) fn page(layout: Layout, head: Head, host: &str, id: AccountId) -> Page {
    let t = layout.t;
    let texts = &t.outside_banners;
    let src = format!("//{host}/{id}.js");
    let code = |id: &'static str, label: &str, text: &str| Code {
        t,
        id,
        label: label.to_owned(),
        text: text.to_owned(),
    };
    let banners = RECIPES.into_iter().map(
        |Recipe { name, note, ids: [recipe, held_back], code: text, held_back: tag }| {
            let label = |text: &str| fill(text, &[("banner", name)]);
            Shown {
                name,
                note: note(texts),
                code: code(recipe, &label(texts.code_label), text),
                held_back: code(held_back, &label(texts.held_back_label), &fill(tag, &[("src", &src)])),
            }
        },
    );
    Page {
        banners: banners.collect(),
        other: code("recipe-other", texts.other_label, OTHER),
        call: code("call", texts.call_label, CALL),
        layout,
        head,
    }
}

async fn show(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let origin = client::public_origin(&member.signed_in.state.options, &request);
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    let (layout, head) = Head::of(&member, member.t().outside_banners.title, Part::Outside);
    respond::page(&page(layout, head, host, member.account_id()))
}
