-- The queue: at least once, in the transaction of the fact it follows, with the last error kept and dead letters set aside.
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

-- Claiming --------------------------------------------------------------------------------------------------------------

select is_empty('select * from public.claim_jobs(0, 60)', 'Who claims none gets none');
select results_eq('select job_id, attempt, job from public.claim_jobs(1, 0)',
  $$ values (pg_temp.job('one'), 1, '{"kind": "converge", "userId": "u1"}'::jsonb) $$, 'The first job in is the first one out, at its first attempt');
select is(pg_temp.claim(10), '{one 2,two 1}', 'A job whose time is over comes back, and counts another attempt');
select is(pg_temp.claim(10), '{}', 'A claimed job is invisible meanwhile');
select cmp_ok((select vt from pg_temp.queued where id = pg_temp.job('one')), '>', clock_timestamp() + interval '50 seconds', 'It is so for as long as was asked for');

insert into jobs values ('later', private.enqueue('{"kind": "converge", "userId": "u2"}', 20));
select is(pg_temp.claim(10), '{}', 'A delayed job is not there yet');
select cmp_ok((select vt from pg_temp.queued where id = pg_temp.job('later')), '>', clock_timestamp() + interval '15 seconds', 'It will be, when its delay is over');

-- Finishing -------------------------------------------------------------------------------------------------------------

select is(public.finish_job(pg_temp.job('later')), true, 'A done job is taken off the queue');
select is(public.finish_job(pg_temp.job('later')), false, 'It is so once');
select is((select count(*) from pg_temp.queued where id = pg_temp.job('later')), 0::bigint, 'Nothing is left of it');

-- Trying again ----------------------------------------------------------------------------------------------------------

select is(public.retry_job(pg_temp.job('one'), 3600, 'Twilio does not answer')::text, 'retrying', 'A failed job waits for another attempt');
select is(pg_temp.claim(10), '{}', 'It is invisible until then');
select is(public.retry_job(pg_temp.job('one'), 0, repeat('x', 600))::text, 'retrying', 'A job may be tried again at once');
select results_eq('select job_id, length(error) from private.job_errors', $$ values (pg_temp.job('one'), 500) $$,
  'Its last error is kept, cut to 500 characters');
select is(pg_temp.claim(10), '{one 3}', 'Visible again, it is claimed at its next attempt');
select is(public.retry_job(pg_temp.job('later'), 0, 'too late')::text, 'gone', 'A job that is no longer there is not tried again');
select is((select count(*) from private.job_errors), 1::bigint, 'Nor is its error kept');
select is(public.finish_job(pg_temp.job('one')), true, 'Tried again it may succeed');
select is_empty('select 1 from private.job_errors', 'Then its error is forgotten');

-- Waiting without failing -----------------------------------------------------------------------------------------------

select is(public.defer_job(pg_temp.job('two'), 0)::text, 'deferred', 'A job that could not begin yet is deferred');
select is(pg_temp.claim(10, 0), '{two 1}', 'Being deferred was not an attempt');
select is(pg_temp.claim(10), '{two 2}', 'Coming back by itself was one');
select is(public.defer_job(pg_temp.job('two'), 0)::text || pg_temp.claim(10)::text, 'deferred{"two 2"}', 'Deferred later, the attempts before still count');
select is(public.defer_job(pg_temp.job('two'), 60)::text, 'deferred', 'It may be deferred again');
select is(pg_temp.claim(10), '{}', 'It is invisible until its time comes');
select is_empty('select 1 from private.job_errors', 'It has no error');
select is(public.defer_job(pg_temp.job('one'), 60)::text, 'gone', 'A job that is done is not deferred');

-- Dead letters ----------------------------------------------------------------------------------------------------------

select public.retry_job(pg_temp.job('two'), 0, 'first error');
select is(public.move_job_to_dead_letters(pg_temp.job('two'), repeat('y', 600))::text, 'moved', 'A job after its last attempt is moved to the dead letters');
select results_eq($$ select letter -> 'job', (letter -> 'jobId')::bigint, length(letter ->> 'error'), (letter ->> 'movedAt')::timestamptz from pg_temp.dead $$,
  $$ values ('{"kind": "stripe-event", "eventId": "e1"}'::jsonb, pg_temp.job('two'), 500, now()) $$, 'The dead letter holds the job, its number, its last error and the time');
select is((select count(*) from pg_temp.queued), 0::bigint, 'It is off the queue');
select is_empty('select 1 from private.job_errors', 'Its earlier error is forgotten');
select is(public.move_job_to_dead_letters(pg_temp.job('two'), 'again')::text, 'gone', 'A job is moved to the dead letters once');
select is((select count(*) from pg_temp.dead), 1::bigint, 'There is one dead letter');

-- In turn ---------------------------------------------------------------------------------------------------------------

insert into jobs select 'busy' || n, private.enqueue('{"kind": "converge", "userId": "busy"}') from generate_series(1, 3) n;
insert into jobs values ('quiet', private.enqueue('{"kind": "converge", "userId": "quiet"}'));
insert into jobs select 'event' || n, private.enqueue(jsonb_build_object('kind', 'stripe-event', 'eventId', n)) from generate_series(1, 2) n;
select is(pg_temp.claim(4), '{"busy1 1","event1 1","event2 1","quiet 1"}',
  'The first job of each tenant, and each job of no tenant, comes before the second of any');
select is(pg_temp.claim(10), '{"busy2 1","busy3 1"}', 'Then come the others');
select public.finish_job(id) from jobs where name like any (array['busy%', 'quiet', 'event%']);

-- With the fact, or not at all ------------------------------------------------------------------------------------------

savepoint lost;
select private.enqueue('{"kind": "converge", "userId": "u3"}');
rollback to lost;
select is((select count(*) from pg_temp.queued), 0::bigint, 'A job whose transaction was lost was never there');

-- Asking for convergence ------------------------------------------------------------------------------------------------

create temp table tenant as select gen_random_uuid() as id;
select private.ask_for_convergence(id) from tenant;
select private.ask_for_convergence(id, 30) from tenant;
select results_eq('select version, fence from private.tenancies where user_id = (select id from tenant)', $$ values (2::bigint, 0::bigint) $$,
  'Each time convergence is asked for, the tenancy has a newer version');
select results_eq('select job from public.claim_jobs(10, 60)', $$ select jsonb_build_object('kind', 'converge', 'userId', id) from tenant $$,
  'The jobs name the tenant; the delayed one is not there yet');
select is((select count(*) from pg_temp.queued), 2::bigint, 'Each has a job of its own');
select is((select attempt from public.claim_jobs(10, 60)), null, 'Claimed jobs are not claimed twice');

select * from finish();
rollback;
