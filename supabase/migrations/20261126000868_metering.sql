-- Sending rows to Stripe as meter events. A row is in state sending before its call begins, so that a process that ends
-- at any point leaves a row whose outcome is unknown, and not a row that is sent twice. Such a row is sent again under
-- the same identifier while Stripe remembers it. Later it is compared with what Stripe has counted.

-- Choosing ------------------------------------------------------------------------------------------------------------

create type public.metering_step as enum ('send', 'compare');
comment on type public.metering_step is
  'send: create the meter event. compare: read the summary of its day in its billed period, because it is unknown '
  'whether Stripe has the event, and too late to repeat it.';

create type public.metering_call as (row_id uuid, step public.metering_step, kind public.usage_kind, event_name text,
  identifier text, value text, timestamp_seconds bigint, billed_start timestamptz, meter_id text, parts jsonb);
comment on type public.metering_call is
  'A call to Stripe for a row. identifier: of the meter event, and the Idempotency-Key. meter_id: null when the meter '
  'has not been read yet. parts: of a comparison, the parts of the day in billed periods, an array of meter_window.';

create function private.metering_call_of(p_row private.billing_rows, p_step public.metering_step)
returns public.metering_call
language plpgsql stable
set search_path = ''
as $$
begin
  return (p_row.id, p_step, p_row.kind, 'switchboard_' || p_row.kind, p_row.id || '.' || p_row.rejections,
    p_row.units::text, extract(epoch from p_row.event_at)::bigint, p_row.billed_start,
    (select m.meter_id from private.meters m where m.kind = p_row.kind),
    case p_step when 'compare' then (select jsonb_agg(w) from private.windows_of_day(p_row.stripe_customer_id,
      p_row.kind, private.utc_day(p_row.event_at), p_row) w) end)::public.metering_call;
end;
$$;
comment on function private.metering_call_of(private.billing_rows, public.metering_step) is 'A call for a row.';

create function private.split_row(p_row private.billing_rows, p_units bigint) returns private.billing_rows
language plpgsql
set search_path = ''
as $$
declare
  part private.billing_rows;
begin
  -- Units that are sent again have no amount.
  update private.billing_rows r
  set units = p_units, amount = case r.reason when 'usage' then p_units / 10000.0 else 0 end
  where r.id = p_row.id returning * into part;
  insert into private.billing_rows (user_id, kind, day, plan_key, unit, reason, subscription_id, stripe_customer_id,
    period_start, period_end, exchange_rate, currency, amount, units, remainder)
  values (p_row.user_id, p_row.kind, p_row.day, p_row.plan_key, p_row.unit, p_row.reason, p_row.subscription_id,
    p_row.stripe_customer_id, p_row.period_start, p_row.period_end, p_row.exchange_rate, p_row.currency,
    p_row.amount - part.amount, p_row.units - p_units,
    case p_row.reason when 'usage' then private.carried_remainder(p_row) else 0 end);
  return part;
end;
$$;
comment on function private.split_row(private.billing_rows, bigint) is
  'Divides a correction that a period has no room for: this row keeps these units, and a new one has the rest. Their '
  'units and amounts add up to those before; count, cost and price stay with the first.';

create function private.begin_sending(p_row private.billing_rows, p_place private.placement)
returns private.billing_rows
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  room bigint;
  begun private.billing_rows := p_row;
begin
  if p_row.units < 0 then
    room := private.room_in(p_row.stripe_customer_id, p_row.kind, p_place.billed_start);
    if room + p_row.units < 0 then
      begun := private.split_row(p_row, -room);
    end if;
  end if;
  update private.billing_rows r
  set state = 'sending', event_at = p_place.event_at, billed_start = p_place.billed_start,
    billed_subscription_id = p_place.subscription_id,
    first_tried_at = present, tried_at = present, tries = r.tries + 1, retry_at = null
  where r.id = begun.id returning * into begun;
  return begun;
end;
$$;
comment on function private.begin_sending(private.billing_rows, private.placement) is
  'Writes that a row is about to be sent, with its timestamp.';

