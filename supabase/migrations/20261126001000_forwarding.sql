-- Where a tenant wants to be told of what their numbers receive. Signed in the Standard Webhooks form, delivered by a
-- job.

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
  for each row execute function private.touch_updated_at();
alter table private.forward_webhooks enable row level security;
revoke all on private.forward_webhooks from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.forward_webhooks to service_role;

create function public.forward_webhook_of(p_user_id uuid)
returns table (outcome text, url text, sealed_secret text, disabled_reason text, created_at timestamptz)
language sql stable
set search_path = ''
as $$
  select case when f.user_id is null then 'none' when f.disabled_at is null then 'enabled' else 'disabled' end,
    f.url, f.sealed_secret, f.disabled_reason, f.created_at
  from (select p_user_id as id) u left join private.forward_webhooks f on f.user_id = u.id;
$$;
comment on function public.forward_webhook_of(uuid) is
  'A tenant''s webhook with its sealed secret: enabled, disabled (it answered 410) or none.';

create function public.save_forward_webhook(p_user_id uuid, p_url text, p_sealed_secret text, p_rotate boolean,
  p_request_id text)
returns table (outcome text, created_at timestamptz)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  decision text := case when p_rotate then 'rotated' else 'changed' end;
  since timestamptz;
begin
  if not private.user_exists(p_user_id) then
    return query select 'unknown_user', null::timestamptz;
    return;
  end if;
  update private.forward_webhooks f
  set url = p_url, sealed_secret = case when p_rotate then p_sealed_secret else f.sealed_secret end, disabled_at = null,
    disabled_reason = null
  where f.user_id = p_user_id
  returning f.created_at into since;
  if not found then
    decision := 'created';
    insert into private.forward_webhooks as f (user_id, url, sealed_secret) values (p_user_id, p_url, p_sealed_secret)
    on conflict (user_id) do update set url = excluded.url, sealed_secret = excluded.sealed_secret
    returning f.created_at into since;
  end if;
  perform private.audit('user:' || p_user_id, 'forward_webhook.' || decision, p_user_id, null, p_request_id);
  return query select decision, since;
end;
$$;
comment on function public.save_forward_webhook(uuid, text, text, boolean, text) is
  'Sets a tenant''s webhook and enables it again: created or rotated (the secret given is the one in use), changed '
  '(the one before stays), or unknown_user.';

create function public.remove_forward_webhook(p_user_id uuid, p_request_id text) returns text
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
comment on function public.remove_forward_webhook(uuid, text) is
  'Forgets a tenant''s webhook and its secret: removed or none.';

create function public.disable_forward_webhook(p_user_id uuid, p_url text, p_reason text) returns text
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
  'The endpoint said that it is gone for good (410): disabled, or unchanged where it has another URL by now.';

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
