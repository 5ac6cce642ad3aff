-- Purchases of a day and a month, the price of a number, and its part in the spend limit.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(45);

select pg_temp.join_as('tenant', 'neighbour', 'attacker');
update public.plans set max_numbers = 10, max_purchases_per_day = 3, max_purchases_per_month = 5, max_number_price = 5, spend_limit = 20,
  daily_message_limit = 1000, monthly_message_limit = 1000, segment_price = 0.01, allowed_countries = null;
delete from private.rate_limits;
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'), pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two'),
  pg_temp.store(pg_temp.attacker(), 'AC3', 'active', 'v1.k1.iv.three');

create sequence pg_temp.digits start 1000000;
create function pg_temp.buy(p_user uuid, p_price numeric default 1.15, p_rate integer default null, p_address text default null) returns record language sql as $$
  select r.outcome::text, r.purchase_limit, r.resets_at, r.number_id, r.retry_after_seconds
  from public.reserve_number(p_user, '+1500' || nextval('pg_temp.digits'), null, p_price, p_address, p_rate, p_rate) r;
$$;
create function pg_temp.outcome(p_user uuid, p_price numeric default 1.15) returns text language sql as $$
  select b.outcome from pg_temp.buy(p_user, p_price) b (outcome text, purchase_limit numeric, resets_at timestamptz, number_id uuid, wait integer);
$$;
create function pg_temp.sell(p_user uuid) returns void language sql as $$
  update public.user_twilio_numbers set status = 'released', is_primary = false where user_id = p_user and is_held;
$$;
create function pg_temp.age(p_user uuid, p_by interval) returns void language sql as $$
  update private.number_purchases set reserved_at = reserved_at - p_by, held_until = held_until - p_by where user_id = p_user;
  update private.fees set charged_at = charged_at - p_by where user_id = p_user;
$$;
-- Independent of the day on which the test runs.
create function pg_temp.last_month(p_user uuid) returns void language sql as $$
  update private.number_purchases set reserved_at = date_trunc('month', now(), 'UTC') - interval '2 days',
    held_until = least(held_until, date_trunc('month', now(), 'UTC') - interval '1 second') where user_id = p_user and held_until < 'infinity';
  update private.fees set charged_at = date_trunc('month', now(), 'UTC') - interval '2 days' where user_id = p_user;
$$;

-- Buying and releasing -----------------------------------------------------------------------------------------------

create function pg_temp.loop(p_user uuid, p_times integer) returns text[] language plpgsql as $$
declare
  outcomes text[] := '{}';
begin
  for i in 1..p_times loop
    outcomes := outcomes || pg_temp.outcome(p_user);
    perform pg_temp.sell(p_user);
  end loop;
  return outcomes;
end;
$$;
select is(pg_temp.loop(pg_temp.attacker(), 5), '{reserved,reserved,reserved,daily_limit_reached,daily_limit_reached}', 'A tenant who buys and releases in a loop is stopped at the purchases of a day');
select is((select count(*) from public.user_twilio_numbers where user_id = pg_temp.attacker() and is_held), 0::bigint, 'The limit is reached with no number held');
delete from public.user_twilio_numbers where user_id = pg_temp.attacker();
select is(pg_temp.outcome(pg_temp.attacker()), 'daily_limit_reached', 'Purchases whose rows are gone still count');
select is(pg_temp.outcome(pg_temp.tenant()), 'reserved', 'Another tenant''s purchases do not count');
select results_eq(
  $$ select outcome, purchase_limit, resets_at from pg_temp.buy(pg_temp.attacker()) b (outcome text, purchase_limit numeric, resets_at timestamptz, number_id uuid, wait integer) $$,
  $$ values ('daily_limit_reached', 3::numeric, now() + interval '1 day') $$, 'daily_limit_reached names the limit and the time when the oldest purchase is a day old');
update private.number_purchases set reserved_at = now() - interval '5 hours' where number_id = (select number_id from private.number_purchases where user_id = pg_temp.attacker() limit 1);
select is((select resets_at from pg_temp.buy(pg_temp.attacker()) b (outcome text, purchase_limit numeric, resets_at timestamptz, number_id uuid, wait integer)),
  now() + interval '19 hours', 'The limit resets when the first of the purchases is a day old');