create function private.repeat_of(p_row private.billing_rows) returns public.metering_step
language plpgsql stable
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  period private.billing_periods;
begin
  if p_row.retry_at > present then
    return null;
  end if;
  select * into period from private.billing_periods b
  where b.subscription_id = p_row.billed_subscription_id and b.starts_at = p_row.billed_start;
  if p_row.first_tried_at > present - private.identifier_age() and period.subscription_id is not null
    and p_row.event_at < period.ends_at and private.sending_ends_at(period) > present
  then
    return 'send';
  end if;
  return case when p_row.tried_at <= present - private.summary_lag() then 'compare' end;
end;
$$;
comment on function private.repeat_of(private.billing_rows) is
  'What settles a row whose outcome is unknown: the same call while Stripe remembers the identifier and the period is '
  'open, or the summary. A call that was lost would otherwise land in a period that is final. Null: not yet.';

create function private.rows_to_place(p_customer_id text) returns setof private.billing_rows
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  -- Rows with the same key have the same place. Where the smallest negative one has no room, no other has.
  return query
    select r.* from private.billing_rows r
    where r.id = any (array(
      select distinct on (p.kind, p.day, p.subscription_id, p.period_start, p.currency, sign(p.units)) p.id
      from private.billing_rows p
      where p.stripe_customer_id = p_customer_id and p.state = 'pending'
        and (p.retry_at is null or p.retry_at <= private.present())
      order by p.kind, p.day, p.subscription_id, p.period_start, p.currency, sign(p.units),
        greatest(-p.units, 0), p.number))
    order by greatest(-r.units, 0), r.number;
end;
$$;
comment on function private.rows_to_place(text) is
  'Of the pending rows of a customer, the next one of each kind, day, subscription, period, currency and sign. Those '
  'above zero come first and in order, then negative ones. However many rows wait, only these are placed at a time.';

create function private.accept_empty_rows(p_row private.billing_rows, p_place private.placement) returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
begin
  update private.billing_rows r
  set state = 'accepted', accepted_at = present, event_at = p_place.event_at, billed_start = p_place.billed_start,
    billed_subscription_id = p_place.subscription_id, first_tried_at = present, tried_at = present,
    tries = r.tries + 1, retry_at = null
  where r.id = any (array(
    select e.id from private.billing_rows e
    where e.stripe_customer_id = p_row.stripe_customer_id and e.state = 'pending' and e.units = 0
      and e.kind = p_row.kind and e.day = p_row.day and e.subscription_id = p_row.subscription_id
      and e.period_start = p_row.period_start and e.currency = p_row.currency
    limit 500));
end;
$$;
comment on function private.accept_empty_rows(private.billing_rows, private.placement) is
  'Rows without units need no call. Settles those with the place of this one, up to 500 in a round.';

create function private.choose_calls(p_customer_id text, p_limit integer) returns public.metering_call[]
language plpgsql
set search_path = ''
as $$
declare
  calls public.metering_call[] := '{}';
  taken text[] := '{}';
  candidate private.billing_rows;
  place private.placement;
  step public.metering_step;
begin
  for candidate in
    select * from private.billing_rows r
    where r.stripe_customer_id = p_customer_id and r.state = 'sending' order by r.number
  loop
    taken := taken || (candidate.kind || ' ' || private.utc_day(candidate.event_at));
    step := private.repeat_of(candidate);
    continue when step is null or cardinality(calls) >= p_limit;
    if step = 'send' then
      update private.billing_rows r set tries = r.tries + 1, tried_at = private.present()
      where r.id = candidate.id returning * into candidate;
    end if;
    calls := calls || private.metering_call_of(candidate, step);
  end loop;
  for candidate in select * from private.rows_to_place(p_customer_id) loop
    exit when cardinality(calls) >= p_limit;
    place := case when candidate.units < 0 then private.place_negative(candidate)
      else private.place_positive(candidate) end;
    if place.event_at is null then
      continue;
    elsif candidate.units = 0 then
      perform private.accept_empty_rows(candidate, place);
    -- One row of a day at a time, so that the summary of the day tells whether it was counted.
    elsif candidate.kind || ' ' || private.utc_day(place.event_at) <> all (taken) then
      taken := taken || (candidate.kind || ' ' || private.utc_day(place.event_at));
      calls := calls || private.metering_call_of(private.begin_sending(candidate, place), 'send');
    end if;
  end loop;
  return calls;
end;
$$;
comment on function private.choose_calls(text, integer) is
  'The next calls for a customer, first those with an unknown outcome, then positive rows in order, then negative '
  'ones. Writes that they are about to be made.';

