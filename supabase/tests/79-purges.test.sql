-- What expires is purged in batches, the oldest first, by index: payloads of events, details of the audit log, runs of pg_cron.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(39);

select results_eq('select what::text, private.kept_for(what) from unnest(enum_range(null::private.expiring)) what',
  $$ values ('event_payload', interval '30 days'), ('audit_details', '365 days'), ('cron_run', '3 days'), ('forward_delivery', '30 days'), ('tenant_notice', '400 days'), ('financial', '10 years'), ('settled_alert', '180 days') $$, 'Each kind of what expires has its period');

-- Payloads of events -------------------------------------------------------------------------------------------------

delete from public.webhook_events;
insert into public.webhook_events (provider, event_id, type, payload, processed_at, result)
select 'stripe', 'evt_' || name, 'invoice.paid', jsonb_build_object('customer_email', name), now() - age, case when age is not null then 'recorded'::public.event_result end
from (values ('oldest', interval '40 days'), ('older', interval '31 days'), ('old', interval '30 days'), ('young', interval '29 days 23 hours'), ('waiting', null)) e (name, age);
update public.webhook_events set received_at = now() - interval '90 days';
create view pg_temp.purged as select event_id from public.webhook_events where payload is null;
grant select on pg_temp.purged to service_role;
set local role service_role;
select is(private.purge_event_payloads(0), 0, 'A limit of zero purges nothing');
select is(private.purge_event_payloads(2), 2, 'A purge stops at its limit');
select bag_eq('select * from pg_temp.purged', array['evt_oldest', 'evt_older'], 'The payloads of the events that were processed first are purged first');
select is(private.purge_event_payloads(10), 1, 'A purge takes what is thirty days old');
select bag_eq('select * from pg_temp.purged', array['evt_oldest', 'evt_older', 'evt_old'], 'A younger event and one that was never processed keep their payload');
select is(private.purge_event_payloads(10), 0, 'A purge, repeated, finds nothing');
select is((select count(*) from public.webhook_events where type = 'invoice.paid'), 5::bigint, 'The rows of purged events stay');
select is(public.record_stripe_event('evt_old', 'invoice.paid', now(), '{}')::text, 'duplicate', 'A purged event that comes again is a duplicate');
select is(public.replay_stripe_event('evt_old', pg_temp.operator(), 'req', 'asked')::text, 'purged', 'A purged event is not replayed');
select is((select result::text from public.webhook_events where event_id = 'evt_old'), 'recorded', 'A purged event keeps its result when its replay is refused');
select is(public.replay_stripe_event('evt_young', pg_temp.operator(), 'req', 'asked')::text, 'replayed', 'An event with its payload is replayed');
select is(public.replay_stripe_event('evt_unknown', pg_temp.operator(), 'req', 'asked')::text, 'unknown_event', 'An unknown event is not replayed');

-- Runs of pg_cron ----------------------------------------------------------------------------------------------------

-- pg_cron exists on Supabase only: its tables are imitated where it is missing.
reset role;
create schema if not exists cron;
create table if not exists cron.job (jobid bigint, schedule text, command text, jobname text);
create table if not exists cron.job_run_details (jobid bigint, runid bigint primary key, start_time timestamptz);
select is((select cron_runs from public.purge_expired(10)), 0, 'Without runs, purge_expired checks none');
insert into cron.job (jobid, schedule, command, jobname) values (1001, '@yearly', 'select', 'switchboard-run-jobs-control'), (1002, '@yearly', 'select', 'of-the-host');
-- Each odd run is ours. Runs 1 to 8 are old; 3 never started. Runs 9 and 10 are young.
insert into cron.job_run_details (jobid, runid, start_time)
select case when n % 2 = 1 then 1001 else 1002 end, n, case when n <> 3 then now() - case when n <= 8 then interval '3 days' else interval '2 days' end end from generate_series(1, 10) n;
set local role service_role;
select is(private.purge_cron_runs(4), 4, 'A purge checks up to its limit of runs');
select is(private.purge_cron_runs(100), 4, 'The next purge continues after the last one, up to the first young run');
select is(private.purge_cron_runs(100), 0, 'A purge, repeated, checks no run twice');
reset role;
select bag_eq('select runid from cron.job_run_details', array[2, 4, 6, 8, 9, 10]::bigint[], 'The old runs of our entries are deleted, and none of the host''s');

-- Financial rows -----------------------------------------------------------------------------------------------------

