-- What a tenant should have: whether they are still here, then an operator's hold, then the best of their subscriptions, then
-- their own request.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(31);

select pg_temp.join_as('tenant');

-- One subscription, at a moment -----------------------------------------------------------------------------------------
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

-- Every status that the table takes has a case above: a new one must be thought about here.
select set_eq(
  $$ select unnest(enum_range(null::public.subscription_status))::text $$,
  array['trialing', 'active', 'past_due', 'paused', 'unpaid', 'canceled', 'incomplete', 'incomplete_expired'],
  'The statuses are those that Stripe has and that are decided above');

-- One tenant ------------------------------------------------------------------------------------------------------------

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

-- Puts the tenant into a situation, asks, and takes it all back.
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

select is(pg_temp.wanted('{}', null, false), 'none', 'Who neither subscribed nor asked is entitled to nothing');
select is(pg_temp.wanted('{}', null, true), 'active', 'Who asked without ever subscribing has what they asked for');
select is(pg_temp.wanted('{incomplete}', null, true), 'active', 'A payment that never went through takes nothing from who asked');
select is(pg_temp.wanted('{canceled beyond retention}', null, true), 'closed', 'An old request does not outlive a subscription that ended');
select is(pg_temp.wanted('{canceled beyond retention, trialing}', null, false), 'active', 'An old canceled subscription does not take a paid one down');
select is(pg_temp.wanted('{active}', 'suspended', true), 'suspended', 'An operator''s hold is above a paid subscription');
select is(pg_temp.wanted('{canceled beyond retention}', 'suspended', false), 'suspended', 'An operator''s suspension keeps a subaccount from being closed');

select results_eq(
  $$ select one.name, other.name, pg_temp.wanted(array[one.name, other.name], null, false)
     from states one, states other order by one.name, other.name $$,
  $$ select one.name, other.name, case
       when 'active' in (one.wanted, other.wanted) then 'active'
       when 'suspended' in (one.wanted, other.wanted) then 'suspended'
       when 'closed' in (one.wanted, other.wanted) then 'closed'
       else 'none' end
     from states one, states other order by one.name, other.name $$,
  'Of any two subscriptions the better one counts, whichever is older');

select results_eq(
  $$ select name, hold, requested, pg_temp.wanted(array[name], hold, requested)
     from states, unnest(array['suspended', 'closed']) hold, unnest(array[false, true]) requested order by name, hold, requested $$,
  $$ select name, hold, requested, hold
     from states, unnest(array['suspended', 'closed']) hold, unnest(array[false, true]) requested order by name, hold, requested $$,
  'An operator''s hold is above every subscription and every request');

select results_eq(
  $$ select name, pg_temp.wanted(array[name], null, true) from states order by name $$,
  $$ select name, case when wanted = 'none' then 'active' else wanted end from states order by name $$,
  'A request counts where no subscription says otherwise');

select is((select count(*) from private.tenancies where user_id = pg_temp.tenant()), 0::bigint, 'A look at what is wanted writes nothing');

-- The periods of the plan -----------------------------------------------------------------------------------------------

update public.plans set past_due_grace = '1 day', retention = '1 day' where key = 'team';
select pg_temp.subscribe('sub_pgtap', 'past due within grace');
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'suspended', 'How long the grace is, the plan says');
update public.subscriptions set status = 'canceled', ended_at = now() - interval '29 days' where id = 'sub_pgtap';
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'closed', 'How long the retention is, the plan says');
update public.subscriptions set ended_at = now() where id = 'sub_pgtap';
select is(private.wanted_subaccount(pg_temp.tenant(), now() + interval '12 hours')::text, 'suspended', 'It can be asked for a moment to come, before the retention ends');
select is(private.wanted_subaccount(pg_temp.tenant(), now() + interval '1 day')::text, 'closed', 'It can be asked for a moment to come, when the retention ends');

-- Who is gone -----------------------------------------------------------------------------------------------------------

insert into private.tenancies (user_id, requested_at, operator_hold) values (pg_temp.tenant(), now(), 'suspended');
delete from auth.users where id = pg_temp.tenant();
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'closed', 'A deleted user''s subaccount must be closed, also with an operator''s suspension');
select is(private.wanted_subaccount(gen_random_uuid())::text, 'closed', 'Who never was is entitled to nothing that could be open');

select * from finish();
rollback;
