-- Sending rows to Stripe as meter events: the lease, the order, the timestamps, the periods, and what calls lead to.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(83);

create or replace function private.present() returns timestamptz language plpgsql stable set search_path = '' as $$
begin return current_setting('test.present')::timestamptz; end; $$;
create function pg_temp.at(p_at text) returns void language sql as $$ select set_config('test.present', p_at, true) $$;
create function pg_temp.flushes() returns setof text language sql security definer as $$
  select message -> 'period' ->> 'subscriptionId' from private.jobs where lane = 'billing' and message ->> 'kind' = 'close-periods' $$;
select pg_temp.join_as('tenant', 'attacker');
select pg_temp.at('2027-01-20 12:00Z');
set local role service_role;

-- A subscription whose January period begins in the middle of a day, metered since a moment after that.
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency)
values ('sub_1', '2027-01-10 08:00:00.4Z', '2027-02-10 08:00:00.4Z', pg_temp.tenant(), 'cus_1', 'usd');
insert into private.billing_customers (stripe_customer_id, user_id) values ('cus_1', pg_temp.tenant());
insert into private.metered_items (subscription_id, kind, item_id, price_id, since)
select s.id, k, s.id || k, 'price', '2026-01-01Z'
from unnest(enum_range(null::public.usage_kind)) k, (values ('sub_1'), ('sub_2'), ('sub_3')) s (id);
insert into private.meters (kind, meter_id) values ('sms_out', 'mtr_1');

create function pg_temp.add(p_units bigint, p_day date default '2027-01-20', p_kind public.usage_kind default 'sms_out',
  p_start timestamptz default '2027-01-10 08:00:00.4Z', p_customer text default 'cus_1', p_subscription text default 'sub_1')
returns uuid language sql as $$
  insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start, period_end, currency, units, amount, count)
  values (pg_temp.tenant(), p_kind, p_day, 'USD', p_subscription, p_customer, p_start, p_start + interval '1 month', 'usd', p_units, p_units / 10000.0, 1)
  returning id;
$$;
create temp table begun (outcome text, fence bigint, calls jsonb);
create function pg_temp.begin(p_fence bigint default null, p_customer text default 'cus_1') returns text language sql as $$
  delete from begun;
  insert into begun select outcome, fence, calls from public.begin_metering(p_customer, p_fence, 60, 24);
  select outcome || coalesce(': ' || (select string_agg(format('%s %s %s %s %s', c ->> 'step', c ->> 'event_name', c ->> 'value', right(c ->> 'identifier', 2),
    to_char(to_timestamp((c ->> 'timestamp_seconds')::bigint) at time zone 'UTC', 'MM-DD HH24:MI:SS')), ', ' order by o)
    from jsonb_array_elements(calls) with ordinality as t (c, o)), '') from begun;
$$;
create function pg_temp.settle(p_outcome text, p_lease integer default 0, p_counted bigint default null) returns text language sql as $$
  select public.settle_metering('cus_1', (select fence from begun), p_lease, (select jsonb_agg(jsonb_build_object(
    'row_id', c ->> 'row_id', 'outcome', p_outcome, 'error', p_outcome, 'delay_seconds', 60, 'counted', p_counted))
    from begun, jsonb_array_elements(calls) c))::text;
$$;
create function pg_temp.row(p_id uuid) returns text language sql as $$
  select state || coalesce(' ' || loss_reason, '') || ' ' || units || '.' || rejections from private.billing_rows where id = p_id;
$$;
create temp table made (name text primary key, id uuid);
grant all on made, begun to service_role;

-- The lease and the order ---------------------------------------------------------------------------------------------

select is(pg_temp.begin(p_customer => 'cus_none'), 'unknown_customer', 'A customer to whom no usage is billed has nothing to send');
select is(pg_temp.begin(), 'idle', 'Without rows there is nothing to send');
insert into made values ('minus', pg_temp.add(-30)), ('first', pg_temp.add(50)), ('mms', pg_temp.add(7, p_kind => 'mms_out')),
  ('second', pg_temp.add(20)), ('zero', pg_temp.add(0, '2027-01-19'));
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 50 .0 01-20 00:01:00, send switchboard_mms_out 7 .0 01-20 00:01:00',
  'One row of each kind and day is sent at a time, in order; the timestamp is the start of the day and a minute');
