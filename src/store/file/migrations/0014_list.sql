-- Lists of contacts.

-- numbers are never used again, not after a list is deleted either
alter table account add column last_list integer not null default 0 check (last_list >= 0);

create table list (
    account_id integer not null references account on delete cascade,
    id         integer not null check (id >= 1),
    name       text not null collate nocase check (length(name) between 1 and 100),
    kind       text not null check (kind in ('active', 'static')),
    -- JSON of `Conditions`
    conditions text not null check (length(conditions) between 1 and 1048576),
    created_ms integer not null,
    changed_ms integer not null,
    -- when its members were found; null = not since the list was created or changed
    built_ms   integer,
    -- how many members it had then
    size       integer not null default 0 check (size >= 0),
    primary key (account_id, id)
) strict, without rowid;

create unique index list_name on list (account_id, name);

create table list_member (
    account_id integer not null,
    list_id    integer not null,
    contact_id integer not null,
    joined_ms  integer not null,
    primary key (account_id, list_id, contact_id),
    foreign key (account_id, list_id) references list on delete cascade,
    foreign key (account_id, contact_id) references contact on delete cascade
) strict, without rowid;

-- the lists of a contact
create index list_member_contact on list_member (account_id, contact_id);

-- when a contact joined and left lists, the latest ones
create table list_change (
    account_id integer not null,
    contact_id integer not null,
    at_ms      integer not null,
    list_id    integer not null,
    is_joined  integer not null check (is_joined in (0, 1)),
    primary key (account_id, contact_id, at_ms, list_id),
    foreign key (account_id, list_id) references list on delete cascade,
    foreign key (account_id, contact_id) references contact on delete cascade
) strict, without rowid;

create index list_change_list on list_change (account_id, list_id);
