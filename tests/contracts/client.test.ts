import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type * as z from "zod";
import type * as client from "../../client/switchboard.ts";
import type { ErrorCode } from "../../supabase/functions/_shared/platform/errors.ts";
import type { contract as admin } from "../../supabase/functions/admin/contract.ts";
import type { contract as billingPortal } from "../../supabase/functions/billing-portal/contract.ts";
import type { contract as buyNumber } from "../../supabase/functions/buy-number/contract.ts";
import type { contract as cancelSubscription } from "../../supabase/functions/cancel-subscription/contract.ts";
import type { contract as changePlan } from "../../supabase/functions/change-plan/contract.ts";
import type { contract as claimSubscription } from "../../supabase/functions/claim-subscription/contract.ts";
import type { contract as contacts } from "../../supabase/functions/contacts/contract.ts";
import type { contract as createCheckout } from "../../supabase/functions/create-checkout/contract.ts";
import type { contract as markRead } from "../../supabase/functions/mark-read/contract.ts";
import type { contract as listNumbers } from "../../supabase/functions/list-numbers/contract.ts";
import type { contract as provisionSubaccount } from "../../supabase/functions/provision-subaccount/contract.ts";
import type { contract as searchNumbers } from "../../supabase/functions/search-numbers/contract.ts";
import type { contract as sendSms } from "../../supabase/functions/send-sms/contract.ts";
import type { contract as campaigns } from "../../supabase/functions/campaigns/contract.ts";
import type { contract as forwardWebhook } from "../../supabase/functions/forward-webhook/contract.ts";
import type { contract as getUsage } from "../../supabase/functions/get-usage/contract.ts";
import type { contract as listStatements } from "../../supabase/functions/list-statements/contract.ts";
import type { contract as listConversations } from "../../supabase/functions/list-conversations/contract.ts";
import type { contract as listMessages } from "../../supabase/functions/list-messages/contract.ts";
import type { contract as messageMedia } from "../../supabase/functions/message-media/contract.ts";
import type { contract as messagingSettings } from "../../supabase/functions/messaging-settings/contract.ts";
import type { contract as optOuts } from "../../supabase/functions/opt-outs/contract.ts";
import type { contract as redactMessage } from "../../supabase/functions/redact-message/contract.ts";
import type { contract as sendBulk } from "../../supabase/functions/send-bulk/contract.ts";
import type { contract as releaseNumber } from "../../supabase/functions/release-number/contract.ts";
import type { contract as renameNumber } from "../../supabase/functions/rename-number/contract.ts";
import type { contract as setPrimaryNumber } from "../../supabase/functions/set-primary-number/contract.ts";
import type { contract as syncNumbers } from "../../supabase/functions/sync-numbers/contract.ts";
import { withModels } from "../../local/openapi/client-models.ts";
import { readContracts } from "../../local/openapi/contracts.ts";
import { openapiOf } from "../../local/openapi/document.ts";
import type { Body, Operation, Query, Same, Success } from "./types.ts";

type Post<Contract, Path = ""> = Operation<Contract, "POST", Path>;
type Get<Contract, Path = ""> = Operation<Contract, "GET", Path>;

/** Compiles when both types are the same; `deno task test types` checks it. */
function same<Client, Contract>(_isSame: Same<Client, Contract>): void {}

Deno.test("the client's types for accounts, numbers, sending and billing equal those of the contracts", () => {
  same<client.ProvisionedSubaccount, Success<Post<typeof provisionSubaccount>>>(true);
  same<client.Subaccount, Success<Get<typeof provisionSubaccount>>>(true);
  same<client.NumberList, Success<Get<typeof listNumbers>>>(true);
  same<client.NumbersOverview, Success<Get<typeof listNumbers, "/overview">>>(true);
  same<client.NumberSearch, Query<Get<typeof searchNumbers>>>(true);
  same<client.NumberOffer, Success<Get<typeof searchNumbers>>>(true);
  same<client.NumberPurchase, Body<Post<typeof buyNumber>>>(true);
  same<client.BoughtNumber, Success<Post<typeof buyNumber>>>(true);
  same<client.NumberChoice, Body<Post<typeof setPrimaryNumber>>>(true);
  same<client.NumberRenaming, Body<Post<typeof renameNumber>>>(true);
  same<client.NumberRelease, Body<Post<typeof releaseNumber>>>(true);
  same<client.ReleasedNumber, Success<Post<typeof releaseNumber>>>(true);
  same<client.NumberSync, Success<Post<typeof syncNumbers>>>(true);
  same<client.Message, Body<Post<typeof sendSms>>>(true);
  same<client.SentMessage, Success<Post<typeof sendSms>>>(true);
  same<client.CheckoutRequest, Body<Post<typeof createCheckout>>>(true);
  same<client.Checkout, Success<Post<typeof createCheckout>>>(true);
  same<client.SubscriptionEnd, Body<Post<typeof cancelSubscription>>>(true);
  same<client.SubscriptionEndAccepted, Success<Post<typeof cancelSubscription>>>(true);
  same<client.PlanChangeRequest, Body<Post<typeof changePlan>>>(true);
  same<client.PlanChange, Success<Post<typeof changePlan>>>(true);
  same<client.SubscriptionClaim, Body<Post<typeof claimSubscription>>>(true);
  same<client.ClaimedSubscriptions, Success<Post<typeof claimSubscription>>>(true);
  same<client.BillingPortalRequest, Body<Post<typeof billingPortal>>>(true);
  same<client.BillingPortal, Success<Post<typeof billingPortal>>>(true);
});

