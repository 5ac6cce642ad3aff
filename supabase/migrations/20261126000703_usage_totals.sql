-- What a tenant has used, by UTC day and kind, kept up to date by triggers: a report of a year reads a few rows a day,
-- however many messages there were.

create table private.usage_totals (
  -- No foreign key: totals outlive the user, like the ledger.
  user_id uuid not null,
  day date not null,
  kind public.usage_kind not null,
  -- In upper case. Empty: Twilio has not told it yet, and the amounts are estimates.
  unit text not null,
  count bigint not null,
  segments bigint not null,
  price numeric(16, 5) not null,
  cost numeric(16, 5) not null,
  primary key (user_id, day, kind, unit)
) with (fillfactor = 50); -- as sending_totals
create index usage_totals_by_day on private.usage_totals (day);
comment on table private.usage_totals is
  'Counts and amounts by tenant, UTC day, kind and currency. price: for the tenant. cost: what Twilio charges. '
  'Messages that were refused or not sent do not count. Fees of usage records are not in it (see usage_by_day).';
alter table private.usage_totals enable row level security;
revoke all on private.usage_totals from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.usage_totals to service_role;

create function private.add_usage(p_user_id uuid, p_day date, p_kind public.usage_kind, p_unit text, p_count bigint,
  p_segments bigint, p_price numeric, p_cost numeric) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.usage_totals as t (user_id, day, kind, unit, count, segments, price, cost)
  values (p_user_id, p_day, p_kind, coalesce(upper(p_unit), ''), p_count, p_segments, p_price, p_cost)
  on conflict (user_id, day, kind, unit) do update set count = t.count + excluded.count,
    segments = t.segments + excluded.segments, price = t.price + excluded.price, cost = t.cost + excluded.cost;
end;
$$;
comment on function private.add_usage(uuid, date, public.usage_kind, text, bigint, bigint, numeric, numeric) is
  'Adds to a row of usage_totals, or creates it.';

-- Messages ------------------------------------------------------------------------------------------------------------

-- These triggers fire before those of sending_totals, by their names: rows are locked in the order messages, usage
-- totals, sending totals, campaigns. Of the kinds of one day, received messages come before sent ones: a received
-- message may have a reply.

create function private.add_new_usage() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from new_rows) then
    return null;
  end if;
  insert into private.usage_totals as t (user_id, day, kind, unit, count, segments, price, cost)
  select n.user_id, private.utc_day(n.created_at), n.kind, private.charge_unit(n.price_unit, n.price_is_foreign),
    count(*), sum(greatest(n.num_segments, 1)), sum(n.tenant_price),
    sum(private.charge_of(n.price, n.price_is_foreign, n.estimated_price))
  from new_rows n where n.kind is not null group by 1, 2, 3, 4 order by 1, 2, 3 desc, 4
  on conflict (user_id, day, kind, unit) do update set count = t.count + excluded.count,
    segments = t.segments + excluded.segments, price = t.price + excluded.price, cost = t.cost + excluded.cost;
  return null;
end;
$$;
comment on function private.add_new_usage() is 'Trigger: adds new messages to usage_totals.';

create function private.move_usage() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into private.usage_totals as t (user_id, day, kind, unit, count, segments, price, cost)
  select c.user_id, private.utc_day(c.created_at), c.kind, c.unit, sum(c.sign),
    sum(c.sign * greatest(c.segments, 1)), sum(c.sign * c.price), sum(c.sign * c.cost)
  from (values
    (-1, old.user_id, old.created_at, old.kind, private.charge_unit(old.price_unit, old.price_is_foreign),
      old.num_segments, old.tenant_price, private.charge_of(old.price, old.price_is_foreign, old.estimated_price)),
    (1, new.user_id, new.created_at, new.kind, private.charge_unit(new.price_unit, new.price_is_foreign),
      new.num_segments, new.tenant_price, private.charge_of(new.price, new.price_is_foreign, new.estimated_price))
  ) c (sign, user_id, created_at, kind, unit, segments, price, cost)
  where c.kind is not null group by 1, 2, 3, 4 order by 1, 2, 3 desc, 4
  on conflict (user_id, day, kind, unit) do update set count = t.count + excluded.count,
    segments = t.segments + excluded.segments, price = t.price + excluded.price, cost = t.cost + excluded.cost;
  return null;
end;
$$;
comment on function private.move_usage() is
  'Trigger: moves a change of status, price or segments into usage_totals.';

create function private.take_usage() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from old_rows) then
    return null;
  end if;
  insert into private.usage_totals as t (user_id, day, kind, unit, count, segments, price, cost)
  select o.user_id, private.utc_day(o.created_at), o.kind, private.charge_unit(o.price_unit, o.price_is_foreign),
    -count(*), -sum(greatest(o.num_segments, 1)), -sum(o.tenant_price),
    -sum(private.charge_of(o.price, o.price_is_foreign, o.estimated_price))
  from old_rows o where o.kind is not null group by 1, 2, 3, 4 order by 1, 2, 3 desc, 4
  on conflict (user_id, day, kind, unit) do update set count = t.count + excluded.count,
    segments = t.segments + excluded.segments, price = t.price + excluded.price, cost = t.cost + excluded.cost;
  return null;
end;
$$;
comment on function private.take_usage() is 'Trigger: takes deleted messages out of usage_totals.';

create trigger add_usage_of_new after insert on public.sms_messages
  referencing new table as new_rows for each statement execute function private.add_new_usage();
create trigger add_usage_of_changed after update on public.sms_messages
  for each row when ((old.kind, old.price_unit, old.price_is_foreign, old.num_segments, old.tenant_price, old.price,
      old.estimated_price, old.created_at)
    is distinct from (new.kind, new.price_unit, new.price_is_foreign, new.num_segments, new.tenant_price, new.price,
      new.estimated_price, new.created_at))
  execute function private.move_usage();
