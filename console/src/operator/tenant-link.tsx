import { Anchor } from "@mantine/core";
import { Link } from "wouter";

const SHOWN = 8;

/** Leads to everything about a tenant. The whole id is in its title. */
export function TenantLink({ userId }: { userId: string }) {
  return (
    <Anchor component={Link} href={`/operator/tenants/${userId}`} size="sm" title={userId}>
      Tenant {userId.slice(0, SHOWN)}
    </Anchor>
  );
}
