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

create function private.count_sending() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op <> 'INSERT' and private.counts_as_sent(old) then
    -- Never inserted: where the user is being deleted, their totals may be gone already.
    update private.sending_totals t set messages = t.messages - 1, spend = t.spend - private.cost_of(old)
    where t.user_id = old.user_id and t.hour = date_trunc('hour', old.created_at);
  end if;
  if tg_op <> 'DELETE' and private.counts_as_sent(new) then
    insert into private.sending_totals as t (user_id, hour, messages, spend)
    values (new.user_id, date_trunc('hour', new.created_at), 1, private.cost_of(new))
    on conflict (user_id, hour) do update set messages = t.messages + 1, spend = t.spend + excluded.spend;
  end if;
  return null;
end;
$$;
comment on function private.count_sending() is 'Trigger: keeps sending_totals true to the ledger.';

create trigger count_new after insert on public.sms_messages
  for each row when (new.direction = 'outbound') execute function private.count_sending();
create trigger count_changed after update of status, price, created_at on public.sms_messages
  for each row when (new.direction = 'outbound' and (
    (old.status in ('refused', 'not_sent')) <> (new.status in ('refused', 'not_sent'))
    or old.price is distinct from new.price or old.created_at <> new.created_at))
  execute function private.count_sending();
create trigger count_deleted after delete on public.sms_messages
  for each row when (old.direction = 'outbound') execute function private.count_sending();

create function private.sending_room(p_user_id uuid, p_plan public.plans)
returns table (daily bigint, monthly bigint, spend numeric)
language sql stable
set search_path = ''
as $$
  -- The hour that began a day ago counts whole: never more than the limit in any twenty-four hours. coalesce: a plan that was
  -- deleted allows nothing, rather than everything.
  select
    (coalesce(p_plan.daily_message_limit, 0) - coalesce(sum(t.messages) filter (where t.hour > now() - interval '25 hours'), 0))::bigint,
    (coalesce(p_plan.monthly_message_limit, 0) - coalesce(sum(t.messages) filter (where t.hour >= date_trunc('month', now())), 0))::bigint,
    coalesce(p_plan.monthly_spend_limit, 0) - coalesce(sum(t.spend) filter (where t.hour >= date_trunc('month', now())), 0)
  from private.sending_totals t
  where t.user_id = p_user_id and t.hour >= least(date_trunc('month', now()), now() - interval '25 hours');
$$;
comment on function private.sending_room(uuid, public.plans) is 'How many messages, and how much money, a plan leaves a tenant: today, this month, this month.';

revoke execute on function
  private.counts_as_sent(public.sms_messages), private.cost_of(public.sms_messages), private.count_sending(),
  private.sending_room(uuid, public.plans)
  from public, anon, authenticated;
grant execute on function
  private.counts_as_sent(public.sms_messages), private.cost_of(public.sms_messages), private.sending_room(uuid, public.plans)
  to service_role;
