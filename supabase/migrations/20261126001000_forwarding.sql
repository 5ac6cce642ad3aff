-- Forwarding: received messages go to a tenant's own webhook, signed as Standard Webhooks defines, delivered by a job.

create table private.forward_webhooks (
  user_id uuid primary key references auth.users (id) on delete cascade,
  url text not null,
  sealed_secret private.sealed_token not null,
  disabled_at timestamptz,
  disabled_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table private.forward_webhooks is
  'One webhook per tenant. The secret is sealed like a token, bound to the user and the word forward-webhook.';
create trigger touch_updated_at before update on private.forward_webhooks
  for each row when (old.* is distinct from new.*) execute function private.touch_updated_at();
alter table private.forward_webhooks enable row level security;
revoke all on private.forward_webhooks from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.forward_webhooks to service_role;

create type public.forward_webhook_status as enum ('none', 'enabled', 'disabled');
comment on type public.forward_webhook_status is
  'disabled: the endpoint answered 410 Gone, and nothing is forwarded until the tenant saves the webhook again.';

create function public.forward_webhook_of(p_user_id uuid)
returns table (outcome public.forward_webhook_status, url text, sealed_secret text, disabled_reason text,
  created_at timestamptz)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  select case when f.disabled_at is null then 'enabled' else 'disabled' end, f.url, f.sealed_secret, f.disabled_reason,
    f.created_at
  into outcome, url, sealed_secret, disabled_reason, created_at
  from private.forward_webhooks f where f.user_id = p_user_id;
  if not found then
    outcome := 'none';
  end if;
  return next;
end;
$$;
comment on function public.forward_webhook_of(uuid) is 'A tenant''s webhook, with its sealed secret.';

create type public.save_forward_webhook_outcome as enum ('created', 'rotated', 'changed', 'unknown_user');
comment on type public.save_forward_webhook_outcome is
  'created and rotated: the given secret is in use. changed: the secret stayed. unknown_user: the user was deleted.';

create function public.save_forward_webhook(p_user_id uuid, p_url text, p_sealed_secret text, p_rotate boolean,
  p_request_id text)
returns table (outcome public.save_forward_webhook_outcome, created_at timestamptz)
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
  outcome := case when p_rotate then 'rotated' else 'changed' end;
  update private.forward_webhooks f
  set url = p_url, sealed_secret = case when p_rotate then p_sealed_secret else f.sealed_secret end, disabled_at = null,
    disabled_reason = null
  where f.user_id = p_user_id
  returning f.created_at into created_at;
  if not found then
    outcome := 'created';
    insert into private.forward_webhooks as f (user_id, url, sealed_secret) values (p_user_id, p_url, p_sealed_secret)
    on conflict (user_id) do update set url = excluded.url, sealed_secret = excluded.sealed_secret
    returning f.created_at into created_at;
  end if;
  perform private.audit('user:' || p_user_id, 'forward_webhook.' || outcome, p_user_id, null, p_request_id);
  return next;
end;
$$;
comment on function public.save_forward_webhook(uuid, text, text, boolean, text) is
  'Sets a tenant''s webhook and enables it. The given secret is used for a new webhook and when p_rotate is set.';

create type public.remove_forward_webhook_outcome as enum ('removed', 'none');
comment on type public.remove_forward_webhook_outcome is 'none: the tenant has no webhook.';

create function public.remove_forward_webhook(p_user_id uuid, p_request_id text)
  returns public.remove_forward_webhook_outcome
language plpgsql
set search_path = ''
as $$
begin
  delete from private.forward_webhooks f where f.user_id = p_user_id;
  if not found then
    return 'none';
  end if;
  perform private.audit('user:' || p_user_id, 'forward_webhook.removed', p_user_id, null, p_request_id);
  return 'removed';
end;
$$;
comment on function public.remove_forward_webhook(uuid, text) is 'Deletes a tenant''s webhook and its secret.';

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
  public.save_forward_webhook(uuid, text, text, boolean, text),
  public.remove_forward_webhook(uuid, text),
  public.disable_forward_webhook(uuid, text, text)
  from public, anon, authenticated;
grant execute on function
  public.forward_webhook_of(uuid),
  public.save_forward_webhook(uuid, text, text, boolean, text),
  public.remove_forward_webhook(uuid, text),
  public.disable_forward_webhook(uuid, text, text)
  to service_role;
