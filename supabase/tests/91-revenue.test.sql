-- What operators see of billing: revenue, losses, what is not billed yet, what was rejected, and the next invoice.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(41);

create or replace function private.present() returns timestamptz language plpgsql stable set search_path = '' as $$
begin return current_setting('test.present')::timestamptz; end; $$;
create function pg_temp.at(p_at text) returns void language sql as $$ select set_config('test.present', p_at, true) $$;
select pg_temp.join_as('tenant', 'neighbour', 'attacker');
select pg_temp.at('2027-03-20 12:00Z');
insert into private.own_subscriptions (subscription_id, since, user_id, plan_key, plan_rank, is_running, created_at)
values ('sub_1', '-infinity', pg_temp.tenant(), 'team', 1, true, '2027-01-01Z');
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency, books_closed_at) values
  ('sub_1', '2027-02-01Z', '2027-03-01Z', pg_temp.tenant(), 'cus_1', 'eur', '2027-03-03Z'),
  ('sub_1', '2027-03-01Z', '2027-04-01Z', pg_temp.tenant(), 'cus_1', 'eur', null);
insert into private.metered_items (subscription_id, kind, item_id, price_id, since)
select 'sub_1', k, 'si_' || k, 'price_' || k, '2027-01-01Z' from unnest(enum_range(null::public.usage_kind)) k;
insert into private.billing_customers (stripe_customer_id, user_id) values ('cus_1', pg_temp.tenant());
delete from private.changed_days;
delete from private.open_days;
set local role service_role;

-- A row of use: the cost is half of the price, and the exchange rate is 0.9.
create function pg_temp.add(p_day date, p_price numeric, p_units bigint, p_state text, p_loss text default null, p_reason text default 'usage',
  p_currency text default 'eur', p_user uuid default pg_temp.tenant(), p_billed timestamptz default null)
returns uuid language sql as $$
  insert into private.billing_rows (user_id, kind, day, unit, reason, subscription_id, stripe_customer_id, period_start, period_end, count, segments, cost, price,
    exchange_rate, currency, amount, units, state, loss_reason, billed_start, billed_subscription_id, accepted_at, event_at)
  values (p_user, 'sms_out', p_day, 'USD', p_reason::private.billing_row_reason, case when p_loss is distinct from 'no_payer' then 'sub_1' end,
    case when p_loss is distinct from 'no_payer' then 'cus_1' end, date_trunc('month', p_day::timestamp) at time zone 'UTC',
    (date_trunc('month', p_day::timestamp) + interval '1 month') at time zone 'UTC', 1, 1, case p_reason when 'usage' then p_price / 2 else 0 end,
    case p_reason when 'usage' then p_price else 0 end, 0.9, p_currency, case when p_reason = 'usage' and p_state <> 'trial' then p_price * 0.9 else 0 end, p_units,
    p_state::private.billing_state, p_loss::private.loss_reason, p_billed, case when p_billed is not null then 'sub_1' end,
    case when p_state = 'accepted' then private.present() - interval '2 hours' end, p_billed)
  returning id;
$$;
create function pg_temp.revenue(p_by text default 'total', p_user uuid default null, p_from date default '2027-01-01', p_until date default '2028-01-01')
returns text language sql as $$
  select string_agg(format('%s %s: %s = %s + %s, lost %s, cost %s, margin %s', left(month::text, 7), concat_ws(' ', right(user_id::text, 1), currency), trim_scale(revenue),
    trim_scale(billed), trim_scale(unbilled), trim_scale(lost), trim_scale(cost), trim_scale(margin)), e'\n' order by n)
  from public.list_revenue(p_by::public.revenue_by, p_from, p_until, p_user, null, 'month', null, null, null, 50) with ordinality
    as r (month, user_id, currency, revenue, billed, unbilled, lost, cost, margin, n);
$$;
create function pg_temp.losses(p_by text default 'tenant', p_reason text default null, p_user uuid default null) returns text language sql as $$
  select string_agg(format('%s %s %s: %s rows, %s, cost %s', left(month::text, 7), concat_ws(' ', right(user_id::text, 1), currency), reason, row_count, trim_scale(amount),
    trim_scale(cost)), e'\n' order by n)
  from public.list_losses(p_by::public.revenue_by, '2027-01-01', '2028-01-01', p_reason, p_user, null, null, null, null, 50) with ordinality
    as r (month, user_id, currency, reason, row_count, amount, cost, n);
$$;

-- Revenue -------------------------------------------------------------------------------------------------------------

