-- The sync of usage: what a read covers, when a day is closed and opened again, and which accounts are due.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(90);

select pg_temp.join_as('tenant', 'neighbour', 'leaver');
select pg_temp.forget_jobs();
delete from private.usage_accounts;

create function pg_temp.today() returns date stable return (now() at time zone 'utc')::date;
create temp table subject as select pg_temp.today() as day;
grant all on subject to service_role;

-- Days and times of everything that is stored move into the past: time has passed.
create function pg_temp.pass(p_days integer) returns void language plpgsql as $$
declare
  gone constant interval := make_interval(days => p_days);
begin
  update private.usage_accounts set first_day = first_day - p_days, due_at = due_at - gone, rotate_at = rotate_at - gone,
    active_at = active_at - gone, closed_at = closed_at - gone, gone_at = gone_at - gone, begun_at = begun_at - gone,
    pass_began_at = pass_began_at - gone, pass_from = pass_from - p_days, pass_next = pass_next - p_days,
    read_at = read_at - gone, read_through = read_through - p_days,
    read_dates = array(select d - p_days from unnest(read_dates) d);
  update private.usage_days set day = day - p_days, read_at = read_at - gone, changed_at = changed_at - gone,
    closed_at = closed_at - gone, reopened_at = reopened_at - gone;
  update public.twilio_usage set day = day - p_days, refreshed_at = refreshed_at - gone;
  update subject set day = day - p_days;
end;
$$;
create function pg_temp.record(p_day date, p_category text, p_price numeric, p_unit text default 'usd') returns jsonb language sql as $$
  select jsonb_build_object('day', p_day, 'category', p_category, 'count', '1', 'usage', '1', 'price', p_price::text, 'price_unit', p_unit);
$$;
-- A whole read: everything that Twilio has, or null when it does not know the account.
create function pg_temp.read(p_records jsonb, p_account text default 'AC1') returns text language plpgsql as $$
declare
  begun record;
begin
  select * into begun from public.begin_usage_sync(p_account);
  return public.record_usage(p_account, begun.fence, begun.until_day, case when p_records is not null then begun.from_day end,
    case when p_records is not null then begun.until_day end, p_records);
end;
$$;
-- A read after each of these numbers of days, which finds this price for the day in question.
create function pg_temp.read_after(p_days integer[], p_price numeric) returns void language plpgsql as $$
declare
  d integer;
begin
  foreach d in array p_days loop
    perform pg_temp.pass(d);
    perform pg_temp.read(case when p_price = 0 then '[]' else jsonb_build_array(pg_temp.record((select day from subject), 'totalprice', p_price)) end);
  end loop;
end;
$$;
create function pg_temp.state() returns text language sql as $$
  select private.state_of_usage_day('AC1', (select day from subject))::text;
$$;
create function pg_temp.due_in(p_account text default 'AC1') returns interval language sql as $$
  select due_at - now() from private.usage_accounts where account_sid = p_account;
$$;
grant execute on all functions in schema pg_temp to service_role;
set local role service_role;

-- Accounts -----------------------------------------------------------------------------------------------------------

insert into private.tenancies (user_id, subaccount_sid, subaccount_status, last_created_at) values (pg_temp.tenant(), 'AC1', 'active', now() - interval '5 days');
select results_eq($$ select user_id, first_day, due_at <= now() + interval '1 hour' from private.usage_accounts where account_sid = 'AC1' $$,
  $$ values (pg_temp.tenant(), pg_temp.today() - 5, true) $$, 'A new subaccount is read from its first day, within an hour');
insert into private.tenancies (user_id, subaccount_sid, subaccount_status) values (pg_temp.neighbour(), 'AC2', 'suspended');
select is((select first_day from private.usage_accounts where account_sid = 'AC2'), pg_temp.today() - 35, 'A subaccount that existed before is read for the last 35 days, also a suspended one');
update private.tenancies set subaccount_sid = 'AC3', subaccount_status = 'active' where user_id = pg_temp.neighbour();
select results_eq($$ select account_sid, closed_at is not null from private.usage_accounts where user_id = pg_temp.neighbour() order by 1 $$,
  $$ values ('AC2', true), ('AC3', false) $$, 'A replaced subaccount is still read, as a closed one');
