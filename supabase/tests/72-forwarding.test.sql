-- A tenant's webhook and its sealed secret, forwarding, and replies to keywords.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(124);

select pg_temp.join_as('tenant', 'attacker');
select pg_temp.forget_jobs();
create view pg_temp.jobs as select message as job from private.jobs where message ->> 'kind' = 'forward-message' order by msg_id;
grant select on pg_temp.jobs to service_role;
set local role service_role;
delete from private.forward_webhooks;
delete from private.pending_forward_webhooks;
delete from private.token_rotations;
update public.user_preferences set twilio_subaccount_auth_token_encrypted = null;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid) values (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1');

create function pg_temp.offer(p_url text, p_secret text, p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select outcome || case when created_at is null then '' else ' since now' end from public.offer_forward_webhook(p_user, p_url, p_secret, 'req-1');
$$;
create function pg_temp.pending_id(p_user uuid default pg_temp.tenant()) returns uuid language sql as $$ select id from public.pending_forward_webhook_of(p_user); $$;
create function pg_temp.confirm(p_id uuid default pg_temp.pending_id(), p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select concat_ws(' ', outcome, url, case when created_at is not null then 'since now' end) from public.confirm_forward_webhook(p_user, p_id, 'req-1');
$$;
create function pg_temp.webhook_id(p_user uuid default pg_temp.tenant()) returns uuid language sql as $$ select id from public.forward_webhook_of(p_user); $$;
create function pg_temp.change(p_url text, p_id uuid default pg_temp.webhook_id(), p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select outcome || case when created_at is null then '' else ' since now' end from public.change_forward_webhook(p_user, p_id, p_url, 'req-1');
$$;
create view pg_temp.stored as select user_id, url, sealed_secret::text, disabled_at, disabled_reason from private.forward_webhooks;
create function pg_temp.last_line() returns text language sql as $$
  select concat_ws(' ', replace(actor, user_id::text, 'them'), action, request_id, nullif(details, '{}')) from public.audit_log where user_id = pg_temp.tenant() order by id desc limit 1;
$$;

-- Saving -------------------------------------------------------------------------------------------------------------

select results_eq('select outcome::text, id, url, sealed_secret, disabled_reason, created_at from public.forward_webhook_of(pg_temp.tenant())', $$ values ('none', null::uuid, null::text, null::text, null::text, null::timestamptz) $$, 'forward_webhook_of returns none without a webhook');
select results_eq('select outcome::text, id, url, sealed_secret, created_at from public.pending_forward_webhook_of(pg_temp.tenant())', $$ values ('none', null::uuid, null::text, null::text, null::timestamptz) $$, 'pending_forward_webhook_of returns none without a pending webhook');
select is(pg_temp.offer('https://one.example', 'v1.k1.iv.s1'), 'offered since now', 'offer_forward_webhook returns offered for a first webhook');
select is(pg_temp.last_line(), 'user:them forward_webhook.offered req-1', 'The audit line has neither the URL nor the secret');
select results_eq('select outcome::text, url, sealed_secret, created_at from public.pending_forward_webhook_of(pg_temp.tenant())', $$ values ('pending', 'https://one.example', 'v1.k1.iv.s1', now()) $$, 'pending_forward_webhook_of returns the URL and the sealed secret');
select is((select outcome from public.forward_webhook_of(pg_temp.tenant())), 'none', 'A webhook that is not confirmed is not in use');
create temporary table former as select pg_temp.pending_id() as id;
select is(pg_temp.offer('https://one.example', 'v1.k1.iv.s2'), 'offered since now', 'offer_forward_webhook, repeated, returns offered');
select is((select pg_temp.confirm(id) from former), 'superseded', 'confirm_forward_webhook returns superseded for a webhook that another one replaced');
select is(pg_temp.confirm(p_user => pg_temp.attacker()), 'superseded', 'confirm_forward_webhook returns superseded for the id of another tenant''s webhook');
select is(pg_temp.confirm(), 'created https://one.example since now', 'confirm_forward_webhook returns created for a first webhook');
select is(pg_temp.last_line(), 'user:them forward_webhook.created req-1', 'A confirmed webhook writes an audit line');
select results_eq('select outcome::text, url, sealed_secret, disabled_reason, created_at from public.forward_webhook_of(pg_temp.tenant())', $$ values ('enabled', 'https://one.example', 'v1.k1.iv.s2', null::text, now()) $$, 'forward_webhook_of returns enabled with the URL and the sealed secret');
select is((select outcome from public.pending_forward_webhook_of(pg_temp.tenant())), 'none', 'A confirmed webhook is no longer pending');
select is(pg_temp.confirm(pg_temp.webhook_id()), 'superseded', 'confirm_forward_webhook returns superseded for a webhook that is in use');

select pg_temp.offer('https://pending.example', 'v1.k1.iv.s3');
select results_eq('select url, sealed_secret from pg_temp.stored', $$ values ('https://one.example', 'v1.k1.iv.s2') $$, 'A pending secret does not replace the one in use');
select is(pg_temp.change('https://two.example', gen_random_uuid()), 'superseded', 'change_forward_webhook returns superseded for another secret than the one in use');
select is(pg_temp.change('https://two.example', p_user => pg_temp.attacker()), 'superseded', 'change_forward_webhook returns superseded for another tenant''s webhook');
select is((select url from public.pending_forward_webhook_of(pg_temp.tenant())), 'https://pending.example', 'A superseded change keeps the pending webhook');
select is(pg_temp.change('https://two.example'), 'changed since now', 'change_forward_webhook returns changed for another URL');
select results_eq('select url, sealed_secret from pg_temp.stored', $$ values ('https://two.example', 'v1.k1.iv.s2') $$, 'A changed webhook keeps its secret');
select is((select outcome from public.pending_forward_webhook_of(pg_temp.tenant())), 'none', 'A changed webhook drops the pending one');
select is(pg_temp.last_line(), 'user:them forward_webhook.changed req-1', 'A changed webhook writes an audit line');
select pg_temp.offer('https://two.example', 'v1.k1.iv.s3');
select is(pg_temp.confirm(), 'rotated https://two.example since now', 'confirm_forward_webhook returns rotated beside a webhook in use');
select results_eq('select url, sealed_secret from pg_temp.stored', $$ values ('https://two.example', 'v1.k1.iv.s3') $$, 'A rotated webhook has the confirmed secret');
select is(pg_temp.last_line(), 'user:them forward_webhook.rotated req-1', 'A rotated webhook writes an audit line');
select is(pg_temp.offer('https://x.example', 'v1.k1.iv.s4', gen_random_uuid()), 'unknown_user', 'offer_forward_webhook returns unknown_user for a user who does not exist');
select is(pg_temp.offer('https://attacker.example', 'v1.k1.iv.evil', pg_temp.attacker()), 'offered since now', 'offer_forward_webhook returns offered for another tenant');
select is(pg_temp.confirm(pg_temp.pending_id(pg_temp.attacker()), pg_temp.attacker()), 'created https://attacker.example since now', 'confirm_forward_webhook returns created for another tenant');
select results_eq('select url, sealed_secret from pg_temp.stored where user_id = pg_temp.tenant()', $$ values ('https://two.example', 'v1.k1.iv.s3') $$, 'Another tenant''s webhook does not change the webhook');
select throws_ok(format('select public.offer_forward_webhook(pg_temp.tenant(), ''https://x.example'', %L, ''r'')', secret), '23514', null, format('The unsealed secret "%s" is refused', secret))
from unnest(array['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', '', 'v1.k1.iv', 'v2.k1.iv.x', 'v1.k1.iv.x ', 'v1.k1.iv.x.y']) secret;
select throws_ok($$ select public.offer_forward_webhook(pg_temp.tenant(), 'https://x.example', null, 'r') $$, '23502', null, 'A null secret is refused');
select throws_ok($$ select public.offer_forward_webhook(pg_temp.tenant(), null, 'v1.k1.iv.x', 'r') $$, '23502', null, 'A null URL is refused');

-- Disabling ----------------------------------------------------------------------------------------------------------

create function pg_temp.disable(p_url text, p_user uuid default pg_temp.tenant()) returns text language sql as $$ select public.disable_forward_webhook(p_user, p_url, repeat('Gone ', 50)); $$;
select is(pg_temp.disable('https://one.example'), 'unchanged', 'disable_forward_webhook returns unchanged for a former URL');
select is(pg_temp.disable('https://two.example', pg_temp.attacker()), 'unchanged', 'disable_forward_webhook returns unchanged for another tenant');
select is((select count(*) from pg_temp.stored where disabled_at is not null), 0::bigint, 'Both webhooks are enabled');
select is(pg_temp.disable('https://two.example'), 'disabled', 'disable_forward_webhook returns disabled for the current URL');
select results_eq('select outcome::text, length(disabled_reason) from public.forward_webhook_of(pg_temp.tenant())', $$ values ('disabled', 200) $$, 'forward_webhook_of returns disabled with the reason, cut to 200 characters');
select is(pg_temp.last_line(), 'forward forward_webhook.disabled {"reason": "' || left(repeat('Gone ', 50), 200) || '"}', 'The audit line has the reason');
select is(pg_temp.disable('https://two.example'), 'unchanged', 'disable_forward_webhook, repeated, returns unchanged');
select is((select outcome from public.forward_webhook_of(pg_temp.attacker())), 'enabled', 'Another tenant''s webhook stays enabled');
select is(pg_temp.change('https://two.example'), 'changed since now', 'change_forward_webhook returns changed for a disabled webhook');
select results_eq('select url, sealed_secret, disabled_at, disabled_reason from pg_temp.stored where user_id = pg_temp.tenant()',
  $$ values ('https://two.example', 'v1.k1.iv.s3', null::timestamptz, null::text) $$, 'A changed webhook is enabled again with its former secret');

-- Forwarding ---------------------------------------------------------------------------------------------------------

create function pg_temp.receive(p_sid text, p_consent text default null, p_user uuid default pg_temp.tenant(), p_to text default '+15005550101')
returns table (outcome text, reply text, reply_id uuid) language sql as $$
  select outcome, reply, reply_id from public.record_inbound_message(p_user, p_sid, 'AC1', '+15005550199', 'US', p_to, 'Hi', '{}', '{}', 1, p_consent::public.consent, 'HI');
$$;
select results_eq($$ select * from pg_temp.receive('SM-1') $$, $$ values ('recorded', null::text, null::uuid) $$, 'record_inbound_message returns recorded without a reply');
select results_eq('select job from pg_temp.jobs', $$ select jsonb_build_object('kind', 'forward-message', 'userId', pg_temp.tenant(), 'messageId', id) from public.sms_messages where twilio_message_sid = 'SM-1' $$,
  'record_inbound_message enqueues the forwarding of a message');
select is((select outcome from pg_temp.receive('SM-1')), 'duplicate', 'record_inbound_message returns duplicate for a known SID');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'A duplicate enqueues no job');
select is(pg_temp.disable('https://two.example') || ' ' || (select outcome from pg_temp.receive('SM-2')), 'disabled recorded', 'record_inbound_message returns recorded while the webhook is disabled');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'A disabled webhook enqueues no job');
select pg_temp.offer('https://pending.example', 'v1.k1.iv.s6');
select is(public.remove_forward_webhook(pg_temp.tenant(), 'req-2'), 'removed', 'remove_forward_webhook returns removed');
select is((select outcome from public.pending_forward_webhook_of(pg_temp.tenant())), 'none', 'A removed webhook takes the pending one with it');
select is(pg_temp.last_line(), 'user:them forward_webhook.removed req-2', 'A removed webhook writes an audit line');
select is(public.remove_forward_webhook(pg_temp.tenant(), 'req-2'), 'none', 'remove_forward_webhook, repeated, returns none');
select is((select outcome from public.forward_webhook_of(pg_temp.attacker())), 'enabled', 'Another tenant''s webhook is not removed');
select is((select outcome from pg_temp.receive('SM-3')), 'recorded', 'record_inbound_message returns recorded without a webhook');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'Without the tenant''s own webhook, no job is enqueued');
select is((select outcome from pg_temp.receive('SM-1', p_user => pg_temp.attacker())), 'duplicate', 'record_inbound_message returns duplicate for the SID of another tenant''s message');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'The SID of another tenant''s message enqueues no job');

