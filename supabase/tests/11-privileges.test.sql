-- The exact privileges of each API role on each table and column, and the policies.
begin;
create extension if not exists pgtap with schema extensions;
select plan(36);

create view pg_temp.table_grants as
select c.oid::regclass::text as name, coalesce(r.rolname, 'PUBLIC')::text as grantee, a.privilege_type
from pg_catalog.pg_class c
cross join lateral pg_catalog.aclexplode(c.relacl) a
left join pg_catalog.pg_roles r on r.oid = a.grantee
where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and (a.grantee = 0 or r.rolname in ('anon', 'authenticated', 'service_role'));

create view pg_temp.column_grants as
select t.attrelid::regclass::text as name, coalesce(r.rolname, 'PUBLIC')::text as grantee, a.privilege_type, t.attname::text as column_name
from pg_catalog.pg_attribute t
join pg_catalog.pg_class c on c.oid = t.attrelid
cross join lateral pg_catalog.aclexplode(t.attacl) a
left join pg_catalog.pg_roles r on r.oid = a.grantee
where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace);

-- The tables ---------------------------------------------------------------------------------------------------------

select is_empty(
  $$ select * from pg_temp.table_grants where grantee in ('PUBLIC', 'anon') $$,
  'PUBLIC and anon have no privilege on any table');

select bag_eq(
  $$ select name, privilege_type from pg_temp.table_grants where grantee = 'authenticated' $$,
  $$ values ('forward_deliveries', 'SELECT'), ('messaging_settings', 'SELECT'), ('sms_conversations', 'SELECT'), ('sms_opt_outs', 'SELECT'),
    ('subscriptions', 'SELECT'), ('tenant_notices', 'SELECT'), ('user_twilio_numbers', 'SELECT') $$,
  'authenticated may select from seven whole tables and write none');

