-- The wanted status changes with time, and rows get lost: drifted tenants are converged, and no others.
begin;
create extension if not exists pgtap with schema extensions;
select plan(19);

create temp table cases (name text primary key, user_id uuid not null default gen_random_uuid(), drifted boolean not null);
create function pg_temp.tenant(p_name text) returns uuid stable return (select user_id from cases where name = p_name);

create temp table facts (name text, requested boolean, hold text, applied text, attempted boolean, sid text, status text, token text, drifted boolean);
insert into facts values
  ('active as wanted', true, null, 'active', false, 'AC-p1', 'active', 'v1.k1.iv.s', false),
  ('suspended as wanted', true, 'suspended', 'suspended', false, 'AC-p2', 'suspended', 'v1.k1.iv.s', false),
  ('closed as wanted', true, 'closed', 'closed', false, 'AC-p3', 'closed', 'v1.k1.iv.s', false),
  ('not requested', false, null, null, false, null, 'pending', null, false),
  ('requested and not created', true, null, null, false, null, 'pending', null, true),
  ('created and never recorded', true, null, null, true, null, 'pending', null, true),
  ('to be suspended', true, 'suspended', 'active', false, 'AC-p4', 'active', 'v1.k1.iv.s', true),
  ('to be resumed', true, null, 'suspended', false, 'AC-p5', 'suspended', 'v1.k1.iv.s', true),
  ('to be suspended and suspended at Twilio before', true, 'suspended', 'active', false, 'AC-p9', 'suspended', 'v1.k1.iv.s', false),
  ('to be closed', true, 'closed', 'suspended', false, 'AC-p6', 'suspended', 'v1.k1.iv.s', true),
  ('stored without an applied status', true, 'suspended', null, false, 'AC-p7', 'active', 'v1.k1.iv.s', true),
  ('possibly created and to be closed', true, 'closed', null, true, null, 'pending', null, true),
  ('not created and to be closed', true, 'closed', null, false, null, 'pending', null, false),
  ('without its token', true, null, 'active', false, 'AC-p8', 'active', null, true),
  ('without its row', true, null, 'active', false, null, null, null, true);
insert into cases (name, drifted) select name, drifted from facts;
insert into auth.users (id, email) select user_id, user_id || '@pgtap.test' from cases;
insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status, twilio_subaccount_auth_token_encrypted)
select pg_temp.tenant(name), sid, status, token from facts where status is not null;
delete from private.tenancies;
insert into private.tenancies (user_id, requested_at, operator_hold, applied_status, create_attempted_at)
select pg_temp.tenant(name), case when requested then now() end, hold::public.operator_hold, applied::public.twilio_account_status, case when attempted then now() end from facts;

delete from pgmq.q_jobs_control;
select is(public.ask_for_drifted_convergence(100), (select count(*)::integer from cases where drifted), 'ask_for_drifted_convergence returns the number of drifted tenants');
select is(
  exists (select from private.jobs where message = jsonb_build_object('kind', 'converge', 'userId', user_id)), drifted,
  format('A subaccount that is %s is %s', name, case when drifted then 'converged' else 'left alone' end))
from cases;

-- The end of a grace period ------------------------------------------------------------------------------------------

insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, past_due_since)
values ('sub_pgtap', pg_temp.tenant('active as wanted'), 'cus_pgtap', 'team', 'past_due', now() - interval '6 days');
delete from private.tenancies where user_id <> pg_temp.tenant('active as wanted');
select is(public.ask_for_drifted_convergence(100), 0, 'ask_for_drifted_convergence asks for none within the grace period');
update public.subscriptions set past_due_since = now() - interval '7 days' where id = 'sub_pgtap';
select is(public.ask_for_drifted_convergence(100), 1, 'ask_for_drifted_convergence asks for the suspension when the grace period is over');

-- Limited calls: the least recently converged first ------------------------------------------------------------------

delete from pgmq.q_jobs_control;
insert into private.tenancies (user_id, operator_hold, applied_status, converged_at) values
  (pg_temp.tenant('to be suspended'), 'suspended', 'active', now()),
  (pg_temp.tenant('stored without an applied status'), 'suspended', null, now() - interval '1 day');
update private.tenancies set converged_at = now() where user_id = pg_temp.tenant('active as wanted');
select public.ask_for_drifted_convergence(1);
select results_eq($$ select message ->> 'userId' from private.jobs $$, array[pg_temp.tenant('stored without an applied status')::text],
  'With a limit, the least recently converged tenant comes first');

select * from finish();
rollback;