-- Replies to keywords ------------------------------------------------------------------------------------------------

select results_eq($$ select reply, reply_id from pg_temp.receive('SM-no-settings', 'help') $$, $$ values (null::text, null::uuid) $$, 'Without settings, a keyword gets no reply');
select public.save_messaging_settings(pg_temp.tenant(), 'Bye', null, 'Call us', null, null);
create temp table stopped as select * from pg_temp.receive('SM-stop', 'stop');
select results_eq('select outcome, reply from stopped', $$ values ('recorded', 'Bye') $$, 'record_inbound_message returns the tenant''s reply to STOP');
select results_eq($$ select user_id, direction::text, from_number, to_number, body, status::text, account_sid, source::text, twilio_message_sid, idempotency_key from public.sms_messages where id = (select reply_id from stopped) $$,
  $$ values (pg_temp.tenant(), 'outbound', '+15005550101', '+15005550199', 'Bye', 'reserved', 'AC1', 'subaccount', null::text, 'reply SM-stop') $$, 'The reply is stored as reserved before Twilio sends it');
select is((select count(*) from public.sms_opt_outs where sender = '+15005550101'), 1::bigint, 'STOP stores an opt-out');
select results_eq($$ select * from pg_temp.receive('SM-stop', 'stop') $$, $$ select 'duplicate', reply, reply_id from stopped $$, 'A duplicate returns the same reply');
select public.save_messaging_settings(pg_temp.tenant(), 'Other', null, 'Call us', null, null);
select is((select reply from pg_temp.receive('SM-stop', 'stop')), 'Bye', 'A duplicate returns the same reply after the settings changed');
select results_eq($$ select * from pg_temp.receive('SM-stop', 'stop', pg_temp.attacker()) $$, $$ values ('duplicate', null::text, null::uuid) $$, 'A duplicate under another tenant returns no reply');
select is((select count(*) from public.sms_messages where idempotency_key = 'reply SM-stop'), 1::bigint, 'One reply is stored');
select is((select outcome from public.record_message_status((select reply_id from stopped), pg_temp.tenant(), 'AC1', 'SM-reply', 'sent', null, null)), 'moved', 'record_message_status returns moved for the reply''s callback');
select results_eq($$ select * from pg_temp.receive('SM-stop', 'stop') $$, $$ values ('duplicate', null::text, null::uuid) $$, 'A duplicate returns no reply that Twilio has sent');
select results_eq($$ select reply, reply_id from pg_temp.receive('SM-start', 'start') $$, $$ values (null::text, null::uuid) $$, 'A keyword without a configured reply gets none');
select is((select lifted::text || coalesce(reply, '') from public.lift_opt_outs(pg_temp.tenant(), '+15005550101', '+15005550199', now(), '{SM-stop}', '{}', 'SM-start', 'US')), '1', 'START without a configured reply lifts the opt-out');
select is((select reply from pg_temp.receive('SM-help', 'help')), 'Call us', 'record_inbound_message returns the tenant''s reply to HELP');
select is((select reply from pg_temp.receive('SM-other', null)), null, 'A message without a keyword gets no reply');
update public.messaging_settings set start_reply = 'Welcome back';
select is((select reply from pg_temp.receive('SM-start-1', 'start')), null, 'A START that lifts no opt-out gets no reply');
insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (pg_temp.tenant(), '+15005550101', '+15005550199', 'STOP');
select is((select reply from pg_temp.receive('SM-start-2', 'start')), null, 'A START gets no reply before it is compared');
create temp table welcomed as select * from public.lift_opt_outs(pg_temp.tenant(), '+15005550101', '+15005550199', now(), '{}', '{}', 'SM-start-2', 'US');
select results_eq('select lifted, reply from welcomed', $$ values (1, 'Welcome back') $$, 'lift_opt_outs returns the tenant''s reply to START');
select results_eq($$ select lifted, reply, reply_id from public.lift_opt_outs(pg_temp.tenant(), '+15005550101', '+15005550199', now(), '{}', '{}', 'SM-start-2', 'US') $$, $$ select 0, reply, reply_id from welcomed $$, 'lift_opt_outs, repeated, returns the same reply');
select is((select count(*) from public.sms_messages where user_id = pg_temp.tenant() and idempotency_key like 'reply %'), 3::bigint, 'Each reply is stored once');
select is((select reply from pg_temp.receive('SM-help-2', 'help')), null, 'A fourth keyword of one peer within an hour gets no reply');
update public.sms_messages set created_at = created_at - interval '1 hour' where user_id = pg_temp.tenant() and idempotency_key = 'reply SM-help';
select is((select reply from pg_temp.receive('SM-help-3', 'help')), 'Call us', 'A keyword of the same peer an hour later gets a reply');
select is((select reply from public.record_inbound_message(pg_temp.tenant(), 'SM-elsewhere', 'AC1', '+15005550177', 'US', '+15005550101', 'Help', '{}', '{}', 1, 'help', 'HELP')), 'Call us',
  'Another peer gets a reply');
