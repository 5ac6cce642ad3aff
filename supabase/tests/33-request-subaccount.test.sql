-- A tenant asks for their subaccount, and everybody else asks what state it is in.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(37);

select pg_temp.join_as('tenant');
delete from pgmq.q_jobs;
create view pg_temp.jobs as select message as job, extract(epoch from vt - enqueued_at)::integer as delay from pgmq.q_jobs order by msg_id;
grant select on pg_temp.jobs to service_role;
set local role service_role;

-- Asking ----------------------------------------------------------------------------------------------------------------

select results_eq('select * from public.request_subaccount(pg_temp.tenant(), false, $$req-1$$)',
  $$ values ('subscription_required', null::text, null::text, 'pending') $$, 'Where only subscribers are served, who has no subscription is told so');
select is_empty('select 1 from private.tenancies where user_id = pg_temp.tenant()', 'A refused wish is not remembered');
select is_empty('select 1 from pg_temp.jobs', 'A refused wish asks for no convergence');
select is_empty('select 1 from public.audit_log where user_id = pg_temp.tenant()', 'A refused wish is no event');

select results_eq('select * from public.request_subaccount(pg_temp.tenant(), true, $$req-2$$)',
  $$ values ('accepted', null::text, null::text, 'pending') $$, 'Where anyone is served, the wish is accepted');
select results_eq('select requested_at, fence, leased_until from private.tenancies where user_id = pg_temp.tenant()',
  $$ values (now(), 0::bigint, null::timestamptz) $$, 'The wish is remembered, and takes no lease');
select results_eq('select job, delay from pg_temp.jobs',
  $$ values (jsonb_build_object('kind', 'converge', 'userId', pg_temp.tenant()), 20) $$,
  'A convergence is enqueued for when the caller, who converges at once, dies');
select results_eq($$ select actor, action, request_id from public.audit_log where user_id = pg_temp.tenant() $$,
  $$ values ('user:' || pg_temp.tenant(), 'subaccount.requested', 'req-2') $$, 'The audit log says who asked');
select is(private.wanted_subaccount(pg_temp.tenant()), 'active', 'From now on the tenant is entitled');

update private.tenancies set requested_at = '2026-01-01Z' where user_id = pg_temp.tenant();
select results_eq('select outcome from public.request_subaccount(pg_temp.tenant(), false, null)', array['accepted'],
  'Who asked while anyone was served still is');
select is((select requested_at from private.tenancies where user_id = pg_temp.tenant()), '2026-01-01Z'::timestamptz, 'The first time they asked is the one that is kept');

select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.sealed', 'name');
select results_eq('select * from public.request_subaccount(pg_temp.tenant(), true, null)', $$ values ('already', 'AC1', 'name', 'active') $$,
  'Who has an active subaccount is told so');
select is((select count(*) from pg_temp.jobs), 2::bigint, 'For that no convergence is asked');
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', null);
select results_eq('select * from public.request_subaccount(pg_temp.tenant(), true, null)', $$ values ('accepted', 'AC1', 'name', 'active') $$,
  'A subaccount without its token is not there yet: convergence reads it');
select pg_temp.store(pg_temp.tenant(), 'AC1', 'suspended', 'v1.k1.iv.sealed');
select results_eq('select outcome, status from public.request_subaccount(pg_temp.tenant(), true, null)', $$ values ('accepted', 'suspended') $$,
  'A suspended subaccount of somebody entitled is looked at again');

insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values ('sub_pgtap', pg_temp.tenant(), 'cus', 'team', 'unpaid');
select results_eq('select outcome from public.request_subaccount(pg_temp.tenant(), true, null)', array['suspended'], 'Who does not pay is told that they are suspended');
update public.subscriptions set status = 'canceled', ended_at = now() - interval '1 year' where id = 'sub_pgtap';
select results_eq('select outcome from public.request_subaccount(pg_temp.tenant(), true, null)', array['closed'], 'Whose subscription ended long ago is told that theirs is closed');
update public.subscriptions set status = 'active' where id = 'sub_pgtap';
update private.tenancies set requested_at = null where user_id = pg_temp.tenant();
select results_eq('select outcome from public.request_subaccount(pg_temp.tenant(), false, null)', array['accepted'], 'Where only subscribers are served, a subscriber is');
update private.tenancies set operator_hold = 'suspended' where user_id = pg_temp.tenant();
select results_eq('select outcome from public.request_subaccount(pg_temp.tenant(), true, null)', array['suspended'], 'Whom an operator suspended cannot ask their way out');
update private.tenancies set operator_hold = 'closed' where user_id = pg_temp.tenant();
select results_eq('select outcome from public.request_subaccount(pg_temp.tenant(), true, null)', array['closed'], 'Whom an operator closed cannot ask their way out');
update private.tenancies set operator_hold = null where user_id = pg_temp.tenant();
select results_eq('select outcome from public.request_subaccount(gen_random_uuid(), true, null)', array['closed'],
  'A user who is gone, and whose token still works, is given nothing');

-- The state of a subaccount ---------------------------------------------------------------------------------------------

delete from public.user_preferences where user_id = pg_temp.tenant();
select results_eq('select * from public.subaccount_of(pg_temp.tenant())',
  $$ values ('none'::public.account_status, null::text, null::text) $$, 'subaccount_of returns none for a user without a row');
insert into public.user_preferences (user_id) values (pg_temp.tenant());
select results_eq('select * from public.subaccount_of(pg_temp.tenant())',
  $$ values ('none'::public.account_status, null::text, null::text) $$,
  'subaccount_of returns none for a user whose row is the host''s only');
create function pg_temp.standing(p_status text, p_token text) returns text language plpgsql as $$
begin
  perform pg_temp.store(pg_temp.tenant(), 'AC1', p_status, p_token);
  return (select outcome from public.subaccount_of(pg_temp.tenant()));
end;
$$;
select is(pg_temp.standing(status, token), standing,
  format('A subaccount that is %s, %s its token, is %s', status, case when token is null then 'without' else 'with' end, standing))
from (values
  ('active', 'v1.k1.iv.sealed', 'active'), ('active', null, 'pending'),
  ('pending', 'v1.k1.iv.sealed', 'pending'), ('pending', null, 'pending'),
  ('suspended', 'v1.k1.iv.sealed', 'suspended'), ('suspended', null, 'suspended'),
  ('closed', 'v1.k1.iv.sealed', 'closed'), ('closed', null, 'closed')) cases (status, token, standing);
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.sealed');
select results_eq('select * from public.subaccount_of(pg_temp.tenant())', $$ values ('active'::public.account_status, 'AC1', 'v1.k1.iv.sealed') $$,
  'The functions get the SID and the sealed token along with the standing');

-- Without a stored subaccount -------------------------------------------------------------------------------------------

delete from public.user_preferences where user_id = pg_temp.tenant();
create function pg_temp.status_without(p_hold text, p_applied text) returns text language plpgsql as $$
begin
  insert into private.tenancies (user_id, operator_hold, applied_status) values (pg_temp.tenant(), p_hold, p_applied)
  on conflict (user_id) do update set operator_hold = p_hold, applied_status = p_applied;
  return (select outcome from public.subaccount_of(pg_temp.tenant()));
end;
$$;
select is(pg_temp.status_without(hold, applied), expected,
  format('subaccount_of returns %s for a tenant without a row, with the hold %s and %s as last status', expected,
    coalesce(hold, '(none)'), coalesce(applied, '(none)')))
from (values
  (null, null, 'none'), ('suspended', null, 'suspended'), ('closed', null, 'closed'), (null, 'active', 'pending'),
  ('suspended', 'active', 'suspended')) cases (hold, applied, expected);

select * from finish();
rollback;
