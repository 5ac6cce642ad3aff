-- The queues: jobs run at least once and are enqueued in the transaction of their fact. Errors and dead letters are kept.
begin;
create extension if not exists pgtap with schema extensions;
select plan(86);
\ir actors.psql

select pg_temp.forget_jobs();
delete from pgmq.q_jobs_dead;
update private.schedules set due_at = now() + interval '1 day';
create view pg_temp.dead as select message as letter from pgmq.q_jobs_dead order by msg_id;
create view pg_temp.queued as select lane, msg_id as id, vt from private.jobs;
grant select on pg_temp.dead, pg_temp.queued to service_role;
create function pg_temp.in_flight() returns bigint language sql security definer as $$ select count(*) from private.jobs_in_flight; $$;
create function pg_temp.turns() returns text[] language sql security definer as $$
  select coalesce(array_agg(subject order by due_at), '{}') from private.job_turns where lane = 'control';
$$;
set local role service_role;

create temp table jobs as select 'one' as name, private.enqueue('{"kind": "converge", "userId": "u1"}') as id;
insert into jobs values ('two', private.enqueue('{"kind": "stripe-event", "eventId": "e1"}'));
create function pg_temp.job(p_name text) returns bigint stable return (select id from jobs where name = p_name);
create function pg_temp.claim(p_limit integer, p_seconds integer default 60) returns text[] language sql as $$
  select coalesce(array_agg(j.name || ' ' || c.attempt order by j.name), '{}') from public.claim_jobs('control', p_limit, p_seconds) c join jobs j on j.id = c.job_id;
$$;

-- Claiming -----------------------------------------------------------------------------------------------------------

select is_empty($$ select * from public.claim_jobs('control', 0, 60) $$, 'claim_jobs with a limit of zero returns nothing');
select results_eq($$ select job_id, attempt, job from public.claim_jobs('control', 1, 0) $$,
  $$ values (pg_temp.job('one'), 1, '{"kind": "converge", "userId": "u1"}'::jsonb) $$, 'claim_jobs returns the first job, at its first attempt');
select is(pg_temp.claim(10), '{one 2,two 1}', 'A job whose visibility timeout is over is claimed again, as another attempt');
select is(pg_temp.claim(10), '{}', 'A claimed job is invisible');
select cmp_ok((select vt from pg_temp.queued where id = pg_temp.job('one')), '>', clock_timestamp() + interval '50 seconds', 'A claimed job is invisible for the given seconds');

insert into jobs values ('later', private.enqueue('{"kind": "converge", "userId": "u2"}', 20));
select is(pg_temp.claim(10), '{}', 'A delayed job is invisible');
select cmp_ok((select vt from pg_temp.queued where id = pg_temp.job('later')), '>', clock_timestamp() + interval '15 seconds', 'A delayed job becomes visible after its delay');

-- Finishing ----------------------------------------------------------------------------------------------------------

select is(public.finish_job('control', pg_temp.job('later')), true, 'finish_job returns true for a job on the queue');
select is(public.finish_job('control', pg_temp.job('later')), false, 'finish_job, repeated, returns false');
select is((select count(*) from pg_temp.queued where id = pg_temp.job('later')), 0::bigint, 'A finished job is deleted from the queue');

-- Retrying -----------------------------------------------------------------------------------------------------------

select is(public.retry_job('control', pg_temp.job('one'), 3600, 'Twilio is unavailable')::text, 'retrying', 'retry_job returns retrying');
select is(pg_temp.claim(10), '{}', 'A retried job is invisible until its delay is over');
select is(public.retry_job('control', pg_temp.job('one'), 0, repeat('x', 600))::text, 'retrying', 'retry_job accepts a delay of zero');
select results_eq('select lane, job_id, length(error) from private.job_errors', $$ values ('control'::public.job_lane, pg_temp.job('one'), 500) $$,
  'The last error is stored, cut to 500 characters');
select is(pg_temp.claim(10), '{one 3}', 'A retried job is claimed at its next attempt');
select is(public.retry_job('control', pg_temp.job('later'), 0, 'too late')::text, 'gone', 'retry_job returns gone for a finished job');
select is((select count(*) from private.job_errors), 1::bigint, 'gone stores no error');
select is(public.finish_job('control', pg_temp.job('one')), true, 'A retried job can be finished');
select is_empty('select 1 from private.job_errors', 'A finished job''s error is deleted');

-- Deferring ----------------------------------------------------------------------------------------------------------