select is((select count(*) from public.sms_messages where user_id = pg_temp.attacker()), 0::bigint, 'Another tenant has no messages');

-- A reply is decided as a send is. Each case has a recipient of its own.
create function pg_temp.replied(p_change text, p_consent text default 'help', p_country text default 'US', p_times integer default 1) returns text language plpgsql as $$
declare
  peer constant text := '+1500556' || lpad((random() * 9999)::integer::text, 4, '0');
  own constant text := '+15005550101';
  answered record;
  counted text;
  sid text;
begin
  begin
    if p_change <> '' then
      execute replace(p_change, ':peer', quote_literal(peer));
    end if;
    for n in 1 .. p_times loop
      sid := gen_random_uuid()::text;
      select * into answered from public.record_inbound_message(pg_temp.tenant(), sid, 'AC1', peer, p_country, own, 'Hi', '{}', '{}', 1, p_consent::public.consent, 'HI');
      if answered.start_sid is not null then
        select l.reply, l.reply_id into answered.reply, answered.reply_id from public.lift_opt_outs(pg_temp.tenant(), own, peer, now(), '{}', '{}', sid, p_country) l;
      end if;
    end loop;
    select string_agg(m.status || coalesce(' (' || m.error_message || ')', ''), ', ' order by m.id) into counted from public.sms_messages m where m.peer_number = peer and m.direction = 'outbound';
    raise exception 'undo';
  exception when raise_exception then
    return coalesce(answered.reply, 'no reply') || case when answered.reply_id is null then '' else ', with its row' end || ': ' || coalesce(counted, 'nothing stored');
  end;
