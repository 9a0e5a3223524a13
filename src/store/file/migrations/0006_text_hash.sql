-- Texts of the dictionary are found by a hash: an index of whole texts took as much room as the texts themselves, and
-- long addresses are slow to compare.

-- the first 8 bytes of SHA-256 of the value
alter table dictionary add column hash integer not null default 0;

drop index dictionary_value;

create index dictionary_hash on dictionary (account_id, kind, hash);
