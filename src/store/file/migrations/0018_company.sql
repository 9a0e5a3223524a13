-- Companies by domain (rules.md 35).

create table company (
    account_id integer not null references account on delete cascade,
    -- never given out again
    id         integer not null check (id >= 1),
    -- registrable, in the letters of its language
    domain     text not null check (length(domain) between 3 and 253),
    -- as an editor wrote it; empty = the domain is the name
    name       text not null default '' check (length(name) <= 100),
    -- the same in lower case, for searching: SQLite knows the lower case of ASCII alone
    name_lower text not null default '',
    created_ms integer not null,
    primary key (account_id, id),
    unique (account_id, domain)
) strict, without rowid;

-- the company of a contact that is neither merged nor being erased
alter table contact add column company_id integer check (company_id is null or state = 'active');

create index contact_company on contact (account_id, company_id) where company_id is not null;

-- registrable domains that are no company's, as the account says
create table excluded_domain (
    account_id integer not null references account on delete cascade,
    domain     text not null check (length(domain) between 3 and 253),
    primary key (account_id, domain)
) strict, without rowid;

alter table account add column last_company integer not null default 0 check (last_company >= 0);
-- whether contacts get companies
alter table account add column makes_companies integer not null default 1 check (makes_companies in (0, 1));
-- the first contact whose company is looked at again; null = none is left. What a domain is, SQL cannot say, so a job
-- gives the contacts of before their companies.
alter table account add column company_from integer default 1 check (company_from >= 1);
