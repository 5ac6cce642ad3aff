-- Differences at Twilio are recorded in one decision. A row that changed after the read is left alone.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(57);

select pg_temp.join_as('tenant', 'neighbour', 'visitor');
select pg_temp.forget_jobs();
update private.schedules set due_at = now() + interval '1 day';
create view pg_temp.queued as select message as job, vt from private.jobs;
grant select on pg_temp.queued to service_role;
set local role service_role;

update public.user_preferences set twilio_subaccount_status = 'suspended';
insert into private.tenancies (user_id, applied_status) values (pg_temp.tenant(), 'active'), (pg_temp.neighbour(), 'active');
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two');
create function pg_temp.change(p_change text, p_digit integer, p_name text default 'At Twilio', p_id integer default null) returns jsonb language sql as $$
  select jsonb_build_object('change', p_change, 'numberId', pg_temp.row_id(coalesce(p_id, p_digit)), 'number', jsonb_build_object('phoneNumber', '+1500555010' || p_digit,
    'phoneSid', 'PN' || p_digit, 'friendlyName', p_name, 'capabilities', '{"sms": true, "mms": true}'::jsonb));
$$;
-- All rows of this file change now. A fresh list was read after that, a stale one before.
create function pg_temp.fresh() returns timestamptz stable return now() + interval '1 second';
create function pg_temp.stale() returns timestamptz stable return now();
create function pg_temp.sync(p_read_at timestamptz, p_changes jsonb, p_account text default 'AC1') returns text[] language sql as $$
  select array_agg(right(phone_number, 1) || ' ' || outcome::text) from public.record_number_sync(pg_temp.tenant(), p_account, p_read_at, p_changes, 'sync', 'req-1');
$$;
create view pg_temp.numbers as
  select right(phone_number, 1)::integer as n, status::text, is_primary, friendly_name::text as name, capabilities from public.user_twilio_numbers
  where user_id = pg_temp.tenant() order by phone_number, created_at;
create view pg_temp.trail as select actor, action, subaccount_sid, request_id, details from public.audit_log where user_id = pg_temp.tenant() order by id desc;

select pg_temp.own(pg_temp.tenant(), 1, 'active', true), pg_temp.own(pg_temp.tenant(), 2), pg_temp.own(pg_temp.tenant(), 3, 'purchasing'),
  pg_temp.own(pg_temp.tenant(), 4, 'releasing'), pg_temp.own(pg_temp.tenant(), 5, 'released'), pg_temp.own(pg_temp.neighbour(), 6, 'active', true);

-- Reading ------------------------------------------------------------------------------------------------------------

select results_eq('select outcome::text, subaccount_sid, sealed_token, read_at from public.begin_number_sync(pg_temp.tenant())',
  $$ values ('active', 'AC1', 'v1.k1.iv.one', now()) $$, 'begin_number_sync returns the account and the time of the read');
select results_eq($$ select n ->> 'phone_number', n ->> 'status' from public.begin_number_sync(pg_temp.tenant()) b, jsonb_array_elements(b.numbers) n $$,
  $$ values ('+15005550101', 'active'), ('+15005550102', 'active'), ('+15005550103', 'purchasing'), ('+15005550104', 'releasing') $$,
  'begin_number_sync returns the tenant''s held numbers only');
select results_eq('select outcome::text, numbers from public.begin_number_sync(pg_temp.visitor())', $$ values ('none', '[]'::jsonb) $$,
  'begin_number_sync returns none and no numbers for a user without a subaccount');

-- Lists that are older than a change ---------------------------------------------------------------------------------

select is(pg_temp.sync(pg_temp.stale(), jsonb_build_array(pg_temp.change('released', 1), pg_temp.change('changed', 2), pg_temp.change('appeared', 5))),
  '{"1 left_alone","2 left_alone","5 left_alone"}', 'record_number_sync leaves alone a number that changed after the read');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('released', 4))), '{"4 left_alone"}', 'record_number_sync leaves alone a missing number that is being released');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('released', 3))), '{"3 left_alone"}', 'record_number_sync leaves alone a missing number that is being bought');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 4), pg_temp.change('changed', 4))), '{"4 left_alone","4 left_alone"}',
  'record_number_sync leaves alone a listed number that is being released');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('released', 1), pg_temp.change('appeared', 7)), 'AC9'), '{"1 left_alone","7 left_alone"}',
  'record_number_sync leaves all numbers alone when the list is of another account');
