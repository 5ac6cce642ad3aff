import { Alert, NumberInput, Radio, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { ActionForm } from "../actions/action-form.tsx";
import {
  changedLimits,
  effectOf,
  type Entered,
  faultOfLimit,
  LIMIT_NAMES,
  type LimitName,
  LIMITS,
  type ListedPlan,
  loweredLimits,
  nextKey,
  planName,
} from "./plan-limits.ts";
import { PLANS_KEY } from "./use-prices.ts";

/** Changes limits of a plan. What it does to those who have it is said before. */
export function PlanLimitsForm({ plan, onClose }: { plan: ListedPlan; onClose: () => void }) {
  const isReplaced = plan.supersededAt !== null;
  const [entered, setEntered] = useState<Entered>(plan.limits);
  const [isForSold, setForSold] = useState(isReplaced);
  const [priceId, setPriceId] = useState("");
  const [faults, setFaults] = useState<Partial<Record<LimitName, string>>>({});
  const [isUnchanged, setUnchanged] = useState(false);
  const limits = changedLimits(plan, entered);
  const lowered = loweredLimits(plan, limits);
  const isNewVersion = plan.wasSold && !isForSold;
  const validate = () => {
    const found = LIMIT_NAMES.flatMap((name): [LimitName, string][] => {
      const fault = faultOfLimit(name, entered[name]);
      return fault === null ? [] : [[name, fault]];
    });
    setFaults(Object.fromEntries(found));
    const hasChange = Object.keys(limits).length > 0;
    setUnchanged(!hasChange);
    return found.length === 0 && hasChange;
  };
  return (
    <ActionForm
      consequence={effectOf(plan, isForSold)}
      submit={isNewVersion ? `Put version ${plan.version + 1} on sale` : "Change limits"}
      isDangerous={!isNewVersion && lowered.length > 0}
      validate={validate}
      act={(admin, reason, options) =>
        admin.setPlanLimits({
          plan: plan.key,
          limits,
          changesSold: isForSold,
          ...(isNewVersion && priceId.trim() !== "" && { stripePriceId: priceId.trim() }),
          reason,
        }, options)}
      said={({ plan: key, isNewVersion }) =>
        isNewVersion
          ? `Version ${plan.version + 1} is on sale: its key is ${key}`
          : `The limits of ${planName(plan)} are changed`}
      effect={async (admin, { plan: key }) => {
        const { plans } = await admin.plans();
        const now = plans.find((each) => each.key === key);
        const isSeen = now !== undefined &&
          LIMIT_NAMES.every((name) => limits[name] === undefined || now.limits[name] === limits[name]);
        return isSeen ? changesInWords(plan, limits) : null;
      }}
      changes={[PLANS_KEY]}
      onClose={onClose}
    >
      <Stack gap="md">
        {plan.wasSold && !isReplaced && (
          <Radio.Group
            label="Applies to"
            value={isForSold ? "sold" : "new"}
            onChange={(value) => setForSold(value === "sold")}
          >
            <Stack gap={6} mt={6}>
              <Radio value="new" label="New customers: a new version, and those who have the plan keep theirs" />
              <Radio value="sold" label="Everyone who has the plan, and new customers" />
            </Stack>
          </Radio.Group>
        )}
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          {LIMIT_NAMES.map((name) => (
            <NumberInput
              key={name}
              label={LIMITS[name].label}
              value={entered[name]}
              onChange={(value) => setEntered({ ...entered, [name]: value })}
              allowNegative={false}
              decimalScale={LIMITS[name].decimals}
              thousandSeparator
              hideControls
              error={faults[name]}
              {...(limits[name] !== undefined && { description: `Now ${plan.limits[name].toLocaleString()}` })}
            />
          ))}
        </SimpleGrid>
        {isNewVersion && (
          <TextInput
            label="Price at Stripe"
            description={`Of the new version. Leave it empty to use the price with the lookup key ${nextKey(plan)}`}
            placeholder="price_…"
            autoComplete="off"
            spellCheck={false}
            maxLength={255}
            value={priceId}
            onChange={({ currentTarget }) => setPriceId(currentTarget.value)}
          />
        )}
        {!isNewVersion && lowered.length > 0 && (
          <Alert color="orange" variant="light">
            Lower than now:{" "}
            {lowered.map((name) => LIMITS[name].label.toLowerCase()).join(", ")}. Tenants who use more are stopped at
            the new limit.
          </Alert>
        )}
        {isUnchanged && <Text size="sm" c="var(--bad)" role="alert">Change at least one limit</Text>}
      </Stack>
    </ActionForm>
  );
}

/** `Messages a day: 10,000 → 12,000` */
function changesInWords(plan: ListedPlan, limits: Partial<ListedPlan["limits"]>): string {
  return LIMIT_NAMES.flatMap((name) => {
    const value = limits[name];
    return value === undefined
      ? []
      : [`${LIMITS[name].label}: ${plan.limits[name].toLocaleString()} → ${value.toLocaleString()}`];
  }).join("; ");
}
