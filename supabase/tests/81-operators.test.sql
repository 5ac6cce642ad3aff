-- Actions of operators: each is one function that writes an audit line and asks for convergence.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(59);

select pg_temp.join_as('tenant', 'newcomer');
delete from private.tenancies;
select pg_temp.forget_jobs();
delete from pgmq.q_jobs_dead;
update private.schedules set due_at = now() + interval '1 day';
create view pg_temp.jobs as select message as job from private.jobs order by msg_id;
grant select on pg_temp.jobs to service_role;
create view pg_temp.trail as
  select action, user_id, subaccount_sid, request_id, details from public.audit_log where actor = 'operator:' || pg_temp.operator() order by id desc;
grant select on pg_temp.trail to service_role;
set local role service_role;

insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status) values (pg_temp.tenant(), 'AC1', 'active');
insert into private.tenancies (user_id, requested_at, applied_status) values (pg_temp.tenant(), '2026-01-01Z', 'active');

-- Holding and releasing ----------------------------------------------------------------------------------------------

create function pg_temp.hold(p_user uuid, p_hold text) returns text language sql as $$
  select concat_ws(' ', outcome, subaccount_sid, status) from public.hold_tenant(p_user, p_hold::public.operator_hold, pg_temp.operator(), 'req-1', 'fraud');
$$;
select is(pg_temp.hold(pg_temp.tenant(), 'suspended'), 'accepted AC1 active', 'hold_tenant returns accepted with the SID and the status so far');
select results_eq('select operator_hold::text, applied_status::text, version from private.tenancies where user_id = pg_temp.tenant()', $$ values ('suspended', 'active', 2::bigint) $$,
  'hold_tenant stores the hold and keeps the applied status');
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'suspended', 'The wanted status is that of the hold');
select results_eq('select job from pg_temp.jobs', $$ values (jsonb_build_object('kind', 'converge', 'userId', pg_temp.tenant())) $$, 'hold_tenant asks for convergence');
select results_eq('select * from pg_temp.trail limit 1', $$ values ('tenant.suspended', pg_temp.tenant(), 'AC1', 'req-1', '{"reason": "fraud"}'::jsonb) $$,
  'The audit log names the operator, the tenant and the reason');
select is(pg_temp.hold(pg_temp.tenant(), 'closed'), 'accepted AC1 active', 'hold_tenant returns accepted for a closure after a suspension');
select is((select action from pg_temp.trail limit 1), 'tenant.closed', 'The audit action of a closure is tenant.closed');
update private.tenancies set suspended_at_twilio = true where user_id = pg_temp.tenant();
select is(pg_temp.hold(pg_temp.tenant(), null), 'accepted AC1 active', 'hold_tenant returns accepted for a release of the hold');
select ok((select not suspended_at_twilio from private.tenancies where user_id = pg_temp.tenant()), 'A release clears suspended_at_twilio');
select is((select action from pg_temp.trail limit 1), 'tenant.released', 'The audit action of a release is tenant.released');
select results_eq('select operator_hold::text, applied_status::text from private.tenancies where user_id = pg_temp.tenant()', $$ values (null::text, null::text) $$,
  'A release clears the hold and the applied status');
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'active', 'After a release, the wanted status is that of the request');
select is(pg_temp.hold(pg_temp.newcomer(), 'suspended'), 'accepted', 'hold_tenant returns accepted for a user without a subaccount');
select is(private.wanted_subaccount(pg_temp.newcomer())::text, 'suspended', 'The wanted status of a held user without a subaccount is suspended');
select is(pg_temp.hold(gen_random_uuid(), 'closed'), 'unknown_user', 'hold_tenant returns unknown_user for a user who does not exist');
select throws_ok($$ select pg_temp.hold(pg_temp.tenant(), 'active') $$, '22P02', null, 'The hold active is refused');

-- Provisioning -------------------------------------------------------------------------------------------------------

delete from private.tenancies where user_id = pg_temp.newcomer();
select pg_temp.forget_jobs();
select is((select outcome from public.provision_tenant(pg_temp.newcomer(), null, pg_temp.operator(), 'req-2', 'asked'))::text, 'accepted', 'provision_tenant returns accepted for a user without a subscription');
select is(private.wanted_subaccount(pg_temp.newcomer())::text, 'active', 'The wanted status of a provisioned user is active');
select results_eq('select job from pg_temp.jobs', $$ values (jsonb_build_object('kind', 'converge', 'userId', pg_temp.newcomer())) $$, 'provision_tenant asks for convergence');
select is((select action from pg_temp.trail limit 1), 'tenant.provisioned', 'The audit action of a provision is tenant.provisioned');
select public.provision_tenant(pg_temp.tenant(), null, pg_temp.operator(), null, 'asked');
select is((select requested_at from private.tenancies where user_id = pg_temp.tenant()), '2026-01-01Z'::timestamptz, 'provision_tenant keeps the time of an earlier request');
select is((select outcome from public.provision_tenant(gen_random_uuid(), null, pg_temp.operator(), null, 'asked'))::text, 'unknown_user', 'provision_tenant returns unknown_user for a user who does not exist');

