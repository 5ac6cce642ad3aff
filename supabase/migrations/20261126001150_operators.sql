-- What operators see: the tenants, and one tenant whole.

-- Addresses -----------------------------------------------------------------------------------------------------------

-- A search by the beginning of an address needs an index, and none can be added to auth's own tables.
create table private.tenant_emails (
  user_id uuid primary key references auth.users (id) on delete cascade,
  email text collate "C" not null
);
comment on table private.tenant_emails is
  'The email addresses of tenants as auth.users has them, in the form of private.email_key, kept by triggers.';
create index tenant_emails_by_email on private.tenant_emails (email, user_id);
alter table private.tenant_emails enable row level security;
revoke all on private.tenant_emails from public, anon, authenticated, service_role;
grant select on private.tenant_emails to service_role;

create function private.note_tenant_email() returns trigger
language plpgsql
security definer -- auth's own roles change addresses, and service_role may not read them
set search_path = ''
as $$
declare
  of_user constant uuid :=
    (case tg_table_schema when 'auth' then to_jsonb(new) ->> 'id' else to_jsonb(new) ->> 'user_id' end)::uuid;
begin
  delete from private.tenant_emails e where e.user_id = of_user;
  insert into private.tenant_emails (user_id, email)
  select u.id, private.email_key(u.email) from auth.users u
  where u.id = of_user and u.email <> '' and exists (select from private.tenancies t where t.user_id = of_user);
  return null;
end;
$$;
comment on function private.note_tenant_email() is 'Trigger: a user became a tenant, or has another address.';
create trigger note_email after insert on private.tenancies
  for each row execute function private.note_tenant_email();
create trigger switchboard_note_email after update of email on auth.users
  for each row when (old.email is distinct from new.email) execute function private.note_tenant_email();
insert into private.tenant_emails (user_id, email)
select u.id, private.email_key(u.email) from auth.users u join private.tenancies t on t.user_id = u.id
where u.email <> '';

create function private.users_with_email(p_email text) returns uuid[]
language plpgsql stable
security definer -- service_role may not read auth.users
set search_path = ''
as $$
begin
  return array(
    select u.id from auth.users u where private.email_key(u.email) = private.email_key(p_email) order by u.id limit 2);
end;
$$;
comment on function private.users_with_email(text) is
  'Up to two users with this email address. Two users share one where single sign-on made one of them.';

-- The list of tenants -------------------------------------------------------------------------------------------------

create type public.tenant_overview as (
  user_id uuid,
  wanted public.wanted_status,
  status public.account_status,
  subaccount_sid text,
  friendly_name text,
  operator_hold public.operator_hold,
  requested_at timestamptz,
  user_deleted_at timestamptz,
  last_error text,
  converged_at timestamptz,
  numbers bigint,
  suspended_at_twilio boolean,
  email text,
  plan_key text,
  created_at timestamptz,
  last_message_at timestamptz,
  is_drifting boolean,
  is_unpaid boolean,
  is_over_limit boolean
);
comment on type public.tenant_overview is
  'A tenant as operators see them. status: of the subaccount. numbers: the count of active ones. is_drifting: the '
  'subaccount does not have the wanted status. is_unpaid: the account has a monthly cost that no subscription '
  'pays for, as in the list of unpaid accounts. is_over_limit: a limit of messages or of spending is reached.';

create type private.stored_account as (sid text, status public.account_status, friendly_name text);
comment on type private.stored_account is 'A tenant''s subaccount as stored: its SID, status and name.';

create function private.stored_account_of(p_user_id uuid) returns private.stored_account
language plpgsql stable
set search_path = ''
as $$
declare
  stored private.stored_account;
begin
  select coalesce(t.subaccount_sid, p.twilio_subaccount_sid),
    coalesce(t.subaccount_status::text, p.twilio_subaccount_status, 'pending'), p.twilio_subaccount_friendly_name
  into stored
  from (select p_user_id as user_id) u
  left join private.tenancies t using (user_id) left join public.user_preferences p using (user_id);
  return stored;
end;
$$;
comment on function private.stored_account_of(uuid) is
  'A tenant''s subaccount, also that of a deleted user. The tenancy decides where the two rows differ.';

