-- Forms, and what people submit with them (rules.md 33). A form is made by its first submission.

create table form (
    -- never given out again
    id         integer primary key autoincrement,
    account_id integer not null references account on delete cascade,
    -- as the site names it
    key        text not null check (length(key) between 1 and 64),
    -- dictionary id of the page of the newest submission that named one; 0 = none did
    page       integer not null default 0,
    created_ms integer not null,
    last_ms    integer not null,
    unique (account_id, key)
) strict;

create table submission (
    -- inbox id of its hit
    id         integer primary key,
    account_id integer not null references account on delete cascade,
    form_id    integer not null references form on delete cascade,
    at_ms      integer not null,
    -- number of the visitor that sent it; 0 = unknown
    visitor    integer not null check (visitor >= 0),
    contact_id integer,
    -- the contact was created for it
    is_new_contact integer not null check (is_new_contact in (0, 1)),
    -- number of `Way`: how it came
    way        integer not null check (way between 0 and 2),
    -- consent mask, and the revision of the policy that was in force
    consent    integer not null check (consent between 0 and 255),
    policy     integer not null check (policy >= 0),
    -- dictionary ids, 0 = none
    page       integer not null,
    title      integer not null,
    -- a list of pairs of name and value
    fields     text not null check (length(fields) <= 1048576),
    -- the words of consent that the form showed, as JSON; empty = none
    consent_text text not null check (length(consent_text) <= 16384),
    -- nothing of an erased contact stays
    foreign key (account_id, contact_id) references contact on delete cascade
) strict;

-- Whether the script of an account reads forms that visitors submit.
alter table account add column collect_forms integer not null default 0 check (collect_forms in (0, 1));

-- The submissions of a form in order, and its figures without reading what was sent.
create index submission_form on submission (account_id, form_id, at_ms, id, visitor, contact_id, is_new_contact);
create index submission_contact on submission (account_id, contact_id, at_ms);
create index submission_visitor on submission (account_id, visitor, at_ms);
create index submission_time on submission (account_id, at_ms);
