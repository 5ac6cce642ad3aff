-- What every other file uses: the private schema, the queue extension, the audit log and rate limits.

-- Leases, requests and helpers live in `private`. The Data API does not expose this schema, so a grant made by mistake
-- opens nothing.
create schema if not exists private;
revoke all on schema private from public;
grant usage on schema private to service_role;
comment on schema private is 'Switchboard internals. Not exposed by any API.';

-- pgmq is "Supabase Queues". It is required: every acknowledged event is processed by a job on a queue.
create extension if not exists pgmq;

-- Each table and function is revoked from all roles and then granted by name. Default privileges are not used: those of
-- a schema cannot revoke what PUBLIC has by default, and those of the database would also apply to the host
-- application's later objects.

create function private.touch_updated_at() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end;
$$;
comment on function private.touch_updated_at() is 'Trigger: sets updated_at at each change of the row.';

-- The audit log -------------------------------------------------------------------------------------------------------

-- Each action with its actor and its tenant. Append only: grants and triggers both refuse any other change.

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
  'Append only. user_id has no foreign key on purpose: the lines of a deleted user, with the SID of their subaccount, '
  'are kept.';
comment on column public.audit_log.actor is
  'user:<uuid>, operator:<uuid>, or the part of the system that acted (converge, sweep and others).';
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
language plpgsql
set search_path = ''
as $$
begin
  insert into public.audit_log (actor, action, user_id, subaccount_sid, request_id, details)
  values (p_actor, p_action, p_user_id, p_subaccount_sid, p_request_id, coalesce(p_details, '{}'));
end;
$$;
comment on function private.audit(text, text, uuid, text, text, jsonb) is 'Adds one line to the audit log.';

-- Users ---------------------------------------------------------------------------------------------------------------

create function private.user_exists(p_user_id uuid) returns boolean
language plpgsql stable
security definer -- service_role may not read auth.users
set search_path = ''
as $$
begin
  return exists (select from auth.users u where u.id = p_user_id);
end;
$$;
comment on function private.user_exists(uuid) is 'Whether auth.users has this user.';

-- Rate limits ---------------------------------------------------------------------------------------------------------

-- How often a user, and an IP address, may perform an action. A request is counted in one statement, before its work
-- begins.

-- Unlogged: after a crash all counts start at zero.
create unlogged table private.rate_limits (
  subject text not null,
  action text not null,
  used integer not null,
  window_ends_at timestamptz not null,
  primary key (subject, action)
);
comment on table private.rate_limits is
  'The requests counted for each user and each IP address in the current window of an action.';
comment on column private.rate_limits.subject is 'user:<uuid> or address:<ip>.';
create index rate_limits_by_end on private.rate_limits (window_ends_at);
alter table private.rate_limits enable row level security;
revoke all on private.rate_limits from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.rate_limits to service_role;

create type public.rate_limit_outcome as enum ('allowed', 'exceeded');
comment on type public.rate_limit_outcome is
  'Whether a request is within its rate limits. exceeded comes with the seconds until the window ends.';

create function public.count_request(
  p_action text, p_user_id uuid, p_address text, p_user_limit integer, p_address_limit integer, p_window_seconds integer
) returns table (outcome public.rate_limit_outcome, retry_after_seconds integer)
language plpgsql
set search_path = ''
as $$
begin
  with limits (subject, allowed) as (
    select 'user:' || p_user_id, p_user_limit
    union all
    select 'address:' || p_address, p_address_limit where p_address is not null
  ), counted as (
    insert into private.rate_limits as r (subject, action, used, window_ends_at)
    -- The user first, then the address: a fixed order of locks prevents deadlocks between requests.
    select l.subject, p_action, 1, now() + make_interval(secs => p_window_seconds) from limits l order by l.subject desc
    on conflict (subject, action) do update set
      used = case when r.window_ends_at <= now() then 1 else r.used + 1 end,
      window_ends_at = case when r.window_ends_at <= now() then excluded.window_ends_at else r.window_ends_at end
    returning r.subject, r.used, r.window_ends_at
  )
  select case when count(*) = 0 then 'allowed' else 'exceeded' end,
    ceil(coalesce(max(extract(epoch from c.window_ends_at - now())), 0))
  into outcome, retry_after_seconds
  from counted c join limits l using (subject) where c.used > l.allowed;
  return next;
end;
$$;
comment on function public.count_request(text, uuid, text, integer, integer, integer) is
  'Counts one request for the user and their IP address. An address of null counts for the user alone.';

create function public.forget_rate_limits() returns bigint
language plpgsql
set search_path = ''
as $$
declare
  forgotten bigint;
begin
  delete from private.rate_limits where window_ends_at < now() - interval '1 hour';
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$$;
comment on function public.forget_rate_limits() is
  'Deletes windows that ended more than an hour ago. Returns their number.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.touch_updated_at(),
  private.refuse_change(),
  private.audit(text, text, uuid, text, text, jsonb),
  private.user_exists(uuid),
  public.count_request(text, uuid, text, integer, integer, integer),
  public.forget_rate_limits()
  from public, anon, authenticated;
grant execute on function
  private.audit(text, text, uuid, text, text, jsonb),
  private.user_exists(uuid),
  public.count_request(text, uuid, text, integer, integer, integer),
  public.forget_rate_limits()
  to service_role;
