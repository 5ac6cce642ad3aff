-- A tenant's rules for their messages, and the decision that reserves a message before Twilio is called.

-- Settings ------------------------------------------------------------------------------------------------------------

create table public.messaging_settings (
  user_id uuid primary key references auth.users (id) on delete cascade,
  stop_reply text,
  start_reply text,
  help_reply text,
  allowed_countries text[],
  retention_days integer,
  version integer not null default 0,
  updated_at timestamptz not null default now(),
  constraint messaging_settings_countries_iso
    check (cardinality(allowed_countries) > 0 and allowed_countries <@ private.countries()),
  constraint messaging_settings_retention_sensible check (retention_days between 1 and 3650)
);
comment on table public.messaging_settings is
  'A tenant''s own rules for their messages: replies to keywords, countries, retention. Without a row, and where a '
  'column is null, the default holds.';
comment on column public.messaging_settings.stop_reply is
  'The reply to STOP; likewise for START and HELP. Null leaves the reply to Twilio, which has its own: our replies to '
  'START and HELP are sent in addition to it, and our reply to STOP is blocked (21610), unless Twilio''s support has '
  'turned off its handling of keywords.';
comment on column public.messaging_settings.allowed_countries is
  'Narrows the plan''s list and never widens it. A country includes its territories, as in the plan.';
comment on column public.messaging_settings.retention_days is
  'Bodies and media of older messages are deleted, at Twilio and here. Null keeps them.';
comment on column public.messaging_settings.version is
  'Counts the changes. A caller who names the version that they read replaces no other.';
create trigger touch_updated_at before update on public.messaging_settings
  for each row when (old.* is distinct from new.*) execute function private.touch_updated_at();

alter table public.messaging_settings enable row level security;
revoke all on public.messaging_settings from public, anon, authenticated, service_role;
grant select on public.messaging_settings to authenticated;
grant select, insert, update, delete on public.messaging_settings to service_role;
create policy "A tenant reads their own messaging settings" on public.messaging_settings
  for select to authenticated using ((select auth.uid()) = user_id);

create function private.note_changed_retention() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.set_due(new.user_id, 'redaction', case when new.retention_days is not null then now() end);
  return null;
end;
$$;
comment on function private.note_changed_retention() is
  'Trigger: a tenant''s texts are due for the check of their age when the retention changes, and then daily.';
create trigger due_when_new after insert on public.messaging_settings
  for each row when (new.retention_days is not null) execute function private.note_changed_retention();
create trigger due_when_changed after update on public.messaging_settings
  for each row when (old.retention_days is distinct from new.retention_days)
  execute function private.note_changed_retention();

create type public.save_settings_outcome as enum ('saved', 'changed', 'unknown_user');
comment on type public.save_settings_outcome is
  'changed: other settings were saved since the caller read them. unknown_user: the user was deleted; their token may '
  'still be valid.';

create function public.save_messaging_settings(
  p_user_id uuid, p_stop_reply text, p_start_reply text, p_help_reply text, p_allowed_countries text[],
  p_retention_days integer, p_version integer default null
) returns table (outcome public.save_settings_outcome, version integer)
language plpgsql
set search_path = ''
as $$
declare
  is_saved boolean;
begin
  if not private.user_exists(p_user_id) then
    outcome := 'unknown_user';
    return next;
    return;
  end if;
  insert into public.messaging_settings (user_id) values (p_user_id) on conflict do nothing;
  update public.messaging_settings s set stop_reply = p_stop_reply, start_reply = p_start_reply,
    help_reply = p_help_reply, allowed_countries = p_allowed_countries, retention_days = p_retention_days,
    version = s.version + 1
  where s.user_id = p_user_id and s.version = coalesce(p_version, s.version)
    and (s.stop_reply, s.start_reply, s.help_reply, s.allowed_countries, s.retention_days)
      is distinct from (p_stop_reply, p_start_reply, p_help_reply, p_allowed_countries, p_retention_days);
  -- A repeated request finds what it has saved, under a later version than it names.
  select s.version, (s.stop_reply, s.start_reply, s.help_reply, s.allowed_countries, s.retention_days)
      is not distinct from (p_stop_reply, p_start_reply, p_help_reply, p_allowed_countries, p_retention_days)
  into version, is_saved
  from public.messaging_settings s where s.user_id = p_user_id;
  outcome := case when is_saved then 'saved' else 'changed' end;
  return next;
end;
$$;
comment on function public.save_messaging_settings(uuid, text, text, text, text[], integer, integer) is
  'Replaces all of a tenant''s messaging settings. With p_version only if they still have this version, or are equal.';

-- Sending -------------------------------------------------------------------------------------------------------------

-- One decision reserves the row, one call goes to Twilio, one decision records the result.

