import { TabbedScreen } from "../lists/tabbed-screen.tsx";
import { AuditReport } from "./audit-report.tsx";
import { CapacityReport } from "./capacity-report.tsx";
import { KeysReport } from "./keys-report.tsx";
import { ReconciliationReport } from "./reconciliation-report.tsx";
import { SweepReport } from "./sweep-report.tsx";

const TABS = {
  sweep: { label: "Sweep", Tab: SweepReport },
  reconciliation: { label: "Reconciliation", Tab: ReconciliationReport },
  capacity: { label: "Capacity", Tab: CapacityReport },
  keys: { label: "Sealing keys", Tab: KeysReport },
  audit: { label: "Audit log", Tab: AuditReport },
};

/** Sweeps, reconciliation, capacity, sealing keys and the audit log. @param report of the address */
export function ReportsScreen({ report }: { report: string | undefined }) {
  return (
    <TabbedScreen
      title="Reports"
      description="What was compared, counted and done."
      path="/operator/reports"
      tabs={TABS}
      tab={report}
    />
  );
}
