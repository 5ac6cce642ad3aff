-- One convergence per tenant at a time: the lease, its fence, and the notes of a holder.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(81);

select pg_temp.join_as('tenant', 'neighbour');
set local role service_role;

-- Taking the lease ---------------------------------------------------------------------------------------------------

select results_eq(
  'select * from public.begin_convergence(pg_temp.tenant(), 60)',
  $$ values ('leased'::public.lease_outcome, 1::bigint, 1::bigint, 'none'::public.wanted_status, null::text, 'pending'::public.account_status, false,
    null::public.twilio_account_status, null::public.twilio_account_status, null::timestamptz) $$,
  'begin_convergence takes a free lease and returns that nothing is stored');
select results_eq(
  'select outcome::text, fence from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('busy', null::bigint) $$,
  'begin_convergence returns busy while another holder has the lease');
select is((select count(*) from public.begin_convergence(pg_temp.tenant(), 60)), 1::bigint, 'begin_convergence returns one row for busy');
select is((select fence from private.tenancies where user_id = pg_temp.tenant()), 1::bigint, 'A busy lease keeps its fence');
select results_eq(
  'select outcome::text, fence from public.begin_convergence(pg_temp.neighbour(), 60)', $$ values ('leased', 1::bigint) $$,
  'Another tenant''s lease is independent');
select cmp_ok((select leased_until from private.tenancies where user_id = pg_temp.tenant()), '>', clock_timestamp() + interval '50 seconds',
  'A lease lasts for the requested seconds');

-- What begin_convergence returns -------------------------------------------------------------------------------------

select pg_temp.store(pg_temp.tenant(), 'AC1', 'suspended', 'v1.k1.iv.sealed');
update private.tenancies set leased_until = null, requested_at = now(), version = 7, applied_status = 'suspended', intended_status = 'active',
  create_attempted_at = '2026-01-01Z' where user_id = pg_temp.tenant();
select results_eq(
  'select * from public.begin_convergence(pg_temp.tenant(), -1)',
  $$ values ('leased'::public.lease_outcome, 2::bigint, 7::bigint, 'active'::public.wanted_status, 'AC1', 'suspended'::public.account_status, true,
    'suspended'::public.twilio_account_status, 'active'::public.twilio_account_status, '2026-01-01Z'::timestamptz) $$,
  'begin_convergence returns the wanted status, the stored subaccount and the notes of an earlier convergence');

-- The copy in the tenancy decides where the host's row was deleted, emptied or restored.
savepoint copy;
create function pg_temp.begun(p_change text) returns text language plpgsql as $$
begin
  execute p_change;
  return (select concat_ws(' ', subaccount_sid, stored_status, has_token, applied_status) from public.begin_convergence(pg_temp.tenant(), -1));
end;
$$;
update private.tenancies set subaccount_sid = 'AC1', subaccount_status = 'suspended', applied_status = 'active', intended_status = null where user_id = pg_temp.tenant();
select is(pg_temp.begun(format(change, pg_temp.tenant())), result, format('begin_convergence returns %s when the row of a subaccount suspended at Twilio %s', result, what)) from (values
  ('is stored', 'select', 'AC1 suspended t active'),
  ('lost its token', 'update public.user_preferences set twilio_subaccount_auth_token_encrypted = null where user_id = %L', 'AC1 suspended f active'),
  ('lost its SID', 'update public.user_preferences set twilio_subaccount_sid = null where user_id = %L', 'AC1 suspended f active'),
  ('has another SID', $$update public.user_preferences set twilio_subaccount_sid = 'AC0', twilio_subaccount_status = 'active' where user_id = %L$$, 'AC1 suspended f active'),
  ('was deleted', 'delete from public.user_preferences where user_id = %L', 'AC1 suspended f active')) cases (what, change, result);
rollback to copy;

-- The fence ----------------------------------------------------------------------------------------------------------

-- The lease above has expired: the next holder gets a newer fence, and the former one is fenced.
select results_eq(
  'select outcome::text, fence from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('leased', 3::bigint) $$,
  'begin_convergence takes an expired lease with a newer fence');

