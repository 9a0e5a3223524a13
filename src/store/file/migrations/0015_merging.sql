-- Merging contacts, and what is kept so that a merge can be undone.

-- Completions of this number that were counted for its contact, and their value, since these columns are there. Only
-- differences of two moments mean anything: what came since a merge. They may be negative, when an event is deleted.
alter table visitor add column contact_completions integer not null default 0;
alter table visitor add column contact_value_minor integer not null default 0;

-- The contact it was merged into itself. That one may have been merged in turn; `contact_id` is the living one then, and
-- the alias goes back with its `into_id` when that merge is undone.
alter table contact_alias add column into_id integer not null default 0;
alter table contact_alias add column merged_by integer references user on delete set null;
-- what the contact of `into_id` had before anything was merged into it, as far as merging changes it
alter table contact_alias add column own_first_ms integer not null default 0;
alter table contact_alias add column own_last_ms integer not null default 0;
alter table contact_alias add column own_source integer not null default 0;
-- it had no external id, and got that of the alias
alter table contact_alias add column gave_external integer not null default 0 check (gave_external in (0, 1));

update contact_alias set into_id = contact_id;

-- the visitor's counts of above when it came
alter table contact_alias_visitor add column completions integer not null default 0;
alter table contact_alias_visitor add column value_minor integer not null default 0;

-- properties of the contact that a merge set to the value of the alias, with the value before; null = it had none
create table contact_alias_property (
    account_id integer not null,
    alias_id   integer not null,
    name       text not null check (length(name) between 1 and 100),
    value      text check (length(value) <= 1024),
    channel    integer not null default 0 check (channel between 0 and 6),
    verified   integer not null default 0 check (verified in (0, 1)),
    at_ms      integer not null default 0,
    primary key (account_id, alias_id, name),
    foreign key (account_id, alias_id) references contact_alias on delete cascade
) strict, without rowid;
