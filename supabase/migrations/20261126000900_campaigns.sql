-- Sending to many: a campaign, its recipients, and the counts of what has become of them.

create table public.campaigns (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  name text,
  from_number text not null,
  body text,
  media_urls text[] not null default '{}',
  status text not null,
  status_reason text,
  scheduled_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  total integer not null,
  waiting integer not null,
  in_flight integer not null default 0,
  sent integer not null default 0,
  delivered integer not null default 0,
  failed integer not null default 0,
  unknown integer not null default 0,
  skipped integer not null default 0,
  idempotency_key text not null,
  request_hash text not null,
  -- Grows with each start and resumption: a job of an earlier run finds that it is over.
  run integer not null default 1,
  -- How many waves in a row Twilio gave no answer to.
  setbacks integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint campaigns_status_known check (status in ('scheduled', 'running', 'paused', 'canceled', 'completed')),
  constraint campaigns_counts_add_up
    check (waiting + in_flight + sent + delivered + failed + unknown + skipped = total),
  constraint campaigns_counts_not_negative
    check (least(waiting, in_flight, sent, delivered, failed, unknown, skipped) >= 0)
);
comment on table public.campaigns is
  'A message to many recipients, and live counts of them: waiting (not yet handed to Twilio), in flight, sent, '
  'delivered, failed, unknown (the answer was lost), skipped (decided against before Twilio was called).';
create unique index campaigns_one_per_key on public.campaigns (user_id, idempotency_key);
create index campaigns_newest_first on public.campaigns (user_id, created_at desc, id desc);
create trigger touch_updated_at before update on public.campaigns
  for each row execute function private.touch_updated_at();

alter table public.campaigns enable row level security;
revoke all on public.campaigns from public, anon, authenticated, service_role;
grant select (id, user_id, name, from_number, body, media_urls, status, status_reason, scheduled_at, started_at,
  finished_at, total, waiting,
  in_flight, sent, delivered, failed, unknown, skipped, created_at, updated_at) on public.campaigns to authenticated;
grant select, insert, update, delete on public.campaigns to service_role;
create policy "A tenant reads their own campaigns" on public.campaigns
  for select to authenticated using ((select auth.uid()) = user_id);

alter table public.sms_messages
  add constraint sms_messages_campaign_id_fkey foreign key (campaign_id) references public.campaigns (id)
    on delete set null;

create table private.campaign_recipients (
  campaign_id uuid not null references public.campaigns (id) on delete cascade,
  position integer not null,
  to_number text not null,
  country text not null,
  body text,
  -- Set with the reservation, in its transaction. Null, and no reason to skip: still waiting.
  message_id uuid references public.sms_messages (id) on delete set null,
  skip_reason text,
  primary key (campaign_id, position)
);
comment on table private.campaign_recipients is 'Whom a campaign goes to, in order, each with the text made for them.';
create unique index campaign_recipients_once on private.campaign_recipients (campaign_id, to_number);
create unique index campaign_recipients_by_message on private.campaign_recipients (message_id)
  where message_id is not null;
create index campaign_recipients_waiting on private.campaign_recipients (campaign_id, position)
  where message_id is null and skip_reason is null;
alter table private.campaign_recipients enable row level security;
revoke all on private.campaign_recipients from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.campaign_recipients to service_role;

-- Counting ------------------------------------------------------------------------------------------------------------

create function private.campaign_count_of(p_status text) returns text
language sql immutable
set search_path = ''
as $$
  select case
    when p_status in ('reserved', 'accepted', 'scheduled', 'queued', 'sending') then 'in_flight'
    when p_status = 'sent' then 'sent'
    when p_status in ('delivered', 'read') then 'delivered'
    when p_status = 'unknown' then 'unknown'
    else 'failed'
  end;
$$;
comment on function private.campaign_count_of(text) is
  'Under which of a campaign''s counts a message of this status is.';

