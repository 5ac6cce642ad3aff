-- The ledger and Twilio's usage of a day, in classes: each by hand, and all together by random histories.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(88);

select pg_temp.join_as('tenant', 'attacker');
set local role service_role;
delete from public.sms_messages;
delete from private.usage_days;
delete from public.twilio_usage;
delete from private.days_to_reconcile;
delete from private.master_currency;
delete from private.master_numbers;
insert into private.master_currency (unit, source) values ('USD', 'usage');
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'), pg_temp.store(pg_temp.attacker(), 'AC2', 'active', 'v1.k1.iv.two');

create sequence pg_temp.sids;
create function pg_temp.message(p_kind text, p_price numeric, p_at timestamptz default '2026-11-10 12:00Z', p_unit text default 'USD', p_status text default null, p_account text default 'AC1', p_times integer default 1)
returns void language sql as $$
  insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, twilio_message_sid, price, price_unit, created_at)
  select case p_account when 'AC2' then pg_temp.attacker() else pg_temp.tenant() end, case when p_kind like '%_out' then 'outbound' else 'inbound' end::public.message_direction, '+15005550101', '+15005550199',
    coalesce(p_status, case when p_kind like '%_out' then 'delivered' else 'received' end)::public.message_status, p_account, case p_account when 'AC-master' then 'master' else 'subaccount' end::public.message_source,
    case when p_kind like 'mms%' then 'MM' else 'SM' end || nextval('pg_temp.sids'), p_price, case when p_price is not null then p_unit end, p_at
  from generate_series(1, p_times);
$$;
create function pg_temp.used(p_category text, p_count numeric, p_price numeric, p_day date default '2026-11-10', p_unit text default 'usd', p_account text default 'AC1') returns void language sql as $$
  insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit)
  values (case p_account when 'AC1' then pg_temp.tenant() when 'AC2' then pg_temp.attacker() end, p_account, p_day, p_category, p_count, p_count, p_price, p_unit)
  on conflict (account_sid, day, category, price_unit) do update set count = excluded.count, price = excluded.price;
$$;
create function pg_temp.total(p_price numeric, p_day date default '2026-11-10', p_closed boolean default true, p_unit text default 'usd', p_account text default 'AC1') returns void language sql as $$
  select pg_temp.used('totalprice', 0, p_price, p_day, p_unit, p_account);
  insert into private.usage_days (account_sid, day, user_id, total_price, price_unit, closed_at)
  values (p_account, p_day, case p_account when 'AC1' then pg_temp.tenant() when 'AC2' then pg_temp.attacker() end, p_price, p_unit, case when p_closed then now() end)
  on conflict (account_sid, day) do update set total_price = excluded.total_price, closed_at = excluded.closed_at, changed_at = clock_timestamp();
$$;
create function pg_temp.forget() returns void language sql as $$
  delete from public.sms_messages; delete from private.usage_days; delete from public.twilio_usage; delete from private.reconciliations; delete from private.days_to_reconcile;
  delete from private.number_purchases; delete from public.user_twilio_numbers; delete from private.master_numbers; update public.operator_alerts set settled_at = now() where settled_at is null; delete from private.usage_accounts;
$$;
-- The classes that are not zero, of a day that is compared now.
create function pg_temp.classes(p_day date default '2026-11-10', p_account text default 'AC1') returns text language plpgsql as $$
declare
  r private.reconciliations;
begin
  perform private.reconcile_day(p_account, p_day);
  select * into r from private.reconciliations where account_sid = p_account and day = p_day;
  return trim_scale(r.usage_total) || ' - ' || trim_scale(r.ledger_total) || ': ' || coalesce((
    select string_agg(class || ' ' || trim_scale(amount::numeric), ', ' order by class) from jsonb_each_text(to_jsonb(r)) c (class, amount)
    where class in ('not_priced_yet', 'carrier_fee', 'failed_message_fee', 'uncategorised', 'unknown_category', 'missing_here', 'missing_at_twilio', 'rate', 'currency') and amount::numeric <> 0), 'none');
end;
$$;
create function pg_temp.alerts() returns text language sql as $$
  select string_agg(subject, ', ' order by subject) from public.operator_alerts where kind = 'reconciliation' and settled_at is null;
$$;

-- Nothing differs ----------------------------------------------------------------------------------------------------

