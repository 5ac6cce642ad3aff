import { SegmentedControl, Select, SimpleGrid, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { CarrierFee } from "../../../../client/switchboard.ts";
import { ActionForm } from "../actions/action-form.tsx";
import { countryName, countryOptions } from "./countries.ts";
import { FromField, PriceField } from "./price-fields.tsx";
import { dayInWords, faultOfDay, todayInUtc } from "./today.ts";
import { CARRIER_FEES_KEY } from "./use-prices.ts";

type Channel = CarrierFee["channel"];
/** As the functions accept. */
const DECIMALS = 5;
const MOST = 100;

/** Sets a carrier fee from a day on. */
export function CarrierFeeForm({ onClose }: { onClose: () => void }) {
  const [countries] = useState(countryOptions);
  const [country, setCountry] = useState<string | null>(null);
  const [channel, setChannel] = useState<Channel>("sms");
  const [fee, setFee] = useState<number | string>("");
  const [validFrom, setValidFrom] = useState(todayInUtc);
  const [isChecked, setChecked] = useState(false);
  const faults = {
    country: country === null ? "Choose a country" : null,
    fee: typeof fee === "number" && fee >= 0 && fee <= MOST ? null : `Enter 0 to ${MOST}`,
    validFrom: faultOfDay(validFrom),
  };
  const wanted = { country: country ?? "", channel, validFrom, fee: Number(fee) };
  return (
    <ActionForm
      consequence="Messages of this country are estimated with the fee from the start of that UTC day on, until another fee begins. Messages that are on their way keep theirs, and what Twilio charges in the end is not changed."
      submit="Set fee"
      validate={() => {
        setChecked(true);
        return Object.values(faults).every((fault) => fault === null);
      }}
      act={(admin, reason, options) => admin.setCarrierFee({ ...wanted, reason }, options)}
      said={({ country, channel, fee, validFrom, changed }) =>
        changed
          ? `${countryName(country)}, ${channel.toUpperCase()}: ${fee} from ${dayInWords(validFrom)} on`
          : "Nothing changed: the country had this fee from this day on already, so the audit log has no new line"}
      effect={async (admin, { country, channel, validFrom, fee }) => {
        const isSet = (one: CarrierFee) => one.channel === channel && one.validFrom === validFrom && one.fee === fee;
        const { fees } = await admin.listCarrierFees({ country, limit: 200 });
        return fees.some(isSet) ? "The list of fees has it" : null;
      }}
      changes={[CARRIER_FEES_KEY]}
      onClose={onClose}
    >
      <Stack gap="md">
        <Select
          label="Country"
          required
          searchable
          openOnFocus={false}
          nothingFoundMessage="No country of this name"
          data-autofocus
          data={countries}
          value={country}
          onChange={setCountry}
          error={isChecked && faults.country}
        />
        <div>
          <Text size="sm" fw={500} mb={4} id="carrier-fee-channel">Channel</Text>
          <SegmentedControl
            aria-labelledby="carrier-fee-channel"
            value={channel}
            onChange={(value) => setChannel(value === "mms" ? "mms" : "sms")}
            data={[{ value: "sms", label: "SMS, a segment" }, { value: "mms", label: "MMS, a message" }]}
          />
        </div>
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <PriceField
            label="Fee"
            description="In the currency of your Twilio account"
            decimals={DECIMALS}
            value={fee}
            onChange={setFee}
            error={isChecked && faults.fee}
          />
          <FromField value={validFrom} onChange={setValidFrom} error={isChecked && faults.validFrom} />
        </SimpleGrid>
      </Stack>
    </ActionForm>
  );
}
