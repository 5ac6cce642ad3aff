-- Comparing Stripe's summaries and final invoices with our rows: what is missing is sent again once, and nothing else.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(54);

select pg_temp.join_as('tenant', 'attacker');
select pg_temp.forget_jobs();
create table pg_temp.clock (at timestamptz);
insert into pg_temp.clock values ('2027-01-15 12:00Z');
grant select, update on pg_temp.clock to service_role;
create or replace function private.present() returns timestamptz language plpgsql stable set search_path = ''
as $$ begin return (select at from pg_temp.clock); end; $$;
create function pg_temp.pass(p_interval interval) returns void language sql as $$ update pg_temp.clock set at = at + p_interval; $$;

insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values
  ('sub_1', pg_temp.tenant(), 'cus_1', 'team', 'active'), ('sub_2', pg_temp.attacker(), 'cus_2', 'team', 'active');
delete from private.billing_periods;
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency) values
  ('sub_1', '2027-01-01Z', '2027-02-01Z', pg_temp.tenant(), 'cus_1', 'usd'), ('sub_1', '2027-02-01Z', '2027-03-01Z', pg_temp.tenant(), 'cus_1', 'usd'),
  ('sub_2', '2027-01-01Z', '2027-02-01Z', pg_temp.attacker(), 'cus_2', 'usd');
insert into private.billing_customers (stripe_customer_id, user_id) values ('cus_1', pg_temp.tenant()), ('cus_2', pg_temp.attacker())
on conflict (stripe_customer_id) do update set due_at = null, compare_due_at = null;

-- A row that Stripe accepts now, with the timestamp of a day.
create function pg_temp.accept(p_units bigint, p_day date default '2027-01-15', p_customer text default 'cus_1', p_kind public.usage_kind default 'sms_out')
returns uuid language sql as $$
  with begun as (
    insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start, period_end, currency, count, units, amount, state,
      event_at, billed_start, billed_subscription_id, first_tried_at, tries)
    values ((select user_id from private.billing_customers where stripe_customer_id = p_customer), p_kind, p_day, 'USD', replace(p_customer, 'cus', 'sub'), p_customer,
      '2027-01-01Z', '2027-02-01Z', 'usd', 1, p_units, p_units / 10000.0, 'sending', p_day::timestamp at time zone 'UTC' + interval '1 minute', '2027-01-01Z',
      replace(p_customer, 'cus', 'sub'), private.present(), 1)
    returning id
  )
  select id from begun;
$$;
create function pg_temp.settle(p_id uuid) returns void language sql as $$
  update private.billing_rows set state = 'accepted', accepted_at = private.present() where id = p_id;
$$;
create function pg_temp.sent(p_units bigint, p_day date default '2027-01-15', p_customer text default 'cus_1', p_kind public.usage_kind default 'sms_out')
returns uuid language plpgsql as $$
declare
  id constant uuid := pg_temp.accept(p_units, p_day, p_customer, p_kind);
begin
  perform pg_temp.settle(id);
  return id;
end;
$$;
-- A comparison in which every summary has this sum. Returns the outcome of its beginning.
create function pg_temp.compare(p_counted numeric, p_customer text default 'cus_1') returns text language plpgsql as $$
declare
  begun record;
begin
  select * into begun from public.begin_comparison(p_customer, 60, 50);
  if begun.outcome = 'leased' then
    perform public.settle_comparison(p_customer, begun.fence, (select jsonb_agg(jsonb_build_object('kind', w ->> 'kind', 'day', w ->> 'day',
      'billed_start', w ->> 'billed_start', 'counted', p_counted)) from jsonb_array_elements(begun.windows) w));
  end if;
  return begun.outcome;
end;
$$;
create function pg_temp.again(p_customer text default 'cus_1') returns bigint[] language sql as $$
  select coalesce(array_agg(units order by number), '{}') from private.billing_rows where stripe_customer_id = p_customer and reason <> 'usage';
$$;
create function pg_temp.open_alerts(p_kind text) returns text[] language sql as $$
  select coalesce(array_agg(subject order by subject), '{}') from public.operator_alerts where kind = p_kind::public.alert_kind and settled_at is null;
