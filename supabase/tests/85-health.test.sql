-- The state of the installation: queues, dead letters, alerts, sweeps, webhooks and schedules, with counts that stop.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(22);

select pg_temp.join_as('tenant');
select pg_temp.forget_jobs();
delete from pgmq.q_jobs_dead;
delete from private.sweeps;
delete from public.operator_alerts;
delete from public.webhook_events;
update private.schedules set due_at = now() + every;
create function pg_temp.health(variadic p_path text[]) returns jsonb language sql as $$ select public.describe_health(10) #> p_path; $$;
create function pg_temp.lane(p_lane text) returns jsonb language sql as $$
  select l - 'oldestDueAt' from jsonb_array_elements(public.describe_health(10) -> 'lanes') l where l ->> 'lane' = p_lane;
$$;
set local role service_role;

select is(pg_temp.lane('messages'), '{"lane": "messages", "jobs": {"count": 0, "isMore": false}, "due": {"count": 0, "isMore": false}, "inFlight": {"count": 0, "isMore": false}, "waitsSeconds": 0}'::jsonb, 'An empty lane has no jobs and waits for nothing');
select private.enqueue('{"kind": "refresh-messages"}'), private.enqueue('{"kind": "refresh-messages"}', 3600);
reset role;
update private.job_turns set due_at = now() - interval '90 seconds' where lane = 'messages' and due_at <= clock_timestamp();
update pgmq.q_jobs_messages set vt = now() - interval '90 seconds' where vt <= clock_timestamp();
set local role service_role;
select is(pg_temp.lane('messages') - 'inFlight', '{"lane": "messages", "jobs": {"count": 2, "isMore": false}, "due": {"count": 1, "isMore": false}, "waitsSeconds": 90}'::jsonb, 'A lane has its jobs, those that are due, and how long the first of them has waited');
select public.claim_jobs('messages', 1, 60);
select is(pg_temp.lane('messages') -> 'inFlight' ->> 'count', '1', 'A claimed job is in flight');
select private.enqueue(jsonb_build_object('kind', 'refresh-messages', 'n', n)) from generate_series(1, 1200) n;
select is(pg_temp.lane('messages') -> 'jobs', '{"count": 1000, "isMore": true}'::jsonb, 'A count stops at a thousand');

select public.move_job_to_dead_letters('control', private.enqueue('{"kind": "converge"}'), 'no answer');
select is(pg_temp.health('deadLetters', 'count'), '1'::jsonb, 'Dead letters are counted');
select public.acknowledge_alert((select id from public.operator_alerts), pg_temp.operator(), 'req', 'known');
select private.raise_alert('dead_letter', 'messages');
select is((select a - 'kind' from jsonb_array_elements(pg_temp.health('alerts')) a where a ->> 'kind' = 'dead_letter'),
  '{"open": {"count": 2, "isMore": false}, "unacknowledged": {"count": 1, "isMore": false}}'::jsonb, 'Alerts are counted by kind, acknowledged ones too');
select results_eq($$ select a ->> 'kind' from jsonb_array_elements(pg_temp.health('alerts')) a where a -> 'open' ->> 'count' <> '0' $$, array['dead_letter'],
  'An alert is counted in its own kind alone');

select is(pg_temp.health('sweep'), 'null'::jsonb, 'Before the first sweep there is none');
select pg_temp.store(pg_temp.tenant(), 'AC1', 'suspended', 'v1.k1.iv.sealed');
create temp table sweep as select public.begin_sweep() as id;
select is(pg_temp.health('sweep'), 'null'::jsonb, 'A sweep that runs is not shown');
select public.end_sweep(id, 10) from sweep;
select is(pg_temp.health('sweep', 'tenants', 'suspended'), (select to_jsonb(count(*)) from public.user_preferences where twilio_subaccount_status = 'suspended'), 'A finished sweep has counted the tenants by status');
select is(pg_temp.health('sweep', 'level'), '"within"'::jsonb, 'A finished sweep has its level');
update private.open_subaccounts set total = 8;
select is(pg_temp.health('capacity'), '{"open": 8, "max": 10, "level": "warning"}'::jsonb, 'The capacity is the stored count of open subaccounts');