select bag_eq(
  $$ select name, string_agg(privilege_type, ' ' order by privilege_type) from pg_temp.table_grants where grantee = 'service_role' group by name $$,
  $$ values
    ('audit_log', 'INSERT SELECT'),
    ('campaigns', 'DELETE INSERT SELECT UPDATE'),
    ('forward_deliveries', 'DELETE INSERT SELECT UPDATE'),
    ('messaging_settings', 'DELETE INSERT SELECT UPDATE'),
    ('private.campaign_recipients', 'DELETE INSERT SELECT UPDATE'),
    ('private.campaign_windows', 'DELETE INSERT SELECT UPDATE'),
    ('private.country_zones', 'DELETE INSERT SELECT UPDATE'),
    ('private.cancellations', 'DELETE INSERT SELECT UPDATE'),
    ('private.final_bill_settings', 'DELETE INSERT SELECT UPDATE'),
    ('private.final_bills', 'DELETE INSERT SELECT UPDATE'),
    ('private.final_charges', 'DELETE INSERT SELECT UPDATE'),
    ('private.checkouts', 'DELETE INSERT SELECT UPDATE'),
    ('private.message_prices', 'DELETE INSERT SELECT UPDATE'),
    ('private.message_words', 'DELETE INSERT SELECT'),
    ('private.fallback_limits', 'DELETE INSERT SELECT UPDATE'),
    ('private.fallback_usage', 'DELETE INSERT SELECT UPDATE'),
    ('private.forward_webhooks', 'DELETE INSERT SELECT UPDATE'),
    ('private.pending_forward_webhooks', 'DELETE INSERT SELECT UPDATE'),
    ('private.send_rates', 'DELETE INSERT SELECT UPDATE'),
    ('private.sending_totals', 'DELETE INSERT SELECT UPDATE'),
    ('private.awaited_reports', 'DELETE INSERT SELECT UPDATE'),
    ('private.days_to_reconcile', 'DELETE INSERT SELECT UPDATE'),
    ('private.master_currency', 'DELETE INSERT SELECT UPDATE'),
    ('private.reconciliations', 'DELETE INSERT SELECT UPDATE'),
    ('sms_conversations', 'DELETE INSERT SELECT UPDATE'),
    ('contacts', 'DELETE INSERT SELECT UPDATE'),
    ('private.contact_counts', 'DELETE INSERT SELECT UPDATE'),
    ('plans', 'DELETE INSERT SELECT UPDATE'),
    ('private.due_work', 'DELETE INSERT SELECT UPDATE'),
    ('private.open_subaccounts', 'DELETE INSERT SELECT UPDATE'),
    ('private.rate_limits', 'DELETE INSERT SELECT UPDATE'),
    ('private.job_errors', 'DELETE INSERT SELECT UPDATE'),
    ('private.master_consents', 'DELETE INSERT SELECT UPDATE'),
    ('private.excess_numbers', 'DELETE INSERT SELECT UPDATE'),
    ('private.billing_customers', 'DELETE INSERT SELECT UPDATE'),
    ('private.billing_periods', 'DELETE INSERT SELECT UPDATE'),
    ('private.billing_rows', 'DELETE INSERT SELECT UPDATE'),
    ('private.changed_days', 'DELETE INSERT SELECT UPDATE'),
    ('private.open_days', 'DELETE INSERT SELECT UPDATE'),
    ('private.meter_days', 'DELETE INSERT SELECT UPDATE'),
    ('private.revenue', 'DELETE INSERT SELECT UPDATE'), ('private.revenue_changes', 'DELETE INSERT SELECT UPDATE'),
    ('private.exchange_rates', 'DELETE INSERT SELECT UPDATE'),
    ('private.metered_items', 'DELETE INSERT SELECT UPDATE'),
    ('private.own_subscriptions', 'DELETE INSERT SELECT UPDATE'),
    ('private.meters', 'DELETE INSERT SELECT UPDATE'),
    ('private.stripe_invoices', 'DELETE INSERT SELECT UPDATE'),
    ('private.leaving_numbers', 'DELETE INSERT SELECT UPDATE'),
    ('private.parking_papers', 'DELETE INSERT SELECT UPDATE'),
    ('private.unpaid_total', 'DELETE INSERT SELECT UPDATE'), ('private.recurring_fees', 'SELECT'), ('private.tenants_with_costs', 'SELECT'), ('private.monthly_revenue', 'SELECT'),
    ('private.master_numbers', 'DELETE INSERT SELECT UPDATE'),
    ('private.carrier_fees', 'DELETE INSERT SELECT UPDATE'), ('private.fees', 'DELETE INSERT SELECT UPDATE'),
    ('private.number_purchases', 'DELETE INSERT SELECT UPDATE'),
    ('private.sale_prices', 'INSERT SELECT UPDATE'),
    ('private.schedules', 'DELETE INSERT SELECT UPDATE'),
    ('private.sealed_tokens', 'SELECT'),
    ('private.sealing_ring', 'DELETE INSERT SELECT UPDATE'),
    ('private.stripe_customers', 'DELETE INSERT SELECT UPDATE'),
    ('private.sweep_sightings', 'DELETE INSERT SELECT UPDATE'),
    ('private.sweeps', 'DELETE INSERT SELECT UPDATE'),
    ('private.tenancies', 'DELETE INSERT SELECT UPDATE'),
    ('private.tenant_emails', 'SELECT'),
    ('private.tenant_limits', 'DELETE INSERT SELECT UPDATE'),
    ('private.token_rotations', 'DELETE INSERT SELECT UPDATE'),
    ('private.usage_accounts', 'DELETE INSERT SELECT UPDATE'),
    ('private.usage_categories', 'DELETE INSERT SELECT UPDATE'),
    ('private.usage_firings', 'DELETE INSERT SELECT UPDATE'), ('private.usage_triggers', 'DELETE INSERT SELECT UPDATE'),
    ('private.usage_days', 'DELETE INSERT SELECT UPDATE'),
    ('private.usage_totals', 'DELETE INSERT SELECT UPDATE'),
    ('tenant_notices', 'DELETE INSERT SELECT UPDATE'),
    ('operator_alerts', 'DELETE INSERT SELECT UPDATE'),
    ('sms_messages', 'DELETE INSERT SELECT UPDATE'),
    ('sms_opt_outs', 'DELETE INSERT SELECT UPDATE'),
    ('subscriptions', 'DELETE INSERT SELECT UPDATE'),
    ('twilio_usage', 'DELETE INSERT SELECT UPDATE'),
    ('user_preferences', 'DELETE INSERT SELECT UPDATE'),
    ('user_twilio_numbers', 'DELETE INSERT SELECT UPDATE'),
    ('webhook_events', 'INSERT SELECT UPDATE') $$,
  'service_role selects and writes rows, never truncates, only adds to the audit log, and deletes no webhook event');