$$;
set local role service_role;

-- What is compared, and when -----------------------------------------------------------------------------------------

select is(pg_temp.compare(0, 'cus_none'), 'unknown_customer', 'begin_comparison answers unknown_customer to a customer without rows');
select pg_temp.sent(100), pg_temp.sent(50);
select is((select compare_due_at from private.billing_customers where stripe_customer_id = 'cus_1'), private.present() + interval '3 hours', 'Accepted usage is compared three hours later');
select is((select compare_due_at from private.billing_customers where stripe_customer_id = 'cus_2'), null, 'A customer without accepted usage is not due');
select is(pg_temp.compare(150), 'idle', 'A day whose last event was accepted less than an hour ago is not compared');
select pg_temp.pass('2 hours');
select is((select jsonb_agg(w -> 'expected') from public.begin_comparison('cus_1', 60, 50) b, jsonb_array_elements(b.windows) w), '[150]', 'A day is compared with all that was accepted for it');
select is(pg_temp.compare(150), 'busy', 'begin_comparison answers busy while another process has the lease');
select pg_temp.pass('2 minutes');
select is(pg_temp.compare(150), 'leased', 'The lease ends by itself');
select is((select confirmed_at from private.meter_days), private.present(), 'A day whose summary equals our rows is confirmed');
select is((select compare_due_at from private.billing_customers where stripe_customer_id = 'cus_1'), null, 'A customer whose days are confirmed is not due');
select is(pg_temp.compare(0), 'idle', 'A confirmed day is not compared again');

-- What is missing ----------------------------------------------------------------------------------------------------

select pg_temp.sent(30);
select pg_temp.pass('4 hours');
select pg_temp.compare(150);
select is(pg_temp.again(), '{}', 'A difference that was found once is not sent again');
select is((select missing from private.meter_days), 30::bigint, 'A difference that was found once is remembered');
select pg_temp.pass('2 hours');
select pg_temp.compare(150);
select is(pg_temp.again(), '{}', 'A difference that Stripe did not report is not certain after two hours: summaries may be late');
select pg_temp.pass('11 hours');
select pg_temp.compare(150);
select is(pg_temp.again(), '{30}', 'A difference that is found again after a pause is sent again by one row');
select results_eq($$ select user_id, reason::text, state::text, day, period_start, period_end, subscription_id, currency, amount, price from private.billing_rows where reason = 'rejection' $$,
  $$ values (pg_temp.tenant(), 'rejection', 'pending', '2027-01-15'::date, '2027-01-01Z'::timestamptz, '2027-02-01Z'::timestamptz, 'sub_1', 'usd', 0::numeric, 0::numeric) $$,
  'The row names the day and the period of what was rejected, and has no price');
select is(pg_temp.open_alerts('meter_rejection'), '{cus_1 sms_out 2027-01-15}', 'What is sent again raises meter_rejection');
select is((select due_at from private.billing_customers where stripe_customer_id = 'cus_1'), private.present(), 'The customer is due for sending');
select is(private.accepted_units('cus_1', 'sms_out', '2027-01-01Z'), 150::bigint, 'The period counts without what was rejected');
select pg_temp.pass('1 day');
select is(pg_temp.compare(150), 'idle', 'The day is confirmed without what was rejected');
update private.billing_rows set state = 'sending', event_at = '2027-01-16 00:01Z', billed_start = '2027-01-01Z', billed_subscription_id = 'sub_1' where reason = 'rejection';
update private.billing_rows set state = 'accepted', accepted_at = private.present() where reason = 'rejection';
select pg_temp.pass('4 hours');
select pg_temp.compare(30);
select is(pg_temp.open_alerts('meter_rejection'), '{}', 'What was sent again and is counted settles meter_rejection');
select is(pg_temp.again(), '{30}', 'Nothing is sent again twice');

-- What no rejection explains -----------------------------------------------------------------------------------------

select pg_temp.sent(10, '2027-01-16');
select pg_temp.pass('4 hours');
select pg_temp.compare(1000);
select is(pg_temp.open_alerts('metering'), '{cus_1 sms_out 2027-01-16}', 'More than was sent raises metering');
select pg_temp.pass('1 day');
select pg_temp.compare(1000);
select is(pg_temp.again(), '{30}', 'More than was sent leads to no row');
select pg_temp.pass('2 days');
select pg_temp.compare(40);
select is(pg_temp.open_alerts('metering'), '{}', 'A summary that is equal later settles the alert');