create function private.move_campaign_count(p_campaign_id uuid, p_from text, p_to text, p_by integer) returns void
language sql
set search_path = ''
as $$
  update public.campaigns c set
    waiting = c.waiting + case 'waiting' when p_to then p_by when p_from then -p_by else 0 end,
    in_flight = c.in_flight + case 'in_flight' when p_to then p_by when p_from then -p_by else 0 end,
    sent = c.sent + case 'sent' when p_to then p_by when p_from then -p_by else 0 end,
    delivered = c.delivered + case 'delivered' when p_to then p_by when p_from then -p_by else 0 end,
    failed = c.failed + case 'failed' when p_to then p_by when p_from then -p_by else 0 end,
    unknown = c.unknown + case 'unknown' when p_to then p_by when p_from then -p_by else 0 end,
    skipped = c.skipped + case 'skipped' when p_to then p_by when p_from then -p_by else 0 end
  where c.id = p_campaign_id and p_from <> p_to and p_by > 0;
$$;
comment on function private.move_campaign_count(uuid, text, text, integer) is
  'Moves so many recipients of a campaign from one of its counts to another.';

create function private.count_campaign_messages() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  -- By statement, and after the totals (triggers fire in the order of their names): see count_sending.
  if not exists (select from old_rows o where o.campaign_id is not null) then
    return null;
  end if;
  if tg_op = 'UPDATE' then
    with moved as materialized (
      select m.campaign_id, m.counted, sum(m.by)::integer as by
      from (
        select n.campaign_id, private.campaign_count_of(n.status) as counted, 1 as by from new_rows n
          where n.campaign_id is not null
        union all
        select o.campaign_id, private.campaign_count_of(o.status), -1 from old_rows o where o.campaign_id is not null
      ) m
      group by 1, 2 having sum(m.by) <> 0
    ), changes as materialized (
      select m.campaign_id,
        coalesce(sum(m.by) filter (where m.counted = 'in_flight'), 0) as in_flight,
        coalesce(sum(m.by) filter (where m.counted = 'sent'), 0) as sent,
        coalesce(sum(m.by) filter (where m.counted = 'delivered'), 0) as delivered,
        coalesce(sum(m.by) filter (where m.counted = 'failed'), 0) as failed,
        coalesce(sum(m.by) filter (where m.counted = 'unknown'), 0) as unknown
      from moved m group by m.campaign_id
    ), locked as materialized (
      select c.id from public.campaigns c where c.id in (select h.campaign_id from changes h) order by c.id
        for no key update
    )
    update public.campaigns c set in_flight = c.in_flight + h.in_flight, sent = c.sent + h.sent,
      delivered = c.delivered + h.delivered,
      failed = c.failed + h.failed, unknown = c.unknown + h.unknown
    from changes h join locked l on l.id = h.campaign_id where c.id = h.campaign_id;
    return null;
  end if;

  -- Messages that were taken back leave their recipients waiting: a campaign that seemed complete is not, and one that
  -- was canceled meanwhile sends to them no more.
  perform from public.campaigns c where c.id in (select o.campaign_id from old_rows o) order by c.id for no key update;
  update public.campaigns c set
    in_flight = c.in_flight - h.in_flight, sent = c.sent - h.sent, delivered = c.delivered - h.delivered,
    failed = c.failed - h.failed,
    unknown = c.unknown - h.unknown,
    waiting = c.waiting + case c.status when 'canceled' then 0 else h.messages end,
    skipped = c.skipped + case c.status when 'canceled' then h.messages else 0 end,
    status = case c.status when 'completed' then 'running' else c.status end,
    finished_at = case c.status when 'completed' then null else c.finished_at end
  from (
    select o.campaign_id, count(*) as messages,
      count(*) filter (where private.campaign_count_of(o.status) = 'in_flight') as in_flight,
      count(*) filter (where private.campaign_count_of(o.status) = 'sent') as sent,
      count(*) filter (where private.campaign_count_of(o.status) = 'delivered') as delivered,
      count(*) filter (where private.campaign_count_of(o.status) = 'failed') as failed,
      count(*) filter (where private.campaign_count_of(o.status) = 'unknown') as unknown
    from old_rows o where o.campaign_id is not null group by o.campaign_id
  ) h where c.id = h.campaign_id;
  update private.campaign_recipients r set skip_reason = 'canceled'
  from public.campaigns c
  where c.id in (select o.campaign_id from old_rows o) and c.status = 'canceled'
    and r.campaign_id = c.id and r.message_id is null and r.skip_reason is null;
  return null;
