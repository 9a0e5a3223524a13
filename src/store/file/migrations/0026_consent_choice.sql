-- The consent log (rules.md 40): what visitors chose in the banner, each under a random receipt that their browser keeps. Rows
-- are only added, and deleted when they are too old. Erasing a person takes away their token and the path, nothing else.

create table consent_choice (
    account_id integer not null references account on delete cascade,
    -- random, made anew by the browser for each choice
    receipt    blob not null check (length(receipt) = 16),
    at_ms      integer not null,
    -- of the visitor; null when analytics is not allowed, and when the person was erased
    token      blob check (length(token) = 16),
    -- of the policy that was shown
    revision   integer not null,
    -- what the policy asked of this visitor on this page
    kind       text not null check (kind in
        ('none', 'notify', 'opt-out', 'opt-out-categories', 'opt-in', 'opt-in-categories', 'no-cookies')),
    how        text not null check (how in ('accept', 'reject', 'save', 'close', 'withdraw')),
    -- HubSpot's bits of the categories that are allowed from now on
    mask       integer not null check (mask between 0 and 15),
    -- of the banner's texts
    language   text not null check (length(language) between 1 and 32),
    -- of the page, without its query; the path is empty when the person was erased
    host       text not null check (length(host) between 1 and 2048),
    path       text not null check (length(path) <= 8192),
    -- of the local map; empty = unknown
    country    text not null check (length(country) in (0, 2)),
    device     text not null check (device in ('desktop', 'mobile', 'tablet', 'other')),
    primary key (account_id, at_ms, receipt),
    foreign key (account_id, revision) references consent_revision
) strict, without rowid;

create unique index consent_choice_receipt on consent_choice (account_id, receipt);
create index consent_choice_token on consent_choice (account_id, token) where token is not null;

create trigger consent_choice_stays before update on consent_choice
when new.account_id is not old.account_id or new.receipt is not old.receipt or new.at_ms is not old.at_ms
    or new.revision is not old.revision or new.kind is not old.kind or new.how is not old.how
    or new.mask is not old.mask or new.language is not old.language or new.host is not old.host
    or new.country is not old.country or new.device is not old.device or new.token is not null or new.path <> ''
begin
    select raise(abort, 'a logged choice is never changed');
end;

-- How many choices an account logged on a local day, and how many were refused because that day had its most.
create table consent_day (
    account_id integer not null references account on delete cascade,
    day        integer not null,
    choices    integer not null check (choices >= 0),
    refused    integer not null check (refused >= 0),
    primary key (account_id, day)
) strict, without rowid;

-- How often the banner asked, in totals per local day and of nobody. Host and path are empty for pages past the most of a day.
create table consent_asked (
    account_id integer not null references account on delete cascade,
    day        integer not null,
    country    text not null check (length(country) in (0, 2)),
    device     text not null check (device in ('desktop', 'mobile', 'tablet', 'other')),
    host       text not null check (length(host) <= 2048),
    path       text not null check (length(path) <= 8192),
    asked      integer not null check (asked > 0),
    primary key (account_id, day, country, device, host, path)
) strict, without rowid;
