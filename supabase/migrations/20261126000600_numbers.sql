-- Phone numbers: the tenants' own numbers, and the shared numbers of the master account.

create table public.user_twilio_numbers (
  id uuid primary key default gen_random_uuid(),
  -- No foreign key: released rows accumulate, so the erasure of a deleted user deletes them in batches.
  user_id uuid not null,
  phone_number varchar(20) not null,
  phone_sid varchar(100),
  friendly_name varchar(255),
  capabilities jsonb not null default '{}',
  is_primary boolean not null default false,
  status varchar(50) not null default 'active',
  purchased_at timestamptz,
  account_sid varchar(100),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  messages_per_second numeric(8, 3) not null default 1,
  constraint user_twilio_numbers_phone_number_e164 check (phone_number ~ '^\+[1-9][0-9]{1,14}$'),
  constraint user_twilio_numbers_status_known check (status in ('purchasing', 'active', 'releasing', 'released')),
  constraint user_twilio_numbers_active_has_sid check (status not in ('active', 'releasing') or phone_sid is not null),
  -- A number stays primary while it is being released, because the release may still be canceled.
  constraint user_twilio_numbers_primary_is_active check (not is_primary or status in ('active', 'releasing')),
  is_held boolean not null generated always as (status in ('purchasing', 'active', 'releasing')) stored,
  constraint user_twilio_numbers_send_rate_positive check (messages_per_second > 0)
);
comment on table public.user_twilio_numbers is
  'Numbers in the tenants'' subaccounts. A purchase in progress has a row (purchasing), so that a number is never '
  'bought twice. A release in progress keeps its row (releasing).';
comment on column public.user_twilio_numbers.messages_per_second is
  'The send rate of campaigns from this number: 1 for a long code, more where carriers allow more.';
comment on column public.user_twilio_numbers.is_held is
  'The tenant holds the number: it counts toward their quota, and no other tenant can reserve it.';

create unique index user_twilio_numbers_one_primary on public.user_twilio_numbers (user_id) where is_primary;
create unique index user_twilio_numbers_one_row_per_sid on public.user_twilio_numbers (phone_sid);
-- One owner at a time: of two buyers of one number, the second is refused here, before Twilio is called.
create unique index user_twilio_numbers_one_owner on public.user_twilio_numbers (phone_number) where is_held;
create index user_twilio_numbers_by_user on public.user_twilio_numbers (user_id, created_at);
-- The few purchases and releases in progress, which jobs settle.
create index user_twilio_numbers_in_progress on public.user_twilio_numbers (status, updated_at)
  where status in ('purchasing', 'releasing');
create trigger touch_updated_at before update on public.user_twilio_numbers
  for each row execute function private.touch_updated_at();

alter table public.user_twilio_numbers enable row level security;
revoke all on public.user_twilio_numbers from public, anon, authenticated, service_role;
grant select on public.user_twilio_numbers to authenticated;
grant select, insert, update, delete on public.user_twilio_numbers to service_role;
create policy "A tenant reads their own numbers" on public.user_twilio_numbers
  for select to authenticated using ((select auth.uid()) = user_id);

create function private.can_send(p_capabilities jsonb, p_has_media boolean) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  -- Twilio names them in lower case where a number is owned, and in capitals where it is on offer.
  sms constant jsonb := coalesce(p_capabilities -> 'sms', p_capabilities -> 'SMS');
  mms constant jsonb := coalesce(p_capabilities -> 'mms', p_capabilities -> 'MMS');
begin
  -- A row without any capabilities is older than its first sync: nothing speaks against the number.
  if coalesce(p_capabilities, '{}') = '{}' then
    return true;
  end if;
  return case when p_has_media then coalesce(mms, sms, 'false') = 'true' else coalesce(sms, 'false') = 'true' end;
end;
$$;
comment on function private.can_send(jsonb, boolean) is
  'Whether a number with these capabilities can send a text or, with media, an MMS. The one rule for every choice of a '
  'sender. A number whose row does not say whether it can send MMS can if it can send SMS.';

-- The shared numbers: a copy of the master account's SMS-capable numbers, which a job refreshes.
create table private.master_numbers (
  phone_sid text primary key,
  id uuid not null unique default gen_random_uuid(),
  phone_number text not null unique,
  friendly_name text,
  capabilities jsonb not null default '{}',
  is_offered boolean not null default false,
  refreshed_at timestamptz not null default now()
);
comment on table private.master_numbers is
  'SMS-capable numbers of the master account. is_offered: an operator lets tenants without a subaccount send from it. '
  'A number that enters the account, for any purpose, is not offered by itself.';
alter table private.master_numbers enable row level security;
revoke all on private.master_numbers from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.master_numbers to service_role;

-- Reading -------------------------------------------------------------------------------------------------------------

create function public.account_and_shared_numbers(p_user_id uuid)
returns table (outcome public.account_status, shared_numbers jsonb)
language sql stable
set search_path = ''
as $$
  select a.status,
    coalesce((
      select jsonb_agg(to_jsonb(m) order by m.phone_number) from private.master_numbers m where m.is_offered), '[]')
  from private.account_of(p_user_id) a;
$$;
comment on function public.account_and_shared_numbers(uuid) is
  'The tenant''s account status, with the shared numbers on offer: rows of private.master_numbers by phone number.';

create function private.lock_master_numbers() returns void
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('master-numbers', 0));
end;
$$;
comment on function private.lock_master_numbers() is
  'Lets one transaction at a time store shared numbers: "on conflict" watches one unique key, and two that store the '
  'same number at once could meet in another.';