select public.record_stripe_event('evt_1', 'invoice.paid', now(), '{}');
select is(pg_temp.health('webhooks', 'stripe', 'unprocessed', 'count'), '1'::jsonb, 'Events that are not processed are counted');
insert into public.forward_deliveries (id, user_id, status, attempts) values (gen_random_uuid(), pg_temp.tenant(), 'failed', '[]'), (gen_random_uuid(), pg_temp.tenant(), 'delivered', '[]');
select is(pg_temp.health('webhooks', 'forwarding'), '{"deliveries": 2, "failed": 1}'::jsonb, 'Failed deliveries are counted');
update private.schedules set due_at = now() - interval '10 minutes' where name = 'sweep';
select is(pg_temp.health('scheduler', 'lateSeconds'), '600'::jsonb, 'The most overdue schedule is shown');
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source)
select pg_temp.tenant(), 'outbound', '+15005550101', '+15005550102', 'delivered', 'AC1', 'subaccount' from generate_series(1, 3);
select is((select m ->> 'count' from jsonb_array_elements(pg_temp.health('messages')) m where m ->> 'status' = 'delivered'), '3', 'The messages of the last hour are counted by status');


-- Usage, reconciliation and the cost of unpaid accounts
reset role;
delete from pgmq.q_jobs_dead;
delete from private.usage_accounts;
set local role service_role;
select is(pg_temp.health('usage'), '{"due": {"count": 0, "isMore": false}, "oldestDueAt": null, "lateSeconds": 0, "oldestUnreadDay": null, "retrying": {"count": 0, "isMore": false}, "deadLetters": {"count": 0, "isMore": false}}', 'Without accounts no usage is late');
insert into private.usage_accounts (account_sid, first_day, read_through, due_at)
select 'AC' || n, '2026-01-01', '2026-02-03', now() - n * interval '1 second' from generate_series(1, 1200) n;
select public.move_job_to_dead_letters('usage', private.enqueue('{"kind": "sync-usage", "accountSid": "AC1"}'), 'no answer');
select is(pg_temp.health('usage') - 'oldestDueAt', '{"due": {"count": 1000, "isMore": true}, "lateSeconds": 1200, "oldestUnreadDay": "2026-02-04", "retrying": {"count": 0, "isMore": false}, "deadLetters": {"count": 1, "isMore": false}}',
  'Due accounts, the oldest day without a read and failed jobs are shown');
delete from private.days_to_reconcile;
delete from private.reconciliations;
delete from private.usage_days;
insert into private.days_to_reconcile (account_sid, day, due_at) values ('AC1', '2026-02-01', now() - interval '7 minutes'), ('AC1', '2026-02-02', now() + interval '1 day');
insert into private.usage_days (account_sid, day, total_price, price_unit, closed_at) values ('AC1', '2026-02-01', 1, 'USD', now()), ('AC1', '2026-02-02', 1, 'USD', null);
delete from private.days_to_reconcile where day = '2026-02-02';
create function pg_temp.compared(p_day date, p_rate numeric, p_closed boolean) returns void language sql as $$
  insert into private.reconciliations (account_sid, day, price_unit, usage_total, ledger_total, not_priced_yet, carrier_fee, failed_message_fee, uncategorised, unknown_category, missing_here, missing_at_twilio, rate, currency,
    kinds, other_currencies, is_closed, is_shifted, reconciled_at) values ('AC1', p_day, 'USD', 1 + p_rate, 1, 0, 0, 0, 0, 0, 0, 0, p_rate, 0, '{}', '{}', p_closed, false, now()) $$;
select pg_temp.compared('2026-02-01', 0.5, true), pg_temp.compared('2026-02-02', 0.5, false), pg_temp.compared('2026-02-03', 0, true);
select is(pg_temp.health('reconciliation'), '{"due": {"count": 1, "isMore": false}, "lateSeconds": 420, "openDays": {"count": 1, "isMore": false}, "unexplained": {"count": 1, "isMore": false}}',
  'Days that wait, open ones and closed ones with an unexplained difference are counted');
select is((select array_agg(day) from public.list_reconciliations(null, true, null, null, 10)), '{2026-02-01}', 'The list has the same days');
select is((select array_agg(day) from public.list_reconciliations('AC1', false, '2026-02-03', 'AC1', 1)), '{2026-02-02}', 'A page of one account begins after the last day of the page before');
update private.unpaid_total set totals = '[{"currency": "USD", "accounts": 1, "numbers": 1, "unpriced": 0, "monthlyCost": "1.15"}]', counted_at = now() - interval '5 minutes';
select is(pg_temp.health('unpaid') - 'countedAt', '{"totals": [{"currency": "USD", "accounts": 1, "numbers": 1, "unpriced": 0, "monthlyCost": "1.15"}], "ageSeconds": 300}', 'The cost of unpaid accounts is the counted one, with its age');

select * from finish();
rollback;
