-- Campaigns: one message to many recipients, sent in batches, with live counts of the results.

create type public.campaign_status as enum ('scheduled', 'running', 'paused', 'canceled', 'completed');
comment on type public.campaign_status is
  'scheduled: starts later. paused: by the tenant, or because the sender cannot send. canceled and completed are '
  'final.';

create type public.campaign_count as enum (
  'waiting', 'in_flight', 'sent', 'delivered', 'failed', 'unknown', 'skipped');
comment on type public.campaign_count is
  'The count that a recipient belongs to. waiting: not yet handed to Twilio. unknown: the response was lost. skipped: '
  'decided against before Twilio was called.';

create type public.campaign_status_reason as enum (
  'daily_limit_reached', 'monthly_limit_reached', 'spend_limit_reached', 'outside_window', 'account_refused',
  'sender_refused', 'twilio_refused', 'twilio_throttled',
  'no_number', 'number_not_owned', 'number_not_capable', 'no_subaccount', 'pending', 'suspended', 'closed');
comment on type public.campaign_status_reason is
  'Why a campaign waits or is paused. The limits are those of the plan. outside_window: its send window is closed. '
  'account_refused: Twilio refused the credentials. sender_refused: the number cannot send. twilio_refused: another '
  'error of Twilio''s that is not about a recipient. twilio_throttled: for about an hour, Twilio took no message of '
  'this number. The last seven are those of sender_outcome.';

create type public.skip_reason as enum ('opted_out', 'destination_refused', 'canceled');
comment on type public.skip_reason is 'Why a campaign does not send to a recipient.';

create table public.campaigns (
  id uuid primary key default private.new_id(),
  -- No foreign key: deleting a campaign would change its messages in the ledger. Erasure empties the row instead.
  user_id uuid not null,
  name text,
  from_number text not null,
  body text,
  media_urls text[] not null default '{}',
  status public.campaign_status not null,
  status_reason public.campaign_status_reason,
  twilio_error_code integer,
  scheduled_at timestamptz,
  send_window jsonb,
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
  -- Grows with each resumption: a job of an earlier run ends.
  run integer not null default 1,
  -- How many batches in a row got no response from Twilio, or were throttled.
  failed_batches integer not null default 0,
  -- Its last job, in the lane of campaigns.
  job_id bigint,
  recipients_deleted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint campaigns_counts_add_up
    check (waiting + in_flight + sent + delivered + failed + unknown + skipped = total),
  constraint campaigns_counts_not_negative
    check (least(waiting, in_flight, sent, delivered, failed, unknown, skipped) >= 0)
);
alter table public.campaigns alter column user_id set (n_distinct = 50); -- as in sms_messages
comment on table public.campaigns is
  'A message to many recipients, with how many recipients belong to each campaign_count.';
comment on column public.campaigns.body is
  'The text of all recipients: {{name}} stands for the variable of that name. It is rendered for a recipient when '
  'their message is reserved.';
comment on column public.campaigns.send_window is
  '{from, to, days, timeZone}: the hours at which it is sent; null: at any hour. See country_windows.';
comment on column public.campaigns.status_reason is
  'Why a campaign waits or is paused; null when it does not, and when its tenant paused it.';
comment on column public.campaigns.twilio_error_code is
  'The error of Twilio''s for which a campaign was paused; null when it was paused for another reason, or is not.';
comment on column public.campaigns.recipients_deleted_at is
  'When the recipients of an ended campaign were deleted; its counts stay. Null while they are stored.';
create unique index campaigns_one_per_key on public.campaigns (user_id, idempotency_key);
create index campaigns_newest_first on public.campaigns (user_id, created_at desc, id desc);
create index campaigns_with_recipients on public.campaigns (user_id) where recipients_deleted_at is null;
create index campaigns_ended on public.campaigns (finished_at)
  where finished_at is not null and recipients_deleted_at is null;
create trigger touch_updated_at before update on public.campaigns
  for each row when (old.* is distinct from new.*) execute function private.touch_updated_at();

alter table public.campaigns enable row level security;
revoke all on public.campaigns from public, anon, authenticated, service_role;
grant select (id, user_id, name, from_number, body, media_urls, status, status_reason, twilio_error_code,
  scheduled_at, send_window, started_at, finished_at, total, waiting,
  in_flight, sent, delivered, failed, unknown, skipped, recipients_deleted_at, created_at, updated_at)
  on public.campaigns to authenticated;
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
  -- The values of the placeholders in the campaign's text, by name; null without any.
  variables jsonb,
  -- Set when the message is reserved.
  message_id uuid references public.sms_messages (id) on delete set null,
  skip_reason public.skip_reason,
  -- Whether the campaign has a send window, so that its recipients are sought by country.
  has_window boolean not null default false,
  is_waiting boolean not null generated always as (message_id is null and skip_reason is null) stored,
  primary key (campaign_id, position)
);
comment on table private.campaign_recipients is
  'The recipients of a campaign, in order. Those that wait when their campaign is canceled are not updated: they count '
  'as skipped by its status.';
-- No index on the number: a campaign is inserted at once, and insert_campaign checks that no number is in it twice.
create unique index campaign_recipients_by_message on private.campaign_recipients (message_id)
  where message_id is not null;
create index campaign_recipients_waiting on private.campaign_recipients (campaign_id, position) where is_waiting;
alter table private.campaign_recipients enable row level security;
revoke all on private.campaign_recipients from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.campaign_recipients to service_role;

create table private.campaign_windows (
  campaign_id uuid not null references public.campaigns (id) on delete cascade,
  country text not null,
  zones text[] not null,
  opens_at timestamptz not null,
  closes_at timestamptz not null,
  primary key (campaign_id, country)
);
comment on table private.campaign_windows is
  'For a campaign with a send window: when it is open, or opens next, for the recipients of each country.';
create index campaign_recipients_waiting_by_country on private.campaign_recipients (campaign_id, country, position)
  where is_waiting and has_window;
alter table private.campaign_windows enable row level security;
revoke all on private.campaign_windows from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.campaign_windows to service_role;

-- Counting ------------------------------------------------------------------------------------------------------------

create function private.campaign_count_of(p_status public.message_status) returns public.campaign_count
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when p_status in ('reserved', 'accepted', 'scheduled', 'queued', 'sending') then 'in_flight'
    when p_status = 'sent' then 'sent'
    when p_status in ('delivered', 'read') then 'delivered'
    when p_status = 'unknown' then 'unknown'
    else 'failed'
  end;
end;
$$;
comment on function private.campaign_count_of(public.message_status) is
  'The count that a message of this status belongs to.';

create function private.move_campaign_count(
  p_campaign_id uuid, p_from public.campaign_count, p_to public.campaign_count, p_by integer
) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.campaigns c set
    waiting = c.waiting + p_by * ((p_to = 'waiting')::integer - (p_from = 'waiting')::integer),
    in_flight = c.in_flight + p_by * ((p_to = 'in_flight')::integer - (p_from = 'in_flight')::integer),
    sent = c.sent + p_by * ((p_to = 'sent')::integer - (p_from = 'sent')::integer),
    delivered = c.delivered + p_by * ((p_to = 'delivered')::integer - (p_from = 'delivered')::integer),
    failed = c.failed + p_by * ((p_to = 'failed')::integer - (p_from = 'failed')::integer),
    unknown = c.unknown + p_by * ((p_to = 'unknown')::integer - (p_from = 'unknown')::integer),
    skipped = c.skipped + p_by * ((p_to = 'skipped')::integer - (p_from = 'skipped')::integer)
  where c.id = p_campaign_id and p_from <> p_to and p_by > 0;
end;
$$;
comment on function private.move_campaign_count(uuid, public.campaign_count, public.campaign_count, integer) is
  'Moves p_by recipients of a campaign from one count to another.';

-- Fired after those of the totals (in the order of their names): see total_inserts.

create function private.count_campaign_update() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.move_campaign_count(new.campaign_id, private.campaign_count_of(old.status),
    private.campaign_count_of(new.status), 1);
  return null;
