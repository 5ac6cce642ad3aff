-- A tenant's usage by day and kind in their own prices, its totals, the billing period and the forecast.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(51);

select pg_temp.join_as('tenant', 'neighbour', 'attacker', 'visitor');
update public.plans set daily_message_limit = 100, monthly_message_limit = 1000, spend_limit = 10, markup = 1.5, segment_price = 0.01;
update public.plans set markup = 3, spend_limit = 4 where key = 'fallback';
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'), pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two');

create function pg_temp.message(p_user uuid, p_status text default 'delivered', p_price numeric default null, p_estimate numeric default 0.01,
  p_at timestamptz default now(), p_direction text default 'outbound', p_sid text default null, p_media text[] default '{}', p_segments integer default 1,
  p_markup numeric default 1.5, p_unit text default null) returns uuid language sql as $$
  insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, price, price_unit, estimated_price, created_at, twilio_message_sid, media_urls, has_media,
    num_segments, markup)
  values (p_user, p_direction::public.message_direction, '+15005550101', '+15005550199', p_status::public.message_status, 'AC1', 'subaccount', p_price,
    coalesce(p_unit, case when p_price is not null then 'USD' end), p_estimate, p_at, p_sid, p_media, p_media <> '{}', p_segments, p_markup) returning id;
$$;
create function pg_temp.at_day(p_days integer) returns timestamptz language sql as $$ select date_trunc('day', now(), 'UTC') + p_days * interval '1 day' + interval '12 hours' $$;
create function pg_temp.day(p_days integer) returns date language sql as $$ select (pg_temp.at_day(p_days) at time zone 'UTC')::date $$;
create function pg_temp.totals(p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select string_agg(kind || ' ' || unit || ' ' || count || '/' || segments || ' ' || trim_scale(price) || ' of ' || trim_scale(cost), ', ' order by day, kind, unit)
  from private.usage_totals where user_id = p_user and (count, segments, price, cost) <> (0, 0, 0, 0);
$$;

delete from private.master_currency;
select private.learn_currency('USD', 'usage');

-- Prices --------------------------------------------------------------------------------------------------------------

select results_eq(
  $$ select private.marked_up(cost, markup) from (values (0.0079, 1.5), (0.00001, 1.00001), (0.01, 1), (-1, 2), (0, 2), (null, 2), (0.0079, null)) v (cost, markup) $$,
  $$ values (0.01185), (0.00002), (0.01), (0), (0), (null), (0.0079) $$,
  'A price is the cost times the markup, rounded up to five decimals and never below zero');
select is(private.tenant_price(null, 0.0079), 0.0079, 'Under a plan that was deleted the price is the cost');

-- Totals --------------------------------------------------------------------------------------------------------------

create temp table made as select pg_temp.message(pg_temp.tenant(), 'reserved', null, 0.02, p_segments => 2) as id;
select is(pg_temp.totals(), 'sms_out  1/2 0.03 of 0.02', 'A new message counts with its estimate, without a currency');
update public.sms_messages set price = -0.0158, price_unit = 'usd', status = 'delivered' where id = (select id from made);
select is(pg_temp.totals(), 'sms_out USD 1/2 0.0237 of 0.0158', 'The price that Twilio reports replaces the estimate, in its currency');
update public.sms_messages set price = -0.0188 where id = (select id from made);
select is(pg_temp.totals(), 'sms_out USD 1/2 0.0282 of 0.0188', 'A price that changes late changes the totals');
update public.sms_messages set num_segments = 3 where id = (select id from made);
select is(pg_temp.totals(), 'sms_out USD 1/3 0.0282 of 0.0188', 'So do segments');
update public.sms_messages set status = 'not_sent' where id = (select id from made);
select is(pg_temp.totals(), null, 'A message that was not sent does not count');
update public.sms_messages set status = 'delivered' where id = (select id from made);
select is(pg_temp.totals(), 'sms_out USD 1/3 0.0282 of 0.0188', 'A not_sent message that becomes delivered counts again');
select pg_temp.message(pg_temp.tenant(), 'refused');
select is(pg_temp.totals(), 'sms_out USD 1/3 0.0282 of 0.0188', 'A refused message does not count');
update public.plans set markup = 7;
update public.sms_messages set price = -0.02 where id = (select id from made);
select is(pg_temp.totals(), 'sms_out USD 1/3 0.03 of 0.02', 'A message keeps the markup with which it was reserved');
update public.plans set markup = 1.5;
delete from public.sms_messages where user_id = pg_temp.tenant();
select is(pg_temp.totals(), null, 'A deleted message is taken out');

select pg_temp.message(pg_temp.tenant(), 'received', -0.0075, p_direction => 'inbound', p_sid => 'SMin'),
  pg_temp.message(pg_temp.tenant(), 'received', -0.01, p_direction => 'inbound', p_sid => 'MMin', p_media => '{https://a}'),
  pg_temp.message(pg_temp.tenant(), 'sent', -0.02, p_sid => 'MMout', p_media => '{https://a}'),
  pg_temp.message(pg_temp.tenant(), 'failed', null, 0.01, p_sid => 'SMout');
select is(pg_temp.totals(), 'sms_out  1/1 0.015 of 0.01, sms_in USD 1/1 0.01125 of 0.0075, mms_out USD 1/1 0.03 of 0.02, mms_in USD 1/1 0.015 of 0.01',
  'Each message counts in its kind; received ones have a price as well, and a failed one keeps its estimate');
update public.sms_messages set media_urls = '{}', body = null where user_id = pg_temp.tenant();
select is(pg_temp.totals(), 'sms_out  1/1 0.015 of 0.01, sms_in USD 1/1 0.01125 of 0.0075, mms_out USD 1/1 0.03 of 0.02, mms_in USD 1/1 0.015 of 0.01',
  'Deleting the media does not turn an MMS into an SMS');

-- Numbers -------------------------------------------------------------------------------------------------------------

insert into public.user_twilio_numbers (id, user_id, phone_number, phone_sid) values (pg_temp.row_id(2), pg_temp.neighbour(), '+15005550102', 'PN2');
update public.plans set markup = 2 where key = 'free';
insert into private.number_purchases (number_id, user_id, monthly_price, reserved_at) values (pg_temp.row_id(2), pg_temp.neighbour(), 1.15, '2026-01-31 20:00Z');
update public.plans set markup = 1.5 where key = 'free';
select is(pg_temp.totals(pg_temp.neighbour()), 'number  1/0 2.3 of 1.15', 'A purchase is the first fee, at the markup of its plan');
select results_eq($$ select private.fee_date('2026-01-31 20:00Z', n) from generate_series(1, 3) n $$,
  $$ values ('2026-02-28 20:00Z'::timestamptz), ('2026-03-31 20:00Z'), ('2026-04-30 20:00Z') $$, 'Fees are due on the anniversaries, or on the last day of a shorter month');
select is(public.charge_number_fees(1), 1, 'A due fee is charged');
select is((select array_agg(distinct plan_key) from private.fees where number_id = pg_temp.row_id(2)), '{free}', 'The fees of a number name the version of the plan in force');
select results_eq($$ select day, price, cost from private.usage_totals where user_id = pg_temp.neighbour() order by day $$,
  $$ values ('2026-01-31'::date, 2.3::numeric, 1.15::numeric), ('2026-02-28', 1.725, 1.15) $$, 'It counts on its day, at the markup of the plan in force');
select is((select fees || ' ' || (next_fee_at = '2026-03-31 20:00Z') from private.number_purchases where number_id = pg_temp.row_id(2)), '2 true', 'The next one is due a month later');
update public.user_twilio_numbers set status = 'released' where id = pg_temp.row_id(2);
select public.charge_number_fees(100) from generate_series(1, 60);
select is((select count(*) from private.usage_totals where user_id = pg_temp.neighbour()), (select count(*) from generate_series('2026-01-31 20:00', now(), '1 month')), 'Fees that were due before the release are still charged');
select is((select next_fee_at from private.number_purchases where number_id = pg_temp.row_id(2)), 'infinity', 'Afterwards none is due');
insert into private.number_purchases (number_id, user_id, monthly_price) values (pg_temp.row_id(3), pg_temp.attacker(), 1);
delete from private.number_purchases where number_id = pg_temp.row_id(3);
select is(pg_temp.totals(pg_temp.attacker()), null, 'A purchase that Twilio did not make costs nothing');

-- The report ----------------------------------------------------------------------------------------------------------

delete from public.sms_messages where user_id = pg_temp.tenant();
reset role;
update public.plans set markup = 1.5;
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, current_period_start, current_period_end)
values ('sub_usage', pg_temp.tenant(), 'cus', 'team', 'active', pg_temp.at_day(-4), pg_temp.at_day(6));
set local role service_role;
select pg_temp.message(pg_temp.tenant(), 'delivered', -0.1, p_at => pg_temp.at_day(-5)), -- the period before
  pg_temp.message(pg_temp.tenant(), 'delivered', -0.2, p_at => pg_temp.at_day(-4) - interval '1 hour', p_segments => 2),
  pg_temp.message(pg_temp.tenant(), 'delivered', -0.2, p_at => pg_temp.at_day(-1), p_segments => 2),
  pg_temp.message(pg_temp.tenant(), 'received', -0.4, p_at => pg_temp.at_day(-1), p_direction => 'inbound'),
  pg_temp.message(pg_temp.tenant(), 'sent', null, 0.01, p_at => pg_temp.at_day(0) - interval '12 hours');
