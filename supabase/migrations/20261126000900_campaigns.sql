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
  'no_number', 'number_not_owned', 'number_not_capable', 'number_over_limit', 'no_subaccount', 'pending', 'suspended',
  'closed');
comment on type public.campaign_status_reason is
  'Why a campaign waits or is paused. The limits are those of the plan. outside_window: its send window is closed. '
  'account_refused: Twilio refused the credentials. sender_refused: the number cannot send. twilio_refused: another '
  'error of Twilio''s that is not about a recipient. twilio_throttled: for about an hour, Twilio took no message of '
  'this number. The last eight are those of sender_outcome.';

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
  retry_of uuid references public.campaigns (id) on delete set null,
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
comment on column public.campaigns.retry_of is
  'The campaign whose failed recipients this one is sent to; null for one that was not made by retry_campaign.';
create unique index campaigns_one_per_key on public.campaigns (user_id, idempotency_key);
create index campaigns_newest_first on public.campaigns (user_id, created_at desc, id desc);
create index campaigns_with_recipients on public.campaigns (user_id) where recipients_deleted_at is null;
create index campaigns_by_retried on public.campaigns (retry_of) where retry_of is not null;
create index campaigns_ended on public.campaigns (finished_at)
  where finished_at is not null and recipients_deleted_at is null;
create trigger touch_updated_at before update on public.campaigns
  for each row when (old.* is distinct from new.*) execute function private.touch_updated_at();

alter table public.campaigns enable row level security;
revoke all on public.campaigns from public, anon, authenticated, service_role;
grant select (id, user_id, name, from_number, body, media_urls, status, status_reason, twilio_error_code,
  scheduled_at, send_window, started_at, finished_at, total, waiting,
  in_flight, sent, delivered, failed, unknown, skipped, recipients_deleted_at, retry_of, created_at,
  updated_at) on public.campaigns to authenticated;
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

-- Fired after those of the totals (in the order of their names): see add_changes.

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
  'too_many_recipients', 'no_number', 'number_not_owned', 'number_not_capable', 'number_over_limit',
  'no_subaccount', 'pending', 'suspended', 'closed');
