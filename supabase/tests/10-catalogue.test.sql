-- What there is, and that nothing new slips in unguarded: a table or function that is not named here, has no row security, or
-- is open to more than its callers turns this file red.
begin;
create extension if not exists pgtap with schema extensions;
select plan(13);

-- Extensions bring functions of their own; those are not ours to guard.
create view pg_temp.our_functions as
select n.nspname || '.' || p.proname as name, p.oid, p.proowner, p.prosecdef, p.proconfig, p.proacl
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname in ('public', 'private')
  and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e');

-- Who may call: every grantee but the owner.
create view pg_temp.callers as
select f.name, f.oid, coalesce(string_agg(distinct case when a.grantee = 0 then 'PUBLIC' else a.grantee::regrole::text end, ', '), 'nobody') as callers
from pg_temp.our_functions f
left join lateral pg_catalog.aclexplode(coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))) a on a.grantee <> f.proowner
group by f.name, f.oid;

create view pg_temp.our_relations as
select n.nspname || '.' || c.relname as name, c.relkind, c.relrowsecurity, c.relacl, c.oid
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e');

select bag_eq(
  'select name, relkind::text, relrowsecurity from pg_temp.our_relations',
  $$ values
    ('public.audit_log', 'r', true),
    ('public.campaigns', 'r', true),
    ('public.messaging_settings', 'r', true),
    ('public.plans', 'r', true),
    ('public.sms_conversations', 'r', true),
    ('public.sms_messages', 'r', true),
    ('public.sms_opt_outs', 'r', true),
    ('public.subscriptions', 'r', true),
    ('public.twilio_usage', 'r', true),
    ('public.user_preferences', 'r', true),
    ('public.user_twilio_numbers', 'r', true),
    ('public.webhook_events', 'r', true),
    ('private.rate_limits', 'r', true),
    ('private.campaign_recipients', 'r', true),
    ('private.forward_webhooks', 'r', true),
    ('private.job_errors', 'r', true),
    ('private.master_numbers', 'r', true),
    ('private.schedules', 'r', true),
    ('private.sealing_ring', 'r', true),
    ('private.send_rates', 'r', true),
    ('private.sending_totals', 'r', true),
    ('private.stripe_customers', 'r', true),
    ('private.sweep_sightings', 'r', true),
    ('private.sweeps', 'r', true),
    ('private.tenancies', 'r', true),
    ('private.token_rotations', 'r', true) $$,
  'Every table is named here, has row level security, and there are no views');

