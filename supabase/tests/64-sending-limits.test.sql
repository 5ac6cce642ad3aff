-- What a tenant has sent is counted as it happens, and countries, money, numbers of messages and their rate are decided by it.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(71);

select pg_temp.join_as('tenant', 'neighbour', 'visitor', 'leaver');
update public.plans set daily_message_limit = 1000, monthly_message_limit = 1000, monthly_spend_limit = 100, segment_price = 0.01, allowed_countries = null;
delete from private.rate_limits;
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary) values
  (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', true), (pg_temp.neighbour(), '+15005550102', 'PN-pgtap-2', true);
delete from private.master_numbers;
insert into private.master_numbers (phone_sid, phone_number) values ('PN-m1', '+15005550001');

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

-- Counted as it happens -------------------------------------------------------------------------------------------------

create temp table made as select pg_temp.message(pg_temp.tenant(), 'reserved', null, 0.02) as id;
select is(pg_temp.total(), '1 for 0.02', 'A message that is made counts, at what it is taken to cost');
select pg_temp.message(pg_temp.neighbour());
select is(pg_temp.total(), '1 for 0.02', 'A neighbour''s message counts for them alone');
select pg_temp.message(pg_temp.tenant(), 'received', p_direction => 'inbound');
select is(pg_temp.total(), '1 for 0.02', 'A received message counts for nothing');
select pg_temp.message(pg_temp.tenant(), 'refused');
select is(pg_temp.total(), '1 for 0.02', 'Nor does one that was refused from the start');
update public.sms_messages set price = -0.0315, price_unit = 'USD' where id = (select id from made);
select is(pg_temp.total(), '1 for 0.0315', 'Twilio''s real price, which it tells as a negative number, takes the place of the estimate');
update public.sms_messages set status = 'unknown' where id = (select id from made);
select is(pg_temp.total(), '1 for 0.0315', 'A lost answer changes nothing: the message may have gone');
update public.sms_messages set status = 'not_sent' where id = (select id from made);
select is(pg_temp.total(), '0 for 0', 'A message that was never sent counts no more');
update public.sms_messages set status = 'delivered' where id = (select id from made);
select is(pg_temp.total(), '1 for 0.0315', 'When it turns out that it was, it counts again');
update public.sms_messages set status = 'refused' where id = (select id from made);
select is(pg_temp.total(), '0 for 0', 'A message that Twilio refused counts no more');
select is(public.release_message(pg_temp.message(pg_temp.tenant(), 'reserved')) || ', ' || pg_temp.total(), 'released, 0 for 0', 'A reservation that is taken back counts no more');
select is(public.release_message(pg_temp.message(pg_temp.tenant(), 'refused')) || ', ' || pg_temp.total(), 'gone, 0 for 0', 'What did not count before is not subtracted');
delete from public.sms_messages where user_id = pg_temp.tenant() and status = 'refused';
select is(pg_temp.total(), '0 for 0', 'Not when it is deleted either');

select pg_temp.message(pg_temp.tenant(), 'sent', null, 0.01, date_trunc('hour', now()) - interval '3 hours' + n * interval '20 minutes') from generate_series(0, 8) n;
select results_eq('select messages, spend from private.sending_totals where user_id = pg_temp.tenant() and hour < date_trunc(''hour'', now()) order by hour',
  $$ values (3::bigint, 0.03), (3, 0.03), (3, 0.03) $$, 'Each hour has its own total');
update public.sms_messages set price = -0.02 where user_id = pg_temp.tenant();
update public.sms_messages set looked_at = now(), body = 'Other' where user_id = pg_temp.tenant();
select is(pg_temp.total(), '9 for 0.18', 'One statement over many messages counts each; what changes neither price nor fate counts nothing');
set local timezone = 'Asia/Kolkata';
update public.sms_messages set status = 'not_sent' where user_id = pg_temp.tenant() and direction = 'outbound';
select is(pg_temp.total() || ', least ' || min(messages), '0 for 0, least 0', 'A session half an hour from everybody else''s clock finds the same hours')
from private.sending_totals where user_id = pg_temp.tenant();
set local timezone = 'UTC';
select is(pg_temp.total(pg_temp.neighbour()), '1 for 0.01', 'None of this touched the neighbour''s total');

select pg_temp.message(pg_temp.leaver(), status) from unnest(array['reserved', 'sent', 'refused']) status;
reset role;
select lives_ok($$ delete from auth.users where id = pg_temp.leaver() $$, 'A user with messages and totals can be deleted');
select is(pg_temp.total(pg_temp.leaver()), '2 for 0.02', 'The totals of a deleted user stay, under the user''s id');
set local role service_role;

-- Room ------------------------------------------------------------------------------------------------------------------

delete from public.sms_messages where user_id = pg_temp.tenant();
create function pg_temp.room(p_age interval) returns text language plpgsql as $$
declare
  made uuid := pg_temp.message(pg_temp.tenant(), 'sent', -3, 0, now() - p_age);
  plan public.plans;
  room text;
begin
  plan.daily_message_limit := 10; plan.monthly_message_limit := 20; plan.monthly_spend_limit := 30;
  select daily || ' ' || monthly || ' ' || trim_scale(spend) into room from private.remaining_quota(pg_temp.tenant(), plan);
  delete from public.sms_messages where id = made;
  return room;
end;
$$;
select is(pg_temp.room('0'), '9 19 27', 'What was sent now takes from the day, the month and the money');
select is(split_part(pg_temp.room('23 hours 59 minutes'), ' ', 1), '9', 'What was sent within a day takes from the day');
select is(split_part(pg_temp.room('25 hours'), ' ', 1), '10', 'What was sent more than a day and an hour ago does not');
select is(pg_temp.room(now() - date_trunc('month', now()) + interval '1 second') ~ ' 20 30$', true, 'What was sent last month takes nothing from this one');
select results_eq('select daily, monthly, spend from private.remaining_quota(pg_temp.tenant(), null)', $$ values (0::bigint, 0::bigint, 0::numeric) $$, 'Without a plan there is no room');

-- Money -----------------------------------------------------------------------------------------------------------------

update public.plans set monthly_spend_limit = 0.05, segment_price = 0.02 where key = 'free';
create temp table costly as select * from pg_temp.reserve(pg_temp.tenant(), p_segments => 2);
select is((select outcome from costly), 'reserved', 'Within what a month may cost a message is reserved');
select is((select estimated_price from public.sms_messages where id = (select message_id from costly)), 0.04, 'It is taken to cost what its segments do');
select results_eq('select outcome, message_limit, message_id from pg_temp.reserve(pg_temp.tenant())', $$ values ('spend_limit_reached', 0.05, null::uuid) $$,
  'Beyond it nothing is reserved, and the limit is told');
select public.record_message_status((select message_id from costly), pg_temp.tenant(), 'AC1', 'SM-pgtap-1', 'sent', null, null);
select is((public.record_message_reports('AC1', '[{"sid": "SM-pgtap-1", "num_segments": 2, "price": -0.03, "price_unit": "USD"}]')).priced, 1,
  'Twilio tells that it cost less');
select is((select outcome from pg_temp.reserve(pg_temp.tenant())), 'reserved', 'So there is room for one that fits exactly');
select is((select outcome from pg_temp.reserve(pg_temp.tenant())), 'spend_limit_reached', 'And then none');
select is((select outcome from pg_temp.reserve(pg_temp.neighbour())), 'reserved', 'A neighbour has money of their own');
update public.sms_messages set created_at = date_trunc('month', now()) - interval '1 second' where user_id = pg_temp.tenant();
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), p_segments => 3)), 'spend_limit_reached', 'In a new month one that costs more than all of it is still too much');
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), p_segments => 2)), 'reserved', 'And others begin anew');
update public.plans set segment_price = 0, monthly_spend_limit = 0 where key = 'free';
select is((select outcome from pg_temp.reserve(pg_temp.neighbour())), 'spend_limit_reached', 'Who has spent more than a limit that was lowered waits, even for what costs nothing');
delete from public.sms_messages where user_id = pg_temp.neighbour();
select is((select outcome from pg_temp.reserve(pg_temp.neighbour())), 'reserved', 'What costs nothing needs no money');
update public.plans set segment_price = 0.01, monthly_spend_limit = 100 where key = 'free';

