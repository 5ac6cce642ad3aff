-- Usage as Twilio counts it, per account, day and category. A UTC day stays open until reads on three different dates
-- after its last change have found the same; a correction opens it again. Money is never added across currencies.

-- Categories ----------------------------------------------------------------------------------------------------------

create type private.usage_class as enum ('sms_out', 'sms_in', 'mms_out', 'mms_in', 'number', 'carrier_fee',
  'failed_message_fee', 'fee', 'other', 'sum', 'total');
comment on type private.usage_class is
  'What a category counts. fee: registration and other fees. other: leaves of other products, such as calls. sum: a '
  'category that contains others, and is not added. total: totalprice.';

create table private.usage_categories (
  category text primary key,
  class private.usage_class not null,
  parent text references private.usage_categories (category),
  counts_as private.usage_class not null,
  constraint usage_categories_parent_differs check (parent <> category),
  constraint usage_categories_counts check (counts_as <> 'sum' and (class = 'sum' or class = counts_as))
);
comment on table private.usage_categories is
  'The known categories of usage records: those of the enum UsageCategory in Twilio''s SDK, of the products that '
  'tenants can use. A category that is not listed is unknown: its rows are kept, and not added.';
comment on column private.usage_categories.parent is
  'The sum that contains the category. Documented for messages, numbers and A2P registration, otherwise the listed '
  'category of which the name is an extension. Carrier fees are outside of sms and mms.';
comment on column private.usage_categories.counts_as is
  'The class under which the category is added. For a sum, on a day on which none of its parts has a row: Twilio then '
  'reports no detail.';
create index usage_categories_by_parent on private.usage_categories (parent);
alter table private.usage_categories enable row level security;
revoke all on private.usage_categories from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.usage_categories to service_role;