-- A report ------------------------------------------------------------------------------------------------------------

create temporary table sample as select pg_temp.sent(7, '2027-01-18') as id;
select pg_temp.sent(9, '2027-01-18', 'cus_2'), pg_temp.sent(5, '2027-01-18', 'cus_2', 'fee');
select pg_temp.pass('4 hours');
select pg_temp.compare(7), pg_temp.compare(9, 'cus_2');
select is((select count(*) from private.meter_days where day = '2027-01-18' and confirmed_at is null and kind = 'sms_out'), 0::bigint, 'Before a report, the days are confirmed');
select is(public.note_meter_errors('sms_out', false, private.present() - interval '4 hours', private.present() - interval '4 hours' + interval '10 seconds',
  array[(select id || '.0' from sample), 'not an identifier', '00000000-0000-4000-8000-000000000000.1'], array['meter_event_customer_not_found']), 2,
  'A report makes the days of its samples and of all that its meter accepted in the window suspect');
select bag_eq($$ select stripe_customer_id, kind::text from private.meter_days where day = '2027-01-18' and reported_at is not null $$,
  $$ values ('cus_1', 'sms_out'), ('cus_2', 'sms_out') $$, 'The days of another meter are not suspect');
select is(pg_temp.again(), '{30}', 'A report alone sends nothing again');
select ok((select compare_due_at <= private.present() from private.billing_customers where stripe_customer_id = 'cus_2'), 'A suspect customer is due for a comparison');
select pg_temp.compare(0), pg_temp.compare(9, 'cus_2');
select pg_temp.pass('61 minutes');
select pg_temp.compare(0);
select is(pg_temp.again(), '{30,7}', 'A difference that Stripe reported is certain after an hour');
select is((select details -> 'codes' ->> 0 from public.operator_alerts where kind = 'meter_rejection' and subject = 'cus_1 sms_out 2027-01-18'), 'meter_event_customer_not_found',
  'The alert has the reported codes');
select is(pg_temp.again('cus_2'), '{}', 'A suspect whose summary is equal is sent nothing again');
select is(public.note_meter_errors(null, true, private.present(), private.present(), '{}', '{no_meter}'), 0, 'A report without samples and without a meter makes nothing suspect');
select ok('no_meter_found' = any (pg_temp.open_alerts('metering')), 'A report of events without a meter raises metering');

-- Invoices -----------------------------------------------------------------------------------------------------------

create function pg_temp.bill(p_quantity text, p_status text default 'open') returns void language sql as $$
  select public.record_invoice(jsonb_build_object('id', 'in_2', 'stripe_customer_id', 'cus_2', 'subscription_id', 'sub_2', 'status', p_status, 'currency', 'usd',
    'created_at', '2027-02-01T00:01:00Z', 'period_start', '2027-01-01T00:00:00Z', 'period_end', '2027-02-01T00:00:00Z', 'finalised_at', '2027-02-04T00:00:00Z', 'total', 0,
    'amount_remaining', 0, 'billing_reason', 'subscription_cycle', 'metered', jsonb_build_array(jsonb_build_object('kind', 'sms_out', 'quantity', p_quantity),
    jsonb_build_object('kind', 'fee', 'quantity', '5'))), nextval('private.stripe_reads'));
$$;
update pg_temp.clock set at = '2027-02-04 01:00Z';
update private.meter_days set confirmed_at = private.present() where stripe_customer_id = 'cus_2';
select pg_temp.bill('4');
select is(pg_temp.compare(0, 'cus_2'), 'idle', 'A final invoice is compared without a call when all days are confirmed');
select is(pg_temp.again('cus_2'), '{}', 'A first difference of an invoice sends nothing: its days are compared once more');
select is((select count(*) from private.meter_days where stripe_customer_id = 'cus_2' and confirmed_at is null), 2::bigint, 'All days of the period are compared once more');
update private.meter_days set confirmed_at = private.present() where stripe_customer_id = 'cus_2';
select pg_temp.compare(0, 'cus_2');
select is(pg_temp.again('cus_2'), '{5}', 'What a final invoice does not bill is sent again');
select is(pg_temp.open_alerts('invoice_difference'), '{in_2}', 'What a final invoice does not bill raises invoice_difference');
select pg_temp.bill('4', 'paid');
select pg_temp.pass('1 day');
select pg_temp.compare(0, 'cus_2');
select is(pg_temp.again('cus_2'), '{5}', 'An invoice is compared once');

