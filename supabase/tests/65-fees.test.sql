-- Fees count once: in the spend limit, in usage and in the comparison with Twilio's usage, wherever they were learned.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(40);

select pg_temp.join_as('tenant', 'attacker');
update public.plans set daily_message_limit = 10000, monthly_message_limit = 10000, spend_limit = 10, segment_price = 0.1, markup = 1, allowed_countries = null, max_numbers = 1000,
  max_purchases_per_day = 1000, max_purchases_per_month = 1000, max_number_price = 100;
set local role service_role;
delete from private.master_currency;
select private.learn_currency('USD', 'usage');
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'), pg_temp.store(pg_temp.attacker(), 'AC2', 'active', 'v1.k1.iv.two');
insert into private.usage_accounts (account_sid, user_id, first_day) values ('AC1', pg_temp.tenant(), private.utc_day() - 90), ('AC2', pg_temp.attacker(), private.utc_day() - 90)
on conflict (account_sid) do update set user_id = excluded.user_id, first_day = excluded.first_day;

-- What Twilio's usage says of a day, and a read of it.
create function pg_temp.found(p_ago integer, p_category text, p_price numeric, p_count integer default 1, p_unit text default 'usd') returns void language sql as $$
  insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit) values (pg_temp.tenant(), 'AC1', private.utc_day() - p_ago, p_category, p_count, p_count, p_price, p_unit)
  on conflict (account_sid, day, category, price_unit) do update set count = excluded.count, price = excluded.price;
  select private.note_usage_fees(a, private.utc_day() - 35, private.utc_day()) from private.usage_accounts a where a.account_sid = 'AC1';
$$;
create function pg_temp.reserved(p_ago integer, p_key text, p_cost numeric, p_kind text default 'registration') returns void language sql as $$
  insert into private.fees (user_id, key, kind, cost, markup, charged_at) values (pg_temp.tenant(), p_key, p_kind::public.fee_kind, p_cost, 1, (private.utc_day() - p_ago)::timestamp at time zone 'utc' + interval '1 hour');
$$;
-- The spending of ninety days, what usage shows of them, and the tenant's fees: "reserved + found".
create function pg_temp.fees() returns text language sql as $$
  select concat_ws('; ', trim_scale((private.spent_between(pg_temp.tenant(), (private.utc_day() - 90)::timestamp at time zone 'utc', (private.utc_day() + 1)::timestamp at time zone 'utc')).price),
    (select trim_scale(sum(u.price)) || ' in usage' from private.usage_by_day(pg_temp.tenant(), private.utc_day() - 90, private.utc_day() + 1) u where u.currency = 'USD'),
    (select trim_scale(coalesce(sum(cost) filter (where not is_from_usage), 0)) || ' + ' || trim_scale(coalesce(sum(cost) filter (where is_from_usage and price_unit <> 'EUR'), 0)) from private.fees where user_id = pg_temp.tenant()));
$$;
create function pg_temp.empty() returns void language sql as $$
  delete from private.fees; delete from private.number_purchases; delete from public.sms_messages; delete from public.twilio_usage; delete from public.tenant_notices; delete from private.due_work;
  update public.plans set spend_limit = 10, markup = 1;
$$;

-- Fees in usage ------------------------------------------------------------------------------------------------------

select pg_temp.found(2, 'failed-message-processing-fee', 0.5, 500);
select is(pg_temp.fees(), '0.5; 0.5 in usage; 0 + 0.5', 'A fee for failed messages that Twilio''s usage shows counts against the spend limit and in usage');
select is((select count from private.fees), 500::bigint, 'Its count is Twilio''s');
select pg_temp.found(2, 'failed-message-processing-fee', 0.5, 500);
select is(pg_temp.fees(), '0.5; 0.5 in usage; 0 + 0.5', 'A second read of the day changes nothing');
select pg_temp.found(2, 'failed-message-processing-fee', 0.4, 400);
select is(pg_temp.fees() || (select t.count from private.usage_totals t where t.kind = 'fee' and t.user_id = pg_temp.tenant()), '0.4; 0.4 in usage; 0 + 0.4400', 'A correction changes amount and count');
select pg_temp.found(2, 'failed-message-processing-fee', 0, 0);
select is(pg_temp.fees(), '0; 0 + 0', 'A fee that Twilio takes back is gone from both');
select pg_temp.found(2, 'sms-messages-carrierfees', 3), pg_temp.found(2, 'sms-outbound-longcode', 4), pg_temp.found(2, 'phonenumbers-local', 5), pg_temp.found(2, 'nobody-knows-this', 6);
select is(pg_temp.fees(), '0; 0 + 0', 'Messages, carrier fees, numbers and unknown categories are no fees of their own');
select pg_temp.found(1, 'failed-message-processing-fee', 2, 1, 'eur');
select is(pg_temp.fees() || '; ' || (select u.currency || ' ' || trim_scale(u.price) from private.usage_by_day(pg_temp.tenant(), private.utc_day() - 9, private.utc_day()) u), '0; 0 + 0; EUR 2',
  'A fee in another currency is in usage under that currency, and added to nothing');