select is((select calls -> 0 ->> 'identifier' from begun), (select id || '.0' from made where name = 'first'),
  'The identifier is the id of the row and the number of its rejections');
select is((select calls -> 0 ->> 'meter_id' from begun), 'mtr_1', 'A call names the meter to compare with');
select is(pg_temp.row((select id from made where name = 'zero')), 'accepted 0.0', 'A row without units needs no call');
select results_eq(
  $$ select state::text, tries, first_tried_at, billed_start, billed_subscription_id from private.billing_rows where id = (select id from made where name = 'first') $$,
  $$ values ('sending', 1, '2027-01-20 12:00Z'::timestamptz, '2027-01-10 08:00:00.4Z'::timestamptz, 'sub_1') $$,
  'A row is written as being sent, with its place, before the call');
create temp table first_lease as select * from begun;
select is(pg_temp.begin(), 'busy', 'Another process does not send for the customer meanwhile');
select is((select due_at from private.billing_customers where stripe_customer_id = 'cus_1'), '2027-01-20 12:01Z', 'And the customer is due when the lease ends');
select pg_temp.at('2027-01-20 12:01Z');
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 50 .0 01-20 00:01:00, send switchboard_mms_out 7 .0 01-20 00:01:00',
  'After the end of a process the same calls are made again, under the same identifiers');
select is(public.settle_metering('cus_1', (select fence from first_lease), 60, (select jsonb_agg(jsonb_build_object('row_id', c ->> 'row_id', 'outcome', 'refused')) from first_lease, jsonb_array_elements(calls) c)),
  'fenced', 'A process whose lease another one has taken records nothing');
select is(pg_temp.row((select id from made where name = 'first')), 'sending 50.0', 'And its outcome changes nothing');
select is(public.begin_metering('cus_1', (select fence from first_lease), 60, 24)::text, '(fenced,,)', 'It cannot go on either');
select is(pg_temp.settle('accepted', 60), 'settled', 'The holder records the outcomes of a batch at once');
select is(pg_temp.begin((select fence from begun)), 'leased: send switchboard_sms_out 20 .0 01-20 00:01:00', 'And goes on: positive rows come before negative ones');
select pg_temp.settle('accepted', 60);
select is(pg_temp.begin((select fence from begun)), 'leased: send switchboard_sms_out -30 .0 01-20 00:01:00', 'A negative row is sent while the sum of the period stays at zero or above');
select pg_temp.settle('accepted', 60);
select is(pg_temp.begin((select fence from begun)), 'idle', 'Then all is sent');
select is((select due_at is null and leased_until is null from private.billing_customers where stripe_customer_id = 'cus_1'), true, 'The lease is given back, and the customer is not due');
select is(private.accepted_units('cus_1', 'sms_out', '2027-01-10 08:00:00.4Z'), 40::bigint, 'accepted_units is what Stripe counts in the period');
insert into private.billing_rows (user_id, kind, day, unit, reason, subscription_id, stripe_customer_id, period_start, period_end, currency, units)
values (pg_temp.tenant(), 'sms_out', '2027-01-20', 'USD', 'rejection', 'sub_1', 'cus_1', '2027-01-10 08:00:00.4Z', '2027-02-10 08:00:00.4Z', 'usd', 20);
select is((private.accepted_units('cus_1', 'sms_out', '2027-01-10 08:00:00.4Z'), (select w.expected from private.windows_of_day('cus_1', 'sms_out', '2027-01-20') w))::text, '(20,20)',
  'Units that were proven to be rejected do not count, until they are accepted again');
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 20 .0 01-20 00:01:00', 'They are sent again, on their day');
select pg_temp.settle('accepted');
select is(private.accepted_units('cus_1', 'sms_out', '2027-01-10 08:00:00.4Z'), 40::bigint, 'And count then');