create type public.sender_outcome as enum (
  'allowed', 'unconfirmed_user', 'no_number', 'number_not_owned', 'number_not_capable', 'number_over_limit',
  'no_subaccount', 'pending', 'suspended', 'closed');
comment on type public.sender_outcome is
  'Whether a tenant may send, and from the number they name. number_not_capable: the number cannot send this kind of '
  'message. number_over_limit: it is beyond the plan''s numbers. unconfirmed_user: they have confirmed no address, '
  'which the shared numbers need. pending, suspended and closed are account statuses.';

create type private.sender as (
  outcome public.sender_outcome, from_number text, account_sid text, sealed_token text, source public.message_source);
comment on type private.sender is
  'The number and the account a message goes out with. The master account has no SID and no token here.';

create function private.sender_of(p_user_id uuid, p_from text, p_fallback boolean, p_has_media boolean default false)
returns private.sender
language plpgsql stable
set search_path = ''
as $$
declare
  account constant private.account := private.account_of(p_user_id);
  sender private.sender;
  is_capable boolean;
  number_id uuid;
begin
  -- Auth is asked: the host's preferences may outlive the user, and so may the user's token.
  if not private.user_exists(p_user_id) then
    sender.outcome := 'closed';
    return sender;
  end if;
  case account.status
    when 'active' then
      sender.source := 'subaccount';
      sender.account_sid := account.subaccount_sid;
      sender.sealed_token := account.sealed_token;
      select n.id, n.phone_number, private.can_send(n.capabilities, p_has_media)
      into number_id, sender.from_number, is_capable
      from public.user_twilio_numbers n
      where n.user_id = p_user_id and n.status = 'active'
        and (n.phone_number = p_from
          -- A primary number that cannot send at all is none: the next sync chooses another.
          or (p_from is null and n.is_primary and private.can_send(n.capabilities, false)));
      if private.is_sending_over(p_user_id, number_id) then
        sender.outcome := 'number_over_limit';
        return sender;
      end if;
    when 'none' then
      if not p_fallback then
        sender.outcome := 'no_subaccount';
        return sender;
      end if;
      if cardinality(private.confirmed_contacts(p_user_id)) = 0 then
        sender.outcome := 'unconfirmed_user';
        return sender;
      end if;
      sender.source := 'master';
      select m.phone_number, private.can_send(m.capabilities, p_has_media) into sender.from_number, is_capable
      from private.master_numbers m
      where m.is_offered and (p_from is null or m.phone_number = p_from)
      order by private.can_send(m.capabilities, p_has_media) desc, m.phone_number limit 1;
    else
      -- The master account is no way around a suspension.
      sender.outcome := account.status;
      return sender;
  end case;
  sender.outcome := case when is_capable then 'allowed' when sender.from_number is not null then 'number_not_capable'
    when p_from is null then 'no_number' else 'number_not_owned' end;
  return sender;
end;
$$;
comment on function private.sender_of(uuid, text, boolean, boolean) is
  'The account and number a tenant sends with. p_fallback: without a subaccount, a master number, one that can send '
  'media if there are any. The tenant''s own primary number is not replaced by another for media.';

create function private.lock_sending(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('send:' || p_user_id, 0));
end;
$$;
comment on function private.lock_sending(uuid) is
  'Makes a tenant''s sends wait for each other, so that concurrent requests cannot exceed a limit.';

create function private.is_destination_refused(p_user_id uuid, p_country text, p_plan public.plans) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  -- Without a list every country is allowed; a list refuses the countries that are not in it.
  return (p_plan.allowed_countries is not null
      and not private.is_country_in(p_country, p_plan.allowed_countries, p_plan.excluded_territories))
    or exists (select from public.messaging_settings s
      where s.user_id = p_user_id and s.allowed_countries is not null
        and not private.is_country_in(p_country, s.allowed_countries, p_plan.excluded_territories));
end;
$$;
comment on function private.is_destination_refused(uuid, text, public.plans) is
  'Whether the plan or the tenant''s settings exclude a country (ISO 3166). A territory counts with its mother '
  'country, unless the plan excludes it.';

create type public.reserve_message_outcome as enum (
  'reserved', 'duplicate', 'key_conflict', 'rate_limited', 'destination_refused', 'opted_out', 'daily_limit_reached',
  'monthly_limit_reached', 'spend_limit_reached', 'recipient_limit_reached', 'fallback_limit_reached',
  'unconfirmed_user', 'no_number', 'number_not_owned', 'number_not_capable', 'number_over_limit', 'no_subaccount',
  'pending', 'suspended', 'closed');
comment on type public.reserve_message_outcome is
  'duplicate: the key was used for the same request. key_conflict: for another one. recipient_limit_reached, '
  'fallback_limit_reached: the limits of the shared numbers for one recipient and for all users together. The last '
  'nine are those of sender_outcome.';

