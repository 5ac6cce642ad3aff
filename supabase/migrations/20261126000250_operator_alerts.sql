-- What an operator must look at: one row for each open cause, delivered to OPERATOR_ALERT_URL when that is set.

create type public.alert_kind as enum ('dead_letter', 'unknown_price', 'subscription_without_tenant',
  'campaign_paused', 'master_account_inactive', 'reconciliation', 'usage_trigger', 'unpaid_account',
  'exchange_rate', 'metering', 'meter_rejection', 'invoice_difference', 'invoice_grace', 'payment_moved',
  'credit_owed');
comment on type public.alert_kind is
  'dead_letter: a job failed at its last attempt; the subject is its lane. unknown_price: no price of a subscription '
  'belongs to a plan; the subject is the price, or the subscription when it has none. subscription_without_tenant: a '
  'subscription continues, and its user is deleted or was closed by an operator; the subject is the subscription. '
  'campaign_paused: an error of Twilio''s paused a campaign; the subject is the campaign. '
  'master_account_inactive: Twilio refuses the master account as not active, for example without funds; the subject is '
  'its SID. reconciliation: the ledger and Twilio''s usage of a closed day differ; the subject is the account and the '
  'day. usage_trigger: a usage trigger fired at Twilio; the subject is the trigger''s SID. unpaid_account: an account '
  'without a paying tenant, or a number of one, cannot be released, or a parked number cannot return; the subject is '
  'the SID of the account or the number. exchange_rate: usage waits for an exchange rate; the subject is the pair of '
  'currencies. metering: usage cannot be sent to Stripe; the subject is the customer and the kind. meter_rejection: '
  'Stripe did not count usage that it had accepted; the subject is the customer, the kind and the day. '
  'invoice_difference: an invoice does not bill what was sent; the subject is the invoice. invoice_grace: invoices are '
  'final before the books close; the subject is the subscription. payment_moved: a refund or a dispute; the subject is '
  'the charge. credit_owed: a tenant who has left is owed a credit that fits on no invoice; the subject is its final '
  'charge.';

create table public.operator_alerts (
  id uuid primary key default private.new_id(),
  kind public.alert_kind not null,
  subject text not null,
  -- No foreign key: an alert may be about a deleted user.
  user_id uuid,
  details jsonb not null default '{}',
  times integer not null default 1,
  raised_at timestamptz not null default now(),
  last_raised_at timestamptz not null default now(),
  delivered_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by uuid,
  acknowledged_because text,
  settled_at timestamptz,
  constraint operator_alerts_acknowledged_whole
    check (num_nulls(acknowledged_at, acknowledged_by, acknowledged_because) in (0, 3))
);
comment on table public.operator_alerts is
  'Alerts for operators. An open alert has no settled_at. Raised again while it is open, it counts and adds no row.';
comment on column public.operator_alerts.subject is
  'What the alert is about, such as the id of a subscription: one open alert for each kind and subject.';
comment on column public.operator_alerts.details is 'Ids, codes and amounts. No secrets, and no texts of messages.';
comment on column public.operator_alerts.acknowledged_at is
  'When an operator took note of an alert whose cause continues. It stays open, and is quiet: it is not delivered any '
  'more. acknowledged_by and acknowledged_because: the operator and the reason.';
comment on column public.operator_alerts.delivered_at is
  'When OPERATOR_ALERT_URL accepted the alert; null while it has not, or when no URL is set.';
create unique index operator_alerts_one_open on public.operator_alerts (kind, subject) where settled_at is null;
create index operator_alerts_open on public.operator_alerts (id) where settled_at is null;
create index operator_alerts_settled on public.operator_alerts (id) where settled_at is not null;
create index operator_alerts_by_kind on public.operator_alerts (kind, id);
create index operator_alerts_by_user on public.operator_alerts (user_id, id) where settled_at is null;
create index operator_alerts_expiring on public.operator_alerts (settled_at) where settled_at is not null;

alter table public.operator_alerts enable row level security;
revoke all on public.operator_alerts from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.operator_alerts to service_role;
create policy "Only the service reads alerts" on public.operator_alerts for select to service_role using (true);

create function private.raise_alert(p_kind public.alert_kind, p_subject text, p_user_id uuid default null,
  p_details jsonb default '{}')
returns void
language plpgsql
security definer -- also called by triggers of tables that other roles write
set search_path = ''
as $$
declare
  alert public.operator_alerts;
