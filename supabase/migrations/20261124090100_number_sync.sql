-- Numbers as Twilio has them: read beside our rows, compared by a pure function, and what differs recorded in one decision.

insert into private.schedules (name, job, every) values
  ('sync-all-numbers', '{"kind": "sync-all-numbers"}', '1 hour'),
  ('settle-number-releases', '{"kind": "settle-number-releases"}', '1 minute');

create function public.begin_number_sync(p_user_id uuid)
returns table (outcome text, subaccount_sid text, sealed_token text, read_at timestamptz, numbers jsonb)
language sql stable
set search_path = ''
as $$
  select a.outcome, a.subaccount_sid, a.sealed_token, now(), coalesce((
    select jsonb_agg(private.number_row(n) order by n.created_at, n.id)
    from public.user_twilio_numbers n where n.user_id = p_user_id and n.status <> 'released'), '[]')
  from public.subaccount_of(p_user_id) a;
$$;
comment on function public.begin_number_sync(uuid) is
  'The tenant''s rows as of read_at, which is before Twilio is asked for its list: active, none, pending, suspended or closed.';

create function public.record_number_sync(p_user_id uuid, p_account_sid text, p_read_at timestamptz, p_changes jsonb, p_actor text, p_request_id text)
returns table (outcome text, phone_number text, phone_sid text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  change jsonb;
  said jsonb;
  decision text;
  taken record;
  account_now text;
begin
  perform private.lock_tenant(p_user_id);
  select a.subaccount_sid into account_now from public.subaccount_of(p_user_id) a where a.outcome = 'active';

  for change in select * from jsonb_array_elements(p_changes) loop
    said := change -> 'number';
    decision := 'left_alone';
    -- Another account by now, or none: the list was that of numbers which are gone.
    if account_now is distinct from p_account_sid then
      null;
    elsif change ->> 'change' = 'appeared' then
      select * into taken from private.take_in_number(p_user_id, p_account_sid, said, p_read_at);
      decision := case taken.outcome when 'taken_in' then 'appeared' when 'held' then 'held' else 'left_alone' end;
    elsif change ->> 'change' = 'bought' then
      -- A purchase whose answer was lost. Who buys is not disturbed: recording it twice is no harm.
      perform private.yield_sid(said ->> 'phoneSid');
      update public.user_twilio_numbers n set status = 'active', phone_sid = said ->> 'phoneSid', friendly_name = said ->> 'friendlyName',
        capabilities = said -> 'capabilities', purchased_at = now()
      where n.id = (change ->> 'numberId')::uuid and n.user_id = p_user_id and n.status = 'purchasing'
        and not exists (select from public.user_twilio_numbers o where o.phone_sid = said ->> 'phoneSid');
      decision := case when found then 'appeared' else 'left_alone' end;
    elsif change ->> 'change' = 'changed' then
      update public.user_twilio_numbers n set friendly_name = said ->> 'friendlyName', capabilities = said -> 'capabilities'
      where n.id = (change ->> 'numberId')::uuid and n.user_id = p_user_id and n.status = 'active' and n.updated_at < p_read_at;
      decision := case when found then 'changed' else 'left_alone' end;
    elsif change ->> 'change' = 'released' then
      update public.user_twilio_numbers n set status = 'released', is_primary = false
      where n.id = (change ->> 'numberId')::uuid and n.user_id = p_user_id and n.status = 'active' and n.updated_at < p_read_at;
      decision := case when found then 'released' else 'left_alone' end;
    elsif change ->> 'change' = 'repaired' then
      decision := 'repaired';
    end if;

    -- What cannot be taken over stays so for a while: it is told once, not every hour.
    if decision <> 'left_alone' and not (decision = 'held' and exists (
        select from public.audit_log l where l.user_id = p_user_id and l.action = 'number.held' and l.details ->> 'phoneSid' = said ->> 'phoneSid')) then
      perform private.audit(p_actor, 'number.' || decision, p_user_id, p_account_sid, p_request_id,
        jsonb_build_object('phoneNumber', said ->> 'phoneNumber', 'phoneSid', said ->> 'phoneSid') || coalesce(change -> 'details', '{}'));
    end if;
    return query select decision, said ->> 'phoneNumber', said ->> 'phoneSid';
  end loop;
  perform private.promote_oldest_number(p_user_id, p_actor, p_request_id);
end;
$$;
comment on function public.record_number_sync(uuid, text, timestamptz, jsonb, text, text) is
  'Records what differed at Twilio ([{change: appeared, bought, changed, released or repaired, numberId?, number, details?}]), a row for each: appeared, changed, released, repaired, held (another tenant''s row has the number) or left_alone (the row was touched after p_read_at, so the list may be older).';

create function private.is_enqueued(p_job jsonb) returns boolean
language sql stable
security definer -- reads pgmq's tables
set search_path = ''
as $$
  select exists (select from pgmq.q_jobs q where q.message = p_job);
$$;
comment on function private.is_enqueued(jsonb) is 'Whether just this job waits already.';

create function public.ask_for_number_syncs(p_spread_seconds integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  tenant uuid;
  job jsonb;
  asked integer := 0;
begin
  for tenant in
    select p.user_id from public.user_preferences p
    where p.twilio_subaccount_status = 'active' and p.twilio_subaccount_sid is not null and p.twilio_subaccount_auth_token_encrypted is not null
    order by p.user_id
  loop
    job := jsonb_build_object('kind', 'sync-numbers', 'userId', tenant);
    if not private.is_enqueued(job) then
      -- Each at a moment of their own: Twilio is never asked for everybody's numbers at once.
      perform private.enqueue(job, mod(abs(hashtext(tenant::text)::bigint), greatest(p_spread_seconds, 1))::integer);
      asked := asked + 1;
    end if;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_number_syncs(integer) is
  'Enqueues a sync of numbers for each tenant with an active subaccount, spread over p_spread_seconds. Returns how many.';

revoke execute on function
  public.begin_number_sync(uuid), public.record_number_sync(uuid, text, timestamptz, jsonb, text, text), private.is_enqueued(jsonb),
  public.ask_for_number_syncs(integer)
  from public, anon, authenticated;
grant execute on function
  public.begin_number_sync(uuid), public.record_number_sync(uuid, text, timestamptz, jsonb, text, text), private.is_enqueued(jsonb),
  public.ask_for_number_syncs(integer)
  to service_role;
