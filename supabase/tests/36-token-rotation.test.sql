-- Token rotation: what is stored before and after each step at Twilio under the lease, and which tokens are due.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(62);

select pg_temp.join_as('tenant', 'neighbour', 'newcomer');
delete from private.token_rotations;
delete from public.user_preferences where user_id not in (pg_temp.tenant(), pg_temp.neighbour(), pg_temp.newcomer());
select pg_temp.forget_jobs();
create view pg_temp.jobs as select message as job from private.jobs order by msg_id;
grant select on pg_temp.jobs to service_role;
create view pg_temp.trail as select actor, action, user_id, subaccount_sid, request_id, details from public.audit_log
  where user_id in (pg_temp.tenant(), pg_temp.neighbour()) order by id desc;
grant select on pg_temp.trail to service_role;
create view pg_temp.rotation as select requested_at is not null as requested, sealed_next::text, sealed_previous::text, previous_until - now() as kept_for, rotated_at
  from private.token_rotations where user_id = pg_temp.tenant();
grant select on pg_temp.rotation to service_role;
create function pg_temp.job(p_user uuid) returns jsonb language sql as $$ select jsonb_build_object('kind', 'rotate-token', 'userId', p_user) $$;
set local role service_role;

insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status, twilio_subaccount_auth_token_encrypted, twilio_subaccount_created_at)
values (pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.first', now() - interval '100 days'),
  (pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.neighbour', now() - interval '10 days');

-- Requests -----------------------------------------------------------------------------------------------------------

create function pg_temp.request(p_user uuid) returns text language sql as $$
  select concat_ws(' ', outcome, subaccount_sid) from public.request_token_rotation(p_user, pg_temp.operator(), 'req-1', 'asked');
$$;
select is(pg_temp.request(pg_temp.newcomer()), 'none', 'request_token_rotation returns none without a subaccount');
select is_empty('select * from pg_temp.jobs', 'A refused request enqueues no job');
select is(pg_temp.request(pg_temp.tenant()), 'accepted AC1', 'request_token_rotation returns accepted with the SID of an active account');
select results_eq('select job from pg_temp.jobs', $$ values (pg_temp.job(pg_temp.tenant())) $$, 'An accepted request enqueues a job');
select results_eq('select * from pg_temp.trail limit 1',
  $$ values ('operator:' || pg_temp.operator(), 'token.rotation_requested', pg_temp.tenant(), 'AC1', 'req-1', '{"reason": "asked"}'::jsonb) $$, 'The audit log names the operator and the request');
select results_eq('select requested, sealed_next, sealed_previous from pg_temp.rotation', $$ values (true, null::text, null::text) $$, 'An accepted request is stored');
update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.neighbour();
select is(pg_temp.request(pg_temp.neighbour()), 'suspended AC2', 'request_token_rotation returns suspended for a suspended account');
update public.user_preferences set twilio_subaccount_status = 'active' where user_id = pg_temp.neighbour();

-- The lease ----------------------------------------------------------------------------------------------------------

select results_eq('select outcome::text, fence from public.begin_token_rotation(pg_temp.newcomer(), 60)', $$ values ('no_token', null::bigint) $$,
  'begin_token_rotation returns no_token without a token');
select is_empty('select from private.tenancies where user_id = pg_temp.newcomer()', 'no_token stores no tenancy');
select results_eq('select * from public.begin_token_rotation(pg_temp.tenant(), 60)',
  $$ values ('leased'::public.token_lease_outcome, 1::bigint, 'AC1', true, 'v1.k1.iv.first', null::text, null::text, null::timestamptz) $$,
  'begin_token_rotation returns every known token');
select results_eq('select outcome::text from public.begin_convergence(pg_temp.tenant(), 60)', array['busy'], 'begin_convergence during a rotation returns busy');
select results_eq('select outcome::text, sealed_token from public.begin_token_rotation(pg_temp.tenant(), 60)', $$ values ('busy', null::text) $$, 'begin_token_rotation during a rotation returns busy');

-- A rotation ---------------------------------------------------------------------------------------------------------

create function pg_temp.fence() returns bigint language sql as $$ select fence from private.tenancies where user_id = pg_temp.tenant() $$;
create view pg_temp.tokens as select sealed_token, sealed_next, sealed_previous from public.tokens_of(pg_temp.tenant());

select is(public.record_secondary_token(pg_temp.tenant(), 0, 'AC1', 'v1.k1.iv.late', 'req-2'), 'fenced', 'record_secondary_token with an older fence returns fenced');
select is(public.record_secondary_token(pg_temp.tenant(), pg_temp.fence(), 'AC9', 'v1.k1.iv.late', 'req-2'), 'gone', 'record_secondary_token for another account returns gone');
select is_empty($$ select 1 from pg_temp.tokens where sealed_next is not null $$, 'fenced and gone store no token');
select is(public.record_secondary_token(pg_temp.tenant(), pg_temp.fence(), 'AC1', 'v1.k1.iv.second', 'req-2'), 'recorded', 'record_secondary_token returns recorded');
select results_eq('select * from pg_temp.tokens', $$ values ('v1.k1.iv.first', 'v1.k1.iv.second', 'v1.k1.iv.first') $$,
  'record_secondary_token stores the secondary token, and the token in use as the previous one');
select results_eq('select actor, action, request_id from pg_temp.trail limit 1', $$ values ('rotate', 'token.secondary_created', 'req-2') $$, 'record_secondary_token writes an audit line');
select throws_ok($$ select public.record_secondary_token(pg_temp.tenant(), pg_temp.fence(), 'AC1', '0123456789abcdef0123456789abcdef', null) $$, '23514', null,
  'record_secondary_token refuses a token that is not sealed');

-- A convergence may store the token that the master account reads at this moment.
update public.user_preferences set twilio_subaccount_auth_token_encrypted = 'v1.k1.iv.second-again' where user_id = pg_temp.tenant();
select is(public.record_primary_token(pg_temp.tenant(), 0, 'AC1', null, 600, 'req-3'), 'fenced', 'record_primary_token with an older fence returns fenced');
select is(public.record_primary_token(pg_temp.tenant(), pg_temp.fence(), 'AC9', null, 600, 'req-3'), 'gone', 'record_primary_token for another account returns gone');
select is(public.record_primary_token(pg_temp.tenant(), pg_temp.fence(), 'AC1', null, 600, 'req-3'), 'recorded', 'record_primary_token without a token promotes the secondary one');
select results_eq('select * from pg_temp.tokens', $$ values ('v1.k1.iv.second', null::text, 'v1.k1.iv.first') $$,
  'The previous token is the one in use when the rotation began, not one stored since');
select results_eq('select * from pg_temp.rotation', $$ values (false, null::text, 'v1.k1.iv.first', interval '10 minutes', now()) $$,
  'record_primary_token fulfils the request and keeps the previous token for the given time');
select results_eq('select action, request_id from pg_temp.trail limit 1', $$ values ('token.rotated', 'req-3') $$, 'A promotion writes the audit action token.rotated');
select is(public.record_primary_token(pg_temp.tenant(), pg_temp.fence(), 'AC1', null, 600, 'req-3'), 'gone', 'record_primary_token without a secondary token returns gone');
select is(public.end_token_rotation(pg_temp.tenant(), 0), 'fenced', 'end_token_rotation with an older fence returns fenced');
select is(public.end_token_rotation(pg_temp.tenant(), pg_temp.fence()), 'written', 'end_token_rotation with the newest fence returns written');
select results_eq('select outcome::text, requested, previous_until from public.begin_token_rotation(pg_temp.tenant(), 60)',
  $$ values ('leased', false, now() + interval '10 minutes') $$, 'begin_token_rotation returns the time until which the previous token is kept');

-- Deleting the previous token ----------------------------------------------------------------------------------------

select is(public.forget_previous_tokens(10), 0, 'forget_previous_tokens keeps a token that has not expired');
update private.token_rotations set previous_until = now() where user_id = pg_temp.tenant();
select results_eq('select sealed_previous from pg_temp.tokens', array[null::text], 'tokens_of does not return an expired previous token that is still stored');
select is(public.forget_previous_tokens(0), 0, 'forget_previous_tokens respects its limit');
select is(public.forget_previous_tokens(10), 1, 'forget_previous_tokens returns the number of expired tokens');
select results_eq('select sealed_previous, kept_for from pg_temp.rotation', $$ values (null::text, null::interval) $$, 'forget_previous_tokens deletes an expired token');
select results_eq('select actor, action, subaccount_sid from pg_temp.trail limit 1', $$ values ('rotate', 'token.previous_forgotten', 'AC1') $$, 'forget_previous_tokens writes an audit line');
select is(public.forget_previous_tokens(10), 0, 'forget_previous_tokens, repeated, returns 0');

-- A token made in Twilio's console -----------------------------------------------------------------------------------

select pg_temp.request(pg_temp.tenant());
select is(public.record_primary_token(pg_temp.tenant(), pg_temp.fence(), 'AC1', 'v1.k1.iv.by-hand', 600, 'req-4'), 'recorded', 'record_primary_token returns recorded for a token that was made in Twilio''s console');
select results_eq('select * from pg_temp.tokens', $$ values ('v1.k1.iv.by-hand', null::text, 'v1.k1.iv.second') $$, 'A token made in Twilio''s console replaces the one in use, which becomes the previous one');
select is((select requested from pg_temp.rotation), true, 'A token made in Twilio''s console leaves the request for a rotation');
select is((select action from pg_temp.trail limit 1), 'token.changed_at_twilio', 'A token made in Twilio''s console writes the audit action token.changed_at_twilio');
select public.record_secondary_token(pg_temp.tenant(), pg_temp.fence(), 'AC1', 'v1.k1.iv.third', 'req-5');
select is((select kept_for from pg_temp.rotation), null, 'The previous token does not expire while a rotation is in progress');
select public.record_primary_token(pg_temp.tenant(), pg_temp.fence(), 'AC1', 'v1.k1.iv.stranger', 600, 'req-6');
select results_eq('select * from pg_temp.tokens', $$ values ('v1.k1.iv.stranger', null::text, 'v1.k1.iv.by-hand') $$,
  'A token made in Twilio''s console deletes the secondary one');

-- A replaced account -------------------------------------------------------------------------------------------------

select public.record_secondary_token(pg_temp.tenant(), pg_temp.fence(), 'AC1', 'v1.k1.iv.fourth', 'req-7');
update public.user_preferences set twilio_subaccount_sid = 'AC3', twilio_subaccount_auth_token_encrypted = 'v1.k1.iv.fresh' where user_id = pg_temp.tenant();
select results_eq('select * from pg_temp.tokens', $$ values ('v1.k1.iv.fresh', null::text, null::text) $$, 'tokens_of returns no token of a replaced account');
select is(pg_temp.request(pg_temp.tenant()), 'accepted AC3', 'request_token_rotation returns accepted for the new account');
select results_eq('select requested, sealed_next, sealed_previous, rotated_at from pg_temp.rotation', $$ values (true, null::text, null::text, null::timestamptz) $$,
  'The rotation of the new account has no token of the old one');

-- By age -------------------------------------------------------------------------------------------------------------

delete from private.token_rotations;
create view pg_temp.token_dates as select due_at from private.due_work where kind = 'token_rotation' and user_id = pg_temp.tenant();
create function pg_temp.a_day_passes() returns void language sql as $$
  update private.due_work set due_at = due_at - interval '28 hours' where kind = 'token_rotation' and user_id = pg_temp.tenant();
$$;
select pg_temp.forget_jobs();
select is(public.ask_for_due_token_rotations(90, 10), 1, 'ask_for_due_token_rotations asks for tokens older than the given days only');
select results_eq('select job from pg_temp.jobs', $$ values (pg_temp.job(pg_temp.tenant())) $$, 'A due rotation enqueues a job');
select results_eq('select actor, action, details from pg_temp.trail limit 1', $$ values ('schedule', 'token.rotation_requested', '{"maxAgeDays": 90}'::jsonb) $$, 'The audit line of a due rotation has the maximum age');
select is(public.ask_for_due_token_rotations(90, 10), 0, 'A requested rotation is not asked for again within a day');
select results_eq($$ select due_at - (now() - interval '90 days') between interval '21 hours' and interval '27 hours' from pg_temp.token_dates $$, array[true], 'A requested rotation is due again in a day');
select pg_temp.a_day_passes();
select is(public.ask_for_due_token_rotations(90, 10), 1, 'A requested rotation is asked for again after a day');
update private.token_rotations set requested_at = null, rotated_at = now() - interval '89 days';
select pg_temp.a_day_passes();
select is(public.ask_for_due_token_rotations(90, 10), 0, 'A token''s age counts from its last rotation');
select results_eq($$ select now() - due_at from pg_temp.token_dates $$, array[interval '89 days'], 'The due row then has the date of the last rotation');
select is(public.ask_for_due_token_rotations(80, 0), 0, 'ask_for_due_token_rotations respects its limit');
select is(public.ask_for_due_token_rotations(88, 10), 1, 'A lower age takes effect at once');
update private.token_rotations set rotated_at = now() - interval '91 days';
select pg_temp.a_day_passes();
update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.tenant();
select is(public.ask_for_due_token_rotations(90, 10), 0, 'ask_for_due_token_rotations skips a suspended account');
select is_empty('select * from pg_temp.token_dates', 'The token of a suspended account has no date');
update public.user_preferences set twilio_subaccount_status = 'active', twilio_subaccount_created_at = null where user_id = pg_temp.neighbour();
select is(public.ask_for_due_token_rotations(90, 10), 1, 'A token without a known date is due');

-- Account trouble and deleted users ----------------------------------------------------------------------------------

select pg_temp.forget_jobs();
select public.report_account_trouble(pg_temp.tenant());
select bag_eq($$ select job ->> 'kind' from pg_temp.jobs $$, array['converge', 'rotate-token'], 'report_account_trouble enqueues a convergence and a rotation');
select private.ask_for_token_rotation(pg_temp.neighbour(), 'AC2');
reset role;
select lives_ok('delete from auth.users where id = pg_temp.neighbour()', 'A user with a requested rotation can be deleted');
select is_empty('select from private.token_rotations where user_id = pg_temp.neighbour()', 'A deleted user''s rotation is deleted');
select throws_ok($$ insert into private.token_rotations (user_id, subaccount_sid, sealed_previous) values (pg_temp.newcomer(), 'AC', 'plain') $$, '23514', null,
  'token_rotations refuses a token that is not sealed');

select * from finish();
rollback;