insert into private.number_purchases (number_id, user_id, monthly_price, reserved_at) values (pg_temp.row_id(4), pg_temp.tenant(), 1, pg_temp.at_day(2) - interval '1 month');
insert into private.usage_accounts (account_sid, user_id, first_day, read_at, read_through) values ('AC1', pg_temp.tenant(), pg_temp.day(-30), now(), pg_temp.day(-1))
on conflict (account_sid) do update set user_id = excluded.user_id, first_day = excluded.first_day, read_at = excluded.read_at, read_through = excluded.read_through;
insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit) values
  (pg_temp.tenant(), 'AC1', pg_temp.day(-2), 'failed-message-processing-fee', 2, 2, 0.002, 'usd'),
  (pg_temp.tenant(), 'AC1', pg_temp.day(-2), 'sms-messages-carrierfees', 2, 2, 0.006, 'usd'),
  (pg_temp.tenant(), 'AC1', pg_temp.day(-2), 'sms', 2, 2, 5, 'usd'), (pg_temp.tenant(), 'AC1', pg_temp.day(-2), 'totalprice', 2, 2, 5.008, 'usd');
insert into private.usage_days (account_sid, day, user_id, total_price, price_unit, closed_at) values ('AC1', pg_temp.day(-3), pg_temp.tenant(), 0, 'usd', now()),
  ('AC1', pg_temp.day(-2), pg_temp.tenant(), 5.008, 'usd', null);

