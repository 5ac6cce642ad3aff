import { Button, Checkbox, Group, Paper, SegmentedControl, Select, Stack, Table, Text, Textarea } from "@mantine/core";
import { Dropzone } from "@mantine/dropzone";
import { useMutation } from "@tanstack/react-query";
import { FileUp, Users } from "lucide-react";
import { useMemo, useState } from "react";
import type { Contact } from "../../../../client/switchboard.ts";
import { MOST_RECIPIENTS } from "../../../../supabase/functions/_shared/campaigns/limits.ts";
import { useTags } from "../../contacts/use-contacts.ts";
import { countries } from "../../phone/phone-entry.ts";
import { useBackend } from "../../platform/backend.tsx";
import { FailureAlert } from "../../platform/failure-alert.tsx";
import { recipientsText } from "../status.ts";
import type { Source } from "./draft.ts";
import { readFile, readText } from "./read-table.ts";
import { MOST_BYTES } from "../../platform/read-table.ts";
import type { TableRow } from "../../platform/table.ts";
import { checkSize, dataRowsOf } from "./table.ts";
import type { StepProps } from "./step-props.ts";

type Way = Source["kind"];

/** Chooses who gets the message, and says what the columns of the list are. */
export function RecipientsStep(props: StepProps) {
  return props.draft.source === null ? <ChooseList {...props} /> : <MapColumns {...props} />;
}

function ChooseList({ drafting: { setList } }: StepProps) {
  const [way, setWay] = useState<Way>("file");
  return (
    <Stack gap="md">
      <SegmentedControl<Way>
        aria-label="Where the recipients come from"
        className="segments-wrap"
        value={way}
        onChange={setWay}
        data={[
          { value: "file", label: "Upload a file" },
          { value: "pasted", label: "Paste a table" },
          { value: "contacts", label: "From contacts" },
        ]}
      />
      {way === "file" && <FromFile onList={setList} />}
      {way === "pasted" && <FromText onList={setList} />}
      {way === "contacts" && <FromContacts onList={setList} />}
    </Stack>
  );
}

type OnList = StepProps["drafting"]["setList"];

function FromFile({ onList }: { onList: OnList }) {
  const reading = useMutation({
    mutationFn: readFile,
    onSuccess: (table, file) => onList({ kind: "file", name: file.name }, table),
  });
  return (
    <Stack gap="sm">
      <Dropzone
        multiple={false}
        loading={reading.isPending}
        onDrop={([file]) => file !== undefined && reading.mutate(file)}
        aria-label="Choose a CSV file"
        inputProps={{ "aria-label": "CSV file" }}
        radius="lg"
        py="xl"
      >
        <Stack align="center" gap={4} style={{ pointerEvents: "none" }}>
          <FileUp size={36} aria-hidden />
          <Text fw={600} ta="center">Drop a CSV file here, or click to choose one</Text>
          <Text size="sm" c="dimmed" ta="center">
            One recipient a line, at most {MOST_RECIPIENTS.toLocaleString()} and {MOST_BYTES / 1024 / 1024}{" "}
            MB. Commas, semicolons and tabs are understood.
          </Text>
        </Stack>
      </Dropzone>
      {reading.error !== null && <FailureAlert error={reading.error} />}
    </Stack>
  );
}

const PLACEHOLDER = "Phone, First Name\n+14155550142, Ada";

function FromText({ onList }: { onList: OnList }) {
  const [text, setText] = useState("");
  const reading = useMutation({
    mutationFn: readText,
    onSuccess: (table) => onList({ kind: "pasted" }, table),
  });
  return (
    <Stack gap="sm">
      <Textarea
        label="Table"
        description="Numbers alone, or columns copied from a spreadsheet. A first line may name them."
        placeholder={PLACEHOLDER}
        autosize
        minRows={8}
        maxRows={16}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {reading.error !== null && <FailureAlert error={reading.error} />}
      <Group justify="end">
        <Button loading={reading.isPending} disabled={text.trim() === ""} onClick={() => reading.mutate(text)}>
          Use this table
        </Button>
      </Group>
    </Stack>
  );
}

/** What the columns of contacts are called as placeholders. */
const CONTACT_COLUMNS = ["Phone", "Name", "First Name", "Tags"];