create function private.has_spent(p_user_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (select from private.sending_totals t where t.user_id = p_user_id)
    or exists (select from private.number_purchases p where p.user_id = p_user_id)
    or exists (select from private.fees f where f.user_id = p_user_id);
end;
$$;
comment on function private.has_spent(uuid) is 'Whether a tenant has ever used what limits count.';

create function private.is_over_limit(p_user_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
  limits private.limits;
begin
  -- A limit of zero is not reached before something is used.
  if not private.has_spent(p_user_id) then
    return false;
  end if;
  limits := private.limits_of(p_user_id);
  return least(limits.daily_messages_left, limits.monthly_messages_left, limits.spend_left) = 0;
end;
$$;
comment on function private.is_over_limit(uuid) is 'Whether a tenant has reached a limit of messages or of spending.';

create function private.tenant_overview_of(p_user_id uuid) returns public.tenant_overview
language plpgsql stable
set search_path = ''
as $$
declare
  tenancy private.tenancies;
  stored constant private.stored_account := private.stored_account_of(p_user_id);
  tenant public.tenant_overview;
begin
  select * into tenancy from private.tenancies t where t.user_id = p_user_id;
  tenant.user_id := p_user_id;
  tenant.wanted := private.wanted_subaccount(p_user_id);
  tenant.status := stored.status;
  tenant.subaccount_sid := stored.sid;
  tenant.friendly_name := stored.friendly_name;
  tenant.operator_hold := tenancy.operator_hold;
  tenant.requested_at := tenancy.requested_at;
  tenant.user_deleted_at := tenancy.user_deleted_at;
  tenant.last_error := tenancy.last_error;
  tenant.converged_at := tenancy.converged_at;
  tenant.numbers := (select count(*) from public.user_twilio_numbers n
    where n.user_id = p_user_id and n.status = 'active');
  tenant.suspended_at_twilio := coalesce(tenancy.suspended_at_twilio, false);
  tenant.email := (select e.email from private.tenant_emails e where e.user_id = p_user_id);
  tenant.plan_key := (private.plan_of(p_user_id)).key;
  tenant.created_at := tenancy.created_at;
  tenant.last_message_at := (select m.created_at from public.sms_messages m where m.user_id = p_user_id
    order by m.created_at desc limit 1);
  tenant.is_drifting := private.has_drifted(p_user_id);
  tenant.is_unpaid := private.is_unpaid(p_user_id);
  tenant.is_over_limit := private.is_over_limit(p_user_id);
  return tenant;
end;
$$;
comment on function private.tenant_overview_of(uuid) is 'One tenant as a row of the list of tenants.';

create type public.tenant_order as enum ('id', 'oldest', 'newest');
comment on type public.tenant_order is
  'The order of the list of tenants: by id, or by the time at which they became tenants. These never change, so a '
  'tenant is on exactly one page however long a listing takes.';

create type private.tenant_filter as (
  status public.account_status, plan_key text, is_drifting boolean, is_unpaid boolean, is_over_limit boolean
);
comment on type private.tenant_filter is 'What the tenants of a list have in common. Null: any value.';

create index tenancies_by_age on private.tenancies (created_at, user_id);
create index tenancies_by_subaccount on private.tenancies (subaccount_sid) where subaccount_sid is not null;

create function private.next_tenants(p_order public.tenant_order, p_after_at timestamptz, p_after uuid, p_ids uuid[],
  p_limit integer)
returns setof private.tenancies
language plpgsql stable
set search_path = ''
as $$
begin
  -- One statement for each order: each is then a walk along one index. A short list of ids is sorted.
  if p_ids is not null then
    return query
      select t.* from private.tenancies t
      where t.user_id = any (p_ids) and case
        when p_after is null then true
        when p_order = 'id' then t.user_id > p_after
        when p_order = 'oldest' then (t.created_at, t.user_id) > (p_after_at, p_after)
        else (t.created_at, t.user_id) < (p_after_at, p_after) end
      order by case p_order when 'oldest' then t.created_at end, case p_order when 'newest' then t.created_at end desc,
        case p_order when 'newest' then t.user_id end desc, t.user_id
      limit p_limit;
  elsif p_order = 'id' then
    return query
      select t.* from private.tenancies t
      where t.user_id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
      order by t.user_id limit p_limit;
  elsif p_order = 'oldest' then
    return query
      select t.* from private.tenancies t
      where (t.created_at, t.user_id)
        > (coalesce(p_after_at, '-infinity'), coalesce(p_after, '00000000-0000-0000-0000-000000000000'))
      order by t.created_at, t.user_id limit p_limit;
  else
    return query
      select t.* from private.tenancies t
      where (t.created_at, t.user_id)
        < (coalesce(p_after_at, 'infinity'), coalesce(p_after, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
      order by t.created_at desc, t.user_id desc limit p_limit;
  end if;
end;
$$;
comment on function private.next_tenants(public.tenant_order, timestamptz, uuid, uuid[], integer) is
  'The next tenants in an order, after the tenant with this time and id. p_ids: only these; null: any.';

create function private.may_match(p_user_id uuid, p_filter private.tenant_filter) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  if p_filter.plan_key is not null and p_filter.plan_key <> 'free' and not exists (
    select from public.subscriptions s where s.user_id = p_user_id and s.plan_key = p_filter.plan_key) then
    return false;
  end if;
  return (p_filter.is_over_limit is not true or private.has_spent(p_user_id))
    and (p_filter.is_unpaid is not true
      or exists (select from private.tenants_with_costs t where t.user_id = p_user_id))
    and (p_filter.status is null or (private.stored_account_of(p_user_id)).status = p_filter.status);
end;
$$;
comment on function private.may_match(uuid, private.tenant_filter) is
  'Whether a tenant may match a filter, by what a few keys tell. A tenant who may not is skipped cheaply.';

create function private.matches(p_tenant public.tenant_overview, p_filter private.tenant_filter) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return (p_filter.status is null or p_tenant.status = p_filter.status)
    and (p_filter.plan_key is null or p_tenant.plan_key is not distinct from p_filter.plan_key)
    and (p_filter.is_drifting is null or p_tenant.is_drifting = p_filter.is_drifting)
    and (p_filter.is_unpaid is null or p_tenant.is_unpaid = p_filter.is_unpaid)
    and (p_filter.is_over_limit is null or p_tenant.is_over_limit = p_filter.is_over_limit);
end;
$$;
comment on function private.matches(public.tenant_overview, private.tenant_filter) is
  'Whether a tenant matches a filter.';

create function private.search_tenants(p_search text, p_limit integer) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
declare
  begins constant text := private.email_key(p_search);
begin
  if pg_input_is_valid(p_search, 'uuid') then
    return array[p_search::uuid];
  elsif p_search like 'AC%' then
    return array(
      select t.user_id from private.tenancies t where t.subaccount_sid = p_search
      union select p.user_id from public.user_preferences p where p.twilio_subaccount_sid = p_search limit p_limit);
  elsif p_search like '+%' then
    return array(
      select n.user_id from public.user_twilio_numbers n where n.phone_number = p_search and n.is_held limit p_limit);
  end if;
  -- "C" orders by bytes, and no character of UTF-8 comes after this one.
  return array(
    select e.user_id from private.tenant_emails e
    where e.email >= begins and e.email < begins || chr(1114111) order by e.email limit p_limit);
end;
$$;
comment on function private.search_tenants(text, integer) is
  'Up to p_limit tenants: by their id, by the SID of their subaccount (AC…), by a number that they hold (+…), '
  'otherwise by the beginning of their email address.';

create type public.list_tenants_outcome as enum ('listed', 'too_many_found');
comment on type public.list_tenants_outcome is
  'too_many_found: more than a thousand addresses begin as the search does.';

create function public.list_tenants(
  p_search text, p_status public.account_status, p_plan_key text, p_is_drifting boolean, p_is_unpaid boolean,
  p_is_over_limit boolean, p_order public.tenant_order, p_after_at timestamptz, p_after uuid, p_limit integer
)
returns table (outcome public.list_tenants_outcome, tenants jsonb, next_at timestamptz, next_id uuid)
language plpgsql stable
set search_path = ''
as $$
declare
  filter constant private.tenant_filter := (p_status, p_plan_key, p_is_drifting, p_is_unpaid, p_is_over_limit);
  most_found constant integer := 1000;
  most_walked constant integer := 5000;
  most_read constant integer := 500;
  ids constant uuid[] := case when p_search is not null then private.search_tenants(p_search, most_found + 1) end;
  tenancy private.tenancies;
  tenant public.tenant_overview;
  walked integer := 0;
  read integer := 0;
  matching public.tenant_overview[] := '{}';
begin
  if cardinality(ids) > most_found then
    outcome := 'too_many_found';
    return next;
    return;
  end if;
  for tenancy in select * from private.next_tenants(p_order, p_after_at, p_after, ids, most_walked) loop
    walked := walked + 1;
    next_at := tenancy.created_at;
    next_id := tenancy.user_id;
    if private.may_match(tenancy.user_id, filter) then
      read := read + 1;
      tenant := private.tenant_overview_of(tenancy.user_id);
      if private.matches(tenant, filter) then
        matching := matching || tenant;
      end if;
      exit when cardinality(matching) >= least(p_limit, 200) or read >= most_read;
    end if;
  end loop;
  -- The walk came to the end of the tenants by itself.
  if walked < most_walked and cardinality(matching) < least(p_limit, 200) and read < most_read then
    next_at := null;
    next_id := null;
  end if;
  outcome := 'listed';
  tenants := to_jsonb(matching);
  return next;
end;
$$;
comment on function public.list_tenants(text, public.account_status, text, boolean, boolean, boolean,
  public.tenant_order, timestamptz, uuid, integer) is
  'A page of tenants: up to p_limit that match, after the tenant with this time and id. next_at and next_id: the last '
  'tenant that was looked at; null at the end of the list. A page reads at most 500 tenants and walks past at most '
  '5,000, so with a filter it may be short, or empty, before the end.';

-- One tenant ----------------------------------------------------------------------------------------------------------

-- Each part of a tenant's picture is read by an index of its own and is bounded. The parts have the form in which the
-- API returns them.

create function private.limits_json(p_plan public.plans) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return jsonb_build_object('maxNumbers', p_plan.max_numbers, 'maxPurchasesPerDay', p_plan.max_purchases_per_day,
    'maxPurchasesPerMonth', p_plan.max_purchases_per_month, 'maxNumberPrice', p_plan.max_number_price,
    'dailyMessageLimit', p_plan.daily_message_limit, 'monthlyMessageLimit', p_plan.monthly_message_limit,
    'spendLimit', p_plan.spend_limit, 'messagesPerSecond', p_plan.messages_per_second);
end;
$$;
comment on function private.limits_json(public.plans) is 'The limits of a plan, or of a tenant under a plan.';

create function private.own_limits_of(p_user_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('maxNumbers', l.max_numbers, 'maxPurchasesPerDay', l.max_purchases_per_day,
      'maxPurchasesPerMonth', l.max_purchases_per_month, 'maxNumberPrice', l.max_number_price,
      'dailyMessageLimit', l.daily_message_limit, 'monthlyMessageLimit', l.monthly_message_limit,
      'spendLimit', l.spend_limit, 'messagesPerSecond', l.messages_per_second,
      'validUntil', private.iso(l.valid_until), 'reason', l.reason, 'setBy', l.set_by, 'setAt', private.iso(l.set_at))
    from private.tenant_limits l where l.user_id = p_user_id);
end;
$$;
comment on function private.own_limits_of(uuid) is
  'The limits that an operator set for a tenant; null without any. They are deleted within a minute of their end.';

create function private.numbers_of(p_user_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'phoneNumber', n.phone_number, 'sid', n.phone_sid,
      'friendlyName', n.friendly_name, 'status', n.status, 'isPrimary', n.is_primary,
      'messagesPerSecond', n.messages_per_second, 'purchasedAt', private.iso(n.purchased_at))
      order by n.created_at), '[]')
    from (
      select * from public.user_twilio_numbers o where o.user_id = p_user_id and o.is_held
      order by o.created_at limit 200
    ) n);
end;
$$;
comment on function private.numbers_of(uuid) is 'Up to 200 of the numbers that a tenant holds, the oldest first.';

create function private.subscriptions_of(p_user_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  entitling constant text := (private.entitlement_of(p_user_id)).subscription_id;
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'customerId', s.stripe_customer_id, 'plan', s.plan_key,
      'status', s.status, 'origin', s.origin, 'counts', s.id is not distinct from entitling,
      'currentPeriodStart', private.iso(s.current_period_start),
      'currentPeriodEnd', private.iso(s.current_period_end), 'pastDueSince', private.iso(s.past_due_since),
      'cancelAt', private.iso(s.cancel_at), 'endedAt', private.iso(s.ended_at)) order by s.created_at desc), '[]')
    from (
      select * from public.subscriptions o where o.user_id = p_user_id order by o.created_at desc limit 50
    ) s);
