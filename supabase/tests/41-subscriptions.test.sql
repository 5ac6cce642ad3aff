-- The user of a Stripe customer, and a subscription as last read from Stripe.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(54);

select pg_temp.join_as('tenant', 'attacker');
select pg_temp.forget_jobs();
create view pg_temp.asked as select message ->> 'userId' as user_id from private.jobs where message ->> 'kind' = 'converge';
grant select on pg_temp.asked to service_role;
set local role service_role;

create function pg_temp.record(p_id text, p_customer text, p_user uuid, p_status text, p_price text default null, p_lookup text default 'team',
  p_ended timestamptz default null, p_read bigint default 1, p_origin text default 'metadata', p_named uuid default null, p_prices jsonb default null,
  p_pending boolean default false) returns text language sql as $$
  select outcome || coalesce(' ' || user_id, '') from public.record_subscription(p_id, p_customer, p_user, p_origin::public.subscription_origin,
    p_named, p_status::public.subscription_status, coalesce(p_prices, jsonb_build_array(jsonb_build_object('id', coalesce(p_price, 'price_any'), 'lookupKey', p_lookup,
      'periodStart', '2026-01-01Z', 'periodEnd', '2026-02-01Z'))), p_pending, '2026-03-01Z', p_ended, '2026-01-01Z', p_read);
$$;
create function pg_temp.subscription(p_id text) returns public.subscriptions language sql as $$
  select s from public.subscriptions s where id = p_id;
$$;

-- A subscription with a user -----------------------------------------------------------------------------------------

select is(pg_temp.record('sub_p1', 'cus_p1', pg_temp.tenant(), 'active', null, 'team'), 'recorded ' || pg_temp.tenant(), 'record_subscription returns recorded with the user that the subscription names');
select results_eq($$ select user_id, origin::text, stripe_customer_id, plan_key, status::text, past_due_since, current_period_start, current_period_end, cancel_at, ended_at, created_at
    from public.subscriptions where id = 'sub_p1' $$,
  $$ values (pg_temp.tenant(), 'metadata', 'cus_p1', 'team', 'active', null::timestamptz, '2026-01-01Z'::timestamptz, '2026-02-01Z'::timestamptz, '2026-03-01Z'::timestamptz,
    null::timestamptz, '2026-01-01Z'::timestamptz) $$, 'record_subscription stores every value');
select is((select user_id from private.stripe_customers where id = 'cus_p1'), pg_temp.tenant(), 'record_subscription links the customer to the user');
select results_eq('select user_id from pg_temp.asked', array[pg_temp.tenant()::text], 'record_subscription asks for one convergence');
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'active', 'The wanted status is active after an active subscription');
select is((select version from private.tenancies where user_id = pg_temp.tenant()), 1::bigint, 'The first convergence request creates the tenancy with version 1');

-- The user of a subscription -----------------------------------------------------------------------------------------

select is(pg_temp.record('sub_p2', 'cus_p1', null, 'active'), 'recorded ' || pg_temp.tenant(), 'A subscription without a user belongs to its customer''s user');
select is(pg_temp.record('sub_p3', 'cus_p1', pg_temp.attacker(), 'active', p_origin => 'checkout'), 'recorded ' || pg_temp.tenant(),
  'A subscription whose checkout names another user belongs to its customer''s user');
select is(pg_temp.record('sub_p1', 'cus_p9', pg_temp.attacker(), 'active'), 'recorded ' || pg_temp.tenant(), 'A known subscription keeps its user');
select is(pg_temp.record('sub_p4', 'cus_p4', gen_random_uuid(), 'active'), 'unlinked', 'record_subscription returns unlinked for a user who does not exist');
select is_empty($$ select 1 from private.stripe_customers where id = 'cus_p4' $$, 'A customer is not linked to a user who does not exist');

-- Links after the subscription ---------------------------------------------------------------------------------------

