-- The wanted status changes with time, and rows get lost: tenants are due for a comparison, and drifted ones are converged.
begin;
create extension if not exists pgtap with schema extensions;
select plan(44);

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
create view pg_temp.due as select user_id, due_at from private.due_work where kind = 'convergence';
create function pg_temp.due_in(p_name text) returns interval stable return (select due_at - now() from pg_temp.due where user_id = pg_temp.tenant(p_name));
create function pg_temp.asked(p_name text) returns bigint stable return (select count(*) from pgmq.q_jobs_control where message = jsonb_build_object('kind', 'converge', 'userId', pg_temp.tenant(p_name)));
create function pg_temp.look(p_limit integer default 100) returns text return (select format('%s %s', checked, asked) from public.ask_for_drifted_convergence(p_limit));
-- All other tenants are due in two days.
create function pg_temp.only_due(p_name text, p_since interval default '0') returns void language sql as $$
  delete from pgmq.q_jobs_control;
  update private.due_work set due_at = now() + interval '2 days' where kind = 'convergence';
  update private.due_work set due_at = now() - p_since where kind = 'convergence' and user_id = pg_temp.tenant(p_name);
$$;

select is((select count(*) from pg_temp.due where due_at <= now()), (select count(*) from cases), 'A new tenancy is due at once');
select is(pg_temp.look(), (select format('%s %s', count(*), count(*) filter (where drifted)) from cases), 'ask_for_drifted_convergence returns the numbers of checked and of drifted tenants');
select is(pg_temp.asked(name) = 1, drifted, format('A subaccount that is %s is %s', name, case when drifted then 'converged' else 'left alone' end))
from cases;
select is_empty($$ select name from cases where pg_temp.due_in(name) is null or not case when drifted
    then pg_temp.due_in(name) between interval '5 hours' and interval '7 hours'
    else pg_temp.due_in(name) between interval '21 hours' and interval '27 hours' end $$,
  'A drifted tenant is due again after six hours, if its job is lost, and any other after a day');
select is(pg_temp.look(), '0 0', 'ask_for_drifted_convergence, repeated, checks no tenant that is not due');
update private.due_work set due_at = now() where kind = 'convergence' and user_id = pg_temp.tenant('to be suspended');
select is(pg_temp.look(), '1 1', 'A drifted tenant whose job was lost is converged again');

-- The end of a grace period ------------------------------------------------------------------------------------------

insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, past_due_since)
values ('sub_pgtap', pg_temp.tenant('active as wanted'), 'cus_pgtap', 'team', 'past_due', now() - interval '7 days' + interval '3 hours');
select is(pg_temp.due_in('active as wanted'), '0', 'A new subscription makes its tenant due');
select is(pg_temp.look(), '1 0', 'ask_for_drifted_convergence asks for none within the grace period');
select is(pg_temp.due_in('active as wanted'), '3 hours', 'Within the grace period, the tenant is due at its end');
update public.plans set past_due_grace = past_due_grace + interval '1 hour' where key = 'team';
select is(pg_temp.due_in('active as wanted'), '0', 'A changed grace period makes the tenants within it due');
select is(pg_temp.look(), '1 0', 'A longer grace period asks for no convergence');
select is(pg_temp.due_in('active as wanted'), '4 hours', 'The tenant is then due at the new end');
update public.subscriptions set past_due_since = now() - interval '8 days' where id = 'sub_pgtap';
select is(pg_temp.look(), '1 1', 'ask_for_drifted_convergence asks for the suspension when the grace period is over');
select pg_temp.only_due('to be closed');
delete from public.subscriptions where id = 'sub_pgtap';
select is(pg_temp.due_in('active as wanted'), '0', 'A deleted subscription makes its tenant due');

-- Facts changed by hand ----------------------------------------------------------------------------------------------

create function pg_temp.makes_due(p_name text, p_statement text) returns boolean language plpgsql as $$
begin
  update private.due_work set due_at = now() + interval '2 days' where kind = 'convergence';
  execute format(p_statement, pg_temp.tenant(p_name));
  return coalesce(pg_temp.due_in(p_name) = '0', false);
