-- Which messages Twilio is asked about later, fairly between accounts and ever more seldom, and what its answer changes.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(39);

select pg_temp.join_as('tenant', 'neighbour');
set local role service_role;
delete from public.sms_messages;

create function pg_temp.message(p_sid text, p_status text, p_price numeric default null, p_age interval default '1 hour', p_looked interval default null,
  p_user uuid default pg_temp.tenant(), p_account text default 'AC1', p_source text default 'subaccount', p_direction text default 'outbound')
returns void language sql as $$
  insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, twilio_message_sid, price, created_at, looked_at)
  values (p_user, p_direction::public.message_direction, '+15005550101', '+15005550199', p_status::public.message_status, p_account, p_source::public.message_source, p_sid, p_price, now() - p_age, now() - p_looked);
$$;
create function pg_temp.due(p_accounts integer default 10, p_limit integer default 100) returns text[] language sql as $$
  select array_agg(sid order by sid) from public.unfinished_messages(p_accounts, p_limit), unnest(sids) sid;
$$;

-- Who is due ------------------------------------------------------------------------------------------------------------

select pg_temp.message(sid, status, price, age) from (values
  ('no price', 'delivered', null, interval '1 hour'), ('no end', 'sent', -0.01, '1 hour'), ('neither', 'queued', null, '1 hour'),
  ('both', 'delivered', -0.01, '1 hour'), ('failed, free', 'failed', 0, '1 hour'), ('of this minute', 'sent', null, '119 seconds'),
  ('just old enough', 'sent', null, '2 minutes'), ('a week old', 'sent', null, '167 hours'), ('too old', 'sent', null, '169 hours'),
  (null, 'unknown', null, '1 hour'), (null, 'reserved', null, '1 hour')) cases (sid, status, price, age);
select pg_temp.message('received', 'received', p_direction => 'inbound');
select is(pg_temp.due(), '{a week old,just old enough,neither,no end,no price}',
  'Asked about are sent messages without a final status or a price, between two minutes and seven days old');
select is_empty('select 1 from public.unfinished_messages(10, 100)', 'Each of them was noted, and is not asked about again at once');
select is((select count(*) from public.sms_messages where looked_at is not null), 5::bigint, 'Nothing else was noted');
delete from public.sms_messages;

-- Ever more seldom ------------------------------------------------------------------------------------------------------

select pg_temp.message(format('%s old, looked at %s ago', age, looked), 'sent', null, age, looked) from (values
  (interval '5 minutes', interval '119 seconds'), ('5 minutes', '121 seconds'), ('10 hours', '59 minutes'), ('10 hours', '61 minutes'),
  ('100 hours', '9 hours'), ('100 hours', '11 hours')) cases (age, looked);
select is(pg_temp.due(), array['00:05:00 old, looked at 00:02:01 ago', '100:00:00 old, looked at 11:00:00 ago', '10:00:00 old, looked at 01:01:00 ago'],
  'A message is looked at again after a tenth of its age, and not within two minutes');
delete from public.sms_messages;

-- By account ------------------------------------------------------------------------------------------------------------

select pg_temp.message('SM1', 'sent', null, '3 hours'), pg_temp.message('SM2', 'sent', null, '1 hour'),
  pg_temp.message('SM3', 'sent', null, '2 hours', null, pg_temp.neighbour(), 'AC2'),
  pg_temp.message('SM4', 'sent', null, '2 hours', null, pg_temp.neighbour(), 'AC-master', 'master');
select results_eq('select account_sid, user_id, source::text, sids, first_sent_at, last_sent_at from public.unfinished_messages(10, 100) order by account_sid',
  $$ values ('AC-master', pg_temp.neighbour(), 'master', array['SM4'], now() - interval '2 hours', now() - interval '2 hours'),
    ('AC1', pg_temp.tenant(), 'subaccount', array['SM1', 'SM2'], now() - interval '3 hours', now() - interval '1 hour'),
    ('AC2', pg_temp.neighbour(), 'subaccount', array['SM3'], now() - interval '2 hours', now() - interval '2 hours') $$,
  'They come by account, with whose it is and from when to when');