select is(pg_temp.record('sub_p5', 'cus_p5', null, 'trialing'), 'unlinked', 'record_subscription returns unlinked without a known user');
select is((pg_temp.subscription('sub_p5')).status::text, 'trialing', 'An unlinked subscription is stored');
update private.tenancies set version = 10 where user_id = pg_temp.tenant();
reset role;
select pg_temp.forget_jobs();
set local role service_role;
select is(public.link_stripe_customer('cus_p5', gen_random_uuid(), 'checkout')::text, 'unknown_user', 'link_stripe_customer returns unknown_user for a user who does not exist');
select is(public.link_stripe_customer('cus_p5', pg_temp.tenant(), 'checkout')::text, 'linked', 'link_stripe_customer returns linked for an existing user');
select is((pg_temp.subscription('sub_p5')).user_id, pg_temp.tenant(), 'link_stripe_customer gives the customer''s subscriptions their user');
select is((pg_temp.subscription('sub_p5')).origin::text, 'checkout', 'link_stripe_customer gives the customer''s subscriptions its origin');
select results_eq('select user_id from pg_temp.asked', array[pg_temp.tenant()::text], 'link_stripe_customer asks for convergence');
select cmp_ok((select version from private.tenancies where user_id = pg_temp.tenant()), '>', 10::bigint, 'link_stripe_customer increments the tenancy''s version');
select is(public.link_stripe_customer('cus_p5', pg_temp.attacker(), 'checkout')::text, 'linked', 'link_stripe_customer returns linked for a customer that is linked to another user');
select is((select user_id from private.stripe_customers where id = 'cus_p5'), pg_temp.tenant(), 'The first link stays');
select is((pg_temp.subscription('sub_p5')).user_id, pg_temp.tenant(), 'A second link does not change the user of a subscription');
select is((select count(*) from pg_temp.asked), 1::bigint, 'A link that changes no subscription asks for no convergence');
select is(pg_temp.record('sub_p6', 'cus_p5', null, 'active'), 'recorded ' || pg_temp.tenant(), 'A later subscription of a linked customer belongs to its user');
select results_eq($$ select origin::text from public.subscriptions where id in ('sub_p5', 'sub_p6') order by id $$, array['checkout', 'checkout'],
  'A second link changes no origin, and a later subscription gets that of the first link');
select is((pg_temp.subscription('sub_p4')).origin, null, 'A subscription without a user has no origin');

-- The grace period ---------------------------------------------------------------------------------------------------

select pg_temp.record('sub_p1', 'cus_p1', null, 'past_due');
select is((pg_temp.subscription('sub_p1')).past_due_since, now(), 'past_due_since is the first time past due');
update public.subscriptions set past_due_since = '2026-01-15Z' where id = 'sub_p1';
select pg_temp.record('sub_p1', 'cus_p1', null, 'past_due');
select is((pg_temp.subscription('sub_p1')).past_due_since, '2026-01-15Z'::timestamptz, 'A later read that is past due keeps past_due_since');
select pg_temp.record('sub_p1', 'cus_p1', null, 'active');
select is((pg_temp.subscription('sub_p1')).past_due_since, null, 'An active subscription has no past_due_since');
select pg_temp.record('sub_p1', 'cus_p1', null, 'past_due');
select is((pg_temp.subscription('sub_p1')).past_due_since, now(), 'The next time past due sets past_due_since anew');
select pg_temp.record('sub_p1', 'cus_p1', null, 'canceled', p_ended => '2026-01-20Z');
select results_eq($$ select status::text, past_due_since, ended_at from public.subscriptions where id = 'sub_p1' $$,
  $$ values ('canceled', null::timestamptz, '2026-01-20Z'::timestamptz) $$, 'The end of a subscription is stored');

-- The plan -----------------------------------------------------------------------------------------------------------

update public.plans set stripe_price_id = 'price_pgtap' where key = 'scale';
create function pg_temp.plan_for(p_price text, p_lookup text) returns text language plpgsql as $$
begin
  perform pg_temp.record('sub_p7', 'cus_p7', pg_temp.tenant(), 'active', p_price, p_lookup);
  return (pg_temp.subscription('sub_p7')).plan_key;
