-- Fills a database with :tenants tenants and :messages messages, without triggers: what triggers keep is derived below
-- with one statement each. Each section begins with its title. The same tenant has the same rows in every database.

-- # functions for ids
create schema bench;
grant usage on schema bench to service_role;
create function bench.tenant(n bigint) returns uuid language sql immutable
  as $$ select md5('tenant ' || n)::uuid $$;
create function bench.account(n bigint) returns text language sql immutable
  as $$ select 'AC' || md5('account ' || n) $$;
create function bench.number(n bigint) returns text language sql immutable
  as $$ select '+1415' || lpad(n::text, 7, '0') $$;
-- Forty phones for each tenant.
create function bench.peer(n bigint) returns text language sql immutable
  as $$ select '+1530' || lpad((n % 9000000 + 1000000)::text, 7, '0') $$;

-- # tenants
insert into auth.users (id, email) select bench.tenant(n), 'tenant-' || n || '@switchboard.test'
from generate_series(1, :tenants) n;
insert into private.tenancies (user_id, requested_at, applied_status, subaccount_sid, subaccount_status, converged_at,
  created_at)
select bench.tenant(n), now() - interval '80 days', 'active', bench.account(n), 'active',
  now() - n % 86400 * interval '1 second', now() - interval '80 days'
from generate_series(1, :tenants) n;
-- Every thousandth token is old enough to be rotated.
insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_auth_token_encrypted,
  twilio_subaccount_status, twilio_subaccount_created_at, twilio_subaccount_friendly_name)
select bench.tenant(n), bench.account(n), 'v1.k1.' || repeat('A', 16) || '.' || repeat('A', 64), 'active',
  now() - case when n % 1000 = 0 then interval '91 days' else n % 7000 * interval '15 minutes' end,
  'switchboard:' || bench.tenant(n)
from generate_series(1, :tenants) n;
insert into private.token_rotations (user_id, subaccount_sid, rotated_at, sealed_previous, previous_until)
select bench.tenant(n), bench.account(n), now() - n % 1000 * interval '1 hour',
  case when n % 1000 = 1 then 'v1.k1.' || repeat('A', 16) || '.' || repeat('A', 64) end,
  case when n % 1000 = 1 then now() - interval '1 minute' end
from generate_series(1, :tenants) n where n % 1000 <> 0;

-- # numbers, subscriptions and settings
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary, status, account_sid, purchased_at)
select bench.tenant(n), bench.number(n), 'PN' || md5('number ' || n), true, 'active', bench.account(n),
  now() - interval '80 days'
from generate_series(1, :tenants) n;
-- A monthly fee of a number is due at any moment, and a few wait for it.
insert into private.number_purchases (number_id, user_id, account_sid, monthly_price, reserved_at, fees, next_fee_at)
select n.id, n.user_id, n.account_sid, 1.15, n.purchased_at, 3,
  now() + (row_number() over (order by n.id) % 2592000 - 20) * interval '1 second'
from public.user_twilio_numbers n;
insert into public.subscriptions (id, user_id, origin, stripe_customer_id, plan_key, status, past_due_since,
  current_period_start, current_period_end)
select 'sub_' || n, bench.tenant(n), 'metadata', 'cus_' || n, 'team',
  (case when n % 50 = 0 then 'past_due' else 'active' end)::public.subscription_status,
  case when n % 50 = 0 then now() - interval '3 days' end, now() - interval '10 days', now() + interval '20 days'
from generate_series(1, :tenants) n;
insert into private.stripe_customers (id, user_id, origin) select 'cus_' || n, bench.tenant(n), 'metadata'
from generate_series(1, :tenants) n;
insert into public.messaging_settings (user_id, retention_days) select bench.tenant(n), 30
from generate_series(1, :tenants) n where n % 10 = 0;
insert into public.sms_opt_outs (user_id, sender, recipient, keyword)
select bench.tenant(n), bench.number(n), '+15309999999', 'STOP' from generate_series(1, :tenants) n;
insert into private.rate_limits (subject, action, used, window_ends_at)
select 'user:' || bench.tenant(n), 'send', 1, now() - interval '2 hours' from generate_series(1, :tenants) n;

