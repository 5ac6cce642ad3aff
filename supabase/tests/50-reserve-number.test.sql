-- May this tenant buy this number? Decided, with its row reserved, before Twilio is called.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(34);

select pg_temp.join_as('tenant', 'neighbour');
update public.plans set max_numbers = case key when 'team' then 5 else 1 end;
set local role service_role;

create function pg_temp.outcome(p_user uuid, p_number text) returns text language sql as $$
  select outcome::text from public.reserve_number(p_user, p_number, 'Front desk');
$$;

-- Whose account is not ready --------------------------------------------------------------------------------------------

select results_eq($$ select outcome::text, number_id, subaccount_sid, sealed_token, number_limit from public.reserve_number(pg_temp.tenant(), '+15005550101', null) $$,
  $$ values ('none', null::uuid, null::text, null::text, 1) $$, 'reserve_number returns none for a user without a subaccount');
create function pg_temp.standing(p_status text, p_token text) returns text language plpgsql as $$
begin
  perform pg_temp.store(pg_temp.tenant(), 'AC1', p_status, p_token);
  return pg_temp.outcome(pg_temp.tenant(), '+15005550101');
end;
$$;
select is(pg_temp.standing(status, token), outcome,
  format('With a subaccount that is %s, %s its token, a purchase is %s', status, case when token is null then 'without' else 'with' end, outcome))
from (values ('pending', 'v1.k1.iv.s', 'pending'), ('active', null, 'pending'), ('suspended', 'v1.k1.iv.s', 'suspended'), ('suspended', null, 'suspended'),
  ('closed', 'v1.k1.iv.s', 'closed')) cases (status, token, outcome);
select is_empty($$ select 1 from public.user_twilio_numbers where user_id = pg_temp.tenant() $$, 'A refused purchase reserves nothing');

-- Reserved --------------------------------------------------------------------------------------------------------------

select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one');
select pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values ('sub_pgtap', pg_temp.tenant(), 'cus_pgtap', 'team', 'active');
create temp table reserved as select * from public.reserve_number(pg_temp.tenant(), '+15005550101', 'Front desk');
select results_eq('select outcome::text, subaccount_sid, sealed_token, number_limit from reserved',
  $$ values ('reserved', 'AC1', 'v1.k1.iv.one', 5) $$, 'A free number is reserved, and the answer holds what the purchase needs');
select results_eq(
  'select user_id, phone_number::text, friendly_name::text, status::text, account_sid::text, is_primary, phone_sid::text from public.user_twilio_numbers n where n.id = (select number_id from reserved)',
  $$ values (pg_temp.tenant(), '+15005550101', 'Front desk', 'purchasing', 'AC1', false, null::text) $$, 'The reservation is a row that is not active yet');
select results_eq($$ select outcome::text, number_id from public.reserve_number(pg_temp.tenant(), '+15005550101', null) $$,
  $$ select 'in_progress', number_id from reserved $$, 'The same purchase again is the same one, still in progress');
select results_eq($$ select outcome::text, number_id, subaccount_sid, sealed_token, number_limit from public.reserve_number(pg_temp.neighbour(), '+15005550101', null) $$,
  $$ values ('taken', null::uuid, null::text, null::text, 1) $$, 'For a neighbour a number that is being bought is taken, and nothing is told about it');
update public.user_twilio_numbers set status = 'active', phone_sid = 'PN-pgtap-1' where id = (select number_id from reserved);
select results_eq($$ select outcome::text, number_id from public.reserve_number(pg_temp.tenant(), '+15005550101', null) $$,
  $$ select 'already_owned', number_id from reserved $$, 'A number of one''s own is already owned');
select is(pg_temp.outcome(pg_temp.neighbour(), '+15005550101'), 'taken', 'For a neighbour an active number is taken');
update public.user_twilio_numbers set status = 'released' where id = (select number_id from reserved);
select is(pg_temp.outcome(pg_temp.neighbour(), '+15005550101'), 'reserved', 'A released number is free for a neighbour');
select is(pg_temp.outcome(pg_temp.tenant(), '+15005550101'), 'taken', 'And then taken for who had it');

-- The quota -------------------------------------------------------------------------------------------------------------

select is(pg_temp.outcome(pg_temp.neighbour(), '+15005550102'), 'limit_reached', 'One number is the limit of the free plan, and a purchase under way counts');
select is(pg_temp.outcome(pg_temp.tenant(), '+1500555020' || n), 'reserved', format('Of a plan of five, number %s is allowed', n)) from generate_series(1, 5) n;
select results_eq($$ select outcome::text, number_limit from public.reserve_number(pg_temp.tenant(), '+15005550206', null) $$,
  $$ values ('limit_reached', 5) $$, 'The sixth is not, and the limit is told');
select is(pg_temp.outcome(pg_temp.tenant(), '+15005550201'), 'in_progress', 'At the limit a purchase in progress is still found');
select is((select count(*) from public.user_twilio_numbers where user_id = pg_temp.tenant() and status = 'purchasing'), 5::bigint, 'A refused purchase left no row');
delete from public.subscriptions where id = 'sub_pgtap';
delete from public.plans where key = 'free';
select results_eq($$ select outcome::text, number_limit from public.reserve_number(pg_temp.tenant(), '+15005550207', null) $$,
  $$ values ('limit_reached', 0) $$, 'Where the plan was deleted, nothing may be bought');

-- Taking it back --------------------------------------------------------------------------------------------------------

select is(public.cancel_number_reservation(id)::text, 'canceled', 'A purchase that Twilio refused is taken back')
from public.user_twilio_numbers where user_id = pg_temp.tenant() and phone_number = '+15005550201';
select is(public.cancel_number_reservation(gen_random_uuid())::text, 'gone', 'What is not there cannot be taken back');
select is(public.cancel_number_reservation(number_id)::text, 'gone', 'A number that is no longer being bought cannot be taken back') from reserved;

-- A lapsed tenant -------------------------------------------------------------------------------------------------------

update public.user_preferences set twilio_subaccount_sid = null where user_id = pg_temp.tenant();
insert into private.tenancies (user_id, operator_hold) values (pg_temp.tenant(), 'suspended')
on conflict (user_id) do update set operator_hold = 'suspended';
select is(pg_temp.outcome(pg_temp.tenant(), '+15005550208'), 'suspended', 'reserve_number returns suspended for a held tenant without a subaccount');
select is(bool_and(is_held = (status <> 'released')), true, 'is_held is true for every status but released') from public.user_twilio_numbers;

-- The table itself ------------------------------------------------------------------------------------------------------

select throws_ok(statement, code, null, title) from (values
  ($$ insert into public.user_twilio_numbers (user_id, phone_number, phone_sid) values (pg_temp.neighbour(), '+15005550101', 'PN-pgtap-x') $$, '23505',
    'A number has one owner at a time, whoever writes'),
  ($$ insert into public.user_twilio_numbers (user_id, phone_number) values (pg_temp.tenant(), '+15005550301') $$, '23514', 'An active number has a SID'),
  ($$ insert into public.user_twilio_numbers (user_id, phone_number, phone_sid) values (pg_temp.tenant(), '5005550301', 'PN-pgtap-x') $$, '23514',
    'A number is in international form'),
  ($$ insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, status) values (pg_temp.tenant(), '+15005550301', 'PN-pgtap-x', 'sold') $$, '23514',
    'A status nobody knows is refused')) cases (statement, code, title);

select * from finish();
rollback;
