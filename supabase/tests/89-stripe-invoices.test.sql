-- Invoices as read from Stripe, their grace period, and payments that move without usage.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(26);

select pg_temp.join_as('tenant', 'attacker');
select pg_temp.forget_jobs();
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values
  ('sub_1', pg_temp.tenant(), 'cus_1', 'team', 'active'), ('sub_9', pg_temp.attacker(), 'cus_9', 'team', 'active');
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency) values
  ('sub_1', '2026-01-01Z', '2026-02-01Z', pg_temp.tenant(), 'cus_1', 'usd'),
  ('sub_1', '2026-02-01Z', '2026-03-01Z', pg_temp.tenant(), 'cus_1', 'usd');
insert into private.billing_customers (stripe_customer_id, user_id) values ('cus_1', pg_temp.tenant());

create function pg_temp.line(p_kind text, p_quantity text) returns jsonb language sql as $$
  select jsonb_build_object('kind', p_kind, 'quantity', p_quantity, 'amount', 12, 'periodStart', '2026-01-01T00:00:00Z', 'periodEnd', '2026-02-01T00:00:00Z');
$$;
create function pg_temp.read(p_number bigint, p_fields jsonb default '{}', p_id text default 'in_1', p_problem text default null) returns text language sql as $$
  select public.record_invoice(jsonb_build_object('id', p_id, 'stripe_customer_id', 'cus_1', 'subscription_id', 'sub_1', 'number', null,
    'status', 'draft', 'currency', 'usd', 'created_at', '2026-02-01T00:01:00Z', 'period_start', '2026-01-01T00:00:00Z',
    'period_end', '2026-02-01T00:00:00Z', 'finalises_at', '2026-02-04T00:01:00Z', 'total', 2012, 'amount_remaining', 2012,
    'billing_reason', 'subscription_cycle', 'metered', jsonb_build_array(pg_temp.line('sms_out', '1200'))) || p_fields, p_number, p_problem)::text;
$$;
create function pg_temp.open_alerts(p_kind text) returns text[] language sql as $$
  select coalesce(array_agg(subject order by subject), '{}') from public.operator_alerts where kind = p_kind::public.alert_kind and settled_at is null;
$$;
set local role service_role;

-- Recording ----------------------------------------------------------------------------------------------------------

select is(pg_temp.read(10), 'recorded', 'record_invoice records a draft of a known customer');
select results_eq($$ select user_id, subscription_id, status, finalises_at, metered -> 0 ->> 'quantity', read_number from private.stripe_invoices where id = 'in_1' $$,
  $$ values (pg_temp.tenant(), 'sub_1', 'draft', '2026-02-04 00:01Z'::timestamptz, '1200', 10::bigint) $$, 'A recorded invoice has its tenant, its lines of usage and the time at which it becomes final');
select is((select invoice_id from private.billing_periods where subscription_id = 'sub_1' and starts_at = '2026-01-01Z'), 'in_1', 'The period whose usage an invoice bills names the invoice');
select is((select invoice_id from private.billing_periods where subscription_id = 'sub_1' and starts_at = '2026-02-01Z'), null, 'The next period does not name the invoice');
select is(pg_temp.read(9, '{"status": "open"}'), 'superseded', 'record_invoice answers superseded to a read that began earlier');
select is((select status from private.stripe_invoices where id = 'in_1'), 'draft', 'A superseded read changes nothing');
select is(pg_temp.read(11, '{"status": "open", "finalises_at": null, "finalised_at": "2026-02-04T00:01:00Z", "number": "A-1"}'), 'recorded', 'record_invoice records the final invoice');
select results_eq($$ select status, finalises_at, finalised_at, number from private.stripe_invoices where id = 'in_1' $$,
  $$ values ('open', null::timestamptz, '2026-02-04 00:01Z'::timestamptz, 'A-1') $$, 'A final invoice has the time at which it became final, and none at which it will');
