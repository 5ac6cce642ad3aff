-- Who may do what to which table and column, exactly; and which policies stand behind it.
begin;
create extension if not exists pgtap with schema extensions;
select plan(29);

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

-- The tables ------------------------------------------------------------------------------------------------------------

select is_empty(
  $$ select * from pg_temp.table_grants where grantee in ('PUBLIC', 'anon') $$,
  'Nobody who is not signed in has any privilege on any table');

select bag_eq(
  $$ select name, privilege_type from pg_temp.table_grants where grantee = 'authenticated' $$,
  $$ values ('messaging_settings', 'SELECT'), ('plans', 'SELECT'), ('sms_conversations', 'SELECT'), ('sms_opt_outs', 'SELECT'),
    ('subscriptions', 'SELECT'), ('twilio_usage', 'SELECT'), ('user_twilio_numbers', 'SELECT') $$,
  'A tenant may read seven tables as a whole, and write none');

select bag_eq(
  $$ select name, string_agg(privilege_type, ' ' order by privilege_type) from pg_temp.table_grants where grantee = 'service_role' group by name $$,
  $$ values
    ('audit_log', 'INSERT SELECT'),
    ('campaigns', 'DELETE INSERT SELECT UPDATE'),
    ('messaging_settings', 'DELETE INSERT SELECT UPDATE'),
    ('private.campaign_recipients', 'DELETE INSERT SELECT UPDATE'),
    ('private.forward_webhooks', 'DELETE INSERT SELECT UPDATE'),
    ('private.send_rates', 'DELETE INSERT SELECT UPDATE'),
    ('private.sending_totals', 'DELETE INSERT SELECT UPDATE'),
    ('sms_conversations', 'DELETE INSERT SELECT UPDATE'),
    ('plans', 'DELETE INSERT SELECT UPDATE'),
    ('private.rate_limits', 'DELETE INSERT SELECT UPDATE'),
    ('private.job_errors', 'DELETE INSERT SELECT UPDATE'),
    ('private.master_numbers', 'DELETE INSERT SELECT UPDATE'),
    ('private.schedules', 'DELETE INSERT SELECT UPDATE'),
    ('private.sealing_ring', 'DELETE INSERT SELECT UPDATE'),
    ('private.stripe_customers', 'DELETE INSERT SELECT UPDATE'),
    ('private.sweep_sightings', 'DELETE INSERT SELECT UPDATE'),
    ('private.sweeps', 'DELETE INSERT SELECT UPDATE'),
    ('private.tenancies', 'DELETE INSERT SELECT UPDATE'),
    ('private.token_rotations', 'DELETE INSERT SELECT UPDATE'),
    ('sms_messages', 'DELETE INSERT SELECT UPDATE'),
    ('sms_opt_outs', 'DELETE INSERT SELECT UPDATE'),
    ('subscriptions', 'DELETE INSERT SELECT UPDATE'),
    ('twilio_usage', 'DELETE INSERT SELECT UPDATE'),
    ('user_preferences', 'DELETE INSERT SELECT UPDATE'),
    ('user_twilio_numbers', 'DELETE INSERT SELECT UPDATE'),
    ('webhook_events', 'INSERT SELECT UPDATE') $$,
  'The service reads and writes rows, never truncates, adds to the audit log only, and deletes no webhook event');

-- The columns -----------------------------------------------------------------------------------------------------------

select bag_eq(
  $$ select grantee, privilege_type, column_name from pg_temp.column_grants where name = 'user_preferences' $$,
  $$ values ('authenticated', 'SELECT', 'user_id'), ('authenticated', 'SELECT', 'twilio_subaccount_sid'),
    ('authenticated', 'SELECT', 'twilio_subaccount_status'), ('authenticated', 'SELECT', 'twilio_subaccount_created_at'),
    ('authenticated', 'SELECT', 'twilio_subaccount_friendly_name') $$,
  'Of the preferences a tenant may read their subaccount, without its token');

select bag_eq(
  $$ select grantee, privilege_type, column_name from pg_temp.column_grants where name = 'sms_messages' $$,
  $$ select 'authenticated' as grantee, 'SELECT' as privilege, c from unnest(array['id', 'user_id', 'direction', 'from_number', 'to_number', 'body', 'media_urls',
    'status', 'twilio_message_sid', 'account_sid', 'source', 'error_code', 'error_message', 'num_segments', 'encoding', 'price',
    'price_unit', 'idempotency_key', 'status_updated_at', 'created_at', 'media_types', 'campaign_id', 'own_number', 'peer_number', 'redacted_at']) c $$,
  'Of a message a tenant may read all but the request hash and our search for it');

