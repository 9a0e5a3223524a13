-- A session is one value now, because it is written again with each of its page views and read by every report of the
-- open day. The rows are filled in from `session_before`, which the next step drops.

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
