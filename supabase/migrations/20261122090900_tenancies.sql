-- One row per tenant: what they asked for, what an operator decided, and the lease under which one convergence at a time acts.

create table private.tenancies (
  -- No foreign key: when a user is deleted their subaccount must still be closed, and this row is what remembers it.
  user_id uuid primary key,
  requested_at timestamptz,
  operator_hold text,
  departed_at timestamptz,
  -- The lease. fence grows with every lease; a holder whose fence is no longer the newest writes nothing.
  fence bigint not null default 0,
  leased_until timestamptz,
  -- How long a lease runs; each note that is made under it lets it run that long again.
  leased_for interval,
  -- Bumped by every fact that asks for convergence; a holder that finds it moved on runs once more.
  version bigint not null default 1,
  -- Written before Twilio is called, so that a death in between leaves a trace.
  create_attempted_at timestamptz,
  intended_status text,
  applied_status text,
  last_error text,
  converged_at timestamptz,
  created_at timestamptz not null default now(),
  constraint tenancies_hold_known check (operator_hold in ('suspended', 'closed')),
  constraint tenancies_intended_known check (intended_status in ('active', 'suspended', 'closed')),
  constraint tenancies_applied_known check (applied_status in ('active', 'suspended', 'closed'))
);
comment on table private.tenancies is 'The tenant as convergence sees them: wishes, holds, lease and fence.';
comment on column private.tenancies.applied_status is
  'The status Switchboard last gave the subaccount. Another one at Twilio was set there by hand: recorded, not fought over.';
alter table private.tenancies enable row level security;
revoke all on private.tenancies from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.tenancies to service_role;

create function private.user_exists(p_user_id uuid) returns boolean
language sql stable
security definer -- service_role may not read auth.users
set search_path = ''
as $$
  select exists (select from auth.users u where u.id = p_user_id);
$$;

create function private.wanted_by_subscription(p_status text, p_past_due_since timestamptz, p_ended_at timestamptz,
  p_grace interval, p_retention interval, p_at timestamptz) returns text
language sql immutable
set search_path = ''
as $$
  select case
    when p_status in ('trialing', 'active') then 'active'
    when p_status = 'past_due' and p_at < p_past_due_since + p_grace then 'active'
    when p_status in ('past_due', 'paused', 'unpaid') then 'suspended'
    when p_status = 'canceled' and p_at < p_ended_at + p_retention then 'suspended'
    when p_status = 'canceled' then 'closed'
    else 'none' -- incomplete, incomplete_expired: never paid
  end;
$$;
comment on function private.wanted_by_subscription(text, timestamptz, timestamptz, interval, interval, timestamptz) is
  'What one subscription entitles to at a moment: active, suspended, closed or none.';

create function private.wanted_subaccount(p_user_id uuid, p_at timestamptz default now()) returns text
language sql stable
set search_path = ''
as $$
  select coalesce(
    -- Asked of auth itself: a token outlives its user, so a request may still come after the departure was noted (or was not,
    -- because there was nothing yet to note).
    case when not private.user_exists(p_user_id) then 'closed' end,
    (select t.operator_hold from private.tenancies t where t.user_id = p_user_id),
    -- The best of several subscriptions counts: an old canceled one must not take a paid one down.
    (select w.wanted
       from public.subscriptions s
       join public.plans p on p.key = s.plan_key
       cross join lateral (select private.wanted_by_subscription(
         s.status, coalesce(s.past_due_since, s.updated_at), coalesce(s.ended_at, s.updated_at), p.past_due_grace, p.retention, p_at) as wanted) w
       where s.user_id = p_user_id and w.wanted <> 'none'
       order by array_position(array['active', 'suspended', 'closed'], w.wanted)
       limit 1),
    (select 'active' from private.tenancies t where t.user_id = p_user_id and t.requested_at is not null),
    'none');
$$;
comment on function private.wanted_subaccount(uuid, timestamptz) is
  'What a tenant should have now: active, suspended, closed, or none (never entitled). Departure, then an operator''s hold, then subscriptions, then the tenant''s own request.';

create function private.plan_of(p_user_id uuid) returns public.plans
language sql stable
set search_path = ''
as $$
  select p.*
  from public.plans p
  where p.key = coalesce(
    (select s.plan_key from public.subscriptions s
      where s.user_id = p_user_id and s.status in ('trialing', 'active', 'past_due')
      order by s.created_at desc, s.id limit 1),
    'free');
$$;
comment on function private.plan_of(uuid) is 'The plan whose limits hold for a tenant with a subaccount.';

create function private.ask_for_convergence(p_user_id uuid, p_delay_seconds integer default 0) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.tenancies (user_id) values (p_user_id)
  on conflict (user_id) do update set version = private.tenancies.version + 1;
  perform private.enqueue(jsonb_build_object('kind', 'converge', 'userId', p_user_id), p_delay_seconds);
end;
$$;
comment on function private.ask_for_convergence(uuid, integer) is 'Records that something about a tenant changed and enqueues a convergence, in the caller''s transaction.';

create function private.audit(p_actor text, p_action text, p_user_id uuid, p_subaccount_sid text, p_request_id text, p_details jsonb default '{}')
returns void
language sql
set search_path = ''
as $$
  insert into public.audit_log (actor, action, user_id, subaccount_sid, request_id, details)
  values (p_actor, p_action, p_user_id, p_subaccount_sid, p_request_id, coalesce(p_details, '{}'));
$$;

-- A deleted user leaves a subaccount behind that must be closed: remember it in the same transaction.
create function private.remember_departure() returns trigger
language plpgsql
security definer -- auth's own roles delete users and have no rights here
set search_path = ''
as $$
declare
  subaccount text;
begin
  select p.twilio_subaccount_sid into subaccount from public.user_preferences p where p.user_id = old.id;
  if subaccount is null and not exists (select from private.tenancies t where t.user_id = old.id) then
    return old;
  end if;
  insert into private.tenancies (user_id, departed_at) values (old.id, now())
  on conflict (user_id) do update set departed_at = now(), version = private.tenancies.version + 1;
  perform private.enqueue(jsonb_build_object('kind', 'converge', 'userId', old.id));
  perform private.audit('auth', 'user.deleted', old.id, subaccount, null);
  return old;
end;
$$;
create trigger switchboard_remember_departure before delete on auth.users
  for each row execute function private.remember_departure();

revoke execute on function
  private.user_exists(uuid),
  private.wanted_by_subscription(text, timestamptz, timestamptz, interval, interval, timestamptz),
  private.wanted_subaccount(uuid, timestamptz), private.plan_of(uuid), private.ask_for_convergence(uuid, integer),
  private.audit(text, text, uuid, text, text, jsonb), private.remember_departure()
  from public, anon, authenticated;
grant execute on function
  private.user_exists(uuid),
  private.wanted_by_subscription(text, timestamptz, timestamptz, interval, interval, timestamptz),
  private.wanted_subaccount(uuid, timestamptz), private.plan_of(uuid), private.ask_for_convergence(uuid, integer),
  private.audit(text, text, uuid, text, text, jsonb)
  to service_role;

-- Tenants of the product this replaces, whose rows were here before us: they keep what they have, a suspended one its
-- suspension, and convergence reads again the tokens that were forgotten above.
insert into private.tenancies (user_id, requested_at)
select p.user_id, case when p.twilio_subaccount_status <> 'suspended' then now() end
from public.user_preferences p
where p.twilio_subaccount_sid is not null and p.twilio_subaccount_status <> 'closed' and private.user_exists(p.user_id);
select private.ask_for_convergence(user_id) from private.tenancies;
