-- The cost of the sync: it grows with the accounts that are due and the days that are open, not with the tenants.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(9);

select pg_temp.forget_jobs();
delete from private.usage_accounts;
create function pg_temp.today() returns date stable return (now() at time zone 'utc')::date;
insert into private.usage_accounts (account_sid, user_id, first_day, due_at, rotate_at, read_at, read_through, read_dates, active_at)
select 'AC' || n, gen_random_uuid(), pg_temp.today() - 100, now() + case when n % 1000 = 0 then -interval '1 minute' else interval '1 day' end, now() + interval '2 days', now(), pg_temp.today(),
  array[pg_temp.today() - 2, pg_temp.today() - 1, pg_temp.today()], now()
from generate_series(1, 20000) n;
update private.usage_accounts set user_id = pg_temp.tenant() where account_sid = 'AC1000';
insert into private.usage_days (account_sid, day, total_price, price_unit, closed_at, unchanged_dates)
select 'AC' || n, pg_temp.today() - d, 1, 'usd', case when d > 2 then now() end, 0 from generate_series(1000, 1020) n, generate_series(0, 99) d;
insert into public.twilio_usage (account_sid, day, category, count, usage, price, price_unit)
select 'AC' || n, pg_temp.today() - d, c, 1, 1, 1, 'usd' from generate_series(1000, 1020) n, generate_series(0, 99) d, unnest(array['sms', 'sms-outbound', 'totalprice']) c;
analyze private.usage_accounts, private.usage_days, public.twilio_usage;

create function pg_temp.rows_read(p_table regclass) returns bigint volatile
  return pg_stat_get_xact_tuples_returned(p_table) + pg_stat_get_xact_tuples_fetched(p_table);
create temp table read (accounts bigint, days bigint, usage bigint);
grant all on read to service_role;
create function pg_temp.begin_counting() returns void language sql as $$
  delete from read;
  insert into read select pg_temp.rows_read('private.usage_accounts'), pg_temp.rows_read('private.usage_days'), pg_temp.rows_read('public.twilio_usage');
$$;
create function pg_temp.counted() returns read language sql as $$
  select pg_temp.rows_read('private.usage_accounts') - accounts, pg_temp.rows_read('private.usage_days') - days, pg_temp.rows_read('public.twilio_usage') - usage from read;
$$;
set local role service_role;

select pg_temp.begin_counting();
select is(public.ask_for_usage_syncs('AC1', 200), 20, 'All accounts that are due are claimed');
select cmp_ok((pg_temp.counted()).accounts, '<', 200::bigint, 'A claim reads the accounts that are due, not all 20,000');
select pg_temp.begin_counting();
select is(public.ask_for_usage_syncs('AC1', 200), 0, 'Then none is due');
select cmp_ok((pg_temp.counted()).accounts, '<', 10::bigint, 'Without due accounts a claim reads next to nothing');

select pg_temp.begin_counting();
create temp table begun as select * from public.begin_usage_sync('AC1000');
select is((select until_day - from_day from begun), 2, 'A read covers the open days');
select is(public.record_usage('AC1000', (select fence from begun), (select until_day from begun), (select from_day from begun), (select until_day from begun),
  (select jsonb_agg(jsonb_build_object('day', pg_temp.today() - d, 'category', c, 'count', 1, 'usage', 1, 'price', '1', 'price_unit', 'usd')) from generate_series(0, 2) d, unnest(array['sms', 'sms-outbound', 'totalprice']) c)),
  'recorded', 'It is recorded');
select cmp_ok((pg_temp.counted()).usage + (pg_temp.counted()).days + (pg_temp.counted()).accounts, '<', 150::bigint, 'It reads the rows of its days, not the 300 of the account''s history');

-- What a message pays.
update private.usage_accounts set due_at = now() + interval '1 minute', active_at = now() where account_sid = 'AC1000';
create temp table version as select ctid as place from private.usage_accounts where account_sid = 'AC1000';
select pg_temp.begin_counting();
select private.note_usage(pg_temp.tenant()) from generate_series(1, 10);
select cmp_ok((pg_temp.counted()).accounts, '<', 50::bigint, 'A message reads the row of its account alone');
select results_eq($$ select ctid from private.usage_accounts where account_sid = 'AC1000' $$, 'select place from version', 'While the account is due soon, a message changes nothing');

select * from finish();
rollback;