-- The columns --------------------------------------------------------------------------------------------------------

select bag_eq(
  $$ select grantee, privilege_type, column_name from pg_temp.column_grants where name = 'user_preferences' $$,
  $$ values ('authenticated', 'SELECT', 'user_id'), ('authenticated', 'SELECT', 'twilio_subaccount_sid'),
    ('authenticated', 'SELECT', 'twilio_subaccount_status'), ('authenticated', 'SELECT', 'twilio_subaccount_created_at'),
    ('authenticated', 'SELECT', 'twilio_subaccount_friendly_name') $$,
  'authenticated may read the subaccount columns of user_preferences except the token');

select bag_eq(
  $$ select grantee, privilege_type, column_name from pg_temp.column_grants where name = 'sms_messages' $$,
  $$ select 'authenticated' as grantee, 'SELECT' as privilege, c from unnest(array['id', 'user_id', 'direction', 'from_number', 'to_number', 'body', 'media_urls',
    'status', 'twilio_message_sid', 'account_sid', 'source', 'error_code', 'error_message', 'num_segments', 'encoding',
    'idempotency_key', 'status_updated_at', 'created_at', 'media_types', 'campaign_id', 'own_number', 'peer_number', 'redacted_at']) c $$,
  'authenticated may read all columns of sms_messages except prices, the request hash, the look-up time and the country');

select bag_eq(
  $$ select grantee, privilege_type, column_name from pg_temp.column_grants where name = 'contacts' $$,
  $$ select 'authenticated' as grantee, 'SELECT' as privilege, c from unnest(array['user_id', 'phone_number', 'name', 'notes', 'tags', 'created_at', 'updated_at']) c $$,
  'authenticated may read all columns of contacts except those for sorting and searching');

select bag_eq(
  $$ select grantee, privilege_type, column_name from pg_temp.column_grants where name = 'campaigns' $$,
  $$ select 'authenticated' as grantee, 'SELECT' as privilege, c from unnest(array['id', 'user_id', 'name', 'from_number', 'body', 'media_urls', 'status',
    'status_reason', 'twilio_error_code', 'scheduled_at', 'send_window', 'started_at', 'finished_at', 'total', 'waiting', 'in_flight', 'sent', 'delivered', 'failed', 'unknown', 'skipped',
    'recipients_deleted_at', 'retry_of', 'created_at', 'updated_at']) c $$,
  'authenticated may read all columns of campaigns except the request hash, the key and the job state');

select bag_eq(
  $$ select a.attname::text from pg_catalog.pg_attribute a where a.attrelid = 'public.plans'::regclass and a.attnum > 0
     and not has_column_privilege('authenticated', a.attrelid, a.attnum, 'select') $$,
  $$ values ('segment_price'), ('markup') $$,
  'authenticated may read all columns of plans except the assumed cost and the markup');

select is_empty(
  $$ select c.oid::regclass, a.attname from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0
       and (a.attname ~ '(^|_)(price|prices|cost|markup|margin|spend|unit)($|_)' or c.relname ~ '(^|_)usage($|_)')
       -- Prices at Stripe and limits: what the tenant pays.
       and not (c.relname = 'plans' and a.attname in ('stripe_price_id', 'max_number_price', 'spend_limit'))
       and not (c.relname = 'subscriptions' and a.attname = 'unknown_prices')
       and (has_column_privilege('anon', c.oid, a.attnum, 'select')
         or has_column_privilege('authenticated', c.oid, a.attnum, 'select')) $$,
  'No column that says what Twilio charges is readable for anon or authenticated');

select is_empty(
  $$ select * from pg_temp.column_grants where name not in ('user_preferences', 'sms_messages', 'campaigns', 'plans', 'contacts') $$,
  'No other table has column privileges');

select bag_eq(
  $$ select role::text, has_column_privilege(role, 'public.user_preferences', 'twilio_subaccount_auth_token_encrypted', 'select')
     from unnest(array['anon', 'authenticated', 'service_role']) role $$,
  $$ values ('anon', false), ('authenticated', false), ('service_role', true) $$,
  'Of the API roles, only service_role may read the token column');

select is_empty(
  $$ select role, c.oid::regclass, a.attname, privilege
     from unnest(array['anon', 'authenticated']) role, unnest(array['insert', 'update', 'references']) privilege,
       pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind = 'r'
       and has_column_privilege(role, c.oid, a.attnum, privilege) $$,
  'No column of any table is writable for anon or authenticated');

