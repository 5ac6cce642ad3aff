-- One tenant whole, as operators see them, and what operators change about a tenant and about a plan.

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
      'spendLimit', l.spend_limit, 'messagesPerSecond', l.messages_per_second, 'markup', l.markup,
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

create function private.unpaid_part_of(p_user_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('reason', u.reason, 'costs', u.costs, 'numbers', (
      select coalesce(jsonb_agg(n || jsonb_build_object('leavesAt',
        private.iso((n ->> 'leavesAt')::timestamptz))), '[]')
      from jsonb_array_elements(u.numbers) n))
    from private.unpaid_cost_of(p_user_id) u
    -- As in the list of tenants: what an account cost before it was closed does not count.
    where exists (select from private.tenants_with_costs t where t.user_id = p_user_id));
end;
$$;
comment on function private.unpaid_part_of(uuid) is
  'What a tenant''s account costs a month without a paying tenant, and why; null when it has one or costs nothing.';

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

create function public.list_audit_log(p_actor text, p_action text, p_request_id text, p_before bigint, p_limit integer)
returns setof public.audit_log
language plpgsql stable
set search_path = ''
as $$
declare
  before constant bigint := coalesce(p_before, 9223372036854775807);
  most constant integer := least(p_limit, 1000);
begin
  -- One statement for each filter: each is then a walk along one index.
  if p_request_id is not null then
    return query
      select * from public.audit_log l
      where l.request_id = p_request_id and l.id < before
        and (p_actor is null or l.actor = p_actor) and (p_action is null or l.action = p_action)
      order by l.id desc limit most;
  elsif p_action is not null then
    return query
      select * from public.audit_log l
      where l.action = p_action and l.id < before and (p_actor is null or l.actor = p_actor)
      order by l.id desc limit most;
  elsif p_actor is not null then
    return query
      select * from public.audit_log l where l.actor = p_actor and l.id < before order by l.id desc limit most;
  else
    return query
      select * from public.audit_log l where l.id < before order by l.id desc limit most;
  end if;
end;
$$;
comment on function public.list_audit_log(text, text, text, bigint, integer) is
  'A page of the whole audit log, newest first, before the line with this id. Null: any actor, action or request.';

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
    'ownLimits', private.own_limits_of(p_user_id), 'billing', private.billing_of(p_user_id),
    'usage', private.usage_summary_of(p_user_id), 'unpaid', private.unpaid_part_of(p_user_id),
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
      max_number_price, daily_message_limit, monthly_message_limit, spend_limit, messages_per_second, markup,
      valid_until, reason, set_by)
    select p_user_id, l."maxNumbers", l."maxPurchasesPerDay", l."maxPurchasesPerMonth", l."maxNumberPrice",
      l."dailyMessageLimit", l."monthlyMessageLimit", l."spendLimit", l."messagesPerSecond", l.markup,
      p_valid_until, p_reason, p_operator_id
    from jsonb_to_record(p_limits) as l ("maxNumbers" integer, "maxPurchasesPerDay" integer,
      "maxPurchasesPerMonth" integer, "maxNumberPrice" numeric, "dailyMessageLimit" integer,
      "monthlyMessageLimit" integer, "spendLimit" numeric, "messagesPerSecond" numeric, markup numeric)
    on conflict (user_id) do update set max_numbers = excluded.max_numbers,
      max_purchases_per_day = excluded.max_purchases_per_day,
      max_purchases_per_month = excluded.max_purchases_per_month, max_number_price = excluded.max_number_price,
      daily_message_limit = excluded.daily_message_limit, monthly_message_limit = excluded.monthly_message_limit,
      spend_limit = excluded.spend_limit, messages_per_second = excluded.messages_per_second,
      markup = excluded.markup, valid_until = excluded.valid_until, reason = excluded.reason,
      set_by = excluded.set_by, set_at = now();
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

create type public.listed_plan as (
  key text, name text, rank integer, version integer, superseded_at timestamptz, stripe_price_id text, currency text,
  markup numeric, segment_price numeric, limits jsonb, was_sold boolean, subscriptions bigint);
comment on type public.listed_plan is
  'A version of a plan as operators see it. was_sold: whether any subscription ever had it, so that a change of its '
  'limits makes a new version. subscriptions: those that have it and are not over.';

create function public.list_plans() returns setof public.listed_plan
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select p.key, p.name, p.rank, p.version, p.superseded_at, p.stripe_price_id, p.currency, p.markup, p.segment_price,
      private.limits_json(p), exists (select from public.subscriptions s where s.plan_key = p.key),
      (select count(*) from public.subscriptions s where s.plan_key = p.key and s.ended_at is null
        and s.status not in ('canceled', 'incomplete', 'incomplete_expired'))
    from public.plans p
    order by p.rank, p.version desc, p.key;
end;
$$;
comment on function public.list_plans() is 'Every version of every plan, by rank, the newest version first.';

create function public.emails_of_tenants(p_user_ids uuid[]) returns table (user_id uuid, email text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select e.user_id, e.email from private.tenant_emails e where e.user_id = any (p_user_ids) order by e.user_id;
end;
$$;
comment on function public.emails_of_tenants(uuid[]) is
  'The email addresses of these tenants: reports and lists name tenants by id. Deleted users have none.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.limits_json(public.plans),
  private.own_limits_of(uuid),
  private.numbers_of(uuid),
  private.subscriptions_of(uuid),
  private.usage_summary_of(uuid),
  private.jobs_of(uuid),
  private.dead_letters_of(uuid),
  private.notices_of(uuid),
  private.unpaid_part_of(uuid),
  public.list_audit_lines(uuid, timestamptz, bigint, integer),
  public.list_audit_log(text, text, text, bigint, integer),
  public.show_tenant(uuid),
  public.request_tenant_sync(uuid, uuid, text, text),
  public.set_tenant_limits(uuid, jsonb, timestamptz, uuid, text, text),
  private.with_limits(public.plans, jsonb),
  public.set_plan_limits(text, jsonb, boolean, text, uuid, text, text),
  public.list_plans(),
  public.emails_of_tenants(uuid[])
  from public, anon, authenticated;
grant execute on function
  private.limits_json(public.plans),
  private.own_limits_of(uuid),
  private.numbers_of(uuid),
  private.subscriptions_of(uuid),
  private.usage_summary_of(uuid),
  private.jobs_of(uuid),
  private.dead_letters_of(uuid),
  private.notices_of(uuid),
  private.unpaid_part_of(uuid),
  public.list_audit_lines(uuid, timestamptz, bigint, integer),
  public.list_audit_log(text, text, text, bigint, integer),
  public.show_tenant(uuid),
  public.request_tenant_sync(uuid, uuid, text, text),
  public.set_tenant_limits(uuid, jsonb, timestamptz, uuid, text, text),
  private.with_limits(public.plans, jsonb),
  public.set_plan_limits(text, jsonb, boolean, text, uuid, text, text),
  public.list_plans(),
  public.emails_of_tenants(uuid[])
  to service_role;