create function private.next_metering(p_customer_id text) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
begin
  return (select min(greatest(present + interval '1 minute', case
      when r.retry_at > present then r.retry_at
      when r.state = 'sending' then r.tried_at + private.summary_lag()
      -- The first seconds of a day or a period, in which no whole second has passed yet.
      when r.created_at > present - interval '5 minutes' then present
      else present + interval '6 hours' end))
    from private.billing_rows r
    where r.stripe_customer_id = p_customer_id and r.state in ('pending', 'sending'));
end;
$$;
comment on function private.next_metering(text) is
  'When a customer for whom nothing can be sent now is looked at again; null when all is sent. A row that waits for a '
  'period or for room is also looked at when a period begins or ends.';

-- Decisions -----------------------------------------------------------------------------------------------------------

create type public.begin_metering_outcome as enum ('leased', 'idle', 'busy', 'fenced', 'unknown_customer');
comment on type public.begin_metering_outcome is
  'leased: make the calls and settle them under the fence. idle: there is nothing to do now, and the lease is given '
  'back. busy: another process has the lease. fenced: the lease was lost.';

create function public.begin_metering(p_customer_id text, p_fence bigint, p_lease_seconds integer, p_limit integer)
returns table (outcome public.begin_metering_outcome, fence bigint, calls jsonb)
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  customer private.billing_customers;
  chosen public.metering_call[];
begin
  select * into customer from private.billing_customers c where c.stripe_customer_id = p_customer_id for update;
  if not found then
    outcome := 'unknown_customer';
  elsif p_fence is null and customer.leased_until > present then
    outcome := 'busy';
    perform private.set_metering_due(p_customer_id, customer.leased_until);
  elsif p_fence is not null and (p_fence <> customer.fence or customer.leased_until is null) then
    outcome := 'fenced';
  else
    fence := case when p_fence is null then customer.fence + 1 else p_fence end;
    if private.is_customer_gone(p_customer_id) then
      perform private.lose_rows_of(p_customer_id);
    end if;
    chosen := private.choose_calls(p_customer_id, p_limit);
    outcome := case when cardinality(chosen) = 0 then 'idle' else 'leased' end;
    calls := to_jsonb(chosen);
    update private.billing_customers c set fence = begin_metering.fence,
      leased_until = case when outcome = 'leased' then present + make_interval(secs => p_lease_seconds) end,
      -- Of a process that ends, the next one finds the rows.
      due_at = case when outcome = 'leased' then present + make_interval(secs => p_lease_seconds)
        else private.next_metering(p_customer_id) end
    where c.stripe_customer_id = p_customer_id;
  end if;
  return next;
end;
$$;
comment on function public.begin_metering(text, bigint, integer, integer) is
  'Takes the customer''s lease, or goes on under the one with this fence, and returns the next calls as an array of '
  'metering_call. At most one of them for each kind and UTC day.';

create function private.is_customer_gone(p_customer_id text) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (select from private.billing_customers c
      where c.stripe_customer_id = p_customer_id and c.gone_at is not null)
    or exists (select from private.stripe_customers s where s.id = p_customer_id and s.deleted_at is not null);
end;
$$;
comment on function private.is_customer_gone(text) is 'Whether a customer is known to be deleted at Stripe.';

create function private.tell_of_lost_customer(p_customer_id text) returns void
language plpgsql
set search_path = ''
as $$
declare
  units constant jsonb := (
    select jsonb_object_agg(l.currency, l.units) from (
      select r.currency, sum(r.units) as units from private.billing_rows r
      where r.stripe_customer_id = p_customer_id and r.state = 'lost' and r.loss_reason = 'customer_gone'
      group by r.currency having sum(r.units) <> 0) l);
begin
  if units is not null then
    perform private.raise_alert('metering', p_customer_id,
      (select c.user_id from private.billing_customers c where c.stripe_customer_id = p_customer_id),
      jsonb_build_object('customerId', p_customer_id, 'lost', true, 'units', units, 'cause', 'customer_gone'));
  end if;
end;
$$;
comment on function private.tell_of_lost_customer(text) is
  'Tells the operator how much usage of a customer who was deleted at Stripe is lost: units by currency.';

