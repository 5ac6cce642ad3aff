-- A tenant: the row they share with the host application, what they asked for, and what an operator decided.

-- Preferences ---------------------------------------------------------------------------------------------------------

-- One row per user, shared with the host application. Switchboard adds the tenant's subaccount to it.
-- It installs beside a table the host already has: nothing of the host's is dropped or renamed.

do $$
begin
  if to_regclass('public.user_preferences') is not null then
    return; -- the host's own: what it has and grants is settled further down
  end if;
  create table public.user_preferences (
    user_id uuid primary key references auth.users (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );
  revoke all on public.user_preferences from public, anon, authenticated, service_role;
  create trigger touch_updated_at before update on public.user_preferences
    for each row execute function private.touch_updated_at();
end;
$$;

alter table public.user_preferences
  add column if not exists twilio_subaccount_sid varchar(100),
  add column if not exists twilio_subaccount_auth_token_encrypted text,
  add column if not exists twilio_subaccount_status varchar(50) default 'pending',
  add column if not exists twilio_subaccount_created_at timestamptz,
  add column if not exists twilio_subaccount_friendly_name varchar(255);

comment on column public.user_preferences.twilio_subaccount_sid is
  'The tenant''s Twilio subaccount (AC…); null until provisioned.';
comment on column public.user_preferences.twilio_subaccount_auth_token_encrypted is
  'The subaccount''s auth token, sealed as v1.<key id>.<iv>.<ciphertext>. Only service_role reads it; only the '
  'functions can open it.';
comment on column public.user_preferences.twilio_subaccount_status is
  'pending, or Twilio''s own word: active, suspended, closed.';

-- The product this replaces kept tokens in plain text. A token that is not sealed is forgotten here;
-- convergence reads it again from Twilio and stores it sealed.
update public.user_preferences
set twilio_subaccount_auth_token_encrypted = null
where twilio_subaccount_auth_token_encrypted !~ '^v1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$';

update public.user_preferences
set twilio_subaccount_status = 'pending'
where twilio_subaccount_status is null
   or twilio_subaccount_status not in ('pending', 'active', 'suspended', 'closed');

alter table public.user_preferences
  alter column twilio_subaccount_status set default 'pending',
  alter column twilio_subaccount_status set not null,
  add constraint user_preferences_token_is_sealed
    check (twilio_subaccount_auth_token_encrypted ~ '^v1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$'),
  add constraint user_preferences_subaccount_status_known
    check (twilio_subaccount_status in ('pending', 'active', 'suspended', 'closed'));

-- One row per user and one user per subaccount, whatever the host's primary key is.
do $$
begin
  if not exists (
    select from pg_catalog.pg_index i
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = 'user_id'
      and i.indkey::text = a.attnum::text
    where i.indrelid = 'public.user_preferences'::regclass and i.indisunique and i.indimmediate and i.indisvalid
      and i.indpred is null
  ) then
    create unique index user_preferences_one_per_user on public.user_preferences (user_id);
  end if;
end;
$$;
create unique index if not exists user_preferences_one_user_per_subaccount
  on public.user_preferences (twilio_subaccount_sid) where twilio_subaccount_sid is not null;

-- A host table may already be readable or writable as a whole. A table-wide grant covers our columns too, so each one
-- is exchanged for the same grant on the host's own columns: the host keeps what it had, our columns stay closed.
do $$
declare
  host_columns text;
  grantee text;
  privilege text;
begin
  select string_agg(quote_ident(attname), ', ')
  into host_columns
  from pg_catalog.pg_attribute
  where attrelid = 'public.user_preferences'::regclass
    and attnum > 0 and not attisdropped and attname not like 'twilio\_subaccount\_%';

  for grantee, privilege in
    select case when a.grantee = 0 then 'public' else quote_ident(r.rolname) end, a.privilege_type
    from pg_catalog.pg_class c
    cross join lateral pg_catalog.aclexplode(c.relacl) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
    where c.oid = 'public.user_preferences'::regclass
      and a.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
      and (a.grantee = 0 or r.rolname in ('anon', 'authenticated'))
  loop
    execute format('revoke %s on public.user_preferences from %s', privilege, grantee);
    execute format('grant %s (%s) on public.user_preferences to %s', privilege, host_columns, grantee);
  end loop;
end;
$$;
revoke all (
  twilio_subaccount_sid, twilio_subaccount_auth_token_encrypted, twilio_subaccount_status, twilio_subaccount_created_at,
  twilio_subaccount_friendly_name
) on public.user_preferences from public, anon, authenticated;
revoke truncate, trigger on public.user_preferences from public, anon, authenticated;

-- Without row security the host let every user write every row. From here on a user who may write at all writes their
-- own.
do $$
declare
  command text;
  rule text;
begin
  if (select relrowsecurity from pg_catalog.pg_class where oid = 'public.user_preferences'::regclass) then
    return; -- the host has policies of its own, and keeps them
  end if;
  foreach command in array array['insert', 'update', 'delete'] loop
    if has_table_privilege('authenticated', 'public.user_preferences', command)
      or (command <> 'delete' and has_any_column_privilege('authenticated', 'public.user_preferences', command)) then
      rule := case command when 'insert' then 'with check' else 'using' end;
      execute format(
        'create policy %I on public.user_preferences for %s to authenticated %s ((select auth.uid()) = user_id)',
        'A tenant may ' || command || ' their own preferences', command, rule);
    end if;
  end loop;
end;
$$;
alter table public.user_preferences enable row level security;

grant select (
  user_id, twilio_subaccount_sid, twilio_subaccount_status, twilio_subaccount_created_at,
  twilio_subaccount_friendly_name
) on public.user_preferences to authenticated;
grant select, insert, update, delete on public.user_preferences to service_role;

-- A host that already lets a user read their row keeps its own policies; otherwise this is the one.
do $$
declare
  open_policy text;
begin
  if not exists (
    select from pg_catalog.pg_policies
    where schemaname = 'public' and tablename = 'user_preferences' and permissive = 'PERMISSIVE'
      and cmd in ('SELECT', 'ALL')
  ) then
    create policy "A tenant reads their own preferences" on public.user_preferences
      for select to authenticated using ((select auth.uid()) = user_id);
  end if;

  for open_policy in
    select policyname from pg_catalog.pg_policies
    where schemaname = 'public' and tablename = 'user_preferences' and permissive = 'PERMISSIVE'
      and cmd in ('SELECT', 'ALL')
      and roles && array['public', 'authenticated']::name[] and qual not like '%auth.uid()%'
  loop
    raise warning 'Policy "%" on user_preferences does not compare with auth.uid(): whoever reads a row through it '
      'reads the SID and status of its subaccount as well', open_policy;
  end loop;
end;
$$;

-- Tenancies -----------------------------------------------------------------------------------------------------------

-- One row per tenant: what they asked for, what an operator decided, and the lease under which one convergence at a
-- time acts.

create table private.tenancies (
  -- No foreign key: when a user is deleted their subaccount must still be closed, and this row is what remembers it.
  user_id uuid primary key,
  requested_at timestamptz,
  operator_hold text,
  departed_at timestamptz,
  -- The lease. fence grows with every lease; a holder whose fence is no longer the newest writes nothing.
  fence bigint not null default 0,
  leased_until timestamptz,
  -- How long a lease runs; each note that is made under it lets it run that long again.
  leased_for interval,
  -- Bumped by every fact that asks for convergence; a holder that finds it moved on runs once more.
  version bigint not null default 1,
  -- Written before Twilio is called, so that a death in between leaves a trace.
  create_attempted_at timestamptz,
  intended_status text,
  applied_status text,
  last_error text,
  converged_at timestamptz,
  created_at timestamptz not null default now(),
  constraint tenancies_hold_known check (operator_hold in ('suspended', 'closed')),
  constraint tenancies_intended_known check (intended_status in ('active', 'suspended', 'closed')),
  constraint tenancies_applied_known check (applied_status in ('active', 'suspended', 'closed'))
);
comment on table private.tenancies is 'The tenant as convergence sees them: wishes, holds, lease and fence.';
comment on column private.tenancies.applied_status is
  'The status Switchboard last gave the subaccount. Another one at Twilio was set there by hand: recorded, not '
  'fought over.';
alter table private.tenancies enable row level security;
revoke all on private.tenancies from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.tenancies to service_role;

-- A deleted user leaves a subaccount behind that must be closed: remember it in the same transaction.
create function private.remember_departure() returns trigger
language plpgsql
security definer -- auth's own roles delete users and have no rights here
set search_path = ''
as $$
declare
  subaccount text;
begin
  select p.twilio_subaccount_sid into subaccount from public.user_preferences p where p.user_id = old.id;
  if subaccount is null and not exists (select from private.tenancies t where t.user_id = old.id) then
    return old;
  end if;
  insert into private.tenancies (user_id, departed_at) values (old.id, now())
  on conflict (user_id) do update set departed_at = now(), version = private.tenancies.version + 1;
  perform private.enqueue(jsonb_build_object('kind', 'converge', 'userId', old.id));
  perform private.audit('auth', 'user.deleted', old.id, subaccount, null);
  return old;
end;
$$;
create trigger switchboard_remember_departure before delete on auth.users
  for each row execute function private.remember_departure();

-- The subaccount ------------------------------------------------------------------------------------------------------

create type public.account_status as enum ('none', 'pending', 'active', 'suspended', 'closed');
comment on type public.account_status is
  'What a tenant can do with their subaccount. none: they have none. pending: it is being set up, or its token is not '
  'stored yet. active, suspended and closed: as at Twilio, or as a subscription or an operator demands.';

create type private.account as (status public.account_status, subaccount_sid text, sealed_token text);
comment on type private.account is 'A tenant''s subaccount: its status, its SID (AC…) and its sealed auth token.';

create function private.account_status_without_subaccount(p_user_id uuid) returns public.account_status
language plpgsql stable
set search_path = ''
as $$
declare
  wanted constant text := private.wanted_subaccount(p_user_id);
begin
  if wanted in ('suspended', 'closed') then
    return wanted;
  end if;
  -- The tenant had a subaccount and the row was lost, with the host's table or by the tenant's own delete: convergence
  -- finds the subaccount again.
  if exists (select from private.tenancies t where t.user_id = p_user_id and t.applied_status is not null) then
    return 'pending';
  end if;
  return 'none';
end;
$$;
comment on function private.account_status_without_subaccount(uuid) is
  'The account status of a tenant without a stored subaccount. A lapsed subscription or an operator''s hold counts, so '
  'that the shared numbers are no way around them.';

create function private.account_of(p_user_id uuid) returns private.account
language plpgsql stable
set search_path = ''
as $$
declare
  account private.account;
begin
  select
    case
      when p.twilio_subaccount_status = 'active' and p.twilio_subaccount_auth_token_encrypted is null then 'pending'
      else p.twilio_subaccount_status
    end,
    p.twilio_subaccount_sid, p.twilio_subaccount_auth_token_encrypted
  into account.status, account.subaccount_sid, account.sealed_token
  from public.user_preferences p where p.user_id = p_user_id and p.twilio_subaccount_sid is not null;
  if account.subaccount_sid is null then
    account.status := private.account_status_without_subaccount(p_user_id);
  end if;
  return account;
end;
$$;
comment on function private.account_of(uuid) is
  'The one place that derives an account''s status: what a tenant may do, with the SID and sealed token of their '
  'subaccount (null without one).';

create function public.subaccount_of(p_user_id uuid)
returns table (outcome public.account_status, subaccount_sid text, sealed_token text)
language sql stable
set search_path = ''
as $$
  select a.status, a.subaccount_sid, a.sealed_token from private.account_of(p_user_id) a;
$$;
comment on function public.subaccount_of(uuid) is 'The tenant''s account status, with its SID and sealed token.';

create function public.request_subaccount(p_user_id uuid, p_open_to_anyone boolean, p_request_id text)
returns table (outcome text, subaccount_sid text, friendly_name text, status text)
language plpgsql
set search_path = ''
as $$
declare
  wanted text := private.wanted_subaccount(p_user_id);
  sid text;
  name text;
  stored text;
  token_stored boolean;
begin
  select p.twilio_subaccount_sid, p.twilio_subaccount_friendly_name, p.twilio_subaccount_status,
    p.twilio_subaccount_auth_token_encrypted is not null
  into sid, name, stored, token_stored
  from public.user_preferences p where p.user_id = p_user_id;

  if wanted = 'active' and sid is not null and stored = 'active' and token_stored then
    return query select 'already', sid, name, stored;
  elsif wanted in ('suspended', 'closed') then
    return query select wanted, sid, name, coalesce(stored, 'pending');
  elsif wanted = 'none' and not p_open_to_anyone then
    return query select 'subscription_required', sid, name, coalesce(stored, 'pending');
  else
    insert into private.tenancies (user_id, requested_at) values (p_user_id, now())
    on conflict (user_id) do update set requested_at = coalesce(private.tenancies.requested_at, now());
    -- The caller converges at once; this job is what finishes the work if that call dies.
    perform private.ask_for_convergence(p_user_id, 20);
    perform private.audit('user:' || p_user_id, 'subaccount.requested', p_user_id, sid, p_request_id);
    return query select 'accepted', sid, name, coalesce(stored, 'pending');
  end if;
end;
$$;
comment on function public.request_subaccount(uuid, boolean, text) is
  'A tenant asks for their subaccount: already (nothing to do), accepted (converge now), suspended, closed, or '
  'subscription_required.';

create function private.lock_tenant(p_user_id uuid) returns void
language sql
set search_path = ''
as $$
  select from public.user_preferences p where p.user_id = p_user_id for update;
$$;
comment on function private.lock_tenant(uuid) is
  'Until the end of the transaction nobody else decides about the tenant''s numbers.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.remember_departure(),
  private.account_status_without_subaccount(uuid),
  private.account_of(uuid),
  public.subaccount_of(uuid),
  public.request_subaccount(uuid, boolean, text),
  private.lock_tenant(uuid)
  from public, anon, authenticated;
grant execute on function
  private.account_status_without_subaccount(uuid),
  private.account_of(uuid),
  public.subaccount_of(uuid),
  public.request_subaccount(uuid, boolean, text),
  private.lock_tenant(uuid)
  to service_role;