delete from public.sms_messages;

-- A small account beside two that always have more.
select pg_temp.message('small', 'sent', null, '10 minutes', null, pg_temp.neighbour(), 'AC-small');
create function pg_temp.busy_minute(n integer) returns text[] language plpgsql as $$
begin
  perform pg_temp.message(format('busy %s %s %s', n, account, i), 'sent', null, '3 minutes', null, pg_temp.tenant(), account)
  from unnest(array['AC-busy-1', 'AC-busy-2']) account, generate_series(1, 5) i;
  return (select array_agg(account_sid order by account_sid) from public.unfinished_messages(2, 100));
end;
$$;
select ok('AC-small' = any (pg_temp.busy_minute(1) || pg_temp.busy_minute(2)), 'Busy accounts keep a small one waiting for no more than a turn');
delete from public.sms_messages;
select pg_temp.message('first', 'sent', null, '3 hours', null, pg_temp.tenant(), 'AC1'), pg_temp.message('second', 'sent', null, '2 hours', null, pg_temp.tenant(), 'AC2');
select is(pg_temp.due(1), '{first}', 'Where there is room for one account it is the one that waits longest');
select is((select looked_at from public.sms_messages where twilio_message_sid = 'second'), null, 'What did not get its turn was not looked at');
select is(pg_temp.due(1), '{second}', 'The other one comes next');
select is_empty('select 1 from public.unfinished_messages(10, 0)', 'No more are told than were asked for');
delete from public.sms_messages;

-- What Twilio says now --------------------------------------------------------------------------------------------------

create function pg_temp.report(p_sid text, p_more jsonb, p_account text default 'AC1') returns text language sql as $$
  select moved || ' moved, ' || priced || ' priced' from public.record_message_reports(p_account, jsonb_build_array(jsonb_build_object('sid', p_sid) || p_more));
$$;
create view pg_temp.told as select twilio_message_sid as sid, status::text, error_code, error_message, num_segments, price, price_unit, status_updated_at from public.sms_messages;

select pg_temp.message('SM1', 'sent');
update public.sms_messages set status_updated_at = '2026-01-01Z';
select is(pg_temp.report('SM1', '{"status": "delivered", "num_segments": 2, "price": -0.0158, "price_unit": "USD"}'), '1 moved, 1 priced', 'A later status and a first price are news');
select results_eq('select * from pg_temp.told', $$ values ('SM1', 'delivered', null::integer, null::text, 2, -0.0158::numeric, 'USD', now()) $$, 'All of it is kept');
update public.sms_messages set status_updated_at = '2026-01-01Z';
select is(pg_temp.report('SM1', '{"status": "sent", "error_code": 1, "price": -0.5, "price_unit": "EUR"}'), '0 moved, 0 priced', 'An earlier status and a second price are none');
select is(pg_temp.report('SM1', '{"status": "delivered"}'), '0 moved, 0 priced', 'The same status is none');
select is(pg_temp.report('SM1', '{}'), '0 moved, 0 priced', 'A report of nothing is none');
select is(pg_temp.report('SM1', '{"status": "nonsense"}'), '0 moved, 0 priced', 'Nor is a word that nobody knows');
select results_eq('select * from pg_temp.told', $$ values ('SM1', 'delivered', null::integer, null::text, 2, -0.0158::numeric, 'USD', '2026-01-01Z'::timestamptz) $$, 'None of them changes anything');
select is(pg_temp.report('SM1', '{"status": "read", "price": -0.5}'), '1 moved, 0 priced', 'What was delivered may still be read');
select results_eq('select status, price, num_segments from pg_temp.told', $$ values ('read', -0.0158::numeric, 2) $$, 'Its first price stays, and what is not told stays');