select is(public.defer_job('control', pg_temp.job('two'), 0)::text, 'deferred', 'defer_job returns deferred');
select is(pg_temp.claim(10, 0), '{two 1}', 'A deferred claim does not count as an attempt');
select is(pg_temp.claim(10), '{two 2}', 'A claim that times out counts as an attempt');
select is(public.defer_job('control', pg_temp.job('two'), 0)::text || pg_temp.claim(10)::text, 'deferred{"two 2"}', 'defer_job keeps the earlier attempts');
select is(public.defer_job('control', pg_temp.job('two'), 60)::text, 'deferred', 'defer_job, repeated, returns deferred');
select is(pg_temp.claim(10), '{}', 'A deferred job is invisible until its delay is over');
select is_empty('select 1 from private.job_errors', 'defer_job stores no error');
select is(public.defer_job('control', pg_temp.job('one'), 60)::text, 'gone', 'defer_job returns gone for a finished job');

-- Dead letters -------------------------------------------------------------------------------------------------------

select public.retry_job('control', pg_temp.job('two'), 0, 'first error');
select is(public.move_job_to_dead_letters('control', pg_temp.job('two'), repeat('y', 600))::text, 'moved', 'move_job_to_dead_letters returns moved');
select results_eq($$ select letter ->> 'lane', letter -> 'job', (letter -> 'jobId')::bigint, length(letter ->> 'error'), (letter ->> 'movedAt')::timestamptz from pg_temp.dead $$,
  $$ values ('control', '{"kind": "stripe-event", "eventId": "e1"}'::jsonb, pg_temp.job('two'), 500, now()) $$, 'The dead letter has the lane, the job, its id, its last error and the time');
select is((select count(*) from pg_temp.queued where lane = 'control'), 0::bigint, 'A moved job is not on the queue');
select results_eq('select kind::text, subject from public.operator_alerts', $$ values ('dead_letter', 'control') $$, 'A dead letter raises an alert for its lane');
select is_empty('select 1 from private.job_errors', 'A moved job''s error is deleted');
select is(public.move_job_to_dead_letters('control', pg_temp.job('two'), 'again')::text, 'gone', 'move_job_to_dead_letters, repeated, returns gone');
select is((select count(*) from pg_temp.dead), 1::bigint, 'There is one dead letter');

-- Fairness between tenants -------------------------------------------------------------------------------------------

insert into jobs select 'busy' || n, private.enqueue('{"kind": "converge", "userId": "busy"}') from generate_series(1, 3) n;
insert into jobs values ('quiet', private.enqueue('{"kind": "converge", "userId": "quiet"}'));
insert into jobs select 'event' || n, private.enqueue(jsonb_build_object('kind', 'stripe-event', 'eventId', n)) from generate_series(1, 2) n;
select is(pg_temp.claim(4), '{"busy1 1","event1 1","event2 1","quiet 1"}',
  'The first job of each tenant, and each job without a tenant, is claimed before any tenant''s second job');
select is(pg_temp.claim(10), '{"busy2 1","busy3 1"}', 'The next claim returns the other jobs');
select public.finish_job('control', id) from jobs where name like any (array['busy%', 'quiet', 'event%']);

-- A tenant's jobs in flight -------------------------------------------------------------------------------------------

create function pg_temp.enqueue_for(p_tenant text, p_jobs integer, p_delay_seconds integer default 0) returns void language sql as $$
  insert into jobs select p_tenant || n, private.enqueue(jsonb_build_object('kind', 'converge', 'userId', p_tenant), p_delay_seconds)
  from generate_series((select count(*) + 1 from jobs where name ~ ('^' || p_tenant || '\d+$')), (select count(*) + p_jobs from jobs where name ~ ('^' || p_tenant || '\d+$'))) n;
$$;
create function pg_temp.finish(p_name text) returns boolean language sql as $$ select public.finish_job('control', pg_temp.job(p_name)); $$;
create function pg_temp.clear() returns void language sql as $$
  delete from jobs;
  select pg_temp.forget_jobs();
$$;

