import type { SupabaseClient } from "@supabase/supabase-js";

/**
 * The typed client of Switchboard's functions, for browsers and servers. It is one file, to copy or to import. Calls are made
 * as the user who is signed in with the given supabase-js client.
 *
 *     const switchboard = createSwitchboard(createClient(url, publishableKey));
 *     const { numbers } = await switchboard.listNumbers();
 *
 * A failed call throws a `SwitchboardError`; decide on its `code`.
 */
export function createSwitchboard(supabase: FunctionsOf, options: SwitchboardOptions = {}): Switchboard {
  return new Switchboard(supabase, options);
}

/** The part of a supabase-js client that is used: it knows the project's address and who is signed in. */
export type FunctionsOf = Pick<SupabaseClient, "functions">;

export interface SwitchboardOptions {
  /** How long a call may take, its retries included; 60 seconds unless given. */
  timeoutMs?: number | undefined;
  /** How often a repeatable call is made again when the network fails; twice unless given. */
  retries?: number | undefined;
}

/** What every method takes as its last argument. */
export interface CallOptions {
  /** Aborts the call: it throws `aborted`. The server may have carried out the request. */
  signal?: AbortSignal | undefined;
  /** Overrides the client's own. */
  timeoutMs?: number | undefined;
  /** Gets the request's id, which the audit log and the server's log name it by, as soon as there is a response. */
  onRequestId?: ((requestId: string) => void) | undefined;
}

/** What a tenant can do. */
export class Switchboard {
  readonly #call: Call;
  /** What operators can do: `forbidden` for other users. */
  readonly admin: SwitchboardAdmin;

  constructor(supabase: FunctionsOf, options: SwitchboardOptions) {
    this.#call = caller(supabase, options);
    this.admin = new SwitchboardAdmin(this.#call);
  }

  /**
   * Ensures the caller's subaccount; asking twice is harmless. `pending`: provisioning is in progress, ask again soon.
   * @throws SwitchboardError `subscription_required`, `subaccount_suspended`, `subaccount_closed`, `subaccount_limit_reached`
   */
  provisionSubaccount(options?: CallOptions): Promise<ProvisionedSubaccount> {
    return this.#call("POST", "provision-subaccount", { repeatable: true }, options);
  }

  /** The caller's subaccount and its status. */
  subaccount(options?: CallOptions): Promise<Subaccount> {
    return this.#call("GET", "provision-subaccount", {}, options);
  }

  /** The caller's numbers, the primary one first. Without any: the platform's shared numbers, with a notice. */
  listNumbers(options?: CallOptions): Promise<NumberList> {
    return this.#call("GET", "list-numbers", {}, options);
  }

  /** What the caller may still buy, the numbers whose purchase or release is in progress, and what is scheduled. */
  numbersOverview(options?: CallOptions): Promise<NumbersOverview> {
    return this.#call("GET", "list-numbers/overview", {}, options);
  }

  /**
   * Numbers on offer, in Twilio's order, with what each costs and requires.
   * @throws SwitchboardError `number_not_available` where Twilio sells no such numbers in the country, `subaccount_…`
   */
  async searchNumbers(search: NumberSearch = {}, options?: CallOptions): Promise<AvailableNumber[]> {
    const { numbers } = await this.#call<NumberOffer>("GET", "search-numbers", { query: search }, options);
    return numbers;
  }

  /**
   * Buys a number. The call is not repeated when the network fails: list the numbers to see whether it was bought.
   * @throws SwitchboardError `number_taken`, `number_not_available`, `number_limit_reached`, `number_purchase_in_progress`,
   * `regulatory_information_required`, `subaccount_…`
   */
  buyNumber(purchase: NumberPurchase, options?: CallOptions): Promise<BoughtNumber> {
    return this.#call("POST", "buy-number", { body: purchase }, options);
  }

  /**
   * Makes a number primary: messages without a `from` are sent from it.
   * @throws SwitchboardError `not_found`, `number_purchase_in_progress`, `number_release_in_progress`
   */
  setPrimaryNumber(choice: NumberChoice, options?: CallOptions): Promise<PhoneNumber> {
    return this.#call("POST", "set-primary-number", { body: choice, repeatable: true }, options);
  }

  /** Renames a number, at Twilio as well. @throws SwitchboardError `not_found`, `number_…`, `subaccount_…` */
  renameNumber(renaming: NumberRenaming, options?: CallOptions): Promise<PhoneNumber> {
    return this.#call("POST", "rename-number", { body: renaming, repeatable: true }, options);
  }

  /**
   * Releases a number to Twilio, for good. The number must be typed again to confirm.
   * @throws SwitchboardError `not_found`, `number_release_unknown`, `subaccount_…`
   */
  releaseNumber(release: NumberRelease, options?: CallOptions): Promise<ReleasedNumber> {
    return this.#call("POST", "release-number", { body: release, repeatable: true }, options);
  }

  /** Compares the numbers with Twilio's list now rather than within the day. @throws SwitchboardError `subaccount_…` */
  syncNumbers(options?: CallOptions): Promise<NumberSync> {
    return this.#call("POST", "sync-numbers", { repeatable: true }, options);
  }

  /**
   * Sends a message, at most once: the call is repeated under one idempotency key when the network fails. Pass a key of your
   * own to repeat it yourself, for example after `message_outcome_unknown`.
   * @throws SwitchboardError `recipient_opted_out`, `message_limit_reached`, `number_required`, `message_outcome_unknown` …
   */
  sendSms(message: Message, options: SendOptions = {}): Promise<SentMessage> {
    const headers = { "idempotency-key": options.idempotencyKey ?? crypto.randomUUID() };
    return this.#call("POST", "send-sms", { body: message, headers, repeatable: true }, options);
  }

  /**
   * Sends to up to 10,000 recipients, as a campaign; `rejected` lists the rows that cannot be sent to. The call is repeated
   * under one idempotency key when the network fails, like `sendSms`.
   * @throws SwitchboardError `no_valid_recipients`, `idempotency_key_reused`, `number_…`, `subaccount_…`
   */
  sendBulk(bulk: Bulk, options: SendOptions = {}): Promise<BulkResponse> {
    const headers = { "idempotency-key": options.idempotencyKey ?? crypto.randomUUID() };
    return this.#call("POST", "send-bulk", { body: bulk, headers, repeatable: true }, options);
  }

  /** One page of the caller's campaigns, newest first. */
  listCampaigns(query: CampaignsQuery = {}, options?: CallOptions): Promise<CampaignPage> {
    return this.#call("GET", "campaigns", { query }, options);
  }

  /** One campaign, with live counts. @throws SwitchboardError `not_found` */
  campaign(campaignId: string, options?: CallOptions): Promise<Campaign> {
    return this.#call("GET", `campaigns/${campaignId}`, {}, options);
  }

  /** One page of a campaign's recipients, each with its status. @throws SwitchboardError `not_found` */
  listRecipients(campaignId: string, query: RecipientsQuery = {}, options?: CallOptions): Promise<RecipientPage> {
    return this.#call("GET", `campaigns/${campaignId}/recipients`, { query }, options);
  }

  /** Every recipient; the next page is read when it is needed. */
  everyRecipient(
    campaignId: string,
    query: RecipientsQuery = {},
    options?: CallOptions,
  ): AsyncGenerator<CampaignRecipient, void, undefined> {
    return everyItem(
      (cursor: string | undefined) => this.listRecipients(campaignId, { ...query, cursor }, options),
      ({ recipients }) => recipients,
    );
  }

  /** Pauses a campaign: no further message is handed to Twilio until it is resumed. @throws SwitchboardError `not_found`, `campaign_over` */
  pauseCampaign(campaignId: string, options?: CallOptions): Promise<Campaign> {
    return this.#call("POST", `campaigns/${campaignId}/pause`, { repeatable: true }, options);
  }

  /** Resumes a paused campaign. @throws SwitchboardError `not_found`, `campaign_over` */
  resumeCampaign(campaignId: string, options?: CallOptions): Promise<Campaign> {
    return this.#call("POST", `campaigns/${campaignId}/resume`, { repeatable: true }, options);
  }

  /** Cancels a campaign for good; waiting recipients are skipped. @throws SwitchboardError `not_found`, `campaign_over` */
  cancelCampaign(campaignId: string, options?: CallOptions): Promise<Campaign> {
    return this.#call("POST", `campaigns/${campaignId}/cancel`, { repeatable: true }, options);
  }

  /**
   * Makes a campaign of the recipients whose message failed, each of them in one retry. The call is repeated under one
   * idempotency key when the network fails, like `sendSms`.
   * @throws SwitchboardError `not_found`, `campaign_not_over`, `nothing_to_retry`, `too_many_recipients`, `number_…`
   */
  retryCampaign(campaignId: string, options: SendOptions = {}): Promise<Campaign> {
    const headers = { "idempotency-key": options.idempotencyKey ?? crypto.randomUUID() };
    return this.#call("POST", `campaigns/${campaignId}/retry`, { headers, repeatable: true }, options);
  }

  /** One page of the caller's messages by any filter, newest first unless `order` is `oldest`. */
  listMessages(query: MessagesQuery = {}, options?: CallOptions): Promise<MessagePage> {
    return this.#call("GET", "list-messages", { query }, options);
  }

  /** Every message that matches; the next page is read when it is needed. */
  everyMessage(query: MessagesQuery = {}, options?: CallOptions): AsyncGenerator<ListedMessage, void, undefined> {
    return everyItem(
      (cursor: string | undefined) => this.listMessages({ ...query, cursor }, options),
      ({ messages }) => messages,
    );
  }

  /** One message of the caller's; null if there is none with this id. */
  async message(messageId: string, options?: CallOptions): Promise<ListedMessage | null> {
    const { messages } = await this.listMessages({ id: messageId }, options);
    return messages[0] ?? null;
  }

  /**
   * One page of the caller's conversations, one for each pair of numbers, latest message first. With a filter a page may be
   * short, or empty, before the end: read on while `next` is not null.
   */
  listConversations(query: ConversationsQuery = {}, options?: CallOptions): Promise<ConversationPage> {
    return this.#call("GET", "list-conversations", { query }, options);
  }

  /** Every conversation that matches; the next page is read when it is needed. */
  everyConversation(
    query: ConversationsQuery = {},
    options?: CallOptions,
  ): AsyncGenerator<Conversation, void, undefined> {
    return everyItem(
      (cursor: string | undefined) => this.listConversations({ ...query, cursor }, options),
      ({ conversations }) => conversations,
    );
  }

  /**
   * Marks received messages of a conversation as read, up to and with those of the millisecond `until`; or, with `unread`, its
   * newest one as unread. A message that arrives meanwhile stays unread.
   * @throws SwitchboardError `not_found`
   * @example await switchboard.markRead({ number, with: peer, until: newestShown.createdAt })
   */
  markRead(mark: ReadMark, options?: CallOptions): Promise<ReadState> {
    return this.#call("POST", "mark-read", { body: mark, repeatable: true }, options);
  }

  /** One page of the caller's contacts, by name. */
  contacts(query: ContactsQuery = {}, options?: CallOptions): Promise<ContactPage> {
    return this.#call("GET", "contacts", { query }, options);
  }

  /** Every contact that matches; the next page is read when it is needed. */
  everyContact(query: ContactsQuery = {}, options?: CallOptions): AsyncGenerator<Contact, void, undefined> {
    return everyItem(
      (cursor: string | undefined) => this.contacts({ ...query, cursor }, options),
      ({ contacts }) => contacts,
    );
  }

  /** The caller's tags, each with its number of contacts. */
  contactTags(options?: CallOptions): Promise<ContactTags> {
    return this.#call("GET", "contacts/tags", {}, options);
  }

  /**
   * Adds a contact or changes it: a field that is left out stays as it is, and null clears it.
   * @throws SwitchboardError `invalid_recipient` if the number is none, `too_many_contacts`
   */
  saveContact(change: ContactChange, options?: CallOptions): Promise<SavedContact> {
    return this.#call("POST", "contacts", { body: change, repeatable: true }, options);
  }

  /** Adds or changes up to 1,000 contacts; `rejected` lists the rows that were not saved. */
  importContacts(contacts: ContactImport, options?: CallOptions): Promise<ImportedContacts> {
    return this.#call("POST", "contacts/import", { body: contacts, repeatable: true }, options);
  }

  /** Deletes a contact; its messages stay. @throws SwitchboardError `invalid_recipient` if the number is none */
  deleteContact(contact: ContactDeletion, options?: CallOptions): Promise<DeletedContact> {
    return this.#call("POST", "contacts/delete", { body: contact, repeatable: true }, options);
  }

  /**
   * The caller's usage in their own prices, by UTC day, by calendar month, or for the current billing period, with what is
   * left of their limits and a forecast. Throws `invalid_input` for a range of more than 400 days.
   * @example await switchboard.getUsage({ by: "day", from: "2026-11-01", until: "2026-12-01" })
   */
  getUsage(query: Omit<UsageQuery, "format"> = {}, options?: CallOptions): Promise<Usage> {
    return this.#call("GET", "get-usage", { query }, options);
  }

  /** The rows of `getUsage` as CSV: from, until, kind, currency, count, segments, price. */
  getUsageCsv(query: Omit<UsageQuery, "format"> = {}, options?: CallOptions): Promise<string> {
    return this.#call("GET", "get-usage", { query: { ...query, format: "csv" }, isText: true }, options);
  }

  /**
   * One page of the caller's statements, newest first: one for each billing period of their own subscriptions, with what is
   * billed for usage and the invoice that bills it.
   */
  listStatements(query: StatementsQuery = {}, options?: CallOptions): Promise<StatementPage> {
    return this.#call("GET", "list-statements", { query }, options);
  }

  /** One statement, line by line. @throws SwitchboardError `not_found` */
  statement(statementId: string, options?: CallOptions): Promise<StatementDetails> {
    return this.#call("GET", `list-statements/${encodeURIComponent(statementId)}`, {}, options);
  }

  /**
   * The lines of a statement as CSV, or the statement as a page to print. Show the page from a Blob or in the `srcdoc` of a
   * frame: the functions' default domain serves HTML as plain text.
   * @throws SwitchboardError `not_found`
   */
  statementAs(format: "csv" | "html", statementId: string, options?: CallOptions): Promise<string> {
    const path = `list-statements/${encodeURIComponent(statementId)}`;
    return this.#call("GET", path, { query: { format }, isText: true }, options);
  }

  /**
   * Links to the files of a received message, such as for the `src` of an image. They need no token and are valid for 15
   * minutes. Throws `not_found`.
   */
  mediaLinks(message: MediaLinksQuery, options?: CallOptions): Promise<MediaLinks> {
    return this.#call("GET", "message-media/links", { query: message }, options);
  }

  /**
   * Deletes a message's text and media, at Twilio and here. `redactedAt` is null while Twilio is not done with the message: a
   * job deletes them as soon as it is.
   * @throws SwitchboardError `not_found`
   */
  redactMessage(message: MessageId, options?: CallOptions): Promise<Redaction> {
    return this.#call("POST", "redact-message", { body: message, repeatable: true }, options);
  }

  /** One page of the caller's opt-outs, newest first. Only a recipient's START deletes one. */
  optOuts(query: OptOutsQuery = {}, options?: CallOptions): Promise<OptOutPage> {
    return this.#call("GET", "opt-outs", { query }, options);
  }

  /** Every opt-out that matches; the next page is read when it is needed. */
  everyOptOut(query: OptOutsQuery = {}, options?: CallOptions): AsyncGenerator<OptOut, void, undefined> {
    return everyItem(
      (cursor: string | undefined) => this.optOuts({ ...query, cursor }, options),
      ({ optOuts }) => optOuts,
    );
  }

  /** All of the caller's opt-outs as CSV. */
  exportOptOuts(options?: CallOptions): Promise<string> {
    return this.#call("GET", "opt-outs/export", { isText: true }, options);
  }

  /**
   * Adds up to 1,000 opt-outs, by hand or from another product; `rejected` lists the rows that were not stored. Each binds
   * the caller alone. A row that exists stays as it is. @throws SwitchboardError `too_many_opt_outs`
   */
  addOptOuts(optOuts: NewOptOuts, options?: CallOptions): Promise<AddedOptOuts> {
    return this.#call("POST", "opt-outs", { body: optOuts, repeatable: true }, options);
  }

  /** The caller's rules for messages. */
  messagingSettings(options?: CallOptions): Promise<MessagingSettings> {
    return this.#call("GET", "messaging-settings", {}, options);
  }

  /**
   * Replaces the caller's rules as a whole. With the `version` that was read, rules that were saved meanwhile are not
   * overwritten. @throws SwitchboardError `settings_changed`
   */
  saveMessagingSettings(settings: MessagingSettingsChange, options?: CallOptions): Promise<MessagingSettings> {
    return this.#call("POST", "messaging-settings", { body: settings, repeatable: true }, options);
  }

  /** The plans that can be bought, the smallest first, with their prices as Stripe charges them. */
  plansForSale(options?: CallOptions): Promise<PlansForSale> {
    return this.#call("GET", "create-checkout", {}, options);
  }

  /**
   * Opens a checkout for a plan: lead the browser to its URL. The same request again returns the same checkout, and a request
   * for another plan replaces it. URLs must be on the origins that the platform lists.
   * @throws SwitchboardError `subscription_exists` with the billing portal's URL as `details[0].portalUrl`,
   * `permanent_user_required`, `plan_not_found`, `plan_not_for_sale`, `billing_not_set_up`, `checkout_replaced`, `stripe_…`
   */
  createCheckout(request: CheckoutRequest, options?: CallOptions): Promise<Checkout> {
    return this.#call("POST", "create-checkout", { body: request, repeatable: true }, options);
  }

  /**
   * Moves the caller's own subscription to another plan at once, up or down; Stripe prorates the plan's price. Stripe's portal
   * cannot do it, because the subscription also bills usage.
   * @throws SwitchboardError `subscription_not_found`, `subscription_not_changeable`, `plan_not_found`, `plan_not_for_sale`,
   * `stripe_…`
   */
  changePlan(request: PlanChangeRequest, options?: CallOptions): Promise<PlanChange> {
    return this.#call("POST", "change-plan", { body: request, repeatable: true }, options);
  }

  /**
   * Opens Stripe's billing portal: lead the browser to its URL, which is valid for a short time. Plans are switched with
   * {@link changePlan}.
   * @throws SwitchboardError `billing_customer_not_found`, `stripe_…`
   */
  billingPortal(request: BillingPortalRequest = {}, options?: CallOptions): Promise<BillingPortal> {
    return this.#call("POST", "billing-portal", { body: request, repeatable: true }, options);
  }

  /**
   * Makes subscriptions that the caller bought through a Payment Link their own: the one with this id, or all. The email address
   * of the purchase must be the caller's confirmed one.
   * @throws SwitchboardError `subscription_not_found`, `email_not_confirmed`, `customer_email_differs`, `stripe_…`
   */
  claimSubscription(claim: SubscriptionClaim = {}, options?: CallOptions): Promise<ClaimedSubscriptions> {
    return this.#call("POST", "claim-subscription", { body: claim, repeatable: true }, options);
  }

  /**
   * Cancels the caller's own subscription at the end of its period, or now, or undoes a scheduled cancellation. A job does it:
   * `cancel_at` and `status` of the row in `subscriptions` then change.
   * @throws SwitchboardError `subscription_not_found`, `subscription_over`, `canceled_by_operator`
   */
  cancelSubscription(end: SubscriptionEnd = {}, options?: CallOptions): Promise<SubscriptionEndAccepted> {
    return this.#call("POST", "cancel-subscription", { body: end, repeatable: true }, options);
  }

  /** The webhook to which messages that the caller receives are forwarded, and the one that waits for a confirmation. */
  forwardWebhook(options?: CallOptions): Promise<ForwardWebhooks> {
    return this.#call("GET", "forward-webhook", {}, options);
  }

  /**
   * Saves a webhook. With a new secret it is `pending`, and its `secret` is only in this response: give it to your server,
   * then call {@link confirmForwardWebhook}. Another URL for an existing secret is tested and used at once.
   * Throws `webhook_not_answering` when your server did not answer the test event; nothing has changed then.
   */
  saveForwardWebhook(wish: ForwardWebhookRequest, options?: CallOptions): Promise<ForwardWebhooks> {
    return this.#call("POST", "forward-webhook", { body: wish }, options);
  }

  /**
   * Sends a signed test event (`webhook.test`) to the pending webhook, and uses it from now on if your server answers with a
   * 2xx. Throws `webhook_not_answering` otherwise; it stays pending then, and the current one in use.
   */
  confirmForwardWebhook(options?: CallOptions): Promise<ForwardWebhooks> {
    return this.#call("POST", "forward-webhook/confirm", { repeatable: true }, options);
  }

  /** Sends a signed test event to the webhook that is in use. Throws `webhook_not_answering`, `webhook_not_enabled`. */
  testForwardWebhook(options?: CallOptions): Promise<ForwardWebhooks> {
    return this.#call("POST", "forward-webhook/test", { repeatable: true }, options);
  }

  /** One page of the deliveries to the caller's webhook, newest first. */
  forwardDeliveries(query: ForwardDeliveriesQuery = {}, options?: CallOptions): Promise<ForwardDeliveryPage> {
    return this.#call("GET", "forward-webhook/deliveries", { query }, options);
  }

  /** One delivery with its attempts and its body. Throws `not_found`. */
  forwardDelivery(deliveryId: string, options?: CallOptions): Promise<ForwardDeliveryDetails> {
    return this.#call("GET", `forward-webhook/deliveries/${deliveryId}`, {}, options);
  }

  /** Delivers a message again, under the same event id. Throws `not_found`, `delivery_pending`, `webhook_not_enabled`. */
  replayForwardDelivery(deliveryId: string, options?: CallOptions): Promise<ForwardDelivery> {
    return this.#call("POST", `forward-webhook/deliveries/${deliveryId}/replay`, {}, options);
  }
}

/** What an operator can do. Jobs apply what is accepted. Every method throws `forbidden` for other users. */
export class SwitchboardAdmin {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /**
   * A list as CSV, a page at a time: the concatenated parts are one file. `query` filters as in the list's own method.
   * @example for await (const part of switchboard.admin.csv("tenants", { unpaid: true })) file += part;
   */
  csv(list: CsvList, query: object = {}, options?: CallOptions): AsyncGenerator<string, void, undefined> {
    return this.#csv(`admin/${list}`, CSV_CURSORS[list], query, options);
  }