-- # history
insert into public.webhook_events (provider, event_id, type, payload, occurred_at, processed_at, result)
select 'stripe', 'evt_' || n, 'product.created', '{}', now() - interval '1 day', now() - interval '1 day', 'ignored'
from generate_series(1, :tenants) n;
insert into public.audit_log (actor, action, user_id) select 'system', 'bench', bench.tenant(n)
from generate_series(1, :tenants) n;
insert into public.campaigns (user_id, name, from_number, body, status, total, waiting, delivered, idempotency_key,
  request_hash, created_at, finished_at)
select bench.tenant(n), 'Campaign ' || n, bench.number(n), 'Hello', 'completed', 10, 0, 10, 'key ' || n, 'hash',
  now() - interval '40 days', now() - interval '40 days'
from generate_series(1, :tenants) n;
insert into private.sweeps (started_at) values (now());
insert into private.sweep_sightings (sweep_id, subaccount_sid)
select (select max(id) from private.sweeps), bench.account(n) from generate_series(1, :tenants) n;

-- # messages
-- Each text has twelve of 5,000 words.
create table bench.texts as
select t.n, (
  select string_agg(translate(left(md5('word ' || (hashint4(t.n * 13 + w) & 2147483647) % 5000), 7), '0123456789',
    'ghijklmnop'), ' ')
  from generate_series(1, 12) w) as body
from generate_series(0, 9999) t (n);
alter table bench.texts add primary key (n);
analyze bench.texts;
-- Round after round, one message of each tenant, over 60 days. Of the last two days, some wait for evidence.
insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, twilio_message_sid,
  account_sid, source, num_segments, encoding, price, price_unit, estimated_price, plan_key, idempotency_key,
  request_hash, redaction_requested_at, redacted_at, status_updated_at, created_at)
select bench.tenant(m.tenant), m.direction, case m.direction when 'outbound' then bench.number(m.tenant) else m.peer end,
  case m.direction when 'outbound' then m.peer else bench.number(m.tenant) end,
  case when not m.is_redacted then t.body end,
  (case when m.direction = 'inbound' then 'received' when m.is_lost then 'unknown' when m.is_open then 'sent'
    when m.n % 20 = 3 then 'undelivered' else 'delivered' end)::public.message_status,
  case when not m.is_lost then 'SM' || md5('message ' || m.n) end, bench.account(m.tenant), 'subaccount', 1, 'GSM-7',
  case when not m.is_lost and not m.is_open and m.direction = 'outbound' then -0.0079 end,
  case when not m.is_lost and not m.is_open and m.direction = 'outbound' then 'USD' end,
  0.01, 'team', case when m.direction = 'outbound' then 'key ' || m.n end, 'hash',
  case when m.is_redacted then m.created_at + interval '30 days' end,
  case when m.is_redacted then m.created_at + interval '30 days' end, m.created_at, m.created_at
from (
  select s.n, s.tenant, s.created_at, bench.peer(s.tenant * 40 + s.n / :tenants % 12) as peer,
    (case when s.n / :tenants % 3 = 0 then 'inbound' else 'outbound' end)::public.message_direction as direction,
    s.tenant % 10 = 0 and s.created_at < now() - interval '30 days 1 hour' as is_redacted,
    s.n % 3000 = 1 and s.n / :tenants % 3 <> 0 and s.created_at > now() - interval '2 days' as is_lost,
    s.n % 30 = 2 and s.n / :tenants % 3 <> 0 and s.created_at > now() - interval '2 days' as is_open
  from (
    select n, n % :tenants + 1 as tenant, now() - (:messages - n) * (interval '60 days' / :messages) as created_at
    from generate_series(1, :messages::bigint) n
  ) s
) m
join bench.texts t on t.n = (m.n * 7919) % 10000
order by m.n;

