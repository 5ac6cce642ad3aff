-- Messages that are looked up at Twilio later: in turn between accounts, less often with age. And what reports change.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(68);

select pg_temp.join_as('tenant', 'neighbour');
set local role service_role;
delete from public.sms_messages;

create function pg_temp.message(p_sid text, p_status text, p_price numeric default null, p_age interval default '1 hour', p_due interval default null,
  p_user uuid default pg_temp.tenant(), p_account text default 'AC1', p_source text default 'subaccount', p_direction text default 'outbound')
returns void language sql as $$
  insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, twilio_message_sid, price, created_at)
  values (p_user, p_direction::public.message_direction, '+15005550101', '+15005550199', p_status::public.message_status, p_account, p_source::public.message_source, p_sid, p_price, now() - p_age);
  update private.awaited_reports r set due_at = now() + p_due from public.sms_messages m where m.twilio_message_sid = p_sid and r.message_id = m.id and p_due is not null;
$$;
create view pg_temp.awaited as select coalesce(m.twilio_message_sid, m.status::text) as sid, r.due_at - now() as due from private.awaited_reports r left join public.sms_messages m on m.id = r.message_id;
create function pg_temp.due(p_accounts integer default 10, p_limit integer default 100) returns text[] language sql as $$
  select array_agg(sid order by sid) from public.unfinished_messages(p_accounts, p_limit), unnest(sids) sid;
$$;

-- Due messages -------------------------------------------------------------------------------------------------------

select pg_temp.message(sid, status, price, age) from (values
  ('no price', 'delivered', null, interval '1 hour'), ('no end', 'sent', -0.01, '1 hour'), ('neither', 'queued', null, '1 hour'),
  ('both', 'delivered', -0.01, '1 hour'), ('failed, free', 'failed', 0, '1 hour'), ('of this minute', 'sent', null, '119 seconds'),
  ('just old enough', 'sent', null, '2 minutes'), ('a week old', 'sent', null, '167 hours'), ('too old', 'sent', null, '169 hours'),
  (null, 'unknown', null, '1 hour'), (null, 'reserved', null, '1 hour')) cases (sid, status, price, age);
select pg_temp.message('received', 'received', p_direction => 'inbound');
select is(pg_temp.due(), array['a week old', 'both', 'failed, free', 'just old enough', 'neither', 'no end', 'no price', 'received'],
  'unfinished_messages returns sent messages from two minutes and received ones from twenty minutes to seven days old');
select is_empty('select 1 from public.unfinished_messages(10, 100)', 'unfinished_messages, repeated at once, returns none');
select results_eq('select sid from pg_temp.awaited order by 1', $$ values ('a week old'), ('both'), ('failed, free'), ('just old enough'), ('neither'), ('no end'), ('no price'), ('of this minute'), ('received'), ('reserved'), ('unknown') $$,
  'No more is awaited about messages that are older than a week');
delete from public.sms_messages;

-- Look-ups by age ----------------------------------------------------------------------------------------------------

select pg_temp.message('due', 'sent', null, '1 hour', interval '0'), pg_temp.message('not due', 'sent', null, '1 hour', interval '1 second');
select is(pg_temp.due(), '{due}', 'unfinished_messages returns messages whose look-up is due');
delete from public.sms_messages;
delete from private.awaited_reports;
select pg_temp.message(age || ' old', 'sent', null, age) from unnest(array[interval '5 minutes', '10 hours', '100 hours']) age;
select pg_temp.due();
select results_eq('select sid, due from pg_temp.awaited order by 2', $$ values ('00:05:00 old', interval '10 minutes'), ('10:00:00 old', '20 hours'), ('100:00:00 old', '200 hours') $$,
  'A message is due again at three times its age');
delete from public.sms_messages;

-- By account ---------------------------------------------------------------------------------------------------------

select pg_temp.message('SM1', 'sent', null, '3 hours'), pg_temp.message('SM2', 'sent', null, '1 hour'),
  pg_temp.message('SM3', 'sent', null, '2 hours', null, pg_temp.neighbour(), 'AC2'),
  pg_temp.message('SM4', 'sent', null, '2 hours', null, pg_temp.neighbour(), 'AC-master', 'master');