end;
$$;
reset role;
update public.plans set allowed_countries = '{US,GB}', daily_message_limit = 1000, monthly_message_limit = 1000, spend_limit = 100 where key = 'free';
set local role service_role;
select is(pg_temp.replied(''), 'Call us, with its row: reserved', 'A reply within the rules is reserved');
select is(pg_temp.replied(change, consent, country), expected, format('%s from %s after "%s": %s', consent, coalesce(country, 'an unknown country'), change, expected)) from (values
  ('', 'help', 'ZZ', 'no reply: refused (The reply was not sent: destination_refused)'), ('', 'help', 'FR', 'no reply: refused (The reply was not sent: destination_refused)'),
  ('', 'help', null, 'no reply: refused (The reply was not sent: destination_refused)'), ('', 'stop', 'ZZ', 'no reply: refused (The reply was not sent: destination_refused)'),
  ('update public.messaging_settings set allowed_countries = ''{GB}''', 'help', 'US', 'no reply: refused (The reply was not sent: destination_refused)'),
  ('update public.plans set daily_message_limit = 0', 'help', 'US', 'no reply: refused (The reply was not sent: daily_limit_reached)'),
  ('update public.plans set monthly_message_limit = 0', 'stop', 'US', 'no reply: refused (The reply was not sent: monthly_limit_reached)'),
  ('update public.plans set spend_limit = 0', 'help', 'US', 'no reply: refused (The reply was not sent: spend_limit_reached)'),
  ('update public.user_preferences set twilio_subaccount_status = ''suspended''', 'help', 'US', 'no reply: refused (The reply was not sent: suspended)'),
  ('update public.user_twilio_numbers set status = ''released'', is_primary = false', 'help', 'US', 'no reply: refused (The reply was not sent: number_not_owned)'),
  ('insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (pg_temp.tenant(), ''+15005550101'', :peer, ''STOP'')', 'help', 'US', 'no reply: refused (The reply was not sent: opted_out)'),
  ('insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (pg_temp.tenant(), ''+15005550101'', :peer, ''STOP'')', 'stop', 'US', 'no reply: nothing stored'),
  ('insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (pg_temp.tenant(), ''+15005550101'', :peer, ''STOP'')', 'start', 'US', 'Welcome back, with its row: reserved')) cases (change, consent, country, expected);