select is(pg_temp.classes(), '0 - 0: none', 'A day without anything has no difference');
select pg_temp.message('sms_out', -0.0079, p_times => 3), pg_temp.message('sms_in', -0.0075), pg_temp.message('mms_out', -0.02), pg_temp.message('mms_in', -0.01);
select pg_temp.used('sms', 4, 0.0312), pg_temp.used('sms-outbound', 3, 0.0237), pg_temp.used('sms-outbound-longcode', 3, 0.0237), pg_temp.used('sms-inbound-longcode', 1, 0.0075), pg_temp.used('mms-outbound', 1, 0.02), pg_temp.used('mms-inbound', 1, 0.01);
select pg_temp.total(0.0612);
select is(pg_temp.classes(), '0.0612 - 0.0612: none', 'Equal messages of all kinds make no difference, also with sums that contain them');
select is(pg_temp.alerts(), null, 'A day without a difference raises no alert');

-- Each class ---------------------------------------------------------------------------------------------------------

select pg_temp.message('sms_out', null);
select pg_temp.used('sms-outbound-longcode', 4, 0.0316), pg_temp.total(0.0691);
select is(pg_temp.classes(), '0.0691 - 0.0612: not_priced_yet 0.0079', 'A message without a price that Twilio counts is not priced yet, at the day''s price in usage');
select pg_temp.message('mms_in', null);
select is(pg_temp.classes(), '0.0691 - 0.0612: not_priced_yet 0.0079', 'A message without a price that Twilio does not count yet costs nothing');
select is(pg_temp.alerts(), null, 'Messages that are not priced yet raise no alert');

select pg_temp.forget();
select pg_temp.message('sms_out', -0.0079, p_times => 2), pg_temp.used('sms-outbound-longcode', 2, 0.0158), pg_temp.used('sms-messages-carrierfees', 2, 0.006), pg_temp.total(0.0218);
select is(pg_temp.classes(), '0.0218 - 0.0158: carrier_fee 0.006', 'Carrier fees that no price contains are carrier fees');
update public.sms_messages set price = -0.0109 where id = (select min(id::text)::uuid from public.sms_messages);
select is(pg_temp.classes(), '0.0218 - 0.0188: carrier_fee 0.003', 'Carrier fees that one of two prices contains are half');
update public.sms_messages set price = -0.0109;
select is(pg_temp.classes(), '0.0218 - 0.0218: none', 'Carrier fees that the prices contain are no difference');
update public.sms_messages set price = -0.02;
select is(pg_temp.classes(), '0.0218 - 0.04: rate -0.0182', 'Prices above usage and its carrier fees are a rate');
select is(pg_temp.alerts(), 'AC1 2026-11-10', 'A rate raises an alert');
select results_eq($$ select user_id, details ->> 'rate', details ->> 'currencyCode', details ? 'missingHere', times from public.operator_alerts where settled_at is null $$, $$ values (pg_temp.tenant(), '-0.01820', 'USD', false, 1) $$, 'The alert names the amounts that are not zero');
update public.sms_messages set price = -0.0109;
select is(pg_temp.classes() || ', ' || coalesce(pg_temp.alerts(), 'settled'), '0.0218 - 0.0218: none, settled', 'A later comparison without a difference settles the alert');
update public.sms_messages set price = -0.007;
select is(pg_temp.classes(), '0.0218 - 0.014: carrier_fee 0.006, rate 0.0018', 'Prices below usage are a rate, beside carrier fees');
select pg_temp.used('sms-messages-carrierfees', 2, -0.002), pg_temp.total(0.0138);
update public.sms_messages set price = -0.0069;
select is(pg_temp.classes(), '0.0138 - 0.0138: none', 'A negative carrier fee that the prices contain is no difference');

select pg_temp.forget();
select pg_temp.message('sms_out', null, p_status => 'failed', p_times => 3), pg_temp.message('sms_out', 0, p_status => 'failed'), pg_temp.message('sms_out', -0.0079, p_status => 'undelivered');
select pg_temp.used('sms-outbound-longcode', 1, 0.0079), pg_temp.used('failed-message-processing-fee', 4, 0.004), pg_temp.total(0.0119);
select is(pg_temp.classes(), '0.0119 - 0.0079: failed_message_fee 0.004', 'The fee for failed messages has a class of its own; failed messages are not awaited in usage, undelivered ones are');

select pg_temp.total(0.0219);
select is(pg_temp.classes(), '0.0219 - 0.0079: failed_message_fee 0.004, uncategorised 0.01', 'What totalprice has beyond its categories is uncategorised');
select pg_temp.total(0.0109);
select is(pg_temp.classes(), '0.0109 - 0.0079: failed_message_fee 0.004, uncategorised -0.001', 'A totalprice below its categories is negative uncategorised');
select is(pg_temp.alerts(), null, 'Neither raises an alert');