select results_eq('select account_sid, user_id, source::text, sids, first_sent_at, last_sent_at from public.unfinished_messages(10, 100) order by account_sid, sids',
  $$ values ('AC-master', pg_temp.neighbour(), 'master', array['SM4'], now() - interval '2 hours', now()),
    ('AC1', pg_temp.tenant(), 'subaccount', array['SM1'], now() - interval '3 hours', now()),
    ('AC1', pg_temp.tenant(), 'subaccount', array['SM2'], now() - interval '1 hour', now()),
    ('AC2', pg_temp.neighbour(), 'subaccount', array['SM3'], now() - interval '2 hours', now()) $$,
  'Messages are grouped by account and hour, with a tenant; one without a final status may have been sent until now');
delete from public.sms_messages;

-- A small account beside two busy ones.
select pg_temp.message('small', 'sent', null, '10 minutes', null, pg_temp.neighbour(), 'AC-small');
create function pg_temp.busy_minute(n integer) returns text[] language plpgsql as $$
begin
  perform pg_temp.message(format('busy %s %s %s', n, account, i), 'sent', null, '3 minutes', null, pg_temp.tenant(), account)
  from unnest(array['AC-busy-1', 'AC-busy-2']) account, generate_series(1, 5) i;
  return (select array_agg(account_sid order by account_sid) from public.unfinished_messages(2, 100));
end;
$$;
select ok('AC-small' = any (pg_temp.busy_minute(1) || pg_temp.busy_minute(2)), 'A small account is returned at the latest in the second call, beside two busy ones');
delete from public.sms_messages;
select pg_temp.message('first', 'sent', null, '3 hours', null, pg_temp.tenant(), 'AC1'), pg_temp.message('second', 'sent', null, '2 hours', null, pg_temp.tenant(), 'AC2');
select is(pg_temp.due(1), '{first}', 'With a limit of one account, the one that waited longest is returned');
select ok((select due < interval '0' from pg_temp.awaited where sid = 'second'), 'An account that was not returned stays due');
select is(pg_temp.due(1), '{second}', 'The next call returns the other account');
select is_empty('select 1 from public.unfinished_messages(10, 0)', 'unfinished_messages respects its limit of messages');
delete from public.sms_messages;

-- Recording reports --------------------------------------------------------------------------------------------------

create function pg_temp.report(p_sid text, p_more jsonb, p_account text default 'AC1') returns text language sql as $$
  select moved || ' moved, ' || priced || ' priced' from public.record_message_reports(p_account, jsonb_build_array(jsonb_build_object('sid', p_sid) || p_more));
$$;
create view pg_temp.stored as select twilio_message_sid as sid, status::text, error_code, error_message, num_segments, price, price_unit, status_updated_at from public.sms_messages;

select pg_temp.message('SM1', 'sent');
update public.sms_messages set status_updated_at = '2026-01-01Z';
select is(pg_temp.report('SM1', '{"status": "delivered", "num_segments": 2, "price": -0.0158, "price_unit": "USD"}'), '1 moved, 1 priced', 'record_message_reports counts a later status and a first price');
select is((select due between interval '25 hours' and '29 hours' from pg_temp.awaited where sid = 'SM1'), true, 'A message with a final status and a price is due once more, when its price is final');
select results_eq('select * from pg_temp.stored', $$ values ('SM1', 'delivered', null::integer, null::text, 2, -0.0158::numeric, 'USD', now()) $$, 'Status, segments, price and time are stored');
update public.sms_messages set status_updated_at = '2026-01-01Z';
select is(pg_temp.report('SM1', '{"status": "sent", "error_code": 1, "price": -0.0158, "price_unit": "USD"}'), '0 moved, 0 priced', 'An earlier status and the same price count as no change');
select is(pg_temp.report('SM1', '{"status": "delivered"}'), '0 moved, 0 priced', 'The same status counts as no change');
select is(pg_temp.report('SM1', '{}'), '0 moved, 0 priced', 'A report without values counts as no change');
select is(pg_temp.report('SM1', '{"status": "nonsense"}'), '0 moved, 0 priced', 'An unknown status word counts as no change');
select results_eq('select * from pg_temp.stored', $$ values ('SM1', 'delivered', null::integer, null::text, 2, -0.0158::numeric, 'USD', '2026-01-01Z'::timestamptz) $$, 'None of these reports changes the message');
select is(pg_temp.report('SM1', '{"status": "read", "price": -0.5}'), '1 moved, 0 priced', 'A delivered message may become read, and a price without a unit is none');
select results_eq('select status, price, num_segments from pg_temp.stored', $$ values ('read', -0.0158::numeric, 2) $$, 'The price and the segments stay');