-- Storage and other products have no row of ours but this one. Twilio's reads of an open day may grow.
select pg_temp.empty();
update public.plans set markup = 1.5;
select pg_temp.found(0, 'mediastorage', 0.02);
select results_eq($$ select kind::text, trim_scale(cost), trim_scale(tenant_price), plan_key, is_from_usage from private.fees $$, $$ values ('other', 0.02, 0.03, 'free', true) $$,
  'Storage is a fee from its first reading, on an open day too, at the markup and the version of the plan in force');
update public.plans set markup = 2;
select pg_temp.found(0, 'mediastorage', 0.03);
select is((select trim_scale(tenant_price) from private.fees), 0.045, 'A later reading changes it, at the markup of the first one');
update public.plans set markup = 1;
select pg_temp.empty();
select pg_temp.found(2, 'mediastorage', 0.02), pg_temp.found(2, 'recordings', 0.5), pg_temp.found(2, 'calls-outbound', 1), pg_temp.found(2, 'shortcodes-random', 500), pg_temp.found(2, 'sms-pumping-protection', 0.1);
select is(pg_temp.fees(), '501.62; 501.62 in usage; 0 + 501.62', 'Other products and short codes count against the spend limit and in usage alike');
select is((select sum(f.cost) from private.fees f), (select sum(p.price) from private.usage_parts('AC1', private.utc_day() - 2, 'USD') p), 'They are all that Twilio''s usage of the day has');
select pg_temp.empty();
select pg_temp.found(2, 'sms', 1), pg_temp.found(2, 'mms', 2), pg_temp.found(2, 'smsmessages-outbound-domestic', 3), pg_temp.found(2, 'phonenumbers', 4), pg_temp.found(2, 'mms-messages-carrierfees', 5);
select is(pg_temp.fees(), '0; 0 + 0', 'Sums of messages and of numbers without their parts are no fees: their rows of ours count');

-- Reserved fees that usage shows later -------------------------------------------------------------------------------

select pg_temp.empty();
select public.reserve_fee(pg_temp.tenant(), 'brand', 'registration', 4);
select is((select plan_key from private.fees), 'free', 'A reserved fee names the version of the plan in force');
delete from private.fees;
select pg_temp.reserved(2, 'brand', 4);
select is(pg_temp.fees(), '4; 4 in usage; 4 + 0', 'A reserved fee counts against the spend limit and in usage');
select pg_temp.found(2, 'a2p-10dlc-registrationfees-onetime', 4);
select is(pg_temp.fees(), '4; 4 in usage; 4 + 0', 'Once usage shows it, it counts once');
select is((select covered_by from private.fees where key = 'brand'), 'AC1 ' || private.utc_day() - 2 || ' a2p-10dlc-registrationfees-onetime usd', 'It names the fee that shows it');
select pg_temp.found(2, 'a2p-10dlc-registrationfees-onetime', 4.5);
select is(pg_temp.fees(), '4.5; 4.5 in usage; 4 + 0.5', 'What usage has beyond it counts, too');
select pg_temp.found(2, 'a2p-10dlc-registrationfees-onetime', 3);
select is(pg_temp.fees(), '4; 4 in usage; 4 + 0', 'A reservation above the fee stays what was reserved');
select pg_temp.found(2, 'a2p-10dlc-registrationfees-onetime', 0), pg_temp.found(1, 'a2p-10dlc-registrationfees-onetime', 4);
select is(pg_temp.fees(), '4; 4 in usage; 4 + 0', 'A correction that moves the fee to another day does not count it twice');
select pg_temp.found(2, 'a2p-10dlc-registrationfees-onetime', 4);
select is(pg_temp.fees(), '8; 8 in usage; 4 + 4', 'A second fee has no reservation, and counts in addition');
select pg_temp.reserved(1, 'campaign', 4), pg_temp.found(2, 'a2p-10dlc-registrationfees-onetime', 4);
select is(pg_temp.fees(), '8; 8 in usage; 8 + 0', 'Two reservations are shown by two fees');
select pg_temp.reserved(9, 'old', 1), pg_temp.found(2, 'a2p-10dlc-registrationfees-onetime', 5);
select is(pg_temp.fees(), '10; 10 in usage; 9 + 1', 'A reservation of a week before is not the one that usage shows');
select pg_temp.found(2, 'failed-message-processing-fee', 0.5);
select is(pg_temp.fees(), '10.5; 10.5 in usage; 9 + 1.5', 'A fee of another kind is not shown by it');
select results_eq($$ select kind, sum(paid) from private.fee_parts('AC1', pg_temp.tenant(), private.utc_day() - 2, 'USD') group by 1 $$, $$ values ('fee', 4::numeric) $$,
  'The comparison with usage reads what was reserved, and never what was found in usage itself');

