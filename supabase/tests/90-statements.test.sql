-- Statements: which there are, their lines, what adds up, and that a closed one never changes.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(42);

create or replace function private.present() returns timestamptz language plpgsql stable set search_path = '' as $$
begin return current_setting('test.present')::timestamptz; end; $$;
create function pg_temp.at(p_at text) returns void language sql as $$ select set_config('test.present', p_at, true) $$;
select pg_temp.join_as('tenant', 'neighbour', 'attacker');
select pg_temp.at('2027-03-20 12:00Z');
select pg_temp.forget_jobs();

-- The tenant's subscription: a trial in January, then paid months. The attacker has one of their own.
insert into private.own_subscriptions (subscription_id, since, user_id, plan_key, plan_rank, is_running, created_at) values
  ('sub_1', '-infinity', pg_temp.tenant(), 'team', 1, true, '2027-01-01Z'), ('sub_9', '-infinity', pg_temp.attacker(), 'team', 1, true, '2027-01-01Z');
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency, is_trial, books_closed_at) values
  ('sub_1', '2027-01-01Z', '2027-02-01Z', pg_temp.tenant(), 'cus_1', 'eur', true, '2027-02-01 00:15Z'),
  ('sub_1', '2027-02-01Z', '2027-03-01Z', pg_temp.tenant(), 'cus_1', 'eur', false, null),
  ('sub_1', '2027-03-01Z', '2027-04-01Z', pg_temp.tenant(), 'cus_1', 'eur', false, null),
  ('sub_9', '2027-03-01Z', '2027-04-01Z', pg_temp.attacker(), 'cus_9', 'eur', false, null);
insert into private.billing_customers (stripe_customer_id, user_id) values ('cus_1', pg_temp.tenant());
select pg_temp.forget_jobs();
set local role service_role;

-- A row of February unless told otherwise; cost is half of the price, and the exchange rate is 0.9.
create function pg_temp.add(p_day date, p_price numeric, p_included numeric, p_units bigint, p_state text, p_billed timestamptz default null,
  p_kind public.usage_kind default 'sms_out', p_start timestamptz default '2027-02-01Z', p_count bigint default 10, p_reason text default 'usage',
  p_loss text default null, p_user uuid default pg_temp.tenant(), p_remainder numeric default 0)
returns uuid language sql as $$
  insert into private.billing_rows (user_id, kind, day, unit, reason, subscription_id, stripe_customer_id, period_start, period_end, count, segments, cost, price,
    included, exchange_rate, currency, amount, units, remainder, state, loss_reason, billed_start, billed_subscription_id, accepted_at, event_at)
  values (p_user, p_kind, p_day, 'USD', p_reason::private.billing_row_reason, 'sub_1', 'cus_1', p_start, p_start + interval '1 month', p_count, p_count, p_price / 2, p_price,
    p_included, 0.9, 'eur', case when p_reason <> 'usage' or p_state = 'trial' then 0 else (p_price - p_included) * 0.9 end, p_units, p_remainder,
    p_state::private.billing_state, p_loss::private.loss_reason, p_billed, case when p_billed is not null then 'sub_1' end,
    case when p_state = 'accepted' then private.present() end, case when p_billed is not null then p_day end)
  returning id;
$$;
create function pg_temp.id_of(p_start timestamptz) returns uuid language sql as $$
  select id from private.billing_periods where subscription_id = 'sub_1' and starts_at = p_start;
$$;
create function pg_temp.statement(p_start timestamptz, p_user uuid default pg_temp.tenant()) returns jsonb language sql as $$
  select statement || parts from public.show_statement(p_user, pg_temp.id_of(p_start));
$$;
create function pg_temp.lines(p_start timestamptz) returns text language sql as $$
  select string_agg(concat_ws(' ', l ->> 'kind', right(l ->> 'day', 5), l ->> 'type', l ->> 'state', case when (l ->> 'isLate')::boolean then 'of ' || left(l ->> 'from', 10) end,
    (l ->> 'count') || 'x', trim_scale((l ->> 'price')::numeric) || '-' || trim_scale((l ->> 'included')::numeric) || '=' || trim_scale((l ->> 'amount')::numeric), l ->> 'units'), e'\n' order by n)
  from jsonb_array_elements(pg_temp.statement(p_start) -> 'lines') with ordinality as t (l, n);
