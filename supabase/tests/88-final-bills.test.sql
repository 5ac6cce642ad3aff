-- The end of a tenant's own subscription leads to a final bill, wherever it was canceled.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(34);

select pg_temp.join_as('tenant', 'neighbour', 'attacker', 'leaver');
create function pg_temp.record(p_id text, p_user uuid, p_origin text, p_status text, p_ended interval default null, p_read bigint default 1)
returns void language sql as $$
  select public.record_subscription(p_id, 'cus_' || p_id, p_user, p_origin::public.subscription_origin, null, p_status::public.subscription_status,
    '[{"id": "price_team", "lookupKey": "team"}]', false, null, private.present() - p_ended, now() - interval '90 days', p_read);
$$;
create function pg_temp.begun(p_id text) returns text language sql as $$ select b.outcome::text from public.begin_final_bill(p_id) b; $$;
create function pg_temp.use(p_id text, p_units bigint, p_state text default 'pending') returns void language sql as $$
  insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start, period_end, currency, units, state, billed_start)
  select pg_temp.tenant(), 'sms_out', current_date - 40, 'USD', p_id, 'cus_' || p_id, now() - interval '70 days', now() - interval '36 days', 'usd', p_units,
    p_state::private.billing_state, case when p_state = 'accepted' then now() - interval '70 days' end;
$$;
set local role service_role;

-- Noticing ------------------------------------------------------------------------------------------------------------

select pg_temp.record('sub_ended', pg_temp.tenant(), 'metadata', 'active');
select is_empty($$ select 1 from private.final_bills $$, 'A subscription that runs has no final bill');
select pg_temp.record('sub_ended', pg_temp.tenant(), 'metadata', 'canceled', '1 hour', 2);
select results_eq($$ select subscription_id, user_id, stripe_customer_id, due_at - ended_at from private.final_bills $$,
  $$ values ('sub_ended', pg_temp.tenant(), 'cus_sub_ended', interval '2 hours') $$, 'The end of a tenant''s own subscription is looked at two hours later');
select pg_temp.record('sub_gift', pg_temp.neighbour(), 'checkout', 'canceled', '1 hour'), pg_temp.record('sub_unlinked', null, null, 'canceled', '1 hour'),
  pg_temp.record('sub_expired', pg_temp.neighbour(), 'metadata', 'incomplete_expired', '1 hour');
select is((select count(*) from private.final_bills), 1::bigint, 'A gift, a subscription without a tenant and one that was never paid have no final bill');
select pg_temp.record('sub_unlinked', pg_temp.neighbour(), 'metadata', 'canceled', '1 hour', 2);
select is((select user_id from private.final_bills where subscription_id = 'sub_unlinked'), pg_temp.neighbour(), 'A subscription that is linked after its end has one');
select is(public.ask_for_final_bills(10), 0, 'No final bill is asked for before it is due');
update private.final_bills set due_at = private.present(), ended_at = private.present() - interval '3 hours';
reset role;
select pg_temp.forget_jobs();
set local role service_role;
select is(public.ask_for_final_bills(1), 1, 'At most a limit of final bills is asked for at once');
select is(public.ask_for_final_bills(10), 1, 'The next call asks for the others');
select is(public.ask_for_final_bills(10), 0, 'A final bill that was asked for is not asked for again');
reset role;
select is((select count(*) from private.jobs where message ->> 'kind' = 'settle-final-bill' and lane = 'billing'), 2::bigint, 'The jobs are in the billing lane');
set local role service_role;

-- Steps ---------------------------------------------------------------------------------------------------------------

select is(pg_temp.begun('sub_nobody'), 'none', 'A subscription without a final bill needs nothing');
update private.billing_periods set books_closed_at = private.present();
insert into private.billing_customers (stripe_customer_id, user_id) values ('cus_sub_ended', pg_temp.tenant());
select is(pg_temp.begun('sub_ended'), 'read', 'When its books are closed, the invoices of a subscription are read');
select is(public.record_final_reading('sub_ended')::text, 'compared', 'The reading is recorded');
select is(public.record_final_reading('sub_ended')::text, 'already', 'A repeated reading changes nothing');
select pg_temp.use('sub_ended', 9999);
select is(pg_temp.begun('sub_ended'), 'wait', 'Usage below the minimum waits for more');
select pg_temp.use('sub_ended', 1);
select is((select due_at from private.final_bills where subscription_id = 'sub_ended'), private.present(), 'Late usage makes the final bill due');
select is(pg_temp.begun('sub_ended'), 'invoice', 'Usage from the minimum on is billed by an invoice of its own');
select is((select string_agg(distinct r.state || ' ' || (r.final_charge_id = c.id), ',') from private.billing_rows r, private.final_charges c), 'invoiced true',
  'Its rows are written before the invoice is made');
