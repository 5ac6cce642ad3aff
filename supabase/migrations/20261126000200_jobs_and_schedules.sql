-- Jobs on pgmq queues, one queue for each lane. A job is a jsonb object with a `kind`. It is enqueued in the
-- transaction of the fact that it follows, and `run-jobs` runs it at least once: a job that is not settled becomes
-- visible again after a timeout. Everything here works on pgmq 1.4.4.

create type public.job_lane as enum ('control', 'messages', 'campaigns', 'forwarding', 'usage', 'billing');
comment on type public.job_lane is
  'A queue of jobs with its own calls of run-jobs, so that a job waits only for jobs of its lane. control: what keeps '
  'accounts, subscriptions and numbers correct. billing: what is read from and written to Stripe for billing.';

create function private.lane_of(p_job jsonb) returns public.job_lane
language plpgsql immutable
set search_path = ''
as $$
begin
  return case p_job ->> 'kind'
    when 'run-campaign' then 'campaigns'
    when 'forward-message' then 'forwarding'
    when 'forward-notice' then 'forwarding'
    when 'deliver-alert' then 'forwarding' -- it may hang as a tenant's server may
    when 'refresh-messages' then 'messages'
    when 'redact-messages' then 'messages'
    when 'redact-old-messages' then 'messages'
    when 'erase-user' then 'messages'
    when 'delete-campaign-recipients' then 'messages'
    when 'refresh-message-prices' then 'messages'
    when 'charge-number-fees' then 'usage'
    when 'settle-start' then 'messages'
    when 'check-spending' then 'usage'
    when 'reconcile-days' then 'usage'
    when 'sync-all-usage' then 'usage'
    when 'sync-usage' then 'usage'
    when 'keep-usage-trigger' then 'usage'
    when 'keep-usage-triggers' then 'usage'
    when 'price-numbers' then 'usage'
    when 'count-unpaid-accounts' then 'usage'
    when 'rate-due-usage' then 'billing'
    when 'rate-usage' then 'billing'
    when 'meter-due-customers' then 'billing'
    when 'meter-usage' then 'billing'
    when 'add-up-revenue' then 'billing'
    when 'compare-due-customers' then 'billing'
    when 'compare-meters' then 'billing'
    when 'apply-thin-event' then 'billing'
    when 'keep-metered-items' then 'billing'
    when 'read-invoice' then 'billing'
    when 'close-periods' then 'billing'
    when 'cancel-subscription' then 'billing'
    when 'settle-final-bills' then 'billing'
    when 'settle-final-bill' then 'billing'
    else 'control'
  end;
end;
$$;
comment on function private.lane_of(jsonb) is 'The lane of a job by its kind: control for every kind not listed.';

create function private.queue_of(p_lane public.job_lane) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return 'jobs_' || p_lane;
end;
$$;
comment on function private.queue_of(public.job_lane) is 'The name of a lane''s pgmq queue. Its table is q_<name>.';

select pgmq.create(private.queue_of(lane)) from unnest(enum_range(null::public.job_lane)) lane;
select pgmq.create('jobs_dead');

-- The API never reaches pgmq's tables: only the functions below use them, with their owner's rights.
create view private.jobs as
  select 'control'::public.job_lane as lane, msg_id, read_ct, enqueued_at, vt, message from pgmq.q_jobs_control
  union all select 'messages', msg_id, read_ct, enqueued_at, vt, message from pgmq.q_jobs_messages
  union all select 'campaigns', msg_id, read_ct, enqueued_at, vt, message from pgmq.q_jobs_campaigns
  union all select 'forwarding', msg_id, read_ct, enqueued_at, vt, message from pgmq.q_jobs_forwarding
  union all select 'usage', msg_id, read_ct, enqueued_at, vt, message from pgmq.q_jobs_usage
  union all select 'billing', msg_id, read_ct, enqueued_at, vt, message from pgmq.q_jobs_billing;
comment on view private.jobs is 'The jobs of all lanes, with the columns of pgmq. An id is unique within its lane.';
revoke all on private.jobs from public, anon, authenticated, service_role;

