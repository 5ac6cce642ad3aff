-- The ground everything else stands on: a schema no API exposes, the queue extension, the audit log, and rate limits.

-- Leases, requests and helpers live in `private`: the Data API never exposes it, whatever is granted later.
create schema if not exists private;
revoke all on schema private from public;
grant usage on schema private to service_role;
comment on schema private is 'Switchboard internals. Not exposed by any API.';

-- pgmq is "Supabase Queues". It is required: every acknowledged event rides on it.
create extension if not exists pgmq;

-- Nothing is callable or readable unless a line here says so: every table and function is revoked from all and then
-- granted. Default privileges would not do: those of a schema cannot take back what PUBLIC has by default, and changing
-- those of the whole database would also change what the host application makes later.

create function private.touch_updated_at() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end;
$$;
comment on function private.touch_updated_at() is 'Trigger: keeps updated_at honest, whoever writes the row.';

-- The audit log -------------------------------------------------------------------------------------------------------

-- Who did what to whom: append only, and the database itself says no to anything else.

create table public.audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  user_id uuid,
  subaccount_sid text,
  request_id text,
  details jsonb not null default '{}',
  constraint audit_log_actor_named check (actor <> '')
);
comment on table public.audit_log is
  'Append only. user_id has no foreign key on purpose: the trail of a deleted user, with the SID of their '
  'subaccount, survives them.';
comment on column public.audit_log.actor is
  'user:<uuid>, operator:<uuid>, or the part of the system that acted (converge, sweep …).';
create index audit_log_by_user on public.audit_log (user_id, at desc);

create function private.refuse_change() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception 'Cannot % %.%: it is append only', lower(tg_op), tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege';
end;
$$;
create trigger append_only before update or delete on public.audit_log
  for each row execute function private.refuse_change();
create trigger append_only_truncate before truncate on public.audit_log
  for each statement execute function private.refuse_change();

alter table public.audit_log enable row level security;
revoke all on public.audit_log from public, anon, authenticated, service_role;
revoke all on sequence public.audit_log_id_seq from public, anon, authenticated, service_role;
grant select, insert on public.audit_log to service_role;
create policy "Only the service reads the audit log" on public.audit_log for select to service_role using (true);

create function private.audit(p_actor text, p_action text, p_user_id uuid, p_subaccount_sid text, p_request_id text,
  p_details jsonb default '{}')
returns void
language sql
set search_path = ''
as $$
  insert into public.audit_log (actor, action, user_id, subaccount_sid, request_id, details)
  values (p_actor, p_action, p_user_id, p_subaccount_sid, p_request_id, coalesce(p_details, '{}'));
$$;

-- Users ---------------------------------------------------------------------------------------------------------------

create function private.user_exists(p_user_id uuid) returns boolean
language sql stable
security definer -- service_role may not read auth.users
set search_path = ''
as $$
  select exists (select from auth.users u where u.id = p_user_id);
$$;

-- Rate limits ---------------------------------------------------------------------------------------------------------

-- How often a user, and an address, may do a thing: counted in one statement, before anything else is done.

-- Unlogged: after a crash everybody starts anew, which costs nobody anything.
create unlogged table private.allowances (
  subject text not null,
  action text not null,
  used integer not null,
  window_ends_at timestamptz not null,
  primary key (subject, action)
);
comment on table private.allowances is
  'What each user and address has used of a limit in the window that is running for them.';
create index allowances_by_end on private.allowances (window_ends_at);
alter table private.allowances enable row level security;
revoke all on private.allowances from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.allowances to service_role;

create function public.take_allowance(
  p_action text, p_user_id uuid, p_address text, p_user_limit integer, p_address_limit integer, p_window_seconds integer
) returns table (outcome text, retry_after_seconds integer)
language sql
set search_path = ''
as $$
  with asked (subject, allowed) as (
    select 'user:' || p_user_id, p_user_limit
    union all
    select 'address:' || p_address, p_address_limit where p_address is not null
  ), counted as (
    insert into private.allowances as a (subject, action, used, window_ends_at)
    -- always in this order, so that two requests never wait for each other
    select subject, p_action, 1, now() + make_interval(secs => p_window_seconds) from asked order by subject desc
    on conflict (subject, action) do update set
      used = case when a.window_ends_at <= now() then 1 else a.used + 1 end,
      window_ends_at = case when a.window_ends_at <= now() then excluded.window_ends_at else a.window_ends_at end
    returning a.subject, a.used, a.window_ends_at
  )
  select case when bool_or(c.used > asked.allowed) then 'exceeded' else 'allowed' end,
    ceil(coalesce(max(extract(epoch from c.window_ends_at - now())) filter (where c.used > asked.allowed), 0))::integer
  from counted c join asked using (subject);
$$;
comment on function public.take_allowance(text, uuid, text, integer, integer, integer) is
  'Counts one use for the user and their address: allowed, or exceeded with the seconds until the window ends.';

create function public.forget_allowances() returns bigint
language sql
set search_path = ''
as $$
  with forgotten as (
    delete from private.allowances where window_ends_at < now() - interval '1 hour' returning 1
  )
  select count(*) from forgotten;
$$;
comment on function public.forget_allowances() is 'Forgets windows that ended more than an hour ago. Returns how many.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.touch_updated_at(),
  private.refuse_change(),
  private.audit(text, text, uuid, text, text, jsonb),
  private.user_exists(uuid),
  public.take_allowance(text, uuid, text, integer, integer, integer),
  public.forget_allowances()
  from public, anon, authenticated;
grant execute on function
  private.audit(text, text, uuid, text, text, jsonb),
  private.user_exists(uuid),
  public.take_allowance(text, uuid, text, integer, integer, integer),
  public.forget_allowances()
  to service_role;
