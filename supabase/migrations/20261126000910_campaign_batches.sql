-- How a running campaign reserves its messages, batch by batch, within its send rates.

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
    perform private.lock_totals_of_sending(p_user_id);
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
  body text, segments integer, encoding public.message_encoding, cost numeric, price numeric);
comment on type private.message_draft is
  'A rendered message of a campaign, with its estimated cost and its price for the tenant.';

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
  draft.price := private.tenant_price(p_plan, draft.cost);
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
      select b.*, sum((b.message).price) over (order by b.position) as price_so_far
      from private.draft_batch(p_campaign, p_plan, p_countries, p_limit, p_until) b
    ) d
    where d.price_so_far <= p_budget order by d.position);
  insert into public.sms_messages (id, user_id, direction, from_number, to_number, country, body, media_urls,
    has_media, status, account_sid, source, num_segments, encoding, estimated_price, markup, plan_key, campaign_id,
    idempotency_key, request_hash)
  select d.id, p_campaign.user_id, 'outbound', p_campaign.from_number, d.to_number, d.country,
    (d.message).body, p_campaign.media_urls, cardinality(p_campaign.media_urls) > 0, 'reserved',
    p_sender.account_sid, 'subaccount', (d.message).segments, (d.message).encoding, (d.message).cost,
    coalesce(p_plan.markup, 1), p_plan.key, p_campaign.id,
    'campaign ' || p_campaign.id || ' ' || d.position, ''
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
  'Reserves messages to the next recipients up to position p_until, at most p_limit and within p_budget, which is in '
  'the tenant''s price.';

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
    perform private.note_spending(p_campaign.user_id, p_plan, remaining, 0, true)
    where reached = 'spend_limit_reached';
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
      perform private.note_spending(p_campaign.user_id, p_plan, remaining, 0, true);
      outcome := 'limit_reached';
      wait_ms := limit_wait_ms;
    else
      perform private.mark_running(p_campaign.id, null);
      perform private.check_spending(p_campaign.user_id) where cardinality(messages) > 0;
      perform private.note_sends(r.subject, r.per_second, cardinality(messages))
      from private.send_rates_of(p_campaign, p_plan) r where cardinality(messages) > 0;
    end if;
  end if;
  return next;
end;
$$;
comment on function private.reserve_next(public.campaigns, private.sender, public.plans, integer) is
  'Reserves as many messages as the plan''s limits, its budget and the send rates leave.';

-- Results -------------------------------------------------------------------------------------------------------------

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

  -- Locks in the order of every callback: messages by id, then their totals, then the campaign.
  perform from public.sms_messages m where m.id in (select r.message_id from unnest(results) r)
  order by m.id for update;
  perform private.lock_totals_of(array(select r.message_id from unnest(results) r));

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

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
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
  public.record_campaign_batch(uuid, uuid, jsonb),
  public.pause_campaign(uuid, uuid, public.campaign_status_reason, integer),
  public.pause_campaign_of(text, text, public.campaign_status_reason, integer)
  from public, anon, authenticated;
grant execute on function
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
  public.record_campaign_batch(uuid, uuid, jsonb),
  public.pause_campaign(uuid, uuid, public.campaign_status_reason, integer),
  public.pause_campaign_of(text, text, public.campaign_status_reason, integer)
  to service_role;
