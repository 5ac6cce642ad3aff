-- Where usage is billed: the lease of a customer, until when a period takes events, and the timestamp that an event
-- gets.

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
  -- Stripe may have canceled it and made the last invoice, although the answer was lost.
  if exists (select from private.cancellations c where c.subscription_id = p_period.subscription_id
    and c.canceling_at < p_period.ends_at)
  then
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
  'Until when calls with a timestamp in the period may begin. -infinity: its books are closed, its invoice is final, a '
  'job is canceling its subscription, or it is a trial, in which Stripe bills nothing.';

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
  'How many units corrections may take off a period, with any outcome of the calls in flight: Stripe bills a sum below '
  'zero as zero and drops the rest.';

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
  private.invoice_of_period(private.billing_periods)
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
  private.invoice_of_period(private.billing_periods)
  to service_role;