-- Of three limits the first is told -------------------------------------------------------------------------------------

delete from public.sms_messages where user_id = pg_temp.tenant();
update public.plans set daily_message_limit = 0, monthly_message_limit = 0, monthly_spend_limit = 0 where key = 'free';
select results_eq('select outcome, message_limit from pg_temp.reserve(pg_temp.tenant())', $$ values ('daily_limit_reached', 0::numeric) $$, 'Of several limits the day''s is told first');
update public.plans set daily_message_limit = 7 where key = 'free';
select results_eq('select outcome, message_limit from pg_temp.reserve(pg_temp.tenant())', $$ values ('monthly_limit_reached', 0::numeric) $$, 'Then the month''s');
update public.plans set monthly_message_limit = 8 where key = 'free';
select results_eq('select outcome, message_limit from pg_temp.reserve(pg_temp.tenant())', $$ values ('spend_limit_reached', 0::numeric) $$, 'Then the money');
update public.plans set monthly_spend_limit = 0.5 where key = 'free';
select results_eq('select outcome, message_limit from pg_temp.reserve(pg_temp.tenant())', $$ values ('reserved', null::numeric) $$, 'Where none is reached none is told');

-- Countries -------------------------------------------------------------------------------------------------------------

create function pg_temp.to_country(p_country text, p_plan text[], p_own text[]) returns text language plpgsql as $$
begin
  update public.plans set allowed_countries = p_plan where key = 'free';
  perform public.save_messaging_settings(pg_temp.tenant(), null, null, null, p_own, null);
  return (select outcome from pg_temp.reserve(pg_temp.tenant(), p_country => p_country));
