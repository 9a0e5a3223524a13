-- People: a contact has no email, one, or several; its properties know who said them and keep what they replaced;
-- merged and erased contacts have a state; sessions and page views are counted on visitors and contacts as they
-- happen. What is counted of older rows stands in segments, so a function fills the counts after these statements, in
-- the same transaction (`store::history::visit_counts`).

-- of all time, whatever is kept of the events; a visitor keeps its own counts after it belongs to a contact
alter table visitor add column sessions integer not null default 0 check (sessions >= 0);
alter table visitor add column page_views integer not null default 0 check (page_views >= 0);
-- the session this number took over from the number its token stood for before; 0 = none. That number's last session
-- is the same one, so a contact that has both counts it once
alter table visitor add column shared_session integer not null default 0 check (shared_session >= 0);

-- Both tables are made anew: an email may be missing now. The parts are moved first, because dropping a table deletes
-- the rows that belong to it.
drop index contact_email;
drop index contact_external;
alter table contact_property rename to contact_property_before;
alter table contact rename to contact_before;

create table contact (
    account_id    integer not null references account on delete cascade,
    -- never given out again, not after a merge or an erasure either
    id            integer not null check (id >= 1),
    -- merged: an alias of the contact that `contact_alias` names; erasing: the steps of its erasure are not all done,
    -- and go on when the store is opened again. A contact that is erased has no row
    state         text not null default 'active' check (state in ('active', 'merged', 'erasing')),
    -- its primary email, empty = it has none; further ones are in `contact_email`. It stands here because most contacts
    -- have one email only, and lists sort and search a whole account by it
    email          text not null default '' check (length(email) = 0 or length(email) between 3 and 254),
    -- proven by a token or a signature, not only said
    email_verified integer not null default 0 check (email_verified in (0, 1)),
    -- when the contact got it
    email_ms       integer not null default 0,
    external_id   text check (length(external_id) between 1 and 64),
    -- the visitor number of its own, for what programs report about it
    number        integer not null,
    created_ms    integer not null,
    first_ms      integer not null,
    last_ms       integer not null,
    source        integer not null default 0,
    -- of all time, whatever is kept of the events
    completions   integer not null default 0 check (completions >= 0),
    revenue_minor          integer not null default 0,
    revenue_asserted_minor integer not null default 0,
    -- what its visitors have together; a session that several of them share counts once
    sessions      integer not null default 0 check (sessions >= 0),
    page_views    integer not null default 0 check (page_views >= 0),
    primary key (account_id, id),
    -- a contact that is merged or being erased has given its emails away
    check (state = 'active' or email = '')
) strict, without rowid;

-- the further emails of contacts; each email belongs to one contact of the account, as its primary or a further one
create table contact_email (
    account_id integer not null,
    email      text not null check (length(email) between 3 and 254),
    contact_id integer not null,
    verified   integer not null check (verified in (0, 1)),
    created_ms integer not null,
    primary key (account_id, email),
    foreign key (account_id, contact_id) references contact on delete cascade
) strict, without rowid;

-- the current value of each property
create table contact_property (
    account_id integer not null,
    contact_id integer not null,
    name       text not null check (length(name) between 1 and 100),
    value      text not null check (length(value) <= 1024),
    -- number of `Channel`: how the value came
    channel    integer not null check (channel between 0 and 6),
    verified   integer not null check (verified in (0, 1)),
    at_ms      integer not null,
    primary key (account_id, contact_id, name),
    foreign key (account_id, contact_id) references contact on delete cascade
) strict, without rowid;

-- values that were replaced, numbered as they came; the oldest of too many are deleted
create table contact_property_history (
    account_id integer not null,
    contact_id integer not null,
    name       text not null check (length(name) between 1 and 100),
    serial     integer not null check (serial >= 1),
    value      text not null check (length(value) <= 1024),
    channel    integer not null check (channel between 0 and 6),
    verified   integer not null check (verified in (0, 1)),
    at_ms      integer not null,
    primary key (account_id, contact_id, name, serial),
    foreign key (account_id, contact_id) references contact on delete cascade
) strict, without rowid;

-- contacts that were merged into another one. The row of the alias stays in `contact` with its own figures and
-- properties as they were; with what is listed below, a merge can be undone
create table contact_alias (
    account_id integer not null,
    alias_id   integer not null,
    -- the living contact: when that one is merged in turn, its aliases follow it
    contact_id integer not null check (contact_id <> alias_id),
    merged_ms  integer not null,
    primary key (account_id, alias_id),
    foreign key (account_id, alias_id) references contact on delete cascade,
    foreign key (account_id, contact_id) references contact on delete cascade
) strict, without rowid;

create index contact_alias_contact on contact_alias (account_id, contact_id);

-- visitor numbers and emails that came from an alias
create table contact_alias_visitor (
    account_id integer not null,
    alias_id   integer not null,
    number     integer not null,
    primary key (account_id, alias_id, number),
    foreign key (account_id, alias_id) references contact_alias on delete cascade
) strict, without rowid;

create table contact_alias_email (
    account_id integer not null,
    alias_id   integer not null,
    email      text not null check (length(email) between 3 and 254),
    was_primary integer not null check (was_primary in (0, 1)),
    primary key (account_id, alias_id, email),
    foreign key (account_id, alias_id) references contact_alias on delete cascade
) strict, without rowid;

insert into contact (account_id, id, email, email_ms, external_id, number, created_ms, first_ms, last_ms, source,
                     completions, revenue_minor, revenue_asserted_minor)
    select account_id, id, email, created_ms, external_id, number, created_ms, first_ms, last_ms, source, completions,
           revenue_minor, revenue_asserted_minor
    from contact_before;

insert into contact_property (account_id, contact_id, name, value, channel, verified, at_ms)
    select account_id, contact_id, name, value, 0, verified, at_ms from contact_property_before;

drop table contact_property_before;
drop table contact_before;

-- Lists in the order of emails, searches, and how many contacts there are. No two contacts have the same primary email;
-- those without one differ by their number.
create unique index contact_list on contact (account_id, email, (case email when '' then id else 0 end), state);
create index contact_external on contact (account_id, external_id) where external_id is not null;
create index contact_erasing on contact (account_id, id) where state = 'erasing';
create index contact_email_contact on contact_email (account_id, contact_id);