Deno.test("the client's types for messages and campaigns equal those of the contracts", () => {
  same<client.MessagesQuery, Query<Get<typeof listMessages>>>(true);
  same<client.MessagePage, Success<Get<typeof listMessages>>>(true);
  same<client.ConversationsQuery, Query<Get<typeof listConversations>>>(true);
  same<client.ConversationPage, Success<Get<typeof listConversations>>>(true);
  same<client.ReadMark, Body<Post<typeof markRead>>>(true);
  same<client.ReadState, Success<Post<typeof markRead>>>(true);
  same<client.ContactsQuery, Query<Get<typeof contacts>>>(true);
  same<client.ContactPage, Success<Get<typeof contacts>>>(true);
  same<client.ContactTags, Success<Get<typeof contacts, "/tags">>>(true);
  same<client.ContactChange, Body<Post<typeof contacts>>>(true);
  same<client.SavedContact, Success<Post<typeof contacts>>>(true);
  same<client.ContactImport, Body<Post<typeof contacts, "/import">>>(true);
  same<client.ImportedContacts, Success<Post<typeof contacts, "/import">>>(true);
  same<client.ContactDeletion, Body<Post<typeof contacts, "/delete">>>(true);
  same<client.DeletedContact, Success<Post<typeof contacts, "/delete">>>(true);
  same<client.StatementsQuery, Query<Get<typeof listStatements>>>(true);
  same<client.StatementPage, Success<Get<typeof listStatements>>>(true);
  same<client.StatementQuery, Query<Get<typeof listStatements, "/{statementId}">>>(true);
  same<client.StatementDetails, Success<Get<typeof listStatements, "/{statementId}">>>(true);
  same<client.UsageQuery, Query<Get<typeof getUsage>>>(true);
  same<client.Usage, Success<Get<typeof getUsage>>>(true);
  same<client.MediaLinksQuery, Query<Get<typeof messageMedia, "/links">>>(true);
  same<client.MediaLinks, Success<Get<typeof messageMedia, "/links">>>(true);
  same<client.MessageId, Body<Post<typeof redactMessage>>>(true);
  same<client.Redaction, Success<Post<typeof redactMessage>>>(true);
  same<client.MessagingSettingsChange, Body<Post<typeof messagingSettings>>>(true);
  same<client.MessagingSettings, Success<Get<typeof messagingSettings>>>(true);
  same<client.ForwardWebhookRequest, Body<Post<typeof forwardWebhook>>>(true);
  same<client.ForwardWebhooks, Success<Get<typeof forwardWebhook>>>(true);
  same<client.ForwardWebhooks, Success<Post<typeof forwardWebhook>>>(true);
  same<client.ForwardWebhooks, Success<Post<typeof forwardWebhook, "/confirm">>>(true);
  same<client.ForwardWebhooks, Success<Post<typeof forwardWebhook, "/test">>>(true);
  same<client.ForwardDeliveriesQuery, Query<Get<typeof forwardWebhook, "/deliveries">>>(true);
  same<client.ForwardDeliveryPage, Success<Get<typeof forwardWebhook, "/deliveries">>>(true);
  same<client.ForwardDeliveryDetails, Success<Get<typeof forwardWebhook, "/deliveries/{deliveryId}">>>(true);
  same<client.ForwardDelivery, Success<Post<typeof forwardWebhook, "/deliveries/{deliveryId}/replay">>>(true);
  same<client.Bulk, Body<Post<typeof sendBulk>>>(true);
  same<client.BulkResponse, Success<Post<typeof sendBulk>>>(true);
  same<client.CampaignsQuery, Query<Get<typeof campaigns>>>(true);
  same<client.CampaignPage, Success<Get<typeof campaigns>>>(true);
  same<client.Campaign, Success<Get<typeof campaigns, "/{campaignId}">>>(true);
  same<client.Campaign, Success<Post<typeof campaigns, "/{campaignId}/pause">>>(true);
  same<client.RecipientsQuery, Query<Get<typeof campaigns, "/{campaignId}/recipients">>>(true);
  same<client.OptOutsQuery, Query<Get<typeof optOuts>>>(true);
  same<client.OptOutPage, Success<Get<typeof optOuts>>>(true);
  same<client.NewOptOuts, Body<Post<typeof optOuts>>>(true);
  same<client.AddedOptOuts, Success<Post<typeof optOuts>>>(true);
  same<client.RecipientPage, Success<Get<typeof campaigns, "/{campaignId}/recipients">>>(true);
});

