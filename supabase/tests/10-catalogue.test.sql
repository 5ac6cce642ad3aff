-- The catalogue: each table has row level security, each function has its callers, and both are listed here. A new table
-- or function that is not listed fails this file.
begin;
create extension if not exists pgtap with schema extensions;
select plan(16);

-- Functions of extensions are left out.
create view pg_temp.our_functions as
select n.nspname || '.' || p.proname as name, p.oid, p.proowner, p.prosecdef, p.proconfig, p.proacl
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname in ('public', 'private')
  and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e');

-- The callers of a function: every grantee except the owner.
create view pg_temp.callers as
select f.name, f.oid, coalesce(string_agg(distinct case when a.grantee = 0 then 'PUBLIC' else a.grantee::regrole::text end, ', '), '(none)') as callers
from pg_temp.our_functions f
left join lateral pg_catalog.aclexplode(coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))) a on a.grantee <> f.proowner
group by f.name, f.oid;

create view pg_temp.our_relations as
select n.nspname || '.' || c.relname as name, c.relkind, c.relrowsecurity, c.relacl, c.oid
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e');

select is_empty($$ select c.oid::regclass from pg_catalog.pg_class c where c.relkind = 'v' and c.relnamespace = 'private'::regnamespace and c.relname <> 'jobs' and c.reloptions is distinct from '{security_invoker=true}' $$, 'The views have the rights of their caller, except that of the queues');
select bag_eq(
  'select name, relkind::text, relrowsecurity from pg_temp.our_relations',
  $$ values
    ('public.audit_log', 'r', true),
    ('public.campaigns', 'r', true),
    ('public.forward_deliveries', 'r', true),
    ('public.messaging_settings', 'r', true),
    ('public.operator_alerts', 'r', true),
    ('public.plans', 'r', true),
    ('public.sms_conversations', 'r', true),
    ('public.sms_messages', 'r', true),
    ('public.sms_opt_outs', 'r', true),
    ('public.contacts', 'r', true),
    ('private.contact_counts', 'r', true),
    ('public.subscriptions', 'r', true),
    ('public.tenant_notices', 'r', true),
    ('public.twilio_usage', 'r', true),
    ('public.user_preferences', 'r', true),
    ('public.user_twilio_numbers', 'r', true),
    ('public.webhook_events', 'r', true),
    ('private.open_subaccounts', 'r', true),
    ('private.rate_limits', 'r', true),
    ('private.campaign_recipients', 'r', true),
    ('private.campaign_windows', 'r', true),
    ('private.country_zones', 'r', true),
    ('private.cancellations', 'r', true),
    ('private.final_bill_settings', 'r', true),
    ('private.final_bills', 'r', true),
    ('private.final_charges', 'r', true),
    ('private.checkouts', 'r', true),
    ('private.message_prices', 'r', true),
    ('private.due_work', 'r', true),
    ('private.billing_customers', 'r', true),
    ('private.billing_periods', 'r', true),
    ('private.billing_rows', 'r', true),
    ('private.changed_days', 'r', true),
    ('private.open_days', 'r', true),
    ('private.meter_days', 'r', true),
    ('private.revenue', 'r', true), ('private.revenue_changes', 'r', true),
    ('private.exchange_rates', 'r', true),
    ('private.metered_items', 'r', true),
    ('private.own_subscriptions', 'r', true),
    ('private.meters', 'r', true),
    ('private.stripe_invoices', 'r', true),
    ('private.carrier_fees', 'r', true),
    ('private.fees', 'r', true),
    ('private.fallback_limits', 'r', true),
    ('private.fallback_usage', 'r', true),
    ('private.forward_webhooks', 'r', true),
    ('private.job_errors', 'r', true),
    ('private.job_turns', 'r', true),
    ('private.jobs', 'v', false),
    ('private.jobs_in_flight', 'r', true),
    ('private.master_consents', 'r', true),
    ('private.excess_numbers', 'r', true),
    ('private.leaving_numbers', 'r', true),
    ('private.master_numbers', 'r', true),
    ('private.unpaid_total', 'r', true), ('private.recurring_fees', 'v', false), ('private.tenants_with_costs', 'v', false), ('private.monthly_revenue', 'v', false),
    ('private.parking_papers', 'r', true),
    ('private.message_words', 'r', true),
    ('private.number_purchases', 'r', true),
    ('private.pending_forward_webhooks', 'r', true),
    ('private.schedules', 'r', true),
    ('private.sealed_tokens', 'v', false),
    ('private.sealing_ring', 'r', true),
    ('private.send_rates', 'r', true),
    ('private.sending_totals', 'r', true),
    ('private.awaited_reports', 'r', true),
    ('private.days_to_reconcile', 'r', true),
    ('private.master_currency', 'r', true),
    ('private.reconciliations', 'r', true),
    ('private.sale_prices', 'r', true),
    ('private.stripe_customers', 'r', true),
    ('private.sweep_sightings', 'r', true),
    ('private.sweeps', 'r', true),
    ('private.purged_cron_runs', 'r', true),
    ('private.tenancies', 'r', true),
    ('private.tenant_emails', 'r', true),
    ('private.tenant_limits', 'r', true),
    ('private.token_rotations', 'r', true),
    ('private.usage_accounts', 'r', true),
    ('private.usage_categories', 'r', true),
    ('private.usage_days', 'r', true),
    ('private.usage_firings', 'r', true), ('private.usage_triggers', 'r', true),
    ('private.usage_totals', 'r', true) $$,
  'Every table is listed here with row level security, and the one view');

