-- Page views of visitors who did not consent, in totals (rules.md 41), and what accounts count of such visitors.

alter table account add column count_anonymously integer not null default 0 check (count_anonymously in (0, 1));
alter table account add column count_asked       integer not null default 0 check (count_asked in (0, 1));

create table anonymous_day (
    account_id integer not null references account on delete cascade,
    -- of the account's time zone when the view was counted
    day        integer not null,
    views      integer not null check (views >= 0),
    -- views that no page of the site led to
    sessions   integer not null check (sessions >= 0),
    -- how many pages, and how many hosts, are counted by their names
    pages      integer not null default 0 check (pages >= 0),
    sources    integer not null default 0 check (sources >= 0),
    primary key (account_id, day)
) strict, without rowid;

-- A row is a total of one value alone. What a single view was is in no row.
create table anonymous_count (
    account_id integer not null references account on delete cascade,
    part       text not null check (part in ('page', 'source', 'country', 'device')),
    day        integer not null,
    value      text not null check (length(value) <= 1024),
    views      integer not null check (views >= 0),
    sessions   integer not null check (sessions >= 0),
    primary key (account_id, part, day, value)
) strict, without rowid;