-- # conversations
insert into public.sms_conversations (user_id, own_number, peer_number, last_message_at, unread)
select m.user_id, m.own_number, m.peer_number, max(m.created_at), count(*) filter (where m.direction = 'inbound')
from public.sms_messages m group by 1, 2, 3;

-- # due work
-- As when each tenant was looked at once a day: a few are due now.
insert into private.due_work (user_id, kind, due_at)
select bench.tenant(n), k.kind::private.due_kind, now() + (n % 86400 - 300) * interval '1 second'
from generate_series(1, :tenants) n
cross join (values ('convergence'), ('number_sync'), ('redaction'), ('usage_trigger')) k (kind)
where k.kind <> 'redaction' or n % 10 = 0;
insert into private.due_work (user_id, kind, due_at)
select t.id, 'token_rotation', private.token_date_of(t.id)
from (select bench.tenant(n) as id from generate_series(1, :tenants) n) t;
update private.open_subaccounts set total = :tenants;

-- # awaited reports
insert into private.awaited_reports (message_id, due_at)
select m.id, case when m.status >= 'failed' and m.price is not null then private.price_final_at(m)
  else m.created_at + interval '2 minutes' end
from public.sms_messages m
where not (m.status >= 'failed' and m.price is not null and private.price_final_at(m) <= now());

-- # words
insert into private.message_words (message_id, user_id, created_at, words)
select m.id, m.user_id, m.created_at, private.words_of(m.user_id, m.body)
from public.sms_messages m where m.body is not null;

-- # totals
insert into private.usage_totals (user_id, day, kind, unit, count, segments, price, cost)
select m.user_id, private.utc_day(m.created_at), m.kind, private.charge_unit(m.price_unit, m.price_is_foreign), count(*),
  sum(greatest(m.num_segments, 1)), sum(m.tenant_price), sum(m.cost)
from public.sms_messages m
where private.counts(m.status)
group by 1, 2, 3, 4;
insert into private.sending_totals (user_id, hour, messages, spend, price)
select m.user_id, private.hour_of(m.created_at), count(*) filter (where m.direction = 'outbound'), sum(m.cost),
  sum(m.tenant_price)
from public.sms_messages m
where private.counts(m.status)
group by 1, 2;

-- # usage
-- A thousand accounts are due in every database. Each account has the last three days, of which two are open.
insert into private.usage_accounts (account_sid, user_id, first_day, due_at, rotate_at, active_at, read_at, read_through,
  read_dates)
select bench.account(n), bench.tenant(n), private.utc_day() - 80,
  case when n % (:tenants / 1000) = 0 then now() - n % 60 * interval '1 second'
    else now() + (n % 600000 + 600) * interval '1 second' end,
  now() + (n % 600000 + 600) * interval '1 second', now() - interval '1 day', now() - interval '7 hours', private.utc_day(),
  array[private.utc_day() - 2, private.utc_day() - 1, private.utc_day()]
from generate_series(1, :tenants) n;
insert into private.usage_days (account_sid, day, user_id, total_price, price_unit, closed_at)
select bench.account(n), private.utc_day() - d, bench.tenant(n), 0.1, 'usd', case when d = 2 then now() end
from generate_series(1, :tenants) n, generate_series(0, 2) d;
insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit)
select bench.tenant(n), bench.account(n), private.utc_day() - d, c, 3, 3, 0.1, 'usd'
from generate_series(1, :tenants) n, generate_series(0, 2) d,
  unnest('{sms,sms-outbound,sms-outbound-longcode,totalprice}'::text[]) c;
-- All that the database does to sync the accounts that are due: the claims, and each read with a change of its last day.
create function bench.sync_due_usage() returns integer language plpgsql as $$
declare
  due constant text[] := array(select a.account_sid from private.usage_accounts a where a.due_at <= now() limit 2000);
  account text;
  begun record;
