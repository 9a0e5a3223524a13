-- Which kind of click id the landing address of a session had, so that what it means can change over history. Sessions
-- from before this step have none, as segments do that have no such column.

-- number of the kind, 0 = none
alter table session add column click_id integer not null default 0 check (click_id between 0 and 255);