update private.tenancies set subaccount_status = 'closed' where user_id = pg_temp.neighbour();
select isnt((select closed_at from private.usage_accounts where account_sid = 'AC3'), null, 'A closed subaccount is noted');
update private.usage_accounts set due_at = now() + interval '9 hours' where account_sid = 'AC1';
update private.tenancies set last_error = 'x' where user_id = pg_temp.tenant();
select is(pg_temp.due_in(), '9 hours', 'Another change of a tenancy makes no account due');

-- One read -----------------------------------------------------------------------------------------------------------

select results_eq($$ select outcome::text, from_day, until_day, is_gone from public.begin_usage_sync('AC1') $$, $$ values ('read', pg_temp.today() - 5, pg_temp.today(), false) $$,
  'The first read covers all days from the first to today in one range');
select results_eq($$ select outcome::text from public.begin_usage_sync('AC-none') $$, array['unknown_account'], 'An account without a row is not read');

create temp table first_read as select jsonb_build_array(pg_temp.record(pg_temp.today() - 1, 'sms', 0.5), pg_temp.record(pg_temp.today() - 1, 'totalprice', 0.75),
  pg_temp.record(pg_temp.today() - 1, 'sms-hologram', 0.25), pg_temp.record(pg_temp.today() - 1, 'mms', 0.000)::jsonb || '{"count": "0", "usage": "0"}',
  pg_temp.record(pg_temp.today() - 1, 'sms', 0.4) || '{"count": "3"}', pg_temp.record(pg_temp.today() - 99, 'sms', 7)) as records;
select is(pg_temp.read(records), 'recorded', 'A read is recorded') from first_read;
select results_eq($$ select user_id, day, category, count, price, price_unit from public.twilio_usage where account_sid = 'AC1' order by category $$,
  $$ values (pg_temp.tenant(), pg_temp.today() - 1, 'sms', 3.0, 0.4, 'usd'), (pg_temp.tenant(), pg_temp.today() - 1, 'sms-hologram', 1, 0.25, 'usd'), (pg_temp.tenant(), pg_temp.today() - 1, 'totalprice', 1, 0.75, 'usd') $$,
  'Unknown categories are stored and zeroes are not; of a repeated record the last one counts, and days outside of the range do not');
select results_eq($$ select day, total_price, price_unit, is_mixed, changed_at, closed_at from private.usage_days where account_sid = 'AC1' $$,
  $$ values (pg_temp.today() - 1, 0.75, 'usd', false, now(), null::timestamptz) $$, 'A day with usage is open, and days without are not stored');
create temp table before as select u.*, u.xmin as version from public.twilio_usage u;
select is(pg_temp.read(records), 'recorded', 'The same read can be made again') from first_read;
select bag_eq('select u.*, u.xmin as version from public.twilio_usage u', 'select * from before', 'A page that comes twice changes nothing');
select is((select unchanged_dates from private.usage_days where account_sid = 'AC1'), 0, 'A second read on the same date counts for no day');

select pg_temp.read(records - 4 - 0) from first_read;
select results_eq($$ select category, price, count from public.twilio_usage where account_sid = 'AC1' and category = 'sms' $$, $$ values ('sms', 0.0, 0.0) $$, 'A category that had a value and is missing is written as zero');
select pg_temp.read(records || pg_temp.record(pg_temp.today() - 1, 'totalprice', 0.5, 'eur')) from first_read;
select results_eq($$ select total_price, price_unit, is_mixed from private.usage_days where account_sid = 'AC1' $$, $$ values (0.5, 'eur', true) $$, 'A day with two currencies is marked, and its totals are not added');
select is((select count(*) from public.twilio_usage where account_sid = 'AC1' and category = 'totalprice'), 2::bigint, 'Amounts in two currencies are two rows');
select pg_temp.read(records) from first_read;
select results_eq($$ select total_price, price_unit, is_mixed from private.usage_days where account_sid = 'AC1' $$, $$ values (0.75, 'usd', false) $$, 'A currency that is corrected leaves a zero and no mark');