select bag_eq('select name from pg_temp.our_functions', 'select * from private.our_functions()',
  'private.our_functions() names every function once');

select set_eq('select name from pg_temp.our_relations where name like $$public.%$$', 'select $$public.$$ || name from private.our_tables() as t (name)',
  'private.our_tables() names every public table');

-- A trigger needs no EXECUTE right on its function.
select bag_eq(
  $$ select name, callers from pg_temp.callers where callers <> 'service_role' $$,
  $$ values
    ('private.check_new_subscriber', '(none)'),
    ('private.check_subscriptions_of_tenant', '(none)'),
    ('private.count_campaign_deletes', '(none)'),
    ('private.count_campaign_update', '(none)'),
    ('private.count_subaccount', '(none)'),
    ('private.ask_for_erasure', '(none)'),
    ('private.add_fee', '(none)'),
    ('private.charge_first_fee', '(none)'),
    ('private.correct_fees', '(none)'),
    ('private.schedule_fee', '(none)'),
    ('private.total_deletes', '(none)'),
    ('private.total_inserts', '(none)'),
    ('private.total_update', '(none)'),
    ('private.await_reports', '(none)'),
    ('private.note_changed_usage', '(none)'),
    ('private.note_known_category', '(none)'),
    ('private.index_words', '(none)'),
    ('private.reindex_words', '(none)'),
    ('private.note_changed_numbers', '(none)'), ('private.note_changed_plan_limit', '(none)'),
    ('private.note_changed_spend_limit', '(none)'),
    ('private.note_changed_number_count', '(none)'),
    ('private.note_changed_number_limit', '(none)'),
    ('private.note_changed_own_limits', '(none)'),
    ('private.note_changed_periods', '(none)'),
    ('private.note_changed_subscription_limit', '(none)'),
    ('private.note_end_of_subscription', '(none)'), ('private.note_late_usage', '(none)'),
    ('private.note_payer', '(none)'), ('private.begin_priced_plan', '(none)'), ('private.note_priced_plan', '(none)'),
    ('private.note_changed_retention', '(none)'),
    ('private.keep_rated_plan', '(none)'), ('private.note_changed_payer', '(none)'), ('private.note_unrated_usage', '(none)'),
    ('private.note_changed_limit', '(none)'), ('private.note_changed_spending', '(none)'),
    ('private.note_changed_subscription', '(none)'),
    ('private.note_changed_tenancy', '(none)'),
    ('private.forget_jobs', '(none)'),
    ('private.forget_lane', '(none)'),
    ('private.note_turn', '(none)'),
    ('private.note_conversation', '(none)'),
    ('private.note_held_number', '(none)'),
    ('private.wake_pricing', '(none)'),
    ('private.note_lost_subaccount', '(none)'),
    ('private.note_tenant_email', '(none)'),
    ('private.note_token_date', '(none)'),
    ('private.note_usage_account', '(none)'),
    ('private.note_usage_activity', '(none)'),
    ('private.note_period_end', '(none)'), ('private.note_new_period', '(none)'), ('private.take_moved_usage', '(none)'),
    ('private.note_read_invoice', '(none)'), ('private.note_accepted_row', '(none)'),
    ('private.refuse_change', '(none)'),
    ('private.remember_user_deletion', '(none)'),
    ('private.touch_updated_at', '(none)') $$,
  'Only service_role may call functions, and no role may call trigger functions');