end;
$$;
comment on function private.count_campaign_update() is
  'Trigger: moves a change of status into the counts of a campaign.';

create function private.count_campaign_deletes() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from old_rows o where o.campaign_id is not null) then
    return null;
  end if;
  perform from public.campaigns c where c.id in (select o.campaign_id from old_rows o) order by c.id for no key update;
  -- A released message leaves its recipient waiting: a completed campaign runs again, a canceled one skips them, and so
  -- does one whose recipients are deleted.
  update public.campaigns c set
    in_flight = c.in_flight - h.in_flight, sent = c.sent - h.sent, delivered = c.delivered - h.delivered,
    failed = c.failed - h.failed, unknown = c.unknown - h.unknown,
    waiting = c.waiting + case when h.sent_again then h.messages else 0 end,
    skipped = c.skipped + case when h.sent_again then 0 else h.messages end,
    status = case when h.sent_again and c.status = 'completed' then 'running' else c.status end,
    finished_at = case when h.sent_again then null else c.finished_at end
  from (
    select o.campaign_id, count(*) as messages,
      d.status <> 'canceled' and d.recipients_deleted_at is null as sent_again,
      count(*) filter (where private.campaign_count_of(o.status) = 'in_flight') as in_flight,
      count(*) filter (where private.campaign_count_of(o.status) = 'sent') as sent,
      count(*) filter (where private.campaign_count_of(o.status) = 'delivered') as delivered,
      count(*) filter (where private.campaign_count_of(o.status) = 'failed') as failed,
      count(*) filter (where private.campaign_count_of(o.status) = 'unknown') as unknown
    from old_rows o join public.campaigns d on d.id = o.campaign_id group by o.campaign_id, d.id
  ) h where c.id = h.campaign_id;
  return null;
end;
$$;
comment on function private.count_campaign_deletes() is
  'Trigger: takes released messages out of the counts of campaigns.';

create trigger count_in_campaign after update on public.sms_messages
  for each row when (new.campaign_id is not null and old.status <> new.status)
  execute function private.count_campaign_update();
create trigger count_out_of_campaign after delete on public.sms_messages
  referencing old table as old_rows for each statement execute function private.count_campaign_deletes();

-- The tenant's side ---------------------------------------------------------------------------------------------------

create function private.enqueue_campaign(p_campaign public.campaigns) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.campaigns c
  set job_id = private.enqueue(
    jsonb_build_object('kind', 'run-campaign', 'campaignId', p_campaign.id, 'userId', p_campaign.user_id,
      'run', p_campaign.run),
    greatest(0, ceil(extract(epoch from coalesce(p_campaign.scheduled_at, now()) - now())))::integer)
  where c.id = p_campaign.id;
end;
$$;
comment on function private.enqueue_campaign(public.campaigns) is
  'Enqueues the job that sends a campaign, for its time or for now. The caller has withdrawn an earlier one.';

create function private.recipients_left(p_user_id uuid, p_plan public.plans) returns integer
language plpgsql stable
set search_path = ''
as $$
declare
  allowed constant integer := coalesce(p_plan.monthly_message_limit, 0);
begin
  -- A recipient of a canceled campaign is stored until it is deleted, and so is one that Twilio refused, which counts
  -- toward no limit: as many again may be, or such campaigns would fill the database.
  return (
    select greatest(0, least(allowed - coalesce(sum(c.waiting), 0),
      2 * allowed::bigint - coalesce(sum(c.waiting + c.skipped + c.failed), 0)))
    from public.campaigns c where c.user_id = p_user_id and c.recipients_deleted_at is null);
end;
$$;
comment on function private.recipients_left(uuid, public.plans) is
  'How many recipients a tenant may add to those that wait: together at most as many as the messages of a month, and '
  'with the stored ones that were skipped or whose message failed, twice as many.';

create type public.create_campaign_outcome as enum (
  'created', 'duplicate', 'key_conflict', 'rate_limited', 'scheduled_in_past', 'window_never_opens',
  'too_many_recipients', 'no_number', 'number_not_owned', 'number_not_capable', 'no_subaccount', 'pending',
  'suspended', 'closed');
comment on type public.create_campaign_outcome is
  'duplicate: the key was used for the same request. key_conflict: for another one. scheduled_in_past: more than two '
  'minutes ago; a later time in the past means now. window_never_opens: the send window is never open in all time '
  'zones of a country. too_many_recipients: more would wait than the plan sends in a month, or be stored than '
  'recipients_left allows. The last seven are those of sender_outcome.';

create type private.campaign_rule as (
  outcome public.create_campaign_outcome, sender private.sender, plan public.plans, recipients_left integer,
  windows private.country_window[]);
comment on type private.campaign_rule is
  'A rule that forbids a campaign, and what it was decided by. outcome is null when no rule does.';

create function private.check_campaign(p_user_id uuid, p_from text, p_scheduled_at timestamptz, p_send_window jsonb,
  p_countries text[], p_recipients integer, p_mms boolean) returns private.campaign_rule
language plpgsql stable
set search_path = ''
as $$
declare
  rule private.campaign_rule;
begin
  -- Never through the master account: one tenant's campaign from a shared number would get it blocked for all tenants.
  rule.sender := private.sender_of(p_user_id, p_from, false, p_mms);
  rule.plan := private.plan_of(p_user_id);
  rule.recipients_left := private.recipients_left(p_user_id, rule.plan);
  rule.windows := array(
    select row(w.country, w.zones, w.opens_at, w.closes_at)::private.country_window
    from private.country_windows(p_send_window, p_countries, greatest(now(), p_scheduled_at)) w order by w.country);
  rule.outcome := case
    when p_scheduled_at < now() - interval '2 minutes' then 'scheduled_in_past'
    when exists (select from unnest(rule.windows) w where w.opens_at is null) then 'window_never_opens'
    when (rule.sender).outcome <> 'allowed' then (rule.sender).outcome::text
    when p_recipients > rule.recipients_left then 'too_many_recipients' end;
  return rule;
end;
$$;
comment on function private.check_campaign(uuid, text, timestamptz, jsonb, text[], integer, boolean) is
  'The first rule that forbids a campaign to so many recipients; a dry run decides by the same ones.';

create function public.create_campaign(
  p_user_id uuid, p_idempotency_key text, p_request_hash text, p_name text, p_from text, p_body text,
  p_media_urls text[], p_scheduled_at timestamptz, p_recipients jsonb, p_request_id text, p_address text,
  p_user_rate integer, p_address_rate integer, p_send_window jsonb default null
)
returns table (outcome public.create_campaign_outcome, campaign jsonb, retry_after_seconds integer,
  recipients_left integer, never_open text[])
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  rule private.campaign_rule;
begin
  perform private.lock_sending(p_user_id);
  if p_user_rate is not null then
    retry_after_seconds := private.count_request('bulk', p_user_id, p_address, p_user_rate, p_address_rate, 60);
    if retry_after_seconds is not null then
      outcome := 'rate_limited';
      return next;
      return;
    end if;
  end if;

  select case when c.request_hash = p_request_hash then 'duplicate' else 'key_conflict' end, to_jsonb(c)
  into outcome, campaign
  from public.campaigns c where c.user_id = p_user_id and c.idempotency_key = p_idempotency_key;
  if found then
    return next;
    return;
  end if;

  rule := private.check_campaign(p_user_id, p_from, p_scheduled_at, p_send_window,
    array(select distinct r ->> 'country' from jsonb_array_elements(p_recipients) r), jsonb_array_length(p_recipients),
    cardinality(p_media_urls) > 0);
  recipients_left := rule.recipients_left;
  never_open := array(select w.country from unnest(rule.windows) w where w.opens_at is null);
  if rule.outcome is not null then
    outcome := rule.outcome;
    return next;
    return;
  end if;

  outcome := 'created';
  campaign := to_jsonb(private.insert_campaign(p_user_id, p_idempotency_key, p_request_hash, p_name,
    (rule.sender).from_number, p_body, p_media_urls, p_scheduled_at, p_recipients, p_send_window, rule.windows));
  perform private.audit('user:' || p_user_id, 'campaign.created', p_user_id, (rule.sender).account_sid, p_request_id,
    jsonb_build_object('campaignId', campaign ->> 'id', 'recipients', jsonb_array_length(p_recipients)));
  return next;
