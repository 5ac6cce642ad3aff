-- What operators do: each is decided by one function, leaves its line in the audit log, and asks for convergence.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(39);

select pg_temp.join_as('tenant', 'newcomer');
delete from private.tenancies;
delete from pgmq.q_jobs;
delete from pgmq.q_jobs_dead;
update private.schedules set due_at = now() + interval '1 day';
create view pg_temp.jobs as select message as job from pgmq.q_jobs order by msg_id;
grant select on pg_temp.jobs to service_role;
create view pg_temp.trail as
  select action, user_id, subaccount_sid, request_id, details from public.audit_log where actor = 'operator:' || pg_temp.operator() order by id desc;
grant select on pg_temp.trail to service_role;
set local role service_role;

insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status) values (pg_temp.tenant(), 'AC1', 'active');
insert into private.tenancies (user_id, requested_at, applied_status) values (pg_temp.tenant(), '2026-01-01Z', 'active');

-- Holding and releasing -------------------------------------------------------------------------------------------------

create function pg_temp.hold(p_user uuid, p_hold text) returns text language sql as $$
  select concat_ws(' ', outcome, subaccount_sid, status) from public.hold_tenant(p_user, p_hold::public.operator_hold, pg_temp.operator(), 'req-1', 'fraud');
$$;
select is(pg_temp.hold(pg_temp.tenant(), 'suspended'), 'accepted AC1 active', 'A tenant is held, and the answer tells how they stand so far');
select results_eq('select operator_hold::text, applied_status::text, version from private.tenancies where user_id = pg_temp.tenant()', $$ values ('suspended', 'active', 2::bigint) $$,
  'The hold is kept, and what was applied before');
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'suspended', 'From now on that is what is wanted');
select results_eq('select job from pg_temp.jobs', $$ values (jsonb_build_object('kind', 'converge', 'userId', pg_temp.tenant())) $$, 'Convergence is asked for');
select results_eq('select * from pg_temp.trail limit 1', $$ values ('tenant.suspended', pg_temp.tenant(), 'AC1', 'req-1', '{"reason": "fraud"}'::jsonb) $$,
  'The audit log says who held whom, and why');
select is(pg_temp.hold(pg_temp.tenant(), 'closed'), 'accepted AC1 active', 'A hold can be made harder');
select is((select action from pg_temp.trail limit 1), 'tenant.closed', 'The audit log says so');
update private.tenancies set suspended_at_twilio = true where user_id = pg_temp.tenant();
select is(pg_temp.hold(pg_temp.tenant(), null), 'accepted AC1 active', 'A hold can be released');
select ok((select not suspended_at_twilio from private.tenancies where user_id = pg_temp.tenant()), 'Releasing a hold also lifts a suspension made at Twilio');
select is((select action from pg_temp.trail limit 1), 'tenant.released', 'The audit log says so too');
select results_eq('select operator_hold::text, applied_status::text from private.tenancies where user_id = pg_temp.tenant()', $$ values (null::text, null::text) $$,
  'With the hold goes the memory of what was applied, so that a suspension made at Twilio is lifted as well');
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'active', 'The tenant has again what they asked for');
select is(pg_temp.hold(pg_temp.newcomer(), 'suspended'), 'accepted', 'A user without a subaccount can be held before they have one');
select is(private.wanted_subaccount(pg_temp.newcomer())::text, 'suspended', 'They will not get one');
select is(pg_temp.hold(gen_random_uuid(), 'closed'), 'unknown_user', 'Nobody is not held');
select throws_ok($$ select pg_temp.hold(pg_temp.tenant(), 'active') $$, '22P02', null, 'There is no hold that opens');

-- Providing -------------------------------------------------------------------------------------------------------------

delete from private.tenancies where user_id = pg_temp.newcomer();
select pg_temp.forget_jobs();
select is(public.provision_tenant(pg_temp.newcomer(), pg_temp.operator(), 'req-2')::text, 'accepted', 'An operator gives a user a subaccount without a subscription');
select is(private.wanted_subaccount(pg_temp.newcomer())::text, 'active', 'From now on that is what is wanted for them');
select results_eq('select job from pg_temp.jobs', $$ values (jsonb_build_object('kind', 'converge', 'userId', pg_temp.newcomer())) $$, 'Convergence is asked for them');
select is((select action from pg_temp.trail limit 1), 'tenant.provisioned', 'The audit log says who gave it');
select public.provision_tenant(pg_temp.tenant(), pg_temp.operator(), null);
select is((select requested_at from private.tenancies where user_id = pg_temp.tenant()), '2026-01-01Z'::timestamptz, 'Who asked before still did');
select is(public.provision_tenant(gen_random_uuid(), pg_temp.operator(), null)::text, 'unknown_user', 'Nobody is given nothing');