-- Timestamps ----------------------------------------------------------------------------------------------------------

select pg_temp.add(1, '2027-01-10'), pg_temp.add(2, '2027-01-11', 'sms_in');
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 1 .0 01-10 08:01:01, send switchboard_sms_in 2 .0 01-11 00:01:00',
  'On the day on which the period begins the timestamp is in the period: its start, rounded up to a second, and a minute');
select pg_temp.settle('accepted');
update private.metered_items set since = '2027-01-20 11:59:59.5Z' where subscription_id = 'sub_1' and kind = 'fee';
select pg_temp.add(3, p_kind => 'fee');
select is(pg_temp.begin(), 'leased: send switchboard_fee 3 .0 01-20 12:00:00', 'It is not before the item counts, and not in the future');
select pg_temp.settle('accepted');
select is(private.event_time((select b from private.billing_periods b), 'sms_out', '2027-02-10')::text, null, 'On a day that has not come there is no timestamp');

-- What calls lead to --------------------------------------------------------------------------------------------------

insert into made values ('u', pg_temp.add(100, '2027-01-12'));
select pg_temp.begin();
select is(pg_temp.settle('unsent'), 'settled', 'A call that Stripe certainly did not take');
select is((select state || ' ' || tries || ' ' || coalesce(event_at::text, '') from private.billing_rows where id = (select id from made where name = 'u')), 'pending 0 ', 'leaves the row pending');
select is(pg_temp.begin(), 'idle', 'and is repeated after its delay');
select is((select due_at from private.billing_customers where stripe_customer_id = 'cus_1'), '2027-01-20 12:02Z', 'when the customer is due again');
select pg_temp.at('2027-01-20 12:05Z');
select pg_temp.begin(), pg_temp.settle('unknown');
select pg_temp.at('2027-01-20 12:10Z');
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 100 .0 01-12 00:01:00', 'An unknown outcome is settled by the same call');
select pg_temp.settle('unsent');
select is(pg_temp.row((select id from made where name = 'u')), 'sending 100.0', 'which must not make the row pending, when the first call may have arrived');
select pg_temp.add(5, '2027-01-12'), pg_temp.add(6, '2027-01-13');
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 6 .0 01-13 00:01:00', 'Meanwhile no other row of the day is sent, and rows of other days are');
select pg_temp.settle('accepted');
select pg_temp.at('2027-01-21 11:04Z');
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 100 .0 01-12 00:01:00', 'Until 23 hours after the first try the identifier is repeated');
select pg_temp.settle('unknown');
select pg_temp.at('2027-01-21 11:05Z');
select is(pg_temp.begin(), 'idle', 'At 23 hours it is not: Stripe forgets it after 24, and would bill twice');
select pg_temp.at('2027-01-21 12:04Z');
select is(pg_temp.begin(), 'leased: compare switchboard_sms_out 100 .0 01-12 00:01:00', 'The summary of the day is read instead, an hour after the last call');
select pg_temp.settle('compared', p_counted => 0);
select is(pg_temp.row((select id from made where name = 'u')), 'pending 100.1', 'What is not in it is sent again');
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 100 .1 01-12 00:01:00', 'under a new identifier');
select pg_temp.settle('unknown');
select pg_temp.at('2027-01-22 13:00Z');
select is(pg_temp.begin(), 'leased: compare switchboard_sms_out 100 .1 01-12 00:01:00', 'Its outcome may be unknown again');
select pg_temp.settle('compared', p_counted => 100);
select is(pg_temp.row((select id from made where name = 'u')), 'accepted 100.1', 'and what is in the summary is accepted');
select pg_temp.begin(), pg_temp.settle('accepted');
select is(pg_temp.begin(), 'idle', 'Nothing is left');

