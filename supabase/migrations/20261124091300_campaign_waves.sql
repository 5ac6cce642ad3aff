-- Sending a campaign in waves: as many as its number, its account and its plan allow at the moment, reserved in one decision.

alter table public.user_twilio_numbers
  add column messages_per_second numeric(8, 3) not null default 1,
  add constraint user_twilio_numbers_pace_positive check (messages_per_second > 0);
comment on column public.user_twilio_numbers.messages_per_second is 'How fast campaigns go out from this number: 1 for a long code, more where carriers allow more.';

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
  select case when d.ahead > 0 then 0 else greatest(1, floor(p_per_second / 5)) end::integer, ceil(d.ahead * 1000)::integer
  from (
    select greatest(0, extract(epoch from coalesce(
      (select p.due_at from private.sending_pace p where p.subject = p_subject), clock_timestamp()) - clock_timestamp())) as ahead
  ) d;
$$;
comment on function private.pace_room(text, numeric) is 'How many may go now at so many a second, and how long until more may.';

create function private.keep_pace(p_subject text, p_per_second numeric, p_sent integer) returns void
language sql
set search_path = ''
as $$
  insert into private.sending_pace as p (subject, due_at)
  values (p_subject, clock_timestamp() + make_interval(secs => p_sent / p_per_second))
  on conflict (subject) do update set due_at = greatest(p.due_at, clock_timestamp()) + make_interval(secs => p_sent / p_per_second);
$$;
comment on function private.keep_pace(text, numeric, integer) is 'Notes that so many have gone.';

create function public.reserve_campaign_wave(p_campaign_id uuid, p_user_id uuid, p_run integer, p_limit integer)
returns table (outcome text, wait_ms integer, account_sid text, sealed_token text, from_number text, media_urls text[], messages jsonb)
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
    return query select 'waiting', ceil(extract(epoch from campaign.scheduled_at - now()) * 1000)::integer, null::text, null::text, null::text, null::text[], null::jsonb;
    return;
  elsif campaign.waiting = 0 then
    update public.campaigns c set status = 'completed', status_reason = null, finished_at = now() where c.id = p_campaign_id;
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
      status_reason = case when room.daily <= 0 then 'daily_limit_reached' when room.monthly <= 0 then 'monthly_limit_reached' else 'spend_limit_reached' end
    where c.id = p_campaign_id;
    return query select 'limit_reached', 600000, null::text, null::text, null::text, null::text[], null::jsonb;
    return;
  end if;

  select n.messages_per_second into number_pace from public.user_twilio_numbers n
  where n.user_id = p_user_id and n.phone_number = campaign.from_number and n.status = 'active';
  select * into number_room from private.pace_room('number:' || campaign.from_number, number_pace);
  select * into account_room from private.pace_room('user:' || p_user_id, plan.messages_per_second);
  -- After waves without an answer one message at a time finds out whether Twilio is back.
  allowed := least(case when campaign.setbacks > 0 then 1 else p_limit end, room.daily, room.monthly, number_room.room, account_room.room);
  if allowed <= 0 then
    return query select 'paced', greatest(number_room.wait_ms, account_room.wait_ms, 20), null::text, null::text, null::text, null::text[], null::jsonb;
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
    insert into public.sms_messages (id, user_id, direction, from_number, to_number, body, media_urls, status, account_sid, source,
      num_segments, estimated_price, campaign_id, idempotency_key, request_hash)
    select c.message_id, p_user_id, 'outbound', campaign.from_number, c.to_number, c.body, campaign.media_urls, 'reserved', sender.account_sid,
      'subaccount', c.segments, c.segments * plan.segment_price, p_campaign_id, 'campaign ' || p_campaign_id || ' ' || c.position, ''
    from chosen c
  )
  select jsonb_agg(jsonb_build_object('id', c.message_id, 'position', c.position, 'to', c.to_number, 'body', c.body) order by c.position),
    (select count(*) from next)
  into reserved, could_go from chosen c;
  if reserved is null and could_go > 0 then
    update public.campaigns c set status = 'running', started_at = coalesce(c.started_at, now()), status_reason = 'spend_limit_reached'
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
  return query select 'reserved', 0, sender.account_sid, sender.sealed_token, campaign.from_number, campaign.media_urls, coalesce(reserved, '[]');
