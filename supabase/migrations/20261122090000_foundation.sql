-- The ground everything else stands on: a schema no API exposes, and the queue extension.

-- Leases, requests and helpers live in `private`: the Data API never exposes it, whatever is granted later.
create schema if not exists private;
revoke all on schema private from public;
grant usage on schema private to service_role;
comment on schema private is 'Switchboard internals. Not exposed by any API.';

-- pgmq is "Supabase Queues". It is required: every acknowledged event rides on it.
create extension if not exists pgmq;

-- Nothing is callable or readable unless a line here says so: every table and function is revoked from all and then granted.
-- Default privileges would not do: those of a schema cannot take back what PUBLIC has by default, and changing those of the
-- whole database would also change what the host application makes later.

create function private.touch_updated_at() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end;
$$;
comment on function private.touch_updated_at() is 'Trigger: keeps updated_at honest, whoever writes the row.';
revoke execute on function private.touch_updated_at() from public, anon, authenticated;