select pg_temp.forget();
select pg_temp.used('quantum-sms', 5, 0.5), pg_temp.total(0.5);
select is(pg_temp.classes(), '0.5 - 0: unknown_category 0.5', 'A category that is not listed is unknown');
select is(pg_temp.alerts(), 'AC1 quantum-sms', 'An unknown category raises an alert');
select pg_temp.used('quantum-sms', 5, 0.6, '2026-11-11'), pg_temp.total(0.6, '2026-11-11'), pg_temp.classes('2026-11-11');
select results_eq($$ select subject, details ->> 'day', details ->> 'price', details ->> 'class' from public.operator_alerts where settled_at is null $$, $$ values ('AC1 quantum-sms', '2026-11-11', '0.6', 'unknown') $$, 'The next day with it raises no other alert: the alert names the last day');
delete from private.reconciliations where day = '2026-11-11'; update public.operator_alerts set details = details || '{"day": "2026-11-10"}' where settled_at is null;
delete from public.twilio_usage where day = '2026-11-11'; delete from private.usage_days where day = '2026-11-11';
delete from private.days_to_reconcile;
insert into private.usage_categories (category, class, counts_as) values ('quantum-sms', 'sms_in', 'sms_in');
select results_eq('select account_sid, day from private.days_to_reconcile', $$ values ('AC1', '2026-11-10'::date) $$, 'A category that becomes known makes its days due');
select pg_temp.message('sms_in', -0.1, p_times => 5);
select is(pg_temp.classes() || ', ' || coalesce(pg_temp.alerts(), 'settled'), '0.5 - 0.5: none, settled', 'Once the category is listed, it is compared like the others');
delete from private.usage_categories where category = 'quantum-sms';

