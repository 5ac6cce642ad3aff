-- What a tenant's subscriptions give them: the plan and the status come from the one that ranks first.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(83);

select pg_temp.join_as('tenant', 'neighbour', 'attacker', 'visitor');

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
  $$ values ('active'::public.wanted_status, 'scale', 'sub_two', false, now() + interval '1 day') $$,
  'entitlement_of names the subscription that counts and when its grace period ends');

select pg_temp.subscribe('sub_three', 'starter', 'past_due', '8 days');
select is((private.entitlement_of(pg_temp.tenant())).changes_at, now() + interval '1 day', 'An end that has passed is not the next change');
delete from public.subscriptions;

-- The first payment --------------------------------------------------------------------------------------------------

create function pg_temp.while_pending(p_status text, p_entitle boolean) returns text language plpgsql as $$
begin
  update public.plans set entitle_while_pending = p_entitle where key = 'team';
  perform pg_temp.subscribe('sub_pending', 'team', p_status, '1 day');
  update public.subscriptions set first_payment_pending = true where id = 'sub_pending';
  return pg_temp.gets();
end;
$$;
select is(pg_temp.while_pending(status, entitle), expected,
  format('A subscription that is %s while its first payment is pending gives %s on a plan that %s', status, expected, case when entitle then 'entitles meanwhile' else 'waits for it' end))
from (values ('active', false, 'free none'), ('past_due', false, 'free none'), ('canceled', false, 'free none'), ('active', true, 'team active'),
  ('past_due', true, 'team active'), ('canceled', true, 'free suspended'), ('incomplete', true, 'free none')) cases (status, entitle, expected);
update public.plans set entitle_while_pending = false where key = 'team';

-- What Stripe was read to say ----------------------------------------------------------------------------------------

create function pg_temp.record(p_id text, p_customer text, p_user uuid, p_origin text, p_named uuid default null, p_status text default 'active', p_prices jsonb default null,
  p_pending boolean default false, p_read bigint default 1) returns uuid language sql as $$
  select user_id from public.record_subscription(p_id, p_customer, p_user, p_origin::public.subscription_origin, p_named, p_status::public.subscription_status,
    coalesce(p_prices, '[{"id": "price_team", "lookupKey": "team"}]'), p_pending, null, case p_status when 'canceled' then now() end, now(), p_read);
$$;
create function pg_temp.stored(p_id text) returns public.subscriptions language sql as $$ select s from public.subscriptions s where id = p_id $$;

select pg_temp.record('sub_pay', 'cus_pay', pg_temp.tenant(), 'checkout', p_pending => true);
select is((pg_temp.stored('sub_pay')).first_payment_pending, true, 'record_subscription stores that the first payment is pending');
select pg_temp.record('sub_pay', 'cus_pay', null, null, p_pending => null);
select is((pg_temp.stored('sub_pay')).first_payment_pending, true, 'A read that does not tell keeps the first payment pending');
select pg_temp.record('sub_pay', 'cus_pay', null, null, p_pending => false);
select is((pg_temp.stored('sub_pay')).first_payment_pending, false, 'A paid invoice ends the wait for the first payment');
select pg_temp.record('sub_pay', 'cus_pay', null, null, p_pending => null);
select is((pg_temp.stored('sub_pay')).first_payment_pending, false, 'An open renewal of a subscription that was paid once is not a pending first payment');
delete from public.subscriptions;

-- The items ----------------------------------------------------------------------------------------------------------

create function pg_temp.items(p_prices jsonb, p_status text default 'active') returns text language plpgsql as $$
begin
  perform pg_temp.record('sub_items', 'cus_items', pg_temp.visitor(), 'metadata', p_prices => p_prices, p_status => p_status);
  return (select concat_ws(' ', coalesce(s.plan_key, 'none'), to_char(s.current_period_end at time zone 'utc', 'MM-DD'), private.wanted_subaccount(pg_temp.visitor()))
    from public.subscriptions s where id = 'sub_items');
