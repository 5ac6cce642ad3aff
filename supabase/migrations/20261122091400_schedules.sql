-- Recurring jobs, and the one cron entry that drives them where the database has pg_cron and pg_net.

insert into private.schedules (name, job, every) values
  ('refresh-master-numbers', '{"kind": "refresh-master-numbers"}', '10 minutes'),
  ('settle-messages', '{"kind": "settle-messages"}', '1 minute'),
  ('settle-number-purchases', '{"kind": "settle-number-purchases"}', '1 minute'),
  ('converge-drifted', '{"kind": "converge-drifted"}', '5 minutes');

create function public.ask_for_drifted_convergence(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  asked integer := 0;
  tenant uuid;
begin
  -- Time alone changes what is wanted: a grace period ends, a retention period ends.
  for tenant in
    select t.user_id
    from private.tenancies t
    left join public.user_preferences p on p.user_id = t.user_id
    cross join lateral (select private.wanted_subaccount(t.user_id) as wanted) w
    -- A row without its SID or token: lost with the host's table, or never finished.
    where (w.wanted = 'active' and (t.applied_status is distinct from 'active' or p.twilio_subaccount_sid is null
           or p.twilio_subaccount_auth_token_encrypted is null))
       or (w.wanted in ('suspended', 'closed') and t.applied_status is distinct from w.wanted and t.applied_status is distinct from 'closed'
           -- Suspended in Twilio's console before we had to: so it stays.
           and not (w.wanted = 'suspended' and coalesce(p.twilio_subaccount_status = 'suspended', false))
           and (p.twilio_subaccount_sid is not null or t.applied_status is not null or t.create_attempted_at is not null))
    order by t.converged_at nulls first
    limit p_limit
  loop
    perform private.ask_for_convergence(tenant);
    asked := asked + 1;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_drifted_convergence(integer) is
  'Enqueues a convergence for each tenant whose subaccount is not what it should be by now. Returns how many.';

revoke execute on function public.ask_for_drifted_convergence(integer) from public, anon, authenticated;
grant execute on function public.ask_for_drifted_convergence(integer) to service_role;

-- On Supabase: every ten seconds, one HTTP call to run-jobs. URL and key are read from Vault at each run, so that a
-- rotated key needs no migration: names `switchboard_functions_url` and `switchboard_secret_key` (see the README).
do $$
begin
  if (select count(*) from pg_catalog.pg_available_extensions where name in ('pg_cron', 'pg_net', 'supabase_vault')) = 3 then
    create extension if not exists pg_cron;
    create extension if not exists pg_net;
    perform cron.schedule('switchboard-run-jobs', '10 seconds', $cron$
      select net.http_post(
        url := (select decrypted_secret from vault.decrypted_secrets where name = 'switchboard_functions_url') || '/run-jobs',
        headers := jsonb_build_object('Content-Type', 'application/json',
          'apikey', (select decrypted_secret from vault.decrypted_secrets where name = 'switchboard_secret_key')),
        body := '{}'::jsonb,
        timeout_milliseconds := 60000)
      where exists (select from vault.decrypted_secrets where name = 'switchboard_functions_url');
    $cron$);
  end if;
end;
$$;