select bag_eq(
  'select name from pg_temp.our_functions where prosecdef',
  $$ values ('private.ask_for_erasure'), ('private.check_subscriptions_of_tenant'), ('private.confirmed_contacts'), ('private.confirmed_email_of'), ('private.count_dead_letters'), ('private.dead_letters_of'), ('private.describe_queues'), ('private.describe_schedule'), ('private.enqueue'), ('private.enqueue_due_schedules'), ('private.has_due_jobs'), ('private.jobs_of'), ('private.lane_health'), ('private.note_lost_subaccount'), ('private.note_tenant_email'), ('private.purge_audit_details'), ('private.purge_cron_runs'), ('private.raise_alert'), ('private.remember_user_deletion'), ('private.renew_turns'), ('private.return_lost_jobs'), ('private.settle_alert'), ('private.take_turns'), ('private.user_exists'), ('private.users_with_email'), ('private.withdraw_job'), ('public.ask_for_usage_syncs'), ('public.claim_jobs'), ('public.defer_job'), ('public.finish_job'), ('public.list_dead_letters'), ('public.move_job_to_dead_letters'), ('public.replay_dead_letters'), ('public.retry_job'), ('public.usage_sync_state') $$,
  'Only functions that reach pgmq or auth, or follow a write by another role, are security definer');

select is_empty(
  $$ select name from pg_temp.our_functions where not coalesce(proconfig, '{}') @> array['search_path=""'] $$,
  'Every function has an empty search_path');

select is_empty(
  $$ select f.name from pg_temp.our_functions f join pg_catalog.pg_proc p using (oid)
     where f.name like 'public.%' and obj_description(f.oid, 'pg_proc') is null $$,
  'Every public function has a comment');

select is_empty(
  $$ select r.name from pg_temp.our_relations r
     where r.name like 'public.%' and r.name <> 'public.user_preferences' and obj_description(r.oid, 'pg_class') is null $$,
  'Every public table has a comment');

