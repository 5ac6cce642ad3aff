-- Limits that operators set: of one tenant in place of their plan's, and of a plan, whose sold versions stay.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(32);

select pg_temp.join_as('tenant', 'neighbour');
insert into public.plans (key, name, rank, stripe_price_id, max_numbers, daily_message_limit, monthly_message_limit, spend_limit) values
  ('gold', 'Gold', 5000, 'price_gold', 3, 100, 1000, 50);
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, origin) values ('sub_1', pg_temp.tenant(), 'cus_1', 'gold', 'active', 'metadata');
create view pg_temp.trail as select action, user_id, details from public.audit_log where actor = 'operator:' || pg_temp.operator() order by id desc;
grant select on pg_temp.trail to service_role;
set local role service_role;

create function pg_temp.limits(p_user uuid) returns text language sql as $$
  select concat_ws(' ', key, max_numbers, max_purchases_per_day, max_purchases_per_month, max_number_price, daily_message_limit, monthly_message_limit, spend_limit, messages_per_second)
  from private.plan_of(p_user);
$$;
create function pg_temp.set_own(p_limits jsonb, p_until timestamptz default null, p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select public.set_tenant_limits(p_user, p_limits, p_until, pg_temp.operator(), 'req-1', 'they called')::text;
$$;
create function pg_temp.set_plan(p_key text, p_limits jsonb, p_sold boolean default false, p_price text default null) returns text language sql as $$
  select concat_ws(' ', outcome, plan_key) from public.set_plan_limits(p_key, p_limits, p_sold, p_price, pg_temp.operator(), 'req-2', 'cheaper');
$$;

-- Of a tenant --------------------------------------------------------------------------------------------------------

select is(pg_temp.limits(pg_temp.tenant()), 'gold 3 5 20 10.00 100 1000 50.00 10.000', 'Without limits of their own a tenant has those of the plan');
select is(pg_temp.set_own('{"spendLimit": 75.5, "maxNumbers": 0}'), 'set', 'set_tenant_limits returns set');
select is(pg_temp.limits(pg_temp.tenant()), 'gold 0 5 20 10.00 100 1000 75.50 10.000', 'A tenant''s own limits replace those of the plan, also by zero, and the others stay');
select results_eq('select o.max_numbers, o.spend_left from public.numbers_overview(pg_temp.tenant()) o', 'values (0, 75.5)', 'The overview of numbers shows the tenant''s own limits');
select is(pg_temp.limits(pg_temp.neighbour()), (select concat_ws(' ', key, max_numbers, max_purchases_per_day, max_purchases_per_month, max_number_price, daily_message_limit, monthly_message_limit, spend_limit, messages_per_second) from public.plans where key = 'free'),
  'Another tenant''s limits stay');
select is((private.remaining_quota(pg_temp.tenant(), private.plan_of(pg_temp.tenant()))).spend, 75.5, 'The decisions on messages see the tenant''s own limit');
select results_eq($$ select action, user_id, details -> 'limits', details ->> 'reason' from pg_temp.trail limit 1 $$,
  $$ values ('limits.set', pg_temp.tenant(), '{"spendLimit": 75.5, "maxNumbers": 0}'::jsonb, 'they called') $$, 'The audit log has the limits and the reason');
select is(pg_temp.set_own('{"maxPurchasesPerDay": 1, "maxPurchasesPerMonth": 2, "maxNumberPrice": 3, "dailyMessageLimit": 4, "monthlyMessageLimit": 5, "messagesPerSecond": 0.5}'), 'set', 'set_tenant_limits sets them again');
select is(pg_temp.limits(pg_temp.tenant()), 'gold 3 1 2 3.00 4 5 50.00 0.500', 'Limits that are set again replace all that were set before');
select is((select details -> 'before' ->> 'spendLimit' from pg_temp.trail limit 1), '75.50', 'The audit log has the limits before the change');
select is(pg_temp.set_own('{"spendLimit": 1}', now()), 'set', 'set_tenant_limits takes an end');
select is(pg_temp.limits(pg_temp.tenant()), 'gold 3 5 20 10.00 100 1000 50.00 10.000', 'Limits end at valid_until');
select is(pg_temp.set_own('{"spendLimit": 1}', now() + interval '1 second'), 'set', 'set_tenant_limits takes a later end');
select is((private.plan_of(pg_temp.tenant())).spend_limit, 1.00, 'Limits apply before valid_until');
update public.subscriptions set status = 'canceled', ended_at = now() where id = 'sub_1';
select is((private.plan_of(pg_temp.tenant())).spend_limit, 1.00, 'A tenant''s own limits apply under any plan');
select is(pg_temp.set_own(null), 'removed', 'set_tenant_limits removes them');
select is((private.plan_of(pg_temp.tenant())).spend_limit, 20.00, 'Without limits of their own the plan''s apply again');
select is(pg_temp.set_own('{}', null, gen_random_uuid()), 'unknown_user', 'set_tenant_limits returns unknown_user for a user who does not exist');
select throws_ok($$ select pg_temp.set_own('{"spendLimit": -1}') $$, '23514', null, 'A negative limit is refused');

-- Of a plan ----------------------------------------------------------------------------------------------------------

update public.subscriptions set status = 'active', ended_at = null where id = 'sub_1';
select is(pg_temp.set_plan('gold', '{"spendLimit": 40}'), 'new_version gold-v2', 'A plan that was sold gets a new version');
select is((private.plan_of(pg_temp.tenant())).spend_limit, 50.00, 'Those who have the sold version keep its limits');
select results_eq($$ select key, version, rank, name, stripe_price_id, spend_limit, daily_message_limit, superseded_at is null from public.plans where name = 'Gold' order by version $$,
  $$ values ('gold', 1, 5000, 'Gold', 'price_gold', 50.00, 100, false), ('gold-v2', 2, 5000, 'Gold', null, 40.00, 100, true) $$, 'The new version is on sale with its own price, and the sold one is replaced');
select is(pg_temp.set_plan('gold-v2', '{"maxNumbers": 9}'), 'changed gold-v2', 'A version that was never sold is changed in place');
select is(pg_temp.set_plan('gold', '{"maxNumbers": 9}'), 'superseded', 'A replaced version gets no new version');
select is(pg_temp.set_plan('gold', '{"maxNumbers": 9}', true), 'changed gold', 'A sold version is changed when the operator says so');
select is((private.plan_of(pg_temp.tenant())).max_numbers, 9, 'A change of a sold version applies to those who have it');
update public.subscriptions set plan_key = 'gold-v2' where id = 'sub_1';
select is(pg_temp.set_plan('gold-v2', '{"maxNumbers": 1}', false, 'price_gold'), 'price_taken', 'The price of another version is refused');
select is(pg_temp.set_plan('gold-v2', '{"maxNumbers": 1}', false, 'price_3'), 'new_version gold-v3', 'A new version counts on');
select is(pg_temp.set_plan('silver', '{}'), 'unknown_plan', 'set_plan_limits returns unknown_plan for an unknown key');

-- What operators see --------------------------------------------------------------------------------------------------

insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, origin, ended_at) values ('sub_over', pg_temp.neighbour(), 'cus_2', 'gold', 'canceled', 'metadata', now());
select results_eq($$ select key, version, superseded_at is null, was_sold, subscriptions, (limits ->> 'maxNumbers')::integer from public.list_plans() where name = 'Gold' order by version $$,
  $$ values ('gold', 1, false, true, 0::bigint, 9), ('gold-v2', 2, false, true, 1, 9), ('gold-v3', 3, true, false, 0, 1) $$,
  'list_plans has every version with its limits, and counts the subscriptions that are not over');
select is((select array_agg(key order by key) from public.list_plans()), (select array_agg(key order by key) from public.plans), 'list_plans has every plan once');
insert into private.tenancies (user_id, requested_at) values (pg_temp.tenant(), now()), (pg_temp.neighbour(), now());
select is((select array_agg(user_id) from public.emails_of_tenants(array[pg_temp.tenant(), gen_random_uuid()])), array[pg_temp.tenant()], 'emails_of_tenants has those of the named tenants only');

select * from finish();
rollback;
