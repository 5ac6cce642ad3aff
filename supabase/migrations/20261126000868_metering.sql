-- Sending rows to Stripe as meter events. A row is in state sending before its call begins, so that a process that ends
-- at any point leaves a row whose outcome is unknown, and not a row that is sent twice. Such a row is sent again under
-- the same identifier while Stripe remembers it. Later it is compared with what Stripe has counted.

alter table private.billing_rows
  add column billed_subscription_id text,
  add column refusals integer not null default 0,
  add column retry_at timestamptz;
comment on column private.billing_rows.billed_subscription_id is
  'The subscription of the period that bills it. Another than subscription_id when that one had ended.';
comment on column private.billing_rows.refusals is
  'How often Stripe refused the call itself. After private.most_refusals() the row is lost.';
comment on column private.billing_rows.retry_at is 'Not sent again before this time.';
create index billing_rows_by_event on private.billing_rows (stripe_customer_id, kind, event_at)
  where event_at is not null;
create index billing_rows_rejections on private.billing_rows (stripe_customer_id, kind, day)
  where reason = 'rejection';

alter table private.billing_customers add column gone_at timestamptz;
comment on column private.billing_customers.gone_at is
  'When the customer was found to be deleted at Stripe. Nothing is sent for it.';

alter table private.billing_periods
  add column close_due_at timestamptz,
  add column flushed_at timestamptz;
comment on column private.billing_periods.close_due_at is
  'When the closing of its books is to be looked at. flushed_at: when its usage was rated finally for that.';
create index billing_periods_to_close on private.billing_periods (close_due_at) where close_due_at is not null;

-- Times ---------------------------------------------------------------------------------------------------------------

create function private.books_open_for() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '48 hours';
end;
$$;
comment on function private.books_open_for() is
  'How long after its end usage is sent into a period. Stripe''s grace period must be longer.';

create function private.final_margin() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '30 minutes';
end;
$$;
comment on function private.final_margin() is
  'No call with a timestamp in a period begins later than this before the period''s invoice is final: far longer than '
  'a call takes, and until Stripe has processed the event.';

create function private.unread_grace() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '30 minutes';
end;
$$;
comment on function private.unread_grace() is
  'How long after its end usage is sent into a period whose invoice is not yet known. Stripe keeps a draft for an hour '
  'at least.';

create function private.identifier_age() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '23 hours';
end;
$$;
comment on function private.identifier_age() is
  'How long after the first try a row is sent again under the same identifier. Stripe remembers it for 24 hours.';

create function private.summary_lag() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '1 hour';
end;
$$;
comment on function private.summary_lag() is
  'After this time Stripe''s summaries have counted an event that it had taken. They are minutes late.';

create function private.oldest_event() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '34 days';
end;
$$;
comment on function private.oldest_event() is
  'The oldest timestamp that is sent. Stripe takes 35 days; the day between them is for calls that are repeated.';

create function private.most_refusals() returns integer
language plpgsql immutable
set search_path = ''
as $$
begin
  return 5;
end;
$$;
comment on function private.most_refusals() is 'A row that Stripe has refused so often is lost.';

-- Leases --------------------------------------------------------------------------------------------------------------

create function private.take_billing_lease(p_customer_id text, p_lease_seconds integer) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  taken bigint;
begin
  update private.billing_customers c
  set fence = c.fence + 1, leased_until = private.present() + make_interval(secs => p_lease_seconds)
  where c.stripe_customer_id = p_customer_id and (c.leased_until is null or c.leased_until <= private.present())
  returning c.fence into taken;
  return taken;
end;
$$;
comment on function private.take_billing_lease(text, integer) is
  'Takes the customer''s lease and returns its fence; null while another process has it.';

create function private.renew_billing_lease(p_customer_id text, p_fence bigint, p_lease_seconds integer)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update private.billing_customers c
  set leased_until = private.present() + make_interval(secs => p_lease_seconds)
  where c.stripe_customer_id = p_customer_id and c.fence = p_fence and c.leased_until is not null;
  return found;
end;
$$;
comment on function private.renew_billing_lease(text, bigint, integer) is
  'Renews the lease if the fence is the newest, and locks it until the end of the transaction. Returns whether it is.';

