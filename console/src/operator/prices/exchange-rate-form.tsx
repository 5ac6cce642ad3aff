import { SimpleGrid, TextInput } from "@mantine/core";
import { useState } from "react";
import { ActionForm } from "../actions/action-form.tsx";
import { FromField, PriceField } from "./price-fields.tsx";
import { dayInWords, faultOfDay, todayInUtc } from "./today.ts";
import { EXCHANGE_RATES_KEY, WAITING_KEY } from "./use-prices.ts";

/** As the functions accept. */
const DECIMALS = 10;
const MOST = 1_000_000_000;
const CODE = /^[A-Z]{3}$/;

/** Sets an exchange rate from a day on. */
export function ExchangeRateForm({ onClose }: { onClose: () => void }) {
  const [unit, setUnit] = useState("USD");
  const [currency, setCurrency] = useState("");
  const [rate, setRate] = useState<number | string>("");
  const [validFrom, setValidFrom] = useState(todayInUtc);
  const [isChecked, setChecked] = useState(false);
  const faults = {
    unit: CODE.test(unit) ? null : "Three letters, such as USD",
    currency: !CODE.test(currency)
      ? "Three letters, such as EUR"
      : currency === unit
      ? "Must be another currency"
      : null,
    rate: typeof rate === "number" && rate > 0 && rate <= MOST ? null : "Enter a number above 0",
    validFrom: faultOfDay(validFrom),
  };
  const code = (text: string) => text.trim().toUpperCase().slice(0, 3);
  return (
    <ActionForm
      consequence="Usage of that UTC day and later is billed with the rate, until another rate begins. What is rated already keeps its rate. Usage that waits for a rate is rated at once."
      submit="Set rate"
      validate={() => {
        setChecked(true);
        return Object.values(faults).every((fault) => fault === null);
      }}
      act={(admin, reason, options) =>
        admin.setExchangeRate(
          { unit, currency: currency.toLowerCase(), validFrom, rate: Number(rate), reason },
          options,
        )}
      said={({ unit, currency, rate, validFrom, changed }) =>
        changed
          ? `1 ${unit} is ${rate} ${currency.toUpperCase()} from ${dayInWords(validFrom)} on`
          : "Nothing changed: the currencies had this rate from this day on already, so the audit log has no new line"}
      effect={async (admin, { unit, currency, validFrom, rate }) => {
        const { rates } = await admin.listExchangeRates({ unit, currency, limit: 200 });
        return rates.some((one) => one.validFrom === validFrom && one.rate === rate)
          ? "The list of rates has it"
          : null;
      }}
      changes={[EXCHANGE_RATES_KEY, WAITING_KEY]}
      onClose={onClose}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput
          label="Twilio charges in"
          required
          autoComplete="off"
          value={unit}
          onChange={({ currentTarget }) => setUnit(code(currentTarget.value))}
          error={isChecked && faults.unit}
        />
        <TextInput
          label="Currency of the plan"
          required
          autoComplete="off"
          data-autofocus
          value={currency}
          onChange={({ currentTarget }) => setCurrency(code(currentTarget.value))}
          error={isChecked && faults.currency}
        />
        <PriceField
          label={CODE.test(unit) && CODE.test(currency) ? `1 ${unit} in ${currency}` : "Rate"}
          decimals={DECIMALS}
          value={rate}
          onChange={setRate}
          error={isChecked && faults.rate}
        />
        <FromField value={validFrom} onChange={setValidFrom} error={isChecked && faults.validFrom} />
      </SimpleGrid>
    </ActionForm>
  );
}