create function public.replace_master_numbers(p_numbers jsonb) returns integer
language plpgsql
set search_path = ''
as $$
declare
  kept integer;
begin
  perform private.lock_master_numbers();
  -- Missing numbers are deleted first: a number that was released and bought again returns under another SID.
  delete from private.master_numbers m
  where not exists (select from jsonb_array_elements(p_numbers) n where n ->> 'phoneSid' = m.phone_sid)
    or exists (select from private.leaving_numbers l where l.phone_sid = m.phone_sid);
  insert into private.master_numbers as m (phone_sid, phone_number, friendly_name, capabilities)
  select n."phoneSid", n."phoneNumber", n."friendlyName", n.capabilities
  from jsonb_to_recordset(p_numbers) as n("phoneSid" text, "phoneNumber" text, "friendlyName" text, capabilities jsonb)
  -- A number that was moved to a tenant after Twilio was read is not shared again.
  where not exists (select from public.user_twilio_numbers t where t.phone_sid = n."phoneSid" and t.is_held)
    -- A parked number belongs to the tenant who left.
    and not exists (select from private.leaving_numbers l where l.phone_sid = n."phoneSid")
  on conflict (phone_sid) do update set
    phone_number = excluded.phone_number, friendly_name = excluded.friendly_name,
    capabilities = excluded.capabilities, refreshed_at = now();
  get diagnostics kept = row_count;
  return kept;
end;
$$;
comment on function public.replace_master_numbers(jsonb) is
  'Replaces the shared numbers with those just read from the master account ([{phoneSid, phoneNumber, friendlyName, '
  'capabilities}]) and keeps is_offered. Returns their count.';

create function public.offered_master_numbers() returns table (phone_sid text)
language sql stable
set search_path = ''
as $$
  select m.phone_sid from private.master_numbers m where m.is_offered order by m.phone_number;
$$;
comment on function public.offered_master_numbers() is 'The SIDs of the shared numbers on offer.';

create type public.offer_number_outcome as enum ('changed', 'already', 'not_found');
comment on type public.offer_number_outcome is
  'Whether a shared number was offered or withdrawn. already: it was before. not_found: the master account has no '
  'SMS-capable number like it, as far as the last refresh knows.';

create function public.offer_number(p_phone_number text, p_is_offered boolean, p_operator_id uuid, p_reason text,
  p_request_id text) returns public.offer_number_outcome
language plpgsql
set search_path = ''
as $$
declare
  shared private.master_numbers;
begin
  select * into shared from private.master_numbers m where m.phone_number = p_phone_number for update;
  if not found then
    return 'not_found';
  end if;
  if shared.is_offered = p_is_offered then
    return 'already';
  end if;
  update private.master_numbers m set is_offered = p_is_offered where m.phone_sid = shared.phone_sid;
  if p_is_offered then
    -- Sets the webhook by which a STOP to the number is received.
    perform private.enqueue('{"kind": "refresh-master-numbers"}');
  end if;
  perform private.audit('operator:' || p_operator_id, case when p_is_offered then 'number.offered'
    else 'number.withdrawn' end, null, null, p_request_id,
    jsonb_build_object('phoneNumber', p_phone_number, 'phoneSid', shared.phone_sid, 'reason', p_reason));
  return 'changed';
end;
$$;
comment on function public.offer_number(text, boolean, uuid, text, text) is
  'An operator lets tenants without a subaccount send from a number of the master account, or no longer.';

insert into private.schedules (name, job, every)
  values ('refresh-master-numbers', '{"kind": "refresh-master-numbers"}', '10 minutes');

create function private.audit_number(p_actor text, p_action text, p_number public.user_twilio_numbers,
  p_request_id text, p_details jsonb default '{}') returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.audit(p_actor, p_action, p_number.user_id, p_number.account_sid, p_request_id,
    jsonb_build_object('phoneNumber', p_number.phone_number, 'phoneSid', p_number.phone_sid) || p_details);
end;
$$;
comment on function private.audit_number(text, text, public.user_twilio_numbers, text, jsonb) is
  'Writes an audit line about a tenant''s number, with the number and its SID among the details.';

-- Buying --------------------------------------------------------------------------------------------------------------

-- A number is reserved before Twilio is called, so that quota, ownership and double purchase are one decision.

create table private.number_purchases (
  number_id uuid not null,
  -- No foreign key: what a number cost outlives the number's row and the user, under the id as a pseudonym.
  user_id uuid not null,
  account_sid text,
  monthly_price numeric(12, 5),
  price_asked_at timestamptz,
  reserved_at timestamptz not null default now(),
  held_until timestamptz not null default 'infinity',
  is_purchase boolean not null default true,
  fees integer not null default 1,
  next_fee_at timestamptz not null, -- by a trigger
  primary key (number_id, reserved_at),
  constraint number_purchases_price_not_negative check (monthly_price >= 0)
);
comment on table private.number_purchases is
  'For how long each number was held, with its monthly price at the start in the currency of the master account. '
  'Twilio may have billed each purchase. A release keeps the row; only a purchase that Twilio certainly did not make '
  'is deleted.';
comment on column private.number_purchases.monthly_price is
  'Charged at once and then each month at the same day. Null: a number that was not bought here, whose listed price '
  'was not read yet, or that Twilio lists none for. Its fees are zero until then.';
