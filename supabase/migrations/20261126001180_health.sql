-- The state of the installation, for operators and for metrics.

-- Health --------------------------------------------------------------------------------------------------------------

-- Counts stop at a thousand, so that looking at a flood costs no more than looking at nothing.

create function private.bounded(p_count bigint) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return jsonb_build_object('count', least(p_count, 1000), 'isMore', p_count > 1000);
end;
$$;
comment on function private.bounded(bigint) is 'A count of at most 1001 rows: a thousand, and whether there are more.';

create function private.lane_health(p_lane public.job_lane) returns jsonb
language plpgsql stable
security definer -- reads pgmq's tables and the turns
set search_path = ''
as $$
declare
  waiting bigint;
  due bigint;
  oldest constant timestamptz := (select t.due_at from private.job_turns t
    where t.lane = p_lane and t.due_at <= now() order by t.due_at limit 1);
begin
  execute format('select count(*) from (select from pgmq.%1$I limit 1001) q', 'q_' || private.queue_of(p_lane))
  into waiting;
  execute format('select count(*) from (select from pgmq.%1$I where vt <= now() limit 1001) q',
    'q_' || private.queue_of(p_lane)) into due;
  return jsonb_build_object('lane', p_lane, 'jobs', private.bounded(waiting), 'due', private.bounded(due),
    'inFlight', private.bounded((select count(*) from (
      select from private.jobs_in_flight f where f.lane = p_lane limit 1001) f)),
    'oldestDueAt', private.iso(oldest), 'waitsSeconds', coalesce(floor(extract(epoch from now() - oldest)), 0));
end;
$$;
comment on function private.lane_health(public.job_lane) is
  'The queue of a lane: its jobs, those that are due, those in flight, and since when the first waits.';

create function private.count_dead_letters() returns bigint
language plpgsql stable
security definer -- reads pgmq's tables
set search_path = ''
as $$
begin
  return (select count(*) from (select from pgmq.q_jobs_dead limit 1001) q);
end;
$$;
comment on function private.count_dead_letters() is 'How many dead letters there are, up to 1001.';

create function private.alert_health() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(jsonb_build_object('kind', k.kind, 'open', private.bounded(o.open),
      'unacknowledged', private.bounded(o.unacknowledged)) order by k.kind)
    from unnest(enum_range(null::public.alert_kind)) k (kind)
    cross join lateral (
      select count(*) as open, count(*) filter (where a.acknowledged_at is null) as unacknowledged
      from (select e.acknowledged_at from public.operator_alerts e
        where e.kind = k.kind and e.settled_at is null limit 1001) a) o);
end;
$$;
comment on function private.alert_health() is 'How many alerts of each kind are open, and not acknowledged.';

create function private.sweep_health() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('startedAt', private.iso(s.started_at), 'finishedAt', private.iso(s.finished_at),
      'ageSeconds', floor(extract(epoch from now() - s.finished_at)), 'level', s.level, 'accounts', s.accounts,
      'openAccounts', s.open_accounts, 'mismatches', s.mismatches, 'missing', s.missing, 'strangers', s.strangers,
      'tenants', jsonb_build_object('pending', s.pending_tenants, 'active', s.active_tenants,
        'suspended', s.suspended_tenants, 'closed', s.closed_tenants))
    from private.sweeps s where s.finished_at is not null order by s.id desc limit 1);
end;
$$;
comment on function private.sweep_health() is
  'The last finished sweep, with the tenants that it counted by status; null before the first.';

create function private.webhook_health() returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  waiting record;
  forwarded record;
begin
  select count(*) as events, min(e.received_at) as oldest into waiting from (
    select w.received_at from public.webhook_events w where w.processed_at is null order by w.received_at limit 1001) e;
  select count(*) as deliveries, count(*) filter (where d.status = 'failed') as failed into forwarded from (
    select o.status from public.forward_deliveries o where o.created_at > now() - interval '1 day'
    order by o.created_at desc limit 1000) d;
  return jsonb_build_object('stripe', jsonb_build_object('unprocessed', private.bounded(waiting.events),
      'oldestReceivedAt', private.iso(waiting.oldest)),
    'forwarding', jsonb_build_object('deliveries', forwarded.deliveries, 'failed', forwarded.failed));
end;
$$;
comment on function private.webhook_health() is
  'The events of Stripe that are not processed yet, and of the newest thousand deliveries of the last day to tenants'' '
  'webhooks those that failed in every attempt.';

create function private.schedule_health() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('lastAt', private.iso(max(s.due_at - s.every)),
      'lateSeconds', greatest(floor(extract(epoch from now() - min(s.due_at))), 0))
    from private.schedules s);
end;
$$;
comment on function private.schedule_health() is
  'When the scheduler last enqueued a recurring job, and by how much the most overdue one is late.';