create type private.sending_rule as (
  outcome public.reserve_message_outcome, message_limit numeric, remaining private.quota);
comment on type private.sending_rule is
  'A rule that forbids a message, with the limit it reached. outcome is null when no rule does. remaining: the quota '
  'before the message; null when it was not looked at.';

create function private.reached_limit(p_remaining private.quota, p_price numeric) returns public.reserve_message_outcome
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when p_remaining.daily <= 0 then 'daily_limit_reached'
    when p_remaining.monthly <= 0 then 'monthly_limit_reached'
    when p_remaining.spend < p_price then 'spend_limit_reached' end;
end;
$$;
comment on function private.reached_limit(private.quota, numeric) is
  'The limit that a message of this price for the tenant would exceed; null when it fits.';

create function private.check_sending_rules(
  p_user_id uuid, p_sender private.sender, p_plan public.plans, p_to text, p_country text, p_price numeric
) returns private.sending_rule
language plpgsql stable
set search_path = ''
as $$
declare
  rule private.sending_rule;
begin
  if p_sender.outcome <> 'allowed' then
    rule.outcome := p_sender.outcome;
    return rule;
  end if;
  rule.remaining := private.remaining_quota(p_user_id, p_plan);
  if private.is_destination_refused(p_user_id, p_country, p_plan) then
    rule.outcome := 'destination_refused';
  elsif private.has_opted_out(p_user_id, p_sender.from_number, p_to) then
    rule.outcome := 'opted_out';
  else
    rule.outcome := private.reached_limit(rule.remaining, p_price);
    rule.message_limit := case rule.outcome when 'daily_limit_reached' then coalesce(p_plan.daily_message_limit, 0)
      when 'monthly_limit_reached' then coalesce(p_plan.monthly_message_limit, 0)
      when 'spend_limit_reached' then coalesce(p_plan.spend_limit, 0) end;
  end if;
  return rule;
end;
$$;
comment on function private.check_sending_rules(uuid, private.sender, public.plans, text, text, numeric) is
  'The first rule that forbids a message of p_price for the tenant; its outcome is null when the message may go. p_to '
  'is null for the confirmation of a STOP, which no opt-out forbids.';

create function public.reserve_message(
  p_user_id uuid, p_idempotency_key text, p_request_hash text, p_to text, p_country text, p_from text, p_body text,
  p_media_urls text[], p_segments integer, p_encoding public.message_encoding, p_fallback boolean,
  p_master_account_sid text,
  p_address text default null, p_user_rate integer default null, p_address_rate integer default null
)
returns table (
  outcome public.reserve_message_outcome, message jsonb, sealed_token text, from_number text, message_limit numeric,
  spending jsonb, retry_after_seconds integer
)
language plpgsql
set search_path = ''
-- One plan for each statement: otherwise every connection plans each of them five times, and again after each analyze.
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
declare
  sender private.sender;
  plan public.plans;
  cost numeric;
  price numeric;
  rule private.sending_rule;
  fallback_rule private.sending_rule;
begin
  -- The tenant's lock first: no row that tenants share is locked while this waits.
  perform private.lock_sending(p_user_id);
  if p_user_rate is not null then
    retry_after_seconds := private.count_request('send', p_user_id, p_address, p_user_rate, p_address_rate, 60);
    if retry_after_seconds is not null then
      outcome := 'rate_limited';
      return next;
      return;
    end if;
  end if;

  select case when m.request_hash = p_request_hash then 'duplicate' else 'key_conflict' end, to_jsonb(m)
  into outcome, message
  from public.sms_messages m where m.user_id = p_user_id and m.idempotency_key = p_idempotency_key;
  if not found then
    sender := private.sender_of(p_user_id, p_from, p_fallback, cardinality(p_media_urls) > 0);
    from_number := sender.from_number;
    plan := private.sending_plan(p_user_id, sender.source);
    cost := private.message_cost(plan, p_country, p_segments, cardinality(p_media_urls) > 0);
    price := private.tenant_price(plan, cost);
    rule := private.check_sending_rules(p_user_id, sender, plan, p_to, p_country, price);
    outcome := rule.outcome;
    message_limit := rule.message_limit;
    if outcome = 'spend_limit_reached' then
      spending := coalesce(private.note_spending(p_user_id, plan, rule.remaining, 0, true),
        private.shown_spending(coalesce(plan.spend_limit, 0), rule.remaining));
    end if;
  end if;
  if outcome is not null then
    return next;
    return;
  end if;

  insert into public.sms_messages as m (user_id, direction, from_number, to_number, country, body, media_urls,
    has_media, status, account_sid, source, num_segments, encoding, estimated_price, markup, plan_key,
    idempotency_key, request_hash)
  values (p_user_id, 'outbound', sender.from_number, p_to, p_country, p_body, p_media_urls,
    cardinality(p_media_urls) > 0, 'reserved',
    coalesce(sender.account_sid, p_master_account_sid), sender.source, p_segments, p_encoding, cost,
    coalesce(plan.markup, 1), plan.key, p_idempotency_key, p_request_hash)
  returning to_jsonb(m) into message;
  if sender.source = 'master' then
    -- Last, because tenants share these counts: nothing is waited for while they are locked.
    fallback_rule := private.count_fallback_message(p_user_id, p_to, plan);
    if fallback_rule.outcome is not null then
      perform private.undo_reservation((message ->> 'id')::uuid);
      message := null;
      outcome := fallback_rule.outcome;
      message_limit := fallback_rule.message_limit;
      return next;
      return;
    end if;
  end if;
  outcome := 'reserved';
  spending := private.note_spending(p_user_id, plan, rule.remaining, price);
  sealed_token := sender.sealed_token;
  return next;