-- Looking ---------------------------------------------------------------------------------------------------------------

insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, status) values
  (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', 'active'), (pg_temp.tenant(), '+15005550102', 'PN-pgtap-2', 'released');
update private.tenancies set applied_status = 'active', suspended_at_twilio = true where user_id = pg_temp.tenant();
update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.tenant();
select results_eq('select user_id, wanted::text, status::text, subaccount_sid, operator_hold::text, numbers, suspended_at_twilio from public.list_tenants(null, 10)',
  $$ values (pg_temp.tenant(), 'active', 'suspended', 'AC1', null::text, 1::bigint, true), (pg_temp.newcomer(), 'active', 'pending', null, null, 0, false) $$,
  'Tenants are listed with what is wanted, what is there, and whether somebody suspended them at Twilio');
select results_eq('select user_id from public.list_tenants(pg_temp.tenant(), 10)', array[pg_temp.newcomer()], 'The next page begins after the last one seen');
select is((select count(*) from public.list_tenants(null, 1)), 1::bigint, 'A page is as long as was asked for');

-- Dead letters ----------------------------------------------------------------------------------------------------------

select pg_temp.forget_jobs();
create temp table letters as select n, private.enqueue(jsonb_build_object('kind', 'converge', 'userId', n)) as job_id from generate_series(1, 3) n;
select public.move_job_to_dead_letters(job_id, 'error ' || n) from letters order by n;
select results_eq('select job, error, moved_at from public.list_dead_letters(null, 2)',
  $$ values ('{"kind": "converge", "userId": 3}'::jsonb, 'error 3', now()), ('{"kind": "converge", "userId": 2}', 'error 2', now()) $$,
  'Dead letters are listed with their last error, the newest first');
select results_eq('select error from public.list_dead_letters((select min(letter_id) from public.list_dead_letters(null, 2)), 2)', array['error 1'],
  'The next page begins before the last one seen');
select is(public.replay_dead_letters((select letter_id from public.list_dead_letters(null, 1)), pg_temp.operator(), 'req-3'), 1, 'One dead letter is sent on its way again');
select results_eq('select job, attempt from public.claim_jobs(10, 60)', $$ values ('{"kind": "converge", "userId": 3}'::jsonb, 1) $$, 'It is a job as new');
select is((select count(*) from public.list_dead_letters(null, 10)), 2::bigint, 'The others stay');
select is((select details ->> 'replayed' from pg_temp.trail limit 1), '1', 'The audit log says how many');
select is(public.replay_dead_letters(null, pg_temp.operator(), 'req-4'), 2, 'All the others are sent at once');
select is((select count(*) from public.claim_jobs(10, 60)), 2::bigint, 'They are jobs as new');
select is(public.replay_dead_letters(null, pg_temp.operator(), 'req-4'), 0, 'Then there is none left');

-- Events and sweeps -----------------------------------------------------------------------------------------------------

select pg_temp.forget_jobs();
select public.record_stripe_event('evt_pgtap', 'invoice.paid', now(), '{}');
select public.settle_stripe_event('evt_pgtap', 'recorded');
select pg_temp.forget_jobs();
select is(public.replay_stripe_event('evt_pgtap', pg_temp.operator(), 'req-5')::text, 'replayed', 'A stored event is sent on its way again');
select results_eq($$ select outcome::text, job from public.begin_stripe_event('evt_pgtap'), pg_temp.jobs $$,
  $$ values ('pending', '{"kind": "stripe-event", "eventId": "evt_pgtap"}'::jsonb) $$, 'It is pending, and has its job');
select is(public.replay_stripe_event('evt_pgtap_never', pg_temp.operator(), null)::text, 'unknown_event', 'An event that was never recorded is not');
select pg_temp.forget_jobs();
select results_eq($$ select public.request_sweep(pg_temp.operator(), 'req-6')::text $$, array['accepted'], 'A sweep can be asked for');
select results_eq('select job from pg_temp.jobs', $$ values ('{"kind": "sweep"}'::jsonb) $$, 'It is a job');

select * from finish();
rollback;