insert into private.usage_categories (parent, class, counts_as, category)
select known.parent, known.class::private.usage_class, known.counts_as::private.usage_class, category
from (values
  (null, 'carrier_fee', 'carrier_fee',
    'mms-messages-carrierfees sms-messages-carrierfees usage-rcs-messaging-carrier-fees'),
  (null, 'failed_message_fee', 'failed_message_fee',
    'failed-message-processing-fee'),
  (null, 'fee', 'fee',
    'sms-national-regulatory-protection sms-pumping-protection sms-pumping-risk'),
  (null, 'other', 'other',
    'agent-conference amazon-polly answering-machine-detection authy-authentications authy-calls-outbound '
    'authy-monthly-fees authy-phone-intelligence authy-phone-verifications authy-sms-outbound bundle-sms-bucket '
    'bundle-subscription-fees call-progess-events cps flex-usage imp-v1-usage ivr-virtual-agent-custom-voices '
    'ivr-virtual-agent-genai mediastorage monitor-reads monitor-storage monitor-writes '
    'peer-to-peer-rooms-participant-minutes premiumsupport pstnconnectivity recordingstorage '
    'rooms-group-bandwidth rooms-group-minutes rooms-peer-to-peer-minutes smsmessages-bucket-adjustments '
    'smsmessages-outbound-domestic speech-recognition studio-engagements taskrouter-tasks transcriptions '
    'trunking-cps trunking-emergency-calls trunking-secure trunking-termination tts-google twilio-interconnect '
    'verify-package-plans verify-push verify-sna verify-totp verify-voice-sms '
    'verify-whatsapp-conversations-business-initiated video-recordings virtual-agent'),
  (null, 'sum', 'fee',
    'a2p-registration-fees sms-messages-features sms-mps'),
  (null, 'sum', 'number',
    'phonenumbers shortcodes'),
  (null, 'sum', 'other',
    'calls channels conversations group-rooms lookups marketplace mms notify pchat pfax proxy pv rcs-messages '
    'recordings small-group-rooms sms sync trunking-origination turnmegabytes voice-insights voice-intelligence '
    'wireless'),
  (null, 'total', 'total',
    'totalprice'),
  ('a2p-10dlc-registrationfees-monthly', 'fee', 'fee',
    'a2p-10dlc-registrationfees-campaigncharges'),
  ('a2p-10dlc-registrationfees-onetime', 'fee', 'fee',
    'a2p-10dlc-registrationfees-brandregistration a2p-10dlc-registrationfees-bv '
    'a2p-10dlc-registrationfees-campaignregistration a2p-10dlc-registrationfees-campaignvetting'),
  ('a2p-registration-fees', 'sum', 'fee',
    'a2p-10dlc-registrationfees-monthly a2p-10dlc-registrationfees-onetime'),
  ('calls', 'other', 'other',
    'calls-client calls-globalconference calls-outbound calls-pay-verb-transactions calls-transfers'),
  ('calls', 'sum', 'other',
    'calls-inbound calls-sip'),
  ('calls-inbound', 'other', 'other',
    'calls-inbound-local calls-inbound-mobile calls-inbound-tollfree'),
  ('calls-sip', 'other', 'other',
    'calls-sip-inbound calls-sip-outbound'),
  ('channels', 'sum', 'other',
    'channels-messaging channels-whatsapp'),
  ('channels-messaging', 'other', 'other',
    'channels-messaging-inbound channels-messaging-outbound'),
  ('channels-whatsapp', 'other', 'other',
    'channels-whatsapp-conversation-authentication channels-whatsapp-conversation-free '
    'channels-whatsapp-conversation-marketing channels-whatsapp-conversation-service '
    'channels-whatsapp-conversation-utility channels-whatsapp-inbound channels-whatsapp-outbound'),
  ('conversations', 'other', 'other',
    'conversations-api-requests conversations-conversation-events conversations-endpoint-connectivity '
    'conversations-events conversations-participant-events conversations-participants'),
  ('group-rooms', 'other', 'other',
    'group-rooms-data-track group-rooms-encrypted-media-recorded group-rooms-media-downloaded '
    'group-rooms-media-recorded group-rooms-media-routed group-rooms-media-stored group-rooms-participant-minutes '
    'group-rooms-recorded-minutes'),
  ('lookups', 'other', 'other',
    'calleridlookups carrier-lookups fraud-lookups number-format-lookups'),
  ('marketplace', 'other', 'other',
    'marketplace-algorithmia-named-entity-recognition marketplace-cadence-transcription '
    'marketplace-cadence-translation marketplace-capio-speech-to-text marketplace-convriza-ababa '
    'marketplace-deepgram-phrase-detector marketplace-digital-segment-business-info '
    'marketplace-facebook-offline-conversions marketplace-google-speech-to-text '
    'marketplace-ibm-watson-message-insights marketplace-ibm-watson-message-sentiment '
    'marketplace-ibm-watson-recording-analysis marketplace-ibm-watson-tone-analyzer '
    'marketplace-icehook-systems-scout marketplace-infogroup-dataaxle-bizinfo '
    'marketplace-keen-io-contact-center-analytics marketplace-marchex-cleancall '
    'marketplace-marchex-sentiment-analysis-for-sms marketplace-marketplace-nextcaller-social-id '
    'marketplace-mobile-commons-opt-out-classifier marketplace-nexiwave-voicemail-to-text '
    'marketplace-nextcaller-advanced-caller-identification marketplace-nomorobo-spam-score '
    'marketplace-payfone-tcpa-compliance marketplace-remeeting-automatic-speech-recognition '
    'marketplace-tcpa-defense-solutions-blacklist-feed marketplace-telo-opencnam marketplace-truecnam-true-spam '
    'marketplace-twilio-caller-name-lookup-us marketplace-twilio-carrier-information-lookup '
    'marketplace-voicebase-pci marketplace-voicebase-transcription '
    'marketplace-voicebase-transcription-custom-vocabulary marketplace-whitepages-pro-caller-identification '
    'marketplace-whitepages-pro-phone-intelligence marketplace-whitepages-pro-phone-reputation '
    'marketplace-wolfarm-spoken-results marketplace-wolfram-short-answer '
    'marketplace-ytica-contact-center-reporting-analytics'),
  ('mms', 'sum', 'mms_in',
    'mms-inbound'),
  ('mms', 'sum', 'mms_out',
    'mms-outbound'),
  ('mms-inbound', 'mms_in', 'mms_in',
    'mms-inbound-longcode mms-inbound-shortcode mms-inbound-toll-free'),
  ('mms-outbound', 'mms_out', 'mms_out',
    'mms-outbound-longcode mms-outbound-shortcode mms-outbound-tollfree'),
  ('notify', 'other', 'other',
    'notify-actions-attempts notify-channels'),
  ('pchat', 'other', 'other',
    'pchat-users'),
  ('pfax', 'other', 'other',
    'pfax-pages'),
  ('pfax', 'sum', 'other',
    'pfax-minutes'),
  ('pfax-minutes', 'other', 'other',
    'pfax-minutes-inbound pfax-minutes-outbound'),
  ('phonenumbers', 'fee', 'fee',
    'phonenumbers-cps phonenumbers-emergency phonenumbers-porting'),
  ('phonenumbers', 'number', 'number',
    'phonenumbers-local phonenumbers-mobile phonenumbers-setups phonenumbers-tollfree'),
  ('proxy', 'other', 'other',
    'proxy-active-sessions'),
  ('pv', 'other', 'other',
    'pv-composition-media-downloaded pv-composition-media-encrypted pv-composition-media-stored '
    'pv-composition-minutes pv-recording-compositions pv-rooms pv-sip-endpoint-registrations'),
  ('pv', 'sum', 'other',
    'pv-room-participants'),
  ('pv-room-participants', 'other', 'other',
    'pv-room-participants-au1 pv-room-participants-br1 pv-room-participants-ie1 pv-room-participants-jp1 '
    'pv-room-participants-sg1 pv-room-participants-us1 pv-room-participants-us2'),
  ('rcs-messages', 'sum', 'other',
    'usage-rcs-messages'),
  ('recordings', 'other', 'other',
    'calls-recordings trunking-recordings'),
  ('shortcodes', 'fee', 'fee',
    'shortcodes-mms-enablement shortcodes-mps shortcodes-setup-fees'),
  ('shortcodes', 'number', 'number',
    'shortcodes-customerowned shortcodes-random shortcodes-uk shortcodes-vanity'),
  ('small-group-rooms', 'other', 'other',
    'small-group-rooms-data-track small-group-rooms-participant-minutes'),
  ('sms', 'sum', 'sms_in',
    'sms-inbound'),
  ('sms', 'sum', 'sms_out',
    'sms-outbound'),
  ('sms-inbound', 'sms_in', 'sms_in',
    'sms-inbound-longcode sms-inbound-shortcode sms-inbound-tollfree'),
  ('sms-messages-features', 'fee', 'fee',
    'sms-messages-features-engagement-suite sms-messages-features-message-redaction '
    'sms-messages-features-senderid'),
  ('sms-mps', 'fee', 'fee',
    'sms-mps-shortcode sms-mps-tollfree sms-mps-tollfree-setup'),
  ('sms-outbound', 'fee', 'fee',
    'sms-outbound-content-inspection'),
  ('sms-outbound', 'sms_out', 'sms_out',
    'sms-outbound-longcode sms-outbound-shortcode sms-outbound-tollfree'),
  ('sync', 'other', 'other',
    'sync-actions sync-endpoint-hours sync-endpoint-hours-above-daily-cap'),
  ('trunking-origination', 'other', 'other',
    'trunking-origination-local trunking-origination-mobile trunking-origination-tollfree'),
  ('turnmegabytes', 'other', 'other',
    'turnmegabytes-australia turnmegabytes-brasil turnmegabytes-germany turnmegabytes-india turnmegabytes-ireland '
    'turnmegabytes-japan turnmegabytes-singapore turnmegabytes-useast turnmegabytes-uswest'),
  ('usage-rcs-messages', 'other', 'other',
    'usage-rcs-basic-messages-outbound usage-rcs-messages-inbound usage-rcs-single-messages-outbound'),
  ('voice-insights', 'other', 'other',
    'voice-insights-client-insights-on-demand-minute voice-insights-ptsn-insights-on-demand-minute '
    'voice-insights-sip-interface-insights-on-demand-minute voice-insights-sip-trunking-insights-on-demand-minute'),
  ('voice-intelligence', 'other', 'other',
    'voice-intelligence-operators voice-intelligence-transcription'),
  ('wireless', 'sum', 'other',
    'wireless-orders wireless-usage'),
  ('wireless-orders', 'other', 'other',
    'wireless-orders-artwork wireless-orders-bulk wireless-orders-esim wireless-orders-starter'),
  ('wireless-usage', 'other', 'other',
    'wireless-usage-sms wireless-usage-voice'),
  ('wireless-usage', 'sum', 'other',
    'wireless-usage-commands wireless-usage-data wireless-usage-mrc'),
  ('wireless-usage-commands', 'other', 'other',
    'wireless-usage-commands-africa wireless-usage-commands-asia wireless-usage-commands-centralandsouthamerica '
    'wireless-usage-commands-europe wireless-usage-commands-home wireless-usage-commands-northamerica '
    'wireless-usage-commands-oceania wireless-usage-commands-roaming'),
  ('wireless-usage-data', 'other', 'other',
    'wireless-usage-data-africa wireless-usage-data-asia wireless-usage-data-centralandsouthamerica '
    'wireless-usage-data-custom-additionalmb wireless-usage-data-custom-first5mb '
    'wireless-usage-data-domestic-roaming wireless-usage-data-europe wireless-usage-data-individual-additionalgb '
    'wireless-usage-data-individual-firstgb wireless-usage-data-international-roaming-canada '
    'wireless-usage-data-international-roaming-india wireless-usage-data-international-roaming-mexico '
    'wireless-usage-data-northamerica wireless-usage-data-oceania'),
  ('wireless-usage-data', 'sum', 'other',
    'wireless-usage-data-pooled'),
  ('wireless-usage-data-pooled', 'other', 'other',
    'wireless-usage-data-pooled-downlink wireless-usage-data-pooled-uplink'),
  ('wireless-usage-mrc', 'other', 'other',
    'wireless-usage-mrc-custom wireless-usage-mrc-individual wireless-usage-mrc-pooled '
    'wireless-usage-mrc-suspended')
) as known (parent, class, counts_as, categories)
cross join lateral string_to_table(known.categories, ' ') as category;