-- Concurrent and ended reads -----------------------------------------------------------------------------------------

create temp table older as select * from public.begin_usage_sync('AC1');
create temp table newer as select * from public.begin_usage_sync('AC1');
select is(public.record_usage('AC1', (select fence from older), pg_temp.today(), pg_temp.today() - 5, pg_temp.today(), '[]'), 'fenced', 'A read that another one overtook is refused');
select is((select price from public.twilio_usage where account_sid = 'AC1' and category = 'sms'), 0.4, 'A refused read writes nothing');
select is(public.record_usage('AC1', (select fence from newer), pg_temp.today(), pg_temp.today() - 5, pg_temp.today(), (select records from first_read)), 'recorded', 'The later read is recorded');
select is(public.record_usage('AC1', (select fence from newer), pg_temp.today(), pg_temp.today() - 5, pg_temp.today(), '[]'), 'fenced', 'A recorded read is not recorded again');

update private.usage_accounts set first_day = pg_temp.today() - 80, read_dates = '{}', rotate_at = now() where account_sid = 'AC1';
select results_eq($$ select from_day, until_day from public.begin_usage_sync('AC1') $$, $$ values (pg_temp.today() - 80, pg_temp.today() - 45) $$, 'A long pass reads some days at a time, oldest first');
select is(public.record_usage('AC1', (select fence from private.usage_accounts where account_sid = 'AC1'), pg_temp.today() - 45, pg_temp.today() - 80, pg_temp.today() - 45,
  jsonb_build_array(pg_temp.record(pg_temp.today() - 50, 'totalprice', 1))), 'continues', 'A recorded range continues the pass');
select results_eq($$ select from_day, until_day from public.begin_usage_sync('AC1') $$, $$ values (pg_temp.today() - 44, pg_temp.today() - 9) $$, 'After a job that ended, the next one continues with the next range');
select results_eq($$ select from_day, until_day from public.begin_usage_sync('AC1') $$, $$ values (pg_temp.today() - 44, pg_temp.today() - 9) $$, 'A range that was not recorded is read again');
select is(private.state_of_usage_day('AC1', pg_temp.today() - 50)::text, 'open', 'What was recorded before the job ended stays');
select is(pg_temp.read('[]'), 'continues', 'The pass continues');
select is(pg_temp.read((select records from first_read)), 'recorded', 'The last range ends the pass');
select is((select read_dates from private.usage_accounts where account_sid = 'AC1'), array[pg_temp.today()], 'A pass is one date of reads');

-- Closing ------------------------------------------------------------------------------------------------------------

create function pg_temp.start(p_first integer default 0) returns void language sql as $$
  delete from public.twilio_usage;
  delete from private.usage_days;
  update subject set day = pg_temp.today();
  update private.usage_accounts set first_day = pg_temp.today() - p_first, read_dates = '{}', read_through = null, active_at = null, gone_at = null, rotate_at = now(), read_at = null
  where account_sid = 'AC1';
$$;
select pg_temp.start();
select pg_temp.read_after('{0,0,1}', 0.3);
select results_eq('select unchanged_dates from private.usage_days', array[1], 'Reads on the day itself count for nothing, and the next date counts as the first');
select pg_temp.read_after('{0,0,0}', 0.3);
select results_eq('select unchanged_dates from private.usage_days', array[1], 'More reads on one date count once');
select pg_temp.read_after('{1}', 0.3);
select is(pg_temp.state(), 'open', 'After two unchanged dates a day is open');
select pg_temp.read_after('{1}', 0.3);
select is(pg_temp.state(), 'closed', 'The third date that finds a day unchanged closes it');
select is((select closed_at - changed_at from private.usage_days), '3 days', 'It is closed three days after its last change');

