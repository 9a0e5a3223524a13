-- Which contacts changed what a search looks at: their emails, their properties, and whether they are contacts still.

create table contact_change (
    -- rises with each change; the latest 50,000 are kept
    number     integer primary key,
    account_id integer not null,
    contact_id integer not null
) strict;

create trigger contact_change_kept after insert on contact_change begin
    delete from contact_change where number <= new.number - 50000;
end;

create trigger contact_added after insert on contact begin
    insert into contact_change (account_id, contact_id) values (new.account_id, new.id);
end;
create trigger contact_changed after update of email, state on contact
when new.email <> old.email or new.state <> old.state begin
    insert into contact_change (account_id, contact_id) values (new.account_id, new.id);
end;
create trigger contact_deleted after delete on contact begin
    insert into contact_change (account_id, contact_id) values (old.account_id, old.id);
end;

create trigger contact_email_added after insert on contact_email begin
    insert into contact_change (account_id, contact_id) values (new.account_id, new.contact_id);
end;
create trigger contact_email_moved after update of contact_id, email on contact_email begin
    insert into contact_change (account_id, contact_id) values (old.account_id, old.contact_id);
    insert into contact_change (account_id, contact_id) values (new.account_id, new.contact_id);
end;
create trigger contact_email_deleted after delete on contact_email begin
    insert into contact_change (account_id, contact_id) values (old.account_id, old.contact_id);
end;

create trigger contact_property_added after insert on contact_property begin
    insert into contact_change (account_id, contact_id) values (new.account_id, new.contact_id);
end;
create trigger contact_property_changed after update of contact_id, value on contact_property
when new.value <> old.value or new.contact_id <> old.contact_id begin
    insert into contact_change (account_id, contact_id) values (old.account_id, old.contact_id);
    insert into contact_change (account_id, contact_id) values (new.account_id, new.contact_id);
end;
create trigger contact_property_deleted after delete on contact_property begin
    insert into contact_change (account_id, contact_id) values (old.account_id, old.contact_id);
end;
