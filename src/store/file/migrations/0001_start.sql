-- The store as it begins. Times are milliseconds UTC, money is minor units, texts are bounded.

create table meta (
    id           integer primary key check (id = 1),
    -- last inbox id that was folded: written in the transaction that folds it
    watermark    integer not null check (watermark >= 0),
    created_ms   integer not null,
    -- how often a visitor was erased: who remembers visitors forgets them then
    erasures     integer not null default 0 check (erasures >= 0),
    -- how often an event was defined or changed: who remembers definitions reads them again then
    definitions  integer not null default 0 check (definitions >= 0),
    -- when it was last looked for what is older than the owner keeps
    retention_ms integer
) strict;

create table account (
    -- autoincrement: the number of a deleted account is never given again
    id               integer primary key autoincrement check (id >= 1000001),
    name             text not null check (length(name) between 1 and 100),
    time_zone        text not null check (length(time_zone) between 1 and 64),
    currency         text not null check (length(currency) = 3),
    limit_to_domains integer not null check (limit_to_domains in (0, 1)),
    created_ms       integer not null,
    -- numbers are dense and never used again, erased ones neither
    last_visitor     integer not null default 0 check (last_visitor >= 0),
    last_session     integer not null default 0 check (last_session >= 0),
    last_contact     integer not null default 0 check (last_contact >= 0),
    last_event       integer not null default 0 check (last_event >= 0),
    -- how often a visitor came to belong to a contact there was already: who remembers whose visitors are reads anew
    links            integer not null default 0 check (links >= 0),
    -- what becomes of the name of an event that nobody has created
    unknown_names    text not null default 'create' check (unknown_names in ('create', 'queue', 'refuse')),
    -- is the custom JavaScript of events served?
    custom_js        integer not null default 1 check (custom_js in (0, 1)),
    -- first page view ever, for the page that waits for it
    first_hit_ms     integer,
    -- days and sums of its segments, put together: tells which is missing
    segment_sum      integer not null default 0,
    -- time zone its closed days are cut by
    cut_zone         text check (length(cut_zone) between 1 and 64)
) strict;

create table account_domain (
    account_id integer not null references account on delete cascade,
    position   integer not null,
    domain     text not null check (length(domain) between 1 and 260),
    primary key (account_id, position)
) strict, without rowid;

create table user (
    id            integer primary key,
    email         text not null unique check (length(email) between 3 and 254),
    -- null until the user has chosen one
    password_hash text check (length(password_hash) between 1 and 512),
    server_admin  integer not null check (server_admin in (0, 1)),
    disabled      integer not null default 0 check (disabled in (0, 1)),
    created_ms    integer not null
) strict;

create table member (
    user_id     integer not null references user on delete cascade,
    account_id  integer not null references account on delete cascade,
    role        text not null check (role in ('viewer', 'editor', 'admin', 'owner')),
    -- may a viewer see addresses in full?
    show_emails integer not null default 0 check (show_emails in (0, 1)),
    -- may the member publish script that runs on the account's sites?
    publish_js  integer not null default 0 check (publish_js in (0, 1)),
    primary key (user_id, account_id)
) strict, without rowid;

create index member_account on member (account_id);

-- signed-in browsers; only the hash of the cookie is kept
create table sign_in (
    -- autoincrement: the number stands in the form that ends it and must not come to mean another
    id         integer primary key autoincrement,
    hash       blob not null unique check (length(hash) = 32),
    user_id    integer not null references user on delete cascade,
    csrf       text not null check (length(csrf) = 64),
    -- User-Agent, for the list of one's own
    browser    text not null check (length(browser) <= 256),
    created_ms integer not null,
    last_ms    integer not null
) strict;

create index sign_in_user on sign_in (user_id);

-- links that work once: first set-up, demo sign-in, password reset
create table one_time_link (
    hash       blob primary key check (length(hash) = 32),
    purpose    text not null check (purpose in ('setup', 'sign_in', 'reset')),
    user_id    integer references user on delete cascade,
    expires_ms integer not null
) strict, without rowid;

create index one_time_link_user on one_time_link (user_id);

create table token (
    -- autoincrement: limits and audit rows are kept by this number
    id           integer primary key autoincrement,
    account_id   integer not null references account on delete cascade,
    name         text not null check (length(name) between 1 and 100),
    scopes       text not null check (length(scopes) between 1 and 256),
    hash         blob not null unique check (length(hash) = 32),
    created_ms   integer not null,
    last_used_ms integer
) strict;