select is(pg_temp.replied('', p_times => 5), 'no reply: reserved, reserved, reserved', 'Of five keywords within an hour, three get a reply');
select is(pg_temp.replied('', 'help', 'FR', 5), 'no reply: refused (The reply was not sent: destination_refused), refused (The reply was not sent: destination_refused), refused (The reply was not sent: destination_refused)', 'Of refused replies, three within an hour are stored');
create temp table totals as select coalesce(sum(messages), 0) as messages, coalesce(sum(spend), 0) as spend from private.sending_totals where user_id = pg_temp.tenant();
update public.messaging_settings set help_reply = repeat('ж', 71) where user_id = pg_temp.tenant();
insert into private.message_prices (country, channel, source, unit_price) values ('GB', 'sms', 'listed', 0.05);
create temp table counted_reply as select * from public.record_inbound_message(pg_temp.tenant(), 'SM-counted', 'AC1', '+447700900123', 'GB', '+15005550101', 'Help', '{}', '{}', 1, 'help', 'HELP');
select results_eq('select num_segments, estimated_price, country from public.sms_messages where id = (select reply_id from counted_reply)', $$ values (2, 0.10000, 'GB') $$, 'A reply has its segments, its country and its estimated price');
select results_eq('select sum(t.messages) - b.messages, sum(t.spend) - b.spend from private.sending_totals t, totals b where t.user_id = pg_temp.tenant() group by b.messages, b.spend', $$ values (1::numeric, 0.10000) $$, 'A reply counts toward the limits of the plan');
select is(pg_temp.replied('', 'stop'), 'Other, with its row: reserved', 'A STOP that changes an opt-out gets a reply');
select is(pg_temp.replied('', 'stop', 'US', 3), 'no reply: reserved', 'A second STOP gets no reply');
select is(pg_temp.replied('', 'start'), 'no reply: nothing stored', 'A YES without an opt-out gets no reply');
create temp table refused_reply as select * from public.record_inbound_message(pg_temp.tenant(), 'SM-refused', 'AC1', '+88213300655', 'ZZ', '+15005550101', 'Help', '{}', '{}', 1, 'help', 'HELP');
select results_eq('select sum(t.messages) - b.messages, sum(t.spend) - b.spend from private.sending_totals t, totals b where t.user_id = pg_temp.tenant() group by b.messages, b.spend', $$ values (1::numeric, 0.10000) $$, 'A refused reply does not count');
select results_eq($$ select outcome::text, reply, reply_id from public.record_inbound_message(pg_temp.tenant(), 'SM-refused', 'AC1', '+88213300655', 'ZZ', '+15005550101', 'Help', '{}', '{}', 1, 'help', 'HELP') $$,
  $$ values ('duplicate', null::text, null::uuid) $$, 'A text delivered again after a refused reply gets no reply');
