-- The days whose usage is to be rated: every change in the ledger, or in who pays for it, opens its day again.

-- Times ---------------------------------------------------------------------------------------------------------------

create function private.estimated_after() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '48 hours';
end;
$$;
comment on function private.estimated_after() is
  'A message that Twilio has not priced by then is rated by its estimate.';

create function private.rated_every() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '4 hours';
end;
$$;
comment on function private.rated_every() is 'How often the days of a tenant are rated that may still change.';

create function private.first_ratable_day() returns date
language plpgsql stable
set search_path = ''
as $$
begin
  return private.utc_day(private.present() - private.kept_for('financial')) + 1;
end;
$$;
comment on function private.first_ratable_day() is
  'The first day whose messages and fees are all kept. Days before it are not rated again: what the end of the '
  'retention deletes is no credit.';

-- Days to rate --------------------------------------------------------------------------------------------------------

create table private.changed_days (
  id bigint primary key generated always as identity,
  user_id uuid not null,
  day date not null
);
comment on table private.changed_days is
  'Marks of days that are to be rated: of new days, of old ones that have changed, and of those whose payer or plan '
  'has. A mark is only ever added and deleted, so that a message waits for no rating, and a mark that is set '
  'meanwhile stays.';
create index changed_days_by_user on private.changed_days (user_id, day);
alter table private.changed_days enable row level security;
revoke all on private.changed_days from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.changed_days to service_role;

create table private.open_days (
  user_id uuid not null,
  day date not null,
  changes bigint not null default -1,
  is_waiting boolean not null default true,
  lacks_rate boolean not null default false,
  estimated_until timestamptz not null default '-infinity',
  primary key (user_id, day)
);
comment on table private.open_days is
  'Days that are rated again: until 49 hours after their end, and as long as usage of them waits.';
comment on column private.open_days.changes is
  'The sum of the changes in usage_totals when the day was last rated. A day on which nothing has changed since is not '
  'read again, unless usage waits. -1: it is read.';
comment on column private.open_days.is_waiting is
  'Whether usage waits: for its price, for an exchange rate (lacks_rate), or for the billing period that Stripe has '
  'not told yet.';
comment on column private.open_days.estimated_until is
  'Messages up to this time were rated finally: they count by their estimate before Twilio prices them.';
create index open_days_without_rate on private.open_days (user_id) where lacks_rate;
alter table private.open_days enable row level security;
revoke all on private.open_days from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.open_days to service_role;

create function private.rate_days(p_user_id uuid, p_from date) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.changed_days (user_id, day)
  select distinct p_user_id, t.day from private.usage_totals t
  where t.user_id = p_user_id and t.day >= greatest(p_from, private.first_ratable_day());
  if found then
    perform private.set_due_by(p_user_id, 'rating', private.present());
  end if;
end;
$$;
comment on function private.rate_days(uuid, date) is
  'Has the days of a tenant rated again on which there is usage, from p_from on.';

create function private.note_unrated_usage() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.day >= private.first_ratable_day() then
    insert into private.changed_days (user_id, day) values (new.user_id, new.day);
    perform private.set_due_by(new.user_id, 'rating',
      case when new.day < private.utc_day(private.present()) - 2 then private.present()
        else private.present() + private.spread(private.rated_every()) end);
  end if;
  return null;
end;
$$;
comment on function private.note_unrated_usage() is
  'Trigger: a day with usage is rated within hours, and a day that is no longer rated regularly at once.';
create trigger rate_new_usage after insert on private.usage_totals
  for each row execute function private.note_unrated_usage();
-- The days of the last 49 hours are open without a mark.
create trigger rate_changed_usage after update on private.usage_totals
  for each row when (new.changes <> old.changes and new.day < private.utc_day(private.present()) - 2)
  execute function private.note_unrated_usage();

create function private.note_changed_payer() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  subscription text;
  from_at timestamptz;
begin
  subscription := case when tg_op = 'DELETE' then old.subscription_id else new.subscription_id end;
  if tg_table_name = 'billing_periods' then
    from_at := case tg_op when 'INSERT' then new.starts_at when 'DELETE' then old.starts_at
      else least(old.starts_at, new.starts_at, case when old.ends_at < new.ends_at then old.ends_at end) end;
  else
    from_at := case when tg_op = 'DELETE' then old.since else new.since end;
    -- Of the period in which a version begins or ends the included amounts of all versions change.
    if tg_table_name = 'own_subscriptions' then
      from_at := (select min(b.starts_at) from private.billing_periods b
        where b.subscription_id = subscription and b.ends_at > from_at);
    end if;
  end if;
  perform private.rate_days(u, private.utc_day(from_at))
  from (
    select b.user_id from private.billing_periods b where b.subscription_id = subscription and b.user_id is not null
    union select o.user_id from private.own_subscriptions o where o.subscription_id = subscription order by 1) u (u)
  where from_at is not null;
  return null;
end;
$$;
comment on function private.note_changed_payer() is
  'Trigger: the days of a tenant are rated again from the moment on from which another customer, period, version or '
  'metered item may hold for them.';
create trigger rate_changed_periods after insert or delete on private.billing_periods
  for each row execute function private.note_changed_payer();
create trigger rate_moved_periods after update on private.billing_periods
  for each row when ((old.starts_at, old.ends_at, old.user_id, old.stripe_customer_id, old.currency, old.is_trial)
    is distinct from (new.starts_at, new.ends_at, new.user_id, new.stripe_customer_id, new.currency, new.is_trial))
  execute function private.note_changed_payer();
create trigger rate_changed_owners after insert or delete on private.own_subscriptions
  for each row execute function private.note_changed_payer();
create trigger rate_moved_owners after update on private.own_subscriptions
  for each row when ((old.since, old.until, old.user_id, old.plan_key, old.is_running)
    is distinct from (new.since, new.until, new.user_id, new.plan_key, new.is_running))
  execute function private.note_changed_payer();
create trigger rate_changed_items after insert or delete on private.metered_items
  for each row execute function private.note_changed_payer();
create trigger rate_moved_items after update on private.metered_items
  for each row when ((old.since, old.removed_at) is distinct from (new.since, new.removed_at))
  execute function private.note_changed_payer();

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.estimated_after(),
  private.rated_every(),
  private.first_ratable_day(),
  private.rate_days(uuid, date),
  private.note_unrated_usage(),
  private.note_changed_payer()
  from public, anon, authenticated;
grant execute on function
  private.estimated_after(),
  private.rated_every(),
  private.first_ratable_day(),
  private.rate_days(uuid, date)
  to service_role;
