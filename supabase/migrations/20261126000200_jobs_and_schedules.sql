-- Jobs on pgmq queues. A job is a jsonb object with a `kind`. It is enqueued in the transaction of the fact that it
-- follows, and `run-jobs` runs it at least once: a job that is not settled becomes visible again after a timeout.

select pgmq.create('jobs');
select pgmq.create('jobs_dead');

-- The API never reaches pgmq's tables: only the functions below use them, with their owner's rights.
create function private.enqueue(p_job jsonb, p_delay_seconds integer default 0) returns bigint
language plpgsql
security definer -- service_role needs no rights on pgmq's own tables
set search_path = ''
as $$
begin
  return (select pgmq.send('jobs', p_job, p_delay_seconds));
end;
$$;
comment on function private.enqueue(jsonb, integer) is
  'Puts one job on the queue, in the caller''s transaction. Returns its message id.';

-- Schedules -----------------------------------------------------------------------------------------------------------

create table private.schedules (
  name text primary key,
  job jsonb not null,
  every interval not null,
  due_at timestamptz not null default now()
);
comment on table private.schedules is
  'Recurring jobs. Claiming jobs enqueues the due ones, so that one cron entry drives them all.';
alter table private.schedules enable row level security;
revoke all on private.schedules from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.schedules to service_role;

create function private.enqueue_due_schedules() returns void
language plpgsql
security definer -- reads pgmq's tables
set search_path = ''
as $$
declare
  due_job jsonb;
begin
  for due_job in
    update private.schedules s set due_at = now() + s.every
    -- Skips locked rows: of several calls at the same time, one enqueues.
    where s.name in (select name from private.schedules where due_at <= now() for update skip locked)
      -- After an outage, one job of each schedule is enough.
      and not exists (select from pgmq.q_jobs q where q.message = s.job)
    returning s.job
  loop
    perform private.enqueue(due_job);
  end loop;
end;
$$;
comment on function private.enqueue_due_schedules() is
  'Enqueues the jobs of due schedules, and not those that are still on the queue.';

-- On Supabase, pg_cron calls run-jobs every ten seconds over HTTP. The URL and the key are read from Vault at each call
-- (`switchboard_functions_url` and `switchboard_secret_key`), so that a rotated key needs no migration.
do $$
begin
  if (select count(*) from pg_catalog.pg_available_extensions where name in ('pg_cron', 'pg_net', 'supabase_vault'))
    = 3 then
    create extension if not exists pg_cron;
    create extension if not exists pg_net;
    perform cron.schedule('switchboard-run-jobs', '10 seconds', $cron$
      select net.http_post(
        url := (select decrypted_secret from vault.decrypted_secrets where name = 'switchboard_functions_url')
          || '/run-jobs',
        headers := jsonb_build_object('Content-Type', 'application/json',
          'apikey', (select decrypted_secret from vault.decrypted_secrets where name = 'switchboard_secret_key')),
        body := '{}'::jsonb,
        timeout_milliseconds := 60000)
      where exists (select from vault.decrypted_secrets where name = 'switchboard_functions_url');
    $cron$);
  end if;
end;
$$;

-- Claiming and settling -----------------------------------------------------------------------------------------------

create type public.claimed_job as (job_id bigint, attempt integer, enqueued_at timestamptz, job jsonb);
comment on type public.claimed_job is 'A job on the queue. attempt counts its claims, this one included.';

create function public.claim_jobs(p_limit integer, p_visibility_seconds integer) returns setof public.claimed_job
language plpgsql
security definer -- reads pgmq's tables
set search_path = ''
as $$
begin
  perform private.enqueue_due_schedules();
  -- pgmq.read claims in order of arrival, so that a thousand jobs of one tenant would delay all other tenants. Here the
  -- first job of each tenant is claimed before the second job of any.
  return query
    with visible as (
      select q.msg_id, row_number() over (partition by coalesce(q.message ->> 'userId', q.msg_id::text)
        order by q.msg_id) as turn
      from pgmq.q_jobs q where q.vt <= clock_timestamp()
    ), chosen as (
      select q.msg_id from pgmq.q_jobs q join visible v using (msg_id)
      where q.vt <= clock_timestamp()
      order by v.turn, q.msg_id limit p_limit
      for update of q skip locked
    )
    update pgmq.q_jobs q set vt = clock_timestamp() + make_interval(secs => p_visibility_seconds),
      read_ct = q.read_ct + 1
    from chosen where q.msg_id = chosen.msg_id
    returning q.msg_id, q.read_ct::integer, q.enqueued_at, q.message;
