-- Time alone changes what is wanted, and rows get lost: who has drifted is asked for, and nobody else.
begin;
create extension if not exists pgtap with schema extensions;
select plan(19);

create temp table cases (name text primary key, user_id uuid not null default gen_random_uuid(), drifted boolean not null);
create function pg_temp.tenant(p_name text) returns uuid stable return (select user_id from cases where name = p_name);

-- name, wished for, held, applied, stored SID, status, token, drifted
create temp table facts (name text, requested boolean, hold text, applied text, attempted boolean, sid text, status text, token text, drifted boolean);
insert into facts values
  ('as it should be', true, null, 'active', false, 'AC-p1', 'active', 'v1.k1.iv.s', false),
  ('suspended as it should be', true, 'suspended', 'suspended', false, 'AC-p2', 'suspended', 'v1.k1.iv.s', false),
  ('closed as it should be', true, 'closed', 'closed', false, 'AC-p3', 'closed', 'v1.k1.iv.s', false),
  ('nobody asked for', false, null, null, false, null, 'pending', null, false),
  ('never created', true, null, null, false, null, 'pending', null, true),
  ('created and never recorded', true, null, null, true, null, 'pending', null, true),
  ('still to be suspended', true, 'suspended', 'active', false, 'AC-p4', 'active', 'v1.k1.iv.s', true),
  ('still to be resumed', true, null, 'suspended', false, 'AC-p5', 'suspended', 'v1.k1.iv.s', true),
  ('suspended at Twilio before it had to be', true, 'suspended', 'active', false, 'AC-p9', 'suspended', 'v1.k1.iv.s', false),
  ('still to be closed', true, 'closed', 'suspended', false, 'AC-p6', 'suspended', 'v1.k1.iv.s', true),
  ('recorded, its status never applied', true, 'suspended', null, false, 'AC-p7', 'active', 'v1.k1.iv.s', true),
  ('perhaps created, to be closed', true, 'closed', null, true, null, 'pending', null, true),
  ('never created, to be closed', true, 'closed', null, false, null, 'pending', null, false),
  ('without its token', true, null, 'active', false, 'AC-p8', 'active', null, true),
  ('without its row', true, null, 'active', false, null, null, null, true);
insert into cases (name, drifted) select name, drifted from facts;
insert into auth.users (id, email) select user_id, user_id || '@pgtap.test' from cases;
insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status, twilio_subaccount_auth_token_encrypted)
select pg_temp.tenant(name), sid, status, token from facts where status is not null;
delete from private.tenancies;
insert into private.tenancies (user_id, requested_at, operator_hold, applied_status, create_attempted_at)
select pg_temp.tenant(name), case when requested then now() end, hold::public.operator_hold, applied::public.twilio_account_status, case when attempted then now() end from facts;

delete from pgmq.q_jobs;
select is(public.ask_for_drifted_convergence(100), (select count(*)::integer from cases where drifted), 'As many are asked for as have drifted');
select is(
  exists (select from pgmq.q_jobs where message = jsonb_build_object('kind', 'converge', 'userId', user_id)), drifted,
  format('A subaccount that is %s is %s', name, case when drifted then 'asked for' else 'left alone' end))
from cases;

-- A subscription runs out while nothing happens -------------------------------------------------------------------------

insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, past_due_since)
values ('sub_pgtap', pg_temp.tenant('as it should be'), 'cus_pgtap', 'team', 'past_due', now() - interval '6 days');
delete from private.tenancies where user_id <> pg_temp.tenant('as it should be');
select is(public.ask_for_drifted_convergence(100), 0, 'Within the grace period nothing is asked');
update public.subscriptions set past_due_since = now() - interval '7 days' where id = 'sub_pgtap';
select is(public.ask_for_drifted_convergence(100), 1, 'When the grace period is over, the suspension is asked for');

-- In portions, those first whose last convergence is the longest ago ----------------------------------------------------

delete from pgmq.q_jobs;
insert into private.tenancies (user_id, operator_hold, applied_status, converged_at) values
  (pg_temp.tenant('still to be suspended'), 'suspended', 'active', now()),
  (pg_temp.tenant('recorded, its status never applied'), 'suspended', null, now() - interval '1 day');
update private.tenancies set converged_at = now() where user_id = pg_temp.tenant('as it should be');
select public.ask_for_drifted_convergence(1);
select results_eq($$ select message ->> 'userId' from pgmq.q_jobs $$, array[pg_temp.tenant('recorded, its status never applied')::text],
  'Of more than fit, the longest unattended is asked for first');

select * from finish();
rollback;