create function private.enqueue(p_job jsonb, p_delay_seconds integer default 0) returns bigint
language plpgsql
security definer -- service_role needs no rights on pgmq's own tables
set search_path = ''
as $$
begin
  return (select pgmq.send(private.queue_of(private.lane_of(p_job)), p_job, p_delay_seconds));
end;
$$;
comment on function private.enqueue(jsonb, integer) is
  'Puts one job on the queue of its lane, in the caller''s transaction. Returns its id, which is unique in its lane.';

create function private.withdraw_job(p_lane public.job_lane, p_job_id bigint) returns void
language plpgsql
security definer -- deletes from pgmq's tables
set search_path = ''
as $$
begin
  -- Locked first: a claim that came before is then in jobs_in_flight.
  execute format('select from pgmq.%I q where q.msg_id = $1 for update', 'q_' || private.queue_of(p_lane))
  using p_job_id;
  if not exists (select from private.jobs_in_flight f where f.lane = p_lane and f.job_id = p_job_id) then
    perform pgmq.delete(private.queue_of(p_lane), p_job_id);
  end if;
end;
$$;
comment on function private.withdraw_job(public.job_lane, bigint) is
  'Deletes a job that waits. One that is in flight stays: the work that it does finds nothing to do.';

-- Schedules -----------------------------------------------------------------------------------------------------------

create table private.schedules (
  name text primary key,
  job jsonb not null,
  every interval not null,
  due_at timestamptz not null default now(),
  job_id bigint
);
comment on table private.schedules is
  'Recurring jobs. Claiming jobs of the control lane enqueues the due ones. job_id: the last one, in its lane.';
alter table private.schedules enable row level security;
revoke all on private.schedules from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.schedules to service_role;

create function private.enqueue_due_schedules() returns void
language plpgsql
security definer -- reads pgmq's tables
set search_path = ''
as $$
begin
  update private.schedules s set due_at = now() + s.every, job_id = private.enqueue(s.job)
  -- Skips locked rows: of several calls at the same time, one enqueues.
  where s.name in (select name from private.schedules where due_at <= now() for update skip locked)
    -- After an outage, one job of each schedule is enough.
    and not exists (select from private.jobs j where j.lane = private.lane_of(s.job) and j.msg_id = s.job_id);
end;
$$;
comment on function private.enqueue_due_schedules() is
  'Enqueues the jobs of due schedules, except of those whose last job is still on its queue.';

-- On Supabase, pg_cron looks every ten seconds for lanes with a due job, and calls run-jobs for them over HTTP. The URL
-- and the key are read from Vault at each call (`switchboard_functions_url` and `switchboard_secret_key`): a rotated
-- key needs no migration.
do $$
declare
  lane public.job_lane;
begin
  if (select count(*) from pg_catalog.pg_available_extensions where name in ('pg_cron', 'pg_net', 'supabase_vault'))
    = 3 then
    create extension if not exists pg_cron;
    create extension if not exists pg_net;
    -- The entry of installations before there were lanes.
    perform cron.unschedule(jobname) from cron.job where jobname = 'switchboard-run-jobs';
    foreach lane in array enum_range(null::public.job_lane) loop
      perform cron.schedule('switchboard-run-jobs-' || lane, '10 seconds', format($cron$
        select net.http_post(
          url := (select decrypted_secret from vault.decrypted_secrets where name = 'switchboard_functions_url')
            || '/run-jobs',
          headers := jsonb_build_object('Content-Type', 'application/json',
            'apikey', (select decrypted_secret from vault.decrypted_secrets where name = 'switchboard_secret_key')),
          body := jsonb_build_object('lane', %1$L),
          timeout_milliseconds := 60000)
        where private.has_due_jobs(%1$L)
          and exists (select from vault.decrypted_secrets where name = 'switchboard_functions_url');
      $cron$, lane));
    end loop;
  end if;
end;
$$;

-- Turns ---------------------------------------------------------------------------------------------------------------

