-- record_subaccount stores the account, its token, its numbers and the audit line in one transaction.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(30);

select pg_temp.join_as('tenant', 'neighbour');
set local role service_role;

create function pg_temp.record(p_sid text, p_token text, p_status text, p_applied text default 'active', p_action text default 'test') returns text
language sql as $$
  select public.record_subaccount(pg_temp.tenant(), (select fence from private.tenancies where user_id = pg_temp.tenant()), p_sid, p_token,
    p_status::public.twilio_account_status, 'switchboard:' || p_sid, '2026-01-02 03:04:05Z', p_applied::public.twilio_account_status, p_action, 'req-1', '{"why": "test"}');
$$;
create view pg_temp.stored as
  select twilio_subaccount_sid::text as sid, twilio_subaccount_auth_token_encrypted as token, twilio_subaccount_status::text as status,
    twilio_subaccount_friendly_name::text as name, twilio_subaccount_created_at as created_at
  from public.user_preferences where user_id = pg_temp.tenant();

-- A new subaccount ---------------------------------------------------------------------------------------------------

select outcome from public.begin_convergence(pg_temp.tenant(), 60);
update private.tenancies set create_attempted_at = now(), intended_status = 'active' where user_id = pg_temp.tenant();
select is(pg_temp.record('AC1', 'v1.k1.iv.token1', 'active', 'active', 'subaccount.created'), 'written', 'record_subaccount returns written for a new subaccount');
select results_eq('select * from pg_temp.stored',
  $$ values ('AC1', 'v1.k1.iv.token1', 'active', 'switchboard:AC1', '2026-01-02 03:04:05Z'::timestamptz) $$,
  'record_subaccount inserts a missing row with the subaccount and its sealed token');
select results_eq(
  'select create_attempted_at, intended_status::text, applied_status::text from private.tenancies where user_id = pg_temp.tenant()',
  $$ values (null::timestamptz, null::text, 'active') $$, 'record_subaccount clears the notes and stores the applied status');
select results_eq(
  'select actor, action, subaccount_sid, request_id, details from public.audit_log where user_id = pg_temp.tenant()',
  $$ values ('converge', 'subaccount.created', 'AC1', 'req-1', '{"why": "test"}'::jsonb) $$, 'record_subaccount writes one audit line');

-- The token ----------------------------------------------------------------------------------------------------------

select is(pg_temp.record('AC1', null, 'suspended', 'suspended'), 'written', 'record_subaccount without a token returns written');
select results_eq('select token, status from pg_temp.stored', $$ values ('v1.k1.iv.token1', 'suspended') $$,
  'Without a new token, the token of the same account is kept');
select pg_temp.record('AC1', 'v1.k1.iv.token2', 'active');
select results_eq('select token, status from pg_temp.stored', $$ values ('v1.k1.iv.token2', 'active') $$, 'A new token replaces the stored one');
select pg_temp.record('AC2', null, 'active');
select results_eq('select sid, token from pg_temp.stored', $$ values ('AC2', null::text) $$,
  'Without a new token, the token of a replaced account is deleted');
select throws_ok($$ select pg_temp.record('AC2', '0123456789abcdef0123456789abcdef', 'active') $$, '23514', null, 'A token in plain text is refused');

-- The copy in the tenancy --------------------------------------------------------------------------------------------

create view pg_temp.copied as select subaccount_sid, subaccount_status::text, suspended_at_twilio from private.tenancies where user_id = pg_temp.tenant();
select results_eq('select * from pg_temp.copied', $$ values ('AC2', 'active', false) $$, 'The tenancy keeps a copy of the SID and status of the newest account');
select pg_temp.record('AC2', null, 'suspended', 'active');
select results_eq('select * from pg_temp.copied', $$ values ('AC2', 'suspended', true) $$, 'A suspension that Switchboard did not apply is marked as made at Twilio');
select pg_temp.record('AC2', null, 'suspended', 'suspended');
select results_eq('select * from pg_temp.copied', $$ values ('AC2', 'suspended', false) $$, 'A suspension that Switchboard applied is not marked as made at Twilio');

-- A row of the host --------------------------------------------------------------------------------------------------

reset role;
alter table public.user_preferences add column theme text;
update public.user_preferences set theme = 'dark' where user_id = pg_temp.tenant();
alter table public.user_preferences alter column theme set not null;
set local role service_role;
select is(pg_temp.record('AC2', 'v1.k1.iv.token3', 'active'), 'written', 'record_subaccount updates a host''s row in place, even when the host''s table requires more columns of a new row');
select is((select theme from public.user_preferences where user_id = pg_temp.tenant()), 'dark', 'The host''s own column keeps its value');

