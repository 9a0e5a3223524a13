-- Erasing persons: what a backup does not know, and the texts they brought.

-- hashes in the file `erased-persons` beside the store that this store has followed; a restored backup has fewer
alter table meta add column erased_hashes integer not null default 0 check (erased_hashes >= 0);

-- texts that an erased person brought, until it is known whether somebody else brought them too
create table erasing_text (
    account_id integer not null references account on delete cascade,
    kind       integer not null check (kind between 1 and 31),
    id         integer not null check (id >= 1),
    primary key (account_id, kind, id)
) strict, without rowid;
