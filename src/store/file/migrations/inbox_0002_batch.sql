-- Hits that were put on disk together share a row, because a row for each cost about a tenth of all work on a hit.
-- A batch of one hit is the row of the hit itself; in a longer one each has its length in front (`store/hits/batch.rs`).
create table batch (
    -- id of the last hit; the ids of the others come before it without a gap
    last_id integer primary key,
    hits    integer not null check (hits between 1 and 524288),
    body    blob not null check (length(body) <= 2097152)
) strict;

insert into batch (last_id, hits, body) select id, 1, body from hit order by id;
drop table hit;
