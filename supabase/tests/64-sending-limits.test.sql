-- A tenant's sent messages are counted by triggers; the limits on countries, spend, messages and rate are decided by it.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(101);

select pg_temp.join_as('tenant', 'neighbour', 'visitor', 'leaver');
update public.plans set daily_message_limit = 1000, monthly_message_limit = 1000, spend_limit = 100, segment_price = 0.01, allowed_countries = null;
delete from private.rate_limits;
delete from private.carrier_fees;
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary) values
  (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', true), (pg_temp.neighbour(), '+15005550102', 'PN-pgtap-2', true);
delete from private.master_numbers;
insert into private.master_numbers (phone_sid, phone_number, is_offered) values ('PN-m1', '+15005550001', true);

create function pg_temp.reserve(p_user uuid, p_to text default '+15005550199', p_country text default 'US', p_segments integer default 1,
  p_key text default gen_random_uuid()::text, p_address text default null, p_rate integer default null)
returns table (outcome text, message_id uuid, message_limit numeric, retry_after_seconds integer) language sql as $$
  select r.outcome, (r.message ->> 'id')::uuid, r.message_limit, r.retry_after_seconds from public.reserve_message(p_user, p_key, 'hash', p_to, p_country, null, 'Hello', '{}',
    p_segments, 'GSM-7', true, 'AC-master', p_address, p_rate, p_rate) r;
$$;
create function pg_temp.message(p_user uuid, p_status text default 'sent', p_price numeric default null, p_estimate numeric default 0.01,
  p_at timestamptz default now(), p_direction text default 'outbound', p_sid text default null) returns uuid language sql as $$
  insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, price, estimated_price, created_at, twilio_message_sid)
  values (p_user, p_direction::public.message_direction, '+15005550101', '+15005550199', p_status::public.message_status, 'AC1', 'subaccount', p_price, p_estimate, p_at, p_sid) returning id;