-- Numbers ------------------------------------------------------------------------------------------------------------

reset role;
alter table public.user_preferences drop column theme;
set local role service_role;
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, status, is_primary, account_sid) values
  (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', 'active', true, 'AC2'),
  (pg_temp.tenant(), '+15005550102', 'PN-pgtap-2', 'active', false, 'AC2'),
  (pg_temp.tenant(), '+15005550103', null, 'purchasing', false, 'AC2'),
  (pg_temp.neighbour(), '+15005550104', 'PN-pgtap-4', 'active', true, 'AC9');
create view pg_temp.numbers as
  select right(phone_number, 1) as number, status::text, is_primary from public.user_twilio_numbers where user_id = pg_temp.tenant() order by phone_number;

select pg_temp.record('AC2', null, 'suspended', 'suspended');
select results_eq('select * from pg_temp.numbers', $$ values ('1', 'active', true), ('2', 'active', false), ('3', 'purchasing', false) $$,
  'A suspended account keeps its numbers');
select pg_temp.record('AC2', null, 'closed', 'closed', 'subaccount.closed');
select results_eq('select * from pg_temp.numbers', $$ values ('1', 'released', false), ('2', 'released', false), ('3', 'released', false) $$,
  'A closed account''s numbers are released, including purchases in progress');
select results_eq($$ select status::text, is_primary from public.user_twilio_numbers where user_id = pg_temp.neighbour() $$,
  $$ values ('active', true) $$, 'A neighbour''s numbers stay active');
select results_eq('select sid, status from pg_temp.stored', $$ values ('AC2', 'closed') $$, 'The SID of a closed account is kept');
select lives_ok(
  $$ insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, account_sid) values (pg_temp.neighbour(), '+15005550101', 'PN-pgtap-9', 'AC9') $$,
  'A released number can belong to another tenant');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, account_sid) values
  (pg_temp.tenant(), '+15005550105', 'PN-pgtap-5', 'AC2'), (pg_temp.tenant(), '+15005550106', 'PN-pgtap-6', 'AC3');
select pg_temp.record('AC3', 'v1.k1.iv.token4', 'active', 'active', 'subaccount.adopted');
select results_eq($$ select number, status from pg_temp.numbers where number > '4' $$, $$ values ('5', 'released'), ('6', 'active') $$,
  'The numbers of a replaced account are released, and those of the new account stay active');

-- One audit line for each --------------------------------------------------------------------------------------------

select is((select count(*) from public.audit_log where user_id = pg_temp.tenant()), 10::bigint, 'Each record_subaccount wrote exactly one audit line');
select is(public.record_convergence_action(pg_temp.tenant(), 1, 'subaccount.duplicate_closed', 'AC8', 'req-2'), 'written',
  'record_convergence_action returns written');
select results_eq(
  $$ select action, subaccount_sid, request_id, details from public.audit_log where user_id = pg_temp.tenant() order by id desc limit 1 $$,
  $$ values ('subaccount.duplicate_closed', 'AC8', 'req-2', '{}'::jsonb) $$, 'record_convergence_action writes its audit line');
select results_eq('select sid from pg_temp.stored', array['AC3'], 'record_convergence_action leaves the stored account unchanged');

-- A user who is deleted during convergence ---------------------------------------------------------------------------

reset role;
delete from auth.users where id = pg_temp.tenant();
set local role service_role;
select is(pg_temp.record('AC3', 'v1.k1.iv.token4', 'active', 'active', 'subaccount.created'), 'written', 'record_subaccount returns written for a deleted user');
select is_empty('select 1 from pg_temp.stored', 'No row is inserted for a deleted user');
select results_eq(
  $$ select action, subaccount_sid from public.audit_log where user_id = pg_temp.tenant() order by id desc limit 1 $$,
  $$ values ('subaccount.created', 'AC3') $$, 'The audit log keeps the SID of a deleted user''s account');
select is((select applied_status from private.tenancies where user_id = pg_temp.tenant()), 'active', 'The applied status of a deleted user is kept');
select is((select subaccount_sid from private.tenancies where user_id = pg_temp.tenant()), 'AC3', 'The SID of a deleted user''s account is kept');
select is(public.end_convergence(pg_temp.tenant(), 1, 1), 'again', 'end_convergence after the user''s deletion returns again');

select * from finish();
rollback;
