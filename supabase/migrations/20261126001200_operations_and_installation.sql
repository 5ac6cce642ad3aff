-- The actions and views of operators, the changes that frontends receive, and the checks of `deno task verify`.

-- Operators -----------------------------------------------------------------------------------------------------------

-- Each of an operator's actions writes a line to the audit log, in the same transaction.

create type public.operator_request as enum ('accepted', 'unknown_user');
comment on type public.operator_request is 'Whether an operator''s request was accepted; jobs carry it out.';

create function public.hold_tenant(p_user_id uuid, p_hold public.operator_hold, p_operator_id uuid, p_request_id text,
  p_reason text)
returns table (outcome public.operator_request, subaccount_sid text, status public.account_status)
language plpgsql
set search_path = ''
as $$
begin
  select coalesce(t.subaccount_sid, p.twilio_subaccount_sid),
    coalesce(t.subaccount_status::text, p.twilio_subaccount_status)
  into subaccount_sid, status
  from (select p_user_id as user_id) u
  left join private.tenancies t using (user_id) left join public.user_preferences p using (user_id);
  if subaccount_sid is null and not private.user_exists(p_user_id) then
    outcome := 'unknown_user';
    return next;
    return;
  end if;
  insert into private.tenancies as t (user_id, operator_hold) values (p_user_id, p_hold)
  on conflict (user_id) do update set
    operator_hold = excluded.operator_hold,
    -- Releasing a hold also lifts a suspension made in Twilio's console.
    applied_status = case when excluded.operator_hold is not null then t.applied_status end,
    suspended_at_twilio = excluded.operator_hold is not null and t.suspended_at_twilio;
  perform private.ask_for_convergence(p_user_id);
  perform private.audit('operator:' || p_operator_id,
    case p_hold when 'suspended' then 'tenant.suspended' when 'closed' then 'tenant.closed' else 'tenant.released' end,
    p_user_id, subaccount_sid, p_request_id, jsonb_build_object('reason', p_reason));
  outcome := 'accepted';
  return next;
end;
$$;
comment on function public.hold_tenant(uuid, public.operator_hold, uuid, text, text) is
  'An operator suspends or closes a tenant, or releases the hold (null). Returns the subaccount''s SID and its status '
  'so far; convergence changes it.';

create type public.provision_outcome as enum ('accepted', 'unknown_user', 'ambiguous_email');
comment on type public.provision_outcome is
  'Whether a user gets a subaccount. ambiguous_email: several users have the address, so the id must be given.';

create function public.provision_tenant(p_user_id uuid, p_email text, p_operator_id uuid, p_request_id text,
  p_reason text)
returns table (outcome public.provision_outcome, user_id uuid)
language plpgsql
set search_path = ''
as $$
declare
  named constant uuid[] := case when p_user_id is not null then array[p_user_id]
    else private.users_with_email(p_email) end;
begin
  user_id := named[1];
  if cardinality(named) > 1 then
    outcome := 'ambiguous_email';
    user_id := null;
  elsif user_id is null or not private.user_exists(user_id) then
    outcome := 'unknown_user';
    user_id := null;
  else
    outcome := 'accepted';
    perform private.note_request(user_id, 'operator');
    perform private.ask_for_convergence(user_id);
    perform private.audit('operator:' || p_operator_id, 'tenant.provisioned', user_id, null, p_request_id,
      jsonb_build_object('reason', p_reason));
  end if;
  return next;
end;
$$;
comment on function public.provision_tenant(uuid, text, uuid, text, text) is
  'An operator gives a user, named by id or otherwise by email address, a subaccount without a subscription. The user '
  'needs no row here.';

create type public.dead_letter as (letter_id bigint, lane public.job_lane, job jsonb, error text, moved_at timestamptz);
comment on type public.dead_letter is
  'A job that was moved to the dead letters after its last attempt, with its last error.';

create function public.list_dead_letters(p_before bigint, p_limit integer) returns setof public.dead_letter
language sql stable
security definer -- reads pgmq's tables
set search_path = ''
as $$
  select q.msg_id, (q.message ->> 'lane')::public.job_lane, q.message -> 'job', q.message ->> 'error',
    (q.message ->> 'movedAt')::timestamptz
  from pgmq.q_jobs_dead q
  where p_before is null or q.msg_id < p_before
  order by q.msg_id desc
  limit least(p_limit, 200);
$$;
comment on function public.list_dead_letters(bigint, integer) is
  'A page of dead letters, newest first, before the last id of the page before.';

create function public.replay_dead_letters(p_letter_ids bigint[], p_operator_id uuid, p_request_id text, p_reason text)
returns integer
language plpgsql
security definer -- moves rows between pgmq's tables
set search_path = ''
as $$
declare
  replayed integer;
begin
  with taken as (
    delete from pgmq.q_jobs_dead q where p_letter_ids is null or q.msg_id = any (p_letter_ids) returning q.message
  ), sent as (
    select private.enqueue(message -> 'job') from taken
  )
  select count(*) into replayed from sent;
  perform private.settle_alert('dead_letter', lane::text) from unnest(enum_range(null::public.job_lane)) lane
  where not exists (select from pgmq.q_jobs_dead q where q.message ->> 'lane' = lane::text);
  perform private.audit('operator:' || p_operator_id, 'dead_letters.replayed', null, null, p_request_id,
    jsonb_build_object('letterIds', p_letter_ids, 'replayed', replayed, 'reason', p_reason));
  return replayed;
end;
$$;
comment on function public.replay_dead_letters(bigint[], uuid, text, text) is
  'Re-enqueues the dead letters with these ids, or all of them (null), as new jobs of their lanes. Returns how many '
  'there were: a letter that was replayed before is not counted.';

create type public.replay_stripe_event_outcome as enum ('replayed', 'unknown_event', 'purged');
comment on type public.replay_stripe_event_outcome is
  'Whether an event is processed again, was never stored, or lost its payload with time.';