$$;
create function pg_temp.total(p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select coalesce(sum(messages), 0) || ' for ' || trim_scale(coalesce(sum(spend), 0)) from private.sending_totals where user_id = p_user;
$$;

-- Totals -------------------------------------------------------------------------------------------------------------

create temp table made as select pg_temp.message(pg_temp.tenant(), 'reserved', null, 0.02) as id;
select is(pg_temp.total(), '1 for 0.02', 'A new message counts with its estimated price');
select pg_temp.message(pg_temp.neighbour());
select is(pg_temp.total(), '1 for 0.02', 'Another tenant''s message does not count');
select pg_temp.message(pg_temp.tenant(), 'received', null, 0, p_direction => 'inbound');
select is(pg_temp.total(), '1 for 0.02', 'A received message does not count');
select pg_temp.message(pg_temp.tenant(), 'refused');
select is(pg_temp.total(), '1 for 0.02', 'A message inserted as refused does not count');
update public.sms_messages set price = -0.0315, price_unit = 'USD' where id = (select id from made);
select is(pg_temp.total(), '1 for 0.0315', 'Twilio''s price, a negative number, replaces the estimate');
update public.sms_messages set status = 'unknown' where id = (select id from made);
select is(pg_temp.total(), '1 for 0.0315', 'An unknown message still counts');
update public.sms_messages set status = 'not_sent' where id = (select id from made);
select is(pg_temp.total(), '0 for 0', 'A message that becomes not_sent does not count any more');
update public.sms_messages set status = 'delivered' where id = (select id from made);
select is(pg_temp.total(), '1 for 0.0315', 'A not_sent message that becomes delivered counts again');
update public.sms_messages set status = 'refused' where id = (select id from made);
select is(pg_temp.total(), '0 for 0', 'A message that becomes refused does not count any more');
select is(public.release_message(pg_temp.message(pg_temp.tenant(), 'reserved')) || ', ' || pg_temp.total(), 'released, 0 for 0', 'A released message does not count any more');
select is(public.release_message(pg_temp.message(pg_temp.tenant(), 'refused')) || ', ' || pg_temp.total(), 'gone, 0 for 0', 'A refused message that is not released subtracts nothing');
delete from public.sms_messages where user_id = pg_temp.tenant() and status = 'refused';
select is(pg_temp.total(), '0 for 0', 'A deleted refused message subtracts nothing');

select pg_temp.message(pg_temp.tenant(), 'sent', null, 0.01, date_trunc('hour', now()) - interval '3 hours' + n * interval '20 minutes') from generate_series(0, 8) n;
select results_eq('select messages, spend from private.sending_totals where user_id = pg_temp.tenant() and hour < date_trunc(''hour'', now()) order by hour',
  $$ values (3::bigint, 0.03), (3, 0.03), (3, 0.03) $$, 'Each hour has its own total');
update public.sms_messages set price = -0.02 where user_id = pg_temp.tenant();
update public.sms_messages set looked_at = now(), body = 'Other' where user_id = pg_temp.tenant();
select is(pg_temp.total(), '9 for 0.2', 'An update of many messages moves each total, and other columns move none; a received message costs and is not counted');
set local timezone = 'Asia/Kolkata';
update public.sms_messages set status = 'not_sent' where user_id = pg_temp.tenant() and direction = 'outbound';
select is(pg_temp.total() || ', least ' || min(messages), '0 for 0.02, least 0', 'A session in a time zone of half hours changes the totals of the same hours')
from private.sending_totals where user_id = pg_temp.tenant();
set local timezone = 'UTC';
select is(pg_temp.total(pg_temp.neighbour()), '1 for 0.01', 'Another tenant''s total is unchanged');

select pg_temp.message(pg_temp.leaver(), status) from unnest(array['reserved', 'sent', 'refused']) status;
reset role;
select lives_ok($$ delete from auth.users where id = pg_temp.leaver() $$, 'A user with messages and totals can be deleted');
select is(pg_temp.total(pg_temp.leaver()), '2 for 0.02', 'The totals of a deleted user stay under their id');
set local role service_role;

-- Remaining quota ----------------------------------------------------------------------------------------------------

delete from public.sms_messages where user_id = pg_temp.tenant();
create function pg_temp.room(p_age interval) returns text language plpgsql as $$
declare
  made uuid := pg_temp.message(pg_temp.tenant(), 'sent', -3, 0, now() - p_age);
  plan public.plans;
  room text;
begin
  plan.daily_message_limit := 10; plan.monthly_message_limit := 20; plan.spend_limit := 30;
  select daily || ' ' || monthly || ' ' || trim_scale(spend) into room from private.remaining_quota(pg_temp.tenant(), plan);
  delete from public.sms_messages where id = made;
  return room;
end;
$$;
select is(pg_temp.room('0'), '9 19 27', 'A message of now counts toward the day, the month and the spend');
select is(split_part(pg_temp.room('23 hours 59 minutes'), ' ', 1), '9', 'A message within the last day counts toward the daily limit');
select is(split_part(pg_temp.room('25 hours'), ' ', 1), '10', 'A message older than 25 hours does not count toward the daily limit');
select is(pg_temp.room(now() - date_trunc('month', now()) + interval '1 second') ~ ' 20 30$', true, 'A message of last month does not count toward the month and the spend');
select results_eq('select daily, monthly, spend from private.remaining_quota(pg_temp.tenant(), null)', $$ values (0::bigint, 0::bigint, 0::numeric) $$, 'remaining_quota returns zero without a plan');

-- Spend --------------------------------------------------------------------------------------------------------------

update public.plans set spend_limit = 0.05, segment_price = 0.02 where key = 'free';
create temp table costly as select * from pg_temp.reserve(pg_temp.tenant(), p_segments => 2);
select is((select outcome from costly), 'reserved', 'reserve_message within the spend limit returns reserved');
select is((select estimated_price from public.sms_messages where id = (select message_id from costly)), 0.04, 'The estimated price is the number of segments times the segment price');
select results_eq('select outcome, message_limit, message_id from pg_temp.reserve(pg_temp.tenant())', $$ values ('spend_limit_reached', 0.05, null::uuid) $$,
  'reserve_message over the spend limit returns spend_limit_reached with the limit');
select public.record_message_status((select message_id from costly), pg_temp.tenant(), 'AC1', 'SM-pgtap-1', 'sent', null, null);
select is((public.record_message_reports('AC1', '[{"sid": "SM-pgtap-1", "num_segments": 2, "price": -0.03, "price_unit": "USD"}]')).priced, 1,
  'A lower price that Twilio reports is recorded');
select is((select outcome from pg_temp.reserve(pg_temp.tenant())), 'reserved', 'A message that exactly fits the spend limit is reserved');
select is((select outcome from pg_temp.reserve(pg_temp.tenant())), 'spend_limit_reached', 'The next message over the spend limit is refused');
select is((select outcome from pg_temp.reserve(pg_temp.neighbour())), 'reserved', 'Another tenant has their own spend limit');
update public.sms_messages set created_at = date_trunc('month', now()) - interval '1 second' where user_id = pg_temp.tenant();
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), p_segments => 3)), 'spend_limit_reached', 'In a new month, a message that costs more than the limit is refused');
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), p_segments => 2)), 'reserved', 'In a new month, a message within the limit is reserved');
update public.plans set segment_price = 0, spend_limit = 0 where key = 'free';
delete from private.message_prices;
select is((select outcome from pg_temp.reserve(pg_temp.neighbour())), 'spend_limit_reached', 'With more spent than a lowered limit, a message that costs nothing is refused');
delete from public.sms_messages where user_id = pg_temp.neighbour();
select is((select outcome from pg_temp.reserve(pg_temp.neighbour())), 'reserved', 'With nothing spent, a message that costs nothing is reserved at a limit of zero');
update public.plans set segment_price = 0.01, spend_limit = 100 where key = 'free';