$$;
create function pg_temp.sums(p_start timestamptz) returns text language sql as $$
  select string_agg(format('%s %s units, %s pending, %s remainder, %s others, %s invoiced', t ->> 'kind', t ->> 'units', t ->> 'pendingUnits',
    trim_scale((t ->> 'remainder')::numeric), t ->> 'othersUnits', coalesce(t ->> 'invoicedUnits', 'not')), e'\n' order by n)
  from jsonb_array_elements(pg_temp.statement(p_start) -> 'totals') with ordinality as x (t, n);
$$;
create function pg_temp.list(p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select string_agg(concat_ws(' ', type, left(private.iso(starts_at), 10), status, currency, units, trim_scale(amount), invoices -> 0 ->> 'status'), ', ')
  from public.list_statements(p_user, null, null, 50);
$$;
create function pg_temp.invoice(p_number bigint, p_status text, p_quantity text, p_amount bigint) returns text language sql as $$
  select public.record_invoice(jsonb_build_object('id', 'in_1', 'stripe_customer_id', 'cus_1', 'subscription_id', 'sub_1', 'number', 'A-7', 'status', p_status,
    'currency', 'eur', 'created_at', '2027-03-01T00:01:00Z', 'period_start', '2027-02-01T00:00:00Z', 'period_end', '2027-03-01T00:00:00Z', 'total', 2000 + p_amount,
    'finalises_at', case when p_status = 'draft' then '2027-03-04T00:01:00Z' end, 'finalised_at', case when p_status <> 'draft' then '2027-03-04T00:01:00Z' end,
    'amount_remaining', 0, 'billing_reason', 'subscription_cycle', 'hosted_url', 'https://invoice.stripe.com/i/1', 'metered', jsonb_build_array(jsonb_build_object('kind', 'sms_out',
    'quantity', p_quantity, 'amount', p_amount, 'periodStart', '2027-02-01T00:00:00Z', 'periodEnd', '2027-03-01T00:00:00Z'))), p_number)::text;
$$;

-- The list ------------------------------------------------------------------------------------------------------------

select is(pg_temp.list(), 'period 2027-03-01 open eur 0 0, period 2027-02-01 closing eur 0 0, period 2027-01-01 closed eur 0 0',
  'A tenant has a statement for each billing period, newest first: open, closing until the books are closed, and closed');
select is(pg_temp.list(pg_temp.neighbour()), null, 'A tenant without a subscription of their own has no statement');
select results_eq($$ select outcome::text, statement, parts from public.show_statement(pg_temp.attacker(), pg_temp.id_of('2027-02-01Z')) $$,
  $$ values ('not_found', null::jsonb, null::jsonb) $$, 'Another tenant''s statement is not found');
select results_eq($$ select starts_at from public.list_statements(pg_temp.tenant(), null, null, 2) $$, $$ values ('2027-03-01Z'::timestamptz), ('2027-02-01Z') $$, 'A page ends at its limit');
select results_eq($$ select starts_at from public.list_statements(pg_temp.tenant(), '2027-02-01Z', pg_temp.id_of('2027-02-01Z'), 2) $$, $$ values ('2027-01-01Z'::timestamptz) $$,
  'The next page begins after the last statement of the page before');

-- Lines of a period ---------------------------------------------------------------------------------------------------

select pg_temp.add('2027-01-10', 1, 0, 0, 'trial', p_start => '2027-01-01Z');
update private.billing_rows set created_at = '2027-02-02Z';
select pg_temp.add('2027-02-03', 1, 0.6, 3600, 'accepted', '2027-02-01Z');
select pg_temp.add('2027-02-03', 0.00333, 0, 30, 'accepted', '2027-02-01Z', p_remainder => -0.03);
select pg_temp.add('2027-02-03', -0.1, 0, -900, 'accepted', '2027-02-01Z', p_count => 0);
select pg_temp.add('2027-02-04', 2, 0, 18000, 'pending');
select pg_temp.add('2027-02-05', 2, 0, 18000, 'lost', p_loss => 'before_metering');
select pg_temp.add('2027-02-01', 7, 0, 63000, 'lost', p_loss => 'refused');
update private.billing_rows set created_at = '2027-03-02Z' where state <> 'trial';
select is(pg_temp.lines('2027-02-01Z'), concat_ws(e'\n',
  'sms_out 02-03 usage billed 20x 0.902997-0.54=0.362997 3630',
  'sms_out 02-03 correction billed 0x -0.09-0=-0.09 -900',
  'sms_out 02-04 usage pending 10x 1.8-0=1.8 18000',
  'sms_out 02-05 usage not_billed 10x 1.8-0=0 0'),
  'A line is one kind, day, type and state: price and included in the currency of the plan, corrections apart, free usage at zero');
select is(pg_temp.lines('2027-01-01Z'), 'sms_out 01-10 usage trial 10x 0.9-0=0 0', 'Usage of a trial is listed at zero');
select is(pg_temp.sums('2027-02-01Z'), 'sms_out 20730 units, 18000 pending, -0.03 remainder, 0 others, not invoiced', 'The totals show what is pending and the remainder that is carried');
select is(pg_temp.statement('2027-02-01Z') -> 'addsUp', '{"ledger": true, "summaries": null, "invoice": null}', 'Before an invoice is final it is not said whether it adds up');
select unalike(pg_temp.statement('2027-02-01Z')::text, '%cost%', 'A statement has no cost');
select unalike(pg_temp.statement('2027-02-01Z')::text, '%rate%', 'A statement has no exchange rate');
select is(pg_temp.statement('2027-01-01Z') ->> 'status', 'closed', 'The statement of a trial is closed when its usage is rated');
select pg_temp.add('2027-01-11', 1, 0, 0, 'trial', p_start => '2027-01-01Z');
select is(pg_temp.lines('2027-01-01Z'), 'sms_out 01-10 usage trial 10x 0.9-0=0 0', 'Usage of a trial that is rated after its statement is closed does not change it');

-- Books that close: what is late moves to the open period -------------------------------------------------------------

select is(pg_temp.lines('2027-03-01Z'), null, 'What can still be sent into its own period is not on the next statement');
update private.billing_periods set books_closed_at = '2027-03-03Z' where subscription_id = 'sub_1' and starts_at = '2027-02-01Z';
select is(pg_temp.lines('2027-03-01Z'), 'sms_out 02-04 usage pending of 2027-02-01 10x 1.8-0=1.8 18000', 'Usage that is found after the books have closed is on the open statement, with its true day and period');
select is(pg_temp.sums('2027-02-01Z'), 'sms_out 2730 units, 0 pending, -0.03 remainder, 0 others, not invoiced', 'And no longer on the one of its period');

-- The invoice ---------------------------------------------------------------------------------------------------------

insert into private.meter_days (stripe_customer_id, kind, day, billed_start, accepted_at) values ('cus_1', 'sms_out', '2027-02-03', '2027-02-01Z', '2027-02-03Z');
select pg_temp.invoice(1, 'draft', '2730', 27);
select is(pg_temp.statement('2027-02-01Z') -> 'addsUp' ->> 'invoice', null, 'A draft can still change');
select pg_temp.invoice(2, 'paid', '2730', 27);
select is(pg_temp.statement('2027-02-01Z') -> 'invoices', '[{"id": "in_1", "number": "A-7", "status": "paid", "total": 20.27, "url": "https://invoice.stripe.com/i/1",
  "lines": [{"kind": "sms_out", "quantity": 2730, "amount": 0.27, "rounding": -0.003}]}]', 'The invoice is shown with its lines of usage and what Stripe has rounded');