select pg_temp.start();
select pg_temp.read_after('{0,1,1}', 0.3), pg_temp.read_after('{0}', 0.4);
select results_eq('select unchanged_dates, changed_at = now() from private.usage_days', $$ values (0, true) $$, 'A change begins the count again');
select pg_temp.read_after('{1,1}', 0.4);
select is(pg_temp.state(), 'open', 'Two dates after the change the day is open');
select pg_temp.read_after('{1}', 0.4);
select is(pg_temp.state(), 'closed', 'Three dates after the change it is closed');
update private.usage_accounts set rotate_at = now() where account_sid = 'AC1';
select pg_temp.read_after('{4}', 0.4);
select results_eq('select closed_at < now(), read_at = now(), reopened_at from private.usage_days', $$ values (true, true, null::timestamptz) $$, 'A later read that finds the same leaves it closed');
update private.usage_accounts set rotate_at = now() where account_sid = 'AC1';
select pg_temp.read_after('{1}', 0.5);
select results_eq('select total_price, closed_at, reopened_at = now() from private.usage_days', $$ values (0.5, null::timestamptz, true) $$, 'A correction opens a closed day again');
select pg_temp.read_after('{1,1,1}', 0.5);
select results_eq('select closed_at = now(), reopened_at < now() from private.usage_days', $$ values (true, true) $$, 'It is closed again after three unchanged dates, and was opened again');
update private.usage_accounts set rotate_at = now() where account_sid = 'AC1';
select pg_temp.read_after('{1}', 0);
select results_eq('select total_price, closed_at from private.usage_days', $$ values (0.0, null::timestamptz) $$, 'A correction to zero opens a day too, and is stored');

select pg_temp.start();
select pg_temp.read_after('{0,1,1}', 0);
select is(pg_temp.state(), 'open', 'A day without usage is open until three dates came after it');
select pg_temp.read_after('{1}', 0);
select is(pg_temp.state(), 'closed', 'A day without usage is closed by the third date, without a row');
select is((select count(*) from private.usage_days), 0::bigint, 'A day without usage has no row');
update private.usage_accounts set rotate_at = now() where account_sid = 'AC1';
select pg_temp.read_after('{1}', 0.2);
select is(pg_temp.state(), 'open', 'Usage that appears later opens such a day again');

-- Twilio does not know the account ------------------------------------------------------------------------------------

select pg_temp.start();
select pg_temp.read_after('{0}', 0.3);
select pg_temp.pass(1), pg_temp.read(null), pg_temp.pass(1), pg_temp.read(null);
select results_eq($$ select u.price, d.total_price from public.twilio_usage u, private.usage_days d $$, $$ values (0.3, 0.3) $$, 'An account that Twilio no longer knows keeps its usage');
select isnt((select gone_at from private.usage_accounts where account_sid = 'AC1'), null, 'Twilio''s answer is noted');
select pg_temp.pass(1), pg_temp.read(null);
select is(pg_temp.state(), 'closed', 'Its days are closed as unchanged ones');
select pg_temp.start();
select is(public.record_usage('AC1', (select fence from public.begin_usage_sync('AC1')), pg_temp.today(), pg_temp.today(), pg_temp.today(), '[]'), 'recorded', 'A range is read');
select pg_temp.start(9);
select public.record_usage('AC1', (select fence from public.begin_usage_sync('AC1')), pg_temp.today(), pg_temp.today() - 4, pg_temp.today(), jsonb_build_array(pg_temp.record(pg_temp.today() - 6, 'sms', 1), pg_temp.record(pg_temp.today() - 4, 'sms', 1)));
select results_eq($$ select first_day, gone_at from private.usage_accounts where account_sid = 'AC1' $$, $$ values (pg_temp.today() - 4, null::timestamptz) $$, 'Days before the account existed are not read again');
select results_eq('select day from public.twilio_usage', array[pg_temp.today() - 4], 'Records of other days than those that Twilio knows are not stored');

