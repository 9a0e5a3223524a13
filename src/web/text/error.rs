//! Texts of the error page: what happened, what is safe, what to do.

use serde::Serialize;

texts! {
    Errors {
        not_found: Failure = {
            title: "Page not found",
            happened: "There is no page at this address, or it belongs to an account you have no part in.",
            safe: "Nothing was changed.",
            todo: "Check the address, or start again from the dashboard.",
        },
        denied: Failure = {
            title: "Not allowed",
            happened: "Your role in this account does not reach this far.",
            safe: "Nothing was changed.",
            todo: "Ask an owner of the account for the role you need.",
        },
        bad_request: Failure = {
            title: "That did not make sense",
            happened: "The address or the form holds something this page cannot read.",
            safe: "Nothing was changed.",
            todo: "Go back, check what you entered and try again.",
        },
        expired: Failure = {
            title: "This form is too old",
            happened: "The form was opened before you signed in, or too long ago, so it can no longer be trusted.",
            safe: "Nothing was changed.",
            todo: "Open the page again and send the form once more.",
        },
        too_many: Failure = {
            title: "Too many tries",
            happened: "This was asked too often within a short time.",
            safe: "Nothing was changed and nobody is locked out.",
            todo: "Wait a minute and try again.",
        },
        busy: Failure = {
            title: "Not possible right now",
            happened: "The server cannot take this at the moment: it is busy, or its disk is nearly full.",
            safe: "What was stored before is safe, and visitors' browsers keep their hits and send them again.",
            todo: "Try again in a moment. If it stays, an administrator should look at the disk and the log.",
        },
        time_limit: Failure = {
            title: "This question takes too long",
            happened: "There is more to count than the server counts for one page, so it stopped, to have time for visitors and other readers.",
            safe: "Nothing was changed, and hits are taken as ever.",
            todo: "Go back and choose a shorter period, or take filters away. If short periods take this long too, an administrator should look at what else the machine does.",
        },
        internal: Failure = {
            title: "Something went wrong here",
            happened: "The server met a fault of its own while it made this page.",
            safe: "What was stored before is safe. If you sent a form, look whether it took effect before you send it again.",
            todo: "Try again. If it happens again, give an administrator the number below: the log names the cause under it.",
        },
        /// `{id}`: by which the log names the failure.
        reference: "Reference: {id}",
        home: "To the dashboard",
        /// The same page over a shorter period.
        shorter: "The last 7 days, without filters",
    }
}

#[derive(Debug, Serialize)]
pub struct Failure {
    pub title: &'static str,
    pub happened: &'static str,
    pub safe: &'static str,
    pub todo: &'static str,
}