select private.note_usage_fees(a, pg_temp.day(-5), pg_temp.day(0)) from private.usage_accounts a where a.account_sid = 'AC1';

create function pg_temp.report(p_by public.usage_step, p_from date default null, p_until date default null, p_user uuid default pg_temp.tenant()) returns table (line text) language sql as $$
  select concat_ws(' ', ((r ->> 'from')::date - pg_temp.day(0)) || '..' || ((r ->> 'until')::date - pg_temp.day(0)), r ->> 'kind', r ->> 'currency', (r ->> 'count') || '/' || (r ->> 'segments'),
    trim_scale((r ->> 'price')::numeric))
  from public.get_usage(p_user, p_by, p_from, p_until) u cross join jsonb_array_elements(u.report) r;
$$;
select bag_eq($$ select * from pg_temp.report('day') $$, $$ values
  ('-4..-3 sms_out USD 1/2 0.3'), ('-2..-1 fee USD 2/0 0.003'), ('-1..0 sms_out USD 1/2 0.3'), ('-1..0 sms_in USD 1/1 0.6'), ('0..1 sms_out USD 1/1 0.015'),
  ('sms_out USD 3/5 0.615'), ('sms_in USD 1/1 0.6'), ('fee USD 2/0 0.003'), ('USD 6/6 1.218') $$,
  'Usage by day has the tenant''s prices: carrier fees, sums and the total of usage records are not counted again');
select bag_eq($$ select * from pg_temp.report('period') $$, $$ values
  ('-4..6 sms_out USD 3/5 0.615'), ('-4..6 sms_in USD 1/1 0.6'), ('-4..6 fee USD 2/0 0.003'), ('sms_out USD 3/5 0.615'), ('sms_in USD 1/1 0.6'), ('fee USD 2/0 0.003'), ('USD 6/6 1.218') $$,
  'The billing period has whole UTC days: that of its beginning, and not that of its end');