create view pg_temp.written as
  select to_jsonb(t) as tenancy, to_jsonb(p) as preferences, (select count(*) from public.audit_log) as audited
  from private.tenancies t join public.user_preferences p using (user_id) where user_id = pg_temp.tenant();
create temp table before as select * from pg_temp.written;
select is(answer, 'fenced', format('%s with an older fence returns fenced', decision)) from (values
  ('note_create_attempt', public.note_create_attempt(pg_temp.tenant(), 2, 1000)::text),
  ('withdraw_create_attempt', public.withdraw_create_attempt(pg_temp.tenant(), 2)::text),
  ('note_status_intent', public.note_status_intent(pg_temp.tenant(), 2, 'closed')::text),
  ('record_subaccount', public.record_subaccount(pg_temp.tenant(), 2, 'AC2', 'v1.k1.iv.other', 'closed', 'name', now(), 'closed', 'x', null)::text),
  ('record_convergence_action', public.record_convergence_action(pg_temp.tenant(), 2, 'x', 'AC2', null)::text),
  ('renew_lease', public.renew_lease(pg_temp.tenant(), 2)::text),
  ('end_convergence', public.end_convergence(pg_temp.tenant(), 2, 7)::text)) decisions (decision, answer);
select results_eq(
  'select * from pg_temp.written', 'select * from before', 'A fenced write changes no table');