select bag_eq(
  $$ select c.relname::text, t.tgname::text from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
     join pg_catalog.pg_proc p on p.oid = t.tgfoid join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where not t.tgisinternal and n.nspname in ('public', 'private') and t.tgenabled = 'O' $$,
  $$ values ('audit_log', 'append_only'), ('audit_log', 'append_only_update'), ('audit_log', 'append_only_truncate'),
    ('q_jobs_control', 'note_new_turn'), ('q_jobs_control', 'note_turn'), ('q_jobs_control', 'forget_jobs'), ('q_jobs_control', 'forget_lane'),
    ('q_jobs_messages', 'note_new_turn'), ('q_jobs_messages', 'note_turn'), ('q_jobs_messages', 'forget_jobs'), ('q_jobs_messages', 'forget_lane'),
    ('q_jobs_campaigns', 'note_new_turn'), ('q_jobs_campaigns', 'note_turn'), ('q_jobs_campaigns', 'forget_jobs'), ('q_jobs_campaigns', 'forget_lane'),
    ('q_jobs_forwarding', 'note_new_turn'), ('q_jobs_forwarding', 'note_turn'), ('q_jobs_usage', 'note_new_turn'), ('q_jobs_usage', 'note_turn'), ('q_jobs_usage', 'forget_jobs'), ('q_jobs_usage', 'forget_lane'), ('q_jobs_billing', 'note_new_turn'), ('q_jobs_billing', 'note_turn'), ('q_jobs_billing', 'forget_jobs'), ('q_jobs_billing', 'forget_lane'), ('q_jobs_forwarding', 'forget_jobs'), ('q_jobs_forwarding', 'forget_lane'),
    ('number_purchases', 'charge_first_fee'), ('number_purchases', 'correct_fees_of_deleted'), ('number_purchases', 'correct_fees'), ('number_purchases', 'schedule_first_fee'), ('number_purchases', 'schedule_fee'),
    ('number_purchases', 'wake_pricing'), ('fees', 'add_new_fee'), ('fees', 'add_changed_fee'),
    ('sms_messages', 'count_new'), ('sms_messages', 'count_changed'), ('sms_messages', 'count_changed_status'), ('sms_messages', 'count_deleted'), ('sms_messages', 'note_conversation'), ('sms_messages', 'await_reports'),
    ('twilio_usage', 'note_changed_usage'), ('twilio_usage', 'note_new_usage'), ('usage_categories', 'note_known_category'), ('usage_days', 'note_changed_day'), ('usage_days', 'note_new_day'),
    ('sms_messages', 'index_words'), ('sms_messages', 'change_words'), ('sms_messages', 'forget_words'),
    ('sms_messages', 'count_in_campaign'), ('sms_messages', 'count_out_of_campaign'), ('campaigns', 'touch_updated_at'),
    ('messaging_settings', 'touch_updated_at'), ('forward_webhooks', 'touch_updated_at'), ('subscriptions', 'touch_updated_at'), ('user_preferences', 'touch_updated_at'), ('user_twilio_numbers', 'touch_updated_at'),
    ('billing_periods', 'note_period_end'), ('billing_periods', 'note_new_period'), ('billing_periods', 'take_moved_usage'),
    ('stripe_invoices', 'note_read_invoice'), ('billing_rows', 'note_accepted_row'),
    ('tenancies', 'due_when_new'), ('tenancies', 'due_when_changed'), ('plans', 'due_when_periods_change'), ('plans', 'spending_due_when_lowered'), ('subscriptions', 'spending_due_when_changed'), ('user_twilio_numbers', 'note_erased'), ('plans', 'price_changes'), ('plans', 'price_known_when_new'), ('plans', 'price_known_when_changed'),
    ('plans', 'usage_trigger_due_when_limit_changes'), ('subscriptions', 'usage_trigger_due_when_new'),
    ('subscriptions', 'usage_trigger_due_when_changed'), ('subscriptions', 'usage_trigger_due_when_deleted'),
    ('user_preferences', 'switchboard_usage_trigger_due_when_new'), ('user_preferences', 'switchboard_usage_trigger_due_when_changed'),
    ('users', 'switchboard_note_email'), ('tenancies', 'note_email'),
    ('tenant_limits', 'excess_when_own_limits_change'), ('tenant_limits', 'spending_due_when_own_limit_changes'), ('tenant_limits', 'usage_trigger_due_when_own_limit_changes'),
    ('subscriptions', 'spending_due_when_new'), ('subscriptions', 'spending_due_when_deleted'), ('subscriptions', 'excess_when_deleted'),
    ('plans', 'excess_when_limit_changes'), ('subscriptions', 'excess_when_new'), ('subscriptions', 'excess_when_changed'),
    ('user_twilio_numbers', 'excess_when_new'), ('user_twilio_numbers', 'excess_when_changed'),
    ('metered_items', 'rate_changed_items'), ('metered_items', 'rate_moved_items'), ('usage_totals', 'rate_new_usage'), ('usage_totals', 'rate_changed_usage'),
    ('own_subscriptions', 'rate_changed_owners'), ('own_subscriptions', 'rate_moved_owners'), ('billing_periods', 'rate_changed_periods'), ('billing_periods', 'rate_moved_periods'),
    ('plans', 'keep_deleted_plan'), ('plans', 'keep_rated_plan'),
    ('subscriptions', 'payer_when_new'), ('subscriptions', 'payer_when_changed'),
    ('subscriptions', 'final_bill_when_new'), ('subscriptions', 'final_bill_when_ended'),
    ('billing_rows', 'final_bill_when_late'), ('billing_rows', 'final_bill_when_returned'),
    ('billing_rows', 'revenue_of_new_rows'), ('billing_rows', 'revenue_of_changed_rows'), ('billing_rows', 'revenue_of_deleted_rows'),
    ('subscriptions', 'due_when_new'), ('subscriptions', 'due_when_changed'), ('subscriptions', 'due_when_deleted'),
    ('user_preferences', 'switchboard_due_when_lost'), ('user_preferences', 'switchboard_due_when_deleted'),
    ('tenancies', 'count_new'), ('tenancies', 'count_changed'), ('tenancies', 'count_deleted'), ('tenancies', 'count_truncated'),
    ('user_preferences', 'switchboard_numbers_due_when_new'), ('user_preferences', 'switchboard_numbers_due_when_changed'), ('user_twilio_numbers', 'note_held'), ('user_twilio_numbers', 'due_when_new'), ('user_twilio_numbers', 'due_when_changed'),
    ('user_preferences', 'switchboard_token_date_when_new'), ('user_preferences', 'switchboard_token_date_when_changed'), ('messaging_settings', 'due_when_new'), ('messaging_settings', 'due_when_changed'),
    ('subscriptions', 'subscriber_checked_when_new'), ('subscriptions', 'subscriber_checked_when_changed'), ('tenancies', 'check_subscriptions_when_new'), ('tenancies', 'check_subscriptions_when_closed'),
    ('tenancies', 'usage_account_when_new'), ('tenancies', 'usage_account_when_changed'), ('sending_totals', 'usage_of_messages'), ('user_twilio_numbers', 'usage_of_new_number'), ('user_twilio_numbers', 'usage_of_changed_number'),
    ('users', 'switchboard_check_subscriptions'), ('users', 'switchboard_ask_for_erasure'), ('users', 'switchboard_remember_user_deletion') $$,
  'The triggers are the listed ones, and enabled');