select bag_eq(
  'select name, callers from pg_temp.callers',
  $$ values
    ('private.account_of', 'service_role'),
    ('private.account_status_without_subaccount', 'service_role'),
    ('private.ask_for_convergence', 'service_role'),
    ('private.ask_for_missing_accounts', 'service_role'),
    ('private.ask_for_token_rotation', 'service_role'),
    ('private.audit', 'service_role'),
    ('private.campaign_count_of', 'service_role'),
    ('private.compare_account', 'service_role'),
    ('private.cost_of', 'service_role'),
    ('private.campaign_outcome', 'service_role'),
    ('private.changed_status', 'service_role'),
    ('private.count_campaign_deletes', 'nobody'),
    ('private.count_campaign_updates', 'nobody'),
    ('private.insert_campaign', 'service_role'),
    ('private.lock_campaign', 'service_role'),
    ('private.mark_running', 'service_role'),
    ('private.reserve_next', 'service_role'),
    ('private.reserve_recipients', 'service_role'),
    ('private.send_rates_of', 'service_role'),
    ('private.skip_recipients', 'service_role'),
    ('private.skip_waiting_recipients', 'service_role'),
    ('private.ask_for_erasure', 'nobody'),
    ('private.delete_campaign_texts', 'service_role'),
    ('private.erase_campaigns', 'service_role'),
    ('private.erase_conversations', 'service_role'),
    ('private.erase_opt_outs', 'service_role'),
    ('private.has_opted_out', 'service_role'),
    ('private.keyword_reply', 'service_role'),
    ('private.message_refusal', 'service_role'),
    ('private.message_status_named', 'service_role'),
    ('private.note_consent', 'service_role'),
    ('private.note_reported_opt_out', 'service_role'),
    ('private.record_evidence', 'service_role'),
    ('private.sending_plan', 'service_role'),
    ('private.total_deletes', 'nobody'),
    ('private.total_inserts', 'nobody'),
    ('private.total_updates', 'nobody'),
    ('public.erase_messages_of_deleted_user', 'service_role'),
    ('private.counts_as_sent', 'service_role'),
    ('private.describe_installation', 'service_role'),
    ('private.describe_sealing_keys', 'service_role'),
    ('private.enqueue', 'service_role'),
    ('private.enqueue_campaign', 'service_role'),
    ('private.enqueue_convergence', 'service_role'),
    ('private.enqueue_due_schedules', 'service_role'),
    ('private.estimated_segments', 'service_role'),
    ('private.finish_sweep', 'service_role'),
    ('private.forget_job_error', 'nobody'),
    ('private.has_room_for_subaccount', 'service_role'),
    ('private.hour_of', 'service_role'),
    ('private.note_sends', 'service_role'),
    ('private.level_of_sweep', 'service_role'),
    ('private.lock_sending', 'service_role'),
    ('private.is_enqueued', 'service_role'),
    ('private.lock_stripe_customer', 'service_role'),
    ('private.lock_tenant', 'service_role'),
    ('private.lock_totals', 'service_role'),
    ('private.may_send_from', 'service_role'),
    ('private.message_may_move', 'service_role'),
    ('private.message_status_rank', 'service_role'),
    ('private.move_campaign_count', 'service_role'),
    ('private.note_conversation', 'nobody'),
    ('private.note_opt_out', 'service_role'),
    ('private.send_rate_room', 'service_role'),
    ('private.publish_changes', 'service_role'),
    ('private.audit_number', 'service_role'),
    ('private.complete_purchase', 'service_role'),
    ('private.primary_number_of', 'service_role'),
    ('private.store_taken_in_number', 'service_role'),
    ('private.share_number', 'service_role'),
    ('private.record_appeared_number', 'service_role'),
    ('private.record_lost_purchase', 'service_role'),
    ('private.record_changed_number', 'service_role'),
    ('private.record_missing_number', 'service_role'),
    ('private.audit_number_sync', 'service_role'),
    ('private.recheck_after_lost_lease', 'service_role'),
    ('private.renew_lease_if_held', 'service_role'),
    ('private.reseal_token', 'service_role'),
    ('private.plan_of', 'service_role'),
    ('private.promote_oldest_number', 'service_role'),
    ('private.refuse_change', 'nobody'),
    ('private.refused_destination', 'service_role'),
    ('private.remember_user_deletion', 'nobody'),
    ('private.sealed_tokens', 'service_role'),
    ('private.sending_room', 'service_role'),
    ('private.store_subaccount', 'service_role'),
    ('private.store_primary_token', 'service_role'),
    ('private.take_in_number', 'service_role'),
    ('private.take_lease', 'service_role'),
    ('private.touch_updated_at', 'nobody'),
    ('private.user_exists', 'service_role'),
    ('private.wanted_by_subscription', 'service_role'),
    ('private.wanted_by_subscriptions', 'service_role'),
    ('private.link_customer', 'service_role'),
    ('private.plan_for_price', 'service_role'),
    ('private.wanted_subaccount', 'service_role'),
    ('private.words_of', 'service_role'),
    ('private.yield_sid', 'service_role'),
    ('public.ask_for_drifted_convergence', 'service_role'),
    ('public.ask_for_due_redactions', 'service_role'),
    ('public.ask_for_due_token_rotations', 'service_role'),
    ('public.ask_for_number_syncs', 'service_role'),
    ('public.begin_convergence', 'service_role'),
    ('public.begin_number_release', 'service_role'),
    ('public.begin_number_sync', 'service_role'),
    ('public.begin_sweep', 'service_role'),
    ('public.begin_token_rotation', 'service_role'),
    ('public.move_job_to_dead_letters', 'service_role'),
    ('public.cancel_number_reservation', 'service_role'),
    ('public.change_campaign', 'service_role'),
    ('public.cancel_number_release', 'service_role'),
    ('public.claim_jobs', 'service_role'),
    ('public.create_campaign', 'service_role'),
    ('public.defer_job', 'service_role'),
    ('public.describe_installation', 'service_role'),
    ('public.disable_forward_webhook', 'service_role'),
    ('public.end_convergence', 'service_role'),
    ('public.end_sweep', 'service_role'),
    ('public.end_token_rotation', 'service_role'),
    ('public.finish_job', 'service_role'),
    ('public.forget_rate_limits', 'service_role'),
    ('public.forget_previous_tokens', 'service_role'),
    ('public.forward_webhook_of', 'service_role'),
    ('public.hold_tenant', 'service_role'),
    ('public.link_stripe_customer', 'service_role'),
    ('public.list_campaign_recipients', 'service_role'),
    ('public.list_campaigns', 'service_role'),
    ('public.list_conversations', 'service_role'),
    ('public.list_dead_letters', 'service_role'),
    ('public.list_messages', 'service_role'),
    ('public.list_tenants', 'service_role'),
    ('public.message_of', 'service_role'),
    ('public.messages_to_redact', 'service_role'),
    ('public.note_create_attempt', 'service_role'),
    ('public.note_sealing_ring', 'service_role'),
    ('public.note_status_intent', 'service_role'),
    ('public.account_and_shared_numbers', 'service_role'),
    ('public.pause_campaign', 'service_role'),
    ('public.number_to_change', 'service_role'),
    ('public.number_to_move', 'service_role'),
    ('public.provision_tenant', 'service_role'),
    ('public.record_campaign_batch', 'service_role'),
    ('public.record_convergence_action', 'service_role'),
    ('public.record_inbound_message', 'service_role'),
    ('public.record_message_reports', 'service_role'),
    ('public.record_message_status', 'service_role'),
    ('public.record_number', 'service_role'),
    ('public.record_number_move', 'service_role'),
    ('public.record_number_name', 'service_role'),
    ('public.record_number_release', 'service_role'),
    ('public.record_number_sync', 'service_role'),
    ('public.record_primary_token', 'service_role'),
    ('public.record_redaction', 'service_role'),
    ('public.record_secondary_token', 'service_role'),
    ('public.record_stripe_event', 'service_role'),
    ('public.record_subaccount', 'service_role'),
    ('public.record_subscription', 'service_role'),
    ('public.record_sweep_page', 'service_role'),
    ('public.release_message', 'service_role'),
    ('public.remove_forward_webhook', 'service_role'),
    ('public.renew_lease', 'service_role'),
    ('public.replace_master_numbers', 'service_role'),
    ('public.replay_dead_letters', 'service_role'),
    ('public.replay_stripe_event', 'service_role'),
    ('public.report_account_trouble', 'service_role'),
    ('public.request_redaction', 'service_role'),
    ('public.request_sealing_key_rotation', 'service_role'),
    ('public.request_subaccount', 'service_role'),
    ('public.request_sweep', 'service_role'),
    ('public.request_token_rotation', 'service_role'),
    ('public.reseal_tokens', 'service_role'),
    ('public.reserve_campaign_batch', 'service_role'),
    ('public.reserve_message', 'service_role'),
    ('public.reserve_number', 'service_role'),
    ('public.retry_job', 'service_role'),
    ('public.save_forward_webhook', 'service_role'),
    ('public.save_messaging_settings', 'service_role'),
    ('public.sealing_keys_in_use', 'service_role'),
    ('public.set_number_send_rate', 'service_role'),
    ('public.set_primary_number', 'service_role'),
    ('public.settle_stripe_event', 'service_role'),
    ('public.stale_number_releases', 'service_role'),
    ('public.stale_number_reservations', 'service_role'),
    ('public.begin_stripe_event', 'service_role'),
    ('public.subaccount_of', 'service_role'),
    ('public.count_request', 'service_role'),
    ('public.tokens_of', 'service_role'),
    ('public.tokens_to_reseal', 'service_role'),
    ('public.unfinished_messages', 'service_role'),
    ('public.unsettled_messages', 'service_role'),
    ('public.waits_for_redaction', 'service_role'),
    ('public.withdraw_create_attempt', 'service_role') $$,
  'Every function is named here once, and only the service calls it');

