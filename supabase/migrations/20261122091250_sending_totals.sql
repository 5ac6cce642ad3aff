-- What a tenant has sent, by the hour: limits are decided by a few sums instead of by counting messages.

create table private.sending_totals (
  user_id uuid not null references auth.users (id) on delete cascade,
  hour timestamptz not null,
  messages bigint not null,
  spend numeric(14, 5) not null,
  primary key (user_id, hour)
);
comment on table private.sending_totals is
  'Outbound messages and what they cost, per tenant and hour, kept by a trigger. A message that was refused, or never sent, counts for nothing.';
alter table private.sending_totals enable row level security;
revoke all on private.sending_totals from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.sending_totals to service_role;

create function private.counts_as_sent(p_message public.sms_messages) returns boolean
language sql immutable
set search_path = ''
as $$
  select p_message.direction = 'outbound' and p_message.status not in ('refused', 'not_sent');
$$;

create function private.cost_of(p_message public.sms_messages) returns numeric
language sql immutable
set search_path = ''
as $$
  -- Twilio's prices are negative: what the account pays.
  select coalesce(abs(p_message.price), p_message.estimated_price);
$$;

-- Hours of one clock, whatever the time zone of the session: a row is found again in the hour it was counted in.
create function private.hour_of(p_at timestamptz) returns timestamptz
language sql immutable
set search_path = ''
as $$
  select date_trunc('hour', p_at, 'UTC');
$$;

create function private.count_sending() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  -- By statement, not by row: hours are locked in one order, all of them before any campaign (see count_campaign_messages), so
  -- that of two statements at once none waits in a circle. A wave of messages is one change of one hour. Also a statement that
  -- touched no row comes here, whoever sent it.
  if tg_op = 'INSERT' then
    if not exists (select from new_rows) then
      return null;
    end if;
    insert into private.sending_totals as t (user_id, hour, messages, spend)
    select n.user_id, private.hour_of(n.created_at), count(*), sum(private.cost_of(n))
    from new_rows n where private.counts_as_sent(n) group by 1, 2 order by 1, 2
    on conflict (user_id, hour) do update set messages = t.messages + excluded.messages, spend = t.spend + excluded.spend;
    return null;
  end if;

  if not exists (select from old_rows) then
    return null;
  end if;
  if tg_op = 'UPDATE' then
    insert into private.sending_totals as t (user_id, hour, messages, spend)
    select c.user_id, c.hour, sum(c.messages), sum(c.spend)
    from (
      select n.user_id, private.hour_of(n.created_at) as hour, 1 as messages, private.cost_of(n) as spend from new_rows n where private.counts_as_sent(n)
      union all
      select o.user_id, private.hour_of(o.created_at), -1, -private.cost_of(o) from old_rows o where private.counts_as_sent(o)
    ) c
    group by 1, 2 having sum(c.messages) <> 0 or sum(c.spend) <> 0 order by 1, 2
    on conflict (user_id, hour) do update set messages = t.messages + excluded.messages, spend = t.spend + excluded.spend;
  else
    -- Never inserted: where the user is being deleted, their totals may be gone already.
    perform from private.sending_totals t
    where (t.user_id, t.hour) in (select o.user_id, private.hour_of(o.created_at) from old_rows o where private.counts_as_sent(o))
    order by t.user_id, t.hour for no key update;
    update private.sending_totals t set messages = t.messages - c.messages, spend = t.spend - c.spend
    from (
      select o.user_id, private.hour_of(o.created_at) as hour, count(*) as messages, sum(private.cost_of(o)) as spend
      from old_rows o where private.counts_as_sent(o) group by 1, 2
    ) c
    where t.user_id = c.user_id and t.hour = c.hour;
  end if;
  return null;
end;
$$;
comment on function private.count_sending() is 'Trigger: keeps sending_totals true to the ledger.';

create trigger count_new after insert on public.sms_messages
  referencing new table as new_rows for each statement execute function private.count_sending();
create trigger count_changed after update on public.sms_messages
  referencing old table as old_rows new table as new_rows for each statement execute function private.count_sending();
create trigger count_deleted after delete on public.sms_messages
  referencing old table as old_rows for each statement execute function private.count_sending();

create function private.lock_totals(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.sending_totals (user_id, hour, messages, spend) values (p_user_id, private.hour_of(now()), 0, 0) on conflict do nothing;
  perform from private.sending_totals t where t.user_id = p_user_id and t.hour = private.hour_of(now()) for no key update;
end;
$$;
comment on function private.lock_totals(uuid) is 'Locks this hour of a tenant''s totals, for a decision that locks a campaign before it makes messages.';

create function private.sending_room(p_user_id uuid, p_plan public.plans)
returns table (daily bigint, monthly bigint, spend numeric)
language sql stable
set search_path = ''
as $$
  -- The hour that began a day ago counts whole: never more than the limit in any twenty-four hours. Months are those of UTC.
  -- coalesce: a plan that was deleted allows nothing, rather than everything.
  select
    (coalesce(p_plan.daily_message_limit, 0) - coalesce(sum(t.messages) filter (where t.hour > now() - interval '25 hours'), 0))::bigint,
    (coalesce(p_plan.monthly_message_limit, 0) - coalesce(sum(t.messages) filter (where t.hour >= date_trunc('month', now(), 'UTC')), 0))::bigint,
    coalesce(p_plan.monthly_spend_limit, 0) - coalesce(sum(t.spend) filter (where t.hour >= date_trunc('month', now(), 'UTC')), 0)
  from private.sending_totals t
  where t.user_id = p_user_id and t.hour >= least(date_trunc('month', now(), 'UTC'), now() - interval '25 hours');
$$;
comment on function private.sending_room(uuid, public.plans) is 'How many messages, and how much money, a plan leaves a tenant: today, this month, this month.';

revoke execute on function
  private.counts_as_sent(public.sms_messages), private.cost_of(public.sms_messages), private.count_sending(),
  private.sending_room(uuid, public.plans), private.hour_of(timestamptz), private.lock_totals(uuid)
  from public, anon, authenticated;
grant execute on function
  private.counts_as_sent(public.sms_messages), private.cost_of(public.sms_messages), private.sending_room(uuid, public.plans),
  private.hour_of(timestamptz), private.lock_totals(uuid)
  to service_role;
