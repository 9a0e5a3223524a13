-- Whom an account believes (rules.md 36): keys with which its sites sign emails, emails by which nobody is identified, and
-- how many browsers joined a contact because they said so.

create table identity_key (
    account_id  integer primary key references account on delete cascade,
    -- hex digits; the text itself is the key
    current_key text not null check (length(current_key) = 64),
    -- the one before, which is accepted until an admin drops it
    former_key  text check (length(former_key) = 64),
    -- when the current one was made
    created_ms  integer not null
) strict;

-- What browsers say of their users counts only when it is signed.
alter table account add column signed_only integer not null default 0 check (signed_only in (0, 1));

create table blocked_email (
    id         integer primary key autoincrement,
    account_id integer not null references account on delete cascade,
    email      text not null check (length(email) between 3 and 254),
    created_ms integer not null,
    unique (account_id, email)
) strict;

create table contact_joining (
    account_id integer not null,
    contact_id integer not null,
    -- the browsers are those that joined since, for a day at most
    since_ms   integer not null,
    browsers   integer not null check (browsers >= 1),
    -- when there were so many that the address is possibly a placeholder
    noticed_ms integer,
    primary key (account_id, contact_id),
    foreign key (account_id, contact_id) references contact on delete cascade
) strict, without rowid;

create index contact_joining_noticed on contact_joining (account_id, noticed_ms) where noticed_ms is not null;