insert into made values ('r', pg_temp.add(9, '2027-01-14'));
select pg_temp.begin(), pg_temp.settle('no_meter');
select is((select subject || ' ' || (details ->> 'error') from public.operator_alerts where kind = 'metering' and settled_at is null), 'cus_1 sms_out no_meter', 'A missing meter is an alert of the customer and the kind');
select pg_temp.at('2027-01-22 14:00Z');
select pg_temp.begin(), pg_temp.settle('accepted');
select is((select count(*)::integer from public.operator_alerts where kind = 'metering' and settled_at is null), 0, 'which the next row that is accepted settles');
insert into made values ('no meter', pg_temp.add(8, '2027-01-16'));
select pg_temp.begin(), pg_temp.settle('no_meter');
select pg_temp.at('2027-01-22 14:05Z');
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 8 .1 01-16 00:01:00', 'A call that Stripe has answered with an error is repeated under a new Idempotency-Key: the old one may return the error again');
select pg_temp.settle('too_early');
select pg_temp.at('2027-01-22 14:10Z');
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 8 .2 01-16 00:01:00', 'and so is one whose timestamp was in the future for Stripe');
select pg_temp.settle('accepted');
insert into made values ('refused', pg_temp.add(11, '2027-01-15'));
create function pg_temp.refuse(p_day integer) returns text language plpgsql as $$
declare
  begun text;
begin
  perform pg_temp.at((timestamptz '2027-01-22 15:00Z' + p_day * interval '1 day')::text);
  begun := pg_temp.begin();
  perform pg_temp.settle('refused');
  return right(substring(begun from 'sms_out 11 \S+'), 2);
end;
$$;
select is((select string_agg(pg_temp.refuse(n), ' ') from generate_series(0, 4) n), '.0 .1 .2 .3 .4', 'A refused row is sent again under new identifiers');
select is(pg_temp.row((select id from made where name = 'refused')), 'lost refused 11.5', 'and lost after five refusals');
select is((select details ->> 'lost' from public.operator_alerts where kind = 'metering' and subject = (select id::text from made where name = 'refused')), 'true', 'with an alert of its own');

-- A day in two periods, with rows in every state ----------------------------------------------------------------------

select pg_temp.at('2027-01-16 18:00Z');
insert into private.billing_customers (stripe_customer_id, user_id) values ('cus_5', pg_temp.tenant());
insert into private.metered_items (subscription_id, kind, item_id, price_id, since) values ('sub_5', 'sms_out', 'si_5', 'price', '2026-01-01Z');
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency) values
  ('sub_5', '2026-12-16 12:00Z', '2027-01-16 12:00Z', pg_temp.tenant(), 'cus_5', 'usd'), ('sub_5', '2027-01-16 12:00Z', '2027-02-16 12:00Z', pg_temp.tenant(), 'cus_5', 'usd');
-- Accepted in the first period, and lost at Stripe by a late rejection that is not known here.
insert into private.billing_rows (user_id, kind, day, unit, reason, subscription_id, stripe_customer_id, period_start, period_end, currency, units, state, loss_reason, event_at,
  billed_start, billed_subscription_id, accepted_at, retry_at)
select pg_temp.tenant(), 'sms_out', '2027-01-16', 'USD', v.reason::private.billing_row_reason, 'sub_5', 'cus_5', v.start, v.start + interval '31 days', 'usd', v.units, v.state::private.billing_state,
  v.loss::private.loss_reason, v.at, case when v.at is not null then v.start end, case when v.at is not null then 'sub_5' end, case when v.at is not null then '2027-01-16 15:00Z'::timestamptz end, '2027-03-01Z'
from (values ('usage', 100, 'accepted', null, timestamptz '2026-12-16 12:00Z', timestamptz '2027-01-16 00:01Z'), ('usage', 10, 'accepted', null, '2027-01-16 12:00Z', '2027-01-16 12:01Z'),
  ('usage', 5, 'lost', 'written_off', '2027-01-16 12:00Z', '2027-01-16 12:01Z'), ('usage', 7, 'credited', null, '2027-01-16 12:00Z', '2027-01-16 12:01Z'), ('usage', 99, 'lost', 'refused', '2027-01-16 12:00Z', null),
  ('usage', 50, 'pending', null, '2027-01-16 12:00Z', null), ('rejection', 3, 'pending', null, '2027-01-16 12:00Z', null), ('usage', 77, 'trial', null, '2027-01-16 12:00Z', null)) v (reason, units, state, loss, start, at);