function FromContacts({ onList }: { onList: OnList }) {
  const { switchboard } = useBackend();
  const { data: tags = [] } = useTags();
  const [tag, setTag] = useState<string | null>(null);
  const reading = useMutation({
    mutationFn: async (): Promise<TableRow[]> => {
      const table: TableRow[] = [{ line: 0, cells: CONTACT_COLUMNS }];
      const query = { ...(tag !== null && { tag }), limit: 200 };
      for await (const contact of switchboard.everyContact(query)) {
        table.push({ line: table.length, cells: cellsOf(contact) });
        if (table.length > MOST_RECIPIENTS + 1) break;
      }
      checkSize(table, true);
      return table;
    },
    onSuccess: (table) => onList({ kind: "contacts", tag }, table),
  });
  return (
    <Stack gap="sm">
      <Select
        label="Which contacts"
        description="Those who opted out are left out by themselves."
        placeholder="All contacts"
        clearable
        searchable
        limit={100}
        clearButtonProps={{ "aria-label": "All contacts" }}
        maw={420}
        data={tags}
        value={tag}
        onChange={setTag}
      />
      {reading.error !== null && <FailureAlert error={reading.error} />}
      <Group>
        <Button leftSection={<Users size={16} />} loading={reading.isPending} onClick={() => reading.mutate()}>
          {tag === null ? "Use all contacts" : "Use these contacts"}
        </Button>
      </Group>
    </Stack>
  );
}

function cellsOf({ phoneNumber, name, tags }: Contact): string[] {
  return [phoneNumber, name ?? "", name?.split(/\s+/)[0] ?? "", tags.join(", ")];
}

const SHOWN_ROWS = 5;

function MapColumns({ drafting, draft, columns, recipients, country }: StepProps) {
  const rows = dataRowsOf(drafting.table, draft.hasHeading);
  const all = useMemo(countries, []);
  const isOfContacts = draft.source?.kind === "contacts";
  const hasNational = recipients.some(({ to }) => to !== "" && !to.trim().startsWith("+"));
  return (
    <Stack gap="md">
      <Paper withBorder radius="lg" p="md">
        <Group justify="space-between" gap="sm">
          <div style={{ minWidth: 0 }}>
            <Text fw={600} truncate>{sourceText(draft.source!)}</Text>
            <Text size="sm" c="dimmed">{recipientsText(rows.length)}</Text>
          </div>
          <Button variant="default" onClick={() => drafting.change({ source: null })}>Choose other recipients</Button>
        </Group>
      </Paper>
      {!isOfContacts && (
        <>
          <Checkbox
            label="The first line names the columns"
            checked={draft.hasHeading}
            onChange={(event) => drafting.change({ hasHeading: event.currentTarget.checked })}
          />
          <Group gap="md" align="start" grow preventGrowOverflow={false}>
            <Select
              label="Column with the phone numbers"
              placeholder="Choose a column"
              allowDeselect={false}
              miw={220}
              data={columns.map((label, index) => ({ value: String(index), label }))}
              value={draft.numberColumn === null ? null : String(draft.numberColumn)}
              onChange={(value) => drafting.change({ numberColumn: value === null ? null : Number(value) })}
            />
            <Select
              label="Country of numbers without +"
              description={hasNational ? undefined : "All numbers begin with +: it is not needed"}
              inputWrapperOrder={["label", "input", "description", "error"]}
              searchable
              allowDeselect={false}
              miw={220}
              nothingFoundMessage="No matching country"
              data={all.map(({ code, name, callingCode }) => ({ value: code, label: `${name} +${callingCode}` }))}
              value={country ?? null}
              onChange={(value) => drafting.change({ country: value })}
            />
          </Group>
        </>
      )}
      <div className="campaign-table" role="region" aria-label="The first rows of the list" tabIndex={0}>
        <Table captionSide="bottom" withRowBorders={false} striped>
          <Table.Thead>
            <Table.Tr>
              {!isOfContacts && <Table.Th scope="col" c="dimmed">Line</Table.Th>}
              {columns.map((column, index) => (
                <Table.Th key={column} scope="col" data-chosen={index === draft.numberColumn || undefined}>
                  {column}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.slice(0, SHOWN_ROWS).map(({ line, cells }) => (
              <Table.Tr key={line}>
                {!isOfContacts && <Table.Td c="dimmed" className="digits">{line}</Table.Td>}
                {columns.map((column, index) => (
                  <Table.Td
                    key={column}
                    className="digits"
                    data-chosen={index === draft.numberColumn || undefined}
                    title={cells[index]}
                  >
                    {cells[index] ?? ""}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {rows.length > SHOWN_ROWS && (
        <Text size="sm" c="dimmed">and {(rows.length - SHOWN_ROWS).toLocaleString()} more</Text>
      )}
    </Stack>
  );
}

function sourceText(source: Source): string {
  switch (source.kind) {
    case "file":
      return source.name;
    case "pasted":
      return "Pasted table";
    case "contacts":
      return source.tag === null ? "All contacts" : `Contacts with the tag “${source.tag}”`;
  }
}