end;
$$;
comment on function private.subscriptions_of(uuid) is
  'Up to 50 of a tenant''s subscriptions, the newest first. counts: this one gives the plan and the account status.';

create function private.usage_summary_of(p_user_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  limits constant private.limits := private.limits_of(p_user_id);
  spent constant private.spent := private.spent_between(p_user_id, limits.starts_at, now());
begin
  return jsonb_build_object(
    'periodStart', private.iso(limits.starts_at), 'periodEnd', private.iso(limits.ends_at),
    'messages', coalesce((select sum(t.messages) from private.sending_totals t
      where t.user_id = p_user_id and t.hour >= private.hour_of(limits.starts_at)), 0),
    'cost', spent.cost, 'price', spent.price,
    'remaining', jsonb_build_object('daily', limits.daily_messages_left, 'monthly', limits.monthly_messages_left,
      'spend', limits.spend_left),
    'atTwilio', (
      select coalesce(jsonb_agg(to_jsonb(u) order by u.category, u.unit), '[]')
      from (
        select w.category, sum(w.count) as count, sum(w.usage) as usage, sum(w.price) as cost, w.price_unit as unit
        from public.twilio_usage w
        where w.user_id = p_user_id and w.day >= private.utc_day(limits.starts_at)
        group by w.category, w.price_unit
      ) u));
end;
$$;
comment on function private.usage_summary_of(uuid) is
  'A tenant''s usage in their current billing period. cost: what Twilio charges, by our own count; price: what the '
  'tenant pays for it. atTwilio: what Twilio has counted so far, by category; categories contain each other.';

create function private.jobs_of(p_user_id uuid) returns jsonb
language plpgsql stable
security definer -- reads pgmq's tables
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('lane', j.lane, 'id', j.msg_id, 'kind', j.message ->> 'kind',
      'attempts', j.read_ct, 'enqueuedAt', private.iso(j.enqueued_at), 'dueAt', private.iso(j.vt),
      'error', e.error) order by j.vt), '[]')
    from (
      -- The expression of the queues' index.
      select * from private.jobs o where coalesce(o.message ->> 'userId', o.msg_id::text) = p_user_id::text
      order by o.vt limit 50
    ) j
    left join private.job_errors e on e.lane = j.lane and e.job_id = j.msg_id);