select is((select string_agg(trim_scale((r ->> 'price')::numeric)::text, ' ') from public.get_usage(pg_temp.tenant(), 'month', '2020-01-15', '2030-01-01') u cross join jsonb_array_elements(u.report) r
  where r ->> 'kind' is null and r ->> 'from' is null), '2.868', 'A range counts all of its days, and the first fee of a number');
select results_eq($$ select r ->> 'from', r ->> 'until' from public.get_usage(pg_temp.neighbour(), 'month', '2026-01-15', '2026-02-10') u cross join jsonb_array_elements(u.report) r where r ->> 'from' is not null $$,
  $$ values ('2026-01-15', '2026-02-01') $$, 'A month is cut to the range');
select results_eq($$ select period_from - pg_temp.day(0), period_until - pg_temp.day(0), plan_key, currency, spent, spend_limit, daily_limit, monthly_limit, daily_left, monthly_left from public.get_usage(pg_temp.tenant(), 'day') $$,
  $$ select -4, 6, 'team', 'USD', 1.218, 10::numeric, 100::bigint, 1000::bigint, q.daily, q.monthly from private.remaining_quota(pg_temp.tenant(), private.plan_of(pg_temp.tenant())) q where q.daily in (98, 99) $$, 'The limits of the plan, and what was spent of them in the tenant''s prices');
-- Four complete days: 1.203 / 4 * 10 days, and the fee of the number on the day after tomorrow: 1.5.
select is((select forecast from public.get_usage(pg_temp.tenant(), 'day')), 4.5075, 'The forecast continues the complete days and adds the fees of numbers that are due');
select is((select estimated_messages || ' ' || (fees_read_at = now()) || ' ' || (fees_final_until - pg_temp.day(0)) from public.get_usage(pg_temp.tenant(), 'day')), '1 true -2',
  'Messages without a price are counted, and the first day whose fees may change is returned');
select pg_temp.message(pg_temp.tenant(), 'delivered', -9, p_at => pg_temp.at_day(0) - interval '12 hours');
select is((select forecast from public.get_usage(pg_temp.tenant(), 'day')), 16.218, 'A forecast is never below what is spent');
insert into private.fees (user_id, key, kind, cost, price_unit, markup, charged_at) values (pg_temp.tenant(), 'eur', 'other', 1, 'EUR', 1.5, pg_temp.at_day(-1));
select is((select string_agg(concat_ws(' ', r ->> 'currency', trim_scale((r ->> 'price')::numeric)), ', ' order by r ->> 'currency') || ' ' || coalesce(u.forecast::text, 'none')
  from public.get_usage(pg_temp.tenant(), 'period') u cross join jsonb_array_elements(u.report) r where r ->> 'kind' is null group by u.forecast), 'EUR 1.5, USD 14.718 none',
  'Two currencies are never added, and have no forecast');
update public.subscriptions set current_period_start = pg_temp.at_day(-2), current_period_end = pg_temp.at_day(8) where id = 'sub_usage';
select is((select forecast from public.get_usage(pg_temp.tenant(), 'day')), null, 'There is no forecast before three days of the period are complete');
update public.subscriptions set current_period_start = pg_temp.at_day(-12), current_period_end = pg_temp.at_day(-2) where id = 'sub_usage';
select is((select period_until - pg_temp.day(0) from public.get_usage(pg_temp.tenant(), 'day')), 1, 'A period continues until Stripe tells the next one');

update public.plans set markup = 5;
update public.twilio_usage set price = 0.004 where category = 'failed-message-processing-fee';
select private.note_usage_fees(a, pg_temp.day(-5), pg_temp.day(0)) from private.usage_accounts a where a.account_sid = 'AC1';
select is((select price from private.usage_by_day(pg_temp.tenant(), pg_temp.day(-2), pg_temp.day(-1))), 0.006, 'A fee keeps the markup with which it was first read');

-- Without a subaccount ------------------------------------------------------------------------------------------------

