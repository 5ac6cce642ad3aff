-- The queue: jobs run at least once and are enqueued in the transaction of their fact. Errors and dead letters are kept.
begin;
create extension if not exists pgtap with schema extensions;
select plan(40);

delete from pgmq.q_jobs;
delete from pgmq.q_jobs_dead;
update private.schedules set due_at = now() + interval '1 day';
create view pg_temp.dead as select message as letter from pgmq.q_jobs_dead order by msg_id;
create view pg_temp.queued as select msg_id as id, vt from pgmq.q_jobs;
grant select on pg_temp.dead, pg_temp.queued to service_role;
set local role service_role;

create temp table jobs as select 'one' as name, private.enqueue('{"kind": "converge", "userId": "u1"}') as id;
insert into jobs values ('two', private.enqueue('{"kind": "stripe-event", "eventId": "e1"}'));
create function pg_temp.job(p_name text) returns bigint stable return (select id from jobs where name = p_name);
create function pg_temp.claim(p_limit integer, p_seconds integer default 60) returns text[] language sql as $$
  select coalesce(array_agg(j.name || ' ' || c.attempt order by j.name), '{}') from public.claim_jobs(p_limit, p_seconds) c join jobs j on j.id = c.job_id;
$$;

-- Claiming -----------------------------------------------------------------------------------------------------------

select is_empty('select * from public.claim_jobs(0, 60)', 'claim_jobs with a limit of zero returns nothing');
select results_eq('select job_id, attempt, job from public.claim_jobs(1, 0)',
  $$ values (pg_temp.job('one'), 1, '{"kind": "converge", "userId": "u1"}'::jsonb) $$, 'claim_jobs returns the first job, at its first attempt');
select is(pg_temp.claim(10), '{one 2,two 1}', 'A job whose visibility timeout is over is claimed again, as another attempt');
select is(pg_temp.claim(10), '{}', 'A claimed job is invisible');
select cmp_ok((select vt from pg_temp.queued where id = pg_temp.job('one')), '>', clock_timestamp() + interval '50 seconds', 'A claimed job is invisible for the given seconds');

insert into jobs values ('later', private.enqueue('{"kind": "converge", "userId": "u2"}', 20));
select is(pg_temp.claim(10), '{}', 'A delayed job is invisible');
select cmp_ok((select vt from pg_temp.queued where id = pg_temp.job('later')), '>', clock_timestamp() + interval '15 seconds', 'A delayed job becomes visible after its delay');

-- Finishing ----------------------------------------------------------------------------------------------------------

select is(public.finish_job(pg_temp.job('later')), true, 'finish_job returns true for a job on the queue');
select is(public.finish_job(pg_temp.job('later')), false, 'finish_job, repeated, returns false');
select is((select count(*) from pg_temp.queued where id = pg_temp.job('later')), 0::bigint, 'A finished job is deleted from the queue');

-- Retrying -----------------------------------------------------------------------------------------------------------

select is(public.retry_job(pg_temp.job('one'), 3600, 'Twilio is unavailable')::text, 'retrying', 'retry_job returns retrying');
select is(pg_temp.claim(10), '{}', 'A retried job is invisible until its delay is over');
select is(public.retry_job(pg_temp.job('one'), 0, repeat('x', 600))::text, 'retrying', 'retry_job accepts a delay of zero');
select results_eq('select job_id, length(error) from private.job_errors', $$ values (pg_temp.job('one'), 500) $$,
  'The last error is stored, cut to 500 characters');
select is(pg_temp.claim(10), '{one 3}', 'A retried job is claimed at its next attempt');
select is(public.retry_job(pg_temp.job('later'), 0, 'too late')::text, 'gone', 'retry_job returns gone for a finished job');
select is((select count(*) from private.job_errors), 1::bigint, 'gone stores no error');
select is(public.finish_job(pg_temp.job('one')), true, 'A retried job can be finished');
select is_empty('select 1 from private.job_errors', 'A finished job''s error is deleted');

-- Deferring ----------------------------------------------------------------------------------------------------------

