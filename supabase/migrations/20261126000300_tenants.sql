-- A tenant: the row shared with the host application, the tenant's request, and an operator's hold.

-- Preferences ---------------------------------------------------------------------------------------------------------

-- One row per user, shared with the host application. Switchboard adds the tenant's subaccount to it. If the host
-- already has this table, its columns, rows, grants and policies are kept.

create domain private.sealed_token as text
  constraint sealed_token_has_its_form check (value ~ '^v1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$');
comment on domain private.sealed_token is
  'A token or secret sealed as v1.<key id>.<iv>.<ciphertext>. Plain text never has this form. The column of the '
  'host''s table keeps the type text, with a check that casts it to this domain.';

do $$
begin
  if to_regclass('public.user_preferences') is not null then
    return; -- the host's table: its grants are handled below
  end if;
  create table public.user_preferences (
    user_id uuid primary key references auth.users (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );
  revoke all on public.user_preferences from public, anon, authenticated, service_role;
  create trigger touch_updated_at before update on public.user_preferences
    for each row when (old.* is distinct from new.*) execute function private.touch_updated_at();
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
  'The subaccount''s auth token, sealed as v1.<key id>.<iv>.<ciphertext>. Only service_role reads it; only the edge '
  'functions have the keys to open it.';
comment on column public.user_preferences.twilio_subaccount_status is
  'pending, or the status at Twilio: active, suspended, closed.';

-- The previous product stored tokens in plain text. Such a token is deleted here. Convergence reads it again from
-- Twilio and stores it sealed.
update public.user_preferences
set twilio_subaccount_auth_token_encrypted = null
where not pg_input_is_valid(twilio_subaccount_auth_token_encrypted, 'private.sealed_token');

update public.user_preferences
set twilio_subaccount_status = 'pending'
where twilio_subaccount_status is null
   or twilio_subaccount_status not in ('pending', 'active', 'suspended', 'closed');

alter table public.user_preferences
  alter column twilio_subaccount_status set default 'pending',
  alter column twilio_subaccount_status set not null,
  add constraint user_preferences_token_is_sealed
    check (twilio_subaccount_auth_token_encrypted = twilio_subaccount_auth_token_encrypted::private.sealed_token),
  add constraint user_preferences_subaccount_status_known
    check (twilio_subaccount_status in ('pending', 'active', 'suspended', 'closed'));

-- One row per user and one user per subaccount, for any primary key of the host's table.
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

-- The host may have granted rights on the whole table, which would include our columns. Each such grant is replaced by
-- the same grant on the host's own columns.
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

-- Without row level security, a user with a write grant could write every row. The policies below limit each existing
-- write grant to the user's own row.
do $$
declare
  command text;
  rule text;
begin
  if (select relrowsecurity from pg_catalog.pg_class where oid = 'public.user_preferences'::regclass) then
    return; -- the host's own policies are kept
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

-- A tenant reads their own row. If the host already has a policy for reading, that policy is kept instead.
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
    raise warning 'Policy "%" on user_preferences does not compare with auth.uid(): it also shows the SID and status '
      'of other tenants'' subaccounts', open_policy;
  end loop;
end;
$$;

-- Tenancies -----------------------------------------------------------------------------------------------------------

-- One row per tenant: their request, an operator's hold, and the lease that lets one convergence act at a time.

create type public.twilio_account_status as enum ('active', 'suspended', 'closed');
comment on type public.twilio_account_status is 'The status of a subaccount at Twilio. closed is final.';

create type public.wanted_status as enum ('none', 'active', 'suspended', 'closed');
comment on type public.wanted_status is
  'The status a subaccount should have. none: the tenant is entitled to no subaccount.';

create type public.operator_hold as enum ('suspended', 'closed');
comment on type public.operator_hold is
  'What an operator demands for a subaccount, against any subscription. Null: no hold. A usage trigger that finds '
  'spending which is not ours also demands suspended, until an operator releases it.';

create type private.request_source as enum ('user', 'operator', 'existing');
comment on type private.request_source is
  'The source of a tenant''s claim to a subaccount without a subscription. user: their own request. operator: an '
  'operator provisioned them. existing: the subaccount existed before, such as one of the previous product.';

create table private.tenancies (
  -- No foreign key: after a user is deleted, this row is what convergence closes their subaccount by.
  user_id uuid primary key,
  requested_at timestamptz,
  requested_by private.request_source,
  operator_hold public.operator_hold,
  user_deleted_at timestamptz,
  -- The lease. The fence grows with every lease; a holder with an older fence can write nothing.
  fence bigint not null default 0,
  leased_until timestamptz,
  -- The length of the lease. Each note made under the lease renews it for this long.
  leased_for interval,
  -- Incremented by every fact that asks for convergence. A convergence that ends with an older version runs again.
  version bigint not null default 1,
  -- Written before Twilio is called, so that a call that is never answered leaves a trace.
  create_attempted_at timestamptz,
  last_created_at timestamptz,
  created_while_paying boolean not null default false,
  intended_status public.twilio_account_status,
  applied_status public.twilio_account_status,
  subaccount_sid text,
  subaccount_status public.twilio_account_status,
  suspended_at_twilio boolean not null default false,
  leaving_since timestamptz,
  numbers_compared_at timestamptz,
  last_error text,
  converged_at timestamptz,
  created_at timestamptz not null default now()
);
comment on table private.tenancies is
  'The tenant as convergence sees them: request, hold, lease, fence and the last known state of their subaccount.';
comment on column private.tenancies.requested_at is
  'Since when the tenant is entitled to an active subaccount without a subscription; null: not at all.';
comment on column private.tenancies.requested_by is
  'The source of requested_at. existing without requested_at: the subaccount was suspended when it was found.';
comment on column private.tenancies.last_created_at is
  'When a subaccount was last created, or may have been. It outlives the user, so that the daily limit counts deleted '
  'users. created_while_paying: whether a subscription entitled the tenant to it.';
comment on column private.tenancies.intended_status is
  'The status that convergence is about to set at Twilio; null once the result is recorded.';
comment on column private.tenancies.applied_status is
  'The status Switchboard last set at Twilio. A different status found there was set in Twilio''s console: it is '
  'recorded and kept.';
comment on column private.tenancies.subaccount_sid is
  'A copy of the subaccount''s SID. It outlives the row in user_preferences, which the host application may let its '
  'users delete, and decides where the row says otherwise.';
comment on column private.tenancies.subaccount_status is
  'A copy of the subaccount''s status as last recorded, with the same purpose as the SID.';
comment on column private.tenancies.suspended_at_twilio is
  'Whether the subaccount was suspended in Twilio''s console. Convergence does not lift such a suspension.';
comment on column private.tenancies.leaving_since is
  'Since when the subaccount is active at Twilio only so that its numbers can leave it. Until then and meanwhile the '
  'tenant''s row says suspended.';
comment on column private.tenancies.numbers_compared_at is
  'When Twilio was asked for the list of numbers with which ours were last compared.';
alter table private.tenancies enable row level security;
revoke all on private.tenancies from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.tenancies to service_role;

-- The subaccount of a deleted user must be closed. The transaction that deletes the user records this.
create function private.remember_user_deletion() returns trigger
language plpgsql
security definer -- auth's own roles delete users and have no rights here
set search_path = ''
as $$
declare
  sid text;
  status public.twilio_account_status;
begin
  select p.twilio_subaccount_sid, nullif(p.twilio_subaccount_status, 'pending') into sid, status
  from public.user_preferences p where p.user_id = old.id;
  if sid is null and not exists (select from private.tenancies t where t.user_id = old.id) then
    return old;
  end if;
  insert into private.tenancies as t (user_id, user_deleted_at, subaccount_sid, subaccount_status)
  values (old.id, now(), sid, case when sid is not null then status end)
  on conflict (user_id) do update set
    user_deleted_at = now(), version = t.version + 1,
    subaccount_sid = coalesce(t.subaccount_sid, excluded.subaccount_sid),
    subaccount_status = case when t.subaccount_sid is null then excluded.subaccount_status else t.subaccount_status end;
  perform private.enqueue_convergence(old.id);
  perform private.audit('auth', 'user.deleted', old.id, sid, null);
  return old;
end;
$$;
comment on function private.remember_user_deletion() is
  'Trigger: keeps the SID of a deleted user''s subaccount and asks for the convergence that closes it.';
create trigger switchboard_remember_user_deletion before delete on auth.users
  for each row execute function private.remember_user_deletion();

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
  wanted constant public.wanted_status := private.wanted_subaccount(p_user_id);
  known private.tenancies;
begin
  if wanted in ('suspended', 'closed') then
    return wanted;
  end if;
  -- The tenant had a subaccount and the row was lost, with the host's table or by the tenant's own delete. What was
  -- suspended stays so; convergence finds the subaccount again.
  select * into known from private.tenancies t where t.user_id = p_user_id and t.subaccount_sid is not null;
  return case
    when known.subaccount_sid is null then 'none'
    when known.subaccount_status in ('suspended', 'closed') then known.subaccount_status::text
    else 'pending' end;
end;
$$;
comment on function private.account_status_without_subaccount(uuid) is
  'The account status of a tenant without a stored subaccount. A lapsed subscription, an operator''s hold and the last '
  'recorded status count, so that the shared numbers are no way around them.';

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
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  select a.status, a.subaccount_sid, a.sealed_token into outcome, subaccount_sid, sealed_token
  from private.account_of(p_user_id) a;
  return next;
end;
$$;
comment on function public.subaccount_of(uuid) is 'The tenant''s account status, with its SID and sealed token.';

create type public.subaccount_request as enum (
  'already', 'accepted', 'subscription_required', 'suspended', 'closed'
);
comment on type public.subaccount_request is
  'The answer to a tenant''s request for a subaccount. already: they have an active one. accepted: the request is '
  'stored and convergence is due. subscription_required: only subscribers are served. suspended and closed: a '
  'subscription or an operator demands this status.';

create function private.note_request(p_user_id uuid, p_source private.request_source) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.tenancies as t (user_id, requested_at, requested_by) values (p_user_id, now(), p_source)
  on conflict (user_id) do update set requested_at = excluded.requested_at, requested_by = excluded.requested_by
  where t.requested_at is null;
end;
$$;
comment on function private.note_request(uuid, private.request_source) is
  'Records that a tenant may have a subaccount without a subscription. The first request stays.';

create function public.request_subaccount(p_user_id uuid, p_open_to_anyone boolean, p_request_id text)
returns table (outcome public.subaccount_request, subaccount_sid text, friendly_name text)
language plpgsql
set search_path = ''
as $$
declare
  -- Where anyone is served, the request counts itself: a gift that is over does not stand in its way.
  wanted constant public.wanted_status := private.wanted_subaccount(p_user_id, now(), p_open_to_anyone);
  account constant private.account := private.account_of(p_user_id);
begin
  if wanted in ('suspended', 'closed') then
    outcome := wanted;
    return next;
    return;
  elsif wanted = 'none' then
    outcome := 'subscription_required';
    return next;
    return;
  end if;
  -- Where only subscribers are served, a request adds nothing to the subscription: it does not outlive it.
  if p_open_to_anyone then
    perform private.note_request(p_user_id, 'user');
  end if;
  if account.status = 'active' then
    outcome := 'already';
    subaccount_sid := account.subaccount_sid;
    friendly_name := (
      select p.twilio_subaccount_friendly_name from public.user_preferences p where p.user_id = p_user_id);
  else
    outcome := 'accepted';
    -- The caller converges at once; this job finishes the work if that call dies.
    perform private.ask_for_convergence(p_user_id, 20);
    perform private.audit('user:' || p_user_id, 'subaccount.requested', p_user_id, account.subaccount_sid,
      p_request_id);
  end if;
  return next;
end;
$$;
comment on function public.request_subaccount(uuid, boolean, text) is
  'A tenant asks for their subaccount. already comes with its SID and name.';

create function private.lock_tenant(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from public.user_preferences p where p.user_id = p_user_id for update;
end;
$$;
comment on function private.lock_tenant(uuid) is
  'The one way to lock a tenant''s row. Decisions about one tenant''s numbers and tokens run one after the other.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.remember_user_deletion(),
  private.account_status_without_subaccount(uuid),
  private.account_of(uuid),
  public.subaccount_of(uuid),
  private.note_request(uuid, private.request_source),
  public.request_subaccount(uuid, boolean, text),
  private.lock_tenant(uuid)
  from public, anon, authenticated;
grant execute on function
  private.account_status_without_subaccount(uuid),
  private.account_of(uuid),
  public.subaccount_of(uuid),
  private.note_request(uuid, private.request_source),
  public.request_subaccount(uuid, boolean, text),
  private.lock_tenant(uuid)
  to service_role;