select is(pg_temp.statement('2027-02-01Z') -> 'addsUp', '{"ledger": true, "summaries": null, "invoice": true}', 'The final invoice adds up: 2,730 units are 27 cents');
select is(pg_temp.sums('2027-02-01Z'), 'sms_out 2730 units, 0 pending, -0.03 remainder, 0 others, 2730 invoiced', 'The totals have the quantity of the invoice');
select is(pg_temp.statement('2027-02-01Z') ->> 'status', 'closing', 'Until its invoice is compared a statement is not closed');
insert into private.billing_customers as c (stripe_customer_id, user_id, gone_at)
select b.stripe_customer_id, b.user_id, private.present() from private.billing_periods b where b.subscription_id = 'sub_1' limit 1
on conflict (stripe_customer_id) do update set gone_at = excluded.gone_at;
select is(pg_temp.statement('2027-02-01Z') ->> 'status', 'closing', 'A comparison that began before its customer was deleted may still change a statement');
update private.meter_days set closed_at = private.present();
select is(pg_temp.statement('2027-02-01Z') ->> 'status', 'closing', 'Nor is it closed while what Stripe bills of the period was not compared: units may still be taken off it');
update private.meter_days set closed_at = null;
update private.billing_customers set gone_at = null;
select pg_temp.invoice(3, 'paid', '2730', 28);
select is(pg_temp.statement('2027-02-01Z') -> 'addsUp' ->> 'invoice', 'false', 'An amount that is no rounding of its quantity does not add up');
select pg_temp.invoice(4, 'paid', '2731', 27);
select is(pg_temp.statement('2027-02-01Z') -> 'addsUp' ->> 'invoice', 'false', 'A quantity of one unit more than was sent does not add up');
select pg_temp.invoice(5, 'paid', '2730', 27);
insert into private.meter_days (stripe_customer_id, kind, day, billed_start, accepted_at) values ('cus_1', 'mms_out', '2027-02-03', '2027-02-01Z', '2027-02-03Z');
select pg_temp.add('2027-02-06', 1, 0, 9000, 'accepted', '2027-02-01Z', 'mms_out');
select is(pg_temp.statement('2027-02-01Z') -> 'addsUp' ->> 'invoice', 'false', 'A kind that was sent and is not on the invoice does not add up');
select pg_temp.add('2027-02-06', 0, 0, 9000, 'pending', p_kind => 'mms_out', p_count => 0, p_reason => 'unbilled');
select is(pg_temp.lines('2027-02-01Z'), concat_ws(e'\n',
  'sms_out 02-03 usage billed 20x 0.902997-0.54=0.362997 3630',
  'sms_out 02-03 correction billed 0x -0.09-0=-0.09 -900',
  'sms_out 02-05 usage not_billed 10x 1.8-0=0 0',
  'mms_out 02-06 usage billed 10x 0.9-0=0.9 9000',
  'mms_out 02-06 not_counted billed 0x 0-0=-0.9 -9000'),
  'Units that the invoice does not bill are taken off the statement');