begin
  perform public.ask_for_usage_syncs(bench.account(1), cardinality(due));
  foreach account in array due loop
    select * into begun from public.begin_usage_sync(account);
    perform public.record_usage(account, begun.fence, begun.until_day, begun.from_day, begun.until_day,
      (select jsonb_agg(jsonb_build_object('day', begun.until_day - d, 'category', c, 'count', 3, 'usage', 3,
        'price', case d when 0 then 0.2 else 0.1 end, 'price_unit', 'usd'))
      from generate_series(0, 2) d, unnest('{sms,sms-outbound,sms-outbound-longcode,totalprice}'::text[]) c));
  end loop;
  return cardinality(due);
end;
$$;

-- # billing
-- Each tenant is in the third period of a subscription of their own. Of the two before the books are closed, and their
-- usage was sent.
insert into private.meters (kind, meter_id) select k, 'mtr_' || k from unnest(enum_range(null::public.usage_kind)) k;
insert into private.own_subscriptions (subscription_id, since, user_id, plan_key, plan_rank, is_running, created_at)
select 'sub_' || n, '-infinity', bench.tenant(n), 'team', 3, true, now() - interval '70 days'
from generate_series(1, :tenants) n;
insert into private.metered_items (subscription_id, kind, item_id, price_id, since)
select 'sub_' || n, k, 'si_' || n || k, 'price_' || k, now() - interval '70 days'
from generate_series(1, :tenants) n, unnest(enum_range(null::public.usage_kind)) k;
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency,
  books_closed_at, close_due_at)
select 'sub_' || n, now() - p * interval '30 days' - interval '10 days', now() - p * interval '30 days' + interval '20 days',
  bench.tenant(n), 'cus_' || n, 'usd', case when p > 0 then now() - p * interval '30 days' + interval '22 days' end,
  case when p = 0 then now() + interval '20 days' end
from generate_series(1, :tenants) n, generate_series(0, 2) p;
insert into private.stripe_invoices (id, user_id, stripe_customer_id, subscription_id, status, currency, created_at,
  period_start, period_end, finalised_at, total, compared_at)
select 'in_' || n || '_' || p, bench.tenant(n), 'cus_' || n, 'sub_' || n, 'paid', 'usd',
  now() - p * interval '30 days' + interval '20 days', now() - p * interval '30 days' - interval '10 days',
  now() - p * interval '30 days' + interval '20 days', now() - p * interval '30 days' + interval '23 days', 1000,
  now() - p * interval '30 days' + interval '24 days'
from generate_series(1, :tenants) n, generate_series(1, 2) p;
insert into private.billing_customers (stripe_customer_id, user_id, compare_due_at)
select 'cus_' || n, bench.tenant(n), now() + (n % 86400 + 60) * interval '1 second'
from generate_series(1, :tenants) n;
-- A thousand tenants are due in every database. Their usage of the present period is not rated yet.
create function bench.is_due(n bigint) returns boolean language sql immutable
  as $$ select n % (:tenants / 1000) = 0 $$;
insert into private.due_work (user_id, kind, due_at)
select bench.tenant(n), 'rating', case when bench.is_due(n) then now() - n % 60 * interval '1 second'
  else now() + (n % 14400 + 600) * interval '1 second' end
from generate_series(1, :tenants) n;
analyze private.usage_totals, private.billing_periods;
insert into private.billing_rows (user_id, kind, day, plan_key, unit, subscription_id, stripe_customer_id, period_start,
  period_end, count, segments, cost, price, currency, amount, units, state, event_at, billed_start,
  billed_subscription_id, tries, first_tried_at, tried_at, accepted_at, created_at)
select t.user_id, t.kind, t.day, 'team', 'USD', b.subscription_id, b.stripe_customer_id, b.starts_at, b.ends_at, t.count,
  t.segments, t.cost, t.price, b.currency, t.price, round(t.price * 10000), 'accepted', t.day + interval '12 hours',
  b.starts_at, b.subscription_id, 1, t.day + interval '1 day', t.day + interval '1 day', t.day + interval '1 day',
  t.day + interval '1 day'
from private.usage_totals t
join private.billing_periods b on b.user_id = t.user_id and t.day + interval '12 hours' >= b.starts_at
  and t.day + interval '12 hours' < b.ends_at
