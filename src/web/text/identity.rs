//! Texts of the page with the identity key, and of the pages about addresses that stand for nobody.

use super::Plural;

texts! {
    Identity {
        title: "Identity",
        lead: "Anybody can make a browser say that it is somebody. When your server signs the email of whoever is signed in, Guestlog can tell, and what comes with the signature counts as verified.",
        key: "Identity key",
        none: "This account has no identity key yet. Create one, and keep it on your servers only: whoever has it can sign as everybody.",
        create: "Create key",
        what: "Keep it on your servers only, never in a page: whoever has it can sign as everybody. Created {when}.",
        key_label: "Identity key",
        renew: "Renew",
        renew_effect: "A new key is made. The key that is shown now stays accepted until you drop it. If a former key is still accepted, it is dropped now.",
        former: "The former key is still accepted, so your servers can change one after the other. Drop it when all of them sign with the new key.",
        drop: "Drop the former key",
        drop_effect: "What the former key signed is refused from now on.",
        sign: "Sign on your server",
        sign_how: "Put the key into the environment variable GUESTLOG_IDENTITY_KEY of your server. What is signed is the email without whitespace around it, in lower case, with HMAC-SHA256 and the key exactly as it is shown; the signature is written in hexadecimal digits.",
        send: "Send the signature with the email",
        send_how: "Your page passes both on. A signature that is not of its email is refused: the visit is counted, and nobody is identified. The Live page shows it. Show a signature only to the person it is of: whoever has it can send it again. A signature in a call of /v1/event is the parameter hmac.",
        send_label: "Call in the page",
        strict: "Who is believed",
        strict_label: "Accept signed identities only",
        strict_hint: "When on, an identity that a browser sends without a signature is dropped, and the visit is counted without it. Forms and calls from your servers are not affected. Off by default.",
        proves: "A signature proves who somebody is, and not what something was worth: revenue that browsers report stays unverified.",
    }
}

texts! {
    Placeholders {
        title: "Blocked addresses",
        section: "Possibly placeholder addresses",
        section_what: "Some sites send an address such as guest@example.com for everyone who is not signed in. Then many people become one contact. Nothing is dropped until you block the address.",
        /// Why an address is listed.
        by_name: "Its name is one that stands for nobody",
        by_browsers: "More than {limit} browsers joined it within 24 hours",
        block: "Block",
        block_one: "Block {email}",
        blocked_count: Plural = { one: "{n} blocked address", other: "{n} blocked addresses" },
        lead: "Nobody is identified by these addresses: what is sent with one is counted without the identity. Contacts that exist already stay as they are.",
        none_title: "No blocked addresses",
        none: "When a site sends one address for many people, block it here or on the page of its contact.",
        address: "Address",
        since: "Blocked",
        actions: "Actions",
        unblock: "Unblock",
        unblock_one: "Unblock {email}",
        add_title: "Block an address",
        add: "Block address",
        email: "Email",
        back: "Contacts",
        /// On the page of a contact.
        notice_name: "This address is possibly a placeholder: its name is one that stands for nobody.",
        notice_browsers: "This address is possibly a placeholder: more than {limit} browsers joined this contact within 24 hours.",
        notice_blocked: "This address is blocked. Nobody is identified by it.",
        see_blocked: "Blocked addresses",
        wrong: WrongBlock {
            email: "This is not an email address.",
            blocked: "This address is blocked already.",
            too_many: "An account can block at most {limit} addresses.",
            no_email: "This contact has no email.",
        },
    }
}
