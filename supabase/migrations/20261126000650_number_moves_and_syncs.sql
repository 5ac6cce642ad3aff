-- Moving numbers between the master account and tenants, and comparing a tenant's numbers with Twilio's.

-- Moving, by operators ------------------------------------------------------------------------------------------------

create type public.take_in_number_outcome as enum ('taken_in', 'already', 'held', 'left_alone');
comment on type public.take_in_number_outcome is
  'Whether a number was added to a tenant''s. held: another tenant''s row has it. left_alone: the tenant''s own row '
  'has it in another state, or changed after Twilio was read.';

create function private.take_in_number(p_user_id uuid, p_account_sid text, p_number jsonb,
  p_read_at timestamptz default 'infinity')
returns table (outcome public.take_in_number_outcome, number public.user_twilio_numbers)
language plpgsql
set search_path = ''
as $$
declare
  -- The row with this SID: a number that left and returned has a released one.
  known public.user_twilio_numbers;
  -- The row that holds this number, perhaps under another SID.
  holder public.user_twilio_numbers;
begin
  select * into known from public.user_twilio_numbers n where n.phone_sid = p_number ->> 'phoneSid' for update;
  select * into holder from public.user_twilio_numbers n
  where n.phone_number = p_number ->> 'phoneNumber' and n.is_held;

  if known.is_held then
    outcome := case when known.user_id = p_user_id then 'already' else 'held' end;
    number := known;
  elsif known.updated_at >= p_read_at then
    outcome := 'left_alone';
  elsif holder.id is not null then
    outcome := case when holder.user_id = p_user_id then 'left_alone' else 'held' end;
  else
    number := private.store_taken_in_number(p_user_id, p_account_sid, p_number);
    outcome := case when number is null then 'held' else 'taken_in' end;
  end if;
  return next;
end;
$$;
comment on function private.take_in_number(uuid, text, jsonb, timestamptz) is
  'Adds a number that reached a tenant''s account other than by purchase ({phoneNumber, phoneSid, friendlyName, '
  'capabilities}). A row that changed after p_read_at is left alone.';

create function private.store_taken_in_number(p_user_id uuid, p_account_sid text, p_number jsonb)
returns public.user_twilio_numbers
language plpgsql
set search_path = ''
as $$
declare
  stored public.user_twilio_numbers;
begin
  -- A number that is in a tenant's account is not parked any more.
  delete from private.leaving_numbers l where l.phone_sid = p_number ->> 'phoneSid';
  update public.user_twilio_numbers n set status = 'active', account_sid = p_account_sid,
    phone_number = p_number ->> 'phoneNumber', friendly_name = p_number ->> 'friendlyName',
    capabilities = p_number -> 'capabilities', purchased_at = now()
  where n.phone_sid = p_number ->> 'phoneSid' and n.user_id = p_user_id
  returning n.* into stored;
  if stored.id is null then
    perform private.clear_released_sid(p_number ->> 'phoneSid');
    insert into public.user_twilio_numbers (user_id, account_sid, phone_number, phone_sid, friendly_name, capabilities,
      purchased_at)
    values (p_user_id, p_account_sid, p_number ->> 'phoneNumber', p_number ->> 'phoneSid', p_number ->> 'friendlyName',
      p_number -> 'capabilities', now())
    returning * into stored;
  end if;
  perform private.hold_number(stored.id, p_user_id);
  return stored;
exception when unique_violation then
  -- Another tenant took the number at this moment. The block is undone, so the released row keeps its SID.
  return null;
end;
$$;
comment on function private.store_taken_in_number(uuid, text, jsonb) is
  'Activates the tenant''s released row of a number''s SID, or adds a row, and counts its monthly price from now on. '
  'Returns null when another row holds it.';

create type public.number_to_move_outcome as enum ('movable', 'held', 'purchasing', 'releasing', 'unknown_user',
  'none', 'pending', 'suspended', 'closed');
comment on type public.number_to_move_outcome is
  'Whether a number may be moved to or from a tenant. held: another tenant has it. purchasing, releasing: the '
  'number''s status. none, pending, suspended, closed: the account''s status when it is not active.';

create function public.number_to_move(p_user_id uuid, p_phone_number text)
returns table (outcome public.number_to_move_outcome, subaccount_sid text)
language plpgsql stable
set search_path = ''
as $$
declare
  account private.account := private.account_of(p_user_id);
  holder public.user_twilio_numbers;
