-- A tenant's webhook and its sealed secret, what is forwarded to it, and the answers to keywords: each once.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(74);

select pg_temp.join_as('tenant', 'attacker');
delete from pgmq.q_jobs;
create view pg_temp.jobs as select message as job from pgmq.q_jobs where message ->> 'kind' = 'forward-message' order by msg_id;
grant select on pg_temp.jobs to service_role;
set local role service_role;
delete from private.forward_webhooks;
delete from private.token_rotations;
update public.user_preferences set twilio_subaccount_auth_token_encrypted = null;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid) values (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1');

create function pg_temp.save(p_url text, p_secret text, p_rotate boolean default false, p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select outcome || case when created_at is null then '' else ' since now' end from public.save_forward_webhook(p_user, p_url, p_secret, p_rotate, 'req-1');
$$;
create view pg_temp.stored as select user_id, url, sealed_secret::text, disabled_at, disabled_reason from private.forward_webhooks;
create function pg_temp.last_line() returns text language sql as $$
  select concat_ws(' ', replace(actor, user_id::text, 'them'), action, request_id, nullif(details, '{}')) from public.audit_log where user_id = pg_temp.tenant() order by id desc limit 1;
$$;

-- Saving ----------------------------------------------------------------------------------------------------------------

select results_eq('select outcome::text, url, sealed_secret, disabled_reason, created_at from public.forward_webhook_of(pg_temp.tenant())', $$ values ('none', null::text, null::text, null::text, null::timestamptz) $$, 'At first there is none');
select is(pg_temp.save('https://one.example', 'v1.k1.iv.s1'), 'created since now', 'A first one is created, with the secret given');
select is(pg_temp.last_line(), 'user:them forward_webhook.created req-1', 'The audit log says so, and neither where to nor the secret');
select results_eq('select outcome::text, url, sealed_secret, disabled_reason, created_at from public.forward_webhook_of(pg_temp.tenant())', $$ values ('enabled', 'https://one.example', 'v1.k1.iv.s1', null::text, now()) $$, 'It is enabled');
select is(pg_temp.save('https://two.example', 'v1.k1.iv.s2'), 'changed since now', 'Another URL changes it');
select results_eq('select url, sealed_secret from pg_temp.stored', $$ values ('https://two.example', 'v1.k1.iv.s1') $$, 'And keeps the secret it has');
select is(pg_temp.last_line(), 'user:them forward_webhook.changed req-1', 'With a line');
select is(pg_temp.save('https://two.example', 'v1.k1.iv.s3', true), 'rotated since now', 'Its secret can be rotated');
select results_eq('select url, sealed_secret from pg_temp.stored', $$ values ('https://two.example', 'v1.k1.iv.s3') $$, 'Then the one given counts');
select is(pg_temp.last_line(), 'user:them forward_webhook.rotated req-1', 'With a line');
select is(pg_temp.save('https://x.example', 'v1.k1.iv.s4', p_user => gen_random_uuid()), 'unknown_user', 'Nobody has one who is not there');
select is(pg_temp.save('https://attacker.example', 'v1.k1.iv.evil', true, pg_temp.attacker()), 'created since now', 'To rotate where there is none is to create');
select results_eq('select url, sealed_secret from pg_temp.stored where user_id = pg_temp.tenant()', $$ values ('https://two.example', 'v1.k1.iv.s3') $$, 'What an attacker saves is theirs alone');
select throws_ok(format('select public.save_forward_webhook(pg_temp.tenant(), ''https://x.example'', %L, true, ''r'')', secret), '23514', null, format('The secret "%s" is not sealed, and not stored', secret))
from unnest(array['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', '', 'v1.k1.iv', 'v2.k1.iv.x', 'v1.k1.iv.x ', 'v1.k1.iv.x.y']) secret;
select throws_ok($$ select public.save_forward_webhook(pg_temp.tenant(), 'https://x.example', null, true, 'r') $$, '23502', null, 'Nor is none');
select throws_ok($$ select public.save_forward_webhook(pg_temp.tenant(), null, 'v1.k1.iv.x', true, 'r') $$, '23502', null, 'Nowhere is no URL');

-- Disabling -------------------------------------------------------------------------------------------------------------

create function pg_temp.disable(p_url text, p_user uuid default pg_temp.tenant()) returns text language sql as $$ select public.disable_forward_webhook(p_user, p_url, repeat('Gone ', 50)); $$;
select is(pg_temp.disable('https://one.example'), 'unchanged', 'What the URL before answered disables nothing');
select is(pg_temp.disable('https://two.example', pg_temp.attacker()), 'unchanged', 'Nor what another tenant''s did');
select is((select count(*) from pg_temp.stored where disabled_at is not null), 0::bigint, 'All are enabled');
select is(pg_temp.disable('https://two.example'), 'disabled', 'The one that is gone is disabled');
select results_eq('select outcome::text, length(disabled_reason) from public.forward_webhook_of(pg_temp.tenant())', $$ values ('disabled', 200) $$, 'And says why, in two hundred characters');
select is(pg_temp.last_line(), 'forward forward_webhook.disabled {"reason": "' || left(repeat('Gone ', 50), 200) || '"}', 'So does the audit log');
select is(pg_temp.disable('https://two.example'), 'unchanged', 'It is disabled once');
select is((select outcome from public.forward_webhook_of(pg_temp.attacker())), 'enabled', 'Another tenant''s stays enabled');
select is(pg_temp.save('https://two.example', 'v1.k1.iv.s5'), 'changed since now', 'Saved again');
select results_eq('select url, sealed_secret, disabled_at, disabled_reason from pg_temp.stored where user_id = pg_temp.tenant()',
  $$ values ('https://two.example', 'v1.k1.iv.s3', null::timestamptz, null::text) $$, 'It is enabled again, with the secret it had');

-- Forwarding ------------------------------------------------------------------------------------------------------------

create function pg_temp.receive(p_sid text, p_consent text default null, p_user uuid default pg_temp.tenant(), p_to text default '+15005550101')
returns table (outcome text, reply text, reply_id uuid) language sql as $$
  select * from public.record_inbound_message(p_user, p_sid, 'AC1', '+15005550199', p_to, 'Hi', '{}', '{}', 1, p_consent::public.consent, 'HI');
$$;
select results_eq($$ select * from pg_temp.receive('SM-1') $$, $$ values ('recorded', null::text, null::uuid) $$, 'A received message is recorded');
select results_eq('select job from pg_temp.jobs', $$ select jsonb_build_object('kind', 'forward-message', 'userId', pg_temp.tenant(), 'messageId', id) from public.sms_messages where twilio_message_sid = 'SM-1' $$,
  'A job forwards it, with the fact');
select is((select outcome from pg_temp.receive('SM-1')), 'duplicate', 'Told again');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'It is forwarded once');
select is(pg_temp.disable('https://two.example') || ' ' || (select outcome from pg_temp.receive('SM-2')), 'disabled recorded', 'While the webhook is disabled');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'Nothing is forwarded');
select is(public.remove_forward_webhook(pg_temp.tenant(), 'req-2'), 'removed', 'A webhook can be removed');
select is(pg_temp.last_line(), 'user:them forward_webhook.removed req-2', 'With a line');
select is(public.remove_forward_webhook(pg_temp.tenant(), 'req-2'), 'none', 'Once');
select is((select outcome from public.forward_webhook_of(pg_temp.attacker())), 'enabled', 'Another tenant''s stays');
select is((select outcome from pg_temp.receive('SM-3')), 'recorded', 'Without a webhook of one''s own');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'Nothing is forwarded, not to somebody else''s either');
select is((select outcome from pg_temp.receive('SM-1', p_user => pg_temp.attacker())), 'duplicate', 'The SID of one tenant''s message under another''s name');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'Is forwarded to nobody');