update private.number_purchases set reserved_at = now() - interval '1 day' where user_id = pg_temp.attacker();
update public.plans set max_purchases_per_month = 6;
select is(pg_temp.loop(pg_temp.attacker(), 1), '{reserved}', 'A purchase of a day ago counts toward the day no more');
select is((select count(*) from private.number_purchases where user_id = pg_temp.attacker()), 4::bigint, 'The ledger of purchases keeps every one of them');

-- A purchase that Twilio certainly did not make ----------------------------------------------------------------------

create temp table canceled as
select number_id from pg_temp.buy(pg_temp.attacker()) b (outcome text, purchase_limit numeric, resets_at timestamptz, number_id uuid, wait integer);
select is((select count(*) from private.number_purchases where number_id in (select number_id from canceled)), 1::bigint, 'A purchase in progress counts');
select is(public.cancel_number_reservation(number_id)::text, 'canceled', 'A purchase that Twilio refused is canceled') from canceled;
select is((select count(*) from private.number_purchases where number_id in (select number_id from canceled)), 0::bigint, 'A canceled purchase does not count');
create temp table bought as
select number_id from pg_temp.buy(pg_temp.attacker()) b (outcome text, purchase_limit numeric, resets_at timestamptz, number_id uuid, wait integer);
update public.user_twilio_numbers set status = 'active', phone_sid = 'PN-bought' where id in (select number_id from bought);
select is(public.cancel_number_reservation(number_id)::text, 'gone', 'A completed purchase cannot be canceled') from bought;
select is((select count(*) from private.number_purchases where number_id in (select number_id from bought)), 1::bigint, 'A completed purchase keeps counting after a late cancellation');

-- The month ----------------------------------------------------------------------------------------------------------

delete from private.number_purchases;
delete from public.user_twilio_numbers;
update public.plans set max_purchases_per_day = 100, max_purchases_per_month = 2;
select is(pg_temp.loop(pg_temp.tenant(), 3), '{reserved,reserved,monthly_limit_reached}', 'A tenant is stopped at the purchases of a month');
select results_eq(
  $$ select outcome, purchase_limit, resets_at from pg_temp.buy(pg_temp.tenant()) b (outcome text, purchase_limit numeric, resets_at timestamptz, number_id uuid, wait integer) $$,
  $$ values ('monthly_limit_reached', 2::numeric, date_trunc('month', now() + interval '1 month', 'UTC')) $$, 'monthly_limit_reached names the limit and the start of the next month');
select pg_temp.last_month(pg_temp.tenant());
select is(pg_temp.outcome(pg_temp.tenant()), 'reserved', 'Purchases of the month before do not count');
update public.plans set max_purchases_per_day = 0;
select results_eq(
  $$ select outcome, purchase_limit, resets_at from pg_temp.buy(pg_temp.tenant()) b (outcome text, purchase_limit numeric, resets_at timestamptz, number_id uuid, wait integer) $$,
  $$ values ('daily_limit_reached', 0::numeric, null::timestamptz) $$, 'A plan without purchases refuses the first, and its limit never resets');

-- Prices -------------------------------------------------------------------------------------------------------------

update public.plans set max_purchases_per_day = 100, max_purchases_per_month = 100, max_number_price = 2;
select is(pg_temp.outcome(pg_temp.neighbour(), null), 'price_unavailable', 'reserve_number returns price_unavailable without a price');
select results_eq(
  $$ select outcome, purchase_limit, number_id from pg_temp.buy(pg_temp.neighbour(), 2.01) b (outcome text, purchase_limit numeric, resets_at timestamptz, number_id uuid, wait integer) $$,
  $$ values ('price_limit_reached', 2::numeric, null::uuid) $$, 'reserve_number returns price_limit_reached with the limit above the highest price');
select is_empty($$ select from public.user_twilio_numbers where user_id = pg_temp.neighbour() union all select from private.number_purchases where user_id = pg_temp.neighbour() $$,
  'A purchase refused for its price reserves nothing and counts nowhere');