create function private.due_work_health() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(jsonb_build_object('kind', k.kind,
      'lateSeconds', greatest(coalesce(floor(extract(epoch from now() - first.due_at)), 0), 0)) order by k.kind)
    from unnest(enum_range(null::private.due_kind)) k (kind)
    left join lateral (
      select d.due_at from private.due_work d where d.kind = k.kind order by d.due_at limit 1) first on true
    -- The date of a token rotation is the token's.
    where k.kind <> 'token_rotation');
end;
$$;
comment on function private.due_work_health() is 'By how much the most overdue tenant of each kind of work is late.';

create function private.id_at(p_at timestamptz) returns uuid
language plpgsql immutable
set search_path = ''
as $$
begin
  return encode(overlay('\x00000000000000000000000000000000'::bytea
    placing substring(int8send((extract(epoch from p_at) * 1000)::bigint) from 3) from 1 for 6), 'hex')::uuid;
end;
$$;
comment on function private.id_at(timestamptz) is 'The least id that private.new_id may make at a time or later.';

create function private.message_health() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('direction', m.direction, 'status', m.status, 'count', m.messages)
      order by m.direction, m.status), '[]')
    from (
      select n.direction, n.status, count(*) as messages from (
        -- By their id, which grows with time: no index of the ledger is by time alone.
        select o.direction, o.status from public.sms_messages o
        where o.id >= private.id_at(now() - interval '1 hour') order by o.id desc limit 10000) n
      group by n.direction, n.status
    ) m);
end;
$$;
comment on function private.message_health() is
  'The messages of the last hour by direction and status: the newest ten thousand of them.';

create function private.usage_health() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('due', private.bounded(u.due), 'oldestDueAt', private.iso(u.oldest_due_at),
      'lateSeconds', coalesce(floor(extract(epoch from now() - u.oldest_due_at)), 0),
      'oldestUnreadDay', u.oldest_unread_day, 'retrying', private.bounded(u.retrying),
      'deadLetters', private.bounded(u.dead_letters))
    from public.usage_sync_state() u);
end;
$$;
comment on function private.usage_health() is 'The sync of usage, as usage_sync_state has it.';

create function private.reconciliation_health() returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  waiting record;
begin
  select count(*) as days, min(d.due_at) as oldest into waiting from (
    select w.due_at from private.days_to_reconcile w where w.due_at <= now() order by w.due_at limit 1001) d;
  return jsonb_build_object('due', private.bounded(waiting.days),
    'lateSeconds', coalesce(floor(extract(epoch from now() - waiting.oldest)), 0),
    'openDays', private.bounded((select count(*) from (
      select from private.usage_days d where d.closed_at is null limit 1001) o)),
    'unexplained', private.bounded((select count(*) from (
      select from private.reconciliations r
      where private.is_unexplained(r) and private.must_be_explained(r) limit 1001) u)));
end;
$$;
comment on function private.reconciliation_health() is
  'The days of accounts that wait for their comparison, those whose usage may still change, and the closed ones whose '
  'difference must be explained.';

create function public.describe_health(p_max_subaccounts integer) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  open constant bigint := (select o.total from private.open_subaccounts o);
begin
  return jsonb_build_object('at', private.iso(now()),
    'lanes', (select jsonb_agg(private.lane_health(lane) order by lane)
      from unnest(enum_range(null::public.job_lane)) lane),
    'deadLetters', private.bounded(private.count_dead_letters()), 'alerts', private.alert_health(),
    'sweep', private.sweep_health(),
    'capacity', jsonb_build_object('open', open, 'max', p_max_subaccounts,
      'level', private.level_of_sweep(open::integer, p_max_subaccounts)),
    'webhooks', private.webhook_health(), 'scheduler', private.schedule_health(),
    'dueWork', private.due_work_health(), 'messages', private.message_health(), 'usage', private.usage_health(),
    'reconciliation', private.reconciliation_health(), 'unpaid', public.unpaid_account_total());
end;
$$;
comment on function public.describe_health(integer) is
  'The state of this installation for operators and metrics, as the API returns it. No part grows with the tenants.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.bounded(bigint),
  private.lane_health(public.job_lane),
  private.count_dead_letters(),
  private.alert_health(),
  private.sweep_health(),
  private.webhook_health(),
  private.schedule_health(),
  private.due_work_health(),
  private.id_at(timestamptz),
  private.message_health(),
  private.usage_health(),
  private.reconciliation_health(),
  public.describe_health(integer)
  from public, anon, authenticated;
grant execute on function
  private.bounded(bigint),
  private.lane_health(public.job_lane),
  private.count_dead_letters(),
  private.alert_health(),
  private.sweep_health(),
  private.webhook_health(),
  private.schedule_health(),
  private.due_work_health(),
  private.id_at(timestamptz),
  private.message_health(),
  private.usage_health(),
  private.reconciliation_health(),
  public.describe_health(integer)
  to service_role;
