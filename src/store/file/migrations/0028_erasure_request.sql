-- Visitors who asked on the page for visitors that what is kept of their browser is deleted (rules.md 42). An admin decides.
-- The row goes with the visitor.

create table erasure_request (
    account_id integer not null,
    visitor    integer not null,
    at_ms      integer not null,
    primary key (account_id, visitor),
    foreign key (account_id, visitor) references visitor on delete cascade
) strict, without rowid;