end;
$$;
comment on function public.claim_jobs(integer, integer) is
  'Claims up to p_limit visible jobs for p_visibility_seconds, in turn between tenants.';

create function public.finish_job(p_job_id bigint) returns boolean
language plpgsql
security definer -- deletes from pgmq's tables
set search_path = ''
as $$
begin
  return (select pgmq.delete('jobs', p_job_id));
end;
$$;
comment on function public.finish_job(bigint) is
  'Deletes a finished job from the queue. False: it was no longer on the queue.';

create table private.job_errors (
  job_id bigint primary key,
  error text not null,
  at timestamptz not null default now()
);
comment on table private.job_errors is 'The last error of each job that waits for another attempt.';
alter table private.job_errors enable row level security;
revoke all on private.job_errors from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.job_errors to service_role;

create function private.forget_job_error() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  delete from private.job_errors where job_id = old.msg_id;
  return old;
end;
$$;
comment on function private.forget_job_error() is 'Trigger: deletes the error of a job that leaves the queue.';
create trigger forget_error after delete on pgmq.q_jobs for each row execute function private.forget_job_error();

create type public.retry_job_outcome as enum ('retrying', 'gone');
comment on type public.retry_job_outcome is 'Whether a job gets another attempt, or is no longer on the queue.';

create function public.retry_job(p_job_id bigint, p_delay_seconds integer, p_error text)
returns public.retry_job_outcome
language plpgsql
security definer -- updates pgmq's tables
set search_path = ''
as $$
begin
  perform pgmq.set_vt('jobs', p_job_id, p_delay_seconds);
  if not found then
    return 'gone';
  end if;
  insert into private.job_errors (job_id, error) values (p_job_id, left(p_error, 500))
  on conflict (job_id) do update set error = excluded.error, at = now();
  return 'retrying';
end;
$$;
comment on function public.retry_job(bigint, integer, text) is
  'Makes a failed job visible again after a delay and stores its error.';

create type public.defer_job_outcome as enum ('deferred', 'gone');
comment on type public.defer_job_outcome is 'Whether a job waits, or is no longer on the queue.';

create function public.defer_job(p_job_id bigint, p_delay_seconds integer) returns public.defer_job_outcome
language plpgsql
security definer -- updates pgmq's tables
set search_path = ''
as $$
begin
  update pgmq.q_jobs q set vt = clock_timestamp() + make_interval(secs => p_delay_seconds),
    read_ct = greatest(q.read_ct - 1, 0)
  where q.msg_id = p_job_id;
  return case when found then 'deferred' else 'gone' end;
end;
$$;
comment on function public.defer_job(bigint, integer) is
  'Makes a job visible again after a delay when it cannot run yet, for example because a lease is taken. The claim '
  'does not count as an attempt.';

create type public.move_job_outcome as enum ('moved', 'gone');
comment on type public.move_job_outcome is
  'Whether a job was moved to the dead letters, or is no longer on the queue.';

create function public.move_job_to_dead_letters(p_job_id bigint, p_error text) returns public.move_job_outcome
language plpgsql
security definer -- moves rows between pgmq's tables
set search_path = ''
as $$
declare
  failed jsonb;
begin
  select q.message into failed from pgmq.q_jobs q where q.msg_id = p_job_id for update;
  if not found then
    return 'gone';
  end if;
  perform pgmq.send('jobs_dead', jsonb_build_object('job', failed, 'jobId', p_job_id, 'error', left(p_error, 500),
    'movedAt', now()));
  perform pgmq.delete('jobs', p_job_id);
  return 'moved';
end;
$$;
comment on function public.move_job_to_dead_letters(bigint, text) is
  'Moves a job after its last attempt to the dead letters, with its last error.';

-- Due work ------------------------------------------------------------------------------------------------------------

-- Work that a date makes due, one row for each tenant and kind. A schedule claims due rows by index, at most a limit at
-- a time, so its cost grows with the due rows and not with the tenants.