select is(pg_temp.revenue(), null, 'Without rows there is no revenue');
select pg_temp.add('2027-02-03', 2, 18000, 'accepted', p_billed => '2027-02-01Z');
select is(pg_temp.revenue(), '2027-02 eur: 1.8 = 1.8 + 0, lost 0, cost 0.9, margin 0.9',
  'A cost of USD 1 at a rate of 0.9 is EUR 0.90, and a price of USD 2 is a revenue of EUR 1.80');
select pg_temp.add('2027-03-04', 4, 36000, 'pending');
select pg_temp.add('2027-03-04', 1, 9000, 'sending');
select pg_temp.add('2027-03-05', 6, 54000, 'lost', 'before_metering');
select pg_temp.add('2027-03-05', 8, 0, 'trial');
select pg_temp.add('2027-03-06', -0.2, -1800, 'credited');
select pg_temp.add('2027-03-06', 3, 27000, 'lost', 'no_payer', p_user => pg_temp.neighbour());
select pg_temp.add('2027-03-06', 3, 27000, 'invoiced', p_user => pg_temp.neighbour(), p_currency => 'sek');
select is(pg_temp.revenue('tenant'), concat_ws(e'\n', '2027-02 1 eur: 1.8 = 1.8 + 0, lost 0, cost 0.9, margin 0.9',
  '2027-03 1 eur: 4.32 = -0.18 + 4.5, lost 5.4, cost 8.46, margin -4.14', '2027-03 2 eur: 0 = 0 + 0, lost 2.7, cost 1.35, margin -1.35',
  '2027-03 2 sek: 2.7 = 2.7 + 0, lost 0, cost 1.35, margin 1.35'),
  'By tenant and month there is what is billed and not billed yet, what is lost, and the cost of all of it, in each currency alone');
select is(pg_temp.revenue(), concat_ws(e'\n', '2027-02 eur: 1.8 = 1.8 + 0, lost 0, cost 0.9, margin 0.9',
  '2027-03 eur: 4.32 = -0.18 + 4.5, lost 8.1, cost 9.81, margin -5.49', '2027-03 sek: 2.7 = 2.7 + 0, lost 0, cost 1.35, margin 1.35'),
  'In total the tenants are added up, and never the currencies');
select is(pg_temp.revenue('tenant', pg_temp.neighbour()), concat_ws(e'\n', '2027-03 2 eur: 0 = 0 + 0, lost 2.7, cost 1.35, margin -1.35',
  '2027-03 2 sek: 2.7 = 2.7 + 0, lost 0, cost 1.35, margin 1.35'), 'One tenant''s revenue is without that of others');
select is(pg_temp.revenue(p_until => '2027-03-01'), '2027-02 eur: 1.8 = 1.8 + 0, lost 0, cost 0.9, margin 0.9', 'A month at the end of the range is not part of it');
select results_eq($$ select month, right(user_id::text, 1), currency from public.list_revenue('tenant', '2027-01-01', '2028-01-01', null, null, 'month', '2027-03-01', pg_temp.tenant(), 'eur', 1) $$,
  $$ values ('2027-03-01'::date, '2', 'eur') $$, 'The next page of tenants begins after the last row of the page before');
select results_eq($$ select month, user_id, currency from public.list_revenue('total', '2027-01-01', '2028-01-01', null, null, 'month', '2027-02-01', null, 'eur', 1) $$,
  $$ values ('2027-03-01'::date, null::uuid, 'eur') $$, 'The next page of totals begins after the last row of the page before');


-- Other orders.
create function pg_temp.pages(p_order text, p_by text default 'tenant', p_currency text default null) returns text language plpgsql as $$
declare
  last public.revenue;
  pages text[];
begin
  loop
    select r.* into last from public.list_revenue(p_by::public.revenue_by, '2027-01-01', '2028-01-01', null, p_currency, p_order::public.revenue_order, last.month, last.user_id,
      last.currency, 1) r;
    exit when not found;
    pages := pages || concat_ws(' ', to_char(last.month, 'MM'), right(last.user_id::text, 1), last.currency);
  end loop;
  return array_to_string(pages, ', ');