select pg_temp.use('sub_ended', 20000);
select results_eq($$ select b.outcome::text, (b.charge ->> 'isRepeated')::boolean, b.charge -> 'items' from public.begin_final_bill('sub_ended') b $$,
  $$ values ('invoice', true, '[{"kind": "sms_out", "units": 10000}]'::jsonb) $$, 'A charge that is not settled is made again with the same rows, before another');
select is(public.settle_final_charge((select id from private.final_charges), '[{"type": "invoice_item", "id": "ii_1", "invoiceId": "in_1", "amount": 100}]', false)::text,
  'settled', 'A charge is settled');
select is(public.settle_final_charge((select id from private.final_charges), '[]', false)::text, 'already', 'A charge is settled once');
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency)
  values ('sub_new', now() - interval '1 day', now() + interval '1 day', pg_temp.tenant(), 'cus_sub_ended', 'usd');
select is(pg_temp.begun('sub_ended'), 'wait', 'Late usage of a customer who has another subscription is sent there');
select is((select count(*) from private.billing_rows where state = 'pending'), 1::bigint, 'and its rows stay pending');

-- A trial -------------------------------------------------------------------------------------------------------------

create function pg_temp.trial(p_status text, p_ended interval, p_read bigint) returns void language sql as $$
  select public.record_subscription('sub_trial', 'cus_trial', pg_temp.leaver(), 'metadata', null, p_status::public.subscription_status,
    jsonb_build_array(jsonb_build_object('id', 'price_team', 'lookupKey', 'team', 'itemId', 'si', 'createdAt', now() - interval '9 days',
      'periodStart', now() - interval '9 days', 'periodEnd', now() + interval '5 days')), false, null, private.present() - p_ended,
    now() - interval '9 days', p_read, 'usd', now() + interval '5 days');
$$;
select pg_temp.trial('trialing', null, 1), pg_temp.trial('canceled', '3 hours', 2);
select results_eq($$ select is_trial, ends_at from private.billing_periods where subscription_id = 'sub_trial' $$,
  $$ values (true, private.present() - interval '3 hours') $$, 'A trial that is canceled ends then, and stays a trial');
select is((private.payer_at(pg_temp.leaver(), now() - interval '1 day')).is_trial, true, 'Usage before is of the trial, at zero');
select is((private.payer_at(pg_temp.leaver(), now() - interval '1 hour')).subscription_id, null, 'Usage after it has no payer');
update private.billing_periods set books_closed_at = private.present() where subscription_id = 'sub_trial';
select is(pg_temp.begun('sub_trial'), 'read', 'The final bill of a trial reads its invoices');
select public.record_final_reading('sub_trial');
select is_empty($$ select 1 from private.billing_rows where subscription_id = 'sub_trial' $$, 'and bills nothing');
-- What Stripe has counted and not billed --------------------------------------------------------------------------------

select pg_temp.record('sub_dash', pg_temp.neighbour(), 'metadata', 'canceled', '3 hours');
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency)
  values ('sub_dash', now() - interval '70 days', now() - interval '36 days', pg_temp.neighbour(), 'cus_sub_dash', 'usd');
select pg_temp.use('sub_dash', 500, 'accepted');
insert into private.meter_days (stripe_customer_id, kind, day, billed_start, accepted_at, missing, missing_since)
  values ('cus_sub_dash', 'sms_out', current_date - 40, now() - interval '70 days', now(), 500, now());
select public.record_final_reading('sub_dash');
select results_eq($$ select reason::text, state::text, units from private.billing_rows where subscription_id = 'sub_dash' order by number $$,
  $$ values ('usage', 'accepted', 500::bigint), ('unbilled', 'pending', 500) $$, 'What no invoice bills of an ended subscription becomes a row again');
select results_eq($$ select closed_at is not null, missing from private.meter_days where stripe_customer_id = 'cus_sub_dash' $$, $$ values (true, null::bigint) $$,
  'Its days are closed, and a difference with the summaries that was found before is no fault of the statement');

-- Amounts -------------------------------------------------------------------------------------------------------------

select is(private.minor_of_credit(-12345, 'usd'), 123::bigint, '1.2345 dollars are given back as 123 cents');
select is(private.minor_of_credit(-12350, 'usd'), 124::bigint, 'Half a cent is rounded up');
select is(array[private.minor_of_credit(-15000, 'jpy'), private.minor_of_credit(-12345, 'kwd')], array[2::bigint, 1230],
  'Currencies without decimals and with three are rounded to what Stripe moves');
select is(array[private.minor_of_credit(-51000, 'isk'), private.minor_of_credit(-55000, 'ugx')], array[500::bigint, 600],
  'ISK and UGX are given back in whole krónur and shillings, of which Stripe counts hundredths');

select pg_temp.sign_in(pg_temp.attacker());
select throws_ok($$ select public.begin_final_bill('sub_ended') $$, '42501', null, 'A tenant cannot call the decision');

select * from finish();
rollback;
