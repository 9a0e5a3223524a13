-- How long an account keeps a kind of data. A kind without a row is kept as long as the configuration says.

create table retention (
    account_id integer not null references account on delete cascade,
    -- visits, completions, submissions, contacts, audit_log
    kind       text not null check (length(kind) between 1 and 32),
    -- 0 = without end
    months     integer not null check (months between 0 and 1200),
    primary key (account_id, kind)
) strict, without rowid;
