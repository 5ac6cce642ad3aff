-- reserve_message decides whether a message goes to Twilio and reserves its row before the call.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(58);

select pg_temp.join_as('tenant', 'neighbour', 'visitor');
update public.plans set daily_message_limit = 1000, monthly_message_limit = 1000;
set local role service_role;

-- The tenant has two numbers, the neighbour one, the visitor none. The master account offers two and withdrew one.
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary, status) values
  (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', false, 'active'), (pg_temp.tenant(), '+15005550102', 'PN-pgtap-2', true, 'active'),
  (pg_temp.tenant(), '+15005550103', 'PN-pgtap-3', false, 'released'), (pg_temp.neighbour(), '+15005550104', 'PN-pgtap-4', true, 'active');
delete from private.master_numbers;
insert into private.master_numbers (phone_sid, phone_number, is_offered) values
  ('PN-m1', '+15005550001', false), ('PN-m2', '+15005550002', true), ('PN-m3', '+15005550003', true);

create function pg_temp.reserve(p_user uuid, p_from text default null, p_key text default gen_random_uuid()::text, p_hash text default 'hash',
  p_to text default '+15005550199', p_fallback boolean default true)
returns table (outcome text, message_id uuid, from_number text, account_sid text, sealed_token text, source text, status text,
  twilio_message_sid text, error_code integer, error_message text, num_segments integer, encoding text, message_limit numeric, retry_after_seconds integer) language sql as $$
  select r.outcome, m.id, coalesce(m.from_number, r.from_number), m.account_sid, r.sealed_token, m.source, m.status, m.twilio_message_sid, m.error_code,
    m.error_message, m.num_segments, m.encoding, r.message_limit, r.retry_after_seconds
  from public.reserve_message(p_user, p_key, p_hash, p_to, 'US', p_from, 'Hello', array['https://example.test/a.png'], 2, 'UCS-2', p_fallback, 'AC-master') r
  cross join lateral jsonb_populate_record(null::public.sms_messages, r.message) m;
$$;

-- From the tenant's own numbers --------------------------------------------------------------------------------------

create temp table first as select * from pg_temp.reserve(pg_temp.tenant(), '+15005550101', 'key-1');
select results_eq('select outcome, from_number, account_sid, sealed_token, source, status, num_segments, encoding, message_limit from first',
  $$ values ('reserved', '+15005550101', 'AC1', 'v1.k1.iv.one', 'subaccount', 'reserved', 2, 'UCS-2', null::numeric) $$,
  'reserve_message returns reserved with the account''s SID and token for the tenant''s own number');
select results_eq($$ select user_id, direction::text, from_number, to_number, body, media_urls, status::text, twilio_message_sid, account_sid, source::text, num_segments, encoding::text,
    idempotency_key, request_hash from public.sms_messages where id = (select message_id from first) $$,
  $$ values (pg_temp.tenant(), 'outbound', '+15005550101', '+15005550199', 'Hello', array['https://example.test/a.png'], 'reserved', null::text, 'AC1',
    'subaccount', 2, 'UCS-2', 'key-1', 'hash') $$, 'The reserved message is stored with every value');
select is((select plan_key from public.sms_messages where id = (select message_id from first)), 'free', 'It names the version of the plan in force');
select is((select from_number from pg_temp.reserve(pg_temp.tenant())), '+15005550102', 'Without a number, the primary one is used');
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), number)), 'number_not_owned', format('reserve_message returns number_not_owned for %s, %s', number, why)) from (values
  ('+15005550104', 'another tenant''s number'), ('+15005550103', 'a released number'), ('+15005550002', 'a shared number'), ('+15005550999', 'an unknown number')) cases (number, why);
select results_eq($$ select from_number, account_sid, sealed_token, message_id from pg_temp.reserve(pg_temp.tenant(), '+15005550104') $$,
  $$ values (null::text, null::text, null::text, null::uuid) $$, 'number_not_owned comes with no number, account or token');
update public.user_twilio_numbers set is_primary = false where user_id = pg_temp.tenant();
select is((select outcome from pg_temp.reserve(pg_temp.tenant())), 'no_number', 'reserve_message returns no_number without a number and without a primary one');

-- Idempotency keys ---------------------------------------------------------------------------------------------------

select results_eq($$ select outcome, message_id, status, sealed_token from pg_temp.reserve(pg_temp.tenant(), '+15005550101', 'key-1') $$,
  $$ select 'duplicate', message_id, 'reserved', null::text from first $$, 'reserve_message returns duplicate, without a token, for the same request under the same key');
