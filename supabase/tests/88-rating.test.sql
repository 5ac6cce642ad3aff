-- Rating: what messages and fees cost the tenant becomes rows, each usage exactly once, whenever it is rated.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(77);

select pg_temp.join_as('tenant', 'neighbour', 'attacker', 'visitor');
-- The present of billing, which the tests move.
create table pg_temp.clock (at timestamptz);
insert into pg_temp.clock values ('2026-01-10 12:00Z');
grant select, update on pg_temp.clock to service_role;
create or replace function private.present() returns timestamptz language sql stable as 'select at from pg_temp.clock';
create function pg_temp.at(p_at text) returns void language sql as $$ update pg_temp.clock set at = p_at::timestamptz; $$;
update public.plans set markup = 2, spend_limit = 1000;
set local role service_role;
delete from private.master_currency;
select private.learn_currency('USD', 'usage');

create function pg_temp.message(p_user uuid, p_at text, p_price numeric default null, p_estimate numeric default 0.01, p_segments integer default 1, p_plan text default 'team',
  p_kind text default 'sms_out', p_unit text default 'USD') returns uuid language sql as $$
  insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, num_segments, price, price_unit, price_is_foreign, estimated_price, markup, plan_key,
    has_media, created_at)
  values (p_user, case when p_kind like '%out' then 'outbound' else 'inbound' end::public.message_direction, '+15005550101', '+15005550199',
    case when p_kind like '%out' then 'sent' else 'received' end::public.message_status, 'AC1', 'subaccount', p_segments, -p_price, case when p_price is not null then p_unit end,
    coalesce(p_price is not null and p_unit <> 'USD', false), p_estimate, 2, p_plan, p_kind like 'mms%', p_at::timestamptz) returning id;
$$;
create function pg_temp.priced(p_id uuid, p_price numeric) returns void language sql as $$ update public.sms_messages set price = -p_price, price_unit = 'USD' where id = p_id; $$;
create function pg_temp.fee(p_user uuid, p_at text, p_cost numeric, p_kind text default 'registration', p_plan text default 'team', p_unit text default '') returns void language sql as $$
  insert into private.fees (user_id, key, kind, number_id, cost, price_unit, markup, plan_key, charged_at)
  values (p_user, gen_random_uuid()::text, p_kind::public.fee_kind, case when p_kind = 'number' then gen_random_uuid() end, p_cost, p_unit, 2, p_plan, p_at::timestamptz);
$$;
-- An own subscription with one billing period, all metered items from its start on, and one version of a plan.
create function pg_temp.pays(p_user uuid, p_id text, p_from text, p_until text, p_currency text default 'usd', p_trial boolean default false, p_metered text default '-infinity', p_plan text default 'team')
returns void language sql as $$
  insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency, is_trial) values (p_id, p_from::timestamptz, p_until::timestamptz, p_user, 'cus_' || p_id, p_currency, p_trial);
  insert into private.own_subscriptions (subscription_id, since, user_id, plan_key, plan_rank, is_running, created_at) values (p_id, '-infinity', p_user, p_plan, 1, true, '2026-01-01Z') on conflict do nothing;
  insert into private.metered_items (subscription_id, kind, item_id, price_id, since) select p_id, k, 'si_' || k, 'price_' || k, p_metered::timestamptz from unnest(enum_range(null::public.usage_kind)) k on conflict do nothing;
$$;
create function pg_temp.rows(p_user uuid default pg_temp.tenant(), p_after bigint default 0) returns text[] language sql as $$
  select coalesce(array_agg(concat_ws(' ', to_char(r.day, 'DD'), r.kind, r.state, r.loss_reason, r.plan_key, r.count || '/' || r.segments, trim_scale(r.price), 'incl', trim_scale(r.included),
    trim_scale(r.amount), r.currency, r.units, 'rest', trim_scale(r.remainder)) order by r.number), '{}') from private.billing_rows r where r.user_id = p_user and r.number > p_after;
$$;
create function pg_temp.last() returns bigint language sql as $$ select coalesce(max(number), 0) from private.billing_rows; $$;
create function pg_temp.new_rows(p_final boolean default false, p_user uuid default pg_temp.tenant()) returns text[] language plpgsql as $$
declare
  last constant bigint := pg_temp.last();