select pg_temp.clear();
select is(pg_temp.turns(), '{}', 'Deleted jobs leave no turn');
select pg_temp.enqueue_for('a', 1000);
select is(pg_temp.claim(3), '{"a1 1","a2 1","a3 1"}', 'A tenant alone is given the whole limit, in order of arrival');
select is(pg_temp.turns(), '{a}', 'A tenant with a thousand jobs has one turn');
select pg_temp.enqueue_for('b', 4);
select is(pg_temp.claim(1), '{"b1 1"}', 'A new tenant comes before a thousand jobs of a tenant with jobs in flight');
select is(pg_temp.claim(2), '{"b2 1","b3 1"}', 'A tenant with fewer jobs in flight comes first, until it has as many');
select is(pg_temp.claim(2), '{"a4 1","b4 1"}', 'Tenants with as many jobs in flight take turns');
select pg_temp.finish(name) from unnest(array['a1', 'a2', 'a3', 'a4', 'b1', 'b2']) name;
select pg_temp.enqueue_for('c', 1);
select is(pg_temp.claim(1), '{"a5 1"}', 'Of tenants without a job in flight, the one that waits longest comes first');
select is(pg_temp.claim(1), '{"c1 1"}', 'Then the next one');
select pg_temp.finish('a5');
select pg_temp.enqueue_for('d', 2);
select pg_temp.claim(1);
select is(pg_temp.finish('a6') , true, 'A finished job frees its tenant');
select is(pg_temp.claim(1), '{"d1 1"}', 'A tenant that was just served waits behind one that came before that');

select pg_temp.clear();
select is(pg_temp.in_flight(), 0::bigint, 'Deleted jobs are not in flight');
select pg_temp.enqueue_for('a', 4);
select pg_temp.claim(3, 0);
select pg_temp.enqueue_for('b', 1);
select is(pg_temp.claim(1), '{"a4 1"}', 'Jobs whose visibility timeout is over are not in flight: their tenant comes in order of waiting');
select is(pg_temp.in_flight(), 1::bigint, 'One job is in flight then');
select is(pg_temp.claim(2), '{"a1 2","b1 1"}', 'The lost jobs are claimed again, in turn with other tenants');
select is(public.retry_job('control', pg_temp.job('a1'), 0, 'error')::text, 'retrying', 'A retried job...');
select is(pg_temp.in_flight(), 2::bigint, '...is no longer in flight');
select is(public.defer_job('control', pg_temp.job('a4'), 0)::text, 'deferred', 'A deferred job...');
select is(pg_temp.in_flight(), 1::bigint, '...is no longer in flight');
select is(public.move_job_to_dead_letters('control', pg_temp.job('b1'), 'error')::text, 'moved', 'A dead letter...');
select is(pg_temp.in_flight(), 0::bigint, '...is not in flight');
select is(pg_temp.claim(10), '{"a1 3","a2 2","a3 2","a4 1"}', 'Retried, deferred and lost jobs of one tenant are all claimed again');

select pg_temp.clear();
select pg_temp.enqueue_for('a', 2, 3600);
select is(pg_temp.claim(10), '{}', 'A tenant whose jobs are all delayed has no turn yet');
select pg_temp.enqueue_for('a', 1);
select is(pg_temp.claim(10), '{"a3 1"}', 'A job without a delay is claimed before the delayed jobs of its tenant');
select pg_temp.enqueue_for('a', 1);
select is(pg_temp.claim(10), '{"a4 1"}', 'A job that arrives later as well');
reset role;
update pgmq.q_jobs_control set vt = clock_timestamp() where msg_id = pg_temp.job('a1');
select is(pg_temp.claim(10), '{"a1 1"}', 'A job that is made visible in pgmq''s table is claimed');
select pgmq.send('jobs_control', '{"kind": "converge", "userId": "e"}');
select is((select count(*) from public.claim_jobs('control', 10, 60)), 1::bigint, 'A job sent with pgmq.send is claimed');
select pgmq.purge_queue('jobs_control');
select is(pg_temp.turns() || pg_temp.in_flight()::text, '{0}', 'A purged queue leaves no turn and no job in flight');
delete from jobs;

-- Lanes --------------------------------------------------------------------------------------------------------------

select results_eq($$ select kind, private.lane_of(jsonb_build_object('kind', kind))::text from unnest(array['converge', 'stripe-event', 'settle-messages', 'sync-numbers',
    'sweep', 'refresh-messages', 'redact-messages', 'redact-old-messages', 'erase-user', 'run-campaign', 'forward-message', 'settle-start', 'unknown', null]) kind $$,
  $$ values ('converge', 'control'), ('stripe-event', 'control'), ('settle-messages', 'control'), ('sync-numbers', 'control'), ('sweep', 'control'),
    ('refresh-messages', 'messages'), ('redact-messages', 'messages'), ('redact-old-messages', 'messages'), ('erase-user', 'messages'), ('run-campaign', 'campaigns'),
    ('forward-message', 'forwarding'), ('settle-start', 'messages'), ('unknown', 'control'), (null, 'control') $$, 'The kind of a job gives its lane, and is control for every other kind');