create type private.due_kind as enum ('convergence', 'number_sync', 'token_rotation', 'redaction');
comment on type private.due_kind is
  'convergence: compare the tenant''s wanted status with the stored one. number_sync: compare their numbers with '
  'Twilio''s. token_rotation: rotate their token. redaction: delete texts older than their retention.';

create table private.due_work (
  -- No foreign key: a deleted user's subaccount is still closed. The other kinds delete such a row when it is due.
  user_id uuid not null,
  kind private.due_kind not null,
  due_at timestamptz not null,
  primary key (user_id, kind)
);
comment on table private.due_work is
  'When each tenant is looked at next, for each kind of scheduled work. A tenant without a row needs no such work.';
comment on column private.due_work.due_at is
  'For a token rotation, the date of the token: the age at which it is due is a setting of the functions.';
create index due_work_by_date on private.due_work (kind, due_at);
alter table private.due_work enable row level security;
revoke all on private.due_work from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.due_work to service_role;

create function private.set_due(p_user_id uuid, p_kind private.due_kind, p_due_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_due_at is null then
    delete from private.due_work d where d.user_id = p_user_id and d.kind = p_kind;
  else
    insert into private.due_work (user_id, kind, due_at) values (p_user_id, p_kind, p_due_at)
    on conflict (user_id, kind) do update set due_at = excluded.due_at;
  end if;
end;
$$;
comment on function private.set_due(uuid, private.due_kind, timestamptz) is
  'Writes the next date of a tenant''s work; null: there is no such work.';

create function private.set_due_by(p_user_id uuid, p_kind private.due_kind, p_due_at timestamptz default now())
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.due_work as d (user_id, kind, due_at) values (p_user_id, p_kind, p_due_at)
  on conflict (user_id, kind) do update set due_at = excluded.due_at where d.due_at > excluded.due_at;
end;
$$;
comment on function private.set_due_by(uuid, private.due_kind, timestamptz) is
  'Makes a tenant''s work due at a moment at the latest. An earlier date stays.';

create function private.claim_due(p_kind private.due_kind, p_limit integer, p_again_after interval,
  p_at timestamptz default now())
returns setof uuid
language plpgsql
set search_path = ''
as $$
begin
  return query
    with claimed as materialized (
      select d.user_id from private.due_work d
      where d.kind = p_kind and d.due_at <= p_at
      order by d.due_at limit p_limit
      for update skip locked
    )
    update private.due_work d set due_at = p_at + private.spread(p_again_after)
    from claimed c where d.user_id = c.user_id and d.kind = p_kind
    returning d.user_id;
end;
$$;
comment on function private.claim_due(private.due_kind, integer, interval, timestamptz) is
  'Claims up to p_limit tenants whose work was due at p_at, the longest due first. Each is due again after '
  'p_again_after, unless the work writes another date: a lost job comes again.';

create function private.spread(p_interval interval) returns interval
language plpgsql volatile
set search_path = ''
as $$
begin
  return p_interval * (0.9 + 0.2 * random());
end;
$$;
comment on function private.spread(interval) is
  'An interval that is up to a tenth longer or shorter, so that tenants who were due together drift apart.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.enqueue(jsonb, integer),
  private.enqueue_due_schedules(),
  public.claim_jobs(integer, integer),
  public.finish_job(bigint),
  private.forget_job_error(),
  public.retry_job(bigint, integer, text),
  public.defer_job(bigint, integer),
  public.move_job_to_dead_letters(bigint, text),
  private.set_due(uuid, private.due_kind, timestamptz),
  private.set_due_by(uuid, private.due_kind, timestamptz),
  private.claim_due(private.due_kind, integer, interval, timestamptz),
  private.spread(interval)
  from public, anon, authenticated;
grant execute on function
  private.enqueue(jsonb, integer),
  private.enqueue_due_schedules(),
  public.claim_jobs(integer, integer),
  public.finish_job(bigint),
  public.retry_job(bigint, integer, text),
  public.defer_job(bigint, integer),
  public.move_job_to_dead_letters(bigint, text),
  private.set_due(uuid, private.due_kind, timestamptz),
  private.set_due_by(uuid, private.due_kind, timestamptz),
  private.claim_due(private.due_kind, integer, interval, timestamptz),
  private.spread(interval)
  to service_role;