end;
$$;
comment on function private.count_campaign_messages() is
  'Trigger: keeps the counts of campaigns true to their messages.';
create trigger count_in_campaign after update on public.sms_messages
  referencing old table as old_rows new table as new_rows
    for each statement execute function private.count_campaign_messages();
create trigger count_out_of_campaign after delete on public.sms_messages
  referencing old table as old_rows for each statement execute function private.count_campaign_messages();

-- The tenant's side ---------------------------------------------------------------------------------------------------

create function public.create_campaign(
  p_user_id uuid, p_idempotency_key text, p_request_hash text, p_name text, p_from text, p_body text,
  p_media_urls text[],
  p_scheduled_at timestamptz, p_recipients jsonb, p_request_id text, p_address text, p_user_rate integer,
  p_address_rate integer
)
returns table (outcome text, campaign_id uuid, retry_after_seconds integer)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  rate record;
  earlier public.campaigns;
  sender record;
  made uuid;
begin
  if p_user_rate is not null then
    select * into rate from public.count_request('bulk', p_user_id, p_address, p_user_rate, p_address_rate, 60);
    if rate.outcome <> 'allowed' then
      return query select 'rate_limited', null::uuid, rate.retry_after_seconds;
      return;
    end if;
  end if;
  perform private.lock_sending(p_user_id);

  select * into earlier from public.campaigns c where c.user_id = p_user_id and c.idempotency_key = p_idempotency_key;
  if earlier.id is not null then
    return query select case when earlier.request_hash = p_request_hash then 'duplicate' else 'key_conflict' end,
      earlier.id, null::integer;
    return;
  end if;

  -- Never through the master account: one tenant's campaign on a shared number blocks everybody's.
  select * into sender from private.may_send_from(p_user_id, p_from, false);
  if sender.outcome <> 'allowed' then
    return query select sender.outcome, null::uuid, null::integer;
    return;
  end if;

  insert into public.campaigns (user_id, name, from_number, body, media_urls, status, scheduled_at, total, waiting,
    idempotency_key, request_hash)
  values (p_user_id, p_name, sender.from_number, p_body, p_media_urls,
    case when p_scheduled_at > now() then 'scheduled' else 'running' end,
    p_scheduled_at, jsonb_array_length(p_recipients), jsonb_array_length(p_recipients), p_idempotency_key,
    p_request_hash)
  returning id into made;
  insert into private.campaign_recipients (campaign_id, position, to_number, country, body)
  select made, r.position, r."to", r.country, r.body
  from jsonb_to_recordset(p_recipients) as r (position integer, "to" text, country text, body text);
  perform private.enqueue_campaign(made, p_user_id, 1, p_scheduled_at);
  perform private.audit('user:' || p_user_id, 'campaign.created', p_user_id, sender.account_sid, p_request_id,
    jsonb_build_object('campaignId', made, 'recipients', jsonb_array_length(p_recipients)));
  return query select 'created', made, null::integer;
end;
$$;
comment on function public.create_campaign(uuid, text, text, text, text, text, text[], timestamptz, jsonb, text, text,
  integer, integer) is
  'Stores a campaign with its recipients ([{position, to, country, body}]) and enqueues it: created, duplicate, '
  'key_conflict, rate_limited, or the sender''s outcome.';

create function private.enqueue_campaign(p_campaign_id uuid, p_user_id uuid, p_run integer, p_at timestamptz)
  returns void
language sql
set search_path = ''
as $$
  select private.enqueue(jsonb_build_object('kind', 'run-campaign', 'campaignId', p_campaign_id, 'userId', p_user_id,
    'run', p_run),
    greatest(0, ceil(extract(epoch from coalesce(p_at, now()) - now())))::integer);
