import { Anchor, Badge, Group, Text } from "@mantine/core";
import { ExternalLink } from "lucide-react";
import type { TenantView } from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { Copyable } from "../../platform/copyable.tsx";
import { dateAndTime } from "../../platform/dates.ts";
import { Fact, Facts } from "../../platform/facts.tsx";
import { planInWords, statusOf } from "../tenants/status.ts";
import { stripeLink } from "./links.ts";
import { Subject } from "./subject.tsx";
import { TenantActions } from "./tenant-actions.tsx";

/** What a tenant is, and the actions on the tenant as a whole. */
export function OverviewTab({ view }: { view: TenantView }) {
  const { tenant, subscriptions, billing } = view;
  const { config } = useBackend();
  const { wanted } = statusOf(tenant);
  const customer = billing.payer?.customerId ?? subscriptions.find(({ counts }) => counts)?.customerId ?? null;
  return (
    <>
      <Subject title="Actions">
        <TenantActions view={view} />
      </Subject>
      <Subject title="Facts">
        <Facts>
          <Fact label="Email">{tenant.email ?? "None"}</Fact>
          <Fact label="User ID">
            <Copyable value={tenant.userId} label="user ID" />
          </Fact>
          <Fact label="Subaccount">
            {tenant.subaccountSid === null ? "None" : <Copyable value={tenant.subaccountSid} label="subaccount SID" />}
          </Fact>
          <Fact label="Status">
            <Group gap={6}>
              <StatusBadge tenant={tenant} />
              {wanted !== null && <Text size="sm">{wanted}</Text>}
            </Group>
          </Fact>
          <Fact label="Last error">{tenant.lastError ?? "None"}</Fact>
          <Fact label="Operator's hold">{tenant.operatorHold ?? "None"}</Fact>
          <Fact label="Suspended in Twilio's console">{tenant.suspendedAtTwilio ? "Yes" : "No"}</Fact>
          <Fact label="Plan">{planInWords(tenant)}</Fact>
          <Fact label="Stripe customer">
            {customer === null ? "None" : (
              <Group gap="xs">
                <Copyable value={customer} label="customer ID" />
                <AtStripe href={stripeLink(config, "customers", customer)} />
              </Group>
            )}
          </Fact>
          <Fact label="Numbers">{tenant.numbers}</Fact>
          <Fact label="Tenant since">{dateAndTime(tenant.createdAt)}</Fact>
          <Fact label="Asked for a subaccount">{when(tenant.requestedAt)}</Fact>
          <Fact label="Last message">{when(tenant.lastMessageAt)}</Fact>
          <Fact label="Last compared with Twilio">{when(tenant.convergedAt)}</Fact>
          {tenant.userDeletedAt !== null && <Fact label="User deleted">{dateAndTime(tenant.userDeletedAt)}</Fact>}
        </Facts>
      </Subject>
    </>
  );
}

const when = (iso: string | null) => iso === null ? "Never" : dateAndTime(iso);

/** The status in the words of the list of tenants. */
export function StatusBadge({ tenant }: Pick<TenantView, "tenant">) {
  const { label, color } = statusOf(tenant);
  return <Badge variant="light" radius="sm" color={color}>{label}</Badge>;
}

/** A link to an object in Stripe's dashboard, where it is one of Stripe's. */
export function AtStripe({ href }: { href: string | null }) {
  if (href === null) return null;
  return (
    <Anchor href={href} target="_blank" rel="noreferrer" size="sm">
      <Group gap={4} component="span" wrap="nowrap">
        At Stripe <ExternalLink size={14} aria-hidden />
      </Group>
    </Anchor>
  );
}