end;
$$;
select is(pg_temp.pages('revenue'), '03 1 eur, 03 2 sek, 02 1 eur, 03 2 eur', 'By revenue the largest comes first, a page at a time');
select is(pg_temp.pages('margin'), '03 1 eur, 03 2 eur, 02 1 eur, 03 2 sek', 'By margin the smallest comes first');
select is(pg_temp.pages('margin', 'total'), '03 eur, 02 eur, 03 sek', 'Totals have the same orders');
select is(pg_temp.pages('revenue', p_currency => 'sek'), '03 2 sek', 'Of one currency there is nothing of another');
select is(pg_temp.pages('month'), '02 1 eur, 03 1 eur, 03 2 eur, 03 2 sek', 'By month the pages are those of the other orders, the oldest first');

-- Units that Stripe had accepted and did not count.
select pg_temp.add('2027-02-03', 0, 8000, 'pending', p_reason => 'rejection');
select is(pg_temp.revenue(p_until => '2027-03-01'), '2027-02 eur: 1.8 = 1 + 0.8, lost 0, cost 0.9, margin 0.9', 'Units that are to be sent again are not billed yet, and the revenue stays');
update private.billing_rows set state = 'accepted', accepted_at = '2027-03-20Z', event_at = '2027-02-03Z', billed_start = '2027-02-01Z', billed_subscription_id = 'sub_1' where reason = 'rejection';
select is(pg_temp.revenue(p_until => '2027-03-01'), '2027-02 eur: 1.8 = 1.8 + 0, lost 0, cost 0.9, margin 0.9', 'Units that were accepted the second time are billed once');
update private.billing_rows set state = 'lost', loss_reason = 'refused' where reason = 'rejection';
select is(pg_temp.revenue(p_until => '2027-03-01'), '2027-02 eur: 1 = 1 + 0, lost 0.8, cost 0.9, margin 0.1', 'Units that are refused for good lower the revenue');

-- The sums stay those of the rows.
update private.billing_rows set state = 'accepted', billed_start = '2027-03-01Z', billed_subscription_id = 'sub_1', event_at = '2027-03-04 00:01Z',
  accepted_at = private.present() - interval '2 hours' where state = 'pending';
update private.billing_rows set tries = tries + 1 where state = 'accepted';
select is((select count(*)::integer from private.revenue_changes), 1, 'A statement that changes no sum notes nothing, and one that changes rows of a key notes one change');
select is(pg_temp.revenue(p_from => '2027-03-01'), concat_ws(e'\n', '2027-03 eur: 4.32 = 3.42 + 0.9, lost 8.1, cost 9.81, margin -5.49',
  '2027-03 sek: 2.7 = 2.7 + 0, lost 0, cost 1.35, margin 1.35'), 'What Stripe accepts becomes billed');
select is((select count(*)::integer from private.revenue_changes), 0, 'Changes are added up once');
select is(public.add_up_revenue(10), 0, 'Without changes add_up_revenue returns 0');

-- Random changes of rows, in statements of several rows.
select setseed(0.13);
create function pg_temp.differences() returns bigint language sql as $$
  select count(*) from (
    select r.user_id, date_trunc('month', r.day::timestamp)::date, r.currency, sum(r.cost * r.exchange_rate),
      sum(case when r.reason = 'usage' then case when r.state in ('lost', 'trial') then 0 else r.amount end when r.state = 'lost' then -r.units / 10000.0 else 0 end),
      sum(case when r.state = 'lost' then case r.reason when 'usage' then r.amount else r.units / 10000.0 end else 0 end)
    from private.billing_rows r group by 1, 2, 3
    except select user_id, month, currency, sum(cost), sum(billed) + sum(unbilled), sum(lost) from private.revenue where user_id is not null and month < '2026-01-01' group by 1, 2, 3) d
  where d.date_trunc < '2026-01-01';
$$;
create function pg_temp.change_at_random() returns void language plpgsql as $$
declare
  kind text;
begin
  for n in 1..60 loop
    kind := (array['usage', 'usage', 'rejection', 'trial'])[1 + floor(random() * 4)::integer];
    perform pg_temp.add('2025-01-01'::date + floor(random() * 90)::integer, (random() * 9 - 3)::numeric(9, 4), (random() * 90000 - 30000)::bigint,
      case kind when 'trial' then kind else (array['pending', 'sending', 'invoiced', 'credited'])[1 + floor(random() * 4)::integer] end, null,
      case kind when 'trial' then 'usage' else kind end,
      (array['eur', 'sek'])[1 + floor(random() * 2)::integer], (array[pg_temp.tenant(), pg_temp.neighbour()])[1 + floor(random() * 2)::integer]);
    if n % 4 = 0 then
      update private.billing_rows r set state = 'lost', loss_reason = 'written_off' where r.day < '2026-01-01' and r.state in ('pending', 'sending') and random() < 0.3;
      update private.billing_rows r set state = 'pending', loss_reason = null where r.day < '2026-01-01' and r.state = 'lost' and random() < 0.3;
      update private.billing_rows r set state = 'invoiced' where r.day < '2026-01-01' and r.state = 'pending' and random() < 0.3;
      delete from private.billing_rows r where r.day < '2026-01-01' and random() < 0.1;
      perform public.add_up_revenue(7);
    end if;
  end loop;
  perform public.add_up_revenue(10000);