-- What was read -------------------------------------------------------------------------------------------------------

create table public.twilio_usage (
  -- No foreign key: financial rows survive their user, with this id as a pseudonym. Null: the master account itself.
  user_id uuid,
  account_sid text not null,
  day date not null,
  category text not null,
  count numeric not null,
  usage numeric not null,
  price numeric not null,
  price_unit text not null,
  refreshed_at timestamptz not null default now(),
  primary key (account_sid, day, category, price_unit)
);
comment on table public.twilio_usage is
  'Usage of each account by UTC day and category, as Twilio counted it (IncludeSubaccounts=false), refreshed until '
  'Twilio stops changing it. Categories without a value have no row, unless they had one before: that row is zero.';
comment on column public.twilio_usage.price_unit is
  'The currency, in lower case; empty when Twilio reported none. Part of the key: amounts of two currencies are two '
  'rows.';
comment on column public.twilio_usage.refreshed_at is 'When the values last changed.';
create index twilio_usage_by_user on public.twilio_usage (user_id, day desc);
create index twilio_usage_by_day on public.twilio_usage (day);

alter table public.twilio_usage enable row level security;
revoke all on public.twilio_usage from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.twilio_usage to service_role;
create policy "Only the service reads usage" on public.twilio_usage for select to service_role using (true);