-- Thresholds ---------------------------------------------------------------------------------------------------------

select pg_temp.empty();
select pg_temp.found(0, 'failed-message-processing-fee', 8.5);
select public.check_due_spending(10);
select is((select string_agg(right(subject, 3), ',') from public.tenant_notices), ' 80', 'A fee found in usage that passes a threshold is noticed');
select ok((select details::text !~ 'cost|markup' from public.tenant_notices), 'The notice has no cost');
select pg_temp.found(0, 'failed-message-processing-fee', 9);
select public.check_due_spending(10);
select is((select count(*) from public.tenant_notices), 1::bigint, 'A threshold is noticed once');
select pg_temp.empty();
insert into private.number_purchases (number_id, user_id, monthly_price, reserved_at) values (gen_random_uuid(), pg_temp.tenant(), 9, now() - interval '2 months');
select public.charge_number_fees(10), public.check_due_spending(10);
select is((select string_agg(right(subject, 3), ',') from public.tenant_notices), ' 80', 'Fees of numbers that pass a threshold without a message are noticed');
select pg_temp.empty();
insert into private.number_purchases (number_id, user_id, monthly_price) values (gen_random_uuid(), pg_temp.tenant(), 6);
select private.fees_to_come(pg_temp.tenant(), null, now(), now());
insert into private.tenant_limits (user_id, spend_limit, valid_until, reason, set_by) values (pg_temp.tenant(), 7, now() + interval '1 day', 'test', pg_temp.operator());
select public.check_due_spending(10);
select is((select string_agg(right(subject, 3), ',') from public.tenant_notices) || ' ' || (select due_at = now() + interval '1 day' from private.due_work where user_id = pg_temp.tenant() and kind = 'spending'),
  ' 80 true', 'A tenant''s own lower limit is checked when it is set, and the plan''s when it ends');
delete from private.tenant_limits;

-- The markup of a number's fees --------------------------------------------------------------------------------------

select pg_temp.empty();
update public.plans set spend_limit = 100, markup = 2;
insert into private.number_purchases (number_id, user_id, monthly_price, reserved_at) values (gen_random_uuid(), pg_temp.tenant(), 1, now() - interval '2 months' - interval '1 day');
update public.plans set markup = 3;
select is((private.spent_between(pg_temp.tenant(), now() - interval '4 months', now())).price, 8::numeric, 'Fees that are due and not charged yet are priced by the plan in force');
select public.charge_number_fees(1);
update public.plans set markup = 3.3333;
select is((private.spent_between(pg_temp.tenant(), now() - interval '4 months', now())).price, 8.3333, 'A charged fee keeps the markup of its day, and what is not charged has that of the plan in force');
select public.charge_number_fees(1);
select is((private.spent_between(pg_temp.tenant(), now() - interval '4 months', now())).price, 8.3333, 'Charging it changes nothing');
select results_eq($$ select array_agg(trim_scale(u.price) order by u.day) from private.usage_by_day(pg_temp.tenant(), private.utc_day() - 100, private.utc_day() + 1) u where u.kind = 'number' $$,
  $$ values (array[2, 3, 3.3333]) $$, 'Usage shows the same prices');

-- Random histories ---------------------------------------------------------------------------------------------------

-- In the currency of the master account: what was spent on whole UTC days that are over is what usage shows of them.
-- And what get-usage shows as left is what the next decision grants, and not a hundred-thousandth more.
create function pg_temp.live(p_seed double precision, p_steps integer) returns text language plpgsql as $$
declare
  from_day date;
  until_day date;
  spent numeric;
  shown numeric;
  remaining numeric;
  fits numeric;