-- A claim finds the tenants with a due job, the one with the fewest jobs in flight first, without reading the queue:
-- one tenant may own all of its jobs, and most of them may be invisible. Two rules hold after every transaction:
-- 1. Each job is in flight, or its tenant has a turn that is due when the job is visible, or earlier.
-- 2. Only renew_turns deletes turns. It locks them first and then looks for their tenants' next jobs.
-- An enqueueing transaction may be long. It waits for no lock of a claim, and no claim waits for it: where it relies on
-- a turn it holds a key share lock, under which the turn cannot be deleted, and without this lock it adds a turn.

create table private.job_turns (
  id bigint generated always as identity primary key,
  lane public.job_lane not null,
  subject text not null,
  due_at timestamptz not null
);
comment on table private.job_turns is
  'The tenants with a waiting job, and since when they wait or when the job becomes visible. subject: a user''s id, or '
  'the id of a job without a tenant. Usually one row for each subject; more are harmless.';
create index job_turns_due on private.job_turns (lane, due_at);
create index job_turns_subject on private.job_turns (lane, subject, due_at, id);
alter table private.job_turns enable row level security;
revoke all on private.job_turns from public, anon, authenticated, service_role;

create table private.jobs_in_flight (
  lane public.job_lane not null,
  job_id bigint not null,
  subject text not null,
  until timestamptz not null,
  primary key (lane, job_id)
);
comment on table private.jobs_in_flight is
  'The claimed jobs. A job whose process ended is visible again at `until`, and the next claim deletes its row.';
alter table private.jobs_in_flight enable row level security;
revoke all on private.jobs_in_flight from public, anon, authenticated, service_role;

create table private.job_errors (
  lane public.job_lane not null,
  job_id bigint not null,
  error text not null,
  at timestamptz not null default now(),
  primary key (lane, job_id)
);
comment on table private.job_errors is 'The last error of each job that waits for another attempt.';
alter table private.job_errors enable row level security;
revoke all on private.job_errors from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.job_errors to service_role;

-- A plan may be made while the tables are empty and used when they are full. The functions that are entered from
-- outside therefore allow only index scans in the wanted order. The order ends with the id, so one index offers it,
-- and rows that are locked are then found by their place (ctid).

create function private.note_turn() returns trigger
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_incremental_sort = off
as $$
declare
  of_lane constant public.job_lane := tg_argv[0];
  of_subject constant text := coalesce(new.message ->> 'userId', new.msg_id::text);
begin
  if tg_op = 'UPDATE' then
    delete from private.jobs_in_flight f where f.lane = of_lane and f.job_id = new.msg_id;
  end if;
  perform from private.job_turns t
  where t.lane = of_lane and t.subject = of_subject and t.due_at <= new.vt
  order by t.due_at, t.id limit 1 for key share skip locked;
  if not found then
    insert into private.job_turns (lane, subject, due_at) values (of_lane, of_subject, new.vt);
  end if;
  return null;
end;
$$;
comment on function private.note_turn() is
  'Trigger: gives the tenant of a job that is enqueued, deferred or retried a turn. The job is no longer in flight.';

create function private.forget_jobs() returns trigger
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_incremental_sort = off
as $$
declare
  of_lane constant public.job_lane := tg_argv[0];
  ids constant bigint[] := array(select gone.msg_id from gone);
  subjects text[];
begin
  delete from private.job_errors e where e.lane = of_lane and e.job_id = any (ids);
  with ended as (
    delete from private.jobs_in_flight f where f.lane = of_lane and f.job_id = any (ids) returning f.job_id
  )
  select array_agg(distinct coalesce(gone.message ->> 'userId', gone.msg_id::text)) into subjects
  from gone where gone.msg_id not in (select job_id from ended);
  if subjects is not null then
    perform private.renew_turns(of_lane, subjects, clock_timestamp());
  end if;
  return null;
end;
$$;
comment on function private.forget_jobs() is
  'Trigger: deletes what is stored on jobs that leave the queue. A job in flight has no turn of its own.';

