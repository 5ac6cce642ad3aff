-- user_preferences refuses a token in plain text, an unknown status, and one subaccount for two tenants.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(28);

select pg_temp.join_as('tenant', 'neighbour');

select col_type_is('public', 'user_preferences', name, type, format('%s keeps the type of the original product', name))
from (values
  ('twilio_subaccount_sid', 'character varying(100)'),
  ('twilio_subaccount_auth_token_encrypted', 'text'),
  ('twilio_subaccount_status', 'character varying(50)'),
  ('twilio_subaccount_created_at', 'timestamp with time zone'),
  ('twilio_subaccount_friendly_name', 'character varying(255)')) columns (name, type);

set local role service_role;
insert into public.user_preferences (user_id) values (pg_temp.tenant()), (pg_temp.neighbour());
select is(twilio_subaccount_status, 'pending', 'The status of a new row is pending') from public.user_preferences where user_id = pg_temp.tenant();

select throws_ok(
  format('update public.user_preferences set twilio_subaccount_auth_token_encrypted = %L where user_id = pg_temp.tenant()', token),
  '23514', null, format('The unsealed token "%s" is refused', token))
from unnest(array['', '0123456789abcdef0123456789abcdef', 'v1.', 'v1.k1.iv', 'v1.k1.iv.', 'v2.k1.iv.sealed', 'xv1.k1.iv.sealed',
  'v1.k1.iv.sealed.more', 'v1.k1.iv.sea led', 'v1.k1.iv.sealed' || chr(10) || '0123456789abcdef']) token;
select lives_ok(
  format('update public.user_preferences set twilio_subaccount_auth_token_encrypted = %L where user_id = pg_temp.tenant()', token),
  format('The sealed token "%s" is stored', token))
from unnest(array['v1.k1.AAECAwQFBgcICQoL.c2VhbGVk_2VhbGVk-2VhbGVk', 'v1.key_2-b.AAECAwQFBgcICQoL.c2VhbGVkc2VhbGVkc2VhbGVk']) token;
select lives_ok('update public.user_preferences set twilio_subaccount_auth_token_encrypted = null where user_id = pg_temp.tenant()',
  'A token may be set to null');

select throws_ok(
  format('update public.user_preferences set twilio_subaccount_status = %L where user_id = pg_temp.tenant()', status),
  code, null, format('The status "%s" is refused', status))
from (values ('open', '23514'), ('Active', '23514'), ('', '23514'), (null, '23502')) statuses (status, code);
select lives_ok(
  format('update public.user_preferences set twilio_subaccount_status = %L where user_id = pg_temp.tenant()', status),
  format('The status "%s" is stored', status))
from unnest(array['active', 'suspended', 'closed']) status;

update public.user_preferences set twilio_subaccount_sid = 'AC-pgtap' where user_id = pg_temp.tenant();
select throws_ok($$ update public.user_preferences set twilio_subaccount_sid = 'AC-pgtap' where user_id = pg_temp.neighbour() $$,
  '23505', null, 'Two tenants with one subaccount are refused');
select throws_ok('insert into public.user_preferences (user_id) values (pg_temp.tenant())', '23505', null, 'A second row for a tenant is refused');

select * from finish();
rollback;
