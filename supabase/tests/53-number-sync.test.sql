-- What differed at Twilio is recorded in one decision; what was touched after our rows were read is left alone.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(42);

select pg_temp.join_as('tenant', 'neighbour', 'visitor');
delete from pgmq.q_jobs;
update private.schedules set due_at = now() + interval '1 day';
create view pg_temp.queued as select message as job, vt from pgmq.q_jobs;
grant select on pg_temp.queued to service_role;
set local role service_role;

update public.user_preferences set twilio_subaccount_status = 'suspended';
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two');
create function pg_temp.change(p_change text, p_digit integer, p_name text default 'At Twilio', p_id integer default null) returns jsonb language sql as $$
  select jsonb_build_object('change', p_change, 'numberId', pg_temp.row_id(coalesce(p_id, p_digit)), 'number', jsonb_build_object('phoneNumber', '+1500555010' || p_digit,
    'phoneSid', 'PN' || p_digit, 'friendlyName', p_name, 'capabilities', '{"sms": true, "mms": true}'::jsonb));
$$;
-- All rows of this file were touched now: a list is fresh where our rows were read after that, and stale where before.
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

-- Reading ---------------------------------------------------------------------------------------------------------------

select results_eq('select outcome::text, subaccount_sid, sealed_token, read_at from public.begin_number_sync(pg_temp.tenant())',
  $$ values ('active', 'AC1', 'v1.k1.iv.one', now()) $$, 'A sync begins with the moment our rows are read');
select results_eq($$ select n ->> 'phone_number', n ->> 'status' from public.begin_number_sync(pg_temp.tenant()) b, jsonb_array_elements(b.numbers) n $$,
  $$ values ('+15005550101', 'active'), ('+15005550102', 'active'), ('+15005550103', 'purchasing'), ('+15005550104', 'releasing') $$,
  'It is told the tenant''s rows, those under way too, and no other''s');
select results_eq('select outcome::text, numbers from public.begin_number_sync(pg_temp.visitor())', $$ values ('none', '[]'::jsonb) $$,
  'begin_number_sync returns none and no numbers for a user without a subaccount');

-- A list older than what was done meanwhile changes nothing -------------------------------------------------------------

select is(pg_temp.sync(pg_temp.stale(), jsonb_build_array(pg_temp.change('released', 1), pg_temp.change('changed', 2), pg_temp.change('appeared', 5))),
  '{"1 left_alone","2 left_alone","5 left_alone"}', 'A number bought, renamed or released after our rows were read is left alone');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('released', 4))), '{"4 left_alone"}', 'A release under way is left to whoever is at it, also where the list lacks the number');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('released', 3))), '{"3 left_alone"}', 'So is a purchase under way');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 4), pg_temp.change('changed', 4))), '{"4 left_alone","4 left_alone"}',
  'A number being released does not come back by a list that has it still');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('released', 1), pg_temp.change('appeared', 7)), 'AC9'), '{"1 left_alone","7 left_alone"}',
  'A list of another account than the tenant''s changes nothing');
select is_empty('select 1 from pg_temp.trail', 'None of that is news to the audit log');
select results_eq('select n, status, name from pg_temp.numbers', $$ values (1, 'active', 'Line 1'), (2, 'active', 'Line 2'), (3, 'purchasing', 'Line 3'),
  (4, 'releasing', 'Line 4'), (5, 'released', 'Line 5') $$, 'All is as it was');

-- Taking over -----------------------------------------------------------------------------------------------------------

select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('changed', 2) || '{"details": {"changed": ["friendlyName"]}}')), '{"2 changed"}', 'Another name at Twilio is taken over');
select results_eq('select name, capabilities from pg_temp.numbers where n = 2', $$ values ('At Twilio', '{"sms": true, "mms": true}'::jsonb) $$, 'So is what the number can do');
select results_eq('select * from pg_temp.trail limit 1', $$ values ('sync', 'number.changed', 'AC1', 'req-1',
  '{"phoneNumber": "+15005550102", "phoneSid": "PN2", "changed": ["friendlyName"]}'::jsonb) $$, 'The audit log says what changed');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('bought', 3))), '{"3 appeared"}', 'A purchase whose answer was lost is recorded');
select results_eq('select status, is_primary, name from pg_temp.numbers where n = 3', $$ values ('active', false, 'At Twilio') $$, 'In its own row, not in a second one');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('bought', 3))), '{"3 left_alone"}', 'It is so once');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('released', 1))), '{"1 released"}', 'A number that is gone is released');
select results_eq('select n, status, is_primary from pg_temp.numbers where n < 3', $$ values (1, 'released', false), (2, 'active', true) $$,
  'With the primary number gone, the oldest other one is');
