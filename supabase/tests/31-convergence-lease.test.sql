-- One convergence of a tenant at a time: the lease, the fence that outlives it, and what a holder learns and notes.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(54);

select pg_temp.join_as('tenant', 'neighbour');
set local role service_role;

-- Taking the lease ------------------------------------------------------------------------------------------------------

select results_eq(
  'select * from public.begin_convergence(pg_temp.tenant(), 60)',
  $$ values ('leased'::public.lease_outcome, 1::bigint, 1::bigint, 'none'::public.wanted_status, null::text, 'pending'::public.account_status, false,
    null::public.twilio_account_status, null::public.twilio_account_status, null::timestamptz) $$,
  'A free lease is taken, and comes with the fact that nothing is stored');
select results_eq(
  'select outcome::text, fence from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('busy', null::bigint) $$,
  'A lease that another holder has is busy');
select is((select count(*) from public.begin_convergence(pg_temp.tenant(), 60)), 1::bigint, 'busy is one row, as every outcome');
select is((select fence from private.tenancies where user_id = pg_temp.tenant()), 1::bigint, 'A busy lease keeps its fence');
select results_eq(
  'select outcome::text, fence from public.begin_convergence(pg_temp.neighbour(), 60)', $$ values ('leased', 1::bigint) $$,
  'A neighbour''s lease is another one');
select cmp_ok((select leased_until from private.tenancies where user_id = pg_temp.tenant()), '>', clock_timestamp() + interval '50 seconds',
  'A lease runs as long as was asked for');

-- What a holder learns --------------------------------------------------------------------------------------------------

select pg_temp.store(pg_temp.tenant(), 'AC1', 'suspended', 'v1.k1.iv.sealed');
update private.tenancies set leased_until = null, requested_at = now(), version = 7, applied_status = 'suspended', intended_status = 'active',
  create_attempted_at = '2026-01-01Z' where user_id = pg_temp.tenant();
select results_eq(
  'select * from public.begin_convergence(pg_temp.tenant(), -1)',
  $$ values ('leased'::public.lease_outcome, 2::bigint, 7::bigint, 'active'::public.wanted_status, 'AC1', 'suspended'::public.account_status, true,
    'suspended'::public.twilio_account_status, 'active'::public.twilio_account_status, '2026-01-01Z'::timestamptz) $$,
  'A lease comes with the wanted status, what is stored, and the notes of an earlier convergence');

-- The fence -------------------------------------------------------------------------------------------------------------

-- The lease above ran out at once: another takes over, and the one before is fenced off.
select results_eq(
  'select outcome::text, fence from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('leased', 3::bigint) $$,
  'A lease that ran out is taken over, with a newer fence');

create view pg_temp.written as
  select to_jsonb(t) as tenancy, to_jsonb(p) as preferences, (select count(*) from public.audit_log) as audited
  from private.tenancies t join public.user_preferences p using (user_id) where user_id = pg_temp.tenant();
create temp table before as select * from pg_temp.written;
select is(answer, 'fenced', format('%s with a former fence is fenced', decision)) from (values
  ('note_create_attempt', public.note_create_attempt(pg_temp.tenant(), 2, 1000)::text),
  ('withdraw_create_attempt', public.withdraw_create_attempt(pg_temp.tenant(), 2)::text),
  ('note_status_intent', public.note_status_intent(pg_temp.tenant(), 2, 'closed')::text),
  ('record_subaccount', public.record_subaccount(pg_temp.tenant(), 2, 'AC2', 'v1.k1.iv.other', 'closed', 'name', now(), 'closed', 'x', null)::text),
  ('record_convergence_action', public.record_convergence_action(pg_temp.tenant(), 2, 'x', 'AC2', null)::text),
  ('renew_lease', public.renew_lease(pg_temp.tenant(), 2)::text),
  ('end_convergence', public.end_convergence(pg_temp.tenant(), 2, 7)::text)) decisions (decision, answer);
select results_eq(
  'select * from pg_temp.written', 'select * from before', 'A fenced decision writes nothing, in no table');
select is(answer, 'fenced', format('%s for a tenant without a lease is fenced', decision)) from (values
  ('note_create_attempt', public.note_create_attempt(gen_random_uuid(), 0, 1000)::text),
  ('withdraw_create_attempt', public.withdraw_create_attempt(gen_random_uuid(), 1)::text),
  ('note_status_intent', public.note_status_intent(gen_random_uuid(), 1, 'closed')::text),
  ('record_subaccount', public.record_subaccount(gen_random_uuid(), 1, 'AC3', 'v1.k1.iv.other', 'active', 'name', now(), 'active', 'x', null)::text),
  ('record_convergence_action', public.record_convergence_action(gen_random_uuid(), 1, 'x', 'AC3', null)::text),
  ('renew_lease', public.renew_lease(gen_random_uuid(), 1)::text),
  ('end_convergence', public.end_convergence(gen_random_uuid(), 1, 1)::text)) decisions (decision, answer);
select is(public.note_status_intent(pg_temp.neighbour(), 3, 'closed'), 'fenced', 'A fence of one tenant is fenced for another tenant');

-- A former holder may have acted at Twilio after losing the lease.
reset role;
select results_eq($$ select message from pgmq.q_jobs where message ->> 'userId' = pg_temp.tenant()::text $$,
  $$ select jsonb_build_object('kind', 'converge', 'userId', pg_temp.tenant(), 'thorough', true) $$, 'A convergence that ends without its lease enqueues a thorough convergence');