select is(pg_temp.outcome(pg_temp.neighbour(), 2), 'reserved', 'A number at the highest price is reserved');

-- Spending -----------------------------------------------------------------------------------------------------------

create function pg_temp.spend_left(p_user uuid) returns numeric language sql as $$
  select trim_scale((private.remaining_quota(p_user, (select p from public.plans p where p.key = 'free'))).spend);
$$;
delete from private.number_purchases;
delete from public.user_twilio_numbers;
update public.plans set max_number_price = 15, spend_limit = 20;
select is(pg_temp.outcome(pg_temp.neighbour(), 12), 'reserved', 'A number within the spend limit is reserved');
select is(pg_temp.spend_left(pg_temp.neighbour()), 8::numeric, 'The price of a number counts toward the spend limit');
select results_eq(
  $$ select outcome, purchase_limit, resets_at from pg_temp.buy(pg_temp.neighbour(), 8.01) b (outcome text, purchase_limit numeric, resets_at timestamptz, number_id uuid, wait integer) $$,
  $$ values ('spend_limit_reached', 20::numeric, date_trunc('month', now() + interval '1 month', 'UTC')) $$, 'A number beyond the spend limit is refused, with the limit and the start of the next month');
update public.user_twilio_numbers set status = 'active', phone_sid = 'PN-n', is_primary = true where user_id = pg_temp.neighbour();
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, estimated_price)
values (pg_temp.neighbour(), 'outbound', '+15005550101', '+15005550199', 'sent', 'AC2', 'subaccount', 7.995);
select is((select outcome::text from public.reserve_message(pg_temp.neighbour(), 'k', 'h', '+15005550199', 'US', null, 'Hi', '{}', 1, 'GSM-7', false, 'AC-master')),
  'spend_limit_reached', 'A message that exceeds the limit together with a number is refused');
select is(pg_temp.outcome(pg_temp.neighbour(), 1), 'spend_limit_reached', 'A number that exceeds the limit together with messages is refused');
select pg_temp.sell(pg_temp.neighbour());
select is(pg_temp.spend_left(pg_temp.neighbour()), 0.005, 'A number released this month still counts');
select pg_temp.last_month(pg_temp.neighbour());
select is(pg_temp.spend_left(pg_temp.neighbour()), 12.005, 'A number released last month does not count');
update public.user_twilio_numbers set status = 'active' where user_id = pg_temp.neighbour();
select is(pg_temp.spend_left(pg_temp.neighbour()), 0.005, 'A number that was bought last month and is held counts again');
select is(pg_temp.spend_left(pg_temp.tenant()), 20::numeric, 'Another tenant''s numbers do not count');
reset role;
delete from auth.users where id = pg_temp.neighbour();
select is((private.spent_between(pg_temp.neighbour(), date_trunc('month', now(), 'UTC'), date_trunc('month', now() + interval '1 month', 'UTC'))).cost - 7.995, 12::numeric, 'The ledger of purchases outlives the user');

-- The order of locks -------------------------------------------------------------------------------------------------

-- The functions that take a lock, themselves or through a function that they call.
create function pg_temp.takes(p_lock text) returns setof regproc language sql as $$
  with recursive ours as materialized (
    select p.oid, p.proname, p.prosrc from pg_catalog.pg_proc p where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
  ), taking as (
    select o.oid, o.proname from ours o where position('private.' || p_lock || '(' in o.prosrc) > 0
    union
    select o.oid, o.proname from ours o join taking t on o.prosrc ~ ('(private|public)\.' || t.proname || '\(')
  ) select t.oid::regproc from taking t;
$$;
select results_eq($$ select pg_temp.takes('lock_tenant')::text intersect select pg_temp.takes('lock_sending')::text $$, array['reserve_number'],
  'Only reserve_number takes both the lock of the tenant and that of sending');
