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
comment on table public.tenant_notices is 'Notices to tenants. A cause gives one notice, however often it is found.';
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
begin
  insert into public.tenant_notices (user_id, kind, subject, details)
  select p_user_id, p_kind, p_subject, p_details where private.user_exists(p_user_id)
  on conflict (user_id, kind, subject) do nothing;
  return found;
end;
$$;
comment on function private.notify_tenant(uuid, public.notice_kind, text, jsonb) is
  'Tells a tenant something once, in the caller''s transaction. Returns whether the notice is new.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function private.notify_tenant(uuid, public.notice_kind, text, jsonb)
  from public, anon, authenticated;
grant execute on function private.notify_tenant(uuid, public.notice_kind, text, jsonb) to service_role;