  /** A tenant's timeline, or their usage by day (`from` and `until` as for `tenantUsage`), as CSV like that of `csv`. */
  tenantCsv(
    userId: string,
    part: "timeline" | "usage",
    query: object = {},
    options?: CallOptions,
  ): AsyncGenerator<string, void, undefined> {
    return this.#csv(
      `admin/tenants/${encodeURIComponent(userId)}/${part}`,
      part === "timeline" ? "cursor" : null,
      query,
      options,
    );
  }

  async *#csv(
    path: string,
    cursor: string | null,
    query: object,
    options?: CallOptions,
  ): AsyncGenerator<string, void, undefined> {
    let next: string | null = null;
    let isFirst = true;
    do {
      const page: TextPage = await this.#call("GET", path, {
        // What has no cursor has one page.
        query: {
          ...query,
          format: "csv",
          ...(cursor !== null && { limit: CSV_PAGE, ...(next !== null && { [cursor]: next }) }),
        },
        isText: true,
        isPage: true,
      }, options);
      yield isFirst ? page.text : page.text.slice(page.text.indexOf("\r\n") + 2);
      isFirst = false;
      next = page.next;
    } while (next !== null && cursor !== null);
  }

  /**
   * One page of the tenants that match a search and filters; `next` is the `after` of the next page, null on the last. With
   * a filter a page may be short, or empty, before the last.
   */
  listTenants(page: Omit<TenantsPage, "format"> = {}, options?: CallOptions): Promise<TenantList> {
    return this.#call("GET", "admin/tenants", { query: page }, options);
  }

  /** Every tenant that matches; the next page is read when it is needed. */
  everyTenant(
    page: Omit<TenantsPage, "format" | "after"> = {},
    options?: CallOptions,
  ): AsyncGenerator<Tenant, void, undefined> {
    return everyItem(
      (after: string | undefined) => this.listTenants({ ...page, after }, options),
      ({ tenants }) => tenants,
    );
  }

  /** What up to 100 tenants used in their billing period, with price, cost and margin, and their messages by day. */
  tenantFigures(userIds: readonly string[], options?: CallOptions): Promise<TenantFiguresList> {
    return this.#call("GET", "admin/tenant-figures", { query: { userIds: userIds.join(",") } }, options);
  }

  /**
   * One tenant whole: numbers, subscriptions, limits, usage, alerts, notices, jobs, and the beginning of the timeline.
   * @throws SwitchboardError `not_found`
   */
  tenant(userId: string, options?: CallOptions): Promise<TenantView> {
    return this.#call("GET", `admin/tenants/${encodeURIComponent(userId)}`, {}, options);
  }

  /** One page of a tenant's lines of the audit log, newest first. */
  timeline(userId: string, page: Omit<TimelinePage, "format"> = {}, options?: CallOptions): Promise<Timeline> {
    return this.#call("GET", `admin/tenants/${encodeURIComponent(userId)}/timeline`, { query: page }, options);
  }

  /** Every line of the audit log of a tenant; the next page is read when it is needed. */
  everyTimelineEntry(userId: string, options?: CallOptions): AsyncGenerator<TimelineEntry, void, undefined> {
    return everyItem(
      (cursor: string | undefined) => this.timeline(userId, { cursor }, options),
      ({ entries }) => entries,
    );
  }

  /** What a tenant used on each day, with their price and Twilio's cost. */
  tenantUsage(
    userId: string,
    query: Omit<TenantUsageQuery, "format"> = {},
    options?: CallOptions,
  ): Promise<TenantUsageDays> {
    return this.#call("GET", `admin/tenants/${encodeURIComponent(userId)}/usage`, { query }, options);
  }

  /** One page of the whole audit log, newest first. An action's own lines have the request id that `onRequestId` got. */
  auditLog(page: Omit<AuditPage, "format"> = {}, options?: CallOptions): Promise<AuditLog> {
    return this.#call("GET", "admin/audit", { query: page }, options);
  }

  /** One page of the days of accounts that were compared with Twilio's usage, newest first. */
  listReconciliations(
    page: Omit<ReconciliationsPage, "format"> = {},
    options?: CallOptions,
  ): Promise<ReconciliationList> {
    return this.#call("GET", "admin/reconciliations", { query: page }, options);
  }

  /** One page of carrier fees, by country, channel and day. */
  listCarrierFees(page: Omit<CarrierFeesPage, "format"> = {}, options?: CallOptions): Promise<CarrierFeeList> {
    return this.#call("GET", "admin/carrier-fees", { query: page }, options);
  }

  /** Sets the carrier fee of a country and channel from a day on. Messages that are reserved keep theirs. */
  setCarrierFee(fee: CarrierFeeSetting, options?: CallOptions): Promise<CarrierFeeSet> {
    return this.#call("POST", "admin/set-carrier-fee", { body: fee, repeatable: true }, options);
  }

  /** One page of exchange rates, by currencies and day. */
  listExchangeRates(page: Omit<ExchangeRatesPage, "format"> = {}, options?: CallOptions): Promise<ExchangeRateList> {
    return this.#call("GET", "admin/exchange-rates", { query: page }, options);
  }

  /** Sets what Twilio's currency is worth in a plan's from a UTC day on. What is rated keeps its rate. */
  setExchangeRate(rate: ExchangeRateSetting, options?: CallOptions): Promise<ExchangeRateSet> {
    return this.#call("POST", "admin/set-exchange-rate", { body: rate, repeatable: true }, options);
  }

  /** One page of revenue, cost and margin by month of use and currency, by tenant or in total. */
  listRevenue(page: Omit<RevenuePage, "format"> = {}, options?: CallOptions): Promise<RevenueList> {
    return this.#call("GET", "admin/revenue", { query: page }, options);
  }

  /** One page of what is not billed, by month of use and reason, by tenant or in total. */
  listLosses(page: Omit<LossesPage, "format"> = {}, options?: CallOptions): Promise<LossList> {
    return this.#call("GET", "admin/losses", { query: page }, options);
  }

  /** One page of usage that is not billed yet, the oldest first. */
  listUnbilled(page: Omit<UnbilledPage, "format"> = {}, options?: CallOptions): Promise<UnbilledList> {
    return this.#call("GET", "admin/unbilled", { query: page }, options);
  }

  /** One page of usage that Stripe rejected or did not count, newest first. */
  listRejected(page: Omit<RejectedPage, "format"> = {}, options?: CallOptions): Promise<RejectedList> {
    return this.#call("GET", "admin/rejected", { query: page }, options);
  }

  /**
   * What a tenant's next invoice will bill, by our ledger and by Stripe's preview.
   * @throws SwitchboardError `not_found`, `subscription_not_found`
   */
  nextInvoice(userId: string, options?: CallOptions): Promise<NextInvoice> {
    return this.#call("GET", "admin/next-invoice", { query: { userId } }, options);
  }

  /** Compares a tenant's subaccount, numbers and usage with Twilio now. @throws SwitchboardError `not_found` */
  syncTenant(tenant: TenantSync, options?: CallOptions): Promise<AcceptedFor> {
    return this.#call("POST", "admin/sync-tenant", { body: tenant, repeatable: true }, options);
  }

  /**
   * Sets limits of a tenant in place of their plan's, and of all that were set before; `null` removes them.
   * @throws SwitchboardError `not_found`
   */
  setTenantLimits(limits: TenantLimits, options?: CallOptions): Promise<TenantLimitsSet> {
    return this.#call("POST", "admin/set-tenant-limits", { body: limits, repeatable: true }, options);
  }

  /**
   * Changes limits of a plan. A plan that was sold stays for those who have it, and a new version goes on sale, unless
   * `changesSold`. @throws SwitchboardError `not_found`, `plan_superseded`, `price_taken`
   */
  setPlanLimits(limits: PlanLimits, options?: CallOptions): Promise<PlanLimitsSet> {
    return this.#call("POST", "admin/set-plan-limits", { body: limits }, options);
  }

  /** Every version of every plan, by rank, the newest version first. */
  plans(options?: CallOptions): Promise<PlanList> {
    return this.#call("GET", "admin/plans", {}, options);
  }

  /** The addresses of up to 100 tenants that a list names by id. Deleted users have none. */
  async tenantEmails(userIds: readonly string[], options?: CallOptions): Promise<Map<string, string>> {
    if (userIds.length === 0) return new Map();
    const query = { userIds: userIds.join(",") };
    const { tenants } = await this.#call<TenantEmailList>("GET", "admin/tenant-emails", { query }, options);
    return new Map(tenants.map(({ userId, email }) => [userId, email]));
  }

  /** The state of this installation: queues, alerts, capacity, webhooks, schedules, usage and unpaid costs. */
  health(options?: CallOptions): Promise<Health> {
    return this.#call("GET", "admin/health", {}, options);
  }

  /** One page of the dead letters, newest first; `next` is the `before` of the next page, null on the last. */
  listDeadLetters(page: DeadLettersPage = {}, options?: CallOptions): Promise<DeadLetterList> {
    return this.#call("GET", "admin/dead-letters", { query: page }, options);
  }

  /** Every dead letter; the next page is read when it is needed. */
  everyDeadLetter(options?: CallOptions): AsyncGenerator<DeadLetter, void, undefined> {
    return everyItem(
      (before: number | undefined) => this.listDeadLetters({ before }, options),
      ({ deadLetters }) => deadLetters,
    );
  }

  /** One page of the alerts, newest first; `next` is the `before` of the next page, null on the last. */
  listAlerts(page: Omit<AlertsPage, "format"> = {}, options?: CallOptions): Promise<AlertList> {
    return this.#call("GET", "admin/alerts", { query: page }, options);
  }

  /** Every alert; the next page is read when it is needed. */
  everyAlert(
    filter: Pick<AlertsPage, "state" | "kind"> = {},
    options?: CallOptions,
  ): AsyncGenerator<Alert, void, undefined> {
    return everyItem(
      (before: string | undefined) => this.listAlerts({ ...filter, before }, options),
      ({ alerts }) => alerts,
    );
  }

  /** What accounts without a paying tenant cost a month, by user id. */
  listUnpaidAccounts(page: UnpaidAccountsPage = {}, options?: CallOptions): Promise<UnpaidAccountList> {
    return this.#call("GET", "admin/unpaid-accounts", { query: page }, options);
  }

  /** The monthly cost of all accounts without a paying tenant, by currency, as a job counted it last. */
  unpaidTotal(options?: CallOptions): Promise<UnpaidTotal> {
    return this.#call("GET", "admin/unpaid-total", {}, options);
  }

  /** Cancels a subscription at Stripe, without `atPeriodEnd` at once, or undoes a scheduled cancellation. @throws SwitchboardError `not_found` */
  cancelSubscription(
    cancellation: SubscriptionCancellation,
    options?: CallOptions,
  ): Promise<SubscriptionCanceled> {
    return this.#call("POST", "admin/cancel-subscription", { body: cancellation, repeatable: true }, options);
  }

  /**
   * Takes note of an alert whose cause continues: it stays open, and is quiet.
   * @throws SwitchboardError `not_found`, `alert_settled`
   */
  acknowledgeAlert(acknowledgement: AlertAcknowledgement, options?: CallOptions): Promise<AcknowledgedAlert> {
    return this.#call("POST", "admin/acknowledge-alert", { body: acknowledgement, repeatable: true }, options);
  }

  /** Settles an alert; the same cause raises a new one. @throws SwitchboardError `not_found` */
  settleAlert(settlement: AlertSettlement, options?: CallOptions): Promise<SettledAlert> {
    return this.#call("POST", "admin/settle-alert", { body: settlement, repeatable: true }, options);
  }

  /** Acknowledges or settles up to 200 alerts, each with its own audit line. Says of each what it is now. */
  changeAlerts(change: AlertsChange, options?: CallOptions): Promise<ChangedAlerts> {
    return this.#call("POST", "admin/change-alerts", { body: change, repeatable: true }, options);
  }

  /**
   * Gives a user, by id or by email address, a subaccount without a subscription.
   * @throws SwitchboardError `not_found`, `ambiguous_email`
   */
  provision(user: Provision, options?: CallOptions): Promise<AcceptedFor> {
    return this.#call("POST", "admin/provision", { body: user }, options);
  }

  /** Suspends a tenant regardless of their subscription. @throws SwitchboardError `not_found` */
  suspend(hold: Hold, options?: CallOptions): Promise<Held> {
    return this.#call("POST", "admin/suspend", { body: hold }, options);
  }

  /** Lifts a suspension, ours or one made in Twilio's console. @throws SwitchboardError `not_found` */
  resume(hold: Hold, options?: CallOptions): Promise<Held> {
    return this.#call("POST", "admin/resume", { body: hold }, options);
  }

  /** Closes a subaccount, finally and with its numbers; takes its SID typed back. @throws SwitchboardError `not_found` */
  close(hold: Hold, options?: CallOptions): Promise<Held> {
    return this.#call("POST", "admin/close", { body: hold }, options);
  }

  /** Re-enqueues dead letters, or one Stripe event. @throws SwitchboardError `not_found` */
  replay(wish: Replay, options?: CallOptions): Promise<Replayed> {
    return this.#call("POST", "admin/replay", { body: wish }, options);
  }

  /** Compares Twilio with the database now rather than at the next hour. */
  sweep(action: ActionReason, options?: CallOptions): Promise<Accepted> {
    return this.#call("POST", "admin/sweep", { body: action, repeatable: true }, options);
  }

  /** Gives a tenant's subaccount another token. @throws SwitchboardError `not_found`, `subaccount_…` where it is not active */
  rotateToken(rotation: TokenRotation, options?: CallOptions): Promise<AcceptedRotation> {
    return this.#call("POST", "admin/rotate-token", { body: rotation }, options);
  }

  /** Re-seals all tokens with the current key now rather than within a day. */
  rotateSealingKeys(action: ActionReason, options?: CallOptions): Promise<Accepted> {
    return this.#call("POST", "admin/rotate-sealing-keys", { body: action, repeatable: true }, options);
  }

  /**
   * Moves a number between the master account and a tenant's. Its registrations stay behind: `warning` says so.
   * @throws SwitchboardError `not_found`, `number_…`, `regulatory_information_required`, `subaccount_…`
   */
  moveNumber(move: NumberMove, options?: CallOptions): Promise<MovedNumber> {
    return this.#call("POST", "admin/move-number", { body: move, repeatable: true }, options);
  }

  /**
   * Lets users without a subaccount send from a number of the master account, or no longer.
   * @throws SwitchboardError `not_found`
   */
  offerNumber(offering: NumberOffering, options?: CallOptions): Promise<OfferedNumber> {
    return this.#call("POST", "admin/offer-number", { body: offering, repeatable: true }, options);
  }

  /** Sets the send rate of campaigns from a tenant's number. @throws SwitchboardError `not_found` */
  setNumberSendRate(rate: NumberSendRate, options?: CallOptions): Promise<NumberSendRateSet> {
    return this.#call("POST", "admin/set-number-send-rate", { body: rate, repeatable: true }, options);
  }

  /** The sealing keys: current, in use, missing, retirable. */
  sealingKeys(options?: CallOptions): Promise<SealingKeys> {
    return this.#call("GET", "admin/sealing-keys", {}, options);
  }
}