end;
$$;
comment on function public.create_campaign(uuid, text, text, text, text, text, text[], timestamptz, jsonb, text, text,
  integer, integer, jsonb) is
  'Stores a campaign with its recipients ([{position, to, country, variables}]) and enqueues it. campaign is the row, '
  'created now or under this key before. recipients_left: how many more may wait, before this request. never_open: the '
  'countries for which the send window never opens.';

create function private.insert_campaign(
  p_user_id uuid, p_idempotency_key text, p_request_hash text, p_name text, p_from_number text, p_body text,
  p_media_urls text[], p_scheduled_at timestamptz, p_recipients jsonb, p_send_window jsonb,
  p_windows private.country_window[]
) returns public.campaigns
language plpgsql
set search_path = ''
as $$
declare
  campaign public.campaigns;
begin
  insert into public.campaigns (user_id, name, from_number, body, media_urls, status, scheduled_at, send_window,
    total, waiting, idempotency_key, request_hash)
  values (p_user_id, p_name, p_from_number, p_body, p_media_urls,
    (case when p_scheduled_at > now() then 'scheduled' else 'running' end)::public.campaign_status,
    p_scheduled_at, p_send_window, jsonb_array_length(p_recipients), jsonb_array_length(p_recipients),
    p_idempotency_key, p_request_hash)
  returning * into campaign;
  insert into private.campaign_recipients (campaign_id, position, to_number, country, variables, has_window)
  select campaign.id, r.position, r."to", r.country, r.variables, p_send_window is not null
  from jsonb_to_recordset(p_recipients) as r (position integer, "to" text, country text, variables jsonb);
  if (select count(distinct r ->> 'to') from jsonb_array_elements(p_recipients) r) < campaign.total then
    raise exception 'Cannot create the campaign: a number is in it twice' using errcode = 'unique_violation';
  end if;
  insert into private.campaign_windows (campaign_id, country, zones, opens_at, closes_at)
  select campaign.id, w.country, w.zones, w.opens_at, w.closes_at from unnest(p_windows) w;
  perform private.enqueue_campaign(campaign);
  return campaign;
end;
$$;
comment on function private.insert_campaign(uuid, text, text, text, text, text, text[], timestamptz, jsonb, jsonb,
  private.country_window[]) is
  'Inserts a campaign with its recipients and enqueues its job.';

create type public.campaign_change as enum ('pause', 'resume', 'cancel');
comment on type public.campaign_change is 'What a tenant may do to a campaign.';

create type public.change_campaign_outcome as enum ('changed', 'already', 'over', 'not_found');
comment on type public.change_campaign_outcome is
  'already: the campaign is in that status. over: it is completed or canceled.';

create function private.changed_status(p_campaign public.campaigns, p_change public.campaign_change)
  returns public.campaign_status
language plpgsql stable
set search_path = ''
as $$
begin
  return case
    when p_change = 'pause' and p_campaign.status in ('scheduled', 'running') then 'paused'
    when p_change = 'resume' and p_campaign.status = 'paused'
      then case when p_campaign.scheduled_at > now() then 'scheduled' else 'running' end
    when p_change = 'cancel' and p_campaign.status in ('scheduled', 'running', 'paused') then 'canceled'
  end;
end;
$$;
comment on function private.changed_status(public.campaigns, public.campaign_change) is
  'The status that a change gives to a campaign; null when there is nothing to change.';

create function public.change_campaign(
  p_user_id uuid, p_campaign_id uuid, p_change public.campaign_change, p_request_id text
) returns table (outcome public.change_campaign_outcome, campaign jsonb)
language plpgsql
set search_path = ''
as $$
declare
  stored public.campaigns;
  next_status public.campaign_status;
begin
  select * into stored from public.campaigns c where c.id = p_campaign_id and c.user_id = p_user_id for no key update;
  if stored.id is null then
    outcome := 'not_found';
    return next;
    return;
  end if;
  next_status := private.changed_status(stored, p_change);
  if next_status is null then
    outcome := case
      when (p_change, stored.status) in (('pause', 'paused'), ('cancel', 'canceled'), ('resume', 'running'),
        ('resume', 'scheduled')) then 'already'
      else 'over' end;
    campaign := to_jsonb(stored);
    return next;
    return;
  end if;

  update public.campaigns c set status = next_status, status_reason = null, twilio_error_code = null,
    failed_batches = 0,
    run = c.run + case p_change when 'resume' then 1 else 0 end,
    -- The recipients themselves are not touched: that would store each of them again.
    skipped = c.skipped + case p_change when 'cancel' then c.waiting else 0 end,
    waiting = case p_change when 'cancel' then 0 else c.waiting end,
    finished_at = case when next_status = 'canceled' then now() end
  where c.id = p_campaign_id
  returning * into stored;
  if p_change in ('resume', 'cancel') then
    perform private.settle_alert('campaign_paused', p_campaign_id::text);
  end if;
  if p_change = 'resume' then
    perform private.enqueue_campaign(stored);
  else
    perform private.withdraw_job('campaigns', stored.job_id);
  end if;
  perform private.audit_campaign(stored, 'user:' || p_user_id, case p_change when 'pause' then 'paused' when 'resume'
    then 'resumed' else 'canceled' end, p_request_id, '{}');
  outcome := 'changed';
  select to_jsonb(c) into campaign from public.campaigns c where c.id = p_campaign_id;
  return next;
end;
$$;
comment on function public.change_campaign(uuid, uuid, public.campaign_change, text) is
  'The tenant pauses, resumes or cancels a campaign. Messages that Twilio has are sent all the same. However often it '
  'is paused and resumed, it has one waiting job. campaign is the row afterwards.';

create function private.audit_campaign(
  p_campaign public.campaigns, p_actor text, p_change text, p_request_id text, p_details jsonb
) returns void
language plpgsql
set search_path = ''
as $$
declare
  most_an_hour constant integer := 10;
begin
  -- Lines cannot be deleted, and a campaign may be paused and resumed without end; it is canceled only once.
  if p_change = 'canceled'
    or private.count_in_window('campaign:' || p_campaign.id, 'audit', most_an_hour, 3600) is null then
    perform private.audit(p_actor, 'campaign.' || p_change, p_campaign.user_id, null, p_request_id,
      jsonb_build_object('campaignId', p_campaign.id) || p_details);
  end if;
end;
$$;
comment on function private.audit_campaign(public.campaigns, text, text, text, jsonb) is
  'Adds a change of a campaign''s status to the audit log: of pauses and resumptions, the first ten in an hour.';

create function public.list_campaigns(p_user_id uuid, p_campaign_id uuid, p_status public.campaign_status,
  p_before_at timestamptz, p_before_id uuid, p_limit integer)
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
comment on function public.list_campaigns(uuid, uuid, public.campaign_status, timestamptz, uuid, integer) is
  'A tenant''s campaigns, newest first. before_* are the key of the last row of the page before.';

create type public.campaign_recipient as (
  "position" integer, to_number text, counted public.campaign_count, skip_reason public.skip_reason, message_id uuid,
  status public.message_status, error_code integer, error_message text);
comment on type public.campaign_recipient is 'A recipient of a campaign, with what is known of their message.';

create function public.list_campaign_recipients(p_user_id uuid, p_campaign_id uuid, p_count public.campaign_count,
  p_after integer, p_limit integer)
returns setof public.campaign_recipient
language sql stable
set search_path = ''
as $$
  select * from (
    select r.position, r.to_number,
      case when m.id is not null then private.campaign_count_of(m.status) when s.reason is not null then 'skipped'
        else 'waiting' end as counted,
      s.reason as skip_reason, m.id, m.status, m.error_code, m.error_message
    from public.campaigns c
    join private.campaign_recipients r on r.campaign_id = c.id
    left join public.sms_messages m on m.id = r.message_id
    cross join lateral (select case when r.is_waiting and c.status = 'canceled' then 'canceled'::public.skip_reason
      else r.skip_reason end as reason) s
    where c.id = p_campaign_id and c.user_id = p_user_id and (p_after is null or r.position > p_after)
  ) recipient
  where p_count is null or recipient.counted = p_count
  order by recipient.position
  limit p_limit;