end;
$$;
update public.plans set daily_message_limit = 1000, monthly_message_limit = 1000, monthly_spend_limit = 100 where key = 'free';
select is(pg_temp.to_country(country, plan, own), outcome, format('To %s, of %s in the plan and %s of the tenant''s, it is %s',
  coalesce(country, 'nowhere known'), coalesce(plan::text, 'any'), coalesce(own::text, 'any'), outcome))
from (values
  ('DE', '{US,DE}'::text[], null::text[], 'reserved'), ('FR', '{US,DE}', null, 'destination_refused'), ('FR', null, null, 'reserved'),
  ('FR', '{}', null, 'destination_refused'), ('DE', '{US,DE}', '{US}', 'destination_refused'), ('US', '{US,DE}', '{US}', 'reserved'),
  ('FR', '{US,DE}', '{US,FR}', 'destination_refused'), ('FR', null, '{US}', 'destination_refused'), ('US', null, '{US}', 'reserved'),
  (null, '{US}', null, 'destination_refused'), (null, null, '{US}', 'destination_refused'), (null, null, null, 'reserved')) cases (country, plan, own, outcome);
update public.plans set allowed_countries = '{US}' where key = 'free';
select is((select outcome from pg_temp.reserve(pg_temp.neighbour(), p_country => 'FR')), 'destination_refused', 'A plan''s list holds for everybody on it');
update public.plans set allowed_countries = null where key = 'free';
select public.save_messaging_settings(pg_temp.tenant(), null, null, null, '{US}', null);
select is((select outcome from pg_temp.reserve(pg_temp.neighbour(), p_country => 'FR')), 'reserved', 'A tenant''s own list holds for nobody else');
update public.plans set allowed_countries = '{CA}' where key = 'fallback';
select results_eq($$ select country, (select outcome from pg_temp.reserve(pg_temp.visitor(), p_country => country)) from unnest(array['US', 'CA']) country $$,
  $$ values ('US', 'destination_refused'), ('CA', 'reserved') $$, 'On the shared numbers the list of the fallback holds');