select is((select o.compared_at from public.numbers_overview(pg_temp.tenant()) o), pg_temp.fresh(), 'The overview says when the list was read with which the numbers were last compared');
select is((select o.compared_at from public.numbers_overview(pg_temp.neighbour()) o), null, 'It says nothing for a tenant whose numbers were never compared');
select is_empty('select 1 from pg_temp.trail', 'left_alone writes no audit line');
select results_eq('select n, status, name from pg_temp.numbers', $$ values (1, 'active', 'Line 1'), (2, 'active', 'Line 2'), (3, 'purchasing', 'Line 3'),
  (4, 'releasing', 'Line 4'), (5, 'released', 'Line 5') $$, 'left_alone changes no number');

-- Recording differences ----------------------------------------------------------------------------------------------

select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('changed', 2) || '{"details": {"changed": ["friendlyName"]}}')), '{"2 changed"}', 'record_number_sync returns changed for another name at Twilio');
select results_eq('select name, capabilities from pg_temp.numbers where n = 2', $$ values ('At Twilio', '{"sms": true, "mms": true}'::jsonb) $$, 'The name and the capabilities at Twilio are stored');
select results_eq('select * from pg_temp.trail limit 1', $$ values ('sync', 'number.changed', 'AC1', 'req-1',
  '{"phoneNumber": "+15005550102", "phoneSid": "PN2", "changed": ["friendlyName"]}'::jsonb) $$, 'The audit line names what changed');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('bought', 3))), '{"3 appeared"}', 'record_number_sync returns appeared for a purchase whose response was lost');
select results_eq('select status, is_primary, name from pg_temp.numbers where n = 3', $$ values ('active', false, 'At Twilio') $$, 'The purchase is recorded in its own row');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('bought', 3))), '{"3 left_alone"}', 'record_number_sync leaves alone a purchase that is recorded');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('released', 1))), '{"1 released"}', 'record_number_sync returns released for a missing number');
select results_eq('select n, status, is_primary from pg_temp.numbers where n < 3', $$ values (1, 'released', false), (2, 'active', true) $$,
  'The oldest active number becomes primary when the primary one is missing');
select results_eq('select action from pg_temp.trail limit 2', $$ values ('number.made_primary'), ('number.released') $$, 'The audit log has the release and the new primary number');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 7))), '{"7 appeared"}', 'record_number_sync returns appeared for a number bought in Twilio''s console');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 7))), '{"7 left_alone"}', 'record_number_sync leaves alone a number that appeared before');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 5))), '{"5 appeared"}', 'record_number_sync returns appeared for a released number that returned');
select results_eq('select count(*), min(status) from pg_temp.numbers where n = 5', $$ values (1::bigint, 'active') $$, 'A number that returned is active in its former row');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('repaired', 2) || '{"details": {"drifted": ["smsUrl"]}}')), '{"2 repaired"}', 'record_number_sync returns repaired for a repaired webhook');
select results_eq('select action, details from pg_temp.trail limit 1', $$ values ('number.repaired',
  '{"phoneNumber": "+15005550102", "phoneSid": "PN2", "drifted": ["smsUrl"]}'::jsonb) $$, 'The audit line of a repair names what differed');

-- Other tenants' numbers ---------------------------------------------------------------------------------------------

select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 6))), '{"6 held"}', 'A number that another tenant holds is not taken over');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(jsonb_set(pg_temp.change('appeared', 6), '{number,phoneSid}', '"PN-other"'))), '{"6 held"}', 'A number that another tenant holds is not taken over under another SID');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('released', 6), pg_temp.change('changed', 6))), '{"6 left_alone","6 left_alone"}', 'record_number_sync leaves alone another tenant''s number');
select results_eq($$ select user_id, status::text, friendly_name::text from public.user_twilio_numbers where phone_number = '+15005550106' $$,
  $$ values (pg_temp.neighbour(), 'active', 'Line 6') $$, 'The other tenant''s number is unchanged');
select pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 6)));
select is((select count(*) from pg_temp.trail where action = 'number.held' and details ->> 'phoneSid' = 'PN6'), 1::bigint, 'A held number is audited once');

-- A released row keeps its SID unless another row takes it -----------------------------------------------------------

reset role;
create function pg_temp.owner_of_sid(p_digit integer) returns uuid language sql as $$
  select user_id from public.user_twilio_numbers where phone_sid = 'PN' || p_digit;
$$;
select pg_temp.own(pg_temp.neighbour(), 8, 'released');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('bought', 8, p_id => 9))), '{"8 left_alone"}', 'A purchase without a reservation is left alone');
select is(pg_temp.owner_of_sid(8), pg_temp.neighbour(), 'A purchase that is left alone takes no SID from a released row');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('bought', 8, p_id => 6))), '{"8 left_alone"}', 'A purchase for another tenant''s row is left alone');
select is(pg_temp.owner_of_sid(8), pg_temp.neighbour(), 'A purchase for another tenant''s row takes no SID from a released row');
-- A competitor takes the number between the checks and the insert.
create function pg_temp.compete() returns trigger language plpgsql as $$
begin
  insert into public.user_twilio_numbers (user_id, phone_number, status) values (pg_temp.visitor(), new.phone_number, 'purchasing');
  return new;