begin
  perform setseed(p_seed);
  for step in 1 .. p_steps loop
    case floor(random() * 13)
      when 0, 1 then insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, estimated_price, markup, created_at, twilio_message_sid)
        select pg_temp.tenant(), d.direction, '+15005550101', '+15005550199', 'sent', 'AC1', 'subaccount', case d.direction when 'outbound' then (random() / 10)::numeric(12, 5) else 0 end, p.markup,
          now() - random() * interval '40 days', 'SM' || gen_random_uuid()
        from public.plans p, (select case when random() < 0.8 then 'outbound'::public.message_direction else 'inbound' end as direction) d where p.key = 'free';
      when 2, 3 then update public.sms_messages set price = -(random() / 8 - 0.01)::numeric(12, 5), price_unit = u.unit, price_is_foreign = u.unit = 'EUR'
        from (select case when random() < 0.9 then 'USD' else 'EUR' end as unit) u where id = (select id from public.sms_messages order by random() limit 1);
      when 4 then update public.sms_messages set status = case when random() < 0.5 then 'not_sent' else 'sent' end::public.message_status
        where id = (select id from public.sms_messages where direction = 'outbound' order by random() limit 1);
      when 5 then insert into private.number_purchases (number_id, user_id, monthly_price, reserved_at)
        values (gen_random_uuid(), pg_temp.tenant(), nullif(round(random()::numeric, 5), 0), now() - random() * interval '100 days');
      when 6 then insert into private.number_purchases (number_id, user_id, reserved_at, is_purchase) values (gen_random_uuid(), pg_temp.tenant(), now() - random() * interval '100 days', false);
      when 7 then perform public.record_list_price(p.number_id, (random() * 2)::numeric(12, 5), 'USD') from private.number_purchases p where p.monthly_price is null limit 1;
      when 8 then update private.number_purchases set held_until = case when held_until = 'infinity' then greatest(reserved_at, now() - random() * interval '20 days') else 'infinity' end
        where number_id = (select number_id from private.number_purchases where next_fee_at > now() order by random() limit 1);
      when 9 then perform pg_temp.found(floor(random() * 30)::integer, (array['failed-message-processing-fee', 'a2p-10dlc-registrationfees-onetime', 'a2p-10dlc-registrationfees-monthly'])[1 + floor(random() * 3)::integer],
        case when random() < 0.2 then 0 else (random() / 4)::numeric(12, 6) end, 1, case when random() < 0.9 then 'usd' else 'eur' end);
      when 10 then perform pg_temp.reserved(floor(random() * 30)::integer, gen_random_uuid()::text, (random() / 4)::numeric(12, 5), (array['registration', 'failed_message', 'other'])[1 + floor(random() * 3)::integer]);
      when 11 then update public.plans set markup = (array[0.5, 1, 1.25, 3.3333])[1 + floor(random() * 4)::integer];
      when 12 then perform public.charge_number_fees(3);
    end case;
    if step % 10 = 0 then
      while public.charge_number_fees(1000) > 0 loop end loop;
      from_day := private.utc_day() - floor(random() * 100)::integer;
      until_day := least(private.utc_day(), from_day + floor(random() * 60)::integer);
      spent := (private.spent_between(pg_temp.tenant(), from_day::timestamp at time zone 'utc', until_day::timestamp at time zone 'utc')).price;
      select coalesce(sum(u.price), 0) into shown from private.usage_by_day(pg_temp.tenant(), from_day, until_day) u where u.currency = 'USD';
      if spent <> shown then
        return format('step %s: spent %s, usage shows %s from %s to %s', step, spent, shown, from_day, until_day);
      end if;
      update public.plans set spend_limit = 0.01 + trunc((private.limits_of(pg_temp.tenant())).spend_used + (random() * 5)::numeric, 2);
      select u.spend_left into remaining from public.get_usage(pg_temp.tenant(), 'period') u;
      fits := trunc(remaining / (select markup from public.plans where key = 'free'), 5);
      if (select r.outcome from public.reserve_fee(pg_temp.tenant(), 'too much ' || step, 'other', fits + 0.00002) r) <> 'spend_limit_reached'
        or (select r.outcome from public.reserve_fee(pg_temp.tenant(), 'fits ' || step, 'other', fits) r) <> 'reserved'
        or (private.limits_of(pg_temp.tenant())).spend_used > (private.limits_of(pg_temp.tenant())).spend_limit then
        return format('step %s: %s left', step, remaining);
      end if;
      delete from private.fees where key like 'fits %';
    end if;
  end loop;
  return 'equal';
end;
$$;
select pg_temp.empty();
select is(pg_temp.live(seed, 120), 'equal', format('Spending and usage agree, and what is left is what is granted, through a random history (seed %s)', seed)) from unnest(array[0.1, 0.2, 0.3, random()]) seed;
select is_empty($$ select from private.fees f where f.covered_by is not null and f.is_from_usage $$, 'No fee of usage is covered by another');

-- Attackers ----------------------------------------------------------------------------------------------------------

select pg_temp.sign_in(pg_temp.attacker());
select throws_ok('select * from private.fees', '42501', null, 'A tenant cannot read fees');
select throws_ok($$ select public.record_list_price(gen_random_uuid(), 0, 'USD') $$, '42501', null, 'A tenant cannot set a price');

select * from finish();
rollback;
