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
  $$ values ('leased', 1::bigint, 1::bigint, 'none', true, null::text, null::text, false, null::text, null::text, null::timestamptz) $$,
  'The first to come has the lease, and learns that nothing is stored');
select results_eq(
  'select outcome, fence from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('busy', null::bigint) $$,
  'The next one is told that somebody is at it');
select is((select count(*) from public.begin_convergence(pg_temp.tenant(), 60)), 1::bigint, 'Busy is one row, as every outcome');
select is((select fence from private.tenancies where user_id = pg_temp.tenant()), 1::bigint, 'Who is refused does not move the fence');
select results_eq(
  'select outcome, fence from public.begin_convergence(pg_temp.neighbour(), 60)', $$ values ('leased', 1::bigint) $$,
  'A neighbour''s lease is another one');
select cmp_ok((select leased_until from private.tenancies where user_id = pg_temp.tenant()), '>', clock_timestamp() + interval '50 seconds',
  'A lease runs as long as was asked for');

-- What a holder learns --------------------------------------------------------------------------------------------------

select pg_temp.store(pg_temp.tenant(), 'AC1', 'suspended', 'v1.k1.iv.sealed');
update private.tenancies set leased_until = null, requested_at = now(), version = 7, applied_status = 'suspended', intended_status = 'active',
  create_attempted_at = '2026-01-01Z' where user_id = pg_temp.tenant();
select results_eq(
  'select * from public.begin_convergence(pg_temp.tenant(), -1)',
  $$ values ('leased', 2::bigint, 7::bigint, 'active', true, 'AC1', 'suspended', true, 'suspended', 'active', '2026-01-01Z'::timestamptz) $$,
  'A holder learns what is wanted, what is stored, and what an earlier one was about to do');

-- The fence -------------------------------------------------------------------------------------------------------------

-- The lease above ran out at once: another takes over, and the one before is fenced off.
select results_eq(
  'select outcome, fence from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('leased', 3::bigint) $$,
  'A lease that ran out is taken over, with a newer fence');

create view pg_temp.written as
  select to_jsonb(t) as tenancy, to_jsonb(p) as preferences, (select count(*) from public.audit_log) as audited
  from private.tenancies t join public.user_preferences p using (user_id) where user_id = pg_temp.tenant();
create temp table before as select * from pg_temp.written;
select is(answer, 'fenced', format('Who lost the lease is fenced off from %s', decision)) from (values
  ('note_create_attempt', public.note_create_attempt(pg_temp.tenant(), 2, 1000)),
  ('withdraw_create_attempt', public.withdraw_create_attempt(pg_temp.tenant(), 2)),
  ('note_status_intent', public.note_status_intent(pg_temp.tenant(), 2, 'closed')),
  ('record_subaccount', public.record_subaccount(pg_temp.tenant(), 2, 'AC2', 'v1.k1.iv.other', 'closed', 'name', now(), 'closed', 'x', null)),
  ('record_convergence_action', public.record_convergence_action(pg_temp.tenant(), 2, 'x', 'AC2', null)),
  ('renew_lease', public.renew_lease(pg_temp.tenant(), 2)),
  ('end_convergence', public.end_convergence(pg_temp.tenant(), 2, 7))) decisions (decision, answer);
select results_eq(
  'select * from pg_temp.written', 'select * from before', 'Who is fenced off has written nothing, in no table');
select is(answer, 'fenced', format('Who never had a lease is fenced off from %s', decision)) from (values
  ('note_create_attempt', public.note_create_attempt(gen_random_uuid(), 0, 1000)),
  ('withdraw_create_attempt', public.withdraw_create_attempt(gen_random_uuid(), 1)),
  ('note_status_intent', public.note_status_intent(gen_random_uuid(), 1, 'closed')),
  ('record_subaccount', public.record_subaccount(gen_random_uuid(), 1, 'AC3', 'v1.k1.iv.other', 'active', 'name', now(), 'active', 'x', null)),
  ('record_convergence_action', public.record_convergence_action(gen_random_uuid(), 1, 'x', 'AC3', null)),
  ('renew_lease', public.renew_lease(gen_random_uuid(), 1)),
  ('end_convergence', public.end_convergence(gen_random_uuid(), 1, 1))) decisions (decision, answer);
select is(public.note_status_intent(pg_temp.neighbour(), 3, 'closed'), 'fenced', 'A fence is good for its own tenant only');

-- Whoever lost the lease may have acted past it.
reset role;
select results_eq($$ select message from pgmq.q_jobs where message ->> 'userId' = pg_temp.tenant()::text $$,
  $$ select jsonb_build_object('kind', 'converge', 'userId', pg_temp.tenant(), 'thorough', true) $$, 'All that Twilio has is looked at when one who lost the lease comes back');
