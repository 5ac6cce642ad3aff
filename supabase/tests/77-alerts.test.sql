-- Operator alerts: one row for each open cause, delivered once, settled by an operator or by the end of the cause.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(40);

select pg_temp.join_as('tenant', 'attacker');
select pg_temp.forget_jobs();
delete from pgmq.q_jobs_dead;
create view pg_temp.deliveries as select message ->> 'alertId' as alert_id from private.jobs where message ->> 'kind' = 'deliver-alert' and lane = 'forwarding';
grant select on pg_temp.deliveries to service_role;
set local role service_role;

-- Raising ------------------------------------------------------------------------------------------------------------

select private.raise_alert('dead_letter', 'lane-1', pg_temp.tenant(), '{"job": 1}');
select results_eq('select kind::text, subject, user_id, details, times, raised_at, settled_at from public.operator_alerts',
  $$ values ('dead_letter', 'lane-1', pg_temp.tenant(), '{"job": 1}'::jsonb, 1, now(), null::timestamptz) $$, 'raise_alert stores an open alert');
select results_eq('select alert_id from pg_temp.deliveries', 'select id::text from public.operator_alerts', 'A new alert has a delivery job in the lane of forwards');
select private.raise_alert('dead_letter', 'lane-1', pg_temp.tenant(), '{"job": 2}');
select results_eq('select details, times from public.operator_alerts', $$ values ('{"job": 2}'::jsonb, 2) $$, 'A cause that repeats counts the open alert, with the newest details');
select is((select count(*) from pg_temp.deliveries), 1::bigint, 'A cause that repeats enqueues no further delivery');
select private.raise_alert('dead_letter', 'lane-2');
select is((select count(*) from public.operator_alerts), 2::bigint, 'Another subject is another alert');

-- Delivering ---------------------------------------------------------------------------------------------------------

create temp table one as select id from public.operator_alerts where subject = 'lane-1';
select results_eq('select d.outcome::text, d.alert ->> ''subject'' from one, public.alert_to_deliver(one.id) d', $$ values ('pending', 'lane-1') $$, 'alert_to_deliver returns a pending alert');
select is((select d.outcome::text from public.alert_to_deliver(gen_random_uuid()) d), 'not_found', 'alert_to_deliver returns not_found for an unknown id');
select public.record_alert_delivery(id) from one;
select is((select delivered_at from public.operator_alerts join one using (id)), now(), 'record_alert_delivery stores the time');

-- Listing and settling -----------------------------------------------------------------------------------------------

select results_eq('select subject from public.list_alerts(null, 10, ''open'')', array['lane-2', 'lane-1'], 'list_alerts returns the newest first');
select results_eq('select subject from public.list_alerts((select max(a.id::text)::uuid from public.operator_alerts a), 10, ''open'')', array['lane-1'],
  'A page of alerts begins before the given id');
select is(public.close_alert((select id from one), pg_temp.operator(), 'req-1', 'seen')::text, 'settled', 'close_alert settles an open alert');
select results_eq($$ select user_id, details ->> 'reason' from public.audit_log where action = 'alert.settled' and actor = 'operator:' || pg_temp.operator() $$,
  $$ values (pg_temp.tenant(), 'seen') $$, 'The audit log has the operator and the reason');
select is(public.close_alert((select id from one), pg_temp.operator(), 'req-1', 'seen')::text, 'already', 'close_alert returns already for a settled alert');
select is(public.close_alert(gen_random_uuid(), pg_temp.operator(), 'req-1', 'seen')::text, 'not_found', 'close_alert returns not_found for an unknown id');
select results_eq('select subject from public.list_alerts(null, 10, ''open'')', array['lane-2'], 'list_alerts leaves out settled alerts');
select is((select count(*) from public.list_alerts(null, 10, 'all')), 2::bigint, 'list_alerts returns all alerts when asked to');
select is((select d.outcome::text from one, public.alert_to_deliver(one.id) d), 'settled', 'A settled alert is not delivered any more');
select private.raise_alert('dead_letter', 'lane-1');
select is((select count(*) from public.operator_alerts where subject = 'lane-1'), 2::bigint, 'The same cause raises a new alert after the settlement');

-- Acknowledging -------------------------------------------------------------------------------------------------------

create temp table two as select id from public.operator_alerts where subject = 'lane-2';
grant select on two to service_role;
select is(public.acknowledge_alert((select id from two), pg_temp.operator(), 'req-3', 'known')::text, 'acknowledged', 'acknowledge_alert acknowledges an open alert');
select results_eq('select acknowledged_at, acknowledged_by, acknowledged_because, settled_at from public.operator_alerts join two using (id)',
  $$ values (now(), pg_temp.operator(), 'known', null::timestamptz) $$, 'An acknowledged alert has the time, the operator and the reason, and stays open');
select results_eq($$ select user_id, request_id, details ->> 'reason', details ->> 'subject' from public.audit_log where action = 'alert.acknowledged' $$,
  $$ values (null::uuid, 'req-3', 'known', 'lane-2') $$, 'The audit log has the operator''s acknowledgement');
