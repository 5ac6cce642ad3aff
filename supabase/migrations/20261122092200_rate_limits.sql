-- How often a user, and an address, may do a thing: counted in one statement, before anything else is done.

-- Unlogged: after a crash everybody starts anew, which costs nobody anything.
create unlogged table private.allowances (
  subject text not null,
  action text not null,
  used integer not null,
  window_ends_at timestamptz not null,
  primary key (subject, action)
);
comment on table private.allowances is 'What each user and address has used of a limit in the window that is running for them.';
create index allowances_by_end on private.allowances (window_ends_at);
alter table private.allowances enable row level security;
revoke all on private.allowances from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.allowances to service_role;

create function public.take_allowance(
  p_action text, p_user_id uuid, p_address text, p_user_limit integer, p_address_limit integer, p_window_seconds integer
) returns table (outcome text, retry_after_seconds integer)
language sql
set search_path = ''
as $$
  with asked (subject, allowed) as (
    select 'user:' || p_user_id, p_user_limit
    union all
    select 'address:' || p_address, p_address_limit where p_address is not null
  ), counted as (
    insert into private.allowances as a (subject, action, used, window_ends_at)
    -- always in this order, so that two requests never wait for each other
    select subject, p_action, 1, now() + make_interval(secs => p_window_seconds) from asked order by subject desc
    on conflict (subject, action) do update set
      used = case when a.window_ends_at <= now() then 1 else a.used + 1 end,
      window_ends_at = case when a.window_ends_at <= now() then excluded.window_ends_at else a.window_ends_at end
    returning a.subject, a.used, a.window_ends_at
  )
  select case when bool_or(c.used > asked.allowed) then 'exceeded' else 'allowed' end,
    ceil(coalesce(max(extract(epoch from c.window_ends_at - now())) filter (where c.used > asked.allowed), 0))::integer
  from counted c join asked using (subject);
$$;
comment on function public.take_allowance(text, uuid, text, integer, integer, integer) is
  'Counts one use for the user and their address: allowed, or exceeded with the seconds until the window ends.';

create function public.forget_allowances() returns bigint
language sql
set search_path = ''
as $$
  with forgotten as (
    delete from private.allowances where window_ends_at < now() - interval '1 hour' returning 1
  )
  select count(*) from forgotten;
$$;
comment on function public.forget_allowances() is 'Forgets windows that ended more than an hour ago. Returns how many.';

insert into private.schedules (name, job, every) values ('forget-allowances', '{"kind": "forget-allowances"}', '1 hour');

revoke execute on function public.take_allowance(text, uuid, text, integer, integer, integer), public.forget_allowances()
  from public, anon, authenticated;
grant execute on function public.take_allowance(text, uuid, text, integer, integer, integer), public.forget_allowances() to service_role;