create temp table ages as select * from (values ('oldest', interval '11 years'), ('older', interval '10 years 1 day'), ('old', interval '10 years'), ('young', interval '10 years' - interval '1 second'), ('new', interval '0')) a (name, age);
create function pg_temp.day_of(p_at timestamptz) returns date immutable return (p_at at time zone 'utc')::date;
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, price, twilio_message_sid, created_at)
select owner, 'outbound', number, number, 'delivered', 'AC', 'subaccount', -0.01, prefix || name, now() - age
from ages, (values (pg_temp.departed(), '', 'SM'), (pg_temp.tenant(), '+15005550101', 'SM-kept-')) o (owner, number, prefix);
insert into private.number_purchases (number_id, user_id, monthly_price, reserved_at, held_until)
select gen_random_uuid(), pg_temp.departed(), 1, now() - interval '12 years', now() - age from ages union all select gen_random_uuid(), pg_temp.tenant(), 9, now() - interval '12 years', 'infinity';
insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit)
select pg_temp.departed(), 'AC', pg_temp.day_of(now() - interval '10 years') + n, c, 1, 1, 1, 'usd' from generate_series(-2, 2) n, unnest(array['sms', 'totalprice']) c;
insert into private.usage_days (account_sid, day, user_id, total_price, price_unit) select distinct account_sid, day, user_id, 1, 'usd' from public.twilio_usage;
create view pg_temp.left_days as select day - pg_temp.day_of(now() - interval '10 years') as n from private.usage_days;
grant select on pg_temp.left_days, ages to service_role;
set local role service_role;
select is(private.purge_messages(1), 1, 'A purge of messages stops at its limit');
select bag_eq($$ select twilio_message_sid from public.sms_messages where user_id = pg_temp.departed() $$, array['SMolder', 'SMold', 'SMyoung', 'SMnew'], 'The oldest messages are purged first');
select is(private.purge_messages(10), 2, 'A purge of messages takes what is ten years old');
select bag_eq($$ select twilio_message_sid from public.sms_messages where user_id = pg_temp.departed() $$, array['SMyoung', 'SMnew'], 'A message of a deleted user is kept for ten years, to the second');
select is((select count(*) from public.sms_messages where user_id = pg_temp.tenant()), 5::bigint, 'Messages of a tenant who is not deleted stay, however old');
select is(private.purge_number_purchases(2) + private.purge_number_purchases(10) * 10, 12, 'A purge of purchases stops at its limit, and takes those that ended ten years ago');
select is((select count(*) from private.number_purchases where held_until > now() - interval '10 years'), 3::bigint, 'A purchase that ended later is kept, and so is one that has not ended');
select is(private.purge_usage(3), 3, 'A purge of usage stops at its limit');
select is(private.purge_usage(10), 1, 'It takes days that are ten years over');
select results_eq('select n from pg_temp.left_days order by 1', array[0, 1, 2], 'The day ten years ago is kept until it is over');
select is((select count(*) from public.twilio_usage), 6::bigint, 'Its records are kept with it');
select is((select count(*) from private.sending_totals where hour <= now() - interval '10 years'), 6::bigint, 'There are totals of that time');
select is(private.purge_totals(3) * 10 + private.purge_totals(100), 33, 'A purge of totals stops at its limit, and takes the rest next');
select is((select count(*) from private.sending_totals where hour <= now() - interval '10 years'), 0::bigint, 'No total is older');
reset role;

-- All together, by index ---------------------------------------------------------------------------------------------

alter table public.audit_log disable trigger append_only_update;
insert into public.audit_log (actor, action, details, at)
select 'pgtap', 'old', case when n % 2 = 0 then '{"reason": "x"}'::jsonb else '{}' end, now() - interval '400 days' - n * interval '1 second' from generate_series(1, 2000) n;
insert into public.audit_log (actor, action, details) select 'pgtap', 'young', '{"reason": "x"}' from generate_series(1, 2000);
insert into public.webhook_events (provider, event_id, type, payload, processed_at, result)
select 'stripe', 'evt_many_' || n, 'invoice.paid', case when n % 2 = 0 then '{}'::jsonb end, now() - interval '40 days', 'recorded' from generate_series(1, 2000) n;
alter table public.audit_log enable trigger append_only_update;
analyze public.audit_log, public.webhook_events;
create function pg_temp.rows_read(p_table regclass) returns bigint volatile
  return pg_stat_get_xact_tuples_returned(p_table) + pg_stat_get_xact_tuples_fetched(p_table);
create temp table read as select pg_temp.rows_read('public.audit_log') as audit, pg_temp.rows_read('public.webhook_events') as events;
set local role service_role;
select results_eq('select event_payloads, audit_details from public.purge_expired(100)', $$ values (100, 100) $$, 'purge_expired purges up to its limit of each kind');
reset role;
select cmp_ok(pg_temp.rows_read('public.audit_log') - audit, '<', 500::bigint, 'A purge reads lines of the audit log in proportion to its limit') from read;
select cmp_ok(pg_temp.rows_read('public.webhook_events') - events, '<', 500::bigint, 'A purge reads events in proportion to its limit') from read;
select is((select min(at) from public.audit_log where actor = 'pgtap' and details <> '{}'), now() - interval '400 days' - interval '1800 seconds', 'The oldest details are purged first');
select is((select event_payloads + audit_details from public.purge_expired(10000)), 1800, 'A larger limit purges the others');
select is((select count(*) from public.audit_log where actor = 'pgtap' and details <> '{}' and action = 'young'), 2000::bigint, 'Young details stay');
select sign_in from pg_temp.sign_in(pg_temp.attacker());
select throws_ok('select public.purge_expired(10)', '42501', null, 'A tenant cannot purge');

select * from finish();
rollback;