-- When an account is due ---------------------------------------------------------------------------------------------

select pg_temp.start();
select pg_temp.read('[]');
select ok(pg_temp.due_in() between '6 days' and '8 days', 'Without usage an account is due after a week');
select pg_temp.pass(1), pg_temp.read(jsonb_build_array(pg_temp.record(pg_temp.today(), 'sms', 1)));
select ok(pg_temp.due_in() between '5 hours' and '7 hours', 'While its usage changes, an account is due after six hours');
select pg_temp.read(jsonb_build_array(pg_temp.record(pg_temp.today(), 'sms', 1)));
select ok(pg_temp.due_in() between '5 hours' and '7 hours', 'On the date of the change it is due after six hours');
select pg_temp.pass(1), pg_temp.read(jsonb_build_array(pg_temp.record(pg_temp.today() - 1, 'sms', 1)));
select ok(pg_temp.due_in() between '19 hours' and '25 hours', 'With an open day that no longer changes, it is due on the next date');

update private.usage_accounts set rotate_at = now() + interval '1 day', read_dates = array[pg_temp.today() - 2, pg_temp.today() - 1, pg_temp.today()] where account_sid = 'AC1';
update private.usage_days set closed_at = now();
select is((select from_day from public.begin_usage_sync('AC1')), pg_temp.today() - 2, 'A pass begins with the oldest open day');
update private.usage_accounts set rotate_at = now(), pass_next = null, first_day = pg_temp.today() - 300 where account_sid = 'AC1';
select is((select from_day from public.begin_usage_sync('AC1')), pg_temp.today() - 35, 'The rotation reads closed days of the last 35 days again');
select pg_temp.read('[]');
select ok((select rotate_at - now() from private.usage_accounts where account_sid = 'AC1') between '6 days' and '8 days', 'It comes again after a week');

-- Activity: a message, a purchase and a release.
create function pg_temp.quiet() returns void language sql as $$
  update private.usage_accounts set due_at = now() + interval '5 days', active_at = now(), read_at = now() - interval '1 day' where account_sid = 'AC1';
$$;
select pg_temp.quiet();
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source) values (pg_temp.tenant(), 'outbound', '+15005550101', '+15005550190', 'reserved', 'AC1', 'subaccount');
select is(pg_temp.due_in(), '30 minutes', 'A sent message makes an account due soon');
select pg_temp.quiet();
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source) values (pg_temp.tenant(), 'inbound', '+15005550190', '+15005550101', 'received', 'AC1', 'subaccount');
select is(pg_temp.due_in(), '5 days', 'Another message of the same hour does not');
delete from private.sending_totals;
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source) values (pg_temp.tenant(), 'inbound', '+15005550190', '+15005550101', 'received', 'AC1', 'subaccount');
select is(pg_temp.due_in(), '30 minutes', 'A received message, the first of an hour, makes an account due soon');
update private.usage_accounts set due_at = now() + interval '5 days', read_at = now() - interval '1 hour' where account_sid = 'AC1';
select private.note_usage(pg_temp.tenant());
select is(pg_temp.due_in(), '5 hours', 'An account is due six hours after its last read at the earliest');
select pg_temp.quiet();
insert into public.user_twilio_numbers (id, user_id, phone_number, phone_sid, status, account_sid, purchased_at) values (pg_temp.row_id(1), pg_temp.tenant(), '+15005550101', 'PN1', 'active', 'AC1', now() - interval '10 days');
select is(pg_temp.due_in(), '30 minutes', 'A new number makes an account due soon');
select pg_temp.quiet();
update public.user_twilio_numbers set friendly_name = 'x' where id = pg_temp.row_id(1);
select is(pg_temp.due_in(), '5 days', 'A number''s new name makes nothing due');
update public.user_twilio_numbers set status = 'released' where id = pg_temp.row_id(1);
select is(pg_temp.due_in(), '30 minutes', 'A release makes an account due soon');
update private.usage_accounts set due_at = now() + interval '5 days' where account_sid = 'AC3';
select private.note_usage(pg_temp.neighbour());
select is(pg_temp.due_in('AC3'), '5 days', 'Nothing makes a closed account due');

