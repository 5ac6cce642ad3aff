-- Numbers beyond the limit of a plan, after a downgrade: notice, a time in which they still send, and then they only
-- receive.

create table private.excess_numbers (
  number_id uuid primary key references public.user_twilio_numbers (id) on delete cascade,
  user_id uuid not null,
  sending_ends_at timestamptz not null
);
comment on table private.excess_numbers is
  'Numbers of which a notice said that they will not send after sending_ends_at. Whether one is beyond the limit '
  'is decided when it sends, so that an upgrade or a release counts at once.';
create index excess_numbers_by_user on private.excess_numbers (user_id);
alter table private.excess_numbers enable row level security;
revoke all on private.excess_numbers from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.excess_numbers to service_role;

create function private.numbers_beyond_limit(p_user_id uuid) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
declare
  max_numbers integer;
begin
  -- Looked for before the plan, which costs more: this runs with every change of a subscription.
  if not exists (select from public.user_twilio_numbers n where n.user_id = p_user_id and n.status = 'active') then
    return '{}';
  end if;
  max_numbers := coalesce((private.plan_of(p_user_id)).max_numbers, 0);
  return array(
    select n.id from public.user_twilio_numbers n
    where n.user_id = p_user_id and n.status = 'active'
    order by n.is_primary desc, n.created_at, n.id
    -- The primary number is never beyond the limit, not even of a plan without numbers.
    offset greatest(max_numbers, case when exists (select from public.user_twilio_numbers p
      where p.user_id = p_user_id and p.is_primary and p.status = 'active') then 1 else 0 end));
end;
$$;
comment on function private.numbers_beyond_limit(uuid) is
  'The ids of a tenant''s active numbers beyond max_numbers of their plan: the newest ones, and never the primary '
  'number. The one place that decides this.';