comment on column private.number_purchases.price_asked_at is
  'When Twilio''s price list was last read for a number without a known price.';
comment on column private.number_purchases.fees is 'How many monthly fees were charged: rows of private.fees.';
comment on column private.number_purchases.next_fee_at is
  'When the next fee is due: on the monthly anniversaries of the start; infinity once the number is released.';
comment on column private.number_purchases.held_until is 'When the number was released: no monthly fee follows.';
comment on column private.number_purchases.is_purchase is
  'False: the number was moved here or found by a sync, or returned. It counts toward no limit on purchases.';
-- A purchase is never held until a time before it was reserved, so this index serves both the counts and the spend.
create index number_purchases_by_user on private.number_purchases (user_id, held_until);
create index number_purchases_with_fee_due on private.number_purchases (next_fee_at) where next_fee_at < 'infinity';
create index number_purchases_with_fees_to_come on private.number_purchases (user_id) where next_fee_at < 'infinity';
create index number_purchases_to_price on private.number_purchases (price_asked_at nulls first)
  where monthly_price is null;
alter table private.number_purchases enable row level security;
revoke all on private.number_purchases from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.number_purchases to service_role;

create unique index number_purchases_one_held on private.number_purchases (number_id) where held_until = 'infinity';

create function private.fees_until(p_first_at timestamptz, p_until timestamptz) returns integer
language plpgsql immutable
set search_path = ''
as $$
declare
  first_at constant timestamp := p_first_at at time zone 'UTC';
  until constant timestamp := p_until at time zone 'UTC';
  months constant integer := (extract(year from until) - extract(year from first_at)) * 12
    + extract(month from until) - extract(month from first_at);
begin
  if until <= first_at then
    return 0;
  end if;
  return months + (first_at + make_interval(months => months) < until)::integer;
end;
$$;
comment on function private.fees_until(timestamptz, timestamptz) is
  'How many monthly fees arise before p_until: one at p_first_at, and one at each of its monthly anniversaries (UTC).';

create function private.fees_between(p_first_at timestamptz, p_held_until timestamptz, p_from timestamptz,
  p_until timestamptz) returns integer
language plpgsql immutable
set search_path = ''
as $$
declare
  -- The first fee arises also when the number is released at once.
  ends_at constant timestamptz := least(p_until, greatest(p_held_until, p_first_at + interval '1 microsecond'));
begin
  return greatest(0, private.fees_until(p_first_at, ends_at) - private.fees_until(p_first_at, p_from));
end;
$$;
comment on function private.fees_between(timestamptz, timestamptz, timestamptz, timestamptz) is
  'How many monthly fees of something held from p_first_at to p_held_until arise from p_from up to and without '
  'p_until.';

