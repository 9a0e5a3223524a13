//! A browser without script: it keeps cookies, reads the forms of a page and sends them as people fill them
//! in, by the labels they see.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use actix_web::http::Method;
use actix_web::test::TestRequest;

use super::app::{Reply, TestApp};

/// One browser before the product.
pub(crate) struct Browser {
    site: TestApp,
    cookies: RefCell<BTreeMap<String, String>>,
    /// Sent with each request; what a proxy adds, or another `Accept`.
    pub headers: Vec<(String, String)>,
    pub peer: SocketAddr,
    /// The last page that was read.
    page: RefCell<String>,
}

impl Browser {
    pub(crate) fn before(site: TestApp) -> Self {
        let headers =
            [("host", "guestlog.test"), ("user-agent", "Test Browser 1.0"), ("accept", "text/html,*/*")];
        Self {
            site,
            cookies: RefCell::default(),
            headers: headers.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec(),
            peer: "192.0.2.10:4711".parse().unwrap(),
            page: RefCell::default(),
        }
    }

    /// The same, with another header in every request.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn at(mut self, peer: &str) -> Self {
        self.peer = format!("{peer}:4711").parse().unwrap();
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, &[]).await
    }

    /// Sends a form as no page offers it; the token of the last page goes along.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let csrf = self.csrf();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        self.post_raw(path, &all, &[("origin", "http://guestlog.test")]).await
    }

    pub(crate) async fn post_raw(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Reply {
        let pairs: Vec<String> = fields.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        self.send(Method::POST, path, Some(pairs.join("&")), headers).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = TestRequest::with_uri(path).method(method);
        for (name, value) in &self.headers {
            request = request.insert_header((name.as_str(), value.as_str()));
        }
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        let cookies: Vec<String> = self.cookies.borrow().iter().map(|(k, v)| format!("{k}={v}")).collect();
        if !cookies.is_empty() {
            request = request.insert_header(("cookie", cookies.join("; ")));
        }
        if let Some(body) = body {
            if headers.iter().all(|(name, _)| *name != "content-type") {
                request = request.insert_header(("content-type", "application/x-www-form-urlencoded"));
            }
            request = request.set_payload(body);
        }
        let reply = self.site.call(request, self.peer).await;
        self.keep_cookies(&reply);
        if reply.body.contains("<html") {
            self.page.replace(reply.body.clone());
        }
        reply
    }

    /// Sends a form with a file, as the page of a form with a file does; the token of the last page goes along.
    pub(crate) async fn upload(&self, path: &str, name: &str, file: &str) -> Reply {
        let part = |head: &str, value: &str| {
            format!("--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n")
        };
        let token = part("name=\"csrf\"", &self.csrf());
        let file = part(&format!("name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv"), file);
        let headers =
            [("content-type", "multipart/form-data; boundary=edge"), ("origin", "http://guestlog.test")];
        self.send(Method::POST, path, Some(format!("{token}{file}--edge--\r\n")), &headers).await
    }

    fn keep_cookies(&self, reply: &Reply) {
        let mut jar = self.cookies.borrow_mut();
        for line in reply.headers.get_all("set-cookie").map(|value| value.to_str().unwrap()) {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() || line.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Follows one redirect.
    pub(crate) async fn follow(&self, reply: &Reply) -> Reply {
        assert_eq!(reply.status, 303, "{}", reply.body);
        self.get(reply.location()).await
    }

    /// Presses the button with this text (or name for those who do not see it) in the last page, after filling
    /// in its form by the labels. A value of `on` or empty ticks or clears.
    pub(crate) async fn press(&self, button: &str, filled: &[(&str, &str)]) -> Reply {
        let page = self.page.borrow().clone();
        let form =
            Form::with_button(&page, button).unwrap_or_else(|| panic!("no button “{button}” in {page}"));
        let mut fields = form.fields.clone();
        for (label, value) in filled {
            form.fill(&mut fields, label, value);
        }
        let pairs: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        self.post_raw(&form.action, &pairs, &[("origin", "http://guestlog.test")]).await
    }

    /// The token of the first form of the last page.
    pub(crate) fn csrf(&self) -> String {
        let page = self.page.borrow();
        let after = page.split("name=\"csrf\" value=\"").nth(1).unwrap_or_default();
        after.split('"').next().unwrap_or_default().to_owned()
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) async fn try_sign_in(&self, email: &str, password: &str) -> Reply {
        self.get("/sign-in").await;
        self.press("Sign in", &[("Email", email), ("Password", password)]).await
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) {
        let reply = self.try_sign_in(email, password).await;
        assert_eq!(reply.status, 303, "{}", reply.body);
    }

    /// Is this browser still signed in?
    pub(crate) async fn is_signed_in(&self) -> bool {
        self.get("/profile").await.status == 200
    }
}

/// A form of a page, with what its fields hold.
struct Form {
    action: String,
    html: String,
    fields: Vec<(String, String)>,
}

impl Form {
    fn with_button(page: &str, button: &str) -> Option<Self> {
        page.split("<form").skip(1).find_map(|rest| {
            let html = rest.split("</form>").next()?.to_owned();
            let pressed = html.split("<button").skip(1).find(|rest| {
                let (tag, text) = rest.split_once('>').unwrap();
                let text = text.split("</button>").next().unwrap();
                plain(text) == button || attribute(tag, "aria-label").as_deref() == Some(button)
            })?;
            let tag = pressed.split('>').next()?;
            let mut fields = fields(&html);
            if let Some(name) = attribute(tag, "name") {
                fields.push((name, attribute(tag, "value").unwrap_or_default()));
            }
            Some(Self { action: attribute(html.split('>').next()?, "action")?, html, fields })
        })
    }

    /// Fills in the field of this label, whether the label wraps it, points to it, or is only heard.
    fn fill(&self, fields: &mut Vec<(String, String)>, label: &str, value: &str) {
        let (name, choice) =
            self.named(label).unwrap_or_else(|| panic!("no field “{label}” in {}", self.html));
        match choice {
            // A box or one of several choices: ticked or not.
            Some((own, many)) => {
                fields.retain(|(k, v)| *k != name || (many && *v != own));
                if !value.is_empty() {
                    fields.push((name, own));
                }
            }
            None => {
                fields.retain(|(k, _)| *k != name);
                fields.push((name, value.to_owned()));
            }
        }
    }

    /// The field's name and, of boxes and choices, their own value and whether several may be ticked.
    fn named(&self, label: &str) -> Option<(String, Option<(String, bool)>)> {
        for rest in self.html.split("<label").skip(1) {
            let (tag, inside) = rest.split_once('>')?;
            let inside = inside.split("</label>").next()?;
            if !plain(inside).starts_with(label) {
                continue;
            }
            if let Some(id) = attribute(tag, "for") {
                return Some((id.strip_prefix("f-")?.to_owned(), None));
            }
            let input = inside.split("<input").nth(1)?.split('>').next()?;
            let name = attribute(input, "name")?;
            let kind = attribute(input, "type").unwrap_or_default();
            if !["checkbox", "radio"].contains(&kind.as_str()) {
                return Some((name, None));
            }
            return Some((name, Some((attribute(input, "value")?, kind == "checkbox"))));
        }
        let heard = |tag: &str| attribute(tag, "aria-label").as_deref() == Some(label);
        let select = self
            .html
            .split("<select")
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap())
            .find(|t| heard(t))?;
        Some((attribute(select, "name")?, None))
    }
}

/// What the form would send as it stands.
fn fields(html: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for rest in html.split("<input").skip(1) {
        let tag = rest.split('>').next().unwrap();
        let kind = attribute(tag, "type").unwrap_or_default();
        if ["checkbox", "radio"].contains(&kind.as_str()) && !tag.contains(" checked") {
            continue;
        }
        if let Some(name) = attribute(tag, "name") {
            found.push((name, attribute(tag, "value").unwrap_or_default()));
        }
    }
    for rest in html.split("<textarea").skip(1) {
        let (tag, text) = rest.split_once('>').unwrap();
        let text = text.split("</textarea>").next().unwrap().trim_start_matches('\n');
        found.push((attribute(tag, "name").unwrap(), decode(text)));
    }
    for rest in html.split("<select").skip(1) {
        let tag = rest.split('>').next().unwrap();
        let options: Vec<&str> = rest.split("</select>").next().unwrap().split("<option").skip(1).collect();
        let chosen = options.iter().find(|o| o.split('>').next().unwrap().contains(" selected"));
        let value = chosen.or(options.first()).and_then(|o| attribute(o, "value")).unwrap_or_default();
        found.push((attribute(tag, "name").unwrap(), value));
    }
    found
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split(&format!(" {name}=\"")).nth(1)?;
    Some(decode(value.split('"').next()?))
}

/// Text without tags, space folded.
pub(crate) fn plain(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<') {
        text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
        text.push(' ');
    }
    decode(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn decode(text: &str) -> String {
    let mut text = text.to_owned();
    for (entity, sign) in [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, sign);
    }
    text
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}
