-- What a report of how long a page view was visible is compared with, so that it reads no segment.

-- milliseconds so far
alter table seen add column engaged_ms integer not null default 0 check (engaged_ms >= 0);
-- checksum of the token of the visitor whose page view it was; -1 = any visitor, for page views from before this step;
-- null = the hit was no page view, its day was closed before this step, or its visitor was erased
alter table seen add column viewer integer check (viewer between -1 and 4294967295);

update seen set engaged_ms = hot.engaged_ms, viewer = -1
from event_hot hot
where hot.account_id = seen.account_id and hot.at_ms = seen.at_ms and hot.inbox_id = seen.inbox_id and hot.event = 0;