end;
$$;
comment on function private.jobs_of(uuid) is
  'Up to 50 of a tenant''s jobs, the one that is due first at the beginning.';

create index q_jobs_dead_by_user on pgmq.q_jobs_dead ((message -> 'job' ->> 'userId'), msg_id);

create function private.dead_letters_of(p_user_id uuid) returns jsonb
language plpgsql stable
security definer -- reads pgmq's tables
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('id', q.msg_id, 'lane', q.message ->> 'lane',
      'job', q.message -> 'job', 'error', q.message ->> 'error',
      'buriedAt', private.iso((q.message ->> 'movedAt')::timestamptz))
      order by q.msg_id desc), '[]')
    from (
      select * from pgmq.q_jobs_dead o where o.message -> 'job' ->> 'userId' = p_user_id::text
      order by o.msg_id desc limit 50
    ) q);
end;
$$;
comment on function private.dead_letters_of(uuid) is
  'Up to 50 of the dead letters of a tenant''s jobs, the newest first.';

create function private.notices_of(p_user_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'kind', n.kind, 'subject', n.subject, 'details', n.details,
      'raisedAt', private.iso(n.raised_at)) order by n.raised_at desc), '[]')
    from (
      select * from public.tenant_notices o where o.user_id = p_user_id order by o.raised_at desc limit 50
    ) n);
