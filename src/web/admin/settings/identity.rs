//! `/accounts/{id}/settings/identity`: the identity key, how a server signs with it, and whether only signed identities are
//! accepted (rules.md 36). The key is shown to admins only.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access::identity_keys;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::identity_key::IdentityKeys;
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::drawing::format;
use crate::web::part::code_block::Code;
use crate::web::part::field::{Field, Kind};
use crate::web::request::form::AccountForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::fill;

pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/identity")
            .route(get_or_head().to(show))
            .route(post().to(update)),
    );
}

/// How a server signs: id, language and code. The code reads `email` and sets the signature. A test runs each with its
/// interpreter.
const RECIPES: [(&str, &str, &str); 4] = [
    (
        "recipe-php",
        "PHP",
        "$key = getenv('GUESTLOG_IDENTITY_KEY');\n\
         $signature = hash_hmac('sha256', mb_strtolower(trim($email), 'UTF-8'), $key);",
    ),
    (
        "recipe-node",
        "Node.js",
        "const crypto = require('node:crypto');\n\
         const key = process.env.GUESTLOG_IDENTITY_KEY;\n\
         const signature = crypto.createHmac('sha256', key).update(email.trim().toLowerCase()).digest('hex');",
    ),
    (
        "recipe-python",
        "Python",
        "import hashlib, hmac, os\n\
         key = os.environ['GUESTLOG_IDENTITY_KEY'].encode()\n\
         signature = hmac.new(key, email.strip().lower().encode(), hashlib.sha256).hexdigest()",
    ),
    (
        "recipe-ruby",
        "Ruby",
        "require 'openssl'\n\
         key = ENV.fetch('GUESTLOG_IDENTITY_KEY')\n\
         signature = OpenSSL::HMAC.hexdigest('SHA256', key, email.strip.downcase)",
    ),
];

/// What the page does with the signature.
const CALL: &str = "<script>\n  \
    var _hsq = window._hsq = window._hsq || [];\n  \
    _hsq.push(['identify', { email: 'ada@example.com', hmac: '…' }]);\n\
    </script>";

#[derive(Template)]
#[template(path = "identity/show.html")]
pub(crate) struct Page {
    layout: Layout,
    nav: SettingsNav,
    action: String,
    /// The key, and what is said of it; `None` before the first one.
    key: Option<(Code, String)>,
    has_former: bool,
    recipes: Vec<Code>,
    call: Code,
    strict: Field,
}

pub(crate) fn page(
    layout: Layout,
    nav: SettingsNav,
    id: AccountId,
    zone: &Zone,
    found: Option<&(IdentityKeys, Millis)>,
    signed_only: bool,
) -> Page {
    let t = layout.t;
    let texts = &t.identity;
    let key = found.map(|(keys, created)| {
        let when = format::date_time(&t.number, zone, *created);
        let text = keys.current.reveal().to_owned();
        (Code { t, id: "key", label: texts.key_label.to_owned(), text }, fill(texts.what, &[("when", &when)]))
    });
    let code = |(id, label, text): (&'static str, &str, &str)| Code {
        t,
        id,
        label: label.to_owned(),
        text: text.to_owned(),
    };
    Page {
        action: Tab::Identity.path(id),
        key,
        has_former: found.is_some_and(|(keys, _)| keys.former.is_some()),
        recipes: RECIPES.map(code).into(),
        call: code(("call", texts.send_label, CALL)),
        strict: Field::new(t, "signed_only", texts.strict_label, Kind::Check)
            .value(if signed_only { "on" } else { "" })
            .hint(texts.strict_hint),
        layout,
        nav,
    }
}

async fn show(member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let found = identity_keys::find(member.app(), member.actor(), member.account_id()).await?;
    let layout = member.layout(member.t().identity.title, Section::Settings, "");
    let nav = SettingsNav::over(&member, Tab::Identity);
    let signed_only = member.account.identity.signed_only;
    let zone = &member.account.zone;
    respond::page(&page(layout, nav, member.account_id(), zone, found.as_ref(), signed_only))
}

async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let (app, actor, account) = (member.app(), member.actor(), member.account_id());
    let done = match fields.text("do") {
        "renew" => {
            identity_keys::renew(app, actor, account).await?;
            Done::IdentityKeyMade
        }
        "drop" => {
            identity_keys::drop_former(app, actor, account).await?;
            Done::IdentityKeyDropped
        }
        "accept" => {
            identity_keys::set_signed_only(app, actor, account, fields.is_on("signed_only")).await?;
            Done::Saved
        }
        _ => return Err(WebError::BadRequest("do must be renew, drop or accept".to_owned())),
    };
    respond::done(&request, member.https(), done, &Tab::Identity.path(account))
}