end;
$$;
select pg_temp.change_at_random();
select is(pg_temp.differences(), 0::bigint, 'After random changes the revenue of each tenant, month and currency is that of the rows');
select is_empty($$ select month, currency, sum(billed), sum(unbilled), sum(lost), sum(cost), sum(row_count) from private.revenue where user_id is null group by 1, 2
  except select month, currency, sum(billed), sum(unbilled), sum(lost), sum(cost), sum(row_count) from private.revenue where user_id is not null group by 1, 2 $$,
  'The total is the sum of the tenants');
delete from private.billing_rows where day < '2026-01-01';
select public.add_up_revenue(10000);
select is((select array[sum(row_count), sum(cost), sum(billed), sum(unbilled), sum(lost)] from private.revenue where month < '2026-01-01'), array[0, 0, 0, 0, 0]::numeric[],
  'Deleted rows leave nothing in the sums');

-- Losses --------------------------------------------------------------------------------------------------------------

select is(pg_temp.losses(), concat_ws(e'\n', '2027-02 1 eur refused: 1 rows, 0.8, cost 0', '2027-03 1 eur before_metering: 1 rows, 5.4, cost 2.7',
  '2027-03 2 eur no_payer: 1 rows, 2.7, cost 1.35'), 'Losses are told by month, tenant and reason, with what they would have billed and cost');
select is(pg_temp.losses('total', 'no_payer'), '2027-03 eur no_payer: 1 rows, 2.7, cost 1.35', 'Losses of one reason are without the others');
select is(pg_temp.losses(p_user => pg_temp.attacker()), null, 'A tenant without losses has none of others');
select results_eq($$ select reason from public.list_losses('tenant', '2027-01-01', '2028-01-01', null, null, '2027-03-01', pg_temp.tenant(), 'eur', 'before_metering', 5) $$,
  $$ values ('no_payer') $$, 'The next page of losses begins after the last row of the page before');

-- What is not billed yet ----------------------------------------------------------------------------------------------

insert into private.open_days (user_id, day, is_waiting, lacks_rate) values (pg_temp.neighbour(), '2027-03-02', true, true), (pg_temp.tenant(), '2027-03-19', true, false),
  (pg_temp.tenant(), '2027-03-18', false, false);
create function pg_temp.unbilled(p_state text default null, p_user uuid default null, p_last_day date default null) returns text language sql as $$
  select string_agg(concat_ws(' ', day, right(user_id::text, 1), state, kind, currency, trim_scale(amount), units), ', ' order by n)
  from public.list_unbilled(p_state::public.unbilled_state, p_user, p_last_day, null, null, 50) with ordinality
    as r (day, id, user_id, state, kind, currency, amount, units, tries, error, since, n);
$$;
select is(pg_temp.unbilled(), '2027-03-02 2 waits_for_rate, 2027-03-04 1 sending sms_out eur 0.9 9000, 2027-03-19 1 waits_for_price',
  'What is not billed yet comes oldest first: days that wait for a rate or a price, and rows that Stripe has not accepted');
select is(pg_temp.unbilled('waits_for_rate'), '2027-03-02 2 waits_for_rate', 'One state is without the others');
select is(pg_temp.unbilled(p_user => pg_temp.tenant(), p_last_day => '2027-03-10'), '2027-03-04 1 sending sms_out eur 0.9 9000', 'A tenant''s old usage is without new usage and others'' usage');
select results_eq($$ select day from public.list_unbilled(null, null, null, '2027-03-02', pg_temp.neighbour(), 1) $$, $$ values ('2027-03-04'::date) $$,
  'The next page begins after the last row of the page before');

-- What was rejected ---------------------------------------------------------------------------------------------------