select ok((select position('lock_tenant(' in prosrc) < position('lock_sending(' in prosrc) from pg_catalog.pg_proc where oid = 'public.reserve_number'::regproc)
  and not exists (select from pg_temp.takes('lock_tenant') f join pg_catalog.pg_proc p on p.oid = f::oid where p.prorettype = 'trigger'::regtype),
  'It takes that of the tenant first, and no trigger takes that lock, so no two transactions take them in opposite orders');

-- Requests -----------------------------------------------------------------------------------------------------------

set local role service_role;
select is((select string_agg(outcome || coalesce(' ' || (wait > 0), ''), ', ') from generate_series(1, 3) n,
    lateral pg_temp.buy(pg_temp.tenant(), nullif(n, n), 2) b (outcome text, purchase_limit numeric, resets_at timestamptz, number_id uuid, wait integer)),
  'price_unavailable, price_unavailable, rate_limited true', 'reserve_number counts the request and returns rate_limited with the seconds to wait');
select throws_ok($$ select public.reserve_number(pg_temp.tenant(), '+15005550101', null, -100) $$, '23514', null, 'A negative price, which would raise what is left of the spend limit, is refused');
select throws_ok($$ update public.plans set max_purchases_per_day = -1 $$, '23514', null, 'A negative limit is refused');
select pg_temp.sign_in(pg_temp.attacker());
select throws_ok($$ select public.reserve_number(pg_temp.attacker(), '+15005550101', null, 0) $$, '42501', null, 'A tenant cannot call reserve_number with a price of their own');

-- The overview says beforehand what reserve_number decides -----------------------------------------------------------

reset role;
set local role service_role;
delete from public.sms_messages;
delete from private.number_purchases;
delete from private.fees;
delete from public.user_twilio_numbers;
update public.plans set max_numbers = 2, max_purchases_per_day = 3, max_purchases_per_month = 4, max_number_price = 5, spend_limit = 20, included_numbers = 1;
create function pg_temp.seen() returns text language sql as $$
  select format('%s of %s, %s of %s today, %s of %s this month, up to %s, includes %s, %s of %s to spend', o.held, o.max_numbers, o.daily_left, o.daily_limit,
    o.monthly_left, o.monthly_limit, trim_scale(o.highest_price), o.included_numbers, trim_scale(o.spend_left), trim_scale(o.spend_limit))
  from public.numbers_overview(pg_temp.tenant()) o;
$$;
select is(pg_temp.seen(), '0 of 2, 3 of 3 today, 4 of 4 this month, up to 5, includes 1, 20 of 20 to spend', 'Before the first purchase the overview shows the limits of the plan');
select is(pg_temp.outcome(pg_temp.tenant(), 2), 'reserved', 'A number is reserved');
select is(pg_temp.seen(), '1 of 2, 2 of 3 today, 3 of 4 this month, up to 5, includes 1, 18 of 20 to spend', 'A purchase in progress counts in the overview');
select results_eq($$ select n ->> 'status', n ->> 'phoneNumber' from public.numbers_overview(pg_temp.tenant()) o, jsonb_array_elements(o.in_progress) n $$,
  $$ select 'purchasing', phone_number::text from public.user_twilio_numbers where user_id = pg_temp.tenant() $$, 'The overview names the number that is being bought');
select is((select o.in_progress from public.numbers_overview(pg_temp.attacker()) o), '[]', 'Another tenant''s overview does not');
select pg_temp.sell(pg_temp.tenant());
select is(pg_temp.loop(pg_temp.tenant(), 3), '{reserved,reserved,daily_limit_reached}', 'The purchases of a day are made');
select results_eq($$ select o.daily_left, o.daily_resets_at, o.monthly_resets_at from public.numbers_overview(pg_temp.tenant()) o $$,
  $$ values (0, now() + interval '1 day', null::timestamptz) $$, 'The overview names the time at which the next number can be bought');
update public.plans set max_purchases_per_day = 0, max_numbers = 0;
select results_eq($$ select o.held, o.max_numbers, o.daily_left, o.daily_limit, o.daily_resets_at from public.numbers_overview(pg_temp.tenant()) o $$,
  $$ values (0, 0, 0, 0, null::timestamptz) $$, 'A plan without numbers leaves none, and its limit never resets');

select * from finish();
rollback;
