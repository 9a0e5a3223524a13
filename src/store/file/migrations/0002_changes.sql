-- How a change is noticed by everything that is kept in memory.

-- One row for each account and kind of thing that has ever changed, with the number of the latest change. Numbers rise
-- over the whole store, so one question finds everything that is new.
create table change (
    account_id integer not null,
    kind       text not null check (kind in ('account', 'events', 'visitors', 'contact_of_visitor', 'emails')),
    number     integer not null unique check (number >= 1),
    primary key (account_id, kind)
) strict, without rowid;

-- The visitors whose contact became another one, by the number of that change. The latest ones only: whoever remembers
-- an older state reads all visitors again.
create table visitor_change (
    number     integer primary key,
    account_id integer not null,
    visitor    integer not null
) strict;

create index visitor_change_account on visitor_change (account_id, number);

-- These counters did the same, each in its own way.
alter table meta drop column erasures;
alter table meta drop column definitions;
alter table account drop column links;