-- The policies -------------------------------------------------------------------------------------------------------

select policies_are('public', 'user_preferences', array['A tenant reads their own preferences'], 'user_preferences has the one policy of its tenant');
select policies_are('public', 'plans', array['Anyone signed in reads the plans'], 'plans has the one policy for signed-in users');
select policies_are('public', 'subscriptions', array['A tenant reads their own subscriptions'], 'subscriptions has the one policy of its tenant');
select policies_are('public', 'user_twilio_numbers', array['A tenant reads their own numbers'], 'user_twilio_numbers has the one policy of its tenant');
select policies_are('public', 'sms_messages', array['A tenant reads their own messages'], 'sms_messages has the one policy of its tenant');
select policies_are('public', 'sms_opt_outs', array['A tenant reads the opt-outs of their numbers'], 'sms_opt_outs has the one policy of its tenant');
select policies_are('public', 'messaging_settings', array['A tenant reads their own messaging settings'], 'messaging_settings has the one policy of its tenant');
select policies_are('public', 'contacts', array['A tenant reads their own contacts'], 'contacts has the one policy of its tenant');
select policies_are('public', 'sms_conversations', array['A tenant reads their own conversations'], 'sms_conversations has the one policy of its tenant');
select policies_are('public', 'campaigns', array['A tenant reads their own campaigns'], 'campaigns has the one policy of its tenant');
select policies_are('public', 'forward_deliveries', array['A tenant reads their own deliveries'], 'forward_deliveries has the one policy of its tenant');
select policies_are('public', 'tenant_notices', array['A tenant reads their own notices'], 'tenant_notices has the one policy of its tenant');
select policies_are('public', 'twilio_usage', array['Only the service reads usage'], 'twilio_usage has the one policy of service_role');
select policies_are('public', 'webhook_events', array['Only the service reads webhook events'], 'webhook_events has the one policy of service_role');
select policies_are('public', 'operator_alerts', array['Only the service reads alerts'], 'operator_alerts has the one policy of service_role');
select policies_are('public', 'audit_log', array['Only the service reads the audit log'], 'audit_log has the one policy of service_role');

select is_empty($$ select tablename, policyname from pg_catalog.pg_policies where schemaname = 'private' $$,
  'No private table has a policy');

select bag_eq(
  $$ select distinct cmd, permissive, roles::text from pg_catalog.pg_policies where schemaname in ('public', 'private') and tablename not in ('webhook_events', 'audit_log', 'operator_alerts', 'twilio_usage') $$,
  $$ values ('SELECT', 'PERMISSIVE', '{authenticated}') $$,
  'Every tenant policy is for SELECT and for authenticated');

select bag_eq(
  $$ select distinct cmd, permissive, roles::text from pg_catalog.pg_policies where tablename in ('webhook_events', 'audit_log', 'operator_alerts', 'twilio_usage') $$,
  $$ values ('SELECT', 'PERMISSIVE', '{service_role}') $$,
  'The policies of audit_log, operator_alerts, twilio_usage and webhook_events are for SELECT and for service_role');

select bag_eq(
  $$ select tablename::text from pg_catalog.pg_policies where schemaname = 'public' and qual <> '(( SELECT auth.uid() AS uid) = user_id)' $$,
  $$ values ('plans'), ('webhook_events'), ('audit_log'), ('operator_alerts'), ('twilio_usage') $$,
  'Every tenant policy compares user_id with auth.uid(), evaluated once per query');

select isnt_empty($$ select from pg_catalog.pg_roles where rolname = 'service_role' and rolbypassrls $$,
  'service_role bypasses row level security');
select is_empty($$ select rolname from pg_catalog.pg_roles where rolname in ('anon', 'authenticated') and (rolbypassrls or rolsuper) $$,
  'anon and authenticated do not bypass row level security');
select is_empty(
  $$ select m.member::regrole from pg_catalog.pg_auth_members m where m.member in ('anon'::regrole, 'authenticated'::regrole) $$,
  'anon and authenticated are members of no other role');
select is_empty(
  $$ select role from unnest(array['anon', 'authenticated']) role where has_schema_privilege(role, 'private', 'usage') $$,
  'anon and authenticated have no USAGE on the private schema');

select * from finish();
rollback;