begin
  insert into public.operator_alerts as a (kind, subject, user_id, details)
  values (p_kind, p_subject, p_user_id, p_details)
  on conflict (kind, subject) where settled_at is null
  do update set times = a.times + 1, last_raised_at = now(), details = excluded.details
  returning * into alert;
  -- An open alert was delivered before: a cause that repeats does not flood the operator.
  if alert.times = 1 then
    perform private.enqueue(jsonb_build_object('kind', 'deliver-alert', 'alertId', alert.id));
  end if;
end;
$$;
comment on function private.raise_alert(public.alert_kind, text, uuid, jsonb) is
  'Raises an alert, or counts it when it is open for this subject, in the caller''s transaction. A new alert is '
  'delivered by a job.';

create function private.settle_alert(p_kind public.alert_kind, p_subject text) returns boolean
language plpgsql
security definer -- also called by triggers of tables that other roles write
set search_path = ''
as $$
begin
  update public.operator_alerts a set settled_at = now()
  where a.kind = p_kind and a.subject = p_subject and a.settled_at is null;
  return found;
end;
$$;
comment on function private.settle_alert(public.alert_kind, text) is
  'Settles an open alert whose cause is gone. Returns whether there was one.';

create type public.alert_state as enum ('open', 'unacknowledged', 'acknowledged', 'settled', 'all');
comment on type public.alert_state is
  'Which alerts a list has. open: those that are not settled, of which an operator has acknowledged some.';

create function public.list_alerts(p_before uuid, p_limit integer, p_state public.alert_state,
  p_kind public.alert_kind default null)
returns setof public.operator_alerts
language plpgsql stable
set search_path = ''
as $$
begin
  if p_state = 'all' then
    return query
      select * from public.operator_alerts a
      where (p_before is null or a.id < p_before) and (p_kind is null or a.kind = p_kind)
      order by a.id desc limit least(p_limit, 200);
  elsif p_state = 'settled' then
    return query
      select * from public.operator_alerts a
      where a.settled_at is not null and (p_before is null or a.id < p_before) and (p_kind is null or a.kind = p_kind)
      order by a.id desc limit least(p_limit, 200);
  else
    return query
      select * from public.operator_alerts a
      where a.settled_at is null and (p_before is null or a.id < p_before) and (p_kind is null or a.kind = p_kind)
        and (p_state = 'open' or (a.acknowledged_at is not null) = (p_state = 'acknowledged'))
      order by a.id desc limit least(p_limit, 200);
  end if;
end;
$$;
comment on function public.list_alerts(uuid, integer, public.alert_state, public.alert_kind) is
  'A page of alerts in a state, of one kind or of all, newest first, before the last id of the page before.';

create type public.alert_delivery as enum ('pending', 'acknowledged', 'settled', 'not_found');
comment on type public.alert_delivery is
  'Whether an alert is still to be delivered. acknowledged: an operator knows it. settled: an operator or the end of '
  'its cause settled it before.';

create function public.alert_to_deliver(p_alert_id uuid)
returns table (outcome public.alert_delivery, alert jsonb)
language plpgsql stable
set search_path = ''
as $$
begin
  select case when a.settled_at is not null then 'settled' when a.acknowledged_at is not null then 'acknowledged'
    else 'pending' end, to_jsonb(a) into outcome, alert
  from public.operator_alerts a where a.id = p_alert_id;
  outcome := coalesce(outcome, 'not_found');
  return next;
end;
$$;
comment on function public.alert_to_deliver(uuid) is 'An alert that its job delivers, as its row.';

create function public.record_alert_delivery(p_alert_id uuid) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update public.operator_alerts a set delivered_at = now() where a.id = p_alert_id and a.delivered_at is null;
  return found;
end;
$$;
comment on function public.record_alert_delivery(uuid) is
  'Records that OPERATOR_ALERT_URL accepted an alert. Returns false when this was recorded before.';

create type public.close_alert_outcome as enum ('settled', 'already', 'not_found');
comment on type public.close_alert_outcome is 'already: the alert was settled before.';

create function public.close_alert(p_alert_id uuid, p_operator_id uuid, p_request_id text, p_reason text)
returns public.close_alert_outcome
language plpgsql
set search_path = ''
as $$
declare
  alert public.operator_alerts;
begin
  select * into alert from public.operator_alerts a where a.id = p_alert_id for update;
  if alert.id is null then
    return 'not_found';
  end if;
  if alert.settled_at is not null then
    return 'already';
  end if;
  perform private.settle_alert(alert.kind, alert.subject);
  perform private.audit('operator:' || p_operator_id, 'alert.settled', alert.user_id, null, p_request_id,
    jsonb_build_object('alertId', p_alert_id, 'kind', alert.kind, 'subject', alert.subject, 'reason', p_reason));
  return 'settled';