Deno.test("the client's types for operators equal those of the contract", () => {
  same<client.TenantsPage, Query<Get<typeof admin, "/tenants">>>(true);
  same<client.TenantList, Success<Get<typeof admin, "/tenants">>>(true);
  same<client.TenantView, Success<Get<typeof admin, "/tenants/{userId}">>>(true);
  same<client.TimelinePage, Query<Get<typeof admin, "/tenants/{userId}/timeline">>>(true);
  same<client.Timeline, Success<Get<typeof admin, "/tenants/{userId}/timeline">>>(true);
  same<client.AuditPage, Query<Get<typeof admin, "/audit">>>(true);
  same<client.AuditLog, Success<Get<typeof admin, "/audit">>>(true);
  same<client.TenantSync, Body<Post<typeof admin, "/sync-tenant">>>(true);
  same<client.TenantLimits, Body<Post<typeof admin, "/set-tenant-limits">>>(true);
  same<client.TenantLimitsSet, Success<Post<typeof admin, "/set-tenant-limits">>>(true);
  same<client.PlanLimits, Body<Post<typeof admin, "/set-plan-limits">>>(true);
  same<client.PlanLimitsSet, Success<Post<typeof admin, "/set-plan-limits">>>(true);
  same<client.PlanList, Success<Get<typeof admin, "/plans">>>(true);
  same<client.TenantEmailList, Success<Get<typeof admin, "/tenant-emails">>>(true);
  same<client.RevenuePage, Query<Get<typeof admin, "/revenue">>>(true);
  same<client.RevenueList, Success<Get<typeof admin, "/revenue">>>(true);
  same<client.Health, Success<Get<typeof admin, "/health">>>(true);
  same<client.DeadLettersPage, Query<Get<typeof admin, "/dead-letters">>>(true);
  same<client.DeadLetterList, Success<Get<typeof admin, "/dead-letters">>>(true);
  same<client.AlertsPage, Query<Get<typeof admin, "/alerts">>>(true);
  same<client.AlertList, Success<Get<typeof admin, "/alerts">>>(true);
  same<client.AlertAcknowledgement, Body<Post<typeof admin, "/acknowledge-alert">>>(true);
  same<client.AlertsChange, Body<Post<typeof admin, "/change-alerts">>>(true);
  same<client.ChangedAlerts, Success<Post<typeof admin, "/change-alerts">>>(true);
  same<client.AcknowledgedAlert, Success<Post<typeof admin, "/acknowledge-alert">>>(true);
  same<client.AlertSettlement, Body<Post<typeof admin, "/settle-alert">>>(true);
  same<client.SettledAlert, Success<Post<typeof admin, "/settle-alert">>>(true);
  same<client.SubscriptionCancellation, Body<Post<typeof admin, "/cancel-subscription">>>(true);
  same<client.SubscriptionCanceled, Success<Post<typeof admin, "/cancel-subscription">>>(true);
  same<client.Provision, Body<Post<typeof admin, "/provision">>>(true);
  same<client.AcceptedFor, Success<Post<typeof admin, "/provision">>>(true);
  same<client.Hold, Body<Post<typeof admin, "/suspend" | "/resume" | "/close">>>(true);
  same<client.Held, Success<Post<typeof admin, "/suspend" | "/resume" | "/close">>>(true);
  same<client.Replay, Body<Post<typeof admin, "/replay">>>(true);
  same<client.Replayed, Success<Post<typeof admin, "/replay">>>(true);
  same<client.ActionReason, Body<Post<typeof admin, "/sweep" | "/rotate-sealing-keys">>>(true);
  same<client.Accepted, Success<Post<typeof admin, "/sweep" | "/rotate-sealing-keys">>>(true);
  same<client.TokenRotation, Body<Post<typeof admin, "/rotate-token">>>(true);
  same<client.AcceptedRotation, Success<Post<typeof admin, "/rotate-token">>>(true);
  same<client.NumberMove, Body<Post<typeof admin, "/move-number">>>(true);
  same<client.MovedNumber, Success<Post<typeof admin, "/move-number">>>(true);
  same<client.NumberSendRate, Body<Post<typeof admin, "/set-number-send-rate">>>(true);
  same<client.NumberSendRateSet, Success<Post<typeof admin, "/set-number-send-rate">>>(true);
  same<client.UnpaidAccountList, Success<Get<typeof admin, "/unpaid-accounts">>>(true);
  same<client.UnpaidTotal, Success<Get<typeof admin, "/unpaid-total">>>(true);
  same<client.TenantFiguresQuery, Query<Get<typeof admin, "/tenant-figures">>>(true);
  same<client.TenantFiguresList, Success<Get<typeof admin, "/tenant-figures">>>(true);
  same<client.TenantUsageQuery, Query<Get<typeof admin, "/tenants/{userId}/usage">>>(true);
  same<client.TenantUsageDays, Success<Get<typeof admin, "/tenants/{userId}/usage">>>(true);
  same<client.ReconciliationsPage, Query<Get<typeof admin, "/reconciliations">>>(true);
  same<client.ReconciliationList, Success<Get<typeof admin, "/reconciliations">>>(true);
  same<client.CarrierFeesPage, Query<Get<typeof admin, "/carrier-fees">>>(true);
  same<client.CarrierFeeList, Success<Get<typeof admin, "/carrier-fees">>>(true);
  same<client.CarrierFeeSetting, Body<Post<typeof admin, "/set-carrier-fee">>>(true);
  same<client.CarrierFeeSet, Success<Post<typeof admin, "/set-carrier-fee">>>(true);
  same<client.ExchangeRatesPage, Query<Get<typeof admin, "/exchange-rates">>>(true);
  same<client.ExchangeRateList, Success<Get<typeof admin, "/exchange-rates">>>(true);
  same<client.ExchangeRateSetting, Body<Post<typeof admin, "/set-exchange-rate">>>(true);
  same<client.ExchangeRateSet, Success<Post<typeof admin, "/set-exchange-rate">>>(true);
  same<client.SealingKeys, Success<Get<typeof admin, "/sealing-keys">>>(true);
});

