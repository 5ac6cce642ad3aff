-- What a tenant must know: one row for each cause, which the console shows and the forward webhook delivers.

create type public.notice_kind as enum ('usage.threshold', 'number.release_scheduled', 'number.sending_ends');
comment on type public.notice_kind is
  'Also the type of the event at the tenant''s forward webhook. usage.threshold: 80 % or 100 % of the spend limit are '
  'used; the subject is the start of the billing period and the percentage. number.release_scheduled: a number will be '
  'released or parked; number.sending_ends: a number will no longer send. Their subject is the number''s id and the '
  'date.';

create table public.tenant_notices (
  id uuid primary key default private.new_id(),
  user_id uuid not null references auth.users (id) on delete cascade,
  kind public.notice_kind not null,
  subject text not null,
  details jsonb not null default '{}',
  raised_at timestamptz not null default now(),
  unique (user_id, kind, subject)
);
create index tenant_notices_expiring on public.tenant_notices (raised_at);
comment on table public.tenant_notices is
  'Notices to tenants, read through the Data API. A cause gives one notice, however often it is found. Kept as long as '
  'private.kept_for says.';
comment on column public.tenant_notices.details is
  'Amounts in the tenant''s own prices, dates and ids of the tenant''s own rows: never what Twilio charges.';

alter table public.tenant_notices enable row level security;
revoke all on public.tenant_notices from public, anon, authenticated, service_role;
grant select on public.tenant_notices to authenticated;
grant select, insert, update, delete on public.tenant_notices to service_role;
create policy "A tenant reads their own notices" on public.tenant_notices
  for select to authenticated using ((select auth.uid()) = user_id);

create function private.notify_tenant(p_user_id uuid, p_kind public.notice_kind, p_subject text, p_details jsonb)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  notice_id uuid;
begin
  insert into public.tenant_notices (user_id, kind, subject, details)
  select p_user_id, p_kind, p_subject, p_details where private.user_exists(p_user_id)
  on conflict (user_id, kind, subject) do nothing
  returning id into notice_id;
  if notice_id is not null then
    perform private.forward_event(p_user_id, jsonb_build_object('kind', 'forward-notice', 'noticeId', notice_id));
  end if;
  return notice_id is not null;
end;
$$;
comment on function private.notify_tenant(uuid, public.notice_kind, text, jsonb) is
  'Tells a tenant something once, in the caller''s transaction: stores the notice and enqueues its forwarding. Returns '
  'whether the notice is new.';

create function public.notice_of(p_user_id uuid, p_notice_id uuid) returns setof public.tenant_notices
language sql stable
set search_path = ''
as $$
  select n.* from public.tenant_notices n where n.id = p_notice_id and n.user_id = p_user_id;
$$;
comment on function public.notice_of(uuid, uuid) is 'One notice of a tenant; no row when the notice is not theirs.';

create function private.purge_tenant_notices(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from public.tenant_notices n
  where n.id = any (array(
    select o.id from public.tenant_notices o
    where o.raised_at < now() - private.kept_for('tenant_notice') order by o.raised_at limit p_limit));
  get diagnostics purged = row_count;
  return purged;
end;
$$;
comment on function private.purge_tenant_notices(integer) is
  'Deletes up to p_limit notices that are old enough, the oldest first. Returns how many.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.notify_tenant(uuid, public.notice_kind, text, jsonb),
  public.notice_of(uuid, uuid),
  private.purge_tenant_notices(integer)
  from public, anon, authenticated;
grant execute on function
  private.notify_tenant(uuid, public.notice_kind, text, jsonb),
  public.notice_of(uuid, uuid),
  private.purge_tenant_notices(integer)
  to service_role;