create index token_account on token (account_id);

-- reports as somebody asked them, under a name of his
create table saved_view (
    -- autoincrement: the number stands in the form that deletes it and must not come to mean another
    id         integer primary key autoincrement,
    account_id integer not null references account on delete cascade,
    user_id    integer not null references user on delete cascade,
    name       text not null collate nocase check (length(name) between 1 and 60),
    report     text not null check (length(report) between 1 and 32),
    query      text not null check (length(query) <= 8192),
    created_ms integer not null,
    unique (account_id, user_id, name)
) strict;

create index saved_view_user on saved_view (user_id);

create table audit (
    id         integer primary key,
    at_ms      integer not null,
    account_id integer references account on delete cascade,
    user_id    integer references user on delete set null,
    action     text not null check (length(action) between 1 and 64),
    detail     text not null check (length(detail) <= 4096)
) strict;

create index audit_account on audit (account_id, at_ms);

-- the events of an account; numbers are never used again, and rows of events keep them for ever
create table event_definition (
    account_id  integer not null references account on delete cascade,
    number      integer not null check (number >= 1),
    -- a deleted event keeps its name: it does not come back by itself
    name        text not null check (length(name) between 1 and 100),
    kind        text not null check (kind in ('custom', 'http', 'click', 'form', 'visit')),
    status      text not null check (status in ('active', 'archived', 'deleted')),
    selector    text not null default '' check (length(selector) <= 1024),
    url_rule    text not null default '' check (length(url_rule) <= 1024),
    -- of a completion that tells none
    value_minor integer not null default 0,
    created_ms  integer not null,
    changed_ms  integer not null,
    -- of the latest completion
    last_ms     integer,
    primary key (account_id, number)
) strict, without rowid;

create unique index event_definition_name on event_definition (account_id, name);

create table event_tag (
    account_id integer not null,
    number     integer not null,
    position   integer not null,
    tag        text not null check (length(tag) between 1 and 50),
    primary key (account_id, number, position),
    foreign key (account_id, number) references event_definition on delete cascade
) strict, without rowid;

-- custom JavaScript of events, apart from what every list of events reads
create table event_script (
    id         integer primary key,
    account_id integer not null,
    number     integer not null,
    -- in the address it is served at
    hash       text not null check (length(hash) = 16),
    code       text not null check (length(code) between 1 and 2097152),
    unique (account_id, number),
    foreign key (account_id, number) references event_definition on delete cascade
) strict;

-- what is being done, or was, to all completions of an event; begun again from the start where it was cut off
create table event_work (
    account_id  integer not null,
    number      integer not null,
    -- past page views counted back, or all completions of a deleted event taken away
    kind        text not null check (kind in ('count', 'take')),
    -- segments looked through, of how many
    done        integer not null default 0,
    total       integer not null default 0,
    -- completions that came or went
    completions integer not null default 0,
    started_ms  integer not null,
    finished_ms integer,
    primary key (account_id, number, kind),
    foreign key (account_id, number) references event_definition on delete cascade
) strict, without rowid;

-- what became of the code of events, with the old and the new text
create table event_script_change (
    id         integer primary key,
    account_id integer not null references account on delete cascade,
    number     integer not null,
    at_ms      integer not null,
    -- null = the command line
    user_id    integer,
    -- empty = no code
    old_hash   text not null check (length(old_hash) in (0, 16)),
    old_code   text not null check (length(old_code) <= 2097152),
    new_hash   text not null check (length(new_hash) in (0, 16)),
    new_code   text not null check (length(new_code) <= 2097152)
) strict;

create index event_script_change_event on event_script_change (account_id, number);

-- elements being picked on live pages for the selector of an event; only the hash of the token is kept
create table pick (
    -- autoincrement: a page asks by the number for its own pick and must not get another
    id           integer primary key autoincrement,
    account_id   integer not null references account on delete cascade,
    user_id      integer not null references user on delete cascade,
    hash         blob not null unique check (length(hash) = 32),
    expires_ms   integer not null,
    -- which form asks for the choice; empty = none told its name
    form_key     text not null check (length(form_key) <= 64),
    -- the site asked, and was told yes
    confirmed_ms integer,
    -- empty = cancelled
    selector     text check (length(selector) <= 1024)
) strict;