select pg_temp.message('SM2', 'queued');
select is(pg_temp.report('SM2', '{"status": "undelivered", "error_code": 30005, "error_message": "Unknown destination", "price": null}'), '1 moved, 0 priced', 'A failure without a price counts as moved');
select results_eq($$ select status, error_code, error_message, price from pg_temp.stored where sid = 'SM2' $$, $$ values ('undelivered', 30005, 'Unknown destination', null::numeric) $$, 'The error is stored');
select is(pg_temp.report('SM2', '{"status": "undelivered", "price": -0.004, "price_unit": "USD"}'), '0 moved, 1 priced', 'A later price counts as priced');
select results_eq($$ select status, error_code, price from pg_temp.stored where sid = 'SM2' $$, $$ values ('undelivered', 30005, -0.004::numeric) $$, 'A later price changes no status and no error');
select is((select trim_scale(sum(spend)) from private.sending_totals where user_id = pg_temp.tenant()), 0.0198, 'The tenant''s total has both prices');

select is(pg_temp.report('SM-never', '{"status": "delivered"}'), '0 moved, 0 priced', 'A report about an unknown SID changes nothing');
select is(pg_temp.report('SM2', '{"status": "delivered", "price": -9}', null), '0 moved, 0 priced', 'A report without an account changes nothing');
select results_eq($$ select moved, priced from public.record_message_reports('AC1', '[]') $$, $$ values (0, 0) $$, 'An empty array of reports returns zeros');

-- Reports from another account ---------------------------------------------------------------------------------------

select pg_temp.message('SM3', 'sent', null, '1 hour', null, pg_temp.neighbour(), 'AC2');
select is(pg_temp.report('SM3', '{"status": "failed", "error_code": 21610, "price": -9}'), '0 moved, 0 priced', 'A report from another account changes nothing');
select results_eq($$ select status, error_code, price from pg_temp.stored where sid = 'SM3' $$, $$ values ('sent', null::integer, null::numeric) $$, 'The other tenant''s message is unchanged');
select is_empty('select 1 from public.sms_opt_outs', 'A report from another account stores no opt-out');

-- Many reports -------------------------------------------------------------------------------------------------------

select pg_temp.message('SM-many-' || n, 'sent') from generate_series(1, 100) n;
select results_eq($$ select moved, priced from public.record_message_reports('AC1',
    (select jsonb_agg(jsonb_build_object('sid', 'SM-many-' || n, 'status', case when n % 2 = 0 then 'delivered' else 'sent' end, 'price', case when n % 5 = 0 then -0.01 end, 'price_unit', 'USD'))
      from generate_series(1, 100) n)) $$, $$ values (50, 20) $$, 'Each of a hundred reports is recorded by itself');
select results_eq($$ select count(*) filter (where status = 'delivered'), count(*) filter (where price = -0.01) from public.sms_messages where twilio_message_sid like 'SM-many-%' $$,
  $$ values (50::bigint, 20::bigint) $$, 'Statuses and prices are those of the reports');

-- Prices that change later -------------------------------------------------------------------------------------------

delete from public.sms_messages;
delete from private.awaited_reports;
-- A life of reads: what is due at which age, with what Twilio would answer then.
create function pg_temp.age(p_sid text, p_age interval) returns void language sql as $$
  update private.awaited_reports r set due_at = due_at - (p_age - (now() - m.created_at)) from public.sms_messages m where m.twilio_message_sid = p_sid and r.message_id = m.id;
  update public.sms_messages set created_at = now() - p_age, status_updated_at = least(status_updated_at, now() - p_age), sent_at = now() - p_age where twilio_message_sid = p_sid;