begin
  select * into holder from public.user_twilio_numbers n where n.phone_number = p_phone_number and n.is_held;
  if not private.user_exists(p_user_id) then
    outcome := 'unknown_user';
  elsif account.status <> 'active' then
    outcome := account.status;
  elsif holder.user_id <> p_user_id or exists (
      select from private.leaving_numbers l where l.phone_number = p_phone_number and l.user_id <> p_user_id) then
    outcome := 'held';
  elsif holder.status in ('purchasing', 'releasing') then
    outcome := holder.status;
  else
    outcome := 'movable';
    subaccount_sid := account.subaccount_sid;
  end if;
  return next;
end;
$$;
comment on function public.number_to_move(uuid, text) is
  'Decides whether an operator may move a number to or from a tenant, before Twilio is called.';

create function private.share_number(p_number jsonb) returns private.master_numbers
language plpgsql
set search_path = ''
as $$
declare
  shared private.master_numbers;
begin
  perform private.lock_master_numbers();
  delete from private.master_numbers m
  where m.phone_number = p_number ->> 'phoneNumber' and m.phone_sid <> p_number ->> 'phoneSid';
  insert into private.master_numbers as m (phone_sid, phone_number, friendly_name, capabilities)
  select p_number ->> 'phoneSid', p_number ->> 'phoneNumber', p_number ->> 'friendlyName', p_number -> 'capabilities'
  -- As in the copy that the job makes: only SMS-capable numbers are shared.
  where private.can_send(p_number -> 'capabilities', false)
  on conflict (phone_sid) do update set phone_number = excluded.phone_number, friendly_name = excluded.friendly_name,
    capabilities = excluded.capabilities, refreshed_at = now()
  returning m.* into shared;
  return shared;
end;
$$;
comment on function private.share_number(jsonb) is
  'Adds a number of the master account to the shared ones. Returns its row; null when it is not SMS-capable.';

create type public.move_target as enum ('tenant', 'master');
comment on type public.move_target is 'The account that a number is moved to.';

create type public.record_number_move_outcome as enum ('recorded', 'held', 'left_alone');
comment on type public.record_number_move_outcome is
  'Whether a move was recorded. held, left_alone: another row has the number, as in take_in_number_outcome.';

create function public.record_number_move(p_user_id uuid, p_account_sid text, p_to public.move_target, p_number jsonb,
  p_operator_id uuid, p_reason text, p_request_id text)
returns table (outcome public.record_number_move_outcome, number jsonb)
language plpgsql
set search_path = ''
as $$
declare
  actor constant text := 'operator:' || p_operator_id;
  taken record;
  shared private.master_numbers;
  was_shared boolean;
  has_changed boolean;
begin
  perform private.lock_tenant(p_user_id);
  was_shared := exists (select from private.master_numbers m where m.phone_sid = p_number ->> 'phoneSid');
  if p_to = 'tenant' then
    delete from private.master_numbers m
    where m.phone_sid = p_number ->> 'phoneSid' or m.phone_number = p_number ->> 'phoneNumber';
    select * into taken from private.take_in_number(p_user_id, p_account_sid, p_number);
    if taken.outcome in ('held', 'left_alone') then
      outcome := taken.outcome;
      return next;
      return;
    end if;
    has_changed := was_shared or taken.outcome = 'taken_in';
  else
    update public.user_twilio_numbers n set status = 'released', is_primary = false
    where n.user_id = p_user_id and n.phone_sid = p_number ->> 'phoneSid' and n.status = 'active';
    has_changed := found;
    delete from private.leaving_numbers l where l.phone_sid = p_number ->> 'phoneSid';
    shared := private.share_number(p_number);
    perform private.share_opt_outs(p_user_id, p_number ->> 'phoneNumber');
    has_changed := has_changed or (shared.id is not null and not was_shared);
  end if;
  -- A repeated call changes nothing on either side: the move is audited once.
  if has_changed then
    perform private.audit(actor, 'number.moved', p_user_id, p_account_sid, p_request_id,
      jsonb_build_object('phoneNumber', p_number ->> 'phoneNumber', 'phoneSid', p_number ->> 'phoneSid', 'to', p_to,
        'reason', p_reason));
  end if;
  perform private.promote_oldest_number(p_user_id, actor, p_request_id);
  if p_to = 'tenant' then
    number := (select to_jsonb(n) from public.user_twilio_numbers n where n.phone_sid = p_number ->> 'phoneSid');
  elsif shared.id is not null then
    number := to_jsonb(shared);
  end if;
  outcome := 'recorded';
  return next;
