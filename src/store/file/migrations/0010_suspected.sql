-- Sessions that are suspected to be a robot's which hides, and whether reports of the account leave them out.

alter table session add column suspected integer not null default 0 check (suspected in (0, 1));
alter table account add column leave_out_suspected integer not null default 0 check (leave_out_suspected in (0, 1));
