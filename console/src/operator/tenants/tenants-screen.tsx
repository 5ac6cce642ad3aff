import { Container } from "@mantine/core";
import { useLocation, useSearch } from "wouter";
import { part } from "../../platform/part.tsx";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";

const TenantDrawer = part(() => import("../tenant/tenant-drawer.tsx").then(({ TenantDrawer }) => TenantDrawer));

/** All tenants, and the drawer of one. */
export function TenantsScreen({ tenant }: { tenant: string | undefined }) {
  const [, navigate] = useLocation();
  const search = useSearch();
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Tenants" />
      <Settled>{null}</Settled>
      {tenant !== undefined && (
        <TenantDrawer
          userId={tenant}
          onClose={() => navigate(search === "" ? "/operator/tenants" : `/operator/tenants?${search}`)}
        />
      )}
    </Container>
  );
}
