-- Dry runs: what a campaign would do, decided by the functions that send it.

-- Dry runs ------------------------------------------------------------------------------------------------------------

create type public.preview_outcome as enum (
  'sent', 'opted_out', 'destination_refused', 'outside_window', 'over_limit');
comment on type public.preview_outcome is
  'What a campaign would do with a recipient when it starts. outside_window: they would wait for their hour. '
  'over_limit: they would wait, because a limit of the plan is reached.';

create type private.recipient_preview as (
  "position" integer, outcome public.preview_outcome, reached public.campaign_status_reason, segments integer,
  price numeric);
comment on type private.recipient_preview is
  'The result of a dry run for one recipient; reached is the limit that they would wait for. price: for the tenant.';

create type private.preview_progress as (messages bigint, price numeric, reached public.campaign_status_reason);
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
  remaining.daily := remaining.daily - coalesce(p_before.messages, 0);
  remaining.monthly := remaining.monthly - coalesce(p_before.messages, 0);
  remaining.spend := remaining.spend - coalesce(p_before.price, 0);
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
      preview.price := draft.price;
      if recipient.country = any (closed) then
        preview.outcome := 'outside_window';
        return next preview;
        continue;
      end if;
      -- A campaign is sent in order: after the first message that does not fit, all wait.
      reached := coalesce(reached, private.reached_limit(remaining, draft.price)::text::public.campaign_status_reason);
      preview.outcome := case when reached is null then 'sent' else 'over_limit' end;
      preview.reached := reached;
      remaining.daily := remaining.daily - 1;
      remaining.monthly := remaining.monthly - 1;
      remaining.spend := remaining.spend - draft.price;
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
  'number_not_capable', 'number_over_limit', 'no_subaccount', 'pending', 'suspended', 'closed');
comment on type public.preview_campaign_outcome is
  'previewed: the campaign would be created. The others are those of create_campaign_outcome.';

create function public.preview_campaign(p_user_id uuid, p_from text, p_body text, p_media_urls text[],
  p_scheduled_at timestamptz, p_total integer, p_countries text[], p_recipients jsonb, p_before_messages bigint,
  p_before_price numeric, p_before_reached public.campaign_status_reason, p_send_window jsonb default null)
returns table (outcome public.preview_campaign_outcome, recipients_left integer, from_number text, counts jsonb,
  reached public.campaign_status_reason, windows jsonb, never_open text[], currency text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  rule constant private.campaign_rule := private.check_campaign(p_user_id, p_from, p_scheduled_at,
    p_send_window, p_countries, p_total, cardinality(p_media_urls) > 0);
begin
  outcome := coalesce(rule.outcome::text, 'previewed');
  recipients_left := rule.recipients_left;
  never_open := array(select w.country from unnest(rule.windows) w where w.opens_at is null);
  windows := to_jsonb(rule.windows);
  if outcome = 'previewed' then
    from_number := (rule.sender).from_number;
    currency := private.currency();
    select jsonb_agg(to_jsonb(c)), max(c.reached) into counts, reached from (
      select p.outcome, p.reached, count(*) as recipients, sum(p.segments) as segments, sum(p.price) as price
      from private.preview_recipients(p_user_id, rule, p_body, cardinality(p_media_urls) > 0, p_recipients,
        row(p_before_messages, p_before_price, p_before_reached)::private.preview_progress, p_scheduled_at) p
      group by p.outcome, p.reached
    ) c;
  end if;
  return next;
end;
$$;
comment on function public.preview_campaign(uuid, text, text, text[], timestamptz, integer, text[], jsonb, bigint,
  numeric, public.campaign_status_reason, jsonb) is
  'What a campaign of p_total recipients in p_countries would do with those of p_recipients. A long list comes in '
  'parts: before_* are the sum of the parts before. counts: [{outcome, recipients, segments, price}]; '
  'the price is the tenant''s, in currency (null before one was read). windows: when the send window is open for each '
  'country, an array of country_window.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.preview_recipients(uuid, private.campaign_rule, text, boolean, jsonb, private.preview_progress, timestamptz),
  public.preview_campaign(uuid, text, text, text[], timestamptz, integer, text[], jsonb, bigint, numeric,
    public.campaign_status_reason, jsonb)
  from public, anon, authenticated;
grant execute on function
  private.preview_recipients(uuid, private.campaign_rule, text, boolean, jsonb, private.preview_progress, timestamptz),
  public.preview_campaign(uuid, text, text, text[], timestamptz, integer, text[], jsonb, bigint, numeric,
    public.campaign_status_reason, jsonb)
  to service_role;