comment on type public.create_campaign_outcome is
  'duplicate: the key was used for the same request. key_conflict: for another one. scheduled_in_past: more than two '
  'minutes ago; a later time in the past means now. window_never_opens: the send window is never open in all time '
  'zones of a country. too_many_recipients: more would wait than the plan sends in a month, or be stored than '
  'recipients_left allows. The last eight are those of sender_outcome.';

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
returns table (outcome public.create_campaign_outcome, campaign jsonb, spending jsonb, retry_after_seconds integer,
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
  spending := private.check_spending(p_user_id);
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
  'created now or under this key before. spending: what the tenant is shown when 80 % of the spend limit are used. '
  'recipients_left: how many more may wait, before this request. never_open: the countries for which the send window '
  'never opens.';

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

-- Retries -------------------------------------------------------------------------------------------------------------

create function private.failed_recipients(p_campaign public.campaigns) returns setof private.campaign_recipients
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select r.* from private.campaign_recipients r
    join public.sms_messages m on m.id = r.message_id
    where r.campaign_id = p_campaign.id and private.campaign_count_of(m.status) = 'failed'
      -- What was deleted is not sent again.
      and m.redacted_at is null
      and (r.variables is not null or p_campaign.body is null or position('{{' in p_campaign.body) = 0)
      -- One that an earlier retry has, unless that retry was canceled before their turn.
      and not exists (
        select from public.campaigns c
        join private.campaign_recipients d on d.campaign_id = c.id and d.position = r.position
        where c.retry_of = p_campaign.id and not (d.is_waiting and c.status = 'canceled'));
end;
$$;
comment on function private.failed_recipients(public.campaigns) is
  'The recipients of a campaign whose message certainly failed, and who are in no retry of it. One whose response was '
  'lost is not among them: the message may have been delivered.';

create type public.retry_campaign_outcome as enum (
  'created', 'duplicate', 'key_conflict', 'rate_limited', 'not_found', 'not_over', 'nothing_failed', 'texts_deleted',
  'window_never_opens', 'too_many_recipients', 'no_number', 'number_not_owned', 'number_not_capable',
  'number_over_limit', 'no_subaccount', 'pending', 'suspended', 'closed');
comment on type public.retry_campaign_outcome is
  'not_over: the campaign is neither completed nor canceled. nothing_failed: no recipient has failed, or all that '
  'have are in an earlier retry. texts_deleted: its text or its recipients are deleted. The others are those of '
  'create_campaign_outcome.';

create function public.retry_campaign(p_user_id uuid, p_campaign_id uuid, p_idempotency_key text, p_request_id text,
  p_address text, p_user_rate integer, p_address_rate integer)
returns table (outcome public.retry_campaign_outcome, campaign jsonb, retry_after_seconds integer,
  recipients_left integer, recipients integer, never_open text[])
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  p_request_hash constant text := 'retry ' || p_campaign_id;
  retried public.campaigns;
  made public.campaigns;
  failed jsonb;
  rule private.campaign_rule;
begin
  -- Two retries at once wait for each other here: the second finds the recipients of the first.
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

  select * into retried from public.campaigns c where c.id = p_campaign_id and c.user_id = p_user_id;
  failed := (
    select jsonb_agg(jsonb_build_object('position', f.position, 'to', f.to_number, 'country', f.country,
      'variables', f.variables) order by f.position)
    from private.failed_recipients(retried) f);
  recipients := coalesce(jsonb_array_length(failed), 0);
  outcome := case
    when retried.id is null then 'not_found'
    when retried.status not in ('completed', 'canceled') then 'not_over'
    when retried.recipients_deleted_at is not null or (retried.body is null and cardinality(retried.media_urls) = 0)
      then 'texts_deleted'
    when recipients = 0 then 'nothing_failed' end;
  if outcome is not null then
    return next;
    return;
  end if;

  rule := private.check_campaign(p_user_id, retried.from_number, null, retried.send_window,
    array(select distinct r ->> 'country' from jsonb_array_elements(failed) r), recipients,
    cardinality(retried.media_urls) > 0);
  recipients_left := rule.recipients_left;
  never_open := array(select w.country from unnest(rule.windows) w where w.opens_at is null);
  if rule.outcome is not null then
    outcome := rule.outcome::text;
    return next;
    return;
  end if;

  outcome := 'created';
  made := private.insert_campaign(p_user_id, p_idempotency_key, p_request_hash, retried.name, retried.from_number,
    retried.body, retried.media_urls, null, failed, retried.send_window, rule.windows);
  update public.campaigns c set retry_of = p_campaign_id where c.id = made.id returning to_jsonb(c) into campaign;
  perform private.audit('user:' || p_user_id, 'campaign.created', p_user_id, (rule.sender).account_sid, p_request_id,
    jsonb_build_object('campaignId', made.id, 'recipients', recipients, 'retryOf', p_campaign_id));
  return next;
end;
$$;
comment on function public.retry_campaign(uuid, uuid, text, text, text, integer, integer) is
  'Makes a campaign of the failed recipients of one that is over, with their variables and positions: once per key, '
  'and each recipient in one retry. It begins at once. recipients: how many they are.';

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
  delete from private.send_rates r
  where r.subject = 'user:' || p_user_id
    or r.subject in (select 'number:' || c.from_number from public.campaigns c where c.id = any (emptied));
  update public.campaigns c set name = null, from_number = '', body = null, media_urls = '{}', send_window = null,
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
  private.failed_recipients(public.campaigns),
  public.retry_campaign(uuid, uuid, text, text, text, integer, integer),
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
  private.failed_recipients(public.campaigns),
  public.retry_campaign(uuid, uuid, text, text, text, integer, integer),
  private.delete_campaign_texts(uuid, timestamptz, integer),
  public.delete_campaign_recipients(integer, integer),
  private.erase_campaigns(uuid, integer)
  to service_role;
