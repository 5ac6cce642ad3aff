-- Comparing what Stripe counts and bills with our rows. An accepted meter event can be rejected later, and only a thin
-- event tells of it, with samples. So the summaries of Stripe's meters are compared with our rows by customer, kind and
-- UTC day. What is missing for certain is sent again by one row. A final invoice is compared in the same way.

-- Days ----------------------------------------------------------------------------------------------------------------

create table private.meter_days (
  stripe_customer_id text not null,
  kind public.usage_kind not null,
  day date not null,
  billed_start timestamptz not null,
  accepted_at timestamptz not null,
  compared_at timestamptz,
  confirmed_at timestamptz,
  missing bigint,
  missing_since timestamptz,
  reported_at timestamptz,
  codes text[] not null default '{}',
  closed_at timestamptz,
  primary key (stripe_customer_id, kind, day, billed_start)
);
comment on table private.meter_days is
  'The UTC days of timestamps on which Stripe has accepted meter events of a customer, kind and billed period, and how '
  'the last comparison with Stripe''s summary ended. A day that a period cuts has two rows.';
comment on column private.meter_days.accepted_at is 'When Stripe accepted the last event of the day.';
comment on column private.meter_days.confirmed_at is
  'When the summary was equal to our rows; null since more was accepted or reported.';
comment on column private.meter_days.missing is
  'What the last comparison found missing. It is sent again when a later comparison finds the same. missing_since: '
  'when it was first found.';
comment on column private.meter_days.reported_at is
  'When Stripe last reported errors among events that may be of this day. codes: their codes.';
comment on column private.meter_days.closed_at is
  'When the final invoice of the period was compared. The day is not compared any more.';
create index meter_days_unconfirmed on private.meter_days (stripe_customer_id)
  where confirmed_at is null and closed_at is null;
create index meter_days_by_period on private.meter_days (stripe_customer_id, billed_start);
alter table private.meter_days enable row level security;
revoke all on private.meter_days from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.meter_days to service_role;

create index billing_rows_by_acceptance on private.billing_rows (kind, accepted_at) where accepted_at is not null;
create index stripe_invoices_uncompared on private.stripe_invoices (stripe_customer_id) where compared_at is null;

-- Times ---------------------------------------------------------------------------------------------------------------

create function private.comparison_delay() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '3 hours';
end;
$$;
comment on function private.comparison_delay() is
  'How long after it was accepted usage is compared: longer than Stripe''s summaries lag.';

create function private.comparison_pause(p_is_reported boolean) returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when p_is_reported then interval '1 hour' else interval '12 hours' end;
end;
$$;
comment on function private.comparison_pause(boolean) is
  'After which time a difference that is found again is certain. Longer when Stripe reported no errors: its summaries '
  'may be late for hours, and what is sent again too early is billed twice.';