create table private.usage_days (
  account_sid text not null,
  day date not null,
  user_id uuid, -- as in twilio_usage
  total_price numeric not null,
  price_unit text not null,
  is_mixed boolean not null default false,
  read_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  unchanged_dates integer not null default 0,
  closed_at timestamptz,
  reopened_at timestamptz,
  primary key (account_sid, day)
);
comment on table private.usage_days is
  'The days on which an account has or had usage. A day without a row was empty at every read. changed_at: when a read '
  'last found another value. A day is closed by the third date, after that of changed_at and after the day itself, at '
  'which a read finds the same; a correction by Twilio opens it again.';
comment on column private.usage_days.total_price is
  'Of the category totalprice, in price_unit. is_mixed: the day also has amounts in another currency, which are not in '
  'it.';
comment on column private.usage_days.unchanged_dates is
  'The dates (UTC) since the last change at which a read found the same.';
create index usage_days_by_user on private.usage_days (user_id, day desc);
create index usage_days_open on private.usage_days (account_sid, day) where closed_at is null;
create index usage_days_by_day on private.usage_days (day);
alter table private.usage_days enable row level security;
revoke all on private.usage_days from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.usage_days to service_role;

create type private.usage_row as (
  day date, category text, class private.usage_class, price_unit text, count numeric, usage numeric, price numeric);
comment on type private.usage_row is
  'One category of one day. class: null for an unknown category, and that under which the row is added for others.';

create function private.usage_of_days(p_account_sid text, p_from date, p_until date) returns setof private.usage_row
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    with recursive valued as materialized (
      select u.day, u.category, u.price_unit, u.count, u.usage, u.price, c.category is not null as is_known,
        c.parent, c.counts_as
      from public.twilio_usage u left join private.usage_categories c using (category)
      where u.account_sid = p_account_sid and u.day between p_from and p_until
        and (u.count, u.usage, u.price) <> (0, 0, 0) and c.class is distinct from 'total'
    ), containing (day, price_unit, category) as (
      select v.day, v.price_unit, v.parent from valued v where v.parent is not null
      union
      select b.day, b.price_unit, c.parent
      from containing b join private.usage_categories c on c.category = b.category
      where c.parent is not null
    )
    select v.day, v.category, v.counts_as, v.price_unit, v.count, v.usage, v.price
    from valued v
    where not exists (select from containing b
      where (b.day, b.price_unit, b.category) = (v.day, v.price_unit, v.category))
    order by v.day, v.category, v.price_unit;