// Models

/** The response of `POST provision-subaccount`. */
export type ProvisionedSubaccount = EnsuredSubaccount | PendingSubaccount;

export interface SendOptions extends CallOptions {
  /** 1 to 255 visible ASCII characters. Without one the call makes its own. */
  idempotencyKey?: string | undefined;
}

// <models> Written by `deno task openapi` from openapi.json; do not edit.

export interface Accepted {
  accepted: true;
}

export interface AcceptedFor {
  accepted: true;
  userId: string;
}

export interface AcceptedRotation {
  accepted: true;
  userId: string;
  subaccountSid: string;
}

export interface AcknowledgedAlert {
  alertId: string;
  acknowledged: true;
}

/** The body of admin/sweep and admin/rotate-sealing-keys. */
export interface ActionReason {
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

/** What came of each row. */
export interface AddedOptOuts {
  added: number;
  /** Rows that existed before, or repeat another row. */
  known: number;
  rejected: RejectedOptOut[];
}

/** The address (addressSid) with which Twilio sells a number. local: in the number's country. foreign: outside of it. */
export type AddressRequirement = "none" | "any" | "local" | "foreign";

/** Something an operator must look at. Times are ISO 8601. */
export interface Alert {
  id: string;
  kind:
    | "dead_letter"
    | "unknown_price"
    | "subscription_without_tenant"
    | "campaign_paused"
    | "master_account_inactive"
    | "reconciliation"
    | "usage_trigger"
    | "unpaid_account"
    | "exchange_rate"
    | "metering"
    | "meter_rejection"
    | "invoice_difference"
    | "invoice_grace"
    | "payment_moved"
    | "credit_owed";
  /** What the alert is about, such as the id of a subscription. */
  subject: string;
  userId: string | null;
  details: {
    [key: string]: unknown;
  };
  /** How often it was raised since it is open. */
  times: number;
  raisedAt: string;
  lastRaisedAt: string;
  /** When OPERATOR_ALERT_URL accepted it. */
  deliveredAt: string | null;
  /** When an operator took note: the alert stays open, and is quiet. */
  acknowledgedAt: string | null;
  /** That operator's id. */
  acknowledgedBy: string | null;
  /** That operator's reason. */
  acknowledgedBecause: string | null;
  settledAt: string | null;
}

/** The body of admin/acknowledge-alert. */
export interface AlertAcknowledgement {
  alertId: string;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

/** The response of admin/alerts. */
export interface AlertList {
  alerts: Alert[];
  next: string | null;
}

/** The body of admin/settle-alert. */
export interface AlertSettlement {
  alertId: string;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

/** The body of admin/change-alerts. */
export interface AlertsChange {
  alertIds: string[];
  to: "acknowledged" | "settled";
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

/** Lists alerts, newest first, a page at a time. */
export interface AlertsPage {
  /** The page begins with the alert before this id. */
  before?: string | undefined;
  /** open: alerts that are not settled, of which some may be acknowledged. settled: kept for 180 days. Default: open. */
  state?: ("open" | "unacknowledged" | "acknowledged" | "settled" | "all") | undefined;
  /** Only alerts of this kind. */
  kind?:
    | (
      | "dead_letter"
      | "unknown_price"
      | "subscription_without_tenant"
      | "campaign_paused"
      | "master_account_inactive"
      | "reconciliation"
      | "usage_trigger"
      | "unpaid_account"
      | "exchange_rate"
      | "metering"
      | "meter_rejection"
      | "invoice_difference"
      | "invoice_grace"
      | "payment_moved"
      | "credit_owed"
    )
    | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

/** A line of the audit log. */
export interface AuditLine {
  id: number;
  at: string;
  actor: string;
  action: string;
  subaccountSid: string | null;
  requestId: string | null;
  details: {
    [key: string]: unknown;
  };
  /** The tenant; null: no tenant. */
  userId: string | null;
}

/** The response of admin/audit. */
export interface AuditLog {
  lines: AuditLine[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** Lists the lines of the whole audit log, newest first, a page at a time. */
export interface AuditPage {
  /** user:<id>, operator:<id>, or the part of the system that acted, such as converge. */
  actor?: string | undefined;
  /** Such as tenant.suspended. */
  action?: string | undefined;
  /** The x-request-id of a response. */
  requestId?: string | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
  /** 1 to 1000; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

/** A number on offer. */
export interface AvailableNumber {
  /** E.164. */
  phoneNumber: string;
  friendlyName: string;
  locality: string | null;
  region: string | null;
  /** ISO 3166, two letters. */
  isoCountry: string;
  type: NumberType;
  capabilities: Capabilities;
  /** What the number costs you a month; null if it is not known. */
  monthlyPrice: {
    amount: string;
    currency: string;
  } | null;
  addressRequirement: AddressRequirement;
  /** Whether Twilio sells such numbers only with an approved regulatory bundle (bundleSid); null if it is not known. */
  requiresBundle: boolean | null;
}

/** A session of Stripe's billing portal. */
export interface BillingPortal {
  /** Stripe's page; it is valid for a short time. */
  url: string;
}

/** The body of billing-portal. */
export interface BillingPortalRequest {
  /** Where the portal leads back to, on an origin of ALLOWED_ORIGINS. The first of these origins unless given. */
  returnUrl?: string | undefined;
}

/** The response of buy-number. */
export interface BoughtNumber {
  id: string;
  /** E.164. */
  phoneNumber: string;
  /** Twilio's, PN…. */
  phoneSid: string | null;
  friendlyName: string | null;
  capabilities: Capabilities;
  isPrimary: boolean;
  status: string;
  source: NumberSource;
  /** From 80 % of the spend limit on. */
  spending?: Spending | undefined;
}

/** A count that stops at 1,000. */
export interface BoundedCount {
  count: number;
  /** Whether there are more than 1,000. */
  isMore: boolean;
}

/** The body of send-bulk: a message to many recipients. */
export interface Bulk {
  name?: string | undefined;
  /** One of the caller's numbers; the primary one unless given. */
  from?: string | undefined;
  /** ISO 3166: the country whose national notation is accepted for numbers without + and country code. */
  defaultCountry?: string | undefined;
  /** {{name}} stands for each recipient's variable of that name, which may be any column name. */
  body?: string | undefined;
  /** 1 to 10, the same for all recipients. */
  mediaUrls?: string[] | undefined;
  /** 1 to 10,000. */
  recipients: {
    /** A phone number in international form, or in the national form of defaultCountry. */
    to: string;
    /** Values by placeholder. Numbers and booleans are taken as text, null as missing. */
    variables?:
      | ({
        [key: string]: string | number | boolean | null;
      } | null)
      | undefined;
  }[];
  /** ISO 8601 with an offset, at most 60 days ahead; at once unless given. 400 when more than two minutes ago. */
  scheduledAt?: string | undefined;
  /** In place of scheduledAt: starts so many seconds after the request, by the server's clock. Until then the campaign is scheduled and can be canceled before anything is sent. 0 to 600. */
  delaySeconds?: number | undefined;
  /** At any hour unless given. */
  sendWindow?: SendWindow | undefined;
  /** Decides what the campaign would do, and creates nothing. Default: false. */
  dryRun?: boolean | undefined;
}

/** What a campaign would do with the accepted recipients, as of now. */
export interface BulkPreview {
  /** The number that the campaign would be sent from. */
  from: string;
  /** ISO 4217: of the prices, that of the platform's Twilio account; null until Twilio has named one. */
  currency: string | null;
  /** What would be sent when the campaign starts. */
  sent: {
    recipients: number;
    segments: number;
    /** What it would cost you. */
    estimatedPrice: number;
  };
  /** What would wait until there is room under the limit. */
  overLimit: {
    recipients: number;
    segments: number;
    /** What it would cost you. */
    estimatedPrice: number;
    /** The first limit of the plan that the campaign reaches; null when it reaches none. */
    limit: ("daily_limit_reached" | "monthly_limit_reached" | "spend_limit_reached") | null;
  };
  /** What would wait for the hours of the send window. */
  outsideWindow: {
    recipients: number;
    segments: number;
    /** What it would cost you. */
    estimatedPrice: number;
  };
  /** The first opening of the send window for each country; empty without a window. */
  windows: {
    /** ISO 3166; ZZ is unknown, and has the time of UTC. */
    country: string;
    timeZones: string[];
    /** When the campaign would send to the country first. */
    opensAt: string;
    /** When that opening ends. */
    closesAt: string;
  }[];
  /** Recipients who would be skipped because they opted out of this number. */
  optedOut: number;
  /** Recipients who would be skipped because the plan or the settings exclude their country. */
  destinationRefused: number;
}

/** The response of send-bulk. */
export interface BulkResponse {
  /** null after a dry run. */
  campaign: Campaign | null;
  /** The result of a dry run. */
  preview?: BulkPreview | undefined;
  accepted: number;
  /** Rows that get no message, by their position in the request. */
  rejected: {
    index: number;
    to: string;
    code: string;
    message: string;
  }[];
  /** Which columns of the rows were ignored. */
  notice?: string | undefined;
  /** When 80 % of the spend limit are used already. */
  spending?: Spending | undefined;
}

/** A message to many recipients. Times are ISO 8601. */
export interface Campaign {
  id: string;
  name: string | null;
  from: string;
  body: string | null;
  mediaUrls: string[];
  status: CampaignStatus;
  /** Why it waits or is paused: a limit of the plan, its send window, or a problem of the sender. */
  statusReason: string | null;
  /** Twilio's error for which it was paused: see https://www.twilio.com/docs/errors. */
  twilioErrorCode: number | null;
  scheduledAt: string | null;
  sendWindow: SendWindow | null;
  startedAt: string | null;
  finishedAt: string | null;
  /** When the recipients of an ended campaign were deleted; its counts stay. */
  recipientsDeletedAt: string | null;
  /** The campaign whose failed recipients this one is sent to. */
  retryOf: string | null;
  total: number;
  /** Recipients by state; the counts add up to total. */
  counts: {
    waiting: number;
    inFlight: number;
    sent: number;
    delivered: number;
    failed: number;
    unknown: number;
    skipped: number;
  };
  createdAt: string;
}

/** The state of a recipient. skipped: not handed to Twilio, by decision. */
export type CampaignCount = "waiting" | "inFlight" | "sent" | "delivered" | "failed" | "unknown" | "skipped";

/** Campaigns, newest first. */
export interface CampaignPage {
  campaigns: Campaign[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

export interface CampaignRecipient {
  /** The row's position in the request. */
  index: number;
  to: string;
  count: CampaignCount;
  skipReason: string | null;
  messageId: string | null;
  status: string | null;
  errorCode: number | null;
  errorMessage: string | null;
}

export type CampaignStatus = "scheduled" | "running" | "paused" | "canceled" | "completed";

/** Lists your campaigns, newest first. */
export interface CampaignsQuery {
  status?: CampaignStatus | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
}

/** What a number can do. */
export interface Capabilities {
  sms: boolean;
  mms: boolean;
  voice: boolean;
}

/** What carriers of a country charge on top of Twilio's listed price. */
export interface CarrierFee {
  /** ISO 3166, two letters. */
  country: string;
  channel: "sms" | "mms";
  /** The first UTC day; the fee holds until the next one's day. */
  validFrom: string;
  /** For a segment or an MMS, in the currency of the master account: 0 to 100, with up to five decimals. */
  fee: number;
}

/** The response of admin/carrier-fees. */
export interface CarrierFeeList {
  fees: CarrierFee[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** The response of admin/set-carrier-fee. */
export interface CarrierFeeSet {
  /** ISO 3166, two letters. */
  country: string;
  channel: "sms" | "mms";
  /** The first UTC day; the fee holds until the next one's day. */
  validFrom: string;
  /** For a segment or an MMS, in the currency of the master account: 0 to 100, with up to five decimals. */
  fee: number;
  /** false: the country had this fee from this day on already. */
  changed: boolean;
}

/** The body of admin/set-carrier-fee. */
export interface CarrierFeeSetting {
  /** ISO 3166, two letters. */
  country: string;
  channel: "sms" | "mms";
  /** The first UTC day; the fee holds until the next one's day. */
  validFrom: string;
  /** For a segment or an MMS, in the currency of the master account: 0 to 100, with up to five decimals. */
  fee: number;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

/** Lists carrier fees by country, channel and day, a page at a time. */
export interface CarrierFeesPage {
  /** ISO 3166, two letters. */
  country?: string | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

/** The response of admin/change-alerts. */
export interface ChangedAlerts {
  /** Each alert once. */
  alerts: {
    alertId: string;
    /** After the change. An alert that was settled before stays settled when it is acknowledged. */
    state: "acknowledged" | "settled" | "not_found";
  }[];
}

/** A Checkout Session of Stripe that can be paid. */
export interface Checkout {
  /** cs_…. */
  id: string;
  /** Stripe's page, where the subscription is paid. */
  url: string;
}

/** The body of create-checkout. */
export interface CheckoutRequest {
  /** The key of a plan that is for sale. */
  plan: string;
  /** Where Stripe leads after the payment, on an origin of ALLOWED_ORIGINS; {CHECKOUT_SESSION_ID} in it becomes the session's id. The first of these origins unless given. */
  successUrl?: string | undefined;
  /** Where Stripe leads without a payment, on an origin of ALLOWED_ORIGINS. The first of these origins unless given. */
  cancelUrl?: string | undefined;
}

/** The subscriptions that the caller claimed, now or before. */
export interface ClaimedSubscriptions {
  subscriptions: {
    /** The id at Stripe. */
    id: string;
    /** The key of its plan; null while its price belongs to no plan. */
    plan: string | null;
    status: "incomplete" | "incomplete_expired" | "trialing" | "active" | "past_due" | "canceled" | "unpaid" | "paused";
  }[];
}

/** What you know about another number. Times are ISO 8601. */
export interface Contact {
  /** E.164. */
  phoneNumber: string;
  name: string | null;
  notes: string | null;
  tags: string[];
  createdAt: string;
  updatedAt: string;
}

/** A field that is left out stays as it is; null clears it. */
export interface ContactChange {
  /** In any notation with + and country code, or as defaultCountry writes it. */
  phoneNumber: string;
  /** At most 100 characters. */
  name?: (string | null) | undefined;
  /** At most 2,000 characters. */
  notes?: (string | null) | undefined;
  /** At most 20 of at most 40 characters. Blank ones and those that differ only in case are left out. */
  tags?: (string[] | null) | undefined;
  /** ISO 3166: the country whose national notation is accepted for numbers without + and country code. */
  defaultCountry?: string | undefined;
}

export interface ContactDeletion {
  phoneNumber: string;
  /** ISO 3166: the country whose national notation is accepted for numbers without + and country code. */
  defaultCountry?: string | undefined;
}

export interface ContactImport {
  contacts: ContactRow[];
  /** ISO 3166: the country whose national notation is accepted for numbers without + and country code. */
  defaultCountry?: string | undefined;
}

/** The response of contacts, by name; contacts without a name are the last. */
export interface ContactPage {
  contacts: Contact[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** As ContactChange. Other fields are ignored. */
export interface ContactRow {
  /** A phone number with + and country code. */
  phoneNumber?: (string | number | null) | undefined;
  name?: (string | null) | undefined;
  notes?: (string | null) | undefined;
  tags?: (string[] | null) | undefined;
}

/** Your 1,000 most frequent tags, by name. */
export interface ContactTags {
  tags: {
    tag: string;
    /** How many contacts have it. */
    contacts: number;
  }[];
}

/** Lists your contacts by name. */
export interface ContactsQuery {
  /** The contact with this number, in any notation with +. */
  phoneNumber?: string | undefined;
  /** Beginnings of words of the name, in any order, or three or more digits of the number; as in list-messages. */
  search?: string | undefined;
  /** In any case. */
  tag?: string | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
}

/** The messages between one of the caller's numbers and another number. */
export interface Conversation {
  /** The caller's number. */
  number: string;
  /** The other number. */
  with: string;
  /** The contact with the other number; null without one. */
  contact: {
    name: string | null;
    tags: string[];
  } | null;
  lastMessageAt: string;
  /** Received messages that are unread. */
  unread: number;
  /** The other number replied STOP to this one: sending to it is refused. */
  optedOut: boolean;
  lastMessage: {
    id: string;
    direction: MessageDirection;
    body: string | null;
    status: string;
    errorCode: number | null;
    errorMessage: string | null;
    mediaCount: number;
    createdAt: string;
  };
}

/** The response of list-conversations, latest message first. With a filter a page may be short, or empty, before the end: read on while next is not null. */
export interface ConversationPage {
  conversations: Conversation[];
  /** All conversations with unread messages, counted up to 1,000. */
  unreadConversations: number;
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** Lists your conversations, one for each pair of numbers, latest message first. */
export interface ConversationsQuery {
  /** One of the caller's numbers. */
  number?: string | undefined;
  /** The other number; with number, one conversation. */
  with?: string | undefined;
  /** Whether received messages are unread. */
  unread?: boolean | undefined;
  /** Whether the newest message was refused, failed, undelivered or not sent. */
  failed?: boolean | undefined;
  /** Whether sending to the other number is refused because it opted out. */
  optedOut?: boolean | undefined;
  /** Of the contact, in any case. */
  tag?: string | undefined;
  /** Beginnings of words of the contact's name, in any order, or three or more digits of the other number; as in list-messages. */
  search?: string | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
}

/** A job that failed in every attempt, with its last error. */
export interface DeadLetter {
  id: number;
  /** The lane in which the job failed. */
  lane: "control" | "messages" | "campaigns" | "forwarding" | "usage" | "billing";
  job: {
    [key: string]: unknown;
  };
  error: string;
  buriedAt: string;
}

/** The response of admin/dead-letters. */
export interface DeadLetterList {
  deadLetters: DeadLetter[];
  next: number | null;
}

/** Lists dead letters, newest first, a page at a time. */
export interface DeadLettersPage {
  /** The page begins with the dead letter before this id. */
  before?: number | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
}

export interface DeletedContact {
  /** false: there was no such contact. */
  deleted: boolean;
}

/** The caller has an active subaccount. */
export interface EnsuredSubaccount {
  success: true;
  subaccountSid: string;
  friendlyName: string;
  status: "active";
}

/** The response of admin/exchange-rates. */
export interface ExchangeRateList {
  rates: ListedExchangeRate[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** The response of admin/set-exchange-rate. */
export interface ExchangeRateSet {
  /** The currency in which Twilio charges (ISO 4217, upper case). */
  unit: string;
  /** The currency of a plan (ISO 4217, lower case). */
  currency: string;
  /** The first UTC day; the rate holds until the next one's day. */
  validFrom: string;
  /** What one of unit is worth in currency, with up to ten decimals. */
  rate: number;
  /** false: the currencies had this rate from this day on already. */
  changed: boolean;
}

/** The body of admin/set-exchange-rate. */
export interface ExchangeRateSetting {
  /** The currency in which Twilio charges (ISO 4217, upper case). */
  unit: string;
  /** The currency of a plan (ISO 4217, lower case). */
  currency: string;
  /** The first UTC day; the rate holds until the next one's day. */
  validFrom: string;
  /** What one of unit is worth in currency, with up to ten decimals. */
  rate: number;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

/** Lists exchange rates by currencies and day, a page at a time. */
export interface ExchangeRatesPage {
  /** The currency in which Twilio charges (ISO 4217, upper case). */
  unit?: string | undefined;
  /** The currency of a plan (ISO 4217, lower case). */
  currency?: string | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

/** Lists the deliveries to your webhook, newest first. */
export interface ForwardDeliveriesQuery {
  status?: ForwardDeliveryStatus | undefined;
  /** ISO 8601 with a time zone: first attempted from this moment on. */
  since?: string | undefined;
  /** ISO 8601 with a time zone: first attempted before this moment. */
  until?: string | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
}

/** The delivery of a received message or a notice to your webhook. */
export interface ForwardDelivery {
  /** The id of the message or the notice, and of its event (the header webhook-id). */
  id: string;
  status: ForwardDeliveryStatus;
  attemptCount: number;
  lastAttempt: {
    at: string;
    /** The status of the response; null without one. */
    status: number | null;
    /** How long the response took; null without one. */
    durationMs: number | null;
    /** refused: no 2xx. no_response: none within ten seconds. not_public: the URL is not accepted any more. */
    failure: ("refused" | "no_response" | "not_public") | null;
  };
  nextAttemptAt: string | null;
  createdAt: string;
}

/** One delivery with its attempts and its body. */
export interface ForwardDeliveryDetails {
  delivery: ForwardDelivery;
  /** The last 20, the oldest first. */
  attempts: {
    at: string;
    /** The status of the response; null without one. */
    status: number | null;
    /** How long the response took; null without one. */
    durationMs: number | null;
    /** refused: no 2xx. no_response: none within ten seconds. not_public: the URL is not accepted any more. */
    failure: ("refused" | "no_response" | "not_public") | null;
  }[];
  /** The body, as the next attempt would have it: what is deleted from the message is not in it. */
  event: {
    type: "message.received";
    timestamp: string;
    data: ListedMessage;
  } | NoticeEvent;
}

/** Deliveries, newest first. */
export interface ForwardDeliveryPage {
  deliveries: ForwardDelivery[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** pending: another attempt follows. failed: none does. canceled: the webhook was removed or disabled. */
export type ForwardDeliveryStatus = "pending" | "delivered" | "failed" | "canceled";

/** The webhook to which received messages are forwarded. */
export interface ForwardWebhook {
  url: string;
  enabled: boolean;
  disabledReason: string | null;
  createdAt: string;
}

/** The body of forward-webhook. */
export interface ForwardWebhookRequest {
  /** An https URL of a public host on port 443 or 8443; null removes the webhook. */
  url: string | null;
  /** Creates another secret, which has to be confirmed. Default: false. */
  rotateSecret?: boolean | undefined;
}

/** The response of forward-webhook. */
export interface ForwardWebhooks {
  webhook: ForwardWebhook | null;
  pending: PendingForwardWebhook | null;
}

/** The state of this installation. */
export interface Health {
  at: string;
  lanes: {
    lane: "control" | "messages" | "campaigns" | "forwarding" | "usage" | "billing";
    jobs: BoundedCount;
    /** Jobs that could run now. */
    due: BoundedCount;
    inFlight: BoundedCount;
    oldestDueAt: string | null;
    /** How long the job that is due longest has waited. */
    waitsSeconds: number;
  }[];
  deadLetters: BoundedCount;
  alerts: {
    kind:
      | "dead_letter"
      | "unknown_price"
      | "subscription_without_tenant"
      | "campaign_paused"
      | "master_account_inactive"
      | "reconciliation"
      | "usage_trigger"
      | "unpaid_account"
      | "exchange_rate"
      | "metering"
      | "meter_rejection"
      | "invoice_difference"
      | "invoice_grace"
      | "payment_moved"
      | "credit_owed";
    open: BoundedCount;
    unacknowledged: BoundedCount;
  }[];
  /** The last finished one. */
  sweep: {
    startedAt: string;
    finishedAt: string;
    ageSeconds: number;
    /** warning from 80 %, critical from 95 % of the maximum. */
    level: "within" | "warning" | "critical";
    accounts: number;
    openAccounts: number;
    mismatches: number;
    missing: number;
    strangers: number;
    tenants: {
      pending: number;
      active: number;
      suspended: number;
      closed: number;
    };
  } | null;
  /** Open subaccounts. */
  capacity: {
    open: number;
    max: number;
    /** warning from 80 %, critical from 95 % of the maximum. */
    level: "within" | "warning" | "critical";
  };
  webhooks: {
    stripe: {
      unprocessed: BoundedCount;
      oldestReceivedAt: string | null;
    };
    forwarding: {
      /** To tenants' webhooks, in the last day: the newest 1,000. */
      deliveries: number;
      /** Those that failed in every attempt. */
      failed: number;
    };
  };
  scheduler: {
    /** When a recurring job was last enqueued. */
    lastAt: string | null;
    /** By how much the most overdue recurring job is late. */
    lateSeconds: number | null;
  };
  dueWork: {
    kind: string;
    /** By how much the most overdue tenant is late. */
    lateSeconds: number;
  }[];
  /** Of the last hour: the newest 10,000. */
  messages: {
    direction: "inbound" | "outbound";
    status:
      | "reserved"
      | "unknown"
      | "not_sent"
      | "accepted"
      | "scheduled"
      | "queued"
      | "sending"
      | "sent"
      | "refused"
      | "failed"
      | "undelivered"
      | "canceled"
      | "delivered"
      | "read"
      | "receiving"
      | "received";
    count: number;
  }[];
  /** The sync of usage. */
  usage: {
    /** Accounts whose usage is to be read at Twilio. */
    due: BoundedCount;
    oldestDueAt: string | null;
    /** By how much the most overdue account is late. */
    lateSeconds: number;
    /** The oldest UTC day before today that no read of an account has covered. Idle accounts are read weekly. */
    oldestUnreadDay: string | null;
    /** Reads that failed and are repeated. */
    retrying: BoundedCount;
    /** Reads that failed in every attempt, among the newest 1,000 dead letters. */
    deadLetters: BoundedCount;
  };
  reconciliation: {
    /** Days of accounts whose comparison with usage is due. */
    due: BoundedCount;
    /** By how much the most overdue comparison is late. */
    lateSeconds: number;
    /** Days of accounts whose usage may still change. */
    openDays: BoundedCount;
    /** Closed days whose difference must be explained: admin/reconciliations lists them. */
    unexplained: BoundedCount;
  };
  /** The monthly cost of all accounts without a paying tenant. */
  unpaid: {
    /** By currency: amounts of two currencies are never added. */
    totals: {
      /** ISO 4217; null until Twilio has reported the master account's currency. */
      currency: string | null;
      accounts: number;
      numbers: number;
      /** Numbers whose price is not known: they are not in monthlyCost. */
      unpriced: number;
      /** As decimal text, in Twilio's price. */
      monthlyCost: string;
    }[];
    /** A job counts every 15 minutes; null before the first count. */
    countedAt: string | null;
    ageSeconds: number | null;
  };
}

/** The response of admin/suspend, admin/resume and admin/close. */
export interface Held {
  accepted: true;
  userId: string;
  subaccountSid: string | null;
  /** The current status: a job applies the change. */
  status: SubaccountStatus | null;
}

/** The body of admin/suspend, admin/resume and admin/close. */
export interface Hold {
  userId: string;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
  /** The subaccount's SID, typed again: closing is final and releases the numbers. */
  confirmSubaccountSid?: string | undefined;
}

/** What came of each row. */
export interface ImportedContacts {
  added: number;
  updated: number;
  unchanged: number;
  /** Rows with the number of an earlier row, which they complete and override. */
  repeated: number;
  rejected: RejectedContact[];
}

export interface Limits {
  /** Numbers at a time. */
  maxNumbers: number;
  maxPurchasesPerDay: number;
  maxPurchasesPerMonth: number;
  /** The highest monthly price of a number. */
  maxNumberPrice: number;
  dailyMessageLimit: number;
  monthlyMessageLimit: number;
  /** In the tenant's prices, per billing period. */
  spendLimit: number;
  /** The send rate of the tenant's campaigns: 0.01 to 1000. */
  messagesPerSecond: number;
}

export interface ListedExchangeRate {
  /** The currency in which Twilio charges (ISO 4217, upper case). */
  unit: string;
  /** The currency of a plan (ISO 4217, lower case). */
  currency: string;
  /** The first UTC day; the rate holds until the next one's day. */
  validFrom: string;
  /** What one of unit is worth in currency, with up to ten decimals. */
  rate: number;
  reason: string;
  /** The operator's id. */
  setBy: string;
  setAt: string;
}

/** A message that was sent or received. Times are ISO 8601. */
export interface ListedMessage {
  id: string;
  /** Twilio's, SM… or MM…. */
  sid: string | null;
  direction: MessageDirection;
  from: string;
  to: string;
  /** null: there is only media, or the text was deleted. */
  body: string | null;
  media: {
    /** Of a received message: a link that expires. Of a sent one: the URL that was sent. */
    url: string;
    contentType: string | null;
  }[];
  status: MessageStatus;
  source: NumberSource;
  errorCode: number | null;
  errorMessage: string | null;
  segments: number | null;
  encoding: string | null;
  /** What the message costs you; null until Twilio has priced it. */
  price: number | null;
  priceUnit: string | null;
  campaignId: string | null;
  redactedAt: string | null;
  statusUpdatedAt: string;
  createdAt: string;
}

/** A version of a plan as operators see it. */
export interface ListedPlan {
  key: string;
  name: string;
  /** Of two subscriptions, the one with the higher rank gives more. */
  rank: number;
  version: number;
  /** When a newer version replaced it; null: this is the newest. */
  supersededAt: string | null;
  /** null: a price at Stripe belongs to it by its lookup key. */
  stripePriceId: string | null;
  /** In which usage is billed (ISO 4217, lower case). */
  currency: string;
  /** A tenant's price is what Twilio charges times this. */
  markup: number;
  /** What a segment is taken to cost until Twilio has priced it. */
  segmentPrice: number;
  limits: Limits;
  /** Whether a subscription has or had it: other limits then make a new version. */
  wasSold: boolean;
  /** Subscriptions that have it and are not over. */
  subscriptions: number;
}

/** Usage of a month (UTC) that is not billed, for one reason. */
export interface Loss {
  month: string;
  /** null: all tenants together. */
  userId: string | null;
  /** Of the amounts: that of the plan (ISO 4217, lower case). */
  currency: string;
  /** Why it is not billed; docs/operations.md names the reasons. */
  reason: string;
  /** Rows of billing. */
  rows: number;
  /** What it would have billed. Negative: a credit that is owed. */
  amount: number;
  /** What Twilio charges for it, at the exchange rate of each row. */
  cost: number;
}

/** The response of admin/losses. */
export interface LossList {
  losses: Loss[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** Lists what is not billed by month of use and reason, by tenant or in total, a page at a time. */
export interface LossesPage {
  /** total: all tenants together. tenant: a row for each tenant. Default: total. */
  by?: ("total" | "tenant") | undefined;
  /** The first month (UTC). Unless given: eleven months before the last one. */
  from?: string | undefined;
  /** The month after the last one. Unless given: the next month. */
  until?: string | undefined;
  reason?: string | undefined;
  /** Only this tenant, by tenant. */
  userId?: string | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
  /** 1 to 500; 100 unless given. Default: 100. */
  limit?: number | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

/** Links to the files of a received message, which need no token. */
export interface MediaLinks {
  media: {
    url: string;
    contentType: string | null;
  }[];
  expiresAt: string;
}

/** Returns links to the files of a message you received, valid for 15 minutes. */
export interface MediaLinksQuery {
  /** The id of a received message. */
  message: string;
}

/** The body of send-sms: a text, media, or both. */
export interface Message {
  /** A phone number in international form (+ and country code), or in the national form of defaultCountry. */
  to: string;
  /** ISO 3166: the country whose national notation is accepted for numbers without + and country code. */
  defaultCountry?: string | undefined;
  /** 1 to 1600 UTF-16 code units, sent as they are: there are no placeholders. */
  body?: string | undefined;
  /** 1 to 10. */
  mediaUrls?: string[] | undefined;
  /** One of the caller's numbers; the primary one unless given. */
  from?: string | undefined;
}

export type MessageDirection = "inbound" | "outbound";

/** The body of redact-message. */
export interface MessageId {
  messageId: string;
}

export type MessageOrder = "newest" | "oldest";

/** The response of list-messages, in the order that was asked for. */
export interface MessagePage {
  messages: ListedMessage[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** reserved, refused, unknown and not_sent are ours; the others are Twilio's. */
export type MessageStatus =
  | "reserved"
  | "unknown"
  | "not_sent"
  | "accepted"
  | "scheduled"
  | "queued"
  | "sending"
  | "sent"
  | "refused"
  | "failed"
  | "undelivered"
  | "canceled"
  | "delivered"
  | "read"
  | "receiving"
  | "received";

/** Lists your messages, newest first; number and with together select one conversation. */
export interface MessagesQuery {
  /** One message; no other parameter is accepted with it. */
  id?: string | undefined;
  direction?: MessageDirection | undefined;
  /** One status, or several separated by commas. */
  status?: string | undefined;
  /** One of the caller's numbers. */
  number?: string | undefined;
  /** The other number; with number, one conversation. */
  with?: string | undefined;
  campaignId?: string | undefined;
  /** ISO 8601 with a time zone: from this moment on. */
  since?: string | undefined;
  /** ISO 8601 with a time zone: before this moment. */
  until?: string | undefined;
  /** Words of the text, in any order: each matches the beginning of a word, a part joined by punctuation or digits (ABC-4711, B12, menu.pdf), or any part of Chinese, Japanese, Thai and Korean text. Case, accents and skin tones do not matter. Three or more digits also match the other number, with its country code or the 0 before a national number. */
  search?: string | undefined;
  /** newest unless given. oldest: the oldest first, from since on; not with search. A message is listed in its own place: until its createdAt (newest first) and since its createdAt (oldest first) together list every message once. */
  order?: MessageOrder | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
}

/** All of a tenant's rules for messages. null is the default: Twilio's own replies, every country of the plan, texts are kept. */
export interface MessagingSettings {
  /** Sent only where Twilio's own keyword handling is off: otherwise Twilio blocks it (21610). */
  stopReply: string | null;
  /** Sent in addition to Twilio's own reply. */
  startReply: string | null;
  /** Sent in addition to Twilio's own reply. */
  helpReply: string | null;
  /** ISO 3166; narrower than the plan's list. A country includes its territories. */
  allowedCountries: string[] | null;
  /** 1 to 3650; null keeps texts. */
  retentionDays: number | null;
  /** Counts the changes. */
  version: number;
}

/** All of a tenant's rules for messages. null is the default: Twilio's own replies, every country of the plan, texts are kept. */
export interface MessagingSettingsChange {
  /** Sent only where Twilio's own keyword handling is off: otherwise Twilio blocks it (21610). */
  stopReply: string | null;
  /** Sent in addition to Twilio's own reply. */
  startReply: string | null;
  /** Sent in addition to Twilio's own reply. */
  helpReply: string | null;
  /** ISO 3166; narrower than the plan's list. A country includes its territories. */
  allowedCountries: string[] | null;
  /** 1 to 3650; null keeps texts. */
  retentionDays: number | null;
  /** The version that these rules replace. Without it, they replace any. */
  version?: number | undefined;
}

/** The response of admin/move-number. */
export interface MovedNumber {
  number: PhoneNumber;
  /** What the operator must do next. */
  warning: string;
}

/** Other fields are ignored. */
export interface NewOptOut {
  /** A phone number with + and country code. */
  recipient?: (string | number | null) | undefined;
  /** One of your numbers, or a shared one; without it, none of your numbers may send to the recipient. */
  from?: (string | number | null) | undefined;
  /** ISO 8601 with an offset; now unless given. */
  optedOutAt?: (string | null) | undefined;
}

export interface NewOptOuts {
  optOuts: NewOptOut[];
  /** Default: manual. */
  source?: ("imported" | "manual") | undefined;
  /** ISO 3166: the country whose national notation is accepted for numbers without + and country code. */
  defaultCountry?: string | undefined;
}

/** What a tenant's next invoice will bill: our own reckoning beside Stripe's preview. */
export interface NextInvoice {
  userId: string;
  subscriptionId: string;
  customerId: string;
  currency: string;
  periodStart: string;
  /** null: the present period is not read from Stripe yet. */
  periodEnd: string | null;
  /** true: usage of the period is free. */
  isTrial: boolean;
  kinds: NextInvoiceKind[];
  /** null: Stripe will make no invoice, such as after a cancellation. */
  stripe: {
    /** In the smallest unit of the currency, with tax. */
    total: number;
    /** The first lines, usage and others, as Stripe previews them. Amounts in the smallest unit. */
    lines: {
      description: string | null;
      amount: number;
    }[];
  } | null;
}

export interface NextInvoiceKind {
  kind: "sms_out" | "sms_in" | "mms_out" | "mms_in" | "number" | "fee";
  /** What Stripe has accepted, without what it is known not to have counted. */
  acceptedUnits: number;
  /** What is rated and not accepted yet. */
  unsentUnits: number;
  /** What is not rated yet, by estimate, in the currency. */
  estimatedAmount: number;
  /** Days and plans that no estimate includes, because no exchange rate is set. */
  withoutRate: number;
  /** The least that Stripe may have counted by now. */
  leastUnits: number;
  /** The most: calls are on their way, and Stripe's sums are minutes late. */
  mostUnits: number;
  /** What the last comparison with Stripe found missing. It is sent again. */
  missingUnits: number;
  /** The quantity on Stripe's preview; null without a preview, or when it has more lines than Stripe returns. */
  stripeUnits: number | null;
  /** none: Stripe bills what it has accepted. on_its_way: calls are on their way, or Stripe's sum is minutes late. missing: the last comparison found it, and it is sent again. unexplained: wait for the next comparison. */
  difference: ("none" | "on_its_way" | "missing" | "unexplained") | null;
}

/** Returns what a tenant's next invoice will bill, by our ledger and by Stripe's preview. */
export interface NextInvoiceQuery {
  userId: string;
}

/** The event of a notice, such as usage.threshold. */
export interface NoticeEvent {
  type: "usage.threshold" | "number.release_scheduled" | "number.sending_ends";
  timestamp: string;
  data: {
    id: string;
    /** What the notice is about. A subject is noticed once for each type: the start of the billing period and the percentage, or a number's id and the date. */
    subject: string;
    /** Dates, ids and amounts in your own prices, as tenant_notices.details has them. */
    details: {
      [key: string]: unknown;
    };
  };
}

/** One difference between our rows and Twilio's list that a sync recorded. */
export interface NumberChange {
  change: "appeared" | "changed" | "released" | "repaired";
  /** E.164. */
  phoneNumber: string;
  phoneSid: string;
}

/** The body of set-primary-number. */
export interface NumberChoice {
  numberId: string;
}

/** A number that is being bought or released. */
export interface NumberInProgress {
  numberId: string;
  /** E.164. */
  phoneNumber: string;
  status: "purchasing" | "releasing";
}

/** The response of list-numbers. */
export interface NumberList {
  source: NumberSource;
  /** Why the numbers are not the caller's own. */
  notice?: string | undefined;
  numbers: PhoneNumber[];
}

/** The body of admin/move-number. */
export interface NumberMove {
  /** E.164. */
  phoneNumber: string;
  userId: string;
  to: "tenant" | "master";
  /** AD…, where the country requires an address: one of the account that gets the number. */
  addressSid?: string | undefined;
  /** BU…, where the country requires a regulatory bundle: an approved one of the account that gets the number. */
  bundleSid?: string | undefined;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

/** The response of search-numbers. */
export interface NumberOffer {
  numbers: AvailableNumber[];
}

/** Whether tenants without a subaccount may send from a number. */
export interface NumberOffering {
  /** E.164. */
  phoneNumber: string;
  isOffered: boolean;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

/** The body of buy-number. */
export interface NumberPurchase {
  /** E.164. */
  phoneNumber: string;
  /** 1 to 64 characters; Twilio's own name for it unless given. */
  friendlyName?: string | undefined;
  /** AD…, where the country requires an address: one of the account that gets the number. */
  addressSid?: string | undefined;
  /** BU…, where the country requires a regulatory bundle: an approved one of the account that gets the number. */
  bundleSid?: string | undefined;
}

/** The body of release-number. */
export interface NumberRelease {
  numberId: string;
  /** The number, typed again: releasing is final, and another customer of Twilio may buy it. */
  confirmPhoneNumber?: string | undefined;
}

/** The body of rename-number. */
export interface NumberRenaming {
  numberId: string;
  /** 1 to 64 characters. */
  friendlyName: string;
}

/** Lists numbers on offer, with their monthly price if it is known. */
export interface NumberSearch {
  /** ISO 3166, two letters. Default: US. */
  country?: string | undefined;
  /** Default: local. */
  type?: NumberType | undefined;
  /** Three digits. */
  areaCode?: string | undefined;
  /** 2 to 16 digits, letters or *. */
  contains?: string | undefined;
  locality?: string | undefined;
  region?: string | undefined;
  /** true unless given. */
  sms?: boolean | undefined;
  mms?: boolean | undefined;
  voice?: boolean | undefined;
  /** 1 to 50; 20 unless given. Default: 20. */
  limit?: number | undefined;
}

/** The send rate of campaigns from a tenant's number. */
export interface NumberSendRate {
  /** E.164. */
  phoneNumber: string;
  /** 0.01 to 1000. */
  messagesPerSecond: number;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

export interface NumberSendRateSet {
  /** E.164. */
  phoneNumber: string;
  /** 0.01 to 1000. */
  messagesPerSecond: number;
  userId: string;
}

/** The account that a number is in: the tenant's own, or the master account. */
export type NumberSource = "subaccount" | "master";

/** The response of sync-numbers. */
export interface NumberSync {
  numbers: PhoneNumber[];
  changes: NumberChange[];
}

export type NumberType = "local" | "mobile" | "tollFree";

/** Your limits on numbers, and what is in progress or scheduled. */
export interface NumbersOverview {
  numbers: {
    limit: number;
    /** Those that are being bought or released count. */
    held: number;
  };
  /** Numbers that were released count. */
  purchases: {
    /** In any twenty-four hours. */
    day: {
      limit: number;
      left: number;
      /** When the next one is possible if none is left; null: not by time alone. */
      resetsAt: string | null;
    };
    /** In a calendar month (UTC). */
    month: {
      limit: number;
      left: number;
      /** When the next one is possible if none is left; null: not by time alone. */
      resetsAt: string | null;
    };
  };
  /** The highest monthly price at which you may buy a number. */
  highestPrice: number;
  /** How many monthly prices of numbers your plan includes in a billing period. */
  includedNumbers: number;
  /** What messages, purchases and fees may cost in the billing period. */
  spending: {
    limit: number;
    left: number;
    resetsAt: string;
  };
  inProgress: NumberInProgress[];
  /** The earliest first. */
  scheduled: ScheduledNumberChange[];
  /** When your numbers were last compared with Twilio's list. */
  comparedAt: string | null;
}

export interface OfferedNumber {
  /** E.164. */
  phoneNumber: string;
  isOffered: boolean;
}

export interface OptOut {
  id: string;
  recipient: string;
  /** The sender that may not send to the recipient; null: none of yours may. */
  from: string | null;
  source: OptOutSource;
  /** The recipient's own word, or 21610; null for one that you added. */
  keyword: string | null;
  /** ISO 8601. */
  optedOutAt: string;
}

/** The response of opt-outs, newest first. */
export interface OptOutPage {
  optOuts: OptOut[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** received: the recipient's STOP. reported: Twilio's error 21610. imported, manual: added by you. */
export type OptOutSource = "received" | "reported" | "imported" | "manual";

/** Lists your opt-outs, newest first. */
export interface OptOutsQuery {
  /** In any notation with + and country code. */
  recipient?: string | undefined;
  /** One of your senders; opt-outs of all senders are not listed then. */
  from?: string | undefined;
  source?: OptOutSource | undefined;
  /** 1 to 1000; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
}

/** Limits that replace those of a tenant's plan; null: the plan's. */
export interface OwnLimits {
  maxNumbers: number | null;
  maxPurchasesPerDay: number | null;
  maxPurchasesPerMonth: number | null;
  maxNumberPrice: number | null;
  dailyMessageLimit: number | null;
  monthlyMessageLimit: number | null;
  spendLimit: number | null;
  messagesPerSecond: number | null;
  markup: number | null;
  validUntil: string | null;
  reason: string;
  /** The operator's id. */
  setBy: string;
  setAt: string;
}

/** A webhook with a new secret, to which nothing is forwarded until it is confirmed. */
export interface PendingForwardWebhook {
  url: string;
  createdAt: string;
  /** whsec_…, only in the response that created it. */
  secret?: string | undefined;
}

/** Provisioning is in progress, or a call to Twilio got no response: repeat the request. */
export interface PendingSubaccount {
  success: true;
  subaccountSid: null;
  friendlyName: null;
  status: "pending";
}

/** A number as every endpoint shows it. */
export interface PhoneNumber {
  id: string;
  /** E.164. */
  phoneNumber: string;
  /** Twilio's, PN…. */
  phoneSid: string | null;
  friendlyName: string | null;
  capabilities: Capabilities;
  isPrimary: boolean;
  status: string;
  source: NumberSource;
}

/** A subscription with the plan that was asked for. */
export interface PlanChange {
  /** sub_…. */
  subscriptionId: string;
  /** The plan that the subscription has now. */
  plan: string;
  /** False if it had this plan before. */
  changed: boolean;
}

/** The body of change-plan. */
export interface PlanChangeRequest {
  /** The key of a plan that is for sale. */
  plan: string;
}

/** The body of admin/set-plan-limits. */
export interface PlanLimits {
  /** The key of the plan. */
  plan: string;
  /** The limits that change. */
  limits: {
    /** Numbers at a time. */
    maxNumbers?: number | undefined;
    maxPurchasesPerDay?: number | undefined;
    maxPurchasesPerMonth?: number | undefined;
    /** The highest monthly price of a number. */
    maxNumberPrice?: number | undefined;
    dailyMessageLimit?: number | undefined;
    monthlyMessageLimit?: number | undefined;
    /** In the tenant's prices, per billing period. */
    spendLimit?: number | undefined;
    /** The send rate of the tenant's campaigns: 0.01 to 1000. */
    messagesPerSecond?: number | undefined;
  };
  /** true: also for those who have the plan. false: a plan that was sold gets a new version. Default: false. */
  changesSold?: boolean | undefined;
  /** The price of a new version. Without it, a price belongs to the version by its lookup key. */
  stripePriceId?: string | undefined;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

export interface PlanLimitsSet {
  /** The key of the plan that has the limits. */
  plan: string;
  isNewVersion: boolean;
}

/** The response of admin/plans. */
export interface PlanList {
  plans: ListedPlan[];
}

export interface PlanPrice {
  /** Of one interval, in the currency. */
  amount: number;
  /** ISO 4217, in lower case. */
  currency: string;
  interval: "day" | "week" | "month" | "year";
  /** How many of these intervals one payment is for. */
  intervalCount: number;
  /** Whether taxes are part of the amount; otherwise they may be added to it. */
  includesTaxes: boolean;
}

/** The plans that can be bought, with their prices. */
export interface PlansForSale {
  /** The smallest first. */
  plans: {
    /** The key of the plan. */
    plan: string;
    name: string;
    /** What Stripe charges for the plan, without usage. null: readAt says whether Stripe has no fixed price for it. */
    price: PlanPrice | null;
    /** When the price was read from Stripe. null: Stripe could not be read today. */
    readAt: string | null;
  }[];
}

/** A user by id, or by the whole email address in any case. */
export type Provision = {
  userId: string;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
} | {
  email: string;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
};

export interface ReadMark {
  /** Your number. */
  number: string;
  /** The other number. */
  with: string;
  /** ISO 8601 with a time zone: received messages up to and with this millisecond, such as the createdAt of the newest message that you show; all of them unless given. */
  until?: string | undefined;
  /** Marks the newest received message as unread instead. */
  unread?: true | undefined;
}

export interface ReadState {
  /** Received messages of this conversation that are unread now. */
  unread: number;
  /** Your conversations with unread messages, counted up to 1,000. */
  unreadConversations: number;
}

/** Recipients of a campaign, in the order of the request. */
export interface RecipientPage {
  recipients: CampaignRecipient[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** Lists the recipients of a campaign with their results. */
export interface RecipientsQuery {
  /** Only the recipients under this count. */
  count?: CampaignCount | undefined;
  /** 1 to 1000; 200 unless given. Default: 200. */
  limit?: number | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
}

/** A day of an account: usageTotal - ledgerTotal is the sum of the nine classes from notPricedYet to otherCurrency. */
export interface Reconciliation {
  accountSid: string;
  /** UTC. */
  day: string;
  /** null: the master account. */
  userId: string | null;
  /** Of all amounts, ISO 4217. */
  currency: string;
  /** What Twilio's usage has for the day. */
  usageTotal: number;
  /** What Switchboard's ledger has for it. */
  ledgerTotal: number;
  notPricedYet: number;
  carrierFee: number;
  failedMessageFee: number;
  uncategorised: number;
  unknownCategory: number;
  missingHere: number;
  missingAtTwilio: number;
  rate: number;
  otherCurrency: number;
  /** Whether the usage of the day is final. */
  isClosed: boolean;
  /** Whether what is missing is counted a day before or after. */
  isShifted: boolean;
  /** The evidence: counts and amounts of both sides by kind. */
  kinds: {
    [key: string]: unknown;
  };
  /** Amounts in other currencies, which are never added. */
  otherCurrencies: {
    [key: string]: unknown;
  };
  reconciledAt: string;
}

/** The response of admin/reconciliations. */
export interface ReconciliationList {
  days: Reconciliation[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** Lists the days of accounts that were compared with Twilio's usage, newest first, a page at a time. */
export interface ReconciliationsPage {
  /** Only days of this account (AC…). */
  account?: string | undefined;
  /** true: only closed days whose difference must be explained. */
  unexplained?: boolean | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

/** The response of redact-message. */
export interface Redaction {
  id: string;
  /** null while the deletion is in progress. */
  redactedAt: string | null;
}

export interface RejectedContact {
  /** The row's position in the request, from 0. */
  index: number;
  phoneNumber: string;
  code: "invalid_row" | "invalid_number" | "invalid_name" | "invalid_notes" | "invalid_tags" | "too_many_contacts";
  message: string;
}

/** The response of admin/rejected. */
export interface RejectedList {
  rows: RejectedUsage[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

export interface RejectedOptOut {
  /** The row's position in the request, from 0. */
  index: number;
  recipient: string;
  code: "invalid_row" | "invalid_recipient" | "invalid_sender" | "number_not_owned" | "invalid_time";
  message: string;
}

/** Lists usage that Stripe rejected or did not count, newest first, a page at a time. */
export interface RejectedPage {
  userId?: string | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

export interface RejectedUsage {
  id: string;
  userId: string;
  /** The UTC day of use. */
  day: string;
  kind: "sms_out" | "sms_in" | "mms_out" | "mms_in" | "number" | "fee";
  /** usage: Stripe refused the row. rejection: units that it had accepted and did not count, which are sent again. unbilled: units that it had counted and did not bill, likewise. */
  reason: string;
  state: string;
  lossReason: string | null;
  currency: string;
  /** Whole ten-thousandths of the currency. */
  units: number;
  /** How often it was sent again under a new identifier. */
  rejections: number;
  /** How often Stripe refused the call itself. */
  refusals: number;
  /** Why Stripe refused it last. */
  error: string | null;
  createdAt: string;
}

/** The response of release-number. */
export interface ReleasedNumber {
  released: PhoneNumber;
  /** The primary number from now on; null without a number. */
  primary: PhoneNumber | null;
}

/** One dead letter, several or all of them, or one Stripe event. */
export type Replay = {
  deadLetter: number;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
} | {
  /** The ids of up to 200, or all. The response says how many there were. */
  deadLetters: "all" | number[];
  /** 1 to 300 characters, for the audit log. */
  reason: string;
} | {
  eventId: string;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
};

export interface Replayed {
  accepted: true;
  replayed: number;
}

/** A month of usage (UTC) in one currency; currencies are never added up. */
export interface Revenue {
  month: string;
  /** null: all tenants together. */
  userId: string | null;
  /** Of the amounts: that of the plan (ISO 4217, lower case). */
  currency: string;
  /** What usage of the month bills: billed and unbilled. */
  revenue: number;
  /** What Stripe has accepted, and what own invoices and credit notes have settled. */
  billed: number;
  /** What is rated and not accepted yet. */
  unbilled: number;
  /** What is not billed, for a named reason. */
  lost: number;
  /** What Twilio charges, also for what is lost or of a trial, at the exchange rate of each row. */
  cost: number;
  /** The revenue without the cost. */
  margin: number;
}

/** The response of admin/revenue. */
export interface RevenueList {
  months: Revenue[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** Returns revenue, cost and margin by month of use and currency, by tenant or in total, a page at a time. */
export interface RevenuePage {
  /** total: all tenants together. tenant: a row for each tenant. Default: total. */
  by?: ("total" | "tenant") | undefined;
  /** The first month (UTC). Unless given: eleven months before the last one. */
  from?: string | undefined;
  /** The month after the last one. Unless given: the next month. */
  until?: string | undefined;
  /** Only this tenant, by tenant. */
  userId?: string | undefined;
  /** Only this one (ISO 4217, lower case): amounts of two currencies are in no order. */
  currency?: string | undefined;
  /** month: the oldest first. revenue: the largest first. margin: the smallest first. Default: month. */
  order?: ("month" | "revenue" | "margin") | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
  /** 1 to 500; 100 unless given. Default: 100. */
  limit?: number | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

/** The lane whose jobs are run. */
export interface RunJobs {
  lane: "control" | "messages" | "campaigns" | "forwarding" | "usage" | "billing";
}

export interface SavedContact {
  contact: Contact;
  outcome: "added" | "updated" | "unchanged";
}

/** What happens to a number unless your plan changes. */
export interface ScheduledNumberChange {
  numberId: string | null;
  /** E.164. */
  phoneNumber: string;
  /** release: it is released. park: it leaves your account and is kept for a time. parked_until: it left your account and is kept until then. sending_ends: from then on it only receives. */
  change: "release" | "park" | "parked_until" | "sending_ends";
  /** ISO 8601; it may be past for sending_ends. */
  at: string;
}

/** The ids of the sealing keys; a key itself is never shown. */
export interface SealingKeys {
  /** The key that seals. */
  current: string;
  inUse: {
    keyId: string;
    tokens: number;
  }[];
  /** Keys that are needed and not configured: their tokens cannot be opened. */
  missing: string[];
  /** Configured keys that are not current and that no token needs. */
  retirable: string[];
}

/** The hours of a day at which a campaign is sent. */
export interface SendWindow {
  /** HH:MM. */
  from: string;
  /** HH:MM; before from: on the next day. */
  to: string;
  /** The days on which the window begins; every day unless given. */
  days?: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[] | undefined;
  /** Of all recipients. Without it, the window must be open in every time zone of the recipient's country. */
  timeZone?: string | undefined;
}

/** The response of send-sms. */
export interface SentMessage {
  id: string;
  /** Twilio's, SM… or MM…; null while the outcome is unknown. */
  sid: string | null;
  /** As Twilio reports it, or unknown. */
  status: string;
  from: string;
  to: string;
  segments: number;
  encoding: "GSM-7" | "UCS-2";
  source: NumberSource;
  /** Why the message went through the master account. */
  notice?: string | undefined;
  /** From 80 % of the spend limit on. */
  spending?: Spending | undefined;
}

/** The error code. Programs branch on it, never on the message. */
export type ServerErrorCode =
  | "invalid_json"
  | "invalid_input"
  | "invalid_signature"
  | "unauthorized"
  | "forbidden"
  | "mfa_required"
  | "not_found"
  | "method_not_allowed"
  | "body_too_large"
  | "rate_limited"
  | "unsupported_media_type"
  | "subscription_required"
  | "subaccount_suspended"
  | "subaccount_closed"
  | "subaccount_required"
  | "subaccount_pending"
  | "subaccount_limit_reached"
  | "permanent_user_required"
  | "plan_not_found"
  | "plan_not_for_sale"
  | "subscription_exists"
  | "checkout_replaced"
  | "billing_not_set_up"
  | "subscription_not_changeable"
  | "billing_customer_not_found"
  | "subscription_not_found"
  | "subscription_over"
  | "canceled_by_operator"
  | "email_not_confirmed"
  | "customer_email_differs"
  | "user_not_confirmed"
  | "number_not_owned"
  | "number_required"
  | "alert_settled"
  | "ambiguous_email"
  | "plan_superseded"
  | "price_taken"
  | "number_taken"
  | "number_limit_reached"
  | "number_over_limit"
  | "number_price_limit_reached"
  | "purchase_limit_reached"
  | "price_unavailable"
  | "number_purchase_in_progress"
  | "number_release_in_progress"
  | "number_release_unknown"
  | "number_not_available"
  | "regulatory_information_required"
  | "invalid_recipient"
  | "invalid_sender"
  | "recipient_opted_out"
  | "destination_not_enabled"
  | "body_too_long"
  | "idempotency_key_reused"
  | "message_limit_reached"
  | "spend_limit_reached"
  | "message_outcome_unknown"
  | "no_valid_recipients"
  | "too_many_opt_outs"
  | "too_many_recipients"
  | "campaign_over"
  | "campaign_not_over"
  | "nothing_to_retry"
  | "too_many_contacts"
  | "settings_changed"
  | "link_expired"
  | "media_gone"
  | "media_too_large"
  | "webhook_changed"
  | "webhook_not_answering"
  | "webhook_not_enabled"
  | "webhook_not_pending"
  | "delivery_pending"
  | "twilio_refused"
  | "twilio_throttled"
  | "twilio_unavailable"
  | "twilio_misconfigured"
  | "stripe_unavailable"
  | "stripe_misconfigured"
  | "database_unavailable"
  | "internal_error";

export interface SettledAlert {
  alertId: string;
  settled: true;
}

/** A spend limit of which 80 % or 100 % are used, in your own prices. */
export interface Spending {
  /** The threshold of the limit that is reached. */
  percent: 80 | 100;
  /** The most that may be spent in the billing period. */
  limit: number;
  /** What is spent or reserved, with the fees of your numbers until the period ends. */
  used: number;
  left: number;
  periodStart: string;
  periodEnd: string;
}

export interface Statement {
  id: string;
  /** period: of a billing period. later_usage: what was found after the last invoice of a subscription that is over. */
  type: "period" | "later_usage";
  /** open: the period is not over. closing: late usage still arrives, or the invoice is not final and compared. closed: the lines never change again. */
  status: "open" | "closing" | "closed";
  /** The first moment of the billing period. */
  from: string;
  /** The first moment after it. */
  until: string;
  isTrial: boolean;
  /** Of the plan, and of all amounts. */
  currency: string;
  /** What is billed for usage so far, in whole 1/10,000 of the currency. */
  units: number;
  /** The same before it is rounded to units. */
  amount: number;
  /** The part of units that Stripe does not have yet. */
  pendingUnits: number;
  /** Those that bill this usage, as last read from Stripe. */
  invoices: {
    /** The id at Stripe. */
    id: string;
    number: string | null;
    /** draft, open, paid, uncollectible or void; null before it is read from Stripe. */
    status: string | null;
    /** With the plan's price, other items and taxes. */
    total: number | null;
    /** Stripe's page of the invoice. */
    url: string | null;
    /** What it bills of usage, without taxes. kind and quantity are null on an invoice after the last period. */
    lines: {
      kind: ("sms_out" | "sms_in" | "mms_out" | "mms_in" | "number" | "fee") | null;
      /** In units of 1/10,000 of the currency. */
      quantity: number | null;
      amount: number;
      /** What Stripe bills more than the quantity, because it bills whole cents. */
      rounding: number | null;
    }[];
  }[];
}

/** One statement, line by line. */
export interface StatementDetails {
  id: string;
  /** period: of a billing period. later_usage: what was found after the last invoice of a subscription that is over. */
  type: "period" | "later_usage";
  /** open: the period is not over. closing: late usage still arrives, or the invoice is not final and compared. closed: the lines never change again. */
  status: "open" | "closing" | "closed";
  /** The first moment of the billing period. */
  from: string;
  /** The first moment after it. */
  until: string;
  isTrial: boolean;
  /** Of the plan, and of all amounts. */
  currency: string;
  /** What is billed for usage so far, in whole 1/10,000 of the currency. */
  units: number;
  /** The same before it is rounded to units. */
  amount: number;
  /** The part of units that Stripe does not have yet. */
  pendingUnits: number;
  /** Those that bill this usage, as last read from Stripe. */
  invoices: {
    /** The id at Stripe. */
    id: string;
    number: string | null;
    /** draft, open, paid, uncollectible or void; null before it is read from Stripe. */
    status: string | null;
    /** With the plan's price, other items and taxes. */
    total: number | null;
    /** Stripe's page of the invoice. */
    url: string | null;
    /** What it bills of usage, without taxes. kind and quantity are null on an invoice after the last period. */
    lines: {
      kind: ("sms_out" | "sms_in" | "mms_out" | "mms_in" | "number" | "fee") | null;
      /** In units of 1/10,000 of the currency. */
      quantity: number | null;
      amount: number;
      /** What Stripe bills more than the quantity, because it bills whole cents. */
      rounding: number | null;
    }[];
  }[];
  lines: StatementLine[];
  /** The sums of the lines by kind. */
  totals: {
    kind: "sms_out" | "sms_in" | "mms_out" | "mms_in" | "number" | "fee";
    /** Messages, or fees. */
    count: number;
    segments: number;
    /** In the currency of the plan, before what the plan includes. */
    price: number;
    /** The part of the price that the plan includes. */
    included: number;
    amount: number;
    /** Whole 1/10,000 of the currency, which are billed. */
    units: number;
    /** What the amounts are more than the units, in units. It is carried to the next usage of the kind and period; less than a unit is never billed. */
    remainder: number;
    /** The part of units that Stripe does not have yet. */
    pendingUnits: number;
    /** What the same invoice bills for another account with the same Stripe customer. */
    othersUnits: number;
    /** The quantity of the final invoice; null before it is final. */
    invoicedUnits: number | null;
  }[];
  addsUp: {
    /** The amounts are the units, up to half a unit for each kind and period of use. */
    ledger: boolean;
    /** Stripe's meters have counted what was sent; null: not compared yet. */
    summaries: boolean | null;
    /** The final invoice bills the units, kind by kind, in whole cents; null before it is final. */
    invoice: boolean | null;
  };
}

export interface StatementLine {
  kind: "sms_out" | "sms_in" | "mms_out" | "mms_in" | "number" | "fee";
  /** The UTC day of use. */
  day: string;
  /** correction: a later change of a price, or usage that is taken back. not_counted: units that this invoice does not bill; a later statement has them as sent_again. */
  type: "usage" | "correction" | "not_counted" | "sent_again";
  /** trial and not_billed: free of charge. */
  state: "billed" | "pending" | "trial" | "not_billed";
  /** The billing period of use. */
  from: string;
  until: string;
  /** Used in an earlier period, and found after its books had closed. */
  isLate: boolean;
  /** Messages, or fees. */
  count: number;
  segments: number;
  /** In the currency of the plan, before what the plan includes. */
  price: number;
  /** The part of the price that the plan includes. */
  included: number;
  amount: number;
  /** Whole 1/10,000 of the currency, which are billed. */
  units: number;
}

/** The response of list-statements, newest first. */
export interface StatementPage {
  statements: Statement[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** Returns one of your statements, line by line, with the invoice that bills it. */
export interface StatementQuery {
  /** csv: the lines as a file for spreadsheets. html: a page to print, which loads nothing. Default: json. */
  format?: ("json" | "csv" | "html") | undefined;
}

/** Lists your statements, one for each billing period of your own subscriptions, newest first. */
export interface StatementsQuery {
  /** 1 to 50; 12 unless given. Default: 12. */
  limit?: number | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
}

/** The caller's subaccount. */
export interface Subaccount {
  provisioned: boolean;
  /** null: the caller never requested a subaccount. */
  status: SubaccountStatus | null;
  subaccountSid: string | null;
  friendlyName: string | null;
  createdAt: string | null;
  /** Whether an operator suspended or closed the account. A subscription does not change that. */
  heldByOperator: boolean;
  /** When the account is suspended unless the failed payment is made. null: there is no such date. */
  suspendsAt: string | null;
  /** When the first number is released unless the caller subscribes again. null: there is no such date. */
  numbersReleasedAt: string | null;
}

/** A subaccount's status as stored: the status at Twilio, or pending before there is an account. */
export type SubaccountStatus = "pending" | "active" | "suspended" | "closed";

/** The response of admin/cancel-subscription. */
export interface SubscriptionCanceled {
  subscriptionId: string;
  /** true: the subscription was over before. false: a job cancels it at Stripe. */
  isOver: boolean;
}

/** The body of admin/cancel-subscription. */
export interface SubscriptionCancellation {
  /** sub_…. */
  subscriptionId: string;
  /** true: the paid period runs out first. false: at once. Default: false. */
  atPeriodEnd?: boolean | undefined;
  /** true: at once, and what was paid for the rest of the period is given back on the last invoice. Default: false. */
  prorate?: boolean | undefined;
  /** true: a scheduled cancellation is undone. Default: false. */
  undo?: boolean | undefined;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

/** The body of claim-subscription. */
export interface SubscriptionClaim {
  /** The id at Stripe. Without it, the ten newest that were bought for the caller. */
  subscriptionId?: string | undefined;
}

/** The body of cancel-subscription. */
export interface SubscriptionEnd {
  /** The id at Stripe. Without it, the subscription that gives the caller's plan. */
  subscriptionId?: string | undefined;
  /** period_end: the paid period runs out first. now: at once; what was paid for the rest of the period is not given back. never: a scheduled cancellation is undone. Default: period_end. */
  when?: ("now" | "period_end" | "never") | undefined;
}

/** The response of cancel-subscription. A job does it at Stripe; cancel_at and status of the subscription then change. */
export interface SubscriptionEndAccepted {
  /** The id at Stripe. */
  subscriptionId: string;
  when: "now" | "period_end" | "never";
}

/** A tenant as an operator sees it. Times are ISO 8601. */
export interface Tenant {
  userId: string;
  email: string | null;
  /** The status that the tenant is entitled to. */
  wanted: "none" | "active" | "suspended" | "closed";
  status: SubaccountStatus;
  /** The key of the plan that applies now. */
  plan: string | null;
  /** The plan of the subscription that counts and does not entitle now: unpaid, paused or canceled. */
  lapsedPlan: string | null;
  subaccountSid: string | null;
  friendlyName: string | null;
  operatorHold: ("suspended" | "closed") | null;
  suspendedAtTwilio: boolean;
  /** Whether the subaccount does not have the wanted status. */
  isDrifting: boolean;
  /** Whether the account has a monthly cost that no subscription pays for, as in admin/unpaid-accounts. */
  isUnpaid: boolean;
  /** Whether a limit of messages or of spending is reached. */
  isOverLimit: boolean;
  requestedAt: string | null;
  userDeletedAt: string | null;
  lastError: string | null;
  convergedAt: string | null;
  /** When the user became a tenant. */
  createdAt: string;
  /** When the tenant last sent or received a message. */
  lastMessageAt: string | null;
  /** How many numbers the tenant has. */
  numbers: number;
}

export interface TenantBilling {
  /** The subscription that pays for usage now; null: usage is a loss. */
  payer: {
    subscriptionId: string;
    customerId: string;
    periodStart: string;
    /** null: the present period is not read from Stripe yet. */
    periodEnd: string | null;
    isTrial: boolean;
  } | null;
  /** In which usage is billed now. */
  currency: string | null;
  /** In place of the plan's; null: none is set. */
  ownMarkup: number | null;
  /** What is rated and not accepted by Stripe yet, in whole ten-thousandths. */
  unsent: {
    currency: string;
    units: number;
  }[];
  /** The last three. */
  statements: {
    id: string;
    type: "period" | "later_usage";
    status: "open" | "closing" | "closed";
    startsAt: string;
    endsAt: string;
    currency: string;
    amount: number;
    units: number;
    pendingUnits: number;
  }[];
}

/** The response of admin/tenant-emails. */
export interface TenantEmailList {
  /** Without deleted users. */
  tenants: {
    userId: string;
    email: string;
  }[];
}

/** Returns the email addresses of tenants that a list names by id. */
export interface TenantEmailsQuery {
  /** The ids of 1 to 100 users, separated by commas. */
  userIds: string;
}

export interface TenantFigures {
  userId: string;
  /** The first UTC day of the tenant's billing period. */
  from: string;
  /** What was used in the billing period, by currency: the tenant's price before what a plan includes, and what Twilio charges. Amounts of two currencies are never added. */
  amounts: {
    /** ISO 4217. null: estimates, while Twilio has not priced anything yet. */
    currency: string | null;
    /** As decimal text. */
    price: string;
    /** As decimal text. */
    cost: string;
    /** price without cost. */
    margin: string;
  }[];
  /** Messages of both directions on each of the 30 UTC days before until. */
  messages: number[];
}

/** The response of admin/tenant-figures. */
export interface TenantFiguresList {
  /** The UTC day after today. */
  until: string;
  /** In the order of userIds. A user without usage has no amounts. */
  tenants: TenantFigures[];
}

/** Returns usage of the billing period and messages by day of the tenants on a page of the list. */
export interface TenantFiguresQuery {
  /** The ids of 1 to 100 users, separated by commas. */
  userIds: string;
}

export interface TenantJob {
  lane: "control" | "messages" | "campaigns" | "forwarding" | "usage" | "billing";
  id: number;
  kind: string | null;
  attempts: number;
  enqueuedAt: string;
  dueAt: string;
  /** The error of the last attempt. */
  error: string | null;
}

/** The body of admin/set-tenant-limits. */
export interface TenantLimits {
  userId: string;
  /** All of the tenant's own limits and their own markup; null removes them. */
  limits: {
    /** Numbers at a time. */
    maxNumbers?: number | undefined;
    maxPurchasesPerDay?: number | undefined;
    maxPurchasesPerMonth?: number | undefined;
    /** The highest monthly price of a number. */
    maxNumberPrice?: number | undefined;
    dailyMessageLimit?: number | undefined;
    monthlyMessageLimit?: number | undefined;
    /** In the tenant's prices, per billing period. */
    spendLimit?: number | undefined;
    /** The send rate of the tenant's campaigns: 0.01 to 1000. */
    messagesPerSecond?: number | undefined;
    /** The tenant's price is what Twilio charges times this, for usage from now on: 0.0001 to 1000. */
    markup?: number | undefined;
  } | null;
  /** Until when they apply; without it they have no end. */
  validUntil?: string | undefined;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

export interface TenantLimitsSet {
  userId: string;
  /** Whether the limits of the plan apply again. */
  removed: boolean;
}

/** The response of admin/tenants. */
export interface TenantList {
  /** With a filter a page may have fewer tenants than its limit, or none, before the last page. */
  tenants: Tenant[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

export interface TenantNotice {
  id: string;
  kind: string;
  subject: string;
  details: {
    [key: string]: unknown;
  };
  raisedAt: string;
}

export interface TenantNumber {
  id: string;
  phoneNumber: string;
  sid: string | null;
  friendlyName: string | null;
  status: string;
  isPrimary: boolean;
  messagesPerSecond: number;
  purchasedAt: string | null;
}

export interface TenantSubscription {
  id: string;
  customerId: string;
  plan: string | null;
  status: "incomplete" | "incomplete_expired" | "trialing" | "active" | "past_due" | "canceled" | "unpaid" | "paused";
  origin: ("checkout" | "metadata" | "operator" | "claim") | null;
  /** Whether this one gives the plan and the account status. */
  counts: boolean;
  currentPeriodStart: string | null;
  currentPeriodEnd: string | null;
  pastDueSince: string | null;
  cancelAt: string | null;
  endedAt: string | null;
}

/** The body of admin/sync-tenant. */
export interface TenantSync {
  userId: string;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

export interface TenantUnpaid {
  reason:
    | "user_deleted"
    | "suspended_at_twilio"
    | "operator_hold"
    | "past_due"
    | "paused"
    | "unpaid"
    | "canceled"
    | "no_subscription"
    | "not_returned"
    | "downgraded";
  costs: {
    /** ISO 4217; null until Twilio has reported the master account's currency. */
    currency: string | null;
    numbers: number;
    /** Numbers whose price is not known: they are not in monthlyCost. */
    unpriced: number;
    /** The account's numbers, parked ones included. */
    monthlyCost: string;
    /** Other recurring fees of the last 31 days. */
    otherMonthlyCost: string;
  }[];
  numbers: {
    /** E.164. */
    phoneNumber: string;
    /** The account that the number is in. master: it is parked. */
    place: "tenant" | "master";
    /** active, noticed, kept, parked …. */
    state: string;
    /** Why the number cannot leave or return, as Twilio said. */
    reason: string | null;
    /** When the number is released or parked. */
    leavesAt: string | null;
    monthlyCost: string | null;
    /** ISO 4217; null until Twilio has reported the master account's currency. */
    currency: string | null;
  }[];
}

export interface TenantUsage {
  periodStart: string;
  /** The end of the billing period. */
  periodEnd: string;
  /** Messages sent. */
  messages: number;
  /** What Twilio charges for messages and numbers, by our own count. */
  cost: number;
  /** What the tenant pays for them. */
  price: number;
  remaining: {
    /** Messages. */
    daily: number;
    /** Messages. */
    monthly: number;
    /** In the tenant's prices. */
    spend: number;
  };
  /** What Twilio has counted in the period, by category. Some categories contain others. */
  atTwilio: {
    category: string;
    count: number;
    usage: number;
    cost: number;
    /** The currency. */
    unit: string;
  }[];
}

export interface TenantUsageDay {
  /** UTC. */
  day: string;
  kind: "sms_out" | "sms_in" | "mms_out" | "mms_in" | "number" | "fee";
  /** ISO 4217. null: estimates, while Twilio has not priced anything yet. */
  currency: string | null;
  /** Messages, numbers or fees. */
  count: number;
  segments: number;
  /** What the tenant pays, as decimal text. */
  price: string;
  /** What Twilio charges, as decimal text. Messages count at an estimate until it has priced them. */
  cost: string;
}

/** The response of admin/tenants/{userId}/usage. */
export interface TenantUsageDays {
  userId: string;
  from: string;
  until: string;
  /** A row for each day, kind and currency that was used. */
  days: TenantUsageDay[];
}

/** Returns what a tenant used on each day, with their price and Twilio's cost. */
export interface TenantUsageQuery {
  /** The first UTC day. Unless given: 30 days before until. */
  from?: string | undefined;
  /** The day after the last one. Unless given: tomorrow. */
  until?: string | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

/** One tenant as a whole. */
export interface TenantView {
  numbers: TenantNumber[];
  /** The newest first. */
  subscriptions: TenantSubscription[];
  /** Those that apply now. */
  limits: Limits;
  ownLimits: OwnLimits | null;
  usage: TenantUsage;
  billing: TenantBilling;
  /** What the account costs a month that no subscription pays for, and why; null: nothing. */
  unpaid: TenantUnpaid | null;
  /** The last 50. */
  notices: TenantNotice[];
  /** The next 50. */
  jobs: TenantJob[];
  /** The last 50. */
  deadLetters: DeadLetter[];
  tenant: Tenant;
  /** The open ones. */
  alerts: Alert[];
  /** The last 50 lines of the audit log; next continues at the tenant's timeline. */
  timeline: Timeline;
}

/** Lists tenants that match a search and filters, a page at a time. */
export interface TenantsPage {
  /** A user's id, the SID of a subaccount (AC…), a number (+…), or the beginning of an email address. */
  search?: string | undefined;
  status?: SubaccountStatus | undefined;
  /** The key of the plan that applies now. */
  plan?: string | undefined;
  /** Whether the subaccount does not have the wanted status. */
  drift?: boolean | undefined;
  /** Whether the account has a monthly cost that no subscription pays for, as in admin/unpaid-accounts. */
  unpaid?: boolean | undefined;
  /** Whether a limit of messages or of spending is reached. */
  overLimit?: boolean | undefined;
  /** id, or by the time at which they became tenants. Default: id. */
  sort?: ("id" | "oldest" | "newest") | undefined;
  /** The next of the page before, in the same order. */
  after?: (string) | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

/** The response of admin/tenants/{userId}/timeline. */
export interface Timeline {
  entries: TimelineEntry[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** A line of the audit log of one tenant. */
export interface TimelineEntry {
  id: number;
  at: string;
  actor: string;
  action: string;
  subaccountSid: string | null;
  requestId: string | null;
  details: {
    [key: string]: unknown;
  };
}

/** Lists the lines of the audit log of one tenant, newest first, a page at a time. */
export interface TimelinePage {
  /** The next of the page before. */
  cursor?: string | undefined;
  /** 1 to 1000; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

/** The body of admin/rotate-token. */
export interface TokenRotation {
  userId: string;
  /** 1 to 300 characters, for the audit log. */
  reason: string;
}

/** The response of admin/unbilled. */
export interface UnbilledList {
  usage: UnbilledUsage[];
  /** The cursor of the next page; null on the last. */
  next: string | null;
}

/** Lists usage that is not billed yet, the oldest first, a page at a time. */
export interface UnbilledPage {
  /** pending: to be sent. sending: a call has begun, and its outcome is not recorded. waits_for_rate: no exchange rate is set. waits_for_price: not all of the day is priced, or its billing period is not known yet. */
  state?: ("pending" | "sending" | "waits_for_rate" | "waits_for_price") | undefined;
  userId?: string | undefined;
  /** Only usage of this UTC day and of days before. */
  lastDay?: string | undefined;
  /** The next of the page before. */
  cursor?: string | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

/** A row that is not billed yet, or a day that is not rated yet. */
export interface UnbilledUsage {
  /** The UTC day of use. */
  day: string;
  /** Of the row; of a day that waits, the tenant's. */
  id: string;
  userId: string;
  state: "pending" | "sending" | "waits_for_rate" | "waits_for_price";
  /** null, as all that follows: the day is not rated yet. */
  kind: ("sms_out" | "sms_in" | "mms_out" | "mms_in" | "number" | "fee") | null;
  currency: string | null;
  amount: number | null;
  units: number | null;
  /** Calls to Stripe so far. */
  tries: number | null;
  /** Why Stripe refused it last. */
  error: string | null;
  /** When the row was written. */
  since: string | null;
}

/** The response of admin/unpaid-accounts. */
export interface UnpaidAccountList {
  /** A page may have fewer accounts than its limit before the last page. */
  accounts: {
    userId: string;
    /** Why no subscription pays for it. */
    reason:
      | "user_deleted"
      | "suspended_at_twilio"
      | "operator_hold"
      | "past_due"
      | "paused"
      | "unpaid"
      | "canceled"
      | "no_subscription"
      | "not_returned"
      | "downgraded";
    subaccountSid: string | null;
    status: ("active" | "suspended" | "closed") | null;
    /** What it costs a month, by currency. */
    costs: {
      /** ISO 4217; null until Twilio has reported the master account's currency. */
      currency: string | null;
      numbers: number;
      /** Numbers whose price is not known: they are not in monthlyCost. */
      unpriced: number;
      /** The account's numbers, parked ones included. */
      monthlyCost: string;
      /** Other recurring fees of the last 31 days. */
      otherMonthlyCost: string;
    }[];
    numbers: {
      /** E.164. */
      phoneNumber: string;
      /** The account that the number is in. master: it is parked. */
      place: "tenant" | "master";
      /** active, noticed, kept, parked …. */
      state: string;
      /** Why the number cannot leave or return, as Twilio said. */
      reason: string | null;
      /** When the number is released or parked. */
      leavesAt: string | null;
      monthlyCost: string | null;
      /** ISO 4217; null until Twilio has reported the master account's currency. */
      currency: string | null;
    }[];
  }[];
  next: string | null;
}

/** Lists what accounts without a paying tenant cost a month, by user id, a page at a time. */
export interface UnpaidAccountsPage {
  /** The page begins after this user's id. */
  after?: string | undefined;
  /** 1 to 200; 50 unless given. Default: 50. */
  limit?: number | undefined;
}

/** The response of admin/unpaid-total. */
export interface UnpaidTotal {
  /** By currency: amounts of two currencies are never added. */
  totals: {
    /** ISO 4217; null until Twilio has reported the master account's currency. */
    currency: string | null;
    accounts: number;
    numbers: number;
    /** Numbers whose price is not known: they are not in monthlyCost. */
    unpriced: number;
    /** As decimal text, in Twilio's price. */
    monthlyCost: string;
  }[];
  /** A job counts every 15 minutes; null before the first count. */
  countedAt: string | null;
  ageSeconds: number | null;
}

/** The response of get-usage. */
export interface Usage {
  by: "day" | "month" | "period";
  /** The first UTC day. */
  from: string;
  /** The day after the last one. */
  until: string;
  /** A row for each day, month or period, kind and currency that was used. */
  usage: UsageRow[];
  /** Of the range, by kind and currency. */
  totals: {
    kind: UsageKind;
    /** ISO 4217. null: estimates, while Twilio has not priced anything of yours yet. */
    currency: string | null;
    /** Messages, or fees. */
    count: number;
    segments: number;
    /** What it costs you. Messages count at an estimate until Twilio has priced them. */
    price: number;
  }[];
  /** Of the range altogether, by currency: amounts of two currencies are never added. */
  prices: {
    /** ISO 4217. null: estimates, while Twilio has not priced anything of yours yet. */
    currency: string | null;
    price: number;
  }[];
  /** The current billing period in UTC days; the calendar month without a subscription. */
  period: {
    /** The first UTC day. */
    from: string;
    /** The day after the last one. */
    until: string;
    plan: string | null;
    /** ISO 4217. null: estimates, while Twilio has not priced anything of yours yet. */
    currency: string | null;
    /** What you have used in this billing period. */
    price: number;
    /** The plan's spend limit for a billing period. */
    limit: number;
    /** What messages, purchases and fees may still cost you. The fees of your numbers until the end of the period are set aside. */
    left: number;
    /** The price at the end of the period if its complete days go on, with the fees of the numbers you have. null before three days are complete, and with more than one currency. */
    forecast: number | null;
  };
  /** The plan's limits on sent messages. */
  messages: {
    /** In any twenty-four hours. */
    day: {
      limit: number;
      left: number;
    };
    /** In a calendar month (UTC). */
    month: {
      limit: number;
      left: number;
    };
  };
  /** Messages and numbers are counted at once. Twilio reports prices later, and fees up to days later. */
  freshness: {
    /** Sent messages of the range that Twilio has not priced yet. */
    estimatedMessages: number;
    /** When fees were last read from Twilio; null: not yet. */
    feesReadAt: string | null;
    /** The first UTC day whose fees may still change. */
    feesFinalUntil: string | null;
  };
}

/** number: the monthly fees of numbers, from their purchase on. fee: other fees, such as those of failed messages. */
export type UsageKind = "sms_out" | "sms_in" | "mms_out" | "mms_in" | "number" | "fee";

/** Returns your usage by kind in your prices, what is left of your limits, and a forecast. */
export interface UsageQuery {
  /** A row for each UTC day, for each calendar month (UTC), or for the current billing period. Default: period. */
  by?: ("day" | "month" | "period") | undefined;
  /** The first UTC day. Unless given: 30 days before until, or by month the first day of eleven months before. */
  from?: string | undefined;
  /** The day after the last one. Unless given: tomorrow. */
  until?: string | undefined;
  /** csv: a file for spreadsheets. Its header x-next-cursor is the cursor of the next page. Default: json. */
  format?: ("json" | "csv") | undefined;
}

export interface UsageRow {
  /** The first UTC day. */
  from: string;
  /** The day after the last one. */
  until: string;
  kind: UsageKind;
  /** ISO 4217. null: estimates, while Twilio has not priced anything of yours yet. */
  currency: string | null;
  /** Messages, or fees. */
  count: number;
  segments: number;
  /** What it costs you. Messages count at an estimate until Twilio has priced them. */
  price: number;
}

// </models>

// Errors

/**
 * Every code to decide on. Besides those of the functions: there was no response (`unreachable`), none in time (`timed_out`),
 * none before the caller's signal (`aborted`), or one that is not a function's (`unexpected_answer`).
 */
export type ErrorCode = ServerErrorCode | "unreachable" | "timed_out" | "aborted" | "unexpected_answer";

/** One fact about what was wrong: the offending field, Twilio's own code … */
export type ErrorDetail = Readonly<Record<string, string | number | boolean | null>>;

export interface SwitchboardErrorOptions {
  status: number;
  code: ErrorCode;
  message: string;
  requestId?: string | undefined;
  details?: readonly ErrorDetail[] | undefined;
  retryAfterSeconds?: number | undefined;
  cause?: unknown;
}

/** A call that failed. */
export class SwitchboardError extends Error {
  override readonly name = "SwitchboardError";
  /** The HTTP status; 0 without a response. */
  readonly status: number;
  /** Decide on this, never on the message. A newer server may have further codes. */
  readonly code: ErrorCode;
  /** What to quote to support; undefined where the response is not a function's. */
  readonly requestId: string | undefined;
  readonly details: readonly ErrorDetail[];
  /** After how long a retry makes sense, where the server says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor({ status, code, message, requestId, details, retryAfterSeconds, cause }: SwitchboardErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.requestId = requestId;
    this.details = details ?? [];
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Whether repeating the request makes sense: nothing is known to be wrong with the request itself. */
  get isTransient(): boolean {
    return this.code !== "aborted" && (this.status === 0 || this.status === 429 || this.status >= 500);
  }
}

// Transport

interface Sent {
  /** Parameters without a value are left out. */
  query?: object;
  body?: object;
  headers?: Readonly<Record<string, string>>;
  /** Whether the response is a text instead of JSON. */
  isText?: boolean;
  /** Whether the answer is a `TextPage`. */
  isPage?: boolean;
  /** Whether sending it twice does no more than sending it once. Reading always is. */
  repeatable?: boolean;
}

/** A page of a text, and the cursor of the next one. */
interface TextPage {
  text: string;
  next: string | null;
}

/** The parameter that continues each list. */
const CSV_CURSORS = {
  tenants: "after",
  alerts: "before",
  audit: "cursor",
  reconciliations: "cursor",
  "carrier-fees": "cursor",
  "exchange-rates": "cursor",
  revenue: "cursor",
  losses: "cursor",
  unbilled: "cursor",
  rejected: "cursor",
} as const;

/** The lists of operators that are offered as CSV. */
export type CsvList = keyof typeof CSV_CURSORS;

const CSV_PAGE = 200;

type Call = <Answer>(method: "GET" | "POST", path: string, sent: Sent, options?: CallOptions) => Promise<Answer>;

const TIMEOUT_MS = 60_000;
const RETRIES = 2;
/** Before the first retry; the next waits twice as long, and so on. */
const FIRST_PAUSE_MS = 300;

function caller(supabase: FunctionsOf, defaults: SwitchboardOptions): Call {
  return async <Answer>(method: "GET" | "POST", path: string, sent: Sent, options: CallOptions = {}) => {
    const deadline = AbortSignal.timeout(options.timeoutMs ?? defaults.timeoutMs ?? TIMEOUT_MS);
    const signals = { deadline, caller: options.signal };
    const isRepeatable = sent.repeatable ?? method === "GET";
    const retries = isRepeatable ? defaults.retries ?? RETRIES : 0;
    for (let attempt = 0;; attempt++) {
      try {
        return await callOnce(supabase, { method, path, ...sent }, signals, options.onRequestId) as Answer;
      } catch (error) {
        const isNetwork = error instanceof SwitchboardError && error.code === "unreachable";
        if (!isNetwork || attempt >= retries) throw error;
        await pause(FIRST_PAUSE_MS * 2 ** attempt, signals);
      }
    }
  };
}

interface Signals {
  deadline: AbortSignal;
  caller: AbortSignal | undefined;
}

async function callOnce(
  supabase: FunctionsOf,
  { method, path, query, body, headers, isText = false, isPage = false }: Sent & {
    method: "GET" | "POST";
    path: string;
  },
  signals: Signals,
  onRequestId?: (requestId: string) => void,
): Promise<unknown> {
  const { data, error, response } = await supabase.functions.invoke(`${path}${queryString(query)}`, {
    method,
    signal: eitherOf(signals),
    ...(body !== undefined && { body: body as Record<string, unknown> }),
    ...(headers !== undefined && { headers }),
  });
  const requestId = response?.headers.get("x-request-id");
  if (requestId) onRequestId?.(requestId);
  if (error === null && (isText ? typeof data === "string" : typeof data === "object" && data !== null)) {
    return isPage ? { text: data, next: response?.headers.get("x-next-cursor") ?? null } : data;
  }
  throw response === undefined ? noAnswer(error, signals) : await errorOfResponse(response);
}

function queryString(query: object = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

function eitherOf({ deadline, caller }: Signals): AbortSignal {
  return caller === undefined ? deadline : AbortSignal.any([deadline, caller]);
}

/** The error of a call without a complete response. */
function noAnswer(error: { context?: unknown }, { deadline, caller }: Signals): SwitchboardError {
  const cause = error.context ?? error;
  if (caller?.aborted) {
    return new SwitchboardError({ status: 0, code: "aborted", message: "The call was aborted", cause });
  }
  // The second: a `fetch` of the caller's own gave up.
  if (deadline.aborted || (cause instanceof Error && cause.name === "TimeoutError")) {
    return new SwitchboardError({
      status: 0,
      code: "timed_out",
      message: "Cannot wait any longer: the server did not answer in time",
      cause,
    });
  }
  return new SwitchboardError({
    status: 0,
    code: "unreachable",
    message: "Cannot reach the server: check your connection",
    cause,
  });
}

/** The error of a response: a function's as it is, a gateway's as `unexpected_answer`. */
async function errorOfResponse(response: Response): Promise<SwitchboardError> {
  const { status } = response;
  // Its body was read already where a success turned out to be no JSON.
  const told: unknown = await response.json().catch(() => null);
  const retryAfterSeconds = secondsOf(response.headers.get("retry-after"));
  if (isOurs(told)) return new SwitchboardError({ status, ...told, retryAfterSeconds });
  return new SwitchboardError({
    status,
    code: "unexpected_answer",
    message: `Cannot complete the request: the server answered ${status}`,
    requestId: response.headers.get("x-request-id") ?? undefined,
    retryAfterSeconds,
  });
}

function isOurs(
  told: unknown,
): told is { code: ErrorCode; message: string; requestId: string; details?: ErrorDetail[] } {
  if (typeof told !== "object" || told === null) return false;
  const { code, message, requestId } = told as Record<string, unknown>;
  return [code, message, requestId].every((text) => typeof text === "string");
}

/** Retry-After comes in seconds, or from proxies as a date. */
function secondsOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, Math.ceil(seconds));
}

/** Waits, unless a signal comes first. @throws SwitchboardError `aborted`, `timed_out` */
async function pause(ms: number, signals: Signals): Promise<void> {
  const signal = eitherOf(signals);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
  if (signal.aborted) throw noAnswer({ context: signal.reason }, signals);
}

/** Every item of a list that is read page by page. */
async function* everyItem<Page extends { next: Cursor | null }, Cursor, Item>(
  read: (cursor: Cursor | undefined) => Promise<Page>,
  itemsOf: (page: Page) => Item[],
): AsyncGenerator<Item, void, undefined> {
  let cursor: Cursor | undefined;
  do {
    const page = await read(cursor);
    yield* itemsOf(page);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}
