-- Forwarding: received messages and notices go to a tenant's own webhook, signed as Standard Webhooks defines, and
-- delivered by a job.
-- A webhook is used only once it has answered a signed test event: until then a new secret is pending beside it.

create table private.forward_webhooks (
  user_id uuid primary key references auth.users (id) on delete cascade,
  id uuid not null,
  url text not null,
  sealed_secret private.sealed_token not null,
  disabled_at timestamptz,
  disabled_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table private.forward_webhooks is
  'One webhook per tenant, which answered a test event. The id is that of the secret: a rotation changes it. The '
  'secret is sealed like a token, bound to the user and the word forward-webhook.';
create trigger touch_updated_at before update on private.forward_webhooks
  for each row when (old.* is distinct from new.*) execute function private.touch_updated_at();
alter table private.forward_webhooks enable row level security;
revoke all on private.forward_webhooks from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.forward_webhooks to service_role;

create table private.pending_forward_webhooks (
  user_id uuid primary key references auth.users (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  url text not null,
  sealed_secret private.sealed_token not null,
  created_at timestamptz not null default now()
);
comment on table private.pending_forward_webhooks is
  'A webhook with a new secret, which its tenant has not confirmed yet. Nothing is forwarded to it.';
alter table private.pending_forward_webhooks enable row level security;
revoke all on private.pending_forward_webhooks from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.pending_forward_webhooks to service_role;

create type public.forward_webhook_status as enum ('none', 'enabled', 'disabled');
comment on type public.forward_webhook_status is
  'disabled: the endpoint answered 410 Gone, and nothing is forwarded until the tenant saves the webhook again.';

create function public.forward_webhook_of(p_user_id uuid)
returns table (outcome public.forward_webhook_status, id uuid, url text, sealed_secret text, disabled_reason text,
  created_at timestamptz)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  select case when f.disabled_at is null then 'enabled' else 'disabled' end, f.id, f.url, f.sealed_secret,
    f.disabled_reason, f.created_at
  into outcome, id, url, sealed_secret, disabled_reason, created_at
  from private.forward_webhooks f where f.user_id = p_user_id;
  if not found then
    outcome := 'none';
  end if;
  return next;
end;
$$;
comment on function public.forward_webhook_of(uuid) is 'A tenant''s webhook, with its sealed secret.';

create function private.forward_event(p_user_id uuid, p_job jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from private.forward_webhooks f where f.user_id = p_user_id and f.disabled_at is null) then
    perform private.enqueue(p_job || jsonb_build_object('userId', p_user_id));
  end if;
end;
$$;
comment on function private.forward_event(uuid, jsonb) is
  'Enqueues the job that delivers an event to a tenant''s webhook, unless none is in use.';

create type public.pending_forward_webhook_status as enum ('none', 'pending');
comment on type public.pending_forward_webhook_status is 'none: the tenant has confirmed or removed every webhook.';

create function public.pending_forward_webhook_of(p_user_id uuid)
returns table (outcome public.pending_forward_webhook_status, id uuid, url text, sealed_secret text,
  created_at timestamptz)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  select 'pending', p.id, p.url, p.sealed_secret, p.created_at into outcome, id, url, sealed_secret, created_at
  from private.pending_forward_webhooks p where p.user_id = p_user_id;
  if not found then
    outcome := 'none';
  end if;
  return next;
end;
$$;
comment on function public.pending_forward_webhook_of(uuid) is
  'The webhook that a tenant has to confirm, with its sealed secret.';

create type public.offer_forward_webhook_outcome as enum ('offered', 'unknown_user');
comment on type public.offer_forward_webhook_outcome is
  'offered: the webhook waits for its confirmation. unknown_user: the user was deleted.';

create function public.offer_forward_webhook(p_user_id uuid, p_url text, p_sealed_secret text, p_request_id text)
returns table (outcome public.offer_forward_webhook_outcome, created_at timestamptz)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  if not private.user_exists(p_user_id) then
    outcome := 'unknown_user';
    return next;
    return;
  end if;
  insert into private.pending_forward_webhooks as p (user_id, url, sealed_secret)
  values (p_user_id, p_url, p_sealed_secret)
  on conflict (user_id) do update
  set id = excluded.id, url = excluded.url, sealed_secret = excluded.sealed_secret, created_at = excluded.created_at
  returning p.created_at into created_at;
  perform private.audit('user:' || p_user_id, 'forward_webhook.offered', p_user_id, null, p_request_id);
  outcome := 'offered';
  return next;
end;
$$;
comment on function public.offer_forward_webhook(uuid, text, text, text) is
  'Stores a webhook with a new secret until it is confirmed. The tenant''s current webhook stays in use.';

create type public.confirm_forward_webhook_outcome as enum ('created', 'rotated', 'superseded');
comment on type public.confirm_forward_webhook_outcome is
  'created and rotated: the pending webhook and its secret are in use. superseded: another one is pending, or none.';

create function public.confirm_forward_webhook(p_user_id uuid, p_id uuid, p_request_id text)
returns table (outcome public.confirm_forward_webhook_outcome, url text, created_at timestamptz)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  pending private.pending_forward_webhooks;
begin
  delete from private.pending_forward_webhooks p where p.user_id = p_user_id and p.id = p_id returning p.* into pending;
  if not found then
    outcome := 'superseded';
    return next;
    return;
  end if;
  url := pending.url;
  outcome := 'rotated';
  update private.forward_webhooks f
  set id = pending.id, url = pending.url, sealed_secret = pending.sealed_secret, disabled_at = null,
    disabled_reason = null
  where f.user_id = p_user_id
  returning f.created_at into created_at;
  if not found then
    -- No other confirmation can insert the row: each deletes the one pending row first.
    outcome := 'created';
    insert into private.forward_webhooks as f (user_id, id, url, sealed_secret)
    values (p_user_id, pending.id, pending.url, pending.sealed_secret)
    returning f.created_at into created_at;
  end if;
  perform private.audit('user:' || p_user_id, 'forward_webhook.' || outcome, p_user_id, null, p_request_id);
  return next;
end;
$$;
comment on function public.confirm_forward_webhook(uuid, uuid, text) is
  'Puts a pending webhook that answered a test event in place of the tenant''s current one, and enables it.';

create type public.change_forward_webhook_outcome as enum ('changed', 'superseded');
comment on type public.change_forward_webhook_outcome is
  'superseded: the tenant''s webhook has another secret meanwhile, or was removed.';

create function public.change_forward_webhook(p_user_id uuid, p_id uuid, p_url text, p_request_id text)
returns table (outcome public.change_forward_webhook_outcome, created_at timestamptz)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Locked first, as in a confirmation, to prevent a deadlock.
  perform from private.pending_forward_webhooks p where p.user_id = p_user_id for update;
  update private.forward_webhooks f set url = p_url, disabled_at = null, disabled_reason = null
  where f.user_id = p_user_id and f.id = p_id
  returning f.created_at into created_at;
  if not found then
    outcome := 'superseded';
    return next;
    return;
  end if;
  delete from private.pending_forward_webhooks p where p.user_id = p_user_id;
  perform private.audit('user:' || p_user_id, 'forward_webhook.changed', p_user_id, null, p_request_id);
  outcome := 'changed';
  return next;
end;
$$;
comment on function public.change_forward_webhook(uuid, uuid, text, text) is
  'Sets another URL, which answered a test event, keeps the secret, and enables the webhook. A pending one is dropped.';

create type public.remove_forward_webhook_outcome as enum ('removed', 'none');
comment on type public.remove_forward_webhook_outcome is 'none: the tenant has no webhook, and none is pending.';

create function public.remove_forward_webhook(p_user_id uuid, p_request_id text)
  returns public.remove_forward_webhook_outcome
language plpgsql
set search_path = ''
as $$
declare
  had_pending boolean;
begin
  delete from private.pending_forward_webhooks p where p.user_id = p_user_id;
  had_pending := found;
  delete from private.forward_webhooks f where f.user_id = p_user_id;
  if not found and not had_pending then
    return 'none';
  end if;
  perform private.audit('user:' || p_user_id, 'forward_webhook.removed', p_user_id, null, p_request_id);
  return 'removed';
end;
$$;
comment on function public.remove_forward_webhook(uuid, text) is
  'Deletes a tenant''s webhook, the pending one, and their secrets.';

create type public.disable_forward_webhook_outcome as enum ('disabled', 'unchanged');
comment on type public.disable_forward_webhook_outcome is
  'unchanged: the tenant has no enabled webhook with this URL any more.';

create function public.disable_forward_webhook(p_user_id uuid, p_url text, p_reason text)
  returns public.disable_forward_webhook_outcome
language plpgsql
set search_path = ''
as $$
begin
  update private.forward_webhooks f set disabled_at = now(), disabled_reason = left(p_reason, 200)
  where f.user_id = p_user_id and f.url = p_url and f.disabled_at is null;
  if not found then
    return 'unchanged';
  end if;
  perform private.audit('forward', 'forward_webhook.disabled', p_user_id, null, null,
    jsonb_build_object('reason', left(p_reason, 200)));
  return 'disabled';
end;
$$;
comment on function public.disable_forward_webhook(uuid, text, text) is
  'Stops forwarding to an endpoint that answered 410 Gone.';

-- Deliveries ----------------------------------------------------------------------------------------------------------

create type public.forward_delivery_status as enum ('pending', 'delivered', 'failed', 'canceled');
comment on type public.forward_delivery_status is
  'pending: another attempt follows. failed: none does, until the tenant replays the delivery. canceled: the webhook '
  'was removed or disabled before the delivery succeeded.';

create type public.forward_failure as enum ('refused', 'no_response', 'not_public');
comment on type public.forward_failure is
  'Why an attempt failed. refused: the response is no 2xx. no_response: there was none in time. not_public: the URL is '
  'not one that would be accepted today.';

-- The body of a delivery is not stored: each attempt builds it from the message or the notice, and so does a read. What
-- is deleted from the message is therefore in no delivery.
create table public.forward_deliveries (
  -- The message's or the notice's, which is the id of the event as well.
  id uuid primary key,
  user_id uuid not null,
  status public.forward_delivery_status not null,
  attempts jsonb not null,
  attempt_count integer not null default 1,
  next_attempt_at timestamptz,
  created_at timestamptz not null default now()
) with (fillfactor = 50); -- attempts grow the row in its own page
alter table public.forward_deliveries alter column user_id set (n_distinct = 50); -- as in sms_messages
comment on table public.forward_deliveries is
  'The deliveries of received messages and notices to tenants'' webhooks, one row each, from the first attempt on. '
  'Kept as long as private.kept_for says.';
comment on column public.forward_deliveries.attempts is
  'The last 20 attempts, the oldest first: at, status (of the response), durationMs and failure (forward_failure). '
  'Without a response there is no duration: it would tell about hosts that only our network reaches.';
comment on column public.forward_deliveries.next_attempt_at is 'When the next attempt is due; null without one.';
-- No index names a column that changes with each attempt: the status changes with the last one.
create index forward_deliveries_newest_first on public.forward_deliveries (user_id, created_at desc, id desc);
create index forward_deliveries_by_status on public.forward_deliveries (user_id, status, created_at desc, id desc);
create index forward_deliveries_expiring on public.forward_deliveries (created_at);
alter table public.forward_deliveries enable row level security;
revoke all on public.forward_deliveries from public, anon, authenticated, service_role;
grant select on public.forward_deliveries to authenticated;
grant select, insert, update, delete on public.forward_deliveries to service_role;
create policy "A tenant reads their own deliveries" on public.forward_deliveries
  for select to authenticated using ((select auth.uid()) = user_id);

create function public.record_forward_attempt(
  p_user_id uuid, p_event_id uuid, p_status public.forward_delivery_status, p_http_status integer,
  p_duration_ms integer, p_failure public.forward_failure, p_next_seconds integer
) returns public.forward_delivery_status
language plpgsql
set search_path = ''
as $$
declare
  kept_attempts constant integer := 20;
  attempt constant jsonb := jsonb_build_object('at', now(), 'status', p_http_status, 'durationMs', p_duration_ms,
    'failure', p_failure);
  next_at constant timestamptz := now() + make_interval(secs => p_next_seconds);
begin
  insert into public.forward_deliveries as d (id, user_id, status, attempts, next_attempt_at)
  select p_event_id, p_user_id, p_status, jsonb_build_array(attempt), next_at where private.user_exists(p_user_id)
  on conflict (id) do update set status = excluded.status, attempt_count = d.attempt_count + 1,
    attempts = case when jsonb_array_length(d.attempts) < kept_attempts then d.attempts else d.attempts - 0 end
      || excluded.attempts,
    next_attempt_at = excluded.next_attempt_at
  where d.user_id = excluded.user_id;
  return p_status;
end;
$$;
comment on function public.record_forward_attempt(uuid, uuid, public.forward_delivery_status, integer, integer,
  public.forward_failure, integer) is
  'Records one attempt to deliver an event, and when the next one follows (null: none). The first attempt creates the '
  'delivery; that of a deleted user is not recorded.';

create function public.cancel_forward_delivery(p_user_id uuid, p_event_id uuid) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update public.forward_deliveries d set status = 'canceled', next_attempt_at = null
  where d.id = p_event_id and d.user_id = p_user_id and d.status = 'pending';
  return found;
end;
$$;
comment on function public.cancel_forward_delivery(uuid, uuid) is
  'Ends a delivery whose webhook was removed or disabled. Returns whether one was pending.';

create function public.forward_delivery_of(p_user_id uuid, p_id uuid) returns setof public.forward_deliveries
language sql stable
set search_path = ''
as $$
  select d.* from public.forward_deliveries d where d.id = p_id and d.user_id = p_user_id;
$$;
comment on function public.forward_delivery_of(uuid, uuid) is
  'One delivery of a tenant; no row when the delivery is not theirs.';

create function public.list_forward_deliveries(
  p_user_id uuid, p_status public.forward_delivery_status, p_since timestamptz, p_until timestamptz,
  p_before_at timestamptz, p_before_id uuid, p_limit integer
) returns setof public.forward_deliveries
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan' -- each mix of filters has a plan of its own
-- With any statistics, only this tenant's rows are read, in their order, and no more than fill the page.
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  return query
    select d.* from public.forward_deliveries d
    where d.user_id = p_user_id
      and (p_status is null or d.status = p_status)
      and (p_since is null or d.created_at >= p_since)
      and (p_until is null or d.created_at < p_until)
      and (p_before_at is null or (d.created_at, d.id) < (p_before_at, p_before_id))
    order by d.created_at desc, d.id desc limit p_limit;
end;
$$;
comment on function public.list_forward_deliveries(uuid, public.forward_delivery_status, timestamptz, timestamptz,
  timestamptz, uuid, integer) is
  'One page of a tenant''s deliveries, newest first. Each filter may be null.';

create type public.replay_forward_delivery_outcome as enum ('replayed', 'pending', 'not_enabled', 'not_found');
comment on type public.replay_forward_delivery_outcome is
  'replayed: an attempt is enqueued. pending: one follows anyway. not_enabled: the tenant has no webhook that is in '
  'use.';

create function public.replay_forward_delivery(p_user_id uuid, p_id uuid, p_request_id text)
returns table (outcome public.replay_forward_delivery_outcome, delivery jsonb)
language plpgsql
set search_path = ''
as $$
declare
  stored public.forward_deliveries;
begin
  select d.* into stored from public.forward_deliveries d where d.id = p_id and d.user_id = p_user_id for update;
  if stored.id is null then
    outcome := 'not_found';
  -- An attempt that is long overdue was lost with its job.
  elsif stored.status = 'pending' and stored.next_attempt_at > now() - interval '1 hour' then
    outcome := 'pending';
  elsif not exists (select from private.forward_webhooks f where f.user_id = p_user_id and f.disabled_at is null) then
    outcome := 'not_enabled';
  else
    update public.forward_deliveries d set status = 'pending', next_attempt_at = now() where d.id = p_id
    returning d.* into stored;
    perform private.forward_event(p_user_id,
      case when exists (select from public.notice_of(p_user_id, p_id))
        then jsonb_build_object('kind', 'forward-notice', 'noticeId', p_id)
        else jsonb_build_object('kind', 'forward-message', 'messageId', p_id) end);
    perform private.audit('user:' || p_user_id, 'forward_delivery.replayed', p_user_id, null, p_request_id,
      jsonb_build_object('eventId', p_id));
    outcome := 'replayed';
    delivery := to_jsonb(stored);
  end if;
  return next;
end;
$$;
comment on function public.replay_forward_delivery(uuid, uuid, text) is
  'A tenant wants an event delivered again, under the same event id.';

create function private.purge_forward_deliveries(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from public.forward_deliveries d
  where d.id = any (array(
    select e.id from public.forward_deliveries e
    where e.created_at < now() - private.kept_for('forward_delivery') order by e.created_at limit p_limit));
  get diagnostics purged = row_count;
  return purged;
end;
$$;
comment on function private.purge_forward_deliveries(integer) is
  'Deletes up to p_limit deliveries that are old enough, the oldest first. Returns how many.';

create function private.erase_forward_deliveries(p_user_id uuid, p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  erased integer;
begin
  delete from public.forward_deliveries d
  where d.id = any (array(select e.id from public.forward_deliveries e where e.user_id = p_user_id limit p_limit));
  get diagnostics erased = row_count;
  return erased;
end;
$$;
comment on function private.erase_forward_deliveries(uuid, integer) is 'Deletes deliveries of a deleted user.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.forward_event(uuid, jsonb),
  public.forward_webhook_of(uuid),
  public.pending_forward_webhook_of(uuid),
  public.offer_forward_webhook(uuid, text, text, text),
  public.confirm_forward_webhook(uuid, uuid, text),
  public.change_forward_webhook(uuid, uuid, text, text),
  public.remove_forward_webhook(uuid, text),
  public.disable_forward_webhook(uuid, text, text),
  public.record_forward_attempt(uuid, uuid, public.forward_delivery_status, integer, integer, public.forward_failure,
    integer),
  public.cancel_forward_delivery(uuid, uuid),
  public.forward_delivery_of(uuid, uuid),
  public.list_forward_deliveries(uuid, public.forward_delivery_status, timestamptz, timestamptz, timestamptz, uuid,
    integer),
  public.replay_forward_delivery(uuid, uuid, text),
  private.purge_forward_deliveries(integer),
  private.erase_forward_deliveries(uuid, integer)
  from public, anon, authenticated;
grant execute on function
  private.forward_event(uuid, jsonb),
  public.forward_webhook_of(uuid),
  public.pending_forward_webhook_of(uuid),
  public.offer_forward_webhook(uuid, text, text, text),
  public.confirm_forward_webhook(uuid, uuid, text),
  public.change_forward_webhook(uuid, uuid, text, text),
  public.remove_forward_webhook(uuid, text),
  public.disable_forward_webhook(uuid, text, text),
  public.record_forward_attempt(uuid, uuid, public.forward_delivery_status, integer, integer, public.forward_failure,
    integer),
  public.cancel_forward_delivery(uuid, uuid),
  public.forward_delivery_of(uuid, uuid),
  public.list_forward_deliveries(uuid, public.forward_delivery_status, timestamptz, timestamptz, timestamptz, uuid,
    integer),
  public.replay_forward_delivery(uuid, uuid, text),
  private.purge_forward_deliveries(integer),
  private.erase_forward_deliveries(uuid, integer)
  to service_role;
