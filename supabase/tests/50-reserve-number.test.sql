-- reserve_number decides a purchase and reserves the number before Twilio is called.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(34);

select pg_temp.join_as('tenant', 'neighbour');
update public.plans set max_numbers = case key when 'team' then 5 else 1 end, max_purchases_per_day = 100, max_purchases_per_month = 100;
set local role service_role;

create function pg_temp.outcome(p_user uuid, p_number text) returns text language sql as $$
  select outcome::text from public.reserve_number(p_user, p_number, 'Front desk', 1.15);
$$;

-- Accounts that are not active ---------------------------------------------------------------------------------------

select results_eq($$ select outcome::text, number_id, subaccount_sid, sealed_token, purchase_limit from public.reserve_number(pg_temp.tenant(), '+15005550101', null, 1.15) $$,
  $$ values ('none', null::uuid, null::text, null::text, null::numeric) $$, 'reserve_number returns none for a user without a subaccount');
create function pg_temp.outcome_with(p_status text, p_token text) returns text language plpgsql as $$
begin
  perform pg_temp.store(pg_temp.tenant(), 'AC1', p_status, p_token);
  return pg_temp.outcome(pg_temp.tenant(), '+15005550101');
end;
$$;
select is(pg_temp.outcome_with(status, token), outcome,
  format('With a subaccount that is %s, %s its token, reserve_number returns %s', status, case when token is null then 'without' else 'with' end, outcome))
from (values ('pending', 'v1.k1.iv.s', 'pending'), ('active', null, 'pending'), ('suspended', 'v1.k1.iv.s', 'suspended'), ('suspended', null, 'suspended'),
  ('closed', 'v1.k1.iv.s', 'closed')) cases (status, token, outcome);
select is_empty($$ select 1 from public.user_twilio_numbers where user_id = pg_temp.tenant() $$, 'A refused purchase reserves no number');

-- Reserving ----------------------------------------------------------------------------------------------------------

select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one');
select pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values ('sub_pgtap', pg_temp.tenant(), 'cus_pgtap', 'team', 'active');
create temp table reserved as select * from public.reserve_number(pg_temp.tenant(), '+15005550101', 'Front desk', 1.15);
select results_eq('select outcome::text, subaccount_sid, sealed_token, purchase_limit from reserved',
  $$ values ('reserved', 'AC1', 'v1.k1.iv.one', null::numeric) $$, 'reserve_number returns reserved with the account''s SID and its token');
select results_eq(
  'select user_id, phone_number::text, friendly_name::text, status::text, account_sid::text, is_primary, phone_sid::text from public.user_twilio_numbers n where n.id = (select number_id from reserved)',
  $$ values (pg_temp.tenant(), '+15005550101', 'Front desk', 'purchasing', 'AC1', false, null::text) $$, 'A reservation is a row in the status purchasing');
select results_eq($$ select outcome::text, number_id from public.reserve_number(pg_temp.tenant(), '+15005550101', null, 1.15) $$,
  $$ select 'in_progress', number_id from reserved $$, 'reserve_number returns in_progress for a purchase in progress of the same tenant');
select results_eq($$ select outcome::text, number_id, subaccount_sid, sealed_token, purchase_limit from public.reserve_number(pg_temp.neighbour(), '+15005550101', null, 1.15) $$,
  $$ values ('taken', null::uuid, null::text, null::text, null::numeric) $$, 'reserve_number returns taken, without an id or a token, for another tenant''s purchase in progress');
update public.user_twilio_numbers set status = 'active', phone_sid = 'PN-pgtap-1' where id = (select number_id from reserved);
select results_eq($$ select outcome::text, number_id from public.reserve_number(pg_temp.tenant(), '+15005550101', null, 1.15) $$,
  $$ select 'already_owned', number_id from reserved $$, 'reserve_number returns already_owned for the tenant''s own active number');
