-- Tables that frontends watch are published for Realtime once. No published table has a secret.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(24);

drop publication if exists supabase_realtime;
create view pg_temp.published as
  select n.nspname || '.' || c.relname as name, c.oid, c.relrowsecurity
  from pg_catalog.pg_publication_rel r join pg_catalog.pg_publication p on p.oid = r.prpubid and p.pubname = 'supabase_realtime'
  join pg_catalog.pg_class c on c.oid = r.prrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace;
create view pg_temp.added as select * from unnest(private.publish_changes()) name;

select is(private.publish_changes(), '{}', 'publish_changes adds nothing without a publication');
create publication another;
select is(private.publish_changes(), '{}', 'publish_changes adds nothing to another publication');
create publication supabase_realtime;
select bag_eq('select * from pg_temp.added', array['sms_messages', 'sms_conversations', 'user_twilio_numbers', 'campaigns', 'tenant_notices'], 'publish_changes adds the watched tables to supabase_realtime');
select set_eq('select name from pg_temp.published', array['public.sms_messages', 'public.sms_conversations', 'public.user_twilio_numbers', 'public.campaigns', 'public.tenant_notices'], 'The watched tables are published');
select is(private.publish_changes(), '{}', 'publish_changes, repeated, adds nothing');
select is((select count(*) from pg_temp.published), 5::bigint, 'Each table is published once');
alter publication supabase_realtime drop table public.campaigns;
select is(private.publish_changes(), '{campaigns}', 'publish_changes adds a single missing table');
create table public.pgtap_of_the_host (id integer primary key);
alter publication supabase_realtime add table public.pgtap_of_the_host;
alter publication supabase_realtime drop table public.sms_messages;
select is(private.publish_changes(), '{sms_messages}', 'publish_changes adds a missing table beside a host''s table');
select ok(exists (select from pg_temp.published where name = 'public.pgtap_of_the_host'), 'The host''s table stays published');

select is_empty($$ select name from pg_temp.published where name like 'private.%' $$, 'No private table is published');
select is_empty($$ select p.name, a.attname from pg_temp.published p join pg_catalog.pg_attribute a on a.attrelid = p.oid and a.attnum > 0
  where a.attname ~ 'token|secret|sealed|encrypted|password' $$, 'No published table has a column with a secret');
select is_empty($$ select p.name from pg_temp.published p where not p.relrowsecurity and p.name <> 'public.pgtap_of_the_host' $$, 'Each published table has row level security');
select is_empty($$ select p.name from pg_temp.published p where p.name <> 'public.pgtap_of_the_host' and not exists (select from pg_catalog.pg_index i where i.indrelid = p.oid and i.indisprimary) $$,
  'Each published table has a primary key');


-- A deletion is sent to every subscriber, past row level security, as the replica identity of its row.
create view pg_temp.identities as select p.name, i.* from pg_temp.published p cross join lateral private.replica_identity_of(p.oid) as i (columns)
  where p.name <> 'public.pgtap_of_the_host';
create view pg_temp.realtime as select verdict::text, finding from public.describe_installation() where subject = 'realtime';
select set_eq('select * from pg_temp.identities', $$ values ('public.sms_messages', '{id}'::name[]), ('public.sms_conversations', '{id}'), ('public.user_twilio_numbers', '{id}'), ('public.campaigns', '{id}'), ('public.tenant_notices', '{id}') $$,
  'The replica identity of each published table is id alone');
select is_empty($$ select p.name from pg_temp.published p join pg_catalog.pg_attribute a on a.attrelid = p.oid and a.attname = 'id' where p.name <> 'public.pgtap_of_the_host' and a.atttypid <> 'uuid'::regtype $$,
  'The id of each published table is a UUID');
select results_eq('select * from pg_temp.realtime', $$ values ('ok', 'deletions tell the id alone, in 5 published tables') $$, 'describe_installation finds no leak by deletions');
-- As a host does that wants the old row, and a host whose primary key says more.
alter table public.sms_messages replica identity full;
alter table public.campaigns replica identity nothing;
alter table public.sms_conversations drop constraint sms_conversations_pkey, add primary key (user_id, own_number, peer_number), add constraint sms_conversations_id unique (id);
select results_eq('select verdict from pg_temp.realtime', array['fail'], 'describe_installation fails for a published table with another replica identity');
select matches((select finding from pg_temp.realtime), 'public.sms_conversations \(user_id, own_number, peer_number\), public.sms_messages \(id, user_id, .*body', 'describe_installation names each such table with the columns that its deletions tell');
select is(private.publish_changes(), '{}', 'publish_changes, for published tables with another replica identity, adds nothing');
select set_eq('select columns from pg_temp.identities', $$ values ('{id}'::name[]) $$, 'publish_changes makes id the replica identity of each published table');
select results_eq('select verdict from pg_temp.realtime', array['ok'], 'describe_installation finds no leak after publish_changes');
alter publication supabase_realtime add table public.user_preferences;
select results_eq('select * from pg_temp.realtime', $$ values ('fail', 'deletions tell every subscriber more than the id: public.user_preferences (user_id)') $$,
  'describe_installation names a table that the host published and whose deletions tell user ids');

drop publication supabase_realtime;
-- Only a superuser may publish all tables; other roles name them.
do $$
begin
  execute 'create publication supabase_realtime for ' || case when (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then 'all tables'
    else 'table public.sms_messages, public.sms_conversations, public.user_twilio_numbers, public.campaigns, public.tenant_notices' end;
end;
$$;
select is(private.publish_changes(), '{}', 'publish_changes adds nothing when all tables are published');

select pg_temp.join_as('tenant');
insert into public.sms_conversations (user_id, own_number, peer_number, last_message_at) values (pg_temp.tenant(), '+15005550101', '+15005550199', now());
select pg_temp.sign_in(pg_temp.attacker());
select is_empty('select 1 from public.sms_conversations', 'An attacker reads no row of a published table');

select * from finish();
rollback;