-- names that nobody has created: they wait for review, or were dismissed
create table unexpected_event (
    -- autoincrement: the number stands in the form that approves it and must not come to mean another
    id         integer primary key autoincrement,
    account_id integer not null references account on delete cascade,
    name       text not null check (length(name) between 1 and 100),
    dismissed  integer not null default 0 check (dismissed in (0, 1)),
    seen       integer not null check (seen > 0),
    first_ms   integer not null,
    last_ms    integer not null,
    -- how it was told the last time, and where
    kind       text not null check (kind in ('custom', 'http')),
    page       text not null default '' check (length(page) <= 1024),
    unique (account_id, name)
) strict;

create index unexpected_event_least on unexpected_event (account_id, dismissed, seen, last_ms);

-- From here on the tables of hits. They name their account without a foreign key: it would cost a look-up for
-- every row, and the fold asks for the account anyway.

-- every text a hit brings, once; ids are dense per account and kind, 0 is the empty text
create table dictionary (
    account_id integer not null,
    kind       integer not null check (kind between 1 and 31),
    id         integer not null check (id >= 1),
    value      text not null check (length(value) <= 20000),
    primary key (account_id, kind, id)
) strict, without rowid;

create unique index dictionary_value on dictionary (account_id, kind, value);

create table visitor (
    account_id     integer not null,
    number         integer not null check (number >= 1),
    -- a contact's number for what programs tell of it: never a visitor in reports
    no_browser     integer not null default 0 check (no_browser in (0, 1)),
    contact_id     integer,
    first_ms       integer not null,
    last_ms        integer not null,
    -- the open or last session, and the number its cookie carried
    session_id     integer not null default 0,
    session_number integer,
    -- source of the first session, for the contact it becomes
    first_source   integer not null default 0,
    -- source of the last session, for internal starts
    source         integer not null default 0,
    source_ms      integer not null default 0,
    -- completions and their value while nobody knows who he is; his contact takes them over
    completions    integer not null default 0 check (completions >= 0),
    value_minor    integer not null default 0,
    primary key (account_id, number)
) strict, without rowid;

create index visitor_contact on visitor (account_id, contact_id) where contact_id is not null;

create table visitor_token (
    account_id integer not null,
    token      text not null check (length(token) between 1 and 64),
    number     integer not null,
    primary key (account_id, token)
) strict, without rowid;

create table session (
    account_id  integer not null,
    id          integer not null check (id >= 1),
    visitor     integer not null,
    start_ms    integer not null,
    last_ms     integer not null,
    -- of the first stored hit, and never changed
    source      integer not null,
    referrer    integer not null,
    campaign    integer not null,
    device      integer not null,
    screen      integer not null,
    language    integer not null,
    place       integer not null,
    company     integer not null default 0,
    -- the visitor's first session
    is_new      integer not null check (is_new in (0, 1)),
    -- the token changed hands on the way
    switched    integer not null default 0 check (switched in (0, 1)),
    entry_page  integer not null default 0,
    exit_page   integer not null default 0,
    entry_ms    integer not null default 0,
    exit_ms     integer not null default 0,
    page_views  integer not null default 0,
    completions integer not null default 0,
    engaged_ms  integer not null default 0,
    -- 1 = rows of it are in a segment, 2 = and it changed since
    in_segment  integer not null default 0 check (in_segment between 0 and 2),
    primary key (account_id, id)
) strict, without rowid;

create index session_changed on session (account_id, id) where in_segment = 2;

-- the events of open days, in the order of their time
create table event_hot (
    account_id  integer not null,
    at_ms       integer not null,
    inbox_id    integer not null,
    -- 1 page view, 2 completion
    kind        integer not null check (kind in (1, 2)),
    visitor     integer not null,
    -- 0 = told by a program, no session
    session_id  integer not null,
    page        integer not null default 0,
    title       integer not null default 0,
    event       integer not null default 0,
    value_minor integer not null default 0,
    consent     integer not null check (consent between 0 and 255),
    policy      integer not null,
    engaged_ms  integer not null default 0,
    -- host is none of the account's domains
    foreign_host integer not null default 0 check (foreign_host in (0, 1)),
    -- a page view can complete events of its own
    primary key (account_id, at_ms, inbox_id, event)
) strict, without rowid;

