-- Schedules: claim_jobs of the control lane enqueues each due one once and sets its next time.
begin;
create extension if not exists pgtap with schema extensions;
select plan(14);
\ir actors.psql

select results_eq('select name, job, every from private.schedules order by name',
  $$ values
    ('add-up-revenue', '{"kind": "add-up-revenue"}'::jsonb, '5 minutes'::interval),
    ('charge-number-fees', '{"kind": "charge-number-fees"}', '10 minutes'),
    ('check-spending', '{"kind": "check-spending"}', '1 minute'),
    ('close-periods', '{"kind": "close-periods"}', '1 minute'),
    ('compare-due-customers', '{"kind": "compare-due-customers"}', '5 minutes'),
    ('converge-drifted', '{"kind": "converge-drifted"}', '5 minutes'),
    ('count-unpaid-accounts', '{"kind": "count-unpaid-accounts"}', '15 minutes'),
    ('delete-campaign-recipients', '{"kind": "delete-campaign-recipients"}', '1 hour'),
    ('fetch-missed-events', '{"kind": "fetch-missed-events"}', '15 minutes'),
    ('forget-previous-tokens', '{"kind": "forget-previous-tokens"}', '5 minutes'),
    ('forget-rate-limits', '{"kind": "forget-rate-limits"}', '1 hour'),
    ('keep-metered-items', '{"kind": "keep-metered-items"}', '5 minutes'),
    ('keep-usage-triggers', '{"kind": "keep-usage-triggers"}', '1 minute'),
    ('meter-due-customers', '{"kind": "meter-due-customers"}', '1 minute'),
    ('price-numbers', '{"kind": "price-numbers"}', '1 hour'),
    ('purge-expired', '{"kind": "purge-expired"}', '1 hour'),
    ('rate-due-usage', '{"kind": "rate-due-usage"}', '1 minute'),
    ('reconcile-days', '{"kind": "reconcile-days"}', '5 minutes'),
    ('redact-old-messages', '{"kind": "redact-old-messages"}', '1 hour'),
    ('refresh-master-numbers', '{"kind": "refresh-master-numbers"}', '10 minutes'),
    ('refresh-message-prices', '{"kind": "refresh-message-prices"}', '7 days'),
    ('refresh-messages', '{"kind": "refresh-messages"}', '1 minute'),
    ('rotate-old-tokens', '{"kind": "rotate-old-tokens"}', '1 hour'),
    ('rotate-sealing-keys', '{"kind": "rotate-sealing-keys"}', '1 day'),
    ('settle-final-bills', '{"kind": "settle-final-bills"}', '1 minute'),
    ('settle-messages', '{"kind": "settle-messages"}', '1 minute'),
    ('settle-number-purchases', '{"kind": "settle-number-purchases"}', '1 minute'),
    ('settle-number-releases', '{"kind": "settle-number-releases"}', '1 minute'),
    ('sweep', '{"kind": "sweep"}', '1 hour'),
    ('sync-all-numbers', '{"kind": "sync-all-numbers"}', '1 minute'),
    ('sync-all-usage', '{"kind": "sync-all-usage"}', '1 minute') $$,
  'The schedules are the listed ones');

select pg_temp.forget_jobs();
delete from private.schedules;
insert into private.schedules (name, job, every, due_at) values
  ('overdue', '{"kind": "overdue"}', '10 minutes', now() - interval '1 day'),
  ('due', '{"kind": "due"}', '1 minute', now()),
  ('soon', '{"kind": "soon"}', '1 minute', now() + interval '1 second');
create view pg_temp.schedule as select name, due_at - now() as due_in from private.schedules order by name;
create view pg_temp.waiting as select msg_id, message ->> 'kind' as kind from private.jobs;
grant select on pg_temp.schedule, pg_temp.waiting to service_role;
set local role service_role;

select set_eq($$ select job ->> 'kind' from public.claim_jobs('control', 10, 60) $$, array['due', 'overdue'], 'claim_jobs enqueues and returns the due schedules only');
select results_eq('select * from pg_temp.schedule',
  $$ values ('due', '1 minute'::interval), ('overdue', '10 minutes'::interval), ('soon', '1 second'::interval) $$,
  'An enqueued schedule is due again one interval from now');
select is_empty($$ select 1 from public.claim_jobs('control', 10, 60) $$, 'claim_jobs, repeated, enqueues no schedule again');

update private.schedules set due_at = now() where name = 'soon';
select results_eq($$ select job ->> 'kind' from public.claim_jobs('control', 10, 60) $$, array['soon'], 'A schedule is enqueued when its time has come');

-- After an outage, one job of each schedule is on the queue.
update private.schedules set due_at = now() where name = 'due';
select lives_ok('select private.enqueue_due_schedules()', 'service_role may call enqueue_due_schedules');
select is_empty($$ select 1 from public.claim_jobs('control', 10, 60) $$, 'A schedule whose last job is on the queue is not enqueued');
select public.finish_job('control', msg_id) from pg_temp.waiting where kind = 'due';
select results_eq($$ select job ->> 'kind', attempt from public.claim_jobs('control', 10, 60) $$, $$ values ('due', 1) $$, 'A due schedule is enqueued once its last job is finished');

-- The job of a schedule is on the queue of its lane.
insert into private.schedules (name, job, every) values ('messages', '{"kind": "refresh-messages"}', '1 minute');
select is_empty($$ select 1 from public.claim_jobs('messages', 10, 60) $$, 'Claims of other lanes enqueue no schedule');
select is_empty($$ select 1 from public.claim_jobs('control', 10, 60) $$, 'Claims of the control lane return no job of another lane');
select results_eq($$ select job ->> 'kind' from public.claim_jobs('messages', 10, 60) $$, array['refresh-messages'], 'A schedule''s job is on the queue of its lane');

reset role;
select throws_ok($$ insert into private.schedules (name, job, every) values ('due', '{}', '1 hour') $$, '23505', null, 'Two schedules with one name are refused');

-- On Supabase, pg_cron calls run-jobs. Without it, as here, the local scheduler does.
select is(
  (select count(*) from pg_catalog.pg_available_extensions where name in ('pg_cron', 'pg_net', 'supabase_vault')) = 3,
  to_regclass('cron.job') is not null and to_regproc('net.http_post') is not null,
  'pg_cron and pg_net are installed exactly where both and Vault are available');
select is(to_regproc('private.enqueue_due_schedules') is not null, true, 'enqueue_due_schedules exists without pg_cron');

select * from finish();
rollback;
