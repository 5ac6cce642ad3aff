-- The Checkout Session of a tenant, and the Stripe customer that a tenant may use.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(48);

select pg_temp.join_as('tenant', 'attacker');
insert into public.plans (key, name, rank, superseded_at, stripe_price_id, max_numbers, daily_message_limit, monthly_message_limit)
  values ('team-1', 'Team', 3, now(), 'price_old', 1, 1, 1);
set local role service_role;

create function pg_temp.checkout(p_plan text default 'team', p_over text default null, p_user uuid default pg_temp.tenant(), p_url text default 'https://app.test/') returns record language sql as $$
  select b from public.begin_checkout(p_user, p_plan, p_url, 'https://app.test/back', p_over) b;
$$;
create function pg_temp.outcome(p_plan text default 'team', p_over text default null, p_user uuid default pg_temp.tenant(), p_url text default 'https://app.test/') returns text language sql as $$
  select outcome::text || coalesce(' ' || session_id, '') || coalesce(' replaces ' || replaced_session_id, '')
  from public.begin_checkout(p_user, p_plan, p_url, 'https://app.test/back', p_over);
$$;
create function pg_temp.attempt() returns uuid language sql as $$ select attempt_id from private.checkouts where user_id = pg_temp.tenant() $$;
create table pg_temp.noted (attempt_id uuid);

-- The plans on sale --------------------------------------------------------------------------------------------------

select is(pg_temp.outcome('gold'), 'unknown_plan', 'begin_checkout returns unknown_plan for a plan that does not exist');
select is(pg_temp.outcome('free'), 'not_for_sale', 'begin_checkout returns not_for_sale for the plan without a subscription');
select is(pg_temp.outcome('fallback'), 'not_for_sale', 'begin_checkout returns not_for_sale for the shared numbers');
select is(pg_temp.outcome('team-1'), 'not_for_sale', 'begin_checkout returns not_for_sale for a replaced version of a plan');
select is(pg_temp.outcome('team', null, pg_temp.stranger()), 'unknown_user', 'begin_checkout returns unknown_user for a deleted user');
insert into private.tenancies (user_id, operator_hold) values (pg_temp.attacker(), 'closed');
select is(pg_temp.outcome('team', null, pg_temp.attacker()), 'tenant_closed', 'begin_checkout returns tenant_closed for a tenant that an operator closed');
update private.tenancies set operator_hold = 'suspended' where user_id = pg_temp.attacker();
select is_empty('select 1 from private.checkouts', 'A refused checkout stores nothing');

-- One session per tenant ---------------------------------------------------------------------------------------------

select is(pg_temp.outcome(), 'create', 'The first request creates a session');
insert into pg_temp.noted select pg_temp.attempt();
select is(pg_temp.outcome(), 'create', 'A second request before the session exists creates one as well');
select is(pg_temp.attempt(), (select attempt_id from pg_temp.noted), 'Both requests have the same attempt');
select is(public.record_checkout(pg_temp.tenant(), pg_temp.attempt(), 'cs_1')::text, 'recorded', 'record_checkout stores the session of the attempt');
select is(public.record_checkout(pg_temp.tenant(), pg_temp.attempt(), 'cs_1')::text, 'recorded', 'record_checkout accepts the same session again');
select is(public.record_checkout(pg_temp.tenant(), pg_temp.attempt(), 'cs_9')::text, 'replaced', 'record_checkout refuses another session of the same attempt');
select is(public.record_checkout(pg_temp.attacker(), pg_temp.attempt(), 'cs_9')::text, 'replaced', 'record_checkout refuses the attempt of another user');
select is(pg_temp.outcome(), 'open cs_1', 'The same request returns the session');
select is(pg_temp.outcome('team', null, pg_temp.attacker()), 'create', 'Another user''s request has a session of its own, also while an operator suspends them');

-- Another session ----------------------------------------------------------------------------------------------------