set local role service_role;
select private.enqueue('{"kind": "run-campaign", "userId": "a"}');
select private.enqueue('{"kind": "forward-message", "userId": "a"}');
select private.enqueue('{"kind": "converge", "userId": "a"}');
select private.enqueue('"no object"');
select bag_eq('select lane::text, count(*) from pg_temp.queued group by lane', $$ values ('control', 2::bigint), ('campaigns', 1), ('forwarding', 1) $$,
  'Each job is on the queue of its lane');
select results_eq($$ select job ->> 'kind' from public.claim_jobs('campaigns', 10, 60) $$, array['run-campaign'], 'A claim returns the jobs of its lane only');
select is_empty($$ select 1 from public.claim_jobs('messages', 10, 60) $$, 'A claim of a lane without jobs returns nothing');
select is((select count(*) from public.claim_jobs('control', 1, 60)), 1::bigint, 'A job in flight in one lane does not count in another');

-- Ids are unique in one lane only.
reset role;
insert into pgmq.q_jobs_messages (msg_id, read_ct, vt, message) overriding system value select 999999, 1, now(), '{"kind": "erase-user", "userId": "a"}';
insert into pgmq.q_jobs_campaigns (msg_id, read_ct, vt, message) overriding system value select 999999, 1, now(), '{"kind": "run-campaign", "userId": "a"}';
set local role service_role;
select public.retry_job('messages', 999999, 0, 'of messages');
select public.retry_job('campaigns', 999999, 0, 'of campaigns');
select results_eq($$ select lane::text, error from private.job_errors where job_id = 999999 order by job_errors.lane $$, $$ values ('messages', 'of messages'), ('campaigns', 'of campaigns') $$,
  'Jobs with the same id in two lanes have errors of their own');
select is(public.finish_job('forwarding', 999999), false, 'finish_job of another lane deletes nothing');
select public.finish_job('messages', 999999);
select results_eq($$ select lane::text, error from private.job_errors where job_id = 999999 $$, $$ values ('campaigns', 'of campaigns') $$, 'finish_job deletes the error of its lane');
select public.move_job_to_dead_letters('campaigns', 999999, 'last error');
select results_eq($$ select lane::text, error from public.list_dead_letters(null, 1) $$, $$ values ('campaigns', 'last error') $$, 'A dead letter names its lane');
select is(public.replay_dead_letters(array(select letter_id from public.list_dead_letters(null, 1)), pg_temp.operator(), 'req', 'asked'), 1, 'A replayed dead letter...');
select results_eq($$ select job ->> 'kind', attempt from public.claim_jobs('campaigns', 10, 60) $$, $$ values ('run-campaign', 1) $$, '...is a new job of its lane');
select pg_temp.clear();

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
select results_eq($$ select job from public.claim_jobs('control', 10, 60) $$, $$ select jsonb_build_object('kind', 'converge', 'userId', id) from tenant $$,
  'The claimed job names the tenant, and the delayed one is invisible');
select is((select count(*) from pg_temp.queued), 2::bigint, 'Each ask_for_convergence enqueues a job');
select is((select attempt from public.claim_jobs('control', 10, 60)), null, 'A claimed job is not claimed again');

-- Lanes with due work ------------------------------------------------------------------------------------------------

reset role;
select pg_temp.forget_jobs();
create function pg_temp.due() returns public.job_lane[] language sql as $$ select array(select lane from unnest(enum_range(null::public.job_lane)) lane where private.has_due_jobs(lane)); $$;
select is(pg_temp.due(), '{}', 'has_due_jobs finds no lane without jobs');
select private.enqueue('{"kind": "refresh-messages"}'), private.enqueue('{"kind": "run-campaign", "userId": "u1"}', 60);
select is(pg_temp.due(), '{messages}', 'has_due_jobs finds the lane of a visible job, not of one that waits');
select public.claim_jobs('messages', 10, 60);
select is(pg_temp.due(), '{}', 'has_due_jobs finds no lane whose jobs are in flight');
update private.jobs_in_flight set until = clock_timestamp();
select is(pg_temp.due(), '{messages}', 'has_due_jobs finds the lane of a job whose process ended');
select pg_temp.forget_jobs();
update private.schedules set due_at = now() where name = 'refresh-messages';
select is(pg_temp.due(), '{control}', 'has_due_jobs finds the control lane for a due schedule of any lane');
select public.claim_jobs('control', 10, 60);
select is(pg_temp.due(), '{messages}', 'Once the schedule is enqueued, has_due_jobs finds the lane of its job');
select pg_temp.forget_jobs();
select private.enqueue('{"kind": "forward-message", "userId": "u1"}');
select is(pg_temp.due(), '{forwarding}', 'has_due_jobs finds the lane of forwarding');

select * from finish();
rollback;
