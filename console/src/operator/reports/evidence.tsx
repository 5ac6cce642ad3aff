import { Text } from "@mantine/core";
import type { Reconciliation } from "../../../../client/switchboard.ts";
import { money } from "../../platform/money.ts";
import { DetailsList } from "../details-list.tsx";
import { detailsOf, inWords } from "../details.ts";
import { evidenceOf } from "./kinds.ts";

/** What both sides counted, by kind, and amounts in other currencies. */
export function Evidence({ day }: { day: Reconciliation }) {
  const { currency, kinds, otherCurrencies } = day;
  const rows = evidenceOf(kinds);
  const others = detailsOf(otherCurrencies);
  return (
    <>
      {rows.length === 0
        ? <Text size="sm" c="dimmed">Neither side has anything of this day by kind.</Text>
        : (
          <div className="operator-table" role="region" aria-label="Counts and amounts by kind" tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Kind</th>
                  <th scope="col" className="amount">Twilio counts</th>
                  <th scope="col" className="amount">Twilio's cost</th>
                  <th scope="col" className="amount">Priced in the ledger</th>
                  <th scope="col" className="amount">Ledger's cost</th>
                  <th scope="col" className="amount">Not priced</th>
                  <th scope="col" className="amount">Other currency</th>
                  <th scope="col" className="amount">Missing here</th>
                  <th scope="col" className="amount">Missing at Twilio</th>
                </tr>
              </thead>
              <tbody>
                {rows.map(({ kind, usageCount, usagePrice, priced, ledgerPrice, open, otherCurrency, ...missing }) => (
                  <tr key={kind}>
                    <th scope="row">{inWords(kind)}</th>
                    <td className="amount">{usageCount.toLocaleString()}</td>
                    <td className="amount">{money(usagePrice, currency)}</td>
                    <td className="amount">{priced.toLocaleString()}</td>
                    <td className="amount">{money(ledgerPrice, currency)}</td>
                    <td className="amount">{open.toLocaleString()}</td>
                    <td className="amount">{otherCurrency.toLocaleString()}</td>
                    <td className="amount">{missing.missingHere.toLocaleString()}</td>
                    <td className="amount">{missing.missingAtTwilio.toLocaleString()}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      {others.length > 0 && (
        <>
          <Text size="sm" mt="sm" fw={600}>In other currencies</Text>
          <DetailsList details={others} />
        </>
      )}
    </>
  );
}