create function private.forget_lane() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  of_lane constant public.job_lane := tg_argv[0];
begin
  delete from private.job_errors e where e.lane = of_lane;
  delete from private.jobs_in_flight f where f.lane = of_lane;
  delete from private.job_turns t where t.lane = of_lane;
  return null;
end;
$$;
comment on function private.forget_lane() is 'Trigger: deletes what is stored on the jobs of a queue that is purged.';

create function private.renew_turns(p_lane public.job_lane, p_subjects text[], p_now timestamptz) returns void
language plpgsql
security definer -- reads pgmq's tables
set search_path = ''
as $$
begin
  delete from private.job_turns d where d.ctid = any (array(
    select t.ctid from unnest(p_subjects) as s (subject) cross join lateral (
      select t.ctid from private.job_turns t where t.lane = p_lane and t.subject = s.subject
      order by t.due_at, t.id for update skip locked) t));
  -- A new statement, so that it sees the jobs of all transactions that relied on these turns.
  execute format($q$
    insert into private.job_turns (lane, subject, due_at)
    select $1, s.subject, greatest(j.vt, $3)
    from unnest($2) as s (subject) cross join lateral (
      select q.vt from pgmq.%I q
      where coalesce(q.message ->> 'userId', q.msg_id::text) = s.subject and q.msg_id <> all ($4)
      order by q.vt, q.msg_id limit 1) j
  $q$, 'q_' || private.queue_of(p_lane))
  using p_lane, p_subjects, p_now, array(select f.job_id from private.jobs_in_flight f where f.lane = p_lane);
end;
$$;
comment on function private.renew_turns(public.job_lane, text[], timestamptz) is
  'Replaces the turns of these tenants by one each: due with their next waiting job, and not before p_now, so that a '
  'tenant that was just served waits behind the others.';

create function private.return_lost_jobs(p_lane public.job_lane, p_now timestamptz) returns void
language plpgsql
security definer -- service_role has no rights on the turns
set search_path = ''
as $$
begin
  with lost as (
    delete from private.jobs_in_flight f where f.lane = p_lane and f.job_id = any (array(
      select job_id from private.jobs_in_flight where lane = p_lane and until <= p_now for update skip locked))
    returning f.subject, f.until
  )
  insert into private.job_turns (lane, subject, due_at) select p_lane, subject, until from lost;
end;
$$;
comment on function private.return_lost_jobs(public.job_lane, timestamptz) is
  'Gives the tenants of claimed jobs whose visibility timeout is over a turn. These jobs are no longer in flight.';

create function private.take_turns(
  p_lane public.job_lane,
  p_limit integer,
  p_passed text[],
  p_now timestamptz,
  out subjects text[],
  out jobs_each integer
)
language plpgsql
security definer -- service_role has no rights on the turns
set search_path = ''
as $$
declare
  busy text[] := array(select f.subject from private.jobs_in_flight f where f.lane = p_lane);
begin
  jobs_each := 1;
  subjects := array(
    select t.subject from private.job_turns t
    where t.lane = p_lane and t.due_at <= p_now and t.subject <> all (busy) and t.subject <> all (p_passed)
    order by t.due_at limit p_limit for no key update skip locked);
  if cardinality(subjects) > 0 then
    return;
  end if;
  with waiting as (
    select b.subject, b.in_flight, t.due_at
    from (select b.subject, count(*) as in_flight from unnest(busy) as b (subject)
      where b.subject <> all (p_passed) group by b.subject) b
    cross join lateral (
      select t.due_at from private.job_turns t
      where t.lane = p_lane and t.subject = b.subject and t.due_at <= p_now
      order by t.due_at, t.id limit 1 for no key update skip locked) t
  )
  select array_agg(w.subject), case when (select count(*) from waiting) = 1 then p_limit else 1 end
  into subjects, jobs_each
  from (select w.subject from waiting w where w.in_flight = (select min(in_flight) from waiting)
    order by w.due_at limit p_limit) w;