insert into private.meter_days (stripe_customer_id, kind, day, billed_start, accepted_at)
values ('cus_5', 'sms_out', '2027-01-16', '2026-12-16 12:00Z', '2027-01-16 15:00Z'), ('cus_5', 'sms_out', '2027-01-16', '2027-01-16 12:00Z', '2027-01-16 15:00Z');
create function pg_temp.unknown(p_units bigint) returns uuid language plpgsql as $$
declare
  unknown constant uuid := pg_temp.add(p_units, '2027-01-16', p_start => '2027-01-16 12:00Z', p_customer => 'cus_5', p_subscription => 'sub_5');
begin
  update private.billing_rows set state = 'sending', event_at = '2027-01-16 12:01Z', billed_start = '2027-01-16 12:00Z', billed_subscription_id = 'sub_5', tries = 1,
    first_tried_at = private.present() - interval '24 hours', tried_at = private.present() - interval '2 hours' where id = unknown;
  return unknown;
end;
$$;
create function pg_temp.decided(p_units bigint, p_counted bigint) returns text language plpgsql as $$
declare
  unknown constant uuid := pg_temp.unknown(p_units);
  decided text;
begin
  perform private.settle_compared(r, p_counted) from private.billing_rows r where r.id = unknown;
  decided := pg_temp.row(unknown);
  delete from private.billing_rows where id = unknown;
  return decided;
end;
$$;
insert into made values ('cut', pg_temp.unknown(40));
select is(pg_temp.begin(p_customer => 'cus_5'), 'leased: compare switchboard_sms_out 40 .0 01-16 12:01:00', 'A row of unknown outcome is compared on a day that two periods share');
select results_eq($$ select (p ->> 'billed_start')::timestamptz, (p ->> 'expected')::integer, (p ->> 'first_at')::timestamptz from begun, jsonb_array_elements(calls -> 0 -> 'parts') p $$,
  $$ values (timestamptz '2026-12-16 12:00Z', 100, timestamptz '2027-01-16 00:01Z'), ('2027-01-16 12:00Z', 19, '2027-01-16 12:01Z') $$,
  'with each part apart: what Stripe has ever accepted in it counts, whatever became of the row, and what was proven to be rejected does not');
delete from private.billing_rows where id = (select id from made where name = 'cut');
select is((select array_agg(pg_temp.decided(u, c)) from (values (40, 19), (40, 59), (40, 20), (40, 0), (-15, 19), (-15, 4), (-15, 0), (-15, 5)) v (u, c)),
  '{pending 40.1,accepted 40.0,accepted 40.0,pending 40.1,pending -15.1,accepted -15.0,accepted -15.0,pending -15.1}',
  'The part decides: a rejection in the other period, of which nothing is known, makes no row be sent twice');

-- Many rows ------------------------------------------------------------------------------------------------------------

select pg_temp.add(0, d, p_start => '2027-01-16 12:00Z', p_customer => 'cus_5', p_subscription => 'sub_5') from unnest(array['2027-01-16', '2027-01-16', '2027-01-16']::date[]) d;
select pg_temp.add(n, '2027-01-16', 'sms_out', '2027-01-16 12:00Z', 'cus_5', 'sub_5') from generate_series(-3, 4) n where n <> 0;
select is((select array_agg(units) from private.rows_to_place('cus_5')), '{0,1,-1}', 'However many rows of a kind and day wait, the first of each sign is placed');
update private.billing_customers set leased_until = null where stripe_customer_id = 'cus_5';
select is(pg_temp.begin(p_customer => 'cus_5'), 'leased: send switchboard_sms_out 1 .0 01-16 12:01:00', 'and one of them is sent at a time');
select is((select count(*) from private.billing_rows where stripe_customer_id = 'cus_5' and units = 0 and state = 'accepted'), 3::bigint, 'Rows without units are settled together');