begin
  perform private.rate_usage(p_user, p_final);
  return pg_temp.rows(p_user, last);
end;
$$;
create function pg_temp.empty() returns void language sql as $$
  delete from private.billing_rows; delete from public.sms_messages; delete from private.fees; delete from private.usage_totals; delete from private.open_days; delete from private.changed_days;
  delete from private.billing_periods; delete from private.own_subscriptions; delete from private.metered_items; delete from private.billing_customers; delete from private.due_work;
  delete from private.exchange_rates; delete from public.subscriptions; delete from public.operator_alerts;
$$;

-- Once, when it is priced ---------------------------------------------------------------------------------------------

select pg_temp.pays(pg_temp.tenant(), 'sub_1', '2026-01-01Z', '2026-02-01Z');
create temp table m as select pg_temp.message(pg_temp.tenant(), '2026-01-10 11:00Z') as id;
select is(pg_temp.new_rows(), '{}', 'A message without a price is not rated');
select pg_temp.priced(id, 0.00793) from m;
select is(pg_temp.new_rows(), '{10 sms_out pending team 1/1 0.01586 incl 0 0.01586 usd 159 rest -0.4}', 'It is rated when Twilio has priced it: the price in whole ten-thousandths, and the rest');
select is(pg_temp.new_rows(), '{}', 'Rated again, nothing is written');
select is((select due_at from private.billing_customers where stripe_customer_id = 'cus_sub_1'), '2026-01-10 12:00Z', 'A row to be sent makes its customer due');
select pg_temp.priced(id, 0.01093) from m;
select is(pg_temp.new_rows(), '{10 sms_out pending team 0/0 0.006 incl 0 0.006 usd 60 rest -0.4}', 'Carrier fees that come later are a difference, and so is any other change of the price');
update public.sms_messages set status = 'not_sent' where id = (select id from m);
select is(pg_temp.new_rows(), '{10 sms_out pending team -1/-1 -0.02186 incl 0 -0.02186 usd -219 rest 0}', 'A message that was not sent after all is given back to the unit, remainder included');
select is((select sum(units) from private.billing_rows), 0::numeric, 'Nothing of it remains');

select pg_temp.empty();
select pg_temp.pays(pg_temp.tenant(), 'sub_1', '2026-01-01Z', '2026-02-01Z');
truncate m; insert into m select pg_temp.message(pg_temp.tenant(), '2026-01-08 12:00:00.000001Z');
select is(pg_temp.new_rows(), '{}', 'A microsecond before 48 hours a message waits for its price');
select pg_temp.at('2026-01-10 12:00:00.000001Z');
select is(pg_temp.new_rows(), '{08 sms_out pending team 1/1 0.02 incl 0 0.02 usd 200 rest 0}', 'After 48 hours it is rated by its estimate');
select pg_temp.priced(id, 0.0079) from m;
select is(pg_temp.new_rows(), '{08 sms_out pending team 0/0 -0.0042 incl 0 -0.0042 usd -42 rest 0}', 'The price that comes later is a difference');
truncate m; insert into m select pg_temp.message(pg_temp.tenant(), '2026-01-10 11:00Z');
select is(pg_temp.new_rows(true), '{10 sms_out pending team 1/1 0.02 incl 0 0.02 usd 200 rest 0}', 'Rated finally, a message counts by its estimate before');
select is(pg_temp.new_rows(), '{}', 'The next rating does not take it back');
select pg_temp.message(pg_temp.tenant(), '2026-01-10 12:00:01Z');
select pg_temp.at('2026-01-10 13:00Z');
select is(pg_temp.new_rows(), '{}', 'A message after the final rating waits for its price again');
update public.sms_messages set status = 'failed' where id = (select id from m);
select is(pg_temp.new_rows(), '{10 sms_out pending team -1/-1 -0.02 incl 0 -0.02 usd -200 rest 0}', 'A message that failed without a price is not billed by its estimate early');

-- Fees ----------------------------------------------------------------------------------------------------------------

