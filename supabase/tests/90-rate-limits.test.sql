-- Rate limits: how often a user, and an IP address, may perform an action.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(12);

delete from private.rate_limits;
set local role service_role;

create function pg_temp.count_one(p_user uuid, p_address text default '192.0.2.1', p_action text default 'send') returns text language sql as $$
  select outcome::text from public.count_request(p_action, p_user, p_address, 2, 3, 60);
$$;

select is(pg_temp.count_one(pg_temp.tenant()), 'allowed', 'The first request is allowed');
select is(pg_temp.count_one(pg_temp.tenant()), 'allowed', 'The last request within the limit is allowed');
select is(pg_temp.count_one(pg_temp.tenant()), 'exceeded', 'The next request exceeds the limit of the user');
select ok((select retry_after_seconds between 59 and 60 from public.count_request('send', pg_temp.tenant(), null, 2, 3, 60)), 'An exceeded limit comes with the seconds to wait');
select is(pg_temp.count_one(pg_temp.tenant(), null, 'buy'), 'allowed', 'Another action has a limit of its own');
select is(pg_temp.count_one(pg_temp.neighbour(), '192.0.2.1'), 'allowed', 'A neighbour at the same address is allowed: requests over a user''s own limit do not count for the address');
select is(pg_temp.count_one(gen_random_uuid(), '192.0.2.1'), 'exceeded', 'The next request of another user exceeds the limit of the address');
select is(pg_temp.count_one(pg_temp.neighbour(), '192.0.2.2'), 'allowed', 'A neighbour at another address is allowed');
select is(pg_temp.count_one(gen_random_uuid(), null), 'allowed', 'Without a known address only the user is counted');

update private.rate_limits set window_ends_at = now() - interval '1 second' where subject = 'user:' || pg_temp.tenant();
select is(pg_temp.count_one(pg_temp.tenant(), null), 'allowed', 'The next window starts a new count');

update private.rate_limits set window_ends_at = now() - interval '2 hours' where subject = 'address:192.0.2.1';
select is(public.forget_rate_limits(), 1::bigint, 'forget_rate_limits deletes windows that ended more than an hour ago');
select is_empty($$ select 1 from private.rate_limits where subject = 'address:192.0.2.1' $$, 'A deleted window leaves no row of the address');

select * from finish();
rollback;
