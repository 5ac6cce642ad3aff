-- What operators do and see, what frontends watch, and what `deno task verify` asks.

-- Operators -----------------------------------------------------------------------------------------------------------

-- What operators do: hold and release tenants, and send dead letters on their way again. Each leaves its line in the
-- audit log.

create function public.hold_tenant(p_user_id uuid, p_hold text, p_operator_id uuid, p_request_id text, p_reason text)
returns table (outcome text, subaccount_sid text, status text)
language plpgsql
set search_path = ''
as $$
declare
  sid text;
  stored text;
begin
  select p.twilio_subaccount_sid, p.twilio_subaccount_status into sid, stored from public.user_preferences p
    where p.user_id = p_user_id;
  if sid is null and not private.user_exists(p_user_id) then
    return query select 'unknown_user', null::text, null::text;
    return;
  end if;
  insert into private.tenancies (user_id, operator_hold) values (p_user_id, p_hold::public.operator_hold)
  on conflict (user_id) do update set
    operator_hold = excluded.operator_hold,
    -- Released by an operator, a suspension made in Twilio's console is lifted too.
    applied_status = case when excluded.operator_hold is null then null else private.tenancies.applied_status end,
    suspended_at_twilio = excluded.operator_hold is not null and private.tenancies.suspended_at_twilio;
  perform private.ask_for_convergence(p_user_id);
  perform private.audit('operator:' || p_operator_id,
    case p_hold when 'suspended' then 'tenant.suspended' when 'closed' then 'tenant.closed' else 'tenant.released' end,
    p_user_id, sid, p_request_id, jsonb_build_object('reason', p_reason));
  return query select 'accepted', sid, stored;
end;
$$;
comment on function public.hold_tenant(uuid, text, uuid, text, text) is
  'An operator suspends or closes a tenant, or (null) releases the hold: accepted, or unknown_user. Convergence does '
  'the rest.';

create function public.provision_tenant(p_user_id uuid, p_operator_id uuid, p_request_id text) returns text
language plpgsql
set search_path = ''
as $$
begin
  if not private.user_exists(p_user_id) then
    return 'unknown_user';
  end if;
  insert into private.tenancies (user_id, requested_at) values (p_user_id, now())
  on conflict (user_id) do update set requested_at = coalesce(private.tenancies.requested_at, now());
  perform private.ask_for_convergence(p_user_id);
  perform private.audit('operator:' || p_operator_id, 'tenant.provisioned', p_user_id, null, p_request_id);
  return 'accepted';
end;
$$;
comment on function public.provision_tenant(uuid, uuid, text) is
  'An operator gives a user a subaccount without a subscription: accepted or unknown_user.';

create function public.list_tenants(p_after uuid, p_limit integer)
returns table (
  user_id uuid, wanted text, status text, subaccount_sid text, friendly_name text, operator_hold text,
  requested_at timestamptz,
  user_deleted_at timestamptz, last_error text, converged_at timestamptz, numbers bigint, suspended_at_twilio boolean
)
language sql stable
set search_path = ''
as $$
  select t.user_id, private.wanted_subaccount(t.user_id)::text, coalesce(p.twilio_subaccount_status, 'pending')::text,
    p.twilio_subaccount_sid::text,
    p.twilio_subaccount_friendly_name::text, t.operator_hold, t.requested_at, t.user_deleted_at, t.last_error,
    t.converged_at,
    (select count(*) from public.user_twilio_numbers n where n.user_id = t.user_id and n.status = 'active'),
    coalesce(p.twilio_subaccount_status = 'suspended' and t.applied_status = 'active', false)
  from private.tenancies t
  left join public.user_preferences p on p.user_id = t.user_id
  where p_after is null or t.user_id > p_after
  order by t.user_id
  limit least(p_limit, 200);
$$;
comment on function public.list_tenants(uuid, integer) is
  'Tenants by id, a page at a time (after the last id seen), as an operator sees them.';