end;
$$;
comment on function private.take_turns(public.job_lane, integer, text[], timestamptz) is
  'Locks the turns of the next tenants that are not in p_passed: of those with the fewest jobs in flight the ones that '
  'wait longest. jobs_each: how many jobs of each may be claimed before other tenants are looked for again.';

do $$
declare
  lane public.job_lane;
  queue text;
begin
  foreach lane in array enum_range(null::public.job_lane) loop
    queue := 'q_' || private.queue_of(lane);
    execute format($q$
      create index %2$I on pgmq.%1$I ((coalesce(message ->> 'userId', msg_id::text)), vt, msg_id);
      create trigger note_new_turn after insert on pgmq.%1$I for each row execute function private.note_turn(%3$L);
      -- A claim increments read_ct and makes the job visible later. It renews the turns itself.
      create trigger note_turn after update of vt on pgmq.%1$I
        for each row when (new.read_ct <= old.read_ct or new.vt <= old.vt) execute function private.note_turn(%3$L);
      create trigger forget_jobs after delete on pgmq.%1$I referencing old table as gone
        for each statement execute function private.forget_jobs(%3$L);
      create trigger forget_lane after truncate on pgmq.%1$I execute function private.forget_lane(%3$L);
    $q$, queue, queue || '_subject', lane);
  end loop;
end;
$$;

-- Claiming and settling -----------------------------------------------------------------------------------------------

create type public.claimed_job as (job_id bigint, attempt integer, enqueued_at timestamptz, job jsonb);
comment on type public.claimed_job is 'A job on a queue. attempt counts its claims, this one included.';

create function private.has_due_jobs(p_lane public.job_lane) returns boolean
language plpgsql stable
security definer -- service_role has no rights on the turns
set search_path = ''
as $$
begin
  return exists (select from private.job_turns t where t.lane = p_lane and t.due_at <= clock_timestamp())
    or exists (select from private.jobs_in_flight f where f.lane = p_lane and f.until <= clock_timestamp())
    or (p_lane = 'control' and exists (select from private.schedules s where s.due_at <= clock_timestamp()));
end;
$$;
comment on function private.has_due_jobs(public.job_lane) is
  'Whether a call of run-jobs for this lane would find work: a job that is due, one whose process ended, or, in the '
  'control lane, a schedule. For the cron entries, so that an idle project makes no calls.';

create function public.claim_jobs(p_lane public.job_lane, p_limit integer, p_visibility_seconds integer)
returns setof public.claimed_job
language plpgsql
security definer -- reads pgmq's tables
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_incremental_sort = off
as $$
declare
  present timestamptz;
  room integer := p_limit;
  passed text[] := '{}';
  subjects text[];
  jobs_each integer;
  claimed integer;
begin
  if p_lane = 'control' then
    perform private.enqueue_due_schedules();
  end if;
  present := clock_timestamp(); -- The jobs just enqueued are visible.
  perform private.return_lost_jobs(p_lane, present);
  while room > 0 loop
    select t.subjects, t.jobs_each into subjects, jobs_each from private.take_turns(p_lane, room, passed, present) t;
    exit when subjects is null;
    return query execute format($q$
      with chosen as (
        select j.ctid, s.subject
        from (select distinct subject from unnest($1) as s (subject)) s cross join lateral (
          select q.ctid from pgmq.%1$I q
          where coalesce(q.message ->> 'userId', q.msg_id::text) = s.subject and q.vt <= $2
          order by q.vt, q.msg_id limit $3 for update skip locked) j
      ), claimed as (
        update pgmq.%1$I q set vt = $4, read_ct = q.read_ct + 1 from chosen where q.ctid = chosen.ctid
        returning q.msg_id, q.read_ct, q.enqueued_at, q.message, chosen.subject
      ), in_flight as (
        insert into private.jobs_in_flight (lane, job_id, subject, until) select $5, msg_id, subject, $4 from claimed
        on conflict (lane, job_id) do update set until = excluded.until
      )
      select msg_id, read_ct::integer, enqueued_at, message from claimed
    $q$, 'q_' || private.queue_of(p_lane))
    using subjects, present, jobs_each, present + make_interval(secs => p_visibility_seconds), p_lane;
    get diagnostics claimed = row_count;
    room := room - claimed;
    perform private.renew_turns(p_lane, subjects, present);
    -- Their jobs are locked by other transactions, or no longer there.
    if claimed = 0 then
      passed := passed || subjects;
    end if;
  end loop;