select bag_eq(
  'select name from pg_temp.our_functions where prosecdef',
  $$ values ('private.enqueue'), ('private.enqueue_due_schedules'), ('private.is_enqueued'), ('private.ask_for_erasure'), ('private.remember_user_deletion'), ('private.user_exists'),
    ('private.describe_installation'), ('public.move_job_to_dead_letters'), ('public.claim_jobs'), ('public.defer_job'), ('public.finish_job'),
    ('public.list_dead_letters'), ('public.replay_dead_letters'), ('public.retry_job') $$,
  'Only those functions run with their owner''s rights that reach into pgmq or auth');

select is_empty(
  $$ select name from pg_temp.our_functions where not coalesce(proconfig, '{}') @> array['search_path=""'] $$,
  'Every function has its search path pinned to nothing');

select is_empty(
  $$ select f.name from pg_temp.our_functions f join pg_catalog.pg_proc p using (oid)
     where f.name like 'public.%' and obj_description(f.oid, 'pg_proc') is null $$,
  'Every function of the API says what it decides and what it answers');

select is_empty(
  $$ select r.name from pg_temp.our_relations r
     where r.name like 'public.%' and r.name <> 'public.user_preferences' and obj_description(r.oid, 'pg_class') is null $$,
  'Every public table says what it is for');