select throws_ok($$ select public.save_messaging_settings(pg_temp.tenant(), null, null, null, '{}', null) $$, '23514', null, 'A list of no country is none');
select throws_ok($$ select public.save_messaging_settings(pg_temp.tenant(), null, null, null, '{us}', null) $$, '23514', null, 'A country is two capital letters');
select throws_ok($$ select public.save_messaging_settings(pg_temp.tenant(), null, null, null, '{US,null}', null) $$, '23514', null, 'A list with a null in it is refused');
select is(public.save_messaging_settings(gen_random_uuid(), null, null, null, null, null), 'unknown_user', 'Nobody has settings who is not there');
select public.save_messaging_settings(pg_temp.tenant(), null, null, null, null, null);

-- Rate ------------------------------------------------------------------------------------------------------------------

delete from public.sms_messages where user_id in (pg_temp.tenant(), pg_temp.neighbour());
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), p_key => 'rate ' || n, p_address => '192.0.2.1', p_rate => 2)), outcome, format('Use %s of a rate of two a minute is %s', n, outcome))
from (values (1, 'reserved'), (2, 'reserved'), (3, 'rate_limited')) uses (n, outcome);
select ok(retry_after_seconds between 59 and 60 and message_id is null and message_limit is null, 'It says how long to wait')
from pg_temp.reserve(pg_temp.tenant(), p_address => '192.0.2.1', p_rate => 2);
select is((select count(*) from public.sms_messages where user_id = pg_temp.tenant()), 2::bigint, 'Nothing is reserved for it');
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), p_key => 'rate 1', p_address => '192.0.2.1', p_rate => 2)), 'rate_limited', 'A repetition is a use like any other');
select is((select outcome from pg_temp.reserve(pg_temp.neighbour(), p_address => '192.0.2.1', p_rate => 2)), 'rate_limited', 'A neighbour at the same address meets the limit of the address');
select is((select outcome from pg_temp.reserve(pg_temp.neighbour(), p_address => '192.0.2.2', p_rate => 2)), 'reserved', 'Elsewhere they do not');
select is((select outcome from pg_temp.reserve(pg_temp.tenant())), 'reserved', 'Where no rate is set none is counted');

-- Refused by the recipient ----------------------------------------------------------------------------------------------

create temp table unwanted as select message_id as id from pg_temp.reserve(pg_temp.tenant(), '+15005550188');
select is((select outcome from public.record_message_status((select id from unwanted), pg_temp.tenant(), 'AC1', null, 'refused', 21610, 'Unsubscribed')), 'moved', 'Twilio says that the recipient has opted out');
select results_eq($$ select sender, recipient, user_id, keyword from public.sms_opt_outs where recipient = '+15005550188' $$,
  $$ values ('+15005550101', '+15005550188', pg_temp.tenant(), '21610') $$, 'It is kept as an opt-out of that pair');
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), '+15005550188')), 'opted_out', 'From then on nothing goes to them from this number');
select is((select outcome from pg_temp.reserve(pg_temp.neighbour(), '+15005550188')), 'reserved', 'From a neighbour''s it does');
create temp table unreachable as select message_id as id from pg_temp.reserve(pg_temp.tenant(), '+15005550177');
select public.record_message_status(id, pg_temp.tenant(), 'AC1', 'SM-pgtap-7', 'failed', 30003, 'Unreachable') from unreachable;
select public.record_message_status(id, pg_temp.tenant(), 'AC1', 'SM-pgtap-7', 'failed', 21610, 'Late') from unreachable;
select is_empty($$ select 1 from public.sms_opt_outs where recipient = '+15005550177' $$, 'Another error is no opt-out, nor is a report that is no news');

select * from finish();
rollback;
