-- A tenant's request for their subaccount, and the account status that every decision derives from one function.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(40);

select pg_temp.join_as('tenant');
select pg_temp.forget_jobs();
create view pg_temp.jobs as select message as job, extract(epoch from vt - enqueued_at)::integer as delay from private.jobs order by msg_id;
grant select on pg_temp.jobs to service_role;
set local role service_role;

-- Requests -----------------------------------------------------------------------------------------------------------

create function pg_temp.request(p_open_to_anyone boolean, p_user uuid default pg_temp.tenant(), p_request_id text default null)
returns text language sql as $$
  select concat_ws(' ', outcome, subaccount_sid, friendly_name) from public.request_subaccount(p_user, p_open_to_anyone, p_request_id);
$$;

select is(pg_temp.request(false, p_request_id => 'req-1'), 'subscription_required',
  'request_subaccount returns subscription_required without a subscription when only subscribers are served');
select is_empty('select 1 from private.tenancies where user_id = pg_temp.tenant()', 'A refused request is not stored');
select is_empty('select 1 from pg_temp.jobs', 'A refused request asks for no convergence');
select is_empty('select 1 from public.audit_log where user_id = pg_temp.tenant()', 'A refused request leaves no audit line');

select is(pg_temp.request(true, p_request_id => 'req-2'), 'accepted', 'request_subaccount returns accepted without a subscription when anyone is served');
select results_eq('select requested_at, fence, leased_until from private.tenancies where user_id = pg_temp.tenant()',
  $$ values (now(), 0::bigint, null::timestamptz) $$, 'An accepted request is stored and takes no lease');
select results_eq('select job, delay from pg_temp.jobs',
  $$ values (jsonb_build_object('kind', 'converge', 'userId', pg_temp.tenant()), 20) $$,
  'An accepted request enqueues a delayed convergence, in case the caller dies');
select results_eq($$ select actor, action, request_id from public.audit_log where user_id = pg_temp.tenant() $$,
  $$ values ('user:' || pg_temp.tenant(), 'subaccount.requested', 'req-2') $$, 'The audit log names the tenant as the actor of the request');
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'active', 'After an accepted request, the wanted status is active');

update private.tenancies set requested_at = '2026-01-01Z' where user_id = pg_temp.tenant();
select is(pg_temp.request(false), 'accepted', 'An earlier request is accepted when only subscribers are served');
select is((select requested_at from private.tenancies where user_id = pg_temp.tenant()), '2026-01-01Z'::timestamptz, 'The time of the first request is kept');

select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.sealed', 'name');
select is(pg_temp.request(true), 'already AC1 name', 'request_subaccount returns already with the SID and name of an active subaccount');
select is((select count(*) from pg_temp.jobs), 2::bigint, 'already asks for no convergence');
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', null);
select is(pg_temp.request(true), 'accepted', 'request_subaccount returns accepted for a subaccount without a stored token');
select pg_temp.store(pg_temp.tenant(), 'AC1', 'suspended', 'v1.k1.iv.sealed');
select is(pg_temp.request(true), 'accepted', 'request_subaccount returns accepted for a suspended subaccount that should be active');

insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values ('sub_pgtap', pg_temp.tenant(), 'cus', 'team', 'unpaid');
select is(pg_temp.request(true), 'suspended', 'request_subaccount returns suspended with an unpaid subscription');
update public.subscriptions set status = 'canceled', ended_at = now() - interval '1 year' where id = 'sub_pgtap';
select is(pg_temp.request(true), 'closed', 'request_subaccount returns closed with a subscription past its retention');
update public.subscriptions set status = 'active' where id = 'sub_pgtap';
update private.tenancies set requested_at = null where user_id = pg_temp.tenant();
select is(pg_temp.request(false), 'accepted', 'request_subaccount returns accepted for a subscriber when only subscribers are served');
update private.tenancies set operator_hold = 'suspended' where user_id = pg_temp.tenant();
select is(pg_temp.request(true), 'suspended', 'request_subaccount returns suspended under an operator''s suspension');
update private.tenancies set operator_hold = 'closed' where user_id = pg_temp.tenant();
select is(pg_temp.request(true), 'closed', 'request_subaccount returns closed under an operator''s closure');
update private.tenancies set operator_hold = null where user_id = pg_temp.tenant();
select is(pg_temp.request(true, gen_random_uuid()), 'closed', 'request_subaccount returns closed for a deleted user');

-- The account status -------------------------------------------------------------------------------------------------

delete from public.user_preferences where user_id = pg_temp.tenant();
select results_eq('select * from public.subaccount_of(pg_temp.tenant())',
  $$ values ('none'::public.account_status, null::text, null::text) $$, 'subaccount_of returns none for a user without a row');
insert into public.user_preferences (user_id) values (pg_temp.tenant());
select results_eq('select * from public.subaccount_of(pg_temp.tenant())',
  $$ values ('none'::public.account_status, null::text, null::text) $$,
  'subaccount_of returns none for a row without a subaccount');
create function pg_temp.status_with(p_status text, p_token text) returns text language plpgsql as $$
begin
  perform pg_temp.store(pg_temp.tenant(), 'AC1', p_status, p_token);
  return (select outcome from public.subaccount_of(pg_temp.tenant()));
end;
$$;
select is(pg_temp.status_with(status, token), expected,
  format('A subaccount that is stored as %s, %s its token, has the account status %s', status, case when token is null then 'without' else 'with' end, expected))
from (values
  ('active', 'v1.k1.iv.sealed', 'active'), ('active', null, 'pending'),
  ('pending', 'v1.k1.iv.sealed', 'pending'), ('pending', null, 'pending'),
  ('suspended', 'v1.k1.iv.sealed', 'suspended'), ('suspended', null, 'suspended'),
  ('closed', 'v1.k1.iv.sealed', 'closed'), ('closed', null, 'closed')) cases (status, token, expected);
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.sealed');
select results_eq('select * from public.subaccount_of(pg_temp.tenant())', $$ values ('active'::public.account_status, 'AC1', 'v1.k1.iv.sealed') $$,
  'subaccount_of returns the SID and the sealed token with the status');

-- Without a stored subaccount ----------------------------------------------------------------------------------------

delete from public.user_preferences where user_id = pg_temp.tenant();
create function pg_temp.status_without(p_hold text, p_sid text, p_status text) returns text language plpgsql as $$
begin
  insert into private.tenancies (user_id, operator_hold, subaccount_sid, subaccount_status)
  values (pg_temp.tenant(), p_hold::public.operator_hold, p_sid, p_status::public.twilio_account_status)
  on conflict (user_id) do update set operator_hold = excluded.operator_hold, subaccount_sid = excluded.subaccount_sid, subaccount_status = excluded.subaccount_status;
  return (select outcome from public.subaccount_of(pg_temp.tenant()));
end;
$$;
select is(pg_temp.status_without(hold, sid, status), expected,
  format('subaccount_of returns %s for a tenant without a row, with the hold %s, the known SID %s and the last status %s', expected,
    coalesce(hold, '(none)'), coalesce(sid, '(none)'), coalesce(status, '(none)')))
from (values
  (null, null, null, 'none'), ('suspended', null, null, 'suspended'), ('closed', null, null, 'closed'), (null, 'AC1', 'active', 'pending'),
  (null, 'AC1', null, 'pending'), (null, 'AC1', 'suspended', 'suspended'), (null, 'AC1', 'closed', 'closed'),
  ('suspended', 'AC1', 'active', 'suspended')) cases (hold, sid, status, expected);

select * from finish();
rollback;