end;
$$;
comment on function private.notices_of(uuid) is 'Up to 50 of a tenant''s notices, the newest first.';

create function public.list_audit_lines(p_user_id uuid, p_before_at timestamptz, p_before_id bigint, p_limit integer)
returns setof public.audit_log
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select * from public.audit_log l
    where l.user_id = p_user_id
      and (l.at, l.id) < (coalesce(p_before_at, 'infinity'), coalesce(p_before_id, 9223372036854775807))
    order by l.at desc, l.id desc limit least(p_limit, 1000);
end;
$$;
comment on function public.list_audit_lines(uuid, timestamptz, bigint, integer) is
  'A page of the audit log of one tenant, newest first, before the line with this time and id.';

create type public.show_tenant_outcome as enum ('found', 'not_found');
comment on type public.show_tenant_outcome is 'not_found: no tenant has this id.';

create function public.show_tenant(p_user_id uuid)
returns table (outcome public.show_tenant_outcome, tenant jsonb, parts jsonb, alerts jsonb)
language plpgsql stable
set search_path = ''
as $$
begin
  if not exists (select from private.tenancies t where t.user_id = p_user_id) then
    outcome := 'not_found';
    return next;
    return;
  end if;
  outcome := 'found';
  tenant := to_jsonb(private.tenant_overview_of(p_user_id));
  parts := jsonb_build_object('numbers', private.numbers_of(p_user_id),
    'subscriptions', private.subscriptions_of(p_user_id),
    'limits', private.limits_json(private.limiting_plan(p_user_id)),
    'ownLimits', private.own_limits_of(p_user_id), 'usage', private.usage_summary_of(p_user_id),
    'notices', private.notices_of(p_user_id), 'jobs', private.jobs_of(p_user_id),
    'deadLetters', private.dead_letters_of(p_user_id));
  alerts := (
    select coalesce(jsonb_agg(to_jsonb(a) order by a.id desc), '[]') from (
      select * from public.operator_alerts o where o.user_id = p_user_id and o.settled_at is null
      order by o.id desc limit 50) a);
  return next;
