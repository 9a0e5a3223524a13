-- The switches of an account under advanced tracking. `limit_to_domains` stands in the table already.

alter table account add column cross_domain_links    integer not null default 1 check (cross_domain_links in (0, 1));
alter table account add column cookies_per_subdomain integer not null default 0 check (cookies_per_subdomain in (0, 1));
alter table account add column secure_cookies        integer not null default 0 check (secure_cookies in (0, 1));
alter table account add column moves_in_pages        integer not null default 1 check (moves_in_pages in (0, 1));
alter table account add column fragment_is_page      integer not null default 0 check (fragment_is_page in (0, 1));
alter table account add column first_view_twice      integer not null default 0 check (first_view_twice in (0, 1));
