-- What operators see of all tenants: a list with search, filters and orders.

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
  is_over_limit boolean,
  lapsed_plan_key text
);
comment on type public.tenant_overview is
  'A tenant as operators see them. status: of the subaccount. numbers: the count of active ones. is_drifting: the '
  'subaccount does not have the wanted status. is_unpaid: the account has a monthly cost that no subscription '
  'pays for, as in the list of unpaid accounts. is_over_limit: a limit of messages or of spending is reached. '
  'lapsed_plan_key: the plan of the subscription that counts and does not entitle now, because it is unpaid, '
  'paused or canceled.';

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
  entitled constant private.entitlement := private.entitlement_of(p_user_id);
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
  -- A tenant whose gift is over may be active by their request: no subscription counts then.
  tenant.lapsed_plan_key := case when 'active' not in (entitled.wanted, tenant.wanted) then entitled.plan_key end;
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

-- Figures beside the list ---------------------------------------------------------------------------------------------

create function private.figures_of_tenant(p_user_id uuid, p_today date) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  shown_days constant integer := 30;
  begun_on constant date := private.utc_day((private.billing_period_of(p_user_id)).starts_at);
  used constant private.day_usage[] := array(select u
    from private.usage_by_day(p_user_id, least(begun_on, p_today - shown_days + 1), p_today + 1) u);
begin
  return jsonb_build_object(
    'userId', p_user_id,
    'from', begun_on,
    'amounts', (
      select coalesce(jsonb_agg(jsonb_build_object('currency', a.currency, 'price', trim_scale(a.price)::text,
        'cost', trim_scale(a.cost)::text, 'margin', trim_scale(a.price - a.cost)::text) order by a.currency), '[]')
      from (
        select u.currency, sum(u.price) as price, sum(u.cost) as cost
        from unnest(used) u where u.day >= begun_on group by u.currency) a),
    'messages', (
      select jsonb_agg(coalesce(m.count, 0) order by d.days_ago desc)
      from generate_series(0, shown_days - 1) d (days_ago)
      left join (
        select u.day, sum(u.count) as count
        from unnest(used) u where u.kind in ('sms_out', 'mms_out', 'sms_in', 'mms_in') group by u.day) m
        on m.day = p_today - d.days_ago));
end;
$$;
comment on function private.figures_of_tenant(uuid, date) is
  'What a tenant used in their billing period until p_today, by currency, and their messages on each of the last 30 '
  'UTC days, the oldest first. It reads the totals of that tenant alone.';

create function public.figures_of_tenants(p_user_ids uuid[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  today constant date := private.utc_day(now());
begin
  return (
    select jsonb_build_object('until', today + 1,
      'tenants', coalesce(jsonb_agg(private.figures_of_tenant(t.user_id, today) order by t.place), '[]'))
    from unnest(p_user_ids) with ordinality t (user_id, place));
end;
$$;
comment on function public.figures_of_tenants(uuid[]) is
  'Figures of some tenants in the given order, see private.figures_of_tenant: {until, tenants: [{userId, from, '
  'amounts: [{currency, price, cost, margin}], messages}]}. The cost grows with the given tenants alone.';

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
  private.figures_of_tenant(uuid, date),
  public.figures_of_tenants(uuid[]),
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
  private.figures_of_tenant(uuid, date),
  public.figures_of_tenants(uuid[]),
  public.list_tenants(text, public.account_status, text, boolean, boolean, boolean, public.tenant_order, timestamptz,
    uuid, integer)
  to service_role;