$$;

create function public.change_campaign(p_user_id uuid, p_campaign_id uuid, p_change text, p_request_id text)
returns table (outcome text, status text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  campaign public.campaigns;
  next_status text;
  dropped integer;
begin
  select * into campaign from public.campaigns c where c.id = p_campaign_id and c.user_id = p_user_id for no key update;
  if campaign.id is null then
    return query select 'not_found', null::text;
    return;
  end if;
  next_status := case
    when p_change = 'pause' and campaign.status in ('scheduled', 'running') then 'paused'
    when p_change = 'resume' and campaign.status = 'paused'
      then case when campaign.scheduled_at > now() then 'scheduled' else 'running' end
    when p_change = 'cancel' and campaign.status in ('scheduled', 'running', 'paused') then 'canceled'
  end;
  if next_status is null then
    -- What is so already is no conflict; what is over stays over.
    return query select case
        when (p_change, campaign.status) in (('pause', 'paused'), ('cancel', 'canceled'), ('resume', 'running'),
          ('resume', 'scheduled')) then 'already'
        else 'over' end, campaign.status;
    return;
  end if;

  update public.campaigns c set status = next_status, status_reason = null, setbacks = 0,
    run = c.run + case p_change when 'resume' then 1 else 0 end,
    finished_at = case when next_status = 'canceled' then now() end
  where c.id = p_campaign_id
  returning * into campaign;
  if p_change = 'resume' then
    perform private.enqueue_campaign(p_campaign_id, p_user_id, campaign.run, campaign.scheduled_at);
  elsif p_change = 'cancel' then
    update private.campaign_recipients r set skip_reason = 'canceled'
    where r.campaign_id = p_campaign_id and r.message_id is null and r.skip_reason is null;
    get diagnostics dropped = row_count;
    perform private.move_campaign_count(p_campaign_id, 'waiting', 'skipped', dropped);
  end if;
  perform private.audit('user:' || p_user_id, 'campaign.' || case p_change when 'pause' then 'paused' when 'resume'
    then 'resumed' else 'canceled' end,
    p_user_id, null, p_request_id, jsonb_build_object('campaignId', p_campaign_id));
  return query select 'changed', next_status;
end;
$$;
comment on function public.change_campaign(uuid, uuid, text, text) is
  'pause, resume or cancel, by the tenant: changed, already (it is so), over (completed or canceled), or not_found. '
  'What Twilio has, it keeps.';

create function public.list_campaigns(p_user_id uuid, p_campaign_id uuid, p_status text, p_before_at timestamptz,
  p_before_id uuid, p_limit integer)
returns setof public.campaigns
language sql stable
set search_path = ''
as $$
  select c.* from public.campaigns c
  where c.user_id = p_user_id
    and (p_campaign_id is null or c.id = p_campaign_id)
    and (p_status is null or c.status = p_status)
    and (p_before_at is null or (c.created_at, c.id) < (p_before_at, p_before_id))
  order by c.created_at desc, c.id desc
  limit p_limit;
$$;
comment on function public.list_campaigns(uuid, uuid, text, timestamptz, uuid, integer) is
  'A tenant''s campaigns, newest first; before_* are those of the last row seen.';

create function public.list_campaign_recipients(p_user_id uuid, p_campaign_id uuid, p_count text, p_after integer,
  p_limit integer)
returns table ("position" integer, to_number text, counted text, skip_reason text, message_id uuid, status text,
  error_code integer, error_message text)
language sql stable
set search_path = ''
as $$
  select * from (
    select r.position, r.to_number,
      case when m.id is not null then private.campaign_count_of(m.status) when r.skip_reason is not null then 'skipped'
        else 'waiting' end as counted,
      r.skip_reason, m.id, m.status, m.error_code, m.error_message
    from public.campaigns c
    join private.campaign_recipients r on r.campaign_id = c.id
    left join public.sms_messages m on m.id = r.message_id
    where c.id = p_campaign_id and c.user_id = p_user_id and (p_after is null or r.position > p_after)
  ) recipient
  where p_count is null or recipient.counted = p_count
  order by recipient.position
  limit p_limit;
$$;
comment on function public.list_campaign_recipients(uuid, uuid, text, integer, integer) is
  'What has become of each recipient of a tenant''s campaign, in order; p_count picks those under one of its counts.';

-- Waves ---------------------------------------------------------------------------------------------------------------

-- Sending a campaign in waves: as many as its number, its account and its plan allow at the moment, reserved in one
-- decision.

-- Unlogged: after a crash the pace begins anew, a second early at worst.
create unlogged table private.sending_pace (
  subject text primary key,
  -- When the next message is due.
  due_at timestamptz not null
);
comment on table private.sending_pace is 'The pace of campaigns, by number and by tenant.';
alter table private.sending_pace enable row level security;
revoke all on private.sending_pace from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.sending_pace to service_role;

create function private.pace_room(p_subject text, p_per_second numeric) returns table (room integer, wait_ms integer)
language sql
set search_path = ''
as $$
  -- A fifth of a second's worth goes together, so that a fast number is not served one by one.
  select case when d.ahead > 0 then 0 else greatest(1, floor(p_per_second / 5)) end::integer,
    ceil(d.ahead * 1000)::integer
  from (
    select greatest(0, extract(epoch from coalesce(
      (select p.due_at from private.sending_pace p where p.subject = p_subject), clock_timestamp())
        - clock_timestamp())) as ahead
  ) d;
$$;
comment on function private.pace_room(text, numeric) is
  'How many may go now at so many a second, and how long until more may.';

create function private.keep_pace(p_subject text, p_per_second numeric, p_sent integer) returns void
language sql
set search_path = ''
as $$
  insert into private.sending_pace as p (subject, due_at)
  values (p_subject, clock_timestamp() + make_interval(secs => p_sent / p_per_second))
  on conflict (subject) do update
    set due_at = greatest(p.due_at, clock_timestamp()) + make_interval(secs => p_sent / p_per_second);
$$;
comment on function private.keep_pace(text, numeric, integer) is 'Notes that so many have gone.';

create function private.estimated_segments(p_body text) returns integer
language sql immutable
set search_path = ''
as $$
  -- For the budget only, before Twilio counts: anything beyond ASCII is taken for UCS-2.
  select greatest(1, case
    when p_body ~ '^[\x01-\x7f]*$' then case when length(p_body) <= 160 then 1 else ceil(length(p_body) / 153.0) end
    else case when length(p_body) <= 70 then 1 else ceil(length(p_body) / 67.0) end
  end)::integer;
$$;
comment on function private.estimated_segments(text) is 'About how many segments a text takes.';

create function public.reserve_campaign_wave(p_campaign_id uuid, p_user_id uuid, p_run integer, p_limit integer)
returns table (outcome text, wait_ms integer, account_sid text, sealed_token text, from_number text, media_urls text[],
  messages jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  campaign public.campaigns;
  sender record;
  plan public.plans;
  room record;
  number_pace numeric;
  number_room record;
  account_room record;
  allowed integer;
  passed_over integer;
  looked_until integer;
  could_go integer;
  reserved jsonb;
begin
  -- The order of locks is that of every send and every report: the tenant, their totals, then the campaign.
  perform private.lock_sending(p_user_id);
  if exists (select from public.campaigns c where c.id = p_campaign_id and c.user_id = p_user_id and c.run = p_run) then
    perform private.lock_totals(p_user_id);
  end if;
  select * into campaign from public.campaigns c where c.id = p_campaign_id and c.user_id = p_user_id for no key update;
  if campaign.id is null or campaign.run is distinct from p_run or campaign.status not in ('scheduled', 'running') then
    return query select 'over', null::integer, null::text, null::text, null::text, null::text[], null::jsonb;
    return;
  elsif campaign.scheduled_at > now() then
    return query select 'waiting', ceil(extract(epoch from campaign.scheduled_at - now()) * 1000)::integer, null::text,
      null::text, null::text, null::text[], null::jsonb;
    return;
  elsif campaign.waiting = 0 then
    update public.campaigns c set status = 'completed', status_reason = null, finished_at = now()
      where c.id = p_campaign_id;
    return query select 'completed', null::integer, null::text, null::text, null::text, null::text[], null::jsonb;
    return;
  end if;

  select * into sender from private.may_send_from(p_user_id, campaign.from_number, false);
  if sender.outcome <> 'allowed' then
    update public.campaigns c set status = 'paused', status_reason = sender.outcome where c.id = p_campaign_id;
    perform private.audit('campaigns', 'campaign.paused', p_user_id, null, null,
      jsonb_build_object('campaignId', p_campaign_id, 'reason', sender.outcome));
    return query select 'paused', null::integer, null::text, null::text, null::text, null::text[], null::jsonb;
    return;
  end if;

  plan := private.plan_of(p_user_id);
  select * into room from private.sending_room(p_user_id, plan);
  if least(room.daily, room.monthly) <= 0 or room.spend <= 0 then
    -- Room comes back by itself, with the hours or with a larger plan: the campaign goes on then.
    update public.campaigns c set status = 'running', started_at = coalesce(c.started_at, now()),
      status_reason = case when room.daily <= 0 then 'daily_limit_reached' when room.monthly <= 0
        then 'monthly_limit_reached' else 'spend_limit_reached' end
    where c.id = p_campaign_id;
    return query select 'limit_reached', 600000, null::text, null::text, null::text, null::text[], null::jsonb;
    return;
  end if;

  select n.messages_per_second into number_pace from public.user_twilio_numbers n
  where n.user_id = p_user_id and n.phone_number = campaign.from_number and n.status = 'active';
  select * into number_room from private.pace_room('number:' || campaign.from_number, number_pace);
  select * into account_room from private.pace_room('user:' || p_user_id, plan.messages_per_second);
  -- After waves without an answer one message at a time finds out whether Twilio is back.
  allowed := least(case when campaign.setbacks > 0 then 1 else p_limit end, room.daily, room.monthly, number_room.room,
    account_room.room);
  if allowed <= 0 then
    return query select 'paced', greatest(number_room.wait_ms, account_room.wait_ms, 20), null::text, null::text,
      null::text, null::text[], null::jsonb;
    return;
  end if;

  -- Whom nothing may be sent to is passed over here, at most a few hundred at a time.
  with next as (
    select r.position, r.to_number, r.country from private.campaign_recipients r
    where r.campaign_id = p_campaign_id and r.message_id is null and r.skip_reason is null
    order by r.position limit allowed + 200
  ), countries as materialized (
    select distinct n.country from next n
  ), nowhere as materialized (
    select c.country from countries c where private.refused_destination(p_user_id, c.country, plan)
  ), refused as (
    update private.campaign_recipients r
    set skip_reason = case when o.recipient is not null then 'opted_out' else 'destination_refused' end
    from next n left join public.sms_opt_outs o on o.sender = campaign.from_number and o.recipient = n.to_number
    where r.campaign_id = p_campaign_id and r.position = n.position
      and (o.recipient is not null or n.country in (select w.country from nowhere w))
    returning 1
  )
  select count(*), (select max(n.position) from next n) into passed_over, looked_until from refused;
  perform private.move_campaign_count(p_campaign_id, 'waiting', 'skipped', passed_over);

  with next as materialized (
    select r.position, r.to_number, r.body, private.estimated_segments(r.body) as segments
    from private.campaign_recipients r
    where r.campaign_id = p_campaign_id and r.message_id is null and r.skip_reason is null
      and r.position <= looked_until -- whom nobody has looked at may have opted out
    order by r.position limit allowed
  ), chosen as materialized (
    select c.position, c.to_number, c.body, c.segments, gen_random_uuid() as message_id
    from (select n.*, sum(n.segments) over (order by n.position) as segments_so_far from next n) c
    where c.segments_so_far * plan.segment_price <= room.spend
  ), made as (
    insert into public.sms_messages (id, user_id, direction, from_number, to_number, body, media_urls, status,
      account_sid, source,
      num_segments, estimated_price, campaign_id, idempotency_key, request_hash)
    select c.message_id, p_user_id, 'outbound', campaign.from_number, c.to_number, c.body, campaign.media_urls,
      'reserved', sender.account_sid,
      'subaccount', c.segments, c.segments * plan.segment_price, p_campaign_id,
      'campaign ' || p_campaign_id || ' ' || c.position, ''
    from chosen c
  )
  select jsonb_agg(jsonb_build_object('id', c.message_id, 'position', c.position, 'to', c.to_number, 'body', c.body)
    order by c.position),
    (select count(*) from next)
  into reserved, could_go from chosen c;
  if reserved is null and could_go > 0 then
    update public.campaigns c set status = 'running', started_at = coalesce(c.started_at, now()),
      status_reason = 'spend_limit_reached'
    where c.id = p_campaign_id;
    return query select 'limit_reached', 600000, null::text, null::text, null::text, null::text[], null::jsonb;
    return;
  end if;
  if reserved is not null then
    -- A statement of its own: the messages its key refers to are there now.
    update private.campaign_recipients r set message_id = m.id
    from jsonb_to_recordset(reserved) as m (id uuid, position integer)
    where r.campaign_id = p_campaign_id and r.position = m.position;
    perform private.move_campaign_count(p_campaign_id, 'waiting', 'in_flight', jsonb_array_length(reserved));
    perform private.keep_pace('number:' || campaign.from_number, number_pace, jsonb_array_length(reserved));
    perform private.keep_pace('user:' || p_user_id, plan.messages_per_second, jsonb_array_length(reserved));
  end if;
  update public.campaigns c set status = 'running', status_reason = null, started_at = coalesce(c.started_at, now())
  where c.id = p_campaign_id and (c.status <> 'running' or c.status_reason is not null or c.started_at is null);
  return query select 'reserved', 0, sender.account_sid, sender.sealed_token, campaign.from_number, campaign.media_urls,
    coalesce(reserved, '[]');
end;
$$;
comment on function public.reserve_campaign_wave(uuid, uuid, integer, integer) is
  'Reserves the next messages of a campaign ([{id, position, to, body}], possibly none): reserved; or paced, '
  'limit_reached, waiting (each with wait_ms), paused (the sender may not send: status_reason), completed, or over.';

create function public.record_campaign_wave(p_campaign_id uuid, p_user_id uuid, p_results jsonb) returns integer
language plpgsql
set search_path = ''
as $$
declare
  answered integer;
  lost integer;
begin
  -- Messages, in one order, then totals, then the campaign: as every callback does.
  perform from public.sms_messages m
  where m.id in (select r.id from jsonb_to_recordset(p_results) as r (id uuid)) and m.campaign_id = p_campaign_id
    and m.user_id = p_user_id
  order by m.id for update;
  perform from private.sending_totals t
  where t.user_id = p_user_id and t.hour in (select private.hour_of(m.created_at) from public.sms_messages m
    where m.id in (select r.id from jsonb_to_recordset(p_results) as r (id uuid)) and m.campaign_id = p_campaign_id
      and m.user_id = p_user_id)
  order by t.hour for no key update;

  -- Not processed, for certain: back among those who wait. One whose callback was faster than this is not.
  delete from public.sms_messages m using jsonb_to_recordset(p_results) as r (id uuid, status text)
  where m.id = r.id and m.campaign_id = p_campaign_id and m.user_id = p_user_id
    and r.status = 'released' and m.status = 'reserved' and m.twilio_message_sid is null;

  with results as (
    select r.*, private.message_may_move(m.status, r.status) as moves
    from jsonb_to_recordset(p_results) as r (id uuid, status text, sid text, "errorCode" integer, "errorMessage" text,
      "numSegments" integer)
    join public.sms_messages m on m.id = r.id
    where m.campaign_id = p_campaign_id and m.user_id = p_user_id and r.status <> 'released'
      and (m.twilio_message_sid is null or r.sid is null or m.twilio_message_sid = r.sid)
  ), recorded as (
    update public.sms_messages m set
      twilio_message_sid = coalesce(m.twilio_message_sid, r.sid),
      num_segments = coalesce(r."numSegments", m.num_segments),
      status = case when r.moves then r.status else m.status end,
      error_code = case when r.moves then r."errorCode" else m.error_code end,
      error_message = case when r.moves then r."errorMessage" else m.error_message end,
      status_updated_at = case when r.moves then now() else m.status_updated_at end
    from results r where m.id = r.id
    returning m.from_number, m.to_number, r.moves and r."errorCode" = 21610 as opts_out
  )
  select count(private.note_opt_out(o.from_number, o.to_number, p_user_id, '21610')) into lost from recorded o
    where o.opts_out;

  select count(*) filter (where r.status not in ('unknown', 'released')), count(*) filter (where r.status = 'unknown')
  into answered, lost from jsonb_to_recordset(p_results) as r (status text);
  update public.campaigns c set setbacks = case when lost > 0 and answered = 0 then c.setbacks + 1 else 0 end
  where c.id = p_campaign_id and c.user_id = p_user_id and (c.setbacks > 0 or lost > 0)
  returning c.setbacks into lost;
  return coalesce(lost, 0);
end;
$$;
comment on function public.record_campaign_wave(uuid, uuid, jsonb) is
  'What came of a wave ([{id, status, sid, errorCode, errorMessage, numSegments}]; released = not processed, it '
  'waits again). Returns how many waves in a row had no answer at all.';

create function public.pause_campaign(p_campaign_id uuid, p_user_id uuid, p_reason text) returns text
language plpgsql
set search_path = ''
as $$
begin
  update public.campaigns c set status = 'paused', status_reason = left(p_reason, 100)
  where c.id = p_campaign_id and c.user_id = p_user_id and c.status = 'running';
  if not found then
    return 'unchanged';
  end if;
  perform private.audit('campaigns', 'campaign.paused', p_user_id, null, null,
    jsonb_build_object('campaignId', p_campaign_id, 'reason', left(p_reason, 100)));
  return 'paused';
end;
$$;
comment on function public.pause_campaign(uuid, uuid, text) is
  'A campaign that cannot go on by itself waits for its tenant: paused or unchanged.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.campaign_count_of(text),
  private.move_campaign_count(uuid, text, text, integer),
  private.count_campaign_messages(),
  public.create_campaign(uuid, text, text, text, text, text, text[], timestamptz, jsonb, text, text, integer, integer),
  private.enqueue_campaign(uuid, uuid, integer, timestamptz),
  public.change_campaign(uuid, uuid, text, text),
  public.list_campaigns(uuid, uuid, text, timestamptz, uuid, integer),
  public.list_campaign_recipients(uuid, uuid, text, integer, integer),
  private.pace_room(text, numeric),
  private.keep_pace(text, numeric, integer),
  private.estimated_segments(text),
  public.reserve_campaign_wave(uuid, uuid, integer, integer),
  public.record_campaign_wave(uuid, uuid, jsonb),
  public.pause_campaign(uuid, uuid, text)
  from public, anon, authenticated;
grant execute on function
  private.campaign_count_of(text),
  private.move_campaign_count(uuid, text, text, integer),
  public.create_campaign(uuid, text, text, text, text, text, text[], timestamptz, jsonb, text, text, integer, integer),
  private.enqueue_campaign(uuid, uuid, integer, timestamptz),
  public.change_campaign(uuid, uuid, text, text),
  public.list_campaigns(uuid, uuid, text, timestamptz, uuid, integer),
  public.list_campaign_recipients(uuid, uuid, text, integer, integer),
  private.pace_room(text, numeric),
  private.keep_pace(text, numeric, integer),
  private.estimated_segments(text),
  public.reserve_campaign_wave(uuid, uuid, integer, integer),
  public.record_campaign_wave(uuid, uuid, jsonb),
  public.pause_campaign(uuid, uuid, text)
  to service_role;