where t.day < private.utc_day() - 9 or t.user_id not in (
  select bench.tenant(n) from generate_series(1, :tenants) n where bench.is_due(n));
insert into private.meter_days (stripe_customer_id, kind, day, billed_start, accepted_at, compared_at, confirmed_at)
select r.stripe_customer_id, r.kind, r.day, r.billed_start, max(r.accepted_at), now(), now() from private.billing_rows r
group by 1, 2, 3, 4 on conflict do nothing;
insert into private.open_days (user_id, day, changes, is_waiting)
select t.user_id, t.day, case when n.is_due then -1 else sum(t.changes) end, n.is_due
from private.usage_totals t
join (select bench.tenant(n) as user_id, bench.is_due(n) as is_due from generate_series(1, :tenants) n) n using (user_id)
where t.day > private.utc_day() - case when n.is_due then 10 else 4 end group by 1, 2, n.is_due;
-- All that the database does to rate the tenants that are due.
create function bench.rate_due_usage() returns bigint language plpgsql as $$
declare
  due constant uuid[] := array(select d.user_id from private.due_work d
    where d.kind = 'rating' and d.due_at <= now() limit 2000);
  written bigint := 0;
begin
  perform public.ask_for_rating(cardinality(due));
  for n in 1 .. cardinality(due) loop
    written := written + public.rate_usage(due[n]);
  end loop;
  return written;
end;
$$;
-- Adds a day of so many messages to the present period of a tenant. Called without triggers.
create function bench.add_day(p_user_id uuid, p_messages integer) returns date language plpgsql as $$
declare
  added constant date := private.utc_day() - 6;
begin
  insert into public.sms_messages (user_id, direction, from_number, to_number, status, twilio_message_sid, account_sid,
    source, num_segments, encoding, price, price_unit, estimated_price, plan_key, idempotency_key, request_hash,
    status_updated_at, created_at)
  select p_user_id, 'outbound', '+14155550100', '+15305550100', 'delivered', 'SM' || md5('busy ' || n), 'AC', 'subaccount', 1,
    'GSM-7', -0.0079, 'USD', 0.01, 'team', 'busy ' || n, 'hash', now(), added + n * interval '0.5 seconds'
  from generate_series(1, p_messages) n;
  insert into private.open_days (user_id, day) values (p_user_id, added) on conflict (user_id, day) do update
    set changes = -1;
  return added;
end;
$$;
-- Gives a customer so many rows to send, of several kinds and days, as after an outage with corrections.
create function bench.add_rows(p_customer_id text, p_rows integer) returns void language sql as $$
  insert into private.billing_rows (user_id, kind, day, plan_key, unit, subscription_id, stripe_customer_id,
    period_start, period_end, count, cost, price, currency, amount, units)
  select b.user_id, (array['sms_out', 'sms_in', 'fee'])[n % 3 + 1]::public.usage_kind, private.utc_day() - n / 3 % 8,
    'team', 'USD', b.subscription_id, b.stripe_customer_id, b.starts_at, b.ends_at, 1, 0.01, 0.01, 'usd', 0.01, 100
  from private.billing_periods b, generate_series(1, p_rows) n
  where b.stripe_customer_id = p_customer_id and now() >= b.starts_at and now() < b.ends_at;
$$;
-- What the database does to send the next rows of a customer, each call of which Stripe accepts.
create function bench.send_batch(p_customer_id text, p_fence bigint, p_limit integer, out fence bigint, out sent integer)
language plpgsql as $$
declare
  begun record;
begin
  select * into begun from public.begin_metering(p_customer_id, p_fence, 60, p_limit);
  fence := begun.fence;
  sent := coalesce(jsonb_array_length(begun.calls), 0);
  perform public.settle_metering(p_customer_id, fence, 60, (
    select jsonb_agg(jsonb_build_object('row_id', c ->> 'row_id', 'outcome', 'accepted'))
    from jsonb_array_elements(begun.calls) c))
  where sent > 0;
end;
$$;
