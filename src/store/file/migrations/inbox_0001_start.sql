-- Accepted hits that are not folded yet, in the order they were accepted.
create table hit (
    id   integer primary key,
    body blob not null check (length(body) <= 1048576)
) strict;

-- one row, written to see whether writing works
create table probe (
    id    integer primary key check (id = 1),
    at_ms integer not null
) strict;