select pg_temp.forget();
select pg_temp.message('sms_out', -0.0079, p_times => 2), pg_temp.used('sms-outbound-longcode', 3, 0.0237), pg_temp.total(0.0237);
select is(pg_temp.classes(), '0.0237 - 0.0158: missing_here 0.0079', 'A message that only Twilio counts is missing here, at the day''s price in usage');
select is((select r.kinds #>> '{sms_out,missingHere}' from private.reconciliations r), '1', 'The evidence has the number of messages');
select is(pg_temp.alerts(), 'AC1 2026-11-10', 'A message that is missing here raises an alert');
select pg_temp.message('sms_out', -0.0079, p_times => 3);
select is(pg_temp.classes(), '0.0237 - 0.0395: missing_at_twilio -0.0158', 'Messages that only the ledger has are missing at Twilio');
select pg_temp.used('sms-outbound-longcode', 0, 0), pg_temp.total(0);
select is(pg_temp.classes(), '0 - 0.0395: missing_at_twilio -0.0395', 'Without usage, all are missing at Twilio');
select pg_temp.used('calls-outbound', 7, 0.3), pg_temp.total(0.3);
select is(pg_temp.classes(), '0.3 - 0.0395: missing_at_twilio -0.0395, missing_here 0.3', 'What Twilio charges for products that the ledger does not know is missing here; kinds do not make up for each other');
select is(pg_temp.alerts(), 'AC1 2026-11-10, AC1 calls-outbound', 'Such a product has an alert of its own');
select pg_temp.used('calls-outbound', 7, 0.3, day), pg_temp.total(0.3, day), pg_temp.classes(day) from unnest('{2026-11-11,2026-11-12}'::date[]) day;
select results_eq($$ select subject, times > 1, details ->> 'day' from public.operator_alerts where settled_at is null and details ? 'category' $$, $$ values ('AC1 calls-outbound', true, '2026-11-12') $$, 'It stays the only one while it goes on');
select pg_temp.used('sms-inbound-longcode', 0, 0, '2026-12-14'), pg_temp.total(0, '2026-12-14'), pg_temp.classes('2026-12-14');
select is(pg_temp.alerts(), 'AC1 2026-11-10', 'After a month without it, it is settled');
delete from private.usage_days where day > '2026-11-10'; delete from public.twilio_usage where day > '2026-11-10'; delete from private.reconciliations where day > '2026-11-10';

insert into private.fees (user_id, key, kind, cost, charged_at) values (pg_temp.tenant(), 'brand', 'registration', 4, '2026-11-10 01:00Z'), (pg_temp.tenant(), 'failed', 'failed_message', 0.002, '2026-11-10 01:00Z'), (pg_temp.tenant(), 'late', 'other', 9, '2026-11-11 01:00Z');
select pg_temp.used('calls-outbound', 0, 0), pg_temp.used('a2p-10dlc-registrationfees-brandregistration', 1, 4.5), pg_temp.used('failed-message-processing-fee', 3, 0.003), pg_temp.total(4.503);
select is(pg_temp.classes(), '4.503 - 4.0415: failed_message_fee 0.001, missing_at_twilio -0.0395, missing_here 0.5', 'Fees of the ledger are compared with those in usage, by their kind and day');
select pg_temp.used('a2p-10dlc-registrationfees-brandregistration', 0, 0), pg_temp.total(0.003);
select is(pg_temp.classes(), '0.003 - 4.0415: failed_message_fee 0.001, missing_at_twilio -4.0395', 'A fee that Twilio does not charge is missing at Twilio');
delete from private.fees;

select pg_temp.forget();
select pg_temp.message('sms_out', -0.0079), pg_temp.message('sms_out', -0.007, p_unit => 'EUR'), pg_temp.used('sms-outbound-longcode', 2, 0.0158), pg_temp.total(0.0158);
select is(pg_temp.classes(), '0.0158 - 0.0079: currency 0.0079', 'A message in another currency is not added to the ledger; its class has the day''s price in usage');
select results_eq('select r.other_currencies from private.reconciliations r', $$ values ('{"EUR": {"usage": 0, "ledger": 0.00700}}'::jsonb) $$, 'The amount in the other currency is kept beside the classes');
select is(pg_temp.alerts(), 'AC1 2026-11-10', 'Another currency raises an alert');
select pg_temp.forget();
select pg_temp.message('sms_out', -0.0079), pg_temp.message('sms_in', -0.005, p_unit => 'EUR');
select pg_temp.used('sms-outbound-longcode', 1, 0.0079), pg_temp.used('sms-inbound-longcode', 1, 0.005, p_unit => 'eur'), pg_temp.total(0.0137);
select is(pg_temp.classes(), '0.0137 - 0.0079: currency 0.0058', 'On a day with usage in two currencies, what totalprice has beyond its own is a currency');
select pg_temp.forget();
select pg_temp.message('sms_out', -0.02, p_unit => 'EUR', p_times => 2), pg_temp.used('sms-outbound-longcode', 2, 0.04, p_unit => 'eur'), pg_temp.total(0.04, p_unit => 'eur');
select is(pg_temp.classes(), '0.04 - 0.04: none', 'A day whose usage and messages are in one other currency has no difference');

-- Rounding and mixtures ----------------------------------------------------------------------------------------------

select pg_temp.forget();
select pg_temp.message('sms_out', -0.00333, p_times => 2), pg_temp.message('sms_out', null), pg_temp.used('sms-outbound-longcode', 3, 0.01), pg_temp.total(0.01);
select is(pg_temp.classes(), '0.01 - 0.00666: not_priced_yet 0.00334', 'What Twilio counts beyond the priced messages is that of the message without a price');
update public.sms_messages set price = -0.00666 where price is not null and id = (select min(id::text)::uuid from public.sms_messages where price is not null);
update public.sms_messages set price = -0.00001 where price = -0.00333;
select pg_temp.used('sms-outbound-longcode', 3, 0.010006), pg_temp.total(0.010006);
select is(pg_temp.classes(), '0.010006 - 0.00667: not_priced_yet 0.003336', 'A difference by the rounding of a share goes to the class with the message, not to the rate');
select pg_temp.forget();
select pg_temp.used('sms-outbound-longcode', 0, -0.5), pg_temp.total(-0.5);
select is(pg_temp.classes(), '-0.5 - 0: missing_here -0.5', 'An amount without a count is one that the ledger does not have');


-- Prices that differ by country ----------------------------------------------------------------------------------------

select pg_temp.forget();
select pg_temp.message('sms_out', -0.0079), pg_temp.message('sms_out', null), pg_temp.used('sms-outbound-longcode', 2, 0.0479), pg_temp.total(0.0479);
select is(pg_temp.classes() || coalesce(pg_temp.alerts(), ', no alert'), '0.0479 - 0.0079: not_priced_yet 0.04, no alert', 'A message without a price may cost five times the average of the day: that is no rate');
select pg_temp.used('sms-outbound-longcode', 2, 0.9), pg_temp.total(0.9);
update public.sms_messages set price = -0.02 where price is not null;
select pg_temp.message('sms_out', -0.02, p_times => 98), pg_temp.used('sms-outbound-longcode', 100, 4.5), pg_temp.total(4.5);
select is(pg_temp.classes() || ', ' || (pg_temp.alerts() is not null), '4.5 - 1.98: not_priced_yet 0.045, rate 2.475, true', 'More than twenty times the average for that message stays a rate, and raises an alert');
select pg_temp.forget();
select pg_temp.message('sms_out', -0.04, '2026-11-10 23:59:59Z'), pg_temp.message('sms_out', -0.0079), pg_temp.message('sms_out', -0.0079, '2026-11-11 12:00Z');
select pg_temp.used('sms-outbound-longcode', 1, 0.0079), pg_temp.total(0.0079), pg_temp.used('sms-outbound-longcode', 2, 0.0479, '2026-11-11'), pg_temp.total(0.0479, '2026-11-11');
select is(pg_temp.classes() || '; ' || pg_temp.classes('2026-11-11') || coalesce(pg_temp.alerts(), ', no alert'), '0.0079 - 0.0479: missing_at_twilio -0.04; 0.0479 - 0.0079: missing_here 0.04, no alert', 'An expensive message that Twilio counts after midnight is shifted, and no rate on either day');
select is_empty($$
  select * from (select n, round((random() - 0.5)::numeric, 6) as rate, jsonb_build_object('not_priced_yet', round(random()::numeric * (random() < 0.5)::integer, 6), 'missing_here', round(random()::numeric * (random() < 0.5)::integer, 6), 'missing_at_twilio', -round(random()::numeric * (random() < 0.5)::integer, 6)) as shares from generate_series(1, 1000) n) s
  cross join lateral private.explain_rate(s.rate, s.shares) e
  where e.not_priced_yet + e.missing_here + e.missing_at_twilio + e.rate <> s.rate + (s.shares ->> 'not_priced_yet')::numeric + (s.shares ->> 'missing_here')::numeric + (s.shares ->> 'missing_at_twilio')::numeric
    or e.rate not in (0, s.rate) or e.not_priced_yet < 0 or e.missing_here < 0 or e.missing_at_twilio > 0 $$, 'explain_rate, of 1,000 random shares: the sum stays, and no share changes its sign');

select pg_temp.forget();
select pg_temp.used('strange-' || n, 1, 0.01) from generate_series(1, 50) n;
select pg_temp.total(0.5), pg_temp.classes();
select is((select count(*) filter (where details ? 'category') || ' ' || (max(details ->> 'unknownCategory')) from public.operator_alerts where settled_at is null), '20 0.30', 'Of 50 unknown categories, 20 have an alert each, and the day''s alert has the rest');

-- A closed account ----------------------------------------------------------------------------------------------------

select pg_temp.forget();
select pg_temp.message('sms_out', -0.0079, p_times => 2), pg_temp.used('sms-outbound-longcode', 1, 0.0079), pg_temp.total(0.0079);
insert into private.usage_accounts (account_sid, user_id, first_day, gone_at) values ('AC1', pg_temp.tenant(), '2026-11-01', now() - interval '1 day');
select is(pg_temp.classes() || coalesce(pg_temp.alerts(), ', no alert'), '0.0079 - 0.0158: missing_at_twilio -0.0079, no alert', 'What Twilio no longer shows of an account that was closed raises no alert');
select pg_temp.used('quantum-sms', 1, 0.5), pg_temp.total(0.5079);
select is(pg_temp.classes() || ', ' || (pg_temp.alerts() is not null), '0.5079 - 0.0158: missing_at_twilio -0.0079, unknown_category 0.5, true', 'What it showed raises one');
update private.usage_days set closed_at = now() - interval '2 days';
select pg_temp.used('quantum-sms', 0, 0), pg_temp.total(0.0079);
update private.usage_days set closed_at = now() - interval '2 days';
select is(pg_temp.classes() || ', ' || (pg_temp.alerts() is not null), '0.0079 - 0.0158: missing_at_twilio -0.0079, true', 'A day that was closed before the account raises one as before');

-- Numbers ------------------------------------------------------------------------------------------------------------

select pg_temp.forget();
insert into private.number_purchases (number_id, user_id, account_sid, monthly_price, reserved_at) values (gen_random_uuid(), pg_temp.tenant(), 'AC1', 1.15, '2026-08-31 10:00Z');
select pg_temp.used('phonenumbers', 1, 1.15, day), pg_temp.used('phonenumbers-local', 1, 1.15, day), pg_temp.used('phonenumbers-setups', 1, 0, day), pg_temp.total(1.15, day) from unnest('{2026-08-31,2026-09-30,2026-10-31,2026-11-30}'::date[]) day;
select is(string_agg(distinct pg_temp.classes(day), '; '), '1.15 - 1.15: none', 'A number''s fee is in the ledger on the day of the purchase and on that day of each month, in a shorter one on the last')
from unnest('{2026-08-31,2026-09-30,2026-10-31,2026-11-30}'::date[]) day;
select is(pg_temp.classes('2026-10-01'), '0 - 0: none', 'On other days there is no fee');
update private.number_purchases set held_until = '2026-10-30 10:00Z';
select is(pg_temp.classes('2026-10-31'), '1.15 - 0: missing_here 1.15', 'A number that was released before has no fee in the ledger');
delete from private.number_purchases;
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, account_sid, purchased_at) values (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', 'AC1', '2026-08-03 10:00Z');
select is(pg_temp.classes('2026-10-31'), '1.15 - 0: not_priced_yet 1.15', 'A number that Switchboard did not buy has no price of its own: its fee is not priced yet');
select is(pg_temp.classes('2026-10-30'), '0 - 0: none', 'On days without a fee such a number makes no difference');
insert into private.number_purchases (number_id, user_id, account_sid, monthly_price, reserved_at, held_until, is_purchase)
select id, user_id, account_sid, 1.15, '2026-08-03 10:00Z'::timestamptz, '2026-09-20Z'::timestamptz, true from public.user_twilio_numbers union all select id, user_id, null, 1.15, '2026-10-20Z', 'infinity', false from public.user_twilio_numbers;
select is(pg_temp.classes('2026-10-31'), '1.15 - 0: not_priced_yet 1.15', 'A number that was bought here, left and returned is charged on a day that only Twilio knows');

-- Midnight -----------------------------------------------------------------------------------------------------------

select pg_temp.forget();
select pg_temp.message('sms_out', -0.0079, '2026-11-10 23:59:59Z'), pg_temp.message('sms_out', -0.0079);
update public.sms_messages set sent_at = '2026-11-11 00:00:01Z' where created_at = '2026-11-10 23:59:59Z';
select pg_temp.used('sms-outbound-longcode', 1, 0.0079, day), pg_temp.total(0.0079, day) from unnest('{2026-11-10,2026-11-11}'::date[]) day;
select is(pg_temp.classes() || '; ' || pg_temp.classes('2026-11-11'), '0.0079 - 0.0079: none; 0.0079 - 0.0079: none', 'A message belongs to the day of Twilio''s date');
update public.sms_messages set sent_at = null;
select is(pg_temp.classes() || '; ' || pg_temp.classes('2026-11-11'), '0.0079 - 0.0158: missing_at_twilio -0.0079; 0.0079 - 0: missing_here 0.0079', 'A message that Twilio counts on another day is missing on both');
select is((select string_agg(is_shifted::text, ', ' order by day) || coalesce(pg_temp.alerts(), ', no alert') from private.reconciliations), 'true, true, no alert', 'What is missing on one day and too much on the next is shifted, and raises no alert, although the first day was compared alone before');
select pg_temp.used('sms-outbound-longcode', 2, 0.0158, '2026-11-11'), pg_temp.total(0.0158, '2026-11-11');
select is(pg_temp.classes('2026-11-11') || '; ' || pg_temp.alerts(), '0.0158 - 0: missing_here 0.0158; AC1 2026-11-11', 'More than one side lacks on the other is no shift: the alert is about that day alone');

-- Days that are due --------------------------------------------------------------------------------------------------

select pg_temp.forget();
select pg_temp.message('sms_out', null, now() - interval '2 days', null), pg_temp.used('sms-outbound-longcode', 1, 0.0079, day), pg_temp.total(0.0079, day, false) from private.utc_day(now() - interval '2 days') day;
select is(public.reconcile_due_days(10), 1, 'A day whose usage was read is compared once');
select is(public.reconcile_due_days(10), 0, 'A day that did not change is not compared again');
update private.usage_days set read_at = now();
select is(public.reconcile_due_days(10), 0, 'A read that found the same makes no day due');
select is(pg_temp.alerts(), null, 'An open day raises no alert');
select public.record_message_reports('AC1', jsonb_build_array(jsonb_build_object('sid', (select twilio_message_sid from public.sms_messages), 'price', -0.01, 'price_unit', 'USD')));
select is(public.reconcile_due_days(10), 1, 'A price that comes late makes its day due');
select is((select trim_scale(rate) || coalesce(pg_temp.alerts(), ', no alert') from private.reconciliations), '-0.0021, no alert', 'The late price is compared, and an open day raises no alert');
update private.usage_days set closed_at = now();
select is(public.reconcile_due_days(10) || coalesce(', ' || (pg_temp.alerts() is not null)::text, ''), '1, true', 'Closing the day compares it and raises the alert');
select public.record_message_reports('AC1', jsonb_build_array(jsonb_build_object('sid', (select twilio_message_sid from public.sms_messages), 'price', -0.0079, 'price_unit', 'USD')));
select is(public.reconcile_due_days(10) || coalesce(pg_temp.alerts(), ', settled'), '1, settled', 'A correction settles it');
select public.record_message_reports('AC1', jsonb_build_array(jsonb_build_object('sid', (select twilio_message_sid from public.sms_messages), 'price', -0.0079, 'price_unit', 'USD')));
select is(public.reconcile_due_days(10), 0, 'The same price again makes no day due');

-- The master account -------------------------------------------------------------------------------------------------

select pg_temp.forget();
select pg_temp.message('sms_out', -0.0079, p_account => 'AC-master', p_times => 2), pg_temp.message('sms_out', -0.0079);
insert into private.master_numbers (phone_sid, phone_number) values ('PN-master', '+15005550106');
select pg_temp.used('sms-outbound-longcode', 2, 0.0158, p_account => 'AC-master'), pg_temp.used('phonenumbers-local', 1, 1.15, p_account => 'AC-master'), pg_temp.total(1.1658, p_account => 'AC-master');
select is(pg_temp.classes(p_account => 'AC-master'), '1.1658 - 0.0158: not_priced_yet 1.15', 'The master account''s usage is compared with the messages that it sent for all tenants and its own numbers');
select is((select user_id from private.reconciliations where account_sid = 'AC-master'), null, 'Its row has no tenant');
delete from private.master_numbers;
select is(pg_temp.classes(p_account => 'AC-master'), '1.1658 - 0.0158: not_priced_yet 1.15', 'The fee of a number that was parked there, and is released, is not priced either');
select pg_temp.used('sms-inbound-longcode', 3, 0.0225, p_account => 'AC-master'), pg_temp.used('sms-outbound-longcode', 3, 0.0237, p_account => 'AC-master'), pg_temp.total(1.1962, p_account => 'AC-master');
select is(pg_temp.classes(p_account => 'AC-master'), '1.1962 - 0.0158: missing_here 0.0079, not_priced_yet 1.1725', 'What shared numbers receive is never in the ledger, and stays not priced; what they sent beyond the ledger is missing here');

-- Reading ------------------------------------------------------------------------------------------------------------

select pg_temp.forget();
select pg_temp.total(0.01, day, account = 'AC1', 'usd', account), private.reconcile_day(account, day) from unnest('{AC1,AC2}'::text[]) account, unnest('{2026-11-09,2026-11-10}'::date[]) day;
select results_eq('select account_sid, day from public.list_reconciliations(null, false, null, null, 3)', $$ values ('AC2', '2026-11-10'::date), ('AC1', '2026-11-10'), ('AC2', '2026-11-09') $$, 'list_reconciliations returns the newest days first');
select results_eq($$ select account_sid, day from public.list_reconciliations(null, false, '2026-11-09', 'AC2', 3) $$, $$ values ('AC1', '2026-11-09'::date) $$, 'The next page begins after the last row');
select results_eq($$ select account_sid, day from public.list_reconciliations('AC1', false, null, null, 3) $$, $$ values ('AC1', '2026-11-10'::date), ('AC1', '2026-11-09') $$, 'list_reconciliations filters by account');
select is_empty('select 1 from public.list_reconciliations(null, true, null, null, 3)', 'Days without a difference to be explained are left out when asked');

select private.reconcile_day('AC1', day) from unnest(array[private.utc_day() - 3660, private.utc_day() - 3640]) day;
select private.purge_usage(10);
select is((select min(day) from private.reconciliations), private.utc_day() - 3640, 'Comparisons are kept for as long as usage, ten years');

-- Random histories ---------------------------------------------------------------------------------------------------

select setseed(0.5);
-- The identity, and that a class is zero when its evidence is absent: over thousands of random kinds, then over days.
select is_empty($$
  select k.*, c.* from (
    select r.*, case when r.priced > 0 then round((random() * 12 - 2)::numeric, 5) else 0 end as paid
    from (
      select n, (random() * 4)::integer - (random() < 0.1)::integer as count, ((random() * 20 - 4)::integer / (array[1, 3, 7, 1000])[1 + (random() * 3)::integer]::numeric) as price, (random() * 2)::integer * (random() < 0.3)::integer as elsewhere,
        (random() * 4)::integer as priced, (random() * 3)::integer * (random() < 0.5)::integer as unpriced, (random() * 3)::integer * (random() < 0.3)::integer as others
      from generate_series(1, 5000) n
    ) r
  ) k cross join lateral private.compare_kind(k.count, k.price, k.elsewhere, k.priced, k.paid, k.unpriced, k.others) c
  where k.price - k.paid <> c.not_priced_yet + c.missing_here + c.missing_at_twilio + c.currency - c.surplus
    or (k.unpriced = 0 and c.not_priced_yet <> 0) or (k.others = 0 and k.elsewhere = 0 and c.currency <> 0)
    or (k.count <= k.priced and k.count > 0 and c.missing_here <> 0) or (k.count >= k.priced and c.missing_at_twilio <> 0) or (k.priced = 0 and (c.surplus, c.missing_at_twilio) <> (0, 0))
    or least(c.counted, c.open, c.here, c.at_twilio) < 0 $$,
  'compare_kind, of 5,000 random kinds: the parts are the difference exactly, and each is zero without its evidence');

select pg_temp.forget();
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, twilio_message_sid, price, price_unit, created_at)
select pg_temp.tenant(), (array['outbound', 'inbound'])[1 + (random())::integer]::public.message_direction, '+15005550101', '+15005550199',
  (array['delivered', 'sent', 'failed', 'undelivered', 'refused'])[1 + (random() * 4)::integer]::public.message_status, 'AC1', 'subaccount', (array['SM', 'MM'])[1 + (random())::integer] || 'x' || n,
  case when random() < 0.7 then round((random() * -0.05 + case when random() < 0.1 then 0.06 else 0 end)::numeric, 5) end, case when random() < 0.85 then 'USD' else 'EUR' end,
  '2026-01-01Z'::timestamptz + random() * interval '300 days'
from generate_series(1, 1500) n;
insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit)
select pg_temp.tenant(), 'AC1', '2026-01-01'::date + d, category, (random() * 3)::integer, 0, round((random() * 0.2 - 0.03)::numeric, 6), case when random() < 0.9 then 'usd' else 'eur' end
from generate_series(0, 299) d, unnest(array['sms-outbound', 'sms-outbound-longcode', 'sms-inbound', 'mms-outbound', 'mms-inbound', 'phonenumbers-local', 'sms-messages-carrierfees', 'mms-messages-carrierfees', 'failed-message-processing-fee', 'calls-outbound', 'sms', 'new-thing', 'a2p-10dlc-registrationfees-bv']) category
where random() < 0.4;
insert into private.usage_days (account_sid, day, user_id, total_price, price_unit, closed_at)
select 'AC1', '2026-01-01'::date + d, pg_temp.tenant(), round((random() - 0.1)::numeric, 6), case when random() < 0.95 then 'usd' else 'eur' end, now() from generate_series(0, 299) d;
insert into private.number_purchases (number_id, user_id, account_sid, monthly_price, reserved_at) select gen_random_uuid(), pg_temp.tenant(), 'AC1', 1.15, '2026-01-01Z'::timestamptz + random() * interval '300 days' from generate_series(1, 5);
select count(private.reconcile_day('AC1', '2026-01-01'::date + d)) from generate_series(0, 299) d;
select is((select count(*) from private.reconciliations where usage_total - ledger_total = not_priced_yet + carrier_fee + failed_message_fee + uncategorised + unknown_category + missing_here + missing_at_twilio + rate + currency), 300::bigint,
  'In 300 random days of two currencies, unknown categories, credits and overlapping sums, the classes add up to the difference exactly');