select is(pg_temp.outcome('scale'), 'create replaces cs_1', 'A request for another plan replaces the session');
select is(public.record_checkout(pg_temp.tenant(), (select attempt_id from pg_temp.noted), 'cs_1')::text, 'replaced', 'A session of the earlier attempt is refused');
select is(pg_temp.outcome('team'), 'create replaces cs_1', 'The session stays to be expired while no other is stored');
select is(public.record_checkout(pg_temp.tenant(), pg_temp.attempt(), 'cs_2')::text, 'recorded', 'The next session is stored');
select is(pg_temp.outcome('team', null, pg_temp.tenant(), 'https://app.test/other'), 'create replaces cs_2', 'A request with other URLs replaces the session');
select is(public.record_checkout(pg_temp.tenant(), pg_temp.attempt(), 'cs_3')::text, 'recorded', 'Its session is stored');
select is(pg_temp.outcome('team', 'cs_3', pg_temp.tenant(), 'https://app.test/other'), 'create', 'A session that is over is neither returned nor expired');
select is(pg_temp.outcome('team', 'cs_3', pg_temp.tenant(), 'https://app.test/other'), 'create', 'The same report again keeps the attempt');
truncate pg_temp.noted;
insert into pg_temp.noted select pg_temp.attempt();
update private.checkouts set started_at = now() - interval '22 hours' where user_id = pg_temp.tenant();
select pg_temp.outcome('team', null, pg_temp.tenant(), 'https://app.test/other');
select is(pg_temp.attempt(), (select attempt_id from pg_temp.noted), 'An attempt without a session stays while Stripe knows its key');
update private.checkouts set started_at = now() - interval '24 hours' where user_id = pg_temp.tenant();
select pg_temp.outcome('team', null, pg_temp.tenant(), 'https://app.test/other');
select isnt(pg_temp.attempt(), (select attempt_id from pg_temp.noted), 'An attempt is replaced when Stripe may have forgotten its key');

-- The customer -------------------------------------------------------------------------------------------------------

select results_eq('select outcome::text, customer_id from public.billing_customer(pg_temp.tenant())', $$ values ('none', null::text) $$, 'billing_customer returns none without a customer');
insert into private.stripe_customers (id, user_id, origin) values ('cus_link', pg_temp.tenant(), 'checkout');
select results_eq('select outcome::text from public.billing_customer(pg_temp.tenant())', array['none'], 'The customer of a Payment Link cannot be managed by the tenant');
select results_eq($$ select outcome::text, customer_id from public.record_stripe_customer(pg_temp.tenant(), 'cus_1') $$, $$ values ('recorded', 'cus_1') $$, 'record_stripe_customer links a customer');
select results_eq($$ select outcome::text, customer_id from public.record_stripe_customer(pg_temp.tenant(), 'cus_2') $$, $$ values ('recorded', 'cus_1') $$, 'The first customer stays');
select results_eq($$ select outcome::text from public.record_stripe_customer(pg_temp.stranger(), 'cus_3') $$, array['unknown_user'], 'record_stripe_customer links no customer of a deleted user');
select results_eq('select customer_id, customers from pg_temp.checkout() as t (outcome public.begin_checkout_outcome, attempt_id uuid, price_id text, customer_id text, customers bigint, session_id text, replaced_session_id text)',
  $$ values ('cus_1', 2::bigint) $$, 'begin_checkout returns the customer to reuse');
select is(public.forget_stripe_customer(pg_temp.attacker(), 'cus_1')::text, 'already', 'forget_stripe_customer marks no customer of another user');
insert into public.subscriptions (id, user_id, origin, stripe_customer_id, plan_key, status) values ('sub_2', pg_temp.attacker(), 'metadata', 'cus_1', 'team', 'active');
select results_eq('select outcome::text from public.billing_customer(pg_temp.tenant())', array['none'], 'A customer who also pays for another user cannot be managed by the tenant');
delete from public.subscriptions where id = 'sub_2';
select is(public.forget_stripe_customer(pg_temp.tenant(), 'cus_1')::text, 'forgotten', 'forget_stripe_customer marks a customer as deleted');
select results_eq($$ select customer_id from public.record_stripe_customer(pg_temp.tenant(), 'cus_4') $$, array['cus_4'], 'A deleted customer is replaced');

