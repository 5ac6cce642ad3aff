-- Twilio sold a number: it becomes active once, and the first one becomes primary. And the shared numbers of the master account.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(34);

select pg_temp.join_as('tenant', 'neighbour');
set local role service_role;

select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values ('sub_pgtap', pg_temp.tenant(), 'cus_pgtap', 'team', 'active');
create function pg_temp.reserve(p_user uuid, p_number text) returns uuid language sql as $$
  select number_id from public.reserve_number(p_user, p_number, 'asked for');
$$;
create temp table ids as select pg_temp.reserve(pg_temp.tenant(), '+15005550101') as first, pg_temp.reserve(pg_temp.tenant(), '+15005550102') as second,
  pg_temp.reserve(pg_temp.neighbour(), '+15005550103') as others;

-- Recording -------------------------------------------------------------------------------------------------------------

select results_eq(
  $$ select r.outcome::text, (r.number ->> 'id')::uuid, r.number ->> 'phone_number', r.number ->> 'phone_sid', r.number ->> 'friendly_name', r.number -> 'capabilities',
      r.number -> 'is_primary', r.number ->> 'status' from ids, public.record_number(first, 'PN-pgtap-1', 'Front desk', '{"sms": true}', 'req-1') r $$,
  $$ select 'recorded', first, '+15005550101', 'PN-pgtap-1', 'Front desk', '{"sms": true}'::jsonb, 'true'::jsonb, 'active' from ids $$,
  'The first number is recorded, active, and primary');
select is((select purchased_at from public.user_twilio_numbers where phone_sid = 'PN-pgtap-1'), now(), 'When it was bought is kept');
select results_eq($$ select actor, action, subaccount_sid, request_id, details from public.audit_log where user_id = pg_temp.tenant() $$,
  $$ values ('user:' || pg_temp.tenant(), 'number.bought', 'AC1', 'req-1', '{"phoneNumber": "+15005550101", "phoneSid": "PN-pgtap-1"}'::jsonb) $$,
  'The audit log says who bought what');
select results_eq($$ select outcome::text, (number ->> 'is_primary')::boolean from ids, public.record_number(second, 'PN-pgtap-2', 'Back office', '{}', null) $$,
  $$ values ('recorded', false) $$, 'The second number is not primary');
select results_eq($$ select outcome::text, (number ->> 'is_primary')::boolean from ids, public.record_number(others, 'PN-pgtap-3', 'Next door', '{}', null) $$,
  $$ values ('recorded', true) $$, 'A neighbour''s first number is theirs');
select results_eq(
  $$ select outcome::text, number ->> 'phone_sid', number ->> 'friendly_name' from ids, public.record_number(first, 'PN-pgtap-9', 'Other', '{}', null) $$,
  $$ values ('already', 'PN-pgtap-1', 'Front desk') $$, 'A number that was recorded before is told as it is, and not changed');
select is((select count(*) from public.audit_log where user_id = pg_temp.tenant()), 2::bigint, 'Recording twice is audited once');
select is_empty($$ select * from public.record_number(gen_random_uuid(), 'PN-pgtap-9', 'x', '{}', null) $$, 'A reservation that is gone answers no row');
update public.user_twilio_numbers set status = 'released', is_primary = false where phone_sid = 'PN-pgtap-1';
select results_eq($$ select outcome::text, number ->> 'status' from ids, public.record_number(first, 'PN-pgtap-1', 'x', '{}', null) $$, $$ values ('already', 'released') $$,
  'A released number does not come back by a late answer');
select results_eq(
  $$ select (number ->> 'is_primary')::boolean from public.record_number(pg_temp.reserve(pg_temp.tenant(), '+15005550104'), 'PN-pgtap-4', 'x', '{}', null) $$, array[true],
  'Where no number is primary, the next one bought is');

-- The table itself ------------------------------------------------------------------------------------------------------

select throws_ok($$ update public.user_twilio_numbers set is_primary = true where phone_sid = 'PN-pgtap-2' $$, '23505', null, 'A tenant has one primary number');
select throws_ok($$ update public.user_twilio_numbers set is_primary = true where phone_sid = 'PN-pgtap-1' $$, '23514', null, 'A released number is not primary');
select throws_ok($$ update public.user_twilio_numbers set phone_sid = 'PN-pgtap-3' where phone_sid = 'PN-pgtap-2' $$, '23505', null, 'A SID has one row');

-- Purchases whose answer was lost ---------------------------------------------------------------------------------------

delete from public.user_twilio_numbers where status = 'purchasing';
create temp table lost as select pg_temp.reserve(pg_temp.tenant(), '+15005550105') as id;
select is_empty('select * from public.stale_number_reservations(60, 10)', 'A purchase of this moment is left alone');
select results_eq('select id, user_id, phone_number::text from public.stale_number_reservations(-1, 10)', $$ select id, pg_temp.tenant(), '+15005550105' from lost $$,
  'A purchase without an answer for long enough is looked at');
