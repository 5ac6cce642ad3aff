import { Alert, Button, Group, List, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { CircleHelp } from "lucide-react";
import { useState } from "react";
import type { AvailableNumber } from "../../../client/switchboard.ts";
import { isFailure } from "../platform/failure.ts";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { money } from "../platform/money.ts";
import { announce } from "../platform/notify.ts";
import { readable } from "../phone/phone-format.ts";
import { capabilitiesInWords, requirementsOf, usageOf } from "./buying.ts";
import { LONGEST_NAME } from "./number-name.ts";
import { fieldErrors, neededIn, paperRules, PAPERS, type Papers, papersOf } from "./papers.ts";
import { isOutcomeUnknown, useBuyNumber } from "./use-buy-number.ts";
import { SEARCH_KEY } from "./use-number-search.ts";
import { type PhoneNumber, useNumbers, useNumbersOverview } from "./use-numbers.ts";

export interface BuyDialogProps {
  number: AvailableNumber;
  onClose: () => void;
}

/** Says what a number costs and requires, and buys it. Stays open if that fails, and says why. */
export function BuyDialog({ number, onClose }: BuyDialogProps) {
  const { phoneNumber } = number;
  const { data: owned } = useNumbers();
  const queryClient = useQueryClient();
  const [needed, setNeeded] = useState<readonly (keyof Papers)[]>(neededIn(number));
  const form = useForm({
    initialValues: { friendlyName: "", addressSid: "", bundleSid: "" },
    validate: paperRules(needed),
  });
  const purchase = useBuyNumber((bought) => {
    announceNumber(bought);
    void queryClient.invalidateQueries({ queryKey: SEARCH_KEY });
    onClose();
  });
  const isFirst = owned?.source === "master" || owned?.numbers.length === 0;
  const { error } = purchase;

  function buy({ friendlyName, ...papers }: typeof form.values) {
    const name = friendlyName.trim();
    purchase.run({ phoneNumber, ...(name !== "" && { friendlyName: name }), ...papersOf(papers) });
  }

  // What Twilio turned out to require becomes a field.
  if (error !== null && isFailure(error)) {
    const missing = neededIn(number, error).filter((field) => !needed.includes(field));
    if (missing.length > 0) setNeeded([...needed, ...missing]);
  }
  const errors = error === null ? {} : fieldErrors(error);

  return (
    <form onSubmit={form.onSubmit(buy)} noValidate>
      <Stack gap="md">
        <Text fz={28} fw={650} lh={1.2} className="digits">{readable(phoneNumber)}</Text>
        <Terms number={number} isFirst={isFirst} />
        <TextInput
          label="Name"
          description="Optional. Only you see this"
          placeholder="Support line"
          maxLength={LONGEST_NAME}
          data-autofocus
          {...form.getInputProps("friendlyName")}
        />
        {needed.map((field) => (
          <TextInput
            key={field}
            label={PAPERS[field].label}
            description={`The ID of ${PAPERS[field].what} in your account at Twilio. Your provider tells you it`}
            placeholder={`${PAPERS[field].prefix}…`}
            autoComplete="off"
            required
            {...form.getInputProps(field)}
            error={form.errors[field] ?? errors[field]}
          />
        ))}
        {error !== null && <Problem error={error} phoneNumber={phoneNumber} isField={Object.keys(errors).length > 0} />}
        <Group justify="end" gap="sm">
          <Button variant="default" onClick={onClose}>{purchase.isPending ? "Close" : "Cancel"}</Button>
          <Button type="submit" loading={purchase.isPending}>
            {error !== null && isOutcomeUnknown(error) ? "Try again" : "Buy number"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** What the number costs, includes and requires. */
function Terms({ number, isFirst }: { number: AvailableNumber; isFirst: boolean }) {
  const { data: overview } = useNumbersOverview();
  const { monthlyPrice, capabilities } = number;
  return (
    <div>
      {monthlyPrice !== null && (
        <Text>
          <Text span fw={650}>{money(monthlyPrice.amount, monthlyPrice.currency)} a month</Text>
          , billed from today until you release it
        </Text>
      )}
      <List size="sm" mt="xs" spacing={4}>
        <List.Item>{capabilitiesInWords(capabilities)}. Messages are charged separately.</List.Item>
        {overview !== undefined && overview.includedNumbers > 0 && (
          <List.Item>
            Your plan includes the price of{" "}
            {overview.includedNumbers === 1 ? "1 number" : `${overview.includedNumbers} numbers`}{" "}
            in each billing period.
          </List.Item>
        )}
        {overview !== undefined && <List.Item>You use {usageOf(overview)}.</List.Item>}
        {isFirst && <List.Item>It becomes your primary number: messages are sent from it by default.</List.Item>}
        {requirementsOf(number).map((requirement) => <List.Item key={requirement}>{requirement}.</List.Item>)}
      </List>
    </div>
  );
}

/** Why the purchase failed, unless a field says it. */
function Problem({ error, phoneNumber, isField }: { error: Error; phoneNumber: string; isField: boolean }) {
  if (isOutcomeUnknown(error)) return <Unknown phoneNumber={phoneNumber} />;
  return isField ? null : <FailureAlert error={error} />;
}

/** Shown after a purchase without a usable answer, when the number is not among the tenant's. */
function Unknown({ phoneNumber }: { phoneNumber: string }) {
  return (
    <Alert
      color="yellow"
      variant="light"
      icon={<CircleHelp />}
      role="alert"
      title="We don't know yet whether it was bought"
    >
      The answer did not arrive. If {readable(phoneNumber)}{" "}
      was bought, it appears under your numbers within minutes. Trying again is safe: it is never bought twice.
    </Alert>
  );
}

function announceNumber({ phoneNumber, isPrimary }: PhoneNumber) {
  announce({
    title: `${readable(phoneNumber)} is yours`,
    message: isPrimary ? "It is your primary number: messages are sent from it by default" : "You can send from it now",
  });
}