$$;
select pg_temp.message('SM-fee', 'delivered', null, '0'), pg_temp.message('SM-none', 'delivered', null, '0'), pg_temp.message('MM-in', 'received', null, '0', null, pg_temp.tenant(), 'AC1', 'subaccount', 'inbound');
select pg_temp.age('SM-fee', '2 minutes');
select is(pg_temp.due(), '{SM-fee}', 'A sent message is read after two minutes');
select pg_temp.age('SM-fee', '6 minutes'), pg_temp.age('MM-in', '20 minutes');
select is(pg_temp.due(), '{MM-in,SM-fee}', 'A message without a price is read again, and a received one after twenty minutes');
select is(pg_temp.report('SM-fee', '{"status": "delivered", "price": -0.0083, "price_unit": "USD"}'), '0 moved, 1 priced', 'The first price is recorded');
select is(pg_temp.report('MM-in', '{"status": "received", "price": -0.01, "price_unit": "USD", "sent_at": "2026-11-25T23:59:59Z"}'), '0 moved, 1 priced', 'The price of a received message is recorded');
select results_eq($$ select status::text, price, price_unit, sent_at, cost, tenant_price from public.sms_messages where twilio_message_sid = 'MM-in' $$, $$ values ('received', -0.01000, 'USD', '2026-11-25 23:59:59Z'::timestamptz, 0.01000, 0.01000) $$,
  'A received MMS has its price, its unit and Twilio''s date, and counts against the spend limit once it is priced');
select pg_temp.age('SM-fee', '25 hours');
select is(pg_temp.due(), null, 'A message with a price is not read on the first day');
select pg_temp.age('SM-fee', '29 hours');
select is(pg_temp.due(), '{SM-fee}', 'A message with a price is read once more after a day');
select is(pg_temp.report('SM-fee', '{"status": "delivered", "price": -0.0123, "price_unit": "USD"}'), '0 moved, 1 priced', 'A price that rose by a carrier''s fee counts as priced');
select results_eq($$ select price, cost, (select sum(spend) from private.sending_totals where user_id = pg_temp.tenant()) from public.sms_messages where twilio_message_sid = 'SM-fee' $$,
  $$ values (-0.01230, 0.01230, 0.02230) $$, 'The changed price replaces the first one, also in the totals, beside that of the received message');
select is_empty($$ select 1 from pg_temp.awaited where sid = 'SM-fee' $$, 'After the final price nothing is awaited');
select is(pg_temp.report('SM-fee', '{"status": "delivered", "price": 0.002, "price_unit": "USD"}'), '0 moved, 1 priced', 'A positive price is recorded');
select is((select cost from public.sms_messages where twilio_message_sid = 'SM-fee'), -0.002, 'A positive price is a credit');
select is(pg_temp.report('SM-fee', '{"status": "delivered", "price": null, "price_unit": "USD"}'), '0 moved, 0 priced', 'A null after a price says nothing');
select is((select price from public.sms_messages where twilio_message_sid = 'SM-fee'), 0.002, 'The price stays');

-- The number of reads of a message that Twilio never prices.
create function pg_temp.reads(p_sid text) returns integer language plpgsql as $$
declare
  reads integer := 0;
  age interval := '0';
begin
  while exists (select from pg_temp.awaited where sid = p_sid) loop
    age := age + (select greatest(due, interval '0') from pg_temp.awaited where sid = p_sid);
    perform pg_temp.age(p_sid, age);
    reads := reads + coalesce(cardinality(pg_temp.due()), 0);
  end loop;
  return reads;
end;
$$;
select is(pg_temp.reads('SM-none'), 8, 'A message that Twilio never prices is read eight times in its life');

select pg_temp.message('SM-failed', 'failed', null, '3 hours');
update public.sms_messages set estimated_price = 0.05, status_updated_at = created_at where twilio_message_sid = 'SM-failed';
select pg_temp.report('SM-failed', '{"status": "failed", "price": null}');
select is((select cost from public.sms_messages where twilio_message_sid = 'SM-failed'), 0.05, 'A failed message counts at its estimate for a day');
select pg_temp.age('SM-failed', '29 hours');
select is(pg_temp.due(), '{SM-failed}', 'A failed message is read again after a day');
select pg_temp.report('SM-failed', '{"status": "failed", "price": null}');
select results_eq($$ select cost, (select count(*) from pg_temp.awaited where sid = 'SM-failed') from public.sms_messages where twilio_message_sid = 'SM-failed' $$, $$ values (0.00000, 0::bigint) $$,
  'A failed message that is left without a price costs nothing, and nothing more is awaited');

-- Currencies ---------------------------------------------------------------------------------------------------------

