-- Texts of the dictionary are found by a hash: an index of whole texts took as much room as the texts themselves, and
-- long addresses are slow to compare. How many bytes of texts an account can have is bounded as well as their number.

-- the first 8 bytes of SHA-256 of the value
alter table dictionary add column hash integer not null default 0;

-- bytes of all texts of the kind up to this one and with it
alter table dictionary add column end_bytes integer not null default 0;

drop index dictionary_value;

create index dictionary_hash on dictionary (account_id, kind, hash);