select pg_temp.empty();
select pg_temp.pays(pg_temp.tenant(), 'sub_1', '2026-01-01Z', '2026-02-01Z');
select pg_temp.fee(pg_temp.tenant(), '2026-01-10 10:00Z', 1.15, 'number'), pg_temp.fee(pg_temp.tenant(), '2026-01-10 10:00Z', 4);
select is(pg_temp.new_rows(), '{10 number pending team 1/0 2.3 incl 0 2.3 usd 23000 rest 0,10 fee pending team 1/0 8 incl 0 8 usd 80000 rest 0}', 'Fees are rated on the day they are charged');
update private.fees set cost = 1.5 where kind = 'number';
delete from private.fees where kind = 'registration';
select is(pg_temp.new_rows(), '{10 number pending team 0/0 0.7 incl 0 0.7 usd 7000 rest 0,10 fee pending team -1/0 -8 incl 0 -8 usd -80000 rest 0}', 'A changed fee and a deleted one are differences');

-- Who pays ------------------------------------------------------------------------------------------------------------

select pg_temp.empty();
select pg_temp.pays(pg_temp.tenant(), 'sub_1', '2026-01-10 10:00Z', '2026-02-01Z', p_metered => '2026-01-10 11:00Z');
select pg_temp.message(pg_temp.tenant(), t, 0.01) from unnest(array['2026-01-10 09:59:59.999999Z', '2026-01-10 10:00Z', '2026-01-10 10:59:59.999999Z', '2026-01-10 11:00Z']) t;
select is(pg_temp.new_rows(), '{10 sms_out pending team 1/1 0.02 incl 0 0.02 usd 200 rest 0,10 sms_out lost before_metering team 2/2 0.04 incl 0 0.04 usd 400 rest 0,10 sms_out lost no_payer team 1/1 0.02 incl 0 0.02 usd 200 rest 0}',
  'A day is cut at the exact moment at which a period and its metering begin; usage before them is a loss by name');
select results_eq($$ select subscription_id, stripe_customer_id, period_start from private.billing_rows where loss_reason = 'no_payer' $$, $$ values (null::text, null::text, '2026-01-01Z'::timestamptz) $$,
  'Without a payer the period is the calendar month');
select is(pg_temp.new_rows(), '{}', 'Rated again, nothing moves');
insert into public.subscriptions (id, user_id, origin, stripe_customer_id, plan_key, status) values ('sub_1', pg_temp.tenant(), 'operator', 'cus_sub_1', 'team', 'active');
update private.billing_periods set ends_at = '2026-01-10 10:30Z';
select is((select array_agg(distinct (p.payer).ends_at is null) from private.payers_of(pg_temp.tenant(), '2026-01-10 10:30Z', '2026-01-10 13:00Z') p), '{t}', 'Until Stripe tells the next period, it is awaited');
select pg_temp.message(pg_temp.tenant(), '2026-01-10 10:45Z', 0.01);
select is((select is_waiting from private.open_days), false, 'The day was rated as a whole');
select is(pg_temp.new_rows(), '{10 sms_out pending team -1/-1 -0.02 incl 0 -0.02 usd -200 rest 0,10 sms_out lost before_metering team -1/-1 -0.02 incl 0 -0.02 usd -200 rest 0}', 'Usage of a period that is awaited waits, too');
select pg_temp.pays(pg_temp.tenant(), 'sub_1', '2026-01-10 10:30Z', '2026-02-10 10:30Z');
select is(pg_temp.new_rows(), '{10 sms_out pending team 1/1 0.02 incl 0 0.02 usd 200 rest 0,10 sms_out lost before_metering team 2/2 0.04 incl 0 0.04 usd 400 rest 0}', 'When it is read, the usage is rated in it');
select results_eq($$ select subscription_id, period_start, sum(count)::bigint from private.billing_rows where subscription_id is not null group by 1, 2 order by 2 $$,
  $$ values ('sub_1', '2026-01-10 10:00Z'::timestamptz, 1::bigint), ('sub_1', '2026-01-10 10:30Z', 3) $$, 'Each use is in the period that has its moment');