-- The time zone of the session ----------------------------------------------------------------------------------------

-- A day of New York may have 25 hours. A day of billing never has.
set local timezone = 'America/New_York';
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency) values ('sub_6', '2026-10-15Z', '2026-11-15Z', pg_temp.tenant(), 'cus_6', 'usd');
insert into private.metered_items (subscription_id, kind, item_id, price_id, since) values ('sub_6', 'sms_out', 'si_6', 'price', '2026-11-02 00:30Z');
select is((select private.event_time(b, 'sms_out', '2026-11-01') from private.billing_periods b where b.subscription_id = 'sub_6'), null, 'An item that counts from the next UTC day on counts nothing of the day before, in any time zone of the session');
insert into private.billing_rows (user_id, kind, day, unit, subscription_id, stripe_customer_id, period_start, period_end, currency, units, state, event_at, billed_start, billed_subscription_id, accepted_at)
values (pg_temp.tenant(), 'sms_out', '2026-11-02', 'USD', 'sub_6', 'cus_6', '2026-10-15Z', '2026-11-15Z', 'usd', 8, 'accepted', '2026-11-02 00:31Z', '2026-10-15Z', 'sub_6', '2026-11-02 00:31Z');
insert into private.meter_days (stripe_customer_id, kind, day, billed_start, accepted_at) select 'cus_6', 'sms_out', d, '2026-10-15Z', '2026-11-02 00:31Z' from unnest(array['2026-11-01', '2026-11-02']::date[]) d;
select is((select array_agg(w.day || ' ' || w.expected) from unnest(array['2026-11-01', '2026-11-02']::date[]) d, private.windows_of_day('cus_6', 'sms_out', d) w), '{2026-11-02 8}', 'and an event is compared on one UTC day');
reset timezone;
delete from private.billing_periods where subscription_id in ('sub_5', 'sub_6');

-- Period ends ---------------------------------------------------------------------------------------------------------

insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency)
values ('sub_1', '2027-02-10 08:00:00.4Z', '2027-03-10 08:00:00.4Z', pg_temp.tenant(), 'cus_1', 'usd');
create function pg_temp.ends() returns timestamptz language sql as $$
  select private.sending_ends_at(b) from private.billing_periods b where b.subscription_id = 'sub_1' and b.starts_at = '2027-01-10 08:00:00.4Z' $$;
