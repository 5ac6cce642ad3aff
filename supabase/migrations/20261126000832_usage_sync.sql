-- The sync of usage: which accounts are due, what a read covers, and how it is recorded. Its cost grows with the
-- accounts that are due and not with the tenants.

-- Accounts ------------------------------------------------------------------------------------------------------------

create function private.note_usage_account() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.subaccount_sid is not null then
    insert into private.usage_accounts as a (account_sid, user_id, first_day, due_at, closed_at)
    values (new.subaccount_sid, new.user_id,
      -- The date is written before Twilio creates the account. One that existed before has none.
      coalesce(private.utc_day(new.last_created_at), private.utc_day() - private.usage_rotation_days()),
      now() + random() * interval '1 hour', case when new.subaccount_status = 'closed' then now() end)
    on conflict (account_sid) do update set
      user_id = excluded.user_id,
      closed_at = case when excluded.closed_at is not null then coalesce(a.closed_at, excluded.closed_at) end,
      due_at = least(a.due_at, excluded.due_at);
  end if;
  if tg_op = 'UPDATE' and old.subaccount_sid <> coalesce(new.subaccount_sid, '') then
    update private.usage_accounts a set closed_at = coalesce(a.closed_at, now())
    where a.account_sid = old.subaccount_sid;
  end if;
  return null;
end;
$$;
comment on function private.note_usage_account() is
  'Trigger: the usage of a tenant''s subaccount is read from now on, and of one that is closed or replaced until its '
  'days are closed.';
create trigger usage_account_when_new after insert on private.tenancies
  for each row when (new.subaccount_sid is not null) execute function private.note_usage_account();
create trigger usage_account_when_changed after update on private.tenancies
  for each row when ((old.subaccount_sid, old.subaccount_status) is distinct from
    (new.subaccount_sid, new.subaccount_status))
  execute function private.note_usage_account();

-- Activity ------------------------------------------------------------------------------------------------------------

