-- Sessions and the events of open days are one value each now. A session is written again with each of its page views, and
-- every report of the open day reads all of these rows. The tables are filled from `session_before` and
-- `event_hot_before`, which the next step drops.

drop index session_changed;
alter table session rename to session_before;
create table session (
    -- account_id * 2^32 + number of the session
    key        integer primary key check (key >= 1),
    -- 1 = rows of it are in a segment, 2 = and it changed since
    in_segment integer not null check (in_segment between 0 and 2),
    row        blob not null check (length(row) between 1 and 256)
) strict;
create index session_changed on session (key) where in_segment = 2;

alter table event_hot rename to event_hot_before;
create table event_hot (
    account_id integer not null,
    at_ms      integer not null,
    inbox_id   integer not null,
    -- number of the completed event; 0 = a page view
    event      integer not null,
    row        blob not null check (length(row) between 1 and 256),
    -- a page view can complete events of its own
    primary key (account_id, at_ms, inbox_id, event)
) strict, without rowid;