-- Another program's events stay a difference. The final invoice tells what they cost, and ends the comparison.
select pg_temp.sent(20, '2027-01-21', 'cus_2', 'mms_in');
insert into private.stripe_invoices (id, stripe_customer_id, subscription_id, status, currency, created_at, period_start, period_end, finalised_at, total, metered)
values ('in_3', 'cus_2', 'sub_2', 'draft', 'usd', '2027-02-01Z', '2027-01-01Z', '2027-02-01Z', null, 0, '[{"kind": "mms_in", "quantity": "1020"}, {"kind": "sms_out", "quantity": "4"}, {"kind": "fee", "quantity": "5"}]');
update private.stripe_invoices set metered = '[]' where id = 'in_2';
update private.meter_days set closed_at = null, confirmed_at = private.present() where stripe_customer_id = 'cus_2' and kind <> 'mms_in';
select pg_temp.pass('4 hours');
select pg_temp.compare(1020, 'cus_2');
update private.stripe_invoices set status = 'open', finalised_at = private.present() where id = 'in_3';
create function pg_temp.invoice_compared() returns boolean language sql as $$ select compared_at is not null from private.stripe_invoices where id = 'in_3'; $$;
select pg_temp.pass('1 hour');
select pg_temp.compare(1020, 'cus_2');
select is(pg_temp.invoice_compared(), false, 'A day that is different in a way that no rejection explains is compared once more before the final invoice is');
update private.meter_days set confirmed_at = private.present() where stripe_customer_id = 'cus_2' and kind <> 'mms_in';
select pg_temp.pass('1 day');
select pg_temp.compare(1020, 'cus_2');
select is((pg_temp.invoice_compared(), pg_temp.again('cus_2'))::text, '(t,{5})', 'Then the invoice is compared, and nothing is sent again or taken back');
select is((select details -> 'differences' from public.operator_alerts where kind = 'invoice_difference' and subject = 'in_3'), '[{"kind": "mms_in", "sent": 20, "billed": 1020}]',
  'The alert has what the invoice bills too much');
select is((select compare_due_at from private.billing_customers where stripe_customer_id = 'cus_2'), null, 'The customer is not due any more');
-- Another subscription of the customer ---------------------------------------------------------------------------------

insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values ('sub_3', pg_temp.attacker(), 'cus_2', 'team', 'active');
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency)
  values ('sub_3', '2027-01-01Z', '2027-02-01Z', pg_temp.attacker(), 'cus_2', 'usd');
insert into private.stripe_invoices (id, stripe_customer_id, subscription_id, status, currency, created_at, finalised_at, total, period_start, difference_seen_at)
  values ('in_other', 'cus_2', 'sub_3', 'paid', 'usd', '2027-02-01Z', '2027-02-01Z', 0, '2027-01-01Z', '2027-02-01Z');
select private.compare_invoice(i) from private.stripe_invoices i where i.id = 'in_other';
select is(pg_temp.again('cus_2'), '{5}', 'An invoice without usage does not lack what another subscription of the customer bills in a period with the same start');

-- A deleted customer ---------------------------------------------------------------------------------------------------

select pg_temp.sent(7, '2027-01-20');
select pg_temp.pass('4 hours');
select pg_temp.compare(0);
select is((select count(*) from private.meter_days where stripe_customer_id = 'cus_1' and missing <> 0), 1::bigint, 'A difference of a customer is found once');
select public.note_deleted_customer('cus_1');
select is((select compare_due_at from private.billing_customers where stripe_customer_id = 'cus_1'), private.present(), 'A customer who was deleted at Stripe is due for a last comparison');
select pg_temp.compare(0);
select is((select count(*) from private.meter_days where stripe_customer_id = 'cus_1' and (closed_at is null or missing <> 0)), 0::bigint,
  'The days of a deleted customer are closed, and no difference of them is left');