create function pg_temp.provision(p_email text) returns text language sql as $$
  select concat_ws(' ', outcome, user_id) from public.provision_tenant(null, p_email, pg_temp.operator(), 'req-2', 'they called');
$$;
reset role;
insert into auth.users (id, email, is_sso_user) values (pg_temp.attacker(), 'twice@pgtap.test', false), (pg_temp.keeper(), 'twice@pgtap.test', true);
set local role service_role;
select is(pg_temp.provision('NewComer@pgtap.test'), 'accepted ' || pg_temp.newcomer(), 'provision_tenant finds a user by email address in any case');
select results_eq('select action, user_id, details from pg_temp.trail limit 1', $$ values ('tenant.provisioned', pg_temp.newcomer(), '{"reason": "they called"}'::jsonb) $$,
  'The audit log has the reason of a provision');
select is(pg_temp.provision('newcomer@pgtap'), 'unknown_user', 'provision_tenant returns unknown_user for a part of an address');
select is(pg_temp.provision('newcome_@pgtap.test'), 'unknown_user', 'provision_tenant takes no wildcards');
select is(pg_temp.provision('twice@pgtap.test'), 'ambiguous_email', 'provision_tenant returns ambiguous_email for an address of two users');
select is((select count(*) from private.tenancies where user_id in (pg_temp.attacker(), pg_temp.keeper())), 0::bigint, 'An ambiguous address provisions neither user');

-- Listing tenants ----------------------------------------------------------------------------------------------------

insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, status) values
  (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', 'active'), (pg_temp.tenant(), '+15005550102', 'PN-pgtap-2', 'released');
update private.tenancies set applied_status = 'active', suspended_at_twilio = true where user_id = pg_temp.tenant();
update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.tenant();
create function pg_temp.page(p_search text default null, p_status text default null, p_plan text default null, p_drifting boolean default null,
  p_unpaid boolean default null, p_over boolean default null, p_order text default 'id', p_at timestamptz default null, p_after uuid default null, p_limit integer default 10)
returns setof public.tenant_overview language sql as $$
  select t.* from public.list_tenants(p_search, p_status::public.account_status, p_plan, p_drifting, p_unpaid, p_over, p_order::public.tenant_order, p_at, p_after, p_limit) l,
    jsonb_populate_recordset(null::public.tenant_overview, l.tenants) t;
$$;
select results_eq('select user_id, wanted::text, status::text, subaccount_sid, operator_hold::text, numbers, suspended_at_twilio from pg_temp.page()',
  $$ values (pg_temp.tenant(), 'active', 'suspended', 'AC1', null::text, 1::bigint, true), (pg_temp.newcomer(), 'active', 'pending', null, null, 0, false) $$,
  'list_tenants returns the wanted status, the stored status and whether Twilio''s console suspended the account');
select results_eq('select user_id from pg_temp.page(p_after => pg_temp.tenant())', array[pg_temp.newcomer()], 'A page of tenants begins after the given id');
select is((select count(*) from pg_temp.page(p_limit => 1)), 1::bigint, 'list_tenants respects its limit');

-- Dead letters -------------------------------------------------------------------------------------------------------

select pg_temp.forget_jobs();
create temp table letters as select n, private.enqueue(jsonb_build_object('kind', 'converge', 'userId', n)) as job_id from generate_series(1, 5) n;
select public.move_job_to_dead_letters('control', job_id, 'error ' || n) from letters order by n;
select results_eq('select lane, job, error, moved_at from public.list_dead_letters(null, 2)',
  $$ values ('control'::public.job_lane, '{"kind": "converge", "userId": 5}'::jsonb, 'error 5', now()), ('control', '{"kind": "converge", "userId": 4}', 'error 4', now()) $$,
  'list_dead_letters returns the newest first, with their lane and their last error');
select results_eq('select error from public.list_dead_letters((select min(letter_id) from public.list_dead_letters(null, 2)), 2)', array['error 3', 'error 2'],
  'A page of dead letters begins before the given id');
select is(public.replay_dead_letters(array(select letter_id from public.list_dead_letters(null, 1)), pg_temp.operator(), 'req-3', 'asked'), 1, 'replay_dead_letters re-enqueues one dead letter');
select results_eq($$ select job, attempt from public.claim_jobs('control', 10, 60) $$, $$ values ('{"kind": "converge", "userId": 5}'::jsonb, 1) $$, 'A replayed dead letter is a new job');
select is((select count(*) from public.list_dead_letters(null, 10)), 4::bigint, 'The other dead letters stay');
select is((select details - 'letterIds' from pg_temp.trail limit 1), '{"replayed": 1, "reason": "asked"}'::jsonb, 'The audit line has the count and the reason');
create temp table several as select array(select letter_id from public.list_dead_letters(null, 2)) || 999999999::bigint as ids;
select is((select public.replay_dead_letters(ids, pg_temp.operator(), 'req-4b', 'asked') from several), 2, 'replay_dead_letters re-enqueues several dead letters, and returns how many there were');
select results_eq('select request_id, details from pg_temp.trail limit 1', $$ select 'req-4b', jsonb_build_object('letterIds', ids, 'replayed', 2, 'reason', 'asked') from several $$,
  'Several dead letters have one audit line with their ids');
select results_eq('select error from public.list_dead_letters(null, 10)', array['error 2', 'error 1'], 'The dead letters that were not named stay');
select pg_temp.forget_jobs();
select is(public.replay_dead_letters(null, pg_temp.operator(), 'req-4', 'asked'), 2, 'replay_dead_letters without an id re-enqueues all dead letters');
select is((select count(*) from public.claim_jobs('control', 10, 60)), 2::bigint, 'All replayed dead letters are jobs');
select is(public.replay_dead_letters(null, pg_temp.operator(), 'req-4', 'asked'), 0, 'replay_dead_letters returns 0 without dead letters');

-- Events and sweeps --------------------------------------------------------------------------------------------------

select pg_temp.forget_jobs();
select public.record_stripe_event('evt_pgtap', 'invoice.paid', now(), '{}');
select public.settle_stripe_event('evt_pgtap', 'recorded');
select pg_temp.forget_jobs();
select is(public.replay_stripe_event('evt_pgtap', pg_temp.operator(), 'req-5', 'asked')::text, 'replayed', 'replay_stripe_event returns replayed for a stored event');
select results_eq($$ select outcome::text, job from public.begin_stripe_event('evt_pgtap'), pg_temp.jobs $$,
  $$ values ('pending', '{"kind": "stripe-event", "eventId": "evt_pgtap"}'::jsonb) $$, 'A replayed event is pending and has its job');
select is(public.replay_stripe_event('evt_pgtap_never', pg_temp.operator(), null, 'asked')::text, 'unknown_event', 'replay_stripe_event returns unknown_event for an event that was never stored');
select pg_temp.forget_jobs();
select results_eq($$ select public.request_sweep(pg_temp.operator(), 'req-6', 'asked')::text $$, array['accepted'], 'request_sweep returns accepted');
select results_eq('select job from pg_temp.jobs', $$ values ('{"kind": "sweep"}'::jsonb) $$, 'request_sweep enqueues a sweep');
select results_eq('select action, details from pg_temp.trail limit 1', $$ values ('sweep.requested', '{"reason": "asked"}'::jsonb) $$, 'The audit log has the reason of a sweep');
select public.request_sealing_key_rotation(pg_temp.operator(), 'req-7', 'leaked');
select results_eq('select action, details from pg_temp.trail limit 1', $$ values ('sealing_keys.rotation_requested', '{"reason": "leaked"}'::jsonb) $$, 'The audit log has the reason of a rotation of keys');
update public.user_preferences set twilio_subaccount_status = 'active', twilio_subaccount_auth_token_encrypted = 'v1.k1.iv.sealed' where user_id = pg_temp.tenant();
select public.request_token_rotation(pg_temp.tenant(), pg_temp.operator(), 'req-8', 'stolen');
select results_eq('select action, details from pg_temp.trail limit 1', $$ values ('token.rotation_requested', '{"reason": "stolen"}'::jsonb) $$, 'The audit log has the reason of a rotation of a token');

-- The whole audit log ------------------------------------------------------------------------------------------------

create function pg_temp.log(p_actor text default null, p_action text default null, p_request_id text default null, p_before bigint default null, p_limit integer default 10)
returns setof text language sql as $$
  select action || ' ' || coalesce(request_id, '-') from public.list_audit_log(p_actor, p_action, p_request_id, p_before, p_limit);
$$;
select results_eq($$ select * from pg_temp.log(p_limit => 2) $$, array['token.rotation_requested req-8', 'sealing_keys.rotation_requested req-7'], 'list_audit_log returns the lines of all tenants and of none, newest first');
select results_eq($$ select * from pg_temp.log(p_limit => 1, p_before => (select max(id) from public.audit_log)) $$, array['sealing_keys.rotation_requested req-7'], 'A page of the audit log begins before the given line');
select results_eq($$ select * from pg_temp.log(p_request_id => 'req-4') $$, array['dead_letters.replayed req-4', 'dead_letters.replayed req-4'], 'list_audit_log finds the lines of one request');
select is_empty($$ select * from pg_temp.log(p_request_id => 'req-4', p_action => 'tenant.closed') $$, 'Filters of the audit log apply together');
select private.audit('converge', 'tenant.suspended', pg_temp.tenant(), 'AC1', null, '{}');
select results_eq($$ select * from pg_temp.log(p_actor => 'converge') $$, array['tenant.suspended -'], 'list_audit_log finds the lines of one actor');
select results_eq($$ select * from pg_temp.log(p_action => 'tenant.suspended', p_actor => 'operator:' || pg_temp.operator(), p_limit => 1) $$, array['tenant.suspended req-1'], 'list_audit_log finds the lines of one action by one actor');
select is((select count(*) from pg_temp.log(p_limit => 5000)) <= 1000, true, 'A page of the audit log has at most 1000 lines');
set local role authenticated;
select throws_ok($$ select public.list_audit_log(null, null, null, null, 1) $$, '42501', null, 'A tenant cannot list the audit log');
set local role service_role;

select * from finish();
rollback;
