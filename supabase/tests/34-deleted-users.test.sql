-- A deleted user's subaccount must be closed: the transaction that deletes the user keeps its SID and asks for convergence.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(18);

select pg_temp.join_as('tenant', 'visitor', 'newcomer');
select pg_temp.forget_jobs();

-- The tenant's subaccount is stored in user_preferences only. The newcomer has a request and no subaccount.
insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status) values (pg_temp.tenant(), 'AC1', 'active');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid) values (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values ('sub_pgtap', pg_temp.tenant(), 'cus_pgtap', 'team', 'active');
insert into private.stripe_customers (id, user_id) values ('cus_pgtap', pg_temp.tenant());
insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit)
  values (pg_temp.tenant(), 'AC1', '2026-01-01', 'sms', 1, 1, 0.01, 'usd');
insert into public.sms_opt_outs (sender, recipient, user_id, keyword) values ('+15005550101', '+15005550199', pg_temp.tenant(), 'STOP');
insert into private.tenancies (user_id, requested_at, version) values (pg_temp.newcomer(), now(), 5);

select lives_ok('delete from auth.users where id = pg_temp.visitor()', 'A user without a subaccount or a request can be deleted');
select is_empty('select 1 from private.tenancies where user_id = pg_temp.visitor()', 'No tenancy is stored for a deleted user without a subaccount or a request');
select results_eq($$ select message ->> 'kind' from private.jobs $$, array['erase-user'], 'Only an erasure is enqueued for a deleted user without a subaccount or a request');

select lives_ok('delete from auth.users where id = pg_temp.tenant()', 'A tenant with numbers, a subscription and a subaccount can be deleted');
select results_eq('select user_deleted_at, version, subaccount_sid from private.tenancies where user_id = pg_temp.tenant()',
  $$ values (now(), 1::bigint, 'AC1') $$, 'The tenancy stores the time of the deletion and the SID of the subaccount');
select results_eq($$ select message from private.jobs where message ->> 'kind' = 'converge' $$, $$ values (jsonb_build_object('kind', 'converge', 'userId', pg_temp.tenant())) $$,
  'A convergence is enqueued, in the transaction of the deletion');
select results_eq('select actor, action, subaccount_sid from public.audit_log where user_id = pg_temp.tenant()',
  $$ values ('auth', 'user.deleted', 'AC1') $$, 'The audit log stores the SID of the subaccount');
select is_empty('select 1 from public.user_preferences where user_id = pg_temp.tenant()', 'A deleted user''s row of user_preferences is deleted, with the token');
select results_eq('select phone_number::text from public.user_twilio_numbers where user_id = pg_temp.tenant()', array['+15005550101'], 'A deleted user''s numbers stay until the erasure');
select results_eq($$ select user_id from public.subscriptions where id = 'sub_pgtap' $$, array[pg_temp.tenant()], 'A deleted user''s subscription stays, under their id');
select results_eq($$ select user_id from private.stripe_customers where id = 'cus_pgtap' $$, array[pg_temp.tenant()], 'A deleted user''s Stripe customer stays linked to their id');
select results_eq($$ select user_id, price from public.twilio_usage where account_sid = 'AC1' $$, $$ values (pg_temp.tenant(), 0.01::numeric) $$, 'A deleted user''s usage stays, under their id');
select results_eq($$ select message from private.jobs where message ->> 'kind' = 'erase-user' and message ->> 'userId' = pg_temp.tenant()::text $$, $$ values (jsonb_build_object('kind', 'erase-user', 'userId', pg_temp.tenant())) $$,
  'The erasure of a deleted user''s numbers, opt-outs and messages is enqueued');
select results_eq('select outcome::text, wanted::text from public.begin_convergence(pg_temp.tenant(), 60)', $$ values ('leased', 'closed') $$,
  'begin_convergence for a deleted user returns the wanted status closed');

select lives_ok('delete from auth.users where id = pg_temp.newcomer()', 'A user with only a request can be deleted');
select results_eq('select user_deleted_at, version from private.tenancies where user_id = pg_temp.newcomer()', $$ values (now(), 6::bigint) $$,
  'The deletion increments the tenancy''s version');
select results_eq($$ select message from private.jobs where message ->> 'userId' = pg_temp.newcomer()::text and message ->> 'kind' <> 'erase-user' $$,
  $$ values (jsonb_build_object('kind', 'converge', 'userId', pg_temp.newcomer())) $$, 'A convergence is enqueued for a deleted user with only a request');

-- The role with which auth deletes users has no rights on our tables.
select results_eq($$ select prosecdef, proowner = (select relowner from pg_catalog.pg_class where oid = 'private.tenancies'::regclass)
  from pg_catalog.pg_proc where oid = 'private.remember_user_deletion'::regproc $$, $$ values (true, true) $$,
  'The trigger runs with its owner''s rights, for each role that deletes a user');

select * from finish();
rollback;