select pg_temp.empty();
select pg_temp.pays(pg_temp.tenant(), 'sub_1', '2026-01-01Z', '2026-02-01Z', p_trial => true);
select pg_temp.message(pg_temp.tenant(), '2026-01-10 11:00Z', 0.01);
select is(pg_temp.new_rows(), '{10 sms_out trial team 1/1 0.02 incl 0 0 usd 0 rest 0}', 'In a trial usage is rated at zero, and not sent');
select is_empty('select from private.billing_customers', 'No customer is due for it');
update private.billing_periods set is_trial = false;
select is(pg_temp.new_rows(), '{10 sms_out pending team 1/1 0.02 incl 0 0.02 usd 200 rest 0,10 sms_out trial team -1/-1 -0.02 incl 0 0 usd 0 rest 0}', 'A period that was no trial after all is billed');
select pg_temp.message(pg_temp.neighbour(), '2026-01-10 11:00Z', 0.01, p_plan => 'fallback');
select is(pg_temp.new_rows(p_user => pg_temp.neighbour()), '{10 sms_out lost no_payer fallback 1/1 0.02 incl 0 0.02 usd 200 rest 0}', 'A tenant of the shared numbers is rated as any other');

-- One remainder for what is billed, and one for what is lost: 159.6 units are billed, 159.6 and 0.8 are lost.
select pg_temp.empty();
select pg_temp.pays(pg_temp.tenant(), 'sub_1', '2026-01-01Z', '2026-02-01Z', p_metered => '2026-01-10 11:00Z');
select pg_temp.message(pg_temp.tenant(), t, 0.00798) from unnest(array['2026-01-10 10:00Z', '2026-01-10 11:00Z']) t;
select is(pg_temp.new_rows(), '{10 sms_out pending team 1/1 0.01596 incl 0 0.01596 usd 160 rest -0.4,10 sms_out lost before_metering team 1/1 0.01596 incl 0 0.01596 usd 160 rest -0.4}',
  'A loss does not carry the remainder of what is billed in the same period');
select pg_temp.message(pg_temp.tenant(), t, 0.00004) from unnest(array['2026-01-10 10:30Z', '2026-01-10 11:30Z']) t;
select is(pg_temp.new_rows(), '{10 sms_out pending team 1/1 0.00008 incl 0 0.00008 usd 0 rest 0.4,10 sms_out lost before_metering team 1/1 0.00008 incl 0 0.00008 usd 0 rest 0.4}',
  'Each carries its own, so no unit moves between the loss and the invoice');

update private.billing_rows set state = 'accepted', accepted_at = created_at, event_at = created_at, billed_start = period_start, billed_subscription_id = subscription_id where state = 'pending';
select is(private.adds_up_in_ledger(jsonb_populate_record(null::private.statement, jsonb_build_object('type', 'period', 'user_id', pg_temp.tenant(), 'subscription_id', 'sub_1', 'stripe_customer_id', 'cus_sub_1',
  'currency', 'usd', 'starts_at', '2026-01-01Z', 'ends_at', '2026-02-01Z'))), true, 'The statement of the period adds up with both remainders');
update private.billing_rows set state = 'pending', accepted_at = null where state = 'accepted';

-- A correction that is split carries the remainder of its own chain, whatever row of the period was written last.
create temp table split as select (private.split_row(r, 100)).id, r.user_id from private.billing_rows r where r.state = 'pending' and r.units = 160;
select results_eq($$ select units, amount, remainder from private.billing_rows where state = 'pending' order by number $$,
  $$ values (100::bigint, 0.01, -0.4), (0, 0.00008, 0.4), (60, 0.00596, 0.4) $$, 'A row that is split keeps the remainder of its chain');
insert into private.billing_rows (user_id, kind, day, unit, reason, subscription_id, stripe_customer_id, period_start, period_end, currency, units)
values (pg_temp.tenant(), 'sms_out', '2026-01-10', 'USD', 'rejection', 'sub_1', 'cus_sub_1', '2026-01-01Z', '2026-02-01Z', 'usd', -30);
select private.split_row(r, -10) from private.billing_rows r where r.reason = 'rejection';
select results_eq($$ select units, amount, remainder from private.billing_rows where reason = 'rejection' order by number $$, $$ values (-10::bigint, 0::numeric, 0::numeric), (-20, 0, 0) $$,
  'Units that are sent again have no amount, also when they are split');

-- Versions ------------------------------------------------------------------------------------------------------------

