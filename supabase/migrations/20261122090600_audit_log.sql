-- Who did what to whom: append only, and the database itself says no to anything else.

create table public.audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  user_id uuid,
  subaccount_sid text,
  request_id text,
  details jsonb not null default '{}',
  constraint audit_log_actor_named check (actor <> '')
);
comment on table public.audit_log is
  'Append only. user_id has no foreign key on purpose: the trail of a deleted user, with the SID of their subaccount, survives them.';
comment on column public.audit_log.actor is 'user:<uuid>, operator:<uuid>, or the part of the system that acted (converge, sweep …).';
create index audit_log_by_user on public.audit_log (user_id, at desc);

create function private.refuse_change() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  raise exception 'Cannot % %.%: it is append only', lower(tg_op), tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege';
end;
$$;
revoke execute on function private.refuse_change() from public, anon, authenticated;
create trigger append_only before update or delete on public.audit_log
  for each row execute function private.refuse_change();
create trigger append_only_truncate before truncate on public.audit_log
  for each statement execute function private.refuse_change();

alter table public.audit_log enable row level security;
revoke all on public.audit_log from public, anon, authenticated, service_role;
revoke all on sequence public.audit_log_id_seq from public, anon, authenticated, service_role;
grant select, insert on public.audit_log to service_role;
create policy "Only the service reads the audit log" on public.audit_log for select to service_role using (true);
