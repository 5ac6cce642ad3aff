-- A number that Twilio sold becomes active once, and the first one primary. Also: the master account's shared numbers.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(35);

select pg_temp.join_as('tenant', 'neighbour');
set local role service_role;

select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values ('sub_pgtap', pg_temp.tenant(), 'cus_pgtap', 'team', 'active');
create function pg_temp.reserve(p_user uuid, p_number text) returns uuid language sql as $$
  select number_id from public.reserve_number(p_user, p_number, 'asked for', 1.15);
$$;
create temp table ids as select pg_temp.reserve(pg_temp.tenant(), '+15005550101') as first, pg_temp.reserve(pg_temp.tenant(), '+15005550102') as second,
  pg_temp.reserve(pg_temp.neighbour(), '+15005550103') as others;

-- Recording ----------------------------------------------------------------------------------------------------------

select results_eq(
  $$ select r.outcome::text, (r.number ->> 'id')::uuid, r.number ->> 'phone_number', r.number ->> 'phone_sid', r.number ->> 'friendly_name', r.number -> 'capabilities',
      r.number -> 'is_primary', r.number ->> 'status' from ids, public.record_number(first, 'PN-pgtap-1', 'Front desk', '{"sms": true}', 'req-1') r $$,
  $$ select 'recorded', first, '+15005550101', 'PN-pgtap-1', 'Front desk', '{"sms": true}'::jsonb, 'true'::jsonb, 'active' from ids $$,
  'record_number returns the first number as recorded, active and primary');
select is((select purchased_at from public.user_twilio_numbers where phone_sid = 'PN-pgtap-1'), now(), 'record_number stores the time of the purchase');
select results_eq($$ select actor, action, subaccount_sid, request_id, details from public.audit_log where user_id = pg_temp.tenant() $$,
  $$ values ('user:' || pg_temp.tenant(), 'number.bought', 'AC1', 'req-1', '{"phoneNumber": "+15005550101", "phoneSid": "PN-pgtap-1"}'::jsonb) $$,
  'The audit log names the buyer and the number');
select results_eq($$ select outcome::text, (number ->> 'is_primary')::boolean from ids, public.record_number(second, 'PN-pgtap-2', 'Back office', '{}', null) $$,
  $$ values ('recorded', false) $$, 'A second number is not primary');
select results_eq($$ select outcome::text, (number ->> 'is_primary')::boolean from ids, public.record_number(others, 'PN-pgtap-3', 'Next door', '{}', null) $$,
  $$ values ('recorded', true) $$, 'Another tenant''s first number is primary');
select results_eq(
  $$ select outcome::text, number ->> 'phone_sid', number ->> 'friendly_name' from ids, public.record_number(first, 'PN-pgtap-9', 'Other', '{}', null) $$,
  $$ values ('already', 'PN-pgtap-1', 'Front desk') $$, 'record_number returns already with the unchanged number that was recorded before');
select is((select count(*) from public.audit_log where user_id = pg_temp.tenant()), 2::bigint, 'A repeated record_number writes no audit line');
select is_empty($$ select * from public.record_number(gen_random_uuid(), 'PN-pgtap-9', 'x', '{}', null) $$, 'record_number returns no row for a deleted reservation');
update public.user_twilio_numbers set status = 'released', is_primary = false where phone_sid = 'PN-pgtap-1';
select results_eq($$ select outcome::text, number ->> 'status' from ids, public.record_number(first, 'PN-pgtap-1', 'x', '{}', null) $$, $$ values ('already', 'released') $$,
  'record_number leaves a released number released');
select results_eq(
  $$ select (number ->> 'is_primary')::boolean from public.record_number(pg_temp.reserve(pg_temp.tenant(), '+15005550104'), 'PN-pgtap-4', 'x', '{}', null) $$, array[true],
  'A number bought while none is primary becomes primary');

-- The table itself ---------------------------------------------------------------------------------------------------

select throws_ok($$ update public.user_twilio_numbers set is_primary = true where phone_sid = 'PN-pgtap-2' $$, '23505', null, 'A second primary number is refused');
select throws_ok($$ update public.user_twilio_numbers set is_primary = true where phone_sid = 'PN-pgtap-1' $$, '23514', null, 'A released primary number is refused');
select throws_ok($$ update public.user_twilio_numbers set phone_sid = 'PN-pgtap-3' where phone_sid = 'PN-pgtap-2' $$, '23505', null, 'Two rows with one SID are refused');

-- Purchases with a lost response -------------------------------------------------------------------------------------