select is(pg_temp.lines('2027-03-01Z'), concat_ws(e'\n',
  'sms_out 02-04 usage pending of 2027-02-01 10x 1.8-0=1.8 18000',
  'mms_out 02-06 sent_again pending of 2027-02-01 0x 0-0=0.9 9000'), 'And are on the one that bills them');
select is(pg_temp.statement('2027-02-01Z') -> 'addsUp' ->> 'invoice', 'true', 'Then the invoice adds up again');
select pg_temp.add('2027-02-07', 1, 0, 9000, 'accepted', '2027-02-01Z', 'mms_in', p_user => pg_temp.neighbour());
select is((select string_agg(l ->> 'kind', ' ') from jsonb_array_elements(pg_temp.statement('2027-02-01Z') -> 'lines') l), 'sms_out sms_out sms_out mms_out mms_out',
  'Usage of another tenant with the same customer is on no line');
select pg_temp.add('2027-02-07', 1, 0, 9000, 'accepted', '2027-02-01Z', p_user => pg_temp.neighbour());
select alike(pg_temp.sums('2027-02-01Z'), 'sms_out 2730 units, 0 pending, -0.03 remainder, 9000 others, 2730 invoiced%', 'The total says how many units of the invoice are not the tenant''s');

-- A closed statement --------------------------------------------------------------------------------------------------