-- A running subscription ---------------------------------------------------------------------------------------------

insert into public.subscriptions (id, user_id, origin, stripe_customer_id, plan_key, status) values ('sub_1', pg_temp.tenant(), 'metadata', 'cus_4', 'team', 'active');
create function pg_temp.with_subscription(p_origin text, p_status public.subscription_status) returns text language plpgsql as $$
begin
  update public.subscriptions set origin = p_origin::public.subscription_origin, status = p_status where id = 'sub_1';
  return pg_temp.outcome('team', null, pg_temp.tenant(), 'https://app.test/other');
end;
$$;
select set_eq($$ select status::text from unnest(enum_range(null::public.subscription_status)) as s (status) where pg_temp.with_subscription('metadata', status) = 'subscription_exists' $$,
  array['incomplete', 'trialing', 'active', 'past_due', 'unpaid', 'paused'], 'A subscription of the tenant''s own refuses a second one until it is over');
select is(pg_temp.with_subscription('operator', 'active'), 'subscription_exists', 'A subscription that an operator linked refuses a second one');
select is(pg_temp.with_subscription('checkout', 'active'), 'create', 'A subscription bought by Payment Link refuses no checkout');
update public.subscriptions set origin = 'metadata' where id = 'sub_1';
insert into private.stripe_customers (id, user_id, origin, linked_at) values ('cus_5', pg_temp.tenant(), 'metadata', now() + interval '1 day');
select results_eq('select customer_id from public.billing_customer(pg_temp.tenant())', array['cus_4'], 'Of two customers, the one with the running subscription is managed');

-- Prices -------------------------------------------------------------------------------------------------------------

create function pg_temp.due() returns text language sql as $$
  select string_agg(plan_key || case when is_due then '!' else '' end || coalesce(' ' || amount, ''), ', ' order by ordinality)
  from public.list_sale_prices() with ordinality;
$$;
select is(pg_temp.due(), 'starter!, team!, scale!', 'The plans for sale are listed from the smallest, without replaced ones, and without a copy each price is to be read');
select is(pg_temp.due(), 'starter!, team!, scale!', 'Without a copy a second request reads them, too');
select is(public.record_sale_prices('[{"plan": "starter"}, {"plan": "gold", "amount": 1}, {"plan": "team", "amount": 49.5, "currency": "usd", "interval": "month", "intervalCount": 1, "includesTaxes": false}, {"plan": "scale", "amount": 199, "currency": "usd", "interval": "year", "intervalCount": 1, "includesTaxes": true}]'),
  3, 'record_sale_prices stores the prices of known plans, also that one has none');
select is(pg_temp.due(), 'starter, team 49.5, scale 199', 'A new copy is not read again');
update private.sale_prices set read_at = now() - interval '11 minutes' where plan_key <> 'scale';
select is(pg_temp.due(), 'starter, team 49.5, scale 199', 'A request that began to read less than 20 seconds ago is waited for');
update private.sale_prices set asked_at = now() - interval '21 seconds';
select is(pg_temp.due(), 'starter!, team! 49.5, scale 199', 'A copy of more than ten minutes is to be read, and used meanwhile');
update private.sale_prices set read_at = now() - interval '25 hours', asked_at = now() - interval '1 second';
select is(pg_temp.due(), 'starter!, team!, scale!', 'A copy of more than a day is as none');
select pg_temp.sign_in(pg_temp.attacker());
select throws_ok('select public.list_sale_prices()', '42501', null, 'A tenant reads the prices through the API only');

select * from finish();
rollback;