$$;
comment on function public.list_campaign_recipients(uuid, uuid, public.campaign_count, integer, integer) is
  'The recipients of a tenant''s campaign, in order: all of them, or those that belong to one count.';

-- Send rates ----------------------------------------------------------------------------------------------------------

-- Unlogged: after a crash sending starts over, a second too early at worst.
create unlogged table private.send_rates (
  subject text primary key,
  -- When the next message may go.
  due_at timestamptz not null
);
comment on table private.send_rates is 'The send rate of campaigns, per number and per tenant.';
alter table private.send_rates enable row level security;
revoke all on private.send_rates from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.send_rates to service_role;

create function private.available_sends(p_subject text, p_per_second numeric)
returns table (available integer, wait_ms integer)
language plpgsql
set search_path = ''
as $$
declare
  ahead numeric;
begin
  ahead := greatest(0, extract(epoch from coalesce(
    (select r.due_at from private.send_rates r where r.subject = p_subject), clock_timestamp()) - clock_timestamp()));
  -- A fifth of a second's worth goes together, so that a fast number is not served one message at a time.
  available := case when ahead > 0 then 0 else greatest(1, floor(p_per_second / 5)) end;
  wait_ms := ceil(ahead * 1000);
  return next;
end;
$$;
comment on function private.available_sends(text, numeric) is
  'How many messages may go now at p_per_second, and the time until more may.';

create function private.note_sends(p_subject text, p_per_second numeric, p_sent integer) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.send_rates as r (subject, due_at)
  values (p_subject, clock_timestamp() + make_interval(secs => p_sent / p_per_second))
  on conflict (subject) do update
    set due_at = greatest(r.due_at, clock_timestamp()) + make_interval(secs => p_sent / p_per_second);
end;
$$;
comment on function private.note_sends(text, numeric, integer) is 'Counts p_sent messages against a send rate.';

create type private.send_rate as (subject text, per_second numeric);
comment on type private.send_rate is 'How many messages a second a subject of send_rates may send.';

create function public.delay_sender(p_phone_number text, p_seconds integer) returns timestamptz
language plpgsql
set search_path = ''
as $$
declare
  due_at timestamptz;
begin
  insert into private.send_rates as r (subject, due_at)
  values ('number:' || p_phone_number, clock_timestamp() + make_interval(secs => p_seconds))
  on conflict (subject) do update set due_at = greatest(r.due_at, excluded.due_at)
  returning r.due_at into due_at;
  return due_at;
end;
$$;
comment on function public.delay_sender(text, integer) is
  'Makes every campaign of a number wait, because Twilio takes no messages of it. Returns until when.';

create function private.send_rates_of(p_campaign public.campaigns, p_plan public.plans)
returns setof private.send_rate
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select 'number:' || n.phone_number, n.messages_per_second from public.user_twilio_numbers n
    where n.user_id = p_campaign.user_id and n.phone_number = p_campaign.from_number and n.status = 'active'
    union all
    select 'user:' || p_campaign.user_id, p_plan.messages_per_second;
end;
$$;
comment on function private.send_rates_of(public.campaigns, public.plans) is
  'The send rates a campaign keeps: its number''s, and the plan''s for all numbers of the tenant.';

-- Batches -------------------------------------------------------------------------------------------------------------

-- A campaign is sent in batches: as many messages as its number, its account and its plan allow at the moment, reserved
-- in one decision.

create function private.render_text(p_template text, p_variables jsonb) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  -- The placeholder of template.ts. A value is stored under the text between the braces, as it is.
  placeholder constant text := '\{\{([^{}]{1,128})\}\}';
  names text[];
begin
  if p_template is null or position('{{' in p_template) = 0 then
    return p_template;
  end if;
  names := array(select m[1] from regexp_matches(p_template, placeholder, 'g') m);
  -- Each value stands between two parts of the text, so a {{…}} within a value is text.
  return (
    select string_agg(part.literal || coalesce(p_variables ->> names[part.n], ''), '' order by part.n)
    from unnest(regexp_split_to_array(p_template, placeholder)) with ordinality part (literal, n));
end;
$$;
comment on function private.render_text(text, jsonb) is
  'A campaign''s text with a recipient''s variables. The only place that renders: checkRecipients adds up lengths.';

create function private.lock_campaign(p_campaign_id uuid, p_user_id uuid, p_run integer) returns public.campaigns
language plpgsql
set search_path = ''
as $$
declare
  campaign public.campaigns;
begin
  -- Locks in the order of every send and every report: the tenant, their totals, then the campaign.
  perform private.lock_sending(p_user_id);
  if exists (select from public.campaigns c where c.id = p_campaign_id and c.user_id = p_user_id and c.run = p_run) then
    perform private.lock_totals(p_user_id);
  end if;
  select * into campaign from public.campaigns c
  where c.id = p_campaign_id and c.user_id = p_user_id and c.run = p_run for no key update;
  return campaign;
end;
$$;
comment on function private.lock_campaign(uuid, uuid, integer) is
  'Locks one run of a tenant''s campaign for a decision. All columns are null when there is no such run.';

create function private.mark_running(p_campaign_id uuid, p_reason public.campaign_status_reason) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.campaigns c
  set status = 'running', status_reason = p_reason, started_at = coalesce(c.started_at, now())
  where c.id = p_campaign_id
    and (c.status <> 'running' or c.status_reason is distinct from p_reason or c.started_at is null);
end;
$$;
comment on function private.mark_running(uuid, public.campaign_status_reason) is
  'Notes that a campaign has started, and the limit it waits for (null: none).';

create type private.recipient as ("position" integer, to_number text, country text);
comment on type private.recipient is 'A recipient of a campaign that is to be checked.';

create type private.checked_recipient as ("position" integer, skip_reason public.skip_reason);
comment on type private.checked_recipient is
  'Why a recipient gets no message; skip_reason is null when nothing forbids it.';

create function private.check_recipients(p_user_id uuid, p_from_number text, p_plan public.plans,
  p_recipients private.recipient[]) returns setof private.checked_recipient
language plpgsql stable
set search_path = ''
as $$
declare
  refused constant text[] := array(
    select c.country from (select distinct r.country from unnest(p_recipients) r) c
    where private.is_destination_refused(p_user_id, c.country, p_plan));
begin
  return query
    select r.position, (case when private.has_opted_out(p_user_id, p_from_number, r.to_number) then 'opted_out'
      when r.country = any (refused) then 'destination_refused' end)::public.skip_reason
    from unnest(p_recipients) r;
end;
$$;
comment on function private.check_recipients(uuid, text, public.plans, private.recipient[]) is
  'Checks recipients of a campaign against opt-outs and the countries of the plan and the settings.';

create function private.open_countries(p_campaign public.campaigns) returns text[]
language plpgsql
set search_path = ''
as $$
begin
  if p_campaign.send_window is null then
    return null;
  end if;
  -- Countries without a waiting recipient have their last opening, and are not asked about again.
  delete from private.campaign_windows w
  where w.campaign_id = p_campaign.id and w.closes_at <= now() and not exists (
    select from private.campaign_recipients r
    where r.campaign_id = p_campaign.id and r.country = w.country and r.is_waiting and r.has_window);
  update private.campaign_windows w set opens_at = o.opens_at, closes_at = o.closes_at
  from private.campaign_windows d, private.next_opening(p_campaign.send_window, d.zones, now()) o
  where d.campaign_id = p_campaign.id and d.closes_at <= now() and o.opens_at is not null
    and w.campaign_id = d.campaign_id and w.country = d.country;
  return array(
    select w.country from private.campaign_windows w
    where w.campaign_id = p_campaign.id and w.opens_at <= now() and w.closes_at > now());
