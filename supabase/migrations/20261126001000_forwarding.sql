-- Forwarding: received messages go to a tenant's own webhook, signed as Standard Webhooks defines, delivered by a job.
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

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  public.forward_webhook_of(uuid),
  public.pending_forward_webhook_of(uuid),
  public.offer_forward_webhook(uuid, text, text, text),
  public.confirm_forward_webhook(uuid, uuid, text),
  public.change_forward_webhook(uuid, uuid, text, text),
  public.remove_forward_webhook(uuid, text),
  public.disable_forward_webhook(uuid, text, text)
  from public, anon, authenticated;
grant execute on function
  public.forward_webhook_of(uuid),
  public.pending_forward_webhook_of(uuid),
  public.offer_forward_webhook(uuid, text, text, text),
  public.confirm_forward_webhook(uuid, uuid, text),
  public.change_forward_webhook(uuid, uuid, text, text),
  public.remove_forward_webhook(uuid, text),
  public.disable_forward_webhook(uuid, text, text)
  to service_role;