select pg_temp.message(pg_temp.visitor(), 'delivered', -0.01, p_markup => 3);
select results_eq($$ select plan_key, period_from, period_until, spent, spend_limit, fees_read_at from public.get_usage(pg_temp.visitor(), 'day') $$,
  $$ values ('fallback', date_trunc('month', now(), 'UTC')::date, (date_trunc('month', now() at time zone 'UTC') + interval '1 month')::date, 0.03, 4::numeric, null::timestamptz) $$,
  'A user of the shared numbers has the limits of the plan fallback and the calendar month');
select is((select spent || ' ' || report from public.get_usage(pg_temp.attacker(), 'day')), '0 []', 'A user without usage has none');

-- Reading costs rows of days, not messages ----------------------------------------------------------------------------

select is((select count(*) from regexp_matches(pg_get_functiondef('private.usage_by_day(uuid, date, date)'::regprocedure) || pg_get_functiondef('private.period_usage_of(uuid)'::regprocedure)
  || pg_get_functiondef('public.get_usage(uuid, public.usage_step, date, date)'::regprocedure) || pg_get_functiondef('private.usage_report(uuid, public.usage_step, date, date)'::regprocedure), 'sms_messages', 'g')),
  0::bigint, 'No part of a report reads the ledger');

set local enable_seqscan = off;
create temp table scans as select pg_stat_get_xact_numscans('private.number_purchases'::regclass) as before;
select public.charge_number_fees(1);
select is(pg_stat_get_xact_numscans('private.number_purchases'::regclass) - (select before from scans), 0::bigint, 'Fees that are due are found by index');
set local enable_seqscan = on;

-- Random histories ----------------------------------------------------------------------------------------------------

create view pg_temp.recounted as
select user_id, (created_at at time zone 'UTC')::date as day,
  ((case when coalesce(twilio_message_sid like 'MM%', has_media) then 'mms' else 'sms' end) || case direction when 'outbound' then '_out' else '_in' end)::public.usage_kind as kind,
  case when price_is_foreign then '' else coalesce(upper(price_unit), '') end as unit, count(*) as count, sum(greatest(1, num_segments)) as segments,
  sum(ceil(charge * markup * 100000) / 100000) as price, sum(charge) as cost
from (select *, case when price is null or price_is_foreign then estimated_price else abs(price) end as charge from public.sms_messages) m where direction = 'inbound' or status not in ('refused', 'not_sent') group by 1, 2, 3, 4;
create function pg_temp.differences() returns bigint language sql as $$
  select count(*) from pg_temp.recounted r full join (select * from private.usage_totals where kind <= 'mms_in' and (count, segments, price, cost) <> (0, 0, 0, 0)) t using (user_id, day, kind, unit)
  where (r.count, r.segments, r.price, r.cost) is distinct from (t.count, t.segments, t.price, t.cost);
$$;
create function pg_temp.live(p_seed double precision, p_steps integer) returns integer language plpgsql as $$
declare
  actors uuid[] := array[pg_temp.tenant(), pg_temp.neighbour(), pg_temp.visitor()];
  chosen uuid;
begin
  perform setseed(p_seed);
  for step in 1 .. p_steps loop
    chosen := (select id from public.sms_messages order by random() limit 1);
    case floor(random() * 9)
      when 0, 1 then perform pg_temp.message(actors[1 + floor(random() * 3)::integer], (array['reserved', 'refused', 'sent'])[1 + floor(random() * 3)::integer], null, (random() / 50)::numeric(12, 5),
        now() - random() * interval '3 days', p_media => case when random() < 0.3 then '{https://a}' else '{}' end::text[], p_segments => nullif(floor(random() * 4)::integer, 0), p_markup => (1 + random())::numeric(8, 4));
      when 2 then perform pg_temp.message(actors[1 + floor(random() * 3)::integer], 'received', p_at => now() - random() * interval '3 days', p_direction => 'inbound', p_estimate => 0,
        p_sid => (case when random() < 0.3 then 'MM' else 'SM' end) || gen_random_uuid());
      when 3, 4 then update public.sms_messages set price = -(random() / 50)::numeric(12, 5), price_unit = case when random() < 0.9 then 'USD' else 'EUR' end where id = chosen;
      when 5 then update public.sms_messages set status = (array['not_sent', 'delivered', 'undelivered', 'refused'])[1 + floor(random() * 4)::integer]::public.message_status where id = chosen and direction = 'outbound';
      when 6 then update public.sms_messages set num_segments = floor(random() * 5)::integer, media_urls = case when random() < 0.5 then '{}' else media_urls end,
        twilio_message_sid = coalesce(twilio_message_sid, (case when has_media then 'MM' else 'SM' end) || gen_random_uuid()) where id = chosen;
      when 7 then delete from public.sms_messages where id in (chosen, (select id from public.sms_messages order by random() limit 1)) and random() < 0.5;
      when 8 then insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, estimated_price, markup, created_at)
        select actors[1 + n % 3], 'outbound', '+15005550101', '+15005550199', 'reserved', 'AC1', 'subaccount', 0.00777, 1.3, now() - n * interval '7 hours' from generate_series(1, 4) n;
    end case;
    if step % 25 = 0 and pg_temp.differences() > 0 then
      return step;
    end if;
  end loop;
  return 0;
