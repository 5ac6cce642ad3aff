-- What a tenant's subscriptions give them: the plan and the status come from the one that ranks first.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(8);

select pg_temp.join_as('tenant', 'neighbour');

-- A subscription of the tenant. Later ones are newer.
create sequence pg_temp.ages;
create function pg_temp.subscribe(p_id text, p_plan text, p_status text default 'active', p_since interval default '0', p_user uuid default pg_temp.tenant())
returns void language sql as $$
  insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, past_due_since, ended_at, created_at)
  values (p_id, p_user, 'cus_pgtap', p_plan, p_status::public.subscription_status, case p_status when 'past_due' then now() - p_since end,
    case p_status when 'canceled' then now() - p_since end, now() - interval '1 year' + make_interval(mins => nextval('pg_temp.ages')::integer));
$$;
-- The plan and the status of the tenant, by the functions that decisions call. Removes the subscriptions again.
create function pg_temp.gets(p_user uuid default pg_temp.tenant()) returns text language plpgsql as $$
declare
  answer constant text := (private.plan_of(p_user)).key || ' ' || private.wanted_subaccount(p_user);
begin
  delete from public.subscriptions where user_id = p_user;
  return answer;
end;
$$;

-- Rank, then age -----------------------------------------------------------------------------------------------------

select pg_temp.subscribe('sub_one', 'scale'), pg_temp.subscribe('sub_two', 'starter');
select is(pg_temp.gets(), 'scale active', 'A tenant who buys scale and then starter keeps scale');
select pg_temp.subscribe('sub_one', 'scale', 'past_due', '21 days'), pg_temp.subscribe('sub_two', 'starter');
select is(pg_temp.gets(), 'starter active', 'A scale subscription that is 21 days past due does not lift a tenant on starter');
select pg_temp.subscribe('sub_one', 'scale', 'past_due', '6 days'), pg_temp.subscribe('sub_two', 'starter');
select is(pg_temp.gets(), 'scale active', 'A scale subscription within its grace period counts before starter');
select pg_temp.subscribe('sub_one', 'scale', 'past_due', '21 days');
select is(pg_temp.gets(), 'free suspended', 'A tenant whose only subscription is beyond its grace period is suspended and has no plan');
select pg_temp.subscribe('sub_neighbour', 'starter', p_user => pg_temp.neighbour());
select is(pg_temp.gets(), 'free none', 'A neighbour''s subscription gives a tenant nothing');

insert into public.plans (key, name, rank, version, superseded_at, max_numbers, daily_message_limit, monthly_message_limit)
values ('team-0', 'Team', 3, 2, now(), 9, 1, 1);
select pg_temp.subscribe('sub_one', 'team-0'), pg_temp.subscribe('sub_two', 'team');
select is(pg_temp.gets(), 'team active', 'Of two versions of a plan, which share a rank, that of the newer subscription counts');
select pg_temp.subscribe('sub_one', 'team'), pg_temp.subscribe('sub_two', 'team-0');
select is(pg_temp.gets(), 'team-0 active', 'A newer subscription to an older version of the plan counts as well');

select pg_temp.subscribe('sub_one', 'team'), pg_temp.subscribe('sub_two', 'scale', 'past_due', '6 days');
select results_eq('select e.* from private.entitlement_of(pg_temp.tenant()) e',
  $$ values ('active'::public.wanted_status, 'scale', 'sub_two', now() + interval '1 day') $$,
  'entitlement_of names the subscription that counts and when its grace period ends');

select * from finish();
rollback;