create function private.set_comparison_due(p_customer_id text, p_due_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.billing_customers c set compare_due_at = p_due_at
  where c.stripe_customer_id = p_customer_id and (c.compare_due_at is null or c.compare_due_at > p_due_at);
end;
$$;
comment on function private.set_comparison_due(text, timestamptz) is
  'Makes a customer due for a comparison at a time, unless it is due before.';

create function private.note_accepted_row() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into private.meter_days as d (stripe_customer_id, kind, day, billed_start, accepted_at)
  values (new.stripe_customer_id, new.kind, private.utc_day(new.event_at), new.billed_start, new.accepted_at)
  on conflict (stripe_customer_id, kind, day, billed_start) do update
  set accepted_at = excluded.accepted_at, confirmed_at = null, missing = null, missing_since = null;
  perform private.set_comparison_due(new.stripe_customer_id, new.accepted_at + private.comparison_delay());
  return null;
end;
$$;
comment on function private.note_accepted_row() is
  'Trigger: what Stripe has accepted is compared with its summary some hours later.';
create trigger note_accepted_row after update of state on private.billing_rows for each row
  when (new.state = 'accepted' and old.state <> 'accepted' and new.units <> 0)
  execute function private.note_accepted_row();

create function private.take_moved_usage() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  before private.billing_periods;
  first_day constant date := private.utc_day(new.starts_at);
begin
  select * into before from private.billing_periods b
  where b.subscription_id = new.subscription_id and b.starts_at < new.starts_at
  order by b.starts_at desc limit 1;
  with moved as (
    update private.billing_rows r set billed_start = new.starts_at
    where r.stripe_customer_id = new.stripe_customer_id and r.kind = any (enum_range(null::public.usage_kind))
      and r.event_at >= new.starts_at and r.event_at < new.ends_at
      and r.billed_subscription_id = new.subscription_id and r.billed_start = before.starts_at
    returning r.*
  )
  insert into private.meter_days as d (stripe_customer_id, kind, day, billed_start, accepted_at)
  select new.stripe_customer_id, m.kind, private.utc_day(m.event_at), new.starts_at, max(m.accepted_at)
  from moved m where m.accepted_at is not null and m.units <> 0 group by m.kind, private.utc_day(m.event_at)
  on conflict (stripe_customer_id, kind, day, billed_start) do update
  set accepted_at = excluded.accepted_at, confirmed_at = null, missing = null, missing_since = null;
  if found then
    delete from private.meter_days d
    where d.stripe_customer_id = new.stripe_customer_id and d.billed_start = before.starts_at and d.day >= first_day
      and not exists (select from private.billing_rows r
        where r.stripe_customer_id = d.stripe_customer_id and r.kind = d.kind and r.billed_start = d.billed_start
          and r.accepted_at is not null and r.units <> 0 and private.utc_day(r.event_at) = d.day);
    update private.meter_days d set confirmed_at = null, missing = null, missing_since = null
    where d.stripe_customer_id = new.stripe_customer_id and d.billed_start = before.starts_at and d.day = first_day;
    update private.billing_rows r set period_start = new.starts_at, period_end = new.ends_at
    where r.stripe_customer_id = new.stripe_customer_id and r.reason = 'rejection'
      and r.subscription_id = new.subscription_id and r.period_start = before.starts_at and r.day > first_day;
    perform private.set_comparison_due(new.stripe_customer_id, private.present() + private.comparison_delay());
  end if;
  update private.stripe_invoices i
  set period_start = new.starts_at, period_end = new.ends_at, compared_at = null
  where i.subscription_id = new.subscription_id and i.period_start = before.starts_at
    and (i.metered -> 0 ->> 'periodStart')::timestamptz >= new.starts_at
    and (i.metered -> 0 ->> 'periodStart')::timestamptz < new.ends_at;
  return null;
end;
$$;
comment on function private.take_moved_usage() is
  'Trigger: a period that Stripe began in another takes over what was sent meanwhile with a timestamp in it, and the '
  'invoices that bill it. Usually there is nothing: a period is read before its first event.';
create trigger take_moved_usage after insert on private.billing_periods
  for each row execute function private.take_moved_usage();

-- What Stripe should count --------------------------------------------------------------------------------------------

create type private.meter_slice as (expected bigint, positive bigint, negative bigint, first_at timestamptz,
  last_at timestamptz);
comment on type private.meter_slice is
  'What Stripe has accepted of a customer, kind, UTC day and billed period and was not proven to have rejected. '
  'positive and negative: the sums of both kinds of rows. first_at and last_at: the timestamps of the events.';

create function private.meter_day_of(p_row private.billing_rows) returns private.meter_days
language plpgsql immutable
set search_path = ''
as $$
declare
  part private.meter_days;
begin
  part.stripe_customer_id := p_row.stripe_customer_id;
  part.kind := p_row.kind;
  part.day := private.utc_day(p_row.event_at);
  part.billed_start := p_row.billed_start;
  return part;
end;
$$;
comment on function private.meter_day_of(private.billing_rows) is
  'The key of the day on which a row is, or may be, at Stripe, also before anything of the day was accepted.';

create function private.meter_slice_of(p_day private.meter_days) returns private.meter_slice
language plpgsql stable
set search_path = ''
as $$
declare
  day_start constant timestamptz := p_day.day::timestamp at time zone 'UTC';
  slice private.meter_slice;
  again record;
begin
  -- Also rows whose state changed afterwards, because no invoice billed them: Stripe counts them.
  select coalesce(sum(r.units), 0), coalesce(sum(r.units) filter (where r.units > 0), 0),
    coalesce(sum(r.units) filter (where r.units < 0), 0), min(r.event_at), max(r.event_at)
  into slice.expected, slice.positive, slice.negative, slice.first_at, slice.last_at
  from private.billing_rows r
  where r.stripe_customer_id = p_day.stripe_customer_id and r.kind = p_day.kind and r.event_at >= day_start
    and r.event_at < day_start + interval '24 hours' and r.billed_start = p_day.billed_start
    and r.accepted_at is not null and r.units <> 0;
  select coalesce(sum(r.units), 0) as units, coalesce(sum(r.units) filter (where r.units > 0), 0) as positive,
    coalesce(sum(r.units) filter (where r.units < 0), 0) as negative into again
  from private.billing_rows r
  where r.stripe_customer_id = p_day.stripe_customer_id and r.kind = p_day.kind and r.reason = 'rejection'
    and r.day = p_day.day and r.period_start = p_day.billed_start;
  slice.expected := slice.expected - again.units;
  slice.positive := slice.positive - again.positive;
  slice.negative := slice.negative - again.negative;
  return slice;
end;
$$;
comment on function private.meter_slice_of(private.meter_days) is
  'What Stripe should count of a day in a billed period. A rejection row names the day and the billed period of what '
  'was rejected as its day and its period.';

-- Leases and windows --------------------------------------------------------------------------------------------------

create type public.meter_window as (kind public.usage_kind, day date, billed_start timestamptz, expected bigint,
  first_at timestamptz, last_at timestamptz, ends_with_event boolean);
comment on type public.meter_window is
  'A day, or the part of one in a billed period, whose summary is to be read. first_at and last_at: the timestamps of '
  'our events in it. ends_with_event: an event of ours has the first second of the next day.';

create function private.is_comparable(p_customer_id text, p_kind public.usage_kind, p_day date) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return not exists (select from private.billing_rows r
      where r.stripe_customer_id = p_customer_id and r.kind = p_kind and r.state = 'sending')
    and not exists (select from private.meter_days d
      where d.stripe_customer_id = p_customer_id and d.kind = p_kind and d.day = p_day
        and d.accepted_at > private.present() - private.summary_lag());
end;
$$;
comment on function private.is_comparable(text, public.usage_kind, date) is
  'Whether a summary can tell what is missing: nothing of the customer and kind is in flight, and the last event of '
  'the day was accepted longer ago than summaries lag.';

create function private.windows_of_day(p_customer_id text, p_kind public.usage_kind, p_day date,
  p_unknown private.billing_rows default null) returns setof public.meter_window
language plpgsql stable
set search_path = ''
as $$
declare
  ends_with_event constant boolean := exists (select from private.billing_rows r
    where r.stripe_customer_id = p_customer_id and r.kind = p_kind
      and r.event_at = (p_day + 1)::timestamp at time zone 'UTC');
  part private.meter_days := private.meter_day_of(p_unknown);
  slice private.meter_slice;
begin
  part.stripe_customer_id := p_customer_id;
  part.kind := p_kind;
  part.day := p_day;
  for part.billed_start in
    select d.billed_start from private.meter_days d
    where d.stripe_customer_id = p_customer_id and d.kind = p_kind and d.day = p_day
    union select p_unknown.billed_start where p_unknown.id is not null order by 1
  loop
    slice := private.meter_slice_of(part);
    if part.billed_start = p_unknown.billed_start then
      slice.first_at := least(slice.first_at, p_unknown.event_at);
      slice.last_at := greatest(slice.last_at, p_unknown.event_at);
    end if;
    if slice.first_at is not null then
      return next (p_kind, p_day, part.billed_start, slice.expected, slice.first_at, slice.last_at,
        ends_with_event)::public.meter_window;
    end if;
  end loop;
end;
$$;
comment on function private.windows_of_day(text, public.usage_kind, date, private.billing_rows) is
  'All parts of a day of a customer and kind: where one begins the other ends. p_unknown: a row of the day whose '
  'outcome is unknown. Its timestamp counts, and its units do not.';

create function private.meter_windows_of(p_customer_id text, p_limit integer) returns setof public.meter_window
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select w.* from (
      select distinct d.kind, d.day from private.meter_days d
      where d.stripe_customer_id = p_customer_id and d.confirmed_at is null and d.closed_at is null
        and private.is_comparable(p_customer_id, d.kind, d.day)
      order by d.kind, d.day limit p_limit) due
    cross join lateral private.windows_of_day(p_customer_id, due.kind, due.day) w;
end;
$$;
comment on function private.meter_windows_of(text, integer) is
  'Up to p_limit days of a customer that are to be compared and can be, with all their parts.';

create function private.next_comparison(p_customer_id text) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  -- The earlier of both; least ignores nulls.
  due_at constant timestamptz := least(
    (select min(case
        when d.missing_since is not null
          then d.missing_since + private.comparison_pause(d.reported_at is not null)
        -- Compared, and different in a way that no row of ours explains.
        when d.compared_at > d.accepted_at then d.compared_at + interval '1 day'
        else greatest(d.accepted_at, present) + private.comparison_delay() end)
      from private.meter_days d
      where d.stripe_customer_id = p_customer_id and d.confirmed_at is null and d.closed_at is null),
    (select min(coalesce(i.difference_seen_at, present)) + interval '1 hour'
      from private.stripe_invoices i
      where i.stripe_customer_id = p_customer_id and i.compared_at is null and private.is_final(i)));
begin
  return case when due_at is not null then greatest(due_at, present + interval '1 minute') end;
end;
$$;
comment on function private.next_comparison(text) is
  'When a customer is compared again; null when all is confirmed.';

create function private.end_comparison(p_customer_id text) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.compare_invoices_of(p_customer_id);
  update private.billing_customers c
  set leased_until = null, compare_due_at = private.next_comparison(p_customer_id)
  where c.stripe_customer_id = p_customer_id;
end;
$$;
comment on function private.end_comparison(text) is
  'Compares the customer''s final invoices, gives the lease back and writes when the customer is due again.';

create type public.begin_comparison_outcome as enum ('leased', 'idle', 'busy', 'unknown_customer');
comment on type public.begin_comparison_outcome is
  'leased: read the summaries of the windows and settle them under the fence. idle: there is nothing to read now. '
  'busy: another process has the lease.';

create function public.begin_comparison(p_customer_id text, p_lease_seconds integer, p_limit integer)
returns table (outcome public.begin_comparison_outcome, fence bigint, windows jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  customer private.billing_customers;
begin
  select * into customer from private.billing_customers c where c.stripe_customer_id = p_customer_id for update;
  fence := private.take_billing_lease(p_customer_id, p_lease_seconds);
  if customer.stripe_customer_id is null then
    outcome := 'unknown_customer';
  elsif fence is null then
    outcome := 'busy';
  else
    -- A deleted customer has no summaries. What is missing of its days is not known any more.
    if customer.gone_at is not null then
      update private.meter_days d set closed_at = private.present(), missing = null, missing_since = null
      where d.stripe_customer_id = p_customer_id and d.closed_at is null;
    else
      windows := (select jsonb_agg(w) from private.meter_windows_of(p_customer_id, p_limit) w);
    end if;
    outcome := case when windows is null then 'idle' else 'leased' end;
    if windows is null then
      perform private.end_comparison(p_customer_id);
      fence := null;
    end if;
  end if;
  return next;
end;
$$;
comment on function public.begin_comparison(text, integer, integer) is
  'Takes the customer''s lease and returns up to p_limit days to compare, as an array of meter_window.';

-- What a comparison leads to ------------------------------------------------------------------------------------------

create function private.send_again(p_reason private.billing_row_reason, p_day private.meter_days, p_units bigint)
returns void
language plpgsql
set search_path = ''
as $$
declare
  sent private.billing_rows;
  period private.billing_periods;
begin
  select * into sent from private.billing_rows r
  where r.stripe_customer_id = p_day.stripe_customer_id and r.kind = p_day.kind
    and r.billed_start = p_day.billed_start and r.accepted_at is not null
  order by r.number desc limit 1;
  select * into period from private.billing_periods b
  where b.subscription_id = sent.billed_subscription_id and b.starts_at = p_day.billed_start;
  insert into private.billing_rows (user_id, kind, day, unit, reason, subscription_id, stripe_customer_id,
    period_start, period_end, exchange_rate, currency, units)
  values (sent.user_id, p_day.kind, p_day.day, sent.unit, p_reason, sent.billed_subscription_id,
    p_day.stripe_customer_id, p_day.billed_start, coalesce(period.ends_at, sent.period_end), sent.exchange_rate,
    sent.currency, p_units);
  perform private.set_metering_due(p_day.stripe_customer_id, private.present());
  -- Of a subscription that is over, the final bill has it.
  if exists (select from public.subscriptions s
    where s.id = sent.billed_subscription_id and s.ended_at <= private.present())
  then
    perform private.enqueue(jsonb_build_object('kind', 'settle-final-bill',
      'subscriptionId', sent.billed_subscription_id));
  end if;
end;
$$;
comment on function private.send_again(private.billing_row_reason, private.meter_days, bigint) is
  'Writes the row that sends units again which Stripe had accepted and did not count, or not bill. It names the day '
  'and the billed period of those units as its own.';

create function private.day_subject(p_day private.meter_days) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_day.stripe_customer_id || ' ' || p_day.kind || ' ' || p_day.day;
end;
$$;
comment on function private.day_subject(private.meter_days) is 'The subject of alerts about a customer, kind and day.';

create function private.confirm_day(p_day private.meter_days) returns void
language plpgsql
set search_path = ''
as $$
declare
  day_start constant timestamptz := p_day.day::timestamp at time zone 'UTC';
  rejected_day date;
begin
  update private.meter_days d set confirmed_at = private.present(), missing = null, missing_since = null
  where d.stripe_customer_id = p_day.stripe_customer_id and d.kind = p_day.kind and d.day = p_day.day
    and d.billed_start = p_day.billed_start;
  perform private.settle_alert('metering', private.day_subject(p_day));
  -- What was sent again on this day has arrived.
  for rejected_day in
    select distinct r.day from private.billing_rows r
    where r.stripe_customer_id = p_day.stripe_customer_id and r.kind = p_day.kind and r.reason = 'rejection'
      and r.event_at >= day_start and r.event_at < day_start + interval '24 hours' and r.accepted_at is not null
  loop
    perform private.settle_alert('meter_rejection',
      p_day.stripe_customer_id || ' ' || p_day.kind || ' ' || rejected_day)
    where not exists (select from private.billing_rows r
      where r.stripe_customer_id = p_day.stripe_customer_id and r.kind = p_day.kind and r.reason = 'rejection'
        and r.day = rejected_day and r.state in ('pending', 'sending'));
  end loop;
end;
$$;
comment on function private.confirm_day(private.meter_days) is
  'Stripe counts what our rows say. Settles the alerts whose units have now arrived.';

create function private.note_difference(p_day private.meter_days, p_slice private.meter_slice, p_counted numeric)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  gap constant numeric := p_slice.expected - p_counted;
  user_id constant uuid := (select c.user_id from private.billing_customers c
    where c.stripe_customer_id = p_day.stripe_customer_id);
  details constant jsonb := jsonb_build_object('customerId', p_day.stripe_customer_id, 'kind', p_day.kind,
    'day', p_day.day, 'billedStart', p_day.billed_start, 'expected', p_slice.expected, 'counted', p_counted,
    'codes', p_day.codes);
begin
  if gap <> trunc(gap) or gap > p_slice.positive or gap < p_slice.negative then
    -- No rejection of our rows explains it: others' events, or an event that Stripe counted twice.
    perform private.raise_alert('metering', private.day_subject(p_day), user_id, details);
    update private.meter_days d set missing = null, missing_since = null
    where d.stripe_customer_id = p_day.stripe_customer_id and d.kind = p_day.kind and d.day = p_day.day
      and d.billed_start = p_day.billed_start;
  elsif p_day.missing is distinct from gap
    or p_day.missing_since > present - private.comparison_pause(p_day.reported_at is not null)
  then
    update private.meter_days d set missing = gap,
      missing_since = case when d.missing = gap then d.missing_since else present end
    where d.stripe_customer_id = p_day.stripe_customer_id and d.kind = p_day.kind and d.day = p_day.day
      and d.billed_start = p_day.billed_start;
  else
    perform private.send_again('rejection', p_day, gap::bigint);
    perform private.confirm_day(p_day);
    perform private.raise_alert('meter_rejection', private.day_subject(p_day), user_id,
      details || jsonb_build_object('units', gap));
  end if;
end;
$$;
comment on function private.note_difference(private.meter_days, private.meter_slice, numeric) is
  'A summary differs from our rows. A difference that rejections of our rows explain, and that is found again after a '
  'pause, is sent again; from then on the day counts without it. Any other raises an alert and is never sent.';

create type private.meter_count as (kind public.usage_kind, day date, billed_start timestamptz, counted numeric);
comment on type private.meter_count is 'What Stripe''s summary has of a window.';

create function private.settle_day(p_customer_id text, p_count private.meter_count) returns void
language plpgsql
set search_path = ''
as $$
declare
  day private.meter_days;
  slice private.meter_slice;
begin
  update private.meter_days d set compared_at = private.present()
  where d.stripe_customer_id = p_customer_id and d.kind = p_count.kind and d.day = p_count.day
    and d.billed_start = p_count.billed_start and d.confirmed_at is null and d.closed_at is null
  returning * into day;
  if day.day is null then
    return;
  end if;
  slice := private.meter_slice_of(day);
  if slice.expected = p_count.counted then
    perform private.confirm_day(day);
  else
    perform private.note_difference(day, slice, p_count.counted);
  end if;
end;
$$;
comment on function private.settle_day(text, private.meter_count) is 'Compares one summary with our rows.';

create type public.settle_comparison_outcome as enum ('settled', 'fenced');
comment on type public.settle_comparison_outcome is 'fenced: the lease was lost, and nothing was written.';

create function public.settle_comparison(p_customer_id text, p_fence bigint, p_counts jsonb)
returns public.settle_comparison_outcome
language plpgsql
set search_path = ''
as $$
declare
  count private.meter_count;
begin
  if not private.renew_billing_lease(p_customer_id, p_fence, 1) then
    return 'fenced';
  end if;
  for count in select * from jsonb_populate_recordset(null::private.meter_count, p_counts) loop
    perform private.settle_day(p_customer_id, count);
  end loop;
  perform private.end_comparison(p_customer_id);
  return 'settled';
end;
$$;
comment on function public.settle_comparison(text, bigint, jsonb) is
  'Compares summaries, an array of meter_count, with our rows, and gives the lease back.';

create function public.ask_for_comparisons(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  customer_id text;
  asked integer := 0;
begin
  for customer_id in
    update private.billing_customers c set compare_due_at = present + interval '1 hour'
    where c.stripe_customer_id = any (array(select d.stripe_customer_id from private.billing_customers d
      where d.compare_due_at <= present order by d.compare_due_at limit p_limit for update skip locked))
    returning c.stripe_customer_id
  loop
    perform private.enqueue(jsonb_build_object('kind', 'compare-meters', 'customerId', customer_id));
    asked := asked + 1;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_comparisons(integer) is
  'Enqueues the comparison of customers that are due, the longest due first, and returns their number. A customer '
  'whose job is lost is due again after an hour.';

insert into private.schedules (name, job, every) values
  ('compare-due-customers', '{"kind": "compare-due-customers"}', '5 minutes');

-- Invoices ------------------------------------------------------------------------------------------------------------

create type private.billed_kind as (kind public.usage_kind, accepted bigint, billed numeric);
comment on type private.billed_kind is
  'What Stripe has accepted of a kind in a billed period, and what its final invoices bill of it.';

create function private.billed_kinds(p_invoice private.stripe_invoices) returns setof private.billed_kind
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    with lines as (
      select l.kind, sum(l.quantity) as quantity
      from private.stripe_invoices i
      cross join lateral jsonb_to_recordset(i.metered) as l (kind public.usage_kind, quantity numeric)
      where i.subscription_id = p_invoice.subscription_id and i.period_start = p_invoice.period_start
        and private.is_final(i) and i.status <> 'void'
      group by l.kind
    ), kinds as (
      select d.kind from private.meter_days d
      where d.stripe_customer_id = p_invoice.stripe_customer_id and d.billed_start = p_invoice.period_start
      union select l.kind from lines l
    )
    select k.kind, private.accepted_units(p_invoice.stripe_customer_id, k.kind, p_invoice.period_start,
        p_invoice.subscription_id),
      coalesce(l.quantity, 0)
    from kinds k left join lines l on l.kind = k.kind order by k.kind;
end;
$$;
comment on function private.billed_kinds(private.stripe_invoices) is
  'What was accepted and what was billed in the period of an invoice. Several invoices may bill one period.';

create function private.can_compare_invoice(p_invoice private.stripe_invoices) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return not exists (select from private.meter_days d
      where d.stripe_customer_id = p_invoice.stripe_customer_id and d.billed_start = p_invoice.period_start
        and d.confirmed_at is null and d.closed_at is null
        -- What no rejection explains stays different. Then the invoice tells what was billed.
        and (d.missing is not null or d.compared_at is null or d.compared_at <= greatest(d.accepted_at, d.reported_at,
          p_invoice.finalised_at, p_invoice.difference_seen_at)))
    and not exists (select from private.billing_rows r
      where r.stripe_customer_id = p_invoice.stripe_customer_id and r.state = 'sending'
        and r.billed_start = p_invoice.period_start)
    and not exists (select from private.stripe_invoices i
      where i.subscription_id = p_invoice.subscription_id and i.period_start = p_invoice.period_start
        and not private.is_final(i) and i.status <> 'deleted');
end;
$$;
comment on function private.can_compare_invoice(private.stripe_invoices) is
  'Whether it is known what Stripe counts in the period of an invoice: each day is confirmed, or was compared after it '
  'was final and differs in a way that no rejection explains; nothing is in flight; no other invoice is a draft.';

create function private.look_again(p_invoice private.stripe_invoices) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.stripe_invoices i set difference_seen_at = private.present() where i.id = p_invoice.id;
  update private.meter_days d set confirmed_at = null, missing = null, missing_since = null
  where d.stripe_customer_id = p_invoice.stripe_customer_id and d.billed_start = p_invoice.period_start
    and d.closed_at is null;
end;
$$;
comment on function private.look_again(private.stripe_invoices) is
  'A first difference: all days of the period are compared once more, because a rejected event may explain it.';

create function private.corrected_units(p_invoice private.stripe_invoices, p_kind public.usage_kind) returns bigint
language plpgsql stable
set search_path = ''
as $$
begin
  return case when not exists (select from private.meter_days d
      where d.stripe_customer_id = p_invoice.stripe_customer_id and d.billed_start = p_invoice.period_start
        and d.kind = p_kind and d.confirmed_at is null)
    then coalesce((select -sum(r.units) from private.billing_rows r
      where r.stripe_customer_id = p_invoice.stripe_customer_id and r.billed_start = p_invoice.period_start
        and r.kind = p_kind and r.state = 'accepted' and r.units < 0
        and coalesce(r.billed_subscription_id, r.subscription_id) = p_invoice.subscription_id), 0)
    else 0 end;
end;
$$;
comment on function private.corrected_units(private.stripe_invoices, public.usage_kind) is
  'How many units the corrections of an invoice''s period take off: what it may bill too much when they came too late. '
  'Zero while a sum of Stripe''s is not ours.';

create function private.act_on_difference(p_invoice private.stripe_invoices) returns void
language plpgsql
set search_path = ''
as $$
declare
  billed private.billed_kind;
  unbilled private.meter_days;
  missing numeric;
begin
  for billed in select * from private.billed_kinds(p_invoice) k where k.accepted <> k.billed loop
    missing := billed.accepted - billed.billed;
    unbilled := null;
    select * into unbilled from private.meter_days d
    where d.stripe_customer_id = p_invoice.stripe_customer_id and d.billed_start = p_invoice.period_start
      and d.kind = billed.kind order by d.day desc limit 1;
    -- A negative sum is billed as zero, and Stripe drops it. Of what is billed beyond our rows, only corrections that
    -- came too late are given back, when Stripe's sums are ours: other programs' events are not ours to take back.
    if missing = trunc(missing) and unbilled.day is not null
      and (missing > 0 and billed.billed >= 0 or billed.billed = 0 and billed.accepted < 0
        or missing < 0 and -missing <= private.corrected_units(p_invoice, billed.kind))
    then
      perform private.send_again('unbilled', unbilled, missing::bigint);
    end if;
  end loop;
end;
$$;
comment on function private.act_on_difference(private.stripe_invoices) is
  'What an invoice does not bill, because it came too late or because the sum was negative, is sent again into an open '
  'period, and a correction that came too late is given back there. Of a subscription that is over, the final bill has '
  'it.';

create function private.compare_invoice(p_invoice private.stripe_invoices) returns void
language plpgsql
set search_path = ''
as $$
declare
  differences jsonb;
begin
  differences := (select jsonb_agg(jsonb_build_object('kind', k.kind, 'sent', k.accepted, 'billed', k.billed))
    from private.billed_kinds(p_invoice) k where k.accepted <> k.billed);
  if differences is not null and p_invoice.difference_seen_at is null then
    perform private.look_again(p_invoice);
    return;
  end if;
  if differences is not null then
    perform private.act_on_difference(p_invoice);
    perform private.raise_alert('invoice_difference', p_invoice.id, p_invoice.user_id, jsonb_build_object(
      'invoiceId', p_invoice.id, 'cause', 'quantities', 'customerId', p_invoice.stripe_customer_id,
      'subscriptionId', p_invoice.subscription_id, 'periodStart', p_invoice.period_start,
      'differences', differences));
  end if;
  update private.meter_days d set closed_at = private.present()
  where d.stripe_customer_id = p_invoice.stripe_customer_id and d.billed_start = p_invoice.period_start;
  update private.stripe_invoices i set compared_at = private.present()
  where i.subscription_id = p_invoice.subscription_id and i.period_start = p_invoice.period_start
    and private.is_final(i);
end;
$$;
comment on function private.compare_invoice(private.stripe_invoices) is
  'Compares the quantities of a final invoice with our rows: at the first difference the days once more, at the second '
  'it acts. Nothing changes the rows of the closed period.';

create function private.compare_invoices_of(p_customer_id text) returns void
language plpgsql
set search_path = ''
as $$
declare
  invoice private.stripe_invoices;
begin
  for invoice in
    select * from private.stripe_invoices i
    where i.stripe_customer_id = p_customer_id and i.compared_at is null and private.is_final(i)
    order by i.created_at limit 24
  loop
    -- An invoice without a period of ours bills no usage. The operator has given up a void one.
    if invoice.status = 'void' or not exists (select from private.billing_periods b
      where b.subscription_id = invoice.subscription_id and b.starts_at = invoice.period_start and not b.is_trial)
    then
      update private.stripe_invoices i set compared_at = private.present() where i.id = invoice.id;
    elsif private.can_compare_invoice(invoice) then
      perform private.compare_invoice(invoice);
    end if;
  end loop;
end;
$$;
comment on function private.compare_invoices_of(text) is
  'Compares the final invoices of a customer that were not compared yet, as far as it is known what Stripe counts.';

-- Thin events ---------------------------------------------------------------------------------------------------------

create function public.note_meter_errors(p_kind public.usage_kind, p_is_meter_missing boolean, p_from timestamptz,
  p_until timestamptz, p_samples text[], p_codes text[]) returns integer
language plpgsql
set search_path = ''
as $$
declare
  suspect record;
  suspects integer := 0;
begin
  for suspect in
    select r.stripe_customer_id, r.kind, private.utc_day(r.event_at) as day, r.billed_start,
      max(r.accepted_at) as accepted_at
    from private.billing_rows r
    where r.accepted_at is not null and r.event_at is not null and r.units <> 0
      and (r.id = any (array(select split_part(s, '.', 1)::uuid from unnest(p_samples) s
          where s ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9]+$'))
        or r.kind = p_kind and r.accepted_at >= p_from - interval '2 minutes'
          and r.accepted_at <= p_until + interval '2 minutes')
    group by r.stripe_customer_id, r.kind, private.utc_day(r.event_at), r.billed_start
    -- Customers are locked in one order, each before its days.
    order by r.stripe_customer_id, r.kind, 3, r.billed_start
  loop
    perform private.lock_billing_customer(suspect.stripe_customer_id);
    update private.meter_days d
    set confirmed_at = null, reported_at = private.present(),
      codes = array(select distinct c from unnest(d.codes || p_codes) c order by c)
    where d.stripe_customer_id = suspect.stripe_customer_id and d.kind = suspect.kind and d.day = suspect.day
      and d.billed_start = suspect.billed_start and d.closed_at is null;
    perform private.set_comparison_due(suspect.stripe_customer_id,
      greatest(suspect.accepted_at + private.summary_lag(), private.present()));
    suspects := suspects + 1;
  end loop;
  if p_is_meter_missing then
    perform private.raise_alert('metering', 'no_meter_found', null, jsonb_build_object('codes', p_codes,
      'from', p_from, 'until', p_until, 'suspects', suspects));
  end if;
  return suspects;
end;
$$;
comment on function public.note_meter_errors(public.usage_kind, boolean, timestamptz, timestamptz, text[], text[]) is
  'Stripe reports errors among the events of a meter in a window, with samples. The days of the samples, and of all '
  'that was accepted in the window, are compared; nothing else follows from a report. p_kind: null for a meter that is '
  'not ours. p_is_meter_missing: no meter has the name of the events. p_samples: Idempotency-Keys. Returns the number '
  'of days.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.comparison_delay(),
  private.comparison_pause(boolean),
  private.set_comparison_due(text, timestamptz),
  private.note_accepted_row(),
  private.take_moved_usage(),
  private.meter_day_of(private.billing_rows),
  private.meter_slice_of(private.meter_days),
  private.is_comparable(text, public.usage_kind, date),
  private.windows_of_day(text, public.usage_kind, date, private.billing_rows),
  private.meter_windows_of(text, integer),
  private.next_comparison(text),
  private.end_comparison(text),
  public.begin_comparison(text, integer, integer),
  private.send_again(private.billing_row_reason, private.meter_days, bigint),
  private.day_subject(private.meter_days),
  private.confirm_day(private.meter_days),
  private.note_difference(private.meter_days, private.meter_slice, numeric),
  private.settle_day(text, private.meter_count),
  public.settle_comparison(text, bigint, jsonb),
  public.ask_for_comparisons(integer),
  private.billed_kinds(private.stripe_invoices),
  private.can_compare_invoice(private.stripe_invoices),
  private.look_again(private.stripe_invoices),
  private.corrected_units(private.stripe_invoices, public.usage_kind),
  private.act_on_difference(private.stripe_invoices),
  private.compare_invoice(private.stripe_invoices),
  private.compare_invoices_of(text),
  public.note_meter_errors(public.usage_kind, boolean, timestamptz, timestamptz, text[], text[])
  from public, anon, authenticated;
grant execute on function
  private.comparison_delay(),
  private.comparison_pause(boolean),
  private.set_comparison_due(text, timestamptz),
  private.meter_day_of(private.billing_rows),
  private.meter_slice_of(private.meter_days),
  private.is_comparable(text, public.usage_kind, date),
  private.windows_of_day(text, public.usage_kind, date, private.billing_rows),
  private.meter_windows_of(text, integer),
  private.next_comparison(text),
  private.end_comparison(text),
  public.begin_comparison(text, integer, integer),
  private.send_again(private.billing_row_reason, private.meter_days, bigint),
  private.day_subject(private.meter_days),
  private.confirm_day(private.meter_days),
  private.note_difference(private.meter_days, private.meter_slice, numeric),
  private.settle_day(text, private.meter_count),
  public.settle_comparison(text, bigint, jsonb),
  public.ask_for_comparisons(integer),
  private.billed_kinds(private.stripe_invoices),
  private.can_compare_invoice(private.stripe_invoices),
  private.look_again(private.stripe_invoices),
  private.corrected_units(private.stripe_invoices, public.usage_kind),
  private.act_on_difference(private.stripe_invoices),
  private.compare_invoice(private.stripe_invoices),
  private.compare_invoices_of(text),
  public.note_meter_errors(public.usage_kind, boolean, timestamptz, timestamptz, text[], text[])
  to service_role;