end;
$$;
create view pg_temp.open_alerts as select subject, user_id, times, details from public.operator_alerts where kind = 'unknown_price' and settled_at is null;
update public.plans set stripe_price_id = 'price_known' where key = 'starter';
select is(pg_temp.items('[{"id": "price_new"}, {"id": "price_other"}]'), 'none none', 'An unknown price entitles to nothing');
select results_eq('select subject, user_id, times, details from pg_temp.open_alerts', $$ values ('price_new', pg_temp.visitor(), 1,
  '{"subscriptionId": "sub_items", "priceIds": ["price_new", "price_other"], "keepsPlan": null}'::jsonb) $$, 'An unknown price raises an alert with its subscription');
select is(pg_temp.items('[{"id": "price_new"}, {"id": "price_known", "periodEnd": "2026-03-05Z"}, {"id": "price_x", "lookupKey": "scale", "periodEnd": "2026-04-06Z"},
  {"id": "price_y", "lookupKey": "team"}]'), 'scale 04-06 active', 'Of several items, the best known one gives the plan and the period');
select is_empty('select * from pg_temp.open_alerts', 'The alert is settled when the subscription has a known price');
select is(pg_temp.items('[{"id": "price_new", "periodEnd": "2026-05-07Z"}]'), 'scale 05-07 active', 'A subscription that gets an unknown price keeps its plan');
select results_eq($$ select subject, details ->> 'keepsPlan' from pg_temp.open_alerts $$, $$ values ('price_new', 'scale') $$, 'An unknown price in place of a known one raises an alert as well');
select is(pg_temp.items('[]'), 'scale active', 'A subscription without items keeps its plan');
select results_eq($$ select subject from pg_temp.open_alerts $$, $$ values ('sub_items') $$, 'The alert about a subscription without items names the subscription');
select is(pg_temp.items('[{"id": "price_new", "periodEnd": "2026-05-07Z"}]'), 'scale 05-07 active', 'The unknown price is back');
select pg_temp.record('sub_same', 'cus_same', pg_temp.tenant(), 'metadata', p_prices => '[{"id": "price_new"}]');
select results_eq($$ select subject, times from pg_temp.open_alerts $$, $$ values ('price_new', 2) $$, 'Two subscriptions with one unknown price share an alert');
update public.plans set stripe_price_id = 'price_new' where key = 'team';
select results_eq($$ select id, plan_key, unknown_prices from public.subscriptions where id in ('sub_items', 'sub_same') order by id $$,
  $$ values ('sub_items', 'team', null::jsonb), ('sub_same', 'team', null) $$, 'A plan that gets the price is applied to the subscriptions that were waiting for it');
select is_empty('select * from pg_temp.open_alerts', 'The alert is settled when the price belongs to a plan');
select is(pg_temp.items('[{"id": "price_last"}]', 'canceled'), 'team suspended', 'A canceled subscription with an unknown price lapses as its last plan did');
select is_empty('select * from pg_temp.open_alerts', 'A canceled subscription raises no alert about its price');
delete from public.subscriptions;

-- The user -----------------------------------------------------------------------------------------------------------

-- The attacker's customer was linked to the tenant by a checkout with the tenant's client_reference_id.
select is(pg_temp.record('sub_gift', 'cus_buyer', pg_temp.tenant(), 'checkout'), pg_temp.tenant(), 'A Payment Link opened for the tenant gives the tenant the subscription');
select is(pg_temp.record('sub_own', 'cus_buyer', null, null, pg_temp.attacker()), pg_temp.attacker(), 'The user in a subscription''s own metadata outranks the customer''s link');
select results_eq($$ select id, user_id, origin::text from public.subscriptions order by id $$,
  $$ values ('sub_gift', pg_temp.tenant(), 'checkout'), ('sub_own', pg_temp.attacker(), 'metadata') $$, 'The gift of the same customer stays with the tenant');
select is((select user_id from private.stripe_customers where id = 'cus_buyer'), pg_temp.attacker(), 'Metadata outranks the link that a checkout''s visitor made');
select public.link_stripe_customer('cus_buyer', pg_temp.tenant(), 'checkout');
select is((select user_id from private.stripe_customers where id = 'cus_buyer'), pg_temp.attacker(), 'A checkout''s visitor does not change a link made by metadata');
select pg_temp.forget_jobs();
select is(pg_temp.record('sub_own', 'cus_buyer', null, null, pg_temp.neighbour()), pg_temp.neighbour(), 'A subscription whose metadata changes moves to the user it names now');
select bag_eq($$ select message ->> 'userId' from private.jobs where message ->> 'kind' = 'converge' $$, array[pg_temp.attacker()::text, pg_temp.neighbour()::text],
  'The user who lost the subscription is converged as well as the one who got it');
select is(pg_temp.record('sub_own', 'cus_buyer', pg_temp.tenant(), 'checkout'), pg_temp.neighbour(), 'A checkout does not move a subscription that metadata named');
select is(pg_temp.record('sub_own', 'cus_buyer', null, null, gen_random_uuid()), pg_temp.neighbour(), 'Metadata that names an unknown user moves nothing');
select is(pg_temp.record('sub_lost', 'cus_buyer', null, null, gen_random_uuid()), null, 'A new subscription that names an unknown user is not given to its customer''s user');
select public.link_stripe_customer('cus_buyer', pg_temp.attacker(), 'metadata');
select is((pg_temp.stored('sub_lost')).user_id, null, 'A link of the customer does not give it away either');
select is(pg_temp.record('sub_gift', 'cus_buyer', null, null, pg_temp.tenant()), pg_temp.tenant(), 'Metadata may name the user of a gift');
select is((pg_temp.stored('sub_gift')).origin::text, 'metadata', 'A gift whose metadata names its user becomes their own');
delete from public.subscriptions;

-- Gifts --------------------------------------------------------------------------------------------------------------

-- Every pair of an own subscription and a gift, with every request, for two orders of rank and age. The expected value
-- is computed by the rules of decision 51, one after the other.
create temp table states (name text primary key, status text, since interval, pending boolean, entitles boolean, lapsed text);
insert into states values ('absent', null, null, false, false, null), ('active', 'active', null, false, true, null), ('trialing', 'trialing', null, false, true, null),
  ('in grace', 'past_due', '6 days', false, true, null), ('beyond grace', 'past_due', '8 days', false, false, 'suspended'), ('unpaid', 'unpaid', null, false, false, 'suspended'),
  ('in retention', 'canceled', '29 days', false, false, 'suspended'), ('beyond retention', 'canceled', '31 days', false, false, 'closed'),
  ('incomplete', 'incomplete', null, false, false, null), ('pending', 'active', null, true, false, null), ('never paid', 'canceled', '1 day', true, false, null);
create temp table requests (name text primary key, requested_by private.request_source, is_requested boolean);
insert into requests values ('nothing', null, false), ('a user''s request', 'user', true), ('an operator''s provisioning', 'operator', true), ('an active subaccount', 'existing', true),
  ('a suspended subaccount', 'existing', false);
create temp table cases as select md5(concat_ws('/', own.name, gift.name, r.name, own_is_better, own_is_newer))::uuid as user_id, own.name as own, gift.name as gift, r.name as request,
    own_is_better, own_is_newer, case when own_is_better then 'scale' else 'starter' end as own_plan, case when own_is_better then 'starter' else 'scale' end as gift_plan
  from states own, states gift, requests r, unnest(array[true, false]) own_is_better, unnest(array[true, false]) own_is_newer;
insert into auth.users (id, email) select user_id, user_id || '@pgtap.test' from cases;
insert into private.tenancies (user_id, requested_by, requested_at) select c.user_id, r.requested_by, case when r.is_requested then now() end from cases c join requests r on r.name = c.request;
insert into public.subscriptions (id, user_id, origin, stripe_customer_id, plan_key, status, first_payment_pending, past_due_since, ended_at, created_at)
select kind || c.user_id, c.user_id, (case kind when 'gift' then 'checkout' else 'metadata' end)::public.subscription_origin, 'cus_' || kind, plan, s.status::public.subscription_status, s.pending,
  now() - s.since, now() - s.since, now() - case when (kind = 'own') = c.own_is_newer then interval '1 day' else interval '2 days' end
from cases c cross join lateral (values ('own', c.own, c.own_plan), ('gift', c.gift, c.gift_plan)) each (kind, state, plan) join states s on s.name = each.state and s.status is not null;

create function pg_temp.expected(c cases) returns text language plpgsql as $$
declare
  own constant states := (select s from states s where s.name = c.own);
  gift constant states := (select s from states s where s.name = c.gift);
  request constant requests := (select r from requests r where r.name = c.request);
begin
  -- A subscription that entitles now gives its plan; of two, the better one.
  if own.entitles and gift.entitles then return 'scale active'; end if;
  if own.entitles then return c.own_plan || ' active'; end if;
  if gift.entitles then return c.gift_plan || ' active'; end if;
  -- A subscription of their own that lapsed decides. A gift may add its own retention period.
  if own.lapsed is not null then return 'free ' || case when 'suspended' in (own.lapsed, gift.lapsed) then 'suspended' else 'closed' end; end if;
  -- A gift that is over takes nothing away.
  if request.is_requested then return 'free active'; end if;
  if gift.lapsed = 'closed' and request.requested_by = 'existing' then return 'free suspended'; end if;
  return 'free ' || coalesce(gift.lapsed, 'none');
end;
$$;
create temp table outcomes as select c as test_case, pg_temp.expected(c) as expected, (private.plan_of(c.user_id)).key || ' ' || private.wanted_subaccount(c.user_id) as got from cases c;
select is_empty('select * from outcomes where got is distinct from expected', 'Plan and status follow the rules for every pair of an own subscription and a gift, with every request');
select results_eq('select got, count(*) > 9 from outcomes group by got order by got collate "C"', $$ values ('free active', true), ('free closed', true), ('free none', true), ('free suspended', true),
  ('scale active', true), ('starter active', true) $$, 'The cases reach every outcome');
-- Without the gift, nothing is better: what a gift changes is only ever an improvement, but for a tenant who had nothing.
delete from public.subscriptions where id like 'gift%';
select is_empty($$ select test_case, got from outcomes where private.wanted_subaccount((test_case).user_id) in ('active', 'suspended', 'closed')
    and private.wanted_subaccount((test_case).user_id) < split_part(got, ' ', 2)::public.wanted_status $$, 'No gift, in any state, gives a tenant who had something a worse status than they have without it');
select is_empty($$ select test_case from outcomes where (select p.rank from public.plans p where p.key = split_part(got, ' ', 1)) < (private.plan_of((test_case).user_id)).rank $$,
  'No gift lowers a plan');
delete from public.subscriptions;
delete from private.tenancies;

-- Requests beside a gift ---------------------------------------------------------------------------------------------

create function pg_temp.request(p_open boolean) returns text language sql as $$ select outcome::text from public.request_subaccount(pg_temp.visitor(), p_open, null) $$;
create function pg_temp.give(p_status text, p_ago interval default '0') returns void language sql as $$
  insert into public.subscriptions (id, user_id, origin, stripe_customer_id, plan_key, status, ended_at)
  values ('sub_gift', pg_temp.visitor(), 'checkout', 'cus_gift', 'team', p_status::public.subscription_status, now() - p_ago)
  on conflict (id) do update set status = excluded.status, ended_at = excluded.ended_at;
$$;
select pg_temp.give('active');
select is(pg_temp.request(false), 'accepted', 'A tenant with a gift may ask for the subaccount where only subscribers are served');
select is((select requested_at from private.tenancies where user_id = pg_temp.visitor()), null, 'Such a request adds nothing to the gift');
select pg_temp.give('canceled');
select is(private.wanted_subaccount(pg_temp.visitor())::text, 'suspended', 'A gift that ends suspends a tenant who had nothing else');
select is(pg_temp.request(false), 'suspended', 'Where only subscribers are served, a request after the gift is refused');
select pg_temp.give('canceled', '31 days');
select is(private.wanted_subaccount(pg_temp.visitor())::text, 'closed', 'The retention period of such a gift ends with the closure');
select is(pg_temp.request(true), 'accepted', 'Where anyone is served, a gift that is over does not stand in the way of a request');
select is(private.wanted_subaccount(pg_temp.visitor())::text, 'active', 'The request outranks the gift that ended');
select results_eq($$ select requested_by::text, requested_at from private.tenancies where user_id = pg_temp.visitor() $$, $$ values ('user', now()) $$, 'The request is stored as the user''s');
update private.tenancies set requested_at = null, requested_by = null where user_id = pg_temp.visitor();
select public.provision_tenant(pg_temp.visitor(), null, pg_temp.operator(), null, 'asked');
select results_eq($$ select private.wanted_subaccount(user_id)::text, requested_by::text from private.tenancies where user_id = pg_temp.visitor() $$, $$ values ('active', 'operator') $$,
  'An operator''s provisioning outranks a gift that ended');
update private.tenancies set requested_at = null, requested_by = null where user_id = pg_temp.visitor();
select pg_temp.give('active');
select pg_temp.store(pg_temp.visitor(), 'AC1', 'active', 'v1.k1.iv.sealed');
select is(pg_temp.request(true), 'already', 'A tenant whose gift gave them a subaccount may ask for it where anyone is served');
select pg_temp.give('canceled');
select is(private.wanted_subaccount(pg_temp.visitor())::text, 'active', 'Such a request outlasts the gift');
delete from public.subscriptions;
delete from private.tenancies;

-- A subaccount that existed before the gift, without a request, as a restored row of the host's table has it.
select pg_temp.store(pg_temp.visitor(), 'AC1', stored, 'v1.k1.iv.sealed') from (values ('active')) v (stored);
select pg_temp.record('sub_gift', 'cus_gift2', pg_temp.visitor(), 'checkout');
select pg_temp.record('sub_gift', 'cus_gift2', null, null, p_status => 'canceled');
select is(private.wanted_subaccount(pg_temp.visitor(), now() + interval '1 year')::text, 'active', 'A gift that ends neither suspends nor closes an active subaccount that existed before it');
delete from public.subscriptions;
delete from private.tenancies;
select pg_temp.store(pg_temp.visitor(), 'AC1', 'suspended', 'v1.k1.iv.sealed');
select pg_temp.record('sub_gift', 'cus_gift3', null, null);
select public.link_stripe_customer('cus_gift3', pg_temp.visitor(), 'checkout');
select is(private.wanted_subaccount(pg_temp.visitor())::text, 'active', 'A gift activates a suspended subaccount that existed before it');
select pg_temp.record('sub_gift', 'cus_gift3', null, null, p_status => 'canceled');
select is(private.wanted_subaccount(pg_temp.visitor(), now() + interval '1 year')::text, 'suspended', 'After the gift it is suspended again, and never closed');
delete from public.user_preferences where user_id = pg_temp.visitor();
delete from public.subscriptions;
delete from private.tenancies;
select pg_temp.record('sub_gift', 'cus_gift4', pg_temp.visitor(), 'checkout');
select pg_temp.store(pg_temp.visitor(), 'AC2', 'active', 'v1.k1.iv.sealed');
select pg_temp.record('sub_again', 'cus_gift4', null, null);
select is((select requested_at from private.tenancies where user_id = pg_temp.visitor()), null, 'A second gift does not take the subaccount of the first for one that existed before');
delete from public.subscriptions;
delete from private.tenancies;

-- Claims -------------------------------------------------------------------------------------------------------------

update auth.users set email_confirmed_at = case when id <> pg_temp.neighbour() then now() end;
create function pg_temp.claim(p_user uuid, p_email text, p_customer text default 'cus_claim', p_id text default 'sub_claim') returns text language sql as $$
  select public.claim_subscription(p_user, p_id, p_customer, p_email, 'req-1')::text;
$$;
select pg_temp.record('sub_claim', 'cus_claim', pg_temp.tenant(), 'checkout');
select is(pg_temp.claim(pg_temp.attacker(), 'attacker@pgtap.test'), 'not_found', 'An attacker cannot claim a gift to the tenant, even with their own email');
select is(pg_temp.claim(pg_temp.tenant(), 'buyer@elsewhere.test'), 'other_email', 'A gift from a customer with another email cannot be claimed');
select is(pg_temp.claim(pg_temp.tenant(), null), 'other_email', 'A gift from a customer without an email cannot be claimed');
select is(pg_temp.claim(pg_temp.tenant(), 'tenant@pgtap.test', 'cus_other'), 'not_found', 'The email of another customer proves nothing');
select is((pg_temp.stored('sub_claim')).origin::text, 'checkout', 'A refused claim changes nothing');
select is((select count(*) from public.list_claimable_subscriptions(pg_temp.attacker(), 'sub_claim', 10)), 0::bigint, 'list_claimable_subscriptions shows no gifts of another tenant');
select results_eq($$ select id from public.list_claimable_subscriptions(pg_temp.tenant(), null, 10) $$, $$ values ('sub_claim') $$, 'list_claimable_subscriptions shows the tenant''s gifts');
-- The lower case of the Kelvin sign is k, which would make this address of another domain the attacker's.
update auth.users set email = 'attacker@bank.test' where id = pg_temp.attacker();
select pg_temp.record('sub_kelvin', 'cus_kelvin', pg_temp.attacker(), 'checkout');
select is(pg_temp.claim(pg_temp.attacker(), U&'attacker@ban\212A.test', 'cus_kelvin', 'sub_kelvin'), 'other_email', 'An email address with a letter that only resembles another is another address');
select is(pg_temp.claim(pg_temp.tenant(), 'Tenant@PGtap.test'), 'claimed', 'The tenant claims a gift whose customer has their confirmed email, in any case');
select results_eq($$ select s.origin::text, c.origin::text from public.subscriptions s join private.stripe_customers c on c.id = s.stripe_customer_id where s.id = 'sub_claim' $$,
  $$ values ('claim', 'claim') $$, 'The subscription and its customer are the tenant''s own');
select results_eq($$ select actor, action, request_id, details from public.audit_log where user_id = pg_temp.tenant() and action = 'subscription.claimed' $$,
  $$ values ('user:' || pg_temp.tenant(), 'subscription.claimed', 'req-1', '{"subscriptionId": "sub_claim"}'::jsonb) $$, 'The audit log has the claim');
select is(pg_temp.claim(pg_temp.tenant(), null), 'already', 'A claim that is repeated returns already');
insert into private.tenancies (user_id, requested_at) values (pg_temp.tenant(), now()) on conflict (user_id) do update set requested_at = now();
select pg_temp.record('sub_claim', 'cus_claim', null, null, p_status => 'canceled');
select is(private.wanted_subaccount(pg_temp.tenant())::text, 'suspended', 'A claimed subscription that ends outranks the request, as an own one does');
select is((pg_temp.stored('sub_claim')).origin::text, 'claim', 'A later read keeps the claim');
select pg_temp.record('sub_stolen', 'cus_stolen', null, null, pg_temp.attacker());
select is(pg_temp.claim(pg_temp.tenant(), 'tenant@pgtap.test', 'cus_stolen', 'sub_stolen'), 'not_found', 'A tenant cannot claim a subscription that is another user''s own');
select pg_temp.record('sub_mine', 'cus_mine', null, null, pg_temp.tenant());
select is(pg_temp.claim(pg_temp.tenant(), 'tenant@pgtap.test', 'cus_mine', 'sub_mine'), 'not_found', 'An own subscription is no gift to claim');
select pg_temp.record('sub_next', 'cus_next', pg_temp.neighbour(), 'checkout');
select is(pg_temp.claim(pg_temp.neighbour(), 'neighbour@pgtap.test', 'cus_next', 'sub_next'), 'unconfirmed_email', 'A user whose email is not confirmed cannot claim');

select * from finish();
rollback;