select is((select outcome::text from public.record_inbound_message(pg_temp.tenant(), 'SM-stop-zz', 'AC1', '+88213300655', 'ZZ', '+15005550101', 'Stop', '{}', '{}', 1, 'stop', 'STOP')), 'recorded', 'A keyword whose reply is refused is recorded');
select is((select count(*) from public.sms_opt_outs where recipient = '+88213300655'), 1::bigint, 'STOP stores the opt-out although the reply is refused');
select is((select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and mode = 'ExclusiveLock' and granted) > 0, true, 'A reply is decided under the tenant''s lock');
select is(private.has_opted_out(pg_temp.tenant(), '+15005550101', null), false, 'has_opted_out returns false without a recipient');

-- Sealing of secrets -------------------------------------------------------------------------------------------------

select pg_temp.offer('https://one.example', 'v1.k1.iv.secret');
select pg_temp.confirm();
select pg_temp.offer('https://one.example', 'v1.k1.iv.pending');
update private.forward_webhooks set sealed_secret = 'v1.k2.iv.evil' where user_id = pg_temp.attacker();
select results_eq('select * from public.sealing_keys_in_use()', $$ values ('k1', 3::bigint), ('k2', 1::bigint) $$, 'sealing_keys_in_use counts webhook secrets with tokens');
select results_eq($$ select user_id, subaccount_sid, slot::text, sealed_token from public.tokens_to_reseal('k2', '{k2,k1}', null, null, 10) $$,
  $$ values (pg_temp.tenant(), 'AC1', 'current', 'v1.k1.iv.one'), (pg_temp.tenant(), 'forward-webhook', 'forward', 'v1.k1.iv.secret'),
    (pg_temp.tenant(), 'forward-webhook', 'pending', 'v1.k1.iv.pending') $$, 'tokens_to_reseal returns webhook secrets, with forward-webhook in place of a SID');
