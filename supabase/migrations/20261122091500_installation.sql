-- What `deno task verify` asks a database, local or hosted, with nothing but the secret key.

create function public.describe_installation()
returns table (subject text, verdict text, finding text)
language plpgsql stable
security definer -- looks at the catalogue, the queue and cron, none of which service_role may read
set search_path = ''
as $$
declare
  ours constant text[] := array['user_preferences', 'plans', 'subscriptions', 'user_twilio_numbers', 'sms_messages', 'sms_opt_outs',
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
    select 'sealed tokens', case when bool_or(has_column_privilege(r.role, 'public.user_preferences', 'twilio_subaccount_auth_token_encrypted', 'select'))
      then 'fail' else 'ok' end,
      case when bool_or(has_column_privilege(r.role, 'public.user_preferences', 'twilio_subaccount_auth_token_encrypted', 'select'))
        then 'anon or authenticated may read the token column' else 'only service_role reads the token column' end
    from unnest(array['anon', 'authenticated']) as r (role);

  return query
    select 'decisions', case when count(*) = 0 then 'ok' else 'fail' end,
      case when count(*) = 0 then 'no function of ours can be called by a browser'
        else 'callable by a browser: ' || string_agg(p.proname, ', ' order by p.proname) end
    from pg_catalog.pg_proc p
    where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
      and (has_function_privilege('anon', p.oid, 'execute') or has_function_privilege('authenticated', p.oid, 'execute'))
      and pg_catalog.obj_description(p.oid, 'pg_proc') is not null
      and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e');

  select count(*) into dead from pgmq.q_jobs_dead;
  return query select 'queue', 'ok', format('%s jobs waiting', (select count(*) from pgmq.q_jobs));
  return query select 'dead letters', case dead when 0 then 'ok' else 'warn' end, format('%s jobs gave up', dead);

  if not has_cron then
    return query select 'schedule', 'ok', 'no pg_cron here: the local scheduler calls run-jobs';
  else
    execute $q$ select exists (select from cron.job where jobname = 'switchboard-run-jobs' and active) $q$ into scheduled;
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
    select 'shared numbers', case count(*) when 0 then 'warn' else 'ok' end, format('%s offered to tenants without a subaccount', count(*))
    from private.master_numbers where is_offered;
end;
$$;
comment on function public.describe_installation() is
  'What is and is not in order in this database, a line each: ok, warn or fail. Source of `deno task verify`.';
revoke execute on function public.describe_installation() from public, anon, authenticated;
grant execute on function public.describe_installation() to service_role;