end;
$$;
comment on function public.reserve_message(uuid, text, text, text, text, text, text, text[], integer,
  public.message_encoding, boolean, text, text, integer, integer) is
  'Decides whether a message may go to Twilio and reserves its row. message is the row, reserved now or under this key '
  'before; sealed_token is null for the master account. spending: what the tenant is shown when the spend limit is '
  'reached, or from 80 % on.';

create function private.undo_reservation(p_message_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  undone public.sms_messages;
begin
  delete from public.sms_messages m where m.id = p_message_id returning m.* into undone;
  delete from private.awaited_reports r where r.message_id = undone.id;
  delete from public.sms_conversations c
  where c.user_id = undone.user_id and c.own_number = undone.own_number and c.peer_number = undone.peer_number
    and not exists (select from public.sms_messages m where m.user_id = undone.user_id
      and m.own_number = undone.own_number and m.peer_number = undone.peer_number);
end;
$$;
comment on function private.undo_reservation(uuid) is
  'Deletes a message that this transaction reserved, with its rows in other tables: a request that is refused stores '
  'nothing. Only for such a message: this transaction then holds the row of its conversation.';

create function private.sending_plan(p_user_id uuid, p_source public.message_source) returns public.plans
language plpgsql stable
set search_path = ''
as $$
declare
  plan public.plans;
begin
  if p_source = 'subaccount' then
    return private.plan_of(p_user_id);
  end if;
  select * into plan from public.plans p where p.key = 'fallback';
  return plan;
end;
$$;
comment on function private.sending_plan(uuid, public.message_source) is
  'The plan whose limits hold for a message: the tenant''s, or the one of the master numbers.';

create type public.release_message_outcome as enum ('released', 'gone');
comment on type public.release_message_outcome is 'gone: the message is not reserved any more, or Twilio has it.';

create function public.release_message(p_message_id uuid) returns public.release_message_outcome
language plpgsql
set search_path = ''
as $$
declare
  released public.sms_messages;
begin
  delete from public.sms_messages m where m.id = p_message_id and m.status = 'reserved'
    and m.twilio_message_sid is null
  returning m.* into released;
  if released.source = 'master' then
    perform private.uncount_fallback_message(released);
  end if;
  return case when released.id is not null then 'released' else 'gone' end;
end;
$$;
comment on function public.release_message(uuid) is
  'Deletes a reservation that Twilio certainly did not process (429, a full queue, or the request was never made). It '
  'counts toward no limit, and its idempotency key may be used again.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.note_changed_retention(),
  public.save_messaging_settings(uuid, text, text, text, text[], integer, integer),
  private.sender_of(uuid, text, boolean, boolean),
  private.lock_sending(uuid),
  private.is_destination_refused(uuid, text, public.plans),
  private.reached_limit(private.quota, numeric),
  private.check_sending_rules(uuid, private.sender, public.plans, text, text, numeric),
  public.reserve_message(uuid, text, text, text, text, text, text, text[], integer, public.message_encoding, boolean,
    text, text, integer, integer),
  private.undo_reservation(uuid),
  private.sending_plan(uuid, public.message_source),
  public.release_message(uuid)
  from public, anon, authenticated;
grant execute on function
  public.save_messaging_settings(uuid, text, text, text, text[], integer, integer),
  private.sender_of(uuid, text, boolean, boolean),
  private.lock_sending(uuid),
  private.is_destination_refused(uuid, text, public.plans),
  private.reached_limit(private.quota, numeric),
  private.check_sending_rules(uuid, private.sender, public.plans, text, text, numeric),
  public.reserve_message(uuid, text, text, text, text, text, text, text[], integer, public.message_encoding, boolean,
    text, text, integer, integer),
  private.undo_reservation(uuid),
  private.sending_plan(uuid, public.message_source),
  public.release_message(uuid)
  to service_role;