end;
$$;
comment on function private.usage_of_days(text, date, date) is
  'What an account used on the days from p_from up to and with p_until: the leaves, and with a class of null the '
  'unknown categories. A sum is a leaf on days on which none of its parts has a value.';

create type private.usage_total as (
  day date, price_unit text, total_price numeric, leaves_price numeric, unknown_price numeric, uncategorised numeric);
comment on type private.usage_total is
  'The price of one day in one currency. uncategorised: what totalprice has beyond the leaves; negative when the '
  'leaves are more. unknown_price: of unknown categories, which are not leaves; it may be a part of uncategorised.';

create function private.usage_totals_of_days(p_account_sid text, p_from date, p_until date)
returns setof private.usage_total
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select p.day, p.price_unit, sum(p.total), sum(p.leaf), sum(p.unknown), sum(p.total) - sum(p.leaf)
    from (
      select u.day, u.price_unit, u.price as total, 0::numeric as leaf, 0::numeric as unknown
      from public.twilio_usage u
      where u.account_sid = p_account_sid and u.day between p_from and p_until and u.category = 'totalprice'
      union all
      select r.day, r.price_unit, 0, case when r.class is not null then r.price else 0 end,
        case when r.class is null then r.price else 0 end
      from private.usage_of_days(p_account_sid, p_from, p_until) r
    ) p
    group by p.day, p.price_unit order by p.day, p.price_unit;
end;
$$;
comment on function private.usage_totals_of_days(text, date, date) is
  'The totals of an account''s days from p_from up to and with p_until, a row for each day and currency.';

-- What is to be read --------------------------------------------------------------------------------------------------

create table private.usage_accounts (
  account_sid text primary key,
  user_id uuid, -- as in twilio_usage
  first_day date not null,
  due_at timestamptz,
  rotate_at timestamptz not null default now(),
  active_at timestamptz,
  closed_at timestamptz,
  gone_at timestamptz,
  fence bigint not null default 0,
  begun_at timestamptz,
  pass_began_at timestamptz,
  pass_from date,
  pass_next date,
  read_at timestamptz,
  read_through date,
  read_dates date[] not null default '{}'
);
comment on table private.usage_accounts is
  'The accounts whose usage is read: every subaccount that a tenant has or had, and the master account. A pass reads '
  'all open days in ranges, oldest first, and continues after a crash where it was.';
comment on column private.usage_accounts.due_at is 'When the next pass is due; null: never again.';
comment on column private.usage_accounts.rotate_at is 'When the next pass also reads the closed days again.';
comment on column private.usage_accounts.active_at is
  'When a message, a purchase, a release or the monthly fee of a number was last noted. Not every message is.';
comment on column private.usage_accounts.closed_at is 'When the account was found closed, or replaced by another.';
comment on column private.usage_accounts.gone_at is 'Since when Twilio knows no usage of the account (20404).';
comment on column private.usage_accounts.fence is 'Grows with every read: an older read can write nothing.';
comment on column private.usage_accounts.read_dates is
  'The last three dates (UTC) of complete passes, oldest first. Of the days before the first of three, those without '
  'a row are closed.';
create index usage_accounts_due on private.usage_accounts (due_at) where due_at is not null;
create index usage_accounts_by_user on private.usage_accounts (user_id);
alter table private.usage_accounts enable row level security;
revoke all on private.usage_accounts from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.usage_accounts to service_role;

create function private.utc_day(p_at timestamptz default now()) returns date
language plpgsql immutable
set search_path = ''
as $$
begin
  return (p_at at time zone 'utc')::date;
end;
$$;
comment on function private.utc_day(timestamptz) is 'The day of a moment in UTC, as Twilio counts days.';

create type private.usage_day_state as enum ('unread', 'open', 'closed');
comment on type private.usage_day_state is
  'unread: no read has covered the day. open: its usage may still change. closed: see usage_days.';