-- A correction that came after the invoice was final -------------------------------------------------------------------

select pg_temp.sent(5, '2027-01-22', 'cus_2', 'mms_out'), pg_temp.sent(-2, '2027-01-22', 'cus_2', 'mms_out');
insert into private.stripe_invoices (id, stripe_customer_id, subscription_id, status, currency, created_at, period_start, period_end, finalised_at, total, metered)
values ('in_4', 'cus_2', 'sub_2', 'open', 'usd', '2027-02-01Z', '2027-01-01Z', '2027-02-01Z', '2027-02-04Z', 0, '[{"kind": "mms_out", "quantity": "5"}]');
create function pg_temp.given_back() returns bigint[] language sql as $$
  select array_agg(units order by number) from private.billing_rows where reason = 'unbilled' and kind = 'mms_out' and stripe_customer_id = 'cus_2';
$$;
select private.act_on_difference(i) from private.stripe_invoices i where i.id = 'in_4';
select is(pg_temp.given_back(), null, 'While a sum of Stripe''s is not confirmed, what an invoice bills too much is not given back: it may be another program''s');
update private.meter_days set confirmed_at = private.present() where stripe_customer_id = 'cus_2' and kind = 'mms_out';
select private.act_on_difference(i) from private.stripe_invoices i where i.id = 'in_4';
select is(pg_temp.given_back(), '{-2}', 'A correction that Stripe counts and the invoice lacks is given back');

-- A period that Stripe moved, read late --------------------------------------------------------------------------------

select pg_temp.sent(6, '2027-01-10', 'cus_2', 'number'), pg_temp.sent(7, '2027-01-20', 'cus_2', 'number'), pg_temp.sent(8, '2027-01-26', 'cus_2', 'number');
update private.meter_days set confirmed_at = private.present() where stripe_customer_id = 'cus_2' and kind = 'number';
insert into private.stripe_invoices (id, stripe_customer_id, subscription_id, status, currency, created_at, period_start, finalised_at, total, metered, compared_at)
select id, 'cus_2', 'sub_2', 'open', 'usd', '2027-01-30Z', '2027-01-01Z', '2027-01-30Z', 0, jsonb_build_array(jsonb_build_object('periodStart', start)), private.present()
from (values ('in_5', '2027-01-01T00:00:00.000Z'), ('in_6', '2027-01-20T00:00:00.000Z')) i (id, start);
update private.billing_periods set ends_at = '2027-01-20Z' where subscription_id = 'sub_2';
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency) values ('sub_2', '2027-01-20Z', '2027-02-20Z', pg_temp.attacker(), 'cus_2', 'usd');
select results_eq($$ select billed_start, sum(units)::int from private.billing_rows where stripe_customer_id = 'cus_2' and kind = 'number' group by 1 order by 1 $$,
  $$ values ('2027-01-01Z'::timestamptz, 6), ('2027-01-20Z', 15) $$, 'What was sent with a timestamp in a period that Stripe began earlier is billed by this period');
select results_eq($$ select day, billed_start, confirmed_at is null from private.meter_days where stripe_customer_id = 'cus_2' and kind = 'number' order by 1, 2 $$,
  $$ values ('2027-01-10'::date, '2027-01-01Z'::timestamptz, false), ('2027-01-20', '2027-01-20Z', true), ('2027-01-26', '2027-01-20Z', true) $$,
  'Its days are compared again, as days of this period');
select is((select private.present() + interval '3 hours' >= compare_due_at from private.billing_customers where stripe_customer_id = 'cus_2'), true, 'The customer is due for it');
select results_eq($$ select id, period_start, compared_at is null from private.stripe_invoices where id in ('in_5', 'in_6') order by id $$,
  $$ values ('in_5', '2027-01-01Z'::timestamptz, false), ('in_6', '2027-01-20Z', true) $$, 'An invoice of the new period, read before, belongs to it and is compared again');

select * from finish();
rollback;