end;
$$;
select is(pg_temp.differences(), 0::bigint, 'The totals are what a recount of the ledger gives');
select is(pg_temp.live(seed, 150), 0, format('and still are after a random history (seed %s)', seed)) from unnest(array[0.1, 0.2, random()]) seed;
select cmp_ok((select count(*) from public.sms_messages), '>', 50::bigint, 'The histories left messages');
select is_empty($$
  select s.kind, s.currency from private.usage_by_day(pg_temp.tenant(), pg_temp.day(-20), pg_temp.day(1)) s
  group by 1, 2 having sum(s.price) <> (select (r ->> 'price')::numeric from public.get_usage(pg_temp.tenant(), 'month', pg_temp.day(-20), pg_temp.day(1)) u cross join jsonb_array_elements(u.report) r
    where r ->> 'from' is null and r ->> 'kind' = s.kind::text and r ->> 'currency' is not distinct from s.currency) $$,
  'Sums of days are the totals of months');
select bag_eq(
  $$ select r ->> 'kind' as kind, r ->> 'currency' as currency, sum((r ->> 'price')::numeric) as price, sum((r ->> 'count')::bigint) as count from public.get_usage(pg_temp.tenant(), 'day', pg_temp.day(-20), pg_temp.day(1)) u
     cross join jsonb_array_elements(u.report) r where r ->> 'from' is not null group by 1, 2 $$,
  $$ select r ->> 'kind' as kind, r ->> 'currency' as currency, sum((r ->> 'price')::numeric) as price, sum((r ->> 'count')::bigint) as count from public.get_usage(pg_temp.tenant(), 'period', pg_temp.day(-20), pg_temp.day(1)) u
     cross join jsonb_array_elements(u.report) r where r ->> 'from' is not null group by 1, 2 $$,
  'The days of a range add up to the range');

-- Deletion of the user ------------------------------------------------------------------------------------------------

create temp table before as select pg_temp.totals(pg_temp.neighbour()) as totals;
reset role;
delete from auth.users where id = pg_temp.neighbour();
set local role service_role;
select public.erase_messages_of_deleted_user(pg_temp.neighbour(), 1000);
select is(pg_temp.totals(pg_temp.neighbour()), (select totals from before), 'The totals of a deleted user stay');
select is(pg_temp.differences(), 0::bigint, 'and are still those of the ledger');

insert into private.usage_totals select gen_random_uuid(), (now() - private.kept_for('financial'))::date - n, 'sms_out', 'USD', 1, 1, 1, 1 from generate_series(-1, 1) n;
select private.purge_totals(1000);
select is((select count(*) from private.usage_totals where day <= (now() - private.kept_for('financial'))::date + 1), 2::bigint, 'Totals are kept for the time of financial rows');

-- Attackers -----------------------------------------------------------------------------------------------------------

select pg_temp.sign_in(pg_temp.attacker());
select throws_ok($$ select * from public.get_usage(pg_temp.tenant(), 'day') $$, '42501', null, 'A tenant cannot call get_usage, not even for their own');
select throws_ok($$ select markup from public.plans $$, '42501', null, 'A tenant cannot read the markup');
select throws_ok($$ select price from public.sms_messages $$, '42501', null, 'A tenant cannot read what Twilio charges');

select * from finish();
rollback;
