-- Who pays for usage, and since when it is metered.

create function private.metered_since(p_subscription_id text, p_kind public.usage_kind, p_at timestamptz)
returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return (select min(i.since) from private.metered_items i
    where i.subscription_id = p_subscription_id and i.kind = p_kind and i.since <= p_at
      and (i.removed_at is null or i.removed_at > p_at));
end;
$$;
comment on function private.metered_since(text, public.usage_kind, timestamptz) is
  'Since when the subscription has a metered item of the kind that counts at a moment.';

revoke execute on function
  private.metered_since(text, public.usage_kind, timestamptz)
  from public, anon, authenticated;
grant execute on function
  private.metered_since(text, public.usage_kind, timestamptz)
  to service_role;