-- The order of the limits --------------------------------------------------------------------------------------------

delete from public.sms_messages where user_id = pg_temp.tenant();
update public.plans set daily_message_limit = 0, monthly_message_limit = 0, spend_limit = 0 where key = 'free';
select results_eq('select outcome, message_limit from pg_temp.reserve(pg_temp.tenant())', $$ values ('daily_limit_reached', 0::numeric) $$, 'Of several limits, the daily one is returned first');
update public.plans set daily_message_limit = 7 where key = 'free';
select results_eq('select outcome, message_limit from pg_temp.reserve(pg_temp.tenant())', $$ values ('monthly_limit_reached', 0::numeric) $$, 'The monthly limit is returned before the spend limit');
update public.plans set monthly_message_limit = 8 where key = 'free';
select results_eq('select outcome, message_limit from pg_temp.reserve(pg_temp.tenant())', $$ values ('spend_limit_reached', 0::numeric) $$, 'The spend limit is returned last');
update public.plans set spend_limit = 0.5 where key = 'free';
select results_eq('select outcome, message_limit from pg_temp.reserve(pg_temp.tenant())', $$ values ('reserved', null::numeric) $$, 'Without a reached limit, message_limit is null');

-- Countries ----------------------------------------------------------------------------------------------------------

create function pg_temp.to_country(p_country text, p_plan text[], p_own text[]) returns text language plpgsql as $$
begin
  update public.plans set allowed_countries = p_plan where key = 'free';
  perform public.save_messaging_settings(pg_temp.tenant(), null, null, null, p_own, null);
  return (select outcome from pg_temp.reserve(pg_temp.tenant(), p_country => p_country));
end;
$$;
update public.plans set daily_message_limit = 1000, monthly_message_limit = 1000, spend_limit = 100 where key = 'free';
select is(pg_temp.to_country(country, plan, own), outcome, format('A message to %s, with the plan''s countries %s and the tenant''s %s, is %s',
  coalesce(country, 'nowhere known'), coalesce(plan::text, 'any'), coalesce(own::text, 'any'), outcome))
from (values
  ('DE', '{US,DE}'::text[], null::text[], 'reserved'), ('FR', '{US,DE}', null, 'destination_refused'), ('FR', null, null, 'reserved'),
  ('FR', '{}', null, 'destination_refused'), ('DE', '{US,DE}', '{US}', 'destination_refused'), ('US', '{US,DE}', '{US}', 'reserved'),
  ('FR', '{US,DE}', '{US,FR}', 'destination_refused'), ('FR', null, '{US}', 'destination_refused'), ('US', null, '{US}', 'reserved'),
  (null, '{US}', null, 'destination_refused'), (null, null, '{US}', 'destination_refused'), (null, null, null, 'reserved')) cases (country, plan, own, outcome);
select is(pg_temp.to_country(country, plan, own), outcome, format('A message to the territory %s, with the plan''s countries %s and the tenant''s %s, is %s',
  country, coalesce(plan::text, 'any'), coalesce(own::text, 'any'), outcome))