select bag_eq(
  $$ select coalesce(g.rolname, 'PUBLIC')::text, a.privilege_type
     from pg_catalog.pg_namespace n cross join lateral pg_catalog.aclexplode(n.nspacl) a left join pg_catalog.pg_roles g on g.oid = a.grantee
     where n.nspname = 'private' and a.grantee <> n.nspowner $$,
  $$ values ('service_role', 'USAGE') $$,
  'Only service_role has USAGE on the private schema, and no role has CREATE');

select is_empty(
  $$ select role, privilege from unnest(array['anon', 'authenticated', 'service_role']) role, unnest(array['usage', 'create']) privilege
     where has_schema_privilege(role, 'pgmq', privilege) $$,
  'No API role has rights on the schema pgmq');

select is_empty(
  $$ select role, c.relname from unnest(array['anon', 'authenticated', 'service_role']) role, pg_catalog.pg_class c
     where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind = 'S'
       and has_sequence_privilege(role, c.oid, 'usage, select, update')
       and not (role = 'service_role' and c.relname = 'stripe_reads') $$,
  'No API role may use a sequence, except service_role the numbers of reads from Stripe');

select is_empty(
  $$ select c.conrelid::regclass, c.conname from pg_catalog.pg_constraint c
     where c.connamespace in ('public'::regnamespace, 'private'::regnamespace) and c.contype = 'f'
       and not exists (select from pg_catalog.pg_index i where i.indrelid = c.conrelid
         and (i.indkey::smallint[])[0:cardinality(c.conkey) - 1] @> c.conkey) $$,
  'Every foreign key has an index, so deleting a user scans no table');

select is_empty(
  $$ select c.conrelid::regclass, c.conname from pg_catalog.pg_constraint c
     where c.connamespace in ('public'::regnamespace, 'private'::regnamespace) and c.contype = 'f'
       and c.confrelid = 'auth.users'::regclass and c.confdeltype not in ('c', 'n') $$,
  'No foreign key to auth.users prevents the deletion of a user');

select is((select count(*) from pg_catalog.pg_index i join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = 'user_id'
    where i.indrelid = 'public.user_preferences'::regclass and i.indisunique and i.indimmediate and i.indkey::text = a.attnum::text), 1::bigint,
  'user_preferences has exactly one unique index on user_id');

select * from finish();
rollback;
