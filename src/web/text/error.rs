//! Texts of the error pages. Each says what happened, what is safe and what to do.

use serde::Serialize;

texts! {
    Errors {
        not_found: Failure = {
            title: "Page not found",
            happened: "There is no page at this address, or it belongs to an account you cannot access.",
            safe: "Nothing was changed.",
            todo: "Check the address, or start again from the dashboard.",
        },
        denied: Failure = {
            title: "Not allowed",
            happened: "Your role in this account does not allow this.",
            safe: "Nothing was changed.",
            todo: "Ask an owner of the account for the role you need.",
        },
        bad_request: Failure = {
            title: "Invalid request",
            happened: "The address or the form contains something this page cannot read.",
            safe: "Nothing was changed.",
            todo: "Go back, check what you entered, and try again.",
        },
        expired: Failure = {
            title: "This form has expired",
            happened: "The form was opened before you signed in or too long ago, so it was not accepted.",
            safe: "Nothing was changed.",
            todo: "Open the page again and submit the form once more.",
        },
        too_many: Failure = {
            title: "Too many attempts",
            happened: "There were too many requests within a short time.",
            safe: "Nothing was changed, and no account is locked.",
            todo: "Wait a minute and try again.",
        },
        too_many_reports: Failure = {
            title: "Too many reports at once",
            happened: "You have asked for many reports at the same time, on this device or another one. Only a few of them are made at a time, so that other users do not wait.",
            safe: "Nothing was changed, and hits are still being recorded.",
            todo: "Wait until your other reports are shown, and then load this page again.",
        },
        busy: Failure = {
            title: "Temporarily unavailable",
            happened: "The server cannot handle this request at the moment, because it is busy or its disk is nearly full.",
            safe: "Stored data is safe. Visitors' browsers keep their hits and send them again later.",
            todo: "Try again in a moment. If the problem persists, an administrator should check the disk and the log.",
        },
        time_limit: Failure = {
            title: "This report takes too long",
            happened: "The report needs more time than the server allows for one page, so it was stopped to keep the server free for visitors and other users.",
            safe: "Nothing was changed, and hits are still being recorded.",
            todo: "Go back and choose a shorter period or remove filters. If short periods take this long, too, an administrator should check what else is running on the machine.",
        },
        internal: Failure = {
            title: "Something went wrong",
            happened: "The server encountered an internal error while it created this page.",
            safe: "Stored data is safe. If you submitted a form, check whether your change was saved before you submit it again.",
            todo: "Try again. If it happens again, give an administrator the reference below. The log shows the cause for it.",
        },
        /// The ID under which the log shows the cause.
        reference: "Reference: {id}",
        home: "Go to dashboard",
        /// A link to the same page over a shorter period.
        shorter: "Show the last 7 days without filters",
    }
}

#[derive(Debug, Serialize)]
pub struct Failure {
    pub title: &'static str,
    pub happened: &'static str,
    pub safe: &'static str,
    pub todo: &'static str,
}
