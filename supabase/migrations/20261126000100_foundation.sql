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

-- Ids that grow with time (UUID version 7): new rows of a table are neighbours in its indexes. Postgres 17 has no
-- function of its own for them.
create function private.new_id() returns uuid
language plpgsql volatile
set search_path = ''
as $$
begin
  -- A random id of version 4 whose first 48 bits become the time in milliseconds; two more bits make its version 7.
  return encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
      52, 1), 53, 1),
    'hex')::uuid;
end;
$$;
comment on function private.new_id() is 'A new id, a UUID of version 7 (RFC 9562).';

-- Retention -----------------------------------------------------------------------------------------------------------

create type private.expiring as enum ('event_payload', 'audit_details', 'cron_run', 'forward_delivery',
  'tenant_notice', 'financial', 'settled_alert');
comment on type private.expiring is
  'What is purged with time. event_payload: of a processed webhook. audit_details: of a line of the audit log. '
  'cron_run: pg_cron''s row of a run of ours. forward_delivery: of an event to a tenant''s webhook. tenant_notice: '
  'a notice to a tenant. financial: usage, totals and purchases, and the messages of deleted users. settled_alert: '
  'an operator alert whose cause is gone.';

create function private.kept_for(p_what private.expiring) returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return case p_what
    when 'event_payload' then interval '30 days' -- as long as Stripe keeps its events
    when 'audit_details' then interval '365 days'
    when 'cron_run' then interval '3 days'
    when 'forward_delivery' then interval '30 days'
    -- Longer than a billing period of a year: the notices of a period in progress are what prevents a second one.
    when 'tenant_notice' then interval '400 days'
    when 'financial' then interval '10 years' -- the longest that accounting laws commonly ask for
    when 'settled_alert' then interval '180 days'
  end;
end;
$$;
comment on function private.kept_for(private.expiring) is 'How long something is kept before it is purged.';

-- The audit log -------------------------------------------------------------------------------------------------------

-- Each action with its actor and its tenant. Append only: grants and triggers both refuse any other change, except that
-- the details of an old line, which may name people, are emptied.

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
comment on column public.audit_log.details is
  'Reasons, phone numbers and other facts. Emptied when they expire (private.kept_for).';
comment on column public.audit_log.actor is
  'user:<uuid>, operator:<uuid>, or the part of the system that acted (converge, sweep and others).';
create index audit_log_by_user on public.audit_log (user_id, at desc, id desc);
create index audit_log_by_request on public.audit_log (request_id, id) where request_id is not null;
create index audit_log_by_actor on public.audit_log (actor, id);
create index audit_log_by_action on public.audit_log (action, id);
create index audit_log_expiring on public.audit_log (at) where details <> '{}';

create function private.refuse_change() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception 'Cannot % %.%: it is append only', lower(tg_op), tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege';
end;
$$;
create trigger append_only before delete on public.audit_log
  for each row execute function private.refuse_change();
-- The one change that is allowed, by its content, for every role: expired details become empty.
create trigger append_only_update before update on public.audit_log
  for each row when (new.details <> '{}' or old.at > now() - private.kept_for('audit_details')
    or to_jsonb(new) - 'details' <> to_jsonb(old) - 'details')
  execute function private.refuse_change();
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

create function private.purge_audit_details(p_limit integer) returns integer
language plpgsql
security definer -- service_role may not update the log
set search_path = ''
as $$
declare
  purged integer;
begin
  update public.audit_log l set details = '{}'
  where l.id = any (array(
    select o.id from public.audit_log o
    where o.details <> '{}' and o.at <= now() - private.kept_for('audit_details')
    order by o.at limit p_limit));
  get diagnostics purged = row_count;
  return purged;
end;
$$;
comment on function private.purge_audit_details(integer) is
  'Empties the details of up to p_limit lines of the audit log that are old enough, the oldest first. Returns how '
  'many.';

-- Users ---------------------------------------------------------------------------------------------------------------

create function private.iso(p_at timestamptz) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
end;
$$;
comment on function private.iso(timestamptz) is 'A time in ISO 8601 and UTC, to the millisecond.';

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
) with (fillfactor = 50); -- rows change with every request: their old versions are cleared sooner
comment on table private.rate_limits is
  'The requests counted for each user and each IP address in the current window of an action.';
