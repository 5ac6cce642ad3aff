-- One spend limit for each billing period: messages, numbers and fees, in the tenant's price, with a notice at 80 % and 100 %.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(82);

select pg_temp.join_as('tenant', 'attacker', 'visitor');
update public.plans set daily_message_limit = 1000, monthly_message_limit = 1000, spend_limit = 10, segment_price = 0.1, allowed_countries = null, max_numbers = 10,
  max_purchases_per_day = 100, max_purchases_per_month = 100, max_number_price = 100;
delete from private.rate_limits;
set local role service_role;
delete from private.message_prices;
delete from private.carrier_fees;
delete from private.due_work;
delete from public.tenant_notices;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'), pg_temp.store(pg_temp.attacker(), 'AC2', 'active', 'v1.k1.iv.two');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary) values
  (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', true), (pg_temp.attacker(), '+15005550102', 'PN-pgtap-2', true);
delete from private.master_numbers;
insert into private.master_numbers (phone_sid, phone_number, is_offered) values ('PN-m1', '+15005550001', true);

create function pg_temp.send(p_segments integer default 1, p_user uuid default pg_temp.tenant(), p_country text default 'US') returns text language sql as $$
  select concat_ws(' ', r.outcome, r.spending ->> 'percent') from public.reserve_message(p_user, gen_random_uuid()::text, 'hash', '+15005550199', p_country, null, 'Hello', '{}',
    p_segments, 'GSM-7', true, 'AC-master') r;
$$;
create sequence pg_temp.numbers;
grant all on sequence pg_temp.numbers to service_role;
create function pg_temp.buy(p_price numeric, p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select concat_ws(' ', r.outcome, r.spending ->> 'percent') from public.reserve_number(p_user, '+1500555' || (2000 + nextval('pg_temp.numbers')), null, p_price) r;
$$;
create function pg_temp.fee(p_key text, p_cost numeric, p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select concat_ws(' ', r.outcome, r.spending ->> 'percent') from public.reserve_fee(p_user, p_key, 'registration', p_cost) r;
$$;
create function pg_temp.used(p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select concat_ws(' of ', trim_scale(l.spend_used), trim_scale(l.spend_limit)) || ', ' || trim_scale(l.spend_left) || ' left' from private.limits_of(p_user) l;
$$;
create function pg_temp.noticed(p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select coalesce(string_agg(subject, ', ' order by subject), 'none') from public.tenant_notices where user_id = p_user and kind = 'usage.threshold';
$$;
create function pg_temp.month() returns text language sql as $$ select to_char(now() at time zone 'UTC', 'YYYY-MM-"01T00:00:00Z"'); $$;
create function pg_temp.empty() returns void language sql as $$
  delete from public.sms_messages; delete from private.number_purchases; delete from public.user_twilio_numbers where status <> 'active'; delete from private.fees;
  delete from public.tenant_notices; delete from private.due_work; delete from public.twilio_usage; delete from private.usage_totals;
  update public.plans set spend_limit = 10, markup = 1, segment_price = 0.1;
$$;

-- One limit ----------------------------------------------------------------------------------------------------------

select is(pg_temp.used(), '0 of 10, 10 left', 'Nothing is used at first');
select pg_temp.send(10);
select is(pg_temp.used(), '1 of 10, 9 left', 'A message counts');
select pg_temp.buy(2);
select is(pg_temp.used(), '3 of 10, 7 left', 'A purchase counts beside messages');
select is(pg_temp.fee('brand', 4), 'reserved', 'A fee within the limit is reserved');
select is(pg_temp.used(), '7 of 10, 3 left', 'A fee counts beside messages and numbers');
select is(pg_temp.fee('brand', 4), 'duplicate', 'A fee is reserved once for each key');
select is(pg_temp.used(), '7 of 10, 3 left', 'A repeated fee counts once');
select is(pg_temp.fee('campaign', 3.01), 'spend_limit_reached 0', 'A fee beyond the limit is refused');
select is(pg_temp.buy(3.01), 'spend_limit_reached 0', 'A purchase beyond the limit is refused');
select is(pg_temp.send(31), 'spend_limit_reached 0', 'A message beyond the limit is refused');
select is(public.cancel_fee(pg_temp.tenant(), 'brand')::text, 'canceled', 'A fee that was not charged is canceled');
select is(pg_temp.used(), '3 of 10, 7 left', 'A canceled fee does not count');
select is(pg_temp.fee('brand', 7), 'reserved 100', 'The limit may be used exactly');
select is(pg_temp.used(pg_temp.attacker()), '0 of 10, 10 left', 'Another tenant''s spending does not count');
select is(private.spend_between(pg_temp.tenant(), date_trunc('month', now(), 'UTC'), now() + interval '1 second'), 10::numeric, 'spend_between adds up what messages, numbers and fees cost');
select is(public.cancel_fee(pg_temp.attacker(), 'brand')::text, 'gone', 'A fee of another tenant is not canceled');
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, twilio_message_sid)
values (pg_temp.attacker(), 'inbound', '+15005550199', '+15005550102', 'received', 'AC2', 'subaccount', 'SM-in');
select is(pg_temp.used(pg_temp.attacker()), '0 of 10, 10 left', 'A received message counts nothing before it is priced');
update public.sms_messages set price = -0.5, price_unit = 'USD' where twilio_message_sid = 'SM-in';
select is(pg_temp.used(pg_temp.attacker()), '0.5 of 10, 9.5 left', 'The price of a received message counts');
select results_eq('select daily_messages_left, monthly_messages_left from private.limits_of(pg_temp.attacker())', $$ values (1000::bigint, 1000::bigint) $$, 'A received message is in no count of messages');

-- The tenant's price -------------------------------------------------------------------------------------------------

select pg_temp.empty();
update public.plans set markup = 1.5, spend_limit = 3 where key = 'free';
select is(pg_temp.send(10), 'reserved', 'A message is reserved at its price');
select is(pg_temp.used(), '1.5 of 3, 1.5 left', 'The limit is in the tenant''s price: cost times markup');
select is(pg_temp.send(11), 'spend_limit_reached 0', 'A message whose price exceeds the limit is refused, although its cost does not');
select is(pg_temp.buy(1.01), 'spend_limit_reached 0', 'A number whose price exceeds the limit is refused');
select is(pg_temp.fee('fee', 1.01), 'spend_limit_reached 0', 'A fee whose price exceeds the limit is refused');
select is(pg_temp.fee('fee', 1), 'reserved 100', 'A fee whose price fits exactly is reserved');
select is((select spending from public.reserve_message(pg_temp.tenant(), 'k', 'hash', '+15005550199', 'US', null, 'Hello', '{}', 1, 'GSM-7', true, 'AC-master')) - 'periodStart' - 'periodEnd',
  '{"percent": 100, "limit": 3, "used": 3, "left": 0}', 'A refused message tells limit, used and left in the tenant''s price');
select is((select details - 'periodStart' - 'periodEnd' from public.tenant_notices where subject = pg_temp.month() || ' 100'), '{"percent": 100, "limit": 3, "used": 3, "left": 0}', 'So does the notice');

-- Carrier fees -------------------------------------------------------------------------------------------------------

select pg_temp.empty();
create function pg_temp.cost(p_country text, p_segments integer default 1, p_has_media boolean default false) returns numeric language sql as $$
  select trim_scale(private.message_cost(p, p_country, p_segments, p_has_media)) from public.plans p where p.key = 'free';
$$;
update public.plans set segment_price = 0 where key = 'free';
insert into private.message_prices (country, channel, source, unit_price) values ('US', 'sms', 'listed', 0.0083), ('DE', 'sms', 'listed', 0.11);
insert into private.carrier_fees (country, channel, valid_from, fee) values ('US', 'sms', '2026-01-01', 0.003), ('US', 'mms', '2026-01-01', 0.01);
select is(pg_temp.cost('US', 3), 0.0339, 'A message costs its segments times rate and carrier fee');
select is(pg_temp.cost('DE', 3), 0.33, 'A country without a carrier fee has none');
select is(pg_temp.cost('PR', 1), 0.0113, 'A territory has the carrier fee of its mother country');
insert into private.carrier_fees (country, channel, valid_from, fee) values ('PR', 'sms', '2026-01-01', 0);
select is(pg_temp.cost('PR', 1), 0.0083, 'A territory may have a fee of its own');
insert into private.carrier_fees (country, channel, valid_from, fee) values ('US', 'sms', (now() at time zone 'UTC')::date + 1, 9);
select is(pg_temp.cost('US', 1), 0.0113, 'A fee of tomorrow does not hold today');
select is(trim_scale(private.carrier_fee('US', 'sms', (now() at time zone 'UTC')::date + 1)), 9::numeric, 'It holds from its day on');
select is(public.set_carrier_fee('US', 'sms', (now() at time zone 'UTC')::date, 0.005, pg_temp.operator(), 'carriers raised it', 'req-1')::text, 'set', 'An operator sets a fee');
select is(public.set_carrier_fee('US', 'sms', (now() at time zone 'UTC')::date, 0.005, pg_temp.operator(), 'again', 'req-1')::text, 'already', 'Setting the same fee changes nothing');
select is(pg_temp.cost('US', 1), 0.0133, 'The newest fee holds');
select is((select count(*) from public.audit_log where action = 'carrier_fee.set' and actor = 'operator:' || pg_temp.operator()), 1::bigint, 'A changed fee is audited once');
select throws_ok($$ select public.set_carrier_fee('US', 'sms', '2026-01-01', -1, null, 'x', 'r') $$, '23514', null, 'A negative fee is refused');
update public.plans set segment_price = 0.1 where key = 'free';
select is(pg_temp.cost('US', 2), 0.21, 'A plan''s segment_price is a rate: the carrier fee comes on top');
update public.plans set segment_price = 0 where key = 'free';
insert into private.message_prices (country, channel, source, unit_price) values ('US', 'sms', 'charged', 0.0123);
select is(pg_temp.cost('US', 1), 0.0133, 'What Twilio charged contains the carrier fee, which is not added again');
update private.message_prices set unit_price = 0.02 where source = 'charged';
select is(pg_temp.cost('US', 1), 0.02, 'A higher charge holds as it is');
insert into private.message_prices (country, channel, source, unit_price) values ('US', 'mms', 'charged', 0.03);
select is(pg_temp.cost('US', 4, true), 0.03, 'An MMS with a known charge costs that charge');
select pg_temp.send(2);
select is(pg_temp.used(), '0.04 of 10, 9.96 left', 'A message reserves its segments with the carrier fee');
update public.sms_messages set price = -0.0226 where user_id = pg_temp.tenant();
select is(pg_temp.used(), '0.0226 of 10, 9.9774 left', 'Twilio''s price replaces rate and fee together');

-- Billing periods ----------------------------------------------------------------------------------------------------

select pg_temp.empty();
delete from private.message_prices;
delete from private.carrier_fees;
select is((private.billing_period_of(pg_temp.tenant())).starts_at, date_trunc('month', now(), 'UTC'), 'Without a subscription the billing period is the calendar month in UTC');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, current_period_start, current_period_end)
values ('sub_year', pg_temp.tenant(), 'cus_1', 'starter', 'active', now() - interval '100 days', now() - interval '100 days' + interval '1 year');
update public.plans set spend_limit = 100;
select is((private.billing_period_of(pg_temp.tenant())).starts_at, now() - interval '100 days', 'The billing period is that of the subscription');
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, estimated_price, created_at)
select pg_temp.tenant(), 'outbound', '+15005550101', '+15005550199', 'sent', 'AC1', 'subaccount', 1, now() - d * interval '1 day' from unnest(array[0, 40, 99, 102]) d;
insert into private.fees (user_id, key, kind, cost, charged_at) select pg_temp.tenant(), d::text, 'other', 10, now() - d * interval '1 day' from unnest(array[0, 99, 101]) d;
select is(pg_temp.used(), '23 of 100, 77 left', 'Messages and fees of the whole period count, and none before it');
insert into private.number_purchases (number_id, user_id, monthly_price, reserved_at) values (gen_random_uuid(), pg_temp.tenant(), 1, now() - interval '100 days' - interval '45 days');
select is(pg_temp.used(), '35 of 100, 65 left', 'In a period of a year a number counts at each of its twelve anniversaries, those to come included');
select is(private.spend_between(pg_temp.tenant(), now() - interval '100 days', now()), 16::numeric, 'Until now only the anniversaries that have passed count');
update private.number_purchases set held_until = now();
select is(pg_temp.used(), '26 of 100, 74 left', 'A released number counts at the anniversaries before its release');
select is(pg_temp.buy(9), 'spend_limit_reached 0', 'A purchase needs room for all its fees of the period');
select is(pg_temp.buy(8), 'reserved 80', 'A purchase whose fees fit is reserved');
update public.subscriptions set status = 'canceled', ended_at = now() - interval '1 year';
select is((private.billing_period_of(pg_temp.tenant())).starts_at, date_trunc('month', now(), 'UTC'), 'A lapsed subscription gives no billing period');
delete from public.subscriptions where id = 'sub_year';

-- Random holdings, beside a count of every anniversary.
select is_empty($$
  select * from (
    select '2024-01-01Z'::timestamptz + random() * interval '400 days' as first_at, n,
      case when n % 3 = 0 then 'infinity'::timestamptz else '2024-01-01Z'::timestamptz + random() * interval '1200 days' end as held_until,
      '2024-01-01Z'::timestamptz + random() * interval '1000 days' as starts_at
    from generate_series(1, 500) n) r,
  lateral (select greatest(r.held_until, r.first_at) as held, r.starts_at + random() * interval '400 days' as ends_at) e
  where private.fees_between(r.first_at, e.held, r.starts_at, e.ends_at) <> (
    select count(*) from generate_series(0, 48) m, lateral (select (r.first_at at time zone 'UTC' + make_interval(months => m)) at time zone 'UTC' as at) f
    where f.at >= r.starts_at and f.at < e.ends_at and (m = 0 or f.at < e.held)) $$, 'A number has one fee at its start and one at each anniversary at which it is held');
select is(private.fees_between('2026-01-31Z', 'infinity', '2026-02-01Z', '2026-03-01Z'), 1, 'A number of the 31st has its fee of February');

-- Numbers that were not bought ---------------------------------------------------------------------------------------

select pg_temp.empty();
create temp table moved as select (private.take_in_number(pg_temp.tenant(), 'AC1', '{"phoneNumber": "+15005550120", "phoneSid": "PN-moved", "friendlyName": "M", "capabilities": {"sms": true}}')).number as n;
select is(pg_temp.used(), '0 of 10, 10 left', 'A number that was moved or synced in counts nothing until its price is read');
select results_eq('select n.phone_number, p.due_at <= now() from public.numbers_to_price(10) n, private.schedules p where p.name = $$price-numbers$$', $$ values ('+15005550120', true) $$, 'Its price is asked for at once');
update public.plans set markup = 1.5;
delete from private.due_work;
select public.record_list_price(n.number_id, 2, 'USD') from public.numbers_to_price(10) n;
select is(pg_temp.used(), '2 of 10, 8 left', 'It counts with its listed price, at the markup of the plan at its first fee');
select is(public.check_due_spending(10) || ' ' || (select price::float8 from private.usage_totals where kind = 'number' and price > 0), '1 2', 'A price that becomes known late is in usage, and is checked against the thresholds');
update public.plans set markup = 1;
select is(array(select is_purchase from private.number_purchases), '{false}', 'It is no purchase');
update public.user_twilio_numbers set status = 'released' where phone_sid = 'PN-moved';
update public.user_twilio_numbers set status = 'active' where phone_sid = 'PN-moved';
select is(pg_temp.used(), '2 of 10, 8 left', 'A number that leaves and returns within its month counts once');
update public.user_twilio_numbers set status = 'released' where phone_sid = 'PN-moved';
update private.number_purchases set reserved_at = now() - interval '3 months', held_until = now() - interval '2 months';
update private.fees set charged_at = now() - interval '3 months', key = 'past ' || key;
update public.user_twilio_numbers set status = 'active' where phone_sid = 'PN-moved';
select results_eq($$ select trim_scale((private.spent_between(pg_temp.tenant(), now() - interval '1 year', now() + interval '1 second')).cost) $$, array[4::numeric],
  'A number that returns after months costs nothing for the months between');
delete from public.user_twilio_numbers where phone_sid = 'PN-moved';
select is_empty($$ select from private.number_purchases where held_until = 'infinity' $$, 'A number whose row is erased costs nothing more');
select lives_ok($$ select private.take_in_number(pg_temp.tenant(), 'AC1', '{"phoneNumber": "+15005550121", "phoneSid": "PN-unpriced", "friendlyName": "M", "capabilities": {"sms": true}}') $$,
  'A number without a known price is taken in');

-- Thresholds ---------------------------------------------------------------------------------------------------------

select pg_temp.empty();
select is(pg_temp.send(79), 'reserved', 'Below 80 % an answer says nothing');
select is(pg_temp.noticed(), 'none', 'Below 80 % nothing is noticed');
select is(pg_temp.send(1) || ', ' || pg_temp.send(1), 'reserved 80, reserved 80', 'From 80 % on each answer says so');
select is(pg_temp.noticed(), pg_temp.month() || ' 80', 'At 80 % there is one notice');
select is(pg_temp.send(20), 'spend_limit_reached 100', 'A message that no longer fits, beyond 80 %, means that the limit is reached');
select pg_temp.empty();
select pg_temp.send(100);
select is(pg_temp.noticed(), pg_temp.month() || ' 100, ' || pg_temp.month() || ' 80', 'One message that passes both thresholds gives both notices');
select pg_temp.empty();
select pg_temp.send(50);
update public.sms_messages set price = -8 where user_id = pg_temp.tenant();
select ok(public.check_due_spending(10) = 1 and pg_temp.noticed() = pg_temp.month() || ' 80', 'A late price that passes 80 % makes one check due, and is noticed');
update public.sms_messages set price = -7 where user_id = pg_temp.tenant();
update public.sms_messages set price = -9 where user_id = pg_temp.tenant();
select ok(public.check_due_spending(10) = 1 and pg_temp.noticed() = pg_temp.month() || ' 80', 'A threshold that is passed again is noticed once');
insert into private.usage_accounts (account_sid, user_id, first_day) values ('AC1', pg_temp.tenant(), current_date - 40) on conflict do nothing;
insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit)
values (pg_temp.tenant(), 'AC1', private.utc_day(), 'failed-message-processing-fee', 1000, 1000, 1, 'usd');
select private.note_usage_fees(a, private.utc_day() - n, private.utc_day()) from private.usage_accounts a, generate_series(1, 2) n where a.account_sid = 'AC1';
select public.check_due_spending(10);
select is(pg_temp.noticed() || '; ' || pg_temp.used(), pg_temp.month() || ' 100, ' || pg_temp.month() || ' 80; 10 of 10, 0 left', 'A fee found later is noticed, and counts once');
select pg_temp.empty();
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, twilio_message_sid)
values (pg_temp.attacker(), 'inbound', '+15005550199', '+15005550102', 'received', 'AC2', 'subaccount', 'SM-in');
update public.sms_messages set price = -10 where twilio_message_sid = 'SM-in';
select ok(public.check_due_spending(10) = 1 and pg_temp.noticed(pg_temp.attacker()) = pg_temp.month() || ' 100, ' || pg_temp.month() || ' 80', 'Received messages that use up the limit are noticed');
select pg_temp.empty();
select pg_temp.send(50);
update public.plans set spend_limit = 5 where key = 'free';
select ok(public.check_due_spending(10) >= 1 and pg_temp.noticed() = pg_temp.month() || ' 100, ' || pg_temp.month() || ' 80', 'A lowered limit that is reached is noticed');
select is(public.check_due_spending(10), 0, 'A tenant is checked once after a change');
update public.plans set spend_limit = 6 where key = 'free';
select is(public.check_due_spending(10), 0, 'A raised limit makes no tenant due');
update public.plans set spend_limit = 10 where key = 'starter';
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values ('sub_1', pg_temp.attacker(), 'cus_2', 'starter', 'active');
select public.check_due_spending(10);
update public.subscriptions set plan_key = 'team' where id = 'sub_1';
select is(public.check_due_spending(10), 1, 'A tenant whose plan changed is checked');
update public.plans set spend_limit = 0.1 where key = 'fallback';
select is(pg_temp.send(1, pg_temp.visitor()) || ', ' || pg_temp.send(1, pg_temp.visitor()), 'reserved 100, spend_limit_reached 100', 'The shared numbers have the limit of the fallback plan, by the same rules');

-- Who pays ------------------------------------------------------------------------------------------------------------

select pg_temp.empty();
update public.plans set spend_limit = 1 where key = 'team';
update public.subscriptions set status = 'trialing', current_period_start = now() - interval '1 day', current_period_end = now() + interval '13 days', trial_end = now() + interval '13 days' where id = 'sub_1';
select is((private.payer_at(pg_temp.attacker(), now())).is_trial, true, 'The payer''s period is a trial');
select is(pg_temp.send(10, pg_temp.attacker()) || ', ' || pg_temp.send(1, pg_temp.attacker()), 'reserved 100, spend_limit_reached 100', 'The spend limit applies in a trial');
select pg_temp.empty();
update public.plans set spend_limit = 1 where key = 'team';
update public.subscriptions set status = 'active', trial_end = null, origin = 'checkout' where id = 'sub_1';
select is(coalesce((private.payer_at(pg_temp.attacker(), now() + interval '1 second')).subscription_id, '') || pg_temp.send(10, pg_temp.attacker()) || ', ' || pg_temp.send(1, pg_temp.attacker()), 'reserved 100, spend_limit_reached 100', 'Usage of a gift, which has no payer, stays within the plan''s spend limit');

select * from finish();
rollback;