create function public.replay_stripe_event(p_event_id text, p_operator_id uuid, p_request_id text, p_reason text)
returns public.replay_stripe_event_outcome
language plpgsql
set search_path = ''
as $$
begin
  update public.webhook_events set processed_at = null, result = null, ignored_because = null
  where provider = 'stripe' and event_id = p_event_id and payload is not null;
  if not found then
    return case when exists (select from public.webhook_events e
      where e.provider = 'stripe' and e.event_id = p_event_id) then 'purged' else 'unknown_event' end;
  end if;
  perform private.enqueue(jsonb_build_object('kind', 'stripe-event', 'eventId', p_event_id));
  perform private.audit('operator:' || p_operator_id, 'event.replayed', null, null, p_request_id,
    jsonb_build_object('eventId', p_event_id, 'reason', p_reason));
  return 'replayed';
end;
$$;
comment on function public.replay_stripe_event(text, uuid, text, text) is
  'Enqueues the processing of a stored event again.';

-- A subscription that continues after its tenant is gone is paid for nothing. Only an operator can judge whether to end
-- it, at Stripe.

create function private.is_deleted_tenant(p_user_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return not private.user_exists(p_user_id)
    and (exists (select from private.tenancies t where t.user_id = p_user_id)
      or exists (select from private.stripe_customers c where c.user_id = p_user_id));
end;
$$;
comment on function private.is_deleted_tenant(uuid) is
  'Whether an id was that of a user with a tenancy or a Stripe customer. Any other id may be of another product that '
  'uses the same Stripe account.';

create function private.check_subscriber(p_subscription public.subscriptions) returns void
language plpgsql
set search_path = ''
as $$
declare
  -- A deleted user is not linked to a subscription that is paid after the deletion, though its metadata names them.
  subscriber constant uuid := coalesce(p_subscription.user_id, p_subscription.named_user_id);
  cause constant text := case
    when subscriber is null or p_subscription.status in ('canceled', 'incomplete_expired') then null
    when private.is_deleted_tenant(subscriber)
      or p_subscription.user_id is not null and not private.user_exists(subscriber) then 'user_deleted'
    when exists (select from private.tenancies t
      where t.user_id = subscriber and t.operator_hold = 'closed') then 'tenant_closed' end;
begin
  if cause is null then
    perform private.settle_alert('subscription_without_tenant', p_subscription.id);
  else
    perform private.raise_alert('subscription_without_tenant', p_subscription.id, subscriber,
      jsonb_build_object('cause', cause, 'status', p_subscription.status, 'plan', p_subscription.plan_key,
        'customerId', p_subscription.stripe_customer_id));
  end if;
end;
$$;
comment on function private.check_subscriber(public.subscriptions) is
  'Raises an alert for a subscription that continues without its tenant, and settles it when that is no longer so.';

create function private.check_new_subscriber() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.check_subscriber(new);
  return null;
end;
$$;
comment on function private.check_new_subscriber() is
  'Trigger: a subscription has a new user or status, or its metadata names another user.';
-- Named to fire after the triggers that lock the tenancy: other writers lock it before an alert. One order prevents
-- deadlocks.
create trigger subscriber_checked_when_new after insert on public.subscriptions
  for each row execute function private.check_new_subscriber();
create trigger subscriber_checked_when_changed after update on public.subscriptions
  for each row when ((old.user_id, old.named_user_id, old.status)
    is distinct from (new.user_id, new.named_user_id, new.status))
  execute function private.check_new_subscriber();

create function private.check_subscriptions_of_tenant() returns trigger
language plpgsql
security definer -- auth's own roles delete users and have no rights here
set search_path = ''
as $$
begin
  perform private.check_subscriber(s)
  from public.subscriptions s
  where s.user_id =
    (case tg_table_schema when 'auth' then to_jsonb(old) ->> 'id' else to_jsonb(new) ->> 'user_id' end)::uuid;
  return null;
end;
$$;
comment on function private.check_subscriptions_of_tenant() is
  'Trigger: a user was deleted, or an operator closed a tenant or released them.';
create trigger check_subscriptions_when_closed after update on private.tenancies
  for each row when ((old.operator_hold = 'closed') is distinct from (new.operator_hold = 'closed'))
  execute function private.check_subscriptions_of_tenant();
create trigger check_subscriptions_when_new after insert on private.tenancies
  for each row when (new.operator_hold = 'closed') execute function private.check_subscriptions_of_tenant();
create trigger switchboard_check_subscriptions after delete on auth.users
  for each row execute function private.check_subscriptions_of_tenant();

create function public.request_sweep(p_operator_id uuid, p_request_id text, p_reason text)
returns public.operator_request
language plpgsql
set search_path = ''
as $$
begin
  perform private.enqueue('{"kind": "sweep"}');
  perform private.audit('operator:' || p_operator_id, 'sweep.requested', null, null, p_request_id,
    jsonb_build_object('reason', p_reason));
  return 'accepted';
end;
$$;
comment on function public.request_sweep(uuid, text, text) is
  'An operator asks for a sweep before its next scheduled time.';

-- Schedules of the foundation -----------------------------------------------------------------------------------------

insert into private.schedules (name, job, every)
  values ('forget-rate-limits', '{"kind": "forget-rate-limits"}', '1 hour');

-- Purges --------------------------------------------------------------------------------------------------------------

-- pg_cron writes a row for each run, of the host's entries as well. A purge continues after the run that the last one
-- ended with, so it reads no row twice.
create table private.purged_cron_runs (
  until_run_id bigint not null,
  is_only boolean primary key default true,
  constraint purged_cron_runs_is_one check (is_only)
);
comment on table private.purged_cron_runs is
  'The last row of cron.job_run_details that was checked: ours up to there are deleted. One row.';
alter table private.purged_cron_runs enable row level security;
revoke all on private.purged_cron_runs from public, anon, authenticated, service_role;
insert into private.purged_cron_runs (until_run_id) values (0);

create function private.purge_cron_runs(p_limit integer) returns integer
language plpgsql
security definer -- service_role has no rights on pg_cron's tables
set search_path = ''
as $$
declare
  checked integer;
begin
  if to_regclass('cron.job_run_details') is null then
    return 0;
  end if;
  -- Dynamic, because the table exists on Supabase only. A run that never started is as old as the one after it.
  execute $q$
    with next as materialized (
      select r.runid, r.jobid, r.start_time from cron.job_run_details r
      where r.runid > (select p.until_run_id from private.purged_cron_runs p for update)
      order by r.runid limit $1
    ), expired as materialized (
      select n.runid, n.jobid from next n
      where n.runid <= (select max(o.runid) from next o where o.start_time <= now() - private.kept_for('cron_run'))
    ), deleted as (
      delete from cron.job_run_details r
      where r.runid = any (array(select e.runid from expired e join cron.job j using (jobid)
        where j.jobname like 'switchboard-%'))
    ), moved as (
      update private.purged_cron_runs p set until_run_id = e.runid from (select max(runid) as runid from expired) e
      where e.runid is not null
    )
    select count(*) from expired
  $q$ into checked using p_limit;
  return checked;
end;
$$;
comment on function private.purge_cron_runs(integer) is
  'Checks the next p_limit rows of cron.job_run_details that are old enough, and deletes those of Switchboard''s '
  'entries. Returns how many were checked.';

create function public.purge_expired(p_limit integer)
returns table (event_payloads integer, audit_details integer, cron_runs integer, forward_deliveries integer,
  master_consents integer, tenant_notices integer, usage integer, messages integer, totals integer,
  number_purchases integer, settled_alerts integer, billing_rows integer)
language plpgsql
set search_path = ''
as $$
begin
  event_payloads := private.purge_event_payloads(p_limit);
  audit_details := private.purge_audit_details(p_limit);
  cron_runs := private.purge_cron_runs(p_limit);
  forward_deliveries := private.purge_forward_deliveries(p_limit);
  master_consents := private.purge_master_consents(p_limit);
  tenant_notices := private.purge_tenant_notices(p_limit);
  usage := private.purge_usage(p_limit);
  messages := private.purge_messages(p_limit);
  totals := private.purge_totals(p_limit);
  number_purchases := private.purge_number_purchases(p_limit);
  settled_alerts := private.purge_settled_alerts(p_limit);
  billing_rows := private.purge_billing_rows(p_limit);
  return next;
end;
$$;
comment on function public.purge_expired(integer) is
  'Purges up to p_limit of each kind of what expires with time. A count of p_limit: more may be due.';

insert into private.schedules (name, job, every) values ('purge-expired', '{"kind": "purge-expired"}', '1 hour');

-- Realtime ------------------------------------------------------------------------------------------------------------

-- With Supabase Realtime, a frontend receives changes of messages, numbers, campaigns and notices without polling. Row
-- level security and column grants apply there too, except to a deletion: its row is gone, so Realtime sends the row's
-- replica identity to every subscriber of the table. That identity is therefore the random `id` alone.

create function private.replica_identity_of(p_table regclass) returns name[]
language sql stable
set search_path = ''
as $$
  select array_agg(a.attname order by a.attnum)
  from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_catalog.pg_index i on i.indrelid = c.oid
    and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end
  where c.oid = p_table and (c.relreplident = 'f' or a.attnum = any (i.indkey));
$$;
comment on function private.replica_identity_of(regclass) is
  'The columns that a deletion of one of the table''s rows publishes. Null: none.';

create function private.identify_by_id(p_table regclass) returns void
language plpgsql
set search_path = ''
as $$
declare
  unique_index name := (
    select c.relname from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = 'id' and i.indkey::text = a.attnum::text
    where i.indrelid = p_table and i.indisunique and i.indimmediate and i.indisvalid and i.indpred is null
      and a.attnotnull
    order by i.indisprimary desc, c.relname limit 1);
begin
  if private.replica_identity_of(p_table) is distinct from array['id']::name[] then
    execute format('alter table %s replica identity using index %I', p_table, unique_index);
  end if;
end;
$$;
comment on function private.identify_by_id(regclass) is
  'Makes `id`, which has a unique index, the table''s replica identity.';

create function private.publish_changes() returns text[]
language plpgsql
set search_path = ''
as $$
declare
  published constant text[] := array['sms_messages', 'sms_conversations', 'user_twilio_numbers', 'campaigns',
    'tenant_notices'];
  added text[] := '{}';
  name text;
begin
  foreach name in array published loop
    perform private.identify_by_id(format('public.%I', name)::regclass);
  end loop;
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    return added;
  end if;
  foreach name in array published loop
    if not exists (select from pg_catalog.pg_publication_tables
      where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = name) then
      execute format('alter publication supabase_realtime add table public.%I', name);
      added := added || name;
    end if;
  end loop;
  return added;
end;
$$;
comment on function private.publish_changes() is
  'Adds the tables that frontends watch to the publication supabase_realtime, if there is one. Returns the added ones. '
  'The replica identity of each is `id`.';

select private.publish_changes();

-- Installation --------------------------------------------------------------------------------------------------------

-- The checks of `deno task verify` on a local or hosted database, asked with the secret key.

create type public.installation_verdict as enum ('ok', 'warn', 'fail');
comment on type public.installation_verdict is 'Whether a part of an installation is in order.';

create type private.installation_finding as (subject text, verdict public.installation_verdict, finding text);
comment on type private.installation_finding is 'One line of the report about an installation.';

create function private.our_tables() returns setof text
language sql immutable
set search_path = ''
as $$
  select unnest(array['user_preferences', 'plans', 'subscriptions', 'user_twilio_numbers', 'sms_messages',
    'sms_opt_outs', 'webhook_events', 'audit_log', 'twilio_usage', 'messaging_settings', 'sms_conversations',
    'campaigns', 'operator_alerts', 'forward_deliveries', 'tenant_notices', 'contacts']);
$$;
comment on function private.our_tables() is
  'The public tables of Switchboard; a test compares them with the catalogue.';

create function private.our_functions() returns setof text
language sql immutable
set search_path = ''
as $$
  select m[1] from regexp_matches($names$
    private.accept_empty_rows private.accept_row private.accepted_units private.account_for_media private.account_of
    private.account_status_without_subaccount private.act_on_difference private.add_changes private.add_fee
    private.add_revenue_changes private.added_totals private.adds_up_in_ledger private.adds_up_in_summaries
    private.adds_up_on_invoice private.alert_health private.alert_metering private.amount_of_use private.apply_evidence
    private.are_tags private.as_revenue private.as_statement_row private.ask_for_convergence private.ask_for_erasure
    private.ask_for_metered_items private.ask_for_missing_accounts private.ask_for_token_rotation
    private.ask_for_usage_sync private.audit private.audit_campaign private.audit_number private.audit_number_sync
    private.available_sends private.await_again private.await_reports private.awaited_payer private.begin_final_charge
    private.begin_priced_plan private.begin_sending private.best_item private.billed_currency private.billed_kinds
    private.billing_customer_of private.billing_of private.billing_period_of private.blocks_checkout
    private.books_open_for private.bounded private.campaign_count_of private.campaign_outcome
    private.can_compare_invoice private.can_send private.cancelable_subscription private.carried_remainder
    private.carrier_fee private.ceil_second private.changed_status private.charge_fee private.charge_first_fee
    private.charge_of private.charge_to_make private.charge_unit private.charged_fees private.check_campaign
    private.check_fallback_limits private.check_for_start private.check_grace private.check_new_subscriber
    private.check_purchase_rules private.check_recipients private.check_sending_rules private.check_spending
    private.check_subscriber private.check_subscriptions_of_tenant private.checkout_for private.choose_calls
    private.claim_due private.claim_usage_triggers private.clear_incapable_primary private.clear_released_sid
    private.close_books_of private.close_period private.compare_account private.compare_day private.compare_invoice
    private.compare_invoices_of private.compare_kind private.compared_channels private.compared_kinds
    private.comparison_delay private.comparison_pause private.complete_purchase private.confirm_day
    private.confirmed_contacts private.confirmed_email_of private.contact_words private.correct_fees
    private.corrected_units private.count_campaign_deletes private.count_campaign_update private.count_dead_letters
    private.count_fallback_message private.count_fallback_use private.count_in_window private.count_request
    private.count_subaccount private.count_units private.count_unread private.countries private.country_windows
    private.counts private.cover_fees private.covered_prices private.currency private.cut private.cut_period
    private.day_subject private.dead_letters_of private.decide_late_usage private.delete_campaign_texts
    private.describe_due_work private.describe_exchange_rates private.describe_function_grants private.describe_queues
    private.describe_realtime private.describe_schedule private.describe_sealing_keys private.describe_shared_numbers
    private.describe_tables private.describe_token_column private.draft_batch private.draft_message
    private.due_work_health private.email_key private.end_billing_periods private.end_comparison
    private.end_tenant_limits private.enqueue private.enqueue_campaign private.enqueue_convergence
    private.enqueue_due_schedules private.enqueue_start private.entitlement_of private.erase_campaigns
    private.erase_contacts private.erase_conversations private.erase_forward_deliveries private.erase_numbers
    private.erase_opt_outs private.estimated_after private.estimated_usage_of private.event_time private.exchange_rate
    private.explain_rate private.failed_recipients private.fallback_subject private.fee_date private.fee_kind_of
    private.fee_parts private.fees_between private.fees_to_come private.fees_until private.figures_of_tenant
    private.fill_missed_periods private.filled_segments private.final_bill_setting private.final_bill_window
    private.final_margin private.finish_sweep private.first_day_to_read private.first_grapheme private.first_ratable_day
    private.fitting_characters private.flat_prices private.flush_at private.follow_invoice private.foreign_categories
    private.forget_closed_numbers private.forget_fallback_usage private.forget_jobs private.forget_lane
    private.forget_sightings private.forward_event private.found_conversations private.found_messages
    private.give_leaving_notice private.given_contacts private.gmt_month_of private.goes_on private.grapheme_classes
    private.grapheme_end private.grapheme_segments private.grapheme_start private.has_drifted private.has_due_jobs
    private.has_failed private.has_grace private.has_open_usage private.has_opted_out private.has_phrases
    private.has_spent private.has_wrong_items private.hold_for_usage private.hold_number private.hour_of private.id_at
    private.identifier_age private.identify_by_id private.included_amount private.index_words private.insert_campaign
    private.invoice_kinds private.invoice_of_period private.invoices_json private.invoices_of_statement
    private.is_about_another private.is_billing_compared private.is_comparable private.is_counted private.is_country_in
    private.is_customer_gone private.is_cut_off private.is_deleted_tenant private.is_destination_refused
    private.is_final private.is_for_sale private.is_foreign private.is_invoice_known private.is_leaving
    private.is_over_limit private.is_own_invoice private.is_parked private.is_paying private.is_ready
    private.is_sending_over private.is_settled private.is_shifted private.is_unexplained private.is_unpaid private.iso
    private.jobs_of private.keep_existing_subaccount private.keep_numbers private.keep_rated_plan private.kept_for
    private.keyword_reply private.lacks_metered_items private.lane_health private.lane_of private.late_rows
    private.learn_currency private.leave_after_notice private.leave_at_once private.leaves_at private.leaves_at_once
    private.leaving_plan private.leaving_work_at private.ledger_parts private.level_of_sweep private.liftable_opt_outs
    private.limiting_plan private.limits_json private.limits_of private.lines_of_statement private.link_customer
    private.lock_billing_customer private.lock_campaign private.lock_for_evidence private.lock_master_numbers
    private.lock_plan_prices private.lock_sending private.lock_stripe_customer private.lock_tenant
    private.lock_totals_of private.lock_totals_of_sending private.look_again private.look_at_closing
    private.lose_rows_of private.major_of private.mark_of private.mark_running private.marked_up private.matches
    private.may_create_subaccount private.may_match private.measure_text private.message_cost private.message_health
    private.message_kind private.message_may_move private.message_status_named private.messages_of_day
    private.meter_day_of private.meter_slice_of private.meter_windows_of private.metered_kind private.metered_since
    private.metered_subscription private.metering_began private.metering_call_of private.minor_of_credit
    private.minor_step private.missed_boundaries private.missing_of_day private.most_refusals private.most_rounding
    private.mother_country private.move_campaign_count private.must_be_explained private.new_id private.next_comparison
    private.next_metering private.next_opening private.next_recipients private.next_step_of_bill private.next_tenants
    private.next_usage_pass private.normalized_email private.note_accepted_row private.note_billing_period
    private.note_changed_limit private.note_changed_number_count private.note_changed_number_limit
    private.note_changed_numbers private.note_changed_own_limits private.note_changed_payer private.note_changed_periods
    private.note_changed_plan_limit private.note_changed_retention private.note_changed_spend_limit
    private.note_changed_spending private.note_changed_subscription private.note_changed_subscription_limit
    private.note_changed_tenancy private.note_changed_usage private.note_charge private.note_conversation
    private.note_difference private.note_end_of_subscription private.note_excess_numbers private.note_gone_customer
    private.note_held_number private.note_known_category private.note_late_price private.note_late_usage
    private.note_leaving private.note_listed_numbers private.note_lost_subaccount private.note_metered_items
    private.note_missing_rate private.note_new_period private.note_opt_out private.note_own_subscription
    private.note_payer private.note_period_end private.note_priced_plan private.note_read_invoice
    private.note_recorded_subscription private.note_refusal private.note_reported_opt_out private.note_request
    private.note_revenue private.note_sends private.note_shifts private.note_spending private.note_tenant_email
    private.note_token_date private.note_turn private.note_unrated_usage private.note_usage private.note_usage_account
    private.note_usage_activity private.note_usage_days private.note_usage_fees private.notices_of private.notify_tenant
    private.number_anniversaries private.number_fees_of_day private.number_pattern private.numbers_at_cost
    private.numbers_beyond_limit private.numbers_of private.numbers_released_at private.numbers_to_leave
    private.oldest_event private.open_changed_days private.open_countries private.open_period_of
    private.other_currencies private.others_units private.our_functions private.our_tables private.outcome_in
    private.outcome_of private.owe_credit private.own_limits_of private.owner_named_by private.owner_of_invoice
    private.payer_at private.payers_of private.pays_usage private.period_of_invoice private.period_usage_of
    private.periods_without_invoice private.place_in private.place_negative private.place_positive
    private.plan_change_delay private.plan_for_price private.plan_of private.present private.preview_recipients
    private.price_final_at private.primary_number_of private.promote_oldest_number private.publish_changes
    private.purchase_quota_of private.purge_audit_details private.purge_billing_rows private.purge_cron_runs
    private.purge_event_payloads private.purge_forward_deliveries private.purge_master_consents private.purge_messages
    private.purge_number_purchases private.purge_settled_alerts private.purge_tenant_notices private.purge_totals
    private.purge_usage private.put_back private.queue_of private.raise_alert private.rate_day private.rate_days
    private.rate_for private.rate_usage private.rated_every private.rated_spans private.reached_limit
    private.recheck_after_lost_lease private.recipients_left private.reconcile_by private.reconcile_day
    private.reconciliation_health private.record_appeared_number private.record_at_tenant private.record_changed_number
    private.record_evidence private.record_lost_purchase private.record_missing_number private.record_parked
    private.record_place private.record_usage_firing private.redact_old_texts private.refuse_change
    private.reindex_words private.remaining_quota private.remember_user_deletion private.render_text
    private.renew_billing_lease private.renew_lease_if_held private.renew_turns private.reopen_unbilled
    private.repeat_of private.replica_identity_of private.reply_under_way private.rerate_covered_days
    private.reseal_token private.reserve_next private.reserve_recipients private.reserve_reply private.return_lost_jobs
    private.revenue_rank private.room_in private.rows_of_period private.rows_of_statement private.rows_to_place
    private.sale_refused private.schedule_fee private.schedule_health private.scheduled_for_numbers private.search_for
    private.search_tenants private.searchable private.send_again private.send_rates_of private.sender_of
    private.sending_ends_at private.sending_plan private.set_comparison_due private.set_due private.set_due_by
    private.set_metering_due private.set_next_convergence private.settle_alert private.settle_call
    private.settle_compared private.settle_day private.settle_unknown_price private.settled_before private.share_number
    private.share_opt_outs private.shown_spending private.shown_statement private.single_characters
    private.skip_recipients private.sorted_name private.spaced private.spend_between private.spent_between
    private.split_row private.split_words private.spread private.state_of_usage_day private.statements_of
    private.store_primary_token private.store_subaccount private.store_taken_in_number private.store_usage
    private.stored_account_of private.subaccount_target private.subscriptions_of private.summary_lag
    private.sweep_health private.tag_query private.tag_word private.take_billing_lease private.take_in_listed_number
    private.take_in_number private.take_lease private.take_moved_usage private.take_turns private.targets_of_day
    private.tell_of_categories private.tell_of_day private.tell_of_lost_customer private.tenant_overview_of
    private.tenant_price private.token_date_of private.total_deletes private.total_inserts private.total_update
    private.totals_of_statement private.touch_updated_at private.trial_lines_open_for private.trigger_value_of
    private.uncount_fallback_message private.undo_reservation private.unit_of private.unit_price private.units_of_minor
    private.unpaid_candidates private.unpaid_cost_of private.unpaid_part_of private.unpaid_reason_of
    private.unread_conversations private.unread_grace private.unspaced private.usage_by_day private.usage_health
    private.usage_kind_of private.usage_of private.usage_of_days private.usage_parts private.usage_report
    private.usage_rotation_days private.usage_summary_of private.usage_totals_of_days private.used_before
    private.user_exists private.users_with_email private.uses_of_span private.utc_day private.wake_pricing
    private.wanted_by_subscription private.wanted_subaccount private.wanted_trigger_value private.webhook_health
    private.windows_of_day private.with_limits private.withdraw_job private.words_of private.write_rating
    private.zone_opening public.account_and_shared_numbers public.account_outlook public.acknowledge_alert
    public.add_opt_outs public.add_up_revenue public.alert_to_deliver public.ask_for_comparisons
    public.ask_for_drifted_convergence public.ask_for_due_redactions public.ask_for_due_token_rotations
    public.ask_for_final_bills public.ask_for_invoice public.ask_for_metering public.ask_for_number_syncs
    public.ask_for_rating public.ask_for_usage_syncs public.ask_for_usage_triggers public.begin_cancellation
    public.begin_checkout public.begin_comparison public.begin_convergence public.begin_final_bill public.begin_metering
    public.begin_number_release public.begin_number_sync public.begin_plan_change public.begin_stripe_event
    public.begin_sweep public.begin_token_rotation public.begin_usage_sync public.begin_usage_trigger
    public.billed_users public.billing_customer public.cancel_fee public.cancel_forward_delivery
    public.cancel_number_release public.cancel_number_reservation public.change_alerts public.change_campaign
    public.change_forward_webhook public.charge_number_fees public.check_due_spending public.claim_jobs
    public.claim_subscription public.claim_unmetered_subscriptions public.close_alert public.close_books
    public.close_due_periods public.confirm_forward_webhook public.cost_of_usage public.count_request
    public.count_unpaid_accounts public.create_campaign public.decide_duplicate public.decide_leaving public.defer_job
    public.delay_sender public.delete_campaign_recipients public.delete_contact public.describe_health
    public.describe_installation public.disable_forward_webhook public.emails_of_tenants public.end_convergence
    public.end_sweep public.end_token_rotation public.end_usage_trigger public.erase_messages_of_deleted_user
    public.figures_of_tenants public.finish_job public.forget_invoice public.forget_previous_tokens
    public.forget_rate_limits public.forget_stripe_customer public.forward_delivery_of public.forward_webhook_of
    public.get_usage public.hold_tenant public.kinds_of_prices public.lease_cancellation public.lift_opt_outs
    public.link_stripe_customer public.list_alerts public.list_audit_lines public.list_audit_log
    public.list_campaign_recipients public.list_campaigns public.list_carrier_fees public.list_claimable_subscriptions
    public.list_contact_tags public.list_contacts public.list_conversations public.list_dead_letters
    public.list_exchange_rates public.list_forward_deliveries public.list_losses public.list_messages
    public.list_messages_forwards public.list_meters public.list_opt_outs public.list_plans public.list_reconciliations
    public.list_rejected public.list_revenue public.list_sale_prices public.list_statements public.list_tenants
    public.list_unbilled public.list_unpaid_accounts public.list_unrecorded_events public.list_unsent_usage
    public.mark_read public.message_media public.message_of public.messages_to_redact public.missing_exchange_rates
    public.move_job_to_dead_letters public.needs_metered_items public.next_invoice_of public.next_stripe_read
    public.note_create_attempt public.note_deleted_customer public.note_flush public.note_leaving_begun
    public.note_leaving_step public.note_meter_errors public.note_metering_problem public.note_sealing_ring
    public.note_status_intent public.notice_of public.number_to_change public.number_to_move public.numbers_overview
    public.numbers_to_price public.offer_forward_webhook public.offer_number public.offered_master_numbers
    public.parked_numbers_to_do public.pause_campaign public.pause_campaign_of public.pending_forward_webhook_of
    public.preview_campaign public.price_for_tenant public.provision_tenant public.purge_expired public.rate_usage
    public.reconcile_due_days public.record_alert_delivery public.record_campaign_batch public.record_cancellation
    public.record_checkout public.record_convergence_action public.record_final_reading public.record_forward_attempt
    public.record_inbound_message public.record_invoice public.record_leaving_step public.record_list_price
    public.record_listed_prices public.record_master_consent public.record_message_reports public.record_message_status
    public.record_message_statuses public.record_meters public.record_number public.record_number_move
    public.record_number_name public.record_number_release public.record_number_sync public.record_payment_move
    public.record_primary_token public.record_redaction public.record_sale_prices public.record_secondary_token
    public.record_stripe_customer public.record_stripe_event public.record_subaccount public.record_subscription
    public.record_sweep_page public.record_usage public.record_usage_callback public.record_usage_trigger
    public.release_message public.remove_forward_webhook public.renew_lease public.renew_usage_trigger_lease
    public.replace_master_numbers public.replay_dead_letters public.replay_forward_delivery public.replay_stripe_event
    public.report_account_trouble public.report_inactive_master public.report_moved_number public.report_sender_trouble
    public.request_cancellation public.request_redaction public.request_sealing_key_rotation public.request_subaccount
    public.request_sweep public.request_tenant_sync public.request_token_rotation public.reseal_tokens
    public.reserve_campaign_batch public.reserve_fee public.reserve_message public.reserve_number public.retry_campaign
    public.retry_job public.save_contacts public.save_messaging_settings public.sealing_keys_in_use
    public.set_carrier_fee public.set_exchange_rate public.set_number_send_rate public.set_plan_limits
    public.set_primary_number public.set_tenant_limits public.settle_cancellation public.settle_comparison
    public.settle_final_charge public.settle_metering public.settle_stripe_event public.show_statement
    public.show_tenant public.stale_number_releases public.stale_number_reservations public.start_to_settle
    public.subaccount_of public.tokens_of public.tokens_to_reseal public.unfinished_messages
    public.unmetered_subscriptions public.unpaid_account_total public.unsettled_messages public.usage_sync_state
    public.waits_for_redaction public.withdraw_create_attempt
  $names$, '\S+', 'g') as m;
$$;
comment on function private.our_functions() is
  'The functions of Switchboard, with their schema; a test compares them with the catalogue.';

create function private.describe_tables() returns setof private.installation_finding
language sql stable
set search_path = ''
as $$
  select 'table ' || t.name,
    (case when c.oid is null or not c.relrowsecurity or p.policies = 0 then 'fail' else 'ok' end)
      ::public.installation_verdict,
    case
      when c.oid is null then 'is missing'
      when not c.relrowsecurity then 'has row level security switched off'
      else format('row level security on, %s polic%s', p.policies, case p.policies when 1 then 'y' else 'ies' end)
    end
  from private.our_tables() as t (name)
  left join pg_catalog.pg_class c on c.oid = to_regclass('public.' || t.name)
  cross join lateral (select count(*) as policies from pg_catalog.pg_policy where polrelid = c.oid) p;
$$;
comment on function private.describe_tables() is 'Whether each public table has row level security and policies.';

create function private.describe_token_column() returns setof private.installation_finding
language plpgsql stable
set search_path = ''
as $$
declare
  is_readable constant boolean := exists (
    select from unnest(array['anon', 'authenticated']) as r (role)
    where has_column_privilege(r.role, 'public.user_preferences', 'twilio_subaccount_auth_token_encrypted', 'select'));
begin
  if is_readable then
    return query select 'sealed tokens', 'fail'::public.installation_verdict,
      'anon or authenticated may read the token column';
  else
    return query select 'sealed tokens', 'ok'::public.installation_verdict,
      'only service_role reads the token column';
  end if;
end;
$$;
comment on function private.describe_token_column() is 'Whether a browser could read the sealed tokens.';

create function private.describe_realtime() returns setof private.installation_finding
language sql stable
set search_path = ''
as $$
  select 'realtime', (case when l.leaking is null then 'ok' else 'fail' end)::public.installation_verdict,
    coalesce('deletions tell every subscriber more than the id: ' || l.leaking,
      format('deletions tell the id alone, in %s published tables', l.published))
  from (
    select count(*) as published,
      string_agg(format('%I.%I (%s)', p.schemaname, p.tablename, array_to_string(i.columns, ', ')), ', '
        order by p.schemaname, p.tablename) filter (where i.columns <> array['id']::name[]) as leaking
    from pg_catalog.pg_publication_tables p
    cross join lateral (
      select private.replica_identity_of(format('%I.%I', p.schemaname, p.tablename)::regclass) as columns) i
    where p.pubname = 'supabase_realtime' and (p.schemaname = 'private'
      or (p.schemaname = 'public' and p.tablename in (select t from private.our_tables() t)))
  ) l;
$$;
comment on function private.describe_realtime() is
  'Whether a published table of ours sends more than the id of a deleted row, which row level security does not cover.';

create function private.describe_function_grants() returns setof private.installation_finding
language plpgsql stable
set search_path = ''
as $$
declare
  callable text;
begin
  select string_agg(distinct p.proname, ', ' order by p.proname) into callable
  from private.our_functions() as f (name)
  join pg_catalog.pg_proc p on p.pronamespace = to_regnamespace(split_part(f.name, '.', 1))
    and p.proname = split_part(f.name, '.', 2)
  where has_function_privilege('anon', p.oid, 'execute') or has_function_privilege('authenticated', p.oid, 'execute');
  if callable is null then
    return query select 'decisions', 'ok'::public.installation_verdict,
      'no function of ours can be called by a browser';
  else
    return query select 'decisions', 'fail'::public.installation_verdict, 'callable by a browser: ' || callable;
  end if;
end;
$$;
comment on function private.describe_function_grants() is 'Whether a browser could call a function of ours.';

create function private.describe_queues() returns setof private.installation_finding
language sql stable
security definer -- reads pgmq's tables
set search_path = ''
as $$
  select format('queue %s', lane), 'ok'::public.installation_verdict, format('%s jobs waiting', count(j.msg_id))
  from unnest(enum_range(null::public.job_lane)) lane left join private.jobs j using (lane)
  group by lane
  union all
  select 'dead letters', (case count(*) when 0 then 'ok' else 'warn' end)::public.installation_verdict,
    format('%s jobs failed at their last attempt', count(*))
  from pgmq.q_jobs_dead;
$$;
comment on function private.describe_queues() is 'How many jobs of each lane and dead letters there are.';

create function private.describe_schedule() returns setof private.installation_finding
language plpgsql stable
security definer -- reads the tables of pg_cron and Vault
set search_path = ''
as $$
declare
  entry text;
  is_scheduled boolean;
  is_configured boolean := false;
begin
  if to_regclass('cron.job') is null then
    return query select 'schedule', 'ok'::public.installation_verdict,
      'no pg_cron here: the local scheduler calls run-jobs';
    return;
  end if;
  if to_regclass('vault.decrypted_secrets') is not null then
    execute $q$
      select count(*) = 2 from vault.decrypted_secrets
      where name in ('switchboard_functions_url', 'switchboard_secret_key')
    $q$ into is_configured;
  end if;
  for entry in select 'switchboard-run-jobs-' || lane from unnest(enum_range(null::public.job_lane)) lane loop
    execute 'select exists (select from cron.job where jobname = $1 and active)' into is_scheduled using entry;
    return query select 'schedule ' || replace(entry, 'switchboard-run-jobs-', ''),
      (case when is_scheduled and is_configured then 'ok' else 'fail' end)::public.installation_verdict,
      case
        when not is_scheduled then format('the cron entry %s is missing', entry)
        when not is_configured then 'Vault lacks switchboard_functions_url or switchboard_secret_key'
        else 'pg_cron looks for due jobs every ten seconds'
      end;
  end loop;
end;
$$;
comment on function private.describe_schedule() is 'Whether something calls run-jobs for each lane regularly.';

create function private.describe_exchange_rates() returns setof private.installation_finding
language sql stable
set search_path = ''
as $$
  select 'exchange rates', (case when m.pairs is null then 'ok' else 'fail' end)::public.installation_verdict,
    coalesce('missing, so usage is not billed: ' || m.pairs, 'usage of every plan can be billed in its currency')
  from (
    select string_agg(format('%s to %s (%s)', r.unit, r.currency, array_to_string(r.plans, ', ')), '; ') as pairs
    from public.missing_exchange_rates() r) m;
$$;
comment on function private.describe_exchange_rates() is
  'Fails for each currency in which usage of a plan cannot be billed, because no exchange rate leads to it.';

create function private.describe_due_work() returns setof private.installation_finding
language sql stable
set search_path = ''
as $$
  select 'due work', (case when l.late is null then 'ok' else 'warn' end)::public.installation_verdict,
    coalesce('late: ' || l.late, 'no scheduled work is more than two hours late')
  from (
    select string_agg(format('%s by %s hours', k.kind, floor(extract(epoch from now() - first.due_at) / 3600)), ', ')
      as late
    from unnest(enum_range(null::private.due_kind)) k (kind)
    cross join lateral (
      select d.due_at from private.due_work d where d.kind = k.kind order by d.due_at limit 1) first
    -- The date of a token rotation is the token's.
    where k.kind <> 'token_rotation' and first.due_at < now() - interval '2 hours'
  ) l;
$$;
comment on function private.describe_due_work() is
  'Whether more tenants become due than the limits of the schedules serve, or jobs do not run.';

create function private.describe_shared_numbers() returns setof private.installation_finding
language sql stable
set search_path = ''
as $$
  select 'shared numbers', 'ok'::public.installation_verdict,
    format('%s of %s offered to tenants without a subaccount', count(*) filter (where is_offered), count(*))
  from private.master_numbers;
$$;
comment on function private.describe_shared_numbers() is 'How many shared numbers are on offer.';

create function private.describe_sealing_keys() returns setof private.installation_finding
language sql stable
set search_path = ''
as $$
  with needed as (
    select k.key_id, k.tokens, k.key_id = any (r.key_ids) as is_held,
      k.key_id = r.current_key as is_current
    from public.sealing_keys_in_use() k left join private.sealing_ring r on true
  ), summary as (
    select
      string_agg(format('%s for "%s"', tokens, key_id), ', ' order by key_id) filter (where not is_held) as missing,
      string_agg(format('%s under "%s"', tokens, key_id), ', ' order by key_id) filter (where not is_current) as older,
      coalesce(sum(tokens), 0) as total
    from needed
  )
  select 'sealing keys',
    (case when r.current_key is null then 'warn' when s.missing is not null then 'fail' when s.older is not null
      then 'warn' else 'ok' end)::public.installation_verdict,
    case
      when r.current_key is null then 'run-jobs has not yet reported its keys'
      when s.missing is not null then 'TOKEN_SEALING_KEYS lacks keys that tokens need: ' || s.missing
      when s.older is not null then format('"%s" seals; older ones are still needed: %s', r.current_key, s.older)
      else format('"%s" seals all %s tokens', r.current_key, s.total)
        || coalesce((select '; not needed: ' || string_agg('"' || k || '"', ', ' order by k) from unnest(r.key_ids) k
          where k <> r.current_key), '')
    end
  from summary s left join private.sealing_ring r on true;
$$;
comment on function private.describe_sealing_keys() is
  'Whether the functions hold each key in use, and whether keys other than the current one are in use.';

create function public.describe_installation()
returns table (subject text, verdict public.installation_verdict, finding text)
language sql stable
set search_path = ''
as $$
  select * from private.describe_tables()
  union all select * from private.describe_token_column()
  union all select * from private.describe_realtime()
  union all select * from private.describe_function_grants()
  union all select * from private.describe_queues()
  union all select * from private.describe_schedule()
  union all select * from private.describe_due_work()
  union all select * from private.describe_exchange_rates()
  union all select * from private.describe_shared_numbers()
  union all select * from private.describe_sealing_keys();
$$;
comment on function public.describe_installation() is
  'Each part of this installation and whether it is in order. The source of `deno task verify`.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  public.hold_tenant(uuid, public.operator_hold, uuid, text, text),
  public.provision_tenant(uuid, text, uuid, text, text),
  public.list_dead_letters(bigint, integer),
  public.replay_dead_letters(bigint[], uuid, text, text),
  public.replay_stripe_event(text, uuid, text, text),
  private.check_new_subscriber(),
  private.check_subscriptions_of_tenant(),
  private.is_deleted_tenant(uuid),
  private.check_subscriber(public.subscriptions),
  public.request_sweep(uuid, text, text),
  private.purge_cron_runs(integer),
  public.purge_expired(integer),
  private.replica_identity_of(regclass),
  private.identify_by_id(regclass),
  private.publish_changes(),
  private.our_tables(),
  private.our_functions(),
  private.describe_tables(),
  private.describe_token_column(),
  private.describe_realtime(),
  private.describe_function_grants(),
  private.describe_queues(),
  private.describe_schedule(),
  private.describe_due_work(),
  private.describe_exchange_rates(),
  private.describe_shared_numbers(),
  private.describe_sealing_keys(),
  public.describe_installation()
  from public, anon, authenticated;
grant execute on function
  public.hold_tenant(uuid, public.operator_hold, uuid, text, text),
  public.provision_tenant(uuid, text, uuid, text, text),
  public.list_dead_letters(bigint, integer),
  public.replay_dead_letters(bigint[], uuid, text, text),
  public.replay_stripe_event(text, uuid, text, text),
  private.is_deleted_tenant(uuid),
  private.check_subscriber(public.subscriptions),
  public.request_sweep(uuid, text, text),
  private.purge_cron_runs(integer),
  public.purge_expired(integer),
  private.replica_identity_of(regclass),
  private.identify_by_id(regclass),
  private.publish_changes(),
  private.our_tables(),
  private.our_functions(),
  private.describe_tables(),
  private.describe_token_column(),
  private.describe_realtime(),
  private.describe_function_grants(),
  private.describe_queues(),
  private.describe_schedule(),
  private.describe_due_work(),
  private.describe_exchange_rates(),
  private.describe_shared_numbers(),
  private.describe_sealing_keys(),
  public.describe_installation()
  to service_role;