select bag_eq(
  $$ select c.relname::text, t.tgname::text from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
     join pg_catalog.pg_proc p on p.oid = t.tgfoid join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where not t.tgisinternal and n.nspname in ('public', 'private') and t.tgenabled = 'O' $$,
  $$ values ('audit_log', 'append_only'), ('audit_log', 'append_only_truncate'), ('q_jobs', 'forget_error'),
    ('sms_messages', 'count_new'), ('sms_messages', 'count_changed'), ('sms_messages', 'count_deleted'), ('sms_messages', 'note_conversation'),
    ('sms_messages', 'count_in_campaign'), ('sms_messages', 'count_out_of_campaign'), ('campaigns', 'touch_updated_at'),
    ('messaging_settings', 'touch_updated_at'), ('forward_webhooks', 'touch_updated_at'), ('subscriptions', 'touch_updated_at'), ('user_preferences', 'touch_updated_at'), ('user_twilio_numbers', 'touch_updated_at'),
    ('users', 'switchboard_ask_for_erasure'), ('users', 'switchboard_remember_user_deletion') $$,
  'The triggers are those we know, and enabled');

select bag_eq(
  $$ select coalesce(g.rolname, 'PUBLIC')::text, a.privilege_type
     from pg_catalog.pg_namespace n cross join lateral pg_catalog.aclexplode(n.nspacl) a left join pg_catalog.pg_roles g on g.oid = a.grantee
     where n.nspname = 'private' and a.grantee <> n.nspowner $$,
  $$ values ('service_role', 'USAGE') $$,
  'Of the roles of the API only the service may look into the private schema, and nobody may create in it');

select is_empty(
  $$ select role, privilege from unnest(array['anon', 'authenticated', 'service_role']) role, unnest(array['usage', 'create']) privilege
     where has_schema_privilege(role, 'pgmq', privilege) $$,
  'No role of the API reaches the queues past our functions');

select is_empty(
  $$ select role, c.relname from unnest(array['anon', 'authenticated', 'service_role']) role, pg_catalog.pg_class c
     where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind = 'S'
       and has_sequence_privilege(role, c.oid, 'usage, select, update')
       and not (role = 'service_role' and c.relname = 'stripe_reads') $$,
  'No role of the API may turn a sequence, but the service the tickets for reads of Stripe');

select is_empty(
  $$ select c.conrelid::regclass, c.conname from pg_catalog.pg_constraint c
     where c.connamespace in ('public'::regnamespace, 'private'::regnamespace) and c.contype = 'f'
       and not exists (select from pg_catalog.pg_index i where i.indrelid = c.conrelid
         and (i.indkey::smallint[])[0:cardinality(c.conkey) - 1] @> c.conkey) $$,
  'Every foreign key has an index, so that deleting a user scans no table');

select is_empty(
  $$ select c.conrelid::regclass, c.conname from pg_catalog.pg_constraint c
     where c.connamespace in ('public'::regnamespace, 'private'::regnamespace) and c.contype = 'f'
       and c.confrelid = 'auth.users'::regclass and c.confdeltype not in ('c', 'n') $$,
  'No row of ours keeps a user from being deleted');

select is((select count(*) from pg_catalog.pg_index i join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = 'user_id'
    where i.indrelid = 'public.user_preferences'::regclass and i.indisunique and i.indimmediate and i.indkey::text = a.attnum::text), 1::bigint,
  'A user has one row of preferences, by exactly one index');

select * from finish();
rollback;