select is((select sum(usage_total) - sum(ledger_total) from private.reconciliations where price_unit = 'USD'),
  (select (select sum(total_price) from private.usage_days where price_unit = 'usd')
    - coalesce((select sum(-m.price) from public.sms_messages m join private.usage_days d on d.day = private.utc_day(m.created_at) and d.price_unit = 'usd' where private.is_counted(m) and m.price_unit = 'USD'), 0)
    - (select coalesce(sum(f.price), 0) from private.usage_days d, private.number_fees_of_day('AC1', pg_temp.tenant(), d.day) f where d.price_unit = 'usd')), 'The totals are those of usage and of the ledger');
select is((select count(*) from unnest(array['not_priced_yet', 'carrier_fee', 'failed_message_fee', 'uncategorised', 'unknown_category', 'missing_here', 'missing_at_twilio', 'rate', 'currency']) class
    where exists (select from private.reconciliations r where (to_jsonb(r) ->> class)::numeric <> 0)), 9::bigint, 'Each class occurs in them');
select is_empty($$ select * from private.reconciliations r where (carrier_fee <> 0 and not kinds ?| array['sms_fee', 'mms_fee']) or (failed_message_fee <> 0 and not kinds ? 'failed_message_fee') or (unknown_category <> 0 and not kinds ? 'unknown') or (currency <> 0 and other_currencies = '{}' and price_unit = 'USD') $$,
  'A class is zero on days without its evidence');
select throws_ok($$ update private.reconciliations set rate = rate + 0.000001 where day = '2026-03-03' $$, '23514', null, 'A row whose classes do not add up is refused');

-- Access -------------------------------------------------------------------------------------------------------------

reset role;
select pg_temp.sign_in(pg_temp.attacker());
select throws_ok('select 1 from private.reconciliations', '42501', null, 'A tenant cannot read the comparisons');
select throws_ok('select public.list_reconciliations(null, false, null, null, 3)', '42501', null, 'A tenant cannot list them');
select throws_ok('select public.reconcile_due_days(1)', '42501', null, 'A tenant cannot start a comparison');

select * from finish();
rollback;