end;
$$;
select is(pg_temp.makes_due('suspended as wanted', statement), due, format('%s makes the tenant %s', what, case when due then 'due' else 'no sooner due' end)) from (values
  ('A changed hold', 'update private.tenancies set operator_hold = null where user_id = %L', true),
  ('A lost token', 'update public.user_preferences set twilio_subaccount_auth_token_encrypted = null where user_id = %L', true),
  ('A lost SID', 'update public.user_preferences set twilio_subaccount_sid = null where user_id = %L', true),
  ('A new token', $$update public.user_preferences set twilio_subaccount_sid = 'AC-p2', twilio_subaccount_auth_token_encrypted = 'v1.k1.iv.s' where user_id = %L$$, false),
  ('A taken lease', 'select private.take_lease(%L, 60)', false),
  ('A deleted row', 'delete from public.user_preferences where user_id = %L', true)) changes (what, statement, due);

-- The end of a convergence -------------------------------------------------------------------------------------------

create function pg_temp.converge(p_name text, p_error text default null, p_version bigint default null) returns text language plpgsql as $$
declare
  ended text;
begin
  select public.end_convergence(user_id, fence, coalesce(p_version, version), p_error) into ended from private.tenancies where user_id = pg_temp.tenant(p_name);
  return ended || ' ' || case when pg_temp.due_in(p_name) = '0' then 'due'
    when pg_temp.due_in(p_name) between interval '21 hours' and interval '27 hours' then 'tomorrow' end;
end;
$$;
select pg_temp.only_due('closed as wanted');
select is(pg_temp.converge('closed as wanted', 'no response'), 'released due', 'A failed convergence keeps the tenant''s date');
select is(pg_temp.converge('closed as wanted', null, 0), 'again due', 'A convergence with a newer fact keeps the tenant''s date');
select is(pg_temp.converge('closed as wanted'), 'released tomorrow', 'A convergence without drift makes the tenant due in a day');
select pg_temp.only_due('without its row');
select is(pg_temp.converge('without its row'), 'released due', 'A convergence that leaves drift keeps the tenant''s date');

-- Limited calls, and deleted users -----------------------------------------------------------------------------------

select pg_temp.only_due('to be suspended');
update private.due_work set due_at = now() - interval '1 hour' where kind = 'convergence' and user_id = pg_temp.tenant('stored without an applied status');
select is(pg_temp.look(1), '1 1', 'ask_for_drifted_convergence respects its limit');
select is(pg_temp.asked('stored without an applied status'), 1::bigint, 'With a limit, the tenant who has been due longest comes first');
delete from auth.users where id in (pg_temp.tenant('closed as wanted'), pg_temp.tenant('active as wanted'));
select pg_temp.look();
select is(pg_temp.asked('active as wanted') > 0, true, 'The open account of a deleted user is closed');
select is(pg_temp.due_in('closed as wanted'), null, 'A deleted user whose account is closed is no longer due');

-- Until the next change, time changes nothing ------------------------------------------------------------------------

select setseed(0.42);
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, past_due_since, ended_at)
select 'sub_random_' || n, md5((n % 40)::text)::uuid, 'cus_random_' || n, (array['free', 'team'])[1 + n % 2],
  (array['active', 'past_due', 'past_due', 'canceled', 'canceled', 'unpaid'])[1 + floor(random() * 6)]::public.subscription_status,
  now() - random() * interval '10 days', now() - random() * interval '40 days'
from generate_series(1, 100) n;
create temp table randoms as select distinct s.user_id, coalesce((private.entitlement_of(s.user_id)).changes_at, 'infinity') as changes_at from public.subscriptions s where id like 'sub_random_%';
select is_empty($$ select user_id, moment from randoms, generate_series(now(), now() + interval '45 days', interval '7 hours') moment
  where moment < changes_at and (private.entitlement_of(user_id, moment)).wanted is distinct from (private.entitlement_of(user_id, now())).wanted $$,
  'For 40 tenants with random subscriptions, the wanted status stays the same until changes_at');
select cmp_ok((select count(*) from randoms where changes_at < 'infinity'
    and (private.entitlement_of(user_id, changes_at)).wanted is distinct from (private.entitlement_of(user_id, changes_at - interval '1 microsecond')).wanted), '>', 5::bigint,
  'For several of them it changes at that moment');

select * from finish();
rollback;