create function private.note_usage(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- The condition first: while the account is due soon, no message locks or changes its row. And no message waits for
  -- a read that is being recorded: the next one, or the rotation, makes the account due.
  update private.usage_accounts a set active_at = now(),
    due_at = least(a.due_at, greatest(now() + interval '30 minutes', a.read_at + interval '6 hours'))
  where a.ctid = any (array(
    select o.ctid from private.usage_accounts o
    where o.user_id = p_user_id and o.closed_at is null
      and (o.active_at is null or private.utc_day(o.active_at) < private.utc_day()
        or o.due_at > greatest(now() + interval '30 minutes', o.read_at + interval '6 hours'))
    for no key update skip locked));
end;
$$;
comment on function private.note_usage(uuid) is
  'Makes the tenant''s account due soon: half an hour after an activity, and six hours after the last read at the '
  'earliest.';

create function private.note_usage_activity() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.note_usage(new.user_id);
  return null;
end;
$$;
comment on function private.note_usage_activity() is 'Trigger: a message, a purchase or a release makes usage due.';
-- The first message of an hour.
create trigger usage_of_messages after insert on private.sending_totals
  for each row execute function private.note_usage_activity();
create trigger usage_of_new_number after insert on public.user_twilio_numbers
  for each row execute function private.note_usage_activity();
create trigger usage_of_changed_number after update on public.user_twilio_numbers
  for each row when (old.status <> new.status) execute function private.note_usage_activity();

create function private.number_anniversaries(p_account private.usage_accounts, out last_at timestamptz,
  out next_at timestamptz)
language plpgsql stable
set search_path = ''
as $$
begin
  -- Months are added to the purchase itself: a number bought on the 31st is charged on the last day of shorter months.
  select max(c.charged_at) filter (where c.charged_at <= now()), min(c.charged_at) filter (where c.charged_at > now())
  into last_at, next_at
  from public.user_twilio_numbers n
  cross join lateral (values (n.purchased_at at time zone 'utc', now() at time zone 'utc')) t (bought_at, present)
  cross join lateral generate_series(0, 2) as later
  cross join lateral (values ((t.bought_at + make_interval(months => later
    + (extract(year from age(t.present, t.bought_at)) * 12 + extract(month from age(t.present, t.bought_at)))::integer
  )) at time zone 'utc')) c (charged_at)
  where n.user_id = p_account.user_id and n.account_sid = p_account.account_sid and n.is_held;
end;
$$;
comment on function private.number_anniversaries(private.usage_accounts) is
  'When a number of the account was last bought or charged for another month, and when one is charged next. Twilio '
  'charges the monthly fee without any activity.';

-- Due accounts --------------------------------------------------------------------------------------------------------

create function private.first_day_to_read(p_account private.usage_accounts) returns date
language plpgsql stable
set search_path = ''
as $$
begin
  return greatest(p_account.first_day, least(
    private.settled_before(p_account),
    (select min(d.day) from private.usage_days d where d.account_sid = p_account.account_sid and d.closed_at is null),
    case when p_account.rotate_at <= now() then private.utc_day() - private.usage_rotation_days() end));
end;
$$;
comment on function private.first_day_to_read(private.usage_accounts) is
  'The first day of the next pass: the oldest open one, or the first of all days that the rotation reads again.';

create function private.has_open_usage(p_account private.usage_accounts) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(private.utc_day(p_account.active_at) >= private.settled_before(p_account), false)
    or exists (select from private.usage_days d where d.account_sid = p_account.account_sid and d.closed_at is null);
end;
$$;
comment on function private.has_open_usage(private.usage_accounts) is
  'Whether a day with usage, or the day of the last activity, is not closed.';

create function private.next_usage_pass(p_account private.usage_accounts, p_is_changing boolean) returns timestamptz
language plpgsql volatile
set search_path = ''
as $$
declare
  is_open constant boolean := private.has_open_usage(p_account);
begin
  if p_account.closed_at is not null and not is_open and (p_account.gone_at is not null
    or p_account.closed_at <= now() - make_interval(days => private.usage_rotation_days())) then
    return null;
  end if;
  return least(
    p_account.rotate_at,
    (private.number_anniversaries(p_account)).next_at + private.spread('6 hours'),
    -- The master account serves tenants without an account of their own.
    case when p_is_changing or p_account.user_id is null then now() + private.spread('6 hours')
      when is_open then now() + private.spread('22 hours') end);
end;
$$;
comment on function private.next_usage_pass(private.usage_accounts, boolean) is
  'When an account is due after a pass. Null: it is closed, and so are its days.';

create function private.ask_for_usage_sync(p_account private.usage_accounts) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- A lost job comes again.
  update private.usage_accounts a set due_at = now() + private.spread('6 hours')
  where a.account_sid = p_account.account_sid;
  perform private.enqueue(jsonb_strip_nulls(jsonb_build_object('kind', 'sync-usage', 'userId', p_account.user_id,
    'accountSid', p_account.account_sid)));
end;
$$;
comment on function private.ask_for_usage_sync(private.usage_accounts) is
  'Enqueues the sync of an account. It is due again after six hours, unless the sync writes another date.';

create function public.ask_for_usage_syncs(p_master_sid text, p_limit integer) returns integer
language plpgsql
security definer -- reads pgmq's tables
set search_path = ''
as $$
declare
  account private.usage_accounts;
  asked integer := 0;
  -- While the lane does not keep up, its queue does not grow.
  waiting constant bigint := (select count(*) from (select from pgmq.q_jobs_usage limit 5 * p_limit) q);
begin
  insert into private.usage_accounts (account_sid, first_day, due_at)
  select p_master_sid, private.utc_day() - private.usage_rotation_days(), now()
  where not exists (select from private.usage_accounts a where a.account_sid = p_master_sid)
  on conflict do nothing;
  for account in
    select * from private.usage_accounts a
    where a.due_at <= now() order by a.due_at limit least(p_limit, 5 * p_limit - waiting) for update skip locked
  loop
    perform private.ask_for_usage_sync(account);
    asked := asked + 1;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_usage_syncs(text, integer) is
  'Enqueues the sync of up to p_limit accounts that are due, the longest due first. Returns how many. The master '
  'account is one of the accounts. Five times p_limit jobs wait at most.';

insert into private.schedules (name, job, every) values ('sync-all-usage', '{"kind": "sync-all-usage"}', '1 minute');

-- Reading -------------------------------------------------------------------------------------------------------------

create type public.begin_usage_sync_outcome as enum ('read', 'unknown_account');
comment on type public.begin_usage_sync_outcome is 'read: the days from from_day to until_day are to be read.';

create function public.begin_usage_sync(p_account_sid text)
returns table (outcome public.begin_usage_sync_outcome, fence bigint, from_day date, until_day date, is_gone boolean)
language plpgsql
set search_path = ''
as $$
declare
  account private.usage_accounts;
begin
  select * into account from private.usage_accounts a where a.account_sid = p_account_sid for update;
  if not found then
    outcome := 'unknown_account';
    return next;
    return;
  end if;
  if account.pass_next is null then
    account.pass_from := private.first_day_to_read(account);
    account.pass_next := account.pass_from;
    account.pass_began_at := now();
  end if;
  update private.usage_accounts a set fence = a.fence + 1, begun_at = now(), pass_from = account.pass_from,
    pass_next = account.pass_next, pass_began_at = account.pass_began_at
  where a.account_sid = p_account_sid returning a.fence into fence;
  outcome := 'read';
  from_day := account.pass_next;
  -- A range of a few pages: some three hundred categories a day, and a thousand records a page.
  until_day := greatest(from_day, least(from_day + private.usage_rotation_days(), private.utc_day()));
  is_gone := account.gone_at is not null;
  return next;
end;
$$;
comment on function public.begin_usage_sync(text) is
  'Begins a read of the next range of days of an account, or continues the pass of a job that ended. is_gone: Twilio '
  'knew no usage of the account at the last read.';

create function private.store_usage(p_account private.usage_accounts, p_from date, p_until date, p_records jsonb)
returns date[]
language plpgsql
set search_path = ''
as $$
declare
  changed date[];
begin
  with listed as (
    -- Records may repeat when pages shift while they are read: the last one is the newest.
    select distinct on (r.day, r.category, r.price_unit) r.day, r.category, r.price_unit, r.count, r.usage, r.price
    from rows from (jsonb_to_recordset(p_records) as (day date, category text, price_unit text, count numeric,
      usage numeric, price numeric)) with ordinality as r (day, category, price_unit, count, usage, price, position)
    where r.day between p_from and p_until
    order by r.day, r.category, r.price_unit, r.position desc
  ), incoming as materialized (
    select * from listed l where (l.count, l.usage, l.price) <> (0, 0, 0)
  ), zeroed as (
    update public.twilio_usage u set count = 0, usage = 0, price = 0, refreshed_at = now()
    where u.account_sid = p_account.account_sid and u.day between p_from and p_until
      and (u.count, u.usage, u.price) <> (0, 0, 0)
      and not exists (select from incoming i
        where (i.day, i.category, i.price_unit) = (u.day, u.category, u.price_unit))
    returning u.day
  ), written as (
    insert into public.twilio_usage as u (user_id, account_sid, day, category, price_unit, count, usage, price)
    select p_account.user_id, p_account.account_sid, i.day, i.category, i.price_unit, i.count, i.usage, i.price
    from incoming i
    on conflict (account_sid, day, category, price_unit) do update
    set count = excluded.count, usage = excluded.usage, price = excluded.price, refreshed_at = now()
    where (u.count, u.usage, u.price) <> (excluded.count, excluded.usage, excluded.price)
    returning u.day
  )
  select array_agg(distinct c.day) into changed
  from (select z.day from zeroed z union all select w.day from written w) c;
  return coalesce(changed, '{}');
end;
$$;
comment on function private.store_usage(private.usage_accounts, date, date, jsonb) is
  'Stores the records of a range of days. What had a value and is not among them becomes zero. Returns the days that '
  'changed.';

create function private.note_usage_days(p_account private.usage_accounts, p_until date, p_changed date[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.usage_days d set
    read_at = p_account.begun_at,
    unchanged_dates = d.unchanged_dates + c.counts,
    closed_at = coalesce(d.closed_at, case when d.unchanged_dates + c.counts >= 3 then p_account.begun_at end)
  from (
    select o.day, case when private.utc_day(p_account.begun_at) > greatest(o.day, private.utc_day(o.read_at))
      then 1 else 0 end as counts
    from private.usage_days o
    where o.account_sid = p_account.account_sid and o.day between p_account.pass_next and p_until
      and o.day <> all (p_changed)
  ) c
  where d.account_sid = p_account.account_sid and d.day = c.day;

  insert into private.usage_days as d (account_sid, day, user_id, total_price, price_unit, is_mixed, read_at,
    changed_at)
  select p_account.account_sid, u.day, p_account.user_id, coalesce(t.price, 0),
    coalesce(t.price_unit, min(u.price_unit)),
    count(distinct u.price_unit) filter (where (u.count, u.usage, u.price) <> (0, 0, 0)) > 1,
    p_account.begun_at, p_account.begun_at
  from public.twilio_usage u
  left join lateral (
    select o.price, o.price_unit from public.twilio_usage o
    where o.account_sid = u.account_sid and o.day = u.day and o.category = 'totalprice'
    order by o.price = 0, o.price_unit limit 1) t on true
  where u.account_sid = p_account.account_sid and u.day = any (p_changed)
  group by u.day, t.price, t.price_unit
  on conflict (account_sid, day) do update set
    total_price = excluded.total_price, price_unit = excluded.price_unit, is_mixed = excluded.is_mixed,
    read_at = excluded.read_at, changed_at = excluded.changed_at, unchanged_dates = 0,
    reopened_at = case when d.closed_at is not null then excluded.changed_at else d.reopened_at end,
    closed_at = null;
end;
$$;
comment on function private.note_usage_days(private.usage_accounts, date, date[]) is
  'Counts a read for the days of its range. Days that changed are open; those that a third date found unchanged are '
  'closed.';

create type public.record_usage_outcome as enum ('recorded', 'continues', 'fenced');
comment on type public.record_usage_outcome is
  'continues: the pass has another range. fenced: a later read has begun, and nothing was written.';

create function public.record_usage(p_account_sid text, p_fence bigint, p_through date, p_from date, p_until date,
  p_records jsonb)
returns public.record_usage_outcome
language plpgsql
set search_path = ''
as $$
declare
  account private.usage_accounts;
  began date;
  changed date[] := '{}';
begin
  select * into account from private.usage_accounts a where a.account_sid = p_account_sid and a.fence = p_fence
  for update;
  if not found or account.pass_next is null then
    return 'fenced';
  end if;
  if p_from is not null then
    changed := private.store_usage(account, p_from, p_until, p_records);
    perform private.note_usage_fees(account, p_from, p_until);
  end if;
  perform private.note_usage_days(account, p_through, changed);
  account.gone_at := case when p_from is null then coalesce(account.gone_at, account.begun_at) end;
  if p_from > account.pass_next and not exists (select from private.usage_days d
    where d.account_sid = p_account_sid and d.day < p_from) then
    account.first_day := p_from; -- it did not exist before
  end if;
  if p_through < private.utc_day(account.begun_at) then
    update private.usage_accounts a set pass_next = p_through + 1, gone_at = account.gone_at,
      first_day = account.first_day
    where a.account_sid = p_account_sid;
    return 'continues';
  end if;

  began := private.utc_day(account.pass_began_at);
  if began <> all (account.read_dates) then
    account.read_dates := (account.read_dates || began)[greatest(1, cardinality(account.read_dates) - 1):];
  end if;
  account.active_at := greatest(account.active_at, (private.number_anniversaries(account)).last_at);
  if account.pass_from <= greatest(account.first_day, private.utc_day() - private.usage_rotation_days()) then
    account.rotate_at := now() + private.spread('7 days');
  end if;
  update private.usage_accounts a set read_at = account.begun_at, read_through = p_through,
    read_dates = account.read_dates, active_at = account.active_at, rotate_at = account.rotate_at,
    gone_at = account.gone_at, first_day = account.first_day, pass_next = null, pass_from = null, pass_began_at = null,
    due_at = private.next_usage_pass(account, account.active_at >= account.pass_began_at
      or exists (select from private.usage_days d where d.account_sid = p_account_sid
        and d.day >= account.pass_from and d.changed_at >= account.pass_began_at))
  where a.account_sid = p_account_sid;
  return 'recorded';
end;
$$;
comment on function public.record_usage(text, bigint, date, date, date, jsonb) is
  'Records a read of the days up to p_through: the records, an array of {day, category, price_unit, count, usage, '
  'price}, of the days from p_from to p_until, at which Twilio knows the account. Null: it knows it at none (20404), '
  'and what is stored stays. Repeated, it changes nothing.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.note_usage_account(),
  private.note_usage(uuid),
  private.note_usage_activity(),
  private.number_anniversaries(private.usage_accounts),
  private.first_day_to_read(private.usage_accounts),
  private.has_open_usage(private.usage_accounts),
  private.next_usage_pass(private.usage_accounts, boolean),
  private.ask_for_usage_sync(private.usage_accounts),
  public.ask_for_usage_syncs(text, integer),
  public.begin_usage_sync(text),
  private.store_usage(private.usage_accounts, date, date, jsonb),
  private.note_usage_days(private.usage_accounts, date, date[]),
  public.record_usage(text, bigint, date, date, date, jsonb)
  from public, anon, authenticated;
grant execute on function
  private.note_usage(uuid),
  private.number_anniversaries(private.usage_accounts),
  private.first_day_to_read(private.usage_accounts),
  private.has_open_usage(private.usage_accounts),
  private.next_usage_pass(private.usage_accounts, boolean),
  private.ask_for_usage_sync(private.usage_accounts),
  public.ask_for_usage_syncs(text, integer),
  public.begin_usage_sync(text),
  private.store_usage(private.usage_accounts, date, date, jsonb),
  private.note_usage_days(private.usage_accounts, date, date[]),
  public.record_usage(text, bigint, date, date, date, jsonb)
  to service_role;
