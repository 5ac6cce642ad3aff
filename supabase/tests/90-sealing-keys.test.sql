-- The keys in use, re-sealing beside live traffic, and the report about it.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(32);

create function pg_temp.user(n integer) returns uuid language sql immutable as $$ select ('a0000000-0000-4000-8000-00000000000' || n)::uuid $$;
insert into auth.users (id, email) select pg_temp.user(n), n || '@pgtap.test' from generate_series(1, 4) n;
delete from private.token_rotations;
delete from private.sealing_ring;
delete from public.user_preferences where user_id not in (select pg_temp.user(n) from generate_series(1, 4) n);
select pg_temp.forget_jobs();
create view pg_temp.jobs as select message as job from private.jobs order by msg_id;
grant select on pg_temp.jobs to service_role;
set local role service_role;

select pg_temp.store(pg_temp.user(1), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.user(2), 'AC2', 'closed', 'v1.k2.iv.two'),
  pg_temp.store(pg_temp.user(3), 'AC3', 'active', 'v1.k0.iv.three'),
  pg_temp.store(pg_temp.user(4), null, 'pending', 'v1.lost.iv.four');
insert into private.token_rotations (user_id, subaccount_sid, sealed_next, sealed_previous) values
  (pg_temp.user(1), 'AC1', 'v1.k1.iv.one-next', 'v1.k1.iv.one-previous'), (pg_temp.user(2), 'AC2', null, 'v1.k1.iv.two-previous');

-- Counting -----------------------------------------------------------------------------------------------------------

select results_eq('select * from public.sealing_keys_in_use()', $$ values ('k0', 1::bigint), ('k1', 4), ('k2', 1) $$,
  'sealing_keys_in_use counts every token by its key, and none without an account');

-- Tokens to re-seal --------------------------------------------------------------------------------------------------

create function pg_temp.chosen(p_current text, p_keys text[], p_after_user uuid, p_after_slot public.sealed_slot, p_limit integer) returns table (token text) language sql as $$
  select concat_ws(' ', right(user_id::text, 1), subaccount_sid, slot, sealed_token) from public.tokens_to_reseal(p_current, p_keys, p_after_user, p_after_slot, p_limit);
$$;
select results_eq($$ select * from pg_temp.chosen('k2', '{k2, k1}', null, null, 10) $$,
  array['1 AC1 current v1.k1.iv.one', '1 AC1 next v1.k1.iv.one-next', '1 AC1 previous v1.k1.iv.one-previous', '2 AC2 previous v1.k1.iv.two-previous'],
  'tokens_to_reseal returns the tokens of other keys of the ring, and none of keys outside the ring');
select results_eq($$ select * from pg_temp.chosen('k2', '{k2, k1}', null, null, 2) $$,
  array['1 AC1 current v1.k1.iv.one', '1 AC1 next v1.k1.iv.one-next'], 'tokens_to_reseal respects its limit');
select results_eq($$ select * from pg_temp.chosen('k2', '{k2, k1}', pg_temp.user(1), 'next', 10) $$,
  array['1 AC1 previous v1.k1.iv.one-previous', '2 AC2 previous v1.k1.iv.two-previous'], 'A page begins after the given user and slot');
select is_empty($$ select * from pg_temp.chosen('k2', '{k2}', null, null, 10) $$, 'tokens_to_reseal returns nothing when the ring has one key');

-- Re-sealing ---------------------------------------------------------------------------------------------------------

create function pg_temp.replacement(n integer, p_slot text, p_from text, p_to text) returns jsonb language sql as $$
  select jsonb_build_object('userId', pg_temp.user(n), 'slot', p_slot, 'from', p_from, 'to', p_to);
$$;
create view pg_temp.tokens as
  select right(p.user_id::text, 1)::integer as n, p.twilio_subaccount_auth_token_encrypted as token, r.sealed_next::text, r.sealed_previous::text
  from public.user_preferences p left join private.token_rotations r using (user_id) order by 1;
select results_eq(
  $$ select * from public.reseal_tokens('k2', jsonb_build_array(
    pg_temp.replacement(1, 'current', 'v1.k1.iv.one', 'v1.k2.iv.one'),
    pg_temp.replacement(1, 'next', 'v1.k1.iv.one-next', 'v1.k2.iv.one-next'),
    pg_temp.replacement(1, 'previous', 'v1.k1.iv.changed-meanwhile', 'v1.k2.iv.stale'),
    pg_temp.replacement(2, 'previous', 'v1.k1.iv.two-previous', 'v1.k2.iv.two-previous'))) $$,
  $$ values (3, 1) $$, 'reseal_tokens replaces unchanged texts and leaves a changed one');
select results_eq('select * from pg_temp.tokens',
  $$ values (1, 'v1.k2.iv.one', 'v1.k2.iv.one-next', 'v1.k1.iv.one-previous'), (2, 'v1.k2.iv.two', null::text, 'v1.k2.iv.two-previous'),
    (3, 'v1.k0.iv.three', null, null), (4, 'v1.lost.iv.four', null, null) $$, 'Each text is replaced in its own slot only');
select results_eq($$ select actor, action, details from public.audit_log order by id desc limit 1 $$,
  $$ values ('reseal', 'sealing_keys.resealed', '{"keyId": "k2", "tokens": 3}'::jsonb) $$, 'The audit line has the key and the count');
