-- The wanted status, in order of precedence: the user's deletion, an operator's hold, the best subscription, the request.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(31);

select pg_temp.join_as('tenant');

-- One subscription at a moment ---------------------------------------------------------------------------------------
-- Past due since the 10th with 7 days of grace, ended on the 10th with 30 days of retention.

select is(
  private.wanted_by_subscription(status::public.subscription_status, '2026-01-10 12:00Z', '2026-01-10 12:00Z', '7 days', '30 days', at)::text, wanted,
  format('A subscription that is %s at %s entitles to %s', status, at, wanted))
from (values
  ('trialing', '2026-09-01 00:00Z'::timestamptz, 'active'),
  ('active', '2026-09-01 00:00Z', 'active'),
  ('past_due', '2026-01-10 12:00Z', 'active'),
  ('past_due', '2026-01-17 11:59:59Z', 'active'),
  ('past_due', '2026-01-17 12:00Z', 'suspended'),
  ('past_due', '2026-09-01 00:00Z', 'suspended'),
  ('paused', '2026-01-10 12:00Z', 'suspended'),
  ('unpaid', '2026-01-10 12:00Z', 'suspended'),
  ('canceled', '2026-01-10 12:00Z', 'suspended'),
  ('canceled', '2026-02-09 11:59:59Z', 'suspended'),
  ('canceled', '2026-02-09 12:00Z', 'closed'),
  ('incomplete', '2026-01-10 12:00Z', 'none'),
  ('incomplete_expired', '2026-01-10 12:00Z', 'none')) cases (status, at, wanted);

-- A new status needs a case above.
select set_eq(
  $$ select unnest(enum_range(null::public.subscription_status))::text $$,
  array['trialing', 'active', 'past_due', 'paused', 'unpaid', 'canceled', 'incomplete', 'incomplete_expired'],
  'The cases above cover every subscription status');

-- All subscriptions of a tenant --------------------------------------------------------------------------------------

create temp table states (name text, status public.subscription_status, past_due_since timestamptz, ended_at timestamptz, wanted text);
insert into states values
  ('trialing', 'trialing', null, null, 'active'),
  ('active', 'active', null, null, 'active'),
  ('past due within grace', 'past_due', now() - interval '6 days', null, 'active'),
  ('past due beyond grace', 'past_due', now() - interval '8 days', null, 'suspended'),
  ('paused', 'paused', null, null, 'suspended'),
  ('unpaid', 'unpaid', null, null, 'suspended'),
  ('canceled within retention', 'canceled', null, now() - interval '29 days', 'suspended'),
  ('canceled beyond retention', 'canceled', null, now() - interval '31 days', 'closed'),
  ('incomplete', 'incomplete', null, null, 'none'),
  ('incomplete_expired', 'incomplete_expired', null, null, 'none');

create function pg_temp.subscribe(p_id text, p_state text) returns void language sql as $$
  insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, past_due_since, ended_at)
  select p_id, pg_temp.tenant(), 'cus_pgtap', 'team', status, past_due_since, ended_at from states where name = p_state;
$$;

-- Returns the wanted status for these facts and removes them again.
create function pg_temp.wanted(p_states text[], p_hold text, p_requested boolean) returns text language plpgsql as $$
declare
  answer text;
begin
  insert into private.tenancies (user_id, operator_hold, requested_at) values (pg_temp.tenant(), p_hold::public.operator_hold, case when p_requested then now() end);
  perform pg_temp.subscribe('sub_pgtap_' || n, state) from unnest(p_states) with ordinality as each (state, n);
  answer := private.wanted_subaccount(pg_temp.tenant());
  delete from public.subscriptions where user_id = pg_temp.tenant();
  delete from private.tenancies where user_id = pg_temp.tenant();
  return answer;
end;
$$;

select is(pg_temp.wanted('{}', null, false), 'none', 'wanted_subaccount returns none without a subscription and a request');
select is(pg_temp.wanted('{}', null, true), 'active', 'wanted_subaccount returns active for a request without a subscription');
select is(pg_temp.wanted('{incomplete}', null, true), 'active', 'wanted_subaccount returns active for a request with a subscription that was never paid');
select is(pg_temp.wanted('{canceled beyond retention}', null, true), 'closed', 'wanted_subaccount returns closed for a request with a subscription past its retention');
select is(pg_temp.wanted('{canceled beyond retention, trialing}', null, false), 'active', 'wanted_subaccount returns active for a paid subscription beside an old canceled one');
select is(pg_temp.wanted('{active}', 'suspended', true), 'suspended', 'wanted_subaccount returns suspended for an operator''s suspension with a paid subscription');
select is(pg_temp.wanted('{canceled beyond retention}', 'suspended', false), 'suspended', 'wanted_subaccount returns suspended, not closed, for an operator''s suspension with a subscription past its retention');

select results_eq(
  $$ select one.name, other.name, pg_temp.wanted(array[one.name, other.name], null, false)
     from states one, states other order by one.name, other.name $$,
  $$ select one.name, other.name, case
       when 'active' in (one.wanted, other.wanted) then 'active'
       when 'suspended' in (one.wanted, other.wanted) then 'suspended'
       when 'closed' in (one.wanted, other.wanted) then 'closed'
       else 'none' end
     from states one, states other order by one.name, other.name $$,
  'Of any two subscriptions, the better one counts, in either order');

select results_eq(
  $$ select name, hold, requested, pg_temp.wanted(array[name], hold, requested)
     from states, unnest(array['suspended', 'closed']) hold, unnest(array[false, true]) requested order by name, hold, requested $$,
  $$ select name, hold, requested, hold
     from states, unnest(array['suspended', 'closed']) hold, unnest(array[false, true]) requested order by name, hold, requested $$,
  'An operator''s hold takes precedence over every subscription and request');

select results_eq(
  $$ select name, pg_temp.wanted(array[name], null, true) from states order by name $$,
  $$ select name, case when wanted = 'none' then 'active' else wanted end from states order by name $$,
  'A request counts unless a paid subscription decides otherwise');

select is((select count(*) from private.tenancies where user_id = pg_temp.tenant()), 0::bigint, 'wanted_subaccount stores nothing');

-- The periods of the plan --------------------------------------------------------------------------------------------

update public.plans set past_due_grace = '1 day', retention = '1 day' where key = 'team';
select pg_temp.subscribe('sub_pgtap', 'past due within grace');
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'suspended', 'The plan sets the grace period');
update public.subscriptions set status = 'canceled', ended_at = now() - interval '29 days' where id = 'sub_pgtap';
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'closed', 'The plan sets the retention period');
update public.subscriptions set ended_at = now() where id = 'sub_pgtap';
select is(private.wanted_subaccount(pg_temp.tenant(), now() + interval '12 hours')::text, 'suspended', 'wanted_subaccount at a future moment within the retention returns suspended');
select is(private.wanted_subaccount(pg_temp.tenant(), now() + interval '1 day')::text, 'closed', 'wanted_subaccount at the end of the retention returns closed');

-- Deleted users ------------------------------------------------------------------------------------------------------

insert into private.tenancies (user_id, requested_at, operator_hold) values (pg_temp.tenant(), now(), 'suspended');
delete from auth.users where id = pg_temp.tenant();
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'closed', 'wanted_subaccount returns closed for a deleted user, even with an operator''s suspension');
select is(private.wanted_subaccount(gen_random_uuid())::text, 'closed', 'wanted_subaccount returns closed for an unknown user');

select * from finish();
rollback;