update public.sms_messages set status = 'failed', twilio_message_sid = 'SM1', error_code = 30003, error_message = 'Unreachable', num_segments = 3, encoding = 'GSM-7'
where id = (select message_id from first);
select results_eq($$ select outcome, from_number, account_sid, source, status, twilio_message_sid, error_code, error_message, num_segments, encoding
    from pg_temp.reserve(pg_temp.tenant(), null, 'key-1') $$,
  $$ values ('duplicate', '+15005550101', 'AC1', 'subaccount', 'failed', 'SM1', 30003, 'Unreachable', 3, 'GSM-7') $$, 'duplicate comes with the message as it is now');
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), '+15005550101', 'key-1', 'other hash')), 'key_conflict', 'reserve_message returns key_conflict for another request under the same key');
select is((select outcome from pg_temp.reserve(pg_temp.neighbour(), null, 'key-1', 'other hash')), 'reserved', 'Another tenant may use the same key');
update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.tenant();
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), '+15005550101', 'key-1')), 'duplicate', 'reserve_message returns duplicate for a suspended account');
select is((select count(*) from public.sms_messages where idempotency_key = 'key-1' and user_id = pg_temp.tenant()), 1::bigint, 'One message is stored under a key');
select throws_ok($$ insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, idempotency_key)
  values (pg_temp.tenant(), 'outbound', '+1', '+2', 'reserved', 'AC1', 'subaccount', 'key-1') $$, '23505', null, 'A second message under a key is refused by the table');

-- Account statuses ---------------------------------------------------------------------------------------------------

create function pg_temp.outcome_with(p_status text, p_token text, p_from text) returns text language plpgsql as $$
begin
  update public.user_preferences set twilio_subaccount_status = p_status, twilio_subaccount_auth_token_encrypted = p_token where user_id = pg_temp.tenant();
  return (select outcome from pg_temp.reserve(pg_temp.tenant(), p_from));
end;
$$;
select is(pg_temp.outcome_with(status, token, sender), outcome,
  format('With a subaccount that is %s, %s its token, sending from %s returns %s', status, case when token is null then 'without' else 'with' end, coalesce(sender, 'any number'), outcome))
from (values ('pending', 'v1.k1.iv.one', 'pending'), ('active', null, 'pending'), ('suspended', 'v1.k1.iv.one', 'suspended'), ('suspended', null, 'suspended'),
  ('closed', 'v1.k1.iv.one', 'closed')) cases (status, token, outcome), unnest(array[null, '+15005550101', '+15005550002']) sender;

-- The fallback, without a subaccount ---------------------------------------------------------------------------------

create temp table shared as select * from pg_temp.reserve(pg_temp.visitor());
select results_eq('select outcome, from_number, account_sid, sealed_token, source from shared',
  $$ values ('reserved', '+15005550002', 'AC-master', null::text, 'master') $$, 'A user without a subaccount sends from a shared number of the master account');
select results_eq($$ select account_sid, source::text, from_number from public.sms_messages where id = (select message_id from shared) $$,
  $$ values ('AC-master', 'master', '+15005550002') $$, 'The message is stored with the source master');
select is((select outcome from pg_temp.reserve(pg_temp.visitor(), number)), outcome, format('From %s, a user without a subaccount gets %s', number, outcome)) from (values
  ('+15005550003', 'reserved'), ('+15005550001', 'number_not_owned'), ('+15005550104', 'number_not_owned')) cases (number, outcome);
select is((select outcome from pg_temp.reserve(pg_temp.visitor(), p_fallback => false)), 'no_subaccount', 'reserve_message returns no_subaccount when the fallback is off');
insert into private.tenancies (user_id, operator_hold) values (pg_temp.visitor(), 'suspended');
select is((select outcome from pg_temp.reserve(pg_temp.visitor())), 'suspended', 'reserve_message returns suspended under an operator''s hold without a subaccount');
update private.tenancies set operator_hold = null where user_id = pg_temp.visitor();
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, ended_at) values ('sub_pgtap', pg_temp.visitor(), 'cus_pgtap', 'team', 'canceled', now());
select is((select outcome from pg_temp.reserve(pg_temp.visitor())), 'suspended', 'reserve_message returns suspended with a lapsed subscription without a subaccount');
delete from public.subscriptions where id = 'sub_pgtap';
update private.tenancies set applied_status = 'suspended', subaccount_sid = 'AC9' where user_id = pg_temp.visitor();
select is((select outcome from pg_temp.reserve(pg_temp.visitor())), 'pending', 'reserve_message returns pending for a tenant whose subaccount''s row was lost');
update private.tenancies set applied_status = null, subaccount_sid = null where user_id = pg_temp.visitor();
select is((select outcome from pg_temp.reserve(pg_temp.visitor())), 'reserved', 'A user who only requested a subaccount uses the fallback');
delete from private.master_numbers;
select is((select outcome from pg_temp.reserve(pg_temp.visitor())), 'no_number', 'reserve_message returns no_number when no number is shared');

-- Opt-outs -----------------------------------------------------------------------------------------------------------

update public.user_preferences set twilio_subaccount_status = 'active', twilio_subaccount_auth_token_encrypted = 'v1.k1.iv.one' where user_id = pg_temp.tenant();
insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (pg_temp.tenant(), '+15005550101', '+15005550188', 'STOP');
select results_eq($$ select outcome, from_number, message_id from pg_temp.reserve(pg_temp.tenant(), '+15005550101', p_to => '+15005550188') $$,
  $$ values ('opted_out', '+15005550101', null::uuid) $$, 'reserve_message returns opted_out for a recipient who opted out of the number');
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), '+15005550102', p_to => '+15005550188')), 'reserved', 'An opt-out of one number does not hold for another number');
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), '+15005550101', p_to => '+15005550177')), 'reserved', 'An opt-out of one recipient does not hold for another recipient');