update private.billing_rows set rejections = 1, error = 'timestamp_too_far_in_past' where state = 'sending';
select results_eq('select reason, state, loss_reason, units, rejections, error from public.list_rejected(null, null, 50)',
  $$ values ('rejection', 'lost', 'refused', 8000::bigint, 0, null), ('usage', 'sending', null, 9000, 1, 'timestamp_too_far_in_past') $$,
  'Rejected are rows that Stripe refused and units that are sent again, newest first');
select is_empty('select from public.list_rejected(pg_temp.neighbour(), null, 50)', 'Rejected rows of another tenant are not those of this one');
select results_eq($$ select reason from public.list_rejected(null, (select number from private.billing_rows where reason = 'rejection'), 50) $$, $$ values ('usage') $$,
  'The next page of rejected rows begins after the last one of the page before');

-- The next invoice ----------------------------------------------------------------------------------------------------

delete from private.open_days;
insert into private.fees (user_id, key, kind, number_id, cost, markup, plan_key, charged_at, price_unit)
values (pg_temp.tenant(), 'f1', 'number', pg_temp.row_id(1), 1, 2, 'team', '2027-03-10Z', 'USD');
delete from private.changed_days;
insert into private.open_days (user_id, day) values (pg_temp.tenant(), '2027-03-10');
insert into private.exchange_rates (unit, currency, valid_from, rate, reason, set_by) values ('USD', 'eur', '2027-01-01', 0.9, 'test', pg_temp.operator());
create function pg_temp.next() returns text language sql as $$
  select concat_ws(' ', outcome, subscription_id, customer_id, left(private.iso(starts_at), 10), left(private.iso(ends_at), 10), currency, is_trial) || coalesce(e'\n' || (
    select string_agg(format('%s: %s accepted, %s unsent, %s estimated, %s to %s counted, %s missing', k ->> 'kind', k ->> 'acceptedUnits', k ->> 'unsentUnits',
      trim_scale((k ->> 'estimatedAmount')::numeric), k ->> 'leastUnits', k ->> 'mostUnits', k ->> 'missingUnits'), e'\n' order by n)
    from jsonb_array_elements(kinds) with ordinality x (k, n)), '')
  from public.next_invoice_of(pg_temp.tenant());
$$;
update private.billing_rows set billed_start = '2027-03-01Z', billed_subscription_id = 'sub_1', event_at = '2027-03-04Z' where state = 'sending';
select is(pg_temp.next(), concat_ws(e'\n', 'found sub_1 cus_1 2027-03-01 2027-04-01 eur f',
  'sms_out: 36000 accepted, 9000 unsent, 0 estimated, 36000 to 45000 counted, 0 missing', 'number: 0 accepted, 0 unsent, 1.8 estimated, 0 to 0 counted, 0 missing'),
  'The next invoice has what Stripe has accepted, what is not accepted yet, and by estimate what is not rated: a number of USD 1 at twice its cost is EUR 1.80');
update private.billing_rows set accepted_at = private.present() - interval '5 minutes' where state = 'accepted' and billed_start = '2027-03-01Z';
select alike(pg_temp.next(), '%sms_out: 36000 accepted, 9000 unsent, 0 estimated, 0 to 45000 counted%', 'What Stripe accepted minutes ago may not be counted yet');
select is((select count(*)::integer from private.billing_rows where kind = 'number'), 0, 'The estimate writes no row');
select private.rate_usage(pg_temp.tenant());
select alike(pg_temp.next(), '%number: 0 accepted, 18000 unsent, 0 estimated%', 'Rating turns the estimate into units that are not sent: 18,000 of them');
select is((select outcome::text from public.next_invoice_of(pg_temp.neighbour())), 'no_payer', 'A tenant without a subscription of their own has no next invoice');
select is((select outcome::text from public.next_invoice_of(gen_random_uuid())), 'not_found', 'A next invoice of an unknown tenant is not found');

-- One tenant's billing ------------------------------------------------------------------------------------------------

insert into private.tenant_limits (user_id, markup, reason, set_by) values (pg_temp.tenant(), 1.3, 'agreed', pg_temp.operator());
select is(private.billing_of(pg_temp.tenant()) - 'statements', jsonb_build_object('currency', 'eur', 'ownMarkup', 1.3, 'unsent', '[{"currency": "eur", "units": 27000}]'::jsonb,
  'payer', jsonb_build_object('subscriptionId', 'sub_1', 'customerId', 'cus_1', 'periodStart', private.iso('2027-03-01Z'), 'periodEnd', private.iso('2027-04-01Z'), 'isTrial', false)),
  'A tenant''s billing names the payer, the period, the own markup and what is not sent');

select * from finish();
rollback;