from (values
  ('GG', '{GB}'::text[], null::text[], 'reserved'), ('JE', '{GB}', '{GB}', 'reserved'), ('IM', null, '{GB}', 'reserved'), ('GU', '{US}', null, 'reserved'),
  ('VI', '{US}', null, 'reserved'), ('AS', '{US}', null, 'reserved'), ('MP', '{US}', null, 'reserved'), ('PR', '{US}', null, 'reserved'), ('AX', '{FI}', null, 'reserved'),
  ('GB', '{GG}', null, 'destination_refused'), ('GG', '{US}', null, 'destination_refused'), ('GG', '{GB}', '{US}', 'destination_refused'), ('GG', '{GB}', '{GG}', 'reserved')) cases (country, plan, own, outcome);
update public.plans set excluded_territories = '{GG,GU}' where key = 'free';
select is(pg_temp.to_country(country, plan, own), outcome, format('With GG and GU excluded, a message to %s, with the plan''s countries %s and the tenant''s %s, is %s',
  country, coalesce(plan::text, 'any'), coalesce(own::text, 'any'), outcome))
from (values
  ('GG', '{GB}'::text[], null::text[], 'destination_refused'), ('GU', '{US}', null, 'destination_refused'), ('JE', '{GB}', null, 'reserved'), ('GG', '{GB,GG}', null, 'reserved'),
  ('GG', null, '{GB}', 'destination_refused'), ('GG', null, '{GG}', 'reserved'), ('GG', null, null, 'reserved')) cases (country, plan, own, outcome);
update public.plans set excluded_territories = '{}' where key = 'free';
select results_eq($$ select array_agg(t order by t) from unnest(array['AS', 'GG', 'GU', 'IM', 'JE', 'MP', 'PR', 'VI', 'DE']) t, public.plans p where p.key = 'fallback' and t = any (p.excluded_territories) $$,
  $$ values (array['AS', 'GG', 'GU', 'IM', 'JE', 'MP', 'PR', 'VI']) $$, 'The shared numbers reach no territory with its mother country');
select throws_ok($$ update public.plans set excluded_territories = '{UK}' where key = 'free' $$, '23514', null, 'An excluded territory that is no country is refused');
update public.plans set allowed_countries = '{US}' where key = 'free';
select is((select outcome from pg_temp.reserve(pg_temp.neighbour(), p_country => 'FR')), 'destination_refused', 'A plan''s list of countries holds for every tenant on it');
update public.plans set allowed_countries = null where key = 'free';
select public.save_messaging_settings(pg_temp.tenant(), null, null, null, '{US}', null);
select is((select outcome from pg_temp.reserve(pg_temp.neighbour(), p_country => 'FR')), 'reserved', 'A tenant''s list of countries does not hold for another tenant');
update public.plans set allowed_countries = '{CA}' where key = 'fallback';
select results_eq($$ select country, (select outcome from pg_temp.reserve(pg_temp.visitor(), p_country => country)) from unnest(array['US', 'CA']) country $$,
  $$ values ('US', 'destination_refused'), ('CA', 'reserved') $$, 'The list of the fallback plan holds for the shared numbers');
select throws_ok($$ select public.save_messaging_settings(pg_temp.tenant(), null, null, null, '{}', null) $$, '23514', null, 'An empty list of countries is refused');
select throws_ok($$ select public.save_messaging_settings(pg_temp.tenant(), null, null, null, '{UK}', null) $$, '23514', null, 'A list of countries with a code that is no country is refused');
select throws_ok($$ select public.save_messaging_settings(pg_temp.tenant(), null, null, null, '{us}', null) $$, '23514', null, 'A country in lowercase is refused');
select throws_ok($$ select public.save_messaging_settings(pg_temp.tenant(), null, null, null, '{US,null}', null) $$, '23514', null, 'A list of countries with a null is refused');
select results_eq($$ select * from public.save_messaging_settings(gen_random_uuid(), null, null, null, null, null) $$, $$ values ('unknown_user'::public.save_settings_outcome, null::integer) $$,
  'save_messaging_settings returns unknown_user for a user who does not exist');
select public.save_messaging_settings(pg_temp.tenant(), null, null, null, null, null);

-- The version of settings --------------------------------------------------------------------------------------------