select bag_eq(
  $$ select grantee, privilege_type, column_name from pg_temp.column_grants where name = 'campaigns' $$,
  $$ select 'authenticated' as grantee, 'SELECT' as privilege, c from unnest(array['id', 'user_id', 'name', 'from_number', 'body', 'media_urls', 'status',
    'status_reason', 'scheduled_at', 'started_at', 'finished_at', 'total', 'waiting', 'in_flight', 'sent', 'delivered', 'failed', 'unknown', 'skipped',
    'created_at', 'updated_at']) c $$,
  'Of a campaign a tenant may read all but the request hash, its key, and how its jobs go');

select is_empty(
  $$ select * from pg_temp.column_grants where name not in ('user_preferences', 'sms_messages', 'campaigns') $$,
  'No other table has privileges on single columns');

select bag_eq(
  $$ select role::text, has_column_privilege(role, 'public.user_preferences', 'twilio_subaccount_auth_token_encrypted', 'select')
     from unnest(array['anon', 'authenticated', 'service_role']) role $$,
  $$ values ('anon', false), ('authenticated', false), ('service_role', true) $$,
  'Of the roles of the API only the service reads a token');

select is_empty(
  $$ select role, c.oid::regclass, a.attname, privilege
     from unnest(array['anon', 'authenticated']) role, unnest(array['insert', 'update', 'references']) privilege,
       pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind = 'r'
       and has_column_privilege(role, c.oid, a.attnum, privilege) $$,
  'No column of any table is writable by a tenant or a stranger');

-- The policies ----------------------------------------------------------------------------------------------------------

select policies_are('public', 'user_preferences', array['A tenant reads their own preferences'], 'Preferences have the one policy of their tenant');
select policies_are('public', 'plans', array['Anyone signed in reads the plans'], 'Plans have the one policy of the signed-in');
select policies_are('public', 'subscriptions', array['A tenant reads their own subscriptions'], 'Subscriptions have the one policy of their tenant');
select policies_are('public', 'user_twilio_numbers', array['A tenant reads their own numbers'], 'Numbers have the one policy of their tenant');
select policies_are('public', 'sms_messages', array['A tenant reads their own messages'], 'Messages have the one policy of their tenant');
select policies_are('public', 'sms_opt_outs', array['A tenant reads the opt-outs of their numbers'], 'Opt-outs have the one policy of their tenant');
select policies_are('public', 'messaging_settings', array['A tenant reads their own messaging settings'], 'Messaging settings have the one policy of their tenant');
select policies_are('public', 'sms_conversations', array['A tenant reads their own conversations'], 'Conversations have the one policy of their tenant');
select policies_are('public', 'campaigns', array['A tenant reads their own campaigns'], 'Campaigns have the one policy of their tenant');
select policies_are('public', 'twilio_usage', array['A tenant reads their own usage'], 'Usage has the one policy of its tenant');
select policies_are('public', 'webhook_events', array['Only the service reads webhook events'], 'Webhook events have the one policy of the service');
select policies_are('public', 'audit_log', array['Only the service reads the audit log'], 'The audit log has the one policy of the service');

select is_empty($$ select tablename, policyname from pg_catalog.pg_policies where schemaname = 'private' $$,
  'No private table has a policy: nobody of the API has business there');

select bag_eq(
  $$ select distinct cmd, permissive, roles::text from pg_catalog.pg_policies where schemaname in ('public', 'private') and tablename <> 'webhook_events' and tablename <> 'audit_log' $$,
  $$ values ('SELECT', 'PERMISSIVE', '{authenticated}') $$,
  'Every policy of a tenant is for reading, and for the signed-in');

select bag_eq(
  $$ select distinct cmd, permissive, roles::text from pg_catalog.pg_policies where tablename in ('webhook_events', 'audit_log') $$,
  $$ values ('SELECT', 'PERMISSIVE', '{service_role}') $$,
  'The policies of ledgers are for reading, and for the service');

select bag_eq(
  $$ select tablename::text from pg_catalog.pg_policies where schemaname = 'public' and qual <> '(( SELECT auth.uid() AS uid) = user_id)' $$,
  $$ values ('plans'), ('webhook_events'), ('audit_log') $$,
  'Every policy on rows of tenants compares with the caller''s own id, read once per query');

select isnt_empty($$ select from pg_catalog.pg_roles where rolname = 'service_role' and rolbypassrls $$,
  'The service is above row security: its functions see every tenant');
select is_empty($$ select rolname from pg_catalog.pg_roles where rolname in ('anon', 'authenticated') and (rolbypassrls or rolsuper) $$,
  'Tenants and strangers are not');
select is_empty(
  $$ select m.member::regrole from pg_catalog.pg_auth_members m where m.member in ('anon'::regrole, 'authenticated'::regrole) $$,
  'Tenants and strangers belong to no other role');
select is_empty(
  $$ select role from unnest(array['anon', 'authenticated']) role where has_schema_privilege(role, 'private', 'usage') $$,
  'The private schema is closed to tenants and strangers');

select * from finish();
rollback;
