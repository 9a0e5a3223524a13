-- The consent policy of an account (rules.md 38). The latest revision is in force. A revision is never changed, because it
-- proves what visitors were asked.

create table consent_revision (
    account_id integer not null references account on delete cascade,
    -- counts up from 1 in each account
    number     integer not null check (number between 1 and 4294967295),
    made_ms    integer not null,
    -- null when it was made by the command line, or the user is gone
    user_id    integer references user on delete set null,
    -- whether the choices of earlier revisions became void by it
    asks_again integer not null check (asks_again in (0, 1)),
    -- the rules, as JSON
    policy     text not null check (length(policy) between 2 and 262144),
    primary key (account_id, number)
) strict, without rowid;

create trigger consent_revision_stays before update of account_id, number, made_ms, asks_again, policy
on consent_revision begin
    select raise(abort, 'a revision of a consent policy is never changed');
end;
