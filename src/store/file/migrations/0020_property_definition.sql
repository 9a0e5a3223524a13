-- Declared properties of contacts, and where visitors came from last: source, pages and referrers.

create table property_definition (
    account_id integer not null references account on delete cascade,
    name       text not null check (length(name) between 1 and 100),
    label      text not null check (length(label) between 1 and 100),
    kind       text not null check (kind in ('text', 'number', 'date', 'yes_no', 'choice')),
    -- one on each line; empty for other types
    choices    text not null check (length(choices) <= 10100),
    created_ms integer not null,
    -- values that did not fit since the type is what it is, and when the last one came; nothing else is kept of them
    refused    integer not null default 0 check (refused >= 0),
    refused_ms integer,
    primary key (account_id, name)
) strict, without rowid;

-- Dictionary id of the source of the last session that brought one: sessions that begin inside the site bring none
-- (rules.md 37). And when that session began.
alter table visitor add column latest_source integer not null default 0;
alter table visitor add column latest_ms integer not null default 0;

-- Of older sessions it is not known which began inside the site. These have the source of the one before them, mostly.
update visitor set latest_source = source, latest_ms = source_ms where source <> 0;

-- Dictionary ids of the pages of the first and the last hit; 0 = not known. Their times are those of the visitor
alter table visitor add column first_page integer not null default 0;
alter table visitor add column last_page integer not null default 0;
-- and of the referrers of the first and the last session that had one, with when these began. -1 = the first one is not
-- known, because that session is older than this column
alter table visitor add column first_referrer integer not null default 0;
alter table visitor add column first_referrer_ms integer not null default 0;
alter table visitor add column last_referrer integer not null default 0;
alter table visitor add column last_referrer_ms integer not null default 0;

update visitor set first_referrer_ms = -1 where sessions > 0;