end;
$$;
comment on function public.close_alert(uuid, uuid, text, text) is 'An operator settles an alert.';

create type public.acknowledge_alert_outcome as enum ('acknowledged', 'already', 'settled', 'not_found');
comment on type public.acknowledge_alert_outcome is
  'already: the alert was acknowledged before, and keeps that operator and reason.';

create function public.acknowledge_alert(p_alert_id uuid, p_operator_id uuid, p_request_id text, p_reason text)
returns public.acknowledge_alert_outcome
language plpgsql
set search_path = ''
as $$
declare
  alert public.operator_alerts;
begin
  select * into alert from public.operator_alerts a where a.id = p_alert_id for update;
  if alert.id is null then
    return 'not_found';
  elsif alert.settled_at is not null then
    return 'settled';
  elsif alert.acknowledged_at is not null then
    return 'already';
  end if;
  update public.operator_alerts a
  set acknowledged_at = now(), acknowledged_by = p_operator_id, acknowledged_because = p_reason
  where a.id = p_alert_id;
  perform private.audit('operator:' || p_operator_id, 'alert.acknowledged', alert.user_id, null, p_request_id,
    jsonb_build_object('alertId', p_alert_id, 'kind', alert.kind, 'subject', alert.subject, 'reason', p_reason));
  return 'acknowledged';
end;
$$;
comment on function public.acknowledge_alert(uuid, uuid, text, text) is
  'An operator takes note of an open alert, which stays open until its cause ends or an operator settles it.';

create type public.alert_change as enum ('acknowledged', 'settled');
comment on type public.alert_change is 'What an operator does with several alerts at once.';

create type public.changed_alert as enum ('acknowledged', 'settled', 'not_found');
comment on type public.changed_alert is
  'The state of an alert after a change. An alert that was settled before stays settled when it is acknowledged.';

create function public.change_alerts(p_alert_ids uuid[], p_to public.alert_change, p_operator_id uuid,
  p_request_id text, p_reason text)
returns table (alert_id uuid, outcome public.changed_alert)
language plpgsql
set search_path = ''
as $$
begin
  -- In a fixed order, so that two of these calls do not deadlock.
  for alert_id in select distinct i from unnest(p_alert_ids) i order by i loop
    if p_to = 'settled' then
      outcome := case public.close_alert(alert_id, p_operator_id, p_request_id, p_reason)
        when 'not_found' then 'not_found' else 'settled' end;
    else
      outcome := case public.acknowledge_alert(alert_id, p_operator_id, p_request_id, p_reason)
        when 'not_found' then 'not_found' when 'settled' then 'settled' else 'acknowledged' end;
    end if;
    return next;
  end loop;
end;
$$;
comment on function public.change_alerts(uuid[], public.alert_change, uuid, text, text) is
  'An operator acknowledges or settles several alerts, each with its own audit line. Returns each with its state.';

create function private.purge_settled_alerts(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from public.operator_alerts a
  where a.id = any (array(
    select o.id from public.operator_alerts o
    where o.settled_at <= now() - private.kept_for('settled_alert') order by o.settled_at limit p_limit));
  get diagnostics purged = row_count;
  return purged;
end;
$$;
comment on function private.purge_settled_alerts(integer) is
  'Deletes up to p_limit alerts that were settled long enough ago, the oldest first. Returns how many.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.raise_alert(public.alert_kind, text, uuid, jsonb),
  private.settle_alert(public.alert_kind, text),
  public.list_alerts(uuid, integer, public.alert_state, public.alert_kind),
  public.alert_to_deliver(uuid),
  public.record_alert_delivery(uuid),
  public.close_alert(uuid, uuid, text, text),
  public.acknowledge_alert(uuid, uuid, text, text),
  public.change_alerts(uuid[], public.alert_change, uuid, text, text),
  private.purge_settled_alerts(integer)
  from public, anon, authenticated;
grant execute on function
  private.raise_alert(public.alert_kind, text, uuid, jsonb),
  private.settle_alert(public.alert_kind, text),
  public.list_alerts(uuid, integer, public.alert_state, public.alert_kind),
  public.alert_to_deliver(uuid),
  public.record_alert_delivery(uuid),
  public.close_alert(uuid, uuid, text, text),
  public.acknowledge_alert(uuid, uuid, text, text),
  public.change_alerts(uuid[], public.alert_change, uuid, text, text),
  private.purge_settled_alerts(integer)
  to service_role;