select results_eq('select action from pg_temp.trail limit 2', $$ values ('number.made_primary'), ('number.released') $$, 'The audit log says both');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 7))), '{"7 appeared"}', 'A number bought in Twilio''s console appears, whatever the plan allows');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 7))), '{"7 left_alone"}', 'It appears once');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 5))), '{"5 appeared"}', 'One that had gone and came back is active again');
select results_eq('select count(*), min(status) from pg_temp.numbers where n = 5', $$ values (1::bigint, 'active') $$, 'In the row it had');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('repaired', 2) || '{"details": {"drifted": ["smsUrl"]}}')), '{"2 repaired"}', 'A repair at Twilio is told');
select results_eq('select action, details from pg_temp.trail limit 1', $$ values ('number.repaired',
  '{"phoneNumber": "+15005550102", "phoneSid": "PN2", "drifted": ["smsUrl"]}'::jsonb) $$, 'And audited');

-- What is another's -----------------------------------------------------------------------------------------------------

select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 6))), '{"6 held"}', 'A number that a neighbour''s row has is not stolen');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(jsonb_set(pg_temp.change('appeared', 6), '{number,phoneSid}', '"PN-other"'))), '{"6 held"}', 'Not under another SID either');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('released', 6), pg_temp.change('changed', 6))), '{"6 left_alone","6 left_alone"}', 'Nor is it changed or released by anybody''s sync but theirs');
select results_eq($$ select user_id, status::text, friendly_name::text from public.user_twilio_numbers where phone_number = '+15005550106' $$,
  $$ values (pg_temp.neighbour(), 'active', 'Line 6') $$, 'The neighbour has it as before');
select pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 6)));
select is((select count(*) from pg_temp.trail where action = 'number.held' and details ->> 'phoneSid' = 'PN6'), 1::bigint, 'That is told once, not every hour');

-- A released row keeps its SID unless another row takes it -------------------------------------------------------------

reset role;
create function pg_temp.keeper_of_sid(p_digit integer) returns uuid language sql as $$
  select user_id from public.user_twilio_numbers where phone_sid = 'PN' || p_digit;
$$;
select pg_temp.own(pg_temp.neighbour(), 8, 'released');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('bought', 8, p_id => 9))), '{"8 left_alone"}', 'A purchase without a reservation is left alone');
select is(pg_temp.keeper_of_sid(8), pg_temp.neighbour(), 'A purchase that is left alone takes no SID from a released row');
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('bought', 8, p_id => 6))), '{"8 left_alone"}', 'A purchase in another tenant''s row is left alone');
select is(pg_temp.keeper_of_sid(8), pg_temp.neighbour(), 'That takes no SID either');
-- A competitor takes the number between the checks and the insert.
create function pg_temp.compete() returns trigger language plpgsql as $$
begin
  insert into public.user_twilio_numbers (user_id, phone_number, status) values (pg_temp.visitor(), new.phone_number, 'purchasing');
  return new;
end;
$$;
create trigger compete before insert on public.user_twilio_numbers for each row
  when (new.phone_sid = 'PN8') execute function pg_temp.compete();
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 8))), '{"8 held"}', 'A number that another tenant reserves at the same moment is held');
select is(pg_temp.keeper_of_sid(8), pg_temp.neighbour(), 'A number that is held takes no SID from a released row');
drop trigger compete on public.user_twilio_numbers;
select is(pg_temp.sync(pg_temp.fresh(), jsonb_build_array(pg_temp.change('appeared', 8))), '{"8 appeared"}', 'A number that another tenant released appears');
select is(pg_temp.keeper_of_sid(8), pg_temp.tenant(), 'It takes the SID from the released row');
set local role service_role;

-- Every hour ------------------------------------------------------------------------------------------------------------

select pg_temp.forget_jobs();
select is(public.ask_for_number_syncs(3000), 2, 'A sync is asked for for each tenant with an active account, and no other');
select results_eq('select job from pg_temp.queued order by job', $$ select jsonb_build_object('kind', 'sync-numbers', 'userId', u) from (values (pg_temp.tenant()), (pg_temp.neighbour())) t (u) $$,
  'A job each');
select is((select count(distinct vt) from pg_temp.queued where vt < clock_timestamp() + interval '3000 seconds'), 2::bigint, 'Each at a moment of its own within the time given');
select is(public.ask_for_number_syncs(3000), 0, 'While it waits, no other is asked for');

select * from finish();
rollback;
