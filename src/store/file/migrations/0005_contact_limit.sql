-- How many contacts browsers and unsigned calls have created in the last day in which they created any.

-- days since 1970, UTC
alter table account add column asserted_day integer not null default 0;
alter table account add column asserted_contacts integer not null default 0 check (asserted_contacts >= 0);
