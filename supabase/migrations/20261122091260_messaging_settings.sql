-- What a tenant decides about their messages: answers to keywords, where they send to, how long texts are kept.

create table public.messaging_settings (
  user_id uuid primary key references auth.users (id) on delete cascade,
  stop_reply text,
  start_reply text,
  help_reply text,
  allowed_countries text[],
  retention_days integer,
  updated_at timestamptz not null default now(),
  constraint messaging_settings_countries_iso check (array_to_string(allowed_countries, ' ') ~ '^[A-Z]{2}( [A-Z]{2})*$'),
  constraint messaging_settings_retention_sensible check (retention_days between 1 and 3650)
);
comment on table public.messaging_settings is 'A tenant''s own rules for their messages. No row, and null in any column, is the default.';
comment on column public.messaging_settings.stop_reply is
  'What answers a STOP; likewise START and HELP. Null leaves the answer to Twilio, which has one of its own: ours to START and HELP goes out besides it, ours to STOP is blocked (21610), unless Twilio''s support has turned its handling of keywords off.';
comment on column public.messaging_settings.allowed_countries is 'Narrower than the plan''s list, never wider.';
comment on column public.messaging_settings.retention_days is 'Bodies and media of older messages are deleted, at Twilio and here. Null keeps them.';
create trigger touch_updated_at before update on public.messaging_settings
  for each row execute function private.touch_updated_at();

alter table public.messaging_settings enable row level security;
revoke all on public.messaging_settings from public, anon, authenticated, service_role;
grant select on public.messaging_settings to authenticated;
grant select, insert, update, delete on public.messaging_settings to service_role;
create policy "A tenant reads their own messaging settings" on public.messaging_settings
  for select to authenticated using ((select auth.uid()) = user_id);

create function public.save_messaging_settings(
  p_user_id uuid, p_stop_reply text, p_start_reply text, p_help_reply text, p_allowed_countries text[], p_retention_days integer
) returns text
language plpgsql
set search_path = ''
as $$
begin
  if not private.user_exists(p_user_id) then
    return 'unknown_user';
  end if;
  insert into public.messaging_settings as s (user_id, stop_reply, start_reply, help_reply, allowed_countries, retention_days)
  values (p_user_id, p_stop_reply, p_start_reply, p_help_reply, p_allowed_countries, p_retention_days)
  on conflict (user_id) do update set stop_reply = excluded.stop_reply, start_reply = excluded.start_reply,
    help_reply = excluded.help_reply, allowed_countries = excluded.allowed_countries, retention_days = excluded.retention_days;
  return 'saved';
end;
$$;
comment on function public.save_messaging_settings(uuid, text, text, text, text[], integer) is
  'Replaces a tenant''s messaging settings as a whole: saved, or unknown_user.';

revoke execute on function public.save_messaging_settings(uuid, text, text, text, text[], integer) from public, anon, authenticated;
grant execute on function public.save_messaging_settings(uuid, text, text, text, text[], integer) to service_role;
