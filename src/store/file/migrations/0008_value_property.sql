-- The property of a completion that is its value, such as revenue or price * quantity. Empty: none.

alter table event_definition add column value_property text not null default '' check (length(value_property) <= 210);