select is(public.acknowledge_alert((select id from two), gen_random_uuid(), 'req-3', 'me too')::text, 'already', 'acknowledge_alert returns already for an acknowledged alert');
select is((select acknowledged_because from public.operator_alerts join two using (id)), 'known', 'The first acknowledgement stays');
select is(public.acknowledge_alert((select id from one), pg_temp.operator(), 'req-3', 'late')::text, 'settled', 'acknowledge_alert returns settled for a settled alert');
select is(public.acknowledge_alert(gen_random_uuid(), pg_temp.operator(), 'req-3', 'what')::text, 'not_found', 'acknowledge_alert returns not_found for an unknown id');
select is((select d.outcome::text from two, public.alert_to_deliver(two.id) d), 'acknowledged', 'An acknowledged alert is not delivered any more');
select results_eq('select s.state::text, array(select a.subject from public.list_alerts(null, 10, s.state) a) from unnest(enum_range(null::public.alert_state)) s (state)',
  $$ values ('open', '{lane-1,lane-2}'::text[]), ('unacknowledged', '{lane-1}'), ('acknowledged', '{lane-2}'), ('settled', '{lane-1}'), ('all', '{lane-1,lane-2,lane-1}') $$, 'Alerts are listed by their state');
select private.raise_alert('unknown_price', 'price_1');
select results_eq('select s.state::text, array(select a.subject from public.list_alerts(null, 10, s.state, ''unknown_price'') a) from unnest(enum_range(null::public.alert_state)) s (state)',
  $$ values ('open', '{price_1}'::text[]), ('unacknowledged', '{price_1}'), ('acknowledged', '{}'), ('settled', '{}'), ('all', '{price_1}') $$, 'Alerts of one kind are listed by their state');
select results_eq('select s.state::text, array(select a.subject from public.list_alerts(null, 1, s.state, ''dead_letter'') a) from unnest(enum_range(null::public.alert_state)) s (state)',
  $$ values ('open', '{lane-1}'::text[]), ('unacknowledged', '{lane-1}'), ('acknowledged', '{lane-2}'), ('settled', '{lane-1}'), ('all', '{lane-1}') $$, 'A page of one kind has as many as it may have');
delete from public.operator_alerts where kind = 'unknown_price';
select private.raise_alert('dead_letter', 'lane-2', null, '{"job": 3}');
select results_eq('select times, acknowledged_because, (select count(*) from pg_temp.deliveries d where d.alert_id = two.id::text) from public.operator_alerts join two using (id)', $$ values (2, 'known', 1::bigint) $$,
  'A cause that repeats after the acknowledgement counts, and delivers nothing');
select private.settle_alert('dead_letter', 'lane-2');
select private.raise_alert('dead_letter', 'lane-2');
select is((select count(*) from public.list_alerts(null, 10, 'unacknowledged') where subject = 'lane-2'), 1::bigint, 'After the settlement the same cause raises an alert that is not acknowledged');

-- Several at once ----------------------------------------------------------------------------------------------------

select private.raise_alert('dead_letter', 'several-' || n) from generate_series(1, 3) n;
create function pg_temp.several(p_subjects text[], p_to text) returns setof text language sql as $$
  select coalesce(a.subject, 'none') || ' ' || c.outcome
  from public.change_alerts(array(select id from public.operator_alerts where subject = any (p_subjects)) || gen_random_uuid(), p_to::public.alert_change,
    pg_temp.operator(), 'req-5', 'all of them') c
  left join public.operator_alerts a on a.id = c.alert_id order by 1;
$$;
select results_eq($$ select pg_temp.several('{several-1,several-2}', 'acknowledged') $$, array['none not_found', 'several-1 acknowledged', 'several-2 acknowledged'],
  'change_alerts acknowledges several alerts, and returns not_found for an unknown id');
select results_eq($$ select pg_temp.several('{several-2}', 'settled') $$, array['none not_found', 'several-2 settled'], 'change_alerts settles several alerts');
select results_eq($$ select pg_temp.several('{several-1,several-2,several-3}', 'acknowledged') $$,
  array['none not_found', 'several-1 acknowledged', 'several-2 settled', 'several-3 acknowledged'], 'change_alerts, repeated, returns the state of each');
select results_eq($$ select action || ' ' || (details ->> 'subject') from public.audit_log where request_id = 'req-5' order by 1 $$,
  array['alert.acknowledged several-1', 'alert.acknowledged several-2', 'alert.acknowledged several-3', 'alert.settled several-2'],
  'Each changed alert has one audit line');
delete from public.operator_alerts where subject like 'several-%';

-- Purging -------------------------------------------------------------------------------------------------------------

update public.operator_alerts set settled_at = now() - interval '180 days' where id in (select id from one);
select is(private.purge_settled_alerts(0), 0, 'A limit of zero purges no alert');
select is(private.purge_settled_alerts(10), 1, 'An alert is purged 180 days after its settlement');
select results_eq('select count(*), count(*) filter (where id in (select id from one)) from public.operator_alerts', $$ values (3::bigint, 0::bigint) $$, 'Open alerts and those settled lately stay');

-- Dead letters -------------------------------------------------------------------------------------------------------

select public.move_job_to_dead_letters('control', private.enqueue('{"kind": "converge", "userId": "u"}'), 'no answer');
select results_eq($$ select details - 'jobId' from public.operator_alerts where subject = 'control' $$, $$ values ('{"lane": "control", "kind": "converge"}'::jsonb) $$,
  'A dead letter raises an alert for its lane, without the job''s data');
select public.replay_dead_letters(null, pg_temp.operator(), 'req-2', 'asked');
select isnt((select settled_at from public.operator_alerts where subject = 'control'), null, 'Replaying the last dead letter of a lane settles its alert');

select * from finish();
rollback;