select is(pg_temp.ends(), '2027-02-10 08:30:00.4Z', 'Half an hour after its end nothing is sent into a period whose invoice was not read');
insert into private.stripe_invoices (id, stripe_customer_id, subscription_id, status, currency, created_at, period_start, period_end, finalises_at, total, billing_reason, metered)
values ('in_1', 'cus_1', 'sub_1', 'draft', 'usd', '2027-02-10 08:00Z', '2027-01-10 08:00:00.4Z', '2027-02-10 08:00:00.4Z', '2027-02-13 08:00Z', 0, 'subscription_cycle', '[{"kind": "sms_out", "quantity": "0"}]');
select is(pg_temp.ends(), '2027-02-12 08:00:00.4Z', 'With a grace of 72 hours the books are open for 48');
update private.stripe_invoices set finalises_at = '2027-02-10 09:00Z';
select is(pg_temp.ends(), '2027-02-10 08:30Z', 'With one of an hour, until half an hour before the invoice is final');
select pg_temp.at('2027-02-10 08:20Z');
insert into made values ('lost answer', pg_temp.add(60, '2027-02-09'));
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 60 .0 02-09 00:01:00', 'Until then usage is sent into its own period');
select pg_temp.settle('unknown');
select pg_temp.add(61, '2027-02-08');
select pg_temp.at('2027-02-10 08:40Z');
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 61 .0 02-10 08:01:01', 'Afterwards into the open one; a call without an answer is not repeated into the closed one');
select pg_temp.settle('accepted');
select pg_temp.at('2027-02-10 09:20Z');
select pg_temp.begin(), pg_temp.settle('compared', p_counted => 0);
select is(pg_temp.begin(), 'leased: send switchboard_sms_out 60 .1 02-10 08:01:01', 'What the summary of its day has not is sent into the open period');
select pg_temp.settle('accepted');
select is((select day || ' ' || billed_start from private.billing_rows where id = (select id from made where name = 'lost answer')), '2027-02-09 2027-02-10 08:00:00.4+00', 'Its true day stays on the row');
select is(public.close_due_periods(10), 1, 'A period that is over is looked at');
select is((select count(*)::integer from private.billing_periods where books_closed_at is not null), 1, 'and its books are closed when its invoice cannot change any more');
select is((select subject from public.operator_alerts where kind = 'invoice_grace'), 'sub_1', 'That was before 48 hours had passed: an alert');
create function pg_temp.closed_early(p_reason text, p_metered jsonb) returns text[] language plpgsql as $$
begin
  delete from public.operator_alerts where kind = 'invoice_grace';
  update private.stripe_invoices set billing_reason = p_reason, metered = p_metered where id = 'in_1';
  perform private.close_period(b) from private.billing_periods b where b.subscription_id = 'sub_1' and b.ends_at < '2027-02-11Z';
  return array(select subject from public.operator_alerts where kind = 'invoice_grace');
end;
$$;
select is(pg_temp.closed_early('subscription_cycle', '[]'), '{}', 'An invoice without metered lines has no grace period: its early end raises no alert');
select is(pg_temp.closed_early('subscription_update', '[{"kind": "sms_out", "quantity": "1"}]'), '{}', 'Nor does that of an invoice for another reason than the end of a period');
select is(pg_temp.closed_early('subscription_cycle', '[{"kind": "sms_out", "quantity": "0"}]'), '{sub_1}', 'That of one with metered lines does, also without usage');

-- Closing in time, old usage ------------------------------------------------------------------------------------------

select pg_temp.at('2027-01-20 12:00Z');
insert into private.billing_customers (stripe_customer_id, user_id) values ('cus_4', pg_temp.tenant());
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency)
values ('sub_2', '2026-02-10Z', '2027-02-10Z', pg_temp.tenant(), 'cus_4', 'usd'), ('sub_2', '2027-02-10Z', '2028-02-10Z', pg_temp.tenant(), 'cus_4', 'usd');
insert into private.stripe_invoices (id, stripe_customer_id, subscription_id, status, currency, created_at, period_start, period_end, finalises_at, total) values
  ('in_0', 'cus_4', 'sub_2', 'paid', 'usd', '2026-02-10Z', '2026-02-10Z', '2027-02-10Z', null, 0),
  ('in_2', 'cus_4', 'sub_2', 'draft', 'usd', '2027-02-10Z', '2026-02-10Z', '2027-02-10Z', '2027-02-13Z', 0);
select pg_temp.add(1, '2026-12-10', p_start => '2026-02-10Z', p_customer => 'cus_4', p_subscription => 'sub_2'), pg_temp.add(2, '2026-12-18', p_start => '2026-02-10Z', p_customer => 'cus_4', p_subscription => 'sub_2');
select is(pg_temp.begin(p_customer => 'cus_4'), 'leased: send switchboard_sms_out 1 .0 01-20 00:01:00, send switchboard_sms_out 2 .0 12-18 00:01:00',
  'In a yearly period usage of 34 days back keeps its day, and older usage is stamped with today; the first invoice of the period ends nothing');
create function pg_temp.closing() returns text language sql as $$
  select concat_ws(' ', to_char(close_due_at at time zone 'UTC', 'MM-DD HH24:MI'), to_char(flushed_at at time zone 'UTC', 'MM-DD HH24:MI'), to_char(books_closed_at at time zone 'UTC', 'MM-DD HH24:MI'))
  from private.billing_periods where subscription_id = 'sub_2' and starts_at = '2026-02-10Z' $$;