select results_eq($$ select slot::text from public.tokens_to_reseal('k2', '{k2,k1}', pg_temp.tenant(), 'current', 10) $$, array['forward', 'pending'], 'tokens_to_reseal pages across a user''s slots');
create function pg_temp.reseal(p_user uuid, p_from text, p_to text, p_slot text default 'forward') returns text language sql as $$
  select resealed || ' ' || changed from public.reseal_tokens('k2', jsonb_build_array(jsonb_build_object('userId', p_user, 'slot', p_slot, 'from', p_from, 'to', p_to)));
$$;
select is(pg_temp.reseal(pg_temp.attacker(), 'v1.k1.iv.secret', 'v1.k2.iv.x'), '0 1', 'reseal_tokens does not replace a secret in another user''s row');
select is(pg_temp.reseal(pg_temp.tenant(), 'v1.k1.iv.rotated-meanwhile', 'v1.k2.iv.x'), '0 1', 'reseal_tokens does not replace a secret that has changed');
select is(pg_temp.reseal(pg_temp.tenant(), 'v1.k1.iv.secret', 'v1.k3.iv.x'), '0 1', 'reseal_tokens does not store a secret of another key');
select is(pg_temp.reseal(pg_temp.tenant(), 'v1.k1.iv.secret', 'v1.k2.iv.secret'), '1 0', 'reseal_tokens replaces an unchanged secret');
select is(pg_temp.reseal(pg_temp.tenant(), 'v1.k1.iv.pending', 'v1.k2.iv.pending', 'pending'), '1 0', 'reseal_tokens replaces the secret of a pending webhook');
select is((select sealed_secret from public.pending_forward_webhook_of(pg_temp.tenant())), 'v1.k2.iv.pending', 'The pending webhook has the replaced secret');
select results_eq('select user_id, sealed_secret from pg_temp.stored order by user_id', $$ values (pg_temp.tenant(), 'v1.k2.iv.secret'), (pg_temp.attacker(), 'v1.k2.iv.evil') $$, 'reseal_tokens changes no other secret');

reset role;
delete from auth.users where id = pg_temp.tenant();
select set_eq('select user_id from private.forward_webhooks', array[pg_temp.attacker()], 'A deleted user''s webhook is deleted');
select is((select count(*) from private.pending_forward_webhooks), 0::bigint, 'A deleted user''s pending webhook is deleted');

select * from finish();
rollback;