-- closed days of an account as columns; a segment is replaced, never changed
create table segment (
    -- autoincrement: columns are found by this number, and it names one state of a day
    id         integer primary key autoincrement,
    account_id integer not null,
    -- local day, days since 1970
    day        integer not null,
    runs       integer not null check (runs > 0),
    rows       integer not null check (rows >= runs),
    listed     integer not null check (listed > 0),
    first_ms   integer not null,
    last_ms    integer not null check (last_ms >= first_ms),
    -- bits of the columns that hold more than 0
    stored     integer not null,
    -- what the rows come to
    visitors    integer not null check (visitors >= 0),
    sessions    integer not null check (sessions >= 0),
    page_views  integer not null check (page_views >= 0),
    completions integer not null check (completions >= 0),
    value_minor integer not null,
    engaged_ms  integer not null check (engaged_ms >= 0),
    bounces     integer not null check (bounces >= 0),
    -- checksum of the numbers above
    sum         integer not null
) strict;

create index segment_day on segment (account_id, day);

create table segment_column (
    -- number of the segment * 32 + number of the column; it is in the checksum the bytes begin with
    id   integer primary key,
    data blob not null check (length(data) >= 16)
) strict;

-- how long page views of closed days were visible, as far as their segments do not know it yet
create table late_engagement (
    account_id integer not null,
    session_id integer not null,
    at_ms      integer not null,
    engaged_ms integer not null check (engaged_ms > 0),
    primary key (account_id, session_id, at_ms)
) strict, without rowid;

-- what completions were told with
create table event_property (
    account_id integer not null,
    at_ms      integer not null,
    inbox_id   integer not null,
    visitor    integer not null,
    event      integer not null,
    properties text not null check (length(properties) <= 8192),
    primary key (account_id, at_ms, inbox_id)
) strict, without rowid;

-- event ids of the last 48 hours: each counts once. One tree: it is written once for every event
create table seen (
    account_id  integer not null,
    event_id    text not null check (length(event_id) between 1 and 64),
    inbox_id    integer not null,
    at_ms       integer not null,
    received_ms integer not null,
    session_id  integer not null,
    primary key (account_id, event_id)
) strict, without rowid;

create table contact (
    account_id    integer not null references account on delete cascade,
    id            integer not null check (id >= 1),
    email         text not null check (length(email) between 3 and 254),
    external_id   text check (length(external_id) between 1 and 64),
    -- its own number, for what programs tell of it
    number        integer not null,
    created_ms    integer not null,
    first_ms      integer not null,
    last_ms       integer not null,
    source        integer not null default 0,
    -- of all time, whatever is kept of the events
    completions   integer not null default 0 check (completions >= 0),
    revenue_minor          integer not null default 0,
    revenue_asserted_minor integer not null default 0,
    primary key (account_id, id)
) strict, without rowid;

create unique index contact_email on contact (account_id, email);
create index contact_external on contact (account_id, external_id) where external_id is not null;

create table contact_property (
    account_id integer not null,
    contact_id integer not null,
    name       text not null check (length(name) between 1 and 100),
    value      text not null check (length(value) <= 1024),
    verified   integer not null check (verified in (0, 1)),
    at_ms      integer not null,
    primary key (account_id, contact_id, name),
    foreign key (account_id, contact_id) references contact on delete cascade
) strict, without rowid;

-- identities as said: who a visitor called himself, and when
create table identification (
    account_id  integer not null references account on delete cascade,
    at_ms       integer not null,
    inbox_id    integer not null,
    visitor     integer not null,
    contact_id  integer,
    external_id text check (length(external_id) between 1 and 64),
    other_token text check (length(other_token) between 1 and 64),
    primary key (account_id, at_ms, inbox_id)
) strict, without rowid;

create index identification_visitor on identification (account_id, visitor);

-- hits that could not be folded; they can be replayed
create table dead_letter (
    inbox_id    integer primary key,
    failed_ms   integer not null,
    error       text not null check (length(error) <= 1024),
    body        blob not null
) strict;

-- robots, counted and left out
create table bot_day (
    account_id integer not null references account on delete cascade,
    day        integer not null,
    family     text not null check (length(family) between 1 and 64),
    hits       integer not null check (hits > 0),
    primary key (account_id, day, family)
) strict, without rowid;