select is(pg_temp.outcome(pg_temp.neighbour(), '+15005550101'), 'taken', 'reserve_number returns taken for another tenant''s active number');
update public.user_twilio_numbers set status = 'released' where id = (select number_id from reserved);
select is(pg_temp.outcome(pg_temp.neighbour(), '+15005550101'), 'reserved', 'reserve_number returns reserved for a number that another tenant released');
select is(pg_temp.outcome(pg_temp.tenant(), '+15005550101'), 'taken', 'reserve_number returns taken for the former owner of a number that is reserved again');

-- The quota ----------------------------------------------------------------------------------------------------------

select is(pg_temp.outcome(pg_temp.neighbour(), '+15005550102'), 'limit_reached', 'A purchase in progress counts toward the quota');
select is(pg_temp.outcome(pg_temp.tenant(), '+1500555020' || n), 'reserved', format('With a quota of five, number %s is reserved', n)) from generate_series(1, 5) n;
select results_eq($$ select outcome::text, purchase_limit from public.reserve_number(pg_temp.tenant(), '+15005550206', null, 1.15) $$,
  $$ values ('limit_reached', 5::numeric) $$, 'reserve_number at the quota returns limit_reached with the quota');
select is(pg_temp.outcome(pg_temp.tenant(), '+15005550201'), 'in_progress', 'reserve_number at the quota returns in_progress for a purchase in progress');
select is((select count(*) from public.user_twilio_numbers where user_id = pg_temp.tenant() and status = 'purchasing'), 5::bigint, 'limit_reached reserves no number');
delete from public.subscriptions where id = 'sub_pgtap';
delete from public.plans where key = 'free';
select results_eq($$ select outcome::text, purchase_limit from public.reserve_number(pg_temp.tenant(), '+15005550207', null, 1.15) $$,
  $$ values ('limit_reached', 0::numeric) $$, 'reserve_number returns limit_reached when the plan was deleted');

-- Canceling a reservation --------------------------------------------------------------------------------------------

select is(public.cancel_number_reservation(id)::text, 'canceled', 'cancel_number_reservation returns canceled for a purchase in progress')
from public.user_twilio_numbers where user_id = pg_temp.tenant() and phone_number = '+15005550201';
select is(public.cancel_number_reservation(gen_random_uuid())::text, 'gone', 'cancel_number_reservation returns gone for an unknown id');
select is(public.cancel_number_reservation(number_id)::text, 'gone', 'cancel_number_reservation returns gone for a number that is not being bought') from reserved;

-- A tenant with a hold -----------------------------------------------------------------------------------------------

update public.user_preferences set twilio_subaccount_sid = null where user_id = pg_temp.tenant();
insert into private.tenancies (user_id, operator_hold) values (pg_temp.tenant(), 'suspended')
on conflict (user_id) do update set operator_hold = 'suspended';
select is(pg_temp.outcome(pg_temp.tenant(), '+15005550208'), 'suspended', 'reserve_number returns suspended for a held tenant without a subaccount');
select is(bool_and(is_held = (status <> 'released')), true, 'is_held is true for every status but released') from public.user_twilio_numbers;

-- The table itself ---------------------------------------------------------------------------------------------------

select throws_ok(statement, code, null, title) from (values
  ($$ insert into public.user_twilio_numbers (user_id, phone_number, phone_sid) values (pg_temp.neighbour(), '+15005550101', 'PN-pgtap-x') $$, '23505',
    'A second owner of a held number is refused by the table'),
  ($$ insert into public.user_twilio_numbers (user_id, phone_number) values (pg_temp.tenant(), '+15005550301') $$, '23514', 'An active number without a SID is refused'),
  ($$ insert into public.user_twilio_numbers (user_id, phone_number, phone_sid) values (pg_temp.tenant(), '5005550301', 'PN-pgtap-x') $$, '23514',
    'A number that is not in E.164 form is refused'),
  ($$ insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, status) values (pg_temp.tenant(), '+15005550301', 'PN-pgtap-x', 'sold') $$, '23514',
    'An unknown status is refused')) cases (statement, code, title);

select * from finish();
rollback;