create function private.lose_rows_of(p_customer_id text) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.billing_rows r
  set state = 'lost', loss_reason = 'customer_gone', event_at = null, billed_start = null,
    billed_subscription_id = null, retry_at = null
  where r.stripe_customer_id = p_customer_id and r.state in ('pending', 'sending');
  if found then
    perform private.tell_of_lost_customer(p_customer_id);
  end if;
end;
$$;
comment on function private.lose_rows_of(text) is
  'Nothing more can be billed to a customer that was deleted at Stripe.';

create type public.metering_outcome as enum ('accepted', 'unsent', 'unknown', 'refused', 'no_meter', 'too_early',
  'customer_gone', 'compared');
comment on type public.metering_outcome is
  'accepted: Stripe has the event, by its answer or because it knows the identifier. unsent: the call was not made, '
  'or Stripe has certainly not taken the event, and may later. unknown: without an answer, or with an error of the '
  'server. refused: no retry helps. no_meter: the meter is missing or archived. too_early: the timestamp is in the '
  'future for Stripe. compared: the summary of the day was read.';

create type private.metering_report as (row_id uuid, outcome public.metering_outcome, error text, delay_seconds integer,
  counted bigint);
comment on type private.metering_report is
  'What is known of a call. counted: what the summary has for the customer, the kind, the day and the billed period.';

create function private.put_back(p_row private.billing_rows, p_error text, p_delay interval) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.billing_rows r
  set state = 'pending', event_at = null, billed_start = null, billed_subscription_id = null, first_tried_at = null,
    tries = 0, error = p_error, retry_at = private.present() + p_delay
  where r.id = p_row.id;
end;
$$;
comment on function private.put_back(private.billing_rows, text, interval) is
  'Makes a row that Stripe certainly does not have pending again. Its place is chosen anew when it is sent.';

create function private.note_gone_customer(p_customer_id text) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
begin
  update private.billing_customers c set gone_at = present, due_at = present, compare_due_at = present
  where c.stripe_customer_id = p_customer_id and c.gone_at is null;
  return found;
end;
$$;
comment on function private.note_gone_customer(text) is
  'Notes that Stripe does not know a customer any more: the next sending loses its rows, and the next comparison '
  'closes its days. Returns whether that was not known.';

create function public.note_deleted_customer(p_customer_id text) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update private.stripe_customers s set deleted_at = now() where s.id = p_customer_id and s.deleted_at is null;
  return private.note_gone_customer(p_customer_id);
end;
$$;
comment on function public.note_deleted_customer(text) is
  'Notes that a customer was deleted at Stripe. Its pending rows are lost by the next sending, and what Stripe would '
  'accept for it and reject later is not sent. Returns whether usage was billed to it.';

create function private.note_refusal(p_row private.billing_rows, p_error text) returns void
language plpgsql
set search_path = ''
as $$
declare
  times constant integer := p_row.refusals + 1;
begin
  perform private.put_back(p_row, p_error, interval '10 minutes' * power(4, p_row.refusals));
  update private.billing_rows r set rejections = r.rejections + 1, refusals = times
  where r.id = p_row.id;
  if times < private.most_refusals() then
    perform private.alert_metering(p_row, p_error);
  else
    update private.billing_rows r set state = 'lost', loss_reason = 'refused', retry_at = null where r.id = p_row.id;
    -- Not settled by the next row that is accepted.
    perform private.raise_alert('metering', p_row.id::text, p_row.user_id, jsonb_build_object('rowId', p_row.id,
      'customerId', p_row.stripe_customer_id, 'kind', p_row.kind, 'units', p_row.units, 'error', p_error,
      'lost', true));
  end if;
end;
$$;
comment on function private.note_refusal(private.billing_rows, text) is
  'Counts a refusal. The row is sent again under a new identifier, some hours later at last, and then lost.';

create function private.alert_metering(p_row private.billing_rows, p_error text) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.raise_alert('metering', p_row.stripe_customer_id || ' ' || p_row.kind, p_row.user_id,
    jsonb_build_object('rowId', p_row.id, 'customerId', p_row.stripe_customer_id, 'kind', p_row.kind,
      'error', p_error));
end;
$$;
comment on function private.alert_metering(private.billing_rows, text) is
  'Raises the alert that usage of a customer and kind cannot be sent.';