set local role service_role;
select is((select applied_status from private.tenancies where user_id = pg_temp.tenant()), 'suspended', 'A suspension that is stored stays whose it is');
savepoint active;
update public.user_preferences set twilio_subaccount_status = 'active' where user_id = pg_temp.tenant();
select public.end_convergence(pg_temp.tenant(), 2, 7);
select is((select applied_status from private.tenancies where user_id = pg_temp.tenant()), null, 'Of an account that is active a suspension found next is not taken for somebody else''s');
rollback to active;

-- A lease that is used runs on ------------------------------------------------------------------------------------------

create function pg_temp.time_left() returns interval language sql as $$
  select leased_until - clock_timestamp() from private.tenancies where user_id = pg_temp.tenant();
$$;
create function pg_temp.almost_over() returns void language sql as $$
  update private.tenancies set leased_until = clock_timestamp() + interval '1 second' where user_id = pg_temp.tenant();
$$;
select pg_temp.almost_over();
select is(public.renew_lease(pg_temp.tenant(), 3), 'renewed', 'A holder may renew their lease');
select cmp_ok(pg_temp.time_left(), '>', interval '50 seconds', 'It runs once more as long as was asked for');
select pg_temp.almost_over();
select public.note_status_intent(pg_temp.tenant(), 3, 'suspended');
select cmp_ok(pg_temp.time_left(), '>', interval '50 seconds', 'A note renews it, so that what is noted has the time it takes');
select is(public.end_convergence(pg_temp.tenant(), 3, 7, 'no answer', true), 'released', 'A holder with a write in doubt is done');
select results_eq('select outcome from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('busy') $$, 'Nobody else begins until that write can no longer land');

-- Notes before acts -----------------------------------------------------------------------------------------------------

select is(public.note_create_attempt(pg_temp.tenant(), 3, 100000), 'noted', 'A creation is noted before it is tried');
select cmp_ok((select create_attempted_at from private.tenancies where user_id = pg_temp.tenant()), '>=', now(), 'The note says when');
select is(public.withdraw_create_attempt(pg_temp.tenant(), 3), 'withdrawn', 'A creation that certainly failed is taken back');
select is((select create_attempted_at from private.tenancies where user_id = pg_temp.tenant()), null, 'Nothing is left of the note');
select is(public.note_status_intent(pg_temp.tenant(), 3, 'suspended'), 'noted', 'A status is noted before it is set');
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
select is(public.note_create_attempt(pg_temp.tenant(), 3, n + 1), 'limit_reached', 'A creation that is under way for somebody else counts') from open_accounts;
update private.tenancies set create_attempted_at = null where user_id = pg_temp.neighbour();
update public.user_preferences set twilio_subaccount_status = 'closed' where user_id = pg_temp.tenant();
select is(public.note_create_attempt(pg_temp.tenant(), 3, n), 'noted', 'A closed subaccount does not count') from open_accounts;
select is(public.note_create_attempt(pg_temp.tenant(), 3, 100000, 0), 'limit_reached', 'Past the day''s ceiling none is created, however many there may be in all');

-- Giving it back --------------------------------------------------------------------------------------------------------

select is(public.end_convergence(pg_temp.tenant(), 3, 7, repeat('x', 600)), 'released', 'A holder whose facts still hold gives the lease back');
select results_eq(
  'select leased_until, length(last_error), converged_at from private.tenancies where user_id = pg_temp.tenant()',
  $$ values (null::timestamptz, 500, null::timestamptz) $$, 'After a failure the error is kept, cut to 500 characters, and nothing counts as converged');
select is(public.end_convergence(pg_temp.tenant(), 3, 7), 'released', 'A lease given back twice is no harm');
select results_eq(
  'select last_error, converged_at >= now() from private.tenancies where user_id = pg_temp.tenant()',
  $$ values (null::text, true) $$, 'After a success the error is gone and the time is noted');

select results_eq(
  'select outcome, fence, version from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('leased', 4::bigint, 7::bigint) $$,
  'A lease that was given back is free at once');
select is(public.report_account_trouble(pg_temp.tenant()), 'asked', 'Meanwhile somebody asks for convergence');
select is(public.end_convergence(pg_temp.tenant(), 4, 7), 'again', 'A holder whom a new fact overtook is told to converge again');
select results_eq(
  'select outcome, version from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('leased', 8::bigint) $$,
  'The lease is free for that, and the new fact is seen');
select is(public.end_convergence(pg_temp.tenant(), 5, 8), 'released', 'Having seen it, the holder is done');

select * from finish();
rollback;