end;
$$;
select is(pg_temp.plan_for(price, lookup), plan, format('The price %s with the lookup key %s belongs to the plan %s', price, lookup, plan)) from (values
  ('price_pgtap', null, 'scale'), ('price_pgtap', 'team', 'scale'), ('price_unknown', 'team', 'team'), (null, 'starter', 'starter')) cases (price, lookup, plan);

update public.subscriptions set status = 'canceled' where user_id = pg_temp.tenant();
select is((private.plan_of(pg_temp.tenant())).key, 'free', 'plan_of returns the free plan without a running subscription');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, created_at) values
  ('sub_p8', pg_temp.tenant(), 'cus_p1', 'starter', 'past_due', now() - interval '2 days'),
  ('sub_p9', pg_temp.tenant(), 'cus_p1', 'team', 'active', now() - interval '1 day'),
  ('sub_p10', pg_temp.tenant(), 'cus_p1', 'scale', 'unpaid', now());
select is((private.plan_of(pg_temp.tenant())).key, 'team', 'plan_of returns the plan of the best running subscription');
update public.subscriptions set status = 'canceled' where id = 'sub_p9';
select is((private.plan_of(pg_temp.tenant())).key, 'starter', 'plan_of returns the plan of a subscription within its grace period');
select throws_ok($$ insert into public.subscriptions (id, stripe_customer_id, plan_key, status) values ('sub_p11', 'cus', 'team', 'lapsed') $$, '22P02', null,
  'A status that Stripe does not have is refused');

-- Reads that overlap -------------------------------------------------------------------------------------------------

select is(pg_temp.record('sub_line', 'cus_line', pg_temp.tenant(), 'canceled', null, 'team', '2026-01-10Z', 9), 'recorded ' || pg_temp.tenant(), 'A read with a higher number is recorded');
select is(pg_temp.record('sub_line', 'cus_line', pg_temp.tenant(), 'active', null, 'team', null, 8), 'superseded ' || pg_temp.tenant(), 'A read with a lower number is superseded');
select is((pg_temp.subscription('sub_line')).status::text, 'canceled', 'A superseded read does not change the status');
select is(pg_temp.record('sub_line', 'cus_line', pg_temp.tenant(), 'active', null, 'team', null, 10), 'recorded ' || pg_temp.tenant(), 'The next read is recorded');

-- Plans --------------------------------------------------------------------------------------------------------------

select results_eq('select key from public.plans order by rank', $$ values ('fallback'), ('free'), ('starter'), ('team'), ('scale') $$,
  'The ranks order the plans from the shared numbers to the largest plan');
select throws_ok($$ update public.plans set rank = 1 where key = 'team' $$, '23505', null, 'Two plans on sale with one rank are refused');
select lives_ok($$ update public.plans set superseded_at = now() where key = 'team';
  insert into public.plans (key, name, rank, version, max_numbers, daily_message_limit, monthly_message_limit) values ('team-2', 'Team', 3, 2, 6, 1, 1) $$,
  'A new version may have the rank of a superseded plan');
select throws_ok(format('update public.plans set allowed_countries = %L where key = %L', countries, 'free'), '23514', null,
  format('The list of countries %s is refused', countries)) from unnest(array['{US,NULL}', '{us}', '{USA}', '{UK}', '{ZZ}']) countries;

-- A deleted user's customer ------------------------------------------------------------------------------------------

reset role;
select pg_temp.join_as('leaver', 'newcomer');
select pg_temp.record('sub_leaver', 'cus_leaver', pg_temp.leaver(), 'active');
delete from auth.users where id = pg_temp.leaver();
select pg_temp.forget_jobs();
select is(pg_temp.record('sub_leaver', 'cus_leaver', pg_temp.leaver(), 'canceled'), 'recorded ' || pg_temp.leaver(), 'A subscription of a deleted user is recorded under their id');
select is_empty('select 1 from pg_temp.asked', 'A subscription of a deleted user asks for no convergence');
select is(pg_temp.record('sub_again', 'cus_leaver', pg_temp.newcomer(), 'active'), 'recorded ' || pg_temp.newcomer(), 'A customer of a deleted user can be linked to another user');

select * from finish();
rollback;