create function private.hold_number(p_number_id uuid, p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  latest private.number_purchases;
begin
  select * into latest from private.number_purchases p where p.number_id = p_number_id
  order by p.reserved_at desc limit 1;
  -- A number that returns before its next fee has cost nothing in between: the same days go on.
  if latest.user_id = p_user_id and private.fees_until(latest.reserved_at, least(latest.held_until, now()))
    = private.fees_until(latest.reserved_at, now()) then
    update private.number_purchases p set held_until = 'infinity'
    where p.number_id = p_number_id and p.reserved_at = latest.reserved_at;
    return;
  end if;
  insert into private.number_purchases (number_id, user_id, monthly_price, is_purchase)
  values (p_number_id, p_user_id, latest.monthly_price, false)
  on conflict (number_id) where held_until = 'infinity' do nothing;
end;
$$;
comment on function private.hold_number(uuid, uuid) is
  'A tenant holds a number that they did not buy here, or hold again: its monthly fees count. A price that is not '
  'known from before is read from Twilio''s price list (see numbers_to_price).';

create function private.note_held_number() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and new.is_held then
    if exists (select from private.number_purchases p where p.number_id = new.id) then
      perform private.hold_number(new.id, new.user_id);
    end if;
  else
    update private.number_purchases p set held_until = now() where p.number_id = old.id and p.held_until = 'infinity';
  end if;
  return null;
end;
$$;
comment on function private.note_held_number() is
  'Trigger: a number that is released or erased costs nothing more, and one that returns costs again.';
create trigger note_held after update on public.user_twilio_numbers
  for each row when (old.is_held <> new.is_held) execute function private.note_held_number();
create trigger note_erased after delete on public.user_twilio_numbers
  for each row when (old.is_held) execute function private.note_held_number();

create type public.reserve_number_outcome as enum ('reserved', 'rate_limited', 'in_progress', 'already_owned',
  'releasing', 'taken', 'limit_reached', 'price_unavailable', 'price_limit_reached', 'daily_limit_reached',
  'monthly_limit_reached', 'spend_limit_reached', 'none', 'pending', 'suspended', 'closed');
comment on type public.reserve_number_outcome is
  'Whether a number may be bought. in_progress, already_owned, releasing: the tenant holds it in that state. taken: '
  'another tenant holds it, or it is parked. '
  'limit_reached: the plan''s numbers are held. daily_limit_reached, monthly_limit_reached: '
  'its purchases are made. none, pending, suspended, closed: the account''s status when it is not active.';

create type private.purchase_rule as (
  outcome public.reserve_number_outcome, purchase_limit numeric, resets_at timestamptz, remaining private.quota,
  price numeric);
comment on type private.purchase_rule is
  'A rule that forbids a purchase, with the limit it reached and when that limit resets. outcome is null when no rule '
  'does. remaining: the quota before the purchase, when it was looked at. price: of all its fees in the billing '
  'period.';

create type private.purchase_quota as (
  held integer, daily_left integer, daily_resets_at timestamptz, monthly_left integer, monthly_resets_at timestamptz);
comment on type private.purchase_quota is
  'How many numbers a tenant holds, and how many they may still buy in a day and in a calendar month (UTC). Zero or '
  'less: the limit is reached until resets_at (null: never by time alone).';

create function private.purchase_quota_of(p_user_id uuid, p_plan public.plans) returns private.purchase_quota
language plpgsql stable
set search_path = ''
as $$
declare
  month_start constant timestamptz := date_trunc('month', now(), 'UTC');
  bought timestamptz[];
  quota private.purchase_quota;
begin
  -- Newest first. Purchases that are over count too: a limit on held numbers alone does not end buying and releasing.
  bought := array(
    select p.reserved_at from private.number_purchases p
    where p.user_id = p_user_id and p.is_purchase and p.held_until >= least(month_start, now() - interval '1 day')
      and p.reserved_at >= least(month_start, now() - interval '1 day')
    order by p.reserved_at desc);
  select count(*) into quota.held from public.user_twilio_numbers n where n.user_id = p_user_id and n.is_held;
  select p_plan.max_purchases_per_day - count(*) into quota.daily_left
  from unnest(bought) b where b > now() - interval '1 day';
  select p_plan.max_purchases_per_month - count(*) into quota.monthly_left from unnest(bought) b where b >= month_start;
  if quota.daily_left <= 0 then
    quota.daily_resets_at := bought[p_plan.max_purchases_per_day] + interval '1 day';
  end if;
  if quota.monthly_left <= 0 then
    quota.monthly_resets_at := date_trunc('month', now() + interval '1 month', 'UTC');
  end if;
  return quota;
end;
$$;
comment on function private.purchase_quota_of(uuid, public.plans) is
  'The numbers that a tenant holds and may still buy under a plan. The one place that counts them.';

create function private.check_purchase_rules(p_user_id uuid, p_plan public.plans, p_monthly_price numeric)
returns private.purchase_rule
language plpgsql stable
set search_path = ''
as $$
declare
  quota constant private.purchase_quota := private.purchase_quota_of(p_user_id, p_plan);
  rule private.purchase_rule;
begin
  -- coalesce: a plan that was deleted allows nothing.
  if quota.held >= coalesce(p_plan.max_numbers, 0) then
    rule := ('limit_reached', coalesce(p_plan.max_numbers, 0), null, null, null);
  elsif p_monthly_price is null then
    rule := ('price_unavailable', null, null, null, null);
  elsif private.tenant_price(p_plan, p_monthly_price) > p_plan.max_number_price then
    rule := ('price_limit_reached', p_plan.max_number_price, null, null, null);
  elsif quota.daily_left <= 0 then
    rule := ('daily_limit_reached', p_plan.max_purchases_per_day, quota.daily_resets_at, null, null);
  elsif quota.monthly_left <= 0 then
    rule := ('monthly_limit_reached', p_plan.max_purchases_per_month, quota.monthly_resets_at, null, null);
  else
    rule.remaining := private.remaining_quota(p_user_id, p_plan);
    -- With the fees that follow in this billing period: no decision precedes them.
    rule.price := private.tenant_price(p_plan, p_monthly_price) * private.fees_between(now(), 'infinity', now(),
      greatest((rule.remaining).ends_at, now() + interval '1 microsecond'));
    if (rule.remaining).spend < rule.price then
      rule.outcome := 'spend_limit_reached';
      rule.purchase_limit := p_plan.spend_limit;
      rule.resets_at := (rule.remaining).ends_at;
    end if;
  end if;
  return rule;
end;
$$;
comment on function private.check_purchase_rules(uuid, public.plans, numeric) is
  'The first limit of the plan that forbids a purchase; its outcome is null when the number may be bought. The price '
  'is what Twilio charges a month, and null when it is not known.';

create function public.reserve_number(
  p_user_id uuid, p_phone_number text, p_friendly_name text, p_monthly_price numeric,
  p_address text default null, p_user_rate integer default null, p_address_rate integer default null
)
returns table (outcome public.reserve_number_outcome, number_id uuid, subaccount_sid text, sealed_token text,
  purchase_limit numeric, price numeric, resets_at timestamptz, spending jsonb, retry_after_seconds integer)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  account private.account;
  holder public.user_twilio_numbers;
  plan constant public.plans := private.plan_of(p_user_id);
  rule private.purchase_rule;
begin
  -- The limits are counted under these locks, so that neither two purchases nor a purchase and a message at once can
  -- exceed them. No row that tenants share is locked before.
  perform private.lock_tenant(p_user_id);
  perform private.lock_sending(p_user_id);
  if p_user_rate is not null then
    retry_after_seconds := private.count_request('buy', p_user_id, p_address, p_user_rate, p_address_rate, 60);
    if retry_after_seconds is not null then
      outcome := 'rate_limited';
      return next;
      return;
    end if;
  end if;

  account := private.account_of(p_user_id);
  select * into holder from public.user_twilio_numbers n where n.phone_number = p_phone_number and n.is_held;
  if account.status <> 'active' then
    outcome := account.status;
  elsif holder.user_id = p_user_id then
    outcome := case holder.status
      when 'active' then 'already_owned' when 'purchasing' then 'in_progress' else 'releasing' end;
    number_id := holder.id;
  elsif holder.id is not null or private.is_parked(p_phone_number) then
    outcome := 'taken';
  else
    rule := private.check_purchase_rules(p_user_id, plan, p_monthly_price);
    outcome := rule.outcome;
    purchase_limit := rule.purchase_limit;
    price := private.tenant_price(plan, p_monthly_price);
    resets_at := rule.resets_at;
    spending := case when outcome = 'spend_limit_reached'
      then private.shown_spending(plan.spend_limit, rule.remaining) end;
  end if;
  if outcome is null then
    insert into public.user_twilio_numbers (user_id, phone_number, friendly_name, status, account_sid)
    values (p_user_id, p_phone_number, p_friendly_name, 'purchasing', account.subaccount_sid)
    on conflict (phone_number) where is_held do nothing
    returning id into number_id;
    outcome := case when number_id is null then 'taken' else 'reserved' end;
  end if;
  if outcome = 'reserved' then
    insert into private.number_purchases (number_id, user_id, account_sid, monthly_price)
    values (number_id, p_user_id, account.subaccount_sid, p_monthly_price);
    subaccount_sid := account.subaccount_sid;
    sealed_token := account.sealed_token;
    spending := private.note_spending(p_user_id, plan, rule.remaining, rule.price);
  end if;
  return next;
end;
$$;
comment on function public.reserve_number(uuid, text, text, numeric, text, integer, integer) is
  'Decides a purchase before Twilio is called and reserves the number. p_monthly_price is what Twilio charges, and '
  'price is what the tenant would pay. purchase_limit is the limit of the plan that was reached, and resets_at is when '
  'that limit resets (null: never by time alone). spending: what the tenant is shown when the spend limit is reached, '
  'or from 80 % on.';

create function public.price_for_tenant(p_user_id uuid, p_cost numeric) returns numeric
language plpgsql stable
set search_path = ''
as $$
begin
  return private.tenant_price(private.plan_of(p_user_id), p_cost);
end;
$$;
comment on function public.price_for_tenant(uuid, numeric) is
  'What a tenant with a subaccount would pay now for something that Twilio charges p_cost for.';

create function private.clear_released_sid(p_phone_sid text) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.user_twilio_numbers n set phone_sid = null where n.phone_sid = p_phone_sid and n.status = 'released';
end;
$$;
comment on function private.clear_released_sid(text) is
  'Clears the SID of a released row, because a SID has one row: a number that was moved away and returns keeps its '
  'SID. Call it only together with the write that takes the SID.';

create function private.complete_purchase(p_number_id uuid, p_phone_sid text, p_friendly_name text,
  p_capabilities jsonb, p_is_primary boolean) returns public.user_twilio_numbers
language plpgsql
set search_path = ''
as $$
declare
  bought public.user_twilio_numbers;
begin
  perform from public.user_twilio_numbers n where n.id = p_number_id and n.status = 'purchasing' for update;
  if found then
    perform private.clear_released_sid(p_phone_sid);
    update public.user_twilio_numbers n
    set phone_sid = p_phone_sid, friendly_name = p_friendly_name, capabilities = p_capabilities, status = 'active',
      purchased_at = now(), is_primary = p_is_primary
    where n.id = p_number_id
    returning n.* into bought;
  end if;
  return bought;
end;
$$;
comment on function private.complete_purchase(uuid, text, text, jsonb, boolean) is
  'Makes a reserved number active with what Twilio sold. Returns its row; null when it is no longer purchasing.';

create type public.record_outcome as enum ('recorded', 'already');
comment on type public.record_outcome is 'Whether a call recorded a fact, or the fact was recorded before.';

create function public.record_number(p_number_id uuid, p_phone_sid text, p_friendly_name text, p_capabilities jsonb,
  p_request_id text)
returns table (outcome public.record_outcome, number jsonb)
language plpgsql
set search_path = ''
as $$
declare
  stored public.user_twilio_numbers;
  bought public.user_twilio_numbers;
begin
  -- The lock lets exactly one of two first numbers become primary.
  perform private.lock_tenant((select n.user_id from public.user_twilio_numbers n where n.id = p_number_id));
  select * into stored from public.user_twilio_numbers n where n.id = p_number_id;
  if not found then
    return;
  end if;
  perform private.clear_incapable_primary(stored.user_id);
  bought := private.complete_purchase(p_number_id, p_phone_sid, p_friendly_name, p_capabilities,
    private.can_send(p_capabilities, false)
      and not exists (select from public.user_twilio_numbers o where o.user_id = stored.user_id and o.is_primary));
  if bought.id is null then
    outcome := 'already';
    number := to_jsonb(stored);
  else
    perform private.audit_number('user:' || bought.user_id, 'number.bought', bought, p_request_id);
    -- Another number, when the bought one cannot replace a primary number that cannot send.
    perform private.promote_oldest_number(bought.user_id, 'user:' || bought.user_id, p_request_id);
    outcome := 'recorded';
    number := to_jsonb(bought);
  end if;
  return next;
end;
$$;
comment on function public.record_number(uuid, text, text, jsonb, text) is
  'Records a number that Twilio sold; the tenant''s first one that can send becomes primary. Returns no row when the '
  'reservation was deleted.';

create type public.cancel_outcome as enum ('canceled', 'gone');
comment on type public.cancel_outcome is 'Whether something in progress was canceled, or was no longer in progress.';

create function public.cancel_number_reservation(p_number_id uuid) returns public.cancel_outcome
language plpgsql
set search_path = ''
as $$
begin
  delete from public.user_twilio_numbers n where n.id = p_number_id and n.status = 'purchasing';
  if not found then
    return 'gone';
  end if;
  delete from private.number_purchases p where p.number_id = p_number_id;
  return 'canceled';
end;
$$;
comment on function public.cancel_number_reservation(uuid) is
  'Deletes a reservation after Twilio definitely refused the purchase. It does not count as a purchase any more.';

create function public.stale_number_reservations(p_older_than_seconds integer, p_limit integer)
returns setof public.user_twilio_numbers
language sql stable
set search_path = ''
as $$
  select n.* from public.user_twilio_numbers n
  where n.status = 'purchasing' and n.updated_at < now() - make_interval(secs => p_older_than_seconds)
    -- Purchases of suspended accounts wait, and take no place in the limit.
    and (private.account_of(n.user_id)).status = 'active'
  order by n.updated_at limit p_limit;
$$;
comment on function public.stale_number_reservations(integer, integer) is
  'Purchases of active accounts whose response from Twilio was lost, oldest first. A job looks them up at Twilio and '
  'settles them.';

insert into private.schedules (name, job, every)
  values ('settle-number-purchases', '{"kind": "settle-number-purchases"}', '1 minute');

-- Changing ------------------------------------------------------------------------------------------------------------

create function private.clear_incapable_primary(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.user_twilio_numbers n set is_primary = false
  where n.user_id = p_user_id and n.is_primary and not private.can_send(n.capabilities, false);
end;
$$;
comment on function private.clear_incapable_primary(uuid) is
  'A number that cannot send is not primary any more, so that another one can be. The caller holds lock_tenant.';

create function private.promote_oldest_number(p_user_id uuid, p_actor text, p_request_id text) returns void
language plpgsql
set search_path = ''
as $$
declare
  promoted public.user_twilio_numbers;
begin
  perform private.clear_incapable_primary(p_user_id);
  update public.user_twilio_numbers n set is_primary = true
  where n.id = (
      select o.id from public.user_twilio_numbers o
      where o.user_id = p_user_id and o.status = 'active' and private.can_send(o.capabilities, false)
      order by o.created_at, o.id limit 1)
    and not exists (select from public.user_twilio_numbers o where o.user_id = p_user_id and o.is_primary)
  returning n.* into promoted;
  if promoted.id is not null then
    perform private.audit_number(p_actor, 'number.made_primary', promoted, p_request_id);
  end if;
end;
$$;
comment on function private.promote_oldest_number(uuid, text, text) is
  'Makes the tenant''s oldest active number that can send primary when none is, and audits it. The caller holds '
  'lock_tenant.';

create type public.set_primary_number_outcome as enum ('set', 'already', 'not_capable', 'not_found', 'purchasing',
  'releasing', 'released');
comment on type public.set_primary_number_outcome is
  'Whether a number became primary. not_capable: it cannot send messages. purchasing, releasing, released: the '
  'number''s status when it is not active.';

create function public.set_primary_number(p_user_id uuid, p_number_id uuid, p_request_id text)
returns table (outcome public.set_primary_number_outcome, number jsonb)
language plpgsql
set search_path = ''
as $$
declare
  chosen public.user_twilio_numbers;
begin
  perform private.lock_tenant(p_user_id);
  select * into chosen from public.user_twilio_numbers n where n.id = p_number_id and n.user_id = p_user_id;
  if not found then
    outcome := 'not_found';
    return next;
    return;
  end if;
  if chosen.status <> 'active' then
    outcome := chosen.status;
  elsif not private.can_send(chosen.capabilities, false) then
    outcome := 'not_capable';
  elsif chosen.is_primary then
    outcome := 'already';
  else
    update public.user_twilio_numbers n set is_primary = false where n.user_id = p_user_id and n.is_primary;
    update public.user_twilio_numbers n set is_primary = true where n.id = p_number_id returning n.* into chosen;
    perform private.audit_number('user:' || p_user_id, 'number.made_primary', chosen, p_request_id);
    outcome := 'set';
  end if;
  number := to_jsonb(chosen);
  return next;
end;
$$;
comment on function public.set_primary_number(uuid, uuid, text) is 'Makes a tenant''s number their primary one.';

create type public.number_to_change_outcome as enum ('changeable', 'not_found', 'purchasing', 'releasing', 'released',
  'none', 'pending', 'suspended', 'closed');
comment on type public.number_to_change_outcome is
  'Whether a number may be changed at Twilio. purchasing, releasing, released: the number''s status when it is not '
  'active. none, pending, suspended, closed: the account''s status when it is not active.';

create function public.number_to_change(p_user_id uuid, p_number_id uuid)
returns table (outcome public.number_to_change_outcome, number jsonb, subaccount_sid text, sealed_token text)
language plpgsql stable
set search_path = ''
as $$
declare
  account private.account := private.account_of(p_user_id);
  chosen public.user_twilio_numbers;
begin
  select * into chosen from public.user_twilio_numbers n where n.id = p_number_id and n.user_id = p_user_id;
  if account.status <> 'active' then
    outcome := account.status;
  elsif chosen.id is null then
    outcome := 'not_found';
  else
    outcome := case chosen.status when 'active' then 'changeable' else chosen.status end;
    number := to_jsonb(chosen);
    subaccount_sid := account.subaccount_sid;
    sealed_token := account.sealed_token;
  end if;
  return next;
end;
$$;
comment on function public.number_to_change(uuid, uuid) is
  'A tenant''s number with the SID and sealed token of the account it is in, for a change at Twilio.';

create type public.record_number_name_outcome as enum ('recorded', 'gone');
comment on type public.record_number_name_outcome is
  'Whether a name was recorded, or the number was no longer active.';

create function public.record_number_name(p_number_id uuid, p_friendly_name text, p_request_id text)
returns table (outcome public.record_number_name_outcome, number jsonb)
language plpgsql
set search_path = ''
as $$
declare
  name_before text;
  renamed public.user_twilio_numbers;
begin
  select n.friendly_name into name_before from public.user_twilio_numbers n where n.id = p_number_id for update;
  update public.user_twilio_numbers n set friendly_name = p_friendly_name
  where n.id = p_number_id and n.status = 'active'
  returning n.* into renamed;
  if renamed.id is null then
    outcome := 'gone';
    return next;
    return;
  end if;
  if name_before is distinct from p_friendly_name then
    perform private.audit_number('user:' || renamed.user_id, 'number.renamed', renamed, p_request_id,
      jsonb_build_object('from', name_before, 'to', p_friendly_name));
  end if;
  outcome := 'recorded';
  number := to_jsonb(renamed);
  return next;
end;
$$;
comment on function public.record_number_name(uuid, text, text) is 'Records the name that a number has at Twilio.';

create type public.set_number_send_rate_outcome as enum ('set', 'not_found');
comment on type public.set_number_send_rate_outcome is
  'Whether a send rate was set, or no tenant has an active number like it.';

create function public.set_number_send_rate(p_phone_number text, p_per_second numeric, p_operator_id uuid,
  p_request_id text, p_reason text)
returns table (outcome public.set_number_send_rate_outcome, user_id uuid)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  update public.user_twilio_numbers n set messages_per_second = p_per_second
  where n.phone_number = p_phone_number and n.status = 'active'
  returning n.user_id into user_id;
  if user_id is null then
    outcome := 'not_found';
    return next;
    return;
  end if;
  perform private.audit('operator:' || p_operator_id, 'number.send_rate_set', user_id, null, p_request_id,
    jsonb_build_object('phoneNumber', p_phone_number, 'messagesPerSecond', p_per_second, 'reason', p_reason));
  outcome := 'set';
  return next;
end;
$$;
comment on function public.set_number_send_rate(text, numeric, uuid, text, text) is
  'An operator sets the send rate of campaigns from a tenant''s number. user_id is the tenant.';

-- Releasing -----------------------------------------------------------------------------------------------------------

create type public.begin_number_release_outcome as enum ('begun', 'releasing', 'released', 'unconfirmed', 'purchasing',
  'not_found', 'none', 'pending', 'suspended', 'closed');
comment on type public.begin_number_release_outcome is
  'Whether a number may be released. releasing: begun before, and may be repeated. unconfirmed: the confirmation is '
  'not the number. none, pending, suspended, closed: the account''s status when it is not active.';

create function public.begin_number_release(p_user_id uuid, p_number_id uuid, p_confirm_phone_number text)
returns table (outcome public.begin_number_release_outcome, number jsonb, primary_number jsonb, subaccount_sid text,
  sealed_token text)
language plpgsql
set search_path = ''
as $$
declare
  account private.account;
  chosen public.user_twilio_numbers;
begin
  perform private.lock_tenant(p_user_id);
  account := private.account_of(p_user_id);
  select * into chosen from public.user_twilio_numbers n where n.id = p_number_id and n.user_id = p_user_id;
  if account.status <> 'active' then
    outcome := account.status;
  elsif chosen.id is null then
    outcome := 'not_found';
  elsif chosen.phone_number <> p_confirm_phone_number then
    outcome := 'unconfirmed';
  elsif chosen.status = 'active' then
    update public.user_twilio_numbers n set status = 'releasing' where n.id = p_number_id returning n.* into chosen;
    outcome := 'begun';
  else
    outcome := chosen.status;
  end if;
  if outcome in ('begun', 'releasing', 'released', 'purchasing') then
    number := to_jsonb(chosen);
    primary_number := private.primary_number_of(p_user_id);
    subaccount_sid := account.subaccount_sid;
    sealed_token := account.sealed_token;
  end if;
  return next;
end;
$$;
comment on function public.begin_number_release(uuid, uuid, text) is
  'Decides a release before Twilio is called and marks the number. Returns it with the tenant''s primary number.';

create function private.primary_number_of(p_user_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (select to_jsonb(n) from public.user_twilio_numbers n where n.user_id = p_user_id and n.is_primary);
end;
$$;
comment on function private.primary_number_of(uuid) is 'The row of a tenant''s primary number; null without one.';

create function public.record_number_release(p_number_id uuid, p_request_id text)
returns table (outcome public.record_outcome, number jsonb, primary_number jsonb)
language plpgsql
set search_path = ''
as $$
declare
  stored public.user_twilio_numbers;
begin
  perform private.lock_tenant((select n.user_id from public.user_twilio_numbers n where n.id = p_number_id));
  select * into stored from public.user_twilio_numbers n where n.id = p_number_id;
  if not found then
    return;
  end if;
  outcome := 'already';
  -- An active number counts too: of two concurrent releases, Twilio may refuse one, which then cancels the mark.
  if stored.status in ('releasing', 'active') then
    update public.user_twilio_numbers n set status = 'released', is_primary = false
    where n.id = p_number_id returning n.* into stored;
    perform private.audit_number('user:' || stored.user_id, 'number.released', stored, p_request_id);
    perform private.promote_oldest_number(stored.user_id, 'user:' || stored.user_id, p_request_id);
    outcome := 'recorded';
  end if;
  number := to_jsonb(stored);
  primary_number := private.primary_number_of(stored.user_id);
  return next;
end;
$$;
comment on function public.record_number_release(uuid, text) is
  'Records that a number is no longer at Twilio. The oldest active number becomes primary when the primary one was '
  'released. Returns no row when the user was deleted.';

create function public.cancel_number_release(p_number_id uuid) returns public.cancel_outcome
language plpgsql
set search_path = ''
as $$
begin
  update public.user_twilio_numbers n set status = 'active' where n.id = p_number_id and n.status = 'releasing';
  return case when found then 'canceled' else 'gone' end;
end;
$$;
comment on function public.cancel_number_release(uuid) is
  'Makes a number active again after Twilio definitely refused its release.';

create function public.stale_number_releases(p_older_than_seconds integer, p_limit integer)
returns setof public.user_twilio_numbers
language sql stable
set search_path = ''
as $$
  select n.* from public.user_twilio_numbers n
  where n.status = 'releasing' and n.updated_at < now() - make_interval(secs => p_older_than_seconds)
    -- Releases of suspended accounts wait, and take no place in the limit.
    and (private.account_of(n.user_id)).status = 'active'
  order by n.updated_at limit p_limit;
$$;
comment on function public.stale_number_releases(integer, integer) is
  'Releases of active accounts whose response from Twilio was lost, oldest first. A job repeats and settles them.';

insert into private.schedules (name, job, every)
  values ('settle-number-releases', '{"kind": "settle-number-releases"}', '1 minute');

create function private.erase_numbers(p_user_id uuid, p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  erased integer;
begin
  delete from public.user_twilio_numbers n
  where n.id = any (array(select d.id from public.user_twilio_numbers d where d.user_id = p_user_id limit p_limit));
  get diagnostics erased = row_count;
  return erased;
end;
$$;
comment on function private.erase_numbers(uuid, integer) is 'Deletes up to p_limit numbers of a deleted user.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.can_send(jsonb, boolean),
  private.clear_incapable_primary(uuid),
  private.fees_until(timestamptz, timestamptz),
  private.fees_between(timestamptz, timestamptz, timestamptz, timestamptz),
  private.hold_number(uuid, uuid),
  private.note_held_number(),
  public.account_and_shared_numbers(uuid),
  private.lock_master_numbers(),
  public.replace_master_numbers(jsonb),
  public.offered_master_numbers(),
  public.offer_number(text, boolean, uuid, text, text),
  private.audit_number(text, text, public.user_twilio_numbers, text, jsonb),
  private.purchase_quota_of(uuid, public.plans),
  private.check_purchase_rules(uuid, public.plans, numeric),
  public.reserve_number(uuid, text, text, numeric, text, integer, integer),
  public.price_for_tenant(uuid, numeric),
  private.clear_released_sid(text),
  private.complete_purchase(uuid, text, text, jsonb, boolean),
  public.record_number(uuid, text, text, jsonb, text),
  public.cancel_number_reservation(uuid),
  public.stale_number_reservations(integer, integer),
  private.promote_oldest_number(uuid, text, text),
  public.set_primary_number(uuid, uuid, text),
  public.number_to_change(uuid, uuid),
  public.record_number_name(uuid, text, text),
  public.set_number_send_rate(text, numeric, uuid, text, text),
  public.begin_number_release(uuid, uuid, text),
  private.primary_number_of(uuid),
  public.record_number_release(uuid, text),
  public.cancel_number_release(uuid),
  public.stale_number_releases(integer, integer),
  private.erase_numbers(uuid, integer)
  from public, anon, authenticated;
grant execute on function
  private.can_send(jsonb, boolean),
  private.clear_incapable_primary(uuid),
  private.fees_until(timestamptz, timestamptz),
  private.fees_between(timestamptz, timestamptz, timestamptz, timestamptz),
  private.hold_number(uuid, uuid),
  public.account_and_shared_numbers(uuid),
  private.lock_master_numbers(),
  public.replace_master_numbers(jsonb),
  public.offered_master_numbers(),
  public.offer_number(text, boolean, uuid, text, text),
  private.audit_number(text, text, public.user_twilio_numbers, text, jsonb),
  private.purchase_quota_of(uuid, public.plans),
  private.check_purchase_rules(uuid, public.plans, numeric),
  public.reserve_number(uuid, text, text, numeric, text, integer, integer),
  public.price_for_tenant(uuid, numeric),
  private.clear_released_sid(text),
  private.complete_purchase(uuid, text, text, jsonb, boolean),
  public.record_number(uuid, text, text, jsonb, text),
  public.cancel_number_reservation(uuid),
  public.stale_number_reservations(integer, integer),
  private.promote_oldest_number(uuid, text, text),
  public.set_primary_number(uuid, uuid, text),
  public.number_to_change(uuid, uuid),
  public.record_number_name(uuid, text, text),
  public.set_number_send_rate(text, numeric, uuid, text, text),
  public.begin_number_release(uuid, uuid, text),
  private.primary_number_of(uuid),
  public.record_number_release(uuid, text),
  public.cancel_number_release(uuid),
  public.stale_number_releases(integer, integer),
  private.erase_numbers(uuid, integer)
  to service_role;
