-- A webhook that was acknowledged is in the database, once, with one job to process it.
begin;
create extension if not exists pgtap with schema extensions;
select plan(17);

delete from pgmq.q_jobs;
create view pg_temp.jobs as select message as job from pgmq.q_jobs order by msg_id;
grant select on pg_temp.jobs to service_role;
set local role service_role;

select is(public.record_stripe_event('evt_pgtap_1', 'invoice.paid', '2026-01-01Z', '{"id": "evt_pgtap_1", "n": 1}')::text, 'recorded', 'A new event is recorded');
select results_eq($$ select provider::text, type, occurred_at, payload, processed_at, result::text from public.webhook_events where event_id = 'evt_pgtap_1' $$,
  $$ values ('stripe', 'invoice.paid', '2026-01-01Z'::timestamptz, '{"id": "evt_pgtap_1", "n": 1}'::jsonb, null::timestamptz, null::text) $$,
  'It is stored as it came, and not yet processed');
select results_eq('select job from pg_temp.jobs', $$ values ('{"kind": "stripe-event", "eventId": "evt_pgtap_1"}'::jsonb) $$, 'One job is enqueued for it');

select is(public.record_stripe_event('evt_pgtap_1', 'invoice.paid', '2026-01-01Z', '{"id": "evt_pgtap_1", "n": 2}')::text, 'duplicate', 'The same event again is a duplicate');
select is((select payload ->> 'n' from public.webhook_events where event_id = 'evt_pgtap_1'), '1', 'What was stored first stays');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'A duplicate enqueues nothing');

-- The event and its job stand or fall together.
savepoint lost;
select public.record_stripe_event('evt_pgtap_2', 'invoice.paid', now(), '{}');
rollback to lost;
select results_eq($$ select (select count(*) from public.webhook_events where event_id = 'evt_pgtap_2'), (select count(*) from pg_temp.jobs) $$,
  $$ values (0::bigint, 1::bigint) $$, 'Where the transaction is lost, neither the event nor its job is there');
select is(public.record_stripe_event('evt_pgtap_2', 'invoice.paid', now(), '{}')::text, 'recorded', 'Delivered again it is recorded as if for the first time');

select lives_ok($$ insert into public.webhook_events (provider, event_id, type, payload) values ('twilio', 'evt_pgtap_1', 'x', '{}') $$,
  'Another provider may use the same id');
select throws_ok($$ insert into public.webhook_events (provider, event_id, type, payload) values ('paypal', 'evt', 'x', '{}') $$, '22P02', null,
  'A webhook of an unknown provider is refused');

select results_eq($$ select outcome::text, type, payload from public.begin_stripe_event('evt_pgtap_1') $$, $$ values ('pending', 'invoice.paid', '{"id": "evt_pgtap_1", "n": 1}'::jsonb) $$,
  'A recorded event is read back as pending');
select results_eq($$ select outcome::text, type, payload, read_number from public.begin_stripe_event('evt_pgtap_never') $$, $$ values ('not_found', null::text, null::jsonb, null::bigint) $$,
  'begin_stripe_event returns not_found for an event that was never recorded');
select is(public.settle_stripe_event('evt_pgtap_1', 'recorded')::text, 'settled', 'A processed event is settled');
select results_eq($$ select processed_at, result::text from public.webhook_events where event_id = 'evt_pgtap_1' and provider = 'stripe' $$,
  $$ values (now(), 'recorded') $$, 'When, and what was decided, is kept');
select is(public.settle_stripe_event('evt_pgtap_1', 'ignored')::text, 'already', 'Settling again changes nothing');
select is((select result::text from public.webhook_events where event_id = 'evt_pgtap_1' and provider = 'stripe'), 'recorded', 'The first decision stays');
select is((select outcome::text from public.begin_stripe_event('evt_pgtap_1')), 'processed', 'A settled event is read back as processed');

select * from finish();
rollback;