select is_empty('select * from public.stale_number_reservations(-1, 0)', 'No more are told than were asked for');
select outcome from lost, public.record_number(lost.id, 'PN-pgtap-5', 'x', '{}', null);
select is_empty('select * from public.stale_number_reservations(-1, 10)', 'A recorded purchase is not stale');

-- The shared numbers ----------------------------------------------------------------------------------------------------

create function pg_temp.pool(p_numbers text[]) returns jsonb language sql as $$
  select coalesce(jsonb_agg(jsonb_build_object('phoneSid', split_part(n, ' ', 1), 'phoneNumber', split_part(n, ' ', 2), 'friendlyName', 'Shared',
    'capabilities', '{"sms": true}'::jsonb)), '[]') from unnest(p_numbers) n;
$$;
create view pg_temp.shared as select phone_sid, phone_number, is_offered from private.master_numbers order by phone_sid;

select is(public.replace_master_numbers(pg_temp.pool('{PN1 +15005550001,PN2 +15005550002}')), 2, 'The shared numbers are those of the master account');
select results_eq('select * from pg_temp.shared', $$ values ('PN1', '+15005550001', true), ('PN2', '+15005550002', true) $$, 'A new one is offered');
create temp table known as select id from private.master_numbers where phone_sid = 'PN1';
update private.master_numbers set is_offered = false where phone_sid = 'PN1';
select is(public.replace_master_numbers(pg_temp.pool('{PN1 +15005550001,PN3 +15005550003}')), 2, 'Read again, those that are gone go');
select results_eq('select * from pg_temp.shared', $$ values ('PN1', '+15005550001', false), ('PN3', '+15005550003', true) $$,
  'What an operator withdrew stays withdrawn');
select results_eq($$ select id from private.master_numbers where phone_sid = 'PN1' $$, 'select id from known', 'A number keeps its id, which clients may hold');
select is(public.replace_master_numbers(pg_temp.pool('{PN4 +15005550003}')), 1, 'A number that was released and bought again comes under another SID');
select results_eq('select * from pg_temp.shared', $$ values ('PN4', '+15005550003', true) $$, 'It is there once');
select is(public.replace_master_numbers('[]'), 0, 'A master account without numbers shares none');
select is_empty('select * from pg_temp.shared', 'And none is left');

-- The account of a tenant without numbers --------------------------------------------------------------------------------

reset role;
select pg_temp.join_as('newcomer', 'leaver');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values
  ('sub_lapsed', pg_temp.leaver(), 'cus_lapsed', 'team', 'unpaid');
set local role service_role;
select is((select outcome::text from public.account_and_shared_numbers(pg_temp.leaver())), 'suspended', 'account_and_shared_numbers returns suspended for a lapsed tenant who never had a subaccount');
select results_eq($$ select outcome::text, shared_numbers from public.account_and_shared_numbers(pg_temp.newcomer()) $$, $$ values ('none', '[]'::jsonb) $$, 'account_and_shared_numbers returns none and no numbers for a new user when no number is shared');
select public.replace_master_numbers(pg_temp.pool('{PN1 +15005550002,PN2 +15005550001,PN3 +15005550003}'));
update private.master_numbers set is_offered = false where phone_sid = 'PN3';
select results_eq($$ select n ->> 'phone_number', n ->> 'phone_sid', n ->> 'friendly_name', n -> 'capabilities', (n ->> 'id') is not null
    from public.account_and_shared_numbers(pg_temp.tenant()) s, jsonb_array_elements(s.shared_numbers) n $$,
  $$ values ('+15005550001', 'PN2', 'Shared', '{"sms": true}'::jsonb, true), ('+15005550002', 'PN1', 'Shared', '{"sms": true}', true) $$,
  'The shared numbers that are offered are listed in order, and the withdrawn are not');
create function pg_temp.account_status(p_status text) returns text language plpgsql as $$
begin
  update public.user_preferences set twilio_subaccount_status = p_status where user_id = pg_temp.tenant();
  return (select outcome::text from public.account_and_shared_numbers(pg_temp.tenant()));
end;
$$;
select is(pg_temp.account_status(status), status, format('account_and_shared_numbers returns %s for a subaccount that is %s', status, status)) from unnest(array['pending', 'active', 'suspended', 'closed']) status;
update public.user_preferences set twilio_subaccount_sid = null where user_id = pg_temp.tenant();
select is((select outcome::text from public.account_and_shared_numbers(pg_temp.tenant())), 'none', 'account_and_shared_numbers returns none for a preferences row without a subaccount');

select * from finish();
rollback;
