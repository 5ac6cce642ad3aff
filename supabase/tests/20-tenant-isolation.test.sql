-- Through the Data API, a tenant reads their own rows. No caller reads another tenant's rows, and none writes.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(325 + 2 * (select count(*)::integer from pg_catalog.pg_class where relnamespace = 'private'::regnamespace and relkind = 'r'));

select pg_temp.join_as('tenant', 'neighbour', 'attacker', 'operator');

-- The tenant and the neighbour each have one row in every table.
insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status, twilio_subaccount_auth_token_encrypted)
select id, 'AC-pgtap-' || email, 'active', 'v1.k1.iv.sealed' from auth.users where id in (pg_temp.tenant(), pg_temp.neighbour());
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status)
select 'sub_' || email, id, 'cus_' || email, 'team', 'active' from auth.users where id in (pg_temp.tenant(), pg_temp.neighbour());
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid)
values (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1'), (pg_temp.neighbour(), '+15005550102', 'PN-pgtap-2');
insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, request_hash)
select id, 'outbound', '+15005550101', '+15005550199', 'sent', 'AC', 'subaccount', 'hash' from auth.users
where id in (pg_temp.tenant(), pg_temp.neighbour());
insert into public.sms_opt_outs (sender, recipient, user_id, keyword)
values ('+15005550101', '+15005550199', pg_temp.tenant(), 'STOP'), ('+15005550102', '+15005550199', pg_temp.neighbour(), 'STOP');
insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit)
select id, 'AC' || email, '2026-01-01', 'sms', 1, 1, 1, 'usd' from auth.users where id in (pg_temp.tenant(), pg_temp.neighbour());
insert into public.messaging_settings (user_id, stop_reply) select id, 'Bye' from auth.users where id in (pg_temp.tenant(), pg_temp.neighbour());
insert into public.campaigns (user_id, from_number, status, total, waiting, idempotency_key, request_hash)
select id, '+15005550101', 'running', 1, 1, 'key', 'hash' from auth.users where id in (pg_temp.tenant(), pg_temp.neighbour());
insert into public.forward_deliveries (id, user_id, status, attempts)
select gen_random_uuid(), id, 'delivered', '[{}]' from auth.users where id in (pg_temp.tenant(), pg_temp.neighbour());
insert into public.tenant_notices (user_id, kind, subject)
select id, 'usage.threshold', '2026-01-01 80' from auth.users where id in (pg_temp.tenant(), pg_temp.neighbour());
insert into public.contacts (user_id, phone_number, name) select id, '+15005550199', 'Ann' from auth.users where id in (pg_temp.tenant(), pg_temp.neighbour());
insert into public.webhook_events (provider, event_id, type, payload) values ('stripe', 'evt_pgtap', 'ping', '{}');
insert into public.audit_log (actor, action, user_id) values ('converge', 'subaccount.created', pg_temp.tenant());
insert into public.operator_alerts (kind, subject, user_id) values ('dead_letter', 'control', pg_temp.tenant());

create temp table tenant_tables (name text primary key);
insert into tenant_tables values
  ('user_preferences'), ('subscriptions'), ('user_twilio_numbers'), ('sms_messages'), ('sms_opt_outs'),
  ('messaging_settings'), ('sms_conversations'), ('campaigns'), ('forward_deliveries'),
  ('tenant_notices'), ('contacts');
create temp table all_tables (name text primary key, own_column text);
insert into all_tables select name, 'user_id' from tenant_tables;
insert into all_tables values ('plans', 'key'), ('webhook_events', 'id'), ('audit_log', 'user_id'), ('operator_alerts', 'user_id'), ('twilio_usage', 'user_id');
create temp table changes (kind text, statement text);
insert into changes values
  ('insert into', 'insert into public.%1$I (%2$I) values (default)'),
  ('update', 'update public.%1$I set %2$I = %2$I'),
  ('delete from', 'delete from public.%1$I'),
  ('upsert into', 'insert into public.%1$I (%2$I) values (default) on conflict do nothing'),
  ('truncate', 'truncate public.%1$I');
grant select on tenant_tables, all_tables, changes to public;

-- Reading ------------------------------------------------------------------------------------------------------------

select pg_temp.sign_in(pg_temp.tenant());
select set_eq(format('select user_id from public.%I', name), array[pg_temp.tenant()], format('A tenant reads only their own rows of %s', name))
from tenant_tables;
select isnt_empty('select key from public.plans', 'A tenant reads the plans');

select pg_temp.sign_in(pg_temp.neighbour());
select set_eq(format('select user_id from public.%I', name), array[pg_temp.neighbour()], format('A neighbour reads only their own rows of %s', name))
from tenant_tables;

select pg_temp.sign_in(pg_temp.attacker());
select is_empty(format('select user_id from public.%I', name), format('An attacker who selects all rows of %s gets none', name))
from tenant_tables;
select is_empty(format('select user_id from public.%I where user_id = %L', name, pg_temp.tenant()), format('An attacker who selects the tenant''s rows of %s gets none', name))
from tenant_tables;
select throws_ok(format('select 1 from public.%I', name), '42501', null, format('An attacker cannot select from %s', name))
from unnest(array['webhook_events', 'audit_log', 'operator_alerts', 'twilio_usage']) name;

select pg_temp.sign_in(pg_temp.operator(), 'operator');
select is_empty(format('select user_id from public.%I', name), format('An operator reads no rows of %s without the admin function', name))
from tenant_tables;
select throws_ok(format('select 1 from public.%I', name), '42501', null, format('An operator cannot select from %s without the admin function', name))
from unnest(array['webhook_events', 'audit_log', 'operator_alerts', 'twilio_usage']) name;

