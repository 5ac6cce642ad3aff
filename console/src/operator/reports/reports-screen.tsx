import { Button, Container, Group } from "@mantine/core";
import type { ComponentType } from "react";
import { Link, Redirect } from "wouter";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";
import "../operator.css";
import { AuditReport } from "./audit-report.tsx";
import { CapacityReport } from "./capacity-report.tsx";
import { KeysReport } from "./keys-report.tsx";
import { ReconciliationReport } from "./reconciliation-report.tsx";
import { SweepReport } from "./sweep-report.tsx";

const REPORTS: Readonly<Record<string, { label: string; Report: ComponentType }>> = {
  sweep: { label: "Sweep", Report: SweepReport },
  reconciliation: { label: "Reconciliation", Report: ReconciliationReport },
  capacity: { label: "Capacity", Report: CapacityReport },
  keys: { label: "Sealing keys", Report: KeysReport },
  audit: { label: "Audit log", Report: AuditReport },
};
const PATH = "/operator/reports";

/** Sweeps, reconciliation, capacity, sealing keys and the audit log, one at a time. */
export function ReportsScreen({ report }: { report: string | undefined }) {
  const current = report !== undefined && Object.hasOwn(REPORTS, report) ? REPORTS[report] : undefined;
  if (current === undefined) return <Redirect to={`${PATH}/sweep`} replace />;
  const { label, Report } = current;
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Reports" description="What was compared, counted and done." />
      <Group component="nav" aria-label="Reports" gap={4} mb="lg">
        {Object.entries(REPORTS).map(([name, { label }]) => (
          <Button
            key={name}
            component={Link}
            href={`${PATH}/${name}`}
            size="sm"
            variant={name === report ? "light" : "subtle"}
            {...(name !== report && { color: "gray" })}
            aria-current={name === report ? "page" : undefined}
          >
            {label}
          </Button>
        ))}
      </Group>
      <Settled key={label}>
        <Report />
      </Settled>
    </Container>
  );
}