set local role service_role;
select is((select applied_status from private.tenancies where user_id = pg_temp.tenant()), 'suspended', 'The applied status of a suspended account is kept after a lost lease');
savepoint active;
update public.user_preferences set twilio_subaccount_status = 'active' where user_id = pg_temp.tenant();
select public.end_convergence(pg_temp.tenant(), 2, 7);
select is((select applied_status from private.tenancies where user_id = pg_temp.tenant()), null, 'The applied status of an active account is forgotten after a lost lease');
rollback to active;

-- A lease that is used runs on ------------------------------------------------------------------------------------------

create function pg_temp.time_left() returns interval language sql as $$
  select leased_until - clock_timestamp() from private.tenancies where user_id = pg_temp.tenant();
$$;
create function pg_temp.almost_over() returns void language sql as $$
  update private.tenancies set leased_until = clock_timestamp() + interval '1 second' where user_id = pg_temp.tenant();
$$;
select pg_temp.almost_over();
select is(public.renew_lease(pg_temp.tenant(), 3), 'written', 'A holder renews the lease');
select cmp_ok(pg_temp.time_left(), '>', interval '50 seconds', 'A renewed lease has its full length');
select pg_temp.almost_over();
select public.note_status_intent(pg_temp.tenant(), 3, 'suspended');
select cmp_ok(pg_temp.time_left(), '>', interval '50 seconds', 'A note renews the lease, so that the call to Twilio has its full length');
select is(public.end_convergence(pg_temp.tenant(), 3, 7, 'no answer', true), 'released', 'A convergence with a write in doubt is released');
select results_eq('select outcome::text from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('busy') $$, 'The lease stays busy until a write in doubt can no longer land');

-- Notes before acts -----------------------------------------------------------------------------------------------------

select is(public.note_create_attempt(pg_temp.tenant(), 3, 100000), 'noted', 'A creation is noted before it is tried');
select cmp_ok((select create_attempted_at from private.tenancies where user_id = pg_temp.tenant()), '>=', now(), 'The note says when');
select is(public.withdraw_create_attempt(pg_temp.tenant(), 3), 'written', 'A creation that certainly failed is taken back');
select is((select create_attempted_at from private.tenancies where user_id = pg_temp.tenant()), null, 'Nothing is left of the note');
select is(public.note_status_intent(pg_temp.tenant(), 3, 'suspended'), 'written', 'A status is noted before it is set');
select is((select intended_status from private.tenancies where user_id = pg_temp.tenant()), 'suspended', 'The note says which');
select throws_ok($$ select public.note_status_intent(pg_temp.tenant(), 3, 'pending') $$, '22P02', null, 'No status is noted that Twilio does not have');

-- The limit on subaccounts ----------------------------------------------------------------------------------------------

create temp table open_accounts as
  select ((select count(*) from public.user_preferences where twilio_subaccount_status in ('active', 'suspended'))
    + (select count(*) from private.tenancies where create_attempted_at is not null and user_id <> pg_temp.tenant()))::integer as n;
select is(public.note_create_attempt(pg_temp.tenant(), 3, n), 'limit_reached', 'At the limit none is created') from open_accounts;
select is((select create_attempted_at from private.tenancies where user_id = pg_temp.tenant()), null, 'At the limit no attempt is noted');
select is(public.note_create_attempt(pg_temp.tenant(), 3, n + 1), 'noted', 'One below the limit one is created') from open_accounts;
update private.tenancies set create_attempted_at = now() where user_id = pg_temp.neighbour();
select is(public.note_create_attempt(pg_temp.tenant(), 3, n + 1), 'limit_reached', 'A creation attempted for another tenant counts') from open_accounts;
update private.tenancies set create_attempted_at = null where user_id = pg_temp.neighbour();
update public.user_preferences set twilio_subaccount_status = 'closed' where user_id = pg_temp.tenant();
select is(public.note_create_attempt(pg_temp.tenant(), 3, n), 'noted', 'A closed subaccount does not count') from open_accounts;
select is(public.note_create_attempt(pg_temp.tenant(), 3, 100000, 0), 'limit_reached', 'Past the day''s ceiling none is created, however many there may be in all');

-- Giving it back --------------------------------------------------------------------------------------------------------

select is(public.end_convergence(pg_temp.tenant(), 3, 7, repeat('x', 600)), 'released', 'A convergence without newer facts is released');
select results_eq(
  'select leased_until, length(last_error), converged_at from private.tenancies where user_id = pg_temp.tenant()',
  $$ values (null::timestamptz, 500, null::timestamptz) $$, 'After a failure the error is kept, cut to 500 characters, and nothing counts as converged');
select is(public.end_convergence(pg_temp.tenant(), 3, 7), 'released', 'A lease given back twice is released');
select results_eq(
  'select last_error, converged_at >= now() from private.tenancies where user_id = pg_temp.tenant()',
  $$ values (null::text, true) $$, 'After a success the error is gone and the time is noted');

select results_eq(
  'select outcome::text, fence, version from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('leased', 4::bigint, 7::bigint) $$,
  'A lease that was given back is free at once');
select ok(public.report_account_trouble(pg_temp.tenant()) is not null, 'report_account_trouble asks for convergence meanwhile');
select is(public.end_convergence(pg_temp.tenant(), 4, 7), 'again', 'A convergence with a newer fact ends with again');
select results_eq(
  'select outcome::text, version from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('leased', 8::bigint) $$,
  'The next lease has the newer version');
select is(public.end_convergence(pg_temp.tenant(), 5, 8), 'released', 'A convergence of the newest version is released');

select * from finish();
rollback;