select is(answer, 'fenced', format('%s for a tenant without a lease returns fenced', decision)) from (values
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
select results_eq($$ select message from private.jobs where message ->> 'userId' = pg_temp.tenant()::text $$,
  $$ select jsonb_build_object('kind', 'converge', 'userId', pg_temp.tenant(), 'thorough', true) $$, 'A convergence that ends without its lease enqueues a thorough convergence');
set local role service_role;
select is((select applied_status from private.tenancies where user_id = pg_temp.tenant()), 'suspended', 'The applied status of a suspended account is kept after a lost lease');
savepoint active;
update private.tenancies set subaccount_status = 'active' where user_id = pg_temp.tenant();
delete from public.user_preferences where user_id = pg_temp.tenant();
select public.end_convergence(pg_temp.tenant(), 2, 7);
select is((select applied_status from private.tenancies where user_id = pg_temp.tenant()), null, 'The applied status of an active account is deleted after a lost lease, although the tenant deleted their row');
rollback to active;

-- Renewing the lease -------------------------------------------------------------------------------------------------

create function pg_temp.time_left() returns interval language sql as $$
  select leased_until - clock_timestamp() from private.tenancies where user_id = pg_temp.tenant();
$$;
create function pg_temp.let_lease_almost_expire() returns void language sql as $$
  update private.tenancies set leased_until = clock_timestamp() + interval '1 second' where user_id = pg_temp.tenant();
$$;
select pg_temp.let_lease_almost_expire();
select is(public.renew_lease(pg_temp.tenant(), 3), 'written', 'renew_lease with the newest fence returns written');
select cmp_ok(pg_temp.time_left(), '>', interval '50 seconds', 'A renewed lease has its full length');
select pg_temp.let_lease_almost_expire();
select public.note_status_intent(pg_temp.tenant(), 3, 'suspended');
select cmp_ok(pg_temp.time_left(), '>', interval '50 seconds', 'A note renews the lease for its full length');
select is(public.end_convergence(pg_temp.tenant(), 3, 7, 'no response', true), 'released', 'end_convergence with a write in doubt returns released');
select results_eq('select outcome::text from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('busy') $$, 'After a write in doubt, the lease stays busy until it expires');

-- Notes before a call to Twilio --------------------------------------------------------------------------------------

select is(public.note_create_attempt(pg_temp.tenant(), 3, 100000), 'noted', 'note_create_attempt returns noted below the limit');
select cmp_ok((select create_attempted_at from private.tenancies where user_id = pg_temp.tenant()), '>=', now(), 'note_create_attempt stores the time of the attempt');
select is(public.withdraw_create_attempt(pg_temp.tenant(), 3), 'written', 'withdraw_create_attempt returns written');
select is((select create_attempted_at from private.tenancies where user_id = pg_temp.tenant()), null, 'withdraw_create_attempt deletes the time of the attempt');
select is(public.note_status_intent(pg_temp.tenant(), 3, 'suspended'), 'written', 'note_status_intent returns written');
select is((select intended_status from private.tenancies where user_id = pg_temp.tenant()), 'suspended', 'note_status_intent stores the status');
select throws_ok($$ select public.note_status_intent(pg_temp.tenant(), 3, 'pending') $$, '22P02', null, 'note_status_intent refuses a status that Twilio does not have');

-- The limit on subaccounts -------------------------------------------------------------------------------------------

update private.tenancies set subaccount_status = 'active' where user_id = pg_temp.tenant();
create temp table open_accounts as
  select ((select count(*) from private.tenancies where subaccount_status in ('active', 'suspended'))
    + (select count(*) from private.tenancies where create_attempted_at is not null and user_id <> pg_temp.tenant()))::integer as n;
select is(public.note_create_attempt(pg_temp.tenant(), 3, n), 'limit_reached', 'note_create_attempt at the limit returns limit_reached') from open_accounts;
select is((select create_attempted_at from private.tenancies where user_id = pg_temp.tenant()), null, 'note_create_attempt at the limit stores no attempt');
select is(public.note_create_attempt(pg_temp.tenant(), 3, n + 1), 'noted', 'note_create_attempt one below the limit returns noted') from open_accounts;
update private.tenancies set create_attempted_at = now() where user_id = pg_temp.neighbour();
select is(public.note_create_attempt(pg_temp.tenant(), 3, n + 1), 'limit_reached', 'Another tenant''s attempt counts toward the limit') from open_accounts;
update private.tenancies set create_attempted_at = null where user_id = pg_temp.neighbour();
update private.tenancies set subaccount_status = 'closed' where user_id = pg_temp.tenant();
select is(public.note_create_attempt(pg_temp.tenant(), 3, n), 'noted', 'A closed subaccount does not count toward the limit') from open_accounts;
select is(public.note_create_attempt(pg_temp.tenant(), 3, 100000, 0), 'limit_reached', 'note_create_attempt at the daily limit returns limit_reached');

-- The subaccounts of a day. Those of the tenant themselves are a repeated attempt.
savepoint days;
update private.tenancies set last_created_at = null;
create function pg_temp.others(p_free integer, p_paid integer, p_age interval default '1 hour') returns void language sql as $$
  delete from private.tenancies where user_id not in (pg_temp.tenant(), pg_temp.neighbour());
  insert into private.tenancies (user_id, last_created_at, created_while_paying, user_deleted_at)
  select gen_random_uuid(), now() - p_age, n > p_free, now() from generate_series(1, p_free + p_paid) n;
$$;
create function pg_temp.attempt(p_per_day integer) returns text language sql as $$ select public.note_create_attempt(pg_temp.tenant(), 3, 100000, p_per_day)::text; $$;
select pg_temp.others(3, 0);
select is(pg_temp.attempt(3), 'limit_reached', 'The subaccounts of deleted users count toward the daily limit');
select is(pg_temp.attempt(4), 'limit_reached', 'A tenant who does not pay may use three quarters of the daily limit');
select is(pg_temp.attempt(5), 'noted', 'A tenant who does not pay is served below three quarters of the daily limit');
select is(pg_temp.attempt(5), 'noted', 'A repeated attempt of one tenant counts once');
select is((select created_while_paying from private.tenancies where user_id = pg_temp.tenant()), false, 'The attempt is noted as one of a tenant who does not pay');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values ('sub_pgtap', pg_temp.tenant(), 'cus_pgtap', 'starter', 'active');
select is(pg_temp.attempt(4), 'noted', 'A paying tenant may use the last quarter of the daily limit');
select is((select created_while_paying from private.tenancies where user_id = pg_temp.tenant()), true, 'The attempt is noted as one of a paying tenant');
select is(pg_temp.attempt(3), 'limit_reached', 'A paying tenant is refused at the daily limit');
select pg_temp.others(2, 2);
select is(pg_temp.attempt(4), 'limit_reached', 'Subaccounts of paying tenants count toward the daily limit');
delete from public.subscriptions where id = 'sub_pgtap';
select is(pg_temp.attempt(5), 'noted', 'Subaccounts of paying tenants do not count toward the three quarters');
select pg_temp.others(9, 0, '25 hours');
select is(pg_temp.attempt(4), 'noted', 'Subaccounts of the day before do not count');
select public.withdraw_create_attempt(pg_temp.tenant(), 3);
select is((select last_created_at from private.tenancies where user_id = pg_temp.tenant()), null, 'withdraw_create_attempt deletes the time of the creation');
rollback to days;
set local role service_role;

-- The count of open subaccounts follows the tenancies, which a tenant cannot delete.
savepoint counts;
create function pg_temp.counted(p_statement text) returns text language plpgsql as $$
declare
  before constant bigint := (select total from private.open_subaccounts);
  after bigint;
begin
  execute p_statement;
  after := (select total from private.open_subaccounts);
  return case when after = (select count(*) from private.tenancies where subaccount_status in ('active', 'suspended')) then (after - before)::text else 'wrong' end;
end;
$$;
select is(pg_temp.counted(format(statement, pg_temp.tenant())), change, format('%s changes the count of open subaccounts by %s', what, change)) from (values
  ('A closed subaccount that is opened again', $$update private.tenancies set subaccount_status = 'active' where user_id = %L$$, '1'),
  ('A suspension', $$update private.tenancies set subaccount_status = 'suspended' where user_id = %L$$, '0'),
  ('A tenant who deletes their row', $$delete from public.user_preferences where user_id = %L$$, '0'),
  ('A closure', $$update private.tenancies set subaccount_status = 'closed' where user_id = %L$$, '-1'),
  ('The deletion of a closed subaccount''s tenancy', $$delete from private.tenancies where user_id = %L$$, '0'),
  ('A tenancy without a subaccount', $$insert into private.tenancies (user_id) values (%L)$$, '0'),
  ('A subaccount that is closed when it is found', $$update private.tenancies set subaccount_status = 'closed' where user_id = %L$$, '0'),
  ('A tenancy that is deleted and made again', $$delete from private.tenancies where user_id = %1$L; insert into private.tenancies (user_id, subaccount_status) values (%1$L, 'suspended')$$, '1'),
  ('The deletion of an open subaccount''s tenancy', $$delete from private.tenancies where user_id = %L$$, '-1')) changes (what, statement, change);
reset role;
truncate private.tenancies;
select is((select total from private.open_subaccounts), 0::bigint, 'A truncated table leaves no open subaccount');
rollback to counts;
set local role service_role;

-- Ending a convergence -----------------------------------------------------------------------------------------------

select is(public.end_convergence(pg_temp.tenant(), 3, 7, repeat('x', 600)), 'released', 'end_convergence without a newer fact returns released');
select results_eq(
  'select leased_until, length(last_error), converged_at from private.tenancies where user_id = pg_temp.tenant()',
  $$ values (null::timestamptz, 500, null::timestamptz) $$, 'end_convergence with an error stores it, cut to 500 characters, and leaves converged_at unset');
select is(public.end_convergence(pg_temp.tenant(), 3, 7), 'released', 'end_convergence, repeated, returns released');
select results_eq(
  'select last_error, converged_at >= now() from private.tenancies where user_id = pg_temp.tenant()',
  $$ values (null::text, true) $$, 'end_convergence without an error deletes the last error and sets converged_at');

select results_eq(
  'select outcome::text, fence, version from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('leased', 4::bigint, 7::bigint) $$,
  'A released lease can be taken at once');
select ok(public.report_account_trouble(pg_temp.tenant()) is not null, 'report_account_trouble returns the id of a job');
select is(public.end_convergence(pg_temp.tenant(), 4, 7), 'again', 'end_convergence after a newer fact returns again');
select results_eq(
  'select outcome::text, version from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('leased', 8::bigint) $$,
  'The next lease returns the newer version');
select is(public.end_convergence(pg_temp.tenant(), 5, 8), 'released', 'end_convergence with the newest version returns released');

select * from finish();
rollback;