Deno.test("the client's models equal what `deno task openapi` writes", async () => {
  const source = await Deno.readTextFile(fileURLToPath(new URL("../../client/switchboard.ts", import.meta.url)));
  assert.equal(await withModels(source, openapiOf(await readContracts())), source, "run `deno task openapi`");
});

Deno.test("the client's error codes equal those of the functions", () => {
  same<client.ServerErrorCode, ErrorCode>(true);
});

Deno.test("Same is false for types that differ in any property", () => {
  type Kept = z.ZodObject<{ a: z.ZodString; b: z.ZodOptional<z.ZodNumber> }>;
  same<{ a: string; b?: number }, z.input<Kept>>(true);
  same<{ a: string; b: number }, z.input<Kept>>(false);
  same<{ a: string }, z.input<Kept>>(false);
  same<{ a: string | null; b?: number }, z.input<Kept>>(false);
  same<{ a: string; b?: number; c?: string }, z.input<Kept>>(false);
});

Deno.test("the client calls every operation for users and operators but those that return a file, and no other", async () => {
  const source = await Deno.readTextFile(fileURLToPath(new URL("../../client/switchboard.ts", import.meta.url)));
  // `"GET", "list-numbers"`, or with parameters in the path: `"GET", \`campaigns/${id}\``.
  const called = [...source.matchAll(/"(GET|POST)",\s+["`]([a-z][^"`]*)["`]/g)].map(([, method, path]) =>
    `${method} ${path!.replaceAll(/\$\{[^}]+\}/g, "{}")}`
  );
  const offered = Object.entries(await readContracts())
    .filter(([, { caller }]) => caller === "user" || caller === "user-or-link" || caller === "operator")
    .flatMap(([name, { operations }]) =>
      // A file is opened with a link.
      operations.filter(({ responses }) => responses[200] !== "file").map(({ method, path }) =>
        `${method} ${name}${path.replaceAll(/\{\w+\}/g, "{}")}`
      )
    );
  // An operation that offers CSV has a method for each format: `admin.csv` is that of all lists of operators.
  const lists = "GET admin/{}";
  assert.deepEqual([...new Set(called)].filter((call) => call !== lists).sort(), offered.sort());
});