select pg_temp.empty();
select pg_temp.pays(pg_temp.tenant(), 'sub_1', '2026-01-01Z', '2026-02-01Z');
select pg_temp.message(pg_temp.tenant(), '2026-01-10 11:00Z', 0.01, p_plan => p) from unnest(array['team', 'scale']) p;
select is(pg_temp.new_rows(), '{10 sms_out pending scale 1/1 0.02 incl 0 0.02 usd 200 rest 0,10 sms_out pending team 1/1 0.02 incl 0 0.02 usd 200 rest 0}', 'A day has a row for each version of a plan');

-- Included amounts ----------------------------------------------------------------------------------------------------

select pg_temp.empty();
update public.plans set included_sms_out = 10, included_mms_in = 1, included_numbers = 1 where key = 'team';
select pg_temp.pays(pg_temp.tenant(), 'sub_1', '2026-01-01Z', '2026-02-01Z');
create temp table early as select pg_temp.message(pg_temp.tenant(), '2026-01-09 11:00Z', null, 0.01, 4) as id;
select pg_temp.message(pg_temp.tenant(), '2026-01-10 09:00Z', 0.03, 0, 7), pg_temp.message(pg_temp.tenant(), '2026-01-10 10:00Z', 0.02, 0, 2), pg_temp.message(pg_temp.tenant(), '2026-01-10 11:00Z', 0.02, 0, 2);
select is(pg_temp.new_rows(), '{10 sms_out pending team 3/11 0.14 incl 0.12 0.02 usd 200 rest 0}', 'What the plan includes is used in order; a message that is covered in part has that part of its price');
select pg_temp.priced(id, 0.02) from early;
select is(pg_temp.new_rows(), '{09 sms_out pending team 1/4 0.04 incl 0.04 0 usd 0 rest 0,10 sms_out pending team 0/0 0 incl -0.06857 0.06857 usd 686 rest -0.3}', 'An earlier message that is priced late takes its part first, and the later days change');
update public.sms_messages set status = 'not_sent' where id = (select id from early);
select is(pg_temp.new_rows(), '{09 sms_out pending team -1/-4 -0.04 incl -0.04 0 usd 0 rest -0.3,10 sms_out pending team 0/0 0 incl 0.06857 -0.06857 usd -686 rest 0}', 'One that was not sent gives it back');
select pg_temp.fee(pg_temp.tenant(), '2026-01-10 10:00Z', 1, 'number'), pg_temp.fee(pg_temp.tenant(), '2026-01-10 09:00Z', 1.15, 'number');
select pg_temp.message(pg_temp.tenant(), '2026-01-10 11:00Z', 0.01, p_kind => 'mms_in', p_segments => 3), pg_temp.message(pg_temp.tenant(), '2026-01-10 12:00Z', 0.02, p_kind => 'mms_in', p_segments => 3);
select is(pg_temp.new_rows(), '{10 mms_in pending team 2/6 0.06 incl 0.02 0.04 usd 400 rest 0,10 number pending team 2/0 4.3 incl 2.3 2 usd 20000 rest 0}', 'MMS are included by messages, and numbers by their fees in the order in which they are charged');
update private.own_subscriptions set until = '2026-01-16 12:00Z' where plan_key = 'team';
insert into private.own_subscriptions (subscription_id, since, user_id, plan_key, plan_rank, is_running, created_at) values ('sub_1', '2026-01-16 12:00Z', pg_temp.tenant(), 'scale', 1, true, '2026-01-01Z');
select is((select array_agg(private.included_amount('sms_out', p, private.payer_at(pg_temp.tenant(), '2026-01-10Z')) order by p) from unnest(array['team', 'scale', 'free']) p), '{0,0,5}', 'A version that is replaced in the middle of the period includes half');
select is(pg_temp.new_rows(), '{10 sms_out pending team 0/0 0 incl -0.07714 0.07714 usd 771 rest 0.4,10 mms_in pending team 0/0 0 incl -0.02 0.02 usd 200 rest 0,10 number pending team 0/0 0 incl -2.3 2.3 usd 23000 rest 0}',
  'The uses that half an amount no longer covers are billed, and one that is rounded down to nothing covers none');
