-- What a tenant should know before they buy a number, and what will become of those they have.

create function private.scheduled_for_numbers(p_user_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('numberId', s.number_id, 'phoneNumber', s.phone_number,
    'change', s.change, 'at', s.at) order by s.at, s.phone_number), '[]')
  from (
    select l.number_id, l.phone_number, l.due_at as at,
      case when l.state = 'parked' then 'parked_until' when l.action = 'park' and l.state <> 'kept' then 'park'
        else 'release' end as change
    from private.leaving_numbers l
    where l.user_id = p_user_id and l.state in ('noticed', 'kept', 'parked') and l.due_at < 'infinity'
    union all
    select n.id, n.phone_number, e.sending_ends_at, 'sending_ends'
    from private.excess_numbers e join public.user_twilio_numbers n on n.id = e.number_id
    where e.user_id = p_user_id and e.number_id = any (private.numbers_beyond_limit(p_user_id))
  ) s;
$$;
comment on function private.scheduled_for_numbers(uuid) is
  'What will become of a tenant''s numbers by itself, by the facts of now: [{numberId, phoneNumber, change, at}]. '
  'change: release, park, parked_until (released from the master account at that time), or sending_ends (from then on '
  'it only receives). Notices say the same, but stay when it is averted.';

create function public.numbers_overview(p_user_id uuid)
returns table (max_numbers integer, held integer, daily_limit integer, daily_left integer,
  daily_resets_at timestamptz, monthly_limit integer, monthly_left integer, monthly_resets_at timestamptz,
  highest_price numeric, included_numbers integer, spend_limit numeric, spend_left numeric,
  spend_resets_at timestamptz, in_progress jsonb, scheduled jsonb, compared_at timestamptz)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  plan constant public.plans := private.plan_of(p_user_id);
  quota constant private.purchase_quota := private.purchase_quota_of(p_user_id, plan);
  remaining constant private.quota := private.remaining_quota(p_user_id, plan);
begin
  -- coalesce: a plan that was deleted allows nothing.
  max_numbers := coalesce(plan.max_numbers, 0);
  held := quota.held;
  daily_limit := coalesce(plan.max_purchases_per_day, 0);
  daily_left := greatest(0, coalesce(quota.daily_left, 0));
  daily_resets_at := quota.daily_resets_at;
  monthly_limit := coalesce(plan.max_purchases_per_month, 0);
  monthly_left := greatest(0, coalesce(quota.monthly_left, 0));
  monthly_resets_at := quota.monthly_resets_at;
  highest_price := coalesce(plan.max_number_price, 0);
  included_numbers := coalesce(plan.included_numbers, 0);
  spend_limit := coalesce(plan.spend_limit, 0);
  spend_left := greatest(0, remaining.spend);
  spend_resets_at := remaining.ends_at;
  select coalesce(jsonb_agg(jsonb_build_object('numberId', n.id, 'phoneNumber', n.phone_number, 'status', n.status)
    order by n.updated_at, n.id), '[]') into in_progress
  from public.user_twilio_numbers n where n.user_id = p_user_id and n.status in ('purchasing', 'releasing');
  scheduled := private.scheduled_for_numbers(p_user_id);
  select t.numbers_compared_at into compared_at from private.tenancies t where t.user_id = p_user_id;
  return next;
end;
$$;
comment on function public.numbers_overview(uuid) is
  'What a tenant may still buy, as reserve_number decides it, the numbers whose purchase or release is in progress '
  '([{numberId, phoneNumber, status}]), what is scheduled for numbers (scheduled_for_numbers), and when they were last '
  'compared with Twilio''s.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.scheduled_for_numbers(uuid),
  public.numbers_overview(uuid)
  from public, anon, authenticated;
grant execute on function
  private.scheduled_for_numbers(uuid),
  public.numbers_overview(uuid)
  to service_role;
