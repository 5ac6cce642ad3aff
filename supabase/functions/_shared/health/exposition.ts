/** A metric in Prometheus' sense: all of its samples have the same labels. */
export interface Metric {
  /** Letters, digits and underscores. */
  name: string;
  help: string;
  samples: readonly Sample[];
}

export interface Sample {
  labels?: Readonly<Record<string, string>>;
  value: number;
}

/** What a scraper expects of the text format, version 0.0.4. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Metrics as Prometheus' text format. All are gauges: they tell a state, and may go down. A metric without samples is left out. */
export function exposition(metrics: readonly Metric[]): string {
  return metrics.filter(({ samples }) => samples.length > 0).map(textOf).join("");
}

function textOf({ name, help, samples }: Metric): string {
  const lines = samples.map(({ labels = {}, value }) => `${name}${labelsOf(labels)} ${written(value)}`);
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} gauge`, ...lines, ""].join("\n");
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

/** JavaScript writes infinity as a word that Prometheus does not read. */
function written(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}