select pg_temp.sign_out();
select throws_ok(format('select 1 from public.%I', name), '42501', null, format('A stranger cannot read %s', name))
from all_tables;

-- The token ----------------------------------------------------------------------------------------------------------

select pg_temp.sign_in(pg_temp.tenant());
select throws_ok('select ' || expression, '42501', null, format('A tenant cannot read their own token by "%s"', expression))
from unnest(array[
  'twilio_subaccount_auth_token_encrypted from public.user_preferences',
  '* from public.user_preferences',
  'length(twilio_subaccount_auth_token_encrypted) from public.user_preferences',
  'user_id from public.user_preferences where twilio_subaccount_auth_token_encrypted like ''v1%''',
  'user_id from public.user_preferences order by twilio_subaccount_auth_token_encrypted',
  'to_jsonb(p) from public.user_preferences p',
  'p from public.user_preferences p']) expression;
select throws_ok(format('select request_hash from public.%I', name), '42501', null, format('A tenant cannot read the request hash of %s', name))
from unnest(array['sms_messages', 'campaigns']) name;

set local role service_role;
select results_eq(
  format('select twilio_subaccount_auth_token_encrypted from public.user_preferences where user_id = %L', pg_temp.tenant()),
  array['v1.k1.iv.sealed'], 'service_role reads the sealed token');

-- Writing: refused by the grants -------------------------------------------------------------------------------------

select pg_temp.sign_in(pg_temp.tenant());
select throws_ok(format(statement, name, own_column), '42501', null, format('A tenant cannot %s %s, even for their own user id', kind, name))
from all_tables, changes;

select pg_temp.sign_in(pg_temp.attacker());
select throws_ok(
  format('update public.%I set user_id = %L where user_id = %L', name, pg_temp.attacker(), pg_temp.tenant()), '42501', null,
  format('An attacker cannot take over the tenant''s rows of %s', name))
from tenant_tables;

select pg_temp.sign_in(pg_temp.operator(), 'operator');
select throws_ok(format(statement, name, own_column), '42501', null, format('An operator cannot %s %s without the admin function', kind, name))
from all_tables, changes where kind in ('insert into', 'update', 'delete from') and name in ('audit_log', 'plans', 'user_preferences');

select pg_temp.sign_out();
select throws_ok(format(statement, name, own_column), '42501', null, format('A stranger cannot %s %s', kind, name))
from all_tables, changes;

-- Writing: refused by the policies, even with too wide a grant -------------------------------------------------------

reset role;
grant select, insert, update, delete on all tables in schema public to anon, authenticated;

select pg_temp.sign_in(pg_temp.attacker());
select is_empty(format('update public.%I set %I = %I returning 1', name, own_column, own_column), format('With too wide a grant, an attacker still updates no row of %s', name))
from all_tables;
select is_empty(format('delete from public.%I returning 1', name), format('With too wide a grant, an attacker still deletes no row of %s', name))
from all_tables;
select throws_ok(
  format('insert into public.%1$I select (jsonb_populate_record(null::public.%1$I, %2$L)).*', name, fields), '42501', null,
  format('With too wide a grant, an attacker still inserts no row into %s', name))
from (values
  ('user_preferences', '{"user_id": "a0000000-0000-4000-8000-000000000003", "created_at": "2026-01-01", "updated_at": "2026-01-01", "twilio_subaccount_status": "active"}'),
  ('subscriptions', '{"id": "sub_x", "user_id": "a0000000-0000-4000-8000-000000000003", "stripe_customer_id": "cus_x", "plan_key": "scale", "status": "active", "created_at": "2026-01-01", "updated_at": "2026-01-01"}'),
  ('sms_opt_outs', '{"sender": "+1", "recipient": "+2", "user_id": "a0000000-0000-4000-8000-000000000003", "keyword": "STOP", "opted_out_at": "2026-01-01"}'),
  ('messaging_settings', '{"user_id": "a0000000-0000-4000-8000-000000000003", "updated_at": "2026-01-01"}'),
  ('forward_deliveries', '{"id": "b0000000-0000-4000-8000-000000000001", "user_id": "a0000000-0000-4000-8000-000000000003", "status": "delivered", "attempts": [], "attempt_count": 1, "created_at": "2026-01-01"}'),
  ('sms_conversations', '{"user_id": "a0000000-0000-4000-8000-000000000003", "own_number": "+1", "peer_number": "+2", "last_message_at": "2026-01-01"}'),
  ('plans', '{"key": "mine", "name": "Mine", "max_numbers": 99, "daily_message_limit": 99, "monthly_message_limit": 99, "spend_limit": 99, "segment_price": 0, "messages_per_second": 1, "past_due_grace": "1 day", "retention": "1 day"}')
) rows (name, fields);

select pg_temp.sign_out();
select is_empty(format('select 1 from public.%I', name), format('With too wide a grant, a stranger still reads no row of %s', name))
from all_tables;

-- The private schema -------------------------------------------------------------------------------------------------

reset role;
create temp table private_tables as
  select relname::text as name from pg_catalog.pg_class where relnamespace = 'private'::regnamespace and relkind = 'r';
grant select on private_tables to public;

select pg_temp.sign_in(pg_temp.attacker());
select throws_ok(format('select 1 from private.%I', name), '42501', 'permission denied for schema private', format('An attacker cannot select from private.%s', name))
from private_tables order by name;
select pg_temp.sign_out();
select throws_ok(format('select 1 from private.%I', name), '42501', 'permission denied for schema private', format('A stranger cannot select from private.%s', name))
from private_tables order by name;

select * from finish();
rollback;