update private.own_subscriptions set until = '2026-01-31 23:59:59.999999Z' where plan_key = 'team';
select is((select private.included_amount('sms_out', 'team', private.payer_at(pg_temp.tenant(), '2026-01-10Z'))), 9::bigint, 'A microsecond less than the period is rounded down');
select is((select private.included_amount('sms_out', 'team', p) from private.payer_at(pg_temp.neighbour(), '2026-01-10Z') p), 10::bigint, 'Without a payer a calendar month includes the whole amount');
select throws_ok($$ update public.plans set included_sms_out = 11 where key = 'team' $$, '23001', null, 'What a version includes cannot be changed once usage was rated under it');
select throws_ok($$ update public.plans set currency = 'eur' where key = 'team' $$, '23001', null, 'Nor can its currency');
select throws_ok($$ delete from public.plans where key = 'team' $$, '23001', null, 'Nor can it be deleted: a later change of its usage would take back what it has included');
select throws_ok($$ delete from public.plans where key = 'scale' $$, '23001', null, 'Nor can one that a subscription has had, whose usage may not be rated yet');
select lives_ok($$ update public.plans set included_sms_out = 11, currency = 'eur' where key = 'starter' $$, 'Before that it can');
update public.plans set included_sms_out = 0, currency = 'usd' where key = 'starter';
select lives_ok($$ update public.plans set markup = 2, spend_limit = 999 where key = 'team' $$, 'Markup and limits can always be changed: usage keeps its own');

-- Exchange rates ------------------------------------------------------------------------------------------------------

select pg_temp.empty();
update public.plans set included_sms_out = 0, included_mms_in = 0, included_numbers = 0 where key = 'team';
select pg_temp.pays(pg_temp.tenant(), 'sub_1', '2026-01-01Z', '2026-02-01Z', 'eur');
truncate m; insert into m select pg_temp.message(pg_temp.tenant(), '2026-01-10 11:00Z', 0.01);
select pg_temp.fee(pg_temp.tenant(), '2026-01-10 10:00Z', 1, p_unit => 'EUR'), pg_temp.fee(pg_temp.tenant(), '2026-01-10 10:00Z', 1, p_unit => 'GBP');
select is(pg_temp.new_rows(), '{10 fee pending team 1/0 2 incl 0 2 eur 20000 rest 0}', 'Only usage in the currency of the subscription needs no rate; nothing else is written without one');
select bag_eq($$ select subject from public.operator_alerts where kind = 'exchange_rate' and settled_at is null $$, array['USD eur', 'GBP eur'], 'Each missing rate is an alert');
select is(public.set_exchange_rate('USD', 'eur', '2026-01-01', 0.9, pg_temp.operator(), 'ECB', 'req-1')::text, 'set', 'set_exchange_rate returns set');
select is(public.set_exchange_rate('USD', 'eur', '2026-01-01', 0.9, pg_temp.operator(), 'ECB', 'req-2')::text, 'already', 'set_exchange_rate returns already for the same rate');
select is((select due_at from private.due_work where user_id = pg_temp.tenant() and kind = 'rating'), '2026-01-10 13:00Z', 'The tenants whose usage waits for a rate are due at once');
select is(pg_temp.new_rows(), '{10 sms_out pending team 1/1 0.02 incl 0 0.018 eur 180 rest 0}', 'With the rate it is rated');
select results_eq($$ select actor, action, details from public.audit_log where action = 'exchange_rate.set' $$,
  $$ values ('operator:' || pg_temp.operator(), 'exchange_rate.set', '{"unit": "USD", "currency": "eur", "validFrom": "2026-01-01", "rate": 0.9, "reason": "ECB"}'::jsonb) $$, 'A rate that is set is audited');
