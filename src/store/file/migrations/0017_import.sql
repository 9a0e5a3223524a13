-- Imports of contacts from CSV files. The file itself lies beside the store until the import is over.

create table import (
    id          integer primary key autoincrement,
    account_id  integer not null references account on delete cascade,
    -- who uploaded the file; null = the command line, or a user who is gone
    user_id     integer references user on delete set null,
    -- name of the file as it was uploaded
    name        text not null check (length(name) between 1 and 200),
    -- its name in the folder of imports; empty = it is deleted
    file        text not null check (length(file) <= 64),
    state       text not null check (state in ('uploaded', 'checking', 'checked', 'running', 'done', 'stopped')),
    -- why it stopped before its end; empty = it did not
    stop        text not null default '' check (stop in ('', 'erased', 'lost')),
    encoding    text not null check (length(encoding) <= 32),
    separator   text not null check (length(separator) = 1),
    -- JSON: the heading of each column and what it is imported as
    columns     text not null check (length(columns) <= 1048576),
    -- rows of the file, without its head
    rows        integer not null check (rows >= 0),
    -- last line of the file that was checked or imported
    line        integer not null default 0 check (line >= 0),
    created     integer not null default 0 check (created >= 0),
    changed     integer not null default 0 check (changed >= 0),
    same        integer not null default 0 check (same >= 0),
    refused     integer not null default 0 check (refused >= 0),
    created_ms  integer not null,
    finished_ms integer
) strict;

create index import_account on import (account_id);

-- the rows that were refused, each with why; nothing of what stood in them
create table import_refusal (
    import_id integer not null references import on delete cascade,
    -- line of the file on which the row begins
    line      integer not null check (line >= 1),
    -- column from 0; null = the row as a whole
    column    integer check (column >= 0),
    reason    text not null check (length(reason) between 1 and 32),
    -- the earlier line about the same contact, or the number of another contact
    other     integer,
    primary key (import_id, line)
) strict, without rowid;