delete from private.master_currency;
delete from public.sms_messages;
select pg_temp.message('SM-' || unit, 'delivered', null, '1 hour') from unnest('{USD,EUR,usd}'::text[]) unit;
update public.sms_messages set estimated_price = 0.02, country = 'DE';
select pg_temp.report('SM-USD', '{"status": "delivered", "price": -0.01, "price_unit": "USD"}');
select results_eq('select unit, source::text from private.master_currency', $$ values ('USD', 'message') $$, 'Without a known currency, that of the first price is the master account''s');
select is(pg_temp.report('SM-EUR', '{"status": "delivered", "price": -9, "price_unit": "EUR"}'), '0 moved, 1 priced', 'A price in another currency is recorded');
select pg_temp.report('SM-usd', '{"status": "delivered", "price": -0.005, "price_unit": "usd"}');
select results_eq($$ select twilio_message_sid, price, price_unit, price_is_foreign, cost, tenant_price from public.sms_messages order by 1 $$,
  $$ values ('SM-EUR', -9.00000, 'EUR', true, 0.02000, 0.02000), ('SM-USD', -0.01000, 'USD', false, 0.01000, 0.01000), ('SM-usd', -0.00500, 'usd', false, 0.00500, 0.00500) $$,
  'A price in another currency is stored as reported, and the estimate counts; upper and lower case are the same');
select is((select trim_scale(sum(spend)) from private.sending_totals where user_id = pg_temp.tenant()), 0.035, 'The totals have no amount in another currency');
select is((select max(unit_price) from private.message_prices where country = 'DE' and source = 'charged'), 0.01, 'A price in another currency is no charged price');
select is(public.record_listed_prices('[{"country": "FR", "unit_price": 0.07}]', 'eur'), 1, 'The price list says the currency with more weight than a message');
select results_eq($$ select twilio_message_sid, price_is_foreign, cost from public.sms_messages order by 1 $$,
  $$ values ('SM-EUR', false, 9.00000), ('SM-USD', true, 0.02000), ('SM-usd', true, 0.02000) $$, 'The prices of the last day are judged again by the currency that is now known');
insert into private.usage_days (account_sid, day, user_id, total_price, price_unit) values ('AC-master', '2026-11-01', null, 0, 'usd');
select is(public.record_listed_prices('[{"country": "FR", "unit_price": 0.09}]', 'EUR'), 0, 'A price list in another currency than the master account''s usage is not stored');
select results_eq($$ select unit, source::text, (select unit_price from private.message_prices where country = 'FR') from private.master_currency $$, $$ values ('USD', 'usage', 0.07000) $$, 'The master account''s usage outweighs the price list');

delete from public.sms_messages;
select pg_temp.message('SM-many-' || n, 'sent', -0.01) from generate_series(1, 9) n;

-- A late report of an opt-out ----------------------------------------------------------------------------------------

select is(pg_temp.report('SM-many-1', '{"status": "failed", "error_code": 21610}'), '1 moved, 0 priced', 'A late failure with error 21610 counts as moved');
select results_eq('select sender, recipient, user_id, keyword from public.sms_opt_outs', $$ values ('+15005550101', '+15005550199', pg_temp.tenant(), '21610') $$, 'A late failure with error 21610 stores an opt-out');
select results_eq($$ select moved, priced from public.record_message_reports('AC1', '[{"sid": "SM-many-3", "status": "failed", "error_code": 21610}, {"sid": "SM-many-7", "status": "failed", "error_code": 21610}, {"sid": "SM-many-9", "status": "failed", "error_code": 30003}]') $$,
  $$ values (3, 0) $$, 'Two failures with error 21610 for one recipient count as two');
select is((select count(*) from public.sms_opt_outs), 1::bigint, 'Two failures with error 21610 for one recipient store one opt-out');
delete from public.sms_opt_outs;
select pg_temp.report('SM-many-1', '{"status": "failed", "error_code": 21610}');
select is_empty('select 1 from public.sms_opt_outs', 'A repeated failure with error 21610 does not restore a lifted opt-out');

select is((select every from private.schedules where name = 'refresh-messages' and job = '{"kind": "refresh-messages"}'), '1 minute', 'refresh-messages is scheduled every minute');
select is((select array_agg(distinct user_id::text) from private.sending_totals where spend <> 0), array[pg_temp.tenant()::text], 'Other tenants'' totals have no spend');

select * from finish();
rollback;