select pg_temp.message('SM2', 'queued');
select is(pg_temp.report('SM2', '{"status": "undelivered", "error_code": 30005, "error_message": "Unknown destination", "price": null}'), '1 moved, 0 priced', 'A failure is news without a price');
select results_eq($$ select status, error_code, error_message, price from pg_temp.told where sid = 'SM2' $$, $$ values ('undelivered', 30005, 'Unknown destination', null::numeric) $$, 'Its reason is kept');
select is(pg_temp.report('SM2', '{"status": "undelivered", "price": -0.004, "price_unit": "USD"}'), '0 moved, 1 priced', 'The price may come alone, later');
select results_eq($$ select status, error_code, price from pg_temp.told where sid = 'SM2' $$, $$ values ('undelivered', 30005, -0.004::numeric) $$, 'It changes nothing else');
select is((select trim_scale(sum(spend)) from private.sending_totals where user_id = pg_temp.tenant()), 0.0198, 'What both cost is in the tenant''s total');

select is(pg_temp.report('SM-never', '{"status": "delivered"}'), '0 moved, 0 priced', 'A SID that nobody knows is passed over');
select is(pg_temp.report('SM2', '{"status": "delivered", "price": -9}', null), '0 moved, 0 priced', 'A report of no account is none');
select results_eq($$ select moved, priced from public.record_message_reports('AC1', '[]') $$, $$ values (0, 0) $$, 'No reports are no news');

-- Not from another account ----------------------------------------------------------------------------------------------

select pg_temp.message('SM3', 'sent', null, '1 hour', null, pg_temp.neighbour(), 'AC2');
select is(pg_temp.report('SM3', '{"status": "failed", "error_code": 21610, "price": -9}'), '0 moved, 0 priced', 'What one account says of another''s message is nothing');
select results_eq($$ select status, error_code, price from pg_temp.told where sid = 'SM3' $$, $$ values ('sent', null::integer, null::numeric) $$, 'The neighbour''s message is as it was');
select is_empty('select 1 from public.sms_opt_outs', 'And nobody has opted out');

-- Many at once ----------------------------------------------------------------------------------------------------------

select pg_temp.message('SM-many-' || n, 'sent') from generate_series(1, 100) n;
select results_eq($$ select moved, priced from public.record_message_reports('AC1',
    (select jsonb_agg(jsonb_build_object('sid', 'SM-many-' || n, 'status', case when n % 2 = 0 then 'delivered' else 'sent' end, 'price', case when n % 5 = 0 then -0.01 end))
      from generate_series(1, 100) n)) $$, $$ values (50, 20) $$, 'Each of many is recorded by itself');
select results_eq($$ select count(*) filter (where status = 'delivered'), count(*) filter (where price = -0.01) from public.sms_messages where twilio_message_sid like 'SM-many-%' $$,
  $$ values (50::bigint, 20::bigint) $$, 'As it was told');

-- A recipient who opted out, told late ----------------------------------------------------------------------------------

select is(pg_temp.report('SM-many-1', '{"status": "failed", "error_code": 21610}'), '1 moved, 0 priced', 'A failure whose callback never came may be an opt-out');
select results_eq('select sender, recipient, user_id, keyword from public.sms_opt_outs', $$ values ('+15005550101', '+15005550199', pg_temp.tenant(), '21610') $$, 'It is kept as one');
select results_eq($$ select moved, priced from public.record_message_reports('AC1', '[{"sid": "SM-many-3", "status": "failed", "error_code": 21610}, {"sid": "SM-many-7", "status": "failed", "error_code": 21610}, {"sid": "SM-many-9", "status": "failed", "error_code": 30003}]') $$,
  $$ values (3, 0) $$, 'Two messages to one who opted out are two failures');
select is((select count(*) from public.sms_opt_outs), 1::bigint, 'And one opt-out');
delete from public.sms_opt_outs;
select pg_temp.report('SM-many-1', '{"status": "failed", "error_code": 21610}');
select is_empty('select 1 from public.sms_opt_outs', 'The same failure told again undoes no start that came since');

select is((select every from private.schedules where name = 'refresh-messages' and job = '{"kind": "refresh-messages"}'), '1 minute', 'Twilio is asked every minute');
select is((select array_agg(distinct user_id::text) from private.sending_totals where spend <> 0), array[pg_temp.tenant()::text], 'No neighbour has paid for any of it');

select * from finish();
rollback;