create function private.is_sending_over(p_user_id uuid, p_number_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  -- Few numbers have a row, so a send from any other one takes one look.
  return exists (select from private.excess_numbers e where e.number_id = p_number_id and e.sending_ends_at <= now())
    and p_number_id = any (private.numbers_beyond_limit(p_user_id));
end;
$$;
comment on function private.is_sending_over(uuid, uuid) is
  'Whether a number is beyond the limit of the plan and the time in which it still sends is over.';

create function private.note_excess_numbers(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  plan public.plans;
  beyond constant uuid[] := private.numbers_beyond_limit(p_user_id);
  noticed uuid[] := array(select e.number_id from private.excess_numbers e
    join public.user_twilio_numbers n on n.id = e.number_id and n.status = 'active' where e.user_id = p_user_id);
  ends_at timestamptz;
  noted record;
begin
  -- A suspended tenant sends nothing: the time begins when they can send again.
  if cardinality(beyond) = 0 or private.wanted_subaccount(p_user_id) <> 'active' then
    delete from private.excess_numbers e where e.user_id = p_user_id;
    return;
  end if;
  plan := private.plan_of(p_user_id);
  delete from private.excess_numbers e where e.user_id = p_user_id and e.number_id <> all (noticed);
  -- When the tenant makes another number primary, the number that takes its place among the numbers beyond the limit
  -- gets no time of its own: otherwise all of them would send for ever, in turns.
  select case when cardinality(noticed) >= cardinality(beyond) then greatest(now(), min(e.sending_ends_at))
    else now() + coalesce(plan.sending_grace, '14 days') end into ends_at
  from private.excess_numbers e where e.user_id = p_user_id;
  for noted in
    insert into private.excess_numbers (number_id, user_id, sending_ends_at)
    select b, p_user_id, ends_at from unnest(beyond) b
    on conflict (number_id) do nothing
    returning number_id, sending_ends_at
  loop
    perform private.notify_tenant(p_user_id, 'number.sending_ends',
      noted.number_id || ' ' || to_char(noted.sending_ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      (select jsonb_build_object('phoneNumber', n.phone_number, 'numberId', n.id, 'at', noted.sending_ends_at,
          'maxNumbers', coalesce(plan.max_numbers, 0))
        from public.user_twilio_numbers n where n.id = noted.number_id));
  end loop;
end;
$$;
comment on function private.note_excess_numbers(uuid) is
  'Gives notice of the numbers beyond the limit of a plan, which will stop sending; forgets it for those that are '
  'within it again. The one writer of these rows, called when a fact changes and by convergence.';

create function private.note_changed_number_count() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.note_excess_numbers(new.user_id);
  return null;
end;
$$;
comment on function private.note_changed_number_count() is
  'Trigger: a number that came, left or became primary may change which numbers are beyond the limit.';
create trigger excess_when_new after insert on public.user_twilio_numbers
  for each row when (new.status = 'active') execute function private.note_changed_number_count();
create trigger excess_when_changed after update on public.user_twilio_numbers
  for each row when ((old.status = 'active') <> (new.status = 'active') or (new.is_primary and not old.is_primary))
  execute function private.note_changed_number_count();

create function private.note_changed_subscription_limit() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.note_excess_numbers(s.user_id)
  from (select distinct u as user_id from unnest(array[old.user_id, new.user_id]) u where u is not null order by 1) s;
  return null;
end;
$$;
comment on function private.note_changed_subscription_limit() is
  'Trigger: a subscription that changed may change which numbers are beyond the limit.';
create trigger excess_when_new after insert on public.subscriptions
  for each row when (new.user_id is not null) execute function private.note_changed_subscription_limit();
create trigger excess_when_changed after update on public.subscriptions
  for each row when ((old.user_id, old.origin, old.status, old.plan_key, old.first_payment_pending, old.past_due_since)
    is distinct from
    (new.user_id, new.origin, new.status, new.plan_key, new.first_payment_pending, new.past_due_since))
  execute function private.note_changed_subscription_limit();

create trigger excess_when_deleted after delete on public.subscriptions
  for each row when (old.user_id is not null) execute function private.note_changed_subscription_limit();

create function private.note_changed_number_limit() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.note_excess_numbers(e.user_id)
  from (select distinct x.user_id from private.excess_numbers x order by x.user_id) e;
  -- The others with more numbers than the new limit are compared within minutes: a plan has any number of tenants.
  insert into private.due_work as d (user_id, kind, due_at)
  select o.user_id, 'convergence'::private.due_kind, now() from (
    select s.user_id from public.subscriptions s where s.plan_key = new.key and s.user_id is not null
    union select p.user_id from public.user_preferences p
      where new.key = 'free' and p.twilio_subaccount_status = 'active') o
  where (select count(*) from public.user_twilio_numbers n where n.user_id = o.user_id and n.status = 'active')
    > new.max_numbers
  order by o.user_id
  on conflict (user_id, kind) do update set due_at = excluded.due_at where d.due_at > excluded.due_at;
  return null;
end;
$$;
comment on function private.note_changed_number_limit() is
  'Trigger: tenants with a notice of numbers beyond the limit are compared with the new one, and others with more '
  'numbers are due.';
create trigger excess_when_limit_changes after update on public.plans
  for each row when (old.max_numbers <> new.max_numbers) execute function private.note_changed_number_limit();

create function private.note_changed_own_limits() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.note_excess_numbers(coalesce(new.user_id, old.user_id));
  return null;
end;
$$;
comment on function private.note_changed_own_limits() is
  'Trigger: limits that an operator set for one tenant, and those that end, may change which of their numbers are '
  'beyond the limit.';
create trigger excess_when_own_limits_change after insert or update or delete on private.tenant_limits
  for each row execute function private.note_changed_own_limits();

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.numbers_beyond_limit(uuid),
  private.is_sending_over(uuid, uuid),
  private.note_excess_numbers(uuid),
  private.note_changed_number_count(),
  private.note_changed_subscription_limit(),
  private.note_changed_number_limit(),
  private.note_changed_own_limits()
  from public, anon, authenticated;
grant execute on function
  private.numbers_beyond_limit(uuid),
  private.is_sending_over(uuid, uuid),
  private.note_excess_numbers(uuid)
  to service_role;
