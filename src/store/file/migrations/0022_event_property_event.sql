-- Lists ask for the completions of one event that have a property.

create index event_property_event on event_property (account_id, event, at_ms);
