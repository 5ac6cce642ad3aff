import { NumberInput, TextInput } from "@mantine/core";

export interface PriceFieldProps {
  label: string;
  description?: string;
  decimals: number;
  value: number | string;
  onChange: (value: number | string) => void;
  error: string | null | false;
}

/** A price or rate without a sign. */
export function PriceField({ label, description, decimals, value, onChange, error }: PriceFieldProps) {
  return (
    <NumberInput
      label={label}
      description={description}
      required
      hideControls
      allowNegative={false}
      decimalScale={decimals}
      value={value}
      onChange={onChange}
      error={error}
    />
  );
}

export interface FromFieldProps {
  value: string;
  onChange: (day: string) => void;
  error: string | null | false;
}

/** The day from which a price is valid. */
export function FromField({ value, onChange, error }: FromFieldProps) {
  return (
    <TextInput
      type="date"
      label="From"
      description="The first UTC day"
      required
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
      error={error}
    />
  );
}