select is((select compare_due_at from private.billing_customers where stripe_customer_id = 'cus_1'), private.present(), 'A final invoice makes its customer due for a comparison');
select is(pg_temp.read(12, '{"stripe_customer_id": "cus_other", "subscription_id": "sub_other"}', 'in_2'), 'unknown_customer', 'record_invoice answers unknown_customer to an invoice of something else');
select is((select count(*) from private.stripe_invoices where id = 'in_2'), 0::bigint, 'An invoice of something else is not stored');
select is(pg_temp.read(13, '{"subscription_id": null, "period_start": null, "period_end": null, "metered": []}', 'in_3'), 'recorded', 'record_invoice records an invoice of a known customer without a subscription');
select is((select user_id from private.stripe_invoices where id = 'in_3'), pg_temp.tenant(), 'An invoice without a subscription belongs to the tenant of its customer');
select is(pg_temp.read(14, '{"stripe_customer_id": "cus_9", "subscription_id": "sub_9"}', 'in_9'), 'recorded', 'record_invoice records an invoice of another tenant');
select is((select user_id from private.stripe_invoices where id = 'in_9'), pg_temp.attacker(), 'An invoice of another tenant belongs to that tenant');

-- The grace period ---------------------------------------------------------------------------------------------------

select is(pg_temp.open_alerts('invoice_grace'), '{}', 'A draft that becomes final after 72 hours raises no alert');
select pg_temp.read(15, '{"finalises_at": "2026-02-01T01:01:00Z"}', 'in_4');
select is(pg_temp.open_alerts('invoice_grace'), '{sub_1}', 'A draft that becomes final after an hour raises invoice_grace');
select pg_temp.read(16, '{"finalises_at": "2026-02-03T00:00:00Z"}', 'in_4');
select is((select times from public.operator_alerts where kind = 'invoice_grace'), 2, 'A draft that becomes final after 48 hours raises invoice_grace: the books close then');
select pg_temp.read(17, '{"finalises_at": "2026-03-04T00:00:00Z", "period_start": "2026-02-01T00:00:00Z", "period_end": "2026-03-01T00:00:00Z"}', 'in_5');
select is(pg_temp.open_alerts('invoice_grace'), '{}', 'A later draft with 72 hours settles invoice_grace');
select pg_temp.read(18, '{"finalises_at": "2026-02-01T01:01:00Z", "billing_reason": "subscription_update"}', 'in_6');
select is(pg_temp.open_alerts('invoice_grace'), '{}', 'A draft that is not of a period end raises no invoice_grace');

-- What cannot become final, and what is given up ---------------------------------------------------------------------

select pg_temp.read(19, '{}', 'in_7', 'customer_tax_location_invalid');
select is(pg_temp.open_alerts('invoice_difference'), '{in_7}', 'A draft that Stripe cannot finalise raises invoice_difference');
select pg_temp.read(20, '{"status": "paid", "finalises_at": null, "finalised_at": "2026-02-04T00:01:00Z"}', 'in_7');
select is(pg_temp.open_alerts('invoice_difference'), '{}', 'The finalised invoice settles the alert');
select pg_temp.read(21, '{"status": "void", "finalises_at": null}', 'in_7');
select is(pg_temp.open_alerts('payment_moved'), '{in_7}', 'An invoice with usage that is voided raises payment_moved');

-- Refunds and disputes -----------------------------------------------------------------------------------------------

select is(public.record_payment_move('ch_1', 'cus_1', '{"cause": "charge.refunded", "refunded": 500}')::text, 'alerted', 'record_payment_move tells of a refund of a tenant''s charge');
select results_eq($$ select user_id, details ->> 'refunded' from public.operator_alerts where kind = 'payment_moved' and subject = 'ch_1' $$, $$ values (pg_temp.tenant(), '500') $$,
  'The alert of a refund names the tenant and the amount');
select is(public.record_payment_move('ch_2', 'cus_other', '{}')::text, 'unknown_customer', 'record_payment_move is silent about a charge of something else');

select * from finish();
rollback;