end;
$$;
comment on function public.show_tenant(uuid) is
  'One tenant as a whole: a row of the list of tenants, its parts as the API returns them, and its open alerts.';

-- Actions on one tenant, and on plans ---------------------------------------------------------------------------------

create function public.request_tenant_sync(p_user_id uuid, p_operator_id uuid, p_request_id text, p_reason text)
returns public.show_tenant_outcome
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from private.tenancies t where t.user_id = p_user_id) then
    return 'not_found';
  end if;
  perform private.ask_for_convergence(p_user_id, 0, true);
  perform private.enqueue(jsonb_build_object('kind', 'sync-numbers', 'userId', p_user_id));
  perform private.ask_for_usage_sync(a) from private.usage_accounts a
  where a.user_id = p_user_id and a.due_at is not null;
  update private.days_to_reconcile d set due_at = now()
  where d.due_at > now() and (d.account_sid, d.day) in (
    select o.account_sid, o.day from private.days_to_reconcile o
    join private.usage_accounts a on a.account_sid = o.account_sid and a.user_id = p_user_id
    order by o.account_sid, o.day limit 1000 for update of o);
  perform private.audit('operator:' || p_operator_id, 'tenant.sync_requested', p_user_id,
    (private.stored_account_of(p_user_id)).sid, p_request_id, jsonb_build_object('reason', p_reason));
  return 'found';
end;
$$;
comment on function public.request_tenant_sync(uuid, uuid, text, text) is
  'An operator asks for a comparison of one tenant with Twilio now: their subaccounts by name, their numbers, their '
  'usage, and the days of the ledger that wait for a comparison with it.';

create type public.set_tenant_limits_outcome as enum ('set', 'removed', 'unknown_user');
comment on type public.set_tenant_limits_outcome is 'removed: the limits of the tenant''s plan apply again.';

create function public.set_tenant_limits(p_user_id uuid, p_limits jsonb, p_valid_until timestamptz, p_operator_id uuid,
  p_request_id text, p_reason text)
returns public.set_tenant_limits_outcome
language plpgsql
set search_path = ''
as $$
declare
  before constant jsonb := private.own_limits_of(p_user_id);
  actor constant text := 'operator:' || p_operator_id;