-- An opt-out of a master number has no tenant and binds every tenant; one of a tenant's number binds that tenant.
insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (null, '+15005550002', '+15005550188', 'STOP'), (pg_temp.neighbour(), '+15005550101', '+15005550166', 'STOP');
insert into private.master_numbers (phone_sid, phone_number, is_offered) values ('PN-m2', '+15005550002', true);
select is((select outcome from pg_temp.reserve(pg_temp.visitor(), p_to => '+15005550188')), 'opted_out', 'reserve_message refuses an opt-out of a master number for any tenant');
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), '+15005550101', p_to => '+15005550166')), 'reserved', 'reserve_message ignores an opt-out of another tenant');
select throws_ok($$ insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (null, '+15005550002', '+15005550188', 'STOP') $$, '23505', null,
  'A second opt-out of one pair with a null tenant is refused');
create temp table via_master as select message_id as id from pg_temp.reserve(pg_temp.visitor(), p_to => '+15005550155');
select public.record_message_status(id, pg_temp.visitor(), 'AC-master', null, 'refused', 21610, null) from via_master;
select results_eq($$ select user_id, sender from public.sms_opt_outs where recipient = '+15005550155' $$, $$ values (null::uuid, '+15005550002') $$,
  'Error 21610 for a message from a master number stores an opt-out without a tenant');
delete from private.master_numbers;

-- Limits -------------------------------------------------------------------------------------------------------------

delete from public.sms_messages where user_id = pg_temp.tenant();
update public.plans set daily_message_limit = 2, monthly_message_limit = 3 where key = 'free';
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, created_at) values
  (pg_temp.tenant(), 'outbound', '+15005550101', '+15005550199', 'failed', 'AC1', 'subaccount', now() - interval '23 hours'),
  (pg_temp.tenant(), 'outbound', '+15005550101', '+15005550199', 'refused', 'AC1', 'subaccount', now()),
  (pg_temp.tenant(), 'outbound', '+15005550101', '+15005550199', 'delivered', 'AC1', 'subaccount', now() - interval '40 days'),
  (pg_temp.tenant(), 'inbound', '+15005550199', '+15005550101', 'received', 'AC1', 'subaccount', now()),
  (pg_temp.neighbour(), 'outbound', '+15005550104', '+15005550199', 'delivered', 'AC2', 'subaccount', now());
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), '+15005550101')), 'reserved',
  'Refused, received, old and other tenants'' messages do not count toward the daily limit');
select results_eq($$ select outcome, message_limit, message_id from pg_temp.reserve(pg_temp.tenant(), '+15005550101') $$,
  $$ values ('daily_limit_reached', 2::numeric, null::uuid) $$, 'reserve_message at the daily limit returns daily_limit_reached with the limit');
update public.plans set daily_message_limit = 100 where key = 'free';
update public.sms_messages set created_at = date_trunc('month', now()) where user_id = pg_temp.tenant() and direction = 'outbound' and status <> 'refused';
select results_eq($$ select outcome, message_limit from pg_temp.reserve(pg_temp.tenant(), '+15005550101') $$,
  $$ values ('monthly_limit_reached', 3::numeric) $$, 'reserve_message at the monthly limit returns monthly_limit_reached with the limit');
update public.sms_messages set created_at = created_at - interval '1 second' where user_id = pg_temp.tenant() and direction = 'outbound';
select is((select outcome from pg_temp.reserve(pg_temp.tenant(), '+15005550101')), 'reserved', 'Messages of last month do not count toward the monthly limit');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values ('sub_pgtap', pg_temp.tenant(), 'cus_pgtap', 'starter', 'active');
update public.plans set daily_message_limit = 0 where key = 'starter';
select results_eq($$ select outcome, message_limit from pg_temp.reserve(pg_temp.tenant(), '+15005550101') $$, $$ values ('daily_limit_reached', 0::numeric) $$,
  'The limits are those of the subscription''s plan');
insert into private.master_numbers (phone_sid, phone_number, is_offered) values ('PN-m2', '+15005550002', true);
update public.plans set daily_message_limit = 0 where key = 'fallback';
select results_eq($$ select outcome, message_limit from pg_temp.reserve(pg_temp.visitor()) $$, $$ values ('daily_limit_reached', 0::numeric) $$,
  'The fallback has its own limits');
delete from public.plans where key = 'fallback';
select results_eq($$ select outcome, message_limit from pg_temp.reserve(pg_temp.visitor()) $$, $$ values ('daily_limit_reached', 0::numeric) $$,
  'reserve_message returns daily_limit_reached when the plan was deleted');
select results_eq($$ select outcome, account_sid from pg_temp.reserve(gen_random_uuid()) $$, $$ values ('closed', null::text) $$,
  'reserve_message returns closed for a deleted user');

select * from finish();
rollback;