end;
$$;
comment on function public.record_number_move(uuid, text, public.move_target, jsonb, uuid, text, text) is
  'Records on both sides that an operator moved a number at Twilio. number is the tenant''s row, or the row of '
  'private.master_numbers: null when the number is not SMS-capable.';

-- Comparing -----------------------------------------------------------------------------------------------------------

-- Our rows and Twilio's list are compared by a pure function; every difference is then recorded in one decision.

create function public.begin_number_sync(p_user_id uuid)
returns table (outcome public.account_status, subaccount_sid text, sealed_token text, read_at timestamptz,
  numbers jsonb)
language sql stable
set search_path = ''
as $$
  select a.status, a.subaccount_sid, a.sealed_token, now(), coalesce((
    select jsonb_agg(to_jsonb(n) order by n.created_at, n.id)
    from public.user_twilio_numbers n where n.user_id = p_user_id and n.is_held), '[]')
  from private.account_of(p_user_id) a;
$$;
comment on function public.begin_number_sync(uuid) is
  'The numbers that a tenant holds as of read_at, which is before Twilio is asked for its list.';

create type public.number_change as enum ('appeared', 'bought', 'changed', 'released', 'repaired');
comment on type public.number_change is
  'A difference found at Twilio. appeared: the number has no row. bought: a purchase whose response was lost. changed: '
  'another name or capabilities. released: no longer at Twilio. repaired: its webhook was set again.';

create type public.record_number_sync_outcome as enum ('appeared', 'changed', 'released', 'repaired', 'held',
  'left_alone');
comment on type public.record_number_sync_outcome is
  'What a found difference led to. held: another tenant''s row has the number. left_alone: the row changed after '
  'Twilio was read, so the list may be older.';

create function private.record_appeared_number(p_user_id uuid, p_account_sid text, p_number jsonb,
  p_read_at timestamptz) returns public.record_number_sync_outcome
language plpgsql
set search_path = ''
as $$
declare
  decided public.take_in_number_outcome;
begin
  select t.outcome into decided from private.take_in_number(p_user_id, p_account_sid, p_number, p_read_at) t;
  return case decided when 'taken_in' then 'appeared' when 'held' then 'held' else 'left_alone' end;
end;
$$;
comment on function private.record_appeared_number(uuid, text, jsonb, timestamptz) is
  'Adds a number that appeared in the tenant''s account at Twilio.';

create function private.record_lost_purchase(p_user_id uuid, p_number_id uuid, p_number jsonb)
returns public.record_number_sync_outcome
language plpgsql
set search_path = ''
as $$
declare
  bought public.user_twilio_numbers;
begin
  if exists (select from public.user_twilio_numbers n where n.id = p_number_id and n.user_id = p_user_id)
    and not exists (
      select from public.user_twilio_numbers o where o.phone_sid = p_number ->> 'phoneSid' and o.is_held) then
    bought := private.complete_purchase(p_number_id, p_number ->> 'phoneSid', p_number ->> 'friendlyName',
      p_number -> 'capabilities', false);
  end if;
  return case when bought.id is null then 'left_alone' else 'appeared' end;
end;
$$;
comment on function private.record_lost_purchase(uuid, uuid, jsonb) is
  'Records a purchase whose response was lost. The buyer''s own request may still record it too, which does no harm.';

create function private.record_changed_number(p_user_id uuid, p_number_id uuid, p_number jsonb, p_read_at timestamptz)
returns public.record_number_sync_outcome
language plpgsql
set search_path = ''
as $$
begin
  update public.user_twilio_numbers n set friendly_name = p_number ->> 'friendlyName',
    capabilities = p_number -> 'capabilities'
  where n.id = p_number_id and n.user_id = p_user_id and n.status = 'active' and n.updated_at < p_read_at;
  return case when found then 'changed' else 'left_alone' end;
end;
$$;
comment on function private.record_changed_number(uuid, uuid, jsonb, timestamptz) is
  'Records a number''s name and capabilities at Twilio.';