select is(public.defer_job(pg_temp.job('two'), 0)::text, 'deferred', 'defer_job returns deferred');
select is(pg_temp.claim(10, 0), '{two 1}', 'A deferred claim does not count as an attempt');
select is(pg_temp.claim(10), '{two 2}', 'A claim that times out counts as an attempt');
select is(public.defer_job(pg_temp.job('two'), 0)::text || pg_temp.claim(10)::text, 'deferred{"two 2"}', 'defer_job keeps the earlier attempts');
select is(public.defer_job(pg_temp.job('two'), 60)::text, 'deferred', 'defer_job, repeated, returns deferred');
select is(pg_temp.claim(10), '{}', 'A deferred job is invisible until its delay is over');
select is_empty('select 1 from private.job_errors', 'defer_job stores no error');
select is(public.defer_job(pg_temp.job('one'), 60)::text, 'gone', 'defer_job returns gone for a finished job');

-- Dead letters -------------------------------------------------------------------------------------------------------

select public.retry_job(pg_temp.job('two'), 0, 'first error');
select is(public.move_job_to_dead_letters(pg_temp.job('two'), repeat('y', 600))::text, 'moved', 'move_job_to_dead_letters returns moved');
select results_eq($$ select letter -> 'job', (letter -> 'jobId')::bigint, length(letter ->> 'error'), (letter ->> 'movedAt')::timestamptz from pg_temp.dead $$,
  $$ values ('{"kind": "stripe-event", "eventId": "e1"}'::jsonb, pg_temp.job('two'), 500, now()) $$, 'The dead letter has the job, its id, its last error and the time');
select is((select count(*) from pg_temp.queued), 0::bigint, 'A moved job is not on the queue');
select is_empty('select 1 from private.job_errors', 'A moved job''s error is deleted');
select is(public.move_job_to_dead_letters(pg_temp.job('two'), 'again')::text, 'gone', 'move_job_to_dead_letters, repeated, returns gone');
select is((select count(*) from pg_temp.dead), 1::bigint, 'There is one dead letter');

-- Fairness between tenants -------------------------------------------------------------------------------------------

insert into jobs select 'busy' || n, private.enqueue('{"kind": "converge", "userId": "busy"}') from generate_series(1, 3) n;
insert into jobs values ('quiet', private.enqueue('{"kind": "converge", "userId": "quiet"}'));
insert into jobs select 'event' || n, private.enqueue(jsonb_build_object('kind', 'stripe-event', 'eventId', n)) from generate_series(1, 2) n;
select is(pg_temp.claim(4), '{"busy1 1","event1 1","event2 1","quiet 1"}',
  'The first job of each tenant, and each job without a tenant, is claimed before any tenant''s second job');
select is(pg_temp.claim(10), '{"busy2 1","busy3 1"}', 'The next claim returns the other jobs');
select public.finish_job(id) from jobs where name like any (array['busy%', 'quiet', 'event%']);

-- In one transaction with the fact -----------------------------------------------------------------------------------

savepoint lost;
select private.enqueue('{"kind": "converge", "userId": "u3"}');
rollback to lost;
select is((select count(*) from pg_temp.queued), 0::bigint, 'A rolled-back transaction enqueues no job');

-- Asking for convergence ---------------------------------------------------------------------------------------------

create temp table tenant as select gen_random_uuid() as id;
select private.ask_for_convergence(id) from tenant;
select private.ask_for_convergence(id, 30) from tenant;
select results_eq('select version, fence from private.tenancies where user_id = (select id from tenant)', $$ values (2::bigint, 0::bigint) $$,
  'Each ask_for_convergence increments the tenancy''s version');
select results_eq('select job from public.claim_jobs(10, 60)', $$ select jsonb_build_object('kind', 'converge', 'userId', id) from tenant $$,
  'The claimed job names the tenant, and the delayed one is invisible');
select is((select count(*) from pg_temp.queued), 2::bigint, 'Each ask_for_convergence enqueues a job');
select is((select attempt from public.claim_jobs(10, 60)), null, 'A claimed job is not claimed again');

select * from finish();
rollback;