delete from public.messaging_settings where user_id = pg_temp.tenant();
create function pg_temp.saved(p_stop text, p_version integer) returns text language sql as $$
  select format('%s %s', outcome, version) from public.save_messaging_settings(pg_temp.tenant(), p_stop, null, null, '{US}', 30, p_version);
$$;
select is(pg_temp.saved('Bye', 0), 'saved 1', 'Settings are saved for a caller who read none');
select is(pg_temp.saved('Bye', 0), 'saved 1', 'The same request, repeated, is saved, and changes nothing');
select is(pg_temp.saved('Ciao', 0), 'changed 1', 'Other settings of a caller who read an older version are not saved');
select is((select stop_reply from public.messaging_settings where user_id = pg_temp.tenant()), 'Bye', 'What was saved meanwhile stays');
select is(pg_temp.saved('Ciao', 1), 'saved 2', 'Settings are saved for a caller who read the current version');
select is(pg_temp.saved('Ciao', 7), 'saved 2', 'Equal settings are saved whatever version the caller names');
select is(pg_temp.saved('Bye', null), 'saved 3', 'Without a version, settings replace any');
select public.save_messaging_settings(pg_temp.tenant(), null, null, null, null, null);

-- Rate limit ---------------------------------------------------------------------------------------------------------

delete from public.sms_messages where user_id in (pg_temp.tenant(), pg_temp.neighbour());
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), p_key => 'rate ' || n, p_address => '192.0.2.1', p_rate => 2)), outcome, format('With a rate limit of two a minute, request %s is %s', n, outcome))
from (values (1, 'reserved'), (2, 'reserved'), (3, 'rate_limited')) uses (n, outcome);
select ok(retry_after_seconds between 59 and 60 and message_id is null and message_limit is null, 'rate_limited comes with the seconds to wait')
from pg_temp.reserve(pg_temp.tenant(), p_address => '192.0.2.1', p_rate => 2);
select is((select count(*) from public.sms_messages where user_id = pg_temp.tenant()), 2::bigint, 'rate_limited reserves no message');
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), p_key => 'rate 1', p_address => '192.0.2.1', p_rate => 2)), 'rate_limited', 'A repeated request counts toward the rate limit');
select is((select outcome from pg_temp.reserve(pg_temp.neighbour(), p_address => '192.0.2.1', p_rate => 2)), 'rate_limited', 'Another tenant at the same address exceeds the limit of the address');
select is((select outcome from pg_temp.reserve(pg_temp.neighbour(), p_address => '192.0.2.2', p_rate => 2)), 'reserved', 'Another tenant at another address is within the limit');
select is((select outcome from pg_temp.reserve(pg_temp.tenant())), 'reserved', 'Without a rate limit, no request is counted');

-- Opt-outs that Twilio reports ---------------------------------------------------------------------------------------

create temp table unwanted as select message_id as id from pg_temp.reserve(pg_temp.tenant(), '+15005550188');
select is((select outcome from public.record_message_status((select id from unwanted), pg_temp.tenant(), 'AC1', null, 'refused', 21610, 'Unsubscribed')), 'moved', 'record_message_status returns moved for a refusal with error 21610');
select results_eq($$ select sender, recipient, user_id, keyword from public.sms_opt_outs where recipient = '+15005550188' $$,
  $$ values ('+15005550101', '+15005550188', pg_temp.tenant(), '21610') $$, 'Error 21610 stores an opt-out of the pair');
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), '+15005550188')), 'opted_out', 'reserve_message returns opted_out after error 21610');
select is((select outcome from pg_temp.reserve(pg_temp.neighbour(), '+15005550188')), 'reserved', 'The opt-out does not hold for another tenant''s number');
create temp table unreachable as select message_id as id from pg_temp.reserve(pg_temp.tenant(), '+15005550177');
select public.record_message_status(id, pg_temp.tenant(), 'AC1', 'SM-pgtap-7', 'failed', 30003, 'Unreachable') from unreachable;
select public.record_message_status(id, pg_temp.tenant(), 'AC1', 'SM-pgtap-7', 'failed', 21610, 'Late') from unreachable;
select is_empty($$ select 1 from public.sms_opt_outs where recipient = '+15005550177' $$, 'Another error, or evidence that moves nothing, stores no opt-out');

select * from finish();
rollback;
