-- How often a user and an address may do a thing.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(11);

delete from private.allowances;
set local role service_role;

create function pg_temp.take(p_user uuid, p_address text default '192.0.2.1', p_action text default 'send') returns text language sql as $$
  select outcome from public.take_allowance(p_action, p_user, p_address, 2, 3, 60);
$$;

select is(pg_temp.take(pg_temp.tenant()), 'allowed', 'A first use is allowed');
select is(pg_temp.take(pg_temp.tenant()), 'allowed', 'So is the last within the limit');
select is(pg_temp.take(pg_temp.tenant()), 'exceeded', 'The next one is not');
select ok((select retry_after_seconds between 59 and 60 from public.take_allowance('send', pg_temp.tenant(), null, 2, 3, 60)), 'It says how long to wait');
select is(pg_temp.take(pg_temp.tenant(), null, 'buy'), 'allowed', 'Another action has a limit of its own');
select is(pg_temp.take(pg_temp.neighbour(), '192.0.2.1'), 'exceeded', 'A neighbour behind the same address meets the limit of the address');
select is(pg_temp.take(pg_temp.neighbour(), '192.0.2.2'), 'allowed', 'From elsewhere they do not');
select is(pg_temp.take(gen_random_uuid(), null), 'allowed', 'Without a known address only the user is counted');

update private.allowances set window_ends_at = now() - interval '1 second' where subject = 'user:' || pg_temp.tenant();
select is(pg_temp.take(pg_temp.tenant(), null), 'allowed', 'In the next window all begins anew');

update private.allowances set window_ends_at = now() - interval '2 hours' where subject = 'address:192.0.2.1';
select is(public.forget_allowances(), 1::bigint, 'Windows long gone are forgotten');
select is_empty($$ select 1 from private.allowances where subject = 'address:192.0.2.1' $$, 'And are not kept about anybody');

select * from finish();
rollback;