create temp table audited as select count(*) as n from public.audit_log;
select results_eq($$ select * from public.reseal_tokens('k2', jsonb_build_array(pg_temp.replacement(1, 'current', 'v1.k1.iv.one', 'v1.k2.iv.again'))) $$,
  $$ values (0, 1) $$, 'reseal_tokens, repeated, replaces nothing');
select results_eq($$ select * from public.reseal_tokens('k2', jsonb_build_array(pg_temp.replacement(1, 'previous', 'v1.k1.iv.one-previous', 'v1.k1.iv.other'))) $$,
  $$ values (0, 1) $$, 'reseal_tokens ignores a text that is not sealed with the current key');
select results_eq($$ select * from public.reseal_tokens('k2', jsonb_build_array(pg_temp.replacement(2, 'current', 'v1.k2.iv.one', 'v1.k2.iv.stolen'))) $$,
  $$ values (0, 1) $$, 'reseal_tokens ignores a text of another user');
select results_eq($$ select * from public.reseal_tokens('k2', '[]') $$, $$ values (0, 0) $$, 'reseal_tokens returns zeros for an empty array');
select is((select count(*) from public.audit_log), (select n from audited), 'A call that replaces nothing writes no audit line');
select throws_ok($$ select * from public.reseal_tokens('k2', jsonb_build_array(pg_temp.replacement(1, 'current', 'v1.k2.iv.one', 'x.k2.plain'))) $$, '23514', null,
  'reseal_tokens refuses a text that is not sealed');

-- The ring -----------------------------------------------------------------------------------------------------------

create view pg_temp.report as select verdict::text, finding from public.describe_installation() where subject = 'sealing keys';
select results_eq('select verdict from pg_temp.report', array['warn'], 'describe_installation warns while the functions'' keys are unknown');
select is(public.note_sealing_ring('k2', '{k2, k1}'), 'changed', 'note_sealing_ring returns changed for the first ring');
select results_eq('select job from pg_temp.jobs', $$ values ('{"kind": "rotate-sealing-keys"}'::jsonb) $$, 'A changed ring enqueues rotate-sealing-keys');
select results_eq($$ select actor, action, details from public.audit_log order by id desc limit 1 $$,
  $$ values ('run-jobs', 'sealing_keys.changed', '{"current": "k2", "keyIds": ["k2", "k1"]}'::jsonb) $$, 'The audit line has the ids of the keys');
select is(public.note_sealing_ring('k2', '{k2, k1}'), 'unchanged', 'note_sealing_ring returns unchanged for the same ring');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'An unchanged ring enqueues no job');
select is(public.note_sealing_ring('k1', '{k1, k2}'), 'changed', 'note_sealing_ring returns changed for another current key');
select is((select count(*) from private.sealing_ring), 1::bigint, 'One ring is stored');
select throws_ok($$ select public.note_sealing_ring('k3', '{k1}') $$, '23514', null, 'A ring without its current key is refused');

-- The report for verify ----------------------------------------------------------------------------------------------

select public.note_sealing_ring('k2', '{k2, k1}');
select results_eq('select * from pg_temp.report', $$ values ('fail', 'TOKEN_SEALING_KEYS lacks keys that tokens need: 1 for "k0"') $$, 'describe_installation fails when a needed key is missing');
select public.note_sealing_ring('k2', '{k2, k1, k0}');
select results_eq('select * from pg_temp.report', $$ values ('warn', '"k2" seals; older ones are still needed: 1 under "k0", 1 under "k1"') $$, 'describe_installation warns while older keys are needed');
update public.user_preferences set twilio_subaccount_auth_token_encrypted = 'v1.k2.iv.three' where user_id = pg_temp.user(3);
update private.token_rotations set sealed_previous = null;
select results_eq('select * from pg_temp.report', $$ values ('ok', '"k2" seals all 4 tokens; not needed: "k0", "k1"') $$, 'describe_installation names keys that are not needed');
select public.note_sealing_ring('k2', '{k2}');
select results_eq('select * from pg_temp.report', $$ values ('ok', '"k2" seals all 4 tokens') $$, 'describe_installation is ok when one key seals all tokens');
update public.user_preferences set twilio_subaccount_auth_token_encrypted = null;
delete from private.token_rotations;
select results_eq('select * from pg_temp.report', $$ values ('ok', '"k2" seals all 0 tokens') $$, 'describe_installation is ok without tokens');
select is((select count(*) from public.describe_installation() d where d.subject <> 'sealing keys'),
  (select count(*) from private.our_tables()) + 8 + (select count(*) from unnest(enum_range(null::public.job_lane))), 'describe_installation still has all other lines');

-- On request ---------------------------------------------------------------------------------------------------------

select pg_temp.forget_jobs();
select ok(public.request_sealing_key_rotation(pg_temp.user(1), 'req-1', 'asked') is not null, 'request_sealing_key_rotation returns the id of a job');
select results_eq('select job from pg_temp.jobs', $$ values ('{"kind": "rotate-sealing-keys"}'::jsonb) $$, 'request_sealing_key_rotation enqueues rotate-sealing-keys');
select results_eq($$ select actor, action, request_id from public.audit_log order by id desc limit 1 $$,
  $$ values ('operator:' || pg_temp.user(1), 'sealing_keys.rotation_requested', 'req-1') $$, 'The audit log names the operator and the request');

select * from finish();
rollback;