-- Answers to keywords ---------------------------------------------------------------------------------------------------

select results_eq($$ select reply, reply_id from pg_temp.receive('SM-no-settings', 'help') $$, $$ values (null::text, null::uuid) $$, 'Without settings Twilio answers by itself');
select public.save_messaging_settings(pg_temp.tenant(), 'Bye', null, 'Call us', null, null);
create temp table stopped as select * from pg_temp.receive('SM-stop', 'stop');
select results_eq('select outcome, reply from stopped', $$ values ('recorded', 'Bye') $$, 'A stop is answered as the tenant wants it');
select results_eq($$ select user_id, direction::text, from_number, to_number, body, status::text, account_sid, source::text, twilio_message_sid, idempotency_key from public.sms_messages where id = (select reply_id from stopped) $$,
  $$ values (pg_temp.tenant(), 'outbound', '+15005550101', '+15005550199', 'Bye', 'reserved', 'AC1', 'subaccount', null::text, 'reply SM-stop') $$, 'The answer is in the ledger before Twilio sends it');
select is((select count(*) from public.sms_opt_outs where sender = '+15005550101'), 1::bigint, 'And they have opted out');
select results_eq($$ select * from pg_temp.receive('SM-stop', 'stop') $$, $$ select 'duplicate', reply, reply_id from stopped $$, 'When Twilio asks again, because our answer was lost, it gets the same one');
select public.save_messaging_settings(pg_temp.tenant(), 'Other', null, 'Call us', null, null);
select is((select reply from pg_temp.receive('SM-stop', 'stop')), 'Bye', 'Also when the settings have changed since');
select results_eq($$ select * from pg_temp.receive('SM-stop', 'stop', pg_temp.attacker()) $$, $$ values ('duplicate', null::text, null::uuid) $$, 'Not under another tenant''s name');
select is((select count(*) from public.sms_messages where idempotency_key = 'reply SM-stop'), 1::bigint, 'It is one answer');
select is((select outcome from public.record_message_status((select reply_id from stopped), pg_temp.tenant(), 'AC1', 'SM-reply', 'sent', null, null)), 'moved', 'Twilio''s callback tells that it was sent');
select results_eq($$ select * from pg_temp.receive('SM-stop', 'stop') $$, $$ values ('duplicate', null::text, null::uuid) $$, 'From then on it is not given again');
select results_eq($$ select reply, reply_id from pg_temp.receive('SM-start', 'start') $$, $$ values (null::text, null::uuid) $$, 'What the tenant has no answer to Twilio answers by itself');
select is((select count(*) from public.sms_opt_outs where sender = '+15005550101'), 0::bigint, 'It counts all the same');
select is((select reply from pg_temp.receive('SM-help', 'help')), 'Call us', 'Help is answered');
select is((select reply from pg_temp.receive('SM-other', null)), null, 'What is no keyword is not');
update public.messaging_settings set start_reply = 'Welcome back';
select is((select reply from pg_temp.receive('SM-start-2', 'start')), 'Welcome back', 'Start is answered');
select is((select count(*) from public.sms_messages where user_id = pg_temp.tenant() and idempotency_key like 'reply %'), 3::bigint, 'There are as many answers as there were questions');
select is((select reply from pg_temp.receive('SM-help-2', 'help')), null, 'Of one pair of numbers the fourth within an hour is left unanswered');
update public.sms_messages set created_at = created_at - interval '1 hour' where user_id = pg_temp.tenant() and idempotency_key = 'reply SM-help';
select is((select reply from pg_temp.receive('SM-help-3', 'help')), 'Call us', 'An hour later it is answered again');
select is((select reply from public.record_inbound_message(pg_temp.tenant(), 'SM-elsewhere', 'AC1', '+15005550177', '+15005550101', 'Help', '{}', '{}', 1, 'help', 'HELP')), 'Call us',
  'Somebody else is answered all the while');