comment on column private.rate_limits.subject is 'user:<uuid>, address:<ip> or campaign:<uuid>.';
create index rate_limits_by_end on private.rate_limits (window_ends_at);
alter table private.rate_limits enable row level security;
revoke all on private.rate_limits from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.rate_limits to service_role;

create type public.rate_limit_outcome as enum ('allowed', 'exceeded');
comment on type public.rate_limit_outcome is
  'Whether a request is within its rate limits. exceeded comes with the seconds until the window ends.';

create function private.count_in_window(p_subject text, p_action text, p_limit integer, p_window_seconds integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  counted private.rate_limits;
begin
  insert into private.rate_limits as r (subject, action, used, window_ends_at)
  values (p_subject, p_action, 1, now() + make_interval(secs => p_window_seconds))
  on conflict (subject, action) do update set
    used = case when r.window_ends_at <= now() then 1 else r.used + 1 end,
    window_ends_at = case when r.window_ends_at <= now() then excluded.window_ends_at else r.window_ends_at end
  returning * into counted;
  return case when counted.used > p_limit then ceil(extract(epoch from counted.window_ends_at - now())) end;
end;
$$;
comment on function private.count_in_window(text, text, integer, integer) is
  'Counts one request for one subject. Returns the seconds until its window ends when it is over the limit, and null '
  'when it is allowed.';

create function private.count_request(
  p_action text, p_user_id uuid, p_address text, p_user_limit integer, p_address_limit integer, p_window_seconds integer
) returns integer
language plpgsql
set search_path = ''
as $$
declare
  wait_seconds integer := private.count_in_window('user:' || p_user_id, p_action, p_user_limit, p_window_seconds);
begin
  -- The address last, because tenants share it, and only for requests that the user's own limit allows: one user cannot
  -- use up the limit of all others behind the same address.
  if wait_seconds is null and p_address is not null then
    wait_seconds := private.count_in_window('address:' || p_address, p_action, p_address_limit, p_window_seconds);
  end if;
  return wait_seconds;
end;
$$;
comment on function private.count_request(text, uuid, text, integer, integer, integer) is
  'Counts one request for the user and then for their IP address; an address of null counts for the user alone. '
  'Returns the seconds to wait when a limit is exceeded, and null when the request is allowed.';

create function public.count_request(
  p_action text, p_user_id uuid, p_address text, p_user_limit integer, p_address_limit integer, p_window_seconds integer
) returns table (outcome public.rate_limit_outcome, retry_after_seconds integer)
language plpgsql
set search_path = ''
as $$
begin
  retry_after_seconds := private.count_request(p_action, p_user_id, p_address, p_user_limit, p_address_limit,
    p_window_seconds);
  outcome := case when retry_after_seconds is null then 'allowed' else 'exceeded' end;
  return next;
end;
$$;
comment on function public.count_request(text, uuid, text, integer, integer, integer) is
  'Counts one request for the user and their IP address: private.count_request for the API.';

create function public.forget_rate_limits() returns bigint
language plpgsql
set search_path = ''
as $$
declare
  forgotten bigint;
begin
  delete from private.rate_limits where window_ends_at < now() - interval '1 hour';
  get diagnostics forgotten = row_count;
  perform private.forget_fallback_usage();
  return forgotten;
end;
$$;
comment on function public.forget_rate_limits() is
  'Deletes windows that ended more than an hour ago, and returns their number. Also deletes the counts of shared '
  'numbers that no limit needs.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.touch_updated_at(),
  private.refuse_change(),
  private.kept_for(private.expiring),
  private.purge_audit_details(integer),
  private.audit(text, text, uuid, text, text, jsonb),
  private.new_id(),
  private.iso(timestamptz),
  private.user_exists(uuid),
  private.count_in_window(text, text, integer, integer),
  private.count_request(text, uuid, text, integer, integer, integer),
  public.count_request(text, uuid, text, integer, integer, integer),
  public.forget_rate_limits()
  from public, anon, authenticated;
grant execute on function
  private.kept_for(private.expiring),
  private.purge_audit_details(integer),
  private.audit(text, text, uuid, text, text, jsonb),
  private.new_id(),
  private.iso(timestamptz),
  private.user_exists(uuid),
  private.count_in_window(text, text, integer, integer),
  private.count_request(text, uuid, text, integer, integer, integer),
  public.count_request(text, uuid, text, integer, integer, integer),
  public.forget_rate_limits()
  to service_role;
