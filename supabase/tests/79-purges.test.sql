-- What expires is purged in batches, the oldest first, by index: payloads of events, details of the audit log, runs of pg_cron.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(25);

select results_eq('select what::text, private.kept_for(what) from unnest(enum_range(null::private.expiring)) what',
  $$ values ('event_payload', interval '30 days'), ('audit_details', '365 days'), ('cron_run', '3 days'), ('forward_delivery', '30 days'), ('settled_alert', '180 days') $$, 'Each kind of what expires has its period');

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
