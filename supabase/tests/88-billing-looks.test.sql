-- What the scheduled jobs of billing read when nothing is due: one look into an index, however many rows there are.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(16);

select pg_temp.join_as('tenant', 'attacker');
-- The rows are of the past: their triggers have nothing to do.
alter table private.own_subscriptions disable trigger user;
alter table private.billing_periods disable trigger user;
alter table private.billing_customers disable trigger user;
alter table private.final_bills disable trigger user;
alter table private.due_work disable trigger user;
alter table private.billing_rows disable trigger user;
create function pg_temp.id(n bigint) returns uuid language sql immutable as $$ select md5('tenant ' || n)::uuid $$;
insert into private.own_subscriptions (subscription_id, since, user_id, plan_key, plan_rank, is_running, created_at, metered_due_at)
select 'sub_' || n, '-infinity', pg_temp.id(n), 'team', 3, true, now(), case when n % 2 = 0 then now() + interval '1 hour' end
from generate_series(1, 5000) n;
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency, close_due_at)
select 'sub_' || n, now() - interval '1 day', now() + interval '1 day', pg_temp.id(n), 'cus_' || n, 'usd', now() + interval '1 day'
from generate_series(1, 5000) n;
insert into private.billing_customers (stripe_customer_id, user_id, due_at, compare_due_at)
select 'cus_' || n, pg_temp.id(n), now() + interval '1 hour', now() + interval '1 hour' from generate_series(1, 5000) n;
insert into private.final_bills (subscription_id, user_id, stripe_customer_id, ended_at, due_at)
select 'sub_' || n, pg_temp.id(n), 'cus_' || n, now() - interval '1 day', case when n % 2 = 0 then now() + interval '1 hour' end
from generate_series(1, 5000) n;
insert into private.due_work (user_id, kind, due_at)
select pg_temp.id(n), 'rating', now() + interval '1 hour' from generate_series(1, 5000) n;
insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start, period_end, currency, units, state, accepted_at)
select pg_temp.id(n), 'sms_out', current_date, 'USD', 'sub_' || n, 'cus_' || n, now() - interval '1 day', now() + interval '1 day', 'usd', 1, 'accepted', now()
from generate_series(1, 5000) n;
alter table private.own_subscriptions enable trigger user;
alter table private.billing_periods enable trigger user;
alter table private.billing_customers enable trigger user;
alter table private.final_bills enable trigger user;
alter table private.due_work enable trigger user;
alter table private.billing_rows enable trigger user;
analyze private.own_subscriptions, private.billing_periods, private.billing_customers, private.final_bills, private.due_work, private.billing_rows;
set local role service_role;

create function pg_temp.rows_read() returns bigint language sql as $$
  select sum(s.seq_tup_read + coalesce(s.idx_tup_fetch, 0)) from pg_stat_xact_all_tables s
  where s.schemaname = 'private' and s.relname in ('own_subscriptions', 'billing_periods', 'billing_customers', 'final_bills', 'due_work', 'billing_rows')
$$;
create function pg_temp.read_by(p_call text) returns bigint language plpgsql as $$
declare
  before constant bigint := pg_temp.rows_read();
begin
  execute p_call;
  return pg_temp.rows_read() - before;
end;
$$;

select cmp_ok(pg_temp.read_by('select count(*) from private.final_bills'), '>=', 5000::bigint, 'The test sees what a statement reads');
-- What a function reads when nothing is due, and for one that is due. The planner itself looks at both ends of an index.
create function pg_temp.looks(p_call text, p_due text, p_most bigint) returns setof text language plpgsql as $$
begin
  return next cmp_ok(pg_temp.read_by(p_call), '<=', 2::bigint, format('%s reads no row when nothing is due', p_call));
  execute p_due;
  return next cmp_ok(pg_temp.read_by(p_call), '<=', p_most, format('%s reads the row that is due, and no other', p_call));
end;
$$;
select pg_temp.looks('select public.ask_for_rating(500)',
  $$update private.due_work set due_at = now() - interval '1 minute' where user_id = pg_temp.id(7) and kind = 'rating'$$, 10);
select pg_temp.looks('select public.ask_for_metering(500)',
  $$update private.billing_customers set due_at = now() - interval '1 minute' where stripe_customer_id = 'cus_7'$$, 10);
select pg_temp.looks('select public.ask_for_comparisons(100)',
  $$update private.billing_customers set compare_due_at = now() - interval '1 minute' where stripe_customer_id = 'cus_7'$$, 10);
select pg_temp.looks('select public.close_due_periods(200)',
  $$update private.billing_periods set close_due_at = now() - interval '1 minute' where subscription_id = 'sub_7'$$, 20);
select pg_temp.looks('select public.ask_for_final_bills(100)',
  $$update private.final_bills set due_at = now() - interval '1 minute' where subscription_id = 'sub_7'$$, 10);
select pg_temp.looks('select * from public.claim_unmetered_subscriptions(20)',
  $$update private.own_subscriptions set metered_due_at = now() - interval '1 minute' where subscription_id = 'sub_7'$$, 10);
select is(pg_temp.read_by('select private.purge_billing_rows(1000)'), 0::bigint, 'purge_billing_rows reads no row when none is old enough');

-- Sending looks at one of the rows that have the same place, and chooses the first.
insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start, period_end, currency, units, state)
select pg_temp.id(8), 'sms_out', current_date, 'USD', 'sub_8', 'cus_8', now() - interval '1 day', now() + interval '1 day', 'usd', n, 'pending'
from generate_series(1, 300) n;
insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start, period_end, currency, units, state)
select pg_temp.id(8), 'sms_out', current_date, 'USD', 'sub_8', 'cus_8', now() - interval '1 day', now() + interval '1 day', 'usd', -n, 'pending'
from generate_series(300, 1, -1) n;
select is(array(select r.units from private.rows_to_place('cus_8') r), '{1,-1}',
  'Of 600 rows with the same place, sending looks at the first positive and the smallest negative one');
insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start, period_end, currency, units, state)
select pg_temp.id(8), 'sms_out', current_date, 'USD', 'sub_8', 'cus_8', now() - interval '1 day', now() + interval '1 day', 'usd', 0, 'pending'
from generate_series(1, 3) n;
select is(array(select r.units from private.rows_to_place('cus_8') r), '{1,0,-1}', 'Of rows without units, which need no call, one is looked at, and stands for all');

select * from finish();
rollback;
