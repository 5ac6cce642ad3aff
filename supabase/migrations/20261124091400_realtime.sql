-- Where Supabase Realtime is at work, a frontend sees messages, numbers and campaigns change without asking again. Row level
-- security and the column grants hold there as well.

create function private.publish_changes() returns text[]
language plpgsql
set search_path = ''
as $$
declare
  published constant text[] := array['sms_messages', 'sms_conversations', 'user_twilio_numbers', 'campaigns'];
  added text[] := '{}';
  name text;
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    return added;
  end if;
  foreach name in array published loop
    if not exists (select from pg_catalog.pg_publication_tables
      where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = name) then
      execute format('alter publication supabase_realtime add table public.%I', name);
      added := added || name;
    end if;
  end loop;
  return added;
end;
$$;
comment on function private.publish_changes() is
  'Adds to the publication supabase_realtime, where there is one, what frontends watch. Returns the tables it added.';
revoke execute on function private.publish_changes() from public, anon, authenticated;
grant execute on function private.publish_changes() to service_role;

select private.publish_changes();
