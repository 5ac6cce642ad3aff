import { Anchor } from "@mantine/core";
import { Link } from "wouter";

const SHOWN = 8;

/** A tenant by address, or by the beginning of the id where there is none. Leads to everything about the tenant. */
export function TenantName({ userId, emails }: { userId: string; emails: ReadonlyMap<string, string> }) {
  return (
    <Anchor
      component={Link}
      href={`/operator/tenants/${userId}`}
      size="sm"
      miw={170}
      display="inline-block"
      style={{ overflowWrap: "anywhere" }}
    >
      {emails.get(userId) ?? `Tenant ${userId.slice(0, SHOWN)}`}
    </Anchor>
  );
}