select is((select count(*) from public.sms_messages where user_id = pg_temp.attacker()), 0::bigint, 'Another tenant has neither received nor answered anything');

-- Among what is sealed --------------------------------------------------------------------------------------------------

select pg_temp.save('https://one.example', 'v1.k1.iv.secret');
update private.forward_webhooks set sealed_secret = 'v1.k2.iv.evil' where user_id = pg_temp.attacker();
select results_eq('select * from public.sealing_keys_in_use()', $$ values ('k1', 2::bigint), ('k2', 1::bigint) $$, 'A secret counts for the key that seals it, like a token');
select results_eq($$ select user_id, subaccount_sid, slot::text, sealed_token from public.tokens_to_reseal('k2', '{k2,k1}', null, null, 10) $$,
  $$ values (pg_temp.tenant(), 'AC1', 'current', 'v1.k1.iv.one'), (pg_temp.tenant(), 'forward-webhook', 'forward', 'v1.k1.iv.secret') $$, 'It is sealed anew with the others, a word in the place of the account');
select results_eq($$ select slot::text from public.tokens_to_reseal('k2', '{k2,k1}', pg_temp.tenant(), 'current', 10) $$, array['forward'], 'Pages go through it');
create function pg_temp.reseal(p_user uuid, p_from text, p_to text) returns text language sql as $$
  select resealed || ' ' || changed from public.reseal_tokens('k2', jsonb_build_array(jsonb_build_object('userId', p_user, 'slot', 'forward', 'from', p_from, 'to', p_to)));
$$;
select is(pg_temp.reseal(pg_temp.attacker(), 'v1.k1.iv.secret', 'v1.k2.iv.x'), '0 1', 'In its own row only');
select is(pg_temp.reseal(pg_temp.tenant(), 'v1.k1.iv.rotated-meanwhile', 'v1.k2.iv.x'), '0 1', 'Only where it is what it was');
select is(pg_temp.reseal(pg_temp.tenant(), 'v1.k1.iv.secret', 'v1.k3.iv.x'), '0 1', 'Only under the current key');
select is(pg_temp.reseal(pg_temp.tenant(), 'v1.k1.iv.secret', 'v1.k2.iv.secret'), '1 0', 'It is exchanged');
select results_eq('select user_id, sealed_secret from pg_temp.stored order by user_id', $$ values (pg_temp.tenant(), 'v1.k2.iv.secret'), (pg_temp.attacker(), 'v1.k2.iv.evil') $$, 'And nothing else');

reset role;
delete from auth.users where id = pg_temp.tenant();
select set_eq('select user_id from private.forward_webhooks', array[pg_temp.attacker()], 'With a user their webhook goes');

select * from finish();
rollback;