delete from public.user_twilio_numbers where status = 'purchasing';
create temp table lost as select pg_temp.reserve(pg_temp.tenant(), '+15005550105') as id;
select is_empty('select * from public.stale_number_reservations(60, 10)', 'stale_number_reservations leaves out a recent purchase');
select results_eq('select id, user_id, phone_number::text from public.stale_number_reservations(-1, 10)', $$ select id, pg_temp.tenant(), '+15005550105' from lost $$,
  'stale_number_reservations returns a purchase older than the given seconds');
select is_empty('select * from public.stale_number_reservations(-1, 0)', 'stale_number_reservations respects its limit');
select pg_temp.store(pg_temp.tenant(), 'AC1', 'suspended', 'v1.k1.iv.one');
select is_empty('select * from public.stale_number_reservations(-1, 10)', 'stale_number_reservations leaves out a suspended account, so that it takes no place in the limit');
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one');
select outcome from lost, public.record_number(lost.id, 'PN-pgtap-5', 'x', '{}', null);
select is_empty('select * from public.stale_number_reservations(-1, 10)', 'stale_number_reservations leaves out a recorded purchase');

-- The shared numbers -------------------------------------------------------------------------------------------------

create function pg_temp.pool(p_numbers text[]) returns jsonb language sql as $$
  select coalesce(jsonb_agg(jsonb_build_object('phoneSid', split_part(n, ' ', 1), 'phoneNumber', split_part(n, ' ', 2), 'friendlyName', 'Shared',
    'capabilities', '{"sms": true}'::jsonb)), '[]') from unnest(p_numbers) n;
$$;
create view pg_temp.shared as select phone_sid, phone_number, is_offered from private.master_numbers order by phone_sid;

select is(public.replace_master_numbers(pg_temp.pool('{PN1 +15005550001,PN2 +15005550002}')), 2, 'replace_master_numbers returns the count of the numbers');
select results_eq('select * from pg_temp.shared', $$ values ('PN1', '+15005550001', false), ('PN2', '+15005550002', false) $$, 'A new shared number is not offered');
create temp table known as select id from private.master_numbers where phone_sid = 'PN1';
update private.master_numbers set is_offered = true where phone_sid = 'PN1';
select is(public.replace_master_numbers(pg_temp.pool('{PN1 +15005550001,PN3 +15005550003}')), 2, 'replace_master_numbers returns the count of a changed list');
select results_eq('select * from pg_temp.shared', $$ values ('PN1', '+15005550001', true), ('PN3', '+15005550003', false) $$,
  'A missing number is deleted, and an offered number stays offered');
select results_eq($$ select id from private.master_numbers where phone_sid = 'PN1' $$, 'select id from known', 'A shared number keeps its id');
select is(public.replace_master_numbers(pg_temp.pool('{PN4 +15005550003}')), 1, 'replace_master_numbers accepts a known number under another SID');
select results_eq('select * from pg_temp.shared', $$ values ('PN4', '+15005550003', false) $$, 'The number is stored once, under its new SID');
select is(public.replace_master_numbers('[]'), 0, 'replace_master_numbers returns 0 for an empty list');
select is_empty('select * from pg_temp.shared', 'An empty list deletes all shared numbers');

-- The account of a tenant without numbers ----------------------------------------------------------------------------

reset role;
select pg_temp.join_as('newcomer', 'leaver');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values
  ('sub_lapsed', pg_temp.leaver(), 'cus_lapsed', 'team', 'unpaid');
set local role service_role;
select is((select outcome::text from public.account_and_shared_numbers(pg_temp.leaver())), 'suspended', 'account_and_shared_numbers returns suspended for a lapsed tenant without a subaccount');
select results_eq($$ select outcome::text, shared_numbers from public.account_and_shared_numbers(pg_temp.newcomer()) $$, $$ values ('none', '[]'::jsonb) $$, 'account_and_shared_numbers returns none and an empty list for a new user without shared numbers');
select public.replace_master_numbers(pg_temp.pool('{PN1 +15005550002,PN2 +15005550001,PN3 +15005550003}'));
update private.master_numbers set is_offered = phone_sid <> 'PN3';
select results_eq($$ select n ->> 'phone_number', n ->> 'phone_sid', n ->> 'friendly_name', n -> 'capabilities', (n ->> 'id') is not null
    from public.account_and_shared_numbers(pg_temp.tenant()) s, jsonb_array_elements(s.shared_numbers) n $$,
  $$ values ('+15005550001', 'PN2', 'Shared', '{"sms": true}'::jsonb, true), ('+15005550002', 'PN1', 'Shared', '{"sms": true}', true) $$,
  'account_and_shared_numbers lists the offered numbers in order and leaves out withdrawn ones');
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
