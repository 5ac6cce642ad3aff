-- Recurring jobs: due ones are enqueued once, whoever drains, and then wait for their next time.
begin;
create extension if not exists pgtap with schema extensions;
select plan(11);

select results_eq('select name, job, every from private.schedules order by name',
  $$ values
    ('converge-drifted', '{"kind": "converge-drifted"}'::jsonb, '5 minutes'::interval),
    ('fetch-missed-events', '{"kind": "fetch-missed-events"}', '15 minutes'),
    ('forget-previous-tokens', '{"kind": "forget-previous-tokens"}', '5 minutes'),
    ('forget-rate-limits', '{"kind": "forget-rate-limits"}', '1 hour'),
    ('redact-old-messages', '{"kind": "redact-old-messages"}', '1 hour'),
    ('refresh-master-numbers', '{"kind": "refresh-master-numbers"}', '10 minutes'),
    ('refresh-messages', '{"kind": "refresh-messages"}', '1 minute'),
    ('rotate-old-tokens', '{"kind": "rotate-old-tokens"}', '1 hour'),
    ('rotate-sealing-keys', '{"kind": "rotate-sealing-keys"}', '1 day'),
    ('settle-messages', '{"kind": "settle-messages"}', '1 minute'),
    ('settle-number-purchases', '{"kind": "settle-number-purchases"}', '1 minute'),
    ('settle-number-releases', '{"kind": "settle-number-releases"}', '1 minute'),
    ('sweep', '{"kind": "sweep"}', '1 hour'),
    ('sync-all-numbers', '{"kind": "sync-all-numbers"}', '1 hour') $$,
  'The schedules are those that run-jobs knows');

delete from pgmq.q_jobs;
delete from private.schedules;
insert into private.schedules (name, job, every, due_at) values
  ('overdue', '{"kind": "overdue"}', '10 minutes', now() - interval '1 day'),
  ('due', '{"kind": "due"}', '1 minute', now()),
  ('soon', '{"kind": "soon"}', '1 minute', now() + interval '1 second');
create view pg_temp.schedule as select name, due_at - now() as due_in from private.schedules order by name;
create view pg_temp.waiting as select msg_id, message ->> 'kind' as kind from pgmq.q_jobs;
grant select on pg_temp.schedule, pg_temp.waiting to service_role;
set local role service_role;

select set_eq($$ select job ->> 'kind' from public.claim_jobs(10, 60) $$, array['due', 'overdue'], 'Whoever claims jobs finds all those that are due, and no other');
select results_eq('select * from pg_temp.schedule',
  $$ values ('due', '1 minute'::interval), ('overdue', '10 minutes'::interval), ('soon', '1 second'::interval) $$,
  'They are due again after their interval, counted from now: what was missed is not made up for');
select is_empty('select 1 from public.claim_jobs(10, 60)', 'They were enqueued once');

update private.schedules set due_at = now() where name = 'soon';
select results_eq($$ select job ->> 'kind' from public.claim_jobs(10, 60) $$, array['soon'], 'When its time has come, the next one is enqueued');

-- After an outage one job of each schedule waits, not hundreds.
update private.schedules set due_at = now() where name = 'due';
select lives_ok('select private.enqueue_due_schedules()', 'The service may also enqueue without claiming');
select is_empty('select 1 from public.claim_jobs(10, 60)', 'While its last job is not done, a schedule enqueues no other');
select public.finish_job(msg_id) from pg_temp.waiting where kind = 'due';
select results_eq($$ select job ->> 'kind', attempt from public.claim_jobs(10, 60) $$, $$ values ('due', 1) $$, 'When that is done, the next one is not late: it is due at once');

reset role;
select throws_ok($$ insert into private.schedules (name, job, every) values ('due', '{}', '1 hour') $$, '23505', null, 'A name has one schedule');

-- The platform's cron, where there is one, drives run-jobs; without it, as here, whoever calls run-jobs does.
select is(
  (select count(*) from pg_catalog.pg_available_extensions where name in ('pg_cron', 'pg_net', 'supabase_vault')) = 3,
  to_regclass('cron.job') is not null and to_regproc('net.http_post') is not null,
  'Cron is set up exactly where the database has all that it takes');
select is(to_regproc('private.enqueue_due_schedules') is not null, true, 'The schedules need no cron of their own');

select * from finish();
rollback;