-- Monthly fees, without any activity: five days before and three days after the day of the month.
create function pg_temp.bought(p_at timestamptz) returns void language sql as $$
  update public.user_twilio_numbers set status = 'active', purchased_at = p_at where id = pg_temp.row_id(1);
$$;
create function pg_temp.anniversaries() returns table (last_at timestamptz, next_at timestamptz) language sql as $$
  select (private.number_anniversaries(a)).* from private.usage_accounts a where account_sid = 'AC1';
$$;
select pg_temp.bought(((now() at time zone 'utc') - interval '3 months' + interval '2 days') at time zone 'utc');
select pg_temp.start(), pg_temp.read('[]');
select ok(pg_temp.due_in() between '2 days' and '3 days', 'An account is due when the monthly fee of a number arises');
select is((select next_at from pg_temp.anniversaries()) - (select last_at from pg_temp.anniversaries()) between '27 days' and '32 days', true, 'The fees of a number are a month apart');
select pg_temp.bought('2026-01-31 12:00Z');
select results_eq($$ select extract(day from last_at at time zone 'utc')::integer >= 28, next_at > now(), last_at <= now() from pg_temp.anniversaries() $$, $$ values (true, true, true) $$,
  'A number bought on the 31st is charged on the last day of shorter months');
update public.user_twilio_numbers set status = 'released' where id = pg_temp.row_id(1);
select results_eq('select * from pg_temp.anniversaries()', $$ values (null::timestamptz, null::timestamptz) $$, 'A released number has no fee');

-- Claims -------------------------------------------------------------------------------------------------------------

reset role;
select pg_temp.forget_jobs();
create view pg_temp.jobs as select message from private.jobs where lane = 'usage' order by msg_id;
grant select on pg_temp.jobs to service_role;
set local role service_role;
update private.usage_accounts set due_at = now() + interval '1 day';
select is(public.ask_for_usage_syncs('ACmaster', 10), 1, 'The master account is read as well');
select results_eq('select message from pg_temp.jobs', $$ values ('{"kind": "sync-usage", "accountSid": "ACmaster"}'::jsonb) $$, 'Its job names no user');
update private.usage_accounts set due_at = now() - case account_sid when 'AC1' then interval '1 minute' else interval '2 minutes' end where account_sid <> 'ACmaster';
select is(public.ask_for_usage_syncs('ACmaster', 2), 2, 'ask_for_usage_syncs claims its limit');
select results_eq($$ select account_sid from private.usage_accounts where due_at <= now() $$, array['AC1'], 'Those that are due longest come first');
select ok(pg_temp.due_in('AC2') between '5 hours' and '7 hours', 'An account whose job is lost comes again');
select is(public.ask_for_usage_syncs('ACmaster', 10), 1, 'The rest is claimed next');
select is((select message from pg_temp.jobs offset 3), jsonb_build_object('kind', 'sync-usage', 'accountSid', 'AC1', 'userId', pg_temp.tenant()), 'A job names the tenant, so that lanes stay fair');
update private.usage_accounts set due_at = now();
select is(public.ask_for_usage_syncs('ACmaster', 1), 1, 'Jobs are enqueued while fewer than five times the limit wait');
select is(public.ask_for_usage_syncs('ACmaster', 1), 0, 'No job is enqueued while five times the limit wait');

-- Closed accounts and deleted users ----------------------------------------------------------------------------------