select is((select array_agg(subject) from public.operator_alerts where kind = 'exchange_rate' and settled_at is null), '{GBP eur}', 'Its alert is settled, and the other one is not');
select public.set_exchange_rate('USD', 'eur', '2026-01-10', 0.5, pg_temp.operator(), 'ECB', 'req-3');
select pg_temp.priced(id, 0.02) from m;
select is(pg_temp.new_rows(), '{10 sms_out pending team 0/0 0.02 incl 0 0.018 eur 180 rest 0}', 'A later change of usage is rated at the rate of its first row');
select pg_temp.message(pg_temp.tenant(), '2026-01-09 11:00Z', 0.01), pg_temp.message(pg_temp.tenant(), '2026-01-10 11:00Z', 0.01, p_kind => 'sms_in');
select is((pg_temp.new_rows())[1:2], '{09 sms_out pending team 1/1 0.02 incl 0 0.018 eur 180 rest 0,10 sms_in pending team 1/1 0.02 incl 0 0.01 eur 100 rest 0}', 'Each day has the rate in force on it');
update public.sms_messages set price = -0.00995 where kind = 'sms_in';
select is(pg_temp.new_rows(), '{10 sms_in pending team 0/0 -0.0001 incl 0 -0.00005 eur 0 rest -0.5}', 'Half a unit is rounded toward positive infinity, also of a negative amount');
select results_eq($$ select unit, currency, rate from public.list_exchange_rates('USD', null, null, null, null, 10) $$, $$ values ('USD', 'eur', 0.9), ('USD', 'eur', 0.5) $$, 'list_exchange_rates returns the rates by day');
select ok((select bool_or(unit = 'GBP' and currency = 'eur' and plans = '{team}') from public.missing_exchange_rates()), 'missing_exchange_rates names the currency of a subscription that differs from its plan''s');
update public.plans set currency = 'chf' where key = 'starter';
select ok((select bool_or(unit = 'USD' and currency = 'chf' and plans = '{starter}') from public.missing_exchange_rates()), 'missing_exchange_rates names a currency that no rate leads to, and its plans');
update public.plans set currency = 'usd' where key = 'starter';
update private.billing_periods set currency = 'nok';
select is((select plans from public.missing_exchange_rates() where unit = 'USD' and currency = 'nok'), '{team}', 'and one of a subscription, which may differ from that of its plan');
update private.billing_periods set books_closed_at = now();
select is_empty($$ select from public.missing_exchange_rates() where currency = 'nok' $$, 'until its books are closed');

-- What is due ---------------------------------------------------------------------------------------------------------

select pg_temp.empty();
select pg_temp.forget_jobs();
select pg_temp.message(pg_temp.tenant(), '2026-01-10 11:00Z', 0.01);
select ok((select due_at between '2026-01-10 16:30Z' and '2026-01-10 17:30Z' from private.due_work where user_id = pg_temp.tenant() and kind = 'rating'), 'The first usage of a day makes the tenant due in some hours');
select is(public.ask_for_rating(10), 0, 'Before that nothing is asked for');
select pg_temp.at('2026-01-10 18:00Z');
select is(public.ask_for_rating(10), 1, 'Then a job is enqueued');
select pg_temp.new_rows();
select pg_temp.at('2026-01-13 01:00Z');
select pg_temp.new_rows();
select is_empty($$ select from private.due_work where kind = 'rating' union all select from private.open_days $$, '49 hours after its end a day is settled, and the tenant is not due');
select pg_temp.priced(id, 0.02) from public.sms_messages where user_id = pg_temp.tenant();
select is((select due_at from private.due_work where user_id = pg_temp.tenant() and kind = 'rating'), '2026-01-13 01:00Z', 'A settled day that changes is due at once');
select is(pg_temp.new_rows(), '{10 sms_out lost no_payer team 0/0 0.02 incl 0 0.02 usd 200 rest 0}', 'Its change is rated');
select pg_temp.at('2036-01-20Z');
delete from public.sms_messages;
select is(pg_temp.new_rows(), '{}', 'What the end of the retention deletes is no credit');
select pg_temp.at('2036-01-31 23:59Z');
select is(private.purge_billing_rows(10), 0, 'Rows are kept as long as their period');
select pg_temp.at('2036-02-01Z');
select is(private.purge_billing_rows(10), 2, 'Then they are deleted');

-- Attackers -----------------------------------------------------------------------------------------------------------

select pg_temp.sign_in(pg_temp.attacker());
select throws_ok('select * from private.billing_rows', '42501', null, 'A tenant cannot read rows');
select throws_ok($$ select public.rate_usage(pg_temp.tenant(), true) $$, '42501', null, 'A tenant cannot rate');
select throws_ok($$ select public.set_exchange_rate('USD', 'eur', '2026-01-01', 1, pg_temp.attacker(), 'x', 'x') $$, '42501', null, 'A tenant cannot set an exchange rate');
select throws_ok($$ select public.list_exchange_rates(null, null, null, null, null, 10) $$, '42501', null, 'A tenant cannot read exchange rates');

select * from finish();
rollback;