select pg_temp.forget_jobs();
select pg_temp.at('2027-02-10 00:15Z');
select public.close_due_periods(10);
select is(pg_temp.closing(), '02-11 23:00', 'The closing of books is looked at an hour before they close');
select pg_temp.at('2027-02-11 23:00Z');
select public.close_due_periods(10);
select results_eq('select pg_temp.flushes()', $$ values ('sub_2') $$, 'Then a job rates and sends the usage of the period');
select is(pg_temp.closing(), '02-11 23:10', 'and another one ten minutes later, when the first one ends before');
select pg_temp.at('2027-02-11 23:02Z');
select is(public.note_flush('sub_2', '2026-02-10Z'), true, 'The flush is recorded');
select is(pg_temp.closing(), '02-12 00:00 02-11 23:02', 'and the books close 48 hours after the end');
select pg_temp.at('2027-02-12 00:00Z');
select public.close_due_periods(10);
select is(pg_temp.closing(), '02-11 23:02 02-12 00:00', 'They are closed');
select is((select count(*)::integer from public.operator_alerts where kind = 'invoice_grace' and subject = 'sub_2'), 0, 'without an alert');
select pg_temp.at('2027-02-10 09:20Z');

-- Negative rows -------------------------------------------------------------------------------------------------------

insert into made values ('credit', pg_temp.add(-200, '2027-02-09'));
select is(pg_temp.begin(), 'idle', 'A correction of a closed period waits until the open one has room for it');
select pg_temp.at('2027-03-10 08:20Z');
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency)
values ('sub_1', '2027-03-10 08:00:00.4Z', '2027-04-10 08:00:00.4Z', pg_temp.tenant(), 'cus_1', 'usd');
select is(pg_temp.begin(), 'leased: send switchboard_sms_out -121 .0 03-10 00:01:00', 'When that period is over, the part that fits is sent');
select pg_temp.settle('accepted');
select results_eq($$ select units, amount, state::text from private.billing_rows where day = '2027-02-09' and units < 0 order by number $$,
  $$ values (-121::bigint, -0.0121, 'accepted'), (-79, -0.0079, 'pending') $$, 'and the rest is the credit of the next: units and amounts add up');

-- Other subscriptions, deleted customers ------------------------------------------------------------------------------

insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency, is_trial) values
  ('sub_2', '2027-01-01Z', '2027-02-01Z', pg_temp.tenant(), 'cus_2', 'usd', false), ('sub_3', '2027-03-01Z', '2027-03-20Z', pg_temp.tenant(), 'cus_2', 'usd', true);
insert into private.billing_customers (stripe_customer_id, user_id) values ('cus_2', pg_temp.tenant());
select pg_temp.add(40, '2027-01-15', p_start => '2027-01-01Z', p_customer => 'cus_2', p_subscription => 'sub_2');
select is(pg_temp.begin(p_customer => 'cus_2'), 'idle', 'Usage of a subscription that is over is not sent into a trial, which bills nothing');
select pg_temp.at('2027-03-20 08:00Z');
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency) values ('sub_3', '2027-03-20Z', '2027-04-20Z', pg_temp.tenant(), 'cus_2', 'usd');
select is(pg_temp.begin(p_customer => 'cus_2'), 'leased: send switchboard_sms_out 40 .0 03-20 00:01:00', 'but into the paid period of another subscription of the customer');
select public.note_deleted_customer('cus_2');
select pg_temp.at('2027-03-20 09:00Z');
select is(pg_temp.begin(p_customer => 'cus_2'), 'idle', 'For a deleted customer nothing is sent');
select is((select string_agg(state || ' ' || loss_reason, ', ') from private.billing_rows where stripe_customer_id = 'cus_2'), 'lost customer_gone', 'What is left is lost by name');

select * from finish();
rollback;
