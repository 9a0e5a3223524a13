-- The sessions have been packed by the step before.

drop table session_before;