create function public.list_dead_letters(p_before bigint, p_limit integer)
returns table (letter_id bigint, job jsonb, error text, buried_at timestamptz)
language sql stable
security definer -- reads pgmq's tables
set search_path = ''
as $$
  select q.msg_id, q.message -> 'job', q.message ->> 'error', (q.message ->> 'movedAt')::timestamptz
  from pgmq.q_jobs_dead q
  where p_before is null or q.msg_id < p_before
  order by q.msg_id desc
  limit least(p_limit, 200);
$$;
comment on function public.list_dead_letters(bigint, integer) is
  'Jobs that gave up, newest first, with their last error.';

create function public.replay_dead_letters(p_letter_id bigint, p_operator_id uuid, p_request_id text) returns integer
language plpgsql
security definer -- moves rows between pgmq's tables
set search_path = ''
as $$
declare
  replayed integer;
begin
  with taken as (
    delete from pgmq.q_jobs_dead q where p_letter_id is null or q.msg_id = p_letter_id returning q.message
  ), sent as (
    select private.enqueue(message -> 'job') from taken
  )
  select count(*) into replayed from sent;
  perform private.audit('operator:' || p_operator_id, 'dead_letters.replayed', null, null, p_request_id,
    jsonb_build_object('letterId', p_letter_id, 'replayed', replayed));
  return replayed;
end;
$$;
comment on function public.replay_dead_letters(bigint, uuid, text) is
  'Puts one dead letter (or, with null, all) back on the queue as new. Returns how many.';

create function public.replay_stripe_event(p_event_id text, p_operator_id uuid, p_request_id text) returns text
language plpgsql
set search_path = ''
as $$
begin
  update public.webhook_events set processed_at = null, result = null
    where provider = 'stripe' and event_id = p_event_id;
  if not found then
    return 'unknown_event';
  end if;
  perform private.enqueue(jsonb_build_object('kind', 'stripe-event', 'eventId', p_event_id));
  perform private.audit('operator:' || p_operator_id, 'event.replayed', null, null, p_request_id,
    jsonb_build_object('eventId', p_event_id));
  return 'replayed';
end;
$$;
comment on function public.replay_stripe_event(text, uuid, text) is
  'Processes a stored event once more: replayed or unknown_event.';

create function public.request_sweep(p_operator_id uuid, p_request_id text) returns text
language plpgsql
set search_path = ''
as $$
begin
  perform private.enqueue('{"kind": "sweep"}');
  perform private.audit('operator:' || p_operator_id, 'sweep.requested', null, null, p_request_id);
  return 'accepted';
end;
$$;
comment on function public.request_sweep(uuid, text) is 'An operator asks for a sweep now.';

-- Schedules of the foundation -----------------------------------------------------------------------------------------

insert into private.schedules (name, job, every)
  values ('forget-rate-limits', '{"kind": "forget-rate-limits"}', '1 hour');

-- Realtime ------------------------------------------------------------------------------------------------------------

-- Where Supabase Realtime is at work, a frontend sees messages, numbers and campaigns change without asking again. Row
-- level security and the column grants hold there as well.

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

select private.publish_changes();

-- Installation --------------------------------------------------------------------------------------------------------

-- What `deno task verify` asks a database, local or hosted, with nothing but the secret key.

create function private.describe_installation()
returns table (subject text, verdict text, finding text)
language plpgsql stable
security definer -- looks at the catalogue, the queue and cron, none of which service_role may read
set search_path = ''
as $$
declare
  ours constant text[] := array['user_preferences', 'plans', 'subscriptions', 'user_twilio_numbers', 'sms_messages',
    'sms_opt_outs',
    'webhook_events', 'audit_log', 'twilio_usage', 'messaging_settings', 'sms_conversations', 'campaigns'];
  has_cron constant boolean := to_regclass('cron.job') is not null;
  scheduled boolean := false;
  configured boolean := false;
  dead bigint;