create function private.settled_before(p_account private.usage_accounts) returns date
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when cardinality(p_account.read_dates) = 3 then p_account.read_dates[1] else p_account.first_day end;
end;
$$;
comment on function private.settled_before(private.usage_accounts) is
  'The day before which days without a row are closed: three dates of reads came after them.';

create function private.state_of_usage_day(p_account_sid text, p_day date) returns private.usage_day_state
language plpgsql stable
set search_path = ''
as $$
declare
  account private.usage_accounts;
  read private.usage_days;
begin
  select * into read from private.usage_days d where d.account_sid = p_account_sid and d.day = p_day;
  if found then
    return case when read.closed_at is null then 'open' else 'closed' end;
  end if;
  select * into account from private.usage_accounts a where a.account_sid = p_account_sid;
  return case
    when account.read_through is null or p_day > account.read_through then 'unread'
    when p_day < private.settled_before(account) then 'closed'
    else 'open'
  end;
end;
$$;
comment on function private.state_of_usage_day(text, date) is
  'Whether a day of an account is closed. Of a day without usage there is no row: the dates of the reads decide.';

create function private.usage_rotation_days() returns integer
language plpgsql immutable
set search_path = ''
as $$
begin
  return 35;
end;
$$;
comment on function private.usage_rotation_days() is
  'How many days back closed days are read again: more than a month, because an invoice corrects the month before.';

-- Retention -----------------------------------------------------------------------------------------------------------

create function private.purge_usage(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  -- A day is over before its time is counted.
  until constant date := private.utc_day(now() - private.kept_for('financial'));
  records integer;
  days integer;
  comparisons integer;
begin
  delete from public.twilio_usage u
  where u.ctid = any (array(
    select o.ctid from public.twilio_usage o where o.day < until order by o.day limit p_limit for update));
  get diagnostics records = row_count;
  delete from private.usage_days d
  where d.ctid = any (array(
    select o.ctid from private.usage_days o where o.day < until order by o.day limit p_limit for update));
  get diagnostics days = row_count;
  delete from private.reconciliations r
  where r.ctid = any (array(
    select o.ctid from private.reconciliations o where o.day < until order by o.day limit p_limit for update));
  get diagnostics comparisons = row_count;
  return greatest(records, days, comparisons);
end;
$$;
comment on function private.purge_usage(integer) is
  'Deletes up to p_limit usage records, days, and comparisons of days with the ledger that are old enough, the oldest '
  'first. Returns how many of the kind of which there were most.';

-- The operator's view -------------------------------------------------------------------------------------------------

create function public.usage_sync_state()
returns table (accounts bigint, due bigint, oldest_due_at timestamptz, last_read_at timestamptz, oldest_unread_day date,
  retrying bigint, dead_letters bigint)
language plpgsql stable
security definer -- reads pgmq's tables
set search_path = ''
as $$
begin
  select count(*), count(*) filter (where a.due_at <= now()), min(a.due_at) filter (where a.due_at <= now()),
    max(a.read_at), min(greatest(a.read_through + 1, a.first_day)) filter (where a.due_at is not null)
  into accounts, due, oldest_due_at, last_read_at, oldest_unread_day
  from private.usage_accounts a;
  if oldest_unread_day >= private.utc_day() then
    oldest_unread_day := null;
  end if;
  retrying := (select count(*) from private.job_errors e join private.jobs j on j.lane = e.lane and j.msg_id = e.job_id
    where e.lane = 'usage' and j.message ->> 'kind' = 'sync-usage');
  dead_letters := (select count(*) from pgmq.q_jobs_dead d where d.message -> 'job' ->> 'kind' = 'sync-usage');
  return next;
end;
$$;
comment on function public.usage_sync_state() is
  'How the sync of usage is doing: accounts that are read, those that are due and since when, the last read, the '
  'oldest day before today that no read has covered (null: none), and jobs that failed.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.usage_of_days(text, date, date),
  private.usage_totals_of_days(text, date, date),
  private.utc_day(timestamptz),
  private.settled_before(private.usage_accounts),
  private.state_of_usage_day(text, date),
  private.usage_rotation_days(),
  private.purge_usage(integer),
  public.usage_sync_state()
  from public, anon, authenticated;
grant execute on function
  private.usage_of_days(text, date, date),
  private.usage_totals_of_days(text, date, date),
  private.utc_day(timestamptz),
  private.settled_before(private.usage_accounts),
  private.state_of_usage_day(text, date),
  private.usage_rotation_days(),
  private.purge_usage(integer),
  public.usage_sync_state()
  to service_role;
