-- An acknowledged webhook is stored once, with one job that processes it.
begin;
create extension if not exists pgtap with schema extensions;
select plan(18);

delete from pgmq.q_jobs_control;
create view pg_temp.jobs as select message as job from private.jobs order by msg_id;
grant select on pg_temp.jobs to service_role;
set local role service_role;

select is(public.record_stripe_event('evt_pgtap_1', 'invoice.paid', '2026-01-01Z', '{"id": "evt_pgtap_1", "n": 1}')::text, 'recorded', 'record_stripe_event returns recorded for a new event');
select results_eq($$ select provider::text, type, occurred_at, payload, processed_at, result::text from public.webhook_events where event_id = 'evt_pgtap_1' $$,
  $$ values ('stripe', 'invoice.paid', '2026-01-01Z'::timestamptz, '{"id": "evt_pgtap_1", "n": 1}'::jsonb, null::timestamptz, null::text) $$,
  'A recorded event is stored unchanged and not processed');
select results_eq('select job from pg_temp.jobs', $$ values ('{"kind": "stripe-event", "eventId": "evt_pgtap_1"}'::jsonb) $$, 'A recorded event enqueues one job');

select is(public.record_stripe_event('evt_pgtap_1', 'invoice.paid', '2026-01-01Z', '{"id": "evt_pgtap_1", "n": 2}')::text, 'duplicate', 'record_stripe_event returns duplicate for a known event');
select is((select payload ->> 'n' from public.webhook_events where event_id = 'evt_pgtap_1'), '1', 'A duplicate does not change the stored payload');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'A duplicate enqueues nothing');

-- An event and its job are stored in one transaction.
savepoint lost;
select public.record_stripe_event('evt_pgtap_2', 'invoice.paid', now(), '{}');
rollback to lost;
select results_eq($$ select (select count(*) from public.webhook_events where event_id = 'evt_pgtap_2'), (select count(*) from pg_temp.jobs) $$,
  $$ values (0::bigint, 1::bigint) $$, 'A rolled-back transaction leaves neither the event nor its job');
select is(public.record_stripe_event('evt_pgtap_2', 'invoice.paid', now(), '{}')::text, 'recorded', 'record_stripe_event returns recorded for an event whose first transaction was rolled back');

select lives_ok($$ insert into public.webhook_events (provider, event_id, type, payload) values ('twilio', 'evt_pgtap_1', 'x', '{}') $$,
  'An event of another provider may have the same id');
select throws_ok($$ insert into public.webhook_events (provider, event_id, type, payload) values ('paypal', 'evt', 'x', '{}') $$, '22P02', null,
  'A webhook of an unknown provider is refused');

select results_eq($$ select * from public.list_unrecorded_events(array['evt_pgtap_9', 'evt_pgtap_1', 'evt_pgtap_3']) $$, array['evt_pgtap_9', 'evt_pgtap_3'],
  'list_unrecorded_events returns the ids that are not stored, in their order');

select results_eq($$ select outcome::text, type, payload from public.begin_stripe_event('evt_pgtap_1') $$, $$ values ('pending', 'invoice.paid', '{"id": "evt_pgtap_1", "n": 1}'::jsonb) $$,
  'begin_stripe_event returns pending with the type and payload of a recorded event');
select results_eq($$ select outcome::text, type, payload, read_number from public.begin_stripe_event('evt_pgtap_never') $$, $$ values ('not_found', null::text, null::jsonb, null::bigint) $$,
  'begin_stripe_event returns not_found for an event that was never recorded');
select is(public.settle_stripe_event('evt_pgtap_1', 'recorded')::text, 'settled', 'settle_stripe_event returns settled for a pending event');
select results_eq($$ select processed_at, result::text from public.webhook_events where event_id = 'evt_pgtap_1' and provider = 'stripe' $$,
  $$ values (now(), 'recorded') $$, 'settle_stripe_event stores the time and the result');
select is(public.settle_stripe_event('evt_pgtap_1', 'ignored', 'unknown_object')::text, 'already', 'settle_stripe_event, repeated, returns already');
select is((select result::text from public.webhook_events where event_id = 'evt_pgtap_1' and provider = 'stripe'), 'recorded', 'The first result is kept');
select is((select outcome::text from public.begin_stripe_event('evt_pgtap_1')), 'processed', 'begin_stripe_event returns processed for a settled event');

select * from finish();
rollback;