end;
$$;
comment on function private.open_countries(public.campaigns) is
  'The countries to which a campaign may send at this hour; null without a send window. Moves openings that are over '
  'to the next ones.';

create function private.next_recipients(p_campaign_id uuid, p_countries text[], p_limit integer)
returns setof private.campaign_recipients
language plpgsql stable
set search_path = ''
as $$
begin
  if p_countries is null then
    return query
      select r.* from private.campaign_recipients r where r.campaign_id = p_campaign_id and r.is_waiting
      order by r.position limit p_limit;
  else
    -- By country, so that recipients whose window is closed are not read.
    return query
      select n.* from unnest(p_countries) c (country)
      cross join lateral (
        select r.* from private.campaign_recipients r
        where r.campaign_id = p_campaign_id and r.country = c.country and r.is_waiting and r.has_window
        order by r.position limit p_limit) n
      order by n.position limit p_limit;
  end if;
end;
$$;
comment on function private.next_recipients(uuid, text[], integer) is
  'The next waiting recipients of a campaign in order, of all countries or of some.';

create function private.skip_recipients(p_campaign public.campaigns, p_plan public.plans, p_countries text[],
  p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  due constant private.recipient[] := array(
    select row(r.position, r.to_number, r.country)::private.recipient
    from private.next_recipients(p_campaign.id, p_countries, p_limit) r order by r.position);
  skipped integer;
begin
  update private.campaign_recipients r set skip_reason = c.skip_reason
  from private.check_recipients(p_campaign.user_id, p_campaign.from_number, p_plan, due) c
  where r.campaign_id = p_campaign.id and r.position = c.position and c.skip_reason is not null;
  get diagnostics skipped = row_count;
  perform private.move_campaign_count(p_campaign.id, 'waiting', 'skipped', skipped);
  return due[cardinality(due)].position;
end;
$$;
comment on function private.skip_recipients(public.campaigns, public.plans, text[], integer) is
  'Skips opted-out recipients and refused destinations among the next p_limit in p_countries. Returns the '
  'last position checked.';

create type public.batch_message as (id uuid, "position" integer, to_number text, body text);
comment on type public.batch_message is 'A reserved message of a batch; body is null for media alone.';

create type private.message_draft as (
  body text, segments integer, encoding public.message_encoding, cost numeric);
comment on type private.message_draft is 'A rendered message of a campaign, with its estimated cost.';

create function private.draft_message(p_plan public.plans, p_template text, p_has_media boolean, p_country text,
  p_variables jsonb, p_measure private.text_measure default null) returns private.message_draft
language plpgsql stable
set search_path = ''
as $$
declare
  draft private.message_draft;
  measured private.text_measure := p_measure;
begin
  draft.body := private.render_text(p_template, p_variables);
  if measured.segments is null then
    measured := private.measure_text(draft.body);
  end if;
  draft.segments := measured.segments;
  draft.encoding := measured.encoding;
  draft.cost := private.message_cost(p_plan, p_country, draft.segments, p_has_media);
  return draft;
end;
$$;
comment on function private.draft_message(public.plans, text, boolean, text, jsonb, private.text_measure) is
  'The message of one recipient of a campaign. p_measure: of its text, if it is known.';

create type private.batch_draft as (id uuid, "position" integer, to_number text, country text,
  message private.message_draft);
comment on type private.batch_draft is 'A message of a batch.';

create function private.draft_batch(p_campaign public.campaigns, p_plan public.plans, p_countries text[],
  p_limit integer, p_until integer) returns setof private.batch_draft
language plpgsql stable
set search_path = ''
as $$
declare
  has_media constant boolean := cardinality(p_campaign.media_urls) > 0;
begin
  return query
    select private.new_id(), r.position, r.to_number, r.country,
      private.draft_message(p_plan, p_campaign.body, has_media, r.country, r.variables)
    from private.next_recipients(p_campaign.id, p_countries, p_limit) r
    where r.position <= p_until; -- recipients beyond were not checked for opt-outs
end;
$$;
comment on function private.draft_batch(public.campaigns, public.plans, text[], integer, integer) is
  'Renders the messages of the next recipients up to position p_until, at most p_limit, in order.';

create function private.reserve_recipients(p_campaign public.campaigns, p_sender private.sender, p_plan public.plans,
  p_countries text[], p_limit integer, p_until integer, p_budget numeric) returns public.batch_message[]
language plpgsql
set search_path = ''
as $$
declare
  drafts private.batch_draft[];
begin
  drafts := array(
    select row(d.id, d.position, d.to_number, d.country, d.message)::private.batch_draft
    from (
      select b.*, sum((b.message).cost) over (order by b.position) as cost_so_far
      from private.draft_batch(p_campaign, p_plan, p_countries, p_limit, p_until) b
    ) d
    where d.cost_so_far <= p_budget order by d.position);
  insert into public.sms_messages (id, user_id, direction, from_number, to_number, country, body, media_urls, status,
    account_sid, source, num_segments, encoding, estimated_price, campaign_id, idempotency_key, request_hash)
  select d.id, p_campaign.user_id, 'outbound', p_campaign.from_number, d.to_number, d.country,
    (d.message).body, p_campaign.media_urls, 'reserved', p_sender.account_sid, 'subaccount', (d.message).segments,
    (d.message).encoding, (d.message).cost, p_campaign.id, 'campaign ' || p_campaign.id || ' ' || d.position, ''
  from unnest(drafts) d;
  update private.campaign_recipients r set message_id = d.id
  from unnest(drafts) d where r.campaign_id = p_campaign.id and r.position = d.position;
  perform private.move_campaign_count(p_campaign.id, 'waiting', 'in_flight', cardinality(drafts));
  return array(
    select row(d.id, d.position, d.to_number, (d.message).body)::public.batch_message from unnest(drafts) d);
end;
$$;
comment on function private.reserve_recipients(public.campaigns, private.sender, public.plans, text[], integer,
  integer, numeric) is
  'Reserves messages to the next recipients up to position p_until, at most p_limit and within p_budget.';

create type public.reserve_batch_outcome as enum (
  'reserved', 'scheduled', 'outside_window', 'send_rate_reached', 'limit_reached', 'paused', 'completed', 'over');
comment on type public.reserve_batch_outcome is
  'reserved: send the messages, possibly none. scheduled, outside_window, send_rate_reached, limit_reached: '
  'ask again after wait_ms. '
  'paused: the sender cannot send. over: paused, canceled or completed before, or another run.';

create function public.reserve_campaign_batch(p_campaign_id uuid, p_user_id uuid, p_run integer, p_limit integer)
returns table (outcome public.reserve_batch_outcome, wait_ms integer, account_sid text, sealed_token text,
  from_number text, media_urls text[], messages jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  campaign public.campaigns := private.lock_campaign(p_campaign_id, p_user_id, p_run);
  sender private.sender;
  step record;
begin
  outcome := private.campaign_outcome(campaign);
  if outcome = 'reserved' then
    sender := private.sender_of(p_user_id, campaign.from_number, false, cardinality(campaign.media_urls) > 0);
    if sender.outcome <> 'allowed' then
      perform public.pause_campaign(p_campaign_id, p_user_id, sender.outcome::text::public.campaign_status_reason);
      outcome := 'paused';
    end if;
  elsif outcome = 'scheduled' then
    wait_ms := ceil(extract(epoch from campaign.scheduled_at - now()) * 1000);
  elsif outcome = 'completed' then
    update public.campaigns c set status = 'completed', status_reason = null, finished_at = now()
    where c.id = p_campaign_id;
  end if;
  if outcome = 'reserved' then
    select * into step from private.reserve_next(campaign, sender, private.plan_of(p_user_id), p_limit);
    outcome := step.outcome;
    wait_ms := step.wait_ms;
  end if;
  if outcome = 'reserved' then
    account_sid := sender.account_sid;
    sealed_token := sender.sealed_token;
    from_number := campaign.from_number;
    media_urls := campaign.media_urls;
    messages := to_jsonb(step.messages);
  end if;
  return next;
end;
$$;
comment on function public.reserve_campaign_batch(uuid, uuid, integer, integer) is
  'Reserves the next messages of a campaign, an array of batch_message, with the account that sends them.';

create function private.campaign_outcome(p_campaign public.campaigns) returns public.reserve_batch_outcome
language plpgsql stable
set search_path = ''
as $$
begin
  return case
    when p_campaign.id is null or p_campaign.status not in ('scheduled', 'running') then 'over'
    when p_campaign.scheduled_at > now() then 'scheduled'
    when p_campaign.waiting = 0 then 'completed'
    else 'reserved'
  end;
end;
$$;
comment on function private.campaign_outcome(public.campaigns) is
  'What a campaign''s own state decides about its next batch; reserved when it may be sent.';

create function private.reserve_next(p_campaign public.campaigns, p_sender private.sender, p_plan public.plans,
  p_limit integer)
returns table (outcome public.reserve_batch_outcome, wait_ms integer, messages public.batch_message[])
language plpgsql
set search_path = ''
as $$
declare
  limit_wait_ms constant integer := 600000;
  closed_wait_ms constant integer := 21600000; -- when daylight saving time has closed the window for weeks
  remaining private.quota;
  reached public.campaign_status_reason;
  rate record;
  allowed integer;
  checked_until integer;
  countries constant text[] := private.open_countries(p_campaign);
begin
  remaining := private.remaining_quota(p_campaign.user_id, p_plan);
  reached := private.reached_limit(remaining, 0)::text;
  select min(s.available) as available, max(s.wait_ms) as wait_ms into rate
  from private.send_rates_of(p_campaign, p_plan) r, private.available_sends(r.subject, r.per_second) s;
  -- After a batch without a response, or a throttled one, one message at a time finds out whether Twilio is back.
  allowed := least(case when p_campaign.failed_batches > 0 then 1 else p_limit end, remaining.daily,
    remaining.monthly, rate.available);

  if countries is not null and not exists (
    select from private.next_recipients(p_campaign.id, countries, 1)) then
    perform private.mark_running(p_campaign.id, 'outside_window');
    outcome := 'outside_window';
    wait_ms := coalesce((
      select greatest(1000, ceil(extract(epoch from min(w.opens_at) - now()) * 1000)) from private.campaign_windows w
      where w.campaign_id = p_campaign.id and w.opens_at > now() and exists (
        select from private.campaign_recipients r
        where r.campaign_id = p_campaign.id and r.country = w.country and r.is_waiting and r.has_window)),
      closed_wait_ms);
  elsif reached is not null then
    -- The limit frees up by itself, with time or with a larger plan.
    perform private.mark_running(p_campaign.id, reached);
    outcome := 'limit_reached';
    wait_ms := limit_wait_ms;
  elsif allowed <= 0 then
    outcome := 'send_rate_reached';
    wait_ms := greatest(rate.wait_ms, 20);
  else
    -- Looks a few hundred recipients ahead, so that many skipped ones do not make many empty batches.
    checked_until := private.skip_recipients(p_campaign, p_plan, countries, allowed + 200);
    messages := private.reserve_recipients(p_campaign, p_sender, p_plan, countries, allowed, checked_until,
      remaining.spend);
    outcome := 'reserved';
    wait_ms := 0;
    if cardinality(messages) = 0 and exists (
      select from private.next_recipients(p_campaign.id, countries, 1) r where r.position <= checked_until) then
      -- A recipient is left whose message costs more than the budget.
      perform private.mark_running(p_campaign.id, 'spend_limit_reached');
      outcome := 'limit_reached';
      wait_ms := limit_wait_ms;
    else
      perform private.mark_running(p_campaign.id, null);
      perform private.note_sends(r.subject, r.per_second, cardinality(messages))
      from private.send_rates_of(p_campaign, p_plan) r where cardinality(messages) > 0;
    end if;
  end if;
  return next;
end;
$$;
comment on function private.reserve_next(public.campaigns, private.sender, public.plans, integer) is
  'Reserves as many messages as the plan''s limits, its budget and the send rates leave.';

-- Dry runs ------------------------------------------------------------------------------------------------------------

create type public.preview_outcome as enum (
  'sent', 'opted_out', 'destination_refused', 'outside_window', 'over_limit');
comment on type public.preview_outcome is
  'What a campaign would do with a recipient when it starts. outside_window: they would wait for their hour. '
  'over_limit: they would wait, because a limit of the plan is reached.';

create type private.recipient_preview as (
  "position" integer, outcome public.preview_outcome, reached public.campaign_status_reason, segments integer,
  cost numeric);
comment on type private.recipient_preview is
  'The result of a dry run for one recipient; reached is the limit that they would wait for.';

create type private.preview_progress as (messages bigint, cost numeric, reached public.campaign_status_reason);
comment on type private.preview_progress is
  'What the recipients before would be sent, and the limit that ends it; reached is null when none does.';

create function private.preview_recipients(p_user_id uuid, p_rule private.campaign_rule, p_body text,
  p_has_media boolean, p_recipients jsonb, p_before private.preview_progress, p_scheduled_at timestamptz)
returns setof private.recipient_preview
language plpgsql stable
set search_path = ''
as $$
declare
  remaining private.quota := private.remaining_quota(p_user_id, p_rule.plan);
  reached public.campaign_status_reason := p_before.reached;
  addressees constant private.recipient[] := array(
    select row(r.position, r."to", r.country)::private.recipient
    from jsonb_to_recordset(p_recipients) as r (position integer, "to" text, country text));
  recipient record;
  draft private.message_draft;
  -- A text without placeholders is the same for all recipients.
  known constant private.text_measure := case when position('{{' in p_body) = 0 then private.measure_text(p_body) end;
  starts_at constant timestamptz := greatest(now(), p_scheduled_at);
  closed constant text[] := array(select w.country from unnest(p_rule.windows) w where w.opens_at > starts_at);
  preview private.recipient_preview;
begin
  remaining := (remaining.daily - coalesce(p_before.messages, 0), remaining.monthly - coalesce(p_before.messages, 0),
    remaining.spend - coalesce(p_before.cost, 0));
  for recipient in
    select r.position, r.country, r.variables, c.skip_reason
    from jsonb_to_recordset(p_recipients) as r (position integer, country text, variables jsonb)
    join private.check_recipients(p_user_id, (p_rule.sender).from_number, p_rule.plan, addressees) c using (position)
    order by r.position
  loop
    preview := (recipient.position, recipient.skip_reason::text, null, null, null);
    if recipient.skip_reason is null then
      draft := private.draft_message(p_rule.plan, p_body, p_has_media, recipient.country, recipient.variables, known);
      preview.segments := draft.segments;
      preview.cost := draft.cost;
      if recipient.country = any (closed) then
        preview.outcome := 'outside_window';
        return next preview;
        continue;
      end if;
      -- A campaign is sent in order: after the first message that does not fit, all wait.
      reached := coalesce(reached, private.reached_limit(remaining, draft.cost)::text::public.campaign_status_reason);
      preview.outcome := case when reached is null then 'sent' else 'over_limit' end;
      preview.reached := reached;
      remaining := (remaining.daily - 1, remaining.monthly - 1, remaining.spend - draft.cost);
    end if;
    return next preview;
  end loop;
end;
$$;
comment on function private.preview_recipients(uuid, private.campaign_rule, text, boolean, jsonb,
  private.preview_progress, timestamptz) is
  'What a campaign would do with each recipient ([{position, to, country, variables}]), decided by the functions that '
  'send it. It changes and locks nothing.';

create type public.preview_campaign_outcome as enum (
  'previewed', 'scheduled_in_past', 'window_never_opens', 'too_many_recipients', 'no_number', 'number_not_owned',
  'number_not_capable', 'no_subaccount', 'pending', 'suspended', 'closed');
comment on type public.preview_campaign_outcome is
  'previewed: the campaign would be created. The others are those of create_campaign_outcome.';

create function public.preview_campaign(p_user_id uuid, p_from text, p_body text, p_media_urls text[],
  p_scheduled_at timestamptz, p_total integer, p_recipients jsonb, p_before_messages bigint, p_before_cost numeric,
  p_before_reached public.campaign_status_reason, p_send_window jsonb default null)
returns table (outcome public.preview_campaign_outcome, recipients_left integer, from_number text, counts jsonb,
  reached public.campaign_status_reason, windows jsonb, never_open text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  rule constant private.campaign_rule := private.check_campaign(p_user_id, p_from, p_scheduled_at,
    p_send_window, array(select distinct r ->> 'country' from jsonb_array_elements(p_recipients) r), p_total,
    cardinality(p_media_urls) > 0);
begin
  outcome := coalesce(rule.outcome::text, 'previewed');
  recipients_left := rule.recipients_left;
  never_open := array(select w.country from unnest(rule.windows) w where w.opens_at is null);
  windows := to_jsonb(rule.windows);
  if outcome = 'previewed' then
    from_number := (rule.sender).from_number;
    select jsonb_agg(to_jsonb(c)), max(c.reached) into counts, reached from (
      select p.outcome, p.reached, count(*) as recipients, sum(p.segments) as segments, sum(p.cost) as cost
      from private.preview_recipients(p_user_id, rule, p_body, cardinality(p_media_urls) > 0, p_recipients,
        row(p_before_messages, p_before_cost, p_before_reached)::private.preview_progress, p_scheduled_at) p
      group by p.outcome, p.reached
    ) c;
  end if;
  return next;
end;
$$;
comment on function public.preview_campaign(uuid, text, text, text[], timestamptz, integer, jsonb, bigint, numeric,
  public.campaign_status_reason, jsonb) is
  'What a campaign of p_total recipients would do with those of p_recipients. A long list comes in parts: before_* are '
  'the sum of the parts before. counts: [{outcome, recipients, segments, cost}]. windows: when the send window is open '
  'for each country of the part, an array of country_window.';

create function public.record_campaign_batch(p_campaign_id uuid, p_user_id uuid, p_results jsonb) returns integer
language plpgsql
set search_path = ''
as $$
declare
  results private.message_evidence[];
  answered integer;
  throttled integer;
  lost integer;
begin
  results := array(
    select r from jsonb_populate_recordset(null::private.message_evidence, p_results) r
    join public.sms_messages m on m.id = r.message_id
    where m.campaign_id = p_campaign_id and m.user_id = p_user_id);

  -- Locks in the order of every callback: messages by id, then totals, then the campaign.
  perform from public.sms_messages m where m.id in (select r.message_id from unnest(results) r)
  order by m.id for update;
  perform from private.sending_totals t
  where t.user_id = p_user_id and t.hour in (select private.hour_of(m.created_at) from public.sms_messages m
    where m.id in (select r.message_id from unnest(results) r))
  order by t.hour for no key update;

  -- Twilio certainly did not process it: the recipient waits again, unless a callback was faster.
  delete from public.sms_messages m using unnest(results) r
  where m.id = r.message_id and r.status in ('released', 'throttled') and m.status = 'reserved'
    and m.twilio_message_sid is null;
  perform private.record_evidence(array(select r from unnest(results) r
    where r.status not in ('released', 'throttled')));

  select count(*) filter (where r.status not in ('unknown', 'released', 'throttled')),
    count(*) filter (where r.status = 'throttled'), count(*) filter (where r.status in ('unknown', 'throttled'))
  into answered, throttled, lost from jsonb_to_recordset(p_results) as r (status text);
  -- A queue that fills up within a batch is full after it.
  update public.campaigns c
  set failed_batches = case when lost > 0 and answered = 0 then c.failed_batches + 1
    when throttled > 0 then 1 else 0 end
  where c.id = p_campaign_id and c.user_id = p_user_id and (c.failed_batches > 0 or lost > 0)
  returning c.failed_batches into lost;
  return coalesce(lost, 0);
end;
$$;
comment on function public.record_campaign_batch(uuid, uuid, jsonb) is
  'Records the results of a batch, an array in the shape of message_evidence. The status released means that Twilio '
  'did not process the message: its recipient waits again. throttled: likewise, because Twilio takes no messages now. '
  'Returns how many batches in a row got no response or were throttled.';

create type public.pause_campaign_outcome as enum ('paused', 'unchanged');
comment on type public.pause_campaign_outcome is 'unchanged: the campaign is neither running nor about to.';

create function public.pause_campaign(p_campaign_id uuid, p_user_id uuid, p_reason public.campaign_status_reason,
  p_error_code integer default null) returns public.pause_campaign_outcome
language plpgsql
set search_path = ''
as $$
declare
  most_alerts_an_hour constant integer := 10;
  campaign public.campaigns;
begin
  update public.campaigns c set status = 'paused', status_reason = p_reason, twilio_error_code = p_error_code
  where c.id = p_campaign_id and c.user_id = p_user_id and c.status in ('scheduled', 'running')
  returning * into campaign;
  if not found then
    return 'unchanged';
  end if;
  perform private.audit_campaign(campaign, 'campaigns', 'paused', null, jsonb_strip_nulls(
    jsonb_build_object('reason', p_reason, 'twilioCode', p_error_code)));
  -- A refused account is converged, which settles why it was refused.
  -- A tenant who resumes their campaigns again and again does not flood the operator.
  if p_error_code is not null and p_reason <> 'account_refused'
    and private.count_in_window('user:' || p_user_id, 'campaign-alert', most_alerts_an_hour, 3600) is null then
    -- Last, because a repeated cause locks the row of its alert.
    perform private.raise_alert('campaign_paused', p_campaign_id::text, p_user_id, jsonb_build_object(
      'reason', p_reason, 'twilioCode', p_error_code, 'phoneNumber', campaign.from_number));
  end if;
  return 'paused';
end;
$$;
comment on function public.pause_campaign(uuid, uuid, public.campaign_status_reason, integer) is
  'Pauses a campaign that cannot continue; its tenant may resume it. An error of Twilio''s about the '
  'number or the settings also alerts the operator, at most ten times an hour for one tenant.';

create function public.pause_campaign_of(p_account_sid text, p_twilio_message_sid text,
  p_reason public.campaign_status_reason, p_error_code integer) returns public.pause_campaign_outcome
language plpgsql
set search_path = ''
as $$
declare
  message public.sms_messages;
begin
  select * into message from public.sms_messages m
  where m.twilio_message_sid = p_twilio_message_sid and m.account_sid = p_account_sid and m.campaign_id is not null
    and m.error_code = p_error_code;
  if not found then
    return 'unchanged';
  end if;
  return public.pause_campaign(message.campaign_id, message.user_id, p_reason, p_error_code);
end;
$$;
comment on function public.pause_campaign_of(text, text, public.campaign_status_reason, integer) is
  'Pauses the campaign of a message that was not delivered for this error, which its other recipients would get, too.';

-- Deleting texts ------------------------------------------------------------------------------------------------------

create function private.delete_campaign_texts(p_user_id uuid, p_finished_before timestamptz, p_limit integer)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  deleted integer;
begin
  -- The variables of messages are deleted with their messages. A campaign has its text until its recipients have none.
  update private.campaign_recipients r set variables = null
  where (r.campaign_id, r.position) in (
    select d.campaign_id, d.position from public.campaigns c
    join private.campaign_recipients d on d.campaign_id = c.id
    where c.user_id = p_user_id and c.body is not null and c.finished_at < p_finished_before
      and d.variables is not null and d.message_id is null
    limit p_limit);
  get diagnostics deleted = row_count;
  if deleted = p_limit then
    return true;
  end if;
  update public.campaigns c set body = null
  where c.user_id = p_user_id and c.body is not null and c.finished_at < p_finished_before;
  return false;
end;
$$;
comment on function private.delete_campaign_texts(uuid, timestamptz, integer) is
  'Deletes the texts of a tenant''s campaigns that ended before a moment, and the variables of up to p_limit '
  'recipients without a message. True: more may be left.';

create function public.delete_campaign_recipients(p_kept_days integer, p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  ended constant uuid[] := array(
    select c.id from public.campaigns c
    where c.finished_at < now() - make_interval(days => p_kept_days) and c.recipients_deleted_at is null
    order by c.finished_at limit p_limit
    for no key update skip locked);
  deleted integer;
begin
  delete from private.campaign_recipients r
  where (r.campaign_id, r.position) in (
    select d.campaign_id, d.position from unnest(ended) e (id)
    join private.campaign_recipients d on d.campaign_id = e.id limit p_limit);
  get diagnostics deleted = row_count;
  delete from private.campaign_windows w where w.campaign_id = any (ended);
  update public.campaigns c set recipients_deleted_at = now()
  where c.id = any (ended)
    and not exists (select from private.campaign_recipients r where r.campaign_id = c.id);
  return greatest(deleted, cardinality(ended));
end;
$$;
comment on function public.delete_campaign_recipients(integer, integer) is
  'Deletes the recipients of campaigns that ended more than p_kept_days ago: at most p_limit, the oldest campaigns '
  'first. Returns p_limit when more may be due.';

insert into private.schedules (name, job, every)
  values ('delete-campaign-recipients', '{"kind": "delete-campaign-recipients"}', '1 hour');

create function private.erase_campaigns(p_user_id uuid, p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  emptied constant uuid[] := array(
    select d.id from public.campaigns d where d.user_id = p_user_id and d.request_hash <> ''
    order by d.id limit p_limit for update);
  erased integer;
begin
  update public.campaigns c set name = null, body = null, media_urls = '{}', send_window = null,
    idempotency_key = c.id::text, request_hash = '', status_reason = null, twilio_error_code = null,
    status = case when c.status in ('canceled', 'completed') then c.status else 'canceled' end,
    finished_at = coalesce(c.finished_at, now()), skipped = c.skipped + c.waiting, waiting = 0
  where c.id = any (emptied);
  delete from private.campaign_recipients r
  where r.ctid = any (array(
    select d.ctid from public.campaigns c
    join private.campaign_recipients d on d.campaign_id = c.id
    where c.user_id = p_user_id limit p_limit for update of d));
  get diagnostics erased = row_count;
  delete from private.campaign_windows w
  where w.campaign_id in (select c.id from public.campaigns c where c.user_id = p_user_id);
  perform private.settle_alert('campaign_paused', e.id::text) from unnest(emptied) e (id);
  return cardinality(emptied) + erased;
end;
$$;
comment on function private.erase_campaigns(uuid, integer) is
  'Ends and empties a deleted user''s campaigns and deletes up to p_limit of their recipients. Returns 0 when nothing '
  'is left.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.campaign_count_of(public.message_status),
  private.move_campaign_count(uuid, public.campaign_count, public.campaign_count, integer),
  private.count_campaign_update(),
  private.count_campaign_deletes(),
  private.enqueue_campaign(public.campaigns),
  private.recipients_left(uuid, public.plans),
  private.check_campaign(uuid, text, timestamptz, jsonb, text[], integer, boolean),
  public.create_campaign(uuid, text, text, text, text, text, text[], timestamptz, jsonb, text, text, integer, integer,
    jsonb),
  private.insert_campaign(uuid, text, text, text, text, text, text[], timestamptz, jsonb, jsonb,
    private.country_window[]),
  private.changed_status(public.campaigns, public.campaign_change),
  public.change_campaign(uuid, uuid, public.campaign_change, text),
  private.audit_campaign(public.campaigns, text, text, text, jsonb),
  public.list_campaigns(uuid, uuid, public.campaign_status, timestamptz, uuid, integer),
  public.list_campaign_recipients(uuid, uuid, public.campaign_count, integer, integer),
  private.available_sends(text, numeric),
  private.note_sends(text, numeric, integer),
  public.delay_sender(text, integer),
  private.send_rates_of(public.campaigns, public.plans),
  private.render_text(text, jsonb),
  private.lock_campaign(uuid, uuid, integer),
  private.mark_running(uuid, public.campaign_status_reason),
  private.check_recipients(uuid, text, public.plans, private.recipient[]),
  private.open_countries(public.campaigns),
  private.next_recipients(uuid, text[], integer),
  private.skip_recipients(public.campaigns, public.plans, text[], integer),
  private.draft_message(public.plans, text, boolean, text, jsonb, private.text_measure),
  private.draft_batch(public.campaigns, public.plans, text[], integer, integer),
  private.reserve_recipients(public.campaigns, private.sender, public.plans, text[], integer, integer, numeric),
  public.reserve_campaign_batch(uuid, uuid, integer, integer),
  private.campaign_outcome(public.campaigns),
  private.reserve_next(public.campaigns, private.sender, public.plans, integer),
  private.preview_recipients(uuid, private.campaign_rule, text, boolean, jsonb, private.preview_progress,
    timestamptz),
  public.preview_campaign(uuid, text, text, text[], timestamptz, integer, jsonb, bigint, numeric,
    public.campaign_status_reason, jsonb),
  public.record_campaign_batch(uuid, uuid, jsonb),
  public.pause_campaign(uuid, uuid, public.campaign_status_reason, integer),
  public.pause_campaign_of(text, text, public.campaign_status_reason, integer),
  private.delete_campaign_texts(uuid, timestamptz, integer),
  public.delete_campaign_recipients(integer, integer),
  private.erase_campaigns(uuid, integer)
  from public, anon, authenticated;
grant execute on function
  private.campaign_count_of(public.message_status),
  private.move_campaign_count(uuid, public.campaign_count, public.campaign_count, integer),
  private.enqueue_campaign(public.campaigns),
  private.recipients_left(uuid, public.plans),
  private.check_campaign(uuid, text, timestamptz, jsonb, text[], integer, boolean),
  public.create_campaign(uuid, text, text, text, text, text, text[], timestamptz, jsonb, text, text, integer, integer,
    jsonb),
  private.insert_campaign(uuid, text, text, text, text, text, text[], timestamptz, jsonb, jsonb,
    private.country_window[]),
  private.changed_status(public.campaigns, public.campaign_change),
  public.change_campaign(uuid, uuid, public.campaign_change, text),
  private.audit_campaign(public.campaigns, text, text, text, jsonb),
  public.list_campaigns(uuid, uuid, public.campaign_status, timestamptz, uuid, integer),
  public.list_campaign_recipients(uuid, uuid, public.campaign_count, integer, integer),
  private.available_sends(text, numeric),
  private.note_sends(text, numeric, integer),
  public.delay_sender(text, integer),
  private.send_rates_of(public.campaigns, public.plans),
  private.render_text(text, jsonb),
  private.lock_campaign(uuid, uuid, integer),
  private.mark_running(uuid, public.campaign_status_reason),
  private.check_recipients(uuid, text, public.plans, private.recipient[]),
  private.open_countries(public.campaigns),
  private.next_recipients(uuid, text[], integer),
  private.skip_recipients(public.campaigns, public.plans, text[], integer),
  private.draft_message(public.plans, text, boolean, text, jsonb, private.text_measure),
  private.draft_batch(public.campaigns, public.plans, text[], integer, integer),
  private.reserve_recipients(public.campaigns, private.sender, public.plans, text[], integer, integer, numeric),
  public.reserve_campaign_batch(uuid, uuid, integer, integer),
  private.campaign_outcome(public.campaigns),
  private.reserve_next(public.campaigns, private.sender, public.plans, integer),
  private.preview_recipients(uuid, private.campaign_rule, text, boolean, jsonb, private.preview_progress,
    timestamptz),
  public.preview_campaign(uuid, text, text, text[], timestamptz, integer, jsonb, bigint, numeric,
    public.campaign_status_reason, jsonb),
  public.record_campaign_batch(uuid, uuid, jsonb),
  public.pause_campaign(uuid, uuid, public.campaign_status_reason, integer),
  public.pause_campaign_of(text, text, public.campaign_status_reason, integer),
  private.delete_campaign_texts(uuid, timestamptz, integer),
  public.delete_campaign_recipients(integer, integer),
  private.erase_campaigns(uuid, integer)
  to service_role;