create trigger add_usage_of_deleted after delete on public.sms_messages
  referencing old table as old_rows for each statement execute function private.take_usage();

create function private.lock_usage(p_message_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from private.usage_totals t
  where (t.user_id, t.day) in (select m.user_id, private.utc_day(m.created_at) from public.sms_messages m
    where m.id = any (p_message_ids)) and t.kind <= 'mms_in'
  order by t.user_id, t.day, t.kind desc, t.unit for no key update;
end;
$$;
comment on function private.lock_usage(uuid[]) is
  'Locks the totals of several messages, for a decision that changes them one after the other.';

create function private.lock_usage_of_sending(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.usage_totals (user_id, day, kind, unit, count, segments, price, cost)
  values (p_user_id, private.utc_day(now()), 'mms_out', '', 0, 0, 0, 0),
    (p_user_id, private.utc_day(now()), 'sms_out', '', 0, 0, 0, 0)
  on conflict do nothing;
  perform from private.usage_totals t
  where t.user_id = p_user_id and t.day = private.utc_day(now()) and t.kind in ('mms_out', 'sms_out') and t.unit = ''
  order by t.kind desc for no key update;
end;
$$;
comment on function private.lock_usage_of_sending(uuid) is
  'Locks the totals that new messages to send are added to, for a decision that locks other rows before it inserts '
  'them.';

-- Numbers -------------------------------------------------------------------------------------------------------------

-- A number's fee is added at its purchase and on each monthly anniversary, at the markup of the plan then in force.

create function private.fee_date(p_reserved_at timestamptz, p_fees integer) returns timestamptz
language plpgsql immutable
set search_path = ''
as $$
begin
  -- From the purchase and not from the fee before: a number of the 31st is due on the last day of a short month.
  return (p_reserved_at at time zone 'UTC' + p_fees * interval '1 month') at time zone 'UTC';
end;
$$;
comment on function private.fee_date(timestamptz, integer) is 'When a number''s fee is due after p_fees fees.';

create function private.add_purchase() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.add_usage(new.user_id, private.utc_day(new.reserved_at), 'number', null, 1, 0,
    coalesce(private.marked_up(new.monthly_price, new.markup), 0), coalesce(new.monthly_price, 0));
  return null;
end;
$$;
comment on function private.add_purchase() is 'Trigger: the first fee of a number; zero when its price is not known.';

create function private.take_purchase() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.add_usage(old.user_id, private.utc_day(old.reserved_at), 'number', null, -1, 0,
    -coalesce(private.marked_up(old.monthly_price, old.markup), 0), -coalesce(old.monthly_price, 0));
  return null;
end;
$$;
comment on function private.take_purchase() is 'Trigger: a purchase that Twilio did not make costs nothing.';
create trigger add_usage_of_new after insert on private.number_purchases
  for each row execute function private.add_purchase();
create trigger add_usage_of_deleted after delete on private.number_purchases
  for each row when (old.fees = 1) execute function private.take_purchase();

create function private.schedule_fee() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.held_until < 'infinity' then
    -- A fee that was due before the release is still added.
    new.next_fee_at := case when old.next_fee_at < new.held_until then old.next_fee_at else 'infinity' end;
  else
    while private.fee_date(new.reserved_at, new.fees) <= old.held_until loop
      new.fees := new.fees + 1;
    end loop;
    new.next_fee_at := private.fee_date(new.reserved_at, new.fees);
  end if;
  return new;
end;
$$;
comment on function private.schedule_fee() is
  'Trigger: a released number has no more fees, and one that returns has them again from the next anniversary on.';
create trigger schedule_fee before update on private.number_purchases
  for each row when (old.held_until <> new.held_until) execute function private.schedule_fee();

create function public.charge_number_fees(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  due record;
  charged integer := 0;
begin
  for due in
    select p.* from private.number_purchases p where p.next_fee_at <= now() order by p.next_fee_at limit p_limit
    for no key update skip locked
  loop
    perform private.add_usage(due.user_id, private.utc_day(due.next_fee_at), 'number', null, 1, 0,
      coalesce(private.tenant_price(private.plan_of(due.user_id), due.monthly_price), 0),
      coalesce(due.monthly_price, 0));
    update private.number_purchases p set fees = due.fees + 1,
      next_fee_at = case when private.fee_date(due.reserved_at, due.fees + 1) < p.held_until
        then private.fee_date(due.reserved_at, due.fees + 1) else 'infinity' end
    where p.number_id = due.number_id and p.reserved_at = due.reserved_at;
    charged := charged + 1;
  end loop;
  return charged;
end;
$$;
comment on function public.charge_number_fees(integer) is
  'Adds the monthly fees of numbers that are due, the oldest first. Returns how many.';

insert into private.schedules (name, job, every)
  values ('charge-number-fees', '{"kind": "charge-number-fees"}', '10 minutes');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.add_usage(uuid, date, public.usage_kind, text, bigint, bigint, numeric, numeric),
  private.add_new_usage(),
  private.move_usage(),
  private.take_usage(),
  private.lock_usage(uuid[]),
  private.lock_usage_of_sending(uuid),
  private.fee_date(timestamptz, integer),
  private.add_purchase(),
  private.take_purchase(),
  private.schedule_fee(),
  public.charge_number_fees(integer)
  from public, anon, authenticated;
grant execute on function
  private.add_usage(uuid, date, public.usage_kind, text, bigint, bigint, numeric, numeric),
  private.lock_usage(uuid[]),
  private.lock_usage_of_sending(uuid),
  private.fee_date(timestamptz, integer),
  public.charge_number_fees(integer)
  to service_role;
