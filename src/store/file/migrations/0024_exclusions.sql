-- The rest of the settings under advanced tracking, and which editors may change them.

alter table account add column click_autocapture  integer not null default 1 check (click_autocapture in (0, 1));
alter table account add column contact_properties integer not null default 1 check (contact_properties in (0, 1));

alter table member add column website_settings integer not null default 0 check (website_settings in (0, 1));

-- addresses and referring domains whose hits are refused, and parameters that are removed from addresses
create table account_exclusion (
    account_id integer not null references account on delete cascade,
    setting    text not null check (setting in ('excluded_addresses', 'excluded_referrers', 'removed_parameters')),
    position   integer not null,
    entry      text not null check (length(entry) between 1 and 260),
    primary key (account_id, setting, position)
) strict, without rowid;