-- The customer is locked before its periods, invoices, final bills and rows, to prevent deadlocks.

create function private.lock_billing_customer(p_customer_id text) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from private.billing_customers c where c.stripe_customer_id = p_customer_id for update;
end;
$$;
comment on function private.lock_billing_customer(text) is
  'Locks a customer until the end of the transaction. All that writes to several tables of billing calls it first.';

create function private.set_metering_due(p_customer_id text, p_due_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.billing_customers c set due_at = p_due_at
  where c.stripe_customer_id = p_customer_id and (c.due_at is null or c.due_at > p_due_at);
end;
$$;
comment on function private.set_metering_due(text, timestamptz) is
  'Makes a customer due for sending at a time, unless it is due before.';

-- Periods -------------------------------------------------------------------------------------------------------------

create function private.invoice_of_period(p_period private.billing_periods) returns private.stripe_invoices
language plpgsql stable
set search_path = ''
as $$
declare
  invoice private.stripe_invoices;
begin
  -- An invoice that is made during a period, such as the first one, bills no usage of it. A final one comes before a
  -- draft, and the draft that is final first.
  select * into invoice from private.stripe_invoices i
  where i.subscription_id = p_period.subscription_id and i.period_start = p_period.starts_at
    and i.created_at >= p_period.ends_at - interval '1 minute' and i.status <> 'deleted'
  order by (i.status = 'draft' and i.finalised_at is null), i.finalises_at nulls last limit 1;
  return invoice;
end;
$$;
comment on function private.invoice_of_period(private.billing_periods) is
  'The invoice that bills the usage of a period, as last read. All columns are null before it is read.';

create function private.sending_ends_at(p_period private.billing_periods) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  books_close constant timestamptz := p_period.ends_at + private.books_open_for();
  invoice constant private.stripe_invoices := private.invoice_of_period(p_period);
begin
  if p_period.books_closed_at is not null or p_period.is_trial then
    return '-infinity';
  end if;
  if invoice.id is not null then
    if invoice.status <> 'draft' or invoice.finalised_at is not null then
      return '-infinity';
    end if;
    -- Without a time Stripe does not finalise it by itself: what does closes the books first.
    return least(books_close, coalesce(invoice.finalises_at - private.final_margin(), books_close));
  end if;
  if exists (select from public.subscriptions s
    where s.id = p_period.subscription_id and s.ended_at <= p_period.ends_at)
  then
    return p_period.ends_at;
  end if;
  return p_period.ends_at + private.unread_grace();
end;
$$;
comment on function private.sending_ends_at(private.billing_periods) is
  'Until when calls with a timestamp in the period may begin. -infinity: its books are closed, its invoice is final,'
  ' or it is a trial, in which Stripe bills nothing.';

create function private.open_period_of(p_subscription_id text, p_at timestamptz) returns private.billing_periods
language plpgsql stable
set search_path = ''
as $$
declare
  period private.billing_periods;
begin
  select * into period from private.billing_periods b
  where b.subscription_id = p_subscription_id and b.starts_at <= p_at and p_at < b.ends_at
  order by b.starts_at desc limit 1;
  if found and private.sending_ends_at(period) > p_at then
    return period;
  end if;
  return null;
end;
$$;
comment on function private.open_period_of(text, timestamptz) is
  'The period of the subscription into which an event can be sent at a moment. All columns are null without one.';

create function private.ceil_second(p_at timestamptz) returns timestamptz
language plpgsql immutable
set search_path = ''
as $$
begin
  return date_trunc('second', p_at + interval '999999 microseconds');
end;
$$;
comment on function private.ceil_second(timestamptz) is
  'The first whole second that is not before a moment. A floor could be in the period before.';

create function private.event_time(p_period private.billing_periods, p_kind public.usage_kind, p_day date)
returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  day_start constant timestamptz := p_day::timestamp at time zone 'UTC';
  slice_end constant timestamptz := least(day_start + interval '24 hours', p_period.ends_at);
  metered_from constant timestamptz :=
    private.metered_since(p_period.subscription_id, p_kind, slice_end - interval '1 microsecond');
  counted_from constant timestamptz := (select min(m.added_at) from private.metered_items m
    where m.subscription_id = p_period.subscription_id and m.kind = p_kind and m.since = metered_from);
  slice_start constant timestamptz := private.ceil_second(greatest(day_start, p_period.starts_at, metered_from,
    counted_from));
begin
  if metered_from is null or slice_start >= slice_end or slice_start > private.present() then
    return null;
  end if;
  if slice_start + interval '1 minute' < least(slice_end, private.present()) then
    return slice_start + interval '1 minute';
  end if;
  return slice_start;
end;
$$;
comment on function private.event_time(private.billing_periods, public.usage_kind, date) is
  'The timestamp for usage of a UTC day in a period, in whole seconds: the start of the part of the day in which the '
  'period has a metered item of the kind, and a minute later when there is time, because it is not certain to which '
  'side Stripe counts an event on the second of an edge. Null without such a part.';

create type private.placement as (subscription_id text, billed_start timestamptz, event_at timestamptz,
  is_ended boolean);
comment on type private.placement is
  'The period that bills a row, and the timestamp that its event gets. is_ended: the period is over, its books are '
  'not.';

create function private.place_in(p_period private.billing_periods, p_kind public.usage_kind, p_day date)
returns private.placement
language plpgsql stable
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  last_day constant date := private.utc_day(least(present, p_period.ends_at - interval '1 microsecond'));
  event_at timestamptz;
begin
  if p_period.subscription_id is null or private.sending_ends_at(p_period) <= present then
    return null;
  end if;
  event_at := private.event_time(p_period, p_kind, p_day);
  -- Also in a yearly period, and after an outage.
  if event_at is null or event_at < present - private.oldest_event() then
    event_at := private.event_time(p_period, p_kind, last_day);
  end if;
  if event_at is null or event_at < present - private.oldest_event() then
    return null;
  end if;
  return (p_period.subscription_id, p_period.starts_at, event_at, p_period.ends_at <= present)::private.placement;
end;
$$;
comment on function private.place_in(private.billing_periods, public.usage_kind, date) is
  'Where usage of a day is placed in a period: on its day, or on the period''s last day until now when Stripe would '
  'not take that timestamp. All columns are null when nothing can be sent into the period.';

create function private.accepted_units(p_customer_id text, p_kind public.usage_kind, p_billed_start timestamptz,
  p_subscription_id text default null) returns bigint
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce((select sum(r.units) from private.billing_rows r
      where r.stripe_customer_id = p_customer_id and r.billed_start = p_billed_start and r.kind = p_kind
        and r.state = 'accepted'
        and (p_subscription_id is null
          or coalesce(r.billed_subscription_id, r.subscription_id) = p_subscription_id)), 0)
    - coalesce((select sum(r.units) from private.billing_rows r
      where r.stripe_customer_id = p_customer_id and r.kind = p_kind and r.reason <> 'usage'
        and r.period_start = p_billed_start
        and (p_subscription_id is null or r.subscription_id = p_subscription_id)), 0);
end;
$$;
comment on function private.accepted_units(text, public.usage_kind, timestamptz, text) is
  'What Stripe counts of us in a billed period: what it has accepted without what it was proven to have rejected. A '
  'rejection row names the period of the rejected units as its period. p_subscription_id: only what is billed by this '
  'subscription, since another one of the customer may have a period with the same start; null: by all.';

create function private.room_in(p_customer_id text, p_kind public.usage_kind, p_billed_start timestamptz)
returns bigint
language plpgsql stable
set search_path = ''
as $$
begin
  return private.accepted_units(p_customer_id, p_kind, p_billed_start)
    + coalesce((select sum(r.units) from private.billing_rows r
      where r.stripe_customer_id = p_customer_id and r.kind = p_kind and r.state = 'sending' and r.units < 0
        and r.billed_start = p_billed_start), 0);
end;
$$;
comment on function private.room_in(text, public.usage_kind, timestamptz) is
  'How far below zero negative units may go in a period: the sum at Stripe must not become negative whatever the '
  'outcome of the calls that are in flight. Stripe bills a negative sum as zero and drops it.';

create function private.place_positive(p_row private.billing_rows) returns private.placement
language plpgsql stable
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  period private.billing_periods;
  place private.placement;
begin
  select * into period from private.billing_periods b
  where b.subscription_id = p_row.subscription_id and b.starts_at = p_row.period_start;
  place := private.place_in(period, p_row.kind, p_row.day);
  if place.event_at is not null then
    return place;
  end if;
  for period in
    select b.* from private.billing_periods b
    where b.stripe_customer_id = p_row.stripe_customer_id and b.starts_at <= present and present < b.ends_at
      and b.currency = p_row.currency
    order by (b.subscription_id = p_row.subscription_id) desc, b.starts_at, b.subscription_id
  loop
    place := private.place_in(period, p_row.kind, private.utc_day(present));
    if place.event_at is not null then
      return place;
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.place_positive(private.billing_rows) is
  'Where a row is billed: its own period while its books are open, then the open period of its subscription, then that '
  'of another subscription of the customer in the same currency. All columns are null without one: the row stays '
  'pending.';

create function private.place_negative(p_row private.billing_rows) returns private.placement
language plpgsql stable
set search_path = ''
as $$
declare
  period private.billing_periods;
  place private.placement;
  room bigint;
begin
  for period in
    select b.* from private.billing_periods b
    where b.stripe_customer_id = p_row.stripe_customer_id and b.starts_at <= private.present()
      and b.ends_at > private.present() - private.books_open_for() and b.currency = p_row.currency
      and (b.subscription_id <> p_row.subscription_id or b.starts_at >= p_row.period_start)
    order by (b.subscription_id = p_row.subscription_id) desc, b.starts_at, b.subscription_id
  loop
    place := private.place_in(period, p_row.kind, p_row.day);
    if place.event_at is not null then
      room := private.room_in(p_row.stripe_customer_id, p_row.kind, place.billed_start);
      -- In part only when no more usage of the period is to come.
      if room + p_row.units >= 0 or (room > 0 and place.is_ended) then
        return place;
      end if;
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.place_negative(private.billing_rows) is
  'Where a negative row lowers a bill: the first period that has room for it, from its own on. What has no room waits, '
  'and is the credit of the next period.';

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

-- Closing of books ----------------------------------------------------------------------------------------------------

create function private.note_period_end() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.books_closed_at is null then
    new.close_due_at := new.ends_at + interval '15 minutes';
  end if;
  return new;
end;
$$;
comment on function private.note_period_end() is
  'Trigger: the closing of its books is looked at after a period''s end.';
create trigger note_period_end before insert or update of ends_at on private.billing_periods
  for each row execute function private.note_period_end();

create function private.note_new_period() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.set_metering_due(new.stripe_customer_id, private.present())
  where exists (select from private.billing_rows r
    where r.stripe_customer_id = new.stripe_customer_id and r.state = 'pending');
  return null;
end;
$$;
comment on function private.note_new_period() is 'Trigger: rows that waited for an open period can be sent.';
create trigger note_new_period after insert on private.billing_periods
  for each row execute function private.note_new_period();

create function private.note_read_invoice() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update private.billing_periods b set close_due_at = private.present()
  where b.subscription_id = new.subscription_id and b.starts_at = new.period_start and b.books_closed_at is null
    and new.created_at >= b.ends_at - interval '1 minute';
  if found then
    perform private.set_metering_due(new.stripe_customer_id, private.present());
  end if;
  return null;
end;
$$;
comment on function private.note_read_invoice() is
  'Trigger: an invoice that is read tells until when usage can be sent into its period.';
create trigger note_read_invoice after insert or update of status, finalises_at, finalised_at, period_start
  on private.stripe_invoices for each row when (new.subscription_id is not null and new.period_start is not null)
  execute function private.note_read_invoice();

create function private.is_invoice_known(p_period private.billing_periods) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return (private.invoice_of_period(p_period)).id is not null
    or exists (select from public.subscriptions s
      where s.id = p_period.subscription_id and s.ended_at <= p_period.ends_at);
end;
$$;
comment on function private.is_invoice_known(private.billing_periods) is
  'Whether it is known until when usage can be sent into a period that is over.';

create function private.flush_at(p_period private.billing_periods) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return greatest(private.sending_ends_at(p_period) - interval '1 hour', p_period.ends_at + interval '15 minutes');
end;
$$;
comment on function private.flush_at(private.billing_periods) is
  'When the usage of a period is rated finally: early enough to send it before the books close. An estimate is final '
  'at an age of 48 hours, which for the last usage of a period is the moment at which its books close.';

create function private.close_period(p_period private.billing_periods) returns void
language plpgsql
set search_path = ''
as $$
declare
  is_early constant boolean := private.present() < p_period.ends_at + private.books_open_for();
  is_over constant boolean := exists (select from public.subscriptions s
    where s.id = p_period.subscription_id and s.ended_at <= p_period.ends_at);
begin
  update private.billing_periods b set books_closed_at = private.present(), close_due_at = null
  where b.subscription_id = p_period.subscription_id and b.starts_at = p_period.starts_at;
  perform private.set_metering_due(p_period.stripe_customer_id, private.present());
  if is_early and not is_over and private.has_grace(private.invoice_of_period(p_period)) then
    perform private.raise_alert('invoice_grace', p_period.subscription_id, p_period.user_id, jsonb_build_object(
      'subscriptionId', p_period.subscription_id, 'periodStart', private.iso(p_period.starts_at),
      'periodEnd', private.iso(p_period.ends_at)));
  end if;
end;
$$;
comment on function private.close_period(private.billing_periods) is
  'Closes the books of a period. Its rows that are pending are then sent into an open one. An alert tells when its '
  'invoice should have had a grace period and was final before 48 hours had passed. check_grace settles it.';

create function private.look_at_closing(p_period private.billing_periods) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  closes_at constant timestamptz := private.sending_ends_at(p_period);
  must_flush constant boolean := closes_at > present
    and (p_period.flushed_at is null or p_period.flushed_at < private.flush_at(p_period));
  next timestamptz;
begin
  if closes_at <= present
    and (private.is_invoice_known(p_period) or p_period.is_trial
      or present >= p_period.ends_at + private.books_open_for())
    and p_period.ends_at <= present
  then
    perform private.close_period(p_period);
    return false;
  end if;
  next := case
    -- The invoice is not known yet: reading it makes the period due.
    when closes_at <= present then least(present + interval '1 hour', p_period.ends_at + private.books_open_for())
    when not must_flush then closes_at
    -- Of a process that ends, the next one flushes.
    when private.flush_at(p_period) <= present then present + interval '10 minutes'
    else private.flush_at(p_period) end;
  update private.billing_periods b set close_due_at = greatest(next, p_period.ends_at)
  where b.subscription_id = p_period.subscription_id and b.starts_at = p_period.starts_at;
  return must_flush and private.flush_at(p_period) <= present;
end;
$$;
comment on function private.look_at_closing(private.billing_periods) is
  'Closes the books of a period when it is time, or says when they are to be looked at again. Returns whether the '
  'period is to be flushed now.';

create function public.close_due_periods(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  due private.billing_periods;
  period private.billing_periods;
  looked_at integer := 0;
begin
  for due in
    select * from private.billing_periods b where b.close_due_at <= private.present()
    order by b.close_due_at limit p_limit
  loop
    -- A customer whom another process holds is left to the next run.
    perform from private.billing_customers c where c.stripe_customer_id = due.stripe_customer_id
    for update skip locked;
    continue when not found and exists (select from private.billing_customers c
      where c.stripe_customer_id = due.stripe_customer_id);
    select * into period from private.billing_periods b
    where b.subscription_id = due.subscription_id and b.starts_at = due.starts_at
      and b.close_due_at <= private.present()
    for update skip locked;
    continue when not found;
    looked_at := looked_at + 1;
    if private.look_at_closing(period) then
      perform private.enqueue(jsonb_build_object('kind', 'close-periods', 'period', jsonb_build_object(
        'customerId', period.stripe_customer_id, 'subscriptionId', period.subscription_id,
        'startsAt', period.starts_at)));
    end if;
  end loop;
  return looked_at;
end;
$$;
comment on function public.close_due_periods(integer) is
  'Closes the books of periods that are due, and enqueues the flush of those that close soon. Returns their number.';

create function public.note_flush(p_subscription_id text, p_starts_at timestamptz) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  period private.billing_periods;
begin
  perform private.lock_billing_customer(b.stripe_customer_id) from private.billing_periods b
  where b.subscription_id = p_subscription_id and b.starts_at = p_starts_at;
  update private.billing_periods b set flushed_at = private.present()
  where b.subscription_id = p_subscription_id and b.starts_at = p_starts_at and b.books_closed_at is null
  returning * into period;
  if found then
    perform private.look_at_closing(period);
  end if;
  return found;
end;
$$;
comment on function public.note_flush(text, timestamptz) is
  'Records that a period was rated finally and all that could be sent is sent. Returns whether its books were open.';

create function public.close_books(p_subscription_id text) returns timestamptz
language plpgsql
set search_path = ''
as $$
declare
  customer_id text;
begin
  -- Two periods may be open: one in its grace, and the present one.
  select b.stripe_customer_id into customer_id from private.billing_periods b
  where b.subscription_id = p_subscription_id limit 1;
  perform private.lock_billing_customer(customer_id);
  update private.billing_periods b set books_closed_at = private.present(), close_due_at = null
  where b.subscription_id = p_subscription_id and b.books_closed_at is null;
  return coalesce((select c.leased_until from private.billing_customers c
    where c.stripe_customer_id = customer_id and c.leased_until > private.present()), private.present());
end;
$$;
comment on function public.close_books(text) is
  'Ends the sending into all periods of a subscription, before it is canceled or its draft is finalised. Returns until '
  'when a call may still be in flight.';

insert into private.schedules (name, job, every) values ('close-periods', '{"kind": "close-periods"}', '1 minute');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.books_open_for(),
  private.final_margin(),
  private.unread_grace(),
  private.identifier_age(),
  private.summary_lag(),
  private.oldest_event(),
  private.most_refusals(),
  private.take_billing_lease(text, integer),
  private.renew_billing_lease(text, bigint, integer),
  private.lock_billing_customer(text),
  private.set_metering_due(text, timestamptz),
  private.sending_ends_at(private.billing_periods),
  private.open_period_of(text, timestamptz),
  private.ceil_second(timestamptz),
  private.event_time(private.billing_periods, public.usage_kind, date),
  private.place_in(private.billing_periods, public.usage_kind, date),
  private.accepted_units(text, public.usage_kind, timestamptz, text),
  private.room_in(text, public.usage_kind, timestamptz),
  private.place_positive(private.billing_rows),
  private.place_negative(private.billing_rows),
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
  private.invoice_of_period(private.billing_periods),
  private.rows_to_place(text),
  private.accept_empty_rows(private.billing_rows, private.placement),
  private.note_gone_customer(text),
  public.note_deleted_customer(text),
  public.billed_users(text),
  private.note_period_end(),
  private.note_new_period(),
  private.note_read_invoice(),
  private.is_invoice_known(private.billing_periods),
  private.flush_at(private.billing_periods),
  private.close_period(private.billing_periods),
  private.look_at_closing(private.billing_periods),
  public.close_due_periods(integer),
  public.note_flush(text, timestamptz),
  public.close_books(text)
  from public, anon, authenticated;
grant execute on function
  private.books_open_for(),
  private.final_margin(),
  private.unread_grace(),
  private.identifier_age(),
  private.summary_lag(),
  private.oldest_event(),
  private.most_refusals(),
  private.take_billing_lease(text, integer),
  private.renew_billing_lease(text, bigint, integer),
  private.lock_billing_customer(text),
  private.set_metering_due(text, timestamptz),
  private.sending_ends_at(private.billing_periods),
  private.open_period_of(text, timestamptz),
  private.ceil_second(timestamptz),
  private.event_time(private.billing_periods, public.usage_kind, date),
  private.place_in(private.billing_periods, public.usage_kind, date),
  private.accepted_units(text, public.usage_kind, timestamptz, text),
  private.room_in(text, public.usage_kind, timestamptz),
  private.place_positive(private.billing_rows),
  private.place_negative(private.billing_rows),
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
  private.invoice_of_period(private.billing_periods),
  private.rows_to_place(text),
  private.accept_empty_rows(private.billing_rows, private.placement),
  private.note_gone_customer(text),
  public.note_deleted_customer(text),
  public.billed_users(text),
  private.is_invoice_known(private.billing_periods),
  private.flush_at(private.billing_periods),
  private.close_period(private.billing_periods),
  private.look_at_closing(private.billing_periods),
  public.close_due_periods(integer),
  public.note_flush(text, timestamptz),
  public.close_books(text)
  to service_role;