update private.usage_accounts set closed_at = now() - interval '10 days', first_day = pg_temp.today() - 20, read_dates = '{}', active_at = null where account_sid = 'AC3';
select pg_temp.read(jsonb_build_array(pg_temp.record(pg_temp.today() - 9, 'totalprice', 1)), 'AC3');
select isnt(pg_temp.due_in('AC3'), null, 'A closed account is read while it has open days');
update private.usage_days set closed_at = now() where account_sid = 'AC3';
select pg_temp.read(jsonb_build_array(pg_temp.record(pg_temp.today() - 9, 'totalprice', 1)), 'AC3');
select isnt(pg_temp.due_in('AC3'), null, 'A closed account is read while corrections are expected');
update private.usage_accounts set closed_at = now() - interval '36 days' where account_sid = 'AC3';
select pg_temp.read(jsonb_build_array(pg_temp.record(pg_temp.today() - 9, 'totalprice', 1)), 'AC3');
select is(pg_temp.due_in('AC3'), null, 'A closed account whose days are closed is not read again');

select pg_temp.store(pg_temp.leaver(), 'AC7', 'active', 'v1.k1.iv.one');
insert into private.tenancies (user_id, subaccount_sid, subaccount_status) values (pg_temp.leaver(), 'AC7', 'active');
select pg_temp.read(jsonb_build_array(pg_temp.record(pg_temp.today() - 1, 'totalprice', 0.75)), 'AC7');
reset role;
delete from auth.users where id = pg_temp.leaver();
set local role service_role;
select results_eq($$ select user_id, price from public.twilio_usage where account_sid = 'AC7' $$, $$ values (pg_temp.leaver(), 0.75) $$, 'The usage of a deleted user stays, under the user''s id');
select pg_temp.read(jsonb_build_array(pg_temp.record(pg_temp.today() - 1, 'totalprice', 0.8)), 'AC7');
select results_eq($$ select user_id, total_price from private.usage_days where account_sid = 'AC7' $$, $$ values (pg_temp.leaver(), 0.8) $$, 'It is read until its account and its days are closed');
update private.tenancies set subaccount_status = 'closed' where user_id = pg_temp.leaver();
select isnt((select closed_at from private.usage_accounts where account_sid = 'AC7'), null, 'The account of a deleted user that is closed is noted');

-- The operator's view ------------------------------------------------------------------------------------------------

update private.usage_accounts set due_at = now() + interval '1 hour', read_through = pg_temp.today();
update private.usage_accounts set due_at = now() - interval '3 hours', read_through = pg_temp.today() - 4, first_day = pg_temp.today() - 9 where account_sid = 'AC1';
select results_eq($$ select due, now() - oldest_due_at, oldest_unread_day, retrying, dead_letters from public.usage_sync_state() $$,
  $$ values (1::bigint, '3 hours'::interval, pg_temp.today() - 3, 0::bigint, 0::bigint) $$, 'usage_sync_state counts the accounts that are due, and has the oldest day that no read covered');
update private.usage_accounts set read_through = pg_temp.today() - 1;
select is((select oldest_unread_day from public.usage_sync_state()), null, 'Today is no unread day');


-- An operator asks --------------------------------------------------------------------------------------------------

reset role;
select pg_temp.forget_jobs();
delete from private.days_to_reconcile;
update private.usage_accounts set due_at = now() + interval '3 days' where account_sid = 'AC1';
insert into private.days_to_reconcile (account_sid, day, due_at) values ('AC1', pg_temp.today() - 3, now() + interval '1 day'), ('AC7', pg_temp.today() - 3, now() + interval '1 day');
select public.request_tenant_sync((select user_id from private.usage_accounts where account_sid = 'AC1'), pg_temp.operator(), 'req', 'a doubt');
select is((select array_agg(message ->> 'accountSid') from private.jobs where message ->> 'kind' = 'sync-usage'), '{AC1}', 'An operator''s sync of a tenant reads the usage of their account');
select ok((select due_at from private.usage_accounts where account_sid = 'AC1') between now() + interval '5 hours' and now() + interval '7 hours', 'The account is due again in six hours, as after any request');
select is((select array_agg(account_sid) from private.days_to_reconcile where due_at <= now()), '{AC1}', 'The days that wait for a comparison are due at once, and no other tenant''s');

select * from finish();
rollback;