delete from private.billing_rows where user_id = pg_temp.neighbour();
update private.meter_days set confirmed_at = private.present(), closed_at = private.present();
update private.stripe_invoices set compared_at = private.present() where id = 'in_1';
select is(pg_temp.statement('2027-02-01Z') -> 'addsUp', '{"ledger": true, "summaries": true, "invoice": true}', 'A compared statement adds up to the ledger, the summaries and the invoice');
create temp table before as select pg_temp.statement('2027-02-01Z') as statement;
select is((select statement ->> 'status' from before), 'closed', 'After the comparison of its invoice a statement is closed');
select pg_temp.at('2027-05-20 12:00Z');
select pg_temp.add('2027-02-08', 1, 0, 9000, 'pending');
select pg_temp.add('2027-02-08', 1, 0, 9000, 'lost', p_loss => 'before_metering');
select pg_temp.add('2027-02-08', -1, 0, -9000, 'accepted', '2027-03-01Z', p_count => -5);
update private.billing_rows set state = 'accepted', billed_start = '2027-03-01Z', billed_subscription_id = 'sub_1', event_at = '2027-03-20Z', accepted_at = private.present()
where state = 'pending' and day = '2027-02-04';
select is(pg_temp.statement('2027-02-01Z'), (select statement from before), 'A closed statement does not change when usage of its period is found, corrected or given back later');
select is((select l from regexp_split_to_table(pg_temp.lines('2027-03-01Z'), e'\n') l where l like '%02-08%'), 'sms_out 02-08 correction billed of 2027-02-01 -5x -0.9-0=-0.9 -9000',
  'A credit for it is on the statement that it lowers');

update private.billing_rows set units = units + 1 where day = '2027-02-03' and price = 1;
select is(pg_temp.statement('2027-02-01Z') -> 'addsUp' ->> 'ledger', 'false', 'A unit that no amount explains does not add up');

-- After the end of a subscription -------------------------------------------------------------------------------------

insert into private.final_bills (subscription_id, user_id, stripe_customer_id, ended_at) values ('sub_1', pg_temp.tenant(), 'cus_1', '2027-04-01Z');
insert into private.final_charges (id, user_id, stripe_customer_id, subscription_id, currency, units, items, began_at) values ('c0000000-0000-4000-8000-000000000001',
  pg_temp.tenant(), 'cus_1', 'sub_1', 'eur', 27000, '[{"kind": "sms_out", "units": 27000}]', '2027-05-06Z');
select pg_temp.add('2027-03-30', 3, 0, 27000, 'invoiced', p_start => '2027-03-01Z');
update private.billing_rows set final_charge_id = 'c0000000-0000-4000-8000-000000000001' where state = 'invoiced';
create function pg_temp.later() returns jsonb language sql as $$ select statement || parts from public.show_statement(pg_temp.tenant(), 'c0000000-0000-4000-8000-000000000001') $$;
select is(split_part(pg_temp.list(), ',', 1), 'later_usage 2027-04-01 closing eur 27000 2.7', 'What is billed after the end of a subscription has a statement of its own');
select is(pg_temp.later() -> 'lines' -> 0, '{"kind": "sms_out", "day": "2027-03-30", "type": "usage", "state": "billed", "from": "2027-03-01T00:00:00.000Z", "until": "2027-04-01T00:00:00.000Z",
  "isLate": true, "count": 10, "segments": 10, "price": 2.7, "included": 0, "amount": 2.7, "units": 27000}', 'Its lines have the day and the period of use');
update private.final_charges set done_at = private.present(), billed = 270, documents = '[{"type": "invoice_item", "id": "ii_1", "invoiceId": "in_8", "amount": 270}]';
select is(pg_temp.later() -> 'addsUp' ->> 'invoice', 'true', 'It adds up to its own invoice');
select is(pg_temp.later() ->> 'status', 'closed', 'And is closed when the invoice is made');
update private.final_charges set documents = '[{"type": "credit_note", "id": "cn_1", "invoiceId": "in_8", "amount": 270}]';
select is(pg_temp.later() -> 'addsUp' ->> 'invoice', 'false', 'A credit is not an invoice of the same amount');
select is((select count(*) from public.show_statement(pg_temp.attacker(), 'c0000000-0000-4000-8000-000000000001') where outcome = 'found'), 0::bigint, 'Nor is this statement another tenant''s');

select * from finish();
rollback;
