-- Every verified webhook, written before it is acknowledged.

create table public.webhook_events (
  id uuid primary key default gen_random_uuid(),
  provider text not null,
  event_id text not null,
  type text not null,
  payload jsonb not null,
  occurred_at timestamptz,
  received_at timestamptz not null default now(),
  processed_at timestamptz,
  result text,
  constraint webhook_events_provider_known check (provider in ('stripe', 'twilio'))
);
comment on table public.webhook_events is 'The ledger of verified webhooks: a 200 means the row is here. One row per event, however often it is delivered.';
comment on column public.webhook_events.result is 'What processing decided, in a word: applied, ignored, unlinked …';

create unique index webhook_events_once on public.webhook_events (provider, event_id);
create index webhook_events_unprocessed on public.webhook_events (received_at) where processed_at is null;

alter table public.webhook_events enable row level security;
revoke all on public.webhook_events from public, anon, authenticated, service_role;
grant select, insert, update on public.webhook_events to service_role;
create policy "Only the service reads webhook events" on public.webhook_events for select to service_role using (true);
