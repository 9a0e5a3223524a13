-- The rows have been packed by the step before.

drop table session_before;
drop table event_hot_before;