create function private.settle_compared(p_row private.billing_rows, p_counted bigint) returns void
language plpgsql
set search_path = ''
as $$
declare
  expected constant bigint := (private.meter_slice_of(private.meter_day_of(p_row))).expected;
begin
  -- Other units of the day and period may be missing. Then it does not matter which: the comparison sends what is still
  -- missing. What must not happen is that Stripe counts more in a period than was used. So what is missing of the same
  -- day in another period must not decide.
  if (p_row.units > 0 and p_counted > expected) or (p_row.units < 0 and p_counted <= expected + p_row.units) then
    perform private.accept_row(p_row);
  else
    perform private.put_back(p_row, 'not counted by Stripe', interval '0');
    update private.billing_rows r set rejections = r.rejections + 1 where r.id = p_row.id;
  end if;
end;
$$;
comment on function private.settle_compared(private.billing_rows, bigint) is
  'Decides by the summary of the day in the billed period whether Stripe has a row whose outcome was unknown. If not, '
  'it is sent again under a new identifier.';

create function private.accept_row(p_row private.billing_rows) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.billing_rows r set state = 'accepted', accepted_at = private.present(), error = null, retry_at = null
  where r.id = p_row.id;
  perform private.settle_alert('metering', p_row.stripe_customer_id || ' ' || p_row.kind);
end;
$$;
comment on function private.accept_row(private.billing_rows) is
  'Stripe has the row. Usage of the customer and kind can be sent, so an alert about it is settled.';

create function private.settle_call(p_row private.billing_rows, p_report private.metering_report) returns void
language plpgsql
set search_path = ''
as $$
declare
  delay constant interval := make_interval(secs => coalesce(p_report.delay_seconds, 0));
begin
  case p_report.outcome
    when 'accepted' then
      perform private.accept_row(p_row);
    when 'compared' then
      perform private.settle_compared(p_row, p_report.counted);
    when 'refused' then
      if p_row.tries = 1 then
        perform private.note_refusal(p_row, p_report.error);
      else
        -- An earlier call may have had its effect: the summary decides.
        update private.billing_rows r set error = p_report.error, retry_at = private.present() + interval '1 hour'
        where r.id = p_row.id;
      end if;
    when 'customer_gone' then
      perform private.note_gone_customer(p_row.stripe_customer_id);
      perform private.lose_rows_of(p_row.stripe_customer_id);
    else
      -- An earlier call of the row may have had its effect.
      if p_report.outcome <> 'unknown' and p_row.tries = 1 then
        perform private.put_back(p_row, p_report.error, delay);
        -- Stripe may return the error of an Idempotency-Key again for a day.
        update private.billing_rows r set rejections = r.rejections + 1
        where r.id = p_row.id and p_report.outcome in ('no_meter', 'too_early');
      else
        update private.billing_rows r set error = p_report.error, retry_at = private.present() + delay
        where r.id = p_row.id;
      end if;
      if p_report.outcome = 'no_meter' or p_row.created_at < private.present() - interval '2 hours' then
        perform private.alert_metering(p_row, p_report.error);
      end if;
  end case;
end;
$$;
comment on function private.settle_call(private.billing_rows, private.metering_report) is
  'Records the outcome of one call.';

create type public.settle_metering_outcome as enum ('settled', 'fenced');
comment on type public.settle_metering_outcome is
  'fenced: the lease was lost, and nothing was written. The rows stay in state sending.';

create function public.settle_metering(p_customer_id text, p_fence bigint, p_lease_seconds integer, p_reports jsonb)
returns public.settle_metering_outcome
language plpgsql
set search_path = ''
as $$
declare
  report private.metering_report;
  reported private.billing_rows;
begin
  if not private.renew_billing_lease(p_customer_id, p_fence, p_lease_seconds) then
    return 'fenced';
  end if;
  for report in select * from jsonb_populate_recordset(null::private.metering_report, p_reports) loop
    select * into reported from private.billing_rows r
    where r.id = report.row_id and r.stripe_customer_id = p_customer_id and r.state = 'sending';
    if found then
      perform private.settle_call(reported, report);
    end if;
  end loop;
  return 'settled';
end;
$$;
comment on function public.settle_metering(text, bigint, integer, jsonb) is
  'Records the outcomes of calls, an array of metering_report, and renews the lease.';

-- Scheduling ----------------------------------------------------------------------------------------------------------