begin
  if not private.user_exists(p_user_id) then
    return 'unknown_user';
  end if;
  if p_limits is null then
    delete from private.tenant_limits l where l.user_id = p_user_id;
  else
    -- One statement, so that nothing acts on the plan's limits in between.
    insert into private.tenant_limits (user_id, max_numbers, max_purchases_per_day, max_purchases_per_month,
      max_number_price, daily_message_limit, monthly_message_limit, spend_limit, messages_per_second, valid_until,
      reason, set_by)
    select p_user_id, l."maxNumbers", l."maxPurchasesPerDay", l."maxPurchasesPerMonth", l."maxNumberPrice",
      l."dailyMessageLimit", l."monthlyMessageLimit", l."spendLimit", l."messagesPerSecond", p_valid_until, p_reason,
      p_operator_id
    from jsonb_to_record(p_limits) as l ("maxNumbers" integer, "maxPurchasesPerDay" integer,
      "maxPurchasesPerMonth" integer, "maxNumberPrice" numeric, "dailyMessageLimit" integer,
      "monthlyMessageLimit" integer, "spendLimit" numeric, "messagesPerSecond" numeric)
    on conflict (user_id) do update set max_numbers = excluded.max_numbers,
      max_purchases_per_day = excluded.max_purchases_per_day,
      max_purchases_per_month = excluded.max_purchases_per_month, max_number_price = excluded.max_number_price,
      daily_message_limit = excluded.daily_message_limit, monthly_message_limit = excluded.monthly_message_limit,
      spend_limit = excluded.spend_limit, messages_per_second = excluded.messages_per_second,
      valid_until = excluded.valid_until, reason = excluded.reason, set_by = excluded.set_by, set_at = now();
  end if;
  perform private.audit(actor, case when p_limits is null then 'limits.removed' else 'limits.set' end, p_user_id, null,
    p_request_id, jsonb_build_object('reason', p_reason, 'before', before, 'limits', p_limits,
      'validUntil', private.iso(p_valid_until)));
  return case when p_limits is null then 'removed' else 'set' end;
end;
$$;
comment on function public.set_tenant_limits(uuid, jsonb, timestamptz, uuid, text, text) is
  'An operator sets a tenant''s own limits, in place of all that were set before, or removes them (null). A limit that '
  'is left out is the plan''s.';

create type public.set_plan_limits_outcome as enum ('changed', 'new_version', 'unknown_plan', 'superseded',
  'price_taken');
comment on type public.set_plan_limits_outcome is
  'new_version: the plan was sold, so its limits stay for those who have it, and a new row is on sale. superseded: a '
  'replaced version can only be changed for those who have it. price_taken: the price belongs to another plan.';

create function private.with_limits(p_plan public.plans, p_limits jsonb) returns public.plans
language plpgsql stable
set search_path = ''
as $$
begin
  p_plan.max_numbers := coalesce((p_limits ->> 'maxNumbers')::integer, p_plan.max_numbers);
  p_plan.max_purchases_per_day := coalesce((p_limits ->> 'maxPurchasesPerDay')::integer, p_plan.max_purchases_per_day);
  p_plan.max_purchases_per_month :=
    coalesce((p_limits ->> 'maxPurchasesPerMonth')::integer, p_plan.max_purchases_per_month);
  p_plan.max_number_price := coalesce((p_limits ->> 'maxNumberPrice')::numeric, p_plan.max_number_price);
  p_plan.daily_message_limit := coalesce((p_limits ->> 'dailyMessageLimit')::integer, p_plan.daily_message_limit);
  p_plan.monthly_message_limit := coalesce((p_limits ->> 'monthlyMessageLimit')::integer, p_plan.monthly_message_limit);
  p_plan.spend_limit := coalesce((p_limits ->> 'spendLimit')::numeric, p_plan.spend_limit);
  p_plan.messages_per_second := coalesce((p_limits ->> 'messagesPerSecond')::numeric, p_plan.messages_per_second);
  return p_plan;
end;
$$;
comment on function private.with_limits(public.plans, jsonb) is 'A plan with these limits in place of its own.';

create function public.set_plan_limits(p_plan_key text, p_limits jsonb, p_changes_sold boolean, p_stripe_price_id text,
  p_operator_id uuid, p_request_id text, p_reason text)
returns table (outcome public.set_plan_limits_outcome, plan_key text)
language plpgsql
set search_path = ''
as $$
declare
  before public.plans;
  changed public.plans;