create function private.record_missing_number(p_user_id uuid, p_number_id uuid, p_read_at timestamptz)
returns public.record_number_sync_outcome
language plpgsql
set search_path = ''
as $$
begin
  update public.user_twilio_numbers n set status = 'released', is_primary = false
  where n.id = p_number_id and n.user_id = p_user_id and n.status = 'active' and n.updated_at < p_read_at;
  return case when found then 'released' else 'left_alone' end;
end;
$$;
comment on function private.record_missing_number(uuid, uuid, timestamptz) is
  'Records that a number is no longer in the tenant''s account at Twilio.';

create function private.audit_number_sync(p_actor text, p_user_id uuid, p_account_sid text,
  p_outcome public.record_number_sync_outcome, p_change jsonb, p_request_id text) returns void
language plpgsql
set search_path = ''
as $$
declare
  sid constant text := p_change #>> '{number,phoneSid}';
begin
  -- A number stays held for a while: it is audited once, not at every sync.
  if p_outcome = 'left_alone' or (p_outcome = 'held' and exists (
      select from public.audit_log l where l.user_id = p_user_id and l.action = 'number.held'
        and l.details ->> 'phoneSid' = sid)) then
    return;
  end if;
  perform private.audit(p_actor, 'number.' || p_outcome, p_user_id, p_account_sid, p_request_id,
    jsonb_build_object('phoneNumber', p_change #>> '{number,phoneNumber}', 'phoneSid', sid)
      || coalesce(p_change -> 'details', '{}'));
end;
$$;
comment on function private.audit_number_sync(text, uuid, text, public.record_number_sync_outcome, jsonb, text) is
  'Writes the audit line of one difference that a sync recorded.';

create function public.record_number_sync(p_user_id uuid, p_account_sid text, p_read_at timestamptz, p_changes jsonb,
  p_actor text, p_request_id text)
returns table (outcome public.record_number_sync_outcome, phone_number text, phone_sid text)
language plpgsql
set search_path = ''
as $$
declare
  account private.account;
  change jsonb;
  number_id uuid;
begin
  perform private.lock_tenant(p_user_id);
  account := private.account_of(p_user_id);
  for change in select * from jsonb_array_elements(p_changes) loop
    number_id := (change ->> 'numberId')::uuid;
    phone_number := change #>> '{number,phoneNumber}';
    phone_sid := change #>> '{number,phoneSid}';
    -- The list is of an account that the tenant no longer has.
    if account.status <> 'active' or account.subaccount_sid <> p_account_sid then
      outcome := 'left_alone';
    else
      case (change ->> 'change')::public.number_change
        when 'appeared' then
          outcome := private.record_appeared_number(p_user_id, p_account_sid, change -> 'number', p_read_at);
        when 'bought' then outcome := private.record_lost_purchase(p_user_id, number_id, change -> 'number');
        when 'changed' then
          outcome := private.record_changed_number(p_user_id, number_id, change -> 'number', p_read_at);
        when 'released' then outcome := private.record_missing_number(p_user_id, number_id, p_read_at);
        when 'repaired' then outcome := 'repaired';
      end case;
    end if;
    perform private.audit_number_sync(p_actor, p_user_id, p_account_sid, outcome, change, p_request_id);
    return next;
  end loop;
  perform private.promote_oldest_number(p_user_id, p_actor, p_request_id);
  update private.tenancies t set numbers_compared_at = greatest(t.numbers_compared_at, p_read_at)
  where t.user_id = p_user_id and account.subaccount_sid = p_account_sid;
end;
$$;
comment on function public.record_number_sync(uuid, text, timestamptz, jsonb, text, text) is
  'Records what differed at Twilio ([{change, numberId?, number, details?}]; change is a number_change) and returns a '
  'row for each difference.';

-- A sync is due soon after a change here, and daily otherwise. Not at once: Twilio's list may be older than the change.

create function private.note_changed_numbers() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.set_due_by(new.user_id, 'number_sync', now() + interval '10 minutes');
  return null;
end;
$$;
comment on function private.note_changed_numbers() is
  'Trigger: a tenant whose account or numbers changed is due for a sync of numbers.';
create trigger due_when_new after insert on public.user_twilio_numbers
  for each row when (new.status = 'active') execute function private.note_changed_numbers();
create trigger due_when_changed after update on public.user_twilio_numbers
  for each row when (old.status <> new.status and new.status in ('active', 'released'))
  execute function private.note_changed_numbers();
create trigger switchboard_numbers_due_when_new after insert on public.user_preferences
  for each row when (new.twilio_subaccount_status = 'active') execute function private.note_changed_numbers();
create trigger switchboard_numbers_due_when_changed
  after update of twilio_subaccount_sid, twilio_subaccount_status on public.user_preferences
  for each row when (new.twilio_subaccount_status = 'active'
    and (old.twilio_subaccount_sid, old.twilio_subaccount_status) is distinct from
      (new.twilio_subaccount_sid, new.twilio_subaccount_status))
  execute function private.note_changed_numbers();
insert into private.due_work (user_id, kind, due_at)
select p.user_id, 'number_sync', now() + random() * interval '1 day'
from public.user_preferences p where p.twilio_subaccount_status = 'active';

create function public.report_sender_trouble(p_user_id uuid) returns timestamptz
language plpgsql
set search_path = ''
as $$
begin
  perform private.set_due_by(p_user_id, 'number_sync', now());
  return (select d.due_at from private.due_work d where d.user_id = p_user_id and d.kind = 'number_sync');
end;
$$;
comment on function public.report_sender_trouble(uuid) is
  'Twilio refused a tenant''s number as a sender: the number may have left the account, or have other capabilities. '
  'A sync that is due now compares it. Returns when it is due.';

create function public.ask_for_number_syncs(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  tenant uuid;
  asked integer := 0;
begin
  for tenant in select c from private.claim_due('number_sync', p_limit, '1 day') c loop
    if (private.account_of(tenant)).status = 'active' then
      perform private.enqueue(jsonb_build_object('kind', 'sync-numbers', 'userId', tenant));
      asked := asked + 1;
    elsif not exists (select from public.user_preferences p
      where p.user_id = tenant and p.twilio_subaccount_status = 'active') then
      -- The account's return makes the tenant due again.
      perform private.set_due(tenant, 'number_sync', null);
    end if;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_number_syncs(integer) is
  'Enqueues the syncs of numbers that are due, at most p_limit, and makes each tenant due again in a day. Returns the '
  'count of syncs.';

insert into private.schedules (name, job, every) values
  ('sync-all-numbers', '{"kind": "sync-all-numbers"}', '1 minute');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.note_changed_numbers(),
  private.take_in_number(uuid, text, jsonb, timestamptz),
  private.store_taken_in_number(uuid, text, jsonb),
  public.number_to_move(uuid, text),
  private.share_number(jsonb),
  public.record_number_move(uuid, text, public.move_target, jsonb, uuid, text, text),
  public.begin_number_sync(uuid),
  private.record_appeared_number(uuid, text, jsonb, timestamptz),
  private.record_lost_purchase(uuid, uuid, jsonb),
  private.record_changed_number(uuid, uuid, jsonb, timestamptz),
  private.record_missing_number(uuid, uuid, timestamptz),
  private.audit_number_sync(text, uuid, text, public.record_number_sync_outcome, jsonb, text),
  public.record_number_sync(uuid, text, timestamptz, jsonb, text, text),
  public.report_sender_trouble(uuid),
  public.ask_for_number_syncs(integer)
  from public, anon, authenticated;
grant execute on function
  private.take_in_number(uuid, text, jsonb, timestamptz),
  private.store_taken_in_number(uuid, text, jsonb),
  public.number_to_move(uuid, text),
  private.share_number(jsonb),
  public.record_number_move(uuid, text, public.move_target, jsonb, uuid, text, text),
  public.begin_number_sync(uuid),
  private.record_appeared_number(uuid, text, jsonb, timestamptz),
  private.record_lost_purchase(uuid, uuid, jsonb),
  private.record_changed_number(uuid, uuid, jsonb, timestamptz),
  private.record_missing_number(uuid, uuid, timestamptz),
  private.audit_number_sync(text, uuid, text, public.record_number_sync_outcome, jsonb, text),
  public.record_number_sync(uuid, text, timestamptz, jsonb, text, text),
  public.report_sender_trouble(uuid),
  public.ask_for_number_syncs(integer)
  to service_role;