end;
$$;
comment on function public.claim_jobs(public.job_lane, integer, integer) is
  'Claims up to p_limit visible jobs of a lane for p_visibility_seconds. A tenant with fewer jobs in flight comes '
  'first, then the tenant that waits longest.';

create function public.finish_job(p_lane public.job_lane, p_job_id bigint) returns boolean
language plpgsql
security definer -- deletes from pgmq's tables
set search_path = ''
as $$
begin
  return (select pgmq.delete(private.queue_of(p_lane), p_job_id));
end;
$$;
comment on function public.finish_job(public.job_lane, bigint) is
  'Deletes a finished job from its queue. False: it was no longer on the queue.';

create type public.retry_job_outcome as enum ('retrying', 'gone');
comment on type public.retry_job_outcome is 'Whether a job gets another attempt, or is no longer on its queue.';

create function public.retry_job(p_lane public.job_lane, p_job_id bigint, p_delay_seconds integer, p_error text)
returns public.retry_job_outcome
language plpgsql
security definer -- updates pgmq's tables
set search_path = ''
as $$
begin
  perform pgmq.set_vt(private.queue_of(p_lane), p_job_id, p_delay_seconds);
  if not found then
    return 'gone';
  end if;
  insert into private.job_errors (lane, job_id, error) values (p_lane, p_job_id, left(p_error, 500))
  on conflict (lane, job_id) do update set error = excluded.error, at = now();
  return 'retrying';
end;
$$;
comment on function public.retry_job(public.job_lane, bigint, integer, text) is
  'Makes a failed job visible again after a delay and stores its error.';

create type public.defer_job_outcome as enum ('deferred', 'gone');
comment on type public.defer_job_outcome is 'Whether a job waits, or is no longer on its queue.';

create function public.defer_job(p_lane public.job_lane, p_job_id bigint, p_delay_seconds integer)
returns public.defer_job_outcome
language plpgsql
security definer -- updates pgmq's tables
set search_path = ''
as $$
declare
  deferred integer;
begin
  execute format($q$
    update pgmq.%I q set vt = clock_timestamp() + make_interval(secs => $2), read_ct = greatest(q.read_ct - 1, 0)
    where q.msg_id = $1
  $q$, 'q_' || private.queue_of(p_lane)) using p_job_id, p_delay_seconds;
  get diagnostics deferred = row_count;
  return case deferred when 1 then 'deferred' else 'gone' end;
end;
$$;
comment on function public.defer_job(public.job_lane, bigint, integer) is
  'Makes a job visible again after a delay when it cannot run yet, for example because a lease is taken. The claim '
  'does not count as an attempt.';

create type public.move_job_outcome as enum ('moved', 'gone');
comment on type public.move_job_outcome is
  'Whether a job was moved to the dead letters, or is no longer on its queue.';

create function public.move_job_to_dead_letters(p_lane public.job_lane, p_job_id bigint, p_error text)
returns public.move_job_outcome
language plpgsql
security definer -- moves rows between pgmq's tables
set search_path = ''
as $$
declare
  failed jsonb;
  deleted integer;
begin
  execute format('delete from pgmq.%I q where q.msg_id = $1 returning q.message', 'q_' || private.queue_of(p_lane))
  into failed using p_job_id;
  get diagnostics deleted = row_count;
  if deleted = 0 then
    return 'gone';
  end if;
  perform pgmq.send('jobs_dead', jsonb_build_object('lane', p_lane, 'job', failed, 'jobId', p_job_id,
    'error', left(p_error, 500), 'movedAt', now()));
  perform private.raise_alert('dead_letter', p_lane::text, null,
    jsonb_build_object('lane', p_lane, 'kind', failed ->> 'kind', 'jobId', p_job_id));
  return 'moved';