end;
$$;
create trigger compete before insert on public.user_twilio_numbers for each row
  when (new.phone_sid = 'PN8') execute function pg_temp.compete();
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 8))), '{"8 held"}', 'record_number_sync returns held for a number that another tenant reserves at the same moment');
select is(pg_temp.owner_of_sid(8), pg_temp.neighbour(), 'A held number takes no SID from a released row');
drop trigger compete on public.user_twilio_numbers;
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 8))), '{"8 appeared"}', 'record_number_sync returns appeared for a number that another tenant released');
select is(pg_temp.owner_of_sid(8), pg_temp.tenant(), 'An appeared number takes the SID from the released row');
set local role service_role;

-- The daily sync ----------------------------------------------------------------------------------------------------

select pg_temp.forget_jobs();
create view pg_temp.due as select user_id, due_at - now() as due_in from private.due_work where kind = 'number_sync';
create function pg_temp.due_in(p_user uuid) returns interval stable return (select due_in from pg_temp.due where user_id = p_user);
-- All are due in two hours, after one statement.
create function pg_temp.makes_due(p_statement text) returns text language plpgsql as $$
begin
  update private.due_work set due_at = now() + interval '2 hours' where kind = 'number_sync';
  execute p_statement;
  return (select coalesce(string_agg(right(user_id::text, 1) || ' ' || due_in, ', ' order by user_id), 'none') from pg_temp.due where due_in < '2 hours');
end;
$$;
select is(pg_temp.makes_due(statement), due, format('%s makes %s due', what, case due when 'none' then 'no tenant' else 'the tenant' end)) from (values
  ('A recorded purchase', $$insert into public.user_twilio_numbers (user_id, phone_number, phone_sid) values (pg_temp.tenant(), '+15005550190', 'PN90')$$, '1 00:10:00'),
  ('A reserved purchase', $$insert into public.user_twilio_numbers (user_id, phone_number, status) values (pg_temp.tenant(), '+15005550191', 'purchasing')$$, 'none'),
  ('A release', $$update public.user_twilio_numbers set status = 'released', is_primary = false where phone_sid = 'PN90'$$, '1 00:10:00'),
  ('A changed send rate', $$update public.user_twilio_numbers set messages_per_second = 2$$, 'none'),
  ('A suspension', $$update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.neighbour()$$, 'none'),
  ('The end of a suspension', $$update public.user_preferences set twilio_subaccount_status = 'active' where user_id = pg_temp.neighbour()$$, '2 00:10:00'),
  ('Another token', $$update public.user_preferences set twilio_subaccount_auth_token_encrypted = 'v1.k1.iv.other' where user_id = pg_temp.neighbour()$$, 'none')) changes (what, statement, due);
select is(public.ask_for_number_syncs(10), 0, 'ask_for_number_syncs asks for none before its time');
update private.due_work set due_at = now() - case when user_id = pg_temp.tenant() then interval '1 hour' else '1 minute' end where kind = 'number_sync';
select is(public.ask_for_number_syncs(1), 1, 'ask_for_number_syncs respects its limit');
select results_eq($$ select job ->> 'userId' from pg_temp.queued $$, array[pg_temp.tenant()::text], 'The tenant who has been due longest comes first');
select is(public.ask_for_number_syncs(10), 1, 'ask_for_number_syncs returns the number of syncs');
select results_eq('select job from pg_temp.queued order by job', $$ select jsonb_build_object('kind', 'sync-numbers', 'userId', u) from (values (pg_temp.tenant()), (pg_temp.neighbour())) t (u) $$,
  'Each tenant with an active account has one job');
select is((select count(*) from pg_temp.due where due_in between interval '21 hours' and interval '27 hours'), 2::bigint, 'Each of them is due again in about a day');
select isnt(pg_temp.due_in(pg_temp.tenant()), pg_temp.due_in(pg_temp.neighbour()), 'Tenants who were due together are not due together again');
update private.due_work set due_at = now() where kind = 'number_sync';
update public.user_preferences set twilio_subaccount_auth_token_encrypted = null where user_id = pg_temp.tenant();
update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.neighbour();
select is(public.ask_for_number_syncs(10), 0, 'ask_for_number_syncs skips a suspended account, and one without its token');
select results_eq('select user_id from pg_temp.due', array[pg_temp.tenant()], 'An account that is not active has no due sync, and one without its token is due tomorrow');
select is(public.report_sender_trouble(pg_temp.tenant()), now(), 'report_sender_trouble makes the tenant''s sync of numbers due now');

select * from finish();
rollback;
