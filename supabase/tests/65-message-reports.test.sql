-- Messages that are looked up at Twilio later: in turn between accounts, less often with age. And what reports change.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(41);

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
select is(pg_temp.due(), '{a week old,just old enough,neither,no end,no price}',
  'unfinished_messages returns sent messages without a final status or a price, two minutes to seven days old');
select is_empty('select 1 from public.unfinished_messages(10, 100)', 'unfinished_messages, repeated at once, returns none');
select results_eq('select sid from pg_temp.awaited order by 1', $$ values ('a week old'), ('just old enough'), ('neither'), ('no end'), ('no price'), ('of this minute'), ('reserved'), ('unknown') $$,
  'No more is awaited about messages that are finished or a week old');
delete from public.sms_messages;

-- Look-ups by age ----------------------------------------------------------------------------------------------------

select pg_temp.message('due', 'sent', null, '1 hour', interval '0'), pg_temp.message('not due', 'sent', null, '1 hour', interval '1 second');
select is(pg_temp.due(), '{due}', 'unfinished_messages returns messages whose look-up is due');
delete from public.sms_messages;
delete from private.awaited_reports;
select pg_temp.message(age || ' old', 'sent', null, age) from unnest(array[interval '5 minutes', '10 hours', '100 hours']) age;
select pg_temp.due();
select results_eq('select sid, due from pg_temp.awaited order by 2', $$ values ('00:05:00 old', interval '2 minutes'), ('10:00:00 old', '1 hour'), ('100:00:00 old', '10 hours') $$,
  'A message is due again after a tenth of its age, at the earliest after two minutes');
delete from public.sms_messages;

-- By account ---------------------------------------------------------------------------------------------------------

select pg_temp.message('SM1', 'sent', null, '3 hours'), pg_temp.message('SM2', 'sent', null, '1 hour'),
  pg_temp.message('SM3', 'sent', null, '2 hours', null, pg_temp.neighbour(), 'AC2'),
  pg_temp.message('SM4', 'sent', null, '2 hours', null, pg_temp.neighbour(), 'AC-master', 'master');
select results_eq('select account_sid, user_id, source::text, sids, first_sent_at, last_sent_at from public.unfinished_messages(10, 100) order by account_sid',
  $$ values ('AC-master', pg_temp.neighbour(), 'master', array['SM4'], now() - interval '2 hours', now() - interval '2 hours'),
    ('AC1', pg_temp.tenant(), 'subaccount', array['SM1', 'SM2'], now() - interval '3 hours', now() - interval '1 hour'),
    ('AC2', pg_temp.neighbour(), 'subaccount', array['SM3'], now() - interval '2 hours', now() - interval '2 hours') $$,
  'Messages are grouped by account and source, with a tenant and the first and last time');
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
select is_empty($$ select 1 from pg_temp.awaited where sid = 'SM1' $$, 'Nothing more is awaited about a message with a final status and a price');
select results_eq('select * from pg_temp.stored', $$ values ('SM1', 'delivered', null::integer, null::text, 2, -0.0158::numeric, 'USD', now()) $$, 'Status, segments, price and time are stored');
update public.sms_messages set status_updated_at = '2026-01-01Z';
select is(pg_temp.report('SM1', '{"status": "sent", "error_code": 1, "price": -0.5, "price_unit": "EUR"}'), '0 moved, 0 priced', 'An earlier status and a second price count as no change');
select is(pg_temp.report('SM1', '{"status": "delivered"}'), '0 moved, 0 priced', 'The same status counts as no change');
select is(pg_temp.report('SM1', '{}'), '0 moved, 0 priced', 'A report without values counts as no change');
select is(pg_temp.report('SM1', '{"status": "nonsense"}'), '0 moved, 0 priced', 'An unknown status word counts as no change');
select results_eq('select * from pg_temp.stored', $$ values ('SM1', 'delivered', null::integer, null::text, 2, -0.0158::numeric, 'USD', '2026-01-01Z'::timestamptz) $$, 'None of these reports changes the message');
select is(pg_temp.report('SM1', '{"status": "read", "price": -0.5}'), '1 moved, 0 priced', 'A delivered message may become read');
select results_eq('select status, price, num_segments from pg_temp.stored', $$ values ('read', -0.0158::numeric, 2) $$, 'The first price and the segments stay');

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
    (select jsonb_agg(jsonb_build_object('sid', 'SM-many-' || n, 'status', case when n % 2 = 0 then 'delivered' else 'sent' end, 'price', case when n % 5 = 0 then -0.01 end))
      from generate_series(1, 100) n)) $$, $$ values (50, 20) $$, 'Each of a hundred reports is recorded by itself');
select results_eq($$ select count(*) filter (where status = 'delivered'), count(*) filter (where price = -0.01) from public.sms_messages where twilio_message_sid like 'SM-many-%' $$,
  $$ values (50::bigint, 20::bigint) $$, 'Statuses and prices are those of the reports');

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