end;
$$;
comment on function public.move_job_to_dead_letters(public.job_lane, bigint, text) is
  'Moves a job after its last attempt to the dead letters of all lanes, with its last error.';

-- Due work ------------------------------------------------------------------------------------------------------------

-- Work that a date makes due, one row for each tenant and kind. A schedule claims due rows by index, at most a limit at
-- a time, so its cost grows with the due rows and not with the tenants.

create type private.due_kind as enum ('convergence', 'number_sync', 'token_rotation', 'redaction', 'spending',
  'usage_trigger', 'changed_spend_limit', 'rating');
comment on type private.due_kind is
  'convergence: compare the tenant''s wanted status with the stored one. number_sync: compare their numbers with '
  'Twilio''s. token_rotation: rotate their token. redaction: delete texts older than their retention. '
  'spending: check the thresholds of their spend limit. usage_trigger: compare their usage trigger at Twilio with the '
  'spend limit. changed_spend_limit: the same, before the tenants who are only due again. rating: rate the usage that '
  'has changed since.';

create table private.due_work (
  -- No foreign key: a deleted user's subaccount is still closed. The other kinds delete such a row when it is due.
  user_id uuid not null,
  kind private.due_kind not null,
  due_at timestamptz not null,
  done_until timestamptz,
  primary key (user_id, kind)
);
comment on table private.due_work is
  'When each tenant is looked at next, for each kind of scheduled work. A tenant without a row needs no such work.';
comment on column private.due_work.due_at is
  'For a token rotation, the date of the token: the age at which it is due is a setting of the functions.';
comment on column private.due_work.done_until is
  'For a redaction: all texts before this time are marked, so the next check begins here. Null: none was made.';
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
  private.lane_of(jsonb),
  private.queue_of(public.job_lane),
  private.enqueue(jsonb, integer),
  private.withdraw_job(public.job_lane, bigint),
  private.enqueue_due_schedules(),
  private.has_due_jobs(public.job_lane),
  private.note_turn(),
  private.forget_jobs(),
  private.forget_lane(),
  private.renew_turns(public.job_lane, text[], timestamptz),
  private.return_lost_jobs(public.job_lane, timestamptz),
  private.take_turns(public.job_lane, integer, text[], timestamptz),
  public.claim_jobs(public.job_lane, integer, integer),
  public.finish_job(public.job_lane, bigint),
  public.retry_job(public.job_lane, bigint, integer, text),
  public.defer_job(public.job_lane, bigint, integer),
  public.move_job_to_dead_letters(public.job_lane, bigint, text),
  private.set_due(uuid, private.due_kind, timestamptz),
  private.set_due_by(uuid, private.due_kind, timestamptz),
  private.claim_due(private.due_kind, integer, interval, timestamptz),
  private.spread(interval)
  from public, anon, authenticated;
grant execute on function
  private.lane_of(jsonb),
  private.queue_of(public.job_lane),
  private.enqueue(jsonb, integer),
  private.withdraw_job(public.job_lane, bigint),
  private.enqueue_due_schedules(),
  private.has_due_jobs(public.job_lane),
  private.renew_turns(public.job_lane, text[], timestamptz),
  private.return_lost_jobs(public.job_lane, timestamptz),
  private.take_turns(public.job_lane, integer, text[], timestamptz),
  public.claim_jobs(public.job_lane, integer, integer),
  public.finish_job(public.job_lane, bigint),
  public.retry_job(public.job_lane, bigint, integer, text),
  public.defer_job(public.job_lane, bigint, integer),
  public.move_job_to_dead_letters(public.job_lane, bigint, text),
  private.set_due(uuid, private.due_kind, timestamptz),
  private.set_due_by(uuid, private.due_kind, timestamptz),
  private.claim_due(private.due_kind, integer, interval, timestamptz),
  private.spread(interval)
  to service_role;
