-- The present of billing is a row of this table, so that months pass at once.
create schema proof;
grant usage on schema proof to service_role, authenticated, anon;
create table proof.clock (at timestamptz not null);
grant select on proof.clock to service_role, authenticated, anon;
insert into proof.clock values (now());

create or replace function private.present() returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return (select c.at from proof.clock c);
end;
$$;

-- now() in the bodies of functions is the same present. What Postgres itself and the defaults of columns call stays.
set allow_system_table_mods = on;
alter function pg_catalog.now() rename to real_now;
create function pg_catalog.now() returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return (select c.at from proof.clock c);
end;
$$;
grant execute on function pg_catalog.now() to public;
reset allow_system_table_mods;

-- When the installation learned of each plan of a subscription.
create table proof.plans (subscription_id text, since timestamptz, plan_key text, primary key (subscription_id, since));

create function proof.note_plan() returns trigger
language plpgsql security definer
as $$
declare
  began timestamptz := private.present();
begin
  -- A plan that is read with a new period of the last day came with the period.
  if tg_op = 'UPDATE' and new.current_period_start > old.current_period_start
    and new.current_period_start > began - interval '1 day'
  then
    began := least(began, new.current_period_start);
  end if;
  insert into proof.plans values (new.id, began, new.plan_key)
  on conflict (subscription_id, since) do update set plan_key = excluded.plan_key;
  return null;
end;
$$;
create trigger note_plan_when_new after insert on public.subscriptions
  for each row execute function proof.note_plan();
create trigger note_plan after update on public.subscriptions
  for each row when (old.plan_key is distinct from new.plan_key) execute function proof.note_plan();

create function proof.take_jobs() returns table (queue text, id bigint, delay integer, job jsonb)
language plpgsql
as $$
declare
  lane text;
begin
  foreach lane in array array['control', 'messages', 'campaigns', 'forwarding', 'usage', 'billing'] loop
    return query execute format('with taken as (delete from pgmq.%I returning msg_id, vt, enqueued_at, message)
      select %L, msg_id, greatest(0, extract(epoch from vt - enqueued_at))::integer, message from taken',
      'q_jobs_' || lane, lane);
  end loop;
end;
$$;

create function proof.reset() returns void
language plpgsql
set session_replication_role = replica
as $$
declare
  each record;
begin
  for each in
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and (n.nspname in ('private', 'public') and (
        exists (select from pg_attribute a where a.attrelid = c.oid and a.attname in ('user_id', 'subscription_id',
          'stripe_customer_id', 'customer_id'))
        or c.relname in ('webhook_events', 'stripe_customers', 'meters', 'job_turns', 'jobs_in_flight', 'job_errors'))
      or n.nspname = 'pgmq' and c.relname like 'q\_jobs\_%')
  loop
    execute 'delete from ' || each.name;
  end loop;
  delete from auth.users;
  delete from proof.statements;
  delete from proof.shown_statements;
  delete from proof.plans;
end;
$$;

-- What was on the statements of closed periods when they were closed.
create table proof.statements (
  subscription_id text, starts_at timestamptz, rows jsonb, primary key (subscription_id, starts_at));

create function proof.rows_of(p_subscription_id text, p_starts_at timestamptz) returns jsonb
language sql stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'kind', r.kind, 'day', r.day, 'units', r.units,
    'amount', r.amount::text, 'reason', r.reason) order by r.number), '[]')
  from private.billing_rows r
  where r.subscription_id = p_subscription_id and r.billed_start = p_starts_at and r.state in ('sending', 'accepted');
$$;

-- A statement is closed when its books are, and its invoice is final.
create function proof.note_statements(p_final_after interval) returns void
language sql
as $$
  insert into proof.statements
  select p.subscription_id, p.starts_at, proof.rows_of(p.subscription_id, p.starts_at) from private.billing_periods p
  where p.books_closed_at is not null and p.ends_at + p_final_after < private.present()
    and not exists (select from proof.statements s
      where s.subscription_id = p.subscription_id and s.starts_at = p.starts_at);
$$;

-- What tenants saw on statements when these said that they were closed.
create table proof.shown_statements (user_id uuid, id uuid, lines jsonb, primary key (user_id, id));

create function proof.note_shown_statements() returns void
language sql
as $$
  insert into proof.shown_statements
  select s.user_id, s.id, private.lines_of_statement(s)
  from (select distinct o.user_id from private.own_subscriptions o) u
  cross join lateral private.statements_of(u.user_id) s
  where s.status = 'closed'
    and not exists (select from proof.shown_statements n where n.user_id = s.user_id and n.id = s.id);
$$;

create function proof.wrong_statements(p_user_id uuid) returns table (id uuid, fault text)
language sql stable
as $$
  select n.id, 'has changed from ' || n.lines::text || ' to ' || coalesce(x.parts ->> 'lines', 'nothing')
  from proof.shown_statements n cross join lateral public.show_statement(n.user_id, n.id) x
  where n.user_id = p_user_id and n.lines is distinct from x.parts -> 'lines'
  union all
  select s.id, 'does not add up: ' || (x.parts - 'lines')::text || ', ' || (x.statement ->> 'invoices')
  from private.statements_of(p_user_id) s cross join lateral public.show_statement(p_user_id, s.id) x
  where x.parts -> 'addsUp' ->> 'ledger' = 'false'
    or s.status = 'closed' and 'false' in (x.parts -> 'addsUp' ->> 'invoice', x.parts -> 'addsUp' ->> 'summaries');
$$;