create function public.ask_for_metering(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  customer_id text;
  asked integer := 0;
begin
  for customer_id in
    update private.billing_customers c set due_at = present + interval '10 minutes'
    where c.stripe_customer_id = any (array(select d.stripe_customer_id from private.billing_customers d
      where d.due_at <= present order by d.due_at limit p_limit for update skip locked))
    returning c.stripe_customer_id
  loop
    perform private.enqueue(jsonb_build_object('kind', 'meter-usage', 'customerId', customer_id));
    asked := asked + 1;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_metering(integer) is
  'Enqueues the sending for customers that are due, in order, and returns their number. A customer whose job is lost'
  ' is due again after ten minutes.';

insert into private.schedules (name, job, every) values
  ('meter-due-customers', '{"kind": "meter-due-customers"}', '1 minute');

create type public.unsent_usage as (kind public.usage_kind, currency text, state text, rows bigint, units bigint);
comment on type public.unsent_usage is 'What of a kind is not accepted by Stripe: pending, or of unknown outcome.';

create function public.list_unsent_usage(p_customer_id text) returns setof public.unsent_usage
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select r.kind, r.currency, r.state::text, count(*), sum(r.units)::bigint from private.billing_rows r
    where r.stripe_customer_id = p_customer_id and r.state in ('pending', 'sending')
    group by r.kind, r.currency, r.state order by r.kind, r.currency, r.state;
end;
$$;
comment on function public.list_unsent_usage(text) is 'What of a customer''s usage Stripe has not accepted.';

create function public.billed_users(p_customer_id text) returns table (user_id uuid)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
    select distinct o.user_id from private.billing_periods b
    join private.own_subscriptions o on o.subscription_id = b.subscription_id
      and o.since < b.ends_at and (o.until is null or o.until > b.starts_at)
    where b.stripe_customer_id = p_customer_id and b.books_closed_at is null
    order by o.user_id;
end;
$$;
comment on function public.billed_users(text) is
  'The tenants whose usage can still be sent into a billing period of a customer: several, when a subscription was '
  'given to another one during the period.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.metering_call_of(private.billing_rows, public.metering_step),
  private.split_row(private.billing_rows, bigint),
  private.begin_sending(private.billing_rows, private.placement),
  private.repeat_of(private.billing_rows),
  private.choose_calls(text, integer),
  private.next_metering(text),
  public.begin_metering(text, bigint, integer, integer),
  private.is_customer_gone(text),
  private.tell_of_lost_customer(text),
  private.lose_rows_of(text),
  private.put_back(private.billing_rows, text, interval),
  private.note_refusal(private.billing_rows, text),
  private.alert_metering(private.billing_rows, text),
  private.settle_compared(private.billing_rows, bigint),
  private.accept_row(private.billing_rows),
  private.settle_call(private.billing_rows, private.metering_report),
  public.settle_metering(text, bigint, integer, jsonb),
  public.ask_for_metering(integer),
  public.list_unsent_usage(text),
  private.rows_to_place(text),
  private.accept_empty_rows(private.billing_rows, private.placement),
  private.note_gone_customer(text),
  public.note_deleted_customer(text),
  public.billed_users(text)
  from public, anon, authenticated;
grant execute on function
  private.metering_call_of(private.billing_rows, public.metering_step),
  private.split_row(private.billing_rows, bigint),
  private.begin_sending(private.billing_rows, private.placement),
  private.repeat_of(private.billing_rows),
  private.choose_calls(text, integer),
  private.next_metering(text),
  public.begin_metering(text, bigint, integer, integer),
  private.is_customer_gone(text),
  private.tell_of_lost_customer(text),
  private.lose_rows_of(text),
  private.put_back(private.billing_rows, text, interval),
  private.note_refusal(private.billing_rows, text),
  private.alert_metering(private.billing_rows, text),
  private.settle_compared(private.billing_rows, bigint),
  private.accept_row(private.billing_rows),
  private.settle_call(private.billing_rows, private.metering_report),
  public.settle_metering(text, bigint, integer, jsonb),
  public.ask_for_metering(integer),
  public.list_unsent_usage(text),
  private.rows_to_place(text),
  private.accept_empty_rows(private.billing_rows, private.placement),
  private.note_gone_customer(text),
  public.note_deleted_customer(text),
  public.billed_users(text)
  to service_role;