begin
  select * into before from public.plans p where p.key = p_plan_key for no key update;
  outcome := case
    when before.key is null then 'unknown_plan'
    when p_changes_sold or not exists (select from public.subscriptions s where s.plan_key = p_plan_key) then 'changed'
    when before.superseded_at is not null then 'superseded'
    when exists (select from public.plans p where p.stripe_price_id = p_stripe_price_id) then 'price_taken'
    else 'new_version' end;
  if outcome not in ('changed', 'new_version') then
    return next;
    return;
  end if;
  changed := private.with_limits(before, p_limits);
  if outcome = 'new_version' then
    changed.version := before.version + 1;
    changed.key := regexp_replace(before.key, '-v[0-9]+$', '') || '-v' || changed.version;
    changed.stripe_price_id := p_stripe_price_id;
    update public.plans p set superseded_at = now() where p.key = before.key;
    insert into public.plans select changed.*;
  else
    update public.plans p set max_numbers = changed.max_numbers,
      max_purchases_per_day = changed.max_purchases_per_day, max_purchases_per_month = changed.max_purchases_per_month,
      max_number_price = changed.max_number_price, daily_message_limit = changed.daily_message_limit,
      monthly_message_limit = changed.monthly_message_limit, spend_limit = changed.spend_limit,
      messages_per_second = changed.messages_per_second
    where p.key = before.key;
  end if;
  plan_key := changed.key;
  perform private.audit('operator:' || p_operator_id, 'plan.limits_set', null, null, p_request_id,
    jsonb_build_object('reason', p_reason, 'plan', before.key, 'changedPlan', changed.key,
      'changesSold', p_changes_sold, 'before', private.limits_json(before), 'limits', private.limits_json(changed)));
  return next;
end;
$$;
comment on function public.set_plan_limits(text, jsonb, boolean, text, uuid, text, text) is
  'An operator changes limits of a plan. A plan that was sold stays as it is for those who have it: a new version goes '
  'on sale, with its own price, unless p_changes_sold. A limit that is left out stays.';

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
    select jsonb_agg(jsonb_build_object('kind', kind, 'open', private.bounded(o.open),
      'unacknowledged', private.bounded(o.unacknowledged)) order by kind)
    from unnest(enum_range(null::public.alert_kind)) kind
    cross join lateral (
      select count(*) as open, count(*) filter (where a.acknowledged_at is null) as unacknowledged
      from (select e.acknowledged_at from public.operator_alerts e
        where e.kind = kind and e.settled_at is null limit 1001) a) o);
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
  private.note_tenant_email(),
  private.users_with_email(text),
  private.stored_account_of(uuid),
  private.has_spent(uuid),
  private.is_over_limit(uuid),
  private.tenant_overview_of(uuid),
  private.next_tenants(public.tenant_order, timestamptz, uuid, uuid[], integer),
  private.may_match(uuid, private.tenant_filter),
  private.matches(public.tenant_overview, private.tenant_filter),
  private.search_tenants(text, integer),
  private.limits_json(public.plans),
  private.own_limits_of(uuid),
  private.numbers_of(uuid),
  private.subscriptions_of(uuid),
  private.usage_summary_of(uuid),
  private.jobs_of(uuid),
  private.dead_letters_of(uuid),
  private.notices_of(uuid),
  public.list_audit_lines(uuid, timestamptz, bigint, integer),
  public.show_tenant(uuid),
  public.request_tenant_sync(uuid, uuid, text, text),
  public.set_tenant_limits(uuid, jsonb, timestamptz, uuid, text, text),
  private.with_limits(public.plans, jsonb),
  public.set_plan_limits(text, jsonb, boolean, text, uuid, text, text),
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
  public.describe_health(integer),
  public.list_tenants(text, public.account_status, text, boolean, boolean, boolean, public.tenant_order, timestamptz,
    uuid, integer)
  from public, anon, authenticated;
grant execute on function
  private.users_with_email(text),
  private.stored_account_of(uuid),
  private.has_spent(uuid),
  private.is_over_limit(uuid),
  private.tenant_overview_of(uuid),
  private.next_tenants(public.tenant_order, timestamptz, uuid, uuid[], integer),
  private.may_match(uuid, private.tenant_filter),
  private.matches(public.tenant_overview, private.tenant_filter),
  private.search_tenants(text, integer),
  private.limits_json(public.plans),
  private.own_limits_of(uuid),
  private.numbers_of(uuid),
  private.subscriptions_of(uuid),
  private.usage_summary_of(uuid),
  private.jobs_of(uuid),
  private.dead_letters_of(uuid),
  private.notices_of(uuid),
  public.list_audit_lines(uuid, timestamptz, bigint, integer),
  public.show_tenant(uuid),
  public.request_tenant_sync(uuid, uuid, text, text),
  public.set_tenant_limits(uuid, jsonb, timestamptz, uuid, text, text),
  private.with_limits(public.plans, jsonb),
  public.set_plan_limits(text, jsonb, boolean, text, uuid, text, text),
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
  public.describe_health(integer),
  public.list_tenants(text, public.account_status, text, boolean, boolean, boolean, public.tenant_order, timestamptz,
    uuid, integer)
  to service_role;