end;
$$;
comment on function public.reserve_campaign_wave(uuid, uuid, integer, integer) is
  'Reserves the next messages of a campaign ([{id, position, to, body}], possibly none): reserved; or paced, limit_reached, waiting (each with wait_ms), paused (the sender may not send: status_reason), completed, or over.';

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
  where m.id in (select r.id from jsonb_to_recordset(p_results) as r (id uuid)) and m.campaign_id = p_campaign_id and m.user_id = p_user_id
  order by m.id for update;
  perform from private.sending_totals t
  where t.user_id = p_user_id and t.hour in (select private.hour_of(m.created_at) from public.sms_messages m
    where m.id in (select r.id from jsonb_to_recordset(p_results) as r (id uuid)) and m.campaign_id = p_campaign_id and m.user_id = p_user_id)
  order by t.hour for no key update;

  -- Not processed, for certain: back among those who wait. One whose callback was faster than this is not.
  delete from public.sms_messages m using jsonb_to_recordset(p_results) as r (id uuid, status text)
  where m.id = r.id and m.campaign_id = p_campaign_id and m.user_id = p_user_id
    and r.status = 'released' and m.status = 'reserved' and m.twilio_message_sid is null;

  with results as (
    select r.*, private.message_may_move(m.status, r.status) as moves
    from jsonb_to_recordset(p_results) as r (id uuid, status text, sid text, "errorCode" integer, "errorMessage" text, "numSegments" integer)
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
  select count(private.note_opt_out(o.from_number, o.to_number, p_user_id, '21610')) into lost from recorded o where o.opts_out;

  select count(*) filter (where r.status not in ('unknown', 'released')), count(*) filter (where r.status = 'unknown')
  into answered, lost from jsonb_to_recordset(p_results) as r (status text);
  update public.campaigns c set setbacks = case when lost > 0 and answered = 0 then c.setbacks + 1 else 0 end
  where c.id = p_campaign_id and c.user_id = p_user_id and (c.setbacks > 0 or lost > 0)
  returning c.setbacks into lost;
  return coalesce(lost, 0);
end;
$$;
comment on function public.record_campaign_wave(uuid, uuid, jsonb) is
  'What came of a wave ([{id, status, sid, errorCode, errorMessage, numSegments}]; released = not processed, it waits again). Returns how many waves in a row had no answer at all.';

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
comment on function public.pause_campaign(uuid, uuid, text) is 'A campaign that cannot go on by itself waits for its tenant: paused or unchanged.';

create function public.set_number_pace(p_phone_number text, p_per_second numeric, p_operator_id uuid, p_request_id text)
returns table (outcome text, user_id uuid)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  owner uuid;
begin
  update public.user_twilio_numbers n set messages_per_second = p_per_second
  where n.phone_number = p_phone_number and n.status = 'active' returning n.user_id into owner;
  if owner is null then
    return query select 'not_found', null::uuid;
    return;
  end if;
  perform private.audit('operator:' || p_operator_id, 'number.pace_set', owner, null, p_request_id,
    jsonb_build_object('phoneNumber', p_phone_number, 'messagesPerSecond', p_per_second));
  return query select 'set', owner;
end;
$$;
comment on function public.set_number_pace(text, numeric, uuid, text) is 'An operator says how fast campaigns may go out from a tenant''s number: set or not_found.';

revoke execute on function
  private.pace_room(text, numeric), private.keep_pace(text, numeric, integer), private.estimated_segments(text),
  public.reserve_campaign_wave(uuid, uuid, integer, integer), public.record_campaign_wave(uuid, uuid, jsonb),
  public.pause_campaign(uuid, uuid, text), public.set_number_pace(text, numeric, uuid, text)
  from public, anon, authenticated;
grant execute on function
  private.pace_room(text, numeric), private.keep_pace(text, numeric, integer), private.estimated_segments(text),
  public.reserve_campaign_wave(uuid, uuid, integer, integer), public.record_campaign_wave(uuid, uuid, jsonb),
  public.pause_campaign(uuid, uuid, text), public.set_number_pace(text, numeric, uuid, text)
  to service_role;