begin
  return query
    select 'table ' || t.name,
      case when c.oid is null or not c.relrowsecurity or p.policies = 0 then 'fail' else 'ok' end,
      case when c.oid is null then 'is missing' when not c.relrowsecurity then 'has row level security switched off'
        else format('row level security on, %s polic%s', p.policies, case p.policies when 1 then 'y' else 'ies' end) end
    from unnest(ours) as t (name)
    left join pg_catalog.pg_class c on c.oid = to_regclass('public.' || t.name)
    cross join lateral (select count(*) as policies from pg_catalog.pg_policy where polrelid = c.oid) p;

  return query
    select 'sealed tokens', case
      when bool_or(has_column_privilege(r.role, 'public.user_preferences', 'twilio_subaccount_auth_token_encrypted',
      'select'))
      then 'fail' else 'ok' end,
      case when bool_or(has_column_privilege(r.role, 'public.user_preferences',
        'twilio_subaccount_auth_token_encrypted', 'select'))
        then 'anon or authenticated may read the token column' else 'only service_role reads the token column' end
    from unnest(array['anon', 'authenticated']) as r (role);

  return query
    select 'decisions', case when count(*) = 0 then 'ok' else 'fail' end,
      case when count(*) = 0 then 'no function of ours can be called by a browser'
        else 'callable by a browser: ' || string_agg(p.proname, ', ' order by p.proname) end
    from pg_catalog.pg_proc p
    where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
      and (has_function_privilege('anon', p.oid, 'execute')
        or has_function_privilege('authenticated', p.oid, 'execute'))
      and pg_catalog.obj_description(p.oid, 'pg_proc') is not null
      and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e');

  select count(*) into dead from pgmq.q_jobs_dead;
  return query select 'queue', 'ok', format('%s jobs waiting', (select count(*) from pgmq.q_jobs));
  return query select 'dead letters', case dead when 0 then 'ok' else 'warn' end, format('%s jobs gave up', dead);

  if not has_cron then
    return query select 'schedule', 'ok', 'no pg_cron here: the local scheduler calls run-jobs';
  else
    execute $q$ select exists (select from cron.job where jobname = 'switchboard-run-jobs'
      and active) $q$ into scheduled;
    if to_regclass('vault.decrypted_secrets') is not null then
      execute $q$ select count(*) = 2 from vault.decrypted_secrets
        where name in ('switchboard_functions_url', 'switchboard_secret_key') $q$ into configured;
    end if;
    return query select 'schedule', case when scheduled and configured then 'ok' else 'fail' end,
      case when not scheduled then 'the cron entry switchboard-run-jobs is missing'
        when not configured then 'Vault lacks switchboard_functions_url or switchboard_secret_key'
        else 'pg_cron calls run-jobs every ten seconds' end;
  end if;

  return query
    select 'shared numbers', case count(*) when 0 then 'warn' else 'ok' end,
      format('%s offered to tenants without a subaccount', count(*))
    from private.master_numbers where is_offered;
end;
$$;
comment on function private.describe_installation() is
  'What is and is not in order in this database, a line each: ok, warn or fail. Source of `deno task verify`.';

create function public.describe_installation() returns table (subject text, verdict text, finding text)
language sql stable
set search_path = ''
as $$
  select * from private.describe_installation()
  union all
  select * from private.describe_sealing_keys();
$$;
comment on function public.describe_installation() is
  'What is and is not in order in this database, a line each: ok, warn or fail. Source of `deno task verify`.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  public.hold_tenant(uuid, text, uuid, text, text),
  public.provision_tenant(uuid, uuid, text),
  public.list_tenants(uuid, integer),
  public.list_dead_letters(bigint, integer),
  public.replay_dead_letters(bigint, uuid, text),
  public.replay_stripe_event(text, uuid, text),
  public.request_sweep(uuid, text),
  private.publish_changes(),
  private.describe_installation(),
  public.describe_installation()
  from public, anon, authenticated;
grant execute on function
  public.hold_tenant(uuid, text, uuid, text, text),
  public.provision_tenant(uuid, uuid, text),
  public.list_tenants(uuid, integer),
  public.list_dead_letters(bigint, integer),
  public.replay_dead_letters(bigint, uuid, text),
  public.replay_stripe_event(text, uuid, text),
  public.request_sweep(uuid, text),
  private.publish_changes(),
  private.describe_installation(),
  public.describe_installation()
  to service_role;
